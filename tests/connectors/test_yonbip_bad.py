"""What YonBIP can answer besides the right thing, and who may push events: each has its class, its words, no harm."""

from __future__ import annotations

import base64
import http.client
import json
import socket
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, cast

import pytest
from vendor_line import Still, line
from yonbip_house import CUSTOMER, ORDER, House, house, put

from hefu.app.service import Service
from hefu.connectors._yonbip_api import signature
from hefu.connectors._yonbip_errors import Refusal, Where, error_of
from hefu.connectors._yonbip_events import Envelope
from hefu.connectors._yonbip_events import signature as event_signature
from hefu.connectors.yonbip import Yonbip, YonbipSettings
from hefu.core.connector import Answer, Site
from hefu.core.errors import Denied, HubError, Missing, Rejected, Transient, Unanswered, Unsupported
from hefu.core.records import Write, Written
from hefu.core.words import tell
from hefu.sandbox.frame import Fault
from hefu.sandbox.yonbip import SANDBOX
from hefu.sandbox.yonbip.api import APP_KEY, APP_SECRET
from hefu.web.hooks import program
from hefu.web.server import Server

LIST, SAVE = "/yonbip/sd/voucherorder/list", "/yonbip/sd/voucherorder/singleSave"


@pytest.fixture
def home() -> Iterator[House]:
    with house() as made:
        yield made


def refused(erp: Yonbip, word: str, kind: type[HubError]) -> HubError:
    with pytest.raises(kind) as told:
        erp.check()
    assert told.value.code == f"yonbip.{word}"
    assert "?" not in "".join(tell(told.value) + tell(told.value, "zh"))
    return told.value


# ---------------------------------------------------------------- vectors and words

PLAIN = '{"type":"CHECK_URL","eventId":"e1","timestamp":1700000000000,"tenantId":"t1"}'
SEALED = (
    "5GSayIxg4WE8wLKgQZ5dSJa4j2Eq8kmWhUFP9AASOyUsI86wjmUP+czI/BuCTvUNS8wQk0Q0PLoyneH5oKFkqfbRptMqGKWhr1TYLskw4A0O0MXe4zBl"
    "JeutLDdbeqQqQdO3PqOJzbwDUhOb7PGBv1Ab+hiVtMk21ebXch+pplY="
)


def test_signatures_agree_with_the_vendors_vectors() -> None:
    made = signature("demoSecret", appKey="demoKey", timestamp="1700000000000")
    assert made == "wPpg1nnGscl9B48VjEu24MX/OvKpVGK8p21dCLxJGz8="
    envelope = Envelope(APP_SECRET, "demoKey")
    assert envelope.opened(SEALED) == PLAIN.encode()
    assert envelope.sealed(PLAIN, b"ABCDEFGHIJKLMNOP") == SEALED
    told = event_signature("hmac", APP_SECRET, "1700000000000", "abc123", SEALED)
    assert told == "ziDSt/UevmwH1Va15w+h6JV2Berg2NvFqrIUEmedUwk="


@pytest.mark.parametrize(
    ("code", "words", "on_write", "on_read", "word"),
    [
        ("310036", "非法token", Denied, Denied, "token"),
        ("310037", "应用未授权此API", Denied, Denied, "not_ticked"),
        ("310008", "参数错误", Rejected, Unsupported, None),
        ("506", "不支持的操作符", Rejected, Unsupported, None),
        ("310404", "API不存在", Unsupported, Unsupported, "no_api"),
        ("310039", "限流", Transient, Transient, "throttled"),
        ("310043", "熔断", Transient, Transient, "circuit"),
        ("310504", "网关超时", Unanswered, Transient, "pending"),
        ("202", "处理中", Unanswered, Transient, "pending"),
        ("1002", "客户不存在", Rejected, Missing, None),
        ("999", "业务单元（组织）不存在：9", Unsupported, Unsupported, "organisation"),
        ("999", "没有字段[memo]的编辑权限", Rejected, Unsupported, None),
        ("999", "没有查询权限", Denied, Denied, "no_right"),
        ("999", "单据编码X已存在，请重新输入", Rejected, Unsupported, None),
        ("999", "网络上有其他人操作或者已经关闭、审核,删除失败！", Rejected, Transient, None),
        ("0", "客户名称不能为空!", Rejected, Unsupported, None),
        ("999", "列表查询失败", Rejected, Transient, None),
        ("999", "此处不可用", Rejected, Unsupported, None),
    ],
)
def test_every_complaint_has_its_class_and_its_words(
    code: str, words: str, on_write: type, on_read: type, word: str | None
) -> None:
    for writes, kind in ((True, on_write), (False, on_read)):
        told = error_of(Refusal(code, words), Where("erp", SAVE, writes))
        assert type(told) is kind
        assert word is None or told.code == f"yonbip.{word}"
        assert "?" not in "".join(tell(told) + tell(told, "zh"))


