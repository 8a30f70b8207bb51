"""golive: what is still missing before the hub may be switched on."""

from __future__ import annotations

from dataclasses import asdict

import typer

from hefu.app import open_app
from hefu.app.accounts import Accounts
from hefu.app.golive import checklist
from hefu.cli.session import PERSON, Folder, Json, session
from hefu.core.words import spoken


def register(app: typer.Typer) -> None:
    """Hang the verb of this file onto the command line."""
    app.command("golive")(golive)


def golive(as_json: Json = False, folder: Folder = None) -> None:
    """What is still missing before switching on: systems, duties, mappings, rehearsal, plan, backup. / 上线检查清单。"""
    with session(as_json) as s, open_app(folder) as app:
        hub = app.hub()
        lines = checklist(hub, Accounts(app, hub.project.roles))
        s.give({"ready": all(line.done for line in lines), "lines": [asdict(line) for line in lines]})
        for line in lines:
            said, then = spoken(line.code, line.facts, s.language)
            style = "green" if line.done else "yellow"
            s.say(f"{'✓' if line.done else '·'} {said}", f"{'✓' if line.done else '·'} {said}", style=style)
            if line.missing:
                s.say(f"    {', '.join(line.missing)}", f"    {'、'.join(line.missing)}")
            if not line.done:
                s.say(f"    → {then}", f"    → {then}")
        if not all(line.done for line in lines):
            s.code = PERSON


__all__ = ["register"]
