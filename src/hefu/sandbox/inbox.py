"""What sandboxes of chat systems are made of: messages on a shelf, who may send them and how fast, and their page."""

from __future__ import annotations

import json
import secrets
import time
from collections import deque
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from starlette.applications import Starlette
from starlette.routing import BaseRoute
from starlette.types import ASGIApp

from hefu.sandbox.frame import Clock, Fault, Frame, Ledger, control, parsed, struck
from hefu.sandbox.page import Column, Pages, Tab, Two
from hefu.sandbox.shelf import Doc, Kept, Shelf, ShelfSource

_COLUMNS = (
    Column("number", ("编号", "No."), "link"),
    Column("to", ("发给", "To")),
    Column("kind", ("类型", "Kind")),
    Column("text", ("内容", "Content")),
    Column("at", ("时间", "At")),
)


class Refused(Exception):
    """What a person may not do here."""


class Inbox:
    """The messages that came; the frame's hands may look at them and throw them away, not write any."""

    def __init__(self, path: str = ":memory:", clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.shelf = Shelf(path, self.clock, title="text")

    def take(self, to: str, kind: str, text: str, raw: Mapping[str, Any]) -> str:
        """Keep a message; its number."""
        number = str(self.shelf.number("message"))
        doc = {"number": number, "to": to, "kind": kind, "text": text, "raw": dict(raw)}
        self.shelf.put("message", number, doc, to, "api", "received")
        return number

    def all(self) -> Sequence[Doc]:
        """Every message in the order of coming."""
        return [kept.doc for kept in self.shelf.rows("message")]

    def as_person(self, obj: str, record_id: str | None, values: dict[str, Any] | None, author: str) -> str:
        """A person may only throw a message away."""
        if record_id is None or values is not None or not self.shelf.remove(obj, record_id, author, "person"):
            raise Refused("messages come from outside: they can only be thrown away")
        return record_id

    def peek(self, obj: str, record_id: str) -> dict[str, Any] | None:
        """A message as it came."""
        return self.shelf.get(obj, record_id)

    def changes(self, limit: int = 20) -> list[dict[str, Any]]:
        """The latest messages."""
        return self.shelf.changes(limit)

    def pages(self, name: Two) -> Pages:
        """The page that shows them."""

        def row(_: str, kept: Kept) -> Mapping[str, Any]:
            return {**kept.doc, "at": f"{kept.created:%Y-%m-%d %H:%M:%S} UTC"}

        def edit(*_: object) -> object:
            raise Refused("-")

        tab = Tab("message", ("消息", "Messages"), _COLUMNS, _COLUMNS, title_field="text")
        return Pages(name, "", [tab], ShelfSource(self.shelf, row, edit, None, Refused))


class Window:
    """At most so many in so many seconds; whoever goes beyond may be shut out for a while."""

    def __init__(self, most: int, seconds: float, shut_out: float = 0.0) -> None:
        self.most, self.seconds, self.shut_out = most, seconds, shut_out
        self._came: deque[float] = deque()
        self._until = 0.0

    def admits(self) -> bool:
        """Whether one more may come now; it is counted."""
        now = time.monotonic()
        if now < self._until:
            return False
        while self._came and self._came[0] <= now - self.seconds:
            self._came.popleft()
        if len(self._came) >= self.most:
            self._until = now + self.shut_out
            return False
        self._came.append(now)
        return True

    def clear(self) -> None:
        """Forget what came."""
        self._came.clear()
        self._until = 0.0


TOKEN_LIVES = 7200
"""Seconds."""
SIGN_LIVES = 3600


class Chat:
    """An imitated chat system over one inbox. keywords: one of them must occur in a robot's message; blank for none.

    windows: name of the setting that changes it -> how fast messages may come.
    """

    def __init__(self, inbox: Inbox, windows: Mapping[str, Window]) -> None:
        self.inbox, self.windows, self.ledger, self.clock = inbox, windows, Ledger(), inbox.clock
        self.faults: list[Fault] = []
        self.keywords: tuple[str, ...] = ()
        self.signed = True
        self._tokens: dict[str, float] = {}

    def close(self) -> None:
        """Close the file."""
        self.inbox.shelf.close()

    def framed(self, routes: Sequence[BaseRoute], name: Two, faults: Collection[str], api: tuple[str, ...]) -> ASGIApp:
        """The vendor's routes with the page and `/_control`."""
        hands = control(self.inbox, self.ledger, self.faults, self._settings, Refused, faults)
        app = Starlette(routes=[*routes, *hands, *self.inbox.pages(name).routes()])
        return Frame(app, self.ledger, self.faults, api)

    def _settings(self, given: dict[str, Any]) -> None:
        if "keywords" in given:
            self.keywords = tuple(str(given["keywords"]).split(",")) if given["keywords"] else ()
        self.signed = bool(given.get("signed", self.signed))
        for name, window in self.windows.items():
            if name in given:
                window.most = int(given[name])
                window.clear()

    def _keep(self, to: str, kind: str, text: str, raw: Mapping[str, Any]) -> str:
        """Keep a message that came through the API; its number."""
        number = self.inbox.take(to, kind, text, raw)
        self.ledger.wrote("create", "message", number)
        return number

    def _lacks_keyword(self, text: str) -> bool:
        return bool(self.keywords) and not any(word in text for word in self.keywords)

    def _timely(self, at: str, per_second: int = 1) -> bool:
        """Whether a message was stamped within the hour."""
        return at.isdecimal() and abs(int(at) / per_second - self.clock.now().timestamp()) <= SIGN_LIVES

    def _issue(self, begin: str = "") -> str:
        """A new token of the application."""
        made = begin + secrets.token_hex(16)
        self._tokens[made] = time.monotonic() + TOKEN_LIVES
        return made

    def _admitted(self, token: str) -> bool:
        if struck(self.faults, "expire"):
            self._tokens.pop(token, None)
        return self._tokens.get(token, 0.0) > time.monotonic()


def object_of(body: bytes) -> dict[str, Any] | None:
    """A JSON object; None for anything else."""
    try:
        given = parsed(body)
    except ValueError:
        return None
    return json.loads(json.dumps(given, default=float)) if isinstance(given, dict) else None
