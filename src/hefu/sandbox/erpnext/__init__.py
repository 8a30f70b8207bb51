"""ERPNext 15 (Frappe) as an integrator meets it: REST resources and methods of one site in China's time zone.

Written from the vendor's facts alone. `/_control/settings` takes: strict_unique (1: a value that is there already is
UniqueValidationError with 417 instead of DuplicateEntryError with 409).
"""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette
from starlette.types import ASGIApp

from hefu.sandbox.catalog import Entry
from hefu.sandbox.erpnext.api import KEY, SECRET, Api
from hefu.sandbox.erpnext.book import Book
from hefu.sandbox.erpnext.doctypes import Refused
from hefu.sandbox.erpnext.pages import source, tabs
from hefu.sandbox.erpnext.seed import Seed, basics
from hefu.sandbox.frame import Clock, Fault, Frame, Ledger, control
from hefu.sandbox.page import Pages

FAULTS = {
    "expired": ("令牌失效（401）", "the token is refused (401)"),
    "stopped": ("站点维护（503 SessionStopped）", "the site is being serviced (503 SessionStopped)"),
    "deadlock": ("数据库死锁", "a deadlock in the database (QueryDeadlockError)"),
    "mismatch": ("他人刚刚修改（TimestampMismatchError）", "somebody has just changed it (TimestampMismatchError)"),
    "validation": ("校验失败（417）", "a rule of the company refuses (417)"),
}


class ErpNext:
    """The whole sandbox. `app` is what a server serves; tests reach inside."""

    def __init__(self, path: str = ":memory:", *, empty: bool = False, clock: Clock | None = None) -> None:
        self.book = Book(path, clock)
        if self.book.shelf.meta("basics") is None:
            basics(self.book)
            self.book.shelf.meta("basics", "1")
        self.book.shelf.fill_once(lambda: Seed(self.book).fill(), empty=empty)
        self.ledger, self.faults = Ledger(), list[Fault]()
        self.api = Api(self.book, self.ledger, self.faults)
        routes = [
            *self.api.routes(),
            *control(self.book, self.ledger, self.faults, self.settings, Refused, FAULTS),
            *Pages(("沙盒 ERPNext", "Sandbox ERPNext"), "erpnext", tabs(), source(self.book)).routes(),
        ]
        self.app: ASGIApp = Frame(Starlette(routes=routes), self.ledger, self.faults, ("/api/",))

    def settings(self, given: dict[str, Any]) -> None:
        """How the site words a value that is there already."""
        self.book.strict_unique = bool(given.get("strict_unique", self.book.strict_unique))

    def close(self) -> None:
        """Close the file."""
        self.book.close()


def _connection(url: str) -> dict[str, Any]:
    return {"connector": "erpnext", "settings": {"url": url, "api_key": KEY, "api_secret": SECRET}}


SANDBOX = Entry(
    "erpnext", ("ERPNext 15", "ERPNext 15"), 8742, lambda path, empty: ErpNext(path, empty=empty), _connection, FAULTS
)
