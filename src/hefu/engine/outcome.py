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
from hefu.engine.admit import adopt
from hefu.engine.capture import absorb
from hefu.engine.fold import Batch
from hefu.engine.hub import Counts, Hub, Run, Side
from hefu.engine.loss import report_losses
from hefu.engine.settle import confirm, doubled, pause
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
        _hear(hub, side, link, record, run, settled_at)


def _hear(hub: Hub, side: Side, link: Link, record: Record, run: Run, asked_at: str) -> None:
    """Fold in what people typed meanwhile. The outcome is settled: whatever fails here does not open it again."""
    try:
        absorb(hub, side, [record], run, Counts(), asked_at)
    except HubError as error:
        if error.code.startswith("store."):
            raise
        with hub.store.begin() as tx:
            goldens.read_again(tx, [link.id])


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
    if link.record_id is not None and side.token_field is None:
        _met(hub, side, link, intent, fences, run)
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
        _hear(hub, side, link, found[0], run, settled_at)
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
            _go_on(tx, link)
            counts["not_there"] += 1


def _met(hub: Hub, side: Side, link: Link, intent: Intent, fences: dict[int, int], run: Run) -> None:
    """The capture found the object here before we looked: made by us, or by hand and then gone over by our upsert."""
    found = hub.connect(side.mapping.connection).fetch(side.mapping.object, [link.record_id or ""])
    record = next((r for r in found if r.id == link.record_id), None)
    with hub.store.begin() as tx:
        shards.renew(tx, hub.worker_id, fences)
        batch = Batch(hub, tx, run, priority=side.priority)
        mine = goldens.load_links(tx, [link.id])[link.id]
        now = _in_our_terms(side, record)
        if record is not None and _went_over(side, mine, intent.fields or {}, now):
            _landed_on(batch, side, mine, intent, now)
        else:
            intents.settle(tx, intent.id, "failed" if record is not None else "applied")
        batch.dirty_links[mine.id] = mine
        batch.store()
        _go_on(tx, mine)
        settled_at = tx.now()
    if record is not None:
        _hear(hub, side, link, record, run, settled_at)


def _went_over(side: Side, link: Link, sent: Normals, now: Normals) -> bool:
    """Whether the record holds what we sent where it held something else when it was captured."""
    telling = [n for n in sent if n in now and not _holds(side, n, sent[n], link.seen.get(n))]
    return not telling or any(_holds(side, n, sent[n], now[n]) for n in telling)


def _landed_on(batch: Batch, side: Side, link: Link, intent: Intent, now: Normals) -> None:
    """Our create took effect on the record that the link has: what it holds of ours is no edit of anybody."""
    sent = dict(intent.fields or {})
    intents.settle(batch.tx, intent.id, "applied")
    link.told = {**link.told, **sent}
    link.seen = {**link.seen, **own_writing(sent, now, side.their_fields(sent))}
    link.digest = None


def _go_on(tx: Tx, link: Link) -> None:
    """The outcome is known: what the system is owed is looked at anew, and created if nobody made it meanwhile."""
    again = goldens.load_links(tx, [link.id])[link.id]
    again.state = "wanted" if again.record_id is None else again.state
    again.waits, again.due_at = None, tx.now()
    goldens.save_links(tx, [again])
    _close(tx, link)


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
    if mine.record_id is not None:  # linked to what somebody made by hand meanwhile, or seen by the capture
        _landed_beside(batch, side, mine, record)
    elif twin is not None and twin.id != mine.id:
        _lost_race(batch, side, mine, twin)
    else:
        adopt(batch, side, mine, _in_our_terms(side, record), record.modified_at)
        mine.record_id, mine.organisation, mine.state = record.id, record.organisation, "active"
        mine.waits, mine.attempt, mine.due_at = None, 0, tx.now()
    batch.dirty_links[mine.id] = mine
    batch.store()
    _close(tx, link)


def _landed_beside(batch: Batch, side: Side, mine: Link, record: Record) -> None:
    """Our create took effect, and the object has a record here already: if that is another one, a person decides."""
    intent = intents.unsettled(batch.tx, [mine.id]).get(mine.id)
    mine.waits, mine.due_at = None, batch.tx.now()
    if intent is not None and record.id == mine.record_id:
        _landed_on(batch, side, mine, intent, _in_our_terms(side, record))
    elif intent is not None:
        intents.settle(batch.tx, intent.id, "applied")
    if record.id != mine.record_id:
        doubled(batch, side, mine, record.id)


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
