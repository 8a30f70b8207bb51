"""The verdict on a case that has come to rest: the invariants of sync.md, section 7, each against the history.

"All agree in the end" is not enough: a hub in which the last write wins agrees perfectly. So each typed value is
followed, each change of golden must have an author, and nothing may have been written over unread.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from hefu.connectors.memory import MemorySystem
from hefu.core.merge import settle_lines
from hefu.sim.storm.compare import Books
from hefu.sim.storm.history import Typed, inner_values, tokens
from hefu.sim.storm.scene import Scene
from hefu.sim.storm.world import LINE, RULES, TYPED, objects, writable
from hefu.store import journal
from hefu.store.db import from_json
from hefu.store.tables import run

if TYPE_CHECKING:
    from hefu.connectors._memory_manners import Entry

Row = Mapping[str, Any]

EXPECTED = frozenset({
    "conflict", "overruled", "loss", "rejected", "deleted", "delete_edit", "duplicate", "flood", "unresolved",
    "unreadable", "unknown_outcome", "paused", "drift",
})  # fmt: skip


def judge(play: Scene) -> list[str]:
    """What is wrong, one line each; empty when every invariant holds."""
    facts = Facts(play)
    books = Books(play)
    found = [] if play.stopped() else [*books.differences()]
    for check in (
        lost,
        echoes,
        blind,
        trespass,
        invented,
        hasty,
        out_of_order,
        beyond,
        sums,
        unsettled,
        forgotten,
        untold,
        chain,
    ):
        found += check(facts)
    return found[:20]


class Facts:
    """Everything that the checks look at, read once."""

    def __init__(self, play: Scene) -> None:
        self.play = play
        self.shape = play.case.shape
        self.story = play.story()
        self.cases = play.issues(state=None)
        self.golden = play.golden()
        self.links = play.links()
        self.intents = play.intents()
        self.heard = self._heard()
        self.stopped = play.stopped()
        self.twins = {
            (c["connection"], c["entity"], c["facts"].get(name))
            for c in self.cases
            for name in ("record_id", "also")
            if c["kind"] == "duplicate"
        }
        """Records that are second ones of their object: a person was asked, and until then nothing of them is read."""
        self.entries: dict[tuple[str, str, str], list[Entry]] = defaultdict(list)
        for name, system in play.systems.items():
            for entry in system.log:
                self.entries[name, entry.object, entry.id].append(entry)

    def _heard(self) -> set[int]:
        """Typed values of which the hub took notice: they are in its story or at its desk."""
        out: set[int] = set()
        for row in self.story:
            for path, moved in row["moved"].items():
                values = [moved] if row["kind"] == "created" else moved
                for value in values:
                    out |= tokens(path, value)
        for case in self.cases:
            for name in ("ours", "theirs", "base"):
                out |= tokens(case["field"], case["facts"].get(name))
        return out

    def owner(self, path: str) -> str | None:
        """Who owns the field of a path."""
        name, _, inner = path.partition("[")
        doc = LINE.get(inner.partition("].")[2], {}) if inner else RULES.get(name, {})
        return doc.get("owner")


# --------------------------------------------------------------- 2: no lost edit


def lost(facts: Facts) -> Iterator[str]:
    """What somebody typed and what was then overwritten by the hub, or never overwritten, the hub has heard of."""
    for typed in facts.play.history.typed:
        twin = (typed.system, typed.object, typed.record) in facts.twins
        if typed.token in facts.heard or twin or not _mapped(facts, typed):
            continue
        after = _after(facts, typed)
        if after is None:  # replaced or removed by people of that system
            continue
        if after == "" and facts.stopped:  # in force, and read once a person lets the flow go on
            continue
        if (
            isinstance(after, int)
            and _unguarded(facts, typed, after)
            and not facts.play.history.could_know(typed, after)
        ):
            continue
        yield f"lost: {typed} was never heard of"


def _mapped(facts: Facts, typed: Typed) -> bool:
    return typed.path.partition("[")[0] in writable(facts.shape, typed.system, typed.object) or typed.path == "phone"


def _unguarded(facts: Facts, typed: Typed, after: int) -> bool:
    """Whether the system lets nobody write on a condition: between a look and a write there is nothing to be done."""
    manners = facts.shape.manners[typed.system]
    entries = facts.entries[typed.system, typed.object, typed.record]
    deleted = any(e.number == after and e.verb == "delete" for e in entries) and manners["conditional"] != "version"
    lines = typed.path.startswith("lines") and manners["conditional"] == "values"  # only single values are compared
    return bool(deleted or lines or manners["conditional"] == "no" or manners["create"] == "upsert")


def _after(facts: Facts, typed: Typed) -> int | str | None:
    """The log number at which the hub replaced it, "" if nobody did, None if people did (or a hub's earlier heir)."""
    name = typed.path.partition("[")[0]
    for entry in facts.entries[typed.system, typed.object, typed.record]:
        if entry.number <= typed.entry:
            continue
        if entry.verb in ("delete", "merge"):
            return None if entry.who != "hub" else entry.number
        if name in entry.after and typed.token not in tokens(name, entry.after[name]):
            return None if entry.who != "hub" else entry.number
    return ""


# -------------------------------------------------------------------- 3: no echo


def echoes(facts: Facts) -> Iterator[str]:
    """Each change came from a person of the system that it is said to come from."""
    typed = {(t.system, t.token) for t in facts.play.history.typed}
    for row in facts.story:
        if row["kind"] not in ("changed", "linked"):
            continue
        for path, (before, after) in row["moved"].items():
            news = tokens(path, after) - tokens(path, before)
            strange = [t for t in news if (row["connection"], t) not in typed]
            if strange and not _joined(path, row, facts):
                yield f"echo: {row['connection']} is said to have typed {path}={after!r} (was {before!r})"


def _joined(path: str, row: Row, facts: Facts) -> bool:
    """A union or a maximum may carry over what a rule has put together, and a line comes as a whole."""
    return facts.shape.rewrite != "" and path == "tags" and row["kind"] in ("changed", "linked")


# ----------------------------------------------- 2: nothing is overwritten unknown


def blind(facts: Facts) -> Iterator[str]:
    """No system's change replaced a value that it did not know, unless it owns the field or a rule decided.

    What a system was told and cut off, as the desk says, it did get: its people go on from what it kept.
    """
    held: dict[str, set[int]] = {name: _held(system) for name, system in facts.play.systems.items()}
    for case in facts.cases:
        if case["kind"] == "loss" and case["connection"] in held:
            held[case["connection"]] |= tokens(case["field"], case["facts"].get("sent"))
    decided = {(c["field"], tokens(c["field"], c["facts"].get("ours"))) for c in facts.cases if c["kind"] == "conflict"}
    for row in facts.story:
        if row["kind"] not in ("changed", "linked") or row["connection"] not in held:
            continue
        for path, (before, after) in row["moved"].items():
            old = tokens(path, before)
            unknown = old - held[row["connection"]] - tokens(path, after)
            inner = {
                t for p, v in inner_values(path, before) for t in tokens(p, v) if facts.owner(p) == row["connection"]
            }
            if unknown - inner and facts.owner(path) != row["connection"] and (path, old) not in decided:
                yield f"blind: {row['connection']} replaced {path}={before!r} by {after!r} without knowing it"


def _held(system: MemorySystem) -> set[int]:
    """Every typed value that a system ever held."""
    return {t for entry in system.log for name, value in entry.after.items() for t in tokens(name, value)}


# ------------------------------------------------------------------ 2: ownership


def trespass(facts: Facts) -> Iterator[str]:
    """What one system owns no other one changes, once it has a value."""
    for row in facts.story:
        if row["kind"] not in ("changed", "linked"):
            continue
        for path, (before, after) in row["moved"].items():
            if before is not None and facts.owner(path) not in (None, row["connection"]):
                yield f"trespass: {row['connection']} changed {path}={before!r} to {after!r}, which is not its own"


# ---------------------------------------------------- 2: no conflict nobody caused


def invented(facts: Facts) -> Iterator[str]:
    """Both values of a conflict were typed, by people of two systems; and every kind of case is a known one."""
    where = {t.token: t.system for t in facts.play.history.typed}
    for case in facts.cases:
        if case["kind"] not in EXPECTED:
            yield f"odd case: {case['kind']} {case['facts']}"
        if case["kind"] != "conflict" or case["field"] not in TYPED:
            continue
        ours, theirs = (tokens(case["field"], case["facts"][n]) for n in ("ours", "theirs"))
        if ours == theirs and ours:
            yield f"false conflict: both say {case['facts']['ours']!r} in {case['field']}"
        if theirs and case["field"] != "tags" and {where.get(t) for t in theirs} != {case["connection"]}:
            yield f"false conflict: nobody in {case['connection']} typed {case['facts']['theirs']!r}"


def hasty(facts: Facts) -> Iterator[str]:
    """While a person is asked about a field of a record, no system is told a value of it.

    Lines are written whole, with what is disputed as their system holds it.
    """
    writes: dict[tuple[str, str], list[Row]] = defaultdict(list)
    golden = {x["id"]: x["golden_id"] for x in facts.links}
    for row in facts.intents:
        for name in row["fields"] or {}:
            writes[golden.get(row["link_id"], ""), name].append(row)
    for case in facts.cases:
        if case["kind"] != "conflict":
            continue
        until = case["closed_at"]
        for write in writes[case["golden_id"], case["field"]]:
            if write["id"] > case["id"] and (until is None or write["made_at"] < until):
                yield f"hasty: {case['field']} was told by the {write['kind']} {write['id']} while a person was asked"


# ---------------------------------------------------------------------- 5: order


def out_of_order(facts: Facts) -> Iterator[str]:
    """A system is never told an older golden value after a newer one."""
    versions = _versions(facts)
    for link in facts.links:
        if link["record_id"] is None:
            continue
        story = versions.get(link["golden_id"], {})
        place: dict[str, int] = {}
        for entry in facts.entries[link["connection"], link["object"], link["record_id"]]:
            if entry.who != "hub" or entry.verb not in ("create", "update"):
                continue
            for name in TYPED:
                said = tokens(name, entry.after.get(name))
                known = story.get(name, [])
                if not said or said not in known:
                    continue
                later = [n for n in range(place.get(name, 0), len(known)) if known[n] == said]
                if not later:
                    yield f"order: {link['connection']} was told {name}={entry.after[name]!r} after a newer value"
                else:
                    place[name] = later[0]


def _versions(facts: Facts) -> dict[str, dict[str, list[frozenset[int]]]]:
    """golden id -> field -> its values in the order in which golden took them."""
    out: dict[str, dict[str, list[frozenset[int]]]] = defaultdict(lambda: defaultdict(list))
    for row in facts.story:
        for path, moved in row["moved"].items():
            if path in TYPED:
                value = moved if row["kind"] == "created" else moved[0 if row["kind"] == "overruled" else 1]
                if row["kind"] != "overruled":
                    out[row["golden_id"]][path].append(tokens(path, value))
    return out


# --------------------------------------------------------------- 8: confinement


def beyond(facts: Facts) -> Iterator[str]:
    """The hub wrote only fields that its mappings may write, only what is mapped, and only with an intent."""
    for name, system in facts.play.systems.items():
        allowed = {obj: writable(facts.shape, name, obj) for obj in objects(facts.shape)}
        for entry in system.log:
            if entry.who != "hub":
                continue
            outside = sorted(entry.after.keys() - allowed[entry.object])
            if outside:
                yield f"beyond: the hub wrote {outside} in {name}"
    known = {(x["connection"], x["object"], x["record_id"]) for x in facts.links} | facts.twins
    for (name, obj, record), entries in facts.entries.items():
        gone = facts.play.systems[name].get(obj, record) is None  # and perhaps made anew since, under another id
        if any(e.who == "hub" for e in entries) and (name, obj, record) not in known and not gone:
            yield f"beyond: the hub wrote {obj} {record} in {name} and has no link to it"


# ------------------------------------------------------- 6, 7: sums, story, chain

_PARTS = ("unchanged", "filtered", "unreadable", "created", "linked", "changed", "same", "twin", "waiting")


def sums(facts: Facts) -> Iterator[str]:
    """In every run, what was read is what became of it."""
    with facts.play.store.look() as tx:
        rows = tx.run(run.select()).mappings().all()
    for row in rows:
        counts = from_json(row["counts"]) or {}
        if row["state"] == "running":
            continue
        for side in {key.rpartition(".")[0] for key in counts}:
            read = counts.get(f"{side}.read")
            if read is None:
                continue
            parts = sum(counts.get(f"{side}.{part}", 0) for part in (*_PARTS, "repeated"))
            if read != parts:
                yield f"sums: a run of {side} read {read} and accounts for {parts}: {counts}"


def unsettled(facts: Facts) -> Iterator[str]:
    """No write is left whose outcome nobody knows, save those that wait for a person."""
    asked = {c["link_id"] for c in facts.cases if c["kind"] == "unknown_outcome" and c["state"] == "open"}
    for row in facts.intents:
        if row["state"] in ("open", "unknown") and row["link_id"] not in asked:
            yield f"unsettled: the {row['kind']} of {row['link_id']} is {row['state']}"


def forgotten(facts: Facts) -> Iterator[str]:
    """Nothing waits for a parent that its system has."""
    there = {(x["connection"], x["golden_id"]) for x in facts.links if x["state"] == "active" and x["record_id"]}
    for link in facts.links:
        if link["waits"] == "parent":
            parent = facts.golden[link["golden_id"]].fields.get("customer")
            if (link["connection"], parent) in there:
                yield f"forgotten: {link['id']} waits in {link['connection']} for a parent that is there"


def untold(facts: Facts) -> Iterator[str]:
    """The story of a golden record, replayed, gives its present values: no change without a row."""
    keys = {"lines": "no"}
    told: dict[str, dict[str, Any]] = {}
    for row in facts.story:
        if row["kind"] == "created":
            told[row["golden_id"]] = dict(row["moved"])
        elif row["kind"] != "overruled" and row["golden_id"] in told:
            for path, (_, after) in row["moved"].items():
                told[row["golden_id"]] = settle_lines(told[row["golden_id"]], path, after, keys)
    for golden_id, values in told.items():
        golden = facts.golden[golden_id]
        for name, value in golden.fields.items():
            if (values.get(name) or None) != (value or None):
                yield f"untold: {golden.entity} {name} is {value!r}, its story says {values.get(name)!r}"


def chain(facts: Facts) -> Iterator[str]:
    """The audit chain is whole."""
    with facts.play.store.look() as tx:
        broken = journal.verify(tx, b"k" * 32)
    if broken is not None:
        yield f"chain: broken at row {broken}"


__all__ = ["judge"]
