"""What the fields of an object contain, from a sample of its records: how full, how many values, which ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hefu.core.records import Field, Values
from hefu.core.values import ODD, plain_text

TOP = 5
EXAMPLES = 3


@dataclass(frozen=True)
class FieldProfile:
    """Of one field: of `records` so many are filled, with so many different values; the frequent and some others.

    `longest`: characters of the longest value. Lines count as one value: what is inside stands at "lines.price".
    """

    name: str
    records: int
    filled: int
    distinct: int
    longest: int
    top: tuple[tuple[str, int], ...]
    examples: tuple[str, ...]


def profile(fields: Sequence[Field], records: Sequence[Values]) -> list[FieldProfile]:
    """Every field of these, lines included, over these records."""
    return [one for field in fields for one in _profile(field, "", records)]


def _profile(field: Field, above: str, records: Sequence[Values]) -> Iterable[FieldProfile]:
    held = [_at(record, field.name) for record in records]
    texts = [_said(value) for value in held if value is not None and value != "" and value != []]
    counts = Counter(texts)
    frequent = [(value, n) for value, n in counts.most_common(TOP) if n > 1]
    shown = {value for value, _ in frequent}
    others = [value for value in counts if value not in shown][:EXAMPLES]
    longest = max(map(len, texts), default=0)
    name = f"{above}{field.name}"
    yield FieldProfile(name, len(records), len(texts), len(counts), longest, tuple(frequent), tuple(others))
    lines = [line for value in held if isinstance(value, list) for line in value if isinstance(line, Mapping)]
    for inner in field.lines:
        yield from _profile(inner, f"{name}.", lines)


def _at(record: Values, name: str) -> Any:
    """The value of a field; of "FCustId.FNumber" also where it stands inside of an object."""
    if name in record:
        return record[name]
    held: Any = record
    for part in name.split("."):
        held = held.get(part) if isinstance(held, Mapping) else None
    return held


def _said(value: Any) -> str:
    if isinstance(value, list):
        return f"[{len(value)}]"
    try:
        return plain_text(value)
    except ODD:
        return str(value)


__all__ = ["FieldProfile", "profile"]
