"""The desk: what a person decides, and what happens if they decide something else than was asked."""

from __future__ import annotations

import pytest
from books import customers, held
from world import Fate

from hefu.connectors.memory import Manners
from hefu.core.errors import Rejected, Unsupported
from hefu.engine import desk, undo
from hefu.engine.rehearse import rehearse

K = {"code": "K1", "name": "甲", "phone": "1", "address": "A", "terms": "30"}


def conflict():
    """A customer whose phone both changed."""
    world = customers(Fate())
    c, e = world.crm.create("customer", K), world.erp.create("customer", K)
    world.sync()
    world.crm.edit("customer", c, {"phone": "2"}, who="li")
    world.erp.edit("customer", e, {"phone": "3"}, who="wang")
    world.sync()
    (case,) = world.issues()
    return world, case


@pytest.mark.parametrize(("take", "value", "phone"), [("ours", None, "2"), ("theirs", None, "3"), ("value", "4", "4")])
def test_a_decision_reaches_those_who_do_not_hold_it(take, value, phone):
    world, case = conflict()
    desk.settle_conflict(world.hub, case["id"], take, value, "wu")
    world.sync()
    assert held(world, "crm", "phone") == held(world, "erp", "phone") == phone
    assert (len(world.writes("crm")), len(world.writes("erp"))) == {"2": (0, 1), "3": (1, 0), "4": (1, 1)}[phone]
    (closed,) = world.issues(state=None)
    assert (closed["state"], closed["closed_by"], closed["decision"]) == ("closed", "wu", take)
    world.at_rest(2)


def test_a_decision_is_owed_to_nobody_who_holds_it_by_now():
    """Three changed a phone, two of them alike: a decision for these two is news to the third alone."""
    world = customers(Fate(), others=("shop",))
    phones = {"crm": "3", "erp": "2", "shop": "2"}
    ids = {name: world.systems[name].create("customer", K) for name in phones}
    world.sync()
    for name, phone in phones.items():
        world.systems[name].edit("customer", ids[name], {"phone": phone}, who="li")
    world.sync()
    first, second = world.issues()
    assert {first["connection"], second["connection"]} == {"erp", "shop"}
    desk.settle_conflict(world.hub, first["id"], "theirs", None, "wu")
    plan = rehearse(world.hub, [f"{name}-customer" for name in phones])
    assert [(e.connection, e.fields) for e in plan.entries] == [("crm", {"phone": ["3", "2"]})]
    world.sync()
    assert {name: len(world.writes(name)) for name in phones} == {"crm": 1, "erp": 0, "shop": 0}
    world.at_rest(2)


def test_a_decision_can_be_taken_back():
    world, case = conflict()
    desk.settle_conflict(world.hub, case["id"], "theirs", None, "wu")
    world.sync()
    assert undo.undo_last(world.hub, case["golden_id"], "wu").restored == {"phone": ["3", "2"]}
    world.sync()
    assert held(world, "crm", "phone") == held(world, "erp", "phone") == "2"


def test_errors_are_clear():
    world, case = conflict()
    with pytest.raises(Unsupported, match=r"desk\.no_issue"):
        desk.settle_conflict(world.hub, "nothing", "ours", None, "wu")
    with pytest.raises(Unsupported, match=r"desk\.no_issue"):
        desk.retry(world.hub, case["id"], "wu")
    with pytest.raises(Unsupported, match=r"desk\.choice"):
        desk.settle_conflict(world.hub, case["id"], "mine", None, "wu")
    desk.settle_conflict(world.hub, case["id"], "ours", None, "wu")
    with pytest.raises(Unsupported, match=r"desk\.closed"):
        desk.settle_conflict(world.hub, case["id"], "theirs", None, "wu")


def refused():
    """A customer whose phone the ERP refuses."""

    def rule(_before, after):
        return Rejected("erp.refused", field="phone") if after["phone"] == "bad" else None

    world = customers(Fate(), erp=Manners(create="token", token_field="ref", rules=(rule,)))
    c = world.crm.create("customer", {**K, "phone": "bad"})
    world.sync()
    (case,) = world.issues()
    return world, c, case


def test_a_refused_write_goes_again_with_better_values():
    world, c, case = refused()
    desk.retry(world.hub, case["id"], "wu", {"phone": "5"})
    world.sync()
    assert held(world, "erp", "phone") == world.crm.get("customer", c)["phone"] == "5"
    assert world.issues() == []
    world.at_rest(2)


def test_a_refused_write_is_skipped_with_a_reason_and_the_next_edit_goes():
    world, c, case = refused()
    desk.skip(world.hub, case["id"], "not needed there", "wu")
    world.sync()
    (skipped,) = world.issues(state=None)
    assert (skipped["state"], skipped["decision"]) == ("skipped", "not needed there")
    assert world.erp.all("customer") == {}
    world.crm.edit("customer", c, {"phone": "6"})
    world.sync()
    assert held(world, "erp", "phone") == "6"


def test_a_paused_flow_goes_on_when_somebody_says_so():
    world = customers(Fate(), guard={"records": 2, "share": "10%"})
    for n in range(5):
        world.crm.create("customer", {**K, "code": f"K{n}"})
    world.sync()
    (case,) = world.issues()
    assert (case["kind"], case["facts"]["writes"]) == ("flood", {"erp-customer": 5})
    assert world.erp.all("customer") == {}
    assert desk.resume(world.hub, "flow:all", "wu")
    world.cycle(guarded=False)
    assert len(world.erp.all("customer")) == 5
    assert not desk.resume(world.hub, "flow:all", "wu")


def test_an_edit_that_its_people_take_back_is_no_conflict_any_more():
    """They hold what they were told again: nobody contradicts, so they are told the other value."""
    world, case = conflict()
    (erp,) = world.erp.all("customer")
    world.erp.edit("customer", erp, {"phone": "1"}, who="wang")
    world.sync()
    assert world.issues() == []
    assert held(world, "crm", "phone") == held(world, "erp", "phone") == "2"
    (closed,) = world.issues(state=None)
    assert (closed["id"], closed["closed_by"], closed["decision"]) == (case["id"], "hub", "agreed")
    world.at_rest(2)
