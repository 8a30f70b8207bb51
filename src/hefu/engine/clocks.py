"""How wrong each system's clock is: measured whenever the answer to a write of ours carries the system's stamp.

Two people's edits are put in order by their systems' own stamps; a clock that is minutes off would let the wrong one
win. What the measurement leaves uncertain is the connection's `clock_tolerance`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from hefu.store import facts
from hefu.store.db import Tx, instant

WORTH_NOTING = timedelta(seconds=2)
"""Smaller changes are the time that a call takes."""

RECENT = timedelta(seconds=30)


def learn(tx: Tx, connection: str, stamped: datetime) -> None:
    """The system has just stamped a write of ours with this time."""
    ahead = timedelta(seconds=round((stamped - instant(tx.now())).total_seconds()))
    if abs(ahead - offset(tx, connection)) > WORTH_NOTING:
        facts.set_fact(tx, f"clock:{connection}", str(ahead.total_seconds()))


def learn_late(tx: Tx, connection: str, stamped: datetime, made_at: str) -> None:
    """A write of ours whose answer was lost, found with this stamp: it was made soon after `made_at`.

    Only while that is recent; an edit since by somebody else then shifts it by less than any clock's tolerance.
    """
    sent = instant(made_at)
    ahead = timedelta(seconds=round((stamped - sent).total_seconds()))
    if instant(tx.now()) - sent <= RECENT and abs(ahead - offset(tx, connection)) > WORTH_NOTING:
        facts.set_fact(tx, f"clock:{connection}", str(ahead.total_seconds()))


def offset(tx: Tx, connection: str) -> timedelta:
    """How far its clock is ahead, as last measured; 0 where it never was."""
    said = facts.get_fact(tx, f"clock:{connection}")
    return timedelta(seconds=float(said)) if said else timedelta(0)


def corrected(tx: Tx, connection: str | None, stamped: datetime) -> datetime:
    """The true time behind a stamp."""
    return stamped - offset(tx, connection) if connection else stamped


__all__ = ["corrected", "learn", "learn_late", "offset"]
