"""Databases: PostgreSQL, MySQL and MariaDB, SQLite; SQL Server and Oracle by the same code (not tested by us).

One object per table or view. Names and types come from the database itself; a mapping's words never become part of a
statement. Changes are found by a column with the time of the last change, by a growing version, or by a table that
triggers keep (`install_change_table`), which also tells deletes.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import sqlalchemy as sa

from hefu.connectors import _sql_changes, _sql_read, _sql_upsert
from hefu.connectors._sql_database import Database
from hefu.connectors._sql_ordered import OrderedSql
from hefu.connectors._sql_settings import LineTable, SqlSettings, TableSettings
from hefu.connectors._sql_tables import Catalog, Shape
from hefu.connectors._sql_write import Writer
from hefu.core.connector import Connector, Settings, Site
from hefu.core.errors import HubError, Unsupported
from hefu.core.records import Columns, ObjectSchema, Page, Record, Values, Write, Written


class Sql(OrderedSql, Connector):
    """A line to one schema of a database."""

    name = "sql"
    settings_type = SqlSettings

    def __init__(self, settings: Settings, site: Site) -> None:
        super().__init__(settings, site)
        word = self.settings.zone or site.facts.get("zone") or "UTC"
        try:
            self._zone = ZoneInfo(word)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise Unsupported("sql.unknown_zone", connection=site.connection, name=word) from error
        overlap = self.settings.overlap
        self._overlap = site.lateness if overlap is None else timedelta(seconds=overlap)
        self.database = Database(self.settings, site)
        self._shapes: dict[str, Shape] = {}
        self._lock = threading.Lock()

    def check(self) -> None:
        """Reach the database, find every configured table, and see whether we may look into it."""
        with self.database.reading() as connection:
            catalog = self._catalog(connection)
            shapes = catalog.shapes() if self.settings.objects else {}
        for name, shape in shapes.items():
            with self.database.reading(name) as connection:
                connection.execute(_sql_read.select_of(shape.rows).where(sa.false()))

    def discover(self) -> Sequence[ObjectSchema]:
        """Configured objects in the order of the settings; without any, every table and view by name."""
        with self.database.reading() as connection:
            shapes = self._catalog(connection).shapes()
        with self._lock:
            self._shapes = dict(shapes)
        return [shape.schema for shape in shapes.values()]

    def read(self, obj: str, since: str | None = None) -> Iterator[Page]:
        """By id when everything is wanted, else by the object's way of telling changes."""
        shape = self.shape(obj)
        feed = self._feed(shape)
        position, place = (None, None) if since is None else self._parts(shape, since)
        if feed is None or since is None or place is not None:
            return self._careful(_sql_read.everything(self.database, shape, self.settings.page, feed, place, position))
        return self._careful(self._changes(shape, feed, position))

    def fetch(self, obj: str, ids: Sequence[str]) -> Sequence[Record]:
        """By id, in one statement for thousands."""
        shape = self.shape(obj)
        keys = [k for k in (shape.rows.raw(i) for i in dict.fromkeys(ids)) if k is not None]
        if not keys:
            return []
        with self._telling(), self.database.reading(obj) as connection:
            return list(_sql_read.records_by_keys(connection, shape, keys).values())

    def search(self, obj: str, by: Values) -> Sequence[Record]:
        """By any columns; at most 20."""
        shape = self.shape(obj)
        with self._telling(), self.database.reading(obj) as connection:
            return _sql_read.search(connection, shape, by)

    def write(self, obj: str, writes: Sequence[Write]) -> Sequence[Written | HubError]:
        """One transaction; a record that is refused does not spoil the others."""
        self._must_be_few(obj, len(writes))
        if not writes:
            return []
        shape = self.shape(obj)
        with self._telling(), self.database.writing(obj) as connection:
            return Writer(connection, shape, self.site.connection, self._stamp(connection, shape)).run(writes)

    def upsert(self, obj: str, records: Columns) -> Mapping[int, HubError]:
        """One transaction, in bulk where the database can do it; record by record where it refuses something."""
        self._must_be_few(obj, len(records.ids))
        shape = self.shape(obj)
        with self._telling(), self.database.writing(obj) as connection:
            if _sql_upsert.upsert(connection, shape, records, self._stamp(connection, shape)):
                return {}
        return super().upsert(obj, records)

    def health(self) -> Mapping[str, str]:
        """The database's kind and version."""
        with self.database.reading() as connection:
            version = connection.dialect.server_version_info or ()
            return {"database": connection.dialect.name, "version": ".".join(map(str, version))}

    def close(self) -> None:
        """Close the pool."""
        self.database.close()

    # ----------------------------------------------------------------------- inside

    def _must_be_few(self, obj: str, count: int) -> None:
        if count > self.settings.batch:
            raise Unsupported("sql.batch", object=obj, most=self.settings.batch, got=count)

    def shape(self, obj: str) -> Shape:
        """The object's shape, read from the database once. Raises Unsupported for an unknown one."""
        found = self._shapes.get(obj)
        if found is None:
            with self.database.reading(obj) as connection:
                found = self._catalog(connection).shapes(obj).get(obj)
            if found is None:
                raise Unsupported("sql.no_id", connection=self.site.connection, object=obj, table=obj)
            with self._lock:
                self._shapes[obj] = found
        return found

    def _catalog(self, connection: sa.Connection) -> Catalog:
        return Catalog(connection, self.settings, self._zone, self.site.connection)

    def _feed(self, shape: Shape) -> _sql_read.Feed | None:
        page = self.settings.page
        if shape.changes == "modified":
            return _sql_read.ByStamp(self.database, shape, page, self._overlap)
        if shape.changes == "version":
            return _sql_read.ByVersion(self.database, shape, page, self.settings.overlap_versions)
        if shape.changes == "table":
            return _sql_changes.ByTable(self.database, shape, page, self._overlap, self.settings.schema_name)
        return None

    def _parts(self, shape: Shape, since: str) -> tuple[Any, Any]:
        with self._telling():
            return _sql_read.cursor_parts(shape, since)

    def _changes(self, shape: Shape, feed: _sql_read.Feed, position: Any) -> Iterator[Page]:
        for records, gone, reached in feed.pages(position):
            yield Page(records, _sql_read.cursor_text(shape, reached, None), gone)

    def _careful(self, pages: Iterator[Page]) -> Iterator[Page]:
        with self._telling():
            yield from pages

    def _telling(self) -> _Telling:
        return _Telling(self)

    def _stamp(self, connection: sa.Connection, shape: Shape) -> Any:
        """The database's time as the modified column holds it, where we keep that column."""
        if not (shape.spec.touch and shape.spec.modified):
            return None
        return shape.rows.by_name[shape.spec.modified].kind.dump(_sql_read.database_now(connection))


