"""What changed after a moment, page by page, without losing a record that moves while its list is read."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from hefu.connectors._rest_moments import FINEST, grain
from hefu.connectors._rest_paging import Ask, Sheet, Turn, Walk
from hefu.connectors._rest_settings import Since
from hefu.connectors._rest_values import Shape
from hefu.core.env import instant, stamp
from hefu.core.errors import Unsupported
from hefu.core.records import Page, Record


class Asking(Protocol):
    """What reading changes asks of the reader of an object."""

    shape: Shape

    def walk(self, width: int | None = None) -> Walk:
        """How its list is walked."""
        ...

    def ask(self, low: datetime | None) -> Ask:
        """Fetches a page of what changed since `low`."""
        ...

    def page(self, sheet: Sheet, cursor: str | None) -> Page:
        """The records of a page as it came."""
        ...

    def ident(self, entry: Any) -> object:
        """The id of one entry."""
        ...

    def deleted(self, since: datetime) -> list[str]:
        """Ids of what was deleted since."""
        ...

    def server_time(self, sheet: Sheet) -> datetime:
        """The system's clock when it answered."""
        ...

    def lateness(self, how: Since) -> timedelta:
        """How far to look back."""
        ...


class Cursor(NamedTuple):
    """Changes before `at` are known. `on`: where the full read that is under way goes on; None: it is through."""

    at: datetime
    on: int | str | None = None

    def text(self) -> str:
        """As the hub keeps it."""
        kept: dict[str, Any] = {"at": stamp(self.at)}
        return json.dumps(kept if self.on is None else {**kept, "on": self.on})

    @classmethod
    def parse(cls, kept: str, connection: str, obj: str) -> Cursor:
        """Raises Unsupported for a text that is none of ours."""
        try:
            told = json.loads(kept)
            at, on = instant(told["at"]), told.get("on")
            if at.tzinfo is None or not isinstance(on, int | str | None):
                raise ValueError(kept)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise Unsupported("rest.bad_cursor", connection=connection, object=obj, cursor=kept[:80]) from None
        return cls(at, on)


class End(NamedTuple):
    """How a list ended when its walk began: the moment of its last record, and the ids on its last page."""

    newest: datetime
    ids: frozenset[object]


