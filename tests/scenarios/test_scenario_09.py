"""Scenario 9. A twentieth of the ERP's customers is not in today's answer: gone, or just not shown?

Absence alone deletes nothing. Each missing record is looked at singly, the drop stops the handling of deletes and of
nothing else, and the cause is named: deleted, no rights, an incomplete answer, a tighter filter.
"""

from __future__ import annotations

import pytest
from books import customers
from world import FATES, Fate, World, kill_everywhere, tell

from hefu.connectors.memory import Manners
from hefu.core.errors import Denied
from hefu.engine import desk

MANY, FEW = 8000, 400
SCOPE = "deletes:erp-customer"


def small(fate: Fate) -> World:
    """100 customers, 5 of them in organisation B."""
    return make(fate, 100)


def full_size(fate: Fate) -> World:
    """8,000 customers, 400 of them in organisation B."""
    return make(fate, MANY)


def make(fate: Fate, many: int) -> World:
    """Both systems know all customers; the ERP tells no deletes; more than 1 % missing must not go unasked."""
    erp = Manners(create="token", token_field="ref", changes="full", page=many // 20)
    rules = {"active": {"type": "boolean"}, "zone": {"type": "text"}}
    policy = {"on_delete": "deactivate", "deactivate": {"active": False}}
    guard = {"records": 100_000, "deletes": 2, "delete_share": "1%"}
    world = customers(fate, rules, erp=erp, entity=policy, create=False, guard=guard)
    world.many, world.few = many, many // 20
    for n in range(many):
        values = {"code": f"K{n:05d}", "name": f"客户 {n}", "phone": "0", "active": True, "zone": "north"}
        values["zone"] = "south" if n < world.few else "north"
        world.crm.create("customer", values, record_id=f"c{n:05d}")
        place = "B" if n < world.few else "A"
        world.erp.create("customer", values, record_id=f"e{n:05d}", organisation=place)
    return world


def known(world: World) -> None:
    """Given all customers known, and nothing written for it."""
    world.sync()
    assert len(world.links(state="active")) == 2 * world.many
    assert world.writes("crm") == world.writes("erp") == []
    world.env.sleep(60)


def nothing_was_lost(world: World) -> None:
    """Nothing was deleted or switched off in the CRM."""
    assert all(row["active"] for row in world.crm.all("customer").values())
    assert not [e for e in world.writes("crm") if e.verb == "delete" or "active" in e.after]


def paused_for(world: World, cause: str) -> None:
    """Only the handling of deletes stands still, and says why; edits flow on."""
    assert cause in {case["facts"]["cause"] for case in world.issues("flood", state=None)}
    nothing_was_lost(world)
    last = f"c{world.many - 1:05d}"
    world.crm.edit("customer", last, {"phone": "flows on"}, who="li")
    world.sync()
    assert world.erp.get("customer", f"e{world.many - 1:05d}", "A")["phone"] == "flows on"


def deleted(world: World):
    # Given 400 of 8,000 customers that the ERP's people deleted, one of which the CRM's people edit
    known(world)
    for n in range(world.few):
        world.erp.delete("customer", f"e{n:05d}", organisation="B")
    # (the others of their organisation stay, so that it is not a matter of rights)
    world.erp.create("customer", {"code": "B1", "name": "B", "active": True}, record_id="eB", organisation="B")
    world.crm.create("customer", {"code": "B1", "name": "B", "active": True}, record_id="cB")
    world.crm.edit("customer", "c00000", {"phone": "P1"}, who="li")
    fetched = world.erp.calls["fetch"]
    world.sync(full=True)
    # Then each of them was looked at singly, and a person is asked before anything is switched off
    assert world.erp.calls["fetch"] - fetched >= world.few
    paused_for(world, "deleted")
    (case,) = world.issues("flood")
    assert (case["facts"]["missing"], case["facts"]["surely_gone"]) == (world.few, world.few)

    # When the person agrees
    world.mark()
    world.person(lambda hub: desk.resume(hub, SCOPE, "steward"))
    world.sync(full=True)
    # Then the CRM's are switched off, not deleted, and the edited one is a conflict of delete against edit
    off = {e.id for e in world.writes("crm") if e.after == {"active": False}}
    assert off == {f"c{n:05d}" for n in range(1, world.few)}
    assert len(world.crm.all("customer")) == world.many + 1
    assert [(c["kind"], c["facts"]["record_id"]) for c in world.issues()] == [("delete_edit", "e00000")]
    assert world.crm.get("customer", "c00000")["phone"] == "P1"


def without_rights(world: World, says_so: bool = False):
    # Given the hub's account lost its rights to one organisation
    known(world)
    hidden = [True]

    def hide(call):
        if hidden and call.verb == "read":
            page, *rest = call.result
            call.result = (page._replace(records=[r for r in page.records if r.organisation != "B"]), *rest)
        elif hidden and call.verb == "fetch":
            if says_so and any(r.organisation == "B" for r in call.result):
                raise Denied("memory.no_right", system="erp", user="hub", object="customer")
            call.result = [r for r in call.result if r.organisation != "B"]

    world.watch["erp"].on_answer.append(hide)
    world.sync(full=True)
    # Then the organisation is named as the cause
    paused_for(world, "rights" if says_so else "organisation")
    # When the rights are back
    hidden.clear()
    world.mark()
    world.sync(full=True)
    # Then all is well again, without a single write
    assert world.writes("crm") == world.writes("erp") == []
    assert world.issues() == []
    assert len(world.links(mapping="erp-customer", state="active")) == world.many


def without_rights_and_told_so(world: World):
    without_rights(world, says_so=True)


def an_empty_page(world: World):
    # Given page 5 of 20 comes back empty, with status 200
    known(world)
    pages = []

    def empty(call):
        if call.verb == "read" and len(pages) < 5:
            pages.append(call.number)
            if len(pages) == 5:
                page, *rest = call.result
                call.result = (page._replace(records=[]), *rest)

    world.watch["erp"].on_answer.append(empty)
    world.cycle(full=True)
    # Then the records are found to be there, one by one, and the incomplete answer is named
    world.sync()
    if world.fate.kill_at is None and world.fate.workers == 1:  # else another reading has healed it already
        paused_for(world, "incomplete_read")
    nothing_was_lost(world)
    assert world.issues() == []
    assert len(world.links(mapping="erp-customer", state="active")) == world.many


def a_tighter_filter(world: World):
    # Given somebody tightens the mapping's filter
    known(world)
    world.mappings[1]["filter"] = 'zone == "north"'
    world.version += 1
    world.hubs = [world.new_hub() for _ in world.hubs]
    world.sync(full=True)
    # Then the filter is named, and nothing happens in the CRM
    paused_for(world, "filter")
    # and when a person agrees, those records are left alone, in both systems
    world.mark()
    world.person(lambda hub: desk.resume(hub, SCOPE, "steward"))
    world.crm.edit("customer", "c00000", {"phone": "alone"}, who="li")
    world.sync(full=True)
    nothing_was_lost(world)
    assert world.issues() == []
    assert world.erp.get("customer", "e00000", "B")["phone"] == "0"


TOLD = [deleted, without_rights, without_rights_and_told_so, an_empty_page, a_tighter_filter]


@pytest.mark.parametrize("fate", FATES, ids=str)
@pytest.mark.parametrize("told", TOLD)
def test_scenario_09(fate, told):
    tell(told, small, fate)


@pytest.mark.full
@pytest.mark.parametrize("told", TOLD)
def test_scenario_09_at_full_size(told):
    tell(told, full_size, Fate())


@pytest.mark.parametrize("told", TOLD)
def test_scenario_09_with_the_hub_killed_at_any_step(told):
    kill_everywhere(told, small, at_most=5)
