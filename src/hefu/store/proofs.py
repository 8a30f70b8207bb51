"""Reconciliations as they are kept: the numbers, the money, and every difference with its reason."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import func, select

from hefu.core.reconcile import Difference, Kind
from hefu.store.db import Tx, from_json, to_json
from hefu.store.tables import difference, proof

_COLUMNS = (
    "proof_id", "seq", "kind", "why", "entity", "golden_id", "title", "left_id", "right_id", "field", "sides",
    "repairable",
)  # fmt: skip
BATCH = 2000


def keep(tx: Tx, head: Mapping[str, Any], found: Sequence[Difference]) -> None:
    """A reconciliation with its differences, in this transaction."""
    values = {**head, **{name: to_json(head[name]) for name in ("asked", "sections", "money")}}
    tx.run(proof.insert().values(**values, found=len(found)))
    for start in range(0, len(found), BATCH):
        rows = [
            (head["id"], start + at, d.kind.value, d.why, d.entity, d.golden_id, d.title, d.left_id, d.right_id,
             d.field[:200], to_json([d.left, d.right]), int(d.repair is not None))
            for at, d in enumerate(found[start : start + BATCH])
        ]  # fmt: skip
        tx.insert(difference, _COLUMNS, rows)


def planned(tx: Tx, proof_id: str, plan_id: str) -> None:
    """Its repairs are kept as this plan."""
    tx.run(proof.update().where(proof.c.id == proof_id).values(plan_id=plan_id))


def get(tx: Tx, proof_id: str) -> dict[str, Any] | None:
    """A reconciliation, without its differences."""
    row = tx.run(select(proof).where(proof.c.id == proof_id)).mappings().first()
    return None if row is None else unpacked(row)


def unpacked(row: Mapping[str, Any]) -> dict[str, Any]:
    """A row of the table as values."""
    return {**row, **{name: from_json(row[name]) for name in ("asked", "sections", "money")}}


def differences(tx: Tx, proof_id: str) -> Iterator[dict[str, Any]]:
    """All its differences that were kept, in order."""
    mine = select(difference).where(difference.c.proof_id == proof_id).order_by(difference.c.seq)
    for row in tx.run(mine).mappings():
        yield {**row, "sides": from_json(row["sides"])}


def accepted(tx: Tx, proof_id: str, *, but: Collection[Kind] = ()) -> int:
    """How many of its differences somebody accepted; those of some kinds are not counted."""
    kinds = [kind.value for kind in but]
    mine = (difference.c.proof_id == proof_id, difference.c.accepted_at.is_not(None), difference.c.kind.not_in(kinds))
    return int(tx.run(select(func.count()).select_from(difference).where(*mine)).scalar() or 0)


def accept(tx: Tx, proof_id: str, numbers: Collection[int], by: str, reason: str) -> int:
    """Say that these differences are as they should be, and why; how many were not accepted yet."""
    open_ones = (
        difference.c.proof_id == proof_id,
        difference.c.seq.in_(list(numbers)),
        difference.c.accepted_at.is_(None),
    )
    values = {"accepted_at": tx.now(), "accepted_by": by, "reason": reason}
    return int(tx.run(difference.update().where(*open_ones).values(**values)).rowcount)
