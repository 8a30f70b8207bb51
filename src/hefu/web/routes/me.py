"""Signing in and out, and what belongs to whoever is signed in: rights, sessions, password, second factor, tokens."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Path, Request, Response
from pydantic import BaseModel, Field, SecretStr

from hefu.app.accounts import Accounts
from hefu.app.login import Login
from hefu.app.second_factor import SecondFactor
from hefu.core.errors import Denied, Missing
from hefu.web.entry import address_of, csrf_of, from_here, let_in, let_out, session_token
from hefu.web.front import Caller, House, Who
from hefu.web.route import PUBLIC, SIGNED_IN, needs, resource

router = resource("me")


class Hold(BaseModel):
    """A role, and where it is held; null: everywhere."""

    role: str
    organisations: list[str] | None
    departments: list[str] | None


class Me(BaseModel):
    """Who asks."""

    id: str
    name: str
    kind: Literal["user", "token", "worker", "local"]
    login: str
    language: Literal["en", "zh"]
    second_factor: bool
    must_set_up_second_factor: bool = Field(description="Until then nothing else is allowed")
    recovery_codes: int = Field(description="How many are left; each stands in once for the second factor")
    roles: list[Hold]
    rights: list[str] = Field(description="Every right that is held at least somewhere: what a screen shows buttons by")
    csrf: str | None = Field(None, description="What a write by this session carries as X-CSRF-Token; none for a token")


class Credentials(BaseModel):
    """A login with its password (and the code of the second factor), or a one-time link's ticket."""

    login: Annotated[str | None, Field(max_length=200)] = None
    password: Annotated[SecretStr | None, Field(max_length=1024)] = None
    code: Annotated[str | None, Field(max_length=20, description="Of the second factor, or a recovery code")] = None
    ticket: Annotated[SecretStr | None, Field(max_length=200)] = None


class SignedIn(BaseModel):
    """The session lies in a cookie; this is what its writes carry."""

    csrf: str
    until_at: str


class Session(BaseModel):
    """Where somebody is signed in."""

    id: str
    how: str = Field(description="password, totp, recovery, link, oidc, oidc_mfa")
    made_at: str
    seen_at: str
    until_at: str
    address: str
    agent: str
    this: bool = Field(description="The one that asks")


class Sessions(BaseModel):
    """All of one's own."""

    items: list[Session]


class NewPassword(BaseModel):
    """The old one and the new one."""

    old: Annotated[SecretStr, Field(max_length=1024)]
    new: Annotated[SecretStr, Field(min_length=1, max_length=1024)]


class SecondFactorSecret(BaseModel):
    """For an authenticator; told once."""

    secret: str
    address: str = Field(description="otpauth address, for a QR code")


class RecoveryCodes(BaseModel):
    """Each stands in once for the second factor; told this once."""

    codes: list[str]


class Code(BaseModel):
    """What the authenticator shows."""

    code: Annotated[str, Field(max_length=20)]


class Token(BaseModel):
    """An API token: what it may, never what it is."""

    id: str
    name: str
    scopes: list[str]
    made_at: str
    until_at: str | None
    used_at: str | None
    live: bool


class Tokens(BaseModel):
    """All of one's own."""

    items: list[Token]


class NewToken(BaseModel):
    """What a program may do in one's name: no more than oneself."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    scopes: Annotated[list[Annotated[str, Field(max_length=80)]], Field(min_length=1, max_length=200)]
    days: Annotated[int | None, Field(ge=1, le=3660)] = 365


class MadeToken(BaseModel):
    """Told this once."""

    id: str
    token: str


@router.get("/me", openapi_extra=needs(SIGNED_IN))
def me(who: Who) -> Me:
    """Who is signed in, and what they may do."""
    person, account = who.rights.principal, who.entry.signed.account
    holds = [
        Hold(role=h.role, organisations=_listed(h.scope.organisations), departments=_listed(h.scope.departments))
        for h in person.holds
    ]
    return Me(
        id=person.id, name=str(account.get("name") or person.name), kind=person.kind,
        login=str(account.get("login", person.name)), language="zh" if who.language == "zh" else "en",
        second_factor=bool(account.get("second_factor")), must_set_up_second_factor=who.entry.signed.bare,
        recovery_codes=Accounts(who.app).factor_left(account["id"]) if "id" in account else 0, roles=holds,
        rights=sorted(who.rights.rights),
        csrf=who.entry.csrf,
    )  # fmt: skip


def _listed(names: frozenset[str] | None) -> list[str] | None:
    return None if names is None else sorted(names)


# ---------------------------------------------------------------------- in and out


@router.post("/session", status_code=201, openapi_extra=needs(PUBLIC))
def sign_in(asked: Credentials, house: House, request: Request, response: Response) -> SignedIn:
    """Sign in with a password or a one-time link. The answer sets the session's cookie and gives its CSRF token."""
    from_here(request)
    login, agent = Login(house.app), request.headers.get("user-agent", "")[:200]
    if asked.ticket is not None:
        ticket = asked.ticket.get_secret_value()
        opened = login.log_in_by_link(ticket, asked.code, address=address_of(request), agent=agent)
    else:
        password = asked.password.get_secret_value() if asked.password is not None else ""
        opened = login.log_in(asked.login or "", password, asked.code, address=address_of(request), agent=agent)
    let_in(request, response, opened.token)
    return SignedIn(csrf=csrf_of(house.app, opened.token), until_at=opened.until_at)


