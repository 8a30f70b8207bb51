"""Connections: which systems there are, how they are reached, what they offer, and what changed there."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import Path, Query
from pydantic import BaseModel, Field, ValidationError

from hefu import connectors
from hefu.app.proven import AGAINST, MEANS, suites_of
from hefu.app.systems import known_object, last_test, schema_json, tested, tried
from hefu.core.errors import HubError, Missing, Unsupported
from hefu.core.project import Connection as Document
from hefu.core.schemas import form
from hefu.core.words import tell
from hefu.engine import drift
from hefu.store import runs
from hefu.store.db import Tx
from hefu.store.golden import count_links
from hefu.store.tables import budget
from hefu.web.front import Caller, Who
from hefu.web.route import needs, resource
from hefu.web.routes.flows import Pause, paused

router = resource("connections")

Name = Annotated[str, Path(max_length=64)]
ObjectName = Annotated[str, Path(max_length=128)]


class Connector(BaseModel):
    """A kind of system."""

    name: str = Field(examples=["kingdee"])
    about: str
    usable: bool = Field(description="false: a library that it needs is not installed")


class Connectors(BaseModel):
    """The kinds of system that are installed."""

    items: list[Connector]


class Proven(BaseModel):
    """Checks of one ability."""

    ability: str
    title: str = Field(description="What its checks prove")
    passed: int
    tried: int


class Met(BaseModel):
    """Where a connector was tried, and what it passed there."""

    against: str = Field(description="A real system, the vendor's server, our sandbox or an imitation")
    system: str
    object: str
    abilities: list[Proven]


class Proof(BaseModel):
    """What a connector is proven to do, by the last run of the conformance suite."""

    items: list[Met]


class Test(BaseModel):
    """The last test of a connection with its present settings."""

    ok: bool
    at: str
    who: str
    code: str | None = Field(description="What was wrong")


class Connection(BaseModel):
    """One configured system as it stands."""

    connection: str
    connector: str
    title: dict[str, str]
    zone: str
    organisation: str | None
    mappings: list[str]
    records: int = Field(description="Records of it that the hub knows")
    calls_today: int | None = Field(description="Made or reserved in the system's day; null: not counted")
    paused: list[Pause]
    tested: Test | None = Field(description="null: never, or its settings were changed since")


class Connections(BaseModel):
    """All connections."""

    items: list[Connection]


class Trouble(BaseModel):
    """What is wrong, in words."""

    code: str
    parameters: dict[str, Any]
    title: str
    detail: str


class Tested(BaseModel):
    """Whether a system could be reached, with credentials and rights."""

    ok: bool
    objects: list[str] = Field(description="What it offers")
    health: dict[str, str] = Field(description="Facts of the system: version, quota")
    error: Trouble | None


class Try(BaseModel):
    """A connection document that need not be saved."""

    document: dict[str, Any]


class FieldOf(BaseModel):
    """A field of an object, as discovered."""

    name: str
    type: str
    label: str
    writable: bool
    required: bool
    unique: bool
    length: int | None
    scale: int | None = Field(description="Decimal places")
    target: str | None = Field(description="Of a reference: the object it points to")
    options: list[str] = Field(description="Codes that the system declares")
    lines: list[FieldOf] = Field(description="Of a list of lines: the fields of one")


class Object(BaseModel):
    """One kind of record of a system, and what may be done with it."""

    object: str
    label: str
    key: list[str]
    abilities: dict[str, Any]
    fields: list[FieldOf]


class Objects(BaseModel):
    """What a system offers."""

    items: list[Object]


class Drift(BaseModel):
    """An object as it was when it was last agreed with, against what it is now."""

    object: str
    known: bool = Field(description="It was looked at before")
    added: dict[str, list[Any]] = Field(description="field -> [type, required]")
    removed: dict[str, list[Any]]
    changed: dict[str, list[Any]] = Field(description="field -> [before, now]")
    mappings: dict[str, Trouble | None] = Field(description="mapping -> what it cannot work with; null: fits")


class Drifts(BaseModel):
    """Every mapped object of a connection."""

    items: list[Drift]


def trouble(who: Caller, error: HubError) -> Trouble:
    """An error of a system in the caller's words; secrets are struck out where it was made."""
    sight = who.rights.sight()
    what, then = tell(error, who.language)
    facts = sight.facts("", {name: str(value) for name, value in error.facts.items()})
    return Trouble(code=error.code, parameters=facts, title=sight.text("", what), detail=then)


@router.get("/connectors", openapi_extra=needs("connection.see"))
def list_connectors() -> Connectors:
    """The kinds of system that are installed here."""
    items = []
    for name in connectors.names():
        try:
            about, usable = (connectors.find(name).__doc__ or "").strip().splitlines()[0], True
        except Unsupported as error:
            about, usable = str(error.facts.get("needs")), False
        items.append(Connector(name=name, about=about, usable=usable))
    return Connectors(items=items)


@router.get("/connectors/{connector}/form", openapi_extra=needs("connection.see"))
def connector_form(connector: Name) -> dict[str, Any]:
    """The JSON Schema of a connector's settings, for a form. Secrets are `writeOnly`: give a reference, not a value."""
    if connector not in connectors.names():
        raise Missing("web.unknown", kind="connector", id=connector)
    return form(connectors.find(connector).settings_type)


