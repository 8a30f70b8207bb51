"""The nouns that cross the border between the hub and a connected system."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from typing import Any, Final, NamedTuple, TypeAlias

Value: TypeAlias = Any
"""As a system speaks: str, int, Decimal, bool, date, aware datetime, None, or a list of lines (dicts). Never float."""

Values: TypeAlias = Mapping[str, Value]

Normal: TypeAlias = Any
"""In our terms: str, bool, None or a list of dicts of these. Two values are equal when their normal forms are `==`.

Decimals are strings without trailing zeros ("12.5"), dates "2026-01-31", instants "2026-01-31T08:00:00Z" in UTC.
"""

Normals: TypeAlias = dict[str, Normal]


REMOVED: Final = "_removed"
"""In a `Write` to an object whose lines are "keyed", the line {key: k, REMOVED: True} takes line k away."""


class FieldType(StrEnum):
    """Types of a field, in the field's standard terms."""

    TEXT = "text"
    CODE = "code"
    DECIMAL = "decimal"
    MONEY = "money"
    DATE = "date"
    INSTANT = "instant"
    BOOLEAN = "boolean"
    REFERENCE = "reference"
    LINES = "lines"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an object, as discovered.

    `length` counts characters (`bytes_length` bytes, where the system cuts by bytes); `scale` decimal places;
    `target` names the object a reference points to; `lines` the fields of a list of lines. `inferred`: the type was
    guessed from values, so another guess is no drift.
    """

    name: str
    type: FieldType = FieldType.TEXT
    label: str = ""
    writable: bool = True
    required: bool = False
    unique: bool = False
    length: int | None = None
    bytes_length: int | None = None
    scale: int | None = None
    options: tuple[str, ...] = ()
    target: str | None = None
    lines: tuple[Field, ...] = ()
    inferred: bool = False


@dataclass(frozen=True, slots=True)
class Abilities:
    """What an object allows. Each is declared, used by the engine, and proven by the conformance suite.

    create: "no"; "key" (the natural key of `ObjectSchema.key` is unique: a second create is refused or found by
        search); "token" (`token_field` stores our token and can be searched); "upsert" (a create with the same key
        is the same record: safe to repeat); "blind" (can be neither keyed nor searched: an unknown outcome waits
        for a person).
    changes: "full" (compare everything), "cursor" (changed-since), "cursor+deletes" (and it tells deletions).
    complete: a full read shows every record there is; False for what is passed on and not kept (an inbox, an outbox,
        a queue): what a read does not show is not gone.
    conditional: "no", "version" (`Write.version` is checked), "values" (`Write.expect` is checked).
    lag: seconds after a commit during which a search may miss the record (visibility delay).
    batch: most records in one write call.  page: records in one read page.
    lines: "none", "whole" (an update replaces all lines: send every one), "keyed" (lines carry keys; a line that
        is left out stays).
    returns: the answer to a write carries the record as it is now stored (no read-back needed).
    actions: status step -> states in which it is legal ("*" = any), e.g. {"confirm": ("draft",)}.
    back: status step -> the step that takes it back, where there is one, e.g. {"audit": "unaudit"}.
    """

    create: str = "no"
    update: bool = False
    delete: bool = False
    changes: str = "full"
    complete: bool = True
    conditional: str = "no"
    lag: float = 0.0
    batch: int = 1
    page: int = 100
    lines: str = "none"
    returns: bool = False
    token_field: str | None = None
    actions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    back: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ObjectSchema:
    """One kind of record in one connection, and what may be done with it.

    `key` is the natural key (fields that find a record); `state` the field that holds a document's status;
    `locked` maps a status to the fields that may still be written in it (a status not named allows all).
    """

    name: str
    fields: tuple[Field, ...]
    label: str = ""
    key: tuple[str, ...] = ()
    abilities: Abilities = field(default_factory=Abilities)
    state: str | None = None
    locked: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def field(self, name: str) -> Field | None:
        """The field of that name, or None."""
        return next((f for f in self.fields if f.name == name), None)


class Record(NamedTuple):
    """A record as a connection holds it. `id` is unique within (connection, organisation, object).

    `aliases`: other ids that lead to this record, since its people merged those records into it.
    """

    id: str
    values: Values
    version: str | None = None
    modified_at: datetime | None = None
    author: str | None = None
    organisation: str = ""
    aliases: Sequence[str] = ()


class Page(NamedTuple):
    """Some records, ids that are gone, and a cursor that is safe to keep once these are committed.

    `cursor` None means: nothing to resume from yet.
    """

    records: Sequence[Record]
    cursor: str | None = None
    gone: Sequence[str] = ()


class Columns(NamedTuple):
    """Records field by field, for work in bulk: place n of `ids` and of every column belong to one record.

    All of them have all of these fields.
    """

    ids: Sequence[str]
    values: Mapping[str, Sequence[Value]]

    @classmethod
    def of(cls, records: Iterable[Record]) -> Iterator[Columns]:
        """Records as columns, neighbours that have the same fields together."""
        for names, some in groupby(records, key=lambda record: tuple(record.values)):
            held = list(some)
            columns = zip(*(record.values.values() for record in held), strict=True)
            yield cls([record.id for record in held], dict(zip(names, columns, strict=True)))

    def rows(self) -> list[dict[str, Value]]:
        """The values record by record."""
        if not self.values:
            return [{} for _ in self.ids]
        return [dict(zip(self.values, row, strict=True)) for row in zip(*self.values.values(), strict=True)]

    def part(self, start: int, end: int) -> Columns:
        """Some of them."""
        return Columns(self.ids[start:end], {name: column[start:end] for name, column in self.values.items()})


class Write(NamedTuple):
    """One record to write. Without `id` it creates, without `values` it deletes, otherwise it patches.

    `token` marks a create so that it can be found again; `version` and `expect` (the values last seen of the
    fields that are about to change) make a patch conditional where the system can do that.
    """

    id: str | None
    values: Values | None
    token: str = ""
    version: str | None = None
    expect: Values | None = None
    organisation: str = ""


class Written(NamedTuple):
    """What a system says after a write. `values` is the whole record as now stored, if the answer carries it."""

    id: str
    values: Values | None = None
    version: str | None = None
    modified_at: datetime | None = None

    @classmethod
    def of(cls, record: Record) -> Written:
        """With the whole record as it was read after the write."""
        return cls(record.id, record.values, record.version, record.modified_at)
