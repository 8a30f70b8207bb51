"""Two business objects turn out to be one: the loser stays as it was, and stands for the winner from then on.

Nothing is rewritten: the loser's records keep their links to it, and whatever refers to it or to one of its records is
led on to the winner (`resolve_merged`). So nothing of its history is lost, and parting the two gives both back whole.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hefu.core.env import stamp
from hefu.core.errors import HubError
from hefu.core.project import Entity
from hefu.core.records import Normals, Record
from hefu.engine.figures import MERGED
from hefu.engine.fold import Batch
from hefu.engine.hub import Hub, Side
from hefu.engine.references import Absorb, each, replaced
from hefu.engine.retire import proposal
from hefu.store import golden as goldens
from hefu.store import issues
from hefu.store.db import Tx
from hefu.store.golden import Golden, Link, Moved
from hefu.store.issues import Issue

INTO = "merged_into"
"""In the story of the loser: [None, winner]; in that of the winner as `FROM`: [None, loser]."""

FROM = "merged_from"


def redirected(batch: Batch, side: Side, record: Record, link: Link) -> None:
    """The system says that other ids lead to this record now, for its people merged records: so do we."""
    doc = side.mapping
    places = [(record.organisation, alias) for alias in record.aliases if alias != record.id]
    happened = stamp(record.modified_at) if record.modified_at else None
    for gone in goldens.links_by_record(batch.tx, doc.connection, doc.object, places).values():
        if gone.state != "tombstone":
            moved_into(batch, side, batch.dirty_links.setdefault(gone.id, gone), link, record.author, happened)


def moved_into(
    batch: Batch, side: Side, gone: Link, kept: Link, author: str | None = None, happened: str | None = None
) -> None:
    """In one system a record was merged into another: what they stand for is one object from now on."""
    gone.state, gone.due_at, gone.waits, gone.reread = "tombstone", None, None, 0
    batch.dirty_links[gone.id] = gone
    issues.close_issues(batch.tx, "hub", "merged", kinds=("duplicate", "deleted"), link_ids=[gone.id])
    stands = goldens.resolve_merged(batch.tx, [kept.golden_id, gone.golden_id])
    winner, loser = batch.own(stands[kept.golden_id]), batch.own(stands[gone.golden_id])
    if winner.id != loser.id and winner.state == loser.state == "live":
        join(batch, side.entity, winner, loser, side.mapping.connection, author, happened)
    batch.counts["merged"] += 1


def join(
    batch: Batch,
    entity: Entity,
    winner: Golden,
    loser: Golden,
    connection: str | None,
    author: str | None,
    happened: str | None = None,
) -> None:
    """The loser stands for the winner. Where only the loser has a record, the winner takes it over."""
    tx = batch.tx
    loser.state, loser.merged_into = "merged", winner.id
    batch.touch(winner)
    batch.touch(loser)
    goldens.add_keys(tx, "", [(MERGED, winner.id, loser.id)])
    taken_over = _take_over(batch, winner, loser)
    origin = (connection, author, happened, None)
    batch.moved.append(Moved(loser.id, "merged", *origin, {INTO: [None, winner.id]}))
    batch.moved.append(Moved(winner.id, "merged", *origin, {FROM: [None, loser.id], **taken_over}))
    batch.owe(winner.id, "")
    propose(batch, entity, loser)


def _take_over(batch: Batch, winner: Golden, loser: Golden) -> dict[str, list[str]]:
    """Links that go over to the winner: "link:id" -> [loser, winner]. Creates for the loser are not made any more."""
    found = goldens.links_of(batch.tx, [winner.id, loser.id])
    mine = [batch.dirty_links.get(x.id, x) for x in found.get(winner.id, ())]
    theirs = [batch.dirty_links.get(x.id, x) for x in found.get(loser.id, ())]
    fresh = [x for x in batch.new_links if x.golden_id == winner.id]
    has = {(x.connection, x.object, x.organisation) for x in [*mine, *fresh] if x.record_id and x.state != "tombstone"}
    out: dict[str, list[str]] = {}
    for link in theirs:
        place = (link.connection, link.object, link.organisation)
        if link.state == "wanted":
            link.state, link.due_at = "tombstone", None
        elif link.state == "active" and link.record_id and place not in has:
            for waiting in mine:
                if (waiting.connection, waiting.object) == place[:2] and waiting.state == "wanted":
                    waiting.state, waiting.due_at = "tombstone", None
                    batch.dirty_links[waiting.id] = waiting
            link.golden_id = winner.id
            out[f"link:{link.id}"] = [loser.id, winner.id]
            has.add(place)
        batch.dirty_links[link.id] = link
    return out


def propose(batch: Batch, entity: Entity, loser: Golden) -> None:
    """Ask a person about the loser's records elsewhere, if they may go."""
    links = goldens.links_of(batch.tx, [loser.id]).get(loser.id, ())
    asked = proposal(entity, loser, [batch.dirty_links.get(x.id, x) for x in links])
    if asked is not None:
        batch.issues.append(asked)


