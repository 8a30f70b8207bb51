"""Which status steps an undo can take back: those whose system knows a way, and that nothing asks for any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from hefu.core.errors import Rejected
from hefu.core.records import Normal, Normals
from hefu.engine.hub import Side
from hefu.store.golden import Golden, Link

BLANK: tuple[Normal, ...] = (None, "", [])


def still_taken(steps: Sequence[str], back: Mapping[str, str]) -> list[str]:
    """The steps that were taken, in order, without those that were taken back since. `back`: step -> its way back."""
    out: list[str] = []
    for action in steps:
        if out and back.get(out[-1]) == action:
            out.pop()
        else:
            out.append(action)
    return out


def states(side: Side) -> set[str]:
    """Fields that show a document's status in this system."""
    return {name for name, source in side.sources.items() if source == side.schema.state}


def must_move(
    side: Side, link: Link, golden: Golden, story: Sequence[Mapping[str, Any]], values: Normals, action: str
) -> dict[str, list[Normal]] | None:
    """field -> [now, before] of what the step was taken for, so that it is not taken again at once; None: it would be.

    `values`: golden as it will be. Empty where nothing asks for the step; else the last move of its condition.
    """
    rule = next((step for step in side.steps if step.action == action), None)
    if rule is None:
        return {}
    if rule.due is None:
        return None
    try:
        if not rule.due.holds(values):
            return {}
        for row in reversed(story):
            if row["id"] < link.id or row["kind"] not in ("changed", "decided"):
                continue
            for name in sorted(rule.due.names & row["moved"].keys()):
                was, became = row["moved"][name]
                free = became == values.get(name) and was not in BLANK and name not in golden.disputed
                over = free and not rule.due.holds({**values, name: was})
                return {name: [became, was]} if over else None
    except Rejected:  # nobody can tell
        pass
    return None


__all__ = ["BLANK", "must_move", "states", "still_taken"]
