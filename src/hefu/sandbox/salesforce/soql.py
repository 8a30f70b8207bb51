"""SOQL, as far as integrations use it: a text becomes a query, or MALFORMED_QUERY with the place of the fault."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, NamedTuple

from hefu.sandbox.salesforce.values import Refused

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<text>'(?:[^'\\]|\\.)*')
    |(?P<moment>\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d))
    |(?P<date>\d{4}-\d\d-\d\d)
    |(?P<number>[+-]?\d+(?:\.\d+)?)
    |(?P<word>[A-Za-z_][\w]*(?:\.[A-Za-z_]\w*)*(?::\d+)?)
    |(?P<sign><=|>=|!=|<>|=|<|>|\(|\)|,)
    )""",
    re.VERBOSE,
)
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t", "'": "'", '"': '"', "\\": "\\", "b": "\b", "f": "\f"}
_JOINERS = frozenset(("AND", "OR", "NOT", "ORDER", "GROUP", "LIMIT", "OFFSET", "WHERE", "FROM", "FOR", "ALL", "WITH"))


class Token(NamedTuple):
    """A piece of the text: its kind, itself, and where it begins."""

    kind: str
    text: str
    at: int


@dataclass(frozen=True)
class Literal:
    """A value: text, number, date, moment, or word (TRUE, NULL, TODAY, LAST_N_DAYS:3 ...)."""

    kind: str
    value: str


@dataclass(frozen=True)
class Compare:
    """field operator value; the value of IN is a tuple of literals."""

    field: str
    operator: str
    value: Literal | tuple[Literal, ...]


@dataclass(frozen=True)
class Join:
    """and, or, not over conditions."""

    word: str
    parts: tuple[Any, ...]


@dataclass(frozen=True)
class Query:
    """A query understood. `columns`: names with dots, sub-queries; `count`: COUNT() instead of rows."""

    obj: str
    columns: tuple[str | Query, ...]
    where: Compare | Join | None = None
    order: tuple[tuple[str, bool, bool], ...] = ()
    limit: int | None = None
    offset: int = 0
    count: bool = False


def parse(text: str) -> Query:
    """A query. Raises Refused."""
    reader = _Reader(text)
    query = reader.query()
    reader.end()
    return query


