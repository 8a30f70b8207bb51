"""Runs alone, in a process of its own with little memory and time: turns one sheet of a workbook into CSV.

Arguments: workbook, sheet (name, or #number from 1, or ""), output folder, bytes of memory, seconds, rows, columns.
Writes rows.csv (UTF-8; each row ends in a cell with one letter per column that tells the kind of its cell: s text,
n number, d date, t date and time, b boolean, e empty) and facts.json. Imports nothing of the hub, since whatever a
hostile workbook breaks shall break here.
"""

from __future__ import annotations

import csv
import json
import re
import resource
import sys
import zipfile
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.parsers import expat

_EXACT = 10**15  # A workbook keeps 15 digits of a number; of a longer one the rest are already lost.
_RICH = ("xl/charts", "xl/drawings", "xl/pivotTables", "xl/media", "xl/comments", "xl/externalLinks", "xl/tables")


class Refused(Exception):
    """What is wrong, as the last part of one of our error codes."""


def main(source: str, sheet: str, out: str, memory: str, seconds: str, rows: str, columns: str) -> None:
    """Convert; what went wrong stands in facts.json under "refused"."""
    resource.setrlimit(resource.RLIMIT_AS, (int(memory), int(memory)))
    resource.setrlimit(resource.RLIMIT_CPU, (int(seconds), int(seconds) + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    folder = Path(out)
    try:
        facts = convert(Path(source), sheet, folder / "rows.csv", int(rows), int(columns))
    except Refused as error:
        facts = {"refused": error.args[0], **(error.args[1] if len(error.args) > 1 else {})}
    except MemoryError:
        facts = {"refused": "book_memory"}
    (folder / "facts.json").write_text(json.dumps(facts), encoding="utf-8")


def convert(source: Path, sheet: str, out: Path, most_rows: int, most_columns: int) -> dict[str, Any]:
    """Write the sheet's rows; return its name, the names of all sheets, odd cells and what a rewrite would lose."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(source))
        name = _choose(book.sheet_names, sheet)
        found = book.get_sheet_by_name(name)
    except CalamineError as error:
        raise Refused("book_broken", {"reason": str(error)[:200]}) from error
    start, end = found.start, found.end
    if start is None or end is None:
        raise Refused("empty")
    if end[0] >= most_rows or end[1] >= most_columns:
        raise Refused("book_big", {"rows": end[0] + 1, "columns": end[1] + 1})
    odd, lost = _inspect(source, name) if zipfile.is_zipfile(source) else ({}, [])
    if _write(found, start, end[1] + 1, out, odd):
        lost.append("times of day")
    return {"sheet": name, "sheets": book.sheet_names, "odd": {str(k): v for k, v in odd.items()}, "lost": lost}


def _choose(names: list[str], sheet: str) -> str:
    if not sheet:
        return names[0]
    if sheet in names:
        return sheet
    if sheet[0] == "#" and sheet[1:].isdigit() and 0 < int(sheet[1:]) <= len(names):
        return names[int(sheet[1:]) - 1]
    raise Refused("no_sheet", {"sheet": sheet.lstrip("#"), "sheets": ", ".join(names)})


def _write(found: Any, start: tuple[int, int], width: int, out: Path, odd: dict[int, tuple[int, str]]) -> bool:
    """Every row as CSV; tells whether there were times of day, which we hand on as text."""
    times = False
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        blank = [""] * (width + 1)
        for _ in range(start[0]):
            writer.writerow(blank)
        for number, cells in enumerate(found.iter_rows(), start[0] + 1):
            texts, kinds = [""] * start[1], "e" * start[1]
            for cell in cells:
                text, kind = _cell(cell)
                if kind == "x":
                    odd.setdefault(number, (len(texts), text))
                texts.append(text)
                kinds += "s" if kind == "m" else kind
                times = times or kind == "m"
            writer.writerow([*texts, kinds] if any(texts) or number in odd else blank)
    return times


def _cell(cell: Any) -> tuple[str, str]:
    if isinstance(cell, str):
        return cell, "s" if cell else "e"
    if isinstance(cell, bool):
        return ("true" if cell else "false"), "b"
    if isinstance(cell, int | float):
        number = Decimal(repr(cell))
        text = format(number.to_integral() if number == number.to_integral() else number, "f")
        return text, "n" if abs(number) < _EXACT else "x"
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" "), "t"
    if isinstance(cell, date):
        return cell.isoformat(), "d"
    if isinstance(cell, time | timedelta):
        return str(cell), "m"
    return "", "e"


def _inspect(source: Path, name: str) -> tuple[dict[int, tuple[int, str]], list[str]]:
    """Cells that hold an error such as #N/A (the parser shows them as empty), and what only a workbook can hold."""
    with zipfile.ZipFile(source) as archive:
        parts = archive.namelist()
        lost = sorted(
            {part.split("/")[1].split(".")[0].rstrip("0123456789") for part in parts if part.startswith(_RICH)}
        )
        part = _part(archive, name)
        if part is None:
            return {}, lost
        odd: dict[int, tuple[int, str]] = {}
        formulas = _scan(archive, part, odd)
        return odd, [*lost, "formulas"] if formulas else lost


def _part(archive: zipfile.ZipFile, name: str) -> str | None:
    """The part of the archive that holds the sheet, by the workbook's relations."""
    ids: dict[str, str] = {}
    targets: dict[str, str] = {}

    def sheet(tag: str, attributes: dict[str, str]) -> None:
        if tag.rpartition(":")[2] == "sheet":
            found = next((v for k, v in attributes.items() if k.rpartition(":")[2] == "id"), "")
            ids[attributes.get("name", "")] = found
        elif tag == "Relationship":
            targets[attributes.get("Id", "")] = attributes.get("Target", "")

    for part in ("xl/workbook.xml", "xl/_rels/workbook.xml.rels"):
        if part in archive.namelist():
            parser = _parser(sheet)
            parser.Parse(archive.read(part), True)
    target = targets.get(ids.get(name, ""), "")
    full = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
    return full if full in archive.namelist() else None


def _parser(start: Any) -> Any:
    """An XML parser that takes no document type: no entities, so no bombs of them."""
    parser = expat.ParserCreate()

    def refuse(*_: object) -> None:
        raise Refused("book_broken", {"reason": "a document type in its XML"})

    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = start
    return parser


def _scan(archive: zipfile.ZipFile, part: str, odd: dict[int, tuple[int, str]]) -> bool:
    """Note the first error cell of each row; tell whether the sheet has formulas."""
    error = re.compile(rb"<(?:\w+:)?c\s[^>]*?\bt=[\"']e[\"'][^>]*>")
    reference = re.compile(rb"\br=[\"']([A-Z]{1,3})(\d{1,7})[\"']")
    formula = re.compile(rb"<(?:\w+:)?f[\s>/]")
    formulas, rest = False, b""
    with archive.open(part) as file:
        while block := file.read(1 << 18):
            text = rest + block
            formulas = formulas or formula.search(text) is not None
            for cell in error.finditer(text):
                if at := reference.search(cell[0]):
                    odd.setdefault(int(at[2]), (_column(at[1]), "#"))
            rest = text[text.rfind(b"<") :] if len(text) - text.rfind(b"<") < 4096 else b""
    return formulas


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number - 1


if __name__ == "__main__":
    main(*sys.argv[1:])
