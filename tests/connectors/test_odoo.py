"""Odoo's connector passes the conformance suite over the sandbox, and stands what a database can do to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from vendor_bench import Bench, served
from vendor_line import Still, line

from hefu.connectors._odoo_shapes import number
from hefu.connectors._odoo_write import external_name
from hefu.connectors.odoo import _token_of
from hefu.core.errors import Denied, HubError, Missing, Rejected, Stale, Transient, Unanswered, Unsupported
from hefu.core.records import REMOVED, Values, Write, Written
from hefu.core.words import tell
from hefu.sandbox.frame import Fault
from hefu.sandbox.hands import Hands
from hefu.sandbox.odoo import SANDBOX
from hefu.sandbox.odoo import Odoo as Sandbox
from hefu.sandbox.odoo.api import DATABASE, KEY
from hefu.sandbox.odoo.env import LOGIN, Env
from hefu.sim.conformance import Conformance, Rig
from loopback import serving

NUMBERS = ("credit_limit", "price_unit", "discount", "list_price", "standard_price")


class World(Bench):
    """A database of its own, and the connector to it."""

    connector, path = "odoo", "/json/2"
    own = {"401": Fault("expired")}
    wrong = {"api_key": "wrong-odoo-key"}

    def __init__(self) -> None:
        clock = Still()
        super().__init__(Sandbox(empty=True, clock=clock), clock)

    def settings(self) -> dict[str, Any]:
        return {"url": self.url, "database": DATABASE, "api_key": KEY, "user": LOGIN}

    def shown(self, call: str) -> str:
        return call.removeprefix("POST /json/2/")

    def order(self, *quantities: int, **more: Any) -> str:
        partner = self.person("res.partner", None, {"name": "订货客户"})
        product = self.person("product.product", None, {"name": "阀门", "list_price": 10})
        lines = [[0, 0, {"product_id": int(product), "product_uom_qty": q}] for q in quantities]
        return self.person("sale.order", None, {"partner_id": int(partner), "order_line": lines, **more})


class OlderWorld(World):
    """The same by JSON-RPC, where a session can end and be renewed."""

    path = "/jsonrpc"
    own = {"401": Fault("expired", times=2), "expired": Fault("expired")}

    def settings(self) -> dict[str, Any]:
        return {**super().settings(), "api": "jsonrpc"}


@pytest.fixture
def world() -> Iterator[World]:
    with served(World()) as made:
        yield made


@pytest.fixture
def older() -> Iterator[OlderWorld]:
    with served(OlderWorld()) as made:
        yield made


def sample(n: int) -> dict[str, Any]:
    return {
        "name": f"客户 {n}", "ref": f"C{n:06d}", "phone": f"021-{n:08d}", "city": f"城市 {n}", "is_company": True,
        "type": "other",
        "country_id": "中国", "credit_limit": Decimal("1000.5"), "category_id": "1;2",
    }  # fmt: skip


SMALL = {"page": 20, "batch": 20}


def zero(values: Values) -> Values:
    """An emptied number is 0 there."""
    return {n: Decimal(0) if v is None and n in NUMBERS else v for n, v in values.items()}


class TestPartner(Conformance):
    @pytest.fixture
    def rig(self, world: World) -> Rig:
        def typed(n: int) -> Values:
            return {name: v for name, v in sample(n).items() if name not in ("country_id", "category_id")}

        made = world.rig(
            "res.partner",
            sample,
            {"city": "edited"},
            typed=typed,
            words=SMALL,
            empty="account.payment",
            bad={"type": "contact", "name": None},
            stored=zero,
            large=150,
        )
        made.connector.search("res.partner", {"country_id": "中国"})  # that list is read once, not in a fault's middle
        return made


class TestOrderWithLines(Conformance):
    @pytest.fixture
    def rig(self, older: OlderWorld) -> Rig:
        partner = older.person("res.partner", None, {"name": "订货客户"})
        product = older.person("product.product", None, {"name": "阀门"})

        def order(n: int) -> dict[str, Any]:
            line = {"product_id": product, "price_unit": Decimal("9.5")}
            lines = [{**line, "key": f"{n}-{q}", "product_uom_qty": Decimal(q)} for q in (1, 2)]
            head = {"partner_id": partner, "date_order": datetime(2026, 11, 1, 8, tzinfo=UTC)}
            return {**head, "client_order_ref": f"PO{n:06d}", "origin": f"来源 {n}", "lines": lines}

        return older.rig(
            "sale.order",
            order,
            {"origin": "edited"},
            typed=lambda n: {"partner_id": int(partner), "origin": f"来源 {n}"},
            words={**SMALL, "objects": {"sale.order": {"line_key": "x_hub_line"}, "account.payment": {}}},
            empty="account.payment",
            bad={"partner_id": "999999"},
            stored=zero,
            large=150,
        )


# ------------------------------------------------------------------------ values


def test_binary_noise_is_no_digit() -> None:
    assert number(Decimal("12.299999999999999"), 2) == Decimal("12.3")
    assert str(number(Decimal("1000.0"), None)) == "1000"
    assert number(Decimal("0.07"), None) == Decimal("0.07")


@pytest.mark.parametrize("token", ["0198a-b7", "a.b/c d", "单_据"])
def test_a_token_survives_as_the_name_of_an_external_id(token: str) -> None:
    name = external_name(token)
    assert "." not in name
    assert _token_of(name) == token


# ------------------------------------------------------------------------ creating and changing


def test_a_create_that_was_committed_and_then_timed_out_makes_one_record(world: World) -> None:
    erp = world.line()
    write = Write(None, sample(1), token="hub-1")
    world.faults.append(Fault("lost", path="/json/2/res.partner/load"))
    [told] = erp.write("res.partner", [write])
    assert isinstance(told, Unanswered)
    [there] = erp.search("res.partner", {"hub_id": "hub-1"})
    [again] = erp.write("res.partner", [write])
    assert again.id == there.id
    [read] = [r for page in erp.read("res.partner") for r in page.records]
    assert (read.id, read.values["hub_id"]) == (there.id, "hub-1")


def test_calls_per_hundred_creates_and_changes(world: World) -> None:
    """A hundred creates are one call, and so are a hundred changes after one look (and one for our ids)."""
    erp, hands = world.line(), Hands(world.url)
    erp.discover()
    erp.write("res.partner", [Write(None, sample(0), token="t")])  # the list of countries is read once
    hands.reset()
    done = erp.write("res.partner", [Write(None, sample(n), token=f"t{n}") for n in range(100)])
    assert world.calls() == {"res.partner/load": 1}
    hands.reset()
    writes = [Write(d.id, {"phone": f"1-{n}", "city": "同"}, expect={"city": f"城市 {n}"}) for n, d in enumerate(done)]
    assert all(isinstance(o, Written) for o in erp.write("res.partner", writes))
    assert world.calls() == {"res.partner/search_read": 1, "ir.model.data/search_read": 1, "res.partner/load": 1}
    hands.reset()
    assert all(isinstance(o, Written) for o in erp.write("res.partner", [writes[0]._replace(expect=None)]))
    assert "res.partner/load" not in world.calls(), "nothing differs any more"


def test_bad_records_of_a_batch_are_named_and_the_others_go_out_again(world: World) -> None:
    erp = world.line()
    values = [sample(n) for n in range(6)]
    for bad in (1, 4):
        values[bad] |= {"type": "contact", "name": None}
    told = erp.write("res.partner", [Write(None, v, token=f"b{n}") for n, v in enumerate(values)])
    assert [isinstance(o, Written) for o in told] == [True, False, True, True, False, True]
    assert "name" in tell(told[1])[0]
    assert world.calls()["res.partner/load"] == 2


def test_a_reference_field_of_the_company_can_keep_our_id(world: World) -> None:
    objects = {"sale.order": {"token_field": "client_order_ref"}, "res.partner": {}, "product.product": {}}
    erp = world.line(objects=objects)
    partner, product = (
        world.person("res.partner", None, {"name": "甲"}),
        world.person("product.product", None, {"name": "乙"}),
    )
    row = {"product_id": product, "product_uom_qty": Decimal(2)}
    uneven = [row, {**row, "price_unit": Decimal(3)}]
    writes = [Write(None, {"partner_id": i, "lines": uneven}, token=f"PO-{i}") for i in (partner, "999999", partner)]
    told = erp.write("sale.order", writes)
    assert [type(t) for t in told] == [Written, Rejected, Written]
    [found] = erp.search("sale.order", {"client_order_ref": "PO-999999"}) or [None]
    assert found is None
    assert [len(r.values["lines"]) for r in erp.fetch("sale.order", [told[0].id])] == [2]
    [told] = world.line().write("sale.order", [Write(None, {"partner_id": partner, "lines": uneven}, token="x")])
    assert isinstance(told, Rejected)
    assert told.code == "odoo.uneven_lines"


def test_a_colleague_s_change_is_not_overwritten(world: World) -> None:
    erp = world.line()
    record = world.person("res.partner", None, {"name": "甲", "city": "一"})
    world.person("res.partner", record, {"city": "同事改的"})
    [told] = erp.write("res.partner", [Write(record, {"city": "二"}, expect={"city": "一"})])
    assert isinstance(told, Stale)


def test_a_list_is_told_by_name(world: World) -> None:
    erp = world.line()
    [made] = erp.write("res.partner", [Write(None, {"name": "甲", "property_payment_term_id": "30 天"}, token="n")])
    assert erp.fetch("res.partner", [made.id])[0].values["property_payment_term_id"] == "30 天"
    [told] = erp.write("res.partner", [Write(made.id, {"property_payment_term_id": "31 天"})])
    assert (told.code, told.field) == ("odoo.no_name", "property_payment_term_id")
    assert [r.id for r in erp.search("res.partner", {"property_payment_term_id": "30 天"})] == [made.id]
    assert erp.search("res.partner", {"property_payment_term_id": "31 天"}) == []


def test_a_delete_archives_unless_told_and_a_document_is_unlinked(world: World) -> None:
    erp = world.line()
    partner, order = world.person("res.partner", None, {"name": "甲"}), world.order(1)
    assert isinstance(erp.write("res.partner", [Write(partner, None)])[0], Written)
    assert erp.fetch("res.partner", [partner])[0].values["active"] is False
    assert isinstance(erp.write("sale.order", [Write(order, None)])[0], Written)
    assert erp.fetch("sale.order", [order]) == []
    held, free = world.order(1), world.person("res.partner", None, {"name": "乙"})
    owner = erp.fetch("sale.order", [held])[0].values["partner_id"]
    plain = world.line(objects={"res.partner": {"delete": "unlink"}})
    told = plain.write("res.partner", [Write(owner, None), Write(free, None), Write("999999", None)])
    assert [type(t) for t in told] == [Rejected, Written, Missing]


# ------------------------------------------------------------------------ documents


def test_a_line_that_changes_alone_brings_its_order(world: World) -> None:
    erp, order = world.line(), world.order(2, 3)
    *_, page = erp.read("sale.order")
    [record] = page.records
    world.clock.sleep(600)
    world.person("sale.order.line", record.values["lines"][0]["id"], {"name": "只改了说明"})
    [again] = [r for p in erp.read("sale.order", page.cursor) for r in p.records]
    assert again.id == order
    assert again.values["lines"][0]["name"] == "只改了说明"
    assert again.modified_at > record.modified_at


def test_lines_are_known_by_the_key_of_another_system(world: World) -> None:
    erp, order = world.line(objects={"sale.order": {"line_key": "x_hub_line"}}), world.order(2)
    [own] = erp.fetch("sale.order", [order])[0].values["lines"]
    assert own["key"] == f"L{own['id']}"
    new = {"product_id": own["product_id"], "key": "20"}
    for quantity in (3, 4):  # the first makes it, the second changes it
        lines = [{**new, "product_uom_qty": Decimal(quantity)}]
        assert isinstance(erp.write("sale.order", [Write(order, {"lines": lines})])[0], Written)
    now = erp.fetch("sale.order", [order])[0].values["lines"]
    assert [(x["key"], x["product_uom_qty"]) for x in now] == [(own["key"], 2), ("20", 4)]
    for _ in range(2):
        assert isinstance(
            erp.write("sale.order", [Write(order, {"lines": [{"key": "20", REMOVED: True}]})])[0], Written
        )
    assert [x["key"] for x in erp.fetch("sale.order", [order])[0].values["lines"]] == [own["key"]]
    with pytest.raises(Unsupported):
        world.line(objects={"sale.order": {"line_key": "x_nowhere"}}).discover()


def test_lines_are_changed_by_their_keys(world: World) -> None:
    erp, order = world.line(), world.order(2, 3)
    one, two = erp.fetch("sale.order", [order])[0].values["lines"]
    product = one["product_id"]
    lines = [
        {"id": one["id"], "product_uom_qty": Decimal(5)},
        {"id": two["id"], REMOVED: True},
        {"product_id": product, "product_uom_qty": Decimal(7)},
    ]
    assert isinstance(erp.write("sale.order", [Write(order, {"lines": lines})])[0], Written)
    now = erp.fetch("sale.order", [order])[0].values["lines"]
    assert [line["product_uom_qty"] for line in now] == [5, 7]
    [told] = erp.write("sale.order", [Write(order, {"lines": [{"id": two["id"], "product_uom_qty": Decimal(1)}]})])
    assert told.code == "odoo.unknown_line"
    erp.call("sale.order", "confirm", order, {})
    [told] = erp.write("sale.order", [Write(order, {"lines": [{"id": one["id"], REMOVED: True}]})])
    assert isinstance(told, Rejected)
    assert "quantity" in tell(told)[0]


@pytest.mark.parametrize("api", ["json2", "jsonrpc"])
def test_from_the_order_to_the_payment(world: World, api: str) -> None:
    erp, order = world.line(api=api), world.order(4)
    erp.call("sale.order", "confirm", order, {})
    [picking] = [r for page in erp.read("stock.picking") for r in page.records]
    assert (picking.values["state"], picking.values["sale_id"]) == ("assigned", order)
    key = picking.values["lines"][0]["id"]
    erp.write("stock.picking", [Write(picking.id, {"lines": [{"id": key, "quantity": Decimal(1)}]})])
    erp.call("stock.picking", "validate", picking.id, {})
    row = erp.fetch("sale.order", [order])[0].values
    assert (row["delivery_status"], row["lines"][0]["qty_delivered"]) == ("partial", 1)
    rest = next(r for page in erp.read("stock.picking") for r in page.records if r.id != picking.id)
    erp.call("stock.picking", "validate", rest.id, {})
    erp.call("sale.order", "invoice", order, {})
    [invoice] = [r for page in erp.read("account.move") for r in page.records]
    erp.call("account.move", "post", invoice.id, {})
    erp.call("account.move", "pay", invoice.id, {"amount": Decimal("5.2"), "date": "2026-11-20", "journal": "银行"})
    now = erp.fetch("account.move", [invoice.id])[0].values
    assert (now["payment_state"], now["amount_residual"]) == ("partial", 40)
    erp.call("account.move", "pay", invoice.id, {})
    payments = [r.values for page in erp.read("account.payment") for r in page.records]
    assert sorted(p["amount"] for p in payments) == [Decimal("5.2"), 40]
    assert {p["reconciled_invoice_ids"] for p in payments} == {invoice.id}
    assert erp.fetch("sale.order", [order])[0].values["invoice_status"] == "invoiced"
    with pytest.raises(Rejected) as told:
        erp.call("account.move", "post", invoice.id, {})
    assert told.value.code == "odoo.illegal_step"


def test_no_backorder_where_none_is_wanted(world: World) -> None:
    erp, order = world.line(), world.order(4)
    erp.call("sale.order", "confirm", order, {})
    [picking] = [r for page in erp.read("stock.picking") for r in page.records]
    key = picking.values["lines"][0]["id"]
    erp.write("stock.picking", [Write(picking.id, {"lines": [{"id": key, "quantity": Decimal(1)}]})])
    erp.call("stock.picking", "validate", picking.id, {"backorder": False})
    assert len([r for page in erp.read("stock.picking") for r in page.records]) == 1


def test_a_button_that_opens_a_dialogue_is_no_success(world: World) -> None:
    erp, order = world.line(), world.order(1)
    world.faults.append(Fault("wizard"))
    with pytest.raises(Rejected) as told:
        erp.call("sale.order", "confirm", order, {})
    assert told.value.code == "odoo.dialogue"


# ------------------------------------------------------------------------ what a database can do


@pytest.mark.parametrize("api", ["json2", "jsonrpc"])
def test_a_wrong_key_is_denied(world: World, api: str) -> None:
    with pytest.raises(Denied):
        world.line(api=api, api_key="wrong").check()


def test_a_wrong_login_is_asked_once_and_not_hammered(world: World) -> None:
    erp = world.line(api="jsonrpc", user="nobody")
    for _ in range(5):
        with pytest.raises(Denied):
            erp.check()
    assert Hands(world.url).counters()["total_calls"] == 1


def test_an_unknown_database_and_a_shut_door_are_said(world: World) -> None:
    for words in ({"database": "other"}, {"api": "jsonrpc", "database": "other"}):
        with pytest.raises(Unsupported):
            world.line(**words).check()
    with pytest.raises(Unsupported) as told:
        world.line(api="jsonrpc", user="").check()
    assert told.value.code == "odoo.incomplete"


def test_a_company_that_is_not_ours_is_denied(world: World) -> None:
    with pytest.raises(Denied) as told:
        world.line(companies=[9]).check()
    assert told.value.code == "odoo.company"
    world.person("res.partner", None, {"name": "总部", "company_id": 1})
    other = world.sandbox.book.create(Env(), "res.partner", {"name": "分部", "company_id": 2})
    erp = world.line(companies=[1])
    assert str(other) not in [r.id for page in erp.read("res.partner") for r in page.records]


def test_a_right_that_is_taken_away(world: World) -> None:
    erp = world.line()
    record = world.person("res.partner", None, {"name": "甲"})
    erp.discover()
    world.person("ir.model.fields", "res.partner", {"hide": ["vat"]})
    with pytest.raises(Denied) as told:
        list(erp.read("res.partner"))
    assert told.value.code == "odoo.no_right"
    assert "vat" not in [f.name for f in world.line().discover()[0].fields]
    plain = world.line(objects={"res.partner": {"fields": ["vat"]}})
    [wrong] = plain.write("res.partner", [Write(record, {"vat": "1"})])
    assert isinstance(wrong, Unsupported)


def test_a_field_that_was_renamed_is_said(world: World) -> None:
    erp = world.line()
    record = world.person("res.partner", None, {"name": "甲"})
    erp.discover()
    world.person("ir.model.fields", "res.partner", {"rename": {"city": "town"}})
    with pytest.raises(Unsupported) as told:
        list(erp.read("res.partner"))
    assert told.value.code == "odoo.misfit"
    with pytest.raises(Unsupported):
        erp.write("res.partner", [Write(record, {"city": "x"})])
    assert "city" not in [f.name for f in world.line().discover()[0].fields]


@pytest.mark.parametrize(
    ("api", "fault", "kind"),
    [
        ("json2", Fault("serialization"), Transient),
        ("jsonrpc", Fault("serialization"), Transient),
        ("json2", Fault("validation"), Rejected),
        ("jsonrpc", Fault("locked"), Rejected),
        ("json2", Fault("half", path="/json/2/res.partner/load"), Unanswered),
    ],
)
def test_an_error_of_a_write_has_its_class_and_words(
    world: World, api: str, fault: Fault, kind: type[HubError]
) -> None:
    erp = world.line(api=api)
    erp.write("res.partner", [Write(None, sample(0), token="t")])
    world.faults.append(fault)
    [told] = erp.write("res.partner", [Write(None, sample(1), token="t1")])
    assert isinstance(told, kind)
    assert "{" not in "".join(tell(told) + tell(told, "zh"))
    assert isinstance(erp.write("res.partner", [Write(None, sample(1), token="t1")])[0], Written)


def test_half_an_answer_is_no_answer(world: World) -> None:
    erp = world.line()
    erp.discover()
    world.person("res.partner", None, {"name": "甲"})
    world.faults.append(Fault("half", path="/json/2/res.partner/search_read"))
    with pytest.raises(Transient):
        list(erp.read("res.partner"))


def test_a_redirect_to_another_host_is_not_followed(world: World) -> None:
    async def away(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 308, "headers": [(b"location", b"http://evil.example/x")]})
        await send({"type": "http.response.body", "body": b""})

    with serving(away) as url:
        world.url = url
        with pytest.raises(Unsupported) as told:
            world.line().check()
    assert told.value.code == "odoo.redirected"


def test_health_tells_the_series_and_warns_before_the_key_ends(world: World) -> None:
    told = world.line().health()
    assert told["version"] == "19.0"
    assert "warning" not in told
    Hands(world.url).settings(key_days=10)
    assert "warning" in world.line(api="jsonrpc", key_name="hefu").health()


def test_any_other_model_is_an_object_too(world: World) -> None:
    objects = {"customer": {"model": "res.partner", "domain": [["parent_id", "=", False]]}, "res.users": {}}
    erp = world.line(objects=objects)
    parent = world.person("res.partner", None, {"name": "母公司"})
    world.person("res.partner", None, {"name": "张三", "parent_id": int(parent)})
    assert [r.id for page in erp.read("customer") for r in page.records] == [parent]
    customer, users = erp.discover()
    assert customer.field("parent_id").target == "customer"
    assert {"name", "login"} <= {f.name for f in users.fields}
    with pytest.raises(Unsupported):
        world.line(objects={"no.model": {}}).discover()
    with pytest.raises(Unsupported):
        world.line(objects={"res.partner": {"token_field": "x_nowhere"}}).discover()


def test_the_connection_that_the_sandbox_offers_works(world: World) -> None:
    offered = SANDBOX.connection(world.url)
    erp = line(offered["connector"], offered["settings"], world.clock)
    erp.check()
    found = {s.name: s for s in erp.discover()}
    assert set(found) == {"res.partner", "product.product", "sale.order", "stock.picking", "account.move",
                          "account.payment"}  # fmt: skip
    order = found["sale.order"]
    assert order.field("partner_id").required
    assert not order.field("date_order").required
    assert not order.field("amount_total").writable
    assert order.field("currency_id").type == "code"
