"""The buttons: an order's way to transfer, invoice and payment."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from hefu.sandbox.odoo.env import Env, House
from hefu.sandbox.odoo.models import fault, user_error
from hefu.sandbox.odoo.rules import Doc, lines_of, settle
from hefu.sandbox.odoo.values import rounded

Told = Any
"""What a button answers: True, or the action that a screen would open next."""


def _order_confirm(book: House, env: Env, number: int, doc: Doc) -> Told:
    if doc["state"] not in ("draft", "sent"):
        raise user_error("Some orders are not in a state requiring confirmation.")
    book.change(env, "sale.order", number, state="sale", date_order=f"{book.clock.now():%Y-%m-%d %H:%M:%S}")
    cover(book, env, number)
    settle(book, env, "sale.order", number)
    return True


def follow(book: House, env: Env, model: str, number: int) -> None:
    """A confirmed order whose lines grew is delivered whole."""
    order = book.doc(model, number)["order_id"] if model == "sale.order.line" else number
    if model in ("sale.order", "sale.order.line") and book.doc("sale.order", order)["state"] == "sale":
        cover(book, env._replace(via="rule"), order)


def cover(book: House, env: Env, number: int) -> None:
    """A transfer for what no transfer carries yet."""
    order, picking = book.doc("sale.order", number), 0
    for line in lines_of(book, "sale.order", number):
        if book.doc("product.product", line.doc["product_id"])["type"] == "service":
            continue
        moves = book.shelf.rows("stock.move", by={"sale_line_id": int(line.id)})
        carried = sum((Decimal(m.doc["product_uom_qty"]) for m in moves if m.doc["state"] != "cancel"), Decimal(0))
        left = Decimal(line.doc["product_uom_qty"]) - carried
        if left > 0:
            picking = picking or _picking(book, env, number, order)
            _move(book, env, picking, line.doc["product_id"], left, int(line.id))
    if picking:
        book.change(env, "sale.order", number, delivery_status=_delivery(book, number))


def _picking(book: House, env: Env, number: int, order: Doc) -> int:
    vals = {"partner_id": order["partner_shipping_id"], "origin": order["name"], "sale_id": number}
    made = book.create(env, "stock.picking", {**vals, "company_id": order["company_id"]})
    state = "assigned" if book.reserve else "confirmed"
    book.change(env, "stock.picking", made, state=state, scheduled_date=order["commitment_date"] or order["date_order"])
    return made


def _move(book: House, env: Env, picking: int, product: int, quantity: Decimal, line: int) -> None:
    vals = {"picking_id": picking, "product_id": product, "product_uom_qty": quantity, "sale_line_id": line}
    made = book.create(env, "stock.move", vals)
    state = book.doc("stock.picking", picking)["state"]
    book.change(env, "stock.move", made, state=state, quantity=str(quantity) if state == "assigned" else "0")


def _delivery(book: House, number: int) -> str | None:
    """The order's delivery status, from its transfers."""
    states = [p.doc["state"] for p in book.shelf.rows("stock.picking", by={"sale_id": number})]
    live = [s for s in states if s != "cancel"]
    if not live:
        return None
    if all(s == "done" for s in live):
        return "full"
    return "partial" if "done" in live else "pending"


def _order_cancel(book: House, env: Env, number: int, doc: Doc) -> Told:
    if doc.get("locked"):
        raise user_error("You cannot cancel a locked order. Please unlock it first.")
    if doc["state"] != "draft" and not env.context.get("disable_cancel_warning"):
        return {"type": "ir.actions.act_window", "res_model": "sale.order.cancel", "view_mode": "form", "target": "new"}
    for picking in book.shelf.rows("stock.picking", by={"sale_id": number}):
        if picking.doc["state"] != "done":
            _picking_cancel(book, env, int(picking.id), picking.doc)
    book.change(env, "sale.order", number, state="cancel", invoice_status="no")
    return True