def refuse_return(batch: Batch, side: Side, link: Link, record: Record, golden: Golden) -> None:
    """A record that was merged away is shown again: late news, or its people parted it. It is not made anew."""
    facts = {"record_id": record.id, "object": side.mapping.object, "twin_of": golden.merged_into, "rule": "unmerge"}
    batch.issues.append(
        Issue("duplicate", golden.entity, golden.id, link.id, side.mapping.connection, record.id[:200], facts)
    )
    batch.counts["twin"] += 1


def look_after_parents(hub: Hub, side: Side, understood: Sequence[tuple[Record, Any]], absorb: Absorb) -> None:
    """Records that point elsewhere now: did people move them, or did the system, since it merged what they pointed to?

    The parents that they pointed to are looked at, before anything is concluded; merged ones are told to `absorb`.
    """
    for path, entity in side.compiled.references.items():
        parent = hub.parent_object(side, entity)
        if parent is None or len(path) > 1 or hub.entity(entity).on_merge != "join":
            continue
        doc, name = hub.project.mappings[parent], path[0]
        now = {(r.organisation, r.id): v.get(name) for r, v in understood if isinstance(v, dict)}
        with hub.store.look() as tx:
            links = goldens.links_by_record(tx, side.mapping.connection, side.mapping.object, now, lock=False)
            left = {str(x.seen[name]) for key, x in links.items() if x.seen.get(name) not in (None, "", now.get(key))}
            old = [x for own in goldens.links_of(tx, left, lock=False).values() for x in own]
            asked_at = tx.now()
        ids = {x.record_id for x in old if (x.connection, x.object) == (doc.connection, doc.object) and x.record_id}
        if ids:
            try:
                found = hub.connect(doc.connection).fetch(doc.object, sorted(ids))
            except HubError:  # nobody can tell: what they say is what we hear
                continue
            if led_on := [r for r in found if r.aliases]:
                absorb(hub.side(parent), led_on, asked_at)


def stand_ins(tx: Tx, side: Side, links: Iterable[Link]) -> Mapping[str, str]:
    """Merged golden ids among the references that these records were seen to hold -> what stands for them now."""
    paths = side.compiled.references
    if not paths:
        return {}
    ids = {i for link in links for path in paths for i in each(link.seen, path)}
    return {i: stands for i, stands in goldens.resolve_merged(tx, ids).items() if i != stands}


def led_on(side: Side, values: Normals, stands: Mapping[str, str]) -> Normals:
    """The values with their references led on to what stands for them."""
    for path in side.compiled.references:
        values = replaced(values, path, lambda i: stands.get(i, i))
    return values


__all__ = [
    "FROM",
    "INTO",
    "join",
    "led_on",
    "look_after_parents",
    "moved_into",
    "propose",
    "redirected",
    "refuse_return",
    "stand_ins",
]
