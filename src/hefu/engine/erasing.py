"""Erases a person: a plan like any other writes the blanks into the systems, then the hub's own copies go.

The plan moves the agreed values to blanks (where a field may not be blank, to a word that names nobody) and tells each
system by ordinary delivery, or has it delete the record. What a system will not let go is named in the plan. What
happens once it was carried out stands in `erased.py`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from hefu.core.erasure import Personal, is_stand_in, stand_in
from hefu.core.errors import Unsupported
from hefu.core.figures import worked_out
from hefu.core.merge import settle_lines
from hefu.core.project import Entity, EntityField
from hefu.core.records import Normal
from hefu.engine.capture import capture
from hefu.engine.fold import owed
from hefu.engine.hub import Hub, Side, line_keys
from hefu.engine.plans import keep as keep_plan
from hefu.engine.plans import spooling
from hefu.engine.rehearse import dry_hub
from hefu.store import copies, intents, plans
from hefu.store import golden as goldens
from hefu.store.copies import Subject
from hefu.store.db import Tx
from hefu.store.golden import Golden, Link
from hefu.store.plans import PlanEntry, StoredPlan
from hefu.store.tables import golden as golden_table
from hefu.store.tables import plan_entry

How = Literal["blank", "delete"]

KIND = "erase"


@dataclass
class Draft:
    """What an erasure would do. `left`: what a system would keep; `also`: other objects that hold the same values."""

    plan: StoredPlan
    entries: list[PlanEntry] = field(default_factory=list)
    left: list[PlanEntry] = field(default_factory=list)
    also: list[tuple[str, str]] = field(default_factory=list)


# ------------------------------------------------------------------------------ the plan


def plan_erasure(
    hub: Hub,
    golden_ids: Sequence[str],
    author: str,
    reason: str,
    *,
    how: How = "blank",
    classes: Collection[str] = (),
    more: Collection[str] = (),
) -> Draft:
    """Draft the plan that erases these objects' personal values. Reads the systems first, and writes nothing.

    `classes`: of personal data (default: those of a person); `more`: further fields, by name. Raises Unsupported
    "privacy.*", HubError when a system cannot be read.
    """
    with hub.store.look() as tx:
        everyone = _with_merged(tx, golden_ids)
        found = goldens.load_golden(tx, everyone, lock=False)
        links = goldens.links_of(tx, everyone, lock=False)
        if missing := set(golden_ids) - found.keys():
            raise Unsupported("privacy.unknown", id=", ".join(sorted(missing)))
        busy = intents.unsettled(tx, [x.id for listed in links.values() for x in listed])
        if busy or any(x.state == "creating" for listed in links.values() for x in listed):
            raise Unsupported("privacy.busy", id=", ".join(sorted(golden_ids)))
        other = _plans_that_write(tx, [x.id for listed in links.values() for x in listed])
        if other:
            raise Unsupported("privacy.applying", id=", ".join(sorted(golden_ids)), plan=other)
    entities = {one.entity for one in found.values()}
    names = [m for m in hub.active_mappings() if hub.project.mappings[m].entity in entities]
    personal = {i: _personal(hub.entity(one.entity), classes, more) for i, one in found.items()}
    dry = dry_hub(hub)
    with spooling(hub) as spool:
        entries: list[PlanEntry] = []
        with hub.store.rehearsal(), dry.run(KIND, ",".join(golden_ids)[:200]) as run:
            for side in [dry.side(name) for name in names]:
                capture(dry, side, run)
            with hub.store.look() as tx:
                golden = goldens.load_golden(tx, everyone, lock=False)
                links = goldens.links_of(tx, everyone, lock=False)
                for one in golden.values():
                    entries += _of_object(dry, names, one, links.get(one.id, []), personal[one.id], how)
                subject = Subject.of(tx, personal)
                copies.learn_all(tx, subject)
                also = copies.elsewhere(tx, subject)
        for entry in entries:
            spool.keep(entry)
        counts: dict[str, dict[str, int]] = {}
        for entry in entries:
            if entry.kind not in ("left", "golden"):
                kinds = counts.setdefault(entry.mapping or "", {})
                kinds[entry.kind] = kinds.get(entry.kind, 0) + 1
        asked = {
            "subject": {i: found[i].entity for i in everyone},
            "how": how,
            "fields": {i: one.paths for i, one in personal.items()},
        }
        writes = sum(n for kinds in counts.values() for n in kinds.values())
        made = keep_plan(hub, KIND, author, reason, names, {"writes": counts, "of": asked}, spool, writes=writes)
    left = [entry for entry in entries if entry.kind == "left"]
    return Draft(made, entries, left, also)


def _personal(entity: Entity, classes: Collection[str], more: Collection[str]) -> Personal:
    known_paths = {
        path for name, doc in entity.fields.items() for path in (name, *(f"{name}.{inner}" for inner in doc.lines))
    }
    if wrong := set(more) - known_paths:
        raise Unsupported("privacy.field", field=", ".join(sorted(wrong)), entity=entity.entity)
    found = Personal.of(entity, classes, more)
    if not found.paths:
        raise Unsupported("privacy.nothing", entity=entity.entity)
    return found


def _with_merged(tx: Tx, golden_ids: Sequence[str]) -> list[str]:
    """With the objects that were merged into them: these hold the person's values, too."""
    out = dict.fromkeys(golden_ids)
    while True:
        rows = tx.pick(golden_table, ("id",), "merged_into", list(out))
        fresh = [row[0] for row in rows if row[0] not in out]
        if not fresh:
            return list(out)
        out |= dict.fromkeys(fresh)


