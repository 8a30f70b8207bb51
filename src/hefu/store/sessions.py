"""Who is logged in, API tokens of programs, and links that log in once. Of each token only its SHA-256 is kept."""

from __future__ import annotations

import hashlib
import secrets as chance
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import delete, select

from hefu.core.errors import Rejected
from hefu.store.db import Tx, from_json, to_json
from hefu.store.tables import account, session, ticket, token

IDLE_SECONDS = 30 * 60
LONGEST_SECONDS = 12 * 3600
TOUCH_SECONDS = 60
"""A session's last use is written at most so often."""
PREFIX = "hefu_"
"""What API tokens begin with, so that scanners of source code find one that was left there."""

Row = Mapping[str, Any]


class Opened(NamedTuple):
    """A new session. The token is told this once."""

    token: str
    id: str
    until_at: str


def new_token() -> str:
    """256 bits of chance as text."""
    return chance.token_urlsafe(32)


def digest(secret: str) -> str:
    """What is kept of a token."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


# ------------------------------------------------------------------ sessions


def open_session(tx: Tx, account_id: str, how: str, address: str, agent: str) -> Opened:
    """Log an account in."""
    secret, new_id, until = new_token(), tx.store.env.new_id(), tx.later(LONGEST_SECONDS)
    values = {"id": new_id, "digest": digest(secret), "account_id": account_id, "how": how, "made_at": tx.now(),
              "seen_at": tx.now(), "until_at": until, "address": address[:64], "agent": agent[:200]}  # fmt: skip
    tx.run(session.insert().values(values))
    return Opened(secret, new_id, until)


def find_session(tx: Tx, secret: str) -> tuple[Row, Row] | None:
    """(session, account) of a token that is in force; None if it is unknown, too old, idle too long or switched off."""
    joined = select(session, account.c.state.label("account_state")).join(account, account.c.id == session.c.account_id)
    row = tx.run(joined.where(session.c.digest == digest(secret))).mappings().one_or_none()
    if row is None or row["account_state"] != "on":
        return None
    if row["until_at"] <= tx.now() or row["seen_at"] <= tx.later(-IDLE_SECONDS):
        return None
    holder = tx.run(select(account).where(account.c.id == row["account_id"])).mappings().one()
    return dict(row), dict(holder)


def is_old_news(tx: Tx, seen_at: str) -> bool:
    """Is it time to write down again that it is in use?"""
    return seen_at <= tx.later(-TOUCH_SECONDS)


def touch(tx: Tx, session_id: str, account_id: str) -> None:
    """It is in use."""
    tx.run(session.update().where(session.c.id == session_id).values(seen_at=tx.now()))
    tx.run(account.update().where(account.c.id == account_id).values(last_at=tx.now()))


def end(tx: Tx, session_id: str) -> bool:
    """End one session. False if it had ended."""
    return bool(tx.run(delete(session).where(session.c.id == session_id)).rowcount)


def end_all(tx: Tx, account_id: str, *, but: str | None = None) -> int:
    """End an account's sessions, save one; how many."""
    where = [session.c.account_id == account_id]
    if but is not None:
        where.append(session.c.id != but)
    return int(tx.run(delete(session).where(*where)).rowcount)


def sessions_of(tx: Tx, account_id: str | None = None) -> list[dict[str, Any]]:
    """Sessions in force, newest first, with the login; never a digest."""
    shown = [session.c[name] for name in
             ("id", "account_id", "how", "made_at", "seen_at", "until_at", "address", "agent")]  # fmt: skip
    statement = select(*shown, account.c.login).join(account, account.c.id == session.c.account_id)
    statement = statement.where(session.c.until_at > tx.now(), session.c.seen_at > tx.later(-IDLE_SECONDS))
    if account_id is not None:
        statement = statement.where(session.c.account_id == account_id)
    return [dict(row) for row in tx.run(statement.order_by(session.c.id.desc())).mappings()]


def sweep(tx: Tx) -> None:
    """Forget what has ended by itself."""
    tx.run(delete(session).where(session.c.until_at <= tx.now()))
    tx.run(delete(session).where(session.c.seen_at <= tx.later(-IDLE_SECONDS)))
    tx.run(delete(ticket).where(ticket.c.until_at <= tx.now()))


