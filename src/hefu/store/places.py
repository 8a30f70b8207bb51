"""Where business objects belong, for rights that are held within organisations or departments only."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import JSON, ColumnElement, and_, cast, exists, false, func, or_, select, true

from hefu.core.rights import Place, Scope
from hefu.store.db import Tx, from_json
from hefu.store.tables import golden, link


def places_of(tx: Tx, golden_ids: Iterable[str]) -> dict[str, Place]:
    """Golden id -> the organisations in which systems know it, and its field `department`."""
    wanted = set(golden_ids)
    organisations: dict[str, set[str]] = {}
    for golden_id, name in tx.pick(link, ("golden_id", "organisation"), "golden_id", wanted):
        organisations.setdefault(golden_id, set()).add(name)
    found = {}
    for golden_id, fields in tx.pick(golden, ("id", "fields"), "id", wanted):
        department = from_json(fields).get("department")
        found[golden_id] = Place(frozenset(organisations.get(golden_id, ())), department)
    return found


def within(tx: Tx, scopes: Sequence[Scope], golden_id: Any) -> ColumnElement[bool]:
    """The condition that the object of this column lies in one of the scopes."""
    return or_(*(_one(tx, scope, golden_id) for scope in scopes)) if scopes else false()


def _one(tx: Tx, scope: Scope, golden_id: Any) -> ColumnElement[bool]:
    parts: list[ColumnElement[bool]] = []
    if scope.organisations is not None:
        there = (link.c.golden_id == golden_id, link.c.organisation.in_(sorted(scope.organisations)))
        parts.append(exists(select(link.c.id).where(*there)))
    if scope.departments is not None:
        g = golden.alias()
        if tx.postgresql:
            said = func.json_extract_path_text(cast(g.c.fields, JSON), "department")
        else:
            said = func.json_extract(g.c.fields, "$.department")
        parts.append(exists(select(g.c.id).where(g.c.id == golden_id, said.in_(sorted(scope.departments)))))
    return and_(*parts) if parts else true()


__all__ = ["places_of", "within"]
