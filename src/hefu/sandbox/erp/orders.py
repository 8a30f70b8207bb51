"""The life of a sales order in the sandbox ERP: which step is legal when, and what it leaves behind."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Protocol

from hefu.sandbox.erp.tables import ORDER_LINE, STATE_LABEL, Wrong, decimal_of, plain, priced, summed

Row = dict[str, Any]


class Book(Protocol):
    """What the life of an order needs of the ERP's data."""

    def page(
        self, table: str, offset: int, limit: int, since: str | None = None, by: Mapping[str, str] = {}
    ) -> tuple[int, list[Row]]:
        """How many match, and some of them."""
        ...

    def by_key(self, table: str, key: str) -> Row | None:
        """The record with that code or number."""
        ...

    def add_bill(self, table: str, values: Row, author: str, via: str) -> Row:
        """A new delivery or invoice."""
        ...

    def move(self, table: str, old: Row, values: Row, author: str, via: str, what: str) -> None:
        """Write fields of a document without the checks that people's writes undergo."""
        ...

    def today(self) -> str:
        """The ERP's date."""
        ...


LEGAL = {
    "submit": ("draft",),
    "withdraw": ("submitted",),
    "approve": ("submitted",),
    "unapprove": ("approved",),
    "ship": ("approved",),
    "invoice": ("approved", "shipped"),
    "close": ("shipped",),
    "void": ("draft", "submitted"),
}
STEP_LABEL = dict(zip(LEGAL, ("提交", "撤回", "审核", "反审核", "发货", "开票", "关闭", "作废"), strict=True))
_PLAIN = {"submit": "submitted", "withdraw": "draft", "close": "closed", "void": "void"}


def take(book: Book, order: Row, action: str, author: str, via: str, args: Mapping[str, Any]) -> None:
    """Take a step, or raise Wrong: 404 unknown step, 409 not in this state, 422 refused by a rule."""
    if action not in LEGAL:
        raise Wrong(404, "E4005", f"没有操作:{action}")
    if order["status"] not in LEGAL[action]:
        state, step = STATE_LABEL[order["status"]], STEP_LABEL[action]
        raise Wrong(409, "E3001", f"订单状态为「{state}」,不能{step}", "status", "状态")
    if action == "approve":
        _check_credit(book, order)
        values: Row = {"status": "approved"}
    elif action == "unapprove":
        values = _unapprove(order)
    elif action == "ship":
        values = _ship(book, order, author, via, args)
    elif action == "invoice":
        values = _invoice(book, order, author, via)
    else:
        values = {"status": _PLAIN[action]}
    book.move("sales_orders", order, values, author, via, action)


def open_amount(book: Book, customer_code: str) -> Decimal:
    """What a customer owes: approved orders that are not invoiced yet, and unpaid invoices."""
    _, orders = book.page("sales_orders", 0, 100_000, by={"customer_code": customer_code})
    _, invoices = book.page("invoices", 0, 100_000, by={"customer_code": customer_code})
    invoiced: dict[str, Decimal] = {}
    for bill in invoices:
        invoiced[bill["order_no"]] = invoiced.get(bill["order_no"], Decimal(0)) + Decimal(bill["total"])
    owed = sum((Decimal(bill["total"]) - Decimal(bill["paid"]) for bill in invoices), Decimal(0))
    for order in orders:
        if order["status"] in ("approved", "shipped"):
            owed += max(Decimal(order["total"]) - invoiced.get(order["order_no"], Decimal(0)), Decimal(0))
    return owed


def _check_credit(book: Book, order: Row) -> None:
    customer = book.by_key("customers", order["customer_code"])
    if customer is None or customer["status"] != "enabled":
        raise Wrong(422, "E3003", f"客户{order['customer_code']}已停用", "customer_code", "客户编码")
    limit = Decimal(customer["credit_limit"])
    if limit > 0 and open_amount(book, order["customer_code"]) + Decimal(order["total"]) > limit:
        raise Wrong(422, "E3002", f"超出客户信用额度{limit:f},不能审核", "total", "价税合计")


def _unapprove(order: Row) -> Row:
    if any(line["shipped_qty"] != "0" or line["invoiced_qty"] != "0" for line in order["lines"]):
        raise Wrong(409, "E3004", "订单已发货或开票,不能反审核", "status", "状态")
    return {"status": "submitted"}


