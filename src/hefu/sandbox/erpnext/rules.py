"""What ERPNext works out and refuses by itself: names, totals, what a submitted document leads to, what holds what."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Protocol

from hefu.sandbox.erpnext.doctypes import DOCTYPES, NUMBERS, DocType, Refused, wrong
from hefu.sandbox.frame import Clock
from hefu.sandbox.shelf import Doc, Kept, Shelf

SELLING = ("Sales Order", "Delivery Note", "Sales Invoice")
TERMS = {"30 天": 30, "45 天": 45, "60 天": 60, "90 天": 90}
OUTPUT_TAX = "销项税额 - HT"
_CENT = Decimal("0.01")


class Site(Protocol):
    """The book, as rules see it."""

    shelf: Shelf
    clock: Clock

    def kept(self, doctype: str, name: str) -> Kept | None:
        """A live document."""
        ...

    def change(self, doctype: str, name: str, **values: Any) -> None:
        """What rules work out."""
        ...

    def hash(self) -> str:
        """A name of ten characters."""
        ...


def today(site: Site) -> date:
    """The site's day."""
    return (site.clock.now() + timedelta(hours=8)).date()


def number(held: Any) -> Decimal:
    """A kept number."""
    return Decimal(str(held or 0))


def cents(amount: Decimal) -> Decimal:
    """Half up."""
    return amount.quantize(_CENT, ROUND_HALF_UP)


def defaults(site: Site, kind: DocType) -> Doc:
    """A new document before anything is given."""
    doc: Doc = {}
    for f in kind.fields:
        if f.type == "Table":
            doc[f.name] = []
        elif f.default == "Today":
            doc[f.name] = today(site).isoformat()
        else:
            doc[f.name] = f.default if f.default is not None else (0 if f.type in NUMBERS else None)
    return doc


def name_of(site: Site, kind: DocType, doc: Mapping[str, Any]) -> str:
    """The name of a new document. Customers of one name are counted."""
    if kind.naming.startswith("field:"):
        return str(doc[kind.naming[6:]])
    if kind.naming == "customer":
        return _counted(site, "Customer", str(doc["customer_name"]))
    if kind.naming == "address":
        linked = (doc.get("links") or [{}])[0].get("link_name")
        return _counted(site, "Address", f"{doc.get('address_title') or linked or doc['city']}-{doc['address_type']}")
    if kind.naming == "contact":
        linked = (doc.get("links") or [{}])[0].get("link_name")
        names = [n for n in (doc.get("first_name"), doc.get("last_name")) if n]
        return _counted(site, "Contact", "-".join(filter(None, [" ".join(names), linked])) or site.hash())
    if kind.naming == "hash":
        return site.hash()
    prefix = kind.naming.replace(".YYYY.", str(today(site).year))
    return f"{prefix}{site.shelf.number(prefix):05d}"


def _counted(site: Site, doctype: str, name: str) -> str:
    found, count = name, 0
    while site.kept(doctype, found) is not None:
        count += 1
        found = f"{name} - {count}"
    return found


def complete(site: Site, kind: DocType, doc: Doc) -> None:
    """Names that follow from links, amounts, statuses."""
    if kind.name in SELLING:
        _selling(site, kind, doc)
    elif kind.name == "Payment Entry":
        doc["received_amount"] = doc["received_amount"] if number(doc["received_amount"]) else doc["paid_amount"]
        taken = sum((number(r["allocated_amount"]) for r in doc["references"]), Decimal(0))
        if taken > number(doc["paid_amount"]):
            raise wrong("Total Allocated Amount cannot be greater than Paid Amount")
        doc["unallocated_amount"] = str(number(doc["paid_amount"]) - taken)
    elif kind.name == "Item":
        doc["item_name"] = doc["item_name"] or doc["item_code"]
        doc["description"] = doc["description"] or doc["item_name"]
    elif kind.name == "Contact":
        doc["email_id"] = next((r["email_id"] for r in doc["email_ids"] if r["is_primary"]), None)
        doc["mobile_no"] = next((r["phone"] for r in doc["phone_nos"] if r["is_primary_mobile_no"]), None)
    if kind.submittable:
        doc["status"] = status(site, kind.name, doc)


