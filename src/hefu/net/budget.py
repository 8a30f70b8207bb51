"""The call budget of a connection: calls are spaced by the clock, so that the system has no reason to refuse any.

Other tools run into the limit and wait out the refusals (measured: half of their calls refused, half of the rate
unused); here a call gets its moment in advance. The state is three values behind `Budget`, so that several worker
processes can share one row of the store; each takes its moments in blocks.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

from hefu.core.env import Env
from hefu.core.errors import Transient
from hefu.core.project import Limits

SAFETY = 0.97
"""Share of the allowed rate that is used: a network delays one call more than the next, which bunches them. This
much leaves 30 ms for that within a second; a lone refusal takes a little more, down to `LEAST`."""

LEAST = 0.92

LATE = 1.0
"""Seconds by which a moment may be missed and still be used. Who drops what a busy machine misses never reaches the
rate; that late ones follow each other too fast is prevented by what really started in the last second."""

ALONE = timedelta(seconds=5)
"""A refusal that comes so long after the one before says that calls were bunched, not that the rate is wrong."""

_LONGEST = 86400.0
_NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)


class Grant(NamedTuple):
    """`calls` from `first` on, one every `gap` seconds as asked. 0 calls: come back at `first`, or None: the
    day's quota is used up."""

    calls: int
    first: datetime | None


class Budget(Protocol):
    """When the next calls of a connection may start, shared by all that call it."""

    block: int
    """How many calls to ask for at once; 1 where asking costs nothing."""

    def take(self, want: int, gap: float, now: datetime, latest: datetime, day: str, most: int | None) -> Grant:
        """Reserve up to `want` calls spaced by `gap` seconds, the first no later than `latest`.

        `day` names the day of the quota, `most` the calls that this kind of work may make in it (None: no quota).
        """
        ...


class LocalBudget:
    """The budget of a connection that only this process calls."""

    block = 1

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._free_at = _NO_TIME
        self._day = ""
        self._used = 0

    def take(self, want: int, gap: float, now: datetime, latest: datetime, day: str, most: int | None) -> Grant:
        """See `Budget.take`."""
        with self._lock:
            if day != self._day:
                self._day, self._used = day, 0
            if most is not None:
                want = min(want, most - self._used)
                if want <= 0:
                    return Grant(0, None)
            first = max(now, self._free_at)
            if first > latest:
                return Grant(0, first)
            self._used += want
            self._free_at = first + timedelta(seconds=want * gap)
            return Grant(want, first)


@dataclass(slots=True)
class Turn:
    """One call's place in the row: when it was to start, or, once that is known, when it really went out."""

    at: datetime


class Gate:
    """At most `places` inside at once; urgent ones enter before all others that wait."""

    def __init__(self, places: int) -> None:
        self._free = places
        self._urgent = 0
        self._change = threading.Condition()

    def enter(self, urgent: bool, patience: float) -> bool:
        """Wait for a place; False if none came free within `patience` seconds."""
        with self._change:
            self._urgent += urgent
            try:
                got = self._change.wait_for(lambda: self._free > 0 and (urgent or not self._urgent), patience)
            finally:
                self._urgent -= urgent
            self._free -= got
            if not got or urgent:
                self._change.notify_all()
            return got

    def leave(self) -> None:
        """Give the place back."""
        with self._change:
            self._free += 1
            self._change.notify_all()


