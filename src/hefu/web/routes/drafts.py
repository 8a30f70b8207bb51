"""Mappings as they are worked on: a draft beside what is in effect, checked, compared, published through a plan."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import Path, Response
from pydantic import BaseModel, Field, ValidationError

from hefu.app import drafts, papers
from hefu.core.errors import Missing, Unsupported
from hefu.core.model import READY, resolve
from hefu.core.project import Entity as EntityDocument
from hefu.core.rights import needed_to_publish
from hefu.store import drafts as kept
from hefu.store.changes import diff
from hefu.store.documents import Loaded
from hefu.store.drafts import Draft as Stored
from hefu.web.front import Caller, Who
from hefu.web.route import needs, resource
from hefu.web.routes.documents import DocumentChange, Finding
from hefu.web.routes.jobs import Job, shown
from hefu.web.routes.materials import Entity, fields_of
from hefu.web.tags import IfMatch, IfNoneMatch, require, tag

router = resource("mappings")

Name = Annotated[str, Path(max_length=64, pattern=r"^[A-Za-z_][A-Za-z0-9_-]*$")]


class Draft(BaseModel):
    """A revision of a mapping that is being worked on."""

    id: str
    mapping: str
    base: int = Field(description="The version of the project that it changes")
    author: str
    note: str
    saved_at: str
    state: Literal["open", "replaced", "published", "discarded"]


class DraftDetail(Draft):
    """With what it changes in the version that it was made for."""

    changes: list[DocumentChange]


class Drafts(BaseModel):
    """Several, the newest first."""

    items: list[Draft]


class Workbench(BaseModel):
    """A mapping as somebody works on it: the draft where there is one, else what is in effect."""

    mapping: str
    version: int = Field(description="Of the project")
    published: bool = Field(description="Some version of it is in effect")
    flows: list[str] = Field(description="Which keep it in step; none: it is never read nor written")
    draft: Draft | None
    document: dict[str, Any] | None = Field(description="null where the text is not right in itself")
    entity: Entity | None = Field(description="With the rules of the draft; null: there is no such entity")
    findings: list[Finding] = Field(description="What is wrong with the draft's documents")
    changes: list[DocumentChange] = Field(description="What the draft would change")


class FieldRules(BaseModel):
    """Who owns a field of the entity, and what happens when two systems changed it. Not given: as it is."""

    owner: Annotated[str | None, Field(max_length=64)] = None
    conflict: Literal["manual", "latest", "priority", "union", "max", "min", "append"] | None = None
    on_foreign_edit: Literal["restore", "report"] | None = None
    priority: Annotated[list[str] | None, Field(max_length=20)] = None


class Saving(BaseModel):
    """The mapping from now on, and the rules of its entity's fields."""

    document: dict[str, Any]
    rules: Annotated[dict[str, FieldRules], Field(max_length=500, description="Field of the entity -> its rules")] = {}
    base: Annotated[int, Field(ge=0, le=2**31 - 1, description="The version of the project that was looked at")]
    note: Annotated[str, Field(max_length=2000)] = ""


class Publishing(BaseModel):
    """Why."""

    reason: Annotated[str, Field(max_length=2000)] = ""


@router.get("/mapping-drafts", openapi_extra=needs("mapping.see"))
def list_drafts(who: Who) -> Drafts:
    """Mappings that somebody is working on."""
    with who.look() as tx:
        return Drafts(items=[_draft(one) for one in kept.listed(tx)])


@router.get("/mapping-drafts/{draft_id}", openapi_extra=needs("mapping.see"))
def one_draft(draft_id: Annotated[str, Path(max_length=40)], who: Who) -> DraftDetail:
    """One revision with what it changes: what somebody agrees to who signs a plan that publishes it."""
    with who.look() as tx:
        there = kept.get(tx, draft_id)
    if there is None:
        raise Missing("web.unknown", kind="draft", id=draft_id)
    _, texts = papers.texts_of(who.app, there.base or None)
    changes = _changes(texts, papers.changed(texts, there.files))
    return DraftDetail(**_draft(there).model_dump(), changes=changes)


@router.get("/mappings/{mapping}/drafts", openapi_extra=needs("mapping.see"))
def revisions(mapping: Name, who: Who) -> Drafts:
    """All revisions that were saved of a mapping, and what became of them."""
    with who.look() as tx:
        return Drafts(items=[_draft(one) for one in kept.listed(tx, mapping)])


