"""Do two systems rewrite each other's values for ever?

One stores a name in capitals, the other turns it back at night: to the hub each looks like a person who edits, and it
would write for ever. Nobody types like that: the same two values, in turns, each always from the same system.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from hefu.core.records import Normal

FLIPS = 8
"""So many turns in a row are no coincidence."""

WITHIN = timedelta(days=2)
"""Turns that are further apart cost next to nothing, and a year of holding and releasing an order is no contest."""


class Move(NamedTuple):
    """One change of a field's golden value. `kind` is the story's word: only "changed" came from a system by itself."""

    kind: str
    connection: str | None
    at: datetime
    after: Normal


def rewriting(moves: Sequence[Move]) -> bool:
    """Whether the latest moves of a field, newest first, are the turns of two systems that undo each other."""
    turns = moves[:FLIPS]
    if len(turns) < FLIPS or any(move.kind != "changed" for move in turns):
        return False
    one, other = turns[0], turns[1]
    if one.connection == other.connection or one.after == other.after or turns[0].at - turns[-1].at > WITHIN:
        return False
    expected = ((turn.connection, turn.after) for turn in (one, other) * (FLIPS // 2))
    return all((move.connection, move.after) == turn for move, turn in zip(turns, expected, strict=True))


__all__ = ["FLIPS", "WITHIN", "Move", "rewriting"]
