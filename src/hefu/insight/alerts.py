"""What alert rules find in the store: causes, each with how many, where, since when, and where the console shows it.

A cause holds codes, names of the project and numbers, never a value of a record: notices leave the house, and whoever
reads one may have no right to see the record. The link leads to where rights are asked.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

from sqlalchemy import func, select

from hefu.core.alerts import OF_ISSUES, Alert
from hefu.core.project import Project
from hefu.insight.standing import oldest_due
from hefu.store import journal, plans
from hefu.store.db import Tx, instant, text
from hefu.store.tables import issue, pause, proof, run

BY_A_PERSON = "pause.person"
PASSING = timedelta(minutes=2)
"""What ends by itself is told only if it comes back for so long, unless the rule says otherwise."""

LOOKED_BACK = 2000
"""Latest runs that are looked through for failed ones."""


@dataclass(frozen=True)
class Cause:
    """Something that happened to something. `key`: equal means the same thing; `link`: path in the console.

    `wait`: how long it must have been seen before it is told, where the store does not say since when it is so.
    """

    key: str
    since: str
    link: str
    count: int = 1
    facts: Mapping[str, Any] = field(default_factory=dict)
    wait: timedelta = timedelta(0)


def find(tx: Tx, project: Project) -> dict[tuple[str, str], Cause]:
    """(rule, key of the cause) -> the cause, of all that is so now and has lasted long enough."""
    if project.alerts is None:
        return {}
    return {
        (name, cause.key): cause
        for name, rule in project.alerts.alerts.items()
        for cause in _LOOKS[rule.on](tx, project, rule)
        if cause.count >= rule.at_least
    }


def _before(tx: Tx, span: timedelta) -> str:
    return text(instant(tx.now()) - span)


def _issues(tx: Tx, project: Project, rule: Alert) -> Iterator[Cause]:
    columns = (issue.c.cause, issue.c.connection)
    where = [issue.c.state == "open", issue.c.kind == rule.on]
    if rule.connections:
        where.append(issue.c.connection.in_(rule.connections))
    if rule.flows:
        where.append(issue.c.entity.in_(_entities(project, rule.flows)))
    counted = select(
        *columns, func.count(), func.min(issue.c.opened_at), func.min(issue.c.id), func.min(issue.c.golden_id)
    )
    for cause, connection, count, since, first, golden_id in tx.run(counted.where(*where).group_by(*columns)):
        if since > _before(tx, rule.patience):
            continue
        facts = {"code": cause, "connection": connection}
        link = _place(rule.on, cause, first, golden_id if count == 1 else None)
        yield Cause(f"{rule.on}:{cause}:{connection or '-'}", since, link, count, facts)


def _place(kind: str, cause: str, issue_id: str, golden_id: str | None) -> str:
    if kind == "conflict":
        return f"/conflicts?{urlencode({'issue': issue_id})}"
    if golden_id is not None:
        return f"/trace/{golden_id}"
    return f"/issues?{urlencode({'kind': kind, 'cause': cause})}"


def _entities(project: Project, flows: list[str]) -> list[str]:
    names = [m for flow in flows if flow in project.flows for m in project.flows[flow].mappings]
    return sorted({project.mappings[m].entity for m in names if m in project.mappings})


def _flood(tx: Tx, _project: Project, rule: Alert) -> Iterator[Cause]:
    where = (issue.c.state == "open", issue.c.kind == "flood", issue.c.opened_at <= _before(tx, rule.patience))
    for scope, cause, since in tx.run(select(issue.c.field, issue.c.cause, issue.c.opened_at).where(*where)):
        flow = scope.partition(":")[2]
        if not rule.flows or flow in rule.flows:
            yield Cause(f"flood:{scope}", since, "/issues?kind=flood", facts={"code": cause, "flow": flow})


def _paused(tx: Tx, project: Project, rule: Alert) -> Iterator[Cause]:
    """Also what would have ended by now and nobody looked at since: it is not known to be well."""
    for scope, code, since, until in tx.run(select(pause.c.scope, pause.c.code, pause.c.since_at, pause.c.until_at)):
        kind, _, name = scope.partition(":")
        down = kind == "connection" and code != BY_A_PERSON
        if kind == "plan" or (rule.on == "connection" and not down) or not _meant(project, rule, kind, name):
            continue
        wait = rule.patience if rule.after is not None or until is None else max(rule.patience, PASSING)
        facts = {"code": code, "scope": scope, kind: name}
        yield Cause(f"paused:{scope}", since, _scope_link(kind, name), facts=facts, wait=wait)


def _meant(project: Project, rule: Alert, kind: str, name: str) -> bool:
    if not rule.connections and not rule.flows:
        return True
    if kind == "connection":
        return name in rule.connections
    if kind == "flow":
        return name in rule.flows
    flows = (project.flows[flow] for flow in rule.flows if flow in project.flows)
    doc = project.mappings.get(name)
    return any(name in flow.mappings for flow in flows) or (doc is not None and doc.connection in rule.connections)


def _scope_link(kind: str, name: str) -> str:
    return f"/connections?{urlencode({'connection': name})}" if kind == "connection" else "/syncs"


def _late(tx: Tx, project: Project, rule: Alert) -> Iterator[Cause]:
    flows = [flow for name, flow in project.flows.items() if flow.enabled and (not rule.flows or name in rule.flows)]
    oldest = oldest_due(tx, [m for flow in flows for m in flow.mappings])
    for flow in flows:
        since = min((oldest[m] for m in flow.mappings if m in oldest), default=None)
        if since is not None and since <= _before(tx, rule.patience):
            yield Cause(f"late:{flow.flow}", since, "/syncs", facts={"flow": flow.flow})


def _failed(tx: Tx, _project: Project, rule: Alert) -> Iterator[Cause]:
    latest = select(run.c.kind, run.c.scope, run.c.note, run.c.state, run.c.started_at).order_by(run.c.id.desc())
    found: dict[tuple[str, str], list[tuple[str, str]]] = {}
    begin = _before(tx, rule.within)
    for kind, scope, note, state, started_at in tx.run(latest.limit(LOOKED_BACK)):
        if started_at < begin:
            break
        if state == "failed" and (not rule.flows or scope in rule.flows):
            found.setdefault((kind, scope), []).append((started_at, note or ""))
    for (kind, scope), rows in found.items():
        facts = {"code": rows[0][1], "run": kind, "scope": scope}
        link = f"/runs?{urlencode({'state': 'failed', 'scope': scope})}"
        yield Cause(f"failed:{kind}:{scope}", rows[-1][0], link, len(rows), facts)


def _plans(tx: Tx, _project: Project, rule: Alert) -> Iterator[Cause]:
    before = _before(tx, rule.patience)
    for made in plans.listed(tx, 200):
        if made.state == "draft" and made.created_at <= before:
            facts = {"plan": made.id, "author": made.author, "writes": made.writes}
            yield Cause(f"plan:{made.id}", made.created_at, f"/plans/{made.id}", facts=facts)


def _difference(tx: Tx, _project: Project, rule: Alert) -> Iterator[Cause]:
    columns = (proof.c.id, proof.c.ended_at, proof.c.unexplained)
    row = tx.run(select(*columns).order_by(proof.c.id.desc()).limit(1)).first()
    if row is not None and row[2] and row[1] <= _before(tx, rule.patience):
        yield Cause("difference", row[1], f"/reconciliation?{urlencode({'id': row[0]})}", row[2])


def _backup(tx: Tx, _project: Project, rule: Alert) -> Iterator[Cause]:
    row = journal.newest(tx, journal.BACKUP_VERIFIED)
    made = None if row is None else str((row["detail"] or {}).get("made_at") or row["at"])
    if made is None or made <= _before(tx, rule.patience):
        yield Cause("backup", made or tx.now(), "/", facts={"made_at": made})


_LOOKS: dict[str, Callable[[Tx, Project, Alert], Iterator[Cause]]] = {
    **dict.fromkeys(OF_ISSUES, _issues),
    "flood": _flood,
    "paused": _paused,
    "connection": _paused,
    "late": _late,
    "failed": _failed,
    "plan": _plans,
    "difference": _difference,
    "backup": _backup,
}

__all__ = ["Cause", "find"]
