"""Widgets of a form as fields: what each kind holds, how it is read and how it is written.

Payloads call a widget by its alias, or by its id where the designer set none; an alias may be set or changed at any
time, the id never. So a field is bound to the id (`Widget.id`), and `Widget.wire` is only how payloads call it now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from hefu.connectors._jiandaoyun_settings import FormSettings
from hefu.core.errors import Rejected
from hefu.core.records import Field, FieldType, Value, Values

T = FieldType

LINE = "_id"
"""The key of a subform's row."""

_CHOICE = ("radiogroup", "combo")
_MANY = ("checkboxgroup", "combocheck")
_PEOPLE = ("user", "usergroup", "dept", "deptgroup")
_FILES = ("image", "upload", "signature")
_PARTS = ("province", "city", "district", "detail")
_SHOWN = ("sn", "linkdata", "aggregation", "richtext", "formula")
_TEXTS = ("text", "textarea", "sn", *_CHOICE)
FILTERS: Mapping[str, str] = {
    **dict.fromkeys(("text", "textarea", "sn", *_CHOICE), "text"),
    "number": "number",
    "datetime": "datetime",
    "user": "user",
    "dept": "dept",
    "lookup": "lookup",
}
"""Widget type -> type of a condition that compares it with one value."""

_KINDS: Mapping[str, FieldType] = {
    **dict.fromkeys(("text", "textarea", "richtext", "aggregation", "formula", *_MANY, *_FILES), T.TEXT),
    **dict.fromkeys(("sn", "phone", *_CHOICE, *_PEOPLE), T.CODE),
    "number": T.DECIMAL,
    "datetime": T.INSTANT,
    "lookup": T.REFERENCE,
    "linkdata": T.REFERENCE,
}


@dataclass(frozen=True, slots=True)
class Widget:
    """One widget. `name`: what the hub calls it.  `date`: it has no time of day.  `target`: object it points to."""

    name: str
    wire: str
    id: str
    type: str
    label: str = ""
    date: bool = False
    required: bool = False
    target: str | None = None
    items: tuple[Widget, ...] = ()

    @property
    def writable(self) -> bool:
        """Whether the API takes values for it (files would have to be uploaded first)."""
        return self.type not in (*_SHOWN, *_FILES, "location")

    def fields(self) -> tuple[Field, ...]:
        """What it is as fields: one, or four for an address; none for what holds no value."""
        label = self.label or self.name
        if self.type in ("address", "location"):
            able = self.type == "address"
            return tuple(Field(f"{self.name}_{part}", T.TEXT, f"{label} {part}", able) for part in _PARTS)
        if self.type == "subform":
            key = Field(LINE, T.CODE, LINE, writable=False, unique=True)
            lines = (key, *(f for item in self.items for f in item.fields()))
            return (Field(self.name, T.LINES, label, required=self.required, lines=lines),)
        kind = T.DATE if self.date else _KINDS.get(self.type)
        if kind is None:
            return ()
        return (Field(self.name, kind, label, self.writable, self.required, target=self.target),)

    def holds(self, name: str) -> bool:
        """Whether a field of that name is part of it."""
        if self.type in ("address", "location"):
            return name in [f"{self.name}_{part}" for part in _PARTS]
        return name == self.name

    def read(self, raw: Any, zone: ZoneInfo) -> Values:
        """Its fields out of a payload's value."""
        if self.type in ("address", "location"):
            parts = raw if isinstance(raw, dict) else {}
            return {f"{self.name}_{part}": str(parts.get(part) or "") or None for part in _PARTS}
        if self.type == "subform":
            return {self.name: [self._line(row, zone) for row in raw or [] if isinstance(row, dict)]}
        return {self.name: self._value(raw, zone)} if self.fields() else {}

    def _line(self, row: Mapping[str, Any], zone: ZoneInfo) -> Values:
        line: dict[str, Value] = {LINE: row.get(LINE)}
        for item in self.items:
            line |= item.read(row.get(item.wire, row.get(item.id)), zone)
        return line

    def _value(self, raw: Any, zone: ZoneInfo) -> Value:
        if raw is None or raw in ("", [], {}):
            return None
        if self.type == "number":
            return raw if isinstance(raw, Decimal) else Decimal(str(raw))
        if self.type == "datetime":
            at = instant_of(raw)
            return at.astimezone(zone).date() if self.date and at is not None else at
        return _text(self.type, raw)

    def write(self, name: str, value: Value, zone: ZoneInfo) -> Any:
        """A value as the API takes it (not for addresses and subforms). Raises Rejected where it does not fit."""
        wrong = Rejected(
            "jiandaoyun.wrong_type", field=name, name=name, value=str(value)[:60], type=self.fields()[0].type.value
        )
        if value is None:
            return [] if self.type in (*_MANY, "usergroup", "deptgroup") else "" if self.type in _TEXTS else None
        if self.type == "number":
            return _number(name, value, wrong)
        if self.type == "datetime":
            return _moment(value, self.date, zone, wrong)
        if not isinstance(value, str):
            raise wrong
        return _written(self.type, value, wrong)


