"""$metadata (EDMX of OData V2 and V4) as types, sets and operations: what a service has and what it allows.

The document comes from outside, so it is parsed without entities, DTDs or external references.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

_VERSION = re.compile(r"\.[vV]\d+\.")
_SAP = "{http://www.sap.com/Protocols/SAPData}"


class BadMetadata(ValueError):
    """No EDMX. `hostile`: it holds what no service description needs (a DTD, entities)."""

    def __init__(self, why: str, hostile: bool = False) -> None:
        super().__init__(why)
        self.hostile = hostile


@dataclass(frozen=True)
class Prop:
    """One property. `unit` names the property that holds its unit or currency."""

    name: str
    type: str
    nullable: bool = True
    length: int | None = None
    scale: int | None = None
    label: str = ""
    creatable: bool = True
    updatable: bool = True
    unit: str = ""
    semantics: str = ""
    upper: bool = False
    day: bool = False
    guards: bool = False


@dataclass(frozen=True)
class Nav:
    """A navigation property: to one or to many of an entity type."""

    name: str
    target: str
    many: bool


@dataclass(frozen=True)
class Kind:
    """An entity type. `name` is qualified."""

    name: str
    keys: tuple[str, ...]
    props: Mapping[str, Prop]
    navs: Mapping[str, Nav]


@dataclass(frozen=True)
class EntitySet:
    """An entity set and what may be done with it. `guarded`: changes want an If-Match."""

    name: str
    kind: Kind
    label: str = ""
    creatable: bool = True
    updatable: bool = True
    deletable: bool = True
    guarded: bool = False


@dataclass(frozen=True)
class Operation:
    """A function import (V2), or a bound action (V4: `qualified`, of `kind`)."""

    name: str
    params: Mapping[str, Prop]
    qualified: str = ""
    kind: str = ""


@dataclass(frozen=True)
class Model:
    """One service."""

    v4: bool
    sets: Mapping[str, EntitySet]
    operations: Mapping[str, Operation] = field(default_factory=dict)

    def set_of(self, kind: Kind) -> EntitySet | None:
        """The set that holds entities of that type."""
        return next((s for s in self.sets.values() if s.kind.name == kind.name), None)

    def kind(self, name: str) -> Kind | None:
        """The entity type of that qualified name, if a set holds it."""
        return next((s.kind for s in self.sets.values() if s.kind.name == name), None)


def parse(document: bytes) -> Model:
    """Raises BadMetadata."""
    try:
        root = fromstring(document, forbid_dtd=True)
    except DefusedXmlException as error:
        raise BadMetadata(type(error).__name__, hostile=True) from error
    except (ParseError, ValueError) as error:
        raise BadMetadata(str(error)[:100]) from error
    if _tag(root) != "Edmx":
        raise BadMetadata(f"<{_tag(root)[:40]}>")
    v4 = root.get("Version", "").startswith("4")
    schemas = [e for e in root.iter() if _tag(e) == "Schema"]
    ends = _associations(schemas)
    said = _annotations(schemas) if v4 else {}
    names = {s.get("Alias"): s.get("Namespace", "") for s in schemas if s.get("Alias")}
    kinds: dict[str, Kind] = {}
    for space, one in ((s.get("Namespace", ""), e) for s in schemas for e in s if _tag(e) == "EntityType"):
        made = _kind(space, one, ends, said, names)
        kinds[made.name] = made
    sets = {s.name: s for e in root.iter() if _tag(e) == "EntitySet" and (s := _set(e, kinds, said, names)) is not None}
    return Model(v4, sets, dict(_actions(schemas, names) if v4 else _imports(root)))


def _tag(element: Any) -> str:
    return str(element.tag).rpartition("}")[2]


def _kind(
    space: str, one: Any, ends: Mapping[tuple[str, str], tuple[str, bool]], said: _Said, names: Mapping[Any, str]
) -> Kind:
    name = f"{space}.{one.get('Name', '')}"
    props, navs, keys = dict[str, Prop](), dict[str, Nav](), list[str]()
    for e in one:
        if _tag(e) == "Key":
            keys += [ref.get("Name", "") for ref in e]
        elif _tag(e) == "Property":
            made = _prop(e, said.get(f"{name}/{e.get('Name')}", {}))
            props[made.name] = made
        elif _tag(e) == "NavigationProperty":
            nav = _nav(e, ends, names)
            navs[nav.name] = nav
    return Kind(name, tuple(keys), props, navs)


def _prop(e: Any, said: Mapping[str, Any]) -> Prop:
    def flag(word: str) -> bool:
        return str(e.get(_SAP + word, "true")) != "false"

    computed = said.get("Core.Computed", False) is True
    kind = e.get("Type", "")
    return Prop(
        e.get("Name", ""),
        kind,
        e.get("Nullable", "true") != "false",
        _number(e.get("MaxLength")),
        _number(e.get("Scale")),
        e.get(_SAP + "label") or str(said.get("Common.Label", "")),
        flag("creatable") and not computed,
        flag("updatable") and not computed and said.get("Core.Immutable", False) is not True,
        e.get(_SAP + "unit") or str(said.get("Measures.ISOCurrency", "")),
        "currency-code" if "Measures.ISOCurrency" in said else e.get(_SAP + "semantics", ""),
        e.get(_SAP + "display-format") == "UpperCase" or said.get("Common.IsUpperCase", False) is True,
        kind == "Edm.Date" or (kind == "Edm.DateTime" and _is_day(e)),
        e.get("ConcurrencyMode") == "Fixed",
    )


def _is_day(e: Any) -> bool:
    """SAP's dates: shown as such, or without any digit of a second."""
    return str(e.get(_SAP + "display-format")) == "Date" or str(e.get("Precision", "0")) == "0"


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isdecimal() else None


