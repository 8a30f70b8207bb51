"""Scenario 6. An order's lines: one partly shipped, one added by the ERP, and an ERP that deletes what is left out.

Lines are matched by their number. A forbidden change is held and shown with its ways out; the others flow; a line
that the CRM has never heard of survives.
"""

from __future__ import annotations

from decimal import Decimal

import pytest
from world import FATES, Fate, Thing, World, kill_everywhere, tell

from hefu.connectors.memory import Manners
from hefu.core.records import Field, FieldType

D = Decimal
TAX = D("1.13")


def total(values):
    """The header: the sum of the lines plus 13 % tax, to the cent, as both systems compute it."""
    net = sum((row["quantity"] * row["price"] for row in values.get("lines") or ()), D(0))
    return {"total": (net * TAX).quantize(D("0.01"))}


PARTS = (
    Field("no", FieldType.CODE),
    Field("item"),
    Field("quantity", FieldType.DECIMAL),
    Field("price", FieldType.MONEY),
)
SHIPPED = (Field("shipped", FieldType.DECIMAL), Field("invoiced", FieldType.DECIMAL))


def make(fate: Fate) -> World:
    """Both systems replace all lines on an update; the ERP owns what was shipped and invoiced."""
    quantity = {"type": "decimal", "at_least": "shipped"}
    line = {
        "no": {"type": "code"},
        "item": {"type": "text"},
        "quantity": quantity,
        "price": {"type": "money"},
        "shipped": {"type": "decimal", "owner": "erp"},
        "invoiced": {"type": "decimal", "owner": "erp"},
    }
    lines = {"type": "lines", "lines": line, "line_key": "no", "keep_while": "shipped"}
    order = {"entity": "order", "fields": {"number": {"type": "text"}, "lines": lines}, "match": [["number"]]}
    shared = [{"field": n, "from": n} for n in ("no", "item", "quantity", "price")]
    moved = [{"field": n, "from": n, "direction": "in"} for n in ("shipped", "invoiced")]
    mappings = [
        {
            "mapping": f"{name}-order",
            "connection": name,
            "object": "order",
            "entity": "order",
            "create": True,
            "fields": [{"field": "number", "from": "number"}, {"field": "lines", "from": "lines", "lines": fields}],
        }
        for name, fields in (("crm", shared), ("erp", [*shared, *moved]))
    ]
    head = [Field("number"), Field("ref"), Field("total", FieldType.MONEY)]
    manners = Manners(create="token", token_field="ref", lines="whole", derive=total)
    things = {
        name: [Thing("order", [*head, Field("lines", FieldType.LINES, lines=parts)], manners)]
        for name, parts in (("crm", PARTS), ("erp", (*PARTS, *SHIPPED)))
    }
    return World(fate, [order], things, mappings)


def rows(world: World, name: str):
    """Line number -> line, as a system holds it."""
    (order,) = world.systems[name].all("order").values()
    return {row["no"]: row for row in order["lines"]}


def fits(world: World, name: str) -> bool:
    """The header total equals the sum of the lines plus tax, to the cent."""
    (order,) = world.systems[name].all("order").values()
    return order["total"] == total(order)["total"] and order["total"] > 0


def edit_lines(world: World, name: str, change) -> None:
    """A person edits the lines of the order in one go."""
    (order,) = world.systems[name].all("order")
    lines = {row["no"]: dict(row) for row in world.systems[name].get("order", order)["lines"]}
    change(lines)
    world.systems[name].edit("order", order, {"lines": list(lines.values())}, who="li" if name == "crm" else "wang")


def never_left_out(world: World) -> None:
    """No request may omit a line that the ERP holds, save the one that is to be closed."""

    def look(call):
        for write in call.args[0] if call.verb == "write" else ():
            if write.id is not None and "lines" in (write.values or {}):
                there = {row["no"] for row in world.erp.get("order", write.id)["lines"]}
                assert there - {row.get("no") for row in write.values["lines"]} <= {"3"}

    world.watch["erp"].on_call.append(look)


