"""The same port in one thread under a clock that is handed in, so that the simulator and the tests decide
when time passes.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo

from hefu.runtime.port import Handler, Job, State, check_pair, check_time
from hefu.runtime.schedule import Schedule, parse


class LocalWakeups:
    """`Wakeups` that run only inside `run_due`, in an order that depends on nothing but the calls made.

    Nothing is stored and nothing is thread-safe. Unlike in an engine, what a handler raises leaves `run_due`:
    a test wants to see it. Jobs still queued then stay queued.
    """

    def __init__(self, clock: Callable[[], datetime], *, zone: tzinfo = UTC) -> None:
        """`clock` returns the present, aware; `zone` is where cron text is read."""
        self._clock = clock
        self._zone = zone
        self._handlers: Mapping[str, Handler] | None = None
        self._count = 0
        self._queued: dict[tuple[str, str], None] = {}  # in order of the first wake
        self._timers: list[tuple[datetime, int, str]] = []  # heap; a cancelled id stays and is passed over
        self._later: dict[str, tuple[datetime, str, str]] = {}
        self._repeated: dict[str, tuple[datetime, str, str, Schedule]] = {}
        self._running: tuple[str, str] | None = None

    def start(self, handlers: Mapping[str, Handler]) -> None:
        """See `Wakeups.start`; with no handlers, `run_due` keeps what is queued."""
        if self._handlers is not None:
            raise RuntimeError("already started")
        self._handlers = dict(handlers)

    def stop(self) -> None:
        """See `Wakeups.stop`; everything not yet run is kept for the next `start`."""
        self._handlers = None

    def wake(self, kind: str, key: str) -> None:
        """See `Wakeups.wake`."""
        self._started()
        check_pair(kind, key)
        self._queued[kind, key] = None

    def at(self, time: datetime, kind: str, key: str) -> str:
        """See `Wakeups.at`."""
        self._started()
        check_pair(kind, key)
        check_time(time)
        self._count += 1
        name = f"at-{self._count}"
        self._later[name] = (time, kind, key)
        heapq.heappush(self._timers, (time, self._count, name))
        return name

    def every(self, schedule: str, kind: str, key: str) -> str:
        """See `Wakeups.every`."""
        self._started()
        check_pair(kind, key)
        parsed = parse(schedule)
        name = f"{kind}/{key}"
        known = self._repeated.get(name)
        if known is None or known[3] != parsed:
            self._repeated[name] = (parsed.next_after(self._clock(), self._zone), kind, key, parsed)
        return name

    def list(self) -> Sequence[Job]:
        """See `Wakeups.list`."""
        jobs = [Job(f"wake/{k}/{key}", k, key, State.QUEUED) for k, key in self._queued]
        if self._running is not None:
            kind, key = self._running
            jobs.append(Job(f"run/{kind}/{key}", kind, key, State.RUNNING, worker="local"))
        jobs += [Job(name, k, key, State.DELAYED, due) for name, (due, k, key) in self._later.items()]
        jobs += [Job(name, k, key, State.REPEATED, due, s.cron) for name, (due, k, key, s) in self._repeated.items()]
        return jobs

    def cancel(self, job_id: str) -> bool:
        """See `Wakeups.cancel`."""
        if self._later.pop(job_id, None) is not None or self._repeated.pop(job_id, None) is not None:
            return True
        word, _, rest = job_id.partition("/")
        kind, _, key = rest.partition("/")
        if word == "wake" and (kind, key) in self._queued:
            del self._queued[kind, key]
            return True
        return False

    def next_due(self) -> datetime | None:
        """When something next has to run: now if anything is queued, None if nothing ever will. For a clock
        that jumps.
        """
        if self._queued:
            return self._clock()
        dues = [due for due, _, _ in self._later.values()] + [due for due, *_ in self._repeated.values()]
        return min(dues, default=None)

    def run_due(self, limit: int = 100_000) -> int:
        """Run everything due now and everything that these runs wake; return the number of runs.

        Raises RuntimeError after `limit` runs: something wakes itself for ever.
        """
        handlers, runs = self._started(), 0
        self._fall_due()
        while self._queued and handlers:
            if runs == limit:
                raise RuntimeError(f"{limit} runs in one instant, next would be {next(iter(self._queued))}")
            kind, key = next(iter(self._queued))
            del self._queued[kind, key]
            runs += 1
            self._running = (kind, key)
            try:
                handlers[kind](key)
            finally:
                self._running = None
            self._fall_due()
        return runs

    def _fall_due(self) -> None:
        now = self._clock()
        while self._timers and self._timers[0][0] <= now:
            _, _, name = heapq.heappop(self._timers)
            later = self._later.pop(name, None)
            if later is not None:
                self._queued[later[1], later[2]] = None
        for name, (due, kind, key, schedule) in tuple(self._repeated.items()):
            if due <= now:
                self._repeated[name] = (schedule.next_after(now, self._zone), kind, key, schedule)
                self._queued[kind, key] = None

    def _started(self) -> Mapping[str, Handler]:
        if self._handlers is None:
            raise RuntimeError("not started")
        return self._handlers
