"""The site's doors: `/api/resource`, `/api/method`, three ways to sign in, errors with doubly encoded words."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hefu.sandbox.erpnext.book import USER, ZONE, Book
from hefu.sandbox.erpnext.doctypes import CUSTOM, DOCTYPES, Refused, gone, wrong
from hefu.sandbox.erpnext.filters import given, tests
from hefu.sandbox.erpnext.mapping import METHODS
from hefu.sandbox.frame import Fault, Ledger, parsed, struck

KEY, SECRET, PASSWORD = "sandboxkey", "sandboxsecret", "sandbox-erpnext"
VERSIONS = {
    "frappe": {"title": "Frappe Framework", "version": "15.40.0"},
    "erpnext": {"title": "ERPNext", "version": "15.36.0"},
}
MOST_INSERTS = 200
Given = dict[str, Any]


class Api:
    """The doors over one book."""

    def __init__(self, book: Book, ledger: Ledger, faults: list[Fault]) -> None:
        self.book, self.ledger, self.faults = book, ledger, faults
        self._sids: dict[str, str] = {}
        self.methods: dict[str, Callable[[Given], Any]] = {
            "frappe.auth.get_logged_user": lambda _: USER,
            "frappe.ping": lambda _: "pong",
            "frappe.utils.change_log.get_versions": lambda _: VERSIONS,
            "frappe.client.get_list": lambda g: self._listed(str(g.get("doctype")), g),
            "frappe.client.get_count": self._count,
            "frappe.client.get": lambda g: book.get(str(g.get("doctype")), str(g.get("name"))),
            "frappe.client.get_value": self._value,
            "frappe.client.insert": lambda g: book.insert(self._doc(g.get("doc"))),
            "frappe.client.insert_many": self._insert_many,
            "frappe.client.save": self._save,
            "frappe.client.set_value": self._set_value,
            "frappe.client.submit": self._submit,
            "frappe.client.cancel": lambda g: book.cancel(str(g.get("doctype")), str(g.get("name"))),
            "frappe.client.delete": lambda g: book.delete(str(g.get("doctype")), str(g.get("name"))),
            "frappe.client.rename_doc": lambda g: book.rename(
                str(g.get("doctype")), str(g.get("old_name")), str(g.get("new_name"))
            ),
        }

    def routes(self) -> list[Route]:
        """Resources, methods."""
        ways = ["GET", "POST", "PUT", "DELETE"]
        return [
            Route("/api/method/{method}", self._wrapped(self._method), methods=["GET", "POST"]),
            Route("/api/resource/{doctype}", self._wrapped(self._many), methods=["GET", "POST"]),
            Route("/api/resource/{doctype}/{id:path}", self._wrapped(self._one), methods=ways),
        ]

    def _wrapped(self, do: Callable[[Request, Given], tuple[Any, int]]) -> Callable[[Request], Any]:
        async def serve(request: Request) -> Response:
            try:
                told, status = self._done(do, request, await self._given(request))
                answer = JSONResponse(told, status)
                if "sid" in request.scope:
                    answer.set_cookie("sid", request.scope["sid"], httponly=True, samesite="lax")
                return answer
            except Refused as refused:
                return self._refusal(refused)

        return serve

    def _refusal(self, refused: Refused) -> Response:
        words = f"frappe.exceptions.{refused.kind}: {refused.message}"
        message = json.dumps({"message": refused.message, "title": "Message", "indicator": "red", "raise_exception": 1})
        body = {
            "exception": words, "exc_type": refused.kind,
            "exc": json.dumps([f"Traceback (most recent call last):\n  …\n{words}\n"]),
            "_server_messages": json.dumps([message]),
        }  # fmt: skip
        return JSONResponse(body, refused.status)

    async def _given(self, request: Request) -> Given:
        """Parameters of the address, over what the body gives: JSON, or a form with `data`."""
        body, told = await request.body(), dict[str, Any]()
        if body and "json" in request.headers.get("content-type", ""):
            try:
                found = parsed(body)
            except ValueError as problem:
                raise wrong(f"Invalid JSON: {problem}") from None
            if not isinstance(found, dict):
                raise wrong("The body is no JSON object")
            told = found
        elif body:
            form = dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True))
            told = {**form, **(given(form.get("data")) if isinstance(given(form.get("data")), dict) else {})}
        return {**told, **dict(request.query_params)}

    def _done(self, do: Callable[[Request, Given], tuple[Any, int]], request: Request, asked: Given) -> tuple[Any, int]:
        """One request, one transaction; what it wrote is counted when it is committed."""
        if request.url.path == "/api/method/login":
            return self._login(request, asked)
        self._signed(request)
        self._trouble(request)
        with self.book.shelf.change():
            self.book.written.clear()
            told = do(request, asked)
            written, self.book.written = self.book.written, []
        for operation, doctype, name in written:
            self.ledger.wrote(operation, doctype, name)
        return told

    # ------------------------------------------------------------------ signing in

    def _login(self, request: Request, asked: Given) -> tuple[Any, int]:
        if (asked.get("usr"), asked.get("pwd")) != (USER, PASSWORD):
            raise Refused("AuthenticationError", "Invalid login credentials", 401)
        sid = secrets.token_hex(16)
        self._sids[sid] = secrets.token_hex(16)
        request.scope["sid"] = sid
        return {"message": "Logged In", "home_page": "/app", "full_name": "集成账号"}, 200

    def _signed(self, request: Request) -> None:
        kind, _, proof = request.headers.get("authorization", "").partition(" ")
        if struck(self.faults, "expired", request.url.path):
            raise Refused("AuthenticationError", "Invalid token", 401)
        if kind.lower() == "basic":
            try:
                kind, proof = "token", base64.b64decode(proof).decode()
            except ValueError:
                proof = ""
        if kind.lower() == "token":
            if proof != f"{KEY}:{SECRET}":
                raise Refused("AuthenticationError", "Invalid token", 401)
            return
        sid = request.cookies.get("sid", "")
        if sid not in self._sids:
            raise Refused("PermissionError", "Login to access", 403)
        if request.method != "GET" and request.headers.get("x-frappe-csrf-token") != self._sids[sid]:
            raise Refused("CSRFTokenError", "Invalid Request", 400)

    def _trouble(self, request: Request) -> None:
        path = request.url.path
        if struck(self.faults, "stopped", path):
            raise Refused("SessionStopped", "Session Stopped", 503)
        if request.method == "GET" or path.rpartition(".")[2] in ("get_list", "get_count", "get", "get_value"):
            return
        if struck(self.faults, "deadlock", path):
            words = "(1213, 'Deadlock found when trying to get lock; try restarting transaction')"
            raise Refused("QueryDeadlockError", words, 500)
        if struck(self.faults, "mismatch", path):
            words = "Error: Document has been modified after you have opened it. Please refresh."
            raise Refused("TimestampMismatchError", words)
        if struck(self.faults, "validation", path):
            raise wrong("A server script of the company forbids this value.")

    # ------------------------------------------------------------------ resources

    def _many(self, request: Request, asked: Given) -> tuple[Any, int]:
        doctype = request.path_params["doctype"]
        if request.method == "POST":
            return {"data": self.book.insert({**asked, "doctype": doctype})}, 200
        return {"data": self._listed(doctype, asked)}, 200

    def _listed(self, doctype: str, asked: Given) -> list[dict[str, Any]]:
        return self._custom(asked) if doctype == "Custom Field" else self.book.listed(doctype, asked)

    def _one(self, request: Request, asked: Given) -> tuple[Any, int]:
        doctype, name, book = request.path_params["doctype"], request.path_params["id"], self.book
        if doctype == "DocType":
            return {"data": self._meta(name)}, 200
        if (doctype, name) == ("System Settings", "System Settings"):
            return {
                "data": {"name": name, "time_zone": str(ZONE), "float_precision": "3", "currency_precision": "2"}
            }, 200
        if request.method == "GET":
            return {"data": book.get(doctype, name)}, 200
        if request.method == "PUT":
            return {"data": book.update(doctype, name, asked)}, 200
        if request.method == "DELETE":
            book.delete(doctype, name)
            return {"data": "ok"}, 202
        verb = asked.get("run_method")
        if verb not in ("submit", "cancel"):
            raise Refused("PermissionError", f"{doctype}.{verb} is not whitelisted", 403)
        return {"data": (book.submit if verb == "submit" else book.cancel)(doctype, name)}, 200

    def _meta(self, doctype: str) -> dict[str, Any]:
        found = self.book.doctype(doctype)
        fields = [
            {**f.told(), "permlevel": int((doctype, f.name) in self.book.hidden)}
            for f in found.fields
            if f.name not in CUSTOM.get(doctype, ())
        ]
        told = {"name": doctype, "doctype": "DocType", "module": "Selling", "fields": fields}
        return {
            **told,
            "istable": int(found.table),
            "is_submittable": int(found.submittable),
            "title_field": found.title,
        }

    def _custom(self, asked: Given) -> list[dict[str, Any]]:
        """The fields that the company added; only the filter on `dt` is imitated."""
        filters = given(asked.get("filters")) or []
        wanted = {p[-1] for p in filters if p[-3] == "dt" and p[-2] == "="} if isinstance(filters, list) else set()
        out = []
        for doctype, names in CUSTOM.items():
            if wanted and doctype not in wanted:
                continue
            added = [f for f in DOCTYPES[doctype].fields if f.name in names]
            out += [{"name": f"{doctype}-{f.name}", "dt": doctype, **f.told()} for f in added]
        return out

    # ------------------------------------------------------------------ methods

    def _method(self, request: Request, asked: Given) -> tuple[Any, int]:
        name = request.path_params["method"]
        if name in METHODS:
            return {"message": METHODS[name](self.book, asked)}, 200
        do = self.methods.get(name)
        if do is None:
            raise Refused("ValidationError", f"Failed to get method for command {name}", 417)
        return {"message": do(asked)}, 200

    def _doc(self, told: Any) -> Given:
        found = given(told)
        if not isinstance(found, dict):
            raise wrong("A document is a JSON object")
        return found

    def _count(self, asked: Given) -> int:
        doctype = str(asked.get("doctype"))
        every = tests(self.book.doctype(doctype), asked.get("filters"))
        rows = self.book.listed(doctype, {"fields": ["*"], "limit_page_length": 0})
        return sum(all(test(r) for test in every) for r in rows)

    def _value(self, asked: Given) -> Any:
        names = given(asked.get("fieldname")) or "name"
        words = {"filters": asked.get("filters"), "fields": names if isinstance(names, list) else [names], "limit": 1}
        found = self.book.listed(str(asked.get("doctype")), words)
        return found[0] if found else {}

    def _insert_many(self, asked: Given) -> list[str]:
        docs = given(asked.get("docs"))
        if not isinstance(docs, list) or len(docs) > MOST_INSERTS:
            raise wrong(f"Only {MOST_INSERTS} inserts allowed in one request")
        return [str(self.book.insert(self._doc(doc))["name"]) for doc in docs]

    def _save(self, asked: Given) -> Any:
        doc = self._doc(asked.get("doc"))
        return self.book.update(str(doc.get("doctype")), str(doc.get("name")), doc)

    def _set_value(self, asked: Given) -> Any:
        field, value = given(asked.get("fieldname")), asked.get("value")
        values: Mapping[str, Any] = field if isinstance(field, dict) else {str(field): value}
        return self.book.update(str(asked.get("doctype")), str(asked.get("name")), values)

    def _submit(self, asked: Given) -> Any:
        doc = self._doc(asked.get("doc"))
        doctype, name = str(doc.get("doctype")), str(doc.get("name"))
        if self.book.kept(doctype, name) is None:
            raise gone(doctype, name)
        self.book.update(doctype, name, {n: v for n, v in doc.items() if n == "modified"})
        return self.book.submit(doctype, name)
