"""The imitated Kingdee over HTTP: one address per service, always POST, business errors inside HTTP 200.

`data` may be an object or a text that holds one; names of parameters are read without regard to case; a form and a
list of `parameters` serve as well as JSON.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import fields
from email.utils import format_datetime
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from hefu.sandbox.frame import Fault, Frame, Ledger, control, parsed, struck
from hefu.sandbox.kingdee import login, looks
from hefu.sandbox.kingdee.book import Book
from hefu.sandbox.kingdee.calls import Services
from hefu.sandbox.kingdee.manners import Caller, Manners
from hefu.sandbox.kingdee.pages import pages
from hefu.sandbox.kingdee.people import gone, person
from hefu.sandbox.kingdee.replies import (
    BROKEN,
    CONTEXT_LOST,
    DATABASE,
    LOST,
    NETWORK_CONTROL,
    NO_RIGHT,
    THROTTLED,
    Refused,
    refusal,
)

STUB = "Kingdee.BOS.WebApi.ServicesStub."
FORM_SERVICE = f"{STUB}DynamicFormService."
CENTRES = "Kingdee.BOS.ServiceFacade.ServicesStub.Account.AccountService.GetDataCenterList"
TAIL = ".common.kdsvc"
FAULTS: dict[str, tuple[str, str]] = {
    "expire": ("会话过期", "the session is forgotten"),
    "throttle": ("调用次数超限（MsgCode 14）", "too many calls: MsgCode 14"),
    "netcontrol": ("网络控制冲突（MsgCode 13）", "somebody has the bill open: MsgCode 13"),
    "dberror": ("数据库操作失败（MsgCode 6）", "the database failed: MsgCode 6"),
    "forbidden": ("没有权限（MsgCode 2）", "no right: MsgCode 2"),
    "partial": ("批量保存的后一半失败", "the second half of a batch fails"),
    "locked": ("单据刚被审核，不允许修改", "the record was just audited: it may not be changed"),
    "changed": ("已被其他用户修改", "another user changed it meanwhile"),
    "duplicate": ("编码刚被他人占用", "another user takes the number just before"),
    "response_error": ("返回 response_error 文本", "a text that begins with response_error"),
    "renamed": ("字段标识改名（故障存在期间）", "field keys are renamed as long as the fault stands (--times 0)"),
}
_ANSWERED = {
    "throttle": Refused(THROTTLED, "调用次数已达上限，请稍后再试"),
    "netcontrol": Refused(NETWORK_CONTROL, "网络控制冲突：该单据正在被用户“陈思琪”编辑"),
    "dberror": Refused(DATABASE, "数据库操作失败：事务(进程 ID 58)与另一个进程被死锁在锁资源上"),
    "forbidden": Refused(NO_RIGHT, "您没有该业务对象的操作权限，请联系管理员"),
}


class Kingdee:
    """The sandbox over one book."""

    tells_date = True

    def __init__(self, book: Book) -> None:
        self.book, self.ledger, self.clock = book, Ledger(), book.clock
        self.faults: list[Fault] = []
        self.sessions = login.Sessions()
        self.services = Services(book, self.ledger, self.faults)

    @cached_property
    def app(self) -> ASGIApp:
        """The API, the pages and `/_control`."""
        sites = ("k3cloud", "K3Cloud", "K3CLOUD", "k3Cloud")
        routes = [Route(f"/{site}/{{service}}", self._call, methods=["POST"]) for site in sites]
        routes += control(self, self.ledger, self.faults, self._settings, Refused, FAULTS)
        routes += pages(self.book, self.as_person).routes()
        return Frame(Starlette(routes=routes), self.ledger, self.faults, tuple(f"/{site}/" for site in sites))

    def close(self) -> None:
        """Close the file."""
        self.book.close()

    # ------------------------------------------------------------ hands inside

    def as_person(self, obj: str, record_id: str | None, values: dict[str, Any] | None, author: str) -> str:
        """Create, change, delete or move a record as a person at the client would."""
        form = self.book.form(obj)
        pk = None if record_id is None else int(record_id)
        if values is None:
            assert pk is not None
            gone(self.book, form, pk, author)
            return str(pk)
        return str(person(self.book, form, pk, values, author))

    def peek(self, obj: str, record_id: str) -> dict[str, Any] | None:
        """A record under its field keys, without a call."""
        form = self.book.form(obj)
        doc = self.book.get(form.id, int(record_id)) if record_id.isdecimal() else None
        return None if doc is None else looks.flat(self.book, form, doc)

    def changes(self, limit: int = 20) -> list[dict[str, Any]]:
        """The latest changes."""
        return self.book.shelf.changes(limit)

    def _settings(self, given: dict[str, Any]) -> None:
        known = {f.name for f in fields(Manners)}
        for name, value in given.items():
            if name in ("idle", "skew"):
                setattr(self.sessions, name, float(value))
            elif name in ("secret", "password"):
                setattr(self.sessions, name, str(value))
            elif name in known:
                setattr(self.services.manners, name, tuple(value) if name == "workflow" else value)

    # ------------------------------------------------------------ calls

    async def _call(self, request: Request) -> Response:
        answer = await self._answer(request)
        answer.headers["Date"] = format_datetime(self.clock.now(), usegmt=True)
        return answer

    async def _answer(self, request: Request) -> Response:
        service = request.path_params["service"].removesuffix(TAIL)
        words = _words(request.headers.get("content-type", ""), await request.body())
        if words is None:
            return self._told(service, refusal(Refused(BROKEN, "请求内容不是有效的JSON")))
        if service == CENTRES:
            return JSONResponse([{"Id": login.ACCOUNT, "Number": "001", "Name": login.ACCOUNT_NAME}])
        if service.startswith(f"{STUB}AuthService."):
            return self._login(service.rpartition(".")[2], words)
        return self._serve(request, service, words)

    def _serve(self, request: Request, service: str, words: Mapping[str, Any]) -> Response:
        try:
            caller, fresh = self._caller(request)
        except login.Expired:
            told = {"errcode": 4006, "description": "X-Api-TimeStamp expired", "description_cn": "请求时间戳已过期"}
            return JSONResponse(told, 519, {"X-Api-Requestid": "0"})
        except login.NoAccount:
            return PlainTextResponse("账套不存在", 500)
        if caller is None:
            signed = "x-kd-signature" in request.headers
            words_ = LOST if signed else f"{LOST}：ctx == null"
            return self._told(service, refusal(Refused(CONTEXT_LOST, words_)))
        answer = self._told(service, self._result(request.url.path, service, caller, words))
        if struck(self.faults, "response_error", request.url.path):
            answer = PlainTextResponse("response_error: 未将对象引用设置到对象的实例。")
        if fresh:
            answer.set_cookie("kdservice-sessionid", fresh, path="/", httponly=True)
            answer.headers.append("set-cookie", f"ASP.NET_SessionId={fresh[:8]}; path=/; HttpOnly")
        return answer

    def _result(self, path: str, service: str, caller: Caller, words: Mapping[str, Any]) -> Any:
        name = service.removeprefix(FORM_SERVICE)
        call = self.services.find(name) if service.startswith(FORM_SERVICE) else None
        try:
            for kind, refused in _ANSWERED.items():
                if struck(self.faults, kind, path):
                    raise refused
            if call is None:
                raise Refused(BROKEN, "未将对象引用设置到对象的实例。")
            return call(caller, _positional(name, words))
        except Refused as refused:
            return refusal(refused)

    def _caller(self, request: Request) -> tuple[Caller | None, str]:
        """Who calls, and the id of a session that was opened for it (signed calls). Raises Expired, NoAccount."""
        sent = request.headers.get("kdservice-sessionid") or request.cookies.get("kdservice-sessionid") or ""
        if struck(self.faults, "expire", request.url.path):
            self.sessions.end(sent)
        session, fresh = self.sessions.get(sent), ""
        if session is None and "x-kd-signature" in request.headers:
            path = request.scope.get("raw_path", b"").decode("latin-1") or request.url.path
            known = self.sessions.by_headers(request.headers, path, self.book.clock.now().timestamp())
            if known is not None:
                org = self.book.known("ORG_Organizations", known[1]) if known[1] not in ("", "0") else 0
                fresh = self.sessions.open(known[0], org)
                session = self.sessions.get(fresh)
        if session is None:
            return None, ""
        return Caller(session, self.book.known("SEC_User", session.user), session.user), fresh

    def _login(self, name: str, words: Mapping[str, Any]) -> Response:
        given = words.get("parameters")
        if isinstance(given, str):
            given = json.loads(given) if given.startswith("[") else []
        order = {
            "ValidateUser": ("acctid", "username", "password", "lcid"),
            "LoginByAppSecret": ("acctid", "username", "appid", "appsecret", "lcid"),
            "LoginBySign": ("acctid", "username", "appid", "timestamp", "sign", "lcid"),
        }.get(name)
        if order is None:
            return JSONResponse(login.sent_away("服务不存在"))
        said = [str(v) for v in given] if isinstance(given, list) else [str(words.get(key, "")) for key in order]
        said = (said + [""] * len(order))[: len(order)]
        if name == "ValidateUser":
            right = self.sessions.by_password(*said[:3])
        elif name == "LoginByAppSecret":
            right = self.sessions.by_secret(*said[:4])
        else:
            right = self.sessions.by_sign(tuple(said[:5]), self.clock.now().timestamp())
        if not right or said[-1] not in (*login.LANGUAGES, ""):
            wrong = "用户名或密码错误" if name == "ValidateUser" else "应用授权校验失败，请检查应用ID、密钥和集成用户"
            return JSONResponse(login.sent_away("账套不存在" if said[0] != login.ACCOUNT else wrong))
        made = self.sessions.open(said[1])
        answer = JSONResponse(login.welcome(made, said[1]))
        answer.set_cookie("kdservice-sessionid", made, path="/", httponly=True)
        answer.headers.append("set-cookie", f"ASP.NET_SessionId={made[:8]}; path=/; HttpOnly")
        return answer

    @staticmethod
    def _told(service: str, result: Any) -> Response:
        """An answer; what a bill query refuses stands inside two lists."""
        if service == f"{FORM_SERVICE}ExecuteBillQuery" and isinstance(result, dict):
            result = [[result]]
        return JSONResponse(result)


def _words(kind: str, body: bytes) -> dict[str, Any] | None:
    """The parameters of a call, names in lower case; None for what cannot be read."""
    if kind.startswith("application/x-www-form-urlencoded"):
        return {name.lower(): value for name, value in parse_qsl(body.decode("utf-8", "replace"), True)}
    try:
        given = parsed(body or b"{}")
    except ValueError:
        return None
    return {str(name).lower(): value for name, value in given.items()} if isinstance(given, dict) else None


def _positional(name: str, words: Mapping[str, Any]) -> Mapping[str, Any]:
    """The list form of a call as named parameters."""
    given = words.get("parameters")
    if isinstance(given, str):
        try:
            given = json.loads(given)
        except ValueError:
            given = None
    if not isinstance(given, list):
        return words
    if len(given) == 1:
        return {**words, "data": given[0]}
    order = ("formid", "opnumber", "data") if name.endswith("Operation") else ("formid", "data")
    return {**words, **dict(zip(order, given, strict=False))}
