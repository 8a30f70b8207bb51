"""Pages of long lists: a sealed cursor says where the next one begins, for this list with these filters only."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any, Generic, TypeVar

import orjson
from fastapi import Query
from pydantic import BaseModel, Field

from hefu.core.errors import Unsupported

T = TypeVar("T")

MOST = 200

Limit = Annotated[int, Query(ge=1, le=MOST, description="Most rows of one page")]
After = Annotated[str | None, Query(max_length=1000, description="`next` of the page before")]


class Page(BaseModel, Generic[T]):
    """Some rows of a list, and where the next begin."""

    items: list[T]
    next: str | None = Field(None, description="Cursor of the next page; null: this is the last")


class Cursors:
    """Seals and opens the cursors of one list with its filters."""

    def __init__(self, key: bytes, name: str, filters: Mapping[str, Any]) -> None:
        said = orjson.dumps([name, sorted((k, v) for k, v in filters.items() if v not in (None, [], ()))], default=str)
        self._key = hmac.new(key, b"cursor" + said, hashlib.sha256).digest()

    def seal(self, place: Any) -> str:
        """A cursor of this place (JSON)."""
        said = orjson.dumps(place)
        return base64.urlsafe_b64encode(self._mark(said) + said).decode().rstrip("=")

    def open(self, cursor: str | None) -> Any:
        """The place of a cursor; None for none. Raises Unsupported "web.cursor" for any other list's."""
        if cursor is None:
            return None
        try:
            raw = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        except (binascii.Error, ValueError):
            raise Unsupported("web.cursor") from None
        mark, said = raw[:12], raw[12:]
        if not hmac.compare_digest(mark, self._mark(said)):
            raise Unsupported("web.cursor")
        return orjson.loads(said)

    def _mark(self, said: bytes) -> bytes:
        return hmac.new(self._key, said, hashlib.sha256).digest()[:12]

    def page(
        self, rows: Sequence[Any], limit: int, place: Callable[[Any], Any], show: Callable[[Any], T]
    ) -> tuple[list[T], str | None]:
        """The items and the next cursor, of rows that were asked for one more than the limit."""
        more = len(rows) > limit
        kept = rows[:limit]
        return [show(row) for row in kept], self.seal(place(kept[-1])) if more and kept else None


__all__ = ["MOST", "After", "Cursors", "Limit", "Page"]
