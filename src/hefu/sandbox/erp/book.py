"""The data of the sandbox ERP: one SQLite table per kind of record, a version number for the optimistic lock.

Documents have a life: draft, submitted, approved, shipped, closed (or void). What may be written depends on it, and
an update of a draft's lines removes the lines that it leaves out.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any

from hefu.sandbox.database import Database, containing
from hefu.sandbox.erp import orders as erp_orders
from hefu.sandbox.erp.tables import KEY, LINES, STATE_LABEL, TABLES, Col, Wrong, priced, stored, summed
from hefu.sandbox.frame import Clock

Row = dict[str, Any]
ZONE = timezone(timedelta(hours=8))
NUMBERED = {"customers": "C", "sales_orders": "SO", "deliveries": "DN", "invoices": "IV", "receipts": "RC"}
"""Tables that number a record which comes without a code; documents count anew each year."""
ALWAYS_WRITABLE = ("remark", "external_ref")
"""Fields of an order that may still be written after it was submitted."""


HOUSEKEEPING = """
create table if not exists hook (url text primary key, secret text not null);
create table if not exists serial (prefix text primary key, last integer not null);
"""


@dataclass(frozen=True)
class Event:
    """What happened to a record: insert, update, delete, or a step's name."""

    kind: str
    table: str
    id: int
    key: str
    at: str


def stamp(at: datetime) -> str:
    """An ERP time: Beijing time with milliseconds, and no zone."""
    return at.astimezone(ZONE).strftime("%Y-%m-%d %H:%M:%S.%f")[:-3]


def _ddl() -> str:
    parts = [HOUSEKEEPING]
    for table, cols in TABLES.items():
        names = ", ".join(f'"{name}"' + (" unique" if col.unique else "") for name, col in cols.items())
        parts.append(
            f"create table if not exists {table} (id integer primary key autoincrement, {names}, version integer, "
            "created_at text, created_by text, modified_at text, modified_by text);"
            f"create index if not exists {table}_modified on {table} (modified_at, id);"
        )
        parts += [
            f"create index if not exists {table}_{name} on {table} ({name});"
            for name in ("external_ref", "customer_code", "credit_code", "name", "order_no")
            if name in cols and not cols[name].unique
        ]
    return "".join(parts)


