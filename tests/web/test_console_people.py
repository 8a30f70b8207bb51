"""People, rights and the audit log in a real browser: what an administrator does there is so in the hub."""

from __future__ import annotations

import json

import pytest
from bench import SELF, Bench, authenticator
from browsing import AXE, enter, go, hindrances
from playwright.sync_api import Browser, Page, expect

from hefu.app.accounts import Accounts
from hefu.store import journal

SCREENS = {
    "/people": ("账号与授权", "People and rights"),
    "/people?tab=review": ("账号与授权", "People and rights"),
    "/people?tab=roles": ("账号与授权", "People and rights"),
    "/people?tab=sessions": ("账号与授权", "People and rights"),
    "/people?tab=tokens": ("账号与授权", "People and rights"),
    "/people?tab=policies": ("账号与授权", "People and rights"),
    "/people?user=wang": ("账号与授权", "People and rights"),
    "/audit": ("审计日志", "Audit log"),
    "/profile": ("个人设置", "My account"),
}


@pytest.fixture(scope="module")
def people(b: Bench) -> Bench:
    for role in ("system_admin", "security_admin", "audit_admin"):
        b.account(role.replace("_", "-"), role)
    b.account("wang", "steward", name="王")
    return b


def done(page: Page) -> None:
    assert page.wrong == []  # type: ignore[attr-defined]
    page.context.close()


@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
def test_every_screen_opens_without_a_fault_and_can_be_used_by_everybody(
    browser: Browser, people: Bench, language: str
) -> None:
    page = enter(browser, people, "root", language)
    for path, titles in SCREENS.items():
        go(page, path)
        expect(page.get_by_role("heading", level=1)).to_have_text(titles[0 if language == "zh-CN" else 1])
        expect(page.locator(".ant-spin-spinning")).to_have_count(0)
        if "user=" in path:
            expect(page.get_by_role("dialog").get_by_text("steward")).not_to_have_count(0)
        if AXE.is_file():
            assert hindrances(page) == [], path
    done(page)


def test_two_administrators_make_a_person_who_comes_in_by_a_link(browser: Browser, people: Bench) -> None:
    b = people
    system = enter(browser, b, "system-admin")
    go(system, "/people")
    system.get_by_role("button", name="New account").click()
    asked = system.get_by_role("dialog")
    asked.get_by_label("Login").fill("han")
    asked.get_by_label("Name").fill("Han Mei")
    asked.get_by_role("button", name="OK").click()
    drawer = system.get_by_role("dialog", name="han")
    expect(drawer.get_by_text("Han Mei")).to_be_visible()
    expect(drawer.get_by_role("button", name="Grant a role")).to_have_count(0)  # that is another's duty
    drawer.get_by_role("button", name="One-time link").click()
    link = drawer.get_by_text("/ui/#/enter/").inner_text()

    security = enter(browser, b, "security-admin")
    go(security, "/people?user=han")
    drawer = security.get_by_role("dialog", name="han")
    drawer.get_by_label("Role").click()
    security.get_by_text("Auditor (auditor)").click()
    drawer.get_by_label("Reason").fill("year-end")
    drawer.get_by_role("button", name="Grant a role").click()
    expect(drawer.get_by_role("row", name="auditor").get_by_text("held")).to_be_visible()
    assert [row["role"] for row in Accounts(b.app).one("han")["roles"]] == ["auditor"]

    page = browser.new_context(locale="en-US").new_page()
    page.goto(link)
    expect(page.get_by_role("button", name="Han Mei")).to_be_visible()

    go(security, "/people?tab=sessions")
    row = security.get_by_role("row", name="han")
    row.get_by_role("button", name="Sign out").click()
    security.get_by_role("tooltip").get_by_role("button", name="OK").click()
    expect(row).to_have_count(0)
    assert Accounts(b.app).sessions("han") == []
    page.reload()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    page.context.close()
    done(system)
    done(security)


def test_a_required_second_factor_is_set_up_before_anything_else(browser: Browser, people: Bench) -> None:
    b = people
    security = enter(browser, b, "security-admin")
    go(security, "/people?tab=policies")
    security.get_by_label("Second factor required").click()
    security.get_by_title("Data steward").click()
    expect(security.get_by_text("In force from now on.").first).to_be_visible()
    assert Accounts(b.app).policies()["second_factor"] == ["steward"]
    try:
        context = browser.new_context(locale="en-US")
        page = context.new_page()
        page.goto(f"{b.base}/ui/#/enter/{Accounts(b.app).link(SELF, 'wang')[0]}")
        expect(page.get_by_text("Set it up to go on.")).to_be_visible()
        page.get_by_role("button", name="Set up an authenticator").click()
        secret = page.locator("code").inner_text()
        page.get_by_label("Code that it shows").fill(authenticator(secret))
        page.get_by_role("button", name="Confirm").click()
        expect(page.get_by_text("Your recovery codes")).to_be_visible()
        codes = page.locator("main code").inner_text().split()
        page.get_by_role("button", name="I have kept them").click()
        expect(page.get_by_role("navigation")).to_be_visible()
        context.close()

        context = browser.new_context(locale="en-US")  # a link alone is not enough any more
        page = context.new_page()
        page.goto(f"{b.base}/ui/#/enter/{Accounts(b.app).link(SELF, 'wang')[0]}")
        page.get_by_label("Code").fill(codes[3])
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("navigation")).to_be_visible()
        go(page, "/profile")
        expect(page.get_by_text("9 recovery codes are left.")).to_be_visible()
        context.close()
    finally:
        Accounts(b.app).set_policy(SELF, second_factor=[])
    done(security)


def test_the_auditor_sees_who_did_it_and_whether_the_log_is_whole(browser: Browser, people: Bench) -> None:
    b = people
    Accounts(b.app).grant(SELF, "wang", "business_manager", reason="stands in")
    page = enter(browser, b, "audit-admin")
    go(page, "/audit?action=role.")
    expect(page.get_by_text("role.granted").first).to_be_visible()
    page.get_by_role("button", name="Verify the chain").click()
    expect(page.get_by_text("none altered, missing or moved")).to_be_visible()
    with page.expect_download() as taken:
        page.get_by_role("link", name="Export").click()
    lines = taken.value.path().read_text(encoding="utf-8").splitlines()
    assert {json.loads(line)["action"].partition(".")[0] for line in lines} == {"role"}
    with b.app.store.look() as tx:
        found = journal.search(tx, journal.Asked(actions=("audit.exported",)), limit=1)
    assert (found[0]["actor"], found[0]["detail"]["rows"]) == ("audit-admin", len(lines))
    expect(page.get_by_role("link", name="Master data")).to_have_count(0)
    done(page)
