"""The door of every endpoint: who asks, whether they may, whether the request is sound, whether it was answered before.

A route that does not declare its right cannot be made: what nobody thought about is not served.
"""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

import orjson
from fastapi import APIRouter
from fastapi.dependencies.models import Dependant
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response, StreamingResponse

from hefu.core.documents import nearest
from hefu.core.errors import Denied, HubError, Unsupported
from hefu.core.resources import RIGHTS
from hefu.store import answers, journal
from hefu.web.entry import enter, same_origin
from hefu.web.front import front_of
from hefu.web.problem import invalid, problem, request_id

log = logging.getLogger("hefu.web")

PUBLIC, SIGNED_IN = "public", "signed in"
SAFE = ("GET", "HEAD", "OPTIONS")
MOST_BYTES = 2 << 20
"""A project's largest document, and then some."""

_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_KEPT_HEADERS = ("content-type", "etag", "location")

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


def needs(right: str, *, keeps: bool = True) -> dict[str, Any]:
    """What a route declares: a right of `core.resources`, or that whoever is signed in may, or everybody.

    `keeps`: False for answers that hold a secret, which must not lie in the store.
    """
    if right not in RIGHTS and right not in (PUBLIC, SIGNED_IN):
        raise ValueError(f"no right {right!r}")
    return {"x-right": right, **({} if keeps else {"x-kept": False})}


