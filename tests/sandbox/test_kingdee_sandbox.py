"""The Kingdee sandbox by plain calls: what the vendor's SDK does not reach, its faults, and the hands inside."""

from __future__ import annotations

import base64
import json
import sqlite3
from collections.abc import Iterator
from decimal import Decimal
from email.utils import parsedate_to_datetime
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hefu.sandbox.hands import call
from hefu.sandbox.kingdee import login, open_kingdee
from hefu.sandbox.kingdee.book import dec
from hefu.sandbox.server import Server
from kingdee_sandbox import AUTH, CUSTOMER, FORM, Box, material, order_model


@pytest.fixture(scope="module")
def served() -> Iterator[Box]:
    server = Server(open_kingdee(empty=True)).start()
    made = Box(server)
    made.login()
    material(made, "M1")
    material(made, "M2")
    made.customer("C1")
    yield made
    server.stop()


@pytest.fixture
def box(served: Box) -> Iterator[Box]:
    yield served
    served.hands.reset()
    served.hands.settings(clock_offset=0)
    if not served.session or served.query("BD_Currency", "FNumber") != [["PRE001"], ["PRE007"]]:
        served.login()


# -------------------------------------------------------------------- who may call


def test_the_vendors_test_vector() -> None:
    app, at = "123456_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef", "1700000000"
    path = "/k3cloud/Kingdee.BOS.WebApi.ServicesStub.DynamicFormService.Save.common.kdsvc"
    assert login.client_secret(app) == "MCC2JDe0GaXoBuG8dSekaTenWPX6RrOs"
    assert login.api_signature(app, path, at, at) == (
        "MDVhYjg1MzU0Y2U5NmE2ZjQ1NjNhZjA5MTAzMDNmMGM1MDk0N2JiMTY4ZWExZTkyYjQ2NWRhNmNmMWI1YWNmOQ=="
    )
    assert login.app_signature(app, "0123456789abcdef0123456789abcdef", "64a0example,apiuser,2052,0") == (
        "MjI1ZjAzZDgxMTllOThmN2QyOTYyOWViOThjNjljMzNhYjA5NDdmMTQzYzZlNmM4ZmM3ZjgxZmM2NTYyYjJiZg=="
    )
    words = ("64a0example", "apiuser", app, "0123456789abcdef0123456789abcdef", at)
    assert login.login_sign(*words) == "0ec0537874c5badd0f9d6b06e97ae70a37245fdda8c5c040af702c79ccca3d95"


def test_three_ways_to_log_in_and_what_a_wrong_one_hears(box: Box) -> None:
    now = str(int(box.sandbox.clock.now().timestamp()))
    sign = login.login_sign(login.ACCOUNT, login.USER, login.APP_ID, login.APP_SECRET, now)
    ways: list[tuple[str, list[Any]]] = [
        ("ValidateUser", [login.ACCOUNT, login.USER, login.PASSWORD, 2052]),
        ("LoginByAppSecret", [login.ACCOUNT, login.USER, login.APP_ID, login.APP_SECRET, 2052]),
        ("LoginBySign", [login.ACCOUNT, login.USER, login.APP_ID, now, sign, 2052]),
    ]
    for service, words in ways:
        told = box.post(AUTH + service, {"parameters": words}).json
        assert (told["LoginResultType"], bool(told["KDSVCSessionId"])) == (1, True), service
        told = box.post(AUTH + service, {"parameters": [*words[:-2], "wrong", 2052]}).json
        assert (told["LoginResultType"], told["KDSVCSessionId"]) == (0, None), service
    form = urlencode({"acctID": login.ACCOUNT, "username": login.USER, "password": login.PASSWORD, "lcid": 2052})
    told = box.post(f"{AUTH}ValidateUser", form.encode(), **{"Content-Type": "application/x-www-form-urlencoded"}).json
    assert told["LoginResultType"] == 1


def test_a_lost_session_is_told_inside_the_answer(box: Box) -> None:
    box.hands.fault("expire")
    assert box.refused("Submit", "BD_Customer", Numbers=["C1"]) == (1, "会话信息已丢失，请重新登录：ctx == null")
    nested = box.query("BD_Customer", "FNumber")
    assert nested[0][0]["Result"]["ResponseStatus"]["MsgCode"] == 1
    assert box.login()["LoginResultType"] == 1
    box.hands.settings(idle=-1)
    assert box.refused("Submit", "BD_Customer", Numbers=["C1"])[0] == 1
    box.hands.settings(idle=1200)


