"""Carries out an approved plan: each record at most once, exactly as signed.

Applying is delivering as always (parents first, in batches, an intent before each write) under a permit: whatever
differs from what was signed is not written and is listed. What a crash cuts off goes on when the plan is applied again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from hefu.core.errors import Denied, Transient, Unsupported
from hefu.engine import bury, canary, drift, erased, worker
from hefu.engine.erasing import KIND as ERASE
from hefu.engine.hub import Counts, Hub, Run, Side
from hefu.engine.permit import Beyond, Permit, resolved
from hefu.engine.plans import flows_of, open_plan, said, stop_flows, unaltered
from hefu.engine.undo import compensate
from hefu.store import golden as goldens
from hefu.store import issues, journal, plans, runs
from hefu.store.db import Tx
from hefu.store.erasures import Proof
from hefu.store.plans import PlanEntry, StoredPlan


@dataclass
class Applied:
    """How applying a plan went. `tally`: state of entry -> how many; what is not `written` is listed with its reason.

    `waiting`: entries that are still under way (a lost answer, a parent, a system that rests): apply again later.
    `proof`: of an erasure that has ended.
    """

    plan: StoredPlan
    tally: dict[str, int] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    waiting: int = 0
    proof: Proof | None = None


TARGETED = ("undo", ERASE)
"""Kinds of plans about single records: what else is due in these flows is neither looked for nor agreed to."""

Read = Literal["again", "since", "now"]
"""What was read for a plan: nothing that stayed, so all is read again; what stayed, so only what changed since; or that
this very moment, so nothing."""


def apply(hub: Hub, plan_id: str, by: str, read: Read = "again") -> Applied:
    """Carry out an approved plan, or go on with one that was cut off: each record at most once, exactly as signed.

    Reads the systems first, as far as that is not done. A record of which the golden value, what the system was told
    or what it holds has changed since is not written; it is listed with both values. Raises HubError when a system
    cannot be read, and Unsupported or Denied for a plan that may not be applied.
    """
    made = _ready(hub, plan_id, by)
    with hub.run("apply", plan_id) as run:
        for name in made.mappings:
            drift.check(hub, name)
        sides = [hub.side(name) for name in hub.active_mappings() if name in made.mappings]
        flows = flows_of(hub, made)
        with _alone(hub, flows, plan_id):
            if read != "now":
                _look_again(hub, made, sides, run, full=made.complete and read == "again")
            _bind(hub, plan_id)
            if made.kind == ERASE:
                erased.undispute(hub, plan_id, by)
            compensate(hub, plan_id, run, by)
            _write(hub, plan_id, sides, run)
            return _end(hub, made, flows, run, by)


def _ready(hub: Hub, plan_id: str, by: str) -> StoredPlan:
    with hub.store.begin() as tx:
        made = open_plan(tx, plan_id)
        if made.state == "draft":
            raise Denied("plan.not_approved", id=plan_id)
        if made.state not in ("approved", "applying"):
            raise Unsupported("plan.state", id=plan_id, state=made.state, wanted="approved")
        if made.project_version != hub.project.version:
            raise Unsupported("plan.version", id=plan_id, made=made.project_version, now=hub.project.version)
        unaltered(tx, made)
        if not plans.signed(hub.journal_key, made):
            raise Denied("plan.altered", id=plan_id)
        missing = [name for name in made.mappings if name not in hub.active_mappings()]
        if missing:
            raise Unsupported("plan.version", id=plan_id, made=made.project_version, now=", ".join(missing))
        again = made.state == "applying"
        made.state = "applying"
        plans.update(tx, plan_id, state=made.state)
        action = "plan.resumed" if again else "plan.applying"
        journal.record(tx, hub.journal_key, by, action, plan_id, said(made))
    return made


@contextmanager
def _alone(hub: Hub, flows: Sequence[str], plan_id: str) -> Iterator[None]:
    """Nobody else delivers these flows meanwhile; a process that dies leaves them stopped for a while only."""
    with hub.store.begin() as tx:
        stop_flows(tx, flows, plan_id)
    try:
        yield
    finally:
        with hub.store.begin() as tx:
            for flow in flows:
                runs.resume_scope(tx, f"plan:{flow}")


def _look_again(hub: Hub, made: StoredPlan, sides: Sequence[Side], run: Run, *, full: bool) -> None:
    """Everything as it is now, for real: what people did since the plan was made is folded in before anything else."""
    for side in sides:
        if worker.capture_side(hub, side, run, full=full) is None:
            raise Transient("plan.not_read", id=made.id, mapping=side.name)
    if made.kind not in TARGETED:
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
        tally, proof = plans.tally(tx, made.id), None
        waiting = tally.get("planned", 0) + tally.get("writing", 0)
        if not waiting:
            whole = not (tally.get("changed") or tally.get("refused"))
            made.state, made.ended_at = "applied" if whole else "partly_applied", tx.now()
            plans.update(tx, made.id, state=made.state, ended_at=made.ended_at)
            if made.kind not in TARGETED:
                _approved_flows(tx, made, flows, by)
            if made.kind == ERASE:
                erased.withdraw_others(hub, tx, made, by)
                proof = erased.finish(hub, tx, made, by)
        journal.record(tx, hub.journal_key, by, f"plan.{made.state}", made.id, tally)
    if not waiting and made.kind not in TARGETED:
        canary.approve(hub, [hub.side(name) for name in made.mappings], made.approver or by)
    if proof is not None:
        hub.store.compact()
    run.state = "paused" if waiting else run.state
    return Applied(made, tally, Counts(run.counts), waiting, proof)


def _tell_left_over(tx: Tx, plan_id: str) -> None:
    """What became of entries that were not written although nothing is under way: refused, settled, or changed."""
    for page in plans.pending(tx, plan_id):
        turned: list[tuple[str, Any, str]] = []
        quiet: list[PlanEntry] = []
        for entry, waits, due_at in page:
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


def follow(hub: Hub, mappings: Sequence[str], plan_id: str | None = None) -> Run:
    """What follows from a plan that was applied (codes that the ERP gave, status steps), its refused records aside.

    Without a plan: whatever is still due.
    """
    with hub.run("cycle", ",".join(mappings)[:200]) as run:
        names = [name for name in hub.active_mappings() if name in mappings]
        sides = worker.usable_sides(hub, names)
        if len(sides) < len(names):
            run.state, run.note = "paused", ", ".join(sorted({*names} - {side.name for side in sides}))[:500]
        bound = permitted(hub, Beyond(plan_id)) if plan_id is not None else hub
        worker.drain(bound, run, sides, guarded=False)
    return run
