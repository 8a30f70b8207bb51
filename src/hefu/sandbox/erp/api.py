"""The sandbox ERP's API, as an ERP of the older school has it: snake_case, API key or login, offsets with a total.

`GET /api/erp` describes it, labels in Chinese. Calls above the rate limit get 429 with Retry-After. Webhooks name a
table and an id, no values, and are signed `sha256=<hex HMAC-SHA256 of the body>`.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from hefu.sandbox.erp.book import ErpBook, Event, stamp
from hefu.sandbox.erp.orders import LEGAL, STEP_LABEL
from hefu.sandbox.erp.pages import TABS, ErpSource
from hefu.sandbox.erp.tables import KEY, LINES, SEARCHABLE, STATE_LABEL, TABLES, TITLES, Wrong
from hefu.sandbox.frame import Fault, Frame, Ledger, control, parsed
from hefu.sandbox.hooks import Parcel, Postman, is_loopback
from hefu.sandbox.page import Pages

API_KEY = "sandbox-erp-key"
LOGIN = ("hub", "sandbox-erp-password")
USER = "接口用户"
LIMIT = 100
MOST = 500
SESSION_SECONDS = 1800
_SINCE = re.compile(r"\d{4}-\d\d-\d\d( \d\d:\d\d:\d\d(\.\d{1,6})?)?")

Call = Callable[["ErpApi", Request], Awaitable[Response]]


class Rate:
    """A token bucket: `per_second` calls (0: no limit), and as many at once."""

    def __init__(self, per_second: float = 0.0) -> None:
        self.per_second = per_second
        self._tokens = per_second
        self._at = time.monotonic()

    def wait(self) -> float:
        """0 if a call may go, else the seconds until it may."""
        if not self.per_second:
            return 0.0
        now = time.monotonic()
        self._tokens = min(max(self.per_second, 1.0), self._tokens + (now - self._at) * self.per_second)
        self._at = now
        if self._tokens >= 1:
            self._tokens -= 1
            return 0.0
        return (1 - self._tokens) / self.per_second


class ErpApi:
    """The API over one book."""

    def __init__(self, book: ErpBook, ledger: Ledger, postman: Postman, rate: Rate, api_key: str = API_KEY) -> None:
        self.book, self.ledger, self.postman, self.rate, self.api_key = book, ledger, postman, rate, api_key
        self._sessions: dict[str, float] = {}
        book.listeners.append(self._announce)

    def routes(self) -> list[Route]:
        """All paths below /api/erp."""
        base, one = "/api/erp", "/api/erp/{table}/{id}"
        return [
            Route(base, _describe),
            Route(f"{base}/session", self._login, methods=["POST"]),
            Route(f"{base}/ping", self._guard(ErpApi._ping)),
            Route(f"{base}/subscriptions", self._guard(ErpApi._subscriptions), methods=["GET", "POST", "DELETE"]),
            Route(f"{base}/{{table}}", self._guard(ErpApi._collection), methods=["GET", "POST"]),
            Route(one, self._guard(ErpApi._one), methods=["GET", "PUT", "DELETE"]),
            Route(f"{one}/actions/{{action}}", self._guard(ErpApi._action), methods=["POST"]),
        ]

    def _guard(self, call: Call) -> Callable[[Request], Awaitable[Response]]:
        """Rate limit, credentials, table; refusals in the ERP's error shape."""

        async def serve(request: Request) -> Response:
            wait = self.rate.wait()
            if wait:
                told = {"error_code": "E4029", "message": "调用过于频繁,请稍后再试"}
                return JSONResponse(told, 429, {"Retry-After": str(max(1, round(wait)))})
            if not self._known(request):
                return JSONResponse({"error_code": "E4001", "message": "未登录或密钥无效"}, 401)
            table = request.path_params.get("table")
            if table is not None and table not in TABLES:
                return JSONResponse({"error_code": "E4004", "message": f"没有这个对象:{table}"}, 404)
            try:
                return await call(self, request)
            except Wrong as wrong:
                return JSONResponse(wrong.told(), wrong.status)
            except ValueError as problem:
                return JSONResponse({"error_code": "E4000", "message": f"请求不是有效的JSON:{problem}"}, 400)

        return serve

    def _known(self, request: Request) -> bool:
        key = request.headers.get("x-api-key")
        if key is not None:
            return hmac.compare_digest(key.encode(), self.api_key.encode())
        token = request.headers.get("x-session-token") or request.cookies.get("erp_session", "")
        return self._sessions.get(token, 0.0) > time.monotonic()

    async def _login(self, request: Request) -> Response:
        try:
            given = parsed(await request.body())
        except ValueError:
            given = None
        pair = (given.get("user"), given.get("password")) if isinstance(given, dict) else None
        if pair != LOGIN:
            return JSONResponse({"error_code": "E4001", "message": "用户名或密码错误"}, 401)
        token = secrets.token_urlsafe(24)
        self._sessions[token] = time.monotonic() + SESSION_SECONDS
        answer = JSONResponse({"token": token, "expires_in": SESSION_SECONDS})
        answer.set_cookie("erp_session", token, httponly=True, samesite="strict")
        return answer

    async def _ping(self, request: Request) -> Response:
        del request
        counts = {table: self.book.count(table) for table in TABLES}
        return JSONResponse({"user": USER, "server_time": stamp(self.book.clock.now()), "counts": counts})

    async def _collection(self, request: Request) -> Response:
        table = request.path_params["table"]
        if request.method == "POST":
            row = self.book.create(table, _object(parsed(await request.body())), USER)
            self.ledger.wrote("create", table, _key(table, row))
            return JSONResponse({"data": row}, 201)
        query = dict(request.query_params)
        offset, limit = _whole(query, "offset", 0, 10**9), _whole(query, "limit", LIMIT, MOST)
        since, keys = query.pop("modified_since", None), query.pop("keys", "")
        if since is not None and not _SINCE.fullmatch(since):
            raise Wrong(400, "E4000", "modified_since的格式是 2026-01-31 16:00:00.000", "modified_since", "修改时间")
        unknown = [n for n in query if n not in SEARCHABLE or n not in TABLES[table]]
        if unknown:
            raise Wrong(400, "E4000", f"不支持的查询参数:{unknown[0]}", unknown[0], unknown[0])
        total, rows = self.book.page(
            table, offset, limit, since and since[:23], query, keys.split(",")[:MOST] if keys else ()
        )
        return JSONResponse({"total": total, "offset": offset, "limit": limit, "rows": rows})

    async def _one(self, request: Request) -> Response:
        table, name = request.path_params["table"], request.path_params["id"]
        record_id = self.book.number_of(table, name)
        if request.method == "GET":
            return JSONResponse({"data": self.book.get(table, record_id)})
        if request.method == "DELETE":
            version = request.query_params.get("version", "")
            self.book.delete(table, record_id, USER, version=int(version) if version.isdecimal() else None)
            self.ledger.wrote("delete", table, name)
            return JSONResponse({"data": None})
        given = _object(parsed(await request.body()))
        version = given.pop("version", None)
        row = self.book.update(table, record_id, given, USER, version=version)
        self.ledger.wrote("update", table, _key(table, row))
        return JSONResponse({"data": row})

    async def _action(self, request: Request) -> Response:
        table, name, action = (request.path_params[n] for n in ("table", "id", "action"))
        if table != "sales_orders":
            raise Wrong(404, "E4005", f"没有操作:{action}")
        body = await request.body()
        row = self.book.step(
            self.book.number_of(table, name), action, USER, args=_object(parsed(body)) if body.strip() else {}
        )
        self.ledger.wrote(action, table, _key(table, row))
        return JSONResponse({"data": row})

    # ------------------------------------------------------------------ hooks

    async def _subscriptions(self, request: Request) -> Response:
        if request.method == "GET":
            return JSONResponse({"rows": [{"url": url} for url, _ in self.book.hooks()]})
        given = _object(parsed(await request.body()))
        url, secret = str(given.get("url", "")), str(given.get("secret", ""))
        if not is_loopback(url):
            raise Wrong(422, "E1009", "沙盒只向 http://127.0.0.1 推送", "url", "地址")
        if request.method == "DELETE":
            self.book.subscribe(url, None)
            return JSONResponse({"data": None})
        if len(secret) < 8:
            raise Wrong(422, "E1002", "密钥至少8个字符", "secret", "密钥")
        self.book.subscribe(url, secret)
        return JSONResponse({"data": {"url": url}}, 201)

    def _announce(self, event: Event) -> None:
        told = {"event": event.kind, "table": event.table, "id": event.id, "key": event.key, "time": event.at}
        body = json.dumps(told, ensure_ascii=False).encode()
        for url, secret in self.book.hooks():
            self.postman.send(Parcel(url, body, partial(_sign, secret)))


