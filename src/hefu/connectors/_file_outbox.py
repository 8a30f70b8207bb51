"""An outbox: every batch of writes becomes a new file, for a program that takes files in and is never asked back."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from hefu.connectors._file_book import KINDS, BookWriter, is_book
from hefu.connectors._file_columns import Column, cell_text, column
from hefu.connectors._file_encoding import Encoding, named
from hefu.connectors._file_object import FileObject, Surroundings
from hefu.connectors._file_place import hidden, told
from hefu.connectors._file_rows import identify, split_id
from hefu.connectors._file_settings import ObjectSettings, OperationSettings
from hefu.connectors._file_view import fields_of
from hefu.core.errors import HubError, Rejected, Stale, Transient, Unsupported
from hefu.core.records import Abilities, ObjectSchema, Page, Record, Values, Write, Written

BATCH = 10_000
_TRIES = 100
_CURSOR = '["outbox"]'


class Outbox(FileObject):
    """One object in mode `outbox`."""

    def __init__(self, name: str, settings: ObjectSettings, around: Surroundings) -> None:
        super().__init__(name, settings, around)
        self.operation = settings.operation or OperationSettings()
        names = dict.fromkeys((*settings.key, *settings.columns))
        self.columns = {n: column(n, settings.columns.get(n), [], around.zone, key=n in settings.key) for n in names}
        self.book = is_book(settings.file)

    @property
    def writable(self) -> bool:
        """Nothing else makes sense."""
        return True

    @property
    def _encoding(self) -> Encoding:
        return named("utf-8" if self.book else self.settings.encoding or "utf-8-bom")

    @property
    def _longest(self) -> int | None:
        return 32_767 if self.book else None

    def check(self) -> None:
        """The folder of the files is checked with the connection."""

    def schema(self) -> ObjectSchema:
        """As the settings declare it."""
        columns: list[Column] = list(self.columns.values())
        fields = fields_of(columns, self.settings.key, writable=True, longest=self._longest)
        able = Abilities(
            create="upsert",
            update=True,
            delete=True,
            changes="cursor+deletes",
            complete=False,
            batch=BATCH,
            returns=True,
        )
        return ObjectSchema(self.name, fields, self.settings.label, self.settings.key, able)

    def read(self, since: str | None) -> Iterator[Page]:
        """Nothing: files that were sent belong to their reader."""
        if since not in (None, _CURSOR):
            raise Unsupported("files.bad_cursor", cursor=str(since)[:80])
        yield Page([], _CURSOR)

    def find(self, ids: Sequence[str], *, certain: bool) -> list[Record]:
        """Cannot be told."""
        if certain and ids:
            raise Rejected("files.outbox_cannot_tell", file=self.place.show(self.settings.file), id=ids[0])
        return []

    def search(self, by: Values) -> list[Record]:
        """Nothing can be found in what was sent."""
        return []

    # -------------------------------------------------------------------- writing

    def write(self, writes: Sequence[Write]) -> Sequence[Written | HubError]:
        """One file for all of them, one outcome for each."""
        if len(writes) > BATCH:
            raise Unsupported("files.batch", most=BATCH, got=len(writes))
        answers: list[Written | HubError] = []
        rows: list[list[str]] = []
        for write in writes:
            try:
                row, answer = self._row(write)
            except HubError as error:
                answers.append(error)
            else:
                rows.append(row)
                answers.append(answer)
        if rows:
            self._send(rows)
        return answers

    def _row(self, write: Write) -> tuple[list[str], Written]:
        values = dict(write.values or {})
        for name in values:
            if name not in self.columns:
                known = ", ".join(self.columns)
                raise Unsupported("files.no_column", column=name, file=self.settings.file, columns=known)
        if write.id is None:
            absent = next((k for k in self.settings.key if values.get(k) in (None, "")), None)
            if absent is not None:
                raise Rejected("files.key_missing", field=absent, column=absent, file=self.settings.file)
        changed = [n for n in values if n not in self.settings.key]
        key = {k: values.get(k, part) for k, part in zip(self.settings.key, self._parts(write.id), strict=True)}
        whole = {**values, **key}
        cells = [self._text(c, whole.get(n)) for n, c in self.columns.items()]
        plain = [self._text(self.columns[k], key[k], escaping=False) for k in self.settings.key]
        record_id = write.id or identify(range(len(plain)))(plain)
        return [self._word(write), "|".join(changed), *cells], Written(record_id, whole if write.values else None)

    def _parts(self, record_id: str | None) -> list[str]:
        """The key's cells of an id."""
        if record_id is None:
            return [""] * len(self.settings.key)
        parts = split_id(record_id, len(self.settings.key))
        if len(parts) != len(self.settings.key):
            raise Rejected("files.row_broken", id=record_id, file=self.settings.file)
        return parts

    def _text(self, one: Column, value: Any, *, escaping: bool | None = None) -> str:
        escapes = self.settings.escape_formulas and not self.book if escaping is None else escaping
        blank_part = value is None and one.settings.required
        if blank_part:
            return ""
        return cell_text(one, value, self._encoding, escaping=escapes, longest=self._longest)

    def _word(self, write: Write) -> str:
        if write.values is None:
            return self.operation.delete
        return self.operation.create if write.id is None else self.operation.update

    def _send(self, rows: list[list[str]]) -> None:
        """Under a name that no file had; marks and checksums appear when the file is there."""
        with self.place.lock(f"{self.name}.outbox"):
            for _ in range(_TRIES):
                name = self._name()
                with self.place.draft(name) as draft:
                    with told(self.place.show(name)):
                        self._fill(draft, rows)
                        digest = self._digest(draft)
                    try:
                        self.place.replace(name, draft, None)
                    except Stale:
                        continue
                self._accompany(name, digest)
                return
        raise Transient("files.busy", file=self.place.show(self.settings.file))

    def _name(self) -> str:
        """The next name. Numbers go on behind the last one ever used, though its file may long be fetched."""
        counter = hidden(self.name, ".outbox.txt")
        number = int(self.place.read_text(counter) or 0) + 1
        self.place.write_text(counter, str(number))
        at = self.around.site.now().astimezone(self.around.zone).strftime("%Y%m%d-%H%M%S")
        name = self.settings.file.replace("{object}", self.name).replace("{number}", f"{number:06d}")
        name = name.replace("{time}", at)
        if "{number}" not in self.settings.file and self.place.stat(name) is not None:
            stem, dot, suffix = name.rpartition(".")
            name = f"{stem}-{number:06d}{dot}{suffix}"
        return name

    def _fill(self, draft: Path, rows: list[list[str]]) -> None:
        header = [self.operation.column, self.operation.changed, *self.columns]
        if self.book:
            kinds = "ss" + "".join(KINDS.get(c.kind, "s") for c in self.columns.values())
            with BookWriter(draft, self.name) as writer:
                writer.write(header, "s" * len(header), bold=True)
                for row in [*rows, *self._trailer(len(rows))]:
                    writer.write(row, kinds)
            return
        text = io.StringIO(newline="")
        out = csv.writer(text, delimiter=self.settings.delimiter or ",", lineterminator="\r\n")
        out.writerows([header, *rows, *self._trailer(len(rows))])
        draft.write_bytes(self._encoding.bom + text.getvalue().encode(self._encoding.codec))

    def _trailer(self, count: int) -> list[list[str]]:
        done = self.settings.complete
        if done.trailer is None:
            return []
        cells = [done.trailer, *[""] * (len(self.columns) + 1)]
        if done.trailer_count:
            cells[done.trailer_count - 1] = str(count)
        return [cells]

    def _digest(self, draft: Path) -> str:
        wanted = self.settings.complete.checksum
        if wanted is None:
            return ""
        with draft.open("rb") as file:
            return hashlib.file_digest(file, wanted).hexdigest()

    def _accompany(self, name: str, digest: str) -> None:
        done = self.settings.complete
        if done.checksum:
            self.place.write_text(f"{name}.{done.checksum}", f"{digest}  {name.rpartition('/')[2]}\n")
        if done.marker:
            self.place.write_text(f"{name}.{done.marker.lstrip('.')}", "")


__all__ = ["Outbox"]
