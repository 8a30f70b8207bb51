"""Accounts and rights as administrators handle them: who is there, who holds which role, which tokens and sessions.

Each verb writes its row into the audit log in the transaction that does it. `by` is who does it; what a person may not
do for themselves (rights of one's own, agreeing to one's own grant) is refused here, whoever calls.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from hefu.app.house import App
from hefu.core.documents import nearest
from hefu.core.errors import Denied, Rejected, Unsupported
from hefu.core.presets import PRESETS
from hefu.core.project import Project, Role
from hefu.core.resources import DUTY, RIGHTS, duties
from hefu.core.rights import EVERYWHERE, Principal, Rights, Scope, granted
from hefu.store import accounts, holdings, journal, passwords, policies, recovery, sessions
from hefu.store.db import Tx, text
from hefu.store.passwords import Passwords

LINK_SECONDS = 900


class Accounts:
    """Accounts, roles, tokens and sessions of one hub. `roles`: the project's; the ready ones are always there."""

    def __init__(self, app: App, roles: Mapping[str, Role] | None = None, kept: Passwords | None = None) -> None:
        self._app = app
        self._store = app.store
        self._roles = roles
        self.passwords = kept or Passwords()

    @property
    def roles(self) -> dict[str, Role]:
        """Every role there is, by name."""
        if self._roles is None:
            self._roles = _project_roles(self._app)
        return {**PRESETS, **self._roles}

    def _note(self, tx: Tx, by: Principal, action: str, obj: str, detail: Any = None) -> None:
        journal.record(tx, self._app.journal_key, by.name, action, obj, detail)

    # ------------------------------------------------------------------ accounts

    def add(
        self,
        by: Principal,
        login: str,
        *,
        name: str = "",
        email: str | None = None,
        language: str | None = None,
        password: str | None = None,
    ) -> str:
        """A new account; its id. Without a password only a one-time link or single sign-on logs in.

        Raises Rejected "account.login", "account.exists" or "password....".
        """
        if password is not None:
            passwords.check(password, (login, name, email or ""))
        kept = None if password is None else self.passwords.hash(password)
        with self._store.begin() as tx:
            made = accounts.add(tx, login, by.name, name=name, email=email, language=language)
            if kept is not None:
                accounts.set_password(tx, made, kept)
            self._note(tx, by, "account.made", made, {"login": login.strip().casefold(), "password": kept is not None})
        return made

    def reset_password(self, by: Principal, login: str, password: str) -> None:
        """Give an account a new password; its sessions end. Raises Rejected "password....", "account.unknown"."""
        with self._store.look() as tx:
            row = accounts.find(tx, login)
        passwords.check(password, (row["login"], row["name"], row["email"] or ""))
        kept = self.passwords.hash(password)
        with self._store.begin() as tx:
            self._may_let_in(tx, by, row)
            accounts.set_password(tx, row["id"], kept)
            self._note(tx, by, "account.password", row["id"], {"by": "administrator"})

    def reset_second_factor(self, by: Principal, login: str) -> None:
        """Take the second factor away, for who lost it; sessions end."""
        with self._store.begin() as tx:
            row = accounts.find(tx, login)
            self._may_let_in(tx, by, row)
            accounts.change(tx, row["id"], totp=None, totp_key_id=None, totp_at=None)
            recovery.forget(tx, row["id"])
            sessions.end_all(tx, row["id"])
            self._note(tx, by, "account.second_factor", row["id"], "removed")

    def switch(self, by: Principal, login: str, *, on: bool) -> None:
        """Switch an account on or off. Nobody switches off themselves (Denied "account.self")."""
        with self._store.begin() as tx:
            row = accounts.find(tx, login)
            _not_oneself(by, row["id"])
            accounts.switch(tx, row["id"], on=on)
            self._note(tx, by, "account.on" if on else "account.off", row["id"])

    def vouch(self, by: Principal, login: str, issuer: str, subject: str) -> None:
        """Let a single sign-on provider log this account in under the name that it uses."""
        with self._store.begin() as tx:
            row = accounts.find(tx, login)
            self._may_let_in(tx, by, row)
            accounts.change(tx, row["id"], issuer=issuer, subject=subject)
            self._note(tx, by, "account.vouched", row["id"], {"issuer": issuer})

    def link(self, by: Principal, login: str, *, seconds: float = LINK_SECONDS) -> tuple[str, str]:
        """(ticket, until when) for a link that logs this account in once."""
        with self._store.begin() as tx:
            row = accounts.find(tx, login)
            if row["state"] != "on":
                raise Rejected("account.off", login=row["login"])
            self._may_let_in(tx, by, row)
            made = sessions.make_ticket(tx, row["id"], seconds)
            self._note(tx, by, "account.link", row["id"], {"until": made[1]})
        return made

    def edit(self, by: Principal, login: str, **values: str | None) -> None:
        """Change what others read of an account: name, email, language."""
        with self._store.begin() as tx:
            row = accounts.find(tx, login)
            accounts.change(tx, row["id"], **values)
            self._note(tx, by, "account.changed", row["id"], sorted(values))

    def _may_let_in(self, tx: Tx, by: Principal, row: Mapping[str, Any]) -> None:
        """Who opens an account to somebody could be that somebody: no way to a duty that one does not hold.

        Raises Denied "account.above".
        """
        held = [granted(h["role"], self.roles) for h in holdings.every(tx, row["id"])]
        theirs: frozenset[str] = frozenset().union(*(one.rights for one in held if one is not None)) & DUTY
        if not theirs <= Rights(by, self.roles).rights and by.account_id != row["id"]:
            raise Denied("account.above", who=by.name, login=row["login"])

    def every(self) -> list[dict[str, Any]]:
        """All accounts with the roles they hold and were asked for; nothing secret."""
        with self._store.look() as tx:
            return _with_roles(tx, accounts.every(tx))

    def some(self, *, q: str | None, state: str | None, after: str | None, limit: int) -> list[dict[str, Any]]:
        """A page of `every` by login, behind that login; `q`: part of login, name or e-mail address."""
        with self._store.look() as tx:
            return _with_roles(tx, accounts.some(tx, q=q, state=state, after=after, limit=limit))

    def one(self, login: str) -> dict[str, Any]:
        """One of `every`. Raises Rejected "account.unknown"."""
        with self._store.look() as tx:
            return _with_roles(tx, [accounts.public(accounts.find(tx, login))])[0]

    # ------------------------------------------------------------------ roles

    def grant(
        self,
        by: Principal,
        login: str,
        role: str,
        *,
        scope: Scope = EVERYWHERE,
        until: datetime | None = None,
        reason: str = "",
    ) -> tuple[str, str]:
        """(id, "held" or "asked") of a role put into somebody's hands; "asked" where another must agree first.

        The account's sessions end, so that it goes on with what it may now. Raises Rejected "account.no_role",
        "account.apart", "account.duties", Denied "account.self".
        """
        self.require_roles([role])
        with self._store.begin() as tx:
            tx.lock_name("holding")
            row = accounts.find(tx, login)
            _not_oneself(by, row["id"])
            self._may_hold(tx, row, role)
            asked = policies.approved(tx)
            made = holdings.add(tx, row["id"], role, by.person, scope=scope, reason=reason, asked=asked,
                                until_at=None if until is None else text(until))  # fmt: skip
            self._changed(tx, by, "role.asked" if asked else "role.granted", made)
        return made, "asked" if asked else "held"

    def require_roles(self, names: Iterable[str]) -> None:
        """Raises Rejected "account.no_role" for a role that is not there."""
        for name in names:
            if name not in self.roles:
                raise Rejected("account.no_role", word=name, nearest=nearest(name, self.roles))

    def approve(self, by: Principal, holding_id: str) -> None:
        """Agree to what another granted. Raises Denied "account.self" for one's own grant or role."""
        with self._store.begin() as tx:
            tx.lock_name("holding")
            row = holdings.get(tx, holding_id)
            _not_oneself(by, row["account_id"])
            if row["state"] != "asked":
                raise Rejected("account.not_asked", holding=holding_id)
            if row["granted_by"] == by.person:
                raise Denied("account.self", who=by.name)
            self._may_hold(tx, accounts.get(tx, row["account_id"]), row["role"], but=holding_id)
            holdings.approve(tx, holding_id, by.person)
            self._changed(tx, by, "role.approved", holding_id)

    def end(self, by: Principal, holding_id: str) -> bool:
        """Take a role back, or turn down one that was asked for. False if it had ended."""
        with self._store.begin() as tx:
            done = holdings.end(tx, holding_id, by.name)
            if done:
                self._changed(tx, by, "role.ended", holding_id)
        return done

    def _changed(self, tx: Tx, by: Principal, action: str, holding_id: str) -> None:
        row = holdings.get(tx, holding_id)
        detail = {name: row[name] for name in ("role", "organisations", "departments", "until_at", "reason")}
        self._note(tx, by, action, row["account_id"], {**detail, "holding": holding_id})
        if row["state"] != "asked":
            sessions.end_all(tx, row["account_id"])

    def _may_hold(self, tx: Tx, row: Mapping[str, Any], role: str, *, but: str = "") -> None:
        """May this account hold this role beside what it holds or was asked for?"""
        others = {h["role"] for h in holdings.every(tx, row["id"]) if h["id"] != but} - {role}
        new = granted(role, self.roles)
        for other in sorted(others):
            old = granted(other, self.roles)
            if (new is not None and other in new.apart) or (old is not None and role in old.apart):
                raise Rejected("account.apart", login=row["login"], role=role, other=other)
        if policies.separated(tx) and len(touched := self._duties({role, *others})) > 1:
            raise Rejected("account.duties", login=row["login"], role=role, duties=", ".join(touched))

    def _duties(self, held: Iterable[str]) -> list[str]:
        known = [found for name in held if (found := granted(name, self.roles)) is not None]
        return duties(frozenset().union(*(one.rights for one in known)))

    def holdings(self, *, ended: bool = False) -> list[dict[str, Any]]:
        """Who holds which role, newest first."""
        with self._store.look() as tx:
            return holdings.every(tx, ended=ended)

    def holding(self, holding_id: str) -> dict[str, Any]:
        """One of them. Raises Rejected "account.no_holding"."""
        with self._store.look() as tx:
            return holdings.one(tx, holding_id)

    def review(self, days: int) -> list[dict[str, Any]]:
        """Roles in hands that someone should look at, each with why.

        "unused": nobody has logged in to that account for so many days; "off": it is switched off; "gone": there is no
        such role any more; "duties": it joins duties that are to be apart; "asked": it waits for agreement.
        """
        with self._store.look() as tx:
            since = tx.later(-86_400.0 * days)
            apart = policies.separated(tx)
            rows = holdings.every(tx)
        held: dict[str, set[str]] = {}
        for row in rows:
            held.setdefault(row["account_id"], set()).add(row["role"])
        out = []
        for row in rows:
            why = {
                "asked": row["state"] == "asked",
                "gone": row["role"] not in self.roles,
                "off": row["account_state"] != "on",
                "unused": row["granted_at"] < since and (row["last_at"] or "") < since,
                "duties": apart and len(self._duties(held[row["account_id"]])) > 1,
            }
            if any(why.values()):
                out.append({**row, "why": [name for name, so in why.items() if so]})
        return out

    # ------------------------------------------------------------------ policies

    def policies(self) -> dict[str, Any]:
        """separated, approved (bool): duties apart, a second person for roles. second_factor: roles that must have one.

        `policies.EVERYBODY` among them means all people.
        """
        with self._store.look() as tx:
            return {"separated": policies.separated(tx), "approved": policies.approved(tx),
                    "second_factor": sorted(policies.second_factor(tx))}  # fmt: skip

    def set_policy(
        self,
        by: Principal,
        *,
        separated: bool | None = None,
        approved: bool | None = None,
        second_factor: Sequence[str] | None = None,
    ) -> None:
        """Switch policies; None leaves one as it is.

        Raises Rejected "account.not_separated" naming who holds two duties already, "account.no_role".
        """
        self.require_roles(set(second_factor or ()) - {policies.EVERYBODY})
        with self._store.begin() as tx:
            tx.lock_name("holding")
            if separated:
                self._require_separated(tx)
            for name, wanted in ((policies.SEPARATED, separated), (policies.APPROVED, approved)):
                if wanted is not None:
                    policies.switch(tx, name, wanted)
                    self._note(tx, by, "policy.changed", name, "on" if wanted else "off")
            if second_factor is not None:
                policies.ask_second_factor(tx, second_factor)
                self._note(tx, by, "policy.changed", policies.SECOND_FACTOR, sorted(set(second_factor)))

    def _require_separated(self, tx: Tx) -> None:
        held: dict[str, set[str]] = {}
        for row in holdings.every(tx):
            held.setdefault(row["login"], set()).add(row["role"])
        if wrong := sorted(login for login, names in held.items() if len(self._duties(names)) > 1):
            raise Rejected("account.not_separated", logins=", ".join(wrong))

    # ------------------------------------------------------------------ tokens and sessions

    def make_token(
        self, by: Principal, login: str, name: str, scopes: Sequence[str], *, seconds: float | None
    ) -> tuple[str, str]:
        """(id, token) of a new API token of this account, told once. Raises Rejected "account.scope", "account.off"."""
        for scope in scopes:
            if scope not in RIGHTS:
                raise Rejected("account.scope", word=scope, nearest=nearest(scope, RIGHTS))
        if not scopes:
            raise Rejected("account.scope", word="-", nearest="record.see")
        with self._store.begin() as tx:
            row = accounts.find(tx, login)
            if row["state"] != "on":
                raise Rejected("account.off", login=row["login"])
            made, secret = sessions.make_token(tx, row["id"], name, scopes, seconds)
            self._note(tx, by, "token.made", made, {"account": row["id"], "name": name, "scopes": sorted(scopes)})
        return made, secret

    def revoke_token(self, by: Principal, token_id: str) -> None:
        """End a token. Raises Rejected "account.no_token"."""
        with self._store.begin() as tx:
            row = sessions.revoke_token(tx, token_id, by.name)
            self._note(tx, by, "token.revoked", token_id, {"account": row["account_id"], "name": row["name"]})

    def tokens(self, login: str | None = None) -> list[dict[str, Any]]:
        """API tokens, newest first."""
        with self._store.look() as tx:
            return sessions.tokens_of(tx, None if login is None else accounts.find(tx, login)["id"])

    def factor_left(self, account_id: str) -> int:
        """How many recovery codes an account has left."""
        with self._store.look() as tx:
            return recovery.left(tx, account_id)

    def sessions(self, login: str | None = None) -> list[dict[str, Any]]:
        """Who is logged in."""
        with self._store.look() as tx:
            return sessions.sessions_of(tx, None if login is None else accounts.find(tx, login)["id"])

    def end_session(self, by: Principal, session_id: str) -> bool:
        """End one session."""
        with self._store.begin() as tx:
            done = sessions.end(tx, session_id)
            if done:
                self._note(tx, by, "session.ended", session_id)
        return done

    def end_sessions(self, by: Principal, login: str) -> int:
        """End all sessions of an account; how many."""
        with self._store.begin() as tx:
            row = accounts.find(tx, login)
            count = sessions.end_all(tx, row["id"])
            self._note(tx, by, "session.ended", row["id"], {"all": count})
        return count


def rights_of(principal: Principal, project: Project | None) -> Rights:
    """What somebody may do under a project (None: there is no version yet)."""
    used = project or Project()
    return Rights(principal, used.roles, used.entities)


def _with_roles(tx: Tx, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    held: dict[str, list[dict[str, Any]]] = {}
    for one in holdings.every(tx, accounts=[row["id"] for row in rows]):
        held.setdefault(one["account_id"], []).append(one)
    return [{**row, "roles": held.get(row["id"], [])} for row in rows]


def _project_roles(app: App) -> dict[str, Role]:
    try:
        return app.project().roles
    except Unsupported as error:
        if error.code != "store.no_project":
            raise
        return {}


def _not_oneself(by: Principal, account_id: str) -> None:
    """Nobody changes their own rights; who works on this machine is nobody's account."""
    if by.account_id == account_id:
        raise Denied("account.self", who=by.name)
