"""The data of the sandbox CRM: documents with a revision each, kept as JSON text in one SQLite table.

Stamps have whole seconds, names need not be unique, deleted records stay as tombstones, and a merge leaves the
loser's id pointing at the winner: the manners of a hosted CRM.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hefu.sandbox.crm.fields import (
    OBJECTS,
    PREFIX,
    SEARCHABLE,
    SINGULAR,
    Checker,
    Doc,
    Refusal,
    blank,
    exact,
    number,
)
from hefu.sandbox.database import Database, containing
from hefu.sandbox.frame import Clock

SCHEMA = """
create table if not exists record (
  seq integer primary key, object text not null, id text not null unique, revision integer not null,
  updated integer not null, deleted integer, merged_into text, body text not null);
create index if not exists record_by_time on record (object, updated, id);
create index if not exists record_by_id on record (object, id);
create table if not exists hook (id text primary key, url text not null, events text not null, secret text not null);
create table if not exists merge (
  loser text primary key, winner text not null, moved text not null, before text not null);
"""


@dataclass(frozen=True)
class Event:
    """What happened to a record: created, updated, deleted, merged or restored."""

    kind: str
    obj: str
    id: str
    at: int
    record: Doc


def stamp(epoch: int) -> str:
    """A CRM time: UTC, whole seconds."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def unstamp(text: str, field: str) -> int:
    """Seconds since 1970 of an ISO time. Raises Refusal 400."""
    try:
        at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError:
        raise Refusal(400, "badTime", f"'{text}' is not a time such as 2026-01-31T08:00:00Z", field) from None
    return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())


def public_id(obj: str, number: int) -> str:
    """A record id that does not sort by time: prefix and 12 characters."""
    digest = hashlib.sha256(f"{obj}/{number}".encode()).hexdigest()
    return f"{PREFIX[obj]}_{digest[:12]}"


