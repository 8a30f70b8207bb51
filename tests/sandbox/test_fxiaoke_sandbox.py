"""The sandbox of Fxiaoke keeps the vendor's manners: 200 for errors, tokens, filters, reviews, an end in two steps."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from typing import Any

import pytest

from hefu.sandbox.fxiaoke import Fxiaoke
from hefu.sandbox.fxiaoke.api import APP_ID, APP_SECRET, EA, PERMANENT
from hefu.sandbox.hands import Hands, call
from hefu.sandbox.server import Server

SECRETS = {"appId": APP_ID, "appSecret": APP_SECRET, "permanentCode": PERMANENT}


class Client:
    """A self-built app: the three values travel in the body. `bearer` sends the newer headers instead."""

    def __init__(self, url: str) -> None:
        self.url, self.hands = url, Hands(url)
        self.hands.settings(limits=0)
        self.login()

    def post(self, path: str, given: dict[str, Any], headers: dict[str, str] | None = None) -> dict[str, Any]:
        reply = call("POST", self.url + path, given, headers)
        assert reply.status == 200
        assert {"errorCode", "errorMessage", "traceId"} <= set(reply.json)
        return dict(reply.json)

    def login(self, mobile: str = "19900009000") -> None:
        told = self.post("/cgi/corpAccessToken/get/V2", SECRETS)
        self.auth = {"corpAccessToken": told["corpAccessToken"], "corpId": told["corpId"]}
        people = self.post("/cgi/user/getByMobile", {**self.auth, "mobile": mobile})
        self.auth["currentOpenUserId"] = people["empList"][0]["openUserId"]

    def raw(self, verb: str, data: dict[str, Any], **more: Any) -> dict[str, Any]:
        name = data.get("dataObjectApiName") or data.get("object_data", {}).get("dataObjectApiName", "")
        path = "custom/v2" if name.endswith("__c") else "v2"
        return self.post(f"/cgi/crm/{path}/data/{verb}", {**self.auth, **more, "data": data})

    def ok(self, verb: str, data: dict[str, Any], **more: Any) -> dict[str, Any]:
        told = self.raw(verb, data, **more)
        assert told["errorCode"] == 0, told
        return told

    def code(self, verb: str, data: dict[str, Any], **more: Any) -> int:
        return int(self.raw(verb, data, **more)["errorCode"])

    def new(self, obj: str = "AccountObj", details: Any = None, flow: bool = False, **values: Any) -> str:
        data = {"object_data": {"dataObjectApiName": obj, **(values or {"name": "甲公司"})}}
        data |= {"details": details} if details else {}
        return str(self.ok("create", data, triggerApprovalFlow=flow)["dataId"])

    def get(self, data_id: str, obj: str = "AccountObj") -> dict[str, Any]:
        return dict(self.ok("get", {"dataObjectApiName": obj, "objectDataId": data_id})["data"])

    def update(self, data_id: str, obj: str = "AccountObj", **values: Any) -> dict[str, Any]:
        data = {"object_data": {"_id": data_id, "dataObjectApiName": obj, **values}}
        return self.raw("update", data, triggerApprovalFlow=False)

    def query(self, *filters: tuple[str, str, list[Any]], obj: str = "AccountObj", **info: Any) -> dict[str, Any]:
        made = [{"field_name": n, "operator": o, "field_values": v} for n, o, v in filters]
        search = {"offset": 0, "limit": 100, "filters": made, **info}
        return self.raw("query", {"dataObjectApiName": obj, "search_query_info": search})

    def names(self, *filters: tuple[str, str, list[Any]], **info: Any) -> list[str]:
        told = self.query(*filters, **info)
        assert told["errorCode"] == 0, told
        return [row["name"] for row in told["data"]["dataList"]]


@pytest.fixture(scope="module")
def served() -> Iterator[Server]:
    server = Server(Fxiaoke(empty=True)).start()
    yield server
    server.stop()


@pytest.fixture
def fx(served: Server) -> Iterator[Client]:
    client = Client(served.url)
    client.hands.reset()
    yield client
    client.hands.settings(clock_offset=0, limits=0, quota=-1, duplicates=0, approvals=1)
    client.hands.reset()


# ---------------------------------------------------------------------- signing in


def test_a_young_token_is_given_again_and_an_old_one_expires(fx: Client) -> None:
    first = fx.auth["corpAccessToken"]
    fx.login()
    assert fx.auth["corpAccessToken"] == first
    fx.hands.settings(clock_offset=7000)
    assert fx.query()["errorCode"] == 0
    fx.login()
    assert fx.auth["corpAccessToken"] != first
    fx.hands.settings(clock_offset=7000 + 7200)
    assert fx.query()["errorCode"] == 20016
    assert fx.post("/cgi/corpAccessToken/get/V2", {**SECRETS, "appSecret": "no"})["errorCode"] == 10006


def test_the_newer_way_is_by_headers(fx: Client) -> None:
    told = fx.post("/oauth2.0/token?thirdTraceId=t-1", {**SECRETS, "grantType": "app_secret"})
    assert (told["ea"], told["expiresIn"], told["traceId"]) == (EA, 7200, "t-1")
    headers = {"authorization": f"Bearer {told['accessToken']}", "x-fs-ea": EA, "x-fs-userid": "1000"}
    path, given = "/cgi/crm/v2/object/describe", {"apiName": "AccountObj"}
    described = fx.post(path, given, headers)["data"]["describe"]
    assert described["fields"]["account_level"]["options"][0] == {"value": "1", "label": "重点客户"}
    assert fx.post(path, given, {**headers, "x-fs-ea": "other"})["errorCode"] == 20017
    assert fx.post(path, given)["errorCode"] == 20017
    assert fx.post(path, given, {**headers, "authorization": "Bearer other"})["errorCode"] == 20016


def test_tokens_and_calls_are_counted_and_the_day_has_an_end(fx: Client) -> None:
    fx.hands.settings(limits=1)
    codes = [fx.post("/cgi/corpAccessToken/get/V2", SECRETS)["errorCode"] for _ in range(11)]
    assert codes[-1] == 30004
    fx.hands.settings(limits=0, quota=1)
    assert [fx.query()["errorCode"] for _ in range(2)] == [0, 30002]


def test_a_hundred_calls_in_twenty_seconds_are_the_most(fx: Client) -> None:
    fx.hands.settings(limits=1, clock_offset=-3600)
    codes = [fx.query(limit=1)["errorCode"] for _ in range(101)]
    assert codes == [0] * 100 + [30004]
    fx.hands.settings(clock_offset=-3600 + 21)
    assert fx.query(limit=1)["errorCode"] == 0


# ------------------------------------------------------------------------ metadata


def test_objects_are_listed_and_described_and_a_disabled_field_is_gone(fx: Client) -> None:
    found = fx.post("/cgi/crm/v2/object/list", fx.auth)["data"]["objects"]
    assert {"AccountObj", "SalesOrderProductObj", "object_k3Stm__c"} <= {o["describeApiName"] for o in found}
    made = fx.new(name="字段", tel="1")
    fx.hands.edit("describe", "AccountObj", {"disable": ["tel"]})
    told = fx.post("/cgi/crm/v2/object/describe", {**fx.auth, "apiName": "AccountObj"})
    assert "tel" not in told["data"]["describe"]["fields"]
    assert "tel" not in fx.get(made)
    assert "tel" in fx.update(made, tel="2")["errorMessage"]
    fx.hands.edit("describe", "AccountObj", {"enable": ["tel"]})
    assert fx.get(made)["tel"] == "1"
    fx.hands.edit("describe", "ContactObj", {"disable": [""]})
    assert fx.query(obj="ContactObj")["errorCode"] != 0
    fx.hands.edit("describe", "ContactObj", {"enable": [""]})
    assert fx.query(obj="ContactObj")["errorCode"] == 0


# ------------------------------------------------------------------------- records


def test_each_kind_of_value_is_written_one_way_and_read_another(fx: Client) -> None:
    account = fx.new(name="值", account_level="1", field_tags__c=["key", "new"], field_active__c=True)
    deal = fx.new("NewOpportunityObj", name="采购", account_id=account, amount=12.5, close_date=1772294400000)
    row = fx.get(deal, "NewOpportunityObj")
    assert (row["amount"], row["close_date"], row["account_id__r"]) == ("12.50", 1772294400000, "值")
    assert (row["owner"], row["life_status"], row["record_type"]) == (["1000"], "normal", "default__c")
    assert row["last_modified_time"] >= row["create_time"] > 10**12
    row = fx.get(account)
    assert (row["account_level"], row["field_tags__c"], row["field_active__c"]) == ("1", ["key", "new"], True)
    assert row["account_no"].startswith("KH")


@pytest.mark.parametrize(
    ("obj", "values"),
    [
        ("AccountObj", {"name": ""}),
        ("AccountObj", {"name": "x", "colour": "red"}),
        ("AccountObj", {"name": "x", "account_level": "重点客户"}),
        ("AccountObj", {"name": "x", "field_active__c": "yes"}),
        ("AccountObj", {"name": ["x"]}),
        ("NewOpportunityObj", {"name": "x"}),
        ("NewOpportunityObj", {"name": "x", "account_id": "5f0000000000000000000000"}),
        ("ContactObj", {"name": "x", "owner": "1000"}),
        ("SalesOrderObj", {"name": "x", "order_time": "2026-01-01"}),
    ],
)
def test_a_wrong_record_is_an_error_with_status_200(fx: Client, obj: str, values: dict[str, Any]) -> None:
    before = fx.query(obj=obj)["data"]["total"]
    assert fx.code("create", {"object_data": {"dataObjectApiName": obj, **values}}) != 0
    assert fx.query(obj=obj)["data"]["total"] == before


def test_an_update_writes_named_fields_and_never_the_owner(fx: Client) -> None:
    made = fx.new(name="改", tel="1", email="a@example.com")
    assert fx.update(made, tel="")["errorCode"] == 0
    row = fx.get(made)
    assert (row["name"], row["tel"], row["email"]) == ("改", None, "a@example.com")
    assert "更换负责人" in fx.update(made, owner=["1001"])["errorMessage"]
    change = {"dataObjectApiName": "AccountObj", "Data": [{"objectDataId": made, "ownerId": ["FSUID_1001"]}]}
    fx.ok("changeOwner", change)
    assert fx.get(made)["owner"] == ["1001"]
    assert fx.update("5f0000000000000000000000", tel="1")["errorCode"] != 0


def test_only_an_invalid_record_can_be_deleted(fx: Client) -> None:
    made = fx.new(name="废")
    delete = {"dataObjectApiName": "AccountObj", "idList": [made]}
    assert "作废" in fx.raw("delete", delete)["errorMessage"]
    fx.ok("invalid", {"dataObjectApiName": "AccountObj", "object_data_id": made})
    assert fx.get(made)["life_status"] == "invalid"
    assert fx.update(made, tel="1")["errorCode"] != 0
    fx.ok("recover", {"dataObjectApiName": "AccountObj", "idList": [made]})
    assert fx.update(made, tel="1")["errorCode"] == 0
    fx.ok("invalid", {"dataObjectApiName": "AccountObj", "object_data_id": made})
    fx.ok("delete", delete)
    assert fx.code("get", {"dataObjectApiName": "AccountObj", "objectDataId": made}) != 0


def test_an_order_comes_with_its_products_and_goes_into_review_unless_told(fx: Client) -> None:
    account, product = fx.new(name="订货"), fx.new("ProductObj", name="轴承", product_code="M1")
    line = {"product_id": product, "quantity": 3, "sales_price": "0.10"}
    given = {"account_id": account, "order_time": 1772294400000}
    order = fx.new("SalesOrderObj", details={"SalesOrderProductObj": [line, {**line, "quantity": 1}]}, **given)
    row = fx.get(order, "SalesOrderObj")
    assert (row["order_amount"], row["life_status"]) == ("0.40", "normal")
    found = fx.query(("order_id", "EQ", [order]), obj="SalesOrderProductObj")["data"]["dataList"]
    assert sorted(r["subtotal"] for r in found) == ["0.10", "0.30"]
    big = next(r["_id"] for r in found if r["quantity"] == "3")
    assert fx.update(big, "SalesOrderProductObj", quantity=5)["errorCode"] == 0
    assert fx.get(order, "SalesOrderObj")["order_amount"] == "0.60"
    reviewed = fx.new("SalesOrderObj", flow=True, **given)
    assert fx.get(reviewed, "SalesOrderObj")["life_status"] == "under_review"
    assert "审批" in fx.update(reviewed, "SalesOrderObj", field_erp_no__c="SO1")["errorMessage"]
    fx.hands.edit("SalesOrderObj", reviewed, {"$approve": True})
    assert fx.update(reviewed, "SalesOrderObj", field_erp_no__c="SO1")["errorCode"] == 0
    wrong = {"object_data": {"dataObjectApiName": "SalesOrderObj", **given}, "details": {"ContactObj": []}}
    assert fx.code("create", wrong) != 0


def test_a_unique_field_and_the_duplicate_rule_speak_in_words(fx: Client) -> None:
    fx.new(name="唯一", field_hub_id__c="H1")
    again = {"object_data": {"dataObjectApiName": "AccountObj", "name": "唯一", "field_hub_id__c": "H1"}}
    assert "已存在" in fx.raw("create", again)["errorMessage"]
    assert fx.new(name="唯一")
    fx.hands.settings(duplicates=1)
    del again["object_data"]["field_hub_id__c"]
    assert "重复" in fx.raw("create", again)["errorMessage"]


def test_a_custom_object_has_a_path_of_its_own(fx: Client) -> None:
    made = fx.new("object_k3Stm__c", name="2026-10", field_amount__c=5)
    assert fx.get(made, "object_k3Stm__c")["field_amount__c"] == "5.00"
    given = {**fx.auth, "data": {"dataObjectApiName": "object_k3Stm__c", "objectDataId": made}}
    assert fx.post("/cgi/crm/v2/data/get", given)["errorCode"] != 0
    one = {"dataObjectApiName": "object_k3Stm__c", "search_query_info": {"limit": 1}}
    assert fx.ok("findOne", one)["data"]["objectData"]["name"] == "2026-10"


def test_who_is_no_administrator_sees_only_what_is_his(fx: Client) -> None:
    hidden, own = fx.new(name="他人的"), fx.new(name="自己的", owner=["1001"])
    fx.login("19900009001")
    assert fx.names(("_id", "IN", [hidden, own])) == ["自己的"]
    assert "权限" in fx.raw("get", {"dataObjectApiName": "AccountObj", "objectDataId": hidden})["errorMessage"]
    assert fx.update(hidden, tel="1")["errorCode"] != 0


# ------------------------------------------------------------------------- queries


def test_the_operators_of_a_query(fx: Client) -> None:
    fx.new(name="运算甲", tel="1", account_level="1")
    fx.new(name="运算乙", tel="2", account_level="2")
    fx.new(name="运算丙")
    mine = ("name", "STARTWITH", ["运算"])
    by_name: dict[str, Any] = {"orders": [{"fieldName": "name", "isAsc": True}]}
    everyone = ["运算丙", "运算乙", "运算甲"]
    assert fx.names(mine, **by_name) == everyone
    assert fx.names(mine, orders=[{"fieldName": "name", "isAsc": False}]) == everyone[::-1]
    assert fx.names(mine, ("tel", "EQ", ["1"])) == ["运算甲"]
    assert sorted(fx.names(mine, ("tel", "N", ["1"]))) == ["运算丙", "运算乙"]
    assert fx.names(mine, ("tel", "IN", ["1", "2"]), **by_name) == ["运算乙", "运算甲"]
    assert fx.names(mine, ("tel", "NIN", ["1", "2"])) == ["运算丙"]
    assert fx.names(mine, ("tel", "IS", [])) == ["运算丙"]
    assert fx.names(mine, ("tel", "ISN", []), **by_name) == ["运算乙", "运算甲"]
    assert fx.names(mine, ("name", "ENDWITH", ["乙"])) == ["运算乙"]
    assert fx.names(mine, ("name", "LIKE", ["算丙"])) == ["运算丙"]
    assert fx.names(mine, ("tel", "BETWEEN", ["1", "1"])) == ["运算甲"]
    assert fx.names(mine, ("last_modified_time", "GT", [2 * 10**12 * 10])) == []


@pytest.mark.parametrize(
    "info",
    [
        {"limit": 101},
        {"limit": 0},
        {"limit": 10, "offset": 5},
        {"limit": 100, "offset": 10_100},
        {"filters": [{"field_name": "nowhere", "operator": "EQ", "field_values": ["x"]}]},
        {"filters": [{"field_name": "name", "operator": "SOUNDS", "field_values": ["x"]}]},
        {"filters": [{"field_name": "last_modified_time", "operator": "BETWEEN", "field_values": [1]}]},
        {"filters": [{"field_name": "last_modified_time", "operator": "GT", "field_values": ["yesterday"]}]},
        {"fieldProjection": ["nowhere"]},
    ],
)
def test_a_query_without_sense_is_an_error(fx: Client, info: dict[str, Any]) -> None:
    fx.new()
    assert fx.query(**info)["errorCode"] != 0


def test_pages_by_id_bring_every_record_once(fx: Client) -> None:
    made = {fx.new("ContactObj", name=f"页{n}") for n in range(7)}
    seen: list[str] = []
    while True:
        after = [{"field_name": "_id", "operator": "GT", "field_values": [seen[-1]]}] if seen else []
        search = {"limit": 3, "filters": after, "orders": [{"fieldName": "_id", "isAsc": True}]}
        search["fieldProjection"] = ["name"]
        data = {"dataObjectApiName": "ContactObj", "search_query_info": search, "find_explicit_total_num": False}
        page = fx.ok("query", data)["data"]
        assert page["total"] == 0
        seen += [row["_id"] for row in page["dataList"]]
        if len(page["dataList"]) < 3:
            break
        assert set(page["dataList"][0]) == {"_id", "name"}
    assert seen == sorted({*seen})
    assert made <= {*seen}


# -------------------------------------------------------------------------- faults


@pytest.mark.parametrize(
    ("kind", "word"),
    [("throttle", "频繁"), ("quota", "用完"), ("duplicate", "重复"), ("locked", "锁定"), ("reviewed", "审批")],
)
def test_faults_of_its_own_strike_once_and_change_nothing(fx: Client, kind: str, word: str) -> None:
    before = fx.query()["data"]["total"]
    fx.hands.fault(kind)
    assert word in fx.raw("create", {"object_data": {"dataObjectApiName": "AccountObj", "name": "x"}})["errorMessage"]
    assert fx.query()["data"]["total"] == before
    assert fx.new()


def test_a_token_can_be_gone_in_the_middle_of_the_work(fx: Client) -> None:
    fx.hands.fault("expired")
    assert fx.query()["errorCode"] == 20016
    assert fx.query()["errorCode"] == 20016
    fx.login()
    assert fx.query()["errorCode"] == 0


def test_a_locked_record_waits_for_a_person(fx: Client) -> None:
    made = fx.new()
    fx.hands.edit("AccountObj", made, {"$lock": True})
    assert "锁定" in fx.update(made, tel="1")["errorMessage"]
    fx.hands.edit("AccountObj", made, {"$lock": False}, author="刘洋")
    assert fx.get(made)["last_modified_by"] == ["1002"]
    assert fx.update(made, tel="1")["errorCode"] == 0
    assert fx.hands.counters()["writes"] == {f"create AccountObj/{made}": 1, f"update AccountObj/{made}": 1}


def test_a_create_whose_answer_is_lost_was_made(fx: Client) -> None:
    fx.hands.fault("lost", path="/cgi/crm/v2/data/create")
    with pytest.raises((OSError, http.client.HTTPException)):
        fx.new(name="失", field_hub_id__c="L1")
    assert fx.names(("field_hub_id__c", "EQ", ["L1"])) == ["失"]


# -------------------------------------------------------------------------- sample


@pytest.fixture(scope="module")
def full() -> Iterator[Client]:
    server = Server(Fxiaoke()).start()
    yield Client(server.url)
    server.stop()


def test_the_sample_company_is_there_and_hangs_together(full: Client) -> None:
    assert full.query()["data"]["total"] == 2000
    waiting = full.query(("field_erp_no__c", "IS", []), obj="SalesOrderObj")["data"]
    assert waiting["total"] == 12
    for order in waiting["dataList"]:
        rows = full.query(("order_id", "EQ", [order["_id"]]), obj="SalesOrderProductObj")["data"]["dataList"]
        assert round(sum(float(r["subtotal"]) for r in rows), 2) == float(order["order_amount"])
        assert order["account_id__r"]
    newest = full.query(obj="SalesOrderObj", orders=[{"fieldName": "_id", "isAsc": False}], limit=1)["data"]["dataList"]
    made = full.new("SalesOrderObj", account_id=order["account_id"], order_time=1)
    assert made > newest[0]["_id"]


def test_the_page_shows_the_records(full: Client) -> None:
    page = call("GET", f"{full.url}/?lang=zh").body.decode()
    assert "沙盒 纷享销客" in page
    assert "统一社会信用代码" in page
    order = full.query(("field_erp_no__c", "ISN", []), obj="SalesOrderObj", limit=1)["data"]["dataList"][0]["_id"]
    assert "销售单价" in call("GET", f"{full.url}/record/SalesOrderObj/{order}?lang=zh").body.decode()
