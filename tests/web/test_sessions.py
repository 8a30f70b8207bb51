"""People sign in by a browser: cookies, the token that writes carry, and where they are signed in."""

from __future__ import annotations

from http.cookies import SimpleCookie

import pytest
from bench import SELF, Answer, Api, Bench

from hefu.app.accounts import Accounts

PASSWORD = "correct horse battery staple"


@pytest.fixture(scope="module")
def li(b: Bench) -> Bench:
    accounts = Accounts(b.app)
    accounts.add(SELF, "li", password=PASSWORD)
    accounts.grant(SELF, "li", "steward")
    return b


def cookie_of(answer: Answer) -> SimpleCookie:
    return SimpleCookie(answer.headers["set-cookie"])


def signed_in(b: Bench) -> Api:
    answer = Api(b.base).ask("POST", "/session", {"login": "li", "password": PASSWORD})
    assert answer.status == 201, answer.body
    kept = cookie_of(answer)["hefu_session"]
    assert kept["httponly"]
    assert kept["samesite"] == "lax"
    assert kept["path"] == "/"
    return Api(b.base, None, {"Cookie": f"hefu_session={kept.value}", "X-CSRF-Token": answer.json["csrf"]})


def test_a_session_reads_and_writes_until_it_ends(li: Bench) -> None:
    browser = signed_in(li)
    found = browser.get("/me")
    assert (found["login"], found["kind"], found["roles"][0]["role"]) == ("li", "user", "steward")
    assert found["csrf"] == browser.headers["X-CSRF-Token"]
    assert browser.ask("POST", "/mappings/crm_customer/test", {}).status == 200
    assert browser.ask("DELETE", "/session").status == 204
    gone = browser.ask("GET", "/me")
    assert (gone.status, gone.code) == (401, "login.session")


@pytest.mark.parametrize(
    "sent",
    [
        {"X-CSRF-Token": ""},
        {"X-CSRF-Token": "0" * 64},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
    ids=str,
)
def test_a_write_that_came_from_elsewhere_is_refused(li: Bench, sent: dict[str, str]) -> None:
    browser = signed_in(li)
    answer = browser.ask("POST", "/mappings/crm_customer/test", {}, sent)
    assert (answer.status, answer.code) == (403, "web.foreign")
    assert browser.ask("GET", "/me", headers={"Sec-Fetch-Site": "cross-site"}).status == 200, "a look does no harm"


def test_a_login_from_elsewhere_is_refused_too(li: Bench) -> None:
    body = {"login": "li", "password": PASSWORD}
    answer = Api(li.base).ask("POST", "/session", body, {"Origin": "https://evil.example"})
    assert (answer.status, answer.code) == (403, "web.foreign")


def test_who_fails_learns_only_that_it_failed(li: Bench) -> None:
    wrong = Api(li.base).ask("POST", "/session", {"login": "li", "password": "wrong"})
    nobody = Api(li.base).ask("POST", "/session", {"login": "nobody-here", "password": "wrong"})
    assert {wrong.status, nobody.status} <= {401, 429}
    assert wrong.code in ("login.refused", "login.wait")
    if wrong.status == nobody.status == 401:
        assert wrong.json["title"] == nobody.json["title"]


def test_one_sees_and_ends_ones_own_sessions_only(li: Bench) -> None:
    one = Accounts(li.app).link(SELF, "li")[0]
    answer = Api(li.base).ask("POST", "/session", {"ticket": one})
    assert answer.status == 201, answer.body
    browser = Api(li.base, None, {"Cookie": f"hefu_session={cookie_of(answer)['hefu_session'].value}",
                                  "X-CSRF-Token": answer.json["csrf"]})  # fmt: skip
    found = browser.get("/me/sessions")["items"]
    assert [s["this"] for s in found].count(True) == 1
    assert found[0]["how"] == "link"
    assert browser.ask("DELETE", "/me/sessions/none").code == "web.unknown"
    for other in found:
        if not other["this"]:
            assert browser.ask("DELETE", f"/me/sessions/{other['id']}").status == 204
    assert len(browser.get("/me/sessions")["items"]) == 1
    again = Api(li.base).ask("POST", "/session", {"ticket": one})
    assert again.code in ("login.link", "login.wait"), "once"


def test_a_token_is_told_once_may_no_more_than_asked_and_does_not_become_a_session(li: Bench) -> None:
    one = Accounts(li.app).link(SELF, "li")[0]
    answer = Api(li.base).ask("POST", "/session", {"ticket": one})
    browser = Api(li.base, None, {"Cookie": f"hefu_session={cookie_of(answer)['hefu_session'].value}",
                                  "X-CSRF-Token": answer.json["csrf"]})  # fmt: skip
    made = browser.post("/me/tokens", {"name": "nightly", "scopes": ["run.see"]}, 201)
    program = Api(li.base, made["token"])
    assert program.get("/runs")["items"]
    assert program.ask("GET", "/issues").code == "right.missing"
    for path in ("/me/password", "/me/second-factor"):
        method, body = ("PUT", {"old": "x", "new": "y"}) if path.endswith("password") else ("POST", {})
        assert program.ask(method, path, body).code == "web.session_only"
    assert made["token"] not in browser.ask("GET", "/me/tokens").body.decode()
    assert browser.ask("DELETE", f"/me/tokens/{made['id']}").status == 204
    assert program.ask("GET", "/runs").code == "login.token"
    assert browser.ask("POST", "/me/tokens", {"name": "x", "scopes": ["run.dance"]}).code == "account.scope"
