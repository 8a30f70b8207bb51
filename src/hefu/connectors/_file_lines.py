"""The lines of documents, from a second file or sheet, joined to their documents in bounded memory."""

from __future__ import annotations

import json
import sqlite3
from tempfile import NamedTemporaryFile

from hefu.connectors._file_columns import blame, decode_row, decoder
from hefu.connectors._file_rejects import Rejects
from hefu.connectors._file_rows import Bad
from hefu.connectors._file_view import Rows, View
from hefu.core.errors import Rejected

_SCHEMA = """
pragma journal_mode = off; pragma synchronous = off; pragma cache_size = -4000;
create table line (parent text, number integer, cells text);
create table bad (parent text primary key, number integer);
create table head (id text primary key);
"""


class Lines:
    """All lines of one file version by their parent, on disk. A document with a bad line is not taken."""

    def __init__(self, view: View, rejects: Rejects) -> None:
        self.view, self.rejects = view, rejects
        self._decode = decoder(view.columns, escaped=view.escaped)
        self._file = NamedTemporaryFile(prefix="hefu-lines-")  # noqa: SIM115 - lives as long as this object
        self._db = sqlite3.connect(self._file.name, isolation_level=None, check_same_thread=False)
        self._db.executescript(_SCHEMA)
        self._load()

    def _load(self) -> None:
        self._db.execute("begin")
        for chunk in self.view.sheet.chunks(self.view.survey):
            ids = self.view.identify(chunk.columns)
            rows = zip(ids, chunk.numbers, map(json.dumps, zip(*chunk.columns, strict=True)), strict=True)
            self._db.executemany("insert into line values (?, ?, ?)", rows)
            self.rejects.add(chunk.bad)
            for bad in chunk.bad:
                self._note(bad)
        self._db.execute("create index of_parent on line (parent, number)")

    def _note(self, bad: Bad) -> None:
        """Whose line could not be taken. One whose document is unknown makes every document doubtful."""
        if bad.key is None:
            raise Rejected("files.line_unknown", file=self.view.snapshot.where, row=bad.number)
        self._db.execute("insert or ignore into bad values (?, ?)", (bad.key, bad.number))

    def attach(self, rows: Rows) -> Rows:
        """The documents with their lines as a last cell; those with a line that cannot be taken among the bad."""
        self._db.executemany("insert or ignore into head values (?)", ((i,) for i in rows.ids))
        bad, kept, lists = list(rows.bad), list[int](), list[list[dict[str, object]]]()
        for at, record_id in enumerate(rows.ids):
            try:
                lists.append(self._lines(record_id))
            except Rejected as reason:
                bad.append(Bad(rows.numbers[at], [str(column[at]) for column in rows.columns], reason, record_id))
                continue
            kept.append(at)
        own = rows.picked(kept)
        columns = own.columns[: len(own.columns) - self.view.sheet.layout.extra]
        return Rows(own.ids, [*columns, lists], own.numbers, bad)

    def _lines(self, record_id: str) -> list[dict[str, object]]:
        names = self.view.sheet.layout.names
        if found := self._db.execute("select number from bad where parent = ?", (record_id,)).fetchone():
            raise Rejected("files.line_bad", row=found[0], file=self.view.snapshot.where)
        out: list[dict[str, object]] = []
        query = "select number, cells from line where parent = ? order by number"
        for number, cells in self._db.execute(query, (record_id,)).fetchall():
            row = json.loads(cells)
            try:
                out.append(dict(zip(names, decode_row(self._decode, row), strict=False)))
            except ValueError:
                self.rejects.add([Bad(number, row, blame(self.view.columns, row, number), record_id)])
                raise Rejected("files.line_bad", row=number, file=self.view.snapshot.where) from None
        return out

    def orphans(self) -> None:
        """Put the lines without a document among the rejects. Call when all documents went through `attach`."""
        query = "select number, parent, cells from line where parent not in (select id from head) order by number"
        for number, parent, cells in self._db.execute(query):
            self.rejects.add([Bad(number, json.loads(cells), Rejected("files.orphan", row=number, parent=parent))])

    def close(self) -> None:
        """Give the disk space back."""
        self._db.close()
        self._file.close()


__all__ = ["Lines"]
