"""Writes whose answer never came, at every kind of write: the hub looks, and does it again only if it must."""

from __future__ import annotations

import pytest
from books import TEXTS, customers
from sqlalchemy import select
from world import Fate, World

from hefu.connectors.memory import Action, Manners
from hefu.core.errors import Unanswered
from hefu.core.records import Field, FieldType
from hefu.engine import desk
from hefu.store.tables import intent

K = {"code": "K1", "name": "甲", "phone": "1", "address": "A", "terms": "30"}
MADE = {"token": {"create": "token", "token_field": "ref"}, "key": {"create": "key"}, "upsert": {"create": "upsert"}}


def lose(world: World, when: str, verbs=("write", "call"), times: int = 1):
    """The ERP's answer to the next write is lost, after it happened or before it arrived."""
    left = [times]

    def fault(call):
        if call.verb in verbs and left[0]:
            left[0] -= 1
            raise Unanswered("net.cut", connection="erp")

    acts = world.watch["erp"].on_call if when == "before" else world.watch["erp"].on_answer
    acts.append(fault)


def states(world: World):
    with world.store.look() as tx:
        return [tuple(row) for row in tx.run(select(intent.c.kind, intent.c.state).order_by(intent.c.id))]


@pytest.mark.parametrize("lag", [0.0, 30.0])
@pytest.mark.parametrize("how", MADE)
@pytest.mark.parametrize("when", ["before", "after"])
def test_a_create_is_never_doubled(how, when, lag):
    world = customers(Fate(), erp=Manners(**MADE[how], lag=lag))
    lose(world, when)
    world.crm.create("customer", K)
    world.cycle()
    assert states(world) == [("create", "unknown")]
    world.sync(seconds=5)
    assert [row["code"] for row in world.erp.all("customer").values()] == ["K1"]
    expected = ["failed", "applied"] if when == "before" else ["applied"]
    if how == "upsert" and when == "after" and lag:
        expected = ["failed", "applied"]  # repeating it is safe there, so nobody waits for the search
    assert [state for _, state in states(world)] == expected
    world.at_rest(2)


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_update_is_made_once(when):
    world = customers(Fate())
    c, _ = world.crm.create("customer", K), world.erp.create("customer", K)
    world.sync()
    lose(world, when)
    world.crm.edit("customer", c, {"phone": "2"})
    world.sync(seconds=5)
    assert [e.after for e in world.writes("erp")] == [{"phone": "2"}]
    assert [state for _, state in states(world)] == (["failed", "applied"] if when == "before" else ["applied"])
    world.at_rest(2)


@pytest.mark.parametrize("when", ["before", "after"])
def test_an_edit_between_the_lost_answer_and_the_look_is_kept(when):
    world = customers(Fate())
    c, e = world.crm.create("customer", K), world.erp.create("customer", K)
    world.sync()
    lose(world, when)
    world.crm.edit("customer", c, {"phone": "2", "name": "乙"}, who="li")
    world.cycle()
    world.erp.edit("customer", e, {"address": "B", "phone": "3"}, who="wang")
    world.sync(seconds=5)
    crm, erp = world.crm.get("customer", c), world.erp.get("customer", e)
    assert crm["address"] == erp["address"] == "B"
    assert crm["name"] == erp["name"] == "乙"
    if when == "after":  # wang knew 2 when typing 3
        assert (crm["phone"], world.issues()) == ("3", [])
    else:  # wang did not
        (case,) = world.issues()
        assert (case["kind"], case["field"]) == ("conflict", "phone")
    world.at_rest(2)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_delete_is_found_out(when):
    world = customers(Fate(), entity={"on_delete": "propagate"})
    c = world.crm.create("customer", K)
    world.erp.create("customer", K)
    world.sync()
    world.crm.delete("customer", c)
    lose(world, when)
    world.sync(seconds=5)
    assert world.erp.all("customer") == {}
    assert [e.verb for e in world.writes("erp")] == ["delete"]
    world.at_rest(2)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_step_is_taken_once(when):
    erp = Manners(
        create="token", token_field="ref", actions={"confirm": Action(("draft",), "done")}, defaults={"state": "draft"}
    )
    world = customers(Fate(), erp=erp)
    world.erp.define(
        "customer",
        [*(Field(n) for n in TEXTS), Field("ref"), Field("state", FieldType.CODE, writable=False)],
        erp,
        key=("code",),
        state="state",
    )
    world.mappings[1]["steps"] = [{"action": "confirm", "until": ["done"]}]
    world.hubs = [world.new_hub()]
    world.crm.create("customer", K)
    lose(world, when, verbs=("call",))
    world.sync(seconds=5)
    (only,) = world.erp.all("customer").values()
    assert only["state"] == "done"
    assert [e.verb for e in world.writes("erp")] == ["create", "confirm"]
    world.at_rest(2)


