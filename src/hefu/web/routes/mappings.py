"""Mappings: which there are, and proposals for new field pairs. What they say stands in their documents."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, Field

from hefu.app.mappers import proposal_json, proposals
from hefu.store.drafts import listed
from hefu.store.golden import count_links
from hefu.web.front import Who
from hefu.web.route import needs, resource

router = resource("mappings")


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
    drafted_by: str | None = Field(description="Who works on it, where there is a draft")


class Mappings(BaseModel):
    """All mappings."""

    items: list[Mapping]


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


@router.get("/mappings", openapi_extra=needs("mapping.see"))
def list_mappings(who: Who) -> Mappings:
    """Every mapping, and how many records it knows in which state."""
    project = who.front.project()
    with who.look() as tx:
        counts = count_links(tx)
        drafted = {one.mapping: one.author for one in listed(tx)}
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
            drafted_by=drafted.get(name),
        )
        for name, doc in sorted(project.mappings.items())
    ]
    return Mappings(items=items)


@router.post("/mapping-proposals", openapi_extra=needs("mapping.preview"))
def propose(asked: Ask, who: Who) -> Proposals:
    """Field pairs from names, the glossary and values, with confidence and reasons."""
    found = proposals(who.hub(), asked.connection, asked.object, asked.entity, asked.samples)
    items = [{**row, "source": row.pop("from")} for row in map(proposal_json, found)]
    return Proposals(items=[Proposal(**{**row, "reasons": list(row["reasons"])}) for row in items])
