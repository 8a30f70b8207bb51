"""One line to SAP: who we are, the session with its CSRF token, and one call judged.

The token belongs to the cookies it came with. Both are fetched together, once for all threads, and again where SAP
says that the token is stale (it has done nothing then).
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from urllib.parse import urlencode, urlsplit

from hefu.connectors._sap_errors import Call, error_of, garbled, needs_token, parsed
from hefu.connectors._sap_settings import SapSettings
from hefu.core.connector import Answer, Site
from hefu.core.errors import Denied, Transient

_EARLY = timedelta(seconds=30)
JSON = "application/json;IEEE754Compatible=true"
"""V4 then spells decimals and 64-bit numbers as strings, which nobody can bend on the way."""


class Session(NamedTuple):
    """A CSRF token (empty: none is wanted) with the cookies that it is good for. `number` tells one from the next."""

    token: str = ""
    cookies: str = ""
    number: int = 0


class Bearer(NamedTuple):
    """An OAuth token and when it ends."""

    token: str
    ends: datetime


class Line:
    """Safe for several threads."""

    def __init__(self, settings: SapSettings, site: Site) -> None:
        self._settings, self._site = settings, site
        self._url = settings.url.rstrip("/")
        self._session, self._opening = Session(), threading.Lock()
        self._bearer: Bearer | None = None
        self._asking = threading.Lock()
        self.told: dict[str, str] = {}
        # C4C asks its integration users for no token; should it ask all the same, the answer says so.
        self._eager = settings.product == "s4"

    def get(
        self, service: str, rest: str, *, one: bool = False, headers: Mapping[str, str] | None = None
    ) -> tuple[dict[str, Any], datetime]:
        """(JSON, SAP's clock then) of a read. Raises Transient, Denied, Missing, Unsupported."""
        call = Call(self._site.connection, rest.partition("?")[0], one=one)
        answer = self.send("GET", service, rest, call, headers=headers or {"Accept": "application/json"})
        data = parsed(answer)
        if not isinstance(data, dict):
            raise garbled(answer, call)
        return data, self.clock(answer)

    def document(self, service: str) -> bytes:
        """A service's $metadata."""
        call = Call(self._site.connection, f"{service}/$metadata")
        return self.send("GET", service, "$metadata", call, headers={"Accept": "application/xml"}).body

    def clock(self, answer: Answer) -> datetime:
        """When SAP answered, by its own clock, in whole seconds; ours where it does not say."""
        return answer.made_at or self._site.now()

    def send(
        self,
        method: str,
        service: str,
        rest: str,
        call: Call,
        *,
        headers: Mapping[str, str],
        body: bytes | None = None,
    ) -> Answer:
        """An answer of status 2xx to a call of a service. `rest` from "/" on is a whole path. Raises HubError."""
        path = rest if rest.startswith("/") else f"{service}/{rest}"
        answer = self._send(method, service, path, call, headers, body)
        if answer.status >= 300:
            raise error_of(answer, call)
        if "sap-message" in answer.headers:
            self.told["last_warning"] = answer.headers["sap-message"][:500]
        return answer

    def _send(
        self, method: str, service: str, path: str, call: Call, headers: Mapping[str, str], body: bytes | None
    ) -> Answer:
        guarded = method not in ("GET", "HEAD")
        session = self._opened(service, self._session) if guarded and self._eager else self._session
        renewed = {"bearer": False, "session": False}
        while True:
            proof, bearer = self._proof()
            sent = {**self._common(), **headers, **proof}
            sent |= {"Cookie": session.cookies} if session.cookies else {}
            sent |= {"x-csrf-token": session.token} if guarded and session.token else {}
            answer = self._site.http.send(method, self._url + path, headers=sent, body=body, writes=call.writes)
            if answer.status == 401 and bearer is not None and not renewed["bearer"]:
                renewed["bearer"] = True
                self._forget(bearer)
            elif needs_token(answer) and not renewed["session"]:
                renewed["session"] = True
                session = self._opened(service, session, stale=True)
            else:
                return answer

    def _common(self) -> dict[str, str]:
        s = self._settings
        out = {"sap-language": s.language, "Accept-Language": s.language.lower()}
        return out | ({"sap-client": s.client} if s.client else {})

    # -------------------------------------------------------------------- session

    def _opened(self, service: str, known: Session, stale: bool = False) -> Session:
        """A session: the present one, or a new one if there is none or `known` is stale; other threads wait."""
        with self._opening:
            current = self._session
            if current.number != known.number or (current.number and not stale):
                return current
            self._session = self._fetched(service, current.number + 1)
            return self._session

    def _fetched(self, service: str, number: int) -> Session:
        """Token and cookies of a new session, from the root of the service that is about to be called."""
        root = f"{service}/"
        call = Call(self._site.connection, root)
        for _ in range(2):
            proof, bearer = self._proof()
            headers = {**self._common(), "Accept": "application/json", "x-csrf-token": "Fetch", **proof}
            answer = self._site.http.send("GET", self._url + root, headers=headers)
            if answer.status != 401 or bearer is None:
                break
            self._forget(bearer)
        if answer.status >= 300:
            raise error_of(answer, call)
        token = answer.headers.get("x-csrf-token", "")
        return Session("" if token.lower() == "required" else token, _cookies(answer), number)

    # ------------------------------------------------------------------ who we are

    def _proof(self) -> tuple[Mapping[str, str], Bearer | None]:
        oauth = self._settings.oauth
        if oauth is None:
            pair = f"{self._settings.user}:{self._settings.password.get_secret_value()}"
            return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}, None
        with self._asking:
            if self._bearer is None or self._site.now() >= self._bearer.ends:
                self._bearer = self._asked()
            return {"Authorization": f"Bearer {self._bearer.token}"}, self._bearer

    def _forget(self, bearer: Bearer) -> None:
        with self._asking:
            if self._bearer is bearer:
                self._bearer = None

    def _asked(self) -> Bearer:
        """A new OAuth token (RFC 6749 4.4)."""
        oauth = self._settings.oauth
        assert oauth is not None
        form = {"grant_type": "client_credentials"} | ({"scope": oauth.scope} if oauth.scope else {})
        pair = f"{oauth.client_id}:{oauth.client_secret.get_secret_value()}"
        headers = {
            "Authorization": "Basic " + base64.b64encode(pair.encode()).decode(),
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        answer = self._site.http.send("POST", oauth.token_url, headers=headers, body=urlencode(form).encode())
        data = parsed(answer)
        if answer.status >= 500:
            raise Transient("sap.fault", connection=self._site.connection, path=oauth.token_url, words="-")
        if answer.status >= 300 or not isinstance(data, dict) or not data.get("access_token"):
            raise Denied("sap.login", connection=self._site.connection)
        lasts = str(data.get("expires_in", ""))
        ends = self._site.now() + timedelta(seconds=int(lasts) if lasts.isdecimal() else 3600) - _EARLY
        return Bearer(str(data["access_token"]), ends)


def _cookies(answer: Answer) -> str:
    """The cookies that an answer sets, as we send them back."""
    pairs = [line.split(";")[0].strip() for line in answer.headers.get("set-cookie", "").split("\n")]
    kept = {pair.partition("=")[0]: pair for pair in pairs if pair.partition("=")[2]}
    return "; ".join(kept.values())


def inside(link: str) -> str:
    """Path and query of a link that SAP gave: a proxy before it may not know which host we call."""
    parts = urlsplit(link)
    return parts.path + (f"?{parts.query}" if parts.query else "")


def packed(body: Any) -> bytes:
    """A body as JSON."""
    return json.dumps(body, ensure_ascii=False).encode()
