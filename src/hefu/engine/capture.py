"""Reads a system and folds in what its people changed; merge results and the cursor commit together."""

from __future__ import annotations

import hashlib
import json
import re
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson

from hefu.core.env import stamp
from hefu.core.errors import HubError, Rejected
from hefu.core.mapping import FILTERED
from hefu.core.match import match_keys
from hefu.core.records import Normals, Page, Record
from hefu.core.rewriting import own_writing, rewritten
from hefu.engine import aliases, clocks, identity, references
from hefu.engine.fold import Batch, create_golden, fold, owed
from hefu.engine.hub import Counts, Hub, Run, Side, chunks
from hefu.engine.loss import report_losses
from hefu.store import golden as goldens
from hefu.store import intents, issues, runs
from hefu.store.db import Tx, instant, text
from hefu.store.golden import UNRESOLVED, Link
from hefu.store.issues import Issue
from hefu.store.tables import link as link_table

UNREAD = "unread"
"""Digest of a record that we wrote and have not read since: its way of writing is not known yet."""

BATCH = 1000
"""Records merged in one transaction; the memory that capture needs is bounded by this."""


def digest(record: Record, fingerprint: str) -> str:
    """Equal digests mean: this record says what it said, and means what it meant."""
    try:
        data = orjson.dumps(record.values, default=str, option=orjson.OPT_SORT_KEYS | orjson.OPT_NON_STR_KEYS)
    except TypeError:  # half a character, or a whole number of more than 64 bits
        data = json.dumps(record.values, default=str, sort_keys=True).encode()
    return hashlib.blake2b(data, digest_size=12, key=fingerprint.encode()[:64]).hexdigest()


def capture(hub: Hub, side: Side, run: Run, *, full: bool = False) -> Counts:
    """Read what changed since the cursor (or everything) and fold it in. Raises HubError when the system fails.

    What was committed before a failure stays, with its cursor. Counts: read = unchanged + filtered + unreadable +
    created + linked + changed + same + twin + waiting.
    """
    with hub.store.look() as tx:
        cursor = runs.get_cursor(tx, side.name)
        asked_at = tx.now()
    full = full and side.can.complete
    meaning_changed = cursor is not None and cursor.fingerprint != side.compiled.fingerprint
    since = cursor.position if cursor and not (full or meaning_changed or side.can.changes == "full") else None
    stepwise = since is not None or (side.can.changes != "full" and (cursor is None or cursor.position is None))
    known = since is None and _has_links(hub, side)
    counts, seen, last = Counts(), array("Q"), None
    if since is not None:
        _read_again(hub, side, run, counts)
    pages = hub.connect(side.mapping.connection).read(side.mapping.object, since)
    for page in hub.env.ahead(_regroup(pages)):
        if page.cursor == since:  # no further than before: nothing to note down
            page = page._replace(cursor=None)
        filtered = absorb(hub, side, page.records, run, counts, asked_at, page=page, stepwise=stepwise)
        last = page.cursor or last
        if since is None and known:
            shown = ((r.organisation, r.id) for r in page.records)
            seen.extend(_short(*key) for key in shown if key not in filtered)
        hub.told("capture", side.name, counts)
    if since is None:
        if known and side.can.complete:
            _note_missing(hub, side, counts, seen, asked_at)
        with hub.store.begin() as tx:
            position = None if side.can.changes == "full" else last
            runs.set_cursor(tx, side.name, position, side.compiled.fingerprint, tx.now())
            if meaning_changed:
                goldens.look_again(tx, side.name)
    return counts


def _read_again(hub: Hub, side: Side, run: Run, counts: Counts) -> None:
    """Records that changed while our own write was in flight, or whose parent may be known by now."""
    with hub.store.look() as tx:
        ids, asked_at = goldens.to_read_again(tx, side.name, BATCH), tx.now()
    if ids:
        try:
            found = hub.connect(side.mapping.connection).fetch(side.mapping.object, ids)
        except Rejected:  # one of them cannot be read just now: they stay marked
            return
        absorb(hub, side, found, run, counts, asked_at)


