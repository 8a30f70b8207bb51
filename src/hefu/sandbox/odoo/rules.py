"""What Odoo fills in, sums up and refuses by itself when records are written."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hefu.sandbox.odoo.env import Env, House
from hefu.sandbox.odoo.models import LINES, MODELS, NUMBERS, invalid, user_error
from hefu.sandbox.odoo.values import day, rounded
from hefu.sandbox.shelf import Kept

Doc = dict[str, Any]
NUMBERED = {"sale.order": "S{:05d}", "stock.picking": "WH/OUT/{:05d}"}
_POSTED = ("partner_id", "invoice_line_ids", "currency_id", "move_type", "invoice_date")
_HELD = {
    "res.partner": (("sale.order", "partner_id"), ("account.move", "partner_id"), ("res.partner", "parent_id")),
    "product.product": (("sale.order.line", "product_id"), ("account.move.line", "product_id")),
}


def defaults(book: House, env: Env, model: str) -> Doc:
    """A new record before anything is given."""
    now = book.clock.now()
    words = {"now": f"{now:%Y-%m-%d %H:%M:%S}", "today": f"{now:%Y-%m-%d}", "company": env.companies()[0]}
    doc: Doc = {}
    for name, f in MODELS[model].fields.items():
        if f.type == "one2many":
            continue
        told = f.default
        if f.type in NUMBERS and told is None:
            told = 0 if f.type == "integer" else "0"
        elif isinstance(told, str) and f.type not in NUMBERS:
            told = words.get(told, told)
        doc[name] = list(told) if isinstance(told, list) else told
    return doc


def number(book: House, model: str) -> str:
    """The next number of a series."""
    return NUMBERED[model].format(book.shelf.number(f"{model}.name"))


def complete(book: House, model: str, doc: Doc, vals: Mapping[str, Any]) -> None:
    """What follows from what was given, as Odoo's forms and stored computes do it."""
    if model in NUMBERED and doc.get("name") in (None, "", "New"):
        doc["name"] = number(book, model)
    if model == "sale.order" and doc.get("partner_id"):
        partner = book.doc("res.partner", doc["partner_id"])
        found = {
            "partner_invoice_id": doc["partner_id"],
            "partner_shipping_id": doc["partner_id"],
            "payment_term_id": partner.get("property_payment_term_id"),
            "user_id": partner.get("user_id"),
        }
        doc |= {n: v for n, v in found.items() if n not in vals}
    if model in ("sale.order.line", "account.move.line", "stock.move") and doc.get("product_id"):
        _of_product(book, model, doc, vals)
    if model == "sale.order.line" and doc.get("order_id"):
        doc["company_id"] = book.doc("sale.order", doc["order_id"]).get("company_id")
    if model == "res.partner":
        doc["commercial_partner_id"] = None


def _of_product(book: House, model: str, doc: Doc, vals: Mapping[str, Any]) -> None:
    product = book.doc("product.product", doc["product_id"])
    found = {
        "name": book.named("product.product", doc["product_id"]),
        "product_uom_id": product["uom_id"],
        "product_uom": product["uom_id"],
        "price_unit": product["list_price"],
        "tax_ids": list(product["taxes_id"]),
    }
    doc |= {n: v for n, v in found.items() if n in MODELS[model].fields and n not in vals}


def check(book: House, model: str, number_: int) -> None:
    """The constraints. Raises OdooError."""
    doc = book.doc(model, number_)
    if model == "res.partner" and not doc.get("name") and doc.get("type") == "contact":
        raise invalid("Contacts require a name")
    if model == "res.partner" and doc.get("parent_id") == number_:
        raise invalid("You cannot create recursive Partner hierarchies.")
    if model == "sale.order.line" and not doc.get("display_type") and not doc.get("product_id"):
        raise invalid("Missing required fields on accountable sale order line.")


def settle(book: House, env: Env, model: str, number_: int) -> None:
    """Bring the stored computes up to date: of a line, of its document."""
    if model in LINES and model != "stock.move":
        parent, inverse = LINES[model]
        up = book.doc(model, number_).get(inverse)
        if up:
            settle(book, env, parent, up)
    elif model == "sale.order":
        _order(book, env, number_)
    elif model == "account.move":
        _invoice(book, env, number_)
    elif model == "res.partner":
        doc = book.doc(model, number_)
        above = book.doc(model, doc["parent_id"]) if doc.get("parent_id") and not doc.get("is_company") else None
        book.change(env, model, number_, commercial_partner_id=above["commercial_partner_id"] if above else number_)


def _amounts(book: House, doc: Doc, quantity: str) -> tuple[Decimal, Decimal]:
    """(net, tax) of a line."""
    share = 1 - Decimal(doc.get("discount") or 0) / 100
    net = rounded(Decimal(doc.get(quantity) or 0) * Decimal(doc.get("price_unit") or 0) * share)
    rates = (Decimal(book.doc("account.tax", t)["amount"]) for t in doc.get("tax_ids") or ())
    return net, sum((rounded(net * rate / 100) for rate in rates), Decimal("0.00"))


