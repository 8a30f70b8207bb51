"""A backup taken while the hub works, restored later: as real processes, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from two_books import Books, Processes, until

from hefu.core.env import Env
from hefu.store import backup
from hefu.store.db import Store

LEASE = 2.0


@pytest.fixture
def books(systems_url: str, tmp_path: Path) -> Iterator[Books]:
    folder = tmp_path / "project"
    folder.mkdir()
    made = Books(folder, systems_url, pause=0.002)
    yield made
    made.engine.dispose()


@pytest.fixture
def processes(books: Books, store_url: str, tmp_path: Path) -> Iterator[Processes]:
    made = Processes(
        books.folder,
        {
            "HEFU_STORE": store_url,
            "HEFU_HOME": str(tmp_path / "home"),
            "HEFU_LEASE": str(LEASE),
            "BACKUP_WORDS": "correct horse battery",
        },
    )
    yield made
    made.end()


def start(processes: Processes, store_url: str) -> None:
    words = ("worker",) if store_url.startswith("postgresql") else ("run", "--listen", "127.0.0.1:0")
    processes.start(*words)


def kill(processes: Processes) -> None:
    processes.started[-1].kill()
    processes.started[-1].wait()


def test_backed_up_in_the_middle_worked_on_and_restored(
    books: Books, processes: Processes, store_url: str, tmp_path: Path
) -> None:
    file = str(tmp_path / "hub.hefubackup")
    by = ("--passphrase", "${env:BACKUP_WORDS}")
    processes.run("project", "import")
    start(processes, store_url)
    books.add(160)
    until(lambda: len(books.log()) > 20, what="it is in the middle")
    processes.run("backup", "create", file, *by)
    assert "Whole" in processes.run("backup", "verify", file, *by)
    books.add(30, start=160)
    books.bump("code < 'C00030'")
    until(books.agree, 120, books.differences)
    books.run("update erp_client set name = 'typed later', ver = ver + 1 where code = 'C00070'")
    kill(processes)
    before = books.log()
    assert "already holds rows" in processes.run("backup", "restore", file, *by, code=2)
    until(lambda: restored(processes, file, by), 30, "the dead worker's lease is over")
    store = Store(store_url, Env())
    with store.look() as tx:
        assert backup.broken(tx) == {}
    store.close()
    start(processes, store_url)
    books.add(20, start=190)
    until(books.agree, 120, books.differences)
    assert books.rows("crm")["C00070"][0] == "typed later", "an edit made after the backup is not lost"
    after = books.log()
    assert after.keys() == {f"C{n:05d}" for n in range(210)}
    assert {code for code, steps in before.items() if after[code] != steps} == set(), "nothing is written again"


def restored(processes: Processes, file: str, by: tuple[str, ...]) -> bool:
    try:
        processes.run("backup", "restore", file, *by, "--replace")
    except AssertionError as error:
        if "workers are at work" not in str(error):
            raise
        return False
    return True
