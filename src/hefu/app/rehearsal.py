"""A hub for rehearsing a cutover: the sandbox's connections, and a store of its own that the next one throws away."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from hefu.app.house import App
from hefu.core.cutover import MERGE
from hefu.core.errors import Unsupported
from hefu.core.project import Cutover, Project
from hefu.engine import cutover
from hefu.engine.cutover import Mode, Standing
from hefu.engine.hub import Hub
from hefu.store.cutovers import StepRow


@contextmanager
def working(app: App, mode: Mode, step: str | None = None, *, lock: bool = True) -> Iterator[tuple[Hub, Hub]]:
    """The hub that keeps the book, and the one on which the steps work.

    A step that writes to systems needs a SQLite store for itself; to sign or to pause, the hub may run meanwhile.
    `lock`: not where the hub itself runs in this process.
    """
    book = app.hub()
    if mode == "real":
        if lock and (step is None or _writes(cutover.standing(book, mode), step)):
            app.store.lock()
        yield book, book
        return
    now = cutover.standing(book, mode)
    forget_others(app, now.started.id)
    with rehearsing(app, now.doc, now.started.id) as work:
        yield book, work


def _writes(now: Standing, name: str) -> bool:
    """Whether taking this step writes to a system."""
    step = next((x for x in now.doc.steps if x.step == name), None)
    back = now.started.state == "switching_back"
    do = None if step is None else step.do if not back else step.back and step.back.do
    return name == MERGE or bool(do and (do.sync or do.migrate))


def take_due(
    book: Hub, work: Hub, mode: Mode, who: str, *, sign: bool, around: Callable[[str], AbstractContextManager[Any]]
) -> Iterator[StepRow]:
    """Take what is due until something fails or waits for a person. `sign`: what people confirm is signed, too."""
    while due := cutover.standing(book, mode, ended=True).due:
        moved = False
        for name in due:
            with around(name):
                row = cutover.take(book, work, mode, name, who)
            if row.state == "running" and sign:
                row = cutover.take(book, work, mode, name, who, "done", "rehearsed")
            yield row
            moved |= row.state == "passed"
        if not moved:
            return


@contextmanager
def rehearsing(app: App, doc: Cutover, cutover_id: str) -> Iterator[Hub]:
    """The hub on which the steps of this rehearsal work. Raises Unsupported where a real system would be touched."""
    project = sandboxed(app.project(), doc)
    machine = replace(app.machine, store_url=f"sqlite:///{_store(app, cutover_id)}")
    with App(machine, app.env) as other:
        yield other.hub(project)


def sandboxed(project: Project, doc: Cutover) -> Project:
    """The project with the settings that the runbook gives for a rehearsal. Every connection in use must have some."""
    used = {m.connection for m in project.mappings.values()}
    for name in sorted(used):
        if not doc.rehearsal.get(name):
            raise Unsupported("cutover.not_sandboxed", name=doc.cutover, connection=name)
    connections = {
        name: one.model_copy(update={"settings": _over(one.settings, doc.rehearsal.get(name, {}))})
        for name, one in project.connections.items()
    }
    return project.model_copy(update={"connections": connections})


def _over(settings: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Settings with some of them replaced, maps word by word."""
    both = {
        name: _over(settings[name], value)
        if isinstance(value, Mapping) and isinstance(settings.get(name), Mapping)
        else value
        for name, value in other.items()
    }
    return {**settings, **both}


def forget_others(app: App, cutover_id: str) -> None:
    """Throw away what earlier rehearsals worked on; what was decided stays in the hub's own store."""
    keep = _store(app, cutover_id)
    for path in keep.parent.glob("*.sqlite*"):
        if not path.name.startswith(keep.name):
            path.unlink(missing_ok=True)


def _store(app: App, cutover_id: str) -> Path:
    folder = app.machine.home / "rehearsals"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder / f"{cutover_id}.sqlite"


__all__ = ["forget_others", "rehearsing", "sandboxed", "take_due", "working"]
