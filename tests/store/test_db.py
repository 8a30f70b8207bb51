"""The store's own verbs: bulk writing, reading by key, the clock, rehearsals, and errors in our own words."""

from __future__ import annotations

import os
import sqlite3
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, text
from sqlalchemy import text as sql

from hefu.core.env import Env
from hefu.core.errors import Denied, HubError, Transient, Unsupported
from hefu.store import facts
from hefu.store.db import Store, Tx, instant
from hefu.store.db import text as stored
from hefu.store.tables import cursor, hub, worker

AT = "2026-01-01T00:00:00.000000Z"
COLUMNS = ("mapping", "position", "fingerprint", "committed_at")
NASTY = 'it\'s \\ \t\n\r "q" 甲乙 😀 \\N %s :x ? {}'


def rows(store: Store) -> dict[str, str | None]:
    with store.look() as tx:
        return dict(tuple(row) for row in tx.run(select(cursor.c.mapping, cursor.c.position)))


@pytest.mark.parametrize("count", [1, 8, 9, 3000])
def test_rows_arrive_as_they_were_given(store: Store, count: int) -> None:
    given = {f"m{n}": None if n % 3 == 0 else f"{NASTY}{n}" for n in range(count)}
    with store.begin() as tx:
        tx.insert(cursor, COLUMNS, [(name, position, "f", AT) for name, position in given.items()])
        tx.insert(cursor, COLUMNS, [])
    assert rows(store) == given


def test_existing_rows_are_skipped_only_when_asked(store: Store) -> None:
    with store.begin() as tx:
        tx.insert(cursor, COLUMNS, [("a", "1", "f", AT)])
    for n in (2, 20):  # one statement, or COPY on PostgreSQL
        again = [("a", "2", "f", AT), *((f"n{i}", "2", "f", AT) for i in range(1, n))]
        with pytest.raises(Transient) as error, store.begin() as tx:
            tx.insert(cursor, COLUMNS, again)
        assert error.value.code == "store.raced"
        assert rows(store) == {"a": "1"}, "all of it was rolled back"
    with store.begin() as tx:
        tx.insert(cursor, COLUMNS, again, skip_existing=True)
    assert len(rows(store)) == 20
    assert rows(store)["a"] == "1"


def test_many_rows_are_changed_each_to_its_own_values(store: Store) -> None:
    with store.begin() as tx:
        tx.insert(cursor, COLUMNS, [(f"m{n}", "old", "f", AT) for n in range(2500)])
        changed = [(None if n % 2 else f"{NASTY}{n}", "g", f"m{n}") for n in range(2000)]
        tx.update(cursor, ("position", "fingerprint"), changed, key="mapping")
        tx.update(cursor, ("position",), [], key="mapping")
    found = rows(store)
    assert {f"m{n}": found[f"m{n}"] for n in range(2000)} == {key: position for position, _, key in changed}
    assert {found[f"m{n}"] for n in range(2000, 2500)} == {"old"}


@pytest.mark.parametrize("lock", [False, True])
def test_rows_are_picked_by_any_number_of_keys(store: Store, lock: bool) -> None:
    with store.begin() as tx:
        tx.insert(cursor, COLUMNS, [(f"m{n}", str(n % 2), "f", AT) for n in range(3000)])
    wanted = {f"m{n}" for n in range(0, 6000, 2)}
    with store.begin() as tx:
        assert tx.pick(cursor, ("mapping",), "mapping", []) == []
        found = tx.pick(cursor, ("mapping", "position"), "mapping", wanted, "position = ? AND fingerprint = ?",
                        ("0", "f"), lock=lock)  # fmt: skip
    assert sorted(found) == sorted((f"m{n}", "0") for n in range(0, 3000, 2))


def test_the_clock_is_now_and_stands_still_within_a_transaction(store: Store) -> None:
    with store.begin() as tx:
        first = tx.now()
        assert abs(instant(first) - datetime.now(UTC)) < timedelta(seconds=10)
        assert tx.now() == first
        assert instant(tx.later(90)) - instant(first) == timedelta(seconds=90)
    with store.begin() as tx:
        assert tx.now() > first


def test_stored_instants_sort_as_they_happened() -> None:
    zone = datetime(2026, 3, 1, 8, tzinfo=UTC).astimezone()
    times = [zone + timedelta(microseconds=n) for n in (0, 1, 10, 999_999, 1_000_000)]
    texts = [stored(at) for at in times]
    assert texts == sorted(texts)
    assert [instant(x) for x in texts] == times


def test_datetimes_of_the_runtime_are_stored_like_all_instants(store: Store) -> None:
    at = datetime(2026, 3, 1, 12, 0, 0, 5, tzinfo=UTC)
    with store.begin() as tx:
        tx.run(worker.insert().values(id="w", host="h", pid=1, started_at=at, heartbeat_at=at))
        raw = tx.run(text("select heartbeat_at from worker")).scalar()
        read = tx.run(select(worker.c.heartbeat_at)).scalar()
    assert (raw, read) == ("2026-03-01T12:00:00.000005Z", at)


def test_what_fails_leaves_nothing(store: Store) -> None:
    with pytest.raises(ZeroDivisionError), store.begin() as tx:
        facts.set_fact(tx, "a", "1")
        raise ZeroDivisionError
    with store.look() as tx:
        assert facts.get_fact(tx, "a") is None


def test_a_rehearsal_sees_its_own_writes_and_leaves_none(store: Store) -> None:
    with store.rehearsal():
        with store.begin() as tx:
            facts.set_fact(tx, "a", "1")
        with pytest.raises(ZeroDivisionError), store.begin() as tx:
            facts.set_fact(tx, "b", "1")
            raise ZeroDivisionError
        with store.look() as tx:
            assert (facts.get_fact(tx, "a"), facts.get_fact(tx, "b")) == ("1", None)
    with store.look() as tx:
        assert tx.run(select(hub)).all() == []
    with store.begin() as tx:
        facts.set_fact(tx, "a", "2")
    with store.look() as tx:
        assert facts.get_fact(tx, "a") == "2"


