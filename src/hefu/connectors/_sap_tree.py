"""An object as one installation has it: an entity and the rows that belong to it, as flat fields and lists of lines."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote, unquote

from hefu.connectors._sap_edm import EntitySet, Kind, Model, Nav, Prop
from hefu.connectors._sap_shapes import REFERENCES, Child
from hefu.connectors._sap_values import Dialect, body, field_type, literal, read
from hefu.core.errors import Rejected, Unsupported
from hefu.core.records import Field, FieldType, Values

Row = Mapping[str, Any]
_FALLBACK = "L"


@dataclass(frozen=True)
class Node:
    """An entity type as an object shows it: its offered properties, and the parts that hang from it."""

    kind: Kind
    home: EntitySet | None
    props: Mapping[str, Prop]
    parts: tuple[Part, ...]

    def part(self, name: str) -> Part | None:
        """The part that a field belongs to."""
        return next((p for p in self.parts if (p.nav == name if p.rows else p.knows(name))), None)


@dataclass(frozen=True)
class Part:
    """Rows of a navigation. `key`: the field by which the other system knows a line (`item`: SAP's own number)."""

    nav: str
    many: bool
    rows: bool
    prefix: str
    only: Mapping[str, str]
    node: Node
    key: str = ""
    item: str = ""

    def knows(self, name: str) -> bool:
        """Whether this is the name of a field of its one row."""
        if self.rows or not name.startswith(self.prefix):
            return False
        rest = name[len(self.prefix) :]
        return rest in self.node.props or self.node.part(rest) is not None

    def all(self, row: Row) -> list[Row]:
        """Every row below this one."""
        held = row.get(self.nav)
        if isinstance(held, Mapping):
            held = held.get("results", [] if "__deferred" in held else [held])
        return [r for r in held if isinstance(r, Mapping)] if isinstance(held, list) else []

    def one(self, row: Row) -> Row | None:
        """The one row that counts: the first by key of those that are marked."""
        fit = [r for r in self.all(row) if all(r.get(n) == v for n, v in self.only.items())]
        return min(fit, key=lambda r: [str(r.get(k) or "") for k in self.node.kind.keys], default=None)

    def line_key(self, row: Row) -> str:
        """How the other system calls a line; one that SAP's people made goes by SAP's number."""
        own = str(row.get(self.item) or "")
        return own if self.key == self.item else str(row.get(self.key) or "") or f"{_FALLBACK}{own}"


# ----------------------------------------------------------------------- making


def grow(model: Model, home: EntitySet, children: Sequence[Child], only: Sequence[str] = (), key: str = "") -> Node:
    """The tree of an object: what the service has of what the shape names. `key`: of its lines, where it differs."""
    return _node(model, home.kind, home, children, only, key, ())


def _node(
    model: Model,
    kind: Kind,
    home: EntitySet | None,
    children: Sequence[Child],
    only: Sequence[str],
    key: str,
    hidden: Sequence[str],
) -> Node:
    props = {n: p for n, p in kind.props.items() if n not in hidden and (not only or n in only or n in kind.keys)}
    props = {n: p for n, p in props.items() if field_type(p) is not None}
    parts = (_part(model, kind, child, key) for child in children)
    return Node(kind, home, props, tuple(p for p in parts if p is not None))


def _part(model: Model, above: Kind, child: Child, key: str) -> Part | None:
    nav = nav_of(above, child.nav)
    kind = model.kind(nav.target) if nav else None
    if nav is None or kind is None:
        return None
    marks = {name: value for name, value in child.only if name in kind.props}
    if len(marks) < len(child.only):
        return None
    if child.rows:
        node = _node(model, kind, model.set_of(kind), child.children, child.fields, "", above.keys)
        item = next((k for k in reversed(kind.keys) if k in node.props), kind.keys[-1])
        if key in node.props and item in node.props and key != item:  # then SAP alone gives its numbers
            numbered = replace(node.props[item], creatable=False, updatable=False)
            node = replace(node, props={**node.props, item: numbered})
        return Part(nav.name, nav.many, True, "", marks, node, key if key in node.props else item, item)
    fields = [f for f in child.fields if f in kind.props]
    node = _node(model, kind, model.set_of(kind), child.children, fields, "", kind.keys)
    return Part(nav.name, nav.many, False, child.prefix, marks, node)


def nav_of(kind: Kind, name: str) -> Nav | None:
    """A navigation by its V2 name, also where V4 writes it differently."""
    plain = name.removeprefix("to_")
    return next((kind.navs[n] for n in (name, f"_{plain}", plain) if n in kind.navs), None)


# ---------------------------------------------------------------------- fields


def fields(node: Node, offered: Collection[str], prefix: str = "", keys: Sequence[str] = ()) -> Iterator[Field]:
    """The fields of an object or of a line. `offered`: objects; `keys`: properties by which records are told apart."""
    ours = node.home is None or node.home.creatable or node.home.updatable
    for name, prop in node.props.items():
        money = node.kind.props.get(prop.unit, Prop("", "")).semantics == "currency-code"
        fixed = prop.creatable and not prop.updatable  # what is settled at birth says what a record is: a code
        kind = field_type(prop, money, code=name in node.kind.keys or fixed)
        assert kind is not None
        target = REFERENCES.get(name) if kind is not FieldType.DECIMAL and name not in node.kind.keys else None
        kind = FieldType.REFERENCE if target else kind
        yield Field(
            prefix + name,
            kind,
            label=prop.label,
            writable=ours and (prop.creatable or prop.updatable),
            required=not prop.nullable and not prefix and name not in node.kind.keys and prop.creatable,
            unique=name in keys,
            target=next((n for n in (target, target[2:]) if n in offered), None) if target else None,
            length=prop.length if kind in (FieldType.TEXT, FieldType.CODE) else None,
            scale=prop.scale if kind in (FieldType.DECIMAL, FieldType.MONEY) else None,
        )
    for part in node.parts:
        if part.rows:
            lines = tuple(fields(part.node, offered, keys=(part.key,)))
            yield Field(part.nav, FieldType.LINES, writable=ours, lines=lines)
        else:
            yield from fields(part.node, offered, prefix + part.prefix)


def expand(node: Node, v4: bool) -> str:
    """What a read asks for beside the record itself."""
    if v4:
        inner = ((p.nav, expand(p.node, v4)) for p in node.parts)
        return ",".join(f"{nav}($expand={more})" if more else nav for nav, more in inner)
    return ",".join(_paths(node))


def _paths(node: Node) -> Iterator[str]:
    for part in node.parts:
        deeper = list(_paths(part.node))
        yield from [f"{part.nav}/{path}" for path in deeper] or [part.nav]


def values(node: Node, row: Row, dialect: Dialect) -> dict[str, Any]:
    """A row as a record's or a line's values; a property that it does not show, for want of a right, is left out."""
    out = {name: read(prop, row.get(name), dialect) for name, prop in node.props.items() if name in row or not row}
    for part in node.parts:
        if part.rows:
            rows = sorted(part.all(row), key=lambda r: [_sortable(r.get(k)) for k in part.node.kind.keys])
            out[part.nav] = [{**values(part.node, r, dialect), part.key: part.line_key(r)} for r in rows]
        else:
            found = values(part.node, part.one(row) or {}, dialect)
            out |= {part.prefix + name: value for name, value in found.items()}
    return out


def _sortable(value: Any) -> tuple[int, str]:
    text = str(value or "")
    return (len(text), text) if text.isdecimal() else (0, text)


# ------------------------------------------------------------------------ keys


def predicate(kind: Kind, row: Row, dialect: Dialect) -> str:
    """The key in a URL, "('1')" or "(A='1',B='2')", of a row as SAP told it."""
    told = {k: literal(kind.props[k], read(kind.props[k], row.get(k), dialect), dialect) for k in kind.keys}
    if len(told) == 1:
        return f"({quote(next(iter(told.values())), safe=_SAFE)})"
    return "(" + ",".join(f"{k}={quote(v, safe=_SAFE)}" for k, v in told.items()) + ")"


_SAFE = "'-._~:"


def record_id(kind: Kind, row: Row, dialect: Dialect) -> str:
    """The id of a record: its key, or the parts of it, joined."""
    told = [read(kind.props[k], row.get(k), dialect) for k in kind.keys]
    if len(told) == 1:
        return str(told[0])
    return "|".join(quote(str(value), safe="") for value in told)


def key_row(kind: Kind, record: str) -> Row | None:
    """The key of a record's id as a row; None where it cannot be one of this type."""
    parts = record.split("|") if len(kind.keys) > 1 else [record]
    if len(parts) != len(kind.keys) or not all(parts):
        return None
    if len(parts) > 1:
        parts = [unquote(part) for part in parts]
    return dict(zip(kind.keys, parts, strict=True))


# --------------------------------------------------------------------- writing


def packed(node: Node, given: Values, dialect: Dialect, create: bool, above: str = "") -> dict[str, Any]:
    """Properties of one row in JSON. Raises Unsupported or Rejected for what may not be written."""
    out = {}
    for name, value in given.items():
        prop = node.props.get(name)
        if prop is None:
            raise Unsupported("sap.unknown_field", object=above or node.kind.name, field=name)
        if not (prop.creatable or prop.updatable):
            raise Unsupported("sap.read_only", object=above or node.kind.name, field=name)
        if not (prop.creatable if create else prop.updatable):
            raise Rejected("sap.fixed", field=name, name=name, when="create" if create else "update")
        out[name] = body(prop, value, dialect)
    return out


def divided(node: Node, given: Values) -> tuple[dict[str, Any], dict[int, dict[str, Any]]]:
    """(what belongs to the row itself, place of a part -> what belongs to it)."""
    own: dict[str, Any] = {}
    below: dict[int, dict[str, Any]] = {}
    for name, value in given.items():
        part = None if name in node.props else node.part(name)
        if part is None:
            own[name] = value
        else:
            inner = name if part.rows else name[len(part.prefix) :]
            below.setdefault(node.parts.index(part), {})[inner] = value
    return own, below
