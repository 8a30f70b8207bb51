"""Compares HTTP clients as the hub uses one: synchronous calls from several threads over kept-alive connections.

    python benchmarks/http_clients.py [--threads 8] [--calls 3000] [CLIENT ...]

Starts its own server (plain and TLS) as another process and runs each client in a process of its own, so that CPU time
and memory are the client's. A client that is not installed is left out. Needs uvicorn, httptools, uvloop, cryptography.
Figures per call: CPU microseconds of the client (user + system); lower is better. See docs/adr/0002-http-client.md.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import ssl
import subprocess
import sys
import tempfile
import threading
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

CLIENTS = ["http.client", "urllib3", "requests", "httpx", "httpx2", "niquests", "pycurl", "aiohttp"]
PORTS = {"http": 18931, "https": 18932}
RECORD = {
    "id": 100000, "code": "C-0000100000", "name": "上海某某机械设备有限公司", "name_en": "Shanghai Machinery Co., Ltd.",
    "tax_id": "91310000MA1K000000", "phone": "13800138000", "email": "someone@example.com",
    "address": "浦东新区某路 100 号",
    "level": "A", "credit_limit": "120000.00", "owner": "wang", "updated_at": "2026-01-31 08:00:00",
}  # fmt: skip
Get = Callable[[str], bytes]


# ---------------------------------------------------------------- the server (imported by uvicorn)

_SMALL = b'{"ok": true, "id": 1}'
_PAGE = json.dumps({"data": [RECORD | {"id": n} for n in range(100)], "total": 100000}, ensure_ascii=False).encode()
_seen: set[tuple[str, int]] = set()


async def app(scope, receive, send):  # type: ignore[no-untyped-def]
    """GET /small, /page, /connections (how many since the last question)."""
    if scope["type"] == "lifespan":
        while True:
            kind = (await receive())["type"].split(".")[1]
            await send({"type": f"lifespan.{kind}.complete"})
            if kind == "shutdown":
                return
    if scope["path"] == "/connections":
        body = str(len(_seen)).encode()
        _seen.clear()
    else:
        _seen.add(tuple(scope["client"]))
        body = _SMALL if scope["path"] == "/small" else _PAGE
    headers = [
        (b"content-type", b"application/json"),
        (b"content-length", b"%d" % len(body)),
        (b"x-request-id", b"7c2f"),
    ]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def certificate(folder: Path) -> tuple[Path, Path]:
    """A self-signed certificate of 127.0.0.1 and its key, as files."""
    from ipaddress import ip_address

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(1).not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=2))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )  # fmt: skip
    crt, pem = folder / "crt.pem", folder / "key.pem"
    crt.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    pem.write_bytes(key.private_bytes(*private))
    return crt, pem


# ---------------------------------------------------------------- the clients


def stdlib(crt: str, _width: int) -> Get:
    """A bare pool of `http.client` connections: what Python itself costs."""
    import http.client
    from urllib.parse import urlsplit

    free: dict[str, deque[http.client.HTTPConnection]] = {"http": deque(), "https": deque()}
    context = ssl.create_default_context(cafile=crt)

    def get(url: str) -> bytes:
        at = urlsplit(url)
        try:
            line = free[at.scheme].pop()
        except IndexError:
            tls = at.scheme == "https"
            line = (
                http.client.HTTPSConnection(at.netloc, context=context)
                if tls
                else http.client.HTTPConnection(at.netloc)
            )
        line.request("GET", at.path)
        body = line.getresponse().read()
        free[at.scheme].append(line)
        return body

    return get


def with_urllib3(crt: str, width: int) -> Get:
    import urllib3

    pool = urllib3.PoolManager(maxsize=width, ssl_context=ssl.create_default_context(cafile=crt))
    return lambda url: pool.request("GET", url, retries=False).data


def with_requests(crt: str, width: int, name: str = "requests") -> Get:
    module = __import__(name)
    session = module.Session()
    session.trust_env = False  # else REQUESTS_CA_BUNDLE wins over our file
    session.verify = crt
    adapter = module.adapters.HTTPAdapter(pool_maxsize=width)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    return lambda url: session.get(url).content


def with_httpx(crt: str, width: int, name: str = "httpx") -> Get:
    module = __import__(name)
    limits = module.Limits(max_connections=width, max_keepalive_connections=width)
    client = module.Client(verify=ssl.create_default_context(cafile=crt), limits=limits)
    return lambda url: client.get(url).content


def with_pycurl(crt: str, _width: int) -> Get:
    from io import BytesIO

    import pycurl

    free: deque[pycurl.Curl] = deque()

    def get(url: str) -> bytes:
        try:
            line = free.pop()
        except IndexError:
            line = pycurl.Curl()
            line.setopt(pycurl.CAINFO, crt)
            line.setopt(pycurl.NOSIGNAL, 1)
        out, headers = BytesIO(), BytesIO()
        line.setopt(pycurl.HEADERFUNCTION, headers.write)
        line.setopt(pycurl.WRITEFUNCTION, out.write)
        line.setopt(pycurl.URL, url)
        line.perform()
        free.append(line)
        return out.getvalue()

    return get


def with_aiohttp(crt: str, width: int) -> Get:
    """An event loop in a thread of its own; callers wait for its futures."""
    import asyncio

    import aiohttp

    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()

    async def start() -> aiohttp.ClientSession:
        tls = aiohttp.TCPConnector(limit=width, ssl=ssl.create_default_context(cafile=crt))
        return aiohttp.ClientSession(connector=tls)

    session = asyncio.run_coroutine_threadsafe(start(), loop).result()

    async def fetch(url: str) -> bytes:
        async with session.get(url) as answer:
            return await answer.read()

    return lambda url: asyncio.run_coroutine_threadsafe(fetch(url), loop).result()


MAKE: dict[str, Callable[[str, int], Get]] = {
    "http.client": stdlib,
    "urllib3": with_urllib3,
    "requests": with_requests,
    "httpx": with_httpx,
    "httpx2": lambda crt, width: with_httpx(crt, width, "httpx2"),
    "niquests": lambda crt, width: with_requests(crt, width, "niquests"),
    "pycurl": with_pycurl,
    "aiohttp": with_aiohttp,
}


# ---------------------------------------------------------------- the measurement


def timed(get: Get, url: str, calls: int, threads: int) -> tuple[float, float]:
    """(CPU, wall) microseconds a call, after a warm-up."""

    def run(count: int) -> None:
        for _ in range(count):
            get(url)

    def all_threads(count: int) -> None:
        workers = [threading.Thread(target=run, args=(count // threads,)) for _ in range(threads)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    all_threads(threads * 5)
    cpu, wall = time.process_time(), time.perf_counter()
    all_threads(calls)
    return (time.process_time() - cpu) / calls * 1e6, (time.perf_counter() - wall) / calls * 1e6


def measure(name: str, crt: str, calls: int, threads: int) -> dict[str, object]:
    before = time.process_time()
    get = MAKE[name](crt, threads)
    out: dict[str, object] = {"client": name, "start_ms": round((time.process_time() - before) * 1e3)}
    for scheme, port in PORTS.items():
        base = f"{scheme}://127.0.0.1:{port}"
        for path in ("small", "page"):
            get(f"{base}/connections")
            cpu, wall = timed(get, f"{base}/{path}", calls, threads)
            out[f"{scheme}_{path}_us"] = round(cpu)
            out[f"{scheme}_{path}_wall_us"] = round(wall)
        out[f"{scheme}_connections"] = int(get(f"{base}/connections"))
    out["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return out


def serve(folder: Path) -> list[subprocess.Popen[bytes]]:
    crt, key = certificate(folder)
    common = [sys.executable, "-m", "uvicorn", "http_clients:app", "--log-level", "error", "--loop", "uvloop"]
    common += ["--http", "httptools", "--app-dir", str(Path(__file__).parent)]
    tls = ["--ssl-certfile", str(crt), "--ssl-keyfile", str(key)]
    return [
        subprocess.Popen([*common, "--port", str(port), *(tls if scheme == "https" else [])])
        for scheme, port in PORTS.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clients", nargs="*", default=CLIENTS)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--calls", type=int, default=3000)
    parser.add_argument("--one", help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.one:
        print(json.dumps(measure(args.one, os.environ["CRT"], args.calls, args.threads)))
        return
    with tempfile.TemporaryDirectory() as folder:
        servers = serve(Path(folder))
        time.sleep(2)
        try:
            for name in args.clients:
                command = [sys.executable, __file__, "--one", name]
                command += ["--calls", str(args.calls), "--threads", str(args.threads)]
                env = os.environ | {"CRT": str(Path(folder) / "crt.pem")}
                done = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
                print(done.stdout.strip() or f"{name}: {done.stderr.strip().splitlines()[-1]}", flush=True)
        finally:
            for server in servers:
                server.terminate()


if __name__ == "__main__":
    main()
