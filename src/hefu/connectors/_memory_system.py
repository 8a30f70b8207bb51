"""A business system in memory, with data, people and manners: the other end of the memory connector.

It is deterministic (its clock is handed in), counts every call and keeps every write, so that a test can say who
wrote what. Several connectors may open the same system; people work in it through `create`, `edit`, `delete`, `merge`.
"""

from __future__ import annotations

import threading
from bisect import bisect_left
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from weakref import WeakValueDictionary

from hefu.connectors._memory_manners import Call, Entry, Hook, Manners, Row
from hefu.connectors._memory_rules import Lines, copied, judge, rewritten
from hefu.core.errors import Denied, HubError, Missing, Rejected, Stale, Transient, Unsupported
from hefu.core.records import Field, ObjectSchema, Value, Values, Write

T = TypeVar("T")

SYSTEMS: WeakValueDictionary[str, MemorySystem] = WeakValueDictionary()
"""Systems of this process by name, for connections that come from a document."""


@dataclass(slots=True)
class Shelf:
    """The records of one object: by id, in the order of creation, and in the order of their last change."""

    schema: ObjectSchema
    manners: Manners
    rows: dict[tuple[str, str], Row] = field(default_factory=dict)
    anywhere: dict[str, Row] = field(default_factory=dict)
    indexes: dict[tuple[str, ...], dict[tuple[Value, ...], dict[Row, None]]] = field(default_factory=dict)
    order: list[Row] = field(default_factory=list)
    log: list[tuple[datetime, int, Row]] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def put(self, row: Row, number: int) -> None:
        """Note that a row changed."""
        row.number = number
        entry = (row.stamp, number, row)
        if self.log and self.log[-1][:2] > entry[:2]:
            self.log.insert(bisect_left(self.log, entry[:2], key=lambda e: e[:2]), entry)
        else:
            self.log.append(entry)
        if len(self.log) > 4 * len(self.order) + 1000:
            self.log = [e for e in self.log if e[2].number == e[1]]

    def since(self, stamp: datetime, number: int) -> Iterator[Row]:
        """Rows whose last change lies after (stamp, number), oldest change first."""
        start = bisect_left(self.log, (stamp, number + 1), key=lambda e: e[:2])
        return (e[2] for e in self.log[start:] if e[2].number == e[1])

    def find(self, organisation: str, record_id: str) -> Row | None:
        """The row of that id in that organisation ("" = whichever has it), gone ones too."""
        return self.rows.get((organisation, record_id)) if organisation else self.anywhere.get(record_id)

    def add(self, row: Row) -> None:
        """Take in a new row."""
        self.rows[row.organisation, row.id] = row
        self.anywhere.setdefault(row.id, row)
        self.order.append(row)

    def index(self, row: Row) -> None:
        """Note a row's values where they are looked up; old notes are weeded out by `alike`."""
        for names, index in self.indexes.items():
            index.setdefault(tuple(row.values.get(n) for n in names), {})[row] = None

    def alike(self, names: tuple[str, ...], wanted: tuple[Value, ...]) -> list[Row]:
        """Living rows that hold just these values in these fields (none of them lines)."""
        if names not in self.indexes:
            self.indexes[names] = {}
            for row in self.order:
                self.index(row)
        found = self.indexes[names].get(wanted, {})
        return [r for r in found if not r.gone and tuple(r.values.get(n) for n in names) == wanted]


