"""A wrong mapping is told of completely, with the place of each flaw and the nearest right word."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from hefu.core.documents import Flaw
from hefu.core.mapcheck import check_mapping
from hefu.core.project import Entity, Mapping
from hefu.core.records import Abilities, Field, ObjectSchema
from hefu.core.records import FieldType as T

ENTITY = Entity.model_validate(
    {
        "entity": "customer",
        "fields": {
            "code": {"type": "code"},
            "name": {"type": "text"},
            "level": {"type": "code", "options": ["gold", "silver"]},
            "limit": {"type": "money"},
            "since": {"type": "date"},
            "seen_at": {"type": "instant"},
            "active": {"type": "boolean"},
            "lines": {
                "type": "lines",
                "line_key": "no",
                "lines": {"no": {"type": "code"}, "quantity": {"type": "decimal"}},
            },
        },
    }
)
SCHEMA = ObjectSchema(
    "CUST",
    (
        Field("no", T.TEXT, required=True),
        Field("title", T.TEXT),
        Field("lv", T.CODE),
        Field("credit", T.MONEY),
        Field("day", T.DATE),
        Field("stamp", T.INSTANT, writable=False),
        Field("rows", T.LINES, lines=(Field("id", T.DECIMAL), Field("qty", T.DECIMAL))),
    ),
    abilities=Abilities(create="key", update=True),
)


NUMBER = {"field": "no", "from": "id"}


def flaws(*fields: dict[str, Any], schema: ObjectSchema | None = SCHEMA, samples: Any = (), **more: Any) -> list[Flaw]:
    document = {"mapping": "m", "connection": "erp", "object": "CUST", "entity": "customer", **more, "fields": fields}
    return check_mapping(Mapping.model_validate(document), ENTITY, schema, zone="Asia/Shanghai", samples=samples)


def told(found: list[Flaw]) -> list[tuple[Any, ...]]:
    return [(flaw.path, flaw.code, flaw.word) for flaw in found]


def test_a_right_mapping_has_no_flaws() -> None:
    good = [
        {"field": "code", "from": "no", "transform": ["trim"]},
        {"field": "level", "from": "lv", "values": {"A": "gold", "B": "silver"}},
        {"field": "limit", "from": "credit"},
        {"field": "since", "from": "day"},
        {"field": "seen_at", "from": "stamp", "direction": "in"},
        {
            "field": "lines",
            "from": "rows",
            "lines": [{"field": "no", "from": "id"}, {"field": "quantity", "from": "qty"}],
        },
    ]
    samples = [{"no": " C1", "lv": "A", "credit": 5, "day": date(2026, 1, 31), "rows": [{"id": 1, "qty": 2}]}]
    assert flaws(*good, create=True, samples=samples) == []
    assert flaws(*good, schema=None) == []


def test_all_flaws_are_told_at_once() -> None:
    found = flaws(
        {"field": "nmae", "from": "title"},
        {"field": "name", "from": "titel"},
        {"field": "code", "from": "no", "transform": ["trimm", {"use": "pad", "widht": 3, "width": 3}]},
        {"field": "limit", "expr_in": "credt", "direction": "in"},
        {"field": "seen_at", "from": "stamp"},
        filter="lv = 'A'",
        token_field="tok",
    )
    assert told(found) == [
        (("fields", 0, "field"), "documents.unknown_field", "nmae"),
        (("fields", 1, "from"), "mapping.no_source", "titel"),
        (("fields", 2, "transform", 0), "mapping.no_transform", "trimm"),
        (("fields", 2, "transform", 1, "widht"), "mapping.no_parameter", "widht"),
        (("fields", 3, "expr_in"), "mapping.expr_unknown", "credt"),
        (("fields", 4, "from"), "mapping.read_only", "stamp"),
        (("filter",), "mapping.expr", "= 'A'"),
        (("token_field",), "mapping.no_source", "tok"),
    ]
    assert "title" in found[1].known
    assert "trim" in found[2].known
    assert found[3].on_key
    assert "credit" in found[4].known
    assert (found[6].facts["at_line"], found[6].facts["at_column"]) == (1, 4)


@pytest.mark.parametrize(
    ("pair", "code"),
    [
        ({"field": "since", "from": "stamp", "direction": "in"}, "mapping.type_clash"),
        ({"field": "seen_at", "from": "day", "direction": "in"}, "mapping.type_clash"),
        ({"field": "name", "from": "rows", "direction": "in"}, "mapping.type_clash"),
        ({"field": "lines", "from": "title", "lines": [{"field": "no", "from": "id"}]}, "mapping.type_clash"),
        ({"field": "since", "from": "credit", "direction": "in"}, "mapping.type_clash"),
        ({"field": "name", "from": "day", "transform": ["day"], "direction": "in"}, "mapping.type_clash"),
        ({"field": "name", "from": "title", "transform": [{"use": "cut", "length": 3}]}, "mapping.not_invertible"),
        ({"field": "name", "expr_in": "title"}, "mapping.expr_only_in"),
        ({"field": "name", "from": "title", "expr_out": "name + 1"}, "mapping.expr"),
        ({"field": "level", "from": "lv", "values": {"A": "bronze"}}, "value.option"),
        ({"field": "lines", "from": "rows"}, "mapping.no_lines"),
        ({"field": "lines", "from": "rows", "lines": [{"field": "quantity", "from": "qty"}]}, "mapping.no_line_key"),
        ({"field": "lines", "from": "rows", "lines": [{"field": "no", "from": "idd"}]}, "mapping.no_source"),
    ],
)
def test_flaws_of_one_field(pair: dict[str, Any], code: str) -> None:
    assert [flaw.code for flaw in flaws(pair)] == [code]


@pytest.mark.parametrize(
    "pair",
    [
        {"field": "name", "from": "day", "direction": "in"},
        {"field": "active", "from": "credit"},
        {"field": "since", "from": "stamp", "transform": ["day"], "direction": "in"},
        {"field": "seen_at", "from": "day", "transform": ["midnight"]},
        {"field": "name", "from": "title", "transform": [{"use": "cut", "length": 3}], "expr_out": "name"},
        {"field": "limit", "from": "title", "transform": ["money"]},
    ],
)
def test_what_only_looks_wrong_is_let_through(pair: dict[str, Any]) -> None:
    assert flaws(pair) == []


def test_a_target_is_written_once() -> None:
    found = flaws({"field": "name", "from": "title"}, {"field": "code", "from": "title"})
    assert told(found) == [(("fields", 1, "from"), "mapping.target_twice", "title")]


def test_what_the_object_demands_or_cannot_do() -> None:
    found = flaws({"field": "name", "from": "title"}, create=True)
    assert told(found) == [(("create",), "mapping.required", "no")]
    read_only = ObjectSchema("CUST", SCHEMA.fields)
    found = flaws({"field": "code", "from": "no"}, schema=read_only, create=True)
    assert [(flaw.code, flaw.word, flaw.severity) for flaw in found] == [
        ("mapping.not_updatable", "create", "error"),
        ("mapping.not_updatable", "update", "warning"),
    ]


def test_several_codes_for_one_value_are_a_warning() -> None:
    found = flaws({"field": "level", "from": "lv", "values": {"A": "gold", "B": "gold"}})
    assert [(f.code, f.severity, f.facts["first"]) for f in found] == [("mapping.ambiguous", "warning", "A")]


def test_a_value_map_is_held_against_the_codes_of_the_system() -> None:
    schema = ObjectSchema("CUST", (Field("lv", T.CODE, options=("A", "B", "C")),), abilities=Abilities(update=True))
    pair: dict[str, Any] = {"field": "level", "from": "lv", "values": {"A": "gold", "X": "silver"}}
    found = flaws(pair, schema=schema)
    assert [(f.path, f.code, f.word, f.severity) for f in found] == [
        (("fields", 0, "values"), "mapping.code_missing", "B, C", "warning"),
        (("fields", 0, "values", "X"), "mapping.code_stray", "X", "warning"),
    ]
    assert flaws({**pair, "values": {"A": "gold"}, "values_default": "silver"}, schema=schema) == []


def test_samples_that_cannot_be_read_are_warnings() -> None:
    found = flaws({"field": "limit", "from": "title"}, samples=[{"title": "1,5"}, {"title": "2,5"}, {"title": "3"}])
    assert [(f.path, f.code, f.severity) for f in found] == [(("fields", 0, "field"), "mapping.sample", "warning")]


def test_samples_that_do_not_come_back_are_errors() -> None:
    fold = {"field": "name", "from": "title", "transform": [{"use": "case", "to": "upper"}], "expr_out": "name + '!'"}
    found = flaws(fold, samples=[{"title": "abc"}])
    assert [(f.code, f.word) for f in found] == [("mapping.round_trip", "name")]
    assert found[0].facts == {"before": "ABC", "written": "ABC!", "after": "ABC!"}
