"""The audit log: who decided what, and whether the chain is whole."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field
from starlette.background import BackgroundTask
from starlette.responses import FileResponse

from hefu.store import journal as chain
from hefu.web.front import Who
from hefu.web.paging import After, Cursors, Limit, Page
from hefu.web.route import needs, resource

router = resource("audit")


class AuditEntry(BaseModel):
    """One row of the log."""

    seq: int
    at: str
    actor: str
    action: str = Field(examples=["plan.approved"])
    object: str
    detail: Any
    request: str | None = Field(description="The number of the request in which it was done")
    mac: str = Field(description="Chained: HMAC-SHA256 over the row and the mac before it")


class Chain(BaseModel):
    """Whether the log is whole."""

    whole: bool
    rows: int
    broken_at: int | None = Field(description="The first row that does not fit")
    altered_write: str | None = Field(description="A write to a system whose history says something else than the log")
    anchor: str = Field(description="Where the chain stands now, as a line to keep where the hub cannot reach")


Word = Annotated[str | None, Query(max_length=300)]
Actions = Annotated[list[str] | None, Query(description="'plan.' means all that begin so")]
RequestNumber = Annotated[str | None, Query(max_length=64, description="The number of a request")]
Words = Annotated[str | None, Query(max_length=200, description="All of these somewhere")]
Since = Annotated[str | None, Query(max_length=40, description="At or after this instant (UTC)")]
Until = Annotated[str | None, Query(max_length=40, description="Before this instant (UTC)")]
LINES = "application/jsonl"


@router.get("/audit", openapi_extra=needs("audit.see"))
def search(
    who: Who,
    actor: Word = None,
    action: Actions = None,
    object: Word = None,  # noqa: A002 - the word of the log
    request: RequestNumber = None,
    words: Words = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    cursor: After = None,
) -> Page[AuditEntry]:
    """The log, the newest first."""
    asked = chain.Asked(actor, tuple(action or ()), object, request, since, until, words)
    cursors = Cursors(who.app.journal_key, "audit", asked._asdict())
    with who.look() as tx:
        rows = chain.search(tx, asked, before=cursors.open(cursor), limit=limit + 1)
    items, following = cursors.page(rows, limit, lambda r: r["seq"], _entry)
    return Page(items=items, next=following)


def _entry(row: dict[str, Any]) -> AuditEntry:
    return AuditEntry(**{name: row[name] for name in AuditEntry.model_fields})


@router.post("/audit/verify", openapi_extra=needs("audit.verify"))
def verify(who: Who) -> Chain:
    """Follow the chain from its beginning."""
    with who.look() as tx:
        broken = chain.verify(tx, who.app.journal_key)
        write = chain.altered_write(tx) if broken is None else None
        at = chain.anchor(tx)
    return Chain(
        whole=broken is None and write is None, rows=at.seq, broken_at=broken, altered_write=write,
        anchor=chain.anchor_line(at).strip(),
    )  # fmt: skip


@router.get(
    "/audit/export",
    openapi_extra=needs("audit.export"),
    response_class=FileResponse,
    responses={
        200: {"content": {LINES: {"schema": {"type": "string", "format": "binary"}}}, "description": "JSON lines"}
    },
)
def export(
    who: Who,
    actor: Word = None,
    action: Actions = None,
    object: Word = None,  # noqa: A002 - the word of the log
    request: RequestNumber = None,
    words: Words = None,
    since: Since = None,
    until: Until = None,
) -> FileResponse:
    """Take out what fits, one line of JSON a row, the oldest first, with its seals; that is a row of the log, too."""
    asked = chain.Asked(actor, tuple(action or ()), object, request, since, until, words)
    handle, path = tempfile.mkstemp()
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file, who.look() as tx:
            rows = 0
            for line in chain.export(tx, asked):
                rows += file.write(line) > 0
        with who.app.store.begin() as tx:
            chain.record(tx, who.app.journal_key, who.name, "audit.exported", "audit.jsonl", {"rows": rows})
    except BaseException:
        Path(path).unlink()
        raise
    return FileResponse(path, media_type=LINES, filename="audit.jsonl", background=BackgroundTask(os.unlink, path))
