"""What was erased does not come back by the next sync: records and values are known again by keyed hashes.

A record that was deleted, or a new one under a key of the erased person, is not taken over and is listed for a person
to look at. In a record that lives on, the very values that were erased are left out; anything new is taken as always.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hefu.core.erasure import hashed
from hefu.core.errors import HubError, Rejected
from hefu.core.match import match_keys
from hefu.core.records import Normals, Record
from hefu.engine.fold import Batch
from hefu.engine.hub import Side
from hefu.engine.mark import shown
from hefu.store import erasures
from hefu.store.golden import Link
from hefu.store.issues import Issue

Key = tuple[str, str]


def place_mark(key: bytes, connection: str, obj: str, organisation: str, record_id: str) -> str:
    """The hash of a record's place in its system."""
    return hashed(key, "record", connection, obj, organisation, record_id)


def value_mark(key: bytes, entity: str, path: str, value: Any) -> str:
    """The hash of one value of a field."""
    return hashed(key, "value", entity, path, value)


def sieve(
    batch: Batch, side: Side, understood: Sequence[tuple[Record, Any]], links: Mapping[Key, Link]
) -> Sequence[tuple[Record, Any]]:
    """These records without what was erased; one that is not to be taken over has the reason in place of its values."""
    if not understood or not erasures.anything(batch.tx):
        return understood
    key, doc = batch.hub.journal_key, side.mapping
    places = {
        (r.organisation, r.id): place_mark(key, doc.connection, doc.object, r.organisation, r.id) for r, _ in understood
    }
    fresh = {
        (r.organisation, r.id): _keys(key, side, values)
        for r, values in understood
        if (r.organisation, r.id) not in links and not isinstance(values, HubError)
    }
    known = erasures.marked(batch.tx, {*places.values(), *(mark for marks in fresh.values() for mark in marks)})
    if not known:
        return understood
    out: list[tuple[Record, Any]] = []
    for record, values in understood:
        at = (record.organisation, record.id)
        if isinstance(values, HubError):
            out.append((record, values))
        elif places[at] in known and known[places[at]] is not None:
            out.append((record, _without(batch, side, record, values, known[places[at]], links.get(at))))
        elif places[at] in known or any(mark in known for mark in fresh.get(at, ())):
            out.append((record, Rejected("privacy.suppressed", connection=doc.connection, object=doc.object)))
            batch.counts["suppressed"] += 1
        else:
            out.append((record, values))
    return out


def _keys(key: bytes, side: Side, values: Normals) -> list[str]:
    rules = side.entity.match
    found = enumerate(match_keys(rules, values))
    return [hashed(key, "key", side.entity.entity, str(kind), mine) for kind, mine in found if mine is not None]


def _without(
    batch: Batch, side: Side, record: Record, values: Normals, erased: Mapping[str, Sequence[str]], link: Link | None
) -> Normals:
    """The values without those that were erased; that the system holds them (again) is said once."""
    key, entity = batch.hub.journal_key, side.entity.entity
    out, back = dict(values), []
    for path, marks in erased.items():
        name, _, inner = path.partition(".")
        value = out.get(name)
        if not inner and value not in (None, "", []) and value_mark(key, entity, path, value) in marks:
            del out[name]
            back.append(path)
        elif inner and isinstance(value, list):
            rows = [
                {n: v for n, v in row.items() if n != inner or value_mark(key, entity, path, v) not in marks}
                for row in value
            ]
            if rows != value:
                out[name] = rows
                back.append(path)
    if back:
        facts = {
            "code": "privacy.back",
            "facts": {"connection": side.mapping.connection, "object": side.mapping.object, "fields": ", ".join(back)},
            "record_id": shown(record.id),
        }
        golden_id, link_id = (link.golden_id, link.id) if link is not None else (None, None)
        where = f"{shown(record.id)}:erased"[:200]
        batch.issues.append(Issue("unreadable", entity, golden_id, link_id, side.mapping.connection, where, facts))
        batch.counts["suppressed"] += 1
    return out


__all__ = ["place_mark", "sieve", "value_mark"]
