"""Where a reconciliation keeps what it read, on disk: memory is bounded by a batch, however large both sides are.

A record is kept as its id, the golden record it is linked to, its match keys and a digest of its values; whoever has
the same golden record, or else the same keys, is one pair.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

LEFT, RIGHT = 0, 1

_TABLES = """
create table rec (n integer primary key, side integer, place text, id text, golden text, digest blob, filtered integer,
                  inside integer, used integer default 0{keys});
create unique index once on rec (side, place, id);
create table pair (l integer unique, r integer unique);
create table look (l text, r text);
create table alone (side integer, id text);
create table twin (side integer, id text);
"""


class Rec(NamedTuple):
    """One record of one side. `keys`: one per match rule of the entity, strongest first.

    inside: of the window that is asked for; another record is only there to be somebody's counterpart.
    """

    id: str
    golden: str | None
    keys: Sequence[str | None]
    digest: bytes
    filtered: bool
    inside: bool = True
    organisation: str = ""


class Spool:
    """Records to pair, and what came of it: pairs to look at, records alone, duplicates."""

    def __init__(self, file: Path, rules: int) -> None:
        self.file, self.rules = file, max(1, rules)
        self.db = sqlite3.connect(file, isolation_level=None, check_same_thread=False)
        for pragma in ("journal_mode=off", "synchronous=off", "cache_size=-16000", "temp_store=file"):
            self.db.execute(f"pragma {pragma}")
        self.db.executescript(_TABLES.format(keys="".join(f", k{n} text" for n in range(self.rules))))
        self.db.execute("begin")

    def close(self) -> None:
        """Throw it away."""
        self.db.close()
        self.file.unlink(missing_ok=True)

    # ------------------------------------------------------------------- filling

    def add(self, side: int, records: Iterable[Rec]) -> None:
        """Records that are to find their counterparts; the last word on one that a read shows twice."""
        marks = ", ".join("?" * (7 + self.rules))
        names = ", ".join(f"k{n}" for n in range(self.rules))
        rows = [
            (side, r.organisation, r.id, r.golden, r.digest, r.filtered, r.inside, *(r.keys or (None,)))
            for r in records
        ]
        self.db.executemany(
            f"insert or replace into rec (side, place, id, golden, digest, filtered, inside, {names}) values ({marks})",
            rows,
        )

    def to_look_at(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Pairs that may differ."""
        self.db.executemany("insert into look values (?, ?)", pairs)

    def alone(self, side: int, ids: Iterable[str]) -> None:
        """Records for which a walk found no counterpart."""
        self.db.executemany("insert into alone values (?, ?)", [(side, i) for i in ids])

    def twins(self, side: int, ids: Iterable[str]) -> None:
        """Records beyond the first of their key."""
        self.db.executemany("insert into twin values (?, ?)", [(side, i) for i in ids])

    def take(self, file: Path) -> None:
        """What another worker found, from its spool."""
        self.db.execute("commit")
        self.db.execute("attach ? as other", (str(file),))
        for table in ("look", "alone", "twin"):
            self.db.execute(f"insert into {table} select * from other.{table}")
        self.db.execute("detach other")
        self.db.execute("begin")

    # ------------------------------------------------------------------- pairing

    def match(self) -> int:
        """Pair the records; pairs of different digests are to be looked at. How many pairs there are.

        By golden record first. Then by key, the strongest first, among those of which at least one is not linked; a
        weaker key joins only where no other contradicts it (see `core.match.judge`).
        """
        self.db.execute("create index by_golden on rec (golden, side) where golden is not null")
        self._join("l.golden = r.golden", "l.golden is not null")
        for kind in range(self.rules):
            self.db.execute(f"create index by_k{kind} on rec (k{kind}, side) where k{kind} is not null")
            self._join(f"l.k{kind} = r.k{kind}", f"l.k{kind} is not null and {self._agree('l', 'r', kind)}")
        self.db.execute(
            "insert into look select l.id, r.id from pair join rec l on l.n = pair.l join rec r on r.n = pair.r "
            "where l.digest <> r.digest and not (l.filtered and r.filtered) and (l.inside or r.inside)"
        )
        found = self.db.execute(
            "select count(*) from pair join rec l on l.n = pair.l join rec r on r.n = pair.r "
            "where not (l.filtered and r.filtered) and (l.inside or r.inside)"
        ).fetchone()
        self._twins()
        self.db.execute("delete from alone")
        self.db.execute("insert into alone select side, id from rec where used = 0 and inside")
        return int(found[0])

    def _join(self, on: str, where: str) -> None:
        """Pair greedily in the order of reading: a record that is taken is not taken again."""
        self.db.execute(
            f"insert or ignore into pair select l.n, r.n from rec l join rec r on {on} where l.side = 0 and r.side = 1 "
            f"and l.used = 0 and r.used = 0 and {where} order by l.n, r.n"
        )
        self.db.execute(
            "update rec set used = 1 where used = 0 and (n in (select l from pair) or n in (select r from pair))"
        )

    def _agree(self, a: str, b: str, kind: int) -> str:
        free = f"({a}.golden is null or {b}.golden is null or {a}.golden = {b}.golden)"
        others = [k for k in range(self.rules) if kind and k != kind]
        return " and ".join([free, *(f"({a}.k{k} is null or {b}.k{k} is null or {a}.k{k} = {b}.k{k})" for k in others)])

    def _twins(self) -> None:
        """A record without counterpart that repeats another of its own side is a duplicate, not missing elsewhere."""
        for kind in range(self.rules):
            again = (
                f"exists (select 1 from rec o where o.side = rec.side and o.k{kind} = rec.k{kind} and o.n <> rec.n "
                f"and (o.used = 1 or o.n < rec.n) and {self._agree('o', 'rec', kind)})"
            )
            where = f"used = 0 and filtered = 0 and k{kind} is not null and {again}"
            self.db.execute(f"create temp table again as select n from rec where {where}")
            self.db.execute("insert into twin select side, id from rec where inside and n in (select n from again)")
            self.db.execute("update rec set used = 2 where n in (select n from again)")
            self.db.execute("drop table again")

    # ------------------------------------------------------------------- reading

    def batches(self, table: str, size: int) -> Iterator[list[tuple[str, str]]]:
        """Rows of look (left id, right id), alone or twin (side, id), in the order in which they came."""
        last = 0
        while found := self.db.execute(
            f"select rowid, * from {table} where rowid > ? order by rowid limit ?", (last, size)
        ).fetchall():
            last = found[-1][0]
            yield [row[1:] for row in found]

    def size(self, table: str, side: int) -> int:
        """How many rows of alone or twin are of that side."""
        return int(self.db.execute(f"select count(*) from {table} where side = ?", (side,)).fetchone()[0])

    def flush(self) -> None:
        """Make it readable by whoever takes it."""
        self.db.execute("commit")
        self.db.execute("begin")
