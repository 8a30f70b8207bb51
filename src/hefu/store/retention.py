"""How long histories are kept: what is older loses its values, or goes as a whole, as the project's privacy.yaml says.

Nothing that the hub still needs is touched: what is open, unknown, under way or stands in an unended plan stays however
old it is. The audit log is not part of it: it is kept, holds no values, and tells what was taken out here.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import and_, or_, select

from hefu.core.project import Keep
from hefu.store import journal
from hefu.store.db import Store, Tx, from_json, instant, text, to_json
from hefu.store.tables import batch, batch_row, intent, issue, job, link, plan, plan_entry, proof, run

PAGE = 2000
"""Rows of one transaction."""

_ENDED_PLANS = ("applied", "partly_applied", "expired", "rejected")
_ENDED_BATCHES = ("verified", "rolled_back")


def retain(store: Store, key: bytes, keep: Keep, who: str) -> Counter[str]:
    """Carry the rules out, page by page; history -> rows that lost their values or went. One row of the audit log."""
    with store.look() as tx:
        until = {
            name: text(instant(tx.now()) - timedelta(days=days))
            for name, days in keep.model_dump().items()
            if days is not None
        }
    counts: Counter[str] = Counter()
    for name, before in until.items():
        while done := _page(store, _WORK[name], before):
            counts[name] += done
    if counts:
        with store.begin() as tx:
            detail = {"counts": dict(counts), "deliveries": until.get("deliveries")}
            journal.record(tx, key, who, journal.RETAINED, "privacy.yaml", detail)
    return counts


def _page(store: Store, work: Callable[[Tx, str], int], before: str) -> int:
    with store.begin() as tx:
        return work(tx, before)


def _deliveries(tx: Tx, before: str) -> int:
    """Values of writes that are settled. What a create sent of which nothing was found may show itself yet."""
    wanted = select(link.c.id).where(link.c.id == intent.c.link_id, link.c.state.in_(("wanted", "creating"))).exists()
    spent = (
        intent.c.settled_at < before,
        intent.c.state.in_(("applied", "refused", "stale", "failed")),
        or_(
            intent.c.fields != "{}", and_(intent.c.error.is_not(None), intent.c.error.not_like('{"code":%"facts":{}}'))
        ),
        ~and_(intent.c.state == "failed", wanted),
    )
    rows = tx.run(select(intent.c.id, intent.c.error).where(*spent).limit(PAGE)).all()
    news = []
    for one, error in rows:
        told = from_json(error)
        news.append(("{}", None if told is None else to_json({"code": told.get("code"), "facts": {}}), one))
    tx.update(intent, ("fields", "error"), news)
    return len(rows)


def _images(tx: Tx, before: str) -> int:
    """What systems held before our writes, the pictures in plans, and the records of migrations that have ended."""
    spent = (intent.c.settled_at < before, intent.c.before.is_not(None))
    ids = list(tx.run(select(intent.c.id).where(*spent).limit(PAGE)).scalars())
    tx.update(intent, ("before",), [(None, one) for one in ids])
    over = select(plan.c.id).where(plan.c.ended_at < before, plan.c.state.in_(_ENDED_PLANS))
    seen = select(plan_entry.c.id).where(plan_entry.c.seen.is_not(None), plan_entry.c.plan_id.in_(over)).limit(PAGE)
    entries = list(tx.run(seen).scalars())
    tx.update(plan_entry, ("seen",), [(None, one) for one in entries])
    done = select(batch.c.id).where(
        or_(batch.c.ended_at < before, batch.c.verified_at < before), batch.c.state.in_(_ENDED_BATCHES)
    )
    staged = select(batch_row.c.id).where(batch_row.c.record != "{}", batch_row.c.batch_id.in_(done)).limit(PAGE)
    rows = list(tx.run(staged).scalars())
    tx.update(batch_row, ("record", "title", "reasons"), [("{}", "", None, one) for one in rows])
    return len(ids) + len(entries) + len(rows)


def _runs(tx: Tx, before: str) -> int:
    """Runs with their counts; those that a proof of agreement stands on stay."""
    proven = select(proof.c.id).where(proof.c.id == run.c.id).exists()
    spent = select(run.c.id).where(run.c.ended_at < before, run.c.state != "running", ~proven).limit(PAGE)
    return _gone(tx, run, spent)


def _plans(tx: Tx, before: str) -> int:
    """Records of plans that have ended; what a plan was, who agreed and when, stays."""
    over = select(plan.c.id).where(plan.c.ended_at < before, plan.c.state.in_(_ENDED_PLANS))
    return _gone(tx, plan_entry, select(plan_entry.c.id).where(plan_entry.c.plan_id.in_(over)).limit(PAGE))


def _cases(tx: Tx, before: str) -> int:
    """Conflicts, dead letters and other cases that are closed."""
    spent = (issue.c.state == "closed", issue.c.closed_at < before)
    return _gone(tx, issue, select(issue.c.id).where(*spent).limit(PAGE))


def _jobs(tx: Tx, before: str) -> int:
    """Background jobs with their results."""
    spent = (job.c.state.in_(("done", "failed")), job.c.ended_at < before)
    return _gone(tx, job, select(job.c.id).where(*spent).limit(PAGE))


def _gone(tx: Tx, table: Any, which: Any) -> int:
    ids = list(tx.run(which).scalars())
    if ids:
        tx.run(table.delete().where(table.c.id.in_(ids)))
    return len(ids)


_WORK: Mapping[str, Callable[[Tx, str], int]] = {
    "deliveries": _deliveries, "images": _images, "runs": _runs, "plans": _plans, "cases": _cases, "jobs": _jobs,
}  # fmt: skip

__all__ = ["retain"]
