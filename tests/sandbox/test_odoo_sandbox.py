"""Odoo's sandbox keeps the vendor's manners; Odoo's own client library and the standard XML-RPC client judge it."""

from __future__ import annotations

import xmlrpc.client
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import odoolib
import pytest

from hefu.sandbox.hands import Hands, call
from hefu.sandbox.odoo import Odoo
from hefu.sandbox.odoo.api import DATABASE, KEY
from hefu.sandbox.odoo.env import LOGIN
from hefu.sandbox.server import Server

BEARER = {"Authorization": f"bearer {KEY}", "X-Odoo-Database": DATABASE}


class Client:
    """JSON-2 by hand."""

    def __init__(self, url: str) -> None:
        self.url, self.hands, self.count = url, Hands(url), 0

    def raw(self, path: str, headers: dict[str, str] | None = None, **words: Any) -> Any:
        return call(
            "POST", f"{self.url}/json/2/{path.replace(' ', '/')}", words, BEARER if headers is None else headers
        )

    def ask(self, path: str, **words: Any) -> Any:
        told = self.raw(path, **words)
        assert told.status == 200, told.body.decode()
        return told.json

    def error(self, path: str, **words: Any) -> tuple[int, str]:
        told = self.raw(path, **words)
        return told.status, told.json["name"].rpartition(".")[2]

    def new(self, model: str = "res.partner", **vals: Any) -> int:
        self.count += 1
        vals = {"name": f"客户 {self.count}", **vals} if model == "res.partner" else vals
        return int(self.ask(f"{model} create", vals_list=[vals])[0])

    def get(self, model: str, number: int, *names: str) -> dict[str, Any]:
        return dict(self.ask(f"{model} read", ids=[number], fields=list(names))[0])

    def rpc(self, service: str, method: str, *args: Any) -> Any:
        params = {"service": service, "method": method, "args": args}
        told = call("POST", f"{self.url}/jsonrpc", {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params})
        assert told.status == 200
        return told.json

    def order(self, *quantities: float, **more: Any) -> int:
        product = self.new("product.product", name="轴承", list_price=10)
        rows = [[0, 0, {"product_id": product, "product_uom_qty": q}] for q in quantities]
        return self.new("sale.order", partner_id=self.new(), order_line=rows, **more)


@pytest.fixture(scope="module")
def running() -> Iterator[Client]:
    server = Server(Odoo(empty=True)).start()
    yield Client(server.url)
    server.stop()


@pytest.fixture
def odoo(running: Client) -> Iterator[Client]:
    running.hands.reset()
    yield running
    running.hands.settings(json2=1, rpc=1, reserve=1, in_payment=0, clock_offset=0)


# ------------------------------------------------------------------------ judges


@pytest.mark.judge("odoo", "odoo-client-lib")
@pytest.mark.parametrize("protocol", ["json2", "jsonrpc", "xmlrpc"])
def test_odoo_s_own_client_library_speaks_with_it(odoo: Client, protocol: str) -> None:
    parts = urlsplit(odoo.url)
    line = odoolib.get_connection(parts.hostname, protocol, parts.port, DATABASE, LOGIN, KEY)
    line.check_login()
    assert line.get_user_context()["tz"] == "Asia/Shanghai"
    partners, orders = line.get_model("res.partner"), line.get_model("sale.order")
    made = partners.create([{"name": "甲公司", "vat": f"91{protocol}"}])[0]
    assert partners.read(made, ["name", "vat", "email"]) | {"id": 0} == {
        "id": 0, "name": "甲公司", "vat": f"91{protocol}", "email": False,
    }  # fmt: skip
    assert partners.search([("vat", "=", f"91{protocol}")]) == [made]
    assert partners.write([made], {"phone": "021-55501234"}) is True
    product = line.get_model("product.product").create([{"name": "阀门", "list_price": 12.5}])[0]
    lines = [[0, 0, {"product_id": product, "product_uom_qty": 2}]]
    order = orders.create([{"partner_id": made, "order_line": lines}])[0]
    assert orders.action_confirm([order]) is True
    told = orders.read(order, ["state", "partner_id", "amount_total"])
    assert (told["state"], told["partner_id"], told["amount_total"]) == ("sale", [made, "甲公司"], 28.25)
    with pytest.raises((ValueError, xmlrpc.client.Fault, odoolib.tools.JsonRPCException)):
        partners.write([made], {"nowhere": 1})


