"""What people call things: the one place where screens learn the titles of entities, fields, systems and flows."""

from __future__ import annotations

from pydantic import BaseModel, Field

from hefu.core.model import READY, every_field, resolve
from hefu.core.project import Project
from hefu.core.sight import Sight
from hefu.web.front import Who
from hefu.web.route import SIGNED_IN, needs, resource

router = resource("names")

Title = dict[str, str]


class EntityNames(BaseModel):
    """An entity, and its fields by path ("lines.price")."""

    title: Title = Field(examples=[{"en": "Customer", "zh": "客户"}])
    fields: dict[str, Title]


class MappingNames(BaseModel):
    """What a mapping joins: a mapping has no title of its own."""

    connection: str
    object: str
    entity: str


class Names(BaseModel):
    """Name in the documents -> title by language; what has no title is called by its name."""

    entities: dict[str, EntityNames]
    connections: dict[str, Title]
    flows: dict[str, Title]
    cutovers: dict[str, Title]
    mappings: dict[str, MappingNames]


@router.get("/names", openapi_extra=needs(SIGNED_IN))
def names(who: Who) -> Names:
    """The titles of everything that screens show. A field that is hidden from the caller is not named either."""
    project = who.front.project()
    sight = who.rights.sight()
    used = {*project.entities, *(one.entity for one in project.mappings.values())}
    return Names(
        entities={name: found for name in sorted(used) if (found := _entity(project, sight, name)) is not None},
        connections={name: dict(one.title) for name, one in project.connections.items()},
        flows={name: dict(one.title) for name, one in project.flows.items()},
        cutovers={name: dict(one.title) for name, one in project.cutovers.items()},
        mappings={
            name: MappingNames(connection=one.connection, object=one.object, entity=one.entity)
            for name, one in project.mappings.items()
        },
    )


def _entity(project: Project, sight: Sight, name: str) -> EntityNames | None:
    document = project.entities.get(name) or READY.get(name)
    if document is None:
        return None
    whole = resolve(document, project.entities)
    fields = {path: dict(one.title) for path, one in every_field(whole.fields) if sight.of(name, path) != "hidden"}
    return EntityNames(title=dict(whole.title), fields=fields)
