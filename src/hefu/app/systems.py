"""Connected systems as people look at them: what they offer, whether they can be reached, a few of their records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from hefu.app.house import App
from hefu.core.errors import Unsupported
from hefu.core.project import Connection, Project
from hefu.core.records import ObjectSchema, Record
from hefu.engine.hub import Hub


def schema_json(x: ObjectSchema) -> dict[str, Any]:
    """An object with its fields and abilities as JSON."""
    fields = [{n: getattr(f, n) for n in ("name", "type", "label", "writable", "required", "length")} for f in x.fields]
    can = x.abilities
    names = ("create", "update", "delete", "changes", "conditional", "lag", "batch", "lines")
    abilities = {n: getattr(can, n) for n in names}
    return {"object": x.name, "label": x.label, "key": x.key, "abilities": abilities, "fields": fields}


def known_object(found: Mapping[str, ObjectSchema], connection: str, obj: str) -> ObjectSchema:
    """The object of that name. Raises Unsupported "hub.no_object" naming what there is."""
    if obj not in found:
        raise Unsupported("hub.no_object", connection=connection, object=obj, known=", ".join(list(found)[:20]))
    return found[obj]


def samples(hub: Hub, connection: str, obj: str, most: int) -> Iterator[Record]:
    """The first records of an object, as its system shows them."""
    left = most
    for page in hub.connect(connection).read(obj):
        yield from islice(page.records, left)
        left -= min(left, len(page.records))
        if left <= 0:
            return


def tried(app: App, project: Project, doc: Connection) -> dict[str, Any]:
    """Try a connection as it is written here, whether it is saved or not: address, credentials, rights, objects.

    Nothing is kept. Raises HubError with what is wrong.
    """
    with App(app.machine, app.env) as other:
        names = {**project.connections, doc.connection: doc}
        line = other.connect(project.model_copy(update={"connections": names}), doc.connection)
        line.check()
        objects = list(line.discover())
        return {"objects": [x.name for x in objects], "health": dict(line.health())}


__all__ = ["known_object", "samples", "schema_json", "tried"]
