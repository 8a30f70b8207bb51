"""The imitated DingTalk: a group robot, signed and held to twenty a minute, and an application that notifies people.

Answers are HTTP 200 with an errcode at the old host's paths; the new ones (/v1.0) use HTTP statuses. One address serves
both hosts. Codes for a bad message body and an oversized one are not in any document that was read: 40035, 460101.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from hefu.sandbox.frame import struck
from hefu.sandbox.inbox import TOKEN_LIVES, Chat, Inbox, Window, object_of

TOKEN, SECRET = "sandboxrobot", "SECsandbox"
APP_KEY, APP_SECRET, AGENT = "dingsandbox", "dingsandboxsecret", "1001"
LARGEST = 20_000
FAULTS: dict[str, tuple[str, str]] = {
    "busy": ("系统繁忙（-1）", "the system is busy: errcode -1"),
    "throttle": ("发送过快（130101）", "sent too fast: 130101"),
    "expire": ("应用 access_token 失效", "the application's token is no longer valid"),
}
_BODIES: Mapping[str, tuple[str, ...]] = {
    "text": ("content",),
    "markdown": ("title", "text"),
    "link": ("title", "text", "messageUrl"),
    "actionCard": ("title", "text"),
    "feedCard": ("links",),
}


def robot_sign(secret: str, timestamp: str) -> str:
    """The sign of a message, before it is escaped for the address."""
    made = hmac.new(secret.encode(), f"{timestamp}\n{secret}".encode(), hashlib.sha256).digest()
    return base64.b64encode(made).decode()


class DingTalk(Chat):
    """The sandbox over one inbox."""

    def __init__(self, inbox: Inbox) -> None:
        self.window = Window(20, 60.0, shut_out=600.0)
        super().__init__(inbox, {"per_minute": self.window})

    @cached_property
    def app(self) -> ASGIApp:
        """The API, the page and `/_control`."""
        routes = [
            Route("/robot/send", self._robot, methods=["POST"]),
            Route("/gettoken", self._old_token),
            Route("/topapi/message/corpconversation/asyncsend_v2", self._notice, methods=["POST"]),
            Route("/v1.0/oauth2/accessToken", self._token, methods=["POST"]),
            Route("/v1.0/robot/oToMessages/batchSend", self._batch, methods=["POST"]),
        ]
        name = ("钉钉 沙盒", "DingTalk sandbox")
        return self.framed(routes, name, FAULTS, ("/robot/", "/gettoken", "/topapi/", "/v1.0/"))

    # ---------------------------------------------------------------- the robot

    async def _robot(self, request: Request) -> Response:
        body = await request.body()
        words = request.query_params
        if words.get("access_token") != TOKEN:
            return _told(300001, "token is not exist")
        if self.signed and not self._right(words.get("timestamp", ""), words.get("sign", "")):
            return _told(310000, "sign not match, more: [https://ding-doc.dingtalk.com/doc#/serverapi2/qf2nxq]")
        if struck(self.faults, "busy"):
            return _told(-1, "系统繁忙")
        if struck(self.faults, "throttle") or not self.window.admits():
            return _told(130101, "send too fast, exceed 20 times per minute")
        if len(body) > LARGEST:
            return _told(460101, "message too long")
        given = object_of(body)
        text = _text(given)
        if given is None or text is None:
            return _told(40035, "不合法的参数")
        if self._lacks_keyword(text):
            return _told(
                310000, "keywords not in content, more: [https://ding-doc.dingtalk.com/doc#/serverapi2/qf2nxq]"
            )
        self._keep("群机器人", str(given["msgtype"]), text, given)
        return _told(0, "ok")

    def _right(self, at: str, sign: str) -> bool:
        """Whether a message is signed with our secret, and within the hour."""
        return self._timely(at, 1000) and secrets.compare_digest(sign.encode(), robot_sign(SECRET, at).encode())

    # ---------------------------------------------------------------- the application

    async def _old_token(self, request: Request) -> Response:
        if (request.query_params.get("appkey"), request.query_params.get("appsecret")) != (APP_KEY, APP_SECRET):
            return _told(40089, "不合法的corpid或corpsecret")
        return JSONResponse({"errcode": 0, "errmsg": "ok", "access_token": self._issue(), "expires_in": TOKEN_LIVES})

    async def _token(self, request: Request) -> Response:
        given = object_of(await request.body()) or {}
        if (given.get("appKey"), given.get("appSecret")) != (APP_KEY, APP_SECRET):
            return _failed(400, "invalidClientIdOrSecret", "无效的clientId或者clientSecret")
        return JSONResponse({"accessToken": self._issue(), "expireIn": TOKEN_LIVES})

    async def _notice(self, request: Request) -> Response:
        """A work notice to people."""
        given = object_of(await request.body()) or {}
        if not self._admitted(request.query_params.get("access_token", "")):
            return _told(40014, "不合法的access_token")
        message = given.get("msg")
        if isinstance(message, str):
            message = object_of(message.encode())
        people = [one for one in str(given.get("userid_list") or "").split(",") if one]
        text = _text(message)
        if str(given.get("agent_id")) != AGENT or not people or len(people) > 100 or message is None or text is None:
            return _told(40035, "不合法的参数")
        number = self._keep(",".join(people), str(message["msgtype"]), text, message)
        return JSONResponse({"errcode": 0, "errmsg": "ok", "task_id": int(number), "request_id": secrets.token_hex(6)})

    async def _batch(self, request: Request) -> Response:
        """A message of the application's robot to each of some people."""
        given = object_of(await request.body()) or {}
        if not self._admitted(request.headers.get("x-acs-dingtalk-access-token", "")):
            return _failed(401, "InvalidAuthentication", "不合法的access_token")
        people, shape = given.get("userIds"), object_of(str(given.get("msgParam") or "").encode())
        if not isinstance(people, list) or not 0 < len(people) <= 20 or shape is None or not given.get("robotCode"):
            return _failed(400, "invalidParameter", "参数不合法")
        text = " ".join(str(value) for value in shape.values())
        self._keep(",".join(map(str, people)), str(given.get("msgKey")), text, given)
        told: dict[str, Any] = {"processQueryKey": secrets.token_hex(16)}
        return JSONResponse({**told, "invalidStaffIdList": [], "flowControlledStaffIdList": []})


def _told(code: int, words: str) -> Response:
    return JSONResponse({"errcode": code, "errmsg": words})


def _failed(status: int, code: str, words: str) -> Response:
    return JSONResponse({"code": code, "requestid": secrets.token_hex(8), "message": words}, status)


def _text(given: Mapping[str, Any] | None) -> str | None:
    """What people read of a message; None for one that is not complete."""
    kind = str((given or {}).get("msgtype"))
    body = (given or {}).get(kind)
    if kind not in _BODIES or not isinstance(body, dict) or not all(body.get(name) for name in _BODIES[kind]):
        return None
    if kind == "feedCard":
        return " ".join(str(link.get("title")) for link in body["links"] if isinstance(link, dict))
    return "\n".join(str(body[name]) for name in _BODIES[kind])
