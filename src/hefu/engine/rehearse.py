"""Rehearsal: the same code with delivery recorded instead of sent, in a transaction that is rolled back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any

from sqlalchemy import select

from hefu.core.connector import Connector
from hefu.core.errors import HubError
from hefu.core.records import ObjectSchema, Page, Record, Values, Write, Written
from hefu.engine import bury, worker
from hefu.engine.capture import capture
from hefu.engine.hub import Hub, Side
from hefu.engine.permit import UNKNOWN
from hefu.store import golden as goldens
from hefu.store import issues
from hefu.store.db import Tx, from_json
from hefu.store.golden import Golden, Link
from hefu.store.plans import PlanEntry
from hefu.store.tables import intent, link

ENTRIES_KEPT = 100_000
"""Entries a plan holds in memory; beyond them it only counts, and hands them on."""

PAGE = 500
PLANNED = "planned:"
"""What the id of a record begins with that would have been created."""


@dataclass
class Plan:
    """What would happen: how many of what, every record field by field, and what waits for a person."""

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    entries: list[PlanEntry] = field(default_factory=list)
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
        real = [i for i in ids if not i.startswith(PLANNED)]
        return self.line.fetch(obj, real) if real else []

    def search(self, obj: str, by: Values) -> Sequence[Record]:
        """As the real one."""
        return self.line.search(obj, by)

    def write(self, obj: str, writes: Sequence[Write]) -> Sequence[Written]:
        """Nothing is sent."""
        return [Written(w.id or f"{PLANNED}{obj}:{next(self._numbers)}") for w in writes]

    def call(self, obj: str, action: str, record_id: str, args: Values) -> Written:
        """Nothing is sent."""
        return Written(record_id)


def rehearse(
    hub: Hub, mappings: Sequence[str], *, full: bool = False, keep: Callable[[PlanEntry], None] = lambda _: None
) -> Plan:
    """What capturing and delivering these mappings would do now. Touches neither the systems nor the store.

    `keep` is given every entry, also those beyond ENTRIES_KEPT. Raises HubError when a system cannot be read, with the
    mapping among its facts: a plan from half a picture would be worse than none.
    """
    plan, dry = Plan(), dry_hub(hub)
    first_new = hub.env.new_id()
    with hub.store.rehearsal(), dry.run("plan", ",".join(mappings)[:200]) as run:
        sides = []
        for name in [name for name in dry.active_mappings() if name in mappings]:
            try:
                side = dry.side(name)
                plan.captured[name] = dict(capture(dry, side, run, full=full))
            except HubError as error:
                error.facts.setdefault("mapping", name)
                raise
            sides.append(side)
        for side in sides:
            bury.bury(dry, side, run)
        worker.drain(dry, run, sides, guarded=False)
        _collect(dry, plan, run.id, first_new, sides, keep)
    return plan


def dry_hub(hub: Hub) -> Hub:
    """A hub whose writes to systems are only answered, for use inside `Store.rehearsal`."""
    lines: dict[str, Recorder] = {}

    def connect(name: str) -> Connector:
        if name not in lines:
            lines[name] = Recorder(hub.connect(name))
        return lines[name]

    return replace(
        hub,
        connect=connect,
        rehearsing=True,
        worker_id="rehearsal",
        draining=threading.Lock(),
        asked=threading.Event(),
        _sides={},
        _schemas={},
    )


# --------------------------------------------------------------------- collecting


def _collect(
    hub: Hub, plan: Plan, run_id: str, first_new: str, sides: Sequence[Side], keep: Callable[[PlanEntry], None]
) -> None:
    """Read the plan out of the intents that the rehearsal left, before they are rolled back."""
    by_name = {side.name: side for side in sides}
    after = ""
    with hub.store.look() as tx:
        while rows := _page(tx, run_id, after):
            after = rows[-1]["id"]
            for entry in _entries(tx, rows, by_name, first_new):
                entry.seq = plan.writes
                kinds = plan.counts.setdefault(entry.mapping or "", {})
                kinds[entry.kind] = kinds.get(entry.kind, 0) + 1
                if len(plan.entries) < ENTRIES_KEPT:
                    plan.entries.append(entry)
                keep(entry)
        plan.issues = issues.list_issues(tx, limit=1000)


def _page(tx: Tx, run_id: str, after: str) -> Sequence[Mapping[Any, Any]]:
    statement = (
        select(intent, link.c.mapping)
        .join(link, link.c.id == intent.c.link_id)
        .where(intent.c.run_id == run_id, intent.c.id > after)
        .order_by(intent.c.id)
        .limit(PAGE)
    )
    rows: Sequence[Mapping[Any, Any]] = tx.run(statement).mappings().all()
    return rows


def _entries(
    tx: Tx, rows: Sequence[Mapping[Any, Any]], sides: Mapping[str, Side], first_new: str
) -> Sequence[PlanEntry]:
    """The entries of some intents. An id from `first_new` on is gone with the rehearsal: its record stands for it."""
    links = goldens.load_links(tx, {row["link_id"] for row in rows}, lock=False)
    golden = goldens.load_golden(tx, {x.golden_id for x in links.values()}, lock=False)
    out: list[PlanEntry] = []
    for row in reversed(rows):  # from the last write back, so that `seen` becomes what it was before each
        side, mine = sides[row["mapping"]], links[row["link_id"]]
        entry = _entry(row, side, mine, golden[mine.golden_id])
        if entry.kind in ("update", "delete"):
            mine.seen = {**mine.seen, **{name: pair[0] for name, pair in entry.fields.items()}}
            entry.seen = mine.seen
        out.append(entry)
    out.reverse()
    unknown = {x.golden_id for x in links.values()}
    for entry in out:
        side = sides[str(entry.mapping)]
        befores = {name: pair[0] for name, pair in entry.fields.items()}
        unknown |= {i for values in (befores, entry.after, entry.seen) for i in _ids(values, side)}
    records = _records(tx, {i for i in unknown if i >= first_new})
    return [_lasting(entry, sides[str(entry.mapping)], records, first_new) for entry in out]


def _entry(row: Mapping[Any, Any], side: Side, link: Link, golden: Golden) -> PlanEntry:
    after, before = from_json(row["fields"]) or {}, from_json(row["before"]) or {}
    if row["kind"] == "create" and row["fields"] is None:
        after = link.told
    fields = {name: [before.get(name), value] for name, value in after.items()}
    if row["kind"] == "delete":
        fields = {name: [value, None] for name, value in before.items()}
    if row["action"]:
        fields = {"step": [None, row["action"]]}
    there = link.record_id is not None and not link.record_id.startswith(PLANNED) and row["kind"] != "create"
    return PlanEntry(
        row["id"], 0, link.mapping, link.connection, link.object, golden.entity, row["kind"], row["action"],
        link.organisation, link.record_id if there else None, link.golden_id, None, title_of(side, golden.fields),
        fields, link_id=link.id,
    )  # fmt: skip


def _ids(values: Mapping[str, Any] | None, side: Side) -> Iterator[str]:
    """The one-IDs that these values refer to."""
    for path in side.compiled.references if values else ():
        value = (values or {}).get(path[0])
        rows = [row.get(path[1]) for row in value or ()] if len(path) > 1 else [value]
        yield from (i for i in rows if isinstance(i, str))


def _records(tx: Tx, golden_ids: Collection[str]) -> dict[str, list[str]]:
    """golden id -> connection, object, organisation and id of a record that it comes from."""
    out: dict[str, list[str]] = {}
    for golden_id, links in goldens.links_of(tx, golden_ids, lock=False).items():
        for x in sorted(links, key=lambda x: x.id):
            if x.record_id is not None and not x.record_id.startswith(PLANNED):
                out.setdefault(golden_id, [x.connection, x.object, x.organisation, x.record_id])
    return out


def _lasting(entry: PlanEntry, side: Side, records: Mapping[str, list[str]], first_new: str) -> PlanEntry:
    """The entry without ids that are gone after the rehearsal."""
    known = {golden_id: {UNKNOWN: record} for golden_id, record in records.items()}

    def lasting(values: Mapping[str, Any]) -> dict[str, Any]:
        out = dict(values)
        for path in side.compiled.references:
            value = out.get(path[0])
            if len(path) == 1 and isinstance(value, str):
                out[path[0]] = known.get(value, value)
            elif len(path) > 1 and isinstance(value, list):
                out[path[0]] = [{**row, path[1]: known.get(row.get(path[1]), row.get(path[1]))} for row in value]
        return out

    befores = lasting({name: pair[0] for name, pair in entry.fields.items()})
    afters = lasting(entry.after)
    entry.fields = {name: [befores[name], afters[name]] for name in entry.fields}
    if entry.seen is not None:
        entry.seen = lasting(entry.seen)
    if (origin := records.get(entry.golden_id or "")) is not None:
        entry.origin, entry.golden_id = origin, None
    if entry.link_id is not None and entry.link_id >= first_new:
        entry.link_id = None
    return entry


def title_of(side: Side, values: Mapping[str, Any]) -> str:
    """A few words by which a person recognises the record: its name, or else its keys."""
    for name in ("name", "title", "subject", "number", "code"):
        if isinstance(values.get(name), str):
            return str(values[name])
    return " ".join(str(values[f]) for key in side.entity.match for f in key if values.get(f))
