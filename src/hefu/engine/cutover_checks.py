"""What the hub itself does and looks at in a step of a cutover, with its ordinary functions.

A finding says in numbers what was seen, whether that is well or not; a person reads it beside the step.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from hefu.core.env import instant as moment
from hefu.core.project import CutoverCheck, CutoverDo
from hefu.engine import desk, migrate, worker
from hefu.engine.hub import Hub
from hefu.engine.migrate import again, awake
from hefu.engine.migrate_check import check as check_batch
from hefu.engine.migrate_verify import verify
from hefu.engine.permit import Grant, Permit
from hefu.engine.reconcile import Scope, reconcile
from hefu.store import batches, issues, journal, runs, shards
from hefu.store.db import Tx, instant
from hefu.store.tables import link

ROUNDS = 12
"""Cycles after which a flow that never comes to rest counts as not in step."""


@dataclass(frozen=True)
class Finding:
    """What was seen: `code` and `facts` as of an error, so that it can be told in any language."""

    well: bool
    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Whatever(Permit):
    """All that is due, also of flows that stand still: a person has decided that these flows are to be merged."""

    def due(
        self, tx: Tx, mapping: str, claimed: Sequence[int], limit: int, *, now: str | None = None, **more: bool
    ) -> list[tuple[str, str]]:
        """(link id, golden id) of all due work."""
        return shards.due_links(tx, mapping, claimed, limit, now=now, **more)

    def over(self, tx: Tx, link_ids: Any) -> Grant | None:
        """Nothing is asked."""
        return None


# ------------------------------------------------------------------------- doing


def do(hub: Hub, what: CutoverDo, who: str) -> Finding | None:
    """Do it; None: done, the step's check says how it went. Raises HubError where it cannot be done."""
    if what.pause is not None:
        desk.pause(hub, what.pause, who)
    elif what.resume is not None:
        desk.resume(hub, what.resume, who)
    elif what.sync is not None:
        return sync(hub, [what.sync])
    elif what.migrate:
        _move(hub, what.migrate[0], what.migrate[1], who)
    return None


def sync(hub: Hub, flows: Sequence[str], *, merging: bool = False) -> Finding | None:
    """Compare these flows completely and deliver, until nothing moves; what is wrong, or None.

    `merging`: also flows that stand still or are disabled, and beyond their limits, since a person has decided so.
    """
    names = [m for f in flows for m in hub.project.flows[f].mappings]
    work = awake(hub, names)
    if merging:
        work = again(work, work.project, Whatever(""))
    for flow in flows:
        for round_ in range(ROUNDS):
            done = worker.cycle(work, work.project.flows[flow], full=round_ == 0, guarded=not merging)
            if done.state != "done":
                return Finding(False, "cutover.flow_stopped", {"flow": flow, "why": done.note or done.state})
            if round_ and not _moved(done.counts):
                break
            hub.env.sleep(1.0)
    with hub.store.look() as tx:
        stopped = runs.paused(tx)
        waiting = _due(tx, names)[0]
    if not merging:
        for flow in flows:
            if f"flow:{flow}" in stopped:
                return Finding(False, "cutover.flow_stopped", {"flow": flow, "why": stopped[f"flow:{flow}"]["code"]})
    return Finding(False, "cutover.still_due", {"count": waiting}) if waiting else None


def _moved(counts: Mapping[str, int]) -> bool:
    words = ("created", "updated", "deleted", "steps", "changed", "linked", "unknown", "stale", "postponed")
    return any(n for name, n in counts.items() if name.rpartition(".")[2] in words)


def _move(hub: Hub, source: str, target: str, who: str) -> None:
    """A batch all the way; one that was begun goes on."""
    with hub.store.look() as tx:
        mine = [b for b in batches.listed(tx, 1000) if (b.source, b.target) == (source, target)]
    head = mine[0] if mine and mine[0].state in ("staged", "checked", "loading") else None
    head = head or migrate.stage(hub, source, target, who)
    if head.state in ("staged", "checked"):
        check_batch(hub, head.id, who)
    if migrate.load(hub, head.id, who).head.state == "loaded":
        verify(hub, head.id, who)


# ----------------------------------------------------------------------- looking


def look(hub: Hub, check: CutoverCheck, flows: Sequence[str], book: Hub) -> Finding:
    """What the check sees now. `flows`: those of the runbook, where the check names none; `book`: whose backup counts.

    Raises HubError when a system cannot be read.
    """
    return _backup(book, check) if check.kind == "backup" else _LOOKS[check.kind](hub, check, flows)


def _mappings(hub: Hub, check: CutoverCheck, flows: Sequence[str]) -> list[str]:
    chosen = check.of or flows or list(hub.project.flows)
    return [m for f in chosen for m in hub.project.flows[f].mappings]


