"""Pays debts: what a system has yet to learn is computed now, recorded as an intent, written, and settled.

Three moves, never mixed: `_prepare` commits the intents, the calls happen outside any transaction, `_settle`
commits the outcomes. Whatever happens between is found again by `outcome.py`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from hefu.core.errors import (
    Denied,
    HubError,
    Missing,
    Rejected,
    Stale,
    Transient,
    Unanswered,
    Unsupported,
)  # fmt: skip
from hefu.core.mapping import FILTERED
from hefu.core.records import Normals, Record, Values, Write, Written
from hefu.core.rewriting import own_writing
from hefu.engine import clocks, document, references
from hefu.engine.capture import UNREAD, absorb, digest
from hefu.engine.fold import Batch, fold, owed
from hefu.engine.hub import Counts, Hub, Run, Side
from hefu.engine.loss import report_losses
from hefu.engine.permit import RESTORE, Grant, never_taken
from hefu.store import golden as goldens
from hefu.store import intents, issues, runs, shards
from hefu.store.db import Tx
from hefu.store.golden import Golden, Link
from hefu.store.intents import Intent
from hefu.store.issues import Issue
from hefu.store.plans import PlanEntry
from hefu.store.tables import FOR_PARENT
from hefu.store.tables import link as link_table

BATCH = 1000
"""Most links prepared in one transaction."""

BACKOFF = (1.0, 2.0, 5.0, 15.0, 60.0, 300.0, 900.0)
"""Seconds before the next try after a failure that surely had no effect."""


@dataclass(slots=True)
class Job:
    """One write on its way: the link, what it is to learn, and the call it goes out with.

    Not `certain`: what we read back may hold what somebody typed since the write.
    """

    link: Link
    intent: Intent
    write: Write
    debt: Normals
    version: int
    certain: bool = True


@dataclass
class Prepared:
    """What one transaction made ready. `actions`: status steps to take, one call each."""

    jobs: list[Job] = field(default_factory=list)
    actions: list[tuple[Link, Intent]] = field(default_factory=list)


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
    present = _read_first(hub, side, ids, run, counts)
    with hub.store.begin() as tx:
        shards.renew(tx, hub.worker_id, fences)
        prepared = _prepare(hub, tx, side, ids, present, run, counts)
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
        _settle(hub, side, [p for c, a in zip(group, answers, strict=True) for p in zip(c, a, strict=True)], fences,
                run, counts)  # fmt: skip
        hub.told("deliver", side.name, counts)
    if prepared.actions:
        steps = [Job(link, intent, Write(link.record_id, {}), {}, 0) for link, intent in prepared.actions]
        taken = hub.env.overlap(lambda job: document.take_step(hub, side, job.link, job.intent), steps, width)
        _settle(hub, side, list(zip(steps, taken, strict=True)), fences, run, counts)
    if refused is not None:
        _rest(hub, side, run, refused)
    counts["prepared"] += len(jobs) + len(prepared.actions)
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


def _read_first(hub: Hub, side: Side, ids: Sequence[str], run: Run, counts: Counts) -> dict[str, Record]:
    """Where a system cannot refuse a stale write, or a stale delete, or takes whole line lists, look before writing.

    Also re-reads what changed while our last write was in flight, and what was refused as stale. Returns the
    records as they are now, by id.
    """
    always = side.can.conditional == "no" or (side.can.lines != "none" and bool(side.line_specs))
    with hub.store.look() as tx:
        known = goldens.known_there(tx, ids, only_reread=not always)
        doomed = goldens.doomed(tx, ids) if side.can.conditional != "version" else []
        links = goldens.load_links(tx, {*known, *doomed}, lock=False)
        golden = goldens.load_golden(tx, {x.golden_id for x in links.values()}, lock=False)
        asked_at = tx.now()
    wanted = [
        x.record_id
        for x in links.values()
        if x.record_id
        and (
            x.reread
            or x.id in doomed
            or (always and x.state == "active" and (hub.permit or owed(side, x, golden[x.golden_id])))
        )
    ]
    if not wanted:
        return {}
    read = _guarded(hub, side, lambda: hub.connect(side.mapping.connection).fetch(side.mapping.object, wanted))
    if isinstance(read, HubError):
        counts["postponed"] += len(wanted)
        return {}
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
    absorb(hub, side, list(read), run, Counts(), asked_at)
    return found


def _guarded(hub: Hub, side: Side, work: Any) -> Any:
    """The result of a call, or its error; credentials and configuration errors pause the connection."""
    try:
        return work()
    except (Denied, Unsupported) as error:
        with hub.store.begin() as tx:
            pause(hub, tx, side, error)
        return error
    except HubError as error:
        return error


def pause(hub: Hub, tx: Tx, side: Side, error: HubError) -> None:
    """Stop using a connection (credentials) or a mapping (configuration) until the cause is gone."""
    hub.forget_schemas(side.mapping.connection)
    pause_named(tx, side.mapping.connection, side.name, error)


def pause_named(tx: Tx, connection: str, mapping: str, error: HubError) -> None:
    """The pause and the issue that says why; tried again after a minute."""
    scope = f"connection:{connection}" if isinstance(error, Denied) else f"mapping:{mapping}"
    facts = {"code": error.code, "facts": {k: str(v) for k, v in error.facts.items()}}
    runs.pause_scope(tx, scope, error.code, facts, tx.later(60))
    issues.raise_issues(tx, [Issue("paused", None, None, None, connection, scope, facts)])


# ----------------------------------------------------------------------- prepare


def _prepare(
    hub: Hub, tx: Tx, side: Side, ids: Sequence[str], present: Mapping[str, Record], run: Run, counts: Counts
) -> Prepared:
    links = goldens.load_links(tx, ids)
    flying = intents.unsettled(tx, ids)
    golden = goldens.load_golden(tx, {x.golden_id for x in links.values()}, lock=False)
    grant = None if hub.permit is None else hub.permit.over(tx, links)
    out, batch = Prepared(), Batch(hub, tx, run)
    owing: list[tuple[Link, Golden, Normals]] = []
    settled: list[str] = []
    for link in links.values():
        mine = golden[link.golden_id]
        if link.id in flying:
            link.waits = "outcome"
        elif grant is not None and (back := grant.back(link)) is not None:
            _prepare_back(hub, tx, link, back, mine, owing, out)
        elif mine.state == "deleted":
            _prepare_delete(hub, tx, link, out)
        elif link.record_id is None and not (side.may_create and side.compiled.wanted(mine.fields)):
            link.due_at, link.waits = None, "filtered"
            counts["not_wanted"] += 1
        elif link.record_id is None and _orphan(side, mine):
            _wait_for_parent(tx, link, counts)
        elif debt := document.lawful_lines(batch, side, link, mine, owed(side, link, mine)):
            owing.append((link, mine, debt))
        elif step := document.due_step(side, link, mine):
            out.actions.append((link, _intent(hub, tx, link, "action", None, None, step)))
        else:
            link.due_at, link.attempt, link.waits = None, 0, None
            document.explain(batch, side, link, None)
            settled.append(link.id)
            counts["nothing_owed"] += 1
        batch.dirty_links[link.id] = link
    if grant is not None:
        owing = _granted(grant, golden, owing, out)
        counts["changed_since"] += len(grant.turned)
    for (link, mine, debt), spoken in zip(owing, _spoken(tx, hub, side, owing), strict=True):
        if isinstance(spoken, str):
            _wait_for_parent(tx, link, counts)
        else:
            _prepare_write(batch, side, link, mine, debt, spoken, present.get(link.record_id or ""), out, counts)
    if grant is not None:
        grant.opened([job.intent for job in out.jobs] + [intent for _, intent in out.actions])
    _open(tx, out, run)
    batch.store()
    _close_settled(tx, settled)
    if side.line_specs:
        issues.close_lines(tx, links.keys() - flying.keys(), batch.held)
    counts.update(batch.counts)
    return out


def _orphan(side: Side, golden: Golden) -> bool:
    """Whether the entity says that a parent must come first, and nobody knows it yet."""
    parent = side.entity.parent
    return parent is not None and (parent,) in side.compiled.references and not golden.fields.get(parent)


def _spoken(
    tx: Tx, hub: Hub, side: Side, owing: Sequence[tuple[Link, Golden, Normals]]
) -> list[Values | HubError | str]:
    """Each debt in the system's terms, the error that says why not, or the entity it must wait for."""
    ready = references.outward(tx, hub, side, [debt for _, _, debt in owing])
    said = [
        (mine, debt, values) for (_, mine, debt), values in zip(owing, ready, strict=True) if isinstance(values, dict)
    ]
    asked = [{**mine.fields, **values} for mine, _, values in said]
    spoken = iter(side.compiled.outward(asked, [frozenset(debt) for _, debt, _ in said]))
    return [values if isinstance(values, str) else next(spoken) for values in ready]


