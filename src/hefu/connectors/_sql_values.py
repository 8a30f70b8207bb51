"""Values between a database driver and the hub: one kind per column, applied to whole columns at once.

Drivers differ (SQLite knows no dates, MySQL no booleans); after this module nobody needs to know.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.dialects import mssql, mysql, postgresql
from sqlalchemy.dialects import oracle as oracle_types
from sqlalchemy.types import TypeEngine

from hefu.core.moments import Hours
from hefu.core.records import FieldType, Value

Convert = Callable[[Any], Any]
_NONE = type(None)
_DOUBLE_DIGITS = 15  # digits that SQLite's NUMERIC affinity keeps: it stores doubles (sqlite.org/datatype3.html)


class Misfit(ValueError):
    """A value that this column cannot take."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How a column's values travel.

    plain: Python types that the driver takes as they are.  dump: ours to the driver's (raises Misfit).
    texts: a whole column of ours, without blanks, as texts that the database reads; raises to be done one by one.
    load: the driver's to ours, None if they are ours already.  ready: the driver's types that need no load.
    copies: PostgreSQL's own name of the type.  exact: what is dumped is what is stored.
    same: what is loaded equals what was sent (an id "012" comes back as "12").
    """

    type: FieldType
    plain: frozenset[Any]
    dump: Convert
    load: Convert | None = None
    copies: str | None = None
    length: int | None = None
    bytes_length: int | None = None
    scale: int | None = None
    options: tuple[str, ...] = ()
    ready: frozenset[Any] = frozenset()
    exact: bool = True
    same: bool = True
    texts: Callable[[Sequence[Any]], Sequence[str]] | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def load_column(kind: Kind, column: Sequence[Any]) -> Sequence[Value]:
    """The driver's values as ours."""
    load = kind.load
    if load is None or (kind.ready and kind.ready.issuperset(set(map(type, column)))):
        return column
    return [None if v is None else load(v) for v in column]


def stored_as_dumped(kind: Kind, column: Sequence[Any]) -> bool:
    """Whether the database surely keeps these dumped values as they are: no rounding, no cutting of blanks."""
    if not kind.exact:
        return False
    if kind.length is not None:
        return all(v is None or len(v) <= kind.length for v in column)
    if kind.type in (FieldType.DECIMAL, FieldType.MONEY) and kind.scale and "unrounded" not in kind.facts:
        return all(v is None or (type(v) is Decimal and _places(v) <= kind.scale) for v in column)
    return True


def _places(value: Decimal) -> float:
    exponent = value.as_tuple()[2]
    return -exponent if isinstance(exponent, int) else float("inf")


def dump_column(kind: Kind, column: Sequence[Value], *, texts: bool) -> tuple[Sequence[Any], list[int]]:
    """Our values as the driver's, and the places of those that do not fit (None stands there).

    `texts`: the database may be handed text where that is faster.
    """
    types = set(map(type, column))
    if kind.plain.issuperset(types):
        return column, []
    if texts and kind.texts is not None:
        with suppress(ValueError, TypeError, AttributeError, LookupError, ArithmeticError):
            return _around_blanks(kind.texts, column) if _NONE in types else kind.texts(column), []
    dump = kind.dump
    try:
        return [None if v is None else dump(v) for v in column], []
    except Misfit:
        return _dump_with_gaps(dump, column)


def _around_blanks(texts: Callable[[Sequence[Any]], Sequence[str]], column: Sequence[Value]) -> list[str | None]:
    full = iter(texts([v for v in column if v is not None]))
    return [None if v is None else next(full) for v in column]


def _dump_with_gaps(dump: Convert, column: Sequence[Value]) -> tuple[list[Any], list[int]]:
    out: list[Any] = []
    bad: list[int] = []
    for place, value in enumerate(column):
        try:
            out.append(None if value is None else dump(value))
        except Misfit:
            out.append(None)
            bad.append(place)
    return out, bad


