"""Backups: complete, of one moment under load, unreadable without the key, refused as soon as one byte is wrong."""

from __future__ import annotations

import io
import os
import resource
import signal
import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import MetaData, select, text, update

from hefu.core.env import Env
from hefu.core.errors import Denied, HubError, Unsupported
from hefu.store import backup, facts, golden, intents, journal, migrate, projects, restored, runs
from hefu.store.db import Store
from hefu.store.golden import Golden, Link
from hefu.store.intents import Intent
from hefu.store.sealed_file import CHUNK, Key, SealedReader, SealedWriter
from hefu.store.secrets import MasterKeys, enclose, new_master_key, seal, unseal
from hefu.store.tables import change, metadata, shard, worker
from hefu.store.tables import golden as golden_table

KEYS = MasterKeys.parse(new_master_key(), "test")
KEY = Key(master=KEYS)


@pytest.fixture
def hub(store_url: str) -> Iterator[Store]:
    made = Store(store_url, Env(), durable=False)
    migrate.upgrade(made)
    yield made
    made.close()


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Store]:
    """An empty store of the other kind or of the same: a file."""
    made = Store(f"sqlite:///{tmp_path}/restored.sqlite", Env(), durable=False)
    yield made
    made.close()


def fill(store: Store, count: int = 50, start: int = 0) -> None:
    """Golden records with links, a write, a story, a secret, an audit row."""
    with store.begin() as tx:
        at, ids = tx.now(), [f"{n:08d}" for n in range(start, start + count)]
        golden.add_golden(tx, [Golden(f"g{i}", "customer", {"name": '甲 \n\\N\t"' + i}, changed_at=at) for i in ids])
        golden.add_links(tx, [Link(f"l{i}", "m", "erp", "client", "", f"r{i}", f"g{i}", told={"name": i}) for i in ids])
        intents.open_intents(tx, [Intent(f"i{i}", f"l{i}", "create", "applied", {"name": i}, None, None, 1, at)
                                  for i in ids], "run", 1)  # fmt: skip
        golden.add_changes(tx, "run", 1, [golden.Moved(f"g{i}", "created", "crm", "li", None, "m", {"name": i})
                                          for i in ids])  # fmt: skip
        if not start:
            projects.save(tx, {"connections/a.yaml": "connection: a\n"}, "li", "")
            facts.set_fact(tx, "id", "the-hub")
            seal(tx, KEYS, "the-hub", "ERP", "hush")
            journal.record(tx, b"key", "li", "did", "something")
            runs.set_cursor(tx, "m", "p7", "f", at)
            tx.run(shard.insert().values(id=1, fence=9, worker_id="w", lease_until=at))


def contents(store: Store) -> dict[str, list[tuple[object, ...]]]:
    with store.look() as tx:
        return {t.name: sorted(map(tuple, tx.run(t.select())), key=repr) for t in metadata.sorted_tables}


def test_what_is_restored_is_what_was_there(hub: Store, other: Store, tmp_path: Path) -> None:
    fill(hub)
    made = backup.create(hub, tmp_path / "b", KEY)
    found = backup.verify(tmp_path / "b", KEY)
    assert made == found
    assert (found.tables["golden"], found.hub, found.revision) == (50, "the-hub", migrate.head())
    assert backup.restore(tmp_path / "b", KEY, other) == found
    before, after = contents(hub), contents(other)
    for name in before.keys() - {"hub", "cursor", "shard", "worker"}:
        assert after[name] == before[name], name
    assert (after["shard"], after["worker"]) == ([], [])
    with other.look() as tx:
        assert backup.broken(tx) == {}
        assert unseal(tx, KEYS, "the-hub", "ERP") == "hush"
        assert journal.verify(tx, b"key") is None
        assert restored.under_way(tx)
        assert restored.unread(tx, ["m"]) == {"m"}
    assert not migrate.upgrade(other)


@pytest.mark.usefixtures("systems")
def test_a_backup_goes_into_postgresql_from_either_kind(hub: Store, tmp_path: Path, second_postgresql_url: str) -> None:
    fill(hub)
    backup.create(hub, tmp_path / "b", KEY)
    target = Store(second_postgresql_url, Env())
    backup.restore(tmp_path / "b", KEY, target)
    before, after = contents(hub), contents(target)
    target.close()
    assert {n: after[n] for n in ("golden", "link", "intent", "change", "secret", "journal")} == {
        n: before[n] for n in ("golden", "link", "intent", "change", "secret", "journal")
    }


