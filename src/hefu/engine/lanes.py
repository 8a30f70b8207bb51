"""The cheap ways to find what may differ between two databases: one statement, or a walk of ordered rows.

One statement where both sides are tables of one database; a walk where both can be read in the order of a key that they
share. Rows that are equal, or equal once the columns that need it are mapped, are never turned into records.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from hefu.core.columns import Pipe
from hefu.core.connector import Connector
from hefu.core.errors import Denied, Unsupported
from hefu.core.ordered import EVERYTHING, ORDERS, Gap, Ordered, Range, Reading, Row, singly, walk
from hefu.core.values import ODD
from hefu.engine.hub import Hub, Side, chunks
from hefu.engine.sieve import BATCH, Two, recs, translator, way_of
from hefu.engine.spool import LEFT, RIGHT, Spool

Columns = Callable[[Sequence[Any]], Sequence[Any]]


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
    way = way_of(side.compiled, name)
    return way.path or way.name


def _meaning(line: Ordered, side: Side, name: str) -> str | None:
    way = way_of(side.compiled, name)
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
    pipe, load = way_of(side.compiled, name).pipe, line.loader(side.mapping.object, _source(side, name))
    entity = side.compiled.references.get((name,))

    def ours(raw: Sequence[Any]) -> Sequence[Any]:
        values = _piped(pipe, list(load(raw)))
        if entity is None:
            return values
        swap = translator(hub, side, entity, [v for v in values if isinstance(v, str) and v])
        return [swap(v) if isinstance(v, str) and v else v for v in values]

    return ours


def _piped(pipe: Pipe, values: list[Any]) -> list[Any]:
    """The column behind its pipe. To ask each decimal whether it is a blank costs more than all else here."""
    if len(pipe.stages) == 1 and not {str, type(None)} & set(map(type, values)):
        column = pipe.stages[0].column
        try:
            if column is not None:
                return column(values)
        except ODD:
            pass
    return pipe.run(values, (), gaps=False)[0]


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


__all__ = ["Lane", "join", "keyless", "lane", "line_of", "load_alone", "ordered", "sift"]