def test_the_standard_xml_rpc_client_speaks_with_it(odoo: Client) -> None:
    common = xmlrpc.client.ServerProxy(f"{odoo.url}/xmlrpc/2/common")
    assert common.version()["server_serie"] == "19.0"
    assert common.authenticate(DATABASE, LOGIN, "wrong", {}) is False
    uid = common.authenticate(DATABASE, LOGIN, KEY, {})
    models = xmlrpc.client.ServerProxy(f"{odoo.url}/xmlrpc/2/object")
    made = models.execute_kw(DATABASE, uid, KEY, "res.partner", "create", [{"name": "乙"}])
    found = models.execute_kw(
        DATABASE, uid, KEY, "res.partner", "search_read", [[["id", "=", made]]], {"fields": ["ref"]}
    )
    assert found == [{"id": made, "ref": False}]
    with pytest.raises(xmlrpc.client.Fault) as told:
        models.execute_kw(DATABASE, uid, "wrong", "res.partner", "search", [[]])
    assert told.value.faultCode == 3
    entity = (
        b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY e "x">]><methodCall><methodName>version</methodName></methodCall>'
    )
    assert call("POST", f"{odoo.url}/xmlrpc/2/common", entity).status == 400


# ------------------------------------------------------------------------ doors


def test_json_2_answers_with_real_codes(odoo: Client) -> None:
    assert odoo.raw("res.partner search", {"Authorization": "bearer wrong"}, domain=[]).status == 401
    assert odoo.raw("res.partner search", {}, domain=[]).status == 401
    assert odoo.raw("res.partner search", {**BEARER, "X-Odoo-Database": "other"}, domain=[]).status == 404
    assert odoo.error("no.model search", domain=[]) == (404, "NotFound")
    assert odoo.error("res.partner no_method", ids=[1]) == (404, "NotFound")
    assert odoo.error("res.partner _load_records", ids=[1]) == (403, "AccessError")
    assert odoo.error("res.partner search", domain=[], colour="red") == (422, "UnprocessableEntity")
    assert odoo.error("res.partner read", ids=[999999], fields=["name"]) == (404, "MissingError")
    assert odoo.error("res.partner search_read", domain=[], fields=["nowhere"]) == (500, "ValueError")
    assert odoo.error("res.partner create", vals_list=[{"name": "x", "type": "home"}]) == (500, "ValueError")
    assert odoo.error("product.product create", vals_list=[{"list_price": 1}]) == (422, "ValidationError")
    context = {"allowed_company_ids": [9]}
    assert odoo.error("res.partner search", domain=[], context=context) == (403, "AccessError")


def test_rpc_hides_its_errors_in_200_and_a_wrong_login_is_false(odoo: Client) -> None:
    assert odoo.rpc("common", "authenticate", DATABASE, LOGIN, "wrong", {})["result"] is False
    told = odoo.rpc("object", "execute_kw", DATABASE, 2, KEY, "res.partner", "read", [[999999], ["name"]])["error"]
    assert (told["code"], told["message"]) == (200, "Odoo Server Error")
    assert told["data"]["name"] == "odoo.exceptions.MissingError"
    told = odoo.rpc("object", "execute_kw", DATABASE, 2, "wrong", "res.partner", "search", [[]])["error"]
    assert told["data"]["name"] == "odoo.exceptions.AccessDenied"
    odoo.hands.fault("expired")
    told = odoo.rpc("object", "execute_kw", DATABASE, 2, KEY, "res.partner", "search", [[]])["error"]
    assert told["code"] == 100


def test_a_key_has_an_end_and_can_be_renewed_before(odoo: Client) -> None:
    odoo.hands.settings(key_days=14)
    [key] = odoo.ask("res.users.apikeys search_read", domain=[], fields=["expiration_date"])
    until = key["expiration_date"][:10]
    made = odoo.ask("res.users.apikeys generate", key=KEY, scope="rpc", name="next", expiration_date=until)
    assert odoo.raw("res.partner search", {"Authorization": f"bearer {made}"}, domain=[], limit=1).status == 200
    too_long = {"key": KEY, "scope": "rpc", "name": "x", "expiration_date": "2099-01-01"}
    assert odoo.error("res.users.apikeys generate", **too_long) == (422, "UserError")
    odoo.hands.settings(clock_offset=15 * 86400)
    assert odoo.raw("res.partner search", domain=[]).status == 401
    odoo.hands.settings(key_days=90)


# ------------------------------------------------------------------------ records


