"""Proof of agreement: both systems are read again and compared through the mappings, not through our memory."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import select

from hefu.core.balance import DOCUMENTS, Ledger, balances, open_identity
from hefu.core.env import stamp
from hefu.core.errors import HubError, Unsupported
from hefu.core.ordered import Range
from hefu.core.reconcile import KEPT, Outcome, Section
from hefu.core.records import Normals
from hefu.engine import lanes, sieve
from hefu.engine.examine import examine
from hefu.engine.hub import Counts, Hub, Side, chunks
from hefu.engine.lanes import Lane
from hefu.engine.sieve import Two, Window
from hefu.engine.spool import LEFT, RIGHT, Spool
from hefu.engine.suppose import title_of
from hefu.store import golden as goldens
from hefu.store.tables import link

LOOK = 500
"""Records looked at again at once."""

HOWS = ("auto", "join", "walk", "read")

_MONEY = frozenset({"customer", "currency", "date", "status", "total", "net_total", "amount", "open", "lines"})


@dataclass(frozen=True)
class Scope:
    """What to compare, and how.

    mappings: only these; default all that flows keep in step.  sample: so many linked records instead of all.
    how: join (one statement), walk (ordered rows), read (every record); auto takes the first that the systems allow.
    parts: ranges of keys that are walked apart.  period: month, quarter or year of the money identities.
    """

    mappings: Sequence[str] = ()
    sample: int | None = None
    window: Window | None = None
    how: str = "auto"
    parts: int = 1
    period: str = "month"


@dataclass(frozen=True)
class Part:
    """A range of keys of one comparison, for any worker: what it finds goes into the spool `file`."""

    left: str
    right: str
    within: Range
    file: str


Share = Callable[[Sequence[Part]], None]
"""Walks these parts, each into its file; several workers may share them."""


Ledgers = tuple[Ledger, Ledger]


def reconcile(hub: Hub, scope: Scope, share: Share | None = None) -> Outcome:
    """Compare and explain. Writes nothing to any system. Raises HubError when one cannot be read.

    `share` walks parts elsewhere (default: here, one after the other).
    """
    outcome = Outcome()
    twos = list(_twos(hub, scope.mappings))
    with hub.run("reconcile", ",".join(scope.mappings) or "all") as run:
        outcome.facts |= {"run_id": run.id, "project_version": run.version, "began_at": stamp(hub.env.now())}
        ledgers: dict[tuple[str, str], tuple[Ledger, Ledger]] = {}
        folder = Path(tempfile.mkdtemp(prefix="hefu-reconcile-"))
        try:
            for two in twos:
                names = (two.left.mapping.connection, two.right.mapping.connection)
                pair = ledgers.setdefault(names, (Ledger(scope.period), Ledger(scope.period)))
                _compare(hub, two, scope, outcome, pair, folder, share)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        _settle_money(hub, outcome, ledgers)
        outcome.facts["ended_at"] = stamp(hub.env.now())
        run.counts["unexplained"] = outcome.unexplained
        for section in outcome.sections:
            for kind, number in section.classes.items():
                run.counts[kind] += number
    return outcome


def _twos(hub: Hub, wanted: Sequence[str]) -> Iterator[Two]:
    """The first mapping of each entity against each of its others. Raises Unsupported for what cannot be paired."""
    known = hub.project.mappings
    for name in wanted:
        if name not in known:
            raise Unsupported("cli.no_mapping", name=name, known=", ".join(sorted(known)) or "-")
    names = list(wanted) or hub.active_mappings()
    by_entity: dict[str, list[str]] = {}
    for name in names:
        by_entity.setdefault(known[name].entity, []).append(name)
    groups = [group for group in by_entity.values() if len(group) > 1]
    if not groups:
        raise Unsupported("reconcile.no_pair", mappings=", ".join(names) or "-")
    for first, *others in groups:
        for other in others:
            yield Two.of(hub.side(first), hub.side(other))


# --------------------------------------------------------------------- one entity


def _compare(
    hub: Hub,
    two: Two,
    scope: Scope,
    outcome: Outcome,
    ledgers: Ledgers,
    folder: Path,
    share: Share | None,
) -> None:
    sides = two.sides
    section = Section(
        two.left.entity.entity, two.left.name, two.right.name, sides[0].mapping.connection, sides[1].mapping.connection,
        fields=list(two.shape),
    )  # fmt: skip
    outcome.sections.append(section)
    spool = Spool(folder / f"{len(outcome.sections)}.sqlite", len(two.left.entity.match))
    try:
        if scope.sample is not None:
            section.how = "sample"
            _sample(hub, two, scope.sample, spool, section)
        else:
            _sift(hub, two, scope, spool, section, ledgers, folder, share)
        batches = ((t, rows) for t in ("look", "twin", "alone") for rows in spool.batches(t, LOOK))
        examine(hub, two, section, outcome, batches)
        section.counts["equal"] = section.counts.get("pairs", 0) - section.counts.get("differing", 0)
    finally:
        spool.close()


def _sift(
    hub: Hub,
    two: Two,
    scope: Scope,
    spool: Spool,
    section: Section,
    ledgers: Ledgers,
    folder: Path,
    share: Share | None,
) -> None:
    """Everything (or a window) through the cheapest sieve that both systems allow."""
    document = _document(hub, two.left)
    lane = None if scope.window is not None or scope.how == "read" else lanes.lane(hub, two)
    if lane is None and scope.how in ("join", "walk"):
        raise Unsupported("reconcile.not_ordered", connection=two.right.mapping.connection,
                          object=two.right.mapping.object)  # fmt: skip
    if lane is not None and scope.how in ("auto", "join") and lanes.join(hub, two, lane, spool):
        section.how = "join"
    elif lane is not None and scope.how != "join":
        section.how = "walk"
        _walk(hub, two, lane, scope.parts, spool, section, folder, share)
    elif scope.how == "join":
        raise Unsupported("reconcile.not_joined", left=two.left.mapping.connection,
                          right=two.right.mapping.connection)  # fmt: skip
    else:
        section.how = "read"
        for which, name in ((LEFT, "left"), (RIGHT, "right")):
            count = sieve.read_side(hub, two, which, spool, _counter(document, ledgers[which]), scope.window)
            section.counts[name] = count
        section.counts["pairs"] = spool.match()
        return
    for which, name in ((LEFT, "left"), (RIGHT, "right")):
        section.counts[name] = _count(hub, two.sides[which])
        if document is not None:
            _tally(hub, two.sides[which], document, ledgers[which])
    section.counts["pairs"] = section.counts["left"] - spool.size("alone", LEFT) - spool.size("twin", LEFT)
    lanes.load_alone(hub, two, spool)
    section.counts["pairs"] += spool.match()


def _count(hub: Hub, side: Side) -> int:
    found = lanes.ordered(hub, side)
    return 0 if found is None else found.count(side.mapping.object)


def _walk(
    hub: Hub, two: Two, lane: Lane, parts: int, spool: Spool, section: Section, folder: Path, share: Share | None
) -> None:
    def told(name: str, number: int) -> None:
        section.add(name, number)
        if name == "left":
            hub.told("reconcile", two.left.name, Counts({"read": section.counts["left"]}))

    line = lanes.ordered(hub, two.left)
    ranges = line.cuts(lane.left.obj, lane.left.key, parts) if parts > 1 and line is not None else []
    if len(ranges) < 2:
        lanes.sift(hub, two, lane, spool, told)
        return
    work = [Part(two.left.name, two.right.name, one, str(folder / f"{n}.part")) for n, one in enumerate(ranges)]
    if share is not None:
        share(work)
    else:
        for part in work:
            sift_part(hub, part)
    for part in work:
        spool.take(Path(part.file))
    lanes.keyless([lanes.line_of(hub, s) for s in two.sides], (lane.left, lane.right), spool)


def sift_part(hub: Hub, part: Part) -> None:
    """Walk one part into its file: what a worker does."""
    two = Two.of(hub.side(part.left), hub.side(part.right))
    lane = lanes.lane(hub, two)
    if lane is None:
        raise Unsupported("reconcile.not_ordered", connection=two.left.mapping.connection,
                          object=two.left.mapping.object)  # fmt: skip
    spool = Spool(Path(part.file), len(two.left.entity.match))
    lanes.sift(hub, two, lane.within(part.within), spool, lambda *_: None)
    spool.flush()
    spool.db.close()


def _sample(hub: Hub, two: Two, size: int, spool: Spool, section: Section) -> None:
    """Linked records by chance: each is asked for by its id, so both systems see little of us."""
    doc, other = two.left.mapping, two.right.mapping
    chosen: list[tuple[str, str]] = []
    with hub.store.look() as tx:
        mine = select(link.c.golden_id, link.c.record_id).where(
            link.c.mapping == doc.mapping, link.c.state == "active", link.c.record_id.is_not(None)
        )
        for number, row in enumerate(tx.run(mine)):
            if len(chosen) < size:
                chosen.append((row[0], row[1]))
            elif (place := int(hub.env.random() * (number + 1))) < size:
                chosen[place] = (row[0], row[1])
        theirs: dict[str, str] = {}
        for some in chunks([g for g, _ in chosen], LOOK):
            theirs |= goldens.record_ids(tx, other.connection, other.object, some)
    if not chosen:
        raise Unsupported("reconcile.nothing_linked", mapping=doc.mapping)
    spool.to_look_at((i, theirs[g]) for g, i in chosen if g in theirs)
    spool.alone(LEFT, (i for g, i in chosen if g not in theirs))
    section.counts |= {"left": len(chosen), "right": len(theirs), "pairs": len(theirs)}


# -------------------------------------------------------------------------- money


def _document(hub: Hub, side: Side) -> str | None:
    """Which of the ready documents the entity is or starts from, where it counts as money."""
    name = side.entity.entity
    own = hub.project.entities.get(name)
    base = own.extends if own is not None and own.extends else name
    return next((n for n in (name, base) if n in DOCUMENTS), None)


def _counter(document: str | None, ledger: Ledger) -> Callable[[Normals], None] | None:
    return None if document is None else lambda values: ledger.add(document, values)


def _tally(hub: Hub, side: Side, document: str, ledger: Ledger) -> None:
    """The sums of documents that were compared without being mapped."""
    lean = replace(side, compiled=replace(
        side.compiled, ins=tuple(w for w in side.compiled.ins if w.name in _MONEY),
        references={p: e for p, e in side.compiled.references.items() if p == ("customer",)},
    ))  # fmt: skip
    for page in hub.env.ahead(hub.connect(side.mapping.connection).read(side.mapping.object, None)):
        passed = [v for v, filtered in sieve.unfiltered(lean, page.records) if not filtered]
        for values in sieve.in_common_terms(hub, lean, passed):
            if not isinstance(values, HubError):
                ledger.add(document, values)


def _settle_money(hub: Hub, outcome: Outcome, ledgers: dict[tuple[str, str], tuple[Ledger, Ledger]]) -> None:
    """Balances that do not agree, sums per currency, and the identity of what is open, side by side."""
    totals: list[dict[str, Any]] = []
    broken: list[dict[str, Any]] = []
    for (left, right), (mine, other) in ledgers.items():
        by_currency: dict[tuple[str, str], list[Any]] = {}
        for one in balances(mine, other):
            sums = by_currency.setdefault((one.currency, one.measure), [None, None, 0])
            for at, amount in enumerate((one.left, one.right)):
                sums[at] = amount if sums[at] is None else sums[at] if amount is None else sums[at] + amount
            sums[2] += not one.agrees
            if not one.agrees and len(outcome.balances) < KEPT:
                outcome.balances.append(one)
        names = {"left": left, "right": right}
        totals += [{**names, "currency": c, "measure": m, "left_sum": a, "right_sum": b, "disagreeing": n}
                   for (c, m), (a, b, n) in sorted(by_currency.items())]  # fmt: skip
        for connection, ledger in ((left, mine), (right, other)):
            broken += [{"connection": connection, **one._asdict()} for one in open_identity(ledger) if not one.agrees]
    outcome.facts |= {"totals": totals, "open_identity": broken[:KEPT]}
    wanted = {b.customer for b in outcome.balances} | {b["customer"] for b in broken}
    outcome.facts["customers"] = _titles(hub, sorted(wanted))


def _titles(hub: Hub, ids: Sequence[str]) -> dict[str, str]:
    """Golden id -> a name to show."""
    out: dict[str, str] = {}
    side = next((hub.side(m) for m in hub.active_mappings() if hub.project.mappings[m].entity == "customer"), None)
    with hub.store.look() as tx:
        for some in chunks(list(ids), LOOK):
            for golden_id, golden in goldens.load_golden(tx, some, lock=False).items():
                out[golden_id] = title_of(side, golden.fields) if side is not None else golden_id
    return out


__all__ = ["HOWS", "Part", "Scope", "Share", "reconcile", "sift_part"]
