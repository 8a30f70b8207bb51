"""A hub that was restored from a backup reads every system again before it writes: what happened since is merged.

What it owed at the backup may long have been delivered, and what it created since is there under its natural key or
token; a complete read finds both, so that nothing is written or created a second time.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select

from hefu.store import facts
from hefu.store.db import Tx
from hefu.store.tables import allowance, cursor, session, ticket

_FACT = "restored_at"


def begin_anew(tx: Tx) -> None:
    """The store is of an earlier moment: all is read again, and nobody's consent of then holds for what is due now.

    Whoever was logged in then logs in anew: a session that was ended since must not come back with the backup.
    """
    tx.run(cursor.update().values(position=None, fingerprint=""))
    tx.run(allowance.delete())
    tx.run(session.delete())
    tx.run(ticket.delete())
    facts.set_fact(tx, _FACT, tx.now())


def under_way(tx: Tx) -> bool:
    """Whether some systems may not have been read again yet."""
    return facts.get_fact(tx, _FACT) is not None


def unread(tx: Tx, mappings: Sequence[str]) -> set[str]:
    """Those of these mappings that have not been read completely since."""
    since = facts.get_fact(tx, _FACT)
    read = select(cursor.c.mapping).where(cursor.c.full_at > since, cursor.c.fingerprint != "")
    return set(mappings) - set(tx.run(read).scalars())


def all_read(tx: Tx) -> None:
    """Every mapping has been read again: the restore is over."""
    facts.forget_fact(tx, _FACT)


__all__ = ["all_read", "begin_anew", "under_way", "unread"]
