"""The port on dbos 3.x (its open part only): an existing engine keeps the jobs, runs the schedules and
survives the crash.

One process on SQLite and many on PostgreSQL run this same code. What dbos stores is only ever a kind and a
key.
"""

from __future__ import annotations

import contextvars
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any
from zoneinfo import ZoneInfo

from dbos import DBOS, DBOSConfig, DBOSPortableJSONSerializer, EnqueueOptions, WorkflowStatus
from dbos import error as dbos_error
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from hefu.runtime.port import Handler, Job, State, check_pair, check_time
from hefu.runtime.schedule import parse

log = logging.getLogger(__name__)

# All of these are on disk in every installation: a release that changes one strands the jobs of the one
# before. dbos runs a job only under the version that stored it; ours never changes, as jobs carry ids only.
_APP = "hefu"
_VERSION = "hefu"
_QUEUE = "hefu"
_JOB = "hefu.job"
_TICK = "hefu.tick"
_NAMES = [_JOB, _TICK]

_OVER = ["SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED"]
_STATES = {"ENQUEUED": State.QUEUED, "PENDING": State.RUNNING, "DELAYED": State.DELAYED}
_TIDY_BATCH = 500
# Jobs a worker takes from the queue per thread. With one, each poll starts only one round of handlers; with
# many, the first worker to poll hoards what the others could do.
_TAKE = 2
_ALONE = 64  # wakes a lone process holds waiting; each is a thread

_Ids = list[str]  # the class below has a method of that name

# dbos keeps its instance and its registry in module globals, so a process can hold one.
_only_one = threading.Lock()


@dataclass(frozen=True, slots=True)
class Settings:
    """What the adapter needs to know.

    `url` is the engine's database, see `engine_url`. `worker_id` names this process while it lives: no two at
    once may share it. `threads` handlers run at a time; all workers of a database share the last one set for
    what they take from the common queue. `backlog` is how many wakes this process holds for itself beyond its
    threads before it puts them where other workers see them (None: 64 on SQLite, else as many as threads).
    `poll` is how often the common queue is looked at, and so how long a wake from another process may wait.
    Finished jobs are forgotten after `keep`, looked for every `tidy`. `zone` is the IANA name of where cron
    text is read. `grace` is what `stop` grants the running.
    """

    url: str
    worker_id: str
    schema: str = "dbos"  # PostgreSQL only
    threads: int = 8
    backlog: int | None = None
    poll: timedelta = timedelta(seconds=1)
    keep: timedelta = timedelta(seconds=30)
    tidy: timedelta = timedelta(seconds=10)
    zone: str = "UTC"
    grace: timedelta = timedelta(seconds=10)


@dataclass(slots=True)
class _Pair:
    """A (kind, key) this process holds: waiting for a thread, or running, perhaps wanted again."""

    running: bool = False
    again: bool = False


def engine_url(store_url: str) -> str:
    """Where the engine keeps its tables for a store at `store_url`: a file beside a SQLite store, else the
    same database.

    Beside, not inside: SQLite has one writer at a time, and a wake should not wait for a drain. Raises
    ValueError for a SQLite store without a file.
    """
    url = make_url(store_url)
    if url.get_backend_name() != "sqlite":
        return store_url
    if url.database in (None, "", ":memory:"):
        raise ValueError("the runtime needs a SQLite file, not a database in memory")
    path = Path(str(url.database))
    beside = path.with_name(f"{path.stem}-runtime{path.suffix or '.db'}")
    return url.set(database=str(beside), query={}).render_as_string(hide_password=False)


