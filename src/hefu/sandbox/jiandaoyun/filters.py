"""The filter of `data/list`: conditions over widgets and system fields, joined by one `and` or `or`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from hefu.sandbox.jiandaoyun.forms import Form, Refused, Widget
from hefu.sandbox.jiandaoyun.values import instant, moment_of

METHODS = frozenset(
    ["empty", "not_empty", "eq", "ne", "in", "nin", "range", "like", "all", "gt", "lt", "verified", "unverified"],
)
MOST_VALUES = 200
INVALID_FILTER = 4815
SYSTEM_TYPES = {
    "_id": "dataid",
    "flowState": "flowstate",
    "creator": "user",
    "updater": "user",
    "createTime": "datetime",
    "updateTime": "datetime",
}
Row = Mapping[str, Any]
"""A stored record with its system fields: widget ids and `_id`, `creator`, `createTime` ... as reads show them."""
Test = Callable[[Row], bool]


class Filter:
    """A filter understood. `since` and `same` are what an index can help with, when every condition must hold."""

    def __init__(self, test: Test, since: datetime | None = None, same: Mapping[str, str] | None = None) -> None:
        self.test, self.since, self.same = test, since, same or {}


def understood(form: Form, given: object) -> Filter:
    """The filter of a call. Raises Refused for one that says nothing sensible."""
    if given in (None, {}):
        return Filter(lambda _: True)
    if not isinstance(given, dict) or given.get("rel", "and") not in ("and", "or"):
        raise _bad('"rel" 应为 and 或 or')
    conditions = given.get("cond") or []
    if not isinstance(conditions, list):
        raise _bad('"cond" 应为数组')
    found = [_condition(form, each) for each in conditions]
    if given.get("rel", "and") == "or":
        return Filter(lambda row: not found or any(test(row) for test, _, _ in found))
    since = max((s for _, s, _ in found if s), default=None)
    same = {name: value for _, _, pair in found if pair for name, value in [pair]}
    return Filter(lambda row: all(test(row) for test, _, _ in found), since, same)


def _bad(what: str) -> Refused:
    return Refused(INVALID_FILTER, f"无效的过滤条件: {what}")


def _condition(form: Form, given: object) -> tuple[Test, datetime | None, tuple[str, str] | None]:
    if not isinstance(given, dict):
        raise _bad("条件应为对象")
    field, method = str(given.get("field", "")), given.get("method")
    if method not in METHODS:
        raise _bad(f"method {method!r}")
    name, kind, read = _field(form, field)
    values = given.get("value")
    if not isinstance(values, list):
        values = [] if values is None else [values]
    if method in ("in", "nin", "all") and len(values) > MOST_VALUES:
        raise _bad(f"{field} 的值超过 {MOST_VALUES} 个")
    plain = [_comparable(kind, v, field) for v in values]
    test = _test(method, plain, field)
    since = moment_of(plain[0]) if name == "updateTime" and method == "range" and plain and plain[0] else None
    whole = method == "eq" and kind == "text" and len(plain) == 1 and name.startswith("_widget_") and "." not in field
    return (lambda row: test(read(row))), since, ((name, plain[0]) if whole and plain[0] else None)


def _field(form: Form, field: str) -> tuple[str, str, Callable[[Row], Any]]:
    """Its name in a stored row, its kind, and how to read what is compared."""
    if field in SYSTEM_TYPES:
        return field, SYSTEM_TYPES[field], lambda row: row.get(field)
    widget = form.widget(field)
    if widget is None:
        raise _bad(f"字段 {field} 不存在")
    outer, _, inner = field.partition(".")
    if not inner:
        return widget.name, _kind(widget), lambda row: row.get(widget.name)
    table = form.widget(outer)
    assert table is not None
    return table.name, _kind(widget), lambda row: [r.get(widget.name) for r in row.get(table.name) or ()]


def _kind(widget: Widget) -> str:
    return {"number": "number", "datetime": "datetime"}.get(widget.type, "text")


def _comparable(kind: str, value: object, field: str) -> Any:
    if value is None or value == "":
        return None
    if kind == "number" or kind == "flowstate":
        if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
            raise _bad(f"{field} 的值应为数字")
        try:
            return float(value)
        except ValueError:
            raise _bad(f"{field} 的值应为数字") from None
    if kind == "datetime":
        try:
            return instant(moment_of(str(value)))
        except ValueError:
            raise _bad(f"{field} 的值应为时间") from None
    return str(value)


def _test(method: str, values: list[Any], field: str) -> Callable[[Any], bool]:
    """How one value is tested; a list (multi-select, rows of a subform) passes when one of its items does."""
    first = values[0] if values else None
    last = values[1] if len(values) > 1 else None
    if method in ("eq", "ne", "like", "gt", "lt") and not values:
        raise _bad(f"{field} 缺少值")
    if method == "range" and len(values) != 2:
        raise _bad(f"{field} 的 range 应有两个值")
    one: dict[str, Callable[[Any], bool]] = {
        "eq": lambda v: v == first,
        "in": lambda v: v in values,
        "like": lambda v: isinstance(v, str) and str(first) in v,
        "gt": lambda v: v is not None and first is not None and v > first,
        "lt": lambda v: v is not None and first is not None and v < first,
        "range": lambda v: v is not None and (first is None or v >= first) and (last is None or v <= last),
    }
    if method == "empty":
        return lambda kept: kept in (None, "", [])
    if method == "not_empty":
        return lambda kept: kept not in (None, "", [])
    if method == "all":
        return lambda kept: isinstance(kept, list) and set(values) <= set(kept)
    if method in ("verified", "unverified"):
        return lambda kept: kept is not None and method == "unverified"
    if method in ("ne", "nin"):
        return lambda kept: not any(v in values for v in _each(kept))
    return lambda kept: any(one[method](v) for v in _each(kept))


def _each(kept: Any) -> list[Any]:
    return kept if isinstance(kept, list) else [kept]
