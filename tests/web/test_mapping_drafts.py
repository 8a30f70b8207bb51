"""Mappings are drafted, tried on real records, and published by a signed plan; what is masked stays so in each step."""

from __future__ import annotations

import json
from typing import Any

import pytest
from bench import CANARY, Api, Bench

from hefu.core.rights import Scope

HERE = "/mappings/crm_customer"


@pytest.fixture(scope="module")
def clerk(b: Bench) -> Api:
    """Sees phones masked, terms not at all, and organisation 10 only."""
    return b.account("clerk", "clerk", Scope(organisations=frozenset({"10"})))


def bench_of(api: Api) -> tuple[dict[str, Any], str]:
    answer = api.ask("GET", f"{HERE}/workbench")
    assert answer.status == 200, answer.body
    return answer.json, answer.headers["etag"]


def with_name(document: dict[str, Any], **changes: Any) -> dict[str, Any]:
    fields = [{**one, **changes} if one["field"] == "name" else one for one in document["fields"]]
    return {**document, "fields": fields}


def saved(api: Api, document: dict[str, Any], **more: Any) -> Any:
    now, etag = bench_of(api)
    answer = api.ask("PUT", f"{HERE}/draft", {"document": document, "base": now["version"], **more}, {"If-Match": etag})
    assert answer.status == 200, answer.body
    return answer.json


def test_a_draft_has_no_effect_until_its_plan_is_applied_and_then_exactly_that(b: Bench) -> None:
    now, _ = bench_of(b.root)
    assert (now["draft"], now["findings"], now["changes"]) == (None, [], [])
    upper = with_name(now["document"], direction="in", transform=[{"use": "case", "to": "upper"}])
    there = saved(b.root, upper, rules={"name": {"owner": "crm"}}, note="names in capitals")
    assert there["draft"]["author"] == "root"
    assert {one["name"] for one in there["changes"]} == {"crm_customer", "customer"}
    assert next(f for f in there["entity"]["fields"] if f["name"] == "name")["owner"] == "crm"
    b.round()
    assert b.erp.get("customer", "erp-4", "10")["name"] == "Customer 4"
    assert b.root.get("/mappings")["items"][0]["drafted_by"] == "root"

    job = b.root.job(f"{HERE}/draft/plan", {"reason": "asked for by finance"})
    assert job["result"]["counts"] == {"erp_customer": {"update": 12}}
    made = b.root.get(f"/plans/{job['result']['plan']}")
    assert (made["kind"], made["counts"]["publishes"]["mapping"]) == ("mapping_change", "crm_customer")
    assert b.root.get(f"/mapping-drafts/{made['counts']['publishes']['draft']}")["changes"] == there["changes"]
    assert b.root.ask("POST", f"/plans/{made['id']}/apply").code == "plan.not_approved"
    assert b.root.get("/versions")["items"][0]["version"] == 1
    b.root.post(f"/plans/{made['id']}/approve", {"digest": made["digest"]})
    done = b.root.job(f"/plans/{made['id']}/apply")
    assert done["result"]["tally"] == {"written": 12}
    assert b.erp.get("customer", "erp-4", "10")["name"] == "CUSTOMER 4"
    after, _ = bench_of(b.root)
    assert (after["version"], after["draft"]) == (2, None)
    assert b.root.get(f"{HERE}/drafts")["items"][0]["state"] == "published"
    b.round()
    assert b.erp.get("customer", "erp-4", "10")["name"] == "CUSTOMER 4"


