"""One page of a long list, by key: stable while rows come and go, and as quick at its end as at its beginning."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Table, select

from hefu.store.db import Tx


def page(
    tx: Tx,
    table: Table,
    where: Sequence[ColumnElement[bool]],
    *,
    key: str = "id",
    after: Any = None,
    limit: int = 50,
    descending: bool = True,
    columns: Sequence[str] = (),
) -> list[Mapping[str, Any]]:
    """At most `limit` rows beyond `after` in the order of `key`. Ids sort by time: descending is newest first."""
    place = table.c[key]
    wanted = [table.c[name] for name in columns] if columns else [table]
    statement = select(*wanted).where(*where)
    if after is not None:
        statement = statement.where(place < after if descending else place > after)
    statement = statement.order_by(place.desc() if descending else place).limit(limit)
    return [dict(row) for row in tx.run(statement).mappings()]
