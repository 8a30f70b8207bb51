"""Excel workbooks: refused when they are a trap, parsed in a child process, written with every value as it is.

A sheet becomes a CSV file in a folder of its own, so that all that follows reads one kind of file; the last cell of
each row tells what kind of cell each of its texts was.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hefu.connectors import _file_bookchild
from hefu.connectors._file_place import told
from hefu.connectors._file_settings import LimitSettings
from hefu.core.errors import HubError, Rejected, Transient, Unsupported
from hefu.core.records import FieldType

SUFFIXES = (".xlsx", ".xlsm", ".xls")
MAX_TEXT = 32_767
MAX_ROWS = 1_048_576
_OLE = b"\xd0\xcf\x11\xe0"
_MEGA = 1 << 20


@dataclass(frozen=True)
class Unpacked:
    """A sheet as CSV. `lost` names what a rewrite of the workbook would lose."""

    path: Path
    sheet: str
    sheets: tuple[str, ...]
    odd: dict[int, tuple[int, str]]
    lost: tuple[str, ...]
    keeper: TemporaryDirectory[str]


def is_book(name: str) -> bool:
    """Whether the file's name is that of a workbook."""
    return name.lower().endswith(SUFFIXES)


def unpack(path: Path, sheet: str | int | None, limits: LimitSettings, where: str) -> Unpacked:
    """Parse one sheet. Raises Rejected for a workbook that breaks a limit, is broken, or lacks the sheet."""
    with told(where):
        unpacked = check(path, limits, where)
        keeper = TemporaryDirectory(prefix="hefu-book-")
    memory = (limits.memory_megabytes or 256) * _MEGA + (0 if limits.memory_megabytes else 6 * unpacked)
    wanted = f"#{sheet}" if isinstance(sheet, int) else sheet or ""
    arguments = [path, wanted, keeper.name, memory, int(limits.seconds), limits.rows, limits.columns]
    facts = _run([str(a) for a in arguments], Path(keeper.name), limits.seconds, where)
    if "refused" in facts:
        raise _refusal(facts, where)
    return Unpacked(
        Path(keeper.name) / "rows.csv",
        facts["sheet"],
        tuple(facts["sheets"]),
        {int(row): (at, text) for row, (at, text) in facts["odd"].items()},
        tuple(facts["lost"]),
        keeper,
    )


def _refusal(facts: dict[str, Any], where: str) -> HubError:
    code = f"files.{facts.pop('refused')}"
    kind = Unsupported if code == "files.no_sheet" else Rejected
    return kind(code, file=where, **facts)


def _run(arguments: list[str], folder: Path, seconds: float, where: str) -> dict[str, Any]:
    # -I: neither our environment nor this folder may change what the child imports
    command = [sys.executable, "-I", _file_bookchild.__file__, *arguments]
    try:
        done = subprocess.run(command, capture_output=True, timeout=seconds, check=False, stdin=subprocess.DEVNULL)  # noqa: S603
    except subprocess.TimeoutExpired as error:
        raise Rejected("files.book_slow", file=where, seconds=seconds) from error
    with suppress(FileNotFoundError):
        return dict(json.loads((folder / "facts.json").read_text(encoding="utf-8")))
    told_by_child = done.stderr.decode("utf-8", "replace").strip()
    if b"No space left" in done.stderr:
        raise Transient("files.disk_full", file=str(folder))
    if b"MemoryError" in done.stderr or b"memory allocation" in done.stderr or done.returncode < 0:
        raise Rejected("files.book_memory", file=where)
    raise Rejected("files.book_broken", file=where, reason=told_by_child.rpartition("\n")[2][:200])


