"""Reconciling tables: a join, a walk and a reading say the same, across kinds of databases and cut into parts."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
import sqlalchemy as sa

from hefu.connectors.sql import Sql, SqlSettings
from hefu.core.connector import Connector, Site
from hefu.core.env import Env
from hefu.core.errors import Unsupported
from hefu.core.project import Connection, Entity, Flow, Mapping, Project
from hefu.core.reconcile import Outcome
from hefu.engine.hub import Hub
from hefu.engine.reconcile import Part, Scope, reconcile, sift_part
from hefu.store.db import Store

ROWS = 3000
FIELDS = {"code": "code", "name": "text", "amount": "money", "day": "date", "grade": "code"}
GRADES = {"A": "1", "B": "2"}


def made(url: str, name: str, grades: bool) -> None:
    """A table in that database. The right one lacks, has more, and differs; it says its grades otherwise."""
    engine, unique = sa.create_engine(url), "" if name == "twice" else "unique"
    with engine.begin() as tx:
        tx.exec_driver_sql(f"drop table if exists {name}")
        tx.exec_driver_sql(
            f"create table {name} (id integer primary key, code varchar(20) not null {unique}, "
            "name varchar(80), amount decimal(14,2), day date, grade varchar(4))"
        )
        rows = []
        for n in range(ROWS):
            letter = "AB"[n % 2]
            rows.append({"id": n if name == "mine" else 10 * n, "code": f"C{n:05d}", "name": f"公司 {n}",
                         "amount": Decimal(n) / 100, "day": f"2026-01-{n % 28 + 1:02d}",
                         "grade": GRADES[letter] if grades else letter})  # fmt: skip
        if name != "mine":
            rows = [r for r in rows if r["id"] % 1000 != 20]
            for row in rows:
                if row["id"] % 1000 == 30:
                    row["amount"] += Decimal("0.01")
                if row["id"] == 70:
                    row["name"], row["code"] = "moved", "D00007"
        rows = [{**row, "amount": str(row["amount"])} for row in rows]  # SQLite's driver takes no decimals
        tx.execute(sa.text(f"insert into {name} values (:id, :code, :name, :amount, :day, :grade)"), rows)
        if name == "twice":
            tx.exec_driver_sql("insert into twice (id, code, amount) values (99991, 'C00005', 0.05)")
    engine.dispose()


def hub_of(urls: dict[str, str], right: str, grades: bool) -> Hub:
    env = Env(concurrency=1)
    doc: dict[str, Any] = {
        "entity": "thing",
        "match": [["code"]],
        "fields": {n: {"type": t} for n, t in FIELDS.items()},
    }
    mappings, lines = {}, dict[str, Connector]()
    for side, table in (("left", "mine"), ("right", right)):
        plain = urls[side].replace("+psycopg", "").partition("?")[0]
        lines[side] = Sql(SqlSettings(url=plain), Site(None, env.now, env.sleep, connection=side))  # type: ignore[arg-type]
        maps: list[dict[str, Any]] = [{"field": n, "from": n} for n in FIELDS]
        if side == "right" and grades:
            maps[-1]["values"] = {theirs: ours for ours, theirs in GRADES.items()}
        mappings[side] = Mapping.model_validate(
            {"mapping": side, "connection": side, "object": table, "entity": "thing", "create": True, "fields": maps}
        )
    connections = {n: Connection.model_validate({"connection": n, "connector": "sql"}) for n in lines}
    flow = Flow.model_validate({"flow": "all", "mappings": list(mappings)})
    project = Project(connections=connections, entities={"thing": Entity.model_validate(doc)}, mappings=mappings,
                      flows={"all": flow}, version=1)  # fmt: skip
    store = Store("sqlite://", env)
    store.create()
    return Hub(store, env, project, lambda name: lines[name])


@pytest.fixture
def sqlite(tmp_path: Any) -> str:
    return f"sqlite:///{tmp_path}/x.db"


def told(outcome: Outcome) -> set[tuple[str, str | None, str | None, str]]:
    return {(d.kind.value, d.left_id, d.right_id, d.field) for d in outcome.found}


EXPECTED = (
    {("missing_right", str(n), None, "") for n in range(2, ROWS, 100)}
    | {("unexplained", str(n), str(10 * n), "amount") for n in range(3, ROWS, 100)}
    | {("missing_right", "7", None, ""), ("missing_left", None, "70", "")}
)


@pytest.fixture(params=["sqlite", "postgresql"])
def one_store(request: pytest.FixtureRequest, sqlite: str) -> str:
    return sqlite if request.param == "sqlite" else str(request.getfixturevalue("postgresql_url"))


def test_all_ways_say_the_same(one_store: str) -> None:
    made(one_store, "mine", grades=False)
    made(one_store, "other", grades=False)
    hub = hub_of({"left": one_store, "right": one_store}, "other", grades=False)
    found = {how: reconcile(hub, Scope(how=how)) for how in ("auto", "join", "walk", "read")}
    assert found["auto"].sections[0].how == "join"
    for how, outcome in found.items():
        assert told(outcome) == EXPECTED, how
        section = outcome.sections[0]
        assert (section.counts["left"], section.counts["right"]) == (ROWS, ROWS - 30)
        assert section.counts["equal"] == ROWS - 30 - 30 - 1
        assert section.counts["pairs"] == ROWS - 31
    creates = [d.repair for d in found["join"].found if d.kind.value == "missing_right"]
    assert all(r is not None and r.connection == "right" and r.after["code"] for r in creates)


@pytest.fixture
def two_stores(sqlite: str, postgresql_url: str) -> Hub:
    made(sqlite, "mine", grades=False)
    made(postgresql_url, "other", grades=True)
    return hub_of({"left": sqlite, "right": postgresql_url}, "other", grades=True)


def test_a_walk_between_two_kinds_of_databases_maps_only_the_columns_that_need_it(two_stores: Hub) -> None:
    with pytest.raises(Unsupported, match=r"reconcile\.not_joined"):
        reconcile(two_stores, Scope(how="join"))
    outcome = reconcile(two_stores, Scope())
    assert outcome.sections[0].how == "walk"
    assert told(outcome) == EXPECTED == told(reconcile(two_stores, Scope(how="read")))


def test_parts_find_what_the_whole_finds_whoever_walks_them(two_stores: Hub) -> None:
    shared: list[Part] = []

    def share(parts: Any) -> None:
        shared.extend(parts)
        for part in reversed(parts):
            sift_part(replace(two_stores, _sides={}, _schemas={}), part)

    outcome = reconcile(two_stores, Scope(parts=5), share)
    assert len(shared) == 5
    assert told(outcome) == EXPECTED
    assert told(reconcile(two_stores, Scope(parts=3))) == EXPECTED


def test_a_second_row_of_a_key_is_a_duplicate(sqlite: str) -> None:
    made(sqlite, "mine", grades=False)
    made(sqlite, "twice", grades=False)
    hub = hub_of({"left": sqlite, "right": sqlite}, "twice", grades=False)
    outcome = reconcile(hub, Scope())
    assert outcome.sections[0].how == "walk", "keys that may repeat cannot be joined"
    assert told(outcome) == EXPECTED | {("duplicate", None, "99991", "")} == told(reconcile(hub, Scope(how="read")))


def test_a_window_looks_at_its_days_only(sqlite: str) -> None:
    from datetime import datetime
    from zoneinfo import ZoneInfo

    from hefu.engine.sieve import Window

    made(sqlite, "mine", grades=False)
    made(sqlite, "other", grades=False)
    hub = hub_of({"left": sqlite, "right": sqlite}, "other", grades=False)
    zone = ZoneInfo("Asia/Shanghai")  # a date has none: it is the day that was asked for, wherever that was
    window = Window(datetime(2026, 1, 3, tzinfo=zone), datetime(2026, 1, 5, tzinfo=zone), "day")
    outcome = reconcile(hub, Scope(window=window))
    days = {int(d.left_id) % 28 + 1 for d in outcome.found if d.left_id}
    assert days == {3, 4}
    assert outcome.sections[0].counts["left"] == sum(n % 28 + 1 in (3, 4) for n in range(ROWS))
    with sa.create_engine(sqlite).begin() as tx:  # one that left the window on one side only is still a pair
        tx.exec_driver_sql("update other set day = '2026-06-01' where id = 20300")
    found = reconcile(hub, Scope(window=window)).found
    assert ("day", "2026-01-15", "2026-06-01") not in [(d.field, d.left, d.right) for d in found]
    moved = next(n for n in range(100, ROWS) if n % 28 + 1 == 3 and n % 100 == 50)
    with sa.create_engine(sqlite).begin() as tx:
        tx.exec_driver_sql(f"update other set day = '2026-06-01' where id = {10 * moved}")
    found = reconcile(hub, Scope(window=window)).found
    assert [(d.kind.value, d.left, d.right) for d in found if d.left_id == str(moved)] == [
        ("unexplained", "2026-01-03", "2026-06-01")
    ]


def test_what_cannot_be_compared_says_so(sqlite: str) -> None:
    made(sqlite, "mine", grades=False)
    made(sqlite, "other", grades=False)
    hub = hub_of({"left": sqlite, "right": sqlite}, "other", grades=False)
    with pytest.raises(Unsupported, match=r"reconcile\.no_pair"):
        reconcile(hub, Scope(mappings=["left"]))
    with pytest.raises(Unsupported, match=r"cli\.no_mapping"):
        reconcile(hub, Scope(mappings=["left", "rigt"]))
    with pytest.raises(Unsupported, match=r"reconcile\.nothing_linked"):
        reconcile(hub, Scope(sample=5))
