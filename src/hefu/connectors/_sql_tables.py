"""Tables as objects: what the database says of itself, joined with what the settings add.

Every identifier that reaches a statement comes from here, that is from the database; names in settings and mappings
only choose among them.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import quote, unquote
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.engine import Connection
from sqlalchemy.engine.reflection import ObjectKind, ObjectScope

from hefu.connectors._sql_settings import LineTable, SqlSettings, TableSettings
from hefu.connectors._sql_values import Kind, Misfit, as_reference, kind_of, load_column
from hefu.core.errors import Unsupported
from hefu.core.records import Abilities, Field, FieldType, ObjectSchema, Record, Value

CHANGES = "hefu_change"
"""The table that triggers keep (see `_sql_changes`)."""

Raw = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `optional`: an insert may leave it out.  `free`: we may write it.  `unique`: alone so."""

    name: str
    kind: Kind
    optional: bool
    free: bool
    unique: bool = False
    target: str | None = None
    default: str | None = None
    label: str = ""

    def as_field(self) -> Field:
        """As told by discovery."""
        k = self.kind
        return Field(
            self.name,
            FieldType.REFERENCE if self.target else k.type,
            self.label,
            self.free,
            self.free and not self.optional,
            self.unique,
            k.length,
            k.bytes_length,
            k.scale,
            k.options,
            self.target,
        )


@dataclass(frozen=True, slots=True)
class Rows:
    """A table's rows, with an id. `born`: the id column that the database fills, if one does."""

    name: str
    table: sa.TableClause
    columns: tuple[Column, ...]
    pk: tuple[str, ...]
    born: str | None
    by_name: Mapping[str, Column] = field(default_factory=dict)

    @property
    def names(self) -> list[str]:
        """Columns in the order of every SELECT."""
        return [c.name for c in self.columns]

    @property
    def pk_columns(self) -> list[sa.ColumnElement[Any]]:
        """The id's columns for a statement."""
        return [self.table.c[n] for n in self.pk]

    def pk_places(self) -> list[int]:
        """Where the id's columns stand in a selected row."""
        names = self.names
        return [names.index(n) for n in self.pk]

    def ids(self, keys: Sequence[Raw]) -> list[str]:
        """Raw id values as text."""
        kinds = [self.by_name[n].kind for n in self.pk]
        return joined([load_column(k, c) for k, c in zip(kinds, zip(*keys, strict=True), strict=True)]) if keys else []

    def raw(self, record_id: str) -> Raw | None:
        """The raw id values of a text id, None for one that no row can have."""
        parts = [record_id] if len(self.pk) == 1 else [unquote(p) for p in record_id.split("|")]
        if len(parts) != len(self.pk):
            return None
        try:
            dumped = tuple(self.by_name[n].kind.dump(p) for n, p in zip(self.pk, parts, strict=True))
        except Misfit:
            return None
        return None if any(isinstance(v, int) and not -(2**63) <= v < 2**63 for v in dumped) else dumped

    def load(self, rows: Sequence[Raw]) -> list[Sequence[Value]]:
        """Selected rows as columns of our values."""
        if not rows:
            return [()] * len(self.columns)
        return [load_column(c.kind, column) for c, column in zip(self.columns, zip(*rows, strict=True), strict=True)]

    def ids_of(self, columns: Sequence[Sequence[Value]]) -> list[str]:
        """Text ids from loaded columns."""
        parts = [columns[p] for p in self.pk_places()]
        return joined(parts)


def joined(parts: Sequence[Sequence[Value]]) -> list[str]:
    """Loaded id columns as text ids; parts of a joined one are separated by "|" and percent-encoded."""
    if len(parts) == 1:
        return list(map(str, parts[0]))
    return ["|".join(quote(str(part), safe="") for part in one) for one in zip(*parts, strict=True)]


class LineRows(NamedTuple):
    """The rows of a list of lines: `foreign` columns hold the header's id, `key` names a line within it."""

    rows: Rows
    foreign: tuple[str, ...]
    key: str


