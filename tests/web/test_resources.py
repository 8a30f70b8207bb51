"""Each resource does what the console needs of it, against a hub with two real books."""

from __future__ import annotations

import http.client
import io
from urllib.parse import urlsplit

import pytest
from bench import CANARY, TEXTS, Bench
from python_calamine import CalamineWorkbook

from hefu.core.rights import Scope


@pytest.fixture(scope="module")
def torn(b: Bench) -> Bench:
    """Two conflicts over phones, and a customer that is gone in the CRM."""
    for number in (3, 4):
        b.crm.edit("customer", f"crm-{number}", {"phone": f"1390000000{number}"}, organisation="10")
        b.erp.edit("customer", f"erp-{number}", {"phone": f"1370000000{number}"}, organisation="10")
    b.crm.delete("customer", "crm-2", organisation="10")
    b.round()
    return b


# ---------------------------------------------------------------------- issues


def test_a_conflict_is_shown_with_all_sides_and_settled(torn: Bench) -> None:
    groups = torn.root.get("/issue-groups")
    assert {(g["kind"], g["count"]) for g in groups["items"]} == {("conflict", 2), ("deleted", 1)}
    found = torn.root.get("/issues", kind="conflict")["items"]
    one = next(i for i in found if i["record"] == "Customer 4")
    assert (one["field"], one["choices"]) == ("phone", ["ours", "theirs", "value"])
    assert {one["facts"]["ours"], one["facts"]["theirs"]} == {"13900000004", "13700000004"}
    settled = torn.root.post(f"/issues/{one['id']}/settle", {"take": "value", "value": "13811112222"})
    assert (settled["state"], settled["closed_by"], settled["choices"]) == ("closed", "root", [])
    torn.round()
    for system, record in ((torn.crm, "crm-4"), (torn.erp, "erp-4")):
        assert system.shelf("customer").find("10", record).values["phone"] == "13811112222"
    again = torn.root.ask("POST", f"/issues/{one['id']}/settle", {"take": "ours"})
    assert (again.status, again.code) == (409, "desk.closed")


def test_what_is_not_a_choice_is_refused(torn: Bench) -> None:
    one = torn.root.get("/issues", kind="deleted")["items"][0]
    answer = torn.root.ask("POST", f"/issues/{one['id']}/settle", {"take": "ours"})
    assert (answer.status, answer.code) == (422, "desk.choice")
    assert torn.root.ask("POST", f"/issues/{one['id']}/retry", {}).code == "desk.no_issue"


def test_issues_are_assigned_ignored_until_and_done_in_bulk(torn: Bench) -> None:
    one = torn.root.get("/issues", kind="deleted")["items"][0]["id"]
    assert torn.root.post(f"/issues/{one}/assign", {"assignee": "li"})["assignee"] == "li"
    assert [i["id"] for i in torn.root.get("/issues", assignee="li")["items"]] == [one]
    past = torn.root.ask("POST", f"/issues/{one}/ignore", {"reason": "x", "until": "2020-01-01T00:00:00Z"})
    assert (past.status, past.code) == (422, "web.past")
    kept = torn.root.post(f"/issues/{one}/ignore", {"reason": "season", "until": "2099-01-01T00:00:00Z"})
    assert (kept["state"], kept["decision"], kept["until_at"][:4]) == ("skipped", "season", "2099")
    other = torn.root.get("/issues", kind="conflict")["items"][0]["id"]
    done = torn.root.post(
        "/issue-bulk", {"ids": [one, other, "none"], "action": "assign", "assign": {"assignee": "wu"}}
    )
    assert (done["done"], done["failed"]) == (1, 2)
    assert {i["code"] for i in done["items"] if not i["done"]} == {"desk.closed", "web.unknown"}


# --------------------------------------------------------------------- records


