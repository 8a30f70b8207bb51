"""Mappings as drafts: saved beside the project, rehearsed as if they were current, published by a plan and not else.

A plan that publishes is made under the version that will be; it is signed together with the digest of all documents,
so what becomes current is what was rehearsed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from hefu.app import papers
from hefu.app.house import App
from hefu.core.documents import Finding, home
from hefu.core.errors import Denied, Missing, Stale, Unsupported
from hefu.core.mapcheck import check_mapping
from hefu.core.model import READY, resolve
from hefu.core.project import Entity, Project
from hefu.core.project import Mapping as MappingDocument
from hefu.core.words import tell
from hefu.engine import plans
from hefu.engine.hub import Hub
from hefu.engine.plans import stop_flows
from hefu.engine.rehearse import Plan
from hefu.store import drafts, journal, projects
from hefu.store import plans as kept
from hefu.store.changes import diff
from hefu.store.db import Tx
from hefu.store.documents import Loaded
from hefu.store.drafts import Draft
from hefu.store.plans import StoredPlan
from hefu.store.writing import document

_HEAD = re.compile(r"(?:[ \t]*(?:#[^\n]*)?\n)*")
"""The comments that a document begins with: they stay when the rest is written anew."""

RULES = ("owner", "conflict", "on_foreign_edit", "priority")
"""What a mapper says of an entity's field: who owns it, and what happens when two changed it."""

Rules = Mapping[str, Mapping[str, Any]]
"""Field of the entity -> its rules from now on."""


def save(
    app: App,
    mapping: str,
    said: Mapping[str, Any],
    rules: Rules,
    *,
    base: int,
    after: str | None,
    who: str,
    note: str,
) -> Draft:
    """Keep a new revision. `base`: the version of the project that was looked at, `after`: the open revision.

    Raises Stale "web.changed" where somebody saved meanwhile, "draft.behind" where they published, and ValidationError
    for what is no mapping at all. What is wrong inside of one is no hindrance: it is a draft.
    """
    newest, texts = papers.texts_of(app)
    files = _files(app, texts, mapping, said, rules)
    _not_behind(app, texts, files, mapping, base)
    with app.store.begin() as tx:
        tx.lock_name(f"draft:{mapping}")
        there = drafts.open_draft(tx, mapping)
        if (there.id if there else None) != after:
            raise Stale("web.changed", what=f"draft {mapping}")
        made = drafts.save(tx, mapping, newest, files, who, note)
        journal.record(tx, app.journal_key, who, "draft.saved", mapping, {"draft": made.id, "note": note})
    return made


def discard(app: App, mapping: str, who: str) -> None:
    """It is not worked on any more. Raises Missing "draft.unknown"."""
    with app.store.begin() as tx:
        there = _there(tx, mapping)
        drafts.end(tx, there.id, "discarded")
        journal.record(tx, app.journal_key, who, "draft.discarded", mapping, {"draft": there.id})


def looked_at(app: App, mapping: str) -> tuple[Draft, Loaded]:
    """The open draft, and the project as it would be with it. Raises Missing "draft.unknown"."""
    with app.store.look() as tx:
        there = _there(tx, mapping)
    _, texts = papers.texts_of(app)
    return there, app.load(papers.changed(texts, there.files))


def _not_behind(app: App, texts: Mapping[str, str], files: Mapping[str, str], mapping: str, base: int) -> None:
    """Nobody published these documents since: else their change would be taken back unseen."""
    _, before = papers.texts_of(app, base) if base else (0, {})
    for file in files:
        if before.get(file) != texts.get(file):
            raise Stale("draft.behind", file=file, mapping=mapping, base=base)


def _there(tx: Tx, mapping: str) -> Draft:
    there = drafts.open_draft(tx, mapping)
    if there is None:
        raise Missing("draft.unknown", mapping=mapping)
    return there


def _files(app: App, texts: Mapping[str, str], mapping: str, value: Mapping[str, Any], rules: Rules) -> dict[str, str]:
    """The texts that change: of the mapping, and of its entity where a field's rules differ."""
    said = MappingDocument.model_validate({**value, "mapping": mapping})
    loaded = app.load(texts)
    files = {}
    place = loaded.places.get(("mapping", mapping))
    if loaded.project.mappings.get(mapping) != said:
        file = place[0] if place else home("mapping", mapping)
        files[file] = _head(texts.get(file, "")) + document(said)
    changed = _entity(loaded.project, said.entity, rules)
    if changed is not None:
        at = loaded.places.get(("entity", said.entity))
        file = at[0] if at else home("entity", said.entity)
        files[file] = _head(texts.get(file, "")) + document(changed)
    return files


def _head(text: str) -> str:
    found = _HEAD.match(text)
    return found[0] if found else ""


