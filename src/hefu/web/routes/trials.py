"""A mapping as it is being edited, tried before it has any effect: real records, its examples, one expression."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import BaseModel, Field, ValidationError

from hefu.app.choosing import mapping_named
from hefu.app.mappers import examined, flaws
from hefu.app.trial import Row, Trial, known, tried
from hefu.core.documents import nearest
from hefu.core.errors import HubError, Unsupported
from hefu.core.expr import fault
from hefu.core.mapping import golden_scope, record_scope
from hefu.core.project import Mapping as Document
from hefu.core.records import FieldType, ObjectSchema
from hefu.core.rights import EVERYWHERE, Place
from hefu.core.sight import MASK, SystemSight
from hefu.core.words import tell
from hefu.engine.hub import Hub
from hefu.store.places import places_of
from hefu.web.front import Caller, Who
from hefu.web.route import needs, resource
from hefu.web.routes.connections import Trouble, trouble

router = resource("mappings")

Name = Annotated[str, Path(max_length=64)]


class ExampleDifference(BaseModel):
    """What an example expected and did not get."""

    way: Literal["in", "out"]
    field: str
    expected: Any
    got: Any


class Example(BaseModel):
    """How one of a mapping's own examples went."""

    mapping: str
    example: str
    passed: bool
    differences: list[ExampleDifference]
    error: Trouble | None


class Examples(BaseModel):
    """How all of them went."""

    items: list[Example]
    failed: int


class MappingDraft(BaseModel):
    """A mapping as it is being edited; not given: as it is saved."""

    document: dict[str, Any] | None = None


class MappingTrial(MappingDraft):
    """With how many real records to try it."""

    records: Annotated[int, Field(ge=1, le=100)] = 20
    fresh: bool = Field(False, description="Read the system now; else what was read a minute ago will do")


class Flaw(BaseModel):
    """Something wrong at a place in the mapping."""

    path: list[str | int]
    code: str
    word: str
    severity: Literal["error", "warning"]
    message: str
    next: str


class PreviewRow(BaseModel):
    """What the mapping makes of one real record."""

    record_id: str
    golden_id: str | None = Field(description="Its one ID, where the hub knows it")
    source: dict[str, Any] = Field(description="As the system holds it")
    golden: dict[str, Any] = Field(description="In our terms, as far as it can be read")
    errors: dict[str, Trouble] = Field(description="Field -> why it cannot be read")
    written: dict[str, Any] = Field(description="Field -> what would be written to the system")
    unwritable: dict[str, Trouble] = Field(description="Field -> why it could not be written")
    filtered: bool = Field(description="The mapping's filter leaves it alone")
    error: Trouble | None = Field(description="Why the filter cannot say")


class Preview(BaseModel):
    """Real records through the mapping. A field that is wrong in itself is left out of the rows."""

    flaws: list[Flaw]
    items: list[PreviewRow]


class ExpressionCheck(BaseModel):
    """An expression as it is being typed, and where it stands."""

    connection: Annotated[str, Field(max_length=64)]
    object: Annotated[str, Field(max_length=128)]
    entity: Annotated[str, Field(max_length=64)]
    way: Literal["in", "out", "filter", "out_filter"]
    field: Annotated[str, Field(max_length=64, description="Of the entity, for in and out")] = ""
    lines: Annotated[str, Field(max_length=64, description="The entity's list of lines that the field is in")] = ""
    lines_source: Annotated[str, Field(max_length=128, description="The system's list of lines")] = ""
    expression: Annotated[str, Field(max_length=20_000)]


class ExpressionFault(Trouble):
    """What is wrong with an expression, and where."""

    line: int = Field(description="From 1")
    column: int = Field(description="From 1")
    word: str
    nearest: str = Field(description="The known word that looks most like it")


class CheckedExpression(BaseModel):
    """Whether the engine would take it, and what it may name."""

    fault: ExpressionFault | None
    names: dict[str, str] = Field(description="Field -> its type, in the order of the object")


@router.post("/mappings/{mapping}/test", openapi_extra=needs("mapping.see"))
def run_examples(mapping: Name, who: Who, asked: MappingDraft | None = None) -> Examples:
    """Run the examples that stand beside a mapping, saved or as it is being edited."""
    hub = who.hub()
    doc = document_of(hub, mapping, asked or MappingDraft())
    items = []
    for outcome in examined(hub, doc):
        different = [
            ExampleDifference(way=d.way, field=d.field, expected=_json(d.expected), got=_json(d.got))
            for d in outcome.differences
        ]
        error = None if outcome.error is None else trouble(who, outcome.error)
        items.append(
            Example(mapping=mapping, example=outcome.title, passed=outcome.passed, differences=different, error=error)
        )
    return Examples(items=items, failed=sum(not one.passed for one in items))