def _regroup(pages: Iterable[Page]) -> Iterator[Page]:
    """Pages joined up to BATCH records, since a system's page may be tiny; large ones are cut."""
    records: list[Record] = []
    gone: list[str] = []
    cursor: str | None = None
    for page in pages:
        records += page.records
        gone += page.gone
        cursor = page.cursor if page.cursor is not None else cursor
        while len(records) > BATCH:
            yield Page(records[:BATCH])
            records = records[BATCH:]
        if len(records) >= BATCH // 2 or gone:
            yield Page(records, cursor, gone)
            records, gone = [], []
    yield Page(records, cursor, gone)


def _short(organisation: str, record_id: str) -> int:
    raw = hashlib.blake2b(f"{organisation}\x1f{record_id}".encode(), digest_size=8).digest()
    return int.from_bytes(raw, "big")


def _has_links(hub: Hub, side: Side) -> bool:
    here = (link_table.c.connection == side.mapping.connection, link_table.c.object == side.mapping.object)
    known = (*here, link_table.c.record_id.is_not(None), link_table.c.mapping == side.name)  # by the index of records
    with hub.store.look() as tx:
        one = link_table.select().where(*known).with_only_columns(link_table.c.id).limit(1)
        return tx.run(one).first() is not None


def absorb(
    hub: Hub,
    side: Side,
    records: Sequence[Record],
    run: Run,
    counts: Counts,
    asked_at: str,
    *,
    page: Page | None = None,
    stepwise: bool = False,
) -> set[tuple[str, str]]:
    """Fold these records in and, with `page`, move the cursor and note what is gone: one commit.

    `asked_at`: when the system was asked for them, as `Tx.now`. What we came to know of a record after that is newer
    than the answer, which may be older than a write of ours: such a record is read again. Returns the keys of
    records that the mapping's filter leaves alone.
    """
    odd = [(r, error) for r in records if (error := unstorable(r)) is not None]
    sound = [r for r in records if unstorable(r) is None] if odd else records
    latest = {(r.organisation, r.id): r for r in sound}  # the last word on a record that occurs twice
    counts["read"] += len(records)
    counts["repeated"] += len(sound) - len(latest)
    digests = {key: digest(r, side.compiled.fingerprint) for key, r in latest.items()}
    with hub.store.look() as tx:
        known = goldens.digests(tx, side.mapping.connection, side.mapping.object, latest)
    news = [key for key in latest if known.get(key) != digests[key] or latest[key].aliases]
    counts["unchanged"] += len(latest) - len(news)
    if not news and not odd and not (page and (page.gone or page.cursor)):
        return set()
    understood, lost = _understand(hub, side, [latest[key] for key in news], run, counts)

    def merge(tx: Tx) -> Counts:
        batch = Batch(hub, tx, run, priority=side.priority, unresolved=lost)
        _merge_all(batch, side, understood, digests, asked_at)
        for record, error in odd:
            _unreadable(batch, side, record, error, None)
        if page is not None:
            _note_gone(batch, side, page.gone)
            _move_cursor(tx, side, page, stepwise)
        batch.store()
        return batch.counts

    counts.update(hub.store.again(merge))
    return set(news) - {(r.organisation, r.id) for r, _ in understood}


_NO_TEXT = re.compile("[\0\ud800-\udfff]")
_LONGEST = {"id": 200, "version": 200, "organisation": 64}


def unstorable(record: Record) -> Rejected | None:
    """Why a record cannot be remembered at all, whatever its values mean; no database may fail over one of them."""
    for part, longest in _LONGEST.items():
        value = getattr(record, part)
        if value is not None and (len(value) > longest or _NO_TEXT.search(value)):
            return Rejected("record.unstorable", part=part, longest=longest, begins=repr(value)[:60])
    return None


def _understand(
    hub: Hub, side: Side, records: Sequence[Record], run: Run, counts: Counts
) -> tuple[list[tuple[Record, Any]], dict[tuple[str, str], Rejected]]:
    """Each record with its values in our terms, or the error that says why not; filtered ones are dropped.

    Second: records of which a parent is unknown, with the reason.
    """
    out: list[tuple[Record, Any]] = []
    for record, values in zip(records, side.compiled.inward([r.values for r in records]), strict=True):
        if values is FILTERED:
            counts["filtered"] += 1
        else:
            out.append((record, values))

    def absorb_parents(parent: Side, found: Sequence[Record], asked_at: str) -> None:
        absorb(hub, parent, found, run, Counts(), asked_at)

    told, lost = references.inward(hub, side, out, absorb_parents)
    aliases.look_after_parents(hub, side, told, absorb_parents)
    return told, lost


