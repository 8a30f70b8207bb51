"""The sample company as an Odoo database would hold it: partners, products, a year of orders to payments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hefu.sandbox import sample
from hefu.sandbox.companies import PLACES
from hefu.sandbox.odoo.book import Book
from hefu.sandbox.odoo.env import HUB, LOGIN, PERSON, Env
from hefu.sandbox.odoo.rules import defaults
from hefu.sandbox.odoo.values import rounded
from hefu.sandbox.sample_trade import UNITS

Row = Mapping[str, Any]
Doc = dict[str, Any]
USERS = {HUB: "集成账号", PERSON: "张敏"}
PROVINCES = sorted({place.province for place in PLACES})
START = datetime(2024, 1, 1, tzinfo=UTC)
STATE = {
    "draft": "draft",
    "submitted": "sent",
    "approved": "sale",
    "shipped": "sale",
    "closed": "sale",
    "void": "cancel",
}
LISTS: Mapping[str, Sequence[Doc]] = {
    "res.company": [{"name": "恒通贸易有限公司"}, {"name": "恒通贸易（苏州）有限公司"}],
    "res.currency": [{"name": "CNY", "symbol": "¥"}, {"name": "USD", "symbol": "$"}, {"name": "EUR", "symbol": "€"}],
    "res.country": [{"name": "中国", "code": "CN"}, {"name": "Germany", "code": "DE"}],
    "account.tax": [{"name": "13%", "amount": "13.00"}, {"name": "6%", "amount": "6.00"}],
    "account.journal": [
        {"name": "银行", "type": "bank", "code": "BNK1"},
        {"name": "现金", "type": "cash", "code": "CSH1"},
    ],
    "account.payment.term": [
        {"name": "立即付款", "days": 0}, *({"name": f"{n} 天", "days": n} for n in (30, 45, 60, 90)),
    ],
    "product.category": [{"name": "All"}],
    "res.partner.category": [{"name": "重点客户"}, {"name": "经销商"}],
}  # fmt: skip


def basics(book: Book) -> None:
    """What every database has: companies, currencies, units, users and the hub's key."""
    people = [*USERS.items(), *((10 + i, name) for i, name in enumerate(sample.SELLERS))]
    logins = ((n, {"name": name, "login": LOGIN if n == HUB else f"user{n}@example.com"}) for n, name in people)
    load(book, "res.users", [(n, doc, START) for n, doc in logins])
    for model, listed in LISTS.items():
        load(book, model, [(n, row, START) for n, row in enumerate(listed, 1)])
    load(book, "uom.uom", [(n, {"name": name}, START) for n, (_, name) in enumerate(UNITS, 1)])
    rows = [(n, {"name": p, "country_id": 1, "code": f"{n:02d}"}, START) for n, p in enumerate(PROVINCES, 1)]
    load(book, "res.country.state", rows)


def load(book: Book, model: str, rows: Sequence[tuple[int, Doc, datetime]]) -> None:
    """Finished records, without rules; the series of ids goes on after the last."""
    base = defaults(book, Env(), model)
    shelf = book.shelf
    shelf.load(model, [(str(n), {**base, "_by": PERSON, "_at": PERSON, **doc}, at) for n, doc, at in rows])
    shelf.number(f"{model}.id", max((n for n, _, _ in rows), default=0))


