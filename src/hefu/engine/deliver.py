"""Pays debts: what a system has yet to learn is computed now, recorded as an intent, written, and settled.

Three moves, never mixed: `prepare` commits the intents, the calls happen outside any transaction, `settle`
commits the outcomes. Whatever happens between is found again by `outcome.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hefu.core.errors import Denied, HubError, Transient, Unanswered, Unsupported
from hefu.core.records import Record, Write, Written
from hefu.engine import document
from hefu.engine.capture import absorb
from hefu.engine.fold import owed
from hefu.engine.hub import Counts, Hub, Run, Side
from hefu.engine.mark import UNREAD
from hefu.engine.prepare import BATCH, Job, prepare
from hefu.engine.settle import pause, settle
from hefu.engine.suppose import suppose
from hefu.store import golden as goldens
from hefu.store import runs, shards
from hefu.store.tables import link as link_table


def deliver(
    hub: Hub,
    side: Side,
    fences: dict[int, int],
    run: Run,
    by: str | None = None,
    at_most: int = BATCH,
    *,
    urgent: bool = False,
) -> Counts:
    """Write up to BATCH (`at_most`) links of this mapping that are due (`by` an instant); counts say how each ended.

    Raises only what our own store raises, such as Transient "store.lost_lease".
    """
    counts = Counts()
    with hub.store.look() as tx:
        asked = shards.due_links if hub.permit is None else hub.permit.due
        due = asked(tx, side.name, list(fences), min(_at_once(side), at_most), now=by, urgent=urgent)
    if not due:
        return counts
    ids = [link_id for link_id, _ in due]
    present, unseen = _read_first(hub, side, ids, run, counts)
    ids = [i for i in ids if i not in unseen]
    if not ids:
        return counts
    with hub.store.begin() as tx:
        shards.renew(tx, hub.worker_id, fences)
        prepared = prepare(hub, tx, side, ids, present, run, counts, suppose if hub.rehearsing else None)
    counts["prepared"] += len(prepared.jobs) + len(prepared.actions)
    if hub.rehearsing:
        hub.told("deliver", side.name, counts)
        return counts
    jobs = prepared.jobs
    size = max(1, side.can.batch)
    calls = [jobs[i : i + size] for i in range(0, len(jobs), size)]
    width = side.connection.limits.concurrency
    refused: Transient | None = None
    for start in range(0, len(calls), width):
        group = calls[start : start + width]
        with hub.store.look() as tx:  # whoever slept since the last group must not write what others may have written
            shards.still_ours(tx, hub.worker_id, fences)
        answers = _answers(hub, side, group, width, refused)
        refused = refused or _told_to_wait(answers)
        settle(hub, side, [p for c, a in zip(group, answers, strict=True) for p in zip(c, a, strict=True)], fences,
                run, counts)  # fmt: skip
        hub.told("deliver", side.name, counts)
    if prepared.actions:
        steps = [Job(link, intent, Write(link.record_id, {}), {}, 0) for link, intent in prepared.actions]
        taken = hub.env.overlap(lambda job: document.take_step(hub, side, job.link, job.intent), steps, width)
        settle(hub, side, list(zip(steps, taken, strict=True)), fences, run, counts)
    if refused is not None:
        _rest(hub, side, run, refused)
    return counts


def _answers(
    hub: Hub, side: Side, group: Sequence[Sequence[Job]], width: int, refused: Transient | None
) -> list[list[Written | HubError]]:
    if refused is not None:
        return [[refused] * len(call) for call in group]
    return hub.env.overlap(lambda call: _send(hub, side, call), group, width)


def _told_to_wait(answers: Sequence[Sequence[Written | HubError]]) -> Transient | None:
    """The system said when to come back: asking again before that would only use up its patience."""
    refusals = (a for call in answers for a in call if isinstance(a, Transient) and a.after is not None)
    return next(refusals, None)


def _rest(hub: Hub, side: Side, run: Run, error: Transient) -> None:
    """Leave the system alone until then, and let the run say so."""
    facts = {"code": error.code, "facts": {k: str(v) for k, v in error.facts.items()}}
    run.state, run.note = "paused", error.code
    with hub.store.begin() as tx:
        runs.pause_scope(tx, f"mapping:{side.name}", error.code, facts, tx.later(error.after or 0.0))


def _at_once(side: Side) -> int:
    """Links to prepare together: what a few rounds of calls can carry, as whoever inherits them looks up each one.

    Of a slow system what ten seconds can: so long urgent work waits at most for its turn.
    """
    size, limits = max(1, side.can.batch), side.connection.limits
    soon = BATCH if limits.calls_per_second is None else max(size, int(limits.calls_per_second * 10) * size)
    return min(BATCH, max(64, 8 * size * limits.concurrency), soon)


def _read_first(
    hub: Hub, side: Side, ids: Sequence[str], run: Run, counts: Counts
) -> tuple[dict[str, Record], set[str]]:
    """Where a system cannot refuse a stale write, or a stale delete, or takes whole line lists, look before writing.

    Also re-reads what changed while our last write was in flight, and what was refused as stale. Returns the
    records as they are now, by id, and the links that could not be looked at: they are not written blindly, but stay
    due. What is passed on and not kept has nothing to look at.
    """
    if not side.can.complete:
        return {}, set()
    always = side.can.conditional == "no" or (side.can.lines != "none" and bool(side.line_specs))
    with hub.store.look() as tx:
        known = goldens.known_there(tx, ids, only_reread=not always)
        doomed = set(goldens.doomed(tx, ids)) if side.can.conditional != "version" else set()
        links = goldens.load_links(tx, {*known, *doomed}, lock=False)
        golden = goldens.load_golden(tx, {x.golden_id for x in links.values()}, lock=False)
        asked_at = tx.now()
    wanted = {
        x.record_id: x.id
        for x in links.values()
        if x.record_id
        and (
            x.reread
            or x.id in doomed
            or (always and x.state == "active" and (hub.permit or owed(side, x, golden[x.golden_id])))
        )
    }
    if not wanted:
        return {}, set()
    read = _guarded(hub, side, lambda: hub.connect(side.mapping.connection).fetch(side.mapping.object, [*wanted]))
    if isinstance(read, HubError):
        counts["postponed"] += len(wanted)
        return {}, set(wanted.values())
    found = {r.id: r for r in read}
    with hub.store.begin() as tx:
        for x in links.values():
            if x.record_id in wanted and x.record_id not in found:
                tx.run(link_table.update().where(link_table.c.id == x.id).values(state="missing", reread=0))
            elif x.reread:
                tx.run(
                    link_table.update()
                    .where(link_table.c.id == x.id)
                    .values(reread=0, digest=UNREAD if x.digest == UNREAD else None)
                )
    heard = _guarded(hub, side, lambda: absorb(hub, side, list(read), run, Counts(), asked_at))
    if isinstance(heard, HubError):  # what a record points to could not be read
        with hub.store.begin() as tx:
            goldens.read_again(tx, [x.id for x in links.values() if x.reread])
        counts["postponed"] += len(wanted)
        return {}, set(wanted.values())
    return found, set()


def _guarded(hub: Hub, side: Side, work: Any) -> Any:
    """The result of a call, or its error; credentials and configuration errors pause the connection."""
    try:
        return work()
    except (Denied, Unsupported) as error:
        with hub.store.begin() as tx:
            pause(hub, tx, side, error)
        return error
    except HubError as error:
        if error.code.startswith("store."):
            raise
        return error


def _send(hub: Hub, side: Side, call: Sequence[Job]) -> list[Written | HubError]:
    """One write call. Whatever is not surely known to have failed counts as unanswered."""
    line = hub.connect(side.mapping.connection)
    try:
        answers = list(line.write(side.mapping.object, [job.write for job in call]))
    except HubError as error:
        return [error] * len(call)
    except Exception as error:  # noqa: BLE001 - a connector's bug must not decide whether the write happened
        return [Unanswered("connector.crashed", connection=side.mapping.connection, said=repr(error)[:300])] * len(call)
    if len(answers) != len(call):
        return [Unanswered("connector.crashed", connection=side.mapping.connection, said="answers missing")] * len(call)
    return _read_back(hub, side, answers, call)


def _read_back(
    hub: Hub, side: Side, answers: list[Written | HubError], call: Sequence[Job]
) -> list[Written | HubError]:
    """What the system now holds, where its answer did not say."""
    silent = [
        a.id
        for a, job in zip(answers, call, strict=True)
        if isinstance(a, Written) and a.values is None and job.write.values is not None
    ]
    if not silent:
        return answers
    try:
        found = {r.id: r for r in hub.connect(side.mapping.connection).fetch(side.mapping.object, silent)}
    except HubError:
        return answers  # the write itself is certain; the next capture will read it
    out: list[Written | HubError] = []
    for answer, job in zip(answers, call, strict=True):
        record = found.get(answer.id) if isinstance(answer, Written) else None
        if isinstance(answer, Written) and record is not None:
            job.certain = answer.version is not None and answer.version == record.version
            answer = Written(answer.id, record.values, record.version or answer.version, record.modified_at)
        out.append(answer)
    return out


__all__ = ["deliver"]
