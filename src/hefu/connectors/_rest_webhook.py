"""Webhooks as hints: is it really from them, and which record does it speak of. No value is taken from one."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from hefu.connectors._json import NotJson, loads
from hefu.connectors._rest_paths import get, path, text
from hefu.connectors._rest_settings import Signature, Webhook
from hefu.core.connector import Answer
from hefu.core.errors import Denied, Unsupported

_MOMENT = re.compile(r"[0-9]{1,12}")
"""Seconds since 1970. Not `isdigit`, which also takes "²", nor any length: both would break the conversion."""


def hints(how: Webhook, headers: Mapping[str, str], body: bytes, now: datetime, name: str) -> list[tuple[str, str]]:
    """(object, record id) pairs; what concerns no object of ours is left out. Raises Denied, Unsupported."""
    lower = {n.lower(): v for n, v in headers.items()}
    _prove(how.signature, lower, body, now, name)
    try:
        told = loads(Answer(200, {"content-type": lower.get("content-type", "")}, body))
    except NotJson as error:
        raise Unsupported("rest.webhook_body", connection=name, start=error.start) from None
    events = told if how.events is None else get(told, path(how.events), [])
    found = [_hint(how, event) for event in (events if isinstance(events, list) else [events])]
    return list(dict.fromkeys(hint for hint in found if hint is not None))


def _hint(how: Webhook, event: Any) -> tuple[str, str] | None:
    said = get(event, path(how.object), None)
    if said is None:
        return None
    obj = _object(how.objects, text(said))
    record_id = get(event, path(how.id), None)
    return None if obj is None else (obj, "" if record_id is None else text(record_id))


def _object(names: Mapping[str, str], said: str) -> str | None:
    if not names:
        return said
    if said in names:
        return names[said]
    return next((obj for n, obj in names.items() if n.endswith("*") and said.startswith(n[:-1])), None)


def _prove(how: Signature, headers: Mapping[str, str], body: bytes, now: datetime, name: str) -> None:
    """Raises Denied unless one of our secrets signed this body, and not too long ago."""
    if how.scheme == "none":
        return
    secrets = [s.get_secret_value() for s in (how.secret, how.old_secret) if s.get_secret_value()]
    if not secrets:
        raise Denied("rest.no_webhook_secret", connection=name)
    given, signed = _given(how, headers, body)
    if signed is None:
        raise Denied("rest.bad_signature", connection=name)
    moment, content = signed
    good = any(_equal(mine, one) for secret in secrets for mine in [_sign(how, secret, content)] for one in given)
    if not good:
        raise Denied("rest.bad_signature", connection=name)
    if moment is not None and abs(now.timestamp() - moment) > how.window.total_seconds():
        raise Denied("rest.old_webhook", connection=name, seconds=round(now.timestamp() - moment))


def _given(
    how: Signature, headers: Mapping[str, str], body: bytes
) -> tuple[list[str], tuple[int | None, bytes] | None]:
    """The signatures given, and what they should sign: (its moment, content); None where the form is wrong."""
    if how.scheme == "standard":
        said, at = headers.get("webhook-signature", ""), headers.get("webhook-timestamp", "")
        content = f"{headers.get('webhook-id', '')}.{at}.".encode() + body
        given = [part[3:] for part in said.split() if part.startswith("v1,")]
        return given, (int(at), content) if _MOMENT.fullmatch(at) and headers.get("webhook-id") else None
    said = headers.get(how.header.lower(), "").strip()
    if how.scheme == "t_v1":
        parts = [part.strip().partition("=") for part in said.split(",")]
        at = next((v for n, _, v in parts if n == "t"), "")
        given = [v for n, _, v in parts if n == "v1"]
        return given, (int(at), at.encode() + b"." + body) if _MOMENT.fullmatch(at) else None
    given = [said[len(how.prefix) :]] if said.startswith(how.prefix) and said else []
    return given, (None, body)


def _sign(how: Signature, secret: str, content: bytes) -> str:
    if how.scheme == "token":
        return secret
    key = secret.encode()
    if how.scheme == "standard":
        try:
            key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except (binascii.Error, ValueError):
            key = secret.encode()
    digest = hmac.new(key, content, hashlib.sha256)
    return base64.b64encode(digest.digest()).decode() if how.scheme in ("base64", "standard") else digest.hexdigest()


def _equal(mine: str, given: str) -> bool:
    """Without telling by its time where they begin to differ."""
    return hmac.compare_digest(mine.encode(), given.strip().encode())
