"""What real databases do to records: odd names and types, triggers, locks, drift, late commits, lost rights."""

from __future__ import annotations

import re
import time
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError
from sql_worlds import World, sample, with_lines

import hefu
from hefu.connectors._sql_values import has_summer_time
from hefu.connectors.sql import Sql, SqlSettings, install_change_table, prune_change_table, remove_change_table
from hefu.core.connector import Site
from hefu.core.errors import Denied, Missing, Rejected, Stale, Transient, Unsupported
from hefu.core.records import REMOVED, Write, Written
from hefu.core.words import ERRORS, tell

DATABASES = ("sqlite", "postgresql", "mariadb")


@pytest.fixture
def world_of(tmp_path, request):
    """(database, variant) -> a world."""
    worlds = []

    def make(database, variant="by stamp"):
        if database == "sqlite":
            path = tmp_path / "erp.sqlite"
            path.touch()
            url = f"sqlite:///{path}"
        else:
            url = request.getfixturevalue(f"{database}_url")
        worlds.append(World(url, variant))
        return worlds[-1]

    yield make
    for world in worlds:
        world.close()


@pytest.fixture(params=DATABASES)
def world(request, world_of):
    return world_of(request.param)


def site(folder="."):
    return Site(None, None, time.sleep, "erp", folder=str(folder))


def create(sql, *values, obj="customer"):
    made = sql.write(obj, [Write(None, v) for v in values])
    assert all(isinstance(m, Written) for m in made), made
    return [m.id for m in made]


# ---------------------------------------------------------------------- structure


def test_types_of_postgresql(world_of):
    world = world_of("postgresql")
    world.run(
        "CREATE TYPE mood AS ENUM ('glad', 'sad')",
        "CREATE TABLE other (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), mood mood, doc jsonb, tags text[],"
        " raw bytea,"
        " fixed char(6), small smallint, big bigint, real real, moment timestamptz, clock time,"
        " twice integer GENERATED ALWAYS AS (small * 2) STORED, who integer REFERENCES customer(id))",
        "COMMENT ON TABLE other IS '其他'",
        "COMMENT ON COLUMN other.mood IS '心情'",
    )
    sql = world.connect(objects={"customer": {}, "other": {}})
    [schema] = [s for s in sql.discover() if s.name == "other"]
    assert schema.label == "其他"
    assert (schema.field("mood").options, schema.field("mood").label) == (("glad", "sad"), "心情")
    assert {f.name for f in schema.fields} & {"tags", "raw"} == set()  # no business values
    assert (schema.field("who").type, schema.field("who").target) == ("reference", "customer")
    assert not schema.field("twice").writable
    assert not schema.field("id").writable
    assert schema.abilities.create == "blind"
    [customer] = create(sql, sample(1))
    values = {
        "mood": "sad",
        "doc": '{"a": [1, "合"]}',
        "fixed": "ab",
        "small": Decimal(3),
        "big": 2**60,
        "real": Decimal("0.5"),
        "moment": datetime(2026, 1, 1, tzinfo=UTC),
        "clock": "08:30:00",
        "who": customer,
    }
    for count in (1, 30):  # one by one, and by COPY
        for made in sql.write("other", [Write(None, values)] * count):
            assert made.values == {**values, "id": made.id, "twice": 6}
            assert sql.fetch("other", [made.id])[0].values == made.values
    assert sql.search("other", {"mood": "glad"}) == []


