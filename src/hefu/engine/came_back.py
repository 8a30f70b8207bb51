"""People against a delete: they restore a record, edit it, or enter it anew while the delete is passed on.

To delete it again would undo what they just did, and to bring it back everywhere what others did: a person decides.
"""

from __future__ import annotations

from hefu.core.env import stamp
from hefu.core.records import Normals, Record
from hefu.core.rewriting import own_writing
from hefu.engine.fold import Batch, fold
from hefu.engine.hub import Side
from hefu.store import issues
from hefu.store.golden import Golden, Link
from hefu.store.issues import Issue


def contradicts(side: Side, link: Link, values: Normals, *, unread: bool) -> bool:
    """Whether a record whose object is deleted came back after it was deleted here, or was edited since.

    Not `unread`: the record was read since our last write, so what it was seen to hold is word for word.
    """
    if link.state in ("tombstone", "detached"):
        return True
    seen = own_writing(link.seen, values, side.their_fields(link.seen)) if unread else link.seen
    return any(seen.get(n) != v for n, v in values.items())


def hold(batch: Batch, side: Side, link: Link, golden: Golden, record: Record, values: Normals) -> bool:
    """A delete was passed on, or is about to be, and people brought the record back, edited it or entered it anew.

    It stays as it is until a person decides (waits "person"), and for good where they said so. Whether it holds news.
    """
    kept = link.state == "detached" and link.waits != "person"
    changed = fold(batch, side, link, golden, record, values, "changed")
    link.state, link.due_at, link.attempt = "detached", None, 0
    if link not in batch.new_links:
        batch.dirty_links[link.id] = link
    if kept:
        return changed
    link.waits = "person"
    facts = {
        "record_id": record.id,
        "object": side.mapping.object,
        "author": record.author,
        "at": stamp(record.modified_at) if record.modified_at else None,
    }
    batch.issues.append(Issue("delete_edit", golden.entity, golden.id, link.id, side.mapping.connection, "", facts))
    return changed


def no_longer_gone(batch: Batch, golden_id: str, connection: str) -> None:
    """The system has the object again: nobody needs to decide what becomes of the others."""
    issues.close_issues(batch.tx, "hub", "there again", kinds=("deleted", "delete_edit"), golden_ids=[golden_id],
                        connection=connection)  # fmt: skip


__all__ = ["contradicts", "hold", "no_longer_gone"]
