"""Keeps worked-out figures true: whoever changes a record changes, in the same transaction, the sums above it.

Which records point to an object is kept in the table of identity keys, under kinds of its own, and verified with the
records themselves; records merged into an object count for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple

import orjson

from hefu.core.errors import Rejected
from hefu.core.figures import Figures, compile_figures, worked_out
from hefu.core.project import Entity
from hefu.core.records import Normals
from hefu.store import golden as goldens
from hefu.store import issues
from hefu.store.db import Tx
from hefu.store.golden import Golden, Moved
from hefu.store.issues import Issue

POINTS, MERGED = -1, -2
"""Kinds of identity keys: value "field:parent" -> the records that point there; value -> what was merged into it."""

LEVELS = 8
"""Most levels of sums over sums."""

FACT = "figures"


class Ran(NamedTuple):
    """The run in which something moved, and the version of the project that it works under."""

    id: str
    version: int


@dataclass(frozen=True)
class Book:
    """All figures of a project. `pointers`: entity -> its reference fields by which something is added up."""

    figures: Mapping[str, Figures]
    pointers: Mapping[str, Sequence[str]]
    fingerprint: str


def compile_book(entities: Mapping[str, Entity], zone: str) -> Book:
    """The figures of these entities. Raises Unsupported for a wrong expression."""
    figures: dict[str, Figures] = {}
    pointers: dict[str, list[str]] = {}
    for name, entity in entities.items():
        docs = {n: d for n, d in entity.fields.items() if worked_out(d) or d.forward}
        if docs:
            figures[name] = compile_figures(entity, entities, zone)
        for doc in docs.values():
            if doc.rollup is not None and doc.rollup.by not in pointers.setdefault(doc.rollup.over, []):
                pointers[doc.rollup.over].append(doc.rollup.by)
    said = {
        n: {f: d.model_dump(mode="json", include={"rollup", "derive"}) for f, d in entities[n].fields.items()}
        for n in figures
    }
    digest = sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16] if figures else ""
    return Book(figures, pointers, digest)


def settle(tx: Tx, book: Book, run: Ran, changed: Mapping[str, Golden], moved: Iterable[Moved]) -> list[Golden]:
    """Bring up to date what depends on the golden records that this transaction changed; they are stored already.

    Returns those whose figures moved.
    """
    point(tx, book, changed.values())
    todo = {g.id for g in changed.values() if g.entity in book.figures} | _above(book, changed.values())
    for row in moved:  # a record that points elsewhere now is missing where it pointed before
        golden = changed.get(row.golden_id)
        for name in book.pointers.get(golden.entity, ()) if golden is not None else ():
            if isinstance(row.moved, dict) and isinstance(row.moved.get(name), list) and row.moved[name][0]:
                todo.add(row.moved[name][0])
    return work_out(tx, book, run, todo, changed)


def work_out(
    tx: Tx, book: Book, run: Ran, ids: Iterable[str], fresh: Mapping[str, Golden] | None = None
) -> list[Golden]:
    """Work out the figures of these golden records, and of those above them whose sums change by that.

    `fresh`: golden records that the caller holds, as stored; they are changed in place.
    """
    known, todo, out = dict(fresh or {}), set(ids), list[Golden]()
    for _ in range(LEVELS):
        stands = goldens.resolve_merged(tx, todo)
        todo |= set(stands.values())
        known |= goldens.load_golden(tx, sorted(todo - known.keys()))
        mine = [known[i] for i in sorted(todo) if i in known and known[i].entity in book.figures]
        moved = [g for g in mine if _one(tx, run, book.figures[g.entity], g)]
        if not moved:
            break
        out += moved
        goldens.save_golden(tx, moved)
        goldens.mark_due(tx, [g.id for g in moved], (), 5)
        todo = _above(book, moved)
    return out


def _one(tx: Tx, run: Ran, figures: Figures, golden: Golden) -> bool:
    """Whether something moved. What cannot be worked out stays as it was, and a person is told."""
    below = _below(tx, figures, golden) if figures.sums else {}
    try:
        values = figures.worked_out(golden.fields, below)
    except Rejected as error:
        told = {"code": error.code, "facts": {k: str(v) for k, v in error.facts.items()}, "record_id": golden.id}
        issues.raise_issues(tx, [Issue("unreadable", golden.entity, golden.id, None, None, FACT, told)])
        return False
    moved = {n: [golden.fields.get(n), v] for n, v in values.items() if golden.fields.get(n) != v}
    if not moved:
        return False
    issues.close_issues(tx, "hub", "readable again", kinds=("unreadable",), golden_ids=[golden.id], field=FACT)
    golden.fields, golden.version, golden.changed_at = values, golden.version + 1, tx.now()
    goldens.add_changes(tx, run.id, run.version, [Moved(golden.id, "changed", None, None, None, None, moved)])
    return True


def _below(tx: Tx, figures: Figures, golden: Golden) -> dict[str, list[Normals]]:
    """Sum field -> the living records that point here, or to what was merged into this one."""
    here = {golden.id, *merged_into(tx, golden.id)}
    out: dict[str, list[Normals]] = {}
    held: dict[tuple[str, str], list[Normals]] = {}
    for name, rule in figures.sums.items():
        place = (rule.over, rule.by)
        if place not in held:
            keys = goldens.find_keys(tx, rule.over, POINTS, [f"{rule.by}:{i}" for i in here])
            found = goldens.load_golden(tx, {i for ids in keys.values() for i in ids}, lock=False)
            true = [g for g in found.values() if g.state == "live" and g.fields.get(rule.by) in here]
            held[place] = [g.fields for g in sorted(true, key=lambda g: g.id)]
        out[name] = held[place]
    return out


def merged_into(tx: Tx, golden_id: str) -> set[str]:
    """All golden records that stand behind this one since they were merged into it."""
    out: set[str] = set()
    todo = {golden_id}
    while todo:
        known = goldens.find_keys(tx, "", MERGED, todo)
        found = goldens.load_golden(tx, {i for ids in known.values() for i in ids} - out, lock=False)
        todo = {g.id for g in found.values() if g.merged_into in todo}
        out |= todo
    return out


def _above(book: Book, changed: Iterable[Golden]) -> set[str]:
    """The objects to which these records point, where something is added up."""
    found = {g.fields.get(name) for g in changed for name in book.pointers.get(g.entity, ())}
    return {i for i in found if isinstance(i, str) and i}


def point(tx: Tx, book: Book, changed: Iterable[Golden]) -> None:
    """Note where these records point, so that they are found from there."""
    for golden in changed:
        rows = [(POINTS, f"{name}:{golden.fields[name]}", golden.id) for name in book.pointers.get(golden.entity, ())
                if golden.fields.get(name)]  # fmt: skip
        goldens.add_keys(tx, golden.entity, rows)


__all__ = ["FACT", "MERGED", "POINTS", "Book", "Ran", "compile_book", "merged_into", "point", "settle", "work_out"]
