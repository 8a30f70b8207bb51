"""The call budget on a clock of our own: spacing, quota, what a system says about later, who goes first."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest

from hefu.core.env import Env
from hefu.core.errors import Transient
from hefu.core.project import Limits
from hefu.net import Egress, LocalBudget, targets_in
from hefu.net.budget import Gate, Pace, Turn
from hefu.net.egress import retry_after
from loopback import talking

NOON = datetime(2026, 3, 1, 4, 0, tzinfo=UTC)  # in Shanghai


class Clock(Env):
    """Time that passes only by sleeping."""

    def __init__(self, start: datetime = NOON) -> None:
        super().__init__()
        self.at = start

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)

    def random(self) -> float:
        return 0.5


def pace(clock: Env, **limits: object) -> Pace:
    return Pace(clock, Limits.model_validate(limits), "Asia/Shanghai", LocalBudget(), "erp")


def run(turn: Pace, calls: int, urgent: bool = False) -> list[datetime]:
    started = []
    for _ in range(calls):
        started.append(turn.enter(urgent, 30).at)
        turn.leave()
    return started


def test_calls_are_spaced_by_the_clock() -> None:
    clock = Clock()
    started = run(pace(clock, calls_per_second=Decimal(10)), 101)
    gaps = {round((b - a).total_seconds(), 3) for a, b in pairwise(started)}
    assert gaps == {0.103}
    assert (started[-1] - started[0]).total_seconds() == pytest.approx(10.3, rel=0.01)


def test_rest_does_not_save_up_a_burst() -> None:
    clock = Clock()
    turn = pace(clock, calls_per_second=Decimal(2))
    run(turn, 3)
    clock.sleep(3600)
    started = run(turn, 3)
    assert (started[-1] - started[0]).total_seconds() == pytest.approx(1, rel=0.04)


class Rationed(LocalBudget):
    """A shared budget that costs a round trip, so calls are taken five at a time."""

    block = 5

    def __init__(self) -> None:
        super().__init__()
        self.asked = 0

    def take(self, *how: object) -> object:  # type: ignore[override]
        self.asked += 1
        return super().take(*how)  # type: ignore[arg-type]


def test_two_workers_share_one_budget_in_blocks() -> None:
    clock, shared = Clock(), Rationed()
    limits = Limits(calls_per_second=Decimal(10))
    one, two = (Pace(clock, limits, "Asia/Shanghai", shared, "erp") for _ in range(2))
    started = [moment for _ in range(10) for turn in (one, two) for moment in run(turn, 5)]
    assert {round((b - a).total_seconds(), 3) for a, b in pairwise(started)} == {0.103}
    assert shared.asked == 20


def test_moments_of_a_block_that_went_by_unused_make_no_burst() -> None:
    clock, shared = Clock(), Rationed()
    turn = Pace(clock, Limits(calls_per_second=Decimal(10)), "Asia/Shanghai", shared, "erp")
    run(turn, 1)
    clock.sleep(60)
    started = run(turn, 5)
    assert (started[-1] - started[0]).total_seconds() == pytest.approx(0.4, rel=0.04)


def test_without_limits_nothing_waits() -> None:
    clock = Clock()
    assert set(run(pace(clock), 100)) == {NOON}


def test_the_day_ends_in_the_connections_zone() -> None:
    clock = Clock(datetime(2026, 3, 1, 15, 59, tzinfo=UTC))  # 23:59 in Shanghai
    turn = pace(clock, daily_calls=10, reserve_urgent="20%")
    run(turn, 8)
    with pytest.raises(Transient) as caught:
        run(turn, 1)
    assert (caught.value.code, caught.value.after) == ("net.daily_quota", 60.0)
    run(turn, 2, urgent=True)
    with pytest.raises(Transient):
        run(turn, 1, urgent=True)
    clock.sleep(60)
    run(turn, 8)


def test_a_day_of_23_hours() -> None:
    clock = Clock(datetime(2026, 3, 29, 0, 30, tzinfo=UTC))  # Berlin, half an hour before clocks go forward
    turn = Pace(clock, Limits(daily_calls=1, reserve_urgent=Decimal(0)), "Europe/Berlin", LocalBudget(), "erp")
    run(turn, 1)
    with pytest.raises(Transient) as caught:
        run(turn, 1)
    assert caught.value.after == 21.5 * 3600


def test_a_moment_too_far_away_is_told_and_not_used_up() -> None:
    clock = Clock()
    turn = pace(clock, calls_per_second=Decimal("0.01"))
    run(turn, 1)
    for _ in range(3):
        with pytest.raises(Transient) as caught:
            run(turn, 1)
        assert caught.value.after == pytest.approx(100, rel=0.04)
    clock.sleep(104)
    run(turn, 1)


def test_who_was_late_catches_up_within_the_rate() -> None:
    """A machine that was busy for half a second uses the moments that it missed, and no second holds more than 10."""
    clock, shared = Clock(), Rationed()
    turn = Pace(clock, Limits(calls_per_second=Decimal(10)), "Asia/Shanghai", shared, "erp")
    started = run(turn, 12)
    clock.sleep(0.6)
    started += run(turn, 30)
    assert (started[-1] - started[0]).total_seconds() == pytest.approx(41 * 0.1031, rel=0.03)
    assert all((b - a).total_seconds() > 1 for a, b in zip(started, started[10:], strict=False))


def test_a_call_that_went_out_late_holds_back_those_after_it() -> None:
    clock = Clock()
    turn = pace(clock, calls_per_second=Decimal(10))
    first = turn.enter(False, 30)
    turn.leave()
    first.at += timedelta(seconds=0.5)  # so long until the request really went out
    later = run(turn, 10)
    assert (later[9] - first.at).total_seconds() > 1


def test_everybody_waits_when_the_system_says_so() -> None:
    clock = Clock()
    turn = pace(clock)
    assert turn.refused(Turn(run(turn, 1)[0]), 5.0) == 5.0
    assert run(turn, 1)[0] == NOON + timedelta(seconds=5)
    turn.refused(Turn(clock.at), 3600.0)
    with pytest.raises(Transient) as caught:
        run(turn, 1)
    assert caught.value.after == 3600


def test_refusals_slow_down_and_success_speeds_up_again() -> None:
    clock = Clock()
    turn = pace(clock, calls_per_second=Decimal(100))
    started = Turn(run(turn, 1)[0])
    waits = [turn.refused(started, None) for _ in range(4)]  # four calls under way: one event
    wider = turn.gap
    assert wider == pytest.approx(0.01 / 0.95), "alone, it says that calls were bunched on their way"
    assert waits == [1.0] * 4
    again = Turn(run(turn, 1)[0])
    assert turn.refused(again, None) == 2.0
    assert turn.gap == pytest.approx(2 * 1.0)  # what was seen: one call a second
    for _ in range(600):
        turn.accepted()
    assert turn.gap == wider


def test_lone_refusals_never_cost_more_than_a_tenth_of_the_rate() -> None:
    clock = Clock()
    turn = pace(clock, calls_per_second=Decimal(100))
    for _ in range(20):
        started = run(turn, 600)[-1]
        turn.refused(Turn(started), 1.0)
        turn.accepted()
    assert turn.gap < 0.01 / 0.9


def test_an_undeclared_limit_is_learned() -> None:
    clock = Clock()
    turn = pace(clock)
    for _ in range(20):
        run(turn, 1)
        clock.sleep(0.05)
    turn.refused(Turn(clock.at), 1.0)
    assert turn.gap == pytest.approx(0.1, rel=0.01)


def test_urgent_work_enters_first() -> None:
    gate, order, ready = Gate(1), [], threading.Barrier(4)
    assert gate.enter(False, 1)

    def wait(name: str, urgent: bool) -> None:
        ready.wait(5)
        assert gate.enter(urgent, 5)
        order.append(name)
        gate.leave()

    threads = [threading.Thread(target=wait, args=args) for args in [("a", False), ("b", False), ("now", True)]]
    for thread in threads:
        thread.start()
    ready.wait(5)
    _until(lambda: gate._urgent == 1)
    gate.leave()
    for thread in threads:
        thread.join(5)
    assert order[0] == "now"
    assert sorted(order) == ["a", "b", "now"]


def test_a_full_gate_is_told() -> None:
    turn = pace(Env(), concurrency=1)
    turn.enter(False, 1)
    with pytest.raises(Transient) as caught:
        turn.enter(False, 0.01)
    assert caught.value.code == "net.busy"
    turn.leave()
    turn.enter(False, 1)


def _until(holds: Callable[[], bool]) -> None:
    event = threading.Event()
    for _ in range(500):
        if holds():
            return
        event.wait(0.01)
    raise AssertionError("did not come true")


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("120", 120.0), ("0", 0.0), ("1.5", 1.5), ("-3", 0.0), ("Sun, 01 Mar 2026 04:01:00 GMT", 60.0),
     ("Sun, 01 Mar 2026 03:00:00 GMT", 0.0), ("Sun, 01 Mar 2026 12:00:30 +0800", 30.0), ("soon", None), ("inf", None),
     ("nan", None), ("", None), (None, None)],
)  # fmt: skip
def test_retry_after(text: str | None, seconds: float | None) -> None:
    assert retry_after(text, NOON) == seconds


def test_a_limited_server_refuses_next_to_nothing() -> None:
    """A bucket of 50 a second, on the clock of the calls: the declared rate is used and not exceeded."""
    clock = Clock()
    bucket, last, refused = [1.0], [clock.at], [0]

    def limited(line: socket.socket, _number: int) -> None:
        while line.recv(65536):
            bucket[0] = min(1.0, bucket[0] + (clock.at - last[0]).total_seconds() * 50)
            last[0] = clock.at
            allowed = bucket[0] >= 1 - 1e-9
            bucket[0] -= allowed
            refused[0] += not allowed
            line.sendall(b"HTTP/1.1 %d x\r\nContent-Length: 0\r\n\r\n" % (200 if allowed else 429))

    with talking(limited) as url:
        egress = Egress(clock, targets=targets_in({"u": url}), limits=Limits(calls_per_second=Decimal(50)))
        for _ in range(600):
            egress.send("GET", url)
    seconds = (clock.at - NOON).total_seconds()
    assert refused[0] == 0
    assert 600 / seconds >= 0.9 * 50
