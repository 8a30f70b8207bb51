"""Which business object is a record that we have no link for? Exact keys only, for now; `candidates` is the seam."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from hefu.core.match import judge, match_keys
from hefu.core.records import Normals, Record
from hefu.engine import references
from hefu.engine.fold import Batch
from hefu.engine.hub import Side
from hefu.store import golden as goldens
from hefu.store import intents
from hefu.store.golden import Golden, Link
from hefu.store.issues import Issue

Place = tuple[str, str]
"""Organisation, record id."""


class Found(NamedTuple):
    """What a record turned out to be.

    golden None: nobody knew it.  link: the link that waits for it (wanted, or our own create coming back).
    own: it is our create, whose answer was lost.  twin: the object already has another record in this system.
    again: it had one before, which is gone.  sent: what a create of ours that was given up would have made.
    """

    golden: Golden | None
    link: Link | None = None
    own: bool = False
    twin: bool = False
    again: bool = False
    sent: Normals | None = None


class Newcomer(NamedTuple):
    """A record without a link, with its values in our terms and its match keys, strongest first."""

    record: Record
    values: Normals
    keys: Sequence[str | None]


def identify(batch: Batch, side: Side, records: Sequence[Newcomer]) -> list[Found]:
    """For each record the business object it is. Two workers never decide at once."""
    batch.tx.lock_name(f"identity:{side.entity.entity}")
    ours = _own_creates(batch, side, [one.record for one in records])
    keys = [one.keys for one in records]
    found = candidates(batch, side, keys)
    fresh: dict[str, list[Link]] = {}
    for link in batch.new_links:
        fresh.setdefault(link.golden_id, []).append(link)
    stands = goldens.resolve_merged(batch.tx, {g for ids in found for g in ids})
    everyone = {*stands, *stands.values()} | {link.golden_id for link in ours.values()}
    missing = everyone - batch.golden.keys()
    batch.golden |= goldens.load_golden(batch.tx, missing)
    known = goldens.links_of(batch.tx, everyone) if everyone else {}
    links = {g: [batch.dirty_links.get(x.id, x) for x in own] for g, own in known.items()}  # as this batch left them
    out = [
        _one(batch, side, one.record, one.keys, {i: stands[i] for i in ids},
             {i: [*links.get(i, ()), *fresh.get(i, ())] for i in map(stands.__getitem__, ids)}, ours)
        for one, ids in zip(records, found, strict=True)
    ]  # fmt: skip
    return _given_up(batch, side, out)


def _given_up(batch: Batch, side: Side, found: list[Found]) -> list[Found]:
    """With what an upsert sent of which a search showed nothing: repeated, and meanwhile read like a stranger's."""
    if side.token_field is not None or side.can.create != "upsert":
        return found
    waiting = [x.link.id for x in found if x.link is not None and not x.own]
    sent = intents.given_up(batch.tx, waiting) if waiting else {}
    return [x if x.link is None or x.own else x._replace(sent=sent.get(x.link.id)) for x in found]


def may_be_ours(batch: Batch, side: Side) -> bool:
    """Whether a record without a link could be one that we created."""
    return side.token_field is not None or (side.may_create and bool(intents.creates_of(batch.tx, side.name)))


def candidates(batch: Batch, side: Side, keys: Sequence[Sequence[str | None]]) -> list[list[str]]:
    """Golden ids that share a key with each record, strongest key first; merged ones as well, which had keys too."""
    out: list[list[str]] = [[] for _ in keys]
    for kind in range(len(side.entity.match)):
        wanted = {mine[kind] for mine in keys} - {None}
        if not wanted:
            continue
        known = goldens.find_keys(batch.tx, side.entity.entity, kind, [k for k in wanted if k])
        for ids, mine in zip(out, keys, strict=True):
            ids += [g for g in known.get(mine[kind] or "", ()) if g not in ids]
    return out


