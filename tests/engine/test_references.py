"""References: ids of one system become ids of the other, and parents go first."""

from __future__ import annotations

import pytest
from world import FATES, Fate, Thing, World, kill_everywhere, tell

from hefu.connectors.memory import Manners
from hefu.core.errors import Rejected
from hefu.core.records import Field, FieldType


def make(fate: Fate, rule=None) -> World:
    """Orders refer to customers; the flow names the orders first."""
    entities = [
        {"entity": "customer", "fields": {"code": {"type": "text"}, "name": {"type": "text"}}, "match": [["code"]]},
        {
            "entity": "order",
            "fields": {"number": {"type": "text"}, "buyer": {"type": "reference", "entity": "customer"}},
            "match": [["number"]],
            "parent": "buyer",
        },
    ]
    mappings = [
        {
            "mapping": f"{system}-{what}",
            "connection": system,
            "object": what,
            "entity": what,
            "create": True,
            "fields": [{"field": n, "from": n} for n in names],
        }
        for what, names in (("order", ("number", "buyer")), ("customer", ("code", "name")))
        for system in ("crm", "erp")
    ]
    things = {}
    for n, system in enumerate(("crm", "erp")):
        token = Manners(create="token", token_field="ref", identify=f"{system}{{:03d}}".format)
        strict = Manners(
            create="token", token_field="ref", identify=f"{system}{{:03d}}".format, rules=(rule,) if rule and n else ()
        )
        buyer = Field("buyer", FieldType.REFERENCE, target="customer")
        things[system] = [
            Thing("customer", [Field("code"), Field("name"), Field("ref")], strict),
            Thing("order", [Field("number"), buyer, Field("ref")], token),
        ]
    return World(fate, entities, things, mappings)


def parents_first(world: World):
    buyer = world.crm.create("customer", {"code": "K1", "name": "甲"})
    world.crm.create("order", {"number": "O1", "buyer": buyer})
    world.sync()
    (customer,), (order,) = world.erp.all("customer"), world.erp.all("order").values()
    assert order["buyer"] == customer != buyer
    assert [e.object for e in world.writes("erp")] == ["customer", "order"]


def the_parent_changes(world: World):
    one = world.crm.create("customer", {"code": "K1", "name": "甲"})
    two = world.crm.create("customer", {"code": "K2", "name": "乙"})
    order = world.crm.create("order", {"number": "O1", "buyer": one})
    world.sync()
    world.mark()
    world.crm.edit("order", order, {"buyer": two})
    world.sync()
    by_code = {row["code"]: record for record, row in world.erp.all("customer").items()}
    (there,) = world.erp.all("order").values()
    assert there["buyer"] == by_code["K2"]
    assert [e.verb for e in world.writes("erp")] == ["update"]
    assert world.writes("crm") == []


@pytest.mark.parametrize("fate", FATES, ids=str)
@pytest.mark.parametrize("told", [parents_first, the_parent_changes])
def test_references(fate, told):
    tell(told, make, fate)


def test_references_with_the_hub_killed_at_every_step():
    kill_everywhere(parents_first, make, at_most=12)


def test_an_order_waits_visibly_for_a_customer_that_is_refused():
    names = []

    def rule(_before, after):
        return Rejected("erp.refused", field="name") if after["name"] == "bad" else None

    world = make(Fate(), rule)
    buyer = world.crm.create("customer", {"code": "K1", "name": "bad"})
    world.crm.create("order", {"number": "O1", "buyer": buyer})
    for _ in range(3):
        world.cycle()
        world.env.sleep(60)
    assert world.erp.all("order") == {}
    (waiting,) = world.links(mapping="erp-order")
    assert waiting["waits"] == "parent"
    assert [case["kind"] for case in world.issues()] == ["rejected"]
    world.crm.edit("customer", buyer, {"name": "good"})
    world.sync()
    assert len(world.erp.all("order")) == 1
    assert names == []


def test_a_parent_that_was_never_read_is_fetched():
    world = make(Fate())
    buyer = world.crm.create("customer", {"code": "K1", "name": "甲"}, late=0)
    world.sync()
    hidden = world.crm.create("customer", {"code": "K2", "name": "乙"}, late=4000)  # behind the cursor
    world.env.sleep(300)
    world.crm.create("order", {"number": "O2", "buyer": hidden}, late=0)
    world.sync()
    assert buyer != hidden
    assert {row["code"] for row in world.erp.all("customer").values()} == {"K1", "K2"}
    assert len(world.erp.all("order")) == 1


def test_a_reference_that_somebody_changes_right_after_our_write_is_read():
    """The answer to our write shows it, in the system's own ids, which are understood by the next read only."""
    world = make(Fate())
    first, second = (world.crm.create("customer", {"code": c, "name": c}) for c in ("K1", "K2"))
    world.sync()
    theirs = {row["code"]: i for i, row in world.erp.all("customer").items()}

    def somebody(call):
        if call.verb == "write" and call.object == "order":
            world.watch["erp"].on_answer.remove(somebody)
            (written,) = call.result
            world.erp.edit("order", written.id, {"buyer": theirs["K2"]})
            call.result = [written._replace(values=world.erp.get("order", written.id), version=None)]

    world.watch["erp"].on_answer.append(somebody)
    order = world.crm.create("order", {"number": "O1", "buyer": first})
    world.sync()
    assert world.crm.get("order", order)["buyer"] == second
    world.at_rest(2)
