"""The sample company as an ERPNext site would hold it: customers, addresses, contacts, items, a year of trade."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hefu.sandbox import sample
from hefu.sandbox.erpnext.book import PERSON, Book
from hefu.sandbox.erpnext.doctypes import DOCTYPES
from hefu.sandbox.erpnext.rules import OUTPUT_TAX, SELLING, defaults, status
from hefu.sandbox.sample_trade import UNITS
from hefu.sandbox.shelf import Doc

Row = Mapping[str, Any]
START = datetime(2024, 1, 1, tzinfo=UTC)
COMPANY = "恒通贸易"
LISTS: Mapping[str, Sequence[str]] = {
    "Company": (COMPANY, "恒通贸易苏州"),
    "Currency": ("CNY", "USD", "EUR"),
    "UOM": ("Nos", *(name for _, name in UNITS)),
    "Customer Group": ("All Customer Groups", "Commercial", "经销商"),
    "Territory": ("All Territories", "China"),
    "Item Group": ("All Item Groups", "Products", "Services"),
    "Country": ("China", "Germany"),
    "Account": ("应收账款 - HT", "银行存款 - HT", OUTPUT_TAX),
    "Warehouse": ("成品仓 - HT",),
    "Price List": ("Standard Selling",),
    "Mode of Payment": ("电汇", "承兑汇票", "网银", "Cash"),
    "Payment Terms Template": ("30 天", "45 天", "60 天", "90 天"),
}


def basics(book: Book) -> None:
    """What every site has."""
    for doctype, names in LISTS.items():
        field = DOCTYPES[doctype].fields[0].name
        book.shelf.load(doctype, [(name, {field: name, "docstatus": 0}, START) for name in names])


class Seed:
    """Fills a site that has its basics."""

    def __init__(self, book: Book) -> None:
        self.book, self.erp = book, sample.make().erp
        self.units = dict(UNITS)
        self.rows: dict[str, list[tuple[str, Doc, datetime]]] = {}
        self.docs: dict[tuple[str, str], Doc] = {}
        self.names: dict[str, str] = {}
        self.count = 0

    def fill(self) -> None:
        """Load the sample."""
        for customer in self.erp["customers"]:
            self._customer(customer)
        for product in self.erp["products"]:
            self._item(product)
        for order in self.erp["sales_orders"]:
            self._order(order)
        for bill in self.erp["deliveries"]:
            self._follow("Delivery Note", bill, "against_sales_order", "posting_date")
        for bill in self.erp["invoices"]:
            self._follow("Sales Invoice", bill, "sales_order", "posting_date")
        for receipt in self.erp["receipts"]:
            self._payment(receipt)
        for (doctype, _), doc in self.docs.items():
            if doctype in SELLING:
                doc["status"] = "Cancelled" if doc["docstatus"] == 2 else status(self.book, doctype, doc)
        for doctype, rows in self.rows.items():
            self.book.shelf.load(doctype, rows)
        self.book.shelf.number("hash", self.count + 1)
        for doctype in (*SELLING, "Payment Entry"):
            for year in ("2025", "2026"):
                self.book.shelf.number(DOCTYPES[doctype].naming.replace(".YYYY.", year), len(self.rows[doctype]))

    def _add(self, doctype: str, name: str, given: Row, at: str) -> Doc:
        doc = {**defaults(self.book, DOCTYPES[doctype]), "docstatus": 0, "_owner": PERSON, "_by": PERSON, **given}
        moment = datetime.fromisoformat(at).replace(tzinfo=UTC) - timedelta(hours=8)
        self.rows.setdefault(doctype, []).append((name, doc, moment))
        self.docs[doctype, name] = doc
        return doc

    def _hash(self) -> str:
        self.count += 1
        return f"{self.count:010x}"

    def _lines(self, doctype: str, rows: Sequence[Row], status_: int = 0) -> list[Doc]:
        blank = defaults(self.book, DOCTYPES[doctype])
        return [{**blank, "name": self._hash(), "idx": n, "docstatus": status_, **r} for n, r in enumerate(rows, 1)]

    def _name(self, doctype: str, name: str) -> str:
        found, count = name, 0
        while (doctype, found) in self.docs:
            count += 1
            found = f"{name} - {count}"
        return found

    def _customer(self, row: Row) -> None:
        name = self.names[row["code"]] = self._name("Customer", row["name"])
        terms = f"{row['payment_days']} 天" if row["payment_days"] else None
        given = {"customer_name": row["name"], "tax_id": row["credit_code"] or None, "payment_terms": terms,
                 "custom_erp_code": row["code"], "disabled": int(row["status"] != "enabled")}  # fmt: skip
        self._add("Customer", name, given, row["modified_at"])
        link = [{"link_doctype": "Customer", "link_name": name, "link_title": row["name"]}]
        address = {
            "address_title": name, "address_line1": row["address"] or "-", "address_line2": row["district"],
            "city": row["city"], "state": row["province"], "pincode": row["postcode"], "phone": row["phone"] or None,
            "email_id": row["email"] or None, "links": self._lines("Dynamic Link", link),
        }  # fmt: skip
        self._add("Address", self._name("Address", f"{name}-Billing"), address, row["modified_at"])
        if row["contact_name"]:
            phones = [{"phone": row["phone"], "is_primary_mobile_no": 1}] if row["phone"] else []
            contact = {
                "first_name": row["contact_name"],
                "mobile_no": row["phone"] or None,
                "phone_nos": self._lines("Contact Phone", phones),
                "links": self._lines("Dynamic Link", link),
            }
            self._add("Contact", self._name("Contact", f"{row['contact_name']}-{name}"), contact, row["modified_at"])

    def _item(self, row: Row) -> None:
        name = f"{row['name']} {row['spec']}"
        given = {"item_code": row["code"], "item_name": name, "item_group": "Products", "description": name,
                 "stock_uom": self.units[row["unit"]], "standard_rate": row["price"],
                 "disabled": int(row["status"] != "enabled")}  # fmt: skip
        self._add("Item", row["code"], given, row["modified_at"])

    def _head(self, row: Row, customer: str, status_: int) -> Doc:
        named = self.docs["Customer", customer]["customer_name"]
        tax = [{"account_head": OUTPUT_TAX, "description": "增值税 13%", "rate": "13", "tax_amount": row["tax"]}]
        return {
            "customer": customer, "customer_name": named, "total": row["amount"], "docstatus": status_,
            "total_taxes_and_charges": row["tax"], "grand_total": row["total"],
            "taxes": self._lines("Sales Taxes and Charges", tax, status_),
        }  # fmt: skip

    def _item_row(self, line: Row) -> Doc:
        return {"item_code": line["product_code"], "item_name": line["product_name"], "qty": line["quantity"],
                "uom": self.units[line["unit"]], "rate": line["price"], "amount": line["amount"]}  # fmt: skip

    def _order(self, row: Row) -> None:
        name = f"SAL-ORD-{row['order_no'][2:6]}-{len(self.rows.get('Sales Order', ())) + 1:05d}"
        self.names[row["order_no"]] = name
        status_ = {"draft": 0, "submitted": 0, "void": 2}.get(row["status"], 1)
        rows = [
            {**self._item_row(x), "delivery_date": row["delivery_date"], "delivered_qty": x["shipped_qty"],
             "billed_amt": str(Decimal(x["amount"]) * Decimal(x["invoiced_qty"]) / Decimal(x["quantity"]))}
            for x in row["lines"]
        ]  # fmt: skip
        whole = sum(Decimal(x["quantity"]) for x in row["lines"])
        done = sum(Decimal(x["shipped_qty"]) for x in row["lines"])
        billed = sum((Decimal(r["billed_amt"]) for r in rows), Decimal(0))
        given = {
            **self._head(row, self.names[row["customer_code"]], status_), "transaction_date": row["order_date"],
            "delivery_date": row["delivery_date"], "po_no": row["external_ref"] or None, "total_qty": str(whole),
            "items": self._lines("Sales Order Item", rows, status_),
            "per_delivered": f"{done * 100 / whole:.2f}", "per_billed": f"{billed * 100 / Decimal(row['amount']):.2f}",
        }  # fmt: skip
        self._add("Sales Order", name, given, row["modified_at"])

    def _follow(self, doctype: str, row: Row, link: str, day: str) -> None:
        order = self.names[row["order_no"]]
        sold = {10 * line["idx"]: line for line in self.docs["Sales Order", order]["items"]}
        rows = [{**self._item_row(x), link: order, "so_detail": sold[x["line_no"]]["name"]} for x in row["lines"]]
        lines = row["lines"]
        sums = {n: f"{sum(Decimal(x[n]) for x in lines):.2f}" for n in ("amount", "tax", "total")}
        naming = DOCTYPES[doctype].naming.replace(".YYYY.", row["date"][:4])
        name = self.names[row["number"]] = f"{naming}{len(self.rows.get(doctype, ())) + 1:05d}"
        given = {
            **self._head({**row, **sums}, self.names[row["customer_code"]], 1), day: row["date"],
            "total_qty": str(sum(Decimal(x["quantity"]) for x in lines)),
            "items": self._lines(f"{doctype} Item", rows, 1),
        }  # fmt: skip
        if doctype == "Sales Invoice":
            left = Decimal(row["total"]) - Decimal(row["paid"])
            given |= {"due_date": max(row["due_date"], row["date"]), "outstanding_amount": str(left)}
        else:
            given["per_billed"] = "100" if self.docs["Sales Order", order]["per_billed"] == "100.00" else "0"
        self._add(doctype, name, given, row["modified_at"])

    def _payment(self, row: Row) -> None:
        invoice = self.names[row["invoice_no"]]
        reference = {"reference_doctype": "Sales Invoice", "reference_name": invoice, "allocated_amount": row["amount"],
                     "total_amount": self.docs["Sales Invoice", invoice]["grand_total"]}  # fmt: skip
        name = f"ACC-PAY-{row['date'][:4]}-{len(self.rows.get('Payment Entry', ())) + 1:05d}"
        given = {
            "posting_date": row["date"], "party": self.names[row["customer_code"]], "paid_amount": row["amount"],
            "received_amount": row["amount"], "mode_of_payment": row["method"], "docstatus": 1, "status": "Submitted",
            "references": self._lines("Payment Entry Reference", [reference], 1),
        }  # fmt: skip
        self._add("Payment Entry", name, given, row["modified_at"])
