"""Pytest plugin for makers of connectors: a clock, a site without network, and each connector's capability sheet.

    from hefu.sim.conformance import Conformance, Rig

    class TestAcme(Conformance):
        @pytest.fixture
        def rig(self, hefu_site):
            return Rig(Acme(AcmeSettings(...), hefu_site), "Customer", sample, edited)

`pytest --hefu-sheet` prints, for each class, which abilities are proven. `pytest --hefu-sheet-file FILE` runs the
suites alone, with tests marked `conformance` or `judge("SANDBOX", "CLIENT")`, and writes what they proved.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest

from hefu.core.connector import Answer, Site
from hefu.core.errors import Transient
from hefu.sim.rig import CHECKS, Clock
from hefu.sim.sheet import JUDGED, Sheet


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
    group = parser.getgroup("hefu")
    group.addoption("--hefu-sheet", action="store_true", help="print which abilities each connector has proven")
    group.addoption("--hefu-sheet-file", metavar="FILE", help="run the conformance suites alone, write their results")


def pytest_configure(config: pytest.Config) -> None:
    """Make the markers known, and gather results where they are asked for."""
    config.addinivalue_line("markers", "conformance: runs checks of the conformance suite in a function of its own")
    config.addinivalue_line("markers", "judge(sandbox, client): runs a client that is not ours against a sandbox")
    file = config.getoption("--hefu-sheet-file")
    if file:
        if config.getoption("keyword", "") or any("::" in arg for arg in config.args):
            raise pytest.UsageError("--hefu-sheet-file wants whole test files: a part of one would look like all of it")
        if not hasattr(config, "workerinput"):  # processes of pytest-xdist report to the one that writes
            config.pluginmanager.register(_Gatherer(Path(file)), "hefu-sheet-file")


class _Gatherer:
    """Gathers results as tests report them, and writes them when all went well."""

    def __init__(self, file: Path) -> None:
        self.file, self.sheet = file, Sheet()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep a test's results."""
        if report.when == "call":
            self.sheet.add(report.nodeid.partition("::")[0], report.user_properties, report.passed)

    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Nothing is written of a run that failed: a table with half of it would not be true."""
        if exitstatus == pytest.ExitCode.OK:
            self.sheet.write(self.file)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With --hefu-sheet-file, only what belongs onto the sheet."""
    for item in items:
        for mark in item.iter_markers("judge"):
            item.user_properties.append((JUDGED, list(mark.args)))
    if not config.getoption("--hefu-sheet-file"):
        return
    left = [item for item in items if not _on_the_sheet(item)]
    config.hook.pytest_deselected(items=left)
    items[:] = [item for item in items if _on_the_sheet(item)]


def _on_the_sheet(item: pytest.Item) -> bool:
    if item.get_closest_marker("conformance") or item.get_closest_marker("judge"):
        return True
    from hefu.sim.conformance import Conformance

    return isinstance(item, pytest.Function) and item.cls is not None and issubclass(item.cls, Conformance)


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
