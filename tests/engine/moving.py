"""An old and a new system in memory with customers to move, for tests of migration and cutover."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pair import TEXTS, TestEnv, entity

from hefu.connectors.memory import Manners, MemorySystem, open_memory
from hefu.core.connector import Connector
from hefu.core.project import Connection, Cutover, Entity, Flow, Project
from hefu.core.project import Mapping as MappingDoc
from hefu.core.records import Field, FieldType
from hefu.engine.hub import Hub
from hefu.store import migrate as migrations
from hefu.store.db import Store
from hefu.store.tables import metadata, shard


@dataclass
class Move:
    """`old` and `new` in memory, mappings of customers for both, a flow that rests until the cutover."""

    url: str = "sqlite://"
    old_manners: Manners = field(default_factory=lambda: Manners(create="token", token_field="ref"))
    new_manners: Manners = field(default_factory=lambda: Manners(create="token", token_field="ref", batch=7))
    new_fields: dict[str, dict[str, Any]] = field(default_factory=dict)
    entity_doc: Entity = field(default_factory=entity)
    enabled: bool = False
    old_create: bool = True
    cutovers: tuple[Cutover, ...] = ()
    env: TestEnv = field(default_factory=TestEnv)

    def __post_init__(self) -> None:
        self.systems = {}
        for name, manners in (("old", self.old_manners), ("new", self.new_manners)):
            extra = self.new_fields if name == "new" else {}
            fields = [Field(n, FieldType.TEXT, **extra.get(n, {})) for n in TEXTS]
            fields += [Field("active", FieldType.BOOLEAN), Field("ref", FieldType.TEXT)]
            self.systems[name] = MemorySystem(name, self.env.now)
            self.systems[name].define("customer", fields, manners, key=("code",))
        self.old, self.new = self.systems["old"], self.systems["new"]
        self.store = Store(self.url, self.env, durable=False)
        if self.url == "sqlite://":
            self.store.create()
        else:
            metadata.drop_all(self.store.engine)
            migrations.upgrade(self.store)
        self.hub = self.new_hub()

    def project(self) -> Project:
        """The documents."""
        mappings = {}
        for name in ("old", "new"):
            doc = {
                "mapping": f"{name}-customer", "connection": name, "object": "customer", "entity": "customer",
                "create": name == "new" or self.old_create,
                "fields": [{"field": n, "from": n} for n in (*TEXTS, "active")],
            }  # fmt: skip
            mappings[doc["mapping"]] = MappingDoc.model_validate(doc)
        flow = {"flow": "customers", "mappings": list(mappings), "guard": {"records": 100_000}, "enabled": self.enabled}
        return Project(
            connections={
                n: Connection.model_validate({"connection": n, "connector": "memory", "limits": {"timeout": "1s"}})
                for n in ("old", "new")
            },
            entities={"customer": self.entity_doc},
            mappings=mappings,
            flows={"customers": Flow.model_validate(flow)},
            cutovers={c.cutover: c for c in self.cutovers},
            version=1,
        )

    def new_hub(self) -> Hub:
        """A hub that knows nothing but what is committed, as after a crash."""
        lines: dict[str, Connector] = {}

        def connect(name: str) -> Connector:
            if name not in lines:
                lines[name] = open_memory(self.systems[name])
            return lines[name]

        return Hub(self.store, self.env, self.project(), connect, journal_key=b"k", worker_id=self.env.new_id())

    def restart(self) -> None:
        """The process died: its lease runs out, and a new hub starts from what is committed."""
        with self.store.begin() as tx:
            tx.run(shard.update().values(worker_id=None, lease_until=None))
        self.env.sleep(120)
        self.hub = self.new_hub()

    def customers(self, count: int, **more: Any) -> list[str]:
        """Customers in the old system; their ids."""
        return [
            self.old.create("customer", {"code": f"C{n:04}", "name": f"Company {n}", "phone": f"{n:06}", **more})
            for n in range(count)
        ]

    def codes(self, system: str) -> list[str]:
        """The codes of all customers there, sorted."""
        return sorted(str(r["code"]) for r in self.systems[system].all("customer").values())
