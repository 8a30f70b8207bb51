"""Reconciliation: do the two books agree, in counts and in money; what differs, why, and who accepted it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Query, Response
from pydantic import BaseModel, Field
from sqlalchemy import ColumnElement

from hefu.app.proof import kept_outcome, scope_of, signed_report
from hefu.core.errors import Denied, Missing
from hefu.core.reconcile import EXPLAINED, Kind
from hefu.core.words.reconcile import KINDS, WHY
from hefu.store import journal, proofs
from hefu.store.db import Tx, from_json
from hefu.store.listing import page
from hefu.store.tables import difference, proof
from hefu.web.front import Caller, Who
from hefu.web.paging import After, Cursors, Limit, Page
from hefu.web.route import needs, resource
from hefu.web.routes.jobs import Job, shown
from hefu.web.shown import Seen, everywhere, visible

router = resource("reconciliation")


class Run(BaseModel):
    """What to compare, and how."""

    mappings: list[Annotated[str, Field(max_length=64)]] = Field([], max_length=200, description="Empty: all")
    sample: Annotated[int | None, Field(ge=1, le=1_000_000, description="So many linked records by chance")] = None
    since: Annotated[str | None, Field(max_length=40, examples=["2026-03-01", "1d"])] = None
    until: Annotated[str | None, Field(max_length=40)] = None
    on: Annotated[str | None, Field(max_length=64, description="With since: by this field")] = None
    how: Literal["auto", "join", "walk", "read"] = "auto"
    workers: Annotated[int, Field(ge=1, le=64)] = 1
    period: Literal["month", "quarter", "year"] = "month"
    plan: bool = Field(False, description="Keep what would repair the differences as a plan")


class ReconciliationHead(BaseModel):
    """A reconciliation in a list."""

    id: str
    author: str
    began_at: str
    ended_at: str
    project_version: int
    unexplained: int = Field(description="The headline: differences that nothing explains")
    found: int = Field(description="Differences that are kept in full")
    plan_id: str | None


class Section(BaseModel):
    """One object of two systems, compared: left and right count records; pairs = equal + differing."""

    entity: str
    left: str
    right: str
    how: str
    fields: list[str]
    counts: dict[str, int]
    classes: dict[str, int] = Field(description="kind of difference -> how many")
    unexplained: int


class Reconciliation(ReconciliationHead):
    """The matrix, and the money."""

    asked: dict[str, Any]
    sections: list[Section]
    accepted: int
    totals: list[dict[str, Any]] = Field(description="Per currency and measure: both sums, and how many disagree")
    balances: list[dict[str, Any]] = Field(description="Per customer, currency and period, where they disagree")
    open_identity: list[dict[str, Any]] = Field(description="invoiced - collected against what invoices say is open")


class Difference(BaseModel):
    """One difference, with its reason."""

    seq: int
    kind: str
    kind_title: str
    why: str
    why_title: str
    explained: bool
    entity: str
    golden_id: str | None
    title: str
    left_id: str | None
    right_id: str | None
    field: str = Field(description="Empty: the record as a whole")
    left: Any
    right: Any
    repairable: bool
    accepted_at: str | None
    accepted_by: str | None
    reason: str | None


class Accept(BaseModel):
    """Differences that are as they should be, and why."""

    differences: Annotated[list[Annotated[int, Field(ge=0)]], Field(min_length=1, max_length=1000)]
    reason: Annotated[str, Field(min_length=1, max_length=2000)]


class Accepted(BaseModel):
    """How many were not accepted before."""

    accepted: int


_HEAD = tuple(ReconciliationHead.model_fields)


def _head(row: Any) -> ReconciliationHead:
    return ReconciliationHead(**{name: row[name] for name in _HEAD})


@router.get("/reconciliations", openapi_extra=needs("reconciliation.see"))
def list_reconciliations(who: Who, limit: Limit = 50, cursor: After = None) -> Page[ReconciliationHead]:
    """Reconciliations, the newest first."""
    cursors = Cursors(who.app.journal_key, "reconciliations", {})
    with who.look() as tx:
        rows = page(tx, proof, [], after=cursors.open(cursor), limit=limit + 1, columns=_HEAD)
    items, following = cursors.page(rows, limit, lambda r: r["id"], _head)
    return Page(items=items, next=following)


@router.post("/reconciliations", status_code=202, openapi_extra=needs("reconciliation.run"))
def run(asked: Run, who: Who, response: Response) -> Job:
    """Read both systems again and compare every field; a job. Nothing is written to them."""
    given = asked.model_dump()
    plain = {name: value for name, value in given.items() if name != "plan"}
    scope_of(who.app, **plain)
    if asked.plan:
        who.rights.require("plan.make")
    made = who.ask("reconciliation.run", given)
    response.headers["Location"] = f"/api/v1/jobs/{made['id']}"
    return shown(who, made)


def _known(tx: Tx, proof_id: str) -> dict[str, Any]:
    row = proofs.get(tx, proof_id)
    if row is None:
        raise Missing("web.unknown", kind="reconciliation", id=proof_id[:40])
    return row


@router.get("/reconciliations/{proof_id}", openapi_extra=needs("reconciliation.see"))
def one_reconciliation(proof_id: str, who: Who) -> Reconciliation:
    """The result matrix and the money. Sums per customer are for who sees all amounts and customers."""
    with who.look() as tx:
        row = _known(tx, proof_id)
        accepted = proofs.accepted(tx, proof_id)
    money = row["money"] if _sees_money(who) else {"totals": [], "balances": [], "open_identity": [], "customers": {}}
    names = money.get("customers", {})
    balances = [{**one, "customer_title": names.get(one.get("customer"), "")} for one in money["balances"]]
    return Reconciliation(
        **_head(row).model_dump(), asked=row["asked"], sections=[Section(**s) for s in row["sections"]],
        accepted=accepted, totals=money["totals"], balances=balances, open_identity=money["open_identity"],
    )  # fmt: skip


def _sees_money(who: Caller) -> bool:
    """Sums show amounts of everybody: without limits, and with all fields of the documents that they come from."""
    sight = who.rights.sight()
    documents = ("customer", "sales_order", "invoice", "receipt", "credit_memo")
    return everywhere(who.rights, "reconciliation.see") and all(sight.full(name) for name in documents)


FORMS = {
    "html": "text/html; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "pdf": "application/pdf",
}


@router.get(
    "/reconciliations/{proof_id}/report",
    openapi_extra=needs("reconciliation.sign"),
    response_class=Response,
    responses={
        200: {
            "content": {media: {"schema": {"type": "string", "format": "binary"}} for media in FORMS.values()},
            "description": "The signed report",
        }
    },
)
def report(
    proof_id: str, who: Who, form: Annotated[Literal["html", "xlsx", "pdf"], Query(description="Kind of file")] = "html"
) -> Response:
    """The report for people, signed by the hub; 'hefu reconcile verify' finds any change. For who sees all of it."""
    who.rights.require("report.export")
    hub = who.hub()
    sight = who.rights.sight()
    outcome = kept_outcome(who.app, hub.project, proof_id)
    if not _sees_money(who) or not all(sight.full(section.entity) for section in outcome.sections):
        raise Denied("right.elsewhere", right="reconciliation.sign", who=who.name)
    data = signed_report(who.app, outcome, f".{form}", who.name, who.language, who.t)
    name = {"Content-Disposition": f'attachment; filename="reconciliation-{proof_id}.{form}"'}
    return Response(data, media_type=FORMS[form], headers=name)


@router.get("/reconciliations/{proof_id}/differences", openapi_extra=needs("reconciliation.see"))
def differences(
    proof_id: str,
    who: Who,
    kind: Annotated[list[Kind] | None, Query()] = None,
    entity: Annotated[str | None, Query(max_length=64)] = None,
    field: Annotated[str | None, Query(max_length=200)] = None,
    accepted: Annotated[bool | None, Query()] = None,
    explained: Annotated[bool | None, Query(description="false: only those that nothing explains")] = None,
    limit: Limit = 50,
    cursor: After = None,
) -> Page[Difference]:
    """What differs, field by field, with the reason; of records that may be seen."""
    filters = {"kind": kind, "entity": entity, "field": field, "accepted": accepted, "explained": explained}
    cursors = Cursors(who.app.journal_key, f"reconciliations/{proof_id}", filters)
    where: list[ColumnElement[bool]] = [difference.c.proof_id == proof_id]
    where += [difference.c.kind.in_([k.value for k in kind])] if kind else []
    where += [difference.c.entity == entity] if entity is not None else []
    if field is not None:
        if entity is not None:
            who.rights.require_fields(entity, [field.partition("[")[0]])
        where.append(difference.c.field == field)
    if accepted is not None:
        where.append(difference.c.accepted_at.is_not(None) if accepted else difference.c.accepted_at.is_(None))
    if explained is not None:
        told = [k.value for k in EXPLAINED]
        where.append(difference.c.kind.in_(told) if explained else difference.c.kind.not_in(told))
    with who.look() as tx:
        _known(tx, proof_id)
        where += visible(tx, who.rights, "reconciliation.see", difference.c.golden_id)
        after = cursors.open(cursor)
        rows = page(tx, difference, where, key="seq", after=after, limit=limit + 1, descending=False)
        seen = Seen(tx, who.rights, [row["golden_id"] for row in rows])
    items, following = cursors.page(rows, limit, lambda r: r["seq"], lambda r: _difference(who, seen, r))
    return Page(items=items, next=following)


def _difference(who: Caller, seen: Seen, row: dict[str, Any]) -> Difference:
    sight, one = seen.sight(row["golden_id"]), seen.golden.get(row["golden_id"] or "")
    entity, sides = row["entity"], from_json(row["sides"])
    if row["field"]:
        left, right = sight.moved(entity, {row["field"]: sides}).get(row["field"], [None, None])
    else:
        left, right = (sight.values(entity, one) if isinstance(one, dict) else None for one in sides)
    names = ("seq", "kind", "why", "entity", "golden_id", "left_id", "right_id", "field", "accepted_at", "accepted_by",
             "reason")  # fmt: skip
    return Difference(
        **{name: row[name] for name in names}, kind_title=who.t(*KINDS[Kind(row["kind"])]),
        why_title=who.t(*WHY[row["why"]]), explained=Kind(row["kind"]) in EXPLAINED, left=left, right=right,
        title=sight.title(entity, row["title"], one.fields if one is not None else None),
        repairable=bool(row["repairable"]),
    )  # fmt: skip


@router.post("/reconciliations/{proof_id}/accept", openapi_extra=needs("reconciliation.accept"))
def accept(proof_id: str, asked: Accept, who: Who) -> Accepted:
    """Say that differences are as they should be, and why; the audit log keeps it."""
    with who.app.store.begin() as tx:
        _known(tx, proof_id)
        scope = visible(tx, who.rights, "reconciliation.accept", difference.c.golden_id)
        mine = [difference.c.proof_id == proof_id, difference.c.seq.in_(asked.differences), *scope]
        seen = [row["seq"] for row in page(tx, difference, mine, key="seq", limit=1000, columns=("seq",))]
        done = proofs.accept(tx, proof_id, seen, who.name, asked.reason)
        detail = {"differences": seen, "reason": asked.reason}
        journal.record(tx, who.app.journal_key, who.name, "difference.accepted", proof_id, detail)
    return Accepted(accepted=done)
