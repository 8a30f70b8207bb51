"""The lists of the imitated YonBIP: pages from 1, conditions on any field, heads alone or one flat row per line."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

from hefu.sandbox.yonbip.words import Doc, Wrong

_OPS: Mapping[str, Callable[[Any, Any], bool]] = {
    "eq": operator.eq,
    "neq": operator.ne,
    "lt": operator.lt,
    "gt": operator.gt,
    "elt": operator.le,
    "egt": operator.ge,
}
_DEEPEST = 8


def page(given: Mapping[str, Any], rows: Sequence[Doc], cap: int, now: str) -> Doc:
    """One page of rows. Raises Wrong where a page is asked that cannot be."""
    index, size = _whole(given, "pageIndex", 1), _whole(given, "pageSize", 10)
    if index < 1 or size < 1:
        raise Wrong(310008, "pageIndex、pageSize必须大于0")
    size = min(size, cap)
    count = -(-len(rows) // size)
    return {
        "pageIndex": index,
        "pageSize": size,
        "pageCount": count,
        "recordCount": len(rows),
        "recordList": list(rows[(index - 1) * size : index * size]),
        "beginPageIndex": 1,
        "endPageIndex": count,
        "pubts": now,
    }


def flat(docs: Iterable[Doc], lines: str, *, heads: bool) -> list[Doc]:
    """Heads alone, or a row per line with the head repeated."""
    made = []
    for doc in docs:
        head = {k: v for k, v in doc.items() if k != lines}
        if heads:
            made.append(head)
        else:
            for line in doc.get(lines) or [{}]:
                beside = {f"{lines}_{k}" if k in head else k: v for k, v in line.items()}
                made.append({**beside, f"{lines}_id": line.get("id"), **head})
    return made


def chosen(given: Mapping[str, Any], rows: Sequence[Doc]) -> list[Doc]:
    """The rows that `simpleVOs` and the `open_…_begin/end` dates ask for, in the order asked for."""
    tests = [_condition(one, 0) for one in _listed(given.get("simpleVOs"))]
    for key, value in given.items():
        if key.startswith("open_") and value:
            name, _, end = key.removeprefix("open_").rpartition("_")
            if end in ("begin", "end"):
                tests.append(_date(name, str(value), begin=end == "begin"))
    found = [row for row in rows if all(test(row) for test in tests)]
    for order in reversed(_listed(given.get("queryOrders"))):
        field, down = str(order.get("field")), str(order.get("order", "asc")).lower() == "desc"
        found.sort(key=lambda row, f=field: _key(_at(row, f)), reverse=down)  # type: ignore[misc]
    return found


def _listed(given: Any) -> list[Mapping[str, Any]]:
    if given in (None, ""):
        return []
    if not isinstance(given, list) or not all(isinstance(one, Mapping) for one in given):
        raise Wrong(310008, "simpleVOs、queryOrders必须是数组")
    return given


def _whole(given: Mapping[str, Any], name: str, default: int) -> int:
    try:
        return int(given.get(name) or default)
    except (TypeError, ValueError):
        raise Wrong(310008, f"{name}必须是整数") from None


def _date(name: str, value: str, *, begin: bool) -> Callable[[Doc], bool]:
    def test(row: Doc) -> bool:
        have = str(row.get(name) or "")
        return bool(have) and (have >= value if begin else have <= value)

    return test


def _condition(given: Mapping[str, Any], depth: int) -> Callable[[Doc], bool]:
    if depth > _DEEPEST:
        raise Wrong(506, "查询条件嵌套过深")
    if "conditions" in given:
        parts = [_condition(one, depth + 1) for one in _listed(given["conditions"])]
        whole = any if str(given.get("logicOp", "and")).lower() == "or" else all
        return lambda row: whole(part(row) for part in parts)
    field, op = str(given.get("field")), str(given.get("op"))
    one, two = given.get("value1"), given.get("value2")
    if op in _OPS:
        return lambda row: _compare(_at(row, field), op, one)
    if op == "between":
        return lambda row: _compare(_at(row, field), "egt", one) and _compare(_at(row, field), "elt", two)
    if op in ("in", "nin"):
        among = {str(v) for v in (one if isinstance(one, list) else str(one).split(","))}
        return lambda row: (str(_at(row, field)) in among) is (op == "in")
    if op in ("like", "leftlike", "rightlike"):
        return lambda row: _like(str(_at(row, field) or ""), str(one), op)
    if op in ("is_null", "is_not_null"):
        return lambda row: (_at(row, field) in (None, "")) is (op == "is_null")
    raise Wrong(506, f"不支持的操作符：{op}")


def _like(have: str, words: str, op: str) -> bool:
    if op == "leftlike":
        return have.endswith(words)
    return have.startswith(words) if op == "rightlike" else words in have


def _at(row: Doc, field: str) -> Any:
    """A field of a head, of a line (`details.x`), or of a part (`headItem.define1`)."""
    here: Any = row
    if field in row:
        return row[field]
    for name in field.split("."):
        if isinstance(here, Mapping) and name in here:
            here = here[name]
        elif name not in ("details", "orderDetails", "bodyItem"):
            return None
    return None if here is row else here


def _compare(have: Any, op: str, given: Any) -> bool:
    if have in (None, ""):
        return False
    try:
        return _OPS[op](Decimal(str(have)), Decimal(str(given)))
    except InvalidOperation:
        return _OPS[op](str(have), str(given))


def _key(value: Any) -> tuple[bool, bool, Any]:
    if value is None:
        return (False, False, "")
    try:
        return (True, False, Decimal(str(value)))
    except InvalidOperation:
        return (True, True, str(value))
