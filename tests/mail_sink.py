"""A mail server for tests: takes what comes, refuses what it is told to."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, Envelope

USER, PASSWORD = "hub@example.com", "authorisation-code"


class Sink:
    """`refusals`: answers to the next messages, such as "451 later"."""

    def __init__(self) -> None:
        self.came: list[tuple[list[str], EmailMessage]] = []
        self.refusals: list[str] = []
        self.strangers: set[str] = set()

    async def handle_RCPT(self, _server: Any, _session: Any, envelope: Envelope, address: str, _options: Any) -> str:
        if address in self.strangers:
            return "550 no such person"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Envelope) -> str:
        if self.refusals:
            return self.refusals.pop(0)
        assert isinstance(envelope.content, bytes)
        made = message_from_bytes(envelope.content, policy=policy.default)
        assert isinstance(made, EmailMessage)
        self.came.append((list(envelope.rcpt_tos), made))
        return "250 OK"


@contextmanager
def mail(
    certificate: tuple[Path, Path] | None = None, *, starttls: bool = False, login: bool = False
) -> Iterator[tuple[Sink, int]]:
    """A running server and its port."""
    sink, context = Sink(), None
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*map(str, certificate))

    def knows(_server: Any, _session: Any, _envelope: Any, _mechanism: str, data: Any) -> AuthResult:
        right = (data.login, data.password) == (USER.encode(), PASSWORD.encode())
        return AuthResult(success=right, handled=right)

    ways: dict[str, Any] = {"tls_context": context, "require_starttls": True} if starttls else {}
    if login:
        ways |= {"authenticator": knows, "auth_require_tls": False}
    made = Controller(sink, hostname="127.0.0.1", port=0, ssl_context=None if starttls else context, **ways)
    made.port = _free()
    made.start()
    try:
        yield sink, made.port
    finally:
        made.stop()


def _free() -> int:
    with socket.create_server(("127.0.0.1", 0)) as line:
        return int(line.getsockname()[1])
