"""The console in a real browser, on a real hub: each screen answers its question, in both languages.

Stories end in what the systems hold, not in what the page says.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from bench import CANARY, Bench
from browsing import AXE, enter, go, held, hindrances
from playwright.sync_api import Browser, expect

from hefu.core.rights import Scope
from hefu.web.console import serve

SCREENS = {
    "/": ("驾驶舱", "Cockpit"),
    "/start": ("上线检查", "Go-live checklist"),
    "/issues": ("异常台", "Issue desk"),
    "/conflicts": ("冲突台", "Conflict desk"),
    "/plans": ("计划与批准", "Plans"),
    "/records": ("主数据", "Master data"),
    "/syncs": ("同步任务", "Flows"),
    "/runs": ("运行", "Runs"),
    "/connections": ("连接", "Connections"),
    "/mappings": ("映射", "Mappings"),
    "/value-maps": ("值映射", "Value maps"),
    "/objects": ("对象与字段", "Objects and fields"),
    "/connections/new": ("新建连接", "New connection"),
    "/migrations": ("数据迁移", "Migration"),
    "/cutovers": ("系统切换", "Cutover"),
    "/backups": ("备份", "Backups"),
    "/reconciliation": ("对账", "Reconciliation"),
}


@pytest.fixture(scope="module")
def people(b: Bench) -> Bench:
    b.account("steward-li", "steward", name="李")
    b.account("clerk-wang", "clerk", Scope(organisations=frozenset({"10"})))
    return b


@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
def test_every_screen_opens_without_a_fault_and_can_be_used_by_everybody(
    browser: Browser, people: Bench, language: str
) -> None:
    page = enter(browser, people, "root", language)
    for path, titles in SCREENS.items():
        go(page, path)
        title = titles[0 if language == "zh-CN" else 1]
        expect(page.get_by_role("heading", level=1)).to_have_text(title)
        expect(page).to_have_title(f"{title} · Hefu 合符")
        expect(page.locator(".ant-spin-spinning")).to_have_count(0)
        if AXE.is_file():
            assert hindrances(page) == [], path
    assert page.wrong == []  # type: ignore[attr-defined]
    page.context.close()


def test_a_conflict_is_settled_by_one_key_and_both_systems_agree(browser: Browser, people: Bench) -> None:
    b = people
    b.crm.edit("customer", "crm-4", {"terms": "45 days"}, organisation="10")
    b.erp.edit("customer", "erp-4", {"terms": "60 days"}, organisation="10")
    b.round()
    page = enter(browser, b, "steward-li")
    go(page, "/conflicts")
    expect(page.get_by_text("Customer 4")).to_be_visible()
    expect(page.get_by_text("45 days")).to_be_visible()
    expect(page.get_by_text("60 days")).to_be_visible()
    page.keyboard.press("3")
    expect(page.get_by_text("No conflict waits.")).to_be_visible()
    b.round()
    both = {held(b.crm, "crm-4", "terms"), held(b.erp, "erp-4", "terms")}
    assert len(both) == 1
    assert both <= {"45 days", "60 days"}
    assert page.wrong == []  # type: ignore[attr-defined]
    page.context.close()


def test_a_plan_is_made_looked_at_signed_and_applied(browser: Browser, people: Bench) -> None:
    b = people
    b.crm.edit("customer", "crm-5", {"phone": "13800009999"}, organisation="10")
    page = enter(browser, b, "root")
    go(page, "/plans")
    page.get_by_role("button", name="Make a plan").click()
    expect(page.get_by_text("13800009999")).to_be_visible()
    assert held(b.erp, "erp-5", "phone") != "13800009999"
    page.get_by_role("button", name="Sign").click()
    page.get_by_role("dialog").get_by_role("button", name="OK").click()
    page.get_by_role("button", name="Apply").click()
    page.get_by_role("dialog").get_by_role("button", name="OK").click()
    expect(page.get_by_role("row", name="Customer 5").get_by_text("written")).to_be_visible()
    assert held(b.erp, "erp-5", "phone") == "13800009999"
    page.context.close()


def test_who_may_not_see_a_value_finds_it_on_no_screen(browser: Browser, people: Bench) -> None:
    b = people
    page = enter(browser, b, "clerk-wang")
    golden = b.golden("C003")
    for path in ("/records", f"/trace/{golden}", "/runs", "/issues"):
        go(page, path)
        expect(page.locator(".ant-spin-spinning")).to_have_count(0)
        assert CANARY not in page.content(), path
    go(page, "/records?q=" + CANARY)
    expect(page.get_by_text("No record fits.")).to_be_visible()
    expect(page.get_by_role("link", name="Connections")).to_have_count(0)
    page.context.close()


def test_what_the_checklist_misses_is_mended_where_it_leads_to(browser: Browser, people: Bench) -> None:
    page = enter(browser, people, "root")
    go(page, "/start")
    line = page.get_by_role("listitem").filter(has_text="Backup verified")
    expect(line.get_by_text("No backup was made and verified yet.")).to_be_visible()
    line.get_by_role("button", name="Go there").click()
    page.get_by_role("button", name="Back up now").click()
    expect(page.get_by_role("row").filter(has_text=".hefubackup")).to_be_visible()
    go(page, "/start")
    expect(page.get_by_role("listitem").filter(has_text="Backup verified").get_by_text("done")).to_be_visible()
    assert people.root.get("/backups")["items"]
    assert page.wrong == []  # type: ignore[attr-defined]
    page.context.close()


def test_a_connection_is_tested_as_typed_and_saved(browser: Browser, people: Bench) -> None:
    page = enter(browser, people, "root")
    go(page, "/connections/crm")
    page.get_by_label("English title").fill("Our CRM")
    page.get_by_role("button", name="Test before saving").click()
    expect(page.get_by_text("Reached: 1 objects.")).to_be_visible()
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Our CRM")
    document = people.root.get("/documents/connection/crm")["document"]
    assert document["title"] == {"en": "Our CRM"}
    assert document["settings"] == {"system": "crm", "user": "hub"}, "what was not touched is as it was"
    page.context.close()


def test_signing_out_ends_the_session(browser: Browser, people: Bench) -> None:
    page = enter(browser, people, "root")
    page.get_by_role("button", name="root").click()
    page.get_by_text("Sign out").click()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    page.reload()
    expect(page.get_by_role("button", name="Sign in")).to_be_visible()
    page.context.close()


def test_a_console_that_was_not_built_says_how(tmp_path: Path) -> None:
    answer = serve(tmp_path, "")
    assert answer.status_code == 503
    assert b"make console" in answer.body


def test_nothing_outside_the_build_is_served(tmp_path: Path) -> None:
    static = tmp_path / "static"
    (static / "assets").mkdir(parents=True)
    (static / "index.html").write_text("<p>console</p>")
    (static / "assets" / "a-1.js").write_text("1")
    (tmp_path / "secret.txt").write_text("secret")
    assert "immutable" in serve(static, "assets/a-1.js").headers["cache-control"]
    assert serve(static, "assets/gone.js").status_code == 404
    assert serve(static, "assets/../../secret.txt").status_code == 404
    for path in ("../secret.txt", "/etc/passwd", "trace/1", ""):
        answer = serve(static, path)
        assert getattr(answer, "path", None) == static / "index.html", path
        assert answer.headers["cache-control"] == "no-cache"
