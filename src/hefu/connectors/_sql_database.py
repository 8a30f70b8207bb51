"""The line to a database: drivers, encryption, time limits, and transactions whose errors are ours.

Sessions speak UTC, so that instants mean the same everywhere. A commit that breaks off is Unanswered; whatever breaks
before it surely had no effect.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.engine import URL, Connection, make_url

from hefu.connectors._sql_errors import lost, speaks_database, told
from hefu.connectors._sql_settings import SqlSettings
from hefu.core.connector import Site
from hefu.core.errors import HubError, Unanswered, Unsupported

_DRIVERS = {
    "postgresql": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mariadb+pymysql",
    "sqlite": "sqlite+pysqlite",
    "mssql": "mssql+pyodbc",
    "oracle": "oracle+oracledb",
}
_HERE = ("", "localhost", "127.0.0.1", "::1")


class Database:
    """A pool of connections, each with our session settings."""

    def __init__(self, settings: SqlSettings, site: Site) -> None:
        self._name = site.connection
        url = make_url(settings.url)
        backend = url.get_backend_name()
        if backend not in _DRIVERS:
            raise Unsupported("sql.unknown_database", connection=self._name, name=backend, known=", ".join(_DRIVERS))
        if settings.password.get_secret_value():
            url = url.set(password=settings.password.get_secret_value())
        self.dialect = "mysql" if backend == "mariadb" else backend
        try:
            self.engine = self._open(url.set(drivername=_DRIVERS[backend]), settings, site)
        except ImportError as error:
            raise Unsupported("connectors.needs", name=f"sql ({backend})", needs=error.name or str(error)) from error

    def _open(self, url: URL, settings: SqlSettings, site: Site) -> sa.Engine:
        makers = {"postgresql": _postgresql, "mysql": _mysql, "mssql": _mssql}
        arguments: dict[str, Any] = {}
        if self.dialect == "sqlite":
            url, arguments = _sqlite(url, settings, site)
        elif self.dialect in makers:
            url, arguments = makers[self.dialect](url, settings)
        pool = {"pool_size": settings.pool, "max_overflow": 0, "pool_timeout": settings.timeout, "pool_recycle": 1800}
        engine = sa.create_engine(
            url, connect_args=arguments, pool_pre_ping=self.dialect != "sqlite", hide_parameters=True, **pool
        )
        if self.dialect == "sqlite":
            event.listen(engine, "connect", _quiet_driver)
            event.listen(engine, "begin", _begin)
        elif self.dialect == "mysql":
            event.listen(engine, "connect", _mysql_session(settings))
        elif self.dialect == "oracle":
            event.listen(engine, "connect", _oracle_session(settings))
        return engine

    @contextmanager
    def reading(self, obj: str = "", beside: str | None = None) -> Iterator[Connection]:
        """A transaction that only looks. Raises Transient, Denied or Unsupported.

        `beside`: another file of SQLite that its statements see as `ATTACHED`.
        """
        try:
            with self.engine.connect() as connection, _attached(connection, beside), connection.begin():
                yield connection
        except HubError:
            raise
        except Exception as error:
            if not speaks_database(error):
                raise
            raise told(error, connection=self._name, obj=obj) from error

    @contextmanager
    def writing(self, obj: str) -> Iterator[Connection]:
        """A transaction that is committed at the end, or not at all. Raises Unanswered for a commit that broke off."""
        try:
            with self.engine.connect().execution_options(hefu_writes=True) as connection, connection.begin() as work:
                yield connection
                self._commit(work, obj)
        except HubError:
            raise
        except Exception as error:
            if not speaks_database(error):
                raise
            raise told(error, connection=self._name, obj=obj) from error

    def _commit(self, work: sa.RootTransaction, obj: str) -> None:
        try:
            work.commit()
        except Exception as error:
            if lost(error):
                raise Unanswered("sql.unanswered", connection=self._name, object=obj) from error
            raise

    def close(self) -> None:
        """Give the connections back."""
        self.engine.dispose()


def _tls(settings: SqlSettings, url: URL) -> str:
    if settings.tls != "auto":
        return settings.tls
    local = (url.host or "") in _HERE or (url.host or "").startswith("/")
    return "off" if local else "verify"


def _postgresql(url: URL, settings: SqlSettings) -> tuple[URL, dict[str, Any]]:
    millis = settings.timeout * 1000
    session = {
        "TimeZone": "UTC",
        "datestyle": "ISO",
        "statement_timeout": millis,
        "lock_timeout": millis,
        # a worker that is frozen in the middle of a write must not keep the rows from those who take over
        "idle_in_transaction_session_timeout": min(millis, 30_000),
    }
    arguments = {
        "connect_timeout": settings.connect_timeout,
        "application_name": "hefu",
        "options": " ".join(f"-c {name}={value}" for name, value in session.items()),
        "tcp_user_timeout": millis,
        "sslmode": {"off": "disable", "require": "require", "verify": "verify-full"}[_tls(settings, url)],
    }
    files = {"sslrootcert": settings.tls_ca, "sslcert": settings.tls_cert, "sslkey": settings.tls_key}
    if _tls(settings, url) == "verify" and not settings.tls_ca:
        files["sslrootcert"] = "system"
    return url, arguments | {name: path for name, path in files.items() if path}


def _mysql(url: URL, settings: SqlSettings) -> tuple[URL, dict[str, Any]]:
    arguments: dict[str, Any] = {
        "connect_timeout": settings.connect_timeout,
        "read_timeout": settings.timeout,
        "write_timeout": settings.timeout,
        "charset": "utf8mb4",
        "local_infile": False,
    }
    mode = _tls(settings, url)
    if mode == "off":
        arguments["ssl_disabled"] = True
    else:
        checks = mode == "verify"
        arguments |= {"ssl_verify_cert": checks, "ssl_verify_identity": checks, "ssl": {}}
        files = {"ssl_ca": settings.tls_ca, "ssl_cert": settings.tls_cert, "ssl_key": settings.tls_key}
        arguments |= {name: path for name, path in files.items() if path}
    return url.difference_update_query(["charset"]), arguments


def _mysql_session(settings: SqlSettings) -> Any:
    def prepare(driver: Any, _: Any) -> None:
        with driver.cursor() as cursor:
            cursor.execute("SET time_zone = '+00:00', innodb_lock_wait_timeout = %s", (settings.timeout,))
            cursor.execute("SET sql_mode = CONCAT(@@sql_mode, ',STRICT_TRANS_TABLES')")  # never cut silently

    return prepare


def _sqlite(url: URL, settings: SqlSettings, site: Site) -> tuple[URL, dict[str, Any]]:
    """Opens a file that exists; to make an empty database out of a slip of the pen would help nobody."""
    if not url.database or url.database == ":memory:":
        raise Unsupported("sql.no_database", connection=site.connection, message="sqlite:///path of a file")
    path = Path(site.folder, url.database).resolve()
    return url.set(database=f"file:{path}", query={"mode": "rw", "uri": "true"}), {"timeout": settings.timeout}


def _quiet_driver(driver: Any, _: Any) -> None:
    driver.isolation_level = None  # the driver's own BEGIN comes too late
    driver.execute("PRAGMA foreign_keys = ON")


ATTACHED = "hefu_other"
"""The schema under which a second file of SQLite is seen."""


@contextmanager
def _attached(connection: Connection, beside: str | None) -> Iterator[None]:
    """SQLite attaches and detaches a file only outside of transactions."""
    if beside is None:
        yield
        return
    driver: Any = connection.connection.driver_connection
    driver.execute(f"ATTACH DATABASE ? AS {ATTACHED}", (f"{Path(beside).as_uri()}?mode=ro",))
    try:
        yield
    finally:
        if connection.in_transaction():
            connection.rollback()
        driver.execute(f"DETACH DATABASE {ATTACHED}")


def _begin(connection: Connection) -> None:
    writes = connection.get_execution_options().get("hefu_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _mssql(url: URL, settings: SqlSettings) -> tuple[URL, dict[str, Any]]:
    mode = _tls(settings, url)
    query = {
        "Encrypt": "no" if mode == "off" else "yes",
        "TrustServerCertificate": "yes" if mode == "require" else "no",
    }
    return url.update_query_dict(query), {"timeout": settings.connect_timeout}


def _oracle_session(settings: SqlSettings) -> Any:
    def prepare(driver: Any, _: Any) -> None:
        driver.call_timeout = settings.timeout * 1000
        with driver.cursor() as cursor:
            cursor.execute("ALTER SESSION SET TIME_ZONE = 'UTC'")

    return prepare
