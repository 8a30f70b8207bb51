"""What of a record is about a person, what stands in its place once that is erased, and how it leaves what quotes it.

Pure: the plan of an erasure, its blanking of the hub's copies and the check of what comes in later run the same code.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from hefu.core.model import every_field
from hefu.core.project import Entity, EntityField
from hefu.core.records import FieldType, Normal

ALWAYS = ("contact", "identity", "sensitive")
"""Classes that are a person's whatever the record is; money of a company's record is none of a person's."""

STRUCK = "***"
"""What stands in a text where a value of a person stood."""

TELLING = 6
"""From so many characters on a value is a person's wherever it stands; a shorter one only within their own records."""


@dataclass(frozen=True)
class Personal:
    """Fields of one entity whose values go: `whole` by name; `inner`: lines field -> fields of its lines."""

    whole: frozenset[str]
    inner: Mapping[str, frozenset[str]]

    @classmethod
    def of(cls, entity: Entity, classes: Collection[str] = (), more: Collection[str] = ()) -> Personal:
        """Those of the classes (none given: `ALWAYS`, and money where the record's name is a person's), and `more`."""
        name = entity.fields.get("name")
        person = name is not None and name.pii != "none"
        wanted = set(classes) or {*ALWAYS, *(("financial",) if person else ())}
        paths = {path for path, doc in every_field(entity.fields) if doc.pii in wanted} | set(more)
        inner: dict[str, set[str]] = {}
        for path in paths:
            lines, _, field = path.partition(".")
            if field and lines not in paths:
                inner.setdefault(lines, set()).add(field)
        whole = frozenset(path for path in paths if "." not in path)
        return cls(whole, {name: frozenset(fields) for name, fields in inner.items()})

    @property
    def paths(self) -> list[str]:
        """All of them by name; those of lines as "lines.phone"."""
        return sorted([*self.whole, *(f"{name}.{field}" for name, fields in self.inner.items() for field in fields)])

    def values(self, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
        """(path, value) of all that is theirs and not blank. Keys may be "lines[10].phone", values pairs."""
        for key, value in values.items():
            name, _, rest = key.partition("[")
            field = rest.partition("].")[2]
            if name in self.whole:
                yield from ((name, one) for one in _leaves(value))
            elif name in self.inner and field:
                yield from ((f"{name}.{field}", one) for one in _leaves(value) if field in self.inner[name])
            elif name in self.inner:
                yield from _inner(name, value, self.inner[name])

    def without(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The same with null for each of theirs; a pair [before, after] becomes a pair of nulls."""
        out: dict[str, Any] = {}
        for key, value in values.items():
            name, _, rest = key.partition("[")
            field = rest.partition("].")[2]
            if name in self.whole or (field and field in self.inner.get(name, ())):
                out[key] = [None, None] if isinstance(value, list) and len(value) == 2 else None
            elif name in self.inner:
                out[key] = _blanked(value, self.inner[name])
            else:
                out[key] = value
        return out


def _leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for one in value:
            yield from _leaves(one)
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _leaves(one)
    elif value not in (None, ""):
        yield value


def _inner(name: str, value: Any, fields: Collection[str]) -> Iterator[tuple[str, Any]]:
    if isinstance(value, list):
        for one in value:
            yield from _inner(name, one, fields)
    elif isinstance(value, Mapping):
        for field in fields:
            yield from ((f"{name}.{field}", one) for one in _leaves(value.get(field)))


def _blanked(value: Any, fields: Collection[str]) -> Any:
    if isinstance(value, list):
        return [_blanked(one, fields) for one in value]
    if isinstance(value, Mapping):
        return {name: None if name in fields else one for name, one in value.items()}
    return value


# ----------------------------------------------------------------- what stands in its place


def stand_in(doc: EntityField, mark: str, length: int | None) -> str | None:
    """For a field that may not be blank: a word that names nobody. None where no word fits its type."""
    if doc.type is not FieldType.TEXT or doc.options:
        return None
    return f"erased-{mark}"[: min(x for x in (length, doc.length, 200) if x is not None)]


def is_stand_in(value: Any) -> bool:
    """Whether it is such a word."""
    return isinstance(value, str) and value.startswith("erased-")


# ------------------------------------------------------------------- taken out of quotes


def struck(value: Any, words: Iterable[str]) -> Any:
    """A text, or JSON with texts in it, without these words wherever they stand; longest first, so none is left."""
    ordered = sorted({word for word in words if len(word) > 1}, key=len, reverse=True)
    return _struck(value, ordered)


def _struck(value: Any, words: list[str]) -> Any:
    if isinstance(value, str):
        for word in words:
            if word in value:
                value = value.replace(word, STRUCK)
        return value
    if isinstance(value, list):
        return [_struck(one, words) for one in value]
    if isinstance(value, dict):
        return {_struck(name, words): _struck(one, words) for name, one in value.items()}
    return value


# ------------------------------------------------------------------------------ hashes


def hashed(key: bytes, *parts: Normal) -> str:
    """A keyed hash by which a value is known again and cannot be found by guessing without the hub's key."""
    said = orjson.dumps(list(parts), option=orjson.OPT_SORT_KEYS)
    return hmac.new(b"erasure\0" + key, said, hashlib.sha256).hexdigest()


__all__ = ["ALWAYS", "STRUCK", "TELLING", "Personal", "hashed", "is_stand_in", "stand_in", "struck"]
