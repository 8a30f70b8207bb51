"""Logging in, second factor, sessions, tokens, links, and guessing that grows slow. The clock is ours."""

from __future__ import annotations

import base64
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from sqlalchemy import text

from hefu.app.accounts import Accounts, rights_of
from hefu.app.house import App, Machine
from hefu.app.login import Login
from hefu.app.second_factor import RECOVERY_CODES
from hefu.core.env import Env
from hefu.core.errors import Denied, HubError, Rejected, Transient
from hefu.core.rights import Hold, local
from hefu.store import journal, recovery, sessions
from hefu.store.passwords import Cost, Passwords
from hefu.store.policies import EVERYBODY

CHEAP = Passwords(Cost(memory=8, rounds=1, lanes=1))
RIGHT = "four words that fit"
ROOT = local("root")


class Clock(Env):
    def __init__(self) -> None:
        super().__init__()
        self.at = datetime(2026, 3, 2, 8, tzinfo=UTC)

    def now(self) -> datetime:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


class House:
    """A hub with one account, li, whose password is RIGHT."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.app = App(Machine.here(folder, {"HEFU_HOME": str(folder / "home")}), self.clock)
        self.accounts = Accounts(self.app, {}, CHEAP)
        self.login = Login(self.app, CHEAP)

    def enter(self, password: str = RIGHT, code: str | None = None, address: str = "10.0.0.1", name: str = "li") -> str:
        return self.login.log_in(name, password, code, address=address).token

    def actions(self) -> list[str]:
        with self.app.store.look() as tx:
            assert journal.verify(tx, self.app.journal_key) is None
            return [row["action"] for row in journal.recent(tx, 5000)][::-1]


@pytest.fixture(scope="module")
def new_house(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Its folder as it is when nobody has moved in yet but li."""
    folder = tmp_path_factory.mktemp("house") / "new"
    folder.mkdir()
    made = House(folder)
    made.accounts.add(ROOT, "Li", password=RIGHT)
    made.app.close()
    return folder


@pytest.fixture
def house(new_house: Path, tmp_path: Path) -> Iterator[House]:
    shutil.copytree(new_house, tmp_path / "house")
    made = House(tmp_path / "house")
    yield made
    made.app.close()


def code_of(error: pytest.ExceptionInfo[HubError]) -> str:
    return error.value.code


def refused(house: House, **words: str) -> str:
    with pytest.raises(HubError) as caught:
        house.enter(**words)
    return code_of(caught)


def test_who_knows_the_password_gets_a_session_and_everybody_else_one_answer(house: House) -> None:
    token = house.enter()
    signed = house.login.by_session(token)
    assert (signed.principal.kind, signed.principal.name, signed.how) == ("user", "li", "password")
    house.accounts.add(ROOT, "nopassword")
    house.accounts.add(ROOT, "gone", password=RIGHT)
    house.accounts.switch(ROOT, "gone", on=False)
    answers = [refused(house, password="wrong one"), refused(house, name="nobody"), refused(house, name="nopassword"),
               refused(house, name="gone")]  # fmt: skip
    assert answers == ["login.refused"] * 4
    assert house.actions().count("login.failed") == 4
    assert house.actions().count("login") == 1


def test_a_session_ends_by_idleness_by_age_and_by_logging_out(house: House) -> None:
    idle, out = house.enter(), house.enter()
    house.login.log_out(out)
    with pytest.raises(Denied):
        house.login.by_session(out)
    house.clock.sleep(29 * 60)
    assert house.login.by_session(idle)
    house.clock.sleep(29 * 60)
    assert house.login.by_session(idle), "each use begins the half hour anew"
    house.clock.sleep(31 * 60)
    with pytest.raises(Denied) as caught:
        house.login.by_session(idle)
    assert code_of(caught) == "login.session"
    busy = house.enter()
    for _ in range(12 * 3 - 1):
        house.clock.sleep(20 * 60)
        house.login.by_session(busy)
    house.clock.sleep(20 * 60)
    with pytest.raises(Denied):
        house.login.by_session(busy)


