"""One mapping, applied in either direction, lines included.

A mapping compiles once into pipes, one for each field and direction; a batch then runs through them column by
column. Compiling is strict (a wrong word raises), running never raises for one record: a value that cannot be
understood becomes that record's error, and the others flow on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from collections.abc import Mapping as AnyMapping
from dataclasses import dataclass, field
from enum import Enum
from hashlib import sha256
from typing import Any, Final, TypeAlias

import orjson

from hefu.core.columns import ABSENT, Pipe, Stage, Table, read_one
from hefu.core.documents import nearest
from hefu.core.errors import HubError, Rejected, Unsupported
from hefu.core.expr import Expr, Scope, parse
from hefu.core.losses import Loss, losses
from hefu.core.project import Entity, EntityField, FieldMap, Mapping
from hefu.core.records import Field, FieldType, Normals, ObjectSchema, Values
from hefu.core.transforms import KIND, Step, transform
from hefu.core.transforms.codes import CodeList
from hefu.core.values import TEXTUAL, normaliser, plain, plain_column, plain_text, speaker, zone_of
from hefu.core.ways import InField, Lines, OutField, run, run_columns


class Filtered(Enum):
    """A record that the mapping's filter leaves alone."""

    FILTERED = "filtered"


FILTERED: Final = Filtered.FILTERED

Inward: TypeAlias = "Normals | Filtered | HubError"

_MEANING = 1
"""Counts up when the same documents come to mean something else, so that fingerprints change with it."""


@dataclass(frozen=True)
class Compiled:
    """A mapping ready to run (see `compile_mapping`).

    `reads`: golden fields it can fill.  `writes`: golden fields whose change the system must be told.
    `references`: path of a reference field, e.g. ("customer",) or ("lines", "product") -> entity; inwards the values
    there are the system's own ids as text, outwards it wants system ids there.  `lookups`: the same paths -> the
    mapping whose links translate, where the document names one.  `fingerprint` changes when the meaning does.
    """

    mapping: Mapping
    entity: Entity
    reads: frozenset[str]
    writes: frozenset[str]
    references: dict[tuple[str, ...], str]
    lookups: dict[tuple[str, ...], str]
    fingerprint: str
    key: tuple[str, ...]
    schema: ObjectSchema | None
    ins: tuple[InField, ...] = field(repr=False)
    outs: tuple[OutField, ...] = field(repr=False)
    filter: Expr | None = field(repr=False)
    out_filter: Expr | None = field(repr=False)

    def inward(self, records: Sequence[Values]) -> list[Inward]:
        """For each record its golden fields, FILTERED, or the error that names the field. Never raises for one."""
        if self.filter is None:
            return self._inward(records)
        out: list[Any] = [_passes(self.filter, record) for record in records]
        kept = [at for at, found in enumerate(out) if type(found) is dict]
        for at, golden in zip(kept, self._inward([records[at] for at in kept]), strict=True):
            out[at] = golden
        return out

    def _inward(self, records: Sequence[Values]) -> list[Inward]:
        return run(self.ins, records)

    def outward(
        self, goldens: Sequence[Normals], only: Sequence[frozenset[str] | None]
    ) -> list[dict[str, Any] | HubError]:
        """For each golden record the system's values of the golden fields in `only` (None: of all it has)."""
        groups: dict[frozenset[str] | None, list[int]] = {}
        for at, wanted in enumerate(only):
            groups.setdefault(wanted, []).append(at)
        out: list[Any] = [None] * len(goldens)
        for wanted, places in groups.items():
            ways = self.outs if wanted is None else [way for way in self.outs if way.inputs & wanted]
            for at, done in zip(places, run(ways, [goldens[at] for at in places]), strict=True):
                out[at] = done
        return out

    def inward_columns(self, records: Table) -> tuple[Table, dict[int, Filtered | HubError]]:
        """`inward` without making records: columns of golden fields, and by place what is FILTERED or wrong.

        The columns are those of the records that are neither.
        """
        left: dict[int, Any] = {}
        if self.filter is not None:
            passed = [_passes(self.filter, record) for record in records]
            left = {at: found for at, found in enumerate(passed) if type(found) is not dict}
        places = [at for at in range(len(records)) if at not in left] if left else range(len(records))
        golden, errors = run_columns(self.ins, records.without(left))
        left |= {places[at]: error for at, error in errors.items()}
        return golden.without(errors), left

    def outward_columns(self, goldens: Table) -> tuple[Table, dict[int, HubError]]:
        """`outward` of all fields without making records: the system's columns, and the errors by place.

        The columns are those of the records without an error.
        """
        said, errors = run_columns(self.outs, goldens)
        return said.without(errors), errors

    def wanted(self, golden: Normals) -> bool:
        """Should this system have this object at all (`out_filter`)? Raises Rejected if that cannot be said."""
        return self.out_filter is None or self.out_filter.holds(golden)

    def natural_key(self, values: Values) -> dict[str, Any] | None:
        """Of system values, those that find the record there (the object's declared key); None if one is blank."""
        found = {name: read_one(values, name) for name in self.key}
        blank = not found or any(value is ABSENT or value is None or value == "" for value in found.values())
        return None if blank else found

    def losses(self, values: Values) -> list[Loss]:
        """What the system would cut off or round from these values, by its declared lengths and decimal places."""
        return losses(self.schema, values)


