"""Rehearsal: the whole plan, field by field, and not a byte changed anywhere."""

from __future__ import annotations

import pytest
from books import customers
from sqlalchemy import text
from world import Fate

from hefu.connectors.memory import Manners
from hefu.core.errors import Denied
from hefu.engine import desk
from hefu.engine.rehearse import rehearse
from hefu.store import runs, shards
from hefu.store.tables import worker

K = {"code": "K1", "name": "甲", "phone": "1", "address": "A", "terms": "30"}
BOTH = ["crm-customer", "erp-customer"]


def everything(world):
    """Every row of every table."""
    with world.store.look() as tx:
        names = [row[0] for row in tx.run(text("select name from sqlite_master where type = 'table' order by name"))]
        return {name: [tuple(row) for row in tx.run(text(f'select * from "{name}"'))] for name in names}


def test_a_plan_touches_nothing_and_is_what_then_happens():
    world = customers(Fate())
    c, _ = world.crm.create("customer", K), world.erp.create("customer", K)
    world.sync()
    world.crm.edit("customer", c, {"phone": "2"}, who="li")
    world.crm.create("customer", {**K, "code": "K2"})
    world.erp.create("customer", {**K, "code": "K3"})
    world.env.sleep(60)
    before, logs = everything(world), [len(s.log) for s in world.systems.values()]

    plan = rehearse(world.hub, BOTH)

    assert everything(world) == before
    assert [len(s.log) for s in world.systems.values()] == logs
    assert plan.counts == {"erp-customer": {"update": 1, "create": 1}, "crm-customer": {"create": 1}}
    (update,) = [e for e in plan.entries if e.kind == "update"]
    assert (update.fields, update.title, update.connection) == ({"phone": ["1", "2"]}, "甲", "erp")
    assert plan.writes == 3

    world.sync()
    assert len(world.writes("crm")) + len(world.writes("erp")) == plan.writes
    assert rehearse(world.hub, BOTH).writes == 0


def test_a_plan_leaves_out_nothing_beside_a_worker_that_holds_shards():
    world = customers(Fate())
    world.sync()
    for n in range(24):  # enough to lie in both halves of the shards
        world.crm.create("customer", {**K, "code": f"K{n}"})
    world.env.sleep(60)
    with world.store.begin() as tx:
        now = tx.now()
        row = {"id": "other", "host": "h", "pid": 1, "started_at": now, "heartbeat_at": now, "reading": "{}"}
        tx.run(worker.insert().values(row))
        shards.ensure_shards(tx)
        held = shards.claim(tx, "other")
    assert held
    assert rehearse(world.hub, BOTH).counts == {"erp-customer": {"create": 24}}
    with world.store.look() as tx:
        shards.still_ours(tx, "other", held)


def test_a_plan_before_the_first_go_live_links_and_creates():
    world = customers(Fate())
    for n in range(3):
        world.crm.create("customer", {**K, "code": f"K{n}"})
    world.erp.create("customer", {**K, "code": "K1", "phone": "9"})
    before = everything(world)
    plan = rehearse(world.hub, BOTH)
    assert everything(world) == before
    assert plan.counts["erp-customer"]["create"] == 2
    assert [issue["kind"] for issue in plan.issues] == ["conflict"]
    assert world.crm.calls["write"] == world.erp.calls["write"] == 0
    assert world.issues() == []


def test_a_plan_names_what_would_be_refused():
    world = customers(Fate(), rules={"price": {"type": "money"}})
    world.crm.create("customer", {**K, "price": None})
    world.mappings[1]["fields"].append({"field": "price", "from": "price", "expr_out": "name"})
    plan = None
    world.mappings[1]["fields"] = [f for f in world.mappings[1]["fields"] if f["field"] != "price" or "expr_out" in f]
    world.hubs = [world.new_hub()]
    plan = rehearse(world.hub, BOTH)
    assert [issue["kind"] for issue in plan.issues] == ["rejected"]
    assert plan.writes == 0


def paused(world, scope):
    world.crm.create("customer", {**K, "code": "K9"})
    world.env.sleep(60)
    world.person(lambda hub: desk.pause(hub, scope, "wu"))
    return rehearse(world.hub, BOTH)


@pytest.mark.parametrize("scope", ["connection:erp", "mapping:erp-customer"])
def test_a_plan_says_what_it_leaves_out_and_why(scope):
    world = customers(Fate())
    world.sync()
    plan = paused(world, scope)
    assert plan.writes == 0
    why = {"scope": scope, "code": "pause.person", "facts": {"by": "wu"}}
    assert plan.left_out == [{"mapping": "erp-customer", "flows": ["all"], **why}]


def test_a_flow_that_stands_still_is_planned_nevertheless():
    world = customers(Fate())
    world.sync()
    plan = paused(world, "flow:all")
    assert (plan.writes, plan.left_out) == (1, [])


def test_a_connection_that_refuses_us_while_a_plan_is_made_is_named():
    """What stops in the rehearsal, for a record must be looked at before it is written, is left out as well."""
    world = customers(Fate(), erp=Manners(create="token", token_field="ref", conditional="no"))
    c, _ = world.crm.create("customer", K), world.erp.create("customer", K)
    world.sync()
    world.crm.edit("customer", c, {"phone": "2"})
    world.env.sleep(60)

    def refuse(call):
        if call.verb == "fetch":
            raise Denied("memory.wrong_secret", system="erp", user="hub")

    world.watch["erp"].on_call.append(refuse)
    plan = rehearse(world.hub, BOTH)
    assert plan.writes == 0
    (left,) = plan.left_out
    assert (left["mapping"], left["scope"], left["code"]) == ("erp-customer", "connection:erp", "memory.wrong_secret")
    with world.store.look() as tx:
        assert runs.paused(tx) == {}  # a plan stops nothing
