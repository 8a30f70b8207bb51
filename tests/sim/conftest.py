"""A listener for webhooks of the demo's systems."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from sandbox_api import Listener


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.stop()
