"""Values as they are given, kept and shown: floats outside, exact decimals inside, False for what is empty."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any, Protocol

from hefu.sandbox.odoo.domain import moment
from hefu.sandbox.odoo.models import NUMBERS, F, fault, invalid
from hefu.sandbox.shelf import Kept


class Names(Protocol):
    """What a value needs of the book."""

    def kept(self, model: str, number: int) -> Kept | None:
        """A record."""
        ...

    def named(self, model: str, number: int | None) -> str:
        """What it is called."""
        ...


def taken(book: Names, model: str, name: str, f: F, value: Any, old: Any) -> Any:
    """A given value as it is kept. Raises OdooError."""
    if f.type == "many2many":
        return _ids(book, f, value, old or [])
    if value is None or value is False:
        return {"boolean": False, "integer": 0, "float": "0", "monetary": "0"}.get(f.type)
    if f.type == "boolean":
        return bool(value)
    if f.type in NUMBERS:
        return _number(model, name, f, value)
    if f.type == "many2one":
        return _pointed(book, model, name, f, value)
    if f.type == "datetime":
        return f"{moment(value):%Y-%m-%d %H:%M:%S}"
    if f.type == "date":
        return f"{moment(str(value)[:10]):%Y-%m-%d}"
    if f.type == "selection" and value not in dict(f.options):
        raise fault(f"Wrong value for {model}.{name}: {value!r}")
    return str(value)


def _number(model: str, name: str, f: F, value: Any) -> Any:
    try:
        number = Decimal(str(value)) if not isinstance(value, bool | list | dict) else None
    except InvalidOperation:
        number = None
    if number is None or not number.is_finite():
        raise fault(f"could not convert string to float: {value!r} ({model}.{name})")
    if f.type == "integer":
        return int(number)
    return str(rounded(number, f.places))


def rounded(number: Decimal, places: int = 2) -> Decimal:
    """Half up."""
    return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def _pointed(book: Names, model: str, name: str, f: F, value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise fault(f"Wrong value for {model}.{name}: {value!r}")
    if book.kept(f.relation, value) is None:
        raise invalid(
            "The operation cannot be completed: another model requires the record being deleted, or it points at "
            f"{f.relation}({value}), which is not there."
        )
    return value


def linked(value: Any) -> Sequence[Any]:
    """The commands of an x2many field. Raises OdooError."""
    if value is None or value is False:
        return [[5]]
    if not isinstance(value, list) or any(not isinstance(c, list | tuple) or not c for c in value):
        raise fault(f"Wrong value for an x2many field: {value!r}")
    for command in value:
        if command[0] in (0, 1) and (len(command) != 3 or not isinstance(command[2], dict)):
            raise fault(f"Wrong command {command!r}")
    return value


def _ids(book: Names, f: F, value: Any, old: Sequence[int]) -> list[int]:
    now = list(old)
    if isinstance(value, list) and all(isinstance(v, int) for v in value):
        value = [[6, 0, value]]
    for command in linked(value):
        code = command[0]
        if code == 6:
            now = list(command[2])
        elif code == 5:
            now = []
        elif code == 4:
            now = [*now, *([command[1]] if command[1] not in now else [])]
        elif code in (2, 3):
            now = [i for i in now if i != command[1]]
        else:
            raise fault(f"Command {command!r} is not imitated here")
    for number in now:
        if book.kept(f.relation, number) is None:
            raise invalid(f"{f.relation}({number}) is not there.")
    return now


def shown(book: Names, f: F, held: Any, *, classic: bool) -> Any:
    """A kept value as answers show it."""
    if f.type == "many2one":
        if not held:
            return False
        return [held, book.named(f.relation, held)] if classic else held
    if f.type == "many2many":
        return held or []
    if isinstance(held, datetime):
        return f"{held:%Y-%m-%d %H:%M:%S}"
    if f.type == "integer":
        return held or 0
    if f.type in NUMBERS:
        return float(held or 0)
    return False if held is None or held == "" else held


def day(text: str | None) -> date:
    """A kept date."""
    return date.fromisoformat(str(text))
