"""One call to Fxiaoke's open platform: its two kinds of app, its pace, and its errors inside answers of status 200."""

from __future__ import annotations

import itertools
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from pydantic import SecretStr

from hefu.connectors._calls_within import CallsWithin
from hefu.connectors._json import NotJson, dumps, loads
from hefu.connectors._session import Session
from hefu.core.connector import Site
from hefu.core.errors import Denied, HubError, Missing, Rejected, Transient, Unanswered, Unsupported

MOST, WITHIN = 100, timedelta(seconds=20.5)
"""Calls of one API that a company may make within that time."""

LASTS = timedelta(seconds=6600)
"""How long a token is used: the vendor gives the same one for so long, and it lives 7200."""

_TRACE = uuid.UUID("6c1f5c0e-2f0d-5f57-9a1c-3f6f5c1f1d21")
_EXPIRED, _QUOTA, _OFTEN = 20016, 30002, (30004, 14001)
_CONFIG = (10006, 30003, 20017)
_TWICE = re.compile(r"duplicate|重复|已存在", re.I)
_GONE = re.compile(r"不存在|已作废|已删除|not exist|not found|deleted|invalid data", re.I)
_RIGHT = re.compile(r"权限|permission|no right|unauthori", re.I)


class Login(NamedTuple):
    """An app's credentials. `user`: employee id, FSUID_..., or, for a classic app, a mobile number."""

    kind: str
    app_id: str
    secret: SecretStr
    code: SecretStr
    user: str


class Proof(NamedTuple):
    """What goes with each call: headers, and words of the body."""

    headers: Mapping[str, str]
    body: Mapping[str, str]


class Api:
    """One app's line to one company. Safe for several threads."""

    def __init__(self, site: Site, url: str, login: Login) -> None:
        self._site, self._url, self._login = site, url.rstrip("/"), login
        self._session: Session[Proof] = Session(self._open, site.now)
        self._zone = site.zone
        self._pace, self._count = CallsWithin(site, WITHIN), itertools.count()

    def call(self, path: str, given: Mapping[str, Any], *, writes: bool = False) -> dict[str, Any]:
        """What a call says. Raises Rejected, Missing, Denied, Unsupported, Transient, Unanswered."""
        return self.timed(path, given, writes=writes)[0]

    def timed(self, path: str, given: Mapping[str, Any], *, writes: bool = False) -> tuple[dict[str, Any], datetime]:
        """(what a call says, the system's clock then)."""
        proof = self._session.current()
        for last in (False, True):
            told, at = self._send(path, {**given, **proof.body}, proof.headers, writes)
            if told.get("errorCode") == _EXPIRED and not last:
                proof = self._session.renewed(proof)  # a refused token surely had no effect
                continue
            return self._judged(told, path, writes), at
        raise AssertionError("two attempts either return or raise")

    # ---------------------------------------------------------------------- the log-in

    def _open(self) -> tuple[Proof, datetime | None]:
        own = self._login
        asked = {"appId": own.app_id, "appSecret": own.secret.get_secret_value()}
        asked["permanentCode"] = own.code.get_secret_value()
        ends = self._site.now() + LASTS
        if own.kind == "token":
            told = self._judged(
                self._send("/oauth2.0/token", asked | {"grantType": "app_secret"}, {}, False)[0], "", False
            )
            headers = {"authorization": f"Bearer {told.get('accessToken')}", "x-fs-ea": str(told.get("ea"))}
            return Proof({**headers, "x-fs-userid": own.user}, {}), ends
        told = self._judged(self._send("/cgi/corpAccessToken/get/V2", asked, {}, False)[0], "", False)
        body = {"corpAccessToken": str(told.get("corpAccessToken")), "corpId": str(told.get("corpId"))}
        return Proof({}, {**body, "currentOpenUserId": self._user(body)}), ends

    def _user(self, body: Mapping[str, str]) -> str:
        own = self._login
        if own.user.startswith("FSUID_"):
            return own.user
        told = self._judged(self._send("/cgi/user/getByMobile", {**body, "mobile": own.user}, {}, False)[0], "", False)
        found = told.get("empList") or []
        if not found:
            raise Unsupported("fxiaoke.no_user", connection=self._site.connection, user=own.user)
        return str(found[0].get("openUserId"))

    # ---------------------------------------------------------------------- the wire

    def _send(
        self, path: str, body: Mapping[str, Any], headers: Mapping[str, str], writes: bool
    ) -> tuple[dict[str, Any], datetime]:
        self._pace.wait(path, MOST)
        trace = uuid.uuid5(_TRACE, f"{self._site.connection} {self._site.now().isoformat()} {next(self._count)}")
        answer = self._site.http.send(
            "POST",
            self._url + path,
            headers={"Content-Type": "application/json", **headers},
            params={"thirdTraceId": str(trace)},
            body=dumps(body),
            writes=writes,
        )
        where: dict[str, Any] = {"connection": self._site.connection, "path": path, "status": answer.status}
        if 300 <= answer.status < 400:
            raise Unsupported("fxiaoke.redirected", to=answer.headers.get("location", "-").split("?")[0], **where)
        if answer.status in (404, 405):
            raise Unsupported("fxiaoke.no_api", **where)
        try:
            told = loads(answer)
        except NotJson:
            told = None
        if answer.status in (401, 403) and not isinstance(told, dict):
            raise Denied("fxiaoke.denied", said=answer.status, words="-", **where)
        if not isinstance(told, dict) or ("errorCode" not in told and answer.status >= 400):
            raise Unanswered("fxiaoke.fault", **where) if writes else Transient("fxiaoke.fault", **where)
        return told, answer.made_at or self._site.now()

    def _judged(self, told: dict[str, Any], path: str, writes: bool) -> dict[str, Any]:
        code = told.get("errorCode", 0)
        if code == 0:
            return told
        words = " ".join(str(told.get("errorDescription") or told.get("errorMessage") or "-").split())[:300]
        facts: dict[str, Any] = {"connection": self._site.connection, "path": path, "said": code, "words": words}
        raise self._error(code, words, writes, facts)

    def _error(self, code: object, words: str, writes: bool, facts: Mapping[str, Any]) -> HubError:
        if code in _OFTEN:
            return Transient("fxiaoke.busy", after=5.0, **facts)
        if code == _QUOTA:
            return Transient("fxiaoke.quota", after=self._to_midnight(), **facts)
        if code in _CONFIG or code == _EXPIRED:
            return Denied("fxiaoke.denied", status=200, **facts)
        if _TWICE.search(words):
            return Rejected("fxiaoke.taken", **facts)
        if _RIGHT.search(words):
            return Rejected("fxiaoke.refused", **facts) if writes else Denied("fxiaoke.denied", status=200, **facts)
        if _GONE.search(words):
            return Missing("fxiaoke.missing", **facts)
        return Rejected("fxiaoke.refused", **facts) if writes else Unsupported("fxiaoke.misfit", **facts)

    def _to_midnight(self) -> float:
        """The day's quota comes back at midnight there."""
        now = self._site.now()
        tomorrow = now.astimezone(self._zone).date() + timedelta(days=1)
        end = datetime(tomorrow.year, tomorrow.month, tomorrow.day, tzinfo=self._zone)
        return (end.astimezone(UTC) - now).total_seconds()