def test_views_and_joined_ids(world):
    world.run(
        "CREATE TABLE other (org varchar(20), no varchar(20), day date, name varchar(20), PRIMARY KEY (org, no, day))",
        "CREATE VIEW odd_view AS SELECT org, no, name FROM other",
    )
    sql = world.connect(objects={"other": {"delete": True}, "odd_view": {"id": ["org", "no"]}})
    view = next(s for s in sql.discover() if s.name == "odd_view")
    assert (view.abilities.create, view.abilities.update) == ("no", False)
    rows = [
        {"org": o, "no": n, "day": "2026-01-31", "name": "x"} for o, n in (("A|B", "1"), ("A", "B|1"), ("合%", "/"))
    ]
    ids = create(sql, *rows, obj="other")
    assert len(set(ids)) == 3
    assert {r.id for page in sql.read("other") for r in page.records} == set(ids)
    assert [r.values["org"] for r in sql.fetch("other", [ids[2]])] == ["合%"]
    assert len({r.id for page in sql.read("odd_view") for r in page.records}) == 3
    [done] = sql.write("other", [Write(ids[0], {"name": "y"})])
    assert done.values["name"] == "y"
    [refused] = sql.write("other", [Write(ids[0], {"org": "Z"})])
    assert (refused.code, refused.field) == ("sql.fixed_id", "org")
    sql.write("other", [Write(ids[1], None)])
    assert {r.id for page in sql.read("other") for r in page.records} == {ids[0], ids[2]}
    assert sql.fetch("other", ["nonsense", "a|b", "a|b|c", ""]) == []


def test_names_are_never_code(world):
    table, column = "odd", 'a "b"; DROP TABLE town; -- %s :x'
    quoted = '"' + column.replace('"', '""').replace(":x", r"\:x") + '"'
    if world.kind == "mysql":
        column = quoted = "a b; DROP TABLE town; -- %s"
        quoted = f"`{quoted}`"
    world.run(f"CREATE TABLE odd (id varchar(20) PRIMARY KEY, {quoted} varchar(80))")
    sql = world.connect(objects={table: {"key": column}})
    nasty = "'); DROP TABLE town; -- %s ${x} \\"
    made = sql.write(table, [Write(None, {"id": str(n), column: f"{n}{nasty}"}) for n in range(30)])
    assert [m.values[column] for m in made] == [f"{n}{nasty}" for n in range(30)]
    [done] = sql.write(table, [Write("7", {column: nasty})])
    assert done.values[column] == nasty
    assert [r.id for r in sql.search(table, {column: nasty})] == ["7"]
    assert world.connect().search("customer", {"name": nasty}) == []
    world.run("SELECT 1 FROM town")


def test_everything_is_an_object_when_none_is_named(world):
    world.run("CREATE TABLE other (name varchar(20))")  # no key: cannot be followed
    schemas = world.connect(objects={}).discover()
    assert [s.name for s in schemas] == ["bare", "customer", "customer_line", "town"]
    line = next(s for s in schemas if s.name == "customer_line")
    assert line.field("customer_id").target == "customer"


@pytest.mark.parametrize(
    ("objects", "code", "nearest"),
    [
        ({"customer": {"table": "custmer"}}, "sql.unknown_table", "customer"),
        ({"customer": {"key": "cod"}}, "sql.unknown_column", "code"),
        ({"customer": {"modified": "update_at"}}, "sql.unknown_column", "updated_at"),
        (
            {"customer": {"lines": {"l": {"table": "customer_lines", "foreign_key": "x"}}}},
            "sql.unknown_table",
            "customer_line",
        ),
        ({"customer": {"changes": "modified"}}, "sql.no_change_column", None),
        ({"customer": {"create": "upsert"}}, "sql.create", None),
        ({"customer": {"lines": {"l": {"table": "town", "foreign_key": ["code", "name"]}}}}, "sql.line_key", None),
    ],
)
def test_wrong_settings_name_the_right_word(world_of, objects, code, nearest):
    sql = world_of("sqlite").connect(objects=objects)
    with pytest.raises(Unsupported) as told:
        sql.check()
    assert told.value.code == code
    assert nearest is None or told.value.facts["nearest"] == nearest
    assert "?" not in tell(told.value, "zh")[0]


def test_wrong_words_of_a_mapping(world_of):
    sql = world_of("sqlite").connect()
    with pytest.raises(Unsupported) as told:
        sql.read("custome")
    assert told.value.facts["nearest"] == "customer"
    [refused] = sql.write("customer", [Write(None, {"nmae": "x"})])
    assert (refused.code, refused.facts["nearest"]) == ("sql.unknown_column", "name")
    with pytest.raises(Unsupported) as told:
        sql.search("customer", {"cod": "x"})
    assert told.value.facts["nearest"] == "code"