def test_a_record_with_sources_links_and_its_whole_life(torn: Bench) -> None:
    one = torn.golden("C004")
    found = torn.root.get(f"/records/{one}")
    assert found["fields"]["code"] == "C004"
    assert {x["connection"] for x in found["links"]} == {"crm", "erp"}
    assert found["sources"]["name"]["connection"] in ("crm", "erp")
    trace = torn.root.get(f"/records/{one}/trace")
    assert {"change", "write", "issue"} == {e["what"] for e in trace["events"]}
    decided = next(e for e in trace["events"] if e["kind"] == "decided")
    assert decided["author"] == "root"
    assert decided["moved"]["phone"][1] == "13811112222"
    assert torn.root.get("/records", q="customer 4")["items"][0]["id"] == one
    assert torn.root.get("/records", q="erp-4")["items"][0]["id"] == one


def test_the_last_change_is_taken_back_and_two_become_one(torn: Bench) -> None:
    one = torn.golden("C007")
    torn.crm.edit("customer", "crm-7", {"terms": "60 days"}, organisation="20")
    torn.round()
    assert torn.root.get(f"/records/{one}")["fields"]["terms"] == "60 days"
    assert torn.root.post(f"/records/{one}/undo")["restored"] == {"terms": ["60 days", "30 days"]}
    torn.round()
    assert torn.root.get(f"/records/{one}")["fields"]["terms"] == "30 days"
    assert torn.erp.shelf("customer").find("20", "erp-7").values["terms"] == "30 days"
    other = torn.golden("C008")
    assert torn.root.post(f"/records/{one}/merge", {"loser": other})["id"] == one
    assert torn.root.get(f"/records/{other}")["merged_into"] == one
    assert torn.root.post(f"/records/{other}/unmerge")["state"] == "live"
    assert torn.root.ask("POST", f"/records/{one}/merge", {"loser": "none"}).status == 404


# ------------------------------------------------------------- who sees what


def test_who_sees_phones_masked_gets_none_anywhere(torn: Bench) -> None:
    clerk = torn.account("clerk", "clerk")
    one = torn.golden("C003")
    paths = ["/records", f"/records/{one}", f"/records/{one}/trace", "/issues", "/issue-groups", "/runs", "/plans",
             "/cockpit", "/flows", "/pauses", "/jobs", "/mappings", "/value-maps"]  # fmt: skip
    for run in torn.root.get("/runs", kind="cycle")["items"][:3]:
        paths += [f"/runs/{run['id']}/records?what=change", f"/runs/{run['id']}/records"]
    said = b"".join(clerk.ask("GET", path).body for path in paths)
    assert b"***" in said
    for secret in (CANARY, "13900000003", "13700000003", "30 days"):
        assert secret.encode() not in said, secret
        assert clerk.get("/records", q=secret)["items"] == [], "nor by asking for it"
    assert clerk.ask("GET", "/issues", entity="customer", field="phone").code == "right.field"
    assert clerk.ask("POST", f"/records/{one}/unmask").code == "right.missing"
    preview = clerk.post("/mappings/crm_customer/preview", {})
    assert preview["items"][0]["source"]["phone"] == "***"
    assert "terms" not in preview["items"][0]["source"]
    conflict = clerk.get("/issues", kind="conflict")["items"][0]
    answer = clerk.ask("POST", f"/issues/{conflict['id']}/settle", {"take": "value", "value": "1"})
    assert answer.status == 403, "who may not change a field does not type one"


def test_who_belongs_to_one_organisation_sees_its_records_only(torn: Bench) -> None:
    clerk = torn.account("clerk20", "clerk", Scope(organisations=frozenset({"20"})))
    assert clerk.get("/records")["items"] == [], "the role says 10, the grant says 20: nothing lies in both"
    clerk = torn.account("clerk10", "clerk")
    codes = {r["fields"]["code"] for r in clerk.get("/records", limit=200)["items"]}
    assert codes == {f"C{n:03d}" for n in range(6)}
    far = torn.golden("C009")
    assert clerk.ask("GET", f"/records/{far}").status == 404
    assert clerk.ask("GET", f"/records/{far}/trace").status == 404


