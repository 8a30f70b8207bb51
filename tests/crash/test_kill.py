"""`kill -9` at random moments, again and again, while people work: then the systems' own ledgers are asked.

30 lives in a normal run, half on SQLite and half on PostgreSQL; `make kill-long` ends 1,000. Every second one is ended
just after the ERP was written to, since that is where it hurts. HEFU_SEED draws the same moments again.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from lives import Nursery
from sqlalchemy import func, select
from two_books import Books, until

from hefu.app import open_app
from hefu.core.env import Env
from hefu.store import backup, issues, journal, projects
from hefu.store.db import Store
from hefu.store.folder import read_folder
from hefu.store.tables import cursor, intent

KILLS = int(os.environ.get("HEFU_KILLS", "30")) // 2
SEED = int(os.environ.get("HEFU_SEED", "0")) or random.SystemRandom().randrange(1, 10**6)
SERVED = 6
"""Every so many lives is a whole service with schedules, sweep and runtime; the others are the engine alone."""


@pytest.fixture
def books(systems_url: str, tmp_path: Path) -> Iterator[Books]:
    """The ERP takes its time where it can, so that a moment in the middle of a write is likely."""
    folder = tmp_path / "project"
    folder.mkdir()
    made = Books(folder, systems_url, pause=0.003)
    yield made
    made.engine.dispose()


class Office:
    """People at both systems, who remember what they typed. In the ERP they touch only clients of their own."""

    def __init__(self, books: Books, chance: random.Random) -> None:
        self.books, self.chance = books, chance
        self.clients = 0
        self.steps: dict[str, int] = {}
        self.names: dict[str, str] = {}

    def work(self) -> None:
        """A few minutes of an ordinary day."""
        fresh = self.chance.randrange(1, 25)
        self.books.add(fresh, self.clients)
        self.steps |= {f"C{n:05d}": 0 for n in range(self.clients, self.clients + fresh)}
        self.clients += fresh
        rest = self.chance.randrange(3)
        self.books.bump(f"id % 3 = {rest}")
        for number, code in self.books.run("select id, code from crm_client"):
            self.steps[code] += number % 3 == rest
        there = sorted(self.books.rows("erp"))
        for code in self.chance.sample(there, min(2, len(there))):
            name = f"typed {self.chance.randrange(10**9)}"
            newest = "(select max(ver) from erp_client)"
            sql = f"update erp_client set name = :name, ver = {newest} + 1 where code = :code"
            self.books.run(sql, name=name, code=code)
            self.names[code] = name

    def until_written(self, seconds: float) -> None:
        """Until something was written into the ERP since (but no longer than that)."""
        deadline, before = time.monotonic() + seconds, self._written()
        while self._written() == before and time.monotonic() < deadline:
            time.sleep(0.002)

    def _written(self) -> int:
        return int(self.books.run("select coalesce(max(seq), 0) from erp_log")[0][0])


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """The hub's store, to look into."""
    made = Store(store_url, Env())
    yield made
    made.close()


def test_killed_at_any_moment_nothing_is_lost_and_nothing_doubled(
    books: Books, store_url: str, store: Store, tmp_path: Path
) -> None:
    environ = {"HEFU_STORE": store_url, "HEFU_HOME": str(tmp_path / "home"), "HEFU_LEASE": "1"}
    chance = random.Random(SEED)
    print(f"HEFU_SEED={SEED}")
    with open_app(books.folder, environ) as app, app.store.begin() as tx:
        projects.save(tx, read_folder(books.folder), "test", "")
    office, found_open = Office(books, chance), 0
    began = time.monotonic()
    with Nursery(books.folder, environ) as nursery:
        for number in range(KILLS):
            served = number % SERVED == SERVED - 1
            life = nursery.start("serve" if served else "work")
            office.work()
            if number % 2:
                time.sleep(chance.uniform(0.02, 2.0 if served else 0.6))
            else:
                office.until_written(10.0)
                time.sleep(chance.uniform(0, 0.05))
            nursery.kill(life)
            found_open += open_writes(store)
        took = time.monotonic() - began
        print(f"{KILLS} kills in {took:.0f} s; writes that were open at a kill: {found_open}; clients {office.clients}")
        life = nursery.start("work")
        until(lambda: settled(books, store), 120, books.differences)
        nursery.kill(life)
    judge(books, office)
    whole(store_url, environ, books.folder)


def judge(books: Books, office: Office) -> None:
    """What the systems say themselves, against what people typed."""
    erp = books.rows("erp")
    assert {code: step for code, (_, step) in erp.items()} == office.steps
    assert {code: erp[code][0] for code in office.names} == office.names, "an edit was lost"
    made = books.run("select code, count(*) from erp_log where lower(kind) = 'insert' group by code")
    assert {code for code, times in made if times > 1} == set(), "made twice"
    assert {code for code, _ in made} == set(office.steps)
    assert books.out_of_order() == {}, "an older value after a newer one"
    log = {code: steps for code, steps in books.log().items() if code not in office.names}
    twice = {code: steps for code, steps in log.items() if len(set(steps)) < len(steps)}
    assert twice == {}, "what was written is found by looking, not written again"


def open_writes(store: Store) -> int:
    with store.look() as tx:
        unsettled = intent.c.state.in_(("open", "unknown"))
        return int(tx.run(select(func.count()).select_from(intent).where(unsettled)).scalar() or 0)


def asked_about(store: Store) -> set[str]:
    """Names that wait for a person: typed into a record whose create the hub had not seen answered when it died."""
    with store.look() as tx:
        return {str(case["facts"]["theirs"]) for case in issues.list_issues(tx, kinds=("conflict",))}


def settled(books: Books, store: Store) -> bool:
    """Both say the same, but for names about which a person is asked; and no write is open."""
    if open_writes(store):
        return False
    crm, erp, asked = books.rows("crm"), books.rows("erp"), asked_about(store)
    return crm.keys() == erp.keys() and all(
        crm[code] == erp[code] or (name in asked and crm[code][1] == step) for code, (name, step) in erp.items()
    )


def whole(store_url: str, environ: dict[str, str], folder: Path) -> None:
    """The store holds together: nothing points to nothing, cursors are there, the audit chain is unbroken."""
    with open_app(folder, environ) as app, app.store.look() as tx:
        assert backup.broken(tx) == {}
        assert journal.verify(tx, app.journal_key) is None
        assert set(tx.run(select(cursor.c.mapping)).scalars()) == {"crm_client", "erp_client"}
