"""The five verbs by which the rest of Hefu asks for work to be run, so that the engine behind them can be
exchanged.

A job is a kind and a key, never a payload: the truth is in the product's tables, and a handler looks there
when it runs.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

Handler = Callable[[str], None]

_KIND = re.compile(r"[a-z][a-z0-9_.-]{0,63}")
_LONGEST_KEY = 512


class State(StrEnum):
    """Where a job stands. A finished job is not listed: what it did is in the product's tables."""

    QUEUED = "queued"  # runs as soon as a worker is free
    RUNNING = "running"  # a worker has it
    DELAYED = "delayed"  # waits for its `due_at`
    REPEATED = "repeated"  # a schedule; `due_at` is its next time


@dataclass(frozen=True, slots=True)
class Job:
    """One entry of `Wakeups.list`: something that runs, will run, or runs again and again."""

    id: str
    kind: str
    key: str
    state: State
    due_at: datetime | None = None  # DELAYED and REPEATED only; aware
    schedule: str | None = None  # REPEATED only, as cron text with six fields
    worker: str | None = None  # RUNNING only


class Wakeups(Protocol):
    """Wakes handlers by kind and key. Thread-safe between `start` and `stop`; outside of them every verb
    raises RuntimeError.

    What holds for every implementation:

    * **A run after.** For each `wake` that returned, at least one run of the handler *starts* after the call
      was made, provided some worker lives. So commit first, wake then: the run sees what was committed.
    * **Coalescing.** While a run of (kind, key) is queued, further wakes add nothing. A wake that arrives
      while the handler runs causes one more run after it, however many arrive.
    * **At least once.** A run may happen without a wake, twice, or again from the start on another worker
      after its own died. In one process two runs of a (kind, key) never overlap; across processes they may,
      and the lease and fence of the row they work on decide. Handlers are therefore idempotent, and short
      (seconds).
    * **No order** between different keys or kinds.
    * **A hint, not a record.** A wake may be lost with a dying process or database. The store's sweep finds
      all due work; a lost wake costs one sweep.
    * **A handler that raises** is logged and not run again until woken again: retries and parking are the
      store's business.

    `kind` is lower-case letters, digits, `_`, `.`, `-`, at most 64; `key` is 0 to 512 characters. Else
    ValueError.
    """

    def start(self, handlers: Mapping[str, Handler]) -> None:
        """Begin to run `handlers` (kind -> function of the key), in threads of this process.

        With no handlers the process only asks: what it wakes runs in the workers. Jobs left by an earlier
        process of the same worker id are run again. Raises RuntimeError when already started.
        """
        ...

    def stop(self) -> None:
        """Take no new jobs, give those that run some seconds to end, leave the rest to others. Harmless when
        not started.
        """
        ...

    def wake(self, kind: str, key: str) -> None:
        """Run the handler of `kind` for `key` as soon as possible. Does not raise when the engine's database
        refuses: it logs.
        """
        ...

    def at(self, time: datetime, kind: str, key: str) -> str:
        """Run once at `time` (aware; the past means now) or up to about two seconds later; each call is a job
        of its own.

        Returns the id for `cancel`. Raises ValueError for a naive time.
        """
        ...

    def every(self, schedule: str, kind: str, key: str) -> str:
        """Run again and again; a second call for the same (kind, key) replaces the schedule, so it may be
        repeated at each start.

        `schedule` is cron text, 5 fields (minute hour day month weekday) or 6 (second first), or an interval
        that divides its next larger unit, such as "30s", "5m", "2h", "1d"; see `schedule.parse`. Times missed
        while no worker ran are not made up. A new schedule is in force on all workers within seconds. Returns
        the id for `cancel`. Raises ValueError for a schedule that says nothing.
        """
        ...

    def list(self) -> Sequence[Job]:
        """All jobs that wait, run or repeat, of all workers, in no promised order."""
        ...

    def cancel(self, job_id: str) -> bool:
        """Take back a schedule, or a job that has not begun. False: unknown, running or over; what runs is
        not interrupted.

        A job that begins in the very moment may still run once.
        """
        ...


def check_pair(kind: str, key: str) -> None:
    """Raise ValueError unless (kind, key) is one that every implementation can carry."""
    if not _KIND.fullmatch(kind):
        raise ValueError(f"kind {kind!r}: a lower-case letter, then letters, digits, '_', '.', '-', up to 64")
    if len(key) > _LONGEST_KEY or "\0" in key:
        raise ValueError(f"key of {kind}: at most {_LONGEST_KEY} characters and no NUL, got {len(key)}")


def check_time(time: datetime) -> None:
    """Raise ValueError unless `time` is timezone-aware."""
    if time.utcoffset() is None:
        raise ValueError(f"{time.isoformat()} has no timezone")
