"""Opens our database, hands out transactions, and writes rows in bulk the way each database likes best."""

from __future__ import annotations

import fcntl
import os
import sqlite3
import sys
import threading
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import IO, Any, TypeVar

import orjson
from sqlalchemy import URL, Connection, Engine, Table, create_engine, event, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool, StaticPool
from sqlalchemy.sql import Executable

from hefu.core.env import Env
from hefu.core.errors import Denied, HubError, Transient, Unsupported
from hefu.store.tables import CLOSED, INSTANT, metadata

Row = tuple[Any, ...]

Result = TypeVar("Result")

TRIES = 5

LEASE_SECONDS = 30.0
PATIENCE_SECONDS = 30
"""How long a writer of SQLite waits for another program to let go of the file; ?timeout= in the URL overrides it."""


FROZEN_SECONDS = 60
"""After so long without a word in the middle of a transaction, PostgreSQL ends it: its worker is frozen or cut off,
and others must not wait for its rows. A rehearsal, which reads systems inside of its transaction, may be silent."""


def text(at: datetime) -> str:
    """An instant as stored: UTC, fixed width, so that text order is time order."""
    return at.astimezone(UTC).strftime(INSTANT)


def instant(stored: str) -> datetime:
    """The instant of a stored text."""
    return datetime.strptime(stored, INSTANT).replace(tzinfo=UTC)


def to_json(value: object) -> str:
    """JSON text of normal values (str, bool, None, lists, dicts)."""
    return orjson.dumps(value).decode()


def from_json(value: str | None) -> Any:
    """Back from `to_json`; None stays None."""
    return None if value is None else orjson.loads(value)


def decoded(row: Sequence[Any], json_columns: Collection[int]) -> Iterator[Any]:
    """A row's values in order, those of the named columns read from JSON."""
    return (from_json(value) if place in json_columns else value for place, value in enumerate(row))


@lru_cache(maxsize=256)
def _insert_sql(table: Table, columns: tuple[str, ...], mark: str, tail: str) -> str:
    names = ", ".join(f'"{c}"' for c in columns)
    return f'INSERT INTO "{table.name}" ({names}) VALUES ({", ".join([mark] * len(columns))}){tail}'


@lru_cache(maxsize=256)
def _update_sql(table: Table, key: str, columns: tuple[str, ...], postgresql: bool) -> str:
    if not postgresql:
        sets = ", ".join(f'"{c}" = ?' for c in columns)
        return f'UPDATE "{table.name}" SET {sets} WHERE "{key}" = ?'
    casts = {c: str(table.c[c].type.compile()).split("(")[0].lower() for c in (*columns, key)}
    sets = ", ".join(f'"{c}" = d."{c}"' for c in columns)
    arrays = ", ".join(f"%s::{casts[c]}[]" for c in (*columns, key))
    names = ", ".join(f'"{c}"' for c in (*columns, key))
    return f'UPDATE "{table.name}" t SET {sets} FROM unnest({arrays}) AS d({names}) WHERE t."{key}" = d."{key}"'


