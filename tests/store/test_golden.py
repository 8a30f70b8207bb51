"""Golden records, links, keys and the story: what is stored is what comes back, and bulk reads find it."""

from __future__ import annotations

import pytest

from hefu.core.env import Env
from hefu.core.errors import Transient
from hefu.store import golden as goldens
from hefu.store import shards
from hefu.store.db import Store, Tx
from hefu.store.golden import Golden, Link, Moved

LINES = [{"line": "10", "quantity": "2.5", "note": None}, {"line": "20", "quantity": "-1"}]


def link(number: int, golden_id: str, connection: str = "crm", **more: object) -> Link:
    values = {"told": {"name": "甲"}, "seen": {"name": "甲"}, **more}
    return Link(f"l{number}", f"{connection}-customer", connection, "customer", "", f"r{number}", golden_id, **values)  # type: ignore[arg-type]


def golden(number: int, **more: object) -> Golden:
    values = {"name": f"客户 {number}", "lines": LINES, "active": True, "fax": None, "code": f"C\x00{number}"}
    return Golden(f"g{number}", "customer", values, changed_at="2026-01-01T00:00:00.000000Z", **more)  # type: ignore[arg-type]


def put(tx: Tx, count: int, connections: tuple[str, ...] = ("crm", "erp")) -> None:
    goldens.add_golden(tx, [golden(n) for n in range(count)])
    rows = [link(n * 10 + k, f"g{n}", name) for n in range(count) for k, name in enumerate(connections)]
    goldens.add_links(tx, rows)


@pytest.mark.parametrize("count", [1, 2500])
def test_golden_records_come_back_as_they_were_stored(store: Store, count: int) -> None:
    rows = [golden(n, version=3, state="live", disputed=["name"] if n % 2 else []) for n in range(count)]
    with store.begin() as tx:
        goldens.add_golden(tx, rows)
    with store.begin() as tx:
        assert goldens.load_golden(tx, [g.id for g in rows]) == {g.id: g for g in rows}
        assert goldens.load_golden(tx, []) == {}
        assert goldens.versions(tx, ["g0", "none"]) == {"g0": 3}
        for g in rows:
            g.version, g.state, g.fields = 4, "deleted", {"name": None}
        goldens.save_golden(tx, rows)
    with store.look() as tx:
        assert goldens.load_golden(tx, ["g0"], lock=False) == {"g0": rows[0]}


def test_links_come_back_with_what_was_told_and_seen(store: Store) -> None:
    same = link(1, "g1")
    other = link(2, "g1", "erp", told={"name": "甲", "lines": LINES}, seen={"name": "乙"}, version="7", status="draft",
                 digest="d", seen_at="2026-01-01T00:00:00.000000Z", priority=1, attempt=2, waits="system",
                 due_at="2026-01-02T00:00:00.000000Z", reread=1)  # fmt: skip
    wanted = link(3, "g1", "shop", state="wanted")
    wanted.record_id = None
    with store.begin() as tx:
        goldens.add_links(tx, [same, other, wanted])
    with store.begin() as tx:
        assert goldens.load_links(tx, ["l1", "l2", "l3"]) == {"l1": same, "l2": other, "l3": wanted}
        assert goldens.links_of(tx, ["g1", "g2"]) == {"g1": [same, other, wanted]}
        assert goldens.links_by_record(tx, "erp", "customer", [("", "r2"), ("", "r9")]) == {("", "r2"): other}
        other.seen, other.state, other.golden_id = dict(other.told), "tombstone", "g5"
        goldens.save_links(tx, [other])
    with store.begin() as tx:
        assert goldens.load_links(tx, ["l2"]) == {"l2": other}
        assert goldens.links_of(tx, ["g5"]) == {"g5": [other]}


def test_a_record_has_one_link_in_its_system_but_many_may_be_wanted(store: Store) -> None:
    with store.begin() as tx:
        goldens.add_links(tx, [link(1, "g1"), Link("l9", "m", "crm", "customer", "north", "r1", "g2")])
        for n in (5, 6):
            one = link(n, "g1", state="wanted")
            one.record_id = None
            goldens.add_links(tx, [one])
    twin = link(1, "g2")
    twin.id = "l2"
    with pytest.raises(Transient) as error, store.begin() as tx:
        goldens.add_links(tx, [twin])
    assert error.value.code == "store.raced"


def test_only_calm_links_tell_their_digest(store: Store) -> None:
    rows = [link(n, "g1", digest=f"d{n}") for n in range(5)]
    rows[1].state, rows[2].reread, rows[3].organisation = "missing", 1, "north"
    with store.begin() as tx:
        goldens.add_links(tx, rows)
        keys = [("", f"r{n}") for n in range(9)]
        assert goldens.digests(tx, "crm", "customer", keys) == {
            ("", "r0"): "d0", ("north", "r3"): "d3", ("", "r4"): "d4"
        }  # fmt: skip


