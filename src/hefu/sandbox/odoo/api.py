"""Odoo's doors: JSON-2 with a bearer key and real statuses, JSON-RPC with errors inside 200, XML-RPC with faults."""

from __future__ import annotations

import asyncio
import xmlrpc.client
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from hefu.sandbox.frame import Fault, Ledger, parsed, struck
from hefu.sandbox.odoo.book import Book
from hefu.sandbox.odoo.calls import call, call_by_place, methods
from hefu.sandbox.odoo.env import HUB, LOGIN, Env
from hefu.sandbox.odoo.imports import Undone
from hefu.sandbox.odoo.models import MODELS, OdooError, fault
from hefu.sandbox.shelf import Doc

DATABASE, KEY = "sandbox", "sandbox-odoo-key"
VERSION = {"server_version": "19.0", "server_version_info": [19, 0, 0, "final", 0, ""], "server_serie": "19.0",
           "protocol_version": 1}  # fmt: skip
DENIED = OdooError("odoo.exceptions.AccessDenied", "Access Denied", 401)
TRACE = "Traceback (most recent call last):\n  …\n"


class Api:
    """The doors over one book. `expired`: the user's key is past its day."""

    def __init__(self, book: Book, ledger: Ledger, faults: list[Fault]) -> None:
        self.book, self.ledger, self.faults = book, ledger, faults
        self.json2, self.rpc = True, True

    def routes(self) -> list[Route]:
        """JSON-2, both RPCs, versions, method lists."""
        return [
            Route("/json/2/{model}/{method}", self._json2, methods=["POST"]),
            Route("/doc-bearer/{name}", self._doc),
            Route("/web/version", self._version),
            Route("/jsonrpc", self._jsonrpc, methods=["POST"]),
            Route("/xmlrpc/2/{service}", self._xmlrpc, methods=["POST"]),
            Route("/xmlrpc/{service}", self._xmlrpc, methods=["POST"]),
        ]

    # ------------------------------------------------------------------ who calls

    def _user(self, key: str) -> int:
        """Whose key that is. Raises OdooError."""
        now = f"{self.book.clock.now():%Y-%m-%d %H:%M:%S}"
        for kept in self.book.shelf.rows("res.users.apikeys"):
            if kept.doc.get("_key") == key and (kept.doc.get("expiration_date") or "9999") > now:
                return int(kept.doc["user_id"])
        raise OdooError("werkzeug.exceptions.Unauthorized", "Invalid apikey", 401)

    def _login(self, database: Any, login: Any, key: Any) -> int | bool:
        if database != DATABASE:
            raise fault(f'database "{database}" does not exist', "KeyError")
        try:
            return self._user(str(key)) if login == LOGIN else False
        except OdooError:
            return False

    # ------------------------------------------------------------------ JSON-2

    async def _json2(self, request: Request) -> Response:
        model, method = request.path_params["model"], request.path_params["method"]
        try:
            return JSONResponse(await self._by_name(request, model, method))
        except _Wizard:
            return JSONResponse({"type": "ir.actions.act_window", "res_model": "a.wizard"})
        except OdooError as error:
            body = {"name": error.name, "message": error.message, "arguments": [error.message], "context": {}}
            return JSONResponse({**body, "debug": TRACE + error.message}, error.status)

    async def _by_name(self, request: Request, model: str, method: str) -> Any:
        if not self.json2:
            raise OdooError("werkzeug.exceptions.NotFound", "404 Not Found", 404)
        kind, _, key = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or struck(self.faults, "expired", request.url.path):
            raise OdooError("werkzeug.exceptions.Unauthorized", "Invalid apikey", 401)
        uid = self._user(key)
        if request.headers.get("x-odoo-database", DATABASE) != DATABASE:
            raise OdooError("werkzeug.exceptions.NotFound", "No database is selected.", 404)
        try:
            given = parsed(await request.body())
        except ValueError as problem:
            raise OdooError("werkzeug.exceptions.BadRequest", str(problem), 400) from None
        if not isinstance(given, dict | None):
            raise OdooError("werkzeug.exceptions.BadRequest", "The body is no JSON object.", 400)
        words: Doc = dict(given or {})
        context, ids = words.pop("context", None) or {}, words.pop("ids", None)
        env = Env(uid, context)
        return await asyncio.to_thread(self._done, lambda: call(self.book, env, model, method, ids, words), env, method)

    def _done(self, do: Callable[[], Any], env: Env, method: str) -> Any:
        """One call, one transaction; what it wrote is counted when it is committed."""
        env.companies()
        self._trouble(method)
        try:
            with self.book.shelf.change():
                self.book.written.clear()
                told = do()
                written, self.book.written = self.book.written, []
        except Undone as undone:
            return undone.answer
        for operation, model, number in written:
            if not MODELS[model].wizard:
                self.ledger.wrote(operation, model, str(number))
        return told

    def _trouble(self, method: str) -> None:
        if method in ("search", "search_read", "read", "fields_get", "search_count", "default_get"):
            return
        if struck(self.faults, "serialization"):
            message = "could not serialize access due to concurrent update"
            raise OdooError("psycopg2.errors.SerializationFailure", message, 500)
        if struck(self.faults, "validation"):
            raise OdooError("odoo.exceptions.ValidationError", "A rule of the company forbids this value.")
        if struck(self.faults, "locked"):
            raise OdooError("odoo.exceptions.UserError", "You cannot modify a record that is locked.")
        if struck(self.faults, "wizard") and method.startswith(("action_", "button_")):
            raise _Wizard

    async def _doc(self, request: Request) -> Response:
        """The live list of methods."""
        name = request.path_params["name"].removesuffix(".json")
        try:
            self._user(request.headers.get("authorization", "").partition(" ")[2])
            self.book.model(name)
        except OdooError as error:
            return JSONResponse({"name": error.name, "message": error.message}, error.status)
        return JSONResponse({"model": name, "methods": methods(self.book, name)})

    async def _version(self, request: Request) -> Response:
        return JSONResponse({"version_info": VERSION["server_version_info"], "version": VERSION["server_version"]})

    # ------------------------------------------------------------------ RPC

    def _served(self, service: str, method: str, args: Sequence[Any], path: str) -> Any:
        """What `common` and `object` say. Raises OdooError."""
        if not self.rpc:
            raise OdooError("werkzeug.exceptions.NotFound", "404 Not Found", 404)
        if service == "common":
            if method == "version":
                return VERSION
            if method in ("login", "authenticate") and len(args) >= 3:
                return self._login(*args[:3])
        if service == "object" and method in ("execute", "execute_kw") and len(args) >= 5:
            return self._executed(method, args, path)
        raise fault(f"{service}.{method} is not there", "NameError")

    def _executed(self, method: str, args: Sequence[Any], path: str) -> Any:
        database, uid, key, model, verb, *rest = args
        if struck(self.faults, "expired", path):
            raise OdooError("odoo.http.SessionExpiredException", "Session expired")
        if database != DATABASE or uid != self._user_or_denied(key):
            raise DENIED
        places, words = (rest, {}) if method == "execute" else ((*rest, [], {})[0], (*rest[1:], {})[0])
        words = dict(words or {})
        env = Env(HUB, words.pop("context", None) or {})
        do = lambda: call_by_place(self.book, env, str(model), str(verb), places, words)  # noqa: E731
        return self._done(do, env, str(verb))

    def _user_or_denied(self, key: Any) -> int:
        try:
            return self._user(str(key))
        except OdooError:
            raise DENIED from None

    async def _jsonrpc(self, request: Request) -> Response:
        try:
            given = parsed(await request.body())
            params = given["params"]
            service, method, args = str(params["service"]), str(params["method"]), params["args"]
        except (ValueError, KeyError, TypeError) as problem:
            return JSONResponse({"jsonrpc": "2.0", "id": None, "error": _rpc_error(fault(str(problem)))}, 400)
        told: Doc = {"jsonrpc": "2.0", "id": given.get("id")}
        try:
            told["result"] = await asyncio.to_thread(self._served, service, method, args, request.url.path)
        except _Wizard:
            told["result"] = {"type": "ir.actions.act_window", "res_model": "a.wizard"}
        except OdooError as error:
            told["error"] = _rpc_error(error)
        return JSONResponse(told)

    async def _xmlrpc(self, request: Request) -> Response:
        body = await request.body()
        try:
            if b"<!" in body:
                raise ValueError("a document type is not taken")
            args, method = xmlrpc.client.loads(body, use_builtin_types=True)
        except Exception as problem:  # noqa: BLE001 - whatever a broken body raises
            return Response(f"<h1>400 Bad Request</h1>{type(problem).__name__}", 400, media_type="text/html")
        try:
            told: Any = (
                await asyncio.to_thread(
                    self._served, request.path_params["service"], str(method), args, request.url.path
                ),
            )
        except OdooError as error:
            told = xmlrpc.client.Fault(*_fault(error))
        text = xmlrpc.client.dumps(told, methodresponse=isinstance(told, tuple), allow_none=True)
        return Response(text, media_type="text/xml")


