"""The seam to the expression language: parse, check types, run. CEL by Google's cel-expr-python stands behind it.

Values are in normal form, so decimals are text and have functions of their own (`dec_add` ...): no binary float can
slip in. A blank text is "", a blank truth value stops the expression with a clear error, and every error at run time
is raised: the library hands errors out as values, which must never reach a system.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any

from hefu.core.columns import put
from hefu.core.documents import nearest
from hefu.core.errors import Rejected, Unsupported
from hefu.core.records import FieldType, Normal
from hefu.core.values import ODD, boolean, plain, text, zone_of

MAX_SOURCE = 2_000
MAX_NESTING = 2
MAX_GROWTH = 1_000
"""Most times that macros may multiply a value: `x + x` in a chain of maps doubles it with each."""
MAX_RESULT = 20_000_000
"""Most characters that an expression could make of the values it is given, at worst."""
MAX_LINES = 1_000
"""Most items of a list that an expression may see: the library's `map` takes time by the square of them."""

_TOKEN = re.compile(
    r"""(?P<comment>//[^\n]*)
      | (?P<string>[rRbB]{0,2}(?:\"\"\"(?:\\.|[^\\])*?\"\"\"|'''(?:\\.|[^\\])*?'''
                               |"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))
      | (?P<name>[A-Za-z_][A-Za-z0-9_]*)
      | (?P<sign>[()\[\]{}.,:?])
      | (?P<space>\s+) | (?P<other>.)""",
    re.VERBOSE | re.DOTALL,
)
_MACROS = {"map", "filter", "all", "exists", "exists_one"}
_WORDS = {"true", "false", "null", "in", "has", "size", "type", "dyn", "string", "int", "uint", "double", "bool"}
_PLACE = re.compile(r"<input>:(-?\d+):(-?\d+): (.*)")


@dataclass(frozen=True)
class Scope:
    """What an expression may name: fields with their types, and all of them together as the map `whole`.

    A field whose name is no identifier (客户名称) is written `record['客户名称']`. `open` scopes know no types: there
    every name is taken as it comes.
    """

    fields: Mapping[str, FieldType] = field(default_factory=dict)
    whole: str = "record"
    zone: str = "UTC"
    open: bool = False


@dataclass(frozen=True)
class Expr:
    """An expression that passed its checks. `names` are the fields it can read."""

    source: str
    names: frozenset[str]
    scope: Scope
    uses_whole: bool
    growth: int
    depth: int
    zone: tzinfo
    blanks: dict[str, None]
    program: Any

    def run(self, values: Mapping[str, Any]) -> Normal:
        """Its value over a record, in normal form. Raises Rejected("mapping.expr_failed"), never returns an error."""
        try:
            result = self.program.eval(data=self._data(values))
            plain_value = result.plain_value()
            if type(plain_value) is not bool and result.type().name() in ("ERROR", "UNKNOWN"):
                raise Rejected("mapping.expr_failed", expression=self.source, reason=_reason(plain_value))
            return _normal(plain_value)
        except Rejected:
            raise
        except (RuntimeError, *ODD) as error:
            raise Rejected("mapping.expr_failed", expression=self.source, reason=_reason(error)) from error

    def holds(self, values: Mapping[str, Any]) -> bool:
        """Whether this condition is met; one that cannot be worked out because a field is blank is not.

        Raises Rejected("mapping.expr_failed") for any other reason.
        """
        try:
            return self.run(values) is True
        except Rejected:
            if any(values.get(name) is None for name in self.names & self.scope.fields.keys()):
                return False
            raise

    def _data(self, values: Mapping[str, Any]) -> dict[str, Any]:
        data: dict[str, Any] = {}
        longest, simple = 0, not self.uses_whole
        for name in self.names:
            found = values[name] if name in values else self._parts(name, values)
            kind = self.scope.fields.get(name)
            if type(found) is str and kind is not FieldType.BOOLEAN and kind is not FieldType.LINES:
                data[name] = found
                longest = max(longest, len(found))
                continue
            value = _given(found, kind, self.zone)
            if value is not None or name not in self.scope.fields:
                data[name] = value
            simple = simple and (value is None or isinstance(value, bool))
        if self.uses_whole:
            data[self.scope.whole] = self.blanks | {
                name: _bounded(plain(value, self.zone)) for name, value in values.items()
            }
        self._weigh(*((longest, 0) if simple else _measure(data)))
        return data

    def _weigh(self, longest: int, items: int) -> None:
        """Refuse what could fill the memory: growth by the longest text, for each item of the longest list."""
        if self.growth * longest * max(1, items) ** self.depth > MAX_RESULT:
            raise Rejected("mapping.expr_growth", most=MAX_RESULT)

    def _parts(self, root: str, values: Mapping[str, Any]) -> dict[str, Any] | None:
        """The object of which a record holds the parts as fields of their own: FCustId.FNumber, FCustId.FName."""
        parts = [name for name in self.scope.fields if name.startswith(root + ".")]
        found: dict[str, Any] = {}
        for name in parts:
            put(found, tuple(name.split(".")[1:]), values.get(name))
        return found or None


