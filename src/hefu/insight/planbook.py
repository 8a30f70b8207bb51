"""A plan as an Excel workbook, for those who must agree to it and do not sit at the hub: one row for each field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import orjson
import xlsxwriter
from xlsxwriter.worksheet import Worksheet

from hefu.store.plans import PlanEntry, StoredPlan

ROWS = 1_000_000
"""Rows of one sheet; Excel takes 48,576 more, and the rest goes onto further sheets."""

CELL = 32_767
"""Characters that a cell of Excel takes."""

_HEADS = (
    ("no.", "序号"), ("operation", "操作"), ("entity", "实体"), ("system", "系统"), ("object", "对象"),
    ("record", "记录号"), ("one-ID", "统一编号"), ("title", "名称"), ("field", "字段"), ("before", "原值"),
    ("after", "新值"), ("state", "状态"), ("found instead", "实际发现"),
)  # fmt: skip
_FACTS = (
    ("plan", "计划"), ("kind", "类型"), ("state", "状态"), ("reason", "原因"), ("made by", "编制人"),
    ("made at", "编制时间"), ("valid until", "有效期至"), ("project version", "项目版本"),
    ("records to write", "写入记录数"),
    ("approved by", "批准人"), ("approved at", "批准时间"), ("content (SHA-256)", "内容摘要 (SHA-256)"),
    ("signature (HMAC-SHA256)", "签名 (HMAC-SHA256)"),
)  # fmt: skip
_DANGER = "=+-@\t\r\n＝＋－＠"


def write_book(
    path: Path, made: StoredPlan, entries: Iterable[PlanEntry], words: Mapping[str, str], language: str
) -> int:
    """Write the workbook; returns how many rows the changes take. Raises OSError where the file cannot be written.

    `words`: kinds and states as people call them. Text is never taken for a formula, a number or an address.
    """
    at = 1 if language == "zh" else 0
    plain = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False,
             "strings_to_numbers": False}  # fmt: skip
    with path.open("wb") as file, xlsxwriter.Workbook(file, plain) as book:
        bold = book.add_format({"bold": True})
        _facts(book.add_worksheet(("Plan", "计划")[at]), made, words, at, bold)
        name, number, row, rows = ("Changes", "变更明细")[at], 1, 0, 0
        sheet = _sheet(book, name, at, bold)
        for entry in entries:
            for cells in _rows(entry, words):
                if row >= ROWS:
                    number, row = number + 1, 0
                    sheet = _sheet(book, f"{name} {number}", at, bold)
                row, rows = row + 1, rows + 1
                for column, value in enumerate(cells):
                    sheet.write_string(row, column, value)
    return rows


def _facts(sheet: Worksheet, made: StoredPlan, words: Mapping[str, str], at: int, bold: Any) -> None:
    sheet.set_column(0, 1, 28)
    values = (
        made.id, made.kind, words.get(made.state, made.state), made.reason, made.author, made.created_at,
        made.expires_at, made.project_version, made.writes, made.approver, made.approved_at, made.digest,
        made.signature,
    )  # fmt: skip
    for row, (heads, value) in enumerate(zip(_FACTS, values, strict=True)):
        sheet.write_string(row, 0, heads[at], bold)
        sheet.write_string(row, 1, safe(value))


def _sheet(book: xlsxwriter.Workbook, name: str, at: int, bold: Any) -> Worksheet:
    sheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, len(_HEADS) - 1, 18)
    for column, heads in enumerate(_HEADS):
        sheet.write_string(0, column, heads[at], bold)
    return sheet


def _rows(entry: PlanEntry, words: Mapping[str, str]) -> Iterable[list[str]]:
    record = entry.record_id
    head = [entry.seq + 1, words.get(entry.kind, entry.kind), entry.entity, entry.connection, entry.object, record,
            entry.golden_id, entry.title]  # fmt: skip
    found = entry.note.get("found", {}) if isinstance(entry.note, dict) else {}
    state = words.get(entry.state, entry.state)
    for name, (before, after) in entry.fields.items() or {"": (None, None)}.items():
        now = found[name][1] if name in found else None
        yield [safe(value) for value in (*head, name, before, after, state, now)]


def safe(value: object) -> str:
    """A cell's text, harmless also where the sheet is saved as CSV and opened again."""
    text = "" if value is None else value if isinstance(value, str) else _json(value)
    text = text[:CELL]
    return f"'{text}"[:CELL] if text[:1] in tuple(_DANGER) and not _number(text) else text


def _json(value: object) -> str:
    return orjson.dumps(value, default=str).decode()


def _number(text: str) -> bool:
    """Numbers and telephone numbers hold nothing that could be run."""
    return not set(text[1:]) - set("0123456789 .,()-") and text[0] in "+-" and any(c.isdigit() for c in text)
