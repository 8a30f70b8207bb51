"""Real servers on loopback for tests of the net: an ASGI program, or bytes exactly as a broken server sends them."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import uvicorn
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from hefu.sandbox.server import Prompt


@contextmanager
def serving(app: Any, certificate: tuple[Path, Path] | None = None) -> Iterator[str]:
    """Serve an ASGI program; gives its base URL."""
    tls = {"ssl_certfile": str(certificate[0]), "ssl_keyfile": str(certificate[1])} if certificate else {}
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)  # named, or asyncio leaves Nagle on
    sock.bind(("127.0.0.1", 0))
    quiet = {"log_level": "critical", "date_header": False, "timeout_graceful_shutdown": 1}
    config = uvicorn.Config(app, lifespan="off", **quiet, **tls)
    server = Prompt(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [sock]}, daemon=True)
    thread.start()
    deadline = time.monotonic() + 10
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.005)
    try:
        yield f"{'https' if tls else 'http'}://127.0.0.1:{sock.getsockname()[1]}"
    finally:
        server.stop()
        thread.join(5)
        sock.close()


@contextmanager
def talking(speak: Callable[[socket.socket, int], None], certificate: tuple[Path, Path] | None = None) -> Iterator[str]:
    """A server that does what `speak(connection, how many connections before it)` does; gives its base URL."""
    listener = socket.create_server(("127.0.0.1", 0))
    context = None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*map(str, certificate))
    done = threading.Event()

    def handle(line: socket.socket, number: int) -> None:
        try:
            with line if context is None else context.wrap_socket(line, server_side=True) as ready:
                speak(ready, number)
        except OSError:
            pass

    def accept() -> None:
        number = 0
        while not done.is_set():
            try:
                line, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=handle, args=(line, number), daemon=True).start()
            number += 1

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"{'https' if certificate else 'http'}://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        done.set()
        listener.close()


def certificate(folder: Path, name: str = "127.0.0.1", days: int = 2) -> tuple[Path, Path]:
    """A self-signed certificate of `name` (address or host) and its key, as PEM files; `days` < 0 is expired."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
    other = x509.IPAddress(ip_address(name)) if name[0].isdigit() else x509.DNSName(name)
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=30))
        .not_valid_after(now + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([other]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    crt, pem = folder / f"{name}{days}.crt", folder / f"{name}{days}.key"
    crt.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    pem.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return crt, pem
