"""How Tryton's nested records become flat, mappable fields, and how a flat patch becomes nested write commands.

A customer's phone is a row of `party.contact_mechanism`, its credit code one of `party.identifier`; each kind of
`Part` knows where its value lives, how to read it, how to find by it and how to write it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeAlias

from hefu.core.errors import Rejected, Unsupported
from hefu.core.records import REMOVED, Field, FieldType, Value

T = FieldType

Row: TypeAlias = Mapping[str, Any]
"""A record as `search_read` gives it; a relation's own fields stand under "relation."."""

Metas: TypeAlias = Mapping[str, Mapping[str, Mapping[str, Any]]]
"""Relation ("" for the record itself) -> field -> what `fields_get` says of it."""

Resolve: TypeAlias = Callable[[str, str, str], int]
"""(model, field, value) -> id of the one record found by that value. Raises Rejected."""

TYPES: Mapping[str, FieldType] = {
    "char": T.TEXT,
    "text": T.TEXT,
    "selection": T.CODE,
    "boolean": T.BOOLEAN,
    "integer": T.DECIMAL,
    "float": T.DECIMAL,
    "numeric": T.DECIMAL,
    "date": T.DATE,
    "datetime": T.INSTANT,
    "timestamp": T.INSTANT,
    "many2one": T.REFERENCE,
}
"""Tryton's type -> ours; other types are not mappable as a plain field."""


@dataclass
class Draft:
    """What one write will send: values of the record, of the record it hangs on, and commands on its rows."""

    values: dict[str, Any] = field(default_factory=dict)
    inside: dict[str, dict[str, Any]] = field(default_factory=dict)
    rows: dict[str, list[list[Any]]] = field(default_factory=dict)
    address: dict[str, Any] = field(default_factory=dict)

    def command(self, relation: str, *command: Any) -> None:
        """Add a command such as ("create", [{...}]) on a relation."""
        self.rows.setdefault(relation, []).append(list(command))

    def finish(self, row: Row | None) -> dict[str, Any]:
        """The values for Tryton's `create` or `write`; `row` is the record as it is, None for a new one."""
        if self.address:
            here = first(row or {}, "addresses")
            if here is None:
                self.command("addresses", "create", [self.address])
            else:
                self.command("addresses", "write", [here["id"]], self.address)
        return {**self.values, **self.rows}


def first(row: Row, relation: str, **where: Any) -> Row | None:
    """The first active row of a relation that agrees with `where`."""
    for one in row.get(f"{relation}.") or ():
        if one.get("active", True) and all(one.get(n) == v for n, v in where.items()):
            return one  # type: ignore[no-any-return]
    return None


def read_as(kind: str, value: Any) -> Value:
    """A value from the wire; Tryton's truth values may be 0 and 1, its quantities binary floats in decimal writing."""
    if value is None:
        return None
    if kind == "boolean":
        return bool(value)
    if kind in ("integer", "float", "numeric"):
        return Decimal(value)
    return str(value) if kind == "many2one" else value


_TAKES: Mapping[str, tuple[type, ...]] = {
    "boolean": (bool,),
    "integer": (int, Decimal),
    "float": (int, Decimal),
    "numeric": (int, Decimal),
    "date": (date,),
    "datetime": (datetime,),
    "timestamp": (datetime,),
    "many2one": (str,),
}


def write_as(kind: str, name: str, value: Value) -> Any:
    """A value for the wire. Raises Rejected where the type does not fit."""
    if value is None:
        return None
    takes = _TAKES.get(kind, (str,))
    if not isinstance(value, takes) or (isinstance(value, bool) and kind != "boolean"):
        raise Rejected("tryton.wrong_type", field=name, name=name, value=str(value)[:60], type=kind)
    known: Any = value
    if kind == "many2one":
        if not known.isdecimal():
            raise Rejected("tryton.bad_reference", field=name, name=name, value=known[:60])
        return int(known)
    if kind == "integer":
        return int(known)
    if kind == "float":
        return float(known)  # Tryton's own type for quantities; it rounds them to the unit's digits
    return Decimal(known) if kind == "numeric" else known