def given(world: World) -> None:
    """An order of three lines in both systems; three pieces of line 2 were shipped, two invoiced."""
    lines = [
        {"no": "1", "item": "A", "quantity": D(5), "price": D("19.99")},
        {"no": "2", "item": "B", "quantity": D(10), "price": D("7.35")},
        {"no": "3", "item": "C", "quantity": D(4), "price": D("100")},
    ]
    world.crm.create("order", {"number": "O-1", "lines": lines}, who="li")
    world.sync()
    edit_lines(world, "erp", lambda now: now["2"].update(shipped=D(3), invoiced=D(2)))
    world.sync()
    never_left_out(world)


def the_crm_changes_the_lines(world: World):
    given(world)
    # and the ERP adds line 4, freight, which the CRM knows nothing of
    edit_lines(
        world, "erp", lambda now: now.update({"4": {"no": "4", "item": "freight", "quantity": D(1), "price": D(50)}})
    )
    freight = rows(world, "erp")["4"]

    # When, before the hub looks, the CRM sets line 1 to 6, line 2 to 2, and removes line 3
    def change(now):
        now["1"]["quantity"], now["2"]["quantity"] = D(6), D(2)
        del now["3"]

    edit_lines(world, "crm", change)
    world.sync()

    # Then line 1 becomes 6
    erp, crm = rows(world, "erp"), rows(world, "crm")
    assert erp["1"]["quantity"] == crm["1"]["quantity"] == 6
    # line 2 is refused, below the 3 shipped, with a task that offers 3 or a return
    assert (erp["2"]["quantity"], crm["2"]["quantity"]) == (10, 2)
    (case,) = world.issues()
    assert (case["kind"], case["field"]) == ("rejected", "lines[2].quantity")
    assert (case["facts"]["minimum"], case["facts"]["proposals"]) == ("3", ["quantity=3", "return"])
    # line 3 is closed, since nothing of it was shipped
    assert set(erp) == set(crm) == {"1", "2", "4"}
    # line 4 survives as the line it was, and the CRM learns it
    assert erp["4"] == freight
    assert crm["4"]["item"] == "freight"
    # what was shipped is as it was, and both headers fit their lines to the cent
    assert (erp["2"]["shipped"], erp["2"]["invoiced"]) == (3, 2)
    assert fits(world, "crm")
    assert fits(world, "erp")
    return crm, {no: {n: row[n] for n in ("item", "quantity")} for no, row in erp.items()}


def then_three_is_typed(world: World):
    the_crm_changes_the_lines(world)
    # When sales takes the first way out and types 3
    edit_lines(world, "crm", lambda now: now["2"].update(quantity=D(3)))
    world.sync()
    # Then the ERP takes it and the case is closed
    assert rows(world, "erp")["2"]["quantity"] == 3
    assert world.issues() == []


def a_shipped_line_is_removed(world: World):
    given(world)
    # When the CRM removes line 2, of which three pieces were shipped
    edit_lines(world, "crm", lambda now: now.pop("2"))
    world.sync()
    # Then the ERP keeps it, and a person is told why
    assert rows(world, "erp")["2"]["quantity"] == 10
    (case,) = world.issues()
    assert (case["field"], case["facts"]["code"]) == ("lines[2]", "document.line_in_use")
    assert fits(world, "erp")


TOLD = [the_crm_changes_the_lines, then_three_is_typed, a_shipped_line_is_removed]


@pytest.mark.parametrize("fate", FATES, ids=str)
@pytest.mark.parametrize("told", TOLD)
def test_scenario_06(fate, told):
    tell(told, make, fate)


@pytest.mark.parametrize("told", TOLD[:2])
def test_scenario_06_with_the_hub_killed_at_any_step(told):
    kill_everywhere(told, make, at_most=10)