def test_a_look_behind_the_mask_is_in_the_audit_log(torn: Bench) -> None:
    one = torn.golden("C003")
    assert torn.root.post(f"/records/{one}/unmask")["fields"]["phone"]
    found = torn.root.get("/audit", action="record.unmasked")["items"][0]
    assert (found["actor"], found["object"]) == ("root", one)
    assert torn.root.post("/audit/verify")["whole"]


# ----------------------------------------------------------------------- plans


def test_a_plan_is_made_signed_applied_and_taken_back(torn: Bench) -> None:
    torn.round()  # what earlier decisions owe is delivered, so that the plan holds this one change
    torn.crm.edit("customer", "crm-9", {"name": "Ninth"}, organisation="20")
    job = torn.root.job("/plans", {"flows": ["customers"], "reason": "rename"})
    assert (job["state"], job["result"]["writes"]) == ("done", 1), job
    plan = job["result"]["plan"]
    found = torn.root.get(f"/plans/{plan}")
    assert (found["state"], found["reason"], found["author"]) == ("draft", "rename", "root")
    entry = torn.root.get(f"/plans/{plan}/entries")["items"][0]
    assert entry["fields"] == {"name": ["Customer 9", "Ninth"]}
    assert torn.root.ask("POST", f"/plans/{plan}/apply").code == "plan.not_approved"
    assert torn.root.ask("POST", f"/plans/{plan}/approve", {"digest": "0" * 64}).code == "plan.altered"
    assert torn.root.post(f"/plans/{plan}/approve", {"digest": found["digest"]})["approver"] == "root"
    done = torn.root.job(f"/plans/{plan}/apply")
    assert (done["state"], done["result"]["tally"]) == ("done", {"written": 1}), done
    assert torn.erp.shelf("customer").find("20", "erp-9").values["name"] == "Ninth"
    book = torn.root.ask("GET", f"/plans/{plan}/export")
    assert "attachment" in book.headers["content-disposition"]
    sheets = CalamineWorkbook.from_filelike(io.BytesIO(book.body))
    assert any("Ninth" in row for row in sheets.get_sheet_by_index(1).to_python())
    undo = torn.root.job("/undo-plans", {"run": plan, "reason": "no"})
    back = undo["result"]["plan"]
    assert torn.root.post(f"/plans/{back}/reject", {"reason": "let it be"})["state"] == "rejected"
    assert torn.root.ask("POST", f"/plans/{back}/apply").code == "plan.state"
    assert {p["id"] for p in torn.root.get("/plans")["items"]} == {plan, back}


def test_a_job_that_fails_says_why(torn: Bench) -> None:
    job = torn.root.job("/undo-plans", {"run": "none"})
    assert (job["state"], job["error"]["code"]) == ("failed", "undo.no_run")
    assert "none" in job["error"]["title"]


def test_a_flow_runs_now(torn: Bench) -> None:
    job = torn.root.job("/flows/customers/run", {"full": True})
    assert (job["state"], job["result"]["state"]) == ("done", "done"), job
    flow = torn.root.get("/flows/customers")
    assert flow["last_run"]["id"] == job["result"]["run"]
    assert flow["state"] in ("in_step", "behind")
    assert torn.root.get(f"/runs/{flow['last_run']['id']}")["counts"]


# ------------------------------------------------------- reconciliation, migration


