"""Cutovers as they are kept: the runbook as it was when it began, its steps there and back, and the decision."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from hefu.core.project import Cutover
from hefu.store.db import Tx, decoded, from_json, to_json
from hefu.store.tables import cutover, cutover_step

OPEN = ("running", "go", "no_go", "switching_back")
"""States of a cutover that goes on."""


@dataclass(slots=True)
class Started:
    """A cutover that has begun. Instants are UTC text as stored; `decision`: points, threshold, missing, reason."""

    id: str
    name: str
    mode: str
    state: str
    document: Cutover
    project_version: int
    started_at: str
    started_by: str
    decided_at: str | None = None
    decided_by: str | None = None
    decision: Any = None
    ended_at: str | None = None


@dataclass(slots=True)
class StepRow:
    """One step on its way there or back."""

    id: str
    seq: int
    name: str
    way: str
    state: str = "waiting"
    started_at: str | None = None
    ended_at: str | None = None
    signed_by: str | None = None
    finding: Any = None


def start(tx: Tx, made: Started, steps: Sequence[StepRow]) -> None:
    """Keep a cutover that begins."""
    tx.run(
        cutover.insert().values(
            id=made.id, name=made.name, mode=made.mode, state=made.state, document=to_json(plain(made.document)),
            project_version=made.project_version, started_at=made.started_at, started_by=made.started_by,
        )
    )  # fmt: skip
    add_steps(tx, made.id, steps)


def plain(document: Cutover) -> dict[str, Any]:
    """A runbook as JSON that `Cutover` reads back."""
    return document.model_dump(mode="json", exclude_unset=True)


def add_steps(tx: Tx, cutover_id: str, steps: Sequence[StepRow]) -> None:
    """More steps: the way back is added when it is taken."""
    columns = ("id", "cutover_id", "seq", "name", "way", "state")
    tx.insert(cutover_step, columns, [(s.id, cutover_id, s.seq, s.name, s.way, s.state) for s in steps])


def current(tx: Tx, mode: str, *, lock: bool = False) -> Started | None:
    """The cutover of this mode that is under way."""
    statement = select(cutover).where(cutover.c.mode == mode, cutover.c.state.in_(OPEN)).order_by(cutover.c.id.desc())
    row = tx.run(statement.with_for_update() if lock and tx.postgresql else statement).mappings().first()
    return None if row is None else _started(row)


def listed(tx: Tx, limit: int = 20) -> list[Started]:
    """The newest cutovers and rehearsals, newest first."""
    return [_started(row) for row in tx.run(select(cutover).order_by(cutover.c.id.desc()).limit(limit)).mappings()]


def _started(row: Any) -> Started:
    document = Cutover.model_validate(from_json(row["document"]))
    return Started(**{**row, "document": document, "decision": from_json(row["decision"])})


def steps_of(tx: Tx, cutover_id: str, way: str | None = None) -> list[StepRow]:
    """The steps of a cutover, in order."""
    names = ("id", "seq", "name", "way", "state", "started_at", "ended_at", "signed_by", "finding")
    statement = (
        select(*[cutover_step.c[n] for n in names])
        .where(cutover_step.c.cutover_id == cutover_id)
        .order_by(cutover_step.c.seq)
    )
    if way is not None:
        statement = statement.where(cutover_step.c.way == way)
    return [StepRow(*decoded(row, {8})) for row in tx.run(statement)]


def update(tx: Tx, cutover_id: str, **values: Any) -> None:
    """Change how a cutover stands."""
    if values.get("decision") is not None:
        values["decision"] = to_json(values["decision"])
    tx.run(cutover.update().where(cutover.c.id == cutover_id).values(**values))


def save_step(tx: Tx, row: StepRow) -> None:
    """How a step stands now."""
    values = {"state": row.state, "started_at": row.started_at, "ended_at": row.ended_at, "signed_by": row.signed_by}
    finding = None if row.finding is None else to_json(row.finding)
    tx.run(cutover_step.update().where(cutover_step.c.id == row.id).values(**values, finding=finding))
