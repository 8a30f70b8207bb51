"""The application: API, console and webhooks, every answer with the headers it needs."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, MutableMapping
from functools import cache
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hefu.core.errors import Unsupported
from hefu.store import journal
from hefu.web import console
from hefu.web.front import Front
from hefu.web.hooks import Hooks
from hefu.web.problem import MEDIA, Problem, problem
from hefu.web.routes import (
    alerts,
    audit,
    cockpit,
    connections,
    documents,
    drafts,
    events,
    flows,
    golive,
    grants,
    health,
    issues,
    jobs,
    mappings,
    materials,
    me,
    migrations,
    names,
    people,
    plans,
    profiles,
    reconciliation,
    records,
    runs,
    settings,
    trials,
    value_maps,
)

RESOURCES = (
    health, me, names, connections, profiles, documents, mappings, drafts, trials, value_maps, materials, flows, runs,
    records, issues, plans, reconciliation, migrations, cockpit, golive, people, grants, alerts, audit,
    settings, jobs, events,
)  # fmt: skip
"""In the order of the reference."""

PREFIX = "/api/v1"
VERSION = "1"

CSP = (
    "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; worker-src 'self' blob:; "
    "frame-ancestors 'none'; form-action 'self'; base-uri 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")

DESCRIPTION = """Whatever the console can do, and the command line.

Errors are `application/problem+json` with a `code` of docs/reference/errors.md. Long lists come in pages: pass `next`
of one as `cursor` of the following. Writes take an `Idempotency-Key`: the same key with the same request is done once
and answered the same for a day. Documents carry an `ETag`; a change says in `If-Match` which state was seen. Long work
answers with a job; `/api/v1/events` tells what moves.
"""

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


def make(front: Front | None) -> FastAPI:
    """The application for this hub; without one only its description is of use."""
    api = FastAPI(
        title="Hefu 合符",
        version=VERSION,
        description=DESCRIPTION,
        openapi_url=f"{PREFIX}/openapi.json",
        docs_url=None,  # their pages load scripts from elsewhere
        redoc_url=None,
        separate_input_output_schemas=False,
        responses={"default": {"model": Problem, "description": "What went wrong"}},
    )
    api.state.front = front
    for part in RESOURCES:
        api.include_router(part.router, prefix=PREFIX)
    if front is not None and front.service is not None:
        api.router.routes.extend(Hooks(front.service).routes())
    api.router.routes.extend(console.routes())
    plain = api.openapi
    api.openapi = cache(lambda: _described(plain()))  # type: ignore[method-assign]
    api.add_exception_handler(HTTPException, _lost)
    api.add_middleware(Envelope)
    return api


def _described(document: dict[str, Any]) -> dict[str, Any]:
    """The description with our own errors, where the framework would tell of its."""
    wrong = {"schema": {"$ref": "#/components/schemas/Problem"}}
    for ways in document["paths"].values():
        for said in ways.values():
            answers = said["responses"]
            answers["default"] = {"description": "What went wrong", "content": {MEDIA: wrong}}
            if "422" in answers:
                own = answers["422"]["content"].get("application/json", {})
                framework = "HTTPValidationError" in str(own)
                kept = {} if framework else {"application/json": own}
                told = "What does not fit" if framework else answers["422"]["description"]
                answers["422"] = {"description": told, "content": {**kept, MEDIA: wrong}}
    for name in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(name, None)
    return document


async def _lost(request: Request, error: Exception) -> Response:
    """No such place, or not that way."""
    assert isinstance(error, HTTPException)
    path = request.url.path[:200]
    if error.status_code == 405:
        known = (error.headers or {}).get("Allow", "-")
        answer: Response = problem(request, Unsupported("web.method", path=path, method=request.method, known=known))
        answer.headers["Allow"] = known
        return answer
    return problem(request, Unsupported("web.not_found", path=path), status=error.status_code)


class Envelope:
    """Gives each request its number and each answer the headers that browsers are to obey."""

    def __init__(self, app: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = dict(scope["headers"]).get(b"x-request-id", b"").decode("latin-1")
        front: Front | None = scope["app"].state.front if "app" in scope else None
        number = given if _ID.fullmatch(given) else front.app.env.new_id() if front is not None else "-"
        scope.setdefault("state", {})["request_id"] = number
        private = scope["path"].startswith(PREFIX)

        async def told(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                names = {name.lower() for name, _ in message["headers"]}
                more = {**HEADERS, "X-Request-Id": number, **({"Cache-Control": "no-store"} if private else {})}
                wanted = [(n.encode().lower(), v.encode()) for n, v in more.items()]
                message["headers"] = [*message["headers"], *((n, v) for n, v in wanted if n not in names)]
            await send(message)

        mark = journal.REQUEST.set(number)  # threads that answer it inherit this
        try:
            await self.app(scope, receive, told)
        finally:
            journal.REQUEST.reset(mark)


__all__ = ["PREFIX", "make"]