def _sign(secret: str, body: bytes) -> Mapping[str, str]:
    return {"X-Erp-Sign": signature(secret, body)}


def signature(secret: str, body: bytes) -> str:
    """ "sha256=" and the hex HMAC-SHA256 of the body."""
    return "sha256=" + hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


async def _describe(request: Request) -> Response:
    """What this API can do, with the fields' Chinese labels."""
    del request
    tables = {
        table: {"title": TITLES[table], "key": KEY.get(table, "code"), "fields": _told(cols)}
        for table, cols in TABLES.items()
    }
    for table, cols in LINES.items():
        tables[table]["lines"] = _told(cols)
    paths = {
        "POST /api/erp/session": "user, password -> token (send as X-Session-Token or as cookie); or send X-Api-Key",
        "GET /api/erp/{table}": f"offset, limit (<= {MOST}), modified_since, keys, {', '.join(SEARCHABLE)}",
        "POST /api/erp/{table}": "新增; 编码唯一 409, 数据错误 422",
        "GET|PUT|DELETE /api/erp/{table}/{编码或单号}": "PUT 只改所给字段, 明细整体替换; version 为乐观锁",
        "POST /api/erp/sales_orders/{id}/actions/{action}": {k: [STEP_LABEL[k], *v] for k, v in LEGAL.items()},
        "GET|POST|DELETE /api/erp/subscriptions": "url, secret",
    }
    return JSONResponse({"title": "沙盒 ERP Sandbox ERP", "paths": paths, "states": STATE_LABEL, "tables": tables})


