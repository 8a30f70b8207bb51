"""The sandbox of Jiandaoyun keeps the vendor's manners: aliases, cursors, filters, silent blanks, batches, push."""

from __future__ import annotations

import http.client
import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import pytest

from hefu.sandbox.hands import Reply, call
from hefu.sandbox.jiandaoyun import Jiandaoyun
from hefu.sandbox.jiandaoyun.api import API_KEY
from hefu.sandbox.jiandaoyun.forms import APP, FORMS
from hefu.sandbox.jiandaoyun.push import signature
from hefu.sandbox.server import Server
from sandbox_api import Api, Listener

ENTRY = {form.key: form.entry_id for form in FORMS}
DATA = "/v5/app/entry/data/"


class Client(Api):
    """Calls of the open platform: the app and the form come with every one."""

    def __init__(self, url: str) -> None:
        super().__init__(url, "/api", {"Authorization": f"Bearer {API_KEY}"})

    def call(self, path: str, form: str = "customer", **given: Any) -> Reply:
        return self("POST", path, {"app_id": APP[0], "entry_id": ENTRY[form], **given})

    def done(self, path: str, form: str = "customer", **given: Any) -> Any:
        reply = self.call(path, form, **given)
        assert reply.status == 200, (reply.status, reply.body.decode())
        return reply.json

    def refused(self, path: str, form: str = "customer", **given: Any) -> tuple[int, int]:
        reply = self.call(path, form, **given)
        return reply.status, reply.json["code"]

    def new(self, form: str = "customer", **values: Any) -> dict[str, Any]:
        data = {name: {"value": value} for name, value in (values or {"cust_name": "甲公司"}).items()}
        return dict(self.done(f"{DATA}create", form, data=data)["data"])

    def ids(self, form: str = "customer", **given: Any) -> list[str]:
        found: list[str] = []
        while True:
            page = self.done(f"{DATA}list", form, data_id=found[-1] if found else "", **given)["data"]
            found += [row["_id"] for row in page]
            if len(page) < given.get("limit", 10):
                return found

    def where(self, field: str, method: str, *value: Any, form: str = "customer") -> list[str]:
        cond = {"field": field, "method": method, **({"value": list(value)} if value else {})}
        return self.ids(form, limit=100, filter={"rel": "and", "cond": [cond]})


@pytest.fixture(scope="module")
def served() -> Iterator[Server]:
    server = Server(Jiandaoyun(empty=True)).start()
    yield server
    server.stop()


@pytest.fixture
def jdy(served: Server) -> Iterator[Client]:
    client = Client(served.url)
    client.hands.settings(limits=0)
    yield client
    client.hands.settings(clock_offset=0, strict=0, over=0, echo=1, linked=0, auth_status=401)
    client.hands.reset()


# ------------------------------------------------------------------- metadata


def test_an_app_its_forms_and_their_widgets(jdy: Client) -> None:
    assert jdy.done("/v5/app/list")["apps"] == [{"app_id": APP[0], "name": APP[1]}]
    forms = jdy.done("/v5/app/entry/list", skip=1, limit=2)["forms"]
    assert [f["name"] for f in forms] == ["联系人", "产品"]
    told = jdy.done("/v5/app/entry/widget/list", "opportunity")
    by_label = {w["label"]: w for w in told["widgets"]}
    assert by_label["商机名称"]["name"] == "opp_name"
    lines = by_label["产品明细"]
    assert lines["type"] == "subform"
    assert [w["name"] for w in lines["items"] if w["label"] == "单位"] == [
        w["widgetName"] for w in lines["items"] if w["label"] == "单位"
    ]
    assert {"name": "flowState"} not in told["sysWidgets"]
    assert {"name": "flowState"} in jdy.done("/v5/app/entry/widget/list", "contract")["sysWidgets"]


