"""The flood guard: a flow that would change more than its limits stops before the first write and asks."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import func, select

from hefu.core.project import Flow
from hefu.engine.fold import owed
from hefu.engine.hub import Hub, Side
from hefu.store import golden as goldens
from hefu.store import issues, runs
from hefu.store.db import Tx
from hefu.store.golden import Golden, Link
from hefu.store.issues import Issue
from hefu.store.tables import link as link_table


def flood(hub: Hub, flow: Flow, sides: Sequence[Side]) -> bool:
    """Whether this flow's due writes pass both limits; if so it is paused and an issue says how many of what."""
    limit = flow.guard.records
    with hub.store.look() as tx:
        known = _known(tx, flow)
        enough = max(limit, int(flow.guard.share * known)) + 1
        if sum(_waiting(tx, side) for side in sides) < enough:
            return False
        counted = {side.name: _owing(tx, side, enough) for side in sides}
    total = sum(counted.values())
    if total <= limit or total <= flow.guard.share * known:
        return False
    facts = {"writes": {name: n for name, n in counted.items() if n}, "known": known, "limit": limit}
    with hub.store.begin() as tx:
        scope = f"flow:{flow.flow}"
        runs.pause_scope(tx, scope, "guard.records", facts)
        issues.raise_issues(tx, [Issue("flood", None, None, None, None, scope, facts)])
    return True


def _known(tx: Tx, flow: Flow) -> int:
    where = (link_table.c.mapping.in_(flow.mappings), link_table.c.record_id.is_not(None))
    return int(tx.run(select(func.count()).select_from(link_table).where(*where)).scalar() or 0)


def _waiting(tx: Tx, side: Side) -> int:
    """How many links are due, whether they owe something or not: cheap, and enough while it is few."""
    due = (link_table.c.mapping == side.name, link_table.c.due_at.is_not(None))
    return int(tx.run(select(func.count()).select_from(link_table).where(*due)).scalar() or 0)


def _owing(tx: Tx, side: Side, enough: int) -> int:
    """How many links really owe something, counted no further than `enough` (a link that is due may owe nothing)."""
    waiting = (link_table.c.mapping == side.name, link_table.c.due_at.is_not(None))
    found, after = 0, ""
    while found < enough:
        page = select(link_table.c.id).where(*waiting, link_table.c.id > after).order_by(link_table.c.id).limit(1000)
        ids = list(tx.run(page).scalars())
        if not ids:
            break
        after = ids[-1]
        links = goldens.load_links(tx, ids, lock=False)
        golden = goldens.load_golden(tx, {x.golden_id for x in links.values()}, lock=False)
        found += sum(1 for x in links.values() if _owes(side, x, golden[x.golden_id]))
    return found


def _owes(side: Side, link: Link, golden: Golden) -> bool:
    return link.record_id is None or golden.state == "deleted" or bool(owed(side, link, golden))


__all__ = ["flood"]
