"""Rehearsal: the same code with delivery recorded instead of sent, in a transaction that is rolled back."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from sqlalchemy import select

from hefu.core.connector import Connector
from hefu.core.records import ObjectSchema, Page, Record, Values, Write, Written
from hefu.engine import bury, worker
from hefu.engine.capture import capture
from hefu.engine.hub import Hub, Side
from hefu.store import golden as goldens
from hefu.store import issues
from hefu.store.db import from_json
from hefu.store.tables import intent, link

ENTRIES_KEPT = 100_000
"""Entries a plan keeps in full; beyond them it only counts."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One record that would be written: field -> [before, after], in our terms."""

    mapping: str
    connection: str
    object: str
    kind: str
    record_id: str | None
    golden_id: str
    title: str
    fields: Mapping[str, Sequence[Any]]


@dataclass
class Plan:
    """What would happen: how many of what, every record field by field, and what waits for a person."""

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    issues: list[Mapping[str, Any]] = field(default_factory=list)
    captured: dict[str, dict[str, int]] = field(default_factory=dict)

    @property
    def writes(self) -> int:
        """Records that would be written, in all systems."""
        return sum(n for kinds in self.counts.values() for n in kinds.values())


class Recorder(Connector):
    """Reads go through; writes are answered as if they had been made."""

    def __init__(self, line: Connector) -> None:
        super().__init__(line.settings, line.site)
        self.line = line
        self._numbers = count(1)

    def check(self) -> None:
        """As the real one."""
        self.line.check()

    def discover(self) -> Sequence[ObjectSchema]:
        """As the real one."""
        return self.line.discover()

    def read(self, obj: str, since: str | None = None) -> Iterator[Page]:
        """As the real one."""
        return self.line.read(obj, since)

    def fetch(self, obj: str, ids: Sequence[str]) -> Sequence[Record]:
        """As the real one, for records that exist."""
        real = [i for i in ids if not i.startswith("planned:")]
        return self.line.fetch(obj, real) if real else []

    def search(self, obj: str, by: Values) -> Sequence[Record]:
        """As the real one."""
        return self.line.search(obj, by)

    def write(self, obj: str, writes: Sequence[Write]) -> Sequence[Written]:
        """Nothing is sent."""
        return [Written(w.id or f"planned:{obj}:{next(self._numbers)}") for w in writes]

    def call(self, obj: str, action: str, record_id: str, args: Values) -> Written:
        """Nothing is sent."""
        return Written(record_id)


def rehearse(hub: Hub, mappings: Sequence[str], *, full: bool = False) -> Plan:
    """What capturing and delivering these mappings would do now. Touches neither the systems nor the store.

    Raises HubError when a system cannot be read: a plan from half a picture would be worse than none.
    """
    lines: dict[str, Recorder] = {}

    def connect(name: str) -> Connector:
        if name not in lines:
            lines[name] = Recorder(hub.connect(name))
        return lines[name]

    dry = replace(
        hub,
        connect=connect,
        rehearsing=True,
        worker_id="rehearsal",
        draining=threading.Lock(),
        asked=threading.Event(),
        _sides={},
        _schemas={},
    )
    plan = Plan()
    with hub.store.rehearsal(), dry.run("plan", ",".join(mappings)[:200]) as run:
        sides = [dry.side(name) for name in dry.active_mappings() if name in mappings]
        for side in sides:
            plan.captured[side.name] = dict(capture(dry, side, run, full=full))
        for side in sides:
            bury.bury(dry, side, run)
        worker.drain(dry, run, sides, guarded=False)
        _collect(dry, plan, run.id, sides)
    return plan


def _collect(hub: Hub, plan: Plan, run_id: str, sides: Sequence[Side]) -> None:
    """Read the plan out of the intents that the rehearsal left, before they are rolled back."""
    titles = {side.name: side for side in sides}
    with hub.store.look() as tx:
        statement = (
            select(intent, link.c.mapping, link.c.connection, link.c.object, link.c.record_id, link.c.golden_id)
            .join(link, link.c.id == intent.c.link_id)
            .where(intent.c.run_id == run_id)
            .order_by(intent.c.id)
        )
        for row in tx.run(statement).mappings():
            kinds = plan.counts.setdefault(row["mapping"], {})
            kinds[row["kind"]] = kinds.get(row["kind"], 0) + 1
            if len(plan.entries) < ENTRIES_KEPT:
                golden = goldens.load_golden(tx, [row["golden_id"]], lock=False)[row["golden_id"]]
                plan.entries.append(_entry(row, title_of(titles[row["mapping"]], golden.fields)))
        plan.issues = issues.list_issues(tx, limit=1000)


def _entry(row: Mapping[Any, Any], title: str) -> Entry:
    after, before = from_json(row["fields"]) or {}, from_json(row["before"]) or {}
    fields = {name: [before.get(name), value] for name, value in after.items()}
    if row["action"]:
        fields = {"step": [None, row["action"]]}
    fresh = row["kind"] == "create"
    return Entry(
        row["mapping"], row["connection"], row["object"], row["kind"], None if fresh else row["record_id"],
        row["golden_id"], title, fields,
    )  # fmt: skip


def title_of(side: Side, values: Mapping[str, Any]) -> str:
    """A few words by which a person recognises the record: its name, or else its keys."""
    for name in ("name", "title", "subject", "number", "code"):
        if isinstance(values.get(name), str):
            return str(values[name])
    return " ".join(str(values[f]) for key in side.entity.match for f in key if values.get(f))
