"""The resident hub in this process, on SQLite and on PostgreSQL."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import func, select
from two_books import Books, until

from hefu.app import App, open_app
from hefu.app.service import Service
from hefu.store import issues, projects
from hefu.store.folder import read_folder
from hefu.store.tables import run, worker


@pytest.fixture(autouse=True)
def brisk(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the hub does every second it does here every fifth of one."""
    monkeypatch.setattr("hefu.app.service.SWEEP_SECONDS", 0.2)


@pytest.fixture
def books(systems_url: str, tmp_path: Path) -> Iterator[Books]:
    """Two systems beside the hub's store, in the same kind of database."""
    folder = tmp_path / "project"
    folder.mkdir()
    made = Books(folder, systems_url)
    yield made
    made.engine.dispose()


@pytest.fixture
def environ(store_url: str, tmp_path: Path) -> dict[str, str]:
    patient = "" if "postgresql" in store_url else "?timeout=0.5"
    return {"HEFU_STORE": store_url + patient, "HEFU_HOME": str(tmp_path / "home"), "HEFU_LEASE": "2"}


@contextmanager
def opened(books: Books, environ: dict[str, str]) -> Iterator[App]:
    with open_app(books.folder, environ) as app:
        save(app)
        yield app


def save(app: App) -> None:
    texts = read_folder(app.machine.folder)
    app.load(texts).require()
    with app.store.begin() as tx:
        projects.save(tx, texts, "test", "")


@contextmanager
def running(app: App) -> Iterator[Service]:
    service = Service(app)
    service.start()
    try:
        yield service
    finally:
        service.stop()


def runs_kept(app: App) -> int:
    with app.store.look() as tx:
        return int(tx.run(select(func.count()).select_from(run).where(run.c.kind == "drain")).scalar() or 0)


