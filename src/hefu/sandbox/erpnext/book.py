"""What this site holds: documents by doctype with their child tables, from draft to submitted to cancelled."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from hefu.sandbox.erpnext import rules
from hefu.sandbox.erpnext.doctypes import DOCTYPES, INDEXED, NUMBERS, STAMPS, DocType, F, Refused, gone, wrong
from hefu.sandbox.erpnext.filters import columns, given, ordered, tests
from hefu.sandbox.frame import Clock
from hefu.sandbox.shelf import Doc, Kept, Shelf

ZONE = ZoneInfo("Asia/Shanghai")
USER = "hub@example.com"
PERSON = "zhangmin@example.com"


class Book:
    """Documents by doctype. `hidden`: (doctype, field) above the user's level. `renamed`: (doctype, field) gone."""

    def __init__(self, path: str = ":memory:", clock: Clock | None = None) -> None:
        self.shelf = Shelf(path, clock, {"record": INDEXED}, title="customer_name")
        self.clock = self.shelf.clock
        self.hidden: set[tuple[str, str]] = set()
        self.renamed: dict[tuple[str, str], str] = {}
        self.forbidden: set[str] = set()
        self.strict_unique = False
        self.via, self.user = "api", USER
        self.written: list[tuple[str, str, str]] = []

    def close(self) -> None:
        """Close the file."""
        self.shelf.close()

    # ------------------------------------------------------------------------ looking

    def doctype(self, name: str) -> DocType:
        """As it is drawn now. Raises Refused."""
        found = DOCTYPES.get(name)
        if found is None:
            raise gone("DocType", name)
        if name in self.forbidden and self.via == "api":
            raise Refused("PermissionError", f"User {self.user} does not have doctype access via role permission for "
                          f"document {name}", 403)  # fmt: skip
        fields = tuple(f._replace(name=self.renamed.get((name, f.name), f.name)) for f in found.fields)
        return DocType(found.name, fields, found.naming, found.submittable, found.table, found.title)

    def kept(self, doctype: str, name: str) -> Kept | None:
        """A live document."""
        found = self.shelf.kept(doctype, name)
        return None if found is None or found.deleted else found

    def get(self, doctype: str, name: str) -> dict[str, Any]:
        """A whole document with its child tables. Raises Refused."""
        kind, kept = self.doctype(doctype), self.kept(doctype, name)
        if kept is None:
            raise gone(doctype, name)
        doc = {**self._header(kind, kept), "doctype": doctype}
        for f in kind.tables():
            doc[f.name] = [
                self._row(f.options, r, name, doctype, f.name) for r in kept.doc.get(self._stored(kind, f), [])
            ]
        return doc

    def _stored(self, kind: DocType, f: F) -> str:
        return next((old for (d, old), new in self.renamed.items() if (d, new) == (kind.name, f.name)), f.name)

    def _header(self, kind: DocType, kept: Kept) -> dict[str, Any]:
        doc = kept.doc
        row: dict[str, Any] = {
            "name": kept.id, "owner": doc.get("_owner", PERSON), "creation": stamp(kept.created),
            "modified": modified(kept), "modified_by": doc.get("_by", PERSON),
            "docstatus": doc.get("docstatus", 0), "idx": 0,
        }  # fmt: skip
        for f in kind.fields:
            if f.type != "Table" and (kind.name, f.name) not in self.hidden:
                row[f.name] = shown(f, doc.get(self._stored(kind, f)))
        return row

    def _row(self, doctype: str, row: Mapping[str, Any], parent: str, parenttype: str, field: str) -> dict[str, Any]:
        kind = DOCTYPES[doctype]
        told = {f.name: shown(f, row.get(f.name)) for f in kind.fields}
        place = {"parent": parent, "parenttype": parenttype, "parentfield": field, "doctype": doctype}
        return {"name": row["name"], "idx": row["idx"], "docstatus": row.get("docstatus", 0), **told, **place}

    def listed(self, doctype: str, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        """Rows of a list. Raises Refused."""
        kind = self.doctype(doctype)
        names = columns(kind, asked.get("fields"))
        for name in names:
            if (doctype, name) in self.hidden and self.via == "api":
                raise Refused("PermissionError", f"Field not permitted in query: {name}", 403)
        every = tests(kind, asked.get("filters"))
        some = tests(kind, asked.get("or_filters"))
        rows = [
            r
            for r in self._all(kind, asked)
            if all(test(r) for test in every) and (not some or any(test(r) for test in some))
        ]
        rows = ordered(kind, rows, str(asked.get("order_by") or ""))
        start = int(asked.get("limit_start") or 0)
        told = asked.get("limit_page_length", asked.get("limit"))
        most = 20 if told is None else int(told)
        rows = rows[start : start + most] if most else rows[start:]
        return [{n: r.get(n) for n in names} for r in rows]

    def _all(self, kind: DocType, asked: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The rows of a table, as few as an index allows."""
        filters = given(asked.get("filters")) or []
        parts = [p[-3:] for p in filters] if isinstance(filters, list) else [[n, "=", v] for n, v in filters.items()]
        if not kind.table:
            return [self._header(kind, k) for k in self._some(kind.name, parts, "name")]
        parent = str(asked.get("parent") or asked.get("parent_doctype") or "")
        if parent not in DOCTYPES:
            raise Refused("PermissionError", f"Insufficient Permission for {kind.name}", 403)
        tables = [f.name for f in self.doctype(parent).tables() if f.options == kind.name]
        return [
            self._row(kind.name, row, kept.id, parent, name)
            for kept in self._some(parent, parts, "parent")
            for name in tables
            for row in kept.doc.get(name, [])
        ]

    def _some(self, doctype: str, parts: Sequence[Sequence[Any]], key: str) -> Iterable[Kept]:
        by = {}
        for part in parts:
            if len(part) == 3 and part[0] == key and part[1] in ("=", "in"):
                names = part[2] if isinstance(part[2], list) else [part[2]]
                return [k for k in (self.kept(doctype, str(n)) for n in dict.fromkeys(names)) if k is not None]
            if len(part) == 3 and key == "name" and part[0] in INDEXED and part[1] == "=" and isinstance(part[2], str):
                by[part[0]] = part[2]
        return self.shelf.rows(doctype, by=by)

    # ------------------------------------------------------------------------ writing

    def insert(self, given_: Mapping[str, Any]) -> dict[str, Any]:
        """A new document. Raises Refused."""
        doctype = str(given_.get("doctype") or "")
        kind = self.doctype(doctype)
        with self.shelf.change():
            doc = rules.defaults(self, kind)
            self._take(kind, doc, given_, None)
            doc |= {"docstatus": 0, "_owner": self.user, "_by": self.user}
            rules.complete(self, kind, doc)
            self._check(kind, doc, None)
            name = rules.name_of(self, kind, doc)
            if self.kept(doctype, name) is not None:
                raise Refused("DuplicateEntryError", f"{doctype} {name} already exists", 409)
            self._put(kind, name, doc, "create")
            if int(given_.get("docstatus") or 0) == 1:
                self.submit(doctype, name)
            return self.get(doctype, name)

    def update(self, doctype: str, name: str, given_: Mapping[str, Any]) -> dict[str, Any]:
        """Change the named fields; a child table that is named is replaced whole. Raises Refused."""
        kind = self.doctype(doctype)
        with self.shelf.change():
            kept = self.kept(doctype, name)
            if kept is None:
                raise gone(doctype, name)
            if given_.get("modified") not in (None, modified(kept)):
                raise Refused(
                    "TimestampMismatchError",
                    f"Error: Document has been modified after you have opened it ({given_['modified']}, "
                    f"{modified(kept)}). Please refresh to get the latest document.",
                )
            now, wanted = int(kept.doc.get("docstatus", 0)), int(given_.get("docstatus", kept.doc.get("docstatus", 0)))
            if now == 2:
                raise wrong("Cannot edit cancelled document")
            if (now, wanted) == (1, 0):
                raise Refused("DocstatusTransitionError", "Cannot change docstatus from 1 (Submitted) to 0 (Draft)")
            doc = dict(kept.doc) | {"_by": self.user}
            self._take(kind, doc, given_, kept)
            if now == 1 and wanted == 1:
                rules.only_free(kind, kept.doc, doc)
            rules.complete(self, kind, doc)
            self._check(kind, doc, name)
            self._put(kind, name, doc, "write")
            if (now, wanted) == (0, 1):
                self.submit(doctype, name)
            elif (now, wanted) == (1, 2):
                self.cancel(doctype, name)
            return self.get(doctype, name)

    def submit(self, doctype: str, name: str) -> dict[str, Any]:
        """From draft to submitted. Raises Refused."""
        return self._step(doctype, name, 1, "submit")

    def cancel(self, doctype: str, name: str) -> dict[str, Any]:
        """From submitted to cancelled. Raises Refused."""
        return self._step(doctype, name, 2, "cancel")

    def _step(self, doctype: str, name: str, to: int, verb: str) -> dict[str, Any]:
        kind = self.doctype(doctype)
        with self.shelf.change():
            kept = self.kept(doctype, name)
            if kept is None:
                raise gone(doctype, name)
            now = int(kept.doc.get("docstatus", 0))
            if not kind.submittable or (now, to) not in ((0, 1), (1, 2)):
                words = ("Draft", "Submitted", "Cancelled")
                raise Refused(
                    "DocstatusTransitionError",
                    f"Cannot change docstatus from {now} ({words[now]}) to {to} ({words[to]})",
                )
            doc = dict(kept.doc) | {"docstatus": to, "_by": self.user}
            for f in kind.tables():
                doc[f.name] = [{**row, "docstatus": to} for row in doc.get(f.name, [])]
            if to == 1:
                rules.before_submit(self, doctype, doc)
            else:
                rules.before_cancel(self, doctype, name, doc)
            self._put(kind, name, doc, verb)
            (rules.on_submit if to == 1 else rules.on_cancel)(self, doctype, name)
            return self.get(doctype, name)

    def delete(self, doctype: str, name: str) -> None:
        """Delete; a trace stays in Deleted Document. Raises Refused."""
        with self.shelf.change():
            kept = self.kept(doctype, name)
            self.doctype(doctype)
            if kept is None:
                raise gone(doctype, name)
            if kept.doc.get("docstatus") == 1:
                raise wrong("Submitted Record cannot be deleted. You must Cancel it first.")
            holder = rules.held(self, doctype, name)
            if holder:
                words = f"Cannot delete or cancel because {doctype} {name} is linked with {holder}"
                raise Refused("LinkExistsError", words)
            self.shelf.remove(doctype, name, self.user, self.via)
            trace = {"deleted_doctype": doctype, "deleted_name": name, "_owner": self.user}
            self.shelf.put("Deleted Document", self.hash(), trace, self.user, "trace")
            self._note("delete", doctype, name)

    def rename(self, doctype: str, old: str, new: str) -> str:
        """Another primary key; links to it follow, and no trace is left in Deleted Document. Raises Refused."""
        with self.shelf.change():
            kept = self.kept(doctype, old)
            if kept is None:
                raise gone(doctype, old)
            if self.kept(doctype, new) is not None:
                raise Refused("DuplicateEntryError", f"{doctype} {new} already exists", 409)
            self.shelf.remove(doctype, old, self.user, self.via)
            self.shelf.put(doctype, new, {**kept.doc, "_by": self.user}, self.user, self.via, "renamed")
            for other in DOCTYPES.values():
                for f in other.fields:
                    if (f.type, f.options) == ("Link", doctype) and not other.table:
                        for found in self.shelf.rows(other.name, by={f.name: old}):
                            self.shelf.put(other.name, found.id, {**found.doc, f.name: new}, self.user, "rename")
            return new

    def change(self, doctype: str, name: str, **values: Any) -> None:
        """What rules work out; the stamp moves with it."""
        kept = self.kept(doctype, name)
        if kept is not None and any(kept.doc.get(n) != v for n, v in values.items()):
            self._keep(doctype, name, {**kept.doc, **values}, "rule")

    def hash(self) -> str:
        """A name of ten characters, as rows and traces get it."""
        return f"{self.shelf.number('hash'):010x}"

    def _put(self, kind: DocType, name: str, doc: Doc, operation: str) -> None:
        self._keep(kind.name, name, doc, self.via)
        self._note(operation, kind.name, name)

    def _keep(self, doctype: str, name: str, doc: Doc, via: str) -> None:
        """No two states of a document have one stamp, not even under a clock that stands still."""
        old, at = self.kept(doctype, name), stamp(self.clock.now())
        if old is not None and at <= modified(old):
            at = f"{datetime.fromisoformat(modified(old)) + timedelta(microseconds=1):%Y-%m-%d %H:%M:%S.%f}"
        self.shelf.put(doctype, name, {**doc, "_modified": at}, self.user, via)

    def _note(self, operation: str, doctype: str, name: str) -> None:
        if self.via == "api":
            self.written.append((operation, doctype, name))

    # ------------------------------------------------------------------------ values

    def _take(self, kind: DocType, doc: Doc, given_: Mapping[str, Any], old: Kept | None) -> None:
        for f in kind.fields:
            if f.name not in given_ or (kind.name, f.name) in self.hidden:
                continue  # what is not known, or above one's level, is dropped without a word
            stored = self._stored(kind, f)
            if f.type == "Table":
                doc[stored] = self._rows(f, given_[f.name], (old.doc if old else {}).get(stored, []))
            elif not f.shown or old is None:
                doc[stored] = taken(f, given_[f.name])

    def _rows(self, f: F, rows: Any, old: Sequence[Mapping[str, Any]]) -> list[Doc]:
        if rows is None:
            return []
        if not isinstance(rows, list) or any(not isinstance(r, dict) for r in rows):
            raise wrong(f"{f.label} is no list of rows")
        kind, known = DOCTYPES[f.options], {r["name"]: r for r in old}
        made = []
        for place, row in enumerate(rows, 1):
            before = known.get(str(row.get("name") or ""))
            doc: Doc = {g.name: taken(g, row.get(g.name, g.default)) for g in kind.fields}
            if before is not None:  # what the system counts in a row is its own
                doc |= {g.name: before.get(g.name) for g in kind.fields if g.shown}
            doc |= {"name": before["name"] if before else self.hash(), "idx": place, "docstatus": 0}
            made.append(doc)
        return made

    def _check(self, kind: DocType, doc: Doc, name: str | None) -> None:
        title = f"[{kind.name}, {name or 'new'}]"
        self._checked(kind, doc, title)
        for f in kind.tables():
            for row in doc.get(f.name, []):
                self._checked(DOCTYPES[f.options], row, f"{title}: Row #{row['idx']}")
        for f in kind.fields:
            value = doc.get(self._stored(kind, f))
            if f.unique and value:
                twice = [
                    k for k in self.shelf.rows(kind.name, by={self._stored(kind, f): value}, limit=2) if k.id != name
                ]
                if twice:
                    words = f"{f.label} must be unique: {value} is in {kind.name} {twice[0].id}"
                    kind_ = "UniqueValidationError" if self.strict_unique else "DuplicateEntryError"
                    raise Refused(kind_, words, 417 if self.strict_unique else 409)

    def _checked(self, kind: DocType, doc: Mapping[str, Any], title: str) -> None:
        for f in kind.fields:
            value = doc.get(self._stored(kind, f))
            if f.reqd and value in (None, "", []) and f.type not in NUMBERS:
                raise Refused("MandatoryError", f"{title}: {f.name}")
            target = (
                f.options if f.type == "Link" else str(doc.get(f.options) or "") if f.type == "Dynamic Link" else ""
            )
            if (
                value
                and target
                and target != "DocType"
                and (target not in DOCTYPES or not self.kept(target, str(value)))
            ):
                raise Refused("LinkValidationError", f"Could not find {f.label}: {value}")

    # ------------------------------------------------------------------ from inside

    def as_person(self, obj: str, record_id: str | None, values: dict[str, Any] | None, author: str) -> str:
        """A person at the screen. {"$submit": true}, {"$cancel": true}, {"$rename": new}.

        Object "DocType" with a doctype as id: {"hide": [fields]}, {"show": [fields]}, {"rename": {old: new}}
        ({old: old} takes it back), {"forbid": true or false}.
        """
        if obj == "DocType":
            return self._redraw(str(record_id), values or {})
        had = self.via, self.user
        self.via, self.user = "person", PERSON if author == "张敏" else author
        try:
            if record_id is None:
                return str(self.insert({**(values or {}), "doctype": obj})["name"])
            if values is None:
                self.delete(obj, record_id)
            elif "$submit" in values:
                self.submit(obj, record_id)
            elif "$cancel" in values:
                self.cancel(obj, record_id)
            elif "$rename" in values:
                return self.rename(obj, record_id, str(values["$rename"]))
            else:
                self.update(obj, record_id, values)
            return record_id
        finally:
            self.via, self.user = had

    def _redraw(self, doctype: str, values: Mapping[str, Any]) -> str:
        self.hidden |= {(doctype, n) for n in values.get("hide", ())}
        self.hidden -= {(doctype, n) for n in values.get("show", ())}
        for old, new in values.get("rename", {}).items():
            self.renamed.pop((doctype, old), None)
            if new != old:
                self.renamed[doctype, old] = new
        if "forbid" in values:
            self.forbidden = self.forbidden | {doctype} if values["forbid"] else self.forbidden - {doctype}
        return doctype

    def peek(self, obj: str, record_id: str) -> dict[str, Any] | None:
        """A document as answers show it."""
        return self.get(obj, record_id) if obj in DOCTYPES and self.kept(obj, record_id) else None

    def changes(self, limit: int = 20) -> list[dict[str, Any]]:
        """The latest changes, newest first."""
        return self.shelf.changes(limit)


def stamp(at: datetime) -> str:
    """A moment on the site's own clock."""
    return f"{at.astimezone(ZONE):%Y-%m-%d %H:%M:%S.%f}"


def modified(kept: Kept) -> str:
    """The stamp of its latest change."""
    return str(kept.doc.get("_modified") or stamp(kept.modified))


def taken(f: F, value: Any) -> Any:
    """A given value as it is kept: numbers as text, 0 for none. Raises Refused."""
    if f.type in NUMBERS:
        try:
            number = Decimal(str(value if value not in (None, "", True, False) else int(bool(value))))
        except InvalidOperation:
            raise wrong(f"{f.label} ({f.name}): {value!r} is no number") from None
        if f.type in ("Int", "Check"):
            return int(number)
        places = {"Currency": "0.01", "Float": "0.001", "Percent": "0.01"}[f.type]
        return str(number.quantize(Decimal(places)))
    if value in (None, ""):
        return None
    if f.type in ("Date", "Datetime"):
        return _moment(f, str(value))
    text = str(value)
    if f.type == "Select" and f.options and text not in f.options.split("\n"):
        known = ", ".join(o for o in f.options.split("\n") if o)
        raise wrong(f'{f.label} cannot be "{text}". It should be one of "{known}"')
    if f.type in ("Data", "Link", "Dynamic Link") and len(text) > (f.length or 140):
        words = (
            f"Value too big: '{f.label}' ({f.name}) will get truncated, as max characters allowed is {f.length or 140}"
        )
        raise Refused("CharacterLengthExceededError", words)
    return text


def _moment(f: F, text: str) -> str:
    try:
        return (
            f"{date.fromisoformat(text[:10])}"
            if f.type == "Date"
            else f"{datetime.fromisoformat(text):%Y-%m-%d %H:%M:%S}"
        )
    except ValueError:
        raise Refused("InvalidDates", f"{f.label}: {text} is no date", 417) from None


def shown(f: F, held: Any) -> Any:
    """A kept value as answers show it."""
    if f.type in ("Int", "Check"):
        return int(held or 0)
    return float(held or 0) if f.type in NUMBERS else held


__all__ = ["Book", "STAMPS", "stamp"]
