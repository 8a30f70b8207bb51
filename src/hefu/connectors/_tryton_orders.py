"""What Tryton's own screens do around a document: fill an order's blanks, and pay an invoice.

Over the wire nothing of an order is defaulted: without this a hub would book sales without tax and payment term.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from hefu.connectors._tryton_rpc import Rpc
from hefu.core.errors import Rejected, Unsupported
from hefu.core.records import Values

_HEAD = ("company", "currency", "warehouse", "invoice_method", "shipment_method")


def filled(rpc: Rpc, sale: Mapping[str, Any], company: int | None) -> dict[str, Any]:
    """A new order with what its form would fill in: addresses and payment term of the customer, and for each line
    unit, price, taxes (the customer's tax rule counts) and description. What is given stays.

    Costs two calls, and one for each line with a product.
    """
    given = {k: v for k, v in sale.items() if v is not None and k != "lines"}
    head = plain(rpc.call("model.sale.sale.default_get", list(_HEAD)))
    if company is not None:
        head["company"] = company
    head |= given
    head |= {**plain(rpc.call("model.sale.sale.on_change", head, ["party"])), **given}
    lines = [_commanded(rpc, head, command) for command in sale.get("lines", ())]
    return {**head, "lines": lines} if "lines" in sale else head


def filled_lines(rpc: Rpc, sale: int, commands: list[list[Any]]) -> list[list[Any]]:
    """The same for lines that are added to an order."""
    if not any(command[0] == "create" for command in commands):
        return commands
    [head] = rpc.call("model.sale.sale.read", [sale], ["party", "company", "currency", "warehouse", "sale_date"])
    return [_commanded(rpc, plain(head), command) for command in commands]


def _commanded(rpc: Rpc, head: Mapping[str, Any], command: list[Any]) -> list[Any]:
    return ["create", [_line(rpc, head, line) for line in command[1]]] if command[0] == "create" else command


def _line(rpc: Rpc, head: Mapping[str, Any], line: dict[str, Any]) -> dict[str, Any]:
    if not line.get("product"):
        return line
    parent = {f"_parent_sale.{name}": value for name, value in head.items()}
    asked = {"type": "line", "quantity": 1.0, **line, **parent}
    made = plain(rpc.call("model.sale.line.on_change", asked, ["product", "quantity"]))
    wanted = {k: v for k, v in made.items() if k in ("unit", "unit_price", "description")}
    taxes = [tax["id"] for _, tax in (made.get("taxes") or {}).get("add", ())]
    if taxes:
        wanted["taxes"] = [["add", taxes]]
    return {**wanted, **{k: v for k, v in line.items() if v is not None}}


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """What a form's answer says, without the display texts beside references ("party.")."""
    return {k: v for k, v in values.items() if not k.endswith(".") and k != "id"}


def pay(rpc: Rpc, invoice: int, args: Values, today: date) -> None:
    """Book a payment of an invoice by Tryton's own wizard; a part payment leaves the rest open.

    args: amount (default: all that is due), date, description, and method (name; default: the only one).
    A description that already stands on a payment of this invoice means: booked before, and nothing is done.
    """
    known = {"amount", "date", "description", "method"}
    if set(args) - known:
        raise Unsupported("tryton.unknown_argument", name=min(set(args) - known), known=", ".join(sorted(known)))
    if args.get("description") and _paid_before(rpc, invoice, str(args["description"])):
        return
    context = {"active_id": invoice, "active_ids": [invoice], "active_model": "account.invoice"}
    wizard = "wizard.account.invoice.pay"
    session, *_ = rpc.call(f"{wizard}.create", writes=False)
    try:
        view = rpc.call(f"{wizard}.execute", session, {}, "start", writes=False, **context)["view"]
        start = plain(view["defaults"]) | _terms(rpc, args, today)
        answer = rpc.call(f"{wizard}.execute", session, {"start": start}, "choice", writes=True, **context)
        if "view" in answer:
            ask = {**plain(answer["view"]["defaults"]), "type": "partial"}
            rpc.call(f"{wizard}.execute", session, {"start": start, "ask": ask}, "pay", writes=True, **context)
    finally:
        rpc.call(f"{wizard}.delete", session, writes=False)


def _paid_before(rpc: Rpc, invoice: int, description: str) -> bool:
    domain = [["invoice_payments", "=", invoice], ["move.description", "=", description]]
    return bool(rpc.call("model.account.move.line.search", domain, 0, 1, None))


def _terms(rpc: Rpc, args: Values, today: date) -> dict[str, Any]:
    out: dict[str, Any] = {"date": _day(args.get("date")) or today, "description": args.get("description")}
    if args.get("amount") is not None:
        out["amount"] = _amount(args["amount"])
    domain = [["name", "=", args["method"]]] if args.get("method") else []
    methods = rpc.call("model.account.invoice.payment.method.search_read", domain, 0, 2, None, ["name"])
    if len(methods) != 1:
        raise Rejected("tryton.payment_method", field="method", method=args.get("method") or "-", count=len(methods))
    out["payment_method"] = methods[0]["id"]
    return out


def _amount(value: object) -> Decimal:
    try:
        amount = Decimal(str(value))
    except ArithmeticError as error:
        raise Rejected("tryton.wrong_type", field="amount", name="amount", value=str(value), type="numeric") from error
    if not amount.is_finite() or amount <= 0:
        raise Rejected("tryton.wrong_type", field="amount", name="amount", value=str(value), type="numeric")
    return amount


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else _whole(value)
    except ValueError as error:
        raise Rejected("tryton.wrong_type", field="date", name="date", value=str(value), type="date") from error


def _whole(value: object) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if value is None or isinstance(value, date):
        return value
    raise ValueError(value)
