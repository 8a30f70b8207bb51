"""The org's addresses: who may come in, how often, and which part answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hefu.sandbox.frame import Fault, Ledger, struck
from hefu.sandbox.salesforce.bulk import Bulk
from hefu.sandbox.salesforce.calls import Answer, Call, call_of, refused
from hefu.sandbox.salesforce.composite import Composite
from hefu.sandbox.salesforce.many import Collections
from hefu.sandbox.salesforce.oauth import ORG, USERNAME, Sessions
from hefu.sandbox.salesforce.org import Org
from hefu.sandbox.salesforce.rest import Rest, resources
from hefu.sandbox.salesforce.values import Refused

VERSIONS = (("Winter '26", "65.0"), ("Spring '26", "66.0"), ("Summer '26", "67.0"))
METHODS = ["GET", "POST", "PATCH", "PUT", "DELETE"]


class Api:
    """Everything below /services. `most`: calls a day; `used`: how many of them are gone."""

    def __init__(self, org: Org, ledger: Ledger, faults: list[Fault]) -> None:
        self.org, self.faults = org, faults
        self.sessions = Sessions(org)
        self.rest = Rest(org, ledger, faults)
        self.most, self.used = 100_000, 0
        self.bulk = Bulk(self.rest, faults)
        composite = Composite(self.rest, self.inside)
        self.parts: list[tuple[str, Callable[[Call], Answer]]] = [
            ("composite/sobjects", Collections(self.rest, faults).serve),
            ("composite/graph", composite.graph),
            ("composite/batch", composite.batch),
            ("composite/tree", composite.tree),
            ("composite", composite.composite),
            ("sobjects", self.rest.sobjects),
            ("queryall", self.rest.query),
            ("query", self.rest.query),
            ("jobs", self.bulk.serve),
            ("limits", self._limits),
        ]

    def routes(self) -> list[Route]:
        """The token endpoint and the data."""
        return [
            Route("/services/oauth2/token", self._token, methods=["POST"]),
            Route("/services/oauth2/revoke", self._revoke, methods=["POST"]),
            Route("/services/oauth2/userinfo", self._person),
            Route("/services/data", self._versions),
            Route("/services/data/", self._versions),
            Route("/services/data/{path:path}", self._serve, methods=METHODS),
        ]

    def inside(self, call: Call) -> Answer:
        """A call that came in, alone or inside another one."""
        if not call.path:
            return resources(call)
        for start, part in self.parts:
            if call.path.lower() == start or call.path.lower().startswith(f"{start}/"):
                try:
                    return part(call)
                except Refused as problem:
                    return refused([problem])
        return refused([Refused("NOT_FOUND", "The requested resource does not exist", status=404)])

    # -------------------------------------------------------------------- oauth

    async def _token(self, request: Request) -> Response:
        given = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        if struck(self.faults, "oauth"):
            told = {"error": "invalid_grant", "error_description": "user hasn't approved this consumer"}
            return JSONResponse(told, 400)
        basic = request.headers.get("authorization", "")
        return _response(self.sessions.token(given, basic, _base(request)))

    async def _revoke(self, request: Request) -> Response:
        given = dict(parse_qsl((await request.body()).decode("utf-8", "replace")))
        return _response(self.sessions.revoke(given.get("token", "")))

    async def _person(self, request: Request) -> Response:
        if not self.sessions.known(_bearer(request)):
            return JSONResponse({"error": "invalid_session"}, 403)
        told = {"user_id": self.org.integration, "organization_id": ORG, "preferred_username": USERNAME}
        return JSONResponse(told | {"name": self.org.name_of(self.org.integration)})

    async def _versions(self, _: Request) -> Response:
        return JSONResponse([{"label": n, "url": f"/services/data/v{v}", "version": v} for n, v in VERSIONS])

    # --------------------------------------------------------------------- data

    async def _serve(self, request: Request) -> Response:
        if struck(self.faults, "session", request.url.path, request.method):
            self.sessions.end()
        if not self.sessions.known(_bearer(request)):
            return _response(refused([Refused("INVALID_SESSION_ID", "Session expired or invalid", status=401)]))
        self.used += 1
        problem = self._stopped(request)
        if problem is not None:
            return _response(refused([problem]), self._usage())
        try:
            headers = {name.lower(): value for name, value in request.headers.items()}
            body = await request.body()
            call = call_of(request.method, request.url.path, dict(request.query_params), body, headers)
            answer = self.inside(call)
        except Refused as refusal:
            answer = refused([refusal])
        return _response(answer, self._usage())

    def _stopped(self, request: Request) -> Refused | None:
        path = request.url.path
        if self.used > self.most or struck(self.faults, "quota", path):
            return Refused("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=403)
        if struck(self.faults, "unavailable", path):
            return Refused("SERVER_UNAVAILABLE", "The server is currently too busy.", status=503)
        if struck(self.faults, "disabled", path):
            return Refused("API_DISABLED_FOR_ORG", "The REST API is not enabled for this Organization.", status=403)
        return None

    def _usage(self) -> dict[str, str]:
        return {"Sforce-Limit-Info": f"api-usage={self.used}/{self.most}"}

    def _limits(self, call: Call) -> Answer:
        del call
        told: dict[str, Any] = {
            "DailyApiRequests": {"Max": self.most, "Remaining": max(self.most - self.used, 0)},
            "DailyBulkV2QueryJobs": {"Max": 10_000, "Remaining": 10_000},
            "DailyBulkApiBatches": {"Max": 15_000, "Remaining": 15_000},
            "DataStorageMB": {"Max": 1024, "Remaining": 1000},
        }
        return Answer(200, told)


def _base(request: Request) -> str:
    return f"{request.url.scheme}://{request.url.netloc}"


def _bearer(request: Request) -> str:
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    return token if kind in ("Bearer", "OAuth") else ""


def _response(answer: Answer, more: dict[str, str] | None = None) -> Response:
    headers = {**answer.headers, **(more or {})}
    if answer.body is None:
        return Response(status_code=answer.status, headers=headers)
    if isinstance(answer.body, str):
        return Response(answer.body.encode(), answer.status, headers, "text/csv")
    return JSONResponse(answer.body, answer.status, headers)
