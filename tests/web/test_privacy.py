"""A person's request over the API: who may, what they see of it, and that nothing is found afterwards."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from bench import CANARY, Bench
from sqlalchemy import select

from hefu.core.env import Env
from hefu.store import backup
from hefu.store.db import Store
from hefu.store.sealed_file import Key
from hefu.store.tables import metadata


@pytest.mark.parametrize("role", ["clerk", "business_manager", "operator", "auditor", "system_admin", "audit_admin"])
def test_who_may_not_is_refused(b: Bench, role: str) -> None:
    asks = b.account(f"p-{role}", role)
    one = b.golden("C003")
    for path in ("exports", "erasures"):
        assert asks.ask("POST", f"/privacy/{path}", {"records": [one]}).status == 403, path
    assert asks.ask("POST", "/privacy/erasures/x/lift", {"reason": "x"}).status == 403
    assert asks.ask("POST", "/privacy/erasure-plans/x/apply", {}).status == 403
    assert asks.ask("POST", "/privacy/retention", {}).status == 403


def test_what_is_handed_out_is_what_the_asker_may_see(b: Bench) -> None:
    one = b.golden("C003")
    whole = b.root.post("/privacy/exports", {"records": [one]})
    assert CANARY in json.dumps(whole)
    assert whole["subject"][0]["masked"] == []
    steward = b.account("p-steward", "steward").post("/privacy/exports", {"records": [one]})
    assert CANARY in json.dumps(steward), "a steward sees contacts"
    other = b.root.ask("POST", "/privacy/exports", {"records": ["nobody"]})
    assert (other.status, other.code) == (404, "web.unknown")
    rows = b.root.get("/audit", action="privacy.exported")["items"]
    assert {row["actor"] for row in rows} == {"root", "p-steward"}


def test_drafted_by_security_signed_by_business_and_then_found_nowhere(b: Bench, tmp_path: Path) -> None:
    one = b.golden("C003")
    security = b.account("p-sec", "security_admin")
    signs = b.account("p-boss", "business_manager")
    b.root.post("/privacy/exports", {"records": [one]}, **{"Idempotency-Key": "kept-answer"})
    made = security.job("/privacy/erasures", {"records": [one], "reason": "asked"})
    assert made["state"] == "done", made
    plan_id = made["result"]["plan"]
    assert CANARY not in json.dumps(made)
    assert security.ask("POST", f"/plans/{plan_id}/apply", {}).status == 403, "plans are not theirs in general"
    assert security.ask("POST", f"/privacy/erasure-plans/{plan_id}/apply", {}).code == "plan.not_approved"
    plan = signs.get(f"/plans/{plan_id}")
    assert plan["kind"] == "erase"
    signs.post(f"/plans/{plan_id}/approve", {"digest": plan["digest"]})
    done = security.job(f"/privacy/erasure-plans/{plan_id}/apply", {})
    assert done["result"]["state"] == "applied", done
    (proof,) = security.get("/privacy/erasures")["items"]
    assert (proof["complete"], proof["whole"], proof["by"], proof["approver"]) == (True, True, "p-sec", "p-boss")
    assert security.get(f"/privacy/erasures/{proof['id']}") == proof
    for system in (b.crm, b.erp):
        assert CANARY not in str(system.all("customer"))
    with b.app.store.look() as tx:
        for table in metadata.sorted_tables:
            rows = repr([tuple(row) for row in tx.run(select(table)).all()])
            assert CANARY not in rows, table.name
    key = Key(master=b.app.master_keys())
    backup.create(b.app.store, tmp_path / "hub.backup", key, lambda *_: None)
    restored = Store(f"sqlite:///{tmp_path}/restored.sqlite", Env())
    backup.restore(tmp_path / "hub.backup", key, restored, replace=False, told=lambda *_: None)
    restored.close()
    assert CANARY.encode() not in (tmp_path / "restored.sqlite").read_bytes()
    listed = b.root.post("/privacy/exports", {"records": [one]})
    assert CANARY not in json.dumps(listed)
    assert listed["erasures"][0]["erasure"] == proof["id"]


def test_only_erasures_are_applied_there(b: Bench) -> None:
    b.crm.edit("customer", "crm-5", {"name": "Customer Five"}, organisation="10")
    made = b.root.job("/plans", {"reason": "x"})
    plan = b.root.get(f"/plans/{made['result']['plan']}")
    answer = b.root.ask("POST", f"/privacy/erasure-plans/{plan['id']}/apply", {})
    assert (answer.status, answer.code) == (404, "plan.unknown")
    b.root.post(f"/plans/{plan['id']}/reject", {"reason": "x"})


def test_purposes_and_retention(b: Bench) -> None:
    (one,) = b.root.get("/privacy/purposes")["items"]
    assert one == {
        "flow": "customers", "title": {}, "purpose": "", "entity": "customer", "systems": ["crm", "erp"],
        "fields": {"contact": ["phone"], "financial": ["terms"]},
    }  # fmt: skip
    assert b.root.ask("POST", "/privacy/retention", {}).code == "privacy.no_rule"
    assert b.root.ask("POST", "/privacy/erasures/none/lift", {"reason": "x"}).code == "privacy.no_erasure"
