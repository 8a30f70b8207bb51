"""The cockpit's figures: is everything in step, and what does it cost if not."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import Query
from pydantic import BaseModel, Field
from sqlalchemy import select

from hefu.insight.standing import flow_states, lines
from hefu.store import issues, proofs, runs
from hefu.store.golden import count_links
from hefu.store.listing import page
from hefu.store.tables import golden, issue, proof
from hefu.web.front import Who
from hefu.web.route import needs, resource
from hefu.web.routes.flows import Pause, paused
from hefu.web.shown import visible

router = resource("cockpit")


class Agreement(BaseModel):
    """The last reconciliation, in short."""

    id: str
    ended_at: str
    unexplained: int


class FlowLine(BaseModel):
    """One flow in the strip."""

    flow: str
    title: dict[str, str]
    state: str
    due: int
    lag_seconds: float | None


class Cockpit(BaseModel):
    """The figures of now. Each is the length of a list that the API gives in full."""

    at: str
    project_version: int
    in_step: bool = Field(description="Every enabled flow is, and nothing is stopped")
    flows: list[FlowLine]
    oldest_due_seconds: float | None = Field(description="The oldest change that a system has not been told of")
    due: int
    issues: dict[str, int] = Field(description="kind -> open issues, of records that may be seen")
    unassigned: int
    disputed: int = Field(description="Records with fields that wait for a person")
    paused: list[Pause]
    connections: dict[str, str] = Field(description="connection -> up or paused")
    records: int = Field(description="Records in all systems that the hub knows")
    agreement: Agreement | None


class Day(BaseModel):
    """One day (UTC)."""

    day: str
    rounds: int
    failed: int
    written: dict[str, int] = Field(description="created, updated, deleted, steps, refused ...")


class Days(BaseModel):
    """Day by day, the oldest first; days without work are left out."""

    items: list[Day]


@router.get("/cockpit", openapi_extra=needs("cockpit.see"))
def cockpit(who: Who) -> Cockpit:
    """How everything stands, in figures."""
    project = who.front.project()
    with who.look() as tx:
        flows = flow_states(tx, project)
        stopped = runs.paused(tx)
        here = [issue.c.state == "open", *visible(tx, who.rights, "issue.see", issue.c.golden_id)]
        groups = issues.causes(tx, here)
        unassigned = sum(row["count"] for row in issues.causes(tx, [*here, issue.c.assignee.is_(None)]))
        torn = [golden.c.disputed.is_not(None), *visible(tx, who.rights, "record.see", golden.c.id)]
        disputed = len(tx.run(select(golden.c.id).where(*torn).limit(100_000)).all())
        counts = count_links(tx)
        last = page(tx, proof, [], limit=1)
        now = tx.now()
    kinds: dict[str, int] = {}
    for row in groups:
        kinds[row["kind"]] = kinds.get(row["kind"], 0) + row["count"]
    lags = [row["lag_seconds"] for row in flows if row["lag_seconds"] is not None]
    halted = {scope.partition(":")[2] for scope in stopped if scope.startswith("connection:")}
    agreement = proofs.unpacked(last[0]) if last and who.rights.may("reconciliation.see") else None
    return Cockpit(
        at=now,
        project_version=project.version,
        in_step=not stopped and all(row["state"] in ("in_step", "off") for row in flows),
        flows=[FlowLine(**{name: row[name] for name in FlowLine.model_fields}) for row in flows],
        oldest_due_seconds=max(lags, default=None),
        due=sum(row["due"] for row in flows),
        issues=kinds,
        unassigned=unassigned,
        disputed=disputed,
        paused=[paused(who, scope, dict(row)) for scope, row in sorted(stopped.items())],
        connections={name: "paused" if name in halted else "up" for name in sorted(project.connections)},
        records=sum(sum(states.values()) for states in counts.values()),
        agreement=None if agreement is None else Agreement(**_short(agreement)),
    )


def _short(row: dict[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in Agreement.model_fields}


@router.get("/cockpit/days", openapi_extra=needs("cockpit.see"))
def days(who: Who, number: Annotated[int, Query(alias="days", ge=1, le=366)] = 30) -> Days:
    """Rounds, failures and writes day by day, for the lines."""
    with who.look() as tx:
        found = lines(tx, number)
    items = []
    for row in found:
        written = {name.partition(".")[2]: count for name, count in row.items() if name.startswith("written.")}
        items.append(Day(day=row["day"], rounds=row.get("rounds", 0), failed=row.get("failed", 0), written=written))
    return Days(items=items)