def lines_of(book: House, model: str, number_: int) -> list[Kept]:
    """The lines that count, without sections and notes."""
    name = {"sale.order": "order_line", "account.move": "invoice_line_ids", "stock.picking": "move_ids"}[model]
    rows = book.children(MODELS[model].fields[name], number_)
    return [r for r in rows if r.doc.get("display_type") in (None, "product")]


def _order(book: House, env: Env, number_: int) -> None:
    net = tax = Decimal("0.00")
    order = book.doc("sale.order", number_)
    lines = lines_of(book, "sale.order", number_)
    for line in lines:
        own_net, own_tax = _amounts(book, line.doc, "product_uom_qty")
        net, tax = net + own_net, tax + own_tax
        sums = {"price_subtotal": str(own_net), "price_tax": str(own_tax), "price_total": str(own_net + own_tax)}
        book.change(env, "sale.order.line", int(line.id), **sums)
    told = {"amount_untaxed": str(net), "amount_tax": str(tax), "amount_total": str(net + tax)}
    if order["state"] == "sale":
        told |= {"invoice_status": _to_invoice(lines)}
    else:
        told |= {"invoice_status": "no"}
    book.change(env, "sale.order", number_, **told)


def _to_invoice(lines: list[Kept]) -> str:
    open_ = [line for line in lines if Decimal(line.doc["product_uom_qty"]) > Decimal(line.doc["qty_invoiced"])]
    return "to invoice" if open_ else "invoiced" if lines else "no"


def _invoice(book: House, env: Env, number_: int) -> None:
    net = tax = Decimal("0.00")
    for line in lines_of(book, "account.move", number_):
        own_net, own_tax = _amounts(book, line.doc, "quantity")
        net, tax = net + own_net, tax + own_tax
        sums = {"price_subtotal": str(own_net), "price_total": str(own_net + own_tax)}
        book.change(env, "account.move.line", int(line.id), **sums)
    doc = book.doc("account.move", number_)
    paid = sum((Decimal(p) for p in doc.get("_paid", ())), Decimal(0))
    total = net + tax
    told: Doc = {"amount_untaxed": str(net), "amount_tax": str(tax), "amount_total": str(total)}
    told["amount_residual"] = str(total - paid)
    if paid:
        whole = "in_payment" if book.in_payment else "paid"
        told["payment_state"] = whole if paid >= total else "partial"
    else:
        told["payment_state"] = "not_paid"
    if doc["state"] == "posted" and not doc.get("invoice_date_due"):
        days = int(book.doc("account.payment.term", term)["days"]) if (term := doc["invoice_payment_term_id"]) else 0
        told["invoice_date_due"] = f"{day(doc['invoice_date']) + timedelta(days=days)}"
    book.change(env, "account.move", number_, **told)


def may_write(book: House, model: str, old: Mapping[str, Any], vals: Mapping[str, Any]) -> None:
    """What a document's status forbids. Raises OdooError."""
    if model == "account.move" and old.get("state") == "posted" and any(n in vals for n in _POSTED):
        raise user_error("You cannot modify a posted entry: reset it to draft first.")
    if model == "account.move.line" and book.doc("account.move", old["move_id"])["state"] == "posted":
        raise user_error("You cannot do this modification on a posted journal entry.")
    if model == "sale.order.line" and book.doc("sale.order", old["order_id"]).get("locked"):
        raise user_error("It is forbidden to modify the following fields in a locked order: Quantity, Unit Price")
    if model == "stock.move" and old.get("state") == "done":
        raise user_error("You can not change a transfer that is done.")


def may_unlink(book: House, model: str, number_: int, doc: Mapping[str, Any]) -> None:
    """What is held by something else, or by its status. Raises OdooError."""
    if model == "sale.order" and doc["state"] not in ("draft", "cancel"):
        raise user_error("You can not delete a sent quotation or a confirmed sales order. You must first cancel it.")
    if model == "sale.order.line" and book.doc("sale.order", doc["order_id"])["state"] == "sale":
        raise user_error("Once a sales order is confirmed, you can't remove one of its lines. Set the quantity to 0.")
    if model == "account.move" and doc["state"] == "posted":
        raise user_error("You cannot delete this entry, as it has already consumed a sequence number.")
    if model in ("stock.picking", "stock.move") and doc["state"] == "done":
        raise user_error("You can not delete a transfer that is done.")
    for other, name in _HELD.get(model, ()):
        if book.shelf.rows(other, by={name: number_}, limit=1):
            raise invalid(
                "The operation cannot be completed: another model requires the record being deleted. If possible, "
                f"archive it instead.\n\nModel: {MODELS[other].label} ({other})\nConstraint: {name}"
            )


def after_unlink(book: House, env: Env, model: str, doc: Mapping[str, Any]) -> None:
    """A document without one of its lines."""
    if model in LINES and model != "stock.move":
        parent, inverse = LINES[model]
        if book.kept(parent, doc[inverse]) is not None:
            settle(book, env, parent, doc[inverse])
