"""The sandbox as it is served: every service in both versions, logon, tokens, batches, pages and control."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from hefu.sandbox.frame import Fault, Frame, Ledger, control, struck
from hefu.sandbox.page import Pages
from hefu.sandbox.sap import batch, billing, deliveries, orders, partners, products
from hefu.sandbox.sap.address import options_of
from hefu.sandbox.sap.api import Answer, Api, Call
from hefu.sandbox.sap.book import SapBook
from hefu.sandbox.sap.flow import FLOWS
from hefu.sandbox.sap.gate import Gate
from hefu.sandbox.sap.model import Service
from hefu.sandbox.sap.pages import TABS, source
from hefu.sandbox.sap.refusals import Refusal
from hefu.sandbox.sap.services import SERVICES

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "MERGE", "DELETE"]
FAULTS = {
    "csrf": ("会话与 CSRF 令牌失效", "the session and its CSRF token are gone"),
    "locked": ("凭证被其他用户锁定", "the document is locked by another user"),
    "changeset": ("整个变更集失败", "a changeset fails as a whole, after its last part"),
    "proxy": ("链接指向内部主机", "links name an internal host, as behind a proxy"),
    "xml-error": ("错误以 XML 返回", "the error body is XML although JSON was asked for"),
    "warning": ("成功但带警告消息", "the create succeeds with a warning in sap-message"),
}


def book_of(path: str = ":memory:") -> SapBook:
    """A book with the rules of every kind of document."""
    book = SapBook(path)
    book.settle = {
        "A_BusinessPartner": partners.settle,
        "A_Product": products.settle,
        "A_SalesOrder": orders.settle,
        "A_OutbDeliveryHeader": deliveries.settle,
        "A_BillingDocument": billing.settle,
    }
    book.flows = FLOWS
    book.remove = {"A_SalesOrder": orders.removed, "A_OutbDeliveryHeader": deliveries.removed}
    book.steps = {
        "A_SalesOrder": {**orders.STEPS, "deliver": deliveries.deliver_order},
        "A_OutbDeliveryHeader": {**deliveries.STEPS, "bill": billing.make},
        "A_BillingDocument": {**billing.STEPS, "CreateFromSDDocument": billing.make},
    }
    return book


class Sap:
    """The whole system."""

    tells_date = True

    def __init__(self, book: SapBook) -> None:
        self.book = book
        self.ledger = Ledger()
        self.faults: list[Fault] = []
        self.gate = Gate(book.clock)
        self.api = Api(book, self.ledger, self.faults)
        name = ("SAP S/4HANA 沙盒", "SAP S/4HANA sandbox")
        pages = Pages(name, "sap", TABS, source(book))
        routes = [
            Route("/sap/bc/sec/oauth2/token", self._token, methods=["POST"]),
            Route("/sap/{rest:path}", self._serve, methods=METHODS),
            *control(book, self.ledger, self.faults, self._set, Refusal, tuple(FAULTS)),
            *pages.routes(),
        ]
        self.app: ASGIApp = Frame(Starlette(routes=routes), self.ledger, self.faults, ("/sap/",))

    def close(self) -> None:
        """Close the file."""
        self.book.shelf.close()

    def _set(self, given: dict[str, Any]) -> None:
        if "page_size" in given:
            self.book.page_size = max(int(given["page_size"]), 1)
        if "revoked" in given:  # properties that the caller may neither see nor change any more
            self.book.revoked = frozenset(map(str, given["revoked"]))

    async def _token(self, request: Request) -> Response:
        form = {n: v[-1] for n, v in parse_qs((await request.body()).decode("utf-8", "replace")).items()}
        told = self.gate.bearer(request.headers.get("authorization", ""), form)
        if form.get("grant_type") != "client_credentials" or told is None:
            return JSONResponse({"error": "invalid_client"}, 401)
        return JSONResponse(told)

    async def _serve(self, request: Request) -> Response:
        raw = request.scope.get("raw_path", b"").decode("latin-1").partition("?")[0] or request.scope["path"]
        query = options_of(request.scope["query_string"].decode("latin-1"))
        headers = {n.lower(): v for n, v in request.headers.items()}
        service, version, rest = _service(raw)
        home = f"{request.url.scheme}://{request.url.netloc}"
        empty = Service("", "", "", {})
        body = await request.body()
        call = Call(service or empty, version, request.method, rest, query, headers, body, home)
        try:
            self.gate.admit(headers, query)
            if service is None:
                said = ("找不到服务", "No service found for namespace, name, version")
                raise Refusal(403 if "/IWFND/" in raw else 404, "/IWFND/MED/170", said)
            call = replace(call, home=home + service.path(version))
            answer = self._admitted(call, request)
        except Refusal as refusal:
            answer = self.api.refused(call, refusal)
        made = Response(b"" if request.method == "HEAD" else answer.body, answer.status)
        made.headers["date"] = format_datetime(self.book.clock.now(), usegmt=True)
        for name, value in answer.headers.items():
            made.headers[name] = value.encode("utf-8").decode("latin-1")
        if request.headers.get("x-csrf-token", "").lower() == "fetch" and answer.status < 400:
            token, cookies = self.gate.fetched(request.cookies)
            made.headers["x-csrf-token"] = token
            for cookie in cookies:
                made.headers.append("set-cookie", cookie)
        return made

    def _admitted(self, call: Call, request: Request) -> Answer:
        if call.method not in ("GET", "HEAD"):
            if struck(self.faults, "csrf", call.service.path(call.version), call.method):
                self.gate.forget()
            self.gate.check(request.cookies, call.headers.get("x-csrf-token", ""))
        if call.path != "$batch":
            return self.api.serve(call)
        if call.method != "POST":
            raise Refusal(405, "/IWBEP/CM_MGW_RT/023", ("不支持该方法", "$batch wants POST"))
        kind = call.headers.get("content-type", "")
        if call.version == 4 and "json" in kind:
            told = batch.jsonic(self.book, call.body, self._sender(call), lambda: self._failed(call))
            return Answer(200, {"content-type": "application/json", "odata-version": "4.0"}, told)
        made, text = batch.multipart(self.book, kind, call.body, self._sender(call), lambda: self._failed(call))
        return Answer(202 if call.version == 2 else 200, {"content-type": made}, text)

    def _sender(self, call: Call) -> batch.Send:
        def send(part: batch.Part) -> Answer:
            url = part.url.removeprefix(call.home).removeprefix(call.service.path(call.version)).lstrip("/")
            path, _, query = url.partition("?")
            inner = {n: v for n, v in call.headers.items() if n in ("accept-language", "sap-language", "accept")}
            headers: Mapping[str, str] = {**inner, **part.headers}
            if call.version == 2 and "multipart" in headers.get("accept", ""):
                headers = {**headers, "accept": part.headers.get("accept", "")}
            own = replace(call, method=part.method, path=path, query=options_of(query), headers=headers, body=part.body)
            return self.api.serve(own)

        return send

    def _failed(self, call: Call) -> Answer | None:
        path = call.service.path(call.version) + "/$batch"
        if not struck(self.faults, "changeset", path, "POST"):
            return None
        said = ("更新被终止", "The update was terminated")
        return self.api.refused(replace(call, path="$batch"), Refusal(400, "00/671", said))


def _service(path: str) -> tuple[Service | None, int, str]:
    """The service whose address a path begins with, the version, and the rest."""
    plain = path.replace("%3B", ";").replace("%3b", ";").replace("%3D", "=").replace("%3d", "=")
    for service in SERVICES:
        for version in (2, 4):
            home = service.path(version)
            if home and (plain == home or plain.startswith(home + "/")):
                return service, version, path[len(path) - len(plain) + len(home) :].lstrip("/")
    return None, 4 if "/odata4/" in path else 2, ""