def test_a_reconciliation_is_kept_with_its_differences(torn: Bench) -> None:
    torn.erp.edit("customer", "erp-11", {"name": "Typed in the ERP"}, organisation="20")
    job = torn.root.job("/reconciliations", {"plan": True})
    assert job["state"] == "done", job
    found = torn.root.get(f"/reconciliations/{job['result']['reconciliation']}")
    assert found["sections"][0]["entity"] == "customer"
    assert found["plan_id"] == job["result"]["plan"]
    rows = torn.root.get(f"/reconciliations/{found['id']}/differences")["items"]
    one = next(r for r in rows if r["field"] == "name")
    assert "Typed in the ERP" in (one["left"], one["right"])
    accept = {"differences": [one["seq"]], "reason": "we know"}
    assert torn.root.post(f"/reconciliations/{found['id']}/accept", accept) == {"accepted": 1}
    assert torn.root.post(f"/reconciliations/{found['id']}/accept", accept) == {"accepted": 0}
    assert torn.root.get(f"/reconciliations/{found['id']}")["accepted"] == 1
    left = torn.root.get(f"/reconciliations/{found['id']}/differences", accepted="false")["items"]
    assert one["seq"] not in {r["seq"] for r in left}


def test_a_batch_is_staged_checked_and_looked_at(torn: Bench) -> None:
    job = torn.root.job("/migrations", {"source": "crm_customer", "target": "erp_customer"})
    assert job["state"] == "done", job
    batch = job["result"]["batch"]
    assert torn.root.ask("POST", f"/migrations/{batch}/load", {}).code == "migrate.state"
    assert torn.root.job(f"/migrations/{batch}/check")["state"] == "done"
    found = torn.root.get(f"/migrations/{batch}")
    assert found["state"] == "checked"
    rows = torn.root.get(f"/migrations/{batch}/rows", limit=3)
    assert len(rows["items"]) == 3
    assert rows["next"]
    assert rows["items"][0]["values"]["code"].startswith("C")


# ------------------------------------------------------------------- documents


def test_a_document_is_changed_by_who_saw_it_as_it_is(torn: Bench) -> None:
    read = torn.root.ask("GET", "/documents/flow/customers")
    assert read.json["document"]["schedule"] == "1h"
    text = read.json["text"].replace("1h", "2h")
    tag = {"If-Match": read.headers["etag"]}
    done = torn.root.ask("PUT", "/documents/flow/customers", {"text": text, "note": "slower"}, tag)
    assert (done.status, done.json["version"]) == (200, 2)
    late = torn.root.ask("PUT", "/documents/flow/customers", {"text": read.json["text"]}, tag)
    assert (late.status, late.code) == (412, "web.changed")
    wrong = {"text": text.replace("crm_customer", "crm_kustomer")}
    now = {"If-Match": torn.root.ask("GET", "/documents/flow/customers").headers["etag"]}
    refused = torn.root.ask("PUT", "/documents/flow/customers", wrong, now)
    assert (refused.status, refused.json["version"], refused.json["errors"]) == (422, 2, 1)
    assert refused.json["findings"][0]["nearest"] == "crm_customer"
    new = {"document": {"mappings": ["crm_customer", "erp_customer"], "enabled": False}}
    assert torn.root.ask("PUT", "/documents/flow/spare", new, {"If-None-Match": "*"}).json["version"] == 3
    assert torn.root.ask("PUT", "/documents/flow/spare", new, {"If-None-Match": "*"}).code == "web.changed"
    gone = torn.root.ask("GET", "/documents/flow/spare")
    tag = {"If-Match": gone.headers["etag"]}
    assert torn.root.ask("DELETE", "/documents/flow/spare", headers=tag).json["version"] == 4
    items = torn.root.get("/version-differences", before=1, after=2)["items"]
    assert items[0]["fields"] == [["schedule", "1h", "2h"]]
    back = torn.root.ask("POST", "/versions/1/restore", {"base": 4})
    assert (back.status, back.json["version"]) == (201, 5)
    assert torn.root.get("/documents/flow/customers")["document"]["schedule"] == "1h"
    stale = torn.root.ask("POST", "/versions", {"base": 4, "files": {}})
    assert stale.code == "web.changed"
    outside = torn.root.ask("POST", "/versions", {"base": 5, "files": {"../x.yaml": "a: b"}})
    assert (outside.status, outside.code) == (422, "web.invalid")
    check = torn.root.post("/document-checks", {"files": {"flows/customers.yaml": None}})
    assert check["errors"] == 0