@router.get("/connectors/{connector}/proof", openapi_extra=needs("connection.see"))
def connector_proof(connector: Name, who: Who) -> Proof:
    """What a connector is proven to do, and against what: results of the conformance suite, none written by hand."""
    if connector not in connectors.names():
        raise Missing("web.unknown", kind="connector", id=connector)
    items = []
    for row in suites_of(connector):
        done = row["abilities"]
        abilities = [
            Proven(ability=name, title=who.t(*MEANS[name]), passed=done[name][0], tried=done[name][1])
            for name in MEANS
            if name in done
        ]
        against = who.t(*AGAINST[row["against"]])
        items.append(Met(against=against, system=row["system"], object=row["object"], abilities=abilities))
    return Proof(items=items)


@router.get("/connections", openapi_extra=needs("connection.see"))
def list_connections(who: Who) -> Connections:
    """Every configured system: what it is, whether it is stopped, how many calls it took today."""
    with who.look() as tx:
        return Connections(items=_listed(tx, who, None))


@router.get("/connections/{connection}", openapi_extra=needs("connection.see"))
def one_connection(connection: Name, who: Who) -> Connection:
    """One configured system. Its settings stand in its document (/documents/connection/NAME)."""
    with who.look() as tx:
        found = _listed(tx, who, connection)
    if not found:
        raise Missing("web.unknown", kind="connection", id=connection)
    return found[0]


def _listed(tx: Tx, who: Caller, only: str | None) -> list[Connection]:
    project = who.front.project()
    counts, stopped = count_links(tx), runs.paused(tx)
    calls = {row[0]: row[1] for row in tx.run(budget.select().with_only_columns(budget.c.connection, budget.c.calls))}
    out = []
    for name, doc in sorted(project.connections.items()):
        if only is not None and name != only:
            continue
        mappings = sorted(m for m, one in project.mappings.items() if one.connection == name)
        scopes = {f"connection:{name}", *(f"mapping:{m}" for m in mappings)}
        out.append(
            Connection(
                connection=name,
                connector=doc.connector,
                title=dict(getattr(doc, "title", {}) or {}),
                zone=doc.zone,
                organisation=doc.organisation or None,
                mappings=mappings,
                records=sum(sum(counts.get(m, {}).values()) for m in mappings),
                calls_today=calls.get(name),
                paused=[paused(who, scope, dict(row)) for scope, row in stopped.items() if scope in scopes],
                tested=None if (last := last_test(tx, doc)) is None else Test(**last),
            )
        )
    return out


@router.post("/connections/{connection}/test", openapi_extra=needs("connection.test"))
def test(connection: Name, who: Who) -> Tested:
    """Try address, credentials and rights now. A system that cannot be reached is an answer, not an error."""
    project = who.front.project()
    if connection not in project.connections:
        raise Missing("web.unknown", kind="connection", id=connection)
    return _tested(who, lambda: tested(who.app, project, connection, who.name))


@router.post("/connection-tests", openapi_extra=needs("connection.edit"))
def try_it(asked: Try, who: Who) -> Tested:
    """Try a connection before it is saved."""
    try:
        doc = Document.model_validate(asked.document)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise Unsupported("web.invalid", count=error.error_count(), place=place, said=first["msg"]) from None
    return _tested(who, lambda: tried(who.app, who.front.project(), doc))


def _tested(who: Caller, trial: Callable[[], dict[str, Any]]) -> Tested:
    try:
        found = trial()
    except HubError as error:
        return Tested(ok=False, objects=[], health={}, error=trouble(who, error))
    return Tested(ok=True, objects=found["objects"], health=found["health"], error=None)


@router.get("/connections/{connection}/objects", openapi_extra=needs("schema.see"))
def objects(
    connection: Name,
    who: Who,
    fresh: Annotated[bool, Query(description="Ask the system anew")] = False,
    q: Annotated[str | None, Query(max_length=100, description="Words of its name")] = None,
) -> Objects:
    """Objects and fields of a system, with types and what may be done."""
    found = _schemas(who, connection, fresh=fresh).values()
    words = (q or "").casefold()
    kept = [x for x in found if words in f"{x.name} {x.label}".casefold()]
    return Objects(items=[Object(**schema_json(x)) for x in kept])


@router.get("/connections/{connection}/objects/{obj}", openapi_extra=needs("schema.see"))
def one_object(connection: Name, obj: ObjectName, who: Who) -> Object:
    """One object with its fields."""
    return Object(**schema_json(known_object(_schemas(who, connection), connection, obj)))


def _schemas(who: Caller, connection: str, *, fresh: bool = False) -> dict[str, Any]:
    hub = who.hub()
    if connection not in hub.project.connections:
        raise Missing("web.unknown", kind="connection", id=connection)
    if fresh:
        who.rights.require("schema.discover")
        hub.forget_schemas(connection)
    return hub.schemas(connection)


@router.get("/connections/{connection}/drift", openapi_extra=needs("schema.see"))
def drifts(connection: Name, who: Who) -> Drifts:
    """What changed in the mapped objects of a system since the hub last agreed with them."""
    _schemas(who, connection, fresh=who.rights.may("schema.discover"))
    hub = who.hub()
    mapped = sorted({m.object for m in hub.project.mappings.values() if m.connection == connection})
    items = []
    for obj in mapped:
        found = drift.compared(hub, connection, obj)
        told = {name: None if error is None else trouble(who, error) for name, error in found["mappings"].items()}
        items.append(Drift(object=obj, **{**found, "mappings": told}))
    return Drifts(items=items)