def _close_settled(tx: Tx, link_ids: Sequence[str]) -> None:
    """A dead letter whose reason went away by itself is closed; line changes that are still held stay open."""
    if link_ids:
        issues.close_issues(tx, "hub", "settled", kinds=("rejected",), link_ids=link_ids, whole_record=True)


def _wait_for_parent(tx: Tx, link: Link, counts: Counts) -> None:
    link.waits, link.attempt = "parent", link.attempt + 1
    link.due_at = tx.later(BACKOFF[min(link.attempt, len(BACKOFF) - 1)])
    counts["waits_for_parent"] += 1


def _intent(
    hub: Hub, tx: Tx, link: Link, kind: str, fields: Normals | None, before: Normals | None, action: str | None = None
) -> Intent:
    return Intent(hub.env.new_id(), link.id, kind, "open", fields, before, action, link.attempt + 1, tx.now())


def _prepare_delete(hub: Hub, tx: Tx, link: Link, out: Prepared) -> None:
    if link.record_id is None or link.state in ("tombstone", "missing"):
        link.state, link.due_at = "tombstone", None
        return
    write = Write(link.record_id, None, version=link.version, organisation=link.organisation)
    out.jobs.append(Job(link, _intent(hub, tx, link, "delete", None, link.seen), write, {}, 0))


