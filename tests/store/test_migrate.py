"""Migrations arrive at exactly the tables of `tables.py`, once, whoever else tries at the same time."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect, text

from hefu.core.env import Env
from hefu.core.errors import Unsupported
from hefu.store import migrate
from hefu.store.db import Store
from hefu.store.tables import metadata, worker


def constraints(store: Store) -> dict[str, set[str]]:
    """Table -> its check constraints and indexes by name, which Alembic does not compare in full."""
    found = inspect(store.engine)
    return {
        name: {str(c["name"]) for c in (*found.get_check_constraints(name), *found.get_indexes(name))}
        | {str(found.get_pk_constraint(name)["name"])}
        for name in found.get_table_names()
        if name != "alembic_version"
    }


def defaults(store: Store) -> dict[tuple[str, str], tuple[bool, str | None]]:
    """(table, column) -> whether it may be null, and its default."""
    found = inspect(store.engine)
    return {
        (table, c["name"]): (c["nullable"], c["default"])
        for table in found.get_table_names()
        if table != "alembic_version"
        for c in found.get_columns(table)
    }


def test_migrations_arrive_at_exactly_the_tables(store_url: str, tmp_path: Path) -> None:
    store = Store(store_url, Env())
    assert migrate.revision(store) is None
    assert store.is_empty()
    assert migrate.upgrade(store)
    with store.look() as tx:
        context = MigrationContext.configure(tx.conn, opts={"compare_type": True})
        assert compare_metadata(context, metadata) == []
    made, at_once = (constraints(store), defaults(store)), Store(f"sqlite:///{tmp_path}/at_once.sqlite", Env())
    if store.postgresql:
        store.engine.dispose()
        with store.begin() as tx:
            tx.run(text("drop table alembic_version"))
            for table in reversed(metadata.sorted_tables):
                table.drop(tx.conn)
        store.create()
        assert made == (constraints(store), defaults(store))
    else:
        at_once.create()
        assert made == (constraints(at_once), defaults(at_once))
    at_once.close()
    store.close()


def test_a_second_upgrade_changes_nothing(store_url: str) -> None:
    store = Store(store_url, Env())
    migrate.upgrade(store)
    assert not migrate.upgrade(store)
    assert migrate.revision(store) == migrate.head()
    assert not store.is_empty()
    store.close()


def test_a_store_of_an_older_version_keeps_its_rows(store_url: str) -> None:
    store = Store(store_url, Env())
    from alembic import command

    with store.begin() as tx:
        command.upgrade(migrate._config(tx.conn), "0001")
        at = "2026-01-01T00:00:00.000000Z"
        tx.run(text("insert into worker values ('w', 'host', 1, :at, :at)"), {"at": at})
    assert migrate.revision(store) == "0001"
    assert migrate.upgrade(store)
    with store.look() as tx:
        assert [row.reading for row in tx.run(worker.select())] == ["{}"]
    store.close()


def test_a_store_of_a_newer_version_is_refused_and_left_alone(store_url: str) -> None:
    store = Store(store_url.replace("postgres@", "postgres:hush@"), Env())
    migrate.upgrade(store)
    with store.begin() as tx:
        tx.run(text("update alembic_version set version_num = '9999'"))
        tx.run(text("insert into hub values ('id', 'x')"))
    before = (constraints(store), contents(store))
    for attempt in (migrate.revision, migrate.upgrade):
        with pytest.raises(Unsupported) as error:
            attempt(store)
        assert error.value.code == "store.newer"
        assert error.value.facts["revision"] == "9999"
        assert "hush" not in str(error.value), "the password is not told"
    assert (constraints(store), contents(store)) == before
    store.close()


def contents(store: Store) -> dict[str, list[tuple[object, ...]]]:
    with store.look() as tx:
        names = sorted(inspect(tx.conn).get_table_names())
        return {name: sorted(map(tuple, tx.run(text(f'select * from "{name}"'))), key=repr) for name in names}


def test_threads_that_upgrade_at_once_do_it_once(store_url: str) -> None:
    stores = [Store(store_url, Env()) for _ in range(4)]
    errors: list[BaseException] = []

    def upgrade(store: Store) -> None:
        try:
            migrate.upgrade(store)
        except BaseException as error:  # told below
            errors.append(error)

    threads = [threading.Thread(target=upgrade, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert {migrate.revision(store) for store in stores} == {migrate.head()}
    for store in stores:
        store.close()


PROCESS = """
import sys
from hefu.core.env import Env
from hefu.store import migrate
from hefu.store.db import Store
sys.stdin.read(1)
migrate.upgrade(Store(sys.argv[1], Env()))
"""


def test_processes_that_upgrade_at_once_do_it_once(store_url: str) -> None:
    started = [
        subprocess.Popen([sys.executable, "-c", PROCESS, store_url], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        for _ in range(3)
    ]
    told = [process.communicate(b"!", timeout=60)[1].decode() for process in started]
    assert [process.returncode for process in started] == [0, 0, 0], told
    store = Store(store_url, Env())
    assert migrate.revision(store) == migrate.head()
    store.close()


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("mysql+pymysql://root@127.0.0.1/x", "store.wrong_url"),
        ("postgresql+asyncpg://a:hush@127.0.0.1/x", "store.wrong_url"),
        ("C:\\hub.sqlite", "store.wrong_url"),
        ("", "store.wrong_url"),
    ],
)
def test_an_address_that_is_no_store_is_told(url: str, code: str) -> None:
    with pytest.raises(Unsupported) as error:
        Store(url, Env())
    assert error.value.code == code
    assert "hush" not in str(error.value)


def test_a_plain_postgresql_address_means_our_driver(postgresql_url: str) -> None:
    store = Store(postgresql_url.replace("+psycopg", ""), Env())
    assert store.postgresql
    assert migrate.revision(store) is None or migrate.revision(store)
    store.close()
