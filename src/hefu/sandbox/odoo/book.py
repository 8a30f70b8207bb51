"""What this database holds: records by model, read and written as Odoo's object layer does it.

Stamps keep microseconds and show seconds. Empty is False. A many2one shows as [id, name]. A call is one transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from hefu.sandbox.frame import Clock
from hefu.sandbox.odoo import documents, rules
from hefu.sandbox.odoo.domain import hint, understood
from hefu.sandbox.odoo.env import PERSON, Env
from hefu.sandbox.odoo.models import (
    INDEXED,
    MODELS,
    NUMBERS,
    STAMPS,
    F,
    Model,
    OdooError,
    access,
    fault,
    invalid,
    missing,
)
from hefu.sandbox.odoo.values import linked, shown, taken
from hefu.sandbox.shelf import Kept, Shelf

CHUNK = 500


class Book:
    """Records by model. `hidden`: (model, field) without a right. `renamed`: (model, new name) -> name in store.

    reserve: goods are reserved when an order is confirmed. in_payment: a payment waits for the bank.
    """

    def __init__(self, path: str = ":memory:", clock: Clock | None = None) -> None:
        self.shelf = Shelf(path, clock, {"record": INDEXED}, title="name")
        self.clock = self.shelf.clock
        self.hidden: set[tuple[str, str]] = set()
        self.renamed: dict[tuple[str, str], str] = {}
        self.reserve, self.in_payment = True, False
        self.written: list[tuple[str, str, int]] = []

    def close(self) -> None:
        """Close the file."""
        self.shelf.close()

    # ------------------------------------------------------------------------ fields

    def model(self, name: str) -> Model:
        """Raises OdooError for an unknown one."""
        found = MODELS.get(name)
        if found is None:
            raise OdooError("werkzeug.exceptions.NotFound", f"the model {name!r} does not exist", 404)
        return found

    def fields(self, model: str) -> dict[str, tuple[str, F]]:
        """Name as it is called now -> (name in store, field)."""
        now = {old: new for (m, new), old in self.renamed.items() if m == model}
        return {now.get(n, n): (n, f) for n, f in {**STAMPS, **self.model(model).fields}.items()}

    def field(self, model: str, name: str) -> tuple[str, F]:
        """(name in store, field). Raises OdooError."""
        found = self.fields(model).get(name)
        if found is None:
            raise fault(f"Invalid field {name!r} on {model!r}")
        if (model, found[0]) in self.hidden:
            raise access(
                "You do not have enough rights to access the fields "
                f'"{name}" on {self.model(model).label} ({model}). Please contact your system administrator.'
            )
        return found

    # ------------------------------------------------------------------------ looking

    def kept(self, model: str, number: int) -> Kept | None:
        """A live record."""
        found = self.shelf.kept(model, str(number))
        return None if found is None or found.deleted else found

    def doc(self, model: str, number: int) -> dict[str, Any]:
        """The values of a record that is there. Raises OdooError."""
        found = self.kept(model, number)
        if found is None:
            raise missing()
        return found.doc

    def raw(self, model: str, kept: Kept, stored: str, f: F) -> Any:
        """A value as domains compare it."""
        if stored in STAMPS:
            return _stamp(kept, stored) if stored != "display_name" else self.named(model, int(kept.id))
        if f.type == "one2many":
            return [int(k.id) for k in self.children(f, int(kept.id))]
        held = kept.doc.get(stored)
        if f.type == "datetime" and held:
            return datetime.fromisoformat(held).replace(tzinfo=UTC)
        return Decimal(held or 0) if f.type in NUMBERS else held

    def children(self, f: F, number: int) -> list[Kept]:
        """The rows of a one2many that are in use, in their order."""
        rows = self.shelf.rows(f.relation, by={f.inverse: number})
        return sorted((r for r in rows if r.doc.get("active", True)), key=lambda k: (k.doc.get("sequence") or 0, k.seq))

    def named(self, model: str, number: int | None) -> str:
        """What a record is called."""
        found = self.kept(model, number) if number else None
        if found is None:
            return ""
        doc = found.doc
        if model == "product.product" and doc.get("default_code"):
            return f"[{doc['default_code']}] {doc['name']}"
        if model == "res.partner" and doc.get("parent_id"):
            return f"{self.named(model, doc['parent_id'])}, {doc.get('name') or dict(_TYPES)[doc['type']]}"
        by = self.model(model).named
        return self.named("product.product", doc.get(by)) if by == "product_id" else str(doc.get(by) or "")

    def sees(self, env: Env, model: str, kept: Kept) -> bool:
        """Whether the company's rule lets it through."""
        company = kept.doc.get("company_id") if "company_id" in self.model(model).fields else None
        own = kept.doc.get("user_id") in (None, env.uid) or model != "res.users.apikeys"
        return own and (company is None or env.via == "person" or company in env.companies())

    def browse(self, env: Env, model: str, ids: Iterable[Any]) -> list[Kept]:
        """Records that must be there and may be seen. Raises OdooError."""
        out = []
        for number in ids:
            if not isinstance(number, int) or isinstance(number, bool):
                raise fault(f"invalid record id {number!r}", "TypeError")
            kept = self.kept(model, number)
            if kept is None:
                raise missing()
            if not self.sees(env, model, kept):
                raise access(f"Uh-oh! Looks like you have stumbled upon some top-secret records: {model}({number})")
            out.append(kept)
        return out

    def search(self, env: Env, model: str, domain: Any, offset: int, limit: int | None, order: str) -> list[Kept]:
        """Records that match. Raises OdooError."""
        test = understood(self, model, domain)
        if "active" in self.model(model).fields and env.context.get("active_test", True):
            named = {part[0] for part in domain if isinstance(part, list | tuple)}
            inner = test
            test = inner if "active" in named else lambda k: k.doc.get("active", True) and inner(k)
        by = _order(self, model, order or self.model(model).order)
        most = offset + limit if limit is not None and [n for n, _ in by][:1] == ["id"] and by[0][1] else None
        found = []
        for kept in self._candidates(model, domain):
            if self.sees(env, model, kept) and test(kept):
                found.append(kept)
                if most is not None and len(found) >= most:
                    break
        for name, up in reversed(by):
            stored, f = self.field(model, name)
            found.sort(key=lambda k, s=stored, g=f: _key(self, model, k, s, g), reverse=not up)  # type: ignore[misc]
        return found[offset:] if limit is None else found[offset : offset + limit]

    def _candidates(self, model: str, domain: Any) -> Iterator[Kept]:
        same, since, ids, after = hint(domain)
        if ids is not None:
            yield from (k for k in (self.kept(model, i) for i in sorted(set(ids))) if k is not None)
            return
        fields = self.fields(model)
        by = {n: v for n, v in same.items() if n in fields and fields[n][0] == n and n in INDEXED}
        last = self.kept(model, after)
        seq = last.seq if last else 0
        while True:
            chunk = self.shelf.rows(model, by=by, since=since, after=(seq,), limit=CHUNK)
            yield from chunk
            if len(chunk) < CHUNK:
                return
            seq = chunk[-1].seq

    def row(self, env: Env, model: str, kept: Kept, names: Sequence[str], *, classic: bool = True) -> dict[str, Any]:
        """A record as answers show it."""
        row: dict[str, Any] = {"id": int(kept.id)}
        for name in names:
            stored, f = self.field(model, name)
            if stored == "display_name":
                row[name] = self.named(model, int(kept.id))
            elif stored in STAMPS:
                row[name] = shown(self, f, _stamp(kept, stored), classic=classic)
            elif f.type == "one2many":
                row[name] = [int(k.id) for k in self.children(f, int(kept.id))]
            else:
                row[name] = shown(self, f, kept.doc.get(stored), classic=classic)
        return row

    # ------------------------------------------------------------------------ writing

    def create(self, env: Env, model: str, vals: Mapping[str, Any], *, settle: bool = True) -> int:
        """A new record; its id. Raises OdooError."""
        with self.shelf.change():
            doc = rules.defaults(self, env, model)
            rows = self._fill(env, model, doc, vals)
            rules.complete(self, model, doc, vals)
            self._required(model, doc)
            number = self.shelf.number(f"{model}.id")
            doc |= {"_by": env.uid, "_at": env.uid}
            self.put(env, model, number, doc, "create")
            self._rows(env, model, number, rows)
            rules.check(self, model, number)
            if settle:
                rules.settle(self, env, model, number)
                documents.follow(self, env, model, number)
            return number

    def write(self, env: Env, model: str, ids: Sequence[int], vals: Mapping[str, Any], *, settle: bool = True) -> None:
        """The same values into all of these. Raises OdooError."""
        with self.shelf.change():
            for kept in self.browse(env, model, ids):
                doc, number = dict(kept.doc), int(kept.id)
                rows = self._fill(env, model, doc, vals)
                rules.may_write(self, model, kept.doc, vals)
                self._required(model, doc)
                self.put(env, model, number, doc, "write")
                self._rows(env, model, number, rows)
                rules.check(self, model, number)
                if settle:
                    rules.settle(self, env, model, number)
                    documents.follow(self, env, model, number)

    def unlink(self, env: Env, model: str, ids: Sequence[int]) -> None:
        """Delete, where nothing holds on to it. Raises OdooError."""
        with self.shelf.change():
            for kept in self.browse(env, model, ids):
                number = int(kept.id)
                rules.may_unlink(self, model, number, kept.doc)
                for f in self.model(model).fields.values():
                    if f.type == "one2many" and f.relation.endswith((".line", "stock.move")):
                        for row in self.children(f, number):
                            self.shelf.remove(f.relation, row.id, self.who(env), env.via)
                for data in self.shelf.rows("ir.model.data", by={"res_id": number}):
                    if data.doc["model"] == model:
                        self.shelf.remove("ir.model.data", data.id, self.who(env), env.via)
                self.shelf.remove(model, kept.id, self.who(env), env.via)
                self.written.append(("unlink", model, number))
                rules.after_unlink(self, env, model, kept.doc)

    def put(self, env: Env, model: str, number: int, doc: dict[str, Any], operation: str = "") -> None:
        """Store a document as it is."""
        doc["_at"] = env.uid
        self.shelf.put(model, str(number), doc, self.who(env), env.via)
        if operation and env.via == "api":
            self.written.append((operation, model, number))

    def change(self, env: Env, model: str, number: int, **values: Any) -> None:
        """Computed values: the stamp moves only where one of them does."""
        doc = self.doc(model, number)
        if any(doc.get(n) != v for n, v in values.items()):
            self.put(env, model, number, {**doc, **values})

    def who(self, env: Env) -> str:
        """The acting user's name."""
        return self.named("res.users", env.uid) or str(env.uid)

    def _fill(
        self, env: Env, model: str, doc: dict[str, Any], vals: Mapping[str, Any]
    ) -> list[tuple[F, Sequence[Any]]]:
        rows: list[tuple[F, Sequence[Any]]] = []
        for name, value in vals.items():
            stored, f = self.field(model, name)
            if stored in STAMPS:
                continue
            if f.type == "one2many":
                rows.append((f, linked(value)))
            else:
                doc[stored] = taken(self, model, stored, f, value, doc.get(stored))
                if f.company and doc[stored] is not None and doc[stored] not in env.companies():
                    raise access("Access to unauthorized or invalid companies.")
        return rows

    def _required(self, model: str, doc: Mapping[str, Any]) -> None:
        for name, f in self.model(model).fields.items():
            if f.required and not f.auto and doc.get(name) in (None, ""):
                raise invalid(
                    "The operation cannot be completed:\n- Create/update: a mandatory field is not set.\n"
                    f"Model: {self.model(model).label} ({model})\nField: {f.label} ({name})"
                )

    def _rows(self, env: Env, model: str, number: int, rows: Sequence[tuple[F, Sequence[Any]]]) -> None:
        """The commands of one2many fields: [0,0,vals] [1,id,vals] [2,id] [5] [6,0,ids]."""
        for f, commands in rows:
            own = {int(k.id) for k in self.children(f, number)}
            for command in commands:
                code, child = command[0], command[1] if len(command) > 1 else 0
                if code == 0:
                    self.create(env, f.relation, {**command[2], f.inverse: number}, settle=False)
                elif code == 1:
                    self.write(env, f.relation, [child], command[2], settle=False)
                elif code in (2, 3) and child in own:
                    self.unlink(env, f.relation, [child])
                elif code == 4:
                    self.write(env, f.relation, [child], {f.inverse: number}, settle=False)
                elif code in (5, 6):
                    self.unlink(env, f.relation, sorted(own - set(command[2] if code == 6 else ())))
                elif code not in (2, 3):
                    raise fault(f"Unknown command {command!r}")

    # ------------------------------------------------------------------ from inside

    def as_person(self, obj: str, record_id: str | None, values: dict[str, Any] | None, author: str) -> str:
        """A person at the screen. {"$call": method} presses a button; object "ir.model.fields" with a model as id:
        {"hide": [fields]}, {"show": [fields]}, {"rename": {old: new}} ({old: old} takes it back)."""
        if obj == "ir.model.fields":
            return self._redraw(str(record_id), values or {})
        user = next((int(k.id) for k in self.shelf.rows("res.users", by={"name": author})), PERSON)
        env = Env(user, {"active_test": False}, "person")
        if record_id is None:
            return str(self.create(env, obj, values or {}))
        if values is None:
            self.unlink(env, obj, [int(record_id)])
        elif "$call" in values:
            documents.press(self, env, obj, int(record_id), str(values["$call"]))
        else:
            self.write(env, obj, [int(record_id)], values)
        return record_id

    def _redraw(self, model: str, values: Mapping[str, Any]) -> str:
        self.hidden |= {(model, n) for n in values.get("hide", ())}
        self.hidden -= {(model, n) for n in values.get("show", ())}
        for old, new in values.get("rename", {}).items():
            self.renamed = {k: v for k, v in self.renamed.items() if (k[0], v) != (model, old)}
            if new != old:
                self.renamed[model, new] = old
        return model

    def peek(self, obj: str, record_id: str) -> dict[str, Any] | None:
        """A record as answers show it."""
        kept = self.kept(obj, int(record_id)) if obj in MODELS and record_id.isdecimal() else None
        return None if kept is None else self.row(Env(via="person"), obj, kept, list(self.fields(obj)))

    def changes(self, limit: int = 20) -> list[dict[str, Any]]:
        """The latest changes, newest first."""
        return self.shelf.changes(limit)


_TYPES = MODELS["res.partner"].fields["type"].options


def _stamp(kept: Kept, name: str) -> Any:
    return {
        "id": int(kept.id),
        "create_date": kept.created,
        "write_date": kept.modified,
        "create_uid": kept.doc.get("_by"),
        "write_uid": kept.doc.get("_at"),
    }[name]


def _order(book: Book, model: str, text: str) -> list[tuple[str, bool]]:
    out = []
    for part in text.split(","):
        name, _, way = part.strip().partition(" ")
        if way.strip().lower() not in ("", "asc", "desc") or not name.isidentifier():
            raise fault(f"Invalid order {text!r}")
        book.field(model, name)
        out.append((name, way.strip().lower() != "desc"))
    return out


def _key(book: Book, model: str, kept: Kept, stored: str, f: F) -> tuple[bool, Any]:
    held = book.raw(model, kept, stored, f)
    if f.type in ("many2one", "many2many", "one2many"):
        held = held if isinstance(held, int) else len(held or ())
    return (held is not None, held if held is not None else 0)
