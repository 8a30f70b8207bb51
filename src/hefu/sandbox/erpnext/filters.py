"""Lists: filters in their three spellings, order, and the columns asked for."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from hefu.sandbox.erpnext.doctypes import NUMBERS, ROW, STAMPS, DocType, Refused, wrong

Row = Mapping[str, Any]
Test = Callable[[Row], bool]
OPERATORS = ("=", "!=", ">", "<", ">=", "<=", "like", "not like", "in", "not in", "between", "is")


def given(text: Any) -> Any:
    """A parameter that may be JSON text."""
    if not isinstance(text, str):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return text


def column(doctype: DocType, name: str) -> str:
    """A column that the table has. Raises Refused as the database would."""
    name = name.rpartition(".")[2].strip("`")
    known = {*STAMPS, *(f.name for f in doctype.fields if f.type != "Table"), *(ROW if doctype.table else ())}
    if name not in known:
        message = f"(1054, \"Unknown column 'tab{doctype.name}.{name}' in 'field list'\")"
        raise Refused("OperationalError", message, 500)
    return name


def tests(doctype: DocType, asked: Any) -> list[Test]:
    """Filters as {field: value}, [[field, operator, value]] or [[doctype, field, operator, value]]."""
    asked = given(asked) or []
    if isinstance(asked, dict):
        parts = [[n, *(v if isinstance(v, list) else ["=", v])] for n, v in asked.items()]
    else:
        parts = [p[-3:] if len(p) > 3 else p for p in asked]
    return [_test(doctype, part) for part in parts]


def _test(doctype: DocType, part: Sequence[Any]) -> Test:
    if len(part) == 2:
        part = [part[0], "=", part[1]]
    if len(part) != 3 or str(part[1]).lower() not in OPERATORS:
        raise wrong(f"Invalid filter: {part!r}")
    name, operator, value = column(doctype, str(part[0])), str(part[1]).lower(), part[2]
    f = doctype.field(name)
    numeric = (f is not None and f.type in NUMBERS) or name in ("docstatus", "idx")

    def held(row: Row) -> Any:
        found = row.get(name)
        return Decimal(str(found or 0)) if numeric else str(found if found is not None else "")

    if operator == "is":
        return lambda row: (row.get(name) not in (None, "")) is (str(value).lower() == "set")
    if operator in ("in", "not in"):
        wanted = [_like_held(v, numeric) for v in (value if isinstance(value, list) else str(value).split(","))]
        return lambda row: (held(row) in wanted) is (operator == "in")
    if "like" in operator:
        pattern = "".join(".*" if c == "%" else "." if c == "_" else re.escape(c) for c in str(value))
        found = re.compile(pattern, re.DOTALL | re.IGNORECASE)
        return lambda row: (found.fullmatch(str(row.get(name) or "")) is not None) is (operator == "like")
    if operator == "between":
        low, high = (_like_held(v, numeric) for v in value)
        return lambda row: low <= held(row) <= high
    asked = _like_held(value, numeric)
    compare: Mapping[str, Test] = {
        "=": lambda row: held(row) == asked,
        "!=": lambda row: held(row) != asked,
        ">": lambda row: held(row) > asked,
        "<": lambda row: held(row) < asked,
        ">=": lambda row: held(row) >= asked,
        "<=": lambda row: held(row) <= asked,
    }
    return compare[operator]


def _like_held(value: Any, numeric: bool) -> Any:
    if not numeric:
        return str(value if value is not None else "")
    try:
        return Decimal(str(value if value not in (None, "") else 0))
    except InvalidOperation:
        raise wrong(f"{value!r} is no number") from None


def ordered(doctype: DocType, rows: list[dict[str, Any]], text: str) -> list[dict[str, Any]]:
    """Rows in the asked order; the default is the newest change first."""
    for part in reversed((text or "modified desc").split(",")):
        words = part.split()
        if not words or (len(words) > 1 and words[1].lower() not in ("asc", "desc")):
            raise wrong(f"Invalid order by: {text!r}")
        name = column(doctype, words[0])
        numeric = ((f := doctype.field(name)) is not None and f.type in NUMBERS) or name == "idx"
        blank: Any = Decimal(0) if numeric else ""
        rows.sort(
            key=lambda r, n=name, b=blank: Decimal(str(r.get(n) or 0)) if b == 0 and b != "" else str(r.get(n) or ""),  # type: ignore[misc]
            reverse=len(words) > 1 and words[1].lower() == "desc",
        )
    return rows


def columns(doctype: DocType, asked: Any) -> list[str]:
    """The columns of a list; only the name unless asked."""
    names = given(asked) or ["name"]
    if isinstance(names, str):
        names = [n.strip() for n in names.split(",")]
    if "*" in names:
        inner = [f.name for f in doctype.fields if f.type != "Table"]
        return [*STAMPS, *inner, *([n for n in ROW if n not in STAMPS] if doctype.table else [])]
    return [column(doctype, str(n)) for n in names]
