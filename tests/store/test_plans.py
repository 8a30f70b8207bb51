"""What every round asks is answered by an index, however many rows there are: SQLite's own plan says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from hefu.core.env import Env
from hefu.store import golden as goldens
from hefu.store import intents, shards
from hefu.store.db import Store, Tx
from hefu.store.tables import FOR_PARENT, MISSING, link

ASKED = {
    "to_read_again": lambda tx: goldens.to_read_again(tx, "m", 10),
    "read_children_again": lambda tx: goldens.read_children_again(tx, "c"),
    "unsettled_of": lambda tx: intents.unsettled_of(tx, "m", [1, 2], tx.now()),
    "to_look_up": intents.to_look_up,
    "due_links": lambda tx: shards.due_links(tx, "m", [1], 10),
    "due_mappings": shards.due_mappings,
    "missing": lambda tx: tx.run(link.select().where(link.c.mapping == "m", MISSING)),
    "digests": lambda tx: goldens.digests(tx, "c", "o", [("", "1")]),
    "links_by_record": lambda tx: goldens.links_by_record(tx, "c", "o", [("", "1")]),
    "golden_ids": lambda tx: goldens.golden_ids(tx, "c", "o", ["1"]),
    "record_ids": lambda tx: goldens.record_ids(tx, "c", "o", ["g"]),
    "find_keys": lambda tx: goldens.find_keys(tx, "customer", 0, ["k"]),
    "links_of": lambda tx: goldens.links_of(tx, ["g"]),
    "for a parent": lambda tx: tx.run(link.update().where(link.c.connection == "c", FOR_PARENT).values(waits=None)),
}


@pytest.mark.parametrize("what", ASKED)
def test_no_round_reads_a_whole_table(tmp_path: Path, what: str) -> None:
    store = Store(f"sqlite:///{tmp_path}/hub.sqlite", Env())
    store.create()
    said: list[tuple[str, Any]] = []
    event.listen(store.engine, "before_cursor_execute", lambda _c, _k, sql, args, *_: said.append((sql, args)))
    with store.begin() as tx:
        ASKED[what](tx)
        plans = [row[3] for sql, args in list(said) if not sql.startswith("BEGIN") for row in plan(tx, sql, args)]
    store.close()
    assert plans, "something was asked"
    whole = [step for step in plans if step.startswith("SCAN") and "ix_" not in step and "json_each" not in step]
    assert not whole
    for step in plans:  # not all records of an object are gone through for one
        assert "uq_link_record" not in step or "record_id=?" in step, plans


def plan(tx: Tx, sql: str, args: Any) -> list[Any]:
    return list(tx.conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}", args).all())
