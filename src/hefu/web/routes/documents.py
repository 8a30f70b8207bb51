"""The project's documents (connections, entities, mappings, flows, cutovers, roles, alerts) and their versions."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from fastapi import Path, Query, Response
from pydantic import BaseModel, Field

from hefu.app import papers
from hefu.core.documents import home
from hefu.core.errors import Missing, Unsupported
from hefu.core.rights import needed_to_publish
from hefu.core.schemas import generate
from hefu.store import projects
from hefu.store.changes import diff
from hefu.store.listing import page
from hefu.store.tables import project
from hefu.web.front import Caller, Who
from hefu.web.paging import After, Cursors, Limit, Page
from hefu.web.route import needs, resource
from hefu.web.tags import IfMatch, IfNoneMatch, require, tag

router = resource("documents")

Kind = Literal["connection", "entity", "mapping", "flow", "cutover", "role", "alerts", "privacy"]
Name = Annotated[str, Path(max_length=64, description="Of alerts: alerts; of privacy: privacy")]
PlaceOf = Annotated[str, Field(max_length=200, pattern=r"^([A-Za-z0-9_\-]+/)?[^/\\.][^/\\]*\.ya?ml$")]
Files = dict[PlaceOf, Annotated[str | None, Field(max_length=1_000_000)]]
"""Paths inside the project's folder, at most one folder deep: an export must not write anywhere else."""

_EDIT = {"connection": "connection.edit", "mapping": "mapping.edit", "role": "role.edit"}
"""Kinds that need a right of their own besides that to publish."""


class Finding(BaseModel):
    """Something wrong at a place in a document, or worth a thought."""

    file: str
    line: int
    column: int
    code: str
    word: str
    nearest: str = Field(description="The known word that looks most like it")
    severity: Literal["error", "warning"]
    message: str
    next: str


class DocumentHead(BaseModel):
    """A document in a list."""

    kind: Kind
    name: str
    file: str
    etag: str


class Document(DocumentHead):
    """A document as text (comments included) and as data."""

    text: str
    document: dict[str, Any] | None = Field(description="null where the text is not right in itself")
    version: int = Field(description="Of the project")


class Documents(BaseModel):
    """All documents of a version."""

    version: int
    items: list[DocumentHead]


class Change(BaseModel):
    """A document's new state: its text, or its data (comments of the old text go then)."""

    text: Annotated[str | None, Field(max_length=1_000_000)] = None
    document: dict[str, Any] | None = None
    note: Annotated[str, Field(max_length=2000)] = ""


class Checked(BaseModel):
    """What is wrong with documents, all of it at once."""

    findings: list[Finding]
    errors: int


class Published(Checked):
    """The version that is current now. With errors, nothing was changed."""

    version: int


class Version(BaseModel):
    """A version of the project."""

    version: int
    imported_at: str
    author: str
    note: str
    digest: str


class VersionDetail(Version):
    """With its documents."""

    files: dict[str, str] = Field(description="Path -> text")


class NewVersion(BaseModel):
    """Several documents changed at once."""

    base: Annotated[int, Field(ge=0, le=2**31 - 1, description="The version that was looked at; 0: there was none")]
    files: Files = Field(max_length=1000, description="Path -> its text from now on; null: it goes")
    note: Annotated[str, Field(max_length=2000)] = ""


class Draft(BaseModel):
    """Changes to look at before they are made."""

    files: Files = Field(max_length=1000)


class Restore(BaseModel):
    """Why an earlier version is to be current again."""

    base: Annotated[int, Field(ge=0, le=2**31 - 1)]
    note: Annotated[str, Field(max_length=2000)] = ""


class DocumentChange(BaseModel):
    """One document that differs."""

    kind: str
    name: str
    state: Literal["added", "removed", "changed", "worded", "moved"]
    file: str
    fields: list[tuple[str, str | None, str | None]] = Field(description="(path, before, after)")
    text: str = Field(description="Unified difference")


class VersionDifference(BaseModel):
    """What differs between two versions."""

    before: int
    after: int
    items: list[DocumentChange]


