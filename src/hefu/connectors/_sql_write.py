"""Writing into tables: one transaction for a batch, in as few statements as it takes.

A batch is sorted into groups of like writes. A group that the database refuses is tried again in halves behind a
savepoint, down to the record at fault, so that one bad record costs a few statements and spoils nothing. What is now
stored is read back in the same transaction: triggers, roundings and defaults included.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any

from sqlalchemy.engine import Connection

from hefu.connectors import _sql_bulk as bulk
from hefu.connectors._sql_errors import speaks_database, told
from hefu.connectors._sql_lines import write_lines
from hefu.connectors._sql_read import one_of, records_by_keys, rows_of, select_of
from hefu.connectors._sql_tables import Raw, Shape
from hefu.connectors._sql_values import dump_column, load_column, stored_as_dumped
from hefu.core.errors import HubError, Missing, Rejected, Stale, Unsupported
from hefu.core.records import Record, Value, Values, Write, Written

Outcome = Written | HubError


@dataclass(slots=True)
class Group:
    """Writes of one verb to the same columns: `rows` hold the raw values of `names`, `keys` the raw ids (if any).

    `places` say where in the batch each came from.
    """

    verb: str
    names: list[str]
    rows: list[Raw]
    keys: list[Raw]
    places: list[int]
    writes: list[Write] = field(default_factory=list)

    def part(self, start: int, end: int) -> Group:
        """Some of it."""
        cut = slice(start, end)
        return Group(self.verb, self.names, self.rows[cut], self.keys[cut], self.places[cut], self.writes[cut])


class Writer:
    """Carries one batch out. `stamp`: raw value for the modified column, if we keep it."""

    def __init__(self, connection: Connection, shape: Shape, name: str, stamp: Any = None) -> None:
        self._connection, self._shape, self._name, self._stamp = connection, shape, name, stamp
        self._outcomes: dict[int, Outcome] = {}

    def run(self, writes: Sequence[Write]) -> list[Outcome]:
        """One outcome per write, in order. Raises what concerns the whole batch."""
        for portion in rounds(writes):
            for group in self._sorted(writes, portion):
                self._attempt(group)
        return [self._outcomes[i] for i in range(len(writes))]

    # ------------------------------------------------------------------------ sorting

    def _sorted(self, writes: Sequence[Write], portion: Sequence[int]) -> list[Group]:
        """Creates, then updates, then deletes, each by the columns they name."""
        sets: dict[tuple[str, tuple[str, ...]], list[int]] = {}
        for i in portion:
            w = writes[i]
            verb = "create" if w.id is None else "delete" if w.values is None else "update"
            sets.setdefault((verb, tuple(w.values or ())), []).append(i)
        out = [self._group(verb, names, places, writes) for (verb, names), places in sets.items()]
        found = [g for g in out if g is not None and g.places]
        return sorted(found, key=lambda g: ("create", "update", "delete").index(g.verb))

    def _group(self, verb: str, names: tuple[str, ...], places: list[int], writes: Sequence[Write]) -> Group | None:
        refused = self._not_allowed(verb, names)
        if refused is not None:
            self._outcomes.update(dict.fromkeys(places, refused))
            return None
        keys: list[Raw] = []
        if verb != "create":
            places, keys = self._keyed(places, writes)
        own = [n for n in names if n not in self._shape.lines]
        chosen = [writes[i] for i in places]
        rows, bad = self._rows(own, chosen)
        group = Group(verb, own, rows, keys, list(places), chosen)
        if bad:
            for at, error in bad.items():
                self._outcomes[places[at]] = error
            keep = [at for at in range(len(places)) if at not in bad]
            group = Group(
                verb,
                own,
                [rows[a] for a in keep],
                [keys[a] for a in keep] if keys else [],
                [places[a] for a in keep],
                [chosen[a] for a in keep],
            )
        return self._completed(group)

    def _not_allowed(self, verb: str, names: Sequence[str]) -> HubError | None:
        able, rows = self._shape.schema.abilities, self._shape.rows
        allowed = {"create": able.create != "no", "update": able.update, "delete": able.delete}[verb]
        if not allowed:
            return Unsupported("sql.not_able", connection=self._name, object=self._shape.schema.name, verb=verb)
        for name in names:
            column = rows.by_name.get(name)
            if name in self._shape.lines or (
                column is not None and (column.free or (verb == "update" and name in rows.pk))
            ):
                continue
            if column is None:
                return self._shape.unknown(name, self._name)
            obj = self._shape.schema.name
            return Unsupported("sql.read_only_field", connection=self._name, object=obj, name=name)
        return None

    def _keyed(self, places: list[int], writes: Sequence[Write]) -> tuple[list[int], list[Raw]]:
        raw = {i: self._shape.rows.raw(writes[i].id or "") for i in places}
        for i, key in raw.items():
            if key is None:
                self._outcomes[i] = self._missing(writes[i].id)
        kept = {i: key for i, key in raw.items() if key is not None}
        return list(kept), list(kept.values())

    def _missing(self, record_id: str | None) -> Missing:
        return Missing("sql.missing", connection=self._name, object=self._shape.schema.name, id=record_id)

    def _rows(self, names: Sequence[str], writes: Sequence[Write]) -> tuple[list[Raw], dict[int, HubError]]:
        """Raw values column by column, and the writes whose values do not fit."""
        if not names or not writes:
            return [()] * len(writes), {}
        take: Callable[[Any], Any] = itemgetter(*names)
        picked = [take(w.values) for w in writes]
        columns = [picked] if len(names) == 1 else list(zip(*picked, strict=True))
        bad: dict[int, HubError] = {}
        dumped, texts = [], self._connection.dialect.name == "sqlite"
        for name, column in zip(names, columns, strict=True):
            raw, misfits = dump_column(self._shape.rows.by_name[name].kind, column, texts=texts)
            dumped.append(raw)
            for at in misfits:
                bad.setdefault(at, self._misfit(name, column[at]))
        return list(zip(*dumped, strict=True)), bad

    def _misfit(self, name: str, value: Value) -> Rejected:
        kind = self._shape.rows.by_name[name].kind.type.value
        said = f"{type(value).__name__} {str(value)[:60]!r}"
        return Rejected("sql.misfit", field=name, object=self._shape.schema.name, name=name, type=kind, value=said)

    def _completed(self, group: Group) -> Group:
        """With the columns that are ours to fill: token, first version, modified stamp."""
        spec, creates = self._shape.spec, group.verb == "create"
        extra: dict[str, list[Any]] = {}
        if creates and spec.token:
            extra[spec.token] = [w.token or None for w in group.writes]
        if creates and self._shape.bump:
            extra[self._shape.bump] = [1] * len(group.writes)
        if spec.touch and spec.modified and group.verb != "delete":
            extra[spec.modified] = [self._stamp] * len(group.writes)
        if extra:
            added = list(zip(*extra.values(), strict=True))
            group.rows = [(*row, *more) for row, more in zip(group.rows, added, strict=True)]
            group.names = [*group.names, *extra]
        return group

    # ------------------------------------------------------------------------- trying

    def _attempt(self, group: Group) -> None:
        """Carry a group out; what the database refuses is halved until the record at fault stands alone."""
        if not group.places:
            return
        try:
            with self._connection.begin_nested():
                done = self._carry_out(group)
                bulk.settle_constraints(self._connection)
        except Exception as problem:
            if not isinstance(problem, HubError) and not speaks_database(problem):
                raise
            error = told(problem, connection=self._name, obj=self._shape.schema.name, columns=self._blamable())
            if not isinstance(error, Rejected):
                raise error from problem
            if error.code == "sql.duplicate" and self._without_duplicates(group):
                return
            if len(group.places) == 1:
                self._outcomes[group.places[0]] = self._blamed(error, group)
                return
            middle = len(group.places) // 2
            self._attempt(group.part(0, middle))
            self._attempt(group.part(middle, len(group.places)))
        else:
            self._outcomes.update(zip(group.places, done, strict=True))

    def _without_duplicates(self, group: Group) -> bool:
        """Refuse creates whose natural key is there already, found in one question, and try the others."""
        if group.verb != "create" or self._shape.schema.abilities.create != "key" or len(group.places) == 1:
            return False
        taken = self._by_natural_key(group, lock=False)
        ids = dict(zip(taken, self._shape.rows.ids(list(taken.values())), strict=True))
        for at, record_id in ids.items():
            self._outcomes[group.places[at]] = self._duplicate(record_id)
        if taken:
            self._attempt(_pick(group, [at for at in range(len(group.places)) if at not in taken]))
        return bool(taken)

    def _duplicate(self, record_id: str) -> Rejected:
        name = self._shape.schema.key[0]
        facts = {"connection": self._name, "object": self._shape.schema.name, "name": name}
        return Rejected("sql.duplicate", field=name, message=f"id {record_id}", **facts)

    def _blamable(self) -> tuple[str, ...]:
        return tuple(self._shape.rows.names)

    def _blamed(self, error: Rejected, group: Group) -> Rejected:
        """With the field that is too long where the database does not name it."""
        if error.field is None and error.code == "sql.too_long":
            for name, value in zip(group.names, group.rows[0], strict=True):
                length = self._shape.rows.by_name[name].kind.length
                if length is not None and isinstance(value, str) and len(value) > length:
                    return Rejected(error.code, field=name, **{**error.facts, "name": name})
        return error

    def _carry_out(self, group: Group) -> list[Outcome]:
        if group.verb == "create":
            return self._create(group)
        if group.verb == "update":
            return self._update(group)
        return self._delete(group)

    # ------------------------------------------------------------------------- verbs

    def _create(self, group: Group) -> list[Outcome]:
        shape = self._shape
        if shape.schema.abilities.create == "upsert":
            return self._upsert(group)
        if shape.checked_key:
            taken = self._by_natural_key(group, lock=False)
            if taken:
                return self._create_new_ones(group, taken)
        return self._insert(group)

    def _insert(self, group: Group) -> list[Outcome]:
        keys = bulk.insert(self._connection, self._shape.rows, group.names, group.rows)
        write_lines(self._connection, self._shape, keys, group.writes)
        return self._known_answers(group, keys) or self._answers(keys, group.writes)

    def _known_answers(self, group: Group, keys: Sequence[Raw]) -> list[Outcome] | None:
        """What is stored now, without asking: where nothing but our values, blanks and the new id can be there."""
        shape, rows = self._shape, self._shape.rows
        if shape.tricky or shape.lines or self._connection.dialect.name not in ("postgresql", "sqlite"):
            return None
        raw = dict(zip(group.names, zip(*group.rows, strict=True), strict=True))
        if not all(stored_as_dumped(rows.by_name[n].kind, column) for n, column in raw.items()):
            return None
        if any(c.default is not None and c.name not in raw and c.name not in rows.pk for c in rows.columns):
            return None
        raw |= dict(zip(rows.pk, zip(*keys, strict=True), strict=True))
        ours = set(group.writes[0].values or ())
        other = {
            n: load_column(rows.by_name[n].kind, c)
            for n, c in raw.items()
            if n not in ours or not rows.by_name[n].kind.same
        }
        return self._composed(group.writes, other, rows.ids(keys))

    def _composed(
        self, writes: Sequence[Write], other: Mapping[str, Sequence[Value]], ids: Sequence[str]
    ) -> list[Outcome]:
        """Answers from what was sent and the columns that are not as they were sent."""
        spec, blank = self._shape.spec, dict.fromkeys(self._shape.rows.names)
        versions, stamps = other.get(spec.version or ""), other.get(spec.modified or "")
        every = [{**blank, **(w.values or {})} for w in writes]
        for name, column in other.items():
            for values, value in zip(every, column, strict=True):
                values[name] = value
        if versions is None and stamps is None:
            return list(map(Written, ids, every))
        return [
            Written(i, v, str(versions[at]) if versions else None, stamps[at] if stamps else None)
            for at, (i, v) in enumerate(zip(ids, every, strict=True))
        ]

    def _create_new_ones(self, group: Group, taken: Mapping[int, Raw]) -> list[Outcome]:
        """Where only we keep the natural key unique: those that are there already are refused."""
        ids = dict(zip(taken, self._shape.rows.ids(list(taken.values())), strict=True))
        fresh = [at for at in range(len(group.places)) if at not in taken]
        new = iter(self._insert(_pick(group, fresh)) if fresh else [])
        return [self._duplicate(ids[at]) if at in taken else next(new) for at in range(len(group.places))]

    def _by_natural_key(self, group: Group, *, lock: bool) -> dict[int, Raw]:
        """Place in the group -> raw id of the record that has its natural key."""
        key, rows = self._shape.schema.key, self._shape.rows
        if not set(key) <= set(group.names):
            return {}
        at = [group.names.index(n) for n in key]
        wanted: dict[Raw, list[int]] = {}
        for place, row in enumerate(group.rows):
            wanted.setdefault(tuple(row[a] for a in at), []).append(place)
        statement = select_of(rows).where(
            one_of(self._connection.dialect.name, [rows.table.c[n] for n in key], list(wanted))
        )
        found = rows_of(self._connection, statement.with_for_update() if lock else statement)
        mine, ids = [rows.names.index(n) for n in key], rows.pk_places()
        out: dict[int, Raw] = {}
        for row in found:
            for place in wanted.get(tuple(row[m] for m in mine), ()):
                out[place] = tuple(row[i] for i in ids)
        return out

    def _upsert(self, group: Group) -> list[Outcome]:
        """A create whose key is there patches that record."""
        there = self._by_natural_key(group, lock=True)
        fresh, known = [a for a in range(len(group.places)) if a not in there], list(there)
        out: dict[int, Outcome] = {}
        if fresh:
            out.update(zip(fresh, self._insert(_pick(group, fresh)), strict=True))
        if known:
            patch = _pick(group, known)
            patch.keys = [there[a] for a in known]
            spec = self._shape.spec
            ours = [i for i, n in enumerate(patch.names) if n not in self._shape.rows.pk and n != spec.version]
            patch.rows = [tuple(row[i] for i in ours) for row in patch.rows]
            patch.names = [patch.names[i] for i in ours]
            out.update(zip(known, self._patch(patch), strict=True))
        return [out[a] for a in range(len(group.places))]

    def _update(self, group: Group) -> list[Outcome]:
        refused = self._conditions(group)
        moved = self._moves(group)
        kept = [a for a in range(len(group.places)) if a not in refused and a not in moved]
        pk = [i for i, n in enumerate(group.names) if n in self._shape.rows.pk]
        patch = _pick(group, kept)
        if pk:
            patch.rows = [tuple(v for i, v in enumerate(row) if i not in pk) for row in patch.rows]
            patch.names = [n for n in group.names if n not in self._shape.rows.pk]
        new = iter(self._patch(patch) if kept else [])
        return [refused.get(a) or moved.get(a) or next(new) for a in range(len(group.places))]

    def _moves(self, group: Group) -> dict[int, HubError]:
        """Writes that would change an id: a record keeps the one it has."""
        out: dict[int, HubError] = {}
        for i, name in enumerate(group.names):
            if name in self._shape.rows.pk:
                part = self._shape.rows.pk.index(name)
                for at, (row, key) in enumerate(zip(group.rows, group.keys, strict=True)):
                    if row[i] != key[part]:
                        out[at] = Rejected("sql.fixed_id", field=name, object=self._shape.schema.name, name=name)
        return out

    def _patch(self, group: Group) -> list[Outcome]:
        if group.names or self._shape.bump:
            bulk.update(self._connection, self._shape.rows, group.names, group.rows, group.keys, self._shape.bump)
        write_lines(self._connection, self._shape, group.keys, group.writes)
        return self._answers(group.keys, group.writes)

    def _delete(self, group: Group) -> list[Outcome]:
        refused = self._conditions(group)
        there = records_by_keys(self._connection, self._shape, group.keys, lock=True)
        doomed = [k for a, k in enumerate(group.keys) if k in there and a not in refused]
        for part in self._shape.lines.values():
            bulk.delete(self._connection, part.rows, part.foreign, doomed)
        bulk.delete(self._connection, self._shape.rows, self._shape.rows.pk, doomed)
        return [
            refused.get(a) or (Written(w.id or "") if k in there else self._missing(w.id))
            for a, (k, w) in enumerate(zip(group.keys, group.writes, strict=True))
        ]

    # -------------------------------------------------------------------- conditions

    def _conditions(self, group: Group) -> dict[int, HubError]:
        """Conditional writes whose record is not as expected, by place in the group.

        The rows are locked and compared here rather than in a WHERE, which would follow the database's collation
        (MySQL finds "ABC" equal to "abc") and could not say which record was stale.
        """
        by_version = self._shape.schema.abilities.conditional == "version"
        asked = [a for a, w in enumerate(group.writes) if (w.version if by_version else w.expect) is not None]
        if not asked:
            return {}
        now = records_by_keys(self._connection, self._shape, [group.keys[a] for a in asked], lock=True)
        out: dict[int, HubError] = {}
        for a in asked:
            write, record = group.writes[a], now.get(group.keys[a])
            if record is None:
                out[a] = self._missing(write.id)
            elif _stale(record, write, by_version=by_version):
                out[a] = Stale("sql.stale", connection=self._name, object=self._shape.schema.name, id=write.id)
        return out

    def _answers(self, keys: Sequence[Raw], writes: Sequence[Write]) -> list[Outcome]:
        """What is stored now, for each write."""
        now = records_by_keys(self._connection, self._shape, list(dict.fromkeys(keys)))
        out: list[Outcome] = []
        for key, write in zip(keys, writes, strict=True):
            record = now.get(key)
            if record is None:
                out.append(self._missing(write.id or self._shape.rows.ids([key])[0]))
            else:
                out.append(Written.of(record))
        return out


def _pick(group: Group, places: Sequence[int]) -> Group:
    return Group(
        group.verb,
        group.names,
        [group.rows[a] for a in places],
        [group.keys[a] for a in places] if group.keys else [],
        [group.places[a] for a in places],
        [group.writes[a] for a in places],
    )


def _stale(record: Record, write: Write, *, by_version: bool) -> bool:
    if by_version:
        return write.version != record.version
    expected: Values = write.expect or {}
    return any(record.values.get(name) != value for name, value in expected.items())


def rounds(writes: Sequence[Write]) -> list[list[int]]:
    """Places in portions in which no record occurs twice, so that the order of its writes is kept."""
    ids = [w.id for w in writes if w.id is not None]
    if len(set(ids)) == len(ids):
        return [list(range(len(writes)))]
    out: list[list[int]] = [[]]
    seen: set[str] = set()
    for place, write in enumerate(writes):
        if write.id is not None and write.id in seen:
            out.append([])
            seen = set()
        if write.id is not None:
            seen.add(write.id)
        out[-1].append(place)
    return out
