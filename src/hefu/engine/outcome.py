"""Writes whose outcome nobody knows: look before writing again (sync.md, section 3).

After a time-out, a cut or a crash the intent is still there. A record is searched by our token or by its natural
key; the visibility delay is waited out; only then may the hub create again. What can be neither keyed nor searched
waits for a person.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from hefu.core.errors import Denied, HubError, Unsupported
from hefu.core.merge import project_lines
from hefu.core.records import Normal, Normals, Record, Values, Written
from hefu.core.rewriting import own_writing, rewritten
from hefu.engine import references
from hefu.engine.capture import absorb, adopt
from hefu.engine.fold import Batch
from hefu.engine.hub import Counts, Hub, Run, Side
from hefu.engine.loss import report_losses
from hefu.engine.settle import confirm, pause
from hefu.store import golden as goldens
from hefu.store import intents, issues, shards
from hefu.store.db import Tx, instant, text
from hefu.store.golden import Link
from hefu.store.intents import Intent
from hefu.store.issues import Issue


def resolve(hub: Hub, side: Side, fences: dict[int, int], run: Run) -> Counts:
    """Look up each open or unknown write of this mapping whose time has come."""
    counts = Counts()
    with hub.store.look() as tx:
        pending = intents.unsettled_of(tx, side.name, list(fences), tx.now())
        links = goldens.load_links(tx, [i.link_id for i in pending], lock=False)
    for intent in pending:
        counts["probed"] += 1
        try:
            _resolve_one(hub, side, links[intent.link_id], intent, fences, run, counts)
        except HubError as error:
            if error.code.startswith("store."):
                raise
            _look_later(hub, side, intent, error)
            counts["postponed"] += 1
            if isinstance(error, Denied):
                break
    return counts


def _resolve_one(
    hub: Hub, side: Side, link: Link, intent: Intent, fences: dict[int, int], run: Run, counts: Counts
) -> None:
    if intent.kind == "create":
        _created(hub, side, link, intent, fences, run, counts)
        return
    found = hub.connect(side.mapping.connection).fetch(side.mapping.object, [link.record_id or ""])
    record = next((r for r in found if r.id == link.record_id), None)  # the loser of a merge may lead to its winner
    with hub.store.begin() as tx:
        shards.renew(tx, hub.worker_id, fences)
        now = _in_our_terms(side, record)
        happened = _happened(side, intent, record, now)
        batch = Batch(hub, tx, run, priority=side.priority)
        fresh = goldens.load_links(tx, [link.id])[link.id]
        batch.golden = goldens.load_golden(tx, [fresh.golden_id])
        batch.dirty_links[fresh.id] = fresh
        intents.settle(tx, intent.id, "applied" if happened else "failed")
        if happened:
            sent = dict(intent.fields or {})
            confirm(batch, side, fresh, intent, sent, Written(link.record_id or ""), None)
            fresh.seen |= own_writing(sent, now, side.their_fields(sent))
            report_losses(batch, side, fresh, sent, fresh.seen)
        fresh.waits, fresh.due_at, fresh.digest = None, tx.now(), None
        if fresh.state == "tombstone":
            fresh.due_at = None
        batch.store()
        _close(tx, link)
        settled_at = tx.now()  # until here nobody else could touch the link
    counts["applied" if happened else "not_applied"] += 1
    if record is not None:
        absorb(hub, side, [record], run, Counts(), settled_at)


def _in_our_terms(side: Side, record: Record | None) -> Normals:
    """What a record holds, without references (they are in the system's ids); empty if it cannot be understood."""
    found = side.compiled.inward([record.values])[0] if record is not None else None
    return {n: v for n, v in found.items() if (n,) not in side.compiled.references} if isinstance(found, dict) else {}


def _happened(side: Side, intent: Intent, record: Record | None, now: Normals) -> bool:
    """Whether the write took effect, from what the system holds now.

    A patch: any field that it was to change holds what we sent. If people have typed over all of them, nobody can
    tell; then they count as not having known our values, so that at worst somebody is asked for nothing.
    """
    if intent.kind == "delete":
        return record is None
    if record is None:
        return False
    if intent.kind == "action":
        status = record.values.get(side.schema.state) if side.schema.state else None
        step = next((s for s in side.steps if s.action == intent.action), None)
        return step is not None and str(status) in step.until
    sent, before = intent.fields or {}, intent.before or {}
    telling = [n for n, v in sent.items() if n in now and not _holds(side, n, v, before.get(n))]
    if not telling:  # what cannot be read back is written again; what was there already need not be
        return sent.keys() <= now.keys()
    return any(_holds(side, n, sent[n], now[n]) for n in telling)


def _holds(side: Side, name: str, sent: Normal, found: Normal) -> bool:
    """Whether the system holds what we sent, in its own way of writing; lines may carry fields of its own."""
    if name not in side.line_specs:
        return rewritten(sent, found, side.their_fields([name])[name])
    key, fields = side.line_specs[name]
    return project_lines(found, key, fields) == project_lines(sent, key, fields)


def _created(
    hub: Hub, side: Side, link: Link, intent: Intent, fences: dict[int, int], run: Run, counts: Counts
) -> None:
    if link.record_id is not None:  # the capture saw it come back before we looked
        with hub.store.begin() as tx:
            intents.settle(tx, intent.id, "applied")
            _close(tx, link)
        return
    how = side.can.create
    by = _probe(hub, side, link, intent)
    if by is None and how != "upsert":
        _ask(hub, side, link, intent)
        counts["asked"] += 1
        return
    found = hub.connect(side.mapping.connection).search(side.mapping.object, by) if by else []
    if found:
        with hub.store.begin() as tx:
            shards.renew(tx, hub.worker_id, fences)
            _adopt(hub, tx, side, link, found[0], run)
            settled_at = tx.now()
        absorb(hub, side, [found[0]], run, Counts(), settled_at)
        counts["found"] += 1
        return
    seen_by = instant(intent.made_at) + timedelta(seconds=side.can.lag) + _still_working(side)
    with hub.store.begin() as tx:
        shards.renew(tx, hub.worker_id, fences)
        if how != "upsert" and instant(tx.now()) < seen_by:
            intents.settle(tx, intent.id, "unknown", intent.error, text(seen_by))
            counts["waiting"] += 1
        else:
            intents.settle(tx, intent.id, "failed", {"code": "outcome.not_there", "facts": {}})
            again = goldens.load_links(tx, [link.id])[link.id]
            again.state, again.waits, again.due_at = "wanted", None, tx.now()
            goldens.save_links(tx, [again])
            _close(tx, link)
            counts["not_there"] += 1


def _still_working(side: Side) -> timedelta:
    """A system may still be busy with our call when we first look."""
    return side.connection.limits.timeout if side.can.lag > 0 else timedelta(seconds=min(
        5.0, side.connection.limits.timeout.total_seconds()))  # fmt: skip


def _probe(hub: Hub, side: Side, link: Link, intent: Intent) -> Values | None:
    """What to search for: our token, or the natural key as we sent it; None if the object has neither."""
    if side.token_field is not None:
        return {side.token_field: link.id}
    if side.can.create not in ("key", "upsert"):
        return None
    with hub.store.look() as tx:
        return references.sent_key(tx, hub, side, intent.fields or {})


def _adopt(hub: Hub, tx: Tx, side: Side, link: Link, record: Record, run: Run) -> None:
    batch = Batch(hub, tx, run, priority=side.priority)
    mine = goldens.load_links(tx, [link.id])[link.id]
    twin = goldens.links_by_record(
        tx, side.mapping.connection, side.mapping.object, [(record.organisation, record.id)]
    ).get((record.organisation, record.id))
    if twin is not None and twin.id != mine.id:
        _lost_race(batch, side, mine, twin)
    elif mine.record_id is None:
        adopt(batch, side, mine, _in_our_terms(side, record), record.modified_at)
        mine.record_id, mine.organisation, mine.state = record.id, record.organisation, "active"
        mine.waits, mine.attempt, mine.due_at = None, 0, tx.now()
    batch.dirty_links[mine.id] = mine
    batch.store()
    _close(tx, link)


def _lost_race(batch: Batch, side: Side, mine: Link, twin: Link) -> None:
    """The natural key belongs to a record that is linked already: our create was refused as a double, or never was."""
    intent = intents.unsettled(batch.tx, [mine.id]).get(mine.id)
    if intent is not None:
        intents.settle(batch.tx, intent.id, "failed", {"code": "outcome.taken", "facts": {"by": twin.golden_id}})
    mine.state, mine.waits, mine.due_at = "wanted", "person", None
    facts = {"record_id": twin.record_id, "object": side.mapping.object, "with": twin.golden_id}
    batch.issues.append(
        Issue("duplicate", side.entity.entity, mine.golden_id, mine.id, side.mapping.connection, "", facts)
    )


def _ask(hub: Hub, side: Side, link: Link, intent: Intent) -> None:
    """Neither keyed nor searchable: only a person can look, and nothing is created twice meanwhile."""
    with hub.store.begin() as tx:
        intents.settle(tx, intent.id, "unknown", intent.error, tx.later(86400 * 365))
        facts = {"made_at": intent.made_at, "fields": intent.fields, "object": side.mapping.object}
        issues.raise_issues(
            tx,
            [Issue("unknown_outcome", side.entity.entity, link.golden_id, link.id, side.mapping.connection, "", facts)],
        )


def _look_later(hub: Hub, side: Side, intent: Intent, error: HubError) -> None:
    with hub.store.begin() as tx:
        intents.settle(tx, intent.id, "unknown", {"code": error.code, "facts": {}}, tx.later(5.0))
        if isinstance(error, Denied | Unsupported):
            pause(hub, tx, side, error)


def _close(tx: Tx, link: Link) -> None:
    issues.close_issues(tx, "hub", "found out", kinds=("unknown_outcome",), link_ids=[link.id])


__all__: Sequence[str] = ["resolve"]
