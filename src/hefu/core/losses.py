"""What a system would cut off or round: reported before it happens, never hidden (sync.md, projections)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hefu.core.columns import ABSENT, read_one
from hefu.core.records import Field, ObjectSchema, Values


@dataclass(frozen=True, slots=True)
class Loss:
    """One value that does not fit: `kind` is "length" (characters), "bytes" (UTF-8), "scale" or "option"."""

    field: str
    kind: str
    most: int
    actual: int


def losses(schema: ObjectSchema | None, values: Values) -> list[Loss]:
    """The values of a record that its object cannot hold as they are."""
    return [] if schema is None else [*_losses(schema.fields, values, "")]


def _losses(fields: tuple[Field, ...], values: Values, above: str) -> Iterator[Loss]:
    for used in fields:
        value = read_one(values, used.name)
        if value is ABSENT or value is None:
            continue
        name = f"{above}{used.name}"
        if isinstance(value, str):
            yield from _text(name, used, value)
        elif isinstance(value, Decimal) and used.scale is not None:
            places = max(0, -_exponent(value))
            if places > used.scale:
                yield Loss(name, "scale", used.scale, places)
        elif isinstance(value, list) and used.lines:
            for at, line in enumerate(value, 1):
                yield from _losses(used.lines, line, f"{name}[{at}].")


def _text(name: str, used: Field, value: str) -> Iterator[Loss]:
    if used.length is not None and len(value) > used.length:
        yield Loss(name, "length", used.length, len(value))
    if used.bytes_length is not None:
        size = len(value.encode("utf-8", "surrogatepass"))
        if size > used.bytes_length:
            yield Loss(name, "bytes", used.bytes_length, size)


def _exponent(value: Decimal) -> Any:
    exponent = value.normalize().as_tuple().exponent
    return exponent if isinstance(exponent, int) else 0
