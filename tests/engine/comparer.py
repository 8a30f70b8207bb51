"""Compares the systems themselves, record by record, through the mappings and without the hub's memory.

Records are paired by the entity's own match fields. A difference is explained when the desk has an open case for that
field (or the whole record) of that pair; everything else is unexplained, and there must be none.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from sqlalchemy import select

from hefu.core.mapping import FILTERED
from hefu.core.merge import by_key
from hefu.store.tables import golden


def differences(world: Any, same: Callable[[str, Any, Any], bool]) -> list[str]:
    """One line for each difference that nothing explains."""
    out: list[str] = []
    hub = world.new_hub()
    for entity in world.project().entities.values():
        mappings = [m for m in world.project().mappings.values() if m.entity == entity.entity]
        books = {m.mapping: _book(world, hub.side(m.mapping)) for m in mappings}
        cases = {**_cases(world, entity.entity), None: _merged_away(world)}
        for a, b in ((a, b) for a in books for b in books if a < b):
            out += _compare(hub.side(a), books[a], hub.side(b), books[b], cases, same)
    return out


def _book(world: Any, side: Any) -> dict[Any, dict[str, Any]]:
    """Match fields -> what the system holds of that object now, in our terms, references by their own match fields."""
    system = world.systems[side.mapping.connection]
    shelf = system.shelf(side.mapping.object)
    book: dict[Any, dict[str, Any]] = {}
    for row in shelf.order:
        organisation = side.connection.organisation
        if row.gone or organisation not in ("", row.organisation):
            continue
        values = side.compiled.inward([system.get(side.mapping.object, row.id, row.organisation)])[0]
        if values is FILTERED:
            continue
        key = _key(side, values) if isinstance(values, dict) else ("?", row.id)
        values = {"unreadable": str(values)} if not isinstance(values, dict) else values
        twins = book.setdefault(key, {**values, "$ids": [], "$gone": False})
        twins["$ids"].append(row.id)
    return book


def _key(side: Any, values: Mapping[str, Any]) -> tuple[str, ...]:
    """The strongest match fields, whatever their case and outer blanks."""
    return tuple(str(values.get(f)).strip().casefold() for f in side.entity.match[0])


def _merged_away(world: Any) -> set[tuple[str, str]]:
    """Records (connection, id) of objects that stand for another one now: the others need not have them."""
    with world.store.look() as tx:
        losers = set(tx.run(select(golden.c.id).where(golden.c.state == "merged")).scalars())
    return {(x["connection"], x["record_id"]) for x in world.links() if x["golden_id"] in losers}


def _cases(world: Any, entity: str) -> Mapping[str, list[Mapping[str, Any]]]:
    """Open cases by the record ids (connection, id) that they concern."""
    links = {x["id"]: x for x in world.links()}
    by_golden: dict[str, list[Any]] = {}
    for x in links.values():
        by_golden.setdefault(x["golden_id"], []).append((x["connection"], x["record_id"]))
    out: dict[Any, list[Mapping[str, Any]]] = {}
    for case in world.issues():
        places = list(by_golden.get(case["golden_id"], ()))
        if case["facts"].get("record_id"):
            places.append((case["connection"], case["facts"]["record_id"]))
        for place in places:
            out.setdefault(place, []).append(case)
    return out


def _explained(cases: Mapping[Any, Any], side: Any, ids: list[str], path: str) -> bool:
    found = [c for i in ids for c in cases.get((side.mapping.connection, i), ())]
    return any(_covers(case, path) for case in found)


def _covers(case: Mapping[str, Any], path: str) -> bool:
    """A conflict covers its field; a refused write the fields it wanted to write; other cases the record."""
    if case["kind"] in ("conflict", "overruled", "loss") or "[" in case["field"]:
        return path == case["field"] or path.startswith(f"{case['field']}.") or case["field"].startswith(f"{path}.")
    if case["kind"] == "rejected" and path:
        return path.partition("[")[0] in (case["facts"].get("values") or {path.partition("[")[0]: None})
    return True


def _compare(a: Any, mine: Any, b: Any, theirs: Any, cases: Any, same: Any) -> Iterator[str]:
    both = sorted(a.compiled.reads & b.compiled.reads & (a.compiled.writes | b.compiled.writes))
    for key in sorted({*mine, *theirs}, key=str):
        x, y = mine.get(key), theirs.get(key)
        for side, found in ((a, x), (b, y)):
            if found and len(found["$ids"]) > 1 and not _explained(cases, side, found["$ids"], ""):
                yield f"{side.name} holds {key} {len(found['$ids'])} times"
        if x is None or y is None:
            missing, there, found = (a, b, y) if x is None else (b, a, x)
            aliases = {(there.mapping.connection, i) for i in found["$ids"]} <= cases[None]
            wanted = missing.may_create and missing.compiled.wanted(found) and not aliases
            if wanted and not _explained(cases, there, found["$ids"], ""):
                yield f"{key} is missing in {missing.name}"
            continue
        for name in both:
            for path, p, q in _flat(a, name, x.get(name), y.get(name)):
                if not same(path, p, q) and not (
                    _explained(cases, a, x["$ids"], path) or _explained(cases, b, y["$ids"], path)
                ):
                    yield f"{key}.{path}: {a.name} has {p!r}, {b.name} has {q!r}"


def _flat(side: Any, name: str, p: Any, q: Any) -> Iterator[tuple[str, Any, Any]]:
    doc = side.entity.fields[name]
    if not doc.lines:
        if (name,) not in side.compiled.references:  # ids differ by nature
            yield name, p, q
        return
    left, right = by_key(p, doc.line_key), by_key(q, doc.line_key)
    shared = {m.field for m in side.line_maps[name].lines} if name in side.line_maps else set(doc.lines)
    for key in sorted({*left, *right}, key=str):
        if key not in left or key not in right:
            yield f"{name}[{key}]", left.get(key), right.get(key)
            continue
        for inner in sorted(shared & left[key].keys() & right[key].keys()):
            yield f"{name}[{key}].{inner}", left[key][inner], right[key][inner]


__all__ = ["differences"]
