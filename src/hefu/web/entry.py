"""Who a request comes from: a session's cookie or an API token, and whether a write came from our own page."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from hefu.app.accounts import rights_of
from hefu.app.house import App
from hefu.app.login import Login, Signed
from hefu.core.errors import Denied
from hefu.core.project import Project
from hefu.core.rights import Principal

COOKIE, SECURE_COOKIE = "hefu_session", "__Host-hefu_session"
CSRF_HEADER = "x-csrf-token"
SAFE_SITES = ("same-origin", "none")


@dataclass(frozen=True)
class Entry:
    """How somebody came in. `csrf`: what a write of this session must carry; None for a token, which no page sends."""

    signed: Signed
    csrf: str | None = None

    @property
    def principal(self) -> Principal:
        """Who it is."""
        return self.signed.principal


def enter(app: App, project: Project, request: Request) -> None:
    """Find out who asks and what they may; kept on the request. Raises Denied "web.unsigned", "login....".

    A token that is sent counts, whatever cookie the browser adds to it.
    """
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    cookie = session_token(request)
    if kind.lower() == "bearer" and token.strip():
        entry = Entry(Login(app).by_token(token.strip()))
    elif cookie:
        entry = Entry(Login(app).by_session(cookie), csrf_of(app, cookie))
    else:
        raise Denied("web.unsigned")
    request.state.entry = entry
    request.state.rights = rights_of(entry.principal, project)


def session_token(request: Request) -> str | None:
    """What the browser sends as its session."""
    return request.cookies.get(SECURE_COOKIE) or request.cookies.get(COOKIE)


def csrf_of(app: App, session: str) -> str:
    """What writes of this session carry besides the cookie; nobody can make it up from the cookie alone."""
    return hmac.new(app.journal_key, b"csrf" + session.encode(), hashlib.sha256).hexdigest()


def is_secure(request: Request) -> bool:
    """Whether the browser came by TLS, to us or to the proxy before us."""
    return request.url.scheme == "https"


def let_in(request: Request, response: Response, session: str) -> None:
    """Give the browser its session; a script of any page can neither read it nor send it from elsewhere."""
    secure = is_secure(request)
    name = SECURE_COOKIE if secure else COOKIE
    response.set_cookie(name, session, httponly=True, secure=secure, samesite="lax", path="/")


def let_out(response: Response) -> None:
    """Take it away."""
    for name, secure in ((SECURE_COOKIE, True), (COOKIE, False)):
        response.delete_cookie(name, path="/", secure=secure, httponly=True, samesite="lax")


def same_origin(request: Request) -> None:
    """A write by a session's cookie must come from our own page and carry its token. Raises Denied "web.foreign"."""
    from_here(request)
    entry: Entry = request.state.entry
    if entry.csrf is not None:
        given = request.headers.get(CSRF_HEADER, "")
        if not hmac.compare_digest(given.encode(), entry.csrf.encode()):
            raise Denied("web.foreign", why="X-CSRF-Token")


def from_here(request: Request) -> None:
    """Whatever a browser says about where a write comes from must be this very place. Raises Denied "web.foreign"."""
    site = request.headers.get("sec-fetch-site")
    if site is not None and site not in SAFE_SITES:
        raise Denied("web.foreign", why=f"Sec-Fetch-Site: {site[:40]}")
    origin = request.headers.get("origin")
    if origin is not None and urlsplit(origin).netloc != request.headers.get("host", ""):
        raise Denied("web.foreign", why=f"Origin: {origin[:100]}")


def address_of(request: Request) -> str:
    """Where the request comes from, as the connection says; proxies are believed only by the server's own settings."""
    return request.client.host if request.client is not None else ""


__all__ = [
    "COOKIE",
    "CSRF_HEADER",
    "SECURE_COOKIE",
    "Entry",
    "address_of",
    "csrf_of",
    "enter",
    "from_here",
    "is_secure",
    "let_in",
    "let_out",
    "same_origin",
    "session_token",
]
