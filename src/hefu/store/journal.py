"""The audit log: who did what, chained so that a removed, altered, moved or cut-off row shows.

mac = HMAC-SHA256(key, prev mac || canonical JSON of the row); sequence numbers have no gaps, and the newest row is
sealed a second time (fact `audit_head`), so that a chain that was cut short is found, too. The database refuses to
change or delete rows; whoever owns the database and an older copy of the head is found by an anchor kept elsewhere.
Rows name records, fields and people, and never hold a record's values.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Iterator, Mapping
from contextvars import ContextVar
from typing import Any, NamedTuple

import orjson
from sqlalchemy import and_, or_, select

from hefu.core.errors import Rejected
from hefu.store import facts, intents
from hefu.store.db import Tx, from_json, to_json
from hefu.store.tables import journal

_FIRST = "0" * 64
_HEAD = "audit_head"
_AT_ONCE = 1000

BACKUP_VERIFIED = "backup.verified"
"""What a row says once a backup was read in full and found whole."""

ERASED, RETAINED = "privacy.erased", "privacy.retained"
"""Actions by which the hub blanks its own histories: of a person, and of all that is older than it is kept."""

REQUEST: ContextVar[str | None] = ContextVar("hefu_request", default=None)
"""The number of the request that is being answered: rows that are written meanwhile carry it."""


_LAST = select(journal.c.seq, journal.c.mac).order_by(journal.c.seq.desc()).limit(1)
_APPEND = journal.insert()


def _mac(key: bytes, prev: str, row: Mapping[str, Any]) -> str:
    return hmac.new(key, (prev + to_json(dict(sorted(row.items())))).encode(), hashlib.sha256).hexdigest()


def _sealed_head(key: bytes, seq: int, mac: str) -> str:
    seal = hmac.new(key, f"head {seq} {mac}".encode(), hashlib.sha256).hexdigest()
    return f"{seq} {mac} {seal}"


def record(tx: Tx, key: bytes, actor: str, action: str, obj: str, detail: Any = None) -> None:
    """Append one row inside the caller's transaction."""
    tx.lock_name("journal")
    last = tx.run(_LAST).first()
    seq, prev = (last[0] + 1, last[1]) if last else (1, _FIRST)
    row = {"seq": seq, "at": tx.now(), "actor": actor[:200], "action": action, "object": obj[:300],
           "detail": to_json(detail)}  # fmt: skip
    request = REQUEST.get()
    if request is not None:  # a row without one is sealed as rows were before there were any
        row["request"] = request[:64]
    mac = _mac(key, prev, row)
    tx.run(_APPEND, {**row, "prev": prev, "mac": mac})
    facts.set_fact(tx, _HEAD, _sealed_head(key, seq, mac))


def newest(tx: Tx, action: str) -> dict[str, Any] | None:
    """The last row of this action (at, actor, object, detail), or None."""
    found = select(journal.c.at, journal.c.actor, journal.c.object, journal.c.detail).where(journal.c.action == action)
    row = tx.run(found.order_by(journal.c.seq.desc()).limit(1)).mappings().first()
    return None if row is None else {**row, "detail": from_json(row["detail"])}


_SEALED = ("seq", "at", "actor", "action", "object", "detail")


class _Walk:
    """Follows a chain row by row; `broken` is the number of the first row that does not fit."""

    def __init__(self, key: bytes) -> None:
        self._key = key
        self.seq, self.mac = 0, _FIRST

    def fits(self, row: Mapping[str, Any]) -> bool:
        """Is it the row that comes next? Then go on behind it."""
        content = {name: row[name] for name in _SEALED}
        if row.get("request") is not None:
            content["request"] = row["request"]
        fits = row["seq"] == self.seq + 1 and row["prev"] == self.mac
        if not fits or not hmac.compare_digest(str(row["mac"]), _mac(self._key, self.mac, content)):
            return False
        self.seq, self.mac = row["seq"], row["mac"]
        return True


def verify(tx: Tx, key: bytes) -> int | None:
    """The sequence number of the first row that does not fit or is missing, or None when the chain is whole."""
    walk = _Walk(key)
    for row in _rows(tx, select(journal).order_by(journal.c.seq)):
        if not walk.fits(row):
            return walk.seq + 1
    return None if _ends_at(tx, key, walk.seq, walk.mac) else walk.seq + 1


def _ends_at(tx: Tx, key: bytes, seq: int, mac: str) -> bool:
    """Is that the newest row, as far as the hub knows?"""
    head = facts.get_fact(tx, _HEAD)
    if head is None:
        return seq == 0
    if head.startswith("since "):  # rows of a version that did not seal the head; the next one does
        return head == f"since {seq}"
    return hmac.compare_digest(head, _sealed_head(key, seq, mac))


def _rows(tx: Tx, statement: Any) -> Iterator[dict[str, Any]]:
    for part in tx.conn.execution_options(yield_per=_AT_ONCE).execute(statement).mappings().partitions():
        yield from ({str(name): value for name, value in row.items()} for row in part)


# ------------------------------------------------------------------ looking into it


