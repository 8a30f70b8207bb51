"""The promises of the port, on dbos with SQLite and PostgreSQL."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import sqlalchemy as sa
from conftest_runtime import Runtime, until

from hefu.runtime.dbos import DbosWakeups, engine_url
from hefu.runtime.port import State


class Slow:
    """A handler that stays inside until let go, and counts."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.inside = 0
        self.most = 0
        self.go = threading.Event()
        self._lock = threading.Lock()

    def __call__(self, key: str) -> None:
        with self._lock:
            self.begun.append(key)
            self.inside += 1
            self.most = max(self.most, self.inside)
        assert self.go.wait(60)
        with self._lock:
            self.inside -= 1


def states(wakeups: DbosWakeups) -> Counter[State]:
    return Counter(job.state for job in wakeups.list())


def test_wake_runs_the_handler_with_the_key(runtime: Runtime) -> None:
    ran: list[tuple[str, str]] = []
    wakeups = runtime.new()
    wakeups.start({"drain": lambda k: ran.append(("drain", k)), "poll": lambda k: ran.append(("poll", k))})
    wakeups.wake("drain", "shard-1")
    wakeups.wake("poll", "客户/厦门 & co")
    wakeups.wake("poll", "")
    until(lambda: len(ran) == 3)
    assert sorted(ran) == [("drain", "shard-1"), ("poll", ""), ("poll", "客户/厦门 & co")]
    until(lambda: not wakeups.list())


def test_queued_wakes_coalesce_and_a_wake_while_running_runs_once_more(runtime: Runtime) -> None:
    slow = Slow()
    wakeups = runtime.new()
    wakeups.start({"drain": slow})
    wakeups.wake("drain", "a")
    until(lambda: slow.begun == ["a"])
    for _ in range(20):
        wakeups.wake("drain", "a")
    slow.go.set()
    until(lambda: not wakeups.list())
    assert slow.begun == ["a", "a"]
    assert slow.most == 1
    wakeups.wake("drain", "a")
    until(lambda: len(slow.begun) == 3, what="a wake after all is quiet runs again")


def test_wakes_coalesce_while_no_thread_is_free(runtime: Runtime) -> None:
    slow, ran = Slow(), Counter[str]()
    wakeups = runtime.new(threads=1, backlog=2)
    wakeups.start({"slow": slow, "drain": lambda k: ran.update([k])})
    wakeups.wake("slow", "x")
    until(lambda: slow.inside)
    for _ in range(10):
        wakeups.wake("drain", "a")
        wakeups.wake("drain", "b")
    assert not ran
    slow.go.set()
    until(lambda: not wakeups.list())
    assert ran == {"a": 1, "b": 1}


def test_beyond_the_backlog_wakes_go_to_the_queue_and_are_not_lost(runtime: Runtime) -> None:
    slow, ran = Slow(), Counter[str]()
    wakeups = runtime.new(threads=1, backlog=1)
    wakeups.start({"slow": slow, "drain": lambda k: ran.update([k])})
    wakeups.wake("slow", "x")
    until(lambda: slow.inside)
    for _ in range(3):
        for n in range(12):
            wakeups.wake("drain", str(n))
    slow.go.set()
    until(lambda: len(ran) == 12 and not wakeups.list())
    assert sum(ran.values()) <= 24, "a wake of a queued pair adds nothing; one of a taken pair may"


def test_no_more_handlers_at_once_than_threads(runtime: Runtime) -> None:
    slow = Slow()
    wakeups = runtime.new(threads=3)
    wakeups.start({"drain": slow})
    for n in range(10):
        wakeups.wake("drain", str(n))
    until(lambda: slow.inside == 3)
    slow.go.set()
    until(lambda: len(slow.begun) == 10)
    assert slow.most == 3


