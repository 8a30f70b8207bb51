"""The columns of a file: of what type they are, and how a cell's text becomes a value and back, exactly."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, tzinfo
from decimal import Decimal, InvalidOperation
from functools import lru_cache, partial

from hefu.connectors._file_encoding import Encoding
from hefu.connectors._file_formula import escape, unescape
from hefu.connectors._file_rows import CONTROL
from hefu.connectors._file_settings import ColumnSettings
from hefu.core.errors import HubError, Rejected
from hefu.core.records import Field, FieldType, Value

Parse = Callable[[str], Value]
Render = Callable[[Value], str]

_TEXTS = (FieldType.TEXT, FieldType.CODE, FieldType.REFERENCE)
_NUMBERS = (FieldType.DECIMAL, FieldType.MONEY)
_DATE_FORMATS = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y年%m月%d日")
_WORDS = (("true", "false"), ("yes", "no"), ("是", "否"), ("y", "n"))

# A number that people write; groups of three may be set off by commas, but a leading zero makes it a code.
_PLAIN = re.compile(r"[+-]?(?:0|[1-9]\d*)(?:\.\d+)?|[+-]?\.\d+", re.ASCII)
_GROUPED = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d+)?", re.ASCII)
_LOOSE = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d{1,2})?|[+-]?\.\d+", re.ASCII)
_LEADING_ZERO = re.compile(r"^[+-]?0\d", re.MULTILINE | re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d{2}-\d{2}[ T]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,6})?)?(?:Z|[+-]\d{2}:?\d{2})?", re.ASCII)
_CODE_NAME = re.compile(
    r"code|\bid\b|_id$|_no$|number|phone|tel|mobile|fax|zip|postal|sku|barcode|编码|编号|代码|单号|号码|电话|手机|邮编|税号|条码",
    re.IGNORECASE,
)
_SAMPLE = 2000


@dataclass(frozen=True)
class Column:
    """One column: `parse` is None where a cell's text is the value."""

    name: str
    kind: FieldType
    parse: Parse | None
    render: Render
    settings: ColumnSettings
    inferred: bool = False

    def field(self, *, key: bool, alone: bool, writable: bool, longest: int | None) -> Field:
        """As the hub sees it."""
        s = self.settings
        return Field(
            self.name,
            self.kind,
            label=s.label or self.name,
            writable=writable and s.writable,
            required=key or s.required,
            unique=key and alone,
            length=s.length or (longest if self.kind in _TEXTS else None),
            bytes_length=s.bytes_length,
            scale=s.scale,
            options=s.options,
            target=s.target,
            inferred=self.inferred,
        )


# ------------------------------------------------------------------------- reading


def column(name: str, settings: ColumnSettings | None, cells: Sequence[str], zone: tzinfo, *, key: bool) -> Column:
    """The column as declared, else as its first cells look. A key is always text: 007 is not 7."""
    s = settings or ColumnSettings()
    filled = [c for c in cells[:_SAMPLE] if c]
    kind, inferred = s.kind, False
    if kind is None:
        kind, inferred = (FieldType.CODE if key else infer(name, filled)), not key
    if kind in _NUMBERS:
        return Column(name, kind, _number_parser(s, strict=inferred), partial(_number, settings=s), s, inferred)
    if kind is FieldType.DATE:
        how = s.format or _date_format(filled) or "%Y-%m-%d"
        return Column(name, kind, lru_cache(4096)(partial(_date, how=how)), partial(_date_text, how=how), s, inferred)
    if kind is FieldType.INSTANT:
        return _instant_column(name, s, filled, zone, inferred=inferred)
    if kind is FieldType.BOOLEAN:
        words = s.words or _words(filled) or ("true", "false")
        return Column(name, kind, _boolean_parser(words), partial(_boolean_text, words=words), s, inferred)
    return Column(name, kind, None, _text, s, inferred)


def infer(name: str, filled: Sequence[str]) -> FieldType:
    """The type that these cells fit, but for one in ten: one wrong cell shall not change what a column is.

    Whole numbers count as numbers only where no code can hide in them; what is no other type is text.
    """
    if not filled:
        return FieldType.TEXT
    if _words(filled):
        return FieldType.BOOLEAN
    if _date_format(filled):
        return FieldType.DATE
    if _mostly(filled, lambda c: _INSTANT.fullmatch(c) or _fits(c, "%Y-%m-%d")):  # midnight may stand as a day
        return FieldType.INSTANT
    if _mostly(filled, _PLAIN.fullmatch) and not _LEADING_ZERO.search("\n".join(filled)):
        numbers = [c for c in filled if _PLAIN.fullmatch(c)]
        whole = not any("." in c or c[0] in "+-" for c in numbers)
        if not whole or not (_CODE_NAME.search(name) or any(len(c) > 9 for c in numbers)):
            return FieldType.DECIMAL
    return FieldType.TEXT


