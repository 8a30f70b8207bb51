"""Drift: a mapped field that goes away, changes its type or gains a mandatory sibling stops its mapping only."""

from __future__ import annotations

import pytest
from books import TEXTS, customers
from world import Fate

from hefu.connectors.memory import Manners
from hefu.core.records import Field, FieldType

K = {"code": "K1", "name": "甲", "phone": "1", "address": "A", "terms": "30"}
TOKEN = Manners(create="token", token_field="ref")
WHOLE = [*(Field(n) for n in TEXTS), Field("ref")]


def drifted(fields):
    """A world whose ERP changes its customers."""
    world = customers(Fate())
    world.crm.create("customer", K)
    world.sync()
    world.erp.define("customer", fields, TOKEN, key=("code",))
    world.hub.forget_schemas()
    return world


@pytest.mark.parametrize(
    ("fields", "code", "field"),
    [
        ([f for f in WHOLE if f.name != "phone"], "drift.field_gone", "phone"),
        ([*(f for f in WHOLE if f.name != "phone"), Field("phone", FieldType.DECIMAL)], "drift.type_changed", "phone"),
        ([*WHOLE, Field("grade", required=True)], "drift.newly_required", "grade"),
    ],
)
def test_drift_is_reported_before_the_first_failed_write_and_heals(fields, code, field):
    world = drifted(fields)
    world.crm.create("customer", {**K, "code": "K2"})
    world.cycle()
    assert world.erp.calls["write"] == 1  # that of before
    cases = {case["kind"]: case for case in world.issues()}
    assert (cases["drift"]["facts"]["code"], cases["drift"]["facts"]["facts"]["field"]) == (code, field)
    assert cases["drift"]["connection"] == "erp"
    assert len([row for row in world.story() if row["kind"] == "created"]) == 2  # the CRM is read on
    world.erp.define("customer", WHOLE, TOKEN, key=("code",))
    world.sync()
    assert len(world.erp.all("customer")) == 2
    assert world.issues() == []


def test_a_new_field_that_nobody_needs_is_no_drift():
    world = drifted([*WHOLE, Field("grade")])
    world.crm.create("customer", {**K, "code": "K2"})
    world.sync()
    assert len(world.erp.all("customer")) == 2
    assert world.issues() == []


def test_drift_that_one_mapping_does_not_mind_still_stops_the_other_mapping_of_the_object():
    world = customers(Fate())
    fields = [{"field": n, "from": n} for n in ("code", "name")]
    narrow = {"mapping": "erp-name", "connection": "erp", "object": "customer", "entity": "customer", "fields": fields}
    world.mappings.insert(0, narrow)
    world.hubs = [world.new_hub()]
    world.crm.create("customer", K)
    world.sync()
    world.erp.define(
        "customer", [*(f for f in WHOLE if f.name != "phone"), Field("phone", FieldType.DECIMAL)], TOKEN, key=("code",)
    )
    for _ in range(3):
        world.hub.forget_schemas()
        world.cycle()
    (drift,) = world.issues("drift")
    assert (drift["field"], drift["facts"]["code"]) == ("erp-customer", "drift.type_changed")
