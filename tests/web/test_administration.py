"""Accounts, roles, sessions and tokens through the API: the app's own rules hold, whoever asks by whatever way."""

from __future__ import annotations

import json

import pytest
from bench import SELF, Api, Bench, authenticator
from test_sessions import cookie_of

from hefu.app.accounts import Accounts
from hefu.core.rights import Scope
from hefu.store import journal


@pytest.fixture(scope="module")
def three(b: Bench) -> dict[str, Api]:
    """The three separated administrators."""
    return {name: b.account(name.replace("_", "-"), name) for name in ("system_admin", "security_admin", "audit_admin")}


def browser(b: Bench, login: str, code: str | None = None) -> Api:
    """Somebody who came in by a one-time link."""
    ticket, _ = Accounts(b.app).link(SELF, login)
    answer = Api(b.base).ask("POST", "/session", {"ticket": ticket, **({"code": code} if code else {})})
    assert answer.status == 201, answer.body
    kept = cookie_of(answer)["hefu_session"].value
    return Api(b.base, None, {"Cookie": f"hefu_session={kept}", "X-CSRF-Token": answer.json["csrf"]})


def test_an_account_is_made_given_a_role_let_in_and_switched_off_by_whose_duty_each_is(
    b: Bench, three: dict[str, Api]
) -> None:
    system, security, audit = (three[name] for name in ("system_admin", "security_admin", "audit_admin"))
    made = system.post("/users", {"login": "New.Li", "name": "李新", "email": "li@example.cn"}, 201)
    assert (made["login"], made["name"], made["state"], made["roles"]) == ("new.li", "李新", "on", [])
    assert system.ask("POST", "/users", {"login": "new.li"}).code == "account.exists"
    assert system.ask("POST", "/grants", {"login": "new.li", "role": "steward"}).code == "right.missing"
    assert security.ask("POST", "/users", {"login": "x"}).code == "right.missing"
    held = security.post("/grants", {"login": "new.li", "role": "steward", "organisations": ["10"], "days": 30,
                                     "reason": "cover"}, 201)  # fmt: skip
    assert (held["state"], held["organisations"], held["granted_by"]) == ("held", ["10"], "security-admin")
    assert held["until_at"] is not None
    assert [one["role"] for one in system.get("/users/new.li")["roles"]] == ["steward"]
    link = system.post("/users/new.li/link", {"minutes": 5}, 201)
    ticket = link["path"].removeprefix("/ui/#/enter/")
    entered = Api(b.base).ask("POST", "/session", {"ticket": ticket})
    assert entered.status == 201
    mine = security.get("/sessions", login="new.li")["items"]
    assert [one["how"] for one in mine] == ["link"]
    assert audit.ask("DELETE", f"/sessions/{mine[0]['id']}").code == "right.missing"
    assert security.ask("DELETE", f"/sessions/{mine[0]['id']}").status == 204
    assert security.ask("DELETE", f"/sessions/{mine[0]['id']}").code == "web.unknown"
    assert security.ask("DELETE", f"/grants/{held['id']}").json["state"] == "ended"
    assert system.post("/users/new.li/switch-off")["state"] == "off"
    assert system.ask("POST", "/users/new.li/link", {}).code == "account.off"
    assert system.post("/users/new.li/switch-on")["state"] == "on"
    changed = system.ask("PATCH", "/users/new.li", {"name": "李 新", "email": None})
    assert (changed.json["name"], changed.json["email"]) == ("李 新", None)
    did = {row["action"] for row in audit.get("/audit", words="new.li", limit=200)["items"]}
    assert "account.made" in did
    told = audit.get("/audit", actor="system-admin/test", limit=200)["items"]
    assert {"account.link", "account.off", "account.on", "account.changed"} <= {row["action"] for row in told}
    assert ticket not in json.dumps(told)


def test_nobody_opens_a_way_into_duties_they_do_not_have(b: Bench, three: dict[str, Api]) -> None:
    system = three["system_admin"]
    for login in ("security-admin", "audit-admin", "root"):
        for method, path, body in (
            ("POST", f"/users/{login}/link", {}),
            ("DELETE", f"/users/{login}/second-factor", None),
        ):
            answer = system.ask(method, path, body)
            assert (answer.status, answer.code) == (403, "account.above"), path
    b.account("some-steward", "steward")
    assert system.ask("POST", "/users/some-steward/link", {}).status == 201
    assert b.root.ask("POST", "/users/security-admin/link", {}).status == 201, "who has all duties may"


def test_nobody_changes_their_own_rights_or_switches_off_themselves(three: dict[str, Api]) -> None:
    assert three["system_admin"].ask("POST", "/users/system-admin/switch-off").code == "account.self"
    asked = {"login": "security-admin", "role": "steward"}
    assert three["security_admin"].ask("POST", "/grants", asked).code == "account.self"


def test_a_role_held_in_one_organisation_gives_no_power_over_the_hub(b: Bench) -> None:
    local_admin = b.account("admin-of-ten", "admin", Scope(organisations=frozenset({"10"})))
    assert local_admin.get("/records")["items"]
    for method, path in (("GET", "/users"), ("POST", "/grants"), ("GET", "/audit"), ("GET", "/tokens")):
        assert local_admin.ask(method, path, {} if method == "POST" else None).code == "right.missing"