def _json(value: Any) -> Any:
    return value if value is None or isinstance(value, str | bool | list | dict) else str(value)


@router.post("/mappings/{mapping}/preview", openapi_extra=needs("mapping.preview"))
def preview(mapping: Name, asked: MappingTrial, who: Who) -> Preview:
    """What the mapping, saved or as it is being edited, makes of real records, cell by cell; nothing is kept."""
    hub = who.hub()
    doc = document_of(hub, mapping, asked)
    rows = rows_of(who, doc.connection, doc.object, asked.records, "mapping.preview", fresh=asked.fresh)
    wrong = flaws(hub, doc, [row.record for row in rows])
    trial = tried(hub, doc, rows, wrong)
    shown = Shown(who, doc, hub.schema(doc.connection, doc.object), trial)
    return Preview(
        flaws=[_flaw(who, one, shown) for one in wrong], items=[shown.row(row) for row in trial.rows]
    )  # fmt: skip


@router.post("/expression-checks", openapi_extra=needs("mapping.see"))
def check_expression(asked: ExpressionCheck, who: Who) -> CheckedExpression:
    """Whether the engine's own compiler takes this expression, and if not, which word it is."""
    hub = who.hub()
    if asked.connection not in hub.project.connections:
        known_ones = ", ".join(sorted(hub.project.connections)) or "-"
        raise Unsupported("app.no_connection", name=asked.connection, known=known_ones)
    zone = hub.project.connections[asked.connection].zone
    ours = hub.entity(asked.entity).fields
    theirs = {f.name: f for f in hub.schema(asked.connection, asked.object).fields}
    if asked.lines:
        lines = theirs.get(asked.lines_source or asked.lines)
        ours = ours[asked.lines].lines if asked.lines in ours else {}
        theirs = {f.name: f for f in lines.lines} if lines is not None else {}
    inward = asked.way in ("in", "filter")
    scope = record_scope(theirs or None, zone) if inward else golden_scope(ours, zone)
    gives = FieldType.BOOLEAN if asked.way.endswith("filter") else None
    if asked.way == "in" and asked.field in ours:
        gives = ours[asked.field].type
    names = {name: kind.value for name, kind in scope.fields.items()}
    said = fault(asked.expression, scope, gives)
    if said is None:
        return CheckedExpression(fault=None, names=names)
    facts = said["facts"]
    near = nearest(said["word"], said["known"]) if said["known"] else ""
    error = HubError(said["code"], **{**facts, "word": said["word"], "nearest": near or "-"})
    shown = trouble(who, error)
    return CheckedExpression(
        fault=ExpressionFault(
            **shown.model_dump(), line=int(facts.get("at_line", 1)), column=int(facts.get("at_column", 1)),
            word=said["word"], nearest=near,
        ),
        names=names,
    )  # fmt: skip


# ------------------------------------------------------------------------ what of it is shown


def document_of(hub: Hub, mapping: str, asked: MappingDraft) -> Document:
    """The mapping as it is being edited, else as it is saved. Raises Unsupported for one that is none."""
    if asked.document is None:
        return hub.project.mappings[mapping_named(hub.project, mapping)]
    try:
        doc = Document.model_validate({**asked.document, "mapping": mapping})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise Unsupported("web.invalid", count=error.error_count(), place=place, said=first["msg"]) from None
    if doc.connection not in hub.project.connections:
        listed = ", ".join(sorted(hub.project.connections)) or "-"
        raise Unsupported("app.no_connection", name=doc.connection, known=listed)
    return doc


def reachable(who: Caller, right: str, rows: list[Row]) -> list[Row]:
    """The records among these that this right reaches."""
    scopes = who.rights.scopes(right)
    if EVERYWHERE in scopes:
        return rows
    with who.look() as tx:
        places = places_of(tx, {row.golden.id for row in rows if row.golden is not None})
    own = [Place(frozenset({row.record.organisation})) for row in rows]
    at = [places.get(row.golden.id, one) if row.golden else one for row, one in zip(rows, own, strict=True)]
    return [row for row, place in zip(rows, at, strict=True) if any(scope.covers(place) for scope in scopes)]


