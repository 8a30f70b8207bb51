"""Records of a sandbox, kept as JSON documents in one SQLite file: what every vendor's book stands on.

The shelf knows nothing of a vendor: which stamps a record shows, which numbers it gets and what may be changed when is
the business of the vendor's own book. It remembers who changed what, through the API or by hand, so that a test can
count and a person can look.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from hefu.sandbox.database import Database, containing
from hefu.sandbox.frame import Clock
from hefu.sandbox.page import Source

Doc = dict[str, Any]

SCHEMA = """
create table if not exists record (
  seq integer primary key, object text not null, id text not null, created integer not null,
  modified integer not null, deleted integer, body text not null, unique (object, id));
create index if not exists record_by_time on record (object, modified, seq);
create index if not exists record_by_seq on record (object, seq);
create table if not exists serial (name text primary key, value integer not null);
"""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Kept(NamedTuple):
    """A record with what the shelf knows of it. `seq` is its place in the order of creation."""

    seq: int
    id: str
    created: datetime
    modified: datetime
    deleted: datetime | None
    doc: Doc


@dataclass(frozen=True)
class Event:
    """What happened: created, updated or deleted (or a word of the vendor's), told after the commit."""

    kind: str
    obj: str
    id: str
    at: datetime
    doc: Doc
    author: str
    via: str


class Shelf(Database[Event]):
    """The records of one sandbox, in the order of creation or of change.

    `indexed`: object -> names of fields (top level) that records are often found by.
    """

    def __init__(
        self,
        path: str = ":memory:",
        clock: Clock | None = None,
        indexed: Mapping[str, Sequence[str]] | None = None,
        title: str = "name",
    ) -> None:
        super().__init__(SCHEMA, path, clock)
        self.title = title
        for name in sorted({n for names in (indexed or {}).values() for n in names}):
            self._db.execute(
                f'create index if not exists "record_{name}" on record (object, json_extract(body, \'$."{name}"\'))'
            )

    # ---------------------------------------------------------------- reading

    def get(self, obj: str, record_id: str) -> Doc | None:
        """A live record."""
        found = self.kept(obj, record_id)
        return None if found is None or found.deleted else found.doc

    def kept(self, obj: str, record_id: str) -> Kept | None:
        """A record, deleted or not."""
        return next(self._kept("object = ? and id = ?", [obj, record_id]), None)

    def rows(
        self,
        obj: str,
        *,
        by: Mapping[str, Any] | None = None,
        since: datetime | None = None,
        after: Sequence[int] = (),
        order: str = "seq",
        limit: int = -1,
        deleted: bool | None = False,
    ) -> list[Kept]:
        """Records in the order of `seq` or of `modified`.

        by: field -> value. since: modified at or after. after: the place of the last one seen: (seq,), or with
        order="modified" (microseconds since 1970, seq), see `place`. deleted: False live ones, True the others, None
        all.
        """
        where = ["object = ?"]
        values: list[Any] = [obj]
        if deleted is not None:
            where.append("deleted is not null" if deleted else "deleted is null")
        for name, value in (by or {}).items():
            where.append(f"json_extract(body, '$.\"{name}\"') is ?")
            values.append(value)
        if since is not None:
            where.append("modified >= ?")
            values.append(_micros(since))
        if after:
            where.append("seq > ?" if order == "seq" else "(modified, seq) > (?, ?)")
            values += after
        turn = "seq" if order == "seq" else "modified, seq"
        return list(self._kept(" and ".join(where), values, f"order by {turn} limit {int(limit)}"))

    def count(self, obj: str) -> int:
        """How many live records there are."""
        return int(self._all("select count(*) from record where object = ? and deleted is null", [obj])[0][0])

    def find(self, obj: str, words: str, offset: int, limit: int) -> tuple[int, list[Kept]]:
        """Records that contain the words anywhere, newest change first; for the web page."""
        like = containing(words)
        where = "object = ? and deleted is null and body like ? escape '\\'"
        total = self._all(f"select count(*) from record where {where}", [obj, like])[0][0]
        order = "order by modified desc, seq limit ? offset ?"
        return int(total), list(self._kept(where, [obj, like, limit, offset], order))

    def changes(self, limit: int = 20) -> list[Doc]:
        """The latest changes, newest first: object, id, at, author, via, what, title."""
        return self._latest(limit, lambda at: f"{_instant(at):%Y-%m-%d %H:%M:%S}")

    # ---------------------------------------------------------------- writing

    def put(
        self, obj: str, record_id: str, doc: Mapping[str, Any], author: str, via: str = "api", kind: str = ""
    ) -> Kept:
        """Store a record, new or not; a deleted one lives again. `kind` names the event where it is a special one."""
        with self.change():
            old = self.kept(obj, record_id)
            at = _micros(self.clock.now())
            self._db.execute(
                "insert into record (object, id, created, modified, body) values (?,?,?,?,?) on conflict (object, id) "
                "do update set modified = excluded.modified, deleted = null, body = excluded.body",
                (obj, record_id, at, at, text_of(doc)),
            )
            now = self.kept(obj, record_id)
            assert now is not None
            moved = [n for n in now.doc if old is None or old.doc.get(n) != now.doc[n]]
            kind = kind or ("created" if old is None else "updated")
            self._note(kind, obj, now, author, via, f"{kind}: {', '.join(moved)[:200]}" if old else kind)
            return now

    def remove(self, obj: str, record_id: str, author: str, via: str = "api") -> bool:
        """Delete a record (it stays as a tombstone); False if there is none."""
        with self.change():
            old = self.kept(obj, record_id)
            if old is None or old.deleted:
                return False
            at = _micros(self.clock.now())
            self._db.execute(
                "update record set deleted = ?, modified = ? where object = ? and id = ?", (at, at, obj, record_id)
            )
            self._note("deleted", obj, old, author, via, "deleted")
            return True

    def load(self, obj: str, docs: Iterable[tuple[str, Mapping[str, Any], datetime]]) -> None:
        """Many finished records at once, (id, document, when last modified), without events."""
        rows = ((obj, i, _micros(at), _micros(at), text_of(doc)) for i, doc, at in docs)
        with self.change():
            self._db.executemany("insert into record (object, id, created, modified, body) values (?,?,?,?,?)", rows)

    def number(self, name: str, start: int = 1) -> int:
        """The next number of a series."""
        with self.change():
            self._db.execute(
                "insert into serial values (?, ?) on conflict (name) do update set value = value + 1", (name, start)
            )
            return int(self._db.execute("select value from serial where name = ?", (name,)).fetchone()[0])

    # --------------------------------------------------------------- the inside

    def _kept(self, where: str, values: Sequence[Any], order: str = "") -> Iterator[Kept]:
        sql = f"select seq, id, created, modified, deleted, body from record where {where} {order}"
        for seq, record_id, created, modified, deleted, body in self._all(sql, values):
            gone = None if deleted is None else _instant(deleted)
            yield Kept(seq, record_id, _instant(created), _instant(modified), gone, json.loads(body))

    def _note(self, kind: str, obj: str, kept: Kept, author: str, via: str, what: str) -> None:
        at = self.clock.now()
        event = Event(kind, obj, kept.id, at, kept.doc, author, via)
        title = str(kept.doc.get(self.title, kept.id))
        self._changed(event, obj, kept.id, _micros(at), author, via, what, title)


class ShelfSource(Source):
    """The pages of a sandbox over a shelf.

    row: (object, record) -> the flat row that pages show. edit: (object, id, values, author) changes it as a person
    would; step: (object, id, action, author) takes a status step; what they refuse, they raise as `refused`.
    """

    def __init__(
        self,
        shelf: Shelf,
        row: Callable[[str, Kept], Mapping[str, Any]],
        edit: Callable[[str, str, dict[str, str], str], object],
        step: Callable[[str, str, str, str], object] | None = None,
        refused: type[Exception] = ValueError,
    ) -> None:
        self.shelf, self._row, self._edit, self._step, self._refused = shelf, row, edit, step, refused

    def find(self, obj: str, words: str, offset: int, limit: int) -> tuple[int, Sequence[Mapping[str, Any]]]:
        """How many records match the words, and some of them."""
        total, found = self.shelf.find(obj, words, offset, limit)
        return total, [{"id": kept.id, **self._row(obj, kept)} for kept in found]

    def one(self, obj: str, record_id: str) -> Mapping[str, Any] | None:
        """One record."""
        kept = self.shelf.kept(obj, record_id)
        return None if kept is None or kept.deleted else {"id": kept.id, **self._row(obj, kept)}

    def save(self, obj: str, record_id: str, values: dict[str, str], author: str) -> str:
        """Change it as a person; "" or what is wrong."""
        return self._told(lambda: self._edit(obj, record_id, values, author))

    def act(self, obj: str, record_id: str, action: str, author: str) -> str:
        """Take a status step as a person; "" or what is wrong."""
        step = self._step
        return "-" if step is None else self._told(lambda: step(obj, record_id, action, author))

    def recent(self) -> Sequence[Mapping[str, Any]]:
        """Latest changes, newest first."""
        return self.shelf.changes()

    def _told(self, do: Callable[[], object]) -> str:
        try:
            do()
        except self._refused as problem:
            return str(problem)
        return ""


def place(kept: Kept) -> tuple[int, int]:
    """Where a record stands in the order of `modified`, for `Shelf.rows(after=...)`."""
    return _micros(kept.modified), kept.seq


def text_of(doc: Mapping[str, Any]) -> str:
    """JSON; a Decimal is written as a string, so that no digit is lost. Raises TypeError for what JSON has not."""
    return json.dumps(doc, ensure_ascii=False, separators=(",", ":"), default=_plain)


def _plain(value: object) -> str:
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{value!r} cannot be kept")


def _micros(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(microseconds=1)


def _instant(micros: int) -> datetime:
    return _EPOCH + timedelta(microseconds=micros)