def test_a_handler_may_wake_others_and_itself(runtime: Runtime) -> None:
    ran: list[str] = []
    wakeups = runtime.new()

    def first(key: str) -> None:
        ran.append(f"first {key}")
        wakeups.wake("second", key)
        if len(ran) < 3:
            wakeups.wake("first", key)

    wakeups.start({"first": first, "second": lambda k: ran.append(f"second {k}")})
    wakeups.wake("first", "a")
    until(lambda: ran.count("first a") >= 2 and "second a" in ran)


def test_a_handler_that_raises_is_logged_and_runs_when_woken_again(
    runtime: Runtime, caplog: pytest.LogCaptureFixture
) -> None:
    ran: list[str] = []

    def bad(key: str) -> None:
        ran.append(key)
        raise ValueError("no such shard")

    wakeups = runtime.new()
    wakeups.start({"bad": bad})
    with caplog.at_level(logging.ERROR):
        wakeups.wake("bad", "a")
        until(lambda: not wakeups.list())
        wakeups.wake("bad", "a")
        until(lambda: len(ran) == 2)
    assert "handler of bad failed for a" in caplog.text


def test_at_runs_at_its_time_and_is_listed_until_then(runtime: Runtime) -> None:
    ran: list[datetime] = []
    wakeups = runtime.new()
    wakeups.start({"deadline": lambda k: ran.append(datetime.now(UTC))})
    due = datetime.now(UTC) + timedelta(seconds=1)
    job_id = wakeups.at(due, "deadline", "p1")
    (job,) = wakeups.list()
    assert (job.id, job.kind, job.key, job.state) == (job_id, "deadline", "p1", State.DELAYED)
    assert job.due_at is not None
    assert abs(job.due_at - due) < timedelta(seconds=1)
    until(lambda: ran)
    assert ran[0] >= due - timedelta(milliseconds=50)
    wakeups.at(datetime.now(UTC) - timedelta(days=1), "deadline", "past")
    until(lambda: len(ran) == 2)


def test_at_refuses_a_time_without_zone(runtime: Runtime) -> None:
    wakeups = runtime.new()
    wakeups.start({})
    with pytest.raises(ValueError, match="no timezone"):
        wakeups.at(datetime(2030, 1, 1), "deadline", "p1")  # noqa: DTZ001


def test_cancel_takes_back_what_waits_and_says_no_to_what_runs(runtime: Runtime) -> None:
    slow = Slow()
    wakeups = runtime.new()
    wakeups.start({"deadline": slow})
    job_id = wakeups.at(datetime.now(UTC) + timedelta(hours=1), "deadline", "p1")
    assert wakeups.cancel(job_id)
    assert not wakeups.cancel(job_id)
    assert not wakeups.list()
    assert not wakeups.cancel("nothing of the kind")
    wakeups.wake("deadline", "p2")
    until(lambda: slow.inside)
    (job,) = wakeups.list()
    assert (job.state, job.worker) == (State.RUNNING, "w1")
    assert not wakeups.cancel(job.id)
    slow.go.set()


def test_every_repeats_until_cancelled_and_replaces_itself(runtime: Runtime) -> None:
    ran: list[str] = []
    wakeups = runtime.new()
    wakeups.start({"sweep": ran.append})
    job_id = wakeups.every("1h", "sweep", "all")
    assert wakeups.every("1s", "sweep", "all") == job_id
    (job,) = (j for j in wakeups.list() if j.state is State.REPEATED)
    assert (job.id, job.kind, job.key, job.schedule) == (job_id, "sweep", "all", "*/1 * * * * *")
    assert job.due_at is not None
    assert job.due_at > datetime.now(UTC) - timedelta(seconds=2)
    until(lambda: len(ran) >= 2, what="ticks")
    assert set(ran) == {"all"}
    assert wakeups.cancel(job_id)
    assert not wakeups.cancel(job_id)
    until(lambda: not wakeups.list())
    ticks = len(ran)
    time.sleep(1.5)  # longer than from one tick to the next
    assert len(ran) == ticks


