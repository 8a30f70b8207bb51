"""Plan, approve, apply: a bulk effect is first a plan, which a named person signs, and then exactly that plan.

Applying is delivering as always (parents first, in batches, an intent before each write) under a permit: whatever
differs from what was signed is not written and is listed. What a crash cuts off goes on when the plan is applied again.
"""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from typing import IO, Any

import orjson

from hefu.core.errors import Denied, Transient, Unsupported
from hefu.engine import bury, canary, drift, worker
from hefu.engine.hub import Counts, Hub, Run, Side
from hefu.engine.permit import Beyond, Permit, resolved
from hefu.engine.rehearse import Plan, rehearse
from hefu.engine.undo import compensate
from hefu.store import golden as goldens
from hefu.store import issues, journal, plans, runs
from hefu.store.db import Tx, instant, text
from hefu.store.plans import PlanEntry, StoredPlan
from hefu.store.tables import cursor
from hefu.store.tables import link as link_table

IN_MEMORY = 8 << 20
"""Bytes of entries kept in memory until they are stored; more of them wait in a file."""

PAUSE_SECONDS = 900.0
"""A crashed apply lets its flows go on after this time."""


# --------------------------------------------------------------------------- plan


class Spool:
    """Entries on their way from a rehearsal, which is rolled back, into the store, which is written afterwards."""

    def __init__(self) -> None:
        self.file: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed in `close`
        self.count = 0

    def keep(self, entry: PlanEntry) -> None:
        """One more entry, in order."""
        values = [getattr(entry, one.name) for one in fields(PlanEntry)]
        self.file.write(orjson.dumps(values) + b"\n")
        self.count += 1

    def entries(self, hub: Hub) -> Iterator[PlanEntry]:
        """All of them, numbered, with ids of their own."""
        self.file.seek(0)
        for number, line in enumerate(self.file):
            entry = PlanEntry(*orjson.loads(line))
            entry.id, entry.seq = hub.env.new_id(), number
            yield entry

    def close(self) -> None:
        """Throw the file away."""
        self.file.close()


@contextmanager
def spooling() -> Iterator[Spool]:
    """A spool for as long as it is needed."""
    spool = Spool()
    try:
        yield spool
    finally:
        spool.close()


def make(
    hub: Hub, mappings: Sequence[str], author: str, *, kind: str | None = None, reason: str = "", full: bool = False
) -> tuple[Plan, StoredPlan | None]:
    """What capturing and delivering these mappings would do, and the draft of it that is kept; None: nothing to do.

    `kind`: one of plans' kinds (default: first_sync, mapping_change or sync, as the store says). Raises HubError when
    a system cannot be read.
    """
    with spooling() as spool:
        seen = rehearse(hub, mappings, full=full, keep=spool.keep)
        if not seen.writes:
            return seen, None
        waiting: dict[str, int] = {}
        for issue in seen.issues:
            waiting[issue["kind"]] = waiting.get(issue["kind"], 0) + 1
        counts, kind = {"writes": seen.counts, "waits": waiting}, kind or _kind(hub, mappings)
        return seen, keep(hub, kind, author, reason, mappings, counts, spool, complete=full, writes=seen.writes)


def keep(
    hub: Hub,
    kind: str,
    author: str,
    reason: str,
    mappings: Sequence[str],
    counts: dict[str, Any],
    spool: Spool,
    *,
    complete: bool = False,
    writes: int,
) -> StoredPlan:
    """Store a draft. Raises Unsupported where the author has no name."""
    if not author.strip():
        raise Unsupported("plan.nobody")
    with hub.store.begin() as tx:
        plans.forget_drafts(tx)
        now = tx.now()
        made = StoredPlan(
            hub.env.new_id(), kind, "draft", author, reason, list(mappings), complete, hub.project.version, now,
            text(instant(now) + _validity(hub, mappings)), counts, writes,
        )  # fmt: skip
        plans.add(tx, made, spool.entries(hub))
        journal.record(tx, hub.journal_key, author, "plan.made", made.id, _said(made))
    return made


def _said(made: StoredPlan) -> dict[str, Any]:
    return {"kind": made.kind, "writes": made.writes, "digest": made.digest}


