"""Odoo: customers with contacts and addresses, products, orders with lines, transfers, invoices, payments, any model.

Series 19 and later by JSON-2, older ones by JSON-RPC. Many records a call both ways; what changed is asked by
`write_date` in the order of ids, since its seconds hide what the database orders by. Odoo has no versions: records are
read before they are changed, and only what differs is sent.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from hefu.connectors._expected import moved, news
from hefu.connectors._id_walk import IdCursor
from hefu.connectors._odoo_api import Api, Login
from hefu.connectors._odoo_objects import KINDS, NO_LINES, Kind, Step
from hefu.connectors._odoo_settings import ObjectSettings, OdooSettings
from hefu.connectors._odoo_shapes import KEY, Shape, fields_of, moment
from hefu.connectors._odoo_write import Writer, external_name
from hefu.core.connector import Connector, Settings, Site
from hefu.core.errors import HubError, Missing, Rejected, Stale, Unsupported
from hefu.core.records import Abilities, Field, FieldType, ObjectSchema, Page, Record, Values, Write, Written

HUB_ID = "hub_id"
"""The field under which records show the external id that the hub gave them."""

_ASKED = ["type", "string", "required", "readonly", "relation", "selection", "store", "digits", "depends"]
_SOON = timedelta(days=14)

Row = Mapping[str, Any]


class Odoo(Connector):
    """A line to one database."""

    name = "odoo"
    settings_type = OdooSettings

    def __init__(self, settings: Settings, site: Site) -> None:
        super().__init__(settings, site)
        own: OdooSettings = self.settings
        if own.api == "jsonrpc" and not (own.database and own.user):
            raise Unsupported("odoo.incomplete", connection=site.connection)
        # Archived records are records too; without this they would look deleted.
        context: dict[str, Any] = {"lang": own.language, "tz": "UTC", "active_test": False}
        if own.companies:
            context["allowed_company_ids"] = list(own.companies)
        self._api = Api(site, own.url, Login(own.api, own.database, own.user, own.api_key), context)
        self._shapes: dict[str, Shape] = {}
        self._names: dict[str, dict[str, list[int]]] = {}

    # -------------------------------------------------------------------- looking

    def check(self) -> None:
        """Tries the key, the companies, and a look at every object that the settings name."""
        for name in list(self.settings.objects) or ["res.partner"]:
            model = self._model(name)
            self._api.call(model, "search", domain=[], limit=1)

    def health(self) -> Mapping[str, str]:
        """The series, and when the key ends: a fortnight before it says so."""
        told = {"version": self._api.version()}
        own: OdooSettings = self.settings
        domain = [["name", "=", own.key_name]] if own.key_name else []
        try:
            keys = self._api.call("res.users.apikeys", "search_read", domain=domain, fields=["expiration_date"])
        except (Rejected, Unsupported):
            return told
        ends = sorted(at for at in (moment(k.get("expiration_date")) for k in keys) if at is not None)
        if ends:
            told["key_ends"] = f"{ends[0]:%Y-%m-%d}"
            if ends[0] - self.site.now() < _SOON:
                told["warning"] = f"API key ends on {told['key_ends']} / API 密钥将于该日到期"
        return told

    def discover(self) -> Sequence[ObjectSchema]:
        """The objects of the settings, else the usual ones that this database has."""
        self._shapes = {}  # what was known may have changed since
        if self.settings.objects:
            return [self._schema(self._load(name)) for name in self.settings.objects]
        out = []
        for name in KINDS:
            try:
                out.append(self._schema(self._load(name)))
            except Unsupported as error:
                if error.code != "odoo.unknown_object":
                    raise
        return out

    def _schema(self, shape: Shape) -> ObjectSchema:
        can = Abilities(
            create="token" if shape.token else "blind",
            update=True,
            delete=True,
            changes="cursor",
            conditional="values",
            batch=self.settings.batch,
            page=self.settings.page,
            lines="keyed" if shape.detail else "none",
            token_field=shape.token or None,
            actions={name: step.states for name, step in shape.kind.steps.items()},
            back={"post": "draft"} if shape.name == "account.move" else {},
        )
        names = {f.name for f in shape.fields}
        key = tuple(k for k in shape.kind.key if k in names)
        state = "state" if "state" in names else None
        return ObjectSchema(shape.name, shape.fields, shape.label, key, can, state, shape.kind.locked if state else {})

    def _own(self, name: str) -> ObjectSettings:
        own = self.settings.objects.get(name)
        return own if own is not None else ObjectSettings()

    def _model(self, name: str) -> str:
        if name not in (self.settings.objects or KINDS):
            known = ", ".join(self.settings.objects or KINDS)
            raise Unsupported("odoo.unknown_object", connection=self.site.connection, object=name, known=known)
        return self._own(name).model or name

    def _shape(self, name: str) -> Shape:
        self._model(name)
        return self._shapes.get(name) or self._load(name)

    def _load(self, name: str) -> Shape:
        own, model = self._own(name), self._model(name)
        kind = KINDS.get(model, Kind())
        kind = replace(
            kind,
            fields=(*kind.fields, *own.fields) if kind.fields else (),
            key=kind.key if own.key is None else tuple(own.key),
            lines=kind.lines if own.lines is None else own.lines,
            line_fields=kind.line_fields if own.lines in (None, kind.lines) else (),
            domain=(*kind.domain, *(tuple(p) if isinstance(p, list) else p for p in own.domain)),
        )
        told = self._told(name, model)
        fields = fields_of(told, kind.fields, self._targets(), self._given(model, told))
        detail = self._detail(name, kind, told)
        if detail is not None:
            keyed = bool(detail.line_key)
            own_id = Field("id", FieldType.CODE, "ID", writable=False, unique=not keyed)
            other = (Field(KEY, FieldType.CODE, "Key", unique=True),) if keyed else ()
            inside = (*other, own_id, *detail.fields)
            fields = (*fields, Field("lines", FieldType.LINES, detail.label, lines=inside))
        external = not own.token_field
        if external:
            fields = (*fields, Field(HUB_ID, FieldType.CODE, "Hub ID", writable=False, unique=True))
        elif own.token_field not in told:
            known = ", ".join(told)[:400]
            raise Unsupported("odoo.unknown_field", object=name, field=own.token_field, known=known)
        elif own.token_field not in [f.name for f in fields]:
            fields = (*fields, *fields_of(told, [str(own.token_field)], {}, ()))
        token = own.token_field or HUB_ID
        shape = Shape(name, model, kind.label or model, fields, told, kind, kind.domain, token, external)
        self._shapes[name] = made = replace(shape, detail=detail)
        return made

    def _told(self, name: str, model: str) -> Mapping[str, Row]:
        try:
            told = self._api.call(model, "fields_get", attributes=_ASKED)
        except (Missing, Unsupported) as error:
            if error.code not in ("odoo.misfit", "odoo.missing"):
                raise
            known = ", ".join(self.settings.objects or KINDS)
            facts = {"connection": self.site.connection, "object": name, "known": known}
            raise Unsupported("odoo.unknown_object", **facts) from error
        return dict(told)

    def _given(self, model: str, told: Mapping[str, Row]) -> Sequence[str]:
        """Required fields that Odoo fills in by itself."""
        wanted = [n for n, one in told.items() if one.get("required") and not one.get("readonly")]
        if not wanted:
            return ()
        found = self._api.call(model, "default_get", places=[wanted], fields=wanted)
        return [n for n, value in found.items() if value is not False]

    def _targets(self) -> Mapping[str, str]:
        """Model -> the first object of it."""
        out: dict[str, str] = {}
        for name, own in self.settings.objects.items():
            out.setdefault(own.model or name, name)
        return out

    def _detail(self, name: str, kind: Kind, told: Mapping[str, Row]) -> Shape | None:
        one = told.get(kind.lines)
        if one is None or one.get("type") != "one2many":
            return None
        model = str(one["relation"])
        below = self._told(name, model)
        fields = fields_of(below, kind.line_fields, self._targets(), self._given(model, below))
        parents = {"sale.order.line": "order_id", "stock.move": "picking_id", "account.move.line": "move_id"}
        parent = parents.get(model) or next(
            (n for n, f in below.items() if f.get("relation") == self._model(name) and f.get("required")), ""
        )
        fields = tuple(f for f in fields if f.name != parent)
        line_key = self._own(name).line_key or ""
        if line_key and line_key not in below:
            raise Unsupported("odoo.unknown_field", object=model, field=line_key, known=", ".join(below)[:400])
        label = str(one.get("string") or model)
        return Shape(model, model, label, fields, below, Kind(), (), parent=parent, line_key=line_key)

    # -------------------------------------------------------------------- reading

    def read(self, obj: str, since: str | None = None) -> Iterator[Page]:
        """Everything, or what `write_date` says has changed, of a document or of its lines."""
        cursor = IdCursor.parse(since, self.site.connection, "odoo.bad_cursor")
        return self._pages(self._shape(obj), cursor)

    def _pages(self, shape: Shape, cursor: IdCursor) -> Iterator[Page]:
        low: list[Any] = []
        if cursor.at is not None:
            low = [["write_date", ">=", f"{cursor.at - self.site.lateness:%Y-%m-%d %H:%M:%S}"]]
        on, began = cursor.on, cursor.began
        while True:
            rows, at = self._rows(shape, [*low, *([["id", ">", int(on)]] if on else [])])
            began = began or at
            records = self._records(shape, rows)
            if len(rows) < self.settings.page:
                break
            on = str(rows[-1]["id"])
            yield Page(records, cursor.onward(began, on))
        if low and shape.detail is not None and shape.detail.parent:
            seen = {r.id for r in records}
            yield from (Page([r for r in some if r.id not in seen]) for some in self._by_lines(shape, low))
        yield Page(records, cursor.ended(began))

    def _rows(self, shape: Shape, domain: Sequence[Any]) -> tuple[list[Row], datetime]:
        """A page in the order of ids: an order of stamps would have to compare seconds with microseconds."""
        words: dict[str, Any] = {"domain": [*shape.domain, *domain], "fields": shape.columns(), "order": "id"}
        told, at = self._api.timed(shape.model, "search_read", limit=self.settings.page, **words)
        return list(told), at

    def _by_lines(self, shape: Shape, low: Sequence[Any]) -> Iterator[list[Record]]:
        """Documents of which a line changed: their own stamp need not tell."""
        detail = shape.detail
        assert detail is not None
        told = self._api.call(detail.model, "search_read", domain=list(low), fields=[detail.parent], order="id")
        ids = [str(r[detail.parent][0]) for r in told if r.get(detail.parent)]
        size = self.settings.page
        wanted = list(dict.fromkeys(ids))
        for start in range(0, len(wanted), size):
            yield list(self.fetch(shape.name, wanted[start : start + size]))

    def _records(self, shape: Shape, rows: Sequence[Row]) -> list[Record]:
        """Rows with their lines and external ids: a call more for each, for the whole page."""
        lines = self._lines(shape, rows)
        names = self._external(shape, [int(r["id"]) for r in rows])
        return [shape.record(r, lines.get(r["id"], ()), names.get(r["id"])) for r in rows]

    def _lines(self, shape: Shape, rows: Sequence[Row]) -> Mapping[int, Sequence[Row]]:
        if shape.detail is None:
            return {}
        of = {i: r["id"] for r in rows for i in r.get(shape.kind.lines) or ()}
        if not of:
            return {}
        words: dict[str, Any] = {"domain": [["id", "in", sorted(of)]], "fields": shape.detail.columns()}
        out: dict[int, list[Row]] = {}
        for line in self._api.call(shape.detail.model, "search_read", order="id", **words):
            if line.get("display_type") not in NO_LINES:
                out.setdefault(of[line["id"]], []).append(line)
        return out

    def _external(self, shape: Shape, ids: Sequence[int]) -> Mapping[int, str]:
        """Number -> our id, for records that the hub created."""
        if not shape.external or not ids:
            return {}
        own = [["module", "=", self.settings.module], ["model", "=", shape.model], ["res_id", "in", list(ids)]]
        told = self._api.call("ir.model.data", "search_read", domain=own, fields=["name", "res_id"])
        return {int(r["res_id"]): _token_of(str(r["name"])) for r in told}

    def fetch(self, obj: str, ids: Sequence[str]) -> Sequence[Record]:
        """A page of them a call."""
        shape, found, size = self._shape(obj), list[Record](), self.settings.page
        wanted = [int(i) for i in dict.fromkeys(ids) if i.isdecimal()]
        for start in range(0, len(wanted), size):
            rows, _ = self._rows(shape, [["id", "in", wanted[start : start + size]]])
            found += self._records(shape, rows)
        return found

    def search(self, obj: str, by: Values) -> Sequence[Record]:
        """By the hub's id, else by a domain; at most twenty."""
        shape = self._shape(obj)
        fields = [shape.field(name) for name in by]
        if shape.external and list(by) == [HUB_ID]:
            return self._by_token(shape, str(by[HUB_ID]))
        if not by or any(f is None or f.type is FieldType.LINES or f.name == HUB_ID for f in fields):
            return super().search(obj, by)
        try:
            domain = [[n, "=", shape.asked(n, v, self._resolve)] for n, v in by.items()]
        except Rejected:
            return []  # a name or number that is not there names nothing
        rows, _ = self._rows(shape, domain)
        found = self._records(shape, rows[:20])
        return [r for r in found if all(r.values.get(n) == v for n, v in by.items())]

    def _by_token(self, shape: Shape, token: str) -> Sequence[Record]:
        own = [["module", "=", self.settings.module], ["name", "=", external_name(token)], ["model", "=", shape.model]]
        told = self._api.call("ir.model.data", "search_read", domain=own, fields=["res_id"])
        return self.fetch(shape.name, [str(r["res_id"]) for r in told])

    def _resolve(self, model: str, name: str) -> int:
        """The number of the one record of that name; a short list is read once."""
        known = self._names.get(model)
        if known is None or name not in known:
            known = {}
            for row in self._api.call(model, "search_read", domain=[], fields=["display_name"], limit=5000):
                known.setdefault(str(row["display_name"]), []).append(int(row["id"]))
            self._names[model] = known
        found = known.get(name, [])
        if len(found) != 1:
            raise Rejected("odoo.no_name", model=model, value=name[:60], count=len(found))
        return found[0]

    # -------------------------------------------------------------------- writing

    def write(self, obj: str, writes: Sequence[Write]) -> Sequence[Written | HubError]:
        """Creates, changes and deletes go out in one call each; where one record is refused, the others are not."""
        shape = self._shape(obj)
        writer = Writer(self._api, shape, self._resolve, self.settings.module, self.settings.batch)
        known = [str(w.id) for w in writes if w.id is not None]
        there = {r.id: r for r in self.fetch(obj, known)} if known else {}
        creates, changes, deletes = dict[int, Write](), dict[int, tuple[Record, Values]](), dict[int, int]()
        for place, write in enumerate(writes):
            try:
                if write.id is None:
                    creates[place] = write
                elif write.id not in there:
                    facts = {"where": f"{shape.model} {write.id}", "words": "-"}
                    raise Missing("odoo.missing", connection=self.site.connection, **facts)
                elif write.values is None:
                    deletes[place] = int(write.id)
                else:
                    changes[place] = (there[write.id], _patch(shape, write, there[write.id]))
            except HubError as error:
                writer.out[place] = error
        writer.create(creates)
        writer.update(changes)
        writer.delete(deletes, archive=self._archives(shape))
        done = (writer.out[place] for place in range(len(writes)))
        return [each if isinstance(each, HubError) else Written(str(each)) for each in done]

    def _archives(self, shape: Shape) -> bool:
        own = self._own(shape.name).delete
        return own == "archive" if own else "active" in shape.told

    # -------------------------------------------------------------------- steps

    def call(self, obj: str, action: str, record_id: str, args: Values) -> Written:
        """Press a button, or do what its dialogue would. Raises Rejected where the status does not allow it."""
        shape = self._shape(obj)
        step = shape.kind.steps.get(action)
        if step is None:
            known = ", ".join(shape.kind.steps) or "-"
            raise Unsupported("odoo.no_action", object=obj, action=action, known=known)
        state = self._state(shape, record_id)
        if state not in step.states:
            legal = ", ".join(step.states)
            raise Rejected("odoo.illegal_step", field="state", object=obj, action=action, state=state, legal=legal)
        if step.special:
            self._by_wizard(shape, step, int(record_id), args)
            return Written(record_id)
        context = dict(step.context)
        if action == "validate" and args.get("backorder") is False:
            context["picking_ids_not_to_backorder"] = [int(record_id)]
        told = self._api.call(shape.model, step.method, ids=[int(record_id)], writes=True, context=context)
        if isinstance(told, dict) and self._state(shape, record_id) not in step.to:
            opened = str(told.get("res_model") or "-")
            raise Rejected("odoo.dialogue", field="state", object=obj, action=action, dialogue=opened)
        return Written(record_id)

    def _state(self, shape: Shape, record_id: str) -> str:
        domain = [*shape.domain, ["id", "=", int(record_id) if record_id.isdecimal() else 0]]
        rows = self._api.call(shape.model, "search_read", domain=domain, fields=["state"])
        if not rows:
            facts = {"where": f"{shape.model} {record_id}", "words": "-"}
            raise Missing("odoo.missing", connection=self.site.connection, **facts)
        return str(rows[0]["state"])

    def _by_wizard(self, shape: Shape, step: Step, number: int, args: Values) -> None:
        """Invoices of an order and payments of an invoice are made by a dialogue's own model."""
        context = {"active_model": shape.model, "active_ids": [number], "active_id": number}
        vals: dict[str, Any] = {}
        if step.special == "invoice":
            wizard, method = "sale.advance.payment.inv", "create_invoices"
            vals["advance_payment_method"] = "delivered"
        else:
            wizard, method = "account.payment.register", "action_create_payments"
            if args.get("amount") is not None:
                vals["amount"] = Decimal(str(args["amount"]))
            for given, name in (("date", "payment_date"), ("memo", "communication")):
                if args.get(given):
                    vals[name] = str(args[given])
            if args.get("journal"):
                vals["journal_id"] = self._resolve("account.journal", str(args["journal"]))
        made = self._api.call(wizard, "create", writes=True, context=context, vals_list=[vals])
        self._api.call(wizard, method, ids=made, writes=True, context=context)


def _token_of(name: str) -> str:
    """The inverse of `external_name`."""
    parts = name.split("_")
    return "".join(p if n % 2 == 0 else chr(int(p, 16)) for n, p in enumerate(parts))


def _patch(shape: Shape, write: Write, now: Record) -> Values:
    """What of a patch differs from what is there. Raises Stale, Unsupported."""
    other = moved(write.expect, now.values)
    if other is not None:
        raise Stale("odoo.stale", object=shape.name, id=now.id, field=other)
    for name in write.values or {}:
        if name != "lines":
            shape.writable(name)
    return news(write.values or {}, now.values)


CONNECTOR = Odoo

__all__ = ["CONNECTOR", "Odoo", "OdooSettings"]
