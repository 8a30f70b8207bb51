"""Reading one object: everything, what changed since, some ids, some values."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from hefu.connectors._rest_changes import Changes, Cursor
from hefu.connectors._rest_errors import Call, holds
from hefu.connectors._rest_line import Line
from hefu.connectors._rest_moments import write_moment
from hefu.connectors._rest_paging import Ask, Sheet, Walk
from hefu.connectors._rest_paths import ABSENT, fill, get, holes, path, text
from hefu.connectors._rest_settings import By, Feed, Paging, Since
from hefu.connectors._rest_values import Shape
from hefu.core.connector import Site, date_header
from hefu.core.errors import Missing, Unsupported
from hefu.core.records import Page, Record, Values

Submit = Callable[[Callable[[], Any]], "Future[Any]"]
_PARAMS = {"offset": "offset", "page": "page", "cursor": "cursor"}
_MOST_FOUND = 200


class Reader:
    """Reads one object."""

    def __init__(self, shape: Shape, line: Line, site: Site, width: int, submit: Submit) -> None:
        self.shape, self._line, self._site, self._submit = shape, line, site, submit
        self._how = shape.described.read
        self._records = path(self._how.records)
        self._facts = {"connection": site.connection, "object": shape.name}
        self._width = width

    # ---------------------------------------------------------------------- pages

    def pages(self, since: str | None) -> Iterator[Page]:
        """Everything, or what changed after that cursor."""
        if self._how.since is None:
            for turn in self.walk().pages(self.ask(None)):
                yield self.page(turn.sheet, None)
            return
        cursor = None if since is None else Cursor.parse(since, self._site.connection, self.shape.name)
        if cursor is None or cursor.on is not None:
            yield from self._everything(cursor)
        else:
            yield from Changes(self, self._how.since).since(cursor.at)

    def sample(self, size: int | None = None) -> list[Any]:
        """The first page as it came."""
        for turn in self.walk(width=1).pages(self.ask(None, size)):
            return [self.shape.inside(entry) for entry in turn.sheet.entries]
        return []

    def _everything(self, cursor: Cursor | None) -> Iterator[Page]:
        """Each page's cursor lets a broken read go on; the last one starts the changes from when the read began."""
        began = cursor.at if cursor else None
        for turn in self.walk().pages(self.ask(None), cursor.on if cursor else None):
            began = began or self.server_time(turn.sheet)
            yield self.page(turn.sheet, Cursor(began, turn.resume).text())

    def deleted(self, since: datetime) -> list[str]:
        """Ids of the deletion list."""
        feed = self._how.deletes
        if feed is None or self._how.since is None:
            return []
        steps = path(feed.id)
        ask = partial(self._feed, feed, {"since": self._moment(since, self._how.since)})
        walk = Walk(feed.paging, lambda entry: get(entry, steps, entry), self._width, self._submit, self._facts)
        return [text(get(entry, steps, entry)) for turn in walk.pages(ask) for entry in turn.sheet.entries]

    def _feed(self, feed: Feed, facts: Mapping[str, Any], place: Mapping[str, Any]) -> Sheet:
        """One page of the deletion list."""
        call = Call("list", self.shape.name, self._site.connection)
        if "url" in place:
            body, answer = self._line.send(call, "GET", self._line.follow(place["url"]))
        else:
            filled = {"page": None, "offset": None, "cursor": None, "size": feed.paging.size, **facts, **place}
            own = {feed.paging.size_param: feed.paging.size} if feed.paging.size_param else {}
            query = fill({**feed.params, **own, **_position(feed.paging, place, None)}, filled)
            url = self._line.address(feed.url, filled)
            body, answer = self._line.send(call, "GET", url, params={} if query is ABSENT else query)
        return Sheet(self._list(get(body, path(feed.records), None), feed.records), body, answer.headers)

    # ---------------------------------------------------------------------- calls

    def walk(self, width: int | None = None) -> Walk:
        return Walk(self._how.paging, self.ident, width or self._width, self._submit, self._facts)

    def ident(self, entry: Any) -> object:
        return self.shape.id_of(self.shape.inside(entry))

    def ask(self, low: datetime | None, size: int | None = None, more: Mapping[str, Any] | None = None) -> Ask:
        how, since = self._how, self._how.since
        facts: dict[str, Any] = {"size": size or how.paging.size, "since": None, **(more or {}).get("facts", {})}
        params: dict[str, Any] = {**how.params, **(more or {}).get("params", {})}
        if low is not None and since is not None:
            facts["since"] = self._moment(low, since)
            params |= {**since.params, **({since.param: facts["since"]} if since.param else {})}
        if how.paging.size_param:
            params[how.paging.size_param] = facts["size"]
        template = (more or {}).get("body", how.body)

        def ask(place: Mapping[str, Any]) -> Sheet:
            return self._sheet(place, facts, params, template)

        return ask

    def _sheet(self, place: Mapping[str, Any], facts: Mapping[str, Any], params: Mapping[str, Any], body: Any) -> Sheet:
        how, call = self._how, Call("list", self.shape.name, self._site.connection)
        if "url" in place:
            answered, answer = self._line.send(call, "GET", self._line.follow(place["url"]))
        else:
            filled = {"page": None, "offset": None, "cursor": None, **facts, **place}
            query = fill({**params, **_position(how.paging, place, body)}, filled)
            answered, answer = self._line.send(
                call,
                how.method,
                self._line.address(how.url, filled),
                params={} if query is ABSENT else query,
                body=ABSENT if body is None else _object(fill(body, filled)),
            )
        entries = self._list(get(answered, self._records), how.records)
        return Sheet(entries, answered, answer.headers)

    def _list(self, found: Any, where: str) -> list[Any]:
        if found is None:
            return []
        if not isinstance(found, list):
            kind = "nothing" if found is ABSENT else type(found).__name__
            raise Unsupported("rest.no_records", path=where or "(the answer itself)", found=kind, **self._facts)
        return found

    def page(self, sheet: Sheet, cursor: str | None) -> Page:
        deleted = self._how.deleted
        records, gone = [], []
        for entry in sheet.entries:
            raw = self.shape.inside(entry)
            if deleted is not None and holds(deleted, raw):
                gone.append(self.shape.id_of(raw) or "")
            else:
                records.append(self.shape.record(raw))
        return Page(records, cursor, [g for g in gone if g])

    # ---------------------------------------------------------------------- time

    def server_time(self, sheet: Sheet) -> datetime:
        """The system's clock as its answer tells, else ours less the tolerance for a wrong clock."""
        told = date_header(sheet.headers)
        if told is not None:
            return told
        now = self._site.now()  # in milliseconds: finer moments are those of records
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        return now - timedelta(seconds=float(self._site.facts.get("clock_tolerance", 120)))

    def lateness(self, how: Since) -> timedelta:
        return how.lateness if how.lateness is not None else self._site.lateness

    def _moment(self, at: datetime, how: Since) -> Any:
        zone = self.shape.zone if how.zone is None else _zone(how.zone)
        return write_moment(at, how.format, zone)

    # ---------------------------------------------------------------------- some

    def raw(self, record_id: str) -> tuple[Any, str | None]:
        """One record as it came, and its ETag. Raises Missing."""
        how = self.shape.described.fetch
        if how is None:
            raise Unsupported("rest.no_fetch", **self._facts)
        call = Call("one", self.shape.name, self._site.connection, record=record_id)
        facts = {"id": record_id}
        params = fill(how.params, facts) if how.params else {}
        body, answer = self._line.send(call, "GET", self._line.address(how.url, facts), params=params)
        return self._one(get(body, path(how.record), None), record_id), answer.headers.get("etag")

    def _one(self, found: Any, record_id: str) -> Any:
        """The record in the answer; some systems give null, or a list of one or none."""
        if isinstance(found, list):
            found = next((raw for raw in found if self.shape.id_of(raw) == record_id), None)
        deleted = self._how.deleted
        if not isinstance(found, dict) or (deleted is not None and holds(deleted, found)):
            raise Missing("rest.missing", record=record_id, status="-", said="-", message="-", **self._facts)
        return found

    def fetch(self, ids: Sequence[str]) -> Iterator[Record]:
        """These records, the missing ones left out."""
        how = self.shape.described.fetch
        wanted = list(dict.fromkeys(ids))
        if how is not None and "ids" in holes([how.url, how.params, how.body]):
            for start in range(0, len(wanted), how.most):
                yield from self._several(wanted[start : start + how.most])
        elif len(wanted) == 1:
            yield from self._single(wanted[0])
        else:
            for future in [self._submit(lambda i=i: list(self._single(i))) for i in wanted]:  # type: ignore[misc]
                yield from future.result()

    def _single(self, record_id: str) -> Iterable[Record]:
        try:
            raw, etag = self.raw(record_id)
        except Missing:
            return []
        return [self.shape.record(raw, etag)]

    def _several(self, ids: list[str]) -> Iterator[Record]:
        how = self.shape.described.fetch
        assert how is not None
        call = Call("list", self.shape.name, self._site.connection)
        facts = {"ids": how.join.join(ids)}
        listed = {"ids": [self.shape.written_id(i) for i in ids]}
        body, _ = self._line.send(
            call,
            "GET" if how.body is None else "POST",
            self._line.address(how.url, facts),
            params=fill(how.params, facts) if how.params else {},
            body=ABSENT if how.body is None else fill(how.body, listed),
        )
        wanted = set(ids)
        for entry in self._list(get(body, path(how.record)), how.record):
            raw = self.shape.inside(entry)
            if self.shape.id_of(raw) in wanted and not (self._how.deleted and holds(self._how.deleted, raw)):
                yield self.shape.record(raw)

    def searches(self, names: Iterable[str]) -> bool:
        """Whether the API can search by one of these fields."""
        return any(name in self.shape.described.search for name in names)

    def search(self, by: Values) -> list[Record]:
        """Records whose fields equal all of `by`. Trusts no filter: APIs ignore parameters that they do not know."""
        more: dict[str, Any] = {"params": {}, "facts": {}}
        for name, value in by.items():
            how = self.shape.described.search.get(name)
            if isinstance(how, str):
                more["params"][how] = value
            elif isinstance(how, By):
                more["params"] |= fill(how.params, {"value": value}) if how.params else {}
                more |= {"body": fill(how.body, {"value": value})} if how.body is not None else {}
        found: list[Record] = []
        for turn in self.walk(width=1).pages(self.ask(None, None, more)):
            page = self.page(turn.sheet, None)
            found += [r for r in page.records if all(_same(r.values.get(n), v) for n, v in by.items())]
            if len(found) >= _MOST_FOUND:
                break
        return found


def _position(paging: Paging, place: Mapping[str, Any], body: Any) -> dict[str, Any]:
    """The parameter of the position, unless the body carries it."""
    out: dict[str, Any] = {}
    for name, value in place.items():
        param = paging.param
        if param is None:
            param = "" if body is not None and name in holes(body) else _PARAMS[name]
        if param and value is not None:
            out[param] = value
    return out


def _same(found: Any, wanted: Any) -> bool:
    if found is None or wanted is None:
        return found is wanted
    return bool(found == wanted or text(found) == text(wanted))


def _object(body: Any) -> Any:
    return {} if body is ABSENT else body


def _zone(name: str) -> Any:
    from zoneinfo import ZoneInfo

    return ZoneInfo(name)