def test_a_signed_call_by_a_wrong_clock_is_told_the_right_one(box: Box) -> None:
    at = str(int(box.sandbox.clock.now().timestamp()))
    path = f"/k3cloud/{FORM}ExecuteBillQuery.common.kdsvc"
    data = f"{login.ACCOUNT},{login.USER},2052,0"
    headers = {
        "x-api-timestamp": at,
        "x-api-nonce": at,
        "x-api-signature": login.api_signature(login.APP_ID, path, at, at),
        "x-kd-appkey": login.APP_ID,
        "x-kd-appdata": base64.b64encode(data.encode()).decode(),
        "x-kd-signature": login.app_signature(login.APP_ID, login.APP_SECRET, data),
    }
    asked = {"data": {"FormId": "BD_Currency", "FieldKeys": "FNumber"}}
    address = f"{box.server.url}{path}"
    assert call("POST", address, asked, headers).json == [["PRE001"], ["PRE007"]]
    box.hands.settings(clock_offset=7200)
    late = call("POST", address, asked, headers)
    assert (late.status, late.json["errcode"]) == (519, 4006)
    ahead = (parsedate_to_datetime(late.headers["date"]) - box.sandbox.clock.now()).total_seconds()
    assert abs(ahead) < 5, "the Date header is of the clock that judges"


# -------------------------------------------------------------------- how parameters may be written


def test_parameters_may_be_written_in_many_ways(box: Box) -> None:
    data = {"FormId": "BD_Currency", "FieldKeys": "FNumber", "FilterString": "FNumber='PRE001'"}
    name, want = f"{FORM}ExecuteBillQuery", [["PRE001"]]
    assert box.post(name, {"data": json.dumps(data)}).json == want
    assert box.post(name, {"DATA": data}).json == want
    assert box.post(name, {"parameters": [json.dumps(data)]}).json == want
    assert box.post(name, {"parameters": json.dumps([data])}).json == want
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    assert box.post(name, urlencode({"data": json.dumps(data)}).encode(), **form).json == want
    seen = box.post(f"{FORM}View", {"parameters": ["BD_Customer", {"Number": "C1"}]}).json
    assert seen["Result"]["Result"]["Number"] == "C1"
    upper = box.url.replace("k3cloud", "K3Cloud")
    assert (
        call("POST", f"{upper}{name}.common.kdsvc", {"data": data}, {"kdservice-sessionid": box.session}).json == want
    )


def test_only_one_spelling_of_the_operation_may_be_served(box: Box) -> None:
    box.hands.settings(operation="ExecuteOperation")  # type: ignore[arg-type]
    told = box.form("ExcuteOperation", formid="BD_Customer", opNumber="Enable", data={"Numbers": ["C1"]})
    assert told["Result"]["ResponseStatus"]["Errors"][0]["Message"].startswith("未将对象引用")
    told = box.form("ExecuteOperation", formid="BD_Customer", opNumber="Enable", data={"Numbers": ["C1"]})
    assert told["Result"]["ResponseStatus"]["IsSuccess"] is True
    box.hands.settings(operation="both")  # type: ignore[arg-type]


# -------------------------------------------------------------------- queries

TEXTS = st.sampled_from(["Alpha", "alp", "BETA", "b%", "x_y", "o'hara", ""])
NUMBERS = st.integers(-3, 9)
OPS = st.sampled_from(["=", "<>", ">", ">=", "<", "<="])


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


TESTS = st.one_of(
    st.builds(lambda op, v: f"FShortName {op} {quoted(v)}", OPS, TEXTS),
    st.builds(lambda op, v: f"FPriority {op} {v}", OPS, NUMBERS),
    st.builds(lambda no, v: f"FShortName {no}like {quoted(v + '%')}", st.sampled_from(["", "not "]), TEXTS),
    st.builds(lambda v: f"FPriority in ({', '.join(map(str, v))})", st.lists(NUMBERS, min_size=1, max_size=3)),
    st.builds(lambda a, b: f"FPriority between {a} and {b}", NUMBERS, NUMBERS),
)
FILTERS = st.recursive(
    TESTS,
    lambda inner: st.one_of(
        st.builds(lambda a, w, b: f"({a} {w} {b})", inner, st.sampled_from(["and", "or", "AND"]), inner),
        inner.map(lambda a: f"not ({a})"),
    ),
    max_leaves=5,
)


