"""The public methods of every model: what may be called, with which arguments, and what they answer."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from secrets import token_hex
from typing import Any

from hefu.sandbox.odoo import imports
from hefu.sandbox.odoo.book import Book
from hefu.sandbox.odoo.documents import BUTTONS, press
from hefu.sandbox.odoo.env import Env
from hefu.sandbox.odoo.models import F, OdooError, access, fault
from hefu.sandbox.odoo.rules import defaults
from hefu.sandbox.odoo.values import shown

Answer = Any
ATTRIBUTES = ("type", "string", "required", "readonly", "relation", "relation_field", "selection", "store",
              "searchable", "sortable", "digits", "depends", "company_dependent")  # fmt: skip


class Calls:
    """One call at a time on one model, by one user in one context."""

    def __init__(self, book: Book, env: Env, model: str) -> None:
        self.book, self.env, self.model = book, env, model
        book.model(model)

    # ---------------------------------------------------------------- on the model

    def search(self, domain: Any, offset: int = 0, limit: int | None = None, order: str | None = None) -> Answer:
        """Ids."""
        return [int(k.id) for k in self.book.search(self.env, self.model, domain, offset, limit, order or "")]

    def search_count(self, domain: Any, limit: int | None = None) -> Answer:
        """How many."""
        return len(self.book.search(self.env, self.model, domain, 0, limit, "id"))

    def search_read(
        self,
        domain: Any = None,
        fields: Any = None,
        offset: int = 0,
        limit: int | None = None,
        order: str | None = None,
        load: str | None = "_classic_read",
    ) -> Answer:
        """Records."""
        found = self.book.search(self.env, self.model, domain or [], offset or 0, limit, order or "")
        names = self._names(fields)
        return [self.book.row(self.env, self.model, k, names, classic=bool(load)) for k in found]

    def create(self, vals_list: Any) -> Answer:
        """New records."""
        with self.book.shelf.change():
            if isinstance(vals_list, dict):
                return self.book.create(self.env, self.model, vals_list)
            if not isinstance(vals_list, list) or any(not isinstance(v, dict) for v in vals_list):
                raise fault("vals_list is a list of dictionaries", "TypeError")
            return [self.book.create(self.env, self.model, vals) for vals in vals_list]

    def load(self, fields: Any, data: Any) -> Answer:
        """Import rows."""
        return imports.load(self.book, self.env, self.model, fields, data)

    def fields_get(self, allfields: Any = None, attributes: Any = None) -> Answer:
        """What there is; fields without a right are left out."""
        found = {n: _told(f) for n, (stored, f) in self.book.fields(self.model).items()
                 if (self.model, stored) not in self.book.hidden and (not allfields or n in allfields)}  # fmt: skip
        wanted = attributes or ATTRIBUTES
        return {n: {a: v for a, v in told.items() if a in wanted} for n, told in found.items()}

    def default_get(self, fields: Any = None, fields_list: Any = None) -> Answer:
        """Values of a new record."""
        doc, wanted = defaults(self.book, self.env, self.model), fields if fields_list is None else fields_list
        known = self.book.fields(self.model)
        told = {n: (known[n][1], doc.get(known[n][0])) for n in wanted if n in known}
        return {n: shown(self.book, f, v, classic=False) for n, (f, v) in told.items() if v not in (None, "0", [])}

    def name_search(
        self, name: str = "", domain: Any = None, args: Any = None, operator: str = "ilike", limit: int | None = 100
    ) -> Answer:
        """(id, name) by name."""
        found = self.book.search(self.env, self.model, domain or args or [], 0, None, "id")
        named = [[int(k.id), self.book.named(self.model, int(k.id))] for k in found]
        exact = operator == "="
        told = [n for n in named if (name == n[1] if exact else name.lower() in str(n[1]).lower())]
        return told[:limit]

    def context_get(self) -> Answer:
        """The user's own context."""
        if self.model != "res.users":
            raise fault(f"'{self.model}' object has no attribute 'context_get'", "AttributeError")
        return {"lang": "zh_CN", "tz": "Asia/Shanghai", "uid": self.env.uid}

    # -------------------------------------------------------------- on records

    def read(self, ids: Any, fields: Any = None, load: str | None = "_classic_read") -> Answer:
        """Records by id; missing ones are left out as Odoo's read does after `exists`."""
        kept = self.book.browse(self.env, self.model, ids)
        names = self._names(fields)
        return [self.book.row(self.env, self.model, k, names, classic=bool(load)) for k in kept]

    def write(self, ids: Any, vals: Any) -> Answer:
        """Change records."""
        if not isinstance(vals, dict):
            raise fault("vals is a dictionary", "TypeError")
        self.book.write(self.env, self.model, ids, vals)
        return True

    def unlink(self, ids: Any) -> Answer:
        """Delete records."""
        self.book.unlink(self.env, self.model, ids)
        return True

    def exists(self, ids: Any) -> Answer:
        """Those that are there."""
        return [i for i in ids if self.book.kept(self.model, i) is not None]

    def copy(self, ids: Any, default: Any = None) -> Answer:
        """Not imitated."""
        raise fault("copy is not imitated by this sandbox", "NotImplementedError")

    def button(self, ids: Any, method: str) -> Answer:
        """Press a button."""
        with self.book.shelf.change():
            told: Answer = True
            inside = self.env._replace(via="rule" if self.env.via == "api" else self.env.via)
            for kept in self.book.browse(self.env, self.model, ids):
                told = press(self.book, inside, self.model, int(kept.id), method)
                if self.env.via == "api":
                    self.book.written.append((method, self.model, int(kept.id)))
            return told

    def _names(self, fields: Any) -> list[str]:
        if fields:
            return [str(n) for n in fields if n != "id"]
        return [n for n, (s, _) in self.book.fields(self.model).items() if (self.model, s) not in self.book.hidden]