def _merge_all(
    batch: Batch,
    side: Side,
    understood: Sequence[tuple[Record, Any]],
    digests: dict[tuple[str, str], str],
    asked_at: str,
) -> None:
    doc, tx = side.mapping, batch.tx
    keys = [(r.organisation, r.id) for r, _ in understood]
    links = goldens.links_by_record(tx, doc.connection, doc.object, keys)
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
            _unreadable(batch, side, record, values, link)
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


def _made(batch: Batch, side: Side, record: Record) -> Link | None:
    """The link that this batch made for a record."""
    place = (side.mapping.object, record.organisation, record.id)
    return next((x for x in batch.new_links if (x.object, x.organisation, x.record_id) == place), None)


def _stamp_link(batch: Batch, side: Side, link: Link, record: Record, mark: str | None) -> None:
    link.digest, link.version, link.seen_at = mark, record.version, batch.tx.now()
    link.reread = UNRESOLVED if _orphaned(batch, side, link, record) else 0
    if side.schema.state is not None:
        state = record.values.get(side.schema.state)
        link.status = None if state is None else _NO_TEXT.sub("?", str(state))[:64]


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
    back = link.state in ("missing", "tombstone", "detached")
    if back:  # it is there again: nobody deleted it, or somebody restored it
        link.state = "active"
        batch.counts["returned"] += 1
    if golden.state == "deleted":
        _edited_after_delete(batch, side, link, record, values)
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
    if side.steps or owed(side, link, golden):
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
        for (record, values), found in zip(group, identity.identify(batch, side, group), strict=True):
            _join(batch, side, record, values, found, digests[(record.organisation, record.id)])


def _distinct(side: Side, fresh: Sequence[tuple[Record, Normals]]) -> Iterator[list[tuple[Record, Normals]]]:
    """Groups in which no two records share a key, so that each group can be looked up at once."""
    waiting = list(fresh)
    while waiting:
        taken: set[tuple[int, str]] = set()
        group: list[tuple[Record, Normals]] = []
        later: list[tuple[Record, Normals]] = []
        for item in waiting:
            mine = {(k, v) for k, v in enumerate(match_keys(side.entity.match, item[1])) if v is not None}
            (later if mine & taken else group).append(item)
            taken |= mine
        yield group
        waiting = later


def _join(batch: Batch, side: Side, record: Record, values: Normals, found: identity.Found, mark: str) -> None:
    golden = found.golden
    if golden is None:
        _new(batch, side, record, values, mark)
        return
    doc = side.mapping
    link = found.link
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
        adopt(batch, side, link, values, record.modified_at)
    link.state, link.waits, link.attempt = "active", None, 0
    fold(batch, side, link, golden, record, values, "linked")
    _stamp_link(batch, side, link, record, mark)
    link.due_at = None
    _owe_itself(batch, side, link)
    batch.counts["linked"] += 1


def adopt(batch: Batch, side: Side, link: Link, found: Normals, stamped: datetime | None = None) -> None:
    """Our create whose answer was lost: it holds what we sent, and what it holds beyond that somebody typed."""
    intent = intents.unsettled(batch.tx, [link.id]).get(link.id)
    if intent is None:
        return
    sent, fields = intent.fields or {}, side.their_fields(intent.fields or {})
    if side.token_field is None:  # found by its key: perhaps somebody made it by hand, who never knew what we sent
        sent = {n: v for n, v in sent.items() if n in found and rewritten(v, found[n], fields[n])}
    link.told, link.seen = dict(sent), own_writing(sent, found, fields)
    report_losses(batch, side, link, sent, link.seen)
    intents.settle(batch.tx, intent.id, "applied")
    if stamped is not None:
        clocks.learn_late(batch.tx, link.connection, stamped, intent.made_at)
    issues.close_issues(batch.tx, "hub", "found", kinds=("unknown_outcome",), link_ids=[link.id])