def _passes(test: Expr, record: Values) -> Any:
    try:
        return {} if test.run(record) is True else FILTERED
    except Rejected as error:
        return Rejected(error.code, field="filter", **{**error.facts, "where": "filter"})


# -------------------------------------------------------------------- compiling


def compile_mapping(mapping: Mapping, entity: Entity, schema: ObjectSchema | None, *, zone: str) -> Compiled:
    """Make a mapping ready to run. `zone`: of the connection, for times that carry none.

    `schema` None means: the system's types are unknown, values are taken as they come. Raises Unsupported for the
    first thing that is wrong; `mapcheck.check_mapping` names all.
    """
    zone_of(zone)
    maker = _Maker(entity.fields, {f.name: f for f in schema.fields} if schema else None, zone, ())
    maps = mapping.fields
    ins = tuple(maker.inward(used) for used in maps if used.direction != "out")
    outs = tuple(maker.outward(used) for used in maps if used.direction != "in")
    writes = frozenset(name for way in outs for name in way.inputs)
    theirs = record_scope(maker.theirs, zone)
    golden = golden_scope(entity.fields, zone)
    return Compiled(
        mapping=mapping,
        entity=entity,
        reads=frozenset(way.name for way in ins),
        writes=writes if mapping.create or mapping.update else frozenset(),
        references=maker.references,
        lookups=maker.lookups,
        fingerprint=fingerprint(mapping, entity, zone),
        key=schema.key if schema else (),
        schema=schema,
        ins=ins,
        outs=outs,
        filter=parse(mapping.filter, theirs, FieldType.BOOLEAN) if mapping.filter else None,
        out_filter=parse(mapping.out_filter, golden, FieldType.BOOLEAN) if mapping.out_filter else None,
    )


_VALUES = {"connection", "object", "entity", "fields", "filter", "out_filter"}
_RULES = {"title", "pii", "required", "owner", "on_foreign_edit", "conflict", "priority", "at_least", "keep_while"}


def fingerprint(mapping: Mapping, entity: Entity, zone: str) -> str:
    """A digest of all that decides what values mean: 16 hex digits. Titles, ownership and abilities are not in it."""
    meaning = mapping.model_dump(mode="json", by_alias=True, exclude_defaults=True, include=_VALUES)
    fields = {
        name: used.model_dump(mode="json", exclude_defaults=True, exclude=_RULES)
        for name, used in entity.fields.items()
    }
    whole = {"meaning": _MEANING, "mapping": meaning, "fields": fields, "zone": zone}
    return sha256(orjson.dumps(whole, option=orjson.OPT_SORT_KEYS)).hexdigest()[:16]


def golden_scope(fields: AnyMapping[str, EntityField], zone: str) -> Scope:
    """What an expression over golden values may name."""
    return Scope({name: used.type for name, used in fields.items()}, "golden", zone)


def record_scope(fields: AnyMapping[str, Field] | None, zone: str) -> Scope:
    """What an expression over the system's record may name; anything, where its fields are unknown."""
    if fields is None:
        return Scope({}, "record", zone, open=True)
    return Scope({name: used.type for name, used in fields.items()}, "record", zone)


def steps_of(used: FieldMap, zone: str) -> list[Step]:
    """The named transforms of a field map, its value map as the last. Raises Unsupported."""
    steps = [
        transform(step, {}) if isinstance(step, str) else transform(step.use, dict(step.model_extra or {}))
        for step in used.transform
    ]
    return bind_steps(steps, used, zone)


def bind_steps(steps: Sequence[Step], used: FieldMap, zone: str) -> list[Step]:
    """The same with the value map behind them, in the zone of the connection."""
    table = [CodeList(values=used.values, default=used.values_default)] if used.values else []
    return [step.bind(zone) for step in (*steps, *table)]


