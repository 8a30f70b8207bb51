"""Plan and approve: a bulk effect is first a plan, which a named person signs; `applying` then does exactly that.

A plan is made in one transaction that is undone. Where somebody agrees to it while it is still held, what was read for
it stays and only the supposed writes are undone, so that nothing has to be read a second time.
"""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import IO, Any

from hefu.core.errors import Denied, Unsupported
from hefu.engine import drift
from hefu.engine.hub import Hub, Run, Side
from hefu.engine.rehearse import Plan, about, lasting, look_ahead, rehearse
from hefu.store import journal, plans, runs
from hefu.store.db import Tx, instant, text
from hefu.store.plans import PlanEntry, StoredPlan
from hefu.store.tables import cursor
from hefu.store.tables import link as link_table

IN_MEMORY = 4 << 20
"""Bytes of entries kept in memory until they are stored; more of them wait in a file."""

PAGE = 500

PAUSE_SECONDS = 900.0
"""A crashed apply lets its flows go on after this time."""


# --------------------------------------------------------------------------- plan


class Spool:
    """Entries on their way from a rehearsal, which is undone, into the store, which is written afterwards.

    Memory holds a page of them, however large the plan is.
    """

    def __init__(self, hub: Hub) -> None:
        self.file: IO[bytes] = tempfile.SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115 - closed in `close`
        self.count = 0
        self._hub = hub
        self._page: list[tuple[Any, ...]] = []

    def keep(self, entry: PlanEntry) -> None:
        """One more entry, in order."""
        entry.id, entry.seq = self._hub.env.new_id(), self.count
        self._page.append(plans.packed(entry))
        self.count += 1
        if len(self._page) >= PAGE:
            self._turn()

    def _turn(self) -> None:
        pickle.dump(self._page, self.file, pickle.HIGHEST_PROTOCOL)
        self._page = []

    def pages(self) -> Iterator[list[tuple[Any, ...]]]:
        """All of them, as the store has them."""
        self._turn()
        self.file.seek(0)
        left = self.count
        while left:
            rows = pickle.load(self.file)  # noqa: S301 - our own, of a moment ago
            left -= len(rows)
            yield rows

    def close(self) -> None:
        """Throw the file away."""
        self.file.close()


@contextmanager
def spooling(hub: Hub) -> Iterator[Spool]:
    """A spool for as long as it is needed."""
    spool = Spool(hub)
    try:
        yield spool
    finally:
        spool.close()


def make(
    hub: Hub,
    mappings: Sequence[str],
    author: str,
    *,
    kind: str | None = None,
    reason: str = "",
    full: bool = False,
    publishes: Mapping[str, Any] | None = None,
) -> tuple[Plan, StoredPlan | None]:
    """What capturing and delivering these mappings would do, and the draft of it that is kept; None: nothing to do.

    `kind`: one of plans' kinds (default: first_sync, mapping_change or sync, as the store says). `publishes`: the
    documents that become current when it is applied, under which `hub` works already; then there is always something
    to do. It is signed with the rest. Raises HubError when a system cannot be read.
    """
    with spooling(hub) as spool:
        seen = rehearse(hub, mappings, full=full, keep=spool.keep)
        if not seen.writes and publishes is None:
            return seen, None
        counts = _counts(seen) if publishes is None else {**_counts(seen), "publishes": dict(publishes)}
        made = _head(hub, kind or _kind(hub, mappings), author, reason, mappings, counts, full, seen.writes)
        _store(hub, made, spool)
        return seen, made


@dataclass
class Proposal:
    """A plan that somebody is asked about. `made`: its head; None: nothing would be written. `by`: who agreed.

    `run`: what was read, while that is held; `kept`: it stays, since it was agreed to meanwhile.
    """

    seen: Plan
    made: StoredPlan | None = None
    kept: bool = False
    by: str | None = None
    run: Run | None = None

    def agree(self, by: str) -> None:
        """Sign it, or, where nothing would be written, agree to remember what was read."""
        self.by = by


@contextmanager
def proposal(
    hub: Hub, mappings: Sequence[str], author: str, *, reason: str = "", full: bool = False, held: bool = True
) -> Iterator[Proposal]:
    """Make a plan and hold it while somebody looks at it; whoever agrees to it does so inside of the `with`.

    What was read and the signed plan are committed together at its end. Where nobody agrees, all of it is undone and
    the plan is kept as a draft, as `make` does. `held`: False where others must not wait for the store meanwhile.
    Raises as `make`, Unsupported "drift.*", and Denied where the rules forbid the signature.
    """
    if not held:
        seen, made = make(hub, mappings, author, reason=reason, full=full)
        offer = Proposal(seen, made)
        yield offer
        if made is not None and offer.by is not None:
            offer.made = approve(hub, made.id, offer.by)
        return
    for name in mappings:
        with about(name):
            drift.check(hub, name)
    with spooling(hub) as spool, spooling(hub) as draft:
        with hub.store.rehearsal() as stage:
            kind, first_new, plan_id = _kind(hub, mappings), hub.env.new_id(), hub.env.new_id()
            sides: dict[str, Side] = {}

            def keep(_tx: Tx, plan: Plan, side: Side, entries: Sequence[PlanEntry]) -> None:
                sides[side.name] = side
                for entry in entries:
                    plan.add(entry)
                    spool.keep(entry)

            with hub.run("apply", plan_id) as run:
                seen = look_ahead(hub, stage, mappings, run, keep, full=full)
            offer = Proposal(seen, run=run)
            if seen.writes:
                offer.made = _head(hub, kind, author, reason, mappings, _counts(seen), full, seen.writes, plan_id)
            yield offer
            if offer.by is not None:
                if offer.made is not None:
                    _store(hub, offer.made, spool)
                    with hub.store.begin() as tx:
                        _sign(hub, tx, offer.made, offer.by)
                        stop_flows(tx, flows_of(hub, offer.made), offer.made.id)
                stage.agreed = offer.kept = True
            elif offer.made is not None:
                for rows in spool.pages():
                    with hub.store.look() as tx:
                        for entry in lasting(tx, sides, [plans.unpacked(row) for row in rows], first_new):
                            draft.keep(entry)
        if offer.made is not None and not offer.kept:
            _store(hub, offer.made, draft)


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
    made = _head(hub, kind, author, reason, mappings, counts, complete, writes)
    _store(hub, made, spool)
    return made


