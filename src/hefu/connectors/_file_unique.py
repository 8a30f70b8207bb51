"""Which keys occur, and which occur twice, among millions, in bounded memory: sorted runs of 64-bit hashes on disk."""

from __future__ import annotations

import tempfile
import threading
from array import array
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise

_RUN = 1 << 15
"""Hashes kept in memory before they go to disk."""

_PARTS = 1024
_BOUNDS = [(part << 54) - (1 << 63) for part in range(_PARTS)]


class Keys:
    """Collects keys; then `twice` tells the hashes of those that came more than once, and `holds` whether one came.

    Two different keys with equal hash (once in 37 million files of a million rows) would be taken for one, so
    whoever acts on a hash compares the keys themselves where that matters.
    """

    def __init__(self) -> None:
        self._now: list[int] = []
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 - lives as long as this object
        self._bounds: list[array[int]] = []
        self._reading = threading.Lock()

    def add(self, keys: Iterable[object]) -> None:
        """Count these keys."""
        self._now.extend(map(hash, keys))
        if len(self._now) >= _RUN:
            self._spill()

    def _spill(self) -> None:
        self._now.sort()
        start = self._file.seek(0, 2) // 8
        ends = [bisect_left(self._now, low) for low in _BOUNDS]
        self._bounds.append(array("q", (start + end for end in [*ends, len(self._now)])))
        self._file.write(array("q", self._now).tobytes())
        self._now = []

    def twice(self) -> frozenset[int]:
        """Hashes that came more than once. Ends the collecting."""
        if not self._bounds:
            self._now.sort()
            return _repeated(self._now)
        self._spill()
        found: set[int] = set()
        for first, last in pairwise(self._ranges()):
            found |= _repeated(self._load(first, last))
        return frozenset(found)

    def holds(self, key: object) -> bool:
        """Whether the key came, after `twice`. A hash that two keys share makes it True for both."""
        wanted = hash(key)
        if not self._bounds:
            at = bisect_left(self._now, wanted)
            return at < len(self._now) and self._now[at] == wanted
        part = bisect_right(_BOUNDS, wanted) - 1
        return any(wanted in self._part(run[part], run[part + 1]) for run in self._bounds)

    def _part(self, first: int, last: int) -> array[int]:
        out = array("q")
        with self._reading:
            self._file.seek(first * 8)
            out.frombytes(self._file.read((last - first) * 8))
        return out

    def _ranges(self) -> list[int]:
        """Neighbouring parts together until they fill a run."""
        sizes = [sum(run[part + 1] - run[part] for run in self._bounds) for part in range(_PARTS)]
        edges, filled = [0], 0
        for part, size in enumerate(sizes):
            if filled and filled + size > _RUN:
                edges.append(part)
                filled = 0
            filled += size
        return [*edges, _PARTS]

    def _load(self, first: int, last: int) -> array[int]:
        out = array("q")
        for run in self._bounds:
            out.extend(self._part(run[first], run[last]))
        return out


def _repeated(hashes: Iterable[int]) -> frozenset[int]:
    all_of = list(hashes)
    if len(set(all_of)) == len(all_of):
        return frozenset()
    return frozenset(h for h, times in Counter(all_of).items() if times > 1)


__all__ = ["Keys"]
