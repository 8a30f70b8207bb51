"""Conditions over blank or odd values: they concern their record, never the round of all others."""

from __future__ import annotations

import pytest
from books import customers
from world import Fate

from hefu.core.errors import Rejected
from hefu.core.expr import Scope, parse
from hefu.core.records import FieldType

K = {"code": "K1", "name": "甲", "phone": "1", "address": "A", "terms": "30"}
FIELDS = Scope({"approved": FieldType.BOOLEAN, "terms": FieldType.TEXT})


@pytest.mark.parametrize(
    ("source", "values", "met"),
    [
        ("approved == true", {"approved": True}, True),
        ("approved == true", {"approved": None}, False),
        ("approved == true", {}, False),
        ("record.approved == null", {}, True),
        ("int(terms) > 20", {"terms": "30"}, True),
        ("int(terms) > 20", {}, False),
    ],
)
def test_what_cannot_be_worked_out_over_a_blank_is_not_met(source, values, met):
    assert parse(source, FIELDS, FieldType.BOOLEAN).holds(values) is met


def test_another_failure_is_told():
    with pytest.raises(Rejected):
        parse("int(terms) > 20", FIELDS, FieldType.BOOLEAN).holds({"terms": "soon"})


def test_a_filter_that_fails_over_one_record_stops_that_record_alone():
    world = customers(Fate())
    next(m for m in world.mappings if m["connection"] == "erp")["out_filter"] = "int(terms) > 20"
    world.hubs = [world.new_hub()]
    for code, terms in (("K1", "30"), ("K2", "soon"), ("K3", ""), ("K4", "60")):
        world.crm.create("customer", {**K, "code": code, "terms": terms})
    world.sync()
    assert sorted(r["code"] for r in world.erp.all("customer").values()) == ["K1", "K4"]
    (case,) = world.issues()
    assert (case["kind"], case["facts"]["code"]) == ("rejected", "mapping.expr_failed")


def test_an_owner_that_depends_on_odd_values_leaves_the_field_to_its_rule():
    owner = [{"owner": "erp", "when": "int(terms) > 20"}]
    world = customers(Fate(), rules={"phone": {"owner": owner}})
    at = {
        code: world.crm.create("customer", {**K, "code": code, "terms": t}) for code, t in (("K1", "30"), ("K2", "x"))
    }
    world.sync()
    for i in at.values():
        world.crm.edit("customer", i, {"phone": "2"})
    world.sync()
    assert {r["code"]: r["phone"] for r in world.erp.all("customer").values()} == {"K1": "1", "K2": "2"}