@pytest.fixture(scope="module")
def judge(served: Box) -> sqlite3.Connection:
    """The same rows in a database, which judges what a filter means."""
    db = sqlite3.connect(":memory:", check_same_thread=False)
    db.execute("create table c (FNumber text, FShortName text collate nocase, FPriority integer)")
    for n, (short, priority) in enumerate(
        [("Alpha", 1), ("ALPHA", 2), ("beta", 3), ("x_y", 4), ("xzy", 5), ("o'hara", 0)]
    ):
        served.customer(f"F{n}", FShortName=short, FPriority=priority)
        db.execute("insert into c values (?,?,?)", (f"F{n}", short, priority))
    return db


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FILTERS)
def test_a_filter_means_what_it_means_to_a_database(served: Box, judge: sqlite3.Connection, text: str) -> None:
    want = sorted(row[0] for row in judge.execute(f"select FNumber from c where {text}"))
    got = served.query("BD_Customer", "FNumber", f"FNumber like 'F%' and ({text})")
    assert sorted(row[0] for row in got) == want, text


def test_pages_and_the_trap_of_the_top_row_count(box: Box) -> None:
    def page(**words: int) -> list[str]:
        return [row[0] for row in box.query("BD_CustomerGroup", "FNumber", OrderString="FID DESC", **words)]

    assert page(StartRow=0, Limit=1) == ["02"]
    assert page(StartRow=1, Limit=1) == ["01"]
    assert page(StartRow=1, Limit=1, TopRowCount=1) == [], "the count is an absolute end"
    box.hands.settings(limit=1)
    assert page(StartRow=0, Limit=5000) == ["02"], "more than the cap is cut without a word"
    box.hands.settings(limit=2000)


def test_what_a_query_refuses(box: Box) -> None:
    def told(form: str, keys: str, where: str = "") -> tuple[int, str]:
        status = box.query(form, keys, where)[0][0]["Result"]["ResponseStatus"]
        return status["MsgCode"], status["Errors"][0]["Message"]

    assert told("NO_SUCH", "FID") == (4, "业务对象不存在：NO_SUCH")
    assert told("BD_Customer", "FPhone1") == (9, "元数据中标识为FPhone1的字段不存在")
    assert told("BD_Customer", "FID") == (4, "列名 'FID' 无效。")
    assert told("BD_Customer", "FADDRESS1")[0] == 9, "tabs of base data are only for View"
    assert told("BD_Customer", "FNumber", "FNumber = ")[0] == 4
    assert told("BD_Customer", "FNumber", "FNumber == 'a'; drop table x")[0] == 4
    assert told("BD_Customer", "FNumber", "FModifyDate > 'yesterday'")[0] == 4
    assert told("BD_Customer", "")[0] == 8
    listed = [{"Left": "", "FieldName": "FNumber", "Compare": "67", "Value": "C1", "Right": "", "Logic": "0"}]
    assert box.query("BD_Customer", "FNumber", listed) == [["C1"]]  # type: ignore[arg-type]


def test_rows_stand_beside_their_head(box: Box) -> None:
    box.order("Q1", "C1", ("M1", 1, 10), ("M2", 2, 20), audit=False)
    keys = "FBillNo,FSaleOrderEntry_FSeq,FMaterialId.FNumber,FMaterialId.FBaseUnitId.FName,FCustId"
    (customer,) = box.query("BD_Customer", "FCUSTID", "FNumber='C1'")[0]
    assert box.query("SAL_SaleOrder", keys, "FBillNo='Q1'") == [
        ["Q1", 1, "M1", "个", customer],
        ["Q1", 2, "M2", "个", customer],
    ]
    assert box.query("SAL_SaleOrder", "FBillNo", f"FCustId = {customer} and FQty > 1 and FBillNo = 'Q1'") == [["Q1"]]


# -------------------------------------------------------------------- saving