def test_a_wrong_key_and_what_is_not_there_are_refused_with_code_and_message(jdy: Client) -> None:
    reply = jdy("POST", "/v5/app/list", {}, Authorization="Bearer other")
    assert (reply.status, reply.json["msg"]) == (401, "鉴权失败: API KEY 无效")
    jdy.hands.settings(auth_status=400)
    assert jdy("POST", "/v5/app/list", {}, Authorization="Bearer other").status == 400
    assert jdy.refused(f"{DATA}list", app_id="5f0000000000000000000000") == (400, 2004)
    assert jdy.refused(f"{DATA}list", entry_id="5f0000000000000000000000") == (400, 3000)
    assert jdy.refused(f"{DATA}get", data_id="5f0000000000000000000000") == (400, 4001)
    assert jdy("POST", f"{DATA}list", b"[").status == 400
    assert jdy("GET", "/v5/app/list").status == 405


def test_an_alias_that_is_changed_changes_every_payload_and_the_widget_id_stays_good(jdy: Client) -> None:
    made = jdy.new(cust_name="甲", credit_code="91310000MA1FL0000X")
    widget = next(w.name for w in FORMS[0].widgets if w.alias == "credit_code")
    jdy.hands.edit("form", ENTRY["customer"], {"alias": {"credit_code": "uscc"}})
    now = jdy.done(f"{DATA}get", data_id=made["_id"])["data"]
    assert "credit_code" not in now
    assert now["uscc"] == "91310000MA1FL0000X"
    assert jdy.where(widget, "eq", "91310000MA1FL0000X") == [made["_id"]]
    assert jdy.refused(f"{DATA}list", filter={"rel": "and", "cond": [{"field": "credit_code", "method": "empty"}]}) == (
        400,
        4815,
    )
    jdy.hands.edit("form", ENTRY["customer"], {"alias": {widget: "credit_code"}})
    assert jdy.done(f"{DATA}get", data_id=made["_id"])["data"]["credit_code"] == "91310000MA1FL0000X"


def test_an_archived_form_is_gone_until_it_comes_back(jdy: Client) -> None:
    made = jdy.new("product", product_name="轴承")
    jdy.hands.edit("form", ENTRY["product"], {"archived": True})
    assert jdy.refused(f"{DATA}get", "product", data_id=made["_id"]) == (400, 3000)
    assert "产品" not in [f["name"] for f in jdy.done("/v5/app/entry/list")["forms"]]
    jdy.hands.edit("form", ENTRY["product"], {"archived": False})
    assert jdy.done(f"{DATA}get", "product", data_id=made["_id"])["data"]["product_name"] == "轴承"


# -------------------------------------------------------------------- reading


def test_every_record_comes_once_in_the_order_of_ids(jdy: Client) -> None:
    made = [jdy.new("contact", contact_name=f"联系人{n}")["_id"] for n in range(25)]
    assert made == sorted(made)
    seen = jdy.ids("contact", limit=7)
    assert seen == sorted(seen)
    assert set(made) <= set(seen)
    assert len(jdy.done(f"{DATA}list", "contact")["data"]) == 10, "the default is ten"


def test_a_page_goes_on_after_an_id_that_was_deleted_meanwhile_or_never_was(jdy: Client) -> None:
    made = [jdy.new("contact", contact_name=f"删{n}")["_id"] for n in range(3)]
    jdy.done(f"{DATA}delete", "contact", data_id=made[1])
    after = jdy.done(f"{DATA}list", "contact", data_id=made[1], limit=100)["data"]
    assert [row["_id"] for row in after] == made[2:]
    unknown = f"{int(made[0][:8], 16) - 1:08x}" + "f" * 16
    after = jdy.done(f"{DATA}list", "contact", data_id=unknown, limit=100)["data"]
    assert set(made) - {made[1]} <= {row["_id"] for row in after}


def test_a_limit_above_a_hundred_is_cut_or_refused(jdy: Client) -> None:
    assert len(jdy.done(f"{DATA}list", limit=1000)["data"]) <= 100
    jdy.hands.settings(over=1)
    assert jdy.refused(f"{DATA}list", limit=1000) == (400, 1)
    assert jdy.refused(f"{DATA}list", limit=0) == (400, 1)