def test_a_mapping_is_proposed_tested_and_previewed(torn: Bench) -> None:
    asked = {"connection": "crm", "object": "customer", "entity": "customer"}
    found = torn.root.post("/mapping-proposals", asked)["items"]
    assert {(p["field"], p["source"]) for p in found} >= {("code", "code"), ("phone", "phone")}
    assert torn.root.post("/mappings/crm_customer/test")["failed"] == 0
    preview = torn.root.post("/mappings/crm_customer/preview", {"records": 20})
    assert preview["flaws"] == []
    assert preview["items"][0]["golden"]["code"].startswith("C")
    fields = [
        {"field": "name", "from": "name", "direction": "in", "transform": [{"use": "case", "to": "upper"}]},
        {"field": "nome", "from": "name"},
    ]
    draft = {"connection": "crm", "object": "customer", "entity": "customer", "fields": fields}
    wrong = torn.root.post("/mappings/crm_customer/preview", {"document": draft})
    assert [f["code"] for f in wrong["flaws"] if f["severity"] == "error"]
    assert wrong["items"][0]["golden"]["name"] == wrong["items"][0]["source"]["name"].upper()  # the rest goes on
    good = {**draft, "fields": fields[:1]}
    row = torn.root.post("/mappings/crm_customer/preview", {"document": good, "records": 1})["items"][0]
    assert row["golden"]["name"] == row["source"]["name"].upper()


def test_a_connection_is_tested_saved_or_not(torn: Bench) -> None:
    assert torn.root.post("/connections/crm/test") == {"ok": True, "objects": ["customer"], "health": {}, "error": None}
    doc = {"connection": "crm", "connector": "memory", "settings": {"system": "nowhere"}}
    tried = torn.root.post("/connection-tests", {"document": doc})
    assert (tried["ok"], tried["error"]["code"]) == (False, "memory.unknown_system")
    assert torn.root.ask("POST", "/connection-tests", {"document": {}}).code == "web.invalid"
    form = torn.root.get("/connectors/memory/form")
    assert form["properties"]["secret"]["writeOnly"]
    assert "本进程" in form["properties"]["system"]["description"]
    assert torn.root.get("/connections/crm/drift")["items"][0]["mappings"] == {"crm_customer": None}


def test_the_cockpits_numbers_are_the_lengths_of_lists(torn: Bench) -> None:
    found = torn.root.get("/cockpit")
    waiting = torn.root.get("/issues", limit=200)["items"]
    assert sum(found["issues"].values()) == len(waiting)
    assert found["agreement"]["id"] == torn.root.get("/reconciliations")["items"][0]["id"]
    assert found["connections"] == {"crm": "up", "erp": "up"}
    assert torn.root.get("/cockpit/days")["items"][-1]["written"]["created"] >= 4
    assert TEXTS["flows/customers.yaml"]


# ---------------------------------------------------------------------- events


def test_events_tell_the_present_and_then_what_moves(torn: Bench) -> None:
    where = urlsplit(torn.base)
    line = http.client.HTTPConnection(where.hostname, where.port, timeout=20)
    line.request("GET", "/api/v1/events", headers={"Authorization": f"Bearer {torn.root.token}"})
    got = line.getresponse()
    assert got.getheader("content-type", "").startswith("text/event-stream")
    topics = set()
    while len(topics) < 6:
        said = got.fp.readline().decode()
        assert said, "it ended"
        if said.startswith("event: "):
            topics.add(said[7:].strip())
    assert topics == {"project", "issues", "paused", "due", "runs", "jobs"}
    torn.root.post("/pauses", {"scope": "connection:erp"}, 201)
    while "pause.person" not in said:
        said = got.fp.readline().decode()
        assert said, "it ended"
    line.close()
    torn.root.ask("DELETE", "/pauses/connection:erp")
