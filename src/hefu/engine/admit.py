"""Records that were read find their links: a known one is merged, a new one recognised, an odd one listed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from hefu.core.errors import HubError, Rejected
from hefu.core.match import match_keys
from hefu.core.records import Normals, Record
from hefu.core.rewriting import own_writing, rewritten
from hefu.engine import aliases, came_back, clocks, identity, suppress
from hefu.engine.fold import Batch, create_golden, fold, owed
from hefu.engine.hub import Side
from hefu.engine.identity import Newcomer, Place
from hefu.engine.loss import report_losses
from hefu.engine.mark import UNREAD, shown
from hefu.store import golden as goldens
from hefu.store import intents, issues
from hefu.store.golden import UNRESOLVED, Link
from hefu.store.issues import Issue


def admit(
    batch: Batch,
    side: Side,
    understood: Sequence[tuple[Record, Any]],
    digests: dict[tuple[str, str], str],
    asked_at: str,
) -> None:
    """Merge what is known, recognise what is new, list what cannot be read. `digests`: (organisation, id) -> mark."""
    doc, tx = side.mapping, batch.tx
    keys = [(r.organisation, r.id) for r, _ in understood]
    links = goldens.links_by_record(tx, doc.connection, doc.object, keys)
    _find_home(batch, links, keys)
    understood = suppress.sieve(batch, side, understood, links)
    batch.golden |= goldens.load_golden(tx, {x.golden_id for x in links.values()})
    flying = intents.unsettled(tx, [x.id for x in links.values()])
    fresh: list[tuple[Record, Normals]] = []
    if stands := aliases.stand_ins(tx, side, links.values()):
        for mine in links.values():
            mine.seen = aliases.led_on(side, mine.seen, stands)
    for record, values in understood:
        key = (record.organisation, record.id)
        link = links.get(key)
        if isinstance(values, HubError):
            unreadable(batch, side, record, values, link)
        elif link is None:
            fresh.append((record, values))
        elif link.id in flying or (link.seen_at is not None and link.seen_at > asked_at):
            link.reread = 1  # a write of ours is under way, or was made since: read again
            batch.dirty_links[link.id] = link
            batch.counts["waiting"] += 1
        else:
            _known(batch, side, link, record, values, digests[key])
    if fresh:
        _fresh(batch, side, fresh, digests)
    for record, _ in understood if side.entity.on_merge == "join" else ():
        kept = links.get((record.organisation, record.id)) or _made(batch, side, record)
        if record.aliases and kept is not None:
            aliases.redirected(batch, side, record, kept)
    readable = {r.id for r, values in understood if not isinstance(values, HubError)}
    issues.close_readable(tx, doc.connection, side.entity.entity, readable)
    if batch.new_links or batch.counts["linked"]:
        goldens.read_children_again(tx, doc.connection)
    if batch.counts["returned"] or batch.counts["linked"]:
        goldens.release_children(tx, doc.connection)


def _find_home(batch: Batch, links: dict[Place, Link], keys: Sequence[Place]) -> None:
    """Records that we made where the connection names no organisation: the first read tells in which they stand."""
    strays = {("", i): (place, i) for place, i in keys if place and (place, i) not in links and ("", i) in links}
    ours = intents.created(batch.tx, [links[key].id for key in strays]) if strays else set()
    for key, home in strays.items():
        link = links[key]
        if link.id in ours and key not in keys:
            links[home] = links.pop(key)
            link.organisation = home[0]
            batch.dirty_links[link.id] = link


def _made(batch: Batch, side: Side, record: Record) -> Link | None:
    """The link that this batch made for a record."""
    place = (side.mapping.object, record.organisation, record.id)
    return next((x for x in batch.new_links if (x.object, x.organisation, x.record_id) == place), None)


def _stamp_link(batch: Batch, side: Side, link: Link, record: Record, mark: str | None) -> None:
    link.digest, link.version, link.seen_at = mark, record.version, batch.tx.now()
    link.reread = UNRESOLVED if _orphaned(batch, side, link, record) else 0
    if side.schema.state is not None:
        state = record.values.get(side.schema.state)
        link.status = None if state is None else shown(str(state))[:64]


def _orphaned(batch: Batch, side: Side, link: Link, record: Record) -> bool:
    """Whether a parent of the record is still unknown: said once, and read again when its system shows new records."""
    error = batch.unresolved.get((record.organisation, record.id))
    if error is not None:
        facts = {"code": error.code, "facts": {k: str(v) for k, v in error.facts.items()}, "record_id": record.id}
        where = (link.golden_id, link.id, side.mapping.connection, error.field or "")
        batch.issues.append(Issue("unresolved", side.entity.entity, *where, facts))
    elif link.reread:  # UNRESOLVED, or marked to be read again since its system showed new records
        batch.found_parent.append(link.id)
    return error is not None


def _known(batch: Batch, side: Side, link: Link, record: Record, values: Normals, mark: str) -> None:
    golden = batch.golden[link.golden_id]
    if golden.state == "merged" and link.state == "tombstone":
        aliases.refuse_return(batch, side, link, record, golden)
        return
    if link.state == "detached" and _has_twin(batch, link):
        batch.counts["twin"] += 1
        _stamp_link(batch, side, link, record, mark)
        batch.dirty_links[link.id] = link
        return
    if golden.state == "deleted" and came_back.contradicts(side, link, values, unread=link.digest == UNREAD):
        batch.counts["returned"] += link.state == "tombstone"
        changed = came_back.hold(batch, side, link, golden, record, values)
        batch.counts["changed" if changed else "same"] += 1
        _stamp_link(batch, side, link, record, mark)
        return
    back = link.state in ("missing", "tombstone", "detached")
    if back:  # it is there again: nobody deleted it, or somebody restored it
        if link.state == "tombstone":
            came_back.no_longer_gone(batch, link.golden_id, link.connection)
        link.state = "active"
        batch.counts["returned"] += 1
    if link.digest == UNREAD:
        sent, link.seen = link.seen, own_writing(link.seen, values, side.their_fields(link.seen))
        report_losses(batch, side, link, sent, link.seen)
    changed = fold(batch, side, link, golden, record, values, "changed")
    if changed and golden.state == "merged":
        aliases.propose(batch, side.entity, golden)
    batch.counts["changed" if changed else "same"] += 1
    status = link.status
    _stamp_link(batch, side, link, record, mark)
    if changed or back or status != link.status:
        _owe_itself(batch, side, link)
    batch.dirty_links[link.id] = link


def _has_twin(batch: Batch, link: Link) -> bool:
    """Whether another record of that system stands for the object; else the filter had left this one alone."""
    others = goldens.links_of(batch.tx, [link.golden_id], lock=False).get(link.golden_id, ())
    place = (link.connection, link.object, link.organisation)
    here = [x for x in others if x.id != link.id and (x.connection, x.object, x.organisation) == place]
    return any(x.state not in ("detached", "tombstone") for x in here)


def _owe_itself(batch: Batch, side: Side, link: Link) -> None:
    """The system that spoke may itself owe golden something: an overruled edit, a step that is due."""
    golden = batch.golden[link.golden_id]
    if side.steps or golden.state == "deleted" or owed(side, link, golden):
        link.due_at, link.attempt = batch.tx.now(), 0
        link.waits = None if link.waits == "person" else link.waits


def _fresh(
    batch: Batch, side: Side, fresh: Sequence[tuple[Record, Normals]], digests: dict[tuple[str, str], str]
) -> None:
    """Records without a link: recognise them, one after the other, since two of them may be twins."""
    if not side.entity.match and not identity.may_be_ours(batch, side):
        for record, values in fresh:
            _new(batch, side, record, values, digests[(record.organisation, record.id)])
        return
    for group in _distinct(side, fresh):
        if batch.new_golden:  # what this batch created so far must be found by the next of the same name
            for entity, rows in batch.keys.items():
                goldens.add_keys(batch.tx, entity, rows)
            batch.keys.clear()
        for one, found in zip(group, identity.identify(batch, side, group), strict=True):
            _join(batch, side, one, found, digests[(one.record.organisation, one.record.id)])


def _distinct(side: Side, fresh: Sequence[tuple[Record, Normals]]) -> Iterator[list[Newcomer]]:
    """Groups in which no two records share a key, so that each group can be looked up at once."""
    waiting = [Newcomer(record, values, match_keys(side.entity.match, values)) for record, values in fresh]
    while waiting:
        taken: set[tuple[int, str]] = set()
        group: list[Newcomer] = []
        later: list[Newcomer] = []
        for one in waiting:
            mine = {(kind, key) for kind, key in enumerate(one.keys) if key is not None}
            (later if mine & taken else group).append(one)
            taken |= mine
        yield group
        waiting = later


def _join(batch: Batch, side: Side, one: Newcomer, found: identity.Found, mark: str) -> None:
    golden, record, values = found.golden, one.record, one.values
    if golden is None:
        _new(batch, side, record, values, mark, one.keys)
        return
    doc = side.mapping
    link = found.link
    if link is not None and link.record_id is not None:  # one before it in this group took the place
        found, link = found._replace(own=False, sent=None, twin=link.organisation == record.organisation), None
    if link is None:
        link = Link(batch.hub.env.new_id(), doc.mapping, doc.connection, doc.object, record.organisation, None,
                    golden.id)  # fmt: skip
        batch.new_links.append(link)
    else:
        batch.dirty_links[link.id] = link
    link.record_id, link.organisation = record.id, record.organisation
    if found.twin:
        _twin(batch, side, link, record, mark)
        return
    if found.own:
        sure = side.token_field is not None or side.can.create != "upsert"
        adopt(batch, side, link, values, record.modified_at, sure=sure)
    if found.sent is not None:
        _ours_in(side, link, found.sent, values)
    batch.counts["linked"] += 1
    link.state, link.waits, link.attempt = "active", None, 0
    if golden.state == "deleted" and not found.own:
        came_back.hold(batch, side, link, golden, record, values)
        _stamp_link(batch, side, link, record, mark)
        return
    fold(batch, side, link, golden, record, values, "linked")
    _stamp_link(batch, side, link, record, mark)
    link.due_at = None
    _owe_itself(batch, side, link)
    if found.again:
        came_back.no_longer_gone(batch, golden.id, doc.connection)


def adopt(
    batch: Batch, side: Side, link: Link, found: Normals, stamped: datetime | None = None, *, sure: bool = True
) -> None:
    """Our create whose answer was lost: it holds what we sent, and what it holds beyond that somebody typed.

    Not `sure`: it may be older than our upsert, which goes over what somebody made by hand; that is still looked up.
    """
    intent = intents.unsettled(batch.tx, [link.id]).get(link.id)
    if intent is None:
        return
    sent = intent.fields or {}
    if side.token_field is None:
        sent = _ours_in(side, link, sent, found)
    else:
        link.told, link.seen = dict(sent), own_writing(sent, found, side.their_fields(sent))
    report_losses(batch, side, link, sent, link.seen)
    if not sure:
        return
    intents.settle(batch.tx, intent.id, "applied")
    if stamped is not None:
        clocks.learn_late(batch.tx, link.connection, stamped, intent.made_at)
    issues.close_issues(batch.tx, "hub", "found", kinds=("unknown_outcome",), link_ids=[link.id])


def _ours_in(side: Side, link: Link, sent: Normals, found: Normals) -> Normals:
    """Found by its key: perhaps somebody made it by hand, who never knew what we sent; what is the same is ours."""
    fields = side.their_fields(sent)
    ours = {n: v for n, v in sent.items() if n in found and rewritten(v, found[n], fields[n])}
    link.told, link.seen = dict(ours), own_writing(ours, found, fields)
    return ours


def _twin(batch: Batch, side: Side, link: Link, record: Record, mark: str) -> None:
    """A second record of one object in one system: kept aside, untouched, until a person merges or parts them."""
    link.state, link.due_at = "detached", None
    _stamp_link(batch, side, link, record, mark)
    facts = {"record_id": record.id, "object": side.mapping.object, "twin_of": link.golden_id}
    batch.issues.append(
        Issue("duplicate", side.entity.entity, link.golden_id, link.id, side.mapping.connection, record.id[:200], facts)
    )
    batch.counts["twin"] += 1


def _new(
    batch: Batch,
    side: Side,
    record: Record,
    values: Normals,
    mark: str,
    keys: Sequence[str | None] | None = None,
) -> None:
    doc = side.mapping
    ids = batch.hub.env
    link = Link(ids.new_id(), doc.mapping, doc.connection, doc.object, record.organisation, record.id, ids.new_id())
    _stamp_link(batch, side, link, record, mark)
    create_golden(batch, side, link, record, values, keys)
    batch.new_links.append(link)
    batch.counts["created"] += 1
    if side.steps:
        link.due_at = batch.tx.now()


def unreadable(batch: Batch, side: Side, record: Record, error: HubError, link: Link | None) -> None:
    """A record that cannot be understood: listed, and looked at again on every read."""
    facts = {
        "code": error.code,
        "facts": {k: str(v) for k, v in error.facts.items()},
        "record_id": shown(record.id),
    }
    blamed = error.field if isinstance(error, Rejected) and error.field else ""
    golden_id, link_id = (link.golden_id, link.id) if link else (None, None)
    where = f"{facts['record_id']}:{blamed}"[:200]
    batch.issues.append(
        Issue("unreadable", side.entity.entity, golden_id, link_id, side.mapping.connection, where, facts)
    )
    batch.counts["unreadable"] += 1
