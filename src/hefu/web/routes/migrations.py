"""Migration batches: staged, checked, loaded, verified, taken back; each step a job, each record with its reasons."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

from fastapi import Query, Response
from pydantic import BaseModel, Field

from hefu.app.choosing import mapping_named
from hefu.core.errors import Denied, Missing, Unsupported
from hefu.core.words import spoken
from hefu.insight import rejects
from hefu.store import batches, journal
from hefu.store.batches import Row, StoredBatch
from hefu.store.db import Tx
from hefu.store.listing import page
from hefu.store.tables import batch
from hefu.web.front import Caller, Who
from hefu.web.paging import After, Cursors, Limit, Page
from hefu.web.route import needs, resource
from hefu.web.routes.jobs import Job, shown
from hefu.web.routes.plans import BOOK
from hefu.web.shown import everywhere

router = resource("migrations")

State = Literal["staging", "staged", "checked", "loading", "loaded", "verified", "undoing", "rolled_back"]
RowState = Literal[
    "staged", "ready", "rejected", "filtered", "present", "loading", "loaded", "verified", "differs", "undone", "left"
]


class RowNote(BaseModel):
    """Why it stopped, or what is wrong with a record."""

    code: str
    field: str
    title: str
    detail: str


class Batch(BaseModel):
    """Records of one mapping on their way into another."""

    id: str
    source: str = Field(description="Mapping that is read")
    target: str = Field(description="Mapping that is written")
    state: State
    author: str
    project_version: int
    created_at: str
    staged_at: str | None
    loaded_at: str | None
    verified_at: str | None
    ended_at: str | None
    plan_id: str | None = Field(description="The undo that takes it back")
    rows: dict[str, int] = Field(description="state of row -> how many")
    stopped: RowNote | None


class BatchRow(BaseModel):
    """One record of a batch, and what became of it."""

    seq: int
    organisation: str
    record_id: str
    title: str
    state: RowState
    reasons: list[RowNote]
    values: dict[str, Any] = Field(description="As the source held it")


class Stage(BaseModel):
    """What to move where."""

    source: Annotated[str, Field(max_length=64)]
    target: Annotated[str, Field(max_length=64)]


class Load(BaseModel):
    """How much at a time."""

    size: Annotated[int | None, Field(ge=1, le=100_000, description="Records of a slice")] = None
    slices: Annotated[int | None, Field(ge=1, le=1_000_000, description="Stop after so many")] = None


def _note(who: Caller, one: dict[str, Any], entity: str = "") -> RowNote:
    facts = who.rights.sight().facts(entity, one.get("facts") or {}, field=one.get("field") or "")
    what, then = spoken(one["code"], {"field": one.get("field", ""), **facts}, who.language)
    return RowNote(code=one["code"], field=one.get("field") or "", title=what, detail=then)


def _batch(tx: Tx, who: Caller, head: StoredBatch) -> Batch:
    names = ("id", "source", "target", "state", "author", "project_version", "created_at", "staged_at", "loaded_at",
             "verified_at", "ended_at", "plan_id")  # fmt: skip
    stopped = _note(who, head.note) if head.note else None
    return Batch(
        **{name: getattr(head, name) for name in names}, rows=batches.counts(tx, head.id), stopped=stopped
    )  # fmt: skip


@router.get("/migrations", openapi_extra=needs("migration.see"))
def list_batches(
    who: Who,
    state: Annotated[list[State] | None, Query()] = None,
    limit: Limit = 50,
    cursor: After = None,
) -> Page[Batch]:
    """Batches, the newest first."""
    cursors = Cursors(who.app.journal_key, "migrations", {"state": state})
    where = [batch.c.state.in_(state)] if state else []
    with who.look() as tx:
        rows = page(tx, batch, where, after=cursors.open(cursor), limit=limit + 1, columns=("id",))
        found = [one for row in rows if (one := batches.get(tx, row["id"])) is not None]
        items, following = cursors.page(found, limit, lambda b: b.id, lambda b: _batch(tx, who, b))
    return Page(items=items, next=following)


@router.post("/migrations", status_code=202, openapi_extra=needs("migration.run"))
def stage(asked: Stage, who: Who, response: Response) -> Job:
    """Read all records of one mapping into a new batch for another; a job. Nothing is written to a system."""
    project = who.hub().project
    given = {"source": mapping_named(project, asked.source), "target": mapping_named(project, asked.target)}
    return _begun(who, response, "migration.stage", given)


def _begun(who: Caller, response: Response, kind: str, given: dict[str, Any]) -> Job:
    made = who.ask(kind, given)
    response.headers["Location"] = f"/api/v1/jobs/{made['id']}"
    return shown(who, made)


def _known(tx: Tx, batch_id: str) -> StoredBatch:
    head = batches.get(tx, batch_id)
    if head is None:
        raise Missing("web.unknown", kind="migration", id=batch_id[:40])
    return head


@router.get("/migrations/{batch_id}", openapi_extra=needs("migration.see"))
def one_batch(batch_id: str, who: Who) -> Batch:
    """How a batch stands."""
    with who.look() as tx:
        return _batch(tx, who, _known(tx, batch_id))


@router.get("/migrations/{batch_id}/rows", openapi_extra=needs("migration.see"))
def rows(
    batch_id: str,
    who: Who,
    state: Annotated[list[RowState] | None, Query()] = None,
    limit: Limit = 50,
    cursor: After = None,
) -> Page[BatchRow]:
    """A batch record by record, with what is wrong with each. For who sees records of all organisations."""
    cursors = Cursors(who.app.journal_key, f"migrations/{batch_id}", {"state": state})
    after = cursors.open(cursor)
    if not everywhere(who.rights, "migration.see"):
        raise Denied("right.elsewhere", right="migration.see", who=who.name)
    project = who.front.project()
    with who.look() as tx:
        head = _known(tx, batch_id)
        found = batches.rows(tx, batch_id, state or (), after=-1 if after is None else after, limit=limit + 1)
    doc = project.mappings.get(head.source)

    def show(row: Row) -> BatchRow:
        sight = who.rights.sight()
        entity = "" if doc is None else doc.entity
        values = {} if doc is None else sight.record(doc, row.record.values)
        return BatchRow(
            seq=row.seq, organisation=row.record.organisation, record_id=row.record.id, state=row.state,
            title=sight.title(entity, row.title), reasons=[_note(who, one, entity) for one in row.reasons],
            values={name: value if value is None or isinstance(value, str | bool | list) else str(value)
                    for name, value in values.items()},
        )  # fmt: skip

    items, following = cursors.page(found, limit, lambda r: r.seq, show)
    return Page(items=items, next=following)


FORMS = {"csv": "text/csv; charset=utf-8", "xlsx": BOOK}


@router.get(
    "/migrations/{batch_id}/rejects",
    openapi_extra=needs("migration.see"),
    response_class=Response,
    responses={
        200: {
            "content": {media: {"schema": {"type": "string", "format": "binary"}} for media in FORMS.values()},
            "description": "One line for each reason",
        }
    },
)
def rejected(
    batch_id: str, who: Who, form: Annotated[Literal["csv", "xlsx"], Query(description="Kind of file")] = "xlsx"
) -> Response:
    """What could not be moved: record, field, reason, what to do; values as this caller may see them."""
    who.rights.require("record.export")
    if not everywhere(who.rights, "migration.see"):
        raise Denied("right.elsewhere", right="migration.see", who=who.name)
    with who.look() as tx:
        head = _known(tx, batch_id)
    doc = who.front.project().mappings.get(head.source)
    sight = who.rights.sight()

    def show(row: Row) -> Row:
        values = {} if doc is None else sight.record(doc, row.record.values)
        entity = "" if doc is None else doc.entity
        reasons = [{**one, "facts": sight.facts(entity, one.get("facts") or {}, field=one.get("field") or "")}
                   for one in row.reasons]  # fmt: skip
        return replace(row, record=row.record._replace(values=values), title=sight.title(entity, row.title),
                       reasons=reasons)  # fmt: skip

    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / f"rejects.{form}"
        lines = rejects.write(who.app.store, batch_id, path, who.language, show)
        data = path.read_bytes()
    with who.app.store.begin() as tx:
        journal.record(tx, who.app.journal_key, who.name, "migrate.rejects_exported", batch_id, {"lines": lines})
    name = {"Content-Disposition": f'attachment; filename="rejects-{batch_id}.{form}"'}
    return Response(data, media_type=FORMS[form], headers=name)


_FROM: dict[str, tuple[str, ...]] = {
    "check": ("staged", "checked"),
    "load": ("checked", "loading", "loaded"),
    "verify": ("loaded", "verified"),
    "undo": ("loading", "loaded", "verified", "undoing", "rolled_back"),
}
"""Step -> states in which it can begin."""


def _step(who: Caller, response: Response, batch_id: str, step: str, **more: Any) -> Job:
    with who.look() as tx:
        head = _known(tx, batch_id)
    if head.state not in _FROM[step]:
        raise Unsupported("migrate.state", id=batch_id, state=head.state, wanted=", ".join(_FROM[step]))
    return _begun(who, response, f"migration.{step}", {"batch": batch_id, **more})


@router.post("/migrations/{batch_id}/check", status_code=202, openapi_extra=needs("migration.run"))
def check(batch_id: str, who: Who, response: Response) -> Job:
    """Check every record under the mappings and the target's rules; a job."""
    return _step(who, response, batch_id, "check")


@router.post("/migrations/{batch_id}/load", status_code=202, openapi_extra=needs("migration.run"))
def load(batch_id: str, asked: Load, who: Who, response: Response) -> Job:
    """Load what was checked, slice by slice, or go on with a load that was cut off; a job."""
    return _step(who, response, batch_id, "load", **asked.model_dump())


@router.post("/migrations/{batch_id}/verify", status_code=202, openapi_extra=needs("migration.run"))
def verify(batch_id: str, who: Who, response: Response) -> Job:
    """Read both systems again and compare what was loaded, field by field; a job."""
    return _step(who, response, batch_id, "verify")


@router.post("/migrations/{batch_id}/undo", status_code=202, openapi_extra=needs("migration.undo"))
def undo(batch_id: str, who: Who, response: Response) -> Job:
    """Take back what a batch wrote; what somebody changed since stays and is listed; a job."""
    return _step(who, response, batch_id, "undo")
