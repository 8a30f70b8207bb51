"""Golden records, links, identity keys and changes: loaded by key and stored in bulk."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import orjson
from sqlalchemy import func, select, text

from hefu.core.records import Normals
from hefu.store.db import Tx, from_json, to_json
from hefu.store.tables import FOR_PARENT, change, golden, identity_key, link

SHARDS = 64

UNRESOLVED = 2
"""`Link.reread` of a record whose parent nobody knows yet."""


def shard_of(golden_id: str) -> int:
    """The shard that drains a golden record's work, in order."""
    return zlib.crc32(golden_id.encode()) % SHARDS


@dataclass(slots=True)
class Golden:
    """The agreed values of one business object. `disputed` fields wait for a person and are told to nobody."""

    id: str
    entity: str
    fields: Normals
    version: int = 1
    state: str = "live"
    disputed: list[str] = field(default_factory=list)
    merged_into: str | None = None
    changed_at: str = ""


@dataclass(slots=True)
class Link:
    """One golden record in one system."""

    id: str
    mapping: str
    connection: str
    object: str
    organisation: str
    record_id: str | None
    golden_id: str
    state: str = "active"
    told: Normals = field(default_factory=dict)
    seen: Normals = field(default_factory=dict)
    digest: str | None = None
    version: str | None = None
    status: str | None = None
    seen_at: str | None = None
    due_at: str | None = None
    priority: int = 5
    attempt: int = 0
    waits: str | None = None
    reread: int = 0
    stored: tuple[Any, ...] | None = field(default=None, compare=False, repr=False)
    """Its columns as loaded: only what differs from them is saved, as each index of a named column costs a rewrite."""


class Moved(NamedTuple):
    """One row of the story of a golden record: field -> [before, after]."""

    golden_id: str
    kind: str
    connection: str | None
    author: str | None
    happened_at: str | None
    mapping: str | None
    moved: Any


_GOLDEN = ("id", "entity", "fields", "version", "state", "disputed", "merged_into", "changed_at")
_LINK = (
    "id", "mapping", "connection", "object", "organisation", "record_id", "golden_id", "state", "told", "seen",
    "digest", "version", "status", "seen_at", "due_at", "priority", "attempt", "waits", "reread",
)  # fmt: skip
_LINK_SAVED = _LINK[4:]


def _golden(row: Sequence[Any]) -> Golden:
    disputed = orjson.loads(row[5]) if row[5] is not None else []
    return Golden(row[0], row[1], orjson.loads(row[2]), row[3], row[4], disputed, row[6], row[7])


def _link(row: Sequence[Any]) -> Link:
    told = orjson.loads(row[8])
    seen = orjson.loads(row[9]) if row[9] is not None else dict(told)
    return Link(*(*row[:8], told, seen, *row[10:], row[4:]))


def _golden_row(g: Golden) -> tuple[Any, ...]:
    disputed = to_json(g.disputed) if g.disputed else None
    return (g.entity, to_json(g.fields), g.version, g.state, disputed, g.merged_into, g.changed_at)


def _link_row(x: Link) -> tuple[Any, ...]:
    told = to_json(x.told)
    seen = None if x.seen == x.told else to_json(x.seen)
    return (
        x.organisation, x.record_id, x.golden_id, x.state, told, seen, x.digest, x.version, x.status, x.seen_at,
        x.due_at, x.priority, x.attempt, x.waits, x.reread,
    )  # fmt: skip


def load_golden(tx: Tx, ids: Iterable[str], *, lock: bool = True) -> dict[str, Golden]:
    """Golden records by id."""
    return {row[0]: _golden(row) for row in tx.pick(golden, _GOLDEN, "id", set(ids), lock=lock)}


def resolve_merged(tx: Tx, ids: Iterable[str]) -> dict[str, str]:
    """Each id -> the id that stands for it now (itself, unless merged away)."""
    out = {i: i for i in ids}
    pending = set(out)
    while pending:
        rows = tx.pick(golden, ("id", "merged_into"), "id", pending, "merged_into IS NOT NULL")
        onward: dict[str, str] = dict(rows)
        for first, last in out.items():
            out[first] = onward.get(last, last)
        pending = set(onward.values())
    return out


def versions(tx: Tx, ids: Iterable[str]) -> dict[str, int]:
    """Only the version of each golden record."""
    return dict(tx.pick(golden, ("id", "version"), "id", set(ids)))


def add_golden(tx: Tx, rows: Sequence[Golden]) -> None:
    """Store new golden records."""
    tx.insert(golden, _GOLDEN, [(g.id, *_golden_row(g)) for g in rows])


def save_golden(tx: Tx, rows: Sequence[Golden]) -> None:
    """Store changed golden records; the caller has raised `version`."""
    tx.update(golden, _GOLDEN[1:], [(*_golden_row(g), g.id) for g in rows])