# --------------------------------------------------------------------- canned answers

NOW = datetime(2026, 11, 22, 1, tzinfo=UTC)
PLACE = {"gatewayUrl": "http://erp.test/gw", "tokenUrl": "http://erp.test/auth"}


class Canned:
    """Discovery and token as they should be, then one answer to everything."""

    def __init__(self, status: int, body: object, place: Any = PLACE, token: Any = None, **headers: str) -> None:
        self.answer = Answer(status, headers, _bytes(body))
        self.place, self.token, self.asked = place, token, list[str]()

    def send(self, method: str, url: str, **_: Any) -> Answer:
        self.asked.append(url.rpartition("/")[2])
        good = {"code": "00000", "message": "成功！"}
        if url.endswith("getGatewayAddress"):
            return Answer(200, {}, _bytes({**good, "data": self.place}))
        if url.endswith("getAccessToken"):
            given = self.token or {**good, "data": {"access_token": "t", "expire": 7200}}
            return Answer(200, {"date": format_datetime(NOW + timedelta(hours=2), usegmt=True)}, _bytes(given))
        return self.answer


def _bytes(body: object) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def canned(http: Any, **words: Any) -> Yonbip:
    given = {"discovery": "http://erp.test", "tenant": "t", "app_key": APP_KEY, "app_secret": APP_SECRET, **words}
    return Yonbip(YonbipSettings(**given), Site(http, lambda: NOW, lambda _: None, connection="erp"))


@pytest.mark.parametrize(
    ("http", "on_read", "on_write"),
    [
        (Canned(200, b'{"code":"200","data":[{'), Transient, Unanswered),
        (Canned(200, b""), Transient, Unanswered),
        (Canned(200, b"[" * 100_000), Transient, Unanswered),
        (Canned(200, b"<html>sign in</html>"), Transient, Unanswered),
        (Canned(200, [1]), Transient, Unanswered),
        (Canned(200, "非法token".encode()), Denied, Denied),
        (Canned(200, {"code": 999, "message": "后台处理异常"}), Transient, Rejected),
        (Canned(200, {"code": "310046", "message": "limit"}), Transient, Transient),
        (Canned(200, {"code": 200, "data": {"recordList": "x"}}), Unsupported, Unanswered),
        (Canned(302, b"", location="https://portal.example.com/login"), Unsupported, Unsupported),
        (Canned(404, {"code": 310404, "message": "请求的API不存在"}), Unsupported, Unsupported),
        (Canned(404, b"gone"), Unsupported, Unsupported),
        (Canned(403, b"no"), Denied, Denied),
        (Canned(500, b"oops"), Transient, Unanswered),
    ],
)
def test_an_answer_becomes_our_error(http: Canned, on_read: type, on_write: type) -> None:
    erp = canned(http)
    with pytest.raises(on_read) as told:
        list(erp.read(ORDER))
    assert "?" not in "".join(tell(told.value) + tell(told.value, "zh"))
    values = {"code": "A", "vouchdate": NOW.date(), "agentId": "1"}
    [got] = erp.write(ORDER, [Write(None, values)])
    assert isinstance(got, HubError)
    assert type(got) is on_write, got


def test_a_data_centre_that_nobody_named_gets_nothing() -> None:
    http = Canned(200, {}, {"gatewayUrl": "https://evil.example/gw", "tokenUrl": "https://evil.example/auth"})
    told = refused(canned(http), "other_host", Unsupported)
    assert (told.facts["gateway"], http.asked) == ("https://evil.example", ["getGatewayAddress"])
    named = Canned(200, {"code": "200", "data": []}, http.place)
    canned(named, gateway="https://evil.example").check()


def test_bad_credentials_are_not_tried_again_and_again() -> None:
    http = Canned(200, {}, token={"code": "10018", "message": "应用不存在或appKey已停用"})
    erp = canned(http)
    for _ in range(2):
        assert APP_SECRET not in str(refused(erp, "login", Denied))
    assert http.asked.count("getAccessToken") == 2, "once by our clock, once by theirs; then not for a minute"


def test_a_clock_that_nobody_can_follow_is_denied() -> None:
    http = Canned(200, {}, token={"code": "10020", "message": "timestamp已失效"})
    told = refused(canned(http), "clock", Denied)
    assert told.facts["seconds"] == 7200
    assert "NTP" in tell(told)[1]