# --------------------------------------------------------------------- our side out


def _text(value: Value) -> str:
    if isinstance(value, str):
        return value
    raise Misfit


def _whole(value: Value) -> int:
    if isinstance(value, bool):
        raise Misfit
    if isinstance(value, int):
        return value
    if isinstance(value, Decimal) and value.is_finite() and value == value.to_integral_value():
        return int(value)
    raise Misfit


def _number(value: Value) -> Decimal:
    if isinstance(value, Decimal) and value.is_finite():
        return value
    return Decimal(_whole(value))


def _double(value: Value) -> float:
    return float(_number(value))


def _short_number(value: Value) -> str:
    text = format(_number(value), "f")
    if len(text) > _DOUBLE_DIGITS and len(text.lstrip("-0.").replace(".", "")) > _DOUBLE_DIGITS:
        raise Misfit
    return text


def _short_numbers(column: Sequence[Value]) -> list[str]:
    texts = list(map(str, column))
    if set(map(type, column)) != {Decimal} or "".join(texts).strip("0123456789.-"):
        raise ValueError
    if max(map(len, texts), default=0) > _DOUBLE_DIGITS:
        raise ValueError
    return texts


def _truth(value: Value) -> bool:
    if isinstance(value, bool):
        return value
    raise Misfit


def _day(value: Value) -> date:
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    raise Misfit


def _moment(value: Value) -> datetime:
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    raise Misfit


def _digits(value: Value) -> int:
    """An id or reference: text to us, a whole number to the database."""
    if isinstance(value, str):
        try:
            return int(value)
        except ValueError as error:
            raise Misfit from error
    return _whole(value)


def _uuid(value: Value) -> UUID:
    try:
        return UUID(_text(value))
    except ValueError as error:
        raise Misfit from error


# ---------------------------------------------------------------------- their side in


def _exact(value: Any) -> Decimal:
    """A double as the shortest decimal that means it."""
    return Decimal(repr(value)) if isinstance(value, float) else Decimal(str(value))


def _or_text(convert: Convert) -> Convert:
    """What cannot be converted arrives as text: the mapping then names record and field, and the others go on."""

    def careful(value: Any) -> Any:
        try:
            return convert(value)
        except (ValueError, TypeError, ArithmeticError):
            return str(value)

    return careful


def _read_day(value: Any) -> date:
    return value.date() if isinstance(value, datetime) else value if isinstance(value, date) else _iso_day(str(value))


def _iso_day(text: str) -> date:
    return date.fromisoformat(text[:10])


def _stringify(value: Any) -> str:
    if isinstance(value, time):
        return value.isoformat()
    if isinstance(value, bytes):
        return value.decode(errors="replace")
    return value if isinstance(value, str) else str(value)


def _json(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)


def kind_of(kind: TypeEngine[Any], dialect: str, zone: ZoneInfo) -> Kind | None:
    """The kind of a reflected column type, None for what cannot be mapped (binary, arrays, geometry)."""
    return _texts(kind, dialect) or _numbers(kind, dialect) or _times(kind, dialect, zone)


