"""Each channel gets what its vendor wants, and a refusal is taken for one although it comes as HTTP 200."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from standardwebhooks.webhooks import Webhook as Judge
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from hefu.core.alerts import Channel
from hefu.core.connector import Answer
from hefu.core.env import Env
from hefu.core.errors import HubError, Rejected, Transient, Unsupported
from hefu.insight import robots
from hefu.insight.senders import send
from hefu.insight.wording import ON, plain, worded
from hefu.sandbox.dingtalk import api as ding
from hefu.sandbox.feishu import api as lark
from hefu.sandbox.hands import Hands
from hefu.sandbox.server import Server
from loopback import serving
from mail_sink import mail
from webhook_receiver import SECRET as HOOK_SECRET
from webhook_receiver import Receiver

URL = "https://hefu.example.com"
SINCE = "2026-11-22T08:00:00.000000Z"
CONFLICT = {"what": "raised", "cause": "conflict:crm", "on": "conflict", "count": 3, "since": SINCE,
            "connection": "crm", "code": "conflict", "link": "/conflicts?issue=i1", "owner": "销售部"}  # fmt: skip
DOWN = {"what": "over", "cause": "paused:connection:erp", "on": "connection", "count": 1, "since": SINCE,
        "connection": "erp", "code": "net.unreachable", "link": "/connections?connection=erp"}  # fmt: skip


def told(channel: Channel, items: list[Any], name: str = "group", to: tuple[str, ...] = ()) -> None:
    send(Env(), name, channel, items, to=to, mark="m1", url=URL)


def test_the_signatures_of_the_vendors_vectors() -> None:
    assert robots.dingtalk_sign("SECtest", "1700000000000") == "aZLLrriXgn05YbwaGR7knYsLeJADjr9NwLaNNKpxh4g="
    assert robots.feishu_sign("SECtest", "1700000000") == "G7XpBpG8NgG02fJOAhX6FRAObIljmFoxVReo8I62pEk="
    channel = Channel(kind="dingtalk", url="https://oapi.dingtalk.com/robot/send?access_token=t", secret="SECtest")
    at = Env().now().replace(year=2023, month=11, day=14, hour=22, minute=13, second=20, microsecond=0)
    address, _, _ = robots.request(channel, worded([CONFLICT], "zh", URL), at)
    assert "sign=aZLLrriXgn05YbwaGR7knYsLeJADjr9NwLaNNKpxh4g%3D" in address, "escaped once"
    assert parse_qs(urlsplit(address).query)["timestamp"] == ["1700000000000"]


def test_dingtalk_takes_it_and_its_refusals_are_understood(dingtalk: Server) -> None:
    hands = Hands(dingtalk.url)
    hands.settings(keywords="同步")  # type: ignore[arg-type]
    url = f"{dingtalk.url}/robot/send?access_token={ding.TOKEN}"
    good = Channel(kind="dingtalk", url=url, secret=ding.SECRET, keyword="同步")
    told(good, [CONFLICT, DOWN])
    [came] = dingtalk.sandbox.inbox.all()  # type: ignore[attr-defined]
    assert "同步 合符：3 个冲突等待裁决（crm） 等 2 项" in came["text"]
    assert f"[查看]({URL}/ui/conflicts?issue=i1)" in came["text"]
    assert "负责人：销售部" in came["text"]
    assert "已恢复：连接 erp 中断" in came["text"]
    for wrong in (
        good.model_copy(update={"secret": "SECother"}),
        good.model_copy(update={"keyword": ""}),
        good.model_copy(update={"url": url + "x"}),
    ):
        with pytest.raises(Rejected) as caught:
            told(wrong, [CONFLICT])
        assert ding.TOKEN not in str(caught.value)
    hands.fault("throttle")
    with pytest.raises(Transient) as later:
        told(good, [CONFLICT])
    assert later.value.after == 600.0, "the robot is shut out for ten minutes"
    hands.fault("busy")
    with pytest.raises(Transient):
        told(good, [CONFLICT])


def test_feishu_takes_it_as_a_card(feishu: Server) -> None:
    url = f"{feishu.url}/open-apis/bot/v2/hook/{lark.HOOK}"
    good = Channel(kind="feishu", url=url, secret=lark.SECRET, language="en")
    told(good, [CONFLICT])
    told(good, [DOWN, *[CONFLICT] * 300])
    first, many = feishu.sandbox.inbox.all()  # type: ignore[attr-defined]
    card = first["raw"]["card"]
    title = {"tag": "plain_text", "content": "Hefu: 3 conflict(s) wait for a decision (crm)"}
    assert card["header"] == {"title": title, "template": "red"}
    assert card["elements"][1]["actions"][0]["url"] == f"{URL}/ui/conflicts?issue=i1"
    assert "… +" in many["text"], "cut short, and says so"
    with pytest.raises(Rejected) as caught:
        told(good.model_copy(update={"secret": "SECother"}), [CONFLICT])
    assert caught.value.facts["number"] == 19021
    Hands(feishu.url).fault("throttle")
    with pytest.raises(Transient):
        told(good, [CONFLICT])
    with pytest.raises(HubError) as away:
        told(good.model_copy(update={"url": f"{feishu.url}/no-such-place/a-token-that-is-secret"}), [CONFLICT])
    assert "a-token-that-is-secret" not in str(away.value)


def test_wecom_takes_it_within_its_size() -> None:
    came: list[Any] = []
    answers = [{"errcode": 0, "errmsg": "ok"}, {"errcode": 93000, "errmsg": "invalid webhook url"}, {"errcode": 45009}]

    async def take(request: Request) -> JSONResponse:
        came.append(await request.json())
        return JSONResponse(answers.pop(0))

    with serving(Starlette(routes=[Route("/cgi-bin/webhook/send", take, methods=["POST"])])) as base:
        good = Channel(kind="wecom", url=f"{base}/cgi-bin/webhook/send?key=k")
        told(good, [CONFLICT] * 60)
        with pytest.raises(Rejected):
            told(good, [CONFLICT])
        with pytest.raises(Transient):
            told(good, [CONFLICT])
    text = came[0]["markdown"]["content"]
    assert len(text.encode()) <= 4096
    assert text.endswith(tuple("0123456789"))


def test_a_web_hook_is_signed_and_carries_facts() -> None:
    receiver = Receiver()
    with serving(receiver.app) as base:
        told(Channel(kind="webhook", url=f"{base}/in", secret=HOOK_SECRET, language="en"), [CONFLICT, {"more": 2}])
        receiver.refusals = [503, 400]
        for kind in (Transient, Rejected):
            with pytest.raises(kind):
                told(Channel(kind="webhook", url=f"{base}/in"), [CONFLICT])
    [(headers, body)] = receiver.events
    event = Judge(HOOK_SECRET).verify(body, headers)
    assert event == json.loads(body)
    assert (event["type"], event["data"]["more"], event["data"]["notices"][0]["cause"]) == (
        "hefu.alert",
        2,
        "conflict:crm",
    )
    assert event["data"]["notices"][0]["url"] == f"{URL}/ui/conflicts?issue=i1"
    with pytest.raises(Unsupported):
        told(Channel(kind="webhook", url=f"{base}/in", secret="short"), [CONFLICT])


def test_mail_has_text_and_html_and_is_marked_as_made_by_a_machine() -> None:
    with mail() as (sink, port):
        channel = Channel(kind="email", host="127.0.0.1", port=port, security="none", sender="hub@example.com")
        told(channel, [CONFLICT, DOWN], to=("li@example.com", "wu@example.com"))
        with pytest.raises(Rejected):
            told(channel, [CONFLICT], to=("li@example.com\nBcc: all@example.com",))
        [(to, came)] = sink.came
    assert to == ["li@example.com", "wu@example.com"]
    assert came["Subject"] == "合符：3 个冲突等待裁决（crm） 等 2 项"
    assert (came["Auto-Submitted"], came["Message-ID"]) == ("auto-generated", "<m1@example.com>")
    for kind in ("plain", "html"):
        part = came.get_body((kind,))
        assert part is not None
        assert f"{URL}/ui/conflicts?issue=i1" in part.get_content()


@contextmanager
def anything() -> Iterator[tuple[str, list[Any]]]:
    came: list[Any] = []

    async def take(request: Request) -> JSONResponse:
        came.append(await request.json())
        return JSONResponse({}, 500 if len(came) > 1 else 200)

    with serving(Starlette(routes=[Route("/{rest:path}", take, methods=["POST"])])) as base:
        yield base, came


def test_the_rest_goes_by_apprise() -> None:
    pytest.importorskip("apprise", reason="needs the locked development packages")
    with anything() as (base, came):
        there = f"json://{base.removeprefix('http://')}/x"
        told(Channel(kind="apprise", url=there, language="en"), [CONFLICT])
        assert came[0]["title"] == "Hefu: 3 conflict(s) wait for a decision (crm)"
        with pytest.raises(Transient):
            told(Channel(kind="apprise", url=there), [CONFLICT])
    for wrong in ("file:///etc/passwd", "syslog://", "nothing://x", "json://169.254.169.254/latest"):
        with pytest.raises(Unsupported):
            told(Channel(kind="apprise", url=wrong), [CONFLICT])


@pytest.mark.parametrize("kind", ["dingtalk", "feishu", "wecom", "webhook"])
def test_addresses_that_are_never_called(kind: Any) -> None:
    for url in ("http://169.254.169.254/x", "https://100.100.100.200/x", "http://8.8.8.8/x", "ftp://example.com/x"):
        with pytest.raises(Unsupported):
            told(Channel(kind=kind, url=url), [CONFLICT])


def test_every_rule_has_words_in_both_languages_and_no_markup_gets_through() -> None:
    for on in ON:
        for language in ("zh", "en"):
            said = worded([{"what": "raised", "on": on, "count": 2, "flow": "f", "scope": "flow:f", "connection": "c",
                            "author": "<@all> [x](y) `z`", "writes": 3}], language, URL)  # fmt: skip
            assert "{" not in said.title
            assert not set("<>[]`@") & set(said.lines[0].text)
    assert plain("a\nb@c<d>") == "a b＠c d "


def test_an_answer_that_is_none_is_refused() -> None:
    for body in (b"", b"[]", b"<html>", b'{"errcode": "x"}'):
        with pytest.raises(Rejected):
            robots.judge("g", "dingtalk", Answer(200, {}, body))
