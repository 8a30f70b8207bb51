"""Odoo's models as `fields_get` tells of them: fields, values out of its answers, values into `write` and `load`."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hefu.connectors._fitting import NUMBERS, fitting, writable, wrong_type
from hefu.connectors._odoo_objects import BY_NAME, Kind
from hefu.core.errors import Rejected
from hefu.core.records import Field, FieldType, Record, Value, Values

T = FieldType

LINE = "id"
"""The key of a line: its number in Odoo."""

KEY = "key"
"""The key by which other systems know a line, where the company keeps it in a field of the line."""

_KINDS: Mapping[str, FieldType] = {
    **dict.fromkeys(("char", "text", "html", "many2many"), T.TEXT),
    "selection": T.CODE,
    **dict.fromkeys(("integer", "float"), T.DECIMAL),
    "monetary": T.MONEY,
    "date": T.DATE,
    "datetime": T.INSTANT,
    "boolean": T.BOOLEAN,
    "many2one": T.REFERENCE,
}
_SYSTEM = ("id", "display_name", "create_date", "create_uid", "write_date", "write_uid", "__last_update")
_EXACT = Decimal("0.000001")

Row = Mapping[str, Any]
Resolve = Callable[[str, str], int]
"""(model, name) -> number of the one record of that name. Raises Rejected."""


@dataclass(frozen=True)
class Shape:
    """One model as this database has it. `told`: field -> what `fields_get` says.

    `token`: the field of our id; `external`: it is no field there but an external id.  In lines, `parent` is the field
    of the document and `line_key` the one that keeps `key`.
    """

    name: str
    model: str
    label: str
    fields: tuple[Field, ...]
    told: Mapping[str, Row]
    kind: Kind
    domain: tuple[Any, ...] = ()
    token: str = ""
    external: bool = False
    detail: Shape | None = None
    parent: str = ""
    line_key: str = ""

    def field(self, name: str) -> Field | None:
        """The field of that name, or None."""
        return next((f for f in self.fields if f.name == name), None)

    def columns(self) -> list[str]:
        """What a read asks for."""
        own = [f.name for f in self.fields if f.type is not T.LINES and f.name in self.told]
        lines = [self.kind.lines] if self.detail is not None else []
        kept = [n for n in ("display_type", self.parent, self.line_key) if n and n in self.told]
        return [*own, *lines, *(n for n in kept if n not in own), "write_date", "write_uid"]

    def record(self, row: Row, lines: Sequence[Row] = (), token: str | None = None) -> Record:
        """A row as a record; the moment is that of the latest change of it or of one of its lines."""
        values = {f.name: self.read(f, row.get(f.name)) for f in self.fields if f.type is not T.LINES}
        if self.external:
            values[self.token] = token
        stamps = [moment(r.get("write_date")) for r in (row, *lines)]
        if self.detail is not None:
            inside = self.detail
            values["lines"] = [{**inside.keys(line), **inside.values(line)} for line in lines]
        who = row.get("write_uid")
        author = str(who[1]) if isinstance(who, list) and len(who) > 1 else None
        known = [s for s in stamps if s is not None]
        return Record(str(row["id"]), values, None, max(known) if known else None, author)

    def keys(self, row: Row) -> dict[str, str]:
        """What a line is known by; one that people made has no key of others."""
        number_ = str(row["id"])
        return {LINE: number_, KEY: str(row.get(self.line_key) or f"L{number_}")} if self.line_key else {LINE: number_}

    def kept(self, line: Values) -> dict[str, str]:
        """The field that keeps the key of a new line."""
        return {self.line_key: str(line[KEY])} if self.line_key and line.get(KEY) else {}

    def values(self, row: Row) -> Values:
        """The values of a line."""
        return {f.name: self.read(f, row.get(f.name)) for f in self.fields}

    def read(self, f: Field, raw: Any) -> Value:
        """A value of theirs: False is empty, a many2one is [number, name], floats carry the noise of binary."""
        if f.type is T.BOOLEAN:
            return bool(raw)
        if raw is None or raw is False or raw in ("", []):
            return None
        if f.type in NUMBERS:
            return number(raw, f.scale)
        kind = self.told[f.name]["type"]
        if kind == "many2one":
            return str(raw[0] if f.type is T.REFERENCE else raw[1])
        if f.type is T.INSTANT:
            return moment(raw)
        if f.type is T.DATE:
            return date.fromisoformat(str(raw)[:10])
        return ";".join(map(str, raw)) if isinstance(raw, list) else str(raw)

    # ------------------------------------------------------------------------ writing

    def writable(self, name: str) -> Field:
        """A field that may be written. Raises Unsupported."""
        return writable("odoo.", self.name, self.fields, name)

    def pack(self, values: Values, resolve: Resolve) -> dict[str, Any]:
        """Values as `create` and `write` take them, without lines. Raises Unsupported, Rejected."""
        return {n: self._json(self.writable(n), v, resolve) for n, v in values.items() if n != "lines"}

    def cells(self, values: Values, resolve: Resolve) -> dict[str, str]:
        """Values as columns and cells of `load`, without lines: an empty cell empties the field."""
        out = {}
        for name, value in values.items():
            if name != "lines":
                f = self.writable(name)
                linked = self.told[name]["type"] in ("many2one", "many2many")
                out[f"{name}/.id" if linked else name] = _cell(self._json(f, value, resolve))
        return out

    def asked(self, name: str, value: Value, resolve: Resolve) -> Any:
        """A value as a domain compares it. Raises Rejected."""
        f = self.field(name)
        assert f is not None
        return self._json(replace(f, options=()), value, resolve)

    def _json(self, f: Field, value: Value, resolve: Resolve) -> Any:
        kind = self.told[f.name]["type"]
        if value is None or value == "":
            return [[6, 0, []]] if kind == "many2many" else False
        fitting("odoo.", f, value)
        if f.type is T.BOOLEAN:
            return value
        if f.type in NUMBERS:
            if kind == "integer" and value != int(value):
                raise wrong_type("odoo.", f, value)
            return int(value) if kind == "integer" else value
        if f.type is T.DATE:
            return value.isoformat()
        if f.type is T.INSTANT:
            return f"{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
        if kind == "many2one":
            return self._number(f, value, resolve)
        if kind == "many2many":
            parts = [p for p in value.split(";") if p]
            if not all(p.isdecimal() for p in parts):
                raise wrong_type("odoo.", f, value)
            return [[6, 0, [int(p) for p in parts]]]
        if f.options and value not in f.options:
            known = ", ".join(f.options)[:300]
            raise Rejected("odoo.no_option", field=f.name, name=f.name, value=value[:60], known=known)
        return value

    def _number(self, f: Field, value: str, resolve: Resolve) -> int:
        if f.type is T.REFERENCE:
            if not value.isdecimal():
                raise Rejected("odoo.bad_reference", field=f.name, name=f.name, value=value[:60])
            return int(value)
        try:
            return resolve(str(self.told[f.name]["relation"]), value)
        except Rejected as error:
            raise Rejected(error.code, field=f.name, **error.facts) from error


def _cell(value: Any) -> str:
    """A packed value as the text of a spreadsheet's cell."""
    if isinstance(value, bool):
        return "1" if value else ""
    if isinstance(value, list):
        return ",".join(map(str, value[0][2]))
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def moment(raw: Any) -> datetime | None:
    """ "2026-01-31 08:00:00" is UTC."""
    return datetime.fromisoformat(str(raw)).replace(tzinfo=UTC) if raw else None


