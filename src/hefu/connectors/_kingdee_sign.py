"""Kingdee's two signatures: the headers that prove each call, and the sign of a log-in.

Pure functions, so that the vendor's published way can be held against vectors without a server.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlsplit

_MASK = b"0054f397c6234378b09ca7d3e5debce7"
_TAIL = 32


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks: the data centre, the integration user, the registered application."""

    account: str
    user: str
    app_id: str
    app_secret: str
    language: int = 2052
    organisation: str = ""


def client_of(app_id: str) -> tuple[str, str]:
    """(client id, client secret), both hidden in an AppID of the form `{client id}_{32 characters}`.

    An AppID of another form has no client secret; the server then judges the second signature alone.
    """
    client, _, tail = app_id.partition("_")
    if len(tail) != _TAIL:
        return client if tail else "", ""
    try:
        masked = base64.b64decode(tail, validate=True)
    except ValueError:
        return client, ""
    return client, base64.b64encode(bytes(a ^ b for a, b in zip(masked, _MASK, strict=False))).decode()


def _signed(key: str, message: str) -> str:
    """Base64 of the hexadecimal HMAC-SHA256: encoded twice, as this vendor does."""
    told = hmac.new(key.encode(), message.encode(), hashlib.sha256).hexdigest()
    return base64.b64encode(told.encode()).decode()


def signed_headers(who: Identity, url: str, seconds: int) -> dict[str, str]:
    """What proves one POST to `url` at that time (Unix seconds)."""
    client, secret = client_of(who.app_id)
    path = quote(urlsplit(url).path, safe="")
    about = f"{who.account},{who.user},{who.language},{who.organisation or 0}"
    message = f"POST\n{path}\n\nx-api-nonce:{seconds}\nx-api-timestamp:{seconds}\n"
    return {
        "X-Api-ClientID": client,
        "X-Api-Auth-Version": "2.0",
        "x-api-timestamp": str(seconds),
        "x-api-nonce": str(seconds),
        "x-api-signheaders": "x-api-timestamp,x-api-nonce",
        "X-Api-Signature": _signed(secret, message),
        "X-Kd-Appkey": who.app_id,
        "X-Kd-Appdata": base64.b64encode(about.encode()).decode(),
        "X-Kd-Signature": _signed(who.app_secret, who.app_id + about),
    }


def login_sign(who: Identity, seconds: int) -> str:
    """The sign of a LoginBySign at that time: a hash over the sorted parts, nothing between them."""
    parts: Sequence[str] = sorted((who.account, who.user, who.app_id, who.app_secret, str(seconds)))
    return hashlib.sha256("".join(parts).encode()).hexdigest()
