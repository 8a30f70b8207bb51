"""A shop's JSON API with the manners of many: ways of paging, of logging in, faults on demand, a clock of its own."""

from __future__ import annotations

import base64
import copy
import hashlib
import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs, unquote

from hefu.sim.conformance import Clock

Reply = tuple[int, dict[str, str], Any]


class Door:
    """What the server serves: a shop that each test may exchange."""

    shop: Shop

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.shop(scope, receive, send)


class Refusal(Exception):
    """An error answer."""

    def __init__(self, status: int, code: str, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.status, self.body = status, {"error": {"code": code, "message": message, "field": field}}


class Shop:
    """State and rules. `customers`: id -> record as the API shows it. Time passes only with `clock`."""

    def __init__(self, clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.customers: dict[str, dict[str, Any]] = {}
        self.deleted: dict[str, datetime] = {}
        self.number = 0
        self.calls: list[tuple[str, str, dict[str, str]]] = []
        self.fault: str | None = None
        self.locked_out = False
        self.auth = "bearer"
        self.sessions: set[str] = set()
        self.logins = 0
        self.cap = 1000
        self.show_total = True
        self.soft = False
        self.before: Callable[[str, str], None] = lambda method, path: None
        self.override: Callable[[str, str, bytes], Reply | None] = lambda method, path, body: None
        self.lock = threading.RLock()

    # ------------------------------------------------------------------ hands of a person

    def stamp(self) -> str:
        return self.clock.now().replace(microsecond=0).astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")

    def add(self, values: dict[str, Any], at: str | None = None) -> dict[str, Any]:
        with self.lock:
            self.number += 1
            record = {"id": self.number, "version": 1, "state": "draft", **copy.deepcopy(values)}
            record["updated_at"] = at or self.stamp()
            for n, line in enumerate(record.get("lines") or [], 1):
                line.setdefault("line", f"{self.number}-{n}")
            self.customers[str(self.number)] = record
            return record

    def change(self, record_id: str, values: dict[str, Any]) -> dict[str, Any]:
        with self.lock:
            record = self.customers[record_id]
            _merge(record, values)
            record["version"] += 1
            record["updated_at"] = self.stamp()
            return record

    def drop(self, record_id: str) -> None:
        with self.lock:
            if self.soft:
                self.change(record_id, {"is_deleted": True})
            else:
                del self.customers[record_id]
                self.deleted[record_id] = self.clock.now()

    # ------------------------------------------------------------------ the API

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        body = b""
        while True:
            message = await receive()
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        method, path = scope["method"], unquote(scope["path"])
        query = {n: v[0] for n, v in parse_qs(scope["query_string"].decode(), keep_blank_values=True).items()}
        headers = {n.decode().lower(): v.decode("latin-1") for n, v in scope["headers"]}
        status, more, out = self.answer(method, path, query, headers, body)
        raw = out if isinstance(out, bytes) else b"" if out is None else json.dumps(out, ensure_ascii=False).encode()
        more = {"content-type": "application/json", "date": format_datetime(self.clock.now(), usegmt=True), **more}
        length = more.pop("x-length", str(len(raw)))
        pairs = [(n.encode(), part.encode()) for n, v in more.items() for part in v.split("\n")]
        if "x-hang" in more:
            await receive()  # until the client leaves
            return
        pairs.append((b"content-length", length.encode()))
        await send({"type": "http.response.start", "status": status, "headers": pairs})
        await send({"type": "http.response.body", "body": raw})

    def answer(self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: bytes) -> Reply:
        with self.lock:
            self.calls.append((method, path, query))
            self.before(method, path)
            given = self.override(method, path, body)
            if given is not None:
                return given
            if path in ("/login", "/token"):
                return self._login(path, headers, body)
            fault, self.fault = self.fault, None
            if fault in ("429", "429-after", "503", "500"):
                more = {"retry-after": "3"} if fault == "429-after" else {}
                return int(fault[:3]), more, {"error": {"message": fault}}
            if fault == "401":
                self.locked_out = True
            if fault == "expired":
                self.sessions.clear()
            if fault == "garbage":
                return 200, {}, b'{"data": [{"id": 1, "na'
            try:
                self._prove(query, headers)
                reply = self._route(method, path, query, headers, json.loads(body) if body else {})
            except Refusal as refusal:
                return refusal.status, {}, refusal.body
            if fault == "timeout":
                return 200, {"x-hang": "1"}, None
            if fault == "cut":
                return reply[0], {"x-length": "9999"}, reply[2]
            return reply

    def _login(self, path: str, headers: dict[str, str], body: bytes) -> Reply:
        self.logins += 1
        told = {n: v[0] for n, v in parse_qs(body.decode()).items()} if path == "/token" else json.loads(body)
        if path == "/token":
            right = headers.get("authorization") == _basic("hub:hush") and told["grant_type"] == "client_credentials"
            right = right or (told.get("client_id"), told.get("client_secret")) == ("hub", "hush")
        else:
            right = (told["username"], told["password"]) == ("hub", "hush")
        if not right or self.locked_out:
            return 401, {}, {"error": "invalid_client"}
        session = hashlib.sha256(str(self.logins).encode()).hexdigest()[:16]
        self.sessions.add(session)
        if path == "/token":
            return 200, {}, {"access_token": session, "token_type": "bearer", "expires_in": 3600}
        return 200, {"set-cookie": f"sid={session}; HttpOnly; Path=/\nlang=zh"}, {"data": {"token": session}}

    def _prove(self, query: dict[str, str], headers: dict[str, str]) -> None:
        said = headers.get("authorization", "")
        good = {
            "none": lambda: True,
            "bearer": lambda: said == "Bearer hush",
            "basic": lambda: said == _basic("hub:hush"),
            "key": lambda: "hush" in (headers.get("x-api-key"), query.get("api_key")),
            "cookie": lambda: any(f"sid={s}; lang=zh" == headers.get("cookie") for s in self.sessions),
            "session": lambda: said.removeprefix("Bearer ") in self.sessions,
        }[self.auth]()
        if self.locked_out or not good:
            raise Refusal(401, "AUTH", "who are you?")

    def _route(self, method: str, path: str, query: dict[str, str], headers: dict[str, str], body: Any) -> Reply:
        parts = path.strip("/").split("/")
        if parts == ["customers"] and method == "GET":
            return self._list(query)
        if parts == ["customers"]:
            return self._create(body)
        if parts == ["customers", "search"]:
            return self._list({n: str(v) for n, v in _flat(body).items()})
        if parts == ["customers", "bulk"]:
            return self._bulk(body)
        if parts == ["nothing"]:
            return 200, {}, {"data": [], "meta": {"total": 0}}
        if parts == ["deleted"]:
            since = datetime.fromisoformat(query["since"].replace("Z", "+00:00"))
            gone, start = [i for i, at in self.deleted.items() if at >= since], int(query.get("offset", 0))
            end = start + int(query.get("limit", 1000))
            return 200, {}, {"ids": gone[start:end], "total": len(gone)}
        if parts[0] == "customers" and parts[1] in self.customers and not self._hidden(parts[1]):
            return self._one(method, parts[1], parts[2:], headers, body)
        raise Refusal(404, "NOT_FOUND", f"no {path}")

    def _hidden(self, record_id: str) -> bool:
        return False

    # ------------------------------------------------------------------ lists

    def _list(self, query: dict[str, str]) -> Reply:
        rows = list(self.customers.values())
        if query.get("updated_since"):
            rows = [r for r in rows if _stamp(r["updated_at"]) >= _stamp(query["updated_since"])]
        if query.get("sort") == "updated_at":
            rows.sort(key=lambda r: (r["updated_at"], r["id"]))
        for name in ("code", "token"):
            if name in query:
                rows = [r for r in rows if r.get(name) == query[name]]
        size = min(int(query.get("limit", query.get("per_page", 20))), self.cap)
        start = int(query.get("offset", 0))
        if "page" in query:
            start = (int(query["page"]) - 1) * size
        if query.get("cursor"):
            start = int(base64.b64decode(query["cursor"]))
        if "after" in query:
            rows = [r for r in rows if r["id"] > int(query["after"] or 0)]
        part, more = copy.deepcopy(rows[start : start + size]), start + size < len(rows)
        meta: dict[str, Any] = {"more": more, "next": None}
        headers = {}
        if more:
            meta["next"] = base64.b64encode(str(start + size).encode()).decode()
            keep = "&".join(f"{n}={v}" for n, v in query.items() if n != "cursor")
            headers["link"] = f'</customers?{keep}&cursor={meta["next"]}>; rel="next", </customers>; rel="first"'
        if self.show_total:
            meta["total"] = len(rows)
            headers["x-total-count"] = str(len(rows))
        return 200, headers, {"data": part, "meta": meta}

    # ------------------------------------------------------------------ writing

    def _valid(self, values: dict[str, Any], record_id: str | None) -> None:
        if record_id is None and not values.get("code"):
            raise Refusal(422, "REQUIRED", "code is required", "code")
        if "code" in values and not values["code"]:
            raise Refusal(422, "REQUIRED", "code is required", "code")
        others = (r for i, r in self.customers.items() if i != record_id)
        if values.get("code") and any(r.get("code") == values["code"] for r in others):
            raise Refusal(409, "DUPLICATE", f"code {values['code']} exists", "code")

    def _create(self, body: Any) -> Reply:
        values = body.get("customer", body)
        self._valid(values, None)
        record = self.add(values)
        return 201, {"etag": f'"{record["version"]}"'}, {"data": copy.deepcopy(record)}

    def _bulk(self, body: Any) -> Reply:
        results = []
        for n, values in enumerate(body["items"]):
            try:
                if "id" in values:
                    if str(values["id"]) not in self.customers:
                        raise Refusal(404, "NOT_FOUND", "gone")
                    self._valid(values, str(values["id"]))
                    record = self.change(str(values["id"]), {k: v for k, v in values.items() if k != "id"})
                else:
                    self._valid(values, None)
                    record = self.add(values)
                results.append({"index": n, "record": copy.deepcopy(record)})
            except Refusal as refusal:
                results.append({"index": n, **refusal.body})
        return 207, {}, {"results": results[::-1]}

    def _one(self, method: str, record_id: str, rest: list[str], headers: dict[str, str], body: Any) -> Reply:
        record = self.customers[record_id]
        if method == "GET":
            return 200, {"etag": f'"{record["version"]}"'}, {"data": copy.deepcopy(record)}
        if rest:
            return self._step(record_id, rest[0])
        match = headers.get("if-match")
        if match is not None and match not in (f'"{record["version"]}"', str(record["version"])):
            raise Refusal(412, "STALE", f"version is {record['version']}")
        if method == "DELETE":
            self.drop(record_id)
            return 204, {}, None
        values = body.get("customer", body)
        self._valid(values, record_id)
        if method == "PUT":
            missing = {"code", "name"} - set(values)
            if missing:
                raise Refusal(422, "REQUIRED", "a PUT needs everything", min(missing))
            kept = {n: record[n] for n in ("id", "version", "state")}
            record.clear()
            record |= kept
        return 200, {}, {"data": copy.deepcopy(self.change(record_id, values))}

    def _step(self, record_id: str, step: str) -> Reply:
        states = {"submit": ("draft", "submitted"), "approve": ("submitted", "approved")}
        if step not in states:
            raise Refusal(404, "NO_STEP", step)
        if self.customers[record_id]["state"] != states[step][0]:
            raise Refusal(409, "STATE", f"{step} needs {states[step][0]}")
        return 200, {}, {"data": copy.deepcopy(self.change(record_id, {"state": states[step][1]}))}


def _merge(record: dict[str, Any], values: dict[str, Any]) -> None:
    for name, value in values.items():
        if isinstance(value, dict) and isinstance(record.get(name), dict):
            _merge(record[name], value)
        elif name == "lines" and isinstance(value, list):
            record[name] = [{"line": f"{record['id']}-x{n}", **line} for n, line in enumerate(value)]
        else:
            record[name] = value


def _flat(body: dict[str, Any]) -> dict[str, Any]:
    out: dict[str, Any] = {}
    for name, value in body.items():
        out |= _flat(value) if isinstance(value, dict) else {name: value}
    return out


def _stamp(text: str) -> datetime:
    if text.isdigit():
        return datetime.fromtimestamp(int(text) / 1000, UTC)
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def _basic(text: str) -> str:
    return "Basic " + base64.b64encode(text.encode()).decode()


__all__ = ["Refusal", "Shop", "timedelta"]
