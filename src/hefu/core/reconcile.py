"""Two records of one business object through their mappings: what differs, and the one reason for each difference.

Pure. What a system holds now is compared with what the other holds now; what the hub remembers (`Memory`) never says
whether they differ, only why. A difference that nothing explains counts against the books: see `EXPLAINED`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, NamedTuple

from hefu.core.merge import NOTHING, by_key, line_order
from hefu.core.records import Field, Normal
from hefu.core.rewriting import rewritten_text

Values = Mapping[str, Normal]
Shape = Mapping[str, "tuple[str | None, frozenset[str]] | None"]
"""Fields that both sides can be read for; for lists of lines (line key, line fields), for others None."""


class Kind(StrEnum):
    """The class of a difference: each has exactly one."""

    IN_FLIGHT = "in_flight"
    CONFLICT = "conflict"
    FILTERED = "filtered"
    TRANSFORMED = "transformed"
    ROUNDING = "rounding"
    DRIFT = "drift"
    MISSING_LEFT = "missing_left"
    MISSING_RIGHT = "missing_right"
    DUPLICATE = "duplicate"
    UNEXPLAINED = "unexplained"


EXPLAINED = frozenset({Kind.IN_FLIGHT, Kind.CONFLICT, Kind.FILTERED, Kind.TRANSFORMED, Kind.ROUNDING})
"""Work that is under way, a case on somebody's desk, or a rule of the project. All others make the headline number."""


class Repair(NamedTuple):
    """What would settle a difference once somebody approves it: one value, or (`field` "") a whole record.

    `record_id` None creates; `after` None of a whole record deletes. Values are in our terms.
    """

    golden_id: str | None
    mapping: str
    connection: str
    object: str
    record_id: str | None
    field: str
    before: Normal
    after: Normal
    reason: str


class Difference(NamedTuple):
    """One difference: a field of two records (`field` "lines[10].price"), or (`field` "") a record as a whole.

    `why` is a word of `words.reconcile.WHY`; `left` and `right` what each side holds, in our terms.
    """

    kind: Kind
    why: str
    entity: str
    golden_id: str | None
    title: str
    left_id: str | None
    right_id: str | None
    field: str
    left: Normal
    right: Normal
    repair: Repair | None = None


@dataclass(frozen=True, slots=True)
class Memory:
    """What the hub remembers of one record in one system.

    writes: fields it may write there.  busy: a write or a re-read is due or under way.  stale: the system changed the
    record after the hub last looked, so the next look takes it.  reread: the mapping's meaning changed meanwhile.
    """

    state: str
    told: Values
    seen: Values
    writes: Collection[str]
    busy: bool = False
    waits: str | None = None
    stale: bool = False
    reread: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """A record as one side holds it now. `declared`: golden field -> the system's own field, for lengths and scales.

    `project(field, value)`: what this side would hold if it were told that value; NOTHING where it cannot be said.
    """

    id: str
    values: Values
    memory: Memory | None = None
    declared: Mapping[str, Field | None] = field(default_factory=dict)
    project: Callable[[str, Normal], Normal] = lambda _field, _value: NOTHING


@dataclass(frozen=True, slots=True)
class Case:
    """A pair of records with what the hub knows of their object. `golden` None: the hub does not know it.

    disputed: fields (or paths of lines) that wait for a person, "" for the whole record.  numeric: fields that are
    numbers.
    """

    left: Held
    right: Held
    golden: Values | None = None
    disputed: Collection[str] = ()
    numeric: Collection[str] = ()


# --------------------------------------------------------------------- comparing


def same(left: Normal, right: Normal) -> bool:
    """Typed equality; a blank is a blank however a system writes it, and what was not sent cannot differ."""
    if left is NOTHING or right is NOTHING or left == right:
        return True
    return left in (None, "", []) and right in (None, "", [])


def differences(left: Values, right: Values, shape: Shape) -> Iterator[tuple[str, Normal, Normal]]:
    """(path, left, right) of each value that is not the same, lines by their keys."""
    for name, lines in shape.items():
        mine, other = left.get(name, NOTHING), right.get(name, NOTHING)
        if same(mine, other):
            continue
        if lines is None:
            yield name, mine, other
        elif lines[0] is None:
            if [_narrow(r, lines[1]) for r in mine or ()] != [_narrow(r, lines[1]) for r in other or ()]:
                yield name, mine, other
        else:
            yield from _lines(name, lines[0], lines[1], mine, other)


def _narrow(row: Values, names: Collection[str]) -> dict[str, Normal]:
    return {n: v for n, v in row.items() if n in names and v not in (None, "")}


