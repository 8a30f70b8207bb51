"""A vendor that signs what stands in the query is proven from what really came in over the line."""

from __future__ import annotations

import http.client
import socket
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from hefu.app.service import Service
from hefu.connectors._jiandaoyun_hooks import signature
from hefu.connectors.jiandaoyun import Jiandaoyun, JiandaoyunSettings
from hefu.core.connector import Site
from hefu.web.hooks import program
from hefu.web.server import Server

APP, FORM, ROW = "a" * 24, "b" * 24, "c" * 24
BODY = f'{{"op":"data_update","data":{{"_id":"{ROW}","appId":"{APP}","entryId":"{FORM}"}}}}'.encode()


class Desk:
    """What a receiver asks of the service: a connection's connector, and where hints go."""

    def __init__(self) -> None:
        self.hub, self.hints = self, []
        forms = {"customer": {"app": APP, "form": FORM}}
        settings = JiandaoyunSettings.model_validate({"api_key": "k", "webhook_secret": "s3cret", "forms": forms})
        self.line = Jiandaoyun(settings, Site(cast("Any", None), lambda: datetime.now(UTC), lambda _: None))

    def connect(self, name: str) -> Jiandaoyun:
        return self.line

    def hint(self, *told: str) -> None:
        self.hints.append(told)


@pytest.fixture
def desk():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    desk = Desk()
    receiver = Server(program(cast("Service", desk)), f"127.0.0.1:{port}")
    receiver.start()
    yield desk, port
    receiver.stop()


def post(port: int, nonce: str, stamp: str, signed: str, **headers: str) -> int:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    line.request("POST", f"/hooks/crm?nonce={nonce}&timestamp={stamp}", BODY, {"X-JDY-Signature": signed, **headers})
    status = line.getresponse().status
    line.close()
    return status


def test_a_signature_over_the_query_is_checked_against_the_query(desk):
    desk, port = desk
    stamp = str(int(datetime.now(UTC).timestamp()))
    signed = signature("n", BODY, "s3cret", stamp)
    assert post(port, "n", stamp, signed) == 202
    assert desk.hints == [("crm", "customer", ROW)]
    assert post(port, "m", stamp, signed) == 401
    assert post(port, "n", "1", signature("n", BODY, "s3cret", "1")) == 401
    assert len(desk.hints) == 1
