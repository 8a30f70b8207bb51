"""People with accounts, where they are signed in, and the API tokens of their programs: for who administers them."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from fastapi import Path, Query
from pydantic import BaseModel, Field

from hefu.app.accounts import Accounts
from hefu.core.errors import Missing
from hefu.core.rights import Principal
from hefu.store import policies
from hefu.web.front import Caller, Who
from hefu.web.paging import After, Cursors, Limit, Page
from hefu.web.route import needs, resource
from hefu.web.routes.grants import Grant, grant

router = resource("people")

Login = Annotated[str, Path(max_length=200)]
Language = Literal["en", "zh"]


class Account(BaseModel):
    """Somebody who may sign in; nothing secret."""

    login: str = Field(examples=["li"])
    name: str
    email: str | None
    language: Language | None
    state: Literal["on", "off"]
    made_at: str
    made_by: str
    last_at: str | None = Field(description="Last login or use")
    has_password: bool
    password_at: str | None
    second_factor: bool
    must_have_second_factor: bool = Field(description="A policy asks for one")
    issuer: str | None = Field(description="The single sign-on provider that vouches for them")
    roles: list[Grant] = Field(description="Held, or waiting for agreement")


class NewAccount(BaseModel):
    """A new account has no password: a one-time link or single sign-on lets its owner in."""

    login: Annotated[str, Field(min_length=1, max_length=200, examples=["li"])]
    name: Annotated[str, Field(max_length=200)] = ""
    email: Annotated[str | None, Field(max_length=254)] = None
    language: Language | None = None


class Change(BaseModel):
    """What others read of an account; what is left out stays."""

    name: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    email: Annotated[str | None, Field(max_length=254)] = None
    language: Language | None = None


class Link(BaseModel):
    """Lets its owner in once; told this once."""

    path: str = Field(description="Behind this hub's address")
    until_at: str


class LinkFor(BaseModel):
    """How long it holds."""

    minutes: Annotated[int, Field(ge=1, le=1440)] = 15


class PersonSession(BaseModel):
    """Where somebody is signed in."""

    id: str
    login: str
    how: str = Field(description="password, totp, recovery, link, oidc, oidc_mfa")
    made_at: str
    seen_at: str
    until_at: str
    address: str
    agent: str


class PersonToken(BaseModel):
    """An API token of somebody: what it may, never what it is."""

    id: str
    login: str
    name: str
    scopes: list[str]
    made_at: str
    until_at: str | None
    used_at: str | None
    live: bool


class PersonSessions(BaseModel):
    """Everybody who is signed in."""

    items: list[PersonSession]


class PersonTokens(BaseModel):
    """Those of everybody."""

    items: list[PersonToken]


class Ended(BaseModel):
    """How many sessions ended."""

    ended: int


# ------------------------------------------------------------------------ accounts


@router.get("/users", openapi_extra=needs("user.see"))
def list_users(
    who: Who,
    q: Annotated[str | None, Query(max_length=100, description="Part of the login, the name or the e-mail")] = None,
    state: Literal["on", "off"] | None = None,
    limit: Limit = 50,
    cursor: After = None,
) -> Page[Account]:
    """Accounts by login, with the roles they hold."""
    cursors = Cursors(who.app.journal_key, "users", {"q": q, "state": state})
    rows = Accounts(who.app).some(q=q, state=state, after=cursors.open(cursor), limit=limit + 1)
    show = _shower(who)
    items, following = cursors.page(rows, limit, lambda r: r["login"], show)
    return Page(items=items, next=following)


def _shower(who: Caller) -> Any:
    with who.look() as tx:
        asked = policies.second_factor(tx)

    def show(row: dict[str, Any]) -> Account:
        held = [grant(one) for one in row["roles"]]
        must = policies.EVERYBODY in asked or any(one.state == "held" and one.role in asked for one in held)
        names = [name for name in Account.model_fields if name not in ("roles", "must_have_second_factor")]
        return Account(**{name: row[name] for name in names}, roles=held, must_have_second_factor=must)

    return show


@router.get("/users/{login}", openapi_extra=needs("user.see"))
def one_user(login: Login, who: Who) -> Account:
    """One account."""
    return _account(who, login)


def _account(who: Caller, login: str) -> Account:
    found: Account = _shower(who)(Accounts(who.app).one(login))
    return found


@router.post("/users", status_code=201, openapi_extra=needs("user.edit"))
def add_user(asked: NewAccount, who: Who) -> Account:
    """Make an account; it holds no role yet."""
    accounts = Accounts(who.app)
    accounts.add(_by(who), asked.login, name=asked.name, email=asked.email, language=asked.language)
    return _account(who, asked.login)


@router.patch("/users/{login}", openapi_extra=needs("user.edit"))
def change_user(login: Login, asked: Change, who: Who) -> Account:
    """Change name, e-mail or language."""
    given = {name: value for name, value in asked.model_dump(exclude_unset=True).items() if value or name != "name"}
    if given:
        Accounts(who.app).edit(_by(who), login, **given)
    return _account(who, login)


@router.post("/users/{login}/switch-off", openapi_extra=needs("user.edit"))
def switch_off(login: Login, who: Who) -> Account:
    """Switch an account off: its sessions end at once, its tokens are refused."""
    Accounts(who.app).switch(_by(who), login, on=False)
    return _account(who, login)


@router.post("/users/{login}/switch-on", openapi_extra=needs("user.edit"))
def switch_on(login: Login, who: Who) -> Account:
    """Switch an account on again."""
    Accounts(who.app).switch(_by(who), login, on=True)
    return _account(who, login)


@router.post("/users/{login}/link", status_code=201, openapi_extra=needs("user.edit", keeps=False))
def make_link(login: Login, asked: LinkFor, who: Who) -> Link:
    """A link that lets its owner in once, in place of the password (not of the second factor)."""
    ticket, until = Accounts(who.app).link(_by(who), login, seconds=60.0 * asked.minutes)
    return Link(path=f"/ui/#/enter/{ticket}", until_at=until)


@router.delete("/users/{login}/second-factor", openapi_extra=needs("user.edit"))
def reset_second_factor(login: Login, who: Who) -> Account:
    """Take the second factor away from who lost it, with its recovery codes; sessions end."""
    Accounts(who.app).reset_second_factor(_by(who), login)
    return _account(who, login)


def _by(who: Caller) -> Principal:
    return who.rights.principal


# ------------------------------------------------------------------- sessions and tokens


@router.get("/sessions", openapi_extra=needs("session.see"))
def list_sessions(who: Who, login: Annotated[str | None, Query(max_length=200)] = None) -> PersonSessions:
    """Who is signed in, from where; the newest first."""
    names = tuple(PersonSession.model_fields)
    rows = Accounts(who.app).sessions(login)
    return PersonSessions(items=[PersonSession(**{name: row[name] for name in names}) for row in rows])


@router.delete("/sessions/{session_id}", status_code=204, openapi_extra=needs("session.revoke"))
def end_session(session_id: Annotated[str, Path(max_length=40)], who: Who) -> None:
    """Sign somebody out there."""
    if not Accounts(who.app).end_session(_by(who), session_id):
        raise Missing("web.unknown", kind="session", id=session_id)


@router.delete("/users/{login}/sessions", openapi_extra=needs("session.revoke"))
def end_sessions(login: Login, who: Who) -> Ended:
    """Sign somebody out everywhere."""
    return Ended(ended=Accounts(who.app).end_sessions(_by(who), login))


@router.get("/tokens", openapi_extra=needs("token.see"))
def list_tokens(who: Who, login: Annotated[str | None, Query(max_length=200)] = None) -> PersonTokens:
    """API tokens of everybody, the newest first; never the token itself."""
    names = tuple(PersonToken.model_fields)
    rows = Accounts(who.app).tokens(login)
    return PersonTokens(items=[PersonToken(**{name: row[name] for name in names}) for row in rows])


@router.delete("/tokens/{token_id}", status_code=204, openapi_extra=needs("token.revoke"))
def revoke_token(token_id: Annotated[str, Path(max_length=40)], who: Who) -> None:
    """End a token of anybody."""
    Accounts(who.app).revoke_token(_by(who), token_id)