def test_only_digests_of_tokens_are_kept(house: House) -> None:
    token = house.enter()
    made, secret = house.accounts.make_token(ROOT, "li", "nightly", ["record.see"], seconds=None)
    ticket, _ = house.accounts.link(ROOT, "li")
    dump = b"".join(path.read_bytes() for path in house.app.machine.home.rglob("*") if path.is_file())
    for kept_secret in (token, secret, ticket, RIGHT):
        assert kept_secret.encode() not in dump
    assert secret.startswith("hefu_")
    assert len(base64.urlsafe_b64decode(token + "=")) == 32
    assert house.login.by_token(secret).principal.id == made


def test_sessions_can_be_listed_and_revoked(house: House) -> None:
    one, two = house.enter(address="10.0.0.1"), house.enter(address="10.0.0.2")
    listed = house.accounts.sessions("li")
    assert [row["address"] for row in listed] == ["10.0.0.2", "10.0.0.1"]
    assert not {"digest", "token"} & set(listed[0])
    assert house.accounts.end_session(ROOT, listed[0]["id"])
    assert not house.accounts.end_session(ROOT, listed[0]["id"])
    house.login.by_session(one)
    with pytest.raises(Denied):
        house.login.by_session(two)
    assert house.accounts.end_sessions(ROOT, "li") == 1


@pytest.mark.parametrize("what", ["password", "role", "end", "off"])
def test_what_changes_rights_ends_sessions(house: House, what: str) -> None:
    held, _ = house.accounts.grant(ROOT, "li", "auditor")
    token = house.enter()
    {
        "password": lambda: house.accounts.reset_password(ROOT, "li", "four other words"),
        "role": lambda: house.accounts.grant(ROOT, "li", "steward"),
        "end": lambda: house.accounts.end(ROOT, held),
        "off": lambda: house.accounts.switch(ROOT, "li", on=False),
    }[what]()
    with pytest.raises(Denied):
        house.login.by_session(token)


def test_ones_own_password_is_changed_with_the_old_one_and_a_new_session(house: House) -> None:
    token, other = house.enter(), house.enter()
    signed = house.login.by_session(token)
    with pytest.raises(Denied):
        house.login.change_password(signed, "wrong", "four other words", address="10.0.0.1")
    with pytest.raises(Rejected) as caught:
        house.login.change_password(signed, RIGHT, "password", address="10.0.0.1")
    assert code_of(caught) == "password.common"
    opened = house.login.change_password(signed, RIGHT, "four other words", address="10.0.0.1")
    assert house.login.by_session(opened.token).account["login"] == "li"
    for old in (token, other):
        with pytest.raises(Denied):
            house.login.by_session(old)
    assert refused(house) == "login.refused"
    house.enter("four other words")


def test_a_hash_of_old_parameters_is_renewed_at_login(house: House) -> None:
    stronger = Login(house.app, Passwords(Cost(memory=16, rounds=1, lanes=1)))
    token = stronger.log_in("li", RIGHT, address="10.0.0.1").token
    assert house.login.by_session(token), "and nobody is logged out by it"
    with house.app.store.look() as tx:
        kept = tx.run(text("select password from account")).scalar_one()
    assert "$m=16,t=1,p=1$" in kept
    stronger.log_in("li", RIGHT, address="10.0.0.1")


# ------------------------------------------------------------------ second factor


def totp(secret: str, clock: Clock, *, steps: int = 0) -> str:
    at = int(clock.at.timestamp()) + 30 * steps
    return TOTP(base64.b32decode(secret), 6, SHA1(), 30).generate(at).decode()


