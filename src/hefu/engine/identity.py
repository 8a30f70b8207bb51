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


class Found(NamedTuple):
    """What a record turned out to be.

    golden None: nobody knew it.  link: the link that waits for it (wanted, or our own create coming back).
    own: it is our create, whose answer was lost.  twin: the object already has another record in this system.
    """

    golden: Golden | None
    link: Link | None = None
    own: bool = False
    twin: bool = False


def identify(batch: Batch, side: Side, records: Sequence[tuple[Record, Normals]]) -> list[Found]:
    """For each (record, its values in our terms): the business object it is. Two workers never decide at once."""
    batch.tx.lock_name(f"identity:{side.entity.entity}")
    ours = _own_creates(batch, side, [record for record, _ in records])
    rules = side.entity.match
    keys = [match_keys(rules, values) for _, values in records]
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
    return [
        _one(batch, side, record, mine, {i: stands[i] for i in ids},
             {i: [*links.get(i, ()), *fresh.get(i, ())] for i in map(stands.__getitem__, ids)}, ours)
        for (record, _), mine, ids in zip(records, keys, found, strict=True)
    ]  # fmt: skip


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


def _own_creates(batch: Batch, side: Side, records: Sequence[Record]) -> dict[str, Link]:
    """record id -> our link, for records that carry the token of a create of ours, or else its natural key."""
    name = side.token_field
    if name is None:
        return _created_by_key(batch, side, records)
    tokens = {str(r.values[name]): r.id for r in records if r.values.get(name)}
    links = goldens.load_links(batch.tx, tokens)
    return {tokens[i]: x for i, x in links.items() if x.record_id is None and x.mapping == side.name}


def _created_by_key(batch: Batch, side: Side, records: Sequence[Record]) -> dict[str, Link]:
    """record id -> our link, where the answer to a create of ours is not known and nothing but its key tells."""
    if side.can.create not in ("key", "upsert") or not side.schema.key:
        return {}
    flying = intents.creates_of(batch.tx, side.name)
    if not flying:
        return {}
    keys = {}
    for intent in flying:
        key = references.sent_key(batch.tx, batch.hub, side, intent.fields or {})
        if key is not None:
            keys[tuple(key.values())] = intent.link_id
    ours = {r.id: keys.get(tuple(r.values.get(n) for n in side.schema.key)) for r in records}
    links = goldens.load_links(batch.tx, [i for i in ours.values() if i is not None])
    return {record_id: links[i] for record_id, i in ours.items() if i in links and links[i].record_id is None}


def _one(
    batch: Batch,
    side: Side,
    record: Record,
    mine: Sequence[str | None],
    ids: Mapping[str, str],
    links: Mapping[str, list[Link]],
    ours: Mapping[str, Link],
) -> Found:
    if record.id in ours:
        link = ours[record.id]
        return Found(batch.golden[link.golden_id], link, own=True)
    joins: dict[str, int] = {}
    for known_as, golden_id in ids.items():
        golden = batch.golden[golden_id]
        strict = side.entity.on_contradiction == "ask"
        verdict = judge(mine, match_keys(side.entity.match, batch.golden[known_as].fields), strict=strict)
        if verdict is None or golden.state == "merged":
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


def _place(side: Side, record: Record, golden: Golden, links: Sequence[Link], batch: Batch) -> Found:
    """Where the record goes among the links of the object it is."""
    here = [
        x for x in links
        if (x.connection, x.object) == (side.mapping.connection, side.mapping.object)
        and x.organisation in (record.organisation, side.connection.organisation)
        and x.state not in ("detached", "tombstone")
    ]  # fmt: skip
    if any(x.record_id is not None and x.record_id != record.id for x in here):
        return Found(golden, twin=True)
    waiting = next((x for x in here if x.record_id is None), None)
    if waiting is None:
        return Found(golden)
    unsure = side.token_field is None  # else our own would carry our token, and were found by it
    own = unsure and waiting.state == "creating" and waiting.id in intents.unsettled(batch.tx, [waiting.id])
    return Found(golden, waiting, own=own)


def _suspect(batch: Batch, side: Side, record: Record, golden: Golden, key: Sequence[str]) -> None:
    """Alike, but not for us to join: a person looks."""
    facts = {"record_id": record.id, "object": side.mapping.object, "agrees_on": list(key), "with": golden.id}
    batch.issues.append(
        Issue("duplicate", golden.entity, golden.id, None, side.mapping.connection, record.id[:200], facts)
    )
    batch.counts["suspect"] += 1
