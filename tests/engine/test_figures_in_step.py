"""Worked-out figures in the engine: true after every change of a fact, and after the project came to want them."""

from __future__ import annotations

from decimal import Decimal

import pytest
from world import Fate, Thing, World

from hefu.connectors.memory import Manners
from hefu.core.records import Field, FieldType
from hefu.store.db import from_json
from hefu.store.tables import golden

PAID = {"type": "money", "rollup": {"over": "receipt", "by": "order", "value": "amount"}}


def make(paid=PAID) -> World:
    """Orders that the CRM shows, receipts of the ERP."""
    order = {"number": {"type": "text"}, "note": {"type": "text"}, "paid": paid}
    receipt = {"number": {"type": "text"}, "amount": {"type": "money"}}
    receipt["order"] = {"type": "reference", "entity": "order"}
    entities = [
        {"entity": "order", "fields": order, "match": [["number"]]},
        {"entity": "receipt", "fields": receipt, "match": [["number"]], "on_delete": "propagate"},
    ]
    both = [{"field": n, "from": n} for n in ("number", "note")]
    mappings = [
        {
            "mapping": "crm-order",
            "object": "order",
            "fields": [*both, {"field": "paid", "from": "paid"}],
            "create": True,
        },
        {"mapping": "erp-order", "object": "order", "fields": both},
        {"mapping": "erp-receipt", "object": "receipt", "fields": [{"field": n, "from": n} for n in receipt]},
    ]
    docs = [{**m, "connection": m["mapping"][:3], "entity": m["object"]} for m in mappings]
    texts, money = [Field("number"), Field("note"), Field("ref")], Field("paid", FieldType.MONEY)
    pointing = Field("order", FieldType.REFERENCE, target="order")
    things = {
        "crm": [Thing("order", [*texts, money], Manners(create="token", token_field="ref"))],
        "erp": [
            Thing("order", texts, Manners(create="no")),
            Thing("receipt", [Field("number"), Field("amount", FieldType.MONEY), pointing], Manners(create="no")),
        ],
    }
    return World(Fate(), entities, things, docs)


def told(world: World, *amounts: str) -> None:
    """Orders O1 and O2; receipts for O1."""
    for n in ("O1", "O2"):
        world.erp.create("order", {"number": n}, record_id=n)
    for n, amount in enumerate(amounts):
        values = {"number": f"R{n}", "amount": Decimal(amount), "order": "O1"}
        world.erp.create("receipt", values, record_id=f"R{n}")
    world.sync()


def paid(world: World) -> dict[str, Decimal | None]:
    return {row["number"]: row["paid"] for row in world.crm.all("order").values()}


@pytest.fixture
def world():
    made = make()
    yield made
    made.close()


def test_a_fact_that_changes_moves_or_goes_changes_the_sums_above_it(world):
    told(world, "10.10", "5.05")
    assert paid(world) == {"O1": Decimal("15.15"), "O2": 0}
    world.erp.edit("receipt", "R0", {"amount": Decimal("20")})
    world.sync()
    assert paid(world) == {"O1": Decimal("25.05"), "O2": 0}
    world.erp.edit("receipt", "R0", {"order": "O2"})
    world.sync()
    assert paid(world) == {"O1": Decimal("5.05"), "O2": Decimal("20")}
    world.erp.delete("receipt", "R1")
    world.sync()
    assert paid(world) == {"O1": 0, "O2": Decimal("20")}
    world.at_rest(2)


def test_nobody_changes_what_the_hub_works_out(world):
    told(world, "10")
    (record,) = [i for i, row in world.crm.all("order").items() if row["number"] == "O1"]
    world.crm.edit("order", record, {"paid": Decimal("999")}, who="li")
    world.sync()
    assert paid(world)["O1"] == 10
    assert [row["author"] for row in world.story() if row["kind"] == "overruled"] == ["li"]


def test_a_project_that_comes_to_want_figures_gets_them_for_what_is_known_already():
    world = make({"type": "money"})
    try:
        told(world, "1.10", "2.20")
        assert paid(world) == {"O1": None, "O2": None}
        world.entities[0]["fields"]["paid"] = PAID
        world.version += 1
        world.hubs = [world.new_hub()]
        world.sync()
        assert paid(world) == {"O1": Decimal("3.30"), "O2": 0}
        world.at_rest(2)
    finally:
        world.close()


def test_what_cannot_be_worked_out_stays_as_it_was_and_a_person_is_told(world):
    world.entities[0]["fields"]["share"] = {"type": "decimal", "derive": "dec_div('100', dec_sub(paid, '10'), 2)"}
    world.hubs = [world.new_hub()]
    told(world, "10")
    cases = world.issues("unreadable")
    assert {c["field"] for c in cases} == {"figures"}
    world.erp.edit("receipt", "R0", {"amount": Decimal("30")})
    world.sync()
    assert world.issues("unreadable") == []
    with world.store.look() as tx:
        values = [from_json(x) for x in tx.run(golden.select().with_only_columns(golden.c.fields)).scalars()]
    assert {v["number"]: v["share"] for v in values if "share" in v} == {"O1": "5", "O2": "-10"}
