"""Writes against the rows of one file: what each write makes of its row, and the answer to it.

Cells that a write does not change keep their text, so a date or a number stays as its owner wrote it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from hefu.connectors._file_book import KINDS
from hefu.connectors._file_columns import Column, cell_text, decode_row, decoder
from hefu.connectors._file_layout import Row
from hefu.connectors._file_rows import identify
from hefu.connectors._file_view import Stamps, View, stamped
from hefu.core.errors import HubError, Missing, Rejected, Stale, Unsupported
from hefu.core.records import FieldType, Values, Write, Written


class Editor:
    """The writes of one call, by record. `answers` has one outcome per write when all rows went through."""

    def __init__(self, view: View, writes: Sequence[Write], stamps: Stamps, now: datetime) -> None:
        self.view, self.writes, self.stamps, self.now = view, writes, stamps, now
        self.columns = {c.name: (at, c) for at, c in enumerate(view.columns)}
        self.key = view.part.key
        self.answers: list[Written | HubError | None] = [None] * len(writes)
        self.waiting: dict[str, list[int]] = {}
        self.changed = self.added = self.removed = 0
        self._decode = decoder(view.columns, escaped=view.part.escaping and view.book is None)
        for number, write in enumerate(writes):
            self._sort_in(number, write)

    def _sort_in(self, number: int, write: Write) -> None:
        try:
            record_id = self._id_of(write)
        except HubError as error:
            self.answers[number] = error
        else:
            self.waiting.setdefault(record_id, []).append(number)

    def _id_of(self, write: Write) -> str:
        if write.id is not None:
            return write.id
        values = write.values or {}
        for name in self.key:
            if values.get(name) in (None, ""):
                raise Rejected("files.key_missing", field=name, column=name, file=self.view.snapshot.where)
        cells = [self._plain(name, values[name]) for name in self.key]
        return identify(range(len(cells)))(cells)

    def _plain(self, name: str, value: Any) -> str:
        column = self._column(name)[1]
        return cell_text(column, value, self._encoding, escaping=False, longest=self.view.longest)

    @property
    def _encoding(self) -> Any:
        return self.view.sheet.layout.encoding

    def _column(self, name: str) -> tuple[int, Column]:
        found = self.columns.get(name)
        if found is None:
            known = ", ".join(self.columns)
            raise Unsupported("files.no_column", column=name, file=self.view.snapshot.where, columns=known)
        return found

    def refuse(self, record_id: str, error: HubError) -> None:
        """Answer all writes to a record whose row cannot be taken."""
        for number in self.waiting.pop(record_id, ()):
            self.answers[number] = error

    def edit(self, record_id: str, row: Row) -> Row | None:
        """The row after its writes; None when it was deleted, `row` itself when nothing changed."""
        now: Row | None = row
        for number in self.waiting.pop(record_id):
            now = self._answer(number, record_id, now)
        self.removed += now is None
        self.changed += now is not row
        return now

    def rest(self) -> list[tuple[str, Row]]:
        """Rows to add for the records that the file did not have."""
        out = []
        for record_id in list(self.waiting):
            row: Row | None = None
            for number in self.waiting.pop(record_id):
                row = self._answer(number, record_id, row)
            if row is not None:
                out.append((record_id, row))
        self.added += len(out)
        return out

    def _answer(self, number: int, record_id: str, row: Row | None) -> Row | None:
        write = self.writes[number]
        try:
            after = self._apply(write, record_id, row)
        except HubError as error:
            self.answers[number] = error
            return row
        self.answers[number] = self._written(record_id, after)
        return after

    def _written(self, record_id: str, row: Row | None) -> Written:
        if row is None:
            return Written(record_id)
        record = stamped(record_id, self.values(row), self.stamps)
        return Written(record_id, record.values, None, record.modified_at)

    def values(self, row: Row) -> dict[str, Any]:
        """A raw row as values."""
        return dict(zip(self.columns, decode_row(self._decode, row), strict=False))

    def _apply(self, write: Write, record_id: str, row: Row | None) -> Row | None:
        if row is None:
            return self._fresh(write, record_id)
        before = self._readable(row, record_id)
        if write.expect is not None:
            self._must_hold(write.expect, before, record_id)
        if write.values is None:
            return None
        return self._patched(row, before, write.values)

    def _fresh(self, write: Write, record_id: str) -> Row:
        if write.id is not None or write.values is None:
            raise Missing("files.gone", id=record_id, file=self.view.snapshot.where)
        for name in self.view.part.settings.columns:
            if self.view.part.settings.columns[name].required and write.values.get(name) in (None, ""):
                raise Rejected("files.blank", field=name, column=name)
        layout = self.view.sheet.layout
        row = [""] * layout.width
        if layout.extra:
            row[-1] = "e" * len(layout.names)
        return self._patched(row, {}, write.values)

    def _readable(self, row: Row, record_id: str) -> dict[str, Any]:
        try:
            return self.values(row)
        except ValueError as error:
            raise Rejected("files.row_broken", id=record_id, file=self.view.snapshot.where) from error

    def _must_hold(self, expected: Values, before: dict[str, Any], record_id: str) -> None:
        for name, value in expected.items():
            found = before.get(name)
            if found != value and not (found in (None, "") and value in (None, "")):
                raise Stale("files.row_changed", id=record_id, column=name, file=self.view.snapshot.where)

    def _patched(self, row: Row, before: dict[str, Any], values: Values) -> Row:
        after = list(row)
        for name, value in values.items():
            at, column = self._column(name)
            if before and name in self.key and before[name] != value:
                raise Rejected("files.key_change", field=name, column=name)
            if not column.settings.writable and before.get(name) != value:
                raise Rejected("files.not_writable", field=name, column=name)
            if before and before[name] == value and value is not None:
                continue
            self._put(after, at, column, value)
        if after != row and self.stamps.modified and self.stamps.modified not in values:
            self._put(after, *self._column(self.stamps.modified), self._stamp_value())
        return after

    def _stamp_value(self) -> Any:
        kind = self._column(self.stamps.modified or "")[1].kind
        return self.now if kind is FieldType.INSTANT else self.now.date() if kind is FieldType.DATE else str(self.now)

    def _put(self, row: Row, at: int, column: Column, value: Any) -> None:
        escaping = self.view.part.escaping and self.view.book is None
        row[at] = cell_text(column, value, self._encoding, escaping=escaping, longest=self.view.longest)
        if self.view.sheet.layout.extra:
            letter = KINDS.get(column.kind, "s") if row[at] else "e"
            row[-1] = row[-1][:at] + letter + row[-1][at + 1 :]


__all__ = ["Editor"]
