"""Raw rows of a table in the order of a column, and the comparison of two tables as one statement.

One statement a side, streamed: a side is a snapshot, and memory is bounded by the batch, not by the table.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hefu.connectors._sql_database import ATTACHED, Database
from hefu.connectors._sql_read import bind, chunks, one_of, rows_of
from hefu.connectors._sql_tables import Column, Shape
from hefu.connectors._sql_values import load_column
from hefu.core.ordered import Gap, Ordered, Range, Reading, Row
from hefu.core.records import FieldType

BINARY = {"sqlite": "BINARY", "postgresql": "C", "mysql": "utf8mb4_bin"}
"""Collations that sort by code points and see every difference."""

_JOINED = ("sqlite", "postgresql")
_NONE = type(None)


def meaning(column: Column, dialect: str) -> str | None:
    """See `Ordered.meaning`. Whole numbers and plain text mean the same in every database."""
    kind = column.kind
    load = getattr(kind.load, "__qualname__", "") if kind.load is not None else ""
    if dialect not in BINARY:
        return None
    if kind.type is FieldType.DECIMAL and kind.load is None and kind.plain == frozenset({int, _NONE}):
        return "int"
    if kind.load is str and kind.type is FieldType.CODE and kind.scale is None and kind.plain == frozenset({_NONE}):
        return "int" if kind.copies in (None, "int2", "int4", "int8") else f"{dialect}/id/{kind.copies}"
    if kind.type in (FieldType.TEXT, FieldType.CODE) and not kind.options and load in ("", "_stringify") and kind.exact:
        return "text" if str in kind.plain else f"{dialect}/{kind.type}/{load}"
    return f"{dialect}/{kind.type}/{load}/{kind.facts.get('zone')}/{sorted(t.__name__ for t in kind.plain)}"


def streamed(connection: Connection, statement: sa.Select[Any], size: int) -> Iterator[list[Row]]:
    """Raw rows from a cursor that the server keeps, so that no driver collects the whole answer first."""
    driver: Any = connection.connection.driver_connection
    if connection.dialect.name == "sqlite":
        cursor: Any = connection.execute(statement).cursor
    else:
        made = statement.compile(dialect=connection.dialect)
        if connection.dialect.name == "postgresql":
            cursor = driver.cursor(name="hefu_rows")
        else:
            from pymysql.cursors import SSCursor

            cursor = driver.cursor(SSCursor)
        cursor.execute(str(made), made.params)
    try:
        while found := cursor.fetchmany(size):
            yield list(found)
    finally:
        cursor.close()


class Walker:
    """Reads one object's rows in order."""

    def __init__(self, database: Database, shape: Shape) -> None:
        self.database, self.shape = database, shape
        self.table, self.dialect = shape.rows.table, database.dialect

    def _column(self, name: str) -> Column:
        found = self.shape.rows.by_name.get(name)
        if found is None:
            raise self.shape.unknown(name)
        return found

    def _key(self, name: str) -> sa.ColumnElement[Any]:
        """The column as it is compared and sorted."""
        column: sa.ColumnElement[Any] = self.table.c[name]
        return _exact(column, self.dialect) if meaning(self._column(name), self.dialect) == "text" else column

    def _within(self, name: str, within: Range) -> list[sa.ColumnElement[bool]]:
        key, (low, high) = self._key(name), within
        where = [self._present(name)]
        where += [key > bind(low)] if low is not None else []
        return where + ([key <= bind(high)] if high is not None else [])

    def _present(self, name: str) -> sa.ColumnElement[bool]:
        column = self.table.c[name]
        there = column.is_not(None)
        return sa.and_(there, column != "") if meaning(self._column(name), self.dialect) == "text" else there

    def rows(self, reading: Reading, size: int) -> Iterator[list[Row]]:
        """See `Ordered.rows`."""
        columns = [self.table.c[n] for n in (reading.key, *reading.columns)]
        where = self._within(reading.key, reading.within)
        statement = sa.select(*columns).where(*where).order_by(self._key(reading.key))
        yield from self._stream(statement, size)

    def _stream(self, statement: sa.Select[Any], size: int) -> Iterator[list[Row]]:
        with self.database.reading(self.shape.schema.name) as connection:
            yield from streamed(connection, statement, size)

    def keyless(self, key: str) -> Iterator[list[str]]:
        """See `Ordered.keyless`."""
        rows = self.shape.rows
        column = self.table.c[key]
        blank: sa.ColumnElement[bool] = column.is_(None)
        if meaning(self._column(key), self.dialect) == "text":
            blank = sa.or_(blank, column == "")
        statement = sa.select(*rows.pk_columns).where(blank)
        for found in self._stream(statement, 5000):
            yield rows.ids(found)

    def cuts(self, key: str, parts: int) -> list[Range]:
        """See `Ordered.cuts`."""
        sort, places = self._key(key), self.count() // max(1, parts)
        edges: list[Any] = []
        with self.database.reading(self.shape.schema.name) as connection:
            while places and len(edges) < parts - 1:
                after = [sort > bind(edges[-1])] if edges else []
                one = sa.select(self.table.c[key]).where(self._present(key), *after).order_by(sort)
                found = rows_of(connection, one.offset(places - 1).limit(1))
                if not found:
                    break
                edges.append(found[0][0])
        return list(zip([None, *edges], [*edges, None], strict=True))

    def ids(self, key: str, values: Sequence[Any]) -> list[tuple[Any, str]]:
        """See `Ordered.ids`."""
        rows, out = self.shape.rows, list[tuple[Any, str]]()
        column: Any = self._key(key)
        with self.database.reading(self.shape.schema.name) as connection:
            for some in chunks(self.dialect, [(v,) for v in values]):
                statement = sa.select(self.table.c[key], *rows.pk_columns)
                found = rows_of(connection, statement.where(one_of(self.dialect, [column], some)))
                out += zip([r[0] for r in found], rows.ids([r[1:] for r in found]), strict=True)
        return out

    def count(self) -> int:
        """See `Ordered.count`."""
        with self.database.reading(self.shape.schema.name) as connection:
            return int(rows_of(connection, sa.select(sa.func.count()).select_from(self.table))[0][0])

    def loader(self, column: str) -> Callable[[Sequence[Any]], Sequence[Any]]:
        """See `Ordered.loader`."""
        return partial(load_column, self._column(column).kind)

    def unique(self, column: str) -> bool:
        """See `Ordered.unique`."""
        return self._column(column).unique or self.shape.rows.pk == (column,)


