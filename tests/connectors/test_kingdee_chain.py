"""From order to receipt in Kingdee: pushes, steps that go on where they broke off, lines, ways to log in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from kingdee_lines import SERVICES, Works
from vendor_bench import served

from hefu.connectors.kingdee import Kingdee
from hefu.core.errors import HubError, Missing, Rejected, Unanswered
from hefu.core.records import REMOVED, Write, Written
from hefu.sandbox.kingdee import login

ORDER, NOTICE, OUT, DUE = "SAL_SaleOrder", "SAL_DELIVERYNOTICE", "SAL_OUTSTOCK", "AR_receivable"
INVOICE, RECEIPT, CUSTOMER = "IV_SALESIC", "AR_RECEIVEBILL", "BD_Customer"


@pytest.fixture
def works() -> Iterator[Works]:
    with served(Works("M1", "M2")) as made:
        yield made


@pytest.fixture
def kingdee(works: Works) -> Any:
    return works.line()


_numbers = iter(range(1, 100_000))


def order_of(kingdee: Kingdee, **more: Any) -> dict[str, Any]:
    [buyer] = kingdee.search(CUSTOMER, {"FNumber": "C1"})
    goods = [kingdee.search("BD_MATERIAL", {"FNumber": n})[0].id for n in ("M1", "M2")]
    price = {"FUnitID": "PCS", "FTaxPrice": Decimal("11.3"), "FEntryTaxRate": Decimal(13)}
    lines = [{"key": f"L{n}", "FMaterialId": g, "FQty": Decimal(10), **price} for n, g in enumerate(goods)]
    number = f"CH{next(_numbers):05d}"
    return {"FBillNo": number, "FDate": date(2026, 3, 1), "FCustId": buyer.id, "lines": lines, **more}


def one(kingdee: Kingdee, obj: str, values: dict[str, Any], record_id: str | None = None) -> Written | HubError:
    return kingdee.write(obj, [Write(record_id, values, token="t1")])[0]


def made(kingdee: Kingdee, **more: Any) -> Written:
    done = one(kingdee, ORDER, order_of(kingdee, **more))
    assert isinstance(done, Written), done
    return done


def test_an_order_becomes_cash(kingdee: Kingdee) -> None:
    order = made(kingdee)
    assert order.values is not None
    assert order.values["FBillAllAmount"] == Decimal("226")
    assert kingdee.call(ORDER, "approve", order.id, {}).values["FDocumentStatus"] == "C"  # type: ignore[index]
    kingdee.call(ORDER, "push_notice", order.id, {"then": "approve"})
    [notice] = kingdee.search(NOTICE, {"order": order.id})
    kingdee.call(NOTICE, "push_outstock", notice.id, {"then": "approve"})
    [out] = kingdee.search(OUT, {"order": order.id})
    assert [row["FRealQty"] for row in out.values["lines"]] == [10, 10]
    kingdee.call(OUT, "push_receivable", out.id, {"then": "approve"})
    [due] = kingdee.search(DUE, {"order": order.id})
    assert (due.values["delivery"], due.values["FALLAMOUNTFOR"]) == (out.id, Decimal("226"))
    kingdee.call(DUE, "push_invoice", due.id, {"then": "approve"})
    kingdee.call(DUE, "push_receipt", due.id, {"then": "approve"})
    [invoice] = kingdee.search(INVOICE, {"receivable": due.id})
    [receipt] = [r for p in kingdee.read(RECEIPT) for r in p.records if r.values["receivable"] == due.id]
    assert (invoice.values["order"], receipt.values["FREALRECAMOUNTFOR"]) == (order.id, Decimal("226"))
    [now] = kingdee.fetch(ORDER, [order.id])
    assert [(row["FStockOutQty"], row["FInvoiceQty"]) for row in now.values["lines"]] == [(10, 10), (10, 10)]


def test_progress_that_kingdee_writes_back_unseen_is_told(works: Works, kingdee: Kingdee) -> None:
    order = made(kingdee)
    kingdee.call(ORDER, "approve", order.id, {})
    cursor = [p.cursor for p in kingdee.read(ORDER) if p.cursor][-1]
    before = kingdee.fetch(ORDER, [order.id])[0].modified_at
    kingdee.site.sleep(121)  # past the lateness: the order's own stamp is out of the window
    kingdee.call(ORDER, "push_outstock", order.id, {"then": "approve"})
    told = {r.id: r for p in kingdee.read(ORDER, cursor) for r in p.records}
    assert told[order.id].values["lines"][0]["FStockOutQty"] == 10
    assert told[order.id].modified_at == before
    assert cursor is not None


@pytest.mark.parametrize("kind", ["lost", "half"])
def test_a_step_whose_answer_is_lost_is_found_done(works: Works, kingdee: Kingdee, kind: str) -> None:
    order = made(kingdee)
    works.hands.fault(kind, path=f"{SERVICES}Submit")
    done = kingdee.call(ORDER, "approve", order.id, {})
    assert done.values is not None
    assert (done.values["FDocumentStatus"], works.posts("Submit"), works.posts("Audit")) == ("C", 1, 1)


def test_approve_goes_on_where_it_broke_off(works: Works, kingdee: Kingdee) -> None:
    order = made(kingdee)
    works.hands.fault("netcontrol", path=f"{SERVICES}Audit")
    with pytest.raises(HubError) as told:
        kingdee.call(ORDER, "approve", order.id, {})
    assert told.value.code == "kingdee.in_use"
    kingdee.call(ORDER, "approve", order.id, {})
    assert (works.posts("Submit"), works.posts("Audit")) == (1, 2)


@pytest.mark.parametrize("kind", ["lost", "half"])
def test_a_push_whose_answer_is_lost_makes_one_document(works: Works, kingdee: Kingdee, kind: str) -> None:
    order = made(kingdee)
    kingdee.call(ORDER, "approve", order.id, {})
    works.hands.fault(kind, path=f"{SERVICES}Push")
    kingdee.call(ORDER, "push_outstock", order.id, {})
    kingdee.call(ORDER, "push_outstock", order.id, {"then": "approve"})
    kingdee.call(ORDER, "push_outstock", order.id, {})
    found = kingdee.search(OUT, {"order": order.id})
    assert [r.values["FDocumentStatus"] for r in found] == ["C"]
    with pytest.raises(Rejected) as told:
        kingdee.call(ORDER, "unaudit", order.id, {})
    assert told.value.code.startswith("kingdee.")


def test_part_of_an_order_is_shipped_and_the_rest_later(kingdee: Kingdee) -> None:
    order = made(kingdee)
    kingdee.call(ORDER, "approve", order.id, {})
    kingdee.call(ORDER, "push_outstock", order.id, {})
    [first] = kingdee.search(OUT, {"order": order.id})
    less = [{"key": row["key"], "FRealQty": Decimal(4)} for row in first.values["lines"]]
    done = one(kingdee, OUT, {"lines": less}, first.id)
    assert isinstance(done, Written), done
    kingdee.call(OUT, "approve", first.id, {})
    kingdee.call(ORDER, "push_outstock", order.id, {"then": "approve"})
    every = kingdee.search(OUT, {"order": order.id})
    assert sorted(row["FRealQty"] for r in every for row in r.values["lines"]) == [4, 4, 6, 6]


def test_lines_go_only_when_named(kingdee: Kingdee) -> None:
    order = made(kingdee)
    done = one(kingdee, ORDER, {"lines": [{"key": "L1", "FQty": Decimal(7)}]}, order.id)
    assert isinstance(done, Written)
    assert done.values is not None
    assert [(row["key"], row["FQty"]) for row in done.values["lines"]] == [("L0", 10), ("L1", 7)]
    done = one(kingdee, ORDER, {"lines": [{"key": "L0", REMOVED: True}]}, order.id)
    assert isinstance(done, Written), done
    assert done.values is not None
    assert [(row["key"], row["FQty"]) for row in done.values["lines"]] == [("L1", 7)]
    lost = one(kingdee, ORDER, {"lines": [{"key": "E999999", "FQty": Decimal(1)}]}, order.id)
    assert isinstance(lost, Rejected)


def test_an_approved_record_is_changed_only_where_that_is_allowed(works: Works, kingdee: Kingdee) -> None:
    [buyer] = kingdee.search(CUSTOMER, {"FNumber": "C1"})
    refused = one(kingdee, CUSTOMER, {"FTEL": "010-7"}, buyer.id)
    assert isinstance(refused, Rejected)
    assert refused.code == "kingdee.approved"
    done = one(works.line(reopen=[CUSTOMER]), CUSTOMER, {"FTEL": "010-7"}, buyer.id)
    assert isinstance(done, Written), done
    assert done.values is not None
    assert (done.values["FTEL"], done.values["FDocumentStatus"]) == ("010-7", "C")


def test_a_save_committed_and_then_timed_out_makes_one_bill(works: Works) -> None:
    kingdee = works.line()
    values = order_of(kingdee)
    works.hands.fault("hang", seconds=60, path=f"{SERVICES}Save")
    lost = one(kingdee, ORDER, values)
    assert isinstance(lost, Unanswered)
    [found] = kingdee.search(ORDER, {"FBillNo": values["FBillNo"]})
    again = one(kingdee, ORDER, values)
    assert isinstance(again, Written)
    assert again.id == found.id
    other = one(kingdee, ORDER, {**values, "lines": values["lines"][:1]})
    assert isinstance(other, Rejected)
    assert other.code == "kingdee.taken"
    assert [r.id for r in kingdee.search(ORDER, {"FBillNo": values["FBillNo"]})] == [found.id]


def test_the_hubs_own_id_finds_a_bill_that_the_site_numbered_itself(works: Works) -> None:
    kingdee = works.line(token_field={ORDER: "F_HUB_EXTID"})
    [schema] = [s for s in kingdee.discover() if s.name == ORDER]
    assert (schema.abilities.create, schema.abilities.token_field) == ("token", "F_HUB_EXTID")
    values = {n: v for n, v in order_of(kingdee).items() if n != "FBillNo"}
    [done] = kingdee.write(ORDER, [Write(None, values, token="link-0001")])
    assert isinstance(done, Written), done
    assert [r.id for r in kingdee.search(ORDER, {"F_HUB_EXTID": "link-0001"})] == [done.id]


@pytest.mark.parametrize("honest", [True, False])
def test_each_record_of_a_batch_has_its_own_outcome(works: Works, kingdee: Kingdee, honest: bool) -> None:
    works.hands.settings(batch_success=honest)
    sent = [order_of(kingdee) for _ in range(4)]
    sent[1]["FCustId"] = None
    sent[3]["FBillNo"] = sent[0]["FBillNo"]
    told = kingdee.write(ORDER, [Write(None, values) for values in sent])
    assert [type(o) for o in told] == [Written, Rejected, Written, Rejected] or told[3] == told[0]
    assert works.posts("BatchSave") <= 2


def test_a_bill_longer_than_a_page_and_its_neighbours_are_read_whole(kingdee: Kingdee) -> None:
    sent = [order_of(kingdee) for _ in range(3)]
    long = [{**sent[1]["lines"][0], "key": f"N{n}"} for n in range(25)]  # a page holds 10 rows
    told = kingdee.write(ORDER, [Write(None, v) for v in (sent[0], {**sent[1], "lines": long}, sent[2])])
    ids = [o.id for o in told if isinstance(o, Written)]
    found = {r.id: r for p in kingdee.read(ORDER) for r in p.records}
    assert [len(found[i].values["lines"]) for i in ids] == [2, 25, 2]
    assert [row["key"] for row in found[ids[1]].values["lines"]] == [f"N{n}" for n in range(25)]


def test_deletes_and_what_is_gone(kingdee: Kingdee) -> None:
    orders = [made(kingdee) for _ in range(3)]
    kingdee.call(ORDER, "approve", orders[1].id, {})
    told = kingdee.write(ORDER, [Write(o.id, None) for o in orders] + [Write("99999999", None)])
    assert [type(o) for o in told] == [Written, Rejected, Written, Missing]
    assert [r.id for r in kingdee.fetch(ORDER, [o.id for o in orders])] == [orders[1].id]


@pytest.mark.parametrize("operation", ["both", "ExcuteOperation", "ExecuteOperation"])
def test_base_data_is_forbidden_and_enabled_by_either_spelling(works: Works, kingdee: Kingdee, operation: str) -> None:
    works.hands.settings(operation=operation)
    [buyer] = kingdee.search(CUSTOMER, {"FNumber": "C1"})
    for action, flag in (("forbid", "B"), ("forbid", "B"), ("enable", "A")):
        done = kingdee.call(CUSTOMER, action, buyer.id, {})
        assert done.values is not None
        assert done.values["FForbidStatus"] == flag


@pytest.mark.parametrize("way", ["password", "app_secret", "signed"])
def test_a_log_in_session_is_held_and_renewed(works: Works, way: str) -> None:
    kingdee = works.line(login=way, password=login.PASSWORD)
    kingdee.check()
    for _ in range(2):
        kingdee.search(CUSTOMER, {"FNumber": "C1"})
    logins = sum(n for name, n in works.hands.counters()["calls"].items() if "AuthService" in name)
    assert logins == 1
    works.hands.fault("expire")
    assert isinstance(one(kingdee, ORDER, order_of(kingdee)), Written)
    assert sum(n for name, n in works.hands.counters()["calls"].items() if "AuthService" in name) == 2


def test_the_calls_are_as_few_as_can_be(works: Works) -> None:
    kingdee = works.line(page=2000, batch=100)
    kingdee.discover()
    works.hands.reset()
    sent = [{"FNumber": f"FEW{n:04d}", "FName": f"客户{n}"} for n in range(100)]
    told = kingdee.write(CUSTOMER, [Write(None, values) for values in sent])
    assert all(isinstance(o, Written) for o in told)
    assert works.hands.counters()["total_calls"] == 2  # save, and what is now stored
    works.hands.reset()
    kingdee.write(CUSTOMER, [Write(o.id, {"FTEL": "1"}) for o in told if isinstance(o, Written)])
    assert works.hands.counters()["total_calls"] == 3  # a look before, too
    works.hands.reset()
    assert len([r for p in kingdee.read(CUSTOMER) for r in p.records]) > 100
    assert works.hands.counters()["total_calls"] == 1