class Tx:
    """One transaction. Plain statements through `run`; many rows through the bulk verbs."""

    def __init__(self, conn: Connection, store: Store, *, writes: bool = True) -> None:
        self.conn = conn
        self.store = store
        self.writes = writes
        self.postgresql = store.postgresql
        self._now: str | None = None

    def run(self, statement: Executable, parameters: Any = None) -> Any:
        """Execute a SQLAlchemy statement."""
        return self.conn.execute(statement, parameters)

    def now(self) -> str:
        """The instant of this transaction as stored, from the database's clock where several machines share it."""
        if self._now is None:
            if self.postgresql:
                sql = "select to_char(clock_timestamp() at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
                self._now = str(self.conn.exec_driver_sql(sql).scalar())
            else:
                self._now = text(self.store.env.now())
        return self._now

    def later(self, seconds: float) -> str:
        """The instant that many seconds from `now`."""
        return text(instant(self.now()) + timedelta(seconds=seconds))

    def insert(
        self, table: Table, columns: tuple[str, ...], rows: Sequence[Row], *, skip_existing: bool = False
    ) -> None:
        """Insert many rows (COPY on PostgreSQL)."""
        if not rows:
            return
        tail = " ON CONFLICT DO NOTHING" if skip_existing else ""
        if self.postgresql and not skip_existing and len(rows) > 8:
            names = ", ".join(f'"{c}"' for c in columns)
            cursor = self.conn.connection.cursor()
            with cursor.copy(f'COPY "{table.name}" ({names}) FROM STDIN') as copy:
                for row in rows:
                    copy.write_row(row)
            cursor.close()
            return
        mark = "%s" if self.postgresql else "?"
        self.conn.exec_driver_sql(_insert_sql(table, columns, mark, tail), list(rows))

    def update(self, table: Table, columns: tuple[str, ...], rows: Sequence[Row], key: str = "id") -> None:
        """Update many rows; each row holds the new values of `columns`, then the key."""
        if not rows:
            return
        sql = _update_sql(table, key, columns, self.postgresql)
        if self.postgresql:
            self.conn.exec_driver_sql(sql, tuple(list(column) for column in zip(*rows, strict=True)))
        else:
            self.conn.exec_driver_sql(sql, list(rows))

    def pick(
        self,
        table: Table,
        columns: Sequence[str],
        key: str,
        values: Iterable[Any],
        where: str = "",
        args: Sequence[Any] = (),
        *,
        lock: bool = False,
    ) -> list[Row]:
        """Rows whose `key` is among `values` (any number). `where` adds conditions with ? marks for `args`.

        `lock` keeps others from changing these rows until we commit (PostgreSQL; SQLite has one writer anyway).
        """
        wanted = list(values)
        if not wanted:
            return []
        names = ", ".join(f'"{c}"' for c in columns)
        among = "= ANY(%s)" if self.postgresql else "IN (SELECT value FROM json_each(?))"
        extra = f" AND {where}" if where else ""
        tail = ""
        if self.postgresql:
            extra = extra.replace("?", "%s")
            tail = f' ORDER BY "{key}" FOR UPDATE' if lock else ""
        first = wanted if self.postgresql else orjson.dumps(wanted).decode()
        sql = f'SELECT {names} FROM "{table.name}" WHERE "{key}" {among}{extra}{tail}'
        return [tuple(row) for row in self.conn.exec_driver_sql(sql, (first, *args)).fetchall()]

    def lock_name(self, name: str) -> None:
        """Hold a named lock until commit (PostgreSQL; on SQLite the writer holds everything)."""
        if self.postgresql:
            self.conn.exec_driver_sql("select pg_advisory_xact_lock(hashtextextended(%s, 0))", (name,))


