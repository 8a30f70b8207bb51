"""One call to Jiandaoyun's API v5: the key, the pace of each endpoint, and its answers in our errors."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from hefu.connectors._json import NotJson, dumps, loads
from hefu.core.connector import Answer, Site
from hefu.core.errors import Denied, HubError, Missing, Rejected, Transient, Unanswered, Unsupported

RATES: Mapping[str, int] = {
    "v5/app/list": 30,
    "v5/app/entry/list": 30,
    "v5/app/entry/widget/list": 30,
    "v5/app/entry/data/get": 30,
    "v5/app/entry/data/list": 30,
    "v5/app/entry/data/create": 20,
    "v5/app/entry/data/update": 20,
    "v5/app/entry/data/delete": 20,
    "v5/app/entry/data/batch_create": 10,
    "v5/app/entry/data/batch_update": 10,
    "v5/app/entry/data/batch_delete": 10,
}
"""Endpoint -> calls a second that the vendor allows."""

ROOM = 1.03
"""Calls keep this much more distance than they must: the network delays one more than the next."""

_NO_RIGHT = {8301, 8302, 17018, 17052, 17053, 17054, 8017, 1058}
_USED_UP = {7103, 7206, 7212, 7221}
_BUSY = {8303: 1.0, 8304: 1.0, 4012: 5.0, 9004: 5.0, 9007: 1.0}
_NO_FORM = {2004, 3000, 30002}
_MISFIT = {4815, 17023, 17024, 17025, 17032, 17033, 17034, 3042}
_GONE = {4001}
_WORDS = (  # for codes that no list of the vendor names
    (re.compile(r"api.?key|密钥|未授权|unauthori|no permission|无权|没有.*权限", re.I), Denied),
    (re.compile(r"(form|app|表单|应用).*(exist|不存在|归档|archiv|停用|删除)", re.I), Unsupported),
    (re.compile(r"(data|数据).*(exist|不存在)", re.I), Missing),
    (re.compile(r"频率|too many|frequen|rate limit", re.I), Transient),
)


class Pace:
    """Gives each call its moment: so many a second for its endpoint, and so many in all."""

    def __init__(self, site: Site, total: int) -> None:
        self._site, self._gap = site, ROOM / total
        self._lock = threading.Lock()
        self._next: dict[str, datetime] = {}

    def wait(self, path: str) -> None:
        """Wait for the moment of a call to that endpoint."""
        rate = RATES.get(path)
        with self._lock:
            now = self._site.now()
            moment = max(now, self._next.get(path, now), self._next.get("", now))
            self._next[""] = moment + timedelta(seconds=self._gap)
            if rate:
                self._next[path] = moment + timedelta(seconds=ROOM / rate)
        if moment > now:
            self._site.sleep((moment - now).total_seconds())


class Api:
    """One key's line to one company. Safe for several threads."""

    def __init__(self, site: Site, url: str, key: str, total: int) -> None:
        self._site, self._url = site, url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json;charset=utf-8"}
        self._pace = Pace(site, total)

    def read(self, path: str, **body: Any) -> dict[str, Any]:
        """What a read says. Raises Transient, Denied, Missing, Unsupported."""
        return self.timed(path, **body)[0]

    def timed(self, path: str, **body: Any) -> tuple[dict[str, Any], datetime]:
        """(what a read says, the system's clock then)."""
        answer = self._send(path, body, False)
        return self._judge(answer, path, False), answer.made_at or self._site.now()

    def write(self, path: str, **body: Any) -> dict[str, Any]:
        """What a write says. Raises Rejected, Denied, Missing, Unsupported, Transient, Unanswered."""
        return self._judge(self._send(path, body, True), path, True)

    def _send(self, path: str, body: Mapping[str, Any], writes: bool) -> Answer:
        self._pace.wait(path)
        return self._site.http.send(
            "POST", f"{self._url}/{path}", headers=self._headers, body=dumps(body), writes=writes
        )

    def _judge(self, answer: Answer, path: str, writes: bool) -> dict[str, Any]:
        where: dict[str, Any] = {"connection": self._site.connection, "path": path, "status": answer.status}
        if 300 <= answer.status < 400:
            to = answer.headers.get("location", "-").split("?")[0]
            raise Unsupported("jiandaoyun.redirected", to=to, **where)
        try:
            told = loads(answer)
        except NotJson:
            told = None
        if not isinstance(told, dict):
            raise _nonsense(answer.status, writes, where)
        refused = told.get("status") == "failure" or bool(told.get("code"))
        if 200 <= answer.status < 300 and not refused:
            return told
        raise refusal(answer.status, told, writes, where)


def _nonsense(status: int, writes: bool, where: Mapping[str, Any]) -> HubError:
    """No JSON where some should be. After a write nobody knows what happened."""
    if status in (401, 403):
        return Denied("jiandaoyun.denied", said="-", words="-", **where)
    if status in (404, 405):
        return Unsupported("jiandaoyun.no_api", **where)
    return Unanswered("jiandaoyun.fault", **where) if writes else Transient("jiandaoyun.fault", **where)


def refusal(status: int, told: Mapping[str, Any], writes: bool, where: Mapping[str, Any]) -> HubError:
    """What a refusing answer means."""
    words = " ".join(str(told.get("msg") or told.get("message") or "-").split())[:300]
    code = told.get("code")
    facts = {"said": code if code is not None else "-", "words": words, **where}
    kind = _kind(status, code, words)
    if kind is Transient:
        return Transient("jiandaoyun.busy", after=_BUSY.get(code, 1.0) if isinstance(code, int) else 1.0, **facts)
    if kind is Denied:
        used_up = code in _USED_UP
        return Denied("jiandaoyun.used_up" if used_up else "jiandaoyun.denied", **facts)
    if kind is Missing:
        return Missing("jiandaoyun.missing", **facts)
    if kind is Unsupported:
        misfit = code in _MISFIT
        return Unsupported("jiandaoyun.misfit" if misfit else "jiandaoyun.no_form", **facts)
    if code == 17026 or status >= 500:  # the batch has been here before, or the fault came after it was saved
        return Unanswered("jiandaoyun.fault", **where) if writes else Transient("jiandaoyun.fault", **where)
    return Rejected("jiandaoyun.refused", **facts) if writes else Unsupported("jiandaoyun.misfit", **facts)


def _kind(status: int, code: object, words: str) -> type[HubError] | None:
    if code in _NO_RIGHT or code in _USED_UP or status in (401, 403):
        return Denied
    if code in _BUSY:
        return Transient
    if code in _NO_FORM or code in _MISFIT:
        return Unsupported
    if code in _GONE:
        return Missing
    if code in (1, 3005, 4000, 1010, 17026) or status >= 500:
        return None
    return next((kind for pattern, kind in _WORDS if pattern.search(words)), None)
