"""The examples beside a mapping, run as tests: a record of the system, what it is in our terms, what we write back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from hefu.core.columns import ABSENT, read_one
from hefu.core.errors import HubError
from hefu.core.mapping import Compiled, Filtered
from hefu.core.project import EntityField, Example
from hefu.core.records import FieldType
from hefu.core.values import ODD, normaliser, plain, zone_of


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that came out otherwise than the example says. `way`: "in" (to us) or "out" (to the system)."""

    way: Literal["in", "out"]
    field: str
    expected: Any
    got: Any


@dataclass(frozen=True, slots=True)
class Outcome:
    """One example, run. It passed when there is neither an error nor a difference."""

    title: str
    differences: tuple[Difference, ...] = ()
    error: HubError | None = None
    filtered: bool = False

    @property
    def passed(self) -> bool:
        """Did all come out as the example says?"""
        return not (self.differences or self.error or self.filtered)


def run_examples(compiled: Compiled, zone: str = "UTC") -> list[Outcome]:
    """Every example of the mapping. Only the fields that an example names are compared.

    Expected values may be written as YAML has them (12.50, 2026-01-31): they are brought to their normal form.
    """
    return [_run(compiled, example, zone, at) for at, example in enumerate(compiled.mapping.examples, 1)]


def _run(compiled: Compiled, example: Example, zone: str, at: int) -> Outcome:
    title = example.title or f"#{at}"
    golden = compiled.inward([exact(example.record)])[0]
    if isinstance(golden, HubError):
        return Outcome(title, error=golden)
    if isinstance(golden, Filtered):
        return Outcome(title, filtered=True)
    expected = {
        name: _expected(value, compiled.entity.fields.get(name), zone) for name, value in example.golden.items()
    }
    differences = _compare("in", expected, golden)
    if example.back is not None:
        written = compiled.outward([golden], [None])[0]
        if isinstance(written, HubError):
            return Outcome(title, tuple(differences), written)
        tz = zone_of(zone)
        said = {
            name: plain(read_one(written, name), tz) for name in example.back if read_one(written, name) is not ABSENT
        }
        differences += _compare("out", {n: plain(v, tz) for n, v in exact(example.back).items()}, said)
    return Outcome(title, tuple(differences))


def _compare(way: Literal["in", "out"], expected: Mapping[str, Any], got: Mapping[str, Any]) -> list[Difference]:
    return [
        Difference(way, name, value, got.get(name, ABSENT))
        for name, value in expected.items()
        if got.get(name, ABSENT) != value
    ]


def _expected(value: Any, field: EntityField | None, zone: str) -> Any:
    value = exact(value)
    if value is None or field is None:
        return value
    if field.type is FieldType.LINES and isinstance(value, list):
        return [{n: _expected(v, field.lines.get(n), zone) for n, v in line.items()} for line in value]
    try:
        return normaliser(field.type, zone_of(zone))[0](value)
    except ODD:
        return value


def exact(value: Any) -> Any:
    """A value from a YAML or JSON document with its binary floats as the decimals that were written."""
    if isinstance(value, float):
        return Decimal(repr(value))
    if isinstance(value, Mapping):
        return {name: exact(item) for name, item in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [exact(item) for item in value]
    return value


__all__ = ["Difference", "Outcome", "exact", "run_examples"]
