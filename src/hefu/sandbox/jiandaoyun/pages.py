"""What the sandbox's web pages show of the forms, and what a person may change there."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from hefu.sandbox.jiandaoyun.book import Book
from hefu.sandbox.jiandaoyun.forms import FORMS, TITLES, Form, Refused, Widget
from hefu.sandbox.page import Column, Tab, Two
from hefu.sandbox.shelf import Kept, ShelfSource

EDITABLE = frozenset(("text", "textarea", "radiogroup", "combo", "number", "user"))
SHOWN = {
    "customer": ("credit_code", "erp_code", "phone"),
    "contact": ("customer", "mobile", "title"),
    "product": ("product_code", "spec", "unit", "price"),
    "opportunity": ("stage", "amount", "close_date", "owner"),
    "contract": ("contract_name", "amount", "signed_on", "owner"),
    "order": ("order_status", "amount", "erp_order_no", "erp_status"),
}
ENGLISH = {
    "customer": "Customers",
    "contact": "Contacts",
    "product": "Products",
    "opportunity": "Opportunities",
    "contract": "Contracts",
    "order": "Orders",
}


def tabs() -> tuple[Tab, ...]:
    """One per form; an editable text in the list where people like to change one."""
    return tuple(_tab(form) for form in FORMS)


def source(book: Book) -> ShelfSource:
    """The pages' view of the book."""

    def row(obj: str, kept: Kept) -> Mapping[str, Any]:
        return _flat(book, book.form(obj), kept)

    def edit(obj: str, record_id: str, values: dict[str, str], author: str) -> object:
        form = book.form(obj)
        given = {name: _given(form.widget(name), text) for name, text in values.items()}
        now = _flat(book, form, book.get(form, record_id))
        changed = {n: v for n, v in given.items() if str(now.get(n) or "") != values[n]}
        return book.as_person(obj, record_id, changed, author)

    return ShelfSource(book.shelf, row, edit, refused=Refused)


def _tab(form: Form) -> Tab:
    title = next(w for w in form.widgets if w.alias == TITLES[form.key])
    first = [w for w in form.widgets if w.alias in SHOWN[form.key]]
    columns = (
        Column(title.name, (title.label, title.label), "link"),
        *(Column(w.name, _words(w), _kind(w), editable=w.alias == "phone") for w in first),
        Column("updateTime", ("更新时间", "Updated"), "code"),
        Column("updater", ("修改人", "By")),
    )
    fields = tuple(
        Column(w.name, _words(w), _kind(w), editable=w.type in EDITABLE)
        for w in form.widgets
        if w.type not in ("subform", "separator", "upload")
    )
    return Tab(form.key, (form.name, ENGLISH[form.key]), columns, fields, title_field=title.name)


def _words(widget: Widget) -> Two:
    """Labels are what the firm called its fields; an English reader gets the alias where there is one."""
    return (widget.label, widget.alias.replace("_", " ") or widget.label)


def _kind(widget: Widget) -> str:
    return "number" if widget.type == "number" else "code" if widget.type in ("sn", "datetime", "phone") else "text"


def _flat(book: Book, form: Form, kept: Kept) -> dict[str, Any]:
    told = book.told(form, kept)
    flat = {w.name: _plain(book, w, told[w.key]) for w in form.widgets if w.key in told}
    lines = next((w for w in form.widgets if w.type == "subform"), None)
    if lines is not None:
        flat["lines"] = [
            {w.label: _plain(book, w, row.get(w.key)) for w in lines.items} for row in told.get(lines.key, ())
        ]
    return flat | {"updateTime": told["updateTime"], "updater": told["updater"]["name"]}


def _plain(book: Book, widget: Widget, value: Any) -> Any:
    """A value as text for people."""
    if value is None or widget.type == "subform":
        return ""
    if widget.type == "lookup":
        data_id = value["id"] if isinstance(value, dict) else value
        linked = book.shelf.get(widget.to, data_id)
        return linked["title"] if linked else data_id
    if widget.type == "address":
        return "".join(value[part] for part in ("province", "city", "district", "detail"))
    if widget.type == "user":
        return value["username"]
    if widget.type == "phone":
        return value["phone"]
    return "、".join(map(str, value)) if isinstance(value, list) else value


def _given(widget: Widget | None, text: str) -> Any:
    if widget is None or widget.type != "number":
        return text
    try:
        return Decimal(text) if text else None
    except InvalidOperation:
        raise Refused(1, f"{widget.label}: {text}?") from None
