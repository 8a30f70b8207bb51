"""Folds records into golden: merge, the field's rules, and everything that must be stored because of it.

The same for a record that was read, one that came back from a write, and one that was adopted after a lost answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from hefu.core.contest import FLIPS
from hefu.core.env import instant as instant_of
from hefu.core.env import stamp
from hefu.core.errors import Rejected
from hefu.core.match import match_keys
from hefu.core.merge import Conflict, Merge, by_key, debt, line_order, merge, settle_lines
from hefu.core.plan import Decision, Moment, decide
from hefu.core.project import Entity
from hefu.core.project import Mapping as MappingDoc
from hefu.core.records import Normal, Normals, Record
from hefu.engine import clocks, figures, retire
from hefu.engine.contest import rewriters
from hefu.engine.hub import Counts, Hub, Run, Side, field_doc, line_keys
from hefu.store import golden as goldens
from hefu.store import issues
from hefu.store.db import Tx, instant, to_json
from hefu.store.golden import Golden, Link, Moved
from hefu.store.issues import Issue


class Other(NamedTuple):
    """A mapping that may have to create what another found, with what every link of it begins with."""

    doc: MappingDoc
    organisation: str
    priority: int


@dataclass
class Batch:
    """What one transaction has loaded and will store. Nothing is written until `store`."""

    hub: Hub
    tx: Tx
    run: Run
    golden: dict[str, Golden] = field(default_factory=dict)
    new_golden: list[Golden] = field(default_factory=list)
    dirty_golden: dict[str, Golden] = field(default_factory=dict)
    new_links: list[Link] = field(default_factory=list)
    dirty_links: dict[str, Link] = field(default_factory=dict)
    moved: list[Moved] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    agreed: list[tuple[str, str]] = field(default_factory=list)
    dropped: list[tuple[str, str, str]] = field(default_factory=list)
    restated: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)
    held: set[tuple[str, str]] = field(default_factory=set)
    due: dict[str, set[str]] = field(default_factory=dict)
    keys: dict[str, list[tuple[int, str, str]]] = field(default_factory=dict)
    unresolved: Mapping[tuple[str, str], Rejected] = field(default_factory=dict)
    found_parent: list[str] = field(default_factory=list)
    priority: int = 5
    counts: Counts = field(default_factory=Counts)
    _others: dict[str, list[Other]] = field(default_factory=dict)

    def touch(self, golden: Golden) -> None:
        """This golden record changed in this transaction."""
        if golden.id not in self.dirty_golden and not any(golden is new for new in self.new_golden):
            golden.version += 1
            golden.changed_at = self.tx.now()
            self.dirty_golden[golden.id] = golden

    def own(self, golden_id: str) -> Golden:
        """The golden record as committed last, held until this transaction ends."""
        if golden_id not in self.golden:
            self.golden |= goldens.load_golden(self.tx, [golden_id])
        return self.golden[golden_id]

    def others(self, side: Side) -> list[Other]:
        """The mappings that may create what this side has found."""
        if side.name not in self._others:
            project = self.hub.project
            names = self.hub.mappings_of(side.entity.entity)
            docs = [project.mappings[m] for m in names if m != side.name and project.mappings[m].create]
            self._others[side.name] = [
                Other(doc, project.connections[doc.connection].organisation, self.hub.priority(doc.mapping))
                for doc in docs
            ]
        return self._others[side.name]

    def owe(self, golden_id: str, by_link: str) -> None:
        """Everyone but the link that brought the change may owe something now."""
        self.due.setdefault(golden_id, set()).add(by_link)

    def store(self) -> None:
        """Write everything down, in this transaction."""
        goldens.add_golden(self.tx, self.new_golden)
        goldens.save_golden(self.tx, list(self.dirty_golden.values()))
        goldens.add_links(self.tx, self.new_links)
        goldens.save_links(self.tx, list(self.dirty_links.values()))
        if self.due:
            movers = [link for links in self.due.values() for link in links]
            goldens.mark_due(self.tx, self.due, movers, self.priority)
        for entity, rows in self.keys.items():
            goldens.add_keys(self.tx, entity, rows)
        goldens.add_changes(self.tx, self.run.id, self.run.version, self.moved)
        if self.hub.figures.figures:
            changed = {g.id: g for g in (*self.new_golden, *self.dirty_golden.values())}
            ran = figures.Ran(self.run.id, self.run.version)
            for golden in figures.settle(self.tx, self.hub.figures, ran, changed, self.moved):
                links = goldens.links_of(self.tx, [golden.id]).get(golden.id, ()) if golden.state == "merged" else ()
                asked = retire.proposal(self.hub.entity(golden.entity), golden, links)
                self.issues += [asked] if asked is not None else []
        for golden_id, path in self.agreed:
            issues.close_issues(self.tx, "hub", "agreed", kinds=("conflict", "rejected"), golden_ids=[golden_id],
                                field=path)  # fmt: skip
        for golden_id, path, link_id in self.dropped:
            issues.close_issues(self.tx, "hub", "agreed", kinds=("conflict",), golden_ids=[golden_id],
                                link_ids=[link_id], field=path)  # fmt: skip
        if self.found_parent:
            issues.close_issues(self.tx, "hub", "found", kinds=("unresolved",), link_ids=self.found_parent)
        issues.raise_issues(self.tx, self.issues)
        for golden_id, path, facts in self.restated:
            issues.restate(self.tx, golden_id, path, facts)


def remember_keys(
    batch: Batch,
    entity: Entity,
    golden: Golden,
    before: Mapping[str, Normal] | None = None,
    keys: Sequence[str | None] | None = None,
) -> None:
    """The match keys of a golden record (`keys`, where they are known), new ones only."""
    rules = entity.match
    old = match_keys(rules, before) if before is not None else [None] * len(rules)
    rows = batch.keys.setdefault(entity.entity, [])
    for kind, key in enumerate(match_keys(rules, golden.fields) if keys is None else keys):
        if key is not None and key != old[kind]:
            rows.append((kind, key, golden.id))


def create_golden(
    batch: Batch,
    side: Side,
    link: Link,
    record: Record,
    values: Normals,
    keys: Sequence[str | None] | None = None,
) -> Golden:
    """A business object that nobody knew: golden is what the record says, and its system knows it all."""
    golden = Golden(link.golden_id, side.entity.entity, values, changed_at=link.seen_at or "")
    link.told, link.seen = values, values
    batch.golden[golden.id] = golden
    batch.new_golden.append(golden)
    remember_keys(batch, side.entity, golden, keys=keys)
    happened = stamp(record.modified_at) if record.modified_at else None
    origin = (side.mapping.connection, record.author, happened, side.name)
    batch.moved.append(Moved(golden.id, "created", *origin, to_json(values)))
    want_links(batch, side, golden, known=())
    return golden


def fold(batch: Batch, side: Side, link: Link, golden: Golden, record: Record, theirs: Normals, kind: str) -> bool:
    """Merge what a system now holds into golden and link; says whether its people had changed anything."""
    result = merge(link.seen, link.told, golden.fields, theirs, side.mapping.connection, side.rules(golden.fields))
    if result is None:
        return False
    before = golden.fields
    _keep_going(batch, side, link, before, result)
    moved: dict[str, Any] = {name: [_at(before, name), _at(result.golden, name)] for name in result.taken}
    values, told = result.golden, result.told
    for clash in result.conflicts:
        values, told = _conflict(batch, side, link, golden, record, clash, values, told, moved)
    if restated := [path for path in result.taken if path in golden.disputed]:
        by = _who(_moment(batch, record.modified_at, side.mapping.connection, record.author))
        batch.restated += [(golden.id, path, {"ours": _at(values, path), "ours_by": by}) for path in restated]
    known = tuple(golden.disputed)  # before what this very change brings into dispute
    if golden.version % FLIPS == 0:  # each turn is a version, so a look at the story is rare
        values = _contested(batch, side, link, golden, record, values, moved)
    clashing = {clash.field for clash in result.conflicts}
    dropped = [p for p in known if p not in clashing and _at(link.seen, p) != _at(theirs, p)]
    link.seen = {**link.seen, **theirs}
    link.told = told
    if golden.disputed:
        _close_agreed(batch, golden, values, link, line_keys(side.entity))
    if dropped:
        _drop(batch, link, golden, [p for p in dropped if p in golden.disputed])
    _overruled(batch, side, link, golden, record, result.overruled)
    if values != before:
        golden.fields = values
        batch.touch(golden)
        remember_keys(batch, side.entity, golden, before)
        batch.owe(golden.id, link.id)
        want_links(batch, side, golden, known=None)
    if moved or kind == "linked":
        happened = stamp(record.modified_at) if record.modified_at else None
        batch.moved.append(Moved(golden.id, kind, side.mapping.connection, record.author, happened, side.name, moved))
    return True


def _keep_going(batch: Batch, side: Side, link: Link, before: Normals, result: Merge) -> None:
    """A status that only goes forward is not taken back, not even by its owner: that is old news, arrived late.

    The owner is not contradicted, as it knows better by now; whoever else moved it back is told again.
    """
    known = batch.hub.figures.figures.get(side.entity.entity)
    if known is None or not known.lives:
        return
    owners = side.rules(before).owners
    for path in [p for p in result.taken if p in known.lives]:
        after = result.golden[path]
        if known.lives[path].allows(before.get(path), after, result.golden):
            continue
        result.taken.remove(path)
        result.overruled.append(Conflict(path, before.get(path), before.get(path), after))
        result.golden[path] = before.get(path)
        result.told.pop(path, None)
        if owners.get(path) == side.mapping.connection and path in link.told:
            result.told[path] = link.told[path]


def _contested(
    batch: Batch, side: Side, link: Link, golden: Golden, record: Record, values: Normals, moved: dict[str, Any]
) -> Normals:
    """Values without those that this system and another keep rewriting for each other: they wait for a person."""
    mine = side.mapping.connection
    paths = {p: _at(values, p) for p in moved if "[" not in p and p not in golden.disputed}
    for path, other in rewriters(batch.tx, golden.id, mine, paths).items():
        ours, theirs = moved.pop(path)
        values = {**values, path: ours}
        golden.disputed.append(path)
        batch.touch(golden)
        facts = {
            "code": "hub.rewriting",
            "facts": {"one": other, "other": mine, "field": path, "times": FLIPS},
            "ours": ours,
            "theirs": theirs,
            "ours_by": _who(Moment(None, other)),
            "theirs_by": _who(Moment(None, mine, record.author)),
            "rule": "rewriting",
        }
        batch.issues.append(Issue("conflict", golden.entity, golden.id, link.id, mine, path, facts))
        batch.counts["contested"] += 1
    return values


def _at(values: Mapping[str, Normal], path: str) -> Normal:
    """The value at "phone", "lines[10]" or "lines[10].quantity"."""
    name, _, rest = path.partition("[")
    value = values.get(name)
    if not rest:
        return value
    line, _, inner = rest.partition("]")
    row = next((r for r in value or () if any(str(v) == line for v in r.values())), None)
    return row.get(inner[1:]) if row and inner else row


def _conflict(
    batch: Batch,
    side: Side,
    link: Link,
    golden: Golden,
    record: Record,
    clash: Conflict,
    values: Normals,
    told: Normals,
    moved: dict[str, Any],
) -> tuple[Normals, Normals]:
    """Decide by rule, or hold the field for a person; the loser is listed either way."""
    theirs = _moment(batch, record.modified_at, side.mapping.connection, record.author)
    ours = last_moment(batch, golden.id, clash.field)
    tolerance = side.connection.clock_tolerance
    if ours.connection in batch.hub.project.connections:
        tolerance = max(tolerance, batch.hub.project.connections[ours.connection or ""].clock_tolerance)
    verdict = decide(clash, field_doc(side.entity, clash.field), ours, theirs, tolerance)
    batch.counts["conflict"] += 1
    batch.issues.append(_conflict_issue(side, link, golden, clash, ours, theirs, verdict))
    keys = line_keys(side.entity)
    if verdict.outcome == "ask":
        if clash.field not in golden.disputed:
            golden.disputed.append(clash.field)
            batch.touch(golden)
        return values, told
    if clash.field in golden.disputed:  # a person was asked before; newer edits let the rule decide
        golden.disputed.remove(clash.field)
        batch.agreed.append((golden.id, clash.field))
        batch.touch(golden)
    if verdict.outcome == "ours":
        told = _forget(told, clash.field, keys)
    else:
        value = clash.theirs if verdict.outcome == "theirs" else verdict.value
        values = settle_lines(values, clash.field, value, keys)
        if verdict.outcome == "theirs":
            told = settle_lines(told, clash.field, value, keys)
        moved[clash.field] = [clash.ours, value]
    return values, told


def _forget(told: Normals, path: str, keys: Mapping[str, str]) -> Normals:
    """Told without this field, so that golden is owed again."""
    name = path.partition("[")[0]
    if name == path or name not in keys:
        return {n: v for n, v in told.items() if n != path}
    line, _, inner = path.partition("[")[2].partition("]")
    rows = {
        key: ({n: v for n, v in row.items() if n != inner[1:]} if str(key) == line else row)
        for key, row in by_key(told.get(name), keys[name]).items()
    }
    return {**told, name: [rows[k] for k in sorted(rows, key=line_order)]}


def last_moment(batch: Batch, golden_id: str, path: str) -> Moment:
    """When and where golden last got its value of a field."""
    for row in reversed(goldens.changes_of(batch.tx, [golden_id])):
        moved = row["moved"]
        if path in moved or (row["kind"] == "created" and path.partition("[")[0] in moved):
            if row["happened_at"]:
                return _moment(batch, instant_of(row["happened_at"]), row["connection"], row["author"])
            return Moment(instant(row["at"]), row["connection"], row["author"])
    return Moment(None, None)


def _moment(batch: Batch, stamped: datetime | None, connection: str | None, author: str | None) -> Moment:
    """A system's stamp with the error of its clock taken out."""
    return Moment(stamped and clocks.corrected(batch.tx, connection, stamped), connection, author)


