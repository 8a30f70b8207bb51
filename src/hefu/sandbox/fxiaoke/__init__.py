"""Fxiaoke (纷享销客) as an open-platform client meets it: HTTP 200 for all, one record a call, codes for options.

Written from the vendor's facts alone. `/_control/settings` takes: limits (1: 100 calls in 20 seconds per address and
ten tokens a minute), quota (calls left today, -1 for no end), duplicates (1: a second account of one name is refused)
and approvals (1: orders go into review unless the call says otherwise).
"""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette
from starlette.types import ASGIApp

from hefu.sandbox.catalog import Entry
from hefu.sandbox.frame import Clock, Fault, Frame, Ledger, control
from hefu.sandbox.fxiaoke.api import APP_ID, APP_SECRET, PERMANENT, Api
from hefu.sandbox.fxiaoke.book import Book
from hefu.sandbox.fxiaoke.pages import source, tabs
from hefu.sandbox.fxiaoke.schema import Refused
from hefu.sandbox.fxiaoke.seed import Seed
from hefu.sandbox.page import Pages

FAULTS = {
    "expired": ("令牌失效（20016）", "the token is gone (20016)"),
    "throttle": ("调用过于频繁（30004）", "too many calls (30004)"),
    "quota": ("今日调用次数用尽（30002）", "the day's calls are used up (30002)"),
    "duplicate": ("查重冲突", "a duplicate rule strikes"),
    "locked": ("数据已锁定", "the record is locked"),
    "reviewed": ("数据在审批中", "the record is under review"),
}


class Fxiaoke:
    """The whole sandbox. `app` is what a server serves; tests reach inside."""

    def __init__(self, path: str = ":memory:", *, empty: bool = False, clock: Clock | None = None) -> None:
        self.book = Book(path, clock)
        self.book.shelf.fill_once(lambda: Seed(self.book).fill(), empty=empty)
        self.ledger, self.faults = Ledger(), list[Fault]()
        self.api = Api(self.book, self.ledger, self.faults)
        routes = [
            *self.api.routes(),
            *control(self.book, self.ledger, self.faults, self.settings, Refused, FAULTS),
            *Pages(("沙盒 纷享销客", "Sandbox Fxiaoke"), "fxiaoke", tabs(), source(self.book)).routes(),
        ]
        self.app: ASGIApp = Frame(Starlette(routes=routes), self.ledger, self.faults, ("/cgi/", "/oauth2.0/"))

    def settings(self, given: dict[str, Any]) -> None:
        """Limits and rules of the tenant."""
        self.api.limits = bool(given.get("limits", self.api.limits))
        if "quota" in given:
            self.api.quota = int(given["quota"]) if int(given["quota"]) >= 0 else None
        self.book.duplicates = bool(given.get("duplicates", self.book.duplicates))
        self.book.approvals = bool(given.get("approvals", self.book.approvals))

    def close(self) -> None:
        """Close the file."""
        self.book.close()


def _connection(url: str) -> dict[str, Any]:
    settings = {"url": url, "app": "token", "app_id": APP_ID, "app_secret": APP_SECRET, "permanent_code": PERMANENT}
    return {"connector": "fxiaoke", "settings": settings | {"user": "1000"}}


SANDBOX = Entry(
    "fxiaoke",
    ("纷享销客", "Fxiaoke"),
    8723,
    lambda path, empty: Fxiaoke(path, empty=empty),
    _connection,
    FAULTS,
)
