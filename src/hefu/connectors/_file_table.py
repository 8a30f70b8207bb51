"""A table: one keyed file that is read when it has changed, and written as a whole or not at all."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from hefu.connectors._file_book import is_book
from hefu.connectors._file_edit import Editor
from hefu.connectors._file_encoding import named
from hefu.connectors._file_lines import Lines
from hefu.connectors._file_object import FileObject, Surroundings
from hefu.connectors._file_place import Folder, Snapshot, Stamp
from hefu.connectors._file_rewrite import blank, rewrite
from hefu.connectors._file_rows import CHUNK, Bad, split_id
from hefu.connectors._file_settings import CompleteSettings, ObjectSettings
from hefu.connectors._file_view import Part, Rows, View, glance, open_view, records
from hefu.core.errors import HubError, Rejected, Stale, Transient, Unsupported
from hefu.core.records import Abilities, Columns, Field, FieldType, ObjectSchema, Page, Record, Values, Write, Written

BATCH = 10_000
_TRIES = 5


@dataclass(frozen=True)
class Cursor:
    """Which version of the files was read. `sure`: equal stamps mean equal contents."""

    stamps: tuple[Stamp, ...]
    digests: tuple[str, ...]
    sure: bool

    def text(self) -> str:
        """As kept by the hub."""
        return json.dumps([1, self.stamps, self.digests, self.sure])

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Raises Unsupported for a text that is none of ours."""
        try:
            version, stamps, digests, sure = json.loads(text)
            if version != 1:
                raise ValueError(text)
            return cls(tuple(Stamp(*s) for s in stamps), tuple(digests), bool(sure))
        except (ValueError, TypeError) as error:
            raise Unsupported("files.bad_cursor", cursor=text[:80]) from error