def digests(tx: Tx, connection: str, obj: str, keys: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str | None]:
    """(organisation, record id) -> digest of the record as last seen, for those that are known and calm."""
    ids = [key[1] for key in keys]
    where = "connection = ? AND object = ? AND state = 'active' AND reread = 0"
    rows = tx.pick(link, ("organisation", "record_id", "digest"), "record_id", ids, where, (connection, obj))
    return {(row[0], row[1]): row[2] for row in rows}


def links_by_record(
    tx: Tx, connection: str, obj: str, keys: Iterable[tuple[str, str]], *, lock: bool = True
) -> dict[tuple[str, str], Link]:
    """(organisation, record id) -> link, of any state."""
    ids = [key[1] for key in keys]
    rows = tx.pick(link, _LINK, "record_id", ids, "connection = ? AND object = ?", (connection, obj), lock=lock)
    return {(row[4], row[5]): _link(row) for row in rows}


def load_links(tx: Tx, ids: Iterable[str], *, lock: bool = True) -> dict[str, Link]:
    """Links by their own id."""
    return {row[0]: _link(row) for row in tx.pick(link, _LINK, "id", set(ids), lock=lock)}


def known_there(tx: Tx, ids: Iterable[str], *, only_reread: bool) -> list[str]:
    """Those of these links whose system has the record already (and that must be read again)."""
    where = "record_id IS NOT NULL" + (" AND reread = 1" if only_reread else "")
    return [row[0] for row in tx.pick(link, ("id",), "id", ids, where)]


def doomed(tx: Tx, ids: Iterable[str]) -> list[str]:
    """Those of these links whose object is deleted while their system still has the record."""
    gone = "state = 'active' AND record_id IS NOT NULL AND golden_id IN (SELECT id FROM golden WHERE state = 'deleted')"
    return [row[0] for row in tx.pick(link, ("id",), "id", ids, gone)]


def to_read_again(tx: Tx, mapping: str, limit: int) -> list[str]:
    """Record ids of this mapping that changed while our write was in flight, or whose parent may be known by now."""
    calm = link.c.waits.is_distinct_from("outcome")
    again = text("link.reread > 0 and link.reread = 1")
    where = (again, link.c.mapping == mapping, link.c.record_id.is_not(None), calm)
    return list(tx.run(select(link.c.record_id).where(*where).limit(limit)).scalars())


def read_children_again(tx: Tx, connection: str) -> None:
    """The system shows records that are new to us: they may be the parents that others of it wait for."""
    waiting = text(f"link.reread > 0 and link.reread = {UNRESOLVED}")
    tx.run(link.update().where(waiting, link.c.connection == connection).values(reread=1))


def read_again(tx: Tx, ids: Iterable[str]) -> None:
    """These records hold something that was not heard yet."""
    tx.update(link, ("reread",), [(1, i) for i in ids])


def release_children(tx: Tx, connection: str) -> None:
    """Records that waited for a parent in this system may go now."""
    tx.run(
        link.update().where(link.c.connection == connection, FOR_PARENT).values(due_at=tx.now(), waits=None, attempt=0)
    )


def look_again(tx: Tx, mapping: str) -> None:
    """The mapping means something else now: whatever its links owe was reckoned by the old one, perhaps just now."""
    calm = (link.c.due_at.is_(None), link.c.waits.is_(None), link.c.state == "active")
    tx.run(link.update().where(link.c.mapping == mapping, *calm).values(due_at=tx.now()))


def links_of(tx: Tx, golden_ids: Iterable[str], *, lock: bool = True) -> dict[str, list[Link]]:
    """All links of each golden record."""
    out: dict[str, list[Link]] = {}
    for row in tx.pick(link, _LINK, "golden_id", set(golden_ids), lock=lock):
        out.setdefault(row[6], []).append(_link(row))
    return out


def record_ids(tx: Tx, connection: str, obj: str | None, golden_ids: Iterable[str]) -> dict[str, str]:
    """golden id -> the record's id in that connection (of one object, if named)."""
    columns = ("golden_id", "record_id", "connection", "object", "state")
    return {  # an object has few links: SQLite would rather go through all records of the connection
        row[0]: row[1]
        for row in tx.pick(link, columns, "golden_id", set(golden_ids))
        if row[1] is not None and row[2] == connection and row[4] == "active" and obj in (None, row[3])
    }


def golden_ids(tx: Tx, connection: str, obj: str, ids: Iterable[str]) -> dict[str, str]:
    """record id in that connection -> golden id."""
    where = "connection = ? AND object = ? AND state <> 'detached'"
    return dict(tx.pick(link, ("record_id", "golden_id"), "record_id", set(ids), where, (connection, obj)))


