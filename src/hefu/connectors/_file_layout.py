"""How a delimited text is laid out: by the settings, else by looking at its beginning."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from hefu.connectors._file_encoding import SAMPLE, Encoding, of_head
from hefu.connectors._file_place import told
from hefu.core.errors import Rejected, Unsupported

_DELIMITERS = (",", "\t", ";", "|")
_SEPARATOR_LINE = re.compile(r"sep=(.)\r?\n?", re.IGNORECASE)
_LOOK_AHEAD = 30
_SAMPLE_ROWS = 2000

Row = list[str]


@dataclass(frozen=True)
class Ask:
    """What the settings say of the layout; None asks to look."""

    key: tuple[str, ...] = ()
    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None
    header: int | None = None
    names: tuple[str, ...] = ()
    trailer: str | None = None
    extra: int = 0
    """Further cells at the end of each row that are no columns (ours: kinds of a workbook's cells)."""
    odd: Mapping[int, tuple[int, str]] = field(default_factory=dict)
    """Rows of a workbook with a cell that cannot be taken: row number -> number of the column from 0, what is wrong."""
    final_newline: bool = False


@dataclass(frozen=True)
class Layout:
    """How a delimited text is written. `start` records stand before the first row of data."""

    encoding: Encoding
    delimiter: str = ","
    quote: str = '"'
    newline: str = "\n"
    names: tuple[str, ...] = ()
    start: int = 1
    extra: int = 0

    @property
    def width(self) -> int:
        """Cells in each row."""
        return len(self.names) + self.extra

    def dialect(self) -> dict[str, object]:
        """For the csv module."""
        return {"delimiter": self.delimiter, "quotechar": self.quote, "strict": True, "lineterminator": self.newline}


def look(path: Path, ask: Ask, where: str) -> tuple[Layout, list[Row]]:
    """The layout, and up to 2,000 rows of data from the beginning of the file.

    Raises Rejected for an empty file or a header that names a column twice, Unsupported when the key is not there.
    """
    with told(where), path.open("rb") as file:
        head = file.read(SAMPLE)
    encoding = of_head(head, ask.encoding, where)
    whole = len(head) < SAMPLE
    text = head[len(encoding.bom) :].decode(encoding.codec, errors="replace")
    if not text.strip():
        raise Rejected("files.empty", file=where)
    return _lay_out(text, encoding, ask, where, whole=whole)


def _lay_out(text: str, encoding: Encoding, ask: Ask, where: str, *, whole: bool) -> tuple[Layout, list[Row]]:
    separator = _SEPARATOR_LINE.match(text)
    delimiter = ask.delimiter or (separator[1] if separator else _delimiter(text, ask))
    quote = ask.quote or _quote(text, delimiter)
    newline = "\r\n" if "\r\n" in text else "\n" if "\n" in text else "\r" if "\r" in text else "\n"
    rows = _parse(text, delimiter, quote, _SAMPLE_ROWS + _LOOK_AHEAD, whole=whole)
    at = _header(rows, ask, where)
    names = _names(rows[at - 1], ask.extra, where) if at else ask.names or _numbered(rows)
    if not at and (absent := [k for k in ask.key if k not in names]):
        raise Unsupported("files.no_key_column", file=where, key=", ".join(absent), columns=", ".join(names))
    start = at or (1 if separator else 0)
    return Layout(encoding, delimiter, quote, newline, names, start, ask.extra), [r for r in rows[start:] if r]


def _parse(text: str, delimiter: str, quote: str, most: int, *, whole: bool) -> list[Row]:
    rows: list[Row] = []
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, quotechar=quote)
    try:
        rows.extend(islice(reader, most))
    except csv.Error:
        return rows
    return rows if whole or len(rows) == most else rows[:-1]


def _delimiter(text: str, ask: Ask) -> str:
    """The one that cuts the most rows into the same number of cells; one that shows the key columns comes first."""

    def score(delimiter: str) -> tuple[bool, float, int]:
        rows = [r for r in _parse(text, delimiter, ask.quote or '"', 200, whole=len(text) < SAMPLE) if r]
        widths = [len(r) for r in rows]
        usual = max(set(widths), key=widths.count, default=1)
        keyed = bool(ask.key) and any(set(ask.key) <= {c.strip() for c in r} for r in rows[:_LOOK_AHEAD])
        return keyed, round(widths.count(usual) / len(rows), 1) if usual > 1 else 0.0, usual

    return max(_DELIMITERS, key=score)


def _quote(text: str, delimiter: str) -> str:
    """The mark that encloses more cells."""
    d = re.escape(delimiter)

    def enclosed(mark: str) -> int:
        return len(re.findall(rf"(?:^|{d}){mark}[^{mark}\r\n]*{mark}(?={d}|\r|\n|$)", text, re.MULTILINE))

    single = enclosed("'")
    return "'" if single > 2 and single > enclosed('"') else '"'


def _header(rows: list[Row], ask: Ask, where: str) -> int:
    """Number of the header's row, counted from 1; 0 for none. A title above the header is stepped over."""
    if ask.header is not None:
        if ask.header > len(rows):
            raise Rejected("files.no_header", file=where, row=ask.header)
        return ask.header
    for number, row in enumerate(rows[:_LOOK_AHEAD], 1):
        cells = {c.strip() for c in row}
        if set(ask.key) <= cells if ask.key else any(cells):
            return number
    columns = next((", ".join(r) for r in rows if any(r)), "")
    raise Unsupported("files.no_key_column", file=where, key=", ".join(ask.key), columns=columns[:300])


def _names(row: Row, extra: int, where: str) -> tuple[str, ...]:
    cells = row[: len(row) - extra] if extra else row
    names = tuple(cell.strip() or f"column_{number}" for number, cell in enumerate(cells, 1))
    twice = next((n for n in names if names.count(n) > 1), None)
    if twice is not None:
        raise Rejected("files.header_twice", file=where, column=twice)
    return names


def _numbered(rows: list[Row]) -> tuple[str, ...]:
    widest = max(map(len, rows), default=0)
    return tuple(f"column_{number}" for number in range(1, widest + 1))


__all__ = ["Ask", "Layout", "Row", "look"]
