"""The flood guard stops a flow before its first write, and only above both limits."""

from __future__ import annotations

from books import customers
from world import Fate

K = {"code": "K1", "name": "甲", "phone": "1", "address": "A", "terms": "30"}


def given(known: int, **guard):
    """That many customers, known to both systems."""
    world = customers(Fate(), guard=guard)
    for n in range(known):
        for system in world.systems.values():
            system.create("customer", {**K, "code": f"K{n}"})
    world.sync()
    return world


def edit(world, many: int):
    """Somebody changes that many of them."""
    for record in list(world.crm.all("customer"))[:many]:
        world.crm.edit("customer", record, {"phone": "9"})


def test_above_both_limits_nothing_is_written_until_a_person_agrees():
    world = given(20, records=5, share="10%")
    edit(world, 6)
    world.sync()
    assert world.writes("erp") == []
    (case,) = world.issues()
    assert (case["kind"], case["facts"]["limit"], case["facts"]["known"]) == ("flood", 5, 40)
    assert case["facts"]["writes"] == {"erp-customer": 6}


def test_a_small_number_is_never_a_flood():
    world = given(4, records=5, share="0%")
    edit(world, 4)
    world.sync()
    assert len(world.writes("erp")) == 4


def test_a_small_share_is_never_a_flood():
    world = given(40, records=5, share="20%")
    edit(world, 16)
    world.sync()
    assert len(world.writes("erp")) == 16


def test_links_that_are_due_but_owe_nothing_do_not_count():
    world = given(20, records=5, share="10%")
    for record in list(world.crm.all("customer")):
        world.crm.edit("customer", record, {"phone": "9"})
    for record in list(world.erp.all("customer")):
        world.erp.edit("customer", record, {"phone": "9"})
    world.sync()
    assert world.issues() == []
    assert world.writes("erp") == []
