"""Stands between the hub and a real system and makes the net fail on demand, as real nets do.

Words are those of the conformance suite (`hefu.sim.checks_faults`). A write that meets "timeout" or "cut" reaches the
system; only its answer is lost.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

WORDS = ("429", "429-after", "500", "503", "timeout", "cut", "garbage", "401", "expired")


class Proxy:
    """Forwards to 127.0.0.1:`port`. `fail(word)`: the next call meets that fault ("401": every call from now on).

    `calls` are (method, path) of all calls. `meet`, if set, is asked before each call which fault it meets. `only`, if
    set, says which calls a fault may meet; the others pass.
    """

    def __init__(self, port: int) -> None:
        self._to, self._word, self._lock = port, "", threading.Lock()
        self.calls: list[tuple[str, str]] = []
        self.meet: Callable[[str, str, bytes], str | None] | None = None
        self.only: Callable[[str, str, bytes], bool] | None = None
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                try:
                    super().handle_one_request()
                except OSError:
                    self.close_connection = True

            def _do(self) -> None:
                proxy._serve(self)

            do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _do

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_port)
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def fail(self, word: str) -> None:
        """Arrange a fault."""
        with self._lock:
            self._word = word

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()

    def _take(self, method: str, path: str, body: bytes) -> str:
        with self._lock:
            word = self._word if self.only is None or self.only(method, path, body) else ""
            if word != "401" and word:
                self._word = ""
        self.calls.append((method, path))
        return word or (self.meet(method, path, body) if self.meet else None) or ""

    def _serve(self, ask: BaseHTTPRequestHandler) -> None:
        body = ask.rfile.read(int(ask.headers.get("Content-Length") or 0))
        word = self._take(ask.command, ask.path, body)
        if word in ("", "timeout", "cut"):
            status, headers, told = self._forward(ask, body)
            if word:
                self._lose(ask, word)
                return
            self._answer(ask, status, headers, told)
        elif word == "garbage":
            self._answer(ask, 200, [("Content-Type", "text/html")], b"<html>Welcome to nginx!</html>")
        else:
            status = 401 if word == "expired" else int(word[:3])
            extra = [("Retry-After", "7")] if word.endswith("after") else []
            self._answer(ask, status, extra, b"")

    def _forward(self, ask: BaseHTTPRequestHandler, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        line = http.client.HTTPConnection("127.0.0.1", self._to, timeout=60)
        skip = {"host", "connection", "content-length", "transfer-encoding"}
        headers = {k: v for k, v in ask.headers.items() if k.lower() not in skip}
        headers["Host"] = f"127.0.0.1:{self._to}"
        try:
            line.request(ask.command, ask.path, body or None, headers)
            answer = line.getresponse()
            kept = [(k, v) for k, v in answer.getheaders() if k.lower() not in (skip | {"date", "server"})]
            kept += [("Date", v) for k, v in answer.getheaders() if k.lower() == "date"]
            return answer.status, kept, answer.read()
        finally:
            line.close()

    def _lose(self, ask: BaseHTTPRequestHandler, word: str) -> None:
        ask.close_connection = True
        if word == "timeout":  # until the other side has had enough
            ask.connection.settimeout(0.2)
            deadline = time.monotonic() + 60
            while time.monotonic() < deadline:
                try:
                    if not ask.connection.recv(1):
                        return
                except TimeoutError:
                    continue
                except OSError:
                    return

    def _answer(self, ask: BaseHTTPRequestHandler, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        ask.send_response_only(status)
        for name, value in headers:
            ask.send_header(name, value)
        ask.send_header("Content-Length", str(len(body)))
        ask.end_headers()
        ask.wfile.write(body)


@contextmanager
def before(port: int) -> Iterator[Proxy]:
    """A proxy before that port."""
    proxy = Proxy(port)
    try:
        yield proxy
    finally:
        proxy.close()
