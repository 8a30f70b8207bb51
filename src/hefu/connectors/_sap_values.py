"""Edm types and our values, exactly, in the JSON and the URL spelling of OData V2 and V4."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from hefu.connectors._sap_edm import Prop
from hefu.core.errors import Rejected
from hefu.core.records import FieldType, Value

T = FieldType
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_TICKS = re.compile(r"/Date\((-?\d+)([+-]\d+)?\)/")
_LASTS = re.compile(r"P(?:0D)?T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?")
_FRACTION = re.compile(r"(\.\d{6})\d+")

_WHOLE = ("Edm.Byte", "Edm.SByte", "Edm.Int16", "Edm.Int32", "Edm.Int64")
_NUMBERS = (*_WHOLE, "Edm.Decimal", "Edm.Double", "Edm.Single")
_TEXTS = ("Edm.String", "Edm.Guid", "Edm.Time", "Edm.TimeOfDay")


class Dialect(NamedTuple):
    """How a service spells values: its version of OData, and the zone of stamps that name none."""

    v4: bool
    zone: ZoneInfo


def field_type(prop: Prop, money: bool = False, code: bool = False) -> FieldType | None:
    """Our type of a property; None for what is no value of a business record (binary, streams, structures)."""
    if prop.type == "Edm.Boolean":
        return T.BOOLEAN
    if prop.type in _NUMBERS:
        return T.MONEY if money else T.DECIMAL
    if prop.type in ("Edm.Date", "Edm.DateTime", "Edm.DateTimeOffset"):
        return T.DATE if prop.day else T.INSTANT
    if prop.type in _TEXTS:
        return T.CODE if code or prop.upper or prop.type == "Edm.Guid" else T.TEXT
    return None


# ----------------------------------------------------------------------- reading


def read(prop: Prop, value: Any, dialect: Dialect) -> Value:
    """What a service says of a property. Blank text is none: SAP keeps no null in a character field."""
    if value is None or value == "":
        return None
    if prop.type in _NUMBERS:
        return Decimal(str(value))
    if prop.type in ("Edm.Date", "Edm.DateTime", "Edm.DateTimeOffset"):
        at = moment(str(value), dialect)
        if prop.day:
            return at.date()
        if prop.type == "Edm.DateTime":  # a wall clock; its ticks only look like UTC
            at = at.replace(tzinfo=dialect.zone)
        return at.astimezone(UTC)
    if prop.type in ("Edm.Time", "Edm.TimeOfDay"):
        return clock(str(value)).isoformat("seconds")
    return value if isinstance(value, bool) else str(value)


def moment(text: str, dialect: Dialect) -> datetime:
    """An instant in any spelling. A V2 tick of a date is its midnight in UTC, whatever the zone."""
    ticks = _TICKS.fullmatch(text)
    if ticks:
        return _EPOCH + timedelta(milliseconds=int(ticks[1]))
    at = datetime.fromisoformat(_FRACTION.sub(r"\1", text))
    return at if at.tzinfo else at.replace(tzinfo=UTC if len(text) == 10 else dialect.zone)


def clock(text: str) -> time:
    """A time of day: "PT10H05M00S" or "10:05:00"."""
    lasts = _LASTS.fullmatch(text)
    if lasts:
        hour, minute, second = (int(part or 0) for part in lasts.groups())
        return time(hour, minute, second)
    return time.fromisoformat(_FRACTION.sub(r"\1", text)).replace(microsecond=0)


# ----------------------------------------------------------------------- writing


def body(prop: Prop, value: Value, dialect: Dialect, name: str = "") -> Any:
    """A value in JSON. Raises Rejected for one of another type, and for digits that SAP would cut off."""
    if value is None:
        return "" if prop.type == "Edm.String" else None
    return _write(prop, value, dialect, name or prop.name, _json)


def literal(prop: Prop, value: Value, dialect: Dialect) -> str:
    """A value in a URL: in a filter, a key or a parameter."""
    if value is None:
        return "''" if prop.type == "Edm.String" else "null"
    return str(_write(prop, value, dialect, prop.name, _url))


def _write(prop: Prop, value: Value, dialect: Dialect, name: str, spell: Callable[[Prop, Any, Dialect], Any]) -> Any:
    try:
        return spell(prop, _checked(prop, value), dialect)
    except (TypeError, ValueError, InvalidOperation):
        kind = field_type(prop) or prop.type
        raise Rejected("sap.wrong_type", field=name, name=name, type=kind, value=str(value)[:60]) from None


def _checked(prop: Prop, value: Value) -> Any:
    """The value if it is of the property's type. Raises TypeError or ValueError."""
    if prop.type == "Edm.Boolean":
        return _only(value, bool)
    if prop.type in _NUMBERS:
        if isinstance(value, bool) or not isinstance(value, Decimal | int):
            raise TypeError
        number, scale = Decimal(value), 0 if prop.type in _WHOLE else prop.scale
        if not number.is_finite() or (scale is not None and number != round(number, scale)):
            raise ValueError
        return number
    if prop.type in ("Edm.Date", "Edm.DateTime", "Edm.DateTimeOffset"):
        if prop.day:
            if isinstance(value, datetime):
                raise TypeError
            return _only(value, date)
        if _only(value, datetime).tzinfo is None:
            raise ValueError
        return value
    if prop.type in ("Edm.Time", "Edm.TimeOfDay"):
        return clock(_only(value, str))
    return _only(value, str)


