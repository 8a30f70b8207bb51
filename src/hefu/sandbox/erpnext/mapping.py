"""Follow-up documents: what is left of an order to deliver and to bill, what is left of an invoice to pay. Unsaved."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from hefu.sandbox.erpnext.book import Book
from hefu.sandbox.erpnext.doctypes import gone, wrong
from hefu.sandbox.erpnext.rules import number

_HEAD = ("customer", "customer_name", "company", "currency", "conversion_rate", "po_no")
_LINE = (
    "item_code",
    "item_name",
    "description",
    "uom",
    "conversion_factor",
    "rate",
    "discount_percentage",
    "warehouse",
)


def _source(book: Book, doctype: str, name: str) -> dict[str, Any]:
    kept = book.kept(doctype, name)
    if kept is None:
        raise gone(doctype, name)
    if kept.doc.get("docstatus") != 1:
        raise wrong("Cannot map because following condition fails: docstatus=1")
    return book.get(doctype, name)


def delivery(book: Book, given: Mapping[str, Any]) -> dict[str, Any]:
    """The rest of an order to deliver."""
    order = _source(book, "Sales Order", str(given.get("source_name")))
    rows = [
        {**{n: r[n] for n in _LINE}, "qty": r["qty"] - r["delivered_qty"], "against_sales_order": order["name"],
         "so_detail": r["name"]}
        for r in order["items"] if r["qty"] > r["delivered_qty"]
    ]  # fmt: skip
    return _unsaved("Delivery Note", order, rows)


def invoice(book: Book, given: Mapping[str, Any]) -> dict[str, Any]:
    """The rest of an order to bill."""
    order = _source(book, "Sales Order", str(given.get("source_name")))
    rows = []
    for r in order["items"]:
        left = number(r["amount"]) - number(r["billed_amt"])
        if left > 0 and r["rate"]:
            quantity = float(left / number(r["rate"]) / (1 - number(r["discount_percentage"]) / 100))
            link = {"sales_order": order["name"], "so_detail": r["name"]}
            rows.append({**{n: r[n] for n in _LINE}, "qty": round(quantity, 3), **link})
    return _unsaved("Sales Invoice", order, rows)


def _unsaved(doctype: str, order: Mapping[str, Any], rows: list[dict[str, Any]]) -> dict[str, Any]:
    if not rows:
        raise wrong(f"Nothing is left of {order['name']} for a {doctype}")
    taxes = [{n: t[n] for n in ("charge_type", "account_head", "description", "rate")} for t in order["taxes"]]
    head = {n: order[n] for n in _HEAD}
    return {"doctype": doctype, "docstatus": 0, "__islocal": 1, **head, "items": rows, "taxes": taxes}


def payment(book: Book, given: Mapping[str, Any]) -> dict[str, Any]:
    """The rest of an invoice to pay."""
    due = _source(book, str(given.get("dt")), str(given.get("dn")))
    left = due["outstanding_amount"]
    if left <= 0:
        raise wrong(f"{due['name']} has nothing left to pay")
    row = {"reference_doctype": due["doctype"], "reference_name": due["name"], "total_amount": due["grand_total"],
           "outstanding_amount": left, "allocated_amount": left}  # fmt: skip
    return {
        "doctype": "Payment Entry", "docstatus": 0, "__islocal": 1, "payment_type": "Receive",
        "party_type": "Customer", "party": due["customer"], "company": due["company"], "paid_amount": left,
        "received_amount": left, "references": [row],
    }  # fmt: skip


METHODS: Mapping[str, Callable[[Book, Mapping[str, Any]], dict[str, Any]]] = {
    "erpnext.selling.doctype.sales_order.sales_order.make_delivery_note": delivery,
    "erpnext.selling.doctype.sales_order.sales_order.make_sales_invoice": invoice,
    "erpnext.accounts.doctype.payment_entry.payment_entry.get_payment_entry": payment,
}
