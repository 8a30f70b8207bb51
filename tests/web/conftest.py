"""The bench of a module of tests: one hub behind its API."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bench import Bench, bench
from browsing import browsing
from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def b(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    """Two systems in step, a hub, people with accounts, a server."""
    with bench(tmp_path_factory.mktemp("bench")) as made:
        yield made


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for the console's stories."""
    with browsing() as found:
        yield found
