"""Walking through a list page by page: with the fewest calls, side by side where the end is known, and without losing
a record when others come or go meanwhile.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from functools import partial
from itertools import pairwise
from typing import Any, NamedTuple

from hefu.connectors._rest_paths import get, path, text
from hefu.connectors._rest_settings import Paging
from hefu.core.errors import Unsupported

_LINK = re.compile(r"<([^>]*)>\s*((?:;[^,<]*)*)")


class Sheet(NamedTuple):
    """One page as it came: its entries, the whole body, the headers."""

    entries: list[Any]
    body: Any
    headers: Mapping[str, str]


class Turn(NamedTuple):
    """One page of a walk. `resume`: where a later walk may go on after it; None after the last page."""

    sheet: Sheet
    resume: int | str | None


Ask = Callable[[Mapping[str, Any]], Sheet]
"""Fetch one page: holes of the request ({page}, {offset}, {cursor}, {url}) -> page."""

Submit = Callable[[Callable[[], Sheet]], "Future[Sheet]"]


class Walk:
    """How one object's list is walked. `ident`: an entry's id, to notice a list that does not move on."""

    def __init__(
        self, paging: Paging, ident: Callable[[Any], object], width: int, submit: Submit, facts: Mapping[str, Any]
    ) -> None:
        self._paging, self._ident, self._width, self._submit, self._facts = paging, ident, width, submit, facts
        self._total = path(paging.total) if paging.total else None
        self._pages = path(paging.pages) if paging.pages else None
        self._more = path(paging.more) if paging.more else None
        self._next = path(paging.next) if paging.next else None

    def pages(self, ask: Ask, start: int | str | None = None) -> Iterator[Turn]:
        """All pages from the beginning, or from a `Turn.resume`."""
        kind = self._paging.type
        if kind == "none":
            yield Turn(ask({}), None)
        elif kind in ("cursor", "link"):
            yield from self._chained(ask, start)
        else:
            yield from self._counted(ask, start if isinstance(start, int) else 0)

    def last(self, ask: Ask, first: Sheet) -> Sheet | None:
        """The last page of a list whose first page tells how long it is; None where it does not."""
        step = len(first.entries) or self._paging.size
        end = self._end(first, step)
        if end is None or self._paging.type not in ("offset", "page"):
            return None
        return ask(self._at(end - 1 if self._paging.type == "page" else (end - 1) // step * step))

    # ------------------------------------------------------------- cursors and links

    def _chained(self, ask: Ask, start: int | str | None) -> Iterator[Turn]:
        at, seen = None if start is None else str(start), set[str]()
        while True:
            sheet = ask(self._place(at))
            then = self._onward(sheet)
            if then is not None and (then in seen or then == at):
                raise Unsupported("rest.page_loop", **self._facts)
            yield Turn(sheet, then)
            if then is None:
                return
            seen = {then}  # a circle of one is the common mistake; all cursors of a long walk would fill the memory
            at = then

    def _place(self, at: str | None) -> dict[str, Any]:
        if at is None:
            return {"cursor": None}
        url = self._paging.type == "link" or at.startswith(("http://", "https://", "/"))
        return {"url": at} if url else {"cursor": at}

    def _onward(self, sheet: Sheet) -> str | None:
        if not self._says_more(sheet):
            return None
        if self._next is not None:
            found = get(sheet.body, self._next, None)
            return text(found) if found not in (None, "", False) else None
        if self._paging.next_header:
            return sheet.headers.get(self._paging.next_header.lower()) or None
        if self._paging.type == "link":
            return next_link(sheet.headers.get("link", ""))
        if self._paging.last_id and sheet.entries and not self._is_last(sheet):
            return text(self._ident(sheet.entries[-1]))
        return None

    def _says_more(self, sheet: Sheet) -> bool:
        return self._more is None or get(sheet.body, self._more, None) not in (None, False, "", 0)

    def _is_last(self, sheet: Sheet) -> bool:
        """Without any word on more: a page that is not full is the last."""
        return self._more is None and len(sheet.entries) < self._paging.size

    # ------------------------------------------------------------- offsets and page numbers

    def _at(self, position: int) -> dict[str, Any]:
        if self._paging.type == "page":
            return {"page": self._paging.first + position}
        return {"offset": position}

    def _counted(self, ask: Ask, start: int) -> Iterator[Turn]:
        first = ask(self._at(start))
        size = len(first.entries) if first.entries and not start else self._paging.size
        end = self._end(first, size)
        if end is None:
            yield from self._unknown_end(ask, start, first)
            return
        step = 1 if self._paging.type == "page" else len(first.entries)
        if not first.entries or start + step >= end:
            yield Turn(first, None)
            return
        yield Turn(first, start + step)
        yield from self._known_end(ask, start + step, step, size, first, end)

    def _count(self, sheet: Sheet) -> int | None:
        found = get(sheet.body, self._total, None) if self._total is not None else None
        if self._paging.total_header:
            found = sheet.headers.get(self._paging.total_header.lower())
        return int(found) if found is not None and str(found).isdigit() else None

    def _end(self, sheet: Sheet, size: int) -> int | None:
        """The position behind the last page, if the page tells. `size`: records in a full page."""
        if self._pages is not None and self._paging.type == "page":
            pages = get(sheet.body, self._pages, None)
            return int(pages) if str(pages).isdigit() else None
        total = self._count(sheet)
        return total if total is None or self._paging.type == "offset" else -(-total // size)

    def _known_end(self, ask: Ask, at: int, step: int, size: int, before: Sheet, end: int) -> Iterator[Turn]:
        """Fetch ahead, side by side. When records vanish, those behind move forward: go back by as many."""
        under_way: deque[tuple[int, Future[Sheet]]] = deque()
        total = self._count(before)
        while at < end or under_way:
            while at < end and len(under_way) < self._width:
                under_way.append((at, self._submit(partial(ask, self._at(at)))))
                at += step
            position, future = under_way.popleft()
            sheet = future.result()
            now, seen = self._count(sheet), total
            if now is not None and seen is not None and now != seen:
                end, total = self._end(sheet, size) or 0, now
                if now < seen:
                    told = [seen, now, *self._counts(future for _, future in under_way)]
                    lost, total = sum(max(a - b, 0) for a, b in pairwise(told)), told[-1]
                    at = max(0, position - (-(-lost * step // size)))
                    under_way.clear()
                    before = Sheet([], None, {})
                    continue
            if self._same(sheet, before):
                raise Unsupported("rest.page_loop", **self._facts)
            before = sheet
            yield Turn(sheet, position + step if position + step < end else None)

    def _counts(self, under_way: Iterable[Future[Sheet]]) -> list[int]:
        """What the pages that were fetched ahead in vain tell of the list's length."""
        told = (self._count(future.result()) for future in under_way)
        return [count for count in told if count is not None]

    def _unknown_end(self, ask: Ask, at: int, sheet: Sheet) -> Iterator[Turn]:
        """One after the other until a page is empty or says so.

        A page that is not full ends the list, unless its length is round: then the server may have a limit of its
        own below the size asked for, and one more look tells.
        """
        full, before = self._paging.size, None
        while True:
            count = len(sheet.entries)
            if count and before is not None and self._same(sheet, before):
                raise Unsupported("rest.page_loop", **self._facts)
            at += 1 if self._paging.type == "page" else count
            ends = count == 0 or not self._says_more(sheet)
            if not ends and self._more is None and count < full:
                if before is None and count % 5 == 0:
                    full = count
                else:
                    ends = True
            yield Turn(sheet, None if ends else at)
            if ends:
                return
            before, sheet = sheet, ask(self._at(at))

    def _same(self, sheet: Sheet, before: Sheet) -> bool:
        """The same page again: a parameter of ours that the server does not know."""
        ends = ((s.entries[0], s.entries[-1], len(s.entries)) for s in (sheet, before) if s.entries)
        found = [(self._ident(a), self._ident(z), n) for a, z, n in ends]
        return len(found) == 2 and found[0] == found[1]


def next_link(header: str) -> str | None:
    """The URL with rel="next" of a Link header (RFC 8288)."""
    for url, params in _LINK.findall(header):
        if re.search(r";\s*rel\s*=\s*\"?(?:[^\";]*\s)?next(?:\s[^\";]*)?\"?\s*(?:;|$)", params, re.IGNORECASE):
            return str(url)
    return None
