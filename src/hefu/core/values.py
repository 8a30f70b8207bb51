"""The normal form of every type of value, from what a system says and back.

Two values are equal when their normal forms are `==`, so the whole hub compares, stores and sends plain JSON and
never a binary float. Each type has one function for a single value and one for a whole column: a column is taken
at once when nothing in it is odd, else its owner goes through it value by value.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from unicodedata import is_normalized, normalize

from hefu.core.env import instant
from hefu.core.errors import Rejected
from hefu.core.identifiers import company_key, company_name, phone, uscc_valid
from hefu.core.moments import (
    Cell,
    Column,
    date_column,
    day_text,
    instant_column,
    instant_text,
    moment,
    short,
    zone_of,
)
from hefu.core.records import FieldType, Normal, Value

ODD = (Rejected, TypeError, ValueError, ArithmeticError, LookupError, AttributeError)
"""What a cell or column may raise where a value cannot be understood."""

NUMERIC = (FieldType.DECIMAL, FieldType.MONEY)
TEXTUAL = (FieldType.TEXT, FieldType.CODE, FieldType.REFERENCE)

MAX_DIGITS = 40
"""Most digits before or behind the decimal point: beyond lies a mistake or an attack, never an amount."""

# C0 and C1 controls save tab and line feed, surrogates, the byte order mark and the two non-characters beside it.
_FORBIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?")
_BOOLEANS = {
    **dict.fromkeys(("true", "1", "yes", "y", "t", "是"), True),
    **dict.fromkeys(("false", "0", "no", "n", "f", "否"), False),
}


# ----------------------------------------------------------------------- numbers


def decimal_text(number: Decimal) -> str:
    """A decimal's normal form: no exponent, no trailing zero, no "-0". Raises Rejected beyond MAX_DIGITS."""
    if not number.is_finite():
        raise Rejected("value.number", value=str(number))
    exponent = number.as_tuple().exponent
    if number.adjusted() >= MAX_DIGITS or (isinstance(exponent, int) and exponent < -MAX_DIGITS):
        number = number.normalize() if number else Decimal(0)
        exponent = number.as_tuple().exponent
        if number.adjusted() >= MAX_DIGITS or (isinstance(exponent, int) and exponent < -MAX_DIGITS):
            raise Rejected("value.digits", value=str(number)[:60], most=MAX_DIGITS)
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def number(value: Value) -> Decimal:
    """An exact number from int, Decimal or plain text ("-12.50", "1E3"). Raises Rejected."""
    if isinstance(value, bool):
        raise Rejected("value.type", value=value, type="decimal")
    if isinstance(value, (int, Decimal)):
        return Decimal(value)
    if isinstance(value, str):
        text = value.strip()
        if len(text) <= 2 * MAX_DIGITS + 8 and _NUMBER.fullmatch(text):
            return Decimal(text)
        raise Rejected("value.number", value=short(value))
    if isinstance(value, float):
        raise Rejected("value.float", value=value)
    raise Rejected("value.type", value=short(value), type="decimal")


def _decimal(value: Value) -> str:
    return decimal_text(number(value))


def decimal_column(column: list[Value]) -> list[Normal]:
    """Whole columns of text or numbers whose digits are few and plain; anything odd raises."""
    types = set(map(type, column))
    if types == {str}:
        return _decimal_texts(column)
    if types - _EXACT or (str in types and "_" in " ".join(map(str, column))):
        raise TypeError
    texts = list(map(str, map(Decimal, column)))
    blob = "\n".join(texts)
    # strip() leaves nothing when every character is one of these: no exponent, no NaN, at the speed of C
    if blob.strip("0123456789.-\n") or "-0" in blob or max(map(len, texts), default=0) > MAX_DIGITS:
        raise ValueError
    return [text.rstrip("0").rstrip(".") if "." in text else text for text in texts] if "." in blob else texts


