"""Takes a batch back: an undo of its writes as a signed plan; what somebody changed since stays and is listed.

Records that the batch created are removed where the target can delete, what it changed is put back, and the source is
not touched. Afterwards the records can be loaded again, by a new batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hefu.core.errors import Unsupported
from hefu.engine import applying, worker
from hefu.engine import plans as planning
from hefu.engine.hub import Hub, entity_fields
from hefu.engine.migrate import Desk, Loading, again, desk
from hefu.engine.takeback import plan_undo
from hefu.engine.undo import Scope
from hefu.store import batches, intents, journal, plans
from hefu.store import golden as goldens
from hefu.store.batches import BEGUN, LOADABLE, THERE, Row
from hefu.store.db import Tx
from hefu.store.plans import PlanEntry

PAGE = 1000


@dataclass
class RolledBack:
    """How taking a batch back went; `waiting`: records whose write is still under way, so do it again later."""

    rows: dict[str, int] = field(default_factory=dict)
    plan_id: str | None = None
    waiting: int = 0


def rollback(hub: Hub, batch_id: str, who: str) -> RolledBack:
    """Take back what the batch wrote, as far as nobody changed it since.

    Raises Unsupported where a later batch stands on this one, Denied where the flows demand that somebody else approves
    the undo: it is kept as a plan, and goes on here once it is approved.
    """
    at = _one_way(desk(hub, batch_id, *BEGUN, "rolled_back"))
    with hub.store.look() as tx:
        _alone(at, tx)
        left = batches.counts(tx, batch_id).get("left", 0)
        known = plans.get(tx, at.head.plan_id) if at.head.plan_id else None
    if at.head.state == "rolled_back" and not left:
        raise Unsupported("migrate.state", id=batch_id, state=at.head.state, wanted=", ".join(BEGUN))
    with hub.store.begin() as tx:
        batches.update(tx, batch_id, state="undoing", note=None)
        journal.record(tx, hub.journal_key, who, "migrate.rolling_back", batch_id, None)
    _find_out(at)
    plan_id = known.id if known is not None and known.state in plans.OPEN else _draft(at, who)
    waiting = 0
    if plan_id is not None:
        with hub.store.look() as tx:
            made = plans.get(tx, plan_id)
        if made is not None and made.state == "draft":
            planning.approve(at.hub, plan_id, who)
        waiting = applying.apply(at.hub, plan_id, who).waiting
    return _settle(at, plan_id, who, waiting)


def _one_way(at: Desk) -> Desk:
    """The source is not told of what is taken back: it was right before, and it stays as it is."""
    quiet = at.source.mapping.model_copy(update={"create": False, "update": False})
    mappings = {**at.hub.project.mappings, at.source.name: quiet}
    hub = again(at.hub, at.hub.project.model_copy(update={"mappings": mappings}))
    return Desk(hub, at.head, hub.side(at.source.name), hub.side(at.target.name))


def _alone(at: Desk, tx: Tx) -> None:
    """A batch whose records point to this one's must go first."""
    mappings, mine = at.hub.project.mappings, at.target
    for other in batches.listed(tx, 1000):
        if other.id == at.head.id or other.state not in BEGUN or other.target not in mappings:
            continue
        doc = mappings[other.target]
        asks = {d.entity for _, d in entity_fields(at.hub.entity(doc.entity)) if d.entity}
        if (
            doc.connection == mine.mapping.connection
            and doc.entity != mine.entity.entity
            and mine.entity.entity in asks
        ):
            raise Unsupported("migrate.depends", id=at.head.id, other=other.id, entity=doc.entity)


def _find_out(at: Desk) -> None:
    """Writes whose outcome nobody knows are looked up first; nothing new is written."""
    bound = again(at.hub, at.hub.project, Loading("", ""))
    with at.hub.run("drain", at.head.id) as run:
        for _ in range(60):
            worker.drain(bound, run, [bound.side(at.target.name)], guarded=False)
            with at.hub.store.look() as tx:
                links = [r.link_id for r in _rows(tx, at.head.id, ("loading",)) if r.link_id]
                if not intents.unsettled(tx, links):
                    return
            at.hub.env.sleep(1.0)


def _rows(tx: Tx, batch_id: str, states: Sequence[str]) -> list[Row]:
    return [row for rows in batches.every(tx, batch_id, states) for row in rows]