@dataclass(frozen=True)
class Part:
    """One flat field. `writable` False: it is only read."""

    name: str
    writable: bool = field(default=True, kw_only=True)

    def reads(self, metas: Metas) -> Iterable[str]:
        """Paths to ask `search_read` for."""
        raise NotImplementedError

    def field(self, metas: Metas) -> Field | None:
        """As discovered; None where this Tryton does not have it."""
        raise NotImplementedError

    def unpack(self, row: Row, metas: Metas) -> Value:
        """The flat value of a record."""
        raise NotImplementedError

    def clause(self, value: Value, metas: Metas) -> list[Any]:
        """A search clause for records that have this value."""
        raise Unsupported("tryton.no_search", name=self.name)

    def pack(self, value: Value, row: Row | None, draft: Draft, metas: Metas, resolve: Resolve) -> None:
        """Put a new value into a draft; `row` is the record as it is, None for a new one."""
        raise Unsupported("tryton.read_only", name=self.name)


@dataclass(frozen=True)
class Plain(Part):
    """A field of the record, or of the record it hangs on (`inside`, as a product on its template).

    search: the path to search by, if another.  numbered: Tryton fills it from a sequence where it is not given.
    """

    path: str = ""
    inside: str = ""
    money: bool = False
    code: bool = False
    target: str | None = None
    unique: bool = False
    search: str = ""
    numbered: bool = False

    @property
    def own(self) -> str:
        """Its name in Tryton."""
        return self.path or self.name

    def reads(self, metas: Metas) -> Iterable[str]:
        return [f"{self.inside}.{self.own}" if self.inside else self.own]

    def field(self, metas: Metas) -> Field | None:
        meta = metas.get(self.inside, {}).get(self.own)
        if meta is None or meta["type"] not in TYPES:
            return None
        kind = T.MONEY if self.money else T.CODE if self.code else TYPES[meta["type"]]
        target = (self.target or meta.get("relation")) if kind is T.REFERENCE else None
        options = meta.get("selection") if meta["type"] == "selection" else ()
        return Field(
            self.name,
            kind,
            label=str(meta.get("string", "")),
            writable=self.writable and meta.get("readonly") is not True,
            required=meta.get("required") is True and meta["type"] != "boolean" and not self.numbered,
            unique=self.unique,
            scale=_scale(meta),
            options=tuple(str(o[0]) for o in options if o[0]) if isinstance(options, list) else (),
            target=target,
        )

    def unpack(self, row: Row, metas: Metas) -> Value:
        home = row.get(f"{self.inside}.") or {} if self.inside else row
        return read_as(metas[self.inside][self.own]["type"], home.get(self.own))

    def clause(self, value: Value, metas: Metas) -> list[Any]:
        path = self.search or (f"{self.inside}.{self.own}" if self.inside else self.own)
        return [path, "=", write_as(metas[self.inside][self.own]["type"], self.name, value)]

    def pack(self, value: Value, row: Row | None, draft: Draft, metas: Metas, resolve: Resolve) -> None:
        home = draft.inside.setdefault(self.inside, {}) if self.inside else draft.values
        home[self.own] = write_as(metas[self.inside][self.own]["type"], self.name, value)


def _scale(meta: Mapping[str, Any]) -> int | None:
    digits = meta.get("digits")
    if digits == "currency":
        return 2
    return digits[1] if isinstance(digits, list) and len(digits) == 2 else None


@dataclass(frozen=True)
class Named(Part):
    """A reference told by the other record's own word: a payment term by its name, a country by its code."""

    path: str
    model: str
    by: str
    inside: str = ""

    def _home(self, row: Row) -> Row:
        return row.get(f"{self.inside}.") or {} if self.inside else row

    def reads(self, metas: Metas) -> Iterable[str]:
        return [f"{self.inside}.{self.path}.{self.by}" if self.inside else f"{self.path}.{self.by}"]

    def field(self, metas: Metas) -> Field | None:
        meta = metas.get(self.inside, {}).get(self.path)
        if meta is None:
            return None
        writable = self.writable and meta.get("readonly") is not True
        return Field(self.name, T.CODE, str(meta.get("string", "")), writable, meta.get("required") is True)

    def unpack(self, row: Row, metas: Metas) -> Value:
        return (self._home(row).get(f"{self.path}.") or {}).get(self.by)

    def clause(self, value: Value, metas: Metas) -> list[Any]:
        return [f"{self.inside}.{self.path}.{self.by}" if self.inside else f"{self.path}.{self.by}", "=", value]

    def pack(self, value: Value, row: Row | None, draft: Draft, metas: Metas, resolve: Resolve) -> None:
        home = draft.inside.setdefault(self.inside, {}) if self.inside else draft.values
        home[self.path] = _found(self.model, self.by, self.name, value, resolve)


def _found(model: str, by: str, name: str, value: Value, resolve: Resolve) -> int | None:
    if value in (None, ""):
        return None
    if not isinstance(value, str):
        raise Rejected("tryton.wrong_type", field=name, name=name, value=str(value)[:60], type="char")
    try:
        return resolve(model, by, value)
    except Rejected as error:
        raise Rejected(error.code, field=name, **error.facts) from error


