"""The reference connector: speaks to a `MemorySystem` and shows what the contract asks of every other connector.

system = MemorySystem("crm", clock)
system.define("customer", [Field("code", required=True), Field("name")], Manners(page=2), key=("code",))
connector = open_memory(system)          # or connector: memory, settings: {system: crm} in a document
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, TypeVar

from pydantic import SecretStr

from hefu.connectors._memory_manners import (
    Action,
    Call,
    Entry,
    Hook,
    Manners,
    Row,
    cut,
    narrow,
    rounded,
    trim,
    upper,
)
from hefu.connectors._memory_rules import copied
from hefu.connectors._memory_system import SYSTEMS, MemorySystem, Shelf, outcome
from hefu.core.connector import Answer, Connector, Settings, Site, setting
from hefu.core.errors import HubError, Unsupported
from hefu.core.records import ObjectSchema, Page, Record, Values, Write, Written

T = TypeVar("T")

_START = datetime(1970, 1, 1, tzinfo=UTC)


class MemorySettings(Settings):
    """Which system of this process to speak to, and as whom."""

    system: str = setting(..., "Name of the system in this process", "本进程内系统的名称")
    user: str = setting("hub", "The author of our writes", "写入时使用的用户")
    secret: SecretStr = setting(SecretStr(""), "The system's password", "系统密码")
    organisation: str = setting("", "Only this organisation's records; empty: all", "仅该组织的记录；空为全部")


class Cursor(NamedTuple):
    """Where a read stands. `place` is a position in the full read that is under way, None once that is through."""

    at: datetime
    place: int | None = None

    def text(self) -> str:
        """As kept by the hub."""
        return json.dumps([self.at.isoformat(), self.place])

    @classmethod
    def parse(cls, text: str) -> Cursor:
        """Raises Unsupported for a text that is none of ours."""
        try:
            at, place = json.loads(text)
            return cls(datetime.fromisoformat(at), place)
        except (ValueError, TypeError) as error:
            raise Unsupported("memory.bad_cursor", cursor=text) from error


class Memory(Connector):
    """One user's line to a system in memory."""

    name = "memory"
    settings_type = MemorySettings

    def __init__(self, settings: Settings, site: Site) -> None:
        super().__init__(settings, site)
        name = self.settings.system
        found = site.facts.get("system") or SYSTEMS.get(name)
        if not isinstance(found, MemorySystem):
            raise Unsupported(
                "memory.unknown_system", connection=site.connection, system=name, known=", ".join(SYSTEMS)
            )
        self.system = found

    def check(self) -> None:
        """Raises Transient when the system is down, Denied for a wrong secret."""
        self._ask("check", "", (), lambda: None)

    def discover(self) -> Sequence[ObjectSchema]:
        """Every object with its declared abilities."""
        return self._ask("discover", "", (), self.system.schemas)

    def read(self, obj: str, since: str | None = None) -> Iterator[Page]:
        """In the order of creation when everything is wanted, else in the order of the last change."""
        shelf = self.system.shelf(obj)
        cursor = Cursor.parse(since) if since is not None else Cursor(self.system.stamp(shelf, self.system.clock()), 0)
        if cursor.place is None and shelf.manners.changes != "full":
            return self._changes(obj, cursor)
        return self._everything(obj, Cursor(cursor.at, cursor.place or 0))

    def fetch(self, obj: str, ids: Sequence[str]) -> Sequence[Record]:
        """By id, at once: search lag does not hide a record from those who know its id."""

        def work() -> list[Record]:
            shelf = self.system.shelf(obj)
            found: dict[str, Record] = {}
            for asked in dict.fromkeys(ids):
                row = self._follow(shelf, asked)
                if row is not None:
                    record = found.get(row.id) or self._record(shelf, row)
                    led_on = (*record.aliases, asked) if asked != row.id else record.aliases
                    found[row.id] = record._replace(aliases=led_on)
            return list(found.values())

        return self._ask("fetch", obj, (tuple(ids),), work)

    def search(self, obj: str, by: Values) -> Sequence[Record]:
        """By natural key, token or any other fields; raises Unsupported where nothing can be searched."""

        def work() -> list[Record]:
            shelf = self.system.shelf(obj)
            if shelf.manners.create == "blind":
                raise Unsupported("memory.not_able", object=obj, verb="search")
            found = shelf.alike(tuple(by), tuple(by.values()))
            return [self._record(shelf, r) for r in found if self._mine(r) and self.system.visible(shelf, r)]

        return self._ask("search", obj, (dict(by),), work)

    def write(self, obj: str, writes: Sequence[Write]) -> Sequence[Written | HubError]:
        """One call for the batch, one outcome per record."""

        def work() -> list[Written | HubError]:
            shelf = self.system.shelf(obj)
            if len(writes) > shelf.manners.batch:
                raise Unsupported("memory.batch", object=obj, most=shelf.manners.batch, got=len(writes))
            return [outcome(lambda w=w: self._save(shelf, w)) for w in writes]  # type: ignore[misc]

        return self._ask("write", obj, (tuple(writes),), work)

    def call(self, obj: str, action: str, record_id: str, args: Values) -> Written:
        """A status step; raises Rejected where the state does not allow it."""

        def work() -> Written:
            row = self.system.step(obj, action, record_id, args, self.settings.user, self.settings.organisation)
            return self._written(self.system.shelf(obj), row)

        return self._ask("call", obj, (action, record_id, dict(args)), work)

    # ------------------------------------------------------------------- inside

    def _ask(self, verb: str, obj: str, args: tuple[Any, ...], work: Callable[[], T]) -> T:
        secret = self.settings.secret.get_secret_value()
        return self.system.serve(verb, obj, self.settings.user, secret, args, work)

    def _everything(self, obj: str, cursor: Cursor) -> Iterator[Page]:
        """Page by page, so that people may act in between; the cursor of the last page starts the change feed."""
        more = True
        while more:
            page, cursor, more = self._ask("read", obj, (cursor,), lambda at=cursor: self._slice(obj, at))  # type: ignore[misc]
            yield page

    def _slice(self, obj: str, cursor: Cursor) -> tuple[Page, Cursor, bool]:
        shelf = self.system.shelf(obj)
        place, records = cursor.place or 0, list[Record]()
        while place < len(shelf.order) and len(records) < shelf.manners.page:
            row = shelf.order[place]
            place += 1
            if self._mine(row) and self.system.visible(shelf, row):
                records.append(self._record(shelf, row))
        more = place < len(shelf.order)
        then = Cursor(cursor.at, place if more else None)
        return Page(records, then.text() if shelf.manners.changes != "full" else None), then, more

    def _changes(self, obj: str, cursor: Cursor) -> Iterator[Page]:
        """From a little before the cursor, so that late commits and equal stamps are read again rather than missed."""
        shelf = self.system.shelf(obj)
        manners = shelf.manners
        after = (cursor.at - timedelta(seconds=manners.lateness + manners.lag + (manners.stamps or 0)), -1)
        began = max(self.system.stamp(shelf, self.system.clock()), cursor.at)
        more = True
        while more:
            page, after, more = self._ask("read", obj, (after,), lambda at=after: self._feed(obj, at))  # type: ignore[misc]
            reached = began if not more else max(min(after[0], began), cursor.at)
            yield page._replace(cursor=Cursor(reached).text())

    def _feed(self, obj: str, after: tuple[datetime, int]) -> tuple[Page, tuple[datetime, int], bool]:
        shelf = self.system.shelf(obj)
        records, gone, more = list[Record](), list[str](), False
        for row in shelf.since(*after):
            if len(records) + len(gone) >= shelf.manners.page:
                more = True
                break
            after = (row.stamp, row.number)
            if not self._mine(row):
                continue
            if not row.gone and self.system.visible(shelf, row):
                records.append(self._record(shelf, row))
            elif row.gone and shelf.manners.changes == "cursor+deletes":
                gone.append(row.id)
        return Page(records, None, gone), after, more

    def _mine(self, row: Row) -> bool:
        return self.settings.organisation in ("", row.organisation)

    def _follow(self, shelf: Shelf, record_id: str) -> Row | None:
        row = shelf.find(self.settings.organisation, record_id)
        while row is not None and row.gone and row.moved_to and shelf.manners.redirects:
            row = shelf.find(row.organisation, row.moved_to)
        return row if row is not None and not row.gone else None

    def _save(self, shelf: Shelf, write: Write) -> Written:
        organisation = write.organisation or self.settings.organisation
        row = self.system.save(shelf.schema.name, write, self.settings.user, organisation)
        return self._written(shelf, row)

    def _written(self, shelf: Shelf, row: Row) -> Written:
        record = self._record(shelf, row)
        values = record.values if shelf.manners.returns and not row.gone else None
        return Written(record.id, values, record.version, record.modified_at)

    def _record(self, shelf: Shelf, row: Row) -> Record:
        manners = shelf.manners
        known = {f.name for f in shelf.schema.fields}
        return Record(
            row.id,
            {n: v for n, v in copied(row.values).items() if n in known},
            str(row.version) if manners.versions else None,
            row.stamp if manners.stamps is not None else None,
            row.author,
            row.organisation,
        )


class _NoHttp:
    """A system in memory has no network; whoever asks for it is wrong."""

    def send(self, *_: Any, **__: Any) -> Answer:
        raise Unsupported("memory.no_http")


def open_memory(
    system: MemorySystem,
    *,
    user: str = "hub",
    secret: str | None = None,
    organisation: str = "",
    sleep: Callable[[float], None] = lambda _: None,
) -> Memory:
    """A connector to that system, for tests; `secret` None means the right one."""
    site = Site(_NoHttp(), system.clock, sleep, connection=system.name, facts={"system": system})
    word = SecretStr(system.secret if secret is None else secret)
    return Memory(MemorySettings(system=system.name, user=user, secret=word, organisation=organisation), site)


CONNECTOR = Memory

__all__ = [
    "CONNECTOR",
    "Action",
    "Call",
    "Entry",
    "Hook",
    "Manners",
    "Memory",
    "MemorySettings",
    "MemorySystem",
    "cut",
    "narrow",
    "open_memory",
    "rounded",
    "trim",
    "upper",
]
