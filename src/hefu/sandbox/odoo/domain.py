"""Search domains in prefix notation: what they ask of a record, and what an index can make of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Protocol

from hefu.sandbox.odoo.models import NUMBERS, F, fault
from hefu.sandbox.shelf import Kept

OPERATORS = ("=", "!=", "<", "<=", ">", ">=", "in", "not in", "like", "ilike", "not like", "not ilike", "=like",
             "=ilike", "child_of")  # fmt: skip
Test = Callable[[Kept], bool]


class Looker(Protocol):
    """What a domain needs of the book."""

    def field(self, model: str, name: str) -> tuple[str, F]:
        """(name in store, field). Raises OdooError."""
        ...

    def raw(self, model: str, kept: Kept, stored: str, f: F) -> Any:
        """The value as it is kept; moments as datetime, x2many as ids."""
        ...

    def kept(self, model: str, number: int) -> Kept | None:
        """A record."""
        ...

    def named(self, model: str, number: int | None) -> str:
        """Its display name."""
        ...


def moment(text: object) -> datetime:
    """ "2026-01-31 08:00:00" (or a day) as Odoo reads it, UTC; nothing else is taken."""
    told = str(text)
    form = "%Y-%m-%d" if len(told) == 10 else "%Y-%m-%d %H:%M:%S"
    try:
        return datetime.strptime(told[:19], form).replace(tzinfo=UTC)
    except ValueError:
        raise fault(f"time data {told!r} does not match format {form!r}") from None


def understood(book: Looker, model: str, domain: Any) -> Test:
    """A domain as a test of records. Raises OdooError."""
    if not isinstance(domain, list | tuple):
        raise fault(f"Domain() invalid item in domain: {domain!r}", "TypeError")
    stack: list[Test] = []
    for part in reversed(domain):
        if part == "!":
            stack.append(_not(_pop(stack)))
        elif part in ("&", "|"):
            stack.append(_both(part, _pop(stack), _pop(stack)))
        else:
            stack.append(_leaf(book, model, part))
    tests = tuple(reversed(stack))
    return lambda kept: all(test(kept) for test in tests)


def _pop(stack: list[Test]) -> Test:
    if not stack:
        raise fault("Domain is invalid: an operator misses its terms")
    return stack.pop()


def _not(test: Test) -> Test:
    return lambda kept: not test(kept)


def _both(word: str, one: Test, two: Test) -> Test:
    if word == "&":
        return lambda kept: one(kept) and two(kept)
    return lambda kept: one(kept) or two(kept)


def _leaf(book: Looker, model: str, part: Any) -> Test:
    if not isinstance(part, list | tuple) or len(part) != 3 or not isinstance(part[0], str):
        raise fault(f"Domain() invalid item in domain: {part!r}")
    path, operator, value = part
    if operator not in OPERATORS:
        raise fault(f"Domain() invalid operator {operator!r} in {part!r}")
    name, _, rest = path.partition(".")
    stored, f = book.field(model, name)
    if rest:
        inner = _leaf(book, f.relation, [rest, operator, value])

        def through(kept: Kept) -> bool:
            found = book.raw(model, kept, stored, f)
            ids = found if isinstance(found, list) else [found] if found else []
            others = (book.kept(f.relation, i) for i in ids)
            return any(inner(other) for other in others if other is not None)

        return through
    compare = _compared(book, f, operator, value)
    return lambda kept: compare(book.raw(model, kept, stored, f))


def _compared(book: Looker, f: F, operator: str, value: Any) -> Callable[[Any], bool]:
    if f.type in ("many2one", "one2many", "many2many") and operator not in ("in", "not in"):
        return _related(book, f, operator, value)
    if operator in ("in", "not in"):
        wanted = [_given(f, v) for v in (value if isinstance(value, list | tuple) else [value])]
        return _membership(wanted, operator == "in")
    if "like" in operator:
        return _like(operator, value)
    asked = _given(f, value)
    if operator in ("=", "!="):
        same = operator == "="
        return lambda held: ((held or None) == (asked or None)) is same
    tests: Mapping[str, Callable[[Any], bool]] = {
        "<": lambda held: held is not None and held < asked,
        "<=": lambda held: held is not None and held <= asked,
        ">": lambda held: held is not None and held > asked,
        ">=": lambda held: held is not None and held >= asked,
    }
    return tests[operator]


def _membership(wanted: Sequence[Any], positive: bool) -> Callable[[Any], bool]:
    def test(held: Any) -> bool:
        if isinstance(held, list):
            return any(h in wanted for h in held) is positive
        return (held in wanted or (held in (None, "") and None in wanted)) is positive

    return test


def _related(book: Looker, f: F, operator: str, value: Any) -> Callable[[Any], bool]:
    def ids(held: Any) -> list[int]:
        return held if isinstance(held, list) else [held] if held else []

    if isinstance(value, str):
        match = _like("ilike" if operator in ("=", "!=") else operator, value)
        return lambda held: any(match(book.named(f.relation, i)) for i in ids(held))
    if operator == "child_of":
        return lambda held: any(value in _line(book, f.relation, i) for i in ids(held))
    if operator in ("=", "!="):
        same = operator == "="
        return lambda held: (value in ids(held) if value else not ids(held)) is same
    raise fault(f"Domain() invalid operator {operator!r} for a relation")


def _line(book: Looker, model: str, number: int) -> Iterator[int]:
    """The record and all above it."""
    at: int | None = number
    for _ in range(20):
        if not at:
            return
        yield at
        kept = book.kept(model, at)
        at = None if kept is None else kept.doc.get("parent_id")


def _like(operator: str, value: Any) -> Callable[[Any], bool]:
    text = str(value or "")
    pattern = "".join(".*" if c == "%" else "." if c == "_" else re.escape(c) for c in text)
    if not operator.startswith("="):
        pattern = f".*{pattern}.*"
    found = re.compile(pattern, re.DOTALL | (re.IGNORECASE if "ilike" in operator else 0))
    positive = not operator.startswith("not")
    return lambda held: (found.fullmatch(str(held or "")) is not None) is positive


def _given(f: F, value: Any) -> Any:
    if value is None or value is False:
        return False if f.type == "boolean" else None
    if f.type == "datetime":
        return moment(value)
    if f.type in NUMBERS and not isinstance(value, bool):
        try:
            return Decimal(str(value))
        except InvalidOperation:
            raise fault(f"invalid input syntax for type numeric: {value!r}") from None
    return value


def hint(domain: Any) -> tuple[dict[str, Any], datetime | None, list[int] | None, int]:
    """What of a domain without "or" an index can use: (equal fields, changed since, ids, after id)."""
    same: dict[str, Any] = {}
    since: datetime | None = None
    ids: list[int] | None = None
    after = 0
    if any(part in ("|", "!") for part in domain):
        return same, since, ids, after
    for part in domain:
        if part == "&":
            continue
        name, operator, value = part
        if name == "id" and operator in ("=", "in"):
            ids = [i for i in (value if isinstance(value, list) else [value]) if isinstance(i, int)]
        elif name == "id" and operator == ">" and isinstance(value, int):
            after = value
        elif name == "write_date" and operator == ">=":
            since = moment(value)
        elif operator == "=" and isinstance(value, str | int) and not isinstance(value, bool):
            same[name] = value
    return same, since, ids, after
