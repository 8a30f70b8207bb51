"""What every test "from the customer in the CRM to the money in the ERP" needs: two imitated vendors and a hub between.

A pair's own file adds what its people do there: status steps, deliveries, payments.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Self

from hefu.app import App
from hefu.app.house import Machine
from hefu.core.env import Env
from hefu.core.project import Project
from hefu.engine import worker
from hefu.sandbox import catalog
from hefu.sandbox.hands import Hands
from hefu.sandbox.server import Server
from hefu.sim.demo_project import Pair
from hefu.store import folder as documents


class Hurried(Env):
    """The machine's clock, moved on instead of waited for: every long wait passes at once, in both vendors' houses too.

    Short waits (a call's place in the row) are really waited: they are what a rate is made of.
    """

    short = 0.2

    def __init__(self, *hands: Hands) -> None:
        super().__init__()
        self.hands, self.ahead_by = hands, 0.0
        self._moving = threading.Lock()

    def now(self) -> datetime:
        """The present instant, in UTC."""
        return super().now() + timedelta(seconds=self.ahead_by)

    def sleep(self, seconds: float) -> None:
        """Wait, or move every clock on."""
        if seconds <= self.short:
            super().sleep(seconds)
            return
        with self._moving:
            self.ahead_by += seconds
            for hand in self.hands:
                hand.settings(clock_offset=self.ahead_by)


class Trade:
    """Both imitated vendors, empty, and a pair's project between them; `order_object` is what sales call an order."""

    order_object = "order"

    def __init__(self, app: App, project: Project, crm: Hands, erp: Hands) -> None:
        self.app, self.project, self.hub = app, project, app.hub(project)
        self.crm, self.erp = crm, erp
        self.houses: list[Any] = []

    @classmethod
    @contextmanager
    def between(cls, pair: Pair, folder: Path) -> Iterator[Self]:
        """Both served, the project written into the folder and loaded, both connections checked."""
        servers = [Server(catalog.entry(name).open(":memory:", True)).start() for name in pair.systems]
        try:
            crm, erp = (Hands(server.url) for server in servers)
            pair.write(folder, crm.url, erp.url)
            pair.ready(crm.url, erp.url)
            with App(Machine.here(folder, {}), Hurried(crm, erp)) as app:
                project = app.load(documents.read_folder(folder)).require()
                assert app.check(project) == {"crm": None, "erp": None}
                made = cls(app, project, crm, erp)
                made.houses = [server.sandbox for server in servers]
                yield made
        finally:
            for server in servers:
                server.stop()

    def cycle(self, times: int = 1) -> None:
        """That many cycles of every flow."""
        for _ in range(times):
            for flow in self.project.flows.values():
                worker.cycle(self.hub, flow, full=False, guarded=False)

    def until(self, what: Callable[[], object]) -> None:
        """Cycles until that holds and every ordered fault has struck; a system that asked for a rest gets it."""
        for _ in range(40):
            if what() and not self.to_come():
                return
            self.cycle()
            self.app.env.sleep(5)
        raise AssertionError(f"this never came about; faults that did not strike: {self.to_come()}")

    def to_come(self) -> list[object]:
        """Faults that were ordered and have not struck yet."""
        return [fault for house in self.houses for fault in house.faults]

    def writes(self) -> tuple[int, int]:
        """How often one more cycle wrote into (CRM, ERP)."""
        self.crm.reset()
        self.erp.reset()
        self.cycle()
        return self.crm.counters()["total_writes"], self.erp.counters()["total_writes"]

    def newest(self, obj: str) -> tuple[str, dict[str, Any]]:
        """The newest record of an object of the ERP: internal id and fields."""
        made = next(str(c["id"]) for c in self.erp.changes(500) if c["object"] == obj)
        found = self.erp.record(obj, made)
        assert found is not None
        return made, found

    def made(self, obj: str) -> set[str]:
        """Every record of an object of the ERP that anybody ever made here."""
        return {str(c["id"]) for c in self.erp.changes(500) if c["object"] == obj}

    def order(self, record_id: str) -> dict[str, Any]:
        """The order as sales see it."""
        found = self.crm.record(self.order_object, record_id)
        assert found is not None
        return found


def money(given: object) -> Decimal:
    """An amount as a record shows it; blank is nothing."""
    return Decimal(str(given or 0))
