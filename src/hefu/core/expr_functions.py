"""The functions that expressions have beside CEL's own: exact decimals as text, text, dates, Chinese identifiers.

Each has one Python function whose annotations are its CEL types; what it raises becomes the expression's error.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from hefu.core.errors import Rejected
from hefu.core.transforms.numbers import EXACT, rounded
from hefu.core.values import decimal_text, half_width, moment, number, zone_of

MAX_TEXT = 100_000


def dec_add(a: str, b: str) -> str:
    return decimal_text(EXACT.add(number(a), number(b)))


def dec_sub(a: str, b: str) -> str:
    return decimal_text(EXACT.subtract(number(a), number(b)))


def dec_mul(a: str, b: str) -> str:
    return decimal_text(EXACT.multiply(number(a), number(b)))


def dec_div(a: str, b: str, places: int, mode: str = "half_up") -> str:
    divisor = number(b)
    if not divisor:
        raise Rejected("value.zero")
    return decimal_text(rounded(EXACT.divide(number(a), divisor), places, mode))


def dec_round(a: str, places: int, mode: str = "half_up") -> str:
    return decimal_text(rounded(number(a), places, mode))


def dec_cmp(a: str, b: str) -> int:
    left, right = number(a), number(b)
    return (left > right) - (left < right)


def dec_sum(items: list[Any]) -> str:
    total = Decimal(0)
    for item in items:
        total = EXACT.add(total, number(item))
    return decimal_text(total)


def dec_or(a: str, otherwise: str) -> str:
    return decimal_text(number(a if a.strip() else otherwise))


def upper(a: str) -> str:
    return a.upper()


def lower(a: str) -> str:
    return a.lower()


def trim(a: str) -> str:
    return a.strip()


def half(a: str) -> str:
    return half_width(a)


def replace(a: str, old: str, new: str) -> str:
    if old and a.count(old) * len(new) > MAX_TEXT:
        raise Rejected("value.long", most=MAX_TEXT)
    return _short(a.replace(old, new) if old else a)


def split(a: str, separator: str) -> list[str]:
    return a.split(separator) if separator else [a]


def join(items: list[Any], separator: str) -> str:
    if sum(len(str(item)) + len(separator) for item in items) > MAX_TEXT:
        raise Rejected("value.long", most=MAX_TEXT)
    return separator.join(str(item) for item in items)


def part(a: str, separator: str, index: int) -> str:
    parts = split(a, separator)
    at = index - 1 if index > 0 else len(parts) + index
    return parts[at].strip() if 0 <= at < len(parts) else ""


def add_days(day: str, count: int) -> str:
    if abs(count) > 100_000:
        raise Rejected("value.date", value=count)
    return (date.fromisoformat(day) + timedelta(days=count)).isoformat()


def days_between(first: str, last: str) -> int:
    return (date.fromisoformat(last) - date.fromisoformat(first)).days


def day_of(at: str, zone: str) -> str:
    tz = zone_of(zone)
    return moment(at, tz).astimezone(tz).date().isoformat()


def _short(value: str) -> str:
    if len(value) > MAX_TEXT:
        raise Rejected("value.long", most=MAX_TEXT)
    return value


FUNCTIONS: dict[str, tuple[tuple[Callable[..., Any], str, tuple[str, ...]], ...]] = {
    "dec_add": ((dec_add, "string", ("string", "string")),),
    "dec_sub": ((dec_sub, "string", ("string", "string")),),
    "dec_mul": ((dec_mul, "string", ("string", "string")),),
    "dec_div": (
        (dec_div, "string", ("string", "string", "int")),
        (dec_div, "string", ("string", "string", "int", "string")),
    ),
    "dec_round": ((dec_round, "string", ("string", "int")), (dec_round, "string", ("string", "int", "string"))),
    "dec_cmp": ((dec_cmp, "int", ("string", "string")),),
    "dec_sum": ((dec_sum, "string", ("list",)),),
    "dec_or": ((dec_or, "string", ("string", "string")), (lambda _, b: dec_or("", b), "string", ("null", "string"))),
    "blank": ((lambda a: not a.strip(), "bool", ("string",)), (lambda _: True, "bool", ("null",))),
    "upper": ((upper, "string", ("string",)),),
    "lower": ((lower, "string", ("string",)),),
    "trim": ((trim, "string", ("string",)),),
    "half": ((half, "string", ("string",)),),
    "replace": ((replace, "string", ("string", "string", "string")),),
    "split": ((split, "strings", ("string", "string")),),
    "join": ((join, "string", ("list", "string")),),
    "part": ((part, "string", ("string", "string", "int")),),
    "add_days": ((add_days, "string", ("string", "int")),),
    "days_between": ((days_between, "int", ("string", "string")),),
    "day_of": ((day_of, "string", ("string", "string")),),
}
"""Name -> overloads: what runs, type of the result, types of the arguments."""


@lru_cache(maxsize=1)
def declarations() -> list[Any]:
    """All functions, as CEL is told of them."""
    from cel_expr_python import cel

    types = {
        "string": cel.Type.STRING,
        "int": cel.Type.INT,
        "bool": cel.Type.BOOL,
        "null": cel.Type.NULL,
        "list": cel.Type.List(cel.Type.DYN),
        "strings": cel.Type.List(cel.Type.STRING),
    }
    return [
        cel.FunctionDecl(
            name,
            [
                cel.Overload(
                    f"{name}_{'_'.join(takes)}",
                    return_type=types[gives],
                    parameters=[types[kind] for kind in takes],
                    impl=work,
                )
                for work, gives, takes in overloads
            ],
        )
        for name, overloads in FUNCTIONS.items()
    ]
