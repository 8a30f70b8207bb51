"""How a value is written and how it reads: numbers come back as texts, dates are milliseconds, options go by code."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from hefu.sandbox.fxiaoke.schema import INVALID, Field, Refused

NUMBERS = ("number", "currency", "percent")
MOMENTS = ("date", "date_time")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def taken(field: Field, given: Any) -> Any:
    """What is kept of a written value. Raises Refused."""
    if given is None or given == "":
        return None
    if field.type in NUMBERS:
        return _number(field, given)
    if field.type in MOMENTS:
        if isinstance(given, bool) or not isinstance(given, int | str) or not str(given).lstrip("-").isdecimal():
            raise wrong(field, "毫秒时间戳")
        return int(given)
    if field.type in ("select_one", "record_type"):
        return _option(field, given)
    if field.type == "select_many":
        return [_option(field, each) for each in _list(field, given)]
    if field.type in ("employee", "department"):
        return [str(each) for each in _list(field, given)]
    if field.type == "true_or_false":
        if not isinstance(given, bool):
            raise wrong(field, "true/false")
        return given
    if isinstance(given, bool | list | dict):
        raise wrong(field, "文本")
    return str(given)


def millis(at: datetime) -> int:
    """An instant as answers show it."""
    return (at - _EPOCH) // timedelta(milliseconds=1)


def instant(millis_: int) -> datetime:
    """The instant of a number of milliseconds."""
    return _EPOCH + timedelta(milliseconds=millis_)


def wrong(field: Field, wanted: str) -> Refused:
    """A value of the wrong kind."""
    return Refused(INVALID, f"参数错误: 字段[{field.label}]({field.name})的值不合法，应为{wanted}")


def _number(field: Field, given: Any) -> str:
    """Kept, and shown, as text."""
    try:
        if isinstance(given, bool | list | dict):
            raise wrong(field, "数字")
        number = Decimal(str(given))
    except InvalidOperation:
        raise wrong(field, "数字") from None
    return f"{number:.2f}" if field.type == "currency" else f"{number.normalize():f}"


def _option(field: Field, given: Any) -> str:
    if field.options and str(given) not in [value for value, _ in field.options]:
        raise Refused(INVALID, f"参数错误: 字段[{field.label}]({field.name})的选项值[{given}]不存在")
    return str(given)


def _list(field: Field, given: Any) -> list[Any]:
    if not isinstance(given, list):
        raise wrong(field, "数组")
    return given
