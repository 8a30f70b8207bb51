"""Speaks Tryton's JSON-RPC: sessions, typed values, warnings, and the server's errors in our words.

Tryton 8 also has REST routes, but only RPC creates in batches, checks versions, names warnings and runs wizards.
"""

from __future__ import annotations

import json
import threading
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any, NamedTuple, NoReturn

from hefu.core.connector import Answer, Site
from hefu.core.errors import Denied, HubError, Rejected, Stale, Transient, Unanswered, Unsupported

_WARNINGS = 8
"""Most warnings accepted on the way through one call."""


class Reply(NamedTuple):
    """What a method gave, and the server's clock when it answered."""

    result: Any
    at: datetime


class Rpc:
    """One user's line to one database. Safe for several threads.

    `url` ends in the database's name. `accept`: name patterns of warnings that the hub may confirm by itself.
    """

    def __init__(self, site: Site, url: str, user: str, password: str, accept: Sequence[str], context: dict[str, Any]):
        self._site, self._url, self._user, self._password = site, url.rstrip("/"), user, password
        self._accept, self._context = accept, context
        self._lock, self._session = threading.Lock(), ""

    def call(self, method: str, *params: Any, writes: bool = False, **context: Any) -> Any:
        """The result of a method, for example call("model.party.party.search_read", domain, 0, 100, None, ["code"]).

        Raises Denied (login, rights), Unsupported (unknown model or field), and for writes Rejected (the user's error
        or warning, in the server's words), Stale, Unanswered.
        """
        return self.reply(method, *params, writes=writes, **context).result

    def reply(self, method: str, *params: Any, writes: bool = False, **context: Any) -> Reply:
        """The same with the server's clock; warnings that may be confirmed are confirmed on the way."""
        for _ in range(_WARNINGS):
            answer = self._send(method, [*params, {**self._context, **context}], writes)
            data = self._decode(answer, method, writes)
            if data.get("error") is None:
                return Reply(data.get("result"), answer.made_at or self._site.now())
            self._settle(method, data["error"], writes)
        raise Rejected("tryton.warnings", connection=self._site.connection, method=method, most=_WARNINGS)

    def version(self) -> str:
        """The server's series, such as "8.2"."""
        answer = self._post(f"{self._url.rpartition('/')[0]}/rpc/", "common.server.version", [], {}, False)
        return str(self._decode(answer, "common.server.version", False).get("result", ""))

    # -------------------------------------------------------------------- sending

    def _send(self, method: str, params: list[Any], writes: bool) -> Answer:
        """With a session; one that has ended is renewed once, for a call refused with 401 was not carried out."""
        session = self._login("")
        answer = self._post(f"{self._url}/rpc/", method, params, {"Authorization": session}, writes)
        if answer.status == 401:
            session = self._login(session)
            answer = self._post(f"{self._url}/rpc/", method, params, {"Authorization": session}, writes)
        return answer

    def _login(self, stale: str) -> str:
        with self._lock:
            if not self._session or self._session == stale:
                self._session = self._new_session()
            return self._session

    def _new_session(self) -> str:
        where = {"connection": self._site.connection, "user": self._user}
        params = [self._user, {"password": self._password}, self._context.get("language")]
        answer = self._post(f"{self._url}/rpc/", "common.db.login", params, {}, False)
        if answer.status in (401, 403):
            raise Denied("tryton.login", **where)
        data = self._decode(answer, "common.db.login", False)
        if data.get("error"):  # LoginException: it asks for another factor
            raise Denied("tryton.second_factor", **where)
        number, token, *_ = data["result"]
        return "Session " + b64encode(f"{self._user}:{number}:{token}".encode()).decode()

    def _post(self, url: str, method: str, params: list[Any], headers: Mapping[str, str], writes: bool) -> Answer:
        body = json.dumps({"id": 1, "method": method, "params": params}, default=wire, ensure_ascii=False).encode()
        headers = {"Content-Type": "application/json", **headers}
        return self._site.http.send("POST", url, headers=headers, body=body, writes=writes)

    # ------------------------------------------------------------------- judging

    def _decode(self, answer: Answer, method: str, writes: bool) -> dict[str, Any]:
        where = {"connection": self._site.connection, "method": method, "status": answer.status}
        if answer.status in (401, 403):
            raise Denied("tryton.forbidden", **where)
        if answer.status == 404:
            raise Unsupported("tryton.no_database", url=self._url, **where)
        if 400 <= answer.status < 500:
            raise Unsupported("tryton.bad_request", **where)
        data = parsed(answer.body) if answer.status == 200 else None
        if not isinstance(data, dict):
            raise Unanswered("tryton.garbled", **where) if writes else Transient("tryton.garbled", after=None, **where)
        return data

    def _settle(self, method: str, error: Any, writes: bool) -> None:
        """Raise what the server's error means; return where it was a warning that we may confirm."""
        kind, facts = error[0], error[1] if len(error) > 1 else ""
        where = {"connection": self._site.connection, "method": method}
        if kind == "UserWarning":
            name, text, more = (*facts, "", "", "")[:3]
            if not any(fnmatchcase(name, pattern) for pattern in self._accept):
                raise Rejected("tryton.warning", warning=name, words=_words(text, more), **where)
            self.call("model.res.user.warning.skip", name, False, writes=True)
            return
        self._fail(kind, facts, where, writes)

    def _fail(self, kind: str, facts: Any, where: dict[str, Any], writes: bool) -> NoReturn:
        if kind == "ConcurrencyException":
            raise Stale("tryton.stale", **where)
        if kind == "UserError":
            words = _words(*facts[:2])
            raise (Rejected if writes else Denied)("tryton.refused", words=words, **where)
        if kind == "LoginException":
            raise Denied("tryton.second_factor", user=self._user, **where)
        # Anything else is a fault inside the server (an unknown field, a type it cannot take), and was rolled back.
        found: type[HubError] = Rejected if writes else Unsupported
        raise found("tryton.fault", words=str(kind) or "-", **where)


def parsed(body: bytes) -> Any:
    """What a body of Tryton's JSON says; None if it is none."""
    try:
        return json.loads(body, object_hook=read_value, parse_float=Decimal)
    except (ValueError, KeyError, TypeError, ArithmeticError):
        return None


def _words(message: object, description: object = "") -> str:
    return f"{message} {description or ''}".strip()


def wire(value: object) -> object:
    """Decimals, dates and instants as Tryton's JSON has them; instants are UTC without a zone."""
    if isinstance(value, Decimal):
        return {"__class__": "Decimal", "decimal": str(value)}
    if isinstance(value, datetime):
        at = value.astimezone(UTC)
        parts = ("year", "month", "day", "hour", "minute", "second", "microsecond")
        return {"__class__": "datetime", **{part: getattr(at, part) for part in parts}}
    if isinstance(value, date):
        return {"__class__": "date", "year": value.year, "month": value.month, "day": value.day}
    raise TypeError(f"{type(value).__name__} has no form in Tryton's JSON")


_READ: dict[str, Callable[[dict[str, Any]], Any]] = {
    "Decimal": lambda v: Decimal(v["decimal"]),
    "date": lambda v: date(v["year"], v["month"], v["day"]),
    "datetime": lambda v: datetime(
        v["year"], v["month"], v["day"], v["hour"], v["minute"], v["second"], v["microsecond"], tzinfo=UTC
    ),
}


def read_value(value: dict[str, Any]) -> Any:
    """The inverse of `wire`, as an object hook."""
    kind = _READ.get(value.get("__class__", ""))
    return value if kind is None else kind(value)
