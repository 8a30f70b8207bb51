"""A Salesforce org as an integration meets it: OAuth, describe, SOQL, records, collections, composite, Bulk API 2.0.

Written from the vendor's facts alone. `/_control/settings` takes: session_seconds (7200), rotate (1: a refresh gives a
new refresh token), certificate (the public key, PEM, for signed JWTs), calls (100000 a day) and calls_used, duplicates
("", "alert" or "block": the rule on account names), hidden (["Account.Phone"]: rights taken away field by field),
bulk_polls (1: how often a job is asked for in vain).
"""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette
from starlette.types import ASGIApp

from hefu.sandbox.catalog import Entry
from hefu.sandbox.frame import Clock, Fault, Frame, Ledger, control
from hefu.sandbox.page import Pages
from hefu.sandbox.salesforce.api import Api
from hefu.sandbox.salesforce.oauth import CLIENT_ID, CLIENT_SECRET
from hefu.sandbox.salesforce.org import Org
from hefu.sandbox.salesforce.pages import source, tabs
from hefu.sandbox.salesforce.seed import Seed
from hefu.sandbox.salesforce.values import Refused

FAULTS = {
    "session": ("会话过期（401 INVALID_SESSION_ID）", "every session ends (401 INVALID_SESSION_ID)"),
    "oauth": ("令牌接口拒绝（invalid_grant）", "the token endpoint refuses (invalid_grant)"),
    "quota": ("当日调用量用尽（403）", "the day's calls are used up (403 REQUEST_LIMIT_EXCEEDED)"),
    "unavailable": ("服务器繁忙（503）", "the server is too busy (503)"),
    "disabled": ("组织未启用 API（403）", "the API is not enabled for the org (403)"),
    "query_timeout": ("查询超时", "a query runs too long"),
    "locator": ("查询游标失效", "a query's cursor is gone"),
    "lock": ("记录被锁定（UNABLE_TO_LOCK_ROW）", "a record is locked (UNABLE_TO_LOCK_ROW)"),
    "partial": ("批量调用后一半失败", "the second half of a collection fails"),
    "duplicate": ("重复规则拦截", "a duplicate rule strikes"),
    "validation": ("校验规则拦截", "a validation rule strikes"),
    "trigger": ("Apex 触发器报错", "an Apex trigger fails"),
    "bulk_failed": ("批量作业中途失败", "a bulk job fails half-way"),
    "readonly": ("对该记录没有写权限", "no right to write this record"),
}


class Salesforce:
    """The whole sandbox. `app` is what a server serves; tests reach inside."""

    def __init__(self, path: str = ":memory:", *, empty: bool = False, clock: Clock | None = None) -> None:
        self.org = Org(path, clock)
        self.org.shelf.fill_once(lambda: Seed(self.org).fill(), empty=empty)
        self.ledger, self.faults = Ledger(), list[Fault]()
        self.api = Api(self.org, self.ledger, self.faults)
        routes = [
            *self.api.routes(),
            *control(self.org, self.ledger, self.faults, self.settings, Refused, FAULTS),
            *Pages(("沙盒 Salesforce", "Sandbox Salesforce"), "salesforce", tabs(), source(self.org)).routes(),
        ]
        self.app: ASGIApp = Frame(Starlette(routes=routes), self.ledger, self.faults, ("/services/",))

    def settings(self, given: dict[str, Any]) -> None:
        """Limits, rights and rules of the org."""
        sessions = self.api.sessions
        sessions.seconds = float(given.get("session_seconds", sessions.seconds))
        sessions.rotate = bool(given.get("rotate", sessions.rotate))
        sessions.certificate = str(given.get("certificate", sessions.certificate))
        self.api.most = int(given.get("calls", self.api.most))
        self.api.used = int(given.get("calls_used", self.api.used))
        self.org.duplicates = str(given.get("duplicates", self.org.duplicates))
        self.api.bulk.polls = int(given.get("bulk_polls", self.api.bulk.polls))
        self.api.rest.hidden = {*given.get("hidden", self.api.rest.hidden)}

    def close(self) -> None:
        """Close the file."""
        self.org.close()


def _connection(url: str) -> dict[str, Any]:
    return {
        "connector": "salesforce",
        "settings": {"url": url, "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET},
    }


SANDBOX = Entry(
    "salesforce",
    ("Salesforce", "Salesforce"),
    8722,
    lambda path, empty: Salesforce(path, empty=empty),
    _connection,
    FAULTS,
)
