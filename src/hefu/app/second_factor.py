"""The second factor: an authenticator's code (TOTP, RFC 6238), or a recovery code for who lost it; each works once."""

from __future__ import annotations

import base64
import os
from collections.abc import Callable, Mapping
from hmac import compare_digest
from typing import Any
from urllib.parse import quote

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP

from hefu.app.house import App
from hefu.core.errors import Denied, Rejected
from hefu.store import accounts, journal, recovery, throttle
from hefu.store.db import Tx, instant
from hefu.store.passwords import Cost, Passwords
from hefu.store.secrets import disclose, enclose, second_factor

STEP_SECONDS = 30
DRIFT_STEPS = 1
"""A code of one step before or after is taken, too: clocks differ."""

RECOVERY_CODES = 10
LIGHT = Cost(memory=19_456, rounds=2, lanes=1)
"""What a recovery code's hash costs: it is 49 bits of chance, where a password is what somebody could think of."""

Row = Mapping[str, Any]


class SecondFactor:
    """Sets second factors up and looks at their codes. `kept`: how recovery codes are hashed."""

    def __init__(self, app: App, kept: Passwords | None = None) -> None:
        self._app = app
        self._store = app.store
        self._kept = kept or Passwords(LIGHT)

    def begin(self, account_id: str, issuer: str = "Hefu") -> tuple[str, str]:
        """(secret, otpauth address for a QR code) of a new one; in force once a code of it is confirmed.

        Raises Rejected "account.second_factor" where there is one in force.
        """
        secret = base64.b32encode(os.urandom(20)).decode()
        identity, sealed = enclose(self._app.master_keys(), self._app.hub_id, second_factor(account_id), secret)
        with self._store.begin() as tx:
            row = accounts.get(tx, account_id)
            if row["totp_at"] is not None:
                raise Rejected("account.second_factor", login=row["login"])
            accounts.change(tx, account_id, totp=sealed, totp_key_id=identity, totp_step=0)
        label = quote(f"{issuer}:{row['login']}", safe=":@")
        return secret, f"otpauth://totp/{label}?secret={secret}&issuer={quote(issuer)}&period={STEP_SECONDS}"

    def confirm(self, account_id: str, code: str, *, address: str) -> list[str]:
        """From now on it is asked for; its recovery codes, told this once. Raises Denied "login.refused"."""
        return self._renewed(account_id, code, address, "set")

    def new_codes(self, account_id: str, code: str, *, address: str) -> list[str]:
        """New recovery codes in place of the old ones, for who shows a code. Raises Denied "login.refused"."""
        return self._renewed(account_id, code, address, "codes")

    def _renewed(self, account_id: str, code: str, address: str, what: str) -> list[str]:
        """A code was shown: of a new second factor ("set"), or of the one in force for new recovery codes ("codes")."""
        with self._store.look() as tx:
            row = accounts.get(tx, account_id)
        if what == "set" and row["totp_at"] is not None:
            raise Rejected("account.second_factor", login=row["login"])
        throttle.begin(self._store, row["login"], address)
        codes = recovery.new_codes(RECOVERY_CODES)
        known = row["totp"] is not None and (what == "set" or row["totp_at"] is not None)
        take = self.look(row, code) if known else _nothing
        kept = {label: self._kept.hash(recovery.bare(one) or "") for label, one in codes.items()}
        with self._store.begin() as tx:
            right = take(tx)
            if right:
                if what == "set":
                    accounts.change(tx, account_id, totp_at=tx.now())
                recovery.keep(tx, account_id, kept)
                throttle.succeeded(tx, row["login"], address)
                journal.record(tx, self._app.journal_key, row["login"], "account.second_factor", account_id, what)
            else:
                self.note_refusal(tx, row["login"], address)
        if not right:
            raise Denied("login.refused")
        return list(codes.values())

    def note_refusal(self, tx: Tx, login: str, address: str) -> None:
        """A wrong code is a row of the audit log."""
        detail = {"what": "second factor", "code": "login.refused"}
        journal.record(tx, self._app.journal_key, login, "login.failed", address or "-", detail)

    def look(self, row: Row, code: str) -> Callable[[Tx], bool]:
        """Look at a code; what this returns uses it up and says whether it was right and not used before."""
        bare = recovery.bare(code)
        if bare is not None:
            return self._recovery(row, bare)
        return lambda tx: self._of_authenticator(tx, row, code)

    def _recovery(self, row: Row, bare: str) -> Callable[[Tx], bool]:
        with self._store.look() as tx:
            kept = recovery.find(tx, row["id"], bare)
        if not self._kept.verify(bare, kept):
            return _nothing

        def use(tx: Tx) -> bool:
            done = recovery.use(tx, row["id"], bare)
            if done:
                left = {"left": recovery.left(tx, row["id"])}
                journal.record(tx, self._app.journal_key, row["login"], "account.recovery_code", row["id"], left)
            return done

        return use

    def _of_authenticator(self, tx: Tx, row: Row, code: str) -> bool:
        """Is it the code of this moment, and was none of its step or later used before?"""
        code = code.replace(" ", "")
        if len(code) != 6 or not code.isascii() or not code.isdigit():
            return False
        name, sealed = second_factor(row["id"]), row["totp"]
        secret = disclose(self._app.master_keys(), self._app.hub_id, name, row["totp_key_id"], sealed)
        made = TOTP(base64.b32decode(secret), 6, SHA1(), STEP_SECONDS)  # noqa: S303 - what every authenticator speaks
        step = int(instant(tx.now()).timestamp()) // STEP_SECONDS
        near = range(step - DRIFT_STEPS, step + DRIFT_STEPS + 1)
        fits = [s for s in near if compare_digest(made.generate(s * STEP_SECONDS), code.encode())]
        return bool(fits) and accounts.take_step(tx, row["id"], fits[0])


def _nothing(_: Tx) -> bool:
    return False


__all__ = ["RECOVERY_CODES", "SecondFactor"]
