"""Figures for a monitoring system, read from the store: how much is due, how old, what waits, what is stopped.

Names of flows, connections and kinds are the only labels: their number is small, and none is about a person.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select

from hefu.core.project import Project
from hefu.insight.standing import oldest_due
from hefu.store import intents, issues, journal, plans, runs, shards
from hefu.store.db import Tx, instant
from hefu.store.tables import cursor, dispatch, issue, notice, proof, run, worker

KINDS = tuple(
    sorted(
        ("conflict", "overruled", "rejected", "unknown_outcome", "deleted", "delete_edit", "duplicate", "drift",
         "flood", "paused", "unreadable", "loss", "unresolved")
    )
)  # fmt: skip
OUTCOMES = ("applied", "refused", "failed", "stale")
LATEST = 2000
"""Latest runs that are looked through for those of the last hour."""

HOUR = 3600.0


class Gauge(NamedTuple):
    """One figure. `labels` and the keys of `values` belong together, in order; `total`: it only grows."""

    name: str
    about: str
    labels: tuple[str, ...]
    values: Mapping[Any, float]
    total: bool = False


def gauges(tx: Tx, project: Project) -> Iterator[Gauge]:
    """All of them, as they are now."""
    now = instant(tx.now())
    yield Gauge("hefu_project_version", "Version of the documents in effect", (), {(): project.version})
    yield from _flows(tx, project, now)
    yield from _waiting(tx)
    yield from _work(tx, now)
    yield from _proof(tx)


def _age(at: str | None, now: datetime) -> float:
    return 0.0 if at is None else max(0.0, (now - instant(at)).total_seconds())


def _flows(tx: Tx, project: Project, now: datetime) -> Iterator[Gauge]:
    flows = [flow for flow in project.flows.values() if flow.enabled]
    oldest = oldest_due(tx, [m for flow in flows for m in flow.mappings])
    due = shards.due_mappings(tx)
    stopped = runs.paused(tx)
    read = dict(tx.run(select(cursor.c.mapping, cursor.c.committed_at)).tuples().all())
    late, rows, halted, fresh = {}, {}, {}, {}
    for flow in flows:
        key = (flow.flow,)
        late[key] = _age(min((oldest[m] for m in flow.mappings if m in oldest), default=None), now)
        rows[key] = float(sum(due.get(m, 0) for m in flow.mappings))
        halted[key] = float(any(s in stopped for s in (f"flow:{flow.flow}", *(f"mapping:{m}" for m in flow.mappings))))
        if all(m in read for m in flow.mappings) and flow.mappings:
            fresh[key] = instant(min(read[m] for m in flow.mappings)).timestamp()
    yield Gauge("hefu_due_records", "Records that a system is to be told of now", ("flow",), rows)
    yield Gauge("hefu_oldest_due_seconds", "Age of the oldest record that is due", ("flow",), late)
    yield Gauge("hefu_flow_paused", "1: the flow or one of its mappings is stopped", ("flow",), halted)
    yield Gauge("hefu_flow_read_timestamp_seconds", "When all systems of the flow were last read", ("flow",), fresh)
    up = {(name,): float(f"connection:{name}" not in stopped) for name in project.connections}
    yield Gauge("hefu_connection_up", "0: the connection is stopped or out of reach", ("connection",), up)


def _waiting(tx: Tx) -> Iterator[Gauge]:
    counts = issues.count_issues(tx)
    open_ = {(kind,): float(counts.get(kind, 0)) for kind in KINDS}
    yield Gauge("hefu_issues_open", "What waits for a person; rejected are the dead letters", ("kind",), open_)
    oldest = select(issue.c.kind, func.min(issue.c.opened_at)).where(issue.c.state == "open").group_by(issue.c.kind)
    since = {(kind,): instant(at).timestamp() for kind, at in tx.run(oldest)}
    yield Gauge("hefu_issues_oldest_timestamp_seconds", "When the oldest of them was opened", ("kind",), since)
    drafts = sum(1 for one in plans.listed(tx, 200) if one.state == "draft")
    yield Gauge("hefu_plans_waiting", "Plans that nobody has signed or rejected", (), {(): float(drafts)})
    states = dict(tx.run(select(dispatch.c.state, func.count()).group_by(dispatch.c.state)).tuples().all())
    said = {(state,): float(states.get(state, 0)) for state in ("waiting", "sending", "sent", "failed")}
    yield Gauge("hefu_notice_messages", "Messages to people of the last 30 days", ("state",), said)
    told = tx.run(select(func.count()).select_from(notice).where(notice.c.state == "told")).scalar() or 0
    yield Gauge("hefu_notices_told", "Causes that were told and are not over", (), {(): float(told)})


def _work(tx: Tx, now: datetime) -> Iterator[Gauge]:
    counts = intents.counts_by_state(tx)
    written = {(state,): float(counts.get(state, 0)) for state in OUTCOMES}
    yield Gauge("hefu_writes_total", "Writes to systems by what came of them", ("outcome",), written, total=True)
    unsure = {(): float(counts.get("unknown", 0))}
    yield Gauge("hefu_writes_unknown", "Writes whose outcome is being found out", (), unsure)
    latest = select(run.c.kind, run.c.state, run.c.started_at).order_by(run.c.id.desc()).limit(LATEST)
    found: dict[tuple[str, ...], float] = {}
    for kind, state, at in tx.run(latest):
        if _age(at, now) > HOUR:
            break
        found[kind, state] = found.get((kind, state), 0) + 1
    yield Gauge("hefu_runs_last_hour", f"Runs begun in the last hour, at most {LATEST}", ("kind", "state"), found)
    beats = [at for (at,) in tx.run(select(worker.c.heartbeat_at))]
    yield Gauge("hefu_workers", "Processes that keep flows in step", (), {(): float(len(beats))})
    silent = max(((now - at).total_seconds() for at in beats), default=0.0)
    about = "Since when the most silent of them has not been heard"
    yield Gauge("hefu_worker_heartbeat_age_seconds", about, (), {(): max(0.0, silent)})


def _proof(tx: Tx) -> Iterator[Gauge]:
    last = tx.run(select(proof.c.ended_at, proof.c.unexplained).order_by(proof.c.id.desc()).limit(1)).first()
    if last is not None:
        about = "Differences of the last reconciliation that nothing explains"
        yield Gauge("hefu_reconciliation_differences", about, (), {(): float(last[1])})
        ended = {(): instant(last[0]).timestamp()}
        yield Gauge("hefu_reconciliation_timestamp_seconds", "When the last reconciliation ended", (), ended)
    row = journal.newest(tx, journal.BACKUP_VERIFIED)
    if row is not None:
        made = str((row["detail"] or {}).get("made_at") or row["at"])
        at = datetime.fromisoformat(made.replace("Z", "+00:00")).timestamp()
        yield Gauge("hefu_backup_timestamp_seconds", "When the newest verified backup was made", (), {(): at})


__all__ = ["Gauge", "gauges"]
