"""The application: API, console and webhooks, every answer with the headers it needs."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from hefu.core.errors import Unsupported
from hefu.web import console
from hefu.web.envelope import PREFIX, Envelope
from hefu.web.front import Front
from hefu.web.hooks import Hooks
from hefu.web.problem import MEDIA, Problem, problem
from hefu.web.routes import (
    alerts,
    audit,
    backups,
    cockpit,
    connections,
    cutovers,
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
    metrics,
    migrations,
    names,
    people,
    plans,
    privacy,
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
    records, issues, plans, reconciliation, migrations, cutovers, cockpit, golive, people, grants,
    alerts, privacy, backups, audit, settings, jobs, events, metrics,
)  # fmt: skip
"""In the order of the reference."""

VERSION = "1"

DESCRIPTION = """Whatever the console can do, and the command line.

Errors are `application/problem+json` with a `code` of docs/reference/errors.md. Long lists come in pages: pass `next`
of one as `cursor` of the following. Writes take an `Idempotency-Key`: the same key with the same request is done once
and answered the same for a day. Documents carry an `ETag`; a change says in `If-Match` which state was seen. Long work
answers with a job; `/api/v1/events` tells what moves.
"""


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
        # The framework's own telemetry would tell addresses with their queries, and exceptions with their texts.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
        responses={"default": {"model": Problem, "description": "What went wrong"}},
    )
    api.state.front = front
    for part in RESOURCES:
        api.include_router(part.router, prefix=PREFIX)
    api.include_router(metrics.router, include_in_schema=False)  # where Prometheus looks unless it is told
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


__all__ = ["PREFIX", "make"]