class _Wizard(OdooError):
    """A button that opens a dialogue instead."""

    def __init__(self) -> None:
        super().__init__("wizard", "")


def _rpc_error(error: OdooError) -> Mapping[str, Any]:
    expired = error.name == "odoo.http.SessionExpiredException"
    data = {"name": error.name, "message": error.message, "arguments": [error.message], "context": {}}
    message = "Odoo Session Expired" if expired else "Odoo Server Error"
    return {"code": 100 if expired else 200, "message": message, "data": {**data, "debug": TRACE + error.message}}


def _fault(error: OdooError) -> tuple[Any, str]:
    kind = error.name.rpartition(".")[2]
    codes = {"UserError": 2, "ValidationError": 2, "MissingError": 2, "AccessDenied": 3, "AccessError": 4}
    return codes.get(kind, 1), error.message if kind in codes else f"{TRACE}{kind}: {error.message}"


def key_of(book: Book, key: str, days: int) -> None:
    """A key of the integration user that lives so long."""
    at = book.clock.now() + timedelta(days=days)
    vals = {"name": "hefu", "scope": "rpc", "user_id": HUB, "expiration_date": f"{at:%Y-%m-%d %H:%M:%S}"}
    env = Env(via="person")
    book.change(env, "res.users.apikeys", book.create(env, "res.users.apikeys", vals), _key=key)