def test_what_a_save_refuses(box: Box) -> None:
    assert box.refused("Save", "BD_Customer", Model={**CUSTOMER, "FNumber": "X9"}) == (11, "字段[名称]是必录字段")
    taken = box.refused("Save", "BD_Customer", Model={**CUSTOMER, "FNumber": "C1", "FName": "x"})
    assert taken == (11, "违反字段唯一性要求：编码唯一。[C1]在当前系统中已经被使用。")
    (pk,) = box.query("BD_Customer", "FCUSTID", "FNumber='C1'")[0]
    assert box.refused("Save", "BD_Customer", Model={"FCUSTID": pk, "FTEL": "1"}) == (11, "单据已审核，不允许修改")
    assert box.refused("Save", "BD_Customer", Model={"FCUSTID": 1, "FTEL": "1"})[0] == 10
    model = order_model("S9", "NOBODY", ("M1", 1, 1))
    verified = box.refused("Save", "SAL_SaleOrder", Model=model, IsVerifyBaseDataField="true")
    assert verified[0] == 11
    assert "NOBODY" in verified[1]
    assert box.refused("Save", "SAL_SaleOrder", Model=model) == (11, "字段[客户]是必录字段"), "unverified: left blank"
    assert box.refused("Save", "SAL_SaleOrder", Model=order_model("S9", "C1"))[1] == "订单明细不能为空"
    bad = order_model("S9", "C1", ("M1", "many", 1))
    assert box.refused("Save", "SAL_SaleOrder", Model=bad)[1] == "字段[销售数量]的值“many”不是有效的数值"
    assert box.query("SAL_SaleOrder", "FID", "FBillNo='S9'") == []


def test_lines_that_are_not_sent_are_deleted_unless_asked_otherwise(box: Box) -> None:
    pk = box.order("L1", "C1", ("M1", 1, 10), ("M2", 2, 20), audit=False)
    keys = "FSaleOrderEntry_FEntryID,FMaterialId.FNumber,FQty"
    first, second = box.query("SAL_SaleOrder", keys, "FBillNo='L1'")
    patch = {"FID": pk, "FSaleOrderEntry": [{"FEntryID": first[0], "FQty": 5}]}
    box.ok("Save", "SAL_SaleOrder", Model=patch, IsDeleteEntry="false")
    assert box.query("SAL_SaleOrder", keys, "FBillNo='L1'") == [[first[0], "M1", 5.0], second]
    box.ok("Save", "SAL_SaleOrder", Model={"FID": pk, "FNote": "a"}, NeedUpDateFields=["FNote"])
    assert len(box.query("SAL_SaleOrder", keys, "FBillNo='L1'")) == 2
    both = {"FID": pk, "FNote": "b", "FDate": "2020-01-01"}
    box.ok("Save", "SAL_SaleOrder", Model=both, NeedUpDateFields=["FNote"])
    assert box.query("SAL_SaleOrder", "FNote,FDate", "FBillNo='L1'")[0] == ["b", "2026-03-01T00:00:00"]
    box.ok("Save", "SAL_SaleOrder", Model=patch)
    assert box.query("SAL_SaleOrder", keys, "FBillNo='L1'") == [[first[0], "M1", 5.0]]


def test_the_system_works_out_amounts_and_numbers_itself(box: Box) -> None:
    model = order_model("", "C1", ("M1", "3", "33.333"))
    made = box.ok("Save", "SAL_SaleOrder", Model=model)
    assert made["Number"].startswith("XSDD")
    row = box.query("SAL_SaleOrder", "FAmount,FTaxAmount,FAllAmount,FBillAllAmount", f"FID={made['Id']}")[0]
    assert row == [88.5, 11.5, 100.0, 100.0]
    model["FSaleOrderEntry"][0] = {**model["FSaleOrderEntry"][0], "FPrice": 10}
    del model["FSaleOrderEntry"][0]["FTaxPrice"]
    made = box.ok("Save", "SAL_SaleOrder", Model=model)
    assert box.query("SAL_SaleOrder", "FTaxPrice,FAllAmount", f"FID={made['Id']}")[0] == [11.3, 33.9]
    box.hands.settings(own_numbers=True)
    made = box.ok("Save", "SAL_SaleOrder", Model=order_model("MINE", "C1", ("M1", 1, 1)))
    box.hands.settings(own_numbers=False)
    assert made["Number"] != "MINE", "a tenant with numbering rules gives its own"