ON_MODEL = ("search", "search_count", "search_read", "create", "load", "fields_get", "default_get", "name_search",
            "context_get")  # fmt: skip
ON_RECORDS = ("read", "write", "unlink", "exists", "copy")


def _told(f: F) -> dict[str, Any]:
    told: dict[str, Any] = {"type": f.type, "string": f.label, "required": f.required, "readonly": f.readonly}
    told |= {"store": f.type != "one2many", "searchable": True, "sortable": f.type not in ("one2many", "many2many")}
    told |= {"company_dependent": False, "depends": ["id"] if f.auto else []}
    if f.relation:
        told["relation"] = f.relation
    if f.inverse:
        told["relation_field"] = f.inverse
    if f.options:
        told["selection"] = [list(o) for o in f.options]
    if f.type == "float":
        told["digits"] = [16, f.places]
    return told


def methods(book: Book, model: str) -> Mapping[str, Mapping[str, Any]]:
    """Every public method of a model with its parameters, as `/doc-bearer` tells them."""
    out = {}
    calls = Calls(book, Env(), model)
    for name in (*ON_MODEL, *ON_RECORDS):
        names = [n for n in inspect.signature(getattr(calls, name)).parameters if n != "ids"]
        out[name] = {"parameters": {n: {} for n in names}, "api": ["model"] if name in ON_MODEL else []}
    out |= {name: {"parameters": {}, "api": []} for name in BUTTONS.get(model, {})}
    if model == "res.users.apikeys":
        words = ("key", "scope", "name", "expiration_date")
        out["generate"] = {"parameters": {n: {} for n in words}, "api": ["model"]}
    return out


def call(book: Book, env: Env, model: str, method: str, ids: Any, words: Mapping[str, Any]) -> Answer:
    """By named arguments, as JSON-2 does. Raises OdooError."""
    if method.startswith("_"):
        raise access(f"Private methods (such as '{model}.{method}') cannot be called remotely.")
    calls = Calls(book, env, model)
    if method in BUTTONS.get(model, {}):
        return calls.button(_numbers(ids), method)
    if model == "res.users.apikeys" and method == "generate":
        return _generate(book, env, **words)
    if method not in (*ON_MODEL, *ON_RECORDS):
        raise OdooError("werkzeug.exceptions.NotFound", f"the method '{model}.{method}' does not exist", 404)
    do: Callable[..., Answer] = getattr(calls, method)
    given = dict(words) if method in ON_MODEL else {"ids": _numbers(ids), **words}
    try:
        inspect.signature(do).bind(**given)
    except TypeError as problem:
        raise OdooError("werkzeug.exceptions.UnprocessableEntity", f"{model}.{method}: {problem}") from None
    return do(**given)


def call_by_place(
    book: Book, env: Env, model: str, method: str, args: Sequence[Any], words: Mapping[str, Any]
) -> Answer:
    """By places, as RPC does: of a method on records the first place is the ids. Raises OdooError."""
    args, ids = list(args), []
    if method not in ON_MODEL and method != "generate":
        if not args:
            raise fault(f"{model}.{method}() missing 1 required positional argument: 'ids'", "TypeError")
        ids = args.pop(0)
    given = dict(words)
    if method in (*ON_MODEL, *ON_RECORDS):
        names = [n for n in inspect.signature(getattr(Calls, method)).parameters if n not in ("self", "ids")]
        if method == "name_search":
            names = ["name", "args", "operator", "limit"]
        if len(args) > len(names):
            raise fault(
                f"{model}.{method}() takes {len(names)} positional arguments, {len(args)} were given", "TypeError"
            )
        given |= dict(zip(names, args, strict=False))
    try:
        return call(book, env, model, method, ids, given)
    except OdooError as error:
        if error.name == "werkzeug.exceptions.UnprocessableEntity":
            raise fault(error.message, "TypeError") from None
        if error.name == "werkzeug.exceptions.NotFound":
            raise fault(error.message, "AttributeError" if "method" in error.message else "KeyError") from None
        raise


def _numbers(ids: Any) -> list[Any]:
    return list(ids) if isinstance(ids, list) else [ids] if ids else []


def _generate(book: Book, env: Env, key: str, scope: str, name: str, expiration_date: str) -> str:
    """A new key in place of an old one; at most three months, as for a person's."""
    if not any(k.doc.get("_key") == key for k in book.shelf.rows("res.users.apikeys", by={"user_id": env.uid})):
        raise OdooError("odoo.exceptions.AccessDenied", "Access Denied", 401)
    at = book.clock.now()
    if f"{expiration_date[:10]}" > f"{at + timedelta(days=92):%Y-%m-%d}":
        raise OdooError("odoo.exceptions.UserError", "The API key cannot live longer than three months.")
    made = token_hex(20)
    vals = {"name": name, "scope": scope, "user_id": env.uid, "expiration_date": f"{expiration_date[:10]} 00:00:00"}
    number = book.create(env, "res.users.apikeys", vals)
    book.change(env, "res.users.apikeys", number, _key=made)
    return made
