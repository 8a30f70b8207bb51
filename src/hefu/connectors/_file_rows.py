"""The rows of a delimited file, in chunks, bad ones sorted out.

Every file is gone through twice. The first pass (`_file_survey.py`) looks at each byte and each row, so that a fault
of the file is told before the first row flows; the second, here, yields rows at the speed of the csv module, and takes
the slow path only for files in which the first pass saw something odd.
"""

from __future__ import annotations

import csv
import io
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import IO, NamedTuple

from hefu.connectors._file_encoding import Encoding, broken_at
from hefu.connectors._file_formula import unescape
from hefu.connectors._file_layout import Ask, Layout, Row
from hefu.connectors._file_place import Stamp, told
from hefu.connectors._file_unique import Keys
from hefu.core.errors import HubError, Rejected, Transient

CHUNK = 1000
"""Rows handled at once."""

_BLOCK = 1 << 16

MAX_CELL = 1 << 22
"""Characters of one cell; beyond, a quotation mark was not closed."""

CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")
_CONTROL_BYTES = bytes(code for code in (*range(32), 127) if code not in (9, 10, 13))
_ESCAPED = re.compile(rb"'(?:[=+\-@\t\r\n\x00\x80-\xff]|$)")

csv.field_size_limit(max(csv.field_size_limit(), MAX_CELL))


class Bad(NamedTuple):
    """A row that cannot be taken: its number as a spreadsheet shows it, its cells (or its text), the reason."""

    number: int
    cells: Sequence[str]
    reason: HubError
    key: str | None = None


class Chunk(NamedTuple):
    """Some sound rows, column by column, with their numbers, and the bad ones between them."""

    columns: Sequence[Sequence[str]]
    numbers: Sequence[int]
    bad: list[Bad]


class Taped(NamedTuple):
    """One record as parsed and as it stands in the file; `cells` is None where it cannot be parsed."""

    number: int
    cells: Row | None
    text: str


@dataclass(frozen=True)
class Survey:
    """What the first pass found in the whole file. `records` counts the data rows, good and bad."""

    layout: Layout
    digest: str
    records: int
    twice: frozenset[int] = frozenset()
    malformed: bool = False
    control: bool = False
    escaped: bool = False
    trailer: Row | None = None
    keys: Keys | None = None
    uneven: bool = False
    """Some rows have another number of cells, so that their keys are not known."""
    plain: bool = False
    """Every line is one row of the right width, and ends in a line feed."""

    def may_hold(self, key: str) -> bool:
        """False when no row has this key for certain."""
        return self.uneven or self.malformed or self.keys is None or self.keys.holds(key)


class Tap(io.BufferedIOBase):
    """The bytes of a file on their way to the decoder: digested, and searched for what needs the slow path."""

    def __init__(self, raw: IO[bytes], encoding: Encoding, *, searching: bool) -> None:
        self._raw = raw
        self._hash = blake2b(digest_size=16)
        if not searching:
            self.read1 = self.read = raw.read  # type: ignore[assignment,method-assign]
        self.control = self.escaped = encoding.wide
        self.last = b""
        self._hash.update(raw.read(len(encoding.bom)))

    def readable(self) -> bool:
        """Yes."""
        return True

    def read1(self, size: int | None = -1, /) -> bytes:
        """The next bytes, at most `size`."""
        block = self._raw.read(-1 if size is None else size)
        self._hash.update(block)
        if not self.control and len(block.translate(None, _CONTROL_BYTES)) != len(block):
            self.control = True
        if not self.escaped and b"'" in block and _ESCAPED.search(block):
            self.escaped = True
        self.last = block[-4:] or self.last
        return block

    read = read1

    def still(self, stamp: Stamp) -> bool:
        """Whether the open file is as it was when it had that stamp."""
        now = os.fstat(self._raw.fileno())
        return (now.st_size, now.st_mtime_ns) == (stamp.size, stamp.mtime_ns)

    def digest(self) -> str:
        """Of all bytes that were read."""
        return self._hash.hexdigest()


def identify(key: Sequence[int]) -> Callable[[Sequence[str]], str]:
    """Row -> record id: the key cell, or several joined by "|" with "|" and "\\" escaped by "\\"."""
    if len(key) == 1:
        return itemgetter(key[0])
    return lambda row: "|".join(row[i].replace("\\", "\\\\").replace("|", "\\|") for i in key)


# ------------------------------------------------------------------------- reading


