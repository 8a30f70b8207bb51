"""What every verb is handed: the store, the project compiled into sides, the open connections, and Env."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property

from hefu.core.connector import Connector
from hefu.core.env import Env
from hefu.core.errors import HubError, Rejected, Unsupported
from hefu.core.expr import Expr, parse
from hefu.core.figures import worked_out
from hefu.core.mapping import Compiled, compile_mapping, golden_scope
from hefu.core.merge import Rules
from hefu.core.model import resolve
from hefu.core.project import Connection, Entity, EntityField, FieldMap, Flow, Project
from hefu.core.project import Mapping as MappingDoc
from hefu.core.records import Abilities, Field, FieldType, ObjectSchema
from hefu.core.urgency import URGENT
from hefu.engine.figures import Book, compile_book
from hefu.engine.permit import Permit
from hefu.store import runs
from hefu.store.db import Store, Tx
from hefu.store.plans import PlanEntry

Counts = Counter[str]

HUB = "(hub)"
"""Owner of what the hub works out; no connection can have this name."""


@dataclass(frozen=True)
class StepRule:
    """A compiled status step of a mapping."""

    action: str
    due: Expr | None
    until: tuple[str, ...]


@dataclass(frozen=True)
class Side:
    """One system's side of an entity: its mapping, compiled, with the object's schema and abilities."""

    mapping: MappingDoc
    entity: Entity
    connection: Connection
    schema: ObjectSchema
    compiled: Compiled
    flow: Flow | None
    steps: tuple[StepRule, ...] = ()

    @property
    def name(self) -> str:
        """The mapping's name."""
        return self.mapping.mapping

    @property
    def can(self) -> Abilities:
        """What the object allows."""
        return self.schema.abilities

    @cached_property
    def line_maps(self) -> dict[str, FieldMap]:
        """Lines field -> its field map."""
        return {m.field: m for m in self.mapping.fields if m.lines}

    @cached_property
    def line_specs(self) -> dict[str, tuple[str, frozenset[str]]]:
        """Lines field -> (line key, writable line fields), as `merge.debt` wants it."""
        out = {}
        for name, doc in self.line_maps.items():
            key = self.entity.fields[name].line_key
            writable = frozenset(m.field for m in doc.lines if m.direction != "in")
            if key is not None:
                out[name] = (key, writable)
        return out

    @cached_property
    def sources(self) -> dict[str, str]:
        """Golden field -> top-level field of the system that it is written to."""
        return {m.field: m.source.split(".", 1)[0] for m in self.mapping.fields if m.source}

    def their_fields(self, names: Iterable[str]) -> dict[str, Field | None]:
        """Golden field -> the system's field that holds it, as declared."""
        return {name: self.schema.field(self.sources.get(name, name)) for name in names}

    @property
    def priority(self) -> int:
        """1 urgent, 5 normal, 9 bulk."""
        return _priority(self.flow)

    @property
    def may_create(self) -> bool:
        """Whether the hub may create records there: the project allows it and an unknown outcome can be handled."""
        return self.mapping.create and self.can.create != "no"

    @property
    def token_field(self) -> str | None:
        """Field of the system in which we may leave our id, to find a create again."""
        return self.mapping.token_field or (self.can.token_field if self.can.create == "token" else None)

    def rules(self, golden: Mapping[str, object]) -> Rules:
        """Owners as they are for a record with these golden values (ownership may depend on its life)."""
        static = self._static_rules
        if not self._moving_owners:
            return static
        owners = dict(static.owners)
        for name, choices in self._moving_owners.items():
            found = next((who for who, when in choices if _speaks(when, golden)), None)
            if found is not None:
                owners[name] = found
        return Rules(owners, static.report, static.line_keys)

    @cached_property
    def _static_rules(self) -> Rules:
        owners, report = {}, set()
        for path, doc in entity_fields(self.entity):
            if isinstance(doc.owner, str):
                owners[path] = doc.owner
            if worked_out(doc):
                owners[path] = HUB
            if doc.on_foreign_edit == "report":
                report.add(path)
        return Rules(owners, frozenset(report), line_keys(self.entity))

    @cached_property
    def _moving_owners(self) -> dict[str, list[tuple[str, Expr | None]]]:
        return {
            path: [(o.owner, condition(o.when, self.entity, self.connection.zone)) for o in doc.owner]
            for path, doc in entity_fields(self.entity)
            if isinstance(doc.owner, list)
        }


def _speaks(when: Expr | None, golden: Mapping[str, object]) -> bool:
    """Whether an owner speaks now. Where that cannot be worked out nobody does, and the field's rule or a person
    decides: a write that has happened must be noted whatever an expression makes of the record."""
    try:
        return when is None or when.holds(golden)
    except Rejected:
        return False


