"""What the relay, the server behind it and the XML door can answer besides the right thing: class, words, no harm."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError
from u8_house import CUSTOMER, DEFAULTS, ORDER, House, house, put
from vendor_line import line

from hefu.connectors._u8_errors import Where, error_of
from hefu.connectors.u8 import U8, U8Settings
from hefu.core.connector import Answer, Site
from hefu.core.errors import Denied, HubError, Missing, Rejected, Transient, Unanswered, Unsupported
from hefu.core.records import Write
from hefu.core.words import tell
from hefu.sandbox.frame import Fault
from hefu.sandbox.u8 import SANDBOX

NOW = datetime(2026, 11, 22, 1, tzinfo=UTC)
NEW = {"code": "BAD1", "name": "坏输入"}


@pytest.fixture
def home() -> Iterator[House]:
    with house() as made:
        yield made


def refused(erp: U8, word: str, kind: type[HubError]) -> HubError:
    with pytest.raises(kind) as told:
        erp.check()
    assert told.value.code == f"u8.{word}"
    said(told.value)
    return told.value


def said(error: HubError) -> None:
    assert "?" not in "".join(tell(error) + tell(error, "zh")), tell(error)


@pytest.mark.parametrize(
    ("words", "on_write", "on_read", "word"),
    [
        ("U8服务器不在线，请求超时", Unanswered, Transient, "offline"),
        ("调用频率超过限制", Transient, Transient, "throttled"),
        ("app_key或app_secret不正确", Denied, Denied, "denied"),
        ("外部系统未注册", Denied, Denied, "sender"),
        ("数据源不存在", Unsupported, Unsupported, "data_source"),
        ("接口foo不存在", Unsupported, Unsupported, "no_api"),
        ("数据库没有提供的字段(cwhcode)", Unsupported, Unsupported, "no_field"),
        ("客户编码[X]已存在，不能重复", Rejected, Unsupported, None),
        ("销售订单[X]已审核，不能删除", Rejected, Unsupported, None),
        ("客户的必输项name不能为空", Rejected, Unsupported, None),
        ("客户[X]不存在", Rejected, Missing, None),
        ("不知道", Rejected, Unsupported, None),
    ],
)
def test_every_complaint_has_its_class_and_its_words(
    words: str, on_write: type, on_read: type, word: str | None
) -> None:
    for writes, kind in ((True, on_write), (False, on_read)):
        told = error_of("50001", words, Where("erp", CUSTOMER, writes))
        assert type(told) is kind
        assert word is None or told.code == f"u8.{word}"
        said(told)
    if "不存在" in words and on_read is Missing:
        assert type(error_of("1", words, Where("erp", CUSTOMER, True), own=True)) is Missing


# --------------------------------------------------------------------- canned answers


class Canned:
    """A token as it should be, then one answer to everything."""

    def __init__(self, status: int, body: object, **headers: str) -> None:
        self.answer = Answer(status, headers, body if isinstance(body, bytes) else json.dumps(body).encode())
        self.calls = 0

    def send(self, method: str, url: str, **_: Any) -> Answer:
        if url.endswith("/system/token"):
            good = {"errcode": "0", "errmsg": "", "token": {"id": "t", "expiresIn": 7200}}
            return Answer(200, {}, json.dumps(good).encode())
        self.calls += 1
        return self.answer


def canned(http: Canned, **words: Any) -> U8:
    given = {"url": "http://relay.test", "from_account": "a", "to_account": "b", "app_key": "k", "app_secret": "s"}
    return U8(
        U8Settings.model_validate({**given, "defaults": DEFAULTS, **words}),
        Site(http, lambda: NOW, lambda _: None, "erp"),
    )


EAI = {"eai": "http://u8.test/u8eai/import.asp", "sender": "001", "writes": "eai"}
XML = b'<?xml version="1.0" encoding="utf-8"?>'
ANSWER = b"<ufinterface><item succeed='0' key='&x;'/></ufinterface>"
BOMB = XML + b'<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY x "&a;&a;&a;&a;">]>' + ANSWER
THIEF = XML + b'<!DOCTYPE x [<!ENTITY x SYSTEM "file:///etc/passwd">]>' + ANSWER


def item(**told: str) -> bytes:
    words = " ".join(f'{n}="{v}"' for n, v in told.items())
    return XML + f"<ufinterface><item {words}/></ufinterface>".encode()


@pytest.mark.parametrize(
    ("http", "on_read", "on_write"),
    [
        (Canned(200, b'{"errcode":"0","customer":[{'), Transient, Unanswered),
        (Canned(200, b""), Transient, Unanswered),
        (Canned(200, b"<html>sign in</html>"), Transient, Unanswered),
        (Canned(200, [1]), Transient, Unanswered),
        (Canned(200, {"errcode": "20001", "errmsg": "token已过期或不正确"}), Denied, Denied),
        (Canned(200, {"errcode": "0", "customer": "x"}), Unsupported, None),
        (Canned(302, b"", location="https://portal.example.com/login"), Unsupported, Unsupported),
        (Canned(404, b"gone"), Unsupported, Unsupported),
        (Canned(403, b"no"), Denied, Denied),
        (Canned(500, b"oops"), Transient, Unanswered),
    ],
)
def test_an_answer_of_the_relay_becomes_our_error(http: Canned, on_read: type, on_write: type | None) -> None:
    erp = canned(http)
    with pytest.raises(on_read) as told:
        list(erp.read(CUSTOMER))
    said(told.value)
    [got] = erp.write(CUSTOMER, [Write(None, NEW)])
    assert on_write is None or type(got) is on_write, got


@pytest.mark.parametrize(
    ("http", "kind", "word"),
    [
        (Canned(200, BOMB), Denied, "xml_attack"),
        (Canned(200, THIEF), Denied, "xml_attack"),
        (Canned(200, XML + b"<ufinterface><item succ"), Unanswered, "garbled"),
        (Canned(200, b"<html><body>hello</body></html>"), Unanswered, "garbled"),
        (Canned(200, b"\xff\xfe\x00"), Unanswered, "garbled"),
        (Canned(500, b"<html>500</html>"), Unanswered, "eai_fault"),
        (Canned(302, b"", location="https://evil.example/"), Unsupported, "redirected"),
        (Canned(404, b"gone"), Unsupported, "no_api"),
        (Canned(403, b"no"), Denied, "forbidden"),
        (Canned(200, item(succeed="0", key="", dsc="ok", u8key="")), Unsupported, "nothing_written"),
        (Canned(200, item(succeed="1", key="BAD1", dsc="数据库没有提供的字段(cwhcode)")), Unsupported, "no_field"),
        (Canned(200, item(succeed="-1", key="BAD1", desc="客户编码[BAD1]已存在")), Rejected, "taken"),
        (Canned(200, item(succeed="1", key="", dsc="外部系统未注册")), Denied, "sender"),
    ],
)
def test_an_answer_of_the_door_becomes_our_error(http: Canned, kind: type, word: str) -> None:
    erp = canned(http, **EAI)
    [told] = erp.write(CUSTOMER, [Write(None, NEW)])
    assert isinstance(told, HubError)
    assert (type(told), told.code) == (kind, f"u8.{word}")
    said(told)
    assert "root:" not in str(told)


def test_a_message_that_is_refused_as_a_whole_is_refused_for_each() -> None:
    erp = canned(Canned(200, item(succeed="1", key="", dsc="外部系统未注册")), **EAI)
    told = erp.write(CUSTOMER, [Write(None, {**NEW, "code": f"B{n}"}) for n in range(3)])
    assert [type(t) for t in told] == [Denied] * 3


def test_a_result_that_lies_on_another_host_is_not_asked_for() -> None:
    http = Canned(200, {"errcode": "0", "trade": {"id": "1"}, "url": "https://evil.example/result?x=1"})
    [told] = canned(http, wait=False).write(CUSTOMER, [Write(None, NEW)])
    assert isinstance(told, Unanswered)
    assert (told.code, told.facts["to"]) == ("u8.elsewhere", "evil.example")


@pytest.mark.parametrize("words", [{"eai": "http://u8.test/x"}, {"writes": "eai"}, {"page": 0}, {"url": "ftp://x"}])
def test_settings_that_cannot_be_are_refused(words: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        canned(Canned(200, {}), **words)


# ------------------------------------------------------------------ a running sandbox


def test_what_is_wrong_in_the_settings_is_said(home: House) -> None:
    told = refused(home.line(app_secret="f" * 20), "login", Denied)
    assert "f" * 20 not in str(told)
    refused(home.line(to_account="other"), "denied", Denied)
    refused(home.line(data_source="9"), "data_source", Unsupported)
    [told_] = home.line(sender="999", writes="eai").write(CUSTOMER, [Write(None, home.customer())])
    assert isinstance(told_, Denied)
    assert told_.code == "u8.sender"
    with pytest.raises(Unsupported):
        home.line(fields={"orders": {"memo": "text"}}).discover()
    with pytest.raises(Unsupported):
        list(home.line().read("nothing"))


def test_a_server_that_is_off_line_is_waited_for(home: House) -> None:
    erp = home.line()
    erp.check()
    home.sandbox.faults[:] = [Fault("offline")]
    refused(erp, "offline", Transient)
    home.sandbox.faults[:] = [Fault("offline", path="/api")]
    values = home.customer()
    [told] = erp.write(CUSTOMER, [Write(None, values)])
    assert isinstance(told, Unanswered)
    assert put(erp, CUSTOMER, values).id == values["code"]


def test_a_token_that_ended_is_renewed_once(home: House) -> None:
    erp = home.line()
    erp.check()
    home.sandbox.faults[:] = [Fault("expire")]
    put(erp, CUSTOMER, home.customer())
    assert home.calls()["system/token"] == 2
    home.clock.sleep(7000)
    erp.check()
    assert home.calls()["system/token"] == 3


def test_a_lost_answer_makes_no_second_record(home: House) -> None:
    erp = home.line()
    for way in ("openapi", "eai"):
        erp, values = home.line(writes=way), home.customer()
        home.sandbox.faults[:] = [Fault("lost", path="/u8eai" if way == "eai" else "/api/customer/add")]
        [told] = erp.write(CUSTOMER, [Write(None, values, token=way)])
        assert isinstance(told, Unanswered), told
        assert put(erp, CUSTOMER, values, token=way).id == values["code"]
    other = {**values, "name": "别人"}
    [told] = home.line().write(CUSTOMER, [Write(None, other)])
    assert isinstance(told, Rejected)
    assert told.code == "u8.taken"


def test_a_right_that_is_taken_away_ends_the_rest(home: House) -> None:
    erp = home.line()
    erp.check()
    home.sandbox.faults[:] = [Fault("denied", path="/api/customer/add")]
    told = erp.write(CUSTOMER, [Write(None, home.customer()) for _ in range(3)])
    assert [type(t) for t in told] == [Denied] * 3
    assert home.calls()["customer/add"] == 1


def test_a_field_renamed_overnight_is_named_and_never_read_as_empty(home: House) -> None:
    erp = home.line()
    made = put(erp, ORDER, home.order())
    home.sandbox.faults[:] = [Fault("renamed", times=0)]
    for obj, field in ((ORDER, "custcode"), (CUSTOMER, "phone")):
        with pytest.raises(Unsupported) as told:
            list(erp.read(obj))
        assert (told.value.code, told.value.facts["field"]) == ("u8.field_gone", field)
    with pytest.raises(Unsupported):
        erp.fetch(ORDER, [made.id])


def test_names_and_types_are_checked_before_anything_is_sent(home: House) -> None:
    erp = home.line()
    made = put(erp, CUSTOMER, home.customer())
    order = home.order()
    wrong: list[tuple[str, Write, str]] = [
        (CUSTOMER, Write(made.id, {"nothing": "x"}), "not_mapped"),
        (CUSTOMER, Write(made.id, {"ModifyDate": NOW}), "read_only"),
        (CUSTOMER, Write(made.id, {"seed_date": "2026"}), "wrong_type"),
        (ORDER, Write(None, {**order, "date": "2026-01-01"}), "wrong_type"),
        (ORDER, Write(None, {**order, "lines": [{"inventorycode": "M1", "quantity": Decimal(1)}]}), "no_price"),
        (ORDER, Write(None, {**order, "lines": [{"inventorycode": "M1", "natsum": Decimal(1)}]}), "read_only"),
    ]
    for obj, write, word in wrong:
        [told] = erp.write(obj, [write])
        assert isinstance(told, HubError)
        assert told.code == f"u8.{word}", write
        said(told)
    assert "saleorder/add" not in home.calls()
    [told] = erp.write(ORDER, [Write(None, {**order, "date": date(2026, 1, 1), "lines": []})])
    assert isinstance(told, Rejected)


def test_the_connection_that_the_sandbox_offers_works(home: House) -> None:
    assert SANDBOX.connection is not None
    offered = SANDBOX.connection(home.url)
    line(offered["connector"], offered["settings"], home.clock).check()
