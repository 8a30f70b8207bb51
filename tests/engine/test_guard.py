"""The flood guard stops a flow before its first write, and only above both limits."""

from __future__ import annotations

from decimal import Decimal

import pytest
from books import customers
from sqlalchemy import select
from world import Fate

from hefu.engine import desk, guard
from hefu.store.tables import golden, link, run

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


# ------------------------------------------------------------------- each limit


def met(kind: str, many: int, known: int = 20, **guard):
    """A world whose ERP is to be created, changed, blanked or deleted that many records of, under this guard."""
    world = given(known, **{"records": 1000, "blanks": None, "blank_share": None, "deletes": 1000, **guard})
    records = list(world.crm.all("customer"))[:many]
    if kind == "creates":
        for n in range(many):
            world.crm.create("customer", {**K, "code": f"N{n}"})
    for record in records if kind in ("changes", "blanks") else ():
        world.crm.edit("customer", record, {"phone": "" if kind == "blanks" else "9"})
    if kind == "deletes":
        gone = world.links(connection="crm")[:many]
        with world.store.begin() as tx:
            for row in gone:
                tx.run(golden.update().where(golden.c.id == row["golden_id"]).values(state="deleted"))
                tx.run(link.update().where(link.c.golden_id == row["golden_id"]).values(due_at=tx.now()))
                tx.run(link.update().where(link.c.id == row["id"]).values(state="tombstone", due_at=None))
    world.mark()
    world.sync()
    return world


@pytest.mark.parametrize("kind", ["creates", "changes", "blanks", "deletes"])
def test_a_limit_lets_through_what_just_does_not_cross_it_and_stops_one_more(kind):
    calm = met(kind, 5, **{kind: 5, SHARES[kind]: "0%"})
    assert len(calm.writes("erp")) == 5
    assert calm.issues("flood") == []
    world = met(kind, 6, **{kind: 5, SHARES[kind]: "0%"})
    assert world.writes("erp") == []
    (case,) = world.issues("flood")
    facts = case["facts"]
    assert facts["code"] == f"guard.{kind}"
    assert (facts["found"], facts["limit"], facts["crossed"]) == (6, 5, [kind])
    assert facts["counts"][COUNTED[kind]] == 6
    assert len(facts["samples"]) == 5
    assert facts["run"]
    assert runs_of(world, facts["run"]) == ["cycle"]


@pytest.mark.parametrize("kind", ["creates", "changes", "blanks", "deletes"])
def test_a_share_of_known_records_is_allowed_above_the_number(kind):
    """20 customers in two systems are 40 known records: a tenth of them is 4."""
    known = {"creates": 44}.get(kind, 40)  # those that the other system holds already are known by then
    at_most = known // 10
    assert met(kind, at_most, **{kind: 1, SHARES[kind]: "10%"}).issues("flood") == []
    assert len(met(kind, at_most + 1, **{kind: 1, SHARES[kind]: "10%"}).issues("flood")) == 1


SHARES = {"creates": "create_share", "changes": "change_share", "blanks": "blank_share", "deletes": "delete_share"}
COUNTED = {"creates": "created", "changes": "changed", "blanks": "blanked", "deletes": "deleted"}


def runs_of(world, run_id):
    with world.store.look() as tx:
        return list(tx.run(select(run.c.kind).where(run.c.id == run_id)).scalars())


def test_the_incident_shows_fields_and_values_before_and_after():
    world = met("blanks", 3, blanks=2, blank_share="0%")
    (case,) = world.issues("flood")
    assert case["facts"]["emptied"] == {"phone": 3}
    assert [sample["fields"] for sample in case["facts"]["samples"]] == [{"phone": ["1", None]}] * 3


def test_blanks_are_limited_without_being_asked_for():
    """A mapping that empties a field everywhere is the most common way to lose data."""
    world = given(60, records=1000)
    for record in list(world.crm.all("customer"))[:21]:
        world.crm.edit("customer", record, {"phone": ""})
    world.sync()
    assert world.writes("erp") == []
    assert [case["facts"]["code"] for case in world.issues()] == ["guard.blanks"]


# ---------------------------------------------------------------------- amounts


