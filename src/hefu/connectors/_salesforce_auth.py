"""Logging in without a person: client credentials, a signed JWT, or a refresh token (RFC 6749, RFC 7523)."""

from __future__ import annotations

import base64
import json
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from hefu.connectors._json import NotJson, loads
from hefu.connectors._salesforce_settings import SalesforceSettings
from hefu.core.connector import Site
from hefu.core.errors import Denied, Transient, Unsupported

_JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_LASTS = 180
_PUBLIC = ("login.salesforce.com", "test.salesforce.com")


class Pass(NamedTuple):
    """A session: its token and the host that it is for."""

    token: str
    instance: str


class Door:
    """The way to a session."""

    def __init__(self, settings: SalesforceSettings, site: Site) -> None:
        self._settings, self._site = settings, site
        self._refresh = settings.refresh_token.get_secret_value()
        self.rotated = False

    def open(self) -> Pass:
        """Log in. Raises Denied, Transient, Unsupported."""
        own = self._settings
        answer = self._site.http.send(
            "POST",
            own.url.rstrip("/") + "/services/oauth2/token",
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            body=urlencode(self._form()).encode(),
        )
        try:
            body: Any = loads(answer)
        except NotJson:
            body = None
        where: dict[str, Any] = {"connection": self._site.connection, "status": answer.status}
        if answer.status >= 500 or (answer.status == 200 and not isinstance(body, dict)):
            raise Transient("salesforce.login_down", **where)
        if answer.status != 200 or not isinstance(body, dict) or not body.get("access_token"):
            told = body if isinstance(body, dict) else {}
            said, words = str(told.get("error", "-")), str(told.get("error_description", "-"))[:200]
            if said in ("unsupported_grant_type", "invalid_request") or 300 <= answer.status < 400:
                raise Unsupported("salesforce.login_wrong", said=said, words=words, **where)
            raise Denied("salesforce.login_refused", said=said, words=words, **where)
        if body.get("refresh_token"):  # it replaces ours, which the server has just made worthless
            self._refresh, self.rotated = str(body["refresh_token"]), True
        return Pass(str(body["access_token"]), self._instance(str(body.get("instance_url") or "")))

    def _form(self) -> dict[str, str]:
        own = self._settings
        secret = own.client_secret.get_secret_value()
        if own.flow == "jwt":
            return {"grant_type": _JWT, "assertion": self._assertion()}
        form = {"grant_type": own.flow, "client_id": own.client_id}
        if own.flow == "refresh_token":
            form["refresh_token"] = self._refresh
        elif urlsplit(own.url).hostname in _PUBLIC:
            raise Unsupported("salesforce.needs_my_domain", connection=self._site.connection, url=own.url)
        return form | ({"client_secret": secret} if secret else {})

    def _assertion(self) -> str:
        own = self._settings
        public = urlsplit(own.url).hostname in _PUBLIC
        claims = {
            "iss": own.client_id,
            "sub": own.username,
            "aud": own.audience or (own.url.rstrip("/") if public else "https://login.salesforce.com"),
            "exp": int(self._site.now().timestamp()) + _LASTS,
        }
        try:
            key = load_pem_private_key(own.private_key.get_secret_value().encode(), None)
        except (ValueError, TypeError):
            key = None
        if not isinstance(key, rsa.RSAPrivateKey):
            raise Unsupported("salesforce.bad_key", connection=self._site.connection)
        content = b".".join(_b64(json.dumps(part).encode()) for part in ({"alg": "RS256", "typ": "JWT"}, claims))
        return (content + b"." + _b64(key.sign(content, padding.PKCS1v15(), hashes.SHA256()))).decode()

    def _instance(self, told: str) -> str:
        """The host of the data: the settings', else ours if the org says the same. No token goes anywhere else."""
        own = self._settings
        if own.instance_url:
            return own.instance_url.rstrip("/")
        if not told or urlsplit(told).netloc == urlsplit(own.url).netloc:
            return own.url.rstrip("/")
        raise Unsupported("salesforce.other_host", connection=self._site.connection, told=told.split("?")[0][:200])


def _b64(raw: bytes) -> bytes:
    return base64.urlsafe_b64encode(raw).rstrip(b"=")