def test_a_capture_that_sees_our_create_first_adopts_it():
    world = customers(Fate())
    lose(world, "after")
    world.crm.create("customer", K)
    world.cycle()
    (erp_id,) = world.erp.all("customer")
    world.env.sleep(61)
    world.erp.edit("customer", erp_id, {"address": "B"}, who="wang")  # somebody edits it before anybody looked
    world.sync()
    assert [row["address"] for row in world.crm.all("customer").values()] == ["B"]
    assert len(world.erp.all("customer")) == 1
    world.at_rest(2)


def test_a_refused_create_whose_record_somebody_made_by_hand_is_linked():
    world = customers(Fate(), erp=Manners(create="key"))
    done = []

    def by_hand(call):
        if call.verb == "write" and not done:
            done.append(world.erp.create("customer", {**K, "phone": None}, who="wang"))

    world.watch["erp"].on_call.append(by_hand)
    world.crm.create("customer", K)
    world.sync()
    assert len(world.erp.all("customer")) == 1
    assert world.erp.get("customer", done[0])["phone"] == "1"
    assert world.issues() == []
    world.at_rest(2)


def test_blind_creates_wait_for_a_person_who_may_say_it_is_not_there():
    world = customers(Fate(), erp=Manners(create="blind"))
    lose(world, "before")
    world.crm.create("customer", K)
    world.sync()
    (case,) = world.issues()
    assert (case["kind"], world.erp.all("customer")) == ("unknown_outcome", {})
    world.person(lambda hub: desk.retry(hub, case["id"], "wu"))
    world.sync()
    assert len(world.erp.all("customer")) == 1
    assert world.issues() == []


@pytest.mark.parametrize("how", ["key", "upsert"])
def test_what_somebody_made_by_hand_meanwhile_is_not_taken_for_our_create(how):
    """They never knew our values, so their blanks empty nobody's fields."""
    world = customers(Fate(), erp=Manners(**MADE[how]))

    def somebody(call):
        if call.verb == "write" and not world.erp.all("customer"):
            world.erp.create("customer", {"code": "K1"})

    world.watch["erp"].on_call.append(somebody)
    lose(world, "before")
    world.crm.create("customer", K)
    world.cycle()
    world.sync(seconds=5)
    for system in (world.crm, world.erp):
        (row,) = system.all("customer").values()
        assert {n: row[n] for n in K} == K
    world.at_rest(2)


@pytest.mark.parametrize("how", ["key", "upsert"])
def test_our_create_is_recognised_by_its_key_where_objects_are_matched_by_nothing(how):
    world = customers(Fate(), erp=Manners(**MADE[how]), entity={"match": []})
    lose(world, "after")
    world.crm.create("customer", K)
    world.cycle()
    world.sync(seconds=5)
    assert len(world.erp.all("customer")) == 1
    assert len({x["golden_id"] for x in world.links()}) == 1
    written = len(world.crm.log), len(world.erp.log)
    world.sync()
    assert (len(world.crm.log), len(world.erp.log)) == written
