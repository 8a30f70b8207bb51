"""How each call proves who we are, and how a session is opened anew, once for all threads."""

from __future__ import annotations

import base64
import binascii
import json
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from hefu.connectors._json import NotJson, dumps, loads
from hefu.connectors._rest_paths import fill, get, path
from hefu.connectors._rest_settings import ApiKey, Basic, Bearer, Login, OAuth2
from hefu.core.connector import Answer, Site
from hefu.core.errors import Denied, Transient, Unsupported

_EARLY = timedelta(seconds=30)


class Pass(NamedTuple):
    """What goes with a call. `number` tells one session from the next."""

    headers: Mapping[str, str]
    params: Mapping[str, str]
    number: int = 0


class Fixed:
    """The same proof with every call; nothing to renew."""

    def __init__(self, headers: Mapping[str, str], params: Mapping[str, str]) -> None:
        self._pass = Pass(headers, params)

    def current(self) -> Pass:
        """The proof."""
        return self._pass

    def renewed(self, _after: Pass) -> Pass | None:
        """Nothing can be renewed."""
        return None


class Session:
    """A proof that `open` fetches and that ends: by its own time, or because the system says so."""

    def __init__(self, open_: Callable[[], tuple[Mapping[str, str], datetime | None]], now: Callable[[], datetime]):
        self._open, self._now = open_, now
        self._lock = threading.Lock()
        self._pass: Pass | None = None
        self._ends: datetime | None = None
        self._number = 0

    def current(self) -> Pass:
        """The proof, opened first where there is none or it is about to end. Raises Denied, Transient."""
        with self._lock:
            if self._pass is None or (self._ends is not None and self._now() >= self._ends):
                return self._fresh()
            return self._pass

    def renewed(self, after: Pass) -> Pass | None:
        """A newer proof than that one: another thread's, if it was quicker."""
        with self._lock:
            if self._pass is not None and self._pass.number != after.number:
                return self._pass
            return self._fresh()

    def _fresh(self) -> Pass:
        headers, self._ends = self._open()
        self._number += 1
        self._pass = Pass(headers, {}, self._number)
        return self._pass


def prover(auth: Any, base: Callable[[str], str], site: Site) -> Fixed | Session:
    """What proves who we are, by the settings. `base` makes a full address of a relative one."""
    if isinstance(auth, Bearer):
        return Fixed({"Authorization": f"{auth.scheme} {auth.token.get_secret_value()}".strip()}, {})
    if isinstance(auth, Basic):
        return Fixed({"Authorization": basic(auth.user, auth.password.get_secret_value())}, {})
    if isinstance(auth, ApiKey):
        one = {auth.name: auth.value.get_secret_value()}
        return Fixed(one, {}) if auth.place == "header" else Fixed({}, one)
    if isinstance(auth, OAuth2):
        return Session(lambda: _oauth2(auth, base, site), site.now)
    if isinstance(auth, Login):
        return Session(lambda: _login(auth, base, site), site.now)
    return Fixed({}, {})


def basic(user: str, password: str) -> str:
    """The Authorization header of RFC 7617."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _oauth2(auth: OAuth2, base: Callable[[str], str], site: Site) -> tuple[Mapping[str, str], datetime | None]:
    secret = auth.client_secret.get_secret_value()
    form = {"grant_type": "client_credentials", **auth.extra}
    if auth.refresh_token is not None:
        form |= {"grant_type": "refresh_token", "refresh_token": auth.refresh_token.get_secret_value()}
    form |= {"scope": auth.scope} if auth.scope else {}
    headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
    if auth.send == "basic":
        headers["Authorization"] = basic(quote(auth.client_id, safe=""), quote(secret, safe=""))
    else:
        form |= {"client_id": auth.client_id, "client_secret": secret}
    answer = site.http.send("POST", base(auth.token_url), headers=headers, body=urlencode(form).encode())
    body = _opened(answer, site)
    token = get(body, ("access_token",), None)
    if not isinstance(token, str):
        raise Unsupported("rest.no_token", connection=site.connection, path="access_token")
    lasts = get(body, ("expires_in",), None)
    ends = site.now() + timedelta(seconds=int(lasts)) - _EARLY if str(lasts).isdigit() else None
    return {"Authorization": f"Bearer {token}"}, ends


def _login(auth: Login, base: Callable[[str], str], site: Site) -> tuple[Mapping[str, str], datetime | None]:
    facts = {"user": auth.user, "password": auth.password.get_secret_value()}
    filled = fill(auth.body, facts)
    json_ = auth.send == "json"
    body = None if auth.method == "GET" else dumps(filled) if json_ else urlencode(filled).encode()
    kind = "application/json" if json_ else "application/x-www-form-urlencoded"
    params = filled if auth.method == "GET" else None
    answer = site.http.send(auth.method, base(auth.url), headers={"Content-Type": kind}, params=params, body=body)
    if auth.token_path is None:
        return {"Cookie": _cookies(answer, site)}, site.now() + auth.lasts if auth.lasts else None
    token = get(_opened(answer, site), path(auth.token_path), None)
    if not isinstance(token, str) or not token:
        raise Denied("rest.login_refused", connection=site.connection, status=answer.status)
    ends = site.now() + auth.lasts if auth.lasts else _jwt_end(token)
    return {auth.token_header: f"{auth.scheme} {token}".strip()}, ends


def _opened(answer: Answer, site: Site) -> Any:
    """The body of a log-in that succeeded."""
    if answer.status >= 500:
        raise Transient("rest.login_down", connection=site.connection, status=answer.status)
    if answer.status >= 300:
        raise Denied("rest.login_refused", connection=site.connection, status=answer.status)
    try:
        return loads(answer)
    except NotJson as error:
        raise Unsupported("rest.login_not_json", connection=site.connection, start=error.start) from None


def _cookies(answer: Answer, site: Site) -> str:
    """The cookies that a log-in set, as we send them back. A log-in page that comes again sets none that matter."""
    if answer.status >= 400:
        _opened(answer, site)
    pairs = [line.split(";")[0].strip() for line in answer.headers.get("set-cookie", "").split("\n")]
    kept = {pair.partition("=")[0]: pair for pair in pairs if pair.partition("=")[2]}
    if not kept:
        raise Denied("rest.login_refused", connection=site.connection, status=answer.status)
    return "; ".join(kept.values())


def _jwt_end(token: str) -> datetime | None:
    """When a JWT ends by its own word (`exp`, RFC 7519 4.1.4), a little early; None where it does not say."""
    parts = token.split(".")
    if len(parts) != 3:
        return None
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return datetime.fromtimestamp(claims["exp"], UTC) - _EARLY
    except (ValueError, KeyError, TypeError, binascii.Error, OverflowError):
        return None