def test_columns_can_be_chosen_and_system_ones_always_come(jdy: Client) -> None:
    made = jdy.new(cust_name="列", phone="021-5550")
    row = next(r for r in jdy.done(f"{DATA}list", fields=["phone"], limit=100)["data"] if r["_id"] == made["_id"])
    assert row["phone"] == "021-5550"
    assert "cust_name" not in row
    assert {"_id", "appId", "entryId", "creator", "createTime", "updateTime"} <= set(row)
    assert all("phone" not in r for r in jdy.done(f"{DATA}list", fields=[])["data"])


def test_the_methods_of_a_filter(jdy: Client) -> None:
    a = jdy.new(cust_name="滤甲", credit_limit=100, tags=["a", "b"], since="2026-03-01T00:00:00.000Z")["_id"]
    b = jdy.new(cust_name="滤乙", credit_limit=200.5, tags=["b"])["_id"]
    both = {a, b}

    def of(*words: Any) -> set[str]:
        return set(jdy.where(*words)) & both

    assert of("cust_name", "eq", "滤甲") == {a}
    assert of("cust_name", "ne", "滤甲") == {b}
    assert of("cust_name", "in", "滤甲", "滤乙", "丙") == both
    assert of("cust_name", "nin", "滤甲") == {b}
    assert of("cust_name", "like", "滤") == both
    assert of("credit_limit", "range", 100, 150) == {a}
    assert of("credit_limit", "range", None, 200.5) == both
    assert of("credit_limit", "gt", 100) == {b}
    assert of("credit_limit", "lt", 200.5) == {a}
    assert of("since", "empty") == {b}
    assert of("since", "not_empty") == {a}
    assert of("since", "range", "2026-03-01T08:00:00+08:00", None) == {a}
    assert of("tags", "all", "a", "b") == {a}
    assert of("tags", "in", "a") == {a}
    assert of("_id", "in", a) == {a}
    two = [{"field": "cust_name", "method": "eq", "value": [n]} for n in ("滤甲", "滤乙")]
    assert set(jdy.ids(limit=100, filter={"rel": "or", "cond": two})) == both
    assert not jdy.ids(limit=100, filter={"rel": "and", "cond": two})


@pytest.mark.parametrize(
    "cond",
    [
        {"field": "cust_name", "method": "eq"},
        {"field": "cust_name", "method": "regex", "value": ["x"]},
        {"field": "nowhere", "method": "eq", "value": ["x"]},
        {"field": "credit_limit", "method": "gt", "value": ["much"]},
        {"field": "updateTime", "method": "range", "value": ["yesterday", None]},
        {"field": "cust_name", "method": "in", "value": [str(n) for n in range(201)]},
    ],
)
def test_a_filter_without_sense_is_refused(jdy: Client, cond: dict[str, Any]) -> None:
    assert jdy.refused(f"{DATA}list", filter={"rel": "and", "cond": [cond]}) == (400, 4815)


def test_what_changed_since_is_found_to_the_millisecond_and_inclusive(jdy: Client) -> None:
    first, second = jdy.new(cust_name="先"), jdy.new(cust_name="后")
    jdy.done(f"{DATA}update", data_id=first["_id"], data={"phone": {"value": "1"}})
    now = jdy.done(f"{DATA}get", data_id=first["_id"])["data"]
    assert now["updateTime"] > first["updateTime"]
    found = jdy.where("updateTime", "range", now["updateTime"], None)
    assert first["_id"] in found
    assert second["_id"] not in found or second["updateTime"] >= now["updateTime"]
    assert datetime.fromisoformat(now["updateTime"]).tzinfo == UTC


# -------------------------------------------------------------------- writing


def test_each_kind_of_widget_is_written_one_way_and_read_another(jdy: Client) -> None:
    customer = jdy.new(cust_name="形")
    made = jdy.new(
        cust_name="示例机械有限公司",
        industry="从未列出的行业",
        tags=["重点客户"],
        address={"province": "上海市", "city": "上海市", "district": "浦东新区", "detail": "一路1号"},
        owner="liuyang",
        since=1772323200000,
        credit_limit=100000.5,
    )
    assert made["industry"] == "从未列出的行业", "an option need not be in the list"
    assert made["owner"]["name"] == "刘洋"
    assert made["since"] == "2026-03-01T00:00:00.000Z"
    assert made["address"]["detail"] == "一路1号"
    assert made["credit_limit"] == 100000.5
    assert (made["phone"], made["licence"], made["hub_id"]) == ("", [], "")
    contact = jdy.new("contact", contact_name="王芳", customer=customer["_id"], mobile={"phone": "19900000001"})
    assert contact["mobile"] == {"phone": "19900000001", "verified": False}
    assert contact["customer"] == customer["_id"]
    jdy.hands.settings(linked=1)
    assert jdy.done(f"{DATA}get", "contact", data_id=contact["_id"])["data"]["customer"] == {"id": customer["_id"]}


