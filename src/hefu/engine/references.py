"""References between business objects: a system's own ids become golden ids on the way in, and back on the way out.

Parents come first: an unknown parent is fetched and captured on the spot; towards a system, a record waits until
its parent has a link there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hefu.core.errors import HubError, Missing, Rejected, Unsupported
from hefu.core.records import Normal, Normals, Record, Values
from hefu.engine.hub import Hub, Side
from hefu.store import golden as goldens
from hefu.store.db import Tx
from hefu.store.golden import Link

Path = tuple[str, ...]
Place = tuple[str, str]
Absorb = Callable[[Side, Sequence[Record], str], None]


def each(values: Mapping[str, Normal], path: Path) -> list[str]:
    """The non-blank values at ("customer",) or, line by line, at ("lines", "product")."""
    if len(path) == 1:
        found = [values.get(path[0])]
    else:
        found = [row.get(path[1]) for row in values.get(path[0]) or ()]
    return [v for v in found if isinstance(v, str) and v]


def replaced(values: Normals, path: Path, swap: Callable[[str], Normal]) -> Normals:
    """A copy with every value at the path swapped."""
    name = path[0]
    if name not in values or values[name] is None:
        return values
    if len(path) == 1:
        return {**values, name: swap(values[name])} if values[name] else values
    rows = [{**row, path[1]: swap(row[path[1]])} if row.get(path[1]) else row for row in values[name]]
    return {**values, name: rows}


def inward(
    hub: Hub, side: Side, understood: Sequence[tuple[Record, Any]], absorb: Absorb
) -> tuple[list[tuple[Record, Any]], dict[Place, Rejected]]:
    """System ids -> golden ids, and (organisation, record id) -> why, where a parent cannot be found.

    `absorb(parent side, records, when asked)` captures parents that are met for the first time. A reference that
    stays unknown is left out of the values: the rest of the record is good, and it must be recognised lest it be
    created twice. What is wrong with the parent's own mapping is no trouble of this one: known parents need none.
    """
    lost: dict[Place, Rejected] = {}
    out = list(understood)
    for path, entity in side.compiled.references.items():
        parent = hub.parent_object(side, entity)
        if parent is None:
            continue
        wanted = {i for _, v in out if not isinstance(v, HubError) for i in each(v, path)}
        known = _golden_ids(hub, parent, wanted, absorb)
        for n, (record, values) in enumerate(out):
            unknown = [] if isinstance(values, HubError) else [i for i in each(values, path) if i not in known]
            if unknown:
                place = (record.organisation, record.id)
                lost[place] = Rejected("reference.unknown", field=".".join(path), entity=entity, id=unknown[0])
                values = _without(values, path, known)
            out[n] = (record, values if isinstance(values, HubError) else replaced(values, path, known.__getitem__))
    return out, lost


def _without(values: Normals, path: Path, known: Mapping[str, str]) -> Normals:
    """The values without the references that nobody knows."""
    name = path[0]
    if len(path) == 1:
        return {n: v for n, v in values.items() if n != name}
    inner = path[1]
    rows = [{n: v for n, v in row.items() if n != inner or not v or v in known} for row in values[name]]
    return {**values, name: rows}


def _golden_ids(hub: Hub, parent: str, wanted: set[str], absorb: Absorb) -> dict[str, str]:
    """Golden ids of these records of the parent's object; unknown ones are fetched and captured first."""
    doc = hub.project.mappings[parent]
    with hub.store.look() as tx:
        known, asked_at = goldens.golden_ids(tx, doc.connection, doc.object, wanted), tx.now()
    missing = sorted(wanted - known.keys())
    if missing:
        try:
            side = hub.side(parent)
            found = hub.connect(doc.connection).fetch(doc.object, missing)
        except (Missing, Rejected, Unsupported):  # the last: its mapping is stopped, and goes on when it is mended
            found = []
        if found:
            absorb(side, found, asked_at)
            with hub.store.look() as tx:
                known |= goldens.golden_ids(tx, doc.connection, doc.object, missing)
    with hub.store.look() as tx:
        stands = goldens.resolve_merged(tx, set(known.values()))
    return {i: stands[g] for i, g in known.items()}


def outward(tx: Tx, hub: Hub, side: Side, debts: Sequence[Normals]) -> list[Normals | str]:
    """Golden ids -> this system's ids. Where a parent has no record there yet: the entity it waits for, as text."""
    out: list[Normals | str] = list(debts)
    for path, entity in side.compiled.references.items():
        parent = hub.parent_object(side, entity)
        if parent is None:
            continue
        wanted = {i for d in out if not isinstance(d, str) for i in each(d, path)}
        obj = hub.project.mappings[parent].object
        stands = goldens.resolve_merged(tx, wanted)
        known = goldens.record_ids(tx, side.mapping.connection, obj, set(stands.values()))
        ids = {g: known[s] for g, s in stands.items() if s in known}
        out = [_outward_one(d, path, ids, entity) for d in out]
    return out


def _outward_one(values: Normals | str, path: Path, ids: Mapping[str, str], entity: str) -> Normals | str:
    if isinstance(values, str):
        return values
    if any(i not in ids for i in each(values, path)):
        return entity
    return replaced(values, path, lambda i: ids[i])


def absent(tx: Tx, hub: Hub, side: Side, debts: Sequence[Normals]) -> list[Rejected | None]:
    """For debts that wait for a parent: why it will not come by itself, None where it is on its way.

    On its way is a parent that is owed to this system, or being created there; not one whose record is gone there, or
    that this system is not to have.
    """
    out: list[Rejected | None] = [None] * len(debts)
    for path, entity in side.compiled.references.items():
        parent = hub.parent_object(side, entity)
        if parent is None:
            continue
        place = (side.mapping.connection, hub.project.mappings[parent].object)
        wanted = [each(debt, path) for debt in debts]
        stands = goldens.resolve_merged(tx, {i for ids in wanted for i in ids})
        links = goldens.links_of(tx, set(stands.values()), lock=False)
        gone = {
            i for i, stand in stands.items()
            if not any((x.connection, x.object) == place and _comes(x) for x in links.get(stand, ()))
        }  # fmt: skip
        for n, ids in enumerate(wanted):
            lacking = next((i for i in ids if i in gone), None)
            if lacking is not None and out[n] is None:
                facts = {"entity": entity, "id": lacking, "connection": place[0]}
                out[n] = Rejected("reference.not_there", field=".".join(path), **facts)
    return out


def _comes(link: Link) -> bool:
    """Whether the record is there, may be found there, or will be made there."""
    if link.record_id is None:
        return link.state in ("wanted", "creating") and link.waits != "filtered"
    return link.state in ("active", "missing")


def sent_key(tx: Tx, hub: Hub, side: Side, fields: Normals) -> Values | None:
    """The natural key, in the system's terms, of a record created from these golden values; None if it has none."""
    key = side.schema.key
    ready = outward(tx, hub, side, [fields])[0]
    if not key or isinstance(ready, str):
        return None
    spoken = side.compiled.outward([ready], [frozenset(ready)])[0]
    if isinstance(spoken, HubError) or any(spoken.get(name) is None for name in key):
        return None
    return {name: spoken[name] for name in key}
