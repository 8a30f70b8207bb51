"""The tables of the sandbox ERP: fields with their Chinese labels, and what the ERP does to a value it is given.

It trims, turns full-width brackets and letters into half-width ones, upper-cases codes and the Latin letters of names,
cuts names at 80 bytes and rounds prices to two places, all without a word: the manners of an old ERP.
"""

from __future__ import annotations

import unicodedata
from datetime import date
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, NamedTuple


class Wrong(Exception):
    """The ERP refuses: HTTP status, its own code, a Chinese message, the field and its label."""

    def __init__(self, status: int, code: str, message: str, field: str = "", label: str = "") -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.field, self.label = status, code, message, field, label

    def told(self) -> dict[str, Any]:
        """The error as the API sends it."""
        told = {"error_code": self.code, "message": self.message}
        return {**told, "field": self.field, "field_label": self.label} if self.field else told


class Col(NamedTuple):
    """One column. kind: text, code, name, money, quantity, price, integer, date, choice or lines; size in bytes."""

    label: str
    kind: str = "text"
    size: int = 200
    required: bool = False
    unique: bool = False
    options: tuple[str, ...] = ()
    refers: str = ""
    writable: bool = True
    default: Any = ""


def _line(*, done: bool) -> dict[str, Col]:
    cols = {
        "line_no": Col("行号", "integer", default=0),
        "product_code": Col("物料编码", "code", 40, required=True, refers="products"),
        "product_name": Col("物料名称", "name", 80, writable=False),
        "unit": Col("单位", "code", 10, refers="units"),
        "quantity": Col("数量", "quantity", required=True, default="0"),
        "price": Col("单价", "price", default="0"),
        "tax_rate": Col("税率%", "quantity", default="13"),
        "amount": Col("金额", "money", writable=False, default="0"),
        "tax": Col("税额", "money", writable=False, default="0"),
        "total": Col("价税合计", "money", writable=False, default="0"),
    }
    progress = {
        "shipped_qty": Col("已发数量", "quantity", writable=False, default="0"),
        "invoiced_qty": Col("已开票数量", "quantity", writable=False, default="0"),
    }
    return {**cols, **progress} if done else cols


ORDER_LINE = _line(done=True)
BILL_LINE = _line(done=False)
PRICE_LINE = {
    "product_code": Col("物料编码", "code", 40, required=True, refers="products"),
    "price": Col("单价", "price", required=True),
    "min_qty": Col("起订量", "quantity", default="1"),
}
ENABLED = ("enabled", "disabled")
ORDER_STATES = ("draft", "submitted", "approved", "shipped", "closed", "void")
STATE_LABEL = dict(zip(ORDER_STATES, ("草稿", "已提交", "已审核", "已发货", "已关闭", "已作废"), strict=True))

_MONEY = {
    "amount": Col("金额", "money", writable=False, default="0"),
    "tax": Col("税额", "money", writable=False, default="0"),
    "total": Col("价税合计", "money", writable=False, default="0"),
}
_BILL = {
    "number": Col("单据编号", "code", 30, unique=True, writable=False),
    "date": Col("单据日期", "date"),
    "order_no": Col("销售订单号", "code", 30, writable=False),
    "customer_code": Col("客户编码", "code", 30, refers="customers", writable=False),
    "currency": Col("币别", "code", 3, default="CNY"),
}

