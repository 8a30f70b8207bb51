"""Jiandaoyun (简道云, abroad Jodoo) as an open-platform client meets it: a CRM drawn as forms, API 5, data push.

Written from the vendor's facts alone. What its documentation leaves open is a setting of `/_control/settings`:
limits (1: the real ones), strict (1: an unknown field is an error), over (1: a limit above 100 is an error instead of
cut), auth_status (401), echo (1: writes of the API are pushed too), linked (1: a lookup reads as an object).
"""

from __future__ import annotations

from typing import Any

from starlette.applications import Starlette
from starlette.types import ASGIApp

from hefu.sandbox.catalog import Entry
from hefu.sandbox.frame import Clock, Fault, Frame, Ledger, control
from hefu.sandbox.hooks import Postman
from hefu.sandbox.jiandaoyun.api import API_KEY, Api
from hefu.sandbox.jiandaoyun.book import Book
from hefu.sandbox.jiandaoyun.forms import APP, FORMS, Refused
from hefu.sandbox.jiandaoyun.pages import source, tabs
from hefu.sandbox.jiandaoyun.push import Push
from hefu.sandbox.jiandaoyun.seed import fill
from hefu.sandbox.page import Pages

FAULTS = {
    "throttle": ("超出请求频率限制（400，8303）", "too many calls a second (400, 8303)"),
    "busy": ("并发超限（429）", "too many calls at once (429)"),
    "key_disabled": ("API KEY 被停用", "the key was disabled"),
    "denied": ("API KEY 未授权访问此应用", "the key may not see this app"),
    "archived": ("表单被停用或删除", "the form is gone"),
    "locked": ("数据正被其他操作修改", "somebody else is changing the record"),
    "upload": ("文件上传失败（579）", "a file cannot be taken (579)"),
    "partial": ("批量只完成前一半", "a batch does its first half only"),
    "hook_lost": ("丢失一次推送", "one push is not sent"),
    "hook_twice": ("同一推送发送两次", "one push is sent twice"),
    "hook_late": ("推送延迟 seconds 秒", "one push is late by `seconds`"),
    "hook_forged": ("推送签名错误", "one push has a wrong signature"),
}


class Jiandaoyun:
    """The whole sandbox. `app` is what a server serves; tests reach inside."""

    def __init__(self, path: str = ":memory:", *, empty: bool = False, clock: Clock | None = None) -> None:
        self.book = Book(path, clock)
        self.book.shelf.fill_once(lambda: fill(self.book), empty=empty)
        self.ledger, self.faults, self.postman = Ledger(), list[Fault](), Postman()
        self.api = Api(self.book, self.ledger, self.faults)
        self.push = Push(self.book, self.postman, self.faults)
        routes = [
            *self.api.routes(),
            *control(self.book, self.ledger, self.faults, self.settings, Refused, FAULTS),
            *Pages(("沙盒 简道云", "Sandbox Jiandaoyun"), "jiandaoyun", tabs(), source(self.book)).routes(),
        ]
        self.app: ASGIApp = Frame(Starlette(routes=routes), self.ledger, self.faults, ("/api/", "/upload/", "/file/"))

    def settings(self, given: dict[str, Any]) -> None:
        """What the documentation leaves open, and the limits."""
        self.api.limits = bool(given.get("limits", self.api.limits))
        self.api.over = bool(given.get("over", self.api.over))
        self.api.auth_status = int(given.get("auth_status", self.api.auth_status))
        self.book.strict = bool(given.get("strict", self.book.strict))
        self.book.world.linked = bool(given.get("linked", self.book.world.linked))
        self.push.echo = bool(given.get("echo", self.push.echo))

    def close(self) -> None:
        """Stop the push and close the file."""
        self.postman.stop()
        self.book.close()


def _connection(url: str) -> dict[str, Any]:
    """The forms by our short names, their fields by alias; the hub's own id in 集成编号."""
    forms = {
        form.key: {
            "app": APP[0],
            "form": form.entry_id,
            "token_field": "hub_id",
            "dates": [w.key for w in form.widgets if w.type == "datetime"],
            "references": {w.key: w.to for w in form.widgets if w.to},
        }
        for form in FORMS
    }
    return {
        "connector": "jiandaoyun",
        "settings": {"url": f"{url}/api", "api_key": API_KEY, "names": "alias", "forms": forms},
    }


SANDBOX = Entry(
    "jiandaoyun",
    ("简道云", "Jiandaoyun"),
    8721,
    lambda path, empty: Jiandaoyun(path, empty=empty),
    _connection,
    FAULTS,
)