def _nav(e: Any, ends: Mapping[tuple[str, str], tuple[str, bool]], names: Mapping[Any, str]) -> Nav:
    kind = e.get("Type")
    if kind is None:
        target, many = ends.get((e.get("Relationship", ""), e.get("ToRole", "")), ("", False))
        return Nav(e.get("Name", ""), target, many)
    many = kind.startswith("Collection(")
    return Nav(e.get("Name", ""), _full(kind[11:-1] if many else kind, names), many)


def _full(name: str, names: Mapping[Any, str]) -> str:
    """A qualified name whose alias is spelt out."""
    space, _, own = name.rpartition(".")
    return f"{names.get(space, space)}.{own}"


def _associations(schemas: list[Any]) -> dict[tuple[str, str], tuple[str, bool]]:
    """(association, role) -> (type at that end, whether many)."""
    found = {}
    for schema in schemas:
        for one in schema:
            if _tag(one) == "Association":
                name = f"{schema.get('Namespace', '')}.{one.get('Name', '')}"
                for end in one:
                    if _tag(end) == "End":
                        found[name, end.get("Role", "")] = (end.get("Type", ""), end.get("Multiplicity") == "*")
    return found


def _set(e: Any, kinds: Mapping[str, Kind], said: _Said, names: Mapping[Any, str]) -> EntitySet | None:
    kind = kinds.get(_full(e.get("EntityType", ""), names))
    if kind is None:
        return None
    name = e.get("Name", "")
    told = next((v for target, v in said.items() if target.endswith(f"/{name}") and target.count("/") == 1), {})
    paths = told.get("Core.OptimisticConcurrency")
    for guard in paths if isinstance(paths, list) else ():
        if guard in kind.props:
            kind = replace(kind, props={**kind.props, guard: replace(kind.props[guard], guards=True)})
    able = {word: e.get(_SAP + word, "true") != "false" for word in ("creatable", "updatable", "deletable")}
    guarded = any(p.guards for p in kind.props.values())
    made = EntitySet(name, kind, e.get(_SAP + "label", ""), **able, guarded=guarded)
    return replace(
        made,
        creatable=made.creatable and told.get("Capabilities.InsertRestrictions/Insertable", True) is True,
        updatable=made.updatable and told.get("Capabilities.UpdateRestrictions/Updatable", True) is True,
        deletable=made.deletable and told.get("Capabilities.DeleteRestrictions/Deletable", True) is True,
        guarded=made.guarded or "Core.OptimisticConcurrency" in told,
    )


_Said = Mapping[str, Mapping[str, Any]]


def _annotations(schemas: list[Any]) -> _Said:
    """Target -> term -> value. Only the short form of a term counts, whatever its alias is spelt like."""
    out: dict[str, dict[str, Any]] = {}
    for schema in schemas:
        alias, space = schema.get("Alias"), schema.get("Namespace", "")
        for group in schema.iter():
            if _tag(group) != "Annotations":
                continue
            target = group.get("Target", "")
            if alias and target.startswith(f"{alias}."):
                target = space + target[len(alias) :]
            out.setdefault(target, {}).update(_terms(group))
    return out


def _terms(group: Any) -> Iterator[tuple[str, Any]]:
    for one in group:
        if _tag(one) != "Annotation":
            continue
        term = ".".join(_VERSION.sub(".", one.get("Term", "")).split(".")[-2:])
        paths = [str(e.text) for e in one.iter() if _tag(e) == "PropertyPath" and e.text]
        yield term, paths or _worth(one)
        for value in one.iter():
            if _tag(value) == "PropertyValue":
                yield f"{term}/{value.get('Property')}", _worth(value)


def _worth(one: Any) -> Any:
    for word in ("String", "Path", "PropertyPath"):
        if one.get(word) is not None:
            return one.get(word)
    said = one.get("Bool")
    return said != "false" if said is not None or len(one) == 0 else one.get("EnumMember", "")


def _imports(root: Any) -> Iterator[tuple[str, Operation]]:
    """V2: function imports that are called by POST."""
    for e in root.iter():
        if _tag(e) == "FunctionImport":
            method = next((v for k, v in e.attrib.items() if k.endswith("}HttpMethod")), "GET")
            if method == "POST":
                params = {p.get("Name", ""): _prop(p, {}) for p in e if _tag(p) == "Parameter"}
                yield e.get("Name", ""), Operation(e.get("Name", ""), params)


def _actions(schemas: list[Any], names: Mapping[Any, str]) -> Iterator[tuple[str, Operation]]:
    """V4: actions bound to one entity."""
    for schema in schemas:
        for e in schema:
            if _tag(e) != "Action" or e.get("IsBound") != "true":
                continue
            params = [p for p in e if _tag(p) == "Parameter"]
            home = params[0].get("Type", "") if params else ""
            if home and not home.startswith("Collection("):
                rest = {p.get("Name", ""): _prop(p, {}) for p in params[1:]}
                name = e.get("Name", "")
                yield name, Operation(name, rest, f"{schema.get('Namespace', '')}.{name}", _full(home, names))
