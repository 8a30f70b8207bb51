"""The amounts of an order line in YonBIP's own names, in the order's currency and in the company's."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from hefu.connectors._line_money import LineMoney, money_of
from hefu.core.errors import Rejected
from hefu.core.records import Values

PRICING = ("qty", "oriTaxUnitPrice", "oriUnitPrice", "taxRate", "oriSum")
"""Fields of a line that its amounts follow from."""


def priced(given: Values, before: Values, rate: Decimal) -> LineMoney:
    """What is given counts, then what follows from it, then what was there before. Raises Rejected where there is no
    quantity or no price."""
    percent = _number(given, "taxRate", _number(before, "taxRate", rate)) or Decimal(0)
    made = money_of(
        _number(given, "qty", _number(before, "qty")),
        percent,
        _number(given, "oriTaxUnitPrice"),
        _number(given, "oriUnitPrice"),
        _number(given, "oriSum"),
        _number(before, "oriTaxUnitPrice"),
    )
    if isinstance(made, str):
        raise Rejected("yonbip.no_price", field="lines", name="qty" if made == "qty" else "oriTaxUnitPrice")
    return made


def amounts(line: LineMoney, exchange: Decimal) -> dict[str, Any]:
    """All that a save wants of the line's money."""
    own = line.by(exchange)
    return {
        "qty": line.qty,
        "subQty": line.qty,
        "priceQty": line.qty,
        "oriTaxUnitPrice": line.price,
        "oriSum": line.whole,
        "orderDetailPrices!oriUnitPrice": line.bare,
        "orderDetailPrices!oriMoney": line.whole - line.tax,
        "orderDetailPrices!oriTax": line.tax,
        "orderDetailPrices!natUnitPrice": own.bare,
        "orderDetailPrices!natTaxUnitPrice": own.price,
        "orderDetailPrices!natMoney": own.whole - own.tax,
        "orderDetailPrices!natSum": own.whole,
        "orderDetailPrices!natTax": own.tax,
    }


def _number(values: Values, name: str, default: Decimal | None = None) -> Decimal | None:
    held = values.get(name)
    if held is None:
        return default
    if isinstance(held, bool) or not isinstance(held, Decimal | int):
        raise Rejected("yonbip.wrong_type", field="lines", name=name, value=str(held)[:60], type="decimal")
    return Decimal(held)
