"""Values on their way: cells of a query into ours, ours into Save and into filter texts.

Kingdee stores a blank for an empty text and 0 for an empty reference; times are the site's local ones, without zone.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any

from hefu.connectors._kingdee_schema import Slot
from hefu.core.errors import Rejected
from hefu.core.records import FieldType, Value

T = FieldType

Read = Callable[[Any], Value]


def reader(slot: Slot, zone: tzinfo) -> Read:
    """How a cell of this field is read."""
    if slot.lookup and slot.by_id:
        return _reference
    kinds: dict[FieldType, Read] = {
        T.DECIMAL: _number,
        T.MONEY: _number,
        T.BOOLEAN: _truth,
        T.DATE: lambda cell: None if _empty(cell) else _moment(cell).date(),
        T.INSTANT: lambda cell: None if _empty(cell) else _moment(cell).replace(tzinfo=zone),
    }
    return kinds.get(slot.kind, _text)


def _empty(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and not cell.strip()) or str(cell).startswith("0001-01-01")


def _text(cell: Any) -> Value:
    if isinstance(cell, Decimal):
        return format(cell.normalize(), "f")
    return None if _empty(cell) else str(cell)


def _reference(cell: Any) -> Value:
    return None if _empty(cell) or str(cell) == "0" else str(cell)


def _number(cell: Any) -> Value:
    if _empty(cell):
        return None
    try:
        return Decimal(str(cell))
    except InvalidOperation:
        return None


def _truth(cell: Any) -> Value:
    return None if _empty(cell) else cell is True or str(cell).lower() in ("1", "true")


def _moment(cell: Any) -> datetime:
    return datetime.fromisoformat(str(cell).strip().replace("/", "-")).replace(tzinfo=None)


_TAKES: dict[FieldType, tuple[type, ...]] = {
    T.DECIMAL: (Decimal, int),
    T.MONEY: (Decimal, int),
    T.BOOLEAN: (bool,),
    T.DATE: (date,),
    T.INSTANT: (datetime,),
}


def written(slot: Slot, value: Any, zone: tzinfo, number_key: str = "FNumber") -> Any:
    """A value as Save takes it; of a reference, its number. Raises Rejected where the type does not fit."""
    if slot.lookup:
        if value is not None and not isinstance(value, str):
            raise _misfit(slot, value)
        return {number_key: value or ""}
    if value is None:
        return 0 if slot.kind in (T.DECIMAL, T.MONEY) else None if slot.kind in (T.DATE, T.INSTANT) else ""
    takes = _TAKES.get(slot.kind, (str,))
    if not isinstance(value, takes) or (isinstance(value, bool) and slot.kind is not T.BOOLEAN):
        raise _misfit(slot, value)
    if isinstance(value, datetime) and slot.kind is T.INSTANT:
        return local(value, zone).replace(" ", "T")
    if isinstance(value, date):
        return value.isoformat()[:10]
    return value


def _misfit(slot: Slot, value: Value) -> Rejected:
    return Rejected("kingdee.wrong_type", field=slot.name, name=slot.name, value=str(value)[:60], type=str(slot.kind))


def local(at: datetime, zone: tzinfo) -> str:
    """An instant by the site's clock, whole seconds, as filters write it."""
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")


def literal(value: Value, zone: tzinfo) -> str:
    """A value inside a filter text."""
    if isinstance(value, bool):
        return "'1'" if value else "'0'"
    if isinstance(value, Decimal | int):
        return format(value, "f") if isinstance(value, Decimal) else str(value)
    if isinstance(value, datetime):
        return f"'{local(value, zone)}'"
    return "'" + str(value).replace("'", "''") + "'"


def id_literal(record_id: str) -> str:
    """An internal id inside a filter text: a number, or a text where the form's ids are texts."""
    return record_id if record_id.isdecimal() else "'" + record_id.replace("'", "''") + "'"
