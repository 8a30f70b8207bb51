"""Pushed events as hints: is it really from YonBIP, is it fresh, was it here before, and which record does it speak of.

A message is signed and sealed with the application's secret, and wants the sealed word "success" as its answer: without
it the vendor pushes again, for up to a day.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import struct
import threading
from collections import OrderedDict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from hefu.connectors._json import NotJson, loads
from hefu.connectors._yonbip_objects import MERCHANT, ORDER, PRODUCT
from hefu.core.connector import Answer
from hefu.core.errors import Denied, Unsupported

_BLOCK = 32
_REMEMBERED = 10_000
_KINDS = (("YXYBASEDOC_AA_MERCHANT", MERCHANT), ("YXYBASEDOC_PC_PRODUCT", PRODUCT))


class Envelope:
    """Opens and seals messages of one application."""

    def __init__(self, app_secret: str, app_key: str) -> None:
        self._owner = app_key
        try:
            self._key = base64.b64decode((app_secret.replace("-", "") + "0" * 43)[:43] + "=", validate=True)
        except (binascii.Error, ValueError):
            self._key = b""

    def opened(self, sealed: str) -> bytes | None:
        """What is inside; None for what is not sealed with our secret for us."""
        if len(self._key) != _BLOCK:
            return None
        try:
            body = base64.b64decode(sealed, validate=True)
            opener = Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16])).decryptor()
            plain = opener.update(body) + opener.finalize()
            pad = plain[-1]
            size = struct.unpack(">I", plain[16:20])[0]
        except (ValueError, struct.error, IndexError):
            return None
        inner, owner = plain[20 : 20 + size], plain[20 + size : len(plain) - pad]
        if not 1 <= pad <= _BLOCK or plain[-pad:] != bytes([pad]) * pad or owner != self._owner.encode():
            return None
        return inner

    def sealed(self, text: str, noise: bytes) -> str:
        """A message of ours. noise: 16 bytes by chance."""
        body = text.encode()
        plain = noise + struct.pack(">I", len(body)) + body + self._owner.encode()
        pad = _BLOCK - len(plain) % _BLOCK
        sealer = Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16])).encryptor()
        return base64.b64encode(sealer.update(plain + bytes([pad]) * pad) + sealer.finalize()).decode()


def signature(way: str, secret: str, timestamp: str, nonce: str, sealed: str) -> str:
    """What a message is signed with, in one of the ways that the vendor's pages describe."""
    if way == "hmac":
        words = "".join(sorted((timestamp, nonce, sealed)))
        return base64.b64encode(hmac.new(secret.encode(), words.encode(), hashlib.sha256).digest()).decode()
    words = "".join(sorted((secret, timestamp, nonce, sealed)))
    made = hashlib.new(way, words.encode(), usedforsecurity=False)
    return made.hexdigest()


class Events:
    """Proves events, and knows those that came already: a repeated one is answered and does nothing more."""

    def __init__(self, app_key: str, app_secret: str, way: str, window: int, connection: str) -> None:
        self._secret, self._way, self._window, self._connection = app_secret, way, window, connection
        self._envelope = Envelope(app_secret, app_key)
        self._lock = threading.Lock()
        self._seen: OrderedDict[str, None] = OrderedDict()

    def take(self, body: bytes, now: datetime) -> tuple[str, str] | None:
        """(object, record id), or None for what says nothing of records. Raises Denied, Unsupported."""
        told = self._json(body)
        words = [str(told.get(n) or "") for n in ("timestamp", "nonce", "encrypt")]
        given = str(told.get("signature") or "")
        right = signature(self._way, self._secret, *words)
        inner = self._envelope.opened(words[2])
        if not hmac.compare_digest(right.encode(), given.encode()) or inner is None:
            raise Denied("yonbip.signature", connection=self._connection)
        stamp = words[0]
        if not (stamp.isascii() and stamp.isdigit()) or abs(now.timestamp() - int(stamp) / 1000) > self._window:
            raise Denied("yonbip.old_event", connection=self._connection, seconds=self._window)
        event = self._json(inner)
        return None if self._again(str(event.get("eventId") or "")) else _hint(event)

    def answer(self, noise: bytes) -> bytes:
        """What the vendor wants to hear."""
        return self._envelope.sealed("success", noise).encode()

    def _json(self, body: bytes) -> Mapping[str, Any]:
        try:
            told = loads(Answer(200, {}, body))
        except NotJson as error:
            raise Unsupported("yonbip.event_body", connection=self._connection, start=error.start) from None
        if not isinstance(told, Mapping):
            raise Unsupported("yonbip.event_body", connection=self._connection, start=str(told)[:80])
        return told

    def _again(self, event: str) -> bool:
        if not event:
            return False
        with self._lock:
            if event in self._seen:
                return True
            self._seen[event] = None
            if len(self._seen) > _REMEMBERED:
                self._seen.popitem(last=False)
            return False


def _hint(event: Mapping[str, Any]) -> tuple[str, str] | None:
    kind, info = str(event.get("type") or ""), event.get("BILL_INFO")
    name = next((obj for prefix, obj in _KINDS if kind.startswith(prefix)), "")
    if kind.startswith("SALE_") and "ORDER" in kind:
        name = ORDER
    if not name:
        return None
    told: Mapping[str, Any] = info if isinstance(info, Mapping) else {}
    found = told.get("billCode") or told.get("billNo") if name == PRODUCT else told.get("billId")
    return name, "" if found in (None, "") else str(found)
