"""Plans: what would be written, who agreed to it, what became of it; apply and undo as jobs."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import Query, Response
from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement, func, select

from hefu.app.choosing import chosen
from hefu.app.drafts import to_publish
from hefu.core.errors import Denied, Unsupported
from hefu.core.rights import EVERYWHERE
from hefu.core.words.plans import KINDS, STATES
from hefu.engine import plans
from hefu.engine.erasing import KIND as ERASE
from hefu.insight.planbook import write_book
from hefu.store import journal
from hefu.store import plans as kept
from hefu.store.listing import page
from hefu.store.plans import PlanEntry, StoredPlan
from hefu.store.tables import plan, plan_entry
from hefu.web.front import Caller, Who
from hefu.web.paging import After, Cursors, Limit, Page
from hefu.web.route import needs, resource
from hefu.web.routes.drafts import may_publish
from hefu.web.routes.jobs import Job, shown
from hefu.web.shown import Seen, visible
from hefu.web.tags import tag

router = resource("plans")

State = Literal["draft", "approved", "applying", "applied", "partly_applied", "expired", "rejected"]
Kind = Literal["sync", "first_sync", "mapping_change", "back_fill", "repair", "migration", "undo", "erase"]
EntryKind = Literal["create", "update", "delete", "action", "golden", "restore", "remove", "left"]
EntryState = Literal["planned", "writing", "written", "changed", "refused", "settled", "left"]


class Plan(BaseModel):
    """A bulk effect before it is made."""

    id: str
    kind: Kind
    state: State
    author: str
    reason: str
    mappings: list[str]
    project_version: int
    created_at: str
    expires_at: str
    counts: dict[str, Any] = Field(description="mapping -> kind -> how many; what would wait for a person")
    writes: int
    digest: str = Field(description="SHA-256 of all of it: what is signed")
    approver: str | None
    approved_at: str | None
    signature: str | None
    ended_at: str | None
    note: str | None


class PlanDetail(Plan):
    """A plan with how far it is, and whether its author may sign it."""

    tally: dict[str, int] = Field(description="state of entry -> how many")
    needs_second: bool = Field(description="Somebody other than the author must approve")


class PlannedEntry(BaseModel):
    """One record of a plan."""

    seq: int
    kind: EntryKind
    action: str | None
    mapping: str | None
    connection: str | None
    object: str | None
    entity: str
    record_id: str | None
    golden_id: str | None
    title: str
    fields: dict[str, Any] = Field(description="Field -> [before, after]")
    state: EntryState
    note: Any = Field(None, description="What was found instead, or the system's words")


class Make(BaseModel):
    """What to plan."""

    flows: list[Annotated[str, Field(max_length=64)]] = Field([], max_length=200, description="Empty: all")
    full: bool = Field(False, description="Compare everything, not only changes")
    reason: Annotated[str, Field(max_length=2000)] = ""


class Undo(BaseModel):
    """What to take back: a run (or a plan that was applied), a record's writes, or a time window."""

    run: Annotated[str | None, Field(max_length=40)] = None
    record: Annotated[str | None, Field(max_length=200, description="One ID or record id")] = None
    since: Annotated[str | None, Field(max_length=40, examples=["2026-03-01T08:00+08:00", "2h"])] = None
    until: Annotated[str | None, Field(max_length=40)] = None
    entity: Annotated[str | None, Field(max_length=64)] = None
    connection: Annotated[str | None, Field(max_length=64)] = None
    field: Annotated[str | None, Field(max_length=200)] = None
    reason: Annotated[str, Field(max_length=2000)] = ""


class Rejection(BaseModel):
    """Why it is not to be done."""

    reason: Annotated[str, Field(min_length=1, max_length=2000)]


class Signature(BaseModel):
    """What is agreed to."""

    digest: Annotated[str, Field(min_length=64, max_length=64, description="Of the plan as it was looked at")]


_NAMES = tuple(Plan.model_fields)


def _head(one: StoredPlan) -> Plan:
    return Plan(**{name: getattr(one, name) for name in _NAMES})


