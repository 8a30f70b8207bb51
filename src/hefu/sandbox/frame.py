"""What every sandbox has besides its vendor's API: faults on order, counters, and hands inside (`/_control`).

Only for trying and testing: it listens on loopback, and `/_control` wants a header that no web page can send.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections import Counter
from collections.abc import Awaitable, Callable, Collection
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Protocol

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CONTROL_HEADER = "x-sandbox-control"
LOCAL_HOSTS = ("127.0.0.1", "localhost", "[::1]")
MAX_BODY = 16 * 1024 * 1024


class Clock:
    """The system's own clock; `offset` seconds make it lie."""

    def __init__(self, offset: float = 0.0) -> None:
        self.offset = offset

    def now(self) -> datetime:
        """The instant this system believes in, UTC."""
        return datetime.now(UTC) + timedelta(seconds=self.offset)


@dataclass
class Fault:
    """Trouble for the next `times` matching calls (0: for ever) after `skip` good ones.

    A kind of the vendor's own (session expiry, a locked bill ...) is taken by the vendor's code with `struck`. Every
    sandbox knows: delay (wait `seconds`, then serve), refuse (answer `status`, no effect; `seconds` as Retry-After),
    cut (reset, no effect), html (a web page instead of data), lost (serve, then reset instead of the answer), hang
    (serve, then silence for `seconds` or until the caller gives up, then reset), gateway (serve, then answer
    `status`), half (serve, then send half of the answer and reset).
    """

    kind: str
    method: str = ""
    path: str = ""
    times: int = 1
    skip: int = 0
    seconds: float = 0.0
    status: int = 500

    def takes(self, method: str, path: str) -> bool:
        """Whether this call is one to spoil; counts down `skip` and `times`."""
        if self.times < 0 or (self.method and self.method != method) or not path.startswith(self.path):
            return False
        if self.skip > 0:
            self.skip -= 1
            return False
        if self.times > 0:
            self.times = self.times - 1 or -1
        return True


FAULTS = ("delay", "refuse", "cut", "html", "lost", "hang", "gateway", "half")


def struck(faults: list[Fault], kind: str, path: str = "", method: str = "") -> Fault | None:
    """The fault of this kind that was ordered for this call, counted down; None for none."""
    found = next((f for f in faults if f.kind == kind and f.takes(method, path)), None)
    faults[:] = [f for f in faults if f.times >= 0]
    return found


class Book(Protocol):
    """A vendor's data, as far as the frame touches it."""

    clock: Clock

    def as_person(self, obj: str, record_id: str | None, values: dict[str, Any] | None, author: str) -> str:
        """Create (no id), delete (no values) or change a record as a person in the system would; its id."""
        ...

    def peek(self, obj: str, record_id: str) -> dict[str, Any] | None:
        """A record as the API would show it, without counting as a call."""
        ...

    def changes(self, limit: int = 20) -> list[dict[str, Any]]:
        """The latest changes, newest first: object, id, at, author, via, and what moved."""
        ...


class Ledger:
    """How often the API was called, and which records were written through it (not by people)."""

    def __init__(self) -> None:
        self.calls: Counter[str] = Counter()
        self.writes: Counter[str] = Counter()

    def wrote(self, operation: str, obj: str, record_id: str) -> None:
        """One record was created, updated, deleted or moved a step by the API."""
        self.writes[f"{operation} {obj}/{record_id}"] += 1

    def clear(self) -> None:
        """Start counting from zero."""
        self.calls.clear()
        self.writes.clear()

    def told(self) -> dict[str, Any]:
        """Both counters with their sums."""
        return {
            "calls": dict(self.calls),
            "writes": dict(self.writes),
            "total_calls": self.calls.total(),
            "total_writes": self.writes.total(),
        }


class Frame:
    """ASGI shell around a vendor's app: refuses foreign hosts, counts calls, strikes with faults.

    `api`: the beginnings of the paths that belong to the vendor's API; the rest are pages and `/_control`.
    """

    def __init__(self, app: ASGIApp, ledger: Ledger, faults: list[Fault], api: tuple[str, ...] = ("/api/",)) -> None:
        self.app, self.ledger, self.faults, self.api = app, ledger, faults, api

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        problem = _refusal(scope)
        if problem is not None:
            await problem(scope, receive, send)
            return
        method, path = scope["method"], scope["path"]
        if not path.startswith(self.api):
            await self.app(scope, receive, send)
            return
        due = [f for f in self.faults if f.kind in FAULTS and f.takes(method, path)]
        self.faults[:] = [f for f in self.faults if f.times >= 0]
        await self._serve(due, scope, receive, send)
        record_id = scope.get("path_params", {}).get("id")
        path = path if record_id is None else path.replace(f"/{record_id}", "/{id}")
        self.ledger.calls[f"{method} {path}"] += 1

    async def _serve(self, due: list[Fault], scope: Scope, receive: Receive, send: Send) -> None:
        after: Fault | None = None
        for fault in due:
            if fault.kind == "delay":
                await asyncio.sleep(fault.seconds)
            elif fault.kind == "cut":
                await _reset(send)
                return
            elif fault.kind in ("refuse", "html"):
                await _answer(fault)(scope, receive, send)
                return
            else:
                after = fault
        if after is None:
            await self.app(scope, receive, send)
        else:
            await _spoil(after, self.app, scope, receive, send)


