"""Finds what may differ between two systems, without judging it: by one statement, by a walk, or by reading.

One statement where both sides are tables of one database; a walk of ordered rows where both can be read in the order of
a key; else every record of both is read. What passes the sieve is looked at again, record by record (`examine`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import orjson

from hefu.core.connector import Connector
from hefu.core.errors import Denied, Unsupported
from hefu.core.mapping import FILTERED, Compiled
from hefu.core.match import match_keys
from hefu.core.ordered import EVERYTHING, ORDERS, Gap, Ordered, Range, Reading, Row, singly, walk
from hefu.core.reconcile import Shape
from hefu.core.records import FieldType, Normals, Record
from hefu.core.ways import InField
from hefu.engine import references
from hefu.engine.hub import Counts, Hub, Side, chunks
from hefu.engine.spool import LEFT, RIGHT, Rec, Spool
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


def _way(compiled: Compiled, name: str) -> InField:
    return next(way for way in compiled.ins if way.name == name)


def _line_fields(compiled: Compiled, name: str) -> set[str]:
    lines = _way(compiled, name).lines
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
        first, last = (at.isoformat()[: len(said.rstrip("Z"))] if at else None for at in (self.since, self.until))
        return said.rstrip("Z") >= (first or "") and (last is None or said.rstrip("Z") < last)


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


# ------------------------------------------------------------------------ walking


@dataclass(frozen=True)
class Lane:
    """How both sides can be walked. A map makes a column's values comparable; None: they are compared raw."""

    left: Reading
    right: Reading
    left_maps: tuple[Columns | None, ...]
    right_maps: tuple[Columns | None, ...]
    unique: tuple[bool, bool]

    @property
    def raw(self) -> bool:
        """Whether raw values are compared throughout."""
        return not any((*self.left_maps, *self.right_maps))

    def within(self, part: Range) -> Lane:
        """The same for a range of keys."""
        return replace(self, left=replace(self.left, within=part), right=replace(self.right, within=part))


def ordered(hub: Hub, side: Side) -> Ordered | None:
    """The side's connector, if it can be read in order."""
    line: Connector = hub.connect(side.mapping.connection)
    return line if isinstance(line, Ordered) else None


def lane(hub: Hub, two: Two) -> Lane | None:
    """How to walk these two, None where they must be read."""
    a, b = ordered(hub, two.left), ordered(hub, two.right)
    if a is None or b is None or any(two.shape.values()):
        return None
    alone = (rule[0] for rule in two.left.entity.match if len(rule) == 1)
    key = next((name for name in alone if _sorted_alike(a, b, two, name)), None)
    if key is None:
        return None
    names = [name for name in two.shape if name != key]
    found = [(_column(hub, a, two.left, n), _column(hub, b, two.right, n)) for n in names]
    if any(mine is None or other is None for mine, other in found):
        return None
    maps = [
        (None, None) if _same(a, b, two, n) else (mine, other) for n, (mine, other) in zip(names, found, strict=True)
    ]
    readings = [Reading(s.mapping.object, _source(s, key), tuple(_source(s, n) for n in names)) for s in two.sides]
    unique = tuple(o.unique(r.obj, r.key) for o, r in zip((a, b), readings, strict=True))
    return Lane(readings[0], readings[1], tuple(m for m, _ in maps), tuple(o for _, o in maps), (unique[0], unique[1]))


def _source(side: Side, name: str) -> str:
    way = _way(side.compiled, name)
    return way.path or way.name


def _meaning(line: Ordered, side: Side, name: str) -> str | None:
    way = _way(side.compiled, name)
    if way.expr is not None or way.lines is not None or way.pipe.paths:
        return None
    return line.meaning(side.mapping.object, _source(side, name))


def _same(a: Ordered, b: Ordered, two: Two, name: str) -> bool:
    """Whether equal raw values are equal values of ours: the same meaning in both systems, the same steps to us."""
    if (name,) in two.left.compiled.references or (name,) in two.right.compiled.references:
        return False
    if _steps(two.left, name) != _steps(two.right, name):
        return False
    return _meaning(a, two.left, name) == _meaning(b, two.right, name) is not None


def _steps(side: Side, name: str) -> tuple[Any, ...]:
    doc = next(m for m in side.mapping.fields if m.field == name)
    return doc.transform, doc.values, doc.values_default, doc.blank, side.connection.zone


def _sorted_alike(a: Ordered, b: Ordered, two: Two, name: str) -> bool:
    return name in two.shape and _meaning(a, two.left, name) in ORDERS and _same(a, b, two, name)


def _column(hub: Hub, line: Ordered, side: Side, name: str) -> Columns | None:
    """What turns the raw column into our values; None where it takes more than the column."""
    if _meaning(line, side, name) is None:
        return None
    pipe, load = _way(side.compiled, name).pipe, line.loader(side.mapping.object, _source(side, name))
    entity = side.compiled.references.get((name,))

    def ours(raw: Sequence[Any]) -> Sequence[Any]:
        values, _ = pipe.run(list(load(raw)), (), gaps=False)
        if entity is None:
            return values
        swap = translator(hub, side, entity, [v for v in values if isinstance(v, str) and v])
        return [swap(v) if isinstance(v, str) and v else v for v in values]

    return ours


