"""sObject Collections: up to two hundred records in one call, an answer for each, in their order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

from hefu.sandbox.frame import Fault, struck
from hefu.sandbox.salesforce.calls import Answer, Call
from hefu.sandbox.salesforce.objects import Field, SObject, object_named, object_of
from hefu.sandbox.salesforce.rest import Rest, not_allowed
from hefu.sandbox.salesforce.values import Refused, taken

MOST, MOST_READ, CHUNKS = 200, 2000, 10
ROLLED_BACK = ("ALL_OR_NONE_OPERATION_ROLLED_BACK", "Record rolled back because not all records were valid")


class RolledBack(Exception):
    """Takes the transaction back; `answer` is what is said instead."""

    def __init__(self, answer: Answer) -> None:
        super().__init__("rolled back")
        self.answer = answer


class Collections:
    """Calls below `composite/sobjects`."""

    def __init__(self, rest: Rest, faults: list[Fault]) -> None:
        self.rest, self.faults = rest, faults

    def serve(self, call: Call) -> Answer:
        """One of them."""
        parts = call.path.split("/")[2:]
        if not parts and call.method in ("POST", "PATCH"):
            return self._save(call)
        if not parts and call.method == "DELETE":
            wanted = [i for i in call.query.get("ids", "").split(",") if i]
            _few(wanted)
            return self._each(wanted, call.query.get("allOrNone") == "true", lambda i: self._delete(call, i))
        obj = object_named(parts[0]) if parts else None
        if obj is None:
            raise Refused("NOT_FOUND", "The requested resource does not exist", status=404)
        if len(parts) == 1 and call.method in ("POST", "GET"):
            return self._read(call, obj)
        if len(parts) == 2 and call.method == "PATCH":
            return self._upsert(call, obj, parts[1])
        raise not_allowed(call)

    def _save(self, call: Call) -> Answer:
        given = call.given
        records = _records(given)
        types = [_type(record) for record in records]
        chunks = sum(1 for n, name in enumerate(types) if n == 0 or types[n - 1] != name)
        if chunks > CHUNKS:
            raise Refused("LIMIT_EXCEEDED", f"{chunks} chunks of different types; at most {CHUNKS} are allowed")
        save = self._create if call.method == "POST" else self._update
        return self._each(records, bool(given.get("allOrNone")), lambda record: save(call, record))

    def _create(self, call: Call, record: dict[str, Any]) -> dict[str, Any]:
        return _saved(self.rest.insert(_object(record), _values(record), self.rest.hand(call)))

    def _update(self, call: Call, record: dict[str, Any]) -> dict[str, Any]:
        values = _values(record)
        record_id = str(values.pop("id", None) or values.pop("Id", None) or "")
        if not record_id:
            raise Refused("MISSING_ARGUMENT", "Id not specified in an update call")
        return _saved(self.rest.update(_object(record), record_id, values, self.rest.hand(call)))

    def _delete(self, call: Call, record_id: str) -> dict[str, Any]:
        obj = object_of(record_id)
        if obj is None:
            raise Refused("MALFORMED_ID", f"malformed id {record_id}")
        return _saved(self.rest.delete(obj, record_id, self.rest.hand(call)))

    def _upsert(self, call: Call, obj: SObject, name: str) -> Answer:
        field = obj.field(name)
        if field is None or not (field.external or field.name == "Id"):
            raise Refused("NOT_FOUND", f"Provided external ID field does not exist or is not accessible: {name}")
        given, hand = call.given, self.rest.hand(call)
        records = _records(given)
        if any(_type(record) != obj.name for record in records):
            raise Refused("INVALID_INPUT", "all records of an upsert must be of one type")
        keys = [_key(record, field) for record in records]

        def save(record: dict[str, Any]) -> dict[str, Any]:
            key = _key(record, field)
            if key is None:
                raise Refused("MISSING_ARGUMENT", f"{field.name} not specified")
            if keys.count(key) > 1:
                raise Refused("DUPLICATE_VALUE", f"Duplicate external id specified: {key}", [field.name])
            values = {n: v for n, v in _values(record).items() if n.lower() != field.name.lower()}
            record_id, new = self.rest.upsert(obj, field, key, values, hand)
            return _saved(record_id) | {"created": new}

        return self._each(records, bool(given.get("allOrNone")), save)

    def _each(self, items: list[Any], all_or_none: bool, do: Callable[[Any], dict[str, Any]]) -> Answer:
        """One after the other in one transaction; a failed one spoils the others only when that was asked for."""
        half = len(items) // 2 if struck(self.faults, "partial") else len(items)
        told: list[dict[str, Any]] = []
        good, counted = True, Counter(self.rest.ledger.writes)
        try:
            with self.rest.org.shelf.change():
                for n, item in enumerate(items):
                    try:
                        if n >= half:
                            raise Refused("UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record")
                        told.append(do(item))
                    except Refused as refused:
                        good = False
                        told.append({"success": False, "errors": [refused.told("statusCode")]})
                if all_or_none and not good:
                    undone = {"statusCode": ROLLED_BACK[0], "message": ROLLED_BACK[1], "fields": []}
                    told = [t if not t["success"] else {"success": False, "errors": [undone]} for t in told]
                    raise RolledBack(Answer(200, told))
        except RolledBack as back:
            self.rest.ledger.writes = counted
            return back.answer
        return Answer(200, told)

    def _read(self, call: Call, obj: SObject) -> Answer:
        given = (
            call.given if call.method == "POST" else {n: call.query.get(n, "").split(",") for n in ("ids", "fields")}
        )
        wanted, names = given.get("ids") or [], given.get("fields") or []
        if len(wanted) > MOST_READ:
            raise Refused("LIMIT_EXCEEDED", f"at most {MOST_READ} ids are allowed")
        fields = [obj.field(str(name)) for name in names]
        if None in fields:
            raise Refused(
                "INVALID_FIELD", f"No such column '{names[fields.index(None)]}' on sobject of type {obj.name}"
            )
        told: list[dict[str, Any] | None] = []
        for record_id in wanted:
            try:
                kept = self.rest.org.get(obj, str(record_id))
            except Refused:
                told.append(None)
                continue
            row = self.rest.org.row(obj, kept)
            about = {"type": obj.name, "url": f"{call.base}/sobjects/{obj.name}/{kept.id}"}
            told.append({"attributes": about, "Id": kept.id} | {f.name: row[f.name] for f in fields if f})
        return Answer(200, told)


def _records(given: dict[str, Any]) -> list[dict[str, Any]]:
    records = given.get("records")
    if not isinstance(records, list) or not records or not all(isinstance(r, dict) for r in records):
        raise Refused("INVALID_INPUT", "records: a list of records is wanted")
    _few(records)
    return records


def _few(items: list[Any]) -> None:
    if len(items) > MOST:
        raise Refused("EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {MOST} records")


def _type(record: dict[str, Any]) -> str:
    about = record.get("attributes")
    found = object_named(str(about.get("type", ""))) if isinstance(about, dict) else None
    return found.name if found else ""


def _object(record: dict[str, Any]) -> SObject:
    found = object_named(_type(record))
    if found is None:
        raise Refused("INVALID_TYPE", "Object type is not specified or not known: attributes.type")
    return found


def _values(record: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in record.items() if name != "attributes"}


def _key(record: dict[str, Any], field: Field) -> Any:
    value = next((v for n, v in record.items() if n.lower() == field.name.lower()), None)
    return None if value is None else taken(field, value)


def _saved(record_id: str) -> dict[str, Any]:
    return {"id": record_id, "success": True, "errors": []}
