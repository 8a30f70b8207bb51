"""Running sandboxes, empty, one per test module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hefu.sandbox.sap import open_sap
from hefu.sandbox.serve import Sandboxes
from hefu.sandbox.server import Server
from sandbox_api import Api, Listener, crm_api, erp_api


@pytest.fixture(scope="module")
def empty() -> Iterator[Sandboxes]:
    with Sandboxes.threads(empty=True) as pair:
        yield pair


@pytest.fixture(scope="module")
def sap_server() -> Iterator[Server]:
    made = Server(open_sap(empty=True)).start()
    yield made
    made.stop()


@pytest.fixture
def crm_(empty: Sandboxes) -> Iterator[Api]:
    api = crm_api(empty)
    yield api
    api.hands.settings(clock_offset=0)
    api.hands.reset()


@pytest.fixture
def erp_(empty: Sandboxes) -> Iterator[Api]:
    api = erp_api(empty)
    if not api.ok("GET", "/units")["total"]:
        api.ok("POST", "/units", {"code": "PCS", "name": "个"})
        api.ok("POST", "/products", {"code": "M1", "name": "轴承", "unit": "PCS", "price": "10.00"})
        api.ok("POST", "/products", {"code": "M2", "name": "电机", "unit": "PCS", "price": "99.99"})
    api.hands.reset()
    yield api
    api.hands.settings(clock_offset=0, search_lag=0, calls_per_second=0)
    api.hands.reset()


@pytest.fixture
def listener() -> Iterator[Listener]:
    made = Listener()
    yield made
    made.stop()
