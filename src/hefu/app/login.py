"""Logging in: passwords, second factor, one-time links, single sign-on; and who a session or an API token is.

Whoever fails learns only that it failed. Every login, and every failure that was looked at, is a row of the audit log.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from hefu.app.house import App
from hefu.app.second_factor import SecondFactor
from hefu.core.errors import Denied
from hefu.core.rights import Hold, Principal
from hefu.store import accounts, holdings, journal, passwords, policies, recovery, sessions, throttle
from hefu.store.db import Tx
from hefu.store.passwords import Passwords
from hefu.store.sessions import Opened

VOUCHED, VOUCHED_TWICE = "oidc", "oidc_mfa"
"""How who came by single sign-on came in; the second where the provider asked for a second factor."""

Row = Mapping[str, Any]


class Signed(NamedTuple):
    """Somebody whose session or token is in force. `session_id` None for a token."""

    principal: Principal
    account: Mapping[str, Any]
    session_id: str | None
    how: str
    bare: bool = False
    """The policy asks for a second factor that is not set up yet: until it is, nothing else is allowed."""


class Login:
    """Logs people and programs in against the hub's own store."""

    def __init__(self, app: App, kept: Passwords | None = None) -> None:
        self._app = app
        self._store = app.store
        self.passwords = kept or Passwords()
        self.second = SecondFactor(app, kept)

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
        how = "password"
        use: Callable[[Tx], bool] = _unasked
        if row["totp_at"] is not None:
            how, use = self._with_code(row, code, name, address)
        with self._store.begin() as tx:
            opened = self._open(tx, row, how, address, agent) if use(tx) else None
        if opened is None:
            raise self._refused(name, address, "second factor")
        if self.passwords.stale(row["password"]):
            self._rehash(row, password)
        return opened

    def _with_code(self, row: Row, code: str | None, name: str, address: str) -> tuple[str, Callable[[Tx], bool]]:
        """How this is called, and what uses the code up. Raises Denied "login.second_factor" where none was given."""
        if not code:
            with self._store.begin() as tx:
                throttle.undecided(tx, name, address)
            raise Denied("login.second_factor")
        return "totp" if recovery.bare(code) is None else "recovery", self.second.look(row, code)

    def log_in_by_link(self, ticket: str, code: str | None = None, *, address: str, agent: str = "") -> Opened:
        """A session for who has a one-time link, and the code of the second factor where there is one.

        Raises Denied "login.link", and like `log_in`. A link stands in for the password only.
        """
        throttle.begin(self._store, "", address)
        with self._store.look() as tx:
            account_id = sessions.ticket_of(tx, ticket)
            row = accounts.get(tx, account_id) if account_id is not None else None
        use: Callable[[Tx], bool] = _unasked
        if row is not None and row["totp_at"] is not None:
            if code:
                throttle.begin(self._store, row["login"], address)
            _, use = self._with_code(row, code, "", address)
        if row is not None and row["state"] == "on":
            with self._store.begin() as tx:
                right = use(tx)
                if right and sessions.use_ticket(tx, ticket) is not None:
                    return self._open(tx, row, "link", address, agent)
            if not right:
                raise self._refused(row["login"], address, "second factor")
        raise self._refused("", address, "link", "login.link")

    def log_in_vouched(
        self, issuer: str, subject: str, *, twice: bool = False, address: str, agent: str = ""
    ) -> Opened:
        """A session for whom a single sign-on provider vouches, once its answer was checked.

        `twice`: it asked for a second factor. Raises Denied "login.stranger" when no account that is switched on
        belongs to that person, "login.one_factor" where the policy asks for a second one that the provider did not.
        """
        with self._store.begin() as tx:
            row = accounts.vouched(tx, issuer, subject)
            if row is None or row["state"] != "on":
                code = "login.stranger"
            elif not twice and policies.needs_second_factor(tx, _roles(holdings.held_by(tx, row["id"]))):
                code = "login.one_factor"
            else:
                return self._open(tx, row, VOUCHED_TWICE if twice else VOUCHED, address, agent)
        raise self._refused(subject, address, "oidc", code)

    def _open(self, tx: Tx, row: Row, how: str, address: str, agent: str) -> Opened:
        sessions.sweep(tx)
        throttle.sweep(tx)
        throttle.succeeded(tx, row["login"] if how in ("password", "totp", "recovery") else "", address)
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
            needs = found is not None and policies.needs_second_factor(tx, _roles(held))
        if found is None or (needs and found[0]["how"] == VOUCHED):
            raise Denied("login.session")
        one, row = found
        if old_news:
            with self._store.begin() as tx:
                sessions.touch(tx, one["id"], row["id"])
        bare = needs and row["totp_at"] is None and one["how"] != VOUCHED_TWICE
        only: frozenset[str] | None = frozenset() if bare else None
        principal = Principal("user", row["id"], row["login"], held, only, row["id"])
        return Signed(principal, accounts.public(row), one["id"], one["how"], bare)

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

    # ------------------------------------------------------------------ one's own password

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


def _unasked(_: Tx) -> bool:
    return True


def _roles(held: Iterable[Hold]) -> list[str]:
    return [one.role for one in held]


__all__ = ["VOUCHED", "VOUCHED_TWICE", "Login", "Opened", "Signed"]
