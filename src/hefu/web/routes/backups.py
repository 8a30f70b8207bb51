"""Backups of the hub: which there are, one more, and whether one is whole. Putting one back is done at the machine."""

from __future__ import annotations

from pathlib import Path as FilePath
from typing import Annotated

from fastapi import Path, Response
from pydantic import BaseModel, Field

from hefu.app import vault
from hefu.web.front import Who
from hefu.web.route import needs, resource
from hefu.web.routes.jobs import Job, shown

router = resource("backups")


class Backup(BaseModel):
    """A file by what it says of itself."""

    name: str = Field(examples=["hub-20260301T020000Z.hefu"])
    made_at: str = Field(description="Empty: it cannot be read")
    bytes: int
    key: str = Field(description="What opens it")
    revision: str


class Backups(BaseModel):
    """The files in the machine's folder of backups."""

    items: list[Backup]


@router.get("/backups", openapi_extra=needs("backup.see"))
def list_backups(who: Who) -> Backups:
    """Backups on this machine, the newest first."""
    rows = vault.listed(vault.home(who.app.machine))
    return Backups(items=[Backup(name=FilePath(row.pop("file")).name, **row) for row in rows])


@router.post("/backups", status_code=202, openapi_extra=needs("backup.make"))
def make_backup(who: Who, response: Response) -> Job:
    """Write an encrypted backup under the master key while the hub works on, and verify it; a job."""
    made = who.ask("backup.make", {})
    response.headers["Location"] = f"/api/v1/jobs/{made['id']}"
    return shown(who, made)


@router.post("/backups/{backup}/verify", status_code=202, openapi_extra=needs("backup.make"))
def verify_backup(backup: Annotated[str, Path(max_length=200)], who: Who, response: Response) -> Job:
    """Read all of a backup and check every byte and row, restoring nothing; a job."""
    made = who.ask("backup.verify", {"name": vault.named(who.app.machine, backup).name})
    response.headers["Location"] = f"/api/v1/jobs/{made['id']}"
    return shown(who, made)
