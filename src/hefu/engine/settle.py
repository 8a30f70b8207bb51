"""What came of a write, recorded in one transaction: what the system has learned now, or what its error means."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hefu.core.errors import Denied, HubError, Missing, Rejected, Stale, Transient, Unanswered, Unsupported
from hefu.core.mapping import FILTERED
from hefu.core.records import Normals, Record, Written
from hefu.core.rewriting import own_writing
from hefu.engine import clocks, document
from hefu.engine.fold import Batch, fold, owed
from hefu.engine.hub import Counts, Hub, Run, Side
from hefu.engine.loss import report_losses
from hefu.engine.mark import UNREAD, digest
from hefu.engine.permit import RESTORE, never_taken
from hefu.engine.prepare import BACKOFF, Job, reject
from hefu.store import golden as goldens
from hefu.store import intents, issues, journal, runs, shards
from hefu.store.db import Tx
from hefu.store.golden import Link
from hefu.store.intents import Intent
from hefu.store.issues import Issue


def settle(
    hub: Hub,
    side: Side,
    pairs: Sequence[tuple[Job, Written | HubError]],
    fences: dict[int, int],
    run: Run,
    counts: Counts,
) -> None:
    """Commit what came of these writes. Raises Transient "store.lost_lease" when another worker has taken over."""

    def commit(tx: Tx) -> Counts:
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
                confirm(batch, side, link, job.intent, job.debt, answer, back, certain=job.certain, version=job.version)
                done.append(job.intent.id)
            else:
                failed(batch, side, link, job.intent, answer, job.debt, job.version)
        intents.applied(tx, done)
        if created:
            goldens.release_children(tx, side.mapping.connection)
        stamped = next((a.modified_at for _, a in pairs if isinstance(a, Written) and a.modified_at is not None), None)
        if stamped is not None:
            clocks.learn(tx, side.mapping.connection, stamped)
        batch.store()
        if done:
            closed = [job.link.id for job, a in pairs if isinstance(a, Written)]
            issues.close_issues(tx, "hub", "delivered", kinds=("rejected", "unknown_outcome"), link_ids=closed,
                                whole_record=True)  # fmt: skip
        _note(hub, tx, side, pairs, run)
        return batch.counts

    counts.update(hub.store.again(commit))


def _note(hub: Hub, tx: Tx, side: Side, pairs: Sequence[tuple[Job, Written | HubError]], run: Run) -> None:
    """One row of the audit log for these writes: which record of the other system, what came of it, and a digest.

    The values stand in the write's own history; the digest shows whether they are still those that were sent.
    """
    if not pairs:
        return
    writes = [
        [
            job.intent.id,
            job.intent.kind,
            answer.id if isinstance(answer, Written) else job.write.id,
            "applied" if isinstance(answer, Written) else answer.code,
            intents.digest(job.intent),
        ]
        for job, answer in pairs
    ]
    place = f"{side.mapping.connection}/{side.mapping.object}"
    detail = {"run": run.id, "version": run.version, "writes": writes}
    journal.record(tx, hub.journal_key, f"worker {hub.worker_id}", "written", place, detail)


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
    version: int = 0,
) -> None:
    """The system has learned it: told is what we delivered, seen what it says it now holds.

    Not `certain`: `back` was read later, so only what is our value in the system's way of writing counts as seen.
    `version`: the golden record's, from which the debt was reckoned.
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
            doubled(batch, side, link, answer.id)
            return
        batch.counts["created"] += 1
    else:
        batch.counts["updated"] += 1
    held = _known_back(side, link, debt, back)
    written = document.lines_as_written(side, link, debt, held) if certain else {}
    link.record_id, link.state = answer.id, "active"
    link.version, link.seen_at = answer.version or link.version, tx.now()
    learned = debt if intent.action != RESTORE else never_taken(side.their_fields(debt), link, debt)
    link.told = told = {**link.told, **learned}
    if certain and not held and not written:  # nothing is known of it but what we sent
        link.seen = {**link.seen, **debt}
    else:
        owners = side.rules(golden.fields).owners
        ours = {n for n in debt if owners.get(n) != link.connection}  # where it is the owner, its way of writing counts
        image = {**debt, **held, **written} if certain else own_writing(debt, held, side.their_fields(debt))
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
    calm = version == golden.version and link.told is told  # nobody has moved anything since it was reckoned
    paid = calm and learned is debt and not side.line_specs
    again = link.reread or side.steps or golden.state == "deleted" or (not paid and bool(owed(side, link, golden)))
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


def doubled(batch: Batch, side: Side, link: Link, also: str) -> None:
    """While our create was on its way, somebody made the same record by hand: a person decides which one stays."""
    facts = {"record_id": link.record_id, "also": also, "object": side.mapping.object}
    batch.issues.append(
        Issue("duplicate", side.entity.entity, link.golden_id, link.id, side.mapping.connection, also[:200], facts)
    )
    batch.counts["doubled"] += 1


def failed(
    batch: Batch, side: Side, link: Link, intent: Intent, error: HubError, debt: Normals, version: int = 0
) -> None:
    """What an error means for this write and its link (core/errors.py). `version`: as in `confirm`."""
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
        moved_on = _moved_on(batch, side, link, intent, version)
        reject(batch, side, link, error, debt)
        if moved_on:  # what came meanwhile was not refused, and may be the remedy
            link.waits, link.due_at = None, tx.now()
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


def _moved_on(batch: Batch, side: Side, link: Link, intent: Intent, version: int) -> bool:
    """Whether the system is owed something else by now than what it refused."""
    golden = batch.golden[link.golden_id]
    if intent.kind in ("create", "update"):
        return golden.version != version
    return golden.state == "live" and bool(owed(side, link, golden))  # none was owed when these were prepared


def _later(tx: Tx, link: Link, error: HubError) -> None:
    told = error.after if isinstance(error, Transient) else None
    link.attempt += 1
    wait = told if told is not None else BACKOFF[min(link.attempt - 1, len(BACKOFF) - 1)]
    jitter = tx.store.env.random() * min(wait / 4, 30.0)  # so that not all come at once; hours stay hours
    link.due_at, link.waits = tx.later(wait + jitter), "system"


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


__all__ = ["confirm", "doubled", "failed", "pause", "pause_named", "settle"]
