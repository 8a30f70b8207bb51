"""The imitated Feishu / Lark: a group bot with its signature and rates, and an application that sends messages.

The bot answers HTTP 200 with a code; the application's calls use HTTP 400 and 429 beside their codes.
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
from hefu.sandbox.inbox import SIGN_LIVES, TOKEN_LIVES, Chat, Inbox, Window, object_of

HOOK, SECRET = "sandbox-bot", "SECsandbox"
APP_ID, APP_SECRET = "cli_sandbox", "feishusandboxsecret"
LARGEST = 20 * 1024
FAULTS: dict[str, tuple[str, str]] = {
    "throttle": ("频率超限（11232，应用接口为 429）", "too many: 11232, at the application's calls HTTP 429"),
    "expire": ("应用 tenant_access_token 失效", "the application's token is no longer valid"),
}
TYPES = ("text", "post", "image", "share_chat", "interactive")


def bot_sign(secret: str, timestamp: str) -> str:
    """The sign of a message: the key is the text, and what is signed is nothing."""
    made = hmac.new(f"{timestamp}\n{secret}".encode(), b"", hashlib.sha256).digest()
    return base64.b64encode(made).decode()


class Feishu(Chat):
    """The sandbox over one inbox."""

    def __init__(self, inbox: Inbox) -> None:
        super().__init__(inbox, {"per_second": Window(5, 1.0), "per_minute": Window(100, 60.0)})
        self._once: dict[str, tuple[float, dict[str, Any]]] = {}

    @cached_property
    def app(self) -> ASGIApp:
        """The API, the page and `/_control`."""
        routes = [
            Route("/open-apis/bot/v2/hook/{hook}", self._bot, methods=["POST"]),
            Route("/open-apis/auth/v3/tenant_access_token/internal", self._token, methods=["POST"]),
            Route("/open-apis/im/v1/messages", self._message, methods=["POST"]),
        ]
        return self.framed(routes, ("飞书 沙盒", "Feishu sandbox"), FAULTS, ("/open-apis/",))

    # ---------------------------------------------------------------- the bot

    async def _bot(self, request: Request) -> Response:
        body = await request.body()
        given = object_of(body)
        if request.path_params["hook"] != HOOK:
            return _told(19001, "param invalid: incoming webhook access token invalid")
        if given is None or len(body) > LARGEST:
            return _told(9499, "Bad Request")
        if self.signed and not self._right(str(given.get("timestamp", "")), str(given.get("sign", ""))):
            return _told(19021, "sign match fail or timestamp is not within one hour from current time")
        free = [window.admits() for window in self.windows.values()]
        if struck(self.faults, "throttle") or not all(free):
            return _told(11232, "frequency limited psm[lark.oapi.app_platform_runtime]appID[1500]")
        kind = str(given.get("msg_type"))
        content = given.get("card" if kind == "interactive" else "content")
        if kind not in TYPES or not isinstance(content, dict) or not content:
            return _told(9499, "Bad Request")
        text = " ".join(_texts(content))
        if self._lacks_keyword(text):
            return _told(19024, "Key Words Not Found")
        self._keep("群机器人", kind, text, {k: v for k, v in given.items() if k != "sign"})
        return JSONResponse({"StatusCode": 0, "StatusMessage": "success", "code": 0, "data": {}, "msg": "success"})

    def _right(self, at: str, sign: str) -> bool:
        """Whether a message is signed with our secret, and within the hour."""
        return self._timely(at) and secrets.compare_digest(sign.encode(), bot_sign(SECRET, at).encode())

    # ---------------------------------------------------------------- the application

    async def _token(self, request: Request) -> Response:
        given = object_of(await request.body()) or {}
        if given.get("app_id") != APP_ID:
            return _told(10003, "invalid param")
        if given.get("app_secret") != APP_SECRET:
            return _told(10014, "app secret invalid")
        return JSONResponse({"code": 0, "msg": "ok", "tenant_access_token": self._issue("t-"), "expire": TOKEN_LIVES})

    async def _message(self, request: Request) -> Response:
        """A message to a person or a chat; the same `uuid` within the hour sends it once."""
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not self._admitted(token):
            return _told(99991663, "Invalid access token for authorization. Please make a test attempt", 400)
        if struck(self.faults, "throttle"):
            answer = _told(99991400, "request trigger frequency limit", 429)
            answer.headers.update({"x-ogw-ratelimit-limit": "100", "x-ogw-ratelimit-reset": "30"})
            return answer
        given = object_of(await request.body()) or {}
        content = object_of(str(given.get("content") or "").encode())
        kind, to = str(given.get("msg_type")), str(given.get("receive_id") or "")
        to_kind = request.query_params.get("receive_id_type")
        if (
            kind not in TYPES
            or content is None
            or not to
            or to_kind not in ("open_id", "user_id", "union_id", "email", "chat_id")
        ):
            return _told(230001, "Your request contains an invalid request parameter.", 400)
        mark, now = str(given.get("uuid") or ""), self.clock.now().timestamp()
        if mark and mark in self._once and now - self._once[mark][0] <= SIGN_LIVES:
            return JSONResponse({"code": 0, "msg": "success", "data": self._once[mark][1]})
        number = self._keep(to, kind, " ".join(_texts(content)), given)
        at = str(int(now * 1000))
        data = {"message_id": f"om_{number}", "msg_type": kind, "create_time": at, "update_time": at, "deleted": False}
        data |= {"chat_id": "oc_sandbox", "body": {"content": given["content"]}}
        if mark:
            self._once[mark] = (now, data)
        return JSONResponse({"code": 0, "msg": "success", "data": data})


def _told(code: int, words: str, status: int = 200) -> Response:
    return JSONResponse({"code": code, "data": {}, "msg": words}, status)


def _texts(content: Any) -> list[str]:
    """What people read of a message, card or post: its texts, in order."""
    if isinstance(content, Mapping):
        own = [str(content[key]) for key in ("title", "text", "content") if isinstance(content.get(key), str)]
        return own + [word for value in content.values() if not isinstance(value, str) for word in _texts(value)]
    return [word for one in content for word in _texts(one)] if isinstance(content, list) else []
