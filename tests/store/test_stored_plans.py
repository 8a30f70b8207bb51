"""Plans in the store: kept whole, found by filter, sealed, and told what became of each write."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import text

from hefu.store import golden as goldens
from hefu.store import intents, plans
from hefu.store.db import Store, Tx
from hefu.store.golden import Link
from hefu.store.intents import Intent
from hefu.store.plans import PlanEntry, StoredPlan

KEY = b"a key of this hub"
AT, LATER = "2026-01-01T00:00:00.000000Z", "2999-01-01T00:00:00.000000Z"


def head(plan_id: str = "p1", **more: Any) -> StoredPlan:
    made = StoredPlan(plan_id, "sync", "draft", "李", "new phones", ["crm", "erp"], False, 3, AT, LATER,
                      {"writes": {"erp": {"update": 3}}}, 3)  # fmt: skip
    return replace(made, **more)


def entry(number: int, **more: Any) -> PlanEntry:
    made = PlanEntry(
        f"e{number:04d}", number, "erp", "erp", "customer", "customer", "update", None, "", f"r{number}", f"g{number}",
        None, "甲", {"phone": ["1", None]}, {"phone": "1", "name": "甲"}, link_id=f"l{number}",
    )  # fmt: skip
    return replace(made, **more)


def put(store: Store, *rows: PlanEntry, made: StoredPlan | None = None) -> StoredPlan:
    made = made or head()
    with store.begin() as tx:
        plans.add(tx, made, [[plans.packed(row) for row in rows]])
    return made


def linked(tx: Tx, *rows: PlanEntry, **more: Any) -> None:
    goldens.add_links(
        tx,
        [Link(str(e.link_id), "erp", "erp", "customer", "", e.record_id, str(e.golden_id), due_at=AT, **more)
         for e in rows],
    )  # fmt: skip


def test_a_plan_comes_back_as_it_was_made(store: Store) -> None:
    rows = [
        entry(0),
        entry(1, kind="create", record_id=None, golden_id=None, link_id=None, seen=None,
              origin=["crm", "account", "", "A1"]),
        entry(2, kind="left", state="left", note={"why": "changed"}),
    ]  # fmt: skip
    made = put(store, *rows)
    with store.look() as tx:
        assert plans.get(tx, "p1") == made
        assert plans.get(tx, "nothing") is None
        assert list(plans.entries(tx, "p1")) == rows
        assert [p.id for p in plans.listed(tx)] == ["p1"]
        assert plans.tally(tx, "p1") == {"planned": 2, "left": 1}


def test_entries_are_read_page_by_page_in_order(store: Store) -> None:
    count = 2 * plans.PAGE + 1
    put(store, *(entry(n) for n in range(count)))
    put(store, entry(9999, id="other"), made=head("p2"))
    with store.look() as tx:
        assert [e.seq for e in plans.entries(tx, "p1")] == list(range(count))
        assert [e.id for e in plans.entries(tx, "p2")] == ["other"]


def test_entries_are_found_by_entity_system_field_kind_and_state(store: Store) -> None:
    put(
        store,
        entry(0),
        entry(1, connection="crm", fields={"name": ["甲", "乙"]}),
        entry(2, entity="order", kind="create"),
        entry(3, state="left", kind="left"),
    )
    with store.look() as tx:

        def seqs(**where: Any) -> list[int]:
            return [e.seq for e in plans.entries(tx, "p1", **where)]

        assert seqs(entity="order") == [2]
        assert seqs(system="crm") == seqs(field_name="name") == [1]
        assert seqs(kind="update") == [0, 1]
        assert seqs(states=["left"]) == [3]
        assert seqs(system="crm", field_name="phone") == []


@pytest.mark.parametrize(
    "altered",
    [
        "update plan_entry set fields = '{}' where seq = 1",
        "update plan_entry set kind = 'delete' where seq = 0",
        "update plan_entry set record_id = 'r9' where seq = 0",
        "update plan_entry set golden_id = 'g9' where seq = 0",
        "update plan_entry set seen = null where seq = 0",
        "update plan_entry set seq = 5 where seq = 1",
        "delete from plan_entry where seq = 1",
        "update plan set author = 'nobody'",
        "update plan set expires_at = '9999'",
        "update plan set counts = '{}'",
        "update plan set complete = 1",
        "update plan set project_version = 4",
    ],
)
def test_whatever_was_agreed_to_is_sealed(store: Store, altered: str) -> None:
    made = put(store, entry(0), entry(1))
    with store.begin() as tx:
        assert plans.digest(tx, made) == made.digest
        tx.run(text(altered))
        found = plans.get(tx, "p1")
        assert found is not None
        assert plans.digest(tx, found) != found.digest


def test_how_it_goes_is_not_sealed(store: Store) -> None:
    made = put(store, entry(0), entry(1, link_id=None))
    with store.begin() as tx:
        plans.bind(tx, [("l7", "e0001")])
        plans.writing(tx, [("i1", "e0000")])
        plans.turned(tx, [("changed", {"found": {}}, "e0001")])
        plans.update(tx, "p1", state="applying")
        assert plans.digest(tx, made) == made.digest


def test_a_signature_is_of_this_hub_content_person_and_moment(store: Store) -> None:
    made = replace(put(store, entry(0)), approver="王", approved_at=AT)
    made.signature = plans.sign(KEY, made, "王", AT)
    assert plans.signed(KEY, made)
    assert not plans.signed(b"another", made)
    for other in ({"approver": "李"}, {"approved_at": LATER}, {"digest": "0" * 64}, {"id": "p2"}, {"signature": None}):
        assert not plans.signed(KEY, replace(made, **other))


def test_a_plan_expires(store: Store) -> None:
    for state in ("draft", "approved", "applying"):
        put(store, entry(0, id=f"e{state}"), made=head(state, state=state, expires_at=AT))
    with store.begin() as tx:
        assert {p.id: p.state for p in plans.listed(tx)} == {
            "draft": "expired", "approved": "expired", "applying": "applying",
        }  # fmt: skip
        plans.forget_drafts(tx)
        assert {p.id: sum(plans.tally(tx, p.id).values()) for p in plans.listed(tx)} == {
            "draft": 0, "approved": 1, "applying": 1,
        }  # fmt: skip


def test_what_is_due_under_a_plan(store: Store) -> None:
    rows = [entry(n) for n in range(6)]
    rows[3].kind = "restore"
    put(store, *rows)
    with store.begin() as tx:
        linked(tx, *rows)
        table = goldens.link
        tx.run(table.update().where(table.c.id.in_(["l1", "l3"])).values(due_at=None))
        tx.run(table.update().where(table.c.id == "l2").values(waits="person"))
        tx.run(table.update().where(table.c.id == "l4").values(due_at=LATER, waits="system"))
        plans.turned(tx, [("changed", None, "e0005")])
        every = range(goldens.SHARDS)
        due = plans.due_links(tx, "p1", "erp", every, 10, tx.now())
        assert due == [("l0", "g0"), ("l3", "g3")], "what is put back is due although nothing is owed"
        assert plans.due_links(tx, "p1", "erp", every, 1, tx.now()) == [("l0", "g0")]
        assert plans.due_links(tx, "p1", "erp", [goldens.shard_of("g3")], 10, tx.now())[-1:] == [("l3", "g3")]
        assert plans.due_links(tx, "p1", "crm", every, 10, tx.now()) == []
        assert plans.refused_links(tx, "p1") == {"l5"}
        waits = {e.seq: (w, due_at) for page in plans.pending(tx, "p1") for e, w, due_at in page}
        assert waits == {0: (None, AT), 1: (None, None), 2: ("person", AT), 3: (None, None), 4: ("system", LATER)}


def test_writes_tell_their_entries_how_they_ended(store: Store) -> None:
    rows = [entry(n) for n in range(6)]
    put(store, *rows)
    states = ("applied", "refused", "stale", "failed", "unknown", "open")
    made = [Intent(f"i{n}", f"l{n}", "update", "open", {"phone": None}, None, None, 1, AT) for n in range(6)]
    with store.begin() as tx:
        linked(tx, *rows)
        intents.open_intents(tx, made, "run", 3)
        plans.writing(tx, [(i.id, e.id) for i, e in zip(made, rows, strict=True)])
        for i, state in zip(made, states, strict=True):
            if state != "open":
                intents.settle(tx, i.id, state, {"code": "x"} if state == "refused" else None)
        assert plans.catch_up(tx, "p1") == 2
        assert [e.state for e in plans.entries(tx, "p1")] == [
            "written", "refused", "planned", "planned", "writing", "writing",
        ]  # fmt: skip
        assert next(plans.entries(tx, "p1", states=["refused"])).note == {"code": "x"}


def test_everything_of_an_object_is_called_off(store: Store) -> None:
    put(store, entry(0), entry(1, golden_id="g0"), entry(2), entry(3, golden_id="g0", state="written"))
    with store.begin() as tx:
        plans.turn_objects(tx, "p1", ["g0"])
        plans.turn_objects(tx, "p1", [])
        assert [e.state for e in plans.entries(tx, "p1")] == ["changed", "changed", "planned", "written"]


def test_entries_without_a_link_and_golden_entries(store: Store) -> None:
    put(store, entry(0, link_id=None), entry(1, link_id=None, mapping=None, kind="golden"), entry(2))
    with store.look() as tx:
        assert [e.seq for e in plans.unbound(tx, "p1")] == [0]
        assert [e.seq for e in plans.golden_entries(tx, "p1")] == [1]
        assert [e.seq for e in plans.of_links(tx, "p1", ["l2", "lx"])["l2"]] == [2]