class Table(FileObject):
    """One object in mode `table`."""

    def __init__(self, name: str, settings: ObjectSettings, around: Surroundings) -> None:
        super().__init__(name, settings, around)
        self._held: dict[str, tuple[Stamp, View]] = {}
        self._lock = threading.Lock()

    # -------------------------------------------------------------------- files

    @property
    def files(self) -> tuple[str, ...]:
        """The file, and that of the lines where they have one of their own."""
        lines = self.settings.lines
        return (self.settings.file, lines.file) if lines and lines.file else (self.settings.file,)

    @property
    def writable(self) -> bool:
        """Lines in another sheet of the same workbook would be lost in a rewrite."""
        alone = self.settings.lines is None or self.settings.lines.file is not None
        return self.settings.writable and alone and not self.settings.file.lower().endswith((".xls", ".xlsm"))

    def _stamp(self, file: str) -> Stamp:
        found = self.place.stat(file)
        if found is None:
            raise Transient("files.absent", file=self.place.show(file))
        wait = self.settings.complete.stable_seconds
        if wait and not self.around.settled(found, wait):
            raise Transient("files.unsettled", after=wait, file=self.place.show(file), seconds=wait)
        return found

    def _view(self, file: str, part: Part) -> View:
        """The file as it is now; a version already gone through is not gone through again."""
        stamp = self._stamp(file)
        with self._lock:
            held = self._held.get(f"{file}/{part.settings.sheet}")
        if held is not None and held[0] == stamp and not self.around.racy(stamp):
            return held[1]
        view = open_view(self.place.snapshot(file), part)
        with self._lock:
            self._held[f"{file}/{part.settings.sheet}"] = (view.snapshot.stamp, view)
        return view

    def _main(self) -> View | None:
        """None for a file that is not there and may be made."""
        if self.settings.create and self.place.stat(self.settings.file) is None:
            return None
        return self._view(self.settings.file, self.part)

    def _line_part(self) -> Part | None:
        lines = self.settings.lines
        if lines is None:
            return None
        return self.part._replace(settings=lines, key=lines.parent, complete=CompleteSettings(), unique=False)

    def _line_view(self) -> View | None:
        part, lines = self._line_part(), self.settings.lines
        return self._view(lines.file or self.settings.file, part) if part and lines else None

    # ----------------------------------------------------------------- describing

    def check(self) -> None:
        """The files are there, or may be made."""
        for file in self.files:
            if self.place.stat(file) is None and not (self.settings.create and file == self.settings.file):
                raise Transient("files.absent", file=self.place.show(file))

    def schema(self) -> ObjectSchema:
        """From the beginning of the file."""
        fields = list(self._fields())
        lines = self.settings.lines
        part = self._line_part()
        if lines and part:
            columns = glance(self.place.snapshot(lines.file or self.settings.file), part)
            inner = tuple(c.field(key=False, alone=False, writable=False, longest=None) for c in columns)
            inner = tuple(replace(f, unique=f.name == lines.key) for f in inner)
            fields.append(Field(lines.field, FieldType.LINES, writable=False, lines=inner))
        names = {f.name for f in fields}
        for wanted in (self.stamps.modified, self.stamps.author):
            if wanted is not None and wanted not in names:
                raise Unsupported("files.no_column", column=wanted, file=self.settings.file, columns=", ".join(names))
        return ObjectSchema(self.name, tuple(fields), self.settings.label, self.settings.key, self._abilities())

    def _fields(self) -> tuple[Field, ...]:
        if self.settings.create and self.place.stat(self.settings.file) is None:
            with TemporaryDirectory(prefix="hefu-new-") as folder:
                return self._blank(Path(folder)).fields(writable=self.writable)
        snapshot = self.place.snapshot(self.settings.file)
        longest = 32_767 if is_book(self.settings.file) else None
        alone = len(self.settings.key) == 1
        columns = glance(snapshot, self.part)
        return tuple(
            c.field(key=c.name in self.settings.key, alone=alone, writable=self.writable, longest=longest)
            for c in columns
        )

    def _abilities(self) -> Abilities:
        if not self.writable:
            return Abilities(changes="cursor", page=CHUNK)
        return Abilities(
            create="upsert",
            update=True,
            delete=True,
            changes="cursor",
            conditional="values",
            batch=BATCH,
            page=CHUNK,
            returns=True,
        )

    # -------------------------------------------------------------------- reading

    def read(self, since: str | None) -> Iterator[Page]:
        """Everything when a file has changed since, else nothing for the price of one look at each file."""
        before = Cursor.parse(since) if since is not None else None
        if before and before.sure and before.stamps == tuple(self.place.stat(f) for f in self.files):
            yield Page([], since)
            return
        view = self._main()
        if view is None:
            yield Page([])
            return
        lines = self._line_view()
        cursor = self._cursor(view, lines)
        if before and before.digests == cursor.digests:
            yield Page([], cursor.text())
            return
        yield from self._pages(view, lines, cursor.text())

    def _cursor(self, view: View, lines: View | None) -> Cursor:
        views = [v for v in (view, lines) if v is not None]
        stamps = tuple({v.snapshot.name: v.snapshot.stamp for v in views}.values())
        sure = not any(map(self.around.racy, stamps))
        return Cursor(stamps, tuple(v.survey.digest for v in views), sure)

    def read_columns(self) -> Iterator[Columns]:
        """Everything, field by field."""
        view = self._main()
        if view is not None:
            names = self._names(view)
            for rows in self._chunks(view, self._line_view()):
                yield Columns(rows.ids, dict(zip(names, rows.columns, strict=False)))

    def _pages(self, view: View, lines: View | None, cursor: str) -> Iterator[Page]:
        waiting: list[Record] = []
        names, first = self._names(view), True
        for rows in self._chunks(view, lines):
            if not first:
                yield Page(waiting)
            waiting, first = records(rows, names, self.stamps), False
        yield Page(waiting, cursor)

    def _chunks(self, view: View, lines: View | None) -> Iterator[Rows]:
        """The rows with their lines; those that cannot be taken go into the rejects file, complete at the end."""
        with ExitStack() as stack:
            rejects = stack.enter_context(self.around.rejects_of(self.settings.file, view.sheet.layout.names))
            joined = self._joined(lines, stack) if lines else None
            for rows in view.chunks():
                whole = joined.attach(rows) if joined else rows
                rejects.add(whole.bad)
                yield whole
            if joined:
                joined.orphans()
                joined.rejects.publish()
                self.note(joined.rejects)
            rejects.publish()
            self.note(rejects)

    def _joined(self, lines: View, stack: ExitStack) -> Lines:
        file = self.settings.lines.file if self.settings.lines else None
        rejects = self.around.rejects_of(file or f"{self.settings.file}-lines.", lines.sheet.layout.names)
        joined = Lines(lines, stack.enter_context(rejects))
        stack.callback(joined.close)
        return joined

    def _names(self, view: View) -> tuple[str, ...]:
        lines = self.settings.lines
        return (*view.sheet.layout.names, lines.field) if lines else view.sheet.layout.names

    def find(self, ids: Sequence[str], *, certain: bool) -> list[Record]:
        """The records of these ids. With `certain`, raises Rejected where a missing one may be in a row not taken."""
        view = self._main() if ids else None
        if view is None:
            return []
        wanted = frozenset(i for i in ids if view.survey.may_hold(i))
        if not wanted:
            return []
        found: list[Record] = []
        doubts: list[Bad] = []
        with ExitStack() as stack:
            lines = self._line_view()
            joined = self._joined(lines, stack) if lines else None
            for rows in view.chunks(wanted=wanted):
                whole = joined.attach(rows) if joined else rows
                found += records(whole, self._names(view), self.stamps)
                doubts += whole.bad
        missing = wanted - {r.id for r in found}
        for bad in doubts if certain and missing else ():
            hidden = next((i for i in missing if self._may_be(bad, i, view)), None)
            if hidden is not None:
                raise Rejected("files.maybe_there", file=view.snapshot.where, id=hidden, row=bad.number)
        return found

    def _may_be(self, bad: Bad, record_id: str, view: View) -> bool:
        """Whether a row that cannot be taken is this record: by its key, else by cells that look like it."""
        if bad.key is not None:
            return bad.key == record_id
        layout, cells = view.sheet.layout, list(bad.cells)
        if len(cells) == 1:  # the row could not be parsed
            cells = cells[0].split(layout.delimiter)
        shown = {cell.strip().strip(layout.quote) for cell in cells}
        return all(part in shown for part in split_id(record_id, len(self.settings.key)))

    def search(self, by: Values) -> list[Record]:
        """Records whose fields equal all of `by`; by the key alone, only the rows of that key are looked at."""
        if set(by) == set(self.settings.key) and all(isinstance(v, str) for v in by.values()):
            parts = [str(by[k]) for k in self.settings.key]
            escaped = [p.replace("\\", "\\\\").replace("|", "\\|") for p in parts]
            return self.find([parts[0] if len(parts) == 1 else "|".join(escaped)], certain=False)
        return [
            r
            for page in self.read(None)
            for r in page.records
            if all(r.values.get(k, None) == v for k, v in by.items())
        ]

    # -------------------------------------------------------------------- writing

    def write(self, writes: Sequence[Write]) -> Sequence[Written | HubError]:
        """All writes in one new version of the file; one that came from elsewhere meanwhile is read first."""
        if not self.writable:
            raise Unsupported("connector.read_only", connection=self.around.site.connection, object=self.name)
        if len(writes) > BATCH:
            raise Unsupported("files.batch", most=BATCH, got=len(writes))
        with self.place.lock(self.settings.file):
            for _ in range(_TRIES):
                try:
                    return self._write(writes)
                except (Stale, Transient) as error:
                    if error.code not in ("files.changed", "files.moving"):
                        raise
        raise Transient("files.busy", file=self.place.show(self.settings.file))

    def _write(self, writes: Sequence[Write]) -> Sequence[Written | HubError]:
        with ExitStack() as stack:
            view, seen = self._main(), None
            if view is None:
                folder = stack.enter_context(TemporaryDirectory(prefix="hefu-new-"))
                view = self._blank(Path(folder))
            else:
                seen = view.snapshot.stamp
            editor = Editor(view, writes, self.stamps, self.around.site.now())
            draft = stack.enter_context(self.place.draft(self.settings.file))
            rewrite(view, editor, draft, replace_workbook=self.settings.replace_workbook)
            if editor.changed or editor.added or editor.removed:
                self.place.replace(self.settings.file, draft, seen, self.settings.keep)
            return [a for a in editor.answers if a is not None]

    def _blank(self, folder: Path) -> View:
        """A file with a header only, laid out as the settings say."""
        names = tuple(dict.fromkeys((*self.settings.key, *self.settings.columns)))
        if len(names) == len(self.settings.key):
            raise Unsupported("files.declare_columns", file=self.place.show(self.settings.file))
        file = self.settings.file.rpartition("/")[2]
        encoding = named(self.settings.encoding or "utf-8-bom")
        blank(folder / file, names, book=is_book(file), encoding=encoding, delimiter=self.settings.delimiter or ",")
        place = Folder(folder)
        snapshot = place.snapshot(file)
        return open_view(Snapshot(snapshot.path, snapshot.stamp, file, place), self.part)


__all__ = ["BATCH", "Cursor", "Table"]