def _prepare_back(
    hub: Hub,
    tx: Tx,
    link: Link,
    back: PlanEntry,
    golden: Golden,
    owing: list[tuple[Link, Golden, Normals]],
    out: Prepared,
) -> None:
    """Undo asks for what no debt asks for: to take away what we created, or to put back what the system held."""
    if back.kind == "remove":
        _prepare_delete(hub, tx, link, out)
    else:
        owing.append((link, golden, back.after))


def _granted(
    grant: Grant, golden: Mapping[str, Golden], owing: Sequence[tuple[Link, Golden, Normals]], out: Prepared
) -> list[tuple[Link, Golden, Normals]]:
    """Only what the plan lists, as it lists it; the rest stays owed."""
    out.jobs = [job for job in out.jobs if grant.allows(job.link, golden[job.link.golden_id], "delete", {})]
    out.actions = [(x, i) for x, i in out.actions if grant.allows(x, golden[x.golden_id], "action", {}, i.action)]
    return [x for x in owing if grant.allows(x[0], x[1], "update" if x[0].record_id else "create", x[2])]


def _prepare_write(
    batch: Batch,
    side: Side,
    link: Link,
    golden: Golden,
    debt: Normals,
    spoken: Values | HubError,
    present: Record | None,
    out: Prepared,
    counts: Counts,
) -> None:
    """From a debt to a write: checks first, so that an illegal write is refused before the call."""
    hub, tx = batch.hub, batch.tx
    refused = document.locked(side, link, debt) or (spoken if isinstance(spoken, HubError) else None)
    if refused is not None or isinstance(spoken, HubError):
        reject(batch, side, link, refused or Rejected("mapping.failed"), debt)
        counts["refused"] += 1
        return
    values = document.line_writes(side, link, debt, spoken, present)
    create = link.record_id is None
    if not create and not values:  # a blank that this system must not be told: nothing to say, and it is said
        link.told, link.due_at = {**link.told, **debt}, None
        counts["nothing_owed"] += 1
        return
    if create:
        link.state = "creating"
        if side.token_field:
            values = {**values, side.token_field: link.id}
    before = None if create else {name: link.seen.get(name) for name in debt}
    intent = _intent(hub, tx, link, "create" if create else "update", debt, before)
    expect = None
    if not create and side.can.conditional == "values":
        expect = _as_read(present, values) if present is not None else _expected(hub, tx, side, link, debt)
    write = Write(link.record_id, values, link.id if create else "", link.version, expect, link.organisation)
    out.jobs.append(Job(link, intent, write, debt, golden.version))


def _as_read(present: Record, values: Values) -> Values:
    """What the record held just now in these fields, word for word: our spelling of it may differ ("021-5555 0101")."""
    return {name: present.values.get(name) for name, value in values.items() if not isinstance(value, list)}


def _expected(hub: Hub, tx: Tx, side: Side, link: Link, debt: Normals) -> Values | None:
    """What the system was last seen to hold in these fields, in its own terms."""
    known = {n: link.seen[n] for n in debt if n in link.seen and n not in side.line_specs}
    back = references.outward(tx, hub, side, [known])[0]
    if isinstance(back, str):
        return None
    spoken = side.compiled.outward([back], [frozenset(known)])[0]
    return None if isinstance(spoken, HubError) else spoken


def _open(tx: Tx, out: Prepared, run: Run) -> None:
    rows = [job.intent for job in out.jobs] + [intent for _, intent in out.actions]
    intents.open_intents(tx, rows, run.id, run.version)


