"""Rehearsal: the same code with delivery noted instead of sent, in a transaction that is rolled back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from hefu.core.connector import Connector
from hefu.core.errors import HubError
from hefu.core.records import ObjectSchema, Page, Record, Values
from hefu.engine import bury, worker
from hefu.engine.hub import Counts, Hub, Run, Side
from hefu.engine.permit import UNKNOWN
from hefu.engine.suppose import PLANNED
from hefu.store import golden as goldens
from hefu.store import issues, restored, runs, shards
from hefu.store.db import Rehearsal, Tx
from hefu.store.plans import PlanEntry

ENTRIES_SHOWN = 1000
"""Entries a plan holds in memory, for a screen; beyond them it only counts, and hands them on."""

Keep = Callable[[PlanEntry], None]


@dataclass
class Plan:
    """What would happen: how many of what, the first records field by field, and what waits for a person."""

    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    entries: list[PlanEntry] = field(default_factory=list)
    issues: list[Mapping[str, Any]] = field(default_factory=list)
    waiting: dict[str, int] = field(default_factory=dict)
    captured: dict[str, dict[str, int]] = field(default_factory=dict)
    left_out: list[dict[str, Any]] = field(default_factory=list)
    """What is stopped, so that nothing of it stands in the plan: mapping, its flows, scope, code and facts of why."""

    @property
    def writes(self) -> int:
        """Records that would be written, in all systems."""
        return sum(n for kinds in self.counts.values() for n in kinds.values())

    def add(self, entry: PlanEntry) -> None:
        """Count one more."""
        kinds = self.counts.setdefault(entry.mapping or "", {})
        kinds[entry.kind] = kinds.get(entry.kind, 0) + 1
        if len(self.entries) < ENTRIES_SHOWN:
            self.entries.append(entry)


class Recorder(Connector):
    """Reads go through; whatever would write is refused, as a rehearsal only notes it (suppose.py)."""

    def __init__(self, line: Connector) -> None:
        super().__init__(line.settings, line.site)
        self.line = line

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

    def left_out(self, obj: str) -> Sequence[tuple[str, HubError]] | None:
        """As the real one."""
        return self.line.left_out(obj)


def rehearse(hub: Hub, mappings: Sequence[str], *, full: bool = False, keep: Keep = lambda _: None) -> Plan:
    """What capturing and delivering these mappings would do now. Touches neither the systems nor the store.

    `keep` is given every entry, also those beyond ENTRIES_SHOWN, as it stands without what the rehearsal learned.
    Raises HubError when a system cannot be read, with the mapping among its facts: a plan from half a picture would be
    worse than none.
    """
    with hub.store.rehearsal() as stage, hub.run("plan", ",".join(mappings)[:200]) as run:
        first_new = hub.env.new_id()

        def keep_lasting(tx: Tx, plan: Plan, side: Side, entries: Sequence[PlanEntry]) -> None:
            for entry in lasting(tx, {side.name: side}, entries, first_new):
                plan.add(entry)
                keep(entry)

        return look_ahead(hub, stage, mappings, run, keep_lasting, full=full)


def look_ahead(
    hub: Hub,
    stage: Rehearsal,
    mappings: Sequence[str],
    run: Run,
    keep: Callable[[Tx, Plan, Side, Sequence[PlanEntry]], None],
    *,
    full: bool = False,
) -> Plan:
    """Read these mappings inside of a rehearsal, and aside of it deliver without sending. Raises as `rehearse`."""
    plan = Plan()
    dry = dry_hub(hub, lambda tx, side, entries: keep(tx, plan, side, entries))
    sides = []
    for name in [name for name in dry.active_mappings() if name in mappings]:
        with about(name):
            sides.append(dry.side(name))
            plan.captured[name] = dict(worker.read_side(dry, sides[-1], run, full=full))
    for side in sides:
        run.counts.update({f"{side.name}.{k}": n for k, n in bury.bury(dry, side, run).items()})
    with stage.aside():
        worker.drain(dry, replace(run, counts=Counts()), sides, guarded=False)
        with hub.store.look() as tx:
            plan.left_out = _left_out(hub, tx, [side.name for side in sides])
            plan.issues = issues.list_issues(tx, limit=1000)
            plan.waiting = issues.count_issues(tx)
    return plan


def _left_out(hub: Hub, tx: Tx, mappings: Sequence[str]) -> list[dict[str, Any]]:
    """Mappings that were read but not told: they, their connection or, after a restore, their entity stands still.

    A flow that is stopped is none of them: what it would do is what the plan is asked for.
    """
    stopped, unread = runs.paused(tx), {}
    if restored.under_way(tx):
        for name in restored.unread(tx, hub.active_mappings()):
            unread[hub.project.mappings[name].entity] = {"code": "plan.restored", "facts": {"mapping": name}}
    out = []
    for name in mappings:
        doc = hub.project.mappings[name]
        flows = [flow.flow for flow in hub.project.flows.values() if name in flow.mappings]
        for scope in (f"connection:{doc.connection}", f"mapping:{name}"):
            if (why := stopped.get(scope) or unread.get(doc.entity)) is not None:
                said = {"code": why["code"], "facts": why["facts"]}
                out.append({"mapping": name, "flows": flows, "scope": scope, **said})
                break
    return out


@contextmanager
def about(mapping: str) -> Iterator[None]:
    """An error in here concerns this mapping."""
    try:
        yield
    except HubError as error:
        error.facts.setdefault("mapping", mapping)
        raise


def dry_hub(hub: Hub, note: Callable[[Tx, Side, list[PlanEntry]], None] = lambda *_: None) -> Hub:
    """A hub that notes its writes to systems and does not make them, for use inside `Store.rehearsal`."""
    lines: dict[str, Recorder] = {}

    def connect(name: str) -> Connector:
        if name not in lines:
            lines[name] = Recorder(hub.connect(name))
        return lines[name]

    return replace(
        hub,
        connect=connect,
        note=note,
        worker_id=shards.REHEARSAL,
        draining=threading.Lock(),
        asked=threading.Event(),
        _sides={},
        _schemas={},
    )


# ------------------------------------------------------------------------- lasting


def lasting(tx: Tx, sides: Mapping[str, Side], entries: Sequence[PlanEntry], first_new: str) -> Sequence[PlanEntry]:
    """Entries as they stand once the rehearsal is undone.

    An id from `first_new` on is gone then: the record that the object comes from stands for it.
    """
    unknown = {e.golden_id for e in entries if e.golden_id}
    for entry in entries:
        side = sides[str(entry.mapping)]
        befores = {name: pair[0] for name, pair in entry.fields.items()}
        unknown |= {i for values in (befores, entry.after, entry.seen) for i in _ids(values, side)}
    records = _records(tx, {i for i in unknown if i >= first_new})
    return [_lasting(entry, sides[str(entry.mapping)], records, first_new) for entry in entries]


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
