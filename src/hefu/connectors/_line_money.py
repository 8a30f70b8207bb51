"""The money of a document line, for systems that check amounts and work none out.

Pure functions. An amount is rounded half up to the cent; the tax is what remains of the amount with tax.
"""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import NamedTuple

_CENT = Decimal("0.01")
_FINE = Decimal("0.00000001")


def cents(amount: Decimal) -> Decimal:
    """To the cent."""
    return amount.quantize(_CENT, ROUND_HALF_UP)


def net(price: Decimal, rate: Decimal) -> Decimal:
    """A price without its tax, as exact as eight places are."""
    made = (price / (1 + rate / 100)).quantize(_FINE, ROUND_HALF_UP)
    return made.normalize() if made else Decimal(0)


class LineMoney(NamedTuple):
    """Quantity, rate in per cent, price and amount with tax."""

    qty: Decimal
    rate: Decimal
    price: Decimal
    whole: Decimal

    @property
    def tax(self) -> Decimal:
        """The tax in the amount."""
        return cents(self.whole * self.rate / (100 + self.rate))

    @property
    def bare(self) -> Decimal:
        """The price without tax."""
        return net(self.price, self.rate)

    def by(self, exchange: Decimal) -> LineMoney:
        """The same in another currency."""
        price = (self.price * exchange).quantize(_FINE, ROUND_HALF_UP)
        return LineMoney(self.qty, self.rate, price, cents(self.whole * exchange))


def money_of(
    qty: Decimal | None,
    rate: Decimal,
    price: Decimal | None,
    bare: Decimal | None,
    whole: Decimal | None,
    before: Decimal | None = None,
) -> LineMoney | str:
    """The line's money from what is given: a price with tax, else one without, else the amount, else the price that
    was there before. The word "qty" or "price" for what is missing."""
    if not qty:
        return "qty"
    if price is None and bare is not None:
        price = bare * (1 + rate / 100)
    if price is None and whole is not None:
        price = (whole / qty).quantize(_FINE, ROUND_HALF_UP)
    price = before if price is None else price
    if price is None:
        return "price"
    return LineMoney(qty, rate, price, cents(qty * price) if whole is None else whole)