def _given(value: Any, kind: FieldType | None, zone: Any) -> Normal:
    """A value as its declared type wants it; the root of a dotted path and names of open scopes have no type."""
    if kind is FieldType.LINES:
        return _bounded(plain(value, zone)) if value is not None else []
    if value is None:
        return None if kind in (None, FieldType.BOOLEAN) else ""
    if kind is FieldType.BOOLEAN:
        return boolean(value)
    normal = _bounded(plain(value, zone))
    return normal if kind is None or isinstance(normal, str) else text(normal)


def _measure(value: Any) -> tuple[int, int]:
    """The longest text and the longest list inside a value."""
    if isinstance(value, str):
        return len(value), 0
    if not isinstance(value, (list, dict)):
        return 1, 0
    inside = [_measure(item) for item in (value.values() if isinstance(value, dict) else value)]
    own = len(value) if isinstance(value, list) else 0
    return max((text for text, _ in inside), default=1), max((items for _, items in inside), default=0) or own


def _bounded(value: Normal) -> Normal:
    if isinstance(value, list) and len(value) > MAX_LINES:
        raise Rejected("mapping.expr_lines", count=len(value), most=MAX_LINES)
    return value


def _normal(value: Any) -> Normal:
    if isinstance(value, float):
        raise Rejected("value.float", value=value)
    if isinstance(value, datetime) and value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    if isinstance(value, Mapping):
        raise Rejected("value.type", value="{...}", type="text")
    return text(value) if isinstance(value, str) else plain(value, UTC)


def _reason(error: object) -> str:
    said = str(error)
    return said.split(": ", 1)[-1].split(" [", 1)[0][:300]


# ---------------------------------------------------------------------- compiling


def fault(source: str | None, scope: Scope, gives: FieldType | None) -> dict[str, Any] | None:
    """What `parse` has against an expression, in the words of a document's flaw: code, word, known, facts."""
    if source is None:
        return None
    try:
        parse(source, scope, gives)
    except Unsupported as error:
        facts = {n: v for n, v in error.facts.items() if n not in ("word", "nearest")}
        known = (*scope.fields,) if error.code == "mapping.expr_unknown" else ()
        return {"code": error.code, "word": str(error.facts.get("word", "")), "known": known, "facts": facts}
    return None


def parse(source: str, scope: Scope, gives: FieldType | None = None) -> Expr:
    """Check the expression against the scope, and its type against `gives`.

    Raises Unsupported("mapping.expr" ...) with the facts at_line, at_column (from 1), word and nearest.
    """
    if len(source) > MAX_SOURCE:
        raise Unsupported("mapping.expr_long", length=len(source), most=MAX_SOURCE)
    tokens = [(m.lastgroup or "", m[0], m.start()) for m in _TOKEN.finditer(source)]
    tokens = [t for t in tokens if t[0] not in ("comment", "space")]
    growth, depth = _limit(tokens)
    names, uses_whole = _names(source, tokens, scope)
    env = _environment(_declarations(scope, names))
    try:
        program = env.compile(source)
    except RuntimeError as error:
        raise _compile_error(source, scope, error) from error
    _check_result(source, program.return_type().name(), gives)
    blanks = dict.fromkeys(_roots(scope))
    return Expr(source, names, scope, uses_whole, growth, depth, zone_of(scope.zone), blanks, program)


def _limit(tokens: Sequence[tuple[str, str, int]]) -> tuple[int, int]:
    """How often a value may be multiplied and how deep macros nest. Macros are found by their shape `.map(`.

    Raises Unsupported for what could grow without bound.
    """
    growth, deepest = 1, 0
    opened: list[bool] = []
    for at, (kind, word, _) in enumerate(tokens):
        if kind != "sign":
            continue
        if word in ("(", "[", "{"):
            macro = word == "(" and at > 1 and tokens[at - 1][1] in _MACROS and tokens[at - 2][1] == "."
            opened.append(macro)
            growth *= max(1, _uses(tokens, at)) if macro else 1
        elif word in (")", "]", "}") and opened:
            opened.pop()
        deepest = max(deepest, sum(opened))
    if deepest > MAX_NESTING:
        raise Unsupported("mapping.expr_nested", most=MAX_NESTING)
    if growth > MAX_GROWTH:
        raise Unsupported("mapping.expr_growth", most=MAX_GROWTH)
    read = sum(kind == "name" and not _called(tokens, at) for at, (kind, _, _) in enumerate(tokens))
    return growth * max(1, read), deepest


def _uses(tokens: Sequence[tuple[str, str, int]], opening: int) -> int:
    """How often a macro's own variable is used inside its brackets."""
    variable, depth, uses = tokens[opening + 1][1] if opening + 1 < len(tokens) else "", 0, -1
    for kind, word, _ in tokens[opening:]:
        depth += word in ("(", "[", "{") and kind == "sign"
        depth -= word in (")", "]", "}") and kind == "sign"
        uses += kind == "name" and word == variable
        if depth == 0:
            break
    return uses


