"""The resident hub: schedules, hints and the sweep, each a short job that the runtime wakes.

Every job is idempotent and carries ids only; what is due stands in the store, so a lost wake-up costs a second.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta

from sqlalchemy.exc import SQLAlchemyError

from hefu.app import logs, telling
from hefu.app.house import App
from hefu.core.errors import HubError
from hefu.core.urgency import urgently
from hefu.engine import worker
from hefu.engine.hub import Hub
from hefu.runtime.dbos import DbosWakeups, Settings, engine_url
from hefu.runtime.reaper import Me, Pulse
from hefu.store import intents, issues, projects, shards
from hefu.store.retention import retain
from hefu.store.tables import worker as worker_table

log = logging.getLogger("hefu")

SWEEP_SECONDS = 1.0
RETENTION = "40 3 * * *"
"""When histories that are old enough go: at night, and whenever the hub starts."""
PATIENCE = 5
"""Sweeps in a row that find work due and nobody at it before the sweep does it itself."""

_SEPARATOR = "\x1f"
_LONGEST_ID = 300


class Service:
    """One process that keeps the flows of the project in step until it is stopped.

    `told(kind, key, run counts)` is called after each piece of work, for progress on screen.
    """

    def __init__(
        self, app: App, *, threads: int = 8, told: Callable[[str, str, dict[str, int]], None] | None = None
    ) -> None:
        self.app = app
        self.hub: Hub = app.hub()
        self.told = told or (lambda *_: None)
        worker_id = self.hub.worker_id
        settings = Settings(engine_url(app.store.url.render_as_string(hide_password=False)), worker_id, threads=threads,
                            zone="Asia/Shanghai", grace=timedelta(seconds=5))  # fmt: skip
        self.wakeups = DbosWakeups(settings, clock=app.env.now, new_id=app.env.new_id)
        me = Me(worker_id, socket.gethostname()[:200], os.getpid())
        beat = timedelta(seconds=app.store.lease / 2)  # the engine's jobs go over before the shards do
        self._pulse = Pulse(app.store.engine, worker_table, me, self.wakeups, lease=beat)
        self._stopping = threading.Event()
        self._sweeper = threading.Thread(target=self._sweep_for_ever, name="hefu-sweep", daemon=True)
        self._idle = threading.Condition()
        self._working = 0
        self._changing = False
        self._refused: int | None = None
        self._unattended = 0
        self._trouble: str | None = None

    def start(self) -> None:
        """Begin: heartbeat, runtime, schedules, sweep. Raises Unsupported "store.in_use" beside another hub."""
        self.app.store.lock()
        self._pulse.start(reaping=False)
        try:
            kinds = {"cycle": self._cycle, "full": self._full, "drain": self._drain, "hint": self._hint}
            self.wakeups.start({**kinds, "tell": self._tell, "retain": self._retain})
            self._pulse.reaping(True)
            self._schedule()
        except BaseException:
            self._end()
            raise
        self._sweeper.start()

    def stop(self) -> None:
        """End in order; work that is cut off is found again at the next start."""
        self._stopping.set()
        with self._idle:
            self._idle.notify_all()
        if self._sweeper.is_alive():
            self._sweeper.join(timeout=5)
        self._end()

    def _end(self) -> None:
        """Also while the database is away: then the others find out by our silence."""
        self._pulse.reaping(False)
        for step in (self.wakeups.stop, self._pulse.stop, self._release):
            try:
                step()
            except (HubError, SQLAlchemyError) as error:
                log.warning("stopping: %s", logs.worded(error))

    def _release(self) -> None:
        with self.app.store.begin() as tx:
            shards.release(tx, self.hub.worker_id)

    def hint(self, connection: str, obj: str, record_id: str) -> None:
        """Somebody says that this record may have changed; an id that no system would give means the whole object."""
        known = record_id if len(record_id) <= _LONGEST_ID and "\0" not in record_id else ""
        self.wakeups.wake("hint", _SEPARATOR.join((connection, obj, known)))

    # --------------------------------------------------------------------- jobs

    def _schedule(self) -> None:
        for job in self.wakeups.list():
            if job.schedule:
                self.wakeups.cancel(job.id)
        if self.hub.project.privacy is not None:
            self.wakeups.every(RETENTION, "retain", "histories")
            self.wakeups.wake("retain", "histories")
        for flow in self.hub.project.flows.values():
            if flow.enabled:
                self.wakeups.every(flow.schedule, "cycle", flow.flow)
                if flow.full_scan:
                    self.wakeups.every(flow.full_scan, "full", flow.flow)
                self.wakeups.wake("cycle", flow.flow)
        if self.hub.project.alerts is not None and self.hub.project.alerts.alerts:
            self.wakeups.every(telling.EVERY, "tell", "")

    @contextmanager
    def _job(self, what: str) -> Iterator[Hub | None]:
        """The hub to work with; None while the project is being exchanged, after which everything is woken again.

        An error is told in one line and leaves the work due: the sweep or the next round does it again.
        """
        with self._idle:
            hub = None if self._changing or self._stopping.is_set() else self.hub
            self._working += 1
        try:
            with logs.working(what):
                yield hub
        except HubError as error:
            if error.code == "store.lost_lease":
                log.info("%s: %s", what, logs.worded(error))
            else:
                log.warning("%s: %s", what, logs.worded(error))
        finally:
            with self._idle:
                self._working -= 1
                self._idle.notify_all()

    def _cycle(self, name: str) -> None:
        self._round(name, full=False)

    def _full(self, name: str) -> None:
        self._round(name, full=True)

    def _round(self, name: str, *, full: bool) -> None:
        with self._job(f"flow {name}") as hub:
            flow = hub.project.flows.get(name) if hub is not None else None
            if hub is not None and flow is not None and flow.enabled:
                run = worker.cycle(hub, flow, full=full)
                self.told("cycle", name, dict(run.counts))

    def _tell(self, _key: str) -> None:
        with self._job("alerts") as hub:
            if hub is not None:
                telling.turn(self.app, hub.project)

    def _drain(self, _key: str) -> None:
        with self._job("delivery") as hub:
            if hub is None or worker.handed_over(hub):
                return
            with hub.run("drain", "due") as run:
                counts = worker.drain(hub, run)
            self.told("drain", "due", dict(counts))

    def _hint(self, key: str) -> None:
        connection, obj, record_id = key.split(_SEPARATOR, 2)
        with self._job(f"hint of {connection}") as hub:
            if hub is None:
                return
            counts = worker.hint(hub, connection, obj, record_id)
            if any(counts[k] for k in ("created", "changed", "linked")):
                self._drain("")
            self.told("hint", connection, dict(counts))

    def _retain(self, _key: str) -> None:
        """What is older than the project says it is kept goes."""
        with self._job("retention") as hub:
            if hub is not None and hub.project.privacy is not None:
                counts = retain(self.app.store, self.app.journal_key, hub.project.privacy.privacy, "hub")
                self.told("retain", "histories", dict(counts))

    # -------------------------------------------------------------------- sweep

    def _sweep_for_ever(self) -> None:
        while not self._stopping.wait(SWEEP_SECONDS):
            try:
                self._sweep()
                self._trouble = None
            except Exception as error:  # noqa: BLE001 - a dead thread would let due work lie
                said = logs.worded(error)
                if said != self._trouble:  # once, not every second
                    log.warning("sweep: %s", said)
                self._trouble = said

    def _sweep(self) -> None:
        """Wake what is due although nobody woke it, and take over a newly imported project."""
        with self.app.store.look() as tx:
            newest = projects.newest(tx)
            due = {*shards.due_mappings(tx), *intents.to_look_up(tx)}
            urgent = shards.urgent_mappings(tx, self.hub.active_mappings())
            slept = issues.to_wake(tx)
        if slept:
            with self.app.store.begin() as tx:
                issues.wake(tx)
        if newest not in (None, self.hub.project.version, self._refused):
            self._take_over(newest)
        elif self._may_go(due) or self._may_go(urgent, urgent=True):
            self.wakeups.wake("drain", "due")
            self._attend()
        else:
            self._unattended = 0

    def _may_go(self, mappings: Collection[str], *, urgent: bool = False) -> bool:
        with urgently(urgent):
            return any(not worker.is_paused(self.hub, m) for m in mappings if m in self.hub.project.mappings)

    def _attend(self) -> None:
        """Work that stays due while this process delivers nothing: its wake-ups are lost, so do it here and now."""
        self._unattended = 0 if self.hub.draining.locked() else self._unattended + 1
        if self._unattended > PATIENCE:
            self._unattended = 0
            self._drain("")

    def _take_over(self, version: int | None) -> None:
        """Work on with the newest documents, once what runs under the old ones has ended."""
        try:
            project = self.app.project()
        except HubError as error:
            log.warning("version %s of the project cannot be used: %s", version, logs.worded(error))
            self._refused = version
            return
        with self._idle:
            self._changing = True
            try:
                self._idle.wait_for(lambda: self._working == 0 or self._stopping.is_set())
                if self._stopping.is_set():
                    return
                worker_id = self.hub.worker_id
                self.app.hang_up()
                self.hub = self.app.hub(project)
                self.hub.worker_id = worker_id
            finally:
                self._changing = False
        self._schedule()
        self.told("project", str(project.version), {})
