"""Migration batches as they are kept: a head, and the records with what became of each.

A record is kept as its source held it, types included, so that it can be checked again under a corrected mapping
without asking the source again, and so that what was checked is what is loaded.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select

from hefu.core.records import Record
from hefu.store.db import Tx, from_json, to_json
from hefu.store.golden import SHARDS
from hefu.store.tables import batch, batch_row, link

LOADABLE = ("ready", "loading")
THERE = ("loaded", "verified", "differs")
"""States of rows whose record is in the target because of this batch."""

BEGUN = ("loading", "loaded", "verified", "undoing")
"""States of batches that may have written."""


@dataclass(slots=True)
class StoredBatch:
    """The head of a batch. Instants are UTC text as stored; `note`: why it stopped, as code and facts."""

    id: str
    source: str
    target: str
    state: str
    author: str
    project_version: int
    created_at: str
    fingerprint: str | None = None
    staged_at: str | None = None
    loaded_at: str | None = None
    verified_at: str | None = None
    ended_at: str | None = None
    plan_id: str | None = None
    note: Any = None


@dataclass(slots=True)
class Row:
    """One record of a batch. `reasons`: what is wrong with it, each {field, code, facts}."""

    id: str
    seq: int
    record: Record
    title: str = ""
    state: str = "staged"
    reasons: list[dict[str, Any]] = field(default_factory=list)
    link_id: str | None = None

    @property
    def key(self) -> tuple[str, str]:
        """(organisation, record id)."""
        return self.record.organisation, self.record.id


# -------------------------------------------------------------------------- heads

_HEAD = tuple(column.name for column in batch.columns)


def add(tx: Tx, made: StoredBatch) -> None:
    """Keep a new batch."""
    tx.run(batch.insert().values(**{name: getattr(made, name) for name in _HEAD if name != "note"}))


def get(tx: Tx, batch_id: str, *, lock: bool = False) -> StoredBatch | None:
    """A batch by its id."""
    statement = select(batch).where(batch.c.id == batch_id)
    row = tx.run(statement.with_for_update() if lock and tx.postgresql else statement).mappings().first()
    return None if row is None else _head(row)


def _head(row: Mapping[str, Any]) -> StoredBatch:
    return StoredBatch(**{**row, "note": from_json(row["note"])})


def listed(tx: Tx, limit: int = 50) -> list[StoredBatch]:
    """The newest batches, newest first."""
    return [_head(row) for row in tx.run(select(batch).order_by(batch.c.id.desc()).limit(limit)).mappings()]


def update(tx: Tx, batch_id: str, **values: Any) -> None:
    """Change how a batch stands."""
    if "note" in values and values["note"] is not None:
        values["note"] = to_json(values["note"])
    tx.run(batch.update().where(batch.c.id == batch_id).values(**values))


def counts(tx: Tx, batch_id: str) -> dict[str, int]:
    """State of rows -> how many."""
    counted = (
        select(batch_row.c.state, func.count()).where(batch_row.c.batch_id == batch_id).group_by(batch_row.c.state)
    )
    return dict(tx.run(counted).tuples().all())


# --------------------------------------------------------------------------- rows

_ROW = ("id", "seq", "record", "title", "state", "reasons", "link_id")


def add_rows(tx: Tx, batch_id: str, first: int, records: Sequence[Record]) -> None:
    """Stage records, numbered from `first`."""
    ids = tx.store.env.new_ids(len(records))
    columns = ("id", "batch_id", "seq", "organisation", "record_id", "record", "state")
    tx.insert(
        batch_row,
        columns,
        [
            (i, batch_id, first + n, r.organisation[:64], r.id[:200], to_json(_kept(r)), "staged")
            for n, (i, r) in enumerate(zip(ids, records, strict=True))
        ],
    )


def drop_rows(tx: Tx, batch_id: str) -> None:
    """Forget the records of a batch that is staged anew."""
    tx.run(batch_row.delete().where(batch_row.c.batch_id == batch_id))


def rows(tx: Tx, batch_id: str, states: Collection[str] = (), *, after: int = -1, limit: int = 1000) -> list[Row]:
    """Records of a batch in these states (none: all), in order, behind number `after`."""
    statement = (
        select(*[batch_row.c[name] for name in _ROW])
        .where(batch_row.c.batch_id == batch_id, batch_row.c.seq > after)
        .order_by(batch_row.c.seq)
        .limit(limit)
    )
    if states:
        statement = statement.where(batch_row.c.state.in_(list(states)))
    return [
        Row(r[0], r[1], _record(from_json(r[2])), r[3], r[4], from_json(r[5]) or [], r[6]) for r in tx.run(statement)
    ]


def record_ids(tx: Tx, batch_id: str) -> set[str]:
    """The source's ids of all records of a batch."""
    return set(tx.run(select(batch_row.c.record_id).where(batch_row.c.batch_id == batch_id)).scalars())


