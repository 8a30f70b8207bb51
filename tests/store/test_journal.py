"""The audit chain: whole while nobody touches it; an edit, a gap, a reordering or another key shows."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from hefu.core.env import Env
from hefu.core.errors import Denied, Rejected
from hefu.store import facts, journal
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
    "a request is put under": ("update journal set request = 'r-1' where seq = 2", 2),
    "a row is taken out": ("delete from journal where seq = 3", 3),
    "the first row is taken out": ("delete from journal where seq = 1", 1),
    "the last row is cut off": ("delete from journal where seq = 5", 5),
    "all rows are cut off": ("delete from journal", 1),
    "the end is cut off and the head with it": ("delete from journal where seq > 3; delete from hub", 4),
    "a seal is copied": ("update journal set mac = (select mac from journal where seq = 1) where seq = 4", 4),
    "two rows are swapped": (
        """update journal set seq = 99 where seq = 2; update journal set seq = 2 where seq = 3;
        update journal set seq = 3 where seq = 99""", 2),
    "a row is taken out and the rest moved up": (
        "delete from journal where seq = 3; update journal set seq = seq - 1 where seq > 3", 3),
    "the newest row is written twice": (
        """insert into journal select 6, at, actor, action, object, detail, prev, mac, request from journal
        where seq = 5""", 6),
}  # fmt: skip


def opened(tx: Tx) -> None:
    """Somebody who owns the database takes the refusal away first."""
    names = ("journal_no_change",) if tx.postgresql else ("journal_no_update", "journal_no_delete")
    for name in names:
        tx.run(text(f"drop trigger {name}{' on journal' if tx.postgresql else ''}"))


@pytest.mark.parametrize("name", EDITS)
def test_whatever_is_done_to_it_shows(store: Store, name: str) -> None:
    written(store)
    statements, first = EDITS[name]
    with store.begin() as tx:
        opened(tx)
        for statement in statements.split(";"):
            tx.run(text(statement))
    assert broken(store) == first


@pytest.mark.parametrize("statement", ["update journal set actor = 'x'", "delete from journal where seq = 5"])
def test_the_database_refuses_to_change_it(store: Store, statement: str) -> None:
    written(store)
    with pytest.raises(Denied) as caught, store.begin() as tx:
        tx.run(text(statement))
    assert caught.value.code == "audit.closed"
    assert broken(store) is None


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 11), st.sampled_from(["at", "actor", "action", "object", "detail", "prev", "mac"]), st.data())
def test_any_bit_that_is_flipped_is_found(chain: list[str], at: int, column: str, data: st.DataObject) -> None:
    rows = [json.loads(line) for line in chain]
    raw = bytearray(rows[at][column].encode())
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 6))
    rows[at][column] = raw.decode("utf-8", "replace")
    found = journal.verify_lines((json.dumps(row) for row in rows), KEY, "x")
    assert found == (at, at + 1)


@settings(max_examples=60, deadline=None)
@given(st.permutations(range(12)).filter(lambda order: order != list(range(12))), st.integers(1, 12))
def test_any_other_order_and_any_gap_is_found(chain: list[str], order: list[int], length: int) -> None:
    assert journal.verify_lines((chain[n] for n in order), KEY, "x")[1] is not None
    kept = sorted(order[:length])
    count, first = journal.verify_lines((chain[n] for n in kept), KEY, "x")
    whole = kept == list(range(length))
    assert (count, first) == ((length, None) if whole else (count, count + 1))


@pytest.fixture(scope="module")
def chain() -> list[str]:
    """Twelve rows as an export says them."""
    store = Store("sqlite://", Env())
    store.create()
    written(store, 12)
    with store.look() as tx:
        return list(journal.export(tx))


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


def test_a_head_that_is_put_back_is_found_by_the_anchor_outside(store: Store) -> None:
    """Who owns the database and kept an older head of it can cut the log; what was anchored elsewhere knows."""
    written(store, 3)
    with store.look() as tx:
        old = facts.get_fact(tx, "audit_head")
    written(store, 2)
    with store.look() as tx:
        anchors = journal.anchors_in(journal.anchor_line(journal.anchor(tx)), "anchors")
        assert journal.unanchored(tx, anchors) is None
    with store.begin() as tx:
        opened(tx)
        tx.run(text("delete from journal where seq > 3"))
        facts.set_fact(tx, "audit_head", str(old))
    assert broken(store) is None, "the known limit of a chain alone"
    with store.look() as tx:
        assert journal.unanchored(tx, anchors) == anchors[0]
    written(store, 2)
    with store.look() as tx:
        assert journal.unanchored(tx, anchors) == anchors[0], "grown again to that length it is another chain"


def test_a_chain_of_before_the_head_was_sealed_goes_on(store: Store) -> None:
    written(store, 3)
    with store.begin() as tx:
        facts.set_fact(tx, "audit_head", "since 3")
    assert broken(store) is None
    written(store, 1)
    assert broken(store) is None


def test_rows_are_found_by_who_what_when_and_in_which_request(store: Store) -> None:
    written(store, 3)
    mark = journal.REQUEST.set("r-17")
    try:
        with store.begin() as tx:
            journal.record(tx, KEY, "han", "role.granted", "a1", {"role": "steward_100%"})
            journal.record(tx, KEY, "han", "role.ended", "a1")
    finally:
        journal.REQUEST.reset(mark)
    assert broken(store) is None

    def found(**words: Any) -> list[int]:
        with store.look() as tx:
            return [row["seq"] for row in journal.search(tx, journal.Asked(**words))]

    assert found() == [5, 4, 3, 2, 1]
    assert found(actor="han") == found(request="r-17") == found(actions=("role.",)) == [5, 4]
    assert found(actions=("role.ended", "conflict.decided"), obj="a1") == [5]
    assert found(words="STEWARD_100%") == [4]
    assert found(words="steward%") == []
    assert found(words="李雷 g1") == [2]
    with store.look() as tx:
        assert [r["seq"] for r in journal.search(tx, before=4, limit=2)] == [3, 2]
        at = journal.search(tx)[0]["at"]
        assert [json.loads(line)["seq"] for line in journal.export(tx, journal.Asked(actor="han"))] == [4, 5]
    assert found(since=at) == [5, 4]
    assert found(until=at) == [3, 2, 1]


@pytest.mark.parametrize("text_of_file", ["x", "{}", '{"at": 1, "seq": "x", "mac": ""}', "[]"])
def test_what_is_no_anchor_and_no_export_is_told_by_line(text_of_file: str) -> None:
    with pytest.raises(Rejected) as caught:
        journal.anchors_in("\n" + text_of_file, "f")
    assert (caught.value.code, caught.value.facts["line"]) == ("audit.anchor", 2)
    with pytest.raises(Rejected) as caught:
        journal.verify_lines([text_of_file], KEY, "f")
    assert caught.value.code == "audit.lines"
