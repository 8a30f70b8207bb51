"""Backup of the hub while it works: one consistent moment of every product table, encrypted, whichever the database.

A reading transaction holds the moment still (a snapshot of the write-ahead log on SQLite, repeatable read on
PostgreSQL) while others go on writing; rows are streamed, so neither memory nor a copy in clear on disk is needed. A
backup of one kind of database can be restored into the other. Keys are never in it.

After a restore nothing is delivered to a kind of object before every system was read again in full: what happened there
since the backup is merged like anything that people did (`restored.py`).
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, Any

import orjson
from sqlalchemy import Column, MetaData, Table, func, inspect, select, text

from hefu.core.errors import HubError, Unsupported
from hefu.store import facts, migrate, restored, shards
from hefu.store.db import Store, Tx
from hefu.store.sealed_file import Key, SealedReader, SealedWriter, read_head
from hefu.store.tables import metadata, shard, worker

SUFFIX = ".hefubackup"
BATCH = 500
_PASSING = frozenset({shard.name, worker.name})
"""Leases and workers of the process that was: not part of what is kept."""

Told = Callable[[str, int], None]


@dataclass(frozen=True)
class Manifest:
    """What a backup holds: the head, and table -> number of rows."""

    made_at: str
    hub: str
    revision: str
    source: str
    tables: Mapping[str, int] = field(default_factory=dict)

    @property
    def rows(self) -> int:
        """All rows together."""
        return sum(self.tables.values())


# ------------------------------------------------------------------------ create


def create(store: Store, path: Path, key: Key, told: Told = lambda *_: None) -> Manifest:
    """Write a backup to a new file, which appears only once it is complete.

    Raises Unsupported "backup.exists", and HubError "backup.unwritable" when the disk is full; then nothing is left.
    """
    if path.exists():
        raise Unsupported("backup.exists", file=str(path))
    with _new_file(path) as file, _snapshot(store) as tx:
        revision = str(tx.conn.execute(text("select version_num from alembic_version")).scalar())
        head = {
            "made_at": tx.now(),
            "hub": facts.get_fact(tx, "id") or "",
            "revision": revision,
            "source": "postgresql" if store.postgresql else "sqlite",
        }
        sealed = SealedWriter(file, key, head)
        tables: dict[str, Any] = {}
        for table in metadata.sorted_tables:
            if table.name not in _PASSING:
                tables[str(table.name)] = _write_table(tx, table, sealed, told)
        sealed.write(orjson.dumps({"tables": tables}) + b"\n")
        sealed.finish()
    return Manifest(**head, tables={name: found["rows"] for name, found in tables.items()})


@contextmanager
def _snapshot(store: Store) -> Iterator[Tx]:
    with store.look() as tx:
        if store.postgresql:
            tx.conn.exec_driver_sql("set transaction isolation level repeatable read, read only")
        yield tx


@contextmanager
def _new_file(path: Path) -> Iterator[IO[bytes]]:
    """A file that only its owner may read and that is there in full or not at all, whatever happens."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.link(part, path)  # unlike a rename it never replaces what somebody put there meanwhile
        _sync_folder(path.parent)
    except FileExistsError:
        raise Unsupported("backup.exists", file=str(path)) from None
    except OSError as error:
        raise HubError("backup.unwritable", file=str(path), said=error.strerror or str(error)) from None
    finally:
        part.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _write_table(tx: Tx, table: Table, sealed: SealedWriter, told: Told) -> dict[str, Any]:
    columns = [str(c.name) for c in table.columns]
    sealed.write(orjson.dumps({"table": str(table.name), "columns": columns}) + b"\n")
    digest, count = hashlib.sha256(), 0
    for part in _rows(tx, table, columns):
        lines = b"".join(orjson.dumps(row) + b"\n" for row in part)
        sealed.write(lines)
        digest.update(lines)
        count += len(part)
        told(table.name, count)
    return {"rows": count, "sha256": digest.hexdigest()}


def _rows(tx: Tx, table: Table, columns: Sequence[str]) -> Iterator[list[tuple[Any, ...]]]:
    """The rows in parts, as stored."""
    names = ", ".join(f'"{c}"' for c in columns)
    sql = f'SELECT {names} FROM "{table.name}"'
    rows = _copied(tx, table, columns, sql) if tx.postgresql else map(tuple, tx.conn.exec_driver_sql(sql))
    while part := list(islice(rows, BATCH)):
        yield part


def _copied(tx: Tx, table: Table, columns: Sequence[str], sql: str) -> Iterator[tuple[Any, ...]]:
    kinds = {"INTEGER": "int4", "BIGINT": "int8"}
    raw = tx.conn.connection.cursor()
    try:
        with raw.copy(f"COPY ({sql}) TO STDOUT") as copy:
            copy.set_types([kinds.get(str(table.c[c].type.compile()), "text") for c in columns])
            yield from copy.rows()
    finally:
        raw.close()


# -------------------------------------------------------------------------- read


def head_of(path: Path) -> dict[str, Any]:
    """What a backup says about itself, unproven. Raises Unsupported "backup.not_one", "backup.unreadable"."""
    with _opened(path) as file:
        head, _ = read_head(file, str(path))
    return head


