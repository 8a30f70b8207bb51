"""Addresses within a service: which set, record, navigation or function a path names."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote, unquote_plus

from hefu.sandbox.sap.book import SapBook
from hefu.sandbox.sap.model import EntityType, Function, Nav, Prop, Service
from hefu.sandbox.sap.query import wrong
from hefu.sandbox.sap.refusals import Refusal, missing
from hefu.sandbox.sap.wire import Row, from_text, stripped

_SEGMENT = re.compile(r"([A-Za-z_$][\w.$]*)(?:\((.*)\))?", re.DOTALL)


@dataclass
class Target:
    """What a path names. keys: of the record, or None for the set. row: the record, where it is there.

    parent: the row (and its set) whose navigation the last segment is.
    """

    entity: EntityType
    keys: dict[str, Any] | None = None
    rows: Sequence[Row] | None = None
    parent: tuple[EntityType, Row] | None = None
    nav: Nav | None = None
    function: Function | None = None
    tail: str = ""
    fixed: Mapping[str, Any] = field(default_factory=dict)


def split(path: str) -> list[str]:
    """The segments of a path as sent, decoded; a slash within quotes or an escaped one does not divide."""
    parts, quoted, last = [], False, 0
    for at, sign in enumerate(path):
        if sign == "'" or path[at : at + 3] == "%27":
            quoted = not quoted
        elif sign == "/" and not quoted:
            parts.append(path[last:at])
            last = at + 1
    return [unquote(p) for p in (*parts, path[last:]) if p]


def options_of(text: str) -> dict[str, str]:
    """Query options as sent; the last of a name holds."""
    made = {}
    for part in text.split("&"):
        name, _, value = part.partition("=")
        if name:
            made[unquote_plus(name)] = unquote_plus(value)
    return made


def find(book: SapBook, service: Service, segments: Sequence[str], version: int) -> Target:
    """What the segments name. Raises Refusal 404 or 400."""
    target: Target | None = None
    for place, segment in enumerate(segments):
        found = _SEGMENT.fullmatch(segment)
        if found is None:
            raise missing(segment[:60])
        name, keys = found[1], found[2]
        if target is None:
            target = _first(service, name, keys, version)
        elif place == len(segments) - 1 and name in ("$count", "$value"):
            target.tail = name
        else:
            target = _further(book, service, target, name, keys, version)
    assert target is not None
    return target


def _first(service: Service, name: str, keys: str | None, version: int) -> Target:
    entity = service.named(name, version)
    if entity is not None:
        return Target(entity, None if keys is None else key_values(entity, keys, version))
    function = service.functions.get(name)
    if function is not None and version == 2 and 2 in function.versions:
        return Target(service.sets[function.on], function=function)
    raise missing(name)


def _further(book: SapBook, service: Service, target: Target, name: str, keys: str | None, version: int) -> Target:
    nav = target.entity.nav(name, version)
    if nav is None and version == 4 and name.rpartition(".")[2] in service.functions:
        function = service.functions[name.rpartition(".")[2]]
        if 4 in function.versions and function.on == target.entity.name:
            return Target(target.entity, target.keys, function=function)
    row = one(book, target)
    if nav is None:
        if name in target.entity.props and keys is None:
            target.tail = name
            return target
        raise missing(name)
    found = book.related(target.entity, row, nav.name)
    made = Target(service.sets[nav.target], rows=found, parent=(target.entity, row), nav=nav)
    if keys is not None:
        made.keys = key_values(made.entity, keys, version, partial=True)
    return made


def one(book: SapBook, target: Target) -> Row:
    """The one record that is named. Raises Refusal 404, or 400 where a whole set is named."""
    if target.keys is None and (target.nav is None or target.nav.many):
        raise Refusal(400, "/IWBEP/CM_MGW_RT/022", ("需要主键", "A key is needed"))
    rows = target.rows if target.rows is not None else book.found(target.entity, target.keys)
    keys = target.keys or {}
    for row in rows:
        if all(row.get(n) == v for n, v in keys.items()):
            return row
    named = ",".join(f"{n}='{v}'" for n, v in keys.items())
    raise missing(f"{target.entity.name}({named})")


def key_values(entity: EntityType, text: str, version: int, *, partial: bool = False) -> dict[str, Any]:
    """Key values between the brackets of an address. Raises Refusal."""
    props = [entity.props[k] for k in entity.keys]
    parts = _parts(text)
    if len(parts) == 1 and "=" not in parts[0].partition("'")[0]:
        if len(props) != 1 and not partial:
            raise wrong(f"({text})", version)
        return {props[-1 if partial else 0].name: key_value(props[-1 if partial else 0], parts[0], version)}
    made = {}
    for part in parts:
        name, _, value = part.partition("=")
        prop = next((p for p in props if p.name == name.strip()), None)
        if prop is None:
            raise wrong(f"({text})", version)
        made[prop.name] = key_value(prop, value, version)
    if len(made) != len(props) and not partial:
        raise wrong(f"({text})", version)
    return made


def _parts(text: str) -> list[str]:
    made, quoted, last = [], False, 0
    for at, sign in enumerate(text):
        quoted ^= sign == "'"
        if sign == "," and not quoted:
            made.append(text[last:at])
            last = at + 1
    return [p.strip() for p in (*made, text[last:])]


def key_value(prop: Prop, text: str, version: int) -> Any:
    """One key value as kept. Raises Refusal."""
    text = text.strip()
    inner = text.partition("'")[2][:-1].replace("''", "'") if text.endswith("'") else ""
    try:
        if prop.kind == "string" and text.startswith("'") and text.endswith("'") and len(text) > 1:
            return stripped(inner) if prop.alpha and inner else inner.upper() if prop.upper else inner
        if prop.kind == "guid":
            return (inner if version == 2 else text).lower()
        if prop.kind in ("date", "stamp", "time"):
            return from_text(prop.kind, inner if version == 2 else text, version)
    except ValueError:
        pass
    raise wrong(f"{prop.name}={text}", version)