def _order_draft(book: House, env: Env, number: int, doc: Doc) -> Told:
    if doc["state"] in ("cancel", "sent"):
        book.change(env, "sale.order", number, state="draft")
    return True


def _order_sent(book: House, env: Env, number: int, doc: Doc) -> Told:
    if doc["state"] != "draft":
        raise user_error("Only draft orders can be marked as sent directly.")
    book.change(env, "sale.order", number, state="sent")
    return True


def _picking_assign(book: House, env: Env, number: int, doc: Doc) -> Told:
    if doc["state"] not in ("confirmed", "waiting", "assigned"):
        raise user_error("Nothing to check the availability for.")
    moves = [m for m in lines_of(book, "stock.picking", number) if m.doc["state"] in ("confirmed", "draft")]
    if not moves:
        raise user_error("Nothing to check the availability for.")
    for move in moves:
        book.change(env, "stock.move", int(move.id), state="assigned", quantity=move.doc["product_uom_qty"])
    book.change(env, "stock.picking", number, state="assigned")
    return True


def _picking_validate(book: House, env: Env, number: int, doc: Doc) -> Told:
    if doc["state"] in ("done", "cancel"):
        raise user_error("You cannot validate a transfer that is done or cancelled.")
    moves = [m for m in lines_of(book, "stock.picking", number) if m.doc["state"] not in ("done", "cancel")]
    done = {int(m.id): Decimal(m.doc["quantity"]) for m in moves}
    if not any(done.values()):
        raise user_error("You cannot validate a transfer if no quantities are reserved. Encode the quantities.")
    short = [m for m in moves if Decimal(m.doc["quantity"]) < Decimal(m.doc["product_uom_qty"])]
    if short and not env.context.get("skip_backorder"):
        return {"type": "ir.actions.act_window", "res_model": "stock.backorder.confirmation", "target": "new"}
    rest = number not in (env.context.get("picking_ids_not_to_backorder") or ())
    if short and rest:
        _backorder(book, env, number, doc, short)
    for move in moves:
        state = "done" if done[int(move.id)] else "cancel"
        book.change(env, "stock.move", int(move.id), state=state)
    book.change(env, "stock.picking", number, state="done", date_done=f"{book.clock.now():%Y-%m-%d %H:%M:%S}")
    for move in moves:
        if move.doc.get("sale_line_id"):
            line = book.doc("sale.order.line", move.doc["sale_line_id"])
            delivered = str(rounded(Decimal(line["qty_delivered"]) + done[int(move.id)]))
            book.change(env, "sale.order.line", move.doc["sale_line_id"], qty_delivered=delivered)
    if doc.get("sale_id"):
        book.change(env, "sale.order", doc["sale_id"], delivery_status=_delivery(book, doc["sale_id"]))
    return True


def _backorder(book: House, env: Env, number: int, doc: Doc, short: list[Any]) -> None:
    vals = {n: doc[n] for n in ("partner_id", "origin", "sale_id", "company_id")}
    made = book.create(env, "stock.picking", {**vals, "backorder_id": number})
    book.change(env, "stock.picking", made, state="assigned" if book.reserve else "confirmed")
    for move in short:
        left = Decimal(move.doc["product_uom_qty"]) - Decimal(move.doc["quantity"])
        _move(book, env, made, move.doc["product_id"], left, move.doc["sale_line_id"])
        book.change(env, "stock.move", int(move.id), product_uom_qty=move.doc["quantity"])


def _picking_cancel(book: House, env: Env, number: int, doc: Doc) -> Told:
    if doc["state"] == "done":
        raise user_error("You cannot cancel a stock move that has been set to 'Done'. Create a return instead.")
    for move in lines_of(book, "stock.picking", number):
        book.change(env, "stock.move", int(move.id), state="cancel")
    book.change(env, "stock.picking", number, state="cancel")
    if doc.get("sale_id"):
        book.change(env, "sale.order", doc["sale_id"], delivery_status=_delivery(book, doc["sale_id"]))
    return True


