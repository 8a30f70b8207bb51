"""Finds what may differ between two systems by reading every record of both, without judging it.

What passes the sieve is looked at again, record by record (`examine`). Where both are databases there are cheaper ways
to find it: see `lanes`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import orjson

from hefu.core.errors import Unsupported
from hefu.core.mapping import FILTERED, Compiled
from hefu.core.match import match_keys
from hefu.core.reconcile import Shape
from hefu.core.records import FieldType, Normals, Record
from hefu.core.ways import InField
from hefu.engine import references
from hefu.engine.hub import Counts, Hub, Side
from hefu.engine.spool import Rec, Spool
from hefu.store import golden as goldens
from hefu.store.tables import link

BATCH = 2000
"""Records mapped at once, and rows of a walk compared at once."""

Columns = Callable[[Sequence[Any]], Sequence[Any]]


@dataclass(frozen=True)
class Two:
    """The two sides of a comparison, and the fields that both can be read for."""

    left: Side
    right: Side
    shape: Shape

    @property
    def sides(self) -> tuple[Side, Side]:
        """Left, right."""
        return self.left, self.right

    @classmethod
    def of(cls, left: Side, right: Side) -> Two:
        """Raises Unsupported where there is nothing to compare."""
        if left.entity.entity != right.entity.entity:
            raise Unsupported("load.other_entity", source=left.name, target=right.name)
        shape = {}
        for name in sorted(left.compiled.reads & right.compiled.reads):
            inner = None
            if left.entity.fields[name].type is FieldType.LINES:
                names = _line_fields(left.compiled, name) & _line_fields(right.compiled, name)
                key = left.entity.fields[name].line_key
                inner = (key if key in names else None, frozenset(names))
            shape[name] = inner
        if not shape:
            raise Unsupported("reconcile.nothing_shared", left=left.name, right=right.name)
        return cls(left, right, shape)


def way_of(compiled: Compiled, name: str) -> InField:
    """How a golden field is read from the system's record."""
    return next(way for way in compiled.ins if way.name == name)


def _line_fields(compiled: Compiled, name: str) -> set[str]:
    lines = way_of(compiled, name).lines
    return {way.name for way in lines.ways} if lines is not None else set()


# ------------------------------------------------------------------------ reading


def unfiltered(side: Side, records: Sequence[Record]) -> list[tuple[Any, bool]]:
    """(values in our terms, or the error; whether the mapping's filter leaves the record alone) of each."""
    values = [r.values for r in records]
    everything = replace(side.compiled, filter=None).inward(values)
    if side.compiled.filter is None:
        return [(v, False) for v in everything]
    passed = side.compiled.inward(values)
    return [(v, p is FILTERED) for v, p in zip(everything, passed, strict=True)]


def in_common_terms(hub: Hub, side: Side, values: Sequence[Any]) -> list[Any]:
    """The same values with references as golden ids; one that nobody knows stays as `connection:id`."""
    out = list(values)
    for path, entity in side.compiled.references.items():
        swap = translator(hub, side, entity, [i for v in out if isinstance(v, dict) for i in references.each(v, path)])
        out = [references.replaced(v, path, swap) if isinstance(v, dict) else v for v in out]
    return out


def translator(hub: Hub, side: Side, entity: str, ids: Sequence[str]) -> Callable[[str], str]:
    """A system's own id of a parent -> its golden id."""
    parent, here = hub.parent_object(side, entity), side.mapping.connection
    if parent is None:
        return lambda i: f"{here}:{i}"
    with hub.store.look() as tx:
        known = goldens.golden_ids(tx, here, hub.project.mappings[parent].object, set(ids))
        stands = goldens.resolve_merged(tx, set(known.values()))
    return lambda i: stands[known[i]] if i in known else f"{here}:{i}"


def unknown(side: Side, value: object) -> bool:
    """Whether it is a reference that nobody could translate."""
    return isinstance(value, str) and value.startswith(f"{side.mapping.connection}:")