def _mostly(filled: Sequence[str], fits: Callable[[str], object]) -> bool:
    misfits, most = 0, len(filled) / 10
    for cell in filled:
        if not fits(cell):
            misfits += 1
            if misfits > most:
                return False
    return True


def _words(filled: Sequence[str]) -> tuple[str, str] | None:
    seen = set(filled)
    if not seen:
        return None
    for yes, no in _WORDS:
        lower = {c.lower() for c in seen}
        if lower <= {yes, no} and len(seen) == len(lower) and (len(lower) == 2 or yes not in "y"):
            like = max(seen)
            case = str.upper if like.isupper() else str.title if like.istitle() else str.lower
            return case(yes), case(no)
    return None


def _date_format(filled: Sequence[str]) -> str | None:
    return next((how for how in _DATE_FORMATS if filled and _mostly(filled, partial(_fits, how=how))), None)


def _fits(cell: str, how: str) -> bool:
    try:
        _date(cell, how)
    except ValueError:
        return False
    return True


def _date(text: str, how: str) -> date | None:
    if not text:
        return None
    if how == "%Y-%m-%d" and len(text) == 10:
        return date.fromisoformat(text)
    found = datetime.strptime(text[:10] if text.endswith(" 00:00:00") else text, how)  # noqa: DTZ007 - a day has no zone
    return found.date()


def _instant_column(name: str, s: ColumnSettings, filled: Sequence[str], zone: tzinfo, *, inferred: bool) -> Column:
    zoned = bool(filled) and all(re.search(r"(?:Z|[+-]\d{2}:?\d{2})$", c) for c in filled)
    parse = partial(_instant, how=s.format, zone=zone)
    return Column(
        name, FieldType.INSTANT, parse, partial(_instant_text, how=s.format, zone=zone, zoned=zoned), s, inferred
    )


def _instant(text: str, how: str | None, zone: tzinfo) -> datetime | None:
    if not text:
        return None
    if how:
        found = datetime.strptime(text, how)  # noqa: DTZ007 - the zone is added below
    elif _INSTANT.fullmatch(text) or len(text) == 10:
        found = datetime.fromisoformat(text)
    else:
        raise ValueError(text)
    return found if found.tzinfo else found.replace(tzinfo=zone)


def _number_parser(s: ColumnSettings, *, strict: bool) -> Parse:
    """An inferred number refuses what looks like a code after all, a declared one takes any number."""

    def parse(text: str) -> Decimal | None:
        plain = text.strip()
        if s.decimal == ",":
            plain = plain.replace(".", "").replace(" ", "").replace(",", ".")
        elif _GROUPED.fullmatch(plain):
            plain = plain.replace(",", "")
        if not plain:
            return None
        if not (_PLAIN if strict else _LOOSE).fullmatch(plain):
            raise ValueError(text)
        return Decimal(plain)

    return parse


def _boolean_parser(words: tuple[str, str]) -> Parse:
    known: dict[str, bool | None] = {words[0].lower(): True, words[1].lower(): False, "": None}

    def parse(text: str) -> bool | None:
        try:
            return known[text.lower()]
        except KeyError:
            raise ValueError(text) from None

    return lru_cache(64)(parse)


Decode = Callable[[list[Sequence[str]]], list[Sequence[Value]]]


def decoder(columns: Sequence[Column], *, escaped: bool) -> Decode:
    """Turns the cells of rows, column by column, into values. Raises ValueError if one will not go.

    `escaped` says that some texts carry the apostrophe which keeps spreadsheets from running them. Further cells
    behind the last column stay as they are.
    """
    steps = [(i, c.kind in _NUMBERS and c.settings.decimal == ".", c.parse) for i, c in enumerate(columns) if c.parse]
    texts = [i for i, c in enumerate(columns) if not c.parse] if escaped else []

    def decode(cells: list[Sequence[str]]) -> list[Sequence[Value]]:
        out: list[Sequence[Value]] = list(cells)
        for i, number, parse in steps:
            out[i] = _bulk(cells[i], parse, number=number)
        for i in texts:
            out[i] = list(map(unescape, cells[i]))
        return out

    return decode


def decode_row(decode: Decode, row: Sequence[str]) -> list[Value]:
    """One row. Raises ValueError."""
    return [column[0] for column in decode([(cell,) for cell in row])]


def _bulk(cells: Sequence[str], parse: Parse, *, number: bool) -> list[Value]:
    if number and not "".join(cells).strip("0123456789.-") and not _LEADING_ZERO.search("\n".join(cells)):
        try:
            return [Decimal(cell) if cell else None for cell in cells]
        except InvalidOperation as error:
            raise ValueError from error
    return list(map(parse, cells))


