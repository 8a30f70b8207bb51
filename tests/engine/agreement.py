"""A CRM and an ERP of tens of thousands of records that agree, a hub that knows them, and faults of every class.

All is put in place directly (rows into the systems, links and golden records into the store), as a hub would have left
it after months; each fault notes what a reconciliation must say of it.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from decimal import Decimal
from typing import Any

from pair import TestEnv

from hefu.connectors._memory_manners import Row
from hefu.connectors.memory import Manners, MemorySystem, open_memory
from hefu.core.connector import Connector
from hefu.core.project import Connection, Entity, Flow, Project
from hefu.core.project import Mapping as MappingDoc
from hefu.core.reconcile import Kind
from hefu.core.records import Field, FieldType
from hefu.engine.hub import Hub
from hefu.store import golden as goldens
from hefu.store import issues, runs
from hefu.store.db import Store
from hefu.store.golden import Golden, Link
from hefu.store.issues import Issue

CENT = Decimal("0.01")

CUSTOMER = {
    "entity": "customer",
    "match": [["code"]],
    "fields": {
        "code": {"type": "code"},
        "name": {"type": "text"},
        "phone": {"type": "text", "owner": "crm"},
        "credit": {"type": "money", "owner": "erp"},
        "kind": {"type": "code"},
    },
}
ORDER = {
    "entity": "sales_order",
    "match": [["number"]],
    "fields": {
        "number": {"type": "code"},
        "customer": {"type": "reference", "entity": "customer"},
        "total": {"type": "money"},
        "currency": {"type": "code"},
        "date": {"type": "date"},
        "status": {"type": "code"},
        "remark": {"type": "text"},
    },
}
TABLES = {
    "customer": {"code": "code", "name": "text", "phone": "text", "credit": "money", "kind": "code"},
    "order": {"number": "code", "customer": "reference", "total": "money", "currency": "code", "date": "date",
              "status": "code", "remark": "text"},
}  # fmt: skip
ERP_LIMITS = {"name": {"length": 24}, "remark": {"length": 24}, "credit": {"scale": 2}, "total": {"scale": 2}}


@dataclass
class Both:
    """One business object on both sides, as it lies in systems and store before it is put there."""

    entity: str
    number: int
    golden: dict[str, Any]
    crm: dict[str, Any] | None
    erp: dict[str, Any] | None
    crm_link: Link | None
    erp_link: Link | None
    faulty: bool = False


@dataclass
class Agreement:
    """`customers` and `orders` that agree; `seed` faults, then `build`, then reconcile `hub`."""

    customers: int
    orders: int
    url: str = "sqlite://"
    env: TestEnv = field(default_factory=TestEnv)
    expected: dict[tuple[str, str, str], Kind] = field(default_factory=dict)
    cents: int = 0

    def __post_init__(self) -> None:
        self.buyers = self.customers * 4 // 5
        """Only these have orders, and none of these has a fault: what refers to it would differ too."""
        self.old, self.now = self.env.now() - timedelta(days=30), self.env.now()
        self.chance = random.Random(7)
        self.systems = {name: MemorySystem(name, self.env.now) for name in ("crm", "erp")}
        for name, system in self.systems.items():
            for obj, columns in TABLES.items():
                limits = ERP_LIMITS if name == "erp" else {}
                fields = [Field(n, FieldType(t), **limits.get(n, {})) for n, t in columns.items()]
                manners = Manners(create="token", token_field="ref", page=2000, changes="cursor", stamps=1)
                system.define(obj, [*fields, Field("ref")], manners, key=(fields[0].name,))
        self.store = Store(self.url, self.env, durable=False)
        self.store.create()
        self.lines: dict[str, Connector] = {}
        self.hub = Hub(self.store, self.env, self._project(), self.connect)
        self.issues: list[Issue] = []
        self.extra: list[tuple[str, str, dict[str, Any], Any]] = []
        self.pairs = {
            "customer": [self._customer(n) for n in range(self.customers)],
            "sales_order": [self._order(n) for n in range(self.orders)],
        }
        self._calm = {"customer": self.pairs["customer"][self.buyers :], "sales_order": list(self.pairs["sales_order"])}
        for both in self._calm.values():
            self.chance.shuffle(both)

    def connect(self, name: str) -> Connector:
        """The open connector of a system."""
        return self.lines.setdefault(name, open_memory(self.systems[name]))

    def _project(self) -> Project:
        mappings = {}
        for connection in ("crm", "erp"):
            for obj, entity in (("customer", CUSTOMER), ("order", ORDER)):
                doc: dict[str, Any] = {
                    "mapping": f"{connection}_{obj}", "connection": connection, "object": obj,
                    "entity": entity["entity"], "create": True, "token_field": "ref",
                    "fields": [{"field": n, "from": n} for n in TABLES[obj]],
                }  # fmt: skip
                if connection == "crm":
                    doc["filter"] = "kind != 'internal'" if obj == "customer" else "remark != 'internal'"
                else:
                    doc["out_filter"] = "kind != 'lead'" if obj == "customer" else "remark != 'lead'"
                mappings[doc["mapping"]] = MappingDoc.model_validate(doc)
        base = {"connector": "memory", "lateness": "60s"}
        connections = {n: Connection.model_validate({"connection": n, **base}) for n in ("crm", "erp")}
        flow = Flow.model_validate({"flow": "all", "mappings": list(mappings)})
        entities = {"customer": Entity.model_validate(CUSTOMER), "sales_order": Entity.model_validate(ORDER)}
        return Project(connections=connections, entities=entities, mappings=mappings, flows={"all": flow}, version=1)

    # ------------------------------------------------------------- what agrees

    def _customer(self, n: int) -> Both:
        credit = Decimal(self.chance.randrange(10_000_00)) / 100
        values = {
            "code": f"C{n:06d}",
            "name": f"Company {n:06d}",
            "phone": f"138{n:08d}",
            "credit": credit,
            "kind": "a",
        }
        return self._both("customer", n, values, values)

    def _order(self, n: int) -> Both:
        who = n % self.buyers
        total = Decimal(self.chance.randrange(1, 90_000_00)) / 100
        values = {"number": f"SO{n:07d}", "customer": f"crm-customer-{who}", "total": total, "currency": "CNY",
                  "date": self.old.date() - timedelta(days=n % 300), "status": "approved",
                  "remark": f"remark {n}" if n % 3 else ""}  # fmt: skip
        theirs = {**values, "customer": f"erp-customer-{who}", "remark": values["remark"] or None}
        return self._both("sales_order", n, values, theirs)

    def _both(self, entity: str, n: int, crm: dict[str, Any], erp: dict[str, Any]) -> Both:
        golden = {k: _normal(v) for k, v in erp.items()}
        if entity == "sales_order":
            golden["customer"] = f"g-customer-{n % self.buyers}"
        mine, other = (self._link(entity, n, name, golden) for name in ("crm", "erp"))
        return Both(entity, n, golden, dict(crm), dict(erp), mine, other)

    def _link(self, entity: str, n: int, connection: str, golden: Mapping[str, Any]) -> Link:
        obj = "customer" if entity == "customer" else "order"
        return Link(
            f"l-{connection}-{entity}-{n}", f"{connection}_{obj}", connection, obj, "", f"{connection}-{obj}-{n}",
            f"g-{entity}-{n}", told=dict(golden), seen=dict(golden), seen_at="2026-02-01T00:00:00.000000Z",
        )  # fmt: skip

    # ------------------------------------------------------------------ faults

    def calm(self, entity: str) -> Both:
        """A pair that has no fault yet."""
        both = self._calm[entity].pop()
        both.faulty = True
        return both

    def expect(self, both: Both, path: str, kind: Kind) -> None:
        """What must be said: by the record's key and the field ("" for a whole record)."""
        key = both.golden.get("code") or both.golden["number"]
        self.expected[both.entity, key, path] = kind

    def shift(self, both: Both, system: str, fresh: bool = False) -> str:
        """One cent more in one system; the field."""
        name = "credit" if both.entity == "customer" else "total"
        values = both.crm if system == "crm" else both.erp
        assert values is not None
        values[name] += CENT
        if fresh:
            values["_at"] = self.now
        self.cents += 1
        return name

    def seed(self, each: int) -> None:
        """That many faults of every class, half on customers and half on orders."""
        for kind, ways in FAULTS.items():
            for n in range(each):
                entity = ("customer", "sales_order")[n % 2]
                ways[(n // 2) % len(ways)](self, self.calm(entity), kind)

    # --------------------------------------------------------------- in place

    def build(self) -> None:
        """Put everything where it belongs."""
        with self.store.begin() as tx:
            for both in self.pairs.values():
                rows = [Golden(f"g-{b.entity}-{b.number}", b.entity, b.golden, disputed=b.golden.pop("_disputed", []),
                               changed_at=tx.now()) for b in both]  # fmt: skip
                goldens.add_golden(tx, rows)
                goldens.add_links(tx, [x for b in both for x in (b.crm_link, b.erp_link) if x is not None])
            issues.raise_issues(tx, self.issues)
            for name in self.hub.project.mappings:
                runs.set_cursor(tx, name, "x", self.hub.side(name).compiled.fingerprint, tx.now())
        for both in self.pairs.values():
            for b in both:
                for system, values in (("crm", b.crm), ("erp", b.erp)):
                    if values is not None:
                        obj = "customer" if b.entity == "customer" else "order"
                        self._row(system, obj, f"{system}-{obj}-{b.number}", values)
        for system, obj, values, record_id in self.extra:
            self._row(system, obj, record_id, values)

    def _row(self, system: str, obj: str, record_id: str, values: dict[str, Any]) -> None:
        shelf = self.systems[system].shelf(obj)
        at = values.pop("_at", self.old)
        row = Row(record_id, "", len(shelf.order), values, at, at, "somebody")
        shelf.add(row)
        shelf.put(row, len(shelf.order))


def _normal(value: Any) -> Any:
    if isinstance(value, Decimal):
        text = format(value, "f")
        return text.rstrip("0").rstrip(".") if "." in text else text
    return value.isoformat() if hasattr(value, "isoformat") else value


Fault = Callable[[Agreement, Both, Kind], None]


def _text(both: Both) -> str:
    return "name" if both.entity == "customer" else "remark"


def _money(both: Both) -> str:
    return "credit" if both.entity == "customer" else "total"


def owed(a: Agreement, both: Both, kind: Kind) -> None:
    """The CRM's new value is known and on its way to the ERP."""
    name = a.shift(both, "crm")
    both.golden[name] = both.crm_link.told[name] = both.crm_link.seen[name] = _normal(both.crm[name])
    both.erp_link.due_at = "2026-03-02T10:00:00.000000Z"
    a.expect(both, name, kind)


def just_typed(a: Agreement, both: Both, kind: Kind) -> None:
    """Somebody typed after the hub last looked."""
    a.expect(both, a.shift(both, "erp", fresh=True), kind)


def being_created(a: Agreement, both: Both, kind: Kind) -> None:
    """The ERP is about to get it."""
    both.erp, both.erp_link.record_id, both.erp_link.state = None, None, "wanted"
    both.erp_link.due_at, both.erp_link.told = "2026-03-02T10:00:00.000000Z", {}
    a.expect(both, "", kind)


def being_deleted(a: Agreement, both: Both, kind: Kind) -> None:
    """Its disappearance from the CRM was noticed."""
    both.crm, both.crm_link.state = None, "missing"
    a.expect(both, "", kind)


def disputed(a: Agreement, both: Both, kind: Kind) -> None:
    """Both sides moved and a person is asked."""
    name, text = _money(both), _text(both)
    a.shift(both, "crm")
    both.crm_link.seen[name] = _normal(both.crm[name])
    both.golden["_disputed"] = [name]
    a.issues.append(Issue("conflict", both.entity, f"g-{both.entity}-{both.number}", both.crm_link.id, "crm", name, {}))
    assert text
    a.expect(both, name, kind)


def refused(a: Agreement, both: Both, kind: Kind) -> None:
    """The ERP refused our write: a dead letter."""
    owed(a, both, kind)
    both.erp_link.due_at, both.erp_link.waits = None, "person"
    a.issues.append(Issue("rejected", both.entity, f"g-{both.entity}-{both.number}", both.erp_link.id, "erp", "x", {}))


def create_refused(a: Agreement, both: Both, kind: Kind) -> None:
    """The ERP refused to create it."""
    being_created(a, both, kind)
    both.erp_link.due_at, both.erp_link.waits = None, "person"
    a.issues.append(Issue("rejected", both.entity, f"g-{both.entity}-{both.number}", both.erp_link.id, "erp", "", {}))


def filter_moved(a: Agreement, both: Both, kind: Kind) -> None:
    """The CRM's record became internal, which the mapping leaves out; the ERP still has the old values."""
    both.crm["kind" if both.entity == "customer" else "remark"] = "internal"
    a.expect(both, "", kind)


def not_wanted(a: Agreement, both: Both, kind: Kind) -> None:
    """A lead: the ERP shall not have it."""
    name = "kind" if both.entity == "customer" else "remark"
    both.crm[name] = both.golden[name] = "lead"
    both.crm_link.told[name] = both.crm_link.seen[name] = "lead"
    both.erp = both.erp_link = None
    a.expect(both, "", kind)


def shouted(a: Agreement, both: Both, kind: Kind) -> None:
    """The ERP keeps texts in capitals."""
    name = _text(both)
    for values in (both.crm, both.golden, both.crm_link.told, both.crm_link.seen, both.erp_link.told):
        values[name] = f"Mixed Case {both.number}"
    both.erp[name] = both.erp_link.seen[name] = f"MIXED CASE {both.number}"
    a.expect(both, name, kind)


def cut_off(a: Agreement, both: Both, kind: Kind) -> None:
    """The ERP's field is short."""
    name, full = _text(both), f"A very long company name {both.number:06d}"
    for values in (both.crm, both.golden, both.crm_link.told, both.crm_link.seen, both.erp_link.told):
        values[name] = full
    both.erp[name] = both.erp_link.seen[name] = full[:24]
    a.expect(both, name, kind)


def wide(a: Agreement, both: Both, kind: Kind) -> None:
    """Full-width letters, in records that nobody linked yet."""
    name = _text(both)
    both.crm[name], both.erp[name] = f"Ａｃｍｅ {both.number}", f"Acme {both.number}"
    both.crm_link = both.erp_link = None
    a.expect(both, name, kind)


def rounded_half(a: Agreement, both: Both, kind: Kind) -> None:
    """The ERP keeps two decimal places."""
    name, exact = _money(both), Decimal("1000.005") + both.number
    for values in (both.golden, both.crm_link.told, both.crm_link.seen, both.erp_link.told):
        values[name] = _normal(exact)
    both.crm[name] = exact
    both.erp[name] = exact + Decimal("0.005") * (1 if both.number % 4 < 2 else -1)
    both.erp_link.seen[name] = _normal(both.erp[name])
    a.expect(both, name, kind)


def edited_behind(a: Agreement, both: Both, kind: Kind) -> None:
    """One cent, by somebody whom the system's change feed did not show."""
    a.expect(both, a.shift(both, ("crm", "erp")[both.number % 2]), kind)


def case_typed(a: Agreement, both: Both, kind: Kind) -> None:
    """It looks like the system's manner, but it was kept otherwise before: somebody typed it."""
    name = _text(both)
    for values in (both.crm, both.erp, both.golden, both.crm_link.told, both.crm_link.seen, both.erp_link.told,
                   both.erp_link.seen):  # fmt: skip
        values[name] = f"Typed {both.number}"
    both.erp[name] = f"TYPED {both.number}"
    a.expect(both, name, kind)


def vanished(system: str) -> Fault:
    """Gone from one system, and the hub has not noticed."""

    def fault(a: Agreement, both: Both, kind: Kind) -> None:
        setattr(both, system, None)
        a.expect(both, "", kind)

    return fault


def stranger(system: str) -> Fault:
    """Known to one system only, and to nobody else."""

    def fault(a: Agreement, both: Both, kind: Kind) -> None:
        vanished(system)(a, both, kind)
        both.crm_link = both.erp_link = None

    return fault


def doubled(system: str) -> Fault:
    """A second record of the same key in one system."""

    def fault(a: Agreement, both: Both, kind: Kind) -> None:
        obj = "customer" if both.entity == "customer" else "order"
        values = dict(both.crm if system == "crm" else both.erp)
        a.extra.append((system, obj, values, f"{system}-again-{obj}-{both.number}"))
        a.expect(both, "", kind)

    return fault


def seen_and_forgotten(a: Agreement, both: Both, kind: Kind) -> None:
    """The hub saw the ERP's new value and did nothing about it: its own fault, so nothing may excuse it."""
    name = a.shift(both, "erp")
    both.erp_link.seen[name] = _normal(both.erp[name])
    a.expect(both, name, kind)


def never_linked(a: Agreement, both: Both, kind: Kind) -> None:
    """The same key and one cent apart, but the hub knows neither."""
    a.expect(both, a.shift(both, "erp"), kind)
    both.crm_link = both.erp_link = None


def other_customer(a: Agreement, both: Both, kind: Kind) -> None:
    """An order that hangs on another customer; a customer with another name."""
    if both.entity == "customer":
        both.erp["name"] = both.erp_link.seen["name"] = "Somebody else"
        a.expect(both, "name", kind)
    else:
        both.erp["customer"] = f"erp-customer-{(both.number + 1) % a.buyers}"
        both.erp_link.seen["customer"] = f"g-customer-{(both.number + 1) % a.buyers}"
        a.expect(both, "customer", kind)


FAULTS: dict[Kind, tuple[Fault, ...]] = {
    Kind.IN_FLIGHT: (owed, just_typed, being_created, being_deleted),
    Kind.CONFLICT: (disputed, refused, create_refused),
    Kind.FILTERED: (filter_moved, not_wanted),
    Kind.TRANSFORMED: (shouted, cut_off, wide),
    Kind.ROUNDING: (rounded_half,),
    Kind.DRIFT: (edited_behind, case_typed, edited_behind),
    Kind.MISSING_LEFT: (vanished("crm"), stranger("crm")),
    Kind.MISSING_RIGHT: (vanished("erp"), stranger("erp")),
    Kind.DUPLICATE: (doubled("crm"), doubled("erp")),
    Kind.UNEXPLAINED: (seen_and_forgotten, never_linked, other_customer),
}


def counted(expected: Mapping[Any, Kind]) -> dict[str, int]:
    """Class -> how many."""
    return dict(Counter(kind.value for kind in expected.values()))