def test_what_was_published_since_is_not_published_over(b: Bench) -> None:
    now, etag = bench_of(b.root)
    saved(b.root, with_name(now["document"], direction="both", transform=[]))
    late = {"document": now["document"], "base": now["version"]}
    assert b.root.ask("PUT", f"{HERE}/draft", late, {"If-Match": etag}).code == "web.changed"
    assert b.root.ask("PUT", f"{HERE}/draft", late).code == "web.tag_needed"
    plan = b.root.job(f"{HERE}/draft/plan")["result"]["plan"]
    flow = b.root.ask("GET", "/documents/flow/customers")
    b.root.ask(
        "PUT", "/documents/flow/customers", {"document": {**flow.json["document"], "schedule": "2h"}},
        {"If-Match": flow.headers["etag"]},
    )  # fmt: skip
    made = b.root.get(f"/plans/{plan}")
    b.root.post(f"/plans/{plan}/approve", {"digest": made["digest"]})
    failed = b.root.job(f"/plans/{plan}/apply")
    assert (failed["state"], failed["error"]["code"]) == ("failed", "plan.version")
    assert bench_of(b.root)[0]["draft"]["state"] == "open"
    b.root.ask("DELETE", f"{HERE}/draft")
    assert bench_of(b.root)[0]["draft"] is None


def test_a_draft_that_is_wrong_is_kept_and_its_place_named(b: Bench) -> None:
    now, _ = bench_of(b.root)
    there = saved(b.root, with_name(now["document"], expr_in="upper(nme)", direction="in", transform=[]))
    assert there["draft"] is not None
    job = b.root.job(f"{HERE}/draft/plan")
    assert job["error"]["code"] == "draft.wrong"
    assert "mappings/crm_customer.yaml" in job["error"]["title"]
    assert "nme" in job["error"]["title"]
    shape = b.root.ask(
        "PUT", f"{HERE}/draft", {"document": {"fields": 1}, "base": 1}, {"If-Match": bench_of(b.root)[1]}
    )
    assert shape.code == "web.invalid"
    b.root.ask("DELETE", f"{HERE}/draft")
    assert b.root.ask("POST", f"{HERE}/draft/plan", {}).code == "draft.unknown"


@pytest.mark.parametrize(
    "field",
    [
        {"from": "phone"},
        {"expr_in": "phone"},
        {"expr_in": "record[lower('PHONE')]"},
        {"from": "code", "transform": [{"use": "concat", "with": ["phone"], "separator": "/"}]},
    ],
)
def test_no_draft_shows_a_value_under_another_name(b: Bench, clerk: Api, field: dict[str, Any]) -> None:
    draft = {"connection": "crm", "object": "customer", "entity": "customer",
             "fields": [{"field": "code", "from": "code"}, {"field": "name", "direction": "in", **field}]}  # fmt: skip
    asked = {"document": draft, "records": 100}
    assert CANARY in json.dumps(b.root.post(f"{HERE}/preview", asked))
    found = clerk.post(f"{HERE}/preview", asked)
    assert [one for one in found["flaws"] if one["severity"] == "error"] == []
    assert CANARY not in json.dumps(found)
    assert found["items"][3]["golden"]["code"] == "C003"
    assert found["items"][3]["golden"]["name"] == "***"
    broken = {**draft, "fields": [{**one, "transform": ["phone", "uscc"]} for one in draft["fields"]]}
    assert CANARY not in json.dumps(clerk.post(f"{HERE}/preview", {"document": broken, "records": 100}))


def test_a_preview_reaches_as_far_as_the_right(b: Bench, clerk: Api) -> None:
    every = {row["source"]["code"] for row in b.root.post(f"{HERE}/preview", {"records": 100})["items"]}
    reached = {row["source"]["code"] for row in clerk.post(f"{HERE}/preview", {"records": 100})["items"]}
    assert reached < every
    assert "C009" not in reached


def test_an_error_stands_at_its_cell_and_what_would_be_written_beside_it(b: Bench) -> None:
    b.crm.edit("customer", "crm-1", {"terms": "someday"}, organisation="10")
    now, _ = bench_of(b.root)
    fields = [
        {"field": "terms", "from": "terms", "values": {"30 days": "30"}} if f["field"] == "terms" else f
        for f in now["document"]["fields"]
    ]
    found = b.root.post(
        f"{HERE}/preview", {"document": {**now["document"], "fields": fields}, "records": 2, "fresh": True}
    )
    good, bad = found["items"]
    assert (good["golden"]["terms"], good["written"]["terms"]) == ("30", "30 days")
    assert bad["errors"]["terms"]["code"] == "value.code"
    assert "someday" in bad["errors"]["terms"]["title"]
    assert bad["golden"]["code"] == "C001"


