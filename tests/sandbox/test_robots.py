"""The DingTalk and Feishu sandboxes: robots by plain calls, applications by the vendors' own clients."""

from __future__ import annotations

import importlib
import importlib.util
import json
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any
from urllib.parse import urlencode

import pytest

from hefu.sandbox.dingtalk import api as ding
from hefu.sandbox.feishu import api as lark
from hefu.sandbox.hands import Hands, call
from hefu.sandbox.server import Server


def to_group(server: Server, message: object, **other: str) -> Any:
    at = str(int(server.sandbox.clock.now().timestamp() * 1000))  # type: ignore[attr-defined]
    words = {"access_token": ding.TOKEN, "timestamp": at, "sign": ding.robot_sign(ding.SECRET, at), **other}
    reply = call("POST", f"{server.url}/robot/send?{urlencode(words)}", message)
    assert reply.status == 200, "errors are told inside"
    return reply.json["errcode"]


def to_bot(server: Server, hook: str = lark.HOOK, **message: object) -> Any:
    at = str(int(server.sandbox.clock.now().timestamp()))  # type: ignore[attr-defined]
    body = {"timestamp": at, "sign": lark.bot_sign(lark.SECRET, at), **message}
    reply = call("POST", f"{server.url}/open-apis/bot/v2/hook/{hook}", body)
    assert reply.status == 200, "errors are told inside"
    return reply.json["code"]


TEXT = {"msgtype": "text", "text": {"content": "同步失败 3 条"}}


def test_the_vendors_test_vectors() -> None:
    assert ding.robot_sign("SECtest", "1700000000000") == "aZLLrriXgn05YbwaGR7knYsLeJADjr9NwLaNNKpxh4g="
    assert lark.bot_sign("SECtest", "1700000000") == "G7XpBpG8NgG02fJOAhX6FRAObIljmFoxVReo8I62pEk="


def test_dingtalk_takes_messages_in_its_own_order(dingtalk: Server) -> None:
    hands = Hands(dingtalk.url)
    assert to_group(dingtalk, TEXT) == 0
    assert to_group(dingtalk, {"msgtype": "markdown", "markdown": {"title": "t", "text": "### x"}}) == 0
    assert to_group(dingtalk, {"msgtype": "markdown", "markdown": {"title": "t"}}) == 40035
    assert to_group(dingtalk, TEXT, access_token="other") == 300001
    assert to_group(dingtalk, TEXT, sign="wrong") == 310000
    hands.settings(clock_offset=2 * 3600)
    late = str(int(dingtalk.sandbox.clock.now().timestamp() * 1000) - 2 * 3_600_000)  # type: ignore[attr-defined]
    assert to_group(dingtalk, TEXT, timestamp=late, sign=ding.robot_sign(ding.SECRET, late)) == 310000, (
        "an hour at most"
    )
    hands.settings(keywords="合符,同步")  # type: ignore[arg-type]
    assert to_group(dingtalk, TEXT) == 0
    assert to_group(dingtalk, {"msgtype": "text", "text": {"content": "hello"}}) == 310000
    hands.fault("busy")
    assert to_group(dingtalk, TEXT) == -1
    assert to_group(dingtalk, {"msgtype": "text", "text": {"content": "同步" * 10_000}}) == 460101
    assert hands.counters()["total_writes"] == 3
    page = call("GET", f"{dingtalk.url}/").body.decode()
    assert "同步失败 3 条" in page


def test_the_twenty_first_message_of_a_minute_shuts_the_robot_out(dingtalk: Server) -> None:
    assert [to_group(dingtalk, TEXT) for _ in range(22)] == [0] * 20 + [130101] * 2
    assert Hands(dingtalk.url).counters()["total_writes"] == 20


def test_feishu_takes_messages_in_its_own_order(feishu: Server) -> None:
    hands = Hands(feishu.url)
    card = {
        "header": {"title": {"tag": "plain_text", "content": "同步失败"}},
        "elements": [{"tag": "markdown", "content": "**客户**"}],
    }
    assert to_bot(feishu, msg_type="text", content={"text": "你好"}) == 0
    assert to_bot(feishu, msg_type="interactive", card=card) == 0
    assert to_bot(feishu, msg_type="interactive", content=card) == 9499, "a card stands under its own name"
    assert to_bot(feishu, hook="other", msg_type="text", content={"text": "x"}) == 19001
    assert to_bot(feishu, msg_type="text", content={"text": "x"}, sign="wrong") == 19021
    hands.settings(keywords="同步", per_second=100)  # type: ignore[arg-type]
    assert to_bot(feishu, msg_type="text", content={"text": "hello"}) == 19024
    assert to_bot(feishu, msg_type="text", content={"text": "x" * 21_000}) == 9499
    assert [m["text"] for m in feishu.sandbox.inbox.all()] == ["你好", "同步失败 **客户**"]  # type: ignore[attr-defined]


