"""The sandbox CRM's API, as a hosted CRM of our days has it: JSON in camelCase, bearer token, opaque cursors, ETags.

`GET /api/v2` describes it. Webhooks are signed `t=<unix>,v1=<hex HMAC-SHA256 of "t.body">` and sent for every change,
the integration's own included, without a mark of origin.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from hefu.sandbox.crm.book import CrmBook, Event, stamp, unstamp
from hefu.sandbox.crm.fields import OBJECTS, SEARCHABLE, SINGULAR, Refusal
from hefu.sandbox.crm.pages import TABS, CrmSource
from hefu.sandbox.frame import Fault, Frame, Ledger, control, parsed
from hefu.sandbox.hooks import Parcel, Postman, is_loopback
from hefu.sandbox.page import Pages

TOKEN = "sandbox-crm-token"  # noqa: S105 - a published token of a toy on loopback
USER = "integration@sandbox.crm"
LIMIT = 100
MOST = 200
BULK = 200
TOMBSTONES = 10_000
EVENTS = tuple(
    f"{one}.{kind}" for one in SINGULAR.values() for kind in ("created", "updated", "deleted", "restored", "merged")
)

Call = Callable[["CrmApi", Request], Awaitable[Response]]


class CrmApi:
    """The API over one book."""

    def __init__(self, book: CrmBook, ledger: Ledger, postman: Postman, token: str = TOKEN) -> None:
        self.book, self.ledger, self.postman, self.token = book, ledger, postman, token
        book.listeners.append(self._announce)

    def routes(self) -> list[Route]:
        """All paths below /api/v2."""
        base, one = "/api/v2", "/api/v2/{object}/{id}"
        return [
            Route(base, _describe),
            Route(f"{base}/me", self._guard(CrmApi._me)),
            Route(f"{base}/webhooks", self._guard(CrmApi._hooks), methods=["GET", "POST"]),
            Route(f"{base}/webhooks/{{id}}", self._guard(CrmApi._unhook), methods=["DELETE"]),
            Route(f"{base}/{{object}}", self._guard(CrmApi._collection), methods=["GET", "POST"]),
            Route(f"{base}/{{object}}/bulk", self._guard(CrmApi._bulk), methods=["POST", "PATCH"]),
            Route(f"{base}/{{object}}/deleted", self._guard(CrmApi._deleted)),
            Route(one, self._guard(CrmApi._one), methods=["GET", "PATCH", "DELETE"]),
            Route(f"{one}/{{step}}", self._guard(CrmApi._step), methods=["POST"]),
        ]

    def _guard(self, call: Call) -> Callable[[Request], Awaitable[Response]]:
        """Check the token and the object; turn refusals and unreadable bodies into the CRM's error shape."""

        async def serve(request: Request) -> Response:
            given = request.headers.get("authorization", "")
            if not hmac.compare_digest(given.encode(), f"Bearer {self.token}".encode()):
                return _error(Refusal(401, "unauthorized", "Send 'Authorization: Bearer <token>'"))
            obj = request.path_params.get("object")
            if obj is not None and obj not in OBJECTS:
                return _error(Refusal(404, "unknownObject", f"There is no object '{obj}'"))
            try:
                return await call(self, request)
            except Refusal as refusal:
                return _error(refusal, request.url.path)
            except ValueError as problem:
                return _error(Refusal(400, "badRequest", f"The body is not JSON: {problem}"))

        return serve

    async def _me(self, request: Request) -> Response:
        del request
        counts = {obj: self.book.count(obj) for obj in OBJECTS}
        return JSONResponse({"user": USER, "scopes": ["read", "write"], "serverTime": self._time(), "counts": counts})

    async def _collection(self, request: Request) -> Response:
        obj = request.path_params["object"]
        if request.method == "POST":
            doc = self.book.create(obj, _object(parsed(await request.body())), USER)
            self.ledger.wrote("create", obj, doc["id"])
            return _record(doc, 201, {"Location": f"/api/v2/{obj}/{doc['id']}"})
        query, position = request.query_params, list[Any]()
        if "ids" in query:
            bodies = self.book.by_ids(obj, query["ids"].split(",")[:MOST])
        else:
            since = unstamp(query["updatedSince"], "updatedSince") if "updatedSince" in query else None
            by = {n: t for n, t in query.items() if n in SEARCHABLE}
            _only_known(query, {*SEARCHABLE, "cursor", "limit", "updatedSince"})
            bodies, position = self.book.page(
                obj, after=_cursor(query.get("cursor")), since=since, by=by, limit=_limit(query)
            )
        paging = {"next": _opaque(position), "hasMore": bool(position), "serverTime": self._time()}
        return _raw('{"data":[' + ",".join(bodies) + '],"paging":' + json.dumps(paging) + "}")

    async def _deleted(self, request: Request) -> Response:
        query = request.query_params
        since = unstamp(query.get("deletedSince", "1970-01-01T00:00:00Z"), "deletedSince")
        found, position = self.book.deleted(
            request.path_params["object"], since, _cursor(query.get("cursor")), _limit(query, TOMBSTONES)
        )
        return JSONResponse({"data": found, "paging": {"next": _opaque(position), "hasMore": bool(position)}})

    async def _one(self, request: Request) -> Response:
        obj, record_id = request.path_params["object"], request.path_params["id"]
        if request.method == "GET":
            return _record(self.book.get(obj, record_id))
        revision = _revision(request.headers.get("if-match"))
        if request.method == "DELETE":
            self.book.delete(obj, record_id, USER, revision=revision)
            self.ledger.wrote("delete", obj, record_id)
            return Response(status_code=204)
        given = _object(parsed(await request.body()))
        doc = self.book.update(obj, record_id, given, USER, revision=revision)
        self.ledger.wrote("update", obj, record_id)
        return _record(doc)

    async def _bulk(self, request: Request) -> Response:
        """POST creates, PATCH updates (each with `id`, optionally `revision`); one result per record, in order."""
        obj = request.path_params["object"]
        records = _object(parsed(await request.body())).get("records")
        if not isinstance(records, list) or len(records) > BULK:
            raise Refusal(400, "badRequest", f"'records' wants a list of at most {BULK}", "records")
        results = [self._bulk_one(obj, request.method, each) for each in records]
        return JSONResponse({"results": results, "failed": sum(not r["ok"] for r in results)})

    def _bulk_one(self, obj: str, method: str, each: Any) -> dict[str, Any]:
        try:
            given = _object(each)
            if method == "POST":
                doc, operation = self.book.create(obj, given, USER), "create"
            else:
                record_id, revision = str(given.pop("id", "")), given.pop("revision", None)
                doc, operation = self.book.update(obj, record_id, given, USER, revision=revision), "update"
        except Refusal as refusal:
            return {"ok": False, "status": refusal.status, "error": refusal.told()}
        self.ledger.wrote(operation, obj, doc["id"])
        return {"ok": True, "status": 201 if operation == "create" else 200, "id": doc["id"], "record": doc}

    async def _step(self, request: Request) -> Response:
        obj, record_id, step = (request.path_params[n] for n in ("object", "id", "step"))
        if step == "restore":
            doc = self.book.restore(obj, record_id, USER)
        elif obj == "accounts" and step in ("merge", "unmerge"):
            loser = str(_object(parsed(await request.body())).get("loserId", ""))
            doc = (self.book.merge if step == "merge" else self.book.unmerge)(record_id, loser, USER)
        else:
            raise Refusal(404, "unknownStep", f"There is no step '{step}' on {obj}")
        self.ledger.wrote(step, obj, record_id)
        return _record(doc)

    # ------------------------------------------------------------------ hooks

    async def _hooks(self, request: Request) -> Response:
        if request.method == "GET":
            return JSONResponse({"data": [{**h, "secret": "***"} for h in self.book.hooks()]})
        given = _object(parsed(await request.body()))
        url, events = str(given.get("url", "")), given.get("events") or ["*"]
        if not is_loopback(url):
            raise Refusal(400, "badUrl", "This sandbox sends webhooks to http://127.0.0.1 only", "url")
        if not isinstance(events, list) or not set(events) <= {"*", *EVENTS}:
            raise Refusal(400, "unknownEvent", f"Events are * or {', '.join(EVENTS)}", "events")
        secret = str(given.get("secret") or "whsec_" + secrets.token_urlsafe(24))
        hook = {"id": "hook_" + secrets.token_hex(6), "url": url, "events": events, "secret": secret}
        self.book.subscribe(hook)
        return JSONResponse(hook, 201)

    async def _unhook(self, request: Request) -> Response:
        if not self.book.unsubscribe(request.path_params["id"]):
            raise Refusal(404, "notFound", "There is no such subscription")
        return Response(status_code=204)

    def _announce(self, event: Event) -> None:
        name = f"{SINGULAR[event.obj]}.{event.kind}"
        for hook in self.book.hooks():
            if "*" in hook["events"] or name in hook["events"]:
                told = {
                    "id": "evt_" + secrets.token_hex(8),
                    "type": name,
                    "createdAt": stamp(event.at),
                    "data": {"object": event.obj, "id": event.id, "record": event.record},
                }
                body = json.dumps(told, ensure_ascii=False).encode()
                self.postman.send(Parcel(hook["url"], body, partial(self._sign, hook["secret"], name)))

    def _sign(self, secret: str, name: str, body: bytes) -> Mapping[str, str]:
        at = str(int(self.book.clock.now().timestamp()))
        return {"X-Crm-Event": name, "X-Crm-Signature": f"t={at},v1={signature(secret, at, body)}"}

    def _time(self) -> str:
        return stamp(int(self.book.clock.now().timestamp()))


