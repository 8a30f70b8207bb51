"""The flood guard: a flow that would do more than its limits allow stops before the next write and asks.

What is due is measured once a drain, and only that is delivered until it is measured again. Counting is cheap while
nothing can be wrong: the records themselves are looked at only where so many are due that a limit could be crossed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, func, select

from hefu.core import limits
from hefu.core.limits import Crossed, Tally
from hefu.core.project import Flow
from hefu.engine.fold import owed
from hefu.engine.hub import Hub, Run, Side
from hefu.store import allowances, issues, runs
from hefu.store import golden as goldens
from hefu.store.db import Tx
from hefu.store.golden import Golden, Link
from hefu.store.issues import Issue
from hefu.store.tables import link as link_table

PAGE = 1000
ENOUGH = 10_000
"""Records looked at before the guard stops counting how far beyond a limit a flow is."""

SAMPLES = 5


@dataclass
class Measured:
    """What is due in a flow. `complete`: all of it was looked at; else the counts are at least so high."""

    tally: Tally = field(default_factory=Tally)
    writes: Counter[str] = field(default_factory=Counter)
    samples: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    complete: bool = True


def flood(hub: Hub, flow: Flow, sides: Sequence[Side], run: Run) -> bool:
    """Whether this flow's due writes cross a limit; if so it is paused, and an issue says what it would have done."""
    scope, few = f"flow:{flow.flow}", limits.smallest(flow.guard)
    with hub.store.look() as tx:
        agreed = allowances.agreed(tx, scope)
        many = sum(_due(tx, side, few + 1) for side in sides) > few
        known = _known(tx, flow) if many else 0
        found = _look(tx, flow, sides, known) if many else Measured()
    if not limits.crossed(found.tally, known, flow.guard):
        if agreed:
            with hub.store.begin() as tx:
                allowances.end(tx, scope)
        return False
    over = limits.crossed(found.tally, known, flow.guard, agreed)
    if over:
        stop(hub, scope, f"guard.{over[0].limit}", _facts(over, found, known, run))
    return bool(over)


def stop(hub: Hub, scope: str, code: str, facts: Mapping[str, Any]) -> None:
    """Pause a flow until a person decides, with an incident that says what it did or would have done."""
    facts = {"code": code, "flow": scope.partition(":")[2], **facts}
    with hub.store.begin() as tx:
        runs.pause_scope(tx, scope, code, facts)
        issues.raise_issues(tx, [Issue("flood", None, None, None, None, scope, facts)])


def agree(tx: Tx, scope: str) -> None:
    """A person agrees to what this flow was stopped for."""
    facts = runs.paused(tx).get(scope, {}).get("facts", {})
    if isinstance(counts := facts.get("agreeing"), dict):
        allowances.end(tx, scope)
        allowances.agree(tx, scope, {limit: Decimal(most) for limit, most in counts.items()})


# --------------------------------------------------------------------- measuring


_SOME_DUE = (
    select(link_table.c.id)
    .where(link_table.c.mapping == bindparam("mapping"), link_table.c.due_at.is_not(None))
    .limit(bindparam("enough"))
    .subquery()
)
_DUE = select(func.count()).select_from(_SOME_DUE)  # asked in every round, so built once


def _known(tx: Tx, flow: Flow) -> int:
    where = (link_table.c.mapping.in_(flow.mappings), link_table.c.record_id.is_not(None))
    return int(tx.run(select(func.count()).select_from(link_table).where(*where)).scalar() or 0)


def _waiting(side: Side) -> tuple[Any, Any]:
    return link_table.c.mapping == side.name, link_table.c.due_at.is_not(None)


def _due(tx: Tx, side: Side, enough: int) -> int:
    """How many links are due, whether they owe something or not, counted no further than `enough`."""
    return int(tx.run(_DUE, {"mapping": side.name, "enough": enough}).scalar() or 0)


def _split(tx: Tx, side: Side) -> tuple[int, int]:
    """Due links: how many have no record there yet, and how many have one."""
    counted = select(func.count(), func.count(link_table.c.record_id)).where(*_waiting(side))
    both, there = tx.run(counted).one()
    return both - there, there


def _look(tx: Tx, flow: Flow, sides: Sequence[Side], known: int) -> Measured:
    """What is due, record by record where a limit could be crossed; else nothing."""
    split = {side.name: _split(tx, side) for side in sides}
    created, others = (sum(pair[at] for pair in split.values()) for at in (0, 1))
    out = Measured()
    if not limits.could_cross(created, others, known, flow.guard):
        return out
    looked = 0
    for side in sides:
        after = ""
        while ids := _page(tx, side, after):
            after, looked = ids[-1], looked + len(ids)
            _weigh(tx, side, ids, out)
            if looked >= ENOUGH and limits.crossed(out.tally, known, flow.guard):
                out.complete = False
                return out
    return out


