"""An object bound to a service: its schema, its change stamps, and the hub's id in it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Any

from hefu.connectors._sap_edm import EntitySet, Model, Prop
from hefu.connectors._sap_plan import etag_of
from hefu.connectors._sap_settings import SapSettings
from hefu.connectors._sap_shapes import Child, Shape, services, shape_of
from hefu.connectors._sap_tree import Node, Row, expand, fields, grow, record_id, values
from hefu.connectors._sap_values import Dialect, clock, literal, moment
from hefu.core.errors import Unsupported
from hefu.core.records import Abilities, ObjectSchema, Record

_LOOK_AHEAD = timedelta(hours=3)
_ID = 26
"""Characters of the hub's own ids."""


@dataclass(frozen=True)
class Stamp:
    """Fields that say when a record changed: an instant, a date, or a date with a time in SAP's own zone.

    A place is that moment as text, to the millisecond: finer ones are neither told nor compared alike everywhere, so
    two records of one place may have changed one after the other all the same.
    """

    props: tuple[Prop, ...]
    dialect: Dialect

    @property
    def instant(self) -> bool:
        """Whether it is a moment and not a wall clock."""
        return not self.props[0].day

    def start(self, since: datetime, lateness: timedelta) -> str:
        """The first place that may hold a change since then, for commits that are so late."""
        if self.instant:
            return _iso(since - lateness)
        local = min(self._local(since), self._local(since + _LOOK_AHEAD) - _LOOK_AHEAD) - lateness
        if len(self.props) == 1:
            return (local - timedelta(days=1)).date().isoformat()
        return local.replace(microsecond=0).isoformat()

    def _local(self, at: datetime) -> datetime:
        """SAP's wall clock; where clocks are put back, an hour comes twice."""
        return at.astimezone(self.dialect.zone).replace(tzinfo=None)

    def place(self, row: Row) -> str | None:
        """The place of a row; None for one that has no such stamp."""
        told = [row.get(p.name) for p in self.props]
        if not told[0]:
            return None
        at = moment(str(told[0]), self.dialect)
        if self.instant:
            return _iso(at.replace(microsecond=at.microsecond // 1000 * 1000))
        if len(told) == 1:
            return at.date().isoformat()
        return datetime.combine(at.date(), clock(str(told[1] or "PT0S"))).isoformat()

    def after(self, place: str) -> str:
        """The place that follows."""
        if self.instant:
            return _iso(datetime.fromisoformat(place) + timedelta(milliseconds=1))
        if len(self.props) == 1:
            return (date.fromisoformat(place) + timedelta(days=1)).isoformat()
        return (datetime.fromisoformat(place) + timedelta(seconds=1)).isoformat()

    def since(self, place: str) -> str:
        """A filter: from that place on."""
        first, rest = self._literals(place)
        name = self.props[0].name
        if not rest:
            return f"{name} ge {first}"
        return f"({name} gt {first} or ({name} eq {first} and {self.props[1].name} ge {rest}))"

    def at(self, place: str) -> str:
        """A filter: at that place."""
        first, rest = self._literals(place)
        name = self.props[0].name
        if self.instant:
            return f"{name} ge {first} and {name} lt {self._literals(self.after(place))[0]}"
        return f"{name} eq {first}" + (f" and {self.props[1].name} eq {rest}" if rest else "")

    def _literals(self, place: str) -> tuple[str, str]:
        if self.instant:
            return literal(self.props[0], datetime.fromisoformat(place), self.dialect), ""
        first = literal(self.props[0], date.fromisoformat(place[:10]), self.dialect)
        if len(self.props) == 1:
            return first, ""
        return first, literal(self.props[1], place[11:], self.dialect)

    def modified(self, row: Row) -> datetime | None:
        """When a row changed; None where only the day is known."""
        place = self.place(row)
        if place is None or len(place) == 10:
            return None
        at = datetime.fromisoformat(place)
        return at if at.tzinfo else at.replace(tzinfo=self.dialect.zone).astimezone(UTC)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


@dataclass(frozen=True)
class Bound:
    """An object of one installation."""

    name: str
    service: str
    model: Model
    home: EntitySet
    shape: Shape
    node: Node
    dialect: Dialect
    stamps: tuple[Stamp, ...]
    token: str
    settings: SapSettings

    @cached_property
    def schema(self) -> ObjectSchema:
        """As discovered."""
        keys = self.home.kind.keys
        offered = {name for sets in services(self.settings).values() for name in sets}
        found = tuple(fields(self.node, offered, keys=keys if len(keys) == 1 else ()))
        if self.token and self.squeezes:
            found = tuple(replace(f, length=None) if f.name == self.token else f for f in found)
        named = {f.name for f in found}
        writes = self.home.creatable or self.home.updatable
        state = self.shape.state if self.shape.state in named else None
        abilities = Abilities(
            create=self._creation if self.home.creatable else "no",
            update=self.home.updatable,
            delete=self.home.deletable,
            changes="cursor" if self.stamps else "full",
            conditional="version" if self.home.guarded and self.home.updatable else "no",
            batch=self.settings.batch if writes else 1,
            page=self.settings.page,
            lines="keyed" if self.home.updatable and any(p.rows for p in self.node.parts) else "none",
            returns=writes,
            token_field=self.token or None,
            actions=dict(self._steps) if state else {},
        )
        key = tuple(k for k in self.shape.key if k in named) or keys
        return ObjectSchema(self.name, found, self.shape.label or self.home.label or self.name, key, abilities, state)

    @property
    def _creation(self) -> str:
        if self.token:
            return "token"
        creatable = all(self.node.kind.props[k].creatable for k in self.home.kind.keys)
        return "key" if self.shape.named or creatable else "blind"

    @property
    def _steps(self) -> Sequence[tuple[str, tuple[str, ...]]]:
        return [(name, where) for name, where in self.shape.steps.items() if name in self.model.operations]

    # ------------------------------------------------------------------- records

    @cached_property
    def query(self) -> dict[str, str]:
        """What every read asks for."""
        out = {"$expand": e} if (e := expand(self.node, self.dialect.v4)) else {}
        only = self.settings.fields.get(self.name)
        if only:
            stamps = [p.name for s in self.stamps for p in s.props]
            guards = [p.name for p in self.home.kind.props.values() if p.guards]
            # A navigation as such stands for all of its rows' fields; a path through it would leave only its end.
            paths = [] if self.dialect.v4 else [part.nav for part in self.node.parts]
            names = [*only, *self.home.kind.keys, *stamps, *guards, *([self.token] if self.token else []), *paths]
            out["$select"] = ",".join(dict.fromkeys(n for n in names if n))
        return out

    def record(self, row: Row) -> Record:
        """A row as a record."""
        told: dict[str, Any] = values(self.node, row, self.dialect)
        if self.token and told.get(self.token):
            told[self.token] = self.untoken(str(told[self.token]))
        at = next((m for s in self.stamps if (m := s.modified(row)) is not None), None)
        who = next((str(row[n]) for n in self.shape.authors if row.get(n)), None)
        return Record(record_id(self.node.kind, row, self.dialect), told, etag_of(row), at, who)

    # ---------------------------------------------------------------- the hub's id

    @cached_property
    def squeezes(self) -> bool:
        """Whether the token's field is too short for an id of ours."""
        length = self.home.kind.props[self.token].length
        return length is not None and length < _ID

    def entoken(self, token: str) -> str:
        """Our id as it fits the field: 26 hexadecimal digits are 19 of base 36 and a mark."""
        length = self.home.kind.props[self.token].length or _ID
        if len(token) <= length and not self.squeezes:
            return token
        if re.fullmatch(r"[0-9a-f]{26}", token) and (number := int(token, 16)) < 36**19 and length >= 20:
            return "H" + _base36(number).rjust(19, "0")
        digest = int.from_bytes(hashlib.sha256(token.encode()).digest(), "big")
        return "X" + _base36(digest % 36 ** (length - 1)).rjust(length - 1, "0")

    def untoken(self, stored: str) -> str:
        """Our id out of what the field holds; what is none of ours stays as it is."""
        if re.fullmatch(r"[0-9A-F]{26}", stored) and self.home.kind.props[self.token].upper:
            return stored.lower()
        if self.squeezes and re.fullmatch(r"H[0-9A-Z]{19}", stored):
            return f"{int(stored[1:], 36):026x}"
        return stored


def _base36(number: int) -> str:
    out = ""
    while number:
        number, digit = divmod(number, 36)
        out = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"[digit] + out
    return out or "0"


# --------------------------------------------------------------------- binding


def bind(name: str, service: str, model: Model, settings: SapSettings, dialect: Dialect) -> Bound | None:
    """The object of that entity set; None where the service has no such set."""
    home = model.sets.get(name)
    if home is None:
        return None
    shape = shape_of(name, settings)
    if shape.guard in home.kind.props:
        home = replace(home, guarded=True)
    more = tuple(Child(nav, rows=True) for nav in settings.lines.get(name, ()))
    named = {c.nav for c in more}
    children = (*(c for c in shape.children if c.nav not in named), *more)
    node = grow(model, home, children, settings.fields.get(name, ()), settings.line_keys.get(name, ""))
    stamps = _stamps(name, home, settings.changed.get(name, shape.stamps), name in settings.changed, dialect)
    own = {p.name for s in stamps for p in s.props} | {*shape.authors, shape.guard}
    node = replace(node, props=_unwritten(node.props, own))
    token = settings.hub_id_fields.get(name, shape.token)
    if token not in home.kind.props:
        if settings.hub_id_fields.get(name):
            raise Unsupported("sap.unknown_field", object=name, field=token)
        token = ""
    if token and token not in node.props:
        node = replace(node, props={**node.props, token: home.kind.props[token]})
    if not home.creatable:
        token = ""
    return Bound(name, service, model, home, shape, node, dialect, stamps, token, settings)


def _unwritten(props: Mapping[str, Prop], stamps: Collection[str]) -> dict[str, Prop]:
    """What SAP writes by itself is not for us to write, whatever a service says."""
    fixed = {n: replace(p, creatable=False, updatable=False) for n, p in props.items() if n in stamps or p.guards}
    return {**props, **fixed}


def _stamps(name: str, home: EntitySet, wanted: Sequence[str], asked: bool, dialect: Dialect) -> tuple[Stamp, ...]:
    found = []
    for one in wanted:
        names = one.split("+")
        missing = [n for n in names if n not in home.kind.props]
        if missing and asked:
            raise Unsupported("sap.unknown_field", object=name, field=missing[0])
        present = tuple(home.kind.props[n] for n in names if n in home.kind.props)
        if present and present[0].name == names[0]:
            found.append(Stamp(present if present[0].day else present[:1], dialect))
    return tuple(found)