class _Reader:
    def __init__(self, text: str) -> None:
        self.text, self.tokens, self.at = text, _tokens(text), 0

    def query(self) -> Query:
        self.need("SELECT")
        columns: list[str | Query] = []
        count = False
        while True:
            if self.take("("):
                columns.append(self.query())
                self.need(")")
            else:
                name = self.word()
                if self.take("("):
                    count = self.function(name, columns)
                else:
                    columns.append(name)
            if not self.take(","):
                break
        self.need("FROM")
        obj = self.word()
        if self.ahead() == "AS" or (self.kind() == "word" and self.ahead() not in _JOINERS):
            self.take("AS")
            columns = _unaliased(columns, self.word())
        where = self.either() if self.take("WHERE") else None
        if self.ahead() in ("GROUP", "WITH", "FOR", "HAVING"):
            raise self.wrong(f"{self.ahead()} is not supported by this sandbox")
        order = self.ordering()
        limit = self.number() if self.take("LIMIT") else None
        offset = self.number() if self.take("OFFSET") else 0
        if self.take("ALL"):
            self.need("ROWS")
        return Query(obj, tuple(columns), where, order, limit, offset, count)

    def function(self, name: str, columns: list[str | Query]) -> bool:
        if name.upper() == "COUNT" and self.take(")"):
            return True
        if name.upper() == "FIELDS":
            columns.append(f"FIELDS({self.word().upper()})")
            self.need(")")
            return False
        raise self.wrong(f"function {name} is not supported by this sandbox")

    def ordering(self) -> tuple[tuple[str, bool, bool], ...]:
        found: list[tuple[str, bool, bool]] = []
        if self.take("ORDER"):
            self.need("BY")
            while True:
                name, down = self.word(), False
                if self.take("DESC"):
                    down = True
                else:
                    self.take("ASC")
                last = False
                if self.take("NULLS"):
                    last = self.take("LAST")
                    if not last:
                        self.need("FIRST")
                found.append((name, down, last))
                if not self.take(","):
                    break
        return tuple(found)

    def either(self) -> Any:
        parts = [self.both()]
        while self.take("OR"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else Join("or", tuple(parts))

    def both(self) -> Any:
        parts = [self.one()]
        while self.take("AND"):
            parts.append(self.one())
        return parts[0] if len(parts) == 1 else Join("and", tuple(parts))

    def one(self) -> Any:
        if self.take("NOT"):
            return Join("not", (self.one(),))
        if self.take("("):
            inner = self.either()
            self.need(")")
            return inner
        field = self.word()
        if self.take("NOT"):
            self.need("IN")
            return Join("not", (Compare(field, "IN", self.several()),))
        if self.take("IN"):
            return Compare(field, "IN", self.several())
        if self.take("LIKE"):
            return Compare(field, "LIKE", self.literal())
        sign = self.next("sign").text
        if sign in ("(", ")", ","):
            raise self.wrong(f"unexpected token: '{sign}'", back=1)
        return Compare(field, "!=" if sign == "<>" else sign, self.literal())

    def several(self) -> tuple[Literal, ...]:
        self.need("(")
        found = [self.literal()]
        while self.take(","):
            found.append(self.literal())
        self.need(")")
        return tuple(found)

    def literal(self) -> Literal:
        token = self.next("text", "moment", "date", "number", "word")
        if token.kind == "text":
            return Literal("text", _unescaped(token.text[1:-1]))
        return Literal(token.kind, token.text.upper() if token.kind == "word" else token.text)

    # ------------------------------------------------------------------ tokens

    def kind(self) -> str:
        return self.tokens[self.at].kind

    def ahead(self) -> str:
        return self.tokens[self.at].text.upper()

    def take(self, text: str) -> bool:
        if self.tokens[self.at].kind in ("word", "sign") and self.ahead() == text:
            self.at += 1
            return True
        return False

    def need(self, text: str) -> None:
        if not self.take(text):
            raise self.wrong(f"expecting {text}, found '{self.tokens[self.at].text}'")

    def word(self) -> str:
        return self.next("word").text

    def number(self) -> int:
        return int(self.next("number").text)

    def next(self, *kinds: str) -> Token:
        token = self.tokens[self.at]
        if token.kind not in kinds:
            raise self.wrong(f"unexpected token: '{token.text or '<EOF>'}'")
        self.at += 1
        return token

    def end(self) -> None:
        if self.kind() != "end":
            raise self.wrong(f"unexpected token: '{self.tokens[self.at].text}'")

    def wrong(self, what: str, back: int = 0) -> Refused:
        at = self.tokens[self.at - back].at
        near = self.text[max(0, at - 30) : at + 30]
        return Refused("MALFORMED_QUERY", f"\n{near}\n^\nERROR at Row:1:Column:{at + 1}\n{what}")


def _tokens(text: str) -> list[Token]:
    found, at = [], 0
    end = len(text.rstrip())
    while at < end:
        match = _TOKEN.match(text, at)
        if match is None or match.lastgroup is None:
            raise Refused(
                "MALFORMED_QUERY", f"ERROR at Row:1:Column:{at + 1}\nunexpected character near {text[at : at + 20]!r}"
            )
        found.append(Token(match.lastgroup, match[match.lastgroup], match.start(match.lastgroup)))
        at = match.end()
    return [*found, Token("end", "", end)]


def _unescaped(text: str) -> str:
    """Backslashes resolved, but for \\% and \\_, which LIKE reads."""
    return re.sub(r"\\(.)", lambda m: _ESCAPES.get(m[1], m[0]), text)


def _unaliased(columns: list[str | Query], alias: str) -> list[str | Query]:
    start = f"{alias.lower()}."
    return [c[len(start) :] if isinstance(c, str) and c.lower().startswith(start) else c for c in columns]
