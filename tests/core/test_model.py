"""The ready entities: complete in both languages, consistent with each other, and extensible."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hefu.core.crosscheck import crosscheck
from hefu.core.errors import Unsupported
from hefu.core.mapcheck import check_mapping
from hefu.core.model import READY, ready, resolve
from hefu.core.project import Entity, EntityField, Mapping, Project
from hefu.core.records import FieldType as T

WANTED = (
    "company customer contact address product unit price_list opportunity quotation sales_order delivery invoice "
    "receipt credit_memo employee organisation"
)


def fields(entity: Entity) -> Iterator[tuple[str, EntityField, dict[str, EntityField]]]:
    for name, field in entity.fields.items():
        yield name, field, entity.fields
        for line, inner in field.lines.items():
            yield f"{name}.{line}", inner, field.lines


def test_every_wanted_entity_is_ready() -> None:
    assert set(READY) == set(WANTED.split())


@pytest.mark.parametrize("entity", READY.values(), ids=READY)
def test_entities_are_complete(entity: Entity) -> None:
    assert set(entity.title) == {"en", "zh"}
    assert entity.match
    for name, field, beside in fields(entity):
        assert set(field.title) == {"en", "zh"}, name
        if field.type is T.REFERENCE:
            assert field.entity in READY, name
        if field.type is T.MONEY:
            assert field.currency in entity.fields, name
        if field.type is T.LINES:
            assert field.line_key in field.lines
            assert field.keep_while is None or field.keep_while in field.lines
        if field.at_least:
            assert field.at_least in beside
    for key in entity.match:
        assert set(key) <= set(entity.fields)
    if entity.parent:
        assert entity.fields[entity.parent].type is T.REFERENCE


def test_parents_make_no_circle() -> None:
    for entity in READY.values():
        seen, at = set(), entity
        while at.parent:
            assert at.entity not in seen
            seen.add(at.entity)
            at = READY[at.fields[at.parent].entity or ""]


def test_ready_entities_pass_the_cross_check() -> None:
    assert crosscheck(Project(entities=dict(READY))) == []


def test_ready_entities_can_be_mapped_field_by_field() -> None:
    for entity in READY.values():
        maps = [
            {"field": name, "lines": [{"field": line} for line in field.lines]} for name, field in entity.fields.items()
        ]
        mapping = Mapping.model_validate(
            {"mapping": "m", "connection": "c", "object": "o", "entity": entity.entity, "fields": maps}
        )
        assert check_mapping(mapping, entity, None) == []


def test_extending_keeps_what_is_not_said_again() -> None:
    stated = Entity.model_validate(
        {
            "entity": "customer",
            "extends": "customer",
            "fields": {
                "phone": {"type": "text", "owner": "crm"},
                "vip": {"type": "boolean"},
                "level": {"type": "code", "options": ["A"]},
            },
        }
    )
    entity = resolve(stated)
    assert entity.extends is None
    assert entity.match == ready("customer").match
    assert entity.fields["phone"].owner == "crm"
    assert entity.fields["phone"].pii == "contact"
    assert entity.fields["vip"].type is T.BOOLEAN
    assert entity.fields["level"].options == ["A"]
    assert set(ready("customer").fields) < set(entity.fields)


def test_extending_refines_lines_field_by_field() -> None:
    lines = {"type": "lines", "lines": {"quantity": {"type": "decimal", "scale": 2}, "note": {"type": "text"}}}
    stated = Entity.model_validate({"entity": "so", "extends": "sales_order", "fields": {"lines": lines}})
    found = resolve(stated).fields["lines"]
    assert found.line_key == "line_no"
    assert found.lines["quantity"].scale == 2
    assert found.lines["quantity"].title["zh"] == "数量"
    assert {"note", "product"} < set(found.lines)


def test_entities_of_the_project_can_be_extended_too() -> None:
    base = Entity.model_validate({"entity": "base", "fields": {"a": {"type": "text"}}})
    child = Entity.model_validate({"entity": "child", "extends": "base", "fields": {"b": {"type": "text"}}})
    assert set(resolve(child, {"base": base}).fields) == {"a", "b"}


def test_an_unknown_base_is_named_with_the_nearest() -> None:
    with pytest.raises(Unsupported) as error:
        resolve(Entity.model_validate({"entity": "x", "extends": "custmer"}))
    assert error.value.facts["nearest"] == "customer"
    circle = {n: Entity.model_validate({"entity": n, "extends": o}) for n, o in (("one", "two"), ("two", "one"))}
    with pytest.raises(Unsupported):
        resolve(circle["one"], circle)