def _reconciled(hub: Hub, check: CutoverCheck, flows: Sequence[str]) -> Finding:
    names = _mappings(hub, check, flows)
    found = reconcile(awake(hub, names), Scope(mappings=names))
    classes: dict[str, int] = {}
    pairs = 0
    for section in found.sections:
        pairs += section.counts.get("pairs", 0)
        for kind, number in section.classes.items():
            classes[kind] = classes.get(kind, 0) + number
    facts = {"unexplained": found.unexplained, "at_most": check.at_most, "pairs": pairs, "classes": classes}
    return Finding(found.unexplained <= check.at_most, "cutover.saw_reconciled", facts)


def _issues(hub: Hub, check: CutoverCheck, flows: Sequence[str]) -> Finding:
    wanted = {hub.project.mappings[m].entity for m in _mappings(hub, check, flows)}
    with hub.store.look() as tx:
        found = issues.list_issues(tx, limit=100_000)
    count = sum(1 for i in found if i["entity"] is None or i["entity"] in wanted)
    return Finding(count <= check.at_most, "cutover.saw_issues", {"count": count, "at_most": check.at_most})


def _due(tx: Tx, mappings: Sequence[str]) -> tuple[int, str | None]:
    """How many links of these mappings are due by now, and since when the oldest is."""
    where = (link.c.mapping.in_(list(mappings)), link.c.due_at <= tx.now(), link.c.waits.is_distinct_from("person"))
    row = tx.run(select(func.count(), func.min(link.c.due_at)).where(*where)).one()
    return int(row[0]), row[1]


def _lag(hub: Hub, check: CutoverCheck, flows: Sequence[str]) -> Finding:
    within = check.within if check.within is not None else timedelta(minutes=1)
    with hub.store.look() as tx:
        count, oldest = _due(tx, _mappings(hub, check, flows))
        behind = instant(tx.now()) - instant(oldest) if oldest else timedelta(0)
    facts = {"count": count, "seconds": int(behind.total_seconds()), "within": int(within.total_seconds())}
    return Finding(behind <= within, "cutover.saw_lag", facts)


def _moving(hub: Hub, scopes: Sequence[str]) -> tuple[list[str], dict[str, str]]:
    """Scopes that are not paused, and how the two kinds are told."""
    with hub.store.look() as tx:
        stopped = runs.paused(tx)
    moving = [scope for scope in scopes if scope not in stopped]
    still = [scope for scope in scopes if scope in stopped]
    return moving, {"moving": ", ".join(moving) or "-", "stopped": ", ".join(still) or "-"}


def _paused(hub: Hub, check: CutoverCheck, _flows: Sequence[str]) -> Finding:
    moving, facts = _moving(hub, check.of)
    return Finding(not moving, "cutover.saw_paused", facts)


def _running(hub: Hub, check: CutoverCheck, _flows: Sequence[str]) -> Finding:
    moving, facts = _moving(hub, check.of)
    return Finding(len(moving) == len(check.of), "cutover.saw_running", facts)


def _migrated(hub: Hub, check: CutoverCheck, _flows: Sequence[str]) -> Finding:
    with hub.store.look() as tx:
        newest = {}
        for head in reversed(batches.listed(tx, 1000)):
            newest[head.target] = head
        states = {t: newest[t].state if t in newest else "-" for t in check.of}
        bad = ("rejected", "differs", "left", "ready", "loading")
        missing = sum(
            n for t in check.of if t in newest for s, n in batches.counts(tx, newest[t].id).items() if s in bad
        )
    well = all(state == "verified" for state in states.values()) and missing <= check.at_most
    told = ", ".join(f"{target} {state}" for target, state in states.items())
    return Finding(well, "cutover.saw_migrated", {"states": told, "missing": missing, "at_most": check.at_most})


def _backup(book: Hub, check: CutoverCheck) -> Finding:
    """In a rehearsal, too, it is the backup of the real hub that counts."""
    within = check.within if check.within is not None else timedelta(days=1)
    with book.store.look() as tx:
        row = journal.newest(tx, journal.BACKUP_VERIFIED)
        now = instant(tx.now())
    made = None if row is None else (row["detail"] or {}).get("made_at") or row["at"]
    age = None if made is None else now - moment(made)
    facts = {"at": made or "-", "what": row["object"] if row else "-", "within": int(within.total_seconds())}
    return Finding(age is not None and age <= within, "cutover.saw_backup", facts)


_LOOKS: dict[str, Callable[[Hub, CutoverCheck, Sequence[str]], Finding]] = {
    "reconciled": _reconciled,
    "issues": _issues,
    "lag": _lag,
    "paused": _paused,
    "running": _running,
    "migrated": _migrated,
}

__all__ = ["Finding", "do", "look", "sync"]