def test_nothing_in_the_file_is_in_clear(hub: Store, tmp_path: Path) -> None:
    fill(hub)
    backup.create(hub, tmp_path / "b", KEY)
    raw = (tmp_path / "b").read_bytes()
    for word in (b"customer", "甲".encode(), b"hush", b"connection:", KEYS.current[1]):
        assert word not in raw
    assert (tmp_path / "b").stat().st_mode & 0o777 == 0o600


def test_a_backup_is_one_moment_while_others_write(hub: Store, other: Store, tmp_path: Path) -> None:
    """Each transaction adds to four tables; a backup that saw half of one would not hold together."""
    fill(hub)
    stop, written = threading.Event(), [1]

    def write() -> None:
        while not stop.is_set():
            fill(hub, 50, written[0] * 50)
            written[0] += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        sizes = []
        for n in range(4):
            made = backup.create(hub, tmp_path / f"b{n}", KEY)
            assert made.tables["golden"] == made.tables["link"] == made.tables["intent"] == made.tables["change"]
            assert made.tables["golden"] % 50 == 0
            sizes.append(made.tables["golden"])
    finally:
        stop.set()
        writer.join()
    assert sizes == sorted(sizes)
    assert written[0] * 50 > sizes[0], "it went on writing meanwhile"
    backup.restore(tmp_path / "b3", KEY, other)
    with other.look() as tx:
        assert backup.broken(tx) == {}


def test_it_needs_little_memory_however_much_there_is(tmp_path: Path, other: Store) -> None:
    store = Store(f"sqlite:///{tmp_path}/big.sqlite", Env(), durable=False)
    migrate.upgrade(store)
    with store.begin() as tx:  # 48 MB
        golden.add_golden(tx, [Golden(f"g{n}", "customer", {"x": os.urandom(6000).hex()}) for n in range(4000)])
    tracemalloc.start()
    backup.create(store, tmp_path / "b", KEY)
    backup.restore(tmp_path / "b", KEY, other)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    store.close()
    assert peak < 30 * CHUNK, f"{peak / CHUNK:.1f} MB"


# ------------------------------------------------------------- what is not right


@pytest.fixture
def sealed(tmp_path: Path) -> Iterator[Path]:
    store = Store(f"sqlite:///{tmp_path}/source.sqlite", Env(), durable=False)
    migrate.upgrade(store)
    fill(store, 20)
    backup.create(store, tmp_path / "b", KEY)
    yield tmp_path / "b"
    store.close()


def refused(path: Path, target: Store, key: Key = KEY) -> HubError:
    """The error of `verify` and of `restore`, the same; the target is as empty as before."""
    with pytest.raises(HubError) as first:
        backup.verify(path, key)
    with pytest.raises(HubError) as second:
        backup.restore(path, key, target)
    assert (first.value.code, first.value.facts) == (second.value.code, second.value.facts)
    assert target.is_empty()
    return first.value


def test_another_key_is_named(sealed: Path, other: Store) -> None:
    error = refused(sealed, other, Key(master=MasterKeys.parse(new_master_key(), "test")))
    assert (error.code, error.facts["key"]) == ("backup.wrong_key", KEYS.current[0])
    assert refused(sealed, other, Key()).code == "backup.wrong_key"


def test_an_older_key_still_opens_after_a_rotation(sealed: Path) -> None:
    fresh = MasterKeys.parse(new_master_key(), "test")
    backup.verify(sealed, Key(master=MasterKeys({**fresh.by_id, **KEYS.by_id})))


def test_a_passphrase_opens_what_it_sealed_and_nothing_else(hub: Store, other: Store, tmp_path: Path) -> None:
    fill(hub)
    backup.create(hub, tmp_path / "p", Key(passphrase="correct horse"))
    backup.verify(tmp_path / "p", Key(passphrase="correct horse"))
    assert refused(tmp_path / "p", other, Key(passphrase="wrong horse")).code == "backup.wrong_passphrase"
    assert refused(tmp_path / "p", other, KEY).code == "backup.wants_passphrase"


def test_without_a_key_no_file_is_made(hub: Store, tmp_path: Path) -> None:
    with pytest.raises(Denied) as error:
        backup.create(hub, tmp_path / "b", Key())
    assert error.value.code == "backup.no_key"
    assert [p.name for p in tmp_path.iterdir() if "part" in p.name or p.name == "b"] == []


@pytest.mark.parametrize("left", [0, 5, 14, 17, 100, 0.5, -1, -30])
def test_a_file_that_is_cut_off_is_refused(sealed: Path, other: Store, left: float) -> None:
    raw = sealed.read_bytes()
    sealed.write_bytes(raw[: int(len(raw) * left) if isinstance(left, float) else left])
    assert refused(sealed, other).code in ("backup.truncated", "backup.not_one") if left == 0 else "backup.truncated"


