"""Looking into tables: pages by key, records by id, and what changed since a cursor.

Every page is a statement of its own that starts after the last key, so memory is bounded by the page and no
transaction stays open while the hub works.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.engine import Connection

from hefu.connectors._sql_database import Database
from hefu.connectors._sql_tables import LineRows, Raw, Rows, Shape
from hefu.connectors._sql_values import HOUR, Misfit, has_summer_time
from hefu.core.errors import Unsupported
from hefu.core.records import Page, Record, Value, Values

_NULL = sa.types.NullType()
_PARAMETERS = 900  # SQL Server takes 2100 in a statement, Oracle 1000 in a list

_NOW = {
    "postgresql": "clock_timestamp()",
    "mysql": "UTC_TIMESTAMP(6)",
    "sqlite": "strftime('%Y-%m-%d %H:%M:%f', 'now')",
    "mssql": "SYSUTCDATETIME()",
    "oracle": "SYS_EXTRACT_UTC(SYSTIMESTAMP)",
}


def bind(value: Any) -> sa.BindParameter[Any]:
    """A parameter that reaches the driver as it is."""
    return sa.bindparam(None, value, type_=_NULL, unique=True)


def after(columns: Sequence[sa.ColumnElement[Any]], values: Raw) -> sa.ColumnElement[bool]:
    """(a, b) > (x, y), spelled so that every database can walk an index."""
    first, value = columns[0], bind(values[0])
    if len(columns) == 1:
        return first > value
    return sa.and_(first >= value, sa.or_(first > value, after(columns[1:], values[1:])))


def one_of(dialect: str, columns: Sequence[sa.ColumnElement[Any]], keys: Sequence[Raw]) -> sa.ColumnElement[bool]:
    """These columns hold one of these keys."""
    if len(columns) > 1:
        return sa.or_(*[sa.and_(*[c == bind(v) for c, v in zip(columns, key, strict=True)]) for key in keys])
    values = [key[0] for key in keys]
    if dialect == "postgresql" and isinstance(values[0], int):  # as one literal: the driver's lists are slow
        literal = "{" + ",".join(map(str, values)) + "}"
        return columns[0] == sa.any_(sa.cast(bind(literal), postgresql.ARRAY(sa.BigInteger)))
    if dialect == "postgresql":
        return columns[0] == sa.any_(bind(values))
    if dialect == "sqlite" and isinstance(values[0], int | str):
        return columns[0].in_(sa.select(sa.column("value")).select_from(sa.func.json_each(bind(json.dumps(values)))))
    return columns[0].in_(sa.bindparam(None, values, type_=_NULL, expanding=True, unique=True))


def chunks(dialect: str, keys: Sequence[Raw]) -> Iterator[Sequence[Raw]]:
    """Keys in portions that one statement takes."""
    width = len(keys[0]) if keys else 1
    size = 5000 if dialect in ("postgresql", "sqlite") and width == 1 else max(1, _PARAMETERS // width)
    return (keys[i : i + size] for i in range(0, len(keys), size))


def rows_of(connection: Connection, statement: sa.Select[Any]) -> list[Raw]:
    """Rows as the driver gives them; the statement knows no types, so nothing converts them twice."""
    cursor = connection.execute(statement).cursor
    return list(cursor.fetchall()) if cursor is not None else []


def select_of(rows: Rows) -> sa.Select[Any]:
    """Every mapped column."""
    return sa.select(*[rows.table.c[n] for n in rows.names])


def by_keys(connection: Connection, rows: Rows, keys: Sequence[Raw], *, lock: bool = False) -> list[Raw]:
    """The rows with these ids, locked against others until the transaction ends if wanted."""
    out: list[Raw] = []
    dialect = connection.dialect.name
    for some in chunks(dialect, keys):
        statement = select_of(rows).where(one_of(dialect, rows.pk_columns, some))
        if lock:
            statement = statement.with_for_update().with_hint(rows.table, "WITH (UPDLOCK, ROWLOCK)", "mssql")
        out += rows_of(connection, statement)
    return out


def with_lines(connection: Connection, shape: Shape, records: list[Record], keys: Sequence[Raw]) -> list[Record]:
    """The records with their lists of lines: one statement for each list, however many records."""
    if not shape.lines or not records:
        return records
    lists = {name: _grouped(connection, part, keys) for name, part in shape.lines.items()}
    return [
        record._replace(values={**record.values, **{name: found.get(key, []) for name, found in lists.items()}})
        for record, key in zip(records, keys, strict=True)
    ]


def _grouped(connection: Connection, part: LineRows, keys: Sequence[Raw]) -> Mapping[Raw, list[dict[str, Value]]]:
    rows, dialect = part.rows, connection.dialect.name
    foreign = [rows.table.c[n] for n in part.foreign]
    places = [rows.names.index(n) for n in part.foreign]
    shown = [(i, n) for i, n in enumerate(rows.names) if n not in part.foreign]
    out: dict[Raw, list[dict[str, Value]]] = defaultdict(list)
    for some in chunks(dialect, keys):
        order = [*foreign, rows.table.c[part.key]]
        found = rows_of(connection, select_of(rows).where(one_of(dialect, foreign, some)).order_by(*order))
        loaded = rows.load(found)
        for at, raw in enumerate(found):
            out[tuple(raw[p] for p in places)].append({n: loaded[i][at] for i, n in shown})
    return out


def records_by_keys(
    connection: Connection, shape: Shape, keys: Sequence[Raw], *, lock: bool = False
) -> dict[Raw, Record]:
    """Raw id -> record, lines included."""
    rows = by_keys(connection, shape.rows, keys, lock=lock)
    places = shape.rows.pk_places()
    found = [tuple(r[p] for p in places) for r in rows]
    return dict(zip(found, with_lines(connection, shape, shape.records(rows), found), strict=True))


def search(connection: Connection, shape: Shape, by: Values, most: int = 20) -> list[Record]:
    """Records whose columns equal all of `by`."""
    conditions = []
    for name, value in by.items():
        column = shape.rows.by_name.get(name)
        if column is None:
            raise shape.unknown(name)
        try:
            raw = None if value is None else column.kind.dump(value)
        except Misfit:
            return []
        clause = shape.rows.table.c[name]
        conditions.append(clause.is_(None) if raw is None else clause == bind(raw))
    rows = rows_of(connection, select_of(shape.rows).where(*conditions).limit(most))
    keys = [tuple(r[p] for p in shape.rows.pk_places()) for r in rows]
    return with_lines(connection, shape, shape.records(rows), keys)


class Feed(ABC):
    """Tells what changed after a position (JSON text, kept by the hub inside the cursor)."""

    def __init__(self, database: Database, shape: Shape, page: int) -> None:
        self.database, self.shape, self.page = database, shape, page

    @abstractmethod
    def start(self, connection: Connection) -> Any:
        """The position of now: everything that a later reader must be told lies after it."""

    @abstractmethod
    def pages(self, position: Any) -> Iterator[tuple[Sequence[Record], Sequence[str], Any]]:
        """(records, ids that are gone, position), oldest change first. The last position is that of now."""

    def _by_order(self, columns: Sequence[str], begin: Raw | None) -> Iterator[list[Raw]]:
        """Pages of rows in the order of these columns, from `begin` (inclusive in its first column) on."""
        rows = self.shape.rows
        order = [rows.table.c[n] for n in columns]
        places = [rows.names.index(n) for n in columns]
        last: Raw | None = None
        while True:
            statement = select_of(rows).where(order[0].is_not(None)).order_by(*order).limit(self.page)
            if last is not None:
                statement = statement.where(after(order, last))
            elif begin is not None:
                statement = statement.where(order[0] >= bind(begin[0]))
            with self.database.reading(self.shape.schema.name) as connection:
                found = rows_of(connection, statement)
                self._records = self._finish(connection, found)
            if found:
                last = tuple(found[-1][p] for p in places)
            yield found
            if len(found) < self.page:
                return

    def _finish(self, connection: Connection, found: list[Raw]) -> list[Record]:
        keys = [tuple(r[p] for p in self.shape.rows.pk_places()) for r in found]
        return with_lines(connection, self.shape, self.shape.records(found), keys)


class ByStamp(Feed):
    """Follows a column with the time of the last change; reaches back by the declared lateness.

    A stamp without zone in a zone with summer time repeats an hour a year, so there it reaches back an hour more.
    """

    def __init__(self, database: Database, shape: Shape, page: int, overlap: timedelta) -> None:
        super().__init__(database, shape, page)
        self._column = shape.rows.by_name[shape.spec.modified or ""]
        self._overlap = overlap + (HOUR if has_summer_time(self._column.kind.facts.get("zone")) else timedelta(0))

    def start(self, connection: Connection) -> Any:
        """The database's own time."""
        return database_now(connection).isoformat()

    def pages(self, position: Any) -> Iterator[tuple[Sequence[Record], Sequence[str], Any]]:
        """Rows whose stamp is not older than the position less the overlap."""
        with self.database.reading() as connection:
            now = self.start(connection)
        since = datetime.fromisoformat(position)
        begin = (self._column.kind.dump((since - self._overlap).replace(microsecond=0)),)
        for found in self._by_order((self._column.name, *self.shape.rows.pk), begin):
            records = self._records
            more = len(found) == self.page
            reached = records[-1].modified_at if more and records else None
            yield records, (), max(position, reached.astimezone(UTC).isoformat()) if reached else now


