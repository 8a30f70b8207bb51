"""Databases for the tests of the SQL connector: tables as an ERP has them, people in them, a line that breaks."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import sqlalchemy as sa

from hefu.connectors.sql import Sql, SqlSettings, install_change_table
from hefu.core.connector import Site
from hefu.sim.conformance import Rig

SHANGHAI = ZoneInfo("Asia/Shanghai")
COLUMNS = """code varchar(20) NOT NULL UNIQUE, name varchar(80) NOT NULL, note {text}, price numeric(12,2), since date,
    met {zoned}, seen {naive}, active {truth}, hefu varchar(64), ver integer, updated_at {naive}"""
LINE = (
    "CREATE TABLE customer_line (id {serial} PRIMARY KEY, customer_id int NOT NULL, sku varchar(20) NOT NULL, "
    "qty numeric(12,3), note text, FOREIGN KEY (customer_id) REFERENCES customer(id) ON DELETE CASCADE)"
)
TOWN = "CREATE TABLE town (code varchar(20) {exact} PRIMARY KEY, name text NOT NULL, people integer, area {double})"
BARE = "CREATE TABLE bare (id integer PRIMARY KEY, name text)"
DDL = {
    "postgresql": [
        "CREATE SEQUENCE ver_seq",
        "CREATE TABLE customer (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, {columns})",
        LINE.format(serial="bigserial"),
        TOWN.format(exact="", double="double precision"),
        BARE,
    ],
    "mysql": [
        "CREATE SEQUENCE ver_seq",
        "CREATE TABLE customer (id integer AUTO_INCREMENT PRIMARY KEY, {columns})",
        LINE.format(serial="bigint AUTO_INCREMENT"),
        TOWN.format(exact="COLLATE utf8mb4_bin", double="double"),
        BARE,
    ],
    "sqlite": [
        "CREATE TABLE customer (id INTEGER PRIMARY KEY AUTOINCREMENT, {columns})",
        LINE.format(serial="INTEGER"),
        TOWN.format(exact="", double="double"),
        BARE,
    ],
}
TYPES = {
    "postgresql": {"text": "text", "zoned": "timestamptz", "naive": "timestamp", "truth": "boolean"},
    "mysql": {"text": "text", "zoned": "timestamp NULL", "naive": "datetime(6)", "truth": "boolean"},
    "sqlite": {"text": "text", "zoned": "datetime", "naive": "datetime", "truth": "boolean"},
}
VERSIONS = {  # the database itself numbers every change
    "postgresql": [
        (
            "CREATE FUNCTION count_up() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN NEW.ver = nextval('ver_seq'); RETURN NEW; END $$"
        ),
        "CREATE TRIGGER count_up BEFORE INSERT OR UPDATE ON customer FOR EACH ROW EXECUTE FUNCTION count_up()",
    ],
    "mysql": [
        "CREATE TRIGGER count_i BEFORE INSERT ON customer FOR EACH ROW SET NEW.ver = NEXTVAL(ver_seq)",
        "CREATE TRIGGER count_u BEFORE UPDATE ON customer FOR EACH ROW SET NEW.ver = NEXTVAL(ver_seq)",
    ],
    "sqlite": [
        f"CREATE TRIGGER count_{verb} AFTER {verb} ON customer BEGIN UPDATE customer"
        " SET ver = (SELECT COALESCE(MAX(ver), 0) + 1 FROM customer) WHERE id = NEW.id; END"
        for verb in ("INSERT", "UPDATE")
    ],
}
LINES = {"lines": {"table": "customer_line", "foreign_key": "customer_id"}}
VARIANTS = {
    "by stamp": {"key": "code", "modified": "updated_at", "touch": True, "delete": True, "lines": LINES},
    "by version": {"key": "code", "create": "upsert", "version": "ver", "changes": "version", "delete": True},
    "by triggers": {"token": "hefu", "version": "ver", "changes": "table", "delete": True, "lines": LINES},
    "by comparing": {"table": "town"},
}


def sample(n):
    return {
        "code": f"C{n:06d}",
        "name": f"客户 {n}",
        "note": "first",
        "price": Decimal("12.50"),
        "active": n % 2 == 0,
        "seen": datetime(2026, 1, 1, 8, 30, tzinfo=UTC),
    }


def with_lines(n):
    return {**sample(n), "lines": [{"sku": "a", "qty": Decimal(2)}, {"sku": "b", "qty": Decimal("0.5"), "note": "x"}]}


def town(n):
    return {"code": f"T{n:06d}", "name": f"城 {n}", "people": Decimal(n), "area": Decimal("0.1")}


SYSTEMS = {"sqlite": "SQLite", "postgresql": "PostgreSQL", "mysql": "MariaDB"}


class World:
    """One database with people in it."""

    def __init__(self, url, variant="by stamp", folder="."):
        self.url, self.variant = url, variant
        self.engine = sa.create_engine(url)
        self.kind = self.engine.dialect.name
        self._count = itertools.count(500_000)
        self._sqls: list[Sql] = []
        self._empty()
        columns = COLUMNS.format(**TYPES[self.kind])
        self.run(*(d.format(columns=columns) for d in DDL[self.kind]))
        if variant == "by version":
            self.run(*VERSIONS[self.kind])
        self.folder = folder

    def _empty(self):
        if self.kind == "postgresql":
            self.run("DROP SCHEMA public CASCADE", "CREATE SCHEMA public")
        elif self.kind == "mysql":
            tables = ("customer_line", "customer", "town", "bare", "hefu_change", "other", "odd")
            self.run(
                "DROP SEQUENCE IF EXISTS ver_seq",
                "DROP VIEW IF EXISTS odd_view",
                *(f"DROP TABLE IF EXISTS {t}" for t in tables),
            )

    @contextlib.contextmanager
    def begin(self):
        """A person's transaction, until it can be told of: others on the same server may hold the horizon back."""
        mine = 0
        with self.engine.begin() as connection:
            yield connection
            if self.kind == "postgresql" and self.variant == "by triggers":
                mine = connection.execute(sa.text("SELECT CAST(CAST(pg_current_xact_id() AS text) AS bigint)")).scalar()
        horizon = sa.text("SELECT CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS text) AS bigint)")
        deadline = time.monotonic() + 30
        while mine and time.monotonic() < deadline:
            with self.engine.begin() as connection:
                if connection.execute(horizon).scalar() > mine:
                    return
            time.sleep(0.02)

    def run(self, *statements, **values):
        with self.begin() as connection:
            for statement in statements:
                connection.execute(sa.text(statement.replace(":=", r"\:=")), values)

    def connect(self, url=None, **more) -> Sql:
        objects = {"customer": VARIANTS[self.variant], "bare": {}}
        settings = {
            "url": url or self.url,
            "objects": objects,
            "zone": "Asia/Shanghai",
            "overlap": 0.2,
            "page": 40,
            "batch": 60,
        }
        kind = _Patient if self.kind == "postgresql" and self.variant == "by triggers" else Sql
        sql = kind(SqlSettings(**{**settings, **more}), Site(None, None, time.sleep, "erp", folder=self.folder))
        sql.world = self
        self._sqls.append(sql)
        return sql

    @property
    def table(self):
        return "town" if self.variant == "by comparing" else "customer"

    def now(self):
        now = datetime.now(SHANGHAI).replace(tzinfo=None)
        return now.isoformat(sep=" ") if self.kind == "sqlite" else now

    def burst(self, count):
        now = self.now()
        names = [f"P{next(self._count)}" for _ in range(count)]
        rows = [{"c": n, "t": now, "v": i + 1} for i, n in enumerate(names)]
        made = (
            "INSERT INTO town (code, name) VALUES (:c, 'town')"
            if self.table == "town"
            else "INSERT INTO customer (code, name, updated_at, ver) VALUES (:c, 'person', :t, :v)"
        )
        with self.begin() as connection:
            connection.execute(sa.text(made), rows)
            if self.table == "town":
                return names
            ask = sa.text("SELECT code, id FROM customer WHERE code IN :c").bindparams(
                sa.bindparam("c", expanding=True)
            )
            ids = {}
            for start in range(0, count, 500):
                ids |= dict(connection.execute(ask, {"c": names[start : start + 500]}).all())
            return [str(ids[n]) for n in names]

    def late(self):
        [record_id] = self.burst(1)
        early = datetime.now(SHANGHAI).replace(tzinfo=None) - timedelta(seconds=0.15)
        early = early.isoformat(sep=" ") if self.kind == "sqlite" else early
        self.run("UPDATE customer SET updated_at = :t WHERE id = :i", t=early, i=int(record_id))
        return record_id

    def edit(self, record_id, values):
        sets = ", ".join(f"{n} = :{n}" for n in values)
        values = {n: str(v) if isinstance(v, Decimal) else v for n, v in values.items()}
        if self.table == "town":
            self.run(f"UPDATE town SET {sets} WHERE code = :i", i=record_id, **values)
        else:
            more = ", ver = COALESCE(ver, 0) + 1" if self.variant != "by version" else ""
            self.run(
                f"UPDATE customer SET {sets}, updated_at = :t{more} WHERE id = :i",
                t=self.now(),
                i=int(record_id),
                **values,
            )

    def remove(self, record_id):
        key = "code" if self.table == "town" else "id"
        self.run(f"DELETE FROM {self.table} WHERE {key} = :i", i=record_id if key == "code" else int(record_id))

    def rig(self, *, url=None, **hands) -> Rig:
        sql = self.connect(url)
        if self.variant == "by triggers":
            install_change_table(sql, ["customer"])
        lines = "lines" in VARIANTS[self.variant]
        return Rig(
            sql,
            "customer",
            town if self.table == "town" else with_lines if lines else sample,
            {"name": "Edited", "area" if self.table == "town" else "price": Decimal("99.25")},
            self.edit,
            hands.pop("fail", None),
            self.burst,
            remove=self.remove,
            late=self.late if self.variant == "by stamp" else None,
            wait=time.sleep if self.variant in ("by stamp",) else None,
            reopen=self.connect,
            empty="bare",
            overlap=0.2,
            large=3000,
            **hands,
            against="real",
            system=SYSTEMS[self.kind],
        )

    def close(self):
        for sql in self._sqls:
            sql.close()
        self.engine.dispose()


