"""How the imitated YonBIP speaks: HTTP 200 nearly always, a code that is now a text and now a number, Chinese words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response

ZONE = timedelta(hours=8)
Doc = dict[str, Any]


class Wrong(Exception):
    """A refusal: the vendor's code, words, and data that come with it."""

    def __init__(self, code: str | int, message: str, data: Any = None, status: int = 200) -> None:
        super().__init__(message)
        self.code, self.message, self.data, self.status = code, message, data, status


def good(data: Any, code: str | int = "200") -> Response:
    """A success."""
    return JSONResponse({"code": code, "message": "操作成功", "data": data})


def bad(wrong: Wrong, *, plain: bool = False) -> Response:
    """A refusal; some endpoints answer a bad token in plain text."""
    if plain:
        return PlainTextResponse(wrong.message)
    told: Doc = {"code": wrong.code, "message": wrong.message, "displayCode": None, "level": 0}
    return JSONResponse(told if wrong.data is None else {**told, "data": wrong.data}, wrong.status)


def stamp(at: datetime) -> str:
    """A moment as the vendor writes it: local, whole seconds."""
    return f"{at + ZONE:%Y-%m-%d %H:%M:%S}"


def dec(value: Any) -> Decimal:
    """A number, kept or sent. Raises Wrong."""
    try:
        made = Decimal(str(value if value not in (None, "") else 0))
    except InvalidOperation:
        raise Wrong(310008, f"参数格式不正确：{value}") from None
    if not made.is_finite() or abs(made) >= Decimal(10) ** 13:
        raise Wrong(310008, f"参数超出范围：{value}")
    return made


def plain(value: Decimal) -> str:
    """A decimal without exponent or needless zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def shown(doc: Any) -> Any:
    """A kept document as JSON: what is a number on the wire is one. Keys with an underscore in front stay inside."""
    if isinstance(doc, Mapping):
        return {k: _number(k, v) for k, v in doc.items() if not k.startswith("_")}
    if isinstance(doc, Decimal):  # as it came in, under a name that means nothing here
        return float(doc)
    return [shown(x) for x in doc] if isinstance(doc, list) else doc


_RESPELLED = {"agentId": "agent", "contactTel": "contactPhone", "cust": "customerId", "customer": "customerId"}


def respelled(answer: Any) -> Any:
    """An answer after somebody upgraded the system: some fields have another name."""
    if isinstance(answer, Mapping):
        return {_RESPELLED.get(k, k): respelled(v) for k, v in answer.items()}
    return [respelled(x) for x in answer] if isinstance(answer, list) else answer


_NUMBERS = (
    "qty",
    "Qty",
    "quantity",
    "Quantity",
    "price",
    "Price",
    "sum",
    "Sum",
    "money",
    "Money",
    "amount",
    "Amount",
    "tax",
    "Tax",
    "taxRate",
    "exchRate",
)


def _number(key: str, value: Any) -> Any:
    if isinstance(value, str) and value and key.endswith(_NUMBERS):
        try:
            return float(Decimal(value))
        except InvalidOperation:
            return value
    return shown(value)