# -------------------------------------------------------------------- documents


@router.get("/documents", openapi_extra=needs("project.see"))
def list_documents(
    who: Who,
    kind: Annotated[list[Kind] | None, Query()] = None,
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Default: the newest")] = None,
) -> Documents:
    """Every document of the project."""
    number, texts = papers.texts_of(who.app, version)
    found = papers.listed(who.app, texts)
    items = [
        DocumentHead(kind=k, name=n, file=f, etag=tag(texts[f]))
        for k, n, f in found
        if (not kind or k in kind) and _may_see(who, k)
    ]
    return Documents(version=number, items=items)


def _may_see(who: Caller, kind: str) -> bool:
    return kind != "role" or who.rights.may("role.see")


def _known(who: Caller, kind: str, name: str) -> None:
    if not _may_see(who, kind):
        raise Missing("web.unknown", kind=kind, id=name)


@router.post("/document-checks", openapi_extra=needs("project.see"))
def check(asked: Draft, who: Who) -> Checked:
    """What would be wrong with the project if these documents were so; nothing is kept."""
    _, texts = papers.texts_of(who.app)
    return _checked(who, who.app.load(papers.changed(texts, asked.files)))


def _checked(who: Caller, loaded: Any) -> Checked:
    findings = [Finding(**papers.finding_json(f, who.language)) for f in loaded.findings]
    return Checked(findings=findings, errors=len(loaded.errors))


@router.get("/documents/{kind}/{name}", openapi_extra=needs("project.see"))
def one_document(
    kind: Kind,
    name: Name,
    who: Who,
    response: Response,
    version: Annotated[int | None, Query(ge=1, le=2**31 - 1)] = None,
) -> Document:
    """One document, as text and as data; its ETag is what a change must name."""
    _known(who, kind, name)
    number, texts = papers.texts_of(who.app, version)
    file, text, model = papers.find(who.app, texts, kind, name)
    response.headers["ETag"] = etag = tag(text)
    value = None if model is None else model.model_dump(mode="json", by_alias=True, exclude_unset=True)
    return Document(kind=kind, name=name, file=file, etag=etag, text=text, document=value, version=number)


@router.put(
    "/documents/{kind}/{name}",
    openapi_extra=needs("project.publish"),
    responses={422: {"model": Published, "description": "The documents would be wrong: nothing was changed"}},
)
def put_document(
    kind: Kind,
    name: Name,
    asked: Change,
    who: Who,
    response: Response,
    if_match: IfMatch = None,
    if_none_match: IfNoneMatch = None,
) -> Published:
    """Change a document, or make a new one: a new version of the project, if that is right as a whole."""
    if (asked.text is None) == (asked.document is None):
        raise Unsupported("web.invalid", count=1, place="body", said="either text or document")
    base, texts = papers.texts_of(who.app)
    file, now = _present(who, texts, kind, name)
    require(f"{kind} {name}", now, if_match, if_none_match)
    text = asked.text if asked.text is not None else papers.written(kind, name, asked.document or {})
    return _publish(who, response, base, texts, {file: text}, asked.note)


@router.delete("/documents/{kind}/{name}", openapi_extra=needs("project.publish"))
def delete_document(
    kind: Kind,
    name: Name,
    who: Who,
    response: Response,
    if_match: IfMatch = None,
    note: Annotated[str, Query(max_length=2000)] = "",
) -> Published:
    """Take a document away: a new version of the project, if that is right as a whole."""
    base, texts = papers.texts_of(who.app)
    file, now = _present(who, texts, kind, name)
    if now is None:
        raise Missing("web.unknown", kind=kind, id=name)
    require(f"{kind} {name}", now, if_match)
    return _publish(who, response, base, texts, {file: None}, note)


def _present(who: Caller, texts: dict[str, str], kind: str, name: str) -> tuple[str, str | None]:
    """Where the document stands, and its ETag (None: it is not there)."""
    try:
        file, text, _ = papers.find(who.app, texts, kind, name)
    except Missing:
        return home(kind, name), None
    return file, tag(text)