def _lines(name: str, key: str, inner: Collection[str], mine: Any, other: Any) -> Iterator[tuple[str, Normal, Normal]]:
    left, right = by_key(mine, key), by_key(other, key)
    renumbered = _renumbered(left, right, frozenset(inner) - {key})
    met = set(renumbered.values())
    for line in sorted({**left, **right}, key=line_order):
        if line in renumbered:
            yield f"{name}[{line}].{key}", left[line].get(key), right[renumbered[line]].get(key)
            continue
        if line in met and line not in left:
            continue
        if line not in left or line not in right:
            yield f"{name}[{line}]", left.get(line), right.get(line)
            continue
        for part in sorted(inner):
            a, b = left[line].get(part, NOTHING), right[line].get(part, NOTHING)
            if not same(a, b):
                yield f"{name}[{line}].{part}", a, b


def _renumbered(left: Mapping[Any, Values], right: Mapping[Any, Values], inner: Collection[str]) -> dict[Any, Any]:
    """Lines that only their key tells apart: key on the left -> key on the right, each line used once."""
    free: dict[Any, list[Any]] = {}
    for line in sorted(right.keys() - left.keys(), key=line_order):
        free.setdefault(_content(right[line], inner), []).append(line)
    out: dict[Any, Any] = {}
    for line in sorted(left.keys() - right.keys(), key=line_order):
        content = _content(left[line], inner)
        if content and free.get(content):
            out[line] = free[content].pop(0)
    return out


def _content(row: Values, inner: Collection[str]) -> str:
    narrow = _narrow(row, inner)
    return repr(sorted(narrow.items())) if narrow else ""


def at(values: Values, path: str, line_keys: Mapping[str, str]) -> Normal:
    """The value at a path ("phone", "lines[10].price"), NOTHING where there is none."""
    name, _, rest = path.partition("[")
    found = values.get(name, NOTHING)
    if not rest:
        return found
    line, _, inner = rest.partition("]")
    rows = by_key(found, line_keys.get(name, ""))
    row = next((r for k, r in rows.items() if str(k) == line), None)
    if row is None:
        return None if found is not NOTHING else NOTHING
    return row.get(inner[1:], NOTHING) if inner else row


# ------------------------------------------------------------------- classifying


def classify(case: Case, path: str, line_keys: Mapping[str, str]) -> tuple[Kind, str]:
    """The class of a field's difference, and why. What waits comes before what moved, and that before how it is kept.

    An edit that the hub has not seen is drift even if it looks like rounding or case: somebody typed it.
    """
    top = path.partition("[")[0]
    if any(d in ("", path, top) or path.startswith(f"{d}.") for d in case.disputed):
        return Kind.CONFLICT, "waits_for_person"
    known = [(side, side.memory) for side in (case.left, case.right) if side.memory is not None]
    debts = [memory for _, memory in known if _owed(memory, case.golden, path, top, line_keys)]
    if any(memory.waits == "person" for memory in debts):
        return Kind.CONFLICT, "refused"
    if any(memory.busy for memory in debts):
        return Kind.IN_FLIGHT, "owed"
    moved = [memory for side, memory in known if _moved(side, path, line_keys)]
    if any(memory.stale for memory in moved) or any(m.stale and m.state == "unlinked" for _, m in known):
        return Kind.IN_FLIGHT, "not_read_yet"
    if any(memory.reread for _, memory in known):
        return Kind.IN_FLIGHT, "mapping_changed"
    if moved:
        return Kind.DRIFT, "edited_unseen"
    return _kept(case, path, top, line_keys)


def _owed(memory: Memory, golden: Values | None, path: str, top: str, line_keys: Mapping[str, str]) -> bool:
    """Whether that system has yet to learn the golden value."""
    if golden is None or top not in memory.writes:
        return False
    return bool(at(golden, path, line_keys) != at(memory.told, path, line_keys))


def _moved(side: Held, path: str, line_keys: Mapping[str, str]) -> bool:
    """Whether it holds something else than the hub last saw there."""
    if side.memory is None:
        return False
    seen, now = at(side.memory.seen, path, line_keys), at(side.values, path, line_keys)
    return seen is not NOTHING and not same(seen, now)


def _kept(case: Case, path: str, top: str, line_keys: Mapping[str, str]) -> tuple[Kind, str]:
    """Nobody moved it: one side may be holding the other's value in its own way."""
    if "[" in path and path.rpartition("].")[2] == line_keys.get(top):
        return Kind.TRANSFORMED, "line_numbers"
    a, b = at(case.left.values, path, line_keys), at(case.right.values, path, line_keys)
    number = path in case.numeric or f"{top}.{path.rpartition('.')[2]}" in case.numeric
    for mine, other, side in ((a, b, case.right), (b, a, case.left)):
        told = side.memory is not None and _is(at(side.memory.told, path, line_keys), mine)
        declared = side.declared.get(top)
        if number:
            if _rounds(mine, other, declared, told=told) or ("[" not in path and _is(side.project(top, mine), other)):
                return Kind.ROUNDING, "fewer_places"
        elif "[" not in path and _is(side.project(top, mine), other):
            return Kind.TRANSFORMED, "mapping"
        elif rewritten_text(mine, other, declared) or (told and _cut(mine, other)):
            return Kind.TRANSFORMED, "rewritten"
    return Kind.UNEXPLAINED, "nothing_known"