def test_the_same_json_twice_is_refused_where_asked(box: Box) -> None:
    model = order_model("", "C1", ("M1", 1, 7))
    box.ok("Save", "SAL_SaleOrder", Model=model, ValidateRepeatJson="true")
    assert box.refused("Save", "SAL_SaleOrder", Model=model, ValidateRepeatJson="true")[0] == 11


def test_save_submit_and_audit_in_one_call(box: Box) -> None:
    made = box.ok("Save", "SAL_SaleOrder", Model=order_model("ONE", "C1", ("M1", 1, 1)), IsAutoSubmitAndAudit="true")
    assert box.query("SAL_SaleOrder", "FDocumentStatus", f"FID={made['Id']}") == [["C"]]


# -------------------------------------------------------------------- steps and the chain


def test_a_step_out_of_turn_is_refused_and_the_others_go_on(box: Box) -> None:
    one, two = (box.order(n, "C1", ("M1", 1, 1), audit=False) for n in ("T1", "T2"))
    box.ok("Submit", "SAL_SaleOrder", Numbers=["T1"])
    result = box.form("Submit", formid="SAL_SaleOrder", data={"Ids": f"{one},{two},999"})["Result"]["ResponseStatus"]
    assert [e["Id"] for e in result["SuccessEntitys"]] == [two]
    assert [e["DIndex"] for e in result["Errors"]] == [0, 2]
    assert result["MsgCode"] == 12
    assert box.refused("Delete", "SAL_SaleOrder", Numbers=["T1"])[0] == 12
    assert box.refused("Submit", "SAL_SaleOrder", Ids=[one])[0] == 8, "an array of ids is ignored"
    box.hands.settings(one_id=True)
    told = box.ok("Audit", "SAL_SaleOrder", Ids=f"{one},{two}")
    box.hands.settings(one_id=False)
    assert len(told["ResponseStatus"]["SuccessEntitys"]) == 1, "some systems take one id a call"
    box.hands.settings(workflow=["SAL_SaleOrder"])  # type: ignore[arg-type]
    assert box.refused("Audit", "SAL_SaleOrder", Numbers=["T2"])[0] == 12
    passed = box.form("WorkflowAudit", data={"FormId": "SAL_SaleOrder", "Numbers": ["T2"], "ApprovalType": 1})
    box.hands.settings(workflow=[])  # type: ignore[arg-type]
    assert passed["Result"]["ResponseStatus"]["IsSuccess"] is True


def progress(box: Box, number: str) -> Any:
    return box.query("SAL_SaleOrder", "FQty,FStockOutQty,FCloseStatus", f"FBillNo='{number}'")[0]


def pushed(box: Box, number: str, target: str, source: str = "SAL_SaleOrder") -> str:
    asked = {"Numbers": [number], "TargetFormId": target, "IsEnableDefaultRule": "true"}
    return str(box.ok("Push", source, **asked)["Numbers"][0])


def test_a_shipment_in_two_parts_and_the_way_back(box: Box) -> None:
    box.order("P1", "C1", ("M1", 10, 11.3))
    out = pushed(box, "P1", "SAL_OUTSTOCK")
    ids = box.query("SAL_OUTSTOCK", "FID,FEntity_FEntryID", f"FBillNo='{out}'")[0]
    assert box.refused("Push", "SAL_SaleOrder", Numbers=["P1"], RuleId="SaleOrder-OutStock")[0] == 11, "all is taken"
    part = {"FID": ids[0], "FEntity": [{"FEntryID": ids[1], "FRealQty": 4}]}
    box.ok("Save", "SAL_OUTSTOCK", Model=part)
    assert progress(box, "P1") == [10.0, 0.0, "A"], "written back at audit, not before"
    for verb in ("Submit", "Audit"):
        box.ok(verb, "SAL_OUTSTOCK", Numbers=[out])
    assert progress(box, "P1") == [10.0, 4.0, "A"]
    rest = pushed(box, "P1", "SAL_OUTSTOCK")
    assert box.query("SAL_OUTSTOCK", "FRealQty,FSoorDerno", f"FBillNo='{rest}'") == [[6.0, "P1"]]
    more = {"FID": box.query("SAL_OUTSTOCK", "FID", f"FBillNo='{rest}'")[0][0]}
    row = box.query("SAL_OUTSTOCK", "FEntity_FEntryID", f"FBillNo='{rest}'")[0][0]
    over = box.refused("Save", "SAL_OUTSTOCK", Model={**more, "FEntity": [{"FEntryID": row, "FRealQty": 7}]})
    assert over[0] == 11
    assert "关联数量" in over[1]
    for verb in ("Submit", "Audit"):
        box.ok(verb, "SAL_OUTSTOCK", Numbers=[rest])
    assert progress(box, "P1") == [10.0, 10.0, "B"]
    assert box.refused("UnAudit", "SAL_SaleOrder", Numbers=["P1"])[0] == 12, "a downstream bill holds it"
    for verb in ("UnAudit", "Delete"):
        box.ok(verb, "SAL_OUTSTOCK", Numbers=[rest])
    assert progress(box, "P1") == [10.0, 4.0, "A"]
    assert box.query("SAL_OUTSTOCK", "FRealQty", f"FBillNo='{pushed(box, 'P1', 'SAL_OUTSTOCK')}'") == [[6.0]]


