"""The committed description is what the code says, and no request that it allows (or nearly) breaks the hub."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from bench import Bench
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from hefu.web.describe import described

FILE = Path(__file__).parents[2] / "docs/reference/openapi.json"
DOCUMENT: dict[str, Any] = json.loads(FILE.read_text(encoding="utf-8"))


def test_the_committed_description_is_current():
    assert FILE.read_text(encoding="utf-8") == described(), "run 'make docs' and commit what it writes"


def test_every_operation_is_named_explained_and_answered():
    names = []
    for path, ways in DOCUMENT["paths"].items():
        for method, said in ways.items():
            assert said["description"], f"{method} {path}"
            assert said["tags"]
            assert "default" in said["responses"], "every operation can answer with a problem"
            names.append(said["operationId"])
    assert len(names) == len(set(names))
    assert DOCUMENT["openapi"].startswith("3.1")


@pytest.mark.parametrize("name", ["Problem", "Job", "Flow", "RunHead"])
def test_examples_stand_beside_the_types(name: str) -> None:
    assert "example" in json.dumps(DOCUMENT["components"]["schemas"][name])


# ------------------------------------------------------------------ hostile requests

WEIRD = ["", " ", "0", "-1", "null", "true", "%", "a/b", "..", "é", "客户", "'", '"', "\\", "{", "x" * 300, "💥",
         "1e309", "9" * 30, "2026-13-45", "\u202e", "=1+1", "<b>", "${env:HOME}"]  # fmt: skip


def resolved(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in schema:
        schema = DOCUMENT["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    return schema


def values(schema: Mapping[str, Any], depth: int = 0) -> st.SearchStrategy[Any]:
    """Mostly what the schema allows, now and then something else."""
    schema = resolved(schema)
    odd = st.sampled_from([None, True, -1, 1e300, "", [], {}, "x" * 2000, [None], {"a": {"b": []}}, *WEIRD])
    return st.one_of(*[fitting(schema, depth)] * 5, odd)


def fitting(schema: Mapping[str, Any], depth: int) -> st.SearchStrategy[Any]:
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    if "const" in schema:
        return st.just(schema["const"])
    if "anyOf" in schema:
        return st.one_of(*(values(one, depth) for one in schema["anyOf"]))
    kind = schema.get("type")
    if kind == "string":
        return st.one_of(st.sampled_from(WEIRD), st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
    if kind == "integer":
        return st.integers(schema.get("minimum", -5), schema.get("maximum", 1000))
    if kind == "number":
        return st.floats(allow_nan=False, allow_infinity=False)
    if kind == "boolean":
        return st.booleans()
    if kind == "null":
        return st.none()
    if kind == "array" and depth < 4:
        return st.lists(values(schema.get("items", {}), depth + 1), max_size=3)
    if kind == "object" and depth < 4:
        known = schema.get("properties", {})
        needed = {name: values(one, depth + 1) for name, one in known.items() if name in schema.get("required", ())}
        rest = {name: values(one, depth + 1) for name, one in known.items() if name not in needed}
        if not known:
            return st.dictionaries(st.sampled_from(WEIRD[:12]), values({}, depth + 1), max_size=2)
        return st.fixed_dictionaries(needed, optional=rest)
    return st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.sampled_from(WEIRD))


SLOW = ("/events",)
"""Streams do not end by themselves."""

CALLS = [(method.upper(), path, said) for path, ways in DOCUMENT["paths"].items() for method, said in ways.items()
         if not path.endswith(SLOW)]  # fmt: skip
KNOWN = {"kind": ["mapping", "flow", "connection"], "name": ["customers", "crm_customer"], "mapping": ["crm_customer"],
         "connection": ["crm", "erp"], "flow": ["customers"], "obj": ["customer"], "connector": ["memory", "rest"],
         "version": ["1"], "scope": ["flow:customers", "mapping:crm_customer"]}  # fmt: skip


@st.composite
def requests(draw: st.DrawFn) -> tuple[str, str, Any, dict[str, str]]:
    method, path, said = draw(st.sampled_from(CALLS))
    query: list[tuple[str, str]] = []
    for one in said.get("parameters", ()):
        if one["in"] == "path":
            usual = st.sampled_from(KNOWN.get(one["name"], ["none"]))
            value = draw(st.one_of(usual, usual, values(one["schema"])))
            path = path.replace("{" + one["name"] + "}", quote(str(value), safe="") or "-")
        elif one["in"] == "query" and draw(st.booleans()):
            query.append((one["name"], str(draw(values(one["schema"])))))
    body = None
    if "requestBody" in said:
        body = draw(values(said["requestBody"]["content"]["application/json"]["schema"]))
    asked = "&".join(f"{quote(n)}={quote(v, safe='')}" for n, v in query)
    headers = {"If-Match": "*"} if method in ("PUT", "DELETE") and draw(st.booleans()) else {}
    return method, path.removeprefix("/api/v1") + (f"?{asked}" if asked else ""), body, headers


def test_no_request_breaks_the_hub(b: Bench) -> None:
    """What schemathesis does, in the seconds that a suite has: whatever is sent, the answer is one of ours."""
    everything = Bench.account(b, "fuzzer", "admin")
    tried: set[tuple[str, str]] = set()

    @settings(max_examples=120, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(requests())
    def ask(request: tuple[str, str, Any, dict[str, str]]) -> None:
        method, path, body, headers = request
        answer = everything.ask(method, path, body if body is not None or method == "GET" else {}, headers)
        assert answer.status < 500 or answer.json.get("code", "").startswith(("memory.", "net.", "rest.")), (
            request, answer.body[:800],
        )  # fmt: skip
        if answer.status >= 400:
            assert answer.headers["content-type"] in ("application/problem+json", "application/json"), request
        tried.add((method, path.partition("?")[0]))

    ask()
    assert len(tried) > 50
    assert b.root.get("/readiness")["ready"]
