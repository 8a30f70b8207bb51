"""The open platform's API, version 5: POST for everything, a key in the header, limits per endpoint and second."""

from __future__ import annotations

import hmac
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hefu.sandbox.frame import Fault, Ledger, parsed, struck
from hefu.sandbox.jiandaoyun import people
from hefu.sandbox.jiandaoyun.book import Book
from hefu.sandbox.jiandaoyun.files import Files
from hefu.sandbox.jiandaoyun.filters import understood
from hefu.sandbox.jiandaoyun.flow import Flow
from hefu.sandbox.jiandaoyun.forms import APP, SYSTEM, Form, Refused

API_KEY = "sandbox-jiandaoyun-key"
MOST = 100
PER_SECOND = 50
INVALID, NO_MEMBER, NO_DEPARTMENT, NO_APP, NO_FORM, LOCKED = 1, 1010, 1027, 2004, 3000, 9007
BAD_KEY, DENIED, TOO_OFTEN, ENDPOINT_TOO_OFTEN, TRANSACTION, TOO_MANY = 8301, 8302, 8303, 8304, 17025, 17024

Given = dict[str, Any]


class Call(NamedTuple):
    """One endpoint: how often a second, and what it does."""

    rate: int
    do: Callable[[Given], Mapping[str, Any]]


