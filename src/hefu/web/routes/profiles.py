"""What the fields of a system's objects contain: a sample of records, counted, values only for who may see them."""

from __future__ import annotations

from typing import Annotated

from fastapi import Path
from pydantic import BaseModel, Field

from hefu.app.profile import FieldProfile as Counted
from hefu.app.profile import profile
from hefu.app.systems import known_object
from hefu.core.errors import Missing
from hefu.web.front import Who
from hefu.web.route import needs, resource
from hefu.web.routes.trials import rows_of, system_sight

router = resource("connections")

Name = Annotated[str, Path(max_length=64)]
ObjectName = Annotated[str, Path(max_length=128)]


class Profiling(BaseModel):
    """How much to look at."""

    records: Annotated[int, Field(ge=1, le=5000)] = 200
    fresh: bool = Field(False, description="Read the system now; else what was read a minute ago will do")


class ValueCount(BaseModel):
    """A value and in how many records it stands."""

    value: str
    count: int


class FieldProfile(BaseModel):
    """What one field contains."""

    field: str = Field(description="Of lines: lines.price")
    records: int = Field(description="So many were looked at; of a line's field: lines")
    filled: int
    distinct: int
    longest: int = Field(description="Characters of the longest value")
    masked: bool = Field(description="You may not see its values")
    top: list[ValueCount] = Field(description="The frequent ones")
    examples: list[str] = Field(description="Some others")


class ObjectProfile(BaseModel):
    """Every field of an object; those that are hidden from you are left out."""

    records: int
    fields: list[FieldProfile]


@router.post("/connections/{connection}/objects/{obj}/profile", openapi_extra=needs("schema.see"))
def profiled(connection: Name, obj: ObjectName, asked: Profiling, who: Who) -> ObjectProfile:
    """How full the fields are, how many values they have and which, from the first records; nothing is kept."""
    hub = who.hub()
    if connection not in hub.project.connections:
        raise Missing("web.unknown", kind="connection", id=connection)
    schema = known_object(hub.schemas(connection), connection, obj)
    rows = rows_of(who, connection, obj, asked.records, "schema.see", fresh=asked.fresh)
    sight = system_sight(who, connection, obj)
    counted = profile(schema.fields, [row.record.values for row in rows])
    shown = [(one, sight.of(one.name)) for one in counted]
    return ObjectProfile(
        records=len(rows), fields=[_shown(one, said == "seen") for one, said in shown if said != "hidden"]
    )


def _shown(one: Counted, seen: bool) -> FieldProfile:
    return FieldProfile(
        field=one.name,
        records=one.records,
        filled=one.filled,
        distinct=one.distinct,
        longest=one.longest,
        masked=not seen,
        top=[ValueCount(value=value[:200], count=n) for value, n in one.top] if seen else [],
        examples=[value[:200] for value in one.examples] if seen else [],
    )