@router.get("/plans", openapi_extra=needs("plan.see"))
def list_plans(
    who: Who,
    state: Annotated[list[State] | None, Query()] = None,
    kind: Annotated[list[Kind] | None, Query()] = None,
    limit: Limit = 50,
    cursor: After = None,
) -> Page[Plan]:
    """Plans that are kept, the newest first."""
    cursors = Cursors(who.app.journal_key, "plans", {"state": state, "kind": kind})
    where: list[ColumnElement[bool]] = [plan.c.state.in_(state)] if state else []
    if kind:
        where.append(plan.c.kind.in_(kind))
    with who.look() as tx:
        rows = page(tx, plan, where, after=cursors.open(cursor), limit=limit + 1)
        found = [one for row in rows if (one := kept.get(tx, row["id"])) is not None]
    items, following = cursors.page(found, limit, lambda p: p.id, _head)
    return Page(items=items, next=following)


@router.post("/plans", status_code=202, openapi_extra=needs("plan.make"))
def make(asked: Make, who: Who, response: Response) -> Job:
    """Work out what would be written, without writing anything; a job whose result names the plan."""
    chosen(who.hub(), asked.flows or None)
    return _begun(who, response, "plan.make", asked.model_dump())


def _begun(who: Caller, response: Response, kind: str, given: dict[str, Any]) -> Job:
    made = who.ask(kind, given)
    response.headers["Location"] = f"/api/v1/jobs/{made['id']}"
    return shown(who, made)


@router.post("/undo-plans", status_code=202, openapi_extra=needs("plan.make"))
def undo(asked: Undo, who: Who, response: Response) -> Job:
    """Plan to take something back; nothing is written before the plan is approved and applied."""
    who.rights.require("record.undo")
    if not any((asked.run, asked.record, asked.since, asked.until)):
        raise Unsupported("cli.undo_what")
    return _begun(who, response, "plan.undo", asked.model_dump())


@router.get("/plans/{plan_id}", openapi_extra=needs("plan.see"))
def one_plan(plan_id: str, who: Who, response: Response) -> PlanDetail:
    """One plan, and how far it is."""
    with who.look() as tx:
        made = plans.known(tx, plan_id)
        tally = kept.tally(tx, plan_id)
    response.headers["ETag"] = tag(made.id, made.state, made.digest, sorted(tally.items()))
    return PlanDetail(**_head(made).model_dump(), tally=tally, needs_second=plans.needs_second(who.hub(), made))


@router.get("/plans/{plan_id}/entries", openapi_extra=needs("plan.see"))
def entries(
    plan_id: str,
    who: Who,
    kind: Annotated[list[EntryKind] | None, Query()] = None,
    state: Annotated[list[EntryState] | None, Query()] = None,
    entity: Annotated[str | None, Query(max_length=64)] = None,
    connection: Annotated[str | None, Query(max_length=64)] = None,
    mapping: Annotated[str | None, Query(max_length=64)] = None,
    limit: Limit = 50,
    cursor: After = None,
) -> Page[PlannedEntry]:
    """A plan record by record, field by field; of records that may be seen."""
    filters = {"kind": kind, "state": state, "entity": entity, "connection": connection, "mapping": mapping}
    cursors = Cursors(who.app.journal_key, f"plans/{plan_id}", filters)
    where: list[ColumnElement[bool]] = [plan_entry.c.plan_id == plan_id]
    where += [plan_entry.c.kind.in_(kind)] if kind else []
    where += [plan_entry.c.state.in_(state)] if state else []
    for column, value in ((plan_entry.c.entity, entity), (plan_entry.c.connection, connection),
                          (plan_entry.c.mapping, mapping)):  # fmt: skip
        where += [column == value] if value is not None else []
    with who.look() as tx:
        plans.known(tx, plan_id)
        where += visible(tx, who.rights, "plan.see", plan_entry.c.golden_id)
        found = kept.entries_after(tx, where, cursors.open(cursor), limit + 1)
        seen = Seen(tx, who.rights, [one.golden_id for one in found])
    items, following = cursors.page(found, limit, lambda e: e.seq, lambda e: _entry(seen, e))
    return Page(items=items, next=following)