def test_a_link_in_a_save_counts_as_a_push(box: Box) -> None:
    pk = box.order("K1", "C1", ("M1", 10, 11.3))
    row = box.query("SAL_SaleOrder", "FSaleOrderEntry_FEntryID", f"FID={pk}")[0][0]
    link = {"FEntity_Link_FRuleId": "SaleOrder-OutStock", "FEntity_Link_FSTableName": "T_SAL_ORDERENTRY"}
    link |= {"FEntity_Link_FSBillId": pk, "FEntity_Link_FSId": row}  # type: ignore[dict-item]
    line = {"FMaterialID": {"FNumber": "M1"}, "FRealQty": 3, "FTaxPrice": 11.3, "FEntity_Link": [link]}
    model = {"FSaleOrgId": {"FNumber": "100"}, "FCustomerID": {"FNumber": "C1"}, "FEntity": [line]}
    made = box.ok("Save", "SAL_OUTSTOCK", Model=model)
    assert box.query("SAL_OUTSTOCK", "FSrcBillNo", f"FID={made['Id']}") == [["K1"]]
    assert box.query("SAL_OUTSTOCK", "FRealQty", f"FBillNo='{pushed(box, 'K1', 'SAL_OUTSTOCK')}'") == [[7.0]]


def test_only_audited_open_orders_are_pushed(box: Box) -> None:
    box.order("O1", "C1", ("M1", 1, 1), audit=False)
    words = {"TargetFormId": "SAL_OUTSTOCK", "IsEnableDefaultRule": "true"}
    assert box.refused("Push", "SAL_SaleOrder", Numbers=["O1"], **words)[0] == 12
    for verb in ("Submit", "Audit"):
        box.ok(verb, "SAL_SaleOrder", Numbers=["O1"])
    told = box.form("ExcuteOperation", formid="SAL_SaleOrder", opNumber="BillClose", data={"Numbers": ["O1"]})
    assert told["Result"]["ResponseStatus"]["IsSuccess"] is True
    result = box.form("Push", formid="SAL_SaleOrder", data={"Numbers": ["O1"], **words})["Result"]
    assert result["ConvertResponseStatus"]["IsSuccess"] is False
    assert box.refused("Push", "SAL_SaleOrder", Numbers=["O1"], RuleId="Nothing")[0] == 11


# -------------------------------------------------------------------- faults and hands


@pytest.mark.parametrize(
    ("kind", "code"),
    [("throttle", 14), ("netcontrol", 13), ("dberror", 6), ("forbidden", 2), ("locked", 11), ("changed", 11)],
)
def test_a_fault_speaks_once_and_changes_nothing(box: Box, kind: str, code: int) -> None:
    number = f"FAULT-{kind}"
    model = {**CUSTOMER, "FNumber": number, "FName": "x"}
    box.hands.fault(kind)
    assert box.refused("Save", "BD_Customer", Model=model)[0] == code
    assert box.query("BD_Customer", "FNumber", f"FNumber='{number}'") == []
    box.ok("Save", "BD_Customer", Model=model)


