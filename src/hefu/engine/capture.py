"""Reads a system and folds in what its people changed; merge results and the cursor commit together."""

from __future__ import annotations

import hashlib
from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import Any

from sqlalchemy import bindparam, select

from hefu.core.errors import HubError, Rejected
from hefu.core.mapping import FILTERED
from hefu.core.records import Page, Record
from hefu.engine import aliases, references
from hefu.engine.admit import admit, unreadable
from hefu.engine.fold import Batch
from hefu.engine.hub import Counts, Hub, Run, Side, chunks
from hefu.engine.mark import digest, storable, unstorable
from hefu.store import golden as goldens
from hefu.store import runs
from hefu.store.db import Tx, instant, text
from hefu.store.tables import link as link_table

BATCH = 1000
"""Records merged in one transaction; the memory that capture needs is bounded by this."""

LOOKED_AT = 5000
"""Links compared at a time with what a complete reading showed."""

# Asked in every round, so built once.
_ONE_KNOWN = (
    select(link_table.c.id)
    .where(link_table.c.connection == bindparam("connection"), link_table.c.object == bindparam("object"))
    .where(link_table.c.record_id.is_not(None), link_table.c.mapping == bindparam("mapping"))  # by the records' index
    .limit(1)
)
_LINKS_SEEN = (
    select(link_table.c.id, link_table.c.organisation, link_table.c.record_id)
    .where(link_table.c.mapping == bindparam("mapping"), link_table.c.state == "active")
    .where(link_table.c.id > bindparam("after"), link_table.c.seen_at < bindparam("by_then"))
    .order_by(link_table.c.id)
    .limit(LOOKED_AT)
)


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
    """Pages joined up to BATCH records, since a system's page may be tiny; large ones are cut.

    What was shown before a page failed is passed on before the failure: it is known by then, and must not be written
    over as if it were not.
    """
    records: list[Record] = []
    gone: list[str] = []
    cursor: str | None = None
    failure: HubError | None = None
    try:
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
    except HubError as error:
        failure = error
    yield Page(records, cursor, gone)
    if failure is not None:
        raise failure


def _short(organisation: str, record_id: str) -> int:
    raw = hashlib.blake2b(f"{organisation}\x1f{record_id}".encode(), digest_size=8).digest()
    return int.from_bytes(raw, "big")


def _has_links(hub: Hub, side: Side) -> bool:
    here = {"connection": side.mapping.connection, "object": side.mapping.object, "mapping": side.name}
    with hub.store.look() as tx:
        return tx.run(_ONE_KNOWN, here).first() is not None


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
        admit(batch, side, understood, digests, asked_at)
        for record, error in odd:
            unreadable(batch, side, record, error, None)
        if page is not None:
            _note_gone(batch, side, page.gone)
            _move_cursor(tx, side, page, stepwise)
        batch.store()
        return batch.counts

    counts.update(hub.store.again(merge))
    return set(news) - {(r.organisation, r.id) for r, _ in understood}


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


def _note_gone(batch: Batch, side: Side, gone: Sequence[str]) -> None:
    """Deletions that the system told: marked here, decided in `bury`."""
    if not gone:
        return
    doc, organisation = side.mapping, side.connection.organisation
    known = [(organisation, i) for i in gone if storable(i)]
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
            rows = tx.run(_LINKS_SEEN, {"mapping": side.name, "after": after, "by_then": shown_by_then}).all()
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
