"""Hands inside a running sandbox, over its control API: edit as a person, order faults, read the counters."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from hefu.sandbox.frame import CONTROL_HEADER


class Reply(NamedTuple):
    """An answer: `json` is None where the body is none. Header names are lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as data, decimals as float."""
        return json.loads(self.body) if self.body else None


def call(
    method: str, url: str, given: object = None, headers: Mapping[str, str] | None = None, timeout: float = 10.0
) -> Reply:
    """One call, `given` sent as JSON. Raises OSError or http.client.HTTPException when the line is cut."""
    parts = urlsplit(url)
    line = http.client.HTTPConnection(parts.hostname or "", parts.port or 80, timeout=timeout)
    body = None if given is None else given if isinstance(given, bytes) else json.dumps(given).encode()
    try:
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        line.request(method, path or "/", body, {"Content-Type": "application/json", **(headers or {})})
        answer = line.getresponse()
        return Reply(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        line.close()


class Hands:
    """The control API of the sandbox at `url`."""

    def __init__(self, url: str) -> None:
        self.url = url

    def counters(self) -> dict[str, Any]:
        """calls and writes (each name -> count), total_calls, total_writes; people's edits do not count."""
        return dict(self._ask("GET", "counters"))

    def reset(self) -> None:
        """Counters to zero, faults away."""
        self._ask("POST", "reset")

    def fault(self, kind: str, **words: Any) -> None:
        """Trouble for coming calls: see `frame.Fault`."""
        self._ask("POST", "faults", {"kind": kind, **words})

    def calm(self) -> None:
        """Take all faults away."""
        self._ask("DELETE", "faults")

    def create(self, obj: str, values: Mapping[str, Any], author: str = "张敏") -> str:
        """A new record made by a person; its id."""
        return str(self._ask("POST", "edit", {"object": obj, "values": values, "author": author})["id"])

    def edit(self, obj: str, record_id: str, values: Mapping[str, Any], author: str = "张敏") -> None:
        """A person changes fields; in the ERP {"action": "approve"} takes a status step."""
        self._ask("POST", "edit", {"object": obj, "id": record_id, "values": values, "author": author})

    def delete(self, obj: str, record_id: str, author: str = "张敏") -> None:
        """A person deletes a record."""
        self._ask("POST", "edit", {"object": obj, "id": record_id, "values": None, "author": author})

    def record(self, obj: str, record_id: str) -> dict[str, Any] | None:
        """A record as stored, without a counted call; None if it never was."""
        reply = self._send("GET", "record?" + urlencode({"object": obj, "id": record_id}))
        return dict(reply.json) if reply.status == 200 else None

    def changes(self, limit: int = 20) -> list[dict[str, Any]]:
        """The latest changes, newest first: object, id, at, author, via ("api" or "person"), what, title."""
        return list(self._ask("GET", f"changes?limit={limit}"))

    def settings(self, **words: Any) -> None:
        """clock_offset (seconds); in the ERP also search_lag (seconds) and calls_per_second (0: no limit).

        A vendor's own are said at the head of its package.
        """
        self._ask("POST", "settings", words)

    def _ask(self, method: str, path: str, given: object = None) -> Any:
        reply = self._send(method, path, given)
        if reply.status >= 400:
            raise RuntimeError(f"{method} {path}: {reply.status} {reply.body.decode(errors='replace')[:500]}")
        return reply.json

    def _send(self, method: str, path: str, given: object = None) -> Reply:
        return call(method, f"{self.url}/_control/{path}", given, {CONTROL_HEADER: "1"})