def _create_invoices(book: House, env: Env, number: int, doc: Doc) -> Told:
    del number
    orders = env.context.get("active_ids") or doc.get("sale_order_ids") or ()
    made = [_invoice_of(book, env, order) for order in orders]
    if not made:
        raise user_error("No sales orders were given (active_ids).")
    return {"type": "ir.actions.act_window", "res_model": "account.move", "res_id": made[0], "view_mode": "form"}


def _invoice_of(book: House, env: Env, number: int) -> int:
    order = book.doc("sale.order", number)
    lines = [
        (line, Decimal(line.doc["product_uom_qty"]) - Decimal(line.doc["qty_invoiced"]))
        for line in lines_of(book, "sale.order", number)
    ]
    due = [(line, left) for line, left in lines if left > 0]
    if order["state"] != "sale" or not due:
        raise user_error("Cannot create an invoice. No items are available to invoice.")
    rows = [
        [0, 0, {n: line.doc[n] for n in ("product_id", "name", "price_unit", "discount")}
         | {"quantity": left, "tax_ids": line.doc["tax_ids"], "sale_line_ids": [int(line.id)]}]
        for line, left in due
    ]  # fmt: skip
    vals = {
        "move_type": "out_invoice",
        "partner_id": order["partner_invoice_id"],
        "invoice_origin": order["name"],
        "invoice_payment_term_id": order["payment_term_id"],
        "company_id": order["company_id"],
        "ref": order["client_order_ref"],
    }
    made = book.create(env, "account.move", {**vals, "invoice_line_ids": rows})
    for line, left in due:
        now = str(rounded(Decimal(line.doc["qty_invoiced"]) + left))
        book.change(env, "sale.order.line", int(line.id), qty_invoiced=now)
    book.change(env, "sale.order", number, invoice_ids=[*(order.get("invoice_ids") or ()), made])
    settle(book, env, "sale.order", number)
    return made


def _invoice_post(book: House, env: Env, number: int, doc: Doc) -> Told:
    if doc["state"] != "draft":
        raise user_error("The entry is not in a state to be posted: only drafts are.")
    if doc["move_type"] != "entry" and not lines_of(book, "account.move", number):
        raise user_error("You need to add a line before posting.")
    if doc["move_type"] != "entry" and not doc.get("partner_id"):
        raise user_error("The field 'Customer' is required, please complete it to validate the Customer Invoice.")
    day = doc["invoice_date"] or f"{book.clock.now():%Y-%m-%d}"
    name = doc["name"]
    if not name:
        kind = "RINV" if doc["move_type"] == "out_refund" else "INV"
        name = f"{kind}/{day[:4]}/{book.shelf.number(f'{kind}{day[:4]}'):05d}"
    told = {"state": "posted", "invoice_date": day, "name": name, "payment_reference": doc["payment_reference"] or name}
    book.change(env, "account.move", number, **told)
    settle(book, env, "account.move", number)
    return True


def _invoice_draft(book: House, env: Env, number: int, doc: Doc) -> Told:
    if doc["state"] not in ("posted", "cancel"):
        raise user_error("Only posted/cancelled journal entries can be reset to draft.")
    book.change(env, "account.move", number, state="draft", _paid=[])
    settle(book, env, "account.move", number)
    return True


def _invoice_cancel(book: House, env: Env, number: int, doc: Doc) -> Told:
    if doc["state"] != "draft":
        raise user_error("Only draft journal entries can be cancelled.")
    book.change(env, "account.move", number, state="cancel")
    orders = set()
    for line in lines_of(book, "account.move", number):
        for sold in line.doc.get("sale_line_ids") or ():
            had = book.doc("sale.order.line", sold)
            left = rounded(Decimal(had["qty_invoiced"]) - Decimal(line.doc["quantity"]))
            book.change(env, "sale.order.line", sold, qty_invoiced=str(left))
            orders.add(had["order_id"])
    for order in sorted(orders):
        settle(book, env, "sale.order", order)
    return True