def _conflict_issue(
    side: Side, link: Link, golden: Golden, clash: Conflict, ours: Moment, theirs: Moment, verdict: Decision
) -> Issue:
    facts = {
        "base": clash.base if isinstance(clash.base, str | bool | list | dict | type(None)) else None,
        "ours": clash.ours,
        "theirs": clash.theirs,
        "ours_by": _who(ours),
        "theirs_by": _who(theirs),
        "rule": verdict.reason,
        "decided": None if verdict.outcome == "ask" else verdict.outcome,
    }
    decision = None if verdict.outcome == "ask" else f"{verdict.reason}: {verdict.outcome}"
    place = (golden.entity, golden.id, link.id, side.mapping.connection, clash.field)
    return Issue("conflict", *place, facts, decision)


def _who(moment: Moment) -> dict[str, Any]:
    at = stamp(moment.at) if moment.at else None
    return {"connection": moment.connection, "author": moment.author, "at": at}


def _close_agreed(batch: Batch, golden: Golden, values: Normals, mine: Link, keys: Mapping[str, str]) -> None:
    """A disputed field on which all systems now agree is settled by itself."""
    known = goldens.links_of(batch.tx, [golden.id]).get(golden.id, ())
    others = [batch.dirty_links.get(x.id, x) for x in known if x.id != mine.id]
    holders = [mine, *(x for x in others if x.state == "active")]
    for path in list(golden.disputed):
        value, name = _at(values, path), path.partition("[")[0]
        holding = [x for x in holders if name in x.seen]
        if all(_at(x.seen, path) == value for x in holding):
            for link in holding:  # they take part in it, so nothing is owed
                link.told = settle_lines(link.told, path, value, keys)
                batch.dirty_links[link.id] = link
            golden.disputed.remove(path)
            batch.agreed.append((golden.id, path))
            batch.touch(golden)