@dataclass(frozen=True)
class Mechanism(Part):
    """A party's first contact mechanism of one type (phone, mobile, email)."""

    relation = "contact_mechanisms"
    value = "value"

    def reads(self, metas: Metas) -> Iterable[str]:
        return [f"{self.relation}.{n}" for n in ("type", self.value, "active")]

    def field(self, metas: Metas) -> Field | None:
        return Field(self.name, label=self.name.capitalize()) if self.relation in metas else None

    @property
    def kind(self) -> str | None:
        """The row's type."""
        return self.name

    def unpack(self, row: Row, metas: Metas) -> Value:
        return (first(row, self.relation, type=self.kind) or {}).get(self.value)

    def clause(self, value: Value, metas: Metas) -> list[Any]:
        return [self.relation, "where", [["type", "=", self.kind], [self.value, "=", value]]]

    def pack(self, value: Value, row: Row | None, draft: Draft, metas: Metas, resolve: Resolve) -> None:
        value = write_as("char", self.name, value)
        here = first(row or {}, self.relation, type=self.kind)
        if here is None and value:
            draft.command(self.relation, "create", [{"type": self.kind, self.value: value}])
        elif here is not None and value:
            draft.command(self.relation, "write", [here["id"]], {self.value: value})
        elif here is not None:
            draft.command(self.relation, "delete", [here["id"]])


@dataclass(frozen=True)
class Identifier(Mechanism):
    """A party's first identifier of one type; without a type it is where the hub leaves its own id."""

    type: str | None = None
    relation = "identifiers"
    value = "code"

    @property
    def kind(self) -> str | None:
        return self.type

    def field(self, metas: Metas) -> Field | None:
        label = "Hub ID" if self.type is None else self.type
        return Field(self.name, T.CODE, label, writable=self.writable) if self.relation in metas else None


@dataclass(frozen=True)
class AddressPart(Part):
    """A field of a party's first address; its country is told by its code."""

    path: str
    country = "country.country"

    def reads(self, metas: Metas) -> Iterable[str]:
        return [f"addresses.{self.path}" + (".code" if self.path == "country" else ""), "addresses.active"]

    def field(self, metas: Metas) -> Field | None:
        meta = metas.get("addresses", {}).get(self.path)
        kind = T.CODE if self.path == "country" else T.TEXT
        return None if meta is None else Field(self.name, kind, str(meta.get("string", "")))

    def unpack(self, row: Row, metas: Metas) -> Value:
        here = first(row, "addresses") or {}
        return (here.get("country.") or {}).get("code") if self.path == "country" else here.get(self.path)

    def clause(self, value: Value, metas: Metas) -> list[Any]:
        return [f"addresses.{self.path}" + (".code" if self.path == "country" else ""), "=", value]

    def pack(self, value: Value, row: Row | None, draft: Draft, metas: Metas, resolve: Resolve) -> None:
        if self.path == "country":
            draft.address["country"] = _found(self.country, "code", self.name, value, resolve)
        elif value or first(row or {}, "addresses"):
            draft.address[self.path] = write_as("char", self.name, value)


@dataclass(frozen=True)
class Pointer(Part):
    """The record that a document stems from: a reference "sale.line,17", or the first of a list of ids."""

    path: str
    target: str
    through: str = ""
    search: str = ""

    def reads(self, metas: Metas) -> Iterable[str]:
        return [f"{self.through}.{self.path}" if self.through else self.path]

    def field(self, metas: Metas) -> Field | None:
        known = metas.get(self.through) if self.through else metas[""]
        return (
            Field(self.name, T.REFERENCE, writable=False, target=self.target) if known and self.path in known else None
        )

    def unpack(self, row: Row, metas: Metas) -> Value:
        rows = row.get(f"{self.through}.") or () if self.through else [row]
        for one in rows:
            found = one.get(self.path)
            if isinstance(found, str) and "," in found:
                model, _, found = found.partition(",")
                found = found if model == self.target else None
            elif isinstance(found, (list, tuple)):
                found = found[0] if found else None
            if found:
                return str(found)
        return None

    def clause(self, value: Value, metas: Metas) -> list[Any]:
        return [self.search or self.path, "=", write_as("many2one", self.name, value)]