TABLES: dict[str, dict[str, Col]] = {
    "units": {
        "code": Col("单位编码", "code", 10, required=True, unique=True),
        "name": Col("单位名称", "name", 30, required=True),
    },
    "products": {
        "code": Col("物料编码", "code", 40, required=True, unique=True),
        "name": Col("物料名称", "name", 80, required=True),
        "spec": Col("规格型号", "text", 120),
        "unit": Col("基本单位", "code", 10, required=True, refers="units"),
        "category": Col("物料分类", "text", 60),
        "price": Col("标准售价", "price", default="0"),
        "tax_rate": Col("税率%", "quantity", default="13"),
        "status": Col("状态", "choice", options=ENABLED, default="enabled"),
        "external_ref": Col("外部单号", "text", 64),
        "remark": Col("备注", "text", 500),
    },
    "price_lists": {
        "code": Col("价目表编码", "code", 20, required=True, unique=True),
        "name": Col("价目表名称", "name", 80, required=True),
        "currency": Col("币别", "code", 3, default="CNY"),
        "lines": Col("价目明细", "lines"),
        "status": Col("状态", "choice", options=ENABLED, default="enabled"),
    },
    "customers": {
        "code": Col("客户编码", "code", 30, unique=True),
        "name": Col("客户名称", "name", 80, required=True),
        "short_name": Col("简称", "text", 40),
        "credit_code": Col("统一社会信用代码", "code", 30),
        "phone": Col("电话", "text", 40),
        "contact_name": Col("联系人", "text", 40),
        "email": Col("邮箱", "text", 100),
        "province": Col("省份", "text", 30),
        "city": Col("城市", "text", 30),
        "district": Col("区县", "text", 30),
        "address": Col("地址", "text", 200),
        "postcode": Col("邮编", "code", 10),
        "payment_days": Col("账期天数", "integer", default=30),
        "credit_limit": Col("信用额度", "money", default="0"),
        "price_list": Col("价目表", "code", 20, refers="price_lists"),
        "salesman": Col("业务员", "text", 40),
        "status": Col("状态", "choice", options=ENABLED, default="enabled"),
        "external_ref": Col("外部单号", "text", 64),
        "remark": Col("备注", "text", 500),
    },
    "sales_orders": {
        "order_no": Col("订单编号", "code", 30, unique=True),
        "order_date": Col("订单日期", "date"),
        "customer_code": Col("客户编码", "code", 30, required=True, refers="customers"),
        "currency": Col("币别", "code", 3, default="CNY"),
        "delivery_date": Col("要货日期", "date"),
        "salesman": Col("业务员", "text", 40),
        "external_ref": Col("外部单号", "text", 64),
        "remark": Col("备注", "text", 500),
        "status": Col("状态", "choice", options=ORDER_STATES, writable=False, default="draft"),
        **_MONEY,
        "lines": Col("订单明细", "lines", required=True),
    },
    "deliveries": {
        **_BILL,
        "status": Col("状态", "choice", options=("done",), writable=False, default="done"),
        "lines": Col("发货明细", "lines", writable=False),
    },
    "invoices": {
        **_BILL,
        **_MONEY,
        "due_date": Col("到期日", "date"),
        "paid": Col("已收金额", "money", writable=False, default="0"),
        "status": Col("状态", "choice", options=("open", "partial", "paid"), writable=False, default="open"),
        "lines": Col("发票明细", "lines", writable=False),
    },
    "receipts": {
        "number": Col("单据编号", "code", 30, unique=True, writable=False),
        "date": Col("收款日期", "date"),
        "customer_code": Col("客户编码", "code", 30, required=True, refers="customers"),
        "invoice_no": Col("发票号", "code", 30, required=True),
        "amount": Col("收款金额", "money", required=True),
        "currency": Col("币别", "code", 3, default="CNY"),
        "method": Col("结算方式", "text", 20, default="电汇"),
        "external_ref": Col("外部单号", "text", 64),
        "remark": Col("备注", "text", 500),
    },
}
LINES = {"price_lists": PRICE_LINE, "sales_orders": ORDER_LINE, "deliveries": BILL_LINE, "invoices": BILL_LINE}
KEY = {"sales_orders": "order_no", "deliveries": "number", "invoices": "number", "receipts": "number"}
TITLES = {
    "units": "计量单位",
    "products": "物料",
    "price_lists": "价目表",
    "customers": "客户",
    "sales_orders": "销售订单",
    "deliveries": "发货单",
    "invoices": "销售发票",
    "receipts": "收款单",
}
SEARCHABLE = (
    "code",
    "name",
    "credit_code",
    "external_ref",
    "order_no",
    "number",
    "customer_code",
    "status",
    "invoice_no",
    "phone",
)
_BRACKETS = str.maketrans("（）【】［］｛｝，：　", "()[][]{},: ")
_CENT = Decimal("0.01")
_MILLE = Decimal("0.001")