def test_a_second_factor_is_asked_for_and_each_code_works_once(house: House) -> None:
    account_id = house.login.by_session(house.enter()).account["id"]
    secret, address = house.login.second.begin(account_id)
    assert address.startswith("otpauth://totp/Hefu:li?secret=" + secret)
    house.enter()  # not in force before it is confirmed
    with pytest.raises(Denied):
        house.login.second.confirm(account_id, "000000", address="10.0.0.1")
    house.login.second.confirm(account_id, totp(secret, house.clock), address="10.0.0.1")
    assert refused(house) == "login.second_factor"
    assert refused(house, code=totp(secret, house.clock)) == "login.refused", "it was used to confirm"
    house.clock.sleep(30)
    code = totp(secret, house.clock)
    assert refused(house, password="wrong one", code=code) == "login.refused"
    assert house.login.by_session(house.enter(code=code)).how == "totp"
    assert refused(house, code=code) == "login.refused", "a code that somebody saw is worth nothing"
    assert refused(house, code=totp(secret, house.clock, steps=-1)) == "login.refused", "nor an older one"
    house.clock.sleep(40)
    house.enter(code=totp(secret, house.clock, steps=1))
    house.clock.sleep(90)
    assert refused(house, code=totp(secret, house.clock, steps=2)) == "login.refused"
    with house.app.store.look() as tx:
        sealed = tx.run(text("select totp from account")).scalar_one()
    assert secret not in sealed
    with pytest.raises(Rejected):
        house.login.second.begin(account_id)
    house.accounts.reset_second_factor(ROOT, "li")
    house.enter()


def test_who_lost_the_second_factor_has_codes_that_each_work_once(house: House) -> None:
    account_id = house.login.by_session(house.enter()).account["id"]
    secret, _ = house.login.second.begin(account_id)
    codes = house.login.second.confirm(account_id, totp(secret, house.clock), address="10.0.0.1")
    assert len(set(codes)) == RECOVERY_CODES
    assert refused(house, password="wrong one", code=codes[0]) == "login.refused", "it is no password"
    typed = f" {codes[0].upper().replace('-', ' ')} "
    assert house.login.by_session(house.enter(code=typed)).how == "recovery"
    assert refused(house, code=codes[0]) == "login.refused", "once"
    near = codes[1][:-1] + ("a" if codes[1][-1] != "a" else "b")
    assert refused(house, code=near) == "login.refused"
    ticket, _ = house.accounts.link(ROOT, "li")
    with pytest.raises(Denied) as caught:
        house.login.log_in_by_link(ticket, address="10.0.0.1")
    assert code_of(caught) == "login.second_factor", "a link stands in for the password only"
    house.login.log_in_by_link(ticket, codes[1], address="10.0.0.1")
    house.clock.sleep(60)
    anew = house.login.second.new_codes(account_id, totp(secret, house.clock), address="10.0.0.1")
    assert refused(house, code=codes[2]) == "login.refused", "the old ones are gone"
    house.enter(code=anew[2])
    house.accounts.reset_second_factor(ROOT, "li")
    house.enter()
    with house.app.store.look() as tx:
        assert recovery.left(tx, account_id) == 0
    assert house.actions().count("account.recovery_code") == 3


def test_who_must_have_a_second_factor_may_nothing_before(house: House) -> None:
    house.accounts.grant(ROOT, "li", "steward")
    token = house.enter()
    assert rights_of(house.login.by_session(token).principal, None).may("record.see")
    house.accounts.set_policy(ROOT, second_factor=["steward"])
    signed = house.login.by_session(token)
    assert signed.bare
    assert not rights_of(signed.principal, None).rights
    house.accounts.vouch(ROOT, "li", "https://id.example.cn", "u-1")
    with pytest.raises(Denied) as caught:
        house.login.log_in_vouched("https://id.example.cn", "u-1", address="10.0.0.1")
    assert code_of(caught) == "login.one_factor"
    opened = house.login.log_in_vouched("https://id.example.cn", "u-1", twice=True, address="10.0.0.1")
    assert rights_of(house.login.by_session(opened.token).principal, None).may("record.see")
    house.accounts.set_policy(ROOT, second_factor=[])
    plain = house.login.log_in_vouched("https://id.example.cn", "u-1", address="10.0.0.1")
    house.accounts.set_policy(ROOT, second_factor=[EVERYBODY])
    with pytest.raises(Denied) as caught:
        house.login.by_session(plain.token)
    assert code_of(caught) == "login.session", "it was opened when one factor was enough"


