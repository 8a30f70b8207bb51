"""Who may call: users, tokens, sessions with their CSRF token, the client."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from hefu.sandbox.frame import Clock
from hefu.sandbox.sap.refusals import Refusal

USER, PASSWORD = "HEFU", "Hefu-sandbox-1"
CLIENT_ID, CLIENT_SECRET = "HEFU_CLIENT", "Hefu-sandbox-2"
CLIENT, SYSTEM = "100", "S4H"
IDLE = timedelta(minutes=30)
SESSION = f"SAP_SESSIONID_{SYSTEM}_{CLIENT}"
MOST = 1000


class Session(NamedTuple):
    """A session and its token."""

    token: str
    until: datetime


class Gate:
    """All sessions. They live as long as they are used, and half an hour more."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self._sessions: dict[str, Session] = {}
        self._bearers: dict[str, datetime] = {}

    def admit(self, headers: Mapping[str, str], query: Mapping[str, str]) -> None:
        """Check the client and the user. Raises Refusal 401."""
        client = query.get("sap-client") or headers.get("sap-client") or CLIENT
        kind, _, given = headers.get("authorization", "").partition(" ")
        good = client == CLIENT and (
            (kind.lower() == "basic" and _basic(given, USER, PASSWORD))
            or (kind.lower() == "bearer" and self._bearers.get(given, self.clock.now()) > self.clock.now())
        )
        if not good:
            says = ("登录失败：用户、密码或集团错误", "Logon failed: check user, password and client")
            told = {"www-authenticate": f'Basic realm="SAP NetWeaver Application Server [{SYSTEM}/{CLIENT}]"'}
            raise Refusal(401, "ICF/LOGON", says, headers=told)

    def bearer(self, authorization: str, form: Mapping[str, str]) -> dict[str, object] | None:
        """An access token for client credentials; None for wrong ones."""
        kind, _, given = authorization.partition(" ")
        by_form = (form.get("client_id"), form.get("client_secret")) == (CLIENT_ID, CLIENT_SECRET)
        if not ((kind.lower() == "basic" and _basic(given, CLIENT_ID, CLIENT_SECRET)) or by_form):
            return None
        token = secrets.token_urlsafe(24)
        self._bearers[token] = self.clock.now() + timedelta(hours=1)
        return {"access_token": token, "token_type": "Bearer", "expires_in": 3600, "scope": form.get("scope", "")}

    def fetched(self, cookies: Mapping[str, str]) -> tuple[str, list[str]]:
        """The session's token, and cookies for a new session."""
        known = self._alive(cookies.get(SESSION, ""))
        if known is not None:
            return known.token, []
        if len(self._sessions) >= MOST:
            self._sessions.clear()
        name, token = secrets.token_urlsafe(24), base64.b64encode(secrets.token_bytes(16)).decode()
        self._sessions[name] = Session(token, self.clock.now() + IDLE)
        return token, [
            f"{SESSION}={name}; path=/; HttpOnly",
            f"sap-usercontext=sap-client={CLIENT}; path=/",
            f"sap-XSRF_{SYSTEM}_{CLIENT}={secrets.token_hex(8)}; path=/; HttpOnly",
        ]

    def check(self, cookies: Mapping[str, str], token: str) -> None:
        """A modifying call wants the token of its session. Raises Refusal 403."""
        known = self._alive(cookies.get(SESSION, ""))
        if known is None or not hmac.compare_digest(known.token.encode(), token.encode()):
            said = ("CSRF 令牌验证失败", "CSRF token validation failed")
            raise Refusal(403, "CSRF", said, headers={"x-csrf-token": "Required"})

    def forget(self) -> None:
        """All sessions end, and all access tokens."""
        self._sessions.clear()

    def _alive(self, name: str) -> Session | None:
        known = self._sessions.get(name)
        if known is None or known.until < self.clock.now():
            self._sessions.pop(name, None)
            return None
        self._sessions[name] = known._replace(until=self.clock.now() + IDLE)
        return known


def _basic(given: str, user: str, password: str) -> bool:
    try:
        told = base64.b64decode(given, validate=True)
    except ValueError:
        return False
    return hmac.compare_digest(told, f"{user}:{password}".encode())
