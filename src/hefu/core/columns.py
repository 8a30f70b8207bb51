"""Values flow through a mapping in columns: the same field of a whole batch at once, which is what makes it fast.

A pipe is a row of stages. Each stage knows a whole column and a single value; when anything in a column is odd, the
batch of that field is done again value by value, and only the values that cannot be understood become errors.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import compress
from typing import Any, Final

from hefu.core.errors import HubError, Rejected
from hefu.core.records import Value, Values
from hefu.core.values import ODD, Column


class _Absent:
    """A value that was not sent at all."""

    def __repr__(self) -> str:
        return "ABSENT"


ABSENT: Final[Any] = _Absent()


@dataclass(frozen=True, slots=True)
class Stage:
    """One step of a pipe. `paths` name further values that `cell` takes after the first."""

    cell: Callable[..., Any]
    column: Column | None = None
    sees_blank: bool = False
    paths: tuple[str, ...] = ()


@dataclass(frozen=True)
class Pipe:
    """Stages in a row for one field, named `where` in errors.

    `blank` says what "" becomes, before the stages and after them: None, "" or ABSENT (then None does too).
    """

    where: str
    stages: tuple[Stage, ...]
    blank: Any = None
    paths: tuple[str, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "paths", tuple(path for stage in self.stages for path in stage.paths))

    def run(self, column: list[Value], records: Sequence[Values], *, gaps: bool) -> tuple[list[Any], bool]:
        """The column behind the pipe, and whether it may hold ABSENT or errors. Never raises for a value.

        `gaps`: the column may hold ABSENT now.
        """
        if not self.paths:
            try:
                return self._whole(column, gaps)
            except ODD:
                return [self._one(value, {}) for value in column], True
        others = {path: read(records, path)[0] for path in self.paths}
        tails = zip(*others.values(), strict=True)
        return [
            self._one(value, dict(zip(others, tail, strict=True))) for value, tail in zip(column, tails, strict=True)
        ], True

    def _whole(self, column: list[Value], gaps: bool) -> tuple[list[Any], bool]:
        column = self._blanks(column)
        gaps = gaps or self.blank is ABSENT
        for stage in self.stages:
            column = _around_gaps(stage, column, gaps)
        if len(self.stages) > 1:
            column = self._blanks(column)
        return column, gaps

    def _blanks(self, column: list[Value]) -> list[Value]:
        blank = self.blank
        if blank is ABSENT and None in column:
            column = [ABSENT if value is None else value for value in column]
        if "" in column and blank != "":
            return [blank if type(value) is str and not value else value for value in column]
        return column

    def _one(self, value: Value, others: Mapping[str, Value]) -> Any:
        try:
            return self._through(value, others)
        except Rejected as error:
            return Rejected(error.code, field=self.where, **{**error.facts, "where": self.where})
        except HubError as error:
            return error
        except ODD as error:
            return Rejected("mapping.value", field=self.where, where=self.where, reason=str(error))

    def _through(self, value: Value, others: Mapping[str, Value]) -> Any:
        if value is ABSENT:
            if not others or all(other is ABSENT for other in others.values()):
                return ABSENT
            value = None
        value = self._blank(value)
        for stage in self.stages:
            if stage.paths:
                value = stage.cell(value, *(self._blank(others[path]) for path in stage.paths))
            elif stage.sees_blank or (value is not None and value is not ABSENT):
                value = stage.cell(value)
        return self._blank(value)

    def _blank(self, value: Any) -> Any:
        if isinstance(value, str) and not value:
            return self.blank
        return ABSENT if value is None and self.blank is ABSENT else value


def _around_gaps(stage: Stage, column: list[Any], gaps: bool) -> list[Any]:
    """The column behind a stage; gaps stay gaps, blanks too unless the stage wants to see them."""
    if stage.sees_blank:
        if not gaps or ABSENT not in column:
            return _column(stage, column)
        full = iter(_column(stage, [value for value in column if value is not ABSENT]))
        return [value if value is ABSENT else next(full) for value in column]
    if None not in column and not (gaps and ABSENT in column):
        return _column(stage, column)
    full = iter(_column(stage, [value for value in column if value is not None and value is not ABSENT]))
    return [value if value is None or value is ABSENT else next(full) for value in column]


def _column(stage: Stage, column: list[Any]) -> list[Any]:
    if not column:
        return column
    if stage.column is not None:
        return stage.column(column)
    cell = stage.cell
    return [cell(value) for value in column]


# ------------------------------------------------------------------- paths with dots


class Table(Sequence[dict[str, Any]]):
    """`size` records that are kept in columns; rows are made only for what asks for rows, such as an expression.

    `gaps`: fields that some of the records do not have; ABSENT stands in their columns.
    """

    def __init__(self, size: int, columns: Mapping[str, Sequence[Any]], gaps: frozenset[str] = frozenset()) -> None:
        self.size, self.columns, self.gaps = size, columns, gaps

    @cached_property
    def _rows(self) -> list[dict[str, Any]]:
        return assemble(self.size, [(name, column, name in self.gaps) for name, column in self.columns.items()])

    def __len__(self) -> int:
        return self.size

    def __getitem__(self, at: Any) -> Any:
        return self._rows[at]

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self._rows)

    def read(self, path: str) -> tuple[list[Any], bool]:
        """As `read` below."""
        found = self.columns.get(path)
        if found is not None:
            return list(found), path in self.gaps
        if "." not in path:
            return [ABSENT] * self.size, True
        return [read_one(record, path) for record in self._rows], True

    def without(self, places: Collection[int]) -> Table:
        """The records at all other places."""
        if not places:
            return self
        keep = [at not in places for at in range(self.size)]
        columns = {name: list(compress(column, keep)) for name, column in self.columns.items()}
        return Table(sum(keep), columns, self.gaps)


def read(records: Sequence[Mapping[str, Any]], path: str) -> tuple[list[Any], bool]:
    """The value at a path in each record, and whether some are ABSENT.

    A path is a field of that very name, or leads field by field through nested objects.
    """
    if isinstance(records, Table):
        return records.read(path)
    try:
        return [record[path] for record in records], False
    except (KeyError, TypeError):
        return [read_one(record, path) for record in records], True


def read_one(record: Mapping[str, Any], path: str) -> Any:
    """The value at a path in one record, or ABSENT."""
    if path in record:
        return record[path]
    found: Any = record
    for name in path.split("."):
        if not isinstance(found, Mapping) or name not in found:
            return ABSENT
        found = found[name]
    return found


def put(record: dict[str, Any], path: tuple[str, ...], value: Value) -> None:
    """Set the value at a path, making the nested objects on the way."""
    for name in path[:-1]:
        record = record.setdefault(name, {})
    record[path[-1]] = value


@lru_cache(maxsize=1024)
def _builder(names: tuple[str, ...]) -> Callable[..., list[dict[str, Any]]]:
    """A function that makes records of these fields from their columns.

    Written as source, because a dict display is twice as fast as `dict(zip(names, row))` and three times as fast as
    setting field by field.
    """
    at = range(len(names))
    pairs = ", ".join(f"{name!r}: v{i}" for i, name in zip(at, names, strict=True))
    made: dict[str, Any] = {}
    variables = ", ".join(f"v{i}" for i in at)
    source = f"def build(*columns):\n    return [{{{pairs}}} for {variables}, in zip(*columns, strict=True)]"
    exec(source, {"zip": zip}, made)  # noqa: S102 - nothing but quoted names and v0, v1 ... gets in
    build: Callable[..., list[dict[str, Any]]] = made["build"]
    return build


def assemble(count: int, columns: Sequence[tuple[str, Sequence[Any], bool]]) -> list[Any]:
    """Records from their columns (name, values, whether some are ABSENT or errors).

    An absent value leaves its field out; the first error of a record takes the record's place.
    """
    plain = [(name, values) for name, values, odd in columns if not odd]
    names = tuple(name for name, _ in plain)
    out: list[Any] = _builder(names)(*(values for _, values in plain)) if names else [{} for _ in range(count)]
    for name, values, odd in columns:
        if odd:
            _set(out, name, values)
    return out


def _set(out: list[Any], name: str, values: Sequence[Any]) -> None:
    for at, value in enumerate(values):
        if value is ABSENT or type(out[at]) is not dict:
            continue
        if isinstance(value, HubError):
            out[at] = value
        else:
            out[at][name] = value


__all__ = ["ABSENT", "Pipe", "Stage", "Table", "assemble", "put", "read", "read_one"]
