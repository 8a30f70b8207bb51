"""A table of changes that triggers keep, for databases whose rows carry no usable stamp; it also tells deletes.

A row says: the record with this id changed. What it holds now is read from its table, so a repeated or late row costs
a read and nothing else. On PostgreSQL a row carries its transaction's number, and a reader stops before the oldest
transaction still open: no commit can appear behind the cursor (a transaction that writes and stays open, anywhere on
that server, delays what is told). MySQL has no such number; there the cursor stays behind
by the declared lateness. SQLite has one writer at a time, so its rows are in the order of the commits.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hefu.connectors._sql_database import Database
from hefu.connectors._sql_read import Feed, bind, database_now, records_by_keys, rows_of
from hefu.connectors._sql_tables import CHANGES, Raw, Shape
from hefu.connectors._sql_values import Misfit
from hefu.core.errors import Unsupported
from hefu.core.records import Record

_OPEN = "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint"
_TABLE = {
    "postgresql": """CREATE TABLE IF NOT EXISTS {changes} (
        seq bigint GENERATED ALWAYS AS IDENTITY, tx bigint NOT NULL DEFAULT (pg_current_xact_id()::text::bigint),
        at timestamptz NOT NULL DEFAULT clock_timestamp(), name text NOT NULL, id text NOT NULL,
        PRIMARY KEY (name, tx, seq))""",
    "mysql": """CREATE TABLE IF NOT EXISTS {changes} (
        seq bigint NOT NULL AUTO_INCREMENT PRIMARY KEY, at timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6),
        name varchar(128) NOT NULL, id varchar(512) NOT NULL, KEY (name, seq)) CHARACTER SET utf8mb4""",
    "sqlite": """CREATE TABLE IF NOT EXISTS {changes} (
        seq INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%d %H:%M:%f', 'now')),
        name TEXT NOT NULL, id TEXT NOT NULL)""",
}


class ByTable(Feed):
    """Follows the table of changes."""

    def __init__(self, database: Database, shape: Shape, page: int, overlap: timedelta, schema: str | None) -> None:
        super().__init__(database, shape, page)
        self._overlap = overlap
        columns: list[Any] = [sa.column(n) for n in ("seq", "tx", "at", "name", "id")]
        self._changes = sa.table(CHANGES, *columns, schema=schema)

    def start(self, connection: Connection) -> Any:
        """PostgreSQL: the oldest open transaction. Others: the last number that nothing can appear behind."""
        _require(connection, self._changes.schema, self.shape)
        if connection.dialect.name == "postgresql":
            return int(connection.exec_driver_sql(_OPEN).scalar_one())
        query = sa.select(sa.func.max(self._changes.c.seq))
        if connection.dialect.name == "mysql":
            query = query.where(
                self._changes.c.at <= bind((database_now(connection) - self._overlap).replace(tzinfo=None))
            )
        return int(rows_of(connection, query)[0][0] or 0)

    def pages(self, position: Any) -> Iterator[tuple[Sequence[Record], Sequence[str], Any]]:
        """Records named since; those that no longer exist are gone."""
        with self.database.reading() as connection:
            end = self.start(connection)
            exact = connection.dialect.name == "postgresql"
        if exact and end < position:  # the database was restored elsewhere, its transactions count anew
            raise Unsupported("sql.bad_cursor", connection="", object=self.shape.schema.name, cursor=position)
        last: Raw | None = None
        while True:
            with self.database.reading(self.shape.schema.name) as connection:
                named = rows_of(connection, self._named(position, end, last, exact=exact))
                keys = self._keys([row[0] for row in named])
                there = records_by_keys(connection, self.shape, keys)
            gone = self.shape.rows.ids([k for k in keys if k not in there])
            last = tuple(named[-1][1:]) if named else last
            more = len(named) == self.page
            yield list(there.values()), gone, (last[0] if more and last else max(end, position))
            if not more:
                return

    def _named(self, position: int, end: int, last: Raw | None, *, exact: bool) -> sa.Select[Any]:
        c = self._changes.c
        order = [c.tx, c.seq] if exact else [c.seq]
        query = sa.select(c.id, *order).where(c.name == bind(self.shape.rows.name)).order_by(*order).limit(self.page)
        if exact:
            query = query.where(c.tx >= bind(position), c.tx < bind(end))
            return query if last is None else query.where(sa.tuple_(*order) > sa.tuple_(*map(bind, last)))
        return query.where(c.seq > bind(position if last is None else last[0]))

    def _keys(self, named: Sequence[str]) -> list[Raw]:
        kinds = [self.shape.rows.by_name[n].kind for n in self.shape.rows.pk]
        out: dict[Raw, None] = {}
        for text in named:
            try:
                out[tuple(k.dump(part) for k, part in zip(kinds, json.loads(text), strict=True))] = None
            except (Misfit, ValueError):  # a row of a table that had another key then
                continue
        return list(out)


def _require(connection: Connection, schema: str | None, shape: Shape) -> None:
    if not connection.dialect.has_table(connection, CHANGES, schema=schema):
        raise Unsupported("sql.no_change_table", connection="", object=shape.schema.name)


def install(database: Database, shapes: Sequence[Shape], schema: str | None) -> None:
    """Make the table of changes and the triggers that fill it; repeatable. Needs the right to create both."""
    if database.dialect not in _TABLE:
        raise Unsupported("sql.no_triggers", connection="", name=database.dialect)
    with database.writing("") as connection:
        connection.exec_driver_sql(
            _escaped(database, _TABLE[database.dialect].format(changes=_quoted(connection, CHANGES, schema)))
        )
        for shape in shapes:
            for table, columns in _watched(shape):
                _drop(connection, table, schema)
                for statement in _triggers(connection, shape.rows.name, table, columns, schema):
                    connection.exec_driver_sql(_escaped(database, statement))


def remove(database: Database, shapes: Sequence[Shape], schema: str | None, *, table_too: bool) -> None:
    """Take the triggers away, and the table of changes too if wanted."""
    with database.writing("") as connection:
        for shape in shapes:
            for table, _ in _watched(shape):
                _drop(connection, table, schema)
        if table_too:
            connection.exec_driver_sql(f"DROP TABLE IF EXISTS {_quoted(connection, CHANGES, schema)}")


def prune(database: Database, schema: str | None, older: timedelta) -> int:
    """Delete changes older than that; how many. A connection that was away for longer needs a full read."""
    with database.writing("") as connection:
        changes = sa.table(CHANGES, sa.column("at"), schema=schema)
        limit: Any = database_now(connection) - older
        if database.dialect == "sqlite":
            limit = limit.strftime("%Y-%m-%d %H:%M:%S")
        elif database.dialect == "mysql":
            limit = limit.replace(tzinfo=None)
        return connection.execute(sa.delete(changes).where(changes.c.at < bind(limit))).rowcount


def _watched(shape: Shape) -> list[tuple[str, tuple[str, ...]]]:
    """(table, columns that hold the record's id): the record's own and those of its lines."""
    return [(shape.rows.name, shape.rows.pk), *((part.rows.name, part.foreign) for part in shape.lines.values())]


def _escaped(database: Database, statement: str) -> str:
    return statement.replace("%", "%%") if database.dialect in ("postgresql", "mysql") else statement


def _quoted(connection: Connection, name: str, schema: str | None) -> str:
    quote = connection.dialect.identifier_preparer.quote_identifier
    if connection.dialect.name == "postgresql":  # the trigger's function knows no search path
        schema = schema or connection.dialect.default_schema_name
    return f"{quote(schema)}.{quote(name)}" if schema else quote(name)


def _trigger_name(table: str) -> str:
    return f"hefu_{zlib.crc32(table.encode()):08x}"


def _drop(connection: Connection, table: str, schema: str | None) -> None:
    name = _trigger_name(table)
    for verb in ("i", "u", "d"):
        trigger = f"{name}_{verb}"
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql(f'DROP TRIGGER IF EXISTS "{trigger}" ON {_quoted(connection, table, schema)}')
        else:
            connection.exec_driver_sql(f"DROP TRIGGER IF EXISTS {_quoted(connection, trigger, schema)}")
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"DROP FUNCTION IF EXISTS {_quoted(connection, name, schema)}()")


def _triggers(connection: Connection, record: str, table: str, columns: Sequence[str], schema: str | None) -> list[str]:
    quote = connection.dialect.identifier_preparer.quote_identifier
    name, changes = _trigger_name(table), _quoted(connection, CHANGES, schema)
    on, literal = _quoted(connection, table, schema), _literal(connection, record)
    if connection.dialect.name == "postgresql":
        parts = ", ".join(f"{quote(c)}::text" for c in columns)
        return _statement_triggers(_quoted(connection, name, schema), name, on, changes, literal, parts)
    cast = "CHAR" if connection.dialect.name == "mysql" else "TEXT"
    maker = "JSON_ARRAY" if connection.dialect.name == "mysql" else "json_array"

    def row(side: str) -> str:
        return f"SELECT {literal}, {maker}({', '.join(f'CAST({side}.{quote(c)} AS {cast})' for c in columns)})"

    sides = {
        "i": ("INSERT", row("NEW")),
        "u": ("UPDATE", f"{row('NEW')} UNION {row('OLD')}"),
        "d": ("DELETE", row("OLD")),
    }
    begin, end = ("BEGIN ", "; END") if connection.dialect.name == "sqlite" else ("", "")
    return [
        f"CREATE TRIGGER {_quoted(connection, f'{name}_{short}', schema)} AFTER {verb} ON {on} FOR EACH ROW "
        f"{begin}INSERT INTO {changes} (name, id) {select}{end}"
        for short, (verb, select) in sides.items()
    ]


def _literal(connection: Connection, text: str) -> str:
    return str(
        sa.literal(text, sa.String()).compile(dialect=connection.dialect, compile_kwargs={"literal_binds": True})
    )


def _statement_triggers(function: str, name: str, on: str, changes: str, literal: str, parts: str) -> list[str]:
    """One insert for a statement, however many rows it changes; the writer needs no right to the table of changes."""
    old, new = (f"SELECT {literal}, json_build_array({parts})::text FROM {side}" for side in ("old_rows", "new_rows"))
    body = f"""CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
        SET search_path = pg_catalog, pg_temp AS $hefu$ BEGIN
        IF TG_OP = 'INSERT' THEN INSERT INTO {changes} (name, id) {new};
        ELSIF TG_OP = 'DELETE' THEN INSERT INTO {changes} (name, id) {old};
        ELSE INSERT INTO {changes} (name, id) {new} UNION {old}; END IF; RETURN NULL; END $hefu$"""
    tables = {"i": ("INSERT", "NEW TABLE AS new_rows"), "d": ("DELETE", "OLD TABLE AS old_rows")}
    tables["u"] = ("UPDATE", "OLD TABLE AS old_rows NEW TABLE AS new_rows")
    return [body] + [
        f'CREATE TRIGGER "{name}_{short}" AFTER {verb} ON {on} REFERENCING {refers} '
        f"FOR EACH STATEMENT EXECUTE FUNCTION {function}()"
        for short, (verb, refers) in tables.items()
    ]