def _selling(site: Site, kind: DocType, doc: Doc) -> None:
    customer = site.kept("Customer", str(doc.get("customer") or ""))
    doc["customer_name"] = customer.doc["customer_name"] if customer else None
    net = Decimal(0)
    for row in doc["items"]:
        item = site.kept("Item", str(row.get("item_code") or ""))
        if item is not None:
            row["item_name"] = row["item_name"] or item.doc["item_name"]
            row["description"] = row["description"] or item.doc["description"]
            row["uom"] = row["uom"] or item.doc["stock_uom"]
            row["rate"] = row["rate"] if number(row["rate"]) else item.doc["standard_rate"]
        share = 1 - number(row["discount_percentage"]) / 100
        row["amount"] = str(cents(number(row["qty"]) * number(row["rate"]) * share))
        net += number(row["amount"])
        if kind.name == "Sales Order":
            row["delivery_date"] = row["delivery_date"] or doc["delivery_date"]
    if kind.name == "Sales Order" and doc["items"] and not all(r["delivery_date"] for r in doc["items"]):
        raise wrong("Please enter Delivery Date")
    if not doc["taxes"]:
        doc["taxes"] = [{"name": site.hash(), "idx": 1, "docstatus": 0, "charge_type": "On Net Total", "rate": "13",
                         "account_head": OUTPUT_TAX, "description": "增值税 13%", "tax_amount": "0"}]  # fmt: skip
    for tax in doc["taxes"]:
        tax["tax_amount"] = str(cents(net * number(tax["rate"]) / 100))
    taxes = sum((number(t["tax_amount"]) for t in doc["taxes"]), Decimal(0))
    doc["total_qty"] = str(sum((number(r["qty"]) for r in doc["items"]), Decimal(0)))
    doc |= {"total": str(net), "total_taxes_and_charges": str(taxes), "grand_total": str(net + taxes)}
    if kind.name == "Sales Invoice" and doc.get("docstatus", 0) == 0:
        doc["outstanding_amount"] = doc["grand_total"]
        days = TERMS.get(customer.doc.get("payment_terms") or "", 0) if customer else 0
        if not doc["due_date"]:
            doc["due_date"] = f"{date.fromisoformat(doc['posting_date']) + timedelta(days=days)}"
        if doc["due_date"] < doc["posting_date"]:
            raise wrong("Due Date cannot be before Posting Date")


def status(site: Site, doctype: str, doc: Mapping[str, Any]) -> str:
    """What a document's status says of its way."""
    if doc.get("docstatus", 0) != 1:
        return "Cancelled" if doc.get("docstatus") == 2 else "Draft"
    if doctype == "Payment Entry":
        return "Submitted"
    billed = number(doc.get("per_billed")) >= 100
    if doctype == "Delivery Note":
        return "Completed" if billed else "To Bill"
    if doctype == "Sales Invoice":
        left, total = number(doc["outstanding_amount"]), number(doc["grand_total"])
        if left <= 0:
            return "Paid"
        if doc["due_date"] and doc["due_date"] < today(site).isoformat():
            return "Overdue"
        return "Partly Paid" if left < total else "Unpaid"
    delivered = number(doc.get("per_delivered")) >= 100
    words = {(False, False): "To Deliver and Bill", (True, False): "To Bill", (False, True): "To Deliver"}
    return words.get((delivered, billed), "Completed")


def only_free(kind: DocType, old: Mapping[str, Any], new: Mapping[str, Any]) -> None:
    """What may change after submitting. Raises Refused."""
    for f in kind.fields:
        if f.shown or f.free:
            continue
        if f.type == "Table":
            inner = {g.name for g in DOCTYPES[f.options].fields if not g.free and not g.shown}
            before = [{n: str(r.get(n) or "") for n in inner} for r in old.get(f.name, [])]
            after = [{n: str(r.get(n) or "") for n in inner} for r in new.get(f.name, [])]
            changed = before != after
        else:
            changed = (old.get(f.name) or None) != (new.get(f.name) or None)
        if changed:
            words = f"Not allowed to change {f.label} after submission"
            raise Refused("UpdateAfterSubmitError", words)


# ------------------------------------------------------------------------ steps


def before_submit(site: Site, doctype: str, doc: Doc) -> None:
    """What a submit asks for. Raises Refused."""
    if doctype == "Delivery Note":
        for row in doc["items"]:
            _not_over(site, row, "against_sales_order", "delivered_qty", row["qty"])
    if doctype == "Payment Entry":
        for row in doc["references"]:
            due = site.kept(row["reference_doctype"], row["reference_name"])
            if due is None or due.doc.get("docstatus") != 1:
                raise wrong(f"{row['reference_doctype']} {row['reference_name']} must be submitted")
            if number(row["allocated_amount"]) > number(due.doc["outstanding_amount"]):
                raise wrong(f"Row #{row['idx']}: Allocated Amount cannot be greater than outstanding amount.")
    doc["status"] = status(site, doctype, doc)