def test_empty_is_false_and_a_many2one_has_a_name(odoo: Client) -> None:
    parent = odoo.new(name="母公司")
    child = odoo.new(name="张三", parent_id=parent, credit_limit=0)
    row = odoo.get("res.partner", child, "parent_id", "email", "credit_limit", "active", "display_name", "child_ids")
    assert (row["parent_id"], row["email"], row["credit_limit"]) == ([parent, "母公司"], False, 0)
    assert (row["active"], row["display_name"], row["child_ids"]) == (True, "母公司, 张三", [])
    assert odoo.get("res.partner", parent, "child_ids")["child_ids"] == [child]
    told = odoo.ask("res.partner read", ids=[child], fields=["parent_id"], load="")
    assert told[0]["parent_id"] == parent


def test_stamps_show_seconds_and_keep_more(odoo: Client) -> None:
    made = odoo.new()
    at = odoo.get("res.partner", made, "write_date")["write_date"]
    assert len(at) == 19
    assert odoo.ask("res.partner search", domain=[["id", "=", made], ["write_date", "=", at]]) == []
    assert odoo.ask("res.partner search", domain=[["id", "=", made], ["write_date", ">=", at]]) == [made]
    assert odoo.error("res.partner search", domain=[["write_date", ">=", at.replace(" ", "T")]]) == (500, "ValueError")


def test_domains_and_pages(odoo: Client) -> None:
    mark = f"页{odoo.count}"
    made = odoo.ask("res.partner create", vals_list=[{"name": f"{mark}-{n}", "ref": str(n)} for n in range(5)])
    mine = ["name", "=like", f"{mark}-%"]

    def found(*domain: Any, **more: Any) -> list[int]:
        return [made.index(i) for i in odoo.ask("res.partner search", domain=[mine, *domain], order="id", **more)]

    assert found(limit=2, offset=2) == [2, 3]
    assert found("|", ["ref", "=", "1"], ["ref", "in", ["3", "4"]]) == [1, 3, 4]
    assert found("!", ["ref", "in", ["1"]]) == [0, 2, 3, 4]
    assert found(["ref", "not in", ["0", "1"]]) == [2, 3, 4]
    assert found(["id", ">", made[2]]) == [3, 4]
    odoo.ask("res.partner write", ids=[made[0]], vals={"active": False})
    assert found() == [1, 2, 3, 4]
    assert found(context={"active_test": False}) == [0, 1, 2, 3, 4]
    assert odoo.error("res.partner search", domain=["&", mine]) == (500, "ValueError")
    assert odoo.error("res.partner search", domain=[["name", "sounds", "x"]]) == (500, "ValueError")


def test_one_bad_record_takes_the_call_back(odoo: Client) -> None:
    before = odoo.ask("res.partner search_count", domain=[])
    told = odoo.error("res.partner create", vals_list=[{"name": "好"}, {"type": "contact"}])
    assert told == (422, "ValidationError")
    assert odoo.ask("res.partner search_count", domain=[]) == before
    assert odoo.hands.counters()["total_writes"] == 0


def test_load_finds_again_by_external_id_and_is_all_or_nothing(odoo: Client) -> None:
    fields = ["id", "name", "vat", "country_id/.id", "is_company"]
    rows = [["hub.k1", "甲", "91A", "1", "1"], ["hub.k2", "乙", "", "", ""]]
    ids = odoo.ask("res.partner load", fields=fields, data=rows)["ids"]
    assert odoo.ask("res.partner load", fields=fields, data=rows)["ids"] == ids
    assert odoo.get("res.partner", ids[1], "vat", "country_id", "is_company") == {
        "id": ids[1], "vat": False, "country_id": False, "is_company": False,
    }  # fmt: skip
    data = odoo.ask(
        "ir.model.data search_read", domain=[["module", "=", "hub"], ["name", "=", "k1"]], fields=["res_id"]
    )
    assert data[0]["res_id"] == ids[0]
    bad = [["hub.k1", "改", "", "", ""], ["hub.k3", "", "", "", ""], ["hub.k4", "丁", "", "99", ""]]
    told = odoo.ask("res.partner load", fields=fields, data=bad)
    assert (told["ids"], [m["record"] for m in told["messages"]]) == (False, [1, 2])
    assert odoo.get("res.partner", ids[0], "name")["name"] == "甲"
    told = odoo.ask("res.partner load", fields=[".id", "name"], data=[[ids[0], "改名"]])
    assert odoo.get("res.partner", ids[0], "name")["name"] == "改名"
    told = odoo.ask("res.partner load", fields=["credit_limit", "name"], data=[["viel", "戊"]])
    assert "number" in told["messages"][0]["message"]