def system_sight(who: Caller, connection: str, obj: str) -> SystemSight:
    """How this caller sees the records of an object, by the mappings that are in effect."""
    there = who.front.project().mappings.values()
    return who.rights.sight().system([m for m in there if (m.connection, m.object) == (connection, obj)])


def open_to(theirs: SystemSight, schema: ObjectSchema, reads: Collection[str] | None) -> bool:
    """May a value made of these fields of the system be shown? None: it may be made of any."""
    names = [f.name for f in schema.fields] if reads is None else reads
    return all(theirs.of(name) == "seen" for name in names)


class Shown:
    """A trial as one caller may see it. What a value is made of decides, not the name that a draft gives to it."""

    def __init__(self, who: Caller, doc: Document, schema: ObjectSchema, trial: Trial) -> None:
        self.who = who
        self.doc = doc
        self.sight = who.rights.sight()
        self.theirs = system_sight(who, doc.connection, doc.object)
        fields = {used.field for used in doc.fields}
        self.made = {
            name: self.sight.sees(doc.entity, name) and open_to(self.theirs, schema, trial.reads.get(name, ()))
            for name in fields
        }
        self.told = {name: self._all(trial.inputs.get(name, frozenset())) for name in fields}

    def _all(self, inputs: Collection[str]) -> bool:
        return all(self.made.get(n, True) and self.sight.sees(self.doc.entity, n) for n in inputs)

    def row(self, row: Row) -> PreviewRow:
        """One record; what is kept back is ***."""
        error = trouble(self.who, self.sight.closed(row.filtered)) if isinstance(row.filtered, HubError) else None
        return PreviewRow(
            record_id=row.record.id,
            golden_id=row.link.golden_id if row.link is not None else None,
            source=self.theirs.record(row.record.values),
            golden=self._values(row.made, self.made),
            errors=self._errors(row.made, self.made),
            written=self._values(row.told, self.told),
            unwritable=self._errors(row.told, self.told),
            filtered=row.filtered is True,
            error=error,
        )

    def _values(self, values: dict[str, Any], opened: dict[str, bool]) -> dict[str, Any]:
        good = {name: value for name, value in values.items() if not isinstance(value, HubError)}
        shut = {name: value if opened[name] or value in (None, "") else MASK for name, value in good.items()}
        return self.sight.values(self.doc.entity, {name: _whole(value) for name, value in shut.items()})

    def _errors(self, values: dict[str, Any], opened: dict[str, bool]) -> dict[str, Trouble]:
        wrong = {name: value for name, value in values.items() if isinstance(value, HubError)}
        return {
            name: trouble(self.who, error if opened[name] else self.sight.closed(error))
            for name, error in wrong.items()
            if self.sight.of(self.doc.entity, name) != "hidden"
        }


def _whole(value: Any) -> Any:
    """A value as a system speaks, as JSON."""
    if isinstance(value, list):
        return [_whole(one) for one in value]
    if isinstance(value, dict):
        return {name: _whole(one) for name, one in value.items()}
    return _json(value)


_QUOTING = ("mapping.sample", "mapping.round_trip")
"""Flaws that tell what they found in records."""


def _flaw(who: Caller, one: Any, shown: Shown) -> Flaw:
    facts: dict[str, Any] = {
        "word": one.word, "nearest": nearest(one.word, one.known) or "-", "known": ", ".join(one.known[:40]) or "-",
        **one.facts,
    }  # fmt: skip
    error = HubError(one.code)
    error.facts = facts
    if one.code in _QUOTING and not shown.made.get(one.word, False):
        error = shown.sight.closed(error)
        error.facts["word"] = one.word
    what, then = tell(error, who.language)
    return Flaw(
        path=list(one.path), code=one.code, word=one.word, severity=one.severity,
        message=shown.sight.text("", what) if one.code in _QUOTING else what, next=then,
    )  # fmt: skip


def rows_of(who: Caller, connection: str, obj: str, most: int, right: str, *, fresh: bool = False) -> list[Row]:
    """Real records with what the hub knows of them, as far as this right reaches."""
    hub = who.hub()
    found = who.front.samples.of(hub, connection, obj, most, fresh=fresh)
    return reachable(who, right, known(hub, connection, obj, found))