# ------------------------------------------------------------------- one statement


def joinable(left: Walker, right: Walker, mine: Reading, other: Reading) -> bool:
    """Whether one statement can say what a walk would: one database, and values whose equality is ours.

    Two files of SQLite are one database, as one can be attached to the other.
    """
    if left.dialect not in _JOINED or _place(left.database) != _place(right.database):
        return False
    return all(
        _plain(side, name) for side, used in ((left, mine), (right, other)) for name in (used.key, *used.columns)
    )


def _place(database: Database) -> tuple[Any, ...]:
    url = database.engine.url
    return (database.dialect,) if database.dialect == "sqlite" else (url.host or "", url.port or 5432, url.database)


def _plain(side: Walker, name: str) -> bool:
    """A type that the database compares by value: no JSON, no text that ignores case."""
    kind = side._column(name).kind
    return kind.exact or kind.type is FieldType.DECIMAL


def gaps(left: Walker, right: Walker, mine: Reading, other: Reading, size: int) -> Iterator[Gap]:
    """See `Ordered.gaps`. A row of the answer is (key if the left has it, key if the right has it)."""
    beside = None
    if left.dialect == "sqlite" and _file(left.database) != _file(right.database):
        beside = _file(right.database)
    with left.database.reading(left.shape.schema.name, beside) as connection:
        b: Any = right.table
        if beside is not None:
            b = sa.table(b.name, *[sa.column(c.name) for c in b.c], schema=ATTACHED)
        statement = _full_join(left, left.table.alias("l"), b.alias("r"), mine, other)
        for found in streamed(connection, statement, size):
            yield Gap(
                [k for k, o in found if k not in _BLANK and o is not None],
                [k for k, o in found if k not in _BLANK and o is None],
                [o for k, o in found if k is None and o not in _BLANK],
            )


