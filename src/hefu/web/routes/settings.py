"""The hub itself: where its store is, who works, and the names of sealed secrets, never a value."""

from __future__ import annotations

from typing import Annotated, Literal

from fastapi import Path
from pydantic import BaseModel, Field
from sqlalchemy import select

from hefu.core.errors import Missing
from hefu.store import journal, migrate, secrets
from hefu.store.db import text
from hefu.store.tables import worker
from hefu.web.front import Who
from hefu.web.route import needs, resource

router = resource("settings")


class Worker(BaseModel):
    """A process that keeps flows in step."""

    id: str
    host: str
    pid: int
    started_at: str
    heartbeat_at: str


class Hub(BaseModel):
    """The hub as it is set up."""

    id: str
    store: Literal["sqlite", "postgresql"]
    revision: str
    listen: str
    lease_seconds: float
    workers: list[Worker]


class Secret(BaseModel):
    """A sealed secret: its name, never its value."""

    name: str
    key_id: str = Field(description="The master key under which it is sealed")
    changed_at: str


class Secrets(BaseModel):
    """All of them."""

    items: list[Secret]


class Value(BaseModel):
    """A secret's value: goes in, never comes out."""

    value: Annotated[str, Field(min_length=1, max_length=100_000, json_schema_extra={"writeOnly": True})]


class Removed(BaseModel):
    """Whether there was one."""

    removed: bool


@router.get("/hub", openapi_extra=needs("setting.see"))
def hub(who: Who) -> Hub:
    """Where the store is, of which revision, and who works on it."""
    app = who.app
    with who.look() as tx:
        rows = tx.run(select(worker).order_by(worker.c.started_at)).mappings().all()
    workers = [
        Worker(
            id=r["id"], host=r["host"], pid=r["pid"], started_at=text(r["started_at"]),
            heartbeat_at=text(r["heartbeat_at"]),
        )
        for r in rows
    ]  # fmt: skip
    return Hub(
        id=app.hub_id, store="postgresql" if app.store.postgresql else "sqlite", revision=migrate.head(),
        listen=app.machine.listen, lease_seconds=app.machine.lease, workers=workers,
    )  # fmt: skip


SecretName = Annotated[str, Path(max_length=200)]


@router.get("/secrets", openapi_extra=needs("secret.see"))
def list_secrets(who: Who) -> Secrets:
    """Names of sealed secrets; a document refers to one as ${sealed:NAME}."""
    with who.look() as tx:
        rows = list(secrets.names(tx))
    return Secrets(items=[Secret(name=name, key_id=key, changed_at=at) for name, key, at in rows])


@router.put("/secrets/{name}", status_code=204, openapi_extra=needs("secret.set", keeps=False))
def set_secret(name: SecretName, asked: Value, who: Who) -> None:
    """Seal a secret, in place of an older one."""
    with who.app.store.begin() as tx:
        secrets.seal(tx, who.app.master_keys(), who.app.hub_id, name, asked.value)
        journal.record(tx, who.app.journal_key, who.name, "secret.set", name)


@router.delete("/secrets/{name}", openapi_extra=needs("secret.set"))
def remove_secret(name: SecretName, who: Who) -> Removed:
    """Forget a sealed secret."""
    with who.app.store.begin() as tx:
        was = secrets.forget(tx, name)
        if was:
            journal.record(tx, who.app.journal_key, who.name, "secret.removed", name)
    if not was:
        raise Missing("web.unknown", kind="secret", id=name)
    return Removed(removed=True)