def test_what_cannot_be_written_is_passed_over_and_an_unknown_member_is_left_blank_in_silence(jdy: Client) -> None:
    number = next(w.name for w in FORMS[0].widgets if w.type == "sn")
    made = jdy.new(cust_name="静", owner="nobody", nowhere="x", **{number: "mine"})
    assert made["owner"] is None
    assert "nowhere" not in made
    assert made[number].isdecimal()
    jdy.hands.settings(strict=1)
    assert jdy.refused(f"{DATA}create", data={"nowhere": {"value": "x"}}) == (400, 1)


@pytest.mark.parametrize(
    "data",
    [
        {"cust_name": "plain"},
        {"credit_limit": {"value": "many"}},
        {"since": {"value": "2026年"}},
        {"tags": {"value": "one"}},
        {"address": {"value": "上海"}},
    ],
)
def test_a_wrong_shape_is_refused_and_nothing_is_made(jdy: Client, data: dict[str, Any]) -> None:
    before = len(jdy.ids(limit=100))
    assert jdy.refused(f"{DATA}create", data=data) == (400, 1)
    assert len(jdy.ids(limit=100)) == before


def test_two_records_may_be_the_same_and_the_form_s_rules_are_skipped(jdy: Client) -> None:
    first, second = jdy.new(credit_code="X"), jdy.new(credit_code="X")
    assert first["_id"] != second["_id"]
    assert first["cust_name"] == "", "required at the screen, not here"


def test_the_creator_is_who_was_named_or_the_enterprise_s(jdy: Client) -> None:
    assert jdy.new()["creator"]["username"] == "admin"
    made = jdy.done(f"{DATA}create", data={}, data_creator="wangting")["data"]
    assert made["creator"]["name"] == "王婷"
    assert jdy.refused(f"{DATA}create", data={}, data_creator="nobody") == (400, 1010)


def test_an_update_writes_named_fields_only(jdy: Client) -> None:
    made = jdy.new(cust_name="改", phone="1", email="a@example.com")
    now = jdy.done(f"{DATA}update", data_id=made["_id"], data={"phone": {"value": ""}})["data"]
    assert (now["cust_name"], now["phone"], now["email"]) == ("改", "", "a@example.com")
    assert now["createTime"] == made["createTime"]
    assert jdy.refused(f"{DATA}update", data_id="5f00000000000000000000ff", data={}) == (400, 4001)


def test_a_subform_is_the_whole_set_and_a_row_with_its_id_stays_itself(jdy: Client) -> None:
    rows = [{"product_code": {"value": c}, "quantity": {"value": n}} for n, c in enumerate("ABC", 1)]
    made = jdy.new("opportunity", opp_name="采购", lines=rows)
    assert [row["product_code"] for row in made["lines"]] == ["A", "B", "C"]
    kept = made["lines"][2]["_id"]
    rows = [{"_id": {"value": kept}, "quantity": {"value": 30}}, {"product_code": {"value": "D"}}]
    now = jdy.done(f"{DATA}update", "opportunity", data_id=made["_id"], data={"lines": {"value": rows}})["data"]
    assert [(row["product_code"], row["quantity"]) for row in now["lines"]] == [("", 30), ("D", None)]
    assert now["lines"][0]["_id"] == kept
    assert now["lines"][1]["_id"] not in {row["_id"] for row in made["lines"]}
    assert jdy.where("lines.product_code", "eq", "D", form="opportunity") == [made["_id"]]


