"""How a server gets in: client credentials, a signed JWT or a refresh token; and how a session ends without a word."""

from __future__ import annotations

import base64
import binascii
import json
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from hefu.sandbox.salesforce.calls import Answer
from hefu.sandbox.salesforce.org import Org

CLIENT_ID = "sandbox-salesforce-client"
CLIENT_SECRET = "sandbox-salesforce-secret"  # noqa: S105 - published, opens nothing but a sandbox
REFRESH_TOKEN = "sandbox-salesforce-refresh"  # noqa: S105
USERNAME = "user1@sandbox.example.com"
ORG = "00DgL0000000001EAA"
AUDIENCES = ("https://login.salesforce.com", "https://test.salesforce.com")
JWT = "urn:ietf:params:oauth:grant-type:jwt-bearer"
JWT_LIFE = timedelta(minutes=5)


class OAuthError(Exception):
    """What the token endpoint answers with 400."""

    def __init__(self, error: str, description: str) -> None:
        super().__init__(description)
        self.error, self.description = error, description


class Sessions:
    """Tokens and how long they live. `certificate`: the public key (PEM) that JWTs are checked against."""

    def __init__(self, org: Org) -> None:
        self.org = org
        self.seconds = 7200.0
        self.rotate = False
        self.certificate = ""
        self._tokens: dict[str, datetime] = {}
        self._refresh = {REFRESH_TOKEN}

    def known(self, token: str) -> bool:
        """Whether a session is alive. Using it keeps it so."""
        until = self._tokens.get(token)
        if until is None or until <= self.org.clock.now():
            return False
        self._tokens[token] = self.org.clock.now() + timedelta(seconds=self.seconds)
        return True

    def end(self) -> None:
        """Every session ends now."""
        self._tokens.clear()

    def revoke(self, token: str) -> Answer:
        """One ends."""
        self._tokens.pop(token, None)
        self._refresh.discard(token)
        return Answer(200)

    def token(self, given: Mapping[str, str], basic: str, base: str) -> Answer:
        """The token endpoint; `base` is the address of this org."""
        try:
            return Answer(200, self._granted(dict(given), basic, base))
        except OAuthError as problem:
            return Answer(400, {"error": problem.error, "error_description": problem.description})

    def _granted(self, given: dict[str, str], basic: str, base: str) -> dict[str, Any]:
        grant = given.get("grant_type")
        if basic:
            given["client_id"], _, given["client_secret"] = _basic(basic).partition(":")
        if grant == "client_credentials":
            self._client(given, secret=True)
            return self._opened(base)
        if grant == "refresh_token":
            self._client(given, secret="client_secret" in given)
            if given.get("refresh_token") not in self._refresh:
                raise OAuthError("invalid_grant", "expired access/refresh token")
            told = self._opened(base)
            if self.rotate:
                self._refresh = {secrets.token_urlsafe(32)}
                told["refresh_token"] = next(iter(self._refresh))
            return told
        if grant == JWT:
            self._signed(given.get("assertion", ""), base)
            return self._opened(base)
        raise OAuthError("unsupported_grant_type", "grant type not supported")

    def _client(self, given: Mapping[str, str], *, secret: bool) -> None:
        if given.get("client_id") != CLIENT_ID:
            raise OAuthError("invalid_client_id", "client identifier invalid")
        if secret and given.get("client_secret") != CLIENT_SECRET:
            raise OAuthError("invalid_client", "invalid client credentials")

    def _signed(self, assertion: str, base: str) -> None:
        try:
            head, claims, signature = assertion.split(".")
            told = json.loads(_unbased(claims))
            if json.loads(_unbased(head))["alg"] != "RS256":
                raise OAuthError("invalid_grant", "invalid assertion: RS256 wanted")
            key = load_pem_public_key(self.certificate.encode())
            if not isinstance(key, rsa.RSAPublicKey):
                raise OAuthError("invalid_grant", "invalid assertion: an RSA key wanted")
            key.verify(_unbased(signature), f"{head}.{claims}".encode(), padding.PKCS1v15(), hashes.SHA256())
        except (ValueError, KeyError, TypeError, InvalidSignature):
            raise OAuthError("invalid_grant", "invalid assertion") from None
        now = self.org.clock.now().timestamp()
        if told.get("iss") != CLIENT_ID:
            raise OAuthError("invalid_client_id", "client identifier invalid")
        if told.get("aud") not in (*AUDIENCES, base):
            raise OAuthError("invalid_grant", "audience is invalid")
        if not now < float(told.get("exp", 0)) <= now + JWT_LIFE.total_seconds():
            raise OAuthError("invalid_grant", "expired authorization code")
        if told.get("sub") != USERNAME:
            raise OAuthError("invalid_grant", "user hasn't approved this consumer")

    def _opened(self, base: str) -> dict[str, Any]:
        token = f"{ORG[:15]}!{secrets.token_urlsafe(48)}"
        now = self.org.clock.now()
        self._tokens[token] = now + timedelta(seconds=self.seconds)
        return {
            "access_token": token,
            "signature": base64.b64encode(secrets.token_bytes(32)).decode(),
            "scope": "api",
            "instance_url": base,
            "id": f"{base}/id/{ORG}/{self.org.integration}",
            "token_type": "Bearer",
            "issued_at": str(int(now.timestamp() * 1000)),
        }


def _basic(header: str) -> str:
    try:
        return base64.b64decode(header.removeprefix("Basic "), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise OAuthError("invalid_client", "invalid client credentials") from None


def _unbased(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
