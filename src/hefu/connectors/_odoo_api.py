"""One call to Odoo: JSON-2 (series 19 and later) or JSON-RPC (up to 21), and its errors in our words.

Both speak the same methods of the same models; only door, proof and the place of errors differ. One call is one
transaction there: what Odoo answers with an error of its own was surely taken back.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import SecretStr

from hefu.connectors._json import NotJson, dumps, loads
from hefu.connectors._session import Session
from hefu.core.connector import Answer, Site
from hefu.core.errors import Denied, HubError, Missing, Rejected, Transient, Unanswered, Unsupported

_ENDED = 100
"""The code of an ended session inside an answer of JSON-RPC."""

_LOGIN = ("AccessDenied", "Unauthorized", "SessionExpiredException")
_BUSY = ("SerializationFailure", "LockNotAvailable", "DeadlockDetected", "TransactionRollbackError", "OperationalError")
_SHAPE = re.compile(r"invalid field|unknown field|does not exist|has no attribute|is not there", re.I)
_COMPANY = re.compile(r"invalid compan|unauthorized.*compan", re.I)
_PLAIN = ("ValueError", "TypeError", "KeyError", "AttributeError", "NotFound", "UnprocessableEntity", "NameError")


class Login(NamedTuple):
    """Who we are. `api`: json2 or jsonrpc; `user`: the login, for jsonrpc only."""

    api: str
    database: str
    user: str
    key: SecretStr


class Api:
    """One user's line to one database. Safe for several threads. `context` goes with every call."""

    def __init__(self, site: Site, url: str, login: Login, context: Mapping[str, Any]) -> None:
        self._site, self._url, self._login, self._context = site, url.rstrip("/"), login, context
        self.connection = site.connection
        self._session: Session[int] = Session(self._open, site.now)

    def call(
        self,
        model: str,
        method: str,
        *,
        ids: Sequence[int] | None = None,
        places: Sequence[Any] = (),
        writes: bool = False,
        context: Mapping[str, Any] | None = None,
        **words: Any,
    ) -> Any:
        """What a method says. `places`: arguments whose names differ between series, given by place where that goes.

        Raises Denied, Missing, Unsupported, Transient; for writes also Rejected, Unanswered.
        """
        return self.timed(model, method, ids=ids, places=places, writes=writes, context=context, **words)[0]

    def timed(
        self,
        model: str,
        method: str,
        *,
        ids: Sequence[int] | None = None,
        places: Sequence[Any] = (),
        writes: bool = False,
        context: Mapping[str, Any] | None = None,
        **words: Any,
    ) -> tuple[Any, datetime]:
        """(what a method says, the system's clock then)."""
        where = f"{model}.{method}"
        words["context"] = {**self._context, **(context or {})}
        if self._login.api == "json2":
            body = words if ids is None else {**words, "ids": list(ids)}
            answer = self._post(f"/json/2/{model}/{method}", body, self._bearer(), writes)
            return self._judged(answer, where, writes), answer.made_at or self._site.now()
        by_place = list(places) if ids is None else [list(ids), *places]
        if places:
            words = {"context": words["context"]}
        return self._executed(model, method, by_place, words, writes)

    def version(self) -> str:
        """The server's series."""
        if self._login.api == "json2":
            answer = self._site.http.send("GET", f"{self._url}/web/version")
            told = self._read(answer, "/web/version", False)
            return str(told.get("version", "")) if isinstance(told, dict) else ""
        return str(self._rpc("common", "version", [], False)[0].get("server_version", ""))

    # ------------------------------------------------------------------------ JSON-2

    def _bearer(self) -> Mapping[str, str]:
        own = self._login
        headers = {"Authorization": f"Bearer {own.key.get_secret_value()}"}
        return headers | ({"X-Odoo-Database": own.database} if own.database else {})

    def _judged(self, answer: Answer, where: str, writes: bool) -> Any:
        told = self._read(answer, where, writes)
        if answer.status < 400:
            return told
        if isinstance(told, dict) and "name" in told:
            raise self._error(str(told["name"]), str(told.get("message") or ""), where, writes)
        raise self._fault(where, answer.status, writes)

    # ------------------------------------------------------------------------ JSON-RPC

    def _open(self) -> tuple[int, datetime | None]:
        own = self._login
        args = [own.database, own.user, own.key.get_secret_value(), {}]
        uid = self._rpc("common", "authenticate", args, False)[0]
        if not isinstance(uid, int) or isinstance(uid, bool):
            raise Denied("odoo.denied", connection=self._site.connection, where="authenticate", words="-")
        return uid, None

    def _executed(
        self, model: str, method: str, args: list[Any], words: Mapping[str, Any], writes: bool
    ) -> tuple[Any, datetime]:
        own, uid = self._login, self._session.current()
        for last in (False, True):
            who = [own.database, uid, own.key.get_secret_value()]
            try:
                return self._rpc(
                    "object", "execute_kw", [*who, model, method, args, words], writes, f"{model}.{method}"
                )
            except _Ended as ended:
                if last:
                    raise Denied("odoo.denied", **ended.facts) from None
                uid = self._session.renewed(uid)  # a refused session surely had no effect
        raise AssertionError("two attempts either return or raise")

    def _rpc(
        self, service: str, method: str, args: Sequence[Any], writes: bool, where: str = ""
    ) -> tuple[Any, datetime]:
        params = {"service": service, "method": method, "args": args}
        body = {"jsonrpc": "2.0", "method": "call", "id": 1, "params": params}
        where = where or f"{service}.{method}"
        answer = self._post("/jsonrpc", body, {}, writes)
        told = self._read(answer, where, writes)
        if not isinstance(told, dict) or answer.status >= 400 or not ("error" in told or "result" in told):
            raise self._fault(where, answer.status, writes)
        error = told.get("error")
        if error:
            data = error.get("data") or {}
            name, words = str(data.get("name") or ""), str(data.get("message") or error.get("message") or "")
            if error.get("code") == _ENDED:
                raise _Ended(connection=self._site.connection, where=where, words=words)
            raise self._error(name, words, where, writes)
        return told["result"], answer.made_at or self._site.now()

    # ------------------------------------------------------------------------ the wire

    def _post(self, path: str, body: Any, headers: Mapping[str, str], writes: bool) -> Answer:
        told = {"Content-Type": "application/json; charset=utf-8", **headers}
        return self._site.http.send("POST", self._url + path, headers=told, body=dumps(body), writes=writes)

    def _read(self, answer: Answer, where: str, writes: bool) -> Any:
        facts: dict[str, Any] = {"connection": self._site.connection, "where": where}
        if 300 <= answer.status < 400:
            raise Unsupported("odoo.redirected", to=answer.headers.get("location", "-").split("?")[0], **facts)
        try:
            return loads(answer)
        except NotJson:
            pass
        if answer.status in (404, 405):
            raise Unsupported("odoo.no_api", api=self._login.api, status=answer.status, **facts)
        if answer.status in (401, 403):
            raise Denied("odoo.denied", words=f"HTTP {answer.status}", **facts)
        raise self._fault(where, answer.status, writes)

    def _fault(self, where: str, status: int, writes: bool) -> HubError:
        kind = Unanswered if writes else Transient
        return kind("odoo.fault", connection=self._site.connection, where=where, status=status)

    def _error(self, name: str, message: str, where: str, writes: bool) -> HubError:
        """What an error of Odoo's own means. Its name ends in the class; the call was taken back."""
        kind, words = name.rpartition(".")[2], " ".join(message.split())[:300] or "-"
        facts: dict[str, Any] = {"connection": self._site.connection, "where": where, "words": words}
        if kind in _LOGIN:
            return Denied("odoo.denied", **facts)
        if kind == "AccessError":
            if _COMPANY.search(message):
                return Denied("odoo.company", **facts)
            return Rejected("odoo.no_right", **facts) if writes else Denied("odoo.no_right", **facts)
        if kind == "MissingError":
            return Missing("odoo.missing", **facts)
        if kind in _BUSY:
            return Transient("odoo.busy", **facts)
        if not writes or (kind in _PLAIN and _SHAPE.search(message)):
            return Unsupported("odoo.misfit", **facts)
        return Rejected("odoo.refused", **facts)


class _Ended(Exception):
    """The session has ended."""

    def __init__(self, **facts: Any) -> None:
        super().__init__()
        self.facts = facts
