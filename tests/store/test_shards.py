"""Shards: fair shares, leases by the database's clock, and the fence that stops a worker that slept too long."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select

from hefu.core.env import Env
from hefu.core.errors import Transient
from hefu.runtime.reaper import Me, beat
from hefu.store import facts, shards
from hefu.store import golden as goldens
from hefu.store.db import Store
from hefu.store.golden import SHARDS, Link
from hefu.store.tables import shard, worker


@pytest.fixture
def pool(store: Store) -> Store:
    """A store with its shards and no worker."""
    with store.begin() as tx:
        shards.ensure_shards(tx)
        shards.ensure_shards(tx)
    return store


def alive(store: Store, *names: str) -> None:
    for name in names:
        beat(store.engine, worker, Me(name, "here", 1))


def claim(store: Store, who: str, at_most: int = SHARDS) -> dict[int, int]:
    with store.begin() as tx:
        return shards.claim(tx, who, at_most)


def expire(store: Store, who: str) -> None:
    """Its lease ends now, as if it had slept."""
    with store.begin() as tx:
        tx.run(shard.update().where(shard.c.worker_id == who).values(lease_until=tx.later(-1)))


def test_a_lone_worker_takes_all_and_keeps_them(pool: Store) -> None:
    first = claim(pool, "a")
    assert first == dict.fromkeys(range(SHARDS), 1)
    assert claim(pool, "a") == dict.fromkeys(range(SHARDS), 2), "claiming again is a new fence"
    assert claim(pool, "b") == {}


def test_each_of_the_living_gets_its_fair_share(pool: Store) -> None:
    alive(pool, "a", "b", "c")
    shares = [claim(pool, who) for who in "abc"]
    assert [len(x) for x in shares] == [22, 22, 20]
    assert len({n for x in shares for n in x}) == SHARDS, "no shard has two workers"


def test_the_dead_have_no_share(pool: Store) -> None:
    alive(pool, "a", "b")
    with pool.begin() as tx:
        tx.run(worker.update().where(worker.c.id == "b").values(heartbeat_at=tx.later(-pool.lease - 1)))
        assert shards.living(tx) == {"a": {}}
    assert len(claim(pool, "a")) == SHARDS


def test_every_shard_has_its_turn_while_the_others_do_nothing(pool: Store) -> None:
    alive(pool, "a", "b")
    seen: set[int] = set()
    for _ in range(2):
        seen |= claim(pool, "a").keys()
        with pool.begin() as tx:
            shards.release(tx, "a")
    assert seen == set(range(SHARDS))


def test_what_is_released_is_free_at_once(pool: Store) -> None:
    claim(pool, "a")
    with pool.begin() as tx:
        shards.release(tx, "a")
    assert len(claim(pool, "b")) == SHARDS


def test_a_lease_that_ends_frees_the_shards_and_their_old_owner_loses(pool: Store) -> None:
    held = claim(pool, "a")
    with pool.begin() as tx:
        shards.renew(tx, "a", held)
    expire(pool, "a")
    taken = claim(pool, "b")
    assert set(taken) == set(held)
    assert all(taken[n] > held[n] for n in held)
    with pytest.raises(Transient) as error, pool.begin() as tx:
        facts.set_fact(tx, "settled by", "a")
        shards.renew(tx, "a", held)
    assert error.value.code == "store.lost_lease"
    with pool.begin() as tx:
        assert facts.get_fact(tx, "settled by") is None, "its transaction was rolled back"
        shards.renew(tx, "b", taken)
        shards.release(tx, "a")  # the loser going away takes nothing from the new owner
        shards.renew(tx, "b", taken)


def test_a_worker_that_slept_but_was_not_missed_goes_on(pool: Store) -> None:
    held = claim(pool, "a")
    expire(pool, "a")
    with pool.begin() as tx:
        shards.renew(tx, "a", held)
    assert claim(pool, "b") == {}, "its lease is long again"


def test_losing_one_shard_is_losing(pool: Store) -> None:
    held = claim(pool, "a")
    with pool.begin() as tx:
        tx.run(shard.update().where(shard.c.id == 7).values(lease_until=tx.later(-1)))
    assert list(claim(pool, "b")) == [7]
    with pytest.raises(Transient), pool.begin() as tx:
        shards.renew(tx, "a", held)
    with pool.begin() as tx:
        shards.renew(tx, "a", {n: f for n, f in held.items() if n != 7})
        shards.renew(tx, "a", {})


def test_the_lease_is_the_stores(store_url: str) -> None:
    short = Store(store_url, Env(), lease=1.0)
    short.create()
    with short.begin() as tx:
        shards.ensure_shards(tx)
        shards.claim(tx, "a")
        until = tx.run(select(shard.c.lease_until)).scalars().all()
        assert set(until) == {tx.later(1.0)}
    short.close()


def test_workers_that_claim_at_once_share_nothing(pool: Store) -> None:
    names = [f"w{n}" for n in range(6)]
    alive(pool, *names)
    held: dict[str, dict[int, int]] = {}
    threads = [threading.Thread(target=lambda n=n: held.update({n: claim(pool, n)})) for n in names]  # type: ignore[misc]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = [n for mine in held.values() for n in mine]
    assert len(taken) == len(set(taken))
    with pool.begin() as tx:
        for name, mine in held.items():
            shards.renew(tx, name, mine)


def test_a_flow_that_somebody_living_reads_is_known_to_the_others(pool: Store) -> None:
    alive(pool, "a", "b", "c")
    with pool.begin() as tx:
        shards.say_reading(tx, "a", {"orders": "t1", "customers": "t2"})
        shards.say_reading(tx, "c", {"customers": "t1"})
        assert shards.read_elsewhere(tx, "a") == {"customers": "t1"}
        assert shards.read_elsewhere(tx, "b") == {"orders": "t1", "customers": "t1"}
    alive(pool, "a")  # a heartbeat forgets nothing
    with pool.begin() as tx:
        shards.say_reading(tx, "c", {})
        assert shards.read_elsewhere(tx, "b") == {"orders": "t1", "customers": "t2"}
        tx.run(worker.update().where(worker.c.id == "a").values(heartbeat_at=tx.later(-pool.lease - 1)))
        assert shards.read_elsewhere(tx, "b") == {}, "the dead read nothing"
        shards.say_reading(tx, "nobody", {"x": "t1"})
        assert shards.read_elsewhere(tx, "b") == {}


# ------------------------------------------------------------------ due work


def due(number: int, golden_id: str, priority: int = 5, waits: str | None = None, ago: float = 1.0) -> Link:
    made = Link(f"l{number:03d}", "m", "erp", "customer", "", f"r{number}", golden_id, priority=priority, waits=waits)
    made.due_at = str(-ago)
    return made


def put(store: Store, *rows: Link) -> None:
    with store.begin() as tx:
        for row in rows:
            row.due_at = None if row.due_at is None else tx.later(float(row.due_at))
        goldens.add_links(tx, rows)


def test_due_work_comes_urgent_first_then_old_first(store: Store) -> None:
    put(store, due(1, "g1", 9), due(2, "g2", 5, ago=1), due(3, "g3", 5, ago=9), due(4, "g4", 1))
    with store.look() as tx:
        found = shards.due_links(tx, "m", range(SHARDS), 10)
        assert [i for i, _ in found] == ["l004", "l003", "l002", "l001"]
        assert shards.due_links(tx, "m", range(SHARDS), 2) == found[:2]
        assert shards.due_links(tx, "other", range(SHARDS), 9) == []


def test_what_waits_for_a_person_or_an_outcome_or_is_not_due_yet_is_left(store: Store) -> None:
    put(store, due(1, "g1", waits="person"), due(2, "g2", waits="outcome"), due(3, "g3", waits="system"),
        due(4, "g4", waits="parent"), due(5, "g5", ago=-60))  # fmt: skip
    with store.look() as tx:
        assert {i for i, _ in shards.due_links(tx, "m", range(SHARDS), 9)} == {"l003", "l004"}
        assert shards.due_mappings(tx) == {"m": 2}
        assert shards.anything_due(tx, ["m"])
        assert not shards.anything_due(tx, ["n"])


def test_a_worker_sees_the_work_of_its_own_shards_only(store: Store) -> None:
    put(store, *(due(n, f"g{n}") for n in range(200)))
    mine, others = list(range(20)), list(range(20, SHARDS))
    with store.look() as tx:
        first = shards.due_links(tx, "m", mine, 500)
        rest = shards.due_links(tx, "m", others, 500)
    assert {goldens.shard_of(g) for _, g in first} <= set(mine)
    assert len({*first, *rest}) == 200


def test_heartbeats_are_instants_like_all_others(store: Store) -> None:
    alive(store, "a")
    with store.begin() as tx:
        at = tx.run(select(worker.c.heartbeat_at)).scalar()
        assert abs(at - store.env.now()) < timedelta(seconds=10)
        assert shards.living(tx) == {"a": {}}
