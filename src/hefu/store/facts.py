"""Single facts that the hub keeps about itself and its systems: name -> value."""

from __future__ import annotations

from sqlalchemy import bindparam, delete, select

from hefu.store.db import Tx
from hefu.store.tables import hub

_GET = select(hub.c.value).where(hub.c.name == bindparam("name"))
_SET = hub.update().where(hub.c.name == bindparam("which"))


def get_fact(tx: Tx, name: str) -> str | None:
    """The fact of that name, or None."""
    row = tx.run(_GET, {"name": name}).first()
    return None if row is None else str(row[0])


def set_fact(tx: Tx, name: str, value: str) -> None:
    """Keep a fact, in place of an older one."""
    if not tx.run(_SET, {"which": name, "value": value}).rowcount:
        tx.insert(hub, ("name", "value"), [(name, value)], skip_existing=True)


def forget_fact(tx: Tx, name: str) -> None:
    """It is a fact no longer."""
    tx.run(delete(hub).where(hub.c.name == name))
