"""`hefu serve`: the API, the webhooks and (unless it runs elsewhere) the resident hub, in one process."""

from __future__ import annotations

from collections.abc import Callable

from hefu.app.house import App
from hefu.app.jobs import Jobs
from hefu.app.service import Service
from hefu.app.work import KINDS, WRITING
from hefu.web.api import make
from hefu.web.front import Front
from hefu.web.server import Server

Told = Callable[[str, str, dict[str, int]], None]


class Serving:
    """The open house. `beside`: no resident hub here; it runs in another process on the same store."""

    def __init__(self, app: App, listen: str, *, beside: bool = False, threads: int = 8, told: Told | None = None):
        self.app = app
        self.service = None if beside else Service(app, threads=threads, told=told)
        self.own = App(app.machine, app.env)
        jobs = Jobs(app.machine, self.own.store, app.env, KINDS, WRITING, alone=beside)
        self.front = Front(self.own, jobs, self.service)
        self.server = Server(make(self.front), listen)

    def start(self) -> None:
        """Begin; raises Unsupported "store.in_use" beside another hub, "web.port" for a taken address."""
        try:
            if self.service is not None:
                self.service.start()
            self.front.jobs.start()
            self.server.start()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End in order: no new requests, then no new work."""
        self.front.close()
        self.server.stop()
        if self.service is not None:
            self.service.stop()
        self.own.close()


__all__ = ["Serving"]