def _entity(project: Project, name: str, rules: Rules) -> Entity | None:
    """The entity's document with these rules; None where nothing changes."""
    own = project.entities.get(name)
    if own is None and name not in READY:
        return None  # that is told where the documents are checked
    doc = own if own is not None else Entity(entity=name, extends=name)
    whole = resolve(doc, project.entities).fields
    value = doc.model_dump(by_alias=True, exclude_unset=True)
    fields = dict(value.get("fields") or {})
    for field, said in rules.items():
        now = whole.get(field)
        moved = {word: said[word] for word in RULES if word in said and now and said[word] != _plain(now, word)}
        if now is not None and moved:
            fields[field] = {**fields.get(field, {"type": now.type}), **moved}
    if fields == (value.get("fields") or {}):
        return None
    return Entity.model_validate({**value, "fields": fields})


def _plain(field: Any, word: str) -> Any:
    return field.model_dump(mode="json", include={word})[word]


# ----------------------------------------------------------------------- publishing


def plan(app: App, mapping: str, who: str, reason: str) -> tuple[Plan, StoredPlan]:
    """What the draft would do to the records there are, kept as a plan that publishes it when it is applied.

    Raises Unsupported "draft.wrong" for one that does not validate, "draft.same" for one that changes nothing.
    """
    there, _ = looked_at(app, mapping)
    newest, texts = papers.texts_of(app)
    _not_behind(app, texts, there.files, mapping, there.base)
    after = papers.changed(texts, there.files)
    loaded = app.load(after)
    if loaded.errors:
        raise _wrong(mapping, loaded.errors)
    if not diff(texts, after):
        raise Unsupported("draft.same", mapping=mapping)
    hub = app.hub(loaded.require().model_copy(update={"version": newest + 1}))
    wrong = [one for one in _against_system(hub, loaded, mapping) if one.severity == "error"]
    if wrong:
        raise _wrong(mapping, wrong)
    publishes = {
        "mapping": mapping,
        "draft": there.id,
        "documents": sorted(there.files),
        "digest": projects.digest(after),
    }
    seen, made = plans.make(
        hub, _concerned(hub, mapping), who, kind="mapping_change", reason=reason or there.note, publishes=publishes
    )
    assert made is not None
    return seen, made


def _against_system(hub: Hub, loaded: Loaded, mapping: str) -> list[Finding]:
    """What is wrong with the draft against what its system offers now."""
    doc = loaded.project.mappings[mapping]
    zone = loaded.project.connections[doc.connection].zone
    found = check_mapping(doc, hub.entity(doc.entity), hub.schema(doc.connection, doc.object), zone=zone)
    return [loaded.finding(flaw) for flaw in found]


def _wrong(mapping: str, found: Sequence[Finding]) -> Unsupported:
    first = found[0]
    place = f"{first.file}:{first.line}:{first.column}"
    return Unsupported("draft.wrong", mapping=mapping, count=len(found), place=place, said=tell(first.error())[0])


def _concerned(hub: Hub, mapping: str) -> list[str]:
    """The mappings that may write something else then: those of the flows that keep this one in step."""
    flows = [flow.mappings for flow in hub.project.flows.values() if mapping in flow.mappings]
    return [name for name in hub.active_mappings() if any(name in names for names in flows)]


def to_publish(app: App, made: StoredPlan) -> dict[str, str]:
    """The documents that applying this plan makes current, where it publishes any and has not done so."""
    said = made.counts.get("publishes")
    if said is None:
        return {}
    with app.store.look() as tx:
        there = drafts.get(tx, said["draft"])
        newest = projects.newest(tx) or 0
    return {} if there is None or newest >= made.project_version else dict(there.files)


def publish(app: App, plan_id: str, who: str) -> Hub:
    """The hub under which this plan is applied: of the documents that it publishes, which become current now.

    Its flows stand still from the same moment on, so nobody works under the new version before the plan does. Raises
    Denied "plan.altered" or Unsupported "plan.*" where it may not be applied.
    """
    with app.store.begin() as tx:
        made = plans.known(tx, plan_id, lock=True)
        if made.counts.get("publishes") is not None and made.state == "approved":
            _publish(app, tx, made, who)
    return app.hub()


def _publish(app: App, tx: Tx, made: StoredPlan, who: str) -> None:
    plans.open_plan(tx, made.id)
    plans.unaltered(tx, made)
    if not kept.signed(app.journal_key, made):
        raise Denied("plan.altered", id=made.id)
    said = made.counts["publishes"]
    tx.lock_name("project")
    newest, texts = projects.texts_of(tx) or (0, {})
    there = drafts.get(tx, said["draft"])
    if newest == made.project_version and projects.digest(texts) == said["digest"]:
        return  # done before, and cut off behind it
    after = papers.changed(texts, there.files if there is not None else {})
    if newest != made.project_version - 1 or there is None or projects.digest(after) != said["digest"]:
        raise Unsupported("plan.version", id=made.id, made=made.project_version - 1, now=newest)
    project = app.load(after).require()
    stop_flows(tx, [f.flow for f in project.flows.values() if set(f.mappings) & set(made.mappings)], made.id)
    projects.save(tx, after, who, made.reason)
    drafts.end(tx, there.id, "published")
    journal.record(tx, app.journal_key, who, "project.imported", str(made.project_version), {"plan": made.id})


__all__ = ["RULES", "Rules", "discard", "looked_at", "plan", "publish", "save", "to_publish"]
