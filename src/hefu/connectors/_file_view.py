"""One version of an object's file, gone through once and ready to be read as records."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, tzinfo
from itertools import repeat
from typing import Any, NamedTuple

from hefu.connectors._file_book import MAX_TEXT, Unpacked, is_book, unpack
from hefu.connectors._file_columns import Column, Decode, blame, column, decode_row, decoder
from hefu.connectors._file_formula import unescape
from hefu.connectors._file_layout import Ask, Row, look
from hefu.connectors._file_place import Snapshot
from hefu.connectors._file_rows import CHUNK, Bad, Sheet, Survey, identify
from hefu.connectors._file_settings import CompleteSettings, LimitSettings, SheetSettings
from hefu.connectors._file_survey import survey
from hefu.core.columns import assemble
from hefu.core.errors import Rejected, Unsupported
from hefu.core.records import Field, Record, Value

_new, _none = tuple.__new__, repeat(None)


class Part(NamedTuple):
    """What the settings say of one file or sheet: of an object's own, or of its lines."""

    settings: SheetSettings
    key: tuple[str, ...]
    complete: CompleteSettings
    escaping: bool
    zone: tzinfo
    limits: LimitSettings
    unique: bool = True


@dataclass(frozen=True)
class View:
    """A file version with layout, columns and survey. `book` is set for a workbook."""

    snapshot: Snapshot
    sheet: Sheet
    survey: Survey
    columns: tuple[Column, ...]
    part: Part
    book: Unpacked | None = None

    @property
    def escaped(self) -> bool:
        """Whether texts of this file may carry our apostrophe."""
        return self.part.escaping and self.book is None and self.survey.escaped

    @property
    def longest(self) -> int | None:
        """Most characters of a cell, where the kind of file has a limit."""
        return MAX_TEXT if self.book else None

    def fields(self, *, writable: bool) -> tuple[Field, ...]:
        """As the hub sees them."""
        return fields_of(self.columns, self.part.key, writable=writable, longest=self.longest)

    def identify(self, columns: Sequence[Sequence[str]]) -> Sequence[str]:
        """The ids of raw rows, given as columns."""
        parts = [columns[at] for at in self.sheet.key]
        if self.escaped:
            parts = [list(map(unescape, part)) for part in parts]
        if len(parts) == 1:
            return parts[0]
        return list(map(identify(range(len(parts))), zip(*parts, strict=True))) if parts else [""] * len(columns[0])

    def chunks(self, size: int = CHUNK, wanted: frozenset[str] | None = None) -> Iterator[Rows]:
        """The records, ids first, values decoded; rows that cannot be taken beside them.

        With `wanted` only the rows of those ids are decoded.
        """
        decode = decoder(self.columns, escaped=self.escaped)
        for chunk in self.sheet.chunks(self.survey, size):
            rows = Rows(self.identify(chunk.columns), list(chunk.columns), chunk.numbers, chunk.bad)
            if wanted is not None:
                rows = rows.picked([at for at, found in enumerate(rows.ids) if found in wanted])
            try:
                yield rows._replace(columns=decode(rows.columns))
            except ValueError:
                yield self._one_by_one(decode, rows)

    def _one_by_one(self, decode: Decode, rows: Rows) -> Rows:
        good: list[int] = []
        decoded: list[list[Value]] = []
        bad = list(rows.bad)
        for at, row in enumerate(zip(*rows.columns, strict=True)):
            try:
                decoded.append(decode_row(decode, row))
            except ValueError:
                number = rows.numbers[at]
                bad.append(Bad(number, row, blame(self.columns, row, number), rows.ids[at] or None))
                continue
            good.append(at)
        columns: list[Sequence[Value]] = [*zip(*decoded, strict=True)] if decoded else [()] * len(rows.columns)
        return rows.picked(good)._replace(columns=columns, bad=sorted(bad, key=lambda one: one.number))


class Rows(NamedTuple):
    """Some rows as columns, with their ids and numbers, and the bad rows between them."""

    ids: Sequence[str]
    columns: list[Sequence[Value]]
    numbers: Sequence[int]
    bad: list[Bad]

    def picked(self, places: Sequence[int]) -> Rows:
        """Those at these places; all that are bad."""
        columns: list[Sequence[Value]] = [[column[at] for at in places] for column in self.columns]
        return Rows([self.ids[at] for at in places], columns, [self.numbers[at] for at in places], self.bad)


class Stamps(NamedTuple):
    """Which columns tell when a record was changed, and by whom."""

    modified: str | None = None
    author: str | None = None


