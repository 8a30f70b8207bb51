"""Runs: what exactly happened, in counters that add up, and record by record."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy import select

from hefu.core.errors import Missing
from hefu.core.words import spoken
from hefu.store.db import from_json
from hefu.store.listing import page
from hefu.store.tables import change, intent, link, run
from hefu.web.front import Caller, Who
from hefu.web.paging import After, Cursors, Limit, Page
from hefu.web.route import needs, resource
from hefu.web.shown import Seen, visible

router = resource("runs")

State = Literal["running", "done", "failed", "paused", "stopped"]


class RunHead(BaseModel):
    """One execution of something."""

    id: str
    kind: str = Field(examples=["cycle"])
    scope: str = Field(examples=["customers"])
    state: State
    started_at: str
    ended_at: str | None
    counts: dict[str, int] = Field(description="Every record read is counted exactly once")
    project_version: int
    note: str | None = Field(description="Why it failed or stopped: an error code")


class Note(BaseModel):
    """A kept error in the caller's words."""

    code: str
    title: str
    detail: str


class RunDetail(RunHead):
    """A run with what its note means."""

    why: Note | None = None


class Touched(BaseModel):
    """What a run did with one record: learned a change, or wrote."""

    id: str
    at: str
    what: Literal["change", "write"]
    kind: str
    state: str | None = Field(description="Of a write")
    golden_id: str
    entity: str
    title: str
    connection: str | None
    object: str | None
    record_id: str | None
    moved: dict[str, Any] = Field(description="Field -> [before, after]; of what was created field -> value")
    error: Note | None


def head(row: Any) -> RunHead:
    """A row of the table as the API shows it."""
    counts = row["counts"] if isinstance(row["counts"], dict) else from_json(row["counts"])
    return RunHead(**{**{name: row[name] for name in RunHead.model_fields}, "counts": counts})


@router.get("/runs", openapi_extra=needs("run.see"))
def list_runs(
    who: Who,
    kind: Annotated[str | None, Query(max_length=16, description="cycle, drain, apply, reconcile, decide ...")] = None,
    scope: Annotated[str | None, Query(max_length=200, description="A flow, a plan, an issue ...")] = None,
    state: Annotated[list[State] | None, Query()] = None,
    since: Annotated[str | None, Query(max_length=40, description="Begun at or after this instant (UTC)")] = None,
    limit: Limit = 50,
    cursor: After = None,
) -> Page[RunHead]:
    """Runs, the newest first."""
    cursors = Cursors(who.app.journal_key, "runs", {"kind": kind, "scope": scope, "state": state, "since": since})
    where = [run.c.kind == kind] if kind else []
    where += [run.c.scope == scope] if scope else []
    where += [run.c.state.in_(state)] if state else []
    where += [run.c.started_at >= since] if since else []
    with who.look() as tx:
        rows = page(tx, run, where, after=cursors.open(cursor), limit=limit + 1)
    items, following = cursors.page(rows, limit, lambda r: r["id"], head)
    return Page(items=items, next=following)


@router.get("/runs/{run_id}", openapi_extra=needs("run.see"))
def one_run(run_id: str, who: Who) -> RunDetail:
    """One run with its counters."""
    with who.look() as tx:
        row = tx.run(select(run).where(run.c.id == run_id)).mappings().first()
    if row is None:
        raise Missing("web.unknown", kind="run", id=run_id[:40])
    why = None
    if row["note"]:
        what, then = spoken(row["note"], {}, who.language)
        why = Note(code=row["note"], title=what, detail=then)
    return RunDetail(**head(row).model_dump(), why=why)


@router.get("/runs/{run_id}/records", openapi_extra=needs("run.see"))
def records_of_run(
    run_id: str,
    who: Who,
    what: Annotated[Literal["change", "write"], Query(description="What it learned, or what it wrote")] = "write",
    state: Annotated[
        list[Literal["open", "applied", "refused", "unknown", "stale", "failed"]] | None,
        Query(description="Of writes, only these"),
    ] = None,
    limit: Limit = 50,
    cursor: After = None,
) -> Page[Touched]:
    """Record by record what a run learned or wrote; of records that may be seen."""
    one_run(run_id, who)
    cursors = Cursors(who.app.journal_key, f"runs/{run_id}", {"what": what, "state": state})
    after = cursors.open(cursor)
    with who.look() as tx:
        if what == "change":
            where = [change.c.run_id == run_id, *visible(tx, who.rights, "record.see", change.c.golden_id)]
            rows = page(tx, change, where, after=after, limit=limit + 1, descending=False)
        else:
            columns = (link.c.golden_id, link.c.connection, link.c.object, link.c.record_id)
            statement = select(intent, *columns).join(link, link.c.id == intent.c.link_id)
            statement = statement.where(
                intent.c.run_id == run_id, *visible(tx, who.rights, "record.see", link.c.golden_id)
            )
            if state:
                statement = statement.where(intent.c.state.in_(state))
            if after is not None:
                statement = statement.where(intent.c.id > after)
            rows = [dict(r) for r in tx.run(statement.order_by(intent.c.id).limit(limit + 1)).mappings()]
        seen = Seen(tx, who.rights, [row["golden_id"] for row in rows])
    show = (lambda r: _changed(r, seen)) if what == "change" else (lambda r: _written(r, seen, who))
    items, following = cursors.page(rows, limit, lambda r: r["id"], show)
    return Page(items=items, next=following)


def _changed(row: dict[str, Any], seen: Seen) -> Touched:
    golden_id = row["golden_id"]
    entity = seen.golden[golden_id].entity if golden_id in seen.golden else ""
    return Touched(
        id=row["id"], at=row["at"], what="change", kind=row["kind"], state=None, golden_id=golden_id, entity=entity,
        title=seen.title(golden_id), connection=row["connection"], object=None, record_id=None,
        moved=seen.sight(golden_id).moved(entity, from_json(row["moved"]) or {}), error=None,
    )  # fmt: skip


def _written(row: dict[str, Any], seen: Seen, who: Caller) -> Touched:
    golden_id = row["golden_id"]
    entity = seen.golden[golden_id].entity if golden_id in seen.golden else ""
    fields, before = from_json(row["fields"]) or {}, from_json(row["before"]) or {}
    moved = {name: [before.get(name), value] for name, value in fields.items()}
    return Touched(
        id=row["id"], at=row["made_at"], what="write", kind=row["action"] or row["kind"], state=row["state"],
        golden_id=golden_id, entity=entity, title=seen.title(golden_id), connection=row["connection"],
        object=row["object"], record_id=row["record_id"], moved=seen.sight(golden_id).moved(entity, moved),
        error=note(who, seen, golden_id, entity, from_json(row["error"])),
    )  # fmt: skip


def note(who: Caller, seen: Seen, golden_id: str | None, entity: str, error: Any) -> Note | None:
    """A kept error in the caller's words, values that they do not see struck out."""
    if not error:
        return None
    one = seen.golden.get(golden_id or "")
    facts = seen.sight(golden_id).facts(entity, error.get("facts") or {}, one.fields if one else None)
    what, then = spoken(error["code"], facts, who.language)
    return Note(code=error["code"], title=what, detail=then)
