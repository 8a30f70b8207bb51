"""Reading an object to its end, and finding what changed: page by page, with a cursor that is good after a break.

The next page begins after the last key (or the last stamp) and not after so many rows, so that rows that come and go
meanwhile shift nothing. Several records of one stamp may fill more than a page: then they are taken by key.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote

from hefu.connectors._sap_bound import Bound, Stamp
from hefu.connectors._sap_line import JSON, Line, inside
from hefu.connectors._sap_tree import Row, key_row
from hefu.connectors._sap_values import literal, read
from hefu.core.env import stamp as text_of
from hefu.core.errors import Unsupported
from hefu.core.records import Page, Record, Values

_KEYS_AT_ONCE = 40
_FEW = 20


class Cursor(NamedTuple):
    """Where a read stands.

    since: changes from then on are wanted (None: everything).  began: SAP's clock at the start of a read under way.
    stamp: which of the object's stamps is being followed, at which `place`.  after: the last key, of a read by key;
    "" before the first.
    """

    since: datetime | None = None
    began: datetime | None = None
    stamp: int = 0
    place: str | None = None
    after: str | None = None

    def text(self) -> str:
        """As kept by the hub."""
        moments = [None if at is None else text_of(at) for at in (self.since, self.began)]
        return json.dumps([*moments, self.stamp, self.place, self.after])

    @classmethod
    def parse(cls, text: str | None) -> Cursor:
        """Raises Unsupported for a text that is none of ours."""
        if text is None:
            return cls()
        try:
            since, began, number, place, after = json.loads(text)
            moments = [None if at is None else datetime.fromisoformat(at) for at in (since, began)]
            return cls(moments[0], moments[1], int(number), place, after)
        except (ValueError, TypeError) as error:
            raise Unsupported("sap.bad_cursor", cursor=text[:80]) from error


class Reader:
    """Reads of one line. Keeps no state."""

    def __init__(self, line: Line, lateness: timedelta) -> None:
        self._line, self._lateness = line, lateness

    def rows(self, bound: Bound, **options: str) -> tuple[list[Row], str | None, datetime]:
        """(rows, link to the next page, SAP's clock) of one call."""
        query = "&".join(f"{n}={quote(v, safe=_SAFE)}" for n, v in {**_format(bound), **options}.items() if v)
        return self._page(bound, f"{bound.home.name}?{query}")

    def _page(self, bound: Bound, rest: str) -> tuple[list[Row], str | None, datetime]:
        headers = {"Accept": JSON} if bound.dialect.v4 else {"Accept": "application/json"}
        if bound.dialect.v4:
            headers["Prefer"] = f"odata.maxpagesize={bound.settings.page}"
        data, at = self._line.get(bound.service, rest, headers=headers)
        held: Any = data.get("value") if bound.dialect.v4 else data.get("d", {})
        link = data.get("@odata.nextLink") or data.get("@nextLink")
        if isinstance(held, Mapping):
            held, link = held.get("results"), held.get("__next")
        if not isinstance(held, list):
            raise Unsupported("sap.no_rows", path=rest.partition("?")[0])
        return [row for row in held if isinstance(row, Mapping)], link, at

    # ----------------------------------------------------------------------- all

    def pages(self, bound: Bound, cursor: Cursor) -> Iterator[Page]:
        """Everything, or what changed since the cursor."""
        if cursor.since is not None and bound.stamps:
            yield from self._changed(bound, cursor)
        elif bound.settings.paging == "keys":
            yield from self._by_key(bound, cursor)
        else:
            yield from self._plain(bound, {"$orderby": _order(bound)})

    def _by_key(self, bound: Bound, cursor: Cursor) -> Iterator[Page]:
        began, after, more, told = cursor.began, cursor.after, True, set[str]()
        while more:
            beyond = _beyond(bound, after) if after else ""
            rows, more, at = self._some(bound, beyond, _order(bound))
            began = began or at
            records = [bound.record(row) for row in rows]
            if records and told.issuperset(r.id for r in records):  # its order is none: this would never end
                raise Unsupported("sap.no_order", object=bound.name)
            told = {r.id for r in records}
            after = records[-1].id if records else after
            place = Cursor(None, began, after=after) if more else Cursor(began)
            yield Page(records, place.text() if bound.stamps or more else None)

    def _some(self, bound: Bound, filter_: str, order: str) -> tuple[list[Row], bool, datetime]:
        """(at most a page of rows, whether there may be more, SAP's clock)."""
        size = bound.settings.page
        rows, link, at = self.rows(bound, **bound.query, **{"$filter": filter_, "$orderby": order, "$top": str(size)})
        return rows, bool(rows) and (link is not None or len(rows) >= size), at

    def _plain(self, bound: Bound, options: Mapping[str, str]) -> Iterator[Page]:
        """By the server's own links, or by counting rows, from the beginning to the end."""
        size, began = bound.settings.page, None
        step = self._skipped if bound.settings.paging == "skip" else self._linked
        for rows, at in step(bound, {**bound.query, **options}):
            began = began or at
            for start in range(0, len(rows), size):
                yield Page([bound.record(row) for row in rows[start : start + size]])
        yield Page([], Cursor(began).text() if bound.stamps and began else None)

    def _linked(self, bound: Bound, options: Mapping[str, str]) -> Iterator[tuple[list[Row], datetime]]:
        rows, link, at = self.rows(bound, **options)
        yield rows, at
        while link:
            path = inside(link)
            rows, link, at = self._page(bound, path if path.startswith("/") else path.lstrip("./"))
            yield rows, at

    def _skipped(self, bound: Bound, options: Mapping[str, str]) -> Iterator[tuple[list[Row], datetime]]:
        """Each page begins with the last row of the one before: if it does not, rows went away, and we step back."""
        size, skip, seen = max(2, bound.settings.page), 0, set[str]()
        while True:
            rows, link, at = self.rows(bound, **options, **{"$top": str(size), "$skip": str(skip)})
            ids = [bound.record(row).id for row in rows]
            if skip and (not ids or ids[0] not in seen):
                skip = max(0, skip - max(1, size // 2))
                continue
            yield [row for row, i in zip(rows, ids, strict=True) if i not in seen], at
            seen.update(ids)
            if link is None and len(rows) < size:
                return
            skip += len(rows) - 1

    # ------------------------------------------------------------------- changes

    def _changed(self, bound: Bound, cursor: Cursor) -> Iterator[Page]:
        assert cursor.since is not None
        if bound.settings.paging != "keys":
            yield from self._changed_plain(bound, cursor.since)
            return
        began = cursor.began
        for number in range(cursor.stamp, len(bound.stamps)):
            stamp = bound.stamps[number]
            here = number == cursor.stamp and cursor.place is not None
            place = cursor.place if here else stamp.start(cursor.since, self._lateness)
            after = cursor.after if here else None
            for rows, at, onward in self._stream(bound, stamp, place or "", after):
                began = began or at
                last = onward is None and number == len(bound.stamps) - 1
                if last:
                    told = Cursor(max(began, cursor.since))
                elif onward is None:
                    told = Cursor(cursor.since, began, number + 1)
                else:
                    told = Cursor(cursor.since, began, number, *onward)
                yield Page([bound.record(row) for row in rows], told.text())

    def _stream(
        self, bound: Bound, stamp: Stamp, place: str, after: str | None
    ) -> Iterator[tuple[list[Row], datetime, tuple[str, str | None] | None]]:
        """(rows, SAP's clock, where to go on or None) along one stamp."""
        order = ",".join([*(p.name for p in stamp.props), _order(bound)])
        seen: set[tuple[str, str | None]] = set()
        onward: tuple[str, str | None] | None = (place, after)
        while onward is not None:
            place, after = onward
            if after is None:
                rows, more, at = self._some(bound, stamp.since(place), order)
                onward = self._onward(stamp, rows, place) if more else None
            else:
                beyond = f"{stamp.at(place)} and ({_beyond(bound, after)})" if after else stamp.at(place)
                rows, more, at = self._some(bound, beyond, _order(bound))
                onward = (place, bound.record(rows[-1]).id) if more else (stamp.after(place), None)
            marks = [_mark(bound, row) for row in rows]
            fresh = [row for row, mark in zip(rows, marks, strict=True) if mark not in seen]
            if onward is None or onward[0] != place:
                seen = {m for r, m in zip(rows, marks, strict=True) if onward and stamp.place(r) == onward[0]}
            else:
                seen.update(marks)
            yield fresh, at, onward

    def _onward(self, stamp: Stamp, rows: Sequence[Row], place: str) -> tuple[str, str | None]:
        """Where the next page begins: with the last stamp; a page that is all one stamp is gone through by key."""
        last = stamp.place(rows[-1]) or place
        return (last, "") if stamp.place(rows[0]) == last else (last, None)

    def _changed_plain(self, bound: Bound, since: datetime) -> Iterator[Page]:
        """Along the server's links or by counting; a break begins anew."""
        began, size = None, bound.settings.page
        step = self._skipped if bound.settings.paging == "skip" else self._linked
        for stamp in bound.stamps:
            order = ",".join([*(p.name for p in stamp.props), _order(bound)])
            wanted = {"$filter": stamp.since(stamp.start(since, self._lateness)), "$orderby": order}
            for rows, at in step(bound, {**bound.query, **wanted}):
                began = began or at
                for start in range(0, len(rows), size):
                    yield Page([bound.record(r) for r in rows[start : start + size]], Cursor(since).text())
        yield Page([], Cursor(max(began or since, since)).text())

    # ---------------------------------------------------------------- some of them

    def fetch(self, bound: Bound, ids: Sequence[str]) -> Iterator[Row]:
        """Rows by their keys, many in one call."""
        wanted = [row for i in dict.fromkeys(ids) if (row := key_row(bound.home.kind, i)) is not None]
        size = min(_KEYS_AT_ONCE, bound.settings.page)
        for start in range(0, len(wanted), size):
            filter_ = " or ".join(_same(bound, row) for row in wanted[start : start + size])
            rows, _, _ = self.rows(bound, **bound.query, **{"$filter": filter_, "$top": str(size)})
            yield from rows

    def search(self, bound: Bound, by: Values) -> list[Record]:
        """Records with these values, a few. A field of a row that belongs to it is found by that row."""
        clauses, below = list[str](), list[tuple[Any, str, Any]]()
        for name, value in by.items():
            part = None if name in bound.node.props else bound.node.part(name)
            if part is not None and not part.rows and part.node.home is not None:
                below.append((part, name[len(part.prefix) :], value))
            elif name not in bound.node.props:
                raise Unsupported("sap.unknown_field", object=bound.name, field=name)
            else:
                told = bound.entoken(str(value)) if name == bound.token and value else value
                clauses.append(f"{name} eq {literal(bound.node.props[name], told, bound.dialect)}")
        if below:
            ids = self._owners(bound, *below[0])
            rows = list(self.fetch(bound, ids)) if ids else []
        else:
            rows, _, _ = self.rows(bound, **bound.query, **{"$filter": " and ".join(clauses), "$top": str(_FEW)})
        found = (bound.record(row) for row in rows)
        sure = {n: v for n, v in by.items() if n != bound.token}  # SAP has compared that one, as it is stored
        return [r for r in found if all(_alike(r.values.get(n), v) for n, v in sure.items())]

    def _owners(self, bound: Bound, part: Any, name: str, value: Any) -> list[str]:
        keys, home = bound.home.kind.keys, part.node.home
        prop = part.node.props.get(name)
        if prop is None or not all(k in home.kind.props for k in keys):
            raise Unsupported("sap.no_search", object=bound.name, field=part.prefix + name)
        marks = [f"{n} eq {literal(home.kind.props[n], v, bound.dialect)}" for n, v in part.only.items()]
        filter_ = " and ".join([*marks, f"{name} eq {literal(prop, value, bound.dialect)}"])
        query = {"$filter": filter_, "$select": ",".join(keys), "$top": str(_FEW)}
        text = "&".join(f"{n}={quote(v, safe=_SAFE)}" for n, v in {**_format(bound), **query}.items())
        rows, _, _ = self._page(bound, f"{home.name}?{text}")
        return ["|".join(str(row.get(k)) for k in keys) for row in rows]


_SAFE = "',()*:/-._~="


def _format(bound: Bound) -> dict[str, str]:
    return {} if bound.dialect.v4 else {"$format": "json"}


def _order(bound: Bound) -> str:
    return ",".join(bound.home.kind.keys)


def _mark(bound: Bound, row: Row) -> tuple[str, str | None]:
    record = bound.record(row)
    return record.id, record.version


def _alike(found: Any, wanted: Any) -> bool:
    """Equal; SAP pads numbers with zeros inside and compares them without."""
    if isinstance(found, str) and isinstance(wanted, str) and found.isdecimal() and wanted.isdecimal():
        return found.lstrip("0") == wanted.lstrip("0")
    return bool(found == wanted) or (found is None and wanted == "")


def _same(bound: Bound, row: Row) -> str:
    told = [f"{k} eq {_key(bound, row, k)}" for k in bound.home.kind.keys]
    return told[0] if len(told) == 1 else "(" + " and ".join(told) + ")"


def _key(bound: Bound, row: Row, name: str) -> str:
    prop = bound.home.kind.props[name]
    return literal(prop, read(prop, row[name], bound.dialect), bound.dialect)


def _beyond(bound: Bound, after: str) -> str:
    """A filter: keys that come after that one."""
    row = key_row(bound.home.kind, after)
    if row is None:
        raise Unsupported("sap.bad_cursor", cursor=after[:80])
    keys, out = bound.home.kind.keys, []
    for at, name in enumerate(keys):
        same = [f"{k} eq {_key(bound, row, k)}" for k in keys[:at]]
        one = " and ".join([*same, f"{name} gt {_key(bound, row, name)}"])
        out.append(f"({one})" if len(keys) > 1 else one)
    return " or ".join(out)