def _plans_that_write(tx: Tx, link_ids: Sequence[str]) -> str | None:
    rows = tx.pick(plan_entry, ("plan_id",), "link_id", link_ids, "state IN ('planned','writing')")
    ids = {row[0] for row in rows}
    return next((i for i in sorted(ids) if (one := plans.get(tx, i)) is not None and one.state == "applying"), None)


def _of_object(
    hub: Hub, names: Sequence[str], one: Golden, links: Sequence[Link], personal: Personal, how: How
) -> Iterator[PlanEntry]:
    """What is written of one object; of one that is deleted or merged away nothing, only the copies go."""
    if one.state != "live":
        return
    entity = hub.entity(one.entity)
    sides = {x.id: hub.side(x.mapping) for x in links if x.mapping in names}
    moves = _moves(entity, one, [(sides[x.id], x) for x in links if x.id in sides], personal)
    if moves:
        yield _entry(None, one, "golden", moves)
    fields = one.fields
    for path, (_, blank) in moves.items():
        fields = settle_lines(fields, path, blank, line_keys(entity))
    open_still = [p for p in one.disputed if p not in moves and p.partition("[")[0] not in personal.whole]
    moved = Golden(one.id, one.entity, fields, one.version, one.state, open_still)
    for link in links:
        if link.record_id is None or link.state not in ("active", "missing"):
            continue
        side = sides.get(link.id)
        held = {path for path, _ in personal.values({**link.told, **link.seen})}
        if side is None:
            yield _left(one, link, held, "inactive")
        elif how == "delete" and side.can.delete:
            yield _entry(link, one, "remove", {})
        else:
            debt = owed(side, link, moved)
            if debt:
                told = {name: [link.seen.get(name), value] for name, value in debt.items()}
                yield _entry(link, one, "update", told)
            stuck = {path for path in held if path.partition(".")[0] not in debt}
            stuck |= {path for path in held if not _clears(side, path) and not is_stand_in(moved.fields.get(path))}
            if stuck:
                yield _left(one, link, stuck, "not_written")


def _moves(
    entity: Entity, one: Golden, sides: Sequence[tuple[Side, Link]], personal: Personal
) -> dict[str, list[Normal]]:
    """path -> [value now, what stands in its place]; what nothing can stand for is not moved, and is left."""
    mark = hashlib.sha256(one.id.encode()).hexdigest()[:8]
    out: dict[str, list[Normal]] = {}
    for name, value in one.fields.items():
        doc = entity.fields.get(name)
        if doc is None or worked_out(doc) or value in (None, "", []) or is_stand_in(value):
            continue
        if name in personal.whole:
            fits, blank = _in_place(doc, [(side, name) for side, _ in sides], mark)
            if fits:
                out[name] = [value, blank]
        elif name in personal.inner and isinstance(value, list) and doc.line_key is not None:
            for row in value:
                for inner in sorted(personal.inner[name]):
                    now = row.get(inner)
                    if now in (None, "") or is_stand_in(now) or inner not in doc.lines:
                        continue
                    fits, blank = _in_place(doc.lines[inner], [], mark)
                    if fits:
                        out[f"{name}[{row.get(doc.line_key)}].{inner}"] = [now, blank]
    return out


def _in_place(doc: EntityField, sides: Sequence[tuple[Side, str]], mark: str) -> tuple[bool, Normal]:
    """(whether it can go, null or the word in its place)."""
    lengths, needed = [], doc.required
    for side, name in sides:
        field_there = side.their_fields([name])[name]
        if field_there is not None and name in side.compiled.writes:
            needed = needed or field_there.required or not _clears(side, name)
            lengths += [n for n in (field_there.length, field_there.bytes_length) if n is not None]
    if not needed:
        return True, None
    word = stand_in(doc, mark, min(lengths, default=None))
    return word is not None, word


def _clears(side: Side, path: str) -> bool:
    """Whether a blank of ours blanks theirs."""
    name, _, inner = path.partition(".")
    maps = [m for m in side.mapping.fields if m.field == name]
    if inner:
        maps = [line for m in maps for line in m.lines if line.field == inner]
    return all(m.clear for m in maps if m.direction != "in")


def _entry(link: Link | None, one: Golden, kind: str, fields: dict[str, list[Any]], *, note: Any = None) -> PlanEntry:
    place: tuple[Any, ...] = (None, None, None, "", None, None)
    if link is not None:
        place = (link.mapping, link.connection, link.object, link.organisation, link.record_id, link.id)
    mapping, connection, obj, organisation, record_id, link_id = place
    seen = dict(link.seen) if link is not None and kind in ("update", "remove") else None
    state = "left" if kind == "left" else "planned"
    return PlanEntry("", 0, mapping, connection, obj, one.entity, kind, None, organisation, record_id, one.id, None,
                     one.id, fields, seen, state, link_id, None, note)  # fmt: skip


def _left(one: Golden, link: Link, paths: Collection[str], why: str) -> PlanEntry:
    """What this system would keep, field by field, without the values."""
    return _entry(link, one, "left", {path: [None, None] for path in sorted(paths)}, note={"why": why})


__all__ = ["KIND", "Draft", "How", "plan_erasure"]
