"""The call budget of a connection in the store: all workers share one rate and one daily quota.

A worker takes the moments of its next calls in blocks of at most half a second, so that the store is asked twice a
second at any rate and nobody holds back moments that another could use. The store's clock counts, not the worker's.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from hefu.net.budget import Grant
from hefu.store.db import Store, Tx, instant, text
from hefu.store.tables import budget

SPAN = 0.5
"""Seconds of calls that one block covers at most."""

WORTH_NOTING = timedelta(seconds=0.2)

_NO_TIME = "1970-01-01T00:00:00.000000Z"


@dataclass
class _State:
    """What is kept: calls made in the day of the quota, and the first moment that nobody has taken."""

    day: str = ""
    calls: int = 0
    free_at: str = _NO_TIME


class StoreBudget:
    """See `hefu.net.budget.Budget`. One for each connection of a process; safe for several threads.

    Calls of a rehearsal count too. Where the rehearsal holds SQLite's only writer, they are remembered and noted
    down with the next call after it, or by `save`.
    """

    block = 1000

    def __init__(self, store: Store, connection: str) -> None:
        self._store, self._connection = store, connection
        self._lock = threading.Lock()
        self._unsaved: _State | None = None

    def take(self, want: int, gap: float, now: datetime, latest: datetime, day: str, most: int | None) -> Grant:
        """See `Budget.take`. Raises HubError when the store cannot be reached."""
        want = min(want, max(1, int(SPAN / gap))) if gap else want
        with self._lock, self._store.apart() as tx:
            state = self._state(tx)
            ahead = self._ahead(tx)
            grant = _granted(state, want, gap, now + ahead, latest + ahead, day, most)
            if grant.calls:
                self._keep(tx, state)
        return grant._replace(first=grant.first - ahead) if grant.first else grant

    def _ahead(self, tx: Tx) -> timedelta:
        """How far the store's clock is ahead of ours; less than a round trip to it may take is nothing."""
        ahead = instant(tx.now()) - self._store.env.now()
        return ahead if abs(ahead) > WORTH_NOTING else timedelta(0)

    def save(self) -> None:
        """Note down what a rehearsal used."""
        if self._unsaved is not None:
            with self._lock, self._store.apart() as tx:
                self._keep(tx, self._state(tx))

    def _state(self, tx: Tx) -> _State:
        """As the store has it, held until the transaction ends; with what it does not know yet."""
        if self._unsaved is not None:
            return self._unsaved
        tx.lock_name(f"budget:{self._connection}")
        row = tx.run(
            select(budget.c.day, budget.c.calls, budget.c.free_at).where(budget.c.connection == self._connection)
        ).first()
        return _State(*row) if row else _State()

    def _keep(self, tx: Tx, state: _State) -> None:
        if not tx.writes:
            self._unsaved = state
            return
        values = {"day": state.day, "calls": state.calls, "free_at": state.free_at}
        mine = budget.c.connection == self._connection
        if not tx.run(budget.update().where(mine).values(**values)).rowcount:
            tx.run(budget.insert().values(connection=self._connection, **values))
        self._unsaved = None


def _granted(
    state: _State, want: int, gap: float, now: datetime, latest: datetime, day: str, most: int | None
) -> Grant:
    """Take up to `want` moments out of the state."""
    if day > state.day:  # a worker whose clock is behind still counts on the day that has begun
        state.day, state.calls = day, 0
    if most is not None:
        want = min(want, most - state.calls)
        if want <= 0:
            return Grant(0, None)
    first = max(now, instant(state.free_at))
    if first > latest:
        return Grant(0, first)
    state.calls += want
    state.free_at = text(first + timedelta(seconds=want * gap))
    return Grant(want, first)
