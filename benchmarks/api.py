"""API to API through the declarative REST connector: full, 1 % changed, idle, webhook to write, under a rate limit."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks import api_project

PORT = 18766
BASE = f"http://127.0.0.1:{PORT}"
RATE = 50
RATE_ROWS, RATE_PAGE = 10_000, 20

Found = dict[str, dict[str, Any]]


@contextmanager
def serving(rows: int, latency: int, rate: int = 0) -> Iterator[None]:
    """Both systems, in a process of their own."""
    env = {**os.environ, "ROWS": str(rows), "LATENCY_MS": str(latency), "RATE": str(rate)}
    command = [sys.executable, "-m", "uvicorn", "benchmarks.api_server:app", "--port", str(PORT)]
    server = subprocess.Popen([*command, "--log-level", "error", "--no-access-log"], env=env)
    try:
        for _ in range(600):
            try:
                urllib.request.urlopen(f"{BASE}/stats").close()
                break
            except urllib.error.URLError:
                time.sleep(0.1)
        yield
    finally:
        server.terminate()
        server.wait()


def resident(folder: Path, store: str | None, cases: str, page: int, width: int, rate: int = 0) -> Found:
    """Run the cases in one hub process with an empty store."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    api_project.write(folder, BASE, page, width, rate)
    env = {**os.environ, "HEFU_HOME": str(folder / ".hefu"), **({"HEFU_STORE": store} if store else {})}
    hefu = [sys.executable, "-c", "from hefu.cli import main; main()"]
    subprocess.run([*hefu, "project", "import", "-C", str(folder), "--json"], env=env, check=True, capture_output=True)
    command = [sys.executable, "-m", "benchmarks.resident", str(folder), BASE, cases]
    done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"api benchmark failed:\n{done.stderr[-3000:]}")
    found: Found = {}
    for line in map(json.loads, done.stdout.splitlines()):
        found.setdefault(line["case"], line)
    return found


def main(work: Path, rows: int, stores: dict[str, str | None]) -> Iterator[tuple[str, str, str, str, str, str]]:
    """Rows of the table: case, records, CPU s, wall s, peak MB, what else was found."""
    for kind, store in stores.items():
        with serving(rows, 20):
            found = resident(work / f"api-{kind}", store, "full,settle,change,settle,idle", 100, 8)
        for case, title in (
            ("full", "full"),
            ("settle", "next round"),
            ("change", "1 % changed"),
            ("idle", "idle round"),
        ):
            yield _row(f"API to API, {title}, store {kind}", rows, found[case])
    with serving(1000, 0):
        found = resident(work / "api-hint", None, "full,settle,hint", 100, 8)
    hint = found["hint"]
    yield ("webhook to write, service idle", "200", f"{hint['cpu']:.3f}", f"{hint['wall']:.3f}", f"{hint['peak']:.0f}",
           f"p50 {hint['p50'] * 1000:.0f} ms, p95 {hint['p95'] * 1000:.0f} ms")  # fmt: skip
    with serving(RATE_ROWS, 20, RATE):
        found = resident(work / "api-rate", None, "full", RATE_PAGE, 8, RATE)
    yield _row(f"API to API, {RATE} calls/s allowed, page {RATE_PAGE}", RATE_ROWS, found["full"], rate=RATE)


def _row(title: str, rows: int, of: dict[str, Any], rate: int = 0) -> tuple[str, str, str, str, str, str]:
    crm, erp = of["crm"], of["erp"]
    said = f"{crm['calls']} + {erp['calls']} calls, {of['right'] / of['rows']:.0%} right"
    if rate:
        calls, refused = crm["calls"] + erp["calls"], crm["refused"] + erp["refused"]
        used = [s["calls"] / max(s["span"], 1) / rate for s in (crm, erp)]
        said += f", {refused / calls:.1%} refused, {used[0]:.0%} + {used[1]:.0%} of the rate used"
    digits = 1 if of["cpu"] > 1 else 4
    return title, str(rows), f"{of['cpu']:.{digits}f}", f"{of['wall']:.{digits}f}", f"{of['peak']:.0f}", said