class Seed:
    """Fills a database that has its basics."""

    def __init__(self, book: Book) -> None:
        self.book, self.erp = book, sample.make().erp
        self.units = {code: n for n, (code, _) in enumerate(UNITS, 1)}
        self.states = {p: n for n, p in enumerate(PROVINCES, 1)}
        self.sellers = {s: 10 + i for i, s in enumerate(sample.SELLERS)}
        self.terms = {0: 1, 30: 2, 45: 3, 60: 4, 90: 5}
        self.rows: dict[str, list[tuple[int, Doc, datetime]]] = {}

    def fill(self) -> None:
        """Load the sample."""
        partners = {}
        for customer in self.erp["customers"]:
            partners[customer["code"]] = self._partner(customer)
            self._contact(customer, partners[customer["code"]])
        products = {p["code"]: self._product(p) for p in self.erp["products"]}
        orders = {o["order_no"]: self._order(o, partners, products) for o in self.erp["sales_orders"]}
        for bill in self.erp["deliveries"]:
            self._delivery(bill, orders)
        invoices = {b["number"]: self._invoice(b, orders, partners, products) for b in self.erp["invoices"]}
        for receipt in self.erp["receipts"]:
            self._payment(receipt, invoices, partners)
        for number, doc, _ in self.rows["sale.order"]:
            self._finish(number, doc)
        for model, rows in self.rows.items():
            load(self.book, model, rows)
        for name, model in (("sale.order.name", "sale.order"), ("stock.picking.name", "stock.picking"),
                            ("account.payment.name", "account.payment")):  # fmt: skip
            self.book.shelf.number(name, len(self.rows[model]))
        for year in ("2025", "2026"):
            self.book.shelf.number(f"INV{year}", len(self.rows["account.move"]))

    def _add(self, model: str, doc: Doc, at: datetime) -> int:
        rows = self.rows.setdefault(model, [])
        rows.append((len(rows) + 1, doc, at))
        return len(rows)

    def _doc(self, model: str, number: int) -> Doc:
        return self.rows[model][number - 1][1]

    def _partner(self, row: Row) -> int:
        number = len(self.rows.get("res.partner", ())) + 1
        doc = {
            "name": row["name"], "is_company": True, "type": "contact", "ref": row["code"],
            "vat": row["credit_code"] or None, "email": row["email"] or None, "phone": row["phone"] or None,
            "street": row["address"], "street2": row["district"], "city": row["city"], "zip": row["postcode"],
            "state_id": self.states[row["province"]], "country_id": 1, "customer_rank": 1,
            "property_payment_term_id": self.terms[row["payment_days"]], "credit_limit": row["credit_limit"],
            "user_id": self.sellers[row["salesman"]], "active": row["status"] == "enabled",
            "commercial_partner_id": number,
        }  # fmt: skip
        return self._add("res.partner", doc, _at(row["modified_at"]))

    def _contact(self, row: Row, parent: int) -> None:
        if not row["contact_name"]:
            return
        doc = {"name": row["contact_name"], "parent_id": parent, "type": "contact", "phone": row["phone"] or None,
               "commercial_partner_id": parent}  # fmt: skip
        self._add("res.partner", doc, _at(row["modified_at"]))

    def _product(self, row: Row) -> int:
        doc = {
            "name": f"{row['name']} {row['spec']}", "default_code": row["code"], "list_price": row["price"],
            "uom_id": self.units[row["unit"]], "is_storable": True, "active": row["status"] == "enabled",
        }  # fmt: skip
        return self._add("product.product", {**doc, "taxes_id": [1]}, _at(row["modified_at"]))

    def _order(self, row: Row, partners: Mapping[str, int], products: Mapping[str, int]) -> int:
        partner = partners[row["customer_code"]]
        when = f"{row['order_date']} 02:00:00"
        doc = {
            "name": row["order_no"], "state": STATE[row["status"]], "partner_id": partner,
            "partner_invoice_id": partner, "partner_shipping_id": partner,
            "client_order_ref": row["external_ref"] or None, "date_order": when,
            "commitment_date": f"{row['delivery_date']} 02:00:00", "user_id": self.sellers[row["salesman"]],
            "payment_term_id": self._doc("res.partner", partner)["property_payment_term_id"],
            "amount_untaxed": row["amount"], "amount_tax": row["tax"], "amount_total": row["total"],
            "invoice_ids": [], "company_id": 1, "_pickings": [],
        }  # fmt: skip
        number = self._add("sale.order", doc, _at(row["modified_at"]))
        doc["_lines"] = {}
        for line in row["lines"]:
            own = {
                "order_id": number, "sequence": line["line_no"], "product_id": products[line["product_code"]],
                "name": line["product_name"], "product_uom_qty": _two(line["quantity"]),
                "product_uom_id": self.units[line["unit"]], "price_unit": line["price"], "tax_ids": [1],
                "qty_delivered": _two(line["shipped_qty"]), "qty_invoiced": _two(line["invoiced_qty"]),
                "price_subtotal": line["amount"], "price_tax": line["tax"], "price_total": line["total"],
                "company_id": 1,
            }  # fmt: skip
            doc["_lines"][line["line_no"]] = self._add("sale.order.line", own, _at(row["modified_at"]))
        return number

    def _picking(self, order: int, state: str, when: str, quantities: Mapping[int, str]) -> None:
        doc = self._doc("sale.order", order)
        own = {
            "name": f"WH/OUT/{len(self.rows.get('stock.picking', ())) + 1:05d}", "state": state,
            "partner_id": doc["partner_shipping_id"], "origin": doc["name"], "sale_id": order,
            "scheduled_date": doc["commitment_date"], "date_done": when if state == "done" else None, "company_id": 1,
        }  # fmt: skip
        number = self._add("stock.picking", own, _at(when))
        doc["_pickings"].append(state)
        for line, quantity in quantities.items():
            sold = self._doc("sale.order.line", line)
            move = {"picking_id": number, "product_id": sold["product_id"], "product_uom_qty": quantity,
                    "quantity": quantity, "product_uom": sold["product_uom_id"], "sale_line_id": line,
                    "state": state}  # fmt: skip
            self._add("stock.move", move, _at(when))

    def _delivery(self, row: Row, orders: Mapping[str, int]) -> None:
        order = orders[row["order_no"]]
        lines = self._doc("sale.order", order)["_lines"]
        moved = {lines[x["line_no"]]: _two(x["quantity"]) for x in row["lines"]}
        self._picking(order, "done", f"{row['date']} 08:00:00", moved)

    def _finish(self, number: int, doc: Doc) -> None:
        """What a confirmed order still has to deliver waits in a transfer; statuses follow."""
        lines = doc.pop("_lines")
        if doc["state"] == "sale":
            rows = {i: self._doc("sale.order.line", i) for i in lines.values()}
            left = {i: Decimal(r["product_uom_qty"]) - Decimal(r["qty_delivered"]) for i, r in rows.items()}
            rest = {i: str(n) for i, n in left.items() if n > 0}
            if rest:
                self._picking(number, "assigned", doc["date_order"], rest)
            states = doc["_pickings"]
            doc["delivery_status"] = "partial" if rest and "done" in states else "pending" if rest else "full"
            open_ = any(Decimal(r["product_uom_qty"]) > Decimal(r["qty_invoiced"]) for r in rows.values())
            doc["invoice_status"] = "to invoice" if open_ else "invoiced"
        doc.pop("_pickings")

    def _invoice(
        self, row: Row, orders: Mapping[str, int], partners: Mapping[str, int], products: Mapping[str, int]
    ) -> int:
        order = orders[row["order_no"]]
        sale = self._doc("sale.order", order)
        doc = {
            "name": row["number"], "move_type": "out_invoice", "state": "posted",
            "partner_id": partners[row["customer_code"]], "invoice_date": row["date"],
            "invoice_date_due": row["due_date"], "ref": sale["client_order_ref"], "payment_reference": row["number"],
            "invoice_origin": sale["name"], "invoice_payment_term_id": sale["payment_term_id"],
            "amount_untaxed": row["amount"], "amount_tax": row["tax"], "amount_total": row["total"],
            "amount_residual": str(Decimal(row["total"]) - Decimal(row["paid"])), "company_id": 1, "_paid": [],
            "payment_state": {"open": "not_paid", "partial": "partial", "paid": "paid"}[row["status"]],
        }  # fmt: skip
        number = self._add("account.move", doc, _at(row["modified_at"]))
        sale["invoice_ids"].append(number)
        for line in row["lines"]:
            own = {
                "move_id": number, "product_id": products[line["product_code"]], "name": line["product_name"],
                "quantity": _two(line["quantity"]), "price_unit": line["price"], "tax_ids": [1],
                "price_subtotal": line["amount"], "price_total": line["total"],
                "sale_line_ids": [sale["_lines"][line["line_no"]]], "display_type": "product",
            }  # fmt: skip
            self._add("account.move.line", own, _at(row["modified_at"]))
        return number

    def _payment(self, row: Row, invoices: Mapping[str, int], partners: Mapping[str, int]) -> None:
        invoice = invoices[row["invoice_no"]]
        doc = {
            "name": row["number"], "payment_type": "inbound", "partner_id": partners[row["customer_code"]],
            "amount": row["amount"], "date": row["date"], "state": "paid", "memo": row["invoice_no"],
            "reconciled_invoice_ids": [invoice], "company_id": 1,
        }  # fmt: skip
        self._doc("account.move", invoice)["_paid"].append(row["amount"])
        self._add("account.payment", doc, _at(row["modified_at"]))


def _two(quantity: str) -> str:
    return str(rounded(Decimal(quantity)))


def _at(text: str) -> datetime:
    """The sample's times are those of China."""
    at = datetime.fromisoformat(text)
    return at.replace(tzinfo=UTC) - timedelta(hours=8)
