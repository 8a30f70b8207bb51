"""Bugs of progress: what is committed together, what a cursor passes, what is told in the sums."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hefu.engine import capture, deliver, worker
from hefu.engine.fold import Batch
from hefu.sim.storm.bugs import Swap, bug
from hefu.store import intents, issues, journal
from hefu.store.tables import journal as journal_table
from hefu.store.tables import pause


@bug(60)
def the_cursor_goes_ahead(swap: Swap) -> None:
    """The cursor is committed before what was read up to it."""
    real = capture.absorb

    def careless(hub: Any, side: Any, records: Any, *rest: Any, page: Any = None, stepwise: bool = False) -> Any:
        if page is not None and page.cursor:
            with hub.store.begin() as tx:
                capture._move_cursor(tx, side, page, stepwise)
        return real(hub, side, records, *rest, page=page, stepwise=stepwise)

    swap(capture, "absorb", careless)


@bug(40, seed=0)
def intents_are_written_afterwards(swap: Swap) -> None:
    """Nothing is noted before a call, so a crash leaves no trace of it."""
    real = deliver._answers
    swap(intents, "open_intents", lambda *_: None)
    swap(deliver, "_answers", lambda *args: real(*args))


@bug(40, seed=0)
def the_conflict_is_noted_with_the_outcome(swap: Swap) -> None:
    """Losing values are listed only when the next write has succeeded."""
    real = Batch.store

    def careless(self: Any) -> None:
        self.issues[:] = [i for i in self.issues if i.kind != "conflict"]
        real(self)

    swap(Batch, "store", careless)


@bug(40, seed=0)
def sums_that_do_not_add_up(swap: Swap) -> None:
    """What is left waiting is not counted."""
    real = capture.absorb

    def careless(hub: Any, side: Any, records: Any, run: Any, counts: Counter[str], *rest: Any, **words: Any) -> Any:
        out = real(hub, side, records, run, counts, *rest, **words)
        counts.pop("same", None)
        counts.pop("waiting", None)
        return out

    swap(capture, "absorb", careless)


@bug(40)
def decisions_leave_no_audit(swap: Swap) -> None:
    """The audit chain is rewritten by whoever comes last, past the database's refusal."""
    real = journal.record

    def careless(tx: Any, key: bytes, actor: str, *rest: Any) -> None:
        real(tx, key, actor, *rest)
        tx.run(journal_table.update().values(actor="admin"))

    swap(journal, "record", careless)


@bug(60, seed=7)
def an_open_case_swallows_the_next(swap: Swap) -> None:
    """A second conflict of one field keeps the facts of the first."""
    real = issues._open_by_identity

    def careless(tx: Any, rows: Any) -> Any:
        known = real(tx, rows)
        rows[:] = [r for r in rows if issues._identity(r) not in known]
        return known

    swap(issues, "_open_by_identity", careless)


@bug(40, seed=0)
def one_fault_stops_the_rest(swap: Swap) -> None:
    """A connection that was paused once stays so."""
    real = worker.stop

    def careless(hub: Any, connection: str, mapping: str, error: Any) -> None:
        real(hub, connection, mapping, error)
        with hub.store.begin() as tx:
            tx.run(pause.update().values(until_at=None))

    swap(worker, "stop", careless)
