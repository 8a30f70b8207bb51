"""The plan that repairs what a reconciliation could not explain: a draft, to be signed and applied like any other.

Most of it is what the hub would do anyway once it has read everything again: an edit that it had missed is merged by
the rules, a pair that it had not known is linked, a record that one side lacks is created. What is left are values that
the hub believes to be right already; those are put back to what all had agreed on.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from hefu.core.reconcile import EXPLAINED, Outcome, Repair
from hefu.engine import plans
from hefu.engine.fold import owed
from hefu.engine.hub import Hub, chunks
from hefu.engine.permit import RESTORE
from hefu.engine.plans import Spool
from hefu.engine.rehearse import rehearse
from hefu.store import golden as goldens
from hefu.store.golden import Golden, Link
from hefu.store.plans import PlanEntry, StoredPlan

Place = tuple[str, str, str]
"""Connection, object, record id."""


def plan_repairs(hub: Hub, outcome: Outcome, author: str) -> StoredPlan | None:
    """Keep the repairs of an outcome as a draft; None where there is nothing that a plan could repair.

    Reads the systems again; touches neither them nor the records. Raises HubError when a system cannot be read.
    """
    places = _places(outcome)
    names = list(dict.fromkeys(n for s in outcome.sections for n in (s.left, s.right)))
    counts: dict[str, dict[str, int]] = {}
    covered: set[tuple[str | None, str | None, str]] = set()
    with plans.spooling(hub) as spool:

        def keep(entry: PlanEntry) -> None:
            if _concerns(entry, places):
                covered.update((entry.mapping, entry.record_id, name) for name in entry.fields)
                _add(spool, counts, entry)

        rehearse(hub, names, full=True, keep=keep)
        for entry in _believed(hub, [r for r in outcome.repairs() if r.reason != "edited_unseen"], covered):
            _add(spool, counts, entry)
        writes = sum(n for name, kinds in counts.items() if name != "golden" for n in kinds.values())
        if not writes:
            return None
        reason = f"reconciliation {outcome.facts['run_id']}"
        about = {"writes": counts, "reconciliation": outcome.facts["run_id"]}
        return plans.keep(hub, "repair", author, reason, names, about, spool, complete=True, writes=writes)


def _places(outcome: Outcome) -> set[Place | str]:
    """The records of all differences that nothing explains: by place, and by golden id."""
    out: set[Place | str] = set()
    sections = {s.entity: s for s in outcome.sections}
    for d in outcome.found:
        if d.kind in EXPLAINED:
            continue
        section = sections[d.entity]
        for connection, record_id in ((section.left_connection, d.left_id), (section.right_connection, d.right_id)):
            if record_id is not None:
                out.add((connection, d.entity, record_id))
        if d.golden_id is not None:
            out.add(d.golden_id)
    return out


def _concerns(entry: PlanEntry, places: set[Place | str]) -> bool:
    """Whether it writes one of these records, or a record made of one of them."""
    own = (entry.connection or "", entry.entity, entry.record_id or "")
    origin = (entry.origin[0], entry.entity, entry.origin[3]) if entry.origin else None
    return own in places or origin in places or entry.golden_id in places


def _add(spool: Spool, counts: dict[str, dict[str, int]], entry: PlanEntry) -> None:
    kinds = counts.setdefault(entry.mapping or "golden", {})
    kinds[entry.kind] = kinds.get(entry.kind, 0) + 1
    spool.keep(entry)


def _believed(hub: Hub, repairs: list[Repair], covered: set[tuple[str | None, str | None, str]]) -> Iterator[PlanEntry]:
    """Values of linked records that the hub takes for told. Lines are for a person: their keys may be what is wrong."""
    by_golden: dict[str, list[Repair]] = {}
    for one in repairs:
        whole = one.record_id is not None and one.field and "[" not in one.field
        if whole and one.golden_id is not None and (one.mapping, one.record_id, one.field) not in covered:
            by_golden.setdefault(one.golden_id, []).append(one)
    with hub.store.look() as tx:
        for ids in chunks(sorted(by_golden), 500):
            found = goldens.load_golden(tx, ids, lock=False)
            for golden_id, links in goldens.links_of(tx, ids, lock=False).items():
                yield from _of_object(hub, found[golden_id], links, by_golden[golden_id])


def _of_object(hub: Hub, golden: Golden, links: list[Link], repairs: list[Repair]) -> Iterator[PlanEntry]:
    """Put back what is agreed; where the owner says otherwise, agree with the owner, and tell all."""
    moves = {r.field: [golden.fields.get(r.field), r.after] for r in repairs if golden.fields.get(r.field) != r.after}
    if moves:
        yield _entry(golden, None, "golden", moves)
    moved = replace(golden, fields={**golden.fields, **{n: after for n, (_, after) in moves.items()}})
    for link in links:
        if link.mapping not in hub.active_mappings() or link.state != "active":
            continue
        debt = owed(hub.side(link.mapping), link, moved) if moves else {}
        if debt:
            yield _entry(golden, link, "update", {n: [link.seen.get(n), v] for n, v in debt.items()})
        mine = [r for r in repairs if (r.mapping, r.record_id) == (link.mapping, link.record_id)]
        back = {r.field: [link.seen.get(r.field), r.after] for r in mine if r.field not in moves}
        if back:
            yield _entry(golden, link, RESTORE, back)


def _entry(golden: Golden, link: Link | None, kind: str, fields: dict[str, list[Any]]) -> PlanEntry:
    made = PlanEntry(
        id="", seq=0, mapping=None, connection=None, object=None, entity=golden.entity, kind=kind, action=None,
        organisation="", record_id=None, golden_id=golden.id, origin=None,
        title=str(golden.fields.get("name") or golden.fields.get("number") or ""), fields=fields,
    )  # fmt: skip
    if link is None:
        return made
    return replace(
        made, mapping=link.mapping, connection=link.connection, object=link.object, organisation=link.organisation,
        record_id=link.record_id, seen=dict(link.seen), link_id=link.id,
    )  # fmt: skip


__all__ = ["plan_repairs"]