def every(tx: Tx, batch_id: str, states: Collection[str] = (), limit: int = 1000) -> Iterator[list[Row]]:
    """All records of a batch in these states, some at a time."""
    after = -1
    while found := rows(tx, batch_id, states, after=after, limit=limit):
        after = found[-1].seq
        yield found


def settle(tx: Tx, found: Iterable[Row]) -> None:
    """What became of these records."""
    tx.update(
        batch_row,
        ("title", "state", "reasons", "link_id"),
        [(r.title[:500], r.state, to_json(r.reasons) if r.reasons else None, r.link_id, r.id) for r in found],
    )


def due_links(
    tx: Tx, batch_id: str, mapping: str, shards: Collection[int], limit: int, now: str
) -> list[tuple[str, str]]:
    """(link id, golden id) of what the batch is loading just now and that may go."""
    statement = (
        select(link.c.id, link.c.golden_id)
        .join(batch_row, batch_row.c.link_id == link.c.id)
        .where(batch_row.c.batch_id == batch_id, batch_row.c.state == "loading", link.c.mapping == mapping)
        .where(link.c.due_at <= now, link.c.waits.is_(None) | link.c.waits.in_(("system", "parent")))
        .order_by(batch_row.c.seq)
        .limit(limit)
    )
    if len(shards) < SHARDS:
        statement = statement.where(link.c.shard.in_(list(shards)))
    return [(row[0], row[1]) for row in tx.run(statement)]


# -------------------------------------------------------------------------- types

_MARK = "$"


def _kept(record: Record) -> list[Any]:
    out = list(record)
    at = record.modified_at
    out[1], out[3] = _typed(record.values), None if at is None else at.isoformat()
    return out


def _record(kept: list[Any]) -> Record:
    record_id, values, version, at, author, organisation, aliases = kept
    changed = at and datetime.fromisoformat(at)
    return Record(record_id, _value(values), version, changed, author, organisation, tuple(aliases))


def _typed(value: Any) -> Any:
    """A system's value as JSON that `_value` makes the same of again: {"$": type, "v": text} where JSON has no word."""
    if isinstance(value, Decimal):
        return {_MARK: "decimal", "v": str(value)}
    if isinstance(value, datetime):
        return {_MARK: "instant", "v": value.isoformat()}
    if isinstance(value, date):
        return {_MARK: "date", "v": value.isoformat()}
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53:
        return {_MARK: "int", "v": str(value)}
    if isinstance(value, Mapping):
        return {_MARK: "map", "v": [[str(k), _typed(v)] for k, v in value.items()]}
    if isinstance(value, list | tuple):
        return [_typed(one) for one in value]
    if isinstance(value, str):
        return value.encode(errors="replace").decode()  # half a character is no JSON; a check refuses it anyway
    return value


_BACK: dict[str, Callable[[str], Any]] = {
    "decimal": Decimal,
    "instant": datetime.fromisoformat,
    "date": date.fromisoformat,
    "int": int,
}


def _value(kept: Any) -> Any:
    if isinstance(kept, list):
        return [_value(one) for one in kept]
    if not isinstance(kept, dict):
        return kept
    if kept[_MARK] == "map":
        return {name: _value(one) for name, one in kept["v"]}
    return _BACK[kept[_MARK]](kept["v"])
