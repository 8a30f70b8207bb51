"""Value maps: how codes translate, and which codes stand in real data that no map knows."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, Field

from hefu.app.trial import Codes, codes
from hefu.core.project import FieldMap
from hefu.web.front import Caller, Who
from hefu.web.route import needs, resource
from hefu.web.routes.trials import MappingDraft, document_of, open_to, rows_of, system_sight

router = resource("mappings")

Name = Annotated[str, Path(max_length=64)]


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


class CodesAsked(MappingDraft):
    """Which field's codes to look for."""

    field: Annotated[str, Field(max_length=64)]
    records: Annotated[int, Field(ge=1, le=5000, description="Records to look at")] = 1000
    fresh: bool = Field(False, description="Read the system now; else what was read a minute ago will do")


class TheirCode(BaseModel):
    """A code as the system's records hold it."""

    code: str
    count: int
    ours: str | None = Field(description="What it becomes; null: such a record is refused")
    listed: bool


class OurCode(BaseModel):
    """A code as agreed records hold it."""

    code: str
    count: int
    theirs: str | None = Field(description="What is written; null: such a record cannot be written")


class CodesFound(BaseModel):
    """The codes of a field in real data, both directions, the frequent ones first."""

    records: int = Field(description="So many were looked at")
    masked: bool = Field(description="You may not see this field's values; only the numbers of lost records are told")
    theirs: list[TheirCode]
    ours: list[OurCode]
    refused: int = Field(description="Records whose code no map knows")
    unwritable: int = Field(description="Agreed records whose code cannot be written")


@router.get("/value-maps", openapi_extra=needs("mapping.see"))
def value_maps(who: Who) -> ValueMaps:
    """How codes translate, field by field; they are changed in a draft of the mapping."""
    items = [
        ValueMap(mapping=name, field=f.field, source=f.source, values=dict(f.values), default=f.values_default)
        for name, doc in sorted(who.front.project().mappings.items())
        for f in doc.fields
        if f.values
    ]
    return ValueMaps(items=items)


@router.post("/mappings/{mapping}/codes", openapi_extra=needs("mapping.preview"))
def found(mapping: Name, asked: CodesAsked, who: Who) -> CodesFound:
    """The codes that stand in real records, how often, and which of them no map knows; nothing is kept."""
    hub = who.hub()
    doc = document_of(hub, mapping, asked)
    rows = rows_of(who, doc.connection, doc.object, asked.records, "mapping.preview", fresh=asked.fresh)
    used = next((one for one in doc.fields if one.field == asked.field), None)
    counted = codes(hub, doc, rows, [asked.field]) if used is not None else []
    if used is None or not counted:
        return CodesFound(records=len(rows), masked=False, theirs=[], ours=[], refused=0, unwritable=0)
    theirs, ours = _theirs(used, counted[0]), _ours(used, counted[0])
    seen = _seen(who, doc.connection, doc.object, doc.entity, counted[0])
    return CodesFound(
        records=len(rows),
        masked=not seen,
        theirs=theirs[:MOST] if seen else [],
        ours=ours[:MOST] if seen else [],
        refused=sum(one.count for one in theirs if one.ours is None),
        unwritable=sum(one.count for one in ours if one.theirs is None),
    )


MOST = 500


def _theirs(used: FieldMap, counted: Codes) -> list[TheirCode]:
    default = used.values_default
    return [
        TheirCode(code=code, count=count, ours=used.values.get(code, default), listed=code in used.values)
        for code, count in counted.theirs.items()
    ]


def _ours(used: FieldMap, counted: Codes) -> list[OurCode]:
    back: dict[str, str] = {}
    for theirs, ours in used.values.items():
        back.setdefault(ours, theirs)
    return [OurCode(code=code, count=count, theirs=back.get(code)) for code, count in counted.ours.items()]


def _seen(who: Caller, connection: str, obj: str, entity: str, counted: Codes) -> bool:
    schema = who.hub().schema(connection, obj)
    return who.rights.sight().sees(entity, counted.field) and open_to(
        system_sight(who, connection, obj), schema, counted.reads
    )
