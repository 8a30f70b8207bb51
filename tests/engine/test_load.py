"""A plain load: what arrives, what is left out and told, and that one bad record costs nothing but itself."""

from __future__ import annotations

import csv
from decimal import Decimal

import pytest
import sqlalchemy as sa

from hefu.app import App, Machine
from hefu.core.connector import Connector
from hefu.core.errors import Transient
from hefu.engine.load import load

NAMES = ("code", "name", "phone", "level", "credit", "at")
HEADERS = ("编码", "名称", "电话", "等级", "额度", "更新时间")
TABLE = (
    "create table customer (code varchar(8) primary key, name varchar(20) not null, phone varchar(20), "
    "level varchar(2) check (level <> '9'), credit numeric(12,2), updated_at {naive})"
)
DOCUMENTS = {
    "connections/source.yaml": """connection: source
connector: files
settings:
  objects:
    customers: {file: customers.csv, key: [编码], writable: false}
""",
    "connections/target.yaml": """connection: target
connector: sql
settings:
  url: %s
  zone: Asia/Shanghai
  batch: 7
  objects:
    customer: {id: [code], key: [code], create: upsert}
""",
    "entities/customer.yaml": """entity: customer
match: [[code]]
fields:
  code: {type: code}
  name: {type: text}
  phone: {type: text}
  level: {type: code}
  credit: {type: decimal}
  updated_at: {type: instant}
""",
    "mappings/from_source.yaml": """mapping: from_source
connection: source
object: customers
entity: customer
%s
fields:
  - {field: code, from: 编码, direction: in}
  - {field: name, from: 名称, direction: in, transform: [trim]}
  - {field: phone, from: 电话, direction: in, blank: ignore}
  - {field: level, from: 等级, direction: in, values: {A: "1", B: "2", Z: "9"}}
  - {field: credit, from: 额度, direction: in, transform: [number]}
  - {field: updated_at, from: 更新时间, direction: in, transform: [{use: instant, format: "yyyy/MM/dd HH:mm:ss"}]}
""",
    "mappings/to_target.yaml": """mapping: to_target
connection: target
object: customer
entity: customer
create: true
%s
fields:
  - {field: code, from: code}
  - {field: name, from: name}
  - {field: phone, from: phone}
  - {field: level, from: level}
  - {field: credit, from: credit}
  - {field: updated_at, from: updated_at}
""",
    "flows/customers.yaml": "flow: customers\nmappings: [from_source, to_target]\nschedule: 1h\n",
}


def row(n: int, **said: str) -> list[str]:
    """A row of the file as most are."""
    usual = (f"C{n:04d}", f" 客户{n} ", f"138{n:08d}", "AB"[n % 2], f"1,{n:03d}.50", "2026/01/31 08:00:00")
    return [said.get(name, value) for name, value in zip(NAMES, usual, strict=True)]


class Scene:
    """A file, a table, and the load from one into the other."""

    def __init__(self, folder, url: str) -> None:
        self.folder, self.url = folder, url
        self.engine = sa.create_engine(url)
        with self.engine.begin() as made:
            made.exec_driver_sql("drop table if exists customer")
            naive = "timestamp" if self.engine.name in ("sqlite", "postgresql") else "datetime"
            made.exec_driver_sql(TABLE.format(naive=naive))
        self.told: dict[str, str] = {}

    def write(self, rows: list[list[str]]) -> None:
        with (self.folder / "customers.csv").open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([HEADERS, *rows])

    def load(self, rows: list[list[str]], source: str = "", target: str = "") -> dict[str, int]:
        """Counts of loading these rows."""
        self.write(rows)
        fill = {"connections/target.yaml": self.url.replace("+psycopg", ""), "mappings/from_source.yaml": source}
        fill["mappings/to_target.yaml"] = target
        texts = {name: text % fill[name] if name in fill else text for name, text in DOCUMENTS.items()}
        self.told.clear()
        with App(Machine.here(self.folder, {})) as app:
            hub = app.hub(app.load(texts).require())
            counts = load(hub, hub.side("from_source"), hub.side("to_target"), self._reject)
        assert counts["read"] == counts["written"] + counts["filtered"] + counts["rejected"] == len(rows)
        return dict(counts)

    def _reject(self, record_id: str, error: Exception) -> None:
        self.told[record_id] = f"{error.code} {getattr(error, 'field', None)}"

    def stored(self) -> dict[str, tuple]:
        """What the table holds, by code."""
        with self.engine.begin() as look:
            return {r[0]: tuple(r[1:]) for r in look.exec_driver_sql("select * from customer")}


