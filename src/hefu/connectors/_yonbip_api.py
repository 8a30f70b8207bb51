"""One line to a tenant of YonBIP: its data centre, a signed token, quotas by the minute, and what an answer is.

A save that bears a key may be repeated: while it is still worked on, or where the gateway gave up waiting, the same
key is asked again after a while and gives the first result.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from hefu.connectors._calls_within import CallsWithin
from hefu.connectors._json import NotJson, dumps, loads
from hefu.connectors._session import Session
from hefu.connectors._yonbip_errors import (
    DUPLICATE,
    EXPIRED,
    GOOD,
    NOTHING,
    PENDING,
    Refusal,
    Where,
    error_of,
    told_of,
)
from hefu.connectors._yonbip_settings import YonbipSettings
from hefu.core.connector import Answer, Site
from hefu.core.errors import Denied, HubError, Transient, Unanswered, Unsupported

_TOKEN = "/open-auth/selfAppAuth/base/v1/getAccessToken"  # noqa: S105 - a path
_PLACE = "/open-auth/dataCenter/getGatewayAddress"
_MINUTE = timedelta(seconds=61)
"""A second more, for the way there takes now longer and now less."""
_SKEW = 60.0
_ASKED = 3
"""How often the same key is asked again."""
_BETWEEN = 5.0


def signature(secret: str, **words: str) -> str:
    """What proves who asks for a token: Base64 of the HMAC over names and values in the order of names."""
    text = "".join(f"{name}{words[name]}" for name in sorted(words))
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()


class Api:
    """The line of one connection. Safe for several threads."""

    def __init__(self, site: Site, settings: YonbipSettings) -> None:
        self._site, self._settings = site, settings
        self._session: Session[str] = Session(self._open, site.now)
        self._place: tuple[str, str] | None = None
        self._pace = CallsWithin(site, _MINUTE)
        self._ahead = 0.0

    @property
    def ahead(self) -> float:
        """Seconds by which the vendor's clock was found to run ahead of ours."""
        return self._ahead

    # ---------------------------------------------------------------------- asking

    def read(self, path: str, body: Mapping[str, Any] | None = None, **query: str) -> tuple[Any, datetime]:
        """(data, the vendor's clock then). A list that calls itself empty is None. No body: GET."""
        where = Where(self._site.connection, path, False)
        refusal, at = self._told(where, body, query)
        if refusal.code in NOTHING:
            return None, at
        if refusal.code not in GOOD:
            raise error_of(refusal, where)
        return refusal.data, at

    def write(self, path: str, data: Any) -> Any:
        """A write that bears no key: what it says."""
        where = Where(self._site.connection, path, True)
        refusal, _ = self._told(where, {"data": data}, {})
        if refusal.code not in GOOD:
            raise error_of(refusal, where)
        return refusal.data

    def once(self, path: str, data: Mapping[str, Any], key: str) -> Any:
        """A save under a key: a repetition gives the first result."""
        where = Where(self._site.connection, path, True)
        body = {"data": {"resubmitCheckKey": key, **data}}
        for left in range(_ASKED, -1, -1):
            refusal, _ = self._told(where, body, {})
            if refusal.code not in PENDING or not left:
                break
            self._site.sleep(_BETWEEN)
        if refusal.code in GOOD or (refusal.code in DUPLICATE and isinstance(refusal.data, Mapping)):
            return refusal.data
        raise error_of(refusal, where)

    def _told(self, where: Where, body: Mapping[str, Any] | None, query: Mapping[str, str]) -> tuple[Refusal, datetime]:
        proof = self._session.current()
        for last in (False, True):
            answer = self._call(where, proof, body, query)
            refusal = self._judged(answer, where)
            if refusal.code in EXPIRED and not last:
                proof = self._session.renewed(proof)  # a call whose token is refused surely had no effect
                continue
            return refusal, self._clock(answer)
        raise AssertionError("two attempts either return or raise")

    def _call(self, where: Where, token: str, body: Mapping[str, Any] | None, query: Mapping[str, str]) -> Answer:
        gateway, _ = self._where()
        self._pace.wait(where.path, int(self._settings.quotas.get(where.path, self._settings.per_minute)))
        try:
            return self._site.http.send(
                "GET" if body is None else "POST",
                gateway + where.path,
                headers={"Content-Type": "application/json;charset=utf-8"},
                params={"access_token": token, **query},
                body=None if body is None else dumps(body),
                writes=where.writes,
            )
        except Transient as error:
            if error.code in ("net.unreachable", "net.unknown_host"):
                self._place = None  # the tenant may have moved: asked anew
            raise

    # --------------------------------------------------------------------- judging

    def _judged(self, answer: Answer, where: Where) -> Refusal:
        facts: dict[str, Any] = {"connection": where.connection, "path": where.path, "status": answer.status}
        if 300 <= answer.status < 400:
            to = urlsplit(answer.headers.get("location", "")).hostname or "-"
            raise Unsupported("yonbip.redirected", to=to, **facts)
        try:
            told = told_of(loads(answer))
        except NotJson:
            text = answer.body[:200].decode("utf-8", "replace")
            if "非法token" in text:
                return Refusal("310036", text)
            told = Refusal("", "")
        if told.code:
            return told
        if answer.status in (401, 403):
            raise Denied("yonbip.forbidden", **facts)
        if answer.status in (404, 405):
            raise Unsupported("yonbip.no_api", said=answer.status, words="-", **facts)
        raise Unanswered("yonbip.garbled", **facts) if where.writes else Transient("yonbip.garbled", **facts)

    def _clock(self, answer: Answer) -> datetime:
        at = answer.made_at
        if at is None:
            return self._site.now()
        self._ahead = (at - self._site.now()).total_seconds()
        return at

    # -------------------------------------------------------------------- the way in

    def _where(self) -> tuple[str, str]:
        """(address of the gateway, address of the log-in), asked for once."""
        place = self._place
        if place is None:
            place = self._place = self._discover()
        return place

    def _discover(self) -> tuple[str, str]:
        s = self._settings
        where = Where(self._site.connection, _PLACE, False)
        url = s.discovery.rstrip("/") + _PLACE
        refusal = self._judged(self._site.http.send("GET", url, params={"tenantId": s.tenant}), where)
        data = refusal.data
        if refusal.code not in GOOD or not isinstance(data, Mapping):
            if refusal.code == "500":
                raise Unsupported("yonbip.no_tenant", connection=where.connection, tenant=s.tenant, words=refusal.words)
            raise error_of(refusal, where)
        found = tuple(str(data.get(name) or "").rstrip("/") for name in ("gatewayUrl", "tokenUrl"))
        known = {_end(given) for given in (s.discovery, s.gateway) if given}
        for given in found:
            if _end(given) not in known:
                at = urlsplit(given)
                raise Unsupported(
                    "yonbip.other_host", connection=where.connection, gateway=f"{at.scheme}://{at.netloc}"
                )
        return found[0], found[1]

    def _open(self) -> tuple[str, datetime | None]:
        """A token, and when to ask for the next one."""
        refusal, answer = self._asked()
        at = answer.made_at
        if refusal.code not in GOOD and at is not None and abs((at - self._site.now()).total_seconds()) > _SKEW:
            self._ahead = (at - self._site.now()).total_seconds()
            refusal, answer = self._asked()  # signed by the vendor's clock
        data = refusal.data
        if refusal.code in GOOD and isinstance(data, Mapping) and data.get("access_token"):
            life = float(str(data.get("expire") or 7200))
            return str(data["access_token"]), self._site.now() + timedelta(seconds=0.8 * life)
        raise self._refused(refusal)

    def _asked(self) -> tuple[Refusal, Answer]:
        s = self._settings
        now = self._site.now() + timedelta(seconds=self._ahead if abs(self._ahead) > _SKEW else 0.0)
        words = {"appKey": s.app_key, "timestamp": str(int(now.timestamp() * 1000))}
        sent = {**words, "signature": signature(s.app_secret.get_secret_value(), **words)}
        answer = self._site.http.send("GET", self._where()[1] + _TOKEN, params=sent)
        return self._judged(answer, Where(self._site.connection, _TOKEN, False)), answer

    def _refused(self, refusal: Refusal) -> HubError:
        where = Where(self._site.connection, _TOKEN, False)
        known = error_of(refusal, where)
        if isinstance(known, Transient):
            return known
        facts = where.facts(refusal)
        if "时" in refusal.words or "timestamp" in refusal.words.lower():
            return Denied("yonbip.clock", seconds=round(self._ahead), **facts)
        return Denied("yonbip.login", **facts)


def _end(url: str) -> tuple[str, str, int | None]:
    at = urlsplit(url)
    return at.scheme, at.hostname or "", at.port
