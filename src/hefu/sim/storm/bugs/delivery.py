"""Bugs of delivery: conditions, debts, parents, fences, what counts as told."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hefu.core.errors import Missing, Rejected, Stale, Transient
from hefu.engine import deliver, fold, prepare, settle
from hefu.engine.prepare import Job
from hefu.sim.storm.bugs import Swap, bug
from hefu.store import golden as goldens
from hefu.store import shards


@bug(60, seed=11)
def writes_without_a_condition(swap: Swap) -> None:
    """Updates go out unconditionally, whatever was typed meanwhile."""
    real = deliver._send

    def careless(hub: Any, side: Any, call: Sequence[Job]) -> Any:
        bare = [replace(job, write=job.write._replace(version=None, expect=None)) for job in call]
        return real(hub, side, bare)

    swap(deliver, "_send", careless)


@bug(60, seed=6)
def stale_counts_as_done(swap: Swap) -> None:
    """A refused condition is taken for a success."""
    real = settle.failed

    def careless(batch: Any, side: Any, link: Any, intent: Any, error: Any, debt: Any, version: int) -> None:
        real(batch, side, link, intent, error, debt, version)
        if isinstance(error, Stale):
            link.told, link.due_at, link.reread = {**link.told, **debt}, None, 0

    swap(settle, "failed", careless)


@bug(60, seed=1)
def dropped_after_a_failure(swap: Swap) -> None:
    """What could not be delivered at once is not tried again."""
    real = settle.failed

    def careless(batch: Any, side: Any, link: Any, intent: Any, error: Any, debt: Any, version: int) -> None:
        real(batch, side, link, intent, error, debt, version)
        if isinstance(error, Transient):
            link.due_at, link.waits = None, None

    swap(settle, "failed", careless)


@bug(200, seed=3)
def a_refusal_is_not_shown(swap: Swap) -> None:
    """What a system refuses is parked without a case at the desk."""
    real = prepare.reject

    def careless(batch: Any, side: Any, link: Any, error: Any, debt: Any) -> None:
        kept = len(batch.issues)
        real(batch, side, link, error, debt)
        if isinstance(error, Rejected):
            del batch.issues[kept:]

    for room in (prepare, settle):
        swap(room, "reject", careless)


@bug(300, seed=264)
def everybody_is_told_everything(swap: Swap) -> None:
    """A record is written whole each time, not only what is owed."""
    real = fold.owed

    def careless(side: Any, link: Any, golden: Any) -> Any:
        debt = real(side, link, golden)
        whole = {n: golden.fields[n] for n in side.compiled.writes if n in golden.fields}
        return {**whole, **debt} if debt else debt

    for room in (deliver, prepare, settle):
        swap(room, "owed", careless)


@bug(20, seed=0)
def disputed_fields_are_written(swap: Swap) -> None:
    """A field about which a person was asked goes out all the same."""
    real = fold.owed

    def careless(side: Any, link: Any, golden: Any) -> Any:
        kept, golden.disputed = golden.disputed, []
        try:
            return real(side, link, golden)
        finally:
            golden.disputed = kept

    for room in (fold, deliver, prepare, settle):
        swap(room, "owed", careless)


@bug(20, seed=16)
def what_is_read_back_is_not_believed(swap: Swap) -> None:
    """After a write the hub remembers what it sent and not what the system made of it."""
    real = settle.confirm

    def careless(batch: Any, side: Any, link: Any, intent: Any, debt: Any, *rest: Any, **words: Any) -> None:
        real(batch, side, link, intent, debt, *rest, **words)
        link.seen = {**link.seen, **debt}

    swap(settle, "confirm", careless)


@bug(60, seed=11)
def what_is_read_back_is_all_ours(swap: Swap) -> None:
    """Whatever the record holds after a write counts as known, also what was typed since."""
    real = settle.confirm

    def careless(batch: Any, side: Any, link: Any, intent: Any, debt: Any, answer: Any, back: Any, **_: Any) -> None:
        real(batch, side, link, intent, debt, answer, None, certain=True)
        link.seen = {**link.seen, **(back or {})}

    swap(settle, "confirm", careless)


@bug(200, seed=57)
def a_missing_record_is_forgotten(swap: Swap) -> None:
    """A write to a record that is gone leaves its link as it was: nobody decides about the delete."""
    real = settle.failed

    def careless(batch: Any, side: Any, link: Any, intent: Any, error: Any, debt: Any, version: int) -> None:
        real(batch, side, link, intent, error, debt, version)
        if isinstance(error, Missing) and link.state == "missing":
            link.state = "tombstone"

    swap(settle, "failed", careless)


@bug(200)
def leases_are_not_checked(swap: Swap) -> None:
    """A worker that slept writes what it had prepared, whoever has the shard by now."""
    swap(shards, "still_ours", lambda *_: None)
    swap(shards, "renew", lambda *_: None)


@bug(60, seed=1)
def parents_do_not_release_children(swap: Swap) -> None:
    """A record that waits for its parent waits for ever."""
    swap(goldens, "release_children", lambda *_: None)
    real = prepare._wait_for_parent

    def careless(tx: Any, link: Any, counts: Any) -> None:
        real(tx, link, counts)
        link.due_at = None

    swap(prepare, "_wait_for_parent", careless)


@bug(40, seed=1)
def only_one_neighbour_is_told(swap: Swap) -> None:
    """Of several systems that owe a change something, one is marked."""
    real = goldens.mark_due

    def careless(tx: Any, golden_ids: Any, *rest: Any) -> None:
        real(tx, list(golden_ids)[:1], *rest)

    swap(goldens, "mark_due", careless)
