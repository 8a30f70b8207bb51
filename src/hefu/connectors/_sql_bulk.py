"""Many rows in one go, each database in its own fastest way: COPY, executemany, multi-row INSERT.

New ids are handed out before the insert (sequence, largest rowid) or told by a rule the database guarantees
(MySQL: the ids of one plain multi-row INSERT are consecutive), so that no row needs an answer of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection

from hefu.connectors._sql_read import bind, chunks, one_of, rows_of
from hefu.connectors._sql_tables import Raw, Rows

_COPY_FROM = 3  # rows from which COPY pays
_STAGE_FROM = 20  # rows from which a temporary table pays
_MYSQL_ROWS = 500


def insert(connection: Connection, rows: Rows, names: Sequence[str], values: Sequence[Raw]) -> list[Raw]:
    """Insert rows; their raw ids, in order."""
    if rows.born is None:
        _insert_plain(connection, rows, names, values)
        at = [list(names).index(n) for n in rows.pk]
        return [tuple(v[a] for a in at) for v in values]
    dialect = connection.dialect.name
    if dialect in ("postgresql", "sqlite"):
        ids = _new_ids(connection, rows, len(values))
        _insert_plain(connection, rows, [rows.born, *names], [(i, *v) for i, v in zip(ids, values, strict=True)])
        return [(i,) for i in ids]
    if dialect == "mysql":
        return _insert_mysql(connection, rows, names, values)
    return [_insert_one(connection, rows, names, v) for v in values]


def _insert_plain(connection: Connection, rows: Rows, names: Sequence[str], values: Sequence[Raw]) -> None:
    dialect = connection.dialect.name
    if dialect == "postgresql" and len(values) >= _COPY_FROM:
        _copy(connection, quoted(connection, rows), names, list(zip(*values, strict=True)))
    elif dialect == "mysql":
        for start in range(0, len(values), _MYSQL_ROWS):
            _mysql_statement(connection, rows, names, values[start : start + _MYSQL_ROWS])
    elif not names:
        for _ in values:
            connection.execute(sa.insert(rows.table))
    else:
        _repeat(connection, insert_sql(connection, rows, names), values)


def _repeat(connection: Connection, statement: str, values: Sequence[Raw]) -> None:
    """One statement for each row; PostgreSQL's driver would do it in a pipeline that complains aloud of a bad row."""
    if connection.dialect.name == "postgresql" or len(values) == 1:
        for value in values:
            connection.exec_driver_sql(statement, value)
    else:
        connection.exec_driver_sql(statement, list(values))


def _mark(connection: Connection, count: int) -> list[str]:
    style = connection.dialect.paramstyle
    if style == "qmark":
        return ["?"] * count
    return [f":{i + 1}" for i in range(count)] if style in ("named", "numeric") else ["%s"] * count


def quote(connection: Connection, name: str) -> str:
    """A name as a statement has it."""
    quoted = connection.dialect.identifier_preparer.quote_identifier(name)
    return (
        quoted
        if "%%" in quoted or connection.dialect.paramstyle not in ("format", "pyformat")
        else quoted.replace("%", "%%")
    )


def quoted(connection: Connection, rows: Rows) -> str:
    """The table as a statement has it."""
    schema = rows.table.schema
    return f"{quote(connection, schema)}.{quote(connection, rows.name)}" if schema else quote(connection, rows.name)


def insert_sql(connection: Connection, rows: Rows, names: Sequence[str]) -> str:
    """The INSERT of one row with parameters."""
    columns = ", ".join(quote(connection, n) for n in names)
    identity = "OVERRIDING SYSTEM VALUE " if connection.dialect.name == "postgresql" and rows.born in names else ""
    marks = ", ".join(_mark(connection, len(names)))
    return f"INSERT INTO {quoted(connection, rows)} ({columns}) {identity}VALUES ({marks})"