class CrmBook(Database[Event]):
    """All records of the CRM."""

    def __init__(self, path: str = ":memory:", clock: Clock | None = None) -> None:
        super().__init__(SCHEMA, path, clock)
        self._checker = Checker(self._alive)
        for name in SEARCHABLE:
            self._db.execute(
                f"create index if not exists record_{name} on record (object, json_extract(body, '$.{name}'))"
            )

    # ---------------------------------------------------------------- reading

    def get(self, obj: str, record_id: str) -> Doc:
        """One live record. Raises Refusal 404, 410 (deleted) or 301 (merged; `field` is the winner's id)."""
        row = self._row(obj, record_id)
        if row is None:
            raise Refusal(404, "notFound", f"There is no {SINGULAR[obj]} {record_id}")
        body, deleted, merged = row
        if merged:
            raise Refusal(301, "merged", f"{record_id} was merged into {merged}", merged)
        if deleted is not None:
            raise Refusal(410, "deleted", f"{record_id} was deleted at {stamp(deleted)}")
        found: Doc = json.loads(body)
        return found

    def page(
        self,
        obj: str,
        *,
        after: Sequence[Any] = (),
        since: int | None = None,
        by: Mapping[str, str] = {},
        limit: int = 100,
    ) -> tuple[list[str], list[Any]]:
        """Bodies (JSON text) in a stable order after a position, and the position of the last one ([] at the end)."""
        if after and len(after) != (1 if since is None else 2):
            raise Refusal(400, "badCursor", "This cursor belongs to another list", "cursor")
        where, values = ["object = ?", "deleted is null"], [obj]
        order = "updated, id" if since is not None else "id"
        params: list[Any] = [*values]
        if since is not None:
            where.append("updated >= ?")
            params.append(since)
        if after:
            where.append("(updated, id) > (?, ?)" if since is not None else "id > ?")
            params += after
        for name, text in by.items():
            where.append(f"json_extract(body, '$.{name}') = ?")
            params.append(text)
        rows = self._all(
            f"select updated, id, body from record where {' and '.join(where)} order by {order} limit ?",
            [*params, limit + 1],
        )
        last = rows[limit - 1] if len(rows) > limit else None
        position = [] if last is None else [last[0], last[1]] if since is not None else [last[1]]
        return [row[2] for row in rows[:limit]], position

    def by_ids(self, obj: str, ids: Sequence[str]) -> list[str]:
        """Bodies of the live ones among these."""
        marks = ",".join("?" * len(ids))
        sql = f"select body from record where object = ? and deleted is null and id in ({marks})"
        return [row[0] for row in self._all(sql, [obj, *ids])]

    def deleted(self, obj: str, since: int, after: Sequence[Any], limit: int) -> tuple[list[Doc], list[Any]]:
        """Tombstones in order of deletion, and the position of the last one ([] at the end)."""
        if after and len(after) != 2:
            raise Refusal(400, "badCursor", "This cursor belongs to another list", "cursor")
        at, last = after or (since, "")
        rows = self._all(
            "select deleted, id, merged_into from record where object = ? and deleted is not null "
            "and (deleted, id) > (?, ?) order by deleted, id limit ?",
            [obj, at, last, limit + 1],
        )
        found = [{"id": r[1], "deletedAt": stamp(r[0]), "mergedInto": r[2]} for r in rows[:limit]]
        return found, [rows[limit - 1][0], rows[limit - 1][1]] if len(rows) > limit else []

    def count(self, obj: str) -> int:
        """How many live records there are."""
        return int(self._all("select count(*) from record where object = ? and deleted is null", [obj])[0][0])

    def find(self, obj: str, words: str, offset: int, limit: int) -> tuple[int, list[Doc]]:
        """Records that contain the words anywhere, newest change first; for the web page."""
        like = containing(words)
        where = "object = ? and deleted is null and body like ? escape '\\'"
        total = self._all(f"select count(*) from record where {where}", [obj, like])[0][0]
        rows = self._all(
            f"select body from record where {where} order by updated desc, seq limit ? offset ?",
            [obj, like, limit, offset],
        )
        return int(total), [json.loads(row[0]) for row in rows]

    def changes(self, limit: int = 20) -> list[Doc]:
        """The latest changes, newest first."""
        return self._latest(limit, stamp)

    def peek(self, obj: str, record_id: str) -> Doc | None:
        """A record as stored, deleted or not."""
        row = self._row(obj, record_id)
        return None if row is None else json.loads(row[0])

    # ---------------------------------------------------------------- writing

    def create(self, obj: str, given: Mapping[str, Any], author: str, via: str = "api") -> Doc:
        """A new record; duplicates are allowed. Raises Refusal 400."""
        with self.change():
            values = self._checker.checked(obj, given, None)
            number = self._db.execute("select coalesce(max(seq), 0) + 1 from record").fetchone()[0]
            now = self._now()
            empty = {name: blank(spec) for name, spec in OBJECTS[obj].items()}
            born = {"createdAt": stamp(now), "createdBy": author}
            doc = {"id": public_id(obj, number), **empty, **values, **born}
            return self._store(obj, doc, 1, author, via, "created", now, list(values))

    def update(
        self,
        obj: str,
        record_id: str,
        given: Mapping[str, Any],
        author: str,
        via: str = "api",
        revision: int | None = None,
    ) -> Doc:
        """Change the named fields. Raises Refusal 400, 404, 410, 409 (merged) or 412 (another revision)."""
        with self.change():
            old = self._writable(obj, record_id, revision)
            values = self._checker.checked(obj, given, old)
            moved = [name for name, value in values.items() if old.get(name) != value]
            return self._store(obj, {**old, **values}, old["revision"] + 1, author, via, "updated", self._now(), moved)

    def delete(self, obj: str, record_id: str, author: str, via: str = "api", revision: int | None = None) -> None:
        """Move to the bin. Raises Refusal as `update`."""
        with self.change():
            old = self._writable(obj, record_id, revision)
            self._bury(obj, old, None, author, via)

    def restore(self, obj: str, record_id: str, author: str, via: str = "api") -> Doc:
        """Take out of the bin. Raises Refusal 404 or 409 (merged)."""
        with self.change():
            body, deleted, merged = self._row(obj, record_id) or (None, None, None)
            if body is None or deleted is None:
                raise Refusal(404, "notFound", f"{record_id} is not in the bin")
            if merged:
                raise Refusal(409, "merged", f"{record_id} was merged into {merged}: unmerge it")
            return self._revive(obj, json.loads(body), author, via)

    def merge(self, winner: str, loser: str, author: str, via: str = "api") -> Doc:
        """Two accounts become one: the winner's blanks are filled, contacts and opportunities move, the loser's id
        points at the winner from now on. Raises Refusal."""
        with self.change():
            if winner == loser:
                raise Refusal(400, "sameRecord", "An account cannot be merged with itself", "loserId")
            keep, lose = self._writable("accounts", winner, None), self._writable("accounts", loser, None)
            moved = self._move_children(loser, winner, author, via)
            fill = {
                n: lose[n] for n in OBJECTS["accounts"] if keep.get(n) in (None, "") and lose.get(n) not in (None, "")
            }
            before = {n: keep.get(n) for n in fill}
            self._db.execute(
                "insert or replace into merge values (?,?,?,?)", (loser, winner, json.dumps(moved), json.dumps(before))
            )
            self._bury("accounts", lose, winner, author, via)
            return self.update("accounts", winner, fill, author, via)

    def unmerge(self, winner: str, loser: str, author: str, via: str = "api") -> Doc:
        """Take a merge back: the loser lives again with what it had; later children stay with the winner."""
        with self.change():
            row = self._db.execute("select winner, moved, before from merge where loser = ?", (loser,)).fetchone()
            if row is None or row[0] != winner:
                raise Refusal(404, "notMerged", f"{loser} was not merged into {winner}")
            self._db.execute("delete from merge where loser = ?", (loser,))
            doc = self._revive("accounts", json.loads(self._row("accounts", loser)[0]), author, via)  # type: ignore[index]
            for obj, child in json.loads(row[1]):
                self.update(obj, child, {"accountId": loser}, author, via)
            self.update("accounts", winner, json.loads(row[2]), author, via)
            return doc

    def as_person(self, obj: str, record_id: str | None, values: Doc | None, author: str) -> str:
        """Create, delete or change a record as somebody in the CRM does."""
        if record_id is None:
            return str(self.create(obj, values or {}, author, "person")["id"])
        if values is None:
            self.delete(obj, record_id, author, "person")
        else:
            self.update(obj, record_id, values, author, "person")
        return record_id

    def load(self, obj: str, docs: Iterable[Mapping[str, Any]]) -> None:
        """Many finished records at once (id, revision and stamps included), without events."""
        with self.change():
            empty = {name: blank(spec) for name, spec in OBJECTS[obj].items()}
            self._db.executemany(
                "insert into record (object, id, revision, updated, body) values (?,?,?,?,?)",
                (
                    (obj, d["id"], d["revision"], unstamp(d["updatedAt"], "updatedAt"), _text({**empty, **d}))
                    for d in docs
                ),
            )

    # ------------------------------------------------------------------ hooks

    def hooks(self) -> list[Doc]:
        """Webhook subscriptions, secrets included."""
        rows = self._all("select id, url, events, secret from hook order by rowid")
        return [{"id": r[0], "url": r[1], "events": json.loads(r[2]), "secret": r[3]} for r in rows]

    def subscribe(self, hook: Doc) -> None:
        """Add a subscription; the same URL again replaces the older one."""
        with self.change():
            self._db.execute("delete from hook where url = ?", (hook["url"],))
            self._db.execute(
                "insert into hook values (?,?,?,?)",
                (hook["id"], hook["url"], json.dumps(hook["events"]), hook["secret"]),
            )

    def unsubscribe(self, hook_id: str) -> bool:
        """Whether there was such a subscription."""
        with self.change():
            return self._db.execute("delete from hook where id = ?", (hook_id,)).rowcount > 0

    # --------------------------------------------------------------- the inside

    def _row(self, obj: str, record_id: str) -> tuple[str, int | None, str | None] | None:
        sql = "select body, deleted, merged_into from record where object = ? and id = ?"
        rows = self._all(sql, [obj, record_id])
        return rows[0] if rows else None

    def _alive(self, obj: str, record_id: str) -> bool:
        row = self._row(obj, record_id)
        return row is not None and row[1] is None

    def _now(self) -> int:
        return int(self.clock.now().timestamp())

    def _writable(self, obj: str, record_id: str, revision: int | None) -> Doc:
        try:
            old = self.get(obj, record_id)
        except Refusal as refusal:
            if refusal.status == 301:
                raise Refusal(409, "merged", refusal.message) from None
            raise
        if revision is not None and revision != old["revision"]:
            raise Refusal(412, "preconditionFailed", f"{record_id} is at revision {old['revision']}, not {revision}")
        return old

    def _store(
        self, obj: str, doc: Doc, revision: int, author: str, via: str, kind: str, now: int, moved: list[str]
    ) -> Doc:
        doc = {**doc, "revision": revision, "updatedAt": stamp(now), "updatedBy": author}
        if obj == "opportunities":
            doc["amount"] = number(sum((exact(line["amount"]) for line in doc["lines"]), Decimal(0)))
        self._db.execute(
            "insert into record (object, id, revision, updated, body) values (?,?,?,?,?) on conflict (id) do update "
            "set revision = excluded.revision, updated = excluded.updated, body = excluded.body",
            (obj, doc["id"], revision, now, _text(doc)),
        )
        self._note(kind, obj, doc, now, author, via, f"{kind}: {', '.join(moved)}" if kind == "updated" else kind)
        return doc

    def _note(self, kind: str, obj: str, doc: Doc, now: int, author: str, via: str, what: str) -> None:
        event = Event(kind, obj, doc["id"], now, doc)
        self._changed(event, obj, doc["id"], now, author, via, what, doc.get("name", ""))

    def _bury(self, obj: str, doc: Doc, winner: str | None, author: str, via: str) -> None:
        now = self._now()
        self._db.execute("update record set deleted = ?, merged_into = ? where id = ?", (now, winner, doc["id"]))
        self._note("merged" if winner else "deleted", obj, doc, now, author, via, "merged" if winner else "deleted")

    def _revive(self, obj: str, doc: Doc, author: str, via: str) -> Doc:
        self._db.execute("update record set deleted = null, merged_into = null where id = ?", (doc["id"],))
        return self._store(obj, doc, doc["revision"] + 1, author, via, "restored", self._now(), [])

    def _move_children(self, loser: str, winner: str, author: str, via: str) -> list[tuple[str, str]]:
        moved = []
        for obj in ("contacts", "opportunities"):
            sql = "select id from record where object = ? and deleted is null and json_extract(body, '$.accountId') = ?"
            moved += [(obj, row[0]) for row in self._all(sql, [obj, loser])]
        for obj, child in moved:
            self.update(obj, child, {"accountId": winner}, author, via)
        return moved


def _text(doc: Doc) -> str:
    return json.dumps(doc, ensure_ascii=False, separators=(",", ":"))