def test_load_puts_lines_under_a_document(odoo: Client) -> None:
    partner, product = odoo.new(), odoo.new("product.product", name="电机", list_price=100)
    fields = [
        "id",
        "partner_id/.id",
        "order_line/product_id/.id",
        "order_line/product_uom_qty",
        "order_line/price_unit",
    ]
    rows = [
        ["hub.o1", partner, product, "2", "90"],
        ["", "", product, "1", "80"],
        ["hub.o2", partner, product, "5", "7"],
    ]
    ids = odoo.ask("sale.order load", fields=fields, data=rows)["ids"]
    found = odoo.ask(
        "sale.order.line search_read", domain=[["order_id", "in", ids]], fields=["price_subtotal"], order="id"
    )
    assert [r["price_subtotal"] for r in found] == [180, 80, 35]
    assert odoo.get("sale.order", ids[0], "amount_total")["amount_total"] == 293.8


def test_rights_companies_and_renamed_fields(odoo: Client) -> None:
    made, other = odoo.new(vat="1"), odoo.new(company_id=2)
    odoo.hands.edit("ir.model.fields", "res.partner", {"hide": ["vat"]})
    assert "vat" not in odoo.ask("res.partner fields_get")
    assert odoo.error("res.partner read", ids=[made], fields=["vat"]) == (403, "AccessError")
    assert odoo.error("res.partner write", ids=[made], vals={"vat": "2"}) == (403, "AccessError")
    odoo.hands.edit("ir.model.fields", "res.partner", {"show": ["vat"], "rename": {"phone": "telephone"}})
    assert odoo.error("res.partner read", ids=[made], fields=["phone"]) == (500, "ValueError")
    odoo.ask("res.partner write", ids=[made], vals={"telephone": "1"})
    odoo.hands.edit("ir.model.fields", "res.partner", {"rename": {"phone": "phone"}})
    assert odoo.get("res.partner", made, "phone")["phone"] == "1"
    only = {"allowed_company_ids": [1]}
    assert odoo.ask("res.partner search", domain=[["id", "in", [made, other]]], context=only) == [made]
    assert odoo.error("res.partner read", ids=[other], fields=["name"], context=only) == (403, "AccessError")


# ------------------------------------------------------------------------ documents


def test_an_order_s_way_to_the_payment(odoo: Client) -> None:
    order = odoo.order(3, 1)
    assert odoo.get("sale.order", order, "state", "amount_total")["amount_total"] == 45.2
    odoo.ask("sale.order action_confirm", ids=[order])
    assert odoo.error("sale.order action_confirm", ids=[order]) == (422, "UserError")
    assert odoo.error("sale.order unlink", ids=[order]) == (422, "UserError")
    row = odoo.get("sale.order", order, "picking_ids", "delivery_status", "invoice_status", "order_line")
    assert (row["delivery_status"], row["invoice_status"]) == ("pending", "to invoice")
    [picking] = row["picking_ids"]
    moves = odoo.get("stock.picking", picking, "move_ids")["move_ids"]
    odoo.ask("stock.picking write", ids=[picking], vals={"move_ids": [[1, moves[0], {"quantity": 2}]]})
    told = odoo.ask("stock.picking button_validate", ids=[picking])
    assert told["res_model"] == "stock.backorder.confirmation"
    assert odoo.get("stock.picking", picking, "state")["state"] == "assigned"
    assert odoo.ask("stock.picking button_validate", ids=[picking], context={"skip_backorder": True}) is True
    row = odoo.get("sale.order", order, "picking_ids", "delivery_status")
    assert (len(row["picking_ids"]), row["delivery_status"]) == (2, "partial")
    rest = max(row["picking_ids"])
    odoo.ask("stock.picking button_validate", ids=[rest])
    assert odoo.get("sale.order", order, "delivery_status")["delivery_status"] == "full"

    context = {"active_model": "sale.order", "active_ids": [order]}
    wizard = odoo.ask("sale.advance.payment.inv create", vals_list=[{}], context=context)
    invoice = odoo.ask("sale.advance.payment.inv create_invoices", ids=wizard, context=context)["res_id"]
    assert odoo.get("sale.order", order, "invoice_status", "invoice_ids")["invoice_ids"] == [invoice]
    odoo.ask("account.move action_post", ids=[invoice])
    row = odoo.get("account.move", invoice, "name", "state", "amount_residual", "payment_state", "invoice_date_due")
    assert (row["state"], row["amount_residual"], row["payment_state"]) == ("posted", 45.2, "not_paid")
    assert row["name"].startswith("INV/")
    assert odoo.error("account.move write", ids=[invoice], vals={"partner_id": 1}) == (422, "UserError")
    for amount, state in ((5.2, "partial"), (40, "paid")):
        paying = {"active_model": "account.move", "active_ids": [invoice]}
        register = odoo.ask("account.payment.register create", vals_list=[{"amount": amount}], context=paying)
        odoo.ask("account.payment.register action_create_payments", ids=register, context=paying)
        assert odoo.get("account.move", invoice, "payment_state")["payment_state"] == state
    found = odoo.ask(
        "account.payment search_read", domain=[["reconciled_invoice_ids", "in", [invoice]]], fields=["amount"]
    )
    assert sorted(r["amount"] for r in found) == [5.2, 40]
    assert odoo.error("account.payment.register action_create_payments", ids=register, context=paying) == (
        422,
        "UserError",
    )


