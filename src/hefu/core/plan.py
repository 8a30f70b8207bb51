"""What becomes of a conflict: the field's rule decides, or a person is asked. Pure: a rehearsal runs the same code."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import NamedTuple

from hefu.core.merge import Conflict
from hefu.core.project import EntityField
from hefu.core.records import Normal


class Moment(NamedTuple):
    """When and where a value was typed: the system's own modification time (None: unknown) and its connection."""

    at: datetime | None
    connection: str | None
    author: str | None = None


class Decision(NamedTuple):
    """`outcome`: "theirs", "ours", "both" (`value` joins them) or "ask"; `reason` is a word for the audit."""

    outcome: str
    reason: str
    value: Normal = None


def decide(clash: Conflict, doc: EntityField | None, ours: Moment, theirs: Moment, tolerance: timedelta) -> Decision:
    """Apply the field's conflict rule (sync.md, section 2, rule 4)."""
    rule = doc.conflict if doc is not None else "manual"
    if rule == "latest":
        return _latest(ours, theirs, tolerance)
    if rule == "priority" and doc is not None:
        return _priority(doc.priority, ours, theirs)
    if rule in ("max", "min"):
        return _extreme(rule, clash)
    if rule in ("union", "append"):
        return _joined(rule, clash)
    return Decision("ask", "manual")


def _latest(ours: Moment, theirs: Moment, tolerance: timedelta) -> Decision:
    if ours.at is None or theirs.at is None:
        return Decision("ask", "no_time")
    if abs(ours.at - theirs.at) <= tolerance:
        return Decision("ask", "within_tolerance")
    return Decision("theirs" if theirs.at > ours.at else "ours", "latest")


def _priority(order: Sequence[str], ours: Moment, theirs: Moment) -> Decision:
    rank = {name: place for place, name in enumerate(order)}
    mine, other = rank.get(ours.connection or "", len(rank)), rank.get(theirs.connection or "", len(rank))
    if mine == other:
        return Decision("ask", "equal_priority")
    return Decision("theirs" if other < mine else "ours", "priority")


def _number(value: Normal) -> Decimal | None:
    try:
        return Decimal(value) if isinstance(value, str) else None
    except InvalidOperation:
        return None


def _extreme(rule: str, clash: Conflict) -> Decision:
    if clash.ours is None or clash.theirs is None:
        return Decision("theirs" if clash.ours is None else "ours", rule)
    left, right = _number(clash.ours), _number(clash.theirs)
    if left is not None and right is not None:
        bigger = right > left
    elif isinstance(clash.ours, str) and isinstance(clash.theirs, str):
        bigger = clash.theirs > clash.ours
    else:
        return Decision("ask", rule)
    return Decision("theirs" if bigger == (rule == "max") else "ours", rule)


def _joined(rule: str, clash: Conflict) -> Decision:
    if not isinstance(clash.ours, str) or not isinstance(clash.theirs, str):
        return Decision("theirs" if clash.ours is None else "ours", rule)
    if rule == "append":
        return Decision("both", rule, f"{clash.ours}\n{clash.theirs}")
    parts = [p.strip() for p in f"{clash.ours};{clash.theirs}".split(";")]
    return Decision("both", rule, ";".join(dict.fromkeys(p for p in parts if p)))