def _exact(column: Any, dialect: str) -> Any:
    """Text as its code points, whatever the column's type and collation take for equal."""
    if dialect == "postgresql":
        column = sa.cast(column, sa.Text())  # citext
    elif dialect == "mysql":
        column = sa.func.convert(column.op("USING")(sa.literal_column("utf8mb4")))
    else:
        column = sa.type_coerce(column, sa.Text())
    return column.collate(BINARY[dialect])


_BLANK = (None, "")


def _full_join(left: Walker, a: Any, b: Any, mine: Reading, other: Reading) -> sa.Select[Any]:
    """Rows whose key is on one side only, or whose values differ in any way."""

    def exact(alias: Any, name: str, like: str) -> Any:
        return _exact(alias.c[name], left.dialect) if str in left._column(like).kind.plain else alias.c[name]

    key, match = a.c[mine.key], b.c[other.key]
    differ = [exact(a, m, m).is_distinct_from(exact(b, o, m)) for m, o in zip(mine.columns, other.columns, strict=True)]
    joined = a.join(b, exact(a, mine.key, mine.key) == exact(b, other.key, mine.key), full=True)
    return sa.select(key, match).select_from(joined).where(sa.or_(key.is_(None), match.is_(None), *differ))


def _file(database: Database) -> str:
    return str(Path(str(database.engine.url.database).removeprefix("file:")).resolve())


# ---------------------------------------------------------------------- the verbs


class OrderedSql(ABC):
    """The verbs of `core.ordered.Ordered`, for the connector."""

    database: Database

    @abstractmethod
    def shape(self, obj: str) -> Shape:
        """The object's shape."""

    def walker(self, obj: str) -> Walker:
        """Reads that object in order."""
        return Walker(self.database, self.shape(obj))

    def meaning(self, obj: str, column: str) -> str | None:
        """See `Ordered`."""
        found = self.shape(obj).rows.by_name.get(column)
        return None if found is None else meaning(found, self.database.dialect)

    def unique(self, obj: str, column: str) -> bool:
        """See `Ordered`."""
        return self.walker(obj).unique(column)

    def loader(self, obj: str, column: str) -> Callable[[Sequence[Any]], Sequence[Any]]:
        """See `Ordered`."""
        return self.walker(obj).loader(column)

    def rows(self, reading: Reading, size: int) -> Iterator[list[Row]]:
        """See `Ordered`."""
        return self.walker(reading.obj).rows(reading, size)

    def keyless(self, obj: str, key: str) -> Iterator[list[str]]:
        """See `Ordered`."""
        return self.walker(obj).keyless(key)

    def cuts(self, obj: str, key: str, parts: int) -> list[Range]:
        """See `Ordered`."""
        return self.walker(obj).cuts(key, parts)

    def ids(self, obj: str, key: str, values: Sequence[Any]) -> list[tuple[Any, str]]:
        """See `Ordered`."""
        return self.walker(obj).ids(key, values) if values else []

    def count(self, obj: str) -> int:
        """See `Ordered`."""
        return self.walker(obj).count()

    def gaps(self, left: Reading, other: Ordered, right: Reading, size: int) -> Iterator[Gap] | None:
        """See `Ordered`."""
        if not isinstance(other, OrderedSql):
            return None
        a, b = self.walker(left.obj), other.walker(right.obj)
        return gaps(a, b, left, right, size) if joinable(a, b, left, right) else None


__all__ = ["OrderedSql", "Walker", "gaps", "joinable", "meaning"]
