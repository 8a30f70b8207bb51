"""The audit chain: whole while nobody touches it; an edit, a gap, a reordering or another key shows."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from sqlalchemy import text

from hefu.store import journal
from hefu.store.db import Store, Tx

KEY = b"a key of the test"


def written(store: Store, count: int = 5) -> None:
    for n in range(count):
        with store.begin() as tx:
            journal.record(tx, KEY, "李雷", "conflict.decided", f"g{n}", {"field": "电话", "take": "ours", "n": str(n)})


def broken(store: Store, key: bytes = KEY) -> int | None:
    with store.look() as tx:
        return journal.verify(tx, key)


def test_an_untouched_chain_is_whole(store: Store) -> None:
    assert broken(store) is None, "an empty one too"
    written(store)
    assert broken(store) is None
    with store.look() as tx:
        newest = journal.recent(tx, 2)
    assert [row["object"] for row in newest] == ["g4", "g3"]
    assert [row["seq"] for row in newest] == [5, 4]


EDITS: dict[str, tuple[str, int]] = {
    "an actor is changed": ("update journal set actor = 'x' where seq = 3", 3),
    "a detail is changed": ("update journal set detail = '{}' where seq = 1", 1),
    "a time is changed": ("update journal set at = '2026-01-01T00:00:00.000000Z' where seq = 2", 2),
    "a row is taken out": ("delete from journal where seq = 3", 3),
    "the first row is taken out": ("delete from journal where seq = 1", 1),
    "a seal is copied": ("update journal set mac = (select mac from journal where seq = 1) where seq = 4", 4),
    "a row is taken out and the rest moved up": (
        "delete from journal where seq = 3; update journal set seq = seq - 1 where seq > 3", 3),
}  # fmt: skip


@pytest.mark.parametrize("name", EDITS)
def test_whatever_is_done_to_it_shows(store: Store, name: str) -> None:
    written(store)
    statements, first = EDITS[name]
    with store.begin() as tx:
        for statement in statements.split("; "):
            tx.run(text(statement))
    assert broken(store) == first


def test_another_key_does_not_fit(store: Store) -> None:
    written(store)
    assert broken(store, b"another key") == 1


def test_a_row_that_is_rolled_back_leaves_no_gap(store: Store) -> None:
    written(store, 2)
    with pytest.raises(ZeroDivisionError), store.begin() as tx:
        journal.record(tx, KEY, "x", "y", "z")
        raise ZeroDivisionError
    written(store, 2)
    assert broken(store) is None


def test_several_may_write_at_once(store: Store) -> None:
    def write() -> None:
        for _ in range(10):
            with store.begin() as tx:
                journal.record(tx, KEY, "x", "y", "z")

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert broken(store) is None
    with store.look() as tx:
        assert journal.recent(tx, 1)[0]["seq"] == 40


def test_rows_cut_off_at_the_end_are_the_known_limit(store: Store) -> None:
    """A chain cannot know how long it should be: `seq` of the newest row belongs into the off-site backup."""
    written(store)
    cut: Callable[[Tx], object] = lambda tx: tx.run(text("delete from journal where seq > 3"))  # noqa: E731
    with store.begin() as tx:
        cut(tx)
    assert broken(store) is None
