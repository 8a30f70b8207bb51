"""The SQL connector on real databases: the suite in every manner, and the databases' own oddities."""

from __future__ import annotations

import pytest
import sqlalchemy as sa
from sql_worlds import VARIANTS, Cutter, World

from hefu.connectors.sql import Sql, SqlSettings
from hefu.core.connector import Site
from hefu.sim.conformance import Conformance, record, run

DATABASES = ("sqlite", "postgresql", "mariadb")


@pytest.fixture
def url_of(tmp_path, request):
    """database -> SQLAlchemy URL of an empty one."""

    def make(database):
        if database == "sqlite":
            path = tmp_path / "erp.sqlite"
            path.touch()
            return f"sqlite:///{path}"
        return request.getfixturevalue(f"{database}_url")

    return make


@pytest.fixture
def world_of(url_of):
    """(database, variant) -> a world."""
    worlds = []

    def make(database, variant="by stamp"):
        worlds.append(World(url_of(database), variant))
        return worlds[-1]

    yield make
    for world in worlds:
        world.close()


def other(url: str, **changes) -> Sql:
    """A connector to the same database by another way."""
    parsed = sa.make_url(url).set(**changes)
    return Sql(SqlSettings(url=parsed.render_as_string(), connect_timeout=3), Site(None, None, None, "erp"))


@pytest.fixture
def rig_of(world_of):
    """(database, variant) -> a rig, behind a line that can break where there is a server."""
    lines = []

    def make(database, variant):
        world = world_of(database, variant)
        if database == "sqlite":
            return world.rig()
        line = Cutter(5432 if database == "postgresql" else 3306)
        lines.append(line)
        return world.rig(
            url=sa.make_url(world.url).set(port=line.port).render_as_string(),
            fail=line,
            faults=("cut",),
            unreachable=lambda: other(world.url, port=1),
            wrong_secret=lambda: other(world.url, username="hefu_nobody_here"),
        )

    yield make
    for line in lines:
        line.close()


class TestSqlite(Conformance):
    """One by one where it is cheap, to see each check's name."""

    @pytest.fixture
    def rig(self, rig_of):
        return rig_of("sqlite", "by stamp")


@pytest.mark.conformance
@pytest.mark.parametrize(
    ("database", "variant"),
    [(d, v) for d in DATABASES for v in VARIANTS if (d, v) != ("sqlite", "by stamp")],  # that pair is `TestSqlite`
)
def test_it_passes_the_suite(database, variant, rig_of, record_property):
    rig = rig_of(database, variant)
    results = list(run(rig))
    for result in results:
        record(record_property, rig, result)
    assert not [(r.check.name, r.note) for r in results if r.state == "failed"]
    assert not [r for r in results if r.state == "bypassed"]
    assert len([r for r in results if r.state == "passed"]) >= (20 if database == "sqlite" else 24)
