"""What a system has yet to learn, computed at the moment of writing and recorded as intents in one transaction.

Checks first: an illegal write is refused here, before any call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from hefu.core.errors import HubError, Rejected
from hefu.core.records import Normals, Record, Values, Write
from hefu.engine import document, references
from hefu.engine.fold import Batch, owed
from hefu.engine.hub import Counts, Hub, Run, Side
from hefu.engine.permit import RESTORE, Grant
from hefu.store import golden as goldens
from hefu.store import intents, issues
from hefu.store.db import Tx
from hefu.store.golden import Golden, Link
from hefu.store.intents import Intent
from hefu.store.issues import Issue
from hefu.store.plans import PlanEntry

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


def prepare(
    hub: Hub,
    tx: Tx,
    side: Side,
    ids: Sequence[str],
    present: Mapping[str, Record],
    run: Run,
    counts: Counts,
    then: Callable[[Batch, Side, Prepared], None] | None = None,
) -> Prepared:
    """Commit an intent for each write that these links are due; what is in the way of the others is noted.

    `then`: what happens with the writes in this transaction instead of their intents.
    """
    links = goldens.load_links(tx, ids)
    flying = intents.unsettled(tx, ids)
    golden = goldens.load_golden(tx, {x.golden_id for x in links.values()}, lock=False)
    grant = None if hub.permit is None else hub.permit.over(tx, links)
    out, batch = Prepared(), Batch(hub, tx, run, golden)
    owing: list[tuple[Link, Golden, Normals]] = []
    settled: list[str] = []
    for link in links.values():
        mine = golden[link.golden_id]
        try:
            if link.id in flying:
                link.waits = "outcome"
            elif grant is not None and (back := grant.back(link, partial(document.illegal, side, link))) is not None:
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
        except Rejected as error:  # a condition that cannot be worked out for this record stops this record alone
            reject(batch, side, link, error, {})
            counts["refused"] += 1
        batch.dirty_links[link.id] = link
    if grant is not None:
        owing = _granted(grant, golden, owing, out)
        counts["changed_since"] += len(grant.turned)
    waiting: list[tuple[Link, Normals]] = []
    for (link, mine, debt), spoken in zip(owing, _spoken(tx, hub, side, owing), strict=True):
        if isinstance(spoken, str):
            _wait_for_parent(tx, link, counts)
            waiting.append((link, debt))
        else:
            _prepare_write(batch, side, link, mine, debt, spoken, present.get(link.record_id or ""), out, counts)
    _tell_in_vain(batch, side, waiting)
    if grant is not None:
        grant.opened([job.intent for job in out.jobs] + [intent for _, intent in out.actions])
    if then is None:
        _open(tx, out, run)
    else:
        then(batch, side, out)
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


def _tell_in_vain(batch: Batch, side: Side, waiting: Sequence[tuple[Link, Normals]]) -> None:
    """What waits for a parent that nobody will bring is a case; it goes on waiting, for somebody may bring it yet."""
    if not waiting:
        return
    for (link, debt), error in zip(
        waiting, references.absent(batch.tx, batch.hub, side, [debt for _, debt in waiting]), strict=True
    ):
        if error is not None:
            batch.issues.append(dead_letter(side, link, error, debt))


def _intent(
    hub: Hub, tx: Tx, link: Link, kind: str, fields: Normals | None, before: Normals | None, action: str | None = None
) -> Intent:
    return Intent(hub.env.new_id(), link.id, kind, "open", fields, before, action, link.attempt + 1, tx.now())


def _prepare_delete(hub: Hub, tx: Tx, link: Link, out: Prepared) -> None:
    if link.state == "detached":  # not ours to delete: a person decides, or has decided to leave it alone
        link.due_at = None
        return
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
    if back.kind == RESTORE and back.action:
        out.actions.append((link, _intent(hub, tx, link, "action", None, None, back.action)))
    elif back.kind == "remove":
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
    batch.issues.append(dead_letter(side, link, error, debt))


def dead_letter(side: Side, link: Link, error: HubError, debt: Normals) -> Issue:
    """What could not be written, and why."""
    blamed = error.field if isinstance(error, Rejected) else None
    facts = {
        "code": error.code,
        "facts": {k: str(v) for k, v in error.facts.items()},
        "blames": blamed,
        "values": debt,
        "object": side.mapping.object,
        "record_id": link.record_id,
    }
    return Issue("rejected", side.entity.entity, link.golden_id, link.id, side.mapping.connection, blamed or "", facts)


__all__ = ["BACKOFF", "BATCH", "Job", "Prepared", "prepare", "reject"]
