"""Which values a principal sees: the one projection that API, export, search, trace, events and error texts go through.

A field is seen, masked (one sees that there is something: ***) or hidden (it is not there). What stands in no
statement of a role is hidden. Values pass by field where the field is known; free texts (a system's own words, facts
of errors) have every value struck out that the principal may not see, and are masked whole where they speak of such
a field.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hefu.core.errors import HubError
from hefu.core.model import READY, every_field, resolve
from hefu.core.project import Entity, EntityField, FieldMap, See
from hefu.core.project import Mapping as MappingDocument
from hefu.core.records import Normals, Values

MASK = "***"
UNMAPPED = "unmapped"
"""The class of a system's field that no mapping names."""

_RANK: Mapping[See, int] = {"hidden": 0, "masked": 1, "seen": 2}
_BY_RANK: tuple[See, ...] = ("hidden", "masked", "seen")
_KEYED = re.compile(r"\[[^\]]*\]")
_TELLING = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+|(?<!\d)\+?\d(?:[ -]?\d){6,}[Xx]?(?!\d)")
"""What looks like a person's in a free text: e-mail addresses, and seven digits or more (telephone, account, ID)."""
_WORD = re.compile(r"[A-Za-z_]\w*")
_PLAIN = frozenset({
    "code", "connection", "object", "mapping", "entity", "flow", "action", "system", "status", "count", "limit",
    "field", "path", "kind", "state", "type", "run", "request", "at", "scope", "seconds", "attempt",
})  # fmt: skip
"""Facts that never hold a record's values."""


@dataclass(frozen=True)
class View:
    """One role's statements about values: class, entity or entity.field -> how it is shown; what may be changed."""

    see: Mapping[str, See]
    edit: frozenset[str]
    all: bool = False

    @classmethod
    def everything(cls) -> View:
        """Sees and may change all there is."""
        return cls({}, frozenset(), all=True)

    def of(self, path: str, entity: str, pii: str) -> See:
        """What is said of entity.field, else the stricter of what is said of the entity and of the class."""
        if self.all:
            return "seen"
        if path in self.see:
            return self.see[path]
        said = [self.see[place] for place in (entity, pii) if place in self.see]
        return min(said, key=_RANK.__getitem__, default="hidden")

    def edits(self, places: Iterable[str]) -> bool:
        """Whether any of them may be changed."""
        return self.all or not self.edit.isdisjoint(places)


