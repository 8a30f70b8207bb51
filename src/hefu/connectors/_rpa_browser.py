"""One browser, one page, one thread: Playwright's objects belong to the thread that made them.

Whatever the page wants from another host than the recorded ones is refused, so that a system's page cannot carry its
data away and a typed address cannot reach into the company's network.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote, urljoin, urlsplit

from playwright.sync_api import Dialog, Error, Page, Playwright, Route, sync_playwright
from playwright.sync_api import TimeoutError as TooLong

from hefu.connectors._rpa_settings import RpaSettings, Step
from hefu.core.connector import Site
from hefu.core.errors import Denied, Transient, Unsupported

T = TypeVar("T")
PICTURES = 50
_QUIET = (
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-extensions",
    "--blink-settings=imagesEnabled=false",
)


class Browser:
    """The hand that opens, fills and clicks. `run` gives it work; several threads may, one is served at a time."""

    def __init__(self, settings: RpaSettings, site: Site) -> None:
        self.settings, self.site = settings, site
        self.dialogs: list[str] = []
        self._hosts = {urlsplit(url).netloc for url in (settings.url, *settings.also)}
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="hefu-rpa")
        self._lock = threading.Lock()
        self._play: Playwright | None = None
        self._page: Page | None = None

    def run(self, work: Callable[[Page], T]) -> T:
        """Do this on the page, signed in. Raises what the work raises; a browser's own failure as Transient."""
        return self._thread.submit(self._do, work).result()

    def close(self) -> None:
        """End the browser."""
        self._thread.submit(self._end).result()
        self._thread.shutdown()

    # --------------------------------------------------------------- on its thread

    def steps(self, page: Page, steps: Sequence[Step], values: Mapping[str, str]) -> None:
        """Take these steps; `{field}` in them stands for a value. Raises Transient, Denied, and playwright's errors."""
        for step in steps:
            if step.open is not None:
                self.open(page, _filled(step.open, values, quote_plus=True))
            elif step.fill is not None:
                page.fill(_filled(step.fill, values), _filled(step.text, values))
            elif step.choose is not None:
                page.select_option(_filled(step.choose, values), label=_filled(step.text, values))
            elif step.click is not None:
                page.click(_filled(step.click, values))
            elif step.wait is not None:
                page.wait_for_selector(_filled(step.wait, values))

    def open(self, page: Page, path: str) -> None:
        """Go to a path, signing in (again) where the page wants that."""
        self._goto(page, path)
        login = self.settings.login
        if login is not None and page.query_selector(login.password_input) is not None:
            self.sign_in(page)
            self._goto(page, path)

    def sign_in(self, page: Page) -> None:
        """Sign in. Raises Denied."""
        login = self.settings.login
        if login is None:
            return
        self._goto(page, login.open)
        page.fill(login.user_input, login.user)
        page.fill(login.password_input, login.password.get_secret_value())
        page.click(login.submit)
        try:
            page.wait_for_selector(login.inside)
        except TooLong as error:
            picture = self.picture(page)
            raise Denied("rpa.sign_in", connection=self.site.connection, screenshot=picture) from error

    def picture(self, page: Page) -> str:
        """Keep a picture of the page as it is; where it is, or "-"."""
        folder = Path(self.site.folder) / self.settings.screenshots
        name = f"{self.site.connection or 'rpa'}-{self.site.now():%Y%m%dT%H%M%S%f}.png"
        try:
            folder.mkdir(parents=True, exist_ok=True)
            page.screenshot(path=str(folder / name), full_page=True)
            for old in sorted(folder.glob("*.png"))[:-PICTURES]:
                old.unlink(missing_ok=True)
        except (OSError, Error):
            return "-"
        return str(folder / name)

    def _goto(self, page: Page, path: str) -> None:
        url = urljoin(self.settings.url.rstrip("/") + "/", path.lstrip("/"))
        try:
            answer = page.goto(url, wait_until="load")
        except Error as error:
            raise Transient("rpa.unreachable", connection=self.site.connection, url=url, said=_first(error)) from error
        status = 0 if answer is None else answer.status
        if status in (401, 403):
            raise Denied("rpa.forbidden", connection=self.site.connection, url=url, status=status)
        if status == 404:
            raise Unsupported("rpa.no_page", connection=self.site.connection, url=url)
        if status >= 400:
            raise Transient("rpa.unreachable", connection=self.site.connection, url=url, said=str(status))

    def _do(self, work: Callable[[Page], T]) -> T:
        page = self._ready()
        self.dialogs.clear()
        try:
            return work(page)
        except Error as error:
            if page.is_closed() or "crash" in str(error).lower():
                self._end()
                raise Transient("rpa.browser", connection=self.site.connection, said=_first(error)) from error
            raise

    def _ready(self) -> Page:
        if self._page is not None and not self._page.is_closed():
            return self._page
        self._end()
        if not Path(self.settings.chromium).exists():
            raise Unsupported("rpa.no_browser", connection=self.site.connection, path=self.settings.chromium)
        try:
            self._play = sync_playwright().start()
            # Chromium has no sandbox of its own for root; the hub as a service runs as a user of its own.
            browser = self._play.chromium.launch(
                executable_path=self.settings.chromium, args=[*_QUIET], chromium_sandbox=os.geteuid() != 0
            )
        except Error as error:
            self._end()
            raise Transient("rpa.browser", connection=self.site.connection, said=_first(error)) from error
        context = browser.new_context(accept_downloads=False, service_workers="block", locale="zh-CN")
        context.set_default_timeout(self.settings.seconds * 1000)
        context.route("**/*", self._guard)
        page = context.new_page()
        page.on("dialog", self._dialog)
        self._page = page
        return page

    def _guard(self, route: Route) -> None:
        url = urlsplit(route.request.url)
        if url.scheme in ("data", "blob") or url.netloc in self._hosts:
            route.continue_()
        else:
            route.abort("blockedbyclient")

    def _dialog(self, dialog: Dialog) -> None:
        self.dialogs.append(dialog.message)
        dialog.accept()

    def _end(self) -> None:
        self._page = None
        if self._play is not None:
            play, self._play = self._play, None
            play.stop()


def _filled(text: str, values: Mapping[str, str], *, quote_plus: bool = False) -> str:
    for name, value in values.items():
        text = text.replace("{" + name + "}", quote(value, safe="") if quote_plus else value)
    return text


def _first(error: Exception) -> str:
    return str(error).splitlines()[0][:300]
