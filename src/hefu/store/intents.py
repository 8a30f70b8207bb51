"""What we were about to write: committed before each call, settled after it, kept as the history of deliveries."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import bindparam, func, select

from hefu.core.records import Normals
from hefu.store.db import Tx, decoded, from_json, to_json
from hefu.store.tables import UNSETTLED, intent, link


@dataclass(slots=True)
class Intent:
    """One write of one record. `fields` are golden values; `before` what the system held in them."""

    id: str
    link_id: str
    kind: str
    state: str
    fields: Normals | None
    before: Normals | None
    action: str | None
    attempt: int
    made_at: str
    probe_at: str | None = None
    error: Any = None


_COLUMNS = (
    "id", "link_id", "kind", "state", "fields", "before", "action", "attempt", "made_at", "probe_at",
    "error",
)  # fmt: skip


# Built once: to put a statement together costs more than to run it, and these are asked in every round.
_DUE_LOOKS = (
    select(*[intent.c[c] for c in _COLUMNS])
    .join(link, link.c.id == intent.c.link_id)
    .where(UNSETTLED, link.c.mapping == bindparam("mapping"), link.c.shard.in_(bindparam("shards", expanding=True)))
    .where(intent.c.probe_at.is_(None) | (intent.c.probe_at <= bindparam("due_before")))
    .order_by(intent.c.id)
    .limit(bindparam("most"))
)


def _intent(row: Sequence[Any]) -> Intent:
    return Intent(*decoded(row, {4, 5, 10}))


def digest(sent: Intent) -> str:
    """Of what a write was to do, so that its history can be compared with the audit log."""
    said = to_json([sent.id, sent.link_id, sent.kind, sent.action, sorted((sent.fields or {}).items())])
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def open_intents(tx: Tx, rows: Sequence[Intent], run_id: str, project_version: int) -> None:
    """Record writes that are about to be made."""
    columns = (*_COLUMNS, "run_id", "project_version")
    tx.insert(
        intent,
        columns,
        [
            (
                i.id, i.link_id, i.kind, i.state, None if i.fields is None else to_json(i.fields),
                to_json(i.before) if i.before else None, i.action, i.attempt, i.made_at, i.probe_at, None,
                run_id, project_version,
            )
            for i in rows
        ],
    )  # fmt: skip


def applied(tx: Tx, ids: Sequence[str]) -> None:
    """These writes took effect."""
    now = tx.now()
    tx.update(intent, ("state", "settled_at"), [("applied", now, i) for i in ids])


def settle(tx: Tx, intent_id: str, state: str, error: Any = None, probe_at: str | None = None) -> None:
    """One write's outcome."""
    settled_at = None if state in ("open", "unknown") else tx.now()
    tx.run(
        intent.update()
        .where(intent.c.id == intent_id)
        .values(state=state, settled_at=settled_at, probe_at=probe_at, error=None if error is None else to_json(error))
    )


def unsettled(tx: Tx, link_ids: Iterable[str]) -> dict[str, Intent]:
    """link id -> its write whose outcome is not known."""
    rows = tx.pick(intent, _COLUMNS, "link_id", set(link_ids), "state IN ('open','unknown')")
    return {row[1]: _intent(row) for row in rows}


def given_up(tx: Tx, link_ids: Iterable[str]) -> dict[str, Normals]:
    """link id -> what its last create sent of which nothing was found; it may show itself yet."""
    rows = tx.pick(
        intent, ("link_id", "id", "fields"), "link_id", set(link_ids), "kind = 'create' AND state = 'failed'"
    )
    return {row[0]: from_json(row[2]) or {} for row in sorted(rows, key=lambda row: str(row[1]))}


def created(tx: Tx, link_ids: Iterable[str]) -> set[str]:
    """Those of these links whose record we made."""
    made = tx.pick(intent, ("link_id",), "link_id", set(link_ids), "kind = 'create' AND state = 'applied'")
    return {row[0] for row in made}


def unsettled_of(tx: Tx, mapping: str, shards: Collection[int], due_before: str, limit: int = 500) -> list[Intent]:
    """Writes of a mapping, in these shards, whose outcome must be looked up by now; oldest first."""
    asked = {"mapping": mapping, "shards": list(shards), "due_before": due_before, "most": limit}
    return [_intent(row) for row in tx.run(_DUE_LOOKS, asked)]


def creates_of(tx: Tx, mapping: str) -> list[Intent]:
    """Creates of a mapping of which nobody knows yet whether they happened; few, or none."""
    statement = (
        select(*[intent.c[c] for c in _COLUMNS])
        .join(link, link.c.id == intent.c.link_id)
        .where(UNSETTLED, intent.c.kind == "create", link.c.mapping == mapping)
        .order_by(intent.c.id)
    )
    return [_intent(row) for row in tx.run(statement)]


def anything_open(tx: Tx) -> bool:
    """Whether the outcome of any write is not known."""
    return tx.run(select(intent.c.id).where(UNSETTLED).limit(1)).first() is not None


def to_look_up(tx: Tx) -> set[str]:
    """Mappings with writes whose outcome must be looked up by now."""
    statement = (
        select(link.c.mapping)
        .distinct()
        .join(intent, link.c.id == intent.c.link_id)
        .where(UNSETTLED, intent.c.state == "unknown", intent.c.probe_at <= tx.now())
    )
    return set(tx.run(statement).scalars())


def history(tx: Tx, link_ids: Iterable[str]) -> list[Mapping[str, Any]]:
    """All writes of these links, oldest first."""
    statement = select(intent).where(intent.c.link_id.in_(list(link_ids))).order_by(intent.c.id)
    return [
        {
            **row,
            "fields": from_json(row["fields"]),
            "before": from_json(row["before"]),
            "error": from_json(row["error"]),
        }
        for row in tx.run(statement).mappings()
    ]


def ids_of(tx: Tx, link_ids: Sequence[str]) -> list[str]:
    """All writes of these links by number."""
    return sorted(row[0] for row in tx.pick(intent, ("id",), "link_id", link_ids))


def altered(
    tx: Tx, writes: Iterable[Sequence[Any]], blanked: Collection[str] = (), before: str | None = None
) -> str | None:
    """The first of these writes, as the audit log tells them, whose history is gone or says something else now.

    The log also tells which histories the hub itself has `blanked`, singly or all that were settled `before`: of these
    only that they are still there is asked.
    """
    told = {str(write[0]): str(write[4]) for write in writes}
    rows = tx.pick(intent, (*_COLUMNS, "settled_at"), "id", told)
    found = {row[0]: digest(_intent(row[:-1])) for row in rows}
    spent = {row[0] for row in rows if row[0] in blanked or (before and row[-1] is not None and row[-1] < before)}
    return next((one for one, mark in told.items() if one not in spent and found.get(one) != mark), None)


def counts_by_state(tx: Tx) -> dict[str, int]:
    """How many writes are in each state."""
    return dict(tx.run(select(intent.c.state, func.count()).group_by(intent.c.state)).tuples().all())