def database_now(connection: Connection) -> datetime:
    """The database's clock, in UTC."""
    said = connection.exec_driver_sql(_select_now(connection.dialect.name)).scalar_one()
    moment = said if isinstance(said, datetime) else datetime.fromisoformat(str(said))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _select_now(dialect: str) -> str:
    now = f"SELECT {_NOW[dialect]}" + (" FROM dual" if dialect == "oracle" else "")
    return now.replace("%", "%%") if dialect in ("postgresql", "mysql") else now


class ByVersion(Feed):
    """Follows a whole number that grows with every change in the table; reaches back by some versions."""

    def __init__(self, database: Database, shape: Shape, page: int, overlap: int) -> None:
        super().__init__(database, shape, page)
        self._column, self._overlap = shape.spec.version or "", overlap

    def start(self, connection: Connection) -> Any:
        """The largest version."""
        column = self.shape.rows.table.c[self._column]
        found = rows_of(connection, sa.select(sa.func.max(column)).select_from(self.shape.rows.table))
        return int(found[0][0] or 0)

    def pages(self, position: Any) -> Iterator[tuple[Sequence[Record], Sequence[str], Any]]:
        """Rows whose version is not older than the position less the overlap."""
        place = self.shape.rows.names.index(self._column)
        for found in self._by_order((self._column, *self.shape.rows.pk), (int(position) - self._overlap + 1,)):
            position = max(int(position), int(found[-1][place])) if found else position
            yield self._records, (), position


