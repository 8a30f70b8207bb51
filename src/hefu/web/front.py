"""What every endpoint is handed: the open hub, who asks, the jobs, and the service beside it, if there is one."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import Depends, Request

from hefu.app.house import App
from hefu.app.jobs import Jobs
from hefu.app.metrics import Metrics
from hefu.app.systems import Samples
from hefu.core.project import Project
from hefu.core.rights import Rights
from hefu.engine.hub import Hub
from hefu.store import projects
from hefu.web.entry import Entry
from hefu.web.problem import language_of

if TYPE_CHECKING:
    from hefu.app.service import Service


class Front:
    """The hub as the API sees it. It has connections of its own: what the service does is not disturbed by a look.

    `service`: the resident hub of this process; None: it runs elsewhere, and its store is shared.
    """

    def __init__(self, app: App, jobs: Jobs, service: Service | None = None) -> None:
        self.app = app
        self.jobs = jobs
        self.service = service
        self.samples = Samples()
        self.metrics = Metrics(app, self.project, None if service is None else service.app.calls)
        self.closing = threading.Event()
        self._changing = threading.Lock()
        self._hub: Hub | None = None

    def hub(self) -> Hub:
        """The engine's view of the newest documents. Raises Unsupported "store.no_project"."""
        with self.app.store.look() as tx:
            newest = projects.newest(tx)
        with self._changing:
            if self._hub is None or self._hub.project.version != newest:
                self.app.hang_up()
                self._hub = self.app.hub()
            return self._hub

    def project(self) -> Project:
        """The newest documents, none where nothing was imported yet."""
        with self.app.store.look() as tx:
            empty = projects.newest(tx) is None
        return Project() if empty else self.hub().project

    def close(self) -> None:
        """Streams end, jobs are not begun any more."""
        self.closing.set()
        self.jobs.close()


@dataclass(frozen=True)
class Caller:
    """Who asks, what they may, and in which language they read."""

    front: Front
    entry: Entry
    rights: Rights
    language: str

    @property
    def name(self) -> str:
        """As plans, issues and the audit log call them: the person, also where a token acts for them.

        Else somebody could agree to their own plan by a token of theirs.
        """
        return self.rights.principal.person

    @property
    def app(self) -> App:
        """The open hub."""
        return self.front.app

    def hub(self) -> Hub:
        """The engine's view of the newest documents."""
        return self.front.hub()

    @contextmanager
    def look(self) -> Iterator[Any]:
        """A reading transaction."""
        with self.front.app.store.look() as tx:
            yield tx

    def ask(self, kind: str, given: dict[str, Any]) -> dict[str, Any]:
        """Begin long work in this caller's name; the job as it stands."""
        return self.front.jobs.ask(kind, self.name, given)

    def t(self, en: str, zh: str) -> str:
        """The text in the caller's language."""
        return zh if self.language == "zh" else en


def front_of(request: Request) -> Front:
    """The front of the application that answers this request."""
    found: Front = request.app.state.front
    return found


def _caller(request: Request) -> Caller:
    return Caller(front_of(request), request.state.entry, request.state.rights, language_of(request))


Who = Annotated[Caller, Depends(_caller)]
"""Who asks: past the door, the right of the route in hand."""

House = Annotated[Front, Depends(front_of)]

Told = Callable[[str, str, dict[str, int]], None]

__all__ = ["Caller", "Front", "House", "Told", "Who", "front_of"]
