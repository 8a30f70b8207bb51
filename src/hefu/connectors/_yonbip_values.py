"""Values on their way: cells of YonBIP's rows into ours, ours into what a save takes.

Times are the tenant's local ones without zone; ids are numbers beyond 2^53 and here always text. A name that is not
in a row at all is left out of the record: it may have been hidden from us, and hidden is not empty.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from hefu.connectors._yonbip_objects import Col
from hefu.core.errors import Rejected, Unsupported
from hefu.core.records import FieldType, Value

T = FieldType
ABSENT: Final = object()


def cell(row: Mapping[str, Any], name: str) -> Any:
    """What a row has under that name; a part and its field (`part!field`) in whichever way it is spelt."""
    if name in row:
        return row[name]
    part, mark, inner = name.partition("!")
    if mark:
        for spelt in (f"{part}_{inner}", f"{part}.{inner}"):
            if spelt in row:
                return row[spelt]
        held = row.get(part)
        if isinstance(held, Mapping) and inner in held:
            return held[inner]
    return ABSENT


def raw(row: Mapping[str, Any], col: Col) -> Any:
    """The first of a field's names that holds something; None where one is there but empty; else ABSENT."""
    found: Any = ABSENT
    for name in col.names:
        here = cell(row, name)
        if here is not ABSENT and here not in (None, ""):
            return here
        found = None if here is not ABSENT else found
    return found


def read(col: Col, given: Any, zone: tzinfo, obj: str) -> Value:
    """A cell as a value. Raises Unsupported where it is none of its type."""
    if given is None or given == "":
        return None
    try:
        return _read(col.kind, given, zone)
    except (ValueError, InvalidOperation, TypeError):
        raise Unsupported("yonbip.strange_value", object=obj, field=col.name, value=str(given)[:60]) from None


def _read(kind: FieldType, given: Any, zone: tzinfo) -> Value:
    if kind in (T.DECIMAL, T.MONEY):
        if isinstance(given, bool):
            raise TypeError
        return Decimal(str(given))
    if kind is T.BOOLEAN:
        return given if isinstance(given, bool) else str(given).lower() in ("1", "true")
    if kind is T.DATE:
        return date.fromisoformat(str(given)[:10])
    if kind is T.INSTANT:
        return datetime.fromisoformat(str(given)).replace(tzinfo=zone)
    if isinstance(given, Mapping):
        return next((str(given[n]) for n in ("simplifiedName", "zh_CN") if given.get(n)), None)
    if isinstance(given, Decimal):
        return format(given.normalize(), "f")
    return str(given)


_TAKES: Mapping[FieldType, tuple[type, ...]] = {
    T.DECIMAL: (Decimal, int),
    T.MONEY: (Decimal, int),
    T.BOOLEAN: (bool,),
    T.DATE: (date,),
    T.INSTANT: (datetime,),
}


def written(col: Col, value: Value, zone: tzinfo) -> Any:
    """A value as a save takes it; None clears. Raises Rejected where the type does not fit."""
    if value is None:
        return None
    takes = _TAKES.get(col.kind, (str,))
    if not isinstance(value, takes) or (isinstance(value, bool) and col.kind is not T.BOOLEAN):
        raise Rejected(
            "yonbip.wrong_type", field=col.name, name=col.name, value=str(value)[:60], type=str(col.kind.value)
        )
    if isinstance(value, datetime):
        return local(value, zone) if col.kind is T.INSTANT else f"{value.date()} 00:00:00"
    return f"{value} 00:00:00" if isinstance(value, date) else value


def local(at: datetime, zone: tzinfo) -> str:
    """An instant by the tenant's clock, whole seconds."""
    return at.astimezone(zone).strftime("%Y-%m-%d %H:%M:%S")
