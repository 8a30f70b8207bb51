"""Due work: rows cut into shards, each drained by one worker at a time under a fence token.

A worker that slept longer than its lease finds, when it settles, that its fence is no longer the shard's, and its
transaction rolls back: what it wrote to a system is then found by looking, like after any lost answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from sqlalchemy import bindparam, func, select

from hefu.core.errors import Transient
from hefu.core.urgency import URGENT
from hefu.store.db import Tx, from_json, to_json
from hefu.store.golden import SHARDS
from hefu.store.tables import MISSING, link, shard, worker

REHEARSAL = "rehearsal"
"""Who only works out what would be written. It sends nothing and is undone, so it looks at every shard, whoever drains
it just now, and needs no lease: with a worker's share of them a plan would leave out what lies in the others."""

# Asked in every round, so built once.
_AT_WORK = link.c.waits.is_(None) | (link.c.waits == "system") | (link.c.waits == "parent")
_THESE = shard.c.id.in_(bindparam("shards", expanding=True))
_FENCES = select(shard.c.id, shard.c.fence).where(_THESE)
_RENEW = shard.update().where(_THESE, shard.c.worker_id == bindparam("who"))
_URGENT = (
    select(link.c.mapping)
    .distinct()
    .where(link.c.mapping.in_(bindparam("mappings", expanding=True)), link.c.priority <= URGENT)
    .where(link.c.due_at.is_not(None), link.c.due_at <= bindparam("now"), _AT_WORK)
)
_ANY_DUE = (
    select(link.c.id)
    .where(link.c.mapping.in_(bindparam("mappings", expanding=True)))
    .where(link.c.due_at.is_not(None), link.c.due_at <= bindparam("now"), _AT_WORK)
    .limit(1)
)


def ensure_shards(tx: Tx) -> None:
    """The shard rows exist."""
    tx.insert(shard, ("id",), [(n,) for n in range(SHARDS)], skip_existing=True)


def claim(tx: Tx, worker_id: str, at_most: int = SHARDS) -> dict[int, int]:
    """Take shards that are free, up to `at_most` and to this worker's fair share: shard -> fence token.

    Those that were drained least often come first, so that every shard has its turn whatever the others do.
    """
    if worker_id == REHEARSAL:
        return dict.fromkeys(range(SHARDS), 0)
    now, until = tx.now(), tx.later(tx.store.lease)
    free = (shard.c.lease_until.is_(None)) | (shard.c.lease_until < now) | (shard.c.worker_id == worker_id)
    fair = -(-SHARDS // max(1, len(living(tx, worker_id)) + 1))
    wanted = select(shard.c.id).where(free).order_by(shard.c.fence, shard.c.id).limit(min(at_most, fair))
    if tx.postgresql:
        wanted = wanted.with_for_update(skip_locked=True)
    ids = [row[0] for row in tx.run(wanted)]
    if not ids:
        return {}
    tx.run(
        shard.update()
        .where(shard.c.id.in_(ids))
        .values(fence=shard.c.fence + 1, worker_id=worker_id, lease_until=until)
    )
    return {row[0]: row[1] for row in tx.run(_FENCES, {"shards": ids})}


def living(tx: Tx, but: str = "") -> dict[str, dict[str, str]]:
    """The workers whose heart beat within a lease, `but` one: each with flow -> since when it reads that just now."""
    beating = worker.c.heartbeat_at > tx.later(-tx.store.lease)
    rows = tx.run(select(worker.c.id, worker.c.reading).where(beating, worker.c.id != but))
    return {row[0]: from_json(row[1]) for row in rows}


def say_reading(tx: Tx, worker_id: str, flows: Mapping[str, str]) -> None:
    """Let the other workers know flow -> since when this one reads it; it counts for as long as its heart beats."""
    tx.run(worker.update().where(worker.c.id == worker_id).values(reading=to_json(dict(flows))))


def read_elsewhere(tx: Tx, worker_id: str) -> dict[str, str]:
    """Flows that other living workers read just now -> since when."""
    out: dict[str, str] = {}
    for flows in living(tx, worker_id).values():
        for flow, since in flows.items():
            out[flow] = min(since, out.get(flow, since))
    return out


def renew(tx: Tx, worker_id: str, fences: dict[int, int]) -> None:
    """Still ours? Then the lease is lengthened; else Transient "store.lost_lease" and the transaction rolls back."""
    if not fences or worker_id == REHEARSAL:
        return
    still_ours(tx, worker_id, fences)
    until = tx.later(tx.store.lease)
    renewed = tx.run(_RENEW, {"shards": list(fences), "who": worker_id, "lease_until": until}).rowcount
    if renewed != len(fences):
        raise Transient("store.lost_lease", worker=worker_id)


def still_ours(tx: Tx, worker_id: str, fences: dict[int, int]) -> None:
    """Nobody has claimed these shards since we did. Raises Transient "store.lost_lease"."""
    if worker_id == REHEARSAL:
        return
    rows = dict(tuple(row) for row in tx.run(_FENCES, {"shards": list(fences)}))
    if rows != fences:
        raise Transient("store.lost_lease", worker=worker_id)


def release(tx: Tx, worker_id: str) -> None:
    """Give back every shard of this worker."""
    tx.run(shard.update().where(shard.c.worker_id == worker_id).values(worker_id=None, lease_until=None))


def due_links(
    tx: Tx, mapping: str, shards: Sequence[int], limit: int, *, now: str | None = None, urgent: bool = False
) -> list[tuple[str, str]]:
    """(link id, golden id) of due work for one mapping in these shards, urgent and old first; or `urgent` alone."""
    some = len(shards) < SHARDS
    asked = {"now": now or tx.now(), "mapping": mapping, "most": limit, **({"shards": list(shards)} if some else {})}
    return [(row[0], row[1]) for row in tx.run(_due(some, urgent), asked)]


@cache
def _due(some_shards: bool, urgent: bool) -> Any:
    statement = (
        select(link.c.id, link.c.golden_id)
        .where(link.c.due_at.is_not(None), link.c.due_at <= bindparam("now"), link.c.mapping == bindparam("mapping"))
        .where(_AT_WORK)
        .order_by(link.c.priority, link.c.due_at, link.c.id)  # as ix_link_due has them, so that nothing is sorted
        .limit(bindparam("most"))
    )
    if urgent:
        statement = statement.where(link.c.priority <= URGENT)
    if some_shards:
        statement = statement.where(link.c.shard.in_(bindparam("shards", expanding=True)))
    return statement


def due_mappings(tx: Tx) -> dict[str, int]:
    """mapping -> how many of its links are due now."""
    statement = (
        select(link.c.mapping, func.count())
        .where(link.c.due_at.is_not(None), link.c.due_at <= tx.now(), _AT_WORK)
        .group_by(link.c.mapping)
    )
    return {row[0]: row[1] for row in tx.run(statement)}


def urgent_mappings(tx: Tx, mappings: Sequence[str]) -> set[str]:
    """Those of these mappings with urgent work that is due now."""
    return set(tx.run(_URGENT, {"mappings": list(mappings), "now": tx.now()}).scalars())


def missing_mappings(tx: Tx) -> set[str]:
    """Mappings of which a record was not shown where it should have been: what becomes of it is to be decided."""
    return set(tx.run(select(link.c.mapping).distinct().where(MISSING)).scalars())


def anything_due(tx: Tx, mappings: Sequence[str]) -> bool:
    """Whether any link of these mappings is due now."""
    return tx.run(_ANY_DUE, {"mappings": list(mappings), "now": tx.now()}).first() is not None