def _is(known: Normal, value: Normal) -> bool:
    """Whether it is known to be that value: what is not known explains nothing."""
    return known is not NOTHING and same(known, value)


def _rounds(full: Normal, kept: Normal, declared: Field | None, *, told: bool) -> bool:
    """Whether `kept` is `full` with fewer decimal places: those that the side declares.

    A side that declares none but was told `full` may have rounded it too, but a whole cent is never excused so.
    """
    try:
        exact, short = Decimal(str(full)), Decimal(str(kept))
    except InvalidOperation:
        return False
    scale = declared.scale if declared is not None else None
    if scale is None:
        if not told or abs(exact - short) >= _CENT:
            return False
        scale = _places(short)
    return _places(exact) > scale >= _places(short) and abs(exact - short) * 2 <= Decimal(1).scaleb(-scale)


_CENT = Decimal("0.01")


def _places(number: Decimal) -> int:
    exponent = number.normalize().as_tuple().exponent
    return max(0, -exponent) if isinstance(exponent, int) else 0


def _cut(full: Normal, kept: Normal) -> bool:
    return isinstance(full, str) and isinstance(kept, str) and bool(kept) and full.startswith(kept)


def classify_missing(present: Held, other: Memory | None, disputed: Collection[str], gone: Kind) -> tuple[Kind, str]:
    """The class of a record that only `present` has; `other` is what the hub remembers of it on the other side."""
    if disputed:
        return Kind.CONFLICT, "waits_for_person"
    mine = present.memory
    if other is not None:
        if other.waits == "filtered":
            return Kind.FILTERED, "not_wanted_there"
        if other.state in ("wanted", "creating") and other.busy:
            return Kind.IN_FLIGHT, "to_be_created"
        if other.state == "missing":
            return Kind.IN_FLIGHT, "delete_noticed"
        if mine is not None and mine.busy and other.state == "tombstone":
            return Kind.IN_FLIGHT, "to_be_deleted"
    if mine is not None and (mine.reread or (other is None and mine.stale)):
        return Kind.IN_FLIGHT, "not_read_yet"
    return gone, "no_counterpart"


# ------------------------------------------------------------------------ result


@dataclass
class Section:
    """What was compared of one entity between two mappings, in numbers that add up.

    left and right count records read; pairs = equal + differing; `settled` became equal while we looked again;
    `how` is join, walk, read or sample.
    """

    entity: str
    left: str
    right: str
    left_connection: str
    right_connection: str
    how: str = ""
    counts: dict[str, int] = field(default_factory=dict)
    classes: dict[str, int] = field(default_factory=dict)
    fields: list[str] = field(default_factory=list)

    def add(self, name: str, number: int = 1) -> None:
        """Count."""
        self.counts[name] = self.counts.get(name, 0) + number

    @property
    def unexplained(self) -> int:
        """Differences of this section that nothing explains."""
        return sum(n for kind, n in self.classes.items() if Kind(kind) not in EXPLAINED)


KEPT = 100_000
"""Differences that are kept in full, those that nothing explains first; beyond them they are only counted."""


@dataclass
class Outcome:
    """A reconciliation: its sections, the differences, and the money identities (see `core.balance`)."""

    sections: list[Section] = field(default_factory=list)
    found: list[Difference] = field(default_factory=list)
    balances: list[Any] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)

    @property
    def unexplained(self) -> int:
        """The headline: differences that neither work under way nor a rule explains."""
        return sum(section.unexplained for section in self.sections)

    def take(self, section: Section, found: Sequence[Difference]) -> None:
        """Count differences of a section and keep them, room permitting."""
        for one in found:
            section.classes[one.kind.value] = section.classes.get(one.kind.value, 0) + 1
        room = KEPT - len(self.found)
        if room < len(found):
            found = [d for d in found if d.kind not in EXPLAINED][: max(0, room) + KEPT // 10]
        self.found += found

    def repairs(self) -> list[Repair]:
        """What would settle the differences, as data for a plan."""
        return [d.repair for d in self.found if d.repair is not None]


__all__ = [
    "EXPLAINED",
    "KEPT",
    "Case",
    "Difference",
    "Held",
    "Kind",
    "Memory",
    "Outcome",
    "Repair",
    "Section",
    "Shape",
    "at",
    "classify",
    "classify_missing",
    "differences",
    "same",
]
