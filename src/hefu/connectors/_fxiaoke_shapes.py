"""Fxiaoke's objects as `describe` tells of them: fields, details as lines, values in and out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hefu.connectors._fitting import NUMBERS, fitting, writable
from hefu.core.errors import Rejected
from hefu.core.records import Field, FieldType, Record, Value, Values

T = FieldType

LINE = "_id"
"""The key of a detail row."""

CHANGED = "last_modified_time"

_KINDS: Mapping[str, FieldType] = {
    **dict.fromkeys(("text", "long_text", "url", "select_many", "html_rich_text", "location"), T.TEXT),
    **dict.fromkeys(
        ("select_one", "record_type", "phone_number", "email", "auto_number", "employee", "department", "country",
         "province", "city", "district"), T.CODE),
    **dict.fromkeys(("number", "percent", "count"), T.DECIMAL),
    "currency": T.MONEY,
    "date": T.DATE,
    "date_time": T.INSTANT,
    "true_or_false": T.BOOLEAN,
    **dict.fromkeys(("object_reference", "master_detail"), T.REFERENCE),
}  # fmt: skip
_SHOWN = ("auto_number", "count", "formula", "quote", "location")
_LISTS = ("employee", "department", "select_many")
_SYSTEM = ("_id", "create_time", CHANGED, "created_by", "last_modified_by", "lock_status", "life_status", "is_deleted",
           "version", "package", "object_describe_api_name", "tenant_id", "data_own_department")  # fmt: skip
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Shape:
    """One object. `kinds`: field -> the vendor's type.  detail: its lines.  parent: in a detail, the field of the
    header."""

    name: str
    label: str
    fields: tuple[Field, ...]
    kinds: Mapping[str, str]
    zone: ZoneInfo
    detail: Shape | None = None
    parent: str = ""

    def field(self, name: str) -> Field | None:
        """The field of that name, or None."""
        return next((f for f in self.fields if f.name == name), None)

    def columns(self) -> list[str]:
        """What a query asks for."""
        names = [f.name for f in self.fields if f.type is not T.LINES]
        return list(dict.fromkeys(["_id", CHANGED, "life_status", "last_modified_by", *names]))

    def record(self, row: Mapping[str, Any], lines: Sequence[Mapping[str, Any]] = ()) -> Record:
        """A row of a query as a record."""
        values = {f.name: self.read(f, row.get(f.name)) for f in self.fields if f.type is not T.LINES}
        if self.detail is not None:
            inside = self.detail
            values["lines"] = [{LINE: str(line["_id"]), **inside.record(line).values} for line in lines]
        changed = row.get(CHANGED)
        who = row.get("last_modified_by")
        author = str(who[0]) if isinstance(who, list) and who else None
        version = None if changed is None else str(changed)
        return Record(str(row["_id"]), values, version, instant(changed) if changed is not None else None, author)

    def read(self, f: Field, raw: Any) -> Value:
        """A value of theirs: numbers come as text, days and instants as milliseconds, people as lists of ids."""
        if raw is None or raw in ("", [], {}):
            return None
        if f.type in NUMBERS:
            return raw if isinstance(raw, Decimal) else Decimal(str(raw))
        if f.type is T.INSTANT:
            return instant(raw)
        if f.type is T.DATE:
            return instant(raw).astimezone(self.zone).date()
        if f.type is T.BOOLEAN:
            return raw if isinstance(raw, bool) else str(raw).lower() == "true"
        return ";".join(map(str, raw)) if isinstance(raw, list) else str(raw)

    def pack(self, values: Values) -> dict[str, Any]:
        """Values as the API takes them, without lines. Raises Unsupported, Rejected."""
        fields = [writable("fxiaoke.", self.name, self.fields, name) for name in values]
        return {f.name: self._write(f, values[f.name]) for f in fields if f.type is not T.LINES}

    def _write(self, f: Field, value: Value) -> Any:
        fitting("fxiaoke.", f, value)
        if value is None:
            return [] if self.kinds[f.name] in _LISTS else None
        if f.type is T.BOOLEAN:
            return value
        if f.type in NUMBERS:
            return format(Decimal(value), "f")
        if f.type is T.DATE:
            return milliseconds(datetime.combine(value, time(), self.zone))
        if f.type is T.INSTANT:
            return milliseconds(value)
        if f.options and value not in f.options:  # they take codes only, and their refusal does not say which
            raise Rejected(
                "fxiaoke.no_option", field=f.name, name=f.label, value=value, known=", ".join(f.options)[:300]
            )
        return [p for p in value.split(";") if p] if self.kinds[f.name] in _LISTS else value


def instant(raw: Any) -> datetime:
    """Milliseconds since 1970 as an instant, exactly."""
    return _EPOCH + timedelta(milliseconds=int(raw))


def milliseconds(at: datetime) -> int:
    """An instant as milliseconds since 1970."""
    return (at.astimezone(UTC) - _EPOCH) // timedelta(milliseconds=1)


def shape_of(
    name: str, told: Mapping[str, Any], zone: ZoneInfo, detail: Shape | None = None, parent: str = ""
) -> Shape:
    """An object out of its describe."""
    fields, kinds = [], {}
    for api, one in (told.get("fields") or {}).items():
        kind = _KINDS.get(str(one.get("type")))
        if kind is None or (api in _SYSTEM and api not in ("life_status", "create_time")):
            continue
        options = tuple(str(o["value"]) for o in one.get("options") or ()) if one.get("type") == "select_one" else ()
        able = api not in _SYSTEM and one.get("type") not in _SHOWN and api != parent and not one.get("is_readonly")
        kinds[api] = str(one.get("type"))
        fields.append(
            Field(
                api,
                kind,
                str(one.get("label") or api),
                writable=able,
                required=bool(one.get("is_required")) and able,
                unique=bool(one.get("is_unique")),
                options=options if able else (),
                target=str(one["target_api_name"]) if one.get("target_api_name") else None,
            )
        )
    if detail is not None:
        key = Field(LINE, T.CODE, LINE, writable=False, unique=True)
        inside = (key, *(f for f in detail.fields if f.name != detail.parent))
        fields.append(Field("lines", T.LINES, detail.label, lines=inside))
    return Shape(name, str(told.get("label") or name), tuple(fields), kinds, zone, detail, parent)
