"""Doctypes as the site describes them: fields with types and rights, values out of its rows and into its documents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hefu.connectors._erpnext_objects import STATES, Kind
from hefu.connectors._fitting import NUMBERS, fitting, writable
from hefu.core.errors import Rejected
from hefu.core.records import Field, FieldType, Record, Value, Values

T = FieldType

ROW = "name"
"""The key of a row of a child table."""

KEY = "key"
"""The key by which other systems know a row, where the company keeps it in a field of the row."""

STATE = "docstatus"

_KINDS: Mapping[str, FieldType] = {
    **dict.fromkeys(("Data", "Small Text", "Text", "Long Text", "Text Editor", "Markdown Editor", "Read Only", "Phone",
                     "Time", "Code", "HTML Editor"), T.TEXT),
    **dict.fromkeys(("Select", "Dynamic Link", "Autocomplete"), T.CODE),
    "Link": T.REFERENCE,
    **dict.fromkeys(("Int", "Float", "Percent", "Rating"), T.DECIMAL),
    "Currency": T.MONEY,
    "Date": T.DATE,
    "Datetime": T.INSTANT,
    "Check": T.BOOLEAN,
}  # fmt: skip
_NOISE = Decimal("0.000001")

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Shape:
    """One doctype of this site. `tables`: field -> the child table.  `free`: what may change after submitting."""

    name: str
    fields: tuple[Field, ...]
    told: Mapping[str, Row]
    kind: Kind
    zone: ZoneInfo
    submittable: bool = False
    token: str = ""
    company: bool = False
    free: tuple[str, ...] = ()
    tables: Mapping[str, Shape] | None = None
    row_key: str = ""

    def field(self, name: str) -> Field | None:
        """The field of that name, or None."""
        return next((f for f in self.fields if f.name == name), None)

    def columns(self) -> list[str]:
        """What a list asks for."""
        own = [f.name for f in self.fields if f.type is not T.LINES and f.name not in (ROW, KEY)]
        return [ROW, *own, *([self.row_key] if self.row_key else [])]

    def record(self, row: Row, rows: Mapping[str, Sequence[Row]]) -> Record:
        """A row of a list, with the rows of its child tables, as a record; the stamp is its version."""
        stamp = str(row["modified"])
        values = {**self.values(row), **{n: [t.values(r) for r in rows.get(n, ())] for n, t in self.children().items()}}
        return Record(
            str(row["name"]), values, stamp, instant(stamp, self.zone), str(row.get("modified_by") or "") or None
        )

    def children(self) -> Mapping[str, Shape]:
        """The child tables."""
        return self.tables or {}

    def values(self, row: Row) -> dict[str, Value]:
        """The values of a document's head, or of a row of a child table."""
        out = {f.name: self.read(f, row.get(f.name)) for f in self.fields if f.type is not T.LINES}
        return {**out, KEY: str(row.get(self.row_key) or row[ROW])} if self.row_key else out

    def kept(self, line: Values) -> dict[str, str]:
        """The field that keeps the key of a new row."""
        return {self.row_key: str(line[KEY])} if self.row_key and line.get(KEY) else {}

    def read(self, f: Field, raw: Any) -> Value:
        """A value of theirs: numbers are floats, moments hang on the site's clock, a Check is 0 or 1."""
        if f.name == STATE and self.submittable:
            return STATES[int(raw or 0)]
        if f.type is T.BOOLEAN:
            return bool(raw)
        if raw is None or raw == "":
            return None
        if f.type in NUMBERS:
            return number(raw)
        if f.type is T.DATE:
            return date.fromisoformat(str(raw)[:10])
        return instant(str(raw), self.zone) if f.type is T.INSTANT else str(raw)

    # ------------------------------------------------------------------------ writing

    def pack(self, values: Values) -> dict[str, Any]:
        """Values as a document takes them, without child tables. Raises Unsupported, Rejected."""
        out = {}
        for name, value in values.items():
            f = writable("erpnext.", self.name, self.fields, name)
            if f.type is T.LINES:
                continue
            out[name] = self._write(f, value)
        return out

    def _write(self, f: Field, value: Value) -> Any:
        fitting("erpnext.", f, value)
        if value is None or f.type in NUMBERS:
            return value
        if f.type is T.BOOLEAN:
            return int(value)
        if f.type is T.DATE:
            return value.isoformat()
        if f.type is T.INSTANT:
            return f"{value.astimezone(self.zone):%Y-%m-%d %H:%M:%S}"
        if f.options and value and value not in f.options:
            known = ", ".join(f.options)[:300]
            raise Rejected("erpnext.no_option", field=f.name, name=f.name, value=value[:60], known=known)
        return value


def instant(text: str, zone: ZoneInfo) -> datetime:
    """ "2026-01-31 08:00:00.123456" on the site's clock."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def local(at: datetime, zone: ZoneInfo) -> str:
    """The earliest that the site's clock shows from that moment on: where it is put back, an hour is shown twice."""
    now, soon = at.astimezone(zone).utcoffset(), (at + timedelta(hours=3)).astimezone(zone).utcoffset()
    shown = at.astimezone(UTC) + min(now or timedelta(0), soon or timedelta(0))
    return f"{shown:%Y-%m-%d %H:%M:%S.%f}"


def number(raw: Any) -> Decimal:
    """A float of theirs without the noise of binary."""
    near = Decimal(str(raw)).quantize(_NOISE)
    whole = near.to_integral_value()
    return whole if near == whole else near.normalize()


def fields_of(told: Mapping[str, Row], wanted: Sequence[str], objects: Sequence[str]) -> list[Field]:
    """The wanted fields that are there, else all."""
    names = [n for n in dict.fromkeys(wanted) if n in told] if wanted else list(told)
    return [_field(n, told[n], objects) for n in names if str(told[n].get("fieldtype")) in _KINDS]


def _field(name: str, one: Row, objects: Sequence[str]) -> Field:
    kind = _KINDS[str(one["fieldtype"])]
    target = str(one.get("options") or "") if kind is T.REFERENCE else ""
    if kind is T.REFERENCE and target not in objects:
        kind = T.CODE  # names are keys there: a currency is its code, a unit its name
    able = not one.get("read_only")
    options = tuple(o for o in str(one.get("options") or "").split("\n") if o) if one["fieldtype"] == "Select" else ()
    length = int(one.get("length") or 0) or (140 if one["fieldtype"] == "Data" else None)
    return Field(
        name,
        kind,
        str(one.get("label") or name),
        writable=able,
        required=bool(one.get("reqd")) and able and not one.get("default") and kind not in (*NUMBERS, T.BOOLEAN),
        unique=bool(one.get("unique")),
        length=length if kind is T.TEXT else None,
        scale=0 if one["fieldtype"] == "Int" else {T.MONEY: 2, T.DECIMAL: 3}.get(kind),
        options=options if able else (),
        target=target if kind is T.REFERENCE else None,
    )
