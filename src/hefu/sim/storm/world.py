"""The business world of a case: two or three systems with their manners, and the project that joins them.

Customers have a field for each rule of merging; orders refer to customers, carry keyed lines, and have a life.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from hefu.connectors.memory import Action, Manners, MemorySystem, cut, rounded, upper
from hefu.core.project import Connection, Entity, Flow, Project
from hefu.core.project import Mapping as MappingDoc
from hefu.core.records import Field, FieldType, Value
from hefu.sim.storm.case import Shape

RULES: Final[Mapping[str, Mapping[str, Any]]] = {
    "code": {"type": "text"},
    "name": {"type": "text"},
    "phone": {"type": "text", "owner": "crm"},
    "address": {"type": "text", "conflict": "latest"},
    "terms": {"type": "text", "owner": "erp", "on_foreign_edit": "report"},
    "note": {"type": "text", "conflict": "priority", "priority": ["erp", "crm"]},
    "tags": {"type": "text", "conflict": "union"},
    "credit": {"type": "decimal", "scale": 2, "conflict": "max"},
    "level": {"type": "code"},
    "active": {"type": "boolean"},
}
TYPED: Final = ("name", "phone", "address", "terms", "note", "tags", "credit")
"""Fields into which people type values that occur nowhere else, so that history can follow them."""

LINE: Final[Mapping[str, Mapping[str, Any]]] = {
    "no": {"type": "code"},
    "item": {"type": "text"},
    "quantity": {"type": "decimal"},
    "price": {"type": "decimal", "owner": "erp"},
}
TYPED_LINE: Final = ("item", "quantity", "price")
NUMBERS: Final = frozenset({"credit", "quantity", "price"})
LEVELS: Final[Mapping[str, Mapping[str, str]]] = {
    "crm": {"A": "gold", "B": "silver", "C": "basic"},
    "erp": {"1": "gold", "2": "silver", "3": "basic"},
    "shop": {"A": "gold", "B": "silver", "C": "basic"},
}
IN_ONLY: Final[Mapping[str, frozenset[str]]] = {"crm": frozenset(), "erp": frozenset(), "shop": frozenset({"phone"})}
"""Fields that the hub may read there and must never write."""

CUT = 8
MARK: Final = "ref"
"""The field in which the hub may leave its id."""
_KINDS = {
    "text": FieldType.TEXT,
    "code": FieldType.CODE,
    "decimal": FieldType.DECIMAL,
    "boolean": FieldType.BOOLEAN,
}


def objects(shape: Shape) -> tuple[str, ...]:
    """The objects of every system of this case."""
    return ("customer", "order") if shape.trade else ("customer",)


def open_systems(shape: Shape, clock: Any) -> dict[str, MemorySystem]:
    """The systems, empty."""
    out = {}
    for name in shape.systems:
        system = out[name] = MemorySystem(name, clock)
        for obj in objects(shape):
            define(system, shape, obj)
    return out


def define(system: MemorySystem, shape: Shape, obj: str, **changes: Any) -> None:
    """(Re)define an object. `changes`: without (a field), required (a field more), options (of level), skew."""
    manners = _manners(shape, system.name, obj, changes.get("skew"))
    fields = _customer_fields(shape, system.name) if obj == "customer" else _order_fields()
    fields = [f for f in fields if f.name != changes.get("without")]
    if changes.get("required"):
        fields.append(Field(changes["required"], required=True))
    if obj == "order":
        open_fields = ("memo", "status", "approved", "ref", "secret")
        system.define(obj, fields, manners, key=("number",), state="status", locked={"confirmed": open_fields})
    else:
        system.define(obj, fields, manners, key=("code",))


def _manners(shape: Shape, name: str, obj: str, skew: float | None) -> Manners:
    words = dict(shape.manners[name])
    if skew is not None:
        words["skew"] = skew
    rewrite: dict[str, Any] = {}
    if name == "erp":
        texts = [n for n in TYPED if n not in NUMBERS] if obj == "customer" else ["memo"]
        change = {"upper": upper, "cut": cut(CUT)}.get(shape.rewrite)
        rewrite = {n: [change] for n in texts} if change else {}
        if shape.rewrite == "rounded" and obj == "customer":
            rewrite = {"credit": [rounded(1)]}
    if obj == "order":
        actions = {"confirm": Action(("draft",), "confirmed"), "reopen": Action(("confirmed",), "draft")}
        return Manners(**words, token_field=MARK, rewrite=rewrite, actions=actions, defaults={"status": "draft"})
    words["lines"] = "none"
    return Manners(**words, token_field=MARK, rewrite=rewrite)


def _customer_fields(shape: Shape, name: str) -> list[Field]:
    narrow = {"tags", "note"} if name == "erp" and shape.narrow else set()
    cuts = name == "erp" and shape.rewrite == "cut"
    fields = [
        Field(n, _KINDS[doc["type"]], bytes_length=CUT if (n in TYPED and cuts and n not in NUMBERS) else None,
              options=tuple(LEVELS[name]) if n == "level" else ())
        for n, doc in RULES.items() if n not in narrow
    ]  # fmt: skip
    return [*fields, Field("ref"), Field("secret")]


def _order_fields() -> list[Field]:
    line = tuple(Field(n, _KINDS[doc["type"]], unique=n == "no") for n, doc in LINE.items())
    return [
        Field("number"),
        Field("customer", FieldType.REFERENCE, target="customer"),
        Field("memo"),
        Field("approved", FieldType.BOOLEAN),
        Field("status", FieldType.CODE),
        Field("lines", FieldType.LINES, lines=line),
        Field("ref"),
        Field("secret"),
    ]


# ------------------------------------------------------------------------- project


def project_of(shape: Shape, version: int) -> Project:
    """The documents. An odd version leaves the field "note" of the ERP out, as a mapping that somebody edits may."""
    docs = [_mapping(shape, name, obj, version) for obj in objects(shape) for name in _in_order(shape)]
    guard = {"records": 100_000, "deletes": shape.guard_deletes}
    flow = {"flow": "all", "mappings": [d["mapping"] for d in docs], "guard": guard}
    connections = {
        name: Connection.model_validate(
            {"connection": name, "connector": "memory", "lateness": 60, "limits": {"timeout": "5s"}}
        )
        for name in shape.systems
    }
    return Project(
        connections=connections,
        entities={obj: Entity.model_validate(_entity(shape, obj)) for obj in objects(shape)},
        mappings={d["mapping"]: MappingDoc.model_validate(d) for d in docs},
        flows={"all": Flow.model_validate(flow)},
        version=version,
    )


def _in_order(shape: Shape) -> list[str]:
    return sorted(shape.systems, key=lambda name: name != shape.first)


def _entity(shape: Shape, obj: str) -> dict[str, Any]:
    if obj == "customer":
        return {
            "entity": "customer",
            "fields": {name: dict(doc) for name, doc in RULES.items()},
            "match": [["code"]] if shape.matched else [],
            "on_delete": shape.on_delete,
            "deactivate": {"active": False},
        }
    rule = shape.on_delete if shape.on_delete != "deactivate" else "ignore"
    return {
        "entity": "order",
        "fields": {
            "number": {"type": "text"},
            "customer": {"type": "reference", "entity": "customer"},
            "memo": {"type": "text"},
            "approved": {"type": "boolean", "owner": "crm"},
            "lines": {"type": "lines", "line_key": "no", "lines": {n: dict(d) for n, d in LINE.items()}},
        },
        "match": [["number"]],
        "on_delete": rule,
        "parent": "customer",
    }


def _mapping(shape: Shape, name: str, obj: str, version: int) -> dict[str, Any]:
    base = {"mapping": f"{name}-{obj}", "connection": name, "object": obj, "entity": obj, "create": True}
    if obj == "customer":
        here = [f.name for f in _customer_fields(shape, name) if f.name in RULES]
        if name == "erp" and version % 2:
            here = [n for n in here if n != "note"]
        return {**base, "fields": [_field(name, n) for n in here]}
    line = [{"field": n, "from": n} for n in LINE]
    plain = [{"field": n, "from": n} for n in ("number", "customer", "memo", "approved")]
    doc = {**base, "fields": [*plain, {"field": "lines", "from": "lines", "lines": line}]}
    if name == "erp":
        doc["steps"] = [{"action": "confirm", "when": "golden.approved == true", "until": ["confirmed"]}]
    return doc


def _field(name: str, field: str) -> dict[str, Any]:
    out: dict[str, Any] = {"field": field, "from": field}
    if field == "level":
        out["values"] = dict(LEVELS[name])
    if field in IN_ONLY[name]:
        out["direction"] = "in"
    return out


def writable(shape: Shape, name: str, obj: str) -> frozenset[str]:
    """Fields of an object that the hub may ever write there, its token included."""
    doc = _mapping(shape, name, obj, 0)
    return frozenset(f["field"] for f in doc["fields"] if f.get("direction") != "in") | {"ref", "status"}


def shared(shape: Shape, a: str, b: str, obj: str) -> list[str]:
    """Fields on which two systems must agree in the end: those that both may be told."""
    return sorted((writable(shape, a, obj) & writable(shape, b, obj)) - {"ref", "status"})


def typed_value(field: str, number: int) -> Value:
    """A value that occurs nowhere else."""
    return Decimal(f"{number + 1}.{number % 45:02d}") if field in NUMBERS else f"v{number} by hand"
