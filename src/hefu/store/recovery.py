"""Recovery codes: each stands in once for the second factor of who lost it. Only their hashes are kept.

A code begins with its label, which is no secret: one hash is verified for a try, not all of them.
"""

from __future__ import annotations

import secrets as chance
from collections.abc import Mapping

from sqlalchemy import delete, func, select

from hefu.store.db import Tx
from hefu.store.tables import recovery

_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"
"""None that looks like another."""
_LABEL, _SECRET = 2, 10


def new_codes(count: int) -> dict[str, str]:
    """Label -> code, told once: ten letters of chance (49 bits) behind two of its label."""
    out: dict[str, str] = {}
    while len(out) < count:
        drawn = "".join(chance.choice(_LETTERS) for _ in range(_LABEL + _SECRET))
        out[drawn[:_LABEL]] = "-".join((drawn[:_LABEL], drawn[_LABEL:7], drawn[7:]))
    return out


def bare(code: str) -> str | None:
    """A code as it is hashed, however it was typed; None for what is none."""
    found = code.casefold().replace("-", "").replace(" ", "")
    return found if len(found) == _LABEL + _SECRET and set(found) <= set(_LETTERS) else None


def keep(tx: Tx, account_id: str, kept: Mapping[str, str]) -> None:
    """Keep new ones, label -> hash, in place of all older ones."""
    forget(tx, account_id)
    rows = [(account_id, label, made, tx.now()) for label, made in kept.items()]
    tx.insert(recovery, ("account_id", "label", "kept", "made_at"), rows)


def find(tx: Tx, account_id: str, bare_code: str) -> str | None:
    """The hash of the code with this one's label, if it was not used."""
    where = (recovery.c.account_id == account_id, recovery.c.label == bare_code[:_LABEL], recovery.c.used_at.is_(None))
    found = tx.run(select(recovery.c.kept).where(*where)).scalar()
    return None if found is None else str(found)


def use(tx: Tx, account_id: str, bare_code: str) -> bool:
    """Use it up. False if it was used already."""
    where = (recovery.c.account_id == account_id, recovery.c.label == bare_code[:_LABEL], recovery.c.used_at.is_(None))
    return bool(tx.run(recovery.update().where(*where).values(used_at=tx.now())).rowcount)


def left(tx: Tx, account_id: str) -> int:
    """How many are not used yet."""
    where = (recovery.c.account_id == account_id, recovery.c.used_at.is_(None))
    return int(tx.run(select(func.count()).select_from(recovery).where(*where)).scalar() or 0)


def forget(tx: Tx, account_id: str) -> None:
    """The second factor is gone, and these with it."""
    tx.run(delete(recovery).where(recovery.c.account_id == account_id))


__all__ = ["bare", "find", "forget", "keep", "left", "new_codes", "use"]