@dataclass(frozen=True, slots=True)
class Shape:
    """An object: its rows, its lists of lines, and what may be done with them.

    bump: the version column we raise.  tricky: triggers or computed columns may change what we write.
    """

    rows: Rows
    lines: Mapping[str, LineRows]
    spec: TableSettings
    schema: ObjectSchema
    changes: str
    bump: str | None = None
    tricky: bool = True
    checked_key: tuple[str, ...] = ()
    """A natural key that no constraint keeps unique: looked up before each insert."""
    sole: bool = False
    """A constraint keeps the natural key unique."""

    def unknown(self, name: str, connection: str = "") -> Unsupported:
        """The error for a field that this object does not have, with the nearest that it has."""
        near = difflib.get_close_matches(name, [f.name for f in self.schema.fields], 1, 0.4) or ["-"]
        return Unsupported(
            "sql.unknown_column", connection=connection, object=self.schema.name, name=name, nearest=near[0]
        )

    def records(self, rows: Sequence[Raw]) -> list[Record]:
        """Selected rows as records, their lines still to come."""
        return self.records_of(self.rows.load(rows)) if rows else []

    def records_of(self, columns: Sequence[Sequence[Value]]) -> list[Record]:
        """Loaded columns as records."""
        names, spec = self.rows.names, self.spec
        ids = self.rows.ids_of(columns)
        values = [dict(zip(names, row)) for row in zip(*columns, strict=True)]  # noqa: B905 - the hottest line
        if spec.version is None and spec.modified is None:
            return list(map(Record, ids, values))
        versions = columns[names.index(spec.version)] if spec.version else [None] * len(ids)
        stamps = columns[names.index(spec.modified)] if spec.modified else [None] * len(ids)
        return [
            Record(i, v, None if n is None else str(n), at if isinstance(at, datetime) else None)
            for i, v, n, at in zip(ids, values, versions, stamps, strict=True)
        ]


_TRIGGERS = {
    "sqlite": "SELECT tbl_name FROM sqlite_master WHERE type = 'trigger'",
    "postgresql": """SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = COALESCE(%s, current_schema()) AND (c.relkind <> 'r' OR c.relhasrules OR c.relrowsecurity
        OR EXISTS (SELECT 1 FROM pg_trigger t WHERE t.tgrelid = c.oid AND NOT t.tgisinternal AND t.tgtype & 3 = 3))""",
}
"""Tables in which a row may be stored otherwise than it was sent (for PostgreSQL: row triggers that fire before)."""


def _with_triggers(connection: Connection, schema: str | None, tables: Sequence[str]) -> set[str]:
    query = _TRIGGERS.get(connection.dialect.name)
    if query is None or (schema and connection.dialect.name == "sqlite"):
        return set(tables)
    return {row[0] for row in connection.exec_driver_sql(query, (schema,) if "%s" in query else ())}