def check(path: Path, limits: LimitSettings, where: str) -> int:
    """Refuse a trap before anything is unpacked; return the unpacked size in bytes (of .xls: twice its own)."""
    size = path.stat().st_size
    if size > limits.megabytes * _MEGA:
        raise Rejected("files.book_big_file", file=where, megabytes=size // _MEGA, most=limits.megabytes)
    with path.open("rb") as file:
        start = file.read(4)
    if not start:
        raise Rejected("files.empty", file=where)
    if start == _OLE:
        if path.suffix.lower() != ".xls" and not where.lower().endswith(".xls"):
            raise Rejected("files.book_encrypted", file=where)
        return 2 * size
    try:
        with zipfile.ZipFile(path) as archive:
            return _check_members(archive.infolist(), size, limits, where)
    except (zipfile.BadZipFile, NotImplementedError, ValueError) as error:
        raise Rejected("files.book_broken", file=where, reason=str(error)[:200]) from error


def _check_members(members: Sequence[zipfile.ZipInfo], size: int, limits: LimitSettings, where: str) -> int:
    unpacked, packed = sum(m.file_size for m in members), sum(m.compress_size for m in members)
    broken = ""
    if len(members) > limits.members:
        broken = f"{len(members)} parts, at most {limits.members}"
    elif unpacked > limits.unpacked_megabytes * _MEGA:
        broken = f"{unpacked // _MEGA} MB unpacked, at most {limits.unpacked_megabytes}"
    elif unpacked > limits.ratio * max(size, 10_000):
        broken = f"packed {unpacked // max(size, 1)} times, at most {limits.ratio}"
    elif packed > size:
        broken = "parts that overlap"
    elif any(m.filename.startswith("/") or ".." in m.filename.split("/") for m in members):
        broken = "a part outside of it"
    elif any(m.filename.lower().endswith("vbaproject.bin") for m in members):
        broken = "macros"
    elif any(m.flag_bits & 1 for m in members):
        raise Rejected("files.book_encrypted", file=where)
    if broken:
        raise Rejected("files.book_limit", file=where, what=broken)
    return unpacked


# ------------------------------------------------------------------------- writing


class BookWriter:
    """One sheet written row by row with little memory. Text is never taken for a formula, number or address."""

    def __init__(self, path: Path, sheet: str) -> None:
        import xlsxwriter  # only here: most runs of the program write no workbook

        self._rest = TemporaryDirectory(prefix="book-", dir=path.parent)
        self._failed = xlsxwriter.exceptions.FileCreateError
        self._book = xlsxwriter.Workbook(
            str(path),
            {
                "constant_memory": True,
                "strings_to_formulas": False,
                "strings_to_urls": False,
                "strings_to_numbers": False,
                "tmpdir": self._rest.name,
            },
        )
        self._sheet = self._book.add_worksheet(sheet[:31])
        self._text = self._book.add_format({"num_format": "@"})
        self._bold = self._book.add_format({"bold": True, "num_format": "@"})
        self._date = self._book.add_format({"num_format": "yyyy-mm-dd"})
        self._instant = self._book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"})
        self.row = 0

    def lay_out(self, kinds: Iterable[FieldType], header: int) -> None:
        """Whole columns as text where codes stand, so that people who type 007 keep it; the header stays in view."""
        for at, kind in enumerate(kinds):
            textual = kind in (FieldType.TEXT, FieldType.CODE, FieldType.REFERENCE)
            self._sheet.set_column(at, at, 18, self._text if textual else None)
        if header:
            self._sheet.freeze_panes(header, 0)

    def write(self, texts: Sequence[str], kinds: str, *, bold: bool = False) -> None:
        """One row; a letter of `kinds` says what cell each text is."""
        for at, (text, kind) in enumerate(zip(texts, kinds, strict=False)):
            if text:
                self._cell(at, text, "s" if bold else kind, self._bold if bold else self._text)
        self.row += 1

    def _cell(self, at: int, text: str, kind: str, text_format: Any) -> None:
        if kind == "n" and _holds(text):
            self._sheet.write_number(self.row, at, float(text))
        elif kind == "b":
            self._sheet.write_boolean(self.row, at, text == "true")
        elif kind == "d" and _dated(text):
            self._sheet.write_datetime(self.row, at, date.fromisoformat(text), self._date)
        elif kind == "t" and _dated(text):
            moment = datetime.fromisoformat(text)
            self._sheet.write_datetime(self.row, at, moment, self._instant)
        else:
            self._sheet.write_string(self.row, at, text, text_format)

    def __enter__(self) -> BookWriter:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        """Finish the file, or give up and leave nothing behind. Raises OSError."""
        try:
            if error is None:
                self._book.close()
        except self._failed as failure:
            raise failure.args[0] from failure
        finally:
            self._forget()

    def _forget(self) -> None:
        """The library keeps the rows in a file of its own until the end, open even when that end never comes."""
        rows = getattr(self._sheet, "row_data_fh", None)
        if rows is not None:
            with suppress(OSError):
                rows.close()
        self._rest.cleanup()


def _holds(text: str) -> bool:
    """Whether a cell of a workbook, a binary number, gives back exactly this decimal."""
    return (
        bool(re.fullmatch(r"-?\d+(?:\.\d+)?", text))
        and len(text.lstrip("-").replace(".", "").strip("0")) <= 15
        and (Decimal(repr(float(text))) == Decimal(text))
    )


def _dated(text: str) -> bool:
    """Days that a workbook can count, and times that it keeps: to the millisecond, without a zone."""
    return (
        re.fullmatch(r"(?:19[1-9]\d|[2-9]\d{3})-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d(?:\.\d{3}(?:000)?)?)?)?", text)
        is not None
    )


KINDS = {
    FieldType.DECIMAL: "n",
    FieldType.MONEY: "n",
    FieldType.DATE: "d",
    FieldType.INSTANT: "t",
    FieldType.BOOLEAN: "b",
}
"""The letter of a cell that the hub writes; all other types are text."""


__all__ = ["KINDS", "MAX_ROWS", "MAX_TEXT", "BookWriter", "Unpacked", "check", "is_book", "unpack"]
