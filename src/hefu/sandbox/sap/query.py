"""`$filter`, `$orderby` and their kin: a real small parser of both versions' grammar, typed by the set's properties.

V2 and V4 differ in their literals (`datetime'...'` against bare dates, `10M` against `10`) and functions
(`substringof('x',F)` against `contains(F,'x')`); what one version does not know it refuses.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, NamedTuple

from hefu.sandbox.sap.model import EntityType, Nav, Prop, Service
from hefu.sandbox.sap.refusals import Refusal
from hefu.sandbox.sap.wire import from_text, stripped

Row = Mapping[str, Any]
Test = Callable[[Row], bool]
MOST_DEPTH, MOST_TEXT = 40, 20_000
_TOKEN = re.compile(
    r"""\s*(?:
      (?P<quoted>(?:(?P<prefix>datetimeoffset|datetime|time|guid|binary|X)(?='))?'(?:[^']|'')*')
    | (?P<stamp>\d{4}-\d\d-\d\dT[0-9:.]+(?:Z|[+-]\d\d:\d\d)) | (?P<date>\d{4}-\d\d-\d\d(?![\dT-]))
    | (?P<guid>[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}) | (?P<time>\d\d:\d\d:\d\d(?:\.\d+)?)
    | (?P<number>-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?[MmLlDdFf]?) | (?P<mark>[(),]) | (?P<name>[A-Za-z_][\w./]*)
    )""",
    re.VERBOSE,
)
_COMPARE = {
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": operator.gt,
    "ge": operator.ge,
    "lt": operator.lt,
    "le": operator.le,
}
_TESTS: Mapping[str, tuple[tuple[int, ...], Callable[[str, str], bool]]] = {
    "substringof": ((2,), lambda needle, text: needle in text),
    "contains": ((4,), lambda text, needle: needle in text),
    "startswith": ((2, 4), str.startswith),
    "endswith": ((2, 4), str.endswith),
}
_CHANGES: Mapping[str, Callable[[str], str]] = {"tolower": str.lower, "toupper": str.upper, "trim": str.strip}


class Term(NamedTuple):
    """A side of a comparison. kind: a property's kind, or text, number, null ... of a literal."""

    kind: str
    value: Callable[[Row], Any]
    prop: Prop | None = None
    constant: Any = None


@dataclass
class Filter:
    """A parsed `$filter`. `fixed`: properties that must have one value, known without looking at a row."""

    test: Test
    fixed: dict[str, Any] = field(default_factory=dict)


@dataclass
class Options:
    """How one set is shown: here, or below an `$expand`."""

    select: Sequence[str] | None = None
    expand: dict[str, Options] = field(default_factory=dict)
    filter: Filter | None = None
    order: Sequence[tuple[str, bool]] = ()
    top: int | None = None
    skip: int = 0
    count: bool = False


def wrong(what: str, version: int) -> Refusal:
    """400: the query cannot be understood."""
    code = "/IWBEP/CM_MGW_RT/176" if version == 2 else "/IWBEP/CM_V4_COS/013"
    return Refusal(400, code, (f"查询选项无效：{what[:120]}", f"Invalid query option: {what[:120]}"))


class Parser:
    """One expression over one set."""

    def __init__(self, entity: EntityType, text: str, version: int) -> None:
        self.entity, self.version, self.text = entity, version, text
        self.tokens = list(self._tokens())
        self.at = 0
        self.fixed: dict[str, Any] = {}

    def whole(self) -> Filter:
        """The filter. Raises Refusal."""
        test = self._or(0, True)
        if self.at < len(self.tokens):
            raise wrong(self.text, self.version)
        return Filter(test, self.fixed)

    def _tokens(self) -> list[tuple[str, str]]:
        if len(self.text) > MOST_TEXT:
            raise wrong("too long", self.version)
        made, at, text = [], 0, self.text.rstrip()
        while at < len(text):
            found = _TOKEN.match(text, at)
            if found is None:
                raise wrong(self.text, self.version)
            kind = next(k for k in ("quoted", "stamp", "date", "guid", "time", "number", "mark", "name") if found[k])
            made.append((found["prefix"] or "text" if kind == "quoted" else kind, found[kind]))
            at = found.end()
        return made

    def _take(self, word: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at][1] == word:
            self.at += 1
            return True
        return False

    def _next(self) -> tuple[str, str]:
        if self.at >= len(self.tokens):
            raise wrong(self.text, self.version)
        self.at += 1
        return self.tokens[self.at - 1]

    def _or(self, depth: int, sure: bool) -> Test:
        """sure: the parts must hold for the whole to hold, so equalities found here fix their property."""
        if depth > MOST_DEPTH:
            raise wrong("nested too deeply", self.version)
        before = dict(self.fixed)
        parts = [self._and(depth, sure)]
        while self._take("or"):
            self.fixed = before
            parts.append(self._and(depth, False))
        return parts[0] if len(parts) == 1 else lambda row: any(part(row) for part in parts)

    def _and(self, depth: int, sure: bool) -> Test:
        parts = [self._not(depth, sure)]
        while self._take("and"):
            parts.append(self._not(depth, sure))
        return parts[0] if len(parts) == 1 else lambda row: all(part(row) for part in parts)

    def _not(self, depth: int, sure: bool) -> Test:
        if self._take("not"):
            inner = self._not(depth + 1, False) if depth < MOST_DEPTH else self._or(depth + 1, False)
            return lambda row: not inner(row)
        if self._take("("):
            inner = self._or(depth + 1, sure)
            if not self._take(")"):
                raise wrong(self.text, self.version)
            return inner
        return self._comparison(depth, sure)

    def _comparison(self, depth: int, sure: bool) -> Test:
        left = self._term(depth)
        if self.at < len(self.tokens) and self.tokens[self.at][1] in _COMPARE:
            word = self._next()[1]
            return self._compared(left, word, self._term(depth), sure)
        if left.kind != "bool":
            raise wrong(self.text, self.version)
        return lambda row: bool(left.value(row))

    def _term(self, depth: int) -> Term:
        kind, text = self._next()
        if kind == "name":
            if self._take("("):
                return self._function(text, depth + 1)
            if text in ("true", "false", "null"):
                value = {"true": True, "false": False, "null": None}[text]
                return Term("null" if value is None else "bool", lambda _: value, None, value)
            prop = self.entity.props.get(text)
            if prop is None:
                name = self.entity.called(self.version)
                said = (f"属性 {text} 在 {name} 中不存在", f"Property {text} not found in type {name}")
                raise Refusal(400, "/IWBEP/CM_MGW_RT/176", said, text)
            return Term(prop.kind, lambda row: row.get(text), prop)
        return self._literal(kind, text)

    def _literal(self, kind: str, text: str) -> Term:
        quoted = text.partition("'")[2][:-1].replace("''", "'") if text.endswith("'") else text
        only4 = kind in ("stamp", "date") or (kind in ("guid", "time") and not text.endswith("'"))
        only2 = kind in ("datetime", "datetimeoffset") or (kind in ("guid", "time") and text.endswith("'"))
        suffixed = kind == "number" and text[-1].isalpha()
        if (
            (only4 and self.version == 2)
            or ((only2 or suffixed) and self.version == 4)
            or kind in ("mark", "X", "binary")
        ):
            raise wrong(self.text, self.version)
        if kind == "number":
            value: Any = Decimal(text.rstrip("MmLlDdFf"))
        elif kind in ("datetime", "datetimeoffset", "stamp", "date", "time"):
            sort = {"datetime": "date", "datetimeoffset": "stamp"}.get(kind, kind)
            try:
                value = from_text(sort, quoted, self.version)
            except ValueError:
                raise wrong(text, self.version) from None
            kind = sort
        else:
            value = quoted.lower() if kind == "guid" else quoted
        return Term("string" if kind == "text" else kind, lambda _: value, None, value)

    def _function(self, name: str, depth: int) -> Term:
        if depth > MOST_DEPTH:
            raise wrong("nested too deeply", self.version)
        given = [self._term(depth)]
        while self._take(","):
            given.append(self._term(depth))
        if not self._take(")") or any(g.kind != "string" for g in given):
            raise wrong(self.text, self.version)
        if name in _TESTS and self.version in _TESTS[name][0] and len(given) == 2:
            test, (a, b) = _TESTS[name][1], given
            return Term("bool", lambda row: test(a.value(row) or "", b.value(row) or ""))
        if name in _CHANGES and len(given) == 1:
            change, inner = _CHANGES[name], given[0]
            return Term("string", lambda row: change(inner.value(row) or ""))
        raise wrong(f"{name}()", self.version)

    def _compared(self, left: Term, word: str, right: Term, sure: bool) -> Test:
        left, right = self._typed(left, right), self._typed(right, left)
        if "null" not in (left.kind, right.kind) and left.kind != right.kind:
            raise wrong(f"{self.text}: {left.kind} {word} {right.kind}", self.version)
        if sure and word == "eq" and left.prop is not None and right.prop is None and left.kind == "string":
            self.fixed.setdefault(left.prop.name, right.constant)
        compare, one, other = _COMPARE[word], left.value, right.value
        if left.kind == "decimal":
            one, other = _exact(one), _exact(other)
        if word in ("eq", "ne"):
            return lambda row: bool(compare(one(row), other(row)))

        padded = any(term.prop is not None and term.prop.alpha for term in (left, right))

        def ordered(row: Row) -> bool:
            a, b = one(row), other(row)
            if padded and a is not None and b is not None:  # as they stand inside: 9 comes before 10
                a, b = _padded(a), _padded(b)
            return a is not None and b is not None and bool(compare(a, b))

        return ordered

    def _typed(self, term: Term, beside: Term) -> Term:
        """A literal as the property beside it has it."""
        if term.prop is not None or beside.prop is None:
            return term if term.kind != "number" else term._replace(kind="decimal")
        prop, value = beside.prop, term.constant
        if prop.kind == "decimal" and (term.kind == "number" or (self.version == 2 and term.kind == "string")):
            try:
                value = Decimal(value)
            except ArithmeticError:
                raise wrong(str(value), self.version) from None
        elif term.kind == "null" or term.kind != prop.kind:
            return term
        elif prop.kind == "string" and term.constant is not None:
            value = stripped(value) if prop.alpha and value else value.upper() if prop.upper else value
        return Term(prop.kind, lambda _: value, None, value)


def _padded(key: str) -> str:
    return key.zfill(10) if key.isdecimal() else key


def _exact(value: Callable[[Row], Any]) -> Callable[[Row], Any]:
    def read(row: Row) -> Any:
        found = value(row)
        return None if found is None else Decimal(found)

    return read


# -------------------------------------------------------------------- options


def options(service: Service, entity: EntityType, given: Mapping[str, str], version: int) -> Options:
    """The query options of a call. Raises Refusal."""
    made = Options()
    expand = given.get("$expand", "")
    select = given.get("$select", "")
    if version == 2:
        made.expand = _expand2(service, entity, expand)
        _select2(service, entity, select, made)
    else:
        made.expand = _expand4(service, entity, expand)
        made.select = _select(entity, select, version)
    _common(entity, given, made, version)
    return made


def _common(entity: EntityType, given: Mapping[str, str], made: Options, version: int) -> None:
    if "$filter" in given:
        made.filter = Parser(entity, given["$filter"], version).whole()
    made.order = _order(entity, given.get("$orderby", ""), version)
    made.top = _whole(given["$top"], version) if "$top" in given else None
    made.skip = _whole(given.get("$skip", "0"), version)
    made.count = given.get("$inlinecount") == "allpages" if version == 2 else given.get("$count") == "true"


def _whole(text: str, version: int) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise wrong(text, version)
    return int(text)


def _order(entity: EntityType, text: str, version: int) -> list[tuple[str, bool]]:
    made = []
    for part in text.split(",") if text.strip() else ():
        name, *way = part.split()
        if name not in entity.props or way not in ([], ["asc"], ["desc"]):
            raise wrong(f"$orderby={part}", version)
        made.append((name, way == ["desc"]))
    return made


def _select(entity: EntityType, text: str, version: int) -> list[str] | None:
    names = [n.strip() for n in text.split(",")] if text.strip() else ["*"]
    for name in names:
        if name != "*" and name not in entity.props and entity.nav(name, version) is None:
            said = (f"$select 中的 {name} 不存在", f"Resource not found for segment '{name}' in $select")
            raise Refusal(404 if version == 2 else 400, "/IWBEP/CM_MGW_RT/025", said, name)
    return None if "*" in names else names


def _select2(service: Service, entity: EntityType, text: str, made: Options) -> None:
    """V2 names what it wants below an expansion by its path."""
    here = []
    for path in [p.strip() for p in text.split(",") if p.strip()]:
        head, _, rest = path.partition("/")
        if rest and head in made.expand:
            target, below = service.sets[_nav(entity, head, 2).target], made.expand[head]
            inner = Options(expand=below.expand)
            _select2(service, target, rest, inner)
            below.select = None if inner.select is None else [*(below.select or ()), *inner.select]
            here.append(head)
        else:
            here.append(head)
    made.select = _select(entity, ",".join(here), 2)


def _nav(entity: EntityType, name: str, version: int) -> Nav:
    found = entity.nav(name, version)
    if found is None:
        raise Refusal(
            400, "/IWBEP/CM_MGW_RT/176", (f"导航 {name} 不存在", f"Invalid system query options value: {name}"), name
        )
    return found


def _expand2(service: Service, entity: EntityType, text: str) -> dict[str, Options]:
    made: dict[str, Options] = {}
    for path in [p.strip() for p in text.split(",") if p.strip()]:
        at, below = entity, made
        for name in path.split("/")[:8]:
            nav = _nav(at, name, 2)
            below = below.setdefault(name, Options()).expand
            at = service.sets[nav.target]
    return made


def _expand4(service: Service, entity: EntityType, text: str, depth: int = 0) -> dict[str, Options]:
    if depth > 8:
        raise wrong("$expand nested too deeply", 4)
    made: dict[str, Options] = {}
    for part in _split(text, ","):
        name, _, inner = part.partition("(")
        nav = _nav(entity, name.strip(), 4)
        target = service.sets[nav.target]
        given = dict(p.strip().partition("=")[::2] for p in _split(inner.rstrip().removesuffix(")"), ";"))
        if not set(given) <= {"$select", "$expand", "$filter", "$orderby", "$top", "$skip", "$count"}:
            raise wrong(part, 4)
        below = Options(_select(target, given.get("$select", ""), 4))
        below.expand = _expand4(service, target, given.get("$expand", ""), depth + 1)
        _common(target, given, below, 4)
        made[name.strip()] = below
    return made


def _split(text: str, mark: str) -> list[str]:
    """Parts of a text, split where no bracket and no quote is open."""
    parts, depth, quoted, last = [], 0, False, 0
    for at, sign in enumerate(text):
        if sign == "'":
            quoted = not quoted
        elif not quoted:
            depth += (sign == "(") - (sign == ")")
            if sign == mark and depth == 0:
                parts.append(text[last:at])
                last = at + 1
    return [p for p in (*parts, text[last:]) if p.strip()]