def test_a_deleted_record_is_gone_for_every_call(jdy: Client) -> None:
    made = jdy.new()
    assert jdy.done(f"{DATA}delete", data_id=made["_id"]) == {"status": "success"}
    assert jdy.refused(f"{DATA}get", data_id=made["_id"]) == (400, 4001)
    assert jdy.refused(f"{DATA}delete", data_id=made["_id"]) == (400, 4001)
    assert made["_id"] not in jdy.ids(limit=100)


# -------------------------------------------------------------------- batches


def test_a_batch_is_made_once_per_transaction(jdy: Client) -> None:
    rows = [{"cust_name": {"value": f"批{n}"}} for n in range(3)]
    first = jdy.done(f"{DATA}batch_create", data_list=rows, transaction_id="t-1")
    assert first["success_count"] == 3
    assert jdy.done(f"{DATA}batch_create", data_list=rows, transaction_id="t-1") == first
    assert len(jdy.where("cust_name", "like", "批")) == 3
    assert jdy.done(f"{DATA}batch_create", data_list=rows)["success_ids"] != first["success_ids"]
    assert jdy.refused(f"{DATA}batch_create", data_list=rows, transaction_id="${x}") == (400, 17025)
    assert jdy.refused(f"{DATA}batch_create", data_list=rows * 34) == (400, 17024)
    assert jdy.refused(f"{DATA}batch_create", data_list=[]) == (400, 1)


def test_a_batch_with_one_bad_row_makes_none(jdy: Client) -> None:
    rows = [{"cust_name": {"value": "坏批"}}, {"credit_limit": {"value": "x"}}]
    assert jdy.refused(f"{DATA}batch_create", data_list=rows) == (400, 1)
    assert not jdy.where("cust_name", "eq", "坏批")


def test_a_batch_changes_all_alike_and_tells_only_how_many(jdy: Client) -> None:
    ids = [jdy.new()["_id"] for _ in range(3)]
    given: dict[str, Any] = {"data_ids": [*ids, "5f00000000000000000000ff"], "data": {"phone": {"value": "021-1"}}}
    assert jdy.done(f"{DATA}batch_update", **given) == {"status": "success", "success_count": 3}
    assert {jdy.done(f"{DATA}get", data_id=i)["data"]["phone"] for i in ids} == {"021-1"}
    lines: dict[str, Any] = {"data_ids": ids, "data": {"lines": {"value": []}}}
    assert jdy.refused(f"{DATA}batch_update", "order", **lines) == (400, 1)
    assert jdy.done(f"{DATA}batch_delete", data_ids=ids)["success_count"] == 3
    assert jdy.done(f"{DATA}batch_delete", data_ids=ids)["success_count"] == 0


# --------------------------------------------------- workflow, files and members


def test_a_started_contract_waits_for_its_approver_and_the_decision_is_pushed(jdy: Client, listener: Listener) -> None:
    jdy.hands.edit("form", ENTRY["contract"], {"hook": {"url": listener.url, "secret": "s", "events": ["data_update"]}})
    beside = jdy.new("contract", contract_no="HT-0")
    assert beside["flowState"] is None, "stored outside the flow"
    data = {"contract_no": {"value": "HT-1"}}
    made = jdy.done(f"{DATA}create", "contract", data=data, is_start_workflow=True)["data"]
    assert made["flowState"] == 0
    tasks = jdy.done("/v6/workflow/task/list", username="zhangmin")["tasks"]
    task = next(t for t in tasks if t["instance_id"] == made["_id"])
    given = {"instance_id": made["_id"], "task_id": task["task_id"], "comment": "同意"}
    assert jdy.done("/v1/workflow/task/approve", username="nobody", **given)["code"] == 1010
    assert jdy.done("/v1/workflow/task/approve", username="liuyang", **given)["status"] == "failure"
    assert jdy.done("/v1/workflow/task/approve", username="zhangmin", **given) == {"status": "success"}
    assert jdy.done("/v1/workflow/task/approve", username="zhangmin", **given)["status"] == "failure"
    instance = jdy.done("/v6/workflow/instance/get", instance_id=made["_id"], tasks_type=1)
    assert (instance["status"], instance["result"], instance["tasks"][0]["status"]) == (1, 1, 1)
    logs = jdy.done("/v1/workflow/instance/logs", instance_id=made["_id"], types=["comment"])["logs"]
    assert (logs[0]["comment"], logs[0]["operator"]["name"]) == ("同意", "张敏")
    assert jdy.where("flowState", "eq", 1, form="contract") == [made["_id"]]
    listener.wait(lambda: any(b"data_update" in body for _, body in listener.got))
    told = next(json.loads(body)["data"] for _, body in listener.got if b"data_update" in body)
    assert (told["_id"], told["flowState"]) == (made["_id"], 1)
    assert jdy.done("/v1/workflow/instance/activate", instance_id=made["_id"]) == {"status": "success"}
    assert jdy.done("/v1/workflow/instance/close", instance_id=made["_id"]) == {"status": "success"}
    assert jdy.done(f"{DATA}get", "contract", data_id=made["_id"])["data"]["flowState"] == 2
    jdy.hands.edit("form", ENTRY["contract"], {"hook": None})


