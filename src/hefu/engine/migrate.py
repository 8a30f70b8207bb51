"""Migration: records of one system move into another in batches that are staged, checked, loaded and verified.

Loading is the ordinary capture and delivery of exactly the staged records, slice by slice: an intent before each write,
a look before anything is repeated. So a load that dies anywhere goes on where it was, and nothing is doubled.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from hefu.core.errors import HubError, Unsupported
from hefu.core.project import Flow, Project
from hefu.engine import capture, drift, worker
from hefu.engine.fold import owed
from hefu.engine.hub import Counts, Hub, Run, Side, entity_fields
from hefu.engine.permit import Grant, Permit
from hefu.store import batches, intents, issues, journal, runs
from hefu.store import golden as goldens
from hefu.store.batches import LOADABLE, Row, StoredBatch
from hefu.store.db import Tx
from hefu.store.golden import Golden, Link

SLICE = 500
"""Records loaded between two looks at how it goes."""

PATIENCE = 30.0
"""Seconds that a slice waits for a system before the next one is begun; what waits is looked at again at the end."""

APART = "migration"
"""Name of the flow that a batch makes for mappings which no flow of the project keeps in step yet."""


@dataclass(frozen=True)
class Loading(Permit):
    """What is delivered while a batch is loaded: its own records, as they were checked, and nothing else."""

    batch_id: str = ""

    def due(
        self, tx: Tx, mapping: str, claimed: Sequence[int], limit: int, *, now: str | None = None, **more: bool
    ) -> list[tuple[str, str]]:
        """(link id, golden id) of what this batch is loading."""
        return batches.due_links(tx, self.batch_id, mapping, claimed, limit, now or tx.now())

    def over(self, tx: Tx, link_ids: Iterable[str]) -> Grant | None:
        """Nothing more is asked: the records were checked, and a person started the load."""
        return None


@dataclass
class Desk:
    """A batch at work: the hub that sees its mappings even while their flows rest, and both sides."""

    hub: Hub
    head: StoredBatch
    source: Side
    target: Side

    @property
    def fingerprint(self) -> str:
        """What both mappings mean now."""
        return f"{self.source.compiled.fingerprint}:{self.target.compiled.fingerprint}"


def awake(hub: Hub, names: Collection[str]) -> Hub:
    """The same hub with the flows of these mappings enabled, and of those that translate their references."""
    project = hub.project
    needed = set(names)
    places = {project.mappings[n].connection for n in names}
    for name in names:
        targets = {d.entity for _, d in entity_fields(hub.entity(project.mappings[name].entity)) if d.entity}
        needed |= {m for m, d in project.mappings.items() if d.connection in places and d.entity in targets}
    flows = {
        n: f.model_copy(update={"enabled": True}) if needed & set(f.mappings) else f for n, f in project.flows.items()
    }
    lonely = needed - {m for f in flows.values() for m in f.mappings}
    if lonely:
        flows[APART] = Flow(flow=APART, mappings=sorted(lonely), full_scan=None)
    return again(hub, project.model_copy(update={"flows": flows}))


def again(hub: Hub, project: Project, permit: Permit | None = None) -> Hub:
    """A worker of its own over this project."""
    return replace(
        hub, project=project, permit=permit, worker_id=hub.env.new_id(), draining=threading.Lock(),
        asked=threading.Event(), _sides={}, _entities={}, _active=[], _mapped={}, _schemas={},
    )  # fmt: skip


def desk(hub: Hub, batch_id: str, *states: str) -> Desk:
    """A batch at work. Raises Unsupported for an unknown batch, or one that is in none of these states."""
    with hub.store.look() as tx:
        head = batches.get(tx, batch_id)
    if head is None:
        raise Unsupported("migrate.unknown", id=batch_id)
    if states and head.state not in states:
        raise Unsupported("migrate.state", id=batch_id, state=head.state, wanted=", ".join(states))
    return _open(hub, head)


def _open(hub: Hub, head: StoredBatch) -> Desk:
    for name in (head.source, head.target):
        if name not in hub.project.mappings:
            raise Unsupported("cli.no_mapping", name=name, known=", ".join(sorted(hub.project.mappings)) or "-")
    work = awake(hub, (head.source, head.target))
    for name in (head.source, head.target):
        drift.check(work, name)
    return Desk(work, head, work.side(head.source), work.side(head.target))


# -------------------------------------------------------------------------- stage


def stage(hub: Hub, source: str, target: str, who: str) -> StoredBatch:
    """Read every record of `source` into a new batch for `target`. Writes to no system.

    Raises Unsupported where the two do not fit together, HubError when the source cannot be read (nothing is kept).
    """
    with hub.store.look() as tx:
        now = tx.now()
    head = StoredBatch(hub.env.new_id(), source, target, "staging", who, hub.project.version, now)
    at = _open(hub, head)
    _fit(at)
    with hub.store.begin() as tx:
        head.staged_at = tx.now()
        batches.add(tx, head)
    count = 0
    try:
        pages = at.hub.connect(at.source.mapping.connection).read(at.source.mapping.object)
        seen: set[tuple[str, str]] = set()
        for page in hub.env.ahead(pages):
            fresh = [r for r in page.records if (r.organisation, r.id) not in seen]
            seen.update((r.organisation, r.id) for r in fresh)
            with hub.store.begin() as tx:
                batches.add_rows(tx, head.id, count, fresh)
            count += len(fresh)
            hub.told("stage", source, Counts({"read": count}))
    except BaseException:
        with hub.store.begin() as tx:
            batches.drop_rows(tx, head.id)
            batches.update(tx, head.id, state="rolled_back", ended_at=tx.now(), note={"code": "migrate.not_read"})
        raise
    with hub.store.begin() as tx:
        head.state = "staged"
        batches.update(tx, head.id, state=head.state)
        detail = {"source": source, "target": target, "records": count}
        journal.record(tx, hub.journal_key, who, "migrate.staged", head.id, detail)
    return head


def _fit(at: Desk) -> None:
    source, target = at.source, at.target
    if source.entity.entity != target.entity.entity:
        raise Unsupported("load.other_entity", source=source.name, target=target.name)
    same = (source.mapping.connection, source.mapping.object) == (target.mapping.connection, target.mapping.object)
    if same or not (target.may_create or (target.mapping.update and target.can.update)):
        raise Unsupported("migrate.no_target", source=source.name, target=target.name)


# --------------------------------------------------------------------------- load


@dataclass
class Loaded:
    """How a load went: state of rows -> how many; `stopped`: why it could not go on, as code and facts."""

    head: StoredBatch
    rows: dict[str, int] = field(default_factory=dict)
    counts: Counts = field(default_factory=Counts)
    stopped: dict[str, Any] | None = None

    @property
    def waiting(self) -> int:
        """Records that are still to be loaded."""
        return sum(self.rows.get(state, 0) for state in LOADABLE)


def load(
    hub: Hub, batch_id: str, who: str, *, size: int = SLICE, slices: int | None = None, patience: float = PATIENCE
) -> Loaded:
    """Load what was checked, `size` records at a time, at most so many `slices`; or go on with a load that was cut off.

    Raises Unsupported where the batch was not checked under the mappings as they mean now, HubError when the target
    cannot be read. What the target refuses becomes a rejected row with its words.
    """
    at = desk(hub, batch_id, "checked", "loading")
    if at.head.fingerprint != at.fingerprint:
        raise Unsupported("migrate.meaning", id=batch_id)
    with hub.store.begin() as tx:
        if at.head.state != "loading":
            journal.record(tx, hub.journal_key, who, "migrate.loading", batch_id, {"slice": size})
        batches.update(tx, batch_id, state="loading", note=None)
    stopped = None
    with hub.run("apply", batch_id) as run:
        capture.capture(at.hub, at.target, run)  # what is there already must be recognised, or it would be doubled
        loader = _Loader(at, again(at.hub, at.hub.project, Loading("", batch_id)), run, patience)
        stopped = loader.all(size, slices)
        run.state = "paused" if stopped else run.state
    return _loaded(hub, at.head, who, stopped, Counts(run.counts))


def _loaded(hub: Hub, head: StoredBatch, who: str, stopped: dict[str, Any] | None, counts: Counts) -> Loaded:
    with hub.store.begin() as tx:
        done = Loaded(head, batches.counts(tx, head.id), counts, stopped)
        head.state, head.note = ("loading" if done.waiting else "loaded"), stopped
        values: dict[str, Any] = {"state": head.state, "note": stopped}
        if not done.waiting:
            values["loaded_at"] = tx.now()
            journal.record(tx, hub.journal_key, who, "migrate.loaded", head.id, done.rows)
        batches.update(tx, head.id, **values)
    return done


class _Loader:
    """A load under way. `bound` delivers only what the batch is loading."""

    def __init__(self, at: Desk, bound: Hub, run: Run, patience: float) -> None:
        self.at, self.hub, self.run, self.patience = at, at.hub, run, patience
        self.bound, self.target = bound, bound.side(at.target.name)

    def all(self, size: int, slices: int | None) -> dict[str, Any] | None:
        """Slice by slice, and once more what had to wait; the reason where it cannot go on."""
        for patience in (0.0, self.patience):
            after, self.patience = -1, patience
            while slices is None or slices > 0:
                with self.hub.store.look() as tx:
                    rows = batches.rows(tx, self.at.head.id, LOADABLE, after=after, limit=size)
                if not rows:
                    break
                after = rows[-1].seq
                self.slice(rows)
                if (why := self.stopped()) is not None:
                    return why
                slices = None if slices is None else slices - 1
                self.hub.told("load", self.target.name, Counts({"read": after + 1}))
        return None

    def slice(self, rows: list[Row]) -> None:
        """Capture these records, deliver them, and note what became of each."""
        staged = self.at.head.staged_at or ""
        capture.absorb(self.hub, self.at.source, [r.record for r in rows], self.run, self.run.counts, staged)
        self.bind(rows)
        rest = self.patience
        while True:
            counts = worker.drain(self.bound, self.run, [self.target], guarded=False)
            if not self.settle(rows) or self.stopped() is not None:
                return
            if not any(counts.values()):
                if rest <= 0:
                    return
                pause = min(1.0, rest)
                self.hub.env.sleep(pause)
                rest -= pause

    def stopped(self) -> dict[str, Any] | None:
        """Why the target cannot be written just now."""
        doc = self.target.mapping
        with self.hub.store.look() as tx:
            why = runs.paused(tx)
        for scope in (f"connection:{doc.connection}", f"mapping:{doc.mapping}"):
            if scope in why:
                facts = why[scope]["facts"]
                return {"code": why[scope]["code"], "facts": facts.get("facts", facts), "scope": scope}
        return None

    def bind(self, rows: Sequence[Row]) -> None:
        """Find or make the link of each record in the target; it is owed the record now."""
        doc = self.at.source.mapping
        with self.hub.store.begin() as tx:
            here = goldens.links_by_record(tx, doc.connection, doc.object, [r.key for r in rows])
            ids = {x.golden_id for x in here.values()}
            known, golden = goldens.links_of(tx, ids), goldens.load_golden(tx, ids)
            flying = intents.unsettled(tx, [x.id for links in known.values() for x in links])
            fresh: list[Link] = []
            dirty: list[Link] = []
            for row in rows:
                mine = here.get(row.key)
                if mine is None or mine.state == "detached":
                    row.state, row.reasons = "rejected", [_why(tx, mine, row)]
                    continue
                link = self._there(known.get(mine.golden_id, ()))
                if link is None:
                    link = self._wanted(tx, mine)
                    fresh.append(link)
                elif link.state == "tombstone":  # a batch before this one was rolled back, or somebody deleted it there
                    _anew(tx, link)
                    dirty.append(link)
                elif link.id not in flying and (
                    link.record_id is None or owed(self.target, link, golden[mine.golden_id])
                ):
                    link.due_at, link.waits, link.attempt = tx.now(), None, 0
                    dirty.append(link)
                row.link_id, row.state = link.id, "loading"
            goldens.add_links(tx, fresh)
            goldens.save_links(tx, dirty)
            batches.settle(tx, rows)

    def _there(self, links: Iterable[Link]) -> Link | None:
        doc = self.target.mapping
        here = [x for x in links if (x.connection, x.object) == (doc.connection, doc.object)]
        return min((x for x in here if x.state != "detached"), key=lambda x: x.state == "tombstone", default=None)

    def _wanted(self, tx: Tx, mine: Link) -> Link:
        doc = self.target.mapping
        return Link(
            self.hub.env.new_id(), doc.mapping, doc.connection, doc.object, self.target.connection.organisation, None,
            mine.golden_id, state="wanted", due_at=tx.now(), priority=self.target.priority,
        )  # fmt: skip

    def settle(self, rows: list[Row]) -> int:
        """What became of these records; says how many are still under way."""
        waiting = 0
        with self.hub.store.begin() as tx:
            links = goldens.load_links(tx, [r.link_id for r in rows if r.link_id], lock=False)
            golden = goldens.load_golden(tx, {x.golden_id for x in links.values()}, lock=False)
            flying = intents.unsettled(tx, links)
            done = []
            for row in rows:
                if row.state != "loading" or row.link_id not in links:
                    continue
                link = links[row.link_id]
                self._judge(tx, row, link, golden[link.golden_id], link.id in flying)
                if row.state == "loading":
                    waiting += 1
                else:
                    done.append(row)
            batches.settle(tx, done)
        return waiting

    def _judge(self, tx: Tx, row: Row, link: Link, golden: Golden, flying: bool) -> None:
        if flying:
            return
        if link.waits == "person":
            row.state, row.reasons = "rejected", [_why(tx, link, row)]
        elif link.waits == "filtered":
            row.state = "filtered"
        elif link.record_id is not None and link.due_at is None and not owed(self.target, link, golden):
            row.state, row.reasons = "loaded", []


def _anew(tx: Tx, link: Link) -> None:
    """The record is gone there: it is wanted again, as a new one."""
    link.state, link.record_id, link.told, link.seen, link.digest = "wanted", None, {}, {}, None
    link.version, link.status, link.due_at, link.waits, link.attempt = None, None, tx.now(), None, 0


def _why(tx: Tx, link: Link | None, row: Row) -> dict[str, Any]:
    """The reason that the desk has for this record, in the words of whoever refused it."""
    found = (
        [i for i in issues.list_issues(tx, golden_id=link.golden_id) if i["link_id"] in (None, link.id)] if link else []
    )
    for issue in found:
        if issue["kind"] in ("rejected", "unknown_outcome", "duplicate", "unreadable"):
            facts = issue["facts"]
            code = facts.get("code") or f"migrate.{issue['kind']}"
            return {"field": issue["field"], "code": code, "facts": facts.get("facts", facts), "issue": issue["id"]}
    return {"field": "", "code": "migrate.not_taken", "facts": {"id": row.record.id}}


def reason(error: HubError, field_name: str = "") -> dict[str, Any]:
    """An error as a reason that is kept: field, code, facts."""
    blamed = getattr(error, "field", None) or field_name
    return {"field": blamed, "code": error.code, "facts": {k: str(v) for k, v in error.facts.items()}}


__all__ = ["SLICE", "Desk", "Loaded", "Loading", "again", "awake", "desk", "load", "reason", "stage"]
