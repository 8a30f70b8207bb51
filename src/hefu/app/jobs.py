"""Long work in the background: asked for once, looked at by anybody, done by a few threads of this process.

Each job opens the hub for itself, as a verb of the command line does: what it rehearses or reads disturbs nobody.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from hefu.app import logs
from hefu.app.house import App, Machine
from hefu.core.env import Env
from hefu.core.errors import HubError, Transient
from hefu.engine.hub import Hub
from hefu.store import jobs as kept
from hefu.store.db import Store

log = logging.getLogger("hefu.jobs")

AT_ONCE = 2
MOST_WAITING = 20
BEAT_SECONDS = 5.0
SILENT_SECONDS = 60.0
"""A job whose process has said nothing for so long is given up."""


class Desk:
    """What the work of a job is handed: the open hub, who asked, what for, and a way to tell how far it is."""

    def __init__(self, app: App, hub: Hub, who: str, given: Mapping[str, Any], tell: Callable[[dict[str, Any]], None]):
        self.app = app
        self.hub = hub
        self.who = who
        self.given = given
        self._tell = tell
        hub.told = lambda verb, name, counts: tell({"does": verb, "of": name, "counts": dict(counts)})

    def at(self, what: str, count: int = 0) -> None:
        """It has come to this; so many are done."""
        self._tell({"does": what, "of": "", "counts": {"done": count} if count else {}})

    @contextmanager
    def doing(self, what: str) -> Iterator[None]:
        """It does this while the block lasts."""
        self.at(what)
        yield


Work = Callable[[Desk], Any]


class Jobs:
    """The jobs of this process. `kinds`: what can be asked for; `writing`: kinds that write to systems, one at a time.

    `alone`: no hub runs in this process, so a job that writes takes the store's lock, as a verb does.
    """

    def __init__(
        self, machine: Machine, store: Store, env: Env, kinds: Mapping[str, Work], writing: frozenset[str],
        *, alone: bool = True,
    ) -> None:  # fmt: skip
        self.machine = machine
        self.store = store
        self.env = env
        self.kinds = kinds
        self.writing = writing
        self.alone = alone
        self._pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="hefu-job")
        self._turn = threading.Lock()
        self._mine: dict[str, dict[str, Any]] = {}
        self._guard = threading.Lock()
        self._closing = threading.Event()
        self._beat = threading.Thread(target=self._beat_for_ever, name="hefu-job-beat", daemon=True)

    def start(self) -> None:
        """Begin to take jobs."""
        self._beat.start()

    def close(self) -> None:
        """Begin nothing any more; what runs goes on to its end, or is found to be cut off."""
        self._closing.set()
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._beat.is_alive():
            self._beat.join(2)

    def ask(self, kind: str, author: str, given: dict[str, Any]) -> dict[str, Any]:
        """Begin work of this kind. Raises Transient "web.too_many_jobs"."""
        with self._guard:
            if len(self._mine) >= MOST_WAITING:
                raise Transient("web.too_many_jobs", after=10.0, count=len(self._mine))
            with self.store.begin() as tx:
                job_id = kept.ask(tx, kind, author, given)
                made = kept.get_job(tx, job_id)
            assert made is not None
            self._mine[job_id] = {}
        self._pool.submit(self._run, job_id, kind, author, given)
        return made

    def look(self, job_id: str) -> dict[str, Any] | None:
        """A job as it stands, with how far it is; None where there is none."""
        with self.store.look() as tx:
            found = kept.get_job(tx, job_id)
        return None if found is None else self.with_progress(found)

    def with_progress(self, found: dict[str, Any]) -> dict[str, Any]:
        """The same; of a job of this process as far as it is this moment.

        That is not in the store: what works on SQLite may hold its only writer for as long as it reads.
        """
        with self._guard:
            return {**found, "progress": self._mine.get(found["id"]) or found["progress"]}

    def _run(self, job_id: str, kind: str, author: str, given: dict[str, Any]) -> None:
        try:
            with self.store.begin() as tx:
                begun = kept.begin(tx, job_id)
            if begun and kind in self.writing:
                with self._turn:
                    self._do(job_id, kind, author, given)
            elif begun:
                self._do(job_id, kind, author, given)
        except SQLAlchemyError:
            log.exception("job %s", job_id)
        finally:
            with self._guard:
                self._mine.pop(job_id, None)

    def _do(self, job_id: str, kind: str, author: str, given: dict[str, Any]) -> None:
        def tell(progress: dict[str, Any]) -> None:
            with self._guard:
                if job_id in self._mine:
                    self._mine[job_id] = progress

        try:
            with logs.working(f"job {kind}"), App(self.machine, self.env) as app:
                if self.alone and kind in self.writing:
                    app.store.lock()
                result = self.kinds[kind](Desk(app, app.hub(), author, given, tell))
        except HubError as error:
            facts = {name: str(value) for name, value in error.facts.items()}
            self._end(job_id, error={"code": error.code, "facts": facts})
        except Exception as error:
            log.exception("job %s (%s)", job_id, kind)
            said = f"{type(error).__name__}"
            self._end(job_id, error={"code": "web.job_failed", "facts": {"said": said}})
        else:
            self._end(job_id, result=result)

    def _end(self, job_id: str, **how: Any) -> None:
        with self.store.begin() as tx:
            kept.end(tx, job_id, **how)

    def _beat_for_ever(self) -> None:
        while not self._closing.wait(BEAT_SECONDS):
            with self._guard:
                mine = dict(self._mine)
            try:
                with self.store.look() as tx:
                    open_ones = {job["id"] for job in kept.under_way(tx)}
                if not open_ones:
                    continue
                with self.store.begin() as tx:
                    for job_id, progress in mine.items():
                        kept.tell(tx, job_id, progress)
                    kept.give_up(tx, SILENT_SECONDS, {"code": "web.job_lost", "facts": {}}, but=mine)
            except HubError as error:
                log.warning("jobs: %s", logs.worded(error))


__all__ = ["Desk", "Jobs", "Work"]