def _kind(hub: Hub, mappings: Sequence[str]) -> str:
    with hub.store.look() as tx:
        known = link_table.c.mapping.in_(list(mappings)), link_table.c.record_id.is_not(None)
        if tx.run(link_table.select().where(*known).limit(1)).first() is None:
            return "first_sync"
        read = dict(tx.run(cursor.select().with_only_columns(cursor.c.mapping, cursor.c.fingerprint)).tuples().all())
    moved = any(read.get(name) not in (None, hub.side(name).compiled.fingerprint) for name in mappings)
    return "mapping_change" if moved else "sync"


def _approvals(hub: Hub, mappings: Sequence[str]) -> list[Any]:
    return [f.approval for f in hub.project.flows.values() if set(f.mappings) & set(mappings)]


def _validity(hub: Hub, mappings: Sequence[str]) -> timedelta:
    """How long a plan may be applied: what the strictest of its flows says."""
    return min((a.valid for a in _approvals(hub, mappings)), default=timedelta(days=7))


# ------------------------------------------------------------------------ approve


def approve(hub: Hub, plan_id: str, by: str) -> StoredPlan:
    """Sign a draft. Above the size that a flow sets, the author may not be the one who does (four eyes).

    Raises Unsupported for an unknown or ended plan, Denied where the rules or an altered content forbid it.
    """
    with hub.store.begin() as tx:
        made = _open(tx, plan_id)
        if made.state != "draft":
            raise Unsupported("plan.state", id=plan_id, state=made.state, wanted="draft")
        if not by.strip():
            raise Unsupported("plan.nobody")
        if needs_second(hub, made) and by.strip().casefold() == made.author.strip().casefold():
            raise Denied("plan.four_eyes", id=plan_id, author=made.author, writes=made.writes)
        _unaltered(tx, made)
        made.state, made.approver, made.approved_at = "approved", by, tx.now()
        made.signature = plans.sign(hub.journal_key, made, by, made.approved_at)
        plans.update(tx, plan_id, state=made.state, approver=by, approved_at=made.approved_at, signature=made.signature)
        journal.record(tx, hub.journal_key, by, "plan.approved", plan_id, _said(made))
    return made


def needs_second(hub: Hub, made: StoredPlan) -> bool:
    """Whether somebody other than the author must approve, as the strictest of the plan's flows says."""
    limits = [a.four_eyes for a in _approvals(hub, made.mappings) if a.four_eyes is not None]
    return bool(limits) and made.writes > min(limits)


def reject(hub: Hub, plan_id: str, by: str, reason: str) -> None:
    """Close a plan that was not applied yet, with the reason. Raises Unsupported for any other."""
    with hub.store.begin() as tx:
        made = _open(tx, plan_id)
        if made.state not in ("draft", "approved"):
            raise Unsupported("plan.state", id=plan_id, state=made.state, wanted="draft, approved")
        plans.update(tx, plan_id, state="rejected", ended_at=tx.now(), note=reason)
        journal.record(tx, hub.journal_key, by, "plan.rejected", plan_id, {"reason": reason})


def _open(tx: Tx, plan_id: str) -> StoredPlan:
    """A plan that may still be carried out, held by this transaction."""
    made = plans.get(tx, plan_id, lock=True)
    if made is None:
        raise Unsupported("plan.unknown", id=plan_id)
    if made.state == "expired":
        raise Unsupported("plan.expired", id=plan_id, at=made.expires_at)
    return made


def _unaltered(tx: Tx, made: StoredPlan) -> None:
    if plans.digest(tx, made) != made.digest:
        raise Denied("plan.altered", id=made.id)


# -------------------------------------------------------------------------- apply


@dataclass
class Applied:
    """How applying a plan went. `tally`: state of entry -> how many; what is not `written` is listed with its reason.

    `waiting`: entries that are still under way (a lost answer, a parent, a system that rests): apply again later.
    """

    plan: StoredPlan
    tally: dict[str, int] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    waiting: int = 0


def apply(hub: Hub, plan_id: str, by: str) -> Applied:
    """Carry out an approved plan, or go on with one that was cut off: each record at most once, exactly as signed.

    Reads the systems again first. A record of which the golden value, what the system was told or what it holds has
    changed since is not written; it is listed with both values. Raises HubError when a system cannot be read, and
    Unsupported or Denied for a plan that may not be applied.
    """
    made = _ready(hub, plan_id, by)
    with hub.run("apply", plan_id) as run:
        for name in made.mappings:
            drift.check(hub, name)
        sides = [hub.side(name) for name in hub.active_mappings() if name in made.mappings]
        flows = [f.flow for f in hub.project.flows.values() if set(f.mappings) & set(made.mappings)]
        with _alone(hub, flows, plan_id):
            _look_again(hub, made, sides, run)
            _bind(hub, plan_id)
            compensate(hub, plan_id, run, by)
            _write(hub, plan_id, sides, run)
            return _end(hub, made, flows, run, by)


