"""The imitated YonBIP over HTTP: discovery, tokens, quotas, keys against resubmission, and what stands behind."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections import deque
from collections.abc import Mapping
from email.utils import format_datetime
from functools import cached_property
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from hefu.sandbox.frame import Fault, Frame, Ledger, control, parsed, struck
from hefu.sandbox.hooks import Postman
from hefu.sandbox.shelf import Event
from hefu.sandbox.yonbip import people
from hefu.sandbox.yonbip.book import Book
from hefu.sandbox.yonbip.calls import Endpoint, Services, endpoints
from hefu.sandbox.yonbip.events import Pusher
from hefu.sandbox.yonbip.pages import pages
from hefu.sandbox.yonbip.words import Doc, Wrong, bad, good, respelled, shown

TENANT, APP_KEY = "t1sandbox", "sandboxkey"
APP_SECRET = "0123456789abcdef0123456789abcdef01234567"  # noqa: S105 - opens nothing but a sandbox
LIFE = 7200
HOUR = 3600.0
FAULTS: dict[str, tuple[str, str]] = {
    "expire": ("token 失效", "the token is no longer valid"),
    "expire_plain": ("token 失效，以纯文本返回", "the token is no longer valid, told in plain text"),
    "throttle": ("接口限流（310046）", "too many calls of this API: 310046"),
    "processing": ("幂等请求仍在处理中（202）", "the same request is still being worked on: 202"),
    "timeout": ("网关超时（310504），但已提交", "gateway time-out 310504 after the work was done"),
    "unauthorised": ("应用未授权此接口（310037）", "the application may not call this API: 310037"),
    "partial": ("批量操作后一半失败", "the second half of a batch fails"),
    "locked": ("单据刚被审核，不能修改", "the document was just approved: it may not be changed"),
    "field_right": ("没有某字段的编辑权限", "the right on one field (memo, creditCode) was taken away"),
    "renamed": ("字段改名", "fields are spelt otherwise in what is read (--times 0)"),
    "twice": ("事件推送两次（故障存在期间）", "events come twice as long as the fault stands (--times 0)"),
}
_EVENTS = {
    ("merchant", "created"): "YXYBASEDOC_AA_MERCHANT_INSERT",
    ("merchant", "updated"): "YXYBASEDOC_AA_MERCHANT_UPDATE",
    ("merchant", "deleted"): "YXYBASEDOC_AA_MERCHANT_DELETE",
    ("merchant", "stopped"): "YXYBASEDOC_AA_MERCHANTLIST_STOP",
    ("merchant", "unstopped"): "YXYBASEDOC_AA_MERCHANTLIST_UNSTOP",
    ("product", "updated"): "YXYBASEDOC_PC_PRODUCT_UPDATE",
    ("order", "created"): "SALE_SAVEORDER_NOTIFY_SENT",
    ("order", "updated"): "SALE_SAVEORDER_NOTIFY_SENT",
    ("order", "submit"): "SALE_SUBMITORDER_NOTIFY_SENT",
    ("order", "audit"): "SALE_AUDITORDER_NOTIFY_SENT",
    ("order", "unaudit"): "SALE_UNAUDITORDER_NOTIFY_SENT",
    ("order", "close"): "SALE_CLOSEORDER_NOTIFY_SENT",
    ("order", "open"): "SALE_OPENORDER_NOTIFY_SENT",
    ("order", "deleted"): "SALE_DELETEORDER_NOTIFY_SENT",
}


def signature(secret: str, **words: str) -> str:
    """How a token is asked for: Base64 of the HMAC over names and values in order."""
    text = "".join(f"{name}{words[name]}" for name in sorted(words))
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()


class YonBip:
    """The sandbox over one book. skew: seconds by which a signature's time may be off, 0 for any."""

    tells_date = True

    def __init__(self, book: Book) -> None:
        self.book, self.ledger, self.clock = book, Ledger(), book.clock
        self.faults: list[Fault] = []
        self.postman = Postman()
        self.pusher = Pusher(book.clock, self.postman, APP_KEY, APP_SECRET, TENANT)
        self.services = Services(book, self.ledger, self.faults)
        self.limited = True
        self.life, self.skew = float(LIFE), 0.0
        self._endpoints = endpoints(self.services)
        self._tokens: dict[str, float] = {}
        self._used: dict[str, deque[float]] = {}
        self._once: dict[tuple[str, str], tuple[float, Any]] = {}
        book.shelf.listeners.append(self._announce)

    @cached_property
    def app(self) -> ASGIApp:
        """The API, the pages and `/_control`."""
        routes = [
            Route("/open-auth/dataCenter/getGatewayAddress", self._discover),
            Route("/iuap-api-auth/open-auth/selfAppAuth/base/v1/getAccessToken", self._token),
            Route("/iuap-api-auth/open-auth/selfAppAuth/getAccessToken", self._token),
            Route("/iuap-api-gateway/{path:path}", self._call, methods=["GET", "POST"]),
        ]
        routes += control(self, self.ledger, self.faults, self._settings, Wrong, FAULTS)
        routes += pages(self.book, self.as_person).routes()
        api = ("/open-auth/", "/iuap-api-auth/", "/iuap-api-gateway/")
        return Frame(Starlette(routes=routes), self.ledger, self.faults, api)

    def close(self) -> None:
        """Close the file, end the pushing."""
        self.postman.stop()
        self.book.close()

    # ------------------------------------------------------------ hands inside

    def as_person(self, obj: str, record_id: str | None, values: dict[str, Any] | None, author: str) -> str:
        """Create, change, delete or move a record as a person at the client would."""
        with self.book.shelf.change():
            return people.act(self.book, obj, record_id, values, author)

    def peek(self, obj: str, record_id: str) -> dict[str, Any] | None:
        """A record as the API shows it, without a call."""
        found = self.book.shelf.get(obj, record_id)
        return None if found is None else dict(shown(found))

    def changes(self, limit: int = 20) -> list[dict[str, Any]]:
        """The latest changes."""
        return self.book.shelf.changes(limit)

    def _settings(self, given: dict[str, Any]) -> None:
        if "callback" in given:
            self.pusher.subscribe(str(given["callback"]))
        self.limited = bool(given.get("limited", self.limited))
        self.life = float(given.get("life", self.life))
        self.skew = float(given.get("skew", self.skew))
        self.pusher.answer = str(given.get("answer", self.pusher.answer))
        self.book.own_lines = bool(given.get("own_lines", self.book.own_lines))
        self.services.cap = int(given.get("cap", self.services.cap))

    def _announce(self, event: Event) -> None:
        self.pusher.twice = any(f.kind == "twice" for f in self.faults)
        kind = _EVENTS.get((event.obj, event.kind))
        if kind is not None:
            info = {"billId": event.id, "billCode": event.doc.get("code"), "billNo": event.doc.get("code")}
            self.pusher.tell(kind, {"BILL_INFO": info})

    # ------------------------------------------------------------ who may call

    async def _discover(self, request: Request) -> Response:
        if request.query_params.get("tenantId") != TENANT:
            return JSONResponse({"code": "500", "message": "根据租户id获取网关地址出现异常"})
        base = f"{request.url.scheme}://{request.url.netloc}"
        data = {"gatewayUrl": f"{base}/iuap-api-gateway", "tokenUrl": f"{base}/iuap-api-auth"}
        return JSONResponse({"code": "00000", "message": "成功！", "data": data})

    async def _token(self, request: Request) -> Response:
        words = request.query_params
        key, at, sent = (words.get(name, "") for name in ("appKey", "timestamp", "signature"))
        if key != APP_KEY:
            return self._dated(JSONResponse({"code": "10018", "message": "应用不存在或appKey已停用"}))
        right = signature(APP_SECRET, appKey=key, timestamp=at)
        if not at.isdecimal() or not secrets.compare_digest(sent.encode(), right.encode()):
            return JSONResponse({"code": "10019", "message": "签名错误"})
        if self.skew and abs(self._now() - int(at) / 1000) > self.skew:
            return self._dated(JSONResponse({"code": "10020", "message": "timestamp已失效，请校准时钟"}))
        token = secrets.token_hex(16)
        self._tokens[token] = self._now() + self.life
        data = {"access_token": token, "expire": int(self.life)}
        return self._dated(JSONResponse({"code": "00000", "message": "成功！", "data": data}))

    def _now(self) -> float:
        return self.clock.now().timestamp()

    def _dated(self, answer: Response) -> Response:
        answer.headers["Date"] = format_datetime(self.clock.now(), usegmt=True)
        return answer

    async def _call(self, request: Request) -> Response:
        return self._dated(await self._served(request))

    async def _served(self, request: Request) -> Response:
        path = "/" + request.path_params["path"]
        endpoint = self._endpoints.get(path)
        try:
            if endpoint is None:
                raise Wrong(310404, "请求的API不存在", status=404)
            self._admit(request, path, endpoint)
            given = dict(request.query_params) if endpoint.method == "GET" else _body(await request.body())
            answer = self._once_only(path, endpoint, given) if endpoint.once else self._do(endpoint, given)
        except Wrong as wrong:
            return bad(wrong, plain=wrong.code == 310036 and "plain" in (wrong.data or ""))
        if struck(self.faults, "timeout", request.url.path):
            return bad(Wrong(310504, "网关超时"))
        if endpoint.method == "POST" and any(f.kind == "renamed" for f in self.faults):
            answer = respelled(answer)
        return good(answer, endpoint.code)

    def _admit(self, request: Request, path: str, endpoint: Endpoint) -> None:
        """Token, right, method and quota. Raises Wrong."""
        token = request.query_params.get("access_token", "")
        if not token:
            raise Wrong(310001, "access_token不能为空")
        if struck(self.faults, "expire", request.url.path):
            self._tokens.pop(token, None)
        plain = struck(self.faults, "expire_plain", request.url.path) is not None
        if plain:
            self._tokens.pop(token, None)
        if self._tokens.get(token, 0.0) < self._now():
            raise Wrong(310036, "非法token", "plain" if plain else None)
        if struck(self.faults, "unauthorised", request.url.path):
            raise Wrong(310037, "应用未授权此API")
        if request.method != endpoint.method:
            raise Wrong(310405, "请求方式不正确")
        if struck(self.faults, "throttle", request.url.path) or (self.limited and not self._free(path, endpoint)):
            raise Wrong(310046, "接口调用超过频率限制")

    def _free(self, path: str, endpoint: Endpoint) -> bool:
        """Whether this API may be called once more within the minute."""
        used, now = self._used.setdefault(path, deque()), self._now()
        while used and used[0] < now - 60:
            used.popleft()
        if len(used) >= endpoint.per_minute:
            return False
        used.append(now)
        return True

    def _do(self, endpoint: Endpoint, given: Mapping[str, Any]) -> Any:
        if struck(self.faults, "locked"):
            raise Wrong(999, "单据已审核，不能修改！")
        shut = next((name for name in ("memo", "creditCode") if _sends(given.get("data"), name)), None)
        if shut and struck(self.faults, "field_right"):
            raise Wrong(999, f"没有字段[{shut}]的编辑权限")
        try:
            with self.book.shelf.change():
                return endpoint.do(self.services, given)
        except (AttributeError, KeyError, TypeError, ValueError, IndexError) as error:
            raise Wrong(310023, "参数类型不正确") from error

    def _once_only(self, path: str, endpoint: Endpoint, given: Mapping[str, Any]) -> Any:
        """The same key within an hour gives the first answer again; later it is called a duplicate."""
        data = given.get("data")
        key = str(data.get("resubmitCheckKey") or "") if isinstance(data, Mapping) else ""
        if len(key) > 32:
            raise Wrong(310008, "resubmitCheckKey长度不能超过32")
        if struck(self.faults, "processing"):
            raise Wrong(202, "请求处理中")
        now = self.clock.now().timestamp()
        if key and (path, key) in self._once:
            at, answer = self._once[path, key]
            if now - at <= HOUR:
                return answer
            raise Wrong("10004", "重复提交", {"id": _id(answer)})
        answer = self._do(endpoint, given)
        if key:
            self._once[path, key] = (now, answer)
        return answer


def _sends(data: Any, name: str) -> bool:
    """Whether a body writes that field."""
    return any(isinstance(one, Mapping) and name in one for one in (data if isinstance(data, list) else [data]))


def _id(answer: Any) -> Any:
    first = answer[0] if isinstance(answer, list) and answer else answer
    return first.get("id") if isinstance(first, dict) else None


def _body(body: bytes) -> Doc:
    try:
        given = parsed(body or b"{}")
    except ValueError:
        raise Wrong(310008, "请求内容不是有效的JSON") from None
    if not isinstance(given, dict):
        raise Wrong(310008, "请求内容必须是JSON对象")
    return given