def _drop(batch: Batch, link: Link, golden: Golden, paths: Sequence[str]) -> None:
    """A system that went back to what it was told, or over to what is agreed, contradicts nobody any more: its cases
    would show a value that nobody holds. A field about which no other system is in conflict is delivered again."""
    cases = issues.list_issues(batch.tx, kinds=("conflict",), golden_id=golden.id)
    for path in paths:
        about = {case["link_id"] for case in cases if case["field"] == path}
        about |= {x.link_id for x in batch.issues if (x.kind, x.golden_id, x.field) == ("conflict", golden.id, path)}
        if link.id not in about:
            continue
        batch.dropped.append((golden.id, path, link.id))
        if about == {link.id}:
            golden.disputed.remove(path)
            batch.touch(golden)
            batch.owe(golden.id, link.id)


def _overruled(batch: Batch, side: Side, link: Link, golden: Golden, record: Record, clashes: list[Conflict]) -> None:
    """Edits of what another system owns: kept in the story, taken back or only reported."""
    if not clashes:
        return
    batch.counts["overruled"] += len(clashes)
    happened = stamp(record.modified_at) if record.modified_at else None
    moved = {c.field: [c.theirs, c.ours] for c in clashes}
    batch.moved.append(
        Moved(golden.id, "overruled", side.mapping.connection, record.author, happened, side.name, moved)
    )
    report = side.rules(golden.fields).report
    for clash in clashes:
        if clash.field in report:
            facts = {"ours": clash.ours, "theirs": clash.theirs, "author": record.author}
            batch.issues.append(
                Issue("overruled", golden.entity, golden.id, link.id, side.mapping.connection, clash.field, facts)
            )