_EXACT = {str, int, Decimal}
_LEADING = re.compile(r"\n(?:0\d|\.)", re.ASCII)


def _decimal_texts(column: list[Value]) -> list[Normal]:
    """Texts of plain digits: nothing but zeros at the end parts them from their normal form."""
    blob = "\n" + "\n".join(column)
    # strip() leaves nothing when every character is one of these, at the speed of C
    if blob.strip("0123456789.-\n") or "-0" in blob or "-." in blob or _LEADING.search(blob):
        raise ValueError
    list(map(float, column))  # raises for what is no number, such as 1.2.3
    if max(map(len, column), default=0) > MAX_DIGITS:
        raise ValueError
    return [text.rstrip("0").rstrip(".") if "." in text else text for text in column] if "." in blob else column


# -------------------------------------------------------------------------- text


def text(value: Value) -> str:
    """Text in NFC with line feeds only. Raises Rejected for control characters: see the transform `clean`."""
    if not isinstance(value, str):
        return plain_text(value)
    if "\r" in value:
        value = value.replace("\r\n", "\n").replace("\r", "\n")
    if not value.isprintable():
        bad = _FORBIDDEN.search(value)
        if bad:
            raise Rejected("value.control", character=f"U+{ord(bad[0]):04X}", position=bad.start() + 1)
    return value if value.isascii() else normalize("NFC", value)


def clean(value: str) -> str:
    """Text without control characters and byte order marks, line ends as line feeds."""
    return _FORBIDDEN.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))


_HALF = {**{0xFF00 + c - 0x20: c for c in range(0x21, 0x7F)}, 0x3000: 0x20}
_FULL = {half: full for full, half in _HALF.items()}


def half_width(value: str) -> str:
    """ＡＢＣ（１） as ABC(1)."""
    return value if value.isascii() else value.translate(_HALF)


def full_width(value: str) -> str:
    """ABC(1) as ＡＢＣ（１）."""
    return value.translate(_FULL)


def plain_text(value: Value) -> str:
    """The normal form of any value, as text: true, 12.5, 2026-01-31."""
    normal = plain(value, UTC)
    if isinstance(normal, str):
        return normal
    if isinstance(normal, bool):
        return "true" if normal else "false"
    raise Rejected("value.type", value=short(value), type="text")


def _text_column(column: list[Value]) -> list[Normal]:
    """Whole columns of clean NFC text; anything odd raises (a join of non-text does too)."""
    blob = " ".join(column)
    if not blob.isprintable() and _FORBIDDEN.search(blob):
        raise ValueError
    if not (blob.isascii() or is_normalized("NFC", blob)):
        raise ValueError
    return column


# ----------------------------------------------------------------------- booleans


def boolean(value: Value) -> bool:
    """A truth value: bool, 0/1, or one of true/false, yes/no, y/n, t/f, 是/否 (case ignored). Raises Rejected."""
    if isinstance(value, bool):
        return value
    if isinstance(value, (int, Decimal)) and value in (0, 1):
        return value == 1
    known = _BOOLEANS.get(value.strip().lower()) if isinstance(value, str) else None
    if known is None:
        raise Rejected("value.boolean", value=short(value))
    return known


def _boolean_column(column: list[Value]) -> list[Normal]:
    if set(map(type, column)) != {bool}:
        raise TypeError
    return column


# ------------------------------------------------------------------------ all types