class MemorySystem:
    """A system with objects. `clock` tells the true time; `calls_per_second` and `daily_calls` are its patience.

    Attributes for tests to set: `hook`, `down` (nobody answers), `secret`, `users` (None = everybody), `denied`
    (objects without rights), `calls` (counter by verb), `log` (every write of anybody, in order).
    """

    def __init__(
        self,
        name: str,
        clock: Callable[[], datetime],
        *,
        secret: str = "",
        calls_per_second: int | None = None,
        daily_calls: int | None = None,
        tells_when: bool = True,
    ) -> None:
        self.name = name
        self.clock = clock
        self.secret = secret
        self.users: set[str] | None = None
        self.denied: set[str] = set()
        self.down = False
        self.hook: Hook | None = None
        self.calls: Counter[str] = Counter()
        self.log: list[Entry] = []
        self.calls_per_second, self.daily_calls, self.tells_when = calls_per_second, daily_calls, tells_when
        self._shelves: dict[str, Shelf] = {}
        self._recent: deque[datetime] = deque()
        self._today: tuple[object, int] = (None, 0)
        self._number = 0
        self._lock = threading.RLock()
        SYSTEMS[name] = self

    # ------------------------------------------------------------------ objects

    def define(
        self,
        name: str,
        fields: Iterable[Field],
        manners: Manners | None = None,
        *,
        key: Sequence[str] = (),
        label: str = "",
        state: str | None = None,
        locked: Mapping[str, tuple[str, ...]] | None = None,
    ) -> ObjectSchema:
        """Add an object, or alter its fields and manners; its records stay. ValueError: a keyed create without key."""
        manners = manners or Manners()
        if manners.create in ("key", "upsert") and not key:
            raise ValueError(f"{name}: create={manners.create!r} needs a key")
        schema = ObjectSchema(name, tuple(fields), label, tuple(key), manners.abilities(), state, locked or {})
        with self._lock:
            there = self._shelves.get(name)
            if there is None:
                self._shelves[name] = Shelf(schema, manners)
            else:
                there.schema, there.manners = schema, manners
        return schema

    def hide(self, name: str) -> None:
        """Take an object and its records away."""
        del self._shelves[name]

    def schemas(self) -> list[ObjectSchema]:
        """Every object, in the order of definition."""
        return [shelf.schema for shelf in self._shelves.values()]

    def shelf(self, obj: str) -> Shelf:
        """The records of an object; raises Unsupported for an unknown one."""
        found = self._shelves.get(obj)
        if found is None:
            raise Unsupported("memory.unknown_object", system=self.name, object=obj, known=", ".join(self._shelves))
        return found

    # ------------------------------------------------------------------- people

    def create(
        self,
        obj: str,
        values: Values,
        *,
        who: str = "user",
        organisation: str = "",
        record_id: str | None = None,
        late: float | None = None,
    ) -> str:
        """A person adds a record (no rule refuses it); its id."""
        with self._lock:
            return self._insert(self.shelf(obj), values, who, organisation, record_id, late).id

    def edit(
        self,
        obj: str,
        record_id: str,
        values: Values,
        *,
        who: str = "user",
        organisation: str = "",
        late: float | None = None,
    ) -> None:
        """A person changes fields. `late`: seconds from its stamp to now, else the manners' lateness."""
        with self._lock:
            shelf = self.shelf(obj)
            self._save(shelf, self._there(shelf, organisation, record_id), values, who, late)

    def delete(self, obj: str, record_id: str, *, who: str = "user", organisation: str = "") -> None:
        """A person deletes a record."""
        with self._lock:
            shelf = self.shelf(obj)
            self._remove(shelf, self._there(shelf, organisation, record_id), who)

    def restore(self, obj: str, record_id: str, *, who: str = "user", organisation: str = "") -> None:
        """A person brings a deleted or merged record back, as it was."""
        with self._lock:
            shelf = self.shelf(obj)
            row = shelf.find(organisation, record_id)
            if row is None:
                raise Missing("memory.missing", object=obj, id=record_id)
            row.gone, row.moved_to = False, None
            off = {shelf.manners.soft_delete: False} if shelf.manners.soft_delete else {}
            self._save(shelf, row, off, who, None, verb="restore")

    def merge(self, obj: str, winner: str, loser: str, *, who: str = "user", organisation: str = "") -> None:
        """A person merges two records: the loser is gone, and its id leads to the winner."""
        with self._lock:
            shelf = self.shelf(obj)
            row = self._there(shelf, organisation, loser)
            row.moved_to = self._there(shelf, organisation, winner).id
            row.gone = True
            self._note(shelf, row, "merge", who, {}, {}, None)

    def act(self, obj: str, action: str, record_id: str, *, who: str = "user", organisation: str = "") -> None:
        """A person runs a status step; raises Rejected where it is not legal."""
        with self._lock:
            self.step(obj, action, record_id, {}, who, organisation)

    def get(self, obj: str, record_id: str, organisation: str = "") -> dict[str, Value] | None:
        """The values of a living record as people see them, or None."""
        row = self.shelf(obj).find(organisation, record_id)
        return copied(row.values) if row and not row.gone else None

    def all(self, obj: str) -> dict[str, dict[str, Value]]:
        """Every living record: id -> values (of organisations that share ids, the last)."""
        return {row.id: copied(row.values) for row in self.shelf(obj).order if not row.gone}

    def written(self, who: str = "hub", obj: str | None = None) -> list[Entry]:
        """The writes of one author, oldest first."""
        return [e for e in self.log if e.who == who and obj in (None, e.object)]

    # --------------------------------------------------------- what connectors ask

    def serve(self, verb: str, obj: str, who: str, secret: str, args: tuple[Any, ...], work: Callable[[], T]) -> T:
        """Run one call of a connector: hook, admission, work, hook."""
        with self._lock:
            self.calls[verb] += 1
            call = Call(self.calls.total(), verb, obj, who, args)
        if self.hook:
            self.hook.before(call)
        with self._lock:
            self._admit(call, secret)
            call.result = work()
        if self.hook:
            self.hook.after(call)
        result: T = call.result
        return result

    def _admit(self, call: Call, secret: str) -> None:
        if self.down:
            raise Transient("memory.unreachable", system=self.name)
        if secret != self.secret or (self.users is not None and call.who not in self.users):
            raise Denied("memory.wrong_secret", system=self.name, user=call.who)
        if call.object in self.denied:
            raise Denied("memory.no_right", system=self.name, user=call.who, object=call.object)
        now = self.clock()
        if self.calls_per_second is not None:
            while self._recent and now - self._recent[0] >= timedelta(seconds=1):
                self._recent.popleft()
            if len(self._recent) >= self.calls_per_second:
                wait = 1 - (now - self._recent[0]).total_seconds()
                raise Transient("memory.too_many_calls", after=wait if self.tells_when else None, system=self.name)
            self._recent.append(now)
        if self.daily_calls is not None:
            day, used = self._today
            used = used if day == now.date() else 0
            if used >= self.daily_calls:
                midnight = datetime.combine(now.date() + timedelta(days=1), datetime.min.time(), now.tzinfo)
                wait = (midnight - now).total_seconds()
                raise Transient("memory.quota", after=wait if self.tells_when else None, system=self.name)
            self._today = (now.date(), used + 1)

    def visible(self, shelf: Shelf, row: Row) -> bool:
        """Whether reads and searches find the row by now."""
        return not row.gone and (self.clock() - row.created).total_seconds() >= shelf.manners.lag

    def save(self, obj: str, write: Write, who: str, organisation: str) -> Row:
        """Carry out one write of a connector; raises what is refused."""
        shelf = self.shelf(obj)
        if write.id is None:
            return self._create(shelf, write, who, organisation)
        verb = "delete" if write.values is None else "update"
        self._may(shelf, verb, getattr(shelf.manners, verb))
        row = self._there(shelf, organisation, write.id)
        self._check(shelf, row, write)
        if write.values is None:
            self._unlocked(shelf, row, {"*": None})
            return self._remove(shelf, row, who)
        self._unlocked(shelf, row, write.values)
        return self._save(shelf, row, write.values, who, 0.0, strict=True)

    def step(self, obj: str, action: str, record_id: str, args: Values, who: str, organisation: str) -> Row:
        """Run a status step; raises Unsupported, Missing or Rejected."""
        shelf = self.shelf(obj)
        known = shelf.manners.actions
        if action not in known or shelf.schema.state is None:
            raise Unsupported("memory.no_action", object=obj, action=action, known=", ".join(known))
        row = self._there(shelf, organisation, record_id)
        state, field_name = row.values.get(shelf.schema.state), shelf.schema.state
        if "*" not in known[action].states and state not in known[action].states:
            legal = ", ".join(known[action].states)
            raise Rejected("memory.illegal_step", field=field_name, action=action, state=state, legal=legal)
        after = {**row.values, **args, field_name: known[action].to}
        if (gate := shelf.manners.gates.get(action)) and (refused := gate(row.values, after)):
            raise refused
        return self._save(shelf, row, {**args, field_name: known[action].to}, who, 0.0, verb=action)

    # ------------------------------------------------------------------- inside

    def _create(self, shelf: Shelf, write: Write, who: str, organisation: str) -> Row:
        self._may(shelf, "create", shelf.manners.create != "no")
        values, mode, key = dict(write.values or {}), shelf.manners.create, shelf.schema.key
        if mode == "token" and shelf.manners.token_field:
            values.setdefault(shelf.manners.token_field, write.token)
        if refused := judge(shelf.schema, values, creates=True):
            raise refused
        if mode == "upsert":
            wanted = self._kept(shelf, values)
            for row in shelf.alike(key, tuple(wanted.get(n) for n in key)):
                if row.organisation == organisation:
                    return self._save(shelf, row, values, who, 0.0, strict=True)
        return self._insert(shelf, values, who, organisation, None, 0.0, strict=True)

    def _insert(
        self,
        shelf: Shelf,
        values: Values,
        who: str,
        organisation: str,
        record_id: str | None,
        late: float | None,
        *,
        strict: bool = False,
    ) -> Row:
        ours = record_id is None
        record_id = record_id or shelf.manners.identify(shelf.counts[organisation] + 1)
        blank = {f.name: None for f in shelf.schema.fields}
        now = self.clock()
        row = Row(
            record_id, organisation, len(shelf.order), {**blank, **shelf.manners.defaults}, now, now, who, version=0
        )
        self._fill(shelf, row, values, creates=True, strict=strict)
        shelf.add(row)
        shelf.counts[organisation] += ours
        self._note(shelf, row, "create", who, {}, {n: row.values.get(n) for n in values}, late)
        return row

    def _save(
        self,
        shelf: Shelf,
        row: Row,
        values: Values,
        who: str,
        late: float | None,
        *,
        strict: bool = False,
        verb: str = "update",
    ) -> Row:
        before = row.values
        if strict and (refused := judge(shelf.schema, values, creates=False)):
            raise refused
        self._fill(shelf, row, values, creates=False, strict=strict)
        self._note(
            shelf, row, verb, who, {n: before.get(n) for n in values}, {n: row.values.get(n) for n in values}, late
        )
        return row

    def _kept(self, shelf: Shelf, values: Values) -> dict[str, Value]:
        return rewritten(shelf.schema, shelf.manners, values)

    def _fill(self, shelf: Shelf, row: Row, values: Values, *, creates: bool, strict: bool) -> None:
        """Give a row its new values, or leave it untouched and raise."""
        for name in values:
            if shelf.schema.field(name) is None:
                raise Unsupported("memory.unknown_field", object=shelf.schema.name, field=name)
        incoming = self._kept(shelf, values)
        mode = shelf.manners.lines if strict else "whole"
        if refused := Lines(shelf.schema, mode, row.id).fold(row.values, incoming, row.version + 1):
            raise refused
        after = {**row.values, **incoming}
        if shelf.manners.derive:
            after |= shelf.manners.derive(after)
        if strict:
            self._unique(shelf, row, after)
            for rule in shelf.manners.rules:
                if refused := rule(None if creates else row.values, after):
                    raise refused
        row.values = after
        shelf.index(row)

    def _unique(self, shelf: Shelf, row: Row, after: Values) -> None:
        alone: list[tuple[str, ...]] = [(f.name,) for f in shelf.schema.fields if f.unique]
        if shelf.manners.create == "key" and shelf.schema.key:
            alone.append(shelf.schema.key)
        for names in alone:
            mine = tuple(after.get(n) for n in names)
            if any(v in (None, "") for v in mine):
                continue
            for other in shelf.alike(names, mine):
                if other is not row and other.organisation == row.organisation:
                    raise Rejected(
                        "memory.duplicate", field=names[0], object=shelf.schema.name, name=", ".join(names), id=other.id
                    )

    def _remove(self, shelf: Shelf, row: Row, who: str) -> Row:
        if shelf.manners.soft_delete:
            return self._save(shelf, row, {shelf.manners.soft_delete: True}, who, None, verb="delete")
        row.gone = True
        self._note(shelf, row, "delete", who, {}, {}, None)
        return row

    def _note(
        self, shelf: Shelf, row: Row, verb: str, who: str, before: Values, after: Values, late: float | None
    ) -> None:
        now = self.clock()
        self._number += 1
        row.version += 1
        row.author = who
        row.stamp = self.stamp(shelf, now - timedelta(seconds=shelf.manners.lateness if late is None else late))
        shelf.put(row, self._number)
        self.log.append(
            Entry(
                self._number, now, who, verb, shelf.schema.name, row.id, row.organisation, copied(before), copied(after)
            )
        )

    def stamp(self, shelf: Shelf, at: datetime) -> datetime:
        """That true time as this system's clock and resolution have it."""
        at = at.astimezone(UTC) + timedelta(seconds=shelf.manners.skew)
        unit = timedelta(seconds=shelf.manners.stamps or 1e-6)
        return at - (at - datetime(2000, 1, 1, tzinfo=UTC)) % unit

    def _there(self, shelf: Shelf, organisation: str, record_id: str) -> Row:
        row = shelf.find(organisation, record_id)
        if row is None or row.gone:
            moved = row.moved_to if row else None
            raise Missing("memory.missing", object=shelf.schema.name, id=record_id, moved_to=moved)
        return row

    def _may(self, shelf: Shelf, verb: str, allowed: bool) -> None:
        if not allowed:
            raise Unsupported("memory.not_able", object=shelf.schema.name, verb=verb)

    def _check(self, shelf: Shelf, row: Row, write: Write) -> None:
        how = shelf.manners.conditional
        if how == "version" and write.version is not None and write.version != str(row.version):
            raise Stale("memory.stale", object=shelf.schema.name, id=row.id)
        if how == "values" and any(row.values.get(n) != v for n, v in (write.expect or {}).items()):
            raise Stale("memory.stale", object=shelf.schema.name, id=row.id)

    def _unlocked(self, shelf: Shelf, row: Row, values: Values) -> None:
        state = row.values.get(shelf.schema.state) if shelf.schema.state else None
        free = shelf.schema.locked.get(state) if isinstance(state, str) else None
        shut = [n for n in values if free is not None and n not in free]
        if shut:
            raise Rejected("memory.locked", field=shut[0], object=shelf.schema.name, name=shut[0], state=state)


def outcome(work: Callable[[], T]) -> T | HubError:
    """What `work` gives or the error it raises: one bad record does not spoil a batch."""
    try:
        return work()
    except HubError as error:
        return error
