"""ERPNext (Frappe 14 and later): customers, addresses, contacts, items, orders, deliveries, invoices, payments.

Lists show no child tables: their rows are a list of their own, one call more for a page. Stamps hang on the site's
clock and guard a change; a child table that is sent is replaced whole, so that every row of it is sent again. What was
deleted stands in a list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hefu.connectors._erpnext_api import Api
from hefu.connectors._erpnext_objects import CANCELLED, KINDS, STATES, SUBMITTABLE, SUBMITTED, Kind, Step
from hefu.connectors._erpnext_settings import DocTypeSettings, ErpNextSettings
from hefu.connectors._erpnext_shapes import KEY, ROW, STATE, Row, Shape, fields_of, local
from hefu.connectors._id_walk import IdCursor
from hefu.core.connector import Connector, Settings, Site
from hefu.core.errors import Denied, HubError, Missing, Rejected, Unanswered, Unsupported
from hefu.core.records import REMOVED, Abilities, Field, FieldType, ObjectSchema, Page, Record, Values, Write, Written

T = FieldType


class ErpNext(Connector):
    """A line to one site."""

    name = "erpnext"
    settings_type = ErpNextSettings

    def __init__(self, settings: Settings, site: Site) -> None:
        super().__init__(settings, site)
        own: ErpNextSettings = self.settings
        self._api = Api(site, own.url, own.api_key, own.api_secret)
        self._shapes: dict[str, Shape] = {}
        self._zone: ZoneInfo | None = None
        self._traces: bool | None = None

    # -------------------------------------------------------------------- looking

    def check(self) -> None:
        """Tries key and company, and a look at every doctype that the settings name."""
        self._api.method("frappe.auth.get_logged_user")
        own: ErpNextSettings = self.settings
        if own.company:
            found, _ = self._api.rows("Company", filters=[["name", "=", own.company]])
            if not found:
                raise Unsupported("erpnext.no_company", connection=self.site.connection, company=own.company)
        for name in own.doctypes or ["Customer"]:
            self._api.rows(name, limit_page_length=1)

    def health(self) -> Mapping[str, str]:
        """The versions of ERPNext and Frappe."""
        try:
            told = self._api.method("frappe.utils.change_log.get_versions")
        except (Unsupported, Denied, Missing):
            return {}
        apps = told.items() if isinstance(told, dict) else ()
        return {str(app): str(one.get("version")) for app, one in apps if isinstance(one, dict)}

    def discover(self) -> Sequence[ObjectSchema]:
        """The doctypes of the settings, else the usual ones that this user may see."""
        self._shapes, self._traces = {}, None  # what was known may have changed since
        out = []
        for name in self.settings.doctypes or KINDS:
            try:
                out.append(self._schema(self._load(name)))
            except (Unsupported, Denied) as error:
                if self.settings.doctypes or error.code not in ("erpnext.unknown_object", "erpnext.no_right"):
                    raise
        return out

    def _schema(self, shape: Shape) -> ObjectSchema:
        keyed = shape.kind.key != ("name",)
        names = {f.name for f in shape.fields}
        unique = keyed and all((f := shape.field(k)) is not None and f.unique for k in shape.kind.key)
        can = Abilities(
            create="token" if shape.token else "key" if unique else "blind",
            update=True,
            delete=True,
            changes="cursor+deletes" if self._tells_deletes() else "cursor",
            conditional="version",
            batch=self.settings.batch,
            page=self.settings.page,
            lines="keyed" if shape.children() else "none",
            token_field=shape.token or None,
            actions={name: step.states for name, step in shape.kind.steps.items()},
        )
        locked = {SUBMITTED: shape.free, CANCELLED: ()} if shape.submittable else {}
        key = tuple(k for k in shape.kind.key if k in names)
        return ObjectSchema(
            shape.name, shape.fields, shape.name, key, can, STATE if shape.submittable else None, locked
        )

    def _own(self, name: str) -> DocTypeSettings:
        own = self.settings.doctypes.get(name)
        return own if own is not None else DocTypeSettings()

    def _shape(self, name: str) -> Shape:
        if name not in (self.settings.doctypes or KINDS):
            raise self._unknown(name)
        return self._shapes.get(name) or self._load(name)

    def _unknown(self, name: str) -> Unsupported:
        known = ", ".join(self.settings.doctypes or KINDS)
        return Unsupported("erpnext.unknown_object", connection=self.site.connection, object=name, known=known)

    def _load(self, name: str) -> Shape:
        own, kind = self._own(name), KINDS.get(name, Kind())
        meta, told = self._described(name)
        objects = list(self.settings.doctypes or KINDS)
        fields = fields_of(told, [*kind.fields, *own.fields] if kind.fields else (), objects)
        wanted = own.token_field if own.token_field is not None else self.settings.token_field
        token = wanted if wanted in told else ""
        if token and token not in [f.name for f in fields]:
            fields += fields_of(told, [token], objects)
        submittable = bool(meta.get("is_submittable"))
        if submittable:
            fields.append(Field(STATE, T.CODE, "Document Status", writable=False, options=STATES))
        tables, lists = self._tables(kind, own, told, objects)
        fields += lists
        steps = kind.steps or (SUBMITTABLE if submittable else {})
        key = kind.key if own.key is None else tuple(own.key)
        if key == ("name",):
            fields.insert(0, Field(ROW, T.CODE, "ID", writable=False, unique=True))
        own_company = bool(self.settings.company) and "company" in told
        free = tuple(n for n, one in told.items() if one.get("allow_on_submit"))
        made = Kind(kind.fields, kind.tables, key, steps)
        shape = Shape(name, tuple(fields), told, made, self._site_zone(), submittable, token, own_company, free, tables)
        self._shapes[name] = shape
        return shape

    def _described(self, doctype: str) -> tuple[Row, dict[str, Row]]:
        """(the DocType's own document, its fields and those that the company added)."""
        try:
            meta = self._api.get("DocType", doctype)
        except Missing as error:
            raise self._unknown(doctype) from error
        filters = [["dt", "=", doctype]]
        words = ["fieldname", "fieldtype", "label", "options", "reqd", "read_only", "unique", "allow_on_submit",
                 "default", "length", "permlevel"]  # fmt: skip
        added, _ = self._api.rows("Custom Field", filters=filters, fields=words, limit_page_length=0)
        every = [*(meta.get("fields") or ()), *added]
        return meta, {str(f["fieldname"]): f for f in every if not f.get("permlevel")}

    def _tables(
        self, kind: Kind, own: DocTypeSettings, told: Mapping[str, Row], objects: Sequence[str]
    ) -> tuple[dict[str, Shape], list[Field]]:
        """The child tables, and the fields that show them."""
        names = list(kind.tables) if own.tables is None else own.tables
        tables, lists = dict[str, Shape](), list[Field]()
        for name in names:
            one = told.get(name)
            if one is None or one.get("fieldtype") != "Table":
                continue
            child = str(one.get("options"))
            _, below = self._described(child)
            fields = fields_of(below, kind.tables.get(name, ()), objects)
            row_key = own.row_key if own.row_key in below else ""
            other = (Field(KEY, T.CODE, "Key", unique=True),) if row_key else ()
            inner = (*other, Field(ROW, T.CODE, "ID", writable=False, unique=not row_key), *fields)
            tables[name] = Shape(child, inner, below, Kind(), self._site_zone(), row_key=row_key or "")
            lists.append(Field(name, T.LINES, str(one.get("label") or name), lines=inner))
        return tables, lists

    def _site_zone(self) -> ZoneInfo:
        """The clock that its stamps hang on."""
        if self._zone is None:
            own: ErpNextSettings = self.settings
            told = own.time_zone
            if told is None:
                found = self._api.get("System Settings", "System Settings")
                told = str(found.get("time_zone") or "") or None
            try:
                self._zone = ZoneInfo(told) if told else self.site.zone
            except (ZoneInfoNotFoundError, ValueError):
                raise Unsupported("erpnext.no_zone", connection=self.site.connection, zone=str(told)) from None
        return self._zone

    # -------------------------------------------------------------------- reading

    def read(self, obj: str, since: str | None = None) -> Iterator[Page]:
        """Everything, or what `modified` says has changed, and what Deleted Document says is gone."""
        cursor = IdCursor.parse(since, self.site.connection, "erpnext.bad_cursor")
        return self._pages(self._shape(obj), cursor)

    def _pages(self, shape: Shape, cursor: IdCursor) -> Iterator[Page]:
        since = None if cursor.at is None else local(cursor.at - self.site.lateness, shape.zone)
        low = [] if since is None else [["modified", ">=", since]]
        on, began = cursor.on, cursor.began
        while True:
            rows, at = self._rows(shape, [*low, *([["name", ">", on]] if on else [])])
            began, records = began or at, self._records(shape, rows)
            if len(rows) < self.settings.page:
                break
            on = str(rows[-1]["name"])
            yield Page(records, cursor.onward(began, on))
        gone = self._gone(shape, since) if since is not None else []
        yield Page(records, cursor.ended(began), gone)

    def _rows(self, shape: Shape, filters: Sequence[Any]) -> tuple[Sequence[Row], datetime]:
        """A page in the order of names: an order of stamps moves while it is read."""
        own = [["company", "=", self.settings.company]] if shape.company else []
        words: dict[str, Any] = {"filters": [*own, *filters], "fields": [*shape.columns(), "modified", "modified_by"]}
        return self._api.rows(shape.name, order_by="name asc", limit_page_length=self.settings.page, **words)

    def _records(self, shape: Shape, rows: Sequence[Row]) -> list[Record]:
        inside: dict[str, dict[str, list[Row]]] = {str(r["name"]): {} for r in rows}
        for name, table in shape.children().items() if rows else ():
            for row in self._children(shape, name, table, list(inside)):
                inside.get(str(row["parent"]), {}).setdefault(name, []).append(row)
        return [shape.record(r, inside[str(r["name"])]) for r in rows]

    def _children(self, shape: Shape, name: str, table: Shape, parents: Sequence[str]) -> Sequence[Row]:
        own = [["parent", "in", list(parents)], ["parenttype", "=", shape.name], ["parentfield", "=", name]]
        words: dict[str, Any] = {"filters": own, "fields": [*table.columns(), "parent", "idx"], "parent": shape.name}
        return self._api.rows(table.name, order_by="parent asc, idx asc", limit_page_length=0, **words)[0]

    def _tells_deletes(self) -> bool:
        """Whether this user may look into the list of what was deleted."""
        if self._traces is None:
            try:
                self._api.rows("Deleted Document", limit_page_length=1)
                self._traces = True
            except (Denied, Unsupported, Missing) as error:
                if error.code == "erpnext.denied":
                    raise
                self._traces = False
        return self._traces

    def _gone(self, shape: Shape, since: str) -> list[str]:
        """Names that were deleted and are not there again."""
        if not self._tells_deletes():
            return []
        filters = [["deleted_doctype", "=", shape.name], ["creation", ">=", since]]
        rows, _ = self._api.rows("Deleted Document", filters=filters, fields=["deleted_name"], limit_page_length=0)
        names = list(dict.fromkeys(str(r["deleted_name"]) for r in rows))
        if not names:
            return []
        again, _ = self._api.rows(shape.name, filters=[["name", "in", names]], limit_page_length=0)
        there = {str(r["name"]) for r in again}
        return [n for n in names if n not in there]

    def fetch(self, obj: str, ids: Sequence[str]) -> Sequence[Record]:
        """A page of them a call."""
        shape, found, size = self._shape(obj), list[Record](), self.settings.page
        wanted = [i for i in dict.fromkeys(ids) if i]
        for start in range(0, len(wanted), size):
            some = set(wanted[start : start + size])
            rows, _ = self._rows(shape, [["name", "in", sorted(some)]])
            found += self._records(shape, [r for r in rows if r["name"] in some])
        return found

    def search(self, obj: str, by: Values) -> Sequence[Record]:
        """By filters; the database does not mind case, we do. At most twenty."""
        shape = self._shape(obj)
        fields = [shape.field(name) for name in by]
        if not by or any(f is None or f.type not in (T.TEXT, T.CODE, T.REFERENCE) for f in fields):
            return super().search(obj, by)
        if None in by.values() or STATE in by:
            return super().search(obj, by)
        rows, _ = self._rows(shape, [[name, "=", value] for name, value in by.items()])
        exact = [r for r in rows if all(str(r.get(n) or "") == v for n, v in by.items())]
        return self._records(shape, exact[:20])

    # -------------------------------------------------------------------- writing

    def write(self, obj: str, writes: Sequence[Write]) -> Sequence[Written | HubError]:
        """New records many a call; changes and deletes one by one, for that is all there is."""
        shape, out = self._shape(obj), dict[int, Written | HubError]()
        creates: list[tuple[int, Row, str]] = []
        for place, write in enumerate(writes):
            try:
                if write.id is None:
                    creates.append((place, self._document(shape, write), write.token))
                elif write.values is None:
                    self._api.delete(shape.name, write.id)
                    out[place] = Written(write.id)
                else:
                    out[place] = self._update(shape, write.id, write)
            except HubError as error:
                out[place] = error
        for start in range(0, len(creates), self.settings.batch):
            self._create(shape, creates[start : start + self.settings.batch], out)
        return [out[place] for place in range(len(writes))]

    def _document(self, shape: Shape, write: Write) -> dict[str, Any]:
        values = dict(write.values or {})
        doc = {"doctype": shape.name, **shape.pack(values)}
        if shape.token and write.token:
            doc[shape.token] = write.token
        if shape.company and not doc.get("company"):
            doc["company"] = self.settings.company
        for name, table in shape.children().items():
            if values.get(name):
                lines = (x for x in values[name] if not x.get(REMOVED))
                doc[name] = [{**table.pack(_given(x)), **table.kept(x)} for x in lines]
        return doc

    def _create(self, shape: Shape, ready: Sequence[tuple[int, Row, str]], out: dict[int, Written | HubError]) -> None:
        """All in one transaction; what is refused together is tried in halves, until the one at fault is alone."""
        waiting = [list(ready)] if ready else []
        while waiting:
            some = waiting.pop()
            try:
                names = self._insert([doc for _, doc, _ in some])
                out |= {place: Written(name) for (place, _, _), name in zip(some, names, strict=True)}
            except Rejected as error:
                if len(some) > 1:
                    middle = len(some) // 2
                    waiting += [some[middle:], some[:middle]]
                else:
                    [(place, _, token)] = some
                    out[place] = self._known(shape, token, error)
            except HubError as error:
                out |= {place: error for place, _, _ in some}

    def _insert(self, docs: Sequence[Row]) -> Sequence[str]:
        if len(docs) == 1:
            return [str(self._api.insert(docs[0])["name"])]
        names = self._api.method("frappe.client.insert_many", writes=True, docs=docs)
        if not isinstance(names, list) or len(names) != len(docs):
            raise Unanswered("erpnext.fault", connection=self.site.connection, where="insert_many", status=200)
        return [str(n) for n in names]

    def _known(self, shape: Shape, token: str, error: Rejected) -> Written | HubError:
        """It is there already under our own id: an answer was lost before. Else the refusal."""
        if error.code != "erpnext.taken" or not (shape.token and token):
            return error
        try:
            mine = self.search(shape.name, {shape.token: token})
        except HubError as other:
            return other
        return Written(mine[0].id) if mine else error

    def _update(self, shape: Shape, name: str, write: Write) -> Written:
        values = dict(write.values or {})
        body = shape.pack(values)
        version = write.version
        if any(values.get(table) for table in shape.children()):
            now = self._api.get(shape.name, name)
            version = version or str(now["modified"])
            for table, child in shape.children().items():
                if values.get(table):
                    body[table] = _merged(shape, table, child, now.get(table) or (), values[table])
        if not body:
            return Written(name, version=version)
        if version is not None:
            body["modified"] = version
        told = self._api.update(shape.name, name, body)
        return Written(str(told["name"]), version=str(told.get("modified") or "") or None)

    # -------------------------------------------------------------------- steps

    def call(self, obj: str, action: str, record_id: str, args: Values) -> Written:
        """Submit, cancel, or make the follow-up document. Raises Rejected where the status does not allow it."""
        shape = self._shape(obj)
        step = shape.kind.steps.get(action)
        if step is None:
            known = ", ".join(shape.kind.steps) or "-"
            raise Unsupported("erpnext.no_action", object=obj, action=action, known=known)
        found = self.fetch(obj, [record_id])
        if not found:
            where = f"{shape.name} {record_id}"
            raise Missing("erpnext.missing", connection=self.site.connection, where=where, words="-", kind="-")
        record, state = found[0], str(found[0].values[STATE])
        if state not in step.states:
            facts = {"object": obj, "action": action, "state": state, "legal": ", ".join(step.states)}
            raise Rejected("erpnext.illegal_step", field=STATE, **facts)
        if step.method:
            self._follow(shape, step, record, args)
            return Written(record_id)
        body = {STATE: 1 if action == "submit" else 2, "modified": record.version}
        told = self._api.update(shape.name, record_id, body)
        return Written(str(told["name"]), version=str(told.get("modified") or "") or None)

    def _follow(self, shape: Shape, step: Step, record: Record, args: Values) -> None:
        """A follow-up is unsaved until it is posted; our key says from which stage it was made, so that it is one."""
        words: dict[str, Any] = {step.by: record.id}
        if step.by == "dn":
            words["dt"] = shape.name
        doc = dict(self._api.method(step.method, **words) or {})
        doc.pop("__islocal", None)
        token = self._own(step.makes).token_field or self.settings.token_field
        doc |= {"doctype": step.makes, token: f"{record.id}/{step.progress}/{record.values.get(step.progress)}"}
        if step.by == "dn":
            _paid(doc, args)
        elif args.get("date"):
            doc |= {"set_posting_time": 1, "posting_date": str(args["date"])}
        try:
            made = self._api.insert(doc)
        except Rejected as error:
            if error.code != "erpnext.taken":
                raise
            return  # it was made from this very stage before: an answer was lost
        if args.get("submit"):
            self._api.update(step.makes, str(made["name"]), {STATE: 1})


def _paid(doc: dict[str, Any], args: Values) -> None:
    """What a payment says beside the proposal: how much, when, how."""
    if args.get("amount") is not None:
        amount = Decimal(str(args["amount"]))
        doc |= {"paid_amount": amount, "received_amount": amount}
        doc["references"] = [{**dict(r), "allocated_amount": amount} for r in doc.get("references") or ()]
    day = args.get("date")
    if day:
        told = day.isoformat() if isinstance(day, date) else str(day)
        doc |= {"posting_date": told, "reference_date": told}
    for given, name in (("mode", "mode_of_payment"), ("reference", "reference_no")):
        if args.get(given):
            doc[name] = str(args[given])


def _merged(
    shape: Shape, table: str, child: Shape, rows: Sequence[Row], lines: Sequence[Values]
) -> list[dict[str, Any]]:
    """Every row as it is, with what differs; a row without a key is new, one that is marked goes."""
    now = {str(r[ROW]): {n: v for n, v in r.items() if v is not None} for r in rows}
    known = {str(r[child.row_key]): str(r[ROW]) for r in rows if child.row_key and r.get(child.row_key)}
    for line in lines:
        key, given = line.get(ROW) or known.get(str(line.get(KEY)), line.get(KEY)), _given(line)
        if key is None or (line.get(KEY) == key and key not in now and not line.get(REMOVED)):
            now[f"new {len(now)}"] = {**child.pack(given), **child.kept(line)}
        elif line.get(KEY) == key and key not in now:
            continue  # gone already
        elif key not in now:
            raise Rejected("erpnext.unknown_line", field=table, object=shape.name, line=str(key))
        elif line.get(REMOVED):
            del now[key]
        else:
            held = child.values(now[key])
            now[key] |= child.pack({n: v for n, v in given.items() if held.get(n) != v})
    return list(now.values())


def _given(line: Values) -> dict[str, Any]:
    return {n: v for n, v in line.items() if n not in (ROW, KEY, REMOVED)}


CONNECTOR = ErpNext

__all__ = ["CONNECTOR", "ErpNext", "ErpNextSettings"]