class Sight:
    """How values are shown. `around`: groups of views; in each the most open view counts, over all the strictest."""

    def __init__(
        self,
        around: Sequence[Sequence[View]],
        editing: Sequence[View],
        entities: Mapping[str, Entity],
        *,
        unmask: bool = False,
    ) -> None:
        self._around = around
        self._editing = editing
        self._entities = entities
        self._unmask = unmask
        self._known: dict[tuple[str, str], See] = {}
        self._fields: dict[str, Mapping[str, EntityField]] = {}
        self.all = bool(around) and all(any(view.all for view in group) for group in around)
        """Nothing is kept back from this one."""

    # ------------------------------------------------------------------ one field

    def of(self, entity: str, path: str) -> See:
        """How a field is shown: "phone", "lines.price" or "lines[10].price"."""
        path = _KEYED.sub("", path)
        known = self._known.get((entity, path))
        if known is None:
            known = self._known[entity, path] = self._decide(entity, path)
        return known

    def sees(self, entity: str, path: str) -> bool:
        """May it be read, and so filtered, sorted, searched and exported?"""
        return self.of(entity, path) == "seen"

    def edits(self, entity: str, path: str) -> bool:
        """May it be changed? Only what is seen."""
        path = _KEYED.sub("", path)
        field = self._field(entity, path)
        if field is None or not self.sees(entity, path):
            return False
        parts = path.split(".")
        places = [entity, field.pii, *(".".join((entity, *parts[:n])) for n in range(1, len(parts) + 1))]
        return any(view.edits(places) for view in self._editing)

    def full(self, entity: str) -> bool:
        """Is every field of this entity seen?"""
        known = entity in self._entities or entity in READY
        return self.all or (known and not any(self._kept(entity)))

    def fields(self, entity: str) -> dict[str, tuple[See, bool]]:
        """Path -> (how it is shown, whether it may be changed), hidden ones left out: for forms and column lists."""
        told = {
            path: (self.of(entity, path), self.edits(entity, path)) for path, _ in every_field(self._fields_of(entity))
        }
        return {path: said for path, said in told.items() if said[0] != "hidden"}

    def _decide(self, entity: str, path: str) -> See:
        if self.all:
            return "seen"
        parts = path.split(".")
        said: See = "seen"
        for length in range(1, len(parts) + 1):  # a line's field is never more open than the lines
            said = _stricter(said, self._one(entity, ".".join(parts[:length])))
        return "seen" if said == "masked" and self._unmask else said

    def _one(self, entity: str, path: str) -> See:
        field = self._field(entity, path)
        return self._class(f"{entity}.{path}", entity, field.pii if field is not None else UNMAPPED)

    def _class(self, path: str, entity: str, pii: str) -> See:
        if not self._around:
            return "hidden"
        groups = (max((_RANK[v.of(path, entity, pii)] for v in group), default=0) for group in self._around)
        return _BY_RANK[min(groups)]

    def _field(self, entity: str, path: str) -> EntityField | None:
        fields = self._fields_of(entity)
        found: EntityField | None = None
        for part in path.split("."):
            found = fields.get(part)
            if found is None:
                return None
            fields = found.lines
        return found

    def _fields_of(self, entity: str) -> Mapping[str, EntityField]:
        known = self._fields.get(entity)
        if known is None:
            document = self._entities.get(entity) or READY.get(entity)
            known = self._fields[entity] = resolve(document, self._entities).fields if document is not None else {}
        return known

    def _kept(self, entity: str) -> Iterator[str]:
        return (path for path, _ in every_field(self._fields_of(entity)) if not self.sees(entity, path))

    # ------------------------------------------------------------------ values

    def values(self, entity: str, values: Mapping[str, Any] | None) -> Normals:
        """A record in our terms: what is hidden is left out, what is masked is ***, blanks stay blank."""
        return self._values(entity, "", values or {})

    def _values(self, entity: str, above: str, values: Mapping[str, Any]) -> Normals:
        out: Normals = {}
        for name, value in values.items():
            path = f"{above}{name}"
            said = self.of(entity, path)
            if said == "hidden":
                continue
            if said == "masked":
                out[name] = _masked(value)
            elif isinstance(value, list):
                out[name] = [self._values(entity, f"{path}.", v) if isinstance(v, Mapping) else v for v in value]
            else:
                out[name] = value
        return out

    def moved(self, entity: str, moved: Mapping[str, Any]) -> dict[str, Any]:
        """Field -> value, or [before, after]: of changes, conflicts, plan entries. Keys may be "lines[10].price"."""
        out: dict[str, Any] = {}
        for path, value in moved.items():
            said = self.of(entity, path)
            if said == "masked":
                out[path] = [_masked(v) for v in value] if isinstance(value, list | tuple) else _masked(value)
            elif said == "seen":
                out[path] = self._inside(entity, path, value)
        return out

    def _inside(self, entity: str, path: str, value: Any) -> Any:
        """A seen value, the lines inside of it by their own fields."""
        if isinstance(value, list | tuple):
            return [self._inside(entity, path, item) for item in value]
        if isinstance(value, Mapping):
            return self._values(entity, f"{_KEYED.sub('', path)}.", value)
        return value

    def title(self, entity: str, title: str, values: Mapping[str, Any] | None = None) -> str:
        """A record's name on screen; it may be made of fields that are not seen, so it is treated as free text."""
        return self.text(entity, title, values)

    # ------------------------------------------------------------------ free texts

    def text(self, entity: str, said: str, *records: Mapping[str, Any] | None, field: str = "") -> str:
        """A text that may quote values: a system's own words, a note. `records`: all that is known of the record.

        `field`: the one it speaks of; is that not seen, nothing of the text is.
        """
        if not said or self.full(entity):
            return said
        if field and not self.sees(entity, field):
            return MASK
        for value in sorted(self._secrets(entity, records), key=len, reverse=True):
            said = _struck(said, value)
        return _TELLING.sub(MASK, said)

    def facts(
        self, entity: str, facts: Mapping[str, Any], *records: Mapping[str, Any] | None, field: str = ""
    ) -> dict[str, Any]:
        """Facts of an error or an issue. A key that is a field goes by the field, a text is free text.

        `field`: the one that the facts are about; is that not seen, only facts that never hold values are shown.
        """
        if self.full(entity):
            return dict(facts)
        held = self._secrets(entity, records)
        return self._facts(entity, facts, held, closed=bool(field) and not self.sees(entity, field))

    def _facts(self, entity: str, facts: Mapping[str, Any], held: set[str], *, closed: bool) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for key, value in facts.items():
            said: See = self.of(entity, key) if self._field(entity, _KEYED.sub("", key)) is not None else "seen"
            if said == "hidden":
                continue
            shut = said == "masked" or (closed and key not in _PLAIN)
            out[key] = _masked(value) if shut else self._fact(entity, value, held)
        return out

    def _fact(self, entity: str, value: Any, held: set[str]) -> Any:
        if isinstance(value, Mapping):
            return self._facts(entity, value, held, closed=False)
        if isinstance(value, list | tuple | set | frozenset):
            return [self._fact(entity, item, held) for item in value]
        if value is None or isinstance(value, bool):
            return value
        text = str(value)
        struck = text
        for secret in sorted(held, key=len, reverse=True):
            struck = _struck(struck, secret)
        struck = _TELLING.sub(MASK, struck)
        return value if struck == text else struck

    def error(self, error: HubError, entity: str, *records: Mapping[str, Any] | None, field: str = "") -> HubError:
        """The same error, its facts as this one may see them; `field` in our terms, where it blames one."""
        shown = type(error)(error.code)
        shown.facts = self.facts(entity, error.facts, *records, field=field)
        return shown

    def _secrets(self, entity: str, records: Iterable[Mapping[str, Any] | None]) -> set[str]:
        found: set[str] = set()
        for record in records:
            for name, value in (record or {}).items():
                found |= self._secret(entity, name, value)
        return found

    def _secret(self, entity: str, path: str, value: Any) -> set[str]:
        if not self.sees(entity, path):
            return set(_texts(value))
        lines = [line for line in value if isinstance(line, Mapping)] if isinstance(value, list) else []
        return {
            t for line in lines for name, inner in line.items() for t in self._secret(entity, f"{path}.{name}", inner)
        }

    def closed(self, error: HubError) -> HubError:
        """The same error without any fact that may hold a value: of a value that this one may not see."""
        shown = type(error)(error.code)
        shown.facts = {key: value if key in _PLAIN else _masked(value) for key, value in error.facts.items()}
        return shown

    # ------------------------------------------------------------------ a system's own records

    def system(self, mappings: Sequence[MappingDocument]) -> SystemSight:
        """How the fields of one object of a system are shown, by every mapping of it that is in effect.

        Never ask with a mapping that is only drafted: who may write `from: phone` at `name` would see telephones.
        """
        return SystemSight(self, [(one.entity, _sources(one)) for one in mappings])

    def record(self, mapping: MappingDocument, record: Values) -> dict[str, Any]:
        """A record as a system holds it: its fields go by the entity's fields that the mapping makes of them.

        A field that makes several is as the strictest; one that the mapping does not name is of class `unmapped`.
        """
        if self.all:
            return dict(record)
        return self._record(mapping.entity, _sources(mapping), "", record)

    def source(self, mapping: MappingDocument, path: str) -> See:
        """How a field of a system is shown."""
        return "seen" if self.all else self._source(mapping.entity, _sources(mapping), path)

    def _source(self, entity: str, sources: Mapping[str, set[str]], path: str) -> See:
        parts = path.split(".")
        made = set().union(*(sources.get(".".join(parts[:n]), set()) for n in range(1, len(parts) + 1)))
        if not made:
            said = self._class("", entity, UNMAPPED)
            return "seen" if said == "masked" and self._unmask else said
        return _BY_RANK[min(_RANK[self.of(entity, field)] for field in made)]

    def _record(self, entity: str, sources: Mapping[str, set[str]], above: str, record: Values) -> dict[str, Any]:
        out: dict[str, Any] = {}
        for name, value in record.items():
            path = f"{above}{name}"
            inner = [value] if isinstance(value, Mapping) else value if isinstance(value, list) else []
            parts = [part for part in inner if isinstance(part, Mapping)]
            if parts and any(source.startswith(f"{path}.") for source in sources):
                shown = [self._record(entity, sources, f"{path}.", part) for part in parts]
                out[name] = shown[0] if isinstance(value, Mapping) else shown
                continue
            said = self._source(entity, sources, path)
            if said != "hidden":
                out[name] = value if said == "seen" else _masked(value)
        return out


