"""The audit log: who decided what, and whether the chain is whole."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field

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
    broken_at: int | None = Field(description="The first row that does not fit")


Word = Annotated[str | None, Query(max_length=300)]


@router.get("/audit", openapi_extra=needs("audit.see"))
def search(
    who: Who,
    actor: Word = None,
    action: Annotated[list[str] | None, Query(description="'plan.' means all that begin so")] = None,
    object: Word = None,  # noqa: A002 - the word of the log
    request: Annotated[str | None, Query(max_length=64, description="The number of a request")] = None,
    words: Annotated[str | None, Query(max_length=200, description="All of these somewhere")] = None,
    since: Annotated[str | None, Query(max_length=40, description="At or after this instant (UTC)")] = None,
    until: Annotated[str | None, Query(max_length=40, description="Before this instant (UTC)")] = None,
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
    return Chain(whole=broken is None, broken_at=broken)
