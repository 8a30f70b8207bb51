"""The mapper, value maps and objects in a real browser: from a joined field to the value in the other system."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from bench import Bench
from browsing import AXE, enter, go, held, hindrances
from playwright.sync_api import Browser, Page, expect


@pytest.fixture(scope="module")
def mapped(b: Bench) -> Bench:
    """With a code list at one field, and a code in real data that it does not know."""
    there = b.root.ask("GET", "/documents/mapping/crm_customer")
    fields = [
        {**one, "values": {"north": "north"}} if one["field"] == "department" else one
        for one in there.json["document"]["fields"]
    ]
    b.root.ask(
        "PUT", "/documents/mapping/crm_customer", {"document": {**there.json["document"], "fields": fields}},
        {"If-Match": there.headers["etag"]},
    )  # fmt: skip
    b.account("clerk-x", "clerk")
    return b


@pytest.fixture
def page(browser: Browser, b: Bench) -> Iterator[Page]:
    found = enter(browser, b, "root")
    yield found
    assert found.wrong == []  # type: ignore[attr-defined]
    found.context.close()


def column(page: Page, side: str, name: str):  # type: ignore[no-untyped-def]
    """A field that is not joined yet, or a pair that is."""
    return page.locator(f'[data-column="{side}"]').filter(has_text=name).first


def test_a_field_is_mapped_by_keyboard_tried_published_by_a_plan_and_arrives(page: Page, b: Bench) -> None:
    go(page, "/mappings/crm_customer")
    keys = page.keyboard
    column(page, "pairs", "terms").focus()
    keys.press("Enter")
    page.get_by_role("button", name="Part them").focus()
    keys.press("Enter")
    column(page, "theirs", "terms").focus()
    keys.press("Enter")
    expect(page.get_by_text("terms is picked")).to_be_visible()
    keys.press("ArrowRight")
    keys.press("Enter")
    expect(page.get_by_role("heading", level=2)).to_have_text("terms")

    page.get_by_role("checkbox", name="Expression over").focus()
    keys.press("Space")
    page.locator(".cm-content").focus()
    keys.press("Control+a")
    keys.type("upper(trems)")
    expect(page.get_by_text("'trems' is not known. Nearest: terms.").first).to_be_visible()
    keys.press("Control+a")
    keys.type("upper(terms)")
    expect(page.get_by_text("The hub takes it.")).to_be_visible()
    expect(page.get_by_role("cell", name="30 DAYS from 30 days").first).to_be_visible()
    page.get_by_text("theirs to us").click()
    page.get_by_role("combobox", name="Owner: whose value wins").click()
    page.get_by_title("crm", exact=True).click()

    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_text("draft, not in effect")).to_be_visible()
    assert held(b.erp, "erp-4", "terms") == "30 days"
    page.get_by_role("button", name="What would it change?").click()
    expect(page.get_by_text("12 to change").first).to_be_visible()
    expect(page.get_by_text("Applying this plan publishes the draft")).to_be_visible()
    expect(page.get_by_role("cell", name="upper(terms)")).to_be_visible()
    assert held(b.erp, "erp-4", "terms") == "30 days"
    page.get_by_role("button", name="Sign").click()
    page.get_by_role("dialog").get_by_role("button", name="OK").click()
    page.get_by_role("button", name="Apply").click()
    page.get_by_role("dialog").get_by_role("button", name="OK").click()
    expect(page.get_by_text("This plan published the draft")).to_be_visible()
    expect(page.get_by_role("row", name="Customer 4").get_by_text("written")).to_be_visible()
    assert held(b.erp, "erp-4", "terms") == "30 DAYS"
    go(page, "/mappings/crm_customer")
    expect(page.get_by_text("in effect (version")).to_be_visible()


@pytest.mark.parametrize("language", ["zh-CN", "en-US"])
def test_the_screens_can_be_used_by_everybody(browser: Browser, mapped: Bench, language: str) -> None:
    page = enter(browser, mapped, "root", language)
    go(page, "/mappings/crm_customer")
    column(page, "pairs", "name").click()
    expect(page.get_by_role("heading", level=2)).to_have_text("name")
    expect(page.get_by_role("cell", name="C000")).to_be_visible()
    expect(page.locator(".ant-spin-spinning")).to_have_count(0)
    assert not AXE.is_file() or hindrances(page) == []
    page.get_by_role("checkbox", name="改用表达式" if language == "zh-CN" else "Expression over").check()
    expect(page.locator(".cm-content")).to_be_visible()
    assert not AXE.is_file() or hindrances(page) == []
    go(page, "/value-maps")
    expect(page.get_by_text("south").first).to_be_visible()
    assert not AXE.is_file() or hindrances(page) == []
    go(page, "/objects")
    expect(page.get_by_text("south ×6")).to_be_visible()
    assert not AXE.is_file() or hindrances(page) == []
    assert page.wrong == []  # type: ignore[attr-defined]
    page.context.close()


def test_a_field_is_joined_by_drag_and_every_suggestion_at_once(page: Page) -> None:
    go(page, "/mappings/erp_customer")
    for name in ("phone", "name"):
        column(page, "pairs", name).click()
        page.get_by_role("button", name="Part them").click()
    column(page, "theirs", "phone").drag_to(column(page, "ours", "phone"))
    expect(page.get_by_role("heading", level=2)).to_have_text("phone")
    page.get_by_role("button", name="Suggest pairs").click()
    page.get_by_role("button", name="Accept 1").click()
    expect(column(page, "pairs", "name")).to_be_visible()
    expect(page.get_by_text("5 of 5 fields are joined.")).to_be_visible()


def test_a_code_that_no_map_knows_gets_a_meaning(page: Page, mapped: Bench) -> None:
    go(page, "/value-maps")
    expect(page.get_by_text("hold codes that no map knows")).to_be_visible()
    ours = page.get_by_role("combobox", name="Ours for south")
    ours.fill("south")
    expect(page.get_by_text("Every code in 12 records has a meaning.")).to_be_visible()
    page.get_by_role("button", name="Save draft").click()
    expect(page.get_by_text("it is not in effect yet")).to_be_visible()
    draft = mapped.root.get("/mappings/crm_customer/workbench")["document"]["fields"]
    assert next(f for f in draft if f["field"] == "department")["values"] == {"north": "north", "south": "south"}
    page.get_by_role("button", name="Discard the draft").click()
    page.get_by_role("dialog").get_by_role("button", name="OK").click()
    expect(page.get_by_text("it is not in effect yet")).to_have_count(0)


def test_an_error_stands_at_its_cell(page: Page, mapped: Bench) -> None:
    go(page, "/mappings/crm_customer")
    expect(page.get_by_text("of 12 real records cannot be read completely.")).to_be_visible()
    expect(page.get_by_role("cell", name="south").first).to_contain_text("does not know 'south'")
    page.get_by_role("tab", name="Problems").click()
    page.get_by_role("button", name="Go there").first.click()
    expect(page.get_by_role("heading", level=2)).to_have_text("department")


def test_who_may_not_edit_looks_and_sees_no_masked_value(browser: Browser, mapped: Bench) -> None:
    page = enter(browser, mapped, "clerk-x")
    go(page, "/mappings/crm_customer")
    expect(page.get_by_role("cell", name="C000")).to_be_visible()
    expect(page.get_by_role("cell", name="***").first).to_be_visible()
    assert "1380000" not in page.content()
    assert "30 days" not in page.content()
    expect(page.get_by_role("button", name="Save draft")).to_have_count(0)
    expect(page.get_by_role("link", name="Objects and fields")).to_have_count(0)
    page.context.close()