def test_addresses(tmp_path):
    with pytest.raises(ValidationError, match="password"):
        SqlSettings(url="postgresql://me:secret@host/db")
    with pytest.raises(ValidationError, match="address"):
        SqlSettings(url="nonsense")
    with pytest.raises(Unsupported, match="unknown_database"):
        Sql(SqlSettings(url="db2://host/db"), site())
    with pytest.raises(Unsupported, match="unknown_zone"):
        Sql(SqlSettings(url="sqlite:///x", zone="Mars/Olympus"), site())
    with pytest.raises(Unsupported, match="no_database"):
        Sql(SqlSettings(url="sqlite:///absent.db"), site(tmp_path)).check()
    assert not (tmp_path / "absent.db").exists()
    (tmp_path / "text.db").write_text("this is no database" * 100)
    with pytest.raises(Unsupported, match="no_database"):
        Sql(SqlSettings(url="sqlite:///text.db"), site(tmp_path)).check()


def test_a_remote_database_must_prove_itself(postgresql_url):
    parsed = sa.make_url(postgresql_url)
    url = parsed.render_as_string()
    with pytest.raises(Unsupported) as told:  # this server has no certificate that anybody signed
        Sql(SqlSettings(url=url, tls="verify"), site()).check()
    assert told.value.code == "sql.tls"
    missing = parsed.set(database="hefu_no_such_database").render_as_string()
    with pytest.raises(Unsupported, match="no_database"):
        Sql(SqlSettings(url=missing), site()).check()


# ------------------------------------------------------------------------- writing


def test_one_batch_of_everything(world):
    sql = world.connect()
    a, b, c = create(sql, with_lines(1), with_lines(2), sample(3))
    outcomes = sql.write(
        "customer",
        [
            Write(a, {"name": "first"}),
            Write(None, {"code": "C000001", "name": "twin"}),
            Write(a, {"name": "second"}),
            Write(b, None),
            Write(b, {"name": "too late"}),
            Write("no number", {"name": "x"}),
            Write("99999999999999999999999", {"name": "x"}),
            Write(c, {"price": "12"}),
            Write(c, {"code": "x" * 21}),
            Write(c, {"name": None}),
            Write(None, {**sample(4), "name": "new"}),
            Write(c, {"note": "kept"}),
        ],
    )
    kinds = [type(o).__name__ for o in outcomes]
    assert kinds == [
        *("Written", "Rejected", "Written", "Written", "Missing", "Missing", "Missing"),
        *(["Rejected"] * (2 if world.kind != "sqlite" else 1)),  # SQLite minds no length
        *(["Written"] if world.kind == "sqlite" else []),
        *("Rejected", "Written", "Written"),
    ]
    assert [o.field for o in outcomes if isinstance(o, Rejected)][:2] == ["code", "price"]
    assert sql.fetch("customer", [a])[0].values["name"] == "second"
    assert {line["sku"] for line in sql.fetch("customer", [a])[0].values["lines"]} == {"a", "b"}
    assert world.engine.connect().execute(sa.text("SELECT count(*) FROM customer_line")).scalar() == 2