def _only(value: Any, kind: type) -> Any:
    if not isinstance(value, kind):
        raise TypeError
    return value


def _json(prop: Prop, value: Any, dialect: Dialect) -> Any:
    if isinstance(value, Decimal):
        # V2 spells these as strings always; V4 does so where IEEE754Compatible is agreed on.
        text = prop.type in ("Edm.Decimal", "Edm.Int64") or (not dialect.v4 and prop.type not in _WHOLE)
        # Only Edm.Double and Edm.Single of V4 remain, which are binary in SAP as well.
        return format(value, "f") if text else int(value) if prop.type in _WHOLE else float(value)
    if isinstance(value, datetime):
        return _instant(prop, value, dialect) if dialect.v4 else _ticks(prop, value, dialect)
    if isinstance(value, date):
        return value.isoformat() if dialect.v4 else f"/Date({_day_ticks(value)})/"
    if isinstance(value, time):
        return value.isoformat("seconds") if dialect.v4 else _lasts(value)
    return value


def _url(prop: Prop, value: Any, dialect: Dialect) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        suffix = {"Edm.Decimal": "M", "Edm.Int64": "L", "Edm.Double": "d", "Edm.Single": "f"}.get(prop.type, "")
        return format(value, "f") + ("" if dialect.v4 else suffix)
    if isinstance(value, date):  # datetime is one as well
        return _url_moment(prop, value, dialect)
    if isinstance(value, time):
        return value.isoformat("seconds") if dialect.v4 else f"time'{_lasts(value)}'"
    if prop.type == "Edm.Guid":
        return str(value) if dialect.v4 else f"guid'{value}'"
    quoted = str(value).replace("'", "''")
    return f"'{quoted}'"


def _url_moment(prop: Prop, value: date, dialect: Dialect) -> str:
    if not isinstance(value, datetime):
        return value.isoformat() if prop.type == "Edm.Date" else f"datetime'{value.isoformat()}T00:00:00'"
    text = _instant(prop, value, dialect)
    if dialect.v4:
        return text
    return f"datetimeoffset'{text}'" if prop.type == "Edm.DateTimeOffset" else f"datetime'{text}'"


def _instant(prop: Prop, value: datetime, dialect: Dialect) -> str:
    """ISO 8601: in UTC, or without a zone where the type has none."""
    whole = "milliseconds" if value.microsecond % 1000 == 0 else "microseconds"
    precise = "seconds" if value.microsecond == 0 else whole
    if prop.type == "Edm.DateTime":
        return value.astimezone(dialect.zone).replace(tzinfo=None).isoformat(timespec=precise)
    return value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec=precise) + "Z"


def _ticks(prop: Prop, value: datetime, dialect: Dialect) -> str:
    if prop.type == "Edm.DateTime":  # the wall clock, as if it were UTC
        return f"/Date({_millis(value.astimezone(dialect.zone).replace(tzinfo=UTC))})/"
    return f"/Date({_millis(value)}+0000)/"


def _millis(value: datetime) -> int:
    return (value - _EPOCH) // timedelta(milliseconds=1)


def _day_ticks(value: date) -> int:
    return (value - _EPOCH.date()).days * 86_400_000


def _lasts(value: time) -> str:
    return f"PT{value.hour:02d}H{value.minute:02d}M{value.second:02d}S"
