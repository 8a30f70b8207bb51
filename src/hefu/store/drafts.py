"""Mappings as they are being worked on: numbered by nothing but time, kept until a plan publishes one of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from hefu.store.db import Tx, from_json, to_json
from hefu.store.tables import draft

KEPT = 50
"""Revisions of one mapping; older ones go."""


@dataclass(frozen=True, slots=True)
class Draft:
    """One revision. `files`: path -> text from now on. `state`: open, replaced (by a later one), published, discarded.

    It never changes, so a plan may point to it.
    """

    id: str
    mapping: str
    base: int
    files: Mapping[str, str]
    author: str
    note: str
    saved_at: str
    state: str = "open"
    ended_at: str | None = None


def save(tx: Tx, mapping: str, base: int, files: Mapping[str, str], author: str, note: str) -> Draft:
    """Keep a revision in place of the one that was open."""
    tx.run(draft.update().where(*_open(mapping)).values(state="replaced", ended_at=tx.now()))
    made = Draft(tx.store.env.new_id(), mapping, base, dict(files), author, note, tx.now())
    values = {name: getattr(made, name) for name in _COLUMNS}
    tx.run(draft.insert().values(**{**values, "files": to_json(dict(files))}))
    mine = select(draft.c.id).where(draft.c.mapping == mapping).order_by(draft.c.id.desc())
    old = [row[0] for row in tx.run(mine.offset(KEPT))]
    tx.run(draft.delete().where(draft.c.id.in_(old), draft.c.state.in_(("replaced", "discarded"))))
    return made


def open_draft(tx: Tx, mapping: str) -> Draft | None:
    """What is being worked on of this mapping."""
    return _one(tx.run(select(draft).where(*_open(mapping)).order_by(draft.c.id.desc()).limit(1)).mappings().first())


def get(tx: Tx, draft_id: str) -> Draft | None:
    """One revision, whatever became of it."""
    return _one(tx.run(select(draft).where(draft.c.id == draft_id)).mappings().first())


def listed(tx: Tx, mapping: str | None = None) -> list[Draft]:
    """Those that are open, of all mappings, or all revisions of one, the newest first."""
    where = draft.c.state == "open" if mapping is None else draft.c.mapping == mapping
    found = tx.run(select(draft).where(where).order_by(draft.c.id.desc()).limit(1000)).mappings()
    return [one for row in found if (one := _one(row)) is not None]


def end(tx: Tx, draft_id: str, state: str) -> bool:
    """It was published or discarded; False where it was ended before."""
    ended = draft.update().where(draft.c.id == draft_id, draft.c.state.in_(("open", "replaced")))
    return bool(tx.run(ended.values(state=state, ended_at=tx.now())).rowcount)


_COLUMNS = tuple(column.name for column in draft.columns)


def _open(mapping: str) -> tuple[Any, Any]:
    return draft.c.mapping == mapping, draft.c.state == "open"


def _one(row: Any) -> Draft | None:
    return None if row is None else Draft(**{**row, "files": from_json(row["files"])})
