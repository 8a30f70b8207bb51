"""Whether the hub lives, whether it can work, and which version it is."""

from __future__ import annotations

from importlib.metadata import version as version_of
from typing import Literal

from fastapi import Response
from pydantic import BaseModel, Field

from hefu.core.errors import HubError
from hefu.store import migrate, projects
from hefu.web.front import House
from hefu.web.route import PUBLIC, needs, resource

router = resource("health")


class Health(BaseModel):
    """The process answers."""

    state: Literal["up"] = "up"


class Ready(BaseModel):
    """What stands between the hub and its work; nothing of what it holds is told here."""

    ready: bool
    store: bool = Field(description="Our database answers, and has this version's tables")
    project: bool = Field(description="Documents were imported")
    hub: Literal["here", "elsewhere"] = Field(description="Whether the flows are kept in step by this very process")


class HubVersion(BaseModel):
    """Which release answers."""

    version: str = Field(examples=["0.1.0"])
    api: str = Field("v1", examples=["v1"])
    schema_revision: str = Field(description="Of our database's tables", examples=["0008"])


@router.get("/health", openapi_extra=needs(PUBLIC))
def health() -> Health:
    """Whether the process answers."""
    return Health()


@router.get("/readiness", openapi_extra=needs(PUBLIC), responses={503: {"model": Ready, "description": "Not yet"}})
def readiness(house: House, response: Response) -> Ready:
    """Whether it can work: 503 until then."""
    store = project = False
    try:
        store = migrate.revision(house.app.store) == migrate.head()
        with house.app.store.look() as tx:
            project = projects.newest(tx) is not None
    except HubError:
        store = False
    ready = store and project
    if not ready:
        response.status_code = 503
    return Ready(ready=ready, store=store, project=project, hub="here" if house.service is not None else "elsewhere")


@router.get("/version", openapi_extra=needs(PUBLIC))
def version() -> HubVersion:
    """Which release answers."""
    return HubVersion(version=version_of("hefu"), schema_revision=migrate.head())