def _mapped(
    rows: Iterator[list[Row]], maps: Sequence[Columns | None], tell: Callable[[int], None]
) -> Iterator[list[Row]]:
    for some in rows:
        tell(len(some))
        if not any(maps):
            yield some
            continue
        key, *columns = zip(*some, strict=True)
        done = [c if m is None else m(c) for m, c in zip(maps, columns, strict=True)]
        yield list(zip(key, *done, strict=True))


def sift(hub: Hub, two: Two, lane: Lane, spool: Spool, told: Callable[[str, int], None]) -> None:
    """Walk both sides; what differs, is alone or occurs twice goes into the spool by record id."""
    lines = [line_of(hub, side) for side in two.sides]
    readings, maps = (lane.left, lane.right), (lane.left_maps, lane.right_maps)
    streams = []
    for which, name in ((LEFT, "left"), (RIGHT, "right")):
        rows = _mapped(lines[which].rows(readings[which], BATCH), maps[which], partial(told, name))
        if not lane.unique[which]:
            rows = singly(rows, partial(_twice, spool, lines[which], readings[which], which))
        streams.append(rows)
    _keep(lines, readings, walk(streams[LEFT], streams[RIGHT]), spool)
    if lane.left.within == EVERYTHING:
        keyless(lines, readings, spool)


def line_of(hub: Hub, side: Side) -> Ordered:
    """The side's connector as one that reads in order. Raises Unsupported where it is none."""
    found = ordered(hub, side)
    if found is None:
        raise Unsupported("reconcile.not_ordered", connection=side.mapping.connection, object=side.mapping.object)
    return found


def keyless(lines: Sequence[Ordered], readings: Sequence[Reading], spool: Spool) -> None:
    """Records without the key are alone until something else pairs them."""
    for which in (LEFT, RIGHT):
        for ids in lines[which].keyless(readings[which].obj, readings[which].key):
            spool.alone(which, ids)


def _twice(spool: Spool, line: Ordered, reading: Reading, which: int, keys: Sequence[Any]) -> None:
    for some in chunks(list(dict.fromkeys(keys)), BATCH):
        by_key: dict[Any, list[str]] = {}
        for key, record_id in line.ids(reading.obj, reading.key, some):
            by_key.setdefault(key, []).append(record_id)
        spool.twins(which, [i for ids in by_key.values() for i in ids[1:]])


def _keep(lines: Sequence[Ordered], readings: Sequence[Reading], gaps: Iterator[Gap], spool: Spool) -> None:
    differ: list[Any] = []
    alone: tuple[list[Any], list[Any]] = ([], [])

    def flush(least: int) -> None:
        if len(differ) >= least:
            mine, other = (dict(reversed(o.ids(r.obj, r.key, differ))) for o, r in zip(lines, readings, strict=True))
            spool.to_look_at((mine[k], other[k]) for k in differ if k in mine and k in other)
            differ.clear()
        for which in (LEFT, RIGHT):
            if len(alone[which]) >= least:
                found = lines[which].ids(readings[which].obj, readings[which].key, alone[which])
                spool.alone(which, dict(reversed([(k, i) for k, i in found])).values())
                alone[which].clear()

    for gap in gaps:
        differ += gap.differ
        alone[LEFT].extend(gap.left)
        alone[RIGHT].extend(gap.right)
        flush(BATCH)
    flush(1)


def join(hub: Hub, two: Two, lane: Lane, spool: Spool) -> bool:
    """The same by one statement of the database that holds both; False where there is none that may see both."""
    lines = [line_of(hub, side) for side in two.sides]
    gaps = lines[LEFT].gaps(lane.left, lines[RIGHT], lane.right, BATCH) if lane.raw and all(lane.unique) else None
    if gaps is None:
        return False
    try:
        first = next(gaps, Gap())
    except (Denied, Unsupported):  # one login may not see both, or the database is too old for it
        return False
    _keep(lines, (lane.left, lane.right), _again(first, gaps), spool)
    keyless(lines, (lane.left, lane.right), spool)
    return True


def _again(first: Gap, rest: Iterator[Gap]) -> Iterator[Gap]:
    yield first
    yield from rest


def load_alone(hub: Hub, two: Two, spool: Spool) -> None:
    """Fetch what a walk found alone, so that links and other keys may still pair it."""
    for some in spool.batches("alone", BATCH):
        for which, side in enumerate(two.sides):
            ids = [i for s, i in some if int(s) == which]
            if ids:
                records = hub.connect(side.mapping.connection).fetch(side.mapping.object, ids)
                spool.add(which, recs(hub, two, side, records))


__all__ = [
    "BATCH",
    "Lane",
    "Two",
    "Window",
    "join",
    "lane",
    "load_alone",
    "read_side",
    "sift",
    "unfiltered",
]
