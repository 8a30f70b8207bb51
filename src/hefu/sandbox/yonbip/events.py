"""What the imitated YonBIP pushes: events, signed and encrypted as documented, brought again until taken."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import struct
from collections.abc import Mapping

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from hefu.sandbox.frame import Clock
from hefu.sandbox.hooks import Parcel, Postman, is_loopback

BLOCK = 32


def cipher_key(app_secret: str) -> bytes:
    """The AES key that hides in an application's secret."""
    text = (app_secret.replace("-", "") + "0" * 43)[:43] + "="
    return base64.b64decode(text)


def encrypted(app_secret: str, app_key: str, text: str, noise: bytes) -> str:
    """A message, sealed; `noise` are its 16 random bytes."""
    key, body = cipher_key(app_secret), text.encode()
    plain = noise + struct.pack(">I", len(body)) + body + app_key.encode()
    pad = BLOCK - len(plain) % BLOCK
    sealer = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(sealer.update(plain + bytes([pad]) * pad) + sealer.finalize()).decode()


def opened(app_secret: str, app_key: str, sealed: bytes) -> str:
    """What is inside a sealed message that bears our key; "" for anything else."""
    key = cipher_key(app_secret)
    try:
        body = base64.b64decode(sealed, validate=True)
        reader = Cipher(algorithms.AES(key), modes.CBC(key[:16])).decryptor()
        plain = reader.update(body) + reader.finalize()
        size = struct.unpack(">I", plain[16:20])[0]
        text, owner = plain[20 : 20 + size].decode(), plain[20 + size : -plain[-1]].decode()
    except (ValueError, struct.error, IndexError):
        return ""
    return text if owner == app_key else ""


def signature(app_secret: str, timestamp: str, nonce: str, sealed: str) -> str:
    """What proves that a message is ours."""
    words = "".join(sorted((timestamp, nonce, sealed)))
    return base64.b64encode(hmac.new(app_secret.encode(), words.encode(), hashlib.sha256).digest()).decode()


class Pusher:
    """Sends events to the callback that the console knows. `twice` sends each one twice.

    answer: what the receiver must say: "sealed" (the word success, encrypted), "any" (any 2xx counts).
    """

    def __init__(self, clock: Clock, postman: Postman, app_key: str, app_secret: str, tenant: str) -> None:
        self.clock, self.postman, self.tenant = clock, postman, tenant
        self.app_key, self.app_secret = app_key, app_secret
        self.url = ""
        self.twice = False
        self.answer = "sealed"

    def subscribe(self, url: str) -> None:
        """Set the callback; it is checked with a message at once. Other machines are refused."""
        if url and not is_loopback(url):
            raise ValueError("only http://127.0.0.1 may be called")
        self.url = url
        if url:
            self.tell("CHECK_URL", {})

    def tell(self, kind: str, more: Mapping[str, object]) -> None:
        """One event."""
        if not self.url:
            return
        at = str(int(self.clock.now().timestamp() * 1000))
        event = {"type": kind, "eventId": secrets.token_hex(16), "timestamp": int(at), "tenantId": self.tenant, **more}
        sealed = encrypted(
            self.app_secret, self.app_key, json.dumps(event, ensure_ascii=False), secrets.token_bytes(16)
        )
        nonce = secrets.token_hex(8)
        body = {"signature": signature(self.app_secret, at, nonce, sealed), "timestamp": at, "nonce": nonce}
        parcel = Parcel(self.url, json.dumps({**body, "encrypt": sealed}).encode(), lambda _: {}, taken=self._taken)
        for _ in range(2 if self.twice else 1):
            self.postman.send(parcel)

    def _taken(self, status: int, said: bytes) -> bool:
        good = self.answer == "any" or opened(self.app_secret, self.app_key, said) == "success"
        return 200 <= status < 300 and good
