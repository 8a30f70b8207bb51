"""Money that must agree: ordered, shipped, invoiced, collected and open, per customer, currency and period.

Pure sums of exact decimals over the documents of both sides. A side that has no such documents says nothing (None),
which is not the same as zero.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from hefu.core.records import Normal

MEASURES = ("ordered", "shipped", "invoiced", "collected", "open")

_NOT_COUNTED = frozenset({"draft", "cancelled"})
_ZERO = Decimal(0)

Key = tuple[str, str, str]
"""Customer, currency, period."""


class Balance(NamedTuple):
    """One measure of one customer, currency and period (period "": all of them) on both sides."""

    customer: str
    currency: str
    period: str
    measure: str
    left: Decimal | None
    right: Decimal | None

    @property
    def agrees(self) -> bool:
        """Whether both sides say the same, or one of them says nothing."""
        return self.left is None or self.right is None or self.left == self.right


def _number(value: Normal) -> Decimal | None:
    try:
        return Decimal(value) if isinstance(value, str) and value else None
    except InvalidOperation:
        return None


def _total(values: Mapping[str, Normal]) -> Decimal | None:
    """The document's own total, or the sum of its lines."""
    for name in ("total", "net_total"):
        found = _number(values.get(name))
        if found is not None:
            return found
    rows = values.get("lines")
    amounts = [_line_amount(row) for row in rows] if isinstance(rows, list) else []
    known = [a for a in amounts if a is not None]
    return sum(known, _ZERO) if known and len(known) == len(amounts) else None


def _line_amount(row: Mapping[str, Normal]) -> Decimal | None:
    for name in ("amount", "net_amount"):
        found = _number(row.get(name))
        if found is not None:
            return found
    quantity, price = _number(row.get("quantity")), _number(row.get("price"))
    if quantity is None or price is None:
        return None
    return quantity * price * (100 - (_number(row.get("discount")) or _ZERO)) / 100


def _shipped(values: Mapping[str, Normal]) -> Decimal | None:
    """What was shipped of an order's lines, at the line's own amount."""
    rows = values.get("lines")
    out: Decimal | None = None
    for row in rows if isinstance(rows, list) else ():
        done, quantity, amount = _number(row.get("shipped_quantity")), _number(row.get("quantity")), _line_amount(row)
        if done is not None and quantity and amount is not None:
            out = (out or _ZERO) + amount * done / quantity
    return out


def _order(values: Mapping[str, Normal]) -> Iterator[tuple[str, Decimal | None]]:
    yield "ordered", _total(values)
    yield "shipped", _shipped(values)


def _invoice(values: Mapping[str, Normal]) -> Iterator[tuple[str, Decimal | None]]:
    yield "invoiced", _total(values)
    yield "open", _number(values.get("open"))


def _credit(values: Mapping[str, Normal]) -> Iterator[tuple[str, Decimal | None]]:
    total = _total(values)
    yield "invoiced", None if total is None else -total


def _receipt(values: Mapping[str, Normal]) -> Iterator[tuple[str, Decimal | None]]:
    yield "collected", _number(values.get("amount"))


DOCUMENTS: Mapping[str, Callable[[Mapping[str, Normal]], Iterator[tuple[str, Decimal | None]]]] = {
    "sales_order": _order,
    "invoice": _invoice,
    "credit_memo": _credit,
    "receipt": _receipt,
}
"""Ready entity -> what its documents add."""


def period_of(date: Normal, length: str) -> str:
    """ "2026-03", "2026-Q1" or "2026" of a date in normal form; "" for none. `length`: month, quarter or year."""
    if not isinstance(date, str) or len(date) < 7:
        return ""
    if length == "year":
        return date[:4]
    return date[:7] if length == "month" else f"{date[:4]}-Q{(int(date[5:7]) + 2) // 3}"


@dataclass
class Ledger:
    """The sums of one side. `says`: the measures for which it has documents."""

    length: str = "month"
    sums: dict[tuple[Key, str], Decimal] = field(default_factory=dict)
    says: set[str] = field(default_factory=set)

    def add(self, document: str, values: Mapping[str, Normal]) -> None:
        """Count one document; drafts and cancelled ones do not count."""
        if values.get("status") in _NOT_COUNTED:
            return
        customer, currency = str(values.get("customer") or ""), str(values.get("currency") or "")
        key = (customer, currency, period_of(values.get("date"), self.length))
        for measure, amount in DOCUMENTS[document](values):
            if amount is not None:
                self.says.add(measure)
                self.sums[key, measure] = self.sums.get((key, measure), _ZERO) + amount


def balances(left: Ledger, right: Ledger) -> Iterator[Balance]:
    """Every measure that some side has, sorted by customer, currency and period."""
    for key, measure in sorted(left.sums.keys() | right.sums.keys()):
        sides = [s.sums.get((key, measure), _ZERO) if measure in s.says else None for s in (left, right)]
        yield Balance(*key, measure, *sides)


def open_identity(ledger: Ledger) -> Iterator[Balance]:
    """invoiced - collected (left) against the open amount that the invoices state (right), over all periods.

    It holds over all periods only, since money comes in later than invoices go out. Nothing where a side cannot say
    all three.
    """
    if not {"invoiced", "collected", "open"} <= ledger.says:
        return
    totals: dict[tuple[str, str], dict[str, Decimal]] = {}
    for ((customer, currency, _), measure), amount in ledger.sums.items():
        mine = totals.setdefault((customer, currency), dict.fromkeys(MEASURES, _ZERO))
        mine[measure] += amount
    for (customer, currency), t in sorted(totals.items()):
        yield Balance(customer, currency, "", "open", t["invoiced"] - t["collected"], t["open"])


__all__ = ["DOCUMENTS", "MEASURES", "Balance", "Ledger", "balances", "open_identity", "period_of"]
