"""What a system in memory does with values that arrive: judge, rewrite, and fold lines into lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from hefu.connectors._memory_manners import Manners
from hefu.core.errors import HubError, Rejected, Unsupported
from hefu.core.records import REMOVED, Field, FieldType, ObjectSchema, Value, Values

_CLASSES: Mapping[FieldType, tuple[type, ...]] = {
    FieldType.TEXT: (str,),
    FieldType.CODE: (str,),
    FieldType.REFERENCE: (str,),
    FieldType.DECIMAL: (Decimal, int),
    FieldType.MONEY: (Decimal, int),
    FieldType.BOOLEAN: (bool,),
    FieldType.DATE: (date,),
    FieldType.INSTANT: (datetime,),
    FieldType.LINES: (list, tuple),
}


def copied(values: Values) -> dict[str, Value]:
    """The values, with lines of their own."""
    return {n: [dict(line) for line in v] if isinstance(v, list | tuple) else v for n, v in values.items()}


def judge(schema: ObjectSchema, values: Values, *, creates: bool) -> HubError | None:
    """Why these values of a save are refused, or None."""
    known = {f.name: f for f in schema.fields}
    for name, value in values.items():
        if name not in known:
            return Unsupported("memory.unknown_field", object=schema.name, field=name)
        found = _judge_value(schema.name, known[name], value)
        if found:
            return found
    for f in schema.fields:
        if f.required and (values.get(f.name) in (None, "") if creates else values.get(f.name, 0) in (None, "")):
            return Rejected("memory.required", field=f.name, object=schema.name, name=f.name)
    return None


def _judge_value(obj: str, f: Field, value: Value) -> HubError | None:
    if not f.writable:
        return Unsupported("memory.read_only_field", object=obj, field=f.name)
    if value is None:
        return None
    facts: dict[str, Any] = {"object": obj, "name": f.name, "value": value}
    if not isinstance(value, _CLASSES[f.type]) or _confused(f.type, value):
        return Rejected("memory.wrong_type", field=f.name, type=f.type.value, **facts)
    if f.length is not None and isinstance(value, str) and len(value) > f.length:
        return Rejected("memory.too_long", field=f.name, length=f.length, **facts)
    if f.options and value not in f.options:
        return Rejected("memory.not_an_option", field=f.name, options=", ".join(f.options), **facts)
    return None


def _confused(kind: FieldType, value: Value) -> bool:
    """A bool is an int and an instant is a date to Python, not to a business system; an instant needs a zone."""
    if kind in (FieldType.DECIMAL, FieldType.MONEY):
        return isinstance(value, bool)
    if kind is FieldType.DATE:
        return isinstance(value, datetime)
    return kind is FieldType.INSTANT and value.tzinfo is None


def rewritten(schema: ObjectSchema, manners: Manners, values: Values) -> dict[str, Value]:
    """The values as the system saves them."""
    out = copied(values)
    for name, value in values.items():
        f = schema.field(name)
        text = f is not None and f.type in (FieldType.TEXT, FieldType.CODE)
        for change in (*(manners.rewrite.get("*", ()) if text else ()), *manners.rewrite.get(name, ())):
            value = change(value)
            out[name] = value
    return out


def line_key(f: Field) -> str:
    """The field that identifies a line: the first unique one, else "id"."""
    return next((part.name for part in f.lines if part.unique), "id")


class Lines:
    """Folds the lines of a save into the lines that are there, and numbers new ones."""

    def __init__(self, schema: ObjectSchema, mode: str, record_id: str) -> None:
        self._fields = [f for f in schema.fields if f.type is FieldType.LINES]
        self._mode = mode
        self._id = record_id

    def fold(self, stored: Values, incoming: dict[str, Value], taken: int) -> HubError | None:
        """Put whole lists in place of the lists in `incoming`; `taken` is a number no line of the record bears yet."""
        for f in self._fields:
            if f.name in incoming:
                key = line_key(f)
                there: dict[Any, dict[str, Value]] = {line[key]: line for line in stored.get(f.name) or ()}
                given = any(part.name == key and part.writable for part in f.lines)  # lines that their writer numbers
                for line in incoming[f.name] or ():
                    if not given and line.get(key) is not None and line[key] not in there:
                        return Rejected("memory.unknown_line", field=f.name, name=f.name, line=line[key])
                incoming[f.name] = self._merge(key, there, incoming[f.name] or (), taken)
        return None

    def _merge(self, key: str, there: dict[Any, dict[str, Value]], news: Sequence[Values], taken: int) -> list[Value]:
        kept = {} if self._mode == "whole" else {k: dict(line) for k, line in there.items()}
        for place, line in enumerate(news):
            name = line.get(key)
            if line.get(REMOVED):
                kept.pop(name, None)
                continue
            name = f"{self._id}-{taken}.{place}" if name is None else name
            kept[name] = {**there.get(name, {}), **line, key: name}
        return list(kept.values())
