"""Questions in SOQL, and the walk through their answers: by the server's cursor, anew from a key where that is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from hefu.connectors._salesforce_api import Api, Told
from hefu.connectors._salesforce_shapes import STAMP, Shape, literal_of, moment
from hefu.core.env import instant, stamp
from hefu.core.errors import HubError, Unsupported
from hefu.core.records import FieldType, Value

MOST_IDS = 300
"""Ids in one condition: the whole address must stay under 16,384 bytes."""

LONGEST = 15_000
"""Characters of a question that still fit into an address once they are quoted."""

Row = Mapping[str, Any]


class Cursor(NamedTuple):
    """Changes before `at` are known (None: nothing yet). `began`, `stamp`, `id`: a reading under way, since when, and
    the last record that it gave."""

    at: datetime | None
    began: datetime | None = None
    stamp: str = ""
    id: str = ""

    def text(self) -> str:
        """As the hub keeps it."""
        told = {
            "at": self.at and stamp(self.at), "began": self.began and stamp(self.began),
            "stamp": self.stamp, "id": self.id,
        }  # fmt: skip
        return json.dumps({name: value for name, value in told.items() if value})

    @classmethod
    def parse(cls, kept: str | None, connection: str) -> Cursor:
        """Raises Unsupported for a text that is none of ours."""
        if kept is None:
            return cls(None)
        try:
            told = json.loads(kept)
            at, began = (instant(told[n]) if n in told else None for n in ("at", "began"))
            last, record = told.get("stamp", ""), told.get("id", "")
            if not (at or began) or any(t and t.tzinfo is None for t in (at, began)) or bool(last) != bool(record):
                raise ValueError(kept)
            if last:
                moment(last)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise Unsupported("salesforce.bad_cursor", connection=connection, cursor=kept[:80]) from None
        return cls(at, began, last, record)


def literal(value: Value) -> str:
    """A value as SOQL writes it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return literal_of(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, int):
        return str(value)
    quoted = str(value).replace("\\", "\\\\").replace("'", "\\'").replace("\n", "\\n").replace("\r", "\\r")
    return f"'{quoted}'"


def any_of(name: str, values: Sequence[Value]) -> str:
    """A condition that a field has one of these values."""
    if len(values) == 1:
        return f"{name} = {literal(values[0])}"
    return f"{name} IN ({', '.join(map(literal, values))})"


def select(shape: Shape, where: Sequence[str], more: Sequence[str] = (), order: str = "", limit: int = 0) -> str:
    """A question for all columns of an object, with its lines."""
    columns = [*shape.columns(), *more]
    if shape.lines is not None:
        columns.append(f"(SELECT {', '.join(shape.lines.columns())} FROM {shape.child} ORDER BY Id)")
    text = f"SELECT {', '.join(columns)} FROM {shape.name}"
    conditions = [*where, *([f"({shape.settings.where})"] if shape.settings.where else [])]
    text += f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return text + (f" ORDER BY {order}" if order else "") + (f" LIMIT {limit}" if limit else "")


def since(low: datetime | None, last: tuple[str, str]) -> list[str]:
    """Conditions for what changed since a moment, going on behind the last record seen."""
    if last[0]:
        at = literal_of(moment(last[0]))
        return [f"({STAMP} > {at} OR ({STAMP} = {at} AND Id > {literal(last[1])}))"]
    return [f"{STAMP} >= {literal_of(low)}"] if low is not None else []


def filterable(shape: Shape, name: str) -> bool:
    """Whether SOQL can compare that field (long texts it cannot)."""
    f = shape.field(name)
    return f is not None and f.type is not FieldType.LINES and shape.told[name].get("filterable", True) is True


class Query:
    """Asks, and follows the server's cursor."""

    def __init__(self, api: Api, page: int) -> None:
        self._api, self._page = api, page

    def first(self, text: str, *, deleted: bool = False) -> Told:
        """The first page of an answer."""
        headers = {"Sforce-Query-Options": f"batchSize={self._page}"}
        path = "queryAll" if deleted else "query"
        return self._api.send("GET", path, params={"q": text}, headers=headers)

    def next(self, data: Mapping[str, Any]) -> Told:
        """The page behind this one."""
        headers = {"Sforce-Query-Options": f"batchSize={self._page}"}
        return self._api.send("GET", str(data["nextRecordsUrl"]), headers=headers)

    def all(self, text: str, *, deleted: bool = False) -> Iterator[Row]:
        """Every row of a short answer."""
        told = self.first(text, deleted=deleted).data
        while True:
            yield from told.get("records") or ()
            if told.get("done", True):
                return
            told = self.next(told).data

    def whole(self, row: Row, child: str) -> Row:
        """A row with all of its lines: a long list of them comes in pages of its own."""
        nested = row.get(child) if child else None
        if not isinstance(nested, dict) or nested.get("done", True):
            return row
        lines, told = list(nested.get("records") or ()), nested
        while not told.get("done", True):
            told = self.next(told).data
            lines += told.get("records") or ()
        return {**row, child: {"records": lines, "done": True}}


def lost(error: HubError) -> bool:
    """Whether the server has forgotten its cursor."""
    return error.facts.get("said") == "INVALID_QUERY_LOCATOR"
