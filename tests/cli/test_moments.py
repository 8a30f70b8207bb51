"""One way to say a moment, for every verb that has a window."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hefu_cli import Cli

from hefu.app import open_app
from hefu.app.choosing import moment
from hefu.core.errors import Unsupported


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("2026-03-01", datetime(2026, 2, 28, 16, tzinfo=UTC)),
        ("2026-03-01T08:00", datetime(2026, 3, 1, tzinfo=UTC)),
        ("2026-03-01T08:00Z", datetime(2026, 3, 1, 8, tzinfo=UTC)),
        ("2026-03-01T08:00-05:00", datetime(2026, 3, 1, 13, tzinfo=UTC)),
    ],
)
def test_where_no_zone_is_named_it_is_that_of_the_systems(cli: Cli, given: str, meant: datetime) -> None:
    with open_app(cli.folder, cli.environ) as app:
        assert {one.zone for one in app.project().connections.values()} == {"Asia/Shanghai"}
        assert moment(app, given) == meant


def test_how_long_ago_and_what_is_no_moment(cli: Cli) -> None:
    with open_app(cli.folder, cli.environ) as app:
        now = app.env.now()
        assert timedelta(0) <= moment(app, "2h") - (now - timedelta(hours=2)) < timedelta(hours=1)
        for wrong in ("yesterday", "h", "2026-13-01", "99999999999d", "0001-01-01"):
            with pytest.raises(Unsupported) as refused:
                moment(app, wrong)
            assert refused.value.code == "cli.moment"


def test_reconcile_takes_it_as_undo_does(cli: Cli) -> None:
    assert cli.json("reconcile", "run", "--since", "yesterday", code=2)["error"] == "cli.moment"
    assert cli.json("undo", "--since", "yesterday", code=2)["error"] == "cli.moment"
    cli.json("reconcile", "run", "--since", "2h")
