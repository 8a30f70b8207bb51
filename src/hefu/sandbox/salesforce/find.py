"""A query run over the org: columns across relationships, conditions with the org's idea of equality, cursors."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hefu.sandbox.salesforce import ids
from hefu.sandbox.salesforce.objects import CHILDREN, OBJECTS, Field, SObject, object_named
from hefu.sandbox.salesforce.org import Org
from hefu.sandbox.salesforce.soql import Compare, Join, Literal, Query
from hefu.sandbox.salesforce.values import Refused, instant, stamp
from hefu.sandbox.shelf import Kept

Row = dict[str, Any]
NUMBERS = ("double", "currency", "percent", "int")
_DAYS = re.compile(r"(LAST|NEXT)_N_DAYS:(\d+)")


class Finder:
    """One query over one org. `deleted`: whether the recycle bin is looked into."""

    def __init__(self, org: Org, query: Query, base: str, *, deleted: bool = False) -> None:
        self.org, self.base, self.deleted = org, base, deleted
        found = object_named(query.obj)
        if found is None:
            raise Refused("INVALID_TYPE", f"sObject type '{query.obj}' is not supported.")
        self.obj = found
        self.query = replace(query, columns=self._spelled(query))
        for column in self.query.columns:
            if isinstance(column, str):
                self._field(column)
        self._test = self._condition(query.where) if query.where is not None else None
        for name, _, _ in query.order:
            self._field(name)
        self._parents: dict[tuple[str, str], Row | None] = {}

    def ids(self) -> list[str]:
        """The ids of what is found, in order."""
        rows = [row for row in map(self._row, self._candidates()) if self._test is None or self._test(row)]
        for name, down, last in reversed(self.query.order):
            field = self._field(name)
            found = [(self._lower(field, self._value(row, name)), row) for row in rows]
            blank = [row for value, row in found if value is None]
            full = sorted((p for p in found if p[0] is not None), key=lambda p: p[0], reverse=down)
            rows = [row for _, row in full] + blank if last else blank + [row for _, row in full]
        end = None if self.query.limit is None else self.query.offset + self.query.limit
        return [row["Id"] for row in rows[self.query.offset : end]]

    def records(self, wanted: Sequence[str]) -> list[Row]:
        """The chosen columns of these records."""
        made = []
        for record_id in wanted:
            kept = self.org.shelf.kept(self.obj.name, record_id)
            if kept is not None and (self.deleted or not kept.deleted):
                made.append(self._projected(self._row(kept)))
        return made

    # ----------------------------------------------------------------- columns

    def _spelled(self, query: Query) -> tuple[str | Query, ...]:
        """FIELDS(ALL) and the like written out."""
        columns: list[str | Query] = []
        for column in query.columns:
            if not isinstance(column, str) or not column.startswith("FIELDS("):
                columns.append(column)
                continue
            kind = column[7:-1]
            if kind not in ("ALL", "STANDARD", "CUSTOM"):
                raise Refused("MALFORMED_QUERY", f"unexpected token: '{kind}'")
            if kind != "STANDARD" and (query.limit is None or query.limit > 200):
                raise Refused("MALFORMED_QUERY", "The SOQL FIELDS function must have a LIMIT of at most 200")
            columns += [f.name for f in self.obj.fields if kind == "ALL" or f.custom is (kind == "CUSTOM")]
        return tuple(columns)

    def _parts(self, path: str) -> list[str]:
        """A path by its steps; the object's own name before them says nothing."""
        parts = path.split(".")
        own = len(parts) > 1 and parts[0].lower() == self.obj.name.lower() and self.obj.walk(parts[0]) is None
        return parts[1:] if own else parts

    def _field(self, path: str) -> Field:
        """The field at the end of a path. Raises Refused."""
        obj, parts = self.obj, self._parts(path)
        for part in parts[:-1]:
            reference = obj.walk(part)
            if reference is None:
                told = f"Didn't understand relationship '{part}' in field path."
                raise Refused("INVALID_FIELD", f"ERROR at Row:1:Column:8\n{told}")
            obj = OBJECTS[reference.parent]
        field = obj.field(parts[-1])
        if field is None:
            told = f"No such column '{parts[-1]}' on entity '{obj.name}'. If you are attempting to use a custom field, "
            raise Refused("INVALID_FIELD", f"ERROR at Row:1:Column:8\n{told}be sure to append the '__c'.")
        return field

    def _value(self, row: Row, path: str) -> Any:
        obj, parts = self.obj, self._parts(path)
        now: Row | None = row
        for part in parts[:-1]:
            now = self._parent(obj, now, part)
            reference = obj.walk(part)
            assert reference is not None
            obj = OBJECTS[reference.parent]
        field = obj.field(parts[-1])
        return None if now is None or field is None else now[field.name]

    def _parent(self, obj: SObject, row: Row | None, path: str) -> Row | None:
        reference = obj.walk(path)
        assert reference is not None
        record_id = row[reference.name] if row is not None else None
        if record_id is None:
            return None
        key = (reference.parent, record_id)
        if key not in self._parents:
            kept = self.org.shelf.kept(*key)
            self._parents[key] = None if kept is None else self.org.row(OBJECTS[reference.parent], kept)
        return self._parents[key]

    def _projected(self, row: Row) -> Row:
        made = _attributed(self.obj, row["Id"], self.base)
        for column in self.query.columns:
            if isinstance(column, Query):
                made[column.obj] = self._children(row, column)
            else:
                self._place(made, row, column)
        return made

    def _place(self, made: Row, row: Row, path: str) -> None:
        """A column with dots nests: Account.Owner.Name lies in {"Account": {"Owner": {"Name": ...}}}."""
        obj, now, at = self.obj, row, made
        parts = self._parts(path)
        for part in parts[:-1]:
            reference = obj.walk(part)
            assert reference is not None
            parent = self._parent(obj, now, part)
            obj = OBJECTS[reference.parent]
            if parent is None:
                at.setdefault(reference.path, None)
                return
            at = at.setdefault(reference.path, _attributed(obj, parent["Id"], self.base))
            now = parent
        field = obj.field(parts[-1])
        assert field is not None
        at[field.name] = now[field.name]

    def _children(self, row: Row, query: Query) -> Row | None:
        below = next((c for c in CHILDREN.get(self.obj.name, ()) if c[2].lower() == query.obj.lower()), None)
        if below is None:
            told = f"Didn't understand relationship '{query.obj}' in FROM part of query call."
            raise Refused("INVALID_TYPE", told)
        here = Compare(below[1], "=", Literal("text", row["Id"]))
        where = here if query.where is None else Join("and", (here, query.where))
        inner = Finder(self.org, replace(query, obj=below[0], where=where), self.base, deleted=self.deleted)
        records = inner.records(inner.ids())
        return {"totalSize": len(records), "done": True, "records": records} if records else None

    # -------------------------------------------------------------- conditions

    def _row(self, kept: Kept) -> Row:
        return self.org.row(self.obj, kept)

    def _candidates(self) -> list[Kept]:
        """What an index leaves of all records, when every condition must hold."""
        shelf, bin_ = self.org.shelf, None if self.deleted else False
        since: datetime | None = None
        parts = self.query.where
        for part in parts.parts if isinstance(parts, Join) and parts.word == "and" else (parts,):
            if not isinstance(part, Compare) or "." in part.field:
                continue
            field = self._field(part.field)
            values = part.value if isinstance(part.value, tuple) else (part.value,)
            if field.type == "id" and part.operator in ("=", "IN"):
                kept = [shelf.kept(self.obj.name, _id(v.value)) for v in values]
                found = {k.seq: k for k in kept if k is not None and (self.deleted or not k.deleted)}
                return [found[seq] for seq in sorted(found)]
            exact = field.type == "reference" or field.unique
            if exact and part.operator in ("=", "IN") and all(v.kind == "text" for v in values):
                wanted = dict.fromkeys(_id(v.value) if field.type == "reference" else v.value for v in values)
                return [k for w in wanted for k in shelf.rows(self.obj.name, by={field.name: w}, deleted=bin_)]
            if field.name == "SystemModstamp" and part.operator in (">", ">=", "=") and values[0].kind == "moment":
                since = instant(values[0].value).replace(microsecond=0)
        return shelf.rows(self.obj.name, since=since, deleted=bin_)

    def _condition(self, where: Compare | Join) -> Callable[[Row], bool]:
        if isinstance(where, Join):
            parts = [self._condition(part) for part in where.parts]
            if where.word == "not":
                return lambda row: not parts[0](row)
            join = all if where.word == "and" else any
            return lambda row: join(part(row) for part in parts)
        field, path = self._field(where.field), where.field
        values = where.value if isinstance(where.value, tuple) else (where.value,)
        for value in values:
            _fits(field, value)
        if where.operator == "LIKE":
            pattern = _like(values[0].value)
            return lambda row: (v := self._value(row, path)) is not None and bool(pattern.fullmatch(str(v)))
        if where.operator == "IN":
            tests = [self._equal(field, value) for value in values]
            return lambda row: any(test(self._value(row, path)) for test in tests)
        test = self._compared(field, where.operator, values[0])
        return lambda row: test(self._value(row, path))

    def _equal(self, field: Field, value: Literal) -> Callable[[Any], bool]:
        wanted = self._range(field, value)
        return lambda v: self._lower(field, v) == wanted[0] if wanted[0] == wanted[1] else _inside(v, wanted)

    def _compared(self, field: Field, operator: str, value: Literal) -> Callable[[Any], bool]:
        low, high = self._range(field, value)
        if operator == "=":
            return self._equal(field, value)
        if operator == "!=":
            same = self._equal(field, value)
            return lambda v: not same(v)
        if low is None:
            raise Refused("MALFORMED_QUERY", f"{operator} null makes no sense")
        read = self._lower
        tests: dict[str, Callable[[Any], bool]] = {
            "<": lambda v: v is not None and read(field, v) < low,
            "<=": lambda v: v is not None and read(field, v) <= high,
            ">": lambda v: v is not None and read(field, v) > high,
            ">=": lambda v: v is not None and read(field, v) >= low,
        }
        return tests[operator]

    @staticmethod
    def _lower(field: Field, value: Any) -> Any:
        """Texts are compared without case, but for unique keys and ids."""
        if isinstance(value, str) and field.type not in ("id", "reference") and not field.unique:
            return value.lower()
        return value

    def _range(self, field: Field, value: Literal) -> tuple[Any, Any]:
        """The first and the last value that a literal stands for."""
        if value.kind == "word" and value.value not in ("TRUE", "FALSE", "NULL"):
            return self._days(field, value.value)
        if value.value == "NULL" and value.kind == "word":
            return None, None
        made: Any = value.value
        if field.type == "boolean":
            made = value.value == "TRUE"
        elif field.type in NUMBERS:
            made = float(value.value)
        elif field.type == "datetime":
            made = stamp(instant(value.value)).lower()
        elif field.type in ("id", "reference"):
            made = _id(value.value)
        else:
            made = self._lower(field, made)
        return made, made

    def _days(self, field: Field, word: str) -> tuple[Any, Any]:
        """TODAY, YESTERDAY, LAST_N_DAYS:3 and their like, in the org's zone, which is UTC here."""
        midnight = self.org.clock.now().replace(hour=0, minute=0, second=0, microsecond=0)
        some = _DAYS.fullmatch(word)
        if some:
            days = timedelta(days=int(some[2]))
            first, last = (midnight - days, midnight) if some[1] == "LAST" else (midnight, midnight + days)
        elif word in ("TODAY", "YESTERDAY", "TOMORROW"):
            first = last = midnight + timedelta(days={"TODAY": 0, "YESTERDAY": -1, "TOMORROW": 1}[word])
        else:
            raise Refused("MALFORMED_QUERY", f"unexpected token: '{word}'")
        if field.type == "date":
            return first.date().isoformat(), last.date().isoformat()
        return stamp(first).lower(), stamp(last + timedelta(seconds=86399)).lower()