def test_a_save_whose_answer_is_lost_was_made(box: Box) -> None:
    box.hands.fault("lost")
    with pytest.raises((OSError, HTTPException)):
        box.ok("Save", "BD_Customer", Model={**CUSTOMER, "FNumber": "LOST", "FName": "x"})
    assert box.query("BD_Customer", "FName", "FNumber='LOST'") == [["x"]]
    again = box.refused("Save", "BD_Customer", Model={**CUSTOMER, "FNumber": "LOST", "FName": "x"})
    assert again[1].startswith("违反字段唯一性要求")


def test_another_user_takes_the_number_just_before(box: Box) -> None:
    box.hands.fault("duplicate")
    told = box.refused("Save", "BD_Customer", Model={**CUSTOMER, "FNumber": "RACE", "FName": "ours"})
    assert told[1].startswith("违反字段唯一性要求")


def test_half_a_batch_fails(box: Box) -> None:
    box.hands.fault("partial")
    models = [{**CUSTOMER, "FNumber": f"HALF{n}", "FName": "x"} for n in range(4)]
    status = box.form("BatchSave", formid="BD_Customer", data={"Model": models})["Result"]["ResponseStatus"]
    assert status["IsSuccess"] is True
    assert [e["DIndex"] for e in status["SuccessEntitys"]] == [0, 1]
    assert sorted(r[0] for r in box.query("BD_Customer", "FNumber", "FNumber like 'HALF%'")) == ["HALF0", "HALF1"]
    box.hands.settings(batch_success=False)
    box.hands.fault("partial")
    status = box.form("BatchSave", formid="BD_Customer", data={"Model": models[2:]})["Result"]["ResponseStatus"]
    box.hands.settings(batch_success=True)
    assert (status["IsSuccess"], len(status["SuccessEntitys"])) == (False, 1)


def test_a_field_renamed_overnight(box: Box) -> None:
    box.hands.fault("renamed", times=0)
    told = box.query("SAL_SaleOrder", "FBillNo,FCustId.FNumber")[0][0]["Result"]["ResponseStatus"]
    assert (told["MsgCode"], told["Errors"][0]["FieldName"]) == (9, "FCustId")
    info = box.form("QueryBusinessInfo", data={"FormId": "SAL_SaleOrder"})["Result"]["NeedReturnData"]
    assert "FCustomerID" in {f["Key"] for e in info["Entrys"] for f in e["Fields"]}
    box.hands.calm()
    assert isinstance(box.query("SAL_SaleOrder", "FCustId.FNumber", Limit=1), list)


def test_people_edit_beside_the_api_and_are_not_counted(box: Box) -> None:
    made = box.hands.create(
        "BD_Customer",
        {"FNumber": "MAN", "FName": "人工", "FCreateOrgId": "100", "FUseOrgId": "100", "FTRADINGCURRID": "PRE001"},
    )
    before = box.query("BD_Customer", "FModifyDate,FDocumentStatus", "FNumber='MAN'")[0]
    assert before[1] == "C"
    box.hands.settings(clock_offset=60)
    box.hands.edit("BD_Customer", made, {"FTEL": "021-55501234"})
    after = box.query("BD_Customer", "FModifyDate,FDocumentStatus,FTEL", "FNumber='MAN'")[0]
    assert after[0] > before[0]
    assert after[1:] == ["C", "021-55501234"]
    record = box.hands.record("BD_Customer", made)
    assert record is not None
    assert (record["FTEL"], record["FUseOrgId"]) == ("021-55501234", "100")
    assert box.hands.changes(1)[0]["via"] == "person"
    box.hands.delete("BD_Customer", made)
    assert box.hands.record("BD_Customer", made) is None
    assert box.hands.counters()["total_writes"] == 0


