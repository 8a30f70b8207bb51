"""What a Kingdee site can answer besides the right thing: each has its class, its words, and does no harm."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from kingdee_lines import SERVICES, Works
from vendor_bench import served
from vendor_line import Still, line

from hefu.connectors._kingdee_errors import Fault, Where, error_of, outcome_of, status_of
from hefu.connectors._kingdee_session import wire
from hefu.connectors._kingdee_sign import Identity, client_of, login_sign, signed_headers
from hefu.connectors.kingdee import Kingdee, KingdeeSettings
from hefu.core.connector import Answer, Site
from hefu.core.env import Env
from hefu.core.errors import Denied, HubError, Missing, Rejected, Stale, Transient, Unanswered, Unsupported
from hefu.core.records import Write, Written
from hefu.core.words import ERRORS, tell
from hefu.net.egress import Egress
from loopback import talking

CUSTOMER = "BD_Customer"
NEW = {"FNumber": "BAD1", "FName": "坏输入"}

# ------------------------------------------------------------- the vendor's vectors

WHO = Identity("64a0example", "apiuser", "123456_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef", "0123456789abcdef0123456789abcdef")
SAVE = "https://erp.example.com/k3cloud/Kingdee.BOS.WebApi.ServicesStub.DynamicFormService.Save.common.kdsvc"


def test_signatures_agree_with_the_vendors_vectors() -> None:
    assert client_of(WHO.app_id) == ("123456", "MCC2JDe0GaXoBuG8dSekaTenWPX6RrOs")
    told = signed_headers(WHO, SAVE, 1700000000)
    assert told["X-Api-Signature"] == (
        "MDVhYjg1MzU0Y2U5NmE2ZjQ1NjNhZjA5MTAzMDNmMGM1MDk0N2JiMTY4ZWExZTkyYjQ2NWRhNmNmMWI1YWNmOQ=="
    )
    assert told["X-Kd-Appdata"] == "NjRhMGV4YW1wbGUsYXBpdXNlciwyMDUyLDA="
    assert told["X-Kd-Signature"] == (
        "MjI1ZjAzZDgxMTllOThmN2QyOTYyOWViOThjNjljMzNhYjA5NDdmMTQzYzZlNmM4ZmM3ZjgxZmM2NTYyYjJiZg=="
    )
    assert login_sign(WHO, 1700000000) == "0ec0537874c5badd0f9d6b06e97ae70a37245fdda8c5c040af702c79ccca3d95"


@pytest.mark.parametrize("app_id", ["", "123456", "123456_short", "123456_" + "é" * 32])
def test_an_app_id_of_another_form_has_no_client_secret(app_id: str) -> None:
    assert client_of(app_id)[1] == ""


# --------------------------------------------------------------- complaints in words

WHERE = Where("erp", CUSTOMER, "Save", True)


@pytest.mark.parametrize(
    ("code", "text", "on_write", "on_read", "word"),
    [
        (1, "会话信息已丢失，请重新登录", Denied, Denied, "login"),
        (2, "没有查询权限", Denied, Denied, "no_right"),
        (3, "操作标识为空", Unsupported, Unsupported, "bad_call"),
        (4, "业务对象不存在", Unsupported, Unsupported, "unknown_form"),
        (4, "发生异常", Rejected, Unsupported, "refused"),
        (6, "数据库操作失败", Transient, Transient, "database"),
        (7, "许可不足", Denied, Denied, "licence"),
        (8, "参数错误", Rejected, Unsupported, "refused"),
        (9, "元数据中标识为FCustId的字段不存在", Unsupported, Unsupported, "unknown_field"),
        (9, "客户X不存在", Rejected, Unsupported, "no_such_value"),
        (10, "单据不存在", Missing, Missing, "missing"),
        (11, "违反字段唯一性要求：编码唯一。[X]在当前系统中已经被使用。", Rejected, Unsupported, "taken"),
        (11, "字段[客户]是必录字段", Rejected, Unsupported, "required"),
        (11, "单据已审核，不允许修改", Rejected, Unsupported, "approved"),
        (11, "关联数量超出", Rejected, Unsupported, "exhausted"),
        (11, "分录行业务关闭", Rejected, Unsupported, "closed"),
        (11, "已被其他用户修改", Stale, Stale, "stale"),
        (12, "当前状态不允许该操作", Rejected, Rejected, "state"),
        (13, "网控冲突", Transient, Transient, "in_use"),
        (14, "调用次数超限", Transient, Transient, "throttled"),
        (15, "禁止管理员登录", Denied, Denied, "administrator"),
        (0, "列名 'FID' 无效", Unsupported, Unsupported, "unknown_field"),
    ],
)
def test_every_complaint_has_its_class_and_its_words(
    code: int, text: str, on_write: type, on_read: type, word: str
) -> None:
    told = error_of(Fault(code, text, "FCustId"), WHERE)
    assert (type(told), told.code) == (on_write, f"kingdee.{word}")
    assert "?" not in "".join(tell(told) + tell(told, "zh"))
    assert type(error_of(Fault(code, text), Where("erp", CUSTOMER, "Query", False))) is on_read


def test_truth_and_numbers_in_odd_spellings_are_read() -> None:
    status = {"IsSuccess": "True", "MsgCode": "0", "SuccessEntitys": [{"Id": "7", "Number": "N", "DIndex": "2"}]}
    told = outcome_of(status_of([[{"Result": {"ResponseStatus": status}}]]) or {})
    assert (told.good, told.made[0].id, told.made[0].place) == (True, "7", 2)


def test_numbers_go_out_with_every_digit() -> None:
    sent = wire({"a": [Decimal("1234567890123456.07"), Decimal("1E+2")], "名": "“”"})
    assert sent == '{"a":[1234567890123456.07,100],"\\u540d":"“”"}'.encode()


def test_every_code_has_words() -> None:
    assert sum(code.startswith("kingdee.") for code in ERRORS) > 40


# --------------------------------------------------------------------- canned answers


class Canned:
    """Gives one answer to everything."""

    def __init__(self, status: int, body: object, **headers: str) -> None:
        self.answer = Answer(status, headers, body if isinstance(body, bytes) else json.dumps(body).encode())
        self.calls = 0

    def send(self, method: str, url: str, **_: Any) -> Answer:
        self.calls += 1
        return self.answer


def canned(http: Canned, **words: Any) -> Kingdee:
    given = {"url": "http://erp.test/k3cloud/", "account": "a", "user": "u", "app_id": "i", "app_secret": "s", **words}
    env = Env()
    return Kingdee(KingdeeSettings(**given), Site(http, env.now, lambda _: None, connection="erp"))


def failure(code: int, text: str) -> dict[str, Any]:
    status = {"IsSuccess": False, "MsgCode": code, "Errors": [{"Message": text, "DIndex": 0}], "SuccessEntitys": []}
    return {"Result": {"ResponseStatus": status}}


@pytest.mark.parametrize(
    ("http", "on_read", "on_write"),
    [
        (Canned(200, b'[["a", 1'), Transient, Unanswered),
        (Canned(200, b""), Transient, Unanswered),
        (Canned(200, b"[" * 100_000), Transient, Unanswered),
        (Canned(200, b"<html>Please sign in</html>"), Transient, Unanswered),
        (Canned(200, b"response_error:ctx == null"), Denied, Denied),
        (Canned(200, b"response_error:System.Exception"), Transient, Unanswered),
        (Canned(200, "response_error:业务对象不存在".encode()), Unsupported, Unsupported),
        (Canned(200, [[failure(14, "limit")]]), Transient, Transient),
        (Canned(200, failure(1, "会话信息已丢失，请重新登录")), Denied, Denied),
        (Canned(302, b"", location="https://portal.example.com/login"), Unsupported, Unsupported),
        (Canned(404, b"gone"), Unsupported, Unsupported),
        (Canned(403, b"no"), Denied, Denied),
        (Canned(401, b"no"), Denied, Denied),
        (Canned(500, b"oops"), Transient, Unanswered),
        (Canned(519, {"errcode": 4006, "description": "X-Api-TimeStamp expired"}), Denied, Denied),
        (Canned(519, {"errcode": 5001, "description": "API not found"}), Unsupported, Unsupported),
        (Canned(519, {"errcode": 4002, "description": "AppId empty"}), Denied, Denied),
        (Canned(519, b"nonsense"), Transient, Unanswered),
    ],
)
def test_an_answer_becomes_our_error(http: Canned, on_read: type, on_write: type) -> None:
    kingdee = canned(http)
    for work, kind in (
        (lambda: kingdee.reader.query(CUSTOMER, ["FNumber"], "", "", 1), on_read),
        (lambda: kingdee.session.form("Save", CUSTOMER, {}, writes=True), on_write),
    ):
        try:
            status = status_of(work().data)  # type: ignore[no-untyped-call]
            told = error_of(outcome_of(status or {}).faults[0], WHERE)
        except HubError as error:
            told = error
        assert type(told) is kind, told
        assert "?" not in "".join(tell(told) + tell(told, "zh"))


def test_bad_credentials_are_not_tried_again_and_again() -> None:
    http = Canned(200, failure(1, "会话信息已丢失，请重新登录"))
    with pytest.raises(Denied) as told:
        canned(http).reader.query(CUSTOMER, ["FNumber"], "", "", 1)
    assert (told.value.code, http.calls) == ("kingdee.login", 1)


def test_business_data_that_speak_of_sessions_are_no_lost_session() -> None:
    http = Canned(200, [["会话 session ctx == null"]])
    assert canned(http).reader.query(CUSTOMER, ["FName"], "", "", 1).data == [["会话 session ctx == null"]]
    assert http.calls == 1


# ------------------------------------------------------------------ a running sandbox


@pytest.fixture
def works() -> Iterator[Works]:
    with served(Works("M1")) as made:
        yield made


def refused(kingdee: Kingdee, word: str, kind: type[HubError]) -> HubError:
    with pytest.raises(kind) as told:
        kingdee.check()
    assert told.value.code == f"kingdee.{word}"
    return told.value


def test_what_is_wrong_in_the_settings_is_said(works: Works) -> None:
    told = refused(works.line(app_secret="f" * 32), "login", Denied)
    assert "f" * 32 not in str(told)
    refused(works.line(login="password", password="no"), "login", Denied)
    refused(works.line(account="no-such"), "no_account", Unsupported)
    refused(works.line(organisation="999"), "organisation", Unsupported)
    refused(works.line(login="app_secret", organisation="999"), "organisation", Unsupported)


def test_what_the_settings_fill_in_is_not_required(works: Works) -> None:
    told = {s.name: {f.name for f in s.fields if f.required} for s in works.line().discover()}
    assert told[CUSTOMER] == {"FName"}
    assert told["SAL_SaleOrder"] == {"FCustId"}


def test_our_wrong_clock_is_made_good_by_the_sites(works: Works) -> None:
    late = line("kingdee", works.settings(), Still(works.clock.now() - timedelta(hours=2)))
    late.check()
    assert 7000 < late.session.ahead < 7400


def test_a_site_whose_clock_is_wrong_is_followed(works: Works) -> None:
    ahead = line("kingdee", works.settings(), Still(works.clock.now()))
    works.hands.settings(clock_offset=7200)
    ahead.check()
    assert 7000 < ahead.session.ahead < 7400


def test_a_clock_that_nobody_can_follow_is_denied() -> None:
    http = Canned(
        519, {"errcode": 4006, "description": "X-Api-TimeStamp expired"}, date="Sat, 31 Jan 2026 08:00:00 GMT"
    )
    with pytest.raises(Denied) as told:
        canned(http).reader.query(CUSTOMER, ["FNumber"], "", "", 1)
    assert (told.value.code, http.calls) == ("kingdee.clock", 2)
    assert "NTP" in tell(told.value)[1]


def test_a_right_that_is_taken_away_is_denied_on_writes_too(works: Works) -> None:
    kingdee = works.line()
    kingdee.discover()
    works.hands.fault("forbidden", times=0)
    [told] = kingdee.write(CUSTOMER, [Write(None, NEW)])
    assert isinstance(told, Denied)


def test_a_field_renamed_overnight_is_named(works: Works) -> None:
    kingdee = works.line(fields={CUSTOMER: ["FPHONE"]})
    kingdee.discover()
    works.hands.fault("renamed", times=0)
    with pytest.raises(Unsupported) as told:
        list(kingdee.read(CUSTOMER))
    assert (told.value.code, told.value.facts["name"]) == ("kingdee.unknown_field", "FTEL")
    [schema] = [s for s in kingdee.discover() if s.name == CUSTOMER]
    assert (schema.field("FTEL"), schema.field("FPHONE") is not None) == (None, True)
    assert list(kingdee.read("BD_MATERIAL"))


@pytest.mark.parametrize(
    ("kind", "error"),
    [("throttle", Transient), ("netcontrol", Transient), ("dberror", Transient)],
)
def test_faults_inside_an_answer_are_told_for_the_record(works: Works, kind: str, error: type) -> None:
    kingdee = works.line()
    kingdee.discover()
    works.hands.fault(kind, path=f"{SERVICES}Save")
    [told] = kingdee.write(CUSTOMER, [Write(None, {**NEW, "FNumber": f"F{kind}"})])
    assert isinstance(told, error), told
    assert not kingdee.search(CUSTOMER, {"FNumber": f"F{kind}"})


def test_a_colleague_who_saves_at_the_same_moment_is_not_overwritten(works: Works) -> None:
    kingdee = works.line()
    [made] = kingdee.write(CUSTOMER, [Write(None, {**NEW, "FNumber": "TWICE"})])
    assert isinstance(made, Written)
    works.hands.fault("changed")
    [told] = kingdee.write(CUSTOMER, [Write(made.id, {"FTEL": "1"})])
    assert isinstance(told, Stale)


@pytest.mark.parametrize("lie", [True, False])
def test_half_a_batch_is_half_a_batch(works: Works, lie: bool) -> None:
    works.hands.settings(batch_success=lie)
    kingdee = works.line()
    kingdee.discover()
    works.hands.fault("partial")
    sent = [{"FNumber": f"P{lie}{n}", "FName": f"部分{n}"} for n in range(6)]
    told = kingdee.write(CUSTOMER, [Write(None, values) for values in sent])
    for values, outcome in zip(sent, told, strict=True):
        found = kingdee.search(CUSTOMER, {"FNumber": values["FNumber"]})
        assert bool(found) == (not isinstance(outcome, HubError)), (values, outcome)


def test_an_answer_cut_in_the_middle_on_the_wire(works: Works) -> None:
    def speak(to: socket.socket, _: int) -> None:
        to.recv(65536)
        to.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 400\r\n\r\n[[1,")

    with talking(speak) as url:
        env = Env()
        way = Egress(env, targets={("127.0.0.1", int(url.rpartition(":")[2]))}, connection="erp")
        settings = KingdeeSettings(url=url + "/k3cloud/", account="a", user="u", app_id="i", app_secret="s")
        kingdee = Kingdee(settings, Site(way, env.now, env.sleep, connection="erp"))
        with pytest.raises(Transient):
            kingdee.reader.query(CUSTOMER, ["FNumber"], "", "", 1)
        with pytest.raises(Unanswered):
            kingdee.session.form("Save", CUSTOMER, {}, writes=True)
        way.close()