# ------------------------------------------------------------------ tokens of programs


def make_token(tx: Tx, account_id: str, name: str, scopes: Sequence[str], seconds: float | None) -> tuple[str, str]:
    """(id, token) of a new API token; the token is told this once."""
    secret, new_id = PREFIX + new_token(), tx.store.env.new_id()
    until = None if seconds is None else tx.later(seconds)
    values = {"id": new_id, "digest": digest(secret), "account_id": account_id, "name": name[:200],
              "scopes": to_json(sorted(scopes)), "made_at": tx.now(), "until_at": until}  # fmt: skip
    tx.run(token.insert().values(values))
    return new_id, secret


def find_token(tx: Tx, secret: str) -> tuple[Row, Row] | None:
    """(token, account) of a token that is in force; None if unknown, revoked, too old, or its owner is switched off."""
    row = tx.run(select(token).where(token.c.digest == digest(secret))).mappings().one_or_none()
    if row is None or row["revoked_at"] is not None:
        return None
    if row["until_at"] is not None and row["until_at"] <= tx.now():
        return None
    holder = tx.run(select(account).where(account.c.id == row["account_id"])).mappings().one_or_none()
    if holder is None or holder["state"] != "on":
        return None
    return {**row, "scopes": from_json(row["scopes"])}, dict(holder)


def touch_token(tx: Tx, token_id: str) -> None:
    """It is in use."""
    tx.run(token.update().where(token.c.id == token_id).values(used_at=tx.now()))


def revoke_token(tx: Tx, token_id: str, by: str) -> Row:
    """End a token; its row. Raises Rejected "account.no_token"."""
    row = tx.run(select(token).where(token.c.id == token_id)).mappings().one_or_none()
    if row is None:
        raise Rejected("account.no_token", token=token_id)
    if row["revoked_at"] is None:
        values = {"revoked_at": tx.now(), "revoked_by": by}
        tx.run(token.update().where(token.c.id == token_id).values(values))
    return dict(row)


def tokens_of(tx: Tx, account_id: str | None = None) -> list[dict[str, Any]]:
    """All tokens, newest first, with the login and whether they are in force; never a digest."""
    shown = [c for c in token.columns if c.name != "digest"]
    statement = select(*shown, account.c.login).join(account, account.c.id == token.c.account_id)
    if account_id is not None:
        statement = statement.where(token.c.account_id == account_id)
    now, out = tx.now(), []
    for row in tx.run(statement.order_by(token.c.id.desc())).mappings():
        live = row["revoked_at"] is None and (row["until_at"] is None or row["until_at"] > now)
        out.append({**row, "scopes": from_json(row["scopes"]), "live": live})
    return out


# ------------------------------------------------------------------ links that log in once


def make_ticket(tx: Tx, account_id: str, seconds: float) -> tuple[str, str]:
    """(ticket, until when) for a link that logs in once."""
    secret, until = new_token(), tx.later(seconds)
    values = {"digest": digest(secret), "account_id": account_id, "made_at": tx.now(), "until_at": until}
    tx.run(ticket.insert().values(values))
    return secret, until


def ticket_of(tx: Tx, secret: str) -> str | None:
    """The account of a ticket that could be used now; it is not used up by this."""
    fresh = (ticket.c.digest == digest(secret), ticket.c.used_at.is_(None), ticket.c.until_at > tx.now())
    found = tx.run(select(ticket.c.account_id).where(*fresh)).scalar()
    return None if found is None else str(found)


def use_ticket(tx: Tx, secret: str) -> str | None:
    """The account of a ticket, which is used up by it; None if it is unknown, used or too old."""
    fresh = (ticket.c.digest == digest(secret), ticket.c.used_at.is_(None), ticket.c.until_at > tx.now())
    if not tx.run(ticket.update().where(*fresh).values(used_at=tx.now())).rowcount:
        return None
    return str(tx.run(select(ticket.c.account_id).where(ticket.c.digest == digest(secret))).scalar_one())