def _ready(hub: Hub, plan_id: str, by: str) -> StoredPlan:
    with hub.store.begin() as tx:
        made = _open(tx, plan_id)
        if made.state == "draft":
            raise Denied("plan.not_approved", id=plan_id)
        if made.state not in ("approved", "applying"):
            raise Unsupported("plan.state", id=plan_id, state=made.state, wanted="approved")
        if made.project_version != hub.project.version:
            raise Unsupported("plan.version", id=plan_id, made=made.project_version, now=hub.project.version)
        _unaltered(tx, made)
        if not plans.signed(hub.journal_key, made):
            raise Denied("plan.altered", id=plan_id)
        missing = [name for name in made.mappings if name not in hub.active_mappings()]
        if missing:
            raise Unsupported("plan.version", id=plan_id, made=made.project_version, now=", ".join(missing))
        again = made.state == "applying"
        made.state = "applying"
        plans.update(tx, plan_id, state=made.state)
        action = "plan.resumed" if again else "plan.applying"
        journal.record(tx, hub.journal_key, by, action, plan_id, _said(made))
    return made


@contextmanager
def _alone(hub: Hub, flows: Sequence[str], plan_id: str) -> Iterator[None]:
    """Nobody else delivers these flows meanwhile; a process that dies leaves them stopped for a while only."""
    with hub.store.begin() as tx:
        for flow in flows:
            runs.pause_scope(tx, f"plan:{flow}", "plan.applying", {"id": plan_id}, tx.later(PAUSE_SECONDS))
    try:
        yield
    finally:
        with hub.store.begin() as tx:
            for flow in flows:
                runs.resume_scope(tx, f"plan:{flow}")


def _look_again(hub: Hub, made: StoredPlan, sides: Sequence[Side], run: Run) -> None:
    """Everything as it is now, for real: what people did since the plan was made is folded in before anything else."""
    for side in sides:
        if worker.capture_side(hub, side, run, full=made.complete) is None:
            raise Transient("plan.not_read", id=made.id, mapping=side.name)
    if made.kind != "undo":
        for side in sides:
            run.counts.update({f"{side.name}.{k}": n for k, n in bury.bury(hub, side, run).items()})


def _bind(hub: Hub, plan_id: str) -> None:
    """Find the links of records that nobody knew when the plan was made."""
    while True:
        with hub.store.begin() as tx:
            entries = plans.unbound(tx, plan_id)
            if not entries:
                return
            found = _links_now(tx, entries)
            plans.bind(tx, [(link_id, entry.id) for entry in entries if (link_id := found.get(entry.id))])
            gone = [("changed", {"gone": True}, entry.id) for entry in entries if entry.id not in found]
            plans.turned(tx, gone)


def _links_now(tx: Tx, entries: Sequence[PlanEntry]) -> dict[str, str]:
    """entry id -> the link it is about, by its record, or by the record that its object comes from."""
    wanted: dict[tuple[str, str], set[tuple[str, str]]] = {}
    for e in entries:
        for place in (_own(e), e.origin):
            if place:
                wanted.setdefault((place[0], place[1]), set()).add((place[2], place[3]))
    known: dict[tuple[str, ...], goldens.Link] = {}
    for (connection, obj), keys in wanted.items():
        for key, link in goldens.links_by_record(tx, connection, obj, keys, lock=False).items():
            known[connection, obj, *key] = link
    out: dict[str, str] = {}
    objects: dict[str, str] = {}
    for e in entries:
        own, origin = _own(e), known.get(tuple(e.origin or ()))
        if own and tuple(own) in known:
            out[e.id] = known[tuple(own)].id
        elif not own and (golden_id := e.golden_id or (origin and origin.golden_id)):
            objects[e.id] = golden_id
    links = goldens.links_of(tx, set(objects.values()), lock=False)
    for e in entries:
        there = [x for x in links.get(objects.get(e.id, ""), ()) if x.mapping == e.mapping]
        alive = [x for x in there if x.state not in ("detached", "tombstone")]
        if alive:
            out[e.id] = alive[0].id
    return out


def _own(e: PlanEntry) -> list[str] | None:
    return [e.connection or "", e.object or "", e.organisation, e.record_id] if e.record_id else None