def test_a_file_is_taken_once_and_its_address_runs_out(jdy: Client) -> None:
    slots = jdy.done("/v5/app/entry/file/get_upload_token", transaction_id="f-1")["token_and_url_list"]
    assert len(slots) == 100

    def upload(slot: dict[str, str], token: str) -> Reply:
        body = (
            f'--b\r\nContent-Disposition: form-data; name="token"\r\n\r\n{token}\r\n'
            '--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n'
            "Content-Type: text/plain\r\n\r\nhello\r\n--b--\r\n"
        )
        return call("POST", slot["url"], body.encode(), {"Content-Type": "multipart/form-data; boundary=b"})

    assert upload(slots[0], "other").status == 579
    key = upload(slots[0], slots[0]["token"]).json["key"]
    assert upload(slots[0], slots[0]["token"]).status == 579
    data = {"cust_name": {"value": "证照"}, "licence": {"value": [key, "unknown"]}}
    assert jdy.done(f"{DATA}create", data=data)["data"]["licence"] == [], "not of this transaction"
    made = jdy.done(f"{DATA}create", data=data, transaction_id="f-1")["data"]
    assert [(f["name"], f["size"], f["mime"]) for f in made["licence"]] == [("a.txt", 5, "text/plain")]
    address = made["licence"][0]["url"]
    assert call("GET", address).body == b"hello"
    jdy.hands.settings(clock_offset=16 * 86400)
    assert call("GET", address).status == 403


def test_members_and_departments_are_told(jdy: Client) -> None:
    assert jdy.done("/v5/corp/user/get", username="liuyang")["user"]["name"] == "刘洋"
    assert jdy.refused("/v5/corp/user/get", username="nobody") == (400, 1010)
    numbers = [d["dept_no"] for d in jdy.done("/v6/corp/department/list")["departments"]]
    users = [u for n in numbers for u in jdy.done("/v5/corp/department/user/list", dept_no=n)["users"]]
    assert "刘洋" in [u["name"] for u in users]


# --------------------------------------------------------------------- limits


def test_more_calls_a_second_than_allowed_are_refused_and_others_are_not(jdy: Client) -> None:
    jdy.hands.settings(limits=1)
    codes = [jdy.call(f"{DATA}batch_delete", data_ids=["x"]).status for _ in range(14)]
    assert codes.count(200) >= 10
    if codes.count(200) < 14:
        assert codes.index(400) >= 10
    jdy.hands.settings(limits=0)
    assert jdy.done("/v5/app/list")["apps"]


# --------------------------------------------------------------------- faults


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("throttle", (400, 8303)),
        ("busy", (429, 8304)),
        ("key_disabled", (401, 8301)),
        ("denied", (400, 8302)),
        ("archived", (400, 3000)),
        ("locked", (400, 9007)),
    ],
)
def test_faults_of_its_own_strike_once_and_change_nothing(jdy: Client, kind: str, answer: tuple[int, int]) -> None:
    jdy.hands.fault(kind, path=f"/api{DATA}create")
    before = len(jdy.ids(limit=100))
    assert jdy.refused(f"{DATA}create", data={}) == answer
    assert len(jdy.ids(limit=100)) == before
    assert jdy.new()


