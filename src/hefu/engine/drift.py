"""Schema drift: a mapped field that disappears, changes type or gains a mandatory sibling stops that mapping only."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import bindparam, select

from hefu.core.errors import Unsupported
from hefu.core.project import Mapping
from hefu.core.records import Field, FieldType, ObjectSchema
from hefu.engine.hub import Hub, Side
from hefu.store import issues, runs
from hefu.store.db import Tx, from_json
from hefu.store.issues import Issue
from hefu.store.tables import object_schema


def check(hub: Hub, mapping: str) -> None:
    """Compare with what the system offered before. Raises Unsupported "drift.*" naming field and system.

    A schema that all mappings of the object can work with is remembered; an earlier drift that is gone closes its
    issue.
    """
    doc = hub.project.mappings[mapping]
    schema = hub.schema(doc.connection, doc.object)
    with hub.store.look() as tx:
        before = _known(tx, doc.connection, doc.object)
        was_stopped = runs.was_paused(tx, f"mapping:{mapping}")
    found = _trouble(hub, doc, schema, before or {})
    if found is not None:
        with hub.store.begin() as tx:
            facts = {"code": found.code, "facts": {k: str(v) for k, v in found.facts.items()}}
            issues.raise_issues(tx, [Issue("drift", doc.entity, None, None, doc.connection, mapping, facts)])
        raise found
    now = picture(schema)
    if before != now or was_stopped:
        others_work = not any(_trouble(hub, other, schema, before or {}) for other in _siblings(hub, doc))
        with hub.store.begin() as tx:
            if others_work:
                _remember(tx, doc.connection, doc.object, now)
            issues.close_issues(tx, "hub", "compatible again", kinds=("drift",), field=mapping)
            issues.close_issues(tx, "hub", "compatible again", kinds=("paused",), field=f"mapping:{mapping}")
            runs.resume_scope(tx, f"mapping:{mapping}")


def _trouble(hub: Hub, doc: Mapping, schema: ObjectSchema, before: dict[str, list[object]]) -> Unsupported | None:
    return broken(doc, schema, before) or _newly_mandatory(hub.side(doc.mapping), before)


def _siblings(hub: Hub, doc: Mapping) -> list[Mapping]:
    """The other mappings of the same object: what one of them has not noticed yet must not be forgotten."""
    known = [hub.project.mappings[name] for name in hub.active_mappings() if name != doc.mapping]
    return [other for other in known if (other.connection, other.object) == (doc.connection, doc.object)]


def compared(hub: Hub, connection: str, obj: str) -> dict[str, Any]:
    """An object as it was when we last agreed with it, against what it is now; notes nothing, stops nothing.

    field -> [type, required] of what was added and removed, [before, now] of what changed; mapping -> its trouble.
    """
    schema = hub.schema(connection, obj)
    with hub.store.look() as tx:
        before = _known(tx, connection, obj) or {}
    now = picture(schema)
    named = [m for m, doc in hub.project.mappings.items() if (doc.connection, doc.object) == (connection, obj)]
    trouble = {m: _trouble(hub, hub.project.mappings[m], schema, before) for m in named}
    return {
        "known": bool(before),
        "added": {name: said for name, said in now.items() if before and name not in before},
        "removed": {name: said for name, said in before.items() if name not in now},
        "changed": {n: [before[n], said] for n, said in now.items() if n in before and before[n] != said},
        "mappings": trouble,
    }


def picture(schema: ObjectSchema) -> dict[str, list[object]]:
    """What matters of a schema: field -> [type, required]."""
    return {f.name: [f.type.value, f.required] for f in schema.fields}


def broken(doc: Mapping, schema: ObjectSchema, before: dict[str, list[object]]) -> Unsupported | None:
    """What about the present schema this mapping cannot work with."""
    names = {f.name: f for f in schema.fields}
    for mapped in doc.fields:
        top = (mapped.source or "").split(".", 1)[0].split("[", 1)[0]
        if not top:
            continue
        if top not in names and schema.fields:
            return Unsupported("drift.field_gone", connection=doc.connection, object=doc.object, field=top,
                               mapping=doc.mapping)  # fmt: skip
        old = before.get(top)
        known = names.get(top)
        if old is not None and known is not None and old[0] != known.type.value and not _still_scalar(known, old[0]):
            return Unsupported("drift.type_changed", connection=doc.connection, object=doc.object, field=top,
                               before=old[0], now=names[top].type.value, mapping=doc.mapping)  # fmt: skip
    return None


def _still_scalar(now: Field, before: object) -> bool:
    """Whether only the guess at a type moved: our side reads any scalar by its own type, so nothing is at stake."""
    return now.inferred and FieldType.LINES not in (now.type, before) and FieldType.REFERENCE not in (now.type, before)


def _newly_mandatory(side: Side, before: dict[str, list[object]]) -> Unsupported | None:
    if not before or not side.may_create:
        return None
    written = {side.sources.get(name, name) for name in side.compiled.writes}
    for f in side.schema.fields:
        was = bool(before.get(f.name, [None, False])[1])
        if f.required and f.writable and not was and f.name not in written:
            return Unsupported("drift.newly_required", connection=side.mapping.connection, object=side.mapping.object,
                               field=f.name, mapping=side.name)  # fmt: skip
    return None


_KNOWN = select(object_schema.c.schema).where(
    object_schema.c.connection == bindparam("connection"), object_schema.c.object == bindparam("object")
)  # asked in every round, so built once


def _known(tx: Tx, connection: str, obj: str) -> dict[str, list[object]] | None:
    row = tx.run(_KNOWN, {"connection": connection, "object": obj}).first()
    return from_json(row[0]) if row else None


def _remember(tx: Tx, connection: str, obj: str, now: dict[str, list[object]]) -> None:
    where = (object_schema.c.connection == connection, object_schema.c.object == obj)
    values = {"schema": orjson.dumps(now).decode(), "discovered_at": tx.now()}
    if not tx.run(object_schema.update().where(*where).values(**values)).rowcount:
        row = (connection, obj, values["schema"], values["discovered_at"])
        tx.insert(object_schema, ("connection", "object", "schema", "discovered_at"), [row], skip_existing=True)