def number(raw: Any, scale: int | None) -> Decimal:
    """A float of theirs without the noise beyond the places that it has."""
    near = Decimal(str(raw))
    near = near.quantize(Decimal(1).scaleb(-scale) if scale is not None else _EXACT)
    whole = near.to_integral_value()
    return whole if near == whole else near.normalize()


def fields_of(
    told: Mapping[str, Row], wanted: Sequence[str], targets: Mapping[str, str], given: Sequence[str]
) -> tuple[Field, ...]:
    """The wanted fields that are there, else all that are stored. `given`: what Odoo fills in by itself."""
    names = [n for n in dict.fromkeys(wanted) if n in told] or [
        n for n, one in told.items() if one.get("store") and n not in _SYSTEM
    ]
    return tuple(_field(n, told[n], targets, given) for n in names if told[n].get("type") in _KINDS)


def _scale(one: Row) -> int | None:
    digits = one.get("digits")
    if one["type"] == "integer":
        return 0
    return int(digits[1]) if isinstance(digits, list) and len(digits) == 2 else None


def _field(name: str, one: Row, targets: Mapping[str, str], given: Sequence[str]) -> Field:
    kind, relation = _KINDS[str(one["type"])], str(one.get("relation") or "")
    if kind is T.REFERENCE and relation in BY_NAME:
        kind = T.CODE
    able = not one.get("readonly")
    options = tuple(str(o[0]) for o in one.get("selection") or ()) if one["type"] == "selection" else ()
    filled = name in given or bool(one.get("depends"))
    return Field(
        name,
        kind,
        str(one.get("string") or name),
        writable=able,
        required=bool(one.get("required")) and able and not filled,
        scale=_scale(one),
        options=options if able else (),
        target=targets.get(relation, relation) if kind is T.REFERENCE else None,
    )