def verify(path: Path, key: Key, told: Told = lambda *_: None) -> Manifest:
    """Read all of a backup: key, every byte, number and digest of the rows of every table; writes nothing.

    Raises Denied or Unsupported "backup.*" that say what is wrong.
    """
    with _opened(path) as file:
        sealed = SealedReader(file, key, str(path))
        tables: dict[str, int] = {}
        for table, _, rows in _parts(sealed, str(path)):
            tables[table] = tables.get(table, 0) + len(rows)
            told(table, tables[table])
        return _manifest(sealed.head, tables)


def _manifest(head: Mapping[str, Any], tables: Mapping[str, int]) -> Manifest:
    return Manifest(head["made_at"], head["hub"], head["revision"], head["source"], tables)


@contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise Unsupported("backup.unreadable", file=str(path), said=error.strerror or str(error)) from None
    with file:
        yield file


def _lines(sealed: SealedReader) -> Iterator[bytes]:
    rest = b""
    for chunk in sealed.chunks():
        *whole, rest = (rest + chunk).split(b"\n")
        yield from whole
    if rest:
        yield rest


def _parts(sealed: SealedReader, name: str) -> Iterator[tuple[str, list[str], list[list[Any]]]]:
    """(table, columns, up to BATCH rows), at least once a table; ends only where the manifest agrees with all rows."""
    found: dict[str, dict[str, Any]] = {}
    table, columns, rows = "", list[str](), list[list[Any]]()
    digest, said = hashlib.sha256(), None

    def end_of_table() -> None:
        if table:
            found[table]["sha256"] = digest.hexdigest()

    for line in _lines(sealed):
        value = orjson.loads(line)
        if isinstance(value, list):
            rows.append(value)
            digest.update(line + b"\n")
            found[table]["rows"] += 1
            if len(rows) == BATCH:
                yield table, columns, rows
                rows = []
            continue
        if table:
            yield table, columns, rows
        rows = []
        end_of_table()
        if "tables" in value:
            said = value["tables"]
            break
        table, columns = value["table"], value["columns"]
        found[table], digest = {"rows": 0}, hashlib.sha256()
    if said != found:
        raise Unsupported("backup.damaged", file=name)


# ----------------------------------------------------------------------- restore


def restore(path: Path, key: Key, target: Store, *, replace: bool = False, told: Told = lambda *_: None) -> Manifest:
    """Put a backup in place of an empty store (`replace`: of whatever is there), in one transaction: all or nothing.

    The tables are made as they were at the backup, filled, and brought to this version. Raises Unsupported
    "store.not_empty", "store.in_use", "store.busy", "store.newer", "backup.newer", or what `verify` raises; then
    nothing has changed.
    """
    with _opened(path) as file:
        sealed = SealedReader(file, key, str(path))
        if sealed.head["revision"] not in migrate.revisions():
            raise Unsupported("backup.newer", file=str(path), revision=sealed.head["revision"])
        migrate.revision(target)  # a store of a newer version is not ours to replace
        target.lock()
        tables: dict[str, int] = {}
        with target.begin() as tx:
            _clear(tx, replace)
            migrate.arrive(tx, sealed.head["revision"])
            for name, columns, rows in _parts(sealed, str(path)):
                into = Table(name, MetaData(), *[Column(c) for c in columns])
                tx.insert(into, tuple(columns), [tuple(row) for row in rows])
                tables[name] = tables.get(name, 0) + len(rows)
                told(name, tables[name])
            migrate.arrive(tx, migrate.head())
            restored.begin_anew(tx)
    return _manifest(sealed.head, tables)


def _clear(tx: Tx, replace: bool) -> None:
    """No table of ours is left. Raises Unsupported "store.not_empty" where that would lose something."""
    there = set(inspect(tx.conn).get_table_names())
    ours = [table for table in reversed(metadata.sorted_tables) if table.name in there]
    for table in ours:
        if not replace and tx.run(select(func.count()).select_from(table)).scalar():
            raise Unsupported("store.not_empty", table=table.name)
    if tx.postgresql and worker in ours and (alive := shards.living(tx)):
        raise Unsupported("store.busy", workers=len(alive))
    for name in (*(table.name for table in ours), "alembic_version"):
        if name in there:
            tx.conn.exec_driver_sql(f'DROP TABLE "{name}"')


# -------------------------------------------------------------------- invariants

_WHOLE = {
    "link without golden record": "select l.id from link l left join golden g on g.id = l.golden_id where g.id is null",
    "write without link": "select i.id from intent i left join link l on l.id = i.link_id where l.id is null",
    "merged into nothing": "select g.id from golden g left join golden w on w.id = g.merged_into "
    "where g.merged_into is not null and w.id is null",
    "key without golden record": "select k.golden_id from identity_key k left join golden g on g.id = k.golden_id "
    "where g.id is null",
    "story without golden record": "select c.id from change c left join golden g on g.id = c.golden_id "
    "where g.id is null",
    "two open writes of a record": "select link_id from intent where state in ('open', 'unknown') "
    "group by link_id having count(*) > 1",
    "record linked twice": "select record_id from link where record_id is not null "
    "group by connection, object, organisation, record_id having count(*) > 1",
}


def broken(tx: Tx) -> dict[str, str]:
    """What does not hold together in a store: which rule -> an id for which it does not. Empty: all is well."""
    found = {rule: tx.conn.exec_driver_sql(f"{sql} limit 1").scalar() for rule, sql in _WHOLE.items()}
    return {rule: str(one) for rule, one in found.items() if one is not None}


__all__ = ["SUFFIX", "Manifest", "broken", "create", "head_of", "restore", "verify"]
