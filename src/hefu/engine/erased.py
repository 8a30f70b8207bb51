"""What follows once a person was erased in the systems: the hub's copies go, in the transaction that ends the plan.

Every copy in the histories is blanked, what was erased is remembered by keyed hashes so that no later sync brings it
back (`suppress.py`), and a proof without values is kept: what, when, by whom, and what a system did not let go.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from hefu.core.erasure import Personal, hashed, is_stand_in
from hefu.core.figures import worked_out
from hefu.core.match import match_keys
from hefu.core.project import Entity
from hefu.engine.hub import Hub
from hefu.engine.suppress import place_mark, value_mark
from hefu.store import copies, erasures, intents, issues, journal, plans
from hefu.store import golden as goldens
from hefu.store.copies import Subject
from hefu.store.db import Tx
from hefu.store.erasures import Proof
from hefu.store.golden import Golden, Link
from hefu.store.plans import PlanEntry, StoredPlan


def undispute(hub: Hub, plan_id: str, by: str) -> None:
    """Nobody needs to decide between values that are about to be erased."""
    with hub.store.begin() as tx:
        entries = {e.golden_id: e for e in plans.entries(tx, plan_id, kind="golden") if e.golden_id}
        golden = goldens.load_golden(tx, entries)
        for one in golden.values():
            about = {p for p in one.disputed if p in entries[one.id].fields}
            if about:
                one.disputed = [p for p in one.disputed if p not in about]
                one.version += 1
                goldens.save_golden(tx, [one])
                for path in sorted(about):
                    issues.close_issues(tx, by, "erased", kinds=("conflict",), golden_ids=[one.id], field=path)


def finish(hub: Hub, tx: Tx, made: StoredPlan, by: str) -> Proof | None:
    """Blank the hub's copies of what an erasure has written, keep its proof and what must not come back.

    In the transaction that ends the plan. Objects that somebody changed since the plan was made are not touched; None
    where none is left.
    """
    asked = made.counts["of"]
    entries = list(plans.entries(tx, made.id))
    changed = {e.golden_id for e in entries if e.kind == "golden" and e.state != "written"}
    ids = [i for i in asked["subject"] if i not in changed]
    if not ids:
        return None
    golden = goldens.load_golden(tx, ids)
    personal = {i: _again(hub.entity(asked["subject"][i]), asked["fields"][i]) for i in golden}
    subject = Subject.of(tx, personal)
    copies.learn_all(tx, subject)
    marks, keys = _marks(hub, tx, entries, golden, personal, subject)
    proof_id = hub.env.new_id()
    systems = [_let_go(tx, x, personal[x.golden_id], entries) for x in subject.links]
    writes = intents.ids_of(tx, subject.link_ids)
    records = {
        place_mark(hub.journal_key, x.connection, x.object, x.organisation, x.record_id): (
            None if told["outcome"] == "deleted" else _kept_out(personal[x.golden_id], marks)
        )
        for x, told in zip(subject.links, systems, strict=True)
        if x.record_id is not None
    }
    counts = copies.blank(tx, subject)
    _forget(hub, tx, golden, personal, made, by)
    erasures.suppress(tx, proof_id, records, keys)
    proof = Proof(
        proof_id, made.id, tx.now(), made.author, made.approver or "", by, made.reason,
        {i: one.entity for i, one in golden.items()},
        {one.entity: personal[i].paths for i, one in golden.items()}, systems, dict(sorted(counts.items())),
        {path: sorted(said) for path, said in sorted(marks.items())}, all(s["outcome"] != "left" for s in systems),
    )  # fmt: skip
    erasures.keep(tx, hub.journal_key, proof)
    detail = {"plan": made.id, "subject": sorted(golden), "writes": writes, "proof": proof.mac}
    journal.record(tx, hub.journal_key, by, journal.ERASED, proof_id, detail)
    return proof


def _again(entity: Entity, paths: Sequence[str]) -> Personal:
    """What was agreed to, whatever the documents say by now."""
    return Personal.of(entity, ("-",), paths)


def _marks(
    hub: Hub,
    tx: Tx,
    entries: Sequence[PlanEntry],
    golden: Mapping[str, Golden],
    personal: Mapping[str, Personal],
    subject: Subject,
) -> tuple[dict[str, set[str]], set[str]]:
    """path -> hashes of the values that were erased; hashes of the keys by which the person would be known again."""
    marks: dict[str, set[str]] = {}
    keys: set[str] = set()
    for table, values, golden_id in _held(tx, entries, golden, subject):
        entity = hub.entity(golden[golden_id].entity)
        for path, value in personal[golden_id].values(values):
            if not is_stand_in(value):
                marks.setdefault(path, set()).add(value_mark(hub.journal_key, entity.entity, path, value))
        if table == "golden":
            for kind, (rule, key) in enumerate(zip(entity.match, match_keys(entity.match, values), strict=True)):
                if key is not None and not personal[golden_id].whole.isdisjoint(rule):
                    keys.add(hashed(hub.journal_key, "key", entity.entity, str(kind), key))
    return marks, keys


def _held(
    tx: Tx, entries: Sequence[PlanEntry], golden: Mapping[str, Golden], subject: Subject
) -> Iterator[tuple[str, Mapping[str, Any], str]]:
    """What was held of them just before, in golden records ("golden") and in the systems ("seen")."""
    before = {e.golden_id: {path: pair[0] for path, pair in e.fields.items()} for e in entries if e.kind == "golden"}
    for one in golden.values():
        yield "golden", {**one.fields, **before.get(one.id, {})}, one.id
        yield "story", before.get(one.id, {}), one.id
    for link in subject.links:
        yield "seen", link.seen, link.golden_id
        yield "seen", link.told, link.golden_id
    for e in entries:
        if e.golden_id is not None and e.golden_id in golden and e.seen is not None:
            yield "seen", e.seen, e.golden_id
    for row in goldens.changes_of(tx, golden):
        yield "story", row["moved"], row["golden_id"]


def _kept_out(personal: Personal, marks: Mapping[str, set[str]]) -> dict[str, list[str]]:
    return {path: sorted(marks[path]) for path in personal.paths if path in marks}


def _let_go(tx: Tx, link: Link, personal: Personal, entries: Sequence[PlanEntry]) -> dict[str, Any]:
    """What became of one record, and the hub's picture of it without the person's values."""
    mine = [e for e in entries if e.link_id == link.id]
    wrote = next((e for e in mine if e.kind in ("update", "remove")), None)
    left = next((e for e in mine if e.kind == "left"), None)
    still = {path for path, value in personal.values(link.seen) if not is_stand_in(value)}
    out: dict[str, Any] = {"connection": link.connection, "object": link.object, "organisation": link.organisation,
                           "record_id": link.record_id, "fields": []}  # fmt: skip
    if link.record_id is None or link.state == "tombstone":
        out["outcome"] = "deleted" if wrote is not None and wrote.kind == "remove" else "none"
    elif wrote is not None and wrote.state not in ("written", "settled"):
        out |= {"outcome": "left", "why": wrote.state, "fields": sorted(still) or personal.paths}
    elif left is not None:
        why = left.note.get("why") if isinstance(left.note, dict) else None
        out |= {"outcome": "left", "why": why, "fields": sorted(left.fields)}
    elif still:
        out |= {"outcome": "left", "why": "kept", "fields": sorted(still)}
    else:
        out["outcome"] = "blanked" if wrote is not None else "none"
    stuck = set(out["fields"]) if out["outcome"] == "left" else set()
    link.told = _stripped(personal, link.told, stuck)
    link.seen = _stripped(personal, link.seen, stuck)
    link.digest = None
    if link.record_id is None and link.state == "wanted":  # what was never made there is not made now
        link.state, link.due_at = "detached", None
    goldens.save_links(tx, [link])
    return out


def _stripped(personal: Personal, values: Mapping[str, Any], stuck: Collection[str]) -> dict[str, Any]:
    """Values without those of the person: null where the system has learned the blank, absent where it has not."""
    tops = {path.partition(".")[0] for path in stuck}
    kept = {n: v for n, v in values.items() if n not in tops or n not in personal.whole}
    return {n: v if is_stand_in(v) else personal.without({n: v})[n] for n, v in kept.items()}


def _forget(
    hub: Hub, tx: Tx, golden: Mapping[str, Golden], personal: Mapping[str, Personal], made: StoredPlan, by: str
) -> None:
    """What is agreed from now on, its match keys, and what nobody needs to decide any more."""
    links = goldens.links_of(tx, golden, lock=False)
    for one in golden.values():
        doc = hub.entity(one.entity)
        figures = {n for n, f in doc.fields.items() if worked_out(f) and one.state == "live"}
        one.fields = {
            n: v if is_stand_in(v) or n in figures else personal[one.id].without({n: v})[n]
            for n, v in one.fields.items()
            if n in doc.fields
        }
        one.disputed = [p for p in one.disputed if p.partition("[")[0] not in personal[one.id].whole]
        gone = all(x.state in ("tombstone", "detached") for x in links.get(one.id, ()))
        if made.counts["of"]["how"] == "delete" and gone and one.state == "live":
            one.state = "deleted"
        one.version += 1
        goldens.save_golden(tx, [one])
        if one.state == "live":
            keys = enumerate(match_keys(doc.match, one.fields))
            goldens.add_keys(tx, one.entity, [(kind, key, one.id) for kind, key in keys if key is not None])
    issues.close_issues(tx, by, "erased", kinds=issues.KINDS, golden_ids=list(golden))


def withdraw_others(hub: Hub, tx: Tx, made: StoredPlan, by: str) -> None:
    """Plans that were drafted with the person's values and not carried out yet cannot be any more."""
    ids = list(made.counts["of"]["subject"])
    for plan_id in plans.open_about(tx, ids):
        if plan_id != made.id:
            plans.update(tx, plan_id, state="rejected", ended_at=tx.now(), note="erased")
            journal.record(tx, hub.journal_key, by, "plan.rejected", plan_id, {"reason": "erased", "by": made.id})


__all__ = ["finish", "undispute", "withdraw_others"]
