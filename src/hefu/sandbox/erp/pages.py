"""What the sandbox ERP's web pages show, and what a person may change there."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hefu.sandbox.erp.book import ErpBook
from hefu.sandbox.erp.orders import LEGAL, STEP_LABEL
from hefu.sandbox.erp.tables import STATE_LABEL, TABLES, Wrong
from hefu.sandbox.page import Column, Source, Tab


class ErpSource(Source):
    """The pages' view of the book: people's edits go through it."""

    def __init__(self, book: ErpBook) -> None:
        self.book = book

    def find(self, obj: str, words: str, offset: int, limit: int) -> tuple[int, Sequence[Mapping[str, Any]]]:
        total, rows = self.book.find(obj, words, offset, limit)
        return total, [_shown(row) for row in rows]

    def one(self, obj: str, record_id: str) -> Mapping[str, Any] | None:
        row = self.book.peek(obj, record_id)
        return _shown(row) if row else None

    def save(self, obj: str, record_id: str, values: dict[str, str], author: str) -> str:
        return self._try(lambda: self.book.update(obj, self.book.number_of(obj, record_id), values, author, "person"))

    def act(self, obj: str, record_id: str, action: str, author: str) -> str:
        return self._try(lambda: self.book.step(self.book.number_of(obj, record_id), action, author, "person"))

    def recent(self) -> Sequence[Mapping[str, Any]]:
        return self.book.changes(12)

    def _try(self, change: Callable[[], object]) -> str:
        try:
            change()
        except Wrong as wrong:
            return wrong.message
        return ""


def _shown(row: Mapping[str, Any]) -> dict[str, Any]:
    return {**row, "state": STATE_LABEL.get(str(row.get("status")), row.get("status"))}


def _columns(table: str, *names: str, link: str = "", editable: Sequence[str] = ()) -> tuple[Column, ...]:
    cols = TABLES[table]
    english = {"modified_at": ("修改时间", "Modified"), "modified_by": ("修改人", "By"), "state": ("状态", "State")}
    made = []
    for name in names:
        title = english.get(name) or (cols[name].label, name.replace("_", " ").capitalize())
        kind = (
            "link" if name == link else "number" if name in cols and cols[name].kind in ("money", "price") else "text"
        )
        made.append(Column(name, title, kind, name in editable))
    return tuple(made)


TABS = (
    Tab(
        "customers",
        ("客户", "Customers"),
        _columns(
            "customers",
            "code",
            "name",
            "credit_code",
            "phone",
            "city",
            "modified_at",
            "modified_by",
            link="name",
            editable=("phone",),
        ),
        _columns(
            "customers",
            "code",
            "name",
            "phone",
            "contact_name",
            "email",
            "city",
            "address",
            "payment_days",
            "credit_limit",
            "credit_code",
            "status",
            "external_ref",
            "modified_at",
            "modified_by",
            editable=("name", "phone", "contact_name", "email", "city", "address", "credit_limit"),
        ),
    ),
    Tab(
        "sales_orders",
        ("销售订单", "Sales orders"),
        _columns(
            "sales_orders",
            "order_no",
            "order_date",
            "customer_code",
            "total",
            "state",
            "external_ref",
            "modified_at",
            link="order_no",
        ),
        _columns(
            "sales_orders",
            "order_no",
            "order_date",
            "customer_code",
            "state",
            "amount",
            "tax",
            "total",
            "external_ref",
            "remark",
            "modified_at",
            "modified_by",
            editable=("remark",),
        ),
        {name: (STEP_LABEL[name], name.capitalize()) for name in LEGAL},
        "order_no",
    ),
    Tab(
        "products",
        ("物料", "Products"),
        _columns("products", "code", "name", "spec", "unit", "price", "modified_at", link="code", editable=("price",)),
        _columns("products", "code", "name", "spec", "unit", "category", "price", editable=("name", "spec", "price")),
    ),
    Tab(
        "invoices",
        ("销售发票", "Invoices"),
        _columns("invoices", "number", "date", "customer_code", "total", "paid", "status", "order_no", link="number"),
        _columns("invoices", "number", "date", "order_no", "customer_code", "total", "paid", "status"),
        title_field="number",
    ),
)
