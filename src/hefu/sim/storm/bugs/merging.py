"""Bugs of merging: who is right, what was known, what is an echo."""

from __future__ import annotations

from typing import Any

from hefu.core import merge as merging
from hefu.core.merge import Merge, Rules
from hefu.core.merge import merge as sound
from hefu.core.plan import Decision
from hefu.engine import fold
from hefu.sim.storm.bugs import Swap, bug


@bug(20, seed=0)
def last_write_wins(swap: Swap) -> None:
    """Whoever is read last is right, and no conflict is listed."""

    def careless(*args: Any) -> Merge | None:
        out = sound(*args)
        for clash in out.conflicts if out else ():
            if out is not None and "[" not in clash.field:
                out.golden[clash.field] = out.told[clash.field] = clash.theirs
                out.taken.append(clash.field)
        if out:
            out.conflicts[:] = [c for c in out.conflicts if "[" in c.field]
        return out

    swap(fold, "merge", careless)


@bug(20, seed=0)
def first_write_wins(swap: Swap) -> None:
    """What golden has stays, and the other value is forgotten."""

    def careless(*args: Any) -> Merge | None:
        out = sound(*args)
        for clash in out.conflicts if out else ():
            if out is not None:
                out.told.pop(clash.field, None)
        if out:
            out.conflicts.clear()
        return out

    swap(fold, "merge", careless)


@bug(40)
def an_echo_counts_as_an_edit(swap: Swap) -> None:
    """Only what was told is remembered, not what was seen: a system's way of writing looks like an edit."""

    def careless(_seen: Any, told: Any, *rest: Any) -> Merge | None:
        return sound(told, told, *rest)

    swap(fold, "merge", careless)


@bug(20, seed=1)
def owners_are_ignored(swap: Swap) -> None:
    """Anybody may change what another system owns."""

    def careless(seen: Any, told: Any, golden: Any, theirs: Any, system: str, rules: Rules) -> Merge | None:
        return sound(seen, told, golden, theirs, system, Rules({}, rules.report, rules.line_keys))

    swap(fold, "merge", careless)


@bug(20)
def a_foreign_edit_is_left_standing(swap: Swap) -> None:
    """What another system owns is not told again after somebody else typed over it."""

    def careless(seen: Any, told: Any, *rest: Any) -> Merge | None:
        out = sound(seen, told, *rest)
        for clash in out.overruled if out else ():
            if out is not None:
                out.told[clash.field] = clash.ours
        return out

    swap(fold, "merge", careless)


@bug(20, seed=0)
def golden_is_what_came_in(swap: Swap) -> None:
    """The whole record is overwritten by whatever a system holds, changed or not."""

    def careless(seen: Any, told: Any, golden: Any, theirs: Any, *_: Any) -> Merge | None:
        if theirs == seen:
            return None
        values = {n: v for n, v in theirs.items() if golden.get(n) != v}
        return Merge({**golden, **theirs}, {**told, **theirs}, list(values), [], [])

    swap(fold, "merge", careless)


@bug(60, seed=6)
def a_clear_is_no_edit(swap: Swap) -> None:
    """A field that somebody empties keeps its old value."""

    def careless(seen: Any, told: Any, golden: Any, theirs: Any, system: str, rules: Rules) -> Merge | None:
        kept = {n: seen.get(n) if v is None and seen.get(n) is not None else v for n, v in theirs.items()}
        return sound(seen, told, golden, kept, system, rules)

    swap(fold, "merge", careless)


@bug(20, seed=0)
def the_loser_is_not_listed(swap: Swap) -> None:
    """A conflict that a rule decides leaves no entry."""
    real = fold._conflict_issue

    def careless(*args: Any) -> Any:
        found = real(*args)
        facts = {"rule": found.facts["rule"], "ours": None, "theirs": None, "base": None}
        return found._replace(facts=facts) if found.decision else found

    swap(fold, "_conflict_issue", careless)


@bug(100)
def the_older_value_wins(swap: Swap) -> None:
    """Between two edits the earlier one counts as the latest, and the loser is not told."""

    def careless(*_: Any) -> Decision:
        return Decision("ours", "latest")

    def sink(batch: Any, *args: Any) -> Any:
        out = real(batch, *args)
        batch.issues.pop()
        return out

    real = fold._conflict
    swap(fold, "decide", careless)
    swap(fold, "_conflict", sink)


@bug(60, seed=9)
def lines_are_taken_whole(swap: Swap) -> None:
    """An order's lines are one value: whoever changed a line brings all of theirs."""

    def careless(out: Merge, name: str, _key: str, _before: Any, now: Any, *_: Any) -> None:
        out.golden[name] = out.told[name] = now
        out.taken.append(name)

    swap(merging, "_merge_lines", careless)


@bug(40, seed=0)
def a_change_without_a_story(swap: Swap) -> None:
    """Golden changes and nobody can tell why."""
    real = fold.Batch.store

    def careless(self: Any) -> None:
        self.moved = [m for m in self.moved if m.kind != "changed"]
        real(self)

    swap(fold.Batch, "store", careless)
