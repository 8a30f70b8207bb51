"""A hub that is restored from a backup: what happened in the systems since is merged, nothing is done a second time."""

from __future__ import annotations

from pathlib import Path

import pytest
from books import TOKEN, customers
from sqlalchemy import text
from world import Fate, World

from hefu.connectors.memory import Manners
from hefu.store import backup, migrate, restored
from hefu.store.sealed_file import Key

KEY = Key(passphrase="for tests")
BY_KEY = Manners(create="key")
LATE = Manners(create="token", token_field="ref", lag=20.0)
PLAIN = Manners(create="token", token_field="ref", conditional="no", returns=False)
MANNERS = {"token": TOKEN, "natural key": BY_KEY, "a search that lags": LATE, "no versions": PLAIN}


def given(fate: Fate, manners: Manners) -> World:
    """Ten customers in step, under a store that says of which version it is."""
    world = customers(fate, crm=manners, erp=manners)
    with world.store.begin() as tx:
        tx.run(text("create table alembic_version (version_num varchar(32) not null)"))
        tx.run(text("insert into alembic_version values (:head)"), {"head": migrate.head()})
    for n in range(10):
        world.crm.create("customer", {"code": f"K{n}", "name": f"N{n}", "phone": "1", "address": "A", "terms": "30"})
    settle(world)
    return world


def settle(world: World) -> None:
    """Until all is done, also where a search shows new records late."""
    for _ in range(2):
        world.env.sleep(40)
        world.sync()


def back(world: World, path: Path) -> None:
    """The store as it was; its hubs start anew."""
    backup.restore(path, KEY, world.store, replace=True)
    world.hubs = [world.new_hub() for _ in world.hubs]


def find(world: World, name: str, code: str) -> str:
    system = world.systems[name]
    (found,) = [i for i, record in system.all("customer").items() if record["code"] == code]
    return found


def busy(world: World) -> None:
    """What people and the hub do after the backup: edits on both sides, new records, all delivered."""
    world.crm.edit("customer", find(world, "crm", "K1"), {"phone": "P1"}, who="li")
    world.erp.edit("customer", find(world, "erp", "K2"), {"address": "B2"}, who="wang")
    world.crm.create("customer", {"code": "N1", "name": "New 1", "phone": "1", "address": "A", "terms": "30"})
    world.erp.create("customer", {"code": "N2", "name": "New 2", "phone": "1", "address": "A", "terms": "30"})
    settle(world)
    world.crm.edit("customer", find(world, "crm", "N2"), {"phone": "P2"}, who="li")
    world.erp.edit("customer", find(world, "erp", "K1"), {"phone": "P3"}, who="wang")
    settle(world)


@pytest.mark.parametrize("fate", [Fate(), Fate(first="erp"), Fate(workers=3, seed=4)], ids=["crm", "erp", "workers"])
@pytest.mark.parametrize("manners", MANNERS.values(), ids=MANNERS)
def test_what_was_delivered_since_is_merged_and_not_replayed(fate: Fate, manners: Manners, tmp_path: Path) -> None:
    world = given(fate, manners)
    backup.create(world.store, tmp_path / "b", KEY)
    busy(world)
    before = {name: system.all("customer") for name, system in world.systems.items()}
    world.mark()
    back(world, tmp_path / "b")
    world.sync()
    assert {name: system.all("customer") for name, system in world.systems.items()} == before
    assert world.writes("crm") == world.writes("erp") == [], "nothing is written again, nothing created twice"
    assert world.issues() == []
    world.at_rest(3)
    with world.store.look() as tx:
        assert backup.broken(tx) == {}
        assert not restored.under_way(tx)
    world.close()


