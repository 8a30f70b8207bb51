"""The ways of a compiled mapping: one field of a batch at a time, inwards or outwards, lines included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hefu.core.columns import ABSENT, Pipe, Table, assemble, put, read
from hefu.core.errors import HubError, Rejected
from hefu.core.expr import Expr
from hefu.core.records import Normal, Normals, Values


@dataclass(frozen=True)
class Lines:
    """A list of lines: all lines of a batch go through the line's own pipes together.

    `key` names the golden field that identifies a line; lines are kept in its order, so that a system which hands
    them out in another order has changed nothing.
    """

    where: str
    ways: tuple[InField | OutField, ...]
    key: str | None
    inwards: bool

    def column(self, column: list[Any]) -> tuple[list[Any], bool]:
        """All lists of a batch through the pipes, as one long list of lines."""
        every = [self._lines(value) for value in column]
        flat = [line for lines in every if isinstance(lines, list) for line in lines]
        done = iter(self._flat(flat))
        return [
            self._regroup([next(done) for _ in lines]) if isinstance(lines, list) else lines for lines in every
        ], True

    def _lines(self, value: Any) -> Any:
        if value is ABSENT or value is None:
            return value
        if not isinstance(value, (list, tuple)) or not all(isinstance(line, dict) for line in value):
            return Rejected("value.lines", field=self.where, where=self.where)
        return list(value)

    def _flat(self, flat: list[Any]) -> list[Any]:
        return run(self.ways, flat)

    def _regroup(self, lines: list[Any]) -> Any:
        for at, line in enumerate(lines):
            if isinstance(line, HubError):
                named = f"{self.where}.{getattr(line, 'field', None) or ''}".rstrip(".")
                return Rejected(line.code, field=named, **{**line.facts, "where": named, "line": at + 1})
        if self.key is None or not self.inwards:
            return lines
        return self._in_order(lines, self.key)

    def _in_order(self, lines: list[Normals], key: str) -> Any:
        keys = [line.get(key) for line in lines]
        for at, found in enumerate(keys):
            if found is None or found == "":
                return Rejected("value.line_key", field=self.where, where=self.where, key=key, line=at + 1)
        if len(set(keys)) < len(keys):
            twice = next(found for at, found in enumerate(keys) if found in keys[:at])
            return Rejected("value.line_twice", field=self.where, where=self.where, key=key, value=twice)
        return sorted(lines, key=lambda line: _key_order(line[key]))


def _key_order(key: Normal) -> tuple[int, int, str]:
    """Numbers in the order of numbers, before all other keys."""
    said = str(key)
    return (0, int(said), "") if said.isascii() and said.isdigit() and len(said) < 19 else (1, 0, said)


@dataclass(frozen=True)
class InField:
    """One golden field from a record: from a path through a pipe, from an expression, or from lines."""

    name: str
    path: str | None
    pipe: Pipe
    expr: Expr | None = None
    lines: Lines | None = None

    @property
    def target(self) -> tuple[str, ...]:
        """Where its values go."""
        return (self.name,)

    @property
    def reads(self) -> frozenset[str] | None:
        """The system's fields that it is made of; None: it may look at any."""
        if self.expr is not None:
            return None if self.expr.uses_whole else self.expr.names
        path = self.path or self.name
        below = [way.reads for way in self.lines.ways if isinstance(way, InField)] if self.lines is not None else []
        if None in below:
            return None
        return frozenset({path, *self.pipe.paths}).union(*({f"{path}.{n}" for n in some or ()} for some in below))

    def run(self, records: Sequence[Values]) -> tuple[list[Any], bool]:
        """This field's values, and whether some are ABSENT or errors."""
        if self.expr is not None:
            return _expressed(self.expr, self.pipe, records)
        column, gaps = read(records, self.path or self.name)
        values, odd = self.pipe.run(column, records, gaps=gaps)
        return self.lines.column(values) if self.lines is not None else (values, odd)