def test_codes_that_no_value_map_knows_are_counted_both_ways(b: Bench, clerk: Api) -> None:
    now, _ = bench_of(b.root)
    fields = [{"field": "department", "from": "department", "values": {"north": "N", "n": "N"}}]
    asked = {"field": "department", "document": {**now["document"], "fields": fields}}
    found = b.root.post(f"{HERE}/codes", asked)
    assert {one["code"]: one["ours"] for one in found["theirs"]} == {"north": "N", "south": None}
    assert found["refused"] == sum(one["count"] for one in found["theirs"] if one["code"] == "south")
    assert found["unwritable"] == found["records"], "objects hold north and south, not N"
    hidden = clerk.post(f"{HERE}/codes", {"field": "terms", "document": {**now["document"], "fields": [
        {"field": "terms", "from": "terms", "values": {"x": "y"}}]}})  # fmt: skip
    assert (hidden["masked"], hidden["theirs"], hidden["refused"] > 0) == (True, [], True)


def test_an_expression_is_judged_by_the_engines_own_compiler(b: Bench) -> None:
    asked = {"connection": "crm", "object": "customer", "entity": "customer", "way": "in", "field": "name"}
    assert b.root.post("/expression-checks", {**asked, "expression": "upper(name)"})["fault"] is None
    wrong = b.root.post("/expression-checks", {**asked, "expression": "upper(nme)"})["fault"]
    assert (wrong["line"], wrong["column"], wrong["word"], wrong["nearest"]) == (1, 7, "nme", "name")
    truth = b.root.post("/expression-checks", {**asked, "expression": "name == 'x'"})["fault"]
    assert truth["code"] == "mapping.expr_type"
    held = b.root.post("/expression-checks", {**asked, "way": "filter", "expression": "name == 'x'"})
    assert held["fault"] is None


def test_a_profile_tells_what_fields_contain_and_masks_what_is_masked(b: Bench, clerk: Api) -> None:
    found = b.root.post("/connections/crm/objects/customer/profile", {"records": 100})
    fields = {one["field"]: one for one in found["fields"]}
    assert fields["code"]["filled"] == fields["code"]["distinct"] == found["records"]
    assert {one["value"] for one in fields["department"]["top"]} == {"north", "south"}
    assert "13800000000" in json.dumps(found)
    assert clerk.ask("POST", "/connections/crm/objects/customer/profile", {}).code == "right.missing"
    auditor = b.account("auditor-x", "auditor")
    masked = auditor.post("/connections/crm/objects/customer/profile", {"records": 100})
    assert "1380000" not in json.dumps(masked)
    assert next(one for one in masked["fields"] if one["field"] == "phone")["masked"]


def test_the_materials_of_mappings_are_told(b: Bench) -> None:
    steps = {one["name"]: one for one in b.root.get("/mapping-catalogue")["transforms"]}
    to = steps["case"]["parameters"][0]
    assert (to["kind"], to["choices"], to["required"]) == ("choice", ["upper", "lower", "title"], True)
    assert {one["kind"] for step in steps.values() for one in step["parameters"]} >= {
        "text",
        "number",
        "texts",
        "truth",
    }
    assert b.root.get("/entities")["items"][0]["entity"] == "customer"
    lines = next(f for f in b.root.get("/entities/sales_order")["fields"] if f["type"] == "lines")
    assert lines["lines"]
    assert b.root.ask("GET", "/entities/nothing").code == "web.unknown"


def test_examples_are_run_as_they_are_edited(b: Bench) -> None:
    now, _ = bench_of(b.root)
    wrong = {**now["document"], "examples": [{"title": "x", "record": {"code": "X1"}, "golden": {"code": "X2"}}]}
    found = b.root.post(f"{HERE}/test", {"document": wrong})
    assert found["failed"] == 1
    assert found["items"][0]["differences"][0] == {"way": "in", "field": "code", "expected": "X2", "got": "X1"}
