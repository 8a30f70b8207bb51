"""Erasing a person: both systems, every table of the hub and a backup made afterwards hold none of their values."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from pair import Pair, entity
from sqlalchemy import select

from hefu.connectors.memory import Manners
from hefu.core.errors import Rejected, Unsupported
from hefu.engine import applying, erasing, plans
from hefu.store import erasures, issues, journal
from hefu.store.db import Store, to_json
from hefu.store.tables import metadata

CANARIES = {"phone": "13912345678", "address": "知春路88号院7号楼", "name": "欧阳若兰"}
PERSONAL = {"phone": {"pii": "contact"}, "address": {"pii": "contact"}, "name": {"pii": "identity", "required": True}}


def pair(url: str = "sqlite://", **more: Any) -> Pair:
    return Pair(entity_doc=entity(**PERSONAL), url=url, **more)


def erase(one: Pair, golden_id: str, **more: Any) -> applying.Applied:
    draft = erasing.plan_erasure(one.hub, [golden_id], "li", "asked on 2026-03-01", **more)
    plans.approve(one.hub, draft.plan.id, "wu")
    return applying.apply(one.hub, draft.plan.id, "wu")


def golden_of(one: Pair, code: str) -> str:
    with one.store.look() as tx:
        rows = tx.run(select(metadata.tables["golden"])).mappings().all()
    return next(row["id"] for row in rows if to_json(code) in row["fields"])


def everything(store: Store) -> dict[str, str]:
    """Table -> all that stands in it."""
    with store.look() as tx:
        return {t.name: repr([tuple(r) for r in tx.run(select(t)).all()]) for t in metadata.sorted_tables}


def a_person_with_a_history(one: Pair) -> str:
    """Edits, a conflict, an undo, a refused write and a draft: whatever leaves copies behind."""
    crm = one.crm.create("customer", {"code": "K1", "terms": "30", **CANARIES, "phone": "13800001111"})
    one.crm.create("customer", {"code": "K2", "name": "别人", "phone": "13700002222"})
    one.settle(3)
    one.crm.edit("customer", crm, {"phone": CANARIES["phone"]}, who="li")
    one.settle(3)
    golden_id = golden_of(one, "K1")
    erp = next(i for i, row in one.erp.all("customer").items() if row["code"] == "K1")
    one.crm.edit("customer", crm, {"address": "长安街1号写字楼"}, who="li")
    one.erp.edit("customer", erp, {"address": CANARIES["address"]}, who="wang")
    one.settle(2)
    plans.make(one.hub, ["crm-customer", "erp-customer"], "li", reason=f"call {CANARIES['phone']}")
    return golden_id


def test_no_table_holds_a_value_and_both_systems_are_blank(store_url: str) -> None:
    one = pair(store_url)
    golden_id = a_person_with_a_history(one)
    said = " ".join(everything(one.store).values())
    assert all(value in said for value in CANARIES.values()), "the canaries must have been there"
    done = erase(one, golden_id)
    assert (done.plan.state, done.waiting) == ("applied", 0)
    for words in (*CANARIES.values(), "13800001111", "长安街1号写字楼"):
        assert [name for name, text in everything(one.store).items() if words in text] == [], words
    for system in (one.crm, one.erp):
        held = next(row for row in system.all("customer").values() if row["code"] == "K1")
        assert (held["phone"], held["address"], held["terms"]) == (None, None, "30")
        assert held["name"].startswith("erased-")
    assert "13700002222" in everything(one.store)["golden"], "others keep theirs"
    assert done.proof is not None
    assert done.proof.complete
    assert {s["outcome"] for s in done.proof.systems} == {"blanked"}
    with one.store.look() as tx:
        kept = erasures.get(tx, done.proof.id)
        assert kept is not None
        assert erasures.whole(one.hub.journal_key, kept)
        assert not erasures.whole(b"another key", kept)
        assert (journal.verify(tx, one.hub.journal_key), journal.altered_write(tx)) == (None, None)


def test_the_files_of_the_store_hold_none_either(tmp_path: Path) -> None:
    one = pair(f"sqlite:///{tmp_path}/hub.sqlite")
    golden_id = a_person_with_a_history(one)
    assert any(CANARIES["phone"].encode() in path.read_bytes() for path in tmp_path.iterdir())
    erase(one, golden_id)
    for value in CANARIES.values():
        assert [path.name for path in tmp_path.iterdir() if value.encode() in path.read_bytes()] == [], value
    assert sqlite3.connect(tmp_path / "hub.sqlite").execute("pragma integrity_check").fetchone() == ("ok",)


def test_the_next_complete_comparison_moves_nothing() -> None:
    one = pair()
    golden_id = a_person_with_a_history(one)
    erase(one, golden_id)
    before = one.writes()
    one.round(full=True)
    one.settle(2)
    assert one.writes() == before


def test_an_erased_value_that_comes_back_is_not_taken_over_and_a_new_one_is() -> None:
    one = pair()
    golden_id = a_person_with_a_history(one)
    erase(one, golden_id)
    crm = next(i for i, row in one.crm.all("customer").items() if row["code"] == "K1")
    one.crm.edit("customer", crm, {"phone": CANARIES["phone"], "terms": "60"}, who="a restored backup")
    one.settle(3)
    erp = next(row for row in one.erp.all("customer").values() if row["code"] == "K1")
    assert (erp["phone"], erp["terms"]) == (None, "60")
    assert not [name for name, text in everything(one.store).items() if CANARIES["phone"] in text]
    with one.store.look() as tx:
        told = [row["facts"]["code"] for row in issues.list_issues(tx, kinds=("unreadable",))]
    assert told == ["privacy.back"]
    one.crm.edit("customer", crm, {"phone": "13600003333"}, who="li")
    one.settle(3)
    erp = next(row for row in one.erp.all("customer").values() if row["code"] == "K1")
    assert erp["phone"] == "13600003333", "a new number of a new contact is no erased one"
    with one.store.look() as tx:
        assert issues.list_issues(tx, kinds=("unreadable",)) == []


def test_deleted_in_both_systems_and_not_taken_in_again_under_a_new_number() -> None:
    matched = entity(**PERSONAL).model_copy(update={"match": [["code"], ["phone"]]})
    deleting = Manners(create="token", token_field="ref", delete=True)
    one = Pair(entity_doc=matched, crm_manners=deleting, erp_manners=deleting)
    golden_id = a_person_with_a_history(one)
    done = erase(one, golden_id, how="delete")
    assert [row["code"] for row in one.crm.all("customer").values()] == ["K2"]
    assert [row["code"] for row in one.erp.all("customer").values()] == ["K2"]
    assert done.proof is not None
    assert {s["outcome"] for s in done.proof.systems} == {"deleted"}
    one.crm.create("customer", {"code": "K9", "name": "x", "phone": CANARIES["phone"]})
    one.settle(3)
    assert [row["code"] for row in one.erp.all("customer").values()] == ["K2"]
    assert not [name for name, text in everything(one.store).items() if CANARIES["phone"] in text]
    with one.store.begin() as tx:
        (case,) = issues.list_issues(tx, kinds=("unreadable",))
        assert case["facts"]["code"] == "privacy.suppressed"
        assert erasures.lift(tx, done.proof.id) > 0
    one.round(full=True)
    one.settle(2)
    assert sorted(row["code"] for row in one.erp.all("customer").values()) == ["K2", "K9"]


def test_what_a_system_may_not_be_told_is_named_beforehand_and_in_the_proof() -> None:
    flat = [{"field": n, "from": n} for n in ("code", "name", "address", "terms")]
    one = pair(maps={"erp": [*flat, {"field": "phone", "from": "phone", "direction": "in"}]})
    one.erp.create("customer", {"code": "K1", **CANARIES})
    one.settle(3)
    golden_id = golden_of(one, "K1")
    draft = erasing.plan_erasure(one.hub, [golden_id], "li", "")
    assert [(e.connection, sorted(e.fields), e.note) for e in draft.left] == [
        ("erp", ["phone"], {"why": "not_written"})
    ]
    plans.approve(one.hub, draft.plan.id, "wu")
    done = applying.apply(one.hub, draft.plan.id, "wu")
    assert done.proof is not None
    assert not done.proof.complete
    outcomes = {s["connection"]: (s["outcome"], s["fields"]) for s in done.proof.systems}
    assert outcomes == {"crm": ("blanked", []), "erp": ("left", ["phone"])}
    one.round(full=True)
    one.settle(2)
    crm = next(iter(one.crm.all("customer").values()))
    assert crm["phone"] is None
    assert not [name for name, text in everything(one.store).items() if CANARIES["phone"] in text]


def test_a_system_that_refuses_is_named_and_the_copies_go_nevertheless() -> None:
    one = pair()
    golden_id = a_person_with_a_history(one)

    draft = erasing.plan_erasure(one.hub, [golden_id], "li", "")
    plans.approve(one.hub, draft.plan.id, "wu")
    line = one.hub.connect("erp")
    line.write = lambda _obj, writes: [Rejected("memory.refused", field="phone") for _ in writes]  # type: ignore[method-assign]
    done = applying.apply(one.hub, draft.plan.id, "wu")
    assert done.plan.state == "partly_applied"
    assert done.proof is not None
    assert {s["connection"]: s["outcome"] for s in done.proof.systems} == {"crm": "blanked", "erp": "left"}
    assert not [name for name, text in everything(one.store).items() if CANARIES["phone"] in text]


def test_an_open_plan_about_the_person_is_withdrawn() -> None:
    one = pair()
    golden_id = a_person_with_a_history(one)
    crm = next(i for i, row in one.crm.all("customer").items() if row["code"] == "K1")
    one.crm.edit("customer", crm, {"phone": "13500004444"}, who="li")
    _, other = plans.make(one.hub, ["crm-customer", "erp-customer"], "li")
    assert other is not None
    erase(one, golden_id)
    assert "13500004444" not in str(everything(one.store))
    with pytest.raises(Unsupported, match=r"plan\.state"):
        plans.approve(one.hub, other.id, "wu")


def test_wrong_questions() -> None:
    one = pair()
    golden_id = a_person_with_a_history(one)
    for ids, more, code in (
        (["nobody"], {}, "privacy.unknown"),
        ([golden_id], {"more": ["nose"]}, "privacy.field"),
        ([golden_id], {"classes": ["sensitive"]}, "privacy.nothing"),
    ):
        with pytest.raises(Unsupported, match=code):
            erasing.plan_erasure(one.hub, ids, "li", "", **more)


def test_an_altered_history_is_still_found_after_an_erasure() -> None:
    one = pair()
    golden_id = a_person_with_a_history(one)
    erase(one, golden_id)
    intent = metadata.tables["intent"]
    with one.store.begin() as tx:
        tx.run(intent.update().where(intent.c.fields.contains("13700002222")).values(fields='{"phone": "1"}'))
    with one.store.look() as tx:
        assert journal.altered_write(tx) is not None


def test_other_objects_with_the_same_values_are_named() -> None:
    one = pair()
    golden_id = a_person_with_a_history(one)
    one.crm.create("customer", {"code": "K3", "phone": CANARIES["phone"]})
    one.settle(2)
    draft = erasing.plan_erasure(one.hub, [golden_id], "li", "")
    assert draft.also == [(golden_of(one, "K3"), "customer")]
