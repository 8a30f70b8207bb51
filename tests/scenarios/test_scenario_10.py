"""Scenario 10. The cursor's edge: thousands of equal stamps, a late commit, a page that moves, a quota that ends.

Every change is processed once, the record that always fails stays visible without blocking the others, a run that
must wait says so and until when, and urgent orders do not wait behind the back-fill.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from world import FATES, Fate, Thing, World, kill_everywhere, tell

from hefu.connectors.memory import Manners
from hefu.core.errors import Rejected, Transient
from hefu.core.project import Project
from hefu.core.records import Field
from hefu.core.urgency import is_urgent
from hefu.store import runs
from hefu.store.tables import pause

URGENT = 20
BAD = "K00007"


def never(_before, after):
    """The ERP refuses one record, whatever it is sent."""
    return Rejected("erp.refused", field="name", message="名称不合规") if after.get("code") == BAD else None


class Trade(World):
    """Customers are a back-fill, orders are urgent; each has a flow of its own."""

    def project(self) -> Project:
        project = super().project()
        doc = project.flows["all"]
        names = {"bulk": "customer", "urgent": "order"}
        flows = {
            kind: doc.model_copy(
                update={"flow": kind, "priority": kind, "mappings": [m for m in doc.mappings if m.endswith(what)]}
            )
            for kind, what in names.items()
        }
        return project.model_copy(update={"flows": flows})

    def _one_cycle(self, hub, full, guarded):
        done = [self._cycle_of(hub, flow, full) for flow in ("urgent", "bulk")]
        return done[-1]


def make(fate: Fate, many: int = 120, **world_of: object) -> World:
    """The CRM stamps whole seconds and commits late; pages are small; the ERP takes ten records a call."""
    crm = Manners(create="no", stamps=1.0, lateness=60.0, page=max(2, many // 50), changes="cursor")
    erp = Manners(create="token", token_field="ref", batch=10, rules=(never,), conditional="version")
    texts = [Field(n) for n in ("code", "name", "phone")]
    entities = [
        {"entity": what, "fields": {n: {"type": "text"} for n in ("code", "name", "phone")}, "match": [["code"]]}
        for what in ("customer", "order")
    ]
    mappings = [
        {
            "mapping": f"{system}-{what}",
            "connection": system,
            "object": what,
            "entity": what,
            "create": system == "erp",
            "fields": [{"field": n, "from": n} for n in ("code", "name", "phone")],
        }
        for what in ("customer", "order")
        for system in ("crm", "erp")
    ]
    things = {
        "crm": [Thing(what, texts, crm) for what in ("customer", "order")],
        "erp": [Thing(what, [*texts, Field("ref")], erp) for what in ("customer", "order")],
    }
    world = Trade(fate, entities, things, mappings, **world_of)
    world.many = many
    return world


def in_one_second(world: World) -> None:
    """Given many records that share one second of modification, across page boundaries."""
    for n in range(world.many):
        values = {"code": f"K{n:05d}", "name": f"客户 {n}", "phone": "0"}
        world.crm.create("customer", values, record_id=f"c{n:05d}", late=0)
    stamps = {row.stamp for row in world.crm.shelf("customer").order}
    assert len(stamps) == 1


def each_written_once(world: World, times: int = 1) -> None:
    """Every record but the refused one is in the ERP, as it is in the CRM, written once for each change."""
    ours = {row["code"]: row["phone"] for row in world.crm.all("customer").values() if row["code"] != BAD}
    theirs = {row["code"]: row["phone"] for row in world.erp.all("customer").values()}
    assert theirs == ours
    written = Counter(e.id for e in world.writes("erp", "customer"))
    assert set(written.values()) <= set(range(1, times + 1))
    # the record that always fails neither blocks nor disappears
    (case,) = world.issues()
    assert (case["kind"], case["facts"]["values"]["code"]) == ("rejected", BAD)
    assert case["facts"]["facts"]["message"] == "名称不合规"


def equal_stamps_and_moving_pages(world: World):
    in_one_second(world)
    # When records change while pages are read
    moved = []

    def change(call):
        if call.verb == "read" and call.object == "customer" and len(moved) < 5:
            moved.append(f"c{len(moved) * 7 + 1:05d}")
            world.crm.edit("customer", moved[-1], {"phone": f"while {len(moved)}"}, late=0)

    world.watch["crm"].on_answer.append(change)
    world.sync()
    world.sync()
    each_written_once(world, times=2)


def a_late_commit(world: World):
    in_one_second(world)
    world.sync()
    world.mark()
    # When a transaction is stamped 10:00:00 and commits at 10:00:40, after the cursor has passed
    world.env.sleep(100)
    world.sync()
    world.crm.edit("customer", "c00011", {"phone": "late"}, late=40)
    world.cycle()
    # Then it is picked up within one overlap window
    assert [e.after for e in world.writes("erp", "customer")] == [{"phone": "late"}]
    world.sync()
    each_written_once(world)


def the_quota_ends(world: World):
    in_one_second(world)
    # Given the CRM answers 429 at page 7, and the ERP's daily quota, without the part that is kept for urgent work,
    # ends when 60 % are written
    quota, used, pages = int(world.many * 0.6) // 10, Counter(), []

    def crm_busy(call):
        if call.verb == "read" and call.object == "customer":
            pages.append(call.number)
            if len(pages) == 7:
                raise Transient("memory.too_many_calls", after=30, system="crm")

    def erp_quota(call):
        day = world.env.at.date()
        if call.verb == "write" and call.object == "customer":
            if used[day] >= quota:
                midnight = datetime.combine(day + timedelta(days=1), datetime.min.time(), world.env.at.tzinfo)
                raise Transient("memory.quota", after=(midnight - world.env.at).total_seconds(), system="erp")
            used[day] += 1

    world.watch["crm"].on_call.append(crm_busy)
    world.watch["erp"].on_call.append(erp_quota)

    # When three cycles run, and twenty urgent orders arrive during the back-fill
    for _ in range(3):
        world.cycle()
        world.env.sleep(40)
    asked = world.env.now()
    for n in range(URGENT):
        world.crm.create("order", {"code": f"O{n:03d}", "name": "order", "phone": ""}, late=0)
    world.cycle()
    world.env.sleep(40)
    world.cycle()
    # Then the orders are there within two minutes, although the back-fill is waiting
    assert len(world.erp.all("order")) == URGENT
    assert world.env.now() - asked < timedelta(minutes=2)
    done = len(world.erp.all("customer"))
    assert done < world.many - 1
    # and the run is shown as paused, with the time at which it resumes, not as a success
    with world.store.look() as tx:
        stopped = {row["scope"]: row["until_at"] for row in tx.run(select(pause)).mappings()}
        latest = next(r for r in runs.list_runs(tx) if r["kind"] == "cycle" and r["scope"] == "bulk")
    assert stopped["mapping:erp-customer"][:16] == "2026-03-03T00:00"
    assert latest["state"] == "paused"
    # and the ERP is not pestered meanwhile
    calls = world.erp.calls["write"]
    world.cycle()
    assert world.erp.calls["write"] == calls

    # When midnight has passed
    world.env.sleep(14 * 3600)
    world.sync(rounds=20)
    # Then the rest follows, each written once
    each_written_once(world)


TOLD = [equal_stamps_and_moving_pages, a_late_commit, the_quota_ends]


@pytest.mark.parametrize("fate", FATES, ids=str)
@pytest.mark.parametrize("told", TOLD)
def test_scenario_10(fate, told):
    tell(told, make, fate)


@pytest.mark.full
@pytest.mark.parametrize("told", TOLD)
def test_scenario_10_at_full_size(told):
    tell(told, lambda fate: make(fate, 5000), Fate())


@pytest.mark.parametrize("told", TOLD[:2])
def test_scenario_10_with_the_hub_killed_at_any_step(told):
    kill_everywhere(told, lambda fate: make(fate, 40), at_most=6)


def test_urgent_orders_overtake_a_back_fill_that_is_being_delivered():
    """They arrive in the middle of it, by a cycle of their own, and go at the next batch, in the urgent lane."""
    world = make(Fate(), connections={"erp": {"limits": {"calls_per_second": "0.2", "timeout": "5s"}}})
    in_one_second(world)
    calls: list[tuple[str, bool]] = []

    def arrive(call):
        if call.verb != "write":
            return
        calls.append((call.object, is_urgent()))
        if len(calls) == 2:
            for n in range(URGENT):
                world.crm.create("order", {"code": f"O{n:03d}", "name": "order", "phone": ""}, late=0)
            world._cycle_of(world.hub, "urgent", False)
            assert not world.erp.all("order"), "one delivers at a time"

    world.watch["erp"].on_call.append(arrive)
    world.cycle()
    assert len(world.erp.all("order")) == URGENT
    ours = [place for place, call in enumerate(calls) if call == ("order", True)]
    theirs = [place for place, call in enumerate(calls) if call == ("customer", False)]
    assert len(ours) + len(theirs) == len(calls)
    assert len(theirs) >= world.many // 10
    assert max(ours) - 2 <= 4, "at most the rest of the batch in hand goes before them"


def test_urgent_work_goes_on_when_the_calls_of_the_day_for_other_work_are_used_up():
    world = make(Fate())
    in_one_second(world)
    for n in range(URGENT):
        world.crm.create("order", {"code": f"O{n:03d}", "name": "order", "phone": ""}, late=0)

    def quota(call):
        if call.verb == "write" and not is_urgent():
            raise Transient("net.daily_quota", after=36000.0, connection="erp", calls=80, kept=20)

    world.watch["erp"].on_call.append(quota)
    with world.store.begin() as tx:  # also where the mapping itself has been told so
        facts = {"code": "net.daily_quota", "facts": {"kept": "20"}}
        runs.pause_scope(tx, "mapping:erp-order", "net.daily_quota", facts["facts"], tx.later(36000))
    world.cycle()
    world.cycle()
    assert not world.erp.all("customer")
    assert len(world.erp.all("order")) == URGENT