def add_links(tx: Tx, rows: Sequence[Link]) -> None:
    """Store new links."""
    head = ("id", "mapping", "connection", "object")
    tx.insert(
        link,
        (*head, *_LINK_SAVED, "shard"),
        [(x.id, x.mapping, x.connection, x.object, *_link_row(x), shard_of(x.golden_id)) for x in rows],
    )


def save_links(tx: Tx, rows: Sequence[Link]) -> None:
    """Store what changed in these links since they were loaded."""
    groups: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
    for x in rows:
        now, before = _link_row(x), x.stored
        if before is None:
            changed = [*range(len(now))]
        else:
            changed = [place for place, value in enumerate(now) if value != before[place]]
        if not changed:
            continue
        columns, values = tuple([_LINK_SAVED[place] for place in changed]), [now[place] for place in changed]
        if "golden_id" in columns:
            columns = (*columns, "shard")
            values.append(shard_of(x.golden_id))
        groups.setdefault(columns, []).append((*values, x.id))
        x.stored = now
    for columns, found in groups.items():
        tx.update(link, columns, found)


def mark_due(tx: Tx, golden_ids: Iterable[str], except_links: Iterable[str], priority: int) -> None:
    """Every other link of these golden records may owe something now; urgency only rises.

    What waited for a person, or was not wanted there, is looked at again: the change may be the remedy.
    """
    skip = set(except_links)
    states = "state IN ('active','wanted','creating')"
    found = tx.pick(link, ("id", "priority", "waits"), "golden_id", set(golden_ids), states)
    now = tx.now()
    rows = [
        (now, min(priority, old), 0, None if waits in ("person", "filtered") else waits, i)
        for i, old, waits in found
        if i not in skip
    ]
    tx.update(link, ("due_at", "priority", "attempt", "waits"), rows)


def add_changes(tx: Tx, run_id: str, project_version: int, rows: Sequence[Moved]) -> None:
    """Append to the story."""
    if not rows:
        return
    now = tx.now()
    columns = (
        "id", "golden_id", "at", "happened_at", "kind", "connection", "author", "run_id", "mapping",
        "project_version", "moved",
    )  # fmt: skip
    ids = tx.store.env.new_ids(len(rows))
    tx.insert(
        change,
        columns,
        [
            (i, m.golden_id, now, m.happened_at, m.kind, m.connection, _name(m.author), run_id, m.mapping,
             project_version, m.moved if isinstance(m.moved, str) else to_json(m.moved))
            for i, m in zip(ids, rows, strict=True)
        ],
    )  # fmt: skip


def _name(author: str | None) -> str | None:
    """An author as the system calls them, so far as it is text that a database takes."""
    return None if author is None else author.replace("\0", "").encode(errors="replace").decode()[:200]


def changes_of(tx: Tx, golden_ids: Iterable[str]) -> list[Mapping[str, Any]]:
    """The whole story of these golden records, oldest first."""
    wanted = list(golden_ids)
    rows = tx.run(select(change).where(change.c.golden_id.in_(wanted)).order_by(change.c.id)).mappings()
    return [{**row, "moved": from_json(row["moved"])} for row in rows]


def latest_changes(tx: Tx, golden_id: str, limit: int) -> list[Mapping[str, Any]]:
    """The end of a golden record's story, newest first."""
    rows = tx.run(select(change).where(change.c.golden_id == golden_id).order_by(change.c.id.desc()).limit(limit))
    return [{**row, "moved": from_json(row["moved"])} for row in rows.mappings()]


def find_keys(tx: Tx, entity: str, kind: int, values: Iterable[str]) -> dict[str, list[str]]:
    """Value of a match key -> golden ids that carry it."""
    out: dict[str, list[str]] = {}
    rows = tx.pick(
        identity_key, ("value", "golden_id"), "value", set(values), "entity = ? AND kind = ?", (entity, kind)
    )
    for value, golden_id in sorted(rows):
        out.setdefault(value, []).append(golden_id)
    return out


def add_keys(tx: Tx, entity: str, rows: Sequence[tuple[int, str, str]]) -> None:
    """Remember (kind, value, golden id); known ones are skipped."""
    columns = ("entity", "kind", "value", "golden_id")
    tx.insert(identity_key, columns, [(entity, *row) for row in rows], skip_existing=True)


def count_links(tx: Tx) -> dict[str, dict[str, int]]:
    """mapping -> state -> how many links."""
    out: dict[str, dict[str, int]] = {}
    grouped = select(link.c.mapping, link.c.state, func.count()).group_by(link.c.mapping, link.c.state)
    for mapping, state, number in tx.run(grouped):
        out.setdefault(mapping, {})[state] = number
    return out