def test_the_sixth_message_of_a_second_is_too_many(feishu: Server) -> None:
    Hands(feishu.url).settings(per_second=5, per_minute=7)
    feishu.sandbox.windows["per_second"].seconds = 3600.0  # type: ignore[attr-defined]
    assert [to_bot(feishu, msg_type="text", content={"text": "x"}) for _ in range(6)] == [0] * 5 + [11232]


@pytest.fixture
def messages(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Any]:
    """The vendor's own message service, as its `Client` makes it: that one loads ten thousand modules at first."""
    found = importlib.util.find_spec("lark_oapi")
    if found is None or not found.submodule_search_locations:
        pytest.skip("needs the locked development packages")
    [folder] = found.submodule_search_locations
    for name, path in (("lark_oapi", folder), ("lark_oapi.api", f"{folder}/api")):
        bare = ModuleType(name)
        bare.__path__ = [path]
        monkeypatch.setitem(sys.modules, name, bare)
    service = importlib.import_module("lark_oapi.api.im.service").ImService
    model = importlib.import_module("lark_oapi.core.model")

    def make(secret: str, url: str) -> Any:
        config = model.Config()
        config.app_id, config.app_secret, config.domain = lark.APP_ID, secret, url
        return service(config)

    return make


@pytest.mark.judge("feishu", "lark-oapi")
def test_the_official_feishu_client_sends_and_is_told_what_is_wrong(
    feishu: Server, messages: Callable[..., Any]
) -> None:
    im = importlib.import_module("lark_oapi.api.im.v1")

    def send(secret: str, mark: str) -> Any:
        body = im.CreateMessageRequestBody.builder().receive_id("ou_1").msg_type("text").uuid(mark)
        body = body.content(json.dumps({"text": "差异 2 条"})).build()
        request = im.CreateMessageRequest.builder().receive_id_type("open_id").request_body(body).build()
        return messages(secret, feishu.url).v1.message.create(request)

    first, again = send(lark.APP_SECRET, "u1"), send(lark.APP_SECRET, "u1")
    assert first.success(), (first.code, first.msg)
    assert again.data.message_id == first.data.message_id, "the same mark sends once"
    assert [m["text"] for m in feishu.sandbox.inbox.all()] == ["差异 2 条"]  # type: ignore[attr-defined]
    Hands(feishu.url).fault("throttle")
    assert send(lark.APP_SECRET, "u2").code == 99991400


@pytest.mark.judge("dingtalk", "alibabacloud-dingtalk")
def test_the_official_dingtalk_client_sends_and_is_told_what_is_wrong(dingtalk: Server) -> None:
    auth = pytest.importorskip(
        "alibabacloud_dingtalk.oauth2_1_0.models", reason="needs the locked development packages"
    )
    robot = pytest.importorskip("alibabacloud_dingtalk.robot_1_0.models")
    config = pytest.importorskip("alibabacloud_tea_openapi.models").Config(protocol="http", region_id="central")
    config.endpoint = dingtalk.url.removeprefix("http://")
    authority = pytest.importorskip("alibabacloud_dingtalk.oauth2_1_0.client").Client(config)
    sender = pytest.importorskip("alibabacloud_dingtalk.robot_1_0.client").Client(config)
    options = pytest.importorskip("alibabacloud_tea_util.models").RuntimeOptions()
    asked = auth.GetAccessTokenRequest(app_key=ding.APP_KEY, app_secret=ding.APP_SECRET)
    token = authority.get_access_token(asked).body.access_token

    def send(with_token: str) -> Any:
        headers = robot.BatchSendOTOHeaders(x_acs_dingtalk_access_token=with_token)
        words = json.dumps({"title": "差异", "text": "2 条"})
        request = robot.BatchSendOTORequest(robot_code="r1", user_ids=["u1"], msg_key="sampleMarkdown", msg_param=words)
        return sender.batch_send_otowith_options(request, headers, options)

    assert send(token).body.process_query_key
    assert [m["text"] for m in dingtalk.sandbox.inbox.all()] == ["差异 2 条"]  # type: ignore[attr-defined]
    with pytest.raises(Exception, match="access_token"):
        send("stale")
    with pytest.raises(Exception, match="clientId"):
        authority.get_access_token(auth.GetAccessTokenRequest(app_key="x", app_secret="y"))


def test_a_work_notice_reaches_people(dingtalk: Server) -> None:
    query = urlencode({"appkey": ding.APP_KEY, "appsecret": ding.APP_SECRET})
    token = call("GET", f"{dingtalk.url}/gettoken?{query}").json["access_token"]
    address = f"{dingtalk.url}/topapi/message/corpconversation/asyncsend_v2?access_token={token}"
    told = call("POST", address, {"agent_id": ding.AGENT, "userid_list": "u1,u2", "msg": TEXT}).json
    assert (told["errcode"], told["task_id"]) == (0, 1)
    Hands(dingtalk.url).fault("expire")
    assert call("POST", address, {"agent_id": ding.AGENT, "userid_list": "u1", "msg": TEXT}).json["errcode"] == 40014