def _ship(book: Book, order: Row, author: str, via: str, args: Mapping[str, Any]) -> Row:
    """Ship what is asked (`lines`: line_no, quantity), or all that is left; leaves a delivery behind."""
    asked = _asked(args.get("lines") or [])
    lines, goods = [], []
    for line in order["lines"]:
        left = Decimal(line["quantity"]) - Decimal(line["shipped_qty"])
        part = asked.get(str(line["line_no"]), Decimal(0)) if asked else left
        if not 0 <= part <= left:
            raise Wrong(422, "E3005", f"发货数量超过未发数量{plain(left)}", "lines.quantity", "数量")
        if part:
            goods.append(_bill_line(line, part))
        lines.append({**line, "shipped_qty": plain(Decimal(line["shipped_qty"]) + part)})
    if not goods:
        raise Wrong(422, "E3006", "没有可发货的数量", "lines", "明细")
    book.add_bill("deliveries", {**_bill(book, order), "lines": goods}, author, via)
    done = all(line["shipped_qty"] == line["quantity"] for line in lines)
    return {"lines": lines, "status": "shipped" if done else "approved"}


def _asked(lines: Any) -> dict[Any, Decimal]:
    """Line number -> quantity to ship. Raises Wrong 422."""
    if not isinstance(lines, list) or not all(isinstance(line, dict) for line in lines):
        raise Wrong(422, "E1003", "明细必须是列表", "lines", "明细")
    quantity = ORDER_LINE["quantity"]
    return {str(x.get("line_no")): decimal_of("lines.quantity", quantity, x.get("quantity")) for x in lines}


def _invoice(book: Book, order: Row, author: str, via: str) -> Row:
    """Invoice what was shipped and not invoiced yet; the last part of a line takes what is left to the cent."""
    lines, goods = [], []
    _, earlier = book.page("invoices", 0, 1000, by={"order_no": order["order_no"]})
    for line in order["lines"]:
        part = Decimal(line["shipped_qty"]) - Decimal(line["invoiced_qty"])
        if part:
            before = [x for bill in earlier for x in bill["lines"] if x["line_no"] == line["line_no"]]
            last = line["shipped_qty"] == line["quantity"]
            goods.append(rest(line, _bill_line(line, part), before) if last else _bill_line(line, part))
        lines.append({**line, "invoiced_qty": line["shipped_qty"]})
    if not goods:
        raise Wrong(422, "E3007", "没有可开票的数量", "lines", "明细")
    bill = {**_bill(book, order), **summed(goods), "due_date": book.today(), "lines": goods}
    book.add_bill("invoices", bill, author, via)
    return {"lines": lines}


def rest(line: Row, part: Row, before: list[Row]) -> Row:
    """A bill line whose sums are the order line's less those of earlier bills."""
    left = {n: Decimal(line[n]) - sum((Decimal(b[n]) for b in before), Decimal(0)) for n in ("amount", "tax", "total")}
    return {**part, **{name: f"{sum_:.2f}" for name, sum_ in left.items()}}


def _bill(book: Book, order: Row) -> Row:
    names = ("order_no", "customer_code", "currency")
    return {**{name: order[name] for name in names}, "date": book.today()}


def _bill_line(line: Row, quantity: Decimal) -> Row:
    names = ("line_no", "product_code", "product_name", "unit", "price", "tax_rate")
    return priced({**{name: line[name] for name in names}, "quantity": plain(quantity)})


def pay(book: Book, receipt: Row, author: str, via: str) -> None:
    """Put a receipt against its invoice. Raises Wrong 422 when there is none or it is too much."""
    invoice = book.by_key("invoices", receipt["invoice_no"])
    if invoice is None or invoice["customer_code"] != receipt["customer_code"]:
        raise Wrong(422, "E1008", f"发票号不存在:{receipt['invoice_no']}", "invoice_no", "发票号")
    paid = Decimal(invoice["paid"]) + Decimal(receipt["amount"])
    if Decimal(receipt["amount"]) <= 0 or paid > Decimal(invoice["total"]):
        raise Wrong(422, "E3008", "收款金额必须大于零且不超过未收金额", "amount", "收款金额")
    status = "paid" if paid == Decimal(invoice["total"]) else "partial"
    book.move("invoices", invoice, {"paid": f"{paid:.2f}", "status": status}, author, via, "pay")
