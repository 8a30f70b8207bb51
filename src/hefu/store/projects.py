"""Numbered versions of a project's documents: the same text out as in, comments included."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select

from hefu.store.db import Tx, from_json, to_json
from hefu.store.tables import project


def digest(texts: Mapping[str, str]) -> str:
    """Equal digests: the same documents, byte for byte."""
    return hashlib.sha256(to_json(sorted(texts.items())).encode()).hexdigest()


def save(tx: Tx, texts: Mapping[str, str], author: str, note: str) -> int:
    """Keep these documents as the newest version; returns its number (the present one if nothing changed)."""
    tx.lock_name("project")
    latest = tx.run(select(project.c.version, project.c.digest).order_by(project.c.version.desc()).limit(1)).first()
    mark = digest(texts)
    if latest is not None and latest[1] == mark:
        return int(latest[0])
    version = (latest[0] if latest else 0) + 1
    tx.run(
        project.insert().values(
            version=version, imported_at=tx.now(), author=author, note=note, digest=mark, documents=to_json(dict(texts))
        )
    )
    return version


def newest(tx: Tx) -> int | None:
    """The number of the newest version; None if there is none."""
    found = tx.run(select(func.max(project.c.version))).scalar()
    return None if found is None else int(found)


def texts_of(tx: Tx, version: int | None = None) -> tuple[int, dict[str, str]] | None:
    """(version, documents) of one version, or of the newest; None if there is none."""
    statement = select(project.c.version, project.c.documents)
    if version is None:
        statement = statement.order_by(project.c.version.desc()).limit(1)
    else:
        statement = statement.where(project.c.version == version)
    row = tx.run(statement).first()
    return None if row is None else (row[0], from_json(row[1]))


def versions(tx: Tx) -> list[Mapping[str, Any]]:
    """All versions, newest first, without their documents."""
    columns = (project.c.version, project.c.imported_at, project.c.author, project.c.note, project.c.digest)
    return [dict(row) for row in tx.run(select(*columns).order_by(project.c.version.desc())).mappings()]
