"""The system's records: five kinds of documents with their rows inside, on one shelf.

The book knows sets and rows; what a partner, a product or an order must be is said by the rules of each
(`partners.py`, `products.py`, `orders.py`, `deliveries.py`, `billing.py`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from copy import deepcopy
from datetime import datetime, timedelta, timezone
from typing import Any

from hefu.sandbox.frame import Clock
from hefu.sandbox.sap.model import EntityType, Service
from hefu.sandbox.sap.refusals import bad, missing
from hefu.sandbox.sap.services import SERVICES
from hefu.sandbox.sap.wire import EMPTY, Row, kept, stamp, stripped
from hefu.sandbox.shelf import Doc, Event, Shelf

ZONE = timezone(timedelta(hours=8))
"""The system's own zone: what its dates and times without a zone are written in."""
USER = "HEFU"
SET_SERVICE: Mapping[str, Service] = {name: service for service in SERVICES for name in service.sets}
Settle = Callable[["SapBook", Row, "Row | None", str], None]
Step = Callable[["SapBook", str, Mapping[str, str], str, str], "Row | None"]


class SapBook:
    """All documents. `settle` makes a changed document whole or refuses it; `steps` move documents by name."""

    def __init__(self, path: str = ":memory:", clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        indexed = {"A_SalesOrder": ["PurchaseOrderByCustomer"], "A_BusinessPartner": ["BusinessPartnerIDByExtSystem"]}
        self.shelf = Shelf(path, self.clock, indexed, title="_title")
        self.page_size = 500
        self.revoked: frozenset[str] = frozenset()
        self.settle: dict[str, Settle] = {}
        self.remove: dict[str, Callable[[SapBook, Row, str], None]] = {}
        self.steps: dict[str, dict[str, Step]] = {}
        self.flows: Mapping[str, Callable[[SapBook], Iterator[Row]]] = {}
        self._seen: dict[str, dict[str, Doc]] = {}
        self._open = 0
        self.shelf.listeners.append(self._heard)

    # ---------------------------------------------------------------- reading

    def docs(self, obj: str) -> Mapping[str, Doc]:
        """Every document of a root set by its key; they are shared, so nobody may change them."""
        if obj not in self._seen:
            found = {k.id: k.doc for k in self.shelf.rows(obj)}
            if self._open:  # it holds what may yet be taken back
                return found
            self._seen[obj] = found
        if self._open and any(event.obj == obj for event in self.shelf.untold):
            return _after(self._seen[obj], [event for event in self.shelf.untold if event.obj == obj])
        return self._seen[obj]

    def doc(self, obj: str, key: str) -> Doc | None:
        """One document."""
        return self.docs(obj).get(stripped_key(obj, key)) if not self._open else self.fresh(obj, key)

    def fresh(self, obj: str, key: str) -> Doc | None:
        """One document as a copy that may be changed."""
        return self.shelf.get(obj, stripped_key(obj, key))

    def rows(self, entity: EntityType, fixed: Mapping[str, Any] | None = None) -> Iterator[Row]:
        """The rows of a set. `fixed`: property -> the one value that is wanted; a hint only."""
        chain = SET_SERVICE[entity.name].lineage(entity)
        root = chain[0]
        key = (fixed or {}).get(root.keys[0])
        found: Any = self.docs(root.name).values()
        if isinstance(key, str) and key:
            one = self.doc(root.name, key)
            found = [] if one is None else [one]
        for step in chain[1:]:
            found = _below(found, step.via)
        yield from found

    def row(self, entity: EntityType, keys: Mapping[str, Any]) -> Row | None:
        """The row with these keys."""
        for row in self.rows(entity, keys):
            if all(row.get(n) == v for n, v in keys.items()):
                return row
        return None

    def related(self, entity: EntityType, row: Row, nav_name: str) -> list[Row]:
        """The rows behind a navigation."""
        nav = entity.navs[nav_name]
        if nav.stored:
            found = row.get(nav_name)
            return found if isinstance(found, list) else [found] if found else []
        target = SET_SERVICE[entity.name].sets[nav.target]
        return [r for r in self.found(target) if all(r.get(a) == row.get(b) for a, b in nav.match.items())]

    def found(self, entity: EntityType, fixed: Mapping[str, Any] | None = None) -> Iterator[Row]:
        """Rows of any set, those that are worked out included."""
        flow = self.flows.get(entity.name)
        return self.rows(entity, fixed) if flow is None else flow(self)

    # ---------------------------------------------------------------- writing

    def create(self, entity: EntityType, given: Row, author: str, via: str = "api") -> Row:
        """A new document, or a new row in one. Raises Refusal."""
        given = deepcopy(given)
        if not entity.parent:
            number = given.get(entity.keys[0])
            if number and self.fresh(entity.name, number) is not None:
                raise bad(f"{number} 已存在", f"{number} already exists", entity.keys[0], "/BOBF/FRW_COMMON/110")
            return self._settled(entity, given, None, author, via)
        chain = SET_SERVICE[entity.name].lineage(entity)
        doc, parent = self._way(chain, given, len(chain) - 1)
        old = deepcopy(doc)
        rows = parent.setdefault(entity.via, [])
        if isinstance(rows, list):
            rows.append(given)
        else:
            parent[entity.via] = given
        self._settled(chain[0], doc, old, author, via)
        return given

    def update(self, entity: EntityType, keys: Mapping[str, Any], given: Row, author: str, via: str = "api") -> Row:
        """Change the named properties of a row. Raises Refusal."""
        chain = SET_SERVICE[entity.name].lineage(entity)
        doc, row = self._way(chain, keys, len(chain))
        old = deepcopy(doc)
        for name, value in given.items():
            if name in entity.keys and value != row.get(name):
                raise bad(f"主键 {name} 不可修改", f"The key {name} cannot be changed", name)
            row[name] = value
        if doc != old:
            self._settled(chain[0], doc, old, author, via)
        return row

    def delete(self, entity: EntityType, keys: Mapping[str, Any], author: str, via: str = "api") -> None:
        """Delete a row, or a document where that is allowed. Raises Refusal."""
        chain = SET_SERVICE[entity.name].lineage(entity)
        doc, row = self._way(chain, keys, len(chain))
        if not entity.parent:
            if entity.name in self.remove:
                self.remove[entity.name](self, doc, via)
            self.shelf.remove(entity.name, str(doc[entity.keys[0]]), author, via)
            return
        old = deepcopy(doc)
        _, parent = self._way(chain, keys, len(chain) - 1, doc)
        if isinstance(parent[entity.via], list):
            parent[entity.via].remove(row)
        else:
            parent[entity.via] = None
        self._settled(chain[0], doc, old, author, via)

    def put(self, obj: str, doc: Row, author: str, via: str = "api", kind: str = "") -> None:
        """Store a document that is whole."""
        self.shelf.put(obj, str(doc[SET_SERVICE[obj].sets[obj].keys[0]]), doc, author, via, kind)

    def change(self) -> AbstractContextManager[None]:
        """One transaction: all or nothing."""
        return _Change(self)

    def step(self, obj: str, action: str, key: str, given: Mapping[str, str], author: str, via: str) -> Row | None:
        """Move a document. Raises Refusal."""
        step = self.steps.get(obj, {}).get(action)
        if step is None:
            raise bad(f"没有操作 {action}", f"There is no action {action}")
        with self.change():
            return step(self, key, given, author, via)

    def _settled(self, root: EntityType, doc: Row, old: Row | None, author: str, via: str) -> Row:
        with self.change():
            self.settle[root.name](self, doc, old, author)
            complete(root, doc)
            self.put(root.name, doc, author, via)
        return doc

    def _way(
        self, chain: tuple[EntityType, ...], keys: Mapping[str, Any], depth: int, doc: Row | None = None
    ) -> tuple[Row, Row]:
        """The document with these keys, and the row in it at that depth of the chain. Raises Refusal."""
        root = chain[0]
        name = root.keys[0]
        number = keys.get(name) or next((keys[k] for k in _ALIASES.get(name, ()) if keys.get(k)), None)
        if doc is None:
            doc = self.fresh(root.name, str(number)) if number else self._holder(chain, keys, depth)
        if doc is None:
            raise missing(f"{root.name}('{number or ''}')")
        at: Row = doc
        for step in chain[1:depth]:
            found = at.get(step.via)
            rows = found if isinstance(found, list) else [found] if found else []
            wanted = {k: keys[k] for k in step.keys if keys.get(k) is not None}
            here = next((r for r in rows if all(r.get(k) == v for k, v in wanted.items())), None)
            if here is None:
                raise missing(f"{step.name}({', '.join(f'{k}={v}' for k, v in wanted.items())})")
            at = here
        return doc, at

    def _holder(self, chain: tuple[EntityType, ...], keys: Mapping[str, Any], depth: int) -> Row | None:
        """The document that holds a row whose keys do not name it (a phone is known by its address alone)."""
        last = chain[depth - 1]
        wanted = {k: v for k, v in keys.items() if k in last.keys and v is not None}
        for key, doc in self.docs(chain[0].name).items():
            rows: Any = [doc]
            for step in chain[1:depth]:
                rows = _below(rows, step.via)
            if wanted and any(all(r.get(k) == v for k, v in wanted.items()) for r in rows):
                return self.fresh(chain[0].name, key)
        return None

    def _heard(self, event: Event) -> None:
        if event.obj in self._seen:
            self._seen[event.obj] = _after(self._seen[event.obj], [event])

    # ------------------------------------------------------------ what rules use

    def today(self) -> str:
        """The date in the system's zone."""
        return self.clock.now().astimezone(ZONE).date().isoformat()

    def touched(self, doc: Row, old: Row | None, author: str) -> None:
        """The stamps of a change, strictly later than the last one so that the ETag moves."""
        now = self.clock.now()
        local = now.astimezone(ZONE)
        if old is None:
            doc |= {"CreationDate": local.date().isoformat(), "CreatedByUser": author[:12]}
            doc["CreationTime"] = local.strftime("%H:%M:%S")
        doc |= {"LastChangeDate": local.date().isoformat(), "LastChangedByUser": author[:12]}
        doc["LastChangeTime"] = local.strftime("%H:%M:%S")
        before = (old or {}).get("LastChangeDateTime") or ""
        made = stamp(now)
        if made <= before:
            made = stamp(datetime.fromisoformat(before) + timedelta(milliseconds=1))
        doc["LastChangeDateTime"] = made

    # ----------------------------------------------------------- hands and pages

    def as_person(self, obj: str, record_id: str | None, values: dict[str, Any] | None, author: str) -> str:
        """What people do in the system: {"action": ...} takes a step; to delete is to mark for it. Raises Refusal."""
        entity = SET_SERVICE[obj].sets[obj]
        if values is None:
            mark = {"A_BusinessPartner": "IsMarkedForArchiving", "A_Product": "IsMarkedForDeletion"}.get(obj)
            keys = {entity.keys[0]: stripped_key(obj, str(record_id))}
            if mark:
                self.update(entity, keys, {mark: True}, author, "person")
            else:
                self.delete(entity, keys, author, "person")
            return str(record_id)
        values = dict(values)
        action = values.pop("action", None)
        if action == "archive":
            self.shelf.remove(obj, stripped_key(obj, str(record_id)), author, "person")
            return str(record_id)
        if action is not None:
            self.step(obj, str(action), str(record_id), values, author, "person")
            return str(record_id)
        given = {n: v if n in entity.navs else kept(entity.props[n], v, 2) for n, v in values.items()}
        if record_id is None:
            return str(self.create(entity, given, author, "person")[entity.keys[0]])
        self.update(entity, {entity.keys[0]: stripped_key(obj, record_id)}, given, author, "person")
        return record_id

    def peek(self, obj: str, record_id: str) -> dict[str, Any] | None:
        """A document as it is kept."""
        return self.shelf.get(obj, stripped_key(obj, record_id)) if obj in SET_SERVICE else None

    def changes(self, limit: int = 20) -> list[dict[str, Any]]:
        """The latest changes, newest first."""
        return self.shelf.changes(limit)


def _after(docs: Mapping[str, Doc], events: Sequence[Event]) -> dict[str, Doc]:
    """The documents once these things have happened to them."""
    out = dict(docs)
    for event in events:
        if event.kind == "deleted":
            out.pop(event.id, None)
        else:
            out[event.id] = event.doc
    return out


class _Change:
    """A transaction in which reading sees what was written in it."""

    def __init__(self, book: SapBook) -> None:
        self.book, self.inner = book, book.shelf.change()

    def __enter__(self) -> None:
        self.inner.__enter__()
        self.book._open += 1

    def __exit__(self, *problem: Any) -> None:
        self.book._open -= 1
        self.inner.__exit__(*problem)


_ALIASES = {
    "BusinessPartner": ("Customer", "BusinessPartnerCompany"),
    "DeliveryDocument": ("SDDocument",),
}
"""Keys of rows that name their document by another word."""


def stripped_key(obj: str, key: str) -> str:
    """A key as the system shows it outside."""
    prop = next(p for p in SET_SERVICE[obj].sets[obj].props.values() if p.key)
    return stripped(key) if prop.alpha else key.upper() if prop.upper else key


def complete(entity: EntityType, row: Row) -> None:
    """Give a row all its properties, and its rows the keys of the rows above."""
    for prop in entity.props.values():
        if row.get(prop.name) is None:
            row[prop.name] = EMPTY.get(prop.kind)
    service = SET_SERVICE[entity.name]
    for nav in entity.navs.values():
        if not nav.stored:
            continue
        rows = row.setdefault(nav.name, [] if nav.many else None)
        target = service.sets[nav.target]
        for below in rows if isinstance(rows, list) else [rows] if rows else []:
            below |= {k: row[k] for k in target.keys if k in row and k in entity.keys}
            complete(target, below)


def _below(rows: Any, via: str) -> Iterator[Row]:
    for row in rows:
        found = row.get(via)
        if isinstance(found, list):
            yield from found
        elif found:
            yield found