def _publish(
    who: Caller, response: Response, base: int, texts: dict[str, str], changes: papers.Changes, note: str
) -> Published:
    after = papers.changed(texts, changes)
    for change in diff(texts, after):
        if change.kind in _EDIT:
            who.rights.require(_EDIT[change.kind])
    planned = who.app.load(after)
    if not planned.errors:  # a field's class says who sees it: publishing another is granting
        for right in needed_to_publish(who.app.load(texts).project, planned.project):
            who.rights.require(right)
    version, loaded = papers.publish(who.app, after, base, who.name, note)
    if loaded.errors:
        response.status_code = 422
    return Published(version=version, **_checked(who, loaded).model_dump())


# --------------------------------------------------------------------- versions


@router.get("/versions", openapi_extra=needs("project.see"))
def list_versions(who: Who, limit: Limit = 50, cursor: After = None) -> Page[Version]:
    """Versions of the project, the newest first."""
    cursors = Cursors(who.app.journal_key, "versions", {})
    columns = ("version", "imported_at", "author", "note", "digest")
    with who.look() as tx:
        rows = page(tx, project, [], key="version", after=cursors.open(cursor), limit=limit + 1, columns=columns)
    items, following = cursors.page(rows, limit, lambda r: r["version"], lambda r: Version(**r))
    return Page(items=items, next=following)


Number = Annotated[int, Path(ge=1, le=2**31 - 1)]


@router.get("/versions/{version}", openapi_extra=needs("project.see"))
def one_version(version: Number, who: Who) -> VersionDetail:
    """A version with all its documents."""
    _, texts = papers.texts_of(who.app, version)
    with who.look() as tx:
        head = next(row for row in projects.versions(tx) if row["version"] == version)
    hidden = {f for k, _, f in papers.listed(who.app, texts) if not _may_see(who, k)}
    return VersionDetail(**head, files={path: text for path, text in texts.items() if path not in hidden})


@router.get("/version-differences", openapi_extra=needs("project.see"))
def differences(
    who: Who,
    before: Annotated[int, Query(ge=1, le=2**31 - 1)],
    after: Annotated[int | None, Query(ge=1, le=2**31 - 1, description="Default: the newest")] = None,
) -> VersionDifference:
    """What differs between two versions, by document, by field, and as text."""
    _, old = papers.texts_of(who.app, before)
    number, new = papers.texts_of(who.app, after)
    items = [
        DocumentChange(kind=c.kind, name=c.name, state=c.state, file=c.file, fields=list(c.fields), text=c.text)
        for c in diff(old, new)
        if _may_see(who, c.kind)
    ]
    return VersionDifference(before=before, after=number, items=items)


@router.post(
    "/versions",
    status_code=201,
    openapi_extra=needs("project.publish"),
    responses={422: {"model": Published, "description": "The documents would be wrong: nothing was changed"}},
)
def new_version(asked: NewVersion, who: Who, response: Response) -> Published:
    """Change several documents at once; refused where somebody published since `base`."""
    base, texts = papers.texts_of(who.app)
    require(f"project version {asked.base}", tag(base), tag(asked.base))
    return _publish(who, response, base, texts, asked.files, asked.note)


@router.post("/versions/{version}/restore", status_code=201, openapi_extra=needs("project.publish"))
def restore(version: Number, asked: Restore, who: Who, response: Response) -> Published:
    """Make an earlier version's documents the newest version."""
    base, texts = papers.texts_of(who.app)
    require(f"project version {asked.base}", tag(base), tag(asked.base))
    _, old = papers.texts_of(who.app, version)
    changes: dict[str, str | None] = {path: old.get(path) for path in {*texts, *old}}
    return _publish(who, response, base, texts, changes, asked.note or f"version {version}")


@router.get("/document-forms/{kind}", openapi_extra=needs("project.see"))
def form(kind: Kind) -> dict[str, Any]:
    """The JSON Schema of one kind of document, for forms and editors."""
    found: dict[str, Any] = json.loads(generate()[kind])
    return found