def reject(batch: Batch, side: Side, link: Link, error: HubError, debt: Normals) -> None:
    """A dead letter: the system's own words, the field it blames, the values; a new edit releases it by itself."""
    link.waits, link.due_at = "person", None
    document.explain(batch, side, link, error)
    blamed = error.field if isinstance(error, Rejected) else None
    facts = {
        "code": error.code,
        "facts": {k: str(v) for k, v in error.facts.items()},
        "blames": blamed,
        "values": debt,
        "object": side.mapping.object,
        "record_id": link.record_id,
    }
    batch.issues.append(
        Issue("rejected", side.entity.entity, link.golden_id, link.id, side.mapping.connection, blamed or "", facts)
    )


# -------------------------------------------------------------------------- call


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
    if not silent or hub.rehearsing:
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


# ------------------------------------------------------------------------ settle


def _settle(
    hub: Hub,
    side: Side,
    pairs: Sequence[tuple[Job, Written | HubError]],
    fences: dict[int, int],
    run: Run,
    counts: Counts,
) -> None:
    def settle(tx: Tx) -> Counts:
        shards.renew(tx, hub.worker_id, fences)
        batch = Batch(hub, tx, run, priority=side.priority)
        links = goldens.load_links(tx, [job.link.id for job, _ in pairs])
        batch.golden = goldens.load_golden(tx, {x.golden_id for x in links.values()})
        created = False
        done: list[str] = []
        for (job, answer), back in zip(pairs, _in_our_terms(side, pairs), strict=True):
            link = links[job.link.id]
            batch.dirty_links[link.id] = link
            if isinstance(answer, Written):
                created |= link.record_id is None
                confirm(batch, side, link, job.intent, job.debt, answer, back, certain=job.certain)
                done.append(job.intent.id)
            else:
                failed(batch, side, link, job.intent, answer, job.debt)
        intents.applied(tx, done)
        if created:
            _release_children(tx, side)
        stamped = next((a.modified_at for _, a in pairs if isinstance(a, Written) and a.modified_at is not None), None)
        if stamped is not None:
            clocks.learn(tx, side.mapping.connection, stamped)
        batch.store()
        if done:
            closed = [job.link.id for job, a in pairs if isinstance(a, Written)]
            issues.close_issues(tx, "hub", "delivered", kinds=("rejected", "unknown_outcome"), link_ids=closed,
                                whole_record=True)  # fmt: skip
        return batch.counts

    counts.update(hub.store.again(settle))


def _in_our_terms(side: Side, pairs: Sequence[tuple[Job, Written | HubError]]) -> list[Normals | None]:
    """For each answer that carries the record: its values in our terms, references still in the system's ids."""
    spoken = [a.values for _, a in pairs if isinstance(a, Written) and a.values is not None]
    read = iter(side.compiled.inward(spoken))
    out: list[Normals | None] = []
    for _, answer in pairs:
        has = isinstance(answer, Written) and answer.values is not None
        value = next(read) if has else None
        out.append(None if value is FILTERED or isinstance(value, HubError) else value)
    return out


def confirm(
    batch: Batch,
    side: Side,
    link: Link,
    intent: Intent,
    debt: Normals,
    answer: Written,
    back: Normals | None,
    *,
    certain: bool = True,
) -> None:
    """The system has learned it: told is what we delivered, seen what it says it now holds.

    Not `certain`: `back` was read later, so only what is our value in the system's way of writing counts as seen.
    """
    golden = batch.golden[link.golden_id]
    tx = batch.tx
    if intent.kind == "delete":
        link.state, link.due_at, link.waits = "tombstone", None, None
        batch.counts["deleted"] += 1
        return
    if intent.kind == "action":
        document.after_step(side, link, intent, answer)
        batch.counts["steps"] += 1
    elif intent.kind == "create":
        if link.record_id not in (None, answer.id):
            _doubled(batch, side, link, answer)
            return
        batch.counts["created"] += 1
    else:
        batch.counts["updated"] += 1
    link.record_id, link.state = answer.id, "active"
    link.version, link.seen_at = answer.version or link.version, tx.now()
    learned = debt if intent.action != RESTORE else never_taken(side.their_fields(debt), link, debt)
    link.told = {**link.told, **learned}
    held = _known_back(side, link, debt, back)
    owners = side.rules(golden.fields).owners
    ours = {n for n in debt if owners.get(n) != link.connection}  # where it is the owner, its way of writing counts
    image = {**debt, **held} if certain else own_writing(debt, held, side.their_fields(debt))
    link.seen = {**link.seen, **{n: image[n] if n in ours else v for n, v in debt.items()}}
    report_losses(batch, side, link, debt, image)
    link.digest = UNREAD
    if answer.values is not None:
        record = Record(answer.id, answer.values, answer.version, answer.modified_at, None, link.organisation)
        # references stay in the system's ids here, so where there are any, only the next capture can say it knows all
        link.digest = digest(record, side.compiled.fingerprint) if not side.compiled.references else None
        if side.schema.state is not None and answer.values.get(side.schema.state) is not None:
            link.status = str(answer.values[side.schema.state])
        if held:
            fold(batch, side, link, golden, record, {**link.seen, **held}, "changed")
    link.attempt, link.waits = 0, None
    again = bool(owed(side, link, golden)) or link.reread or side.steps
    link.due_at = tx.now() if again else None