def plain(value: Value, zone: tzinfo) -> Normal:
    """A system's value in normal form, by its own Python type alone; text is left as it is. Raises Rejected."""
    if isinstance(value, (str, bool)) or value is None:
        return value
    if isinstance(value, (int, Decimal)):
        return decimal_text(Decimal(value))
    if isinstance(value, datetime):
        return instant_text(zone)(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [plain(item, zone) for item in value]
    if isinstance(value, dict):
        return {str(name): plain(item, zone) for name, item in value.items()}
    if isinstance(value, float):
        raise Rejected("value.float", value=value)
    raise Rejected("value.type", value=short(value), type="text")


def plain_column(zone: tzinfo) -> Column:
    """`plain` over a column."""

    def column(values: list[Value]) -> list[Normal]:
        return [value if type(value) is str else plain(value, zone) for value in values]

    return column


def option(options: Sequence[str]) -> Cell:
    """A code that must be one of `options` (any, if there are none). Raises Rejected."""
    allowed = frozenset(options)

    def cell(value: Value) -> str:
        code = text(value)
        if allowed and code not in allowed:
            raise Rejected("value.option", value=short(code), options=", ".join(sorted(allowed)[:20]))
        return code

    return cell


def _option_column(options: Sequence[str]) -> Column:
    allowed = frozenset(options)
    if not allowed:
        return _text_column

    def column(values: list[Value]) -> list[Normal]:
        if not allowed.issuperset(values):
            raise ValueError
        return values

    return column


def normaliser(kind: FieldType, zone: tzinfo, options: Sequence[str] = ()) -> tuple[Cell, Column]:
    """How a value, and a whole column, of that type comes to its normal form. None must be kept away."""
    if kind in NUMERIC:
        return _decimal, decimal_column
    if kind is FieldType.DATE:
        return day_text, date_column
    if kind is FieldType.INSTANT:
        return instant_text(zone), instant_column(zone)
    if kind is FieldType.BOOLEAN:
        return boolean, _boolean_column
    if kind is FieldType.CODE:
        return option(options), _option_column(options)
    return text, _text_column


def normal(value: Value, kind: FieldType, zone: str = "UTC", options: Sequence[str] = ()) -> Normal:
    """One value in the normal form of its type (not for lines, which a mapping takes apart). Raises Rejected."""
    return None if value is None else normaliser(kind, zone_of(zone), options)[0](value)


def _to_decimal(value: Normal) -> Decimal:
    return Decimal(int(value)) if isinstance(value, bool) else number(value)


def _to_date(value: Normal) -> date:
    return date.fromisoformat(day_text(value))


def _to_instant(value: Normal) -> datetime:
    return instant(instant_text(UTC)(value))


def _to_text(value: Normal) -> str:
    return value if isinstance(value, str) else plain_text(value)


_OUT: dict[FieldType, Cell] = {
    FieldType.DECIMAL: _to_decimal,
    FieldType.MONEY: _to_decimal,
    FieldType.DATE: _to_date,
    FieldType.INSTANT: _to_instant,
    FieldType.BOOLEAN: boolean,
}


def _instants(column: list[Normal]) -> list[Value]:
    found = list(map(datetime.fromisoformat, column))
    if {at.tzinfo for at in found} - {UTC}:
        raise ValueError
    return found


def speaker(kind: FieldType) -> tuple[Cell, Column]:
    """How a normal value, and a column of them, becomes what a system of that type is handed."""
    if kind in NUMERIC:
        return _to_decimal, lambda column: list(map(Decimal, column))
    if kind is FieldType.DATE:
        return _to_date, lambda column: list(map(date.fromisoformat, column))
    if kind is FieldType.INSTANT:
        return _to_instant, _instants
    cell = _OUT.get(kind, _to_text)
    if cell is _to_text:
        return cell, lambda column: column if set(map(type, column)) <= {str} else [_to_text(v) for v in column]
    return cell, lambda column: [cell(value) for value in column]


def system(value: Normal, kind: FieldType) -> Value:
    """One normal value as a system of that type is handed it. Raises Rejected."""
    return None if value is None else speaker(kind)[0](value)


__all__ = [
    "Cell",
    "Column",
    "boolean",
    "clean",
    "company_key",
    "company_name",
    "decimal_column",
    "decimal_text",
    "moment",
    "normal",
    "normaliser",
    "number",
    "option",
    "phone",
    "plain",
    "plain_column",
    "speaker",
    "system",
    "text",
    "uscc_valid",
    "zone_of",
]
