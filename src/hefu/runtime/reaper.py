"""Gives the jobs of a dead worker to the living. dbos itself waits for a process of the same id to return.

Every worker keeps a heartbeat row; the first of the living hands over what was begun by workers that are not
among them.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Protocol

from sqlalchemy import Connection, Engine, Table, delete, insert, select, text, update

log = logging.getLogger(__name__)

BEATS_PER_LEASE = 5

Clock = Callable[[Connection], datetime]


class Adoptable(Protocol):
    """What the reaper needs of an engine."""

    def held(self) -> Mapping[str, Sequence[str]]:
        """Ids of jobs begun and not ended, by worker id."""
        ...

    def release(self, ids: Sequence[str]) -> None:
        """Put begun jobs back for any worker."""
        ...


@dataclass(frozen=True, slots=True)
class Me:
    """This process as its row in the worker table has it."""

    id: str
    host: str
    pid: int


@dataclass(frozen=True, slots=True)
class Reaped:
    """What one reaping gave away: the workers found dead, and how many of their jobs."""

    workers: tuple[str, ...] = ()
    jobs: int = 0


def database_clock(connection: Connection) -> datetime:
    """The database's present, aware: machines differ. SQLite's is this machine's."""
    if connection.dialect.name == "sqlite":
        stamp = text("select strftime('%Y-%m-%dT%H:%M:%f+00:00', 'now')")
        return datetime.fromisoformat(connection.execute(stamp).scalar_one())
    now: datetime = connection.execute(text("select clock_timestamp()")).scalar_one()
    return now


def beat(engine: Engine, worker: Table, me: Me, *, clock: Clock = database_clock) -> None:
    """Say that this worker lives; the first beat, or one after having been taken for dead, makes its row.

    `worker` has the columns id, started_at, heartbeat_at, host, pid. Must have happened once before the
    engine starts: jobs of a worker without a row count as left behind.
    """
    with engine.begin() as connection:
        now = clock(connection)
        mine = update(worker).where(worker.c.id == me.id).values(heartbeat_at=now)
        if not connection.execute(mine).rowcount:
            row = {"id": me.id, "started_at": now, "heartbeat_at": now, "host": me.host, "pid": me.pid}
            connection.execute(insert(worker).values(row))


def retire(engine: Engine, worker: Table, worker_id: str) -> None:
    """Take this worker's row away: what it left begun may be taken at once."""
    with engine.begin() as connection:
        connection.execute(delete(worker).where(worker.c.id == worker_id))


def living(engine: Engine, worker: Table, lease: timedelta, *, clock: Clock = database_clock) -> Sequence[str]:
    """Ids of the workers heard of within `lease`, in order."""
    with engine.connect() as connection:
        fresh = worker.c.heartbeat_at >= clock(connection) - lease
        return connection.execute(select(worker.c.id).where(fresh).order_by(worker.c.id)).scalars().all()


def reap(
    engine: Engine,
    worker: Table,
    lease: timedelta,
    adoptable: Adoptable,
    *,
    clock: Clock = database_clock,
) -> Reaped:
    """Release all jobs begun by workers not heard of within `lease`, and remove those workers' rows.

    Twice at once is harmless, jobs being idempotent. A job still running in a worker that only seemed dead
    runs twice.
    """
    # The jobs first: whoever has begun one had a row before, so a worker that joins in between is seen as
    # living.
    held = adoptable.held()
    alive = set(living(engine, worker, lease, clock=clock))
    left = [job for holder, jobs in held.items() if holder not in alive for job in jobs]
    if left:
        adoptable.release(left)
    # The rows last: should we die in between, the next reaper finds the same again.
    gone = _forget(engine, worker, lease, clock)
    dead = {*gone, *(holder for holder in held if holder not in alive)}
    return Reaped(tuple(sorted(dead)), len(left))


def _forget(engine: Engine, worker: Table, lease: timedelta, clock: Clock) -> Sequence[str]:
    with engine.begin() as connection:
        stale = worker.c.heartbeat_at < clock(connection) - lease
        ids = connection.execute(select(worker.c.id).where(stale)).scalars().all()
        if ids:
            connection.execute(delete(worker).where(worker.c.id.in_(ids), stale))
        return ids


class Pulse:
    """A thread that beats five times per lease, and reaps when this worker is the first of the living."""

    def __init__(
        self,
        engine: Engine,
        worker: Table,
        me: Me,
        adoptable: Adoptable,
        *,
        lease: timedelta = timedelta(seconds=15),
    ) -> None:
        """All workers must use the same `lease`."""
        self._engine, self._worker, self._me = engine, worker, me
        self._adoptable, self._lease = adoptable, lease
        self._ended = threading.Event()
        self._reaping = threading.Lock()
        self._may_reap = True
        self._thread: threading.Thread | None = None
        self._last = monotonic()
        self._judge_from = self._last

    def start(self, *, reaping: bool = True) -> None:
        """Beat once, at once, then go on in the background. Call it before the engine's `start`; raises if
        the database does. `reaping`: False until the engine can be asked, see `reaping`.
        """
        self._may_reap = reaping
        beat(self._engine, self._worker, self._me)
        self._last = monotonic()
        # The rows of others may be old because the database was away, not they: hear them out for a lease.
        self._judge_from = self._last + self._lease.total_seconds()
        self._thread = threading.Thread(target=self._for_ever, name="hefu-pulse", daemon=True)
        self._thread.start()

    def reaping(self, may: bool) -> None:
        """Whether the engine may be asked: from after its `start` until before its `stop`."""
        with self._reaping:
            self._may_reap = may

    def stop(self) -> None:
        """End the thread and retire. Call it after the engine's `stop`."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
            retire(self._engine, self._worker, self._me.id)

    def _for_ever(self) -> None:
        while not self._ended.wait(self._lease.total_seconds() / BEATS_PER_LEASE):
            try:
                self.turn()
            except Exception as error:  # noqa: BLE001 - the next turn is the retry; a dead thread would be a dead worker
                log.warning("heartbeat of %s failed, next try in a moment: %s", self._me.id, error)

    def turn(self) -> Reaped:
        """One beat and, if it is ours to do, one reaping."""
        beat(self._engine, self._worker, self._me)
        now, lease = monotonic(), self._lease.total_seconds()
        if now - self._last > lease / 2:
            # We were paused or the database was away, so perhaps the others were too.
            self._judge_from = now + lease
        self._last = now
        if now < self._judge_from or self._first() != self._me.id:
            return Reaped()
        with self._reaping:
            if not self._may_reap:
                return Reaped()
            reaped = reap(self._engine, self._worker, self._lease, self._adoptable)
        if reaped.workers:
            log.warning("took over %d jobs of %s", reaped.jobs, ", ".join(reaped.workers))
        return reaped

    def _first(self) -> str | None:
        return next(iter(living(self._engine, self._worker, self._lease)), None)
