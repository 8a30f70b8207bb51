"""Taking back: restores what nobody changed since, and lists the rest with both values.

The last change of one record is taken back at once. Whatever is larger is a plan (`takeback.py`), made from the
before-images of the writes that are read here, and its compensating versions are made here when it is applied.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import select

from hefu.core.errors import Unsupported
from hefu.core.merge import settle_lines
from hefu.core.records import Normal, Normals
from hefu.engine import bury
from hefu.engine.fold import Batch, _at, remember_keys
from hefu.engine.hub import Hub, Run, line_keys
from hefu.store import golden as goldens
from hefu.store import journal, plans
from hefu.store.db import Tx, from_json
from hefu.store.golden import Golden, Moved
from hefu.store.plans import PlanEntry
from hefu.store.tables import intent, link, run

REVIVE = "revive"
"""The `action` of a golden entry that brings a deleted object back."""


class Undone(NamedTuple):
    """field -> [value taken back, value restored]; and field -> [expected, found] of what was left alone."""

    restored: dict[str, list[Any]]
    left: dict[str, list[Any]]


def undo_last(hub: Hub, golden_id: str, who: str) -> Undone:
    """Take back the last change of one record. Raises Unsupported when there is nothing that can be taken back.

    All systems that took the change owe the earlier values from now on.
    """
    with hub.run("undo", golden_id) as run, hub.store.begin() as tx:
        found = goldens.load_golden(tx, [golden_id])
        story = goldens.changes_of(tx, [golden_id])
        last = _last(story)
        if golden_id not in found or last is None:
            raise Unsupported("undo.nothing", id=golden_id)
        golden = found[golden_id]
        batch = Batch(hub, tx, run, golden={golden_id: golden}, priority=1)
        restored, left = {}, {}
        for path, (old, new) in last["moved"].items():
            now = _at(golden.fields, path)
            if now == new:
                restored[path] = [new, old]
            else:
                left[path] = [new, now]
        if restored:
            _move_back(batch, golden, restored, who)
            batch.store()
        journal.record(
            tx, hub.journal_key, who, "undo", golden_id, {"restored": sorted(restored), "left": sorted(left)}
        )
    return Undone(restored, left)


def _move_back(batch: Batch, golden: Golden, moves: Mapping[str, Sequence[Normal]], who: str) -> None:
    """A compensating version: path -> [value now, value it had]. Everyone may owe something then."""
    entity = batch.hub.entity(golden.entity)
    before = golden.fields
    for path, (_, old) in moves.items():
        golden.fields = settle_lines(golden.fields, path, old, line_keys(entity))
    batch.touch(golden)
    remember_keys(batch, entity, golden, before)
    batch.owe(golden.id, "")
    batch.moved.append(Moved(golden.id, "undone", None, who, None, None, {p: list(m) for p, m in moves.items()}))


def _last(story: Sequence[Mapping[str, Any]]) -> Mapping[str, Any] | None:
    """The newest change that moved values and has not been taken back yet."""
    skip = 0
    for row in story[::-1]:
        if row["kind"] == "undone":
            skip += 1
        elif row["kind"] in ("changed", "decided", "deleted") or (row["kind"] == "linked" and row["moved"]):
            if skip == 0:
                return row
            skip -= 1
    return None


# ------------------------------------------------------------------ what was written


@dataclass(frozen=True)
class Scope:
    """What is to be taken back. At least one of run (or a plan that was applied), golden id, since, until is given.

    `since` and `until` are instants as stored; the other three narrow it down. A golden id alone means its last run.
    """

    run: str | None = None
    golden_id: str | None = None
    since: str | None = None
    until: str | None = None
    entity: str | None = None
    system: str | None = None
    field: str | None = None


@dataclass
class Story:
    """What the writes in scope did to one record: the first before and the last after of each field."""

    link_id: str
    golden_id: str
    mapping: str
    first: str
    created: bool = False
    deleted: bool = False
    steps: list[str] = field(default_factory=list)
    before: Normals = field(default_factory=dict)
    after: Normals = field(default_factory=dict)
    runs: set[str] = field(default_factory=set)

    def add(self, row: Mapping[Any, Any]) -> None:
        """One more write, in order."""
        self.runs.add(row["run_id"])
        sent, before = from_json(row["fields"]), from_json(row["before"]) or {}
        if row["kind"] == "create":
            self.created, self.deleted = True, False
            self.after = sent if sent is not None else from_json(row["told"])
        elif row["kind"] == "delete":
            self.deleted = True
        elif row["kind"] == "action":
            self.steps.append(row["action"] or "?")
        else:
            for name, value in (sent or {}).items():
                self.before.setdefault(name, before.get(name))
                self.after[name] = value


def stories(hub: Hub, tx: Tx, scope: Scope) -> list[Story]:
    """The writes in scope that took effect, record by record. Raises Unsupported where the run is not known."""
    where: list[Any] = [intent.c.state == "applied"]
    if scope.run is not None:
        ids = _run_ids(tx, scope.run)
        where += [intent.c.run_id.in_(ids), intent.c.id > min(ids)]
    if scope.since is not None:
        where.append(intent.c.made_at >= scope.since)
    if scope.until is not None:
        where.append(intent.c.made_at <= scope.until)
    if scope.golden_id is not None:
        where.append(link.c.golden_id == scope.golden_id)
        if scope.run is scope.since is scope.until is None:
            where.append(intent.c.run_id == _last_run(tx, scope.golden_id))
    if scope.system is not None:
        where.append(link.c.connection == scope.system)
    statement = (
        select(intent, link.c.golden_id, link.c.mapping, link.c.told)
        .join(link, link.c.id == intent.c.link_id)
        .where(*where)
        .order_by(intent.c.id)
    )
    out: dict[str, Story] = {}
    mappings = hub.project.mappings
    for row in tx.run(statement).mappings():
        if row["mapping"] not in mappings or scope.entity not in (None, mappings[row["mapping"]].entity):
            continue
        found = out.setdefault(row["link_id"], Story(row["link_id"], row["golden_id"], row["mapping"], row["id"]))
        found.add(row)
    together = _one_doing(tx, {run_id for one in out.values() for run_id in one.runs})
    for one in out.values():
        one.runs = {other for run_id in one.runs for other in together.get(run_id, {run_id})}
    return list(out.values())


def _one_doing(tx: Tx, run_ids: Iterable[str]) -> dict[str, set[str]]:
    """run -> all runs that applied the same plan: it was read in one and written in another, or cut off in between."""
    rows = tx.pick(run, ("id", "scope"), "id", run_ids, "kind = 'apply'")
    groups: dict[str, set[str]] = {}
    for run_id, scope in tx.pick(run, ("id", "scope"), "scope", {scope for _, scope in rows}, "kind = 'apply'"):
        groups.setdefault(scope, set()).add(run_id)
    return {run_id: groups[scope] for run_id, scope in rows}


def _run_ids(tx: Tx, given: str) -> list[str]:
    """The run itself, or the runs that applied that plan."""
    applied = (run.c.kind == "apply") & (run.c.scope == given)
    ids = list(tx.run(select(run.c.id).where((run.c.id == given) | applied)).scalars())
    if not ids:
        raise Unsupported("undo.no_run", id=given)
    return ids


def _last_run(tx: Tx, golden_id: str) -> str:
    wrote = (
        select(intent.c.run_id)
        .join(link, link.c.id == intent.c.link_id)
        .where(link.c.golden_id == golden_id, intent.c.state == "applied")
        .order_by(intent.c.id.desc())
        .limit(1)
    )
    found = tx.run(wrote).scalar()
    if found is None:
        raise Unsupported("undo.nothing", id=golden_id)
    return str(found)


# --------------------------------------------------------------- compensating versions


def compensate(hub: Hub, plan_id: str, by_run: Run, who: str) -> None:
    """Move golden records back as an approved plan says; one that somebody moved since stays, with all that it owes."""
    while True:
        with hub.store.begin() as tx:
            entries = plans.golden_entries(tx, plan_id, 500)
            if not entries:
                return
            wanted = [e.golden_id or "" for e in entries]
            batch = Batch(hub, tx, by_run, golden=goldens.load_golden(tx, wanted))
            turned: list[tuple[str, Any, str]] = []
            moved: list[str] = []
            for entry in entries:
                golden = batch.golden.get(entry.golden_id or "")
                found = _moved_since(golden, entry)
                if golden is None or found:
                    turned.append(("changed", {"found": found}, entry.id))
                    moved.append(entry.golden_id or "")
                    continue
                if entry.action == REVIVE:
                    bury.revive(batch, golden)
                    batch.moved.append(Moved(golden.id, "undone", None, who, None, None, {}))
                else:
                    _move_back(batch, golden, entry.fields, who)
                turned.append(("written", None, entry.id))
            batch.store()
            plans.turned(tx, turned)
            plans.turn_objects(tx, plan_id, moved)


def _moved_since(golden: Golden | None, entry: PlanEntry) -> dict[str, list[Any]]:
    if golden is None:
        return {"id": [entry.golden_id, None]}
    if entry.action == REVIVE:
        return {} if golden.state == "deleted" else {"state": ["deleted", golden.state]}
    now = {path: _at(golden.fields, path) for path in entry.fields}
    return {
        path: [pair[0], now[path]]
        for path, pair in entry.fields.items()
        if now[path] != pair[0] or path in golden.disputed or golden.state != "live"
    }
