"""Capture: what a record turns out to be, counters that add up, and reading that goes on where it stopped."""

from __future__ import annotations

import pytest
from books import customers
from sqlalchemy import select
from world import Fate

from hefu.connectors.memory import Manners
from hefu.core.errors import Transient
from hefu.core.records import Field
from hefu.store import runs
from hefu.store.tables import cursor

K = {"code": "K1", "name": "甲", "phone": "1", "address": "A", "terms": "30"}
OUTCOMES = (
    "unchanged",
    "filtered",
    "unreadable",
    "created",
    "linked",
    "changed",
    "same",
    "twin",
    "waiting",
    "repeated",
)


def counts(world):
    """What the latest cycle counted, as it was stored."""
    with world.store.look() as tx:
        return next(r for r in runs.list_runs(tx) if r["kind"] == "cycle")["counts"]


def test_every_record_that_was_read_is_counted_once():
    world = customers(Fate(), erp=Manners(create="token", token_field="ref", changes="full"))
    for n in range(5):
        world.crm.create("customer", {**K, "code": f"K{n}"})
    world.erp.create("customer", {**K, "code": "K1"})
    world.erp.create("customer", {**K, "code": "K1"})  # twice in one system
    for _ in range(3):
        world.cycle(full=True)
        found = counts(world)
        for side in ("crm-customer", "erp-customer"):
            parts = sum(found.get(f"{side}.{name}", 0) for name in OUTCOMES)
            assert found[f"{side}.read"] == parts
        world.env.sleep(60)


def test_an_unchanged_record_costs_nothing():
    world = customers(Fate())
    world.crm.create("customer", K)
    world.sync()
    story, calls = len(world.story()), world.crm.calls.total() + world.erp.calls.total()
    world.cycle()
    assert len(world.story()) == story
    assert world.crm.calls.total() + world.erp.calls.total() - calls == 2  # one read each


def test_twins_in_one_system_are_kept_aside_and_listed():
    world = customers(Fate())
    first = world.crm.create("customer", K)
    second = world.crm.create("customer", {**K, "name": "another"})
    world.sync()
    (case,) = world.issues()
    assert (case["kind"], case["facts"]["record_id"]) == ("duplicate", second)
    assert len(world.erp.all("customer")) == 1
    world.crm.edit("customer", second, {"phone": "9"})
    world.sync()
    assert world.crm.get("customer", first)["phone"] == "1"
    assert world.writes("crm") == []


@pytest.mark.parametrize("changes", ["full", "cursor", "cursor+deletes"])
def test_a_read_that_breaks_off_loses_and_repeats_nothing(changes):
    world = customers(Fate(), crm=Manners(create="token", token_field="ref", changes=changes, page=300))
    for n in range(1500):
        world.crm.create("customer", {**K, "code": f"K{n}"})
    pages = []

    def breaks(call):
        if call.verb == "read":
            pages.append(call.number)
            if len(pages) == 4:
                raise Transient("memory.unreachable", system="crm")

    world.watch["crm"].on_call.append(breaks)
    world.cycle()
    assert len(world.erp.all("customer")) < 1500
    world.sync()
    assert len(world.erp.all("customer")) == 1500
    assert len(world.writes("erp")) == 1500


def test_the_cursor_moves_with_what_was_committed():
    world = customers(Fate())
    world.crm.create("customer", K)
    world.cycle()
    with world.store.look() as tx:
        before = tx.run(select(cursor.c.position).where(cursor.c.mapping == "crm-customer")).scalar()
    world.env.sleep(60)
    world.crm.create("customer", {**K, "code": "K2"})
    world.steps.kill_at = world.steps.count + 8  # in the middle of the next reading
    world.cycle()
    world.sync()
    with world.store.look() as tx:
        assert tx.run(select(cursor.c.position).where(cursor.c.mapping == "crm-customer")).scalar() != before
    assert len(world.erp.all("customer")) == 2


def test_an_answer_older_than_our_own_write_is_not_believed():
    world = customers(Fate())
    c, e = world.crm.create("customer", K), world.erp.create("customer", K)
    world.sync()
    world.crm.edit("customer", c, {"phone": "2"}, who="li")
    # the ERP is read, then the phone is written there, then that old answer is folded in
    old = world.erp.get("customer", e)
    assert old["phone"] == "1"
    from hefu.core.records import Record
    from hefu.engine.capture import absorb
    from hefu.engine.hub import Counts, Run

    with world.store.look() as tx:
        asked_at = tx.now()
    world.sync()
    assert world.erp.get("customer", e)["phone"] == "2"
    with world.hub.run("test", "-") as run:
        assert isinstance(run, Run)
        absorb(world.hub, world.hub.side("erp-customer"), [Record(e, old, "1")], run, Counts(), asked_at)
    world.sync()
    assert world.crm.get("customer", c)["phone"] == world.erp.get("customer", e)["phone"] == "2"
    assert world.issues(state=None) == []


def test_a_record_that_cannot_be_read_is_listed_and_does_not_stop_the_others():
    world = customers(Fate(), rules={"price": {"type": "money"}})
    world.crm.define(
        "customer", [*(Field(n) for n in (*K, "price", "ref"))], Manners(create="token", token_field="ref")
    )
    world.hubs = [world.new_hub()]
    bad = world.crm.create("customer", {**K, "price": "twelve"})
    world.crm.create("customer", {**K, "code": "K2", "price": "12.50"})
    world.sync()
    assert [row["code"] for row in world.erp.all("customer").values()] == ["K2"]
    (case,) = world.issues()
    assert (case["kind"], case["facts"]["record_id"]) == ("unreadable", bad)
    world.env.sleep(60)
    world.crm.edit("customer", bad, {"price": "12"})
    world.sync()
    assert len(world.erp.all("customer")) == 2
    assert world.issues() == []


def test_one_system_down_does_not_hold_up_the_other():
    world = customers(Fate())
    world.crm.create("customer", K)
    world.erp.down = True
    world.hubs = [world.new_hub()]
    world.cycle()
    world.env.sleep(20)
    world.crm.create("customer", {**K, "code": "K2"})
    world.cycle()
    assert {row["kind"] for row in world.story()} == {"created"}
    assert len(world.story()) == 2
    world.erp.down = False
    world.sync()
    assert len(world.erp.all("customer")) == 2
