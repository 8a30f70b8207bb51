"""People against a delete that was passed on: they bring the record back, edit it, or enter the same code anew."""

from __future__ import annotations

import pytest
from books import customers
from world import Fate

from hefu.connectors.memory import Manners
from hefu.core.errors import Transient, Unsupported
from hefu.engine import desk

K = {"code": "K1", "name": "甲", "phone": "1", "address": "A", "terms": "30"}


def given(rule: str = "propagate", changes: str = "cursor+deletes"):
    """One customer in both systems, which the CRM's people then delete."""
    crm = Manners(create="token", token_field="ref", changes=changes)
    erp = Manners(create="token", token_field="ref", changes=changes)
    world = customers(Fate(), crm=crm, erp=erp, entity={"on_delete": rule})
    ids = world.crm.create("customer", K), world.erp.create("customer", K)
    world.sync()
    world.env.sleep(60)
    world.crm.delete("customer", ids[0])
    return world, *ids


def names(world):
    return [[row["name"] for row in system.all("customer").values()] for system in (world.crm, world.erp)]


@pytest.mark.parametrize(
    ("choice", "crm", "erp"), [("restore", ["甲"], ["甲"]), ("delete", [], []), ("keep", ["甲"], [])]
)
@pytest.mark.parametrize("changes", ["full", "cursor", "cursor+deletes"])
def test_a_record_that_is_restored_after_its_delete_was_passed_on_waits_for_a_person(changes, choice, crm, erp):
    world, c, _ = given(changes=changes)
    world.sync(full=True)
    assert names(world) == [[], []]
    world.crm.restore("customer", c, who="li")
    world.env.sleep(60)
    world.sync(full=True)
    assert names(world) == [["甲"], []]  # neither deleted again, nor made anew behind anybody's back
    (case,) = world.issues()
    assert (case["kind"], case["connection"], case["facts"]["record_id"]) == ("delete_edit", "crm", c)
    world.person(lambda hub: desk.settle_delete(hub, case["id"], choice, "wu"))
    world.sync(full=True)
    assert names(world) == [crm, erp]
    assert world.issues() == []
    if choice != "delete":
        world.crm.edit("customer", c, {"phone": "2"})
        world.sync(full=True)
        assert [row["phone"] for row in world.erp.all("customer").values()] == ["2"][: len(erp)]
        assert world.issues() == []
    if choice != "keep":
        world.at_rest(2)


@pytest.mark.parametrize("choice", ["restore", "delete", "keep", "deactivate"])
def test_an_edit_heard_before_the_delete_is_passed_on_stops_it(choice):
    """The case named the record that is there; "restore" must not make it a second time."""
    world, c, e = given()
    held = []

    def somebody(call):
        if call.verb == "write" and not held:  # the delete is on its way: refused, for the record moved on
            held.append(call)
            world.erp.edit("customer", e, {"phone": "7"}, who="wang")

    world.watch["erp"].on_call.append(somebody)
    world.sync(full=True)
    assert world.erp.get("customer", e)["phone"] == "7"
    (case,) = world.issues()
    assert (case["kind"], case["facts"]["record_id"]) == ("delete_edit", e)
    world.person(lambda hub: desk.settle_delete(hub, case["id"], choice, "wu"))
    world.sync(full=True)
    crm, erp = (system.all("customer") for system in (world.crm, world.erp))
    assert set(erp) == (set() if choice == "delete" else {e})
    assert [row["phone"] for row in crm.values()] == (["7"] if choice in ("restore", "deactivate") else [])
    assert c not in crm
    assert world.issues() == []
    if choice != "keep":
        world.at_rest(2)


def kept_in_both():
    """The customer was deleted in both, and its people restored it in both; a person said "keep" each time."""
    world, c, e = given()
    world.sync(full=True)
    assert names(world) == [[], []]
    world.crm.restore("customer", c, who="li")
    world.erp.restore("customer", e, who="wang")
    world.env.sleep(60)
    world.sync(full=True)
    first, second = world.issues()
    assert {first["connection"], second["connection"]} == {"crm", "erp"}
    for case in (first, second):
        world.person(lambda hub, one=case: desk.settle_delete(hub, one["id"], "keep", "wu"))
    world.sync(full=True)
    return world, c, e, (first, second)


def in_step(world, c, e):
    world.crm.edit("customer", c, {"phone": "9"})
    world.env.sleep(60)
    world.sync()
    return world.erp.get("customer", e)["phone"] == "9"


