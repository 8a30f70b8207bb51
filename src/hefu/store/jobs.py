"""Long work as it is kept: who asked for what, how far it is, what came of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from sqlalchemy import select

from hefu.store.db import Tx, from_json, to_json
from hefu.store.tables import job

OPEN = ("waiting", "running")


def ask(tx: Tx, kind: str, author: str, given: Mapping[str, Any]) -> str:
    """Keep a new job; returns its id."""
    job_id, now = tx.store.env.new_id(), tx.now()
    values = {"state": "waiting", "author": author, "given": to_json(dict(given)), "asked_at": now, "beat_at": now}
    tx.run(job.insert().values(id=job_id, kind=kind, **values))
    return job_id


def begin(tx: Tx, job_id: str) -> bool:
    """It begins; False where somebody has ended it before it could."""
    now = tx.now()
    values = {"state": "running", "started_at": now, "beat_at": now}
    return bool(tx.run(job.update().where(job.c.id == job_id, job.c.state == "waiting").values(**values)).rowcount)


def tell(tx: Tx, job_id: str, progress: Mapping[str, Any]) -> None:
    """How far it is, and that its process lives."""
    tx.run(job.update().where(job.c.id == job_id).values(progress=to_json(dict(progress)), beat_at=tx.now()))


def end(tx: Tx, job_id: str, *, result: Any = None, error: Mapping[str, Any] | None = None) -> None:
    """What came of it: a result, or an error as code and facts."""
    values = {"state": "done" if error is None else "failed", "ended_at": tx.now(), "result": to_json(result)}
    tx.run(job.update().where(job.c.id == job_id).values(**values, error=None if error is None else to_json(error)))


def give_up(tx: Tx, silent: float, error: Mapping[str, Any], but: Collection[str] = ()) -> int:
    """End those whose process has said nothing for so many seconds (`but` those of our own); how many."""
    values = {"state": "failed", "ended_at": tx.now(), "error": to_json(dict(error))}
    lost = (job.c.state.in_(OPEN), job.c.beat_at < tx.later(-silent), job.c.id.not_in(list(but)))
    return int(tx.run(job.update().where(*lost).values(**values)).rowcount)


def get_job(tx: Tx, job_id: str) -> dict[str, Any] | None:
    """A job, its JSON decoded."""
    row = tx.run(select(job).where(job.c.id == job_id)).mappings().first()
    return None if row is None else unpacked(row)


def unpacked(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the table as values."""
    return {**row, **{name: from_json(row[name]) for name in ("given", "progress", "result", "error")}}


def under_way(tx: Tx) -> list[dict[str, Any]]:
    """Those that wait or run, oldest first."""
    return [unpacked(r) for r in tx.run(select(job).where(job.c.state.in_(OPEN)).order_by(job.c.id)).mappings()]
