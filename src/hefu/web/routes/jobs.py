"""Long work: what was asked for, how far it is, what came of it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement

from hefu.core.errors import Missing
from hefu.core.words import spoken
from hefu.store import jobs as kept
from hefu.store.listing import page
from hefu.store.tables import job
from hefu.web.front import Caller, Who
from hefu.web.paging import After, Cursors, Limit, Page
from hefu.web.route import SIGNED_IN, needs, resource

router = resource("jobs")

State = Literal["waiting", "running", "done", "failed"]


class Failure(BaseModel):
    """Why it failed, as code and words."""

    code: str
    parameters: dict[str, Any]
    title: str
    detail: str


class Job(BaseModel):
    """Long work, asked for by somebody."""

    id: str = Field(examples=["019346f2a1b4000000c0ffee01"])
    kind: str = Field(examples=["plan.apply"])
    state: State
    author: str
    asked_at: str
    started_at: str | None
    ended_at: str | None
    given: dict[str, Any]
    progress: dict[str, Any] = Field(description="does, of, counts: what it does with what, and how far it is")
    result: Any = Field(None, description="What came of it, by kind")
    error: Failure | None = None


def shown(caller: Caller, row: dict[str, Any]) -> Job:
    """A job as this caller reads it."""
    error = None
    if row["error"]:
        what, then = spoken(row["error"]["code"], row["error"].get("facts", {}), caller.language)
        error = Failure(code=row["error"]["code"], parameters=row["error"].get("facts", {}), title=what, detail=then)
    names = ("id", "kind", "state", "author", "asked_at", "started_at", "ended_at", "given", "progress", "result")
    return Job(**{name: row[name] for name in names}, error=error)


def _may_see(caller: Caller, row: dict[str, Any]) -> bool:
    """One's own; those of others for who may look at what they work on."""
    return row["author"] == caller.name or caller.rights.may(RIGHTS.get(row["kind"], "audit.see"))


RIGHTS = {
    "flow.run": "run.see", "plan.make": "plan.see", "plan.apply": "plan.see", "plan.undo": "plan.see",
    "reconciliation.run": "reconciliation.see", "migration.stage": "migration.see",
    "migration.check": "migration.see", "migration.load": "migration.see", "migration.verify": "migration.see",
    "migration.undo": "migration.see", "cutover.step": "cutover.see", "cutover.rehearse": "cutover.see",
    "backup.make": "backup.see", "backup.verify": "backup.see",
    "privacy.erase": "privacy.see", "privacy.retain": "privacy.see",
}  # fmt: skip
"""Kind of job -> the right to look at those of others."""


@router.get("/jobs", openapi_extra=needs(SIGNED_IN))
def list_jobs(
    who: Who,
    state: Annotated[list[State] | None, Query(description="Only these")] = None,
    kind: Annotated[str | None, Query(max_length=64)] = None,
    limit: Limit = 50,
    cursor: After = None,
) -> Page[Job]:
    """Jobs, the newest first: one's own, and those whose subject one may look at."""
    cursors = Cursors(who.app.journal_key, "jobs", {"state": state, "kind": kind})
    seen = [name for name, right in RIGHTS.items() if who.rights.may(right)]
    where: list[ColumnElement[bool]] = [(job.c.author == who.name) | job.c.kind.in_(seen)]
    if state:
        where.append(job.c.state.in_(state))
    if kind:
        where.append(job.c.kind == kind)
    with who.look() as tx:
        rows = page(tx, job, where, after=cursors.open(cursor), limit=limit + 1)
    found = [who.front.jobs.with_progress(kept.unpacked(row)) for row in rows]
    items, following = cursors.page(found, limit, lambda r: r["id"], lambda r: shown(who, r))
    return Page(items=items, next=following)


@router.get("/jobs/{job_id}", openapi_extra=needs(SIGNED_IN))
def one_job(job_id: str, who: Who) -> Job:
    """One job as it stands now."""
    found = who.front.jobs.look(job_id)
    if found is None or not _may_see(who, found):
        raise Missing("web.unknown", kind="job", id=job_id[:40])
    return shown(who, found)
