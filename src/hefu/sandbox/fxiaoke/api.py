"""The open platform's calls: two ways to sign in, HTTP 200 whatever happens, one record at a time."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hefu.sandbox.frame import Fault, Ledger, parsed, struck
from hefu.sandbox.fxiaoke.book import STAFF, Book, Hand
from hefu.sandbox.fxiaoke.find import understood
from hefu.sandbox.fxiaoke.schema import DUPLICATE, INVALID, LOCKED, OBJECTS, Object, Refused

APP_ID, APP_SECRET, PERMANENT = "FSAID_sandbox", "sandbox-fxiaoke-secret", "sandbox-fxiaoke-permanent"
CORP, EA = "FSCID_SANDBOX", "sandbox"
EXPIRED, NO_AUTH, BAD_SECRET, QUOTA, TOO_OFTEN = 20016, 20017, 10006, 30002, 30004
LIFE, RENEWED = 7200, 6600
CALLS, WINDOW = 100, timedelta(seconds=20)
TOKENS = 10

Given = dict[str, Any]


class Api:
    """The calls over one book. `limits`: the real ones; `quota`: calls left today, None for no end."""

    def __init__(self, book: Book, ledger: Ledger, faults: list[Fault]) -> None:
        self.book, self.ledger, self.faults = book, ledger, faults
        self.limits = True
        self.quota: int | None = None
        self._token, self._born = "", book.clock.now()
        self._lately: dict[str, deque[datetime]] = {}
        self.verbs: dict[str, Callable[[Object, Given, Given, str], Mapping[str, Any]]] = {
            "create": self._create,
            "get": self._get,
            "query": self._query,
            "findOne": self._find_one,
            "findSimple": self._query,
            "update": self._update,
            "changeOwner": self._change_owner,
            "invalid": self._invalid,
            "recover": self._recover,
            "delete": self._delete,
            "lock": self._lock,
        }

    def routes(self) -> list[Route]:
        """Tokens, people, metadata and data."""
        return [
            Route("/oauth2.0/token", self._wrapped(self._bearer), methods=["POST"]),
            Route("/cgi/corpAccessToken/get/V2", self._wrapped(self._corp), methods=["POST"]),
            Route("/cgi/user/getByMobile", self._wrapped(self._by_mobile), methods=["POST"]),
            Route("/cgi/crm/v2/object/list", self._wrapped(self._objects), methods=["POST"]),
            Route("/cgi/crm/v2/object/describe", self._wrapped(self._describe), methods=["POST"]),
            Route("/cgi/crm/v2/data/{verb}", self._wrapped(self._data), methods=["POST"]),
            Route("/cgi/crm/custom/v2/data/{verb}", self._wrapped(self._data), methods=["POST"]),
        ]

    def _wrapped(self, do: Callable[[Request, Given], Mapping[str, Any]]) -> Callable[[Request], Any]:
        async def serve(request: Request) -> Response:
            trace = request.query_params.get("thirdTraceId") or secrets.token_hex(8)
            envelope: dict[str, Any] = {"errorCode": 0, "errorMessage": "OK", "errorDescription": "成功"}
            try:
                given = parsed(await request.body())
                if not isinstance(given, dict):
                    raise Refused(INVALID, "参数错误: 应为 JSON 对象")
                told = do(request, given)
                return JSONResponse(envelope | {"traceId": trace} | dict(told))
            except Refused as refused:
                code, message = refused.code, refused.message
            except ValueError as problem:
                code, message = INVALID, f"参数错误: {problem}"
            told = {"errorCode": code, "errorMessage": message, "errorDescription": message, "traceId": trace}
            return JSONResponse(told)

        return serve

    # ------------------------------------------------------------------ signing in

    def _bearer(self, request: Request, given: Given) -> Mapping[str, Any]:
        del request
        if given.get("grantType") != "app_secret":
            raise Refused(NO_AUTH, "grantType 不合法")
        return {"data": {"accessToken": self._issued(given), "ea": EA, "expiresIn": LIFE}} | {
            "accessToken": self._token,
            "ea": EA,
            "expiresIn": LIFE,
        }

    def _corp(self, request: Request, given: Given) -> Mapping[str, Any]:
        del request
        return {"corpAccessToken": self._issued(given), "corpId": CORP, "expiresIn": LIFE}

    def _issued(self, given: Given) -> str:
        """The same token while it is young; a new one beside which the old one is worth nothing."""
        self._slowly("token", TOKENS, timedelta(minutes=1))
        if (given.get("appId"), given.get("appSecret"), given.get("permanentCode")) != (APP_ID, APP_SECRET, PERMANENT):
            raise Refused(BAD_SECRET, "appId、appSecret 或 permanentCode 不正确")
        now = self.book.clock.now()
        if not self._token or (now - self._born).total_seconds() > RENEWED:
            self._token, self._born = secrets.token_hex(24), now
        return self._token

    def _by_mobile(self, request: Request, given: Given) -> Mapping[str, Any]:
        self._alive(str(given.get("corpAccessToken", "")), request.url.path)
        found = [i for i, (_, mobile) in STAFF.items() if mobile == given.get("mobile")]
        return {"empList": [{"openUserId": f"FSUID_{i}", "name": STAFF[i][0], "mobile": STAFF[i][1]} for i in found]}

    def _alive(self, token: str, path: str) -> None:
        if struck(self.faults, "expired", path):
            self._token = ""
        age = (self.book.clock.now() - self._born).total_seconds() if self._token else LIFE
        if not token or token != self._token or age >= LIFE:
            raise Refused(EXPIRED, "accessToken 不存在或者已经过期")

    def _user(self, request: Request, given: Given) -> str:
        """Who acts: by headers, or by what lies in the body."""
        header = request.headers.get("authorization", "")
        if header:
            token, firm = header.removeprefix("Bearer "), request.headers.get("x-fs-ea") == EA
            user = request.headers.get("x-fs-userid", "")
        else:
            token, firm = str(given.get("corpAccessToken", "")), given.get("corpId") == CORP
            user = str(given.get("currentOpenUserId", "")).removeprefix("FSUID_")
        if not token or not firm or not user:
            raise Refused(NO_AUTH, "缺少鉴权参数")
        self._alive(token, request.url.path)
        if user not in STAFF:
            raise Refused(NO_AUTH, "操作人不存在")
        return user

    def _slowly(self, name: str, most: int, window: timedelta) -> None:
        if not self.limits:
            return
        now, lately = self.book.clock.now(), self._lately.setdefault(name, deque())
        while lately and now - lately[0] >= window:
            lately.popleft()
        if len(lately) >= most:
            raise Refused(TOO_OFTEN, "调用过于频繁，请稍后再试")
        lately.append(now)

    def _let_in(self, request: Request, given: Given) -> str:
        user, path = self._user(request, given), request.url.path
        if struck(self.faults, "throttle", path):
            raise Refused(TOO_OFTEN, "调用过于频繁，请稍后再试")
        if struck(self.faults, "quota", path) or self.quota == 0:
            raise Refused(QUOTA, "今日调用次数已用完")
        self._slowly(path, CALLS, WINDOW)
        if self.quota is not None:
            self.quota -= 1
        return user

    # ------------------------------------------------------------------- metadata

    def _objects(self, request: Request, given: Given) -> Mapping[str, Any]:
        self._let_in(request, given)
        found = [
            {
                "describeApiName": o.name,
                "describeDisplayName": o.label,
                "defineType": "custom" if o.custom else "package",
                "isActive": True,
            }
            for o in OBJECTS.values()
            if (o.name, "") not in self.book.off
        ]
        return {"data": {"objects": found}}

    def _describe(self, request: Request, given: Given) -> Mapping[str, Any]:
        self._let_in(request, given)
        obj = self.book.object(str(given.get("apiName", "")))
        fields = {f.name: f.told() for f in obj.fields}
        return {"data": {"describe": {"api_name": obj.name, "label": obj.label, "fields": fields}}}

    # ----------------------------------------------------------------------- data

    def _data(self, request: Request, given: Given) -> Mapping[str, Any]:
        user, path = self._let_in(request, given), request.url.path
        verb = self.verbs.get(request.path_params["verb"])
        data = given.get("data")
        if verb is None or not isinstance(data, dict):
            raise Refused(INVALID, "参数错误: 接口或 data 不合法")
        inside = data.get("object_data")
        name = str((inside if isinstance(inside, dict) else data).get("dataObjectApiName", ""))
        obj = self.book.object(name)
        if obj.custom is not ("/custom/" in path):
            raise Refused(INVALID, f"参数错误: 对象 {name} 不能使用该接口")
        self._trouble(path, request.path_params["verb"])
        return verb(obj, data, given, user)

    def _trouble(self, path: str, verb: str) -> None:
        if verb in ("create", "update", "invalid", "delete", "changeOwner"):
            if struck(self.faults, "duplicate", path):
                raise Refused(DUPLICATE, "数据重复: 与已有数据查重冲突")
            if struck(self.faults, "locked", path):
                raise Refused(LOCKED, "数据已锁定，不能编辑")
            if struck(self.faults, "reviewed", path):
                raise Refused(LOCKED, "数据正在审批中，不能编辑")

    def _wrote(self, operation: str, obj: Object, data_id: str) -> None:
        self.ledger.wrote(operation, obj.name, data_id)

    def _create(self, obj: Object, data: Given, given: Given, user: str) -> Mapping[str, Any]:
        details = data.get("details")
        if details is not None and not isinstance(details, dict):
            raise Refused(INVALID, "参数错误: details 不合法")
        data_id = self.book.create(obj, _inside(data), _hand(given, user), details)
        self._wrote("create", obj, data_id)
        return {"dataId": data_id}

    def _get(self, obj: Object, data: Given, given: Given, user: str) -> Mapping[str, Any]:
        del given
        kept = self.book.get(obj, str(data.get("objectDataId", "")), user)
        return {"data": self.book.named(obj, self.book.row(obj, kept))}

    def _query(self, obj: Object, data: Given, given: Given, user: str) -> Mapping[str, Any]:
        del given
        search = understood(obj, data.get("search_query_info"))
        counted = bool(data.get("find_explicit_total_num", True))
        total, found = self.book.find(obj, search, user, counted=counted)
        rows = [self.book.named(obj, self.book.row(obj, kept, search.columns)) for kept in found]
        told: dict[str, Any] = {"dataList": rows, "offset": search.offset, "limit": search.limit}
        told["total"] = total if counted else 0
        return {"data": told}

    def _find_one(self, obj: Object, data: Given, given: Given, user: str) -> Mapping[str, Any]:
        found = self._query(obj, data, given, user)["data"]["dataList"]
        return {"data": {"objectData": found[0] if found else None}}

    def _update(self, obj: Object, data: Given, given: Given, user: str) -> Mapping[str, Any]:
        values = _inside(data)
        data_id = self.book.update(obj, str(values.get("_id", "")), values, _hand(given, user))
        self._wrote("update", obj, data_id)
        return {}

    def _change_owner(self, obj: Object, data: Given, given: Given, user: str) -> Mapping[str, Any]:
        for each in data.get("Data") or []:
            owner = [str(i).removeprefix("FSUID_") for i in each.get("ownerId") or []]
            if not owner or any(i not in STAFF for i in owner):
                raise Refused(INVALID, "参数错误: ownerId 不存在")
            data_id = self.book.mark(obj, str(each.get("objectDataId", "")), {"owner": owner}, _hand(given, user))
            self._wrote("update", obj, data_id)
        return {}

    def _invalid(self, obj: Object, data: Given, given: Given, user: str) -> Mapping[str, Any]:
        data_id = self.book.invalidate(obj, str(data.get("object_data_id", "")), _hand(given, user))
        self._wrote("invalid", obj, data_id)
        return {}

    def _recover(self, obj: Object, data: Given, given: Given, user: str) -> Mapping[str, Any]:
        ids = data.get("idList") or [data.get("object_data_id", "")]
        for data_id in ids:
            self.book.mark(obj, str(data_id), {"life_status": "normal"}, _hand(given, user))
            self._wrote("recover", obj, str(data_id))
        return {}

    def _delete(self, obj: Object, data: Given, given: Given, user: str) -> Mapping[str, Any]:
        ids = data.get("idList")
        if not isinstance(ids, list) or not ids:
            raise Refused(INVALID, "参数错误: idList 不能为空")
        for data_id in ids:
            self.book.delete(obj, str(data_id), _hand(given, user))
            self._wrote("delete", obj, str(data_id))
        return {}

    def _lock(self, obj: Object, data: Given, given: Given, user: str) -> Mapping[str, Any]:
        for data_id in data.get("dataIds") or [data.get("objectDataId", "")]:
            self.book.mark(obj, str(data_id), {"lock_status": "1"}, _hand(given, user))
            self._wrote("lock", obj, str(data_id))
        return {}


def _inside(data: Given) -> Given:
    inside = data.get("object_data")
    if not isinstance(inside, dict):
        raise Refused(INVALID, "参数错误: object_data 不能为空")
    return inside


def _hand(given: Given, user: str) -> Hand:
    return Hand(user, approval=bool(given.get("triggerApprovalFlow", True)))