def test_half_a_batch_says_so_in_its_count_only(jdy: Client) -> None:
    jdy.hands.fault("partial")
    told = jdy.done(f"{DATA}batch_create", data_list=[{"cust_name": {"value": "半批"}}] * 4)
    assert (told["status"], told["success_count"], len(told["success_ids"])) == ("success", 2, 2)
    assert len(jdy.where("cust_name", "eq", "半批")) == 2


def test_the_other_half_comes_with_the_same_transaction_and_after_an_hour_a_name_is_new(jdy: Client) -> None:
    jdy.hands.fault("partial")
    rows = [{"cust_name": {"value": f"续{n}"}} for n in range(4)]
    half = jdy.done(f"{DATA}batch_create", data_list=rows, transaction_id="t-2")["success_ids"]
    whole = jdy.done(f"{DATA}batch_create", data_list=rows, transaction_id="t-2")["success_ids"]
    assert (len(half), len(whole), whole[:2]) == (2, 4, half)
    assert jdy.where("cust_name", "like", "续") == whole
    jdy.hands.settings(clock_offset=2 * 3600)
    assert not set(whole) & set(jdy.done(f"{DATA}batch_create", data_list=rows, transaction_id="t-2")["success_ids"])


def test_a_create_whose_answer_is_lost_was_made(jdy: Client) -> None:
    jdy.hands.fault("lost", path=f"/api{DATA}create")
    with pytest.raises((OSError, http.client.HTTPException)):
        jdy.new(cust_name="失", hub_id="h-1")
    assert len(jdy.where("hub_id", "eq", "h-1")) == 1


def test_counters_name_the_calls_and_the_writes(jdy: Client) -> None:
    made = jdy.new()
    jdy.hands.edit("customer", made["_id"], {"phone": "2"}, author="李雷")
    told = jdy.hands.counters()
    assert told["calls"] == {f"POST /api{DATA}create": 1}
    assert told["writes"] == {f"create customer/{made['_id']}": 1}
    assert jdy.done(f"{DATA}get", data_id=made["_id"])["data"]["updater"]["name"] == "李雷"


# ----------------------------------------------------------------------- push


def test_the_signature_is_the_vendor_s() -> None:
    body = b'{"op":"data_create","data":{"_id":"5f0000000000000000000001"}}'
    assert signature("n0nce", body, "s3cret", "1700000000") == "aed59064e17db4b08309323c2448b2c5b045d5cb"


@pytest.fixture
def pushed(jdy: Client, listener: Listener) -> Iterator[Listener]:
    jdy.hands.edit("form", ENTRY["customer"], {"hook": {"url": listener.url, "secret": "s3cret"}})
    listener.wait(lambda: len(listener.got) == 1)
    listener.got.clear()
    yield listener
    jdy.hands.edit("form", ENTRY["customer"], {"hook": None})


def _ops(listener: Listener) -> list[str]:
    return [json.loads(body)["op"] for _, body in listener.got]


def test_what_people_and_calls_do_one_by_one_is_pushed(jdy: Client, pushed: Listener) -> None:
    made = jdy.new(cust_name="推")
    jdy.hands.edit("customer", made["_id"], {"phone": "3"})
    jdy.hands.delete("customer", made["_id"])
    jdy.hands.edit("customer", made["_id"], {"$recover": True})
    pushed.wait(lambda: len(pushed.got) == 4)
    assert sorted(_ops(pushed)) == ["data_create", "data_recover", "data_remove", "data_update"]
    told = next(json.loads(body)["data"] for _, body in pushed.got if b"data_update" in body)
    assert (told["_id"], told["phone"], told["formName"]) == (made["_id"], "3", "客户")
    assert len({headers["x-jdy-deliverid"] for headers, _ in pushed.got}) == 4
    assert jdy.done(f"{DATA}get", data_id=made["_id"])["data"]["phone"] == "3"


