"""A person in front of the console, in a real browser: comes in, goes about, and tells what hinders them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from bench import SELF, Bench
from playwright.sync_api import Browser, ConsoleMessage, Page, expect, sync_playwright

from hefu.app.accounts import Accounts
from hefu.connectors.memory import MemorySystem
from hefu.web.console import STATIC

expect.set_options(timeout=20_000)  # on a machine that has other things to do

CHROMIUM = shutil.which("chromium")
AXE = Path(__file__).parents[2] / "frontend/node_modules/axe-core/axe.min.js"


def _needs(there: bool, what: str) -> None:
    if not there and os.environ.get("HEFU_CI"):
        pytest.fail(what)
    if not there:
        pytest.skip(what)


@contextmanager
def browsing() -> Iterator[Browser]:
    """Chromium, where there is one and the console was built."""
    _needs(CHROMIUM is not None, "install Chromium: apt-get install chromium")
    _needs((STATIC / "index.html").is_file(), "build the console: make console")
    with sync_playwright() as play:
        found = play.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


def _is_fault(said: ConsoleMessage) -> bool:
    return said.type == "error" and "401" not in said.text  # which is how a page learns that nobody is signed in


def enter(browser: Browser, b: Bench, login: str, language: str = "en-US") -> Page:
    """A page of who came in by a one-time link; what a browser finds wrong with it ends the test."""
    context = browser.new_context(locale=language, viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(20_000)
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if _is_fault(said) else None)
    foreign = [b.base]
    page.on("request", lambda asked: wrong.append(asked.url) if not asked.url.startswith((*foreign, "data:")) else None)
    page.wrong = wrong  # type: ignore[attr-defined]
    ticket, _ = Accounts(b.app).link(SELF, login)
    page.goto(f"{b.base}/ui/#/enter/{ticket}")
    expect(page.get_by_role("navigation")).to_be_visible()
    return page


def go(page: Page, path: str) -> None:
    """To a screen by its address."""
    page.goto(page.url.split("/ui/")[0] + "/ui" + path)


def hindrances(page: Page) -> list[tuple[str, list[str]]]:
    """What keeps people with keyboard, reader or weak eyes from this page: axe's serious and critical findings."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found = page.evaluate("async () => (await axe.run({resultTypes: ['violations']})).violations")
    heavy = [one for one in found if one["impact"] in ("serious", "critical")]
    return [(one["id"], [node["html"][:160] for node in one["nodes"][:3]]) for one in heavy]


def held(system: MemorySystem, record_id: str, field: str) -> object:
    """What the system holds now."""
    found = system.get("customer", record_id, "10")
    assert found is not None
    return found[field]


__all__ = ["AXE", "browsing", "enter", "go", "held", "hindrances"]
