"""Errors as application/problem+json (RFC 9457): the product's code, its facts, and words in the caller's language."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi.encoders import jsonable_encoder
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse

from hefu.core.errors import Denied, HubError, Missing, Rejected, Stale, Transient, Unanswered, Unsupported
from hefu.core.words import tell

MEDIA = "application/problem+json"

_STATUS: Mapping[str, int] = {
    "web.not_found": 404, "web.method": 405, "web.unsigned": 401, "web.foreign": 403, "web.unknown_parameter": 400,
    "web.invalid": 422, "web.bad_json": 400, "web.bad_text": 400, "web.too_large": 413, "web.cursor": 400,
    "web.changed": 412, "web.tag_needed": 428, "web.key_reused": 422, "web.key_in_flight": 409, "web.bad_key": 400,
    "web.internal": 500, "web.unknown": 404, "web.too_many_jobs": 429, "web.too_many": 422, "web.reason": 422,
    "web.past": 422, "web.session_only": 403, "login.wait": 429, "login.refused": 401, "login.second_factor": 401,
    "login.link": 401, "login.stranger": 401, "login.session": 401, "login.token": 401, "app.no_connection": 404,
    "plan.unknown": 404, "plan.state": 409, "plan.expired": 409, "plan.version": 409, "plan.not_approved": 409,
    "plan.four_eyes": 403, "plan.altered": 409, "desk.no_issue": 404, "desk.closed": 409, "migrate.unknown": 404,
    "migrate.state": 409, "hub.no_object": 404, "cli.no_mapping": 404, "cli.no_flow": 404, "cli.nothing_found": 404,
    "cli.not_one": 409, "store.no_project": 404, "store.in_use": 409, "cutover.unknown": 404,
    "draft.unknown": 404, "draft.same": 409,
    "account.unknown": 404, "account.no_holding": 404, "account.no_token": 404, "account.exists": 409,
    "account.not_asked": 409, "login.one_factor": 401,
}  # fmt: skip
"""Codes whose status does not follow from their kind."""

_CLASSES: Sequence[tuple[type[HubError], int]] = (
    (Transient, 503), (Unanswered, 502), (Rejected, 422), (Stale, 409), (Missing, 404), (Denied, 403),
    (Unsupported, 422),
)  # fmt: skip

_OURS = ("web", "right", "account", "login", "password", "plan", "draft", "desk", "migrate", "secret")
"""Rooms whose refusals concern who asks; those of other rooms come from a connected system."""


class Problem(BaseModel):
    """What went wrong, in words and as code with parameters (RFC 9457)."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:hefu:error:plan.unknown",
                    "title": "There is no plan '0199'.",
                    "detail": "'hefu plan list' shows what there is.",
                    "status": 404,
                    "code": "plan.unknown",
                    "parameters": {"id": "0199"},
                    "request_id": "01jd2k3m4n5p6q7r8s9t0v1w2x",
                    "errors": [],
                }
            ]
        }
    )
    type: str = Field(description="urn:hefu:error: and the code")
    title: str = Field(description="What happened, in the caller's language")
    detail: str = Field(description="What to do next")
    status: int
    code: str = Field(description="One of docs/reference/errors.md")
    parameters: dict[str, Any] = Field(description="Facts that fill the words of the code")
    request_id: str
    errors: list[dict[str, Any]] = Field([], description="Each wrong value: place, code, words")


def status_of(error: HubError) -> int:
    """The HTTP status of an error."""
    known = _STATUS.get(error.code)
    if known is not None:
        return known
    if isinstance(error, Denied) and error.code.partition(".")[0] not in _OURS:
        return 502  # a connected system refused us, not the caller
    return next((status for kind, status in _CLASSES if isinstance(error, kind)), 500)


def problem(
    request: Request, error: HubError, *, status: int | None = None, errors: Sequence[Mapping[str, Any]] = ()
) -> JSONResponse:
    """An error as the caller gets it."""
    what, then = tell(error, language_of(request))
    code = status_of(error) if status is None else status
    facts = {name: value if isinstance(value, int | bool) else str(value) for name, value in error.facts.items()}
    headers = {"Cache-Control": "no-store"}
    if code == 401:
        headers["WWW-Authenticate"] = 'Bearer realm="hefu"'
    if isinstance(error, Transient) and error.after is not None:
        headers["Retry-After"] = str(max(1, int(error.after)))
    body = {
        "type": f"urn:hefu:error:{error.code}", "title": what, "detail": then, "status": code, "code": error.code,
        "parameters": facts, "request_id": request_id(request), "errors": list(errors),
    }  # fmt: skip
    return JSONResponse(body, code, headers, media_type=MEDIA)


def invalid(request: Request, error: RequestValidationError) -> JSONResponse:
    """A request whose values do not fit, each with its place; values themselves are not repeated."""
    listed = [
        {"place": ".".join(str(part) for part in one["loc"]), "kind": one["type"], "said": str(one["msg"])[:300]}
        for one in error.errors()[:50]
    ]
    first = listed[0] if listed else {"place": "-", "said": "-"}
    told = Unsupported("web.invalid", count=len(error.errors()), place=first["place"], said=first["said"])
    return problem(request, told, errors=jsonable_encoder(listed))


def language_of(request: Request) -> str:
    """ "zh" or "en": the first that the caller prefers; English for who says nothing."""
    best, found = 0.0, "en"
    for part in request.headers.get("accept-language", "")[:200].split(","):
        name, _, rest = part.strip().partition(";")
        word = name.partition("-")[0].lower()
        try:
            weight = float(rest.partition("=")[2]) if "q=" in rest else 1.0
        except ValueError:
            continue
        if word in ("zh", "en") and weight > best:
            best, found = weight, word
    return found


def request_id(request: Request) -> str:
    """The number of the request, which the answer and the log carry."""
    return str(getattr(request.state, "request_id", "-"))


__all__ = ["MEDIA", "Problem", "invalid", "language_of", "problem", "request_id", "status_of"]
