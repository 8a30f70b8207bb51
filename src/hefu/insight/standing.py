"""How things stand: records, work due, what waits for people, what is stopped, how fresh each flow is."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from hefu.core.project import Flow, Project
from hefu.store import golden as goldens
from hefu.store import intents, issues, projects, runs, shards
from hefu.store.db import Tx, from_json, instant, text
from hefu.store.tables import canary, cursor, link, run


def standing(tx: Tx) -> dict[str, Any]:
    """All of it in figures."""
    return {
        "project_version": projects.newest(tx),
        "links": goldens.count_links(tx),
        "due": shards.due_mappings(tx),
        "issues": issues.count_issues(tx),
        "writes": intents.counts_by_state(tx),
        "paused": {k: v["code"] for k, v in runs.paused(tx).items()},
        "runs": [dict(r) for r in runs.list_runs(tx, 5)],
    }


def flow_states(tx: Tx, project: Project, names: Sequence[str] | None = None) -> list[dict[str, Any]]:
    """Each flow: what it keeps in step, how fresh it is, what is due, what stopped it, how its last run went."""
    flows = [flow for name, flow in sorted(project.flows.items()) if names is None or name in names]
    columns = (cursor.c.mapping, cursor.c.committed_at, cursor.c.full_at)
    read = {row[0]: (row[1], row[2]) for row in tx.run(select(*columns))}
    due, stopped = shards.due_mappings(tx), runs.paused(tx)
    trials = set(tx.run(select(canary.c.mapping).where(canary.c.state == "trial")).scalars())
    oldest = oldest_due(tx, [m for flow in flows for m in flow.mappings])
    counts = _records(tx)
    return [_flow(tx, project, flow, read, due, stopped, trials, oldest, counts) for flow in flows]


def _flow(
    tx: Tx,
    project: Project,
    flow: Flow,
    read: Mapping[str, tuple[str, str | None]],
    due: Mapping[str, int],
    stopped: Mapping[str, Mapping[str, Any]],
    trials: set[str],
    oldest: Mapping[str, str],
    counts: Mapping[str, int],
) -> dict[str, Any]:
    places = {f"flow:{flow.flow}", f"plan:{flow.flow}", *(f"mapping:{m}" for m in flow.mappings)}
    places |= {f"connection:{project.mappings[m].connection}" for m in flow.mappings if m in project.mappings}
    reads = [read[m] for m in flow.mappings if m in read]
    last = tx.run(
        select(run).where(run.c.kind == "cycle", run.c.scope == flow.flow).order_by(run.c.id.desc()).limit(1)
    ).mappings().first()  # fmt: skip
    waiting = [oldest[m] for m in flow.mappings if m in oldest]
    pauses = [{"scope": scope, **_pause(row)} for scope, row in stopped.items() if scope in places]
    at = min(waiting, default=None)
    state = "off" if not flow.enabled else "paused" if pauses else "behind" if waiting else "in_step"
    if state == "in_step" and len(reads) < len(flow.mappings):
        state = "new"
    return {
        "flow": flow.flow,
        "title": dict(flow.title),
        "enabled": flow.enabled,
        "state": state,
        "schedule": flow.schedule,
        "full_scan": flow.full_scan,
        "priority": flow.priority,
        "mappings": list(flow.mappings),
        "records": sum(counts.get(m, 0) for m in flow.mappings),
        "due": sum(due.get(m, 0) for m in flow.mappings),
        "lag_seconds": None if at is None else max(0.0, (instant(tx.now()) - instant(at)).total_seconds()),
        "read_at": min((at for at, _ in reads), default=None) if len(reads) == len(flow.mappings) else None,
        "full_at": min((at for _, at in reads if at), default=None),
        "on_trial": sorted(trials & set(flow.mappings)),
        "paused": pauses,
        "last_run": None if last is None else {**last, "counts": from_json(last["counts"])},
    }


def _pause(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: row[name] for name in ("since_at", "until_at", "code", "facts")}


def oldest_due(tx: Tx, mappings: Sequence[str]) -> dict[str, str]:
    """Mapping -> since when something is owed that could go."""
    where = (link.c.due_at.is_not(None), link.c.mapping.in_(list(mappings)), link.c.due_at <= tx.now())
    oldest = select(link.c.mapping, func.min(link.c.due_at)).where(*where).group_by(link.c.mapping)
    return dict(tx.run(oldest).tuples().all())


def _records(tx: Tx) -> dict[str, int]:
    return {name: sum(states.values()) for name, states in goldens.count_links(tx).items()}


def lines(tx: Tx, days: int) -> list[dict[str, Any]]:
    """Day by day: rounds, how many of them failed, records written, in the zone of nobody (UTC days)."""
    first = text(instant(tx.now()) - timedelta(days=days))
    columns = (run.c.started_at, run.c.state, run.c.counts)
    rows = tx.run(select(*columns).where(run.c.kind.in_(("cycle", "drain", "apply")), run.c.started_at >= first))
    per_day: dict[str, Counter[str]] = {}
    for at, state, counts in rows:
        day = per_day.setdefault(at[:10], Counter())
        day["rounds"] += 1
        day["failed"] += state == "failed"
        for name, number in from_json(counts).items():
            head, _, what = name.rpartition(".")
            if head.endswith("delivered"):
                day[f"written.{what}"] += number
    return [{"day": day, **dict(found)} for day, found in sorted(per_day.items())]


__all__ = ["flow_states", "lines", "oldest_due", "standing"]
