"""When: the options by which verbs are told a moment; what the words mean says `app.choosing`."""

from __future__ import annotations

from typing import Annotated

import typer

Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        help="From then on: 2026-03-01, 2026-03-01T08:00 (zone of the project's systems), or 2h ago as '2h' / 起始时刻（未写时区时按项目各系统的时区）",
    ),
]
Until = Annotated[str | None, typer.Option("--until", help="And before then, as --since / 截止时刻，写法同 --since")]