class _Maker:
    """Makes the pipes of one level: of a record, or of its lines (`above` names the path to them)."""

    def __init__(
        self, ours: dict[str, EntityField], theirs: dict[str, Field] | None, zone: str, above: tuple[str, ...]
    ) -> None:
        self.ours = ours
        self.theirs = theirs
        self.zone = zone
        self.above = above
        self.references: dict[tuple[str, ...], str] = {}
        self.lookups: dict[tuple[str, ...], str] = {}

    def our_field(self, used: FieldMap) -> EntityField:
        found = self.ours.get(used.field)
        if found is None:
            raise Unsupported("documents.unknown_field", word=used.field, nearest=nearest(used.field, self.ours) or "-")
        if found.type is FieldType.REFERENCE and found.entity:
            self.references[(*self.above, used.field)] = found.entity
            if used.lookup:
                self.lookups[(*self.above, used.field)] = used.lookup
        return found

    def their_field(self, path: str) -> Field | None:
        if self.theirs is None:
            return None
        if path in self.theirs:
            return self.theirs[path]
        if "." in path and path.split(".", 1)[0] in self.theirs:
            return None
        raise Unsupported("mapping.no_source", word=path, nearest=nearest(path, self.theirs) or "-")

    def level(self, used: FieldMap, ours: EntityField, theirs: Field | None) -> _Maker:
        inner = {f.name: f for f in theirs.lines} if theirs and theirs.lines else None
        maker = _Maker(ours.lines, inner, self.zone, (*self.above, used.field))
        maker.references, maker.lookups = self.references, self.lookups
        return maker

    # ------------------------------------------------------------------ inwards

    def inward(self, used: FieldMap) -> InField:
        ours = self.our_field(used)
        zone = zone_of(self.zone)
        blank = _blank_rule(used, ours.type)
        final: tuple[Stage, ...] = (Stage(*normaliser(ours.type, zone, ours.options)),)
        if used.expr_in:
            expr = parse(used.expr_in, record_scope(self.theirs, self.zone), ours.type)
            return InField(used.field, None, Pipe(used.field, final, blank), expr)
        path = used.source or used.field
        theirs = self.their_field(path)
        named = steps_of(used, self.zone)
        steps = tuple(_forward(step) for step in named)
        if steps:
            steps = (Stage(lambda value: plain(value, zone), plain_column(zone)), *steps)
        if named and named[-1].gives == KIND[ours.type] != "text":
            final = ()  # what such a step gives is in normal form already
        if ours.type is not FieldType.LINES:
            return InField(used.field, path, Pipe(used.field, (*steps, *final), blank))
        below = self.level(used, ours, theirs)
        ways = tuple(below.inward(line) for line in _line_maps(used, ours) if line.direction != "out")
        return InField(
            used.field, path, Pipe(used.field, steps, blank), None, Lines(used.field, ways, ours.line_key, inwards=True)
        )

    # ----------------------------------------------------------------- outwards

    def outward(self, used: FieldMap) -> OutField:
        ours = self.our_field(used)
        path = used.source or used.field
        if used.expr_in and not used.expr_out and not used.source:
            raise Unsupported("mapping.expr_only_in", word=used.field, nearest="-")
        theirs = self.their_field(path)
        target = (path,) if self.theirs is not None and path in self.theirs else tuple(path.split("."))
        if used.expr_out:
            expr = parse(used.expr_out, golden_scope(self.ours, self.zone))
            said = Stage(*speaker(theirs.type if theirs else ours.type))
            inputs = frozenset(expr.names | {used.field})
            return OutField(used.field, target, inputs, Pipe(used.field, (said,), ""), used.clear, expr)
        inputs = frozenset({used.field})
        steps = steps_of(used, self.zone)
        if ours.type is FieldType.LINES:
            below = self.level(used, ours, theirs)
            ways = tuple(below.outward(line) for line in _line_maps(used, ours) if line.direction != "in")
            lines = Lines(used.field, ways, ours.line_key, inwards=False)
            return OutField(
                used.field, target, inputs, Pipe(used.field, tuple(_backward(steps)), ""), used.clear, None, lines
            )
        said = Stage(*speaker(theirs.type if theirs else spoken(steps, ours.type)))
        return OutField(used.field, target, inputs, Pipe(used.field, (*_backward(steps), said), ""), used.clear)


def spoken(steps: Sequence[Step], ours: FieldType) -> FieldType:
    """What a system of unknown types is handed: what the first transform takes, else our own type."""
    kinds = {"text": FieldType.TEXT, "number": FieldType.DECIMAL, "boolean": FieldType.BOOLEAN}
    kinds |= {"date": FieldType.DATE, "instant": FieldType.INSTANT}
    return kinds.get(steps[0].takes, ours) if steps else ours


def _line_maps(used: FieldMap, ours: EntityField) -> list[FieldMap]:
    """The field maps of one line; after a transform that makes lines, they carry our own names."""
    return used.lines or [FieldMap(field=name, direction=used.direction) for name in ours.lines]


def _blank_rule(used: FieldMap, kind: FieldType) -> Any:
    if used.blank == "ignore":
        return ABSENT
    return "" if used.blank == "empty" and kind in TEXTUAL else None


def _forward(step: Step) -> Stage:
    return Stage(
        _text_first(step.forward) if step.takes == "text" else step.forward,
        step.forward_column(),
        step.sees_blank,
        step.sources(),
    )


def _text_first(cell: Callable[..., Any]) -> Callable[..., Any]:
    """A truth value where a step wants text arrives as "true" or "false"; a list or an object is refused."""

    def forward(value: Any, *others: Any) -> Any:
        return cell(value if isinstance(value, str) else plain_text(value), *others)

    return forward


def _backward(steps: Sequence[Step]) -> list[Stage]:
    out = []
    for step in reversed(steps):
        way = step.way_back()
        if way == "no":
            raise Unsupported("mapping.not_invertible", word=step.name, nearest="-")
        if way == "exact":
            out.append(Stage(step.back, step.back_column()))
    return out


__all__ = [
    "FILTERED",
    "Compiled",
    "Filtered",
    "bind_steps",
    "compile_mapping",
    "fingerprint",
    "golden_scope",
    "record_scope",
    "spoken",
    "steps_of",
]
