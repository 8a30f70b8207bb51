"""Flows (syncs): what runs when, how fresh, how far behind; run now, stop, let go on."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Query, Response
from pydantic import BaseModel, Field

from hefu.core.errors import Missing
from hefu.core.words import spoken
from hefu.engine import desk
from hefu.insight.standing import flow_states
from hefu.store import runs as kept
from hefu.web.front import Caller, Who
from hefu.web.route import needs, resource
from hefu.web.routes.jobs import Job, shown
from hefu.web.routes.runs import RunHead, head

router = resource("flows")


class Pause(BaseModel):
    """What is stopped, since when, and why."""

    scope: str = Field(examples=["flow:customers"], description="flow:x, mapping:x, connection:x, deletes:x or plan:x")
    since_at: str
    until_at: str | None = Field(description="It goes on by itself then; null: when its cause is gone or somebody says")
    code: str
    parameters: dict[str, Any]
    title: str
    detail: str


class Flow(BaseModel):
    """A flow as it stands."""

    flow: str = Field(examples=["customers"])
    title: dict[str, str]
    enabled: bool
    state: Literal["in_step", "behind", "paused", "off", "new"] = Field(
        description="new: not everything was read yet; behind: something is owed that could go"
    )
    schedule: str
    full_scan: str | None
    priority: Literal["urgent", "normal", "bulk"]
    mappings: list[str]
    records: int
    due: int = Field(description="Records that a system has yet to be told of")
    lag_seconds: float | None = Field(description="Since when the oldest of them could have gone; null: none")
    read_at: str | None = Field(description="Until when all its systems are read")
    full_at: str | None = Field(description="When they were last compared completely")
    on_trial: list[str] = Field(description="Mappings of which a new version writes a small group first")
    paused: list[Pause]
    last_run: RunHead | None


class Flows(BaseModel):
    """All flows; a project has few, so they come at once."""

    items: list[Flow]


class RunNow(BaseModel):
    """How a flow is to run now."""

    full: bool = Field(False, description="Compare everything, not only what changed")


class Scoped(BaseModel):
    """What to stop."""

    scope: Annotated[str, Field(max_length=140, examples=["flow:customers"])]


class Pauses(BaseModel):
    """All that is stopped now."""

    items: list[Pause]


class Resumed(BaseModel):
    """Whether it was stopped."""

    scope: str
    was_paused: bool


def paused(caller: Caller, scope: str, row: dict[str, Any]) -> Pause:
    """A pause in the caller's words."""
    what, then = spoken(row["code"], row["facts"], caller.language)
    facts = caller.rights.sight().facts("", row["facts"])
    return Pause(
        scope=scope, since_at=row["since_at"], until_at=row["until_at"], code=row["code"], parameters=facts,
        title=caller.rights.sight().text("", what), detail=then,
    )  # fmt: skip


def _flow(caller: Caller, row: dict[str, Any]) -> Flow:
    stops = [paused(caller, one["scope"], one) for one in row["paused"]]
    last = None if row["last_run"] is None else head(row["last_run"])
    return Flow(**{**row, "paused": stops, "last_run": last})


@router.get("/flows", openapi_extra=needs("flow.see"))
def list_flows(
    who: Who,
    state: Annotated[
        list[Literal["in_step", "behind", "paused", "off", "new"]] | None, Query(description="Only these")
    ] = None,
) -> Flows:
    """Every flow: how fresh, how far behind, what stopped it, how its last run went."""
    project = who.front.project()
    with who.look() as tx:
        found = flow_states(tx, project)
    return Flows(items=[_flow(who, row) for row in found if not state or row["state"] in state])


@router.get("/flows/{flow}", openapi_extra=needs("flow.see"))
def one_flow(flow: str, who: Who) -> Flow:
    """One flow as it stands."""
    project = who.front.project()
    with who.look() as tx:
        found = flow_states(tx, project, [flow])
    if not found:
        raise Missing("web.unknown", kind="flow", id=flow[:64])
    return _flow(who, found[0])


@router.post("/flows/{flow}/run", status_code=202, openapi_extra=needs("flow.run"))
def run_now(flow: str, asked: RunNow, who: Who, response: Response) -> Job:
    """Read and deliver this flow now, within its limits; a job."""
    if flow not in who.hub().project.flows:
        raise Missing("web.unknown", kind="flow", id=flow[:64])
    made = who.ask("flow.run", {"flow": flow, "full": asked.full})
    response.headers["Location"] = f"/api/v1/jobs/{made['id']}"
    return shown(who, made)


# ---------------------------------------------------------------------- pauses


@router.get("/pauses", openapi_extra=needs("flow.see"))
def list_pauses(who: Who) -> Pauses:
    """All that is stopped now, and why."""
    with who.look() as tx:
        found = kept.paused(tx)
    return Pauses(items=[paused(who, scope, dict(row)) for scope, row in sorted(found.items())])


@router.post("/pauses", status_code=201, openapi_extra=needs("flow.pause"))
def pause(asked: Scoped, who: Who) -> Pause:
    """Stop a flow, a mapping or a connection until somebody lets it go on."""
    _may(who, asked.scope)
    desk.pause(who.hub(), asked.scope, who.name)
    with who.look() as tx:
        row = kept.paused(tx)[asked.scope]
    return paused(who, asked.scope, dict(row))


@router.delete("/pauses/{scope}", openapi_extra=needs("flow.pause"))
def resume(
    scope: str,
    who: Who,
    approve: Annotated[bool, Query(description="A flow may do what its guard stopped it for")] = False,
) -> Resumed:
    """Let it go on; a flow that its guard stopped is measured anew, unless that is approved."""
    _may(who, scope)
    if approve:
        who.rights.require("plan.approve")
    return Resumed(scope=scope, was_paused=desk.resume(who.hub(), scope, who.name, approve=approve))


def _may(who: Caller, scope: str) -> None:
    if scope.startswith("connection:"):
        who.rights.require("connection.pause")