def records(rows: Rows, names: Sequence[str], stamps: Stamps) -> list[Record]:
    """Decoded rows as records."""
    held = assemble(len(rows.ids), [(n, column, False) for n, column in zip(names, rows.columns, strict=False)])
    if stamps == (None, None):
        return list(map(_new, repeat(Record), zip(rows.ids, held, _none, _none, _none, repeat(""), repeat(()))))
    return [stamped(record_id, values, stamps) for record_id, values in zip(rows.ids, held, strict=True)]


def stamped(record_id: str, values: dict[str, Any], stamps: Stamps) -> Record:
    """A record with the stamps that its own columns tell."""
    at = values.get(stamps.modified or "")
    who = values.get(stamps.author or "")
    return Record(record_id, values, None, at if isinstance(at, datetime) else None, str(who) if who else None)


def fields_of(
    columns: Sequence[Column], key: tuple[str, ...], *, writable: bool, longest: int | None
) -> tuple[Field, ...]:
    """Columns as the hub sees them."""
    alone = len(key) == 1
    return tuple(c.field(key=c.name in key, alone=alone, writable=writable, longest=longest) for c in columns)


# ------------------------------------------------------------------------- opening


def ask_of(part: Part) -> Ask:
    """What the settings say of a text file's layout."""
    s, done = part.settings, part.complete
    return Ask(
        key=part.key,
        encoding=s.encoding,
        delimiter=s.delimiter,
        quote=s.quote,
        header=s.header,
        names=tuple(s.columns),
        trailer=done.trailer,
        final_newline=done.final_newline,
    )


def open_view(snapshot: Snapshot, part: Part) -> View:
    """Go through the whole file. Raises Rejected for a file that is not sound, before anything of it is read."""
    book: Unpacked | None = None
    if is_book(snapshot.name):
        book = unpack(snapshot.path, part.settings.sheet, part.limits, snapshot.where)
        sheet, found, sample = survey(book.path, _ask_of_book(part, book), snapshot.where)
    else:
        stamp = None if snapshot.keeper else snapshot.stamp
        sheet, found, sample = survey(snapshot.path, ask_of(part), snapshot.where, stamp)
    _check_trailer(found, part.complete, snapshot.where)
    if not part.unique:
        found = replace(found, twice=frozenset())
    return View(snapshot, sheet, found, columns_of(sheet, sample, part, snapshot.where), part, book)


def _ask_of_book(part: Part, book: Unpacked) -> Ask:
    plain = part.settings.model_copy(update={"encoding": "utf-8", "delimiter": ",", "quote": '"'})
    return replace(ask_of(part._replace(settings=plain)), extra=1, odd=book.odd, final_newline=False)


def glance(snapshot: Snapshot, part: Part) -> tuple[Column, ...]:
    """The columns, from the beginning of the file only."""
    if is_book(snapshot.name):
        return open_view(snapshot, part).columns
    layout, sample = look(snapshot.path, ask_of(part), snapshot.where)
    sheet = Sheet(snapshot.path, layout, ask_of(part), snapshot.where)
    return columns_of(sheet, sample, part, snapshot.where)


def columns_of(sheet: Sheet, sample: Sequence[Row], part: Part, where: str) -> tuple[Column, ...]:
    """Every column, declared or inferred. Raises Unsupported when a declared one is not there."""
    names, declared = sheet.layout.names, part.settings.columns
    unknown = [name for name in declared if name not in names]
    if unknown:
        raise Unsupported("files.no_declared_column", file=where, column=", ".join(unknown), columns=", ".join(names))
    even = [row for row in map(sheet.even, sample) if len(row) == sheet.layout.width]
    if part.complete.trailer is not None:
        even = [row for row in even if not row[0].startswith(part.complete.trailer)]
    return tuple(
        column(name, declared.get(name), [row[at] for row in even], part.zone, key=name in part.key)
        for at, name in enumerate(names)
    )


def _check_trailer(found: Survey, complete: CompleteSettings, where: str) -> None:
    if complete.trailer is None or complete.trailer_count is None or found.trailer is None:
        return
    cells = found.trailer
    told = cells[complete.trailer_count - 1] if len(cells) >= complete.trailer_count else ""
    if not re.fullmatch(r"\s*\d+\s*", told) or int(told) != found.records:
        raise Rejected("files.wrong_count", file=where, told=told, records=found.records)


__all__ = ["Part", "Rows", "Stamps", "View", "fields_of", "glance", "open_view", "records", "stamped"]
