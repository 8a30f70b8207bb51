"""A plan that is agreed to while it is held: what was read for it stays, and nothing is read a second time."""

from __future__ import annotations

from typing import Any

import pytest
from books import customers
from sqlalchemy import text
from world import Fate, World

from hefu.connectors.memory import Manners
from hefu.core.errors import HubError
from hefu.core.project import Approval
from hefu.engine import applying, plans, rehearse, takeback
from hefu.engine.undo import Scope
from hefu.store import plans as kept

K = {"code": "K1", "name": "甲", "phone": "1", "address": "A", "terms": "30"}
BOTH = ["crm-customer", "erp-customer"]


def everything(world: World, *but: str) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, but those of some."""
    with world.store.look() as tx:
        names = [row[0] for row in tx.run(text("select name from sqlite_master where type = 'table' order by name"))]
        return {n: [tuple(row) for row in tx.run(text(f'select * from "{n}"'))] for n in names if n not in but}


def meeting(fate: Fate | None = None, **more: Any) -> World:
    """Two books that have never met: two customers only here, two only there, two in both."""
    world = customers(fate or Fate(), rules={"phone": {"owner": "crm"}}, **more)
    for n in range(4):
        world.crm.create("customer", {**K, "code": f"K{n}", "phone": f"{n}"})
    for n in range(2, 6):
        world.erp.create("customer", {**K, "code": f"K{n}", "phone": "9"})
    return world


def held(world: World, name: str) -> dict[str, dict[str, Any]]:
    return {str(values["code"]): dict(values) for values in world.systems[name].all("customer").values()}


def agreed(world: World, **more: Any) -> plans.Proposal:
    with plans.proposal(world.hub, BOTH, "li", **more) as offer:
        offer.agree("li")
    return offer


def test_agreed_while_it_is_held_it_is_read_once_and_written_as_signed():
    world = meeting()
    offer = agreed(world)
    assert (offer.kept, offer.seen.writes) == (True, 6)
    assert world.writes("crm") == world.writes("erp") == []
    assert offer.made is not None
    reads = [(s.calls["read"], s.calls["fetch"]) for s in world.systems.values()]

    done = applying.apply(world.hub, offer.made.id, "li", "now")

    assert [(s.calls["read"], s.calls["fetch"]) for s in world.systems.values()] == reads
    assert (done.tally, done.plan.state) == ({"written": 6}, "applied")
    world.mark()
    world.at_rest(2)


def test_what_only_was_supposed_is_gone_and_what_was_read_stays():
    one, other = meeting(), meeting()
    agreed(one)
    with other.hub.run("cycle", "x") as run:
        for name in BOTH:
            applying.worker.read_side(other.hub, other.hub.side(name), run)
    for table in ("golden", "link", "identity_key", "cursor", "intent", "issue", "shard"):
        assert len(everything(one)[table]) == len(everything(other)[table]), table
    assert everything(one)["intent"] == []
    assert {x["state"] for x in one.links()} == {x["state"] for x in other.links()}


def test_without_agreement_only_a_draft_is_left_and_it_can_be_signed_later():
    world = meeting()
    before = everything(world, "plan", "plan_entry", "journal", "hub", "object_schema")
    with plans.proposal(world.hub, BOTH, "li") as offer:
        assert offer.made is not None
    assert not offer.kept
    assert everything(world, "plan", "plan_entry", "journal", "hub", "object_schema") == before
    with world.store.look() as tx:
        assert all(e.link_id is None and e.golden_id is None and e.origin for e in kept.entries(tx, offer.made.id))
    plans.approve(world.hub, offer.made.id, "wang")
    assert applying.apply(world.hub, offer.made.id, "wang").tally == {"written": 6}


def test_where_nothing_would_be_written_what_was_read_may_stay():
    world = meeting()
    world.sync()
    world.env.sleep(60)
    offer = agreed(world)
    assert (offer.made, offer.kept) == (None, True)
    assert world.at_rest(2) is None


def test_an_error_inside_undoes_all_of_it():
    world = meeting()
    before = everything(world, "object_schema")
    with pytest.raises(ZeroDivisionError), plans.proposal(world.hub, BOTH, "li") as offer:
        offer.agree("li")
        raise ZeroDivisionError
    assert everything(world, "object_schema") == before


def test_four_eyes_hold_and_leave_nothing_behind():
    world = meeting()
    flow = world.hub.project.flows["all"]
    world.hub.project.flows["all"] = flow.model_copy(update={"approval": Approval(four_eyes=1)})
    before = everything(world, "object_schema")
    with pytest.raises(HubError) as refused, plans.proposal(world.hub, BOTH, "li") as offer:
        offer.agree("li")
    assert refused.value.code == "plan.four_eyes"
    assert everything(world, "object_schema") == before


def test_a_plan_that_is_not_held_is_read_again():
    world = meeting()
    offer = agreed(world, held=False)
    assert not offer.kept
    assert offer.made is not None
    assert everything(world)["golden"] == []
    assert applying.apply(world.hub, offer.made.id, "li").tally == {"written": 6}


@pytest.mark.parametrize("conditional", ["version", "values", "no"])
def test_what_changes_after_the_agreement_is_refused_record_by_record(conditional: Any):
    world = customers(Fate(), erp=Manners(conditional=conditional))
    for n in range(40):
        for system in (world.crm, world.erp):
            system.create("customer", {**K, "code": f"K{n:02d}", "name": f"客户{n}"})
    world.sync()
    ids = {name: {str(v["code"]): i for i, v in world.systems[name].all("customer").items()} for name in ("crm", "erp")}
    for code in ids["crm"]:
        world.crm.edit("customer", ids["crm"][code], {"phone": f"+86 {code}"}, who="li")
    world.mark()
    offer = agreed(world)
    assert offer.made is not None
    early = [f"K{n:02d}" for n in range(6)]
    for at, code in enumerate(early):
        world.erp.edit("customer", ids["erp"][code], {"phone": "400"} if at % 2 else {"terms": "60"}, who="zhao")
    before = held(world, "erp")

    done = applying.apply(world.hub, offer.made.id, "li", "since")

    assert done.tally == {"written": 34, "changed": 6}
    assert {code: held(world, "erp")[code] for code in early} == {code: before[code] for code in early}
    with world.store.look() as tx:
        found = list(kept.entries(tx, offer.made.id, states=["changed"]))
    assert sorted(e.record_id for e in found) == sorted(ids["erp"][code] for code in early)
    assert all(e.note["found"] for e in found)


def test_cut_off_after_the_agreement_it_is_applied_as_any_plan():
    world = meeting()
    offer = agreed(world)
    assert offer.made is not None
    world.hubs = [world.new_hub()]
    with world.store.look() as tx:
        made = kept.get(tx, offer.made.id)
    assert (made.state, made.approver) == ("approved", "li")
    world.cycle()
    assert world.writes("crm") == world.writes("erp") == [], "everyday work waits for the plan that was agreed to"
    assert applying.apply(world.hub, offer.made.id, "li").tally == {"written": 6}
    world.mark()
    world.at_rest(2)


def test_it_is_taken_back_like_any_plan_lines_and_all():
    world = meeting()
    before = {name: held(world, name) for name in ("crm", "erp")}
    offer = agreed(world)
    assert offer.made is not None
    applying.apply(world.hub, offer.made.id, "li", "now")
    undo = takeback.plan_undo(world.hub, Scope(run=offer.made.id), "li")
    assert undo.plan is not None
    plans.approve(world.hub, undo.plan.id, "wang")
    assert applying.apply(world.hub, undo.plan.id, "wang").tally == {"written": 6}
    assert {name: held(world, name) for name in ("crm", "erp")} == before


def test_a_plan_holds_in_memory_only_what_is_shown(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(rehearse, "ENTRIES_SHOWN", 2)
    monkeypatch.setattr(plans, "PAGE", 2)
    world = meeting()
    seen, made = plans.make(world.hub, BOTH, "li")
    assert (len(seen.entries), seen.writes) == (2, 6)
    assert made is not None
    with world.store.look() as tx:
        assert [e.seq for e in kept.entries(tx, made.id)] == [*range(6)]
        assert kept.digest(tx, made) == made.digest
