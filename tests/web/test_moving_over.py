"""Cutovers, batches, backups and signed reports over the API: what the screens of moving a company over do."""

from __future__ import annotations

import io
from pathlib import Path

from bench import CANARY, Bench
from python_calamine import CalamineWorkbook

from hefu.core.rights import Scope
from hefu.insight import signature

RUNBOOK = """\
cutover: move
title: {en: Move over, zh: 切换}
flows: [customers]
threshold: 80
steps:
  - {step: freeze, title: {en: Stop the flow, zh: 停止同步}, owner: Li, do: {pause: 'flow:customers'},
     check: {kind: paused, of: ['flow:customers']}, must: true,
     back: {do: {resume: 'flow:customers'}, check: {kind: running, of: ['flow:customers']}}}
  - {step: tell, title: {en: Tell everybody, zh: 通知}, owner: Wang}
  - {step: open, owner: Li, after_go: true, do: {resume: 'flow:customers'},
     check: {kind: running, of: ['flow:customers']}}
rehearsal:
  crm: {user: rehearsal}
  erp: {user: rehearsal}
"""


MOVER = """\
role: mover
may: {migration: [see], record: [see, export]}
see: {customer: seen, contact: masked, financial: hidden}
"""


def put(b: Bench, place: str, text: str) -> None:
    answer = b.root.ask("PUT", f"/documents/{place}", {"text": text}, {"If-None-Match": "*"})
    assert answer.status == 200, answer.body


def test_a_cutover_is_rehearsed_decided_and_taken_back(b: Bench) -> None:
    put(b, "cutover/move", RUNBOOK)
    [book] = b.root.get("/cutovers")["items"]
    assert (book["cutover"], book["steps"], book["rehearsable"]) == ("move", 3, True)
    begun = b.root.post("/cutovers/move/start", {"mode": "rehearsal"}, 201)
    assert [s["step"] for s in begun["steps"] if s["due"]] == ["freeze"]
    done = b.root.job("/cutovers/rehearsal/carry-out", {"sign": True})
    assert done["state"] == "done", done
    now = b.root.get("/cutovers")["rehearsal"]
    assert [(s["step"], s["state"]) for s in now["steps"][:2]] == [("freeze", "passed"), ("tell", "passed")]
    assert (now["score"]["points"], now["decidable"]) == (100, True)
    assert "flow:customers" not in {p["scope"] for p in b.root.get("/pauses")["items"]}, (
        "a rehearsal stops nothing real"
    )
    assert b.root.post("/cutovers/rehearsal/decide", {"go": True})["state"] == "go"
    assert b.root.job("/cutovers/rehearsal/steps/open", {})["result"]["state"] == "passed"
    assert b.root.get("/cutovers")["rehearsal"]["state"] == "done"


def test_the_real_one_stops_the_flow_and_comes_back(b: Bench) -> None:
    b.root.post("/cutovers/move/start", {"mode": "real"}, 201)
    assert b.root.job("/cutovers/real/steps/freeze", {})["result"]["state"] == "passed"
    assert "flow:customers" in {p["scope"] for p in b.root.get("/pauses")["items"]}
    refused = b.root.job("/cutovers/real/steps/tell", {"verdict": "failed"})
    assert refused["error"]["code"] == "cutover.reason"
    assert b.root.job("/cutovers/real/steps/tell", {"verdict": "failed", "note": "ill"})["result"]["state"] == "failed"
    against = b.root.ask("POST", "/cutovers/real/decide", {"go": True})
    assert (against.status, against.code) == (422, "cutover.against")
    clerk = b.account("moving-clerk", "operator")
    assert clerk.ask("POST", "/cutovers/real/steps/tell", {"verdict": "done"}).code == "right.missing"
    back = b.root.post("/cutovers/real/switch-back", {"reason": "not today"})
    assert [(s["step"], s["due"]) for s in back["steps"] if s["way"] == "back"] == [("freeze", True)]
    assert b.root.job("/cutovers/real/steps/freeze", {})["result"] == {
        "step": "freeze",
        "way": "back",
        "state": "passed",
    }
    assert b.root.get("/cutovers")["real"]["state"] == "switched_back"
    assert b.root.get("/pauses")["items"] == []


def test_a_backup_is_made_verified_and_counts(b: Bench) -> None:
    made = b.root.job("/backups")["result"]
    [one] = b.root.get("/backups")["items"]
    assert one["name"] == made["file"]
    assert b.root.job(f"/backups/{one['name']}/verify")["result"]["rows"] == made["rows"] > 0
    assert b.root.ask("POST", "/backups/..%2Fhub.sqlite/verify", {}).status == 404
    line = next(x for x in b.root.get("/go-live")["items"] if x["name"] == "backup")
    assert line["done"]


def test_rejects_of_a_batch_are_a_file_with_values_as_they_may_be_seen(b: Bench) -> None:
    for number in (1, 2):  # two records that are one: the second is not taken
        values = {"code": "C777", "name": f"Twin {number}", "phone": CANARY}
        b.crm.create("customer", values, organisation="10", record_id=f"crm-twin-{number}")
    staged = b.root.job("/migrations", {"source": "crm_customer", "target": "erp_customer"})["result"]["batch"]
    checked = b.root.job(f"/migrations/{staged}/check")["result"]["rows"]
    assert checked.get("rejected"), checked
    answer = b.root.ask("GET", f"/migrations/{staged}/rejects", form="csv")
    assert answer.headers["content-type"].startswith("text/csv")
    assert CANARY in answer.body.decode("utf-8-sig")
    operator = b.account("moving-operator", "operator")
    assert operator.ask("GET", f"/migrations/{staged}/rejects").code == "right.missing"
    put(b, "role/mover", MOVER)
    book = b.account("moving-mover", "mover").ask("GET", f"/migrations/{staged}/rejects", form="xlsx")
    rows = CalamineWorkbook.from_filelike(io.BytesIO(book.body)).get_sheet_by_index(0).to_python()
    cells = [str(cell) for row in rows for cell in row]
    assert any("Twin" in cell for cell in cells)
    assert "***" in cells
    assert not any(CANARY in cell for cell in cells)


def test_the_report_of_a_reconciliation_is_signed_in_every_form(b: Bench, tmp_path: Path) -> None:
    b.crm.edit("customer", "crm-6", {"terms": "99 days"}, organisation="20")
    proof = b.root.job("/reconciliations", {})["result"]["reconciliation"]
    key = signature.public_key(b.app.journal_key)
    for form in ("html", "xlsx", "pdf"):
        answer = b.root.ask("GET", f"/reconciliations/{proof}/report", form=form)
        assert answer.status == 200, answer.body
        assert signature.verify(answer.body, f"report.{form}", key).key == key
    page = b.root.ask("GET", f"/reconciliations/{proof}/report", headers={"Accept-Language": "zh"}).body.decode()
    assert proof in page
    assert "对账报告" in page
    for who in (b.account("report-clerk", "clerk"), b.account("report-here", "admin", Scope(frozenset({"10"})))):
        assert who.ask("GET", f"/reconciliations/{proof}/report").status == 403, "only for who sees all of it"


def test_what_a_connector_is_proven_to_do_is_told(b: Bench) -> None:
    items = b.root.get("/connectors/kingdee/proof")["items"]
    assert all(0 < a["passed"] <= a["tried"] for one in items for a in one["abilities"])
    assert any(a["ability"] == "create" for one in items for a in one["abilities"])
    assert b.root.ask("GET", "/connectors/none/proof").status == 404
