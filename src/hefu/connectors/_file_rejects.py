"""Rows that could not be taken, written where a person finds them: their cells, row number and reason."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from hefu.connectors._file_formula import escape
from hefu.connectors._file_place import Place, told
from hefu.connectors._file_rows import Bad
from hefu.core.errors import HubError
from hefu.core.words import tell

MOST_TOLD = 100
"""Rows that are told one by one; the file holds all."""

EXTRA = ("_row", "_reason", "_reason_zh", "_more")
"""Columns added: row number, reason in both languages, and what stood behind the last column."""


class Rejects:
    """The rejects file of one reading. It appears as a whole when the reading is through, or not at all.

    UTF-8 with a byte order mark, so that Excel shows Chinese, and no cell that Excel would run.
    """

    def __init__(self, place: Place, name: str, columns: Sequence[str]) -> None:
        self.place, self.name, self.columns, self.count = place, name, tuple(columns), 0
        self.told: list[tuple[str, HubError]] = []
        self._stack = ExitStack()
        self._file: IO[str] | None = None
        self._writer: Any = None
        self._draft: Path | None = None

    @property
    def where(self) -> str:
        """Address of the file."""
        return self.place.show(self.name)

    def add(self, bad: Sequence[Bad]) -> None:
        """Note these rows."""
        if bad and self._file is None:
            self._draft = self._stack.enter_context(self.place.draft(self.name))
            with told(self.where):
                self._file = self._draft.open("w", encoding="utf-8-sig", newline="", errors="backslashreplace")
            self._writer = csv.writer(self._file)
            self._writer.writerow([*self.columns, *EXTRA])
        with told(self.where):
            for row in bad:
                self._writer.writerow(self._row(row))
        self.count += len(bad)
        self.told += [(f"{self.name}, row {one.number}", one.reason) for one in bad[: MOST_TOLD - len(self.told)]]

    def _row(self, bad: Bad) -> list[str]:
        width = len(self.columns)
        cells = [*bad.cells[:width], *[""] * (width - len(bad.cells))]
        reasons = (" ".join(tell(bad.reason, "en")), "".join(tell(bad.reason, "zh")))
        return [*map(escape, cells), str(bad.number), *reasons, escape(" | ".join(bad.cells[width:]))]

    def publish(self) -> None:
        """Put the file in place; without any bad row take an older one away."""
        if self._file is not None and self._draft is not None:
            with told(self.where):
                self._file.close()
            self.place.replace(self.name, self._draft, self.place.stat(self.name))
        elif self.place.stat(self.name) is not None:
            self.place.remove(self.name)
        self.close()

    def close(self) -> None:
        """Forget what was not published."""
        if self._file is not None:
            with suppress(OSError):
                self._file.close()
        self._stack.close()

    def __enter__(self) -> Rejects:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


__all__ = ["EXTRA", "Rejects"]
