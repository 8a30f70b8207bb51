"""The audit log: who decided what, chained so that a removed or altered row shows.

mac = HMAC-SHA256(key, prev mac || canonical JSON of the row); sequence numbers have no gaps.
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

from sqlalchemy import select

from hefu.store.db import Tx, to_json
from hefu.store.tables import journal

_FIRST = "0" * 64


def _mac(key: bytes, prev: str, row: dict[str, Any]) -> str:
    return hmac.new(key, (prev + to_json(dict(sorted(row.items())))).encode(), hashlib.sha256).hexdigest()


def record(tx: Tx, key: bytes, actor: str, action: str, obj: str, detail: Any = None) -> None:
    """Append one row inside the caller's transaction."""
    tx.lock_name("journal")
    last = tx.run(select(journal.c.seq, journal.c.mac).order_by(journal.c.seq.desc()).limit(1)).first()
    seq, prev = (last[0] + 1, last[1]) if last else (1, _FIRST)
    row = {"seq": seq, "at": tx.now(), "actor": actor, "action": action, "object": obj, "detail": to_json(detail)}
    tx.run(journal.insert().values(**row, prev=prev, mac=_mac(key, prev, row)))


def verify(tx: Tx, key: bytes) -> int | None:
    """The sequence number of the first row that does not fit, or None when the chain is whole."""
    expected, prev = 1, _FIRST
    for row in tx.run(select(journal).order_by(journal.c.seq)).mappings():
        content = {name: row[name] for name in ("seq", "at", "actor", "action", "object", "detail")}
        if (
            row["seq"] != expected
            or row["prev"] != prev
            or not hmac.compare_digest(row["mac"], _mac(key, prev, content))
        ):
            return expected
        expected, prev = expected + 1, row["mac"]
    return None


def recent(tx: Tx, limit: int = 50) -> list[dict[str, Any]]:
    """The newest rows, newest first."""
    return [dict(row) for row in tx.run(select(journal).order_by(journal.c.seq.desc()).limit(limit)).mappings()]