def _attributed(obj: SObject, record_id: str, base: str) -> Row:
    return {"attributes": {"type": obj.name, "url": f"{base}/sobjects/{obj.name}/{record_id}"}}


def _inside(value: Any, wanted: tuple[Any, Any]) -> bool:
    return value is not None and wanted[0] <= str(value).lower() <= wanted[1]


def _id(text: str) -> str:
    try:
        return ids.whole(text)
    except ValueError:
        raise Refused("INVALID_QUERY_FILTER_OPERATOR", f"invalid ID field: {text}") from None


def _fits(field: Field, value: Literal) -> None:
    """Texts are quoted, nothing else is. Raises Refused."""
    if value.kind == "word" and value.value == "NULL":
        return
    quoted = field.type not in (*NUMBERS, "boolean", "date", "datetime")
    if quoted is not (value.kind == "text"):
        told = f"value of filter criterion for field '{field.name}' must be of type {field.type} and should "
        raise Refused("INVALID_FIELD", told + ("be enclosed in quotes" if quoted else "not be enclosed in quotes"))
    if field.type == "datetime" and value.kind == "date":
        raise Refused("INVALID_FIELD", f"value of filter criterion for field '{field.name}' must be of type dateTime")


def _like(text: str) -> re.Pattern[str]:
    made, at = "", 0
    while at < len(text):
        if text[at] == "\\" and at + 1 < len(text):
            made, at = made + re.escape(text[at + 1]), at + 2
            continue
        made += {"%": ".*", "_": "."}.get(text[at], re.escape(text[at]))
        at += 1
    return re.compile(made, re.IGNORECASE | re.DOTALL)
