"""Odoo 19 as an integrator meets it: JSON-2, JSON-RPC and XML-RPC over one database.

Written from the vendor's facts alone. `/_control/settings` takes: json2 and rpc (0: that door is shut), reserve (0:
goods wait for availability), in_payment (1: a payment waits for the bank) and key_days (the key ends in so many days).
"""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette
from starlette.types import ASGIApp

from hefu.sandbox.catalog import Entry
from hefu.sandbox.frame import Clock, Fault, Frame, Ledger, control
from hefu.sandbox.odoo.api import DATABASE, KEY, Api, key_of
from hefu.sandbox.odoo.book import Book
from hefu.sandbox.odoo.models import OdooError
from hefu.sandbox.odoo.pages import source, tabs
from hefu.sandbox.odoo.seed import Seed, basics
from hefu.sandbox.page import Pages

FAULTS = {
    "expired": ("密钥或会话失效", "the key or the session is refused"),
    "serialization": ("并发冲突", "another transaction was quicker (SerializationFailure)"),
    "validation": ("校验失败", "a constraint refuses the call (ValidationError)"),
    "locked": ("业务规则拒绝", "a rule of business refuses the call (UserError)"),
    "wizard": ("按钮打开向导而不执行", "a button opens a dialogue and does nothing"),
}


class Odoo:
    """The whole sandbox. `app` is what a server serves; tests reach inside."""

    def __init__(self, path: str = ":memory:", *, empty: bool = False, clock: Clock | None = None) -> None:
        self.book = Book(path, clock)
        if self.book.shelf.meta("basics") is None:
            basics(self.book)
            key_of(self.book, KEY, 90)
            self.book.shelf.meta("basics", "1")
        self.book.shelf.fill_once(lambda: Seed(self.book).fill(), empty=empty)
        self.ledger, self.faults = Ledger(), list[Fault]()
        self.api = Api(self.book, self.ledger, self.faults)
        routes = [
            *self.api.routes(),
            *control(self.book, self.ledger, self.faults, self.settings, OdooError, FAULTS),
            *Pages(("沙盒 Odoo", "Sandbox Odoo"), "odoo", tabs(), source(self.book)).routes(),
        ]
        doors = ("/json/", "/jsonrpc", "/xmlrpc/", "/doc-bearer/", "/web/")
        self.app: ASGIApp = Frame(Starlette(routes=routes), self.ledger, self.faults, doors)

    def settings(self, given: dict[str, Any]) -> None:
        """Doors and rules of the database."""
        self.api.json2 = bool(given.get("json2", self.api.json2))
        self.api.rpc = bool(given.get("rpc", self.api.rpc))
        self.book.reserve = bool(given.get("reserve", self.book.reserve))
        self.book.in_payment = bool(given.get("in_payment", self.book.in_payment))
        if "key_days" in given:
            for kept in self.book.shelf.rows("res.users.apikeys"):
                self.book.shelf.remove("res.users.apikeys", kept.id, "sandbox", "person")
            key_of(self.book, KEY, int(given["key_days"]))

    def close(self) -> None:
        """Close the file."""
        self.book.close()


def _connection(url: str) -> dict[str, Any]:
    return {"connector": "odoo", "settings": {"url": url, "database": DATABASE, "api_key": KEY, "language": "zh_CN"}}


SANDBOX = Entry("odoo", ("Odoo 19", "Odoo 19"), 8741, lambda path, empty: Odoo(path, empty=empty), _connection, FAULTS)
