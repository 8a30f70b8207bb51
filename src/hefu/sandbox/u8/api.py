"""The imitated U8: the cloud relay's OpenAPI and the EAI door over one set of books."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from starlette.applications import Starlette
from starlette.routing import Route
from starlette.types import ASGIApp

from hefu.sandbox.frame import Fault, Frame, Ledger, control
from hefu.sandbox.page import Column, Pages, Tab
from hefu.sandbox.shelf import Kept, ShelfSource
from hefu.sandbox.u8.book import KINDS, Book, Wrong
from hefu.sandbox.u8.eai import Eai
from hefu.sandbox.u8.openapi import Relay

FAULTS: dict[str, tuple[str, str]] = {
    "expire": ("token 失效", "the token is no longer valid"),
    "offline": ("U8 服务器不在线", "the U8 server is not on line"),
    "throttle": ("调用频率超限", "too many calls"),
    "locked": ("单据刚被审核", "the document was just approved"),
    "denied": ("应用未授权", "the application may not call this"),
    "renamed": ("字段改名", "fields are spelt otherwise in what is read (--times 0)"),
}
_LISTS: Mapping[str, tuple[str, tuple[str, ...], tuple[str, ...]]] = {
    "customer": ("Customers", ("code", "name", "tax_reg_code", "phone", "ModifyDate"), ("name", "phone", "address")),
    "inventory": ("Inventory", ("code", "name", "specs", "ref_sale_price"), ("name", "specs")),
    "saleorder": ("Sales orders", ("code", "date", "custcode", "state", "closer", "memo"), ()),
    "consignment": ("Consignments", ("code", "date", "custcode", "state"), ()),
    "saleinvoice": ("Invoices", ("invoiceno", "date", "customercode", "state"), ()),
    "accept": ("Receipts", ("vouchcode", "vouchdate", "customercode", "amount"), ()),
}
_STEPS = {
    "verify": ("审核", "Approve"),
    "unverify": ("弃审", "Undo approval"),
    "close": ("关闭", "Close"),
    "open": ("打开", "Open"),
}


class U8:
    """The sandbox over one book."""

    def __init__(self, book: Book) -> None:
        self.book, self.ledger, self.clock = book, Ledger(), book.clock
        self.faults: list[Fault] = []
        self.relay = Relay(book, self.ledger, self.faults)
        self.eai = Eai(book, self.ledger, self.faults)

    @cached_property
    def app(self) -> ASGIApp:
        """The API, the pages and `/_control`."""
        routes = [
            Route("/system/token", self.relay.token),
            Route("/system/tradeid", self.relay.trade),
            Route("/system/datasource/get", self.relay.sources),
            Route("/system/datasource/batch_get", self.relay.sources),
            Route("/result", self.relay.result),
            Route("/api/{entity}/{verb}", self.relay.call, methods=["GET", "POST"]),
            Route("/u8eai/import.asp", self.eai.call, methods=["POST"]),
        ]
        routes += control(self, self.ledger, self.faults, self._settings, Wrong, FAULTS)
        routes += self._pages().routes()
        return Frame(Starlette(routes=routes), self.ledger, self.faults, ("/system/", "/api/", "/result", "/u8eai/"))

    def close(self) -> None:
        """Close the file."""
        self.book.close()

    def as_person(self, obj: str, record_id: str | None, values: dict[str, Any] | None, author: str) -> str:
        """Create, change, delete or move a record as a person at the client would."""
        if obj not in KINDS:
            raise Wrong(f"没有对象{obj}")
        if record_id is None:
            return self.book.add(obj, values or {}, author, "person")
        if values is None:
            self.book.delete(obj, record_id, author, "person")
        elif "action" in values:
            action = str(values["action"])
            if action not in _STEPS or not KINDS[obj].bill:
                raise Wrong(f"没有操作{action}")
            self.book.step(obj, record_id, action, author, "person")
        else:
            self.book.edit(obj, {**values, KINDS[obj].key: record_id}, author, "person")
        return record_id

    def peek(self, obj: str, record_id: str) -> dict[str, Any] | None:
        """A record, without a call."""
        return self.book.shelf.get(obj, record_id)

    def changes(self, limit: int = 20) -> list[dict[str, Any]]:
        """The latest changes."""
        return self.book.shelf.changes(limit)

    def _settings(self, given: dict[str, Any]) -> None:
        self.relay.polls = int(given.get("polls", self.relay.polls))

    def _pages(self) -> Pages:
        def row(_: str, kept: Kept) -> Mapping[str, Any]:
            return {**kept.doc, "lines": kept.doc.get("entry", [])}

        def edit(obj: str, record_id: str, values: dict[str, str], author: str) -> object:
            return self.as_person(obj, record_id, dict(values), author)

        def step(obj: str, record_id: str, action: str, author: str) -> object:
            return self.as_person(obj, record_id, {"action": action}, author)

        tabs = [_tab(entity, *told) for entity, told in _LISTS.items()]
        source = ShelfSource(self.book.shelf, row, edit, step, Wrong)
        return Pages(("用友 U8+ 沙盒", "Yonyou U8+ sandbox"), "erp", tabs, source)


def _tab(entity: str, title: str, columns: tuple[str, ...], editable: tuple[str, ...]) -> Tab:
    kind = KINDS[entity]
    shown = tuple(Column(name, (name, name), "link" if name == kind.key else "text") for name in columns)
    names = dict.fromkeys((*columns, *editable))
    fields = tuple(Column(name, (name, name), "text", name in editable) for name in names)
    return Tab(entity, (kind.title, title), shown, fields, _STEPS if kind.bill else {}, kind.key)
