"""Brings a store to this version's tables, says when it is of a newer one, and moves it to another database."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Connection, func, inspect, select, text

from hefu.core.errors import Unsupported
from hefu.store import facts, shards
from hefu.store.db import Store, Tx
from hefu.store.tables import metadata, shard, worker

if TYPE_CHECKING:
    from alembic.config import Config

BATCH = 2000

MOVED_TO = "moved_to"
"""The fact of the hub that an old copy carries."""

_one_at_a_time = threading.Lock()  # Alembic's context is global to the process


_MIGRATIONS = Path(__file__).parent / "migrations"


def revisions() -> list[str]:
    """Every revision that this version knows, oldest first: the numbers that the files of `versions` begin with."""
    return sorted(file.name.split("_", 1)[0] for file in (_MIGRATIONS / "versions").glob("[0-9]*.py"))


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def head() -> str:
    """The revision of this version's tables."""
    return revisions()[-1]


def revision(store: Store) -> str | None:
    """The store's revision; None for an empty database. Raises Unsupported "store.newer"."""
    with store.look() as tx:
        kept = inspect(tx.conn).has_table("alembic_version")
        found = tx.conn.execute(text("select version_num from alembic_version")).scalar() if kept else None
    if found is not None and found not in revisions():
        raise Unsupported("store.newer", store=store.url.render_as_string(hide_password=True), revision=found)
    return None if found is None else str(found)


def upgrade(store: Store) -> bool:
    """Run what is missing, in one transaction; says whether anything was. Raises Unsupported "store.newer"."""
    if revision(store) == head():
        return False
    with store.begin() as tx:
        arrive(tx, head())
    return True


def arrive(tx: Tx, revision: str) -> None:
    """Bring the tables to a revision that this version knows, inside the caller's transaction."""
    with _one_at_a_time:
        tx.lock_name("migrate")
        from alembic import command  # only here: a fifth of a second that a store of today's form need not wait

        command.upgrade(_config(tx.conn), revision)


def moved_to(store: Store) -> str | None:
    """The address that this store was moved to, if it is only the old copy of one."""
    with store.look() as tx:
        return facts.get_fact(tx, MOVED_TO)


def move(source: Store, target: Store, told: Callable[[str, int], None] = lambda *_: None) -> dict[str, int]:
    """Copy every product table into an empty, upgraded target; returns rows per table. The source becomes a copy.

    The runtime's own tables are not moved: the sweep wakes whatever is due. Leases and workers are left behind, for
    the old workers are gone. Raises Unsupported "store.not_empty", or "store.busy" while workers are on the source.
    """
    counts: dict[str, int] = {}
    address = target.url.render_as_string(hide_password=True)
    with source.begin() as old, target.begin() as new:  # `begin`: nobody writes to the source meanwhile
        if source.postgresql and (alive := shards.living(old)):  # SQLite's one process is kept out by the lock
            raise Unsupported("store.busy", workers=len(alive))
        for table in metadata.sorted_tables:
            if new.run(select(func.count()).select_from(table)).scalar():
                raise Unsupported("store.not_empty", table=table.name)
            if table in (shard, worker):
                continue
            columns = tuple(c.name for c in table.columns)
            rows = old.conn.execution_options(yield_per=BATCH).execute(select(table))
            for part in rows.partitions(BATCH):
                new.insert(table, columns, [tuple(row) for row in part])
                counts[table.name] = counts.get(table.name, 0) + len(part)
                told(table.name, counts[table.name])
        facts.set_fact(old, MOVED_TO, address)
    return counts
