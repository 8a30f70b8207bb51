"""The report as a workbook: one sheet per table, filters on, exact decimals as numbers, text never as a formula."""

from __future__ import annotations

import re
from decimal import Decimal
from io import BytesIO
from typing import Any

import xlsxwriter

from hefu.insight.report import Report, Sheet, shown

_MOST_ROWS = 1_048_000
_EXACT_DIGITS = 15
"""Digits that a number of a workbook keeps (IEEE 754 double); longer ones are written as text."""

_FORBIDDEN = re.compile(r"[\[\]:*?/\\]")


def book(report: Report) -> bytes:
    """An .xlsx file."""
    out = BytesIO()
    with xlsxwriter.Workbook(
        out, {"in_memory": False, "strings_to_formulas": False, "strings_to_urls": False, "constant_memory": True}
    ) as made:
        styles = {
            "head": made.add_format({"bold": True, "bg_color": "#F3F5F9", "bottom": 1}),
            "big": made.add_format({"bold": True, "font_size": 36, "font_color": _tone(report)}),
            "bold": made.add_format({"bold": True}),
        }
        first = made.add_worksheet(_name(report.title))
        first.set_column(0, 0, 28)
        first.set_column(1, 1, 90)
        first.write_string(0, 0, report.title, styles["bold"])
        first.write_number(1, 0, report.number, styles["big"])
        first.write_string(1, 1, report.headline, styles["bold"])
        for row, (label, value) in enumerate(report.facts, 3):
            first.write_string(row, 0, label, styles["bold"])
            first.write_string(row, 1, value)
        for sheet in report.sheets:
            _fill(made.add_worksheet(_name(sheet.title)), sheet, styles["head"])
    return out.getvalue()


def _tone(report: Report) -> str:
    return "#1D2433" if report.plain else "#B3261E" if report.number else "#177245"


def _name(title: str) -> str:
    return _FORBIDDEN.sub(" ", title)[:31]


def _fill(into: Any, sheet: Sheet, head: Any) -> None:
    into.freeze_panes(1, 0)
    into.autofilter(0, 0, min(len(sheet.rows), _MOST_ROWS), len(sheet.columns) - 1)
    for column, name in enumerate(sheet.columns):
        into.set_column(column, column, 18)
        into.write_string(0, column, name, head)
    for row, values in enumerate(sheet.rows[:_MOST_ROWS], 1):
        for column, value in enumerate(values):
            _cell(into, row, column, value, sheet.longest)


def _cell(into: Any, row: int, column: int, value: Any, longest: int) -> None:
    if value is None or value == "":
        return
    if isinstance(value, int | Decimal) and not isinstance(value, bool):
        digits = len(Decimal(value).as_tuple().digits)
        if digits <= _EXACT_DIGITS:
            into.write_number(row, column, value)
            return
    into.write_string(row, column, shown(value, longest))


__all__ = ["book"]
