"""What mappings are made of: business objects with their fields, transforms with their parameters, functions."""

from __future__ import annotations

from functools import cache
from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import BaseModel, Field

from hefu.core.errors import Missing
from hefu.core.expr import function_names
from hefu.core.model import READY
from hefu.core.project import Entity as Document
from hefu.core.project import EntityField as FieldDocument
from hefu.core.transforms import CATALOGUE, Step
from hefu.core.transforms.words import PARAMETERS
from hefu.web.front import Who
from hefu.web.route import needs, resource

router = resource("mappings")

Name = Annotated[str, Path(max_length=64)]


class EntityField(BaseModel):
    """One field of a business object, with its rules."""

    name: str
    type: str
    title: dict[str, str] = Field(description="By language")
    pii: str = Field(description="Class of personal data")
    required: bool
    length: int | None
    scale: int | None
    options: list[str]
    entity: str | None = Field(description="Of a reference: what it points to")
    owner: str | None = Field(description="The connection whose value wins")
    owner_depends: bool = Field(description="Ownership depends on the record; it is changed in the document")
    conflict: str
    on_foreign_edit: str
    priority: list[str]
    fixed: bool = Field(description="The hub works it out; no system may change it")
    line_key: str | None
    lines: list[EntityField]


class EntityHead(BaseModel):
    """A business object in a list."""

    entity: str
    title: dict[str, str]
    ready: bool = Field(description="It comes with the hub; a project may extend it")
    used: bool = Field(description="A mapping of the project is against it")


class Entities(BaseModel):
    """All there are."""

    items: list[EntityHead]


class Entity(EntityHead):
    """With its fields."""

    match: list[list[str]]
    fields: list[EntityField]


class Parameter(BaseModel):
    """One parameter of a transform."""

    name: str
    kind: Literal["text", "number", "truth", "choice", "texts", "pairs"]
    required: bool
    default: Any
    choices: list[str]
    title: dict[str, str]


class Sample(BaseModel):
    """What a transform makes of a value; `error`: the code where it refuses it."""

    parameters: dict[str, Any]
    given: Any
    gives: Any
    error: str | None


class Transform(BaseModel):
    """A named transform."""

    name: str
    group: str = Field(examples=["text"])
    title: dict[str, str]
    takes: str
    gives: str
    way_back: bool = Field(description="With its default parameters it can be written back")
    parameters: list[Parameter]
    samples: list[Sample]


class Catalogue(BaseModel):
    """All transforms, and the functions that expressions have beside those of CEL."""

    transforms: list[Transform]
    functions: list[str]


def fields_of(fields: dict[str, FieldDocument]) -> list[EntityField]:
    """Fields as an editor shows them, those of lines inside."""
    out = []
    for name, one in fields.items():
        plain = one.owner if isinstance(one.owner, str) else None
        out.append(
            EntityField(
                name=name, type=one.type, title=dict(one.title), pii=one.pii, required=one.required, length=one.length,
                scale=one.scale, options=one.options, entity=one.entity, owner=plain,
                owner_depends=isinstance(one.owner, list), conflict=one.conflict, on_foreign_edit=one.on_foreign_edit,
                priority=one.priority, fixed=one.rollup is not None or one.derive is not None, line_key=one.line_key,
                lines=fields_of(one.lines),
            )
        )  # fmt: skip
    return out


def _head(name: str, doc: Document, own: bool, used: bool) -> dict[str, Any]:
    return {"entity": name, "title": dict(doc.title), "ready": not own, "used": used}


@router.get("/entities", openapi_extra=needs("mapping.see"))
def list_entities(who: Who) -> Entities:
    """Business objects that records can be mapped against: the project's own, and ready ones."""
    hub = who.hub()
    own, used = set(hub.project.entities), {m.entity for m in hub.project.mappings.values()}
    names = sorted({*own, *READY}, key=lambda name: (name not in used, name not in own, name))
    return Entities(items=[EntityHead(**_head(n, hub.entity(n), n in own, n in used)) for n in names])


@router.get("/entities/{entity}", openapi_extra=needs("mapping.see"))
def one_entity(entity: Name, who: Who) -> Entity:
    """One of them with all its fields, those of what it extends included."""
    hub = who.hub()
    own = entity in hub.project.entities
    if not own and entity not in READY:
        raise Missing("web.unknown", kind="entity", id=entity)
    used = any(m.entity == entity for m in hub.project.mappings.values())
    doc = hub.entity(entity)
    return Entity(**_head(entity, doc, own, used), match=doc.match, fields=fields_of(doc.fields))


@router.get("/mapping-catalogue", openapi_extra=needs("mapping.see"))
def catalogue() -> Catalogue:
    """The named transforms with typed parameters, in both languages, and the functions of expressions."""
    return Catalogue(transforms=list(_transforms()), functions=function_names())


@cache
def _transforms() -> tuple[Transform, ...]:
    return tuple(_transform(step) for step in CATALOGUE.values())


def _transform(step: type[Step]) -> Transform:
    schema = step.model_json_schema(by_alias=True)
    needed = set(schema.get("required", []))
    parameters = [_parameter(step, name, said, name in needed) for name, said in schema.get("properties", {}).items()]
    samples = [Sample(parameters=s.params, given=s.given, gives=s.gives, error=s.error) for s in step.samples]
    back = needed or step.model_validate({}).way_back() != "no"
    return Transform(
        name=step.name, group=step.__module__.rsplit(".", 1)[1], title={"en": step.en, "zh": step.zh},
        takes=step.takes, gives=step.gives, way_back=bool(back), parameters=parameters, samples=samples,
    )  # fmt: skip


def _parameter(step: type[Step], name: str, said: dict[str, Any], needed: bool) -> Parameter:
    kinds = [said, *said.get("anyOf", [])]
    types = {one.get("type") for one in kinds}
    choices = next((list(one["enum"]) for one in kinds if "enum" in one), [])
    kind: Any = (
        "choice" if choices else "texts" if "array" in types else "pairs" if "object" in types
        else "text" if "string" in types else "number" if types & {"integer", "number"} else "truth"
    )  # fmt: skip
    title = {"en": said.get("description", name), "zh": PARAMETERS.get(f"{step.name}.{name}", name)}
    return Parameter(
        name=name, kind=kind, required=needed, default=said.get("default"), choices=choices, title=title
    )  # fmt: skip