class Rehearsal:
    """One long transaction. `agreed`: it is to be kept when it ends."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn
        self.agreed = False

    @contextmanager
    def aside(self) -> Iterator[None]:
        """What happens in here is undone at its end in any case."""
        nested = self._conn.begin_nested()
        try:
            yield
        finally:
            nested.rollback()


class Store:
    """The hub's database. `begin` writes, `look` only reads; both are short and never span a call to a system.

    `lease`: seconds that a silent worker keeps the shards it has claimed; the same for all workers of a store.
    """

    def __init__(self, url: str, env: Env, *, durable: bool = True, lease: float = LEASE_SECONDS) -> None:
        self.url = _parsed(url)
        self.lease = lease
        self.env = env
        self.postgresql = self.url.get_backend_name() == "postgresql"
        self._writing = threading.RLock()
        self._rehearsal: Connection | None = None
        self._lock_file: IO[str] | None = None
        self.engine = _engine(self.url, durable=durable)
        self._reading = self.engine.execution_options(hefu_reads=True)

    @property
    def path(self) -> Path | None:
        """The database file, for SQLite on disk."""
        name = self.url.database
        return None if self.postgresql or not name or name == ":memory:" else Path(name)

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        """A writing transaction: commits at the end, rolls back on any error."""
        if self._rehearsal is not None:
            with self._rehearsal.begin_nested():
                yield Tx(self._rehearsal, self)
            return
        with self._writing if not self.postgresql else _no_lock(), _clear_errors(), self.engine.begin() as conn:
            yield Tx(conn, self)

    def again(self, work: Callable[[Tx], Result]) -> Result:
        """Do `work` in a writing transaction; repeat it when another worker was in its way at that very moment.

        `work` must take all it needs from the transaction, as it may begin anew.
        """
        for _ in range(TRIES - 1):
            try:
                with self.begin() as tx:
                    return work(tx)
            except Transient as error:
                if error.code != "store.raced" and (error.code != "store.locked" or not self.postgresql):
                    raise
        with self.begin() as tx:
            return work(tx)

    @contextmanager
    def look(self) -> Iterator[Tx]:
        """A reading transaction."""
        if self._rehearsal is not None:
            yield Tx(self._rehearsal, self)
            return
        with _clear_errors(), self._reading.connect() as conn:
            yield Tx(conn, self)

    @contextmanager
    def apart(self) -> Iterator[Tx]:
        """A writing transaction that stands even when a rehearsal around it is undone, for what really happened.

        While a rehearsal holds SQLite's only writer, it can only read: `Tx.writes` says so.
        """
        may_write = self.postgresql or self._rehearsal is None
        if may_write:
            with self._writing if not self.postgresql else _no_lock(), _clear_errors(), self.engine.begin() as conn:
                yield Tx(conn, self)
            return
        with _clear_errors(), self._reading.connect() as conn:
            yield Tx(conn, self, writes=False)

    @contextmanager
    def rehearsal(self) -> Iterator[Rehearsal]:
        """Everything until the end happens in one transaction that is rolled back: the same code, no effect.

        Unless it is agreed to: then what was done outside of `Rehearsal.aside` stays, all of it or nothing.
        """
        with self._writing, _clear_errors(), self.engine.connect() as conn:
            self._spill(conn, "FILE")
            outer = conn.begin()
            if self.postgresql:
                conn.exec_driver_sql("set local idle_in_transaction_session_timeout = 0")
            self._rehearsal = conn
            made = Rehearsal(conn)
            try:
                yield made
            except BaseException:
                made.agreed = False
                raise
            finally:
                self._rehearsal = None
                try:
                    if made.agreed:
                        outer.commit()
                    else:
                        outer.rollback()
                finally:
                    self._spill(conn, "MEMORY")

    def _spill(self, conn: Connection, where: str) -> None:
        """Where SQLite keeps pages that `aside` may have to bring back: as many as are touched, so not in memory."""
        raw = conn.connection.driver_connection
        if not self.postgresql and raw is not None:
            raw.execute(f"PRAGMA temp_store={where}")

    def compact(self) -> bool:
        """Write the database anew, so that what was blanked is in none of its files; False while others read it.

        PostgreSQL only frees the places for what comes next: to write its files anew it would stop everybody.
        """
        try:
            with self._writing, self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as conn:
                if self.postgresql:
                    conn.exec_driver_sql("vacuum")
                    return True
                raw = conn.connection.driver_connection
                assert raw is not None
                raw.execute("vacuum")
                row = raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
                return self.path is None or row is None or row[0] == 0
        except DBAPIError:
            return False
        except Exception as error:
            if type(error).__module__.partition(".")[0] not in ("sqlite3", "psycopg"):
                raise
            return False

    def create(self) -> None:
        """All tables at once, for tests and simulations; a product store goes through `migrate.upgrade`."""
        metadata.create_all(self.engine)

    def is_empty(self) -> bool:
        """Whether no table of ours exists yet."""
        with _clear_errors():
            return not inspect(self.engine).has_table("golden")

    def lock(self) -> None:
        """Be the only hub on this SQLite store. Raises Unsupported "store.in_use" naming the other's process."""
        if self.path is None or self._lock_file is not None:
            return
        file = Path(f"{self.path}.lock").open("a+", encoding="ascii")  # noqa: SIM115 - held until close
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.seek(0)
            other = file.read().strip() or "?"
            file.close()
            raise Unsupported("store.in_use", store=str(self.path), pid=other) from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._lock_file = file

    def close(self) -> None:
        """Give back connections and the lock."""
        self.engine.dispose()
        if self._lock_file is not None:
            self._lock_file.close()
            self._lock_file = None


@contextmanager
def _no_lock() -> Iterator[None]:
    yield