def _key(table: str, row: Mapping[str, Any]) -> str:
    return str(row[KEY.get(table, "code")])


def _told(cols: Mapping[str, Any]) -> dict[str, Any]:
    return {name: {k: v for k, v in col._asdict().items() if v not in ("", ())} for name, col in cols.items()}


def _object(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise Wrong(400, "E4000", "请求体必须是JSON对象")
    return given


def _whole(query: dict[str, str], name: str, default: int, most: int) -> int:
    text = query.pop(name, str(default))
    if not text.isdecimal() or int(text) > most or (name == "limit" and int(text) < 1):
        raise Wrong(400, "E4000", f"{name}必须是不超过{most}的整数", name, name)
    return int(text)


class Erp:
    """The whole sandbox: book, API, pages, control. `app` is what a server serves."""

    def __init__(self, book: ErpBook, *, calls_per_second: float = 0.0, api_key: str = API_KEY) -> None:
        self.book, self.ledger, self.faults, self.postman = book, Ledger(), list[Fault](), Postman()
        self.rate = Rate(calls_per_second)
        pages = Pages(("沙盒 ERP", "Sandbox ERP"), "erp", TABS, ErpSource(book))
        routes = [
            *ErpApi(book, self.ledger, self.postman, self.rate, api_key).routes(),
            *control(book, self.ledger, self.faults, self._settings, Wrong),
            *pages.routes(),
        ]
        self.app: ASGIApp = Frame(Starlette(routes=routes), self.ledger, self.faults)

    def _settings(self, given: Mapping[str, Any]) -> None:
        if "search_lag" in given:
            self.book.search_lag = float(given["search_lag"])
        if "calls_per_second" in given:
            self.rate.per_second = float(given["calls_per_second"])

    def close(self) -> None:
        """Stop the webhooks and close the file."""
        self.postman.stop()
        self.book.close()
