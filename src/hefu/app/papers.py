"""The project's documents as people change them: what a change would mean, and a new version of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hefu.app.house import App
from hefu.core.documents import FOLDERS, KINDS, Finding, home
from hefu.core.errors import HubError, Missing, Stale, Unsupported
from hefu.core.mapcheck import check_mapping
from hefu.engine.hub import Hub
from hefu.store import journal, projects
from hefu.store.documents import Loaded
from hefu.store.writing import document

Changes = Mapping[str, str | None]
"""Path -> its text from now on; None: it goes."""


def texts_of(app: App, version: int | None = None) -> tuple[int, dict[str, str]]:
    """(number, documents) of a version. Raises Unsupported "store.no_project"; the newest may be none yet: (0, {})."""
    with app.store.look() as tx:
        found = projects.texts_of(tx, version)
    if found is None and version is not None:
        raise Unsupported("store.no_project", version=version)
    return found or (0, {})


def changed(texts: Mapping[str, str], changes: Changes) -> dict[str, str]:
    """The documents with these changes."""
    out = {path: text for path, text in texts.items() if path not in changes}
    return out | {path: text for path, text in changes.items() if text is not None}


def publish(app: App, texts: Mapping[str, str], base: int, who: str, note: str) -> tuple[int, Loaded]:
    """Keep these documents as the newest version, unless they are wrong or somebody published since `base`.

    Where they are wrong, the present version stays; the findings say what is. Raises Stale "web.changed".
    """
    loaded = app.load(texts)
    if loaded.errors:
        return base, loaded
    with app.store.begin() as tx:
        tx.lock_name("project")
        if (projects.newest(tx) or 0) != base:
            raise Stale("web.changed", what=f"project version {base}")
        version = projects.save(tx, texts, who, note)
        if version != base:
            journal.record(tx, app.journal_key, who, "project.imported", str(version), {"note": note})
    return version, loaded


def find(app: App, texts: Mapping[str, str], kind: str, name: str) -> tuple[str, str, Any]:
    """(path, text, document) of one document. Raises Missing "web.unknown"."""
    loaded = app.load(texts)
    place = loaded.places.get((kind, name))
    group = {"connection": "connections", "entity": "entities", "mapping": "mappings", "flow": "flows",
             "cutover": "cutovers", "role": "roles"}.get(kind)  # fmt: skip
    model = getattr(loaded.project, kind) if kind not in FOLDERS else getattr(loaded.project, group or "").get(name)
    if place is None:
        raise Missing("web.unknown", kind=kind, id=name)
    return place[0], loaded.texts[place[0]], model


def listed(app: App, texts: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """(kind, name, path) of every document."""
    loaded = app.load(texts)
    return sorted((kind, name, place[0]) for (kind, name), place in loaded.places.items())


def written(kind: str, name: str, value: Mapping[str, Any]) -> str:
    """A document as YAML. Raises Unsupported "documents.wrong" where it is not one of its kind."""
    try:
        return document(KINDS[kind].model_validate({**({kind: name} if kind in FOLDERS else {}), **value}))
    except ValueError as error:
        first = getattr(error, "errors", lambda: [{"loc": ("-",)}])()[0]
        word = ".".join(map(str, first["loc"]))
        raise Unsupported("documents.wrong", count=1, file=home(kind, name), line=1, word=word) from None


def against_systems(hub: Hub, loaded: Loaded, reached: set[str]) -> Iterator[Finding]:
    """Mappings against what the systems offer now."""
    for name, doc in loaded.project.mappings.items():
        if doc.connection not in reached:
            continue
        try:
            schema = hub.schema(doc.connection, doc.object)
            zone = loaded.project.connections[doc.connection].zone
            flaws = check_mapping(doc, hub.entity(doc.entity), schema, zone=zone)
            yield from [loaded.finding(flaw) for flaw in flaws]
        except HubError as error:
            yield Finding(f"mappings/{name}.yaml", 1, 1, error.code, facts=error.facts)


def finding_json(one: Finding, language: str = "en") -> dict[str, Any]:
    """A finding as JSON, with words."""
    keys = ("file", "line", "column", "code", "word", "nearest", "severity")
    what, then = one.told(language)
    return {**{k: getattr(one, k) for k in keys}, "message": what, "next": then}


__all__ = [
    "Changes",
    "against_systems",
    "changed",
    "find",
    "finding_json",
    "listed",
    "publish",
    "texts_of",
    "written",
]