def test_an_empty_list_that_calls_itself_an_error_is_empty() -> None:
    assert [r for p in canned(Canned(200, {"code": 118001, "message": "无数据"})).read(ORDER) for r in p.records] == []


# ------------------------------------------------------------------ a running sandbox


def test_what_is_wrong_in_the_settings_is_said(home: House) -> None:
    refused(home.line(app_secret="f" * 40), "login", Denied)
    refused(home.line(app_key="other"), "login", Denied)
    refused(home.line(tenant="nobody"), "no_tenant", Unsupported)
    other = home.line(organisation="999")
    [told] = other.write(CUSTOMER, [Write(None, home.customer())])
    assert isinstance(told, Unsupported)
    [told] = other.write(ORDER, [Write(None, home.order())])
    assert isinstance(told, Unsupported)
    assert told.code == "yonbip.organisation"
    with pytest.raises(Unsupported):
        home.line(fields={"orders": {"memo": "text"}}).discover()
    with pytest.raises(Unsupported):
        list(home.line().read("nothing"))


@pytest.mark.parametrize("kind", ["expire", "expire_plain"])
def test_a_token_that_ended_is_renewed_once(home: House, kind: str) -> None:
    erp = home.line()
    erp.check()
    home.sandbox.faults[:] = [Fault(kind)]
    put(erp, ORDER, home.order())
    assert home.calls()["getAccessToken"] == 2
    home.clock.sleep(7000)
    erp.check()
    assert home.calls()["getAccessToken"] == 3, "renewed before it ends"


def test_our_wrong_clock_is_made_good_by_theirs(home: House) -> None:
    home.sandbox.skew = 600
    erp = home.line()
    late = Yonbip(erp.settings, Site(erp.site.http, lambda: home.clock.now() - timedelta(hours=2), home.clock.sleep))
    late.check()
    assert late.health() == {"clock_ahead_seconds": "7200"}


def test_a_right_on_one_field_is_missing(home: House) -> None:
    erp = home.line()
    made = put(erp, ORDER, home.order())
    home.sandbox.faults[:] = [Fault("field_right")]
    [told] = erp.write(ORDER, [Write(made.id, {"memo": "neu"})])
    assert isinstance(told, Rejected)
    assert (told.code, told.field) == ("yonbip.no_field_right", "memo")


def test_a_field_renamed_overnight_is_named_and_never_read_as_empty(home: House) -> None:
    erp = home.line()
    put(erp, CUSTOMER, home.customer())
    put(erp, ORDER, home.order())
    home.sandbox.faults[:] = [Fault("renamed", times=0)]
    with pytest.raises(Unsupported) as told:
        list(erp.read(ORDER))
    assert (told.value.code, told.value.facts["field"]) == ("yonbip.field_gone", "agentId")
    [page] = erp.read(CUSTOMER)
    assert all("contactTel" not in r.values for r in page.records), "left out, not emptied"


def test_a_gate_that_is_shut_for_all_ends_the_rest_of_a_batch(home: House) -> None:
    erp = home.line()
    erp.check()
    path = f"/iuap-api-gateway{SAVE}"
    home.sandbox.faults[:] = [Fault("throttle", path=path), Fault("unauthorised", path=path)]
    for kind in (Denied, Transient):
        told = erp.write(ORDER, [Write(None, home.order()) for _ in range(3)])
        assert [type(t) for t in told] == [kind] * 3
    assert home.calls()["singleSave"] == 2
    assert isinstance(told[0], Transient)
    assert told[0].after == 60


def test_names_and_types_are_checked_before_anything_is_sent(home: House) -> None:
    erp = home.line()
    made = put(erp, ORDER, home.order())
    wrong = [
        ({"lines": [{"lineno": "10", "nothing": 1}]}, "not_mapped"),
        ({"lines": [{"lineno": "10", "sendQty": 1}]}, "read_only"),
        ({"payMoney": 1}, "read_only"),
        ({"vouchdate": "2026-01-01"}, "wrong_type"),
        ({"lines": [{"lineno": "90", "productId": "M1"}]}, "no_price"),
        ({"lines": [{"lineno": "10", "taxRate": 7}]}, "no_tax"),
    ]
    for values, word in wrong:
        [told] = erp.write(ORDER, [Write(made.id, values)])
        assert isinstance(told, HubError)
        assert told.code == f"yonbip.{word}", values
    assert home.calls()["singleSave"] == 1


