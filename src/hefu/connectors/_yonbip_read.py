"""Reading YonBIP: lists page by page so that nothing is missed, records out of rows that repeat a head for each line.

Documents go on by id, never by row number: a record that is edited meanwhile moves no other one. Customers and
materials have pages in an order of the vendor's own; where somebody worked meanwhile, their pages are read again.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import groupby
from typing import Any

from hefu.connectors._id_walk import IdCursor
from hefu.connectors._line_money import net
from hefu.connectors._yonbip_api import Api
from hefu.connectors._yonbip_objects import LINE_ID, LINES, MERCHANT, ORDER, Shape
from hefu.connectors._yonbip_values import ABSENT, cell, local, raw, read
from hefu.core.connector import Site
from hefu.core.errors import Missing, Unsupported
from hefu.core.records import FieldType, Page, Record, Value, Values

Row = Mapping[str, Any]

_DETAIL = "/yonbip/digitalModel/merchant/newBatchDetail"
_ORDER_DETAIL = "/yonbip/sd/voucherorder/detail"
_MANY = 100
"""Most ids or numbers in one condition."""
_AGAIN = 3
_FLAT = ("code", "name", "creditCode", "customerClassCode")
"""What the list of customers can be asked for by value."""
_COMPARED = (FieldType.TEXT, FieldType.CODE, FieldType.REFERENCE)


def condition(name: str, op: str, value: Any) -> dict[str, Any]:
    """One of simpleVOs."""
    return {"field": name.replace("!", "."), "op": op, "value1": value}


class Reader:
    """Looks into one tenant. shapes: the objects by name.  system: our own name in the pair that marks a bill as one
    of another system."""

    def __init__(self, api: Api, site: Site, shapes: Mapping[str, Shape], system: str) -> None:
        self._api, self._site, self._shapes, self._system = api, site, shapes, system
        self.zone = site.zone
        self._known: dict[tuple[str, str], Row] = {}
        self._lock = threading.Lock()

    def shape(self, name: str) -> Shape:
        """The object of that name."""
        return self._shapes[name]

    # --------------------------------------------------------------------- asking

    def _ask(self, shape: Shape, body: Mapping[str, Any]) -> tuple[list[Row], bool, datetime]:
        """(rows, whether there are more, the vendor's clock)."""
        data, at = self._api.read(shape.path, body)
        if isinstance(data, Mapping) and "recordList" in data:
            rows, count = data.get("recordList") or [], data.get("pageCount")
            more = count > body.get("pageIndex", 1) if isinstance(count, int) else len(rows) >= body.get("pageSize", 1)
        else:
            rows, more = data or [], False
            if isinstance(rows, list) and "pageSize" in body:
                more = len(rows) >= body["pageSize"]
        if not isinstance(rows, list) or not all(isinstance(row, Mapping) for row in rows):
            raise Unsupported(
                "yonbip.misfit", connection=self._site.connection, path=shape.path, said="-", words=str(data)[:200]
            )
        self._still_spelt(shape, rows)
        return rows, more, at

    def _still_spelt(self, shape: Shape, rows: Sequence[Row]) -> None:
        """What every row must have: a name that went missing was respelt, and must not read as empty."""
        for row in rows[:1]:
            lost = next((name for name in shape.must if name not in row), None)
            if lost is not None:
                raise Unsupported(
                    "yonbip.field_gone",
                    connection=self._site.connection,
                    object=shape.name,
                    field=lost,
                    known=", ".join(map(str, row))[:300],
                )

    def _list(
        self, shape: Shape, vos: Sequence[Row] = (), more: Row | None = None, index: int = 1
    ) -> tuple[list[Row], bool, datetime]:
        body: dict[str, Any] = {"pageIndex": index, "pageSize": shape.page, **(more or {})}
        if shape.since != "flat":
            body |= {"isSum": shape.heads, "queryOrders": [{"field": "id", "order": "asc"}]}
        if vos:
            body["simpleVOs"] = list(vos)
        return self._ask(shape, body)

    def _all(self, shape: Shape, vos: Sequence[Row] = (), more: Row | None = None) -> list[Row]:
        """All rows for which that holds; meant for few."""
        rows, index = list[Row](), 0
        while True:
            index += 1
            part, left, _ = self._list(shape, vos, more, index)
            rows += part
            if not left:
                return rows

    # ---------------------------------------------------------------------- pages

    def pages(self, shape: Shape, cursor: IdCursor) -> Iterator[Page]:
        """Everything or what changed; a broken-off read goes on from its cursor."""
        with self._lock:
            self._known = {}  # a number may have gone to another document since the last reading
        if shape.walk == "whole":
            return self._whole(shape)
        return self._by_page(shape, cursor) if shape.walk == "page" else self._by_id(shape, cursor)

    def _whole(self, shape: Shape) -> Iterator[Page]:
        records = self.records(shape, self._ask(shape, {})[0])
        for start in range(0, len(records), shape.page):
            yield Page(records[start : start + shape.page])

    def _changed(self, shape: Shape, at: datetime | None) -> tuple[list[Row], dict[str, Any]]:
        """The conditions for what changed since then: among simpleVOs, and beside them."""
        if at is None:
            return [], {}
        low = local(at - self._site.lateness - timedelta(seconds=1), self.zone)
        if shape.since == "simple":
            return [], {"simple": {"open_pubts_begin": low}}
        return ([], {"pubts": low}) if shape.since == "flat" else ([condition("pubts", "gt", low)], {})

    def _by_id(self, shape: Shape, cursor: IdCursor) -> Iterator[Page]:
        since, beside = self._changed(shape, cursor.at)
        on, began = cursor.on, cursor.began
        while True:
            vos = [*([condition("id", "gt", on)] if on else []), *since]
            rows, more, at = self._list(shape, vos, beside)
            began = began or at
            if not more:
                break
            if not shape.heads:
                rows = self._unbroken(shape, rows)
            on = str(rows[-1]["id"])
            yield Page(self.records(shape, rows), cursor.onward(began, on))
        yield Page(self.records(shape, rows), cursor.ended(began))

    def _unbroken(self, shape: Shape, rows: list[Row]) -> list[Row]:
        """Rows of whole documents: the last one's may go on behind the edge of the page."""
        last = str(rows[-1]["id"])
        whole = [row for row in rows if str(row["id"]) != last]
        return whole or self._all(shape, [condition("id", "eq", last)])

    def _by_page(self, shape: Shape, cursor: IdCursor) -> Iterator[Page]:
        vos, beside = self._changed(shape, cursor.at)
        index, began, seen = int(cursor.on or 1), cursor.began, set[str]()
        records: list[Record] = []
        for _ in range(_AGAIN):
            first = index
            while True:
                rows, more, at = self._list(shape, vos, beside, index)
                began = began or at
                records = [r for r in self.records(shape, rows) if r.id not in seen]
                seen.update(r.id for r in records)
                if not more:
                    break
                index += 1
                yield Page(records, cursor.onward(began, str(index)))
            if began is None or (index == 1 and first == 1) or not self._moved(shape, began):
                break
            yield Page(records, cursor.onward(began, "1"))
            records, index = [], 1
        yield Page(records, cursor.ended(began or self._site.now()))

    def _moved(self, shape: Shape, began: datetime) -> bool:
        """Whether anything changed since then, so that a record may have slipped over the edge of a page."""
        vos, beside = self._changed(shape, began + self._site.lateness)
        return bool(self._list(shape, vos, beside)[0])

    # --------------------------------------------------------------------- records

    def records(self, shape: Shape, rows: Sequence[Row]) -> list[Record]:
        """Rows as records: the head once, a line a row."""
        if shape.walk == "whole":
            return [self._record(shape, "|".join(self._stock_id(row)), [row]) for row in rows]
        grouped = [(record_id, list(some)) for record_id, some in groupby(rows, key=lambda row: str(row[shape.row_id]))]
        made = [self._record(shape, record_id, some) for record_id, some in grouped]
        self._link(shape, made)
        return made

    def _stock_id(self, row: Row) -> list[str]:
        return [str(row.get(name) or "") for name in ("product_code", "warehouse_code", "org_name", "batchno")]

    def _record(self, shape: Shape, record_id: str, rows: Sequence[Row]) -> Record:
        values: dict[str, Value] = {}
        for col in shape.cols:
            cells = [found for row in (rows if col.total else rows[:1]) if (found := raw(row, col)) is not ABSENT]
            if not cells:
                continue
            held = [read(col, found, self.zone, shape.name) for found in cells]
            values[col.name] = sum((v for v in held if v is not None), Decimal(0)) if col.total else held[0]
        if shape.lines:
            values[LINES] = [self._line(shape, row) for row in rows if raw(row, shape.lines[0]) not in (ABSENT, None)]
        stamp = rows[0].get("pubts")
        modified = datetime.fromisoformat(str(stamp)).replace(tzinfo=self.zone) if stamp else None
        return Record(record_id, values, modified_at=modified)

    def _line(self, shape: Shape, row: Row) -> dict[str, Value]:
        line = {
            col.name: read(col, found, self.zone, shape.name)
            for col in shape.lines
            if (found := raw(row, col)) is not ABSENT
        }
        price, rate = line.get("oriTaxUnitPrice"), line.get("taxRate")
        if shape.name == ORDER and price is not None and rate is not None:
            line["oriUnitPrice"] = net(price, rate)
        return line

    def _link(self, shape: Shape, records: Sequence[Record]) -> None:
        """References to earlier documents, by the numbers that the rows carry."""
        for link in shape.links:
            told = {r.id: str(r.values.get(link.number) or "") for r in records}
            if link.through:
                between = self.by_number(link.through, list(told.values()))
                told = {i: str(between.get(n, {}).get("firstupcode") or "") for i, n in told.items()}
            found = self.by_number(link.target, list(told.values()))
            for record in records:
                row = found.get(told[record.id])
                record.values[link.name] = str(row["id"]) if row else None  # type: ignore[index]

    # --------------------------------------------------------------------- some of them

    def by_number(self, name: str, numbers: Sequence[str]) -> dict[str, Row]:
        """Documents (their heads) by number, asked for once; those that are there."""
        shape, wanted = self._shapes[name], [n for n in dict.fromkeys(numbers) if n]
        missing = [n for n in wanted if (name, n) not in self._known]
        for part in _parts(missing):
            body = {"pageIndex": 1, "pageSize": len(part), "isSum": True}
            rows, _, _ = self._ask(shape, {**body, "simpleVOs": [condition("code", "in", list(part))]})
            with self._lock:
                self._known |= {
                    (name, str(row["code"])): {n: row.get(n) for n in ("id", "firstupcode")} for row in rows
                }
        return {n: self._known[name, n] for n in wanted if (name, n) in self._known}

    def fetch(self, shape: Shape, ids: Sequence[str]) -> list[Record]:
        """These records as they are now."""
        return self.records(shape, self.rows(shape, ids))

    def by(self, shape: Shape, vos: Sequence[Row]) -> list[Record]:
        """Records for which conditions hold; meant for few."""
        return self.records(shape, self._all(shape, vos))

    def rows(self, shape: Shape, ids: Sequence[str]) -> list[Row]:
        """Their rows."""
        wanted, found = [i for i in dict.fromkeys(ids) if i], list[Row]()
        if shape.walk == "whole":
            return [r for r in self._ask(shape, {})[0] if "|".join(self._stock_id(r)) in wanted]
        if shape.row_id == "id":
            wanted = [i for i in wanted if i.isdecimal()]
        for part in _parts(wanted):
            if shape.name == MERCHANT:
                found += self._merchants(shape, part)
            elif shape.name == "voucherdelivery":  # this list does not know `in`
                eq = [condition("id", "eq", i) for i in part]
                found += self._all(shape, [{"logicOp": "or", "conditions": eq}])
            else:
                found += self._all(shape, [condition(shape.row_id, "in", list(part))])
        return found

    def _merchants(self, shape: Shape, ids: Sequence[str]) -> list[Row]:
        """Customers in one call; where one of them is gone, the call is refused, so the rest is halved."""
        try:
            data, _ = self._api.read(_DETAIL, {"data": [{"id": i} for i in ids]})
        except Missing:
            if len(ids) == 1:
                return []
            half = len(ids) // 2
            return self._merchants(shape, ids[:half]) + self._merchants(shape, ids[half:])
        rows = [row for row in data or [] if isinstance(row, Mapping)]
        self._still_spelt(shape, rows)
        return rows

    def search(self, shape: Shape, by: Values) -> list[Record] | None:
        """Records with these values; None where the list cannot be asked for them."""
        cols = {name: shape.col(name) for name in by}
        if not by or None in by.values() or any(c is None or c.kind not in _COMPARED for c in cols.values()):
            return None
        if shape.since == "flat":
            if not set(by) <= set(_FLAT):
                return None
            rows = self._all(shape, (), dict(by))
        elif shape.token and set(by) == {shape.token} and shape.since == "simple":
            pair = {"extSystemCode": self._system, "extVouchCode": by[shape.token]}
            rows = self._all(shape, (), pair)
        else:
            names = {c.name: c.names[0] for c in cols.values() if c is not None}
            rows = self._all(shape, [condition(names[name], "eq", value) for name, value in by.items()])
        found = self.records(shape, rows)
        return [r for r in found if all(r.values.get(n) == v for n, v in by.items())][:20]

    def line_ids(self, rows: Sequence[Row], order_id: str, key: str) -> dict[str, str]:
        """Line key -> id of the line; asked for where the list does not tell."""
        shape = self._shapes[ORDER]
        if rows and all(cell(row, LINE_ID) is not ABSENT for row in rows):
            inner = [{**row, "id": row[LINE_ID]} for row in rows]
        else:
            told, _ = self._api.read(_ORDER_DETAIL, None, id=order_id)
            inner = [dict(x) for x in (told or {}).get("orderDetails") or ()]
        col = shape.lines[0]
        return {str(raw(row, col)): str(row["id"]) for row in inner if raw(row, col) not in (ABSENT, None)}


def _parts(things: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(things), _MANY):
        yield things[start : start + _MANY]