class SystemSight:
    """How one object of a system is shown. A field counts as the strictest of the entity's fields made of it."""

    def __init__(self, sight: Sight, named: Sequence[tuple[str, Mapping[str, set[str]]]]) -> None:
        self._sight = sight
        self._named = named

    def of(self, path: str) -> See:
        """How a field is shown: "phone", "FCustId.FNumber", "lines.price"."""
        if self._sight.all:
            return "seen"
        said = [self._sight._source(entity, made, path) for entity, made in self._named if _names(made, path)]
        return min(said, key=_RANK.__getitem__, default=self._sight._source("", {}, path))

    def record(self, record: Values, above: str = "") -> dict[str, Any]:
        """A record as the system holds it: what is hidden is left out, what is masked is ***."""
        out: dict[str, Any] = {}
        for name, value in record.items():
            path = f"{above}{name}"
            parts = [value] if isinstance(value, Mapping) else value if isinstance(value, list) else []
            if not self._sight.all and parts and all(isinstance(part, Mapping) for part in parts):
                shown = [self.record(part, f"{path}.") for part in parts]
                out[name] = shown[0] if isinstance(value, Mapping) else shown
                continue
            said = self.of(path)
            if said != "hidden":
                out[name] = value if said == "seen" else _masked(value)
        return out