class Guarded(APIRoute):
    """A route with a declared right (`openapi_extra=needs(...)`)."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **more: Any) -> None:
        declared = more.get("openapi_extra") or {}
        if "x-right" not in declared:
            raise ValueError(f"{path}: declare its right with openapi_extra=needs(...)")
        self.right: str = declared["x-right"]
        self.keeps: bool = declared.get("x-kept", True)
        super().__init__(path, endpoint, **more)

    def get_route_handler(self) -> Handler:
        """The endpoint behind its door."""
        inner = super().get_route_handler()
        known = frozenset(_queries(self.dependant))

        async def handle(request: Request) -> Response:
            journal.REQUEST.set(request_id(request))  # every row of the audit log names the request it came from
            try:
                return await self._through(request, inner, known)
            except HubError as error:
                if error.code.startswith("right."):
                    await run_in_threadpool(_note_refusal, request, error)
                return problem(request, error)
            except RequestValidationError as error:
                return invalid(request, error)
            except ClientDisconnect:
                return Response(status_code=400)  # nobody is there to read it
            except HTTPException as error:
                said = Unsupported("web.bad_json", said=str(error.detail))
                return problem(request, said, status=error.status_code)
            except Exception:
                log.exception("request %s failed", request_id(request))
                return problem(request, Unsupported("web.internal", request=request_id(request)))

        return handle

    async def _through(self, request: Request, inner: Handler, known: frozenset[str]) -> Response:
        writes = request.method not in SAFE
        if self.right != PUBLIC:
            await run_in_threadpool(_enter, request)
            if writes:
                same_origin(request)
            if self.right != SIGNED_IN:
                if request.state.entry.signed.bare:
                    raise Denied("login.enrol")
                request.state.rights.require(self.right)
        _sound(request, known)
        body = await _body(request) if writes else b""
        key = request.headers.get("idempotency-key")
        if not writes or key is None or self.right == PUBLIC:
            return await inner(request)
        return await self._once(request, inner, key, body)

    async def _once(self, request: Request, inner: Handler, key: str, body: bytes) -> Response:
        """Do it, unless the same caller sent it before: then the answer of that time."""
        if not _KEY.fullmatch(key):
            raise Unsupported("web.bad_key", key=key[:40])
        store, author = front_of(request).app.store, str(request.state.rights.principal.id)[:200]
        said = f"{request.method} {request.url.path}?{request.url.query}\n{request.headers.get('if-match', '')}\n"
        mark = hashlib.sha256(said.encode() + body).hexdigest()
        found = await run_in_threadpool(answers.reserve, store, author, key, mark)
        if found is not None:
            return _again(found, key, mark)
        try:
            answer = await _told(request, inner)
        except BaseException:
            await run_in_threadpool(_release, store, author, key)
            raise
        if answer.status_code >= 500 or isinstance(answer, StreamingResponse):
            await run_in_threadpool(_release, store, author, key)
        else:
            headers = {n: v for n, v in answer.headers.items() if n in _KEPT_HEADERS}
            text = bytes(answer.body).decode() if self.keeps else "{}"
            await run_in_threadpool(_keep, store, author, key, answer.status_code, headers, text)
        return answer


def _note_refusal(request: Request, error: HubError) -> None:
    """Somebody asked for what they may not: that is a row of the audit log."""
    app = front_of(request).app
    detail = {"code": error.code, "right": error.facts.get("right") or error.facts.get("field")}
    with app.store.begin() as tx:
        where = f"{request.method} {request.url.path}"
        journal.record(tx, app.journal_key, request.state.rights.principal.name, "right.refused", where, detail)


def _enter(request: Request) -> None:
    front = front_of(request)
    enter(front.app, front.project(), request)


async def _told(request: Request, inner: Handler) -> Response:
    """What the endpoint answers, a refusal included: it is an answer like any other."""
    try:
        return await inner(request)
    except HubError as error:
        return problem(request, error)
    except RequestValidationError as error:
        return invalid(request, error)


def _again(found: answers.Answer, key: str, mark: str) -> Response:
    if found.fingerprint != mark:
        raise Unsupported("web.key_reused", key=key)
    if found.status is None:
        raise Unsupported("web.key_in_flight", key=key)
    headers = {**found.headers, "Idempotent-Replayed": "true", "Cache-Control": "no-store"}
    return Response(found.body, found.status, headers)


def _release(store: Any, author: str, key: str) -> None:
    with store.begin() as tx:
        answers.release(tx, author, key)


def _keep(store: Any, author: str, key: str, status: int, headers: Mapping[str, str], body: str) -> None:
    with store.begin() as tx:
        answers.keep(tx, author, key, status, headers, body)


# ------------------------------------------------------------------ sound requests


def _queries(dependant: Dependant) -> list[str]:
    """Names of the query parameters that an endpoint takes, those of what it depends on included."""
    own = [field.alias for field in dependant.query_params]
    return own + [name for below in dependant.dependencies for name in _queries(below)]


def _sound(request: Request, known: frozenset[str]) -> None:
    """A filter that is not known would silently show everything; a NUL is no text to any database."""
    for name, value in request.query_params.multi_items():
        if name not in known:
            listed = ", ".join(sorted(known)) or "-"
            near = nearest(name, known) or "-"
            raise Unsupported("web.unknown_parameter", name=name[:80], known=listed, nearest=near)
        _clean(value)
    for value in request.path_params.values():
        _clean(str(value))


def _clean(value: str) -> None:
    if "\0" in value:
        raise Unsupported("web.bad_text")


async def _body(request: Request) -> bytes:
    """The body, no larger than it may be, and JSON that every part of the hub can keep."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > MOST_BYTES:
            raise Unsupported("web.too_large", limit=MOST_BYTES)
        parts.append(part)
    body = b"".join(parts)
    request._body = body
    if body and "json" in request.headers.get("content-type", ""):
        try:
            value = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise Unsupported("web.bad_json", said=str(error)[:200]) from None
        if b"\\u0000" in body:
            _no_nul(value)
    elif body:
        raise Unsupported("web.bad_json", said=f"Content-Type {request.headers.get('content-type', '-')[:80]}")
    return body


def _no_nul(value: Any) -> None:
    if isinstance(value, str):
        _clean(value)
    elif isinstance(value, list):
        for item in value:
            _no_nul(item)
    elif isinstance(value, dict):
        for name, item in value.items():
            _clean(name)
            _no_nul(item)


def resource(tag: str) -> APIRouter:
    """A router of guarded routes for one resource."""
    return APIRouter(route_class=Guarded, tags=[tag])


__all__ = ["MOST_BYTES", "PUBLIC", "SIGNED_IN", "Guarded", "needs", "resource"]