def test_references_are_translated_both_ways(store: Store) -> None:
    with store.begin() as tx:
        put(tx, 1200)
        ids = [f"g{n}" for n in range(1200)]
        assert goldens.record_ids(tx, "erp", "customer", ids) == {f"g{n}": f"r{n * 10 + 1}" for n in range(1200)}
        assert goldens.record_ids(tx, "erp", None, ["g3"]) == {"g3": "r31"}
        assert goldens.record_ids(tx, "erp", "product", ids) == {}
        assert goldens.golden_ids(tx, "crm", "customer", ["r0", "r10", "x"]) == {"r0": "g0", "r10": "g1"}


def test_the_others_owe_and_urgency_only_rises(store: Store) -> None:
    with store.begin() as tx:
        goldens.add_links(tx, [
            link(1, "g1"), link(2, "g1", "erp", priority=9, attempt=4), link(3, "g1", "shop", priority=1),
            link(4, "g1", "gone", state="tombstone"), link(5, "g1", "p", waits="person"),
            link(6, "g1", "o", waits="outcome"), link(7, "g2", "erp"),
        ])  # fmt: skip
        goldens.mark_due(tx, ["g1"], ["l1"], 5)
        now = tx.now()
        found = goldens.load_links(tx, [f"l{n}" for n in range(1, 8)])
    due = {i: (x.due_at, x.priority, x.attempt, x.waits) for i, x in found.items() if x.due_at}
    assert due == {
        "l2": (now, 5, 0, None), "l3": (now, 1, 0, None), "l5": (now, 5, 0, None), "l6": (now, 5, 0, "outcome")
    }  # fmt: skip


def test_merged_records_are_followed_to_the_last(store: Store) -> None:
    rows = [golden(n) for n in range(5)]
    rows[0].merged_into, rows[0].state = "g1", "merged"
    rows[1].merged_into, rows[1].state = "g2", "merged"
    with store.begin() as tx:
        goldens.add_golden(tx, rows)
        assert goldens.resolve_merged(tx, ["g0", "g1", "g2", "g3"]) == {"g0": "g2", "g1": "g2", "g2": "g2", "g3": "g3"}


def test_keys_find_all_who_carry_them(store: Store) -> None:
    with store.begin() as tx:
        goldens.add_keys(tx, "customer", [(0, "91310", "g1"), (0, "91310", "g2"), (1, "厦门", "g1")])
        goldens.add_keys(tx, "customer", [(0, "91310", "g1")])
        goldens.add_keys(tx, "product", [(0, "91310", "p1")])
        assert goldens.find_keys(tx, "customer", 0, ["91310", "x"]) == {"91310": ["g1", "g2"]}
        assert goldens.find_keys(tx, "customer", 1, ["厦门"]) == {"厦门": ["g1"]}


def test_the_story_is_told_in_the_order_it_happened(store: Store) -> None:
    moved = [Moved("g1", "changed", "crm", "李", None, "m", {"phone": [str(n), str(n + 1)]}) for n in range(300)]
    with store.begin() as tx:
        goldens.add_changes(tx, "run1", 7, [Moved("g1", "created", "crm", None, None, "m", {"name": "甲"}), *moved])
        goldens.add_changes(tx, "run1", 7, [])
    with store.begin() as tx:
        goldens.add_changes(tx, "run2", 8, [Moved("g2", "created", None, None, None, None, {})])
        found = goldens.changes_of(tx, ["g1"])
    assert [row["kind"] for row in found] == ["created", *["changed"] * 300]
    assert [row["moved"]["phone"][0] for row in found[1:]] == [str(n) for n in range(300)]
    assert {(row["run_id"], row["project_version"]) for row in found} == {("run1", 7)}


def test_ids_of_one_moment_sort_in_the_order_they_were_made() -> None:
    ids = Env().new_ids(50_000)
    assert ids == sorted(set(ids))


def test_a_golden_record_stays_in_its_shard_and_they_fill_evenly(store: Store) -> None:
    counts = [0] * shards.SHARDS
    for made in Env().new_ids(6400):
        counts[goldens.shard_of(made)] += 1
        assert goldens.shard_of(made) == goldens.shard_of(str(made))
    assert min(counts) > 50
    assert max(counts) < 150
    with store.begin() as tx:
        put(tx, 3)
        assert goldens.count_links(tx) == {"crm-customer": {"active": 3}, "erp-customer": {"active": 3}}