def test_codes_cannot_be_guessed_by_who_knows_the_password(house: House) -> None:
    account_id = house.login.by_session(house.enter()).account["id"]
    secret, _ = house.login.second.begin(account_id)
    house.login.second.confirm(account_id, totp(secret, house.clock), address="10.0.0.1")
    looked_at = 0
    for n in range(200):
        try:
            house.enter(code=f"{n:06d}", address="203.0.113.5")
        except Transient:
            pass
        except Denied:
            looked_at += 1
        house.clock.sleep(1)
    assert looked_at <= 13


# ------------------------------------------------------------------ guessing


def guess(house: House, tries: int, every: float, addresses: int = 1, names: int = 1) -> int:
    """How many of so many guesses were looked at."""
    looked_at, waits = 0, []
    for n in range(tries):
        try:
            house.enter(f"guess {n:05d}", address=f"198.51.{n % addresses // 250}.{n % addresses % 250}",
                        name="li" if names == 1 else f"user{n % names}")  # fmt: skip
        except Transient as wait:
            waits.append((wait.code, 0 < (wait.after or 0) <= 900))
        except Denied:
            looked_at += 1
        house.clock.sleep(every)
    assert set(waits) <= {("login.wait", True)}
    return looked_at


def test_of_a_thousand_guesses_from_one_address_hardly_any_is_looked_at(house: House) -> None:
    assert guess(house, 1000, every=1.0) <= 16
    assert house.actions().count("login.failed") <= 16, "and the log is not flooded"
    house.enter(address="10.0.0.1")  # the owner, elsewhere, never noticed


def test_one_address_that_tries_many_accounts_is_slowed_too(house: House) -> None:
    assert guess(house, 1000, every=1.0, names=500) <= 32


def test_many_addresses_against_one_account_are_slowed_and_lock_nobody_out(house: House) -> None:
    house.enter(address="10.0.0.1")
    assert guess(house, 1000, every=1.0, addresses=500) <= 75
    house.enter(address="10.0.0.1")  # where the owner has logged in before
    house.clock.sleep(60)
    assert guess(house, 1, every=0.0) == 1
    with pytest.raises(Transient) as caught:
        house.enter(address="10.9.9.9")
    assert (caught.value.after or 0) <= 60, "and from anywhere within a minute"
    house.clock.sleep(60)
    house.enter(address="10.9.9.9")


def test_a_customer_with_a_whole_network_is_one_address(house: House) -> None:
    looked_at = 0
    for n in range(100):
        try:
            house.enter(f"guess {n:05d}", address=f"2001:db8::{n:x}")
        except Transient:
            pass
        except Denied:
            looked_at += 1
    assert looked_at <= 6


def test_a_days_rest_forgets(house: House) -> None:
    guess(house, 50, every=0.0)
    house.clock.sleep(86_401)
    for _ in range(4):
        assert refused(house, password="wrong one", address="198.51.0.0") == "login.refused"


# ------------------------------------------------------------------ links, tokens, single sign-on