def test_every_refuses_what_it_cannot_mean(runtime: Runtime) -> None:
    wakeups = runtime.new()
    wakeups.start({})
    for schedule in ("", "7s", "90s", "61 * * * *", "0 0 30 2 *", "soon"):
        with pytest.raises(ValueError, match=r"schedule|interval"):
            wakeups.every(schedule, "sweep", "all")


def test_bad_kinds_and_keys_are_refused(runtime: Runtime) -> None:
    wakeups = runtime.new()
    wakeups.start({})
    for kind, key in (("", "a"), ("a/b", "a"), ("Ä", "a"), ("a", "x" * 513), ("a", "\0")):
        with pytest.raises(ValueError, match=r"kind|key"):
            wakeups.wake(kind, key)


def test_outside_of_start_and_stop_every_verb_refuses(runtime: Runtime) -> None:
    wakeups = runtime.new()
    for verb in (lambda: wakeups.wake("a", "b"), wakeups.list, lambda: wakeups.cancel("x")):
        with pytest.raises(RuntimeError, match="not started"):
            verb()
    wakeups.stop()
    wakeups.start({})
    with pytest.raises(RuntimeError, match="already started"):
        runtime.new().start({})
    wakeups.stop()


def test_restart_continues(runtime: Runtime) -> None:
    asks = runtime.new()
    asks.start({})
    asks.wake("drain", "queued before")
    for _ in range(5):
        asks.wake("drain", "queued before")
    asks.at(datetime.now(UTC) + timedelta(seconds=1), "drain", "due while away")
    asks.every("1s", "tick", "")
    assert states(asks) == {State.QUEUED: 1, State.DELAYED: 1, State.REPEATED: 1}
    asks.stop()

    ran: list[str] = []
    ticks: list[str] = []
    works = runtime.new()
    works.start({"drain": ran.append, "tick": ticks.append})
    until(lambda: len(ran) == 2 and ticks)
    assert sorted(ran) == ["due while away", "queued before"]


def test_stop_leaves_the_unbegun_to_the_next_start(runtime: Runtime) -> None:
    slow, ran = Slow(), []
    wakeups = runtime.new(threads=1, grace=timedelta(seconds=20))
    wakeups.start({"slow": slow, "drain": ran.append})
    wakeups.wake("slow", "x")
    until(lambda: slow.inside)
    wakeups.wake("drain", "waits for the thread")
    stopper = threading.Thread(target=wakeups.stop)
    stopper.start()
    until(wakeups._stopping.is_set)
    slow.go.set()
    stopper.join()
    assert slow.begun == ["x"]
    assert not ran
    again = runtime.new()
    again.start({"slow": slow, "drain": ran.append})
    until(lambda: ran == ["waits for the thread"])
    assert slow.begun == ["x"]


def test_a_process_that_only_asks_passes_recovered_jobs_on(runtime: Runtime) -> None:
    stuck = threading.Event()
    works = runtime.new(grace=timedelta(0))
    works.start({"drain": lambda key: stuck.wait(60) or None})
    works.wake("drain", "a")
    until(lambda: states(works) == {State.RUNNING: 1})
    works.stop()
    asks = runtime.new()  # under the id of the one that died
    asks.start({})
    until(lambda: states(asks) == {State.QUEUED: 1})
    time.sleep(10 * runtime.settings.poll.total_seconds())
    assert states(asks) == {State.QUEUED: 1}
    asks.stop()
    ran: list[str] = []
    works = runtime.new(worker_id="w2")
    works.start({"drain": ran.append})
    until(lambda: ran == ["a"])
    stuck.set()


def test_lost_connections_are_made_again(runtime: Runtime) -> None:
    if runtime.settings.url.startswith("sqlite"):
        return  # a file has no connections to lose
    ran: list[str] = []
    wakeups = runtime.new()
    wakeups.start({"drain": ran.append})
    wakeups.wake("drain", "before")
    until(lambda: ran == ["before"])
    engine = sa.create_engine(runtime.settings.url)
    with engine.connect() as connection:
        others = "datname = current_database() and pid <> pg_backend_pid()"
        connection.execute(sa.text(f"select pg_terminate_backend(pid) from pg_stat_activity where {others}"))
    engine.dispose()
    wakeups.wake("drain", "after")
    wakeups.at(datetime.now(UTC), "drain", "from the queue")
    until(lambda: sorted(ran) == ["after", "before", "from the queue"])