def _text(kind: str, raw: Any) -> str | None:
    if kind in _PEOPLE:
        word = "username" if kind.startswith("user") else "dept_no"
        some = raw if isinstance(raw, list) else [raw]
        return ";".join(str(one.get(word, "")) if isinstance(one, dict) else str(one) for one in some)
    if kind in _FILES:
        some = raw if isinstance(raw, list) else [raw]
        return ";".join(str(one.get("name", "")) for one in some if isinstance(one, dict)) or None
    if isinstance(raw, list):
        return ";".join(map(str, raw))
    if isinstance(raw, dict):
        return str(raw.get({"phone": "phone", "richtext": "html"}.get(kind, "id")) or "") or None
    return str(raw)


def _written(kind: str, value: str, wrong: Rejected) -> Any:
    if kind == "phone":
        return {"phone": value}
    if kind in (*_MANY, "usergroup"):
        return [part for part in value.split(";") if part]
    if kind == "dept":
        return _whole(value, wrong)
    if kind == "deptgroup":
        return [_whole(part, wrong) for part in value.split(";") if part]
    return value


def _whole(text: str, wrong: Rejected) -> int:
    if not text.isdecimal():
        raise wrong
    return int(text)


def _number(name: str, value: Value, wrong: Rejected) -> Decimal | int:
    """Their numbers are doubles: one that would come back different is refused, not bent."""
    if isinstance(value, bool) or not isinstance(value, (int, Decimal)):
        raise wrong
    exact = Decimal(value)
    if not exact.is_finite() or Decimal(repr(float(exact))) != exact:
        raise Rejected("jiandaoyun.too_exact", field=name, name=name, value=str(value)[:60])
    return value


def instant_of(raw: Any) -> datetime | None:
    """An instant as they write it: ISO 8601 in UTC, or milliseconds."""
    if isinstance(raw, int | Decimal):
        return datetime.fromtimestamp(int(raw) / 1000, UTC)
    try:
        at = datetime.fromisoformat(str(raw))
    except ValueError:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _moment(value: Value, day: bool, zone: ZoneInfo, wrong: Rejected) -> str:
    if day and isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time(), zone)  # a day is its local midnight
    elif day or not isinstance(value, datetime) or value.tzinfo is None:
        raise wrong
    at: datetime = value.astimezone(UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def widgets_of(told: Sequence[Mapping[str, Any]], form: FormSettings, alias: bool, prefix: str = "") -> list[Widget]:
    """The widgets of a form as `widget/list` tells them, named as the settings say."""
    named = {wire: name for name, wire in form.fields.items()}
    found = []
    for one in told:
        wire, own = str(one.get("name", "")), str(one.get("widgetName") or one.get("name", ""))
        name = named.get(prefix + own) or named.get(prefix + wire) or (wire if alias else own)
        name = name.rpartition(".")[2] if prefix else name
        items = widgets_of(one.get("items") or (), form, alias, f"{own}.") if one.get("type") == "subform" else ()
        known = {name, own, wire}
        found.append(
            Widget(
                name,
                wire,
                own,
                str(one.get("type", "")),
                str(one.get("label") or name),
                date=bool(known & {d.removeprefix(prefix) for d in form.dates}) and one.get("type") == "datetime",
                required=not prefix and bool(known & set(form.required)),
                target=next((form.references[n] for n in known if n in form.references), None),
                items=tuple(items),
            )
        )
    return found


def has_files(widget: Widget, row: Mapping[str, Any]) -> bool:
    """Whether a subform's row holds files, which would be lost if the row were sent back."""
    return any(item.type in _FILES and row.get(item.wire, row.get(item.id)) for item in widget.items)


def parts_of(widget: Widget, values: Values) -> dict[str, str]:
    """An address as the API takes it, out of our four fields."""
    return {part: str(values.get(f"{widget.name}_{part}") or "") for part in _PARTS}