def test_one_byte_that_is_flipped_anywhere_is_found(sealed: Path, other: Store) -> None:
    raw = sealed.read_bytes()
    for at in [*range(0, len(raw), max(1, len(raw) // 97)), len(raw) - 1]:
        sealed.write_bytes(raw[:at] + bytes([raw[at] ^ 1]) + raw[at + 1 :])
        with pytest.raises(HubError) as error:
            backup.verify(sealed, KEY)
        assert error.value.code.startswith("backup."), at
    refused(sealed, other)


@pytest.mark.parametrize("raw", [b"SQLite format 3\0", b"", b"PK\3\4" + b"x" * 999])
def test_another_file_is_no_backup(other: Store, tmp_path: Path, raw: bytes) -> None:
    (tmp_path / "x").write_bytes(raw)
    assert refused(tmp_path / "x", other).code == "backup.not_one"


def test_a_file_that_is_not_there(other: Store, tmp_path: Path) -> None:
    assert refused(tmp_path / "missing", other).code == "backup.unreadable"


def test_what_is_there_is_not_written_over(sealed: Path, hub: Store) -> None:
    fill(hub)
    kept = sealed.read_bytes()
    with pytest.raises(Unsupported) as error:
        backup.create(hub, sealed, KEY)
    assert error.value.code == "backup.exists"
    assert sealed.read_bytes() == kept
    before = contents(hub)
    with pytest.raises(Unsupported) as error:
        backup.restore(sealed, KEY, hub)
    assert error.value.code == "store.not_empty"
    assert contents(hub) == before
    backup.restore(sealed, KEY, hub, replace=True)
    assert len(contents(hub)["golden"]) == 20


def test_a_damaged_backup_replaces_nothing(sealed: Path, hub: Store) -> None:
    fill(hub, 30)
    before = contents(hub)
    raw = sealed.read_bytes()
    sealed.write_bytes(raw[:-1] + bytes([raw[-1] ^ 1]))
    with pytest.raises(Unsupported) as error:
        backup.restore(sealed, KEY, hub, replace=True)
    assert error.value.code == "backup.damaged"
    assert contents(hub) == before


def test_a_backup_of_a_newer_version_is_refused(hub: Store, other: Store, tmp_path: Path) -> None:
    with hub.begin() as tx:
        tx.run(text("update alembic_version set version_num = '9999'"))
    backup.create(hub, tmp_path / "b", KEY)
    with pytest.raises(Unsupported) as error:
        backup.restore(tmp_path / "b", KEY, other)
    assert (error.value.code, error.value.facts["revision"]) == ("backup.newer", "9999")
    assert other.is_empty()


def test_a_store_of_a_newer_version_is_not_replaced(sealed: Path, hub: Store) -> None:
    with hub.begin() as tx:
        tx.run(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(Unsupported) as error:
        backup.restore(sealed, KEY, hub, replace=True)
    assert error.value.code == "store.newer"


def test_a_backup_of_an_older_version_is_brought_up_to_date(store_url: str, other: Store, tmp_path: Path) -> None:
    """Its tables are made as they were, filled, and then migrated like any other store of that version."""
    old = Store(store_url, Env())
    with old.begin() as tx:
        migrate.arrive(tx, "0004")
        then = MetaData()
        then.reflect(tx.conn)
        tx.run(text("insert into hub values ('id', 'old')"))
    known = [t for t in then.sorted_tables if t.name != "alembic_version"]
    with pytest.MonkeyPatch.context() as patch:  # what the version of then wrote: its own tables and columns
        patch.setattr(backup, "metadata", SimpleNamespace(sorted_tables=known))
        backup.create(old, tmp_path / "b", KEY)
    backup.restore(tmp_path / "b", KEY, other)
    assert migrate.revision(other) == migrate.head()
    with other.look() as tx:
        assert facts.get_fact(tx, "id") == "old"
        assert tx.run(select(change)).all() == []
    old.close()


def test_workers_at_work_keep_a_store_from_being_replaced(sealed: Path, hub: Store) -> None:
    if not hub.postgresql:
        hub.lock()
        second = Store(str(hub.url), Env())
        with pytest.raises(Unsupported) as error:
            backup.restore(sealed, KEY, second, replace=True)
        second.close()
        assert error.value.code == "store.in_use"
        return
    with hub.begin() as tx:
        now = hub.env.now()
        tx.run(worker.insert().values(id="w", host="h", pid=1, started_at=now, heartbeat_at=now))
    with pytest.raises(Unsupported) as error:
        backup.restore(sealed, KEY, hub, replace=True)
    assert error.value.code == "store.busy"


# ----------------------------------------------------------------- a full disk


@contextmanager
def no_more_than(size: int) -> Iterator[None]:
    """No file of this process may grow beyond this size: the disk is full for whoever writes more."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    kept = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, kept)


def test_a_full_disk_leaves_nothing_behind(hub: Store, tmp_path: Path) -> None:
    fill(hub, 2000)
    with no_more_than(4096), pytest.raises(HubError) as error:
        backup.create(hub, tmp_path / "kept" / "b", KEY)
    assert error.value.code == "backup.unwritable"
    assert list((tmp_path / "kept").iterdir()) == []
    assert len(contents(hub)["golden"]) == 2000


def test_a_disk_that_fills_up_under_a_restore_changes_nothing(tmp_path: Path) -> None:
    big = Store(f"sqlite:///{tmp_path}/big.sqlite", Env(), durable=False)
    migrate.upgrade(big)
    fill(big, 5000)
    backup.create(big, tmp_path / "b", KEY)
    target = Store(f"sqlite:///{tmp_path}/target.sqlite", Env(), durable=False)
    migrate.upgrade(target)
    fill(target, 3)
    before = contents(target)
    with no_more_than(1 << 20), pytest.raises(HubError) as error:
        backup.restore(tmp_path / "b", KEY, target, replace=True)
    assert error.value.code == "store.full"
    target.engine.dispose()
    assert contents(target) == before
    big.close()
    target.close()


# --------------------------------------------------------------- the sealed file


@settings(max_examples=15, deadline=None)
@given(st.lists(st.binary(max_size=3000), max_size=6), st.integers(0, 3))
def test_whatever_is_written_is_read_back(pieces: list[bytes], large: int) -> None:
    file = io.BytesIO()
    sealed = SealedWriter(file, KEY, {"a": 1})
    pieces = [*pieces, os.urandom(large * CHUNK)]
    for piece in pieces:
        sealed.write(piece)
    sealed.finish()
    file.seek(0)
    reader = SealedReader(file, KEY, "x")
    assert b"".join(reader.chunks()) == b"".join(pieces)
    assert reader.head["a"] == 1


def two_chunks(facts: dict[str, int]) -> tuple[bytes, list[bytes]]:
    """Head and chunks of a file of three chunks."""
    file = io.BytesIO()
    sealed = SealedWriter(file, KEY, facts)
    head = file.getvalue()
    sealed.write(os.urandom(2 * CHUNK + 5))
    sealed.finish()
    rest, out = file.getvalue()[len(head) :], []
    while rest:
        size = 4 + int.from_bytes(rest[:4], "big")
        out.append(rest[:size])
        rest = rest[size:]
    return head, out


def test_chunks_can_be_neither_swapped_nor_dropped_nor_taken_from_another_file() -> None:
    head, (one, two, three) = two_chunks({"a": 1})
    other_head, (foreign, _, _) = two_chunks({"a": 2})
    for chunks, code in (
        ((two, one, three), "damaged"),
        ((one, three), "damaged"),
        ((one, two), "truncated"),
        ((one, two, three, three), "damaged"),
        ((foreign, two, three), "damaged"),
        ((), "truncated"),
    ):
        with pytest.raises(Unsupported) as error:
            list(SealedReader(io.BytesIO(head + b"".join(chunks)), KEY, "x").chunks())
        assert error.value.code == f"backup.{code}"
    with pytest.raises(HubError):
        list(SealedReader(io.BytesIO(other_head + one + two + three), KEY, "x").chunks())


def test_what_does_not_hold_together_is_found(hub: Store) -> None:
    fill(hub, 3)
    with hub.begin() as tx:
        assert backup.broken(tx) == {}
        tx.run(update(golden_table).where(golden_table.c.id == "g00000001").values(id="gone"))
    with hub.look() as tx:
        assert backup.broken(tx)["link without golden record"] == "l00000001"


def test_a_sealed_secret_keeps_its_own_seal(hub: Store, tmp_path: Path) -> None:
    """Who opens the backup still needs the master key of the hub to read a secret in it."""
    fill(hub)
    backup.create(hub, tmp_path / "b", Key(passphrase="p"))
    text_of = b"".join(_clear_text(tmp_path / "b", Key(passphrase="p")))
    assert b"hush" not in text_of
    assert enclose(KEYS, "the-hub", "ERP", "hush")[0].encode() in text_of


def _clear_text(path: Path, key: Key) -> Iterator[bytes]:
    with path.open("rb") as file:
        yield from SealedReader(file, key, "x").chunks()
