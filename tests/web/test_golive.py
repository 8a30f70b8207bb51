"""The checklist before switching on: no line is ticked by hand, each changes when what it speaks of changes."""

from __future__ import annotations

from typing import Any

from bench import SELF, TEXTS, Bench

from hefu.app.accounts import Accounts
from hefu.store import journal


def lines(b: Bench) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in b.root.get("/go-live")["items"]}


def test_a_new_hub_says_what_is_missing(b: Bench) -> None:
    told = b.root.get("/go-live")
    found = lines(b)
    assert not told["ready"]
    assert [m["name"] for m in found["connections"]["missing"]] == ["crm", "erp"]
    assert not found["plan"]["done"]
    assert found["plan"]["next"]
    assert not found["backup"]["done"]
    assert not found["reconciliation"]["done"]
    assert found["mappings"]["done"], "the examples of both come out as they say"


def test_a_test_counts_until_the_settings_change(b: Bench) -> None:
    assert b.root.post("/connections/crm/test")["ok"]
    assert [m["name"] for m in lines(b)["connections"]["missing"]] == ["erp"]
    assert b.root.get("/connections/crm")["tested"]["ok"]
    text = TEXTS["connections/crm.yaml"]
    path = "/documents/connection/crm"
    for changed in (text.replace("user: hub", "user: other"), text):
        etag = b.root.ask("GET", path).headers["etag"]
        assert b.root.ask("PUT", path, {"text": changed}, {"If-Match": etag}).status == 200
        tested = b.root.get("/connections/crm")["tested"]
        assert (tested is None) == (changed is not text), "a test speaks of the settings that it was made with"
    assert b.root.post("/connections/erp/test")["ok"]
    assert lines(b)["connections"]["done"]


def test_duties_must_be_in_hands_and_approval_in_two(b: Bench) -> None:
    found = lines(b)["rights"]
    assert [m["name"] for m in found["missing"]] == ["plan.approve"], "only root may, and a plan wants a second person"
    b.account("boss", "business_manager")
    assert lines(b)["rights"]["done"]
    Accounts(b.app).switch(SELF, "boss", on=False)
    assert not lines(b)["rights"]["done"], "who is switched off approves nothing"


def test_plan_backup_and_agreement_count_once_they_are_there(b: Bench) -> None:
    b.crm.edit("customer", "crm-5", {"terms": "10 days"}, organisation="10")
    made = b.root.job("/plans", {"flows": [], "full": False, "reason": ""})["result"]["plan"]
    found = lines(b)
    assert found["rehearsal"]["done"], "a plan works everything out"
    assert (found["plan"]["done"], found["plan"]["about"]) == (False, made)
    digest = b.root.get(f"/plans/{made}")["digest"]
    b.root.post(f"/plans/{made}/approve", {"digest": digest})
    assert lines(b)["plan"]["done"]
    b.root.job(f"/plans/{made}/apply")
    b.root.job("/reconciliations", {})
    assert lines(b)["reconciliation"]["done"]
    with b.app.store.begin() as tx:
        at = tx.now()
        journal.record(
            tx, b.app.journal_key, "test", journal.BACKUP_VERIFIED, "hub.hefu", {"made_at": "2020-01-01T00:00:00Z"}
        )
    assert not lines(b)["backup"]["done"], "an old one does not count"
    with b.app.store.begin() as tx:
        journal.record(tx, b.app.journal_key, "test", journal.BACKUP_VERIFIED, "hub.hefu", {"made_at": at})
    assert lines(b)["backup"]["done"]
