"""An inbox: a folder where files arrive, each a set of changes, taken once and in order.

A ledger beside the folder knows which files were handed to the hub and which it has surely kept: a file is through
when a read begins with a cursor behind it, since the hub keeps a cursor together with what came before it.
"""

from __future__ import annotations

import hashlib
import json
import re
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from tempfile import NamedTemporaryFile
from typing import Any, NamedTuple

from hefu.connectors._file_columns import Column, column
from hefu.connectors._file_object import FileObject
from hefu.connectors._file_place import Snapshot, Stamp, hidden, told
from hefu.connectors._file_rows import CHUNK, Bad
from hefu.connectors._file_view import Rows, View, fields_of, glance, open_view, records
from hefu.core.errors import HubError, Rejected, Unsupported
from hefu.core.records import Abilities, ObjectSchema, Page, Record, Values

_REMEMBERED = 20_000
"""Files that the ledger knows at most; the oldest that are gone from the folder are forgotten first."""


@dataclass(frozen=True)
class Entry:
    """One file as the ledger knows it. `through`: the hub has surely kept what was in it."""

    number: int
    file: str
    stamp: Stamp
    digest: str
    through: bool = False

    def text(self) -> str:
        """One line of the ledger."""
        return json.dumps([self.number, self.file, self.stamp, self.digest, self.through], ensure_ascii=False)

    @classmethod
    def parse(cls, line: str) -> Entry:
        """From a line of the ledger."""
        number, file, stamp, digest, through = json.loads(line)
        return cls(number, file, Stamp(*stamp), digest, through)


class Parcel(NamedTuple):
    """A file that is ready to be taken."""

    entry: Entry
    view: View