def test_a_second_person_agrees_where_the_policy_says_so(b: Bench, three: dict[str, Api]) -> None:
    security = three["security_admin"]
    other = b.account("second-security", "security_admin")
    b.root.post("/users", {"login": "han"}, 201)
    assert security.ask("PATCH", "/policies", {"approved": True}).json["approved"]
    try:
        asked = security.post("/grants", {"login": "han", "role": "auditor"}, 201)
        assert asked["state"] == "asked"
        assert security.ask("POST", f"/grants/{asked['id']}/approve").code == "account.self"
        assert [one["why"] for one in security.get("/grant-review")["items"] if one["id"] == asked["id"]] == [["asked"]]
        assert other.post(f"/grants/{asked['id']}/approve")["approved_by"] == "second-security"
        assert other.ask("POST", f"/grants/{asked['id']}/reject").code == "account.not_asked"
        again = security.post("/grants", {"login": "han", "role": "operator"}, 201)
        assert other.post(f"/grants/{again['id']}/reject")["state"] == "ended"
    finally:
        security.ask("PATCH", "/policies", {"approved": False})
    assert other.ask("POST", "/grants/none/approve").status == 404


def test_lists_come_in_pages_and_can_be_searched(b: Bench) -> None:
    first = b.root.get("/users", limit=2)
    second = b.root.get("/users", limit=2, cursor=first["next"])
    logins = [one["login"] for one in (*first["items"], *second["items"])]
    assert logins == sorted(set(logins))
    assert len(logins) == 4
    assert [one["login"] for one in b.root.get("/users", q="ROOT")["items"]] == ["root"]
    assert b.root.ask("GET", "/users/nobody-here").status == 404
    assert not {"password", "totp"} & set(first["items"][0])


def test_roles_and_rights_are_told_in_words(b: Bench) -> None:
    roles = {one["role"]: one for one in b.root.get("/roles")["items"]}
    assert roles["system_admin"]["duties"] == ["system"]
    assert not roles["clerk"]["ready"]
    assert roles["clerk"]["organisations"] == ["10"]
    assert roles["clerk"]["see"]["contact"] == "masked"
    rights = {one["right"]: one["title"] for one in b.root.get("/rights")["items"]}
    assert rights["record.see"]
    assert set(roles["admin"]["rights"]) == set(rights)


def test_tokens_of_others_are_seen_and_revoked_by_whose_duty_it_is(b: Bench, three: dict[str, Api]) -> None:
    steward = b.account("token-steward", "steward")
    [token] = three["security_admin"].get("/tokens", login="token-steward")["items"]
    assert (token["name"], token["live"]) == ("test", True)
    assert three["system_admin"].ask("DELETE", f"/tokens/{token['id']}").code == "right.missing"
    assert three["security_admin"].ask("DELETE", f"/tokens/{token['id']}").status == 204
    assert steward.ask("GET", "/me").code == "login.token"


def test_who_must_have_a_second_factor_sets_it_up_before_anything_else(b: Bench, three: dict[str, Api]) -> None:
    b.account("must", "steward")
    security = three["security_admin"]
    assert security.ask("PATCH", "/policies", {"second_factor": ["stewart"]}).code == "account.no_role"
    assert security.ask("PATCH", "/policies", {"second_factor": ["steward"]}).json["second_factor"] == ["steward"]
    try:
        must = browser(b, "must")
        assert b.root.get("/users/must")["must_have_second_factor"]
        me = must.get("/me")
        assert (me["must_set_up_second_factor"], me["rights"], me["second_factor"]) == (True, [], False)
        answer = must.ask("GET", "/records")
        assert (answer.status, answer.code) == (403, "login.enrol")
        secret = must.post("/me/second-factor", None, 201)["secret"]
        codes = must.post("/me/second-factor/confirm", {"code": authenticator(secret)})["codes"]
        assert len(set(codes)) == 10
        me = must.get("/me")
        assert (me["must_set_up_second_factor"], me["second_factor"], me["recovery_codes"]) == (False, True, 10)
        assert must.get("/records")["items"]
        ticket, _ = Accounts(b.app).link(SELF, "must")
        assert Api(b.base).ask("POST", "/session", {"ticket": ticket}).code == "login.second_factor"
        assert browser(b, "must", codes[0]).get("/me")["recovery_codes"] == 9
        entered = Api(b.base).ask("POST", "/session", {"ticket": ticket, "code": codes[0]})
        assert entered.code == "login.refused", "once"
    finally:
        security.ask("PATCH", "/policies", {"second_factor": []})
    with b.app.store.look() as tx:
        rows = journal.search(tx, journal.Asked(actions=("account.recovery_code",)))
    assert [row["detail"]["left"] for row in rows] == [9]
    assert not any(code in json.dumps(rows) for code in codes)


def test_the_log_is_verified_with_where_it_stands_and_taken_out_whole(b: Bench, three: dict[str, Api]) -> None:
    audit = three["audit_admin"]
    found = audit.post("/audit/verify")
    assert found["whole"]
    assert json.loads(found["anchor"])["seq"] == found["rows"]
    answer = audit.ask("GET", "/audit/export")
    assert answer.headers["content-disposition"] == 'attachment; filename="audit.jsonl"'
    lines = answer.body.decode().splitlines()
    assert journal.verify_lines(lines, b.app.journal_key, "-") == (len(lines), None)
    newest = audit.get("/audit", action="audit.exported")["items"][0]
    assert (newest["actor"], newest["detail"]) == ("audit-admin", {"rows": len(lines)})
    assert three["system_admin"].ask("GET", "/audit/export").code == "right.missing"
