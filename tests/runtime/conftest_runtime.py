"""Engines on real databases, and a way to lose every wake."""

from __future__ import annotations

import shutil
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from hefu.runtime.dbos import DbosWakeups, Settings
from hefu.runtime.port import Wakeups


def until(true: Callable[[], object], seconds: float = 30, what: str = "") -> None:
    """Wait for a condition with a deadline so generous that a slow machine does not miss it."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.02)


@dataclass
class Runtime:
    """Starts engines one after the other on one database, as a process that is started again would."""

    settings: Settings
    _open: list[DbosWakeups]

    def new(self, **changes: object) -> DbosWakeups:
        wakeups = DbosWakeups(
            replace(self.settings, **changes),  # type: ignore[arg-type]
            clock=lambda: datetime.now(UTC),
            new_id=lambda: uuid.uuid4().hex,
        )
        self._open.append(wakeups)
        return wakeups


def emptied(url: str, schema: str) -> None:
    """Forget the jobs and schedules of an engine; its tables, which take a second to make, stay."""
    engine = sa.create_engine(url)
    with engine.begin() as connection:
        names = sa.inspect(connection).get_table_names(schema=schema)
        mine = ", ".join(f"{schema}.{name}" for name in names if name not in ("dbos_migrations", "queues"))
        connection.execute(sa.text(f"truncate {mine} cascade"))
    engine.dispose()


@pytest.fixture(scope="module")
def schema(postgresql_url: str) -> str:
    """A PostgreSQL schema where an engine was before; the tests that ask for `runtime` empty it."""
    name = f"rt_{uuid.uuid4().hex[:8]}"
    prepared(Settings(postgresql_url, "w0", schema=name))
    return name


@pytest.fixture(scope="module")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file where an engine was before."""
    path = tmp_path_factory.mktemp("template") / "hub-runtime.db"
    prepared(Settings(f"sqlite:///{path}", "w0"))
    return path


def prepared(settings: Settings) -> None:
    """The first start, on an empty database."""
    runtime = Runtime(settings, [])
    wakeups = runtime.new()
    wakeups.start({})
    assert not wakeups.list()
    wakeups.stop()


@pytest.fixture(params=["sqlite", "postgresql"])
def runtime(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Runtime]:
    schema = ""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/hub-runtime.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path)
    else:
        url, schema = request.getfixturevalue("postgresql_url"), request.getfixturevalue("schema")
        emptied(url, schema)
    settings = Settings(url, "w1", schema=schema, poll=timedelta(seconds=0.05), grace=timedelta(seconds=5))
    made = Runtime(settings, [])
    yield made
    for wakeups in made._open:
        wakeups.stop()


@pytest.fixture
def drop_wakes(monkeypatch: pytest.MonkeyPatch) -> Callable[[Wakeups], None]:
    """Make an engine lose every `wake`, as a process that dies right after its commit does."""
    return lambda wakeups: monkeypatch.setattr(wakeups, "wake", lambda kind, key: None)


# As the product's store has it, and a place where worker processes say what they did.
metadata = sa.MetaData()
worker = sa.Table(
    "worker",
    metadata,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("heartbeat_at", sa.DateTime(timezone=True), nullable=False),
    sa.Column("host", sa.Text, nullable=False),
    sa.Column("pid", sa.Integer, nullable=False),
)
done = sa.Table(
    "done",
    metadata,
    sa.Column("kind", sa.Text),
    sa.Column("key", sa.Text),
    sa.Column("worker", sa.Text),
    sa.Column("at", sa.DateTime(timezone=True)),
)
