"""Data pushes as hints: is it really from them, is it fresh, and which record does it speak of."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

from hefu.connectors._json import NotJson, loads
from hefu.core.connector import Answer
from hefu.core.errors import Denied, Unsupported

_DATA = {"data_create", "data_update", "data_remove", "data_recover"}
_REMEMBERED = 10_000


class Pushes:
    """Proves pushes, and knows those that came already: a repeated one is answered and does nothing more."""

    def __init__(self, secret: str, window: int, connection: str) -> None:
        self._secret, self._window, self._connection = secret, window, connection
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, None] = OrderedDict()

    def take(self, headers: Mapping[str, str], body: bytes, now: datetime) -> tuple[str, str, str, str] | None:
        """(kind, app id, form id, record id), or None for what says nothing of records. Raises Denied, Unsupported.

        kind: data or form. The signature covers nonce and timestamp, which stand in the query: header ":path".
        """
        if not self._secret:
            raise Unsupported("jiandaoyun.no_webhook_secret", connection=self._connection)
        lower = {name.lower(): value for name, value in headers.items()}
        asked = parse_qs(urlsplit(lower.get(":path", "")).query)
        nonce, stamp = asked.get("nonce", [""])[0], asked.get("timestamp", [""])[0]
        right = signature(nonce, body, self._secret, stamp)
        if not hmac.compare_digest(right.encode(), lower.get("x-jdy-signature", "").strip().lower().encode()):
            raise Denied("jiandaoyun.signature", connection=self._connection)
        if not (stamp.isascii() and stamp.isdigit()) or abs(now.timestamp() - int(stamp)) > self._window:
            raise Denied("jiandaoyun.old_push", connection=self._connection, seconds=self._window)
        if self._again(lower.get("x-jdy-deliverid", "")):
            return None
        return self._hint(body)

    def _again(self, delivery: str) -> bool:
        if not delivery:
            return False
        with self._lock:
            if delivery in self._seen:
                return True
            self._seen[delivery] = None
            if len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
            return False

    def _hint(self, body: bytes) -> tuple[str, str, str, str] | None:
        try:
            told: Any = loads(Answer(200, {}, body))
        except NotJson as error:
            raise Unsupported("jiandaoyun.push_body", connection=self._connection, start=error.start) from None
        data = told.get("data") if isinstance(told, dict) else None
        if not isinstance(data, dict):
            return None
        kind = "data" if told.get("op") in _DATA else "form" if told.get("op") == "form_update" else ""
        found = str(data.get("_id") or "") if kind == "data" else ""
        return (kind, str(data.get("appId") or ""), str(data.get("entryId") or ""), found) if kind else None


def signature(nonce: str, body: bytes, secret: str, stamp: str) -> str:
    """What a push is signed with; SHA-1 is the vendor's choice."""
    content = nonce.encode() + b":" + body + b":" + secret.encode() + b":" + stamp.encode()
    return hashlib.sha1(content, usedforsecurity=False).hexdigest()
