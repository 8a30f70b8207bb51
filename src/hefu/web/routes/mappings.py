"""Mappings: proposed, tried on their examples and on real records. What they say stands in their documents."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import BaseModel, Field, ValidationError

from hefu.app.choosing import mapping_named
from hefu.app.mappers import flaws, previewed, proposal_json, proposals, tested
from hefu.app.systems import samples
from hefu.core.documents import nearest
from hefu.core.errors import HubError, Unsupported
from hefu.core.project import Mapping as Document
from hefu.core.words import tell
from hefu.engine.hub import Hub
from hefu.store.golden import count_links
from hefu.web.front import Caller, Who
from hefu.web.route import needs, resource
from hefu.web.routes.connections import Trouble, trouble

router = resource("mappings")

Name = Annotated[str, Path(max_length=64)]


class Mapping(BaseModel):
    """A mapping in a list."""

    mapping: str
    connection: str
    object: str
    entity: str
    fields: int
    flows: list[str]
    create: bool
    update: bool
    records: dict[str, int] = Field(description="state of link -> how many")


class Mappings(BaseModel):
    """All mappings."""

    items: list[Mapping]


class ValueMap(BaseModel):
    """How the codes of one field translate."""

    mapping: str
    field: str
    source: str | None
    values: dict[str, str] = Field(description="the system's code -> ours")
    default: str | None = Field(description="Ours for a code that is not listed; null: that is an error")


class ValueMaps(BaseModel):
    """Every value map of the project."""

    items: list[ValueMap]


class Ask(BaseModel):
    """What to propose a mapping for."""

    connection: Annotated[str, Field(max_length=64)]
    object: Annotated[str, Field(max_length=128)]
    entity: Annotated[str, Field(max_length=64)]
    samples: Annotated[int, Field(ge=1, le=1000, description="Records to look at")] = 200


class Proposal(BaseModel):
    """A field pair, how sure it is, and why."""

    field: str
    source: str
    confidence: float
    reasons: list[str]
    transform: list[Any]


class Proposals(BaseModel):
    """Field pairs, the surest first."""

    items: list[Proposal]


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


class MappingTrial(BaseModel):
    """A mapping as it is being edited; not given: as it is saved."""

    document: dict[str, Any] | None = None
    records: Annotated[int, Field(ge=1, le=100)] = 20


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
    source: dict[str, Any] = Field(description="As the system holds it")
    golden: dict[str, Any] | None = Field(description="In our terms; null: it cannot be read, or is filtered out")
    filtered: bool
    error: Trouble | None


class Preview(BaseModel):
    """Real records through the mapping."""

    flaws: list[Flaw]
    items: list[PreviewRow]


@router.get("/mappings", openapi_extra=needs("mapping.see"))
def list_mappings(who: Who) -> Mappings:
    """Every mapping, and how many records it knows in which state."""
    project = who.front.project()
    with who.look() as tx:
        counts = count_links(tx)
    items = [
        Mapping(
            mapping=name,
            connection=doc.connection,
            object=doc.object,
            entity=doc.entity,
            fields=len(doc.fields),
            flows=[f.flow for f in project.flows.values() if name in f.mappings],
            create=doc.create,
            update=doc.update,
            records=counts.get(name, {}),
        )
        for name, doc in sorted(project.mappings.items())
    ]
    return Mappings(items=items)


@router.get("/value-maps", openapi_extra=needs("mapping.see"))
def value_maps(who: Who) -> ValueMaps:
    """How codes translate, field by field; they are changed in the mapping's document."""
    items = [
        ValueMap(mapping=name, field=f.field, source=f.source, values=dict(f.values), default=f.values_default)
        for name, doc in sorted(who.front.project().mappings.items())
        for f in doc.fields
        if f.values
    ]
    return ValueMaps(items=items)


@router.post("/mapping-proposals", openapi_extra=needs("mapping.preview"))
def propose(asked: Ask, who: Who) -> Proposals:
    """Field pairs from names, the glossary and values, with confidence and reasons."""
    found = proposals(who.hub(), asked.connection, asked.object, asked.entity, asked.samples)
    items = [{**row, "source": row.pop("from")} for row in map(proposal_json, found)]
    return Proposals(items=[Proposal(**{**row, "reasons": list(row["reasons"])}) for row in items])


@router.post("/mappings/{mapping}/test", openapi_extra=needs("mapping.see"))
def test(mapping: Name, who: Who) -> Examples:
    """Run the examples that stand beside a mapping."""
    hub = who.hub()
    items = []
    for name, outcome in tested(hub, [mapping_named(hub.project, mapping)]):
        different = [
            ExampleDifference(way=d.way, field=d.field, expected=d.expected, got=d.got) for d in outcome.differences
        ]
        error = None if outcome.error is None else trouble(who, outcome.error)
        items.append(
            Example(mapping=name, example=outcome.title, passed=outcome.passed, differences=different, error=error)
        )
    return Examples(items=items, failed=sum(not one.passed for one in items))


@router.post("/mappings/{mapping}/preview", openapi_extra=needs("mapping.preview"))
def preview(mapping: Name, asked: MappingTrial, who: Who) -> Preview:
    """What the mapping, saved or as it is being edited, makes of real records; nothing is kept."""
    hub = who.hub()
    doc = _document(hub, mapping, asked)
    records = list(samples(hub, doc.connection, doc.object, asked.records))
    found = [_flaw(who, one) for one in flaws(hub, doc, records)]
    if any(one.severity == "error" for one in found):
        return Preview(flaws=found, items=[])
    return Preview(flaws=found, items=[_row(who, doc, *one) for one in previewed(hub, doc, records)])


def _document(hub: Hub, mapping: str, asked: MappingTrial) -> Document:
    if asked.document is None:
        return hub.project.mappings[mapping_named(hub.project, mapping)]
    try:
        doc = Document.model_validate({**asked.document, "mapping": mapping})
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise Unsupported("web.invalid", count=error.error_count(), place=place, said=first["msg"]) from None
    if doc.connection not in hub.project.connections:
        known = ", ".join(sorted(hub.project.connections)) or "-"
        raise Unsupported("app.no_connection", name=doc.connection, known=known)
    return doc


def _flaw(who: Caller, one: Any) -> Flaw:
    error = HubError(one.code)
    error.facts = {
        "word": one.word,
        "nearest": nearest(one.word, one.known) or "-",
        "known": ", ".join(one.known[:40]) or "-",
        **one.facts,
    }
    what, then = tell(error, who.language)
    sight = who.rights.sight()
    return Flaw(
        path=list(one.path), code=one.code, word=one.word, severity=one.severity, message=sight.text("", what),
        next=then,
    )  # fmt: skip


def _row(who: Caller, doc: Document, record: Any, made: Any) -> PreviewRow:
    """As this caller sees it: both sides by the rights over the entity's fields."""
    sight = who.rights.sight()
    error = trouble(who, sight.error(made, doc.entity)) if isinstance(made, HubError) else None
    golden = None if made is None or error is not None else sight.values(doc.entity, made)
    return PreviewRow(
        record_id=record.id, source=sight.record(doc, record.values), golden=golden, filtered=made is None, error=error
    )
