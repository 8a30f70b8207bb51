"""Virtual time, ids that count, chance that is always in the middle."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from hefu.core.env import Env

T = TypeVar("T")
R = TypeVar("R")

_TICK = timedelta(microseconds=1)


class StormEnv(Env):
    """Nothing here asks the machine. The clock also moves a little whenever somebody looks at it."""

    def __init__(self) -> None:
        super().__init__(concurrency=1)
        self.at = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
        self._count = 0

    def now(self) -> datetime:
        """The instant that the simulation has reached."""
        self.at += _TICK
        return self.at

    def sleep(self, seconds: float) -> None:
        """Time passes."""
        self.at += timedelta(seconds=seconds)

    def random(self) -> float:
        """Always the middle: jitter has no part in a case."""
        return 0.5

    def new_id(self) -> str:
        """The next number."""
        self._count += 1
        return f"{self._count:022d}"

    def new_ids(self, count: int) -> list[str]:
        """The next numbers."""
        return [self.new_id() for _ in range(count)]

    def overlap(self, work: Callable[[T], R], items: Sequence[T], at_most: int | None = None) -> list[R]:
        """One after the other."""
        return [work(item) for item in items]

    def ahead(self, source: Iterable[T], depth: int = 2) -> Iterator[T]:
        """Nothing is read ahead."""
        return iter(source)
