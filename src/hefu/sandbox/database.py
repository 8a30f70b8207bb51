"""The SQLite file under every sandbox's data: changes that happen whole or not at all, and who hears of them.

It knows neither records nor vendors. It keeps what all books keep: a list of what was changed and by whom, and notes
about the file itself.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Generic, TypeVar

from hefu.sandbox.frame import Clock

E = TypeVar("E")
"""What listeners are told: each book has its own kind of event."""

KEPT_BY_ALL = """
create table if not exists change (
  seq integer primary key, object text, id text, at integer, author text, via text, what text, title text);
create table if not exists meta (name text primary key, value text);
"""


class Database(Generic[E]):
    """One lock: several threads may use it; every public change is one transaction, and joins one that is open."""

    def __init__(self, schema: str, path: str = ":memory:", clock: Clock | None = None) -> None:
        self.clock = clock or Clock()
        self.listeners: list[Callable[[E], None]] = []
        self._untold: list[E] = []
        self._depth = 0
        self._lock = threading.RLock()
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.row_factory = sqlite3.Row
        self._db.execute("pragma journal_mode = wal")
        self._db.execute("pragma synchronous = off")
        self._db.executescript(KEPT_BY_ALL + schema)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._db.close()

    @contextmanager
    def change(self) -> Iterator[None]:
        """One transaction, joined when nested, taken back whole by an error; listeners hear of it after the commit."""
        with self._lock:
            outer = self._depth == 0
            if outer:
                self._db.execute("begin immediate")
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                if outer:
                    self._db.execute("rollback")
                    self._untold.clear()
                raise
            self._depth -= 1
            if outer:
                self._db.execute("commit")
                events, self._untold = self._untold, []
                for event in events:
                    for listener in self.listeners:
                        listener(event)

    @property
    def untold(self) -> Sequence[E]:
        """What happened in the change that is open, of which listeners will hear once it is committed."""
        return self._untold

    def meta(self, name: str, value: str | None = None) -> str | None:
        """Read, or set, a note about this file."""
        if value is not None:
            with self.change():
                self._db.execute("insert or replace into meta values (?,?)", (name, value))
        rows = self._all("select value from meta where name = ?", [name])
        return str(rows[0][0]) if rows else None

    def fill_once(self, fill: Callable[[], object], *, empty: bool) -> None:
        """Fill a new file with the sample company, or leave it `empty`; one that was opened before stays as it is."""
        if self.meta("sample") is None:
            if not empty:
                fill()
            self.meta("sample", "empty" if empty else "filled")

    def _all(self, sql: str, values: Sequence[Any] = ()) -> list[Any]:
        with self._lock:
            return self._db.execute(sql, values).fetchall()

    def _changed(
        self, event: E, obj: str, record_id: str, at: int | str, author: str, via: str, what: str, title: str
    ) -> None:
        """Put a change on the list, and tell the listeners `event` once it is committed."""
        self._db.execute(
            "insert into change (object, id, at, author, via, what, title) values (?,?,?,?,?,?,?)",
            (obj, record_id, at, author, via, what, title),
        )
        self._untold.append(event)

    def _latest(self, limit: int, shown: Callable[[Any], str]) -> list[dict[str, Any]]:
        """The latest changes, newest first; `shown` writes the time as this system does."""
        sql = "select object, id, at, author, via, what, title from change order by seq desc limit ?"
        return [{**dict(row), "at": shown(row["at"])} for row in self._all(sql, [limit])]


def containing(words: str) -> str:
    r"""The pattern for SQL's `like ... escape '\'` that finds these words anywhere."""
    return "%" + words.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_") + "%"