def _not_over(site: Site, row: Mapping[str, Any], to: str, counter: str, quantity: Any) -> None:
    order = site.kept("Sales Order", str(row.get(to) or ""))
    sold = next((r for r in (order.doc["items"] if order else ()) if r["name"] == row.get("so_detail")), None)
    if order is not None and order.doc.get("docstatus") != 1:
        raise wrong(f"Sales Order {order.id} is not submitted")
    if sold is not None and number(sold[counter]) + number(quantity) > number(sold["qty"]):
        words = (
            f"This document is over limit by Qty for item {row['item_code']}. Are you making another against the same?"
        )
        raise Refused("OverAllowanceError", words)


def before_cancel(site: Site, doctype: str, name: str, doc: Doc) -> None:
    """What stands in the way of a cancel. Raises Refused."""
    holder = held(site, doctype, name, submitted=True)
    if holder:
        words = f"Cannot delete or cancel because {doctype} {name} is linked with {holder}"
        raise Refused("LinkExistsError", words)
    doc["status"] = "Cancelled"


def on_submit(site: Site, doctype: str, name: str) -> None:
    """What a submitted document moves elsewhere."""
    _moved(site, doctype, name, 1)


def on_cancel(site: Site, doctype: str, name: str) -> None:
    """The same, taken back."""
    _moved(site, doctype, name, -1)


def _moved(site: Site, doctype: str, name: str, sign: int) -> None:
    kept = site.kept(doctype, name)
    assert kept is not None
    if doctype == "Delivery Note":
        _count(site, kept.doc["items"], "against_sales_order", "delivered_qty", "qty", sign)
    elif doctype == "Sales Invoice":
        _count(site, kept.doc["items"], "sales_order", "billed_amt", "amount", sign)
        for note in sorted({r["delivery_note"] for r in kept.doc["items"] if r.get("delivery_note")}):
            _restate(site, "Delivery Note", note, per_billed="100" if sign > 0 else "0")
    elif doctype == "Payment Entry":
        for row in kept.doc["references"]:
            due = site.kept(row["reference_doctype"], row["reference_name"])
            if due is not None:
                left = number(due.doc["outstanding_amount"]) - sign * number(row["allocated_amount"])
                _restate(site, row["reference_doctype"], due.id, outstanding_amount=str(left))


def _restate(site: Site, doctype: str, name: str, **values: Any) -> None:
    kept = site.kept(doctype, name)
    if kept is not None:
        doc = {**kept.doc, **values}
        site.change(doctype, name, **values, status=status(site, doctype, doc))


def _count(site: Site, rows: list[Doc], to: str, counter: str, of: str, sign: int) -> None:
    orders: dict[str, dict[str, Decimal]] = {}
    for row in rows:
        if row.get(to) and row.get("so_detail"):
            inner = orders.setdefault(row[to], {})
            inner[row["so_detail"]] = inner.get(row["so_detail"], Decimal(0)) + sign * number(row[of])
    for name, moved in orders.items():
        order = site.kept("Sales Order", name)
        if order is None:
            continue
        items = [{**r, counter: str(number(r[counter]) + moved.get(r["name"], Decimal(0)))} for r in order.doc["items"]]
        done = sum((min(number(r["delivered_qty"]), number(r["qty"])) for r in items), Decimal(0))
        whole = sum((number(r["qty"]) for r in items), Decimal(0))
        billed = sum((number(r["billed_amt"]) for r in items), Decimal(0))
        net = number(order.doc["total"])
        told = {"per_delivered": _share(done, whole), "per_billed": _share(billed, net)}
        _restate(site, "Sales Order", name, items=items, **told)


def _share(part: Decimal, whole: Decimal) -> str:
    return str(cents(part * 100 / whole)) if whole else "0"


def held(site: Site, doctype: str, name: str, *, submitted: bool = False) -> str:
    """What links to a document and keeps it from going; "" for nothing."""
    for other in DOCTYPES.values():
        if other.table:
            continue
        links = [f.name for f in other.fields if (f.type, f.options) == ("Link", doctype) and f.name != "amended_from"]
        inner = [
            (t.name, f.name, f.type)
            for t in other.tables()
            for f in DOCTYPES[t.options].fields
            if (f.type, f.options) == ("Link", doctype) or (f.type == "Dynamic Link" and doctype in SELLING)
        ]
        if not links and not inner:
            continue
        for kept in site.shelf.rows(other.name):
            if (kept.doc.get("docstatus", 0) == 2) or (submitted and kept.doc.get("docstatus", 0) != 1):
                continue
            rows = ((r, n) for table, n, _ in inner for r in kept.doc.get(table, []))
            if any(kept.doc.get(n) == name for n in links) or any(r.get(n) == name for r, n in rows):
                return f"{other.name} {kept.id}"
    return ""