def _page(tx: Tx, side: Side, after: str) -> list[str]:
    page = select(link_table.c.id).where(*_waiting(side), link_table.c.id > after).order_by(link_table.c.id)
    return list(tx.run(page.limit(PAGE)).scalars())


def _weigh(tx: Tx, side: Side, ids: Sequence[str], out: Measured) -> None:
    links = goldens.load_links(tx, ids, lock=False)
    golden = goldens.load_golden(tx, {x.golden_id for x in links.values()}, lock=False)
    for link in links.values():
        mine = golden[link.golden_id]
        if mine.state == "deleted":
            if link.record_id is not None and link.state not in ("tombstone", "missing"):
                out.tally.deleted += 1
                _note(out, side, "deletes", link, {})
        elif link.record_id is None:
            if side.may_create and side.compiled.wanted(mine.fields):
                out.tally.created += 1
                _note(out, side, "creates", link, {n: [None, mine.fields.get(n)] for n in sorted(mine.fields)[:8]})
        else:
            _weigh_change(side, link, mine, out)


def _weigh_change(side: Side, link: Link, mine: Golden, out: Measured) -> None:
    debt = owed(side, link, mine)
    if not debt:
        return
    gone = list(limits.emptied(debt, link.seen))
    moved = limits.movements(side.entity, debt, link.seen, mine.fields)
    farthest = out.tally.largest
    out.tally.change(debt, gone, moved)
    _note(out, side, "changes", link, {n: [link.seen.get(n), v] for n, v in debt.items()})
    if gone:
        _note(out, side, "blanks", link, {n: [link.seen.get(n), debt[n]] for n in gone})
    if out.tally.largest > farthest:
        far = max(moved, key=lambda m: m.relative)
        sample = _sample(side, link, {far.path: [str(far.before), str(far.after)]})
        out.samples["movement"] = [sample, *out.samples.get("movement", [])][:SAMPLES]


def _note(out: Measured, side: Side, limit: str, link: Link, values: Mapping[str, Any]) -> None:
    if limit != "blanks":
        out.writes[side.name] += 1
    kept = out.samples.setdefault(limit, [])
    if len(kept) < SAMPLES:
        kept.append(_sample(side, link, values))


def _sample(side: Side, link: Link, values: Mapping[str, Any]) -> dict[str, Any]:
    return {"mapping": side.name, "golden_id": link.golden_id, "record_id": link.record_id, "fields": dict(values)}


# ---------------------------------------------------------------------- telling

_SHOWN = {"records": ("changes", "creates", "deletes"), "movement_total": ("movement",)}


def _facts(over: Sequence[Crossed], found: Measured, known: int, run: Run) -> dict[str, Any]:
    first, tally = over[0], found.tally
    counts = {what: getattr(tally, what) for what, _, _ in limits.HEADINGS}
    shown = [s for kind in _SHOWN.get(first.limit, (first.limit,)) for s in found.samples.get(kind, [])]
    agreeing: dict[str, Decimal | int] = {number: counts[what] for what, number, _ in limits.HEADINGS}
    agreeing |= {"movement": tally.largest, "movement_total": max(tally.totals.values(), default=Decimal(0))}
    if not found.complete:  # whoever agrees, agrees to all of it
        agreeing = dict.fromkeys(agreeing, Decimal("Infinity"))
    return {
        "limit": _plain(first.allowed),
        "found": _plain(first.found),
        "share": None if first.share is None else str(first.share),
        "known": known,
        "crossed": [one.limit for one in over],
        "writes": dict(found.writes),
        "counts": counts,
        "complete": found.complete,
        "fields": dict(tally.fields.most_common(20)),
        "emptied": dict(tally.emptied.most_common(20)),
        "movement": {"largest": str(tally.largest), "totals": {c: str(n) for c, n in tally.totals.items()}},
        "samples": shown[:SAMPLES],
        "run": run.id,
        "undo": [f"hefu undo --run {run.id}"],
        "project_version": run.version,
        "agreeing": {limit: str(most) for limit, most in agreeing.items()},
    }


def _plain(number: Decimal) -> int | str:
    return int(number) if number == number.to_integral_value() else str(number)


__all__ = ["agree", "flood", "stop"]