def _new_ids(connection: Connection, rows: Rows, count: int) -> list[Any]:
    """Ids that the database will give to nobody else."""
    born = rows.born or ""
    if connection.dialect.name == "sqlite":
        column = rows.table.c[born]
        top = rows_of(connection, sa.select(sa.func.max(column)).select_from(rows.table))[0][0] or 0
        if connection.dialect.has_table(connection, "sqlite_sequence"):
            found = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = ?", (rows.name,)).scalar()
            top = max(top, found or 0)
        return list(range(top + 1, top + 1 + count))
    default = rows.by_name[born].default
    if default is None:
        default = "nextval(pg_get_serial_sequence(%s, %s))"
    said: tuple[Any, ...] = (quoted(connection, rows).replace("%%", "%"), born) if "%s" in default else ()
    escaped = default if said else default.replace("%", "%%")
    query = f"SELECT {escaped} FROM generate_series(1, {int(count)})"
    return [row[0] for row in connection.exec_driver_sql(query, said).fetchall()]


def _insert_mysql(connection: Connection, rows: Rows, names: Sequence[str], values: Sequence[Raw]) -> list[Raw]:
    """MySQL manual, InnoDB AUTO_INCREMENT: a simple insert's ids are consecutive; LAST_INSERT_ID() is the first."""
    step = int(connection.exec_driver_sql("SELECT @@auto_increment_increment").scalar_one())
    out: list[Raw] = []
    for start in range(0, len(values), _MYSQL_ROWS):
        some = values[start : start + _MYSQL_ROWS]
        first = _mysql_statement(connection, rows, names, some)
        out += [(first + i * step,) for i in range(len(some))]
    return out


def _mysql_statement(connection: Connection, rows: Rows, names: Sequence[str], values: Sequence[Raw]) -> int:
    columns = ", ".join(quote(connection, n) for n in names)
    row = f"({', '.join(['%s'] * len(names))})"
    statement = f"INSERT INTO {quoted(connection, rows)} ({columns}) VALUES {', '.join([row] * len(values))}"
    flat = tuple(v for one in values for v in one)
    return int(connection.exec_driver_sql(statement, flat).lastrowid or 0)


def _insert_one(connection: Connection, rows: Rows, names: Sequence[str], value: Raw) -> Raw:
    """The way that every database knows."""
    columns: list[sa.Column[Any]] = [
        sa.Column(c.name, sa.Integer, primary_key=True) if c.name == rows.born else sa.Column(c.name, sa.types.NullType)
        for c in rows.columns
    ]
    table = sa.Table(rows.name, sa.MetaData(), *columns, schema=rows.table.schema)
    made = connection.execute(sa.insert(table).values({n: bind(v) for n, v in zip(names, value, strict=True)}))
    key = made.inserted_primary_key
    return tuple(key) if key is not None else ()


def update(
    connection: Connection,
    rows: Rows,
    names: Sequence[str],
    values: Sequence[Raw],
    keys: Sequence[Raw],
    bump: str | None,
) -> None:
    """Set these columns of the rows with these ids; rows that are not there are passed over.

    `bump`: a column to raise by one.
    """
    if connection.dialect.name == "postgresql" and len(values) >= _STAGE_FROM and names:
        _update_from_stage(connection, rows, names, values, keys, bump)
        return
    sets = [f"{quote(connection, n)} = {m}" for n, m in zip(names, _mark(connection, len(names)), strict=True)]
    sets += [raised(quote(connection, bump))] if bump else []
    marks = _mark(connection, len(names) + len(rows.pk))[len(names) :]
    where = [f"{quote(connection, n)} = {m}" for n, m in zip(rows.pk, marks, strict=True)]
    statement = f"UPDATE {quoted(connection, rows)} SET {', '.join(sets)} WHERE {' AND '.join(where)}"
    _repeat(connection, statement, [(*v, *k) for v, k in zip(values, keys, strict=True)])


def raised(column: str, table: str = "") -> str:
    """The assignment that raises a column by one."""
    return f"{column} = COALESCE({table}{column}, 0) + 1"


