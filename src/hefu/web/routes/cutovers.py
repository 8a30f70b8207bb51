"""Cutovers: runbooks, rehearsed on the sandbox or carried out for real; steps, the decision, and the way back."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Path, Response
from pydantic import BaseModel, Field

from hefu.app.rehearsal import sandboxed
from hefu.core import cutover as rules
from hefu.core.errors import Unsupported
from hefu.core.words import spoken
from hefu.engine import cutover
from hefu.engine.cutover import Mode, Standing
from hefu.store.cutovers import StepRow
from hefu.web.front import Caller, Who
from hefu.web.route import needs, resource
from hefu.web.routes.jobs import Job, shown

router = resource("cutovers")

Name = Annotated[str, Path(max_length=64)]
Reason = Annotated[str, Field(max_length=2000)]


class CutoverStep(BaseModel):
    """One step on its way there or back."""

    step: str
    title: dict[str, str]
    owner: str
    way: Literal["there", "back"]
    state: Literal["waiting", "running", "passed", "failed", "skipped"]
    due: bool
    signs: bool = Field(description="A person says that it is done; else the hub looks itself")
    must: bool = Field(description="Without it there is no go")
    begins_seconds: float | None = Field(description="Planned, from the beginning of the whole")
    lasts_seconds: float
    late_seconds: float | None
    started_at: str | None
    ended_at: str | None
    signed_by: str | None
    said: str = Field(description="What its check saw")
    note: str


class Readiness(BaseModel):
    """The score: of 100 points, of the steps that stand before the decision."""

    points: int
    threshold: int
    go: bool = Field(description="What the hub says")
    missing: list[str] = Field(description="Steps without which there is no go")


class CutoverStanding(BaseModel):
    """How a cutover, or its rehearsal, stands."""

    cutover: str
    mode: Literal["rehearsal", "real"]
    state: Literal["running", "go", "no_go", "switching_back", "switched_back", "done"]
    started_at: str
    started_by: str
    decided_at: str | None
    decided_by: str | None
    reason: str = Field(description="Given with the decision")
    ended_at: str | None
    score: Readiness
    decidable: bool = Field(description="The decision can be taken now")
    steps: list[CutoverStep]


class Runbook(BaseModel):
    """A runbook of the project."""

    cutover: str
    title: dict[str, str]
    start: str | None = Field(description="Planned beginning")
    steps: int
    lasts_seconds: float = Field(description="When nothing is late")
    threshold: int
    rehearsable: bool = Field(description="Every connection in use has the settings of a sandbox")


class Cutovers(BaseModel):
    """Runbooks, and how the newest rehearsal and the newest cutover stand."""

    items: list[Runbook]
    rehearsal: CutoverStanding | None
    real: CutoverStanding | None


class Begin(BaseModel):
    """On the sandbox, or for real."""

    mode: Literal["rehearsal", "real"]


class Take(BaseModel):
    """look: the hub does and checks its part; else what a person says, with a note for failed and skip."""

    verdict: Literal["look", "done", "failed", "skip"] = "look"
    note: Reason = ""


class Decision(BaseModel):
    """Go or no-go; against the score only with a reason."""

    go: bool
    reason: Reason = ""


class Back(BaseModel):
    """Why."""

    reason: Annotated[str, Field(min_length=1, max_length=2000)]


class CarryOut(BaseModel):
    """Whether what people confirm is signed by whoever asks: it is a rehearsal."""

    sign: bool = False


@router.get("/cutovers", openapi_extra=needs("cutover.see"))
def list_cutovers(who: Who) -> Cutovers:
    """Runbooks, and how the newest rehearsal and the newest cutover stand."""
    return Cutovers(
        items=[_runbook(who, name) for name in sorted(who.front.project().cutovers)],
        rehearsal=_newest(who, "rehearsal"),
        real=_newest(who, "real"),
    )


def _runbook(who: Caller, name: str) -> Runbook:
    project = who.front.project()
    doc = project.cutovers[name]
    try:
        sandboxed(project, doc)
        rehearsable = True
    except Unsupported:
        rehearsable = False
    return Runbook(
        cutover=name, title=dict(doc.title), start=None if doc.start is None else doc.start.isoformat(),
        steps=len(doc.steps), lasts_seconds=rules.total(doc).total_seconds(), threshold=doc.threshold,
        rehearsable=rehearsable,
    )  # fmt: skip


def _newest(who: Caller, mode: Mode) -> CutoverStanding | None:
    try:
        return _shown(who, cutover.standing(who.hub(), mode, ended=True))
    except Unsupported as error:
        if error.code in ("cutover.none", "store.no_project"):
            return None
        raise


def _shown(who: Caller, now: Standing) -> CutoverStanding:
    begun, found = now.started, now.score
    decidable = begun.state in ("running", "no_go") and not now.due
    return CutoverStanding(
        cutover=begun.name, mode=begun.mode, state=begun.state, started_at=begun.started_at,
        started_by=begun.started_by, decided_at=begun.decided_at, decided_by=begun.decided_by,
        reason=(begun.decision or {}).get("reason", ""), ended_at=begun.ended_at, decidable=decidable,
        score=Readiness(points=found.points, threshold=found.threshold, go=found.go, missing=list(found.missing)),
        steps=[_step(who, now, row) for row in now.steps],
    )  # fmt: skip


def _step(who: Caller, now: Standing, row: StepRow) -> CutoverStep:
    doc = next((one for one in now.doc.steps if one.step == row.name), None)
    part: Any = doc if row.way == "there" or doc is None else doc.back
    planned = rules.schedule(now.doc).get(row.name) if row.way == "there" else None
    late = now.late.get(row.name) if row.way == "there" else None
    seen = row.finding or {}
    said = ""
    if seen.get("code"):
        what, then = spoken(seen["code"], who.rights.sight().facts("", seen["facts"]), who.language)
        said = f"{what} {then}" if row.state == "failed" else what
    return CutoverStep(
        step=row.name, title=dict(part.title if part is not None and part.title else doc.title if doc else {}),
        owner=doc.owner if doc is not None else "", way=row.way, state=row.state,
        due=row.name in now.due and (row.way == "back") == (now.started.state == "switching_back"),
        signs=part is not None and part.check.kind == "confirm", must=row.way == "there" and bool(doc and doc.must),
        begins_seconds=None if planned is None else planned[0].total_seconds(),
        lasts_seconds=0 if part is None else part.lasts.total_seconds(),
        late_seconds=None if late is None else late.total_seconds(),
        started_at=row.started_at, ended_at=row.ended_at, signed_by=row.signed_by, said=said, note=seen.get("note", ""),
    )  # fmt: skip


@router.post("/cutovers/{cutover}/start", status_code=201, openapi_extra=needs("cutover.run"))
def start(name: Annotated[str, Path(alias="cutover", max_length=64)], asked: Begin, who: Who) -> CutoverStanding:
    """Begin a rehearsal on the sandbox, or the cutover for real; its steps are taken one by one."""
    hub = who.hub()
    doc = hub.project.cutovers.get(name)
    if asked.mode == "rehearsal" and doc is not None:
        sandboxed(hub.project, doc)
    cutover.start(hub, name, asked.mode, who.name)
    return _now(who, asked.mode)


def _now(who: Caller, mode: Mode) -> CutoverStanding:
    return _shown(who, cutover.standing(who.hub(), mode, ended=True))


def _asked(who: Caller, response: Response, kind: str, given: dict[str, Any]) -> Job:
    made = who.ask(kind, given)
    response.headers["Location"] = f"/api/v1/jobs/{made['id']}"
    return shown(who, made)


@router.post("/cutovers/rehearsal/carry-out", status_code=202, openapi_extra=needs("cutover.run"))
def carry_out(asked: CarryOut, who: Who, response: Response) -> Job:
    """Take every step of the rehearsal that is due, until one fails or waits for a person; a job."""
    if asked.sign:
        who.rights.require("cutover.sign")
    cutover.standing(who.hub(), "rehearsal")
    return _asked(who, response, "cutover.rehearse", {"sign": asked.sign})


@router.post("/cutovers/{mode}/steps/{step}", status_code=202, openapi_extra=needs("cutover.run"))
def take(mode: Mode, step: Name, asked: Take, who: Who, response: Response) -> Job:
    """Take a step: the hub does and checks its part, a person signs the rest; a job."""
    if asked.verdict != "look":
        who.rights.require("cutover.sign")
    cutover.standing(who.hub(), mode)
    return _asked(who, response, "cutover.step", {"mode": mode, "step": step, **asked.model_dump()})


@router.post("/cutovers/{mode}/decide", openapi_extra=needs("cutover.sign"))
def decide(mode: Mode, asked: Decision, who: Who) -> CutoverStanding:
    """Go or no-go, by a named person; the score is kept beside it."""
    return _shown(who, cutover.decide(who.hub(), mode, who.name, go=asked.go, reason=asked.reason))


@router.post("/cutovers/{mode}/switch-back", openapi_extra=needs("cutover.sign"))
def switch_back(mode: Mode, asked: Back, who: Who) -> CutoverStanding:
    """Begin the way back: what was typed since is merged first, then the steps are taken back, the last first."""
    return _shown(who, cutover.switch_back(who.hub(), mode, who.name, asked.reason))
