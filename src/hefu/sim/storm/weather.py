"""Faults that are due: each strikes the next call or commit that it fits, and is counted when it does."""

from __future__ import annotations

from collections import Counter

from hefu.sim.storm.case import Event

_PAGES = frozenset({"page_twice", "page_shuffled", "page_short", "page_empty"})


class Weather:
    """`pending`: faults that are due and have not struck yet. `struck`: how often each kind did."""

    def __init__(self) -> None:
        self.pending: list[Event] = []
        self.struck: Counter[str] = Counter()
        self.calm = False

    def due(self, event: Event) -> None:
        """From now on this fault waits for its victim."""
        self.pending.append(event)

    def clear(self) -> None:
        """Nothing goes wrong any more."""
        self.pending.clear()
        self.calm = True

    def strike(self, system: str, group: str, verb: str) -> Event | None:
        """The fault that this call meets, if any."""
        for event in self.pending:
            fits = event.kind == group and event.where in ("", system)
            if fits and (event.what not in _PAGES or verb == "read"):
                self.pending.remove(event)
                self.struck[f"{group}.{event.what}"] += 1
                return event
        return None

    def commit(self) -> str:
        """What goes wrong with this commit, or ""."""
        event = self.strike("", "store", "commit")
        return event.what if event else ""
