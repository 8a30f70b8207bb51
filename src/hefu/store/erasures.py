"""Proofs of erasures, and the keyed hashes by which what was erased is known again when a system shows it."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import delete, select

from hefu.store.db import Tx, from_json, to_json
from hefu.store.tables import erasure, suppression


@dataclass(slots=True)
class Proof:
    """What was erased: no values, only names, numbers and hashes. `at`: UTC text as stored.

    `systems`: record by record {connection, object, record_id, outcome: blanked | deleted | left | none, why, fields}.
    """

    id: str
    plan_id: str
    at: str
    author: str
    approver: str
    by: str
    reason: str
    subject: dict[str, str]
    fields: dict[str, list[str]]
    systems: list[dict[str, Any]]
    copies: dict[str, int]
    marks: dict[str, list[str]] = field(default_factory=dict)
    complete: bool = True
    mac: str = ""


_COLUMNS = tuple(column.name for column in erasure.columns)
_JSON = ("subject", "fields", "systems", "copies", "marks")


def _mac(key: bytes, proof: Proof) -> str:
    said = to_json([getattr(proof, name) for name in _COLUMNS if name != "mac"])
    return hmac.new(b"proof\0" + key, said.encode(), hashlib.sha256).hexdigest()


def whole(key: bytes, proof: Proof) -> bool:
    """Whether it is as this hub wrote it."""
    return hmac.compare_digest(proof.mac, _mac(key, proof))


def keep(tx: Tx, key: bytes, proof: Proof) -> None:
    """Seal and store a proof."""
    proof.mac = _mac(key, proof)
    row = {name: getattr(proof, name) for name in _COLUMNS}
    row |= {name: to_json(row[name]) for name in _JSON} | {"complete": int(proof.complete)}
    tx.run(erasure.insert().values(**row))


def _proof(row: Mapping[str, Any]) -> Proof:
    values = {**row, **{name: from_json(row[name]) for name in _JSON}, "complete": bool(row["complete"])}
    return Proof(**values)


def get(tx: Tx, erasure_id: str) -> Proof | None:
    """One proof."""
    row = tx.run(select(erasure).where(erasure.c.id == erasure_id)).mappings().first()
    return None if row is None else _proof(row)


def listed(tx: Tx, *, after: str | None = None, limit: int = 50) -> list[Proof]:
    """Proofs, the newest first; `after`: those made before that one."""
    statement = select(erasure).order_by(erasure.c.id.desc()).limit(limit)
    if after is not None:
        statement = statement.where(erasure.c.id < after)
    return [_proof(row) for row in tx.run(statement).mappings()]


# --------------------------------------------------------------------- what must not come back


def suppress(
    tx: Tx, erasure_id: str, records: Mapping[str, Mapping[str, Sequence[str]] | None], keys: Iterable[str]
) -> None:
    """Remember `records`: hash of a place -> field -> hashes of values (None: nothing of it), and hashes of keys."""
    rows = [(mark, "record", erasure_id, None if said is None else to_json(said)) for mark, said in records.items()]
    rows += [(mark, "key", erasure_id, None) for mark in sorted(set(keys))]
    for mark, *_ in rows:  # erased again: what is said now holds
        tx.run(delete(suppression).where(suppression.c.mark == mark))
    tx.insert(suppression, ("mark", "kind", "erasure_id", "fields"), rows, skip_existing=True)


def lift(tx: Tx, erasure_id: str) -> int:
    """What that erasure keeps out may come again; returns how many marks it were."""
    return int(tx.run(delete(suppression).where(suppression.c.erasure_id == erasure_id)).rowcount)


def anything(tx: Tx) -> bool:
    """Whether anything at all must not come back."""
    return tx.run(select(suppression.c.mark).limit(1)).first() is not None


def marked(tx: Tx, marks: Iterable[str]) -> dict[str, Any]:
    """Those of these hashes that are kept out -> field -> hashes of values, or None."""
    return {row[0]: from_json(row[1]) for row in tx.pick(suppression, ("mark", "fields"), "mark", set(marks))}


__all__ = ["Proof", "anything", "get", "keep", "lift", "listed", "marked", "suppress", "whole"]
