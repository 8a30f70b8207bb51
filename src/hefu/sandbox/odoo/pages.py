"""What this database's web pages show, and what a person may change there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hefu.sandbox.odoo.book import Book
from hefu.sandbox.odoo.env import Env
from hefu.sandbox.odoo.models import MODELS, F, OdooError
from hefu.sandbox.page import Column, Tab
from hefu.sandbox.shelf import Kept, ShelfSource

Two = tuple[str, str]
SHOWN: Mapping[str, tuple[Two, tuple[str, ...], Mapping[str, Two]]] = {
    "res.partner": (("联系人", "Contacts"), ("name", "ref", "vat", "phone", "city"), {}),
    "product.product": (("产品", "Products"), ("name", "default_code", "list_price"), {}),
    "sale.order": (
        ("销售订单", "Sales Orders"),
        ("name", "partner_id", "state", "amount_total", "delivery_status", "invoice_status"),
        {"action_confirm": ("确认", "Confirm"), "action_cancel": ("取消", "Cancel")},
    ),
    "stock.picking": (
        ("调拨", "Transfers"),
        ("name", "partner_id", "origin", "state", "date_done"),
        {"button_validate": ("验证", "Validate"), "action_cancel": ("取消", "Cancel")},
    ),
    "account.move": (
        ("结算单", "Invoices"),
        ("name", "partner_id", "state", "amount_total", "amount_residual", "payment_state"),
        {"action_post": ("过账", "Post"), "button_draft": ("重置为草稿", "Reset to Draft")},
    ),
    "account.payment": (("付款", "Payments"), ("name", "partner_id", "amount", "date", "state"), {}),
}
EDITABLE = ("char", "text", "float", "monetary", "integer")
LINES = {"sale.order": "order_line", "stock.picking": "move_ids", "account.move": "invoice_line_ids"}
LABELS = {"name": "名称", "partner_id": "客户", "state": "状态", "ref": "编号", "phone": "电话"}


def tabs() -> tuple[Tab, ...]:
    """One per model that people look at."""
    return tuple(_tab(model, *told) for model, told in SHOWN.items())


def source(book: Book) -> ShelfSource:
    """The pages' view of the book."""
    env = Env(via="person")

    def row(obj: str, kept: Kept) -> Mapping[str, Any]:
        return _flat(book, env, obj, kept)

    def edit(obj: str, record_id: str, values: dict[str, str], author: str) -> object:
        kept = book.kept(obj, int(record_id))
        now = {} if kept is None else _flat(book, env, obj, kept)
        changed = {n: v for n, v in values.items() if str(now.get(n) or "") != v}
        return book.as_person(obj, record_id, changed, author)

    def step(obj: str, record_id: str, action: str, author: str) -> object:
        return book.as_person(obj, record_id, {"$call": action}, author)

    return ShelfSource(book.shelf, row, edit, step, OdooError)


def _tab(model: str, title: Two, names: tuple[str, ...], steps: Mapping[str, Two]) -> Tab:
    fields = MODELS[model].fields
    columns = [_column(n, fields[n], "link" if n == "name" else "", editable=n == "phone") for n in names]
    rest = [
        _column(n, f, "", editable=f.type in EDITABLE and not f.readonly)
        for n, f in fields.items()
        if f.type not in ("one2many", "many2many")
    ]
    stamps = (Column("write_date", ("修改时间", "Updated"), "code"), Column("write_uid", ("修改人", "By")))
    return Tab(model, title, (*columns, *stamps), tuple(rest), steps)


def _column(name: str, f: F, kind: str, *, editable: bool) -> Column:
    kind = kind or ("number" if f.type in ("float", "monetary", "integer") else "text")
    return Column(name, (LABELS.get(name, f.label), f.label), kind, editable)


def _flat(book: Book, env: Env, model: str, kept: Kept) -> dict[str, Any]:
    names = [n for n, (_, f) in book.fields(model).items() if f.type not in ("one2many", "many2many")]
    flat = {n: _plain(v) for n, v in book.row(env, model, kept, names).items()}
    below = MODELS[model].fields.get(LINES.get(model, ""))
    if below is not None:
        inner = [n for n in ("product_id", "product_uom_qty", "quantity", "price_unit", "price_subtotal", "state")
                 if n in MODELS[below.relation].fields]  # fmt: skip
        rows = (book.row(env, below.relation, k, inner) for k in book.children(below, int(kept.id)))
        flat["lines"] = [{n: _plain(v) for n, v in r.items()} for r in rows]
    return flat


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return value[1] if len(value) == 2 else ""
    return "" if value is False else value
