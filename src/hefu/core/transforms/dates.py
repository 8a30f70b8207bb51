"""Transforms of dates and instants: other notations, zones, seconds since 1970."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any, ClassVar, Literal, Self

from pydantic import Field, field_validator

from hefu.core.env import instant as parse_instant
from hefu.core.env import stamp
from hefu.core.errors import Rejected, Unsupported
from hefu.core.moments import MINUTES, Cell, Column, Hours, Memo, moment, zone_of
from hefu.core.records import FieldType, Normal
from hefu.core.transforms._step import Back, Kind, Sample, Step, listed
from hefu.core.values import decimal_text, normal, number

_PARTS = {
    "yyyy": ("year", 4, 4),
    "yy": ("short_year", 2, 2),
    "MM": ("month", 2, 2),
    "M": ("month", 1, 2),
    "dd": ("day", 2, 2),
    "d": ("day", 1, 2),
    "HH": ("hour", 2, 2),
    "H": ("hour", 1, 2),
    "hh": ("hour12", 2, 2),
    "h": ("hour12", 1, 2),
    "mm": ("minute", 2, 2),
    "m": ("minute", 1, 2),
    "ss": ("second", 2, 2),
    "s": ("second", 1, 2),
    "SSSSSS": ("micro", 6, 6),
    "SSS": ("milli", 3, 3),
    "a": ("half", 0, 0),
}
_PIECE = re.compile(r"'([^']*)'|(y+|M+|d+|H+|h+|m+|s+|S+|a)|([^'a-zA-Z]+)")


class Format:
    """A date notation like "yyyy-MM-dd HH:mm:ss" or "yyyy年M月d日" (letters as in Unicode LDML and Excel).

    Other letters stand in single quotes: "yyyy-MM-dd'T'HH:mm". Raises ValueError for a letter that means nothing.
    """

    def __init__(self, pattern: str) -> None:
        at, regex, self._writers = 0, "", list[Callable[[datetime], str]]()
        for piece in _PIECE.finditer(pattern):
            if piece.start() != at:
                break
            at = piece.end()
            regex += self._piece(piece)
        if at != len(pattern) or not pattern:
            raise ValueError(f"'{pattern[at:]}' is no date notation; use yyyy MM dd HH mm ss, and quote other letters")
        try:
            self._regex = re.compile(regex)
        except re.error as error:
            raise ValueError("a part of the date occurs twice") from error
        if "?P<year>" not in regex and "?P<short_year>" not in regex:
            raise ValueError("the year is missing")

    def _piece(self, piece: re.Match[str]) -> str:
        quoted, letters, other = piece.groups()
        if letters is None:
            literal = quoted if quoted is not None else other
            self._writers.append(lambda _, said=literal: said)  # type: ignore[misc]
            return re.escape(literal)
        if letters not in _PARTS:
            raise ValueError(f"'{letters}' is no part of a date; use yyyy MM dd HH mm ss SSS")
        name, least, most = _PARTS[letters]
        self._writers.append(_writer(name, least))
        if name == "half":
            return "(?P<half>AM|PM|am|pm|上午|下午)"
        return rf"(?P<{name}>\d{{{least},{most}}})"

    def read(self, said: str) -> datetime:
        """The naive datetime that the text means. Raises Rejected."""
        found = self._regex.fullmatch(said)
        if found is None:
            raise Rejected("value.date", value=said[:60])
        part = found.groupdict()
        year = int(part["year"]) if part.get("year") else 2000 + int(part["short_year"])
        hour = int(part.get("hour") or 0)
        if part.get("hour12"):
            hour = int(part["hour12"]) % 12 + (12 if part.get("half") in ("PM", "pm", "下午") else 0)
        micro = int(part["micro"]) if part.get("micro") else int(part.get("milli") or 0) * 1000
        rest = (int(part.get("minute") or 0), int(part.get("second") or 0), micro)
        try:
            return datetime(year, int(part.get("month") or 1), int(part.get("day") or 1), hour, *rest)  # noqa: DTZ001
        except ValueError as error:
            raise Rejected("value.date", value=said[:60]) from error

    def write(self, at: datetime) -> str:
        """The text of a datetime in this notation."""
        return "".join(writer(at) for writer in self._writers)


def _writer(name: str, width: int) -> Callable[[datetime], str]:
    takes: dict[str, Callable[[datetime], Any]] = {
        "year": lambda at: at.year,
        "short_year": lambda at: at.year % 100,
        "hour12": lambda at: at.hour % 12 or 12,
        "micro": lambda at: at.microsecond,
        "milli": lambda at: at.microsecond // 1000,
    }
    if name == "half":
        return lambda at: "AM" if at.hour < 12 else "PM"
    take = takes.get(name) or (lambda at: getattr(at, name))
    return lambda at: f"{take(at):0{width}d}"


@lru_cache(maxsize=256)
def notation(pattern: str) -> Format:
    """The notation of that pattern. Raises ValueError."""
    return Format(pattern)


def _checked(pattern: str) -> str:
    notation(pattern)
    return pattern


@listed
class Date(Step):
    name = "date"
    gives: ClassVar[Kind] = "date"
    en = "Read a date in another notation; written back in it. A time of day behind it must be midnight."
    zh = "按指定格式读取日期；写回时用同一格式。若带时刻必须为零点。"
    samples = (
        Sample({"format": "yyyy/M/d"}, "2026/1/31", "2026-01-31"),
        Sample({"format": "yyyy年MM月dd日"}, "2026年01月31日", "2026-01-31"),
        Sample({"format": "yyyyMMdd"}, "20260230", None, "value.date"),
    )
    format: str = Field(description="yyyy, MM, dd, HH, mm, ss; other letters in single quotes")

    _check = field_validator("format")(_checked)

    def way_back(self) -> Back:
        return "exact"

    def forward(self, value: Normal, *others: Normal) -> Normal:
        at = notation(self.format).read(value)
        return str(normal(at, FieldType.DATE))

    def back(self, value: Normal) -> Normal:
        day = date.fromisoformat(str(normal(value, FieldType.DATE)))
        return notation(self.format).write(datetime(day.year, day.month, day.day))  # noqa: DTZ001 - a day has no zone

    def forward_column(self) -> Column | None:
        return _remembering(self.forward)

    def back_column(self) -> Column | None:
        return _remembering(self.back)


def _remembering(cell: Cell) -> Column:
    """A column of few different values."""
    memo = Memo(cell)
    return lambda column: [memo[value] for value in column]


class _Zoned(Step):
    zone: str | None = Field(None, description="IANA time zone, e.g. Asia/Shanghai; default: the connection's")

    def bind(self, zone: str) -> Self:
        return self if self.zone else self.model_copy(update={"zone": zone})

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str | None) -> str | None:
        try:
            zone_of(zone or "UTC")
        except Unsupported as error:
            raise ValueError(f"'{zone}' is no time zone") from error
        return zone


@listed
class Instant(_Zoned):
    name = "instant"
    gives: ClassVar[Kind] = "instant"
    en = "Read a time in another notation and zone; written back in them."
    zh = "按指定格式和时区读取时间；写回时用同样的格式和时区。"
    samples = (
        Sample(
            {"format": "yyyy/MM/dd HH:mm:ss", "zone": "Asia/Shanghai"}, "2026/01/31 08:00:00", "2026-01-31T00:00:00Z"
        ),
        Sample({"format": "d.M.yyyy H:mm", "zone": "UTC"}, "1.2.2026 9:05", "2026-02-01T09:05:00Z"),
    )
    format: str = Field(description="yyyy, MM, dd, HH, mm, ss, SSS; other letters in single quotes")

    _check = field_validator("format")(_checked)

    def way_back(self) -> Back:
        return "exact"

    def forward(self, value: Normal, *others: Normal) -> Normal:
        return stamp(notation(self.format).read(value).replace(tzinfo=zone_of(self.zone or "UTC")))

    def forward_column(self) -> Column | None:
        if self.format not in _ISO_LIKE:
            return None
        hours = Hours(zone_of(self.zone or "UTC"), UTC, reads=self.format[4], behind=" ")
        return lambda values: [hours[value[:13]] + MINUTES[value[13:]] for value in values]

    def back(self, value: Normal) -> Normal:
        return notation(self.format).write(moment(value, UTC).astimezone(zone_of(self.zone or "UTC")))

    def back_column(self) -> Column | None:
        if self.format not in _ISO_LIKE:
            return None
        hours = Hours(UTC, zone_of(self.zone or "UTC"), writes=self.format[4], between=" ")

        def column(values: list[Any]) -> list[Any]:
            if any(len(value) != 20 for value in values):
                raise ValueError
            return [hours[value[:13]] + value[13:19] for value in values]

        return column


_ISO_LIKE = {"yyyy-MM-dd HH:mm:ss", "yyyy/MM/dd HH:mm:ss", "yyyy.MM.dd HH:mm:ss"}


@listed
class Day(_Zoned):
    name = "day"
    takes: ClassVar[Kind] = "instant"
    gives: ClassVar[Kind] = "date"
    en = "The calendar day of an instant in a zone."
    zh = "取时间在某时区的日期。"
    samples = (Sample({"zone": "Asia/Shanghai"}, "2026-01-30T16:30:00Z", "2026-01-31"),)

    def way_back(self) -> Back:
        return "no"

    def forward(self, value: Normal, *others: Normal) -> Normal:
        zone = zone_of(self.zone or "UTC")
        return moment(value, zone).astimezone(zone).date().isoformat()


@listed
class Midnight(_Zoned):
    name = "midnight"
    takes: ClassVar[Kind] = "date"
    gives: ClassVar[Kind] = "instant"
    en = "The instant at which a day begins in a zone; written back as the day."
    zh = "某日在某时区零点的时间；写回为日期。"
    samples = (Sample({"zone": "Asia/Shanghai"}, "2026-01-31", "2026-01-30T16:00:00Z"),)

    def way_back(self) -> Back:
        return "exact"

    def forward(self, value: Normal, *others: Normal) -> Normal:
        day = date.fromisoformat(str(normal(value, FieldType.DATE)))
        return stamp(datetime(day.year, day.month, day.day, tzinfo=zone_of(self.zone or "UTC")))

    def back(self, value: Normal) -> Normal:
        zone = zone_of(self.zone or "UTC")
        return moment(value, zone).astimezone(zone).date().isoformat()


_START = datetime(1970, 1, 1, tzinfo=UTC)


@listed
class Epoch(Step):
    name = "epoch"
    takes: ClassVar[Kind] = "number"
    gives: ClassVar[Kind] = "instant"
    en = "Seconds or milliseconds since 1970 as an instant; written back as such a number."
    zh = "把 1970 年以来的秒数或毫秒数读作时间；写回为同样的数字。"
    samples = (Sample({"unit": "ms"}, "1767225600000", "2026-01-01T00:00:00Z"), Sample({}, "0", "1970-01-01T00:00:00Z"))
    unit: Literal["s", "ms"] = Field("s", description="s (seconds) or ms (milliseconds)")

    def way_back(self) -> Back:
        return "exact"

    def forward(self, value: Normal, *others: Normal) -> Normal:
        micros = number(value) * (1_000_000 if self.unit == "s" else 1000)
        try:
            return stamp(_START + timedelta(microseconds=int(micros)))
        except OverflowError as error:
            raise Rejected("value.instant", value=str(value)[:60]) from error

    def back(self, value: Normal) -> Normal:
        since = parse_instant(stamp(moment(value, UTC))) - _START
        micros = (since.days * 86400 + since.seconds) * 1_000_000 + since.microseconds
        return decimal_text(Decimal(micros) / (1_000_000 if self.unit == "s" else 1000))