def signature(secret: str, at: str, body: bytes) -> str:
    """Hex HMAC-SHA256 over "<unix seconds>.<body>"."""
    return hmac.new(secret.encode(), at.encode() + b"." + body, hashlib.sha256).hexdigest()


async def _describe(request: Request) -> Response:
    """What this API can do, for people and for the curious program."""
    del request
    objects = {obj: {name: spec._asdict() for name, spec in specs.items()} for obj, specs in OBJECTS.items()}
    return JSONResponse(
        {
            "title": "Sandbox CRM API v2",
            "auth": "Authorization: Bearer <token>",
            "paths": {
                "GET /api/v2/{object}": f"query: limit (<= {MOST}), cursor, updatedSince, ids, {', '.join(SEARCHABLE)}",
                "POST /api/v2/{object}": "create; duplicates are allowed",
                "GET|PATCH|DELETE /api/v2/{object}/{id}": 'ETag and If-Match: "revision"; merged: 301, deleted: 410',
                "POST|PATCH /api/v2/{object}/bulk": f"records (<= {BULK}); one result per record",
                "GET /api/v2/{object}/deleted": f"query: deletedSince, cursor, limit (<= {TOMBSTONES})",
                "POST /api/v2/accounts/{id}/merge|unmerge": "loserId",
                "POST /api/v2/{object}/{id}/restore": "take out of the bin",
                "GET|POST /api/v2/webhooks": "url, events, secret",
            },
            "events": EVENTS,
            "objects": objects,
        }
    )


