"""The one-threaded engine of the simulator keeps the same promises, under a clock that the test turns."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hefu.runtime.local import LocalWakeups
from hefu.runtime.port import State, Wakeups


class Clock:
    """A clock that stands until turned."""

    def __init__(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def turn(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def wakeups(clock: Clock) -> LocalWakeups:
    return LocalWakeups(clock)


def test_it_is_a_wakeups(wakeups: LocalWakeups) -> None:
    port: Wakeups = wakeups
    port.start({})
    assert port.list() == []


def test_wakes_coalesce_and_run_in_order_of_the_first(wakeups: LocalWakeups) -> None:
    ran: list[str] = []
    wakeups.start({"drain": ran.append})
    for key in "abab":
        wakeups.wake("drain", key)
    assert [job.state for job in wakeups.list()] == [State.QUEUED, State.QUEUED]
    assert wakeups.run_due() == 2
    assert ran == ["a", "b"]
    assert wakeups.run_due() == 0


def test_a_wake_while_running_runs_once_more(wakeups: LocalWakeups) -> None:
    ran: list[State] = []

    def drain(key: str) -> None:
        ran.extend(job.state for job in wakeups.list())
        if len(ran) == 1:
            wakeups.wake("drain", key)
            wakeups.wake("drain", key)

    wakeups.start({"drain": drain})
    wakeups.wake("drain", "a")
    assert wakeups.run_due() == 2
    assert ran == [State.RUNNING, State.RUNNING]


def test_at_and_every_wait_for_the_clock(wakeups: LocalWakeups, clock: Clock) -> None:
    ran: list[str] = []
    wakeups.start({"deadline": ran.append, "sweep": ran.append})
    wakeups.at(clock() + timedelta(seconds=90), "deadline", "d")
    wakeups.every("1m", "sweep", "s")
    assert wakeups.next_due() == clock() + timedelta(seconds=60)
    clock.turn(seconds=59)
    assert wakeups.run_due() == 0
    clock.turn(seconds=1)
    assert wakeups.run_due() == 1
    clock.turn(minutes=10)
    wakeups.run_due()
    assert ran == ["s", "d", "s"], "missed times are not made up"


def test_cancel(wakeups: LocalWakeups, clock: Clock) -> None:
    wakeups.start({"x": lambda key: None})
    ids = [wakeups.at(clock() + timedelta(1), "x", "1"), wakeups.every("1h", "x", "2")]
    wakeups.wake("x", "3/4")
    ids.append(next(job.id for job in wakeups.list() if job.state is State.QUEUED))
    assert [wakeups.cancel(one) for one in ids] == [True] * 3
    assert [wakeups.cancel(one) for one in ids] == [False] * 3
    assert wakeups.next_due() is None


def test_what_wakes_itself_for_ever_is_stopped(wakeups: LocalWakeups) -> None:
    wakeups.start({"x": lambda key: wakeups.wake("x", key)})
    wakeups.wake("x", "1")
    with pytest.raises(RuntimeError, match="next would be"):
        wakeups.run_due(limit=50)


def test_an_error_leaves_the_run_and_keeps_the_rest(wakeups: LocalWakeups) -> None:
    ran: list[str] = []

    def drain(key: str) -> None:
        ran.append(key)
        if key == "bad":
            raise ZeroDivisionError

    wakeups.start({"drain": drain})
    wakeups.wake("drain", "bad")
    wakeups.wake("drain", "good")
    with pytest.raises(ZeroDivisionError):
        wakeups.run_due()
    assert wakeups.run_due() == 1
    assert ran == ["bad", "good"]


def test_a_restart_keeps_what_waits(wakeups: LocalWakeups, clock: Clock) -> None:
    ran: list[str] = []
    wakeups.start({"x": ran.append})
    wakeups.wake("x", "1")
    wakeups.stop()
    with pytest.raises(RuntimeError, match="not started"):
        wakeups.wake("x", "2")
    wakeups.start({"x": ran.append})
    assert wakeups.run_due() == 1
