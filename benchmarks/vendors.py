"""What a thousand new and a thousand changed records cost each vendor's system in calls, and how long a script takes.

The sandbox's own ledger counts. A change is asked as the hub asks it: with the version and the values last seen, so
that a colleague's change is not written over; what that look costs is in the count. Log-in and discovery come before.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hefu import connectors
from hefu.core.connector import Connector, Site
from hefu.core.env import Env
from hefu.core.project import Limits
from hefu.core.records import Record, Write, Written
from hefu.net import Egress, targets_in
from hefu.sandbox import catalog
from hefu.sandbox.hands import Hands
from hefu.sandbox.server import Server

BATCH = 1000
"""Most records in one write: what the hub hands over at once, where the system takes as many."""


@dataclass(frozen=True)
class Vendor:
    """One object of one sandbox. made: the n-th new record. moved: what changes in it, from -> to.

    settings: added to those of the catalogue.
    """

    name: str
    object: str
    made: Callable[[int], Mapping[str, Any]]
    moved: str
    settings: Mapping[str, Any] = field(default_factory=dict)


def _phone(n: int) -> str:
    return f"021-{n:08d}"


VENDORS = (
    Vendor("erpnext", "Customer", lambda n: {"customer_name": f"客户 {n}", "website": _phone(n)}, "website"),
    Vendor("fxiaoke", "AccountObj", lambda n: {"name": f"客户 {n}", "tel": _phone(n), "owner": "1000"}, "tel"),
    Vendor("jiandaoyun", "customer", lambda n: {"cust_name": f"客户 {n}", "phone": _phone(n)}, "phone"),
    Vendor(
        "kingdee",
        "BD_Customer",
        lambda n: {"FNumber": f"K{n:06d}", "FName": f"客户 {n}", "FTEL": _phone(n)},
        "FTEL",
        {"defaults": {"BD_Customer": {"FCreateOrgId": "100", "FUseOrgId": "100", "FTRADINGCURRID": "PRE001"}}},
    ),
    Vendor("odoo", "res.partner", lambda n: {"name": f"客户 {n}", "phone": _phone(n)}, "phone"),
    Vendor(
        "salesforce",
        "Account",
        lambda n: {"Name": f"客户 {n}", "Phone": _phone(n)},
        "Phone",
        {"objects": {"Account": {"fields": ["Name", "Phone", "HubKey__c"]}}},
    ),
    Vendor(
        "sap",
        "A_BusinessPartner",
        lambda n: {"BusinessPartnerCategory": "2", "OrganizationBPName1": f"客户 {n}", "SearchTerm1": _phone(n)},
        "SearchTerm1",
    ),
    Vendor(
        "yonbip",
        "merchant",
        lambda n: {"code": f"Y{n:06d}", "name": f"客户 {n}", "contactName": "王示例", "contactTel": _phone(n)},
        "contactTel",
        {"defaults": {"merchant": {"customerClassCode": "01"}}},
    ),
)


class Skipping(Env):
    """Waits by moving every clock on: a limit of calls a second is kept, and costs no time here."""

    def __init__(self, hands: Hands) -> None:
        super().__init__()
        self._hands, self._ahead = hands, 0.0

    def now(self) -> datetime:
        """The present instant, in UTC."""
        return super().now() + timedelta(seconds=self._ahead)

    def sleep(self, seconds: float) -> None:
        """Move the clocks on."""
        self._ahead += seconds
        self._hands.settings(clock_offset=self._ahead)


@contextmanager
def reached(vendor: Vendor) -> Iterator[tuple[Connector, Hands]]:
    """An empty sandbox, and the connector wired to it."""
    server = Server(catalog.entry(vendor.name).open(":memory:", True)).start()
    hands = Hands(server.url)
    try:
        with connected(vendor, server.url, Skipping(hands)) as connector:
            yield connector, hands
    finally:
        server.stop()


@contextmanager
def connected(vendor: Vendor, url: str, env: Env) -> Iterator[Connector]:
    """The connector wired to the sandbox there."""
    made = catalog.entry(vendor.name).connection
    assert made is not None, f"{vendor.name} does not say how it is reached"
    document = made(url)
    kind = connectors.find(document["connector"])
    given = {**document["settings"], **vendor.settings}
    limits = Limits(timeout=timedelta(seconds=60), concurrency=8)
    http = Egress(env, targets=targets_in(given), limits=limits, connection=vendor.name)
    facts = {"zone": "Asia/Shanghai", "lateness": 5.0, "clock_tolerance": 10.0, "concurrency": 8, "timeout": 60.0}
    connector = kind(kind.settings_type.model_validate(given), Site(http, env.now, env.sleep, vendor.name, facts=facts))
    try:
        yield connector
    finally:
        connector.close()
        http.close()


def counted(hands: Hands, work: Callable[[], Any]) -> tuple[int, Any]:
    """(calls, what it gave)."""
    hands.reset()
    done = work()
    return int(hands.counters()["total_calls"]), done


def thousand(vendor: Vendor, rows: int) -> tuple[int, int, int, int]:
    """Calls for so many (new records, reads of all of them, single looks at all of them, changes)."""
    with reached(vendor) as (connector, hands):
        [schema] = [s for s in connector.discover() if s.name == vendor.object]
        most = min(schema.abilities.batch, BATCH)
        new = [Write(None, vendor.made(n), token=f"{n:026x}") for n in range(rows)]
        made, told = counted(hands, lambda: _write(connector, vendor.object, new, most))
        read, _ = counted(hands, lambda: [r for page in connector.read(vendor.object) for r in page.records])
        ids = [w.id for w in told]
        looked, seen = counted(hands, lambda: list(connector.fetch(vendor.object, ids)))
        changes = [_change(vendor, n, record) for n, record in enumerate(seen)]
        moved, _ = counted(hands, lambda: _write(connector, vendor.object, changes, most))
    assert len(seen) == rows
    return made, read, looked, moved


def _change(vendor: Vendor, n: int, record: Record) -> Write:
    before = {vendor.moved: record.values[vendor.moved]}
    return Write(record.id, {vendor.moved: _phone(90_000_000 + n)}, version=record.version, expect=before)


def _write(connector: Connector, obj: str, writes: Sequence[Write], most: int) -> list[Written]:
    out: list[Written] = []
    for start in range(0, len(writes), most):
        for told in connector.write(obj, writes[start : start + most]):
            if not isinstance(told, Written):
                raise told
            out.append(told)
    return out


def main(rows: int) -> Iterator[tuple[str, int, int, int, int, str]]:
    """Rows of the table: vendor and object, calls per `rows` new, read, looked at one by one, changed; seconds."""
    for vendor in VENDORS:
        started = time.perf_counter()
        found = thousand(vendor, rows)
        yield f"{vendor.name} `{vendor.object}`", *found, f"{time.perf_counter() - started:.0f}"