class Asked(NamedTuple):
    """What rows are looked for; all that is named must fit. `actions` ending in "." mean all of that beginning."""

    actor: str | None = None
    actions: tuple[str, ...] = ()
    obj: str | None = None
    request: str | None = None
    since: str | None = None
    until: str | None = None
    words: str | None = None


ALL = Asked()


def search(tx: Tx, asked: Asked = ALL, *, before: int | None = None, limit: int = 100) -> list[dict[str, Any]]:
    """Rows that fit, newest first, details decoded; `before` goes on below a number."""
    statement = select(journal).where(*_where(asked)).order_by(journal.c.seq.desc()).limit(limit)
    if before is not None:
        statement = statement.where(journal.c.seq < before)
    return [{**row, "detail": from_json(row["detail"])} for row in tx.run(statement).mappings()]


def _where(asked: Asked) -> list[Any]:
    where: list[Any] = []
    for column, value in ((journal.c.actor, asked.actor), (journal.c.object, asked.obj)):
        if value is not None:
            where.append(column == value)
    if asked.request is not None:
        where.append(journal.c.request == asked.request)
    if asked.actions:
        where.append(or_(*(
            journal.c.action.startswith(one, autoescape=True) if one.endswith(".") else journal.c.action == one
            for one in asked.actions
        )))  # fmt: skip
    if asked.since is not None:
        where.append(journal.c.at >= asked.since)
    if asked.until is not None:
        where.append(journal.c.at < asked.until)
    for word in (asked.words or "").split():
        columns = (journal.c.actor, journal.c.action, journal.c.object, journal.c.detail)
        where.append(or_(*(column.icontains(word, autoescape=True) for column in columns)))
    return [and_(*where)] if where else []


def recent(tx: Tx, limit: int = 50) -> list[dict[str, Any]]:
    """The newest rows, newest first."""
    return [dict(row) for row in tx.run(select(journal).order_by(journal.c.seq.desc()).limit(limit)).mappings()]


# ------------------------------------------------------------------ outside of the database


class Anchor(NamedTuple):
    """Where the chain stood at some moment, to be kept where the hub cannot reach."""

    at: str
    seq: int
    mac: str


def anchor(tx: Tx) -> Anchor:
    """Where the chain stands now; seq 0 while there are no rows."""
    last = tx.run(_LAST).first()
    return Anchor(tx.now(), *(tuple(last) if last else (0, _FIRST)))


def anchor_line(at: Anchor) -> str:
    """An anchor as a line of a file."""
    return to_json(at._asdict()) + "\n"


def anchors_in(text: str, where: str) -> list[Anchor]:
    """The anchors of a file. Raises Rejected "audit.anchor"."""
    out = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip():
            continue
        try:
            said = orjson.loads(line)
            found = Anchor(str(said["at"]), int(said["seq"]), str(said["mac"]))
        except (ValueError, KeyError, TypeError):
            raise Rejected("audit.anchor", file=where, line=number) from None
        out.append(found)
    return out


def altered_write(tx: Tx) -> str | None:
    """The first write to another system whose history says something else than this log, or None."""
    told = select(journal.c.detail).where(journal.c.action == "written").order_by(journal.c.seq)
    blanked, before = _blanked(tx)
    for row in _rows(tx, told):
        if (found := intents.altered(tx, from_json(row["detail"])["writes"], blanked, before)) is not None:
            return found
    return None


def _blanked(tx: Tx) -> tuple[set[str], str | None]:
    """Writes whose values the hub itself took out, as this log tells: singly, and all settled before an instant."""
    ids: set[str] = set()
    before: str | None = None
    said = select(journal.c.action, journal.c.detail).where(journal.c.action.in_((ERASED, RETAINED)))
    for action, text in tx.run(said):
        detail = from_json(text)
        if action == ERASED:
            ids |= set(detail["writes"])
        elif detail.get("deliveries") is not None:
            before = max(before or "", str(detail["deliveries"]))
    return ids, before


def unanchored(tx: Tx, anchors: Iterable[Anchor]) -> Anchor | None:
    """The first anchor that the chain does not know any more, or None."""
    for one in anchors:
        if one.seq == 0:
            continue
        mac = tx.run(select(journal.c.mac).where(journal.c.seq == one.seq)).scalar()
        if mac != one.mac:
            return one
    return None


def export(tx: Tx, asked: Asked = ALL) -> Iterator[str]:
    """Rows that fit, oldest first, one line of JSON each with its seals: a whole export can be verified elsewhere."""
    for row in _rows(tx, select(journal).where(*_where(asked)).order_by(journal.c.seq)):
        yield to_json(row) + "\n"


def verify_lines(lines: Iterable[str], key: bytes, where: str) -> tuple[int, int | None]:
    """(rows read, first number that does not fit or None) of a whole export. Raises Rejected "audit.lines"."""
    walk, count = _Walk(key), 0
    for line in lines:
        try:
            row = orjson.loads(line)
            fits = walk.fits(row)
        except (ValueError, KeyError, TypeError):
            raise Rejected("audit.lines", file=where, line=count + 1) from None
        if not fits:
            return count, walk.seq + 1
        count += 1
    return count, None
