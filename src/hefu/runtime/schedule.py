"""Reads a schedule, cron text or an interval, once for all engines: each accepts the same and knows the next
time.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_NAMES = {4: {n: i + 1 for i, n in enumerate(_MONTHS)}, 5: {n: i for i, n in enumerate(_WEEKDAYS)}}
_RANGES = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (0, 7))
_FIELDS = ("second", "minute", "hour", "day", "month", "weekday")
_UNITS = {"s": (60, "*/{n} * * * * *"), "m": (60, "0 */{n} * * * *"), "h": (24, "0 0 */{n} * * *")}
_HORIZON = timedelta(days=366 * 8 + 1)  # a 29 February may be eight years away


@dataclass(frozen=True, slots=True)
class Schedule:
    """A parsed schedule: the allowed values of each field, in ascending order."""

    cron: str  # six fields, second first: what engines are given
    seconds: tuple[int, ...]
    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]  # 0 is Sunday
    either_day: bool  # both day fields restricted: cron means "or"

    def next_after(self, time: datetime, zone: tzinfo = UTC) -> datetime:
        """The first instant strictly after `time` (aware) that matches in `zone`, as UTC.

        A wall-clock time that a zone skips in spring counts as one hour later, as the standard library reads
        it.
        """
        local = time.astimezone(zone).replace(tzinfo=None)
        start = local.replace(microsecond=0) + timedelta(seconds=1)
        day, end = start.date(), (start + _HORIZON).date()
        while day <= end:
            if self._matches(day.day, day.month, day.isoweekday() % 7):
                floor = (start.hour, start.minute, start.second) if day == start.date() else (0, 0, 0)
                found = self._time_from(floor)
                if found is not None:
                    wall = datetime(day.year, day.month, day.day, *found, tzinfo=zone)
                    if wall.astimezone(UTC) > time:
                        return wall.astimezone(UTC)
                    # The hour that autumn repeats lies behind us on the clock's second pass: step over it.
                    start = wall.replace(tzinfo=None) + timedelta(seconds=1)
                    day = start.date()
                    continue
            day += timedelta(days=1)
        raise ValueError(f"schedule {self.cron!r} never comes")

    def _matches(self, day: int, month: int, weekday: int) -> bool:
        if month not in self.months:
            return False
        in_day, in_week = day in self.days, weekday in self.weekdays
        return in_day or in_week if self.either_day else in_day and in_week

    def _time_from(self, floor: tuple[int, int, int]) -> tuple[int, int, int] | None:
        for hour in (h for h in self.hours if h >= floor[0]):
            for minute in (m for m in self.minutes if (hour, m) >= floor[:2]):
                for second in self.seconds:
                    if (hour, minute, second) >= floor:
                        return hour, minute, second
        return None


def parse(text: str) -> Schedule:
    """Read cron text of 5 or 6 fields (second first), or an interval: "30s", "5m", "2h", "1d".

    A field is `*`, a number, `a-b`, any of these with `/step`, or a comma-separated list; months and weekdays
    also by three-letter English name; weekday 0 and 7 are Sunday. When day and weekday are both restricted
    either suffices, as in cron. An interval starts at the top of its larger unit and must divide it, so that
    all workers mean the same instants. Raises ValueError with the reason, also for a date that never comes
    (30 February).
    """
    cron = _interval(text) or text
    fields = cron.lower().split()
    if len(fields) == 5:
        fields = ["0", *fields]
    if len(fields) != 6:
        raise ValueError(f"schedule {text!r}: cron of 5 or 6 fields, or an interval such as 30s, 5m, 2h, 1d")
    sets = [_field(index, field) for index, field in enumerate(fields)]
    weekdays = frozenset(day % 7 for day in sets[5])
    schedule = Schedule(
        " ".join(fields),
        tuple(sorted(sets[0])),
        tuple(sorted(sets[1])),
        tuple(sorted(sets[2])),
        sets[3],
        sets[4],
        weekdays,
        either_day=not _free(fields[3], len(sets[3]) == 31, fields[5])
        and not _free(fields[5], len(weekdays) == 7, fields[3]),
    )
    schedule.next_after(datetime(2000, 1, 1, tzinfo=UTC))
    return schedule


def _interval(text: str) -> str | None:
    found = re.fullmatch(r"\s*(\d+)\s*([smhd])\s*", text)
    if found is None:
        return None
    count, unit = int(found[1]), found[2]
    if unit == "d":
        if count == 1:
            return "0 0 0 * * *"
        raise ValueError(f"interval {text!r}: of days only 1d; use cron for others")
    whole, pattern = _UNITS[unit]
    if count == 0 or whole % count:
        allowed = ", ".join(f"{n}{unit}" for n in range(1, whole) if whole % n == 0)
        raise ValueError(f"interval {text!r} does not divide {whole}{unit}; possible: {allowed}")
    if count == whole:
        return {"s": "0 * * * * *", "m": "0 0 * * * *", "h": "0 0 0 * * *"}[unit]
    return pattern.format(n=count)


def _free(text: str, full: bool, other: str) -> bool:
    """Whether a day field says nothing. The readers of cron differ; this is how the one in dbos decides."""
    return text == "*" or (full and "*" in other)


def _field(index: int, text: str) -> frozenset[int]:
    low, high = _RANGES[index]
    values: set[int] = set()
    for part in text.split(","):
        found = re.fullmatch(r"(?:(\*)|(\w+)(?:-(\w+))?)(?:/(\d+))?", part)
        if found is None:
            raise ValueError(f"schedule: {_FIELDS[index]} {part!r} is not *, n, a-b or these with /step")
        star, first, last, step = found.groups()
        begin = low if star else _number(index, first)
        end = high if star or (step and last is None) else _number(index, last or first)
        if star and index == 5:
            end = 6  # 7 is Sunday again; counted from * it would shift every step
        # A range of one value means the whole circle to dbos's reader, so we do not take it.
        if not (low <= begin <= end <= high) or step == "0" or (last and begin == end):
            raise ValueError(f"schedule: {_FIELDS[index]} {part!r} leaves {low}-{high} or runs backwards")
        values.update(range(begin, end + 1, int(step or 1)))
    return frozenset(values)


def _number(index: int, text: str) -> int:
    named = _NAMES.get(index, {}).get(text)
    if named is not None:
        return named
    if not text.isdecimal():
        raise ValueError(f"schedule: {_FIELDS[index]} {text!r} is not a number")
    return int(text)
