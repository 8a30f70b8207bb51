"""Connected systems as people look at them: what they offer, whether they can be reached, a few of their records."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from hefu.app.house import App
from hefu.core.errors import HubError, Unsupported
from hefu.core.project import Connection, Project
from hefu.core.records import Field, ObjectSchema, Record
from hefu.engine.hub import Hub
from hefu.store import facts, journal
from hefu.store.db import Tx, from_json, to_json


def schema_json(x: ObjectSchema) -> dict[str, Any]:
    """An object with its fields and abilities as JSON."""
    fields = [_field_json(f) for f in x.fields]
    can = x.abilities
    names = ("create", "update", "delete", "changes", "conditional", "lag", "batch", "lines")
    abilities = {n: getattr(can, n) for n in names}
    return {"object": x.name, "label": x.label, "key": x.key, "abilities": abilities, "fields": fields}


def _field_json(f: Field) -> dict[str, Any]:
    names = ("name", "type", "label", "writable", "required", "unique", "length", "scale", "target")
    inner = {"options": list(f.options), "lines": [_field_json(line) for line in f.lines]}
    return {**{n: getattr(f, n) for n in names}, **inner}


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


class Samples:
    """The first records of objects, read once and kept for a minute: a preview that is asked for with every keystroke
    must not read the system each time.
    """

    KEPT_SECONDS = 60.0
    MOST = 16

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int | None, str, str], tuple[float, int, list[Record]]] = OrderedDict()
        self._guard = threading.Lock()

    def of(self, hub: Hub, connection: str, obj: str, most: int, *, fresh: bool = False) -> list[Record]:
        """Up to so many records. `fresh`: read them now."""
        key = (hub.project.version, connection, obj)
        with self._guard:
            held = self._kept.get(key)
        if (
            held is not None
            and not fresh
            and held[1] >= most
            and hub.env.now().timestamp() - held[0] < self.KEPT_SECONDS
        ):
            return held[2][:most]
        found = list(samples(hub, connection, obj, most))
        with self._guard:
            self._kept[key] = (hub.env.now().timestamp(), most, found)
            self._kept.move_to_end(key)
            while len(self._kept) > self.MOST:
                self._kept.popitem(last=False)
        return found


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


def tested(app: App, project: Project, name: str, who: str) -> dict[str, Any]:
    """Try a saved connection; how it went is kept, as far as its present settings go. Raises HubError."""
    doc = project.connections[name]
    try:
        found = tried(app, project, doc)
    except HubError as error:
        _keep_test(app, doc, who, error.code)
        raise
    _keep_test(app, doc, who, None)
    return found


def _keep_test(app: App, doc: Connection, who: str, code: str | None) -> None:
    with app.store.begin() as tx:
        said = {"ok": code is None, "code": code, "at": tx.now(), "who": who, "settings": _mark(doc)}
        facts.set_fact(tx, f"tested.{doc.connection}", to_json(said))
        journal.record(
            tx, app.journal_key, who, "connection.tested", doc.connection, {"ok": code is None, "code": code}
        )


def last_test(tx: Tx, doc: Connection) -> dict[str, Any] | None:
    """The last test of a connection (ok, code, at, who); None where it was changed since, or never tested."""
    kept = facts.get_fact(tx, f"tested.{doc.connection}")
    found: dict[str, Any] | None = None if kept is None else from_json(kept)
    return found if found is not None and found["settings"] == _mark(doc) else None


def _mark(doc: Connection) -> str:
    """Changes with whatever a test depends on; settings hold references to secrets, never their values."""
    said = doc.model_dump(mode="json", include={"connector", "settings", "organisation"})
    return hashlib.sha256(to_json(said).encode()).hexdigest()[:16]


__all__ = ["Samples", "known_object", "last_test", "samples", "schema_json", "tested", "tried"]