def _entry(seen: Seen, one: PlanEntry) -> PlannedEntry:
    """As this caller sees it. The fields of an entry are in our terms."""
    sight = seen.sight(one.golden_id)
    values = seen.golden[one.golden_id].fields if one.golden_id in seen.golden else {}
    known = [values, one.after, {name: pair[0] for name, pair in one.fields.items()}]
    note = one.note
    if isinstance(note, dict):
        found = note.get("found")
        rest = {name: value for name, value in note.items() if name != "found"}
        note = sight.facts(one.entity, rest, *known)
        if isinstance(found, dict):
            note["found"] = sight.moved(one.entity, found)
    names = ("seq", "kind", "action", "mapping", "connection", "object", "entity", "record_id", "golden_id", "state")
    return PlannedEntry(
        **{name: getattr(one, name) for name in names}, title=sight.title(one.entity, one.title, *known[1:2]),
        fields=sight.moved(one.entity, one.fields), note=note,
    )  # fmt: skip


@router.post("/plans/{plan_id}/approve", openapi_extra=needs("plan.approve"))
def approve(plan_id: str, asked: Signature, who: Who) -> PlanDetail:
    """Sign exactly what was looked at: the digest says what that was."""
    with who.look() as tx:
        made = plans.known(tx, plan_id)
    if made.digest != asked.digest:
        raise Denied("plan.altered", id=plan_id)
    plans.approve(who.hub(), plan_id, who.name)
    return one_plan(plan_id, who, Response())


@router.post("/plans/{plan_id}/reject", openapi_extra=needs("plan.approve"))
def reject(plan_id: str, asked: Rejection, who: Who) -> PlanDetail:
    """Close it without applying it."""
    plans.reject(who.hub(), plan_id, who.name, asked.reason)
    return one_plan(plan_id, who, Response())


@router.post("/plans/{plan_id}/apply", status_code=202, openapi_extra=needs("plan.apply"))
def apply(plan_id: str, who: Who, response: Response) -> Job:
    """Write what was signed, record by record; a job."""
    with who.look() as tx:
        made = plans.known(tx, plan_id)
    if made.state == "draft":
        raise Denied("plan.not_approved", id=plan_id)
    if made.state not in ("approved", "applying"):
        raise Unsupported("plan.state", id=plan_id, state=made.state, wanted="approved")
    may_publish(who, to_publish(who.app, made))
    if made.kind == ERASE:
        who.rights.require("privacy.erase")
    return _begun(who, response, "plan.apply", {"plan": plan_id})


BOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 200_000


@router.get(
    "/plans/{plan_id}/export",
    openapi_extra=needs("plan.see"),
    response_class=Response,
    responses={200: {"content": {BOOK: {"schema": {"type": "string", "format": "binary"}}}, "description": "xlsx"}},
)
def export(plan_id: str, who: Who) -> Response:
    """The plan as an Excel workbook, one row for each field, as this caller sees it."""
    who.rights.require("record.export")
    with who.look() as tx, tempfile.TemporaryDirectory() as scratch:
        made = plans.known(tx, plan_id)
        where = [plan_entry.c.plan_id == plan_id]
        number = int(tx.run(select(func.count()).select_from(plan_entry).where(*where)).scalar() or 0)
        if number > MOST_ROWS:
            raise Unsupported("web.too_many", found=number, limit=MOST_ROWS)
        path = Path(scratch) / "plan.xlsx"
        words = {name: who.t(*pair) for name, pair in {**KINDS, **STATES}.items()}
        write_book(path, made, _all(tx, who, plan_id), words, who.language)
        data = path.read_bytes()
    with who.app.store.begin() as tx:
        journal.record(tx, who.app.journal_key, who.name, "plan.exported", plan_id, {"entries": number})
    name = {"Content-Disposition": f'attachment; filename="plan-{plan_id}.xlsx"'}
    return Response(data, media_type=BOOK, headers=name)


def _all(tx: Any, who: Caller, plan_id: str) -> Any:
    """Every entry that may be seen, its values as they may be."""
    unlimited = who.rights.scopes("record.export") == (EVERYWHERE,)
    where = [plan_entry.c.plan_id == plan_id, *visible(tx, who.rights, "record.export", plan_entry.c.golden_id)]
    after: Any = None
    while rows := kept.entries_after(tx, where, after, 1000):
        seen = Seen(tx, who.rights, [one.golden_id for one in rows])
        for one in rows:
            if unlimited or one.golden_id:
                sight = seen.sight(one.golden_id)
                one.fields = sight.moved(one.entity, one.fields)
                one.title = sight.title(one.entity, one.title, one.after)
                one.note = None if not sight.full(one.entity) else one.note
                yield one
        after = rows[-1].seq
