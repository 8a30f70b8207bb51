"""Time, waiting, ids and chance, handed in, so that a simulator can own them.

Nothing else in core, store, engine or a connector asks the machine for any of these.
"""

from __future__ import annotations

import random as _random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from queue import Queue
from typing import TypeVar

from hefu.core.urgency import carried

T = TypeVar("T")
R = TypeVar("R")


class Env:
    """The machine's own clock and chance, with calls that may overlap in threads."""

    def __init__(self, *, concurrency: int = 8) -> None:
        self._random = _random.SystemRandom()
        self._ids = threading.Lock()
        self._last = (0, 0)
        self._mark = f"{self._random.getrandbits(32):08x}"
        self._concurrency = concurrency
        self._pool: ThreadPoolExecutor | None = None

    def now(self) -> datetime:
        """The present instant, in UTC."""
        return datetime.now(UTC)

    def later(self, seconds: float) -> datetime:
        """The instant that many seconds from now."""
        return self.now() + timedelta(seconds=seconds)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        time.sleep(seconds)

    def random(self) -> float:
        """A number in [0, 1)."""
        return self._random.random()

    def new_id(self) -> str:
        """A new text id of 26 characters; ids of one process sort in the order they were made.

        12 hexadecimal digits of milliseconds, 6 that count within the process, 8 that name the process.
        """
        millis = int(time.time() * 1000)
        with self._ids:
            last, count = self._last
            millis, count = (millis, 0) if millis > last else (last, count + 1)
            if count > 0xFFFFFF:
                millis, count = last + 1, 0
            self._last = (millis, count)
        return f"{millis:012x}{count:06x}{self._mark}"

    def new_ids(self, count: int) -> list[str]:
        """That many new ids, in ascending order."""
        return [self.new_id() for _ in range(count)]

    def overlap(self, work: Callable[[T], R], items: Sequence[T], at_most: int | None = None) -> list[R]:
        """`[work(i) for i in items]` with up to `at_most` running at once; results in the order of items."""
        width = min(at_most or self._concurrency, self._concurrency, len(items))
        if width <= 1:
            return [work(item) for item in items]
        if self._pool is None:
            self._pool = ThreadPoolExecutor(self._concurrency, thread_name_prefix="hefu-call")
        return list(self._pool.map(carried(work), items))

    def ahead(self, source: Iterable[T], depth: int = 2) -> Iterator[T]:
        """Iterate over `source` while a thread already fetches the next `depth` items of it.

        An error in `source` arrives after the items before it. Leaving early stops the thread.
        """
        queue: Queue[tuple[bool, object]] = Queue(depth)
        stopped = threading.Event()

        def put(item: tuple[bool, object]) -> None:
            while not stopped.is_set():
                try:
                    queue.put(item, timeout=0.2)
                except Exception:  # noqa: BLE001, S112 - queue.Full: look whether the reader has left
                    continue
                return

        def fetch() -> None:
            try:
                for item in source:
                    put((True, item))
                    if stopped.is_set():
                        return
                put((False, None))
            except BaseException as error:  # noqa: BLE001 - handed over to the reader
                put((False, error))

        threading.Thread(target=carried(fetch), name="hefu-ahead", daemon=True).start()
        try:
            while True:
                more, item = queue.get()
                if more:
                    yield item  # type: ignore[misc]
                elif item is None:
                    return
                else:
                    raise item  # type: ignore[misc]
        finally:
            stopped.set()


def instant(text: str) -> datetime:
    """An instant from its normal form "2026-01-31T08:00:00Z"."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


def stamp(at: datetime) -> str:
    """The normal form of an instant, in UTC, with microseconds only where there are any."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


__all__ = ["Env", "instant", "stamp"]
