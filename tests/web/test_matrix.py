"""Every role at every readable endpoint: refused where its right is missing, and no value that it may not see.

The endpoints come from the description of the API, rights and views from the roles: whatever is added is asked, too.
"""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from bench import Bench, bench

from hefu.core.presets import PRESETS
from hefu.core.rights import granted

CANARIES = {"contact": ("13955550001", "13955550002"), "financial": ("canary terms 60", "canary terms 90")}
"""Class of personal data -> what the CRM and the ERP hold of it."""

STREAMS = {"/api/v1/events"}
"""Never end; what they tell are counts and names (see the test of events)."""

ROLES = [*PRESETS, "clerk"]


@pytest.fixture(scope="module")
def torn(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A record torn in two fields, with a run, cases, a plan, a reconciliation, a batch and jobs about it."""
    folder: Path = tmp_path_factory.mktemp("matrix")
    with bench(folder) as b:
        for at, (system, record) in enumerate(((b.crm, "crm-3"), (b.erp, "erp-3"))):
            values = {"phone": CANARIES["contact"][at], "terms": CANARIES["financial"][at]}
            system.edit("customer", record, values, organisation="10")
        b.round()
        b.crm.edit("customer", "crm-4", {"phone": CANARIES["contact"][0], "terms": CANARIES["financial"][0]},
                   organisation="10")  # fmt: skip
        yield b


@pytest.fixture(scope="module")
def known(torn: Bench) -> dict[str, str]:
    """Parameter of a path -> a value that there is."""
    plan = torn.root.job("/plans", {"reason": "look"})["result"]["plan"]
    proof = torn.root.job("/reconciliations", {})["result"]["reconciliation"]
    batch = torn.root.job("/migrations", {"source": "crm_customer", "target": "erp_customer"})["result"]["batch"]
    return {
        "plan_id": plan, "proof_id": proof, "batch_id": batch, "record_id": torn.golden("C003"),
        "run_id": torn.root.get("/runs")["items"][0]["id"], "issue_id": torn.root.get("/issues")["items"][0]["id"],
        "job_id": torn.root.get("/jobs")["items"][0]["id"], "connection": "crm", "obj": "customer", "flow": "customers",
        "mapping": "crm_customer", "entity": "customer", "version": "1", "kind": "mapping", "name": "crm_customer",
        "connector": "memory", "login": "root",
    }  # fmt: skip


def endpoints(torn: Bench, known: dict[str, str]) -> list[tuple[str, str]]:
    """(path with its parameters filled in, right) of whatever can be read."""
    out = []
    for path, ways in torn.root.get("/openapi.json")["paths"].items():
        if "get" not in ways or path in STREAMS:
            continue
        for name, value in known.items():
            path = path.replace(f"{{{name}}}", value)
        out.append((path.split("{")[0] + ("none" if "{" in path else ""), ways["get"]["x-right"]))
    return [(path.removeprefix("/api/v1"), right) for path, right in out]


def texts(body: bytes) -> str:
    """An answer as text, a workbook with all its parts."""
    if body[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(body)) as book:
            return "".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())
    return body.decode("utf-8", "replace")


@pytest.mark.parametrize("role", ROLES)
def test_no_role_gets_what_it_may_not(torn: Bench, known: dict[str, str], role: str) -> None:
    project = torn.app.project()
    held = granted(role, project.roles)
    assert held is not None
    sees = {pii for pii in CANARIES if held.view.of(f"customer.{_field(pii)}", "customer", pii) == "seen"}
    asks = torn.account(f"m-{role}", role)
    leaks, wrong = [], []
    for path, right in endpoints(torn, known):
        answer = asks.ask("GET", path)
        if answer.status >= 500 and path != "/readiness":
            wrong.append((path, answer.status))
        if right not in ("public", "signed in") and (answer.status == 403) != (right not in held.rights):
            problem = json.loads(answer.body) if answer.status == 403 else {}
            if right not in held.rights or not str(problem.get("code", "")).startswith("right."):
                wrong.append((path, answer.status, right))
        leaks += [(path, value) for value in hidden(sees) if value in texts(answer.body)]
    for pii in CANARIES.keys() - sees:  # neither by asking for it, nor by what the refusal says
        for value in CANARIES[pii]:
            found = asks.ask("GET", "/records", q=value)
            if found.status == 200 and found.json["items"]:
                leaks.append(("/records?q", value))
    for path, body in (("/mappings/crm_customer/preview", {}), (f"/records/{known['record_id']}/unmask", None)):
        answer = asks.ask("POST", path, body)
        may = "record.unmask" in held.rights and path.endswith("unmask")
        leaks += [(path, value) for value in hidden(sees) if value in texts(answer.body) and not may]
    assert (leaks, wrong) == ([], [])


def _field(pii: str) -> str:
    return {"contact": "phone", "financial": "terms"}[pii]


def hidden(sees: set[str]) -> list[str]:
    return [value for pii, values in CANARIES.items() if pii not in sees for value in values]


def test_the_canaries_are_there_to_be_seen(torn: Bench, known: dict[str, str]) -> None:
    """Who may see everything gets them from many places: the search of the matrix finds what there is."""
    found = {path for path, _ in endpoints(torn, known)
             if any(v in texts(torn.root.ask("GET", path).body) for vs in CANARIES.values() for v in vs)}  # fmt: skip
    assert len(endpoints(torn, known)) >= 60
    assert len(found) >= 6, found
