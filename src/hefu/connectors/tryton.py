"""Tryton, the open-source ERP (series 8): customers, products, orders, shipments, invoices, receipts as flat objects.

One integration user speaks JSON-RPC. Changed-since goes by the later of creation and last rewrite, of a record and of
the rows that belong to it; updates are checked against the version they were based on.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any, Literal

from pydantic import SecretStr

from hefu.connectors._read_back import read_back
from hefu.connectors._tryton_fields import Draft, Row
from hefu.connectors._tryton_orders import filled, filled_lines, pay
from hefu.connectors._tryton_records import Cursor, beyond, record_of, stamps_of, version_of
from hefu.connectors._tryton_rpc import Rpc
from hefu.connectors._tryton_shapes import SHAPES, Bound, Shape, shape_of, with_more
from hefu.core.connector import Connector, Settings, Site, setting
from hefu.core.errors import HubError, Missing, Rejected, Stale, Unsupported
from hefu.core.records import ObjectSchema, Page, Record, Values, Write, Written


class TrytonSettings(Settings):
    """Where the database is, who we are, and how much at a time."""

    url: str = setting(
        ...,
        "Address of the server and name of the database: https://erp.example.com/company",
        "服务器地址加数据库名：https://erp.example.com/company",
        pattern=r"^https?://[^/]+/[^/?#]+/?$",
    )
    user: str = setting(..., "Login of the integration user", "集成用户的登录名")
    password: SecretStr = setting(..., "Its password", "集成用户的密码")
    company: int | None = setting(
        None, "Number of the company; without it prices and stock read as empty", "公司编号；不填则价格和库存为空"
    )
    language: str = setting("en", "Language of labels and error messages", "标签和错误信息的语言")
    accept_warnings: list[str] = setting(
        [],
        "Names of warnings (patterns with *) that the hub may confirm by itself",
        "允许系统自动确认的警告名称（可用 * 通配）",
    )
    fill_orders: bool = setting(
        True,
        "Fill a new order's blanks (addresses, terms, taxes, prices) as Tryton's form does",
        "新建订单时按 Tryton 表单自动补全地址、付款条件、税和价格",
    )
    order_token_field: Literal["description", "reference"] = setting(
        "description", "Field of an order in which the hub leaves its own id", "订单中用于保存本系统编号的字段"
    )
    defaults: dict[str, dict[str, Any]] = setting(
        {},
        "Values of new records that no mapping gives: {object: {field: value}}",
        "新建记录时的默认值：{对象: {字段: 值}}",
    )
    fields: dict[str, list[str]] = setting(
        {}, "More fields to offer: {object: [field]}", "额外提供的字段：{对象: [字段]}"
    )
    models: dict[str, list[str]] = setting(
        {},
        "More models to offer, with the fields of their key: {model: [key field]}",
        "额外提供的模型及其业务键：{模型: [键字段]}",
    )
    page: int = setting(100, "Records in one read", "每次读取的记录数", ge=1, le=1000)
    batch: int = setting(100, "Records in one write", "每次写入的记录数", ge=1, le=1000)


class Tryton(Connector):
    """A line to one database of a Tryton server."""

    name = "tryton"
    settings_type = TrytonSettings

    def __init__(self, settings: Settings, site: Site) -> None:
        super().__init__(settings, site)
        s: TrytonSettings = self.settings
        # Inactive records are records too; without this they would look deleted.
        context: dict[str, Any] = {"language": s.language, "active_test": False}
        if s.company is not None:
            context["company"] = s.company
        password = s.password.get_secret_value()
        self.rpc = Rpc(site, s.url, s.user, password, tuple(s.accept_warnings), context)
        self._bound: dict[str, Bound | None] = {}
        self._metas: dict[str, Mapping[str, Mapping[str, Any]] | None] = {}
        self._names: dict[tuple[str, str, str], int] = {}
        self._creating = threading.Lock()

    # -------------------------------------------------------------------- looking

    def check(self) -> None:
        """Logs in and reads one customer."""
        self.rpc.call("model.party.party.search", [], 0, 1, None)

    def health(self) -> Mapping[str, str]:
        """The server's series."""
        return {"version": self.rpc.version()}

    def discover(self) -> Sequence[ObjectSchema]:
        """The ready objects that this installation has, then the models named in the settings."""
        self._bound, self._metas = {}, {}  # what was known may have changed since
        found = (self._find(model) for model in (*SHAPES, *self.settings.models))
        return [bound.schema for bound in found if bound is not None]

    def read(self, obj: str, since: str | None = None) -> Iterator[Page]:
        """By id when everything is wanted, else by last change; a broken-off read goes on from its cursor."""
        return self._pages(obj, Cursor.parse(since))

    def _pages(self, obj: str, cursor: Cursor) -> Iterator[Page]:
        bound, more = self._object(obj), True
        while more:
            domain = [*bound.shape.only, *self._changed(bound, cursor.since), *beyond(cursor)]
            order = [["id", "ASC"]] if cursor.since is None else [["last_modified_at", "ASC"], ["id", "ASC"]]
            rows, at = self.rpc.reply(_method(bound, "search_read"), domain, 0, bound.page, order, bound.reads)
            began, more = cursor.began or at, len(rows) == bound.page
            if more:
                last = rows[-1]
                place = None if cursor.since is None else last["last_modified_at"]
                cursor = Cursor(cursor.since, began, (place, last["id"]))
            else:
                cursor = Cursor(max(began, cursor.since or began))
            yield Page([record_of(bound, row) for row in rows], cursor.text())

    def _changed(self, bound: Bound, since: datetime | None) -> list[Any]:
        if since is None:
            return []
        start = since - self.site.lateness
        clauses = [[f"{r}.last_modified_at", ">=", start] for r in bound.watched]
        return [["OR", ["last_modified_at", ">=", start], *clauses]]

    def fetch(self, obj: str, ids: Sequence[str]) -> Sequence[Record]:
        """In one call for each page of ids."""
        bound = self._object(obj)
        return [record_of(bound, row) for row in self._rows(bound, ids)]

    def _rows(self, bound: Bound, ids: Sequence[str]) -> list[Row]:
        numbers, out = [int(i) for i in dict.fromkeys(ids) if i.isdecimal()], list[Row]()
        for start in range(0, len(numbers), bound.page):
            domain = [["id", "in", numbers[start : start + bound.page]], *bound.shape.only]
            out += self.rpc.call(_method(bound, "search_read"), domain, 0, bound.page, None, bound.reads)
        return out

    def search(self, obj: str, by: Values) -> Sequence[Record]:
        """By any fields; at most 20 records."""
        bound = self._object(obj)
        domain = [*bound.shape.only, *(self._part(bound, n).clause(v, bound.metas) for n, v in by.items())]
        rows = self.rpc.call(_method(bound, "search_read"), domain, 0, 20, [["id", "ASC"]], bound.reads)
        return [record_of(bound, row) for row in rows]

    # -------------------------------------------------------------------- writing

    def write(self, obj: str, writes: Sequence[Write]) -> Sequence[Written | HubError]:
        """Creates, updates and deletes go out in one call each; where one record is refused, the others are not."""
        bound = self._object(obj)
        if len(writes) > bound.schema.abilities.batch:
            raise Unsupported("tryton.batch", object=obj, most=bound.schema.abilities.batch, got=len(writes))
        outcomes: dict[int, str | HubError] = {}
        known = {str(row["id"]): row for row in self._rows(bound, [w.id for w in writes if w.id is not None])}
        for verb, send in (("create", self._create), ("update", self._update), ("delete", self._delete)):
            chosen = [(n, w) for n, w in enumerate(writes) if _verb(w) == verb]
            self._carry_out(bound, chosen, known, send, outcomes)
        return read_back(writes, outcomes, partial(self.fetch, obj))

    def _carry_out(
        self,
        bound: Bound,
        chosen: list[tuple[int, Write]],
        known: Mapping[str, Row],
        send: Callable[[Bound, list[Any]], list[str]],
        outcomes: dict[int, str | HubError],
    ) -> None:
        ready: list[tuple[int, Any]] = []
        for number, write in chosen:
            try:
                ready.append((number, self._prepare(bound, write, known)))
            except HubError as error:
                outcomes[number] = error
        self._halving(bound, ready, send, outcomes)

    def _halving(
        self,
        bound: Bound,
        ready: list[tuple[int, Any]],
        send: Callable[[Bound, list[Any]], list[str]],
        outcomes: dict[int, str | HubError],
    ) -> None:
        """All in one transaction; what is refused together is tried in halves, until the one at fault is alone."""
        if not ready:
            return
        try:
            ids = send(bound, [item for _, item in ready])
        except (Rejected, Stale) as error:
            if len(ready) == 1:
                outcomes[ready[0][0]] = error
                return
            middle = len(ready) // 2
            self._halving(bound, ready[:middle], send, outcomes)
            self._halving(bound, ready[middle:], send, outcomes)
        except HubError as error:
            outcomes.update((number, error) for number, _ in ready)
        else:
            outcomes.update(zip((number for number, _ in ready), ids, strict=True))

    def _prepare(self, bound: Bound, write: Write, known: Mapping[str, Row]) -> Any:
        """What to send: a draft (creates), (row, draft) (updates), a row (deletes)."""
        row = known.get(write.id or "")
        if write.id is not None and row is None:
            raise Missing("tryton.missing", object=bound.shape.model, id=write.id)
        if row is not None and write.version is not None and write.version != version_of(bound, row):
            raise Stale("tryton.stale", connection=self.site.connection, method=bound.shape.model)
        if write.values is None:
            self._allowed(bound, bound.shape.delete, "delete")
            return row
        draft = Draft()
        for name, value in self._wanted(bound, write).items():
            self._part(bound, name).pack(value, row, draft, bound.metas, self._resolve)
        return draft if row is None else (row, draft)

    def _wanted(self, bound: Bound, write: Write) -> Values:
        values = dict(write.values or {})
        if write.id is not None:
            self._writable(bound, values)
            self._allowed(bound, bound.shape.update, "update")
            return values
        self._allowed(bound, bound.shape.create != "no", "create")
        token = bound.shape.token if bound.shape.create == "token" else None
        mark = values.pop(token, None) or write.token if token else None
        self._writable(bound, values)
        values = {**self.settings.defaults.get(bound.shape.model, {}), **values}
        return {**values, token: mark} if token and mark else values

    def _writable(self, bound: Bound, values: Values) -> None:
        for name in values:
            found = bound.schema.field(name)
            if found is None:
                raise Unsupported("tryton.unknown_field", object=bound.shape.model, field=name)
            if not found.writable:
                raise Unsupported("tryton.read_only", object=bound.shape.model, name=name)

    def _allowed(self, bound: Bound, allowed: bool, verb: str) -> None:
        if not allowed:
            raise Unsupported("tryton.not_able", object=bound.shape.model, verb=verb)

    def _create(self, bound: Bound, drafts: list[Draft]) -> list[str]:
        values = [self._new(bound, draft) for draft in drafts]
        inside, through = bound.shape.inside, bound.shape.through
        with self._creating:  # Tryton hands out party codes from a sequence that parallel calls trip over on SQLite
            if not inside:
                return [str(i) for i in self.rpc.call(_method(bound, "create"), values, writes=True)]
            home = bound.shape.relations[inside]
            made = self.rpc.call(f"model.{home}.create", values, writes=True)
        rows = self.rpc.call(f"model.{home}.read", made, [through])
        by_home = {row["id"]: str(row[through][0]) for row in rows}
        return [by_home[i] for i in made]

    def _new(self, bound: Bound, draft: Draft) -> dict[str, Any]:
        values, inside = draft.finish(None), bound.shape.inside
        if inside:
            values = {**draft.inside.get(inside, {}), bound.shape.through: [["create", [values]]]}
            if values.get("salable") and "sale_uom" not in values:
                values["sale_uom"] = values.get("default_uom")
        if bound.shape.model == "sale.sale" and self.settings.fill_orders:
            values = filled(self.rpc, values, self.settings.company)
        return values

    def _update(self, bound: Bound, changes: list[tuple[Row, Draft]]) -> list[str]:
        own: list[Any] = []
        checked: list[Row] = []
        for row, draft in changes:
            values, inside = self._completed(bound, row, draft.finish(row)), bound.shape.inside
            shared = dict(draft.inside.get(inside, {})) if inside else {}
            if shared:  # one call for both: the template, and the variant as a row of it
                shared |= {bound.shape.through: [["write", [row["id"]], values]]} if values else {}
                self._rewrite(bound, bound.shape.relations[inside], [[row[f"{inside}."]["id"]], shared], [row])
            elif values.get("active") and not row.get("active") and len(values) > 1:
                # The fields of an inactive record are locked: it is woken up by a call of its own.
                self._rewrite(bound, bound.shape.model, [[row["id"]], {"active": True}], [row])
                own += [[row["id"]], {k: v for k, v in values.items() if k != "active"}]
            elif values:
                own += _asleep_last(row["id"], values)
                checked.append(row)
        if own:
            self._rewrite(bound, bound.shape.model, own, checked)
        return [str(row["id"]) for row, _ in changes]

    def _completed(self, bound: Bound, row: Row, values: dict[str, Any]) -> dict[str, Any]:
        if bound.shape.model == "sale.sale" and self.settings.fill_orders and "lines" in values:
            values["lines"] = filled_lines(self.rpc, row["id"], values["lines"])
        return values

    def _rewrite(self, bound: Bound, model: str, params: list[Any], rows: list[Row]) -> None:
        stamps = {k: v for row in rows for k, v in stamps_of(bound, row).items()}
        self.rpc.call(f"model.{model}.write", *params, writes=True, _timestamp=stamps)

    def _delete(self, bound: Bound, rows: list[Row]) -> list[str]:
        stamps = {k: v for row in rows for k, v in stamps_of(bound, row).items()}
        self.rpc.call(_method(bound, "delete"), [row["id"] for row in rows], writes=True, _timestamp=stamps)
        return [str(row["id"]) for row in rows]

    # ---------------------------------------------------------------------- steps

    def call(self, obj: str, action: str, record_id: str, args: Values) -> Written:
        """A status step. Raises Rejected where the state does not allow it or stock is short."""
        bound = self._object(obj)
        step = bound.shape.steps.get(action)
        if step is None:
            known = ", ".join(bound.shape.steps) or "-"
            raise Unsupported("tryton.no_action", object=obj, action=action, known=known)
        state = self._one(bound, record_id)["state"]
        if state not in step.states:
            raise Rejected(
                "tryton.illegal_step",
                field="state",
                object=obj,
                action=action,
                state=state,
                legal=", ".join(step.states),
            )
        if (obj, action) == ("account.invoice", "pay"):
            pay(self.rpc, int(record_id), args, self.site.now().date())
        else:
            self.rpc.call(f"model.{bound.shape.model}.{step.button or action}", [int(record_id)], writes=True)
        record = record_of(bound, self._one(bound, record_id))
        if step.stuck and record.values["state"] == step.stuck:
            raise Rejected("tryton.stuck", field="state", object=obj, action=action, state=step.stuck)
        return Written.of(record)

    def _one(self, bound: Bound, record_id: str) -> Row:
        rows = self._rows(bound, [record_id])
        if not rows:
            raise Missing("tryton.missing", object=bound.shape.model, id=record_id)
        return rows[0]

    # --------------------------------------------------------------------- shapes

    def _object(self, obj: str) -> Bound:
        bound = self._find(obj) if obj in SHAPES or obj in self.settings.models else None
        if bound is None:
            known = ", ".join((*SHAPES, *self.settings.models))
            raise Unsupported("tryton.unknown_object", connection=self.site.connection, object=obj, known=known)
        return bound

    def _find(self, model: str) -> Bound | None:
        """The object as this installation has it; None where it has no such model."""
        if model not in self._bound:
            meta = self._meta(model)
            self._bound[model] = None if meta is None else self._bind(model, meta)
        return self._bound[model]

    def _bind(self, model: str, meta: Mapping[str, Mapping[str, Any]]) -> Bound:
        s: TrytonSettings = self.settings
        shape = SHAPES.get(model) or shape_of(model, tuple(s.models[model]), meta)
        shape = with_more(_tokened(shape, s.order_token_field), tuple(s.fields.get(model, ())))
        metas: dict[str, Mapping[str, Mapping[str, Any]]] = {"": meta}
        for relation, other in shape.relations.items():
            found = self._meta(other)
            if found is not None and relation in meta:
                metas[relation] = found
        return Bound.of(shape, metas, s.batch if not shape.inside else 1, s.page)

    def _meta(self, model: str) -> Mapping[str, Mapping[str, Any]] | None:
        """What `fields_get` says of a model, asked once; None where this installation has no such model."""
        if model not in self._metas:
            try:
                self._metas[model] = self.rpc.call(f"model.{model}.fields_get", [], 0)
            except Unsupported as error:
                if error.code != "tryton.fault":
                    raise
                self._metas[model] = None
        return self._metas[model]

    def _part(self, bound: Bound, name: str) -> Any:
        if name not in bound.parts:
            raise Unsupported("tryton.unknown_field", object=bound.shape.model, field=name)
        return bound.parts[name]

    def _resolve(self, model: str, by: str, value: str) -> int:
        """The id of the one record of that name; names that were found once are remembered."""
        if (model, by, value) not in self._names:
            found = self.rpc.call(f"model.{model}.search", [[by, "=", value]], 0, 2, None, active_test=True)
            if len(found) != 1:
                raise Rejected("tryton.not_found", model=model, by=by, value=value, count=len(found))
            self._names[model, by, value] = found[0]
        return self._names[model, by, value]


def _verb(write: Write) -> str:
    return "create" if write.id is None else "delete" if write.values is None else "update"


def _asleep_last(number: int, values: dict[str, Any]) -> list[Any]:
    """A patch for RPC's `write`; a record is put to sleep only after its other fields have changed."""
    rest = {k: v for k, v in values.items() if k != "active"}
    if values.get("active", True) or not rest:
        return [[number], values]
    return [[number], rest, [number], {"active": False}]


def _tokened(shape: Shape, name: str) -> Shape:
    """An order's token field is not for mappings to write."""
    if shape.model != "sale.sale":
        return shape
    parts = tuple(
        replace(p, writable=p.name != name) if p.name in ("description", "reference") else p for p in shape.parts
    )
    return replace(shape, parts=parts, token=name)


def _method(bound: Bound, verb: str) -> str:
    return f"model.{bound.shape.model}.{verb}"


CONNECTOR = Tryton

__all__ = ["CONNECTOR", "Cursor", "Tryton", "TrytonSettings"]
