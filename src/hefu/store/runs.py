"""Runs with their counters, cursors, and what has been paused."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sqlalchemy import bindparam, delete, select

from hefu.store.db import Tx, from_json, to_json
from hefu.store.tables import cursor, pause, run

# Asked or said in every round, so built once.
_START = run.insert()
_END = run.update().where(run.c.id == bindparam("which"))
_CURSOR = select(cursor.c.position, cursor.c.fingerprint, cursor.c.full_at, cursor.c.committed_at).where(
    cursor.c.mapping == bindparam("mapping")
)
_MOVE_CURSOR = cursor.update().where(cursor.c.mapping == bindparam("which"))
_PAUSED = select(pause)
_SCOPES = select(pause.c.scope)
_RESUME = delete(pause).where(pause.c.scope == bindparam("scope"))


def start_run(tx: Tx, kind: str, scope: str, project_version: int) -> str:
    """A new running run; returns its id."""
    run_id = tx.store.env.new_id()
    row = {"id": run_id, "kind": kind, "scope": scope, "state": "running", "started_at": tx.now(), "counts": "{}"}
    tx.run(_START, {**row, "project_version": project_version})
    return run_id


def end_run(tx: Tx, run_id: str, state: str, counts: Mapping[str, Any], note: str | None = None) -> None:
    """How it ended and what it counted."""
    values = {"state": state, "ended_at": tx.now(), "counts": to_json(dict(counts)), "note": note}
    tx.run(_END, {"which": run_id, **values})


def forget_run(tx: Tx, run_id: str) -> None:
    """It did nothing."""
    tx.run(delete(run).where(run.c.id == run_id))


def list_runs(tx: Tx, limit: int = 20) -> list[Mapping[str, Any]]:
    """The latest runs, newest first."""
    rows = tx.run(select(run).order_by(run.c.id.desc()).limit(limit)).mappings()
    return [{**row, "counts": from_json(row["counts"])} for row in rows]


class Cursor(NamedTuple):
    """How far a mapping has been read, under which meaning of it, and when it was last compared completely."""

    position: str | None
    fingerprint: str
    full_at: str | None
    committed_at: str = ""


def get_cursor(tx: Tx, mapping: str) -> Cursor | None:
    """The cursor of a mapping, or None where nothing was read."""
    row = tx.run(_CURSOR, {"mapping": mapping}).first()
    return None if row is None else Cursor(*row)


def set_cursor(tx: Tx, mapping: str, position: str | None, fingerprint: str, full_at: str | None) -> None:
    """Move a cursor, in the transaction that commits what was read up to it."""
    values = {"position": position, "fingerprint": fingerprint, "full_at": full_at, "committed_at": tx.now()}
    if not tx.run(_MOVE_CURSOR, {"which": mapping, **values}).rowcount:
        tx.insert(cursor, ("mapping", *values), [(mapping, *values.values())], skip_existing=True)


def pause_scope(tx: Tx, scope: str, code: str, facts: Mapping[str, Any], until_at: str | None = None) -> None:
    """Stop something ("connection:crm", "mapping:m", "flow:f", "deletes:m"), with the reason."""
    resume_scope(tx, scope)
    values = {"code": code, "facts": to_json(dict(facts)), "until_at": until_at, "since_at": tx.now()}
    tx.insert(pause, ("scope", *values), [(scope, *values.values())], skip_existing=True)


def resume_scope(tx: Tx, scope: str) -> bool:
    """Let it go on; says whether it was paused."""
    return bool(tx.run(_RESUME, {"scope": scope}).rowcount)


def noted(tx: Tx) -> set[str]:
    """Everything that is paused, or was until its time was over and nobody looked since."""
    return set(tx.run(_SCOPES).scalars())


def was_paused(tx: Tx, scope: str) -> bool:
    """Whether it is paused, or was until its time was over and nobody looked since."""
    return tx.run(select(pause.c.scope).where(pause.c.scope == scope)).first() is not None


def ended(tx: Tx) -> list[str]:
    """Pauses whose time is over and that nobody has looked at since."""
    now = tx.now()
    return [row[0] for row in tx.run(select(pause.c.scope, pause.c.until_at)) if row[1] is not None and row[1] <= now]


def paused(tx: Tx) -> dict[str, Mapping[str, Any]]:
    """scope -> reason, of everything that is stopped now; pauses whose time is over are dropped."""
    now = tx.now()
    rows = tx.run(_PAUSED).mappings().all()
    return {
        row["scope"]: {**row, "facts": from_json(row["facts"])}
        for row in rows
        if row["until_at"] is None or row["until_at"] > now
    }
