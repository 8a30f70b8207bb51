"""Roles: what they allow, who holds them, what waits for agreement, what nobody uses, and the policies of accounts."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any, Literal

from fastapi import Path, Query
from pydantic import BaseModel, Field

from hefu.app.accounts import Accounts
from hefu.core.errors import Rejected
from hefu.core.presets import PRESETS
from hefu.core.resources import RESOURCES, duties
from hefu.core.rights import Scope, granted
from hefu.web.front import Who
from hefu.web.route import SIGNED_IN, needs, resource

router = resource("roles")

Names = Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=200)]
Number = Annotated[str, Path(max_length=40)]


class Grant(BaseModel):
    """A role in somebody's hands."""

    id: str
    login: str
    role: str = Field(examples=["steward"])
    state: Literal["asked", "held", "ended"] = Field(description="asked: another must agree first")
    organisations: list[str] | None = Field(description="Only there; null: everywhere")
    departments: list[str] | None
    reason: str
    granted_by: str
    granted_at: str
    approved_by: str | None
    approved_at: str | None
    until_at: str | None = Field(description="It ends by itself then")
    ended_by: str | None
    ended_at: str | None


class Grants(BaseModel):
    """The newest first."""

    items: list[Grant]


class NewGrant(BaseModel):
    """A role for somebody, where and for how long."""

    login: Annotated[str, Field(min_length=1, max_length=200, examples=["li"])]
    role: Annotated[str, Field(min_length=1, max_length=64, examples=["steward"])]
    organisations: Names | None = None
    departments: Names | None = None
    days: Annotated[int | None, Field(ge=1, le=3660)] = None
    reason: Annotated[str, Field(max_length=2000)] = ""


class Reviewed(Grant):
    """A role that somebody should look at."""

    last_at: str | None = Field(description="When its holder was here last")
    why: list[Literal["asked", "gone", "off", "unused", "duties"]]


class Review(BaseModel):
    """What somebody should look at, the newest first."""

    items: list[Reviewed]


class RoleWords(BaseModel):
    """A role with all that it extends."""

    role: str
    title: dict[str, str]
    ready: bool = Field(description="It comes with the hub; else the project's own")
    rights: list[str]
    see: dict[str, Literal["seen", "masked", "hidden"]] = Field(description="Class, entity or entity.field -> how")
    edit: list[str]
    organisations: list[str] | None
    departments: list[str] | None
    apart: list[str] = Field(description="Roles that nobody may hold besides it")
    duties: list[str] = Field(description="Which of system, security and audit it touches")
    holders: int


class Roles(BaseModel):
    """All of them by name."""

    items: list[RoleWords]


class Right(BaseModel):
    """One right in the caller's language."""

    right: str = Field(examples=["record.see"])
    resource: str
    title: str


class Rights(BaseModel):
    """Every right there is."""

    items: list[Right]


class Policies(BaseModel):
    """What holds for accounts and roles."""

    separated: bool = Field(description="System, security and audit lie in three hands (三员分立)")
    approved: bool = Field(description="A second person agrees before a role is held")
    second_factor: list[str] = Field(description="Roles whose holders must use a second factor; '*': everybody")


class PolicyChange(BaseModel):
    """What is left out stays."""

    separated: bool | None = None
    approved: bool | None = None
    second_factor: Names | None = None


def grant(row: dict[str, Any]) -> Grant:
    """A row of the store as the API tells it."""
    return Grant(**{name: row[name] for name in Grant.model_fields})


# --------------------------------------------------------------------------- roles


@router.get("/roles", openapi_extra=needs("role.see"))
def list_roles(who: Who) -> Roles:
    """Every role: what it allows and shows, and how many hold it."""
    accounts = Accounts(who.app)
    roles = accounts.roles
    counts: dict[str, int] = {}
    for row in accounts.holdings():
        counts[row["role"]] = counts.get(row["role"], 0) + (row["state"] == "held")
    items = []
    for name, role in sorted(roles.items()):
        found = granted(name, roles)
        if found is None:
            continue
        where = [
            None if names is None else sorted(names) for names in (found.scope.organisations, found.scope.departments)
        ]
        items.append(RoleWords(
            role=name, title=role.title, ready=PRESETS.get(name) is role, rights=sorted(found.rights),
            see=dict(found.view.see), edit=sorted(found.view.edit), organisations=where[0], departments=where[1],
            apart=sorted(found.apart), duties=duties(found.rights), holders=counts.get(name, 0),
        ))  # fmt: skip
    return Roles(items=items)


