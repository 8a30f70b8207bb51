"""Writing one object: one by one or in batches, patch or whole record, with an outcome for each that is sure.

After a good status the write happened, whatever else the answer lacks; after a lost answer nobody knows. Both are said
as they are, since a wrong "it failed" makes duplicates.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hefu.connectors._rest_errors import Call, Judge
from hefu.connectors._rest_line import Line
from hefu.connectors._rest_paths import ABSENT, Path, fill, get, path, put, text
from hefu.connectors._rest_read import Reader
from hefu.connectors._rest_settings import Operation
from hefu.connectors._rest_values import Shape
from hefu.core.connector import Answer, Site
from hefu.core.errors import Denied, HubError, Rejected, Stale, Transient, Unanswered, Unsupported
from hefu.core.records import Values, Write, Written

Outcome = Written | HubError
_NO_HEADERS = Answer(200, {}, b"")
_METHODS = {"create": "POST", "update": "PATCH", "delete": "DELETE"}


@dataclass(frozen=True)
class Way:
    """One operation with its paths and its judge made ready, so that no record of a batch pays for them."""

    kind: str
    how: Operation
    judge: Judge
    wrap: Path
    record: Path | None
    id: Path | None
    id_in: Path | None
    version_in: Path | None
    results: Path | None
    result_record: Path | None
    result_id: Path | None
    result_key: Path | None
    sent_key: Path

    @classmethod
    def of(cls, kind: str, how: Operation, judge: Judge) -> Way:
        """Compile an operation."""

        def steps(where: str | None) -> Path | None:
            return None if where is None else path(where)

        return cls(
            kind,
            how,
            Judge(how.errors) if how.errors else judge,
            path(how.wrap),
            steps(how.record),
            steps(how.id),
            steps(how.id_in or None),
            steps(how.version_in or None),
            steps(how.results),
            steps(how.result_record),
            steps(how.result_id),
            steps(how.result_key),
            () if how.sent_key in (None, "index") else path(how.sent_key or ""),
        )

    @property
    def method(self) -> str:
        """As described, else by what it does."""
        return self.how.method or _METHODS[self.kind]


class Writer:
    """Writes one object."""

    def __init__(self, shape: Shape, line: Line, reader: Reader, site: Site, judge: Judge) -> None:
        self._shape, self._line, self._reader, self._site = shape, line, reader, site
        described = ((kind, getattr(shape.described, kind)) for kind in _METHODS)
        self._ways = {kind: Way.of(kind, how, judge) for kind, how in described if how is not None}

    def write(self, writes: Sequence[Write]) -> list[Outcome]:
        """One outcome per write, in order; after the first sign that calls are useless the rest is not sent."""
        outcomes: dict[int, Outcome] = {}
        stop: HubError | None = None
        for kind, places in self._chunks(writes):
            if stop is None:
                done = self._do(kind, [writes[i] for i in places])
                stop = next((o for o in done if isinstance(o, Transient | Denied)), None)
            else:
                done = [stop] * len(places)
            outcomes.update(zip(places, done, strict=True))
        return [outcomes[i] for i in range(len(writes))]

    def _chunks(self, writes: Sequence[Write]) -> list[tuple[str, list[int]]]:
        """Neighbours of one kind together, no more than the operation takes at once."""
        chunks: list[tuple[str, list[int]]] = []
        for i, w in enumerate(writes):
            kind = "create" if w.id is None else "delete" if w.values is None else "update"
            way = self._ways.get(kind)
            if chunks and way is not None and chunks[-1][0] == kind and len(chunks[-1][1]) < way.how.batch:
                chunks[-1][1].append(i)
            else:
                chunks.append((kind, [i]))
        return chunks

    def _do(self, kind: str, writes: list[Write]) -> list[Outcome]:
        way = self._ways.get(kind)
        if way is None:
            code = "connector.read_only" if kind != "delete" else "rest.no_delete"
            error = Unsupported(code, connection=self._site.connection, object=self._shape.name)
            return [error] * len(writes)
        if way.how.batch > 1 and kind != "delete":
            return self._batch(way, writes)
        return [self._tried(way, w) for w in writes]

    # ---------------------------------------------------------------------- single

    def _tried(self, way: Way, w: Write) -> Outcome:
        try:
            return self._single(way, w)
        except HubError as error:
            return error

    def _call(self, way: Way, w: Write) -> Call:
        conditional = w.version is not None and (way.how.if_match or way.version_in is not None)
        kind = "create" if way.kind == "create" else "write"
        return Call(kind, self._shape.name, self._site.connection, conditional, w.id or "")

    def _single(self, way: Way, w: Write) -> Written:
        how = way.how
        item = None if way.kind == "delete" else self._item(way, w)
        version, body = w.version, ABSENT
        if item is not None:
            if way.kind == "update" and (how.shape == "full" or self._touches_whole(how, w)):
                item, version = self._merged(how, item, w)
            body = put(copy.deepcopy(how.extra), way.wrap, item)
        elif how.extra:
            body = fill(how.extra, self._facts(w))
        answered, answer = self._line.send(
            self._call(way, w),
            way.method,
            self._line.address(how.url, self._facts(w)),
            body=body,
            form=how.send == "form",
            headers=self._headers(how, w, version),
            judge=way.judge,
        )
        return self._written(w, item, answered, answer, way.record, way.id)

    def _facts(self, w: Write) -> dict[str, Any]:
        return {"id": w.id or "", "token": w.token, "version": w.version or ""}

    def _headers(self, how: Operation, w: Write, version: str | None) -> dict[str, str]:
        headers = {"If-Match": version} if how.if_match and version is not None else {}
        if how.idempotency_header and w.token:
            headers[how.idempotency_header] = w.token
        return headers

    def _item(self, way: Way, w: Write) -> dict[str, Any]:
        """What the body says of one record."""
        values: Values = w.values or {}
        mark = self._shape.described.token_field
        if way.kind == "create" and w.token and mark:
            values = {**values, mark: w.token}
        item = self._shape.body(values)
        if w.id is not None and way.id_in is not None:
            put(item, way.id_in, self._shape.written_id(w.id))
        if w.version is not None and way.version_in is not None:
            put(item, way.version_in, int(w.version) if w.version.isdigit() else w.version)
        return item

    def _touches_whole(self, how: Operation, w: Write) -> bool:
        return how.nested == "whole" and bool(self._shape.roots(w.values or {}))

    def _merged(self, how: Operation, item: dict[str, Any], w: Write) -> tuple[dict[str, Any], str | None]:
        """The record as it is now with our values in it (or only its nested objects that we touch)."""
        now, etag = self._reader.raw(w.id or "")
        version = self._shape.version(now, etag)
        if w.version is not None and version is not None and version != w.version:
            raise Stale(
                "rest.stale",
                connection=self._site.connection,
                object=self._shape.name,
                record=w.id,
                status="-",
                said="-",
                message=f"version {version}",
            )
        whole = copy.deepcopy(now)
        _overlay(whole, item)
        if how.shape == "full":
            for unwanted in how.drop:
                _drop(whole, path(unwanted))
            return whole, version
        roots = self._shape.roots(w.values or {})
        return {n: whole[n] if n in roots else v for n, v in item.items()}, version

    def _written(
        self, w: Write, item: Any, answered: Any, answer: Answer, record: Path | None, new_id: Path | None
    ) -> Written:
        """What the answer says is stored now. `record`, `new_id`: where in it."""
        stored = get(answered, record, None) if record is not None else None
        if isinstance(stored, list):
            stored = stored[0] if len(stored) == 1 else None
        record_id = w.id or self._new_id(item, stored, answered, answer, new_id)
        etag = answer.headers.get("etag")
        if not isinstance(stored, dict):
            return Written(record_id, None, etag if self._shape.described.etag else None)
        values = self._shape.values(stored)
        return Written(record_id, values, self._shape.version(stored, etag), self._shape.modified(stored))

    def _new_id(self, item: Any, stored: Any, answered: Any, answer: Answer, where: Path | None) -> str:
        """The id of a record just created: in the answer, its Location, or what we sent as id ourselves."""
        found = get(answered, where, None) if where is not None else None
        if found is None and isinstance(stored, dict):
            found = self._shape.id_of(stored)
        if found is None and "location" in answer.headers:
            found = answer.headers["location"].split("?")[0].rstrip("/").rpartition("/")[2]
        if found in (None, ""):
            found = self._shape.id_of(item) if isinstance(item, dict) else None
        if found in (None, ""):
            raise Unanswered("rest.no_new_id", connection=self._site.connection, object=self._shape.name)
        return text(found)

    # ---------------------------------------------------------------------- batch

    def _batch(self, way: Way, writes: list[Write]) -> list[Outcome]:
        """One call; what our own side refuses is left out of it."""
        items: list[Any] = []
        for w in writes:
            try:
                items.append(self._item(way, w))
            except HubError as error:
                items.append(error)
        good = [i for i, item in enumerate(items) if not isinstance(item, HubError)]
        sent = self._sent(way, [writes[i] for i in good], [items[i] for i in good]) if good else []
        done = dict(zip(good, sent, strict=True))
        return [done.get(i, items[i]) for i in range(len(writes))]

    def _sent(self, way: Way, writes: list[Write], items: list[Any]) -> list[Outcome]:
        try:
            answered, _ = self._line.send(
                self._call(way, writes[0]._replace(id=None) if len(writes) > 1 else writes[0]),
                way.method,
                self._line.address(way.how.url, self._facts(writes[0])),
                body=put(copy.deepcopy(way.how.extra), way.wrap, items),
                judge=way.judge,
            )
        except Rejected as error:
            return self._halves(way, writes, items, error)
        except HubError as error:
            return [error] * len(writes)
        return self._outcomes(way, writes, items, answered)

    def _halves(self, way: Way, writes: list[Write], items: list[Any], error: Rejected) -> list[Outcome]:
        """A batch refused as a whole for one bad record: the halves tell which."""
        if len(writes) == 1:
            return [error]
        if not way.how.atomic:
            unknown = Unanswered("rest.batch_unknown", connection=self._site.connection, object=self._shape.name)
            return [unknown] * len(writes)
        middle = len(writes) // 2
        first = self._sent(way, writes[:middle], items[:middle])
        return first + self._sent(way, writes[middle:], items[middle:])

    def _outcomes(self, way: Way, writes: list[Write], items: list[Any], answered: Any) -> list[Outcome]:
        if way.results is None:
            return [self._from_sent(w, item) for w, item in zip(writes, items, strict=True)]
        results = get(answered, way.results, None)
        found = self._in_order(way, items, results) if isinstance(results, list) else None
        if found is None:
            told = len(results) if isinstance(results, list) else "no"
            unknown = Unanswered(
                "rest.results_differ",
                connection=self._site.connection,
                object=self._shape.name,
                sent=len(writes),
                told=told,
            )
            return [unknown] * len(writes)
        return [self._result(way, w, i, r) for w, i, r in zip(writes, items, found, strict=True)]

    def _in_order(self, way: Way, items: list[Any], results: list[Any]) -> list[Any] | None:
        """The results in the order of what was sent; one that is missing is ABSENT. None: they cannot be matched."""
        if way.result_key is None:
            return results if len(results) == len(items) else None
        by_key = {_key(get(r, way.result_key, None)): r for r in results}
        if way.how.sent_key in (None, "index"):
            keys = [str(i) for i in range(len(items))]
        else:
            keys = [_key(get(item, way.sent_key, None)) for item in items]
        return [by_key.get(key, ABSENT) for key in keys] if len(set(keys)) == len(keys) else None

    def _result(self, way: Way, w: Write, item: Any, result: Any) -> Outcome:
        if result is ABSENT:
            return Unanswered("rest.no_result", connection=self._site.connection, object=self._shape.name)
        verdict = way.judge.refuses(result)
        if verdict is not None:
            return way.judge.refusal(verdict, result, self._call(way, w))
        try:
            return self._written(w, item, result, _NO_HEADERS, way.result_record, way.result_id)
        except HubError as trouble:
            return trouble

    def _from_sent(self, w: Write, item: Any) -> Outcome:
        """An answer without results: all were taken; the id is ours."""
        record_id = w.id or (self._shape.id_of(item) if isinstance(item, dict) else None)
        if record_id is None:
            return Unanswered("rest.no_new_id", connection=self._site.connection, object=self._shape.name)
        return Written(record_id)

    # ---------------------------------------------------------------------- actions

    def call(self, action: str, record_id: str, args: Values) -> Written:
        """A status step."""
        how = self._shape.described.actions.get(action)
        if how is None:
            raise Unsupported(
                "connector.no_action", connection=self._site.connection, object=self._shape.name, action=action
            )
        facts = {"id": record_id, **args}
        answered, answer = self._line.send(
            Call("action", self._shape.name, self._site.connection, record=record_id),
            how.method,
            self._line.address(how.url, facts),
            body=ABSENT if how.body is None else fill(how.body, facts),
        )
        stored = get(answered, path(how.record), None) if how.record is not None else None
        if not isinstance(stored, dict):
            return Written(record_id)
        etag = answer.headers.get("etag")
        return Written(
            record_id, self._shape.values(stored), self._shape.version(stored, etag), self._shape.modified(stored)
        )


def _key(value: Any) -> str:
    return "" if value is None else text(value)


def _overlay(whole: dict[str, Any], part: dict[str, Any]) -> None:
    """Our values into the record as it is; a list is replaced as one value."""
    for name, value in part.items():
        inner = whole.get(name)
        if isinstance(inner, dict) and isinstance(value, dict):
            _overlay(inner, value)
        else:
            whole[name] = value


def _drop(body: Any, steps: tuple[Any, ...]) -> None:
    holder = get(body, steps[:-1], None)
    if isinstance(holder, dict):
        holder.pop(steps[-1], None)
