"""A person merges two business objects, or parts them again. Each is a golden version like any other decision."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import or_, select

from hefu.core.errors import HubError, Unsupported
from hefu.core.records import Record
from hefu.engine.aliases import FROM, INTO, join
from hefu.engine.fold import Batch, remember_keys
from hefu.engine.hub import Hub
from hefu.store import golden as goldens
from hefu.store import issues, journal
from hefu.store.golden import Golden, Link, Moved
from hefu.store.tables import golden as golden_table


def merge(hub: Hub, winner_id: str, loser_id: str, who: str) -> None:
    """The loser stands for the winner from now on; no record is deleted, the winner's values stay.

    Raises Unsupported for one object, for two of different kinds, or one that is gone or merged already.
    """
    with hub.run("merge", winner_id) as run, hub.store.begin() as tx:
        found = goldens.load_golden(tx, [winner_id, loser_id])
        pair = [found.get(i) for i in (winner_id, loser_id)]
        if len(found) < 2 or any(g is None or g.state != "live" for g in pair):
            states = ", ".join(f"{i}: {found[i].state if i in found else '-'}" for i in (winner_id, loser_id))
            raise Unsupported("merge.not_two", states=states)
        winner, loser = found[winner_id], found[loser_id]
        if winner.entity != loser.entity:
            raise Unsupported("merge.other_entity", first=winner.entity, second=loser.entity)
        batch = Batch(hub, tx, run, golden=found, priority=1)
        join(batch, hub.entity(winner.entity), winner, loser, None, who)
        batch.store()
        issues.close_issues(tx, who, "merged", kinds=("duplicate",), golden_ids=[loser_id])
        journal.record(tx, hub.journal_key, who, "merged", winner_id, {"loser": loser_id})


def unmerge(hub: Hub, loser_id: str, who: str) -> None:
    """Both stand for themselves again, each with its records; what came meanwhile stays with the winner.

    A record that its system merged away must be shown by it again, or is created anew where the mapping may create.
    References that its system led on to the winner are given back. Raises Unsupported for what is not merged, or a
    record that can neither be found nor created; HubError if a system cannot be asked.
    """
    with hub.store.look() as tx:
        found = goldens.load_golden(tx, [loser_id], lock=False).get(loser_id)
        links = goldens.links_of(tx, [loser_id], lock=False).get(loser_id, [])
    if found is None or found.state != "merged":
        raise Unsupported("merge.not_merged", id=loser_id)
    there = _there_again(hub, [x for x in links if x.state == "tombstone" and x.record_id])
    with hub.run("unmerge", loser_id) as run, hub.store.begin() as tx:
        loser = goldens.load_golden(tx, [loser_id])[loser_id]
        if loser.state != "merged" or loser.merged_into is None:
            raise Unsupported("merge.not_merged", id=loser_id)
        winner_id = loser.merged_into
        winner = goldens.load_golden(tx, [winner_id])[winner_id]
        batch = Batch(hub, tx, run, golden={loser.id: loser, winner.id: winner}, priority=1)
        back = _give_links_back(batch, winner, loser, there)
        loser.state, loser.merged_into = "live", None
        batch.touch(loser)
        batch.touch(winner)
        remember_keys(batch, hub.entity(loser.entity), loser)
        batch.moved.append(Moved(loser.id, "merged", None, who, None, None, {INTO: [winner_id, None]}))
        batch.moved.append(Moved(winner_id, "merged", None, who, None, None, {FROM: [loser_id, None], **back}))
        _give_references_back(batch, winner, loser)
        batch.owe(loser.id, "")
        batch.owe(winner.id, "")
        batch.store()
        issues.close_issues(tx, who, "unmerged", kinds=("duplicate", "deleted"), golden_ids=[loser_id])
        journal.record(tx, hub.journal_key, who, "unmerged", winner_id, {"loser": loser_id})


def _there_again(hub: Hub, gone: Sequence[Link]) -> Mapping[str, Record | None]:
    """link id -> the record as its system shows it again; None: it does not, but may be created anew."""
    out: dict[str, Record | None] = {}
    for link in gone:
        side = hub.side(link.mapping)
        try:
            records = hub.connect(link.connection).fetch(link.object, [link.record_id or ""])
        except HubError as error:
            if error.action != "gone":
                raise
            records = []
        out[link.id] = next((r for r in records if r.id == link.record_id), None)
        if out[link.id] is None and not side.may_create:
            raise Unsupported("merge.still_merged", connection=link.connection, id=link.record_id)
    return out


def _give_links_back(
    batch: Batch, winner: Golden, loser: Golden, there: Mapping[str, Record | None]
) -> dict[str, list[str]]:
    """Links that the winner took over go back; the loser's own are read again, or wanted anew."""
    tx, out = batch.tx, dict[str, list[str]]()
    taken = {
        name.removeprefix("link:")
        for row in goldens.changes_of(tx, [winner.id])
        if row["kind"] == "merged" and row["moved"].get(FROM) == [None, loser.id]
        for name in row["moved"]
        if name.startswith("link:")
    }
    links = goldens.load_links(tx, {*taken, *there})
    for link in links.values():
        if link.id in taken and link.golden_id == winner.id:
            link.golden_id = loser.id
            out[f"link:{link.id}"] = [winner.id, loser.id]
        elif link.id in there and there[link.id] is not None:
            link.state, link.reread, link.digest = "active", 1, None
        elif link.id in there:
            link.state, link.record_id, link.told, link.seen, link.digest = "wanted", None, {}, {}, None
        link.due_at, link.waits, link.attempt = tx.now(), None, 0
        batch.dirty_links[link.id] = link
    return out


def _give_references_back(batch: Batch, winner: Golden, loser: Golden) -> None:
    """Who refers to the loser is told so again where its system led it on; all that refer to either are read again."""
    tx = batch.tx
    for entity, name in _referring(batch.hub, loser.entity):
        mentioned = or_(*(golden_table.c.fields.like(f'%"{g.id}"%') for g in (winner, loser)))
        ids = tx.run(select(golden_table.c.id).where(golden_table.c.entity == entity, mentioned)).scalars().all()
        children = goldens.load_golden(tx, ids, lock=False)
        for child_id, links in goldens.links_of(tx, ids).items():
            for link in links:
                if link.record_id is None or link.state != "active":
                    continue
                if children[child_id].fields.get(name) == loser.id:
                    link.told = {n: v for n, v in link.told.items() if n != name}
                    link.due_at, link.waits = tx.now(), None
                link.reread, link.digest = 1, None
                batch.dirty_links[link.id] = link


def _referring(hub: Hub, entity: str) -> Iterator[tuple[str, str]]:
    """(entity, field) that may refer to objects of this kind."""
    for other in sorted({m.entity for m in hub.project.mappings.values()}):
        for name, doc in hub.entity(other).fields.items():
            if doc.entity == entity:
                yield other, name