class Sheet:
    """One delimited file with its layout."""

    def __init__(self, path: Path, layout: Layout, ask: Ask, where: str, stamp: Stamp | None = None) -> None:
        self.path, self.layout, self.where, self.trailer = path, layout, where, ask.trailer
        self.odd, self.final_newline = ask.odd, ask.final_newline
        self.stamp = stamp
        self.key = tuple(layout.names.index(name) for name in ask.key)
        self.identity = identify(self.key) if ask.key else None

    @contextmanager
    def open(self, *, searching: bool = False) -> Iterator[tuple[IO[str], Tap]]:
        """The lines of the file, strictly decoded. Raises Rejected with line and position for a wrong byte."""
        with told(self.where), self.path.open("rb", buffering=0) as raw:
            tap = Tap(raw, self.layout.encoding, searching=searching)
            self.must_be_same(tap)
            lines = io.TextIOWrapper(tap, self.layout.encoding.codec, errors="strict", newline="")  # type: ignore[type-var]
            lines._CHUNK_SIZE = 1 << 16  # type: ignore[attr-defined]
            try:
                yield lines, tap
            except UnicodeDecodeError as error:
                raise broken_at(self.path, self.layout.encoding, self.where) from error

    def must_be_same(self, tap: Tap) -> None:
        """Raises Transient when the file was written to since it was looked at. One put in its place does no harm."""
        if self.stamp and not tap.still(self.stamp):
            raise Transient("files.moving", file=self.where)

    def _step_over(self, reader: Iterator[Row]) -> None:
        for _ in range(self.layout.start):
            next(reader, None)

    def must_go_on(self, fault: csv.Error) -> None:
        """A row with a wrong quotation mark can be left out; one that never ends cannot."""
        if "unexpected end" in str(fault) or "field larger" in str(fault):
            raise Rejected("files.cut_quote", file=self.where, line=self._line_of_fault())

    def _line_of_fault(self) -> int:
        with self.open() as (lines, _):
            reader = csv.reader(lines, **self.layout.dialect())  # type: ignore[arg-type]
            line = 1
            while True:
                line = reader.line_num + 1
                try:
                    if next(reader, None) is None:
                        return line
                except csv.Error as fault:
                    if "unexpected end" in str(fault) or "field larger" in str(fault):
                        return line

    def chunks(self, survey: Survey, size: int = CHUNK) -> Iterator[Chunk]:
        """The rows in chunks of at most `size`, bad ones sorted out. Rows without any text are left out."""
        slow = survey.control or bool(survey.twice or self.odd)
        number, end = self.layout.start + 1, self.layout.start + survey.records
        if survey.malformed:
            yield from self._careful_chunks(survey, size)
            return
        with self.open() as (lines, tap):
            reader = csv.reader(lines, **self.layout.dialect())  # type: ignore[arg-type]
            self._step_over(reader)
            if survey.plain and not slow:
                yield from self._plain_chunks(lines, tap, survey, size)
                return
            while number <= end and (rows := list(islice(reader, min(size, end + 1 - number)))):
                numbers = range(number, number + len(rows))
                number += len(rows)
                self.must_be_same(tap)
                if slow or set(map(len, rows)) != {self.layout.width}:
                    yield self._judged(rows, numbers, survey)
                else:
                    yield self._sift(list(zip(*rows, strict=True)), numbers, survey)

    def _plain_chunks(self, text: IO[str], tap: Tap, survey: Survey, size: int) -> Iterator[Chunk]:
        """The rows of a plain file, cut out of blocks by the string type: half the cost of the csv module."""
        number, end = self.layout.start + 1, self.layout.start + survey.records
        rest = ""
        while number <= end:
            block = text.read(_BLOCK)
            head, _, rest = (rest + block).rpartition("\n") if block else (rest, "", "")
            columns = self._cut(head) if head else []
            self.must_be_same(tap)
            for at in range(0, len(columns[0]) if columns else 0, size):
                some = [column[at : min(at + size, at + end + 1 - number)] for column in columns]
                numbers = range(number, number + len(some[0]))
                number += len(numbers)
                if numbers:
                    yield self._sift(some, numbers, survey)
            if not block:
                return

    def _cut(self, text: str) -> Sequence[Sequence[str]]:
        """Lines as columns. Without quotation marks, every cell that holds a line feed is two: a last and a first."""
        if self.layout.quote in text:
            return list(zip(*csv.reader(text.split("\n"), **self.layout.dialect()), strict=True))  # type: ignore[arg-type]
        cells, step = text.split(self.layout.delimiter), self.layout.width - 1
        ends = "\n".join([cells[0], *cells[step:-1:step], cells[-1]])
        if "\r" in ends:
            ends = ends.replace("\r\n", "\n").removesuffix("\r")
        borders = ends.split("\n")
        return [borders[::2], *(cells[at::step] for at in range(1, step)), borders[1::2]]

    def _careful_chunks(self, survey: Survey, size: int) -> Iterator[Chunk]:
        taped = islice(self.taped(), survey.records)
        while batch := list(islice(taped, size)):
            broken = [self._unparsed(t) for t in batch if t.cells is None]
            sound = [t for t in batch if t.cells is not None]
            chunk = self._judged([t.cells or [] for t in sound], [t.number for t in sound], survey)
            yield chunk._replace(bad=sorted([*broken, *chunk.bad], key=lambda bad: bad.number))

    def _unparsed(self, taped: Taped) -> Bad:
        return Bad(taped.number, [taped.text.rstrip("\r\n")], Rejected("files.wrong_quote", row=taped.number))

    def taped(self) -> Iterator[Taped]:
        """Every record of data, one by one, with its text as it stands in the file."""
        tape: list[str] = []
        with self.open() as (lines, tap):
            reader = csv.reader(_onto(tape, lines), **self.layout.dialect())  # type: ignore[arg-type]
            number = 0
            while True:
                tape.clear()
                number += 1
                try:
                    cells = next(reader, None)
                except csv.Error as fault:
                    self.must_go_on(fault)
                    cells = None
                if cells is None and not tape:
                    self.must_be_same(tap)
                    return
                if number > self.layout.start:
                    yield Taped(number, cells, "".join(tape))

    def preamble(self) -> str:
        """The text before the first row of data, header included, as it stands in the file."""
        tape: list[str] = []
        with self.open() as (lines, _):
            self._step_over(csv.reader(_onto(tape, lines), **self.layout.dialect()))  # type: ignore[arg-type]
        return "".join(tape)

    def _sift(self, columns: Sequence[Sequence[str]], numbers: Sequence[int], survey: Survey) -> Chunk:
        if any("" in columns[at] for at in self.key):
            return self._judged(list(map(list, zip(*columns, strict=True))), numbers, survey)
        return Chunk(columns, numbers, [])

    def _judged(self, rows: list[Row], numbers: Sequence[int], survey: Survey) -> Chunk:
        """Each row by itself."""
        good: list[Row] = []
        kept: list[int] = []
        bad: list[Bad] = []
        for number, cells in zip(numbers, rows, strict=True):
            row = self.even(cells)
            reason = self.judge(row, number, survey)
            if reason is not None:
                shown = cells[: len(self.layout.names)] if self.layout.extra else cells
                bad.append(Bad(number, shown, reason, self.known_key(row, survey)))
            elif any(row):
                good.append(row)
                kept.append(number)
        return Chunk(list(zip(*good, strict=True)) if good else [()] * self.layout.width, kept, bad)

    def even(self, row: Row) -> Row:
        """Without blank cells behind the last column: a delimiter at the end of the line is no fault."""
        width = self.layout.width
        return row[:width] if len(row) > width and not self.layout.extra and not any(row[width:]) else row

    def judge(self, row: Row, number: int, survey: Survey) -> HubError | None:
        """Why a row cannot be taken, None if it can. A blank row can (it is left out elsewhere)."""
        if not any(row):
            return None
        if len(row) != self.layout.width:
            code = "files.too_many_columns" if len(row) > self.layout.width else "files.too_few_columns"
            extra = self.layout.extra
            return Rejected(code, row=number, columns=len(row) - extra, expected=self.layout.width - extra)
        if survey.control:
            for name, cell in zip(self.layout.names, row, strict=False):
                if found := CONTROL.search(cell):
                    sign = f"U+{ord(found[0]):04X}"
                    return Rejected("files.control", row=number, column=name, sign=sign, position=found.start() + 1)
        if number in self.odd:
            at, wrong = self.odd[number]
            return Rejected("files.odd_cell", row=number, column=self.layout.names[at], value=wrong)
        return self._judge_key(row, number, survey)

    def _judge_key(self, row: Row, number: int, survey: Survey) -> HubError | None:
        if self.identity is None:
            return None
        names = ", ".join(self.layout.names[i] for i in self.key)
        if not all(row[i].strip() for i in self.key):
            return Rejected("files.no_key", row=number, column=names)
        key = self.known_key(row, survey)
        return Rejected("files.key_twice", row=number, column=names, key=key) if hash(key) in survey.twice else None

    def known_key(self, row: Row, survey: Survey) -> str | None:
        """The record's id where it can be read with certainty."""
        if self.identity is None or len(row) != self.layout.width:
            return None
        return self.identity(list(map(unescape, row)) if survey.escaped else row) or None


def split_id(record_id: str, count: int) -> list[str]:
    """The key cells of a record id that `identify` made of so many; fewer or more for an id that it did not make."""
    if count == 1:
        return [record_id]
    return [re.sub(r"\\(.)", r"\1", p) for p in re.findall(r"(?:^|\|)((?:\\.|[^\\|])*)", record_id)]


def _onto(tape: list[str], lines: Iterator[str]) -> Iterator[str]:
    for line in lines:
        tape.append(line)
        yield line


__all__ = ["CHUNK", "CONTROL", "Bad", "Chunk", "Sheet", "Survey", "Taped"]
