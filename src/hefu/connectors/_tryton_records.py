"""How far a read of Tryton has come, and what a row becomes: a record with the version that guards it."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from hefu.connectors._tryton_fields import Row
from hefu.connectors._tryton_shapes import Bound
from hefu.core.env import stamp
from hefu.core.errors import Unsupported
from hefu.core.records import Record


class Cursor(NamedTuple):
    """Where a read stands.

    since: changes from then on are wanted (None: everything).  began: the server's clock at the start of a read that
    is under way, and after: (last change, id) of the last record that it gave.
    """

    since: datetime | None = None
    began: datetime | None = None
    after: tuple[datetime | None, int] | None = None

    def text(self) -> str:
        """As kept by the hub."""
        after = [self.after[0] and stamp(self.after[0]), self.after[1]] if self.after else None
        return json.dumps([self.since and stamp(self.since), self.began and stamp(self.began), after])

    @classmethod
    def parse(cls, text: str | None) -> Cursor:
        """Raises Unsupported for a text that is none of ours."""
        if text is None:
            return cls()
        try:
            since, began, after = json.loads(text)
            return cls(_moment(since), _moment(began), (_moment(after[0]), int(after[1])) if after else None)
        except (ValueError, TypeError, AttributeError) as error:
            raise Unsupported("tryton.bad_cursor", cursor=text[:80]) from error


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def beyond(cursor: Cursor) -> list[Any]:
    """The part of a read that is still to come."""
    if cursor.after is None:
        return []
    at, number = cursor.after
    if at is None:
        return [["id", ">", number]]
    return [["OR", ["last_modified_at", ">", at], [["last_modified_at", "=", at], ["id", ">", number]]]]


def record_of(bound: Bound, row: Row) -> Record:
    """A row with its version; changed when it or one of its own rows was last changed, by whoever rewrote it last."""
    stamps = [Decimal(row["_timestamp"]), *(Decimal(s) for s in _rows_stamps(bound, row).values())]
    who = row.get("write_uid.") or row.get("create_uid.") or {}
    at = datetime.fromtimestamp(int(max(stamps)), UTC).replace(microsecond=int(max(stamps) % 1 * 1_000_000))
    return Record(str(row["id"]), bound.values(row), version_of(bound, row), at, who.get("login"))


def version_of(bound: Bound, row: Row) -> str:
    """The record's stamp and a digest of those of its rows: rows may change without moving the record's own."""
    inner = json.dumps(sorted(_rows_stamps(bound, row).items()))
    return f"{row['_timestamp']}|{hashlib.sha256(inner.encode()).hexdigest()[:16]}"


def stamps_of(bound: Bound, row: Row) -> dict[str, str]:
    """What Tryton is to check before it writes: "model,id" -> stamp."""
    return {f"{bound.shape.model},{row['id']}": row["_timestamp"], **_rows_stamps(bound, row)}


def _rows_stamps(bound: Bound, row: Row) -> dict[str, str]:
    out = {}
    for relation in bound.watched:
        inner = row.get(f"{relation}.") or ()
        for one in (inner,) if isinstance(inner, Mapping) else inner:
            out[f"{bound.shape.relations[relation]},{one['id']}"] = one["_timestamp"]
    return out