def everything(
    database: Database, shape: Shape, page: int, feed: Feed | None, place: Raw | None, position: Any
) -> Iterator[Page]:
    """All rows in the order of the id, from `place` on; the cursor of the last page starts the feed."""
    order = shape.rows.pk_columns
    places = shape.rows.pk_places()
    while True:
        with database.reading(shape.schema.name) as connection:
            if feed is not None and position is None:
                position = feed.start(connection)
            statement = select_of(shape.rows).order_by(*order).limit(page)
            found = rows_of(connection, statement if place is None else statement.where(after(order, place)))
            keys = [tuple(r[p] for p in places) for r in found]
            records = with_lines(connection, shape, shape.records(found), keys)
        more = len(found) == page
        place = keys[-1] if keys else place
        yield Page(records, cursor_text(shape, position, place if more else None) if feed else None)
        if not more:
            return


def cursor_text(shape: Shape, position: Any, place: Raw | None) -> str:
    """A cursor as the hub keeps it; `place` is the last id of a full read that is under way."""
    return json.dumps({"since": position, "after": shape.rows.ids([place])[0] if place is not None else None})


def cursor_parts(shape: Shape, text: str) -> tuple[Any, Raw | None]:
    """(position, place). Raises Unsupported for a text that is no cursor of this kind of feed."""
    try:
        parts = json.loads(text)
        position, place = parts["since"], parts["after"]
        _fits(shape.changes, position)
    except (ValueError, TypeError, KeyError) as error:
        raise Unsupported("sql.bad_cursor", connection="", object=shape.schema.name, cursor=text) from error
    return position, shape.rows.raw(place) if place is not None else None


def _fits(changes: str, position: Any) -> None:
    if changes == "modified":
        datetime.fromisoformat(position)
    elif not isinstance(position, int):
        raise TypeError(position)
