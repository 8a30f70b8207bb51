"""One libcurl handle with its kept-alive connection: sends a request, and knows for certain whether any was sent."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import pycurl

from hefu.net.policy import Place, Policy

_IDLE = 50
"""Seconds after which an idle connection is not used again: common servers and firewalls cut from 60 on."""


class Cut(Exception):
    """A request that got no whole answer. `sent`: the system may have seen it. `code` is libcurl's number."""

    def __init__(self, code: int, text: str, sent: bool, too_large: bool, refusal: tuple[str, str] | None) -> None:
        super().__init__(text)
        self.code, self.text, self.sent, self.too_large, self.refusal = code, text, sent, too_large, refusal


@dataclass(frozen=True, slots=True)
class Raw:
    """Status, header names in lower case, body."""

    status: int
    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom TLS believes: a CA file, a folder of CAs, or the operating system's own store."""

    file: str | None
    folder: str | None

    @classmethod
    def system(cls, extra: str | None = None) -> Trust:
        """The system's trust store (SSL_CERT_FILE and SSL_CERT_DIR count), with `extra` instead of its one file."""
        paths = ssl.get_default_verify_paths()
        return cls(extra or paths.cafile, paths.capath)


class Line:
    """Not for two threads at once."""

    def __init__(self, policy: Policy, trust: Trust, most_bytes: int, pins: Mapping[str, Sequence[str]]) -> None:
        self._policy, self._most, self._pins = policy, most_bytes, pins
        self._scheme = "https"
        self._writes = False
        self._sent = 0
        self._going_out: Callable[[], None] = lambda: None
        self._refusal: tuple[str, str] | None = None
        self._curl = pycurl.Curl()
        for option, value in self._fixed(trust):
            self._curl.setopt(option, value)

    def _fixed(self, trust: Trust) -> list[tuple[int, Any]]:
        options: list[tuple[int, Any]] = [
            (pycurl.NOSIGNAL, 1),
            (pycurl.PROTOCOLS, pycurl.PROTO_HTTP | pycurl.PROTO_HTTPS),
            (pycurl.PROXY, ""),  # the environment of the process must not reroute a connection
            (pycurl.HTTP_VERSION, pycurl.CURL_HTTP_VERSION_1_1),
            (pycurl.FOLLOWLOCATION, 0),
            (pycurl.SSLVERSION, pycurl.SSLVERSION_TLSv1_2),
            (pycurl.SSL_VERIFYPEER, 1),
            (pycurl.SSL_VERIFYHOST, 2),
            (pycurl.ACCEPT_ENCODING, "gzip, deflate"),
            (pycurl.MAXAGE_CONN, _IDLE),
            (pycurl.TCP_KEEPALIVE, 1),
            (pycurl.OPENSOCKETFUNCTION, self._open),
            (pycurl.PREREQFUNCTION, self._about_to_send),
        ]
        if trust.file is None and trust.folder is None:
            options.append((pycurl.SSL_OPTIONS, pycurl.SSLOPT_NATIVE_CA))
        options += [(pycurl.CAINFO, trust.file)] if trust.file else []
        options += [(pycurl.CAPATH, trust.folder)] if trust.folder else []
        return options

    def _open(self, _purpose: int, to: Any) -> Any:
        """libcurl asks for a socket to a numeric address: the last moment to say no."""
        refusal = self._policy.refusal(str(to.addr[0]), self._scheme)
        if refusal:
            self._refusal = (refusal, str(to.addr[0]))
            return pycurl.SOCKET_BAD
        return socket.socket(to.family, to.socktype, to.protocol)

    def _about_to_send(self, *_ends: object) -> int:
        """Connection and TLS stand, the request goes out next.

        libcurl silently sends a request again, POST too, when a kept-alive connection closes without a byte of
        answer. For a write that could do the work twice, so the second attempt is stopped here.
        """
        if self._sent and self._writes:
            return int(pycurl.PREREQFUNC_ABORT)
        self._sent += 1
        self._going_out()
        return int(pycurl.PREREQFUNC_OK)

    def send(
        self,
        method: str,
        at: Place,
        headers: Sequence[str],
        body: bytes | None,
        timeout: float,
        writes: bool,
        going_out: Callable[[], None] = lambda: None,
    ) -> Raw:
        """One request, one answer. `going_out` is called when the request goes out. Raises Cut."""
        self._going_out = going_out
        curl, self._scheme, self._writes, self._sent, self._refusal = self._curl, at.scheme, writes, 0, None
        chunks: list[bytes] = []
        room = self._most

        def receive(chunk: bytes) -> int | None:
            nonlocal room
            room -= len(chunk)
            if room < 0:
                return -1  # anything but None or the length ends the transfer
            chunks.append(chunk)
            return None

        head = BytesIO()
        pinned = self._pins.get(at.host)
        if pinned:
            curl.setopt(pycurl.RESOLVE, [f"{at.host}:{at.port}:{','.join(pinned)}"])
        curl.setopt(pycurl.URL, at.url)
        if method == "HEAD":
            curl.setopt(pycurl.NOBODY, 1)
        elif body is None:
            curl.setopt(pycurl.HTTPGET, 1)
        else:
            curl.setopt(pycurl.POST, 1)
            curl.setopt(pycurl.POSTFIELDS, body)
        curl.setopt(pycurl.CUSTOMREQUEST, method)
        curl.setopt(pycurl.HTTPHEADER, list(headers))
        curl.setopt(pycurl.TIMEOUT_MS, max(1, int(timeout * 1000)))
        curl.setopt(pycurl.CONNECTTIMEOUT_MS, max(1, int(min(timeout, 10.0) * 1000)))
        curl.setopt(pycurl.HEADERFUNCTION, head.write)
        curl.setopt(pycurl.WRITEFUNCTION, receive)
        try:
            curl.perform()
        except pycurl.error as error:
            code, text = (*error.args, "", "")[:2]
            raise Cut(int(code or 0), str(text), self._sent > 0, room < 0, self._refusal) from None
        return Raw(int(curl.getinfo(pycurl.RESPONSE_CODE)), _headers(head.getvalue()), b"".join(chunks))

    def close(self) -> None:
        """Give the connection back."""
        self._curl.close()


def _headers(raw: bytes) -> dict[str, str]:
    """The last header block (interim answers come before it).

    Repeated names are joined by ", ", cookies by a line feed, as a cookie may hold a comma.
    """
    block = raw.rstrip(b"\r\n").rpartition(b"\r\n\r\n")[2].decode("latin-1")
    headers: dict[str, str] = {}
    for line in block.split("\r\n")[1:]:
        name, _, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
        if name in headers:
            value = headers[name] + ("\n" if name == "set-cookie" else ", ") + value
        headers[name] = value
    return headers