def test_the_page_shows_and_edits(box: Box) -> None:
    listed = call("GET", f"{box.server.url}/list/SAL_SaleOrder?lang=en")
    assert listed.status == 200
    assert "Kingdee Cloud Galaxy sandbox" in listed.body.decode()
    (pk,) = box.query("BD_Customer", "FCUSTID", "FNumber='C1'")[0]
    page = call("GET", f"{box.server.url}/record/BD_Customer/{pk}").body.decode()
    token = page.split('name="token" value="')[1].split('"')[0]
    body = urlencode({"token": token, "FTEL": "010-55509999"}).encode()
    done = call(
        "POST", f"{box.server.url}/record/BD_Customer/{pk}", body, {"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert done.status == 303
    assert box.query("BD_Customer", "FTEL,FDocumentStatus", "FNumber='C1'") == [["010-55509999", "C"]]


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
WORDS = st.sampled_from(
    [
        "FNumber",
        "FName",
        "FSaleOrderEntry",
        "FCustId",
        "FID",
        "FQty",
        "FDate",
        "FT_BD_CUSTCONTACT",
        "FPriority",
        "FEntity_Link",
    ]
)
DATA = st.sampled_from(
    ["Model", "Ids", "Numbers", "FieldKeys", "FilterString", "OrderString", "Limit", "FormId", "PkIds", "RuleId"]
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(WORDS, JSON, max_size=4), st.dictionaries(DATA, JSON, max_size=4))
def test_whatever_is_sent_is_refused_in_its_own_words(served: Box, model: dict[str, Any], data: dict[str, Any]) -> None:
    line = {**model, "FMaterialId": {"FNumber": "M1"}}
    order = {**order_model("", "C1"), **model, "FSaleOrderEntry": [line]}
    calls: list[tuple[str, object]] = [
        ("Save", {"formid": "BD_Customer", "data": {"Model": {**CUSTOMER, **model}}}),
        ("Save", {"formid": "SAL_SaleOrder", "data": {"Model": order, "IsVerifyBaseDataField": True}}),
        ("ExecuteBillQuery", {"data": {"FormId": "SAL_SaleOrder", "FieldKeys": "FBillNo", **data}}),
        *(
            (verb, {"formid": "SAL_SaleOrder", "data": data})
            for verb in ("Submit", "Push", "View", "BatchSave", "Allocate")
        ),
        ("QueryAsyncResult", {"queryInfo": data}),
        ("SwitchOrg", {"data": data}),
        ("QueryBusinessInfo", {"data": data}),
    ]
    for service, body in calls:
        reply = served.post(FORM + service, json.dumps(body).encode())
        assert reply.status == 200, (service, body, reply.body[:300])
        assert reply.json is not None


# -------------------------------------------------------------------- the sample company


def test_the_sample_company_agrees_with_itself(tmp_path: Path) -> None:
    path = str(tmp_path / "k.db")
    open_kingdee(path).close()
    sandbox = open_kingdee(path)
    book = sandbox.book
    orders, outs = book.docs("SAL_SaleOrder"), book.docs("SAL_OUTSTOCK")
    assert (len(book.docs("BD_Customer")), len(book.docs("BD_MATERIAL")), len(orders)) == (1600, 200, 2400)
    shipped: dict[int, Decimal] = {}
    for out in outs.values():
        for row in out["FEntity"]:
            shipped[row["_link"]["row"]] = shipped.get(row["_link"]["row"], Decimal(0)) + dec(row["FRealQty"])
    for order in orders.values():
        rows = order["FSaleOrderEntry"]
        assert dec(order["FBillAllAmount"]) == sum(dec(row["FAllAmount"]) for row in rows)
        for row in rows:
            assert dec(row["FStockOutQty"]) == shipped.get(row["FEntryID"], 0)
    paid: dict[int, Decimal] = {}
    for receipt in book.docs("AR_RECEIVEBILL").values():
        for row in receipt["FRECEIVEBILLSRCENTRY"]:
            paid[row["FSRCROWID"]] = paid.get(row["FSRCROWID"], Decimal(0)) + dec(row["FREALRECAMOUNT"])
    for pk, due in book.docs("AR_receivable").items():
        assert dec(due["FRELATEHADPAYAMOUNT"]) == paid.get(pk, 0)
        assert due["FWRITTENOFFSTATUS"] == (
            "A" if not paid.get(pk) else "C" if paid[pk] == dec(due["FALLAMOUNTFOR"]) else "B"
        )
    newest = max([*book.docs("AR_RECEIVEBILL"), *book.docs("STK_Inventory")])
    assert sandbox.as_person(
        "BD_MATERIAL",
        None,
        {"FNumber": "NEU", "FName": "新", "FCreateOrgId": "100", "FUseOrgId": "100", "FBaseUnitId": "PCS"},
        "x",
    ) > str(newest)
    sandbox.close()
