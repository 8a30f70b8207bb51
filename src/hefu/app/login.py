"""Logging in: passwords, second factor, one-time links, single sign-on; and who a session or an API token is.

Whoever fails learns only that it failed. Every login, and every failure that was looked at, is a row of the audit log.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from hmac import compare_digest
from typing import Any, NamedTuple
from urllib.parse import quote

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from hefu.app.house import App
from hefu.core.errors import Denied, Rejected
from hefu.core.rights import Principal
from hefu.store import accounts, holdings, journal, passwords, sessions, throttle
from hefu.store.db import Tx, instant
from hefu.store.passwords import Passwords
from hefu.store.secrets import MasterKeys, disclose, enclose, second_factor
from hefu.store.sessions import Opened

STEP_SECONDS = 30
DRIFT_STEPS = 1
"""A second factor of one step before or after is taken, too: clocks differ."""

Row = Mapping[str, Any]


class Signed(NamedTuple):
    """Somebody whose session or token is in force. `session_id` None for a token."""

    principal: Principal
    account: Mapping[str, Any]
    session_id: str | None
    how: str


class Login:
    """Logs people and programs in against the hub's own store."""

    def __init__(self, app: App, kept: Passwords | None = None) -> None:
        self._app = app
        self._store = app.store
        self.passwords = kept or Passwords()

    # ------------------------------------------------------------------ people

    def log_in(self, login: str, password: str, code: str | None = None, *, address: str, agent: str = "") -> Opened:
        """A session for who knows the password, and the code of the second factor where there is one.

        Raises Transient "login.wait" (`after` seconds) when attempts come too fast, Denied "login.refused", or Denied
        "login.second_factor" when the password was right and only the code is missing.
        """
        name = login.strip().casefold()[:200]
        throttle.begin(self._store, name, address)
        with self._store.look() as tx:
            row = accounts.by_login(tx, name)
        usable = row is not None and row["state"] == "on" and row["password"] is not None
        if not self.passwords.verify(password, row["password"] if row is not None and usable else None) or row is None:
            raise self._refused(name, address, "password")
        second = row["totp_at"] is not None
        if second and not code:
            with self._store.begin() as tx:
                throttle.undecided(tx, name, address)
            raise Denied("login.second_factor")
        with self._store.begin() as tx:
            right = not second or self._code_fits(tx, row, code or "")
            opened = self._open(tx, row, "totp" if second else "password", address, agent) if right else None
        if opened is None:
            raise self._refused(name, address, "second factor")
        if self.passwords.stale(row["password"]):
            self._rehash(row, password)
        return opened

    def log_in_by_link(self, ticket: str, *, address: str, agent: str = "") -> Opened:
        """A session for who has a one-time link. Raises Denied "login.link", or "login.wait" like `log_in`."""
        throttle.begin(self._store, "", address)
        with self._store.begin() as tx:
            account_id = sessions.use_ticket(tx, ticket)
            row = accounts.get(tx, account_id) if account_id is not None else None
            if row is not None and row["state"] == "on":
                return self._open(tx, row, "link", address, agent)
        raise self._refused("", address, "link", "login.link")

    def log_in_vouched(self, issuer: str, subject: str, *, address: str, agent: str = "") -> Opened:
        """A session for whom a single sign-on provider vouches, once its answer was checked.

        Raises Denied "login.stranger" when no account that is switched on belongs to that person.
        """
        with self._store.begin() as tx:
            row = accounts.vouched(tx, issuer, subject)
            if row is not None and row["state"] == "on":
                return self._open(tx, row, "oidc", address, agent)
        raise self._refused(subject, address, "oidc", "login.stranger")

    def _open(self, tx: Tx, row: Row, how: str, address: str, agent: str) -> Opened:
        sessions.sweep(tx)
        throttle.sweep(tx)
        throttle.succeeded(tx, row["login"] if how in ("password", "totp") else "", address)
        opened = sessions.open_session(tx, row["id"], how, address, agent)
        accounts.change(tx, row["id"], last_at=tx.now())
        detail = {"how": how, "address": address, "session": opened.id}
        journal.record(tx, self._app.journal_key, row["login"], "login", row["id"], detail)
        return opened

    def _refused(self, name: str, address: str, what: str, code: str = "login.refused") -> Denied:
        with self._store.begin() as tx:
            journal.record(
                tx, self._app.journal_key, name or "-", "login.failed", address or "-", {"what": what, "code": code}
            )
        return Denied(code)

    def _rehash(self, row: Row, password: str) -> None:
        """Today's parameters, while we have the password at hand; nobody is logged out by it."""
        kept = self.passwords.hash(password)
        with self._store.begin() as tx:
            accounts.change(tx, row["id"], password=kept)

    def log_out(self, token: str) -> None:
        """End the session of this token."""
        with self._store.begin() as tx:
            found = sessions.find_session(tx, token)
            if found is not None:
                sessions.end(tx, found[0]["id"])
                journal.record(tx, self._app.journal_key, found[1]["login"], "logout", found[1]["id"], None)

    # ------------------------------------------------------------------ who is it

    def by_session(self, token: str) -> Signed:
        """Who has this session. Raises Denied "login.session"."""
        with self._store.look() as tx:
            found = sessions.find_session(tx, token)
            held = holdings.held_by(tx, found[1]["id"]) if found is not None else ()
            old_news = found is not None and sessions.is_old_news(tx, found[0]["seen_at"])
        if found is None:
            raise Denied("login.session")
        one, row = found
        if old_news:
            with self._store.begin() as tx:
                sessions.touch(tx, one["id"], row["id"])
        principal = Principal("user", row["id"], row["login"], held, account_id=row["id"])
        return Signed(principal, accounts.public(row), one["id"], one["how"])

    def by_token(self, secret: str) -> Signed:
        """Whose program has this API token. Raises Denied "login.token"."""
        with self._store.look() as tx:
            found = sessions.find_token(tx, secret)
            held = holdings.held_by(tx, found[1]["id"]) if found is not None else ()
            used = found[0]["used_at"] if found is not None else None
            old_news = found is not None and (used is None or sessions.is_old_news(tx, used))
        if found is None:
            raise Denied("login.token")
        one, row = found
        if old_news:
            with self._store.begin() as tx:
                sessions.touch_token(tx, one["id"])
        name = f"{row['login']}/{one['name']}"
        principal = Principal("token", one["id"], name, held, frozenset(one["scopes"]), row["id"])
        return Signed(principal, accounts.public(row), None, "token")

    # ------------------------------------------------------------------ one's own password and second factor

    def change_password(self, signed: Signed, old: str, new: str, *, address: str, agent: str = "") -> Opened:
        """Take a new password; every session of the account ends and a new one begins.

        Who came by a one-time link need not know the old one. Raises Rejected "password....", Denied "login.refused".
        """
        with self._store.look() as tx:
            row = accounts.get(tx, signed.account["id"])
        if signed.how != "link" and row["password"] is not None:
            throttle.begin(self._store, row["login"], address)
            if not self.passwords.verify(old, row["password"]):
                raise self._refused(row["login"], address, "old password")
        passwords.check(new, (row["login"], row["name"], row["email"] or ""))
        kept = self.passwords.hash(new)
        with self._store.begin() as tx:
            accounts.set_password(tx, row["id"], kept)
            throttle.succeeded(tx, row["login"], address)
            journal.record(tx, self._app.journal_key, row["login"], "account.password", row["id"], {"by": "owner"})
            return sessions.open_session(tx, row["id"], "password", address, agent)

    def begin_second_factor(self, account_id: str, issuer: str = "Hefu") -> tuple[str, str]:
        """(secret, otpauth address for a QR code) of a new second factor; in force once a code of it is confirmed."""
        raw = os.urandom(20)
        keys = self._keys()
        identity, sealed = enclose(keys, self._app.hub_id, second_factor(account_id), base64.b32encode(raw).decode())
        with self._store.begin() as tx:
            row = accounts.get(tx, account_id)
            if row["totp_at"] is not None:
                raise Rejected("account.second_factor", login=row["login"])
            accounts.change(tx, account_id, totp=sealed, totp_key_id=identity, totp_step=0)
        secret = base64.b32encode(raw).decode()
        label = quote(f"{issuer}:{row['login']}", safe=":@")
        return secret, f"otpauth://totp/{label}?secret={secret}&issuer={quote(issuer)}&period={STEP_SECONDS}"

    def confirm_second_factor(self, account_id: str, code: str, *, address: str) -> None:
        """From now on it is asked for. Raises Denied "login.refused" for a wrong code."""
        with self._store.look() as tx:
            row = accounts.get(tx, account_id)
        throttle.begin(self._store, row["login"], address)
        with self._store.begin() as tx:
            right = row["totp"] is not None and self._code_fits(tx, row, code)
            if right:
                accounts.change(tx, account_id, totp_at=tx.now())
                throttle.succeeded(tx, row["login"], address)
                journal.record(tx, self._app.journal_key, row["login"], "account.second_factor", account_id, "set")
        if not right:
            raise self._refused(row["login"], address, "second factor")

    def _code_fits(self, tx: Tx, row: Row, code: str) -> bool:
        """Is it the code of this moment, and was none of its step or later used before?"""
        code = code.replace(" ", "")
        if len(code) != 6 or not code.isascii() or not code.isdigit():
            return False
        name, sealed = second_factor(row["id"]), row["totp"]
        secret = disclose(self._keys(), self._app.hub_id, name, row["totp_key_id"], sealed)
        made = TOTP(base64.b32decode(secret), 6, SHA1(), STEP_SECONDS)  # noqa: S303 - what every authenticator speaks
        step = int(instant(tx.now()).timestamp()) // STEP_SECONDS
        near = range(step - DRIFT_STEPS, step + DRIFT_STEPS + 1)
        fits = [s for s in near if compare_digest(made.generate(s * STEP_SECONDS), code.encode())]
        return bool(fits) and accounts.take_step(tx, row["id"], fits[0])

    def _keys(self) -> MasterKeys:
        return self._app.master_keys()


__all__ = ["Login", "Opened", "Signed"]