def test_large_batches_with_bad_records(world):
    sql = world.connect(batch=1000)
    good = [{"code": f"N{n:04d}", "name": "x"} for n in range(300)]
    create(sql, *good[:100])
    bad = [{**good[150], "name": None}, {"code": "N0120", "name": "twin of one in the batch"}]
    outcomes = sql.write("customer", [Write(None, v) for v in [*good, *bad]])
    rejected = [o.code for o in outcomes if not isinstance(o, Written)]
    assert rejected == ["sql.duplicate"] * 100 + ["sql.required", "sql.duplicate"]
    ids = [o.id for o in outcomes if isinstance(o, Written)]
    assert [r.values["code"] for r in sorted(sql.fetch("customer", ids), key=lambda r: ids.index(r.id))] == [
        g["code"] for g in good[100:]
    ]
    updates = [Write(i, {"name": f"changed {i}", "price": Decimal(1)}) for i in ids] + [
        Write("1000000", {"name": "x", "price": None})
    ]
    updates[50] = Write(ids[50], {"name": None, "price": Decimal(1)})
    outcomes = sql.write("customer", updates)
    assert [type(o).__name__ for o in outcomes].count("Written") == 199
    assert isinstance(outcomes[50], Rejected)
    assert isinstance(outcomes[-1], Missing)
    assert all(o.values["name"] == f"changed {o.id}" for o in outcomes if isinstance(o, Written))


def test_upserts_of_the_same_key_in_one_batch(world):
    sql = world.connect(objects={"customer": {"key": "code", "create": "upsert"}})
    [old] = create(sql, {"code": "A", "name": "old", "note": "kept"})
    news = [
        {"code": "A", "name": "new"},
        {"code": "B", "name": "1"},
        {"code": "B", "name": "2"},
        {"code": "C", "name": "3"},
    ]
    made = sql.write("customer", [Write(None, v) for v in news])
    assert made[0].id == old
    assert made[0].values["note"] == "kept"
    assert made[1].id == made[2].id
    assert sql.fetch("customer", [made[2].id])[0].values["name"] == "2"


def test_a_key_without_constraint_is_still_kept_unique(world):
    sql = world.connect(objects={"customer": {"key": "name"}})
    create(sql, {"code": "1", "name": "合符"})
    twin, other = sql.write(
        "customer", [Write(None, {"code": c, "name": n}) for c, n in (("2", "合符"), ("3", "other"))]
    )
    assert (twin.code, twin.field) == ("sql.duplicate", "name")
    assert isinstance(other, Written)


def test_triggers_have_the_last_word(world):
    if world.kind == "postgresql":
        world.run(
            "CREATE FUNCTION loud() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN NEW.name = upper(NEW.name); RETURN NEW; END $$",
            "CREATE TRIGGER loud BEFORE INSERT OR UPDATE ON town FOR EACH ROW EXECUTE FUNCTION loud()",
        )
    elif world.kind == "mysql":
        world.run("CREATE TRIGGER loud BEFORE INSERT ON town FOR EACH ROW SET NEW.name = upper(NEW.name)")
    else:
        world.run(
            "CREATE TRIGGER loud AFTER INSERT ON town "
            "BEGIN UPDATE town SET name = upper(name) WHERE code = NEW.code; END"
        )
    sql = world.connect(objects={"town": {}})
    made = sql.write("town", [Write(None, {"code": str(n), "name": "abc"}) for n in range(30)])
    assert {m.values["name"] for m in made} == {"ABC"}


def test_what_is_answered_is_what_is_stored(world):
    """Roundings, blanks at the end, defaults: also where the answer is composed without asking."""
    serial = {"postgresql": "serial", "mysql": "integer AUTO_INCREMENT", "sqlite": "integer"}[world.kind]
    world.run(
        f"CREATE TABLE other (id {serial} PRIMARY KEY, a numeric(10,2), b varchar(4), c integer DEFAULT 7, "
        "d char(5), e double precision)"
    )
    sql = world.connect(objects={"other": {}})
    for values in (
        {"a": Decimal("1.005"), "b": "x", "c": 1},
        {"a": Decimal("1.10"), "c": Decimal(5)},
        {"b": "ab  ", "c": None},
        {"a": 3, "d": "ab ", "c": 1},
        {"e": Decimal("0.1"), "c": 2},
        {"b": "x"},
    ):
        for made in sql.write("other", [Write(None, values)] * 5):
            assert made.values == sql.fetch("other", [made.id])[0].values


