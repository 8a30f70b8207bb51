"""Finds the fields of a record that two systems rewrite for each other (core/contest.py) in its story."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hefu.core.contest import FLIPS, Move, rewriting
from hefu.core.records import Normal
from hefu.store import golden as goldens
from hefu.store.db import Tx, instant


def rewriters(tx: Tx, golden_id: str, connection: str, now: Mapping[str, Normal]) -> dict[str, str]:
    """Field -> the other system, of those that `connection` has just turned back once more. `now`: field -> value."""
    story = goldens.latest_changes(tx, golden_id, 4 * FLIPS) if now else []
    out = {}
    for path, value in now.items():
        turns = [_turn(row, path) for row in story if path in row["moved"]]
        if turns and rewriting([Move("changed", connection, instant(tx.now()), value), *turns]):
            out[path] = str(turns[0].connection)
    return out


def _turn(row: Mapping[str, Any], path: str) -> Move:
    after = row["moved"][path][1] if row["kind"] == "changed" else None
    return Move(row["kind"], row["connection"], instant(row["at"]), after)


__all__ = ["rewriters"]
