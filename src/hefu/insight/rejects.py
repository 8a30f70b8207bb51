"""The file of what a migration batch could not take: record, field, reason and what to do, for whoever corrects it.

One line per reason, the record's own cells behind it, in the reader's language; CSV or Excel by the file's ending.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import xlsxwriter

from hefu.connectors._file_formula import escape
from hefu.core.errors import HubError, Unsupported
from hefu.core.words import tell
from hefu.store import batches
from hefu.store.batches import Row
from hefu.store.db import Store

HEADS = {
    "en": ("row", "record", "title", "field", "value", "reason", "what to do"),
    "zh": ("行号", "记录", "名称", "字段", "值", "原因", "怎么办"),
}

Show = Callable[[Row], Row]

STATES = ("rejected", "differs", "left")
"""Rows that somebody has to look at."""


def write(store: Store, batch_id: str, path: Path, language: str, show: Show | None = None) -> int:
    """Write the file; says how many lines. Raises Unsupported for another ending; an empty file means all is well.

    `show`: a row as its reader may see it; not given: as it is.
    """
    kind = path.suffix.lower()
    if kind not in (".csv", ".xlsx"):
        raise Unsupported("migrate.rejects_file", path=str(path))
    columns = _columns(store, batch_id, show or _as_it_is)
    heads = [*HEADS[language], *columns]
    lines = ([*line, *cells] for line, cells in _lines(store, batch_id, columns, language, show or _as_it_is))
    return (_csv if kind == ".csv" else _book)(path, heads, lines)


def _as_it_is(row: Row) -> Row:
    return row


def _columns(store: Store, batch_id: str, show: Show) -> list[str]:
    """The fields of the records, in the order in which they are met."""
    found: dict[str, None] = {}
    with store.look() as tx:
        for rows in batches.every(tx, batch_id, STATES):
            for row in map(show, rows):
                found.update(dict.fromkeys(map(str, row.record.values)))
    return list(found)


def _lines(
    store: Store, batch_id: str, columns: Sequence[str], language: str, show: Show
) -> Iterator[tuple[list[str], list[str]]]:
    with store.look() as tx:
        for rows in batches.every(tx, batch_id, STATES):
            for row in map(show, rows):
                cells = [_text(row.record.values.get(name)) for name in columns]
                for reason in row.reasons or [{"field": "", "code": "migrate.not_taken", "facts": {}}]:
                    yield _line(row, reason, language), cells


def _line(row: Row, reason: Mapping[str, Any], language: str) -> list[str]:
    facts = {k: _text(v) for k, v in (reason.get("facts") or {}).items()}
    what, then = tell(HubError(reason["code"], **facts), language)
    field = str(reason.get("field") or "")
    value = facts.get("value") or _text(row.record.values.get(field))
    return [str(row.seq + 1), row.record.id, row.title, field, value, what, then]


def _text(value: Any) -> str:
    return "" if value is None else str(value)


def _csv(path: Path, heads: Sequence[str], lines: Iterator[list[str]]) -> int:
    """UTF-8 with a byte order mark, so that Excel shows Chinese, and no cell that it would run."""
    count = 0
    with path.open("w", encoding="utf-8-sig", newline="", errors="backslashreplace") as file:
        writer = csv.writer(file)
        writer.writerow(heads)
        for line in lines:
            writer.writerow([escape(cell) for cell in line])
            count += 1
    return count


def _book(path: Path, heads: Sequence[str], lines: Iterator[list[str]]) -> int:
    count = 0
    with xlsxwriter.Workbook(str(path), {"constant_memory": True, "strings_to_formulas": False}) as book:
        sheet = book.add_worksheet("rejects")
        bold = book.add_format({"bold": True})
        for at, head in enumerate(heads):
            sheet.write_string(0, at, head, bold)
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, len(heads) - 1, 18)
        for line in lines:
            count += 1
            for at, cell in enumerate(line):
                sheet.write_string(count, at, cell[:32767])
    return count


__all__ = ["write"]
