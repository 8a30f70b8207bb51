"""What a runbook says about time and readiness: which step is due, which is late, the score, the way back.

Pure: the states of the steps come in, verdicts go out. Who does what and keeps it is `engine/cutover.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from hefu.core.project import Cutover, CutoverStep

StepState = Literal["waiting", "running", "passed", "failed", "skipped"]

ENDED: frozenset[str] = frozenset({"passed", "skipped"})
"""States that let the steps behind go on; a step that failed holds them."""


MERGE = "merge_back"
"""The first step of a way back: what was typed since the decision is delivered to both sides. No other is called so."""


@dataclass(frozen=True, slots=True)
class Score:
    """How ready we are. `points` of 100; `missing`: steps without which there is no go; `open`: what is not done."""

    points: int
    threshold: int
    missing: tuple[str, ...]
    open: tuple[str, ...]

    @property
    def go(self) -> bool:
        """What the hub says."""
        return not self.missing and self.points >= self.threshold


def before(doc: Cutover, name: str) -> list[str]:
    """The steps that must be done first: those named, else the one that stands before."""
    names = [s.step for s in doc.steps]
    at = names.index(name)
    after = doc.steps[at].after
    return list(after) if after is not None else names[max(0, at - 1) : at]


def due(doc: Cutover, states: Mapping[str, str], *, decided: bool) -> list[str]:
    """Steps that can be taken now, in order. `decided`: the decision was to go, so that what follows it may begin."""
    return [
        s.step
        for s in doc.steps
        if states.get(s.step, "waiting") not in ENDED
        and (decided or not s.after_go)
        and all(states.get(earlier) in ENDED for earlier in before(doc, s.step))
    ]


def schedule(doc: Cutover) -> dict[str, tuple[timedelta, timedelta]]:
    """Step -> (when it begins, when it should be done), counted from the beginning of the whole.

    A step begins when all before it should be done; what follows the decision begins after all that it rests on.
    """
    out: dict[str, tuple[timedelta, timedelta]] = {}
    decision = timedelta(0)
    for step in doc.steps:
        starts = [out[earlier][1] for earlier in before(doc, step.step)]
        if step.after_go:
            starts.append(decision)
        begin = max(starts, default=timedelta(0))
        out[step.step] = (begin, begin + step.lasts)
        if not step.after_go:
            decision = max(decision, begin + step.lasts)
    return out


def late(doc: Cutover, states: Mapping[str, str], began: datetime, now: datetime) -> dict[str, timedelta]:
    """Step -> how long it is over its time, for those that are not done and should be."""
    planned = schedule(doc)
    over = {s.step: now - (began + planned[s.step][1]) for s in doc.steps if states.get(s.step, "waiting") not in ENDED}
    return {name: by for name, by in over.items() if by > timedelta(0)}


def total(doc: Cutover) -> timedelta:
    """How long all of it takes when nothing is late."""
    return max((end for _, end in schedule(doc).values()), default=timedelta(0))


def score(doc: Cutover, states: Mapping[str, str]) -> Score:
    """The share of weight that has passed, in points of 100 rounded down, of the steps that stand before the decision.

    A skipped step counts as not passed: somebody decided to go on without it, which does not make it true.
    """
    counted = [s for s in doc.steps if not s.after_go]
    whole = sum(s.weight for s in counted)
    passed = sum(s.weight for s in counted if states.get(s.step) == "passed")
    missing = tuple(s.step for s in counted if s.must and states.get(s.step) != "passed")
    undone = tuple(s.step for s in counted if states.get(s.step, "waiting") not in ENDED and not s.must)
    return Score(passed * 100 // whole if whole else 100, doc.threshold, missing, undone)


def way_back(doc: Cutover, states: Mapping[str, str]) -> list[CutoverStep]:
    """The steps to take back, the last first: those that have begun and have a way back.

    One that failed half-way is taken back, too: nobody knows how far it came.
    """
    begun = {"running", "passed", "failed"}
    return [s for s in reversed(doc.steps) if s.back is not None and states.get(s.step) in begun]


__all__ = ["ENDED", "MERGE", "Score", "StepState", "before", "due", "late", "schedule", "score", "total", "way_back"]