@pytest.mark.parametrize("manners", MANNERS.values(), ids=MANNERS)
def test_what_was_owed_at_the_backup_and_done_since_is_not_done_twice(manners: Manners, tmp_path: Path) -> None:
    """The backup falls between reading and writing: creates and changes are due in it that were made long ago."""
    world = given(Fate(), manners)
    world.crm.create("customer", {"code": "N1", "name": "New 1", "phone": "1", "address": "A", "terms": "30"})
    world.crm.edit("customer", find(world, "crm", "K1"), {"phone": "P1"}, who="li")
    taken: list[Path] = []

    def back_up(call: object) -> None:
        if call.verb == "write" and not taken:
            backup.create(world.store, tmp_path / "b", KEY)
            taken.append(tmp_path / "b")

    world.watch["erp"].on_call.append(back_up)
    world.sync()
    world.erp.edit("customer", find(world, "erp", "K1"), {"phone": "P9"}, who="wang")  # typed over what we wrote
    world.sync()
    world.mark()
    back(world, tmp_path / "b")
    world.sync()
    codes = sorted(r["code"] for r in world.erp.all("customer").values())
    assert codes == sorted({*codes}), "no customer twice"
    assert len(codes) == 11
    assert world.erp.all("customer")[find(world, "erp", "K1")]["phone"] == "P9", "no edit is lost"
    assert [e for e in world.writes("erp") if e.before is None] == []
    world.close()


def test_edits_that_nobody_had_read_yet_are_read_after_the_restore(tmp_path: Path) -> None:
    world = given(Fate(), TOKEN)
    backup.create(world.store, tmp_path / "b", KEY)
    world.crm.edit("customer", find(world, "crm", "K1"), {"phone": "P1"}, who="li")
    world.erp.edit("customer", find(world, "erp", "K1"), {"address": "B"}, who="wang")
    world.crm.edit("customer", find(world, "crm", "K2"), {"phone": "left"}, who="li")
    world.erp.edit("customer", find(world, "erp", "K2"), {"phone": "right"}, who="wang")
    back(world, tmp_path / "b")
    world.sync()
    for name in ("crm", "erp"):
        one = world.systems[name].all("customer")[find(world, name, "K1")]
        assert (one["phone"], one["address"]) == ("P1", "B")
    assert [case["kind"] for case in world.issues()] == ["conflict"], "who is right is not guessed"
    world.close()


def test_nothing_is_written_before_every_system_was_read_again(tmp_path: Path) -> None:
    world = given(Fate(), TOKEN)
    codes = [f"K{n}" for n in range(10)]
    for code in codes[:5]:
        world.crm.edit("customer", find(world, "crm", code), {"phone": "9"})
    backup.create(world.store, tmp_path / "b", KEY)
    world.sync()
    for code in codes[5:]:
        world.crm.edit("customer", find(world, "crm", code), {"phone": "9"})
    world.mark()
    back(world, tmp_path / "b")
    verbs: list[str] = []
    for name, watch in world.watch.items():
        watch.on_call.append(lambda call, n=name: verbs.append(f"{call.verb} {n}"))
    world.cycle()
    first = next(at for at, verb in enumerate(verbs) if verb.startswith("write"))
    assert {"read crm", "read erp"} <= set(verbs[:first])
    world.sync()
    assert {r["phone"] for r in world.erp.all("customer").values()} == {"9"}
    assert len(world.writes("erp")) == 5
    world.close()


def test_who_typed_again_after_a_delivery_that_the_backup_does_not_know_is_asked(tmp_path: Path) -> None:
    """Nobody can tell the value that the hub delivered from one that somebody typed: no edit is lost over it."""
    world = given(Fate(), TOKEN)
    backup.create(world.store, tmp_path / "b", KEY)
    world.crm.edit("customer", find(world, "crm", "K1"), {"phone": "9"})
    world.sync()
    world.crm.edit("customer", find(world, "crm", "K1"), {"phone": "10"})
    back(world, tmp_path / "b")
    world.sync()
    (case,) = world.issues()
    assert {case["facts"]["ours"], case["facts"]["theirs"]} == {"9", "10"}
    world.close()


def test_a_hint_after_the_restore_does_not_let_anything_out_early(tmp_path: Path) -> None:
    from hefu.engine.worker import drain, hint

    world = given(Fate(), TOKEN)
    backup.create(world.store, tmp_path / "b", KEY)
    record = find(world, "crm", "K1")
    world.crm.edit("customer", record, {"phone": "9"})
    world.mark()
    back(world, tmp_path / "b")
    hint(world.hub, "crm", "customer", record)
    with world.hub.run("drain", "due") as run:
        drain(world.hub, run)
    assert world.writes("erp") == []
    world.sync()
    assert len(world.writes("erp")) == 1
    world.close()
