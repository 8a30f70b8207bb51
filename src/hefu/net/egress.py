"""`Egress`: what a connection's connector gets as `Site.http`, and the counters that reports read."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import isfinite
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urljoin

import pycurl

from hefu.core.connector import Answer
from hefu.core.env import Env
from hefu.core.errors import HubError, Transient, Unanswered, Unsupported
from hefu.core.project import Connection, Limits
from hefu.core.urgency import is_urgent
from hefu.net.budget import Budget, LocalBudget, Pace, Turn
from hefu.net.line import Cut, Line, Raw, Trust
from hefu.net.policy import Place, Policy, Target, place, targets_in

MOST_BYTES = 64 * 1024 * 1024
"""Largest answer, unpacked, in bytes."""

PATIENCE = 5.0
"""Seconds that a call waits for its moment at least, before it says when to come back; else its own time limit."""

_HOPS = 3
_TLS = {
    pycurl.E_SSL_CONNECT_ERROR,
    pycurl.E_PEER_FAILED_VERIFICATION,
    pycurl.E_SSL_CACERT,
    pycurl.E_SSL_CACERT_BADFILE,
    pycurl.E_SSL_CERTPROBLEM,
    pycurl.E_SSL_CIPHER,
    pycurl.E_SSL_ISSUER_ERROR,
}


@dataclass
class Counts:
    """Calls of one connection since its Egress was made."""

    calls: int = 0
    writes: int = 0
    refused: int = 0
    failed: int = 0
    unanswered: int = 0
    bytes_out: int = 0
    bytes_in: int = 0
    waited: float = 0.0


@dataclass(frozen=True, slots=True)
class _Ask:
    """One call as the connector wants it."""

    method: str
    headers: Sequence[str]
    body: bytes | None
    timeout: float
    writes: bool
    urgent: bool


class Egress:
    """The way out of one connection. Safe for several threads; keeps up to `limits.concurrency` connections open.

    `targets`: (host, port) pairs it may call, None for "any public host over https". `ca_file`: a PEM file with the
    company's own certification authority. `secrets`: texts that no error may repeat. `pins`: name -> addresses to
    use instead of DNS. `budget`: shared state of the call budget; default: this process alone. `waits`: a call that
    is refused for a short time waits and is made again; else the refusal is raised.
    """

    def __init__(
        self,
        env: Env,
        *,
        targets: Iterable[Target] | None,
        connection: str = "",
        limits: Limits | None = None,
        zone: str = "Asia/Shanghai",
        ca_file: str | None = None,
        secrets: Iterable[str] = (),
        budget: Budget | None = None,
        most_bytes: int = MOST_BYTES,
        pins: Mapping[str, Sequence[str]] | None = None,
        waits: bool = False,
    ) -> None:
        if ca_file and not Path(ca_file).is_file():
            raise Unsupported("net.no_ca_file", connection=connection, file=ca_file)
        self._env, self._connection = env, connection
        self._limits = limits or Limits()
        self._policy = Policy(targets, connection)
        self._trust = Trust.system(ca_file)
        self._secrets = tuple(sorted({s for s in secrets if s}, key=len, reverse=True))
        self._most, self._pins, self._waits = most_bytes, pins or {}, waits
        self._pace = Pace(env, self._limits, zone, budget or LocalBudget(), connection)
        self._free: deque[Line] = deque()
        self._counts, self._lock = Counts(), threading.Lock()
        self._closed = False

    @classmethod
    def of(
        cls,
        env: Env,
        connection: Connection,
        settings: Mapping[str, Any],
        *,
        defaults: Mapping[str, Any] | None = None,
        budget: Budget | None = None,
        **more: Any,
    ) -> Egress:
        """The way out of a connection document whose secrets are already filled in.

        It may call the hosts of the http(s) URLs in `settings`, and in `defaults`: what the connector takes where the
        document says nothing. `settings["ca_file"]` names its own CA.
        """
        return cls(
            env,
            targets=targets_in(settings) | targets_in(defaults or {}),
            connection=connection.connection,
            limits=connection.limits,
            zone=connection.zone,
            ca_file=settings.get("ca_file"),
            budget=budget,
            **more,
        )

    @property
    def concurrency(self) -> int:
        """Most calls at the same time."""
        return self._limits.concurrency

    def counts(self) -> Counts:
        """The counters as they are now."""
        with self._lock:
            return replace(self._counts, waited=self._pace.waited)

    def close(self) -> None:
        """Close all idle connections; later calls raise Transient."""
        self._closed = True
        while self._free:
            self._free.pop().close()

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float | None = None,
        writes: bool = False,
    ) -> Answer:
        """See `hefu.core.connector.Http.send`. `timeout` is the total for one answer, in seconds.

        Urgent work (core/urgency.py) goes first in every queue, and has the day's reserved calls.
        """
        if params:
            url += ("&" if "?" in url else "?") + urlencode(params)
        at = place(url, self._connection)
        limit = timeout or self._limits.timeout.total_seconds()
        ask = _Ask(method.upper(), self._lines(headers or {}, body), body, limit, writes, is_urgent())
        for _ in range(_HOPS + 1):
            self._policy.check(at)
            answer = self._exchange(ask, at)
            onward = self._onward(ask, at, answer)
            if onward is None:
                return answer
            at = onward
        raise Unsupported("net.redirects", connection=self._connection, url=at.shown)

    def _lines(self, headers: Mapping[str, str], body: bytes | None) -> list[str]:
        lines = ["Expect:"] if body else []  # or libcurl waits for "100 Continue" before a large body
        if body is not None and not any(name.lower() == "content-type" for name in headers):
            lines.append("Content-Type:")
        if not any(name.lower() == "user-agent" for name in headers):
            lines.append("User-Agent: hefu")
        for name, value in headers.items():
            if not value.isprintable() or not name.isprintable() or ":" in name or " " in name:
                raise Unsupported("net.bad_header", connection=self._connection, header=repr(name))
            lines.append(f"{name}: {value}" if value else f"{name};")
        return lines

    def _onward(self, ask: _Ask, at: Place, answer: Answer) -> Place | None:
        """Where a redirect that we may follow leads: same host, never back to plain http."""
        safe = ask.method in ("GET", "HEAD") and answer.status in (301, 302, 303)
        if not (safe or answer.status in (307, 308)) or "location" not in answer.headers:
            return None
        try:
            to = place(urljoin(at.url, answer.headers["location"]), self._connection)
            self._policy.check(to)
        except Unsupported:
            return None
        return to if to.host == at.host and (at.scheme, to.scheme) != ("https", "http") else None

    def _exchange(self, ask: _Ask, at: Place) -> Answer:
        """One paced call; its answer, unless it says "later" than the call can wait.

        A refused call surely had no effect, so it is made again by itself when the wait is short: whoever made it
        keeps its place, where an error would end a whole round.
        """
        until = self._env.later(max(ask.timeout, PATIENCE))
        while True:
            if self._closed:
                raise Transient("net.closed", connection=self._connection)
            patience = max((until - self._env.now()).total_seconds(), 0.0)
            turn = self._pace.enter(ask.urgent, patience)
            try:
                raw = self._call(ask, at, turn)
            except Cut as cut:
                raise self._cut(cut, ask, at) from None
            finally:
                self._pace.leave()
            try:
                return self._judge(raw, ask, at, turn)
            except Transient as later:
                if not self._waits or raw.status != 429 or later.after is None:
                    raise
                if self._env.later(later.after) > until:
                    raise

    def _call(self, ask: _Ask, at: Place, turn: Turn) -> Raw:
        def going_out() -> None:
            turn.at = self._env.now()

        try:
            line = self._free.pop()
        except IndexError:
            line = Line(self._policy, self._trust, self._most, self._pins)
        try:
            raw = line.send(ask.method, at, ask.headers, ask.body, ask.timeout, ask.writes, going_out)
            self._count(calls=1, writes=int(ask.writes), bytes_out=len(ask.body or b""), bytes_in=len(raw.body))
        except Cut as cut:
            self._count(failed=1, calls=int(cut.sent), writes=int(cut.sent and ask.writes))
            line.close()
            raise
        except BaseException:
            line.close()
            raise
        if self._closed:
            line.close()
        else:
            self._free.append(line)
        return raw

    def _judge(self, raw: Raw, ask: _Ask, at: Place, turn: Turn) -> Answer:
        if raw.status in (429, 503):
            after = retry_after(raw.headers.get("retry-after"), self._env.now())
            self._count(refused=1)
            if raw.status == 429:
                after = self._pace.refused(turn, after)
            code = "net.too_many" if raw.status == 429 else "net.unavailable"
            raise Transient(code, after=after, connection=self._connection, url=self._hide(at.shown))
        self._pace.accepted()
        if raw.status in (502, 504):
            raise self._later(ask.writes, "net.gateway", at, status=raw.status)
        return Answer(raw.status, raw.headers, raw.body, at.url)

    def _later(self, unknown: bool, code: str, at: Place, **facts: object) -> HubError:
        """Transient, or Unanswered where a write may have been carried out."""
        facts |= {"connection": self._connection, "url": self._hide(at.shown)}
        if not unknown:
            return Transient(code, after=None, **facts)
        self._count(unanswered=1)
        return Unanswered(code, **facts)

    def _cut(self, cut: Cut, ask: _Ask, at: Place) -> HubError:
        unknown = cut.sent and ask.writes
        reason = self._hide(cut.text)
        if cut.refusal:
            code, address = cut.refusal
            return Unsupported(code, connection=self._connection, url=self._hide(at.shown), address=address)
        if cut.too_large:
            facts = {"connection": self._connection, "url": self._hide(at.shown), "most": self._most}
            return Unanswered("net.too_large", **facts) if unknown else Unsupported("net.too_large", **facts)
        if cut.code in _TLS and not cut.sent:
            return self._later(False, "net.tls", at, reason=reason)
        if cut.code == pycurl.E_COULDNT_RESOLVE_HOST:
            return self._later(False, "net.unknown_host", at, host=at.host)
        if cut.code == pycurl.E_OPERATION_TIMEDOUT:
            code = "net.no_answer" if cut.sent else "net.unreachable"
            return self._later(unknown, code, at, seconds=ask.timeout, reason=reason)
        return self._later(unknown, "net.cut" if cut.sent else "net.unreachable", at, reason=reason)

    def _hide(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text

    def _count(self, **more: int) -> None:
        with self._lock:
            for name, number in more.items():
                setattr(self._counts, name, getattr(self._counts, name) + number)


def retry_after(text: str | None, now: datetime) -> float | None:
    """Seconds from a Retry-After header (seconds or an HTTP date, RFC 9110 10.2.3); None if it says nothing clear."""
    if text is None:
        return None
    try:
        return max(0.0, float(text)) if isfinite(float(text)) else None
    except ValueError:
        pass
    try:
        at = parsedate_to_datetime(text)
    except ValueError:
        return None
    return max(0.0, ((at if at.tzinfo else at.replace(tzinfo=UTC)) - now).total_seconds())
