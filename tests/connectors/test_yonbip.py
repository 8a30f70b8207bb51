"""YonBIP's connector keeps its promises against the sandbox: customers, orders with lines, the chain to the money."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from yonbip_house import BILL, CUSTOMER, MONEY, ORDER, OUT, House, house, put

from hefu.core.errors import Missing, Rejected, Stale, Unanswered, Unsupported
from hefu.core.records import REMOVED, Write, Written
from hefu.sandbox.frame import Fault
from hefu.sandbox.hands import Hands
from hefu.sim.conformance import Conformance, Rig


@pytest.fixture
def home() -> Iterator[House]:
    with house() as made:
        yield made


class TestYonbipCustomers(Conformance):
    @pytest.fixture
    def rig(self, home: House) -> Rig:
        return home.rig(
            CUSTOMER,
            home.customer,
            {"shortname": "改过", "contactTel": "010-1"},
            words={"customer_page": 10, "batch": 10},
            remove=None,
            empty=MONEY,
            bad={"name": None},
            large=40,
        )


class TestYonbipOrders(Conformance):
    @pytest.fixture
    def rig(self, home: House) -> Rig:
        rows = [{"productId": "M1", "qty": 1, "oriTaxUnitPrice": 113, "oriSum": 113, "taxRate": 13}] * 2
        head = {"salesOrgId": "100", "transactionTypeId": "SO01", "agentId": home.buyer, "orderDetails": rows}

        def order(_: int = 0) -> dict[str, Any]:
            made = home.order()
            made["lines"] = [{"bodyItem!define1": f"{made['code']}-{x.pop('lineno')}", **x} for x in made["lines"]]
            return made

        return home.rig(
            ORDER,
            order,
            {"memo": "改过"},
            typed=lambda n: {**head, "vouchdate": date(2026, 3, 1), "code": f"P{n:06d}"},
            book="order",
            words={"page": 10, "line_field": "bodyItem!define1"},
            empty=MONEY,
            bad={"agentId": None},
            large=30,
        )


# ------------------------------------------------------------------------- the chain


def test_from_the_order_to_the_money(home: House) -> None:
    erp = home.line()
    made = put(erp, ORDER, home.order())
    done = erp.call(ORDER, "approve", made.id, {})
    assert done.values is not None
    assert (done.values["nextStatus"], done.values["payMoney"]) == ("DELIVERGOODS", Decimal("33.9"))
    out_id = home.person("order", made.id, {"action": "ship", "lines": {"20": 1}})
    [order] = erp.fetch(ORDER, [made.id])
    assert [line["sendQty"] for line in order.values["lines"]] == [0, 1]
    [delivery] = [r for p in erp.read("voucherdelivery") for r in p.records]
    assert (delivery.values["order"], delivery.values["agentId"], delivery.values["oriSum"]) == (
        made.id, home.buyer, Decimal("11.3"),
    )  # fmt: skip
    [out] = [r for p in erp.read(OUT) for r in p.records]
    assert (out.id, out.values["order"], out.values["cust"]) == (out_id, made.id, home.buyer)
    assert out.values["lines"][0]["productId"] == "M2"
    for _ in range(2):
        erp.call(OUT, "push_invoice", out.id, {})
    [bill] = [r for p in erp.read(BILL) for r in p.records]
    assert (bill.values["order"], bill.values["salesout"], bill.values["oriSum"]) == (made.id, out.id, Decimal("11.3"))
    [due] = [r for p in erp.read("receivable") for r in p.records]
    assert (due.values["customer"], due.values["oriTaxIncludedAmount"]) == (home.buyer, Decimal("11.3"))
    paid = {"billDate": date(2026, 3, 20), "customer": home.buyer, "oriTaxIncludedAmount": Decimal("11.3")}
    money = put(erp, MONEY, {**paid, "orderNo": order.values["code"]}, token="PAY-1")
    assert money.values is not None
    assert (money.values["order"], money.values["oriTaxIncludedAmount"]) == (made.id, Decimal("11.3"))
    assert money.values["verifyState"] == "0"
    assert [r.id for r in erp.search(MONEY, {"extVouchCode": "PAY-1"})] == [money.id]
    submitted = erp.call(MONEY, "submit", money.id, {})
    assert (submitted.values or {})["verifyState"] == "2"
    stock = [r for p in erp.read("stock") for r in p.records]
    assert stock == []


def test_a_step_is_taken_once_though_its_answer_is_lost(home: House) -> None:
    erp = home.line()
    made = put(erp, ORDER, home.order())
    home.sandbox.faults[:] = [Fault("lost", path="/iuap-api-gateway/yonbip/sd/voucherorder/batchaudit")]
    done = erp.call(ORDER, "approve", made.id, {})
    assert (done.values or {})["nextStatus"] == "DELIVERGOODS"
    home.person("order", made.id, {"action": "ship"})
    with pytest.raises(Rejected) as told:
        erp.call(ORDER, "unaudit", made.id, {})
    assert told.value.code == "yonbip.illegal_step"
    for action, state in (("close", "CLOSEDORDER"), ("open", "DELIVERGOODS")):
        assert (erp.call(ORDER, action, made.id, {}).values or {})["nextStatus"] == state
    with pytest.raises(Rejected) as told:
        erp.call(ORDER, "unaudit", made.id, {})
    assert (told.value.code, "下游" in str(told.value.facts["words"])) == ("yonbip.locked", True)


def test_an_invoice_needs_what_only_the_tenant_knows(home: House) -> None:
    erp = home.line(defaults={ORDER: {"transactionTypeId": "SO01"}})
    made = put(erp, ORDER, home.order())
    erp.call(ORDER, "approve", made.id, {})
    out = home.person("order", made.id, {"action": "ship"})
    with pytest.raises(Unsupported) as told:
        erp.call(OUT, "push_invoice", out, {"modifyInvoiceType": "1"})
    assert told.value.facts["names"] == "transactionTypeId, invoiceAsynTaxMark, isNotSendTax"


# -------------------------------------------------------------------- the same work once


def test_what_timed_out_is_asked_for_under_the_same_key(home: House) -> None:
    erp = home.line()
    for kind in ("timeout", "processing"):
        home.sandbox.faults[:] = [Fault(kind, times=2, path="" if kind == "processing" else "/iuap-api-gateway")]
        before, count = home.clock.now(), len(home.sandbox.book.docs("order"))
        put(erp, ORDER, home.order())
        assert len(home.sandbox.book.docs("order")) == count + 1
        assert home.clock.now() - before >= timedelta(seconds=10)


def test_a_key_that_is_used_up_tells_the_first_record(home: House) -> None:
    erp = home.line()
    values = home.order()
    first = put(erp, ORDER, values, token="T1")
    home.clock.sleep(3700)
    assert put(erp, ORDER, values, token="T1").id == first.id
    other = home.line(token_field={ORDER: "headItem!define1"})
    marked = put(other, ORDER, home.order(), token="HUB-1")
    assert [r.id for r in other.search(ORDER, {"headItem!define1": "HUB-1"})] == [marked.id]


def test_a_customer_whose_number_the_tenant_gives_is_made_once(home: House) -> None:
    erp = home.line()
    values = {n: v for n, v in home.customer().items() if n != "code"}
    home.sandbox.faults[:] = [Fault("lost", path="/iuap-api-gateway/yonbip/digitalModel/merchant/idempotent")]
    [told] = erp.write(CUSTOMER, [Write(None, values, token="L1")])
    assert isinstance(told, Unanswered)
    made = put(erp, CUSTOMER, values, token="L1")
    assert (made.values or {})["code"] == "M00000001"
    assert len(home.sandbox.book.docs("merchant")) == 2


def test_a_number_that_is_taken_is_ours_only_if_the_record_is(home: House) -> None:
    erp = home.line()
    values = home.customer()
    made = put(erp, CUSTOMER, values)
    assert put(erp, CUSTOMER, values).id == made.id
    [told] = erp.write(CUSTOMER, [Write(None, {**values, "name": "别人"})])
    assert isinstance(told, Rejected)
    assert told.code == "yonbip.taken"


def test_money_is_entered_once(home: House) -> None:
    erp = home.line()
    paid = {"billDate": date(2026, 3, 20), "customer": home.buyer, "oriTaxIncludedAmount": Decimal("100")}
    first = put(erp, MONEY, paid, token="P1")
    home.clock.sleep(7000)
    assert put(erp, MONEY, paid, token="P1").id == first.id, "the pair of system and number lasts for ever"
    told = erp.write(MONEY, [Write(first.id, {"billDate": date(2026, 3, 21)}), Write(None, {**paid, "customer": "7"})])
    assert [t.code for t in told if not isinstance(t, Written)] == ["yonbip.insert_only", "yonbip.bad_reference"]


# ----------------------------------------------------------------------- records and lines


@pytest.mark.parametrize("half", [0, 1])
def test_each_record_of_a_batch_has_its_own_outcome(home: House, half: int) -> None:
    erp = home.line()
    sent = [home.customer() for _ in range(4)]
    if half:
        home.sandbox.faults[:] = [Fault("partial")]
    else:
        sent[1]["name"], sent[3]["code"] = None, sent[0]["code"]
    told = erp.write(CUSTOMER, [Write(None, values) for values in sent])
    for values, outcome in zip(sent[:3], told[:3], strict=True):
        found = erp.search(CUSTOMER, {"code": values["code"]})
        assert bool(found) == isinstance(outcome, Written), (values, outcome)
    assert home.calls()["save"] == 1


def test_lines_change_by_number_and_the_total_follows(home: House) -> None:
    erp = home.line()
    made = put(erp, ORDER, home.order())
    fresh = {"lineno": "30", "productId": "M1", "qty": Decimal(3), "oriUnitPrice": Decimal(10)}
    patch = [{"lineno": "10", "qty": Decimal(5)}, {"lineno": "20", REMOVED: True}, fresh]
    [told] = erp.write(ORDER, [Write(made.id, {"lines": patch})])
    assert isinstance(told, Written)
    assert told.values is not None
    rows = {x["lineno"]: x for x in told.values["lines"]}
    assert {k: (x["qty"], x["oriSum"]) for k, x in rows.items()} == {
        "10": (5, Decimal("56.5")),
        "30": (3, Decimal("33.9")),
    }
    assert (rows["30"]["oriUnitPrice"], told.values["payMoney"]) == (10, Decimal("90.4"))
    [told] = erp.write(ORDER, [Write(made.id, {"lines": [{"lineno": "A7", "productId": "M1", "qty": Decimal(1)}]})])
    assert isinstance(told, Rejected)
    whole = home.order()
    whole["lines"][0]["lineno"] = "x"
    [told] = erp.write(ORDER, [Write(None, whole)])
    assert isinstance(told, Rejected)
    assert told.code == "yonbip.line_number"


def test_an_order_longer_than_a_page_and_its_neighbours_are_read_whole(home: House) -> None:
    erp = home.line(page=10)
    sent = [home.order() for _ in range(3)]
    sent[1]["lines"] = [{**sent[1]["lines"][0], "lineno": str(n)} for n in range(1, 26)]
    ids = [put(erp, ORDER, values).id for values in sent]
    found = {r.id: r for p in erp.read(ORDER) for r in p.records}
    assert [len(found[i].values["lines"]) for i in ids] == [2, 25, 2]


def test_an_approved_order_is_neither_changed_nor_deleted(home: House) -> None:
    erp = home.line()
    ids = [put(erp, ORDER, home.order()).id for _ in range(3)]
    erp.call(ORDER, "approve", ids[1], {})
    told = erp.write(ORDER, [*(Write(i, None) for i in ids), Write("7", None), Write(ids[1], {"memo": "x"})])
    assert [type(o) for o in told] == [Written, Rejected, Written, Missing, Rejected]
    [left] = [r for p in erp.read(ORDER) for r in p.records]
    assert left.id == ids[1]


def test_a_colleague_is_not_overwritten(home: House) -> None:
    erp = home.line()
    made = put(erp, CUSTOMER, home.customer())
    home.person("merchant", made.id, {"email": "a@b.cn"})
    [told] = erp.write(CUSTOMER, [Write(made.id, {"email": "x@y.cn"}, expect={"email": None})])
    assert isinstance(told, Stale)
    stopped = erp.call(CUSTOMER, "stop", made.id, {})
    assert (stopped.values or {})["stopStatus"] is True
    [told] = erp.write(ORDER, [Write(None, {**home.order(), "agentId": made.id})])
    assert isinstance(told, Rejected)
    assert told.code == "yonbip.stopped"


# ------------------------------------------------------------------------------- calls


def test_the_calls_are_as_few_as_can_be(home: House) -> None:
    erp = home.line()
    erp.check()
    reset = Hands(home.url).reset
    reset()
    told = erp.write(CUSTOMER, [Write(None, home.customer()) for _ in range(100)])
    ids = [o.id for o in told if isinstance(o, Written)]
    assert len(ids) == 100
    assert home.calls() == {"save": 1, "newBatchDetail": 1}, "save, and what is now stored"
    reset()
    erp.write(CUSTOMER, [Write(i, {"email": "a@b.cn"}) for i in ids])
    assert home.calls() == {"save": 1, "newBatchDetail": 2}, "a look before, too"
    reset()
    assert len([r for p in erp.read(CUSTOMER) for r in p.records]) == 101
    assert home.calls() == {"newlist": 1}
    reset()
    for _ in range(2):
        told = erp.write(ORDER, [Write(None, home.order()) for _ in range(50)])
        assert all(isinstance(o, Written) for o in told)
    assert home.calls() == {"singleSave": 100, "list": 2}
    ids = [o.id for o in told if isinstance(o, Written)]
    reset()
    erp.write(ORDER, [Write(i, {"memo": "x"}) for i in ids])
    assert home.calls() == {"singleSave": 50, "list": 2}


def test_quotas_are_kept_by_waiting(home: House) -> None:
    erp = home.line()
    before = home.clock.now()
    for _ in range(81):
        erp.search(CUSTOMER, {"code": "C1"})
    waited = home.clock.now() - before
    assert timedelta(seconds=120) <= waited < timedelta(seconds=125), "forty a minute, and never refused"
