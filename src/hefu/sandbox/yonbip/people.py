"""What people do at the client of the imitated YonBIP: edit, approve, ship, invoice, delete."""

from __future__ import annotations

from typing import Any

from hefu.sandbox.yonbip import finance, merchants, orders
from hefu.sandbox.yonbip.book import TITLES, Book
from hefu.sandbox.yonbip.words import Wrong

STEPS = ("submit", "audit", "unaudit", "close", "open")


def act(book: Book, obj: str, record_id: str | None, values: dict[str, Any] | None, author: str) -> str:
    """Create (no id), delete (no values), take a step (`action`) or change fields; the id. Raises Wrong."""
    if obj not in TITLES:
        raise Wrong(1002, f"没有对象{obj}")
    if record_id is None:
        return _create(book, obj, values or {}, author)
    doc = book.get(obj, record_id)
    if values is None:
        book.remove(obj, doc, author, "person")
        return str(doc["id"])
    action = str(values.get("action") or "")
    if action == "ship":
        return orders.ship(book, record_id, values.get("lines"), author)
    if action == "invoice":
        lines = [{"sourceid": doc["id"], "sourceautoid": line["id"]} for line in doc["details"]]
        return str(finance.invoice(book, {"details": lines}, author, "person")["id"])
    if action == "collect":
        return finance.paid(book, doc, values.get("amount"), author)
    if obj in ("receivable", "collection") and action in ("submit", "unsubmit"):
        finance.submit(book, obj, record_id, action, author, "person")
    elif action in STEPS:
        orders.step(book, record_id, action, author, "person")
    elif action in ("stop", "unstop"):
        merchants.stop(book, {"id": record_id}, author, "person", stopped=action == "stop")
    elif action:
        raise Wrong(999, f"没有操作{action}")
    elif obj == "merchant":
        merchants.change(book, doc, values, author, "person")
    else:
        book.put(obj, {**doc, **values}, author, "person")
    return str(doc["id"])


def _create(book: Book, obj: str, values: dict[str, Any], author: str) -> str:
    if obj == "merchant":
        return str(merchants.insert(book, {"createOrgCode": "100", **values}, author, "person")["id"])
    if obj == "order":
        return str(orders.save(book, {"_status": "Insert", **values}, author, "person")["id"])
    if obj == "product":
        doc = {"id": book.next_id(), "unitCode": "PCS", "taxRate": "13", **values}
        return str(book.put("product", doc, author, "person")["id"])
    raise Wrong(999, f"{TITLES[obj]}不能手工新增")
