"""How a web hook that leaves the hub is signed: Standard Webhooks (standardwebhooks.com), by one or more keys."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime

SECRET_BYTES = range(24, 65)


def signing_key(secret: str) -> bytes | None:
    """The key that a secret text ("whsec_" and Base64) stands for; None if it is none."""
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError):
        return None
    return key if len(key) in SECRET_BYTES else None


def signed_headers(keys: Iterable[bytes], event_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers of this event: its id, which stays the same however often it is sent, the moment, signatures."""
    second = str(int(at.timestamp()))
    content = f"{event_id}.{second}.".encode() + body
    signs = (base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode() for key in keys)
    return {
        "content-type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": second,
        "webhook-signature": " ".join(f"v1,{text}" for text in signs),
    }


__all__ = ["signed_headers", "signing_key"]