def priced(**guard):
    """Three products at 100.00 in both systems; `guard` limits how far prices move."""
    money = {"type": "money", "currency": "CNY"}
    world = customers(Fate(), {"terms": money}, guard={"records": 1000, **guard})
    for n in range(3):
        for system in world.systems.values():
            system.create("customer", {**K, "code": f"K{n}", "terms": Decimal("100")})
    world.sync()
    world.mark()
    return world


def reprice(world, *amounts: str):
    for record, amount in zip(list(world.crm.all("customer")), amounts, strict=False):
        world.crm.edit("customer", record, {"terms": Decimal(amount)})
    world.sync()
    return world


def test_one_amount_may_move_as_far_as_the_limit_and_no_farther():
    assert len(reprice(priced(movement="50%"), "150", "50").writes("erp")) == 2
    world = reprice(priced(movement="50%"), "150.01")
    assert world.writes("erp") == []
    (case,) = world.issues("flood")
    assert case["facts"]["code"] == "guard.movement"
    assert case["facts"]["samples"][0]["fields"] == {"terms": ["100", "150.01"]}
    assert case["facts"]["movement"] == {"largest": "0.5001", "totals": {"CNY": "50.01"}}


def test_all_amounts_together_may_move_as_far_as_the_limit_and_no_farther():
    assert len(reprice(priced(movement_total="30"), "110", "90", "110").writes("erp")) == 3
    world = reprice(priced(movement_total="30"), "110", "90", "110.01")
    assert world.writes("erp") == []
    assert [case["facts"]["code"] for case in world.issues()] == ["guard.movement_total"]


# -------------------------------------------------------------------- decisions


def test_resumed_without_a_decision_it_is_measured_anew_and_stops_again():
    world = met("changes", 6, changes=5, change_share="0%")
    assert desk.resume(world.hub, "flow:all", "wu")
    assert world.issues() == []
    world.sync()
    assert world.writes("erp") == []
    assert len(world.issues("flood")) == 1


def test_resumed_after_the_cause_is_gone_it_goes_on():
    world = met("changes", 6, changes=5, change_share="0%")
    for record in list(world.crm.all("customer"))[:2]:
        world.crm.edit("customer", record, {"phone": "1"})
    desk.resume(world.hub, "flow:all", "wu")
    world.sync()
    assert len(world.writes("erp")) == 4
    assert world.issues() == []


def test_approved_it_does_what_it_was_stopped_for_and_is_guarded_again():
    world = met("changes", 6, changes=5, change_share="0%")
    desk.resume(world.hub, "flow:all", "wu", approve=True)
    world.sync()
    assert len(world.writes("erp")) == 6
    edit(world, 7)
    for record in list(world.crm.all("customer"))[:7]:
        world.crm.edit("customer", record, {"phone": "8"})
    world.sync()
    assert len(world.writes("erp")) == 6, "the approval was for what was due then"
    assert len(world.issues("flood")) == 1


def test_more_than_was_approved_stops_again():
    world = met("changes", 6, changes=5, change_share="0%")
    desk.resume(world.hub, "flow:all", "wu", approve=True)
    for record in list(world.crm.all("customer"))[6:9]:
        world.crm.edit("customer", record, {"phone": "8"})
    world.sync()
    assert world.writes("erp") == []
    assert world.issues("flood")[0]["facts"]["found"] == 9


def test_deletes_that_were_approved_are_passed_on_without_a_second_question():
    world = customers(Fate(), entity={"on_delete": "propagate"}, guard={"records": 3, "share": "0%", "deletes": 2,
                                                                        "delete_share": "0%"})  # fmt: skip
    for n in range(6):
        for system in world.systems.values():
            system.create("customer", {**K, "code": f"K{n}"})
    world.sync()
    for record in list(world.crm.all("customer"))[:4]:
        world.crm.delete("customer", record)
    world.sync(full=True)
    assert world.writes("erp") == []
    desk.resume(world.hub, "deletes:crm-customer", "wu")
    world.sync()
    assert len(world.erp.all("customer")) == 2
    assert world.issues("flood") == []


def test_a_quiet_flow_is_measured_without_looking_at_records(monkeypatch):
    world = given(30, records=20)
    edit(world, 20)
    monkeypatch.setattr(guard, "_weigh", lambda *_: pytest.fail("no record is looked at"))
    world.sync()
    assert len(world.writes("erp")) == 20