class _Telling:
    """Names the connection in errors, and looks at the tables again after one that says that they have changed."""

    def __init__(self, sql: Sql) -> None:
        self._sql = sql

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, _: object) -> None:
        if isinstance(error, HubError) and "connection" in error.facts:
            error.facts["connection"] = self._sql.site.connection
        if isinstance(error, Unsupported):
            self._sql._shapes.clear()


def install_change_table(sql: Sql, objects: Sequence[str]) -> None:
    """Make the table of changes and triggers on these objects' tables (lines included); may be repeated.

    Then set `changes: table` for them. Raises Denied without the rights, Unsupported where we know no triggers.
    """
    with sql._telling():
        _sql_changes.install(sql.database, [sql.shape(o) for o in objects], sql.settings.schema_name)


def remove_change_table(sql: Sql, objects: Sequence[str], *, table_too: bool = False) -> None:
    """Take these objects' triggers away again, and with `table_too` the table of changes itself."""
    with sql._telling():
        shapes = [sql.shape(o) for o in objects]
        _sql_changes.remove(sql.database, shapes, sql.settings.schema_name, table_too=table_too)


def prune_change_table(sql: Sql, older: timedelta) -> int:
    """Delete told changes older than that; how many there were."""
    return _sql_changes.prune(sql.database, sql.settings.schema_name, older)


CONNECTOR = Sql

__all__ = [
    "CONNECTOR",
    "LineTable",
    "Sql",
    "SqlSettings",
    "TableSettings",
    "install_change_table",
    "prune_change_table",
    "remove_change_table",
]
