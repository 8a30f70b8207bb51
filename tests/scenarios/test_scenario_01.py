"""Scenario 1. Two people edit different fields of the same customer, in two systems, between two cycles.

Both edits survive, each system is written at most once, nobody is asked, and the story names who did what.
"""

from __future__ import annotations

import pytest
from books import customers
from world import FATES, Fate, World, kill_everywhere, tell, undisturbed

from hefu.store.db import from_json

OWNERS = {"phone": {"owner": "crm"}, "terms": {"owner": "erp"}}


def make(fate: Fate) -> World:
    """The CRM owns the phone, the ERP the payment terms, the address belongs to both."""
    return customers(fate, OWNERS)


def story(world: World, address_by: str = "crm"):
    # Given customer K, linked, with phone P0, address A0 and 30 days in both systems
    k = {"code": "K", "name": "甲公司", "phone": "P0", "address": "A0", "terms": "30"}
    in_crm, in_erp = world.crm.create("customer", k, who="li"), world.erp.create("customer", k, who="wang")
    world.sync()
    world.mark()

    # When, between two cycles, the CRM gets phone P1, the ERP 60 days, and one of the two address A1
    world.env.sleep(60)
    world.crm.edit("customer", in_crm, {"phone": "P1"}, who="li")
    world.erp.edit("customer", in_erp, {"terms": "60"}, who="wang")
    if address_by == "crm":
        world.crm.edit("customer", in_crm, {"address": "A1"}, who="chen")
    else:
        world.erp.edit("customer", in_erp, {"address": "A1"}, who="chen")
    world.sync()

    # Then both hold P1, A1 and 60
    wanted = {"code": "K", "name": "甲公司", "phone": "P1", "address": "A1", "terms": "60"}
    for system in world.systems.values():
        (only,) = system.all("customer").values()
        assert {n: only[n] for n in wanted} == wanted
    # and each system was written at most once
    assert len(world.writes("crm")) <= 1
    assert len(world.writes("erp")) <= 1
    # and nobody is asked
    assert world.issues() == []
    # and the base moved field by field: what each system was told is what both now hold
    assert [from_json(x["told"]) for x in world.links()] == [wanted, wanted]
    # and the story shows three changes of fields with those who made them
    moved = sorted(
        (name, before, after, row["connection"], row["author"])
        for row in world.story()
        if row["kind"] == "changed"
        for name, (before, after) in row["moved"].items()
    )
    assert [m[:4] for m in moved] == [
        ("address", "A0", "A1", address_by),
        ("phone", "P0", "P1", "crm"),
        ("terms", "30", "60", "erp"),
    ]
    # (of two people who edit one record between two readings, a system tells the last one)
    assert {m[4] for m in moved} <= {"li", "wang", "chen"}
    assert next(m[4] for m in moved if m[0] == "address") == "chen"
    return moved


def by_the_erp(world: World):
    return story(world, address_by="erp")


@pytest.mark.parametrize("fate", FATES, ids=str)
@pytest.mark.parametrize("told", [story, by_the_erp])
def test_scenario_01(fate, told):
    assert tell(told, make, fate) == undisturbed(told, make)


def test_scenario_01_with_the_hub_killed_at_every_step():
    assert kill_everywhere(story, make) >= 20