class Changes:
    """Reads what changed. A record that is edited meanwhile moves to the end of the list and pulls the others forward,
    one of them past the edge of a page. So either each page starts anew from the last moment seen (`_seek`), or, where
    pages are fetched side by side, a sign of such a move has everything read again in that way.
    """

    def __init__(self, reader: Asking, how: Since) -> None:
        self._reader, self._how, self._shape = reader, how, reader.shape
        self._paging = reader.shape.described.read.paging

    def since(self, at: datetime) -> Iterator[Page]:
        """What changed, looking back by the connection's lateness."""
        step = grain(self._how.format)
        low = at - max(self._reader.lateness(self._how), _step_back(at, step))
        ordered = self._paging.type in ("offset", "page") and self._how.ordered and self._shape.described.modified
        if ordered and not (self._paging.total or self._paging.total_header):
            yield from self._seek(low, at, step)
        else:
            yield from self._side_by_side(low, at, step, bool(ordered))

    def _side_by_side(self, low: datetime, at: datetime, step: timedelta, ordered: bool) -> Iterator[Page]:
        walk, ask = self._reader.walk(), self._reader.ask(low)
        began: datetime | None = None
        end: End | None = None
        moved, held, empty = False, Page(()), True
        for number, turn in enumerate(walk.pages(ask)):
            began = began or self._reader.server_time(turn.sheet)
            if number:
                yield held._replace(cursor=Cursor(at).text())
            elif ordered:
                end = self._end(walk, turn, low)
            held = self._reader.page(turn.sheet, None)
            moved = moved or (number > 0 and any(_moved(r, began, end) for r in held.records))
            empty = empty and not turn.sheet.entries
        if ordered and moved:
            yield held._replace(cursor=Cursor(at).text())
            yield from self._seek(low, at, step)
            return
        gone = [*held.gone, *self._reader.deleted(low)]
        reached = at if empty and not gone else max(at, _by_then(began or at, end))  # no news: nothing to note down
        yield held._replace(cursor=Cursor(reached).text(), gone=gone)

    def _end(self, walk: Walk, first: Turn, low: datetime) -> End | None:
        """The list's end, looked at before its other pages: what comes later than this has moved.

        The answers' Date alone would do, but it tells whole seconds: our own writes of that second look like moves.
        """
        sheet = first.sheet if first.resume is None else walk.last(self._reader.ask(low), first.sheet)
        return self._end_of(sheet) if sheet is not None else None

    def _end_of(self, sheet: Sheet) -> End | None:
        known = [moment for moment in map(self._moment, sheet.entries) if moment is not None]
        return End(max(known), frozenset(map(self._reader.ident, sheet.entries))) if known else None

    def _moment(self, entry: Any) -> datetime | None:
        return self._shape.modified(self._shape.inside(entry))

    def _seek(self, low: datetime, at: datetime, step: timedelta) -> Iterator[Page]:
        """In the end, where a moment filled pages and others moved meanwhile, once more from the start."""
        for tries_left in (2, 1, 0):
            settled = yield from self._sought(low, at, step, tries_left == 0)
            if settled:
                return

    def _sought(self, low: datetime, at: datetime, step: timedelta, last_try: bool) -> Generator[Page, None, bool]:
        """Page after page, each a new question from the last moment of the page before; edges are read twice."""
        first, edge, began, wide, moved = low, dict[object, Any](), None, False, False
        empty = True
        while True:
            onward: datetime | None = None
            for number, turn in enumerate(self._reader.walk(width=1).pages(self._reader.ask(low))):
                began = began or self._reader.server_time(turn.sheet)
                wide, empty = wide or number > 0, empty and not turn.sheet.entries
                fresh = [entry for entry in turn.sheet.entries if edge.get(self._reader.ident(entry)) != entry]
                page = self._reader.page(turn.sheet._replace(entries=fresh), None)
                moved = moved or any(_moved(r, began, None) for r in page.records)
                onward, back = self._last_moment(turn, low, step)
                if turn.resume is None:
                    settled = last_try or not (wide and moved)
                    gone = [*page.gone, *self._reader.deleted(first)]
                    news = settled and not (empty and not gone)
                    reached = max(at, _by_then(began, None if wide else self._end_of(turn.sheet))) if news else at
                    yield page._replace(cursor=Cursor(reached).text(), gone=gone)
                    return settled
                safe = at if wide else max(at, min(began, low))
                yield page._replace(cursor=Cursor(safe).text())
                if onward is not None:
                    edge, low = self._edge(turn.sheet.entries, onward - back), onward - back
                    break
            if onward is None:
                return True

    def _last_moment(self, turn: Turn, low: datetime, step: timedelta) -> tuple[datetime | None, timedelta]:
        """The moment of a page's last change, and how far before it to go on; None if that would be where we were."""
        last = self._moment(turn.sheet.entries[-1]) if turn.sheet.entries else None
        if last is None:
            return None, step
        back = _step_back(last, step)
        return (last if last > low + back else None), back

    def _edge(self, entries: list[Any], low: datetime) -> dict[object, Any]:
        moments = ((entry, self._moment(entry)) for entry in entries)
        return {self._reader.ident(entry): entry for entry, moment in moments if moment is not None and moment >= low}


def _step_back(from_moment: datetime, step: timedelta) -> timedelta:
    """One step of the API's writing of moments, or less where a moment of its own is visibly finer.

    Hundreds of records of one bulk write share a millisecond; each look would read them again.
    """
    return FINEST if from_moment.microsecond % 1000 and step < timedelta(seconds=1) else step


def _by_then(told: datetime, end: End | None) -> datetime:
    """Until when changes are known: a Date cuts off the fraction of its second, the last record may tell it.

    Not where that lies in the future: a stamp that somebody chose says nothing of the system's clock.
    """
    return max(told, end.newest) if end is not None and end.newest < told + timedelta(seconds=1) else told


def _moved(record: Record, began: datetime, end: End | None) -> bool:
    """Whether a record has come to its place after the reading began."""
    at = record.modified_at
    if at is None or at < began:
        return False
    return end is None or at > end.newest or (at == end.newest and record.id not in end.ids)