class DbosWakeups:
    """`Wakeups` on dbos; also `reaper.Adoptable`. Call it from threads, not from a running event loop."""

    def __init__(self, settings: Settings, *, clock: Callable[[], datetime], new_id: Callable[[], str]) -> None:
        """`clock` returns the present, aware; `at` and retention ask it. `new_id` returns an unused id
        without "/".
        """
        self._settings = settings
        self._clock = clock
        self._new_id = new_id
        self._handlers: Mapping[str, Handler] = {}
        self._job: Callable[[str, str], None] = _unregistered
        self._tick: Callable[[Any, Any], None] = _unregistered
        self._started = False
        self._ready = threading.Event()
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(settings.threads)
        self._pairs: dict[tuple[str, str], _Pair] = {}
        self._ended = threading.Condition(self._lock)
        self._stopping = threading.Event()
        self._tidier: threading.Thread | None = None
        alone = _ALONE if settings.url.startswith("sqlite") else settings.threads
        self._room = settings.threads + (alone if settings.backlog is None else settings.backlog)

    # --- life ---

    def start(self, handlers: Mapping[str, Handler]) -> None:
        """See `Wakeups.start`. Creates or upgrades the engine's tables. Raises RuntimeError if this process
        runs another.
        """
        for kind in handlers:
            check_pair(kind, "")
        if not _only_one.acquire(blocking=False):
            raise RuntimeError("already started: dbos allows one engine per process")
        self._stopping.clear()
        self._ready.clear()
        try:
            self._handlers = dict(handlers)
            self._launch()
        except BaseException:
            self._stopping.set()
            self._ready.set()
            DBOS.destroy(destroy_registry=True)
            _only_one.release()
            raise
        self._started = True
        self._ready.set()
        self._tidier = threading.Thread(target=self._tidy_for_ever, name="hefu-runtime-tidy", daemon=True)
        self._tidier.start()

    def _launch(self) -> None:
        # A handler of ours on dbos's logger keeps it from adding its own, and lets records reach the
        # product's logging.
        logging.getLogger("dbos").addHandler(logging.NullHandler())
        DBOS(config=_config(self._settings))
        self._register()
        if not self._handlers:
            DBOS.listen_queues([])
        DBOS.launch()
        DBOS.register_queue(
            _QUEUE,
            worker_concurrency=self._settings.threads * _TAKE,
            polling_interval_sec=self._settings.poll.total_seconds(),
            on_conflict="always_update",
        )

    def _register(self) -> None:
        # Plain functions: dbos would store the instance of a bound method as an argument.
        def job(kind: str, key: str) -> None:
            self._run(kind, key)

        def tick(_scheduled_at: Any, context: Any) -> None:
            kind, key = context
            # dbos's scheduler notices a deletion seconds later; whoever cancelled means now.
            if contextvars.Context().run(DBOS.get_schedule, f"{kind}/{key}") is not None:
                self._run(kind, key)

        # No limit of recoveries: a job that outlives a hundred workers is still wanted.
        self._job = DBOS.workflow(name=_JOB, max_recovery_attempts=None)(job)
        self._tick = DBOS.workflow(name=_TICK, max_recovery_attempts=None)(tick)

    def stop(self) -> None:
        """See `Wakeups.stop`. Jobs begun and not ended stay stored under this worker's id; the reaper gives
        them to others.
        """
        if not self._started:
            return
        self._stopping.set()
        until = monotonic() + self._settings.grace.total_seconds()
        with self._ended:
            while any(p.running for p in self._pairs.values()) and (left := until - monotonic()) > 0:
                self._ended.wait(left)
        self._started = False
        if self._tidier is not None:
            self._tidier.join()
        DBOS.destroy(destroy_registry=True)
        with self._lock:
            self._pairs.clear()
        _only_one.release()

    # --- the verbs ---

    def wake(self, kind: str, key: str) -> None:
        """See `Wakeups.wake`. Blocks while the database is unreachable, as the caller's own next statement
        would.
        """
        self._check(kind, key)
        try:
            if not self._hold(kind, key):
                self._share(kind, key)
        except (SQLAlchemyError, dbos_error.DBOSException) as error:
            log.warning("wake of %s %s lost, the sweep will find it: %s", kind, key, error)

    def at(self, time: datetime, kind: str, key: str) -> str:
        """See `Wakeups.at`. Raises SQLAlchemyError or DBOSException when it cannot be stored."""
        self._check(kind, key)
        check_time(time)
        options = _options(self._new_id())
        delay = (time - self._clock()).total_seconds()
        if delay > 0:
            options["delay_seconds"] = delay
        return DBOS.enqueue_workflow_with_options(options, kind, key).workflow_id

    def every(self, schedule: str, kind: str, key: str) -> str:
        """See `Wakeups.every`. Raises SQLAlchemyError or DBOSException when it cannot be stored."""
        self._check(kind, key)
        cron = parse(schedule).cron
        name = f"{kind}/{key}"
        known = DBOS.get_schedule(name)
        if known is not None and (known["schedule"], known["cron_timezone"]) == (cron, self._settings.zone):
            return name
        DBOS.apply_schedules(
            [
                {
                    "schedule_name": name,
                    "workflow_fn": self._tick,
                    "schedule": cron,
                    "context": [kind, key],
                    "cron_timezone": self._settings.zone,
                    "queue_name": _QUEUE,
                }
            ]
        )
        return name

    def list(self) -> Sequence[Job]:
        """See `Wakeups.list`."""
        self._require_start()
        found = DBOS.list_workflows(status=[*_STATES], name=_NAMES, load_output=False)
        return [*(_job_of(one) for one in found), *self._schedules()]

    def _schedules(self) -> Iterator[Job]:
        now, zone = self._clock(), ZoneInfo(self._settings.zone)
        for one in DBOS.list_schedules():
            kind, _, key = one["schedule_name"].partition("/")
            due = parse(one["schedule"]).next_after(now, zone)
            yield Job(one["schedule_name"], kind, key, State.REPEATED, due, one["schedule"])

    def cancel(self, job_id: str) -> bool:
        """See `Wakeups.cancel`."""
        self._require_start()
        if "/" in job_id:  # only a schedule's id has one
            known = DBOS.get_schedule(job_id) is not None
            DBOS.delete_schedule(job_id)
            return known
        status = DBOS.get_workflow_status(job_id)
        if status is None or status.status not in ("ENQUEUED", "DELAYED"):
            return False
        DBOS.cancel_workflow(job_id)
        return True

    # --- for the reaper ---

    def held(self) -> Mapping[str, Sequence[str]]:
        """Ids of the jobs that were begun and have not ended, by the worker that began them."""
        self._require_start()
        by_worker: dict[str, _Ids] = {}
        for one in DBOS.list_workflows(status="PENDING", name=_NAMES, load_input=False, load_output=False):
            by_worker.setdefault(one.executor_id or "", []).append(one.workflow_id)
        return by_worker

    def release(self, ids: Sequence[str]) -> None:
        """Put begun jobs back for any worker to take. What has ended meanwhile stays ended."""
        self._require_start()
        DBOS.resume_workflows([*ids], queue_name=_QUEUE)

    # --- running ---

    def _hold(self, kind: str, key: str) -> bool:
        """Run the pair in this process, at once and without the queue's poll. False: not ours, or no room."""
        if kind not in self._handlers:
            return False
        with self._lock:
            pair = self._pairs.get((kind, key))
            if pair is not None:
                pair.again = pair.running
                return True
            if len(self._pairs) >= self._room:
                return False
            self._pairs[kind, key] = _Pair()
        try:
            DBOS.start_workflow(self._job, kind, key)
        except BaseException:
            with self._lock:
                if not self._pairs.get((kind, key), _Pair(running=True)).running:
                    del self._pairs[kind, key]
            raise
        return True

    def _share(self, kind: str, key: str) -> None:
        """Queue the pair for whichever worker is free, unless one is queued already.

        dbos holds the deduplication id until a job *ends*; a wake must not be swallowed by one that runs. So
        there is a second place, and beyond it we queue without one: superfluous, never lost.
        """
        for place in ("1", "2"):
            mine = self._new_id()
            options = _options(mine)
            options["deduplication_id"] = f"{place}/{kind}/{key}"
            options["duplication_policy"] = "return-existing"
            handle = DBOS.enqueue_workflow_with_options(options, kind, key)
            if handle.workflow_id == mine or _waits(handle.workflow_id):
                return
        DBOS.enqueue_workflow_with_options(_options(self._new_id()), kind, key)

    def _run(self, kind: str, key: str) -> None:
        if not self._handlers:
            # We only ask, but what dbos recovers under our id goes to its own queue, which everybody serves.
            contextvars.Context().run(DBOS.resume_workflows, [DBOS.workflow_id or ""], queue_name=_QUEUE)
            raise _UnfinishedError
        handler = self._handlers.get(kind)
        if handler is None:
            # Kept, it would come back for ever, and what it was for is found by the sweep of whoever knows
            # it.
            log.warning("no handler for %s (key %s): a newer or older release asked for it", kind, key)
            return
        self._ready.wait()
        if self._joins(kind, key):
            return
        with self._slots:
            if self._joins(kind, key):
                return
            if self._stopping.is_set():
                raise _UnfinishedError
            self._rounds(handler, kind, key)

    def _joins(self, kind: str, key: str) -> bool:
        """Whether the pair runs in this process already; it will then do another round for us.

        Our own job may count as done: should the process die before that round, the other job is taken over.
        """
        with self._lock:
            pair = self._pairs.get((kind, key))
            if pair is None or not pair.running:
                return False
            pair.again = True
            return True

    def _rounds(self, handler: Handler, kind: str, key: str) -> None:
        with self._lock:
            pair = self._pairs.setdefault((kind, key), _Pair())
            if pair.running:
                pair.again = True
                return
            pair.running = True
        again = True
        while again:
            try:
                _call(handler, kind, key)
            finally:
                with self._ended:
                    again, pair.again = pair.again, False
                    if not again:
                        # `stop` may have given up on us and emptied the table meanwhile.
                        if self._pairs.get((kind, key)) is pair:
                            del self._pairs[kind, key]
                        self._ended.notify_all()

    # --- retention ---

    def _tidy_for_ever(self) -> None:
        while not self._stopping.wait(self._settings.tidy.total_seconds()):
            try:
                self.tidy()
            except Exception as error:  # noqa: BLE001 - a dead thread would let the tables grow unseen
                log.warning("finished jobs not removed, next try in %s: %s", self._settings.tidy, error)

    def tidy(self) -> int:
        """Forget jobs finished longer than `keep` ago; return how many. Runs by itself; public for tests and
        the CLI.
        """
        self._require_start()
        before = (self._clock() - self._settings.keep).isoformat()
        removed = 0
        while not self._stopping.is_set():
            found = DBOS.list_workflows(
                status=_OVER,
                name=_NAMES,
                completed_before=before,
                limit=_TIDY_BATCH,
                load_input=False,
                load_output=False,
            )
            DBOS.delete_workflows([one.workflow_id for one in found])
            removed += len(found)
            if len(found) < _TIDY_BATCH:
                break
        return removed

    def _check(self, kind: str, key: str) -> None:
        self._require_start()
        check_pair(kind, key)

    def _require_start(self) -> None:
        if not self._started:
            raise RuntimeError("not started")