@dataclass(frozen=True)
class OutField:
    """One field of the system from golden. `inputs` are the golden fields whose change it must be told."""

    name: str
    target: tuple[str, ...]
    inputs: frozenset[str]
    pipe: Pipe
    clear: bool = True
    expr: Expr | None = None
    lines: Lines | None = None

    def run(self, goldens: Sequence[Normals]) -> tuple[list[Any], bool]:
        """This field's values, and whether some are ABSENT or errors."""
        values, odd = self._values(goldens)
        if not self.clear and None in values:
            return [ABSENT if value is None else value for value in values], True
        return values, odd

    def _values(self, goldens: Sequence[Normals]) -> tuple[list[Any], bool]:
        if self.expr is not None:
            return _expressed(self.expr, self.pipe, goldens)
        column, gaps = read(goldens, self.name)
        if self.lines is None:
            return self.pipe.run(column, goldens, gaps=gaps)
        column, _ = self.lines.column(column)
        return _beside_errors(self.pipe, column, goldens)


def run(ways: Sequence[InField | OutField], records: Sequence[Any]) -> list[Any]:
    """Records through all ways; a way with a nested target is put into place afterwards."""
    done = [(way.target, *way.run(records)) for way in ways]
    out = assemble(len(records), [(path[0], values, odd) for path, values, odd in done if len(path) == 1])
    for path, values, _ in done:
        if len(path) > 1:
            _nest(out, path, values)
    return out


def _nest(out: list[Any], path: tuple[str, ...], values: list[Any]) -> None:
    for at, value in enumerate(values):
        if type(out[at]) is not dict or value is ABSENT:
            continue
        if isinstance(value, HubError):
            out[at] = value
        else:
            put(out[at], path, value)


def run_columns(ways: Sequence[InField | OutField], records: Table) -> tuple[Table, dict[int, HubError]]:
    """`run` without making records: the columns behind all ways, and the errors by place.

    What stands in the columns at the place of an error means nothing.
    """
    columns: dict[str, list[Any]] = {}
    gaps: set[str] = set()
    errors: dict[int, HubError] = {}
    for way in ways:
        values, odd = way.run(records)
        if odd:
            for at, value in enumerate(values):
                if isinstance(value, HubError):
                    errors.setdefault(at, value)
        name, *below = way.target
        if below:
            values, odd = _below(columns.get(name) or [ABSENT] * len(records), below, values), True
        elif odd and name in columns:
            values = [old if value is ABSENT else value for old, value in zip(columns[name], values, strict=True)]
        columns[name] = values
        if odd:
            gaps.add(name)
    return Table(len(records), columns, frozenset(gaps)), errors


def _below(objects: list[Any], path: Sequence[str], values: list[Any]) -> list[Any]:
    """Nested objects with these values put into them."""
    for at, value in enumerate(values):
        if value is not ABSENT and not isinstance(value, HubError):
            if type(objects[at]) is not dict:
                objects[at] = {}
            put(objects[at], tuple(path), value)
    return objects


def _expressed(expr: Expr, pipe: Pipe, records: Sequence[Any]) -> tuple[list[Any], bool]:
    return _beside_errors(pipe, [evaluate(expr, record, pipe.where) for record in records], records)


def evaluate(expr: Expr, values: Values, where: str) -> Any:
    try:
        return expr.run(values)
    except Rejected as error:
        return Rejected(error.code, field=where, **{**error.facts, "where": where})


def _beside_errors(pipe: Pipe, column: list[Any], records: Sequence[Any]) -> tuple[list[Any], bool]:
    """The column behind the pipe, with the errors that are already in it left in their places."""
    failed = {at: value for at, value in enumerate(column) if isinstance(value, HubError)}
    column = [ABSENT if at in failed else value for at, value in enumerate(column)]
    values, _ = pipe.run(column, records, gaps=True)
    for at, error in failed.items():
        values[at] = error
    return values, True


__all__ = ["InField", "Lines", "OutField", "run", "run_columns"]
