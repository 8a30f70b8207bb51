"""Raw rows in the order of a column: what a connector may offer beyond the contract, so that millions compare cheaply.

A system that can do this (a database) is walked side by side with another one, and what is equal is never turned into
records. Two columns whose `meaning` is one word hold raw values that mean the same whenever they are equal; so equal
rows are equal records, while rows that differ are read again and compared through the mappings.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias, runtime_checkable

Row: TypeAlias = tuple[Any, ...]
"""(key, value, value ...) as the driver gives them."""

Range: TypeAlias = tuple[Any, Any]
"""Keys above the first and up to the second; None is open."""

EVERYTHING: Range = (None, None)

ORDERS = ("int", "text")
"""Meanings of key columns that two systems sort alike: numbers, and text by code points."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What to read of an object: its key column, then these columns, within a range of keys."""

    obj: str
    key: str
    columns: tuple[str, ...]
    within: Range = EVERYTHING


@dataclass(frozen=True, slots=True)
class Gap:
    """What one statement over both sides found: keys that differ, or are on one side only, in batches."""

    differ: Sequence[Any] = ()
    left: Sequence[Any] = ()
    right: Sequence[Any] = ()


@runtime_checkable
class Ordered(Protocol):
    """A connector that reads raw rows in the order of a column. Each verb raises as the contract's verbs do."""

    def meaning(self, obj: str, column: str) -> str | None:
        """A word for how the column's raw values are to be understood; None where they cannot be read this way."""
        ...

    def unique(self, obj: str, column: str) -> bool:
        """Whether the database itself lets no value of that column occur twice."""
        ...

    def loader(self, obj: str, column: str) -> Callable[[Sequence[Any]], Sequence[Any]]:
        """From the column's raw values to those that the contract's verbs show."""
        ...

    def rows(self, reading: Reading, size: int) -> Iterator[list[Row]]:
        """Rows with a key, ordered by it (numbers by size, text by code points), at most `size` at once."""
        ...

    def keyless(self, obj: str, key: str) -> Iterator[list[str]]:
        """Ids of the records whose key is blank."""
        ...

    def cuts(self, obj: str, key: str, parts: int) -> list[Range]:
        """Ranges of keys that together hold every key and are about equally full."""
        ...

    def ids(self, obj: str, key: str, values: Sequence[Any]) -> list[tuple[Any, str]]:
        """(key, record id) of the records with these raw keys."""
        ...

    def gaps(self, left: Reading, other: Ordered, right: Reading, size: int) -> Iterator[Gap] | None:
        """The comparison as one statement of the database; None where both are not in one. Keys must be unique."""
        ...

    def count(self, obj: str) -> int:
        """How many records there are."""
        ...


def walk(left: Iterator[list[Row]], right: Iterator[list[Row]], block: int = 256) -> Iterator[Gap]:
    """Two sides in key order, each key once, walked together: what differs or is alone, in batches.

    Equal blocks are passed over in one comparison; only inside a block that differs it goes row by row.
    """
    a, b, i, j = next(left, None), next(right, None), 0, 0
    while a is not None and b is not None:
        size = min(block, len(a) - i, len(b) - j)
        if a[i : i + size] == b[j : j + size]:
            i, j = i + size, j + size
        else:
            i, j, gap = _step(a, b, i, j, block)
            yield gap
        if i == len(a):
            a, i = next(left, None), 0
        if j == len(b):
            b, j = next(right, None), 0
    while a is not None:
        yield Gap(left=[row[0] for row in a[i:]])
        a, i = next(left, None), 0
    while b is not None:
        yield Gap(right=[row[0] for row in b[j:]])
        b, j = next(right, None), 0


def _step(a: list[Row], b: list[Row], i: int, j: int, block: int) -> tuple[int, int, Gap]:
    differ: list[Any] = []
    left: list[Any] = []
    right: list[Any] = []
    end = min(len(a), i + block)
    while i < end and j < len(b):
        x, y = a[i], b[j]
        if x == y:
            i, j = i + 1, j + 1
        elif x[0] == y[0]:
            differ.append(x[0])
            i, j = i + 1, j + 1
        elif x[0] < y[0]:
            left.append(x[0])
            i += 1
        else:
            right.append(y[0])
            j += 1
    return i, j, Gap(differ, left, right)


def singly(rows: Iterator[list[Row]], again: Callable[[list[Any]], None]) -> Iterator[list[Row]]:
    """The first row of each key; `again` is told the keys of those after it."""
    last: Any = None
    for batch in rows:
        keys = [row[0] for row in batch]
        if keys[0] == last or len(set(keys)) < len(keys):
            befores = [last, *keys[:-1]]
            again([k for k, before in zip(keys, befores, strict=True) if k == before])
            batch = [row for row, before in zip(batch, befores, strict=True) if row[0] != before]
        last = keys[-1]
        if batch:
            yield batch


__all__ = ["EVERYTHING", "ORDERS", "Gap", "Ordered", "Range", "Reading", "Row", "singly", "walk"]