class Api:
    """The calls over one book. The switches are what the vendor's documentation leaves open, and the limits."""

    def __init__(self, book: Book, ledger: Ledger, faults: list[Fault], key: str = API_KEY) -> None:
        self.book, self.ledger, self.faults, self.key = book, ledger, faults, key
        self.files = Files(book, faults)
        self.base = ""
        self.limits = True
        self.auth_status = 401
        self.over = False
        self._lately: dict[str, deque[datetime]] = {}
        self.calls: dict[str, Call] = {
            "v5/app/list": Call(30, self._apps),
            "v5/app/entry/list": Call(30, self._entries),
            "v5/app/entry/widget/list": Call(30, self._widgets),
            "v5/app/entry/data/get": Call(30, self._get),
            "v5/app/entry/data/list": Call(30, self._list),
            "v5/app/entry/data/create": Call(20, self._create),
            "v5/app/entry/data/update": Call(20, self._update),
            "v5/app/entry/data/delete": Call(20, self._delete),
            "v5/app/entry/data/batch_create": Call(10, self._batch_create),
            "v5/app/entry/data/batch_update": Call(10, self._batch_update),
            "v5/app/entry/data/batch_delete": Call(10, self._batch_delete),
            "v5/app/entry/file/get_upload_token": Call(20, self._upload_tokens),
            "v5/corp/user/get": Call(30, self._user),
            "v5/corp/department/user/list": Call(20, self._users),
            "v6/corp/department/list": Call(20, self._departments),
            **{path: Call(rate, do) for path, (rate, do) in Flow(book, ledger).calls.items()},
        }

    def routes(self) -> list[Route]:
        """One path for all, and the addresses for files."""
        return [Route("/api/{path:path}", self._serve, methods=["POST"]), *self.files.routes()]

    async def _serve(self, request: Request) -> Response:
        try:
            self._let_in(request)
            call = self.calls.get(request.path_params["path"])
            if call is None:
                raise Refused(INVALID, f"无效的请求: 接口 {request.path_params['path']} 不存在", 404)
            self._slowly(request.path_params["path"], call.rate)
            self.base = f"{request.url.scheme}://{request.url.netloc}"
            given = _object(parsed(await request.body()))
            return JSONResponse(call.do(given))
        except Refused as refused:
            return JSONResponse({"code": refused.code, "msg": refused.message}, refused.status)
        except ValueError as problem:
            return JSONResponse({"code": INVALID, "msg": f"无效的请求: {problem}"}, 400)

    def _let_in(self, request: Request) -> None:
        path = request.url.path
        given = request.headers.get("authorization", "")
        right = hmac.compare_digest(given.encode(), f"Bearer {self.key}".encode())
        if not right or struck(self.faults, "key_disabled", path):
            raise Refused(BAD_KEY, "鉴权失败: API KEY 无效", self.auth_status)
        if struck(self.faults, "busy", path):
            raise Refused(ENDPOINT_TOO_OFTEN, "并发请求数超出限制", 429)
        if struck(self.faults, "throttle", path):
            raise Refused(TOO_OFTEN, "超出请求频率限制")
        if struck(self.faults, "denied", path):
            raise Refused(DENIED, "没有权限: 该 API KEY 未授权访问此应用")
        if struck(self.faults, "archived", path):
            raise Refused(NO_FORM, "表单不存在")
        if struck(self.faults, "locked", path):
            raise Refused(LOCKED, "数据正在被其他操作修改，请稍后重试")

    def _slowly(self, path: str, rate: int) -> None:
        """A call more than a second allows is refused, and does not count."""
        if not self.limits:
            return
        now = self.book.clock.now()
        for name, most in (("", PER_SECOND), (path, rate)):
            lately = self._lately.setdefault(name, deque())
            while lately and now - lately[0] >= timedelta(seconds=1):
                lately.popleft()
            if len(lately) >= most:
                raise Refused(ENDPOINT_TOO_OFTEN if name else TOO_OFTEN, "超出请求频率限制")
        for name in ("", path):
            self._lately[name].append(now)

    # ------------------------------------------------------------------ forms

    def _apps(self, given: Given) -> Mapping[str, Any]:
        apps = [{"app_id": APP[0], "name": APP[1]}]
        return {"apps": _part(apps, given)}

    def _entries(self, given: Given) -> Mapping[str, Any]:
        _app(given)
        forms = [
            {"app_id": APP[0], "entry_id": f.entry_id, "name": f.name} for f in self.book.forms() if not f.archived
        ]
        return {"forms": _part(forms, given)}

    def _widgets(self, given: Given) -> Mapping[str, Any]:
        form = self._form(given)
        system = [{"name": name} for name in SYSTEM if form.workflow or name != "flowState"]
        return {
            "widgets": [w.told() for w in form.widgets],
            "sysWidgets": system,
            "dataModifyTime": self.book.touched(form),
        }

    def _form(self, given: Given) -> Form:
        _app(given)
        entry_id = given.get("entry_id")
        form = next((f for f in self.book.forms() if f.entry_id == entry_id and not f.archived), None)
        if form is None:
            raise Refused(NO_FORM, "表单不存在")
        return form

    # ---------------------------------------------------------------- records

    def _get(self, given: Given) -> Mapping[str, Any]:
        form = self._form(given)
        return {"data": self.book.told(form, self.book.get(form, str(given.get("data_id", ""))))}

    def _list(self, given: Given) -> Mapping[str, Any]:
        form = self._form(given)
        limit = _whole(given, "limit", 10)
        if limit < 1 or (limit > MOST and self.over):
            raise Refused(INVALID, f"无效的请求: limit 应为 1 到 {MOST}")
        only = given.get("fields")
        if only is not None and not isinstance(only, list):
            raise Refused(INVALID, "无效的请求: fields 应为数组")
        wanted = understood(form, given.get("filter"))
        found = self.book.page(form, str(given.get("data_id") or ""), min(limit, MOST), wanted)
        return {"data": [self.book.told(form, kept, only) for kept in found]}

    def _create(self, given: Given) -> Mapping[str, Any]:
        form, who = self._form(given), _creator(given)
        self.book.world.using = _transaction(given)
        kept = self.book.create(form, _data(given.get("data")), who, flow=bool(given.get("is_start_workflow")))
        self.ledger.wrote("create", form.key, kept.id)
        return {"data": self.book.told(form, kept)}

    def _update(self, given: Given) -> Mapping[str, Any]:
        form = self._form(given)
        self.book.world.using = _transaction(given)
        kept = self.book.update(form, str(given.get("data_id", "")), _data(given.get("data")), people.CREATOR)
        self.ledger.wrote("update", form.key, kept.id)
        return {"data": self.book.told(form, kept)}

    def _delete(self, given: Given) -> Mapping[str, Any]:
        form, data_id = self._form(given), str(given.get("data_id", ""))
        self.book.delete(form, data_id, people.CREATOR)
        self.ledger.wrote("delete", form.key, data_id)
        return {"status": "success"}

    # ------------------------------------------------------- files and members

    def _upload_tokens(self, given: Given) -> Mapping[str, Any]:
        self._form(given)
        return self.files.tokens(self.base, _transaction(given))

    def _user(self, given: Given) -> Mapping[str, Any]:
        found = people.member(str(given.get("username", "")))
        if found is None:
            raise Refused(NO_MEMBER, "成员不存在")
        return {"user": found}

    def _users(self, given: Given) -> Mapping[str, Any]:
        if people.department(_whole(given, "dept_no", 0)) is None:
            raise Refused(NO_DEPARTMENT, "部门不存在")
        everybody = (people.member(name) for name in people.MEMBERS)
        return {"users": [m for m in everybody if m and given.get("dept_no") in m["departments"]]}

    def _departments(self, given: Given) -> Mapping[str, Any]:
        del given
        return {"departments": [people.department(number) for number in people.DEPARTMENTS]}

    # ---------------------------------------------------------------- batches

    def _batch_create(self, given: Given) -> Mapping[str, Any]:
        form, who, rows = self._form(given), _creator(given), [_data(each) for each in _many(given, "data_list")]
        transaction, flow = _transaction(given), bool(given.get("is_start_workflow"))
        self.book.world.using = transaction
        with self.book.shelf.change():
            known = self.book.transaction(transaction)
            ids = []
            for n, row in enumerate(self._some(rows, "batch_create")):
                if n < len(known):
                    ids.append(self.book.update(form, known[n], row, who, "batch").id)
                else:
                    ids.append(self.book.create(form, row, who, "batch", flow).id)
            if transaction:
                self.book.remember(transaction, ids)
        for data_id in ids[len(known) :]:
            self.ledger.wrote("create", form.key, data_id)
        return {"status": "success", "success_count": len(ids), "success_ids": ids}

    def _batch_update(self, given: Given) -> Mapping[str, Any]:
        form, data = self._form(given), _data(given.get("data"))
        if any((w := form.widget(key)) and w.type == "subform" for key in data):
            raise Refused(INVALID, "无效的请求: 批量修改不支持子表单字段")
        return self._each(form, given, "update", lambda i: self.book.update(form, i, data, people.CREATOR, "batch"))

    def _batch_delete(self, given: Given) -> Mapping[str, Any]:
        form = self._form(given)
        return self._each(form, given, "delete", lambda i: self.book.delete(form, i, people.CREATOR, "batch"))

    def _each(self, form: Form, given: Given, operation: str, do: Callable[[str], object]) -> Mapping[str, Any]:
        """One by one; a record that is not there is passed over, and only the count tells."""
        done = 0
        for data_id in self._some(_many(given, "data_ids"), f"batch_{operation}"):
            try:
                do(str(data_id))
            except Refused:
                continue
            self.ledger.wrote(operation, form.key, str(data_id))
            done += 1
        return {"status": "success", "success_count": done}

    def _some(self, rows: list[Any], call: str) -> list[Any]:
        """All of them, or the first half where a fault was ordered."""
        fault = struck(self.faults, "partial", f"/api/v5/app/entry/data/{call}")
        return rows[: len(rows) // 2] if fault else rows


def _object(given: object) -> Given:
    if not isinstance(given, dict):
        raise Refused(INVALID, "无效的请求: 应为 JSON 对象")
    return given


def _app(given: Given) -> None:
    if "app_id" not in given:
        raise Refused(INVALID, "无效的请求: 缺少 app_id")
    if given["app_id"] != APP[0]:
        raise Refused(NO_APP, "应用不存在")


def _data(given: object) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise Refused(INVALID, "无效的请求: data 应为对象")
    return given


def _many(given: Given, name: str) -> list[Any]:
    rows = given.get(name)
    if not isinstance(rows, list) or not rows:
        raise Refused(INVALID, f"无效的请求: {name} 应为非空数组")
    if len(rows) > MOST:
        raise Refused(TOO_MANY, f"{name} 超过单次上限 {MOST}")
    return rows


def _creator(given: Given) -> str:
    name = given.get("data_creator")
    if name is None:
        return people.CREATOR
    if people.member(str(name)) is None:
        raise Refused(NO_MEMBER, "成员不存在")
    return str(name)


def _transaction(given: Given) -> str:
    text = str(given.get("transaction_id") or "")
    if "${" in text:
        raise Refused(TRANSACTION, "transaction_id 格式不正确")
    return text


def _whole(given: Given, name: str, default: int) -> int:
    number = given.get(name, default)
    if isinstance(number, bool) or not isinstance(number, int):
        raise Refused(INVALID, f"无效的请求: {name} 应为整数")
    return number


def _part(rows: list[dict[str, Any]], given: Given) -> list[dict[str, Any]]:
    skip, limit = _whole(given, "skip", 0), _whole(given, "limit", MOST)
    return rows[skip : skip + min(limit, MOST)]
