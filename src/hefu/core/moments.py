"""Days and instants: their normal forms, and how whole columns of them are brought to it fast."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hefu.core.env import stamp
from hefu.core.errors import Rejected, Unsupported
from hefu.core.records import Normal, Value

Cell = Callable[[Value], Normal]
Column = Callable[[list[Value]], list[Normal]]

_DATE = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[T ]00:00(?::00(?:\.0+)?)?)?", re.ASCII)
_INSTANT = re.compile(
    r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)? ?(?:Z|[+-]\d{2}:?\d{2}(?::\d{2})?)?", re.ASCII
)


def short(value: object) -> str:
    """A value as an error may show it: at most 60 characters."""
    shown = str(value)
    return shown if len(shown) <= 60 else shown[:59] + "…"


def zone_of(name: str) -> tzinfo:
    """The time zone of that IANA name. Raises Unsupported."""
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise Unsupported("mapping.zone", zone=name) from error


def day_text(value: Value) -> str:
    """A day from a date, a datetime at midnight or ISO text. Raises Rejected."""
    if isinstance(value, datetime):
        if value.time() != time(0):
            raise Rejected("value.date_time", value=value.isoformat())
        return value.date().isoformat()
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, str):
        found = _DATE.fullmatch(value.strip())
        if found:
            try:
                return date.fromisoformat(found[1]).isoformat()
            except ValueError:
                pass
    raise Rejected("value.date", value=short(value))


def date_column(column: list[Value]) -> list[Normal]:
    """Whole columns of dates; anything else raises."""
    if set(map(type, column)) == {date}:
        return [day.isoformat() for day in column]
    raise TypeError


def moment(value: Value, zone: tzinfo) -> datetime:
    """An aware datetime from a datetime or ISO text; one without a zone is taken in `zone`. Raises Rejected."""
    if isinstance(value, str):
        found = value.strip()
        if not _INSTANT.fullmatch(found):
            raise Rejected("value.instant", value=short(value))
        try:
            value = datetime.fromisoformat(found.replace(",", ".").replace("Z", "+00:00"))
        except ValueError as error:
            raise Rejected("value.instant", value=short(found)) from error
    if not isinstance(value, datetime):
        raise Rejected("value.instant", value=short(value))
    return value.replace(tzinfo=zone) if value.tzinfo is None else value


def instant_text(zone: tzinfo) -> Cell:
    """How a datetime or ISO text becomes an instant; one without a zone is taken in `zone`."""

    def cell(value: Value) -> str:
        if isinstance(value, str) and value[-1:] == "Z" and len(value) == 20:
            fixed = value.replace("T", " ", 1)
            if _INSTANT.fullmatch(fixed) and value[10] == "T":
                return stamp(moment(value, UTC))
        try:
            return stamp(moment(value, zone))
        except OverflowError as error:
            raise Rejected("value.instant", value=short(value)) from error

    return cell


class Memo(dict[Any, Any]):
    """What a function makes of values that come again and again, such as days and codes; forgets when it is full."""

    LIMIT = 100_000

    def __init__(self, cell: Cell) -> None:
        super().__init__()
        self.cell = cell

    def __missing__(self, value: Any) -> Any:
        made = self.cell(value)
        if len(self) >= self.LIMIT:
            self.clear()
        self[value] = made
        return made


class Hours(dict[str, str]):
    """The hour of one zone -> the same hour of another, as text: "2026-01-31 08" -> "2026-01-31T00".

    `reads` and `writes` stand between the parts of a day, `behind` (one of these) and `between` behind it.
    Times repeat their hours, so a table of hours turns a text of 19 characters into the other zone for the price of
    a look-up. Hours in which the offset changes, or is no whole number of hours, are refused (KeyError).
    """

    LIMIT = 100_000

    def __init__(
        self,
        source: tzinfo,
        target: tzinfo,
        *,
        reads: str = "-",
        writes: str = "-",
        between: str = "T",
        behind: str = "T ",
    ) -> None:
        super().__init__()
        self.source, self.target = source, target
        self.reads, self.writes, self.between, self.behind = reads, writes, between, behind

    def __missing__(self, hour: str) -> str:
        if len(hour) != 13 or not hour.isascii() or hour[10] not in self.behind or hour[4] + hour[7] != self.reads * 2:
            raise KeyError(hour)
        start = datetime.fromisoformat(f"{hour[:4]}-{hour[5:7]}-{hour[8:10]}T{hour[11:]}:00:00")
        first, last = (
            at.replace(tzinfo=self.source).astimezone(self.target)
            for at in (start, start.replace(minute=59, second=59))
        )
        if first.minute or last - first != timedelta(minutes=59, seconds=59) or last.hour != first.hour:
            raise KeyError(hour)
        if len(self) >= self.LIMIT:
            self.clear()
        day = first.date().isoformat().replace("-", self.writes)
        found = self[hour] = f"{day}{self.between}{first.hour:02d}"
        return found


MINUTES = {
    f":{minute:02d}:{second:02d}": f":{minute:02d}:{second:02d}Z" for minute in range(60) for second in range(60)
}
"""What may stand behind the hour, and the same in a normal instant."""


def instant_column(zone: tzinfo) -> Column:
    """The same over whole columns of one kind; anything odd raises."""
    hours = Hours(zone, UTC)

    def column(values: list[Value]) -> list[Normal]:
        types = set(map(type, values))
        if types == {str}:
            if all(map(_NORMAL_INSTANT, values)):
                list(map(datetime.fromisoformat, values))  # raises for a day that does not exist
                return values
            return [hours[value[:13]] + MINUTES[value[13:]] for value in values]
        if types != {datetime}:
            raise TypeError
        zones = {at.tzinfo for at in values}
        if zones == {None}:
            return [hours[said[:13]] + said[13:] + "Z" for said in (at.isoformat() for at in values)]
        if zones == {UTC}:
            return [at.isoformat()[:-6] + "Z" for at in values]
        return [
            (at.replace(tzinfo=zone) if at.tzinfo is None else at).astimezone(UTC).isoformat()[:-6] + "Z"
            for at in values
        ]

    return column


_NORMAL_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", re.ASCII).fullmatch