def _error(refusal: Refusal, path: str = "") -> Response:
    if refusal.status == 301 and refusal.field:
        where = path.rsplit("/", 1)[0] + "/" + refusal.field
        return JSONResponse({"mergedInto": refusal.field}, 301, {"Location": where})
    return JSONResponse({"error": refusal.told()}, refusal.status)


def _raw(text: str) -> Response:
    return Response(text.encode(), media_type="application/json")


def _record(doc: Mapping[str, Any], status: int = 200, headers: Mapping[str, str] = {}) -> Response:
    return JSONResponse(doc, status, {"ETag": f'"{doc["revision"]}"', **headers})


def _object(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise Refusal(400, "badRequest", "The body wants to be a JSON object")
    return given


def _revision(if_match: str | None) -> int | None:
    if if_match in (None, "*"):
        return None
    text = (if_match or "").removeprefix("W/").strip('"')
    if not text.isdecimal():
        raise Refusal(412, "preconditionFailed", f"If-Match wants a revision in quotes, not {if_match}")
    return int(text)


def _only_known(query: Mapping[str, str], known: set[str]) -> None:
    for name in query:
        if name not in known:
            raise Refusal(400, "unknownParameter", f"There is no parameter '{name}'", name)


def _limit(query: Mapping[str, str], most: int = MOST) -> int:
    text = query.get("limit", str(LIMIT))
    if not text.isdecimal() or not 1 <= int(text) <= most:
        raise Refusal(400, "badLimit", f"'limit' is a number from 1 to {most}", "limit")
    return int(text)


def _opaque(position: Sequence[Any]) -> str | None:
    return base64.urlsafe_b64encode(json.dumps(list(position)).encode()).decode() if position else None


def _cursor(text: str | None) -> list[Any]:
    try:
        position = json.loads(base64.urlsafe_b64decode(text)) if text else []
    except ValueError:
        raise Refusal(400, "badCursor", "This cursor was not made here", "cursor") from None
    if not isinstance(position, list):
        raise Refusal(400, "badCursor", "This cursor was not made here", "cursor")
    return position


class Crm:
    """The whole sandbox: book, API, pages, control. `app` is what a server serves."""

    def __init__(self, book: CrmBook, token: str = TOKEN) -> None:
        self.book, self.ledger, self.faults, self.postman = book, Ledger(), list[Fault](), Postman()
        pages = Pages(("沙盒 CRM", "Sandbox CRM"), "crm", TABS, CrmSource(book))
        routes = [
            *CrmApi(book, self.ledger, self.postman, token).routes(),
            *control(book, self.ledger, self.faults, lambda _: None, Refusal),
            *pages.routes(),
        ]
        self.app: ASGIApp = Frame(Starlette(routes=routes), self.ledger, self.faults)

    def close(self) -> None:
        """Stop the webhooks and close the file."""
        self.postman.stop()
        self.book.close()
