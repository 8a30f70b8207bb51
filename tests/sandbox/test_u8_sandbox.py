"""The U8 sandbox: the relay's tokens, trade ids and late results, and the XML door with its odd idea of success."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.client import HTTPException
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape

import defusedxml.ElementTree as Safe
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hefu.sandbox.hands import Hands, Reply, call
from hefu.sandbox.server import Server
from hefu.sandbox.u8 import open_u8
from hefu.sandbox.u8.openapi import APP_KEY, APP_SECRET, FROM, TO

WHO = {"from_account": FROM, "app_key": APP_KEY}
CUSTOMER = {
    "name": "示例机械有限公司",
    "abbrname": "示例机械",
    "sort_code": "01",
    "seed_date": "2026-03-01",
    "ccusexch_name": "人民币",
    "ccusmngtypecode": "999",
}


class Box:
    """A running sandbox and a client of it."""

    def __init__(self, server: Server) -> None:
        self.server, self.url, self.hands = server, server.url, Hands(server.url)
        self.token = self.login()

    def login(self, secret: str = APP_SECRET) -> str:
        told = call("GET", f"{self.url}/system/token?{urlencode({**WHO, 'app_secret': secret})}").json
        return str(told["token"]["id"]) if told["errcode"] == "0" else ""

    def send(self, path: str, body: object = None, **words: str) -> Any:
        query = urlencode({**WHO, "to_account": TO, "token": self.token, **words})
        return call("GET" if body is None else "POST", f"{self.url}{path}?{query}", body).json

    def trade(self) -> str:
        return str(self.send("/system/tradeid")["trade"]["id"])

    def ok(self, path: str, body: object = None, **words: str) -> Any:
        told = self.send(path, body, **words)
        assert told["errcode"] == "0", told
        return told

    def write(self, entity: str, verb: str, values: dict[str, Any]) -> Any:
        return self.send(f"/api/{entity}/{verb}", {entity: values}, tradeid=self.trade())

    def xml(self, text: str | bytes) -> Reply:
        body = text.encode() if isinstance(text, str) else text
        return call("POST", f"{self.url}/u8eai/import.asp", body, {"Content-Type": "text/xml"})

    def eai(self, kind: str, proc: str, inside: str, sender: str = "001") -> dict[str, str]:
        """The attributes of the only item of the answer."""
        head = f'<ufinterface roottag="{kind}" sender="{sender}" receiver="u8" proc="{proc}" version="2.0">'
        reply = self.xml(f"{head}<{kind}>{inside}</{kind}></ufinterface>")
        assert reply.status == 200, reply.body
        return dict(Safe.fromstring(reply.body).find("item").attrib)


def flat(values: dict[str, Any]) -> str:
    return "".join(f"<{k}>{escape(str(v))}</{k}>" for k, v in values.items())


def order(code: str) -> dict[str, Any]:
    line = {"inventorycode": "M1", "quantity": 10, "taxunitprice": 113, "sum": 1130}
    return {"code": code, "date": "2026-03-01", "custcode": "C1", "define11": "hub-1", "entry": [line]}


@pytest.fixture(scope="module")
def served() -> Iterator[Box]:
    server = Server(open_u8(empty=True)).start()
    made = Box(server)
    made.hands.create("inventory", {"code": "M1", "name": "轴承"})
    made.hands.create("customer", {"code": "C1", **CUSTOMER})
    yield made
    server.stop()


@pytest.fixture
def box(served: Box) -> Iterator[Box]:
    yield served
    served.hands.reset()
    served.token = served.login()


def test_who_may_call(box: Box) -> None:
    assert box.login("wrong") == ""
    box.hands.fault("expire")
    assert box.send("/api/customer/get", id="C1")["errcode"] == "20001"
    box.token = box.login()
    assert box.send("/api/customer/get", id="C1", to_account="other")["errcode"] == "20003"
    assert box.send("/api/customer/get", id="C1", ds_sequence="9")["errcode"] == "20004"
    box.hands.fault("offline")
    assert "不在线" in box.send("/api/customer/get", id="C1")["errmsg"]
    assert box.ok("/api/customer/get", id="C1")["customer"]["name"] == CUSTOMER["name"]


def test_a_trade_id_makes_a_repeated_post_return_the_first_result(box: Box) -> None:
    trade = box.trade()
    first = box.ok("/api/saleorder/add", {"saleorder": order("T1")}, tradeid=trade)
    assert box.ok("/api/saleorder/add", {"saleorder": order("T1")}, tradeid=trade) == first
    assert "已存在" in box.write("saleorder", "add", order("T1"))["errmsg"]
    own = box.ok("/api/customer/add", {"customer": {"code": "B1", **CUSTOMER}}, biz_id="crm-7")
    assert box.ok("/api/customer/add", {"customer": {"code": "B1", **CUSTOMER}}, biz_id="crm-7")["id"] == own["id"]
    both = box.send("/api/customer/add", {"customer": CUSTOMER}, biz_id="x", tradeid=box.trade())
    assert both["errcode"] != "0"
    assert sum(box.hands.counters()["writes"].values()) == 2


def test_a_result_that_is_not_waited_for_comes_after_some_polls(box: Box) -> None:
    told = box.ok("/api/saleorder/add", {"saleorder": order("S1")}, tradeid=box.trade(), sync="0")
    answers = [call("GET", told["url"]).json for _ in range(3)]
    assert [a["errcode"] for a in answers] == ["30002", "30002", "0"]
    assert answers[-1]["id"] == "S1"


def test_a_bill_is_approved_and_then_locked(box: Box) -> None:
    box.write("saleorder", "add", order("V1"))
    assert box.write("saleorder", "verify", {"code": "V1"})["errcode"] == "0"
    assert box.write("saleorder", "verify", {"code": "V1"})["errmsg"] == "销售订单[V1]已审核"
    seen = box.ok("/api/saleorder/get", id="V1")["saleorder"]
    assert (seen["state"], seen["entry"][0]["quantity"], seen["define11"]) == ("Approved", "10", "hub-1")
    approved = box.ok("/api/saleorderlist/batch_get", state="Approved", rows_per_page="100")["saleorderlist"]
    assert [r["code"] for r in approved] == ["V1"]
    assert "entry" not in approved[0]
    assert box.write("saleorder", "unverify", {"code": "V1"})["errcode"] == "0"
    wrong = order("V2")
    wrong["entry"][0]["sum"] = 1
    assert "不符" in box.write("saleorder", "add", wrong)["errmsg"]
    assert "不存在" in box.write("saleorder", "add", {**order("V2"), "custcode": "NOBODY"})["errmsg"]


def test_lists_page_and_every_value_is_a_text(box: Box) -> None:
    for n in range(5):
        box.hands.create("customer", {**CUSTOMER, "code": f"P{n}"})
    page = box.ok("/api/customer/batch_get", code_begin="P0", code_end="P9", page_index="2", rows_per_page="2")
    assert ([c["code"] for c in page["customer"]], page["row_count"], page["page_count"]) == (["P2", "P3"], "5", "3")
    assert all(isinstance(value, str) for value in page["customer"][0].values())
    edited = box.write("customer", "edit", {"code": "P1", "phone": "021-5550"})
    assert edited["errcode"] == "0"
    two = [box.ok("/api/customer/get", id=code)["customer"] for code in ("P1", "P2")]
    assert int(two[0]["timestamp"]) > int(two[1]["timestamp"])


def test_a_write_whose_answer_is_lost_was_made(box: Box) -> None:
    trade = box.trade()
    box.hands.fault("lost", path="/api/saleorder/add")
    with pytest.raises((OSError, HTTPException)):
        box.send("/api/saleorder/add", {"saleorder": order("L1")}, tradeid=trade)
    assert box.ok("/api/saleorder/add", {"saleorder": order("L1")}, tradeid=trade)["id"] == "L1"


def test_the_xml_door_adds_edits_queries_and_deletes(box: Box) -> None:
    values = {"code": "X1", **CUSTOMER}
    assert box.eai("customer", "add", flat(values)) == {
        "key": "X1",
        "succeed": "0",
        "dsc": "ok",
        "u8key": "X1",
        "proc": "add",
    }
    again = box.eai("customer", "add", flat(values))
    assert (again["succeed"], "已存在" in again["dsc"]) == ("1", True)
    assert box.eai("customer", "edit", flat({"code": "X1", "phone": "1"}))["succeed"] == "0"
    head = (
        '<ufinterface roottag="customer" sender="001" proc="query"><customer><code>X1</code></customer></ufinterface>'
    )
    found = Safe.fromstring(box.xml(head).body).find("customer")
    assert (found.findtext("phone"), found.findtext("name")) == ("1", CUSTOMER["name"])
    assert box.eai("customer", "delete", "<code>X1</code>")["succeed"] == "0"
    assert box.eai("customer", "query", "<code>X1</code>")["succeed"] == "1"
    assert box.eai("customer", "add", flat(values), sender="999")["dsc"] == "外部系统未注册"


def test_a_bill_goes_through_the_xml_door(box: Box) -> None:
    bill = order("E1")
    entry = "".join(f"<entry>{flat(line)}</entry>" for line in bill.pop("entry"))
    inside = f"<header>{flat(bill)}</header><body>{entry}</body>"
    assert box.eai("saleorder", "add", inside)["u8key"] == "E1"
    assert box.ok("/api/saleorder/get", id="E1")["saleorder"]["entry"][0]["sum"] == "1130"


def test_wrong_names_are_a_success_that_wrote_nothing(box: Box) -> None:
    nothing = box.eai("customer", "add", "<cCusCode>X9</cCusCode>")
    assert (nothing["succeed"], nothing["key"], nothing["u8key"]) == ("0", "", "")
    told = box.eai("customer", "add", flat({"code": "X9", **CUSTOMER}) + "<cWhCode>1</cWhCode>")
    assert (told["succeed"], told["dsc"]) == ("1", "数据库没有提供的字段(cWhCode)")
    assert box.eai("customer", "query", "<code>X9</code>")["succeed"] == "1"


def test_hostile_xml_is_refused(box: Box) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><ufinterface roottag="customer">&b;</ufinterface>'
    outside = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><ufinterface roottag="customer">&f;</ufinterface>'
    for text in (bomb, outside, "<ufinterface", "", "<other/>"):
        reply = box.xml(text)
        assert reply.status == 500
        assert b"root:" not in reply.body


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from(["code", "custcode", "entry", "date", "taxrate"]), JSON), JSON)
def test_whatever_is_sent_is_refused_in_its_own_words(served: Box, values: dict[str, Any], line: Any) -> None:
    for entity, body in (
        ("saleorder", {**order(""), **values}),
        ("saleorder", {**order(""), "entry": [line]}),
        ("customer", values),
    ):
        query = urlencode({**WHO, "to_account": TO, "token": served.token, "tradeid": served.trade()})
        reply = call("POST", f"{served.url}/api/{entity}/add?{query}", json.dumps({entity: body}).encode())
        assert reply.status == 200, (entity, body, reply.body[:200])


def test_the_sample_company_is_there() -> None:
    sandbox = open_u8()
    book = sandbox.book
    assert [len(book.all(name)) for name in ("customer", "inventory", "saleorder")] == [1600, 200, 2400]
    invoices = {bill["invoiceno"] for bill in book.all("saleinvoice")}
    assert {bill["digest"] for bill in book.all("accept")} <= invoices
    sandbox.close()
