"""What really happened: every value that anybody typed, and what the hub was shown of each record, and when.

Every typed value is unique. So of each it can be said what became of it: it is in force, somebody who knew it
replaced it, a rule or a person decided against it, or it is lost.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from hefu.connectors.memory import MemorySystem
from hefu.core.records import Record
from hefu.sim.storm.world import NUMBERS

_WORD = re.compile(r"v(\d+)")


class Typed(NamedTuple):
    """A person typed this. `entry`: its number in the log of that system; `path`: "phone" or "lines[2].item"."""

    token: int
    system: str
    object: str
    record: str
    path: str
    entry: int


class History:
    """The facts by which the end is judged; written by people and by the lines, never by the hub."""

    def __init__(self) -> None:
        self.typed: list[Typed] = []
        self.by_token: dict[int, Typed] = {}
        self._reads: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        self._unkept: dict[int, list[tuple[tuple[str, str, str], int]]] = defaultdict(list)
        self._systems: dict[str, MemorySystem] = {}

    def watch(self, systems: dict[str, MemorySystem]) -> None:
        """These are the systems."""
        self._systems = systems

    def next_token(self) -> int:
        """The number of the next value."""
        return len(self.typed)

    def note(self, token: int, system: str, obj: str, record: str, path: str) -> None:
        """A person has just typed this value."""
        entry = self._systems[system].log[-1].number
        typed = Typed(token, system, obj, record, path, entry)
        self.typed.append(typed)
        self.by_token[token] = typed

    def position(self, system: str) -> int:
        """The number of the last entry in a system's log: what it answers now is as of then."""
        log = self._systems[system].log
        return log[-1].number if log else 0

    def has_read(self, worker: int, system: str, obj: str, records: Sequence[Record], as_of: int) -> None:
        """A worker was just shown these records, as they were at that position; it knows them once it has kept them."""
        self._unkept[worker] += [((system, obj, record.id), as_of) for record in records]

    def kept(self, worker: int) -> None:
        """A worker has committed something: it could remember all that it had been shown."""
        for key, as_of in self._unkept.pop(worker, ()):
            self._reads[key].append(as_of)

    def lost(self, worker: int) -> None:
        """A worker's database failed: what it had just been shown it could not remember."""
        self._unkept.pop(worker, None)

    def forget(self) -> None:
        """The round is over, or the process died: what was not committed nobody knows."""
        self._unkept.clear()

    def could_know(self, typed: Typed, before: int) -> bool:
        """Whether the hub was shown the record after this was typed and before that log entry, and could keep that."""
        reads = self._reads[typed.system, typed.object, typed.record]
        return any(typed.entry <= number < before for number in reads)


def tokens(path: str, value: Any) -> frozenset[int]:
    """The typed values that are in a value, however a system writes it."""
    name = path.rpartition(".")[2]
    if value is None or isinstance(value, bool):
        return frozenset()
    if name in NUMBERS:
        try:
            return frozenset({int(Decimal(str(value))) - 1})
        except InvalidOperation:
            return frozenset()
    if isinstance(value, list | dict):
        return frozenset(t for _, inner in inner_values(path, value) for t in tokens(_, inner))
    return frozenset(int(found) for found in _WORD.findall(str(value).lower()))


def inner_values(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    """(path, value) of each field within a list of lines, a line, or a plain value."""
    rows: Iterable[Any] = value if isinstance(value, list) else [value] if isinstance(value, dict) else ()
    if not isinstance(value, list | dict):
        yield path, value
    for row in rows:
        at = path if "[" in path else f"{path}[{row.get('no')}]"
        yield from ((f"{at}.{name}", inner) for name, inner in row.items() if name != "no")