def test_the_connection_that_the_sandbox_offers_works(home: House) -> None:
    assert SANDBOX.connection is not None
    offered = SANDBOX.connection(home.url)
    line(offered["connector"], offered["settings"], home.clock).check()


# ---------------------------------------------------------------------------- events


def event(
    clock: Still, secret: str = APP_SECRET, owner: str = APP_KEY, way: str = "hmac", **told: Any
) -> dict[str, str]:
    sealed = Envelope(secret, owner).sealed(json.dumps({"type": "CHECK_URL", "eventId": "e1", **told}), bytes(16))
    stamp = str(int(clock.now().timestamp() * 1000))
    signed = event_signature(way, secret, stamp, "abc", sealed)
    return {"signature": signed, "timestamp": stamp, "nonce": "abc", "encrypt": sealed}


def body(told: object) -> bytes:
    return json.dumps(told).encode()


def test_an_event_is_a_hint_once_and_only_from_them() -> None:
    clock = Still()
    erp = Yonbip(canned(None).settings, Site(cast("Any", None), clock.now, clock.sleep))
    info = {"BILL_INFO": {"billId": "157", "billCode": "SO1"}}
    sent = event(clock, type="SALE_AUDITORDER_NOTIFY_SENT", eventId="e2", **info)
    assert erp.parse({}, body(sent)) == [(ORDER, "157")]
    assert erp.parse({}, body(sent)) == [], "brought twice, done once"
    assert erp.parse({}, body(event(clock))) == [], "the check of the address"
    assert erp.parse({}, body(event(clock, type="YXYBASEDOC_PC_PRODUCT_UPDATE", eventId="e3", **info))) == [
        ("product", "SO1")
    ]
    assert erp.parse({}, body(event(clock, type="GL_VOUCHER_EVENT_AFTER", eventId="e4"))) == []
    forged = [
        {**sent, "signature": "x"},
        {**sent, "nonce": "y"},
        event(clock, secret="f" * 40),
        event(clock, owner="other"),
        {**sent, "encrypt": base64.b64encode(bytes(64)).decode()},
        {**sent, "encrypt": "%%%"},
        {},
    ]
    for one in forged:
        with pytest.raises(Denied) as told:
            erp.parse({}, body(one))
        assert told.value.code == "yonbip.signature"
    clock.sleep(90_001)
    with pytest.raises(Denied) as told:
        erp.parse({}, body(sent))
    assert told.value.code == "yonbip.old_event"
    for nothing in (b"", b"[1]", b"<xml/>"):
        with pytest.raises(Unsupported):
            erp.parse({}, nothing)


@pytest.mark.parametrize("way", ["sha256", "sha1"])
def test_other_ways_of_signing_are_a_setting(way: str) -> None:
    clock = Still()
    erp = Yonbip(canned(None, event_signature=way).settings, Site(cast("Any", None), clock.now, clock.sleep))
    assert erp.parse({}, body(event(clock, way=way))) == []
    with pytest.raises(Denied):
        erp.parse({}, body(event(clock, eventId="e9")))


class Desk:
    """What a receiver asks of the service."""

    def __init__(self, erp: Yonbip) -> None:
        self.hub, self.erp, self.hints = self, erp, list[tuple[str, ...]]()

    def connect(self, name: str) -> Yonbip:
        return self.erp

    def hint(self, *told: str) -> None:
        self.hints.append(told)


def test_their_events_reach_the_hub_and_get_the_answer_that_they_want(home: House) -> None:
    erp = home.line()
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    desk = Desk(erp)
    receiver = Server(program(cast("Service", desk)), f"127.0.0.1:{port}")
    receiver.start()
    postman = home.sandbox.postman
    try:
        home.sandbox.pusher.subscribe(f"http://127.0.0.1:{port}/hooks/erp")
        made = put(erp, ORDER, home.order())
        _until(lambda: postman.delivered == 2)
        assert desk.hints == [("erp", ORDER, made.id)]
        call = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        call.request("POST", "/hooks/erp", body({"signature": "x"}))
        assert call.getresponse().status == 401
        call.close()
    finally:
        receiver.stop()


def _until(holds: Any) -> None:
    for _ in range(500):
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError("this never came about")


def test_a_batch_that_tells_nothing_of_a_record_is_unanswered() -> None:
    http = Canned(
        200, {"code": "200", "data": {"count": 2, "sucessCount": 1, "failCount": 1, "infos": [], "messages": []}}
    )
    told = canned(http).write(CUSTOMER, [Write(None, {"code": "A", "name": "甲"})])
    assert [type(t) for t in told] == [Unanswered]
    assert not any(isinstance(t, Written) for t in told)
