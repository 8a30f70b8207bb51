"""Writing with the fewest calls: 200 records a call, documents with lines as graphs, thousands as a bulk job.

A new record carries the hub's id in an external-id field and is written by it (upsert): whatever is repeated after a
lost answer is the same record. A change is compared with what is there now and holds only what differs.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

from hefu.connectors._json import dumps
from hefu.connectors._salesforce_api import Api
from hefu.connectors._salesforce_bulk import Bulk, split
from hefu.connectors._salesforce_errors import of
from hefu.connectors._salesforce_graph import Graph, in_calls, nodes_of, send
from hefu.connectors._salesforce_settings import SalesforceSettings
from hefu.connectors._salesforce_shapes import STAMP, Shape, moment
from hefu.core.connector import Site
from hefu.core.errors import HubError, Missing, Rejected, Stale, Transient, Unanswered
from hefu.core.records import Values, Write, Written

EACH = 200
"""Records in one Collections call."""

READ = 2000
"""Records in one retrieve."""

_LOCKED = "UNABLE_TO_LOCK_ROW"
_TRIES = 3

Outcome = Written | HubError
Rows = Mapping[str, Mapping[str, Any]]


@dataclass
class Item:
    """One record to write. `body`: packed values that are to be sent.  `stamp`: of the record as it is now."""

    at: int
    write: Write
    body: dict[str, Any] = field(default_factory=dict)
    stamp: str = ""


class Writer:
    """Carries out the writes of one call. `lines`: header ids -> (header id -> line id -> values of that line)."""

    def __init__(
        self, api: Api, bulk: Bulk, settings: SalesforceSettings, site: Site, shape: Shape, key: str, token: bool,
        lines: Callable[[Sequence[str]], Mapping[str, Mapping[str, Values]]],
        find: Callable[[str, str], str | None],
    ) -> None:  # fmt: skip
        self._api, self._bulk, self._settings, self._site = api, bulk, settings, site
        self._shape, self._key, self._token, self._lines, self._find = shape, key, token, lines, find
        self._out: dict[int, Outcome] = {}
        self._where: dict[str, Any] = {"connection": site.connection, "path": f"composite/sobjects {shape.name}"}
        self._headers: dict[str, str] = {"Sforce-Call-Options": "client=hefu"}
        if settings.allow_duplicates:
            self._headers["Sforce-Duplicate-Rule-Header"] = "allowSave=true"
        if not settings.assignment_rules:
            self._headers["Sforce-Auto-Assign"] = "FALSE"

    def run(self, writes: Sequence[Write]) -> list[Outcome]:
        """One outcome per write, in order."""
        items = [Item(at, write) for at, write in enumerate(writes)]
        self._create([i for i in items if i.write.id is None])
        self._update([i for i in items if i.write.id is not None and i.write.values is not None])
        self._delete([i for i in items if i.write.id is not None and i.write.values is None])
        return [self._out[i.at] for i in items]

    # --------------------------------------------------------------------- creating

    def _create(self, items: Sequence[Item]) -> None:
        graphs, keyed, others = list[Graph](), list[Item](), list[Item]()
        for item in items:
            values = dict(item.write.values or {})
            try:
                lines = values.pop("lines", None) if self._shape.lines is not None else None
                item.body = self._shape.pack(values)
                if self._token and item.write.token:
                    item.body[self._key] = item.write.token
                if lines:
                    graphs.append(Graph(item.at, "", nodes_of(self._api, self._shape, "", item.body, lines, {})))
                elif self._key and item.body.get(self._key):
                    keyed.append(item)
                else:
                    others.append(item)
            except HubError as error:
                self._out[item.at] = error
        self._graphs(graphs, {i.at: str(i.body.get(self._key) or "") for i in items})
        if len(keyed) >= self._settings.bulk_above:
            self._in_bulk("upsert", keyed, self._key)
        else:
            path = f"composite/sobjects/{self._shape.name}/{self._key}"
            self._collections("PATCH", path, keyed, lambda i: i.body, key=self._key)
        self._collections("POST", "composite/sobjects", others, lambda i: i.body)

    def _graphs(self, graphs: Sequence[Graph], tokens: Mapping[int, str]) -> None:
        for call in in_calls(graphs):
            try:
                told = send(self._api, call, self._site.connection, self._headers)
            except HubError as error:
                told = dict.fromkeys((g.at for g in call), error)
            for at, outcome in told.items():
                self._out[at] = self._mine(outcome, tokens.get(at, ""))

    def _mine(self, outcome: Outcome, token: str) -> Outcome:
        """A new document that is there already, under our own id, is ours: an answer was lost before."""
        if isinstance(outcome, Rejected) and token and outcome.facts.get("said") == "DUPLICATE_VALUE":
            found = self._find(self._key, token)
            return Written(found) if found else outcome
        return outcome

    # --------------------------------------------------------------------- changing

    def _update(self, items: Sequence[Item]) -> None:
        plain, documents = list[Item](), list[tuple[Item, Sequence[Values]]]()
        for item in items:
            values = dict(item.write.values or {})
            try:
                lines = values.pop("lines", None) if self._shape.lines is not None else None
                item.body = self._shape.pack(values)
            except HubError as error:
                self._out[item.at] = error
                continue
            if lines is None:
                plain.append(item)
            else:
                documents.append((item, lines))
        try:
            fit = {i.at for i in self._compared([*plain, *(item for item, _ in documents)])}
        except HubError as error:
            fit = set()
            for item in [*plain, *(item for item, _ in documents)]:
                self._out[item.at] = error
        self._documents([(i, lines) for i, lines in documents if i.at in fit])
        plain = [i for i in plain if i.at in fit]
        for item in plain:
            if not item.body:
                self._out[item.at] = Written(str(item.write.id), None, item.stamp or None)
        plain = [i for i in plain if i.body]
        if len(plain) == 1:
            self._alone(plain[0])
        elif len(plain) >= self._settings.bulk_above:
            self._in_bulk("update", plain, "Id")
        else:
            self._collections("PATCH", "composite/sobjects", plain, lambda i: {"id": i.write.id, **i.body})

    def _compared(self, items: Sequence[Item]) -> Iterator[Item]:
        """Those whose record is as it was when we last looked; of their bodies, what differs. One call for 2,000."""
        asked = [i for i in items if i.write.expect]
        names = sorted(
            {n for i in asked for n in (*i.body, *(i.write.expect or {})) if self._shape.field(n)} - {"lines"}
        )
        rows = self._now([str(i.write.id) for i in asked], names)
        for item in items:
            if not item.write.expect:
                yield item
                continue
            row = rows.get(str(item.write.id))
            outcome = self._judged(item, row)
            if outcome is None:
                yield item
            else:
                self._out[item.at] = outcome

    def _judged(self, item: Item, row: Mapping[str, Any] | None) -> HubError | None:
        if row is None:
            return Missing("salesforce.missing", said="-", words="-", status=200, record=item.write.id, **self._where)
        now = self._shape.record(row).values
        for name, value in (item.write.expect or {}).items():
            if name in now and now[name] != value and (now[name] is not None or value != ""):
                return Stale("salesforce.stale", said=name, words="-", status=200, record=item.write.id, **self._where)
        item.stamp = str(row.get(STAMP) or "")
        sent = item.write.values or {}
        item.body = {n: v for n, v in item.body.items() if n not in now or now[n] != sent[n]}
        return None

    def _now(self, ids: Sequence[str], names: Sequence[str]) -> Rows:
        found: dict[str, Mapping[str, Any]] = {}
        for start in range(0, len(ids), READ):
            asked = {"ids": list(ids[start : start + READ]), "fields": ["Id", STAMP, *names]}
            rows = self._api.send("POST", f"composite/sobjects/{self._shape.name}", asked).data
            found |= {str(row["Id"]): row for row in rows or () if isinstance(row, dict) and row.get("Id")}
        return found

    def _alone(self, item: Item) -> None:
        """One record: the org itself refuses it if it has changed in a later second than we know of."""
        headers = dict(self._headers)
        if item.stamp:
            headers["If-Unmodified-Since"] = http_date(moment(item.stamp))
        record = str(item.write.id)
        path = f"sobjects/{self._shape.name}/{record}"
        for attempt in range(_TRIES + 1):
            try:
                self._api.send("PATCH", path, item.body, writes=True, record=record, headers=headers)
                self._out[item.at] = Written(record)
            except HubError as error:
                self._out[item.at] = error
                if error.facts.get("said") == _LOCKED and attempt < _TRIES:
                    self._site.sleep(2.0**attempt)
                    continue
            return

    def _documents(self, some: Sequence[tuple[Item, Sequence[Values]]]) -> None:
        if not some:
            return
        try:
            before = self._lines([str(item.write.id) for item, _ in some])
        except HubError as error:
            self._out |= {item.at: error for item, _ in some}
            return
        graphs = []
        for item, lines in some:
            record = str(item.write.id)
            try:
                nodes = nodes_of(self._api, self._shape, record, item.body, lines, before.get(record, {}))
            except HubError as error:
                self._out[item.at] = error
                continue
            if nodes:
                graphs.append(Graph(item.at, record, nodes))
            else:
                self._out[item.at] = Written(record)
        self._graphs(graphs, {})

    # --------------------------------------------------------------------- deleting

    def _delete(self, items: Sequence[Item]) -> None:
        if len(items) >= self._settings.bulk_above:
            self._in_bulk("delete", items, "Id")
            return
        for start in range(0, len(items), EACH):
            part = items[start : start + EACH]
            params = {"ids": ",".join(str(i.write.id) for i in part), "allOrNone": "false"}
            self._results(part, "DELETE", "composite/sobjects", None, params)

    # ------------------------------------------------------------------ many at once

    def _collections(
        self, method: str, path: str, items: Sequence[Item], body: Callable[[Item], Mapping[str, Any]], key: str = ""
    ) -> None:
        """200 a call; a record that another program holds just now is sent again by itself, a few times."""
        left = list(items)
        for attempt in range(_TRIES + 1):
            for part in _parts(left, key):
                records = [{"attributes": {"type": self._shape.name}, **body(i)} for i in part]
                self._results(part, method, path, {"allOrNone": False, "records": records})
            left = [i for i in left if _locked(self._out.get(i.at))]
            if not left or attempt == _TRIES:
                return
            self._site.sleep(2.0**attempt)

    def _results(
        self, part: Sequence[Item], method: str, path: str, body: Any, params: Mapping[str, str] | None = None
    ) -> None:
        try:
            told = self._api.send(method, path, body, writes=True, params=params, headers=self._headers).data
            if not isinstance(told, list) or len(told) != len(part):
                raise Unanswered("salesforce.fault", said="-", words="-", status=200, **self._where)
        except HubError as error:
            self._out |= {i.at: error for i in part}
            return
        for item, one in zip(part, told, strict=True):
            if one.get("success"):
                self._out[item.at] = Written(str(one.get("id") or item.write.id))
            else:
                errors = one.get("errors") or [{}]
                self._out[item.at] = of(errors[0], writes=True, record=str(item.write.id or ""), **self._where)

    def _in_bulk(self, operation: str, items: Sequence[Item], key: str) -> None:
        """As one job (or a few); rows are known by their key, for results come in any order."""
        names = [key, *sorted({n for i in items for n in i.body} - {key})]
        bodies = [{"Id": i.write.id, **i.body} for i in items]
        sizes = [len(dumps(body)) for body in bodies]
        for part in split(sizes):
            some = items[part]
            rows = [[body.get(n, "") if n in body else "" for n in names] for body in bodies[part]]
            by_key = {str(body[key]): item for body, item in zip(bodies[part], some, strict=True)}
            try:
                good, bad, left = self._bulk.ingest(self._shape.name, operation, names, rows, key)
            except HubError as error:
                self._out |= {i.at: error for i in some}
                continue
            for row in good:
                if row.get(key) in by_key:
                    self._out[by_key[row[key]].at] = Written(str(row.get("sf__Id") or row[key]))
            for row in bad:
                code, _, words = str(row.get("sf__Error") or "-").partition(":")
                named = words.rpartition(":")[2].split(" --")[0].strip()
                told = {"statusCode": code, "message": words, "fields": named.split(", ") if named else []}
                if row.get(key) in by_key:
                    item = by_key[str(row[key])]
                    self._out[item.at] = of(told, writes=True, record=str(item.write.id or ""), **self._where)
            for row in left:
                if row.get(key) in by_key:
                    self._out[by_key[row[key]].at] = Transient("salesforce.bulk_left", after=60.0, **self._where)
            for item in some:
                self._out.setdefault(
                    item.at, Unanswered("salesforce.bulk_lost", connection=self._site.connection, job="-")
                )


def _parts(items: Sequence[Item], key: str) -> Iterator[list[Item]]:
    """By 200, and no key twice in one call: they refuse both rows then."""
    part, keys = list[Item](), set[str]()
    for item in items:
        mine = str(item.body.get(key)) if key else ""
        if len(part) == EACH or (key and mine in keys):
            yield part
            part, keys = [], set()
        part.append(item)
        keys.add(mine)
    if part:
        yield part


def _locked(outcome: Outcome | None) -> bool:
    return isinstance(outcome, Transient) and outcome.facts.get("said") == _LOCKED


def http_date(at: datetime) -> str:
    """An instant as an HTTP date (whole seconds); rounded up, or the record's own stamp would count as later."""
    whole = datetime.fromtimestamp(math.floor(at.timestamp()), UTC)
    return format_datetime(whole if whole == at else whole + timedelta(seconds=1), usegmt=True)