def _texts(kind: TypeEngine[Any], dialect: str) -> Kind | None:
    plain = frozenset({str, _NONE})
    pg = dialect == "postgresql"
    if isinstance(kind, mysql.SET):
        return Kind(FieldType.TEXT, plain, _text, lambda v: v if isinstance(v, str) else ",".join(sorted(v)))
    if isinstance(kind, sa.Enum):
        return Kind(FieldType.CODE, plain, _text, options=tuple(kind.enums))
    if isinstance(kind, sa.Uuid):
        dump: Convert = _uuid if pg else _text
        return Kind(FieldType.CODE, plain - {str} if pg else plain, dump, str, "uuid" if pg else None, same=False)
    if isinstance(kind, sa.JSON):
        return Kind(FieldType.TEXT, plain, _text, _json, exact=False)
    if isinstance(kind, sa.String):
        length = kind.length
        cut = isinstance(kind, sa.CHAR) and dialect in ("postgresql", "mssql", "oracle")
        bytes_length = (
            {"TINYTEXT": 255, "TEXT": 65_535}.get(type(kind).__name__) if dialect in ("mysql", "mariadb") else None
        )
        load: Convert | None = (lambda v: v.rstrip(" ")) if cut else _stringify if dialect == "sqlite" else None
        return Kind(
            FieldType.TEXT,
            plain,
            _text,
            load,
            ("varchar" if length else "text") if pg and not cut else None,
            None if bytes_length else length,
            bytes_length,
            ready=frozenset() if cut else plain,
            exact=not cut,
        )
    if isinstance(kind, sa.Time | sa.Interval | postgresql.INTERVAL | postgresql.INET | postgresql.CIDR):
        return Kind(FieldType.TEXT, plain, _text, _stringify, exact=False)
    if dialect == "sqlite" and isinstance(kind, sa.types.NullType):
        return Kind(FieldType.TEXT, plain, _text, _stringify)
    return None


def _numbers(kind: TypeEngine[Any], dialect: str) -> Kind | None:
    pg = dialect == "postgresql"
    if _is_truth(kind):
        load: Convert | None = None if pg else (lambda v: v not in (0, b"\x00", "0", "f", "false"))
        return Kind(FieldType.BOOLEAN, frozenset({bool, _NONE}), _truth, load, "bool" if pg else None)
    if isinstance(kind, sa.Integer):
        names = {"SMALLINT": "int2", "BIGINT": "int8"}
        copies = names.get(type(kind).__name__, "int4") if pg else None
        return Kind(FieldType.DECIMAL, frozenset({int, _NONE}), _whole, None, copies, scale=0)
    if isinstance(kind, sa.Float):
        copies = ("float4" if type(kind).__name__ == "REAL" else "float8") if pg else None
        return Kind(FieldType.DECIMAL, frozenset({_NONE}), _double, _exact, copies, exact=False)
    if isinstance(kind, mssql.MONEY | mssql.SMALLMONEY):
        return Kind(FieldType.MONEY, frozenset({Decimal, _NONE}), _number, scale=4)
    if isinstance(kind, sa.Numeric):
        return _numeric(kind, dialect)
    return None


def _numeric(kind: sa.Numeric[Any], dialect: str) -> Kind:
    scale = kind.scale if kind.precision is not None else None
    if dialect == "sqlite":
        return Kind(
            FieldType.DECIMAL,
            frozenset({_NONE}),
            _short_number,
            _or_text(_exact),
            scale=scale,
            texts=_short_numbers,
            facts={"unrounded": True},
        )
    copies = "numeric" if dialect == "postgresql" else None
    return Kind(FieldType.DECIMAL, frozenset({Decimal, _NONE}), _number, None, copies, scale=scale)


def _is_truth(kind: TypeEngine[Any]) -> bool:
    if isinstance(kind, mysql.TINYINT):
        return kind.display_width == 1
    if isinstance(kind, mysql.BIT):
        return kind.length in (None, 1)
    return isinstance(kind, sa.Boolean | mssql.BIT)


def _times(kind: TypeEngine[Any], dialect: str, zone: ZoneInfo) -> Kind | None:
    if isinstance(kind, mssql.TIMESTAMP):  # a row version, no time
        return None
    if isinstance(kind, sa.DateTime) or (dialect == "oracle" and isinstance(kind, oracle_types.DATE)):
        return _instants(kind, dialect, zone)
    if isinstance(kind, sa.Date):
        if dialect == "sqlite":
            return Kind(FieldType.DATE, frozenset({_NONE}), lambda v: _day(v).isoformat(), _or_text(_read_day))
        load = _zero_as_none(_read_day) if dialect in ("mysql", "mariadb") else None
        return Kind(FieldType.DATE, frozenset({date, _NONE}), _day, load, "date" if dialect == "postgresql" else None)
    return None


