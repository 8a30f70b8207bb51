"""A connector beside the asyncio script that somebody would tune by hand for the same system, calls and limits.

Both read every customer and create as many new ones, in a system in another process that answers after 20 ms, eight
calls at a time; the script keeps the vendor's own limits, too. What the script leaves out: types, errors, outcomes per
record, looking whether a create that was not answered is there.

python -m benchmarks.script serve NAME      (one sandbox with a latency; prints its address, ends with its input)
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from benchmarks.vendors import VENDORS, Vendor, connected
from hefu.core.connector import Connector
from hefu.core.env import Env
from hefu.core.records import Write, Written
from hefu.sandbox import catalog
from hefu.sandbox.hands import Hands
from hefu.sandbox.salesforce.oauth import CLIENT_ID, CLIENT_SECRET

LATENCY = 0.02
WIDTH = 8
REPEATS = 3


@contextmanager
def serving(name: str) -> Iterator[str]:
    """A sandbox in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.script", "serve", name]
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert child.stdin is not None
    assert child.stdout is not None
    try:
        url = child.stdout.readline().strip()
        yield url
    finally:
        child.stdin.close()
        child.wait()


def serve(name: str) -> None:
    """The other side of `serving`."""
    from hefu.sandbox.server import Server

    server = Server(catalog.entry(name).open(":memory:", True)).start()
    print(server.url, flush=True)
    sys.stdin.read()
    server.stop()


# ------------------------------------------------------------------- the scripts


class Salesforce:
    """Accounts of an org: pages follow one another, collections of 200 go side by side."""

    name, batch = "salesforce", 200

    async def start(self, http: Any, url: str) -> None:
        """Log in."""
        form = {"grant_type": "client_credentials", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET}
        async with http.post(f"{url}/services/oauth2/token", data=form) as answer:
            token = (await answer.json())["access_token"]
        self.url, self.headers = url, {"Authorization": f"Bearer {token}"}

    async def read(self, http: Any) -> int:
        """Every account."""
        count, path = 0, "/services/data/v60.0/query"
        asked: dict[str, str] | None = {"q": "SELECT Id, SystemModstamp, Name, Phone FROM Account ORDER BY Id"}
        while path:
            async with http.get(self.url + path, params=asked, headers=self.headers) as answer:
                page = await answer.json()
            count, path, asked = count + len(page["records"]), page.get("nextRecordsUrl"), None
        return count

    async def create(self, http: Any, rows: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """One collection."""
        records = [{"attributes": {"type": "Account"}, "HubKey__c": key, **values} for key, values in rows]
        path = "/services/data/v60.0/composite/sobjects/Account/HubKey__c"
        body = {"allOrNone": False, "records": records}
        async with http.patch(self.url + path, json=body, headers=self.headers) as answer:
            assert all(told["success"] for told in await answer.json())


class Jiandaoyun:
    """A form: pages of 100 follow one another at 30 a second, batches of 100 at 10 a second."""

    name, batch = "jiandaoyun", 100

    async def start(self, http: Any, url: str) -> None:
        """The key is in every call."""
        from hefu.sandbox.jiandaoyun.api import API_KEY

        entry = catalog.entry("jiandaoyun").connection
        assert entry is not None
        form = entry(url)["settings"]["forms"]["customer"]
        self.form, self.url = {"app_id": form["app"], "entry_id": form["form"]}, f"{url}/api/v5/app/entry/data"
        self.headers, self._moment = {"Authorization": f"Bearer {API_KEY}"}, 0.0

    async def _pace(self, rate: int) -> None:
        now = time.monotonic()
        self._moment = max(self._moment + 1.03 / rate, now)
        await asyncio.sleep(self._moment - now)

    async def read(self, http: Any) -> int:
        """Every record."""
        count, last = 0, ""
        while True:
            await self._pace(30)
            body = {**self.form, "limit": 100, **({"data_id": last} if last else {})}
            async with http.post(f"{self.url}/list", json=body, headers=self.headers) as answer:
                page = (await answer.json())["data"]
            if not page:
                return count
            count, last = count + len(page), page[-1]["_id"]

    async def create(self, http: Any, rows: Sequence[tuple[str, dict[str, Any]]]) -> None:
        """One batch."""
        await self._pace(10)
        data = [{name: {"value": value} for name, value in {**values, "hub_id": key}.items()} for key, values in rows]
        body = {**self.form, "data_list": data}
        async with http.post(f"{self.url}/batch_create", json=body, headers=self.headers) as answer:
            assert (await answer.json())["success_count"] == len(rows)


SCRIPTS = (Salesforce, Jiandaoyun)


async def scripted(script: Any, url: str, rows: Sequence[tuple[str, dict[str, Any]]]) -> tuple[float, float]:
    """Seconds to (create, read) by the script."""
    import aiohttp

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=WIDTH)) as http:
        await script.start(http, url)
        parts = [rows[n : n + script.batch] for n in range(0, len(rows), script.batch)]
        gate = asyncio.Semaphore(WIDTH)

        async def one(part: Sequence[tuple[str, dict[str, Any]]]) -> None:
            async with gate:
                await script.create(http, part)

        created = await _timed(lambda: asyncio.gather(*(one(part) for part in parts)))
        read = await _timed(lambda: script.read(http))
    return created, read


async def _timed(work: Callable[[], Awaitable[object]]) -> float:
    started = time.perf_counter()
    await work()
    return time.perf_counter() - started


# ------------------------------------------------------------------ the connector


def connectored(connector: Connector, obj: str, rows: Sequence[tuple[str, dict[str, Any]]], most: int) -> Any:
    """Seconds to (create, read) by the connector, batches side by side as the hub sends them."""
    writes = [Write(None, values, token=key) for key, values in rows]
    parts = [writes[n : n + most] for n in range(0, len(writes), most)]
    started = time.perf_counter()
    for told in Env(concurrency=WIDTH).overlap(lambda part: connector.write(obj, part), parts, WIDTH):
        assert all(isinstance(one, Written) for one in told), told
    created = time.perf_counter() - started
    started = time.perf_counter()
    count = sum(len(page.records) for page in connector.read(obj))
    assert count >= len(rows)
    return created, time.perf_counter() - started


def compared(script: Any, vendor: Vendor, rows: int) -> tuple[list[float], list[float]]:
    """The best of some turns of (script create, script read), (connector create, connector read)."""
    best: list[list[float]] = [[], []]
    for _ in range(REPEATS):
        for side in (0, 1):
            data = [(f"{side}{n:025x}", dict(vendor.made(n))) for n in range(rows)]
            with serving(script.name) as url:
                hands = Hands(url)
                hands.fault("delay", times=0, seconds=LATENCY)
                if side == 0:
                    told = asyncio.run(scripted(script(), url, data))
                else:
                    with connected(vendor, url, Env()) as connector:
                        connector.discover()
                        told = connectored(connector, vendor.object, data, script.batch)
            best[side] = [min(pair) for pair in zip(best[side], told, strict=True)] if best[side] else [*told]
    return best[0], best[1]


def main(rows: int) -> Iterator[tuple[str, int, str, str, str]]:
    """Rows of the table: what, records, the script's seconds, the connector's, the ratio."""
    for script in SCRIPTS:
        vendor = next(v for v in VENDORS if v.name == script.name)
        mine, theirs = compared(script, vendor, rows)
        for what, a, b in zip(("create", "read"), mine, theirs, strict=True):
            yield f"{script.name}, {what}", rows, f"{a:.2f}", f"{b:.2f}", f"{b / a:.2f}"


if __name__ == "__main__" and sys.argv[1:2] == ["serve"]:
    serve(sys.argv[2])
