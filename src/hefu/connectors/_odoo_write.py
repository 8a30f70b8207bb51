"""Writing to Odoo: many records a call, one outcome each.

`load`, Odoo's import, does both halves: it creates under an external id, so that the same record sent twice is one, and
it changes by database id. It takes all or nothing and says which records were at fault; the others are sent again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from hefu.connectors._odoo_api import Api
from hefu.connectors._odoo_shapes import KEY, LINE, Resolve, Shape
from hefu.core.errors import HubError, Missing, Rejected, Unanswered
from hefu.core.records import REMOVED, Record, Values, Write

Outcomes = dict[int, int | HubError]
"""Place of a write -> number of the record, or what is wrong."""


def external_name(token: str) -> str:
    """A token as the name of an external id: no dot, nothing but letters, digits, - and _."""
    return "".join(c if c.isascii() and (c.isalnum() or c == "-") else f"_{ord(c):x}_" for c in token)


class Writer:
    """The writes of one call to the hub's `write`. `module`: of the external ids."""

    def __init__(self, api: Api, shape: Shape, resolve: Resolve, module: str, batch: int) -> None:
        self._api, self._shape, self._resolve, self._module, self._batch = api, shape, resolve, module, batch
        self.out: Outcomes = {}

    # ------------------------------------------------------------------------ creating

    def create(self, writes: Mapping[int, Write]) -> None:
        """New records, by import under our external ids; in plain where another field keeps our id."""
        shape = self._shape
        if not shape.external:
            self._create_plainly(writes)
            return
        groups: dict[tuple[str, ...], dict[int, list[list[str]]]] = {}
        for place, write in writes.items():
            try:
                columns, rows = self._rows(write)
            except HubError as error:
                self.out[place] = error
            else:
                groups.setdefault(columns, {})[place] = rows
        for columns, records in groups.items():
            self._import(columns, records)

    def _rows(self, write: Write) -> tuple[tuple[str, ...], list[list[str]]]:
        """(columns, rows) of one new record: its first line stands in its own row, the others below."""
        values = {n: v for n, v in (write.values or {}).items() if n != self._shape.token}
        head = self._shape.cells(values, self._resolve)
        if write.token:
            head = {"id": f"{self._module}.{external_name(write.token)}", **head}
        lines = self._lines_of(values)
        if not lines:
            return tuple(head), [list(head.values())]
        names = tuple(lines[0])
        if any(set(line) != set(names) for line in lines):
            odd = sorted({n for line in lines for n in line if not all(n in other for other in lines)})
            facts = {"object": self._shape.name, "names": ", ".join(odd)}
            raise Rejected("odoo.uneven_lines", field="lines", **facts)
        prefix = self._shape.kind.lines
        columns = (*head, *(f"{prefix}/{n}" for n in names))
        blank = [""] * len(head)
        rows = [[*(blank if n else head.values()), *(line[c] for c in names)] for n, line in enumerate(lines)]
        return columns, rows

    def _lines_of(self, values: Values) -> list[dict[str, str]]:
        detail = self._shape.detail
        if detail is None or not values.get("lines"):
            return []
        return [
            {**detail.cells(_given(line), self._resolve), **detail.kept(line)}
            for line in values["lines"]
            if not line.get(REMOVED)
        ]

    def _create_plainly(self, writes: Mapping[int, Write]) -> None:
        ready: list[tuple[int, Any]] = []
        for place, write in writes.items():
            try:
                values = dict(write.values or {})
                if self._shape.token and write.token:
                    values[self._shape.token] = write.token
                ready.append((place, self._vals(values, None)))
            except HubError as error:
                self.out[place] = error
        self._halving(ready, lambda some: self._api.call(self._shape.model, "create", writes=True, vals_list=some))

    # ------------------------------------------------------------------------ changing

    def update(self, writes: Mapping[int, tuple[Record, Values]]) -> None:
        """Changes: those of plain fields together by import, those with lines one by one."""
        groups: dict[tuple[str, ...], dict[int, list[list[str]]]] = {}
        for place, (now, values) in writes.items():
            try:
                if values.get("lines"):
                    vals = self._vals(values, now)
                    self._write(place, int(now.id), vals)
                    continue
                cells = {".id": now.id, **self._shape.cells(values, self._resolve)}
            except HubError as error:
                self.out[place] = error
            else:
                groups.setdefault(tuple(cells), {})[place] = [list(cells.values())]
        for columns, records in groups.items():
            if len(columns) == 1:
                self.out |= {place: int(rows[0][0]) for place, rows in records.items()}  # nothing differs
            else:
                self._import(columns, records)

    def _write(self, place: int, number: int, vals: Mapping[str, Any]) -> None:
        if vals:
            self._api.call(self._shape.model, "write", ids=[number], writes=True, vals=vals)
        self.out[place] = number

    def _vals(self, values: Values, now: Record | None) -> dict[str, Any]:
        vals = self._shape.pack({n: v for n, v in values.items() if n != "lines"}, self._resolve)
        commands = self._commands(values.get("lines") or (), now)
        return {**vals, self._shape.kind.lines: commands} if commands else vals

    def _commands(self, lines: Sequence[Values], now: Record | None) -> list[list[Any]]:
        """A line without a key is new, a key that is marked goes, others change in what differs."""
        detail, out = self._shape.detail, list[list[Any]]()
        held = () if now is None else now.values.get("lines") or ()
        before = {line[LINE]: line for line in held}
        known = {line[KEY]: line[LINE] for line in held if KEY in line}
        for line in lines if detail is not None else ():
            assert detail is not None
            key, given = line.get(LINE) or known.get(str(line.get(KEY))), _given(line)
            if (key is None or now is None) and not line.get(REMOVED):
                out.append([0, 0, {**detail.pack(given, self._resolve), **detail.kept(line)}])
            elif key is None:
                continue  # gone already
            elif key not in before:
                raise Rejected("odoo.unknown_line", field="lines", object=self._shape.name, line=str(key))
            elif line.get(REMOVED):
                out.append([2, int(key), 0])
            else:
                news = {n: v for n, v in given.items() if before[key].get(n) != v}
                out += [[1, int(key), detail.pack(news, self._resolve)]] if news else []
        return out

    # ------------------------------------------------------------------------ deleting

    def delete(self, places: Mapping[int, int], *, archive: bool) -> None:
        """Archive, which can be taken back; or unlink what can be deleted at all."""

        def send(numbers: list[Any]) -> list[int]:
            if archive:
                self._api.call(self._shape.model, "write", ids=numbers, writes=True, vals={"active": False})
            else:
                self._api.call(self._shape.model, "unlink", ids=numbers, writes=True)
            return numbers

        self._halving(list(places.items()), send)

    # ------------------------------------------------------------------------ sending

    def _import(self, columns: Sequence[str], records: Mapping[int, list[list[str]]]) -> None:
        """As many records a call as allowed; without those at fault as often as it takes."""
        places = list(records)
        for start in range(0, len(places), self._batch):
            left = places[start : start + self._batch]
            while left:
                try:
                    left = self._load(columns, {p: records[p] for p in left})
                except HubError as error:
                    self.out |= dict.fromkeys(left, error)
                    left = []

    def _load(self, columns: Sequence[str], records: Mapping[int, list[list[str]]]) -> list[int]:
        """One call; the places that are worth another one."""
        data = [row for rows in records.values() for row in rows]
        told = self._api.call(self._shape.model, "load", writes=True, fields=list(columns), data=data)
        places = list(records)
        ids = told.get("ids") if isinstance(told, dict) else None
        if isinstance(ids, list) and len(ids) == len(places):
            self.out |= {p: int(i) for p, i in zip(places, ids, strict=True)}
            return []
        if not isinstance(told, dict) or ids:
            raise Unanswered(
                "odoo.fault", connection=self._api.connection, where=f"{self._shape.model}.load", status=200
            )
        blamed = self._blamed(told.get("messages") or (), places)
        if not blamed:
            words = "; ".join(str(m.get("message")) for m in told.get("messages") or ())[:300] or "-"
            raise Rejected("odoo.refused", where=f"{self._shape.model}.load", words=words)
        self.out |= blamed
        return [p for p in places if p not in blamed]

    def _blamed(self, messages: Sequence[Mapping[str, Any]], places: Sequence[int]) -> dict[int, HubError]:
        out: dict[int, HubError] = {}
        for message in messages:
            at = message.get("record")
            if message.get("type") != "warning" and isinstance(at, int) and 0 <= at < len(places):
                words = " ".join(str(message.get("message")).split())[:300]
                field = str(message["field"]).split("/")[0] if message.get("field") else None
                facts = {"where": f"{self._shape.model}.load", "words": words}
                out.setdefault(places[at], Rejected("odoo.refused", field=field, **facts))
        return out

    def _halving(self, ready: list[tuple[int, Any]], send: Callable[[list[Any]], list[int]]) -> None:
        """All in one transaction; what is refused together is tried in halves, until the one at fault is alone."""
        for start in range(0, len(ready), self._batch):
            waiting = [ready[start : start + self._batch]]
            while waiting:
                some = waiting.pop()
                try:
                    ids = send([item for _, item in some])
                    self.out |= {place: int(i) for (place, _), i in zip(some, ids, strict=True)}
                except (Rejected, Missing) as error:
                    if len(some) == 1:
                        self.out[some[0][0]] = error
                    else:
                        middle = len(some) // 2
                        waiting += [some[middle:], some[:middle]]
                except HubError as error:
                    self.out |= {place: error for place, _ in some}


def _given(line: Values) -> dict[str, Any]:
    return {n: v for n, v in line.items() if n not in (LINE, KEY, REMOVED)}
