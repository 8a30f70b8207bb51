"""A line is written whole; a field of it that waits for a person stays meanwhile as each system holds it."""

from __future__ import annotations

from decimal import Decimal

import pytest
from books import customers
from world import Fate, Thing, World

from hefu.connectors.memory import Manners, cut
from hefu.core.errors import Transient
from hefu.core.records import Field, FieldType
from hefu.engine import desk

PARTS = (Field("no", FieldType.CODE, unique=True), Field("item"), Field("price", FieldType.DECIMAL))


def orders(lines: str) -> World:
    doc = {"no": {"type": "code"}, "item": {"type": "text"}, "price": {"type": "decimal"}}
    fields = {"number": {"type": "text"}, "lines": {"type": "lines", "lines": doc, "line_key": "no"}}
    parts = [{"field": n, "from": n} for n in doc]
    mappings = [
        {
            "mapping": f"{name}-order",
            "connection": name,
            "object": "order",
            "entity": "order",
            "create": True,
            "fields": [{"field": "number", "from": "number"}, {"field": "lines", "from": "lines", "lines": parts}],
        }
        for name in ("crm", "erp")
    ]
    head = [Field("number"), Field("ref"), Field("lines", FieldType.LINES, lines=PARTS)]
    manners = Manners(create="token", token_field="ref", lines=lines)
    things = {name: [Thing("order", head, manners)] for name in ("crm", "erp")}
    return World(Fate(), [{"entity": "order", "fields": fields, "match": [["number"]]}], things, mappings)


def line(world: World, name: str):
    (order,) = world.systems[name].all("order").values()
    (row,) = order["lines"]
    return row["item"], row["price"]


@pytest.mark.parametrize("lines", ["whole", "keyed"])
@pytest.mark.parametrize("take", ["ours", "theirs"])
def test_what_is_disputed_stays_until_it_is_decided(lines, take):
    world = orders(lines)
    first = {"number": "O1", "lines": [{"no": "1", "item": "A", "price": Decimal(1)}]}
    ids = {"crm": world.crm.create("order", first)}
    world.sync()
    (ids["erp"],) = world.erp.all("order")
    for name, item in (("crm", "B"), ("erp", "C")):
        world.systems[name].edit("order", ids[name], {"lines": [{"no": "1", "item": item, "price": Decimal(1)}]})
    world.sync()
    assert (line(world, "crm")[0], line(world, "erp")[0]) == ("B", "C")
    world.crm.edit("order", ids["crm"], {"lines": [{"no": "1", "item": "B", "price": Decimal(2)}]})
    world.sync()
    assert (line(world, "crm"), line(world, "erp")) == (("B", Decimal(2)), ("C", Decimal(2)))
    (case,) = world.issues("conflict")
    world.person(lambda hub: desk.settle_conflict(hub, case["id"], take, None, "li"))
    world.sync()
    assert line(world, "crm") == line(world, "erp") == ({"ours": "B", "theirs": "C"}[take], Decimal(2))
    world.at_rest(2)


def test_what_was_cut_off_is_reported_also_when_only_a_later_read_shows_it():
    """The answer carries no record, and the reading back fails."""
    short = Manners(create="token", token_field="ref", returns=False, rewrite={"name": [cut(4)]})
    world = customers(Fate(), erp=short, erp_fields=[Field("name", bytes_length=4)])

    def fault(call):
        if call.verb == "fetch":
            world.watch["erp"].on_call.remove(fault)
            raise Transient("memory.unreachable", system="erp")

    world.watch["erp"].on_call.append(fault)
    world.crm.create("customer", {"code": "K1", "name": "abcdef"})
    world.sync(full=True)
    assert [case["facts"]["kept"] for case in world.issues("loss")] == ["abcd"]
