"""What can be asked for as a job: each kind is what a verb of the command line does, with a result as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hefu.app import drafts, vault
from hefu.app.choosing import chosen, moment, one_record
from hefu.app.jobs import Desk, Work
from hefu.app.privacy import make_erasure, retain_now
from hefu.app.proof import prove
from hefu.app.rehearsal import take_due, working
from hefu.core.errors import Unsupported
from hefu.engine import applying, cutover, migrate, plans, takeback, undo, worker
from hefu.engine.migrate_back import rollback
from hefu.engine.migrate_check import check
from hefu.engine.migrate_verify import verify
from hefu.store import batches
from hefu.store.db import text
from hefu.store.sealed_file import Key


def run_flow(desk: Desk) -> dict[str, Any]:
    """One round of a flow, within its limits."""
    flow = desk.hub.project.flows.get(desk.given["flow"])
    if flow is None:
        raise Unsupported(
            "cli.no_flow", name=desk.given["flow"], known=", ".join(sorted(desk.hub.project.flows)) or "-"
        )
    run = worker.cycle(desk.hub, flow, full=desk.given["full"])
    return {"run": run.id, "state": run.state, "note": run.note, "counts": dict(run.counts)}


def make_plan(desk: Desk) -> dict[str, Any]:
    """What would be written, kept as a plan."""
    names = chosen(desk.hub, desk.given["flows"] or None)
    seen, made = plans.make(desk.hub, names, desk.who, reason=desk.given["reason"], full=desk.given["full"])
    return {
        "plan": None if made is None else made.id,
        "writes": seen.writes,
        "counts": seen.counts,
        "waits": dict(seen.waiting),
        "left_out": seen.left_out,
    }


def plan_draft(desk: Desk) -> dict[str, Any]:
    """What the draft of a mapping would do to the records there are, kept as a plan that publishes it."""
    seen, made = drafts.plan(desk.app, desk.given["mapping"], desk.who, desk.given["reason"])
    return {"plan": made.id, "writes": seen.writes, "counts": seen.counts, "waits": dict(seen.waiting)}


def apply_plan(desk: Desk) -> dict[str, Any]:
    """Exactly what a signed plan says, the documents that it publishes first, then what follows from it."""
    hub = drafts.publish(desk.app, desk.given["plan"], desk.who)
    hub.told = desk.hub.told
    done = applying.apply(hub, desk.given["plan"], desk.who)
    after = applying.follow(hub, done.plan.mappings, done.plan.id)
    return {
        "plan": done.plan.id, "state": done.plan.state, "tally": done.tally, "waiting": done.waiting,
        "counts": dict(done.counts + after.counts),
    }  # fmt: skip


def plan_undo(desk: Desk) -> dict[str, Any]:
    """A plan that takes a run, a record's writes or a time window back."""
    asked = desk.given
    golden_id = one_record(desk.app, asked["record"]) if asked["record"] else None
    since, until = (None if asked[x] is None else text(moment(desk.app, asked[x])) for x in ("since", "until"))
    scope = undo.Scope(asked["run"], golden_id, since, until, asked["entity"], asked["connection"], asked["field"])
    made = takeback.plan_undo(desk.hub, scope, desk.who, asked["reason"])
    head = made.plan
    return {"plan": None if head is None else head.id, "writes": made.writes, "counts": made.counts, "left": made.left}


def run_proof(desk: Desk) -> dict[str, Any]:
    """Both systems read again and compared; the outcome is kept, and repairs as a plan if wanted."""
    return prove(desk.app, desk.hub, desk.given, desk.who)


def _batch(desk: Desk, batch_id: str, **more: Any) -> dict[str, Any]:
    with desk.app.store.look() as tx:
        found = batches.get(tx, batch_id)
        return {
            "batch": batch_id,
            "state": found.state if found else None,
            "rows": batches.counts(tx, batch_id),
            **more,
        }


def stage(desk: Desk) -> dict[str, Any]:
    """All records of one mapping into a new batch for another."""
    made = migrate.stage(desk.hub, desk.given["source"], desk.given["target"], desk.who)
    return _batch(desk, made.id)


def check_batch(desk: Desk) -> dict[str, Any]:
    """Every record under the mappings and the target's rules."""
    check(desk.hub, desk.given["batch"], desk.who)
    return _batch(desk, desk.given["batch"])


def load_batch(desk: Desk) -> dict[str, Any]:
    """What was checked, slice by slice."""
    size, slices = desk.given["size"] or migrate.SLICE, desk.given["slices"]
    done = migrate.load(desk.hub, desk.given["batch"], desk.who, size=size, slices=slices)
    return _batch(desk, desk.given["batch"], waiting=done.waiting, stopped=done.stopped)


def verify_batch(desk: Desk) -> dict[str, Any]:
    """Both systems read again, what was loaded compared field by field."""
    found = verify(desk.hub, desk.given["batch"], desk.who)
    return _batch(desk, desk.given["batch"], unexplained=found.unexplained, classes=dict(found.classes))


def undo_batch(desk: Desk) -> dict[str, Any]:
    """What a batch wrote is taken back, save what somebody changed since."""
    done = rollback(desk.hub, desk.given["batch"], desk.who)
    return _batch(desk, desk.given["batch"], plan=done.plan_id, waiting=done.waiting)


def take_step(desk: Desk) -> dict[str, Any]:
    """One step of a cutover: the hub does and checks its part, a person signs the rest."""
    asked = desk.given
    with working(desk.app, asked["mode"], asked["step"], lock=False) as (book, work):
        row = cutover.take(book, work, asked["mode"], asked["step"], desk.who, asked["verdict"], asked["note"])
    return {"step": row.name, "way": row.way, "state": row.state}


def rehearse(desk: Desk) -> dict[str, Any]:
    """All steps of the rehearsal that are due, until one fails or a person must sign."""
    with working(desk.app, "rehearsal", lock=False) as (book, work):
        taken = take_due(book, work, "rehearsal", desk.who, sign=desk.given["sign"], around=desk.doing)
        return {"steps": [{"step": row.name, "way": row.way, "state": row.state} for row in taken]}


def make_backup(desk: Desk) -> dict[str, Any]:
    """An encrypted backup under the master key, verified at once."""
    key = Key(master=desk.app.master_keys())
    path, _ = vault.create(desk.app, None, key, desk.who, desk.at)
    made = vault.verify(desk.app, path, key, desk.who, desk.at)
    return {"file": path.name, "made_at": made.made_at, "rows": made.rows}


def verify_backup(desk: Desk) -> dict[str, Any]:
    """A backup read as a whole, every byte and row checked."""
    path = vault.named(desk.app.machine, desk.given["name"])
    found = vault.verify(desk.app, path, Key(master=desk.app.master_keys()), desk.who, desk.at)
    return {"file": path.name, "made_at": found.made_at, "rows": found.rows}


KINDS: Mapping[str, Work] = {
    "flow.run": run_flow, "plan.make": make_plan, "plan.draft": plan_draft, "plan.apply": apply_plan,
    "plan.undo": plan_undo, "reconciliation.run": run_proof, "migration.stage": stage, "migration.check": check_batch,
    "migration.load": load_batch, "migration.verify": verify_batch, "migration.undo": undo_batch,
    "cutover.step": take_step, "cutover.rehearse": rehearse, "backup.make": make_backup, "backup.verify": verify_backup,
    "privacy.erase": make_erasure, "privacy.retain": retain_now,
}  # fmt: skip

WRITING = frozenset({"flow.run", "plan.apply", "migration.load", "migration.undo", "cutover.step"})
"""Kinds that write to systems."""

__all__ = ["KINDS", "WRITING"]
