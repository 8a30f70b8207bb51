"""Pure parts of the Jiandaoyun connector: widgets, errors, pace, pushes, and what is asked in which order."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hefu.connectors._id_walk import IdCursor as Cursor
from hefu.connectors._jiandaoyun_hooks import signature
from hefu.connectors._jiandaoyun_settings import FormSettings
from hefu.connectors._jiandaoyun_widgets import Widget, widgets_of
from hefu.connectors.jiandaoyun import Jiandaoyun, JiandaoyunSettings
from hefu.core.connector import Answer, Site
from hefu.core.errors import Denied, HubError, Missing, Rejected, Stale, Transient, Unanswered, Unsupported
from hefu.core.records import Record, Write, Written
from hefu.core.words import ERRORS, tell
from hefu.sim.conformance import Clock

APP, FORM = "a" * 24, "b" * 24
NOW = datetime(2026, 3, 1, 8, tzinfo=UTC)
WIDGETS: list[dict[str, Any]] = [
    {"name": "cust_name", "widgetName": "_widget_1", "label": "客户名称", "type": "text"},
    {"name": "_widget_2", "widgetName": "_widget_2", "label": "状态", "type": "combo"},
    {"name": "amount", "widgetName": "_widget_3", "label": "金额", "type": "number"},
    {"name": "hub_id", "widgetName": "_widget_4", "label": "Hub", "type": "text"},
    {"name": "addr", "widgetName": "_widget_5", "label": "地址", "type": "address"},
    {"name": "born", "widgetName": "_widget_6", "label": "日期", "type": "datetime"},
    {
        "name": "lines",
        "widgetName": "_widget_7",
        "label": "明细",
        "type": "subform",
        "items": [
            {"name": "_widget_8", "widgetName": "_widget_8", "label": "数量", "type": "number"},
            {"name": "note", "widgetName": "_widget_9", "label": "备注", "type": "text"},
            {"name": "pic", "widgetName": "_widget_10", "label": "图片", "type": "image"},
        ],
    },
    {"name": "owner", "widgetName": "_widget_11", "label": "负责人", "type": "user"},
]
SYSTEM = [{"name": n} for n in ("creator", "updater", "createTime", "updateTime")]
FIELDS = {
    "name": "_widget_1", "status": "_widget_2", "amount": "_widget_3", "hub": "_widget_4", "addr": "_widget_5",
    "born": "_widget_6", "lines": "_widget_7", "lines.qty": "_widget_7._widget_8", "owner": "_widget_11",
}  # fmt: skip


def data_id(n: int) -> str:
    return f"{n:024x}"


def row(n: int, **more: Any) -> dict[str, Any]:
    base = {"_id": data_id(n), "appId": APP, "entryId": FORM, "updateTime": "2026-03-01T07:00:00.000Z"}
    return {**base, "cust_name": f"客户{n}", "hub_id": f"t{n}", "amount": n, "updater": {"username": "li"}, **more}


class Scripted:
    """Answers each endpoint by a function of what was asked; keeps every call."""

    def __init__(self, **answers: Any) -> None:
        self.answers = {"widget": lambda _: {"widgets": WIDGETS, "sysWidgets": SYSTEM}, **answers}
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def send(self, method: str, url: str, *, headers: Any = None, body: Any = None, **_: Any) -> Answer:
        path = url.partition("/v5/app/")[2]
        asked = json.loads(body, parse_float=Decimal)
        self.calls.append((path, asked))
        word = path.removeprefix("entry/").removeprefix("data/").replace("widget/list", "widget").replace("/", "_")
        told = self.answers[word](asked)
        if isinstance(told, HubError):
            raise told
        status, told = told if isinstance(told, tuple) else (200, told)
        headers = told[1] if isinstance(told, list) else {}
        told = told[0] if isinstance(told, list) else told
        return Answer(status, headers, told if isinstance(told, bytes) else json.dumps(told).encode())

    def asked(self, path: str) -> list[dict[str, Any]]:
        return [body for at, body in self.calls if at.endswith(path)]


def jdy(clock: Clock | None = None, form: dict[str, Any] | None = None, **words: Any) -> tuple[Jiandaoyun, Scripted]:
    clock = clock or Clock(NOW)
    answers = {name: words.pop(name) for name in list(words) if callable(words[name])}
    own = {"app": APP, "form": FORM, "fields": FIELDS, "token_field": "hub", "dates": ["born"], **(form or {})}
    settings = JiandaoyunSettings.model_validate(
        {"url": "http://jdy.test/api", "api_key": "k", "forms": {"customer": own}, "webhook_secret": "s3cret", **words}
    )
    http = Scripted(**answers)
    return Jiandaoyun(settings, Site(http, clock.now, clock.sleep, connection="crm", facts={"lateness": 60})), http


# ------------------------------------------------------------------------ widgets


def shaped(**more: Any) -> dict[str, Widget]:
    return {w.name: w for w in widgets_of(WIDGETS, FormSettings(app=APP, form=FORM, fields=FIELDS, **more), False)}


@pytest.mark.parametrize(
    ("kind", "raw", "value", "sent"),
    [
        ("text", "甲", "甲", "甲"),
        ("number", Decimal("12.50"), Decimal("12.5"), Decimal("12.5")),
        ("datetime", "2026-03-01T00:00:00.000Z", datetime(2026, 3, 1, tzinfo=UTC), "2026-03-01T00:00:00.000Z"),
        ("checkboxgroup", ["甲", "乙"], "甲;乙", ["甲", "乙"]),
        ("combocheck", [], None, []),
        ("user", {"_id": "x", "username": "zhangsan", "name": "张三"}, "zhangsan", "zhangsan"),
        ("usergroup", [{"username": "a"}, {"username": "b"}], "a;b", ["a", "b"]),
        ("dept", {"dept_no": 12, "name": "销售部"}, "12", 12),
        ("deptgroup", [{"dept_no": 12}, {"dept_no": 13}], "12;13", [12, 13]),
        ("phone", {"phone": "13800000000", "verified": False}, "13800000000", {"phone": "13800000000"}),
        ("lookup", data_id(7), data_id(7), data_id(7)),
        ("lookup", {"id": data_id(7), "key": 1}, data_id(7), data_id(7)),
        ("text", "", None, ""),
        ("number", None, None, None),
    ],
)
def test_each_kind_of_widget_is_read_and_written(kind, raw, value, sent):
    from zoneinfo import ZoneInfo

    w = Widget("f", "f", "f", kind)
    zone = ZoneInfo("Asia/Shanghai")
    assert w.read(raw, zone) == {"f": value}
    assert w.write("f", value, zone) == sent


@pytest.mark.parametrize("kind", ["image", "upload", "sn", "linkdata", "signature", "aggregation"])
def test_what_the_api_does_not_take_is_not_writable(kind):
    w = Widget("f", "f", "f", kind)
    assert [f.writable for f in w.fields()] == [False]


def test_files_are_read_by_name_since_their_urls_expire():
    from zoneinfo import ZoneInfo

    w = Widget("f", "f", "f", "upload")
    files = [{"name": "a.pdf", "url": "https://x/1?e=1"}, {"name": "b.pdf", "url": "https://x/2"}]
    assert w.read(files, ZoneInfo("UTC")) == {"f": "a.pdf;b.pdf"}


def test_a_day_is_its_local_midnight():
    form = shaped(dates=["born"])["born"]
    from zoneinfo import ZoneInfo

    zone = ZoneInfo("Asia/Shanghai")
    assert form.read("2026-02-28T16:00:00.000Z", zone) == {"born": date(2026, 3, 1)}
    assert form.write("born", date(2026, 3, 1), zone) == "2026-02-28T16:00:00.000Z"


@given(st.decimals(allow_nan=False, allow_infinity=False))
def test_a_number_goes_out_exactly_or_not_at_all(value):
    from zoneinfo import ZoneInfo

    w = Widget("f", "f", "f", "number")
    try:
        sent = w.write("f", value, ZoneInfo("UTC"))
    except Rejected:
        assert Decimal(repr(float(value))) != value
    else:
        assert Decimal(repr(float(sent))) == value


@pytest.mark.parametrize(
    ("kind", "value"),
    [("number", "12"), ("number", True), ("text", 5), ("datetime", "2026-03-01"), ("datetime", date(2026, 3, 1)),
     ("dept", "sales"), ("user", 5)],
)  # fmt: skip
def test_what_does_not_fit_is_refused_before_the_call(kind, value):
    from zoneinfo import ZoneInfo

    with pytest.raises(Rejected) as told:
        Widget("f", "f", "f", kind).write("f", value, ZoneInfo("UTC"))
    assert told.value.field == "f"


def test_discovery_names_fields_by_what_never_changes():
    line, _ = jdy(form={"fields": {}, "token_field": "hub_id"})
    [schema] = line.discover()
    names = [f.name for f in schema.fields]
    assert names[:3] == ["_widget_1", "_widget_2", "_widget_3"]
    assert [f.label for f in schema.fields][:2] == ["客户名称", "状态"]
    assert schema.abilities.token_field == "_widget_4"
    line, _ = jdy(form={"fields": {}}, names="alias")
    assert [f.name for f in line.discover()[0].fields][:2] == ["cust_name", "_widget_2"]


def test_without_forms_everything_that_the_key_sees_is_discovered():
    line, http = jdy(
        forms={},
        list=lambda asked: {"apps": [{"app_id": APP, "name": "CRM"}]},
        entry_list=lambda asked: {"forms": [{"app_id": APP, "entry_id": FORM, "name": "客户"}]},
    )
    http.answers |= {"list": lambda a: {"apps": [{"app_id": APP, "name": "CRM"}]} if "app_id" not in a else
                     {"forms": [{"app_id": APP, "entry_id": FORM, "name": "客户"}]}}  # fmt: skip
    [schema] = line.discover()
    assert (schema.name, schema.label, schema.abilities.create) == (f"{APP}/{FORM}", "CRM / 客户", "blind")


# ------------------------------------------------------------------------ errors


@pytest.mark.parametrize(
    ("status", "body", "on_read", "on_write"),
    [
        (400, {"code": 8303, "msg": "超出请求频率限制"}, Transient, Transient),
        (400, {"code": 8304, "msg": "frequency"}, Transient, Transient),
        (400, {"code": 17018, "msg": "The API key is invalid."}, Denied, Denied),
        (401, {"code": 99, "msg": "?"}, Denied, Denied),
        (403, b"<html>", Denied, Denied),
        (400, {"code": 17053, "msg": "Not among the authorized apps."}, Denied, Denied),
        (400, {"code": 3000, "msg": "The form doesn't exist."}, Unsupported, Unsupported),
        (400, {"code": 40400, "msg": "该表单已归档"}, Unsupported, Unsupported),
        (400, {"code": 4001, "msg": "Data doesn't exist."}, Missing, Missing),
        (400, {"code": 1010, "msg": "The member doesn't exist."}, Unsupported, Rejected),
        (400, {"code": 4000, "msg": "Failed to submit data."}, Unsupported, Rejected),
        (400, {"code": 7212, "msg": "Monthly data exceeds the limit."}, Denied, Denied),
        (200, {"status": "failure", "code": 1010, "message": "用户不存在"}, Unsupported, Rejected),
        (200, {"code": 4000, "msg": "数据提交失败"}, Unsupported, Rejected),
        (200, b"<html>Please sign in</html>", Transient, Unanswered),
        (200, b'{"data": {"_id": "6', Transient, Unanswered),
        (200, b"[]", Transient, Unanswered),
        (500, {"code": 500, "msg": "inner"}, Transient, Unanswered),
        (404, b"<h1>Not Found</h1>", Unsupported, Unsupported),
        (302, [b"", {"location": "https://evil.example/x?k=1"}], Unsupported, Unsupported),
    ],
)
def test_an_answer_becomes_our_error(status, body, on_read, on_write):
    line, _ = jdy(get=lambda _: (status, body), create=lambda _: (status, body))
    for work, kind in (
        (lambda: line._api.read("v5/app/entry/data/get"), on_read),
        (lambda: line._api.write("v5/app/entry/data/create"), on_write),
    ):
        with pytest.raises(HubError) as told:
            work()
        assert type(told.value) is kind
        assert "?" not in "".join(tell(told.value) + tell(told.value, "zh")).replace("(code 99): ?", "").replace(
            "（错误码 99）：?", ""
        )
        assert "k=1" not in str(told.value)


def test_every_code_has_words():
    assert sum(code.startswith("jiandaoyun.") for code in ERRORS) > 20


def test_a_throttled_answer_says_when_to_come_back():
    line, _ = jdy(get=lambda _: (400, {"code": 8303, "msg": "x"}))
    with pytest.raises(Transient) as told:
        line._api.read("v5/app/entry/data/get")
    assert told.value.after == 1.0


def test_each_endpoint_keeps_its_own_pace():
    clock = Clock(NOW)
    line, _ = jdy(clock, get=lambda _: {"data": {}}, create=lambda _: {"data": {}}, calls_per_second=50)
    for _ in range(21):
        line._api.write("v5/app/entry/data/create")
    assert clock.at - NOW >= timedelta(seconds=1)
    start = clock.at
    for _ in range(31):
        line._api.read("v5/app/entry/data/get")
    assert timedelta(seconds=1) <= clock.at - start < timedelta(seconds=1.2)


# ------------------------------------------------------------------------ reading


def test_changes_are_asked_by_update_time_and_listed_by_id():
    pages = [[row(n) for n in range(1, 101)], [row(101)]]
    line, http = jdy(list=lambda asked: {"data": pages[1] if asked.get("data_id") else pages[0]})
    first, last = line.read("customer", Cursor(NOW).text())
    assert [len(p.records) for p in (first, last)] == [100, 1]
    assert http.asked("data/list")[0]["filter"]["cond"][0]["value"] == ["2026-03-01T07:59:00.000Z", None]
    assert http.asked("data/list")[1]["data_id"] == data_id(100)
    began = Cursor.parse(last.cursor, "", "").at  # the clock when the first page was asked for
    assert NOW <= began < NOW + timedelta(seconds=1)
    assert Cursor.parse(first.cursor, "", "") == Cursor(NOW, began, data_id(100))
    [page] = line.read("customer", first.cursor)
    assert [r.id for r in page.records] == [data_id(101)]
    record: Record = first.records[0]
    assert (record.values["name"], record.author, record.version) == ("客户1", "li", "2026-03-01T07:00:00.000Z")


@pytest.mark.parametrize("text", ["x", "", "{}", "[1]", '{"at": "2026-01-31T08:00:00"}', '{"on": "5"}'])
def test_a_foreign_cursor_is_refused(text):
    with pytest.raises(Unsupported):
        jdy()[0].read("customer", text)


def test_a_field_renamed_overnight_is_still_the_same_field():
    line, http = jdy(list=lambda _: {"data": [row(1)]})
    line.discover()
    renamed = [{**w, "name": "company"} if w["widgetName"] == "_widget_1" else w for w in WIDGETS]
    http.answers["widget"] = lambda _: {"widgets": renamed, "sysWidgets": SYSTEM}
    changed = {k: v for k, v in row(1).items() if k != "cust_name"} | {"company": "新名"}
    http.answers["list"] = lambda _: {"data": [changed]}
    http.answers["get"] = lambda _: {"data": changed}
    http.answers["update"] = lambda asked: {"data": {**changed, "company": asked["data"]["company"]["value"]}}
    [page] = line.read("customer")
    assert page.records[0].values["name"] == "新名"
    [done] = line.write("customer", [Write(data_id(1), {"name": "更新"})])
    assert isinstance(done, Written)
    assert http.asked("data/update")[0]["data"] == {"company": {"value": "更新"}}
    assert len(http.asked("widget/list")) == 2


def test_many_ids_are_one_call_and_nobody_is_declared_gone_by_mistake():
    line, http = jdy(list=lambda a: {"data": [row(1), row(2)]}, get=lambda a: {"data": row(int(a["data_id"], 16))})
    assert len(line.fetch("customer", [data_id(1), data_id(2), data_id(3)])) == 2
    assert len(http.asked("data/get")) == 0
    line, http = jdy(list=lambda a: {"data": [row(8), row(9)]}, get=lambda a: {"data": row(int(a["data_id"], 16))})
    assert [r.id for r in line.fetch("customer", [data_id(1), data_id(2)])] == [data_id(1), data_id(2)]
    line, http = jdy(list=lambda a: {"data": []}, get=lambda a: {"data": row(int(a["data_id"], 16))})
    assert len(line.fetch("customer", [data_id(1), data_id(2)])) == 2
    line, http = jdy(
        list=lambda a: (400, {"code": 4815, "msg": "filter"}), get=lambda a: (400, {"code": 4001, "msg": "gone"})
    )
    assert line.fetch("customer", [data_id(1), data_id(2), "nonsense"]) == []


def test_a_search_is_a_filter():
    line, http = jdy(list=lambda a: {"data": [row(1), row(2, cust_name="客户1 ")]})
    found = line.search("customer", {"name": "客户1"})
    assert [r.id for r in found] == [data_id(1)]
    [asked] = http.asked("data/list")
    assert asked["filter"]["cond"] == [{"field": "cust_name", "type": "text", "method": "eq", "value": ["客户1"]}]


# ------------------------------------------------------------------------ writing


def creates(*tokens: str) -> list[Write]:
    return [Write(None, {"name": f"新{t}", "amount": Decimal(5)}, token=t) for t in tokens]


def batch(made: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    return {"status": "success", "success_count": len(made), "success_ids": [r["_id"] for r in made], **more}


def test_a_batch_tells_ids_in_any_order_and_each_finds_its_row():
    made = [row(n, cust_name=f"新{t}", hub_id=t, amount=5) for n, t in ((3, "c"), (1, "a"), (2, "b"))]
    line, http = jdy(batch_create=lambda _: batch(made), list=lambda _: {"data": made})
    done = line.write("customer", creates("a", "b", "c"))
    assert [d.id for d in done] == [data_id(1), data_id(2), data_id(3)]
    assert [path for path, _ in http.calls] == ["entry/widget/list", "entry/data/batch_create", "entry/data/list"]
    assert [r["hub_id"]["value"] for r in http.asked("batch_create")[0]["data_list"]] == ["a", "b", "c"]


def test_a_repeated_batch_is_the_same_batch_to_them():
    lost = Unanswered("net.no_answer")
    line, http = jdy(batch_create=lambda _: lost)
    for _ in range(2):
        assert line.write("customer", creates("a", "b")) == [lost, lost]
    one, two = (asked["transaction_id"] for asked in http.asked("batch_create"))
    assert one == two
    line.write("customer", creates("a", "z"))
    assert http.asked("batch_create")[2]["transaction_id"] != one


def test_a_batch_that_came_out_short_is_sent_once_more_and_then_names_who_is_missing():
    made = [row(n, cust_name=f"新{t}", hub_id=t, amount=5) for n, t in ((1, "a"), (3, "c"))]
    line, http = jdy(batch_create=lambda _: batch(made), list=lambda _: {"data": made})
    one, two, three = line.write("customer", creates("a", "b", "c"))
    assert (one.id, three.id) == (data_id(1), data_id(3))
    assert isinstance(two, Rejected)
    assert len({a["transaction_id"] for a in http.asked("batch_create")}) == 1
    assert len(http.asked("batch_create")) == 2


def test_what_cannot_be_told_apart_is_not_guessed():
    twin = [row(n, cust_name="新", hub_id="", amount=5) for n in (1, 2)]
    line, _ = jdy(
        form={"token_field": ""}, batch_create=lambda _: batch(twin[:1]), list=lambda _: {"data": twin[:1]},
        get=lambda _: {"data": twin[0]},
    )  # fmt: skip
    same = [Write(None, {"name": "新", "amount": Decimal(5)}), Write(None, {"name": "新", "amount": Decimal(5)})]
    one, two = line.write("customer", same)
    assert isinstance(one, Written)
    assert isinstance(two, Rejected)


def test_the_key_is_looked_for_before_a_create_since_their_own_rules_do_not_bind_the_api():
    there = row(9, cust_name="新a")
    line, http = jdy(
        form={"token_field": "", "key": ["name"]},
        list=lambda _: {"data": [there]},
        batch_create=lambda _: batch([row(1, cust_name="新b", hub_id="", amount=5)]),
        get=lambda _: {"data": row(1, cust_name="新b", hub_id="", amount=5)},
    )
    one, two = line.write("customer", creates("a", "b"))
    assert isinstance(one, Rejected)
    assert one.facts["id"] == data_id(9)
    assert isinstance(two, Written)
    assert len(http.asked("batch_create")[0]["data_list"]) == 1


def test_equal_changes_go_together_and_only_what_differs_is_sent():
    rows = {data_id(n): row(n, _widget_2="跟进") for n in range(1, 5)}

    def update(asked):
        for i in asked.get("data_ids", [asked.get("data_id")]):
            rows[i] |= {wire: cell["value"] for wire, cell in asked["data"].items()}
        return {"status": "success", "success_count": len(asked["data_ids"])} if "data_ids" in asked else {
            "data": rows[asked["data_id"]]}  # fmt: skip

    def listed(asked):
        return {"data": [rows[i] for i in asked["filter"]["cond"][0]["value"]]}

    line, http = jdy(list=listed, batch_update=update, update=update)
    changes = [{"status": "成交"}, {"status": "成交", "name": "客户2"}, {"name": "客户3"}, {"amount": Decimal(7)}]
    done = line.write("customer", [Write(data_id(n), v) for n, v in enumerate(changes, 1)])
    assert all(isinstance(d, Written) and d.values is not None for d in done)
    [together] = http.asked("batch_update")
    assert (together["data_ids"], together["data"]) == ([data_id(1), data_id(2)], {"_widget_2": {"value": "成交"}})
    [alone] = http.asked("data/update")
    assert (alone["data_id"], alone["data"]) == (data_id(4), {"amount": {"value": 7}})


def test_a_colleague_s_change_is_seen_before_ours_is_written():
    line, http = jdy(get=lambda _: {"data": row(1, cust_name="别人改的")})
    [told] = line.write("customer", [Write(data_id(1), {"name": "我们的"}, expect={"name": "客户1"})])
    assert isinstance(told, Stale)
    assert not http.asked("data/update")


def test_lines_keep_what_we_do_not_name():
    lines = [
        {"_id": "l1", "_widget_8": 1, "note": "甲"},
        {"_id": "l2", "_widget_8": 2, "note": "乙"},
        {"_id": "l3", "_widget_8": 3, "note": "丙", "pic": [{"name": "a.png"}]},
    ]
    line, http = jdy(get=lambda _: {"data": row(1, lines=lines)}, update=lambda _: {"data": row(1)})
    schema = line.discover()[0]
    assert schema.abilities.lines == "whole"
    assert [f.name for f in schema.field("lines").lines] == ["_id", "qty", "_widget_9", "_widget_10"]
    line.write("customer", [Write(data_id(1), {"lines": [{"_id": "l1", "qty": Decimal(9)}, {"qty": Decimal(4)}]})])
    assert http.asked("data/update")[0]["data"]["lines"]["value"] == [
        {"_id": {"value": "l1"}, "_widget_8": {"value": 9}, "note": {"value": "甲"}},
        {"_widget_8": {"value": 4}},
    ]
    for wrong in ({"_id": "l3", "qty": Decimal(1)}, {"_id": "l9", "qty": Decimal(1)}):
        [told] = line.write("customer", [Write(data_id(1), {"lines": [wrong]})])
        assert isinstance(told, Rejected)


def test_part_of_an_address_keeps_the_rest():
    home = {"province": "江苏省", "city": "无锡市", "district": "梁溪区", "detail": "清扬路138号"}
    line, http = jdy(get=lambda _: {"data": row(1, addr=home)}, update=lambda _: {"data": row(1)})
    line.write("customer", [Write(data_id(1), {"addr_detail": "人民路1号"})])
    assert http.asked("data/update")[0]["data"]["addr"]["value"] == {**home, "detail": "人民路1号"}


def test_required_fields_are_required_although_the_api_takes_anything():
    line, http = jdy(form={"required": ["name"]}, get=lambda _: {"data": row(1)})
    told = line.write("customer", [Write(None, {"amount": Decimal(1)}), Write(data_id(1), {"name": None})])
    assert [type(t) for t in told] == [Rejected, Rejected]
    assert not http.asked("batch_create")


def test_deletes_go_by_hundreds():
    line, http = jdy(
        batch_delete=lambda a: {"status": "success", "success_count": len(a["data_ids"])},
        delete=lambda a: (400, {"code": 4001, "msg": "Data doesn't exist."}),
    )
    assert all(isinstance(o, Written) for o in line.write("customer", [Write(data_id(n), None) for n in range(150)]))
    assert [len(a["data_ids"]) for a in http.asked("batch_delete")] == [100, 50]
    assert isinstance(line.write("customer", [Write(data_id(1), None)])[0], Missing)


# ------------------------------------------------------------------------ pushes


def push(body: bytes, at: datetime = NOW, secret: str = "s3cret", delivery: str = "d1") -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    signed = signature("n0nce", body, secret, stamp)
    return {
        ":path": f"/hooks/crm?timestamp={stamp}&nonce=n0nce",
        "X-JDY-Signature": signed,
        "X-JDY-DeliverId": delivery,
    }


def event(op: str, n: int = 1) -> bytes:
    data = {"_id": data_id(n), "appId": APP, "entryId": FORM, "formName": "客户"}
    return json.dumps({"op": op, "data": data}).encode()


def test_the_vendor_s_test_vector():
    body = b'{"op":"data_create","data":{"_id":"5f0000000000000000000001"}}'
    assert signature("n0nce", body, "s3cret", "1700000000") == "aed59064e17db4b08309323c2448b2c5b045d5cb"


def test_pushes_are_hints_if_they_are_signed_and_fresh_and_new():
    line, _ = jdy()
    for n, op in enumerate(("data_create", "data_update", "data_remove", "data_recover")):
        assert line.parse(push(event(op), delivery=f"d{n}"), event(op)) == [("customer", data_id(1))]
    assert line.parse(push(event("data_update"), delivery="d0"), event("data_update")) == []  # sent a second time
    assert line.parse(push(event("flow_message"), delivery="x"), event("flow_message")) == []
    other = event("data_update").replace(FORM.encode(), b"c" * 24)
    assert line.parse(push(other, delivery="y"), other) == []
    body = event("data_update")
    forged = {**push(body), "X-JDY-Signature": "0" * 40}
    moved = {**push(body), ":path": "/hooks/crm?timestamp=1&nonce=n0nce"}
    for headers in (forged, moved, push(body, secret="other"), push(body, NOW - timedelta(minutes=6)), {}):
        with pytest.raises(Denied):
            line.parse(headers, body)
    with pytest.raises(Unsupported):
        line.parse(push(b"{", delivery="z"), b"{")
    with pytest.raises(Unsupported):
        jdy(webhook_secret="")[0].parse(push(body), body)


def test_a_form_that_was_redesigned_is_looked_at_again():
    line, http = jdy(get=lambda _: {"data": row(1)})
    line.discover()
    assert line.parse(push(event("form_update")), event("form_update")) == [("customer", "")]
    line.fetch("customer", [data_id(1)])
    assert len(http.asked("widget/list")) == 2
