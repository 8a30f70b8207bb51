"""Databases read in the order of a key: what a walk and a join must be able to rely on."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from hefu.connectors.sql import Sql, SqlSettings
from hefu.core.connector import Site
from hefu.core.env import Env
from hefu.core.ordered import ORDERS, Ordered, Reading, walk

NAMES = ["a", "B", "b", "ä", "é", "中", "Z", "𝄞", "ﬁ", "a b", "A", "_", "10", "9"]
TABLES = ("mine", "other")
R = tuple(Reading(t, "code", ("amount", "note")) for t in TABLES)


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def url(request: pytest.FixtureRequest, tmp_path: Any) -> str:
    if request.param == "sqlite":
        (tmp_path / "x.db").touch()
        return f"sqlite:///{tmp_path}/x.db"
    return str(request.getfixturevalue(f"{request.param}_url"))


@pytest.fixture
def line(url: str) -> Any:
    """Two tables: `other` lacks one row, has one more, and one cent and one letter's case differ."""
    engine = sa.create_engine(url)
    collate = " collate utf8mb4_bin" if url.startswith("mysql") else ""
    with engine.begin() as tx:
        for table in TABLES:
            tx.exec_driver_sql(f"drop table if exists {table}")
            tx.exec_driver_sql(f"create table {table} (id integer primary key, code varchar(20){collate} unique, "
                               "amount decimal(14,2), note varchar(20), at timestamp null)")  # fmt: skip
            rows = [{"i": n, "c": c, "a": str(Decimal(n) / 4), "n": "Note"} for n, c in enumerate(NAMES)]
            tx.execute(sa.text(f"insert into {table} (id, code, amount, note) values (:i, :c, :a, :n)"), rows)
            tx.exec_driver_sql(f"insert into {table} (id, code) values (90, null)")
        tx.exec_driver_sql("update other set amount = amount + 0.01 where id = 3")
        tx.exec_driver_sql("update other set note = 'NOTE' where id = 4")
        tx.exec_driver_sql("delete from other where id = 5")
        tx.exec_driver_sql("insert into other (id, code, note) values (77, 'only here', 'x')")
    engine.dispose()
    env = Env()
    plain = url.replace("+psycopg", "").replace("+pymysql", "").partition("?")[0]
    made = Sql(SqlSettings(url=plain), Site(None, env.now, env.sleep, connection="x"))  # type: ignore[arg-type]
    yield made
    made.close()


def test_rows_come_by_code_points_whatever_the_database_sorts_by(line: Sql) -> None:
    assert isinstance(line, Ordered)
    assert line.meaning("mine", "code") == "text" in ORDERS
    assert line.meaning("mine", "id") == "int"
    for size in (3, 100):
        found = [row for batch in line.rows(R[0], size) for row in batch]
        assert [row[0] for row in found] == sorted(NAMES)
    assert [i for ids in line.keyless("mine", "code") for i in ids] == ["90"]


def test_parts_hold_every_row_once(line: Sql) -> None:
    for parts in (1, 2, 3, 50):
        ranges = line.cuts("mine", "code", parts)
        found = [
            row[0] for part in ranges for batch in line.rows(Reading("mine", "code", (), part), 4) for row in batch
        ]
        assert found == sorted(NAMES)
    assert len(line.cuts("mine", "code", 2)) == 2


def test_a_walk_and_a_join_say_the_same(line: Sql) -> None:
    walked = list(walk(line.rows(R[0], 3), line.rows(R[1], 3)))
    said = [sorted(k for g in walked for k in getattr(g, of)) for of in ("differ", "left", "right")]
    assert said == [["ä", "é"], ["中"], ["only here"]]
    joined = line.gaps(R[0], line, R[1], 3)
    if line.database.dialect == "mysql":
        assert joined is None, "its own idea of equality is not ours"
        return
    assert joined is not None
    both = list(joined)
    assert [sorted(k for g in both for k in getattr(g, of)) for of in ("differ", "left", "right")] == said


def test_ids_of_keys(line: Sql) -> None:
    assert sorted(line.ids("mine", "code", ["中", "B", "nobody"])) == [("B", "1"), ("中", "5")]
    assert line.count("mine") == len(NAMES) + 1
    assert line.unique("mine", "code")
    assert not line.unique("mine", "note")


def test_columns_that_mean_other_things_are_not_compared_raw(line: Sql) -> None:
    assert line.meaning("mine", "amount") != line.meaning("mine", "code")
    assert line.meaning("mine", "nothing") is None
    load = line.loader("mine", "amount")
    raw = [row[1] for batch in line.rows(R[0], 100) for row in batch]
    assert sorted(load(raw)) == [Decimal(n) / 4 for n in range(len(NAMES))]


def test_text_that_ignores_case_is_compared_as_it_is(postgresql_url: str) -> None:
    """Two codes that citext takes for equal are not: the join must see what a walk sees."""
    engine = sa.create_engine(postgresql_url)
    with engine.begin() as tx:
        if not tx.exec_driver_sql("select 1 from pg_available_extensions where name = 'citext'").first():
            pytest.skip("PostgreSQL without citext; install postgresql-contrib")
        tx.exec_driver_sql("create extension if not exists citext")
        for table, note in (("mine_ci", "Note"), ("other_ci", "NOTE")):
            tx.exec_driver_sql(f"drop table if exists {table}")
            tx.exec_driver_sql(f"create table {table} (id integer primary key, note citext)")
            tx.exec_driver_sql(f"insert into {table} values (1, '{note}'), (2, 'same')")
    engine.dispose()
    env = Env()
    line = Sql(SqlSettings(url=postgresql_url.replace("+psycopg", "")),
               Site(None, env.now, env.sleep, connection="x"))  # type: ignore[arg-type]  # fmt: skip
    mine, other = Reading("mine_ci", "id", ("note",)), Reading("other_ci", "id", ("note",))
    assert [k for g in line.gaps(mine, line, other, 10) or () for k in g.differ] == [1]
    line.close()


def test_two_files_of_sqlite_are_joined(tmp_path: Any) -> None:
    lines = []
    for name, amount in (("left", 1), ("right", 2)):
        engine = sa.create_engine(f"sqlite:///{tmp_path}/{name}.db")
        with engine.begin() as tx:
            tx.exec_driver_sql("create table t (id integer primary key, v integer)")
            tx.exec_driver_sql(f"insert into t values (1, 5), (2, {amount}), ({amount + 2}, 9)")
        engine.dispose()
        env = Env()
        lines.append(Sql(SqlSettings(url=f"sqlite:///{tmp_path}/{name}.db"),
                         Site(None, env.now, env.sleep, connection=name)))  # type: ignore[arg-type]  # fmt: skip
    reading = Reading("t", "id", ("v",))
    for _ in range(2):
        gaps = list(lines[0].gaps(reading, lines[1], reading, 10) or ())
        assert [(g.differ, g.left, g.right) for g in gaps] == [([2], [3], [4])]