def test_conditions_are_exact(world):
    sql = world.connect()
    [record] = create(sql, sample(1))
    world.edit(record, {"name": "ABC"})
    stale, gone = sql.write(
        "customer",
        [Write(record, {"name": "x"}, expect={"name": "abc"}), Write("77", {"name": "x"}, expect={"name": "a"})],
    )
    assert isinstance(stale, Stale)  # MySQL's own comparison would have let it through
    assert isinstance(gone, Missing)
    [done] = sql.write(
        "customer",
        [Write(record, {"name": "x"}, expect={"name": "ABC", "since": None, "price": None or Decimal("12.5")})],
    )
    assert done.values["name"] == "x"


def test_lines_by_name(world):
    sql = world.connect()
    [record] = create(sql, with_lines(1))
    first, second = sql.fetch("customer", [record])[0].values["lines"]
    [done] = sql.write(
        "customer",
        [
            Write(
                record,
                {
                    "lines": [
                        {"id": first["id"], REMOVED: True},
                        {"id": second["id"], "qty": Decimal(9)},
                        {"sku": "c"},
                    ]
                },
            )
        ],
    )
    assert [(line["sku"], line["qty"]) for line in done.values["lines"]] == [("b", Decimal(9)), ("c", None)]
    for lines, kind in (
        ([{"id": first["id"], "sku": "z"}], "sql.unknown_line"),
        ([{"sku": "z", "qty": "many"}], "sql.misfit"),
        ([{"sku": None}], "sql.required"),
        ([{"colour": "red"}], "sql.unknown_column"),
    ):
        try:
            [refused] = sql.write("customer", [Write(record, {"name": "never", "lines": lines})])
        except Unsupported as error:
            refused = error
        assert refused.code == kind
    assert sql.fetch("customer", [record])[0].values["name"] == "客户 1"


def test_lines_cost_one_statement_a_page(world):
    sql = world.connect(page=100)
    create(sql, *[with_lines(n) for n in range(50)])
    said = []
    sa.event.listen(sql.database.engine, "before_cursor_execute", lambda c, cur, text, *_: said.append(text))
    records = [r for page in sql.read("customer") for r in page.records]
    assert all(len(r.values["lines"]) == 2 for r in records)
    assert len([t for t in said if "customer" in t]) == 2


def test_numbers_sqlite_would_bend_are_refused(world_of):
    sql = world_of("sqlite").connect()
    fine, bent = sql.write(
        "customer",
        [
            Write(None, {**sample(n), "price": Decimal(p)})
            for n, p in ((1, "1234567890123.45"), (2, "12345678901234567.89"))
        ],
    )
    assert fine.values["price"] == Decimal("1234567890123.45")
    assert (bent.code, bent.field) == ("sql.misfit", "price")


@pytest.mark.parametrize("odd", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_are_none(world, odd):
    sql = world.connect(objects={"town": {}})
    row = {"code": "1", "name": "x"}
    for field in ("people", "area"):
        [refused] = sql.write("town", [Write(None, {**row, field: Decimal(odd)})])
        assert (refused.code, refused.field) == ("sql.misfit", field)


def test_dates_that_are_none(world_of):
    world = world_of("mariadb")
    world.run(
        "SET sql_mode = ''",
        "INSERT INTO customer (code, name, since, seen) VALUES ('1', 'a', '0000-00-00', '0000-00-00')",
    )
    [record] = [r for page in world.connect().read("customer") for r in page.records]
    assert (record.values["since"], record.values["seen"]) == (None, None)


def test_what_cannot_be_read_arrives_as_text(world_of):
    world = world_of("sqlite")
    world.run("INSERT INTO customer (code, name, since, price) VALUES ('1', 'a', 'some day', 'a lot')")
    [record] = [r for page in world.connect().read("customer") for r in page.records]
    assert (record.values["since"], record.values["price"]) == ("some day", "a lot")


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=60)