@dataclass(frozen=True)
class Shipped(Part):
    """How much of an order line has left the house: its moves that are done."""

    def reads(self, metas: Metas) -> Iterable[str]:
        return ["moves.state", "moves.quantity"]

    def field(self, metas: Metas) -> Field | None:
        return Field(self.name, T.DECIMAL, writable=False) if "moves" in metas[""] else None

    def unpack(self, row: Row, metas: Metas) -> Value:
        done = (Decimal(m["quantity"]) for m in row.get("moves.") or () if m["state"] == "done")
        return sum(done, Decimal(0))


@dataclass(frozen=True)
class Rows(Part):
    """Lines with keys: one that is left out stays, one that is marked REMOVED goes.

    key: "id", the row's own number; or a name of its own, by which other systems know the line: it is kept in the
    row's text field `kept`, and rows that Tryton's people made go by "L" and their number.  only: (field, value) of
    the rows that count.
    """

    relation: str
    parts: tuple[Part, ...]
    only: tuple[str, str] | None = None
    key: str = "id"
    kept: str = ""

    def _parts(self, metas: Metas) -> list[Part]:
        own = {"": metas[self.relation]}
        return [p for p in self.parts if p.field(own) is not None]

    def reads(self, metas: Metas) -> Iterable[str]:
        own = {"": metas[self.relation]}
        inner = {path for part in self._parts(metas) for path in part.reads(own)}
        inner |= {name for name in (self.only[0] if self.only else "id", self.kept) if name}
        return [f"{self.relation}.{path}" for path in sorted(inner)]

    def field(self, metas: Metas) -> Field | None:
        if self.relation not in metas:
            return None
        own = {"": metas[self.relation]}
        fields = [f for f in (p.field(own) for p in self.parts) if f is not None]
        keys = [Field("id", T.CODE, writable=False, unique=self.key == "id")]
        if self.key != "id":
            keys.insert(0, Field(self.key, T.CODE, unique=True, length=100))
        return Field(self.name, T.LINES, writable=self.writable, lines=(*keys, *fields))

    def _key(self, row: Row) -> str:
        if self.key == "id":
            return str(row["id"])
        told = str(row.get(self.kept) or "").partition("\n")[0]
        return told.removeprefix(_MARK) if told.startswith(_MARK) else f"L{row['id']}"

    def unpack(self, row: Row, metas: Metas) -> Value:
        own, parts = {"": metas[self.relation]}, self._parts(metas)
        rows = row.get(f"{self.relation}.") or ()
        if self.only is not None:
            rows = [r for r in rows if r.get(self.only[0]) == self.only[1]]
        return [{self.key: self._key(r), "id": str(r["id"]), **{p.name: p.unpack(r, own) for p in parts}} for r in rows]

    def pack(self, value: Value, row: Row | None, draft: Draft, metas: Metas, resolve: Resolve) -> None:
        if not isinstance(value, list):
            raise Rejected("tryton.wrong_type", field=self.name, name=self.name, value=str(value)[:60], type="list")
        rows = (row or {}).get(f"{self.relation}.") or ()
        known = {str(r["id"]): r["id"] for r in rows} | {self._key(r): r["id"] for r in rows}
        draft.rows.setdefault(self.relation, [])
        for line in value:
            self._line(line, self._number(line, known), draft, metas, resolve)

    def _number(self, line: Mapping[str, Any], known: Mapping[str, int]) -> int | None:
        """The row that a line speaks of; None for a new one."""
        given = line.get("id", line.get(self.key))
        number = known.get(str(given)) if given is not None else None
        if number is None and "id" in line and not line.get(REMOVED):
            raise Rejected("tryton.unknown_line", field=self.name, name=self.name, line=given)
        return number

    def _line(self, line: Mapping[str, Any], number: int | None, draft: Draft, metas: Metas, resolve: Resolve) -> None:
        if line.get(REMOVED):
            if number is not None:
                draft.command(self.relation, "delete", [number])
            return
        inner = Draft()
        by_name = {p.name: p for p in self._parts(metas)}
        for name, value in line.items():
            if name in ("id", self.key):
                continue
            if name not in by_name or not by_name[name].writable:
                raise Unsupported("tryton.unknown_field", object=self.name, field=name)
            by_name[name].pack(value, None, inner, {"": metas[self.relation]}, resolve)
        if number is not None:
            draft.command(self.relation, "write", [number], inner.finish(None))
            return
        if self.kept and line.get(self.key):
            inner.values[self.kept] = f"{_MARK}{line[self.key]}"
        draft.command(self.relation, "create", [inner.finish(None)])


_MARK = "hub:"
"""Begins the line of a row's note that holds the key by which other systems know it."""
