"""A new version of a table's file: untouched rows as they stand, edited ones changed, new ones at the end."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from hefu.connectors._file_book import MAX_ROWS, BookWriter
from hefu.connectors._file_edit import Editor
from hefu.connectors._file_encoding import Encoding
from hefu.connectors._file_layout import Row
from hefu.connectors._file_place import told
from hefu.connectors._file_rows import Taped
from hefu.connectors._file_view import View
from hefu.core.errors import Rejected, Unsupported

_DOUBTFUL = "files.row_broken"


def rewrite(view: View, editor: Editor, draft: Path, *, replace_workbook: bool) -> None:
    """Write the whole file anew into `draft`. Raises Transient for a full disk; the file itself is not touched."""
    if view.book is not None:
        if not replace_workbook:
            _must_lose_nothing(view)
        _rewrite_book(view, editor, draft)
    else:
        _rewrite_text(view, editor, draft)


def _edited(view: View, editor: Editor, taped: Iterator[Taped]) -> Iterator[tuple[Taped, Row | None]]:
    """Each record with its row after all writes (the same object when nothing changed), None when it was deleted."""
    identity, layout = view.sheet.identity, view.sheet.layout
    last = layout.start + view.survey.records
    for record in taped:
        row = record.cells
        if row is None or record.number > last or not any(row):
            yield record, row if row is not None else []
            continue
        record_id = view.sheet.known_key(view.sheet.even(row), view.survey) if identity else None
        if record_id is None:
            _doubt(view, editor, row)
        elif record_id in editor.waiting:
            reason = view.sheet.judge(view.sheet.even(row), record.number, view.survey)
            if reason is not None:
                editor.refuse(record_id, reason)
            else:
                yield record, editor.edit(record_id, view.sheet.even(row) if len(row) != layout.width else row)
                continue
        yield record, row


def _doubt(view: View, editor: Editor, row: Row) -> None:
    """A row of the wrong width that may be the one we are about to write or add."""
    for cell in row:
        if len(view.part.key) == 1 and cell in editor.waiting:
            editor.refuse(cell, Rejected(_DOUBTFUL, id=cell, file=view.snapshot.where))


# ---------------------------------------------------------------------------- text


def _rewrite_text(view: View, editor: Editor, draft: Path) -> None:
    encoding = view.sheet.layout.encoding
    with told(view.snapshot.where), draft.open("wb") as raw:
        raw.write(encoding.bom)
        out = io.TextIOWrapper(raw, encoding.codec, errors="strict", newline="")
        _copy(view, editor, out)
        out.flush()


def _copy(view: View, editor: Editor, out: TextIO) -> None:
    layout = view.sheet.layout
    writer = csv.writer(out, delimiter=layout.delimiter, quotechar=layout.quote, lineterminator=layout.newline)
    text = view.sheet.preamble()
    out.write(text)
    end = layout.start + view.survey.records
    rest_written = False
    for record, row in _edited(view, editor, view.sheet.taped()):
        if record.number > end and not rest_written:
            text = _add_rest(editor, writer, out, text, layout.newline)
            rest_written = True
        if record.number > end and view.survey.trailer is not None and record.cells == view.survey.trailer:
            writer.writerow(_trailer(view, editor))
        elif row is record.cells or record.cells is None:
            text = record.text
            out.write(text)
        elif row is not None:
            writer.writerow(row)
            text = layout.newline
    if not rest_written:
        _add_rest(editor, writer, out, text, layout.newline)


def _add_rest(editor: Editor, writer: object, out: TextIO, text: str, newline: str) -> str:
    rows = [row for _, row in editor.rest()]
    if rows and text and not text.endswith(("\n", "\r")):
        out.write(newline)
    writer.writerows(rows)  # type: ignore[attr-defined]
    return newline if rows else text


def _trailer(view: View, editor: Editor) -> Row:
    cells = list(view.survey.trailer or [])
    at = view.part.complete.trailer_count
    if at is not None:
        cells[at - 1] = str(view.survey.records + editor.added - editor.removed)
    return cells


# ------------------------------------------------------------------------ workbook


def _must_lose_nothing(view: View) -> None:
    book = view.book
    if book is None:
        return
    others = [name for name in book.sheets if name != book.sheet]
    lost = [*book.lost, *(f"sheet {name}" for name in others)]
    if not view.snapshot.name.lower().endswith(".xlsx"):
        raise Unsupported("files.only_xlsx", file=view.snapshot.where)
    if book.odd:
        lost.append("cells with errors")
    if lost:
        raise Unsupported("files.book_rich", file=view.snapshot.where, what=", ".join(lost))


def _rewrite_book(view: View, editor: Editor, draft: Path) -> None:
    if view.book is None:
        return
    layout = view.sheet.layout
    width = len(layout.names)
    with told(view.snapshot.where), BookWriter(draft, view.book.sheet) as writer:
        writer.lay_out((c.kind for c in view.columns), layout.start)
        for number, row in enumerate(_head(view), 1):
            writer.write(row[:width], row[-1] if row else "", bold=number == layout.start)
        for record, after in _edited(view, editor, view.sheet.taped()):
            if after is not None:
                cells = after or record.cells or []
                writer.write(cells[:width], cells[-1] if cells else "")
        for _, row in editor.rest():
            if writer.row >= MAX_ROWS:
                raise Rejected("files.sheet_full", file=view.snapshot.where, most=MAX_ROWS)
            writer.write(row[:width], row[-1])


def _head(view: View) -> list[Row]:
    rows = list(csv.reader(io.StringIO(view.sheet.preamble(), newline="")))
    return rows[: view.sheet.layout.start]


# -------------------------------------------------------------------------- new files


def blank(path: Path, names: tuple[str, ...], *, book: bool, encoding: Encoding, delimiter: str) -> None:
    """A file that holds the header only."""
    if book:
        with BookWriter(path, "Sheet1") as writer:
            writer.write(names, "s" * len(names), bold=True)
        return
    text = io.StringIO(newline="")
    csv.writer(text, delimiter=delimiter, lineterminator="\r\n").writerow(names)
    path.write_bytes(encoding.bom + text.getvalue().encode(encoding.codec))


__all__ = ["blank", "rewrite"]