def test_records_that_are_left_alone_in_both_systems_are_told_until_somebody_decides():
    world, c, e, _ = kept_in_both()
    assert names(world) == [["甲"], ["甲"]]
    (case,) = world.issues()
    assert (case["kind"], case["facts"]["code"]) == ("delete_edit", "hub.kept_apart")
    assert case["facts"]["facts"] == {"records": f"crm {c}, erp {e}"}
    assert not in_step(world, c, e)
    world.person(lambda hub: desk.settle_delete(hub, case["id"], "restore", "wu"))
    world.sync(full=True)
    assert in_step(world, c, e)
    assert world.issues() == []
    world.at_rest(2)


@pytest.mark.parametrize("which", [0, 1])
def test_who_said_keep_may_decide_otherwise_later(which):
    world, c, e, kept = kept_in_both()
    (case,) = world.issues()
    world.person(lambda hub: desk.settle_delete(hub, case["id"], "keep", "wu"))
    world.sync(full=True)
    assert world.issues() == []
    assert not in_step(world, c, e)
    world.person(lambda hub: desk.settle_delete(hub, kept[which]["id"], "restore", "wu"))
    world.sync(full=True)
    assert in_step(world, c, e)
    world.at_rest(2)
    with pytest.raises(Unsupported, match=r"desk\.closed"):  # it is not as it was left any more
        desk.settle_delete(world.hub, kept[1 - which]["id"], "delete", "wu")


def test_what_was_kept_in_one_system_is_in_step_again_when_the_object_is_restored():
    world, c, e = given()
    world.sync(full=True)
    world.crm.restore("customer", c, who="li")
    world.erp.restore("customer", e, who="wang")
    world.env.sleep(60)
    world.sync(full=True)
    cases = {case["connection"]: case["id"] for case in world.issues()}
    world.person(lambda hub: desk.settle_delete(hub, cases["crm"], "keep", "wu"))
    world.person(lambda hub: desk.settle_delete(hub, cases["erp"], "restore", "wu"))
    world.sync(full=True)
    assert in_step(world, c, e)
    assert world.issues() == []
    world.at_rest(2)


def test_what_is_entered_anew_under_the_code_of_a_deleted_one_is_another_object():
    world, c, e = given()
    world.sync(full=True)
    old = {row["golden_id"] for row in world.links()}
    again = world.crm.create("customer", {**K, "name": "新"})
    world.sync(full=True)
    assert names(world) == [["新"], ["新"]]
    assert world.issues() == []
    assert {row["golden_id"] for row in world.links() if row["record_id"] == again}.isdisjoint(old)
    assert {*world.crm.all("customer"), *world.erp.all("customer")}.isdisjoint({c, e})
    world.at_rest(2)


def test_what_is_entered_anew_while_the_delete_is_under_way_is_not_deleted_with_it():
    world, _, e = given()
    entered = []

    def somebody(call):
        if call.verb == "write" and not entered:
            entered.append(world.crm.create("customer", {**K, "name": "新"}))
            raise Transient("memory.unreachable", system="erp")

    world.watch["erp"].on_call.append(somebody)
    world.sync(full=True)
    assert names(world) == [["新"], []]
    cases = {case["kind"]: case for case in world.issues()}
    assert cases.keys() == {"delete_edit", "conflict"}
    assert cases["delete_edit"]["facts"]["record_id"] == entered[0]
    world.person(lambda hub: desk.settle_delete(hub, cases["delete_edit"]["id"], "restore", "wu"))
    world.person(lambda hub: desk.settle_conflict(hub, cases["conflict"]["id"], "theirs", None, "wu"))
    world.sync(full=True)
    assert names(world) == [["新"], ["新"]]
    assert e not in world.erp.all("customer")
    world.at_rest(2)


def test_a_case_about_a_delete_ends_when_the_record_is_there_again():
    world, c, _ = given("ask")
    world.sync(full=True)
    assert [case["kind"] for case in world.issues()] == ["deleted"]
    world.crm.restore("customer", c)
    world.env.sleep(60)
    world.sync(full=True)
    assert world.issues() == []
    world.at_rest(2)


def test_a_case_about_a_delete_ends_when_the_record_is_entered_anew():
    world, c, e = given("ask")
    world.sync(full=True)
    again = world.crm.create("customer", {**K, "phone": "2"})
    world.env.sleep(60)
    world.sync(full=True)
    assert [case["kind"] for case in world.issues()] == ["conflict"]  # of the phone alone
    assert set(world.crm.all("customer")) == {again} != {c}
    assert set(world.erp.all("customer")) == {e}
