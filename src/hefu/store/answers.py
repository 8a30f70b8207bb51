"""Answers to writes, kept for a day under the key that the caller chose: a request that comes twice is done once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import select

from hefu.core.errors import Transient
from hefu.store.db import Store, Tx, from_json, to_json
from hefu.store.tables import answer

KEPT_SECONDS = 86_400
ABANDONED_SECONDS = 300
"""After so long a request without an answer belongs to a process that is gone; its key may be used again."""


class Answer(NamedTuple):
    """What a write was answered; `status` None while it is under way."""

    fingerprint: str
    status: int | None
    headers: Mapping[str, str]
    body: str


def reserve(store: Store, author: str, key: str, fingerprint: str) -> Answer | None:
    """Take the key for a request that begins; else the answer (or the request under way) that has it."""
    try:
        with store.begin() as tx:
            _forget_old(tx)
            found = _found(tx, author, key)
            if found is None:
                row = (author, key, fingerprint, tx.now())
                tx.insert(answer, ("author", "key", "fingerprint", "at"), [row])
            return found
    except Transient as error:
        if error.code != "store.raced":
            raise
    with store.look() as tx:
        return _found(tx, author, key)


def keep(tx: Tx, author: str, key: str, status: int, headers: Mapping[str, str], body: str) -> None:
    """What the request was answered."""
    values = {"status": status, "headers": to_json(dict(headers)), "body": body}
    tx.run(answer.update().where(answer.c.author == author, answer.c.key == key).values(**values))


def release(tx: Tx, author: str, key: str) -> None:
    """The request failed on our side: it may be tried again under the same key."""
    tx.run(answer.delete().where(answer.c.author == author, answer.c.key == key))


def _found(tx: Tx, author: str, key: str) -> Answer | None:
    columns = (answer.c.fingerprint, answer.c.status, answer.c.headers, answer.c.body)
    row = tx.run(select(*columns).where(answer.c.author == author, answer.c.key == key)).first()
    return None if row is None else Answer(row[0], row[1], from_json(row[2]), row[3])


def _forget_old(tx: Tx) -> None:
    abandoned = answer.c.status.is_(None) & (answer.c.at < tx.later(-ABANDONED_SECONDS))
    tx.run(answer.delete().where((answer.c.at < tx.later(-KEPT_SECONDS)) | abandoned))
