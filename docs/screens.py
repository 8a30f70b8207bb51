"""Pictures of every screen in both languages, taken of the demo pair by a real browser: `python -m docs.screens`.

The screens are those of the console's own list (`frontend/src/frame/screens.tsx`): a new one is in the next pictures
by itself. Writes `docs/screens/*.webp` and their index.
"""

from __future__ import annotations

import json
import re
import shutil
import signal
import subprocess
import sys
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, expect, sync_playwright

ROOT = Path(__file__).parents[1]
OUT = Path(__file__).parent / "screens"
WORDS = {
    lang: json.loads((ROOT / f"frontend/src/words/{lang}.json").read_text(encoding="utf-8")) for lang in ("zh", "en")
}
PLACE = re.compile(r'\{ path: "(?P<path>[^"]+)", name: "(?P<name>[^"]+)"')
SIZE = {"width": 1360, "height": 850}
QUALITY = 55
PATIENCE = 600

RUNBOOK = {
    "title": {"zh": "切换到新 ERP", "en": "Move to the new ERP"},
    "flows": ["customers"],
    "steps": [
        {"step": "compare", "title": {"zh": "核对客户", "en": "Compare the customers"}, "owner": "李平",
         "check": {"kind": "issues", "at_most": 500}, "must": True},
        {"step": "tell", "title": {"zh": "通知全体员工", "en": "Tell everybody"}, "owner": "王芳"},
        {"step": "open", "title": {"zh": "开放新系统", "en": "Open the new system"}, "owner": "李平", "after_go": True},
    ],
}  # fmt: skip


def places() -> list[tuple[str, str]]:
    """(path, key of the name) of every screen, as the console lists them."""
    text = (ROOT / "frontend/src/frame/screens.tsx").read_text(encoding="utf-8")
    return [(found["path"], found["name"]) for found in PLACE.finditer(text)]