class _Patient(Sql):
    """Reads when nobody on the server writes: other tests' transactions hold the trigger feed back, rightly."""

    def read(self, obj, since=None):
        others = sa.text(
            "SELECT count(*) FROM pg_stat_activity WHERE backend_xid IS NOT NULL AND datname <> current_database()"
        )
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            with self.world.engine.begin() as connection:
                if not connection.execute(others).scalar():
                    break
            time.sleep(0.01)
        return super().read(obj, since)


class Cutter:
    """A TCP line to a server that breaks when the next commit has been sent."""

    def __init__(self, port):
        self._target, self._armed = port, False
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port = self._server.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def __call__(self, word):
        assert word == "cut"
        self._armed = True

    def _accept(self):
        while True:
            try:
                client, _ = self._server.accept()
            except OSError:
                return
            server, broken = socket.create_connection(("127.0.0.1", self._target)), threading.Event()
            for source, sink in ((client, server), (server, client)):
                threading.Thread(target=self._pump, args=(source, sink, broken, source is client), daemon=True).start()

    def _pump(self, source, sink, broken, outward):
        with contextlib.suppress(OSError):
            while (data := source.recv(65536)) and not broken.is_set():
                if outward and self._armed and b"COMMIT" in data:
                    self._armed = False
                    broken.set()  # the server gets it, and its answer is lost
                sink.sendall(data)
        for end in (source, sink):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def close(self):
        self._server.close()