def _update_from_stage(
    connection: Connection,
    rows: Rows,
    names: Sequence[str],
    values: Sequence[Raw],
    keys: Sequence[Raw],
    bump: str | None,
) -> None:
    """PostgreSQL: COPY into a table of this transaction, then one UPDATE."""
    target = quoted(connection, rows)
    columns = [*zip(*keys, strict=True), *zip(*values, strict=True)]
    stage(connection, rows, "hefu_stage", [*rows.pk, *names], columns)
    sets = [f"{quote(connection, n)} = s.{quote(connection, n)}" for n in names]
    sets += [raised(quote(connection, bump), "t.")] if bump else []
    where = " AND ".join(f"t.{quote(connection, n)} = s.{quote(connection, n)}" for n in rows.pk)
    connection.exec_driver_sql(f"UPDATE {target} AS t SET {', '.join(sets)} FROM hefu_stage AS s WHERE {where}")
    connection.exec_driver_sql("DROP TABLE hefu_stage")


def stage(
    connection: Connection, rows: Rows, name: str, names: Sequence[str], columns: Sequence[Sequence[Any]]
) -> None:
    """PostgreSQL: a table of this transaction with these columns of `rows`, filled."""
    listed = ", ".join(quote(connection, n) for n in names)
    source = quoted(connection, rows)
    connection.exec_driver_sql(f"CREATE TEMP TABLE {name} ON COMMIT DROP AS SELECT {listed} FROM {source} WITH NO DATA")
    _copy(connection, name, names, columns)
    connection.exec_driver_sql(f"ANALYZE {name}")


def _copy(connection: Connection, target: str, names: Sequence[str], columns: Sequence[Sequence[Any]]) -> None:
    """In the text form of COPY, made column by column: a third of the cost of the driver's row by row."""
    listed = ", ".join(quote(connection, n) for n in names)
    statement = f"COPY {target} ({listed}) FROM STDIN".replace("%%", "%")
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(statement) as copy:
        copy.write(copy_text(columns))


_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", "\r": r"\r", "\t": r"\t"})
_NULL = r"\N"
_BLANK = type(None)


def copy_text(columns: Sequence[Sequence[Any]]) -> str:
    """Columns as PostgreSQL's COPY reads them (its manual, "Text Format"): tabs between, NULL as \\N, escaped."""
    said: list[Sequence[str]] = []
    blanks = 0
    for column in columns:
        types = set(map(type, column))
        if _BLANK in types:
            blanks += column.count(None)
            said.append([_NULL if v is None else str(v) for v in column])
        elif types == {datetime}:
            said.append(list(map(datetime.isoformat, column)))
        else:
            said.append(column if types == {str} else list(map(str, column)))
    text, rows = _laid_out(said), len(columns[0])
    plain = text.count("\t") == rows * (len(columns) - 1) and text.count("\n") == rows and "\r" not in text
    if plain and text.count("\\") == blanks:
        return text
    return _laid_out([list(map(_escaped, column)) for column in columns])


def _laid_out(columns: Sequence[Sequence[str]]) -> str:
    return "\n".join(map("\t".join, zip(*columns, strict=True))) + "\n"


def _escaped(value: Any) -> str:
    return _NULL if value is None else str(value).translate(_ESCAPES)


def delete(connection: Connection, rows: Rows, names: Sequence[str], keys: Sequence[Raw]) -> None:
    """Delete the rows whose columns hold one of these keys."""
    dialect = connection.dialect.name
    for some in chunks(dialect, keys):
        connection.execute(sa.delete(rows.table).where(one_of(dialect, [rows.table.c[n] for n in names], some)))


def settle_constraints(connection: Connection) -> None:
    """Have deferred constraints speak now, while a savepoint can still tell which record they mean."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
        connection.exec_driver_sql("SET CONSTRAINTS ALL DEFERRED")