class ErpBook(Database[Event]):
    """All records of the ERP.

    `search_lag` seconds pass before a new record shows up in lists and searches (reading it by id works at once).
    """

    def __init__(self, path: str = ":memory:", clock: Clock | None = None) -> None:
        super().__init__(_ddl(), path, clock)
        self.search_lag = 0.0

    # ---------------------------------------------------------------- reading

    def get(self, table: str, record_id: int) -> Row:
        """One record. Raises Wrong 404."""
        rows = self._all(f"select * from {table} where id = ?", [record_id])
        if not rows:
            raise Wrong(404, "E4004", f"单据或档案不存在:{record_id}")
        return _row(table, rows[0])

    def number_of(self, table: str, name: str) -> int:
        """The inner id behind a code or document number, or behind that id itself. Raises Wrong 404."""
        found = self.by_key(table, name)
        if found is not None:
            return int(found["id"])
        return int(self.get(table, int(name) if name.isdecimal() and len(name) < 19 else -1)["id"])

    def by_key(self, table: str, key: str) -> Row | None:
        """The record with that unique code or number."""
        rows = self._all(f"select * from {table} where {KEY.get(table, 'code')} = ?", [key])
        return _row(table, rows[0]) if rows else None

    def page(
        self,
        table: str,
        offset: int,
        limit: int,
        since: str | None = None,
        by: Mapping[str, str] = {},
        keys: Sequence[str] = (),
    ) -> tuple[int, list[Row]]:
        """How many match, and some of them, oldest change first where `since` is given, else by id."""
        where, params = ["1 = 1"], list[Any]()
        if since is not None:
            where.append("modified_at >= ?")
            params.append(since)
        for name, text in by.items():
            where.append(f'"{name}" = ?')
            params.append(text)
        if keys:
            where.append(f"{KEY.get(table, 'code')} in ({','.join('?' * len(keys))})")
            params += keys
        if self.search_lag and not keys:
            where.append("created_at <= ?")
            params.append(stamp(self.clock.now() - timedelta(seconds=self.search_lag)))
        clause = f"from {table} where {' and '.join(where)}"
        total = self._all(f"select count(*) {clause}", params)[0][0]
        order = "modified_at, id" if since is not None else "id"
        rows = self._all(f"select * {clause} order by {order} limit ? offset ?", [*params, limit, offset])
        return int(total), [_row(table, row) for row in rows]

    def find(self, table: str, words: str, offset: int, limit: int) -> tuple[int, list[Row]]:
        """Records with the words in a text field, newest change first; for the web page."""
        names = [n for n, c in TABLES[table].items() if c.kind in ("text", "code", "name", "choice")]
        where = " or ".join(f"\"{n}\" like ? escape '\\'" for n in names)
        params: list[Any] = [containing(words)] * len(names)
        total = self._all(f"select count(*) from {table} where {where}", params)[0][0]
        sql = f"select * from {table} where {where} order by modified_at desc, id limit ? offset ?"
        return int(total), [_row(table, r) for r in self._all(sql, [*params, limit, offset])]

    def count(self, table: str) -> int:
        """How many records there are."""
        return int(self._all(f"select count(*) from {table}")[0][0])

    def changes(self, limit: int = 20) -> list[Row]:
        """The latest changes, newest first."""
        return self._latest(limit, str)

    def peek(self, obj: str, record_id: str) -> Row | None:
        """A record by id, or None."""
        try:
            return self.get(obj, self.number_of(obj, record_id))
        except Wrong:
            return None

    # ---------------------------------------------------------------- writing

    def create(self, table: str, given: Mapping[str, Any], author: str, via: str = "api") -> Row:
        """A new record in the ERP's own writing. Raises Wrong 409 (key taken) or 422."""
        with self.change():
            values = {name: col.default for name, col in TABLES[table].items()} | self._checked(table, given, None)
            self._number(table, values)
            if table == "receipts":
                self._pay(values, author, via)
            return self._insert(table, values, author, via)

    def update(
        self,
        table: str,
        record_id: int,
        given: Mapping[str, Any],
        author: str,
        via: str = "api",
        version: int | None = None,
    ) -> Row:
        """Change the named fields; a list of lines replaces all lines. Raises Wrong 404, 409 or 422."""
        with self.change():
            old = self._locked(table, record_id, version)
            if table in ("deliveries", "invoices", "receipts"):
                raise Wrong(409, "E2002", "业务单据不允许修改")
            values = self._checked(table, given, old)
            moved = [name for name, value in values.items() if old[name] != value]
            self._check_state(table, old, moved)
            self._write(table, old, values, author, via, "update", ", ".join(moved))
            return self.get(table, record_id)

    def delete(self, table: str, record_id: int, author: str, via: str = "api", version: int | None = None) -> None:
        """Delete for good, without a trace; refused (409) where documents exist. Raises Wrong."""
        with self.change():
            old = self._locked(table, record_id, version)
            self._check_unused(table, old)
            self._db.execute(f"delete from {table} where id = ?", (record_id,))
            self._note(table, old, author, via, "delete")

    def step(self, record_id: int, action: str, author: str, via: str = "api", args: Mapping[str, Any] = {}) -> Row:
        """Take a status step of a sales order. Raises Wrong 404, 409 (illegal now) or 422 (refused)."""
        with self.change():
            erp_orders.take(self, self.get("sales_orders", record_id), action, author, via, args)
            return self.get("sales_orders", record_id)

    def as_person(self, obj: str, record_id: str | None, values: Row | None, author: str) -> str:
        """Create, delete, change, or with {"action": ...} move a record as somebody in the ERP does."""
        if record_id is None:
            return str(self.create(obj, values or {}, author, "person")[KEY.get(obj, "code")])
        number = self.number_of(obj, record_id)
        if values is None:
            self.delete(obj, number, author, "person")
        elif "action" in values:
            self.step(number, values["action"], author, "person", values)
        else:
            self.update(obj, number, values, author, "person")
        return record_id

    def load(self, table: str, rows: Iterable[Mapping[str, Any]]) -> None:
        """Many finished records at once (stamps and version included; ids where given), without events."""
        names = ["id", *TABLES[table], "version", "created_at", "created_by", "modified_at", "modified_by"]
        defaults = {name: col.default for name, col in TABLES[table].items()}
        marks = ",".join("?" * len(names))
        quoted = ",".join(f'"{n}"' for n in names)
        with self.change():
            self._db.executemany(
                f"insert into {table} ({quoted}) values ({marks})",
                ([_cell(row.get(n, defaults.get(n))) for n in names] for row in rows),
            )

    def set_serial(self, prefix: str, last: int) -> None:
        """The last number used for documents with that prefix and year."""
        with self.change():
            self._db.execute("insert or replace into serial values (?,?)", (prefix, last))

    # ------------------------------------------------------------------ hooks

    def hooks(self) -> list[tuple[str, str]]:
        """(url, secret) of each subscriber."""
        return [(row[0], row[1]) for row in self._all("select url, secret from hook order by url")]

    def subscribe(self, url: str, secret: str | None) -> None:
        """Set or (None) remove a subscriber."""
        with self.change():
            if secret is None:
                self._db.execute("delete from hook where url = ?", (url,))
            else:
                self._db.execute("insert or replace into hook values (?,?)", (url, secret))

    # --------------------------------------------- for the orders' life (erp_orders)

    def add_bill(self, table: str, values: Row, author: str, via: str) -> Row:
        """A new delivery or invoice, numbered."""
        values = {name: col.default for name, col in TABLES[table].items()} | values
        self._number(table, values)
        return self._insert(table, values, author, via)

    def move(self, table: str, old: Row, values: Row, author: str, via: str, what: str) -> None:
        """Write fields of a document without the checks that people's writes undergo."""
        self._write(table, old, values, author, via, what, "")

    def today(self) -> str:
        """The ERP's date."""
        return self.clock.now().astimezone(ZONE).date().isoformat()

    # --------------------------------------------------------------- the inside

    def _locked(self, table: str, record_id: int, version: int | None) -> Row:
        old = self.get(table, record_id)
        if version is not None and version != old["version"]:
            raise Wrong(409, "E2001", f"数据已被他人修改,当前版本为{old['version']}", "version", "版本")
        return old

    def _insert(self, table: str, values: Row, author: str, via: str) -> Row:
        now = stamp(self.clock.now())
        row = {
            **values,
            "version": 1,
            "created_at": now,
            "created_by": author,
            "modified_at": now,
            "modified_by": author,
        }
        names = ", ".join(f'"{name}"' for name in row)
        try:
            sql = f"insert into {table} ({names}) values ({','.join('?' * len(row))})"
            record_id = self._db.execute(sql, [_cell(v) for v in row.values()]).lastrowid or 0
        except sqlite3.IntegrityError:
            raise self._taken(table, values) from None
        made = self.get(table, record_id)
        self._note(table, made, author, via, "insert")
        return made

    def _write(self, table: str, old: Row, values: Row, author: str, via: str, kind: str, what: str) -> None:
        row = {**values, "version": old["version"] + 1, "modified_at": stamp(self.clock.now()), "modified_by": author}
        names = ", ".join(f'"{name}" = ?' for name in row)
        try:
            self._db.execute(f"update {table} set {names} where id = ?", [*map(_cell, row.values()), old["id"]])
        except sqlite3.IntegrityError:
            raise self._taken(table, values) from None
        self._note(table, old, author, via, kind, what)

    def _taken(self, table: str, values: Row) -> Wrong:
        key = KEY.get(table, "code")
        label = TABLES[table][key].label
        return Wrong(409, "E1001", f"{label}已存在:{values.get(key)}", key, label)

    def _note(self, table: str, row: Row, author: str, via: str, kind: str, what: str = "") -> None:
        record_id, key = row["id"], str(row[KEY.get(table, "code")])
        now = stamp(self.clock.now())
        told = f"{kind}: {what}" if what else kind
        self._changed(Event(kind, table, record_id, key, now), table, key, now, author, via, told, _title(row))

    def _number(self, table: str, values: Row) -> None:
        """Number a record that carries none yet: C01601, SO2026-000123."""
        key = KEY.get(table, "code")
        if table not in NUMBERED or values.get(key):
            return
        prefix = NUMBERED[table] + ("" if table == "customers" else self.today()[:4])
        self._db.execute(
            "insert into serial values (?, 1) on conflict (prefix) do update set last = last + 1", (prefix,)
        )
        last = self._db.execute("select last from serial where prefix = ?", (prefix,)).fetchone()[0]
        values[key] = f"{prefix}{last:05d}" if table == "customers" else f"{prefix}-{last:06d}"
        for name in ("date", "order_date"):
            if name in TABLES[table] and not values.get(name):
                values[name] = self.today()

    def _checked(self, table: str, given: Mapping[str, Any], old: Row | None) -> Row:
        """The given fields in stored form, sums of lines included. Raises Wrong 422."""
        cols, values = TABLES[table], Row()
        for name, value in given.items():
            col = cols.get(name)
            if col is None or not col.writable:
                raise Wrong(422, "E1006", f"字段不存在或不可写:{name}", name, col.label if col else name)
            values[name] = self._lines(table, value, old) if col.kind == "lines" else self._given(name, col, value)
        for name, col in cols.items():
            if col.required and values.get(name, (old or {}).get(name)) in (None, ""):
                raise Wrong(422, "E1002", f"{col.label}不能为空", name, col.label)
        if "lines" in values and table == "sales_orders":
            values |= summed(values["lines"])
        return values

    def _given(self, name: str, col: Col, value: Any) -> Any:
        kept = stored(name, col, value)
        if col.refers and kept and self.by_key(col.refers, kept) is None:
            raise Wrong(422, "E1008", f"{col.label}不存在:{kept}", name, col.label)
        return kept

    def _lines(self, table: str, given: Any, old: Row | None) -> list[Row]:
        """All lines anew: known ones (by line_no) keep what they have, those left out are gone."""
        if not isinstance(given, list) or not all(isinstance(each, dict) for each in given):
            raise Wrong(422, "E1003", "明细必须是列表", "lines", "明细")
        kept = {line["line_no"]: line for line in (old or {}).get("lines") or [] if "line_no" in line}
        lines: list[Row] = []
        for each in given:
            known = each.get("line_no")
            line = self._line(LINES[table], each, kept.get(known) if isinstance(known, int) else None)
            if "line_no" in line and not line["line_no"]:
                line["line_no"] = max(list(kept) + [x["line_no"] for x in lines], default=0) + 10
            lines.append(priced(line) if table == "sales_orders" else line)
        return lines

    def _line(self, cols: Mapping[str, Col], each: Mapping[str, Any], old: Row | None) -> Row:
        line: Row = dict(old) if old else {name: col.default for name, col in cols.items()}
        for name, value in each.items():
            col = cols.get(name)
            if col is None:
                raise Wrong(422, "E1006", f"明细字段不存在:{name}", f"lines.{name}", name)
            if col.writable:
                line[name] = self._given(f"lines.{name}", col, value)
        for name, col in cols.items():
            if col.required and line.get(name) in (None, "", "0"):
                raise Wrong(422, "E1002", f"明细的{col.label}不能为空", f"lines.{name}", col.label)
        product = self.by_key("products", line["product_code"])
        if product and "product_name" in cols:
            line["product_name"], line["unit"] = product["name"], line["unit"] or product["unit"]
        return line

    def _check_state(self, table: str, old: Row, moved: list[str]) -> None:
        if table != "sales_orders" or old["status"] == "draft":
            return
        locked = [name for name in moved if name not in ALWAYS_WRITABLE]
        if locked:
            label = TABLES[table][locked[0]].label
            state = STATE_LABEL[old["status"]]
            raise Wrong(409, "E2003", f"订单状态为「{state}」,不允许修改{label}", locked[0], label)

    def _check_unused(self, table: str, old: Row) -> None:
        if table in ("deliveries", "invoices", "receipts") or (table == "sales_orders" and old["status"] != "draft"):
            raise Wrong(409, "E2002", "业务单据不允许删除,请作废")
        if table == "customers":
            used = self._all("select count(*) from sales_orders where customer_code = ?", [old["code"]])[0][0]
            if used:
                raise Wrong(409, "E2004", f"客户{old['code']}已有{used}张业务单据,不允许删除,请停用")
        if table == "products":
            like = f'%"product_code":"{old["code"]}"%'
            if self._all("select 1 from sales_orders where lines like ? limit 1", [like]):
                raise Wrong(409, "E2004", f"物料{old['code']}已有业务单据,不允许删除,请停用")

    def _pay(self, values: Row, author: str, via: str) -> None:
        erp_orders.pay(self, values, author, via)


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) if isinstance(value, list) else value


def _row(table: str, row: sqlite3.Row) -> Row:
    found = dict(row)
    if "lines" in TABLES[table]:
        found["lines"] = json.loads(found["lines"] or "[]")
    return found


def _title(row: Mapping[str, Any]) -> str:
    return str(row.get("name") or row.get("order_no") or row.get("number") or row.get("code") or "")
