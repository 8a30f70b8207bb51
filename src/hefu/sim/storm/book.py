"""The hub's own database in the simulation: every commit is a step, and may fail or be the last thing that happens."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from hefu.core.env import Env
from hefu.core.errors import Transient
from hefu.sim.storm.history import History
from hefu.sim.storm.turns import Turns
from hefu.store.db import Store, Tx
from hefu.store.tables import metadata


class Book(Store):
    """A store in memory, made once for a process and wiped for each case: a new one would cost a third of it.

    `trouble()` names what goes wrong with the commit at hand, or says "". `inside` tells that a transaction is open.
    `history` hears whether a worker could keep what it was shown.
    """

    turns: Turns
    trouble: Callable[[], str]
    history: History

    def __init__(self, env: Env) -> None:
        super().__init__("sqlite://", env)
        self.inside = False
        self.create()
        with self.engine.begin() as conn:  # the next case begins with an empty audit log
            for verb in ("update", "delete"):
                conn.exec_driver_sql(f"DROP TRIGGER journal_no_{verb}")
        self._tables = [f'DELETE FROM "{table.name}"' for table in reversed(metadata.sorted_tables)]

    def wipe(self, env: Env, turns: Turns, history: History) -> None:
        """Empty, for the next case."""
        self.env, self.turns, self.trouble, self.inside, self.history = env, turns, str, False, history
        with self.engine.begin() as conn:
            for statement in self._tables:
                conn.exec_driver_sql(statement)

    @contextmanager
    def begin(self) -> Iterator[Tx]:
        """A writing transaction with a step before its commit and one after it."""
        turns = self.turns
        turns.alive()
        if self._rehearsal is not None:
            with super().begin() as tx:
                yield tx
            return
        turns.switch()
        after = ""
        try:
            with super().begin() as tx:
                self.inside = True
                try:
                    yield tx
                    turns.step("before commit", inside=True)
                    after = self._fail_before(self.trouble())
                finally:
                    self.inside = False
        except BaseException as error:
            if not (isinstance(error, Transient) and error.code == "store.raced"):  # that is repeated: `Store.again`
                self.history.lost(turns.reader)
            raise
        self.history.kept(turns.reader)
        turns.step("after commit")
        if after:
            raise Transient("store.unreachable", said="the connection was cut after the commit")

    @staticmethod
    def _fail_before(kind: str) -> str:
        """Raise what keeps a commit from happening; what strikes after it is given back."""
        if kind == "disk_full":
            raise Transient("store.full", said="database or disk is full")
        if kind == "store_locked":
            raise Transient("store.locked", said="database is locked")
        if kind == "raced":
            raise Transient("store.raced", said="unique constraint failed")
        return kind

    @contextmanager
    def look(self) -> Iterator[Tx]:
        """A reading transaction; the dead do not read."""
        self.turns.alive()
        with super().look() as tx:
            yield tx


__all__ = ["Book"]
