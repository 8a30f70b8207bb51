"""Clients of a running sandbox, and a receiver of its webhooks, for the tests of this folder."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

from hefu.sandbox.crm import api as crm
from hefu.sandbox.erp import api as erp
from hefu.sandbox.hands import Hands, Reply, call
from hefu.sandbox.serve import Sandboxes


class Api:
    """A client of one sandbox that sends the credentials."""

    def __init__(self, url: str, base: str, headers: dict[str, str]) -> None:
        self.url, self.base, self.headers = url, url + base, headers
        self.hands = Hands(url)

    def __call__(self, method: str, path: str, given: object = None, /, **headers: str) -> Reply:
        extra = {name.replace("_", "-"): value for name, value in headers.items()}
        return call(method, self.base + path, given, {**self.headers, **extra}, timeout=5)

    def ok(self, method: str, path: str, given: object = None, /, **headers: str) -> Any:
        reply = self(method, path, given, **headers)
        assert reply.status < 300, (reply.status, reply.body.decode())
        return reply.json


def crm_api(pair: Sandboxes) -> Api:
    return Api(pair.crm_url, "/api/v2", {"Authorization": f"Bearer {crm.TOKEN}"})


def erp_api(pair: Sandboxes) -> Api:
    return Api(pair.erp_url, "/api/erp", {"X-Api-Key": erp.API_KEY})


class Listener:
    """A webhook receiver; it answers with the statuses of `answers`, then 200."""

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                listener.got.append(({k.lower(): v for k, v in self.headers.items()}, body))
                self.send_response(listener.answers.pop(0) if listener.answers else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None:
                return

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def wait(self, enough: Callable[[], bool], seconds: float = 5) -> None:
        deadline = time.monotonic() + seconds
        while not enough():
            assert time.monotonic() < deadline, f"got only {len(self.got)}"
            time.sleep(0.01)

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
