"""One call to a Frappe site: its resources and methods, and its errors in our words.

One request is one transaction there: what Frappe answers with an error of its own was surely taken back.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

from pydantic import SecretStr

from hefu.connectors._json import NotJson, dumps, loads
from hefu.core.connector import Answer, Site
from hefu.core.errors import Denied, HubError, Missing, Rejected, Stale, Transient, Unanswered, Unsupported

_LOGIN = ("AuthenticationError", "InvalidAuthorizationHeader", "InvalidAuthorizationToken", "SessionExpired")
_BUSY = ("QueryDeadlockError", "QueryTimeoutError", "TooManyRequestsError", "RateLimitExceededError", "SessionStopped",
         "DocumentLockedError", "InReadOnlyMode")  # fmt: skip
_TAKEN = ("DuplicateEntryError", "UniqueValidationError", "NameError")
_SHAPE = ("OperationalError", "ProgrammingError", "DataError", "ImproperlyConfiguredError")
_TELLING = ("MandatoryError", "LinkValidationError")


class Api:
    """One user's line to one site. Safe for several threads: each call carries key and secret."""

    def __init__(self, site: Site, url: str, key: SecretStr, secret: SecretStr) -> None:
        self._site, self._url = site, url.rstrip("/")
        self._proof = f"token {key.get_secret_value()}:{secret.get_secret_value()}"
        self.connection = site.connection

    def get(self, doctype: str, name: str = "") -> Any:
        """A whole document with its child tables."""
        return self._ask("GET", _resource(doctype, name), None, False)[0].get("data")

    def rows(self, doctype: str, **words: Any) -> tuple[list[Mapping[str, Any]], datetime]:
        """(rows of a list, the site's clock then). By POST, since a list of names may be long."""
        told, at = self._ask("POST", "/api/method/frappe.client.get_list", {"doctype": doctype, **words}, False)
        found = told.get("message")
        if not isinstance(found, list):
            raise Transient("erpnext.fault", connection=self.connection, where=f"list {doctype}", status=200)
        return found, at

    def method(self, name: str, *, writes: bool = False, **words: Any) -> Any:
        """What a method says."""
        return self._ask("POST", f"/api/method/{name}", words, writes)[0].get("message")

    def insert(self, doc: Mapping[str, Any]) -> Mapping[str, Any]:
        """A new document, as it is now stored."""
        return self._document(self._ask("POST", _resource(str(doc["doctype"])), doc, True), str(doc["doctype"]))

    def update(self, doctype: str, name: str, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """Named fields of a document; as it is now stored. A child table that is named is replaced whole."""
        return self._document(self._ask("PUT", _resource(doctype, name), values, True), f"{doctype} {name}")

    def delete(self, doctype: str, name: str) -> None:
        """Delete a document."""
        self._ask("DELETE", _resource(doctype, name), None, True)

    def _document(self, told: tuple[Mapping[str, Any], datetime], where: str) -> Mapping[str, Any]:
        found = told[0].get("data")
        if not isinstance(found, Mapping) or "name" not in found:
            raise Unanswered("erpnext.fault", connection=self.connection, where=where, status=200)
        return found

    # ------------------------------------------------------------------------ the wire

    def _ask(self, way: str, path: str, body: Any, writes: bool) -> tuple[dict[str, Any], datetime]:
        headers = {"Authorization": self._proof, "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        data = None if body is None else dumps(body)
        answer = self._site.http.send(way, self._url + path, headers=headers, body=data, writes=writes)
        return self._read(answer, path, writes), answer.made_at or self._site.now()

    def _read(self, answer: Answer, path: str, writes: bool) -> dict[str, Any]:
        facts: dict[str, Any] = {"connection": self.connection, "where": path.removeprefix("/api/")}
        if 300 <= answer.status < 400:
            raise Unsupported("erpnext.redirected", to=answer.headers.get("location", "-").split("?")[0], **facts)
        try:
            told = loads(answer)
        except NotJson:
            told = None
        if isinstance(told, dict) and answer.status < 400:
            return told
        if isinstance(told, dict) and told.get("exc_type"):
            raise self._error(str(told["exc_type"]), said(told), answer.status, facts, writes)
        if answer.status in (401, 403):
            raise Denied("erpnext.denied", words=f"HTTP {answer.status}", **facts)
        if answer.status in (404, 405):
            raise Unsupported("erpnext.no_api", status=answer.status, **facts)
        kind = Unanswered if writes else Transient
        raise kind("erpnext.fault", status=answer.status, **facts)

    def _error(self, kind: str, words: str, status: int, facts: Mapping[str, Any], writes: bool) -> HubError:
        """What an error of Frappe's own means. `kind`: its class."""
        told = {**facts, "words": words, "kind": kind}
        if kind in _LOGIN or status == 401:
            return Denied("erpnext.denied", **told)
        if kind == "PermissionError":
            return Rejected("erpnext.no_right", **told) if writes else Denied("erpnext.no_right", **told)
        if kind == "DoesNotExistError":
            return Missing("erpnext.missing", **told)
        if kind == "TimestampMismatchError":
            return Stale("erpnext.stale", **told)
        if kind in _BUSY:
            return Transient("erpnext.busy", **told)
        if kind in _TAKEN:
            return Rejected("erpnext.taken", **told)
        if not writes or kind in _SHAPE:
            return Unsupported("erpnext.misfit", **told)
        field = words.rpartition(": ")[2].split(",")[0].strip() if kind in _TELLING[:1] else None
        return Rejected("erpnext.refused", field=field or None, **told)


def _resource(doctype: str, name: str = "") -> str:
    path = f"/api/resource/{quote(doctype, safe='')}"
    return f"{path}/{quote(name, safe='')}" if name else path


def said(told: Mapping[str, Any]) -> str:
    """The words for people: a list of JSON texts inside a JSON text; else what the exception says."""
    words: Sequence[Any] = ()
    try:
        inner = json.loads(str(told.get("_server_messages") or "[]"))
        words = [_message(part) for part in inner]
    except ValueError:
        pass
    found = "; ".join(w for w in words if w) or str(told.get("exception") or "").partition(": ")[2]
    return " ".join(_plain(found).split())[:300] or str(told.get("exc_type") or "-")


def _message(part: Any) -> str:
    try:
        inner = json.loads(part) if isinstance(part, str) else part
    except ValueError:
        return str(part)
    return str(inner.get("message") or "") if isinstance(inner, Mapping) else str(inner)


class _Text(HTMLParser):
    """Only what is text."""

    def __init__(self) -> None:
        super().__init__()
        self.parts: list[str] = []

    def handle_data(self, data: str) -> None:
        self.parts.append(data)


def _plain(words: str) -> str:
    """Messages carry links and bold words as HTML."""
    if "<" not in words:
        return words
    reader = _Text()
    reader.feed(words)
    reader.close()
    return "".join(reader.parts)
