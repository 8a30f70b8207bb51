"""Lines in tables of their own: a named line is changed, one without key is added, one marked `REMOVED` goes.

A line that an update leaves out stays.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.engine import Connection

from hefu.connectors import _sql_bulk as bulk
from hefu.connectors._sql_read import chunks, one_of, rows_of, select_of
from hefu.connectors._sql_tables import LineRows, Raw, Shape
from hefu.connectors._sql_values import Misfit
from hefu.core.errors import Rejected, Unsupported
from hefu.core.records import REMOVED, Values, Write


def write_lines(connection: Connection, shape: Shape, keys: Sequence[Raw], writes: Sequence[Write]) -> None:
    """Write the lines of these records (raw ids). Raises Rejected or Unsupported for a line that cannot be."""
    for name, part in shape.lines.items():
        wanted = [
            (key, w.values[name] or ()) for key, w in zip(keys, writes, strict=True) if w.values and name in w.values
        ]
        if wanted:
            _Lines(connection, shape.schema.name, name, part).write(wanted)


class _Lines:
    def __init__(self, connection: Connection, obj: str, name: str, part: LineRows) -> None:
        self._connection, self._object, self._name, self._part = connection, obj, name, part
        self._key = part.rows.by_name[part.key]

    def write(self, wanted: Sequence[tuple[Raw, Sequence[Values]]]) -> None:
        there = self._there(
            [key for key, lines in wanted if any(line.get(self._part.key) is not None for line in lines)]
        )
        added: dict[tuple[str, ...], list[Raw]] = defaultdict(list)
        changed: dict[tuple[str, ...], list[tuple[Raw, Raw]]] = defaultdict(list)
        dropped: list[Raw] = []
        for header, lines in wanted:
            for line in lines:
                self._sort(header, line, there.get(header, set()), added, changed, dropped)
        self._delete(dropped)
        self._change(changed)
        self._add(added)

    def _there(self, headers: Sequence[Raw]) -> Mapping[Raw, set[Any]]:
        """Raw keys of the lines that each of these headers has."""
        rows, out = self._part.rows, defaultdict[Raw, set[Any]](set)
        foreign = [rows.table.c[n] for n in self._part.foreign]
        places, key = [rows.names.index(n) for n in self._part.foreign], rows.names.index(self._part.key)
        dialect = self._connection.dialect.name
        for some in chunks(dialect, list(dict.fromkeys(headers))):
            for row in rows_of(self._connection, select_of(rows).where(one_of(dialect, foreign, some))):
                out[tuple(row[p] for p in places)].add(row[key])
        return out

    def _sort(
        self,
        header: Raw,
        line: Values,
        there: set[Any],
        added: dict[tuple[str, ...], list[Raw]],
        changed: dict[tuple[str, ...], list[tuple[Raw, Raw]]],
        dropped: list[Raw],
    ) -> None:
        own = {n: v for n, v in line.items() if n not in (REMOVED, self._part.key)}
        key = self._raw(self._part.key, line.get(self._part.key))
        known = key is not None and key in there
        if line.get(REMOVED):
            dropped.extend([(*header, key)] if known else [])
        elif known:
            names, values = self._dumped(own)
            if names:
                changed[names].append(((*header, key), values))
        elif key is None or self._key.free:
            names, values = self._dumped(own)
            if key is not None:
                names, values = (*names, self._part.key), (*values, key)
            added[(*names, *self._part.foreign)].append((*values, *header))
        else:
            raise Rejected(
                "sql.unknown_line", field=self._name, object=self._object, name=self._name, line=line[self._part.key]
            )

    def _dumped(self, line: Values) -> tuple[tuple[str, ...], Raw]:
        for name in line:
            column = self._part.rows.by_name.get(name)
            if column is None or not column.free or name in self._part.foreign:
                code = "sql.read_only_field" if column else "sql.unknown_column"
                where = f"{self._name}.{name}"
                raise Unsupported(code, connection="", object=self._object, name=where, nearest="-")
        return tuple(line), tuple(self._raw(n, v) for n, v in line.items())

    def _raw(self, name: str, value: Any) -> Any:
        if value is None:
            return None
        kind = self._part.rows.by_name[name].kind
        try:
            return value if type(value) in kind.plain else kind.dump(value)
        except Misfit as error:
            where = f"{self._name}.{name}"
            facts = {"object": self._object, "name": where, "type": kind.type.value, "value": str(value)[:60]}
            raise Rejected("sql.misfit", field=self._name, **facts) from error

    def _delete(self, dropped: list[Raw]) -> None:
        if dropped:
            bulk.delete(self._connection, self._part.rows, (*self._part.foreign, self._part.key), dropped)

    def _change(self, changed: Mapping[tuple[str, ...], list[tuple[Raw, Raw]]]) -> None:
        by = self._part.rows
        whole = type(by)(by.name, by.table, by.columns, (*self._part.foreign, self._part.key), None, by.by_name)
        for names, lines in changed.items():
            bulk.update(self._connection, whole, names, [v for _, v in lines], [k for k, _ in lines], None)

    def _add(self, added: Mapping[tuple[str, ...], list[Raw]]) -> None:
        for names, values in added.items():
            bulk.insert(self._connection, self._part.rows, names, values)