class Inbox(FileObject):
    """One object in mode `inbox`."""

    @property
    def writable(self) -> bool:
        """Never; but its ledger is kept in the folder."""
        return False

    @property
    def _ledger(self) -> str:
        return hidden(self.name, ".inbox.jsonl")

    def check(self) -> None:
        """The folder can be listed."""
        self._arrived()

    # ---------------------------------------------------------------- describing

    def schema(self) -> ObjectSchema:
        """From the newest file, else from the declared columns."""
        operation = self.settings.operation
        columns = [c for c in self._columns() if operation is None or c.name != operation.column]
        fields = fields_of(columns, self.settings.key, writable=False, longest=None)
        able = Abilities(changes="cursor+deletes", complete=False, page=CHUNK)
        return ObjectSchema(self.name, fields, self.settings.label, self.settings.key, able)

    def _columns(self) -> Sequence[Column]:
        arrived = self._arrived()
        if arrived:
            return glance(self.place.snapshot(arrived[-1]), self.part)
        latest = [e for e in self._load() if self._where_is(e) is not None]
        if latest:
            return glance(self.place.snapshot(self._where_is(latest[-1]) or ""), self.part)
        declared = self.settings.columns
        names = dict.fromkeys((*self.settings.key, *declared))
        if not declared:
            raise Unsupported("files.inbox_unknown_columns", file=self.place.show(self.settings.file))
        return [column(n, declared.get(n), [], self.around.zone, key=n in self.settings.key) for n in names]

    # ------------------------------------------------------------------- ledger

    def _load(self) -> list[Entry]:
        text = self.place.read_text(self._ledger)
        try:
            return [Entry.parse(line) for line in text.splitlines()]
        except (ValueError, TypeError) as error:
            raise Unsupported("files.ledger_broken", file=self.place.show(self._ledger)) from error

    def _save(self, entries: list[Entry]) -> None:
        there = set(self.place.glob(self.settings.file)) if len(entries) > _REMEMBERED else set()
        surplus = max(0, len(entries) - _REMEMBERED) if there else 0
        kept = [e for n, e in enumerate(entries) if n >= surplus or e.file in there or not e.through]
        self.place.write_text(self._ledger, "".join(e.text() + "\n" for e in kept))

    def _confirm(self, reached: int) -> None:
        """All files up to that number are through: note it, then move them if they shall go."""
        with self.place.lock(f"{self.name}.inbox"):
            entries = self._load()
            news = [e for e in entries if e.number <= reached and not e.through]
            if news:
                done = [Entry(e.number, e.file, e.stamp, e.digest, e.through or e.number <= reached) for e in entries]
                self._save(done)
        for entry in self._load() if self.settings.done else ():
            if entry.through and self.place.stat(entry.file) == entry.stamp:
                self.place.move(entry.file, self._done_name(entry))

    def _done_name(self, entry: Entry) -> str:
        """With the number in front, so that a later file of the same name does not replace it."""
        folder = (self.settings.done or "").strip("/")
        return f"{folder}/{entry.number:06d}-{entry.file.rpartition('/')[2]}"

    def _where_is(self, entry: Entry) -> str | None:
        """The file of an entry, if it is still to be had."""
        if self.settings.done and self.place.stat(self._done_name(entry)) is not None:
            return self._done_name(entry)
        return entry.file if self.place.stat(entry.file) == entry.stamp else None

    def _offer(self, file: str, stamp: Stamp, digest: str) -> Entry:
        """Enter a file that is about to be handed over; the one it already has if it was offered before."""
        with self.place.lock(f"{self.name}.inbox"):
            entries = self._load()
            for entry in entries:
                if (entry.file, entry.stamp.size, entry.digest) == (file, stamp.size, digest):
                    return entry
            entry = Entry(max((e.number for e in entries), default=0) + 1, file, stamp, digest)
            self._save([*entries, entry])
            return entry

    # ------------------------------------------------------------------ arriving

    def _arrived(self) -> list[str]:
        """Names that match, oldest first, without the marks and checksums beside them."""
        done = self.settings.complete
        apart = tuple(f".{e.lstrip('.')}" for e in (done.marker, done.checksum) if e)
        found = [n for n in self.place.glob(self.settings.file) if not (apart and n.endswith(apart))]
        if self.settings.order == "time":
            return sorted(found, key=lambda n: (self.place.stat(n) or Stamp(0, 0, 0)).mtime_ns)
        return sorted(found, key=_natural)

    def _ready(self, file: str, stamp: Stamp) -> bool:
        """Whether the file is finished, as far as its surroundings tell."""
        done = self.settings.complete
        if done.stable_seconds and not self.around.settled(stamp, done.stable_seconds):
            return False
        if done.marker and self.place.stat(f"{file}.{done.marker.lstrip('.')}") is None:
            return False
        return not done.checksum or self.place.stat(f"{file}.{done.checksum}") is not None

    def _parcels(self) -> Iterator[Parcel]:
        """New files, oldest first, up to the first that is not finished: a later file may not overtake it."""
        known = {(e.file, e.stamp): e for e in self._load()}
        self.facts.pop(f"{self.name}: waiting for", None)
        for file in self._arrived():
            stamp = self.place.stat(file)
            entry = known.get((file, stamp)) if stamp else None
            if stamp is None or (entry is not None and entry.through):
                continue
            if not self._ready(file, stamp):
                self.facts[f"{self.name}: waiting for"] = self.place.show(file)
                return
            snapshot = self.place.snapshot(file)
            digest = self._digest(snapshot)
            entry = self._offer(file, snapshot.stamp, digest)
            if not entry.through:
                yield Parcel(entry, open_view(snapshot, self.part))

    def _digest(self, snapshot: Snapshot) -> str:
        wanted = self.settings.complete.checksum
        with told(snapshot.where), snapshot.path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        if wanted:
            with told(snapshot.where), snapshot.path.open("rb") as file:
                found = hashlib.file_digest(file, wanted).hexdigest()
            if found not in self.place.read_text(f"{snapshot.name}.{wanted}").lower():
                raise Rejected("files.checksum", file=snapshot.where)
        return digest

    # ------------------------------------------------------------------- reading

    def read(self, since: str | None) -> Iterator[Page]:
        """The files that came after the cursor; without one, what all files together say, each record once."""
        reached = _parse(since) if since is not None else None
        if reached is None:
            yield from self._everything()
            return
        self._confirm(reached)
        last = reached
        for parcel in self._parcels():
            yield from self._pages(parcel)
            last = max(last, parcel.entry.number)
        if last == reached:
            yield Page([], _cursor(reached))

    def _pages(self, parcel: Parcel) -> Iterator[Page]:
        """The pages of one file; the cursor comes with the last."""
        waiting: Page | None = None
        view = parcel.view
        with self.around.rejects_of(parcel.entry.file, view.sheet.layout.names) as rejects:
            for rows in view.chunks():
                if waiting is not None:
                    yield waiting
                waiting, bad = self._page(rows, view)
                rejects.add(bad)
            rejects.publish()
            self.note(rejects)
        yield (waiting or Page([]))._replace(cursor=_cursor(parcel.entry.number))

    def _page(self, rows: Rows, view: View) -> tuple[Page, list[Bad]]:
        if not self.settings.key:
            rows = rows._replace(ids=[f"{view.snapshot.name}#{n}" for n in rows.numbers])
        found, bad = records(rows, view.sheet.layout.names, self.stamps), list(rows.bad)
        operation = self.settings.operation
        if operation is None:
            return Page(found), bad
        kept: list[Record] = []
        gone: list[str] = []
        for at, (record, number) in enumerate(zip(found, rows.numbers, strict=True)):
            word = dict(record.values)  # a copy without the word
            said = word.pop(operation.column, None)
            if said == operation.delete:
                gone.append(record.id)
            elif said in (operation.create, operation.update, "", None):
                kept.append(record._replace(values=word))
            else:
                wrong = Rejected("files.no_operation", row=number, column=operation.column, value=str(said)[:80])
                bad.append(Bad(number, [str(column[at]) for column in rows.columns], wrong, record.id))
        return Page(kept, None, gone), bad

    def _everything(self) -> Iterator[Page]:
        """Newest file first, and of each record only its newest row."""
        fault: HubError | None = None
        parcels: list[Parcel] = []
        try:
            parcels.extend(self._parcels())
        except HubError as error:
            fault = error
        waiting: Page | None = None
        with _Seen() as seen:
            for parcel in reversed([*self._former(), *parcels]):
                for page in self._pages(parcel):
                    if waiting is not None:
                        yield waiting
                    fresh = seen.fresh([*page.gone, *(r.id for r in page.records)])
                    gone = [i for i in page.gone if i in fresh]
                    waiting = Page([r for r in page.records if r.id in fresh], None, gone)
        reached = max(
            (e.number for e in self._load() if e.through or e.number in {p.entry.number for p in parcels}), default=0
        )
        yield (waiting or Page([]))._replace(cursor=_cursor(reached))
        if fault is not None:
            raise fault

    def _former(self) -> Iterator[Parcel]:
        """Files that are through and still to be had, oldest first."""
        for entry in self._load():
            where = self._where_is(entry) if entry.through else None
            if where is not None:
                yield Parcel(entry, open_view(self.place.snapshot(where), self.part))

    def find(self, ids: Sequence[str], *, certain: bool) -> list[Record]:
        """From the newest file that has it. That none has it does not mean that the record is gone."""
        wanted = set(ids)
        found = [r for page in self._everything() for r in page.records if r.id in wanted] if wanted else []
        missing = wanted - {r.id for r in found}
        if certain and missing:
            raise Rejected("files.inbox_cannot_tell", file=self.place.show(self.settings.file), id=min(missing))
        return found

    def search(self, by: Values) -> list[Record]:
        """Among the newest rows of all files."""
        return [
            r
            for page in self._everything()
            for r in page.records
            if all(r.values.get(name) == value for name, value in by.items())
        ]