@pytest.fixture(params=["sqlite", "postgresql", "mariadb"])
def scene(request, tmp_path):
    if request.param == "sqlite":
        (tmp_path / "target.sqlite").touch()
        url = f"sqlite:///{tmp_path / 'target.sqlite'}"
    else:
        url = request.getfixturevalue(f"{request.param}_url")
    made = Scene(tmp_path, url)
    yield made
    made.engine.dispose()


def test_everything_arrives_as_the_mapping_says(scene: Scene) -> None:
    assert scene.load([row(n) for n in range(50)]) == {"read": 50, "written": 50}
    stored = scene.stored()
    name, phone, level, credit, at = stored["C0001"]
    assert (len(stored), name, phone, level) == (50, "客户1", "13800000001", "2")
    assert Decimal(str(credit)) == Decimal("1001.5")
    assert str(at).startswith("2026-01-31 08:00:00")


def test_a_second_load_patches_and_adds(scene: Scene) -> None:
    scene.load([row(n) for n in range(20)])
    scene.load([row(n, name="新" if n < 5 else "客户") for n in range(30)])
    stored = scene.stored()
    assert len(stored) == 30
    assert [stored[f"C{n:04d}"][0] for n in (0, 4, 5)] == ["新", "新", "客户"]


def test_what_a_record_does_not_say_stays_as_it_is(scene: Scene) -> None:
    """`blank: ignore`: a blank phone is no value, so the one that is there is kept, in the same batch as others."""
    scene.load([row(n) for n in range(10)])
    scene.load([row(n, phone="" if n % 2 else "1", name="x") for n in range(10)])
    stored = scene.stored()
    assert stored["C0002"][:2] == ("x", "1")
    assert stored["C0003"][:2] == ("x", "13800000003")


def test_a_bad_record_is_told_and_the_others_are_written(scene: Scene) -> None:
    rows = [row(n) for n in range(40)]
    rows[3] = row(3, credit="twelve")
    rows[9] = row(9, at="2026/02/30 08:00:00")
    rows[17] = row(17, level="Q")
    rows[21] = row(21, level="Z")  # the mapping knows it, the table refuses it
    rows[22] = row(22, name="  ")  # blank, and the table wants a name
    counts = scene.load(rows)
    assert (counts["written"], counts["rejected"], counts["refused"]) == (35, 5, 2)
    assert sorted(scene.told) == ["C0003", "C0009", "C0017", "C0021", "C0022"]
    assert [scene.told[f"C{n:04d}"].split()[1] for n in (3, 9, 17, 22)] == ["credit", "updated_at", "level", "name"]
    assert scene.told["C0021"].startswith("sql.check")
    assert len(scene.stored()) == 35


def test_text_that_means_something_to_the_database_arrives_as_it_is(scene: Scene) -> None:
    """COPY has escapes of its own."""
    odd = [r"\N", "a\tb", "a\nb", "\\", r"\.", "'; --", '"x"', "%s %% :a ?", "ü 漢"]
    scene.load([row(n, name=name) for n, name in enumerate(odd)])
    assert [stored[0] for _, stored in sorted(scene.stored().items())] == odd


def test_filters_of_both_sides_leave_records_out(scene: Scene) -> None:
    counts = scene.load(
        [row(n) for n in range(10)], 'filter: record["编码"] != "C0004"', 'out_filter: golden.level == "1"'
    )
    assert counts == {"read": 10, "written": 5 - 1, "filtered": 6}
    assert sorted(scene.stored()) == ["C0000", "C0002", "C0006", "C0008"]


def test_a_system_that_fails_stops_the_load(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was written stays; the load is told as failed, and loading again ends it."""
    from hefu.connectors.sql import Sql

    real, calls = Sql.upsert, []

    def upsert(self, obj, records):
        calls.append(len(records.ids))
        if len(calls) == 3:
            raise Transient("sql.busy", connection="target", object=obj, message="gone")
        return real(self, obj, records)

    monkeypatch.setattr(Sql, "upsert", upsert)
    with pytest.raises(Transient):
        scene.load([row(n) for n in range(30)])
    assert calls == [7, 7, 7]
    assert len(scene.stored()) == 14
    assert scene.load([row(n) for n in range(30)])["written"] == 30


def test_a_batch_in_bulk_does_what_single_records_do(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    """The contract's own way, through `write`, is the measure of a connector's faster one."""
    from hefu.connectors.files import Files
    from hefu.connectors.sql import Sql

    rows = [row(n, level="ABQZ"[n % 4], phone="" if n % 3 else "1") for n in range(40)]
    rows[7] = row(7, credit="x")
    quick = (scene.load(rows), dict(scene.told), scene.stored())
    with scene.engine.begin() as again:
        again.exec_driver_sql("delete from customer")
    monkeypatch.setattr(Sql, "upsert", Connector.upsert)
    monkeypatch.setattr(Files, "columns", Connector.columns)
    assert (scene.load(rows), dict(scene.told), scene.stored()) == quick
