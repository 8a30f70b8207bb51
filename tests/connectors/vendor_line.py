"""How the tests of vendor connectors reach a sandbox: the real way out, and a clock that only moves by hand."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from hefu.connectors import find
from hefu.core.connector import Answer, Connector, Site
from hefu.core.env import Env
from hefu.core.project import Limits
from hefu.net import Egress, targets_in
from hefu.sandbox import frame
from hefu.sandbox.frame import Fault
from hefu.sim.rig import Clock as RigClock

PATIENCE = 5.0
"""Seconds that a call may take where the machine is slow."""

BRIEF = 0.3
"""Seconds that a call waits for an answer that was ordered not to come."""

USUAL = {
    "429": Fault("refuse", status=429),
    "429-after": Fault("refuse", status=429, seconds=7.0),
    "503": Fault("refuse", status=503),
    "500": Fault("refuse", status=500),
    "timeout": Fault("hang", seconds=2 * PATIENCE),
    "cut": Fault("lost"),
    "garbage": Fault("html"),
}
"""The words of the conformance suite (`hefu.sim.checks_faults`) as faults that every sandbox knows."""


class Still(frame.Clock, RigClock):
    """One clock for the sandbox and for the hub; it moves when somebody waits."""

    def __init__(self, start: datetime = datetime(2026, 11, 22, 1, tzinfo=UTC)) -> None:
        frame.Clock.__init__(self)
        RigClock.__init__(self, start)

    def now(self) -> datetime:
        return self.at + timedelta(seconds=self.offset)


class Standing(Env):
    """That clock for the way out, so that nobody really waits."""

    def __init__(self, clock: RigClock) -> None:
        super().__init__()
        self._clock = clock

    def now(self) -> datetime:
        return self._clock.now()

    def sleep(self, seconds: float) -> None:
        self._clock.sleep(seconds)


class Way(Egress):
    """The way out: patient with a slow machine, brief only with a call that `faults` keep without an answer."""

    def __init__(self, faults: Sequence[Fault], *given: Any, **more: Any) -> None:
        super().__init__(*given, **more)
        self._faults = faults

    def send(self, method: str, url: str, *, timeout: float | None = None, **more: Any) -> Answer:
        return super().send(method, url, timeout=BRIEF if self._silent(method, url) else timeout, **more)

    def _silent(self, method: str, url: str) -> bool:
        path = urlsplit(url).path
        hanging = [f for f in self._faults if f.kind == "hang" and f.times >= 0 and f.skip == 0]
        return any((not f.method or f.method == method) and path.startswith(f.path) for f in hanging)


def site(
    connection: str,
    settings: Mapping[str, Any],
    clock: RigClock,
    *,
    faults: Sequence[Fault] = (),
    timeout: float = PATIENCE,
    **facts: Any,
) -> Site:
    """Where a connector with these settings stands. `faults`: those of the sandbox that it calls."""
    egress = Way(
        faults,
        Standing(clock),
        targets=targets_in(settings),
        limits=Limits(timeout=timedelta(seconds=timeout)),
        connection=connection,
    )
    return Site(egress, clock.now, clock.sleep, connection=connection, facts={"zone": "Asia/Shanghai", **facts})


def line(
    name: str,
    settings: Mapping[str, Any],
    clock: RigClock,
    timeout: float = PATIENCE,
    *,
    faults: Sequence[Fault] = (),
    **facts: Any,
) -> Connector:
    """The connector of that name with these settings."""
    kind = find(name)
    at = site(name, settings, clock, faults=faults, timeout=timeout, **facts)
    return kind(kind.settings_type.model_validate(dict(settings)), at)


def failing(
    faults: list[Fault], path: str, own: Mapping[str, Fault | Callable[[], None]] | None = None
) -> Callable[[str], None]:
    """The rig's `fail`: the words of the suite as faults of calls below `path`; `own`: words of the vendor's own."""

    def fail(word: str) -> None:
        faults.clear()
        made = {**USUAL, **(own or {})}[word]
        if isinstance(made, Fault):
            faults.append(replace(made, path=made.path or path))
        else:
            made()

    return fail
