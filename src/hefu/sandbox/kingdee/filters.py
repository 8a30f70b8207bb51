"""The filter language of a bill query: text like SQL's where clause over field keys, or a list of conditions.

Texts are compared as the database of the vendor does it, without regard to case; a comparison with a blank is false.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from hefu.sandbox.kingdee.replies import BROKEN, Refused

_TOKEN = re.compile(r"\s*(?:(N?'(?:[^']|'')*')|(-?\d+(?:\.\d+)?)|([A-Za-z_][\w.]*)|(<>|!=|>=|<=|=|<|>|\(|\)|,))")
_WORDS = {"and", "or", "not", "in", "like", "is", "null", "between"}
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_DEEPEST = 40


@dataclass(frozen=True)
class Test:
    """One comparison: op is one of = <> > >= < <= in like null; negated by `no`."""

    key: str
    op: str
    values: tuple[Any, ...] = ()
    no: bool = False


@dataclass(frozen=True)
class Both:
    """and / or of parts; op "not" has one part."""

    op: str
    parts: tuple[Node, ...]


Node = Test | Both
Value = Callable[[str], Any]
"""Field key -> how it stands in the row under test."""


def parse(given: Any) -> Node | None:
    """The filter of a query, None for none. Raises Refused for what cannot be read."""
    if given in (None, "", []):
        return None
    if isinstance(given, list):
        return parse(_joined(given))
    if not isinstance(given, str):
        raise _broken(str(given))
    return _Reader(given).read() if given.strip() else None


def _joined(conditions: Sequence[Any]) -> str:
    """The list form as text: of the compare codes only 67, equals, is known."""
    words = ""
    for n, given in enumerate(conditions):
        if not isinstance(given, Mapping) or str(given.get("Compare")) not in ("67", "="):
            raise _broken(str(given))
        value = str(given.get("Value", "")).replace("'", "''")
        words += f"{given.get('Left') or ''} {given.get('FieldName')} = '{value}' {given.get('Right') or ''}"
        if n < len(conditions) - 1:
            words += " or " if str(given.get("Logic")) == "1" else " and "
    return words


def _broken(near: str) -> Refused:
    return Refused(BROKEN, f"“{near[:60]}”附近有语法错误。")


class _Reader:
    def __init__(self, given: str) -> None:
        self.tokens: list[tuple[str, Any]] = []
        at = 0
        while given[at:].strip():
            found = _TOKEN.match(given, at)
            if found is None:
                raise _broken(given[at:])
            text, digits, name, sign = found.groups()
            if text is not None:
                self.tokens.append(("value", text[text.index("'") + 1 : -1].replace("''", "'")))
            elif digits is not None:
                self.tokens.append(("value", Decimal(digits)))
            elif name is not None and name.lower() in _WORDS:
                self.tokens.append(("word", name.lower()))
            else:
                self.tokens.append(("name", name) if name is not None else ("sign", sign))
            at = found.end()
        self.at = self.depth = 0

    def read(self) -> Node:
        node = self._any()
        if self.at < len(self.tokens):
            raise _broken(str(self.tokens[self.at][1]))
        return node

    def _next(self, kind: str = "", what: str = "") -> Any:
        if self.at >= len(self.tokens):
            raise _broken("")
        found = self.tokens[self.at]
        if (kind and found[0] != kind) or (what and found[1] != what):
            raise _broken(str(found[1]))
        self.at += 1
        return found[1]

    def _sees(self, kind: str, what: str) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at] == (kind, what)

    def _takes(self, kind: str, what: str) -> bool:
        seen = self._sees(kind, what)
        self.at += seen
        return seen

    def _any(self) -> Node:
        parts = [self._all()]
        while self._takes("word", "or"):
            parts.append(self._all())
        return parts[0] if len(parts) == 1 else Both("or", tuple(parts))

    def _all(self) -> Node:
        parts = [self._one()]
        while self._takes("word", "and"):
            parts.append(self._one())
        return parts[0] if len(parts) == 1 else Both("and", tuple(parts))

    def _one(self) -> Node:
        if self._takes("word", "not"):
            return Both("not", (self._one(),))
        if self._takes("sign", "("):
            self.depth += 1
            if self.depth > _DEEPEST:
                raise _broken("(")
            inside = self._any()
            self._next("sign", ")")
            self.depth -= 1
            return inside
        return self._test()

    def _test(self) -> Node:
        if self.at < len(self.tokens) and self.tokens[self.at][0] == "value":  # 1=1, as many a client begins its filter
            return self._constant()
        key = self._next("name")
        if self._takes("word", "is"):
            no = self._takes("word", "not")
            self._next("word", "null")
            return Test(key, "null", no=no)
        no = self._takes("word", "not")
        if self._takes("word", "in"):
            return Test(key, "in", self._list(), no)
        if self._takes("word", "like"):
            return Test(key, "like", (str(self._next("value")),), no)
        if self._takes("word", "between"):
            low = self._next("value")
            self._next("word", "and")
            return Both("and", (Test(key, ">=", (low,)), Test(key, "<=", (self._next("value"),))))
        op = self._next("sign")
        if op not in _COMPARE or no:
            raise _broken(op)
        return Test(key, op, (self._next("value"),))

    def _constant(self) -> Node:
        left, op, right = self._next("value"), self._next("sign"), self._next("value")
        if op not in _COMPARE or type(left) is not type(right):
            raise _broken(str(op))
        return Both("and" if _COMPARE[op](left, right) else "or", ())

    def _list(self) -> tuple[Any, ...]:
        self._next("sign", "(")
        found = [self._next("value")]
        while self._takes("sign", ","):
            found.append(self._next("value"))
        self._next("sign", ")")
        return tuple(found)


def keys(node: Node | None) -> set[str]:
    """The fields that a filter speaks of."""
    if node is None:
        return set()
    if isinstance(node, Test):
        return {node.key}
    return {key for part in node.parts for key in keys(part)}


def conjuncts(node: Node | None) -> list[Test]:
    """Tests that must hold by themselves: what a reader may narrow its search by."""
    if isinstance(node, Test):
        return [] if node.no else [node]
    if isinstance(node, Both) and node.op == "and":
        return [test for part in node.parts for test in conjuncts(part)]
    return []


def compiled(node: Node | None) -> Callable[[Value], bool]:
    """The filter as a test of one row."""
    if node is None:
        return lambda _: True
    if isinstance(node, Test):
        return _tester(node)
    parts = [compiled(part) for part in node.parts]
    if node.op == "not":
        return lambda value: not parts[0](value)
    if node.op == "or":
        return lambda value: any(part(value) for part in parts)
    return lambda value: all(part(value) for part in parts)


def _tester(test: Test) -> Callable[[Value], bool]:
    key, no = test.key, test.no
    if test.op == "null":
        return lambda value: (value(key) is None) is not no
    if test.op == "like":
        pattern = _pattern(test.values[0])
        return lambda value: (pattern.fullmatch(_text(value(key))) is not None) is not no
    if test.op == "in":
        return lambda value: any(_compare(value(key), "=", given) for given in test.values) is not no
    return lambda value: _compare(value(key), test.op, test.values[0])


def _compare(have: Any, op: str, given: Any) -> bool:
    if have is None:
        return False
    if isinstance(have, datetime):
        return _COMPARE[op](have, _moment(given))
    if isinstance(have, Decimal | int):
        return _COMPARE[op](have, number(given))
    return _COMPARE[op](str(have).lower(), _text(given).lower())


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def number(given: Any) -> Decimal:
    """What is compared with a number."""
    if isinstance(given, str) and given.lower() in ("true", "false"):
        return Decimal(given.lower() == "true")
    try:
        return Decimal(given)
    except InvalidOperation:
        raise Refused(BROKEN, f"在将 nvarchar 值 '{given}' 转换成数据类型 int 时失败。") from None


def _moment(given: Any) -> datetime:
    try:
        at = datetime.fromisoformat(str(given).strip())
    except ValueError:
        raise Refused(BROKEN, "从字符串转换日期和/或时间时，转换失败。") from None
    return at.replace(tzinfo=None)


def _pattern(like: str) -> re.Pattern[str]:
    made = "".join(".*" if c == "%" else "." if c == "_" else re.escape(c) for c in like)
    return re.compile(made, re.IGNORECASE | re.DOTALL)