class Catalog:
    """What the database says of its tables, read in few questions."""

    def __init__(self, connection: Connection, settings: SqlSettings, zone: ZoneInfo, name: str) -> None:
        self._settings, self._zone, self._name = settings, zone, name
        self._dialect = connection.dialect.name
        self._inspector = sa.inspect(connection)
        self._schema = settings.schema_name
        self._columns: dict[str, list[Any]] = {}
        self._pks: dict[str, Any] = {}
        self._foreign: dict[str, list[Any]] = {}
        self._unique: dict[str, list[tuple[str, ...]]] = {}
        self._comments: dict[str, str] = {}
        self.tables = [t for t in self._inspector.get_table_names(self._schema) if t != CHANGES]
        self.views = list(self._inspector.get_view_names(self._schema))
        self._tricky = _with_triggers(connection, self._schema, [*self.tables, *self.views])

    def shapes(self, wanted: str | None = None) -> dict[str, Shape]:
        """Every object, or the one of that name. Raises Unsupported for what is not there."""
        chosen = self._chosen(wanted)
        needed = {self._table(name, spec.table or name) for name, spec in chosen.items()}
        needed |= {self._table(name, part.table) for name, spec in chosen.items() for part in spec.lines.values()}
        self._look(sorted(needed))
        objects = {self._table(n, s.table or n): n for n, s in (self._all() if wanted else chosen).items()}
        out = {}
        for name, spec in chosen.items():
            shape = self._shape(name, spec, objects)
            if shape is not None:
                out[name] = shape
        return out

    def _all(self) -> dict[str, TableSettings]:
        return self._settings.objects or {n: TableSettings() for n in sorted(self.tables) + sorted(self.views)}

    def _chosen(self, wanted: str | None) -> dict[str, TableSettings]:
        known = self._all()
        if wanted is None:
            return known
        if wanted not in known:
            raise self._unknown("sql.unknown_object", wanted, known, object=wanted)
        return {wanted: known[wanted]}

    def _unknown(self, code: str, name: str, known: Iterable[str], **facts: Any) -> Unsupported:
        near = difflib.get_close_matches(name, list(known), 1, 0.4) or sorted(known)[:1] or ["-"]
        return Unsupported(code, connection=self._name, name=name, nearest=near[0], **facts)

    def _table(self, obj: str, table: str) -> str:
        if table not in self.tables and table not in self.views:
            raise self._unknown("sql.unknown_table", table, [*self.tables, *self.views], object=obj)
        return table

    def _look(self, tables: Sequence[str]) -> None:
        ask: dict[str, Any] = {
            "schema": self._schema,
            "filter_names": tables,
            "kind": ObjectKind.ANY,
            "scope": ObjectScope.ANY,
        }
        of = self._inspector
        self._columns = {k[1]: list(v) for k, v in of.get_multi_columns(**ask).items()}
        self._pks = {k[1]: v for k, v in of.get_multi_pk_constraint(**ask).items()}
        self._foreign = {k[1]: list(v) for k, v in of.get_multi_foreign_keys(**ask).items()}
        for (_, t), found in of.get_multi_unique_constraints(**ask).items():
            self._unique.setdefault(t, []).extend(tuple(u["column_names"]) for u in found)
        for (_, t), indexes in of.get_multi_indexes(**ask).items():
            full = [
                i for i in indexes if i.get("unique") and not i.get("dialect_options", {}).get(f"{self._dialect}_where")
            ]
            self._unique.setdefault(t, []).extend(tuple(n for n in i["column_names"] if n) for i in full)
        if self._dialect == "sqlite":  # a UNIQUE inside a column's own line shows as an index only
            for t in tables:
                auto = of.get_indexes(t, self._schema, include_auto_indexes=True)
                self._unique.setdefault(t, []).extend(
                    tuple(n for n in i["column_names"] if n) for i in auto if i["unique"]
                )
        try:
            self._comments = {k[1]: v["text"] or "" for k, v in of.get_multi_table_comment(**ask).items()}
        except NotImplementedError:  # SQLite keeps none
            self._comments = {}

    # ------------------------------------------------------------------------ shapes

    def _shape(self, name: str, spec: TableSettings, objects: Mapping[str, str]) -> Shape | None:
        table = spec.table or name
        if table not in self._columns and not self._settings.objects:
            return None  # a view whose tables are gone
        pk = self._named(table, spec.id) or tuple(self._pks.get(table, {}).get("constrained_columns") or ())
        if not pk:
            if self._settings.objects:
                raise Unsupported("sql.no_id", connection=self._name, object=name, table=table)
            return None
        for column in (*spec.key, *filter(None, (spec.modified, spec.version, spec.token))):
            self._named(table, (column,))
        rows = self._rows(name, table, pk, objects, fixed=filter(None, (spec.modified, spec.version, spec.token)))
        lines = {n: self._lines(name, part, rows, objects) for n, part in spec.lines.items()}
        return self._finished(name, table, spec, rows, lines)

    def _named(self, table: str, columns: Sequence[str]) -> tuple[str, ...]:
        known = [c["name"] for c in self._columns.get(table, ())]
        for column in columns:
            if column not in known:
                raise self._unknown("sql.unknown_column", column, known, object=table)
        return tuple(columns)

    def _rows(
        self, name: str, table: str, pk: tuple[str, ...], objects: Mapping[str, str], fixed: Iterable[str] = ()
    ) -> Rows:
        kept, targets, fixed = [], self._targets(table, objects), set(fixed)
        born = self._born(table, pk)
        for info in self._columns[table]:
            column = info["name"]
            kind = kind_of(info["type"], self._dialect, self._zone)
            if kind is None:
                if column in pk:
                    raise Unsupported("sql.odd_id", connection=self._name, object=name, column=column)
                continue
            kind = as_reference(kind) if column in pk or column in targets else kind
            made = bool(info.get("computed")) or (info.get("identity") or {}).get("always", False)
            default = info.get("default")
            kept.append(
                Column(
                    column,
                    kind,
                    optional=info["nullable"] or default is not None or column == born or made,
                    free=not made and column != born and column not in fixed and table not in self.views,
                    unique=(column,) in self._unique.get(table, ()) or pk == (column,),
                    target=targets.get(column),
                    default=str(default) if default is not None else None,
                    label=info.get("comment") or "",
                )
            )
        clause = sa.table(table, *[sa.column(c.name) for c in kept], schema=self._schema)
        return Rows(table, clause, tuple(kept), pk, born, {c.name: c for c in kept})

    def _targets(self, table: str, objects: Mapping[str, str]) -> dict[str, str]:
        """Columns that refer to another object's id."""
        pk = self._pks.get(table, {}).get("constrained_columns") or []
        return {
            key["constrained_columns"][0]: objects[key["referred_table"]]
            for key in self._foreign.get(table, ())
            if len(key["constrained_columns"]) == 1
            and key["referred_table"] in objects
            and key["constrained_columns"] != pk
        }

    def _born(self, table: str, pk: tuple[str, ...]) -> str | None:
        """The id column that the database fills when an insert leaves it out."""
        if len(pk) != 1 or table in self.views:
            return None
        info = next(c for c in self._columns[table] if c["name"] == pk[0])
        if self._dialect == "sqlite":
            real = self._pks.get(table, {}).get("constrained_columns") == list(pk)
            return pk[0] if real and type(info["type"]) is sa.INTEGER else None
        filled = info.get("identity") or info.get("default") is not None or info.get("autoincrement") is True
        return pk[0] if filled else None

    def _lines(self, name: str, part: LineTable, header: Rows, objects: Mapping[str, str]) -> LineRows:
        foreign = self._named(part.table, part.foreign_key)
        if len(foreign) != len(header.pk):
            raise Unsupported("sql.line_key", connection=self._name, object=name, table=part.table)
        pk = tuple(self._pks.get(part.table, {}).get("constrained_columns") or ())
        rest = [c for c in pk if c not in foreign]
        key = part.key or (rest[0] if len(rest) == 1 else None)
        if key is None:
            raise Unsupported("sql.line_key", connection=self._name, object=name, table=part.table)
        self._named(part.table, (key,))
        rows = self._rows(name, part.table, (key,), objects)
        mine = {
            n: replace(c, kind=h.kind)
            for n, c, h in ((n, rows.by_name[n], header.by_name[p]) for n, p in zip(foreign, header.pk, strict=True))
        }
        columns = tuple(mine.get(c.name, c) for c in rows.columns)
        return LineRows(replace(rows, columns=columns, by_name={c.name: c for c in columns}), foreign, key)

    def _finished(self, name: str, table: str, spec: TableSettings, rows: Rows, lines: Mapping[str, LineRows]) -> Shape:
        view = table in self.views
        key = spec.key or (() if rows.born else rows.pk)
        create = self._creates(spec, rows, key, view=view)
        changes = ("modified" if spec.modified else "full") if spec.changes == "auto" else spec.changes
        if changes in ("modified", "version") and not getattr(spec, changes):
            raise Unsupported("sql.no_change_column", connection=self._name, object=name, changes=changes)
        kept = {
            frozenset(self._pks.get(table, {}).get("constrained_columns") or ()),
            *map(frozenset, self._unique.get(table, ())),
        }
        unique = {frozenset(rows.pk), *kept}
        abilities = Abilities(
            create=create,
            update=spec.update and not view,
            delete=spec.delete and not view,
            changes={"full": "full", "table": "cursor+deletes"}.get(changes, "cursor"),
            conditional="version" if spec.version else "values",
            batch=self._settings.batch,
            page=self._settings.page,
            lines="keyed" if lines else "none",
            returns=True,
            token_field=spec.token,
        )
        fields = [c.as_field() for c in rows.columns] + [self._list_field(n, part) for n, part in lines.items()]
        schema = ObjectSchema(name, tuple(fields), self._comments.get(table, ""), key, abilities)
        checked = key if create == "key" and frozenset(key) not in unique else ()
        bump = spec.version if spec.bump and changes != "version" else None  # a feed's versions come from the database
        tricky = table in self._tricky or any(c.get("computed") for c in self._columns[table])
        return Shape(rows, lines, spec, schema, changes, bump, tricky, checked, frozenset(key) in kept)

    def _creates(self, spec: TableSettings, rows: Rows, key: tuple[str, ...], *, view: bool) -> str:
        if view or spec.create == "no":
            return "no"
        if spec.create == "auto":
            return "token" if spec.token else "key" if key else "blind"
        if (spec.create in ("key", "upsert") and not key) or (spec.create == "token" and not spec.token):
            raise Unsupported("sql.create", connection=self._name, object=rows.name, create=spec.create)
        return spec.create

    @staticmethod
    def _list_field(name: str, part: LineRows) -> Field:
        shown = [c for c in part.rows.columns if c.name not in part.foreign]
        fields = tuple(
            replace(c.as_field(), unique=c.name == part.key, required=c.name != part.key and c.as_field().required)
            for c in shown
        )
        return Field(name, FieldType.LINES, lines=fields)