@router.get("/mappings/{mapping}/workbench", openapi_extra=needs("mapping.see"))
def workbench(mapping: Name, who: Who, response: Response) -> Workbench:
    """A mapping to work on; its ETag is what the next revision must name."""
    version, texts = papers.texts_of(who.app)
    with who.look() as tx:
        there = kept.open_draft(tx, mapping)
    loaded = who.app.load(papers.changed(texts, there.files) if there is not None else texts)
    doc = loaded.project.mappings.get(mapping)
    in_effect = mapping in who.front.project().mappings
    if there is None and not in_effect:
        raise Missing("web.unknown", kind="mapping", id=mapping)
    response.headers["ETag"] = _tag(there)
    files = set(there.files) if there is not None else set()
    after = papers.changed(texts, there.files) if there is not None else texts
    return Workbench(
        mapping=mapping,
        version=version,
        published=in_effect,
        flows=[f.flow for f in loaded.project.flows.values() if mapping in f.mappings],
        draft=None if there is None else _draft(there),
        document=None if doc is None else doc.model_dump(mode="json", by_alias=True, exclude_unset=True),
        entity=None if doc is None else _entity(loaded, doc.entity),
        findings=[Finding(**papers.finding_json(f, who.language)) for f in loaded.findings if f.file in files],
        changes=_changes(texts, after),
    )


@router.put("/mappings/{mapping}/draft", openapi_extra=needs("mapping.edit"))
def save(
    mapping: Name, asked: Saving, who: Who, response: Response,
    if_match: IfMatch = None, if_none_match: IfNoneMatch = None,
) -> Workbench:  # fmt: skip
    """Keep a new revision of the draft. It has no effect on anything before a plan publishes it."""
    who.rights.require("project.edit")
    with who.look() as tx:
        there = kept.open_draft(tx, mapping)
    nothing = there is None and mapping not in who.front.project().mappings
    require(f"draft {mapping}", None if nothing else _tag(there), if_match, if_none_match)
    rules = {field: one.model_dump(exclude_unset=True) for field, one in asked.rules.items()}
    try:
        drafts.save(
            who.app, mapping, asked.document, rules,
            base=asked.base, after=there.id if there else None, who=who.name, note=asked.note,
        )  # fmt: skip
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise Unsupported("web.invalid", count=error.error_count(), place=place, said=first["msg"]) from None
    return workbench(mapping, who, response)


@router.delete("/mappings/{mapping}/draft", openapi_extra=needs("mapping.edit"))
def discard(mapping: Name, who: Who) -> Drafts:
    """Give up the draft; what is in effect stays."""
    who.rights.require("project.edit")
    drafts.discard(who.app, mapping, who.name)
    return revisions(mapping, who)


@router.post("/mappings/{mapping}/draft/plan", status_code=202, openapi_extra=needs("plan.make"))
def plan(mapping: Name, asked: Publishing, who: Who, response: Response) -> Job:
    """Work out what the draft would do to the records there are; a job whose result names the plan.

    Once that plan is signed, applying it makes the draft current and writes exactly what it says.
    """
    drafts.looked_at(who.app, mapping)
    made = who.ask("plan.draft", {"mapping": mapping, "reason": asked.reason})
    response.headers["Location"] = f"/api/v1/jobs/{made['id']}"
    return shown(who, made)


def _draft(one: Stored) -> Draft:
    return Draft(**{name: getattr(one, name) for name in Draft.model_fields})


def _changes(before: Mapping[str, str], after: Mapping[str, str]) -> list[DocumentChange]:
    return [
        DocumentChange(kind=c.kind, name=c.name, state=c.state, file=c.file, fields=list(c.fields), text=c.text)
        for c in diff(before, after)
    ]


def _tag(there: Stored | None) -> str:
    return tag("draft", there.id if there is not None else None)


def _entity(loaded: Loaded, name: str) -> Entity | None:
    own = loaded.project.entities.get(name)
    if own is None and name not in READY:
        return None
    try:
        doc = resolve(own or EntityDocument(entity=name, extends=name), loaded.project.entities)
    except Unsupported:
        return None  # what it extends is not there: the findings say so
    return Entity(
        entity=name, title=dict(doc.title), ready=own is None, used=True, match=doc.match, fields=fields_of(doc.fields)
    )


def may_publish(who: Caller, files: dict[str, str]) -> None:
    """Raises Denied where this caller may not make these documents current."""
    if not files:
        return
    who.rights.require("mapping.edit")
    _, texts = papers.texts_of(who.app)
    after = who.app.load(papers.changed(texts, files))
    for right in needed_to_publish(who.front.project(), after.project):
        who.rights.require(right)
