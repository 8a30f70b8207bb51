"""Everything that is wrong with a mapping, all at once and with the place of each: before it runs, not after.

Documents against each other are `crosscheck.py`'s; here a mapping meets its entity, the system's discovered schema
and, if there are any, sample records, which must come through both ways unchanged.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hefu.core.columns import ABSENT, put, read_one
from hefu.core.documents import Flaw, Path
from hefu.core.errors import HubError, Unsupported
from hefu.core.expr import Scope, fault
from hefu.core.mapping import Compiled, bind_steps, compile_mapping, golden_scope, record_scope
from hefu.core.project import Entity, EntityField, FieldMap
from hefu.core.project import Mapping as MappingDocument
from hefu.core.records import Field, FieldType, ObjectSchema, Values
from hefu.core.transforms import CATALOGUE, KIND, Kind, Step, transform
from hefu.core.words import tell

MOST_SAMPLES = 20


def check_mapping(
    mapping: MappingDocument,
    entity: Entity,
    schema: ObjectSchema | None,
    *,
    zone: str = "UTC",
    samples: Sequence[Values] = (),
) -> list[Flaw]:
    """All that is wrong, errors and warnings. `samples` are records as the system gave them; at most 20 are told of."""
    flaws = [*_Check(mapping, entity, schema, zone).all()]
    if samples and not any(flaw.severity == "error" for flaw in flaws):
        try:
            compiled = compile_mapping(mapping, entity, schema, zone=zone)
        except Unsupported as error:
            return [*flaws, Flaw("mapping", mapping.mapping, (), error.code, str(error.facts.get("word", "")))]
        flaws += _samples(compiled, samples)
    return flaws


def fits(given: Kind, wanted: Kind) -> bool:
    """Can a value of one kind be read as another without a transform?"""
    if given == wanted or "any" in (given, wanted):
        return True
    if "lines" in (given, wanted):
        return False
    return "text" in (given, wanted) or (given, wanted) == ("number", "boolean")


class _Check:
    def __init__(self, mapping: MappingDocument, entity: Entity, schema: ObjectSchema | None, zone: str) -> None:
        self.mapping = mapping
        self.entity = entity
        self.schema = schema
        self.zone = zone

    def flaw(self, path: Path, code: str, word: str = "", known: Sequence[str] = (), **facts: Any) -> Flaw:
        return Flaw("mapping", self.mapping.mapping, path, code, word, tuple(known), facts=facts)

    def warning(self, path: Path, code: str, word: str = "", **facts: Any) -> Flaw:
        return Flaw("mapping", self.mapping.mapping, path, code, word, severity="warning", facts=facts)

    def all(self) -> Iterator[Flaw]:
        theirs = {f.name: f for f in self.schema.fields} if self.schema else None
        yield from self.level(("fields",), self.mapping.fields, self.entity.fields, theirs)
        yield from self.expression(("filter",), self.mapping.filter, record_scope(theirs, self.zone), FieldType.BOOLEAN)
        golden = golden_scope(self.entity.fields, self.zone)
        yield from self.expression(("out_filter",), self.mapping.out_filter, golden, FieldType.BOOLEAN)
        for at, step in enumerate(self.mapping.steps):
            yield from self.expression(("steps", at, "when"), step.when, golden, FieldType.BOOLEAN)
        if self.schema:
            yield from self.abilities(self.schema)
            token = self.mapping.token_field
            if token and self.schema.field(token) is None:
                yield self.flaw(("token_field",), "mapping.no_source", token, [f.name for f in self.schema.fields])

    def abilities(self, schema: ObjectSchema) -> Iterator[Flaw]:
        writes = any(used.direction != "in" for used in self.mapping.fields)
        if self.mapping.create and schema.abilities.create == "no":
            yield self.flaw(("create",), "mapping.not_updatable", "create", object=schema.name)
        if writes and self.mapping.update and not schema.abilities.update:
            yield self.warning(("update",), "mapping.not_updatable", "update", object=schema.name)
        if not self.mapping.create:
            return
        written = {(used.source or used.field).split(".")[0] for used in self.mapping.fields if used.direction != "in"}
        for field in schema.fields:
            if field.required and field.writable and field.name.split(".")[0] not in written:
                yield self.flaw(("create",), "mapping.required", field.name)

    # -------------------------------------------------------------------- field maps

    def level(
        self, path: Path, maps: Sequence[FieldMap], ours: Mapping[str, EntityField], theirs: dict[str, Field] | None
    ) -> Iterator[Flaw]:
        targets: dict[str, int] = {}
        for at, used in enumerate(maps):
            here = (*path, at)
            field = ours.get(used.field)
            if field is None:
                yield self.flaw((*here, "field"), "documents.unknown_field", used.field, tuple(ours))
            target = used.source or used.field
            if used.direction != "in" and targets.setdefault(target, at) != at:
                yield self.flaw((*here, "from" if used.source else "field"), "mapping.target_twice", target)
            yield from self.expressions(here, used, ours, theirs, field)
            yield from self.field_map(here, used, field, theirs)

    def field_map(
        self, here: Path, used: FieldMap, ours: EntityField | None, theirs: dict[str, Field] | None
    ) -> Iterator[Flaw]:
        place = (*here, "from" if used.source else "field")
        path = used.source or used.field
        other, flaw = self.source(place, path, used, theirs)
        if flaw:
            yield flaw
        if other and not other.writable and used.direction != "in":
            yield self.flaw(place, "mapping.read_only", path)
        if used.expr_in and used.direction == "both" and not used.expr_out and not used.source:
            yield self.flaw((*here, "expr_in"), "mapping.expr_only_in", used.field)
        steps = [*self.steps(here, used)]
        yield from (step for step in steps if isinstance(step, Flaw))
        good = [step for step in steps if isinstance(step, Step)]
        if ours is not None and len(good) == len(steps):
            yield from self.types(here, used, ours, other, good)
            yield from self.code_lists(here, used, ours)
            yield from self.their_codes(here, used, other)
            if ours.type is FieldType.LINES:
                yield from self.lines(here, used, ours, other)

    def source(
        self, place: Path, path: str, used: FieldMap, theirs: dict[str, Field] | None
    ) -> tuple[Field | None, Flaw | None]:
        """The system's field, or the flaw that it is not there; neither where nothing is known of it."""
        if theirs is None or path in theirs:
            return (theirs or {}).get(path), None
        needed = used.source or not used.expr_in
        if not needed or ("." in path and path.split(".")[0] in theirs):
            return None, None
        return None, self.flaw(place, "mapping.no_source", path, tuple(theirs))

    def steps(self, here: Path, used: FieldMap) -> Iterator[Step | Flaw]:
        for at, step in enumerate(used.transform):
            name, params = (step, {}) if isinstance(step, str) else (step.use, dict(step.model_extra or {}))
            try:
                yield transform(name, params)
            except Unsupported as error:
                spot: Path = (*here, "transform", at)
                if not isinstance(step, str):
                    spot = (*spot, str(error.facts.get("place") or "use"))
                known = CATALOGUE if error.code == "mapping.no_transform" else _parameters(name)
                word = str(error.facts.get("word", ""))
                facts = {n: v for n, v in error.facts.items() if n not in ("word", "nearest", "place")}
                on_key = error.code == "mapping.no_parameter"
                yield Flaw("mapping", self.mapping.mapping, spot, error.code, word, tuple(known), on_key, facts=facts)

    def types(
        self, here: Path, used: FieldMap, ours: EntityField, theirs: Field | None, named: Sequence[Step]
    ) -> Iterator[Flaw]:
        steps = bind_steps(named, used, self.zone)
        start: Kind = KIND[theirs.type] if theirs else "any"
        if used.direction != "out" and not used.expr_in:
            kind = start
            for step in steps:
                if not fits(kind, step.takes):
                    yield self.flaw((*here, "transform"), "mapping.type_clash", step.name, theirs=kind, ours=step.takes)
                    return
                kind = kind if step.gives == "any" else step.gives
            if not fits(kind, KIND[ours.type]):
                yield self.clash(here, used, kind, KIND[ours.type])
                return
        if used.direction != "in" and not used.expr_out:
            yield from self.way_back(here, used, ours, start, steps)

    def way_back(
        self, here: Path, used: FieldMap, ours: EntityField, end: Kind, steps: Sequence[Step]
    ) -> Iterator[Flaw]:
        kind: Kind = KIND[ours.type]
        for at, step in reversed([*enumerate(steps)]):
            way = step.way_back()
            if way == "no":
                word: Path = ("use",) if at < len(used.transform) and not isinstance(used.transform[at], str) else ()
                yield self.flaw((*here, "transform", at, *word), "mapping.not_invertible", step.name)
                return
            if way == "exact":
                kind = kind if step.takes == "any" else step.takes
        if used.direction == "out" and not fits(kind, end):
            yield self.clash(here, used, kind, end)

    def clash(self, here: Path, used: FieldMap, given: Kind, wanted: Kind) -> Flaw:
        place = (*here, "from" if used.source else "field")
        return self.flaw(place, "mapping.type_clash", used.source or used.field, theirs=given, ours=wanted)

    def code_lists(self, here: Path, used: FieldMap, ours: EntityField) -> Iterator[Flaw]:
        results = [*used.values.values(), *([used.values_default] if used.values_default else [])]
        for value in dict.fromkeys(results):
            if ours.options and value not in ours.options:
                options = ", ".join(ours.options)
                yield self.flaw(
                    (*here, "values"),
                    "value.option",
                    value,
                    ours.options,
                    where=used.field,
                    value=value,
                    options=options,
                )
        if used.direction == "both" and not used.expr_out:
            first: dict[str, str] = {}
            for theirs, value in used.values.items():
                if first.setdefault(value, theirs) != theirs:
                    yield self.warning((*here, "values"), "mapping.ambiguous", value, first=first[value])

    def their_codes(self, here: Path, used: FieldMap, theirs: Field | None) -> Iterator[Flaw]:
        """The value map against the codes that the system declares."""
        if not used.values or used.transform or theirs is None or not theirs.options:
            return
        missing = [code for code in theirs.options if code not in used.values]
        if missing and used.values_default is None and used.direction != "out":
            yield self.warning((*here, "values"), "mapping.code_missing", ", ".join(missing[:20]))
        for code in used.values:
            if code not in theirs.options:
                flaw = self.flaw((*here, "values", code), "mapping.code_stray", code, theirs.options)
                yield replace(flaw, on_key=True, severity="warning")

    def lines(self, here: Path, used: FieldMap, ours: EntityField, theirs: Field | None) -> Iterator[Flaw]:
        if not used.lines and not used.transform and not used.expr_in:
            yield self.flaw((*here, "field"), "mapping.no_lines", used.field)
            return
        inner = {f.name: f for f in theirs.lines} if theirs and theirs.lines else None
        yield from self.level((*here, "lines"), used.lines, ours.lines, inner)
        keyed = {line.field for line in used.lines if line.direction != "out"}
        if used.lines and used.direction != "out" and ours.line_key and ours.line_key not in keyed:
            yield self.flaw((*here, "lines"), "mapping.no_line_key", used.field, key=ours.line_key)

    # ------------------------------------------------------------------- expressions

    def expressions(
        self,
        here: Path,
        used: FieldMap,
        ours: Mapping[str, EntityField],
        theirs: dict[str, Field] | None,
        field: EntityField | None,
    ) -> Iterator[Flaw]:
        kind = field.type if field else None
        yield from self.expression((*here, "expr_in"), used.expr_in, record_scope(theirs, self.zone), kind)
        yield from self.expression((*here, "expr_out"), used.expr_out, golden_scope(ours, self.zone), None)

    def expression(self, path: Path, source: str | None, scope: Scope, gives: FieldType | None) -> Iterator[Flaw]:
        if found := fault(source, scope, gives):
            yield Flaw("mapping", self.mapping.mapping, path, **found)


