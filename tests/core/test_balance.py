"""Money per customer, currency and period, in exact decimals."""

from __future__ import annotations

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from hefu.core.balance import Ledger, balances, open_identity, period_of

HEAD = {"customer": "g1", "currency": "CNY", "date": "2026-03-31", "status": "posted"}


def test_each_document_adds_to_its_measures() -> None:
    book = Ledger()
    lines = [{"quantity": "4", "price": "2.5", "shipped_quantity": "3"}, {"quantity": "1", "amount": "0.10"}]
    book.add("sales_order", {**HEAD, "lines": lines})
    book.add("invoice", {**HEAD, "total": "100.10", "open": "40.10"})
    book.add("credit_memo", {**HEAD, "total": "10"})
    book.add("receipt", {**HEAD, "amount": "50"})
    book.add("receipt", {**HEAD, "amount": "1000", "status": "draft"})
    key = ("g1", "CNY", "2026-03")
    assert book.sums == {
        (key, "ordered"): Decimal("10.10"), (key, "shipped"): Decimal("7.5"), (key, "invoiced"): Decimal("90.10"),
        (key, "open"): Decimal("40.10"), (key, "collected"): Decimal("50"),
    }  # fmt: skip
    assert list(open_identity(book)) == [("g1", "CNY", "", "open", Decimal("40.10"), Decimal("40.10"))]


def test_a_side_without_such_documents_says_nothing_and_that_is_not_zero() -> None:
    crm, erp = Ledger(), Ledger()
    crm.add("sales_order", {**HEAD, "total": "5"})
    erp.add("sales_order", {**HEAD, "total": "5"})
    erp.add("invoice", {**HEAD, "total": "5"})
    found = {b.measure: b for b in balances(crm, erp)}
    assert found["invoiced"].left is None
    assert all(b.agrees for b in found.values())
    erp.add("sales_order", {**HEAD, "customer": "g2", "total": "0.01"})
    wrong = [b for b in balances(crm, erp) if not b.agrees]
    assert wrong == [("g2", "CNY", "2026-03", "ordered", Decimal(0), Decimal("0.01"))]


def test_money_comes_in_later_so_the_identity_holds_over_all_periods() -> None:
    book = Ledger("quarter")
    book.add("invoice", {**HEAD, "total": "100", "open": "30"})
    book.add("receipt", {**HEAD, "date": "2026-04-01", "amount": "70"})
    assert {k[2] for k, _ in book.sums} == {"2026-Q1", "2026-Q2"}
    assert [b.agrees for b in open_identity(book)] == [True]
    book.add("receipt", {**HEAD, "date": "2026-05-01", "amount": "0.01"})
    assert [(b.left, b.right) for b in open_identity(book)] == [(Decimal("29.99"), Decimal(30))]


def test_periods() -> None:
    assert [period_of("2026-12-31", p) for p in ("month", "quarter", "year")] == ["2026-12", "2026-Q4", "2026"]
    assert period_of(None, "month") == ""


@given(st.lists(st.decimals("-1e9", "1e9", places=2), min_size=1))
def test_sums_lose_no_cent(amounts: list[Decimal]) -> None:
    book = Ledger()
    for amount in amounts:
        book.add("receipt", {**HEAD, "amount": str(amount)})
    assert sum(book.sums.values()) == sum(amounts)
