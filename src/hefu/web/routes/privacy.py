"""Personal data: what is held about a person, erasures with their proofs, what for, how long histories are kept."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Response
from pydantic import BaseModel, Field

from hefu.app.privacy import held, lift, proof_of
from hefu.core.errors import Denied, Unsupported
from hefu.engine import plans
from hefu.engine.erasing import KIND
from hefu.insight.dossier import purposes
from hefu.store import erasures
from hefu.web.front import Caller, Who
from hefu.web.paging import After, Cursors, Limit, Page
from hefu.web.route import needs, resource
from hefu.web.routes.jobs import Job, shown
from hefu.web.shown import Seen, require_record

router = resource("privacy")

RecordIds = Annotated[list[Annotated[str, Field(max_length=40)]], Field(min_length=1, max_length=50)]


class Purpose(BaseModel):
    """Which personal data goes by a flow, and what for."""

    flow: str
    title: dict[str, str]
    purpose: str = Field(description="Empty: the project does not say")
    entity: str
    systems: list[str]
    fields: dict[str, list[str]] = Field(description="Class of personal data -> fields")


class Purposes(BaseModel):
    """The record of processing."""

    items: list[Purpose]


class About(BaseModel):
    """Whose data."""

    records: RecordIds = Field(description="One-IDs of the person's records")


class Held(BaseModel):
    """Everything that both systems and the hub hold, as the caller may see it."""

    made_at: str
    subject: list[dict[str, Any]] = Field(description="Agreed values and, system by system, what is held now")
    changes: list[dict[str, Any]]
    deliveries: list[dict[str, Any]]
    cases: list[dict[str, Any]]
    plans: list[dict[str, Any]]
    migrations: list[dict[str, Any]]
    differences: list[dict[str, Any]]
    quoted: list[dict[str, Any]] = Field(description="Other rows of the hub that quote them, by table and number")
    audit: list[dict[str, Any]]
    elsewhere: list[dict[str, Any]] = Field(description="Other records with the same values: perhaps theirs, too")
    purposes: list[Purpose]
    erasures: list[dict[str, Any]]


class Erase(About):
    """What to erase."""

    how: Literal["blank", "delete"] = "blank"
    classes: Annotated[list[Literal["contact", "identity", "financial", "sensitive"]], Field(max_length=4)] = []
    fields: Annotated[list[Annotated[str, Field(max_length=200)]], Field(max_length=100)] = []
    reason: Annotated[str, Field(max_length=2000)] = ""


class Outcome(BaseModel):
    """What became of one record."""

    connection: str
    object: str
    organisation: str
    record_id: str | None
    outcome: Literal["blanked", "deleted", "left", "none"]
    fields: list[str] = Field(description="What the system still holds")
    why: str | None = None


class Erasure(BaseModel):
    """The proof of an erasure; it holds no values."""

    id: str
    plan_id: str
    at: str
    author: str
    approver: str
    by: str
    reason: str
    subject: dict[str, str] = Field(description="One-ID -> entity")
    fields: dict[str, list[str]]
    systems: list[Outcome]
    copies: dict[str, int] = Field(description="Table of the hub -> rows that were blanked")
    marks: dict[str, list[str]] = Field(description="Field -> keyed hashes of the values that were erased")
    complete: bool = Field(description="No system holds any of it")
    mac: str
    whole: bool = Field(description="As this hub wrote it")


class Lift(BaseModel):
    """Why what was kept out may come again."""

    reason: Annotated[str, Field(min_length=1, max_length=2000)]


class Lifted(BaseModel):
    """How many marks were lifted."""

    marks: int


def _erasure(who: Caller, proof: erasures.Proof) -> Erasure:
    values = {name: getattr(proof, name) for name in erasures.Proof.__slots__}
    return Erasure(**values, whole=erasures.whole(who.app.journal_key, proof))


@router.get("/privacy/purposes", openapi_extra=needs("privacy.see"))
def list_purposes(who: Who) -> Purposes:
    """Which personal data goes by which flow, and what for: the record of processing."""
    return Purposes(items=[Purpose(**one) for one in purposes(who.hub().project)])


@router.post("/privacy/exports", openapi_extra=needs("privacy.export", keeps=False))
def export(asked: About, who: Who) -> Held:
    """Everything that both systems and the hub hold about a person, as the caller may see it; audited."""
    with who.look() as tx:
        for one in asked.records:
            require_record(tx, who.rights, "privacy.export", one)
    unmask = who.rights.may("record.unmask")
    found = held(
        who.hub(), asked.records, who.name, lambda tx: Seen(tx, who.rights, asked.records, unmask=unmask).sight
    )
    return Held(**found)


@router.post("/privacy/erasures", status_code=202, openapi_extra=needs("privacy.erase"))
def erase(asked: Erase, who: Who, response: Response) -> Job:
    """Plan to erase a person in both systems and the hub; a job whose result names the plan to approve and apply."""
    made = who.ask("privacy.erase", asked.model_dump())
    response.headers["Location"] = f"/api/v1/jobs/{made['id']}"
    return shown(who, made)


@router.post("/privacy/erasure-plans/{plan_id}/apply", status_code=202, openapi_extra=needs("privacy.erase"))
def apply(plan_id: str, who: Who, response: Response) -> Job:
    """Carry out an erasure that was approved; a job. Plans of any other kind are not applied here."""
    with who.look() as tx:
        made = plans.known(tx, plan_id)
    if made.kind != KIND:
        raise Unsupported("plan.unknown", id=plan_id)
    if made.state == "draft":
        raise Denied("plan.not_approved", id=plan_id)
    begun = who.ask("plan.apply", {"plan": plan_id})
    response.headers["Location"] = f"/api/v1/jobs/{begun['id']}"
    return shown(who, begun)


@router.get("/privacy/erasures", openapi_extra=needs("privacy.see"))
def list_erasures(who: Who, limit: Limit = 50, cursor: After = None) -> Page[Erasure]:
    """Proofs of erasures, the newest first."""
    cursors = Cursors(who.app.journal_key, "privacy/erasures", {})
    with who.look() as tx:
        found = erasures.listed(tx, after=cursors.open(cursor), limit=limit + 1)
    items, following = cursors.page(found, limit, lambda p: p.id, lambda p: _erasure(who, p))
    return Page(items=items, next=following)


@router.get("/privacy/erasures/{erasure_id}", openapi_extra=needs("privacy.see"))
def one_erasure(erasure_id: str, who: Who) -> Erasure:
    """One proof, and whether it is as this hub wrote it."""
    with who.look() as tx:
        return _erasure(who, proof_of(tx, who.app.journal_key, erasure_id)[0])


@router.post("/privacy/erasures/{erasure_id}/lift", openapi_extra=needs("privacy.erase"))
def lift_erasure(erasure_id: str, asked: Lift, who: Who) -> Lifted:
    """What it keeps out may come again, since the person asked for it; audited."""
    return Lifted(marks=lift(who.hub(), erasure_id, who.name, asked.reason))


@router.post("/privacy/retention", status_code=202, openapi_extra=needs("privacy.erase"))
def retain(who: Who, response: Response) -> Job:
    """Take out now what is older than privacy.yaml says it is kept; a job."""
    if who.hub().project.privacy is None:
        raise Unsupported("privacy.no_rule")
    made = who.ask("privacy.retain", {})
    response.headers["Location"] = f"/api/v1/jobs/{made['id']}"
    return shown(who, made)