MOMENTS = st.datetimes(datetime(1971, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_values_come_back(database, world_of):
    sql = world_of(database).connect(batch=50)
    count = iter(range(10**6))

    @settings(max_examples=40, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(
        rows=st.lists(
            st.fixed_dictionaries(
                {"name": TEXT},
                optional={
                    "note": st.none() | TEXT,
                    "price": st.none() | st.decimals(-(10**9), 10**9, places=2),
                    "since": st.none() | st.dates(date(1900, 1, 1)),
                    "met": st.none() | MOMENTS,
                    "active": st.none() | st.booleans(),
                },
            ),
            max_size=40,
        )
    )
    def check(rows):
        rows = [{"code": f"H{next(count)}", **row} for row in rows]
        answers = sql.write("customer", [Write(None, r) for r in rows])
        stored = {r.id: r.values for r in sql.fetch("customer", [made.id for made in answers])}
        for row, made in zip(rows, answers, strict=True):
            assert {n: made.values[n] for n in row} == row
            assert made.values == stored[made.id]

    check()


# -------------------------------------------------------------------------- changes


def test_no_commit_appears_behind_the_cursor(world_of):
    """Two people write; the one who began first commits last."""
    world = world_of("postgresql", "by triggers")
    sql = world.connect()
    install_change_table(sql, ["customer"])
    cursor = list(sql.read("customer"))[-1].cursor
    with world.engine.connect() as slow, slow.begin():
        slow.execute(sa.text("INSERT INTO customer (code, name) VALUES ('slow', 'a')"))
        with world.engine.begin() as quick:  # not `world.run`, which waits until the change can be told
            quick.execute(sa.text("INSERT INTO customer (code, name) VALUES ('quick', 'b')"))
        pages = list(sql.read("customer", cursor))
        cursor = pages[-1].cursor
        early = {r.values["code"] for page in pages for r in page.records}
    world.run("SELECT 1")  # waits for others on this server
    late = {r.values["code"] for page in sql.read("customer", cursor) for r in page.records}
    assert "slow" in late
    assert early | late == {"slow", "quick"}


def test_changes_of_lines_and_deletes_are_told(world_of):
    for database in DATABASES:
        world = world_of(database, "by triggers")
        sql = world.connect(overlap=0)
        install_change_table(sql, ["customer"])
        install_change_table(sql, ["customer"])  # again does no harm
        a, b, _ = create(sql, with_lines(1), with_lines(2), with_lines(3))
        world.run("SELECT 1")
        time.sleep(0.01)
        cursor = list(sql.read("customer"))[-1].cursor
        world.run("UPDATE customer_line SET qty = 7 WHERE customer_id = :i", i=int(a))
        world.remove(b)
        pages = list(sql.read("customer", cursor))
        told = {r.id: r.values["lines"][0]["qty"] for page in pages for r in page.records if r.id == a}
        assert told == {a: Decimal(7)}
        assert b in {i for page in pages for i in page.gone}
        assert prune_change_table(sql, timedelta(days=1)) == 0
        assert prune_change_table(sql, timedelta(seconds=-60)) > 0
        remove_change_table(sql, ["customer"], table_too=True)
        with pytest.raises(Unsupported, match="no_change_table"):
            list(sql.read("customer"))


def test_a_cursor_of_another_way_is_refused(world_of):
    world = world_of("sqlite")
    cursor = list(world.connect().read("customer"))[-1].cursor
    sql = world.connect(objects={"customer": {"version": "ver", "changes": "version"}})
    with pytest.raises(Unsupported, match="bad_cursor"):
        sql.read("customer", cursor)


def test_stamps_without_zone_reach_back_over_a_doubled_hour():
    from zoneinfo import ZoneInfo

    assert has_summer_time(ZoneInfo("Europe/Berlin"))
    assert not has_summer_time(ZoneInfo("Asia/Shanghai"))
    assert not has_summer_time(None)


def test_times_without_zone_are_the_connections(world):
    sql = world.connect()
    [record] = create(sql, {**sample(1), "seen": datetime(2026, 1, 31, 16, 30, tzinfo=UTC)})
    with world.engine.connect() as connection:
        raw = str(connection.execute(sa.text("SELECT seen FROM customer")).scalar())
    assert raw.startswith("2026-02-01 00:30:00")
    world.edit(record, {"seen": "2026-02-01 08:00:00"})
    assert sql.fetch("customer", [record])[0].values["seen"] == datetime(2026, 2, 1, tzinfo=UTC)


# --------------------------------------------------------------------------- faults


@pytest.mark.parametrize("database", DATABASES)
def test_a_locked_record_is_tried_again(database, world_of):
    world = world_of(database)
    [record] = create(world.connect(), sample(1))
    sql = world.connect(timeout=1)
    with world.engine.connect() as other, other.begin():
        other.execute(sa.text("UPDATE customer SET note = 'mine'"))
        with pytest.raises(Transient) as told:
            sql.write("customer", [Write(record, {"name": "x"})])
    assert told.value.code in ("sql.busy", "sql.too_slow", "sql.unreachable")
    [done] = sql.write("customer", [Write(record, {"name": "x"})])
    assert done.values["name"] == "x"


def test_rights_are_told(world_of):
    world = world_of("postgresql")
    [record] = create(world.connect(), sample(1))
    user = f"hefu_reader_{time.time_ns()}"
    world.run(
        f"CREATE ROLE {user} LOGIN",
        f"GRANT USAGE ON SCHEMA public TO {user}",
        f"GRANT SELECT ON customer, customer_line TO {user}",
    )
    try:
        reader = world.connect(sa.make_url(world.url).set(username=user).render_as_string())
        assert reader.fetch("customer", [record])
        with pytest.raises(Denied, match="no_right"):
            reader.write("customer", [Write(record, {"name": "x"})])
        with pytest.raises(Denied, match="no_right"):
            reader.check()  # "bare" may not be looked into
        reader.close()
    finally:
        world.run(f"DROP OWNED BY {user}", f"DROP ROLE {user}")


def test_a_password_that_is_wrong(world_of):
    world = world_of("mariadb")
    user = f"h{time.time_ns() % 10**12}"
    world.run(f"CREATE USER {user}@'127.0.0.1' IDENTIFIED BY 'right'", f"GRANT ALL ON *.* TO {user}@'127.0.0.1'")
    try:
        url = sa.make_url(world.url).set(username=user).render_as_string()
        world.connect(url, password="right").check()
        with pytest.raises(Denied) as told:
            world.connect(url, password="wr0ng-secret").check()
        assert "wr0ng-secret" not in f"{told.value}{tell(told.value)}"
    finally:
        world.run(f"DROP USER {user}@'127.0.0.1'")


def test_a_column_that_goes_away(world):
    sql = world.connect()
    [record] = create(sql, sample(1))
    world.run("ALTER TABLE customer DROP COLUMN note")
    with pytest.raises(Unsupported) as told:
        sql.fetch("customer", [record])
    assert told.value.code == "sql.drift"
    assert "note" in tell(told.value)[0]
    assert "note" not in sql.fetch("customer", [record])[0].values  # it has looked again


def test_deferred_rules_blame_their_record(world_of):
    world = world_of("postgresql")
    world.run("ALTER TABLE customer ADD CONSTRAINT late UNIQUE (note) DEFERRABLE INITIALLY DEFERRED")
    rows = [{**sample(n), "note": "same" if n in (3, 30) else str(n)} for n in range(40)]
    outcomes = world.connect().write("customer", [Write(None, r) for r in rows])
    assert [n for n, o in enumerate(outcomes) if not isinstance(o, Written)] == [30]


def test_a_fault_of_our_own_is_not_called_the_databases(world_of):
    sql = world_of("sqlite").connect()
    with pytest.raises(TypeError), sql.database.reading():
        raise TypeError("ours")


def test_every_code_has_words():
    folder = Path(hefu.__file__).parent / "connectors"
    used = {code for path in folder.glob("*sql*.py") for code in re.findall(r'"(sql\.\w+)"', path.read_text())}
    assert used == {code for code in ERRORS if code.startswith("sql.")}