def _parameters(name: str) -> tuple[str, ...]:
    known = CATALOGUE.get(name)
    return tuple(field.alias or word for word, field in known.model_fields.items()) if known else ()


# ------------------------------------------------------------------------- samples


def _samples(compiled: Compiled, samples: Sequence[Values]) -> list[Flaw]:
    """What goes wrong with real records: read, written back over them, and read again must be the same."""
    name = compiled.mapping.mapping
    places = {used.field: at for at, used in enumerate(compiled.mapping.fields)}
    found: dict[tuple[str, str], Flaw] = {}
    first = compiled.inward(samples)
    for error in first:
        if isinstance(error, HubError):
            where = str(getattr(error, "field", "") or "")
            path: Path = ("fields", places[where], "field") if where in places else ()
            facts = {"reason": tell(error)[0], "reason_zh": tell(error, "zh")[0]}
            flaw = Flaw("mapping", name, path, "mapping.sample", where, severity="warning", facts=facts)
            found.setdefault(("sample", where), flaw)
    good = [(record, golden) for record, golden in zip(samples, first, strict=True) if isinstance(golden, dict)]
    both = compiled.reads & compiled.writes
    written = compiled.outward([golden for _, golden in good], [both] * len(good))
    for (record, golden), values in zip(good, written, strict=True):
        for field, flaw in _round_trip(compiled, record, golden, values, places):
            found.setdefault(("trip", field), flaw)
    return [*found.values()][:MOST_SAMPLES]