def test_a_confirmed_order_keeps_its_lines_and_a_cancel_asks_first(odoo: Client) -> None:
    order = odoo.order(2)
    odoo.ask("sale.order action_confirm", ids=[order])
    [line] = odoo.get("sale.order", order, "order_line")["order_line"]
    assert odoo.error("sale.order write", ids=[order], vals={"order_line": [[2, line, 0]]}) == (422, "UserError")
    odoo.ask("sale.order write", ids=[order], vals={"order_line": [[1, line, {"product_uom_qty": 5}]]})
    found = odoo.ask("stock.move search_read", domain=[["sale_line_id", "=", line]], fields=["product_uom_qty"])
    assert sum(m["product_uom_qty"] for m in found) == 5
    assert odoo.ask("sale.order action_cancel", ids=[order])["res_model"] == "sale.order.cancel"
    odoo.ask("sale.order action_cancel", ids=[order], context={"disable_cancel_warning": True})
    assert odoo.get("sale.order", order, "state")["state"] == "cancel"
    odoo.ask("sale.order unlink", ids=[order])
    assert odoo.ask("sale.order.line search", domain=[["id", "=", line]]) == []


def test_what_is_used_cannot_be_deleted_and_a_line_moves_its_order(odoo: Client) -> None:
    order = odoo.order(2)
    partner = odoo.get("sale.order", order, "partner_id")["partner_id"][0]
    assert odoo.error("res.partner unlink", ids=[partner]) == (422, "ValidationError")
    [line] = odoo.get("sale.order", order, "order_line")["order_line"]
    odoo.hands.settings(clock_offset=60)
    before = odoo.get("sale.order", order, "write_date")["write_date"]
    odoo.ask("sale.order.line write", ids=[line], vals={"name": "only words"})
    assert odoo.get("sale.order", order, "write_date")["write_date"] == before
    odoo.ask("sale.order.line write", ids=[line], vals={"price_unit": 11})
    assert odoo.get("sale.order", order, "write_date")["write_date"] > before


@pytest.mark.parametrize(
    ("kind", "name"),
    [("serialization", "SerializationFailure"), ("validation", "ValidationError"), ("locked", "UserError")],
)
def test_faults_of_its_own_strike_once_and_change_nothing(odoo: Client, kind: str, name: str) -> None:
    before = odoo.ask("res.partner search_count", domain=[])
    odoo.hands.fault(kind)
    assert odoo.error("res.partner create", vals_list=[{"name": "x"}])[1] == name
    assert odoo.ask("res.partner search_count", domain=[]) == before
    assert odoo.new()


# ------------------------------------------------------------------------ sample


def test_the_sample_company_is_there_and_hangs_together() -> None:
    server = Server(Odoo()).start()
    try:
        odoo = Client(server.url)
        assert (
            odoo.ask("res.partner search_count", domain=[["is_company", "=", True]], context={"active_test": False})
            == 1600
        )
        assert odoo.ask("sale.order search_count", domain=[]) == 2400
        wanted = {"domain": [["state", "=", "sale"]], "fields": ["amount_untaxed", "order_line"]}
        orders = odoo.ask("sale.order search_read", **wanted, limit=20, order="id desc")
        for order in orders:
            lines = odoo.ask("sale.order.line read", ids=order["order_line"], fields=["price_subtotal"])
            assert round(sum(x["price_subtotal"] for x in lines), 2) == order["amount_untaxed"]
        [due] = odoo.ask("account.move search_read", domain=[["payment_state", "=", "partial"]], limit=1,
                         fields=["amount_residual", "amount_total"])  # fmt: skip
        assert 0 < due["amount_residual"] < due["amount_total"]
        [ready] = odoo.ask("stock.picking search", domain=[["state", "=", "assigned"]], limit=1)
        assert odoo.ask("stock.picking button_validate", ids=[ready]) is True
        assert odoo.new("sale.order", partner_id=1) > 2400
        page = call("GET", f"{server.url}/?lang=zh").body.decode()
        assert "沙盒 Odoo" in page
        assert "price_unit" in call("GET", f"{server.url}/record/sale.order/1?lang=zh").body.decode()
    finally:
        server.stop()
