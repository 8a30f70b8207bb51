"""The query call: filters that must all hold, an order, and pages that end at ten thousand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from hefu.sandbox.fxiaoke.schema import INVALID, Field, Object, Refused
from hefu.sandbox.fxiaoke.values import MOMENTS, NUMBERS, instant

MOST, MOST_OFFSET = 100, 10_000
ID = Field("_id", "ID")
Row = dict[str, Any]
_ONE: dict[str, Callable[[Any, Any], bool]] = {
    "EQ": lambda v, w: v == w,
    "GT": lambda v, w: v > w,
    "GTE": lambda v, w: v >= w,
    "LT": lambda v, w: v < w,
    "LTE": lambda v, w: v <= w,
    "LIKE": lambda v, w: str(w) in str(v),
    "STARTWITH": lambda v, w: str(v).startswith(str(w)),
    "ENDWITH": lambda v, w: str(v).endswith(str(w)),
    "CONTAINS": lambda v, w: w in v if isinstance(v, list) else str(w) in str(v),
}
_OPPOSITE = {"N": "EQ", "NLIKE": "LIKE", "NIN": "IN", "NBETWEEN": "BETWEEN", "ISN": "IS"}
_OPERATORS = frozenset((*_ONE, *_OPPOSITE, "IN", "BETWEEN", "IS"))


@dataclass(frozen=True)
class Search:
    """A query understood. `since`, `after`, `same`: what an index can help with."""

    test: Callable[[Row], bool]
    order: tuple[tuple[Field, bool], ...]
    offset: int
    limit: int
    columns: tuple[str, ...]
    since: datetime | None = None
    after: str = ""
    same: tuple[tuple[str, str], ...] = ()


def understood(obj: Object, given: Any) -> Search:
    """The search of a call. Raises Refused."""
    if not isinstance(given, dict):
        raise Refused(INVALID, "参数错误: search_query_info 不能为空")
    offset, limit = _whole(given, "offset", 0), _whole(given, "limit", 20)
    if not 1 <= limit <= MOST:
        raise Refused(INVALID, f"参数错误: limit 应为 1 到 {MOST}")
    if offset % limit:
        raise Refused(INVALID, "参数错误: offset 必须是 limit 的整数倍")
    if offset > MOST_OFFSET:
        raise Refused(INVALID, f"参数错误: offset 不能超过 {MOST_OFFSET}")
    tests: list[Callable[[Row], bool]] = []
    since: datetime | None = None
    after, same = "", []
    for each in given.get("filters") or []:
        field, operator, values = _filter(obj, each)
        tests.append(_test(field, operator, values))
        if field.name == "last_modified_time" and operator in ("GT", "GTE", "BETWEEN"):
            since = instant(int(values[0]))
        elif field.name == "_id" and operator == "GT":
            after = str(values[0])
        elif operator == "EQ" and field.type in ("text", "object_reference", "master_detail") and field is not ID:
            same.append((field.name, str(values[0])))
    order = [(_field(obj, str(o.get("fieldName"))), bool(o.get("isAsc", True))) for o in given.get("orders") or []]
    columns = tuple(map(str, given.get("fieldProjection") or ()))
    for name in columns:
        _field(obj, name)
    return Search(
        lambda row: all(test(row) for test in tests), tuple(order), offset, limit, columns, since, after, tuple(same)
    )


def sort_key(field: Field, row: Row) -> Any:
    """What records are ordered by; blanks first."""
    value = row.get(field.name)
    return (value is not None, _plain(field, value) if value is not None else 0)


def _field(obj: Object, name: str) -> Field:
    found = ID if name == "_id" else obj.field(name)
    if found is None:
        raise Refused(INVALID, f"参数错误: 对象 {obj.name} 不存在字段 {name}")
    return found


def _filter(obj: Object, each: Any) -> tuple[Field, str, list[Any]]:
    if not isinstance(each, dict) or each.get("operator") not in _OPERATORS:
        raise Refused(INVALID, "参数错误: operator 不合法")
    field, operator = _field(obj, str(each.get("field_name"))), str(each["operator"])
    values = each.get("field_values")
    values = values if isinstance(values, list) else [] if values is None else [values]
    need = 2 if "BETWEEN" in operator else 0 if operator in ("IS", "ISN") else 1
    if len(values) < need:
        raise Refused(INVALID, f"参数错误: {field.name} 的 field_values 数量不足")
    try:
        return field, operator, [_plain(field, v) for v in values]
    except (ArithmeticError, ValueError, TypeError):
        raise Refused(INVALID, f"参数错误: {field.name} 的 field_values 不合法") from None


def _plain(field: Field, value: Any) -> Any:
    if field.type in NUMBERS:
        return Decimal(str(value))
    if field.type in MOMENTS:
        return int(value)
    return value if isinstance(value, bool | list) else str(value)


def _test(field: Field, operator: str, values: list[Any]) -> Callable[[Row], bool]:
    if operator in _OPPOSITE:
        same = _test(field, _OPPOSITE[operator], values)
        return lambda row: not same(row)
    if operator == "IS":
        return lambda row: row.get(field.name) in (None, "", [])

    def test(row: Row) -> bool:
        value = row.get(field.name)
        if value is None:
            return False
        value = _plain(field, value)
        if isinstance(value, list) and operator in ("EQ", "IN"):
            return bool(set(map(str, values)) & set(map(str, value)))
        if operator == "IN":
            return value in values
        if operator == "BETWEEN":
            return bool(values[0] <= value <= values[1])
        return _ONE[operator](value, values[0])

    return test


def _whole(given: dict[str, Any], name: str, default: int) -> int:
    number = given.get(name, default)
    if isinstance(number, bool) or not isinstance(number, int) or number < 0:
        raise Refused(INVALID, f"参数错误: {name} 应为非负整数")
    return number