@router.get("/rights", openapi_extra=needs(SIGNED_IN))
def list_rights(who: Who) -> Rights:
    """Every right there is, in words: what roles and tokens are made of."""
    return Rights(items=[
        Right(right=f"{name}.{action}", resource=who.t(one.en, one.zh), title=who.t(en, zh))
        for name, one in RESOURCES.items()
        for action, (en, zh) in one.actions.items()
    ])  # fmt: skip


@router.get("/grants", openapi_extra=needs("role.see"))
def list_grants(
    who: Who,
    ended: Annotated[bool, Query(description="Ended ones, too")] = False,
    login: Annotated[str | None, Query(max_length=200)] = None,
) -> Grants:
    """Who holds which role, where, until when and by whom."""
    rows = Accounts(who.app).holdings(ended=ended)
    wanted = None if login is None else login.strip().casefold()
    return Grants(items=[grant(row) for row in rows if wanted is None or row["login"] == wanted])


@router.post("/grants", status_code=201, openapi_extra=needs("role.grant"))
def make_grant(asked: NewGrant, who: Who) -> Grant:
    """Put a role into somebody's hands; where a policy says so, another must agree first. Their sessions end."""
    accounts = Accounts(who.app)
    until = None if asked.days is None else who.app.env.now() + timedelta(days=asked.days)
    scope = Scope(*(None if names is None else frozenset(names) for names in (asked.organisations, asked.departments)))
    by = who.rights.principal
    made, _ = accounts.grant(by, asked.login, asked.role, scope=scope, until=until, reason=asked.reason)
    return grant(accounts.holding(made))


@router.post("/grants/{grant_id}/approve", openapi_extra=needs("role.approve"))
def approve_grant(grant_id: Number, who: Who) -> Grant:
    """Agree to a role that another granted."""
    accounts = Accounts(who.app)
    accounts.approve(who.rights.principal, grant_id)
    return grant(accounts.holding(grant_id))


@router.post("/grants/{grant_id}/reject", openapi_extra=needs("role.approve"))
def reject_grant(grant_id: Number, who: Who) -> Grant:
    """Turn down a role that waits for agreement."""
    accounts = Accounts(who.app)
    if accounts.holding(grant_id)["state"] != "asked":
        raise Rejected("account.not_asked", holding=grant_id)
    accounts.end(who.rights.principal, grant_id)
    return grant(accounts.holding(grant_id))


@router.delete("/grants/{grant_id}", openapi_extra=needs("role.grant"))
def end_grant(grant_id: Number, who: Who) -> Grant:
    """Take a role back; the holder's sessions end."""
    accounts = Accounts(who.app)
    accounts.end(who.rights.principal, grant_id)
    return grant(accounts.holding(grant_id))


@router.get("/grant-review", openapi_extra=needs("role.see"))
def review(who: Who, days: Annotated[int, Query(ge=1, le=3660, description="Unused for so long")] = 90) -> Review:
    """Roles that somebody should look at: unused, of accounts switched off, without a document, joined duties."""
    rows = Accounts(who.app).review(days)
    return Review(items=[Reviewed(**{name: row[name] for name in Reviewed.model_fields}) for row in rows])


# ------------------------------------------------------------------------- policies


@router.get("/policies", openapi_extra=needs("role.see"))
def policies(who: Who) -> Policies:
    """What holds for accounts and for granting roles."""
    return Policies(**Accounts(who.app).policies())


@router.patch("/policies", openapi_extra=needs("role.edit"))
def change_policies(asked: PolicyChange, who: Who) -> Policies:
    """Separate the duties, ask for a second person, ask for a second factor; or no longer."""
    accounts = Accounts(who.app)
    accounts.set_policy(
        who.rights.principal, separated=asked.separated, approved=asked.approved, second_factor=asked.second_factor
    )
    return Policies(**accounts.policies())
