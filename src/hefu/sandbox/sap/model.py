"""What an OData service consists of, said once for both versions of the protocol.

A service's sets are written down as lines of text (`services.py`), because that is how people compare them with a
vendor's list. V4 names follow from V2 names: no `A_`, and `_Item` for `to_Item`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

KINDS = ("string", "decimal", "date", "stamp", "time", "bool", "guid")


@dataclass(frozen=True)
class Prop:
    """One property. `alpha`: a number that is zero-padded inside, so that '1' and '0000000001' are the same."""

    name: str
    kind: str = "string"
    length: int = 0
    scale: int = 0
    key: bool = False
    creatable: bool = True
    updatable: bool = True
    upper: bool = False
    alpha: bool = False
    unit: str = ""

    @property
    def label(self) -> str:
        """The name as words."""
        words = "".join(f" {c}" if c.isupper() and b.islower() else c for b, c in zip(" " + self.name, self.name))  # noqa: B905
        return words.strip()


@dataclass(frozen=True)
class Nav:
    """A way to another set: `stored` children live inside the document, others are found by `match`.

    match: property there -> property here.
    """

    name: str
    target: str
    many: bool = True
    match: Mapping[str, str] = field(default_factory=dict)

    @property
    def stored(self) -> bool:
        """Whether the records lie inside their parent."""
        return not self.match

    @property
    def v4(self) -> str:
        """Its name in V4."""
        return "_" + self.name.removeprefix("to_")


@dataclass(frozen=True)
class EntityType:
    """One set and its type. parent: the set whose documents hold these rows, by its navigation `via`."""

    name: str
    props: Mapping[str, Prop]
    navs: Mapping[str, Nav]
    etag: str = ""
    creatable: bool = True
    updatable: bool = True
    deletable: bool = False
    parent: str = ""
    via: str = ""

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """Names of the key properties."""
        return tuple(p.name for p in self.props.values() if p.key)

    @property
    def v4(self) -> str:
        """Its name in V4."""
        return self.name.removeprefix("A_")

    def called(self, version: int) -> str:
        """Its name in that version."""
        return self.name if version == 2 else self.v4

    def nav(self, name: str, version: int) -> Nav | None:
        """The navigation of that name in that version."""
        return next((n for n in self.navs.values() if name == (n.name if version == 2 else n.v4)), None)


@dataclass(frozen=True)
class Function:
    """A function import (V2) or an action (V4): its parameters, name -> kind; `on` names the set it works on."""

    name: str
    on: str
    parameters: Mapping[str, str]
    method: str = "POST"
    versions: tuple[int, ...] = (2, 4)
    collection: bool = False


@dataclass(frozen=True, eq=False)
class Service:
    """One service, itself and no other. `path4` is empty where there is no V4 form of it."""

    name: str
    path2: str
    path4: str
    sets: Mapping[str, EntityType]
    functions: Mapping[str, Function] = field(default_factory=dict)

    @property
    def space4(self) -> str:
        """The name space of its V4 types."""
        _, _, _, group, _, _, name, version, *_ = [
            *self.path4.strip("/").split("/"),
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
        ]
        return f"com.sap.gateway.srvd_a2x.{group or name}.v{version}"

    def path(self, version: int) -> str:
        """Its path in that version."""
        return self.path2 if version == 2 else self.path4

    def named(self, name: str, version: int) -> EntityType | None:
        """The set of that name in that version."""
        return next((e for e in self.sets.values() if e.called(version) == name), None)

    def lineage(self, entity: EntityType) -> tuple[EntityType, ...]:
        """The set and the ones it lies in, root first."""
        return (*self.lineage(self.sets[entity.parent]), entity) if entity.parent else (entity,)


def entities(text: str) -> dict[str, EntityType]:
    """Sets from their lines: `set NAME word=value ...`, then `Property TYPE flag ...` and `to_X -> SET flag ...`.

    TYPE: 10 (text of that length), 16.3 (decimal), date, stamp, time, bool, guid. Flags: key, ro (neither created nor
    updated), once (create only), up (upper case), alpha, unit=NAME. `to_X -> SET` holds the rows; `to_X ~> SET a=b`
    finds them by property a there and b here; `one` says there is one at most.
    """
    made: dict[str, EntityType] = {}
    for block in text.strip().split("set ")[1:]:
        head, *lines = [line.split() for line in block.strip().splitlines() if line.strip()]
        words = dict(w.split("=") for w in head[1:] if "=" in w)
        navs = {line[0]: _nav(line) for line in lines if line[1] in ("->", "~>")}
        props = {line[0]: _prop(line) for line in lines if line[1] not in ("->", "~>")}
        made[head[0]] = EntityType(
            head[0],
            props,
            navs,
            words.get("etag", ""),
            "readonly" not in head and "nocreate" not in head,
            "readonly" not in head and "noupdate" not in head,
            "deletable" in head,
        )
    for parent, nav in list(_holdings(made)):
        made[nav.target] = _below(made[nav.target], parent, nav.name)
    return made


def _holdings(made: Mapping[str, EntityType]) -> Iterator[tuple[str, Nav]]:
    for name, entity in made.items():
        yield from ((name, nav) for nav in entity.navs.values() if nav.stored)


def _below(entity: EntityType, parent: str, via: str) -> EntityType:
    words = {n: getattr(entity, n) for n in ("etag", "creatable", "updatable", "deletable")}
    return EntityType(entity.name, entity.props, entity.navs, **words, parent=parent, via=via)


def _nav(line: list[str]) -> Nav:
    match = dict(w.split("=") for w in line[3:] if "=" in w)
    return Nav(line[0], line[2], "one" not in line[3:], match)


def _prop(line: list[str]) -> Prop:
    name, kind, *flags = line
    length, _, scale = kind.partition(".") if kind[0].isdigit() else ("0", "", "")
    key, ro = "key" in flags, "ro" in flags
    return Prop(
        name,
        kind if not kind[0].isdigit() else "decimal" if scale else "string",
        int(length),
        int(scale or 0),
        key,
        not ro,
        not (ro or key or "once" in flags),
        "up" in flags,
        "alpha" in flags,
        next((f[5:] for f in flags if f.startswith("unit=")), ""),
    )