def test_a_job_of_an_unknown_kind_does_not_stay(runtime: Runtime, caplog: pytest.LogCaptureFixture) -> None:
    wakeups = runtime.new()
    wakeups.start({"drain": lambda k: None})
    wakeups.wake("newer", "a")
    until(lambda: not wakeups.list())
    assert "no handler for newer" in caplog.text


def test_dropped_wakes_leave_the_schedule(runtime: Runtime, drop_wakes: object) -> None:
    assert callable(drop_wakes)
    ran: list[str] = []
    wakeups = runtime.new()
    drop_wakes(wakeups)
    wakeups.start({"sweep": ran.append, "drain": ran.append})
    wakeups.every("1s", "sweep", "swept")
    wakeups.wake("drain", "lost")
    until(lambda: ran.count("swept") >= 2)
    assert "lost" not in ran


def rows(runtime: Runtime) -> dict[str, int]:
    """Row counts of every table of the engine."""
    engine = sa.create_engine(runtime.settings.url)
    schema = None if engine.dialect.name == "sqlite" else runtime.settings.schema
    with engine.connect() as connection:
        names = sa.inspect(connection).get_table_names(schema=schema)
        tables = [sa.table(name, schema=schema) for name in names]
        found = {t.name: connection.scalar(sa.select(sa.func.count()).select_from(t)) or 0 for t in tables}
    engine.dispose()
    return found


def test_engine_tables_stay_flat_over_many_wakes(runtime: Runtime) -> None:
    ran = Counter[str]()
    wakeups = runtime.new(keep=timedelta(0), tidy=timedelta(seconds=0.2))
    wakeups.start({"drain": lambda k: ran.update([k]), "tick": lambda k: None})
    before = rows(runtime)
    wakeups.every("1s", "tick", "")
    most, many = 0, 800  # more than one go of the tidying takes
    for n in range(many):
        wakeups.wake("drain", str(n))
        if n % 100 == 99:
            most = max(most, rows(runtime)["workflow_status"])
    wakeups.cancel("tick/")
    until(lambda: len(ran) == many and not wakeups.list(), 120)
    assert most < many
    until(lambda: all(count <= before[name] for name, count in rows(runtime).items()), what="empty again")


def test_pickle_is_nowhere_and_jobs_carry_ids_only(runtime: Runtime) -> None:
    wakeups = runtime.new()
    wakeups.start({})
    wakeups.wake("drain", "shard-7")
    wakeups.every("1h", "sweep", "all")
    engine = sa.create_engine(runtime.settings.url)
    schema = "" if engine.dialect.name == "sqlite" else f"{runtime.settings.schema}."
    with engine.connect() as connection:
        inputs = connection.scalars(sa.text(f"select inputs from {schema}workflow_input")).all()
        context = connection.scalars(sa.text(f"select context from {schema}workflow_schedules")).all()
    engine.dispose()
    assert inputs == ['{"namedArgs":{},"positionalArgs":["drain","shard-7"]}']
    assert context == ['["sweep","all"]']


def test_the_engine_lives_beside_a_sqlite_store_and_inside_any_other() -> None:
    assert engine_url("sqlite:////var/lib/hefu/hub.db") == "sqlite:////var/lib/hefu/hub-runtime.db"
    assert engine_url("sqlite+pysqlite:///hub.db?timeout=3") == "sqlite+pysqlite:///hub-runtime.db"
    assert engine_url("postgresql+psycopg://a:b@h/hub") == "postgresql+psycopg://a:b@h/hub"
    with pytest.raises(ValueError, match="file"):
        engine_url("sqlite://")