class Pace:
    """Lets each call of one connection start at its moment: rate, concurrency, daily quota, what the system said.

    Where the rate is declared, a lone refusal (429) only widens the margin; else it halves the pace, at most once per
    round trip, and each success after it wins back one per cent.
    """

    def __init__(self, env: Env, limits: Limits, zone: str, budget: Budget, connection: str) -> None:
        self._env, self._limits, self._budget, self._connection = env, limits, budget, connection
        self._zone = ZoneInfo(zone)
        self._places = Gate(limits.concurrency)
        self._turn = Gate(1)
        self._lock = threading.Lock()
        rate = limits.calls_per_second
        self._period = float(1 / rate) if rate else 0.0
        self._safety = SAFETY
        self._learned = 0.0
        self._refusals = 0
        self._slowed_at = self._not_before = _NO_TIME
        self._turns: deque[Turn] = deque(maxlen=max(1, min(int(rate or 20), 1000)))
        self._block: deque[datetime] = deque()
        self.waited = 0.0

    @property
    def gap(self) -> float:
        """Seconds between two calls at present."""
        return max(self._period / self._safety, self._learned)

    def enter(self, urgent: bool, patience: float) -> Turn:
        """Wait for this call's moment and take a place; returns when it starts. Pair with `leave`.

        Raises Transient, with the time to come back, if the moment is more than `patience` seconds away.
        """
        if not self._turn.enter(urgent, patience):
            raise Transient("net.busy", after=max(1.0, self.gap), connection=self._connection)
        try:
            if not self._places.enter(urgent, patience):
                raise Transient("net.busy", after=max(1.0, self.gap), connection=self._connection)
            try:
                return self._start(urgent, patience)
            except BaseException:
                self._places.leave()
                raise
        finally:
            self._turn.leave()

    def leave(self) -> None:
        """The call has ended."""
        self._places.leave()

    def _start(self, urgent: bool, patience: float) -> Turn:
        now = self._env.now()
        wait = (self._not_before - now).total_seconds()
        if wait > patience:
            raise Transient("net.told_to_wait", after=wait, connection=self._connection, seconds=round(wait))
        moment = max(self._moment(urgent, now, patience), self._not_before, self._unbunched())
        wait = (moment - now).total_seconds()
        if wait > 0:
            self._env.sleep(wait)
            self.waited += wait
        turn = Turn(max(moment, now))
        self._turns.append(turn)
        return turn

    def _unbunched(self) -> datetime:
        """The first moment that keeps the rate over the last calls, whatever delayed them; half a gap at least."""
        if not self._period or not self._turns:
            return _NO_TIME
        gap, known = self.gap, len(self._turns)
        half = self._turns[-1].at + timedelta(seconds=gap / 2)
        return max(half, self._turns[0].at + timedelta(seconds=known * gap)) if known == self._turns.maxlen else half

    def _moment(self, urgent: bool, now: datetime, patience: float) -> datetime:
        """This call's moment, from the block in hand or a new one."""
        gap, daily = self.gap, self._limits.daily_calls
        if not gap and daily is None:
            return now
        missed = now - timedelta(seconds=max(gap, LATE))
        while self._block:
            moment = self._block.popleft()
            if moment >= missed:  # older ones are those of a rest
                return moment
        most = daily if daily is None or urgent else int(daily * (1 - self._limits.reserve_urgent))
        latest = now + timedelta(seconds=patience)
        want = self._budget.block if gap and not (urgent and daily) else 1  # nobody else uses up what is kept
        going_on = bool(gap and self._turns and self._turns[-1].at >= missed)
        since = missed if going_on else now  # who calls on and on goes on where the row of moments stands
        grant = self._budget.take(want, gap, since, latest, now.astimezone(self._zone).date().isoformat(), most)
        if grant.first is None:
            raise Transient(
                "net.daily_quota",
                after=self._to_midnight(now),
                connection=self._connection,
                calls=most or 0,
                kept=(daily or 0) - (most or 0),
            )
        if not grant.calls:
            wait = (grant.first - now).total_seconds()
            raise Transient("net.told_to_wait", after=wait, connection=self._connection, seconds=round(wait))
        self._block.extend(grant.first + timedelta(seconds=n * gap) for n in range(1, grant.calls))
        return grant.first

    def _to_midnight(self, now: datetime) -> float:
        """Seconds until the day ends in the connection's zone (23 or 25 hours long where clocks change)."""
        tomorrow = now.astimezone(self._zone).date() + timedelta(days=1)
        end = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=self._zone)
        return (end.astimezone(UTC) - now).total_seconds()

    def refused(self, turn: Turn, after: float | None) -> float:
        """The system said "too many": hold every call back, and slow down. Returns the seconds to wait."""
        with self._lock:
            now = self._env.now()
            if turn.at > self._slowed_at:  # calls already under way then say nothing new
                self._refusals += 1
                if self._period and now - self._slowed_at > ALONE:
                    self._safety = max(self._safety - 0.02, LEAST)
                else:
                    self._learned = min(max(self.gap, self._observed(), 0.001) * 2, 60.0)
                self._slowed_at = now
            wait = after if after is not None else min(2.0 ** (self._refusals - 1), 60.0) * (0.5 + self._env.random())
            wait = min(wait, _LONGEST)
            self._not_before = max(self._not_before, now + timedelta(seconds=wait))
            self._block.clear()
            return wait

    def accepted(self) -> None:
        """A call went through."""
        if self._learned or self._refusals:
            with self._lock:
                self._refusals = 0
                self._learned *= 0.99
                if self._learned < max(self._period / self._safety, 0.002):
                    self._learned = 0.0

    def _observed(self) -> float:
        seen = [turn.at for turn in self._turns][-20:]
        return (seen[-1] - seen[0]).total_seconds() / (len(seen) - 1) if len(seen) > 1 else 0.0
