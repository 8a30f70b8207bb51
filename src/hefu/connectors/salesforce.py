"""Salesforce, global and in China: any object with an external-id field, orders and opportunities with their lines.

What changed is asked by `SystemModstamp` and told with deletions and merges; what is written carries the hub's own id
in an external-id field, so that nothing is ever made twice. The org's daily calls are shared with all other programs:
each answer tells how many are left, and work that is not urgent stops before the last ones.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from hefu.connectors._salesforce_api import Api
from hefu.connectors._salesforce_bulk import Bulk
from hefu.connectors._salesforce_settings import COMMON, ObjectSettings, SalesforceSettings
from hefu.connectors._salesforce_shapes import LINE, STAMP, Shape, lines_named, lines_of, literal_of, shape_of
from hefu.connectors._salesforce_soql import (
    LONGEST,
    MOST_IDS,
    Cursor,
    Query,
    Row,
    any_of,
    filterable,
    lost,
    select,
    since,
)
from hefu.connectors._salesforce_write import READ, Writer
from hefu.core.connector import Connector, Settings, Site
from hefu.core.errors import HubError, Missing, Rejected, Unsupported
from hefu.core.records import ObjectSchema, Page, Record, Values, Write, Written

_ID = re.compile(r"[a-zA-Z0-9]{15}([A-Z0-5]{3})?\Z")
_ORDER = f"{STAMP}, Id"
_LARGE = 10_000


class Salesforce(Connector):
    """A line to one org."""

    name = "salesforce"
    settings_type = SalesforceSettings

    def __init__(self, settings: Settings, site: Site) -> None:
        super().__init__(settings, site)
        own: SalesforceSettings = self.settings
        self._api = Api(own, site)
        self._query = Query(self._api, own.page)
        self._bulk = Bulk(self._api, site, own.bulk_minutes)
        self._lock = threading.Lock()
        self._shapes: dict[str, Shape] = {}

    # -------------------------------------------------------------------- looking

    def check(self) -> None:
        """Logs in, and asks for the org's limits."""
        self._api.send("GET", "limits")

    def health(self) -> Mapping[str, str]:
        """The org's calls of the last 24 hours, and what a person should know of the log-in."""
        told = {"version": str(self.settings.version)}
        if self._api.usage is not None:
            told["calls"] = f"{self._api.usage[0]}/{self._api.usage[1]}"
        if self._api.door.rotated:
            told["login"] = "the app replaces refresh tokens: switch rotation off, or the next start is refused"
        return told

    def discover(self) -> Sequence[ObjectSchema]:
        """The objects of the settings, else the usual ones that this org has."""
        names: Sequence[str] = list(self.settings.objects)
        if not names:
            told = self._api.send("GET", "sobjects").data
            there = {str(o.get("name")) for o in told.get("sobjects") or () if o.get("queryable", True)}
            names = [n for n in COMMON if n in there]
        return [self._schema(self._load(name)) for name in names]

    def _schema(self, shape: Shape) -> ObjectSchema:
        return shape.schema(self.settings.token_field, _LARGE, self.settings.page)

    def _load(self, name: str) -> Shape:
        """Describe an object anew."""
        own: ObjectSettings = self.settings.objects.get(name) or ObjectSettings()
        child, parent = lines_named(name, own)
        lines = None
        if child:
            try:
                lines = lines_of(self._describe(child), parent)
            except Unsupported:
                lines = None
        shape = shape_of(self._describe(name), own, lines)
        with self._lock:
            self._shapes[name] = shape
        return shape

    def _describe(self, name: str) -> Mapping[str, Any]:
        if not re.fullmatch(r"\w{1,80}", name):
            raise self._unknown(name)
        try:
            told: Mapping[str, Any] = self._api.send("GET", f"sobjects/{name}/describe").data
        except (Missing, Unsupported) as error:
            if error.facts.get("status") != 404:
                raise
            raise self._unknown(name) from error
        return told

    def _unknown(self, name: str) -> Unsupported:
        known = ", ".join(self.settings.objects or COMMON)
        return Unsupported("salesforce.unknown_object", connection=self.site.connection, object=name, known=known)

    def _shape(self, name: str) -> Shape:
        if self.settings.objects and name not in self.settings.objects:
            raise self._unknown(name)
        return self._shapes.get(name) or self._load(name)

    # -------------------------------------------------------------------- reading

    def read(self, obj: str, since: str | None = None) -> Iterator[Page]:
        """Everything in the order of change, or what changed, with what was deleted and merged."""
        cursor = Cursor.parse(since, self.site.connection)
        if self.settings.objects and obj not in self.settings.objects:
            raise self._unknown(obj)
        return self._pages(obj, cursor)

    def _pages(self, obj: str, cursor: Cursor) -> Iterator[Page]:
        shape = self._shape(obj)
        try:
            yield from self._walk(shape, cursor)
        except Unsupported as error:
            if error.facts.get("said") not in ("INVALID_FIELD", "INVALID_TYPE"):
                raise
            again = self._load(obj)  # a field was renamed, or our right to it taken away, since we looked
            if again.columns() == shape.columns():
                raise
            yield from self._walk(again, cursor)

    def _walk(self, shape: Shape, cursor: Cursor) -> Iterator[Page]:
        low = cursor.at - timedelta(seconds=self.settings.overlap) if cursor.at else None
        both = low is not None and shape.lines is None and shape.has("IsDeleted")
        more = ["IsDeleted", *(["MasterRecordId"] if shape.merges else [])] if both else []
        last = (cursor.stamp, cursor.id)
        conditions = [*([f"{STAMP} >= {literal_of(low)}"] if low and last[0] else []), *since(low, last)]
        told = self._query.first(select(shape, conditions, more, _ORDER), deleted=both)
        began = cursor.began or told.at
        if low is None and not last[0] and self._large(shape, told.data):
            yield from self._in_bulk(shape, began)
            return
        while True:
            rows = [self._query.whole(row, shape.child) for row in told.data.get("records") or ()]
            page = self._page(shape, rows)
            if rows:
                last = (str(rows[-1][STAMP]), str(rows[-1]["Id"]))
            if told.data.get("done", True):
                break
            yield page._replace(cursor=Cursor(cursor.at, began, *last).text())
            try:
                told = self._query.next(told.data)
            except HubError as error:
                if not lost(error):
                    raise
                told = self._query.first(select(shape, since(low, last), more, _ORDER), deleted=both)
        end = Cursor(max(began, cursor.at) if cursor.at else began).text()
        if low is not None and not both:
            yield page._replace(cursor=None)
            page = Page([*self._by_lines(shape, low)], None, self._gone(shape, low))
        yield page._replace(cursor=end)

    def _large(self, shape: Shape, told: Mapping[str, Any]) -> bool:
        return shape.lines is None and int(told.get("totalSize") or 0) >= self.settings.bulk_read_above

    def _in_bulk(self, shape: Shape, began: datetime) -> Iterator[Page]:
        """A large object as one job, for a few calls instead of hundreds."""
        for rows in self._bulk.query(select(shape, [])):
            for start in range(0, len(rows), self.settings.page):
                yield Page([shape.record(row) for row in rows[start : start + self.settings.page]])
        yield Page([], Cursor(began).text())

    def _page(self, shape: Shape, rows: Sequence[Row]) -> Page:
        """Living records, ids that are gone; where some were merged away, the records that they live on in."""
        living = {str(r["Id"]): r for r in rows if not r.get("IsDeleted")}
        ended = [r for r in rows if r.get("IsDeleted")]
        merged = {str(r["Id"]): str(r["MasterRecordId"]) for r in ended if r.get("MasterRecordId")}
        gone = [str(r["Id"]) for r in ended if not r.get("MasterRecordId")]
        records = [shape.record(r) for r in living.values()]
        if merged:
            heirs = {r.id: r for r in self._heirs(shape, merged)}
            records = [r for r in records if r.id not in heirs] + list(heirs.values())
            kept = {alias for r in heirs.values() for alias in r.aliases}
            gone += [i for i in merged if i not in kept]
        return Page(records, None, gone)

    def _gone(self, shape: Shape, low: datetime) -> list[str]:
        """Ids of documents that were deleted since."""
        if not shape.has("IsDeleted"):
            return []
        text = f"SELECT Id FROM {shape.name} WHERE IsDeleted = true AND {STAMP} >= {literal_of(low)}"
        return [str(row["Id"]) for row in self._query.all(text, deleted=True)]

    def _by_lines(self, shape: Shape, low: datetime) -> Sequence[Record]:
        """Documents of which a line changed: their own stamp does not tell."""
        if shape.lines is None:
            return []
        parent = shape.lines.parent
        text = f"SELECT {parent} FROM {shape.lines.name} WHERE {STAMP} >= {literal_of(low)}"
        ids = dict.fromkeys(str(row[parent]) for row in self._query.all(text, deleted=True) if row.get(parent))
        return self._found(shape, list(ids))

    # ------------------------------------------------------------------ single records

    def fetch(self, obj: str, ids: Sequence[str]) -> Sequence[Record]:
        """2,000 a call (300 with lines). A merged id leads to the record that it lives on in."""
        shape = self._shape(obj)
        wanted = [i for i in dict.fromkeys(ids) if sound(i)]
        found = list(self._found(shape, wanted))
        missing = sorted(set(wanted) - {r.id for r in found})
        if missing and shape.merges:
            heirs = {r.id: r for r in self._heirs(shape, self._masters(shape, missing))}
            found = [r for r in found if r.id not in heirs] + list(heirs.values())
        return found

    def _found(self, shape: Shape, ids: Sequence[str]) -> Sequence[Record]:
        rows = list[Row]()
        width = MOST_IDS if shape.lines is not None or shape.settings.where else READ
        for start in range(0, len(ids), width):
            part = ids[start : start + width]
            if width == READ:
                asked = {"ids": part, "fields": shape.columns()}
                told = self._api.send("POST", f"composite/sobjects/{shape.name}", asked).data
                rows += [row for row in told or () if isinstance(row, dict) and row.get("Id")]
            else:
                rows += self._query.all(select(shape, [any_of("Id", part)]))
        return [shape.record(self._query.whole(row, shape.child)) for row in rows]

    def _masters(self, shape: Shape, ids: Sequence[str]) -> dict[str, str]:
        """Id of a record that was merged away -> the record that took it in."""
        merged: dict[str, str] = {}
        for start in range(0, len(ids), MOST_IDS):
            some = any_of("Id", ids[start : start + MOST_IDS])
            text = f"SELECT Id, MasterRecordId FROM {shape.name} WHERE IsDeleted = true AND {some}"
            rows = self._query.all(text, deleted=True)
            merged |= {str(r["Id"]): str(r["MasterRecordId"]) for r in rows if r.get("MasterRecordId")}
        return merged

    def _heirs(self, shape: Shape, merged: Mapping[str, str]) -> Iterator[Record]:
        """The records that these live on in, with the ids that lead to them. An heir may have been merged itself."""
        merged, known = dict(merged), dict[str, Record]()
        for _ in range(5):
            open_ids = sorted(set(merged.values()) - set(known) - set(merged))
            if not open_ids:
                break
            known |= {r.id: r for r in self._found(shape, open_ids)}
            merged |= self._masters(shape, [i for i in open_ids if i not in known])
        aliases: dict[str, list[str]] = {}
        for loser in merged:
            heir, steps = merged[loser], 0
            while heir in merged and steps < 5:
                heir, steps = merged[heir], steps + 1
            aliases.setdefault(heir, []).append(loser)
        for heir, losers in aliases.items():
            if heir in known:
                yield known[heir]._replace(aliases=tuple(losers))

    def search(self, obj: str, by: Values) -> Sequence[Record]:
        """By conditions, where the fields can be compared; else everything is read and sifted."""
        shape = self._shape(obj)
        if not by or not all(filterable(shape, name) for name in by):
            return super().search(obj, by)
        text = select(shape, [any_of(name, [value]) for name, value in by.items()], limit=20)
        if len(text) > LONGEST:
            return super().search(obj, by)
        records = [shape.record(self._query.whole(row, shape.child)) for row in self._query.all(text)]
        return [r for r in records if all(r.values.get(n) == v for n, v in by.items())]

    # -------------------------------------------------------------------- writing

    def write(self, obj: str, writes: Sequence[Write]) -> Sequence[Written | HubError]:
        """200 a call; as a bulk job from `bulk_above` on."""
        shape = self._shape(obj)
        token = shape.unique(self.settings.token_field)
        key = self.settings.token_field if token else shape.settings.external_id
        key = key if shape.unique(key) else ""
        return Writer(
            self._api,
            self._bulk,
            self.settings,
            self.site,
            shape,
            key,
            token,
            lambda ids: self._lines(shape, ids),
            lambda name, value: next((r.id for r in self.search(obj, {name: value})), None),
        ).run(writes)

    def _lines(self, shape: Shape, ids: Sequence[str]) -> Mapping[str, Mapping[str, Values]]:
        """Header id -> line id -> its values now."""
        inside, found = shape.lines, dict[str, dict[str, Values]]()
        if inside is None:
            return found
        for start in range(0, len(ids), MOST_IDS):
            names = [*inside.columns(), *([inside.parent] if inside.field(inside.parent) is None else [])]
            some = any_of(inside.parent, ids[start : start + MOST_IDS])
            for row in self._query.all(f"SELECT {', '.join(names)} FROM {inside.name} WHERE {some}"):
                line = {LINE: str(row["Id"]), **inside.record(row).values}
                found.setdefault(str(row[inside.parent]), {})[str(row["Id"])] = line
        return found

    def call(self, obj: str, action: str, record_id: str, args: Values) -> Written:
        """Activate an order or a contract: its last step from a draft."""
        shape = self._shape(obj)
        if action not in self._schema(shape).abilities.actions:
            raise Unsupported("salesforce.no_action", connection=self.site.connection, object=obj, action=action)
        asked = {"ids": [record_id], "fields": ["Id", "Status"]}
        rows = self._api.send("POST", f"composite/sobjects/{shape.name}", asked).data
        row = next((r for r in rows or () if isinstance(r, dict) and r.get("Id")), None)
        where: dict[str, Any] = {"connection": self.site.connection, "path": f"{obj} {action}"}
        if row is None:
            raise Missing("salesforce.missing", said="-", words="-", status=200, record=record_id, **where)
        if row.get("Status") != "Draft":
            raise Rejected("salesforce.wrong_state", field="Status", object=obj, state=str(row.get("Status")))
        body = {"Status": self.settings.activated}
        self._api.send("PATCH", f"sobjects/{shape.name}/{record_id}", body, writes=True, record=record_id)
        return Written(record_id)


def sound(record_id: str) -> bool:
    """Whether it can be an id: 15 characters, or 18 of which the last three say which of the others are capitals."""
    if not _ID.match(record_id):
        return False
    return len(record_id) == 15 or record_id[15:] == suffix(record_id[:15])


def suffix(short: str) -> str:
    """The three characters that make an id safe where upper and lower case count as one."""
    signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    parts = (short[n : n + 5] for n in (0, 5, 10))
    return "".join(signs[sum(1 << bit for bit, sign in enumerate(part) if "A" <= sign <= "Z")] for part in parts)


CONNECTOR = Salesforce

__all__ = ["CONNECTOR", "Salesforce", "SalesforceSettings"]
