"""The first pass over a delimited file: every byte decoded, every row parsed, keys that occur twice noted.

Most lines of most files hold no quotation mark. Such lines are counted and cut by the string type alone, at half the
cost of the csv module, which takes over from the first lines that need it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain, islice, repeat
from pathlib import Path

from hefu.connectors._file_encoding import regress
from hefu.connectors._file_formula import unescape
from hefu.connectors._file_layout import Ask, Row, look
from hefu.connectors._file_place import Stamp
from hefu.connectors._file_rows import CHUNK, Sheet, Survey, Tap
from hefu.connectors._file_unique import Keys
from hefu.core.errors import Rejected


def survey(path: Path, ask: Ask, where: str, stamp: Stamp | None = None) -> tuple[Sheet, Survey, list[Row]]:
    """The file as a sheet, what its first pass found, and a sample of its rows. `stamp`: the version expected.

    Raises Rejected for a file that is not sound, Transient for one that is being written to.
    """
    layout, sample = look(path, ask, where)
    sheet = Sheet(path, layout, ask, where, stamp)
    try:
        return sheet, FirstPass(sheet).run(), sample
    except Rejected as error:
        better = regress(path, layout.encoding) if error.code == "files.wrong_byte" and not ask.encoding else None
        if better is None:
            raise
    layout, sample = look(path, replace(ask, encoding=better.codec), where)
    sheet = Sheet(path, layout, ask, where, stamp)
    return sheet, FirstPass(sheet).run(), sample


class FirstPass:
    """Goes once through a sheet: `total` records so far, of which the last filled one, `last`, is number `end`."""

    def __init__(self, sheet: Sheet) -> None:
        self.sheet, self.layout = sheet, sheet.layout
        self.keys = Keys()
        self.total = self.end = 0
        self.last: Row = []
        self.malformed = self.uneven = self.plain = self.ragged = False

    def run(self) -> Survey:
        """What the whole file is like."""
        with self.sheet.open(searching=True) as (lines, tap):
            for _ in range(self.layout.start):
                next(csv.reader(lines, **self.layout.dialect()), None)  # type: ignore[arg-type]
            self._parse(self._plain(lines, tap), tap)
            self.sheet.must_be_same(tap)
            twice = self.keys.twice()
            found = Survey(
                self.layout,
                tap.digest(),
                self.end,
                twice,
                self.malformed,
                tap.control,
                tap.escaped,
                keys=self.keys,
                uneven=self.uneven,
                plain=self.plain,
            )
            return self._finish(found, tap.last)

    # ------------------------------------------------------------------ by lines

    def _plain(self, lines: Iterator[str], tap: Tap) -> Iterator[str]:
        """Take lines as rows until some are more than that; the lines from there on."""
        line = ""
        while batch := list(islice(lines, CHUNK)):
            if not self._take(batch, tap):
                break
            self.total += len(batch)
            line = batch[-1]
        self.plain = not batch and self.layout.width > 1 and not self.ragged
        if line:
            self.end = self.total
            self.last = next(csv.reader([line], **self.layout.dialect()))  # type: ignore[arg-type]
        return chain(batch, lines)

    def _take(self, batch: list[str], tap: Tap) -> bool:
        """Note the keys of these lines, if each is one row of the right width."""
        quote, width = self.layout.quote, self.layout.width
        plain, rows, text = batch, list[Row](), "".join(batch)
        self.ragged = self.ragged or _ragged(text, len(batch))
        if quote in text:
            plain = [line for line in batch if quote not in line]
            rows = self._rows([line for line in batch if quote in line])
            if set(map(len, rows)) != {width}:
                return False
        if plain and set(map(str.count, plain, repeat(self.layout.delimiter))) != {width - 1}:
            return False
        self._note(chain(rows, self._cells(plain)), escaped=tap.escaped)
        return True

    def _rows(self, lines: list[str]) -> list[Row]:
        """One row for each line; nothing if a cell spans lines or a quotation mark is wrong."""
        try:
            rows = list(csv.reader(lines, **self.layout.dialect()))  # type: ignore[arg-type]
        except csv.Error:
            return []
        return rows if len(rows) == len(lines) else []

    def _cells(self, lines: list[str]) -> Iterator[Row]:
        """The cells of lines without quotation marks, as far as the key reaches."""
        delimiter, last = self.layout.delimiter, max(self.sheet.key, default=0)
        if last == self.layout.width - 1:
            lines = [line.rstrip("\r\n") for line in lines]
        return map(str.split, lines, repeat(delimiter), repeat(last + 1))

    def _note(self, rows: Iterable[Row], *, escaped: bool) -> None:
        identity = self.sheet.identity
        if identity is None:
            return
        if escaped:
            rows = (list(map(unescape, row)) for row in rows)
        self.keys.add(filter(None, map(identity, rows)))

    # --------------------------------------------------------------------- by csv

    def _parse(self, lines: Iterator[str], tap: Tap) -> None:
        reader = csv.reader(lines, **self.layout.dialect())  # type: ignore[arg-type]
        width = self.layout.width
        while True:
            rows, fault = _some(reader)
            filled = next((n for n in range(len(rows), 0, -1) if any(rows[n - 1])), 0)
            if filled:
                self.last, self.end = rows[filled - 1], self.total + filled
            self.total += len(rows) + bool(fault)
            if fault is not None:
                self.sheet.must_go_on(fault)
                self.malformed, self.end = True, self.total
            elif not rows:
                return
            even = [row for row in map(self.sheet.even, rows) if len(row) == width]
            self.uneven = self.uneven or len(even) != sum(map(bool, rows))
            self._note(even, escaped=tap.escaped)

    def _finish(self, found: Survey, end: bytes) -> Survey:
        """Look at how the file ends: the trailer if one is due, no row cut off in its middle."""
        sheet, last = self.sheet, self.last
        if sheet.trailer is not None:
            if not last or not last[0].startswith(sheet.trailer):
                raise Rejected("files.no_trailer", file=sheet.where, trailer=sheet.trailer)
            return replace(found, records=found.records - 1, trailer=last)
        doubtful = sheet.final_newline or len(last) < self.layout.width
        if last and doubtful and not end.rstrip(b"\0").endswith((b"\n", b"\r")):
            raise Rejected("files.cut_row", file=sheet.where, row=found.records + self.layout.start)
        return found


def _ragged(text: str, lines: int) -> bool:
    """Whether some of these lines end in a carriage return alone."""
    feeds = text.count("\n") + (not text.endswith("\n"))
    return feeds != lines or ("\r" in text and text.count("\r") != text.count("\r\n"))


def _some(reader: Iterator[Row]) -> tuple[list[Row], csv.Error | None]:
    """The next rows, and the fault that stopped them. The reader goes on behind a fault with the next line."""
    rows: list[Row] = []
    try:
        rows.extend(islice(reader, CHUNK))
    except csv.Error as fault:
        return rows, fault
    return rows, None


__all__ = ["FirstPass", "survey"]