@contextmanager
def demo(folder: Path, listen: str) -> Iterator[str]:
    """The demo, kept in step; the link that lets one in."""
    program = Path(sys.executable).with_name("hefu")
    log = folder.with_suffix(".log")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with log.open("w", encoding="utf-8") as said:
        words = [str(program), "demo", "--folder", str(folder), "--listen", listen]
        running = subprocess.Popen(words, stdout=said, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + PATIENCE
        while not (link := re.search(r"http://\S+/ui/#/enter/\S+", log.read_text(encoding="utf-8"))):
            if running.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(log.read_text(encoding="utf-8"))
            time.sleep(0.5)
        yield link.group()
    finally:
        running.send_signal(signal.SIGINT)
        running.wait(60)


class Hub:
    """The API as the page in front of it may ask it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.csrf = self.ask("GET", "/me")["csrf"]

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """The answer as JSON."""
        script = """async ([method, path, body, csrf]) => {
          const headers = {"Content-Type": "application/json", ...(csrf ? {"X-CSRF-Token": csrf} : {}),
            ...(method === "PUT" ? {"If-None-Match": "*"} : {})};
          const sent = body === null ? undefined : JSON.stringify(body);
          return (await fetch("/api/v1" + path, {method, headers, body: sent})).json();
        }"""
        return self.page.evaluate(script, [method, path, body, getattr(self, "csrf", None)])

    def job(self, path: str, body: Any) -> Any:
        """Ask for long work and wait for its end."""
        made = self.ask("POST", path, body)
        deadline = time.monotonic() + PATIENCE
        while made.get("state") in ("waiting", "running") and time.monotonic() < deadline:
            time.sleep(0.5)
            made = self.ask("GET", f"/jobs/{made['id']}")
        return made

    def first(self, path: str, name: str = "id") -> str | None:
        """The first of a list."""
        items = self.ask("GET", path).get("items") or []
        return str(items[0][name]) if items else None


def furnish(hub: Hub) -> None:
    """Something for every screen to show."""
    connections = {one["connection"]: one for one in hub.ask("GET", "/connections")["items"]}
    for name in connections:
        hub.ask("POST", f"/connections/{name}/test", {})
    if hub.first("/reconciliations") is None:
        hub.job("/reconciliations", {})
    if hub.first("/backups", "name") is None:
        hub.job("/backups", {})
    if hub.first("/migrations") is None:
        batch = hub.job("/migrations", {"source": "crm_customer", "target": "erp_customer"})["result"]["batch"]
        hub.job(f"/migrations/{batch}/check", {})
    if hub.first("/cutovers", "cutover") is None:
        address = {}
        for name in connections:
            settings = hub.ask("GET", f"/documents/connection/{name}")["document"]["settings"]
            address[name] = {"url": settings["url"]}
        hub.ask("PUT", "/documents/cutover/new_erp", {"document": {**RUNBOOK, "rehearsal": address}})
        hub.ask("POST", "/cutovers/new_erp/start", {"mode": "rehearsal"})
        hub.job("/cutovers/rehearsal/carry-out", {"sign": False})


def filled(hub: Hub, path: str) -> str | None:
    """A path with ids of something that is there; None where there is nothing to show."""
    known = {
        "plan": lambda: hub.first("/plans"),
        "id": lambda: hub.first("/records?entity=customer"),
        "run": lambda: hub.first("/runs?kind=apply") or hub.first("/runs"),
        "connection": lambda: "erp",
        "batch": lambda: hub.first("/migrations"),
        "mapping": lambda: "crm_customer",
        "login": lambda: hub.first("/users", "login"),
        "role": lambda: "steward",
    }
    for name in re.findall(r":(\w+)", path):
        found = known[name]() if name in known else None
        if found is None:
            return None
        path = path.replace(f":{name}", found)
    return path


def picture(page: Page, file: Path) -> None:
    """What the page shows once nothing moves any more."""
    page.wait_for_load_state("load")
    page.get_by_role("heading", level=1).wait_for(timeout=60_000)
    expect(page.locator(".ant-spin-spinning")).to_have_count(0, timeout=60_000)
    page.wait_for_timeout(1500)  # titles have come, and what slides in has slid
    line = page.context.new_cdp_session(page)
    shot = line.send("Page.captureScreenshot", {"format": "webp", "quality": QUALITY})
    file.write_bytes(b64decode(shot["data"]))
    line.detach()


def index(taken: list[tuple[str, str, str]], language: str, here: str) -> str:
    """The page that shows them all, in one language; `here`: where the pictures are from it."""
    heads = {
        "en": ["# Every screen", "Taken of the demo by `make screens`; the companies are invented."],
        "zh": ["# 全部界面", "由 `make screens` 在演示环境中截取，企业均为虚构。"],
    }
    title, about = heads[language]
    lines = [title, "", about]
    for path, name, file in taken:
        called = WORDS[language][name]
        lines += ["", f"## {called} `{path}`", "", f"![{called}]({here}{file}.{language}.webp)"]
    return "\n".join(lines) + "\n"


def main(folder: Path, listen: str) -> None:
    """Start the demo, take the pictures, write the index."""
    OUT.mkdir(exist_ok=True)
    for old in OUT.glob("*.webp"):
        old.unlink()
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    with demo(folder, listen) as link, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        page = browser.new_page(viewport=SIZE, locale="en-US")
        page.set_default_timeout(60_000)
        page.goto(link)
        page.get_by_role("navigation").wait_for()
        hub, base = Hub(page), link.split("/ui/")[0]
        furnish(hub)
        taken = []
        for path, name in places():
            whole = filled(hub, path)
            if whole is None:
                print(f"nothing to show on {path}")
                continue
            file = re.sub(r"[^a-z]+", "-", path.strip("/").lower()).strip("-") or "cockpit"
            for language in ("zh", "en"):
                page.evaluate("language => localStorage.setItem('hefu.language', language)", language)
                page.goto(f"{base}/ui{whole}")
                picture(page, OUT / f"{file}.{language}.webp")
            taken.append((path, name, file))
            print(path)
        browser.close()
    for language, folder_of, here in (("en", OUT, ""), ("zh", OUT.parent / "zh/screens", "../../screens/")):
        folder_of.mkdir(exist_ok=True)
        (folder_of / "README.md").write_text(index(taken, language, here), encoding="utf-8")


if __name__ == "__main__":
    main(
        Path(sys.argv[1] if len(sys.argv) > 1 else ".demo/screens").resolve(),
        sys.argv[2] if len(sys.argv) > 2 else "127.0.0.1:8490",
    )