def _parsed(url: str) -> URL:
    """The address of a store; `postgresql://` means the driver that we bring. Raises Unsupported "store.wrong_url"."""
    try:
        parsed = make_url(url)
    except ArgumentError:
        raise Unsupported("store.wrong_url", url=url.partition(":")[0] or "-") from None
    if parsed.drivername in ("postgresql", "postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    if parsed.drivername not in ("postgresql+psycopg", "sqlite", "sqlite+pysqlite"):
        raise Unsupported("store.wrong_url", url=parsed.render_as_string(hide_password=True))
    return parsed


def _engine(parsed: URL, *, durable: bool) -> Engine:
    if parsed.get_backend_name() == "postgresql":
        session = f"-c idle_in_transaction_session_timeout={FROZEN_SECONDS * 1000}"
        asked = parsed.query.get("options", ())
        session = " ".join((session, *([asked] if isinstance(asked, str) else asked)))
        return create_engine(
            parsed, pool_pre_ping=True, pool_size=8, max_overflow=8, connect_args={"options": session},
            hide_parameters=True,
        )  # fmt: skip
    patience = {} if "timeout" in parsed.query else {"timeout": PATIENCE_SECONDS}
    in_memory = parsed.database in (None, "", ":memory:")
    engine = create_engine(
        parsed,
        poolclass=StaticPool if in_memory else QueuePool,
        connect_args={"check_same_thread": False, "cached_statements": 256, **patience},
        hide_parameters=True,
    )
    event.listen(engine, "connect", _sqlite_connect(durable=durable, in_memory=in_memory))
    event.listen(engine, "begin", _sqlite_begin)
    return engine


def _sqlite_connect(*, durable: bool, in_memory: bool) -> Any:
    def connect(raw: Any, _record: object) -> None:
        raw.isolation_level = None  # we say BEGIN ourselves, so that writers queue instead of failing half-way
        if not in_memory:
            raw.execute("PRAGMA journal_mode=WAL")
            raw.execute(f"PRAGMA synchronous={'FULL' if durable else 'NORMAL'}")
            raw.execute("PRAGMA wal_autocheckpoint=8000")  # 32 MB: a bulk load otherwise copies pages at every commit
        raw.execute("PRAGMA temp_store=MEMORY")
        raw.execute("PRAGMA cache_size=-8000")  # each of several connections has its own; the rest is the machine's

    return connect


def _sqlite_begin(conn: Connection) -> None:
    reads = conn.get_execution_options().get("hefu_reads")
    raw = conn.connection.driver_connection  # SQLAlchemy's way to a statement costs ten times this one
    assert isinstance(raw, sqlite3.Connection)
    raw.execute("BEGIN" if reads else "BEGIN IMMEDIATE")


@contextmanager
def _clear_errors() -> Iterator[None]:
    """Database errors in our own words."""
    try:
        yield
    except HubError:
        raise
    except DBAPIError as error:
        raise store_error(error.orig or error) from error
    except sqlite3.Error as error:
        raise store_error(error) from error
    except PoolTimeout as error:
        raise Transient("store.unreachable", said=str(error).splitlines()[0]) from error
    except Exception as error:
        if not _of_psycopg(error, "Error"):  # COPY goes past SQLAlchemy
            raise
        raise store_error(error) from error


def _of_psycopg(error: BaseException, *kinds: str) -> bool:
    """Whether the driver raised it; without loading the driver, which SQLite has no use for."""
    driver = sys.modules.get("psycopg")
    return driver is not None and isinstance(error, tuple(getattr(driver, kind) for kind in kinds))


_TOLD: tuple[tuple[type[HubError], str, tuple[str, ...]], ...] = (
    (Denied, "audit.closed", (CLOSED,)),
    (Transient, "store.full", ("disk is full", "no space left", "disk i/o error", "disk full")),
    (Transient, "store.locked", ("database is locked", "deadlock", "could not serialize", "lock timeout")),
    (Transient, "store.raced", ("unique constraint",)),
    (Transient, "store.unreachable", ("terminating connection",)),
    (Denied, "store.denied", ("password", "role ", "readonly", "read-only", "permission", "authentication")),
    (Unsupported, "store.unreadable", ("unable to open", "not a database", "malformed", "does not exist")),
)


def store_error(error: BaseException) -> HubError:
    """What a driver's error means for the hub: full, locked, raced, refused, unreachable, or simply broken."""
    said = next(iter(str(error).strip().splitlines()), type(error).__name__)
    lowered = said.lower()
    for kind, code, words in _TOLD:
        if any(word in lowered for word in words):
            return kind(code, said=said)
    if _of_psycopg(error, "OperationalError", "InterfaceError"):
        return Transient("store.unreachable", said=said)
    return Unsupported("store.broken", said=said)
