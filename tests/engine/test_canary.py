"""A new version of a mapping writes a few records, which are read again before the rest follows."""

from __future__ import annotations

import pytest
from books import customers
from sqlalchemy import select
from world import Fate

from hefu.connectors.memory import Manners, upper
from hefu.core.errors import Rejected, Transient
from hefu.engine import desk
from hefu.store.tables import canary, intent

K = {"code": "K1", "name": "甲", "phone": "1", "address": "A", "terms": "30"}
SIZE = 5


def given(known: int = 30, *, size: int = SIZE, **world):
    """That many customers in both systems, in step under the first version of the mappings."""
    made = customers(Fate(), guard={"records": 1000, "canary": size}, **world)
    for n in range(known):
        for system in made.systems.values():
            system.create("customer", {**K, "code": f"K{n}"})
    made.sync()
    return made


def edit(world, phone: str = "9"):
    for record in world.crm.all("customer"):
        world.crm.edit("customer", record, {"phone": phone})
    world.mark()


def publish(world, field: str, **changes):
    """A new version of the ERP's mapping, whose field map differs."""
    world.mappings = [
        {**m, "fields": [{**f, **changes} if f["field"] == field else f for f in m["fields"]]}
        if m["mapping"] == "erp-customer"
        else m
        for m in world.mappings
    ]
    world.version += 1
    world.hubs = [world.new_hub() for _ in world.hubs]


def phones(world) -> list[str]:
    return [record["phone"] for record in world.erp.all("customer").values()]


def versions(world) -> list[str]:
    with world.store.look() as tx:
        rows = tx.run(select(canary).where(canary.c.mapping == "erp-customer").order_by(canary.c.since_id))
        return [row.state for row in rows]


BLANKING = {"expr_out": "''", "from": "phone"}


def test_a_version_that_blanks_a_field_stops_after_its_group_and_the_incident_offers_undo():
    world = given()
    edit(world)
    publish(world, "phone", **BLANKING)
    world.sync()
    assert len(world.writes("erp")) == SIZE
    assert phones(world).count("1") == 30 - SIZE
    (case,) = world.issues("flood")
    facts = case["facts"]
    assert facts["code"] == "guard.canary"
    assert (facts["written"], facts["wrong"], facts["blanked"], facts["fields"]) == (SIZE, SIZE, SIZE, {"phone": SIZE})
    assert facts["samples"][0]["before"] == {"phone": "1"}
    assert facts["samples"][0]["fields"]["phone"][0] == "9"
    assert not facts["samples"][0]["fields"]["phone"][1]
    assert facts["undo"] == [f"hefu undo --run {one}" for one in facts["runs"]]
    assert versions(world) == ["passed", "failed"]


def test_a_version_that_is_right_goes_on_by_itself_in_the_same_round():
    world = given()
    edit(world)
    publish(world, "phone", clear=False)
    world.sync(rounds=3)
    assert phones(world) == ["9"] * 30
    assert world.issues() == []
    assert versions(world) == ["passed", "passed"]


def test_the_first_version_and_one_that_was_proven_before_need_no_group():
    world = given()
    assert versions(world) == ["passed"]
    publish(world, "phone", **BLANKING)
    publish(world, "phone", expr_out=None)
    edit(world)
    world.sync(rounds=3)
    assert phones(world) == ["9"] * 30
    assert versions(world) == ["passed"]


def test_a_size_of_0_switches_it_off():
    world = given(size=0)
    edit(world)
    publish(world, "phone", **BLANKING)
    world.sync()
    assert len(world.writes("erp")) == 30
    assert versions(world) == ["passed", "passed"]


def test_back_to_the_proven_version_and_resumed_the_rest_follows():
    world = given()
    edit(world)
    publish(world, "phone", **BLANKING)
    world.sync()
    publish(world, "phone", expr_out=None)
    desk.resume(world.hub, "flow:all", "wu")
    world.sync()
    assert phones(world).count("9") == 30 - SIZE
    assert world.issues("flood") == []


def test_resumed_as_it_is_it_stops_again_before_the_next_write():
    world = given()
    edit(world)
    publish(world, "phone", **BLANKING)
    world.sync()
    desk.resume(world.hub, "flow:all", "wu")
    world.sync()
    assert len(world.writes("erp")) == SIZE
    assert len(world.issues("flood")) == 1