class _Seen:
    """Ids that were met, on disk."""

    def __enter__(self) -> _Seen:
        self._file = NamedTemporaryFile(prefix="hefu-seen-")
        self._db = sqlite3.connect(self._file.name, isolation_level=None, check_same_thread=False)
        self._db.executescript("pragma journal_mode = off; pragma synchronous = off; begin;")
        self._db.execute("create table seen (id text primary key) without rowid")
        return self

    def fresh(self, ids: Sequence[str]) -> set[str]:
        """Those not met before; they are met now."""
        insert = "insert or ignore into seen values (?) returning id"
        return {i for i in ids if self._db.execute(insert, (i,)).fetchone()}

    def __exit__(self, *_: Any) -> None:
        self._db.close()
        self._file.close()


def _natural(name: str) -> list[tuple[int, int, str]]:
    """orders-9 comes before orders-10."""
    return [(0, int(p), "") if p.isdigit() else (1, 0, p) for p in re.split(r"(\d+)", name) if p]


def _cursor(number: int) -> str:
    return json.dumps(["inbox", number])


def _parse(cursor: str) -> int:
    try:
        word, number = json.loads(cursor)
        if word != "inbox":
            raise ValueError(cursor)
        return int(number)
    except (ValueError, TypeError) as error:
        raise Unsupported("files.bad_cursor", cursor=cursor[:80]) from error


__all__ = ["Inbox"]
