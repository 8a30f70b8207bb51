"""Where a connection may call: the hosts that an admin wrote in it, and never a cloud's metadata address.

The check runs twice: on the URL before anything is sent, and on the numeric address at the moment a socket is
opened, so that a name whose DNS answer changes in between gains nothing.
"""

from __future__ import annotations

import ipaddress
import re
import socket
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from hefu.core.errors import Unsupported

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Target = tuple[str, int]
"""Host name in lower case (IDNA), port."""

_PORTS = {"http": 80, "https": 443}
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?\Z")
_NEVER = [
    ipaddress.ip_network(text)
    for text in (
        "0.0.0.0/8",
        "169.254.0.0/16",  # link-local, metadata of most clouds
        "100.100.100.200/32",  # metadata of Alibaba Cloud
        "168.63.129.16/32",  # platform address of Azure
        "192.0.0.192/32",  # metadata of Oracle Cloud
        "224.0.0.0/4",
        "240.0.0.0/4",
        "::/128",
        "fe80::/10",
        "64:ff9b:1::/48",  # NAT64 of a network's own: what it leads to cannot be told from here
        "fd00:ec2::/32",  # metadata of AWS over IPv6
        "ff00::/8",
    )
]
_WRAPS = [
    ipaddress.ip_network(text)
    for text in (
        "64:ff9b::/96",  # NAT64
        "::ffff:0:0:0/96",  # translated (SIIT)
        "::/96",  # compatible, given up long ago, and still understood in places
    )
]
"""Networks whose last four bytes are an IPv4 address."""
_SELDOM = [ipaddress.ip_network("fec0::/10"), ipaddress.ip_network("192.88.99.0/24")]
"""Site-local and relay addresses, which no public host has."""


@dataclass(frozen=True, slots=True)
class Place:
    """A checked URL in its one canonical spelling; `shown` leaves out the query, which may hold a key."""

    scheme: str
    host: str
    port: int
    url: str
    shown: str


def place(url: str, connection: str = "") -> Place:
    """Take a URL apart strictly. Raises Unsupported for anything that two parsers could read differently."""
    try:
        at = urlsplit(url)
        port = at.port
    except ValueError:
        raise _bad(url, connection) from None
    scheme = at.scheme.lower()
    host = _host(at.hostname or "")
    odd = any(ord(c) <= 32 or c in '\\"<>^`{|}' or ord(c) == 127 for c in url)
    if odd or scheme not in _PORTS or host is None or "@" in at.netloc or port == 0:
        raise _bad(url, connection)
    number = port or _PORTS[scheme]
    named = f"[{host}]" if ":" in host else host
    netloc = named if number == _PORTS[scheme] else f"{named}:{number}"
    path = quote(at.path or "/", safe="/%:@!$&'()*+,;=~-._[]")
    query = "?" + quote(at.query, safe="/%:@!$&'()*+,;=~-._?[]") if at.query else ""
    shown = f"{scheme}://{netloc}{path}"
    return Place(scheme, host, number, shown + query, shown)


def _bad(url: str, connection: str) -> Unsupported:
    return Unsupported("net.bad_url", connection=connection, url=url.split("?")[0].split("@")[-1][:200])


def _host(text: str) -> str | None:
    """A host in lower case (IDNA for other scripts), without the root's dot; None if it is none."""
    host = text.lower().rstrip(".")
    if "%" in host:
        return None
    if ":" in host:
        try:
            return str(ipaddress.IPv6Address(host))
        except ValueError:
            return None
    if not host.isascii():
        try:
            host = host.encode("idna").decode()
        except UnicodeError:
            return None
    return host if _HOST.match(host) and len(host) <= 253 else None


def plain(address: Address) -> Address:
    """The IPv4 address that an IPv6 one wraps (mapped, 6to4, NAT64, translated, compatible), else itself."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and int(address) > 1 and any(address in net for net in _WRAPS):  # :: and ::1 are themselves
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        return inner or address
    return address


def is_inside(address: str) -> bool:
    """Whether a numeric address belongs to the house: a private or loopback one."""
    ip = plain(ipaddress.ip_address(address.split("%")[0]))
    return ip.is_private or ip.is_loopback or any(ip.version == net.version and ip in net for net in _SELDOM)


class Policy:
    """What one connection may reach.

    `targets` are the (host, port) pairs that its admin wrote: they may be private. None stands for addresses typed
    by others (a webhook to call): any public host, https only.
    """

    def __init__(self, targets: Iterable[Target] | None, connection: str = "") -> None:
        self.targets = None if targets is None else frozenset(targets)
        self.connection = connection

    def check(self, at: Place) -> None:
        """Raises Unsupported if the URL leads to a host that is not listed, or would be read by others."""
        if self.targets is None:
            if at.scheme != "https":
                raise Unsupported("net.plain_http", connection=self.connection, url=at.shown)
        elif (at.host, at.port) not in self.targets:
            raise Unsupported("net.not_listed", connection=self.connection, host=at.host, port=at.port)

    def refusal(self, address: str, scheme: str) -> str | None:
        """Why a socket to this numeric address must not be opened: an error code, or None if it may."""
        ip = plain(ipaddress.ip_address(address.split("%")[0]))
        if any(ip.version == net.version and ip in net for net in _NEVER):
            return "net.address_refused"
        inside = is_inside(address)
        if self.targets is None:
            return "net.address_refused" if inside or not ip.is_global else None
        return "net.plain_http" if scheme == "http" and not inside else None


def admit(connection: str, host: str) -> None:
    """For a library that calls by itself: raises Unsupported where a host that an admin wrote leads to an address
    that is never called. A name that does not resolve is left to the library to complain of.
    """
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError:
        return
    policy = Policy([(host, 0)], connection)
    for address in {str(one[4][0]) for one in found}:
        if (code := policy.refusal(address, "https")) is not None:
            raise Unsupported(code, connection=connection, url=host, address=address)


def targets_in(settings: Mapping[str, Any]) -> set[Target]:
    """The (host, port) of every http(s) URL that occurs as a text anywhere in a connection's settings."""
    found = set()
    for text in _texts(settings):
        if text.lower().startswith(("http://", "https://")):
            at = place(re.split(r"[\s{]", text, maxsplit=1)[0])
            found.add((at.host, at.port))
    return found


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, Sequence) and not isinstance(value, bytes):
        for inner in value:
            yield from _texts(inner)
