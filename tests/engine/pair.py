"""Two systems in memory and a hub between them: the bench on which the engine is tested."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from hefu.connectors.memory import Manners, MemorySystem, open_memory
from hefu.core.connector import Connector
from hefu.core.project import Connection, Entity, Flow, Project
from hefu.core.project import Mapping as MappingDoc
from hefu.core.records import Field, FieldType
from hefu.engine.hub import Hub, Run
from hefu.engine.worker import cycle
from hefu.sim.storm.clock import StormEnv
from hefu.store.db import Store


class TestEnv(StormEnv):
    """The simulator's, with a clock that moves only when told."""

    def now(self) -> datetime:
        return self.at


NAMES = {"crm": {"code": "code", "name": "name", "phone": "phone", "address": "address", "terms": "terms"}}
TEXTS = ("code", "name", "phone", "address", "terms")


def entity(**fields: Mapping[str, Any]) -> Entity:
    """A customer of five texts; keyword arguments refine single fields."""
    docs = {name: {"type": "text", **fields.get(name, {})} for name in TEXTS}
    docs["code"]["type"] = "code"
    docs["active"] = {"type": "boolean"}
    return Entity.model_validate(
        {
            "entity": "customer",
            "fields": docs,
            "match": [["code"]],
            "on_delete": "ask",
            "deactivate": {"active": False},
        }
    )


@dataclass
class Pair:
    """`crm` and `erp` in memory, one store, one hub; `round()` is one cycle of the flow."""

    entity_doc: Entity = field(default_factory=entity)
    crm_manners: Manners = field(default_factory=lambda: Manners(create="token", token_field="ref"))
    erp_manners: Manners = field(default_factory=lambda: Manners(create="token", token_field="ref"))
    url: str = "sqlite://"
    order: Sequence[str] = ("crm-customer", "erp-customer")
    guard: Mapping[str, Any] = field(default_factory=lambda: {"records": 100000, "deletes": 20})
    tolerance: str = "2m"
    maps: Mapping[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    extra: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    key_field: str = "code"
    env: TestEnv = field(default_factory=TestEnv)

    def __post_init__(self) -> None:
        fields = [Field(name, FieldType.TEXT) for name in TEXTS]
        fields += [Field("active", FieldType.BOOLEAN), Field("ref", FieldType.TEXT)]
        self.systems = {}
        for name, manners in (("crm", self.crm_manners), ("erp", self.erp_manners)):
            self.systems[name] = MemorySystem(name, self.env.now)
            self.systems[name].define("customer", fields, manners, key=(self.key_field,))
        self.crm, self.erp = self.systems["crm"], self.systems["erp"]
        self.lines: dict[str, Connector] = {}
        self.store = Store(self.url, self.env)
        self.store.create()
        self.hub = self.new_hub()

    def project(self) -> Project:
        """The documents of the pair."""
        flat = [{"field": n, "from": n} for n in (*TEXTS, "active")]
        mappings = {}
        for name in ("crm", "erp"):
            doc = {
                "mapping": f"{name}-customer",
                "connection": name,
                "object": "customer",
                "entity": "customer",
                "create": True,
                "fields": list(self.maps.get(name, flat)),
                **self.extra.get(name, {}),
            }
            mappings[doc["mapping"]] = MappingDoc.model_validate(doc)
        flow = {"flow": "customers", "mappings": list(self.order), "guard": dict(self.guard)}
        connections = {
            name: Connection.model_validate(
                {"connection": name, "connector": "memory", "clock_tolerance": self.tolerance, "lateness": 60}
            )
            for name in ("crm", "erp")
        }
        return Project(
            connections=connections,
            entities={"customer": self.entity_doc},
            mappings=mappings,
            flows={"customers": Flow.model_validate(flow)},
            version=1,
        )

    def connect(self, name: str) -> Connector:
        """The open connector of a system."""
        if name not in self.lines:
            self.lines[name] = open_memory(self.systems[name])
        return self.lines[name]

    def new_hub(self) -> Hub:
        """A hub that knows nothing but what is committed, as after a crash."""
        self.lines = {}
        return Hub(self.store, self.env, self.project(), self.connect, worker_id=self.env.new_id())

    def round(self, *, full: bool = False, guarded: bool = True) -> Run:
        """One cycle of the flow."""
        return cycle(self.hub, self.hub.project.flows["customers"], full=full, guarded=guarded)

    def settle(self, rounds: int = 8, seconds: float = 70.0) -> None:
        """Cycles with time passing between them, until nothing moves."""
        for _ in range(rounds):
            self.round()
            self.env.sleep(seconds)

    def writes(self) -> dict[str, int]:
        """How many writes each system counted that came from the hub."""
        return {name: len(system.written("hub")) for name, system in self.systems.items()}
