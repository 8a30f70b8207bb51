"""Assembles the verbs. Each file of this package holds the verbs of one subject."""

from __future__ import annotations

import gc
import os
import sys

import typer

from hefu.app import logs, tracing
from hefu.cli import (
    alert,
    applying,
    audit,
    backup,
    cutover,
    demo,
    desk,
    golive,
    keys,
    mapping,
    merging,
    migrate,
    people,
    planning,
    privacy,
    project,
    reconcile,
    roles,
    sandbox,
    sim,
    store,
    sync,
    system,
    undoing,
)
from hefu.cli.session import USAGE, Session, language
from hefu.core.errors import HubError

app = typer.Typer(
    name="hefu",
    help="Hefu 合符: keeps a CRM and an ERP in agreement, and proves it. / 让 CRM 与 ERP 始终对得上，并能证明。",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for part in (
    demo,
    project,
    mapping,
    planning,
    applying,
    sync,
    desk,
    merging,
    undoing,
    reconcile,
    migrate,
    cutover,
    golive,
    alert,
    system,
    store,
    backup,
    people,
    roles,
    audit,
    privacy,
    keys,
    sandbox,
    sim,
):
    part.register(app)


def main() -> None:
    """The entry point `hefu`."""
    gc.freeze()  # what the imports made never becomes garbage, and bulk work makes few cycles: 40 % of its CPU was this
    gc.set_threshold(100_000, 20, 100)
    sys.stdout.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    sys.stderr.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    try:
        logs.set_up(os.environ)
        tracing.set_up(os.environ)
    except HubError as error:
        Session(False).fail(error)
        raise SystemExit(USAGE) from None
    app()


__all__ = ["app", "language", "main"]