def entity_fields(entity: Entity) -> Iterator[tuple[str, EntityField]]:
    """Every field with its path; the fields of lines as "lines.quantity"."""
    for name, doc in entity.fields.items():
        yield name, doc
        for inner, line_doc in doc.lines.items():
            yield f"{name}.{inner}", line_doc


def line_keys(entity: Entity) -> dict[str, str]:
    """Lines field -> the field that identifies a line."""
    return {name: doc.line_key for name, doc in entity.fields.items() if doc.line_key and doc.lines}


def _priority(flow: Flow | None) -> int:
    return {"urgent": URGENT, "normal": 5, "bulk": 9}[flow.priority if flow else "normal"]


def condition(source: str | None, entity: Entity, zone: str) -> Expr | None:
    """A compiled condition over the golden values; None where there is none to meet."""
    return None if source is None else parse(source, golden_scope(entity.fields, zone), FieldType.BOOLEAN)


def field_doc(entity: Entity, path: str) -> EntityField | None:
    """The document of a field by a conflict's path ("phone", "lines[10].quantity")."""
    name, _, rest = path.partition("[")
    doc = entity.fields.get(name)
    inner = rest.partition("].")[2]
    return doc.lines.get(inner) if doc is not None and inner else doc


@dataclass
class Hub:
    """The house put together for one project version.

    `connect(name)` gives the open connector of a connection; `journal_key` seals the audit chain; `told` is called
    with progress ("capture", mapping, counts) and may be ignored. `permit`: only what it allows is delivered. `reading`
    tells since when cycles read a flow now: nothing that comes of it is delivered before the guard has seen all of it.
    `note`: in a rehearsal, is given what would be written.
    """

    store: Store
    env: Env
    project: Project
    connect: Callable[[str], Connector]
    journal_key: bytes = b""
    told: Callable[[str, str, Counts], None] = lambda *_: None
    note: Callable[[Tx, Side, list[PlanEntry]], None] | None = None
    permit: Permit | None = None
    worker_id: str = ""
    draining: threading.Lock = field(default_factory=threading.Lock)
    asked: threading.Event = field(default_factory=threading.Event)
    reading: dict[str, list[str]] = field(default_factory=dict)
    marking: threading.Lock = field(default_factory=threading.Lock)
    compatible: dict[str, ObjectSchema] = field(default_factory=dict)
    recounted: bool = False
    _sides: dict[str, Side] = field(default_factory=dict)
    _entities: dict[str, Entity] = field(default_factory=dict)
    _active: list[str] = field(default_factory=list)
    _mapped: dict[str, list[str]] = field(default_factory=dict)
    _schemas: dict[str, dict[str, ObjectSchema]] = field(default_factory=dict)

    @property
    def rehearsing(self) -> bool:
        """Whether nothing is really written."""
        return self.note is not None

    def schemas(self, connection: str) -> dict[str, ObjectSchema]:
        """Every object of a connection by name, discovered once."""
        if connection not in self._schemas:
            self._schemas[connection] = {s.name: s for s in self.connect(connection).discover()}
        return self._schemas[connection]

    def schema(self, connection: str, obj: str) -> ObjectSchema:
        """An object's schema, discovered once. Raises Unsupported naming what there is instead."""
        known = self.schemas(connection)
        if obj not in known:
            raise Unsupported("hub.no_object", connection=connection, object=obj, known=", ".join(sorted(known)[:20]))
        return known[obj]

    def forget_schemas(self, connection: str | None = None) -> None:
        """Look again next time (after drift, or a pause that ended)."""
        for name in [connection] if connection else list(self._schemas):
            self._schemas.pop(name, None)
            for mapping in [m for m, s in self._sides.items() if s.mapping.connection == name]:
                del self._sides[mapping]

    def known_side(self, mapping: str) -> Side | None:
        """The side if it is compiled already; for use inside a transaction, where no system may be called."""
        return self._sides.get(mapping)

    def priority(self, mapping: str) -> int:
        """Of the flow that keeps the mapping in step: 1 urgent, 5 normal, 9 bulk."""
        return _priority(self._flow(mapping))

    def _flow(self, mapping: str) -> Flow | None:
        return next((f for f in self.project.flows.values() if mapping in f.mappings), None)

    def side(self, mapping: str) -> Side:
        """The compiled side of a mapping."""
        if mapping not in self._sides:
            self._sides[mapping] = self._compile(self.project.mappings[mapping])
        return self._sides[mapping]

    def _compile(self, doc: MappingDoc) -> Side:
        entity = self.entity(doc.entity)
        connection = self.project.connections[doc.connection]
        schema = self.schema(doc.connection, doc.object)
        flow = self._flow(doc.mapping)
        compiled = compile_mapping(doc, entity, schema, zone=connection.zone)
        steps = tuple(StepRule(s.action, condition(s.when, entity, connection.zone), tuple(s.until)) for s in doc.steps)
        return Side(doc, entity, connection, schema, compiled, flow, steps)

    def entity(self, name: str) -> Entity:
        """An entity of the project, or a ready one."""
        if name not in self._entities:
            doc = self.project.entities.get(name)
            self._entities[name] = resolve(doc if doc is not None else Entity(entity=name, extends=name))
        return self._entities[name]

    @cached_property
    def figures(self) -> Book:
        """What is worked out from other values, for all entities of the project."""
        named = {*self.project.entities, *(m.entity for m in self.project.mappings.values())}
        named |= {d.rollup.over for n in named for d in self.entity(n).fields.values() if d.rollup is not None}
        zone = next((c.zone for c in self.project.connections.values()), "UTC")
        return compile_book({name: self.entity(name) for name in sorted(named)}, zone)

    def mappings_of(self, entity: str) -> list[str]:
        """Mappings of an entity that some enabled flow keeps in step, in the order of the flows."""
        if entity not in self._mapped:
            mappings = self.project.mappings
            self._mapped[entity] = [m for m in self.active_mappings() if mappings[m].entity == entity]
        return self._mapped[entity]

    def active_mappings(self) -> list[str]:
        """Mappings of the enabled flows, parents before children."""
        if not self._active:
            flows = [f for f in self.project.flows.values() if f.enabled]
            listed = [m for f in flows for m in f.mappings if m in self.project.mappings]
            self._active += sorted(dict.fromkeys(listed), key=lambda m: self._depth(self.project.mappings[m].entity))
        return self._active

    def flows_in_order(self) -> list[str]:
        """Enabled flows, those of parents before those of their children."""
        rank = {mapping: place for place, mapping in enumerate(self.active_mappings())}
        flows = [f for f in self.project.flows.values() if f.enabled]
        return [f.flow for f in sorted(flows, key=lambda f: min((rank[m] for m in f.mappings if m in rank), default=0))]

    def _depth(self, entity: str, above: tuple[str, ...] = ()) -> int:
        """How many entities it stands on through references (a cycle counts once)."""
        if entity in above:
            return 0
        targets = {d.entity for _, d in entity_fields(self.entity(entity)) if d.entity and d.entity != entity}
        used = {self.project.mappings[m].entity for f in self.project.flows.values() for m in f.mappings
                if m in self.project.mappings}  # fmt: skip
        return max((1 + self._depth(t, (*above, entity)) for t in targets if t in used), default=0)

    def parent_object(self, side: Side, entity: str) -> str | None:
        """The mapping, on this side's connection, whose links translate references to `entity`."""
        for doc in side.mapping.fields:
            if (
                doc.lookup
                and doc.lookup in self.project.mappings
                and self.project.mappings[doc.lookup].entity == entity
            ):
                return doc.lookup
        own = side.mapping.connection
        return next((m for m in self.mappings_of(entity) if self.project.mappings[m].connection == own), None)

    @contextmanager
    def run(self, kind: str, scope: str) -> Iterator[Run]:
        """A run around some work: its counters and how it ended are kept, also when it fails."""
        with self.store.begin() as tx:
            run = Run(
                runs.start_run(tx, kind, scope, self.project.version), self.project.version, brief=kind == "drain"
            )
        try:
            yield run
        except BaseException as error:
            note = error.code if isinstance(error, HubError) else type(error).__name__
            self._end(run, "failed" if isinstance(error, Exception) else "stopped", note)
            raise
        self._end(run, run.state, run.note)

    def _end(self, run: Run, state: str, note: str | None) -> None:
        with self.store.begin() as tx:
            if run.brief and state == "done" and not any(run.counts.values()):
                runs.forget_run(tx, run.id)
            else:
                runs.end_run(tx, run.id, state, run.counts, note)


@dataclass
class Run:
    """A running run: its id, the project version it works under, and what it counted so far.

    `brief`: it comes so often that one which found nothing to do is not worth a row.
    """

    id: str
    version: int
    counts: Counts = field(default_factory=Counter)
    state: str = "done"
    note: str | None = None
    brief: bool = False


def chunks(items: Sequence[str], size: int) -> Iterator[Sequence[str]]:
    """Slices of at most `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


__all__ = ["Counts", "Hub", "Run", "Side", "StepRule", "chunks", "entity_fields", "field_doc", "line_keys"]
