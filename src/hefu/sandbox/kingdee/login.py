"""Who may call the imitated Kingdee: passwords, application secrets, signed logins, and signature headers on each call.

While a known session is sent, credentials are not looked at again; that is how the vendor's server behaves.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

ACCOUNT = "64a0example"
ACCOUNT_NAME = "示例账套"
USER = "apiuser"
PASSWORD = "sandbox-kingdee-password"  # noqa: S105 - opens nothing but a sandbox
APP_ID = "123456_ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef"
APP_SECRET = "0123456789abcdef0123456789abcdef"  # noqa: S105 - opens nothing but a sandbox
_SALT = b"0054f397c6234378b09ca7d3e5debce7"
LANGUAGES = ("2052", "1033", "3076")


def _hex_hmac(key: str, message: str) -> str:
    made = hmac.new(key.encode(), message.encode(), hashlib.sha256).hexdigest()
    return base64.b64encode(made.encode()).decode()


def client_secret(app_id: str) -> str:
    """The gateway's secret that hides in an AppID; blank where it holds none."""
    _, _, code = app_id.partition("_")
    if len(code) != 32:
        return ""
    raw = base64.b64decode(code)
    return base64.b64encode(bytes(a ^ b for a, b in zip(raw, _SALT, strict=False))).decode()


def api_signature(app_id: str, path: str, nonce: str, at: str) -> str:
    """X-Api-Signature of a POST to this path."""
    escaped = quote(path).replace("/", "%2F")
    return _hex_hmac(client_secret(app_id), f"POST\n{escaped}\n\nx-api-nonce:{nonce}\nx-api-timestamp:{at}\n")


def app_signature(app_id: str, secret: str, data: str) -> str:
    """X-Kd-Signature over the AppID and the plain text of X-Kd-Appdata."""
    return _hex_hmac(secret, app_id + data)


def login_sign(*words: str) -> str:
    """The sign of LoginBySign."""
    return hashlib.sha256("".join(sorted(words)).encode()).hexdigest()


@dataclass
class Session:
    """Who is logged in, and the organisation of the session (0: all of the user's)."""

    user: str
    org: int = 0
    used: float = field(default_factory=time.monotonic)


class Expired(Exception):
    """The timestamp of a signed call is too far from the server's clock."""


class NoAccount(Exception):
    """The data centre of a signed call does not exist."""


class Sessions:
    """All sessions. idle: seconds until an unused one ends."""

    def __init__(self, idle: float = 1200.0, skew: float = 900.0) -> None:
        self.idle, self.skew = idle, skew
        self.secret, self.password = APP_SECRET, PASSWORD
        self._known: dict[str, Session] = {}

    def open(self, user: str, org: int = 0) -> str:
        """A new session's id."""
        made = secrets.token_hex(16)
        made = "-".join((made[:8], made[8:12], made[12:16], made[16:20], made[20:]))
        self._known[made] = Session(user, org)
        return made

    def get(self, session_id: str) -> Session | None:
        """A session that has not ended."""
        found = self._known.get(session_id)
        if found is None:
            return None
        if time.monotonic() - found.used > self.idle:
            del self._known[session_id]
            return None
        found.used = time.monotonic()
        return found

    def end(self, session_id: str | None = None) -> None:
        """Forget one session, or all."""
        if session_id is None:
            self._known.clear()
        else:
            self._known.pop(session_id, None)

    def by_password(self, account: str, user: str, password: str) -> bool:
        """ValidateUser."""
        return (account, user) == (ACCOUNT, USER) and secrets.compare_digest(password.encode(), self.password.encode())

    def by_secret(self, account: str, user: str, app_id: str, secret: str) -> bool:
        """LoginByAppSecret."""
        right = secrets.compare_digest(secret.encode(), self.secret.encode())
        return (account, user, app_id) == (ACCOUNT, USER, APP_ID) and right

    def by_sign(self, said: tuple[str, ...], now: float) -> bool:
        """LoginBySign: account, user, application, timestamp, sign."""
        account, user, app_id, at, sign = said
        want = login_sign(account, user, app_id, self.secret, at)
        fresh = at.isdecimal() and abs(int(at) - now) <= self.skew
        right = secrets.compare_digest(sign.encode(), want.encode())
        return fresh and (account, user, app_id) == (ACCOUNT, USER, APP_ID) and right

    def by_headers(self, headers: Mapping[str, str], path: str, now: float) -> tuple[str, str] | None:
        """(user, organisation number) of a signed call; None for a wrong signature. Raises Expired, NoAccount."""
        at, app_id = headers.get("x-api-timestamp", ""), headers.get("x-kd-appkey", "")
        if not at.isdecimal() or abs(int(at) - now) > self.skew:
            raise Expired
        try:
            data = base64.b64decode(headers.get("x-kd-appdata", ""), validate=True).decode()
        except ValueError:
            return None
        account, user, lcid, org = (data.split(",") + [""] * 4)[:4]
        if account != ACCOUNT:
            raise NoAccount
        wanted = (
            api_signature(app_id, path, headers.get("x-api-nonce", ""), at),
            app_signature(app_id, self.secret, data),
        )
        sent = (headers.get("x-api-signature", ""), headers.get("x-kd-signature", ""))
        right = all(secrets.compare_digest(a.encode(), b.encode()) for a, b in zip(sent, wanted, strict=True))
        if not right or app_id != APP_ID or user != USER or lcid not in LANGUAGES:
            return None
        return user, org


def welcome(session_id: str, user: str) -> dict[str, Any]:
    """The answer to a login that succeeded."""
    return {
        "Message": None,
        "MessageCode": "CheckPasswordPolicy",
        "LoginResultType": 1,
        "Context": {
            "UserLocale": "zh-CN",
            "LogLocale": "zh-CN",
            "DBid": ACCOUNT,
            "DatabaseType": 3,
            "SessionId": secrets.token_hex(8),
            "UserId": 100201,
            "UserName": user,
            "CustomName": "示例公司",
            "DataCenterName": ACCOUNT_NAME,
            "TenantId": "T0001",
            "CurrentOrganizationInfo": {"ID": 1, "AcctOrgType": "1", "Name": "示例集团", "FunctionIds": [101, 102]},
        },
        "KDSVCSessionId": session_id,
        "FormId": None,
        "RedirectFormParam": None,
        "IsSuccessByAPI": True,
    }


def sent_away(words: str) -> dict[str, Any]:
    """The answer to a login that failed."""
    return {
        "Message": words,
        "MessageCode": "CheckPasswordPolicy",
        "LoginResultType": 0,
        "Context": None,
        "KDSVCSessionId": None,
        "FormId": None,
        "RedirectFormParam": None,
        "IsSuccessByAPI": False,
    }
