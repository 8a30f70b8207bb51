"""What no call is made for: a field that is not there or cannot be written, a value of another type than the field's.

`room` is how the connector's error codes begin, such as "neocrm.".
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from hefu.core.errors import Rejected, Unsupported
from hefu.core.records import Field, FieldType, Value

NUMBERS = (FieldType.DECIMAL, FieldType.MONEY)


def writable(room: str, obj: str, fields: Sequence[Field], name: str) -> Field:
    """The field of that name. Raises Unsupported."""
    f = next((f for f in fields if f.name == name), None)
    if f is None:
        known = ", ".join(x.name for x in fields)[:400]
        raise Unsupported(f"{room}unknown_field", object=obj, field=name, known=known)
    if not f.writable:
        raise Unsupported(f"{room}read_only", object=obj, name=name)
    return f


def wrong_type(room: str, f: Field, value: Value) -> Rejected:
    """The error for a value that does not fit."""
    return Rejected(f"{room}wrong_type", field=f.name, name=f.name, value=str(value)[:60], type=f.type.value)


def fitting(room: str, f: Field, value: Value) -> None:
    """Nothing, a boolean, a number, a day, an instant with its zone, else text, as the field says. Raises Rejected."""
    if value is None:
        return
    if f.type is FieldType.BOOLEAN or isinstance(value, bool):
        fits = f.type is FieldType.BOOLEAN and isinstance(value, bool)
    elif f.type in NUMBERS:
        fits = isinstance(value, int | Decimal)
    elif f.type is FieldType.DATE:
        fits = isinstance(value, date) and not isinstance(value, datetime)
    elif f.type is FieldType.INSTANT:
        fits = isinstance(value, datetime) and value.tzinfo is not None
    else:
        fits = isinstance(value, str)
    if not fits:
        raise wrong_type(room, f, value)