@router.delete("/session", status_code=204, openapi_extra=needs(SIGNED_IN))
def sign_out(who: Who, request: Request, response: Response) -> None:
    """Sign out: the session ends on the hub, too."""
    token = session_token(request)
    if token is not None:
        Login(who.app).log_out(token)
    let_out(response)


@router.get("/me/sessions", openapi_extra=needs(SIGNED_IN))
def own_sessions(who: Who) -> Sessions:
    """Where one is signed in."""
    this = who.entry.signed.session_id
    names = ("id", "how", "made_at", "seen_at", "until_at", "address", "agent")
    rows = Accounts(who.app).sessions(_login(who))
    return Sessions(items=[Session(**{n: row[n] for n in names}, this=row["id"] == this) for row in rows])


@router.delete("/me/sessions/{session_id}", status_code=204, openapi_extra=needs(SIGNED_IN))
def end_session(session_id: Annotated[str, Path(max_length=40)], who: Who) -> None:
    """Sign out somewhere else."""
    accounts = Accounts(who.app)
    if session_id not in {row["id"] for row in accounts.sessions(_login(who))}:
        raise Missing("web.unknown", kind="session", id=session_id)
    accounts.end_session(who.rights.principal, session_id)


def _login(who: Caller) -> str:
    return str(who.entry.signed.account["login"])


# ------------------------------------------------------------ password and second factor


def _by_session(who: Caller) -> None:
    """A program's token must not take over the account that lent it its rights."""
    if who.entry.csrf is None:
        raise Denied("web.session_only")


@router.put("/me/password", openapi_extra=needs(SIGNED_IN, keeps=False))
def change_password(asked: NewPassword, who: Who, request: Request, response: Response) -> SignedIn:
    """Take a new password; all other sessions of the account end."""
    _by_session(who)
    old, new = asked.old.get_secret_value(), asked.new.get_secret_value()
    agent = request.headers.get("user-agent", "")[:200]
    opened = Login(who.app).change_password(who.entry.signed, old, new, address=address_of(request), agent=agent)
    let_in(request, response, opened.token)
    return SignedIn(csrf=csrf_of(who.app, opened.token), until_at=opened.until_at)


@router.post("/me/second-factor", status_code=201, openapi_extra=needs(SIGNED_IN, keeps=False))
def begin_second_factor(who: Who) -> SecondFactorSecret:
    """Begin to use an authenticator; in force once a code of it is confirmed."""
    _by_session(who)
    secret, address = SecondFactor(who.app).begin(who.entry.signed.account["id"])
    return SecondFactorSecret(secret=secret, address=address)


@router.post("/me/second-factor/confirm", openapi_extra=needs(SIGNED_IN, keeps=False))
def confirm_second_factor(asked: Code, who: Who, request: Request) -> RecoveryCodes:
    """From now on it is asked for; its recovery codes are told this once."""
    _by_session(who)
    account_id = who.entry.signed.account["id"]
    return RecoveryCodes(codes=SecondFactor(who.app).confirm(account_id, asked.code, address=address_of(request)))


@router.post("/me/recovery-codes", openapi_extra=needs(SIGNED_IN, keeps=False))
def new_recovery_codes(asked: Code, who: Who, request: Request) -> RecoveryCodes:
    """New recovery codes in place of the old ones, for a code of the authenticator; told this once."""
    _by_session(who)
    account_id = who.entry.signed.account["id"]
    return RecoveryCodes(codes=SecondFactor(who.app).new_codes(account_id, asked.code, address=address_of(request)))


# -------------------------------------------------------------------------- tokens


@router.get("/me/tokens", openapi_extra=needs("token.own"))
def own_tokens(who: Who) -> Tokens:
    """One's own API tokens."""
    names = tuple(Token.model_fields)
    rows: list[dict[str, Any]] = Accounts(who.app).tokens(_login(who))
    return Tokens(items=[Token(**{name: row[name] for name in names}) for row in rows])


@router.post("/me/tokens", status_code=201, openapi_extra=needs("token.own", keeps=False))
def make_token(asked: NewToken, who: Who) -> MadeToken:
    """Make a token for a program; it is told this once."""
    _by_session(who)
    seconds = None if asked.days is None else asked.days * 86_400.0
    made, secret = Accounts(who.app).make_token(
        who.rights.principal, _login(who), asked.name, asked.scopes, seconds=seconds
    )
    return MadeToken(id=made, token=secret)


@router.delete("/me/tokens/{token_id}", status_code=204, openapi_extra=needs("token.own"))
def revoke_token(token_id: Annotated[str, Path(max_length=40)], who: Who) -> None:
    """End a token of one's own."""
    accounts = Accounts(who.app)
    if token_id not in {row["id"] for row in accounts.tokens(_login(who))}:
        raise Missing("web.unknown", kind="token", id=token_id)
    accounts.revoke_token(who.rights.principal, token_id)
