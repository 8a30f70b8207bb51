"""Drains due work and runs cycles: what the runtime's jobs call. One worker holds a shard at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from hefu.core.errors import Denied, HubError, Transient, Unsupported
from hefu.core.project import Flow
from hefu.core.urgency import URGENT, is_urgent, urgently
from hefu.engine import bury, canary, capture, deliver, drift, guard, outcome, settle
from hefu.engine.hub import Counts, Hub, Run, Side
from hefu.engine.prepare import BATCH
from hefu.engine.recount import recount
from hefu.store import intents, issues, restored, runs, shards
from hefu.store.canaries import Trial
from hefu.store.db import Tx
from hefu.store.golden import SHARDS
from hefu.store.issues import Issue


def usable_sides(hub: Hub, mappings: Iterable[str]) -> list[Side]:
    """The sides that are not paused and whose connection answers; trouble pauses them with its reason."""
    out = []
    with hub.store.look() as tx:
        quiet = not runs.noted(tx)
    for name in mappings:
        doc = hub.project.mappings[name]
        if not quiet and is_paused(hub, name):
            continue
        try:
            schema = hub.schema(doc.connection, doc.object)
            if not quiet or hub.compatible.get(name) is not schema:  # what was compared stays as it was compared
                drift.check(hub, name)
                hub.compatible[name] = schema
            out.append(hub.side(name))
        except HubError as error:
            if ours(error):
                raise
            stop(hub, doc.connection, name, error)
    return out


def ours(error: HubError) -> bool:
    """Whether our own database failed: no system is to blame, and nothing can be noted down either."""
    return error.code.startswith("store.")


def is_paused(hub: Hub, mapping: str) -> bool:
    """Whether the mapping, its connection or its flow is stopped now."""
    doc = hub.project.mappings[mapping]
    names = [f.flow for f in hub.project.flows.values() if mapping in f.mappings]
    over = hub.rehearsing or (hub.permit is not None and hub.permit.stopped_too)
    flows = [] if over else [f"{kind}:{name}" for name in names for kind in ("flow", "plan")]
    with hub.store.look() as tx:
        stopped = {scope for scope, row in runs.paused(tx).items() if not (is_urgent() and _not_for_urgent(row))}
    return any(scope in stopped for scope in (f"connection:{doc.connection}", f"mapping:{mapping}", *flows))


def _not_for_urgent(pause: Mapping[str, Any]) -> bool:
    """The calls of the day are used up for ordinary work, and some are kept."""
    return bool(pause["code"] == "net.daily_quota" and pause["facts"].get("kept", "0") != "0")


def stop(hub: Hub, connection: str, mapping: str, error: HubError) -> None:
    """Pause what an error concerns; a passing fault only until it should be over.

    Who is told to come back later waits alone: more urgent work may have calls of its own left.
    """
    facts = {"code": error.code, "facts": {k: str(v) for k, v in error.facts.items()}}
    hub.forget_schemas(connection)
    with hub.store.begin() as tx:
        if isinstance(error, Transient):
            scope = f"connection:{connection}" if error.after is None else f"mapping:{mapping}"
            wait = error.after if error.after is not None else 10.0
            runs.pause_scope(tx, scope, error.code, facts, tx.later(wait))
        else:
            settle.pause_named(tx, connection, mapping, error)


def capture_side(hub: Hub, side: Side, run: Run, *, full: bool = False) -> Counts | None:
    """Capture one side; None if its system failed (which pauses it, and the run says so)."""
    try:
        return read_side(hub, side, run, full=full)
    except (Transient, Denied, Unsupported) as error:
        if ours(error):
            raise
        stop(hub, side.mapping.connection, side.name, error)
        run.state, run.note = "paused", error.code
        return None


def read_side(hub: Hub, side: Side, run: Run, *, full: bool = False) -> Counts:
    """Capture one side. Raises HubError when its system fails."""
    with urgently(side.priority == URGENT):
        counts = capture.capture(hub, side, run, full=full)
    _tell_left_out(hub, side, counts)
    run.counts.update({f"{side.name}.{k}": n for k, n in counts.items()})
    return counts


def _tell_left_out(hub: Hub, side: Side, counts: Counts) -> None:
    """Rows that are no records cannot be waited for by any; they are cases of their own, until they can be read."""
    found = hub.connect(side.mapping.connection).left_out(side.mapping.object)
    if found is None:
        return
    place, prefix = side.mapping.connection, f"{side.mapping.object}: "
    cases = {f"{prefix}{where}"[:200]: (where, error) for where, error in found}
    counts["left_out"] += len(found)
    with hub.store.begin() as tx:
        issues.keep_only(tx, "unreadable", place, prefix, cases.keys())
        issues.raise_issues(
            tx,
            [
                Issue("unreadable", side.entity.entity, None, None, place, field, _left_out(where, error))
                for field, (where, error) in cases.items()
            ],
        )


def _left_out(where: str, error: HubError) -> dict[str, object]:
    return {"code": error.code, "facts": {k: str(v) for k, v in error.facts.items()}, "record_id": where}


def cycle(hub: Hub, flow: Flow, *, full: bool = False, guarded: bool = True, only: Sequence[str] = ()) -> Run:
    """One round of a flow: read every side, decide about what is gone, deliver what is owed."""
    recount(hub)
    with hub.run("cycle", flow.flow) as run:
        names = [m for m in hub.active_mappings() if m in flow.mappings and (not only or m in only)]
        with _reading(hub, flow):
            sides = usable_sides(hub, names)
            if len(sides) < len(names):
                run.state, run.note = "paused", ", ".join(sorted({*names} - {side.name for side in sides}))[:500]
            read = [side for side in sides if capture_side(hub, side, run, full=full) is not None]
            if len(read) == len(names):
                for side in _with_missing(hub, read):
                    run.counts.update({f"{side.name}.{k}": n for k, n in bury.bury(hub, side, run).items()})
        drain(hub, run, read, guarded=guarded)
        _recovered(hub, read)
    return run


def _with_missing(hub: Hub, sides: Sequence[Side]) -> list[Side]:
    """Those of which a record is missing, or was and stopped their deletes."""
    with hub.store.look() as tx:
        missing, noted = shards.missing_mappings(tx), runs.noted(tx)
    return [side for side in sides if side.name in missing or f"deletes:{side.name}" in noted]


def _recovered(hub: Hub, sides: Sequence[Side]) -> None:
    """What was paused for a time and works again is said to be well."""
    scopes = {f"connection:{s.mapping.connection}" for s in sides} | {f"mapping:{s.name}" for s in sides}
    with hub.store.look() as tx:
        over = [scope for scope in runs.ended(tx) if scope in scopes]
    if over:
        with hub.store.begin() as tx:
            for scope in over:
                runs.resume_scope(tx, scope)
                issues.close_issues(tx, "hub", "works again", kinds=("paused",), field=scope)


@contextmanager
def _reading(hub: Hub, flow: Flow) -> Iterator[None]:
    """Let every worker know since when this flow is being read, so that none delivers what comes of half of it."""
    since: str | None = None
    try:
        with hub.marking, _marking(hub) as tx:
            since = tx.now()
            hub.reading.setdefault(flow.flow, []).append(since)
            _say_reading(hub, tx)
        yield
    finally:
        if since is not None:  # else nothing is delivered again after our database went away just here
            with hub.marking:
                hub.reading[flow.flow].remove(since)
                with _marking(hub) as tx:
                    _say_reading(hub, tx)


def _marking(hub: Hub) -> AbstractContextManager[Tx]:
    """On SQLite this process is the only one, so nothing is written down."""
    return hub.store.begin() if hub.store.postgresql else hub.store.look()


def _say_reading(hub: Hub, tx: Tx) -> None:
    if hub.store.postgresql:
        shards.say_reading(tx, hub.worker_id, {flow: min(times) for flow, times in hub.reading.items() if times})


def drain(
    hub: Hub, run: Run, sides: Sequence[Side] | None = None, *, guarded: bool = True, at_most: int = SHARDS
) -> Counts:
    """Deliver what is due now, parents first, until nothing is; what must wait stays due for later.

    One drain at a time in a process; a second one returns at once, and the first then looks once more.
    `guarded`: a flow above its flood limits is paused instead; a person's approval goes without.
    """
    total = Counts()
    hub.asked.set()
    while hub.asked.is_set() and hub.draining.acquire(blocking=False):
        try:
            hub.asked.clear()
            total += _drain(hub, run, sides, guarded, at_most)
        finally:
            hub.draining.release()
    run.counts.update({f"delivered.{k}": n for k, n in total.items()})
    return total


def _anything_to_do(hub: Hub, sides: Sequence[Side]) -> bool:
    """Whether it is worth to claim shards: something is due, or the outcome of a write is not known."""
    with hub.store.look() as tx:
        return shards.anything_due(tx, [side.name for side in sides]) or intents.anything_open(tx)


def handed_over(hub: Hub) -> bool:
    """Whether somebody drains just now; whoever it is then looks once more for what has become due."""
    hub.asked.set()
    return hub.draining.locked()


def _drain(hub: Hub, run: Run, sides: Sequence[Side] | None, guarded: bool, at_most: int) -> Counts:
    total = Counts()
    sides = sides if sides is not None else usable_sides(hub, hub.active_mappings())
    sides = _read_since_restored(hub, sides)
    if not (hub.permit or _anything_to_do(hub, sides) or canary.on_trial(hub, sides)):
        return total
    with hub.store.begin() as tx:
        shards.ensure_shards(tx)
        fences = shards.claim(tx, hub.worker_id, at_most)
    if fences and guarded:
        while _drain_measured(hub, run, _calm(hub, sides, run), fences, total):
            pass
    elif fences:
        if not (hub.rehearsing or hub.permit):
            canary.approve(hub, sides, "apply")
        while _drain_once(hub, run, [Lot(side) for side in sides], fences, total):
            pass
    with hub.store.begin() as tx:
        shards.release(tx, hub.worker_id)
    return total


def _read_since_restored(hub: Hub, sides: Sequence[Side]) -> Sequence[Side]:
    """After a restore, only objects whose systems were all read again: what happened there since is merged first."""
    with hub.store.look() as tx:
        if not restored.under_way(tx):
            return sides
        unread = restored.unread(tx, hub.active_mappings())
    if not unread:
        with hub.store.begin() as tx:
            restored.all_read(tx)
    waiting = {hub.project.mappings[name].entity for name in unread}
    return [side for side in sides if side.mapping.entity not in waiting]


@dataclass
class Lot:
    """What of a side may be delivered: what was due `by` an instant, and of a version on trial only its group."""

    side: Side
    by: str | None = None
    trial: Trial | None = None
    wrote: bool = False


def _calm(hub: Hub, sides: Sequence[Side], run: Run) -> list[Lot]:
    """The sides of flows whose due writes stay within their limits, as of now; of one that is being read, of before."""
    flows = {side.flow.flow: side.flow for side in sides if side.flow is not None}
    since = {name: min(times) for name, times in list(hub.reading.items()) if times}
    with hub.store.look() as tx:
        if hub.store.postgresql and flows:
            for name, at in shards.read_elsewhere(tx, hub.worker_id).items():
                since[name] = min(at, since.get(name, at))
        now, paused = tx.now(), runs.paused(tx)
    stopped = {name for name in flows if f"flow:{name}" in paused}
    stopped |= {name for name, flow in flows.items() if name not in stopped and _flood(hub, flow, sides, run)}
    calm = [side for side in sides if side.flow is None or side.flow.flow not in stopped]
    trials = canary.on_trial(hub, calm)
    names = [side.flow.flow if side.flow is not None else "" for side in calm]
    return [Lot(s, min(now, since.get(name, now)), trials.get(s.name)) for s, name in zip(calm, names, strict=True)]


def _flood(hub: Hub, flow: Flow, sides: Sequence[Side], run: Run) -> bool:
    return guard.flood(hub, flow, [side for side in sides if side.flow is flow], run)


def _drain_measured(hub: Hub, run: Run, lots: Sequence[Lot], fences: dict[int, int], total: Counts) -> bool:
    """Deliver what the guard has measured, and look at groups on trial; whether there may be more to measure."""
    moved = False
    while _overtake(hub, run, fences, total) or _drain_once(hub, run, lots, fences, total):
        moved = True
    for lot in lots:
        if lot.trial is not None and (lot.wrote or lot.trial.ready):
            moved |= canary.verdict(hub, lot.side, lot.trial, run) == "passed"
    return moved


_PROGRESS = (
    "prepared", "nothing_owed", "found", "applied", "not_applied", "not_there", "not_wanted", "changed_since",
)  # fmt: skip


def _overtake(hub: Hub, run: Run, fences: dict[int, int], total: Counts) -> bool:
    """One batch of each side of what is urgent, whoever drains: twenty orders do not wait for a back-fill to end."""
    if hub.permit is not None:
        return False
    with hub.store.look() as tx:
        names = shards.urgent_mappings(tx, hub.active_mappings())
    if not names:
        return False
    with urgently():
        sides = _read_since_restored(hub, usable_sides(hub, [m for m in hub.active_mappings() if m in names]))
        moved = Counts()
        for lot in _calm(hub, sides, run):
            if lot.trial is not None or is_paused(hub, lot.side.name):
                continue
            if lot.side.priority == URGENT:
                moved += outcome.resolve(hub, lot.side, fences, run)
            moved += deliver.deliver(hub, lot.side, fences, run, lot.by, urgent=True)
    total += moved
    return any(moved[k] for k in _PROGRESS)


def _drain_once(hub: Hub, run: Run, lots: Sequence[Lot], fences: dict[int, int], total: Counts) -> bool:
    """One batch of each side, of what was due by then, under the claimed shards; whether anything moved."""
    moved = Counts()
    for lot in lots:
        if not is_paused(hub, lot.side.name):
            moved += outcome.resolve(hub, lot.side, fences, run)
            moved += _deliver(hub, lot, fences, run)
    total += moved
    return any(moved[k] for k in _PROGRESS)


def _deliver(hub: Hub, lot: Lot, fences: dict[int, int], run: Run) -> Counts:
    if lot.trial is None:
        return deliver.deliver(hub, lot.side, fences, run, lot.by)
    granted = canary.reserve(hub, lot.trial, BATCH)
    counts = deliver.deliver(hub, lot.side, fences, run, lot.by, granted) if granted else Counts()
    lot.wrote |= counts["prepared"] > 0
    canary.unused(hub, lot.trial, granted - counts["prepared"])
    return counts


def hint(hub: Hub, connection: str, obj: str, record_id: str) -> Counts:
    """A webhook said that a record may have changed: read it (or what changed), fold it in. Nothing is believed."""
    counts = Counts()
    names = [
        m
        for m in hub.active_mappings()
        if hub.project.mappings[m].connection == connection and (not obj or hub.project.mappings[m].object == obj)
    ]
    for side in usable_sides(hub, names):
        with hub.run("hint", side.name) as run:
            if record_id:
                with hub.store.look() as tx:
                    asked_at = tx.now()
                with urgently(side.priority == URGENT):
                    found = hub.connect(connection).fetch(side.mapping.object, [record_id])
                if found:
                    capture.absorb(hub, side, found, run, counts, asked_at)
            elif (read := capture_side(hub, side, run)) is not None:
                counts += read
    return counts
