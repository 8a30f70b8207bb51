"""ERPNext's connector passes the conformance suite over the sandbox, and stands what a site can do to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from vendor_bench import Bench, served
from vendor_line import Still, line

from hefu.connectors._erpnext_api import said
from hefu.connectors._erpnext_shapes import instant, local, number
from hefu.core.errors import Denied, HubError, Missing, Rejected, Stale, Transient, Unanswered, Unsupported
from hefu.core.records import REMOVED, Values, Write, Written
from hefu.core.words import tell
from hefu.sandbox.erpnext import SANDBOX, ErpNext
from hefu.sandbox.erpnext.api import KEY, SECRET
from hefu.sandbox.frame import Fault
from hefu.sandbox.hands import Hands
from hefu.sim.conformance import Conformance, Rig
from loopback import serving


class World(Bench):
    """A site of its own, and the connector to it."""

    connector, path = "erpnext", "/api/"
    own = {"401": Fault("expired")}
    wrong = {"api_secret": "wrong-erpnext-secret"}

    def __init__(self) -> None:
        clock = Still()
        super().__init__(ErpNext(empty=True, clock=clock), clock)

    def settings(self) -> dict[str, Any]:
        return {"url": self.url, "api_key": KEY, "api_secret": SECRET}

    def shown(self, call: str) -> str:
        return call.replace("/api/method/frappe.client.", "").replace("/api/resource/", "")

    def customer(self, name: str = "订货客户", **more: Any) -> str:
        return self.person("Customer", None, {"customer_name": name, **more})

    def item(self) -> str:
        return self.person("Item", None, {"item_code": f"M{self.number()}", "standard_rate": 10})

    def order(self, *quantities: int, submit: bool = False) -> str:
        item = self.item()
        rows = [{"item_code": item, "qty": q} for q in quantities]
        made = self.person(
            "Sales Order", None, {"customer": self.customer(), "delivery_date": "2026-12-01", "items": rows}
        )
        if submit:
            self.person("Sales Order", made, {"$submit": True})
        return made


@pytest.fixture
def world() -> Iterator[World]:
    with served(World()) as made:
        yield made


def sample(n: int) -> dict[str, Any]:
    return {
        "customer_name": f"客户 {n}", "tax_id": f"91{n:08d}", "customer_details": f"备注 {n}",
        "website": f"k{n}.example.com", "default_currency": "CNY", "disabled": n % 2 == 0,
    }  # fmt: skip


class TestCustomer(Conformance):
    @pytest.fixture
    def rig(self, world: World) -> Rig:
        words = {"page": 20, "batch": 20}
        bad = {"customer_name": None}
        return world.rig("Customer", sample, {"website": "edited"}, words=words, empty="Contact", bad=bad, large=150)


class TestOrderWithItems(Conformance):
    @pytest.fixture
    def rig(self, world: World) -> Rig:
        customer, item = world.customer(), world.item()

        def order(n: int) -> dict[str, Any]:
            rows = [{"item_code": item, "qty": Decimal(q), "rate": Decimal("9.5"), "description": "x"} for q in (1, 2)]
            return {"customer": customer, "delivery_date": date(2026, 12, 1), "po_no": f"PO {n}", "items": rows}

        def typed(n: int) -> Values:
            return {**order(n), "delivery_date": "2026-12-01"}

        return world.rig(
            "Sales Order",
            order,
            {"po_no": "edited"},
            typed=typed,
            words={"page": 20, "batch": 20, "company": "恒通贸易"},
            empty="Payment Entry",
            bad={"customer": "Nobody"},
            large=100,
            bypass={
                "field_can_be_cleared": "an order without a delivery date in its rows is refused there",
                "steps_obey_their_states": "follow-ups are documents of their own: see the test from order to payment",
            },
        )


# ------------------------------------------------------------------------ values


def test_words_are_taken_out_of_their_double_wrapping() -> None:
    told = {
        "_server_messages": '["{\\"message\\": \\"Could not find <b>Customer</b>: <a href=\\\\\\"x\\\\\\">甲</a>\\"}"]'
    }
    assert said(told) == "Could not find Customer: 甲"
    assert said({"exception": "frappe.exceptions.MandatoryError: [Customer]: name"}) == "[Customer]: name"
    assert said({"_server_messages": "no json", "exc_type": "X"}) == "X"


def test_stamps_hang_on_the_site_s_clock_and_an_hour_that_is_shown_twice_is_read_twice() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    at = datetime(2026, 7, 1, 10, tzinfo=UTC)
    assert instant(local(at, berlin), berlin) == at
    before = datetime(2026, 10, 25, 0, 58, tzinfo=UTC)  # 02:58 there; at 01:00 UTC it is 02:00 again
    assert local(before, berlin) <= "2026-10-25 02:00:00.000000"
    assert local(datetime(2026, 10, 25, 1, 30, tzinfo=UTC), berlin) == "2026-10-25 02:30:00.000000"
    assert number(Decimal("12.299999999999999")) == Decimal("12.3")


# ------------------------------------------------------------------------ creating and changing


def test_a_create_that_was_committed_and_then_timed_out_makes_one_record(world: World) -> None:
    erp = world.line()
    writes = [Write(None, sample(n), token=f"hub-{n}") for n in range(3)]
    world.faults.append(Fault("lost", path="/api/method/frappe.client.insert_many"))
    assert all(isinstance(o, Unanswered) for o in erp.write("Customer", writes))
    there = [erp.search("Customer", {"hub_key": f"hub-{n}"})[0].id for n in range(3)]
    again = erp.write("Customer", writes)
    assert [o.id for o in again] == there
    assert len([r for page in erp.read("Customer") for r in page.records]) == 3


def test_calls_per_hundred_creates_and_changes(world: World) -> None:
    """A hundred creates are one call; a hundred changes are a hundred, for that is all there is, and no look before."""
    erp, hands = world.line(), Hands(world.url)
    erp.discover()
    hands.reset()
    done = erp.write("Customer", [Write(None, sample(n), token=f"t{n}") for n in range(100)])
    assert world.calls() == {"POST insert_many": 1}
    found = {r.id: r for r in erp.fetch("Customer", [d.id for d in done])}
    hands.reset()
    some = [found[d.id] for d in done[:20]]
    writes = [Write(r.id, {"website": f"w{n}"}, version=r.version) for n, r in enumerate(some)]
    assert all(isinstance(o, Written) for o in erp.write("Customer", writes))
    told = Hands(world.url).counters()
    assert (told["total_calls"], told["total_writes"]) == (20, 20)


def test_bad_records_of_a_batch_are_found_by_halving(world: World) -> None:
    erp = world.line()
    values = [sample(n) for n in range(8)]
    values[5]["payment_terms"] = "31 天"
    told = erp.write("Customer", [Write(None, v, token=f"b{n}") for n, v in enumerate(values)])
    assert [isinstance(o, Written) for o in told] == [n != 5 for n in range(8)]
    assert (told[5].code, "31 天" in tell(told[5])[0]) == ("erpnext.refused", True)


def test_a_value_that_is_taken_by_another_is_refused(world: World) -> None:
    erp = world.line()
    world.person("Item", None, {"item_code": "M1"})
    for strict in (0, 1):
        Hands(world.url).settings(strict_unique=strict)
        [told] = erp.write("Item", [Write(None, {"item_code": "M1"}, token=f"i{strict}")])
        assert told.code == "erpnext.taken"


def test_a_colleague_s_change_is_not_overwritten(world: World) -> None:
    erp, record = world.line(), world.customer(website="一")
    old = erp.fetch("Customer", [record])[0]
    world.clock.sleep(1)
    world.person("Customer", record, {"website": "同事改的"})
    [told] = erp.write("Customer", [Write(record, {"website": "二"}, version=old.version)])
    assert isinstance(told, Stale)
    assert erp.fetch("Customer", [record])[0].values["website"] == "同事改的"


def test_rows_that_are_not_named_stay(world: World) -> None:
    erp, order = world.line(), world.order(2, 3)
    one, two = erp.fetch("Sales Order", [order])[0].values["items"]
    rows = [
        {"name": one["name"], "qty": Decimal(5)},
        {"item_code": one["item_code"], "qty": Decimal(7), "delivery_date": date(2026, 12, 2)},
    ]
    assert isinstance(erp.write("Sales Order", [Write(order, {"items": rows})])[0], Written)
    now = erp.fetch("Sales Order", [order])[0].values
    assert [(r["qty"], r["rate"]) for r in now["items"]] == [(5, 10), (3, 10), (7, 10)]
    assert now["grand_total"] == Decimal("169.5")
    gone = [{"name": two["name"], REMOVED: True}]
    assert isinstance(erp.write("Sales Order", [Write(order, {"items": gone})])[0], Written)
    [told] = erp.write("Sales Order", [Write(order, {"items": [{"name": two["name"], "qty": Decimal(1)}]})])
    assert told.code == "erpnext.unknown_line"


def test_rows_are_known_by_the_key_of_another_system(world: World) -> None:
    erp, order = world.line(doctypes={"Sales Order": {"row_key": "hub_line"}}), world.order(2)
    [own] = erp.fetch("Sales Order", [order])[0].values["items"]
    assert own["key"] == own["name"]
    new = {"item_code": own["item_code"], "key": "20", "delivery_date": date(2026, 12, 1)}
    for quantity in (3, 4):  # the first makes it, the second changes it
        rows = [{**new, "qty": Decimal(quantity)}]
        assert isinstance(erp.write("Sales Order", [Write(order, {"items": rows})])[0], Written)
    now = erp.fetch("Sales Order", [order])[0].values["items"]
    assert [(r["key"], r["qty"]) for r in now] == [(own["key"], 2), ("20", 4)]
    for _ in range(2):
        assert isinstance(
            erp.write("Sales Order", [Write(order, {"items": [{"key": "20", REMOVED: True}]})])[0], Written
        )
    assert [r["key"] for r in erp.fetch("Sales Order", [order])[0].values["items"]] == [own["key"]]


def test_addresses_and_contacts_hang_on_their_customer(world: World) -> None:
    erp, customer = world.line(), world.customer()
    links = [{"link_doctype": "Customer", "link_name": customer}]
    address = {"address_title": "甲", "address_line1": "科技路1号", "city": "苏州", "country": "China", "links": links}
    phones = [{"phone": "19900001234", "is_primary_mobile_no": True}]
    contact = {"first_name": "张三", "phone_nos": phones, "links": links}
    [one] = erp.write("Address", [Write(None, address, token="a")])
    [two] = erp.write("Contact", [Write(None, contact, token="c")])
    assert erp.fetch("Address", [one.id])[0].values["links"][0]["link_name"] == customer
    assert erp.fetch("Contact", [two.id])[0].values["mobile_no"] == "19900001234"
    world.person("Sales Order", None, {"customer": customer, "delivery_date": "2026-12-01",
                                       "items": [{"item_code": world.item(), "qty": 1}]})  # fmt: skip
    [told] = erp.write("Customer", [Write(customer, None)])
    assert isinstance(told, Rejected)
    assert "linked" in tell(told)[0]


# ------------------------------------------------------------------------ changes


def test_a_delete_is_told_and_one_that_came_back_is_not(world: World) -> None:
    erp, gone, back = world.line(), world.customer("甲"), world.customer("乙")
    *_, page = erp.read("Customer")
    for name in (gone, back):
        world.person("Customer", name, None)
    world.customer("乙")
    *_, page = erp.read("Customer", page.cursor)
    assert page.gone == [gone]
    assert [r.id for r in page.records] == [back]


def test_without_a_right_to_the_traces_deletes_are_not_promised(world: World) -> None:
    world.person("DocType", "Deleted Document", {"forbid": True})
    erp = world.line()
    assert {s.abilities.changes for s in erp.discover()} == {"cursor"}
    *_, page = erp.read("Customer")
    assert not [p for p in erp.read("Customer", page.cursor) if p.gone]


# ------------------------------------------------------------------------ documents


def test_from_the_order_to_the_payment(world: World) -> None:
    erp, order = world.line(), world.order(4)
    with pytest.raises(Rejected) as told:
        erp.call("Sales Order", "deliver", order, {})
    assert told.value.code == "erpnext.illegal_step"
    erp.call("Sales Order", "submit", order, {})
    world.faults.append(Fault("lost", path="/api/resource/Delivery Note"))
    with pytest.raises(Unanswered):
        erp.call("Sales Order", "deliver", order, {})
    erp.call("Sales Order", "deliver", order, {})  # it is there already: none is made twice
    [note] = [r for page in erp.read("Delivery Note") for r in page.records]
    key = note.values["items"][0]["name"]
    erp.write("Delivery Note", [Write(note.id, {"items": [{"name": key, "qty": Decimal(1)}]})])
    erp.call("Delivery Note", "submit", note.id, {})
    erp.call("Sales Order", "deliver", order, {"submit": True, "date": "2026-11-20"})
    now = erp.fetch("Sales Order", [order])[0].values
    assert (now["per_delivered"], now["items"][0]["delivered_qty"], now["status"]) == (100, 4, "To Bill")
    erp.call("Sales Order", "invoice", order, {"submit": True})
    [invoice] = [r for page in erp.read("Sales Invoice") for r in page.records]
    paying = {"amount": Decimal("5.2"), "date": date(2026, 11, 20), "mode": "电汇", "reference": "T1", "submit": True}
    erp.call("Sales Invoice", "pay", invoice.id, paying)
    now = erp.fetch("Sales Invoice", [invoice.id])[0].values
    assert (now["status"], now["outstanding_amount"]) == ("Partly Paid", 40)
    erp.call("Sales Invoice", "pay", invoice.id, {"submit": True})
    payments = [r.values for page in erp.read("Payment Entry") for r in page.records]
    assert sorted(p["paid_amount"] for p in payments) == [Decimal("5.2"), 40]
    assert {p["references"][0]["reference_name"] for p in payments} == {invoice.id}
    assert erp.fetch("Sales Order", [order])[0].values["status"] == "Completed"
    with pytest.raises(Rejected) as told:
        erp.call("Sales Order", "cancel", order, {})
    assert "linked" in tell(told.value)[0]


def test_a_submitted_document_lets_only_free_fields_change(world: World) -> None:
    erp, order = world.line(), world.order(1, submit=True)
    schema = next(s for s in erp.discover() if s.name == "Sales Order")
    assert "po_no" in schema.locked["Submitted"]
    assert "currency" not in schema.locked["Submitted"]
    assert isinstance(erp.write("Sales Order", [Write(order, {"po_no": "B"})])[0], Written)
    [told] = erp.write("Sales Order", [Write(order, {"currency": "USD"})])
    assert isinstance(told, Rejected)
    erp.call("Sales Order", "cancel", order, {})
    assert erp.fetch("Sales Order", [order])[0].values["docstatus"] == "Cancelled"


# ------------------------------------------------------------------------ what a site can do


def test_an_unknown_company_and_an_unknown_doctype_are_said(world: World) -> None:
    with pytest.raises(Unsupported) as told:
        world.line(company="没有").check()
    assert told.value.code == "erpnext.no_company"
    world.line(company="恒通贸易").check()
    with pytest.raises(Unsupported) as told:
        world.line(doctypes={"No Such": {}}).discover()
    assert told.value.code == "erpnext.unknown_object"
    with pytest.raises(Unsupported) as told:
        world.line(time_zone="Asia/Nowhere").discover()
    assert told.value.code == "erpnext.no_zone"
    own = world.line(doctypes={"UOM": {}})
    assert "Nos" in [r.id for page in own.read("UOM") for r in page.records]
    assert own.discover()[0].abilities.create == "blind"


def test_a_right_that_is_taken_away(world: World) -> None:
    erp, record = world.line(), world.customer(tax_id="1")
    erp.discover()
    world.person("DocType", "Customer", {"hide": ["tax_id"]})
    with pytest.raises(Denied) as told:
        list(erp.read("Customer"))
    assert told.value.code == "erpnext.no_right"
    assert "tax_id" not in [f.name for f in world.line().discover()[0].fields]
    world.person("DocType", "Customer", {"show": ["tax_id"], "forbid": True})
    assert "Customer" not in [s.name for s in world.line().discover()]
    [wrong] = erp.write("Customer", [Write(record, {"website": "x"})])
    assert isinstance(wrong, Rejected)


def test_a_field_that_was_renamed_is_said(world: World) -> None:
    erp = world.line()
    erp.discover()
    world.person("DocType", "Customer", {"rename": {"website": "homepage"}})
    with pytest.raises(Unsupported) as told:
        list(erp.read("Customer"))
    assert told.value.code == "erpnext.misfit"
    assert "website" not in [f.name for f in world.line().discover()[0].fields]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("stopped", Transient),
        ("deadlock", Transient),
        ("mismatch", Stale),
        ("validation", Rejected),
        ("half", Unanswered),
    ],
)
def test_an_error_of_a_write_has_its_class_and_words(world: World, fault: str, kind: type[HubError]) -> None:
    erp, record = world.line(), world.customer()
    erp.discover()
    world.faults.append(Fault(fault, path="/api/resource/Customer"))
    [told] = erp.write("Customer", [Write(record, {"website": "x"})])
    assert isinstance(told, kind)
    assert "{" not in "".join(tell(told) + tell(told, "zh"))
    assert isinstance(erp.write("Customer", [Write(record, {"website": "x"})])[0], Written)


def test_a_record_that_is_not_there_is_missing(world: World) -> None:
    erp = world.line()
    told = erp.write("Customer", [Write("Nobody/甲", {"website": "x"}), Write("Nobody", None)])
    assert [type(t) for t in told] == [Missing, Missing]
    with pytest.raises(Missing):
        erp.call("Sales Order", "submit", "SAL-ORD-0", {})


def test_a_redirect_and_a_foreign_server_are_said(world: World) -> None:
    async def away(scope: Any, receive: Any, send: Any) -> None:
        moved = scope["path"].endswith("get_logged_user")
        headers = [(b"location", b"http://evil.example/x")] if moved else []
        await send({"type": "http.response.start", "status": 307 if moved else 404, "headers": headers})
        await send({"type": "http.response.body", "body": b""})

    with serving(away) as url:
        world.url = url
        with pytest.raises(Unsupported) as told:
            world.line().check()
        assert told.value.code == "erpnext.redirected"
        with pytest.raises(Unsupported) as told:
            world.line().discover()
        assert told.value.code == "erpnext.no_api"


def test_health_tells_the_versions(world: World) -> None:
    assert world.line().health()["erpnext"].startswith("15.")


def test_the_connection_that_the_sandbox_offers_works(world: World) -> None:
    offered = SANDBOX.connection(world.url)
    erp = line(offered["connector"], offered["settings"], world.clock)
    erp.check()
    found = {s.name: s for s in erp.discover()}
    assert len(found) == 8
    order = found["Sales Order"]
    assert (order.field("customer").target, order.field("customer").required) == ("Customer", True)
    assert (order.field("currency").type, order.field("grand_total").writable) == ("code", False)
    assert not order.field("company").required
    assert timedelta(0) < erp.site.lateness
