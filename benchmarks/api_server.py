"""Two JSON APIs in one process for the API benchmarks: a CRM that lists customers, an ERP that takes them in bulk.

Both are slow by LATENCY_MS and allow RATE calls a second each (0: any number). ROWS customers are made at the start.
Control: /touch changes a share of the source, /change one record, /wait answers when a phone has arrived in the
target, /stats counts calls and compares source and target.
"""

from __future__ import annotations

import asyncio
import os
import time
from bisect import bisect_left
from collections import deque
from typing import Any
from urllib.parse import parse_qs

import orjson

from benchmarks.data import FIELDS, customers

LATENCY = float(os.environ.get("LATENCY_MS", "20")) / 1000
RATE = int(os.environ.get("RATE", "0"))
NAMES = {
    "code": "customerCode", "name": "fullName", "name_en": "englishName", "tax": "creditCode", "phone": "mobile",
    "email": "email", "address": "addr", "level": "grade", "credit": "creditLimit", "owner": "salesman",
}  # fmt: skip
"""Field of the source -> field of the target."""


class System:
    """Records by id in the order of their last change."""

    def __init__(self) -> None:
        self.records: dict[str, dict[str, Any]] = {}
        self.order: list[str] = []
        self.stamps: list[str] = []
        self.calls: list[float] = []
        self.refused = 0
        self.moved = True
        self._window: deque[float] = deque()

    def sort(self) -> None:
        self.moved = False
        self.order = sorted(self.records, key=lambda i: self.records[i]["updated_at"])
        self.stamps = [self.records[i]["updated_at"] for i in self.order]

    def allowed(self) -> bool:
        """No more than RATE calls within any second."""
        now = time.monotonic()
        self.calls.append(now)
        while self._window and self._window[0] <= now - 1:
            self._window.popleft()
        if RATE and len(self._window) >= RATE:
            self.refused += 1
            return False
        self._window.append(now)
        return True

    def page(self, asked: dict[str, str]) -> bytes:
        if self.moved:
            self.sort()
        size, first = int(asked.get("page_size", "100")), 0
        if asked.get("updated_since"):
            first = bisect_left(self.stamps, asked["updated_since"])
        start = first + (int(asked.get("page", "1")) - 1) * size
        found = [self.records[i] for i in self.order[start : start + size]]
        return orjson.dumps({"data": found, "total": len(self.order) - first})


CRM, ERP = System(), System()
_waiting: dict[str, tuple[str, asyncio.Future[float]]] = {}
_last = [0]


def stamp() -> str:
    """Now, in a moment that no other record has."""
    _last[0] = max(_last[0] + 1, time.time_ns() // 1000)
    seconds, micros = divmod(_last[0], 1_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds)) + f".{micros:06d}Z"


def fill(rows: int) -> None:
    """The source's customers, changed long ago."""
    for row in customers(rows):
        record = dict(zip(FIELDS, row, strict=True))
        record["credit"] = record["credit"].replace(",", "")
        date, clock = record["updated_at"].split(" ")
        record["updated_at"] = f"{date.replace('/', '-')}T{clock}.000000Z"
        CRM.records[record["code"]] = record
    CRM.sort()


def expected(record: dict[str, Any]) -> dict[str, Any]:
    """The source's record as the target must hold it."""
    out = {theirs: record[ours] for ours, theirs in NAMES.items()}
    return out | {"grade": "ABCD".index(record["level"]) + 1, "creditLimit": float(record["credit"])}


def take(rows: list[dict[str, Any]]) -> bytes:
    """Upsert by code; a version that is not the present one refuses that record."""
    results = []
    for row in rows:
        code, old = row["customerCode"], ERP.records.get(row["customerCode"], {})
        if "rev" in row and row["rev"] != old.get("rev"):
            results.append({"error": {"code": "STALE", "message": "changed meanwhile"}})
            continue
        ERP.records[code] = {**old, **row, "rev": old.get("rev", 0) + 1, "updated_at": stamp()}
        results.append({"record": ERP.records[code]})
        phone, waiter = _waiting.get(code, ("", None))
        if waiter is not None and row.get("mobile") == phone and not waiter.done():
            waiter.set_result(time.time())
    ERP.moved = True
    return orjson.dumps({"results": results})


def touch(percent: float) -> None:
    """Another phone for a share of the customers."""
    for code in list(CRM.records)[:: int(100 / percent)]:
        record = CRM.records[code]
        record["phone"], record["updated_at"] = f"15{_last[0] % 10**9:09d}", stamp()
    CRM.moved = True


async def wait(code: str, phone: str) -> bytes:
    """Change one phone; the moment when it has arrived in the target."""
    _waiting[code] = (phone, asyncio.get_running_loop().create_future())
    CRM.records[code]["phone"], CRM.records[code]["updated_at"] = phone, stamp()
    CRM.moved = True
    return b"{}"


def stats(keep: bool) -> bytes:
    """Calls since they were last counted (`keep`: they count on), and how many records of the target are right."""
    right = sum(
        all(ERP.records.get(code, {}).get(k) == v for k, v in expected(record).items())
        for code, record in CRM.records.items()
    )
    told = {
        name: {
            "calls": len(system.calls),
            "refused": system.refused,
            "span": system.calls[-1] - system.calls[0] if len(system.calls) > 1 else 0,
        }
        for name, system in (("crm", CRM), ("erp", ERP))
    }
    for system in () if keep else (CRM, ERP):
        system.calls, system.refused = [], 0
    return orjson.dumps({**told, "right": right, "rows": len(CRM.records)})


async def answer(path: str, asked: dict[str, str], body: bytes) -> tuple[int, bytes]:
    """Status and body."""
    system = {"crm": CRM, "erp": ERP}.get(path.split("/")[1])
    if system is not None:
        if not system.allowed():
            return 429, b'{"error":{"code":"RATE"}}'
        await asyncio.sleep(LATENCY)
        if body:
            return 200, take(orjson.loads(body))
        if path.count("/") == 3:
            record = system.records.get(path.rsplit("/", 1)[1])
            return (200, orjson.dumps(record)) if record else (404, b"{}")
        return 200, system.page(asked)
    if path == "/change":
        return 200, await wait(asked["code"], asked["phone"])
    if path == "/wait":
        return 200, orjson.dumps({"at": await asyncio.wait_for(_waiting[asked["code"]][1], 60)})
    if path == "/touch":
        touch(float(asked["percent"]))
        return 200, b"{}"
    return 200, stats("keep" in asked)


async def app(scope: dict[str, Any], receive: Any, send: Any) -> None:
    """ASGI."""
    if scope["type"] == "lifespan":
        await receive()
        fill(int(os.environ.get("ROWS", "1000")))
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        return
    body, more = b"", True
    while more:
        message = await receive()
        body, more = body + message.get("body", b""), message.get("more_body", False)
    asked = {k: v[0] for k, v in parse_qs(scope["query_string"].decode()).items()}
    status, out = await answer(scope["path"], asked, body)
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(out)), (b"retry-after", b"1")]
    await send({"type": "http.response.start", "status": status, "headers": headers[: 3 if status == 429 else 2]})
    await send({"type": "http.response.body", "body": out})