def blame(columns: Sequence[Column], row: Sequence[str], number: int) -> HubError:
    """The error that names the first cell of a row which will not become a value."""
    for at, one in enumerate(columns):
        try:
            if one.parse:
                one.parse(row[at])
        except ValueError:
            code = "files.not_as_inferred" if one.inferred else "files.bad_cell"
            return Rejected(code, row=number, column=one.name, type=str(one.kind), value=row[at][:80])
    return Rejected("files.bad_row", row=number)


# ------------------------------------------------------------------------- writing


def cell_text(column: Column, value: Value, encoding: Encoding, *, escaping: bool, longest: int | None) -> str:
    """The cell for a value. Raises Rejected, blaming the column, for what the file cannot hold."""
    try:
        text = column.render(value)
    except (ValueError, InvalidOperation, TypeError, AttributeError) as error:
        shown = str(value)[:80]
        raise Rejected(
            "files.bad_value", field=column.name, column=column.name, type=str(column.kind), value=shown
        ) from error
    _must_fit(column, text, encoding, longest)
    return escape(text) if escaping and column.parse is None else text


def _must_fit(column: Column, text: str, encoding: Encoding, longest: int | None) -> None:
    name, s = column.name, column.settings
    if found := CONTROL.search(text):
        raise Rejected(
            "files.control_out", field=name, column=name, sign=f"U+{ord(found[0]):04X}", position=found.start() + 1
        )
    if s.required and not text:
        raise Rejected("files.blank", field=name, column=name)
    most = min(s.length or longest or len(text), longest or len(text))
    if len(text) > most:
        raise Rejected("files.too_long", field=name, column=name, length=len(text), most=most)
    try:
        size = len(text.encode(encoding.codec))
    except UnicodeEncodeError as error:
        bad = text[error.start]
        raise Rejected("files.unencodable", field=name, column=name, character=bad, encoding=encoding.label) from error
    places = len(text.rpartition("," if s.decimal == "," else ".")[2]) if re.search(r"\d[.,]\d", text) else 0
    if s.scale is not None and column.kind in _NUMBERS and places > s.scale:
        raise Rejected("files.too_precise", field=name, column=name, value=text, scale=s.scale)
    if s.bytes_length and size > s.bytes_length:
        raise Rejected("files.too_long_bytes", field=name, column=name, length=size, most=s.bytes_length)
    if s.options and text and text not in s.options:
        raise Rejected("files.not_an_option", field=name, column=name, value=text[:80], options=", ".join(s.options))


def _text(value: Value) -> str:
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return format(_finite(value), "f")
    if isinstance(value, datetime):
        return value.isoformat(sep=" ")
    if isinstance(value, int | date):
        return str(value)
    raise TypeError(type(value).__name__)


def _finite(value: Decimal) -> Decimal:
    if not value.is_finite():
        raise ValueError(str(value))
    return value


def _number(value: Value, settings: ColumnSettings) -> str:
    if value is None or value == "":
        return ""
    if isinstance(value, bool | float):
        raise TypeError(type(value).__name__)
    number = _finite(Decimal(value))
    text = format(number, "f")
    return text.replace(".", ",") if settings.decimal == "," else text


def _date_text(value: Value, how: str) -> str:
    if value is None or value == "":
        return ""
    day = date.fromisoformat(value) if isinstance(value, str) else value
    if isinstance(day, datetime):
        raise TypeError("a day, not an instant")
    return _strftime(day, how)


def _strftime(at: date, how: str) -> str:
    """strftime with a year of four digits, and with Chinese signs that the C library's locale may not take."""
    return re.sub(r"%[A-Za-z%]", lambda m: f"{at.year:04d}" if m[0] == "%Y" else at.strftime(m[0]), how)


def _instant_text(value: Value, how: str | None, zone: tzinfo, *, zoned: bool) -> str:
    if value is None or value == "":
        return ""
    at = datetime.fromisoformat(value) if isinstance(value, str) else value
    if at.tzinfo is None:
        raise TypeError("an instant needs a zone")
    local = at.astimezone(zone)
    if how:
        text = _strftime(local, how)
        if _instant(text, how, zone) != at:
            raise ValueError(f"{how} cannot hold {at}")
        return text
    exact = local.replace(tzinfo=None).replace(tzinfo=zone) == at and not local.fold
    return (local if zoned or not exact else local.replace(tzinfo=None)).isoformat(sep=" ")


def _boolean_text(value: Value, words: tuple[str, str]) -> str:
    if value is None or value == "":
        return ""
    if not isinstance(value, bool):
        raise TypeError(type(value).__name__)
    return words[0] if value else words[1]


__all__ = ["Column", "Decode", "blame", "cell_text", "column", "decode_row", "decoder", "infer"]
