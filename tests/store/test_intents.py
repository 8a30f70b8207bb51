"""Intents: each write is known before it is made, and stays unsettled until its outcome is known."""

from __future__ import annotations

from hefu.store import golden as goldens
from hefu.store import intents
from hefu.store.db import Store, Tx
from hefu.store.golden import Link
from hefu.store.intents import Intent

AT = "2026-01-01T00:00:00.000000Z"


def made(number: int, kind: str = "update", **more: object) -> Intent:
    fields, before = {"phone": "1"}, {"phone": None}
    return Intent(f"i{number:03d}", f"l{number}", kind, "open", fields, before, None, 1, AT, **more)  # type: ignore[arg-type]


def put(tx: Tx, *rows: Intent, mapping: str = "m") -> None:
    goldens.add_links(
        tx, [Link(i.link_id, mapping, "erp", "customer", "", f"r{i.link_id}", f"g{i.link_id}") for i in rows]
    )
    intents.open_intents(tx, rows, "run", 3)


def test_an_open_write_comes_back_whole(store: Store) -> None:
    create = Intent("i9", "l9", "create", "open", {"name": "甲"}, None, None, 1, AT)
    step = Intent("i8", "l8", "action", "open", None, None, "submit", 2, AT)
    with store.begin() as tx:
        put(tx, made(1), create, step)
    with store.look() as tx:
        assert intents.unsettled(tx, ["l1", "l8", "l9", "lx"]) == {"l1": made(1), "l8": step, "l9": create}
        assert intents.counts_by_state(tx) == {"open": 3}


def test_settled_writes_are_history(store: Store) -> None:
    with store.begin() as tx:
        put(tx, *(made(n) for n in range(1, 6)))
        intents.applied(tx, ["i001", "i002"])
        intents.applied(tx, [])
        intents.settle(tx, "i003", "refused", {"code": "x", "facts": {"said": "信用额度"}})
        intents.settle(tx, "i004", "unknown", {"code": "net.timeout"}, tx.later(5))
    with store.look() as tx:
        assert set(intents.unsettled(tx, [f"l{n}" for n in range(1, 6)])) == {"l4", "l5"}
        assert intents.counts_by_state(tx) == {"applied": 2, "refused": 1, "unknown": 1, "open": 1}
        told = intents.history(tx, ["l1", "l3", "l4"])
    assert [(r["state"], r["settled_at"] is not None, r["fields"], r["before"]) for r in told] == [
        ("applied", True, {"phone": "1"}, {"phone": None}),
        ("refused", True, {"phone": "1"}, {"phone": None}),
        ("unknown", False, {"phone": "1"}, {"phone": None}),
    ]
    assert told[1]["error"] == {"code": "x", "facts": {"said": "信用额度"}}
    assert {(r["run_id"], r["project_version"]) for r in told} == {("run", 3)}


def test_only_writes_whose_time_has_come_are_looked_up_oldest_first(store: Store) -> None:
    with store.begin() as tx:
        put(tx, *(made(n) for n in range(1, 8)))
        put(tx, made(9), mapping="n")
        intents.settle(tx, "i001", "unknown", None, tx.later(60))
        intents.settle(tx, "i002", "unknown", None, tx.later(-1))
        intents.settle(tx, "i003", "applied")
    with store.begin() as tx:
        found = [i.id for i in intents.unsettled_of(tx, "m", range(64), tx.now())]
        assert found == ["i002", "i004", "i005", "i006", "i007"]
        assert [i.id for i in intents.unsettled_of(tx, "m", range(64), tx.now(), limit=2)] == found[:2]
        mine = {goldens.shard_of("gl2"), goldens.shard_of("gl5")}
        assert [i.id for i in intents.unsettled_of(tx, "m", mine, tx.now())] == ["i002", "i005"]
        assert next(i.id for i in intents.unsettled_of(tx, "m", range(64), tx.later(90))) == "i001"


def test_what_is_rolled_back_was_never_meant(store: Store) -> None:
    try:
        with store.begin() as tx:
            put(tx, made(1))
            raise KeyboardInterrupt
    except KeyboardInterrupt:
        pass
    with store.look() as tx:
        assert intents.unsettled(tx, ["l1"]) == {}
