"""Pytest plugin for makers of connectors: a clock, a site without network, and each connector's capability sheet.

    from hefu.sim.conformance import Conformance, Rig

    class TestAcme(Conformance):
        @pytest.fixture
        def rig(self, hefu_site):
            return Rig(Acme(AcmeSettings(...), hefu_site), "Customer", sample, edited)

`pytest --hefu-sheet` prints, for each class, which abilities are proven.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import pytest

from hefu.core.connector import Answer, Site
from hefu.core.errors import Transient
from hefu.sim.rig import CHECKS, Clock


class _Nowhere:
    """A network where nobody answers."""

    def send(self, method: str, url: str, **_: Any) -> Answer:
        raise Transient("net.unreachable", url=url)


@pytest.fixture
def hefu_clock() -> Clock:
    """A clock that stands still until someone sleeps."""
    return Clock()


@pytest.fixture
def hefu_site(hefu_clock: Clock) -> Site:
    """A site with that clock and without network; `dataclasses.replace(hefu_site, http=...)` gives it one."""
    return Site(_Nowhere(), hefu_clock.now, hefu_clock.sleep, connection="conformance")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --hefu-sheet."""
    parser.getgroup("hefu").addoption(
        "--hefu-sheet", action="store_true", help="print which abilities each connector has proven"
    )


_NOT_CALLED_FOR = "not called for"


def pytest_report_teststatus(report: Any) -> tuple[str, str, str] | None:
    """A check that the connector's declaration does not call for is no skipped test: it has a word of its own."""
    said = report.longrepr[2] if report.skipped and isinstance(report.longrepr, tuple) else ""
    if said.startswith(("Skipped: not tried:", "Skipped: bypassed:")):
        return _NOT_CALLED_FOR, "-", "NOT CALLED FOR"
    return None


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Print the capability sheets."""
    if not config.getoption("--hefu-sheet"):
        return
    sheets: dict[str, dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for state in ("passed", "failed", _NOT_CALLED_FOR):
        for report in terminalreporter.stats.get(state, ()):
            owner, _, test = report.nodeid.rpartition("::test_")
            name = test.partition("[")[0]
            if name in CHECKS:
                sheets[owner][CHECKS[name].ability].append(state)
    for owner, abilities in sorted(sheets.items()):
        terminalreporter.section(owner)
        for ability, states in abilities.items():
            tried = [s for s in states if s != _NOT_CALLED_FOR]
            terminalreporter.write_line(f"{ability:12} {tried.count('passed')}/{len(tried)} of {len(states)} checks")