def test_it_keeps_two_systems_in_step_and_ends_cleanly(
    books: Books, environ: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    books.add(30)
    with opened(books, environ) as app:
        with running(app):
            until(books.agree, what=books.differences)
            books.run("update erp_client set name = 'from the ERP', ver = ver + 1 where code = 'C00003'")
            books.bump("code = 'C00004'")
            until(lambda: books.rows("crm")["C00003"][0] == "from the ERP", what=books.differences)
            until(lambda: books.rows("erp")["C00004"][1] == 1, what=books.differences)
            before = runs_kept(app)
            time.sleep(1.2)
            assert runs_kept(app) == before, "an idle hub writes no runs of deliveries"
        with app.store.look() as tx:
            assert tx.run(select(worker)).all() == [], "it retired"
    assert books.log()["C00003"] == [0, 0], "ours, then what somebody typed there: it does not come back to them"
    assert books.written_twice() == 1
    assert [r.getMessage() for r in caplog.records if r.name.startswith("hefu")] == []


def test_a_second_start_finds_what_happened_meanwhile(books: Books, environ: dict[str, str]) -> None:
    books.add(5)
    with opened(books, environ) as app, running(app):
        until(books.agree, what=books.differences)
    books.add(5, start=5)
    books.bump("code = 'C00001'", times=3)
    with open_app(books.folder, environ) as app, running(app):
        until(books.agree, what=books.differences)
    assert books.log()["C00001"] == [0, 3], "a bulk of changes of one record is one write of the last"


def test_when_every_wake_is_lost_the_sweep_alone_finishes(
    books: Books, environ: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    books.add(40)
    monkeypatch.setattr("hefu.app.service.PATIENCE", 1)
    with opened(books, environ) as app:
        service = Service(app)
        lost: list[str] = []
        monkeypatch.setattr(service.wakeups, "wake", lambda kind, key: lost.append(kind))
        service.start()
        try:
            until(books.agree, what=books.differences)
        finally:
            service.stop()
    assert "cycle" in lost
    assert books.written_twice() == 0


def test_a_new_version_of_the_project_is_taken_over_while_it_runs(books: Books, environ: dict[str, str]) -> None:
    books.write_project(enabled="false")
    books.add(5)
    told: list[tuple[str, str]] = []
    with opened(books, environ) as app:
        service = Service(app, told=lambda kind, key, counts: told.append((kind, key)))
        service.start()
        try:
            time.sleep(1.2)
            assert books.rows("erp") == {}
            (books.folder / "flows" / "clients.yaml").write_text("flow: [")
            with app.store.begin() as tx:
                projects.save(tx, read_folder(books.folder), "test", "broken")
            time.sleep(0.6)
            assert service.hub.project.version == 1, "a version that cannot be used is not taken over"
            books.write_project()
            save(app)
            until(books.agree, what=books.differences)
        finally:
            service.stop()
    assert ("project", "3") in told


def test_the_database_goes_away_in_the_middle_and_comes_back(
    books: Books, environ: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    books.add(200)
    with opened(books, environ) as app:
        with running(app):
            until(lambda: len(books.rows("erp")) > 50, what=books.differences)
            with away(app):
                time.sleep(2.5)
            books.bump("code < 'C00050'")
            until(books.agree, 90, books.differences)
        with app.store.look() as tx:
            assert issues.count_issues(tx) == {}, "no system is blamed for our own database"
    assert books.out_of_order() == {}
    said = {r.getMessage() for r in caplog.records if r.name == "hefu"}
    assert any("database" in line for line in said), said
    assert not [r for r in caplog.records if r.name == "hefu" and r.exc_info], "no stack traces for what is known"


@contextmanager
def away(app: App) -> Iterator[None]:
    """Nobody gets into the store."""
    if not app.store.postgresql:
        other = sqlite3.connect(str(app.store.path), isolation_level=None, timeout=30)
        other.execute("BEGIN EXCLUSIVE")
        yield
        other.execute("ROLLBACK")
        other.close()
        return
    name = app.store.url.database
    kill = "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s"
    with psycopg.connect("host=127.0.0.1 user=postgres dbname=postgres", autocommit=True) as admin:
        admin.execute(f'alter database "{name}" with allow_connections false')
        admin.execute(kill, (name,))
        yield
        admin.execute(f'alter database "{name}" with allow_connections true')


def test_poison_and_a_busy_client_do_not_hold_up_the_others(books: Books, environ: dict[str, str]) -> None:
    books.add(90)
    books.add(10, start=90, name="poison")
    books.add(1, start=500, name="busy")
    stop = threading.Event()
    busy = threading.Thread(target=lambda: keep_busy(books, stop))
    with opened(books, environ) as app, running(app):
        busy.start()
        try:
            until(lambda: len(books.rows("erp")) == 91, what=books.differences)
            until(lambda: refused(app) == 10, what=lambda: f"{refused(app)} refused")
            books.bump("code < 'C00010'")
            until(lambda: all(books.rows("erp")[f"C{n:05d}"][1] == 1 for n in range(10)), what=books.differences)
        finally:
            stop.set()
            busy.join()
        until(lambda: books.rows("crm")["C00500"] == books.rows("erp")["C00500"], what=books.differences)
        books.run("update crm_client set name = 'mended', ver = ver + 1000 where code = 'C00095'")
        until(lambda: "C00095" in books.rows("erp"), what="an edit releases a refused record by itself")
        until(lambda: refused(app) == 9)
    assert books.out_of_order() == {}


def keep_busy(books: Books, stop: threading.Event) -> None:
    while not stop.is_set():
        books.bump("code = 'C00500'")
        time.sleep(0.02)


def refused(app: App) -> int:
    with app.store.look() as tx:
        return issues.count_issues(tx).get("rejected", 0)


def test_hints_are_followed_and_hostile_ones_do_no_harm(books: Books, environ: dict[str, str]) -> None:
    books.schedule = "1h"
    books.write_project()
    books.add(3)
    with opened(books, environ) as app, running(app) as service:
        until(books.agree, what=books.differences)
        books.bump("code = 'C00001'")
        found: Callable[[], object] = lambda: books.rows("erp")["C00001"][1] == 1  # noqa: E731
        for wrong in ("99999", "x" * 5000, "a\x1fb\x1fc", "nul\0", ""):
            service.hint("crm", "client", wrong)
        service.hint("crm", "nothing", "1")
        service.hint("nobody", "client", "1")
        until(found, what="an id that is too long, or none, means: look what changed")
        books.bump("code = 'C00002'")
        (number,) = (r[0] for r in books.run("select id from crm_client where code = 'C00002'"))
        service.hint("crm", "client", str(number))
        until(lambda: books.rows("erp")["C00002"][1] == 1, what=books.differences)
