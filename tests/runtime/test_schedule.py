"""Schedules: what is accepted, and when the next time is, held against the engine's own reader."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from croniter import croniter  # the one dbos reads schedules with

from hefu.runtime.schedule import parse

START = datetime(2026, 2, 27, 23, 58, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "times"),
    [
        ("30s", ["02-27 23:59:00", "02-27 23:59:30"]),
        ("5m", ["02-28 00:00:00", "02-28 00:05:00"]),
        ("60m", ["02-28 00:00:00", "02-28 01:00:00"]),
        ("2h", ["02-28 00:00:00", "02-28 02:00:00"]),
        ("1d", ["02-28 00:00:00", "03-01 00:00:00"]),
        ("*/15 8-10 * * mon-fri", ["03-02 08:00:00", "03-02 08:15:00"]),
        ("0 0 1 * 0", ["03-01 00:00:00", "03-08 00:00:00"]),  # the first, or a Sunday
        ("10,40 0 12 * * *", ["02-28 12:00:10", "02-28 12:00:40"]),
        ("0 9 * * 7", ["03-01 09:00:00", "03-08 09:00:00"]),
    ],
)
def test_the_next_times(text: str, times: list[str]) -> None:
    schedule = parse(text)
    first = schedule.next_after(START)
    second = schedule.next_after(first)
    assert [f"{t:%m-%d %H:%M:%S}" for t in (first, second)] == times


def test_a_zone_decides_what_the_clock_on_the_wall_says() -> None:
    shanghai = ZoneInfo("Asia/Shanghai")
    assert parse("0 9 * * *").next_after(START, shanghai) == datetime(2026, 2, 28, 1, tzinfo=UTC)


def test_a_leap_day_is_found_across_years() -> None:
    assert parse("0 0 29 2 *").next_after(START) == datetime(2028, 2, 29, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        *("", "soon", "7s", "0m", "90s", "2d", "* * * *", "60 * * * *", "* * 0 * *", "0 0 30 2 *"),
        *("5-1 * * * *", "*/0 * * * *", "a * * * *", "1,,2 * * * *", "* * * * 8", "9-9 * * * *"),
    ],
)
def test_what_says_nothing_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"schedule|interval"):
        parse(text)


def test_an_autumn_hour_that_comes_twice_does_not_run_backwards_or_stop() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    time, seen = datetime(2026, 10, 24, 22, tzinfo=UTC), []
    for _ in range(12):
        later = parse("30m").next_after(time, berlin)
        assert later > time
        seen.append(later)
        time = later
    assert seen[-1] < datetime(2026, 10, 25, 8, tzinfo=UTC)


def test_as_the_engine_reads_it() -> None:
    dice = random.Random(7)

    def field(low: int, high: int) -> str:
        a, b = sorted(dice.sample(range(low, high + 1), 2))
        stepped = f"*/{dice.randint(1, 9)}"
        return dice.choice(["*", "*", stepped, str(a), f"{a}-{b}", f"{a},{b}", f"{a}-{b}/2"])

    for _ in range(2000):
        bounds = ((0, 59), (0, 59), (0, 23), (1, 28), (1, 12), (0, 6))
        text = " ".join(field(low, high) for low, high in bounds)
        start = START + timedelta(seconds=dice.randint(0, 10**8))
        theirs = croniter(text, start, second_at_beginning=True).get_next(datetime)
        assert parse(text).next_after(start) == theirs, text
