"""A disk that fills up under the hub's own store, and a database that is gone in the middle of a transaction.

Whatever is cut off is rolled back or found again: when there is room again the two books fit, nothing is twice, and
nothing was written that the hub does not know of.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from books import customers
from pair import Pair
from sqlalchemy import text as sql
from world import Fate

from hefu.core.errors import HubError

MANY = 1_000
SMALL, ROOMY = "1500k", "64m"  # the empty tables take half a megabyte


def round_of(pair: Pair) -> str:
    """One cycle; "" or the code of what our own store said."""
    try:
        pair.round(guarded=False)
    except HubError as error:
        if not error.code.startswith("store."):
            raise
        return error.code
    return ""


def crowd(pair: Pair) -> None:
    """More customers in the CRM than the little disk can remember."""
    for n in range(MANY):
        values = {"code": f"K{n:05d}", "name": f"客户 {n}", "address": f"{n} " + "中山东路 " * 12}
        pair.crm.create("customer", values, who="li")


def filled_and_emptied(url: str, grow: Callable[[], None]) -> None:
    """Fill the disk in the middle of the first synchronisation, then make room."""
    pair = Pair(url=url)
    crowd(pair)
    said = []
    for _ in range(6):
        said.append(round_of(pair))
        pair.env.sleep(70)
    assert "store.full" in said, said
    before = len(pair.erp.all("customer"))
    assert before < MANY, "the disk was never full"
    grow()
    pair.hub = pair.new_hub()  # somebody made room and started it again
    for _ in range(8):
        assert round_of(pair) == ""
        pair.env.sleep(70)
    in_step(pair, MANY)
    pair.store.close()


def in_step(pair: Pair, many: int) -> None:
    """Each customer is once in each system, with the same values, and idle cycles write nothing."""
    mine, theirs = pair.crm.all("customer"), pair.erp.all("customer")
    assert sorted(row["code"] for row in theirs.values()) == sorted(row["code"] for row in mine.values())
    assert len(theirs) == many
    assert {(r["code"], r["name"], r["address"]) for r in theirs.values()} == {
        (r["code"], r["name"], r["address"]) for r in mine.values()
    }
    before = pair.writes()
    pair.round(full=True)
    assert pair.writes() == before
    with pair.store.look() as tx:
        assert tx.run(sql("select count(*) from intent where state in ('open','unknown')")).scalar() == 0
        unlinked = "select count(*) from link where record_id is null or state <> 'active'"
        assert tx.run(sql(unlinked)).scalar() == 0


def test_a_small_disk_fills_up(tmp_path):
    place = tmp_path / "disk"
    place.mkdir()
    asked = ["mount", "-t", "tmpfs", "-o", f"size={SMALL}", "tmpfs", str(place)]
    try:
        refused = subprocess.run(asked, capture_output=True).returncode
    except OSError:
        refused = 1
    if refused:
        pytest.skip("may not mount a tmpfs here (needs root); the file-size limit below tests the same")
    try:
        larger = ["mount", "-o", f"remount,size={ROOMY}", str(place)]
        filled_and_emptied(f"sqlite:///{place}/hub.sqlite", lambda: subprocess.run(larger, check=True))  # type: ignore[arg-type,return-value]
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_file_may_not_grow(tmp_path):
    """The same where nothing can be mounted: the process may not write past a size (EFBIG), until it may."""
    code = (
        f"import sys; sys.path[:0] = [{str(Path(__file__).parent)!r}]\n"
        f"import test_full_disk as here; here.limited({str(tmp_path / 'hub.sqlite')!r})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env={**os.environ})
    assert done.returncode == 0, done.stderr[-3000:]


def limited(path: str) -> None:
    """In a process of its own, so that nobody else's files are cut."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (900_000, hard))
    filled_and_emptied(f"sqlite:///{path}", lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard)))


# ------------------------------------------------------------------ a database that is gone


@pytest.mark.server
def test_the_connection_is_lost_in_mid_transaction(postgresql_url):
    """In each writing transaction of a new customer and an edit, one after the other, until none is left to cut."""
    world = customers(Fate(url=postgresql_url))
    server = psycopg.connect(postgresql_url.replace("+psycopg", ""), autocommit=True)
    others = (
        "select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity "
        "where datname = current_database() and pid <> pg_backend_pid()"
    )
    seen = at = 0
    struck = False

    def cut(step: str) -> None:
        """As a failing server or an administrator does it: what comes next finds the line dead."""
        nonlocal seen, struck
        seen += step == "before commit"
        if step == "before commit" and seen == at:
            struck = True
            server.execute(others)

    world.steps.between = cut
    try:
        while True:
            at, seen, struck = at + 1, 0, False
            world.crm.create("customer", {"code": f"K{at}", "name": f"客户 {at}", "address": "A"}, who="li")
            world.sync(seconds=65)
            world.sync(seconds=65)
            (mine,) = [i for i, row in world.erp.all("customer").items() if row["code"] == f"K{at}"]
            world.erp.edit("customer", mine, {"address": "B"}, who="wang")
            world.sync(seconds=65)
            world.sync(seconds=65)
            held = [row["address"] for s in world.systems.values() for row in s.all("customer").values()]
            assert held == ["B"] * 2 * at, f"cut in transaction {at}"
            assert len(world.writes("crm")) == len(world.writes("erp")) == at, "a write was made twice or not at all"
            assert world.issues() == []
            if not struck:
                break
        assert at > 15, "there was hardly a transaction to cut"
        world.at_rest(2)
    finally:
        world.close()
        server.close()
