"""Records that are no longer there: gone, or just not shown? Absence alone never deletes anything.

Each missing id is looked at singly; an incomplete read, lost rights or a tightened filter is named as the cause;
only what is surely gone follows the delete rule, and above the flood limits only after a person agreed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select

from hefu.core.errors import Denied, HubError, Missing
from hefu.core.mapping import FILTERED
from hefu.core.project import Entity
from hefu.core.records import Record
from hefu.engine import aliases
from hefu.engine.fold import Batch, owed, remember_keys
from hefu.engine.hub import Counts, Hub, Run, Side
from hefu.store import allowances, issues, runs
from hefu.store import golden as goldens
from hefu.store.db import Tx
from hefu.store.golden import Golden, Link, Moved
from hefu.store.issues import Issue
from hefu.store.tables import MISSING
from hefu.store.tables import link as link_table


def bury(hub: Hub, side: Side, run: Run, *, approved: str = "") -> Counts:
    """Decide about the links marked missing. `approved`: who agreed to exceed the limits."""
    counts, scope = Counts(), f"deletes:{side.name}"
    with hub.store.look() as tx:
        missing = _missing(tx, side)
        known = _known(tx, side) if missing else 0
        stopped, was_stopped = scope in runs.paused(tx), runs.was_paused(tx, scope)
    if (not missing and not was_stopped) or (missing and stopped and not approved):
        return counts
    found = _probe(hub, side, missing)
    guard = side.flow.guard if side.flow else None
    over = guard is not None and len(missing) > guard.deletes and len(missing) > guard.delete_share * known
    cause = found.cause or (found.likely() if over and not approved else None)
    with hub.store.begin() as tx:
        batch = Batch(hub, tx, run, priority=side.priority)
        _set_state(tx, found.shown, "active")
        tx.update(link_table, ("due_at",), [(tx.now(), i) for i in found.shown])  # nothing came due meanwhile
        counts["still_there"] += len(found.shown)
        if cause is not None:
            _stop(tx, side, len(missing), known, cause, found)
            counts["paused"] += 1
        else:
            _go_on(tx, side, scope, approved or "hub")
            _set_state(tx, found.filtered, "detached")
            _apply_rule(batch, side, found.gone, counts)
            _part_merged(batch, side, found.merged, counts)
            if approved and side.flow is not None:  # nobody is asked for the same deletes again when they are passed on
                others = len(hub.mappings_of(side.entity.entity)) - 1
                n = len(found.gone) * max(1, others)
                allowances.agree(tx, f"flow:{side.flow.flow}", {"records": n, "changes": n, "deletes": n})
        batch.store()
    return counts


def _set_state(tx: Tx, link_ids: Sequence[str], state: str) -> None:
    tx.update(link_table, ("state",), [(state, i) for i in link_ids])


def _go_on(tx: Tx, side: Side, scope: str, who: str) -> None:
    """Deletes may be handled again: nothing is missing any more, or a person agreed."""
    runs.resume_scope(tx, scope)
    issues.close_issues(tx, who, "settled", kinds=("flood",), connection=side.mapping.connection, field=scope)


def _missing(tx: Tx, side: Side) -> list[tuple[str, str, str]]:
    rows = tx.run(
        select(link_table.c.id, link_table.c.record_id, link_table.c.organisation)
        .where(link_table.c.mapping == side.name, MISSING)
        .order_by(link_table.c.id)
    )
    return [(row[0], row[1], row[2]) for row in rows if row[1] is not None]


def _known(tx: Tx, side: Side) -> int:
    states = ("active", "missing")
    where = (link_table.c.mapping == side.name, link_table.c.state.in_(states))
    return int(tx.run(select(func.count()).select_from(link_table).where(*where)).scalar() or 0)


@dataclass
class Found:
    """Link ids by what a look at each single record said. `cause`: why that look cannot be trusted.

    `merged`: its people made one record of two; link -> the record to which the old id leads now.
    """

    gone: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    filtered: list[str] = field(default_factory=list)
    merged: dict[str, str] = field(default_factory=dict)
    cause: str | None = None

    def likely(self) -> str:
        """What most of them have in common."""
        causes = {"deleted": self.gone, "incomplete_read": self.shown, "filter": self.filtered}
        return max(causes, key=lambda name: len(causes[name]))


def _probe(hub: Hub, side: Side, missing: Sequence[tuple[str, str, str]]) -> Found:
    line, out = hub.connect(side.mapping.connection), Found()
    for link_id, record_id, _ in missing:
        try:
            records: Sequence[Record] = line.fetch(side.mapping.object, [record_id])
        except Missing:
            records = []
        except HubError as error:
            out.cause = "rights" if isinstance(error, Denied) else out.cause or "unreachable"
            continue
        if not records:
            out.gone.append(link_id)
        elif records[0].id != record_id:
            out.merged[link_id] = records[0].id
        elif side.compiled.inward([records[0].values])[0] is FILTERED:
            out.filtered.append(link_id)
        else:
            out.shown.append(link_id)
    if out.cause is None and len(out.gone) == len(missing) and _one_organisation(hub, side, missing):
        out.cause = "organisation"
    return out


def _one_organisation(hub: Hub, side: Side, missing: Sequence[tuple[str, str, str]]) -> bool:
    """All of them, and nobody else, belong to one organisation while others are still shown: rights, not deletes."""
    places = {organisation for _, _, organisation in missing}
    if len(places) != 1 or len(missing) < 2:
        return False
    with hub.store.look() as tx:
        rows = tx.run(
            select(link_table.c.organisation, func.count())
            .where(link_table.c.mapping == side.name, link_table.c.state == "active")
            .group_by(link_table.c.organisation)
        ).all()
    shown = {row[0] for row in rows}
    return bool(shown) and not places & shown


def _stop(tx: Tx, side: Side, missing: int, known: int, cause: str, found: Found) -> None:
    scope, again = f"deletes:{side.name}", {"deleted": None, "filter": None, "organisation": 900.0, "rights": 900.0}
    facts = {"missing": missing, "known": known, "cause": cause, "surely_gone": len(found.gone)}
    wait = again.get(cause, 60.0)
    runs.pause_scope(tx, scope, f"guard.{cause}", facts, None if wait is None else tx.later(wait))
    issues.raise_issues(tx, [Issue("flood", side.entity.entity, None, None, side.mapping.connection, scope, facts)])


def _apply_rule(batch: Batch, side: Side, link_ids: Sequence[str], counts: Counts) -> None:
    links = goldens.load_links(batch.tx, link_ids)
    batch.golden |= goldens.load_golden(batch.tx, {x.golden_id for x in links.values()})
    rule = side.mapping.delete or side.entity.on_delete
    for link in links.values():
        if link.state != "missing":  # it came back while we looked
            continue
        golden = batch.golden[link.golden_id]
        batch.dirty_links[link.id] = link
        edited = bool(owed(side, link, golden))
        link.state, link.due_at, link.waits = "tombstone", None, None
        if golden.state != "live":
            continue
        if edited and rule != "ignore":
            _ask(batch, side, link, "delete_edit", rule)
        elif rule == "ask":
            _ask(batch, side, link, "deleted", rule)
        elif rule == "deactivate":
            deactivate(batch, side.entity, link, golden)
        elif rule == "propagate":
            delete_golden(batch, link, golden)
        counts[f"deleted_{rule}"] += 1


def _part_merged(batch: Batch, side: Side, merged: Mapping[str, str], counts: Counts) -> None:
    """A merge in one system deletes nothing elsewhere: a person says whether the others have one object or two."""
    links = goldens.load_links(batch.tx, merged)
    doc = side.mapping
    winners = goldens.golden_ids(batch.tx, doc.connection, doc.object, merged.values())
    kept_links = goldens.links_by_record(
        batch.tx, doc.connection, doc.object, [(x.organisation, merged[x.id]) for x in links.values()]
    )
    for link in links.values():
        if link.state != "missing":
            continue
        into = kept_links.get((link.organisation, merged[link.id]))
        if side.entity.on_merge == "join" and into is not None:
            aliases.moved_into(batch, side, link, batch.dirty_links.get(into.id, into))
            continue
        link.state, link.due_at, link.waits = "tombstone", None, None
        batch.dirty_links[link.id] = link
        kept = merged[link.id]
        facts = {"record_id": link.record_id, "object": doc.object, "merged_into": kept, "with": winners.get(kept)}
        place = (side.entity.entity, link.golden_id, link.id, doc.connection, (link.record_id or "")[:200])
        batch.issues.append(Issue("duplicate", *place, facts))
        counts["merged"] += 1


def _ask(batch: Batch, side: Side, link: Link, kind: str, rule: str) -> None:
    facts = {"record_id": link.record_id, "object": side.mapping.object, "rule": rule, "last_seen": link.seen_at}
    batch.issues.append(Issue(kind, side.entity.entity, link.golden_id, link.id, side.mapping.connection, "", facts))


def deactivate(batch: Batch, entity: Entity, link: Link, golden: Golden) -> None:
    """The others keep the record, switched off as the entity says."""
    values = {name: value for name, value in entity.deactivate.items() if golden.fields.get(name) != value}
    moved = {name: [golden.fields.get(name), value] for name, value in values.items()}
    before = golden.fields
    golden.fields = {**golden.fields, **values}
    batch.touch(golden)
    remember_keys(batch, entity, golden, before)
    batch.owe(golden.id, link.id)
    batch.moved.append(Moved(golden.id, "deleted", link.connection, None, None, link.mapping, moved))


def delete_golden(batch: Batch, link: Link, golden: Golden) -> None:
    """The business object is gone: the others are owed a delete."""
    golden.state = "deleted"
    batch.touch(golden)
    batch.owe(golden.id, link.id)
    batch.moved.append(Moved(golden.id, "deleted", link.connection, None, None, link.mapping, {}))


def revive(batch: Batch, golden: Golden) -> None:
    """A deleted object lives again: every system that lost it is to have it, as a new record, and keeps what it has.

    What people brought back is in step again, also where somebody had said that it should stay as it is.
    """
    golden.state = "live"
    batch.touch(golden)
    mine = [batch.dirty_links.get(x.id, x) for x in goldens.links_of(batch.tx, [golden.id]).get(golden.id, ())]
    standing = {_place(x) for x in mine if x.state not in ("tombstone", "detached")}
    taken = {_place(x) for x in mine if x.state != "tombstone"}
    for x in reversed(mine):  # of several that are gone from one place, the last
        if x.state == "tombstone" and _place(x) not in taken:
            want_again(batch, x)
            taken.add(_place(x))
        elif x.state == "detached" and (x.waits == "person" or _place(x) not in standing):
            standing.add(_place(x))
            x.state, x.due_at, x.waits, x.attempt = "active", batch.tx.now(), None, 0
            batch.dirty_links[x.id] = x
    issues.close_issues(batch.tx, "hub", "revived", kinds=("delete_edit",), golden_ids=[golden.id])


def want_again(batch: Batch, link: Link) -> None:
    """The system is to have the object again, as a new record."""
    link.state, link.record_id, link.told, link.seen, link.digest = "wanted", None, {}, {}, None
    link.version, link.status, link.due_at, link.waits, link.attempt = None, None, batch.tx.now(), None, 0
    batch.dirty_links[link.id] = link


def _place(link: Link) -> tuple[str, str, str]:
    return link.connection, link.object, link.organisation
