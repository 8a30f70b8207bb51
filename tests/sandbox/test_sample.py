"""The sample company: counts, dirt, the truth about it, and money that agrees to the cent."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from hefu.core.match import judge, match_keys
from hefu.core.values import uscc_valid
from hefu.sandbox import companies
from hefu.sandbox.erp.book import ErpBook
from hefu.sandbox.sample import UNTIL, Sample, load_erp, make


@pytest.fixture(scope="module")
def sample() -> Sample:
    return make()


def test_it_has_the_promised_size(sample: Sample) -> None:
    assert (len(sample.crm["accounts"]), len(sample.erp["customers"])) == (2000, 1600)
    assert (len(sample.erp["products"]), len(sample.crm["products"])) == (200, 160)
    assert len(sample.erp["sales_orders"]) == 2400
    shared = set(sample.truth.account.values()) & set(sample.truth.customer.values())
    assert len(shared) == 1200


def test_the_same_seed_gives_the_same_books() -> None:
    make.cache_clear()
    first = make(7, date(2026, 6, 30))
    make.cache_clear()
    assert make(7, date(2026, 6, 30)) == first
    assert make(8, date(2026, 6, 30)) != first


def test_the_true_codes_are_valid_and_differ(sample: Sample) -> None:
    codes = [c.credit_code for c in sample.truth.companies]
    assert all(companies.is_valid(code) and uscc_valid(code) for code in codes)
    assert len(set(codes)) == len(codes)


def test_a_known_code_is_valid_and_a_slip_is_not() -> None:
    # The standard's own construction, computed by hand: 91350100M000100Y43 is the example of GB 32100-2015.
    assert companies.check_character("91350100M000100Y4") == "3"
    assert not companies.is_valid("91350100M000100Y34")


def test_the_dirt_is_there(sample: Sample) -> None:
    accounts = sample.crm["accounts"]
    wrong = [a for a in accounts if a["creditCode"] and not uscc_valid(a["creditCode"].replace(" ", "").upper())]
    assert 50 < len(wrong) < 160
    assert sum(not a["creditCode"] for a in accounts) > 100
    assert sum(not a["phone"] for a in accounts) > 80
    assert sum("（" in a["name"] for a in accounts) > 10
    assert sum(a["name"] != a["name"].strip() for a in accounts) > 20
    assert sum("分公司" in a["name"] for a in accounts) >= 40
    cut = [c for c in sample.erp["customers"] if len(c["name"].encode()) >= 78]
    assert cut
    assert all(len(c["name"].encode()) <= 80 for c in sample.erp["customers"])


def test_the_truth_knows_pairs_and_duplicates(sample: Sample) -> None:
    accounts, customers = sample.truth.duplicates()
    assert (sum(len(g) - 1 for g in accounts), sum(len(g) - 1 for g in customers)) == (120, 20)
    pairs = sample.truth.pairs()
    assert 1200 <= len(pairs) <= 1400
    assert all(sample.truth.account[a] == sample.truth.customer[c] for a, c in pairs)


def test_exact_keys_find_most_pairs_and_join_no_strangers(sample: Sample) -> None:
    rules = [["credit_code"], ["code"], ["name"]]
    mine = {
        a["id"]: match_keys(rules, {"credit_code": a["creditCode"], "code": a["erpCode"], "name": a["name"]})
        for a in sample.crm["accounts"]
    }
    theirs = {c["code"]: match_keys(rules, c) for c in sample.erp["customers"]}
    index: dict[tuple[int, str], list[str]] = defaultdict(list)
    for code, keys in theirs.items():
        for kind, key in enumerate(keys):
            if key:
                index[kind, key].append(code)
    joined = set()
    for account, keys in mine.items():
        near = {c for kind, key in enumerate(keys) if key for c in index.get((kind, key), ())}
        for code in near:
            verdict = judge(keys, theirs[code])
            if verdict and verdict.join:
                joined.add((account, code))
    truth = sample.truth.pairs()
    assert len(joined - truth) / len(joined) <= 0.005
    assert len(joined & truth) / len(truth) > 0.8
    assert len(truth - joined) > 5, "some are left for fuzzy matching and people"


def test_orders_bills_and_receipts_agree_to_the_cent(sample: Sample) -> None:
    erp = sample.erp
    orders = {o["order_no"]: o for o in erp["sales_orders"]}
    invoiced: dict[str, Decimal] = defaultdict(Decimal)
    for bill in [*erp["invoices"], *erp["sales_orders"]]:
        for name in ("amount", "tax", "total"):
            assert Decimal(bill[name]) == sum(Decimal(line[name]) for line in bill["lines"])
    for bill in erp["invoices"]:
        invoiced[bill["order_no"]] += Decimal(bill["total"])
    paid: dict[str, Decimal] = defaultdict(Decimal)
    for receipt in erp["receipts"]:
        paid[receipt["invoice_no"]] += Decimal(receipt["amount"])
    for bill in erp["invoices"]:
        assert Decimal(bill["paid"]) == paid[bill["number"]] <= Decimal(bill["total"])
        assert (bill["status"] == "paid") == (paid[bill["number"]] == Decimal(bill["total"]))
    closed = [o for o in orders.values() if o["status"] == "closed"]
    assert len(closed) > 1500
    assert all(invoiced[o["order_no"]] == Decimal(o["total"]) for o in closed)
    for order in orders.values():
        for line in order["lines"]:
            assert int(line["invoiced_qty"]) <= int(line["shipped_qty"]) <= int(line["quantity"])


def test_deliveries_add_up_to_what_the_orders_say_is_shipped(sample: Sample) -> None:
    shipped: dict[tuple[str, int], int] = defaultdict(int)
    for delivery in sample.erp["deliveries"]:
        for line in delivery["lines"]:
            shipped[delivery["order_no"], line["line_no"]] += int(line["quantity"])
    for order in sample.erp["sales_orders"]:
        for line in order["lines"]:
            assert shipped[order["order_no"], line["line_no"]] == int(line["shipped_qty"])


def test_a_year_of_orders_and_nothing_from_tomorrow(sample: Sample) -> None:
    days = [date.fromisoformat(o["order_date"]) for o in sample.erp["sales_orders"]]
    assert (UNTIL - min(days)).days > 350
    assert max(days) <= UNTIL
    for table in ("deliveries", "invoices", "receipts"):
        assert max(row["date"] for row in sample.erp[table]) <= UNTIL.isoformat()


def test_won_opportunities_fit_their_orders(sample: Sample) -> None:
    orders = {o["order_no"]: o for o in sample.erp["sales_orders"]}
    deals = {o["id"]: o for o in sample.crm["opportunities"]}
    assert (len(sample.truth.orders), len(sample.truth.to_order)) == (300, 12)
    for deal_id, number in sample.truth.orders.items():
        deal, order = deals[deal_id], orders[number]
        assert (deal["orderNo"], deal["orderStatus"], order["external_ref"]) == (number, order["status"], deal_id)
        assert Decimal(str(deal["amount"])) == Decimal(order["amount"])
        assert sample.truth.account[deal["accountId"]] == sample.truth.customer[order["customer_code"]]
    assert all(deals[i]["stage"] == "won" and not deals[i]["orderNo"] for i in sample.truth.to_order)


def test_the_next_order_gets_the_next_number(sample: Sample) -> None:
    book = ErpBook()
    load_erp(sample, book)
    target = datetime(2026, 12, 1, tzinfo=UTC)
    book.clock.offset = (target - datetime.now(UTC)).total_seconds()
    lines = [{"product_code": "M0001", "quantity": 1}]
    given = {"customer_code": sample.erp["customers"][0]["code"], "lines": lines}
    made = book.create("sales_orders", given, "a")
    last = max(o["order_no"] for o in sample.erp["sales_orders"] if o["order_no"].startswith("SO2026"))
    assert int(made["order_no"][-6:]) == int(last[-6:]) + 1
    book.close()
