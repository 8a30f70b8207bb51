"""The plan that takes back a run, a time window, or all that a run did to a record, from its before-images.

* Where the agreed value itself had moved from one value to another, a compensating golden version moves it back, and
  all systems are told.
* Where a system only learned what the others knew already (a first sync, a back-fill, a blank that was filled), its
  own former value is put back, and the agreed value stays: undo never blanks what a person typed elsewhere.
* Where a wrong mapping spoilt the value on its way, the former one is put back, and the agreed one is owed again.
* A status step is taken back where its system knows a way, the document still stands there, and nothing asks for the
  step any more.
* A record that the hub created is removed again, where its system can delete; one that it deleted is created anew.

What somebody changed since is listed with both values and left alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hefu.core.errors import Unsupported
from hefu.core.merge import settle_lines
from hefu.core.records import Normal, Normals
from hefu.core.rewriting import rewritten
from hefu.engine import document
from hefu.engine.capture import capture
from hefu.engine.fold import _at, owed
from hefu.engine.hub import Hub, Side, chunks, line_keys
from hefu.engine.permit import MOVING, RESTORE
from hefu.engine.plans import keep, spooling
from hefu.engine.rehearse import dry_hub
from hefu.engine.steps_back import BLANK, must_move, states, still_taken
from hefu.engine.suppose import title_of
from hefu.engine.undo import REVIVE, Scope, Story, stories
from hefu.store import golden as goldens
from hefu.store import intents
from hefu.store.db import Tx
from hefu.store.golden import Golden, Link
from hefu.store.plans import PlanEntry, StoredPlan


@dataclass
class TakeBack:
    """What an undo would do: the draft (None where nothing can be restored), and the first entries, for a screen."""

    plan: StoredPlan | None = None
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    entries: list[PlanEntry] = field(default_factory=list)
    left: int = 0

    def add(self, entry: PlanEntry) -> None:
        """Count one more."""
        if entry.kind == "left":
            self.left += 1
        else:
            kinds = self.counts.setdefault(entry.mapping or "golden", {})
            kinds[entry.kind] = kinds.get(entry.kind, 0) + 1
        if len(self.entries) < SHOWN:
            self.entries.append(entry)

    @property
    def writes(self) -> int:
        """Records that would be written, in all systems."""
        return sum(n for name, kinds in self.counts.items() if name != "golden" for n in kinds.values())


SHOWN = 10_000


def plan_undo(hub: Hub, scope: Scope, author: str, reason: str = "") -> TakeBack:
    """Draft the plan that takes back what is in scope. Reads the systems first; touches neither them nor the records.

    Raises Unsupported for an unknown run or where nothing was written, HubError when a system cannot be read.
    """
    with hub.store.look() as tx:
        wrote = stories(hub, tx, scope)
    if not wrote:
        raise Unsupported("undo.no_writes", scope=", ".join(f"{name} {value}" for name, value in _of(scope).items()))
    entities = {hub.project.mappings[one.mapping].entity for one in wrote}
    names = [m for m in hub.active_mappings() if hub.project.mappings[m].entity in entities]
    by_golden: dict[str, list[Story]] = {}
    for one in wrote:
        by_golden.setdefault(one.golden_id, []).append(one)
    out, dry = TakeBack(), dry_hub(hub)
    with spooling(hub) as spool:
        with hub.store.rehearsal(), dry.run("undo", scope.run or "") as run:
            for side in [dry.side(name) for name in names]:
                capture(dry, side, run)
            with hub.store.look() as tx:
                for ids in chunks(list(by_golden), 500):
                    for entry in _entries(dry, tx, names, {i: by_golden[i] for i in ids}, scope):
                        out.add(entry)
                        spool.keep(entry)
        counts = {"writes": out.counts, "left": out.left, "of": _of(scope)}
        out.plan = keep(hub, "undo", author, reason, names, counts, spool, writes=out.writes)
    return out


def _of(scope: Scope) -> dict[str, str]:
    return {name: value for name, value in vars(scope).items() if value is not None}


@dataclass
class _Object:
    """One business object with what was written of it, and what could be restored."""

    golden: Golden
    links: Mapping[str, Link]
    story: Sequence[Mapping[str, Any]]
    moves: dict[str, list[Normal]] = field(default_factory=dict)
    moving: set[str] = field(default_factory=set)
    """Fields that show a status of which a step goes back: they differ by the time that the rest is written."""


def _entries(
    hub: Hub, tx: Tx, names: Sequence[str], by_golden: Mapping[str, list[Story]], scope: Scope
) -> Iterator[PlanEntry]:
    golden = goldens.load_golden(tx, by_golden, lock=False)
    links = goldens.links_of(tx, by_golden, lock=False)
    story: dict[str, list[Mapping[str, Any]]] = {}
    for row in goldens.changes_of(tx, by_golden):
        story.setdefault(row["golden_id"], []).append(row)
    flying = intents.unsettled(tx, [x.id for found in links.values() for x in found])
    for golden_id, wrote in by_golden.items():
        mine = links.get(golden_id, [])
        one = _Object(golden[golden_id], {x.id: x for x in mine}, story.get(golden_id, []))
        back: list[PlanEntry] = []
        for told in wrote:
            side = hub.side(told.mapping)
            link = one.links[told.link_id]
            if link.id in flying:
                yield _left(side, link, one, {name: [v, None] for name, v in told.after.items()}, "outcome")
            elif told.mapping not in names:
                yield _left(side, link, one, {name: [v, None] for name, v in told.after.items()}, "inactive")
            else:
                back += _of_link(side, link, one, told, scope)
        for told in wrote:
            if told.steps and told.mapping in names and told.link_id not in flying:
                removed = any(e.kind == "remove" and e.link_id == told.link_id for e in back)
                yield from _steps(hub.side(told.mapping), one.links[told.link_id], one, told, removed)
        if one.moves:
            side = hub.side(wrote[0].mapping)
            back.append(_entry(side, None, one, "golden", {path: list(pair) for path, pair in one.moves.items()}))
            back += _told(hub, names, one)
        for entry in back:
            if one.moving and entry.kind != "left":
                entry.note = {MOVING: sorted(one.moving)}
            yield entry


# ----------------------------------------------------------------- one written record


def _of_link(side: Side, link: Link, one: _Object, told: Story, scope: Scope) -> Iterator[PlanEntry]:
    if told.deleted:
        yield from _deleted(side, link, one)
    elif told.created:
        yield from _created(side, link, one, told)
    else:
        yield from _updated(side, link, one, told, scope)


def _deleted(side: Side, link: Link, one: _Object) -> Iterator[PlanEntry]:
    if one.golden.state != "deleted" or link.state != "tombstone":
        yield _left(side, link, one, {"state": ["deleted", one.golden.state]}, "changed")
        return
    revived = replace(one.golden, state="live")
    yield _entry(side, None, one, "golden", {}, action=REVIVE)
    blank = replace(link, state="wanted", record_id=None, told={}, seen={})
    yield _entry(side, blank, one, "create", {name: [None, v] for name, v in owed(side, blank, revived).items()})


def _created(side: Side, link: Link, one: _Object, told: Story) -> Iterator[PlanEntry]:
    """Removed again, unless its system cannot, or somebody has worked on it since."""
    if link.state != "active":
        yield _left(side, link, one, {"state": ["active", link.state]}, "gone")
        return
    since = {name: pair for name, pair in _since(one, link, told).items() if name not in states(side)}
    changed = {
        name: [value, one.golden.fields.get(name)]
        for name, value in told.after.items()
        if one.golden.fields.get(name) != value and name not in side.line_specs
    } | since
    if changed:
        yield _left(side, link, one, changed, "changed")
    elif not side.can.delete:
        yield _left(side, link, one, {"id": [link.record_id, link.record_id]}, "cannot_delete")
    else:
        yield _entry(side, link, one, "remove", {n: [link.seen.get(n), None] for n in told.after}, seen=link.seen)


def _steps(side: Side, link: Link, one: _Object, told: Story, removed: bool) -> Iterator[PlanEntry]:
    """The steps that we took, the last first: back where there is a way, else listed with the reason.

    Unless the record is `removed`, what a step was taken for moves back too, or it would be taken again at once.
    """
    shown, last = [n for n in states(side) if n in link.seen] or ["step"], True
    for action in reversed(still_taken(told.steps, side.can.back)):
        back = side.can.back.get(action)
        if back is None:
            why = "no_way_back"
        elif link.state != "active":
            why = "gone"
        elif last and document.illegal(side, link, back) is not None:
            why = "moved_on"
        elif (moves := {} if removed else _must_move(side, link, one, action)) is None:
            why = "still_due"
        else:
            one.moves |= moves
            step = {name: [link.seen.get(name, link.status), back] for name in shown}
            yield _entry(side, link, one, RESTORE, step, action=back)
            one.moving |= states(side)
            last = False
            continue
        yield _left(side, link, one, {"step": [action, link.status]}, why)
        return


def _must_move(side: Side, link: Link, one: _Object, action: str) -> dict[str, list[Normal]] | None:
    return must_move(side, link, one.golden, one.story, _moved_back(side, one), action)


def _moved_back(side: Side, one: _Object) -> Normals:
    """Golden as it will be."""
    keys, fields = line_keys(side.entity), one.golden.fields
    for path, (_, old) in one.moves.items():
        fields = settle_lines(fields, path, old, keys)
    return fields


def _since(one: _Object, link: Link, told: Story) -> dict[str, list[Any]]:
    """What people of this system did with the record after our first write in scope: path -> [before, after]."""
    out: dict[str, list[Any]] = {}
    for row in one.story:
        if row["connection"] == link.connection and row["id"] > told.first and row["kind"] in ("changed", "overruled"):
            out |= row["moved"]
    return out


def _updated(side: Side, link: Link, one: _Object, told: Story, scope: Scope) -> Iterator[PlanEntry]:
    back: dict[str, list[Any]] = {}
    left: dict[str, list[Any]] = {}
    for name, after in told.after.items():
        if scope.field not in (None, name):
            continue
        if name in side.line_specs:
            _lines(one, told, name, after, left)
            continue
        now = one.golden.fields.get(name)
        if now != after or name in one.golden.disputed or link.told.get(name) != after or link.state != "active":
            left[name] = [after, now if now != after else link.seen.get(name)]
            continue
        arrived = rewritten(after, link.seen.get(name), side.their_fields([name])[name])
        moved = _move_of(one, link, told, name, after) if arrived else None
        if moved is not None:
            one.moves[name] = [after, moved]
        elif link.seen.get(name) != told.before.get(name):
            back[name] = [link.seen.get(name), told.before.get(name)]
    if left:
        yield _left(side, link, one, left, "changed")
    if back:
        yield _entry(side, link, one, RESTORE, back, seen=link.seen)


def _move_of(one: _Object, link: Link, told: Story, name: str, after: Normal) -> Normal:
    """The value that golden had before it moved to `after`, where it moved while this system knew the object.

    None where the system only learned what was agreed already, or where a blank had been filled.
    """
    value, wanted, before = None, after, told.before.get(name)
    for row in reversed(one.story):
        if row["id"] < link.id:
            break
        if row["kind"] not in ("changed", "decided", "deleted", "undone") or name not in row["moved"]:
            continue
        was, became = row["moved"][name]
        if became != wanted or was in BLANK:
            break
        if value is not None and row["run_id"] not in told.runs:
            break  # an earlier move, which is not taken back with this one
        value = wanted = was
        if was == before:
            break
    return value


def _lines(one: _Object, told: Story, name: str, after: Normal, left: dict[str, list[Any]]) -> None:
    """Lines go back one by one, as far as they moved in the runs that are taken back."""
    found = False
    for row in reversed(one.story):
        if row["run_id"] not in told.runs or row["kind"] not in ("changed", "decided", "undone"):
            continue
        for path, (old, new) in row["moved"].items():
            if path.partition("[")[0] != name or path in one.moves:
                continue
            found, now = True, _at(one.golden.fields, path)
            if now == new and path not in one.golden.disputed:
                one.moves[path] = [new, old]
            else:
                left[path] = [new, now]
    if not found:
        left[name] = [after, one.golden.fields.get(name)]


def _told(hub: Hub, names: Sequence[str], one: _Object) -> Iterator[PlanEntry]:
    """What each system would then be told."""
    for link in one.links.values():
        if link.mapping not in names or link.state != "active":
            continue
        side = hub.side(link.mapping)
        moved = replace(one.golden, fields=_moved_back(side, one))
        debt = owed(side, link, moved)
        if debt:
            told = {name: [link.seen.get(name), value] for name, value in debt.items()}
            yield _entry(side, link, one, "update", told, seen=link.seen)


# -------------------------------------------------------------------------- entries


def _entry(
    side: Side,
    link: Link | None,
    one: _Object,
    kind: str,
    fields: dict[str, list[Any]],
    *,
    action: str | None = None,
    seen: Normals | None = None,
    state: str = "planned",
    note: Any = None,
) -> PlanEntry:
    mapping, connection, obj, organisation, record_id, link_id = (
        (None, None, None, "", None, None)
        if link is None
        else (link.mapping, link.connection, link.object, link.organisation, link.record_id, link.id)
    )
    return PlanEntry(
        "", 0, mapping, connection, obj, one.golden.entity, kind, action, organisation, record_id, one.golden.id,
        None, title_of(side, one.golden.fields), fields, dict(seen) if seen is not None else None, state, link_id,
        None, note,
    )  # fmt: skip


def _left(side: Side, link: Link, one: _Object, fields: dict[str, list[Any]], why: str) -> PlanEntry:
    """What is left alone: field -> [expected, found], and why."""
    return _entry(side, link, one, "left", fields, state="left", note={"why": why})