def linked(hub: Hub, side: Side, records: Sequence[Record]) -> dict[tuple[str, str], str]:
    """(organisation, record id) -> golden id, of the records that the hub knows."""
    where, doc = "connection = ? AND object = ? AND state <> 'detached'", side.mapping
    with hub.store.look() as tx:
        ids = {r.id for r in records}
        columns = ("organisation", "record_id", "golden_id")
        rows = tx.pick(link, columns, "record_id", ids, where, (doc.connection, doc.object))
        stands = goldens.resolve_merged(tx, {r[2] for r in rows})
    return {(r[0], r[1]): stands[r[2]] for r in rows}


def digest(values: Normals, shape: Shape) -> bytes:
    """Equal digests mean: the same values, as far as both sides can tell."""
    told = [_bare(values.get(name, "\0"), lines) for name, lines in shape.items()]
    return hashlib.blake2b(orjson.dumps(told, option=orjson.OPT_SORT_KEYS), digest_size=16).digest()


def _bare(value: Any, lines: Any) -> Any:
    if value in ("", []):
        return None
    if lines is None or not isinstance(value, list):
        return value
    return [{n: row[n] for n in lines[1] if row.get(n) not in (None, "")} for row in value]


def recs(
    hub: Hub,
    two: Two,
    side: Side,
    records: Sequence[Record],
    counted: Counted | None = None,
    window: Window | None = None,
) -> list[Rec]:
    """Records as the spool keeps them."""
    mapped = unfiltered(side, records)
    values = in_common_terms(hub, side, [v for v, _ in mapped])
    known = linked(hub, side, records)
    rules = side.entity.match
    out = []
    for record, found, (_, filtered) in zip(records, values, mapped, strict=True):
        keys = match_keys(rules, found) if isinstance(found, dict) else [None] * len(rules)
        golden = known.get((record.organisation, record.id))
        inside = window is None or window.holds(record, found)
        mark = digest(found, two.shape) if isinstance(found, dict) else f"unreadable {side.name}".encode()
        out.append(Rec(record.id, golden, keys, mark, filtered, inside, record.organisation))
        if counted is not None and inside and not filtered and isinstance(found, dict):
            counted(found)
    return out


Counted = Callable[[Normals], None]


@dataclass(frozen=True)
class Window:
    """Records that the system changed, or whose `field` lies, from `since` on and before `until`."""

    since: datetime
    until: datetime | None = None
    field: str | None = None

    def holds(self, record: Record, values: Any) -> bool:
        """A record that does not tell when it changed is in every window."""
        if self.field is None:
            at = record.modified_at
            return at is None or (self.since <= at and (self.until is None or at < self.until))
        said = values.get(self.field) if isinstance(values, dict) else None
        if not isinstance(said, str):
            return False
        zone = UTC if said.endswith("Z") else None  # a date has no zone: it is the day that was asked for
        said = said.rstrip("Z")
        first, last = (
            (at.astimezone(zone) if zone else at).replace(tzinfo=None).isoformat()[: len(said)] if at else None
            for at in (self.since, self.until)
        )
        return said >= (first or "") and (last is None or said < last)


def read_side(
    hub: Hub, two: Two, which: int, spool: Spool, counted: Counted | None = None, window: Window | None = None
) -> int:
    """Every record of one side into the spool; how many are in the window. Raises HubError when the system fails."""
    side, number = two.sides[which], 0
    for page in hub.env.ahead(hub.connect(side.mapping.connection).read(side.mapping.object, None)):
        for start in range(0, len(page.records), BATCH):
            made = recs(hub, two, side, page.records[start : start + BATCH], counted, window)
            spool.add(which, made)
            number += sum(one.inside for one in made)
        hub.told("reconcile", side.name, Counts({"read": number}))
    return number


__all__ = [
    "BATCH",
    "Two",
    "Window",
    "digest",
    "in_common_terms",
    "read_side",
    "recs",
    "translator",
    "unfiltered",
    "unknown",
    "way_of",
]
