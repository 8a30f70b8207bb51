"""Backups as they are made from here: where they lie and what is in them; each is noted in the audit log."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import Any

from hefu.app.house import App, Machine
from hefu.core.errors import HubError, Missing
from hefu.store import backup, journal
from hefu.store.backup import SUFFIX, Manifest
from hefu.store.sealed_file import Key

Told = Callable[[str, int], None]


def home(machine: Machine) -> Path:
    """The folder of backups of this machine."""
    return machine.home / "backups"


def create(app: App, path: Path | None, key: Key, who: str, told: Told) -> tuple[Path, Manifest]:
    """An encrypted backup while the hub works on; (file, what is in it)."""
    at = app.env.now().astimezone(UTC)
    path = path or home(app.machine) / f"hub-{at:%Y%m%dT%H%M%SZ}{SUFFIX}"
    made = backup.create(app.store, path, key, told)
    note(app, who, "backup.created", path, made)
    return path, made


def verify(app: App, path: Path, key: Key, who: str, told: Told) -> Manifest:
    """Read all of a backup and check every byte and row, restoring nothing. Raises HubError for a broken one."""
    found = backup.verify(path, key, told)
    note(app, who, journal.BACKUP_VERIFIED, path, found)
    return found


def note(app: App, who: str, action: str, path: Path, made: Manifest) -> None:
    """The audit log's row about a backup."""
    with app.store.begin() as tx:
        journal.record(tx, app.journal_key, who, action, str(path)[-300:], {"made_at": made.made_at, "rows": made.rows})


def facts(made: Manifest) -> dict[str, Any]:
    """What is in a backup, as JSON."""
    return {"made_at": made.made_at, "hub": made.hub, "revision": made.revision, "source": made.source,
            "rows": made.rows, "tables": dict(made.tables)}  # fmt: skip


def listed(place: Path) -> list[dict[str, Any]]:
    """Backups in a folder, newest first, by what they say of themselves (nothing is opened)."""
    rows = [_row(path) for path in sorted(place.glob(f"*{SUFFIX}"))] if place.is_dir() else []
    return sorted(rows, key=lambda row: str(row["made_at"]), reverse=True)


def _row(path: Path) -> dict[str, Any]:
    try:
        head = backup.head_of(path)
    except HubError as error:
        head = {"made_at": "", "key": {"kind": error.code}, "revision": ""}
    how = head["key"]
    key = " ".join(str(how[n]) for n in ("kind", "id") if n in how)
    return {"file": str(path), "made_at": head.get("made_at", ""), "bytes": path.stat().st_size, "key": key,
            "revision": head.get("revision", "")}  # fmt: skip


def named(machine: Machine, name: str) -> Path:
    """The backup of that name in the folder of backups, and nowhere else. Raises Missing "web.unknown"."""
    found = next((path for path in home(machine).glob(f"*{SUFFIX}") if path.name == name), None)
    if found is None:
        raise Missing("web.unknown", kind="backup", id=name[:100])
    return found


__all__ = ["create", "facts", "home", "listed", "named", "note", "verify"]