def _names(source: str, tokens: Sequence[tuple[str, str, int]], scope: Scope) -> tuple[frozenset[str], bool]:
    """The fields an expression may read: more than it does, where a macro's variable is named like one."""
    names: set[str] = set()
    whole, roots = False, _roots(scope)
    for at, (kind, word, place) in enumerate(tokens):
        selected = at > 0 and tokens[at - 1][1] == "."
        if kind != "name" or selected:
            continue
        if word == scope.whole:
            whole = True
            _check_whole(source, tokens[at + 1 : at + 3], scope, place)
        elif word in roots or (scope.open and word not in _WORDS and not _called(tokens, at)):
            names.add(word)
    return frozenset(names), whole


def _called(tokens: Sequence[tuple[str, str, int]], at: int) -> bool:
    return at + 1 < len(tokens) and tokens[at + 1][1] == "("


def _check_whole(source: str, after: Sequence[tuple[str, str, int]], scope: Scope, place: int) -> None:
    """`record['名称']` and `record.name` must name a field that is there."""
    if scope.open or len(after) < 2 or after[0][1] not in ("[", "."):
        return
    kind, word, _ = after[1]
    named = word[1:-1] if kind == "string" else word if after[0][1] == "." else None
    if named is not None and "\\" not in named and named not in _roots(scope):
        raise _place_error("mapping.expr_unknown", source, place, named, nearest(named, scope.fields))


def _roots(scope: Scope) -> set[str]:
    return set(scope.fields) | {name.split(".", 1)[0] for name in scope.fields}


def _place_error(code: str, source: str, at: int, word: str, near: str, reason: str = "") -> Unsupported:
    line = source.count("\n", 0, at) + 1
    column = at - (source.rfind("\n", 0, at) + 1) + 1
    return Unsupported(code, at_line=line, at_column=column, word=word, nearest=near or "-", reason=reason)


def _compile_error(source: str, scope: Scope, error: RuntimeError) -> Unsupported:
    found = _PLACE.search(str(error))
    if found is None:
        return Unsupported("mapping.expr", at_line=1, at_column=1, word=source[:60], nearest="-", reason=_reason(error))
    line, column = max(int(found[1]), 1), max(int(found[2]), 1)
    reason = re.sub(r" \[[A-Z_]+\]$| \(in container ''\)", "", found[3].strip())
    unknown = re.search(r"undeclared reference to '([^']*)'", reason)
    word = unknown[1] if unknown else "".join(source.split("\n")[line - 1 : line])[column - 1 :][:30]
    known = [*scope.fields, scope.whole, *function_names()]
    code = "mapping.expr_unknown" if unknown else "mapping.expr"
    near = nearest(word, known) if unknown else ""
    return Unsupported(code, at_line=line, at_column=column, word=word, nearest=near or "-", reason=reason)


_RESULT: dict[FieldType, set[str]] = {
    FieldType.BOOLEAN: {"BOOL"},
    FieldType.LINES: {"LIST"},
    FieldType.DECIMAL: {"STRING", "INT", "UINT"},
    FieldType.MONEY: {"STRING", "INT", "UINT"},
    FieldType.INSTANT: {"STRING", "TIMESTAMP"},
}


_ANY = {"STRING", "INT", "UINT", "BOOL", "LIST", "TIMESTAMP", "DYN", "NULL"}


def _check_result(source: str, found: str, gives: FieldType | None) -> None:
    kind = found.split("<", 1)[0]
    allowed = _RESULT.get(gives, {"STRING", "INT", "UINT"}) if gives else None
    if kind not in _ANY or (allowed and kind not in allowed | {"DYN", "NULL"}):
        wanted = gives.value if gives else "text"
        reason = f"gives {kind.lower()}, {wanted} is needed"
        raise Unsupported("mapping.expr_type", at_line=1, at_column=1, word=source[:60], nearest="-", reason=reason)


def _declarations(scope: Scope, names: frozenset[str]) -> tuple[tuple[str, str], ...]:
    declared = {scope.whole: "whole"}
    for name, kind in scope.fields.items():
        if "." in name:
            declared.setdefault(name.split(".", 1)[0], "whole")
        elif re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) and name not in _WORDS:
            declared[name] = {FieldType.BOOLEAN: "bool", FieldType.LINES: "lines"}.get(kind, "string")
    if scope.open:
        declared |= dict.fromkeys(names, "dyn")
    return tuple(sorted(declared.items()))


@lru_cache(maxsize=64)
def _environment(declared: tuple[tuple[str, str], ...]) -> Any:
    from cel_expr_python import cel

    from hefu.core.expr_functions import declarations

    whole = cel.Type.Map(cel.Type.STRING, cel.Type.DYN)
    types = {
        "string": cel.Type.STRING,
        "bool": cel.Type.BOOL,
        "dyn": cel.Type.DYN,
        "whole": whole,
        "lines": cel.Type.List(whole),
    }
    return cel.NewEnv(variables={name: types[kind] for name, kind in declared}, functions=declarations())


def function_names() -> list[str]:
    """The functions that expressions have beside CEL's own."""
    from hefu.core.expr_functions import FUNCTIONS

    return list(FUNCTIONS)


__all__ = ["Expr", "Scope", "fault", "function_names", "parse"]