def _twin(batch: Batch, side: Side, link: Link, record: Record, mark: str) -> None:
    """A second record of one object in one system: kept aside, untouched, until a person merges or parts them."""
    link.state, link.due_at = "detached", None
    _stamp_link(batch, side, link, record, mark)
    facts = {"record_id": record.id, "object": side.mapping.object, "twin_of": link.golden_id}
    batch.issues.append(
        Issue("duplicate", side.entity.entity, link.golden_id, link.id, side.mapping.connection, record.id[:200], facts)
    )
    batch.counts["twin"] += 1


def _new(batch: Batch, side: Side, record: Record, values: Normals, mark: str) -> None:
    doc = side.mapping
    ids = batch.hub.env
    link = Link(ids.new_id(), doc.mapping, doc.connection, doc.object, record.organisation, record.id, ids.new_id())
    _stamp_link(batch, side, link, record, mark)
    create_golden(batch, side, link, record, values)
    batch.new_links.append(link)
    batch.counts["created"] += 1
    if side.steps:
        link.due_at = batch.tx.now()


def _unreadable(batch: Batch, side: Side, record: Record, error: HubError, link: Link | None) -> None:
    """A record that cannot be understood: listed, and looked at again on every read."""
    facts = {
        "code": error.code,
        "facts": {k: str(v) for k, v in error.facts.items()},
        "record_id": _NO_TEXT.sub("?", record.id),
    }
    blamed = error.field if isinstance(error, Rejected) and error.field else ""
    golden_id, link_id = (link.golden_id, link.id) if link else (None, None)
    where = f"{facts['record_id']}:{blamed}"[:200]
    batch.issues.append(
        Issue("unreadable", side.entity.entity, golden_id, link_id, side.mapping.connection, where, facts)
    )
    batch.counts["unreadable"] += 1


def _edited_after_delete(batch: Batch, side: Side, link: Link, record: Record, values: Normals) -> None:
    if all(link.seen.get(n) == v for n, v in values.items()):
        return
    golden = batch.golden[link.golden_id]
    facts = {
        "record_id": record.id,
        "author": record.author,
        "at": stamp(record.modified_at) if record.modified_at else None,
    }
    batch.issues.append(Issue("delete_edit", golden.entity, golden.id, link.id, side.mapping.connection, "", facts))


def _note_gone(batch: Batch, side: Side, gone: Sequence[str]) -> None:
    """Deletions that the system told: marked here, decided in `bury`."""
    if not gone:
        return
    doc, organisation = side.mapping, side.connection.organisation
    known = [(organisation, i) for i in gone if not _NO_TEXT.search(i)]
    found = goldens.links_by_record(batch.tx, doc.connection, doc.object, known)
    for link in found.values():
        if link.state == "active" and link.id not in batch.dirty_links:
            link.state = "missing"
            batch.dirty_links[link.id] = link
            batch.counts["gone"] += 1


def _move_cursor(tx: Tx, side: Side, page: Page, stepwise: bool) -> None:
    """Commit how far we are, where going on from there is what a later read would do anyway."""
    if stepwise and page.cursor is not None:
        old = runs.get_cursor(tx, side.name)
        if old is None or old.position != page.cursor:
            runs.set_cursor(tx, side.name, page.cursor, side.compiled.fingerprint, old.full_at if old else None)


def _note_missing(hub: Hub, side: Side, counts: Counts, seen: array[int], asked_at: str) -> None:
    """A complete read has ended: what was not in it is missing, unless it is too new to be shown already."""
    shown_by_then = text(instant(asked_at) - timedelta(seconds=side.can.lag))
    ordered, after = sorted(seen), ""
    while True:
        with hub.store.begin() as tx:
            rows = tx.run(
                link_table.select()
                .with_only_columns(link_table.c.id, link_table.c.organisation, link_table.c.record_id)
                .where(link_table.c.mapping == side.name, link_table.c.state == "active", link_table.c.id > after)
                .where(link_table.c.seen_at < shown_by_then)
                .order_by(link_table.c.id)
                .limit(5000)
            ).all()
            absent = [r[0] for r in rows if r[2] is not None and not _has(ordered, _short(r[1], r[2]))]
            for part in chunks(absent, 500):
                tx.run(link_table.update().where(link_table.c.id.in_(part)).values(state="missing"))
            counts["gone"] += len(absent)
        if not rows:
            return
        after = rows[-1][0]


def _has(ordered: list[int], value: int) -> bool:
    place = bisect_left(ordered, value)
    return place < len(ordered) and ordered[place] == value