def _names(sources: Mapping[str, set[str]], path: str) -> bool:
    parts = path.split(".")
    return any(".".join(parts[:n]) in sources for n in range(1, len(parts) + 1))


def _sources(mapping: MappingDocument) -> dict[str, set[str]]:
    """Field of the system -> the entity's fields that are made of it. Expressions count with every word in them."""
    out: dict[str, set[str]] = {}

    def add(maps: Iterable[FieldMap], source: str, field: str) -> None:
        for one in maps:
            path = f"{field}{one.field}"
            names = [one.source] if one.source else []
            names += _WORD.findall(one.expr_in) if one.expr_in else []
            for name in names:
                out.setdefault(f"{source}{name}", set()).add(path)
            if one.lines and one.source:
                add(one.lines, f"{source}{one.source}.", f"{path}.")

    add(mapping.fields, "", "")
    return out


def _stricter(a: See, b: See) -> See:
    return a if _RANK[a] <= _RANK[b] else b


def _masked(value: Any) -> Any:
    """*** where there is something; a blank stays blank."""
    return value if value is None or value == "" or value == [] else MASK


def _texts(value: Any) -> Iterator[str]:
    """Every text in a value that must not be quoted."""
    if isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)
    elif value is not None and not isinstance(value, bool) and str(value).strip():
        yield str(value).strip()


def _struck(said: str, value: str) -> str:
    """The text without the value; a single letter or digit only where it stands alone."""
    if len(value) > 1:
        return re.sub(re.escape(value), MASK, said, flags=re.IGNORECASE)
    return re.sub(rf"(?<!\w){re.escape(value)}(?!\w)", MASK, said)