def _round_trip(
    compiled: Compiled, record: Values, golden: dict[str, Any], values: Any, places: Mapping[str, int]
) -> Iterator[tuple[str, Flaw]]:
    name = compiled.mapping.mapping
    if isinstance(values, HubError):
        where = str(getattr(values, "field", "") or "")
        facts: dict[str, Any] = {"before": "", "written": tell(values)[0], "after": "-"}
        yield (
            where,
            Flaw("mapping", name, ("fields", places.get(where, 0), "field"), "mapping.round_trip", where, facts=facts),
        )
        return
    again = compiled.inward([_over(record, values)])[0]
    if not isinstance(again, dict):
        again = {}
    for field in sorted(compiled.reads & compiled.writes):
        if again.get(field, ABSENT) != golden.get(field, ABSENT):
            path = compiled.mapping.fields[places[field]].source or field
            said = read_one(values, path)
            facts = {"before": golden.get(field), "written": said, "after": again.get(field)}
            yield (
                field,
                Flaw("mapping", name, ("fields", places[field], "field"), "mapping.round_trip", field, facts=facts),
            )


def _over(record: Values, values: Mapping[str, Any]) -> dict[str, Any]:
    """The record as it is after the write; nested objects keep what was not written."""
    out: dict[str, Any] = dict(record)
    for name, value in values.items():
        held = out.get(name)
        if isinstance(value, dict) and isinstance(held, Mapping):
            put(out, (name,), _over(held, value))
        else:
            out[name] = value
    return out


__all__ = ["check_mapping", "fits"]