def _head(
    hub: Hub,
    kind: str,
    author: str,
    reason: str,
    mappings: Sequence[str],
    counts: dict[str, Any],
    complete: bool,
    writes: int,
    plan_id: str | None = None,
) -> StoredPlan:
    if not author.strip():
        raise Unsupported("plan.nobody")
    with hub.store.look() as tx:
        now = tx.now()
    return StoredPlan(
        plan_id or hub.env.new_id(), kind, "draft", author, reason, list(mappings), complete, hub.project.version, now,
        text(instant(now) + _validity(hub, mappings)), counts, writes,
    )  # fmt: skip


def _store(hub: Hub, made: StoredPlan, spool: Spool) -> None:
    """All of a plan or nothing: there is never half of one."""
    with hub.store.begin() as tx:
        plans.forget_drafts(tx)
        plans.add(tx, made, spool.pages())
        journal.record(tx, hub.journal_key, made.author, "plan.made", made.id, said(made))


def _counts(seen: Plan) -> dict[str, Any]:
    return {"writes": seen.counts, "waits": seen.waiting} | ({"left_out": seen.left_out} if seen.left_out else {})


def said(made: StoredPlan) -> dict[str, Any]:
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
        made = open_plan(tx, plan_id)
        if made.state != "draft":
            raise Unsupported("plan.state", id=plan_id, state=made.state, wanted="draft")
        unaltered(tx, made)
        _sign(hub, tx, made, by)
    return made


def _sign(hub: Hub, tx: Tx, made: StoredPlan, by: str) -> None:
    if not by.strip():
        raise Unsupported("plan.nobody")
    if needs_second(hub, made) and by.strip().casefold() == made.author.strip().casefold():
        raise Denied("plan.four_eyes", id=made.id, author=made.author, writes=made.writes)
    made.state, made.approver, made.approved_at = "approved", by, tx.now()
    made.signature = plans.sign(hub.journal_key, made, by, made.approved_at)
    plans.update(tx, made.id, state=made.state, approver=by, approved_at=made.approved_at, signature=made.signature)
    journal.record(tx, hub.journal_key, by, "plan.approved", made.id, said(made))


def needs_second(hub: Hub, made: StoredPlan) -> bool:
    """Whether somebody other than the author must approve, as the strictest of the plan's flows says."""
    limits = [a.four_eyes for a in _approvals(hub, made.mappings) if a.four_eyes is not None]
    return bool(limits) and made.writes > min(limits)


def reject(hub: Hub, plan_id: str, by: str, reason: str) -> None:
    """Close a plan that was not applied yet, with the reason. Raises Unsupported for any other."""
    with hub.store.begin() as tx:
        made = open_plan(tx, plan_id)
        if made.state not in ("draft", "approved"):
            raise Unsupported("plan.state", id=plan_id, state=made.state, wanted="draft, approved")
        plans.update(tx, plan_id, state="rejected", ended_at=tx.now(), note=reason)
        journal.record(tx, hub.journal_key, by, "plan.rejected", plan_id, {"reason": reason})


def known(tx: Tx, plan_id: str, *, lock: bool = False) -> StoredPlan:
    """A kept plan. Raises Unsupported "plan.unknown"."""
    made = plans.get(tx, plan_id, lock=lock)
    if made is None:
        raise Unsupported("plan.unknown", id=plan_id)
    return made


def open_plan(tx: Tx, plan_id: str) -> StoredPlan:
    """A plan that may still be carried out, held by this transaction."""
    made = known(tx, plan_id, lock=True)
    if made.state == "expired":
        raise Unsupported("plan.expired", id=plan_id, at=made.expires_at)
    return made


def unaltered(tx: Tx, made: StoredPlan) -> None:
    if plans.digest(tx, made) != made.digest:
        raise Denied("plan.altered", id=made.id)


def flows_of(hub: Hub, made: StoredPlan) -> list[str]:
    """The flows that keep its mappings in step."""
    return [f.flow for f in hub.project.flows.values() if set(f.mappings) & set(made.mappings)]


def stop_flows(tx: Tx, flows: Sequence[str], plan_id: str) -> None:
    """Nobody else delivers these flows for now."""
    for flow in flows:
        runs.pause_scope(tx, f"plan:{flow}", "plan.applying", {"id": plan_id}, tx.later(PAUSE_SECONDS))
