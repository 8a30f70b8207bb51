"""Single calls: queries and their cursors, records by id or key, describe, what changed and what was deleted."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import quote, unquote

from hefu.sandbox.frame import Fault, Ledger, struck
from hefu.sandbox.salesforce import describe, rules, soql
from hefu.sandbox.salesforce.calls import Answer, Call
from hefu.sandbox.salesforce.find import Finder
from hefu.sandbox.salesforce.objects import Field, SObject, object_named
from hefu.sandbox.salesforce.org import Org
from hefu.sandbox.salesforce.saving import Hand
from hefu.sandbox.salesforce.values import Refused, instant, stamp, taken
from hefu.sandbox.shelf import Kept

PAGE = 2000
IDLE = timedelta(minutes=15)
TOO_LONG = 16_384
BIN = timedelta(days=15)
MISSING = "The requested resource does not exist"


@dataclass
class Cursor:
    """An open query: what was found when it was asked, and when it was last used."""

    finder: Finder
    found: list[str]
    size: int
    used: datetime


class Rest:
    """Single calls over one org. `hidden`: fields (Object.Field) whose right was taken from the integration's user."""

    def __init__(self, org: Org, ledger: Ledger, faults: list[Fault]) -> None:
        self.org, self.ledger, self.faults = org, ledger, faults
        self.cursors: dict[str, Cursor] = {}
        self.hidden: set[str] = set()

    # ----------------------------------------------------------------- queries

    def query(self, call: Call) -> Answer:
        """`query?q=...`, `queryAll?q=...` and the pages that follow."""
        kind, _, locator = call.path.partition("/")
        if locator:
            return self._next(call, kind, locator)
        text = call.query.get("q", "")
        if len(quote(text)) > TOO_LONG:
            return Answer(414, [{"errorCode": "URI_TOO_LONG", "message": "The request URI is too long"}])
        if struck(self.faults, "query_timeout"):
            raise Refused("QUERY_TIMEOUT", "Your query request was running for too long.")
        asked = soql.parse(text)
        finder = Finder(self.org, asked, call.base, deleted=kind.lower() == "queryall")
        self._seen(finder.obj, asked.columns)
        found = finder.ids()
        if asked.count:
            return Answer(200, {"totalSize": len(found), "done": True, "records": []})
        size = _batch_size(call.headers.get("sforce-query-options", ""))
        name = f"01g{self.org.shelf.number('cursor'):012d}AAA"
        self.cursors[name] = Cursor(finder, found, size, self.org.clock.now())
        return self._page(call, kind, name, 0)

    def _next(self, call: Call, kind: str, locator: str) -> Answer:
        name, _, place = locator.rpartition("-")
        cursor = self.cursors.get(name)
        stale = cursor is None or self.org.clock.now() - cursor.used > IDLE
        if stale or not place.isdecimal() or struck(self.faults, "locator"):
            self.cursors.pop(name, None)
            raise Refused("INVALID_QUERY_LOCATOR", "invalid query locator")
        return self._page(call, kind, name, int(place))

    def _page(self, call: Call, kind: str, name: str, place: int) -> Answer:
        cursor = self.cursors[name]
        cursor.used = self.org.clock.now()
        end = place + cursor.size
        told: dict[str, Any] = {"totalSize": len(cursor.found), "done": end >= len(cursor.found)}
        if told["done"]:
            del self.cursors[name]
        else:
            told["nextRecordsUrl"] = f"{call.base}/{kind}/{name}-{end}"
        return Answer(200, told | {"records": cursor.finder.records(cursor.found[place:end])})

    def _seen(self, obj: SObject, columns: tuple[Any, ...]) -> None:
        for column in columns:
            field = obj.field(column) if isinstance(column, str) else None
            if field is not None and f"{obj.name}.{field.name}" in self.hidden:
                raise Refused("INVALID_FIELD", f"No such column '{column}' on entity '{obj.name}'.")

    # ----------------------------------------------------------------- records

    def sobjects(self, call: Call) -> Answer:
        """Everything below `sobjects`."""
        parts = [unquote(p) for p in call.path.split("/")[1:]]
        if not parts:
            return Answer(200, describe.everything(call.base))
        obj = object_named(parts[0])
        if obj is None:
            raise Refused("NOT_FOUND", MISSING, status=404)
        if len(parts) == 1:
            return self._create(call, obj) if call.method == "POST" else self._brief(call, obj)
        if len(parts) == 2 and parts[1].lower() in ("describe", "updated", "deleted"):
            return {"describe": self._describe, "updated": self._updated, "deleted": self._deleted}[parts[1].lower()](
                call, obj
            )
        if len(parts) == 2:
            return self._by_id(call, obj, parts[1])
        return self._by_key(call, obj, parts[1], "/".join(parts[2:]))

    def _brief(self, call: Call, obj: SObject) -> Answer:
        latest = self.org.shelf.find(obj.name, "", 0, 20)[1]
        items = [{"attributes": {"type": obj.name, "url": self._url(call, obj, k.id)}, "Id": k.id} for k in latest]
        return Answer(200, {"objectDescribe": describe.brief(obj, call.base), "recentItems": items})

    def _describe(self, call: Call, obj: SObject) -> Answer:
        if "if-modified-since" in call.headers:
            return Answer(304)
        without = frozenset(n.partition(".")[2] for n in self.hidden if n.startswith(f"{obj.name}."))
        return Answer(200, describe.whole(obj, call.base, without))

    def _url(self, call: Call, obj: SObject, record_id: str) -> str:
        return f"{call.base}/sobjects/{obj.name}/{record_id}"

    def hand(self, call: Call) -> Hand:
        """The integration's user, as this call lets it act."""
        header = call.headers.get("sforce-duplicate-rule-header", "").lower()
        return Hand(self.org.integration, bypass="allowsave=true" in header)

    def insert(self, obj: SObject, given: dict[str, Any], hand: Hand) -> str:
        """A record made by a call: faults strike here, and it is counted."""
        self.trouble(obj, given)
        record_id = self.org.insert(obj, given, hand)
        self.ledger.wrote("create", obj.name, record_id)
        return record_id

    def update(self, obj: SObject, record_id: str, given: dict[str, Any], hand: Hand) -> str:
        """A record changed by a call."""
        self.trouble(obj, given)
        record_id = self.org.update(obj, record_id, given, hand)
        self.ledger.wrote("update", obj.name, record_id)
        return record_id

    def delete(self, obj: SObject, record_id: str, hand: Hand) -> str:
        """A record deleted by a call."""
        self.trouble(obj, {})
        record_id = self.org.delete(obj, record_id, hand)
        self.ledger.wrote("delete", obj.name, record_id)
        return record_id

    def upsert(self, obj: SObject, field: Field, value: Any, given: dict[str, Any], hand: Hand) -> tuple[str, bool]:
        """By external id: (id, whether it is new). Raises Refused, with 300 where the key is on several."""
        found = self.org.by_key(obj, field, taken(field, value))
        if len(found) > 1:
            raise Refused("MULTIPLE_CHOICES", "more than one record found for external id field", status=300)
        if found:
            return self.update(obj, found[0].id, given, hand), False
        return self.insert(obj, {**given, field.name: value}, hand), True

    def trouble(self, obj: SObject, given: dict[str, Any]) -> None:
        """What was ordered to befall the next record. Raises Refused."""
        for name in given:
            if f"{obj.name}.{name}" in self.hidden:
                raise Refused("INVALID_FIELD", f"No such column '{name}' on sobject of type {obj.name}")
        if struck(self.faults, "lock"):
            raise Refused("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")
        if struck(self.faults, "duplicate"):
            raise rules.duplicates([k.id for k in self.org.shelf.rows("Account", limit=1)])
        if struck(self.faults, "validation"):
            raise Refused("FIELD_CUSTOM_VALIDATION_EXCEPTION", "校验规则: 该记录暂不允许修改")
        if struck(self.faults, "trigger"):
            told = f"{obj.name}Trigger: execution of BeforeSave caused by: System.NullPointerException"
            raise Refused("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", told)
        if struck(self.faults, "readonly"):
            raise Refused("INSUFFICIENT_ACCESS_OR_READONLY", "insufficient access rights on object id")

    def _create(self, call: Call, obj: SObject) -> Answer:
        record_id = self.insert(obj, call.given, self.hand(call))
        where = {"Location": self._url(call, obj, record_id)}
        return Answer(201, {"id": record_id, "success": True, "errors": []}, where)

    def _by_id(self, call: Call, obj: SObject, record_id: str) -> Answer:
        kept = self.org.get(obj, record_id)
        if call.method == "GET":
            return self._told(call, obj, kept)
        _unmodified(call, kept)
        if call.method == "PATCH":
            self.update(obj, record_id, call.given, self.hand(call))
        elif call.method == "DELETE":
            self.delete(obj, record_id, self.hand(call))
        else:
            raise not_allowed(call)
        return Answer(204)

    def _by_key(self, call: Call, obj: SObject, name: str, value: str) -> Answer:
        field = obj.field(name)
        if field is None or not (field.external or field.name == "Id"):
            told = "Provided external ID field does not exist or is not accessible: "
            raise Refused("NOT_FOUND", told + name, status=404)
        if call.method == "PATCH":
            given = call.given
            if field.name in given or "Id" in given:
                told = f"The {field.name} field should not be specified in the sobject data."
                raise Refused("INVALID_FIELD", told, [field.name])
            record_id, new = self.upsert(obj, field, value, given, self.hand(call))
            return Answer(201 if new else 200, {"id": record_id, "success": True, "errors": [], "created": new})
        found = self.org.by_key(obj, field, taken(field, value))
        if not found:
            raise Refused("NOT_FOUND", MISSING, status=404)
        if call.method == "DELETE":
            self.delete(obj, found[0].id, self.hand(call))
            return Answer(204)
        return self._told(call, obj, found[0])

    def _told(self, call: Call, obj: SObject, kept: Kept) -> Answer:
        row = self.org.row(obj, kept)
        names = [n for n in call.query.get("fields", "").split(",") if n] or [*row]
        told: dict[str, Any] = {"attributes": {"type": obj.name, "url": self._url(call, obj, kept.id)}}
        for name in names:
            field = obj.field(name.strip())
            if field is None:
                raise Refused("INVALID_FIELD", f"No such column '{name}' on sobject of type {obj.name}")
            if f"{obj.name}.{field.name}" not in self.hidden:
                told[field.name] = row[field.name]
        return Answer(200, told)

    # ----------------------------------------------------------------- changes

    def _updated(self, call: Call, obj: SObject) -> Answer:
        start, end = self._window(call)
        rows = self.org.shelf.rows(obj.name, since=start, order="modified")
        found = [kept.id for kept in rows if kept.modified < end]
        return Answer(200, {"ids": found, "latestDateCovered": stamp(end)})

    def _deleted(self, call: Call, obj: SObject) -> Answer:
        start, end = self._window(call)
        earliest = self.org.clock.now() - BIN
        rows = self.org.shelf.rows(obj.name, since=max(start, earliest), order="modified", deleted=True)
        found = [{"id": k.id, "deletedDate": stamp(k.deleted)} for k in rows if k.deleted and k.deleted < end]
        told = {"earliestDateAvailable": stamp(earliest), "latestDateCovered": stamp(end)}
        return Answer(200, {"deletedRecords": found, **told})

    def _window(self, call: Call) -> tuple[datetime, datetime]:
        now = self.org.clock.now().replace(microsecond=0)
        try:
            start, end = instant(call.query["start"]), instant(call.query["end"])
        except (KeyError, ValueError):
            raise Refused("INVALID_REPLICATION_DATE", "start and end must be ISO 8601 date-times") from None
        if start >= end:
            raise Refused("INVALID_REPLICATION_DATE", "startDate must be before endDate")
        if start < now - timedelta(days=30):
            raise Refused("INVALID_REPLICATION_DATE", "startDate cannot be more than 30 days ago")
        return start, min(end, now + timedelta(seconds=1))


def not_allowed(call: Call) -> Refused:
    """A method that this address has not."""
    told = f"HTTP Method '{call.method}' not allowed. Allowed are HEAD,GET,PATCH,DELETE"
    return Refused("METHOD_NOT_ALLOWED", told, status=405)


def _unmodified(call: Call, kept: Kept) -> None:
    text = call.headers.get("if-unmodified-since")
    if text is None:
        return
    try:
        limit = parsedate_to_datetime(text)
    except ValueError:
        raise Refused("INVALID_HEADER", f"If-Unmodified-Since: {text}") from None
    if kept.modified.replace(microsecond=0) > limit:
        told = "One or more conditions given in the request header fields evaluated to false when tested on the server"
        raise Refused("PRECONDITION_FAILED", told, status=412)


def _batch_size(options: str) -> int:
    name, _, number = options.partition("=")
    if name.strip().lower() != "batchsize" or not number.strip().isdecimal():
        return PAGE
    return min(max(int(number), 200), PAGE)


def resources(call: Call) -> Answer:
    """What lies below a version."""
    names = ("query", "queryAll", "sobjects", "limits", "composite", "jobs")
    return Answer(200, {name: f"{call.base}/{name}" for name in names})
