"""Makes a failing case small: events are taken out in halves, quarters and singly, as long as it still fails alike.

After Zeller's delta debugging (ddmin). "Alike" means: the same kind of line in the verdict, so that a smaller case
tells of the same fault and not of another one met on the way.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from hefu.sim.storm.case import Case, Event
from hefu.sim.storm.play import Outcome, run_case

MOST_RUNS = 400
"""Trials of one shrinking; a case that is not smallest by then is small enough."""

_FAULTS = frozenset({"read", "write", "store", "kill", "kill_all", "pause_worker", "schema", "hint"})


def kind_of(outcome: Outcome) -> str:
    """What kind of fault the verdict names first, or "" if all is well."""
    return outcome.wrong[0].partition(":")[0] if outcome.wrong else ""


def shrink(
    case: Case, play: Callable[[Case], Outcome] = run_case, told: Callable[[int], None] = lambda _: None
) -> Case:
    """The smallest case found that fails in the same way; the case itself if it does not fail."""
    first = play(case)
    kind = kind_of(first)
    if not kind:
        return case
    trial = _Trial(play, kind, told)
    best = case.of([e for e in case.events if e.at <= first.steps])
    if not trial.fails(best):
        best = case
    best = trial.simpler_world(best)
    best = best.of(trial.without(best, [e for e in best.events if e.kind in _FAULTS]))
    best = best.of(trial.fewest(best))
    return dataclasses.replace(best, note="; ".join(play(best).wrong)[:300])


class _Trial:
    """Counts the runs that are left."""

    def __init__(self, play: Callable[[Case], Outcome], kind: str, told: Callable[[int], None]) -> None:
        self._play, self._kind, self._told = play, kind, told
        self.runs = 0

    def fails(self, case: Case) -> bool:
        """Whether it still fails alike; no longer asked once the runs are used up."""
        if self.runs >= MOST_RUNS:
            return False
        self.runs += 1
        failed = kind_of(self._play(case)) == self._kind
        if failed:
            self._told(len(case.events))
        return failed

    def simpler_world(self, case: Case) -> Case:
        """One worker, fewer rounds, no orders, no third system: whatever the fault does not need."""
        shape = case.shape
        simpler: list[dict[str, Any]] = [
            {"workers": 1}, {"trade": False}, {"rewrite": ""}, {"narrow": False}, {"merges": False},
            {"systems": shape.systems[:2], "first": "crm"},
        ]  # fmt: skip
        for changes in simpler:
            smaller = dataclasses.replace(case, shape=dataclasses.replace(case.shape, **changes))
            smaller = smaller.of([e for e in case.events if e.where in ("", *smaller.shape.systems)])
            if smaller.shape != case.shape and self.fails(smaller):
                case = smaller
        while len(case.shape.rests) > 1:
            fewer: dict[str, Any] = {"rests": case.shape.rests[:-1], "full": case.shape.full[:-1]}
            smaller = dataclasses.replace(case, shape=dataclasses.replace(case.shape, **fewer))
            if not self.fails(smaller):
                return case
            case = smaller
        return case

    def without(self, case: Case, unwanted: Iterable[Event]) -> Sequence[Event]:
        """All events but these, if that still fails: perhaps people alone are enough."""
        gone = set(unwanted)
        kept = [e for e in case.events if e not in gone]
        return kept if gone and self.fails(case.of(kept)) else case.events

    def fewest(self, case: Case) -> list[Event]:
        """ddmin over the events."""
        events, pieces = list(case.events), 2
        while events:
            size = -(-len(events) // pieces)
            for start in range(0, len(events), size):
                rest = events[:start] + events[start + size :]
                if self.fails(case.of(rest)):
                    events, pieces = rest, max(2, pieces - 1)
                    break
            else:
                if size == 1:
                    return events
                pieces = min(len(events), pieces * 2)
        return events


__all__ = ["kind_of", "shrink"]
