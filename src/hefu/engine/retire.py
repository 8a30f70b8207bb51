"""After a merge, what becomes of the loser's records elsewhere: a person is asked, once they may go."""

from __future__ import annotations

from collections.abc import Iterable

from hefu.core.project import Entity
from hefu.engine.hub import condition
from hefu.store.golden import Golden, Link
from hefu.store.issues import Issue


def proposal(entity: Entity, loser: Golden, links: Iterable[Link]) -> Issue | None:
    """One system's people merged the loser away and others still have it: may those records go now (`retire_when`)?"""
    if loser.state != "merged":
        return None
    known = list(links)
    gone = next((x for x in known if x.state == "tombstone" and x.record_id), None)
    left = [x for x in known if x.state == "active"]
    if gone is None or not left:
        return None
    when = condition(entity.retire_when, entity, "UTC")
    if when is not None and not when.holds(loser.fields):
        return None
    facts = {
        "record_id": gone.record_id,
        "object": gone.object,
        "rule": "merged",
        "merged_into": loser.merged_into,
        "left": [f"{x.connection}/{x.object}/{x.record_id}" for x in left],
    }
    return Issue("deleted", loser.entity, loser.id, gone.id, gone.connection, "merged", facts)
