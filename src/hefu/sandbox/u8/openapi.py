"""The relay in the cloud that the imitated U8 hangs on: tokens, one trade id per write, results that come later."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from hefu.sandbox.frame import Fault, Ledger, parsed, struck
from hefu.sandbox.shelf import Doc
from hefu.sandbox.u8.book import KINDS, Book, Wrong

FROM, TO, APP_KEY, SEQUENCE = "hubaccount", "u8account", "u8sandbox", "1"
APP_SECRET = "u8sandboxsecret"  # noqa: S105 - opens nothing but a sandbox
AUTHOR = "开放平台"
LIFE = 7200
_RESPELLED = {"custcode": "customer", "phone": "telephone"}


class Relay:
    """The OpenAPI over one book. polls: how often a late result is asked for in vain."""

    def __init__(self, book: Book, ledger: Ledger, faults: list[Fault]) -> None:
        self.book, self.ledger, self.faults = book, ledger, faults
        self.polls = 2
        self._tokens: dict[str, float] = {}
        self._trades: dict[str, Doc | None] = {}
        self._results: dict[str, tuple[int, Doc]] = {}

    async def token(self, request: Request) -> Response:
        """GET /system/token."""
        words = request.query_params
        if (words.get("from_account"), words.get("app_key"), words.get("app_secret")) != (FROM, APP_KEY, APP_SECRET):
            return _bad("20002", "app_key或app_secret不正确")
        made = secrets.token_hex(16)
        self._tokens[made] = self.book.clock.now().timestamp() + LIFE
        return _good({"token": {"id": made, "appKey": APP_KEY, "expiresIn": LIFE}})

    async def trade(self, request: Request) -> Response:
        """GET /system/tradeid."""
        refused = self._refused(request, to=False)
        if refused is not None:
            return refused
        made = secrets.token_hex(8)
        self._trades[made] = None
        return _good({"trade": {"id": made}})

    async def sources(self, request: Request) -> Response:
        """GET /system/datasource/batch_get: the account sets."""
        refused = self._refused(request, to=False)
        found = {"ds_sequence": SEQUENCE, "name": "示例账套 001", "account": "001"}
        return refused or _good({"row_count": "1", "page_count": "1", "datasource": [found]})

    async def result(self, request: Request) -> Response:
        """What became of a write that was not waited for."""
        key = request.query_params.get("requestid", "")
        if key not in self._results:
            return _bad("30001", "请求不存在")
        polls, answer = self._results[key]
        if polls > 0:
            self._results[key] = (polls - 1, answer)
            return _bad("30002", "处理中，请稍后查询", tradeid=answer.get("tradeid", ""))
        return JSONResponse(answer)

    async def call(self, request: Request) -> Response:
        """/api/{entity}/{verb}."""
        refused = self._refused(request, to=True)
        if refused is not None:
            return refused
        name, verb = request.path_params["entity"], request.path_params["verb"]
        entity = name.removesuffix("list") if name.removesuffix("list") in KINDS else name
        if entity not in KINDS:
            return _bad("40400", f"接口{name}不存在")
        try:
            if verb in ("get", "batch_get"):
                return self._read(request, entity, name, verb)
            return await self._write(request, entity, verb)
        except Wrong as wrong:
            return _bad("50001", str(wrong))

    # ---------------------------------------------------------------- the inside

    def _refused(self, request: Request, *, to: bool) -> Response | None:
        words = request.query_params
        token = words.get("token", "")
        if struck(self.faults, "expire", request.url.path):
            self._tokens.pop(token, None)
        if self._tokens.get(token, 0.0) < self.book.clock.now().timestamp():
            return _bad("20001", "token已过期或不正确")
        if struck(self.faults, "offline", request.url.path):
            return _bad("90001", "U8服务器不在线，请求超时")
        if struck(self.faults, "denied", request.url.path):
            return _bad("20003", "应用未授权调用该接口")
        if struck(self.faults, "throttle", request.url.path):
            return _bad("20010", "调用频率超过限制")
        if (
            words.get("from_account") != FROM
            or words.get("app_key") != APP_KEY
            or (to and words.get("to_account") != TO)
        ):
            return _bad("20003", "账号不正确或未授权")
        if to and words.get("ds_sequence", SEQUENCE) != SEQUENCE:
            return _bad("20004", "数据源不存在")
        return None

    def _read(self, request: Request, entity: str, name: str, verb: str) -> Response:
        words = request.query_params
        if verb == "get":
            return _good({entity: self._shown(self.book.get(entity, words.get("id", "")))})
        rows = [doc for doc in self.book.all(entity) if _fits(entity, doc, words)]
        try:
            index, size = (
                int(words.get(key, default)) for key, default in (("page_index", "1"), ("rows_per_page", "20"))
            )
        except ValueError:
            raise Wrong("page_index、rows_per_page必须是整数") from None
        if index < 1 or not 0 < size <= 8000:
            raise Wrong("page_index、rows_per_page超出范围")
        part = [self._shown(doc) for doc in rows[(index - 1) * size : index * size]]
        if name.endswith("list"):
            part = [{key: value for key, value in doc.items() if key != "entry"} for doc in part]
        paging = {
            "page_index": index,
            "rows_per_page": size,
            "row_count": len(rows),
            "page_count": -(-len(rows) // size),
        }
        return _good({**{key: str(value) for key, value in paging.items()}, name: part})

    def _shown(self, doc: Mapping[str, Any]) -> Doc:
        """A record as the relay sends it: every value is a text."""
        spelt = _RESPELLED if any(f.kind == "renamed" for f in self.faults) else {}
        return {spelt.get(key, key): value for key, value in doc.items() if not key.startswith("_")}

    async def _write(self, request: Request, entity: str, verb: str) -> Response:
        words = request.query_params
        trade, own = words.get("tradeid", ""), words.get("biz_id", "")
        if request.method != "POST":
            raise Wrong("请求方式不正确")
        if bool(trade) == bool(own):
            raise Wrong("tradeid与biz_id必须且只能提供一个")
        if trade and trade not in self._trades:
            raise Wrong("tradeid不正确")
        key = trade or f"{entity}/{verb}/{own}"
        done = self._trades.get(key)
        if done is None:
            try:
                given = parsed(await request.body())
            except ValueError:
                raise Wrong("请求内容不是有效的JSON") from None
            body = given.get(entity) if isinstance(given, dict) else None
            if not isinstance(body, Mapping):
                raise Wrong(f"缺少{entity}")
            done = {"errcode": "0", "errmsg": "", "id": self._do(entity, verb, body), "tradeid": trade}
            self._trades[key] = done
        if words.get("sync", "1") == "1":
            return JSONResponse(done)
        made = secrets.token_hex(8)
        self._results[made] = (self.polls, done)
        url = f"{request.url.scheme}://{request.url.netloc}/result?requestid={made}"
        return _good({"tradeid": trade, "url": url})

    def _do(self, entity: str, verb: str, body: Mapping[str, Any]) -> str:
        if struck(self.faults, "locked"):
            raise Wrong(f"{KINDS[entity].title}已审核，不允许此操作")
        code = body.get(KINDS[entity].key)
        if verb == "add":
            made = self.book.add(entity, body, AUTHOR, "api")
        elif verb == "edit":
            made = self.book.edit(entity, body, AUTHOR, "api")
        elif verb in ("verify", "unverify", "open", "close") and KINDS[entity].bill:
            self.book.step(entity, code, verb, AUTHOR, "api")
            made = str(code)
        else:
            raise Wrong(f"{KINDS[entity].title}没有接口{verb}")
        self.ledger.wrote(verb, entity, made)
        return made


def _fits(entity: str, doc: Mapping[str, Any], words: Mapping[str, str]) -> bool:
    key = KINDS[entity].key
    day = str(doc.get("date") or doc.get("vouchdate") or "")[:10]
    tests = (
        ("code_begin", lambda v: str(doc[key]) >= v),
        ("code_end", lambda v: str(doc[key]) <= v),
        ("code", lambda v: str(doc[key]) == v),
        ("name", lambda v: v in str(doc.get("name", ""))),
        ("date_begin", lambda v: day >= v),
        ("date_end", lambda v: day <= v),
        ("state", lambda v: doc.get("state") == v),
    )
    return all(test(words[name]) for name, test in tests if words.get(name))


def _good(more: Mapping[str, Any]) -> Response:
    return JSONResponse({"errcode": "0", "errmsg": "", **more})


def _bad(code: str, words: str, **more: Any) -> Response:
    return JSONResponse({"errcode": code, "errmsg": words, **more})
