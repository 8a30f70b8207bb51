"""Reading U8: lists are walked from end to end, for they cannot be asked what changed; a row's stamp tells.

The stamp (SQL's row version) only grows. What a walk may have missed, since it was changed behind the walk's back, has
a higher stamp than everything that was there before the walk began: there the next one begins.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from hefu.connectors._u8_entities import ENTRY, LINES, STAMP, STOCK, Col, Entity
from hefu.connectors._u8_relay import Relay
from hefu.connectors._u8_settings import U8Settings
from hefu.core.connector import Site
from hefu.core.env import instant, stamp
from hefu.core.errors import Missing, Unsupported
from hefu.core.records import FieldType, Page, Record, Value, Values

T = FieldType
Row = Mapping[str, Any]


class Cursor(NamedTuple):
    """low: rows with a higher stamp are wanted (None: all).  top: the highest stamp of the last whole walk.

    marks: (when a walk ended, the highest stamp before it began), newest last.  page, seen: a walk under way.
    """

    low: int | None = None
    top: int = 0
    marks: tuple[tuple[datetime, int], ...] = ()
    page: int = 1
    seen: int = 0

    def text(self) -> str:
        """As kept by the hub."""
        marks = [[stamp(at), base] for at, base in self.marks]
        return json.dumps([self.low, self.top, marks, self.page, self.seen])

    @classmethod
    def parse(cls, text: str | None, connection: str) -> Cursor:
        """Raises Unsupported for a text that is none of ours."""
        if text is None:
            return cls()
        try:
            low, top, marks, page, seen = json.loads(text)
            if not all(isinstance(n, int) for n in (low or 0, top, page, seen)) or page < 1:
                raise ValueError(text)
            return cls(low, top, tuple((instant(at), int(base)) for at, base in marks), page, seen)
        except (ValueError, TypeError, AttributeError):
            raise Unsupported("u8.bad_cursor", connection=connection, cursor=text[:80]) from None

    def ended(self, now: datetime, base: int, lateness: timedelta) -> Cursor:
        """After a whole walk that saw stamps up to `seen`; `base` was the highest before it began."""
        marks = (*self.marks, (now, base))
        old = [mark for mark in marks if mark[0] <= now - lateness]
        kept = tuple(mark for mark in marks if mark not in old[:-1])
        low = base if self.low is None else old[-1][1] if old else self.low
        return Cursor(low, max(self.top, self.seen), kept)


class Reader:
    """Looks into one company's U8."""

    def __init__(self, relay: Relay, site: Site, settings: U8Settings) -> None:
        self._relay, self._site, self._settings = relay, site, settings

    # ---------------------------------------------------------------------- pages

    def pages(self, entity: Entity, cursor: Cursor) -> Iterator[Page]:
        """Everything, or what has a higher stamp than is known."""
        words = self._window(entity) if cursor.low is not None else {}
        first, low = cursor.page == 1, cursor.low
        base = cursor.top
        while True:
            rows, more = self._list(entity, cursor.page, words)
            stamps = [self._stamp(row) for row in rows]
            if first:
                first = False
                if low is None:  # nothing is known yet of what was there before; to tell a bill twice is dear
                    base = max((s for s in stamps if s is not None), default=0)
                    if more and entity.bill:
                        base = self._probed(entity)
                        rows, more = self._list(entity, 1, words)  # as it is after that
                        stamps = [self._stamp(row) for row in rows]
                    cursor = cursor._replace(top=base)
                elif not more:
                    base = max([base, *(s for s in stamps if s is not None)])
            wanted = [r for r, s in zip(rows, stamps, strict=True) if low is None or s is None or s > low]
            cursor = cursor._replace(
                seen=max([cursor.seen, *(s for s in stamps if s is not None)]), page=cursor.page + 1
            )
            records = self.whole(entity, wanted)
            if not more:
                break
            yield Page(records, cursor.text())
        yield Page(records, cursor.ended(self._site.now(), base, self._site.lateness).text())

    def _probed(self, entity: Entity) -> int:
        """The highest stamp before a first walk of several pages; a bill's line is dear, its head is cheap."""
        found, index, more = 0, 1, True
        while more:
            rows, more = self._list(entity, index, {})
            found = max([found, *(s for row in rows if (s := self._stamp(row)) is not None)])
            index += 1
        return found

    def _window(self, entity: Entity) -> dict[str, str]:
        if not entity.bill:
            return {}
        since = self._site.now().astimezone(self._site.zone).date() - timedelta(days=self._settings.days)
        return {"date_begin": since.isoformat()}

    def _list(self, entity: Entity, index: int, words: Mapping[str, str]) -> tuple[list[Row], bool]:
        """(rows of a page, whether there are more)."""
        paging = {"page_index": str(index), "rows_per_page": str(entity.page)}
        told = self._relay.read(entity.listed, "batch_get", **paging, **words)
        rows = told.get(entity.listed) or []
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            raise Unsupported("u8.misfit", connection=self._site.connection, path=entity.listed, said="-", words="-")
        self._still_spelt(entity, rows)
        count = str(told.get("page_count") or "")
        return rows, index < int(count) if count.isdecimal() else len(rows) >= entity.page

    def _still_spelt(self, entity: Entity, rows: Sequence[Row]) -> None:
        """What every record must have: a name that went missing was respelt, and must not read as empty."""
        for row in rows[:1]:
            lost = next((name for name in entity.must if name not in row), None)
            if lost is not None:
                known = ", ".join(map(str, row))[:300]
                raise Unsupported(
                    "u8.field_gone", connection=self._site.connection, object=entity.name, field=lost, known=known
                )

    @staticmethod
    def _stamp(row: Row) -> int | None:
        """A row's version; None where this list does not tell it, so that the row counts as changed."""
        given = str(row.get(STAMP) or "").strip()
        return int(given) if given.isdecimal() else None

    # --------------------------------------------------------------------- records

    def whole(self, entity: Entity, rows: Sequence[Row]) -> list[Record]:
        """Rows of a list as records; the lines of a bill want a call each."""
        if not entity.lines or all(ENTRY in row for row in rows):
            return [self.record(entity, row) for row in rows]
        found = (self._one(entity, str(row[entity.key])) for row in rows)
        return [self.record(entity, row) for row in found if row is not None]

    def _one(self, entity: Entity, number: str) -> Row | None:
        try:
            row = self._relay.read(entity.name, "get", id=number).get(entity.name)
        except Missing:
            return None
        if not isinstance(row, Mapping):
            return None
        self._still_spelt(entity, [row])
        return row

    def record(self, entity: Entity, row: Row) -> Record:
        """A row as a record; a name that is not in it at all is left out."""
        values: dict[str, Value] = {c.name: self._read(entity, c, row[c.name]) for c in entity.cols if c.name in row}
        if entity.bill and values.get("closer"):
            values["state"] = "Closed"
        if entity.lines:
            values[LINES] = [
                {c.name: self._read(entity, c, line[c.name]) for c in entity.lines if c.name in line}
                for line in row.get(ENTRY) or ()
            ]
        for link in entity.links:
            numbers = (line.get(link.number) for line in values.get(LINES) or ())
            values[link.name] = next((n for n in numbers if n), None)
        if entity.name == STOCK:
            return Record(
                "|".join(str(row.get(n) or "") for n in ("inventory_code", "warehouse_code", "batch")), values
            )
        modified = values.get("ModifyDate")
        return Record(str(row[entity.key]), values, modified_at=modified if isinstance(modified, datetime) else None)

    def _read(self, entity: Entity, col: Col, given: Any) -> Value:
        """A cell, which comes as a text, whatever it is."""
        text = "" if given is None else str(given)
        if text == "":
            return None
        try:
            if col.kind in (T.DECIMAL, T.MONEY):
                return Decimal(text)
            if col.kind is T.DATE:
                return date.fromisoformat(text[:10].replace("/", "-"))
            if col.kind is T.INSTANT:
                return datetime.fromisoformat(text).replace(tzinfo=self._site.zone)
            if col.kind is T.BOOLEAN:
                return text.lower() in ("1", "true")
        except (ValueError, InvalidOperation):
            raise Unsupported("u8.strange_value", object=entity.name, field=col.name, value=text[:60]) from None
        return text

    # --------------------------------------------------------------------- some of them

    def fetch(self, entity: Entity, ids: Sequence[str]) -> list[Record]:
        """These records as they are now: master data by one range where that takes fewer calls, bills one by one."""
        wanted = [i for i in dict.fromkeys(ids) if i]
        if entity.name == STOCK:
            return [r for page in self.pages(entity, Cursor()) for r in page.records if r.id in wanted]
        if not entity.bill and len(wanted) > 1:
            found = self._ranged(entity, sorted(wanted))
            if found is not None:
                return found
        return [self.record(entity, row) for row in (self._one(entity, i) for i in wanted) if row is not None]

    def _ranged(self, entity: Entity, wanted: Sequence[str]) -> list[Record] | None:
        words = {"code_begin": wanted[0], "code_end": wanted[-1]}
        rows, more, index, among = list[Row](), True, 0, set(wanted)
        while more:
            index += 1
            if index > len(wanted):
                return None
            part, more = self._list(entity, index, words)
            rows += [row for row in part if str(row[entity.key]) in among]
        return [self.record(entity, row) for row in rows]

    def search(self, entity: Entity, by: Values) -> list[Record] | None:
        """Records with these values; None where the list cannot be asked for them."""
        if set(by) == {entity.key} and isinstance(by[entity.key], str):
            found = self.fetch(entity, [str(by[entity.key])])
        elif entity.token and set(by) == {entity.token}:
            found = self._marked(entity, str(by[entity.token]))
        elif set(by) == {"name"} and entity.col("name") is not None and isinstance(by["name"], str):
            rows, _ = self._list(entity, 1, {"name": by["name"]})
            found = [self.record(entity, row) for row in rows]
        else:
            return None
        return [r for r in found if all(r.values.get(n) == v for n, v in by.items())][:20]

    def _marked(self, entity: Entity, token: str) -> list[Record]:
        """Bills that bear our own id, among those of the last days."""
        words, index, more, rows = self._window(entity), 0, True, list[Row]()
        while more:
            index += 1
            part, more = self._list(entity, index, words)
            rows += [row for row in part if str(row.get(entity.token) or "") == token]
        return self.whole(entity, rows)
