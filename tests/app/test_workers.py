"""`hefu worker` as real processes on one PostgreSQL: killed, paused, and everything moved under way."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select
from two_books import Books, Processes, until

from hefu.core.env import Env
from hefu.store import shards
from hefu.store.db import Store
from hefu.store.tables import intent, shard

LEASE = 3.0


@pytest.fixture
def books(second_postgresql_url: str, systems: None, tmp_path: Path) -> Iterator[Books]:
    """Two systems of which the ERP takes its time, so that there is a middle to be killed in."""
    folder = tmp_path / "project"
    folder.mkdir()
    made = Books(folder, second_postgresql_url, pause=0.006)
    yield made
    made.engine.dispose()


@pytest.fixture
def store_on_postgresql(postgresql_url: str, fresh: None) -> Iterator[Store]:
    """The hub's store, to look into."""
    made = Store(postgresql_url, Env(), lease=LEASE)
    yield made
    made.close()


@pytest.fixture
def processes(books: Books, postgresql_url: str, tmp_path: Path) -> Iterator[Processes]:
    environ = {"HEFU_STORE": postgresql_url, "HEFU_HOME": str(tmp_path / "home"), "HEFU_LEASE": str(LEASE)}
    made = Processes(books.folder, environ)
    yield made
    made.end()


def living(store: Store) -> int:
    with store.look() as tx:
        return len(shards.living(tx))


def open_writes(store: Store) -> int:
    with store.look() as tx:
        where = intent.c.state.in_(("open", "unknown"))
        return int(tx.run(select(func.count()).select_from(intent).where(where)).scalar() or 0)


def two_at_work(books: Books, processes: Processes, store: Store) -> None:
    """Two workers that both deliver, with a hundred clients or so still to come."""
    processes.run("project", "import")
    processes.start("worker", times=2)
    until(lambda: living(store) == 2)
    for start in range(0, 3000, 300):  # on a busy machine one of them may come late to the first
        books.add(300, start)
        until(lambda n=start: len(books.log()) > n + 30, what=books.differences)  # type: ignore[misc]
        if at_work(store) == 2 and len(books.log()) < start + 210:
            return
        until(books.agree, what=books.differences)
    raise AssertionError("never both at once")


def at_work(store: Store) -> int:
    """How many workers hold shards."""
    with store.look() as tx:
        return len(set(tx.run(select(shard.c.worker_id).where(shard.c.worker_id.is_not(None))).scalars()))


def test_a_worker_that_is_killed_and_never_returns_is_inherited_from(
    books: Books, processes: Processes, store_on_postgresql: Store
) -> None:
    two_at_work(books, processes, store_on_postgresql)
    processes.started[0].kill()
    processes.started[0].wait()
    killed = time.monotonic()
    until(books.agree, 120, books.differences)
    until(lambda: open_writes(store_on_postgresql) == 0)
    print(f"all done {time.monotonic() - killed:.1f} s after the kill, lease {LEASE} s")
    assert books.out_of_order() == {}
    assert books.written_twice() == 0, "what was written is found by looking, not written again"


def test_a_worker_that_sleeps_longer_than_its_lease_does_no_harm(
    books: Books, processes: Processes, store_on_postgresql: Store
) -> None:
    two_at_work(books, processes, store_on_postgresql)
    asleep = processes.started[0]
    asleep.send_signal(signal.SIGSTOP)
    books.bump("id % 2 = 0")  # while it sleeps, others learn something newer
    until(books.agree, 120, books.differences)
    asleep.send_signal(signal.SIGCONT)
    until(lambda: living(store_on_postgresql) == 2, what="it is back")
    books.bump("id % 3 = 0")
    until(books.agree, 60, books.differences)
    until(lambda: open_writes(store_on_postgresql) == 0)
    assert asleep.poll() is None, "it works on"
    assert books.out_of_order() == {}
    assert books.written_twice() <= books.batch, "at most what it had in its hands when it fell asleep"


def test_a_bulk_of_changes_keeps_the_order_of_each_client(
    books: Books, processes: Processes, store_on_postgresql: Store
) -> None:
    processes.run("project", "import")
    processes.start("worker", times=2)
    books.add(60)
    for _ in range(5):
        books.bump(times=5)
        time.sleep(0.3)
    until(books.agree, 90, books.differences)
    assert {step for _, step in books.rows("erp").values()} == {25}
    assert books.out_of_order() == {}
    assert books.written_twice() == 0


def test_moved_to_postgresql_in_the_middle(
    books: Books, processes: Processes, postgresql_url: str, store_on_postgresql: Store, tmp_path: Path
) -> None:
    at_home = Processes(books.folder, {**processes.environ, "HEFU_STORE": f"sqlite:///{tmp_path}/hub.sqlite"})
    try:
        at_home.run("project", "import")
        lone = at_home.start("run", "--listen", "127.0.0.1:0")
        books.add(20)
        until(lambda: len(books.log()) >= 20, what="it runs")
        at_home.run("db", "move", postgresql_url, code=2)  # not while it runs
        books.add(220, 20)
        until(lambda: len(books.log()) > 60, what="it is in the middle")
        lone.kill()  # the hard way: writes are open whose answer nobody has noted
        lone.wait()
        here = books.log()
        assert len(here) < 240
        said = at_home.run("db", "move", postgresql_url.replace("+psycopg", ""))
        assert "rows" in said
        assert "moved" in at_home.run("status", code=2), "the old copy is not used by mistake"
        processes.start("worker", times=2)
        until(books.agree, 120, books.differences)
        until(lambda: open_writes(store_on_postgresql) == 0)
        assert books.written_twice() == 0
        processes.run("db", "check")
    finally:
        at_home.end()