def test_approved_it_goes_on():
    world = given()
    edit(world)
    publish(world, "phone", **BLANKING)
    world.sync()
    desk.resume(world.hub, "flow:all", "wu", approve=True)
    world.sync()
    assert len(world.writes("erp")) == 30
    assert versions(world) == ["passed", "passed"]


def test_applied_by_a_person_who_saw_the_plan_it_needs_no_group():
    world = given()
    edit(world)
    publish(world, "phone", clear=False)
    world.cycle(guarded=False)
    assert phones(world) == ["9"] * 30
    assert versions(world) == ["passed", "passed"]


def test_a_group_fills_over_several_rounds():
    world = given()
    publish(world, "phone", clear=False)
    for n, record in enumerate(list(world.crm.all("customer"))[: SIZE + 1]):
        world.crm.edit("customer", record, {"phone": "9"})
        world.sync()
        assert versions(world)[-1] == ("trial" if n < SIZE - 1 else "passed")


def test_a_few_that_are_wrong_are_found_before_the_group_is_full():
    world = given()
    publish(world, "phone", **BLANKING)
    (record, *_) = world.crm.all("customer")
    world.crm.edit("customer", record, {"phone": "9"})
    world.sync()
    assert versions(world)[-1] == "failed"
    assert world.stopped()


def test_the_system_s_own_way_of_writing_is_no_fault():
    shouting = Manners(create="token", token_field="ref", rewrite={"name": (upper,)})
    world = given(erp=shouting)
    publish(world, "phone", clear=False)
    for record in world.crm.all("customer"):
        world.crm.edit("customer", record, {"name": "acme"})
    world.sync()
    assert {r["name"] for r in world.erp.all("customer").values()} == {"ACME"}
    assert versions(world)[-1] == "passed"


def test_what_somebody_typed_over_since_our_write_is_no_fault():
    world = given()
    edit(world)
    publish(world, "phone", clear=False)
    typed: list[str] = []

    def type_over(call):
        if call.verb == "fetch" and len(world.writes("erp")) == SIZE and not typed:
            typed.append(world.writes("erp")[0].id)
            world.erp.edit("customer", typed[0], {"phone": "typed"}, who="li")

    world.watch["erp"].on_call.append(type_over)
    world.sync()
    assert typed
    assert versions(world)[-1] == "passed"


def test_refused_by_half_of_the_group_is_a_fault_and_by_one_is_not():
    for refused, verdict in ((1, "passed"), (SIZE, "failed")):
        bad = {f"K{n}" for n in range(refused)}
        world = given(erp=Manners(create="token", token_field="ref", rules=(lambda *a, bad=bad: refuse(bad, *a),)))
        edit(world)
        publish(world, "phone", clear=False)
        world.sync()
        assert versions(world)[-1] == verdict


def refuse(bad, before, after):
    """A rule of the ERP: these customers must keep their phone."""
    if after.get("code") in bad and after.get("phone") == "9":
        return Rejected("memory.required", field="phone")
    return None


def test_a_system_that_cannot_be_read_just_now_is_waited_for():
    world = given()
    edit(world)
    publish(world, "phone", clear=False)
    down = [True]

    def refuse_reading(call):
        if call.verb == "fetch" and down and len(world.writes("erp")) == SIZE:
            raise Transient("memory.busy")

    world.watch["erp"].on_call.append(refuse_reading)
    world.cycle()
    assert (len(world.writes("erp")), versions(world)[-1]) == (SIZE, "trial")
    down.clear()
    world.env.sleep(60)
    world.sync()
    assert phones(world) == ["9"] * 30


@pytest.mark.parametrize("workers", [1, 3])
def test_killed_anywhere_it_writes_no_more_than_its_group(workers):
    for step in (5, 20, 40, 60, 80):
        world = given()
        edit(world)
        publish(world, "phone", **BLANKING)
        world.hubs = [world.new_hub() for _ in range(workers)]
        world.steps.kill_at = world.steps.count + step
        world.sync()
        assert len({entry.id for entry in world.writes("erp")}) <= SIZE
        assert world.stopped()


def test_every_write_says_under_which_version_it_was_made():
    world = given()
    edit(world)
    publish(world, "phone", **BLANKING)
    world.sync()
    with world.store.look() as tx:
        rows = tx.run(select(intent.c.project_version).order_by(intent.c.id)).scalars().all()
    assert rows[-SIZE:] == [2] * SIZE