def _own_creates(batch: Batch, side: Side, records: Sequence[Record]) -> dict[Place, Link]:
    """Record -> our link, for records that carry the token of a create of ours, or else its natural key.

    One create made one record: where several carry its token or its key, that of the organisation in which we create,
    else the first; the others are somebody's.
    """
    name = side.token_field
    if name is None:
        told = _created_by_key(batch, side, records)
    else:
        told = [(r, str(r.values[name])) for r in records if r.values.get(name)]
    loaded = goldens.load_links(batch.tx, {i for _, i in told})
    links = {i: batch.dirty_links.get(i, x) for i, x in loaded.items()}  # as this batch left them
    ours: dict[str, Record] = {}
    for record, i in told:
        link = links.get(i)
        if link is None or link.record_id is not None or link.mapping != side.name:
            continue
        if i not in ours or link.organisation == record.organisation != ours[i].organisation:
            ours[i] = record
    return {(r.organisation, r.id): links[i] for i, r in ours.items()}


def _created_by_key(batch: Batch, side: Side, records: Sequence[Record]) -> list[tuple[Record, str]]:
    """(record, id of our link), where the answer to a create of ours is not known and nothing but its key tells."""
    if side.can.create not in ("key", "upsert") or not side.schema.key:
        return []
    flying = intents.creates_of(batch.tx, side.name)
    keys = {}
    for intent in flying:
        key = references.sent_key(batch.tx, batch.hub, side, intent.fields or {})
        if key is not None:
            keys[tuple(key.values())] = intent.link_id
    found = [(r, keys.get(tuple(r.values.get(n) for n in side.schema.key))) for r in records] if keys else []
    return [(record, i) for record, i in found if i is not None]


def _one(
    batch: Batch,
    side: Side,
    record: Record,
    mine: Sequence[str | None],
    ids: Mapping[str, str],
    links: Mapping[str, list[Link]],
    ours: Mapping[Place, Link],
) -> Found:
    link = ours.get((record.organisation, record.id))
    if link is not None:
        return Found(batch.golden[link.golden_id], link, own=True)
    joins: dict[str, int] = {}
    for known_as, golden_id in ids.items():
        golden = batch.golden[golden_id]
        strict = side.entity.on_contradiction == "ask"
        verdict = judge(mine, match_keys(side.entity.match, batch.golden[known_as].fields), strict=strict)
        if verdict is None or golden.state == "merged" or _is_over(golden, links.get(golden_id, ())):
            continue
        if verdict.join:
            joins.setdefault(golden_id, verdict.kind)
        else:
            _suspect(batch, side, record, golden, side.entity.match[verdict.kind])
    if not joins:
        return Found(None)
    golden_id = next(iter(joins))
    if len(joins) > 1 and joins[golden_id] > 0:  # a weak key that fits several: which one it is, a person says
        for one, kind in joins.items():
            _suspect(batch, side, record, batch.golden[one], side.entity.match[kind])
        return Found(None)
    return _place(side, record, batch.golden[golden_id], links.get(golden_id, ()), batch)


def _is_over(golden: Golden, links: Sequence[Link]) -> bool:
    """A deleted object of which no system holds anything: what is entered anew under its code is another one."""
    return golden.state == "deleted" and all(x.state == "tombstone" or x.state == "wanted" for x in links)


def _place(side: Side, record: Record, golden: Golden, links: Sequence[Link], batch: Batch) -> Found:
    """Where the record goes among the links of the object it is."""
    place = [
        x for x in links
        if (x.connection, x.object) == (side.mapping.connection, side.mapping.object)
        and x.organisation in (record.organisation, side.connection.organisation)
    ]  # fmt: skip
    here = [x for x in place if x.state not in ("detached", "tombstone")]
    if any(x.record_id is not None and x.record_id != record.id for x in here):
        return Found(golden, twin=True)
    waiting = next((x for x in here if x.record_id is None), None)
    again = any(x.state == "tombstone" for x in place)
    if waiting is None:
        return Found(golden, again=again)
    unsure = side.token_field is None  # else our own would carry our token, and were found by it
    own = unsure and waiting.state == "creating" and waiting.id in intents.unsettled(batch.tx, [waiting.id])
    return Found(golden, waiting, own=own, again=again)


def _suspect(batch: Batch, side: Side, record: Record, golden: Golden, key: Sequence[str]) -> None:
    """Alike, but not for us to join: a person looks."""
    facts = {"record_id": record.id, "object": side.mapping.object, "agrees_on": list(key), "with": golden.id}
    batch.issues.append(
        Issue("duplicate", golden.entity, golden.id, None, side.mapping.connection, record.id[:200], facts)
    )
    batch.counts["suspect"] += 1
