"""U8's connector keeps its promises against the sandbox, through the relay and through the XML door."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from u8_house import ACCEPT, CUSTOMER, ORDER, WANTED, House, house, put
from vendor_line import failing

from hefu.core.errors import Missing, Rejected, Stale, Unsupported
from hefu.core.records import Write, Written
from hefu.sandbox.frame import Fault
from hefu.sandbox.hands import Hands
from hefu.sim.conformance import Conformance, Rig


@pytest.fixture
def home() -> Iterator[House]:
    with house() as made:
        yield made


EDITED = {"memo": "改过", "phone": "010-1"}


class TestU8Customers(Conformance):
    @pytest.fixture
    def rig(self, home: House) -> Rig:
        return home.rig(
            CUSTOMER,
            home.customer,
            EDITED,
            typed=lambda n: {**home.customer(n), **WANTED},
            words={"page": 10},
            late=None,
            remove=None,
            empty="saleinvoice",
            bad={"name": None},
            large=40,
        )


class TestU8CustomersByTheDoor(Conformance):
    @pytest.fixture
    def rig(self, home: House) -> Rig:
        return home.rig(
            CUSTOMER,
            home.customer,
            EDITED,
            words={"page": 10, "writes": "eai", "batch": 10},
            fail=failing(home.faults, "/", home.own),
            burst=None,
            late=None,
            remove=None,
            empty="saleinvoice",
            bad={"name": None},
            large=40,
            faults=("503", "500", "timeout", "cut", "garbage", "401", "expired"),  # the door knows no such limits
        )


class TestU8Orders(Conformance):
    @pytest.fixture
    def rig(self, home: House) -> Rig:
        rows = [{"inventorycode": "M1", "quantity": "1", "taxunitprice": "113"}] * 2
        head = {"date": "2026-11-01", "custcode": "C1", "entry": rows}
        return home.rig(
            ORDER,
            home.order,
            {"memo": "改过"},
            typed=lambda n: {**head, "code": f"P{n:06d}"},
            words={"page": 10},
            late=None,
            remove=None,
            empty="saleinvoice",
            bad={"custcode": "NO"},
            large=30,
        )


# ------------------------------------------------------------------------- the chain


def test_from_the_order_to_the_money(home: House) -> None:
    erp = home.line()
    order = put(erp, ORDER, home.order())
    assert order.values is not None
    assert [(x["sum"], x["money"], x["natmoney"], x["unitprice"]) for x in order.values["lines"]] == [
        (Decimal("11.3"), Decimal(10), Decimal(10), Decimal(10)),
        (Decimal("22.6"), Decimal(20), Decimal(20), Decimal(10)),
    ]
    for action, state in (("verify", "Approved"), ("close", "Closed"), ("open", "Approved"), ("unverify", "Opening")):
        assert (erp.call(ORDER, action, order.id, {}).values or {})["state"] == state
    with pytest.raises(Rejected):
        erp.call(ORDER, "close", order.id, {})
    erp.call(ORDER, "verify", order.id, {})
    row = {"inventory_code": "M1", "quantity": Decimal(1), "socode": order.id, "warehouse_code": "CK001"}
    sent = put(erp, "consignment", {"code": "FH1", "date": date(2026, 11, 2), "custcode": "C1", "lines": [row]})
    assert (sent.values or {})["order"] == order.id
    head = {"code": "CK1", "date": "2026-11-02", "customercode": "C1", "warehousecode": "CK001"}
    home.person("saleout", None, {**head, "entry": [{"inventorycode": "M1", "quantity": "1", "ordercode": order.id}]})
    [out] = [r for p in erp.read("saleout") for r in p.records]
    assert (out.values["order"], out.values["customercode"], out.values["lines"][0]["quantity"]) == (order.id, "C1", 1)
    paid = {"vouchcode": "SK1", "vouchdate": date(2026, 11, 3), "customercode": "C1", "amount": Decimal("33.9")}
    money = put(erp, ACCEPT, paid)
    assert ((money.values or {})["originalamount"], (money.values or {})["vouchtype"]) == (Decimal("33.9"), "48")
    assert (erp.call(ACCEPT, "verify", money.id, {}).values or {})["state"] == "Approved"
    home.sandbox.faults[:] = [Fault("lost", path="/api/accept/unverify")]
    assert (erp.call(ACCEPT, "unverify", money.id, {}).values or {})["state"] == "Opening", "done, though unanswered"


def test_what_changed_is_told_by_its_stamp_and_bills_are_opened_only_then(home: House) -> None:
    erp = home.line(page=10)
    ids = [put(erp, ORDER, home.order()).id for _ in range(25)]
    cursor = ""
    for page in erp.read(ORDER):
        cursor = page.cursor or cursor
    home.clock.sleep(120)
    for _ in range(3):
        cursor = [p.cursor for p in erp.read(ORDER, cursor)][-1] or ""
        home.clock.sleep(120)
    home.person(ORDER, ids[3], {"action": "verify"})
    Hands(home.url).reset()
    told = [r.id for p in erp.read(ORDER, cursor) for r in p.records]
    assert told == [ids[3]], "approved without any date of it moving"
    assert home.calls() == {"saleorderlist/batch_get": 3, "saleorder/get": 1}


def test_bills_that_bear_our_own_id_are_found(home: House) -> None:
    erp = home.line(token_field={ORDER: "define11"})
    made = put(erp, ORDER, {n: v for n, v in home.order().items() if n != "code"}, token="HUB-7")
    assert [r.id for r in erp.search(ORDER, {"define11": "HUB-7"})] == [made.id]
    again = put(erp, ORDER, {n: v for n, v in home.order().items() if n != "code"}, token="HUB-7")
    assert again.id == made.id, "the relay remembers whose number it is"


# ---------------------------------------------------------------------- the XML door


def test_what_the_relay_cannot_delete_the_door_can(home: House) -> None:
    assert not next(s for s in home.line(eai="").discover() if s.name == CUSTOMER).abilities.delete
    erp = home.line()
    ids = [put(erp, CUSTOMER, home.customer()).id for _ in range(2)]
    put(erp, ORDER, home.order())
    told = erp.write(CUSTOMER, [Write(i, None) for i in (*ids, "C1", "NO")])
    assert [type(t) for t in told] == [Written, Written, Rejected, Missing]
    assert isinstance(told[2], Rejected)
    assert told[2].code == "u8.used"
    assert home.calls()["u8eai/import.asp"] == 1


def test_each_record_of_a_message_has_its_own_outcome(home: House) -> None:
    erp = home.line(writes="eai")
    sent = [home.customer() for _ in range(3)]
    sent[1]["code"] = sent[0]["code"]
    first, twice, last = erp.write(CUSTOMER, [Write(None, values) for values in sent])
    assert (type(first), type(twice), type(last)) == (Written, Rejected, Written) or twice == first
    order = put(erp, ORDER, home.order())
    assert len((order.values or {})["lines"]) == 2
    [refused] = erp.write(ORDER, [Write(None, {**home.order(), "custcode": "NO"})])
    assert isinstance(refused, Rejected)
    assert refused.code == "u8.no_such_value"


def test_a_colleague_is_not_overwritten(home: House) -> None:
    erp = home.line()
    made = put(erp, CUSTOMER, home.customer())
    home.person(CUSTOMER, made.id, {"email": "a@b.cn"})
    [told] = erp.write(CUSTOMER, [Write(made.id, {"email": "x@y.cn"}, expect={"email": None})])
    assert isinstance(told, Stale)
    [told] = erp.write(ORDER, [Write(put(erp, ORDER, home.order()).id, {"memo": "x"})])
    assert isinstance(told, Unsupported)


def test_a_result_that_comes_later_is_asked_for(home: House) -> None:
    erp = home.line(wait=False)
    before = home.clock.now()
    put(erp, CUSTOMER, home.customer())
    assert (home.clock.now() - before).total_seconds() == 9, "two polls in vain, then the result"
    home.sandbox.relay.polls = 50
    [told] = erp.write(CUSTOMER, [Write(None, home.customer())])
    assert getattr(told, "code", "") == "u8.pending"


# ------------------------------------------------------------------------------- calls


def test_the_calls_are_as_few_as_can_be(home: House) -> None:
    erp = home.line()
    erp.check()
    reset = Hands(home.url).reset
    reset()
    told = [o for n in range(5) for o in erp.write(CUSTOMER, [Write(None, home.customer()) for _ in range(20)])]
    ids = [o.id for o in told if isinstance(o, Written)]
    assert home.calls() == {"customer/add": 100, "customer/batch_get": 5}, "a number of our own needs no trade id"
    reset()
    for start in range(0, 100, 20):
        erp.write(CUSTOMER, [Write(i, {"memo": "x"}) for i in ids[start : start + 20]])
    assert home.calls() == {"system/tradeid": 100, "customer/edit": 100, "customer/batch_get": 10}
    door = home.line(writes="eai")
    door.check()
    reset()
    told = list(door.write(CUSTOMER, [Write(None, home.customer()) for _ in range(100)]))
    assert all(isinstance(o, Written) for o in told)
    assert home.calls() == {"u8eai/import.asp": 1, "customer/batch_get": 1}, "save, and what is now stored"
    reset()
    door.write(CUSTOMER, [Write(o.id, {"memo": "y"}) for o in told if isinstance(o, Written)])
    assert home.calls() == {"u8eai/import.asp": 1, "customer/batch_get": 2}, "a look before, too"
    reset()
    assert len([r for p in door.read(CUSTOMER) for r in p.records]) == 201
    assert home.calls() == {"customer/batch_get": 1}