def _instants(kind: TypeEngine[Any], dialect: str, zone: ZoneInfo) -> Kind:
    if isinstance(kind, mysql.TIMESTAMP):  # kept in UTC by the server, and so is our session
        zone = ZoneInfo("UTC")
    local: Any = UTC if zone.key == "UTC" else zone
    if getattr(kind, "timezone", False):
        copies = "timestamptz" if dialect == "postgresql" else None
        return Kind(FieldType.INSTANT, frozenset({_NONE}), _moment, None, copies, facts={"zone": None})

    def write(value: Value) -> Any:
        naive = _moment(value).astimezone(local).replace(tzinfo=None)
        return naive.isoformat(sep=" ") if dialect == "sqlite" else naive

    def read(value: Any) -> datetime:
        if type(value) is str and local is UTC and len(value) in (19, 26):  # the common case, in one step
            return datetime.fromisoformat(value + "Z")
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        return moment.replace(tzinfo=local) if moment.tzinfo is None else moment

    load = {"sqlite": _or_text(read), "mysql": _zero_as_none(read), "mariadb": _zero_as_none(read)}.get(dialect, read)
    copies = "timestamp" if dialect == "postgresql" else None
    hours = Hours(UTC, local, between=" ")

    def texts(column: Sequence[Any]) -> list[str]:
        if {at.tzinfo for at in column} != {UTC}:
            raise ValueError
        return [hours[said[:13]] + said[13:-6] for said in map(datetime.isoformat, column)]

    plain, exact = frozenset({_NONE}), not has_summer_time(local)
    return Kind(FieldType.INSTANT, plain, write, load, copies, exact=exact, texts=texts, facts={"zone": local})


def _zero_as_none(read: Convert) -> Convert:
    """MySQL's 0000-00-00 is no date; the driver hands it over as text."""
    careful = _or_text(read)
    return lambda v: None if isinstance(v, str) and v.startswith("0000-00-00") else careful(v)


def as_reference(kind: Kind) -> Kind:
    """The kind of a key column: ids are text to us, whatever the database holds."""
    none = frozenset({_NONE})
    if kind.type is FieldType.DECIMAL and kind.scale in (0, None):
        load = str if kind.plain == frozenset({int, _NONE}) else lambda v: str(int(v))
        return Kind(FieldType.CODE, none, _digits, load, kind.copies, same=False)
    if kind.type is FieldType.DECIMAL:
        return Kind(FieldType.CODE, none, _decimal_id, str, kind.copies, exact=False)
    if kind.type in (FieldType.DATE, FieldType.INSTANT):
        return Kind(FieldType.CODE, none, _from_iso(kind), _to_iso(kind), kind.copies, exact=False)
    return replace(kind, type=FieldType.CODE)


def _from_iso(kind: Kind) -> Convert:
    read = date.fromisoformat if kind.type is FieldType.DATE else datetime.fromisoformat

    def dump(value: Value) -> Any:
        try:
            return kind.dump(read(_text(value)))
        except ValueError as error:
            raise Misfit from error

    return dump


def _to_iso(kind: Kind) -> Convert:
    def load(value: Any) -> str:
        ours = kind.load(value) if kind.load else value
        return str(ours) if isinstance(ours, str) else str(ours.isoformat())

    return load


def _decimal_id(value: Value) -> Decimal:
    try:
        return Decimal(value)
    except (ArithmeticError, TypeError, ValueError) as error:
        raise Misfit from error


def has_summer_time(zone: Any) -> bool:
    """Whether local times of that zone repeat once a year."""
    if zone is None or zone is UTC:
        return False
    offsets = {datetime(2026, month, 1, tzinfo=zone).utcoffset() for month in range(1, 13)}
    return len(offsets) > 1


HOUR = timedelta(hours=1)