def _refusal(scope: Scope) -> Response | None:
    """No page of another site (DNS rebinding) and no other machine may talk to a sandbox."""
    headers = dict(scope["headers"])
    host = headers.get(b"host", b"").decode("latin-1").rsplit(":", 1)[0]
    if host not in LOCAL_HOSTS:
        return JSONResponse({"error": "this sandbox answers to 127.0.0.1 only"}, 421)
    if int(headers.get(b"content-length", b"0") or 0) > MAX_BODY:
        return JSONResponse({"error": "the request is too large"}, 413)
    if scope["path"].startswith("/_control") and CONTROL_HEADER.encode() not in headers:
        return JSONResponse({"error": f"/_control wants the header {CONTROL_HEADER}: 1"}, 403)
    return None


def _answer(fault: Fault) -> Response:
    if fault.kind == "html":
        return Response("<!doctype html><title>Please sign in</title><h1>Please sign in</h1>", media_type="text/html")
    headers = {"Retry-After": f"{fault.seconds:g}"} if fault.seconds else {}
    return JSONResponse({"error": {"code": "fault", "message": "a fault on order"}}, fault.status, headers)


async def _reset(send: Send) -> None:
    """Cut the connection as a dying server does (RST). uvicorn keeps its transport beside `send`."""
    transport = getattr(send, "__self__").transport  # noqa: B009 - only uvicorn's own object has it
    raw = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    for _ in range(3):
        await asyncio.sleep(0)


async def _spoil(fault: Fault, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Let the app do its work and keep its answer, then lose, cut or replace the answer."""
    kept: list[Message] = []

    async def keep(message: Message) -> None:
        kept.append(message)

    await app(scope, receive, keep)
    if fault.kind == "gateway":
        await Response("<h1>502 Bad Gateway</h1>", fault.status, media_type="text/html")(scope, receive, send)
        return
    if fault.kind == "hang":
        with suppress(TimeoutError):
            await asyncio.wait_for(_left(receive), fault.seconds)
    elif fault.kind == "half":
        await send(kept[0])
        body = b"".join(m.get("body", b"") for m in kept[1:])
        await send({"type": "http.response.body", "body": body[: len(body) // 2], "more_body": True})
        await asyncio.sleep(0.05)
    await _reset(send)


async def _left(receive: Receive) -> None:
    """Until the caller has hung up."""
    while (await receive())["type"] != "http.disconnect":
        pass


Handler = Callable[[Request], Awaitable[Response]]


def control(
    book: Book,
    ledger: Ledger,
    faults: list[Fault],
    settings: Callable[[dict[str, Any]], None],
    refused: type[Exception],
    kinds: Collection[str] = (),
) -> list[Route]:
    """The hands inside: counters, faults, edits as a person (the book raises `refused` when it will not).

    `kinds`: the vendor's own kinds of fault, besides `FAULTS`.
    """
    all_kinds = (*FAULTS, *kinds)

    async def counters(_: Request) -> Response:
        return JSONResponse(ledger.told())

    async def reset(_: Request) -> Response:
        ledger.clear()
        faults.clear()
        return JSONResponse({"ok": True})

    async def strike(request: Request) -> Response:
        if request.method == "DELETE":
            faults.clear()
            return JSONResponse([])
        given = await request.json()
        known = {f.name for f in fields(Fault)}
        if given.get("kind") not in all_kinds or set(given) - known:
            return JSONResponse({"error": f"kind is one of {all_kinds}; the other words are {sorted(known)}"}, 400)
        faults.append(Fault(**given))
        return JSONResponse([asdict(f) for f in faults])

    async def edit(request: Request) -> Response:
        given = parsed(await request.body())
        try:
            changed = book.as_person(given["object"], given.get("id"), given.get("values"), given.get("author", "张敏"))
        except (refused, KeyError) as problem:
            return JSONResponse({"error": str(problem)}, 400)
        return JSONResponse({"id": changed})

    async def record(request: Request) -> Response:
        found = book.peek(request.query_params["object"], request.query_params["id"])
        return JSONResponse(found, 200 if found else 404)

    async def changes(request: Request) -> Response:
        return JSONResponse(book.changes(int(request.query_params.get("limit", "20"))))

    async def change_settings(request: Request) -> Response:
        given = await request.json()
        if "clock_offset" in given:
            book.clock.offset = float(given.pop("clock_offset"))
        settings(given)
        return JSONResponse({"ok": True})

    return [
        Route("/_control/counters", counters),
        Route("/_control/reset", reset, methods=["POST"]),
        Route("/_control/faults", strike, methods=["POST", "DELETE"]),
        Route("/_control/edit", edit, methods=["POST"]),
        Route("/_control/record", record),
        Route("/_control/changes", changes),
        Route("/_control/settings", change_settings, methods=["POST"]),
    ]


def parsed(body: bytes) -> Any:
    """JSON with numbers kept exact (Decimal). Raises ValueError for anything else, NaN and deep nesting included."""

    def refuse(word: str) -> Any:
        raise ValueError(f"{word} is no number")

    try:
        return json.loads(body or b"null", parse_float=Decimal, parse_constant=refuse)
    except RecursionError:
        raise ValueError("nested too deeply") from None
