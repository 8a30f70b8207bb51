"""Taking back: a compensating golden version restores what nobody changed since, and lists the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from hefu.core.errors import Unsupported
from hefu.core.merge import settle_lines
from hefu.engine.fold import Batch, _at, remember_keys
from hefu.engine.hub import Hub, line_keys
from hefu.store import golden as goldens
from hefu.store import journal
from hefu.store.golden import Moved


class Undone(NamedTuple):
    """field -> [value taken back, value restored]; and field -> [expected, found] of what was left alone."""

    restored: dict[str, list[Any]]
    left: dict[str, list[Any]]


def undo_last(hub: Hub, golden_id: str, who: str) -> Undone:
    """Take back the last change of one record. Raises Unsupported when there is nothing that can be taken back.

    All systems that took the change owe the earlier values from now on.
    """
    with hub.run("undo", golden_id) as run, hub.store.begin() as tx:
        found = goldens.load_golden(tx, [golden_id])
        story = goldens.changes_of(tx, [golden_id])
        last = _last(story)
        if golden_id not in found or last is None:
            raise Unsupported("undo.nothing", id=golden_id)
        golden = found[golden_id]
        batch = Batch(hub, tx, run, golden={golden_id: golden}, priority=1)
        entity = hub.entity(golden.entity)
        keys, before = line_keys(entity), golden.fields
        restored, left = {}, {}
        for path, (old, new) in last["moved"].items():
            now = _at(golden.fields, path)
            if now == new:
                golden.fields = settle_lines(golden.fields, path, old, keys)
                restored[path] = [new, old]
            else:
                left[path] = [new, now]
        if restored:
            batch.touch(golden)
            remember_keys(batch, entity, golden, before)
            batch.owe(golden_id, "")
            batch.moved.append(Moved(golden_id, "undone", None, who, None, None, restored))
            batch.store()
        journal.record(
            tx, hub.journal_key, who, "undo", golden_id, {"restored": sorted(restored), "left": sorted(left)}
        )
    return Undone(restored, left)


def _last(story: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The newest change that moved values and has not been taken back yet."""
    skip = 0
    for row in story[::-1]:
        if row["kind"] == "undone":
            skip += 1
        elif row["kind"] in ("changed", "decided", "deleted") or (row["kind"] == "linked" and row["moved"]):
            if skip == 0:
                return row
            skip -= 1
    return None
