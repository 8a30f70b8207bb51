"""Verifies a batch: both systems are read again and what was loaded is compared through the mappings, field by field.

The comparing is that of `reconcile`; here each difference finds its way back to the row of the batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hefu.core.reconcile import EXPLAINED, Difference, Outcome, Section
from hefu.engine.examine import Examiner, Known
from hefu.engine.hub import Counts, Hub
from hefu.engine.migrate import Desk, desk
from hefu.engine.sieve import Two
from hefu.engine.spool import LEFT
from hefu.store import batches, journal
from hefu.store import golden as goldens
from hefu.store.batches import THERE, Row

PAGE = 1000


@dataclass
class Verified:
    """What comparing a batch showed: rows by state, differences by class; `unexplained` must be 0."""

    rows: dict[str, int] = field(default_factory=dict)
    classes: dict[str, int] = field(default_factory=dict)
    unexplained: int = 0
    found: list[Difference] = field(default_factory=list)


def verify(hub: Hub, batch_id: str, who: str) -> Verified:
    """Compare what was loaded, in both systems as they are now. The batch is verified if nothing is unexplained.

    Raises HubError when one of them cannot be read.
    """
    at = desk(hub, batch_id, "loaded", "verified")
    two = Two.of(at.source, at.target)
    section = Section(
        at.source.entity.entity, at.source.name, at.target.name, at.source.mapping.connection,
        at.target.mapping.connection, how="batch",
    )  # fmt: skip
    outcome = Outcome(sections=[section])
    after = -1
    with at.hub.run("verify", batch_id) as run:
        while True:
            with hub.store.look() as tx:
                rows = batches.rows(tx, batch_id, THERE, after=after, limit=PAGE)
                links = goldens.load_links(tx, [r.link_id for r in rows if r.link_id], lock=False)
            if not rows:
                break
            after = rows[-1].seq
            there = {i: x.record_id or "" for i, x in links.items()}
            _page(at, two, section, outcome, rows, there)
            with hub.store.begin() as tx:
                batches.settle(tx, rows)
            hub.told("verify", at.target.name, Counts({"read": after + 1}))
        run.counts["unexplained"] = section.unexplained
        run.counts.update(section.classes)
    with hub.store.begin() as tx:
        counts = batches.counts(tx, batch_id)
        good = section.unexplained == 0
        batches.update(tx, batch_id, state="verified" if good else "loaded", verified_at=tx.now() if good else None)
        detail = {"rows": counts, "classes": section.classes, "unexplained": section.unexplained}
        journal.record(tx, hub.journal_key, who, "migrate.verified", batch_id, detail)
    return Verified(counts, dict(section.classes), section.unexplained, outcome.found)


def _page(
    at: Desk, two: Two, section: Section, outcome: Outcome, rows: Sequence[Row], there: Mapping[str, str]
) -> None:
    before = len(outcome.found)
    pairs = [(r.record.id, there[r.link_id]) for r in rows if r.link_id is not None and r.link_id in there]
    examiner = _Examiner(at.hub, two, section, outcome)
    examiner.pairs(pairs)
    by_left: dict[str, list[Difference]] = {}
    left_of = {right: left for left, right in pairs}
    for one in outcome.found[before:]:
        left = one.left_id or left_of.get(one.right_id or "")
        if left is not None:
            by_left.setdefault(left, []).append(one)
    section.add("left", len(pairs))
    for row in rows:
        found = by_left.get(row.record.id, [])
        open_ones = [d for d in found if d.kind not in EXPLAINED]
        row.state = "differs" if open_ones else "verified"
        row.reasons = [_reason(d) for d in (open_ones or found)]
        if not found and row.record.id not in examiner.met:  # neither system has it any more
            row.state, row.reasons = "differs", [{"field": "", "code": "migrate.gone", "facts": {"id": row.record.id}}]
            section.classes["missing_right"] = section.classes.get("missing_right", 0) + 1


class _Examiner(Examiner):
    """Remembers which records of the source it met, since what neither side has is no difference to it."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self.met: set[str] = set()

    def _look(self, ids: tuple[Sequence[str], Sequence[str]]) -> Known:
        known = super()._look(ids)
        self.met |= known.looks[LEFT].keys()
        return known


def _reason(one: Difference) -> dict[str, object]:
    facts = {"field": one.field or "-", "left": one.left, "right": one.right, "why": one.why, "kind": one.kind.value}
    return {"field": one.field, "code": "migrate.differs", "facts": facts}


__all__ = ["Verified", "verify"]