def test_batches_are_not_pushed_and_echoes_can_be_off(jdy: Client, pushed: Listener) -> None:
    ids = jdy.done(f"{DATA}batch_create", data_list=[{"cust_name": {"value": "默"}}] * 2)["success_ids"]
    jdy.hands.edit("customer", ids[0], {"phone": "4", "$batch": True})
    jdy.hands.settings(echo=0)
    jdy.new(cust_name="无回声")
    jdy.hands.edit("customer", ids[1], {"phone": "5"})
    pushed.wait(lambda: len(pushed.got) == 1)
    assert json.loads(pushed.got[0][1])["data"]["_id"] == ids[1]


def test_pushes_go_astray_on_order(jdy: Client, pushed: Listener) -> None:
    made = jdy.new()
    pushed.wait(lambda: len(pushed.got) == 1)
    jdy.hands.fault("hook_lost")
    jdy.hands.edit("customer", made["_id"], {"phone": "lost"})
    jdy.hands.fault("hook_twice")
    jdy.hands.edit("customer", made["_id"], {"phone": "twice"})
    pushed.wait(lambda: len(pushed.got) == 3)
    assert len({headers["x-jdy-deliverid"] for headers, _ in pushed.got}) == 2
    assert not any(b"lost" in body for _, body in pushed.got)
    jdy.hands.fault("hook_late", seconds=0.3)
    jdy.hands.edit("customer", made["_id"], {"phone": "late"})
    jdy.hands.edit("customer", made["_id"], {"phone": "overtakes"})
    pushed.wait(lambda: len(pushed.got) == 5)
    assert [json.loads(body)["data"]["phone"] for _, body in pushed.got[3:]] == ["overtakes", "late"]


def test_a_redrawn_form_is_pushed(jdy: Client, pushed: Listener) -> None:
    jdy.hands.edit("form", ENTRY["customer"], {"label": {"remark": "说明"}})
    pushed.wait(lambda: len(pushed.got) == 1)
    told = json.loads(pushed.got[0][1])
    assert told["op"] == "form_update"
    assert "说明" in [w["label"] for w in told["data"]["widgets"]]


# --------------------------------------------------------------------- sample


@pytest.fixture(scope="module")
def full() -> Iterator[Client]:
    server = Server(Jiandaoyun()).start()
    client = Client(server.url)
    client.hands.settings(limits=0)
    yield client
    server.stop()


def test_the_sample_company_is_there_and_hangs_together(full: Client) -> None:
    assert len(full.ids("customer", limit=100, fields=[])) == 2000
    orders = full.done(f"{DATA}list", "order", limit=100)["data"]
    for order in orders[:20]:
        assert full.done(f"{DATA}get", "customer", data_id=order["customer"])["data"]["cust_name"]
        contract = full.done(f"{DATA}get", "contract", data_id=order["contract"])["data"]
        assert contract["amount"] == order["amount"]
        assert round(sum(line["amount"] for line in order["lines"]), 2) == order["amount"]
        assert full.done(f"{DATA}get", "product", data_id=order["lines"][0]["product"])["data"]
    assert len(full.where("erp_order_no", "empty", form="order")) == 12
    seen = full.ids("order", limit=100)
    assert seen == sorted(seen)
    assert full.new("order", order_no="新")["_id"] > seen[-1]


def test_the_page_shows_the_forms_and_a_person_can_change_a_phone(full: Client) -> None:
    page = call("GET", f"{full.url}/?lang=zh").body.decode()
    assert "沙盒 简道云" in page
    assert "统一社会信用代码" in page
    found = re.search(
        r'action="(/record/customer/[0-9a-f]{24})"><input type="hidden" name="token" value="([^"]+)"', page
    )
    assert found
    widget = next(w.name for w in FORMS[0].widgets if w.alias == "phone")
    body = urlencode({"token": found[2], widget: "021-5559"}).encode()
    assert call("POST", f"{full.url}{found[1]}", body).status == 303
    data_id = found[1].rsplit("/", 1)[1]
    assert full.done(f"{DATA}get", data_id=data_id)["data"]["phone"] == "021-5559"
    order = full.ids("order")[0]
    shown = call("GET", f"{full.url}/record/order/{order}").body.decode()
    assert "产品编码" in shown
