"""The real pair for the tests of this folder: HEFU_REAL=1 (or quick) obtains it, else they skip with one line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from real_pair import HELP, Pair


@pytest.fixture(scope="session")
def pair() -> Iterator[Pair]:
    """Both systems, running. Skips without HEFU_REAL; with it, not to have them is a failure."""
    if not any(os.environ.get(name) for name in ("HEFU_REAL", "HEFU_REAL_ERP")):
        pytest.skip(f"needs the real ERP and CRM: {HELP}")
    pair = Pair()
    try:
        pair.set_up()
        pair.start()
        yield pair
    finally:
        pair.stop()


QUICK = ("TestParty", "TestAccounts")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what needs the pair. HEFU_REAL=quick runs the conformance suite on one object of each system only."""
    here = Path(__file__).parent
    mine = [item for item in items if item.path.is_relative_to(here)]
    for item in mine:
        item.add_marker(pytest.mark.real)
    if os.environ.get("HEFU_REAL") == "quick":
        left = [i for i in mine if isinstance(i.parent, pytest.Class) and i.parent.name not in QUICK]
        config.hook.pytest_deselected(items=left)
        gone = set(left)
        items[:] = [item for item in items if item not in gone]
