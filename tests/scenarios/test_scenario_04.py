"""Scenario 4. A won opportunity must become one order in the ERP, and the answer to the create never arrives.

The hub looks before it writes again: it searches for its own mark, waits until the ERP's search must have found the
record, and only then may create. Where the ERP can neither be keyed nor searched, a person looks.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select
from world import FATES, Fate, Thing, World, kill_everywhere, tell

from hefu.connectors.memory import Manners
from hefu.core.errors import Unanswered
from hefu.core.records import Field, FieldType
from hefu.engine import desk
from hefu.store.tables import intent

LAG = 90.0


def make(fate: Fate, create: str = "token") -> World:
    """Won opportunities of the CRM are orders; the ERP's search finds an order up to 90 seconds after its commit."""
    fields = {"number": {"type": "text"}, "amount": {"type": "money"}}
    order = {"entity": "order", "fields": fields, "match": [["number"]]}
    maps = [{"field": n, "from": n} for n in fields]
    won = {"mapping": "crm-won", "connection": "crm", "object": "opportunity", "entity": "order", "fields": maps}
    made = {"mapping": "erp-order", "connection": "erp", "object": "order", "entity": "order", "fields": maps}
    numbers = [Field("number"), Field("amount", FieldType.MONEY)]
    token = "ref" if create == "token" else None
    things = {
        "crm": [Thing("opportunity", [*numbers, Field("stage")], Manners(create="no", conditional="version"))],
        "erp": [Thing("order", [*numbers, Field("ref")], Manners(create=create, token_field=token, lag=LAG))],
    }
    mappings = [{**won, "filter": 'stage == "won"'}, {**made, "create": True}]
    limits = {name: {"limits": {"timeout": "30s"}} for name in ("crm", "erp")}
    return World(fate, [order], things, mappings, connections=limits)


def blind(fate: Fate) -> World:
    """The same, but the ERP offers neither a key nor a search."""
    return make(fate, create="blind")


class Once:
    """Meets the first create in the ERP with a fault."""

    def __init__(self, world: World, *, before=None, after=None) -> None:
        self.world, self.done = world, False
        self.creates = []
        world.watch["erp"].on_call.append(lambda call: self.meet(call, before, count=True))
        world.watch["erp"].on_answer.append(lambda call: self.meet(call, after))

    def meet(self, call, fault, count=False) -> None:
        if call.verb == "write":
            if count:
                self.creates.append(self.world.env.now())
            if fault and not self.done:
                self.done = True
                fault(call)


def no_answer(code: str):
    """The call may have happened; nobody says so."""

    def fault(_call):
        raise Unanswered(code, connection="erp", method="POST", url="-", status=502)

    return fault


def win(world: World) -> None:
    """Sales wins the opportunity."""
    chance = world.crm.create("opportunity", {"number": "O-1", "amount": Decimal("10000"), "stage": "open"}, who="li")
    world.sync()
    world.crm.edit("opportunity", chance, {"stage": "won"}, who="li")


def states(world: World):
    with world.store.look() as tx:
        return [row[0] for row in tx.run(select(intent.c.state).order_by(intent.c.id))]


def one_order(world: World, creates) -> None:
    """Exactly one order exists and is linked; no second create came while the first could still be hidden."""
    (order,) = world.erp.all("order")
    (link,) = world.links(mapping="erp-order")
    assert (link["record_id"], link["state"]) == (order, "active")
    assert len(creates) == 1 or creates[1] - creates[0] >= timedelta(seconds=LAG)
    assert [e.verb for e in world.writes("erp")] == ["create"]
    assert world.issues() == []


def the_connection_drops(world: World, code: str = "net.cut"):
    # When the ERP commits the order and the connection drops before the reply
    met = Once(world, after=no_answer(code))
    win(world)
    world.cycle()
    # Then the write shows as unknown and being looked up, not as failed
    if met.done and world.fate.kill_at is None:
        assert states(world) == ["unknown"]
        (link,) = world.links(mapping="erp-order")
        assert (link["state"], link["waits"]) == ("creating", "outcome")
        assert world.issues() == []
    world.sync(seconds=10)
    one_order(world, met.creates)


def a_gateway_answers_502(world: World):
    the_connection_drops(world, "net.gateway")


def the_erp_is_still_working(world: World):
    # When the ERP takes 20 seconds for the create, and the hub's call ends before that
    def slow(call):
        (write,) = call.args[0]
        world.at(world.env.later(20), lambda: world.erp.create("order", write.values, who="hub"))
        raise Unanswered("net.timeout", connection="erp", method="POST", url="-")

    met = Once(world, before=slow)
    win(world)
    world.sync(seconds=10)
    # Then the first looks find nothing, and yet nothing is created twice
    one_order(world, met.creates)
    assert len(met.creates) == 1


def it_never_arrived(world: World):
    # When the create was lost on its way to the ERP
    met = Once(world, before=no_answer("net.cut"))
    win(world)
    world.sync(seconds=10)
    # Then it is made again, after the time in which the first could have appeared
    one_order(world, met.creates)
    assert len(met.creates) == 2


def nobody_can_look(world: World):
    # Given an ERP that offers neither key nor search, when the answer never arrives
    met = Once(world, after=no_answer("net.cut"))
    win(world)
    world.sync(seconds=30)
    # Then the job waits for a person, and nothing is created twice (an event from the ERP spares the person the look)
    assert [case["kind"] for case in world.issues()] == ([] if world.fate.events else ["unknown_outcome"])
    assert len(world.erp.all("order")) == len(met.creates) == 1
    # and a capture of the order, where the ERP shows it, closes the case by the order's number
    world.env.sleep(LAG)
    world.sync(full=True)
    assert world.issues() == []
    one_order(world, met.creates)


def a_person_says_it_is_not_there(world: World):
    # Given the same, but the create really was lost
    met = Once(world, before=no_answer("net.cut"))
    win(world)
    world.sync(seconds=30)
    (case,) = world.issues()
    assert (case["kind"], world.erp.all("order")) == ("unknown_outcome", {})
    # When a person looked, after the time in which the order could still be hidden, and says so
    world.env.sleep(LAG)
    world.person(lambda hub: desk.retry(hub, case["id"], "steward"))
    world.sync(seconds=30)
    # Then it is made
    one_order(world, met.creates)


TOLD = [the_connection_drops, a_gateway_answers_502, the_erp_is_still_working, it_never_arrived]
BLIND = [nobody_can_look, a_person_says_it_is_not_there]


@pytest.mark.parametrize("fate", FATES, ids=str)
@pytest.mark.parametrize("told", TOLD)
def test_scenario_04(fate, told):
    tell(told, make, fate)


@pytest.mark.parametrize("fate", FATES, ids=str)
@pytest.mark.parametrize("told", BLIND)
def test_scenario_04_without_key_or_search(fate, told):
    tell(told, blind, fate)


def undisturbed_by_faults(world: World):
    """No fault but the kill itself: among others right after the ERP's commit, before the reply is recorded."""
    met = Once(world)
    win(world)
    world.sync(seconds=10)
    one_order(world, met.creates)


@pytest.mark.parametrize("told", [undisturbed_by_faults, the_connection_drops, the_erp_is_still_working])
def test_scenario_04_with_the_hub_killed_at_any_step(told):
    kill_everywhere(told, make, at_most=12)