def _pay(book: House, env: Env, number: int, doc: Doc) -> Told:
    del number
    invoices = env.context.get("active_ids") or ()
    if env.context.get("active_model") != "account.move" or not invoices:
        raise user_error("The register payment wizard should only be called on account.move or account.move.line.")
    made = []
    for invoice in invoices:
        due = book.doc("account.move", invoice)
        if due["state"] != "posted" or Decimal(due["amount_residual"]) <= 0:
            raise user_error("You can only register payment for posted journal entries with something left to pay.")
        amount = Decimal(doc["amount"]) or Decimal(due["amount_residual"])
        vals = {"partner_id": due["partner_id"], "amount": amount, "date": doc["payment_date"], "memo": due["name"]}
        payment = book.create(env, "account.payment", {**vals, "journal_id": doc["journal_id"]})
        _payment_post(book, env, payment, book.doc("account.payment", payment))
        book.change(env, "account.payment", payment, reconciled_invoice_ids=[invoice])
        book.change(env, "account.move", invoice, _paid=[*due.get("_paid", ()), str(amount)])
        settle(book, env, "account.move", invoice)
        made.append(payment)
    return {"type": "ir.actions.act_window", "res_model": "account.payment", "res_id": made[0], "view_mode": "form"}


def _payment_post(book: House, env: Env, number: int, doc: Doc) -> Told:
    if doc["state"] != "draft":
        raise user_error("Only a draft payment can be posted.")
    name = f"PBNK1/{doc['date'][:4]}/{book.shelf.number('account.payment.name'):05d}"
    book.change(env, "account.payment", number, state="in_process" if book.in_payment else "paid", name=name)
    return True


def _payment_cancel(book: House, env: Env, number: int, doc: Doc) -> Told:
    if doc.get("reconciled_invoice_ids"):
        raise user_error("You cannot cancel a payment that is reconciled.")
    book.change(env, "account.payment", number, state="canceled")
    return True


def _payment_draft(book: House, env: Env, number: int, doc: Doc) -> Told:
    if doc.get("reconciled_invoice_ids"):
        raise user_error("You cannot reset a payment that is reconciled.")
    book.change(env, "account.payment", number, state="draft")
    return True


def _lock(locked: bool) -> Callable[[House, Env, int, Doc], Told]:
    def press(book: House, env: Env, number: int, doc: Doc) -> Told:
        if locked and doc["state"] != "sale":
            raise user_error("Only a confirmed order can be locked.")
        book.change(env, "sale.order", number, locked=locked)
        return True

    return press


BUTTONS: Mapping[str, Mapping[str, Callable[[House, Env, int, Doc], Told]]] = {
    "sale.order": {
        "action_confirm": _order_confirm,
        "action_cancel": _order_cancel,
        "action_draft": _order_draft,
        "action_quotation_sent": _order_sent,
        "action_lock": _lock(True),
        "action_unlock": _lock(False),
    },
    "stock.picking": {
        "action_assign": _picking_assign,
        "button_validate": _picking_validate,
        "action_cancel": _picking_cancel,
    },
    "account.move": {
        "action_post": _invoice_post,
        "button_draft": _invoice_draft,
        "button_cancel": _invoice_cancel,
    },
    "account.payment": {
        "action_post": _payment_post,
        "action_draft": _payment_draft,
        "action_cancel": _payment_cancel,
    },
    "sale.advance.payment.inv": {"create_invoices": _create_invoices},
    "account.payment.register": {"action_create_payments": _pay},
}


def press(book: House, env: Env, model: str, number: int, method: str) -> Told:
    """Press a button on one record. Raises OdooError."""
    button = BUTTONS.get(model, {}).get(method)
    if button is None:
        raise fault(f"'{model}' object has no attribute '{method}'", "AttributeError")
    return button(book, env, number, book.doc(model, number))