def test_writers_queue_and_none_is_lost(store: Store) -> None:
    with store.begin() as tx:
        facts.set_fact(tx, "n", "0")

    def add() -> None:
        for _ in range(20):
            with store.begin() as tx:
                tx.lock_name("n")
                facts.set_fact(tx, "n", str(int(facts.get_fact(tx, "n") or 0) + 1))

    threads = [threading.Thread(target=add) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.look() as tx:
        assert facts.get_fact(tx, "n") == "120"


# ------------------------------------------------------------------ errors


def told(url: str) -> HubError:
    store = Store(url, Env())
    try:
        with pytest.raises(HubError) as error, store.begin() as tx:
            tx.run(sql("select 1"))
        return error.value
    finally:
        store.close()


def test_a_locked_file_is_told_and_comes_free_again(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/hub.sqlite?timeout=0.2"
    store = Store(url, Env())
    store.create()
    other = sqlite3.connect(tmp_path / "hub.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(Transient) as error, store.begin() as tx:
        facts.set_fact(tx, "a", "1")
    assert error.value.code == "store.locked"
    with store.look() as tx:
        assert facts.get_fact(tx, "a") is None, "readers are not held up"
    other.execute("ROLLBACK")
    other.close()
    with store.begin() as tx:
        facts.set_fact(tx, "a", "1")
    store.close()


def test_a_full_file_is_told_and_keeps_what_it_had(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/hub.sqlite", Env())
    store.create()
    with store.begin() as tx:
        facts.set_fact(tx, "a", "1")
        tx.conn.exec_driver_sql("PRAGMA max_page_count = 80")
    with pytest.raises(Transient) as error, store.begin() as tx:
        facts.set_fact(tx, "b", "x" * 1_000_000)
    assert error.value.code == "store.full"
    with store.look() as tx:
        assert (facts.get_fact(tx, "a"), facts.get_fact(tx, "b")) == ("1", None)
    store.close()


def test_a_file_that_is_no_database_is_told_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "hub.sqlite"
    path.write_bytes(b"PK\x03\x04 a spreadsheet, not a database" * 100)
    before = path.read_bytes()
    error = told(f"sqlite:///{path}")
    assert (type(error), error.code) == (Unsupported, "store.unreadable")
    assert path.read_bytes() == before
    assert told(f"sqlite:///{tmp_path}/missing/hub.sqlite").code == "store.unreadable"


@pytest.mark.parametrize(
    ("address", "kind", "code"),
    [
        ("postgres@127.0.0.1:1/x", Transient, "store.unreachable"),
        ("postgres@127.0.0.1:5432/hefu_none", Unsupported, "store.unreadable"),
        ("hefu_nobody@127.0.0.1:5432/postgres", Denied, "store.denied"),
    ],
)
def test_a_server_that_does_not_let_us_in_is_told(
    postgresql_url: str, address: str, kind: type[HubError], code: str
) -> None:
    error = told(f"postgresql+psycopg://{address}")
    assert (type(error), error.code) == (kind, code)


def test_a_cut_connection_is_told_and_the_next_one_works(store: Store) -> None:
    if not store.postgresql:
        return
    others = "datname = current_database() and pid <> pg_backend_pid()"
    kill = f"select pg_terminate_backend(pid) from pg_stat_activity where {others}"
    with pytest.raises(Transient) as error, store.begin() as tx:
        facts.set_fact(tx, "a", "1")
        with store.engine.connect() as other:
            other.exec_driver_sql(kill)
        facts.set_fact(tx, "b", "1")
    assert error.value.code == "store.unreachable"
    with store.begin() as tx:
        assert facts.get_fact(tx, "a") is None
        facts.set_fact(tx, "a", "2")
    with pytest.raises(Transient) as error, store.begin() as tx:
        with store.engine.connect() as other:
            other.exec_driver_sql(kill)
        tx.insert(cursor, COLUMNS, [(f"m{n}", "", "f", AT) for n in range(50)])
    assert error.value.code == "store.unreachable", "COPY too"


def test_one_hub_at_a_time_on_a_file(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/hub.sqlite"
    first, second = Store(url, Env()), Store(url, Env())
    first.lock()
    first.lock()  # ours already
    with pytest.raises(Unsupported) as error:
        second.lock()
    assert (error.value.code, error.value.facts["pid"]) == ("store.in_use", str(os.getpid()))
    first.close()
    second.lock()
    second.close()
    Store("sqlite://", Env()).lock()  # nobody else can see a store in memory


def test_a_worker_frozen_in_a_transaction_does_not_hold_others_for_ever(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hefu.store.db.FROZEN_SECONDS", 1)
    frozen, other = Store(postgresql_url, Env()), Store(postgresql_url, Env())
    with other.begin() as tx:
        tx.run(text("drop table if exists hub"))
    hub.create(other.engine)

    def note(tx: Tx, value: str) -> None:
        tx.run(hub.insert().values(name="who", value=value))

    with pytest.raises(Transient), frozen.begin() as tx:
        note(tx, "frozen")
        with other.begin() as mine:
            note(mine, "other")  # waits for the same name until PostgreSQL lets go of it
        note(tx, "too late")
    with other.look() as tx:
        assert tx.run(hub.select()).all() == [("who", "other")]
    with frozen.rehearsal(), frozen.begin() as tx:
        assert tx.conn.exec_driver_sql("show idle_in_transaction_session_timeout").scalar() == "0"
    frozen.close()
    other.close()