def _known_back(side: Side, link: Link, debt: Normals, back: Normals | None) -> Normals:
    """The read-back, with references in our ids where they are what we sent; others are left to the next capture."""
    if back is None:
        return {}
    held = dict(back)
    for path in side.compiled.references:
        name = path[0]
        if name in held:
            known = debt.get(name, link.seen.get(name))
            if len(path) == 1 or known is None:
                held[name] = known
            else:
                held[name] = _lines_with_our_ids(held[name], known, path[1], side.entity.fields[name].line_key)
            if held[name] is None and name not in debt and name not in link.seen:
                del held[name]
    return held


def _lines_with_our_ids(lines: Any, known: Any, inner: str, key: str | None) -> Any:
    ours = {row.get(key): row.get(inner) for row in known or ()}
    return [{**row, inner: ours[row.get(key)]} if row.get(key) in ours else row for row in lines or ()]


def _doubled(batch: Batch, side: Side, link: Link, answer: Written) -> None:
    """While our create was on its way, somebody made the same record by hand: a person decides which one stays."""
    facts = {"record_id": link.record_id, "also": answer.id, "object": side.mapping.object}
    batch.issues.append(
        Issue("duplicate", side.entity.entity, link.golden_id, link.id, side.mapping.connection, answer.id[:200], facts)
    )
    batch.counts["doubled"] += 1


def failed(batch: Batch, side: Side, link: Link, intent: Intent, error: HubError, debt: Normals) -> None:
    """What an error means for this write and its link (core/errors.py)."""
    tx = batch.tx
    facts = {"code": error.code, "facts": {k: str(v) for k, v in error.facts.items()}}
    if isinstance(error, Unanswered):
        lag = max(side.can.lag, 0.0)
        intents.settle(tx, intent.id, "unknown", facts, tx.later(min(lag, 2.0) if lag else 0.2))
        link.waits = "outcome"
        batch.counts["unknown"] += 1
        return
    if isinstance(error, Rejected):
        intents.settle(tx, intent.id, "refused", facts)
        reject(batch, side, link, error, debt)
        batch.counts["refused"] += 1
    elif isinstance(error, Stale):
        intents.settle(tx, intent.id, "stale", facts)
        link.reread, link.attempt = 1, link.attempt + 1
        link.due_at = tx.now() if link.attempt < 3 else tx.later(BACKOFF[min(link.attempt, len(BACKOFF)) - 1])
        batch.counts["stale"] += 1
    elif isinstance(error, Missing):
        intents.settle(tx, intent.id, "failed", facts)
        link.state, link.due_at = ("tombstone", None) if intent.kind == "delete" else ("missing", None)
        batch.counts["gone"] += 1
    else:
        intents.settle(tx, intent.id, "failed", facts)
        _later(tx, link, error)
        if isinstance(error, Denied | Unsupported):
            pause(batch.hub, tx, side, error)
        batch.counts["postponed"] += 1
    if link.record_id is None and link.state == "creating" and link.waits != "outcome":
        link.state = "wanted"


def _later(tx: Tx, link: Link, error: HubError) -> None:
    told = error.after if isinstance(error, Transient) else None
    link.attempt += 1
    wait = told if told is not None else BACKOFF[min(link.attempt - 1, len(BACKOFF) - 1)]
    jitter = tx.store.env.random() * min(wait / 4, 30.0)  # so that not all come at once; hours stay hours
    link.due_at, link.waits = tx.later(wait + jitter), "system"


def _release_children(tx: Tx, side: Side) -> None:
    """Records that waited for a parent in this system may go now."""
    tx.run(
        link_table.update()
        .where(link_table.c.connection == side.mapping.connection, FOR_PARENT)
        .values(due_at=tx.now(), waits=None, attempt=0)
    )


__all__ = ["BACKOFF", "Job", "confirm", "deliver", "failed", "pause", "reject"]
