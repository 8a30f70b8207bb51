"""The canonical model: ready entities of CRM and ERP in the field's standard terms, to use as they are or to extend.

An entity document `extends: customer` keeps all fields, match keys and rules of the ready one and states only what
differs; one without `extends` whose name is ready stands alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from hefu.core.documents import nearest
from hefu.core.errors import Unsupported
from hefu.core.model.documents import DOCUMENTS
from hefu.core.model.parties import PARTIES
from hefu.core.model.products import PRODUCTS
from hefu.core.project import Entity, EntityField

READY: Mapping[str, Entity] = {entity.entity: entity for entity in (*PARTIES, *PRODUCTS, *DOCUMENTS)}
"""Name -> ready entity."""


def ready(name: str) -> Entity:
    """The ready entity of that name. Raises Unsupported, naming the nearest."""
    found = READY.get(name)
    if found is None:
        raise Unsupported("mapping.no_entity", word=name, nearest=nearest(name, READY) or "-")
    return found


def resolve(document: Entity, others: Mapping[str, Entity] | None = None) -> Entity:
    """An entity with all that it extends filled in. `others`: the project's own entities, which may be extended too.

    A field that is named again is refined: what the document states replaces, the rest stays (lines field by field).
    Raises Unsupported for an unknown base or a circle.
    """
    return _resolve(document, others or {}, ())


def _resolve(document: Entity, others: Mapping[str, Entity], above: tuple[str, ...]) -> Entity:
    if document.extends is None:
        return document
    name = document.extends
    own = others.get(name) if name != document.entity and name not in above else None
    base = _resolve(own, others, (*above, document.entity)) if own is not None else ready(name)
    stated = document.model_dump(exclude_unset=True, exclude={"extends", "fields"})
    fields = {**base.fields, **{n: _refine(base.fields.get(n), f) for n, f in document.fields.items()}}
    return base.model_copy(update={**stated, "extends": None, "fields": fields})


def _refine(base: EntityField | None, stated: EntityField) -> EntityField:
    if base is None or base.type is not stated.type:
        return stated
    changes = {name: getattr(stated, name) for name in stated.model_fields_set}
    if base.lines and stated.lines:
        changes["lines"] = {**base.lines, **{n: _refine(base.lines.get(n), f) for n, f in stated.lines.items()}}
    return base.model_copy(update=changes)


def every_field(fields: Mapping[str, EntityField]) -> Iterator[tuple[str, EntityField]]:
    """(path, field) of all fields, those of lines as "lines.price"."""
    for name, field in fields.items():
        yield name, field
        for path, inner in every_field(field.lines):
            yield f"{name}.{path}", inner


__all__ = ["READY", "every_field", "ready", "resolve"]
