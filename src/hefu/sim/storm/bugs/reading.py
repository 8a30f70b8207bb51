"""Bugs of reading: cursors, pages, races with our own writes, deletes."""

from __future__ import annotations

from typing import Any

from hefu.engine import bury, capture
from hefu.sim.storm.bugs import Swap, bug
from hefu.store import golden as goldens


@bug(60)
def what_is_absent_is_deleted(swap: Swap) -> None:
    """What one read does not show is gone; nobody looks at the single record."""

    def careless(_hub: Any, _side: Any, missing: Any) -> Any:
        return bury.Found(gone=[link_id for link_id, _, _ in missing])

    swap(bury, "_probe", careless)


@bug(100, seed=7)
def deletes_are_never_noticed(swap: Swap) -> None:
    """A record that is gone in one system lives on in the others."""
    swap(capture, "_note_gone", lambda *_: None)
    swap(capture, "_note_missing", lambda *_: None)


@bug(200)
def a_delete_tramples_an_edit(swap: Swap) -> None:
    """A record that others have changed meanwhile is deleted there without a question."""
    swap(bury, "owed", lambda *_: {})


@bug(60, seed=53)
def an_old_answer_is_believed(swap: Swap) -> None:
    """What was asked before a write of ours, and read after it, counts as news."""
    real = capture.absorb

    def careless(hub: Any, side: Any, records: Any, run: Any, counts: Any, _asked: str, **words: Any) -> Any:
        return real(hub, side, records, run, counts, "9999-01-01T00:00:00.000000Z", **words)

    swap(capture, "absorb", careless)


@bug(200)
def read_again_is_forgotten(swap: Swap) -> None:
    """A record that changed while a write of ours was in flight is not read again."""
    swap(goldens, "to_read_again", lambda *_: [])


@bug(60, seed=0)
def unchanged_by_version_alone(swap: Swap) -> None:
    """Two states of a record are the same if their first field is."""

    def careless(record: Any, fingerprint: str) -> str:
        return f"{fingerprint[:20]}{sorted(record.values.items())[0]}"[:40]

    swap(capture, "digest", careless)


@bug(100)
def a_merge_counts_as_still_there(swap: Swap) -> None:
    """The id of a record that was merged away leads to the winner, and the link stays as it was."""
    real = bury._probe

    def careless(*args: Any) -> Any:
        found = real(*args)
        found.shown += list(found.merged)
        found.merged.clear()
        return found

    swap(bury, "_probe", careless)
