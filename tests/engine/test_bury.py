"""Deletes: four rules, told or found missing, and what happens to somebody who edited meanwhile."""

from __future__ import annotations

import pytest
from books import customers
from world import Fate

from hefu.connectors.memory import Manners
from hefu.engine import desk

K = {"code": "K1", "name": "甲", "phone": "1", "address": "A", "terms": "30", "active": True}
CHANGES = ["full", "cursor", "cursor+deletes"]


def given(rule: str, changes: str = "cursor+deletes"):
    """One customer in both systems."""
    crm = Manners(create="token", token_field="ref", changes=changes)
    policy = {"on_delete": rule, "deactivate": {"active": False}}
    world = customers(Fate(), {"active": {"type": "boolean"}}, crm=crm, entity=policy)
    ids = world.crm.create("customer", K), world.erp.create("customer", K)
    world.sync()
    world.env.sleep(60)
    return world, *ids


@pytest.mark.parametrize("changes", CHANGES)
def test_propagate(changes):
    world, c, _ = given("propagate", changes)
    world.crm.delete("customer", c)
    world.sync(full=True)
    assert world.erp.all("customer") == {}
    world.at_rest(2)


@pytest.mark.parametrize("changes", CHANGES)
def test_deactivate(changes):
    world, c, e = given("deactivate", changes)
    world.crm.delete("customer", c)
    world.sync(full=True)
    assert world.erp.get("customer", e)["active"] is False
    assert [x.after for x in world.writes("erp")] == [{"active": False}]


def test_ignore():
    world, c, e = given("ignore")
    world.crm.delete("customer", c)
    world.sync(full=True)
    assert world.erp.get("customer", e) is not None
    assert world.writes("erp") == world.issues() == []


@pytest.mark.parametrize(
    ("choice", "crm", "erp"), [("delete", 0, 0), ("deactivate", 0, 1), ("restore", 1, 1), ("keep", 0, 1)]
)
def test_ask(choice, crm, erp):
    world, c, e = given("ask")
    world.crm.delete("customer", c)
    world.sync()
    (case,) = world.issues()
    assert (case["kind"], world.writes("erp")) == ("deleted", [])
    world.person(lambda hub: desk.settle_delete(hub, case["id"], choice, "wu"))
    world.sync()
    assert (len(world.crm.all("customer")), len(world.erp.all("customer"))) == (crm, erp)
    assert world.issues() == []
    if choice == "deactivate":
        assert world.erp.get("customer", e)["active"] is False


@pytest.mark.parametrize("rule", ["propagate", "deactivate", "ask"])
def test_an_edit_against_a_delete_is_for_a_person(rule):
    world, c, e = given(rule)
    world.crm.delete("customer", c)
    world.erp.edit("customer", e, {"phone": "2"}, who="wang")
    world.sync()
    assert [case["kind"] for case in world.issues()] == ["delete_edit"]
    assert world.erp.get("customer", e)["phone"] == "2"
    assert world.writes("erp") == []


def test_a_record_that_comes_back_is_the_same_object():
    world, c, e = given("ask")
    world.crm.delete("customer", c)
    world.sync()
    world.crm.restore("customer", c)
    world.env.sleep(60)
    world.crm.edit("customer", c, {"phone": "2"})
    world.sync()
    assert world.erp.get("customer", e)["phone"] == "2"
    assert len(world.erp.all("customer")) == 1


def test_deleting_in_one_system_what_the_other_deleted_too():
    world, c, e = given("propagate")
    world.crm.delete("customer", c)
    world.erp.delete("customer", e)
    world.sync(full=True)
    assert world.writes("crm") == world.writes("erp") == []
    world.at_rest(2)


@pytest.mark.parametrize("changes", CHANGES)
def test_a_merge_in_one_system_deletes_nothing_elsewhere_and_asks(changes):
    """Its id leads to the winner, and the winner is another object: neither a delete nor still the same record."""
    world, c, e = given("propagate", changes)
    other = world.crm.create("customer", {**K, "code": "K2"})
    world.sync()
    world.crm.merge("customer", other, c)
    world.sync(full=True)
    assert set(world.erp.all("customer")) > {e}
    (case,) = world.issues("duplicate")
    assert (case["facts"]["record_id"], case["facts"]["merged_into"]) == (c, other)
    world.crm.edit("customer", other, {"name": "乙"})
    world.sync()
    assert world.erp.get("customer", e)["name"] == "甲"


@pytest.mark.parametrize("conditional", ["version", "values", "no"])
def test_what_is_typed_into_a_record_that_is_about_to_be_deleted_is_heard(conditional):
    """Between our last look and the delete that is passed on; a system that checks no version is looked at first."""
    policy, plain = {"on_delete": "propagate"}, {n: v for n, v in K.items() if n != "active"}
    crm, erp = (Manners(create="token", token_field="ref", conditional=c) for c in ("version", conditional))
    world = customers(Fate(), crm=crm, erp=erp, entity=policy)
    c, e = (system.create("customer", plain) for system in (world.crm, world.erp))
    world.sync()

    def somebody(call):
        if call.verb == "fetch" and not world.issues() and world.erp.get("customer", e)["name"] == "甲":
            world.erp.edit("customer", e, {"name": "乙"})

    world.watch["crm"].on_call.append(somebody)
    world.crm.delete("customer", c)
    world.sync()
    assert [row["moved"]["name"] for row in world.story() if row["kind"] == "changed"] == [["甲", "乙"]]
    assert [case["kind"] for case in world.issues()] == ["delete_edit"]
