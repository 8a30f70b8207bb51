"""People who may log in: accounts as rows. What logging in means is `app/login.py`, their roles are `holdings.py`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import or_, select

from hefu.core.errors import Rejected
from hefu.store import sessions
from hefu.store.db import Tx
from hefu.store.listing import page
from hefu.store.tables import account

_LOGIN = re.compile(r"[\w.@+-]{1,200}")

Row = Mapping[str, Any]


def add(tx: Tx, login: str, by: str, *, name: str = "", email: str | None = None, language: str | None = None) -> str:
    """A new account without a password; its id. Raises Rejected "account.login" or "account.exists"."""
    folded = login.strip().casefold()
    if not _LOGIN.fullmatch(folded):
        raise Rejected("account.login", login=login)
    tx.lock_name("account")
    if _by_login(tx, folded) is not None:
        raise Rejected("account.exists", login=folded)
    new_id = tx.store.env.new_id()
    values = {"id": new_id, "login": folded, "name": (name or login).strip()[:200], "email": email,
              "language": language, "state": "on", "made_at": tx.now(), "made_by": by}  # fmt: skip
    tx.run(account.insert().values(values))
    return new_id


def find(tx: Tx, login: str) -> Row:
    """The account of that login. Raises Rejected "account.unknown"."""
    row = _by_login(tx, login.strip().casefold())
    if row is None:
        raise Rejected("account.unknown", login=login)
    return row


def by_login(tx: Tx, login: str) -> Row | None:
    """The account of that login, or None."""
    return _by_login(tx, login.strip().casefold())


def _by_login(tx: Tx, folded: str) -> Row | None:
    row = tx.run(select(account).where(account.c.login == folded)).mappings().one_or_none()
    return None if row is None else dict(row)


def get(tx: Tx, account_id: str) -> Row:
    """The account of that id. Raises Rejected "account.unknown"."""
    row = tx.run(select(account).where(account.c.id == account_id)).mappings().one_or_none()
    if row is None:
        raise Rejected("account.unknown", login=account_id)
    return dict(row)


def vouched(tx: Tx, issuer: str, subject: str) -> Row | None:
    """The account that this issuer knows by this name, or None."""
    where = (account.c.issuer == issuer, account.c.subject == subject)
    row = tx.run(select(account).where(*where)).mappings().one_or_none()
    return None if row is None else dict(row)


def every(tx: Tx) -> list[dict[str, Any]]:
    """All accounts by login, without what is secret in them."""
    return [public(row) for row in tx.run(select(account).order_by(account.c.login)).mappings()]


def some(tx: Tx, *, q: str | None, state: str | None, after: str | None, limit: int) -> list[dict[str, Any]]:
    """A page of accounts by login, behind that login; `q`: part of login, name or e-mail address."""
    where: list[Any] = [] if state is None else [account.c.state == state]
    if q:
        words = (account.c.login, account.c.name, account.c.email)
        where.append(or_(*(column.icontains(q, autoescape=True) for column in words)))
    return [public(row) for row in page(tx, account, where, key="login", after=after, limit=limit, descending=False)]


def public(row: Row) -> dict[str, Any]:
    """An account as others may see it: whether it has a password and a second factor, but neither."""
    shown = ("id", "login", "name", "email", "language", "state", "issuer", "made_at", "made_by", "last_at")
    return {name: row[name] for name in shown} | {
        "has_password": row["password"] is not None,
        "password_at": row["password_at"],
        "second_factor": row["totp_at"] is not None,
    }


def change(tx: Tx, account_id: str, **values: Any) -> None:
    """Set columns of an account."""
    tx.run(account.update().where(account.c.id == account_id).values(**values))


def set_password(tx: Tx, account_id: str, kept: str) -> None:
    """Keep a new password's hash; whoever is logged in on the old one is not any more."""
    change(tx, account_id, password=kept, password_at=tx.now())
    sessions.end_all(tx, account_id)


def switch(tx: Tx, account_id: str, *, on: bool) -> None:
    """Switch an account on or off; off ends its sessions at once, and its tokens are refused."""
    change(tx, account_id, state="on" if on else "off")
    if not on:
        sessions.end_all(tx, account_id)


def take_step(tx: Tx, account_id: str, step: int) -> bool:
    """Use up a step of the second factor. False if it, or a later one, was used already."""
    where = (account.c.id == account_id, account.c.totp_step < step)
    return bool(tx.run(account.update().where(*where).values(totp_step=step)).rowcount)
