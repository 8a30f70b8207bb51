"""What is still missing before the hub may be switched on: each line is computed from what is there, none is ticked.

The lines stand in the order in which they are worked off. What is wrong is a code with facts, as an error has them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Literal

from hefu.app.accounts import Accounts
from hefu.app.mappers import tested
from hefu.app.systems import last_test
from hefu.core.env import instant as moment
from hefu.core.errors import HubError
from hefu.core.project import Project
from hefu.core.reconcile import EXPLAINED
from hefu.core.rights import granted
from hefu.engine.hub import Hub
from hefu.store import cutovers, journal, proofs
from hefu.store import plans as kept
from hefu.store.db import Tx, instant
from hefu.store.listing import page
from hefu.store.tables import proof

Name = Literal["connections", "rights", "mappings", "rehearsal", "plan", "backup", "alerts", "reconciliation"]

DUTIES = ("issue.decide", "plan.approve", "flow.pause", "audit.see")
"""What somebody must be able to do on the first day."""

BACKUP_AGE = timedelta(days=1)
_PLANS = ("sync", "first_sync", "mapping_change", "migration")
_SIGNED = ("approved", "applying", "applied", "partly_applied")
_REHEARSED = ("go", "done", "switching_back", "switched_back")


@dataclass(frozen=True)
class Line:
    """One line: whether it is done, what was found, and what is missing (names of connections, mappings, rights)."""

    name: Name
    done: bool
    code: str
    facts: Mapping[str, Any] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    at: str | None = None
    about: str | None = None
    """Id of the plan or reconciliation that it speaks of."""


def checklist(hub: Hub, accounts: Accounts) -> list[Line]:
    """Every line as it is now."""
    mappings = _mappings(hub)  # may ask the systems for their objects, so outside of any transaction
    rights = _rights(hub.project, accounts)
    with hub.store.look() as tx:
        return [
            _connections(tx, hub.project),
            rights,
            mappings,
            _rehearsal(tx),
            _plan(tx),
            _backup(tx),
            _alerts(hub.project),
            _reconciliation(tx),
        ]


def _connections(tx: Tx, project: Project) -> Line:
    found = {name: last_test(tx, doc) for name, doc in project.connections.items()}
    well = [name for name, one in found.items() if one is not None and one["ok"]]
    missing = tuple(sorted(project.connections.keys() - well))
    oldest = min((one["at"] for one in found.values() if one is not None), default=None)
    facts = {"done": len(well), "count": len(found)}
    return Line("connections", bool(found) and not missing, "golive.connections", facts, missing, oldest)


def _rights(project: Project, accounts: Accounts) -> Line:
    holders: dict[str, set[str]] = {right: set() for right in DUTIES}
    people = [one for one in accounts.every() if one["state"] == "on"]
    for one in people:
        for hold in one["roles"]:
            role = granted(hold["role"], project.roles) if hold["state"] == "held" else None
            for right in DUTIES:
                if role is not None and right in role.rights:
                    holders[right].add(one["id"])
    two = any(flow.approval.four_eyes is not None for flow in project.flows.values())
    missing = tuple(right for right, who in holders.items() if len(who) < (2 if two and right == "plan.approve" else 1))
    code = "golive.rights" if missing else "golive.rights_done"
    return Line("rights", not missing, code, {"people": len(people)}, missing)


def _mappings(hub: Hub) -> Line:
    missing = tuple(name for name in sorted(hub.project.mappings) if not _as_shown(hub, name))
    count = len(hub.project.mappings)
    facts = {"done": count - len(missing), "count": count}
    return Line("mappings", bool(count) and not missing, "golive.mappings", facts, missing)


def _as_shown(hub: Hub, name: str) -> bool:
    """Whether it has examples, and all come out as they say."""
    try:
        found = tested(hub, [name])
    except HubError:
        return False
    return bool(found) and all(outcome.passed for _, outcome in found)


def _rehearsal(tx: Tx) -> Line:
    for one in cutovers.listed(tx, 100):
        if one.mode == "rehearsal" and one.state in _REHEARSED:
            return Line("rehearsal", True, "golive.rehearsal", {"cutover": one.name}, at=one.started_at)
    made = _newest_plan(tx, lambda _: True)
    if made is None:
        return Line("rehearsal", False, "golive.no_rehearsal")
    return Line("rehearsal", True, "golive.dry_run", {"writes": made.writes}, at=made.created_at, about=made.id)


def _plan(tx: Tx) -> Line:
    signed = _newest_plan(tx, lambda state: state in _SIGNED)
    if signed is not None:
        return Line("plan", True, "golive.plan", {"who": signed.approver or signed.author}, at=signed.approved_at,
                    about=signed.id)  # fmt: skip
    waits = _newest_plan(tx, lambda state: state == "draft")
    if waits is not None:
        return Line("plan", False, "golive.plan_waits", {"writes": waits.writes}, at=waits.created_at, about=waits.id)
    return Line("plan", False, "golive.no_plan")


def _newest_plan(tx: Tx, fits: Callable[[str], bool]) -> kept.StoredPlan | None:
    return next((one for one in kept.listed(tx, 200) if one.kind in _PLANS and fits(one.state)), None)


def _backup(tx: Tx) -> Line:
    row = journal.newest(tx, journal.BACKUP_VERIFIED)
    if row is None:
        return Line("backup", False, "golive.no_backup")
    made = (row["detail"] or {}).get("made_at") or row["at"]
    young = instant(tx.now()) - moment(made) <= BACKUP_AGE
    return Line("backup", young, "golive.backup", {"what": row["object"].rpartition("/")[2]}, at=made)


def _alerts(project: Project) -> Line:
    rules = project.alerts.alerts if project.alerts is not None else {}
    told = [name for name, rule in rules.items() if rule.to]
    return Line("alerts", bool(told), "golive.alerts", {"count": len(told)})


def _reconciliation(tx: Tx) -> Line:
    rows = page(tx, proof, [], limit=1)
    if not rows:
        return Line("reconciliation", False, "golive.never_compared")
    last = proofs.unpacked(rows[0])
    open_ = last["unexplained"] - proofs.accepted(tx, last["id"], but=EXPLAINED)
    return Line(
        "reconciliation",
        open_ <= 0,
        "golive.reconciliation",
        {"count": max(0, open_)},
        at=last["ended_at"],
        about=last["id"],
    )


__all__ = ["DUTIES", "Line", "checklist"]
