"""A proof of who we are that is fetched, shared by all threads, and fetched anew when it has ended.

Vendors answer a burst of log-ins by locking the account or by refusing all tokens for minutes: only one thread asks,
the others take what it got, and a refusal is remembered for a while instead of being asked for again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from hefu.core.errors import Denied

T = TypeVar("T")

REFUSED = timedelta(seconds=60)
"""How long a refused log-in is not tried again."""


class Session(Generic[T]):
    """`open_` gives the proof and when it ends (None: when the system says so). Raises what `open_` raises."""

    def __init__(self, open_: Callable[[], tuple[T, datetime | None]], now: Callable[[], datetime]) -> None:
        self._open, self._now = open_, now
        self._lock = threading.Lock()
        self._proof: T | None = None
        self._ends: datetime | None = None
        self._refusal: tuple[Denied, datetime] | None = None

    def current(self) -> T:
        """The proof, fetched first where there is none or it has ended by its own time."""
        with self._lock:
            if self._proof is None or (self._ends is not None and self._now() >= self._ends):
                return self._fresh()
            return self._proof

    def renewed(self, after: T) -> T:
        """A newer proof than that one: another thread's, if it was quicker."""
        with self._lock:
            if self._proof is not None and self._proof is not after:
                return self._proof
            return self._fresh()

    def _fresh(self) -> T:
        if self._refusal is not None and self._now() < self._refusal[1]:
            raise self._refusal[0]
        try:
            proof, self._ends = self._open()
        except Denied as error:
            self._refusal = (error, self._now() + REFUSED)
            raise
        self._proof, self._refusal = proof, None
        return proof
