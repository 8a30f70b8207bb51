"""Roles in people's hands: nobody for themselves, duties apart, agreement by a second person, review."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from hefu.app.accounts import Accounts
from hefu.app.house import App, Machine
from hefu.core.env import Env
from hefu.core.errors import Denied, HubError, Rejected
from hefu.core.project import Role
from hefu.core.rights import EVERYWHERE, Principal, Scope, local
from hefu.store import holdings, journal
from hefu.store.passwords import Cost, Passwords

ROOT = local("root")
ROLES = {
    "desk": Role(role="desk", extends=["operator"]),
    "powerful": Role(role="powerful", may={"user": ["edit"], "role": ["grant"]}),
}


def opened(folder: Path) -> App:
    return App(Machine.here(folder, {"HEFU_HOME": str(folder / "home")}), Env())


@pytest.fixture(scope="module")
def three_people(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A hub in which three people have accounts and no rights."""
    folder = tmp_path_factory.mktemp("hub") / "new"
    folder.mkdir()
    with opened(folder) as app:
        for login in ("li", "han", "wang"):
            Accounts(app, {}).add(ROOT, login)
    return folder


@pytest.fixture
def accounts(three_people: Path, tmp_path: Path) -> Iterator[Accounts]:
    shutil.copytree(three_people, tmp_path / "hub")
    with opened(tmp_path / "hub") as app:
        yield Accounts(app, ROLES, Passwords(Cost(memory=8, rounds=1, lanes=1)))


def person(accounts: Accounts, login: str) -> Principal:
    found = next(a for a in accounts.every() if a["login"] == login)
    return Principal("user", found["id"], login, account_id=found["id"])


def code(action: object, *args: object, **words: object) -> str:
    with pytest.raises(HubError) as caught:
        action(*args, **words)  # type: ignore[operator]
    return caught.value.code


def test_accounts_have_one_name_and_one_only(accounts: Accounts) -> None:
    assert code(accounts.add, ROOT, "LI") == "account.exists"
    for wrong in ("", "a/b", "a b", "x" * 201):
        assert code(accounts.add, ROOT, wrong) == "account.login"
    assert code(accounts.grant, ROOT, "nobody", "steward") == "account.unknown"
    assert code(accounts.grant, ROOT, "li", "stewart") == "account.no_role"
    assert [a["login"] for a in accounts.every()] == ["han", "li", "wang"]
    assert not {"password", "totp", "totp_key_id"} & set(accounts.every()[0])


def test_nobody_changes_their_own_rights(accounts: Accounts) -> None:
    li = person(accounts, "li")
    token = Principal("token", "t1", "li/nightly", account_id=li.id)
    for me in (li, token):
        assert code(accounts.grant, me, "li", "admin") == "account.self"
        assert code(accounts.switch, me, "li", on=False) == "account.self"
    accounts.grant(li, "han", "steward")


def test_roles_hold_where_and_are_taken_back(accounts: Accounts) -> None:
    east = Scope(frozenset({"east"}), frozenset({"sales"}))
    made, state = accounts.grant(ROOT, "li", "desk", scope=east, reason="cover for Han")
    assert state == "held"
    li = person(accounts, "li").id
    with accounts._store.look() as tx:
        assert [(h.role, h.scope) for h in holdings.held_by(tx, li)] == [("desk", east)]
    assert accounts.end(ROOT, made)
    assert not accounts.end(ROOT, made)
    with accounts._store.look() as tx:
        assert holdings.held_by(tx, li) == ()
        rows = {row["action"]: row for row in journal.recent(tx)}
    assert '"reason":"cover for Han"' in rows["role.granted"]["detail"]
    assert accounts.holdings() == []
    assert [row["state"] for row in accounts.holdings(ended=True)] == ["ended"]


def test_the_three_administrators_are_three_people(accounts: Accounts) -> None:
    accounts.grant(ROOT, "li", "system_admin")
    accounts.grant(ROOT, "han", "steward")
    for login, role in (("li", "security_admin"), ("li", "steward"), ("han", "audit_admin")):
        assert code(accounts.grant, ROOT, login, role) == "account.apart"
    accounts.grant(ROOT, "wang", "audit_admin")


def test_separated_duties_hold_whatever_the_roles_are_called(accounts: Accounts) -> None:
    accounts.grant(ROOT, "li", "admin")
    assert code(accounts.set_policy, ROOT, separated=True) == "account.not_separated"
    accounts.end(ROOT, accounts.holdings()[0]["id"])
    accounts.set_policy(ROOT, separated=True)
    assert accounts.policies() == {"separated": True, "approved": False, "second_factor": []}
    for role in ("admin", "powerful"):
        assert code(accounts.grant, ROOT, "li", role) == "account.duties"
    accounts.grant(ROOT, "li", "operator")
    assert code(accounts.grant, ROOT, "li", "auditor") == "account.duties"
    accounts.set_policy(ROOT, separated=False)
    accounts.grant(ROOT, "li", "auditor")


def test_a_second_person_agrees_where_that_is_asked_for(accounts: Accounts) -> None:
    accounts.set_policy(ROOT, approved=True)
    li, han, wang = (person(accounts, login) for login in ("li", "han", "wang"))
    asked, state = accounts.grant(li, "han", "steward")
    assert state == "asked"
    with accounts._store.look() as tx:
        assert holdings.held_by(tx, han.id) == ()
    assert code(accounts.approve, li, asked) == "account.self", "who asked"
    assert code(accounts.approve, Principal("token", "t", "li/x", account_id=li.id), asked) == "account.self"
    assert code(accounts.approve, han, asked) == "account.self", "who gets it"
    accounts.approve(wang, asked)
    assert code(accounts.approve, wang, asked) == "account.not_asked"
    with accounts._store.look() as tx:
        assert [h.role for h in holdings.held_by(tx, han.id)] == ["steward"]
    turned_down, _ = accounts.grant(li, "han", "operator")
    accounts.end(wang, turned_down)
    assert code(accounts.approve, wang, turned_down) == "account.not_asked"
    assert code(accounts.approve, wang, "no such") == "account.no_holding"


def test_what_nobody_uses_is_listed_for_review(accounts: Accounts) -> None:
    accounts.grant(ROOT, "li", "steward", scope=EVERYWHERE)
    assert accounts.review(days=30) == []
    assert [(r["login"], r["why"]) for r in accounts.review(days=-1)] == [("li", ["unused"])]
    accounts.switch(ROOT, "li", on=False)
    accounts.grant(ROOT, "han", "desk")
    accounts._roles = {}
    assert {(r["login"], *r["why"]) for r in accounts.review(days=30)} == {("li", "off"), ("han", "gone")}


def test_errors_are_of_the_kind_that_says_what_to_do(accounts: Accounts) -> None:
    with pytest.raises(Rejected):
        accounts.grant(ROOT, "li", "stewart")
    with pytest.raises(Denied):
        accounts.approve(person(accounts, "li"), accounts.grant(ROOT, "li", "steward")[0])
