"""What this site's web pages show, and what a person may change there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hefu.sandbox.erpnext.book import Book
from hefu.sandbox.erpnext.doctypes import DOCTYPES, F, Refused
from hefu.sandbox.page import Column, Tab
from hefu.sandbox.shelf import Kept, ShelfSource

Two = tuple[str, str]
STEPS: Mapping[str, Two] = {"submit": ("提交", "Submit"), "cancel": ("取消", "Cancel")}
SHOWN: Mapping[str, tuple[Two, tuple[str, ...]]] = {
    "Customer": (("客户", "Customers"), ("customer_name", "custom_erp_code", "tax_id", "payment_terms")),
    "Address": (("地址", "Addresses"), ("address_title", "address_type", "city", "phone")),
    "Item": (("物料", "Items"), ("item_code", "item_name", "standard_rate")),
    "Sales Order": (
        ("销售订单", "Sales Orders"),
        ("customer_name", "status", "grand_total", "per_delivered", "per_billed"),
    ),
    "Delivery Note": (("销售出货", "Delivery Notes"), ("customer_name", "status", "posting_date")),
    "Sales Invoice": (("销售发票", "Sales Invoices"), ("customer_name", "status", "grand_total", "outstanding_amount")),
    "Payment Entry": (("收付款", "Payment Entries"), ("party", "paid_amount", "posting_date", "status")),
}
EDITABLE = ("Data", "Text", "Text Editor", "Currency", "Float", "Date")


def tabs() -> tuple[Tab, ...]:
    """One per doctype that people look at."""
    return tuple(_tab(doctype, *told) for doctype, told in SHOWN.items())


def source(book: Book) -> ShelfSource:
    """The pages' view of the book."""

    def row(obj: str, kept: Kept) -> Mapping[str, Any]:
        return _flat(book.get(obj, kept.id))

    def edit(obj: str, record_id: str, values: dict[str, str], author: str) -> object:
        now = _flat(book.get(obj, record_id))
        changed = {n: v for n, v in values.items() if str(now.get(n) or "") != v}
        return book.as_person(obj, record_id, changed, author)

    def step(obj: str, record_id: str, action: str, author: str) -> object:
        return book.as_person(obj, record_id, {f"${action}": True}, author)

    return ShelfSource(book.shelf, row, edit, step, Refused)


def _tab(doctype: str, title: Two, names: tuple[str, ...]) -> Tab:
    kind = DOCTYPES[doctype]
    found = [f for f in (kind.field(name) for name in names) if f is not None]
    columns = [_column(f, "link" if n == 0 else "") for n, f in enumerate(found)]
    rest = [_column(f, "", editable=f.type in EDITABLE and not f.shown) for f in kind.fields if f.type != "Table"]
    stamps = (Column("modified", ("修改时间", "Updated"), "code"), Column("modified_by", ("修改人", "By")))
    steps = STEPS if kind.submittable else {}
    return Tab(doctype, title, (*columns, *stamps), tuple(rest), steps, title_field=names[0])


def _column(f: F, kind: str, *, editable: bool = False) -> Column:
    kind = kind or ("number" if f.type in ("Float", "Currency", "Percent", "Int") else "text")
    return Column(f.name, (f.label, f.label), kind, editable)


def _flat(doc: Mapping[str, Any]) -> dict[str, Any]:
    flat = {n: "" if v is None else v for n, v in doc.items() if not isinstance(v, list)}
    names = (
        "item_code",
        "item_name",
        "qty",
        "rate",
        "amount",
        "reference_name",
        "allocated_amount",
        "link_name",
        "phone",
    )
    for rows in (v for v in doc.values() if isinstance(v, list) and v):
        flat.setdefault("lines", [{n: r[n] for n in names if n in r} for r in rows])
    return flat
