"""The org's records: what may be saved, what the org makes of it, soft deletes with what hangs below, merges."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hefu.sandbox.frame import Clock
from hefu.sandbox.salesforce import ids, rules
from hefu.sandbox.salesforce.objects import CHILDREN, OBJECTS, Field, SObject, object_named
from hefu.sandbox.salesforce.saving import Hand
from hefu.sandbox.salesforce.values import Refused, stamp, taken
from hefu.sandbox.shelf import Kept, Shelf

USERS = ("集成用户", "陈思琪", "刘洋", "王婷", "赵建国", "周浩然", "孙雪梅", "张敏")
STANDARD_BOOK = ids.make("01s", 1)
INDEXED = ("HubKey__c", "AccountId", "OpportunityId", "OrderId", "Product2Id", "ParentId", "Pricebook2Id", "ContractId")
_TAKEN = "duplicate value found: {} duplicates value on record with id: {}"


class Org:
    """All records. `duplicates`: what the duplicate rule on accounts does: "" nothing, "alert", "block"."""

    def __init__(self, path: str = ":memory:", clock: Clock | None = None) -> None:
        self.shelf = Shelf(path, clock, {"record": INDEXED}, title="title")
        self.clock = self.shelf.clock
        self.duplicates = ""
        self.users = {name: ids.make("005", n) for n, name in enumerate(USERS, 1)}
        self.integration = self.users[USERS[0]]
        if not self.shelf.count("User"):
            now = self.clock.now()
            self.shelf.load("User", [(i, _user(n, name, i, stamp(now)), now) for n, (name, i) in self._people()])
            self._standard_book(now)

    def _standard_book(self, at: datetime) -> None:
        """Every org has one from its first day; nobody can make another."""
        stamps = {"CreatedDate": stamp(at), "CreatedById": self.integration}
        stamps |= {"LastModifiedDate": stamp(at), "LastModifiedById": self.integration}
        book = {"Name": "标准价格手册", "IsActive": True, "IsStandard": True, "title": "标准价格手册"}
        self.shelf.load("Pricebook2", [(STANDARD_BOOK, book | stamps, at)])
        self.shelf.number("Pricebook2", 1)

    def _people(self) -> list[tuple[int, tuple[str, str]]]:
        return list(enumerate(self.users.items(), 1))

    def close(self) -> None:
        """Close the file."""
        self.shelf.close()

    # ---------------------------------------------------------------- reading

    def row(self, obj: SObject, kept: Kept) -> dict[str, Any]:
        """Every field of a record as answers print it."""
        doc = kept.doc
        row: dict[str, Any] = {f.name: doc.get(f.name) for f in obj.fields if f.type != "address"}
        row |= {"Id": kept.id, "IsDeleted": kept.deleted is not None, "SystemModstamp": stamp(kept.modified)}
        for field in obj.fields:
            if field.type == "boolean" and row[field.name] is None:
                row[field.name] = False
            elif field.type == "address":
                row[field.name] = _address(row, field.name.removesuffix("Address"))
        return row

    def get(self, obj: SObject, record_id: str, fields: tuple[str, ...] = ()) -> Kept:
        """A live record. Raises Refused."""
        kept = self.shelf.kept(obj.name, _whole(record_id))
        if kept is None:
            raise Refused("NOT_FOUND", "The requested resource does not exist", fields, 404)
        if kept.deleted:
            raise Refused("ENTITY_IS_DELETED", "entity is deleted", fields, 404)
        return kept

    def by_key(self, obj: SObject, field: Field, value: Any) -> list[Kept]:
        """Live records that carry this value in an external-id field."""
        return self.shelf.rows(obj.name, by={field.name: value})

    # ---------------------------------------------------------------- writing

    def insert(self, obj: SObject, given: Mapping[str, Any], hand: Hand) -> str:
        """A new record; its id. Raises Refused."""
        with self.shelf.change():
            doc = self._checked(obj, given, None)
            missing = [f.name for f in obj.fields if f.required and doc.get(f.name) is None]
            if missing:
                told = f"Required fields are missing: [{', '.join(missing)}]"
                raise Refused("REQUIRED_FIELD_MISSING", told, missing)
            for field in obj.fields:
                if field.default is not None and doc.get(field.name) is None:
                    doc[field.name] = field.default
            rules.before(self, obj, doc, None, hand)
            now = stamp(self.clock.now())
            if obj.field("OwnerId") is not None:
                doc.setdefault("OwnerId", hand.user)
            doc |= {
                "CreatedDate": now,
                "CreatedById": hand.user,
                "LastModifiedDate": now,
                "LastModifiedById": hand.user,
            }
            record_id = ids.make(obj.prefix, self.shelf.number(obj.name))
            for field in obj.fields:
                if field.auto:
                    doc[field.name] = f"{self.shelf.number(f'{obj.name}.{field.name}', 100):08d}"
            self._put(obj, record_id, doc, hand)
            rules.after(self, obj, doc, hand)
            return record_id

    def update(self, obj: SObject, record_id: str, given: Mapping[str, Any], hand: Hand) -> str:
        """Change the named fields. Raises Refused."""
        with self.shelf.change():
            kept = self.get(obj, record_id)
            changes = self._checked(obj, given, kept)
            doc = kept.doc | changes
            missing = [f.name for f in obj.fields if f.required and f.name in changes and changes[f.name] is None]
            if missing:
                told = f"Required fields are missing: [{', '.join(missing)}]"
                raise Refused("REQUIRED_FIELD_MISSING", told, missing)
            rules.before(self, obj, doc, kept.doc | {"Id": kept.id}, hand)
            doc |= {"LastModifiedDate": stamp(self.clock.now()), "LastModifiedById": hand.user}
            self._put(obj, kept.id, doc, hand)
            rules.after(self, obj, doc, hand)
            return kept.id

    def derive(self, obj: SObject, record_id: str, values: Mapping[str, Any], hand: Hand) -> None:
        """A sum of the system's own: SystemModstamp moves, LastModifiedDate does not."""
        kept = self.shelf.kept(obj.name, record_id)
        if kept is not None and any(kept.doc.get(n) != v for n, v in values.items()):
            self._put(obj, record_id, kept.doc | dict(values), hand)

    def delete(self, obj: SObject, record_id: str, hand: Hand) -> str:
        """Into the recycle bin, with what hangs below it. Raises Refused."""
        with self.shelf.change():
            kept = self.get(obj, record_id)
            rules.leaving(self, obj, kept)
            for child, reference, _ in CHILDREN.get(obj.name, ()):
                if child == obj.name:
                    continue
                for below in self.shelf.rows(child, by={reference: kept.id}):
                    self.shelf.remove(child, below.id, self.name_of(hand.user), hand.via)
            self.shelf.remove(obj.name, kept.id, self.name_of(hand.user), hand.via)
            rules.after(self, obj, kept.doc, hand)
            return kept.id

    def undelete(self, obj: SObject, record_id: str, hand: Hand) -> str:
        """Out of the recycle bin."""
        kept = self.shelf.kept(obj.name, _whole(record_id))
        if kept is None or not kept.deleted or kept.doc.get("MasterRecordId"):
            raise Refused("UNDELETE_FAILED", "Entity is not in the recycle bin")
        self._put(obj, kept.id, kept.doc, hand, "undeleted")
        return kept.id

    def merge(self, obj: SObject, winner: str, loser: str, hand: Hand) -> str:
        """Children go to the winner; the loser is deleted and points at it. Raises Refused."""
        with self.shelf.change():
            into, gone = self.get(obj, winner), self.get(obj, loser)
            if obj.field("MasterRecordId") is None or into.id == gone.id:
                raise Refused("INVALID_OPERATION", "these records cannot be merged")
            for child, reference, _ in CHILDREN.get(obj.name, ()):
                for below in self.shelf.rows(child, by={reference: gone.id}):
                    self._put(OBJECTS[child], below.id, below.doc | {reference: into.id}, hand)
            self._put(obj, gone.id, gone.doc | {"MasterRecordId": into.id}, hand)
            self.shelf.remove(obj.name, gone.id, self.name_of(hand.user), hand.via)
            self._put(obj, into.id, into.doc | {"LastModifiedDate": stamp(self.clock.now())}, hand, "merged")
            return into.id

    # --------------------------------------------------------------- the inside

    def _put(self, obj: SObject, record_id: str, doc: Mapping[str, Any], hand: Hand, kind: str = "") -> None:
        named = {**doc, "title": str(doc.get(obj.title) or record_id)}
        self.shelf.put(obj.name, record_id, named, self.name_of(hand.user), hand.via, kind)

    def name_of(self, user: str) -> str:
        """Who that is."""
        return next((name for name, i in self.users.items() if i == user), user)

    def _checked(self, obj: SObject, given: Mapping[str, Any], old: Kept | None) -> dict[str, Any]:
        """The values a call may set, as the org takes them. Raises Refused."""
        if not obj.writable:
            raise Refused("INSUFFICIENT_ACCESS_OR_READONLY", f"insufficient access rights on {obj.name}")
        doc: dict[str, Any] = {}
        for name, value in given.items():
            if name == "attributes":
                continue
            field = obj.field(name)
            if field is None and (reference := obj.walk(name)) is not None and isinstance(value, dict):
                doc[reference.name] = self._walked(reference, value)
                continue
            if field is None:
                raise Refused("INVALID_FIELD", f"No such column '{name}' on sobject of type {obj.name}")
            if not (field.updateable if old else field.createable):
                told = f"Unable to create/update fields: {field.name}. Please check the security settings of this field"
                raise Refused("INVALID_FIELD_FOR_INSERT_UPDATE", told, [field.name])
            doc[field.name] = taken(field, value)
            if field.parent and doc[field.name] is not None:
                self._points(field, doc[field.name])
        self._unique(obj, doc, old)
        return doc

    def _walked(self, reference: Field, value: Mapping[str, Any]) -> str:
        """A parent named by its external id: {"Account": {"HubKey__c": "C1"}}."""
        parent = OBJECTS[reference.parent]
        pairs = [(n, v) for n, v in value.items() if n != "attributes"]
        field = parent.field(pairs[0][0]) if len(pairs) == 1 else None
        if field is None or not field.external:
            raise Refused("INVALID_FIELD", f"Foreign key external ID not found for field {reference.path}")
        found = self.by_key(parent, field, taken(field, pairs[0][1]))
        if len(found) != 1:
            told = f"Foreign key external ID: {pairs[0][1]} not found for field {field.name} in entity {parent.name}"
            raise Refused("INVALID_FIELD", told)
        return found[0].id

    def _points(self, field: Field, record_id: str) -> None:
        kept = self.shelf.kept(field.parent, record_id)
        if kept is None:
            raise Refused("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id", [field.name])
        if kept.deleted:
            raise Refused("ENTITY_IS_DELETED", "entity is deleted", [field.name])

    def _unique(self, obj: SObject, doc: Mapping[str, Any], old: Kept | None) -> None:
        for field in obj.fields:
            if field.unique and doc.get(field.name) is not None:
                for other in self.by_key(obj, field, doc[field.name]):
                    if old is None or other.id != old.id:
                        raise Refused("DUPLICATE_VALUE", _TAKEN.format(field.name, other.id), [field.name])

    # ------------------------------------------------------------- from inside

    def as_person(self, obj: str, record_id: str | None, values: dict[str, Any] | None, author: str) -> str:
        """A person at the screen. {"$merge": ID} merges that record into this, {"$undelete": true} takes it back."""
        found = object_named(obj)
        if found is None:
            raise Refused("NOT_FOUND", f"no object {obj}")
        hand = Hand(self.users.get(author, self.users["张敏"]), "person", bypass=True)
        if record_id is None:
            return self.insert(found, values or {}, hand)
        if values is None:
            return self.delete(found, record_id, hand)
        if "$merge" in values:
            return self.merge(found, record_id, str(values["$merge"]), hand)
        if "$undelete" in values:
            return self.undelete(found, record_id, hand)
        return self.update(found, record_id, values, hand)

    def peek(self, obj: str, record_id: str) -> dict[str, Any] | None:
        """A record as the API would show it, deleted ones too."""
        found = object_named(obj)
        kept = self.shelf.kept(found.name, _whole(record_id)) if found else None
        return None if found is None or kept is None else self.row(found, kept)

    def changes(self, limit: int = 20) -> list[dict[str, Any]]:
        """The latest changes, newest first."""
        return self.shelf.changes(limit)


def _whole(text: str) -> str:
    try:
        return ids.whole(text)
    except ValueError:
        raise Refused("MALFORMED_ID", f"malformed id {text}", ["Id"]) from None


def _user(number: int, name: str, user: str, now: str) -> dict[str, Any]:
    address = f"user{number}@sandbox.example.com"
    stamps = {"CreatedDate": now, "LastModifiedDate": now, "CreatedById": user, "LastModifiedById": user}
    return {"Name": name, "Username": address, "Email": address, "IsActive": True, "title": name, **stamps}


def _address(row: Mapping[str, Any], part: str) -> dict[str, Any] | None:
    names = ("Street", "City", "State", "PostalCode", "Country")
    found = {n[0].lower() + n[1:]: row.get(part + n) for n in names}
    return found if any(found.values()) else None
