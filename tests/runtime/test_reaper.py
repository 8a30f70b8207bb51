"""What becomes of the jobs of a worker that dies, pauses or leaves."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from conftest_runtime import Runtime, done, emptied, metadata, until, worker

from hefu.runtime.dbos import DbosWakeups, Settings
from hefu.runtime.reaper import Me, Pulse, Reaped, beat, database_clock, living, reap, retire

LEASE = timedelta(seconds=2)


Start = Callable[..., subprocess.Popen[str]]


class Jobs:
    """An engine that only holds job ids, for the arithmetic of leases."""

    def __init__(self, **held: Sequence[str]) -> None:
        self._held = held
        self.released: list[str] = []

    def held(self) -> Mapping[str, Sequence[str]]:
        return self._held

    def release(self, ids: Sequence[str]) -> None:
        self.released += ids


@pytest.fixture(params=["sqlite", "postgresql"])
def engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[sa.Engine]:
    if request.param == "sqlite":
        made = sa.create_engine(f"sqlite:///{tmp_path}/hub.db")
    else:
        made = sa.create_engine(request.getfixturevalue("postgresql_url"))
    metadata.drop_all(made)
    metadata.create_all(made)
    yield made
    made.dispose()


def me(name: str) -> Me:
    return Me(name, "here", os.getpid())


def fixed(time: datetime) -> Callable[[sa.Connection], datetime]:
    return lambda connection: time


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def test_the_database_clock_is_aware_and_now(engine: sa.Engine) -> None:
    with engine.connect() as connection:
        assert abs(database_clock(connection) - datetime.now(UTC)) < timedelta(seconds=5)


def test_only_jobs_of_workers_beyond_their_lease_are_released(engine: sa.Engine) -> None:
    beat(engine, worker, me("a"), clock=fixed(NOON))
    beat(engine, worker, me("b"), clock=fixed(NOON - LEASE * 3 / 4))
    beat(engine, worker, me("c"), clock=fixed(NOON - LEASE * 5 / 4))
    jobs = Jobs(a=["1"], b=["2"], c=["3", "4"], unheard_of=["5"])
    assert living(engine, worker, LEASE, clock=fixed(NOON)) == ["a", "b"]
    assert reap(engine, worker, LEASE, jobs, clock=fixed(NOON)) == Reaped(("c", "unheard_of"), 3)
    assert sorted(jobs.released) == ["3", "4", "5"]
    with engine.connect() as connection:
        assert connection.execute(sa.select(worker.c.id).order_by(worker.c.id)).scalars().all() == ["a", "b"]


def test_a_worker_taken_for_dead_returns_with_its_next_beat(engine: sa.Engine) -> None:
    beat(engine, worker, me("a"), clock=fixed(NOON))
    beat(engine, worker, me("a"), clock=fixed(NOON + LEASE))
    later = fixed(NOON + 3 * LEASE)
    assert reap(engine, worker, LEASE, Jobs(), clock=later) == Reaped(("a",), 0)
    beat(engine, worker, me("a"), clock=later)
    assert living(engine, worker, LEASE, clock=later) == ["a"]
    retire(engine, worker, "a")
    assert living(engine, worker, LEASE, clock=later) == []


def test_whoever_was_away_itself_waits_a_lease_before_it_judges(engine: sa.Engine) -> None:
    beat(engine, worker, me("a"), clock=fixed(NOON - timedelta(days=1)))  # perhaps the database was away
    lease = timedelta(seconds=1)
    jobs = Jobs(a=["1"])
    pulse = Pulse(engine, worker, me("b"), jobs, lease=lease)
    pulse.start()
    assert pulse.turn() == Reaped()
    assert not jobs.released
    until(lambda: jobs.released)
    pulse.stop()
    assert living(engine, worker, timedelta(days=9)) == []


def test_only_the_first_of_the_living_reaps(engine: sa.Engine) -> None:
    beat(engine, worker, me("a"))
    jobs = Jobs(dead=["1"])
    pulse = Pulse(engine, worker, me("b"), jobs, lease=timedelta(seconds=30))
    pulse._judge_from = 0
    assert pulse.turn() == Reaped()
    retire(engine, worker, "a")
    assert pulse.turn() == Reaped(("dead",), 1)


def test_a_pulse_survives_a_database_that_fails(engine: sa.Engine, caplog: pytest.LogCaptureFixture) -> None:
    pulse = Pulse(engine, worker, me("a"), Jobs(), lease=timedelta(seconds=0.2))
    pulse.start()
    worker.drop(engine)
    until(lambda: "heartbeat of a failed" in caplog.text)
    worker.create(engine)
    until(lambda: living(engine, worker, timedelta(seconds=9)) == ["a"])
    pulse.stop()


def test_jobs_of_a_crashed_process_are_run_by_the_next_one_under_another_id(runtime: Runtime, tmp_path: Path) -> None:
    store = sa.create_engine(f"sqlite:///{tmp_path}/hub.db")
    metadata.create_all(store)
    stuck = threading.Event()
    first = runtime.new(worker_id="w1", grace=timedelta(0))
    first.start({"drain": lambda key: stuck.wait(60) or None})
    first.wake("drain", "a")
    until(lambda: first.held() == {"w1": [first.list()[0].id]})
    first.stop()  # without grace: what it has begun stays begun, as after a crash
    ran: list[str] = []
    second = runtime.new(worker_id="w2")
    pulse = Pulse(store, worker, me("w2"), second, lease=timedelta(seconds=0.5))
    pulse.start()
    second.start({"drain": ran.append})
    until(lambda: ran == ["a"])
    until(lambda: not second.list())
    pulse.stop()
    stuck.set()
    store.dispose()


@pytest.fixture
def fleet(postgresql_url: str, schema: str) -> Iterator[Start]:
    """Starts worker processes on one PostgreSQL database; returns the first of them when all are ready."""
    store = sa.create_engine(postgresql_url)
    metadata.drop_all(store)
    metadata.create_all(store)
    store.dispose()
    emptied(postgresql_url, schema)
    script = Path(__file__).with_name("worker_process.py")
    started: list[subprocess.Popen[str]] = []

    def start(*names: str) -> subprocess.Popen[str]:
        lease = str(LEASE.total_seconds())
        for name in names:
            arguments = [sys.executable, str(script), postgresql_url, schema, name, lease]
            started.append(subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True))
        for process in started[-len(names) :]:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        return started[-len(names)]

    yield start
    for process in started:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


class Asker:
    """A process without handlers, as the web part of a larger installation: it wakes, and reads `done`."""

    def __init__(self, url: str, schema: str) -> None:
        self.store = sa.create_engine(url)
        self.wakeups = DbosWakeups(
            Settings(url, "asker", schema=schema),
            clock=lambda: datetime.now(UTC),
            new_id=lambda: uuid.uuid4().hex,
        )
        self.wakeups.start({})

    def done(self, kind: str) -> dict[str, list[str]]:
        """Keys of `kind`, each with the workers that did it, in order."""
        found: dict[str, list[str]] = {}
        with self.store.connect() as connection:
            for key, who in connection.execute(
                sa.select(done.c.key, done.c.worker).where(done.c.kind == kind).order_by(done.c.at)
            ):
                found.setdefault(key, []).append(who)
        return found

    def until_begun_by(self, who: str, prefix: str) -> set[str]:
        """Wake slow jobs, a few at a time, until `who` has begun one: which worker takes a job is chance."""
        asked: set[str] = set()
        deadline = time.monotonic() + 90
        while True:
            for _ in range(6):
                asked.add(key := f"{prefix}{len(asked)}")
                self.wakeups.wake("slow", key)
            looked = time.monotonic()
            while time.monotonic() < looked + 1:
                if any(who in workers and key in asked for key, workers in self.done("begun").items()):
                    return asked
                time.sleep(0.02)
            assert time.monotonic() < deadline, f"{who} took none of {len(asked)} jobs"

    def close(self) -> None:
        self.wakeups.stop()
        self.store.dispose()


@pytest.fixture
def asker(postgresql_url: str, schema: str, fleet: Start) -> Iterator[Asker]:
    made = Asker(postgresql_url, schema)
    yield made
    made.close()


def test_a_wake_crosses_processes_and_both_workers_share(fleet: Start, asker: Asker) -> None:
    fleet("a", "b")
    asker.wakeups.wake("quick", "0")
    until(lambda: "0" in asker.done("quick"))
    keys = asker.until_begun_by("a", "first ") | asker.until_begun_by("b", "second ")
    until(lambda: set(asker.done("slow")) == keys, 90)
    assert {who for workers in asker.done("slow").values() for who in workers} == {"a", "b"}
    until(lambda: not asker.wakeups.list())


def test_a_killed_worker_that_never_returns_is_inherited_from(fleet: Start, asker: Asker) -> None:
    a = fleet("a")
    keys = {str(n) for n in range(12)}
    for key in keys:
        asker.wakeups.wake("slow", key)
    until(lambda: asker.done("begun"), what="a has begun")
    fleet("b")
    time.sleep(LEASE.total_seconds() * 1.5)  # b has heard the others out
    keys |= asker.until_begun_by("a", "later ")
    a.send_signal(signal.SIGKILL)
    a.wait()
    killed = time.monotonic()
    until(lambda: set(asker.done("slow")) == keys, 60, "b does what a had begun")
    until(lambda: not asker.wakeups.list(), 60)
    print(f"all done {time.monotonic() - killed:.1f} s after the kill, lease {LEASE.total_seconds()} s")
    with asker.store.connect() as connection:
        assert connection.execute(sa.select(worker.c.id)).scalars().all() == ["b"]


def test_a_paused_worker_returns_and_goes_on(fleet: Start, asker: Asker) -> None:
    a = fleet("a", "b")
    time.sleep(LEASE.total_seconds() * 1.5)
    keys = asker.until_begun_by("a", "")
    a.send_signal(signal.SIGSTOP)
    until(lambda: set(asker.done("slow")) == keys, 60, "b does what a holds")
    a.send_signal(signal.SIGCONT)
    until(lambda: set(living(asker.store, worker, LEASE)) == {"a", "b"})
    before = {key: len(who) for key, who in asker.done("slow").items()}
    after = asker.until_begun_by("a", "after ")  # a works again
    until(lambda: len(asker.done("slow")) == len(before) + len(after), 90)
    assert max(len(who) for who in asker.done("slow").values()) <= 2


def test_a_worker_that_stops_in_order_leaves_no_row_and_no_job(fleet: Start, asker: Asker) -> None:
    a = fleet("a", "b")
    keys = asker.until_begun_by("a", "")
    a.terminate()
    assert a.wait(30) == 0
    with asker.store.connect() as connection:
        assert connection.execute(sa.select(worker.c.id)).scalars().all() == ["b"]
    until(lambda: set(asker.done("slow")) == keys, 60)
    until(lambda: not asker.wakeups.list())