def tidy(text: str) -> str:
    """Half-width brackets, letters and digits; inner spaces single; ends trimmed."""
    narrow = "".join(unicodedata.normalize("NFKC", c) if "\uff01" <= c <= "\uff5e" else c for c in text)
    return " ".join(narrow.translate(_BRACKETS).split())


def cut(text: str, size: int) -> str:
    """At most `size` bytes of UTF-8, never half a character."""
    return text.encode()[:size].decode(errors="ignore")


def stored(name: str, col: Col, value: Any) -> Any:
    """A given value as the ERP keeps it: decimals as text, text in its own writing. Raises Wrong 422."""
    if value is None or value == "":
        return col.default
    if col.kind in ("text", "code", "name", "choice"):
        return _stored_text(name, col, value)
    if col.kind == "date":
        return _day(name, col, value)
    if col.kind == "integer":
        if isinstance(value, bool) or not isinstance(value, int):
            raise Wrong(422, "E1003", f"{col.label}必须是整数", name, col.label)
        if abs(value) >= 10**9:
            raise Wrong(422, "E1003", f"{col.label}超出范围", name, col.label)
        return value
    number = decimal_of(name, col, value)
    if col.kind == "quantity":
        return plain(number.quantize(_MILLE, ROUND_HALF_UP))
    return f"{number.quantize(_CENT, ROUND_HALF_UP):f}"


def plain(number: Decimal) -> str:
    """A decimal without trailing zeros and exponent."""
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _stored_text(name: str, col: Col, value: Any) -> str:
    if not isinstance(value, str):
        raise Wrong(422, "E1003", f"{col.label}必须是文本", name, col.label)
    if any(c < " " and c not in "\n\t" for c in value):
        raise Wrong(422, "E1007", f"{col.label}含有非法控制字符", name, col.label)
    text = tidy(value)
    if col.kind == "choice":
        if text not in col.options:
            raise Wrong(422, "E1004", f"{col.label}只能是:{'、'.join(col.options)}", name, col.label)
        return text
    if col.kind == "name":
        return cut(text.upper(), col.size).rstrip()
    if len(text.encode()) > col.size:
        raise Wrong(422, "E1005", f"{col.label}超长,最多{col.size}字节", name, col.label)
    return text.upper() if col.kind == "code" else text


def _day(name: str, col: Col, value: Any) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise Wrong(422, "E1003", f"{col.label}必须是日期,例如 2026-01-31", name, col.label) from None


def decimal_of(name: str, col: Col, value: Any) -> Decimal:
    """A given number, exact. Raises Wrong 422."""
    try:
        number = Decimal(value) if isinstance(value, str | int | Decimal) and not isinstance(value, bool) else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite() or abs(number) >= 10**12:
        raise Wrong(422, "E1003", f"{col.label}必须是数字", name, col.label)
    return number


def priced(line: dict[str, Any]) -> dict[str, Any]:
    """A line with its net amount, tax and total, each rounded to the cent."""
    amount = (Decimal(line["quantity"]) * Decimal(line["price"])).quantize(_CENT, ROUND_HALF_UP)
    tax = (amount * Decimal(line["tax_rate"]) / 100).quantize(_CENT, ROUND_HALF_UP)
    return {**line, "amount": f"{amount:f}", "tax": f"{tax:f}", "total": f"{amount + tax:f}"}


def summed(lines: list[dict[str, Any]]) -> dict[str, str]:
    """Header sums of priced lines."""
    return {name: f"{sum((Decimal(line[name]) for line in lines), Decimal('0.00')):f}" for name in _MONEY}