def _draft(at: Desk, who: str) -> str | None:
    """The undo of all that the batch wrote, as a plan; None where it wrote nothing."""
    try:
        made = plan_undo(at.hub, Scope(run=at.head.id), who, f"batch {at.head.id}").plan
    except Unsupported as error:
        if error.code not in ("undo.no_run", "undo.no_writes"):
            raise
        return None
    if made is not None:
        with at.hub.store.begin() as tx:
            batches.update(tx, at.head.id, plan_id=made.id)
    return made.id if made is not None else None


def _settle(at: Desk, plan_id: str | None, who: str, waiting: int) -> RolledBack:
    after = -1
    while True:
        with at.hub.store.begin() as tx:
            rows = batches.rows(tx, at.head.id, (*THERE, *LOADABLE, "rejected", "left"), after=after, limit=PAGE)
            if not rows:
                break
            after = rows[-1].seq
            ids = [row.link_id for row in rows if row.link_id]
            entries = plans.of_links(tx, plan_id, ids) if plan_id is not None else {}
            _unwanted(tx, ids)
            _forget(at, tx, rows, entries)
            for row in rows:
                _judge(row, entries.get(row.link_id or "", ()))
            batches.settle(tx, rows)
    with at.hub.store.begin() as tx:
        counts = batches.counts(tx, at.head.id)
        state = "undoing" if waiting else "rolled_back"
        batches.update(tx, at.head.id, state=state, ended_at=None if waiting else tx.now())
        journal.record(tx, at.hub.journal_key, who, f"migrate.{state}", at.head.id, {"rows": counts, "plan": plan_id})
    return RolledBack(counts, plan_id, waiting)


def _unwanted(tx: Tx, link_ids: Sequence[str]) -> None:
    """What was never created is not wanted any more."""
    links = goldens.load_links(tx, link_ids)
    flying = intents.unsettled(tx, links)
    dropped = [x for x in links.values() if x.record_id is None and x.id not in flying and x.state != "tombstone"]
    for link in dropped:
        link.state, link.due_at, link.waits = "tombstone", None, None
    goldens.save_links(tx, dropped)


def _forget(at: Desk, tx: Tx, rows: Sequence[Row], entries: Mapping[str, list[PlanEntry]]) -> None:
    """What golden went back to, the source has not: its values count as typed and not yet taken over.

    Otherwise the source would be told the target's former values as soon as a flow runs.
    """
    doc = at.source.mapping
    back = {e.golden_id for found in entries.values() for e in found if e.state == "written" and e.kind == "update"}
    here = goldens.links_by_record(tx, doc.connection, doc.object, [r.key for r in rows])
    golden = goldens.load_golden(tx, {x.golden_id for x in here.values()} & back, lock=False)
    dirty = []
    for link in here.values():
        if link.golden_id in golden:
            fields = golden[link.golden_id].fields
            names = [n for n in link.told if n in fields and link.told[n] != fields[n]]
            link.told = link.told | {n: fields[n] for n in names}
            link.seen = link.seen | {n: fields[n] for n in names}
            link.digest, link.due_at = None, None
            dirty.append(link)
    goldens.save_links(tx, dirty)


def _judge(row: Row, entries: Sequence[PlanEntry]) -> None:
    """What became of a row, from what the plan says of its record."""
    kept = [e for e in entries if e.state not in ("written", "planned", "writing")]
    under_way = any(e.state in ("planned", "writing") for e in entries)
    if under_way or (row.state in ("rejected", "ready") and not entries):
        return
    row.state = "left" if kept else "undone"
    row.reasons = [reason for entry in kept for reason in _reasons(entry)]


def _reasons(entry: PlanEntry) -> list[dict[str, Any]]:
    note: Mapping[str, Any] = entry.note if isinstance(entry.note, dict) else {}
    moved = note.get("found") if entry.state == "changed" else entry.fields if note.get("why") == "changed" else None
    if isinstance(moved, dict) and moved:
        return [
            {"field": name, "code": "migrate.edited", "facts": {"field": name, "expected": a, "found": b}}
            for name, (a, b) in moved.items()
        ]
    why = note.get("why") or note.get("code") or entry.state
    return [{"field": "", "code": "migrate.stays", "facts": {"why": why}}]


__all__ = ["RolledBack", "rollback"]
