"""The YonBIP sandbox: its test vectors, its calls as its documentation has them, its odd manners, its events."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from http.client import HTTPException
from typing import Any
from urllib.parse import urlencode

import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from hefu.sandbox.hands import Hands, Reply, call
from hefu.sandbox.server import Server
from hefu.sandbox.yonbip import open_yonbip
from hefu.sandbox.yonbip.api import APP_KEY, APP_SECRET, TENANT, YonBip, signature
from hefu.sandbox.yonbip.events import cipher_key, encrypted
from hefu.sandbox.yonbip.events import opened as sealed_word
from hefu.sandbox.yonbip.events import signature as event_signature
from sandbox_api import Listener

ORDER, MERCHANT, EFI = "/yonbip/sd/voucherorder", "/yonbip/digitalModel/merchant", "/yonbip/EFI"


class Box:
    """A running sandbox and a client of it."""

    def __init__(self, server: Server) -> None:
        assert isinstance(server.sandbox, YonBip)
        self.sandbox, self.hands = server.sandbox, Hands(server.url)
        found = call("GET", f"{server.url}/open-auth/dataCenter/getGatewayAddress?tenantId={TENANT}").json["data"]
        self.url, self.gateway, self.auth = server.url, found["gatewayUrl"], found["tokenUrl"]
        self.token = self.login()["data"]["access_token"]

    def login(self, **other: str) -> Any:
        words = {"appKey": APP_KEY, "timestamp": "1700000000000"}
        sent = {**words, "signature": signature(APP_SECRET, **words), **other}
        return call("GET", f"{self.auth}/open-auth/selfAppAuth/base/v1/getAccessToken?{urlencode(sent)}").json

    def send(self, path: str, body: object = None, method: str = "POST", **query: str) -> Reply:
        return call(method, f"{self.gateway}{path}?{urlencode({'access_token': self.token, **query})}", body)

    def ok(self, path: str, body: object = None, method: str = "POST", **query: str) -> Any:
        told = self.send(path, body, method, **query).json
        assert str(told["code"]) == "200", told
        return told["data"]

    def refused(self, path: str, body: object = None) -> tuple[str, str]:
        told = self.send(path, body).json
        assert str(told["code"]) != "200", told
        return str(told["code"]), told["message"]

    def customer(self, code: str) -> str:
        body = {"code": code, "name": {"simplifiedName": f"客户{code}"}, "createOrgCode": "100"}
        return str(self.ok(f"{MERCHANT}/idempotent/newinsert", {"data": body})[0]["id"])

    def order(self, code: str, customer: str, **more: object) -> Any:
        return self.ok(f"{ORDER}/singleSave", {"data": {**order_of(code, customer), **more}})


def order_of(code: str, customer: str, qty: int = 10, price: float = 113) -> dict[str, Any]:
    line = {
        "_status": "Insert",
        "productId": "M1",
        "qty": qty,
        "oriTaxUnitPrice": price,
        "oriSum": qty * price,
        "taxRate": 13,
    }
    head = {"_status": "Insert", "salesOrgId": "100", "transactionTypeId": "SO01", "vouchdate": "2026-03-01 00:00:00"}
    money = {"orderPrices!currency": "CNY", "payMoney": qty * price}
    return {**head, "code": code, "agentId": customer, **money, "orderDetails": [line]}


@pytest.fixture(scope="module")
def served() -> Iterator[Box]:
    server = Server(open_yonbip(empty=True)).start()
    made = Box(server)
    made.hands.settings(limited=0)
    made.hands.create("product", {"code": "M1", "name": "轴承"})
    made.customer("C1")
    yield made
    server.stop()


@pytest.fixture
def box(served: Box) -> Iterator[Box]:
    yield served
    served.hands.reset()
    served.hands.settings(clock_offset=0, callback="", limited=0, skew=0, own_lines=0)  # type: ignore[arg-type]
    served.token = served.login()["data"]["access_token"]


def test_the_vendors_test_vectors() -> None:
    assert signature("demoSecret", appKey="demoKey", timestamp="1700000000000") == (
        "wPpg1nnGscl9B48VjEu24MX/OvKpVGK8p21dCLxJGz8="
    )
    plain = '{"type":"CHECK_URL","eventId":"e1","timestamp":1700000000000,"tenantId":"t1"}'
    sealed = encrypted(APP_SECRET, "demoKey", plain, b"ABCDEFGHIJKLMNOP")
    assert sealed == (
        "5GSayIxg4WE8wLKgQZ5dSJa4j2Eq8kmWhUFP9AASOyUsI86wjmUP+czI/BuCTvUNS8wQk0Q0PLoyneH5oKFkqfbRptMqGKWhr1TYLskw4A0O0MX"
        "e4zBlJeutLDdbeqQqQdO3PqOJzbwDUhOb7PGBv1Ab+hiVtMk21ebXch+pplY="
    )
    assert event_signature(APP_SECRET, "1700000000000", "abc123", sealed) == (
        "ziDSt/UevmwH1Va15w+h6JV2Berg2NvFqrIUEmedUwk="
    )


def test_who_may_call(box: Box) -> None:
    unknown = call("GET", f"{box.url}/open-auth/dataCenter/getGatewayAddress?tenantId=nobody").json
    assert unknown["code"] == "500"
    assert box.login(appKey="other")["code"] == "10018"
    assert box.login(signature="wrong")["code"] != "00000"
    box.hands.fault("expire")
    assert box.refused(f"{ORDER}/list", {}) == ("310036", "非法token")
    box.token = box.login()["data"]["access_token"]
    box.hands.fault("expire_plain")
    assert box.send(f"{ORDER}/list", {}).body.decode() == "非法token"
    box.token = ""
    assert box.refused(f"{ORDER}/list", {})[0] == "310001"
    missing = box.send("/yonbip/no/such", {})
    assert (missing.status, missing.json["code"]) == (404, 310404)


def test_a_path_has_its_quota_a_minute(box: Box) -> None:
    box.hands.settings(limited=1)
    codes = [str(box.send(f"{EFI}/collection/detail", method="GET", id="1").json["code"]) for _ in range(42)]
    assert codes == ["1002"] * 40 + ["310046"] * 2
    assert box.ok(f"{ORDER}/list", {})["pageIndex"] == 1, "the quota is of one path"


def test_a_customer_is_made_once_changed_cleared_and_stopped(box: Box) -> None:
    body = {
        "resubmitCheckKey": "k" * 32,
        "code": "ONE",
        "name": {"simplifiedName": "一"},
        "createOrgCode": "100",
        "email": "a@b",
    }
    first = box.ok(f"{MERCHANT}/idempotent/newinsert", {"data": body})
    assert box.ok(f"{MERCHANT}/idempotent/newinsert", {"data": body}) == first, "within the hour: the first answer"
    box.hands.settings(clock_offset=3700)
    late = box.send(f"{MERCHANT}/idempotent/newinsert", {"data": body}).json
    assert (late["code"], late["data"]["id"]) == ("10004", first[0]["id"])
    rows = [{"_status": "Update", "code": "ONE", "email": None, "shortname": "壹"}, {"_status": "Update", "code": "NO"}]
    told = box.ok("/yonbip/digitalModel/batch/merchant/save", {"data": rows})
    assert (told["count"], told["sucessCount"], told["failCount"]) == (2, 1, 1)
    (found,) = box.ok(f"{MERCHANT}/newlist", {"code": "ONE"})
    assert (found["email"], found["shortname"]) == (None, "壹")
    assert box.refused(f"{MERCHANT}/idempotent/newinsert", {"data": {"code": "X"}}) == ("0", "客户名称不能为空!")
    box.ok(f"{MERCHANT}/stop", {"data": [{"merchantCode": "ONE", "orgCode": "100"}]})
    assert "已停用" in box.refused(f"{ORDER}/singleSave", {"data": order_of("S1", "ONE")})[1]
    assert box.hands.counters()["writes"][f"create merchant/{first[0]['id']}"] == 1


def test_amounts_are_checked_and_ids_are_large_numbers(box: Box) -> None:
    wrong = {**order_of("A1", "C1"), "payMoney": 1}
    assert box.refused(f"{ORDER}/singleSave", {"data": wrong})[0] == "999"
    made = box.order("A1", "C1")
    assert int(made["id"]) > 2**53
    raw = box.send(f"{ORDER}/detail", method="GET", id=str(made["id"])).body.decode()
    assert f'"id":{made["id"]}' in raw.replace(" ", ""), "a bare number that a double would spoil"
    seen = json.loads(raw)["data"]
    assert (seen["orderPrices"]["currency"], seen["payMoney"], seen["orderDetails"][0]["oriMoney"]) == (
        "CNY",
        1130,
        1000,
    )
    assert "已存在" in box.refused(f"{ORDER}/singleSave", {"data": order_of("A1", "C1")})[1]


def test_an_order_is_changed_line_by_line_until_it_is_approved(box: Box) -> None:
    made = box.order("L1", "C1")
    line = made["orderDetails"][0]["id"]
    more = {"_status": "Insert", "productId": "M1", "qty": 1, "oriTaxUnitPrice": 5, "oriSum": 5}
    change = {"_status": "Update", "id": made["id"], "memo": "x", "orderDetails": [more]}
    assert len(box.ok(f"{ORDER}/singleSave", {"data": change})["orderDetails"]) == 2, "lines that are not sent stay"
    change["orderDetails"] = [{"_status": "Delete", "id": line}]
    assert box.ok(f"{ORDER}/singleSave", {"data": change})["payMoney"] == 5
    for verb in ("batchsubmit", "batchaudit"):
        assert box.ok(f"{ORDER}/{verb}", {"data": [{"id": made["id"]}]})["sucessCount"] == 1
    assert "不能修改" in box.refused(f"{ORDER}/singleSave", {"data": change})[1]
    assert box.ok(f"{ORDER}/delete", {"data": {"id": [made["id"]]}})["failCount"] == 1
    assert box.ok(f"{ORDER}/batchaudit", {"data": [{"id": made["id"]}]})["messages"], "already approved"
    for verb, data in (("batchunaudit", [{"id": made["id"]}]), ("delete", {"code": ["L1"]})):
        assert box.ok(f"{ORDER}/{verb}", {"data": data})["sucessCount"] == 1
    assert box.ok(f"{ORDER}/list", {"code": "L1"})["recordCount"] == 0


def test_shipped_invoiced_and_paid(box: Box) -> None:
    made = box.order("CASH", "C1")
    for verb in ("batchsubmit", "batchaudit"):
        box.ok(f"{ORDER}/{verb}", {"data": [{"id": made["id"]}]})
    box.hands.edit("order", str(made["id"]), {"action": "ship", "lines": {"10": 4}})
    assert box.ok(f"{ORDER}/batchunaudit", {"data": [{"id": made["id"]}]})["failCount"] == 1, "a shipment hangs on it"
    (out,) = box.ok("/yonbip/scm/salesout/list", {"firstupcode": "CASH", "isSum": False})["recordList"]
    assert (out["qty"], out["oriSum"], out["firstupcode"]) == (4, 452, "CASH")
    bill = {"details": [{"_status": "Insert", "sourceid": out["id"], "sourceautoid": out["details_id"], "qty": 4}]}
    done = box.ok("/yonbip/sd/vouchersaleinvoice/saveForSalesOut", {"data": bill})
    assert done["oriSum"] == 452
    assert box.refused("/yonbip/sd/vouchersaleinvoice/saveForSalesOut", {"data": bill})[0] == "999", "it is invoiced"
    (row,) = box.ok(f"{ORDER}/list", {"code": "CASH"})["recordList"]
    assert (row["sendQty"], row["invoiceQty"], row["invoiceOriSum"], row["nextStatus"]) == (4, 4, 452, "DELIVERY_PART")
    (due,) = [
        r for r in box.ok(f"{EFI}/receivable/list", {"pageSize": 500})["recordList"] if r["srcBillNo"] == done["code"]
    ]
    assert due["bodyItemOriTaxIncludedAmount"] == 452
    paid = {
        "customerCode": "C1",
        "bodyItem": [{"oriTaxIncludedAmount": 452, "orderNo": "CASH"}],
        "extSystemCode": "HUB",
    }
    assert box.refused(f"{EFI}/collection/save", {"data": paid})[1].startswith("外部系统编码与外部单据编码")
    paid["extVouchCode"] = "P1"
    first = box.ok(f"{EFI}/collection/save", {"data": paid})
    again = box.send(f"{EFI}/collection/save", {"data": paid}).json
    assert (again["code"], again["data"]["id"]) == (999, first["id"]), "the pair of the other system is unique"


def test_lists_filter_order_and_page(box: Box) -> None:
    for n in range(5):
        box.order(f"Q{n}", "C1", memo=f"m{n}")
    like = {"simpleVOs": [{"field": "code", "op": "like", "value1": "Q"}], "isSum": True}
    order = {"queryOrders": [{"field": "code", "order": "desc"}]}
    page = box.ok(f"{ORDER}/list", {**like, **order, "pageIndex": 2, "pageSize": 2})
    assert ([r["code"] for r in page["recordList"]], page["recordCount"], page["pageCount"]) == (["Q2", "Q1"], 5, 3)
    among = {"simpleVOs": [{"field": "memo", "op": "in", "value1": ["m1", "m3"]}], "isSum": True}
    assert [r["code"] for r in box.ok(f"{ORDER}/list", among)["recordList"]] == ["Q1", "Q3"]
    both = {
        "logicOp": "or",
        "conditions": [{"field": "memo", "op": "eq", "value1": "m0"}, {"field": "memo", "op": "eq", "value1": "m4"}],
    }
    assert box.ok(f"{ORDER}/list", {"simpleVOs": [both], "isSum": True})["recordCount"] == 2
    bad = {"simpleVOs": [{"field": "pubts", "op": "ge", "value1": "2020-01-01"}]}
    assert box.refused(f"{ORDER}/list", bad)[0] == "506"
    old = {
        "simpleVOs": [
            {"field": "pubts", "op": "between", "value1": "2000-01-01 00:00:00", "value2": "2000-01-02 00:00:00"}
        ]
    }
    assert box.ok(f"{ORDER}/list", old)["recordCount"] == 0


@pytest.mark.parametrize(
    ("kind", "code"), [("throttle", "310046"), ("unauthorised", "310037"), ("processing", "202"), ("locked", "999")]
)
def test_a_fault_speaks_once_and_changes_nothing(box: Box, kind: str, code: str) -> None:
    box.hands.fault(kind)
    assert box.refused(f"{ORDER}/singleSave", {"data": order_of(f"F-{kind}", "C1")})[0] == code
    box.order(f"F-{kind}", "C1")


def test_what_timed_out_was_made_and_the_key_finds_it(box: Box) -> None:
    body = {**order_of("T1", "C1"), "resubmitCheckKey": "t1"}
    box.hands.fault("timeout")
    assert box.refused(f"{ORDER}/singleSave", {"data": body})[0] == "310504"
    again = box.ok(f"{ORDER}/singleSave", {"data": body})
    assert box.ok(f"{ORDER}/list", {"code": "T1", "isSum": True})["recordList"][0]["id"] == int(again["id"])
    box.hands.fault("lost")
    with pytest.raises((OSError, HTTPException)):
        box.order("T2", "C1")
    assert box.ok(f"{ORDER}/list", {"code": "T2"})["recordCount"] == 1


def opened(body: bytes) -> Any:
    """An event as its receiver opens it, by the documentation."""
    told = json.loads(body)
    assert told["signature"] == event_signature(APP_SECRET, told["timestamp"], told["nonce"], told["encrypt"])
    key = cipher_key(APP_SECRET)
    reader = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
    plain = reader.update(base64.b64decode(told["encrypt"])) + reader.finalize()
    size = int.from_bytes(plain[16:20], "big")
    assert plain[20 + size : -plain[-1]].decode() == APP_KEY
    return json.loads(plain[20 : 20 + size])


def test_events_are_pushed_until_they_are_taken(box: Box, listener: Listener) -> None:
    box.hands.settings(callback=listener.url, answer="any")  # type: ignore[arg-type]
    listener.wait(lambda: len(listener.got) == 1)
    assert opened(listener.got[0][1])["type"] == "CHECK_URL"
    listener.answers = [500]
    made = box.order("EV1", "C1")
    listener.wait(lambda: len(listener.got) == 3)
    first, second = (opened(body) for _, body in listener.got[1:])
    assert first == second, "refused once, brought again"
    assert (first["type"], first["BILL_INFO"]["billId"]) == ("SALE_SAVEORDER_NOTIFY_SENT", str(made["id"]))
    box.hands.fault("twice", times=0)
    found = box.ok(f"{MERCHANT}/newlist", {"code": "C1"})[0]
    box.hands.edit("merchant", found["id"], {"contactTel": "1"})
    listener.wait(lambda: len(listener.got) == 5)
    assert {opened(body)["type"] for _, body in listener.got[3:]} == {"YXYBASEDOC_AA_MERCHANT_UPDATE"}


def test_a_receiver_must_answer_with_the_sealed_word(box: Box, listener: Listener) -> None:
    assert sealed_word(APP_SECRET, APP_KEY, encrypted(APP_SECRET, APP_KEY, "success", bytes(16)).encode()) == "success"
    for nothing in (b"success", b"", encrypted(APP_SECRET, "other", "success", bytes(16)).encode()):
        assert sealed_word(APP_SECRET, APP_KEY, nothing) != "success"
    box.hands.settings(callback=listener.url, answer="sealed")  # type: ignore[arg-type]
    listener.wait(lambda: len(listener.got) >= 2)
    assert opened(listener.got[0][1]) == opened(listener.got[1][1]), "an empty answer is none: it is brought again"


def test_contact_and_address_are_rows_of_their_own(box: Box) -> None:
    body = {"code": "ROWS", "name": {"zh_CN": "行"}, "org_code": "100", "contactTel": "ignored", "_status": "Insert"}
    people = [{"fullName": {"simplifiedName": "李"}, "mobile": "2"}]
    people.append({"fullName": {"simplifiedName": "王"}, "mobile": "1", "isDefault": True})
    body |= {"merchantContactInfos": people, "merchantAddressInfos": [{"address": "示例路1号"}]}  # type: ignore[dict-item]
    assert box.ok("/yonbip/digitalModel/batch/merchant/save", {"data": [body]})["sucessCount"] == 1
    (found,) = box.ok(f"{MERCHANT}/newlist", {"code": "ROWS"})
    assert (found["contactName"], found["contactTel"], found["address"]) == ("王", "1", "示例路1号")
    told = box.ok("/yonbip/digitalModel/batch/merchant/save", {"data": [{**body, "code": "X", "org_code": "9"}]})
    assert "不存在" in told["messages"][0]


def test_amounts_that_are_sent_must_fit_and_numbers_of_lines_stay(box: Box) -> None:
    line = {**order_of("", "C1")["orderDetails"][0], "taxId": "VAT9", "lineno": 7}
    line.pop("taxRate")
    wrong = {**line, "orderDetailPrices!oriMoney": 1000}
    assert (
        "不一致" in box.refused(f"{ORDER}/singleSave", {"data": {**order_of("W1", "C1"), "orderDetails": [wrong]}})[1]
    )
    right = [{**line, "orderDetailPrices!oriMoney": 1036.7}, {**line, "lineno": 7}]
    made = box.order("W2", "C1", orderDetails=right, payMoney=2260)
    assert [x["lineno"] for x in made["orderDetails"]] == [7, 10], "a number that is taken is given anew"
    box.hands.settings(own_lines=1)
    made = box.order("W3", "C1", orderDetails=right, payMoney=2260)
    assert [x["lineno"] for x in made["orderDetails"]] == [10, 20]


def test_time_rights_and_names_can_go_wrong(box: Box) -> None:
    box.hands.settings(skew=600)
    assert box.login()["code"] == "10020"
    box.hands.settings(skew=0)
    box.hands.fault("field_right")
    assert "memo" in box.refused(f"{ORDER}/singleSave", {"data": {**order_of("R1", "C1"), "memo": "x"}})[1]
    box.order("R1", "C1")
    box.hands.fault("renamed", times=0)
    (row,) = box.ok(f"{ORDER}/list", {"code": "R1"})["recordList"]
    assert ("agentId" in row, "agent" in row) == (False, True)


def test_people_enter_money_and_bills_are_submitted(box: Box) -> None:
    made = box.order("PAID", "C1")
    box.hands.edit("order", str(made["id"]), {"action": "collect", "amount": "100"})
    (paid,) = [r for r in box.ok(f"{EFI}/collection/list", {})["recordList"] if r["orderNo"] == "PAID"]
    assert (paid["verifyState"], paid["oriTaxIncludedAmount"]) == (2, 100)
    body = {"customerCode": "C1", "bodyItem": [{"oriTaxIncludedAmount": 5}]}
    mine = box.ok(f"{EFI}/collection/save", {"data": body})
    assert box.ok(f"{EFI}/collection/submit", {"data": {"id": mine["id"]}})["verifyState"] == 2
    assert box.refused(f"{EFI}/collection/submit", {"data": {"id": mine["id"]}})[0] == "999"


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
WORDS = st.sampled_from(
    [
        "code",
        "name",
        "agentId",
        "orderDetails",
        "qty",
        "bodyItem",
        "id",
        "_status",
        "simpleVOs",
        "queryOrders",
        "pageSize",
    ]
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(WORDS, JSON, max_size=5))
@example({"bodyItem": 0.5})
def test_whatever_is_sent_is_refused_in_its_own_words(served: Box, body: dict[str, Any]) -> None:
    line = {**order_of("", "C1")["orderDetails"][0], **body}
    for path, sent in (
        (f"{ORDER}/list", body),
        (f"{ORDER}/singleSave", {"data": {**order_of("", "C1"), **body}}),
        (f"{ORDER}/singleSave", {"data": {**order_of("", "C1"), "orderDetails": [line]}}),
        (f"{MERCHANT}/idempotent/newinsert", {"data": body}),
        ("/yonbip/sd/vouchersaleinvoice/saveForSalesOut", {"data": {"details": [body]}}),
        (f"{EFI}/collection/save", {"data": body}),
        (f"{ORDER}/batchaudit", {"data": [body]}),
    ):
        reply = served.send(path, json.dumps(sent).encode())
        assert reply.status == 200, (path, sent, reply.body[:200])


def test_the_sample_company_agrees_with_itself() -> None:
    sandbox = open_yonbip()
    book = sandbox.book
    assert (len(book.docs("merchant")), len(book.docs("order")), len(book.docs("product"))) == (1600, 2400, 200)
    sent: dict[str, int] = {}
    for out in book.docs("salesout").values():
        for line in out["details"]:
            sent[line["orderDetailId"]] = sent.get(line["orderDetailId"], 0) + int(line["qty"])
    for order in book.docs("order").values():
        for line in order["orderDetails"]:
            assert int(line["sendQty"]) == sent.get(line["id"], 0)
    born = sandbox.as_person("merchant", None, {"code": "NEU", "name": "新"}, "x")
    assert all(int(born) > int(pk) for pk in book.docs("collection"))
    sandbox.close()