class _Connection(sqlite3.Connection):
    """A SQLite connection in WAL mode, which dbos does not ask for.

    Readers then do not block the writer, and a commit is no fsync: after a power cut the last wakes may be
    missing, which the sweep repairs; the file stays sound.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.execute("PRAGMA busy_timeout=30000")
        self.execute("PRAGMA journal_mode=WAL")
        self.execute("PRAGMA synchronous=NORMAL")


def _config(settings: Settings) -> DBOSConfig:
    sqlite = settings.url.startswith("sqlite")
    config: DBOSConfig = {
        "name": _APP,
        "system_database_url": settings.url,
        "dbos_system_schema": settings.schema,
        "application_version": _VERSION,
        "executor_id": settings.worker_id,
        # The default is pickle: code execution for whoever can write to the table.
        "serializer": DBOSPortableJSONSerializer(),
        "enable_otlp": False,
        "log_level": "WARNING",
        # Its threads are left unbounded, ours are `_slots`: dbos parks a thread whose job was taken over
        # until somebody ends it, so a bounded pool full of parked threads would wait for itself.
        "sys_db_pool_size": settings.threads + 8,
        # It serves messages and events, which we do not use, by triggers on each write.
        "use_listen_notify": False,
        # Nobody listens, yet that thread is what `stop` would wait a second for.
        "notification_listener_polling_interval_sec": 0.1,
        "scheduler_polling_interval_sec": 5.0,
    }
    if sqlite:
        config["db_engine_kwargs"] = {"connect_args": {"factory": _Connection}}
    return config


class _UnfinishedError(BaseException):
    """Leaves a job begun and unfinished: not an Exception, which dbos would store as the job's outcome."""


def _unregistered(*_args: Any) -> None:
    raise RuntimeError("not started")


def _call(handler: Handler, kind: str, key: str) -> None:
    try:
        # Without dbos's context: a wake inside a handler would else become a recorded step of this job, and a
        # second run after a crash would replay the record instead of waking.
        contextvars.Context().run(handler, key)
    except Exception:
        log.exception("handler of %s failed for %s", kind, key)


def _waits(job_id: str) -> bool:
    status = DBOS.get_workflow_status(job_id)
    return status is not None and status.status == "ENQUEUED"


def _options(job_id: str) -> EnqueueOptions:
    return {"workflow_name": _JOB, "queue_name": _QUEUE, "workflow_id": job_id, "app_version": _VERSION}


def _job_of(status: WorkflowStatus) -> Job:
    args = status.input["args"] if status.input else ("", "")
    kind, key = args if status.name == _JOB else args[1]
    state = _STATES[status.status]
    due = None
    if state is State.DELAYED and status.delay_until_epoch_ms is not None:
        due = datetime.fromtimestamp(status.delay_until_epoch_ms / 1000, UTC)
    worker = status.executor_id if state is State.RUNNING else None
    return Job(status.workflow_id, kind, key, state, due, None, worker)
