"""Gives each request its number and each answer the headers that browsers are to obey; measures and logs both."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable, MutableMapping
from time import perf_counter
from typing import Any

from hefu.app import tracing
from hefu.app.metrics import OTHER
from hefu.store import journal
from hefu.web.front import Front

log = logging.getLogger("hefu.access")

PREFIX = "/api/v1"
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

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class Envelope:
    """Around the whole application."""

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
        begun = perf_counter()

        async def told(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                names = {name.lower() for name, _ in message["headers"]}
                more = {**HEADERS, "X-Request-Id": number, **({"Cache-Control": "no-store"} if private else {})}
                wanted = [(n.encode().lower(), v.encode()) for n, v in more.items()]
                message["headers"] = [*message["headers"], *((n, v) for n, v in wanted if n not in names)]
                route = note(front, scope, message["status"], perf_counter() - begun)
                tracing.answered(span, scope["method"], route, message["status"], number)
            await send(message)

        mark = journal.REQUEST.set(number)  # threads that answer it inherit this
        try:
            with tracing.answering(_trace_of(scope), scope["method"]) as span:
                await self.app(scope, receive, told)
        finally:
            journal.REQUEST.reset(mark)


def _trace_of(scope: Scope) -> dict[str, str]:
    """The headers by which a caller says in which trace it works."""
    found = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    return {name: found[name] for name in ("traceparent", "tracestate") if name in found}


def note(front: Front | None, scope: Scope, status: int, seconds: float) -> str:
    """Measure and log an answer by its route, which is returned: the path may name a record, the query a person."""
    route = getattr(scope.get("route"), "path", None) or OTHER
    if route != OTHER and scope["path"].startswith(PREFIX) and not route.startswith(PREFIX):
        route = PREFIX + route  # a router knows its routes without it
    if front is not None and route != OTHER:
        front.metrics.answered(scope["method"], route, status, seconds)
    log.info("%s %s %d", scope["method"], route, status, extra={"fields": {"ms": round(seconds * 1000, 1)}})
    return route


__all__ = ["PREFIX", "Envelope"]