def want_links(batch: Batch, side: Side, golden: Golden, known: tuple[str, ...] | None) -> None:
    """Systems that should have this business object and do not yet get a link that is owed a create.

    `known`: mappings that have a link already; None: look.
    """
    if golden.state != "live":
        return
    others = [other for other in batch.others(side) if _should_have(batch.hub, other.doc, golden)]
    if not others:
        return
    if known is None:
        linked = goldens.links_of(batch.tx, [golden.id], lock=False).get(golden.id, [])
        known = tuple(x.mapping for x in linked) + tuple(x.mapping for x in batch.new_links if x.golden_id == golden.id)
    now = batch.tx.now()
    mappings = batch.hub.project.mappings
    places = {_place(mappings[m]) for m in known if m in mappings}
    for doc, organisation, priority in others:
        if doc.mapping in known or _place(doc) in places:
            continue
        batch.new_links.append(
            Link(
                batch.hub.env.new_id(), doc.mapping, doc.connection, doc.object, organisation, None, golden.id,
                state="wanted", due_at=now, priority=priority,
            )
        )  # fmt: skip


def _should_have(hub: Hub, doc: MappingDoc, golden: Golden) -> bool:
    """Whether that system should have this object; yes while it cannot be asked what it allows: delivery decides."""
    other = hub.known_side(doc.mapping)
    try:
        return other is None or (other.may_create and other.compiled.wanted(golden.fields))
    except Rejected:  # nor can its filter be worked out: delivery says so at the desk
        return True


def _place(doc: MappingDoc) -> tuple[str, str]:
    return doc.connection, doc.object


def owed(side: Side, link: Link, golden: Golden) -> Normals:
    """What this link's system has yet to learn; disputed line fields stay as they were told."""
    if link.state in ("detached", "tombstone") or not (side.mapping.update or link.record_id is None):
        return {}
    held = [p for p in golden.disputed if "[" not in p]
    values: Mapping[str, Normal] = golden.fields
    inside = [p for p in golden.disputed if "[" in p]
    if inside:
        values = _as_held(golden.fields, link, inside, side)
    return debt(link.told, values, side.compiled.writes, held, side.line_specs)


def _as_held(golden: Normals, link: Link, paths: list[str], side: Side) -> Normals:
    """Golden with these line fields as the system holds them: lines are written whole, and what is disputed stays."""
    keys = {name: spec[0] for name, spec in side.line_specs.items()}
    out = golden
    for path in paths:
        if path.partition("[")[0] in keys:
            held = link.seen if path.partition("[")[0] in link.seen else link.told
            out = settle_lines(out, path, _at(held, path), keys)
    return out
