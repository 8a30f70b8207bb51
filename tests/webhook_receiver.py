"""A receiver of webhooks for tests, and a line to it."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hefu.connectors.webhook import CONNECTOR, Webhook
from hefu.core.connector import Site
from hefu.core.env import Env
from hefu.net import Egress
from loopback import serving

SECRET = "whsec_" + base64.b64encode(b"a secret of 32 bytes, no less ..").decode()
OLD = "whsec_" + base64.b64encode(b"the one before it: 24+ bytes").decode()
FIELDS = {
    "code": {"type": "code"}, "name": {}, "phone": {}, "address": {}, "terms": {}, "active": {"type": "boolean"},
    "limit": {"type": "money"}, "since": {"type": "date"}, "seen": {"type": "instant"},
}  # fmt: skip


class Receiver:
    """Takes events, or answers with the statuses in `refusals` first (0: closes without an answer after taking it)."""

    def __init__(self) -> None:
        self.events: list[tuple[dict[str, str], bytes]] = []
        self.refusals: list[int] = []
        self.app = Starlette(routes=[Route("/in", self.take, methods=["POST"])])

    async def take(self, request: Request) -> Response:
        body = await request.body()
        status = self.refusals.pop(0) if self.refusals else 204
        if status in (0, 204):
            self.events.append((dict(request.headers), body))
        if status == 0:
            request._send.__self__.transport.abort()  # type: ignore[attr-defined]  # uvicorn's, beside its `send`
        return Response(b"busy with \xff" if status >= 400 else b"", status or 204)

    def told(self) -> list[tuple[str, Any]]:
        return [(e["type"], e["data"]) for e in (json.loads(body) for _, body in self.events)]

    def ids(self) -> list[str]:
        return [headers["webhook-id"] for headers, _ in self.events]


def line_to(url: str, **more: Any) -> Webhook:
    """An open line to that receiver."""
    described = {"customer": {"key": ["code"], "fields": FIELDS}}
    settings = CONNECTOR.settings_type.model_validate({"url": url, "secret": SECRET, "objects": described, **more})
    env = Env()
    http = Egress(env, targets=[("127.0.0.1", int(url.split(":")[2].split("/")[0]))], connection="bi")
    return CONNECTOR(settings, Site(http, env.now, env.sleep, "bi"))


@contextmanager
def receiving() -> Iterator[tuple[Receiver, str]]:
    """A running receiver and its address."""
    receiver = Receiver()
    with serving(receiver.app) as url:
        yield receiver, f"{url}/in"
