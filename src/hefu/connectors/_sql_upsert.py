"""A plain load into a table: a whole batch of columns upserted by its natural key, in one statement or two.

The database itself finds out which records are there, by the constraint that keeps the key unique; nothing is looked
up before and nothing is read back. What this way cannot do, or what the database refuses, goes record by record
(`_sql_write`), which tells whose fault it was.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy.engine import Connection

from hefu.connectors import _sql_bulk as bulk
from hefu.connectors._sql_errors import speaks_database, told
from hefu.connectors._sql_tables import Shape
from hefu.connectors._sql_values import dump_column
from hefu.core.errors import HubError, Rejected
from hefu.core.records import Columns

_STAGE = "hefu_stage"


def upsert(connection: Connection, shape: Shape, records: Columns, stamp: Any) -> bool:
    """Whether all of these records are written; if not, none is.

    Raises HubError for what concerns the database rather than a record.
    """
    if not records.ids:
        return True
    columns = _dumped(shape, records) if _fits(connection, shape, records) else None
    if columns is None:
        return False
    names, size = [*records.values], len(records.ids)
    if shape.bump:
        names, columns = [*names, shape.bump], [*columns, [1] * size]
    if shape.spec.touch and shape.spec.modified:
        names, columns = [*names, shape.spec.modified], [*columns, [stamp] * size]
    try:
        with connection.begin_nested():
            if connection.dialect.name == "postgresql":
                _from_stage(connection, shape, names, columns)
            else:
                statement = f"{bulk.insert_sql(connection, shape.rows, names)} {_conflict(connection, shape, names)}"
                connection.exec_driver_sql(statement, list(zip(*columns, strict=True)))
            bulk.settle_constraints(connection)
    except Exception as problem:
        if not isinstance(problem, HubError) and not speaks_database(problem):
            raise
        error = told(problem, connection="", obj=shape.schema.name)
        if not isinstance(error, Rejected):
            raise error from problem
        return False
    return True


def _fits(connection: Connection, shape: Shape, records: Columns) -> bool:
    """Whether this way can do it: flat records, a key that a constraint keeps unique and that no two of them share."""
    rows, key = shape.rows, shape.schema.key
    if connection.dialect.name not in ("postgresql", "sqlite") or shape.lines or shape.spec.token or not shape.sole:
        return False
    if not set(key) <= set(records.values) or not all(
        n in rows.by_name and rows.by_name[n].free for n in records.values
    ):
        return False
    keys = [records.values[n] for n in key]
    return len(set(keys[0] if len(keys) == 1 else zip(*keys, strict=True))) == len(records.ids)


def _dumped(shape: Shape, records: Columns) -> list[Sequence[Any]] | None:
    """The columns as the driver takes them; None where a value does not fit."""
    out: list[Sequence[Any]] = []
    for name, column in records.values.items():
        raw, misfits = dump_column(shape.rows.by_name[name].kind, column, texts=True)
        if misfits:
            return None
        out.append(raw)
    return out


def _conflict(connection: Connection, shape: Shape, names: Sequence[str]) -> str:
    """What to do with a record whose key is there."""
    key = ", ".join(bulk.quote(connection, n) for n in shape.schema.key)
    sets = _sets(connection, shape, names, "excluded", bulk.quoted(connection, shape.rows))
    return f"ON CONFLICT ({key}) DO UPDATE SET {', '.join(sets)}" if sets else f"ON CONFLICT ({key}) DO NOTHING"


def _sets(connection: Connection, shape: Shape, names: Sequence[str], new: str, old: str) -> list[str]:
    fixed = {*shape.schema.key, *shape.rows.pk, shape.bump}
    sets = [f"{q} = {new}.{q}" for q in (bulk.quote(connection, n) for n in names if n not in fixed)]
    return [*sets, bulk.raised(bulk.quote(connection, shape.bump), f"{old}.")] if shape.bump else sets


def _from_stage(connection: Connection, shape: Shape, names: Sequence[str], columns: Sequence[Sequence[Any]]) -> None:
    """PostgreSQL: COPY into a table of this transaction, then upsert from there."""
    target, listed = bulk.quoted(connection, shape.rows), ", ".join(bulk.quote(connection, n) for n in names)
    bulk.stage(connection, shape.rows, _STAGE, names, columns)
    insert = f"INSERT INTO {target} ({listed}) SELECT {listed} FROM {_STAGE} AS s"
    if shape.rows.born is None:
        connection.exec_driver_sql(f"{insert} {_conflict(connection, shape, names)}")
    else:  # an insert that meets a conflict has drawn a number already: a load a night would use them up
        same = " AND ".join(f"t.{q} = s.{q}" for q in (bulk.quote(connection, n) for n in shape.schema.key))
        sets = _sets(connection, shape, names, "s", "t")
        if sets:
            connection.exec_driver_sql(f"UPDATE {target} AS t SET {', '.join(sets)} FROM {_STAGE} AS s WHERE {same}")
        connection.exec_driver_sql(f"{insert} WHERE NOT EXISTS (SELECT 1 FROM {target} AS t WHERE {same})")
    connection.exec_driver_sql(f"DROP TABLE {_STAGE}")