def test_a_link_logs_in_once_and_lets_set_a_password(house: House) -> None:
    house.accounts.add(ROOT, "han")
    ticket, _ = house.accounts.link(ROOT, "han", seconds=600)
    opened = house.login.log_in_by_link(ticket, address="10.0.0.3")
    signed = house.login.by_session(opened.token)
    assert signed.how == "link"
    house.login.change_password(signed, "", "words of my own", address="10.0.0.3")
    house.enter("words of my own", name="han")
    with pytest.raises(Denied) as caught:
        house.login.log_in_by_link(ticket, address="10.0.0.3")
    assert code_of(caught) == "login.link"
    late, _ = house.accounts.link(ROOT, "han", seconds=600)
    house.clock.sleep(601)
    with pytest.raises(Denied):
        house.login.log_in_by_link(late, address="10.0.0.3")


def test_a_token_may_what_its_scopes_and_its_owner_may(house: House) -> None:
    house.accounts.grant(ROOT, "li", "auditor")
    made, secret = house.accounts.make_token(ROOT, "li", "nightly", ["audit.see", "record.edit"], seconds=3600)
    signed = house.login.by_token(secret)
    assert rights_of(signed.principal, None).rights == {"audit.see"}
    assert (signed.principal.name, signed.principal.person) == ("li/nightly", "li")
    for wrong in (["record.sea"], []):
        with pytest.raises(Rejected) as caught:
            house.accounts.make_token(ROOT, "li", "x", wrong, seconds=None)
        assert code_of(caught) == "account.scope"
    house.clock.sleep(3601)
    with pytest.raises(Denied):
        house.login.by_token(secret)
    _, other = house.accounts.make_token(ROOT, "li", "x", ["audit.see"], seconds=None)
    house.accounts.switch(ROOT, "li", on=False)
    with pytest.raises(Denied):
        house.login.by_token(other)
    house.accounts.switch(ROOT, "li", on=True)
    house.login.by_token(other)
    house.accounts.revoke_token(ROOT, house.accounts.tokens("li")[0]["id"])
    with pytest.raises(Denied):
        house.login.by_token(other)
    assert [t["live"] for t in house.accounts.tokens()] == [False, False]
    assert made in {t["id"] for t in house.accounts.tokens()}


def test_a_provider_logs_in_whom_an_administrator_tied_to_it(house: House) -> None:
    with pytest.raises(Denied) as caught:
        house.login.log_in_vouched("https://id.example.cn", "u-1", address="10.0.0.1")
    assert code_of(caught) == "login.stranger"
    house.accounts.vouch(ROOT, "li", "https://id.example.cn", "u-1")
    opened = house.login.log_in_vouched("https://id.example.cn", "u-1", address="10.0.0.1")
    assert house.login.by_session(opened.token).how == "oidc"
    house.accounts.switch(ROOT, "li", on=False)
    with pytest.raises(Denied):
        house.login.log_in_vouched("https://id.example.cn", "u-1", address="10.0.0.1")


@pytest.mark.parametrize("nonsense", ["", "x", "\udcff", "0" * 5000, "' or 1=1 --"])
def test_nonsense_is_no_session_and_no_token(house: House, nonsense: str) -> None:
    for ask in (house.login.by_session, house.login.by_token):
        with pytest.raises(Denied):
            ask(nonsense)
    with pytest.raises(Denied):
        house.login.log_in_by_link(nonsense, address="10.0.0.1")


def test_what_has_ended_is_swept(house: House) -> None:
    house.enter()
    house.clock.sleep(13 * 3600)
    house.enter()
    with house.app.store.look() as tx:
        assert tx.run(text("select count(*) from session")).scalar_one() == 1
        assert len(sessions.sessions_of(tx)) == 1


def test_roles_of_the_account_are_what_its_sessions_hold(house: House) -> None:
    house.accounts.grant(ROOT, "li", "steward", until=house.clock.later(3600))
    token = house.enter()
    assert house.login.by_session(token).principal.holds == (Hold("steward"),)
    house.clock.sleep(1700)
    assert house.login.by_session(token).principal.holds == (Hold("steward"),)
    house.clock.sleep(1750)
    house.login.by_session(token)
    house.clock.sleep(200)
    assert house.login.by_session(token).principal.holds == (), "it ended by itself"
