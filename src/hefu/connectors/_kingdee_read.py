"""Reading Kingdee: pages that miss nothing, records out of rows that a query has multiplied by their lines.

Pages go on by internal id, never by row number: a record that is edited meanwhile moves no other one. A read of
changes keeps its time window fixed; what changes again while it runs is met by the next one.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from hefu.connectors._kingdee_errors import Fault, Where, error_of, outcome_of, status_of
from hefu.connectors._kingdee_forms import made_from
from hefu.connectors._kingdee_schema import KEY, LINES, Bound
from hefu.connectors._kingdee_session import FORMS as SERVICE
from hefu.connectors._kingdee_session import Reply, Session
from hefu.connectors._kingdee_values import id_literal, literal, local, reader
from hefu.core.connector import Site
from hefu.core.env import stamp
from hefu.core.errors import Rejected, Unsupported
from hefu.core.records import Page, Record, Value

_MANY = 300
"""Most ids or numbers in one filter text."""

Cells = list[Any]


class Cursor(NamedTuple):
    """Where a read stands.

    since: changes from then on are wanted (None: everything).  began: the site's clock at the start of a read that is
    under way, and after: the id of the last record that it gave.
    """

    since: datetime | None = None
    began: datetime | None = None
    after: str = ""

    def text(self) -> str:
        """As kept by the hub."""
        return json.dumps([self.since and stamp(self.since), self.began and stamp(self.began), self.after])

    @classmethod
    def parse(cls, text: str | None) -> Cursor:
        """Raises Unsupported for a text that is none of ours."""
        if text is None:
            return cls()
        try:
            since, began, after = json.loads(text)
            return cls(since and datetime.fromisoformat(since), began and datetime.fromisoformat(began), str(after))
        except (ValueError, TypeError, AttributeError) as error:
            raise Unsupported("kingdee.bad_cursor", cursor=text[:80]) from error


class Reader:
    """Looks into one tenant. `bound` gives a form as the tenant has it, None where it has no such form."""

    def __init__(self, session: Session, site: Site, bound: Any) -> None:
        self._session, self._site, self._bound = session, site, bound
        self.zone = site.zone
        self._numbers: dict[tuple[str, str], str] = {}
        self._ids: dict[tuple[str, str], str] = {}
        self._lock = threading.Lock()

    # --------------------------------------------------------------------- asking

    def query(self, form: str, keys: Sequence[str], where: str, order: str, limit: int, start: int = 0) -> Reply:
        """Rows of cells in the order of `keys`. Raises what the site complains of."""
        data = {
            "FormId": form,
            "FieldKeys": ",".join(keys),
            "FilterString": where,
            "OrderString": order,
            "TopRowCount": 0,  # an end row, not a size: a fixed one would leave the second page empty
            "StartRow": start,
            "Limit": limit,
            "SubSystemId": "",
        }
        reply = self._session.ask(SERVICE + "ExecuteBillQuery", {"data": data}, form=form)
        status = status_of(reply.data)
        if status is not None:
            faults = outcome_of(status).faults or [Fault(0, "")]
            raise error_of(faults[0], Where(self._site.connection, form, "ExecuteBillQuery", False))
        if not isinstance(reply.data, list):
            raise Unsupported(
                "kingdee.bad_call",
                connection=self._site.connection,
                form=form,
                service="ExecuteBillQuery",
                said=str(reply.data)[:200],
                number=0,
            )
        return Reply([row for row in reply.data if isinstance(row, list) and len(row) == len(keys)], reply.at)

    # ---------------------------------------------------------------------- pages

    def pages(self, bound: Bound, cursor: Cursor) -> Iterator[Page]:
        """Everything or what changed; a broken-off read goes on from its cursor."""
        keys, size = _keys(bound), bound.settings.page
        window, more = self._window(bound, cursor.since), True
        held: list[Cells] = []  # rows of a record whose lines fill more than a page
        while more:
            beyond = f"{bound.primary} > {id_literal(cursor.after)}" if cursor.after else ""
            where = " and ".join(part for part in (window, beyond) if part)
            reply = self.query(bound.form.id, keys, where, _order(bound), size, len(held))
            rows, began = held + reply.data, cursor.began or reply.at
            more = len(reply.data) == size
            last = str(rows[-1][0]) if rows else ""
            if more and str(rows[0][0]) == last and bound.entity is not None:
                held, cursor = rows, cursor._replace(began=began)
                continue
            held = []
            if more and bound.entity is not None:  # the last one's lines may go on behind the edge
                rows = [row for row in rows if str(row[0]) != last]
                last = str(rows[-1][0])
            cursor = Cursor(cursor.since, began, last) if more else cursor._replace(began=began)
            if more:
                yield Page(self.records(bound, rows), cursor.text())
        done = Cursor(max(began, cursor.since or began))
        yield from self._last(bound, rows, cursor, window, done)

    def _last(self, bound: Bound, rows: list[Cells], cursor: Cursor, window: str, done: Cursor) -> Iterator[Page]:
        """The last page, and behind it the records whose documents further down the chain have changed."""
        records = self.records(bound, rows)
        touched = self._touched(bound, cursor.since) if cursor.since is not None else []
        if not touched:
            yield Page(records, done.text())
            return
        yield Page(records, cursor.text())
        seen = {r.id for r in records}
        for part in _parts(touched):
            where = f"{bound.key} in ({','.join(literal(n, self.zone) for n in part)})"
            found = [r for r in self.every(bound, where) if r.id not in seen]
            for start in range(0, len(found), bound.settings.page):
                yield Page(found[start : start + bound.settings.page], None)
        yield Page([], done.text())

    def _window(self, bound: Bound, since: datetime | None) -> str:
        if since is None or not bound.changed:
            return ""
        start = local(since - self._site.lateness, self.zone)
        return "(" + " or ".join(f"{name} >= '{start}'" for name in bound.changed) + ")"

    def _touched(self, bound: Bound, since: datetime | None) -> list[str]:
        """Numbers of documents whose progress has moved, for Kingdee writes that back without a word.

        Told by the documents made from them, where these have changed.
        """
        if not (bound.settings.follow and bound.form.bill and bound.key):
            return []
        numbers: dict[str, None] = {}
        for child_id, link in made_from(bound.form.id):
            child = self._bound(child_id)
            spelt = next((s for l, s, _ in child.links.values() if l is link), ()) if child else ()
            if child is None or not spelt:
                continue
            after = ""
            while True:
                beyond = f" and {child.primary} > {id_literal(after)}" if after else ""
                where = self._window(child, since) + beyond
                rows = self.query(
                    child_id, [child.primary, spelt[0]], where, f"{child.primary} ASC", bound.settings.page
                ).data
                numbers |= dict.fromkeys(str(row[1]) for row in rows if row[1] not in (None, "", " "))
                if len(rows) < bound.settings.page or str(rows[-1][0]) == after:
                    break
                after = str(rows[-1][0])
        return list(numbers)

    def every(self, bound: Bound, where: str) -> list[Record]:
        """All records for which a filter holds; meant for few."""
        keys, size, start, rows = _keys(bound), bound.settings.page, 0, list[Cells]()
        while True:
            got = self.query(bound.form.id, keys, where, _order(bound), size, start).data
            rows += got
            start += len(got)
            if len(got) < size:
                return self.records(bound, rows)

    def fetch(self, bound: Bound, ids: Sequence[str]) -> list[Record]:
        """These records as they are now."""
        wanted = [i for i in dict.fromkeys(ids) if i.isdecimal() or not bound.form.primary]
        out: list[Record] = []
        for part in _parts(wanted):
            out += self.every(bound, f"{bound.primary} in ({','.join(map(id_literal, part))})")
        return out

    # -------------------------------------------------------------------- records

    def records(self, bound: Bound, rows: Sequence[Cells]) -> list[Record]:
        """Rows as records: the head once, a line a row."""
        heads = [(s.name, reader(s, self.zone)) for s in bound.head.values()]
        inner = [(s.name, reader(s, self.zone)) for s in bound.lines.values()]
        gathered: dict[str, tuple[dict[str, Value], list[dict[str, Value]], set[str]]] = {}
        owners: dict[str, str] = {}
        numbers: dict[str, dict[str, str]] = {}
        width = len(heads) + 1
        place = width + (1 if bound.organisation else 0)
        for row in rows:
            record_id = str(row[0])
            found = gathered.get(record_id)
            if found is None:
                values = {name: read(cell) for (name, read), cell in zip(heads, row[1:width], strict=True)}
                found = gathered[record_id] = (values, [], set())
                owners[record_id] = str(row[width] or "") if bound.organisation else ""
                numbers[record_id] = {}
            if bound.entity is None or row[place] in (None, 0, "", "0"):
                continue
            cells = row[place + 1 : place + 1 + len(inner)]
            line = {name: read(cell) for (name, read), cell in zip(inner, cells, strict=True)}
            self._add_line(bound, found, str(row[place]), line, row[-1])
        self._link(bound, gathered)
        return [self._record(bound, i, found[0], found[1], owners[i]) for i, found in gathered.items()]

    def _add_line(
        self,
        bound: Bound,
        found: tuple[dict[str, Value], list[dict[str, Value]], set[str]],
        row_id: str,
        line: dict[str, Value],
        note: Any,
    ) -> None:
        """The key that was kept in the line, if it is the only one of that name; else the line's own id."""
        _, lines, keys = found
        kept = str(note or "").strip() if bound.line_key else ""
        key = kept if kept and kept not in keys else f"E{row_id}"
        keys.add(key)
        lines.append({KEY: key, **line})

    def _record(
        self, bound: Bound, record_id: str, values: dict[str, Value], lines: list[dict[str, Value]], owner: str
    ) -> Record:
        if bound.entity is not None:
            values[LINES] = lines
        times = [values[n] for n in bound.changed if isinstance(values.get(n), datetime)]
        return Record(record_id, values, modified_at=max(times, default=None), organisation=owner.strip())

    def _link(
        self, bound: Bound, gathered: Mapping[str, tuple[dict[str, Value], list[dict[str, Value]], set[str]]]
    ) -> None:
        """References to earlier documents, by the numbers in the lines."""
        for name, (link, fields, home) in bound.links.items():
            if bound.entity is not None and home == bound.entity.key:
                told = {i: _first(lines, fields) for i, (_, lines, _) in gathered.items()}
            else:
                told = self._elsewhere(bound, list(gathered), fields)
            ids = self.ids_of(link.target, [n for n in told.values() if n])
            for record_id, (values, _, _) in gathered.items():
                values[name] = ids.get(told.get(record_id) or "")

    def _elsewhere(self, bound: Bound, ids: Sequence[str], fields: Sequence[str]) -> dict[str, str]:
        """A field of another entity than the lines: a query of its own, for two entities in one would multiply."""
        out: dict[str, str] = {}
        for part in _parts(ids):
            where = f"{bound.primary} in ({','.join(map(id_literal, part))})"
            keys = [bound.primary, *fields]
            for row in self.query(bound.form.id, keys, where, f"{bound.primary} ASC", bound.settings.page).data:
                said = next((str(c).strip() for c in row[1:] if c and str(c).strip()), "")
                if said:
                    out.setdefault(str(row[0]), said)
        return out

    # ----------------------------------------------------------------- references

    def ids_of(self, form: str, numbers: Sequence[str]) -> dict[str, str]:
        """Number -> internal id, of those that are there."""
        return self._looked_up(form, numbers, self._ids, forward=False)

    def numbers_of(self, form: str, ids: Sequence[str]) -> dict[str, str]:
        """Internal id -> number. Raises Rejected for an id that is not there."""
        found = self._looked_up(form, ids, self._numbers, forward=True)
        lost = next((i for i in ids if i not in found), None)
        if lost is not None:
            raise Rejected("kingdee.bad_reference", form=form, id=lost)
        return found

    def forget(self) -> None:
        """A number that we remembered is not right any more."""
        with self._lock:
            self._numbers.clear()
            self._ids.clear()

    def _looked_up(
        self, form: str, wanted: Sequence[str], known: dict[tuple[str, str], str], *, forward: bool
    ) -> dict[str, str]:
        bound = self._bound(form)
        if bound is None or not bound.key:
            return {}
        missing = [w for w in dict.fromkeys(wanted) if (form, w) not in known]
        for part in _parts([w for w in missing if not forward or w.isdecimal()]):
            if forward:
                where = f"{bound.primary} in ({','.join(map(id_literal, part))})"
            else:
                where = f"{bound.key} in ({','.join(literal(n, self.zone) for n in part)})"
            rows = self.query(form, [bound.primary, bound.key], where, f"{bound.primary} ASC", len(part) * 20).data
            with self._lock:
                for record_id, number in rows:
                    here, there = (str(record_id), str(number)) if forward else (str(number), str(record_id))
                    known.setdefault((form, here), there)
        return {w: known[form, w] for w in wanted if (form, w) in known}

    def where(self, bound: Bound, name: str, value: Value) -> str:
        """A filter for records whose field has this value."""
        slot = bound.head.get(name)
        if slot is not None and value is not None:
            if slot.by_id:
                return f"{slot.name} = {id_literal(str(value))}"
            return f"{slot.query} = {literal(value, self.zone)}"
        if name in bound.links and value is not None:
            link, fields, _ = bound.links[name]
            number = self.numbers_of(link.target, [str(value)])[str(value)]
            return "(" + " or ".join(f"{f} = {literal(number, self.zone)}" for f in fields) + ")"
        raise Unsupported("kingdee.no_search", form=bound.form.id, name=name)


def _keys(bound: Bound) -> list[str]:
    """What a query asks for: id, head, organisation, line id, lines, the kept key of a line."""
    keys = [bound.primary, *(s.query for s in bound.head.values())]
    if bound.organisation:
        keys.append(f"{bound.organisation}.FNumber")
    if bound.entity is not None:
        keys += [bound.row_id, *(s.query for s in bound.lines.values())]
        keys += [bound.line_key] if bound.line_key else []
    return keys


def _order(bound: Bound) -> str:
    """By id; the lines of a record in their order."""
    return f"{bound.primary} ASC" + (f",{bound.row_id} ASC" if bound.entity is not None else "")


def _first(lines: Sequence[Mapping[str, Value]], fields: Sequence[str]) -> str:
    return next((str(line[f]) for f in fields for line in lines if line.get(f)), "")


def _parts(things: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(things), _MANY):
        yield things[start : start + _MANY]
