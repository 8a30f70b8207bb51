"""How a value is written to a widget, and how it reads afterwards: two shapes for one thing, by the widget's type.

On the shelf lies what reads need and no more: a member by user name, a department by number, a linked record by id,
a row of a subform by widget ids. An unknown member or department is dropped without a word, as the vendor does.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hefu.sandbox.jiandaoyun.forms import READ_ONLY, Refused, Widget

TEXTS = frozenset(("text", "textarea", "radiogroup", "combo", "sn"))
LISTS = frozenset(("checkboxgroup", "combocheck"))
FILES = frozenset(("image", "upload"))
ADDRESS = ("province", "city", "district", "detail")
INVALID = 1


@dataclass
class World:
    """What a value may point at. `member` and `department` know everybody; `file` knows the uploaded keys.

    linked: a lookup reads as {"id": ...} instead of the plain id. using: the transaction of the call, whose files may
    be named.
    """

    member: Callable[[str], Mapping[str, Any] | None]
    department: Callable[[int], Mapping[str, Any] | None]
    file: Callable[[str], Mapping[str, Any] | None]
    row_id: Callable[[], str]
    linked: bool = False
    using: str = ""


def stored(widget: Widget, given: object, world: World, before: object = None) -> Any:
    """What the shelf keeps of a written `{"value": X}`. `before`: a subform's rows until now."""
    value = _value(widget, given)
    if value in (None, "", []):
        return None
    kind = widget.type
    if kind in TEXTS:
        return _text(widget, value)
    if kind == "number":
        return _number(widget, value)
    if kind == "datetime":
        return _moment(widget, value)
    if kind in LISTS:
        return [_text(widget, v) for v in _list(widget, value)]
    if kind in ("address", "location"):
        return _address(widget, value)
    if kind in ("user", "usergroup"):
        return _known(widget, value, lambda name: name if world.member(str(name)) else None)
    if kind in ("dept", "deptgroup"):
        return _known(widget, value, lambda number: number if world.department(_whole(number)) else None)
    if kind in FILES:
        old = before if isinstance(before, list) else []
        return [key for key in _list(widget, value) if key in old or _bound(world, str(key))] or None
    if kind == "phone":
        number = value.get("phone") if isinstance(value, dict) else None
        if not isinstance(number, str):
            raise _wrong(widget, 'an object with "phone"')
        return number or None
    if kind == "lookup":
        return _text(widget, value)
    if kind == "subform":
        return _rows(widget, _list(widget, value), world, before)
    return None


def shown(widget: Widget, kept: Any, world: World, moment: datetime) -> Any:
    """As reads show it."""
    kind = widget.type
    if kind == "subform":
        return [_row_shown(widget, row, world, moment) for row in kept or ()]
    if kind in LISTS:
        return kept or []
    if kind in ("usergroup", "deptgroup"):
        find = world.member if kind == "usergroup" else world.department
        return [found for each in kept or () if (found := find(each))]
    if kind in FILES:
        return [_file_shown(found, moment) for key in kept or () if (found := world.file(key))]
    if kept is None:
        return "" if kind in TEXTS else None
    if kind == "user":
        return world.member(kept)
    if kind == "dept":
        return world.department(kept)
    if kind == "phone":
        return {"phone": kept, "verified": False}
    return {"id": kept} if kind == "lookup" and world.linked else kept


def readable(widget: Widget) -> bool:
    """Whether reads show the widget at all."""
    return widget.type not in ("separator", "linkquery")


def writable(widget: Widget) -> bool:
    """Whether calls may set it; what they send for the others is passed over."""
    return widget.type not in READ_ONLY


def instant(at: datetime) -> str:
    """The vendor's way to write an instant."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"


def moment_of(text: str) -> datetime:
    """The instant of a text as reads show it. Raises ValueError."""
    at = datetime.fromisoformat(text)
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def double(value: Decimal | int) -> int | float:
    """A number as JavaScript holds it: what does not fit a double is lost, silently, as it is there."""
    near = float(value)
    return int(near) if near.is_integer() and abs(near) < 2**53 else near


def _value(widget: Widget, given: object) -> Any:
    if not isinstance(given, dict) or "value" not in given:
        raise Refused(INVALID, f'无效的请求: {widget.key} 的值应为 {{"value": ...}}')
    return given["value"]


def _wrong(widget: Widget, wanted: str) -> Refused:
    return Refused(INVALID, f"无效的请求: 字段 {widget.key}（{widget.label}）的值类型不正确，应为 {wanted}")


def _text(widget: Widget, value: object) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise _wrong(widget, "string")
    return str(value)


def _number(widget: Widget, value: object) -> int | float:
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise _wrong(widget, "number")
    return double(value)


def _moment(widget: Widget, value: object) -> str:
    try:
        if isinstance(value, int | Decimal) and not isinstance(value, bool):
            return instant(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=int(value)))
        return instant(moment_of(str(value)))
    except (ValueError, OverflowError):
        raise _wrong(widget, "ISO 8601") from None


def _list(widget: Widget, value: object) -> list[Any]:
    if not isinstance(value, list):
        raise _wrong(widget, "array")
    return value


def _address(widget: Widget, value: object) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(widget, "object")
    kept: dict[str, Any] = {part: str(value.get(part) or "") for part in ADDRESS}
    if widget.type == "location":
        kept["lnglatXY"] = [double(n) for n in value.get("lnglatXY") or () if isinstance(n, int | Decimal)]
    return kept


def _known(widget: Widget, value: object, known: Callable[[Any], Any]) -> Any:
    if widget.type in ("user", "dept"):
        return known(value)
    return [v for v in _list(widget, value) if known(v) is not None] or None


def _whole(value: object) -> int:
    return int(value) if isinstance(value, int | Decimal) and not isinstance(value, bool) else -1


def _rows(widget: Widget, given: list[Any], world: World, before: object) -> list[dict[str, Any]]:
    """The whole new set of rows: one that names its `_id` keeps that, others are new, what is left out is gone.

    A row keeps nothing but its id: a field of it that is not sent is blank afterwards.
    """
    old = {row["_id"] for row in before} if isinstance(before, list) else set[str]()
    rows = []
    for each in given:
        if not isinstance(each, dict):
            raise _wrong(widget, "rows")
        known = each.get("_id")
        row_id = known.get("value") if isinstance(known, dict) else None
        row = {"_id": row_id if row_id in old else world.row_id()}
        for inner in widget.items:
            for key in (inner.name, inner.alias):
                if key and key in each and writable(inner):
                    row[inner.name] = stored(inner, each[key], world)
        rows.append(row)
    return rows


def _row_shown(widget: Widget, row: Mapping[str, Any], world: World, moment: datetime) -> dict[str, Any]:
    return {"_id": row["_id"]} | {w.key: shown(w, row.get(w.name), world, moment) for w in widget.items if readable(w)}


def _bound(world: World, key: str) -> bool:
    file = world.file(key)
    return file is not None and file["transaction"] == world.using


def _file_shown(file: Mapping[str, Any], moment: datetime) -> dict[str, Any]:
    """Its address is good for fifteen days from this reading."""
    until = int((moment + timedelta(days=15)).timestamp())
    return {"name": file["name"], "size": file["size"], "mime": file["mime"], "url": f"{file['url']}?e={until}"}
