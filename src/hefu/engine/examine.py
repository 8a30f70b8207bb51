"""Looks again at what may differ, in both systems, and says of each difference what it is.

The second look is what makes a difference real: what somebody changed while the first look went on is gone by now, or
is known to the hub as work under way.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hefu.core.errors import HubError
from hefu.core.merge import NOTHING
from hefu.core.reconcile import (
    EXPLAINED,
    KEPT,
    Case,
    Difference,
    Held,
    Kind,
    Memory,
    Outcome,
    Repair,
    Section,
    at,
    classify,
    classify_missing,
    differences,
)
from hefu.core.records import FieldType, Normal, Record
from hefu.core.ways import run as run_ways
from hefu.engine.hub import Hub, Side, entity_fields, line_keys
from hefu.engine.sieve import Two, in_common_terms, unfiltered, unknown
from hefu.engine.spool import LEFT, RIGHT
from hefu.engine.suppose import title_of
from hefu.store import golden as goldens
from hefu.store import intents, issues, runs
from hefu.store.db import Tx, instant
from hefu.store.golden import Golden, Link
from hefu.store.tables import issue

_ON_FIELDS = ("conflict", "overruled", "unresolved")
_ON_RECORDS = ("deleted", "delete_edit", "duplicate", "rejected", "unknown_outcome", "unresolved", "unreadable")


@dataclass
class Look:
    """One record as it is now: `values` in common terms, or the error."""

    record: Record
    values: Any
    filtered: bool
    link: Link | None = None


@dataclass
class Known:
    """What the hub knows of the records of a batch."""

    looks: tuple[dict[str, Look], dict[str, Look]] = field(default_factory=lambda: ({}, {}))
    golden: dict[str, Golden] = field(default_factory=dict)
    links: dict[str, list[Link]] = field(default_factory=dict)
    cases: dict[str, list[tuple[str, str]]] = field(default_factory=dict)
    by_record: dict[tuple[str, str], list[str]] = field(default_factory=dict)
    flying: set[str] = field(default_factory=set)


class Examiner:
    """Judges pairs, lonely records and duplicates of one comparison."""

    def __init__(self, hub: Hub, two: Two, section: Section, outcome: Outcome) -> None:
        self.hub, self.two, self.section, self.outcome = hub, two, section, outcome
        self.entity = two.left.entity
        self.line_keys = line_keys(self.entity)
        numbers = (FieldType.DECIMAL, FieldType.MONEY)
        self.numeric = frozenset(path for path, doc in entity_fields(self.entity) if doc.type in numbers)
        self._met: set[tuple[str, str]] = set()
        with hub.store.look() as tx:
            self._cursors = [runs.get_cursor(tx, side.name) for side in two.sides]
            unreadable = issues.list_issues(tx, kinds=("unreadable",), limit=KEPT)
        self._unreadable_ids = {(i["connection"], i["field"].rpartition(":")[0]) for i in unreadable}

    # --------------------------------------------------------------------- verbs

    def pairs(self, pairs: Sequence[tuple[str, str]]) -> None:
        """Compare these records, field by field."""
        known = self._look(([a for a, _ in pairs], [b for _, b in pairs]))
        alone: tuple[list[str], list[str]] = ([], [])
        for a, b in pairs:
            mine, other = known.looks[LEFT].get(a), known.looks[RIGHT].get(b)
            goldens_of = {x.link.golden_id for x in (mine, other) if x is not None and x.link is not None}
            if mine is not None and other is not None and len(goldens_of) < 2:
                self._pair(known, mine, other)
                continue
            self.section.add("pairs", -1)
            for which, look, record_id in ((LEFT, mine, a), (RIGHT, other, b)):
                if look is not None:
                    alone[which].append(record_id)
        for which in (LEFT, RIGHT):
            if alone[which]:
                self.alone(which, alone[which])

    def alone(self, which: int, ids: Sequence[str]) -> None:
        """These records found no counterpart; one that the hub knows is asked for by its id."""
        known = self._look((ids, ()) if which == LEFT else ((), ids))
        partners: dict[str, str] = {}
        for record_id, look in known.looks[which].items():
            link = self._partner(known, look, 1 - which)
            if link is not None and link.record_id is not None and link.state in ("active", "missing"):
                partners[record_id] = link.record_id
        if partners:
            ours, theirs = list(partners), list(partners.values())
            both = self._look((ours, theirs) if which == LEFT else (theirs, ours))
        for record_id, look in known.looks[which].items():
            there = both.looks[1 - which].get(partners[record_id]) if record_id in partners else None
            if there is None or record_id not in both.looks[which]:
                self._missing(known, which, look)
                continue
            two = (both.looks[which][record_id], there)
            mine, other = two if which == LEFT else two[::-1]
            if (mine.record.id, other.record.id) not in self._met:
                self._met.add((mine.record.id, other.record.id))
                self.section.add("pairs")
                self._pair(both, mine, other)

    def twins(self, which: int, ids: Sequence[str]) -> None:
        """These records repeat another of their own side."""
        known = self._look((ids, ()) if which == LEFT else ((), ids))
        for look in known.looks[which].values():
            values = look.values if isinstance(look.values, dict) else {}
            why = "waits_for_person" if self._case_words(known, which, look) else "same_key"
            shown = {n: v for rule in self.entity.match for n in rule if (v := values.get(n)) is not None}
            self._found(which, look, Kind.DUPLICATE, why, shown)

    # ------------------------------------------------------------------- looking

    def _look(self, ids: tuple[Sequence[str], Sequence[str]]) -> Known:
        known = Known()
        for which, side in enumerate(self.two.sides):
            wanted = list(dict.fromkeys(ids[which]))
            if not wanted:
                continue
            records = self.hub.connect(side.mapping.connection).fetch(side.mapping.object, wanted)
            mapped = unfiltered(side, records)
            common = in_common_terms(self.hub, side, [v for v, _ in mapped])
            for record, values, (_, filtered) in zip(records, common, mapped, strict=True):
                known.looks[which][record.id] = Look(record, values, filtered)
        with self.hub.store.look() as tx:
            self._remember(tx, known)
        return known

    def _remember(self, tx: Tx, known: Known) -> None:
        for which, side in enumerate(self.two.sides):
            looks, doc = known.looks[which], side.mapping
            keys = [(x.record.organisation, x.record.id) for x in looks.values()]
            links = goldens.links_by_record(tx, doc.connection, doc.object, keys, lock=False)
            for look in looks.values():
                found = links.get((look.record.organisation, look.record.id))
                look.link = found if found is not None and found.state != "detached" else None
            columns = ("connection", "field", "kind")
            rows = tx.pick(issue, columns, "field", looks.keys(), "state = 'open'")
            for connection, record_id, kind in rows:
                known.by_record.setdefault((connection, record_id), []).append(kind)
        ids = {x.link.golden_id for looks in known.looks for x in looks.values() if x.link is not None}
        known.golden = goldens.load_golden(tx, ids, lock=False)
        known.links = goldens.links_of(tx, ids, lock=False)
        for golden_id, kind, path in tx.pick(issue, ("golden_id", "kind", "field"), "golden_id", ids, "state = 'open'"):
            known.cases.setdefault(golden_id, []).append((kind, path))
        known.flying = set(intents.unsettled(tx, [x.id for links in known.links.values() for x in links]))

    def _partner(self, known: Known, look: Look, which: int) -> Link | None:
        """The hub's link of the same object in the other system."""
        if look.link is None:
            return None
        doc = self.two.sides[which].mapping
        here = [x for x in known.links.get(look.link.golden_id, ())
                if (x.connection, x.object) == (doc.connection, doc.object) and x.state != "detached"]  # fmt: skip
        return min(here, key=lambda x: x.state == "tombstone", default=None)

    def _memory(self, known: Known, which: int, link: Link | None, record: Record | None) -> Memory | None:
        side, cursor = self.two.sides[which], self._cursors[which]
        stale = False
        if record is not None and record.modified_at is not None and cursor is not None:
            committed = instant(cursor.committed_at)
            late = timedelta(seconds=side.connection.lateness.total_seconds())
            stale = record.modified_at >= committed - late
        reread = cursor is not None and cursor.fingerprint != side.compiled.fingerprint
        if link is None:
            return None if cursor is None else Memory("unlinked", {}, {}, (), stale=stale, reread=reread)
        busy = link.due_at is not None or link.id in known.flying or link.reread > 0
        return Memory(
            link.state, link.told, link.seen, side.compiled.writes, busy, link.waits, stale, reread
        )  # fmt: skip

    def _held(self, known: Known, which: int, look: Look, values: Any) -> Held:
        side = self.two.sides[which]
        memory = self._memory(known, which, look.link, look.record)
        declared = side.their_fields(side.compiled.reads)
        return Held(look.record.id, values, memory, declared, lambda name, value: _projected(side, name, value))

    # ------------------------------------------------------------------- judging

    def _pair(self, known: Known, mine: Look, other: Look) -> None:
        if mine.filtered and other.filtered:
            return
        if isinstance(mine.values, HubError) or isinstance(other.values, HubError):
            self._unreadable(known, mine, other)
            return
        found = [d for d in differences(mine.values, other.values, self.two.shape) if not self._both_unknown(d)]
        if not found:
            return
        self.section.add("differing")
        if mine.filtered or other.filtered:
            which = LEFT if mine.filtered else RIGHT
            self._report(mine, other, Kind.FILTERED, "filter_left" if which == LEFT else "filter_right", "", None, None)
            return
        link = mine.link or other.link
        golden = known.golden.get(link.golden_id) if link is not None else None
        disputed = [*(golden.disputed if golden else ())]
        disputed += [p for kind, p in known.cases.get(golden.id if golden else "", ()) if kind in _ON_FIELDS]
        left, right = (self._held(known, w, x, x.values) for w, x in ((LEFT, mine), (RIGHT, other)))
        case = Case(left, right, self._common(known, golden), disputed, self.numeric)
        for path, a, b in found:
            kind, why = classify(case, path, self.line_keys)
            self._report(mine, other, kind, why, path, a, b, golden)

    def _common(self, known: Known, golden: Golden | None) -> Mapping[str, Normal] | None:
        return golden.fields if golden is not None and golden.state == "live" else None

    def _both_unknown(self, found: tuple[str, Normal, Normal]) -> bool:
        """References of which neither is known cannot be told apart: said once, as a number."""
        lost = unknown(self.two.left, found[1]) and unknown(self.two.right, found[2])
        if lost:
            self.section.add("not_comparable")
        return lost

    def _unreadable(self, known: Known, mine: Look, other: Look) -> None:
        bad, which = (mine, LEFT) if isinstance(mine.values, HubError) else (other, RIGHT)
        self.section.add("differing")
        waits = bool(self._case_words(known, which, bad))
        kind, why = (Kind.CONFLICT, "waits_for_person") if waits else (Kind.UNEXPLAINED, "unreadable")
        field_name = getattr(bad.values, "field", None) or ""
        self._report(mine, other, kind, why, field_name, None, None)

    def _case_words(self, known: Known, which: int, look: Look) -> list[str]:
        """Kinds of the open cases about this record."""
        connection = self.two.sides[which].mapping.connection
        words = list(known.by_record.get((connection, look.record.id), ()))
        if (connection, look.record.id) in self._unreadable_ids:
            words.append("unreadable")
        if look.link is not None:
            words += [kind for kind, _ in known.cases.get(look.link.golden_id, ()) if kind in _ON_RECORDS]
        return words

    def _missing(self, known: Known, which: int, look: Look) -> None:
        gone = Kind.MISSING_RIGHT if which == LEFT else Kind.MISSING_LEFT
        if look.filtered:
            if look.link is None or self._partner(known, look, 1 - which) is None:
                self.section.add("out_of_scope")
                return
            self._found(which, look, Kind.FILTERED, "filter_left" if which == LEFT else "filter_right", None)
            return
        if isinstance(look.values, HubError):
            waits = bool(self._case_words(known, which, look))
            self._found(which, look, Kind.CONFLICT if waits else Kind.UNEXPLAINED,
                        "waits_for_person" if waits else "unreadable", None)  # fmt: skip
            return
        partner = self._partner(known, look, 1 - which)
        there = self.two.sides[1 - which]
        if self._unwanted(there, look):
            self._found(which, look, Kind.FILTERED, "not_wanted_there", None)
            return
        other = self._memory(known, 1 - which, partner, None) if partner is not None else None
        held = self._held(known, which, look, look.values)
        kind, why = classify_missing(held, other, self._case_words(known, which, look), gone)
        self._found(which, look, kind, why, None)

    def _unwanted(self, there: Side, look: Look) -> bool:
        try:
            return not there.compiled.wanted(look.values)
        except HubError:
            return False

    # ----------------------------------------------------------------- reporting

    def _found(self, which: int, look: Look, kind: Kind, why: str, shown: Any) -> None:
        """A difference that is a record as a whole."""
        values = look.values if isinstance(look.values, dict) else {}
        title = title_of(self.two.sides[which], values)
        golden_id = look.link.golden_id if look.link is not None else None
        ids = (look.record.id, None) if which == LEFT else (None, look.record.id)
        sides = (shown, None) if which == LEFT else (None, shown)
        repair = None if kind in EXPLAINED or kind is Kind.DUPLICATE else self._create(which, look, why)
        one = Difference(
            kind, why, self.entity.entity, golden_id, title, ids[0], ids[1], "", sides[0], sides[1], repair
        )
        self.outcome.take(self.section, [one])

    def _create(self, which: int, look: Look, why: str) -> Repair | None:
        there = self.two.sides[1 - which]
        if not there.may_create or not isinstance(look.values, dict):
            return None
        values = {n: v for n, v in look.values.items() if n in there.compiled.writes and v not in (None, "")}
        golden_id = look.link.golden_id if look.link is not None else None
        doc = there.mapping
        return Repair(golden_id, there.name, doc.connection, doc.object, None, "", None, values, why)

    def _report(
        self,
        mine: Look,
        other: Look,
        kind: Kind,
        why: str,
        path: str,
        a: Normal,
        b: Normal,
        golden: Golden | None = None,
    ) -> None:
        values = mine.values if isinstance(mine.values, dict) else other.values
        title = title_of(self.two.left, values) if isinstance(values, dict) else ""
        link = mine.link or other.link
        golden_id = golden.id if golden is not None else link.golden_id if link is not None else None
        a, b = (None if v is NOTHING else v for v in (a, b))
        repair = None
        if kind in (Kind.DRIFT, Kind.UNEXPLAINED) and path and why != "unreadable":
            repair = self._repair(mine, other, golden, path, a, b, why)
        ids = (mine.record.id, other.record.id)
        one = Difference(kind, why, self.entity.entity, golden_id, title, ids[0], ids[1], path, a, b, repair)
        self.outcome.take(self.section, [one])

    def _repair(
        self, mine: Look, other: Look, golden: Golden | None, path: str, a: Normal, b: Normal, why: str
    ) -> Repair | None:
        """The owner is right. Else an edit that the hub had missed is taken, and a value that it knows is put back."""
        side = self._wrong_side(golden, mine.values, path, a, b, edited=why == "edited_unseen")
        if side is None:
            return None
        there = self.two.sides[side]
        if path.partition("[")[0] not in there.compiled.writes:
            return None
        record, before, after = (other.record, b, a) if side == RIGHT else (mine.record, a, b)
        doc = there.mapping
        return Repair(
            golden.id if golden else None, there.name, doc.connection, doc.object, record.id, path, before, after, why
        )

    def _wrong_side(
        self, golden: Golden | None, values: Mapping[str, Normal], path: str, a: Normal, b: Normal, *, edited: bool
    ) -> int | None:
        name, _, rest = path.partition("[")
        inner = rest.partition("].")[2]
        owners = self.two.left.rules(golden.fields if golden is not None else values).owners
        owner = owners.get(f"{name}.{inner}" if inner else name) or owners.get(name)
        for which, side in enumerate(self.two.sides):
            if owner == side.mapping.connection:
                return 1 - which
        agreed = at(golden.fields, path, self.line_keys) if golden is not None else NOTHING
        if agreed not in (a, b):
            return None
        return RIGHT if (agreed == a) != edited else LEFT


def _projected(side: Side, name: str, value: Normal) -> Normal:
    """What the side's own mapping makes of a value on the way there and back; NOTHING where it cannot say."""
    compiled = side.compiled
    said = compiled.outward([{name: value}], [frozenset({name})])[0]
    ways = [w for w in compiled.ins if w.name == name]
    if isinstance(said, HubError) or not said:
        return NOTHING
    back = run_ways(ways, [said])[0]
    return back.get(name, NOTHING) if isinstance(back, dict) else NOTHING


def examine(hub: Hub, two: Two, section: Section, outcome: Outcome, found: Iterable[Any]) -> None:
    """Judge batches of ("look" | "alone" | "twin", rows) from a spool."""
    examiner = Examiner(hub, two, section, outcome)
    for table, rows in found:
        if table == "look":
            examiner.pairs(rows)
            continue
        judge = examiner.alone if table == "alone" else examiner.twins
        for which in (LEFT, RIGHT):
            ids = [i for s, i in rows if int(s) == which]
            if ids:
                judge(which, ids)


__all__ = ["Examiner", "examine"]
