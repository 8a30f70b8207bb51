"""One call to Neocrm's API 2.0: a token by password, and its errors inside answers of status 200."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from pydantic import SecretStr

from hefu.connectors._json import NotJson, dumps, loads
from hefu.connectors._session import Session
from hefu.core.connector import Answer, Site
from hefu.core.errors import Denied, HubError, Missing, Rejected, Transient, Unanswered, Unsupported

LASTS = timedelta(hours=23)
BASE = "/rest/data/v2.0/"
_DOUBLE = ("1002002",)
_TWICE = re.compile(r"duplicate|重复|已存在", re.I)
_GONE = re.compile(r"不存在|已删除|not exist|not found|deleted", re.I)
_RIGHT = re.compile(r"权限|permission|no right", re.I)
_OFTEN = re.compile(r"频繁|too many|limit exceeded|限流", re.I)


class Api:
    """One user's line to one tenant. Safe for several threads."""

    def __init__(self, site: Site, url: str, login_url: str, form: Mapping[str, str | SecretStr]) -> None:
        self._site, self._url, self._login_url, self._form = site, url.rstrip("/"), login_url, form
        self._session: Session[str] = Session(self._open, site.now)

    def _open(self) -> tuple[str, datetime | None]:
        plain = {n: v.get_secret_value() if isinstance(v, SecretStr) else v for n, v in self._form.items()}
        answer = self._site.http.send(
            "POST",
            self._login_url,
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode(plain).encode(),
        )
        told = _parsed(answer)
        where: dict[str, Any] = {"connection": self._site.connection, "path": "token", "status": answer.status}
        if 300 <= answer.status < 400:
            raise Unsupported("neocrm.redirected", to=answer.headers.get("location", "-").split("?")[0], **where)
        if answer.status >= 500 or told is None:
            raise Transient("neocrm.fault", **where)
        if not told.get("access_token"):
            words = str(told.get("error_description") or told.get("message") or told.get("msg") or "-")[:200]
            raise Denied(
                "neocrm.denied", said=str(told.get("error") or told.get("error_code") or "-"), words=words, **where
            )
        host = str(told.get("instance_uri") or "")
        if host and urlsplit(host).netloc != urlsplit(self._url).netloc:
            raise Unsupported("neocrm.other_host", connection=self._site.connection, told=host.split("?")[0][:200])
        return str(told["access_token"]), self._site.now() + LASTS

    def call(
        self, method: str, path: str, body: Any = None, *, writes: bool = False, form: Mapping[str, str] | None = None
    ) -> tuple[Any, datetime]:
        """(`data` of the answer, the system's clock then). Raises Rejected, Missing, Denied, Unsupported, ..."""
        token = self._session.current()
        for last in (False, True):
            headers = {"Authorization": f"Bearer {token}"}
            content = None
            if form is not None:
                headers["Content-Type"], content = "application/x-www-form-urlencoded", urlencode(form).encode()
            elif body is not None:
                headers["Content-Type"], content = "application/json", dumps(body)
            answer = self._site.http.send(method, self._url + BASE + path, headers=headers, body=content, writes=writes)
            told = _parsed(answer)
            if not last and (answer.status == 401 or _code(told) == "401"):
                token = self._session.renewed(token)
                continue
            return self._judged(answer, told, f"{method} {path}", writes), answer.made_at or self._site.now()
        raise AssertionError("two attempts either return or raise")

    def _judged(self, answer: Answer, told: Mapping[str, Any] | None, path: str, writes: bool) -> Any:
        where: dict[str, Any] = {"connection": self._site.connection, "path": path, "status": answer.status}
        if 300 <= answer.status < 400:
            raise Unsupported("neocrm.redirected", to=answer.headers.get("location", "-").split("?")[0], **where)
        if told is None and answer.status in (404, 405):
            raise Unsupported("neocrm.no_api", **where)
        code = _code(told)
        if told is None or (answer.status >= 500 and not code):
            raise Unanswered("neocrm.fault", **where) if writes else Transient("neocrm.fault", **where)
        if code in ("200", "0") and answer.status < 300:
            return told.get("data")
        words = " ".join(str(told.get("msg") or told.get("message") or "-").split())[:300]
        raise self._error(code, words, writes, {**where, "said": code or "-", "words": words})

    def _error(self, code: str, words: str, writes: bool, facts: Mapping[str, Any]) -> HubError:
        if code in _DOUBLE or _TWICE.search(words):
            return Rejected("neocrm.taken", **facts)
        if code in ("401", "403") or facts["status"] in (401, 403):
            return Denied("neocrm.denied", **facts)
        if code == "429" or _OFTEN.search(words):
            return Transient("neocrm.busy", after=2.0, **facts)
        if _RIGHT.search(words):
            return Rejected("neocrm.refused", **facts) if writes else Denied("neocrm.denied", **facts)
        if _GONE.search(words):
            return Missing("neocrm.missing", **facts)
        if facts["status"] >= 500:
            return Unanswered("neocrm.fault", **facts) if writes else Transient("neocrm.fault", **facts)
        return Rejected("neocrm.refused", **facts) if writes else Unsupported("neocrm.misfit", **facts)


def _parsed(answer: Answer) -> dict[str, Any] | None:
    try:
        told = loads(answer)
    except NotJson:
        return None
    return told if isinstance(told, dict) else None


def _code(told: Mapping[str, Any] | None) -> str:
    """The code of an answer, text or number, by either of its names; empty where there is none."""
    found = None if told is None else told.get("code", told.get("error_code"))
    return "" if found is None else str(found)
