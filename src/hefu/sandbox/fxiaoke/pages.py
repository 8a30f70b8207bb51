"""What the tenant's web pages show, and what a person may change there."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from hefu.sandbox.fxiaoke.book import Book, name_of
from hefu.sandbox.fxiaoke.schema import DETAIL, OBJECTS, REFERENCE, Field, Object, Refused
from hefu.sandbox.fxiaoke.values import MOMENTS, instant
from hefu.sandbox.page import Column, Tab
from hefu.sandbox.shelf import Kept, ShelfSource

SHOWN: Mapping[str, tuple[str, ...]] = {
    "AccountObj": ("name", "account_no", "field_credit_code__c", "field_erp_code__c", "tel", "city"),
    "ContactObj": ("name", "account_id", "mobile1", "job_title"),
    "ProductObj": ("name", "product_code", "product_spec", "price"),
    "NewOpportunityObj": ("name", "account_id", "sales_stage", "amount", "close_date"),
    "SalesOrderObj": ("name", "account_id", "order_amount", "life_status", "field_erp_no__c", "field_erp_status__c"),
}
ENGLISH = {
    "AccountObj": "Accounts",
    "ContactObj": "Contacts",
    "ProductObj": "Products",
    "NewOpportunityObj": "Opportunities",
    "SalesOrderObj": "Orders",
}
EDITABLE = ("text", "long_text", "phone_number", "email", "url", "number", "currency")


def tabs() -> tuple[Tab, ...]:
    """One per object that people look at."""
    return tuple(_tab(OBJECTS[name]) for name in SHOWN)


def source(book: Book) -> ShelfSource:
    """The pages' view of the book."""

    def row(obj: str, kept: Kept) -> Mapping[str, Any]:
        return _flat(book, OBJECTS[obj], kept)

    def edit(obj: str, record_id: str, values: dict[str, str], author: str) -> object:
        now = book.peek(obj, record_id) or {}
        changed = {n: v for n, v in values.items() if str(now.get(n) if now.get(n) is not None else "") != v}
        return book.as_person(obj, record_id, changed, author)

    def step(obj: str, record_id: str, action: str, author: str) -> object:
        given: dict[str, Any] = {f"${action}": True} if action != "unlock" else {"$lock": False}
        return book.as_person(obj, record_id, given, author)

    return ShelfSource(book.shelf, row, edit, step, Refused)


def _tab(obj: Object) -> Tab:
    names = SHOWN[obj.name]
    columns = [_column(obj, n, "link" if n == "name" else "", editable=n == "tel") for n in names]
    fields = [_column(obj, f.name, "", editable=f.type in EDITABLE and not f.readonly) for f in obj.fields]
    when = Column("last_modified_time", ("修改时间", "Updated"), "code")
    by = Column("last_modified_by", ("修改人", "By"))
    steps = {"lock": ("锁定", "Lock"), "unlock": ("解锁", "Unlock"), "invalid": ("作废", "Invalidate")}
    if obj.approval:
        steps = {"approve": ("审批通过", "Approve"), **steps}
    return Tab(obj.name, (obj.label, ENGLISH[obj.name]), (*columns, when, by), tuple(fields), steps)


def _column(obj: Object, name: str, kind: str, *, editable: bool) -> Column:
    f = obj.field(name)
    assert f is not None
    kind = kind or ("number" if f.type == "currency" else "text")
    english = name.removeprefix("field_").removesuffix("__c").removesuffix("_id").replace("_", " ")
    return Column(name, (f.label, english), kind, editable)


def _flat(book: Book, obj: Object, kept: Kept) -> dict[str, Any]:
    row = book.named(obj, book.row(obj, kept))
    flat = {f.name: _plain(f, row) for f in obj.fields}
    below = DETAIL.get(obj.name)
    if below is not None:
        rows = book.shelf.rows(below.name, by={REFERENCE[below.name]: kept.id})
        fields = [f for f in below.fields if f.name in ("product_id", "quantity", "sales_price", "subtotal", "unit")]
        flat["lines"] = [{f.label: _plain(f, book.named(below, book.row(below, k))) for f in fields} for k in rows]
    return flat


def _plain(field: Field, row: Mapping[str, Any]) -> Any:
    """A value as people read it."""
    value = row.get(field.name)
    if value is None:
        return ""
    if field.target:
        return row.get(f"{field.name}__r") or value
    if field.type in MOMENTS:
        return f"{instant(value) + timedelta(hours=8):{'%Y-%m-%d' if field.type == 'date' else '%Y-%m-%d %H:%M:%S'}}"
    labels = dict(field.options)
    if field.type == "employee":
        return "、".join(map(name_of, value))
    if isinstance(value, list):
        return "、".join(labels.get(str(v), str(v)) for v in value)
    return labels.get(value, value)