def _write(hub: Hub, plan_id: str, sides: Sequence[Side], run: Run) -> None:
    """Deliver under the permit until nothing of the plan can move now; other workers' shards come free in time."""
    bound = permitted(hub, Permit(plan_id))
    patience = int(hub.store.lease) + 2  # so long a worker that died may keep its shards
    while patience:
        counts = worker.drain(bound, run, sides, guarded=False)
        with hub.store.begin() as tx:
            plans.catch_up(tx, plan_id)
        with hub.store.look() as tx:
            free = [s for s in sides if not worker.is_paused(bound, s.name)]
            if not any(plans.due_links(tx, plan_id, s.name, range(goldens.SHARDS), 1, tx.now()) for s in free):
                return
        if not any(counts.values()):
            patience -= 1
            hub.env.sleep(1.0)


def permitted(hub: Hub, permit: Permit) -> Hub:
    """The same hub as a worker of its own, which delivers what the permit allows."""
    return replace(
        hub, permit=permit, worker_id=hub.env.new_id(), draining=threading.Lock(), asked=threading.Event()
    )  # fmt: skip


def _end(hub: Hub, made: StoredPlan, flows: Sequence[str], run: Run, by: str) -> Applied:
    with hub.store.begin() as tx:
        plans.catch_up(tx, made.id)
        _tell_left_over(tx, made.id)
        tally = plans.tally(tx, made.id)
        waiting = tally.get("planned", 0) + tally.get("writing", 0)
        if not waiting:
            whole = not (tally.get("changed") or tally.get("refused"))
            made.state, made.ended_at = "applied" if whole else "partly_applied", tx.now()
            plans.update(tx, made.id, state=made.state, ended_at=made.ended_at)
            if made.kind != "undo":
                _approved_flows(tx, made, flows, by)
        journal.record(tx, hub.journal_key, by, f"plan.{made.state}", made.id, tally)
    if not waiting and made.kind != "undo":
        canary.approve(hub, [hub.side(name) for name in made.mappings], made.approver or by)
    run.state = "paused" if waiting else run.state
    return Applied(made, tally, Counts(run.counts), waiting)


def _tell_left_over(tx: Tx, plan_id: str) -> None:
    """What became of entries that were not written although nothing is under way: refused, settled, or changed."""
    turned: list[tuple[str, Any, str]] = []
    quiet: list[PlanEntry] = []
    for entry, waits, due_at in plans.pending(tx, plan_id):
        if waits == "person":
            turned.append(("refused", {"waits": waits}, entry.id))
        elif due_at is None and waits != "outcome":
            quiet.append(entry)
    links = goldens.load_links(tx, [e.link_id for e in quiet if e.link_id], lock=False)
    turned += [(*_settled(tx, entry, links.get(entry.link_id or "")), entry.id) for entry in quiet]
    plans.turned(tx, turned)


def _settled(tx: Tx, entry: PlanEntry, link: goldens.Link | None) -> tuple[str, Any]:
    """Nothing is owed any more: because the system has it, or because somebody has changed something."""
    if link is None:
        return "changed", {"gone": True}
    wanted = resolved(tx, entry.after) if entry.kind in ("create", "update") else {}
    found = {n: [value, link.seen.get(n)] for n, value in wanted.items() if link.told.get(n) != value}
    return ("changed", {"found": found}) if found else ("settled", None)


def _approved_flows(tx: Tx, made: StoredPlan, flows: Sequence[str], by: str) -> None:
    """A flow that had stopped to ask goes on: somebody saw what it wanted to do, and agreed."""
    stopped = runs.paused(tx)
    for flow in flows:
        scope = f"flow:{flow}"
        row = stopped.get(scope)
        if row is not None and row["code"].startswith("guard.") and row["since_at"] <= made.created_at:
            runs.resume_scope(tx, scope)
            issues.close_issues(tx, by, "approved", kinds=("flood",), field=scope)


def follow(hub: Hub, plan_id: str) -> Run:
    """After a plan was applied: what follows from it (codes that the ERP gave, status steps), refused records aside."""
    with hub.store.look() as tx:
        made = plans.get(tx, plan_id)
    mappings: Mapping[str, Any] = dict.fromkeys(made.mappings if made is not None else ())
    with hub.run("cycle", ",".join(mappings)[:200]) as run:
        sides = worker.usable_sides(hub, [name for name in hub.active_mappings() if name in mappings])
        worker.drain(permitted(hub, Beyond(plan_id)), run, sides, guarded=False)
    return run
