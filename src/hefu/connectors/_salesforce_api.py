"""One call to an org: the session that all threads share, the org's call budget, and its answers in our errors."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from hefu.connectors._json import NotJson, dumps, loads
from hefu.connectors._salesforce_auth import Door, Pass
from hefu.connectors._salesforce_errors import QUOTA, first, of
from hefu.connectors._salesforce_settings import SalesforceSettings
from hefu.connectors._session import Session
from hefu.core.connector import Answer, Site
from hefu.core.errors import HubError, Transient, Unanswered, Unsupported
from hefu.core.urgency import is_urgent

_USAGE = re.compile(r"api-usage=(\d+)/(\d+)")


class Told(NamedTuple):
    """An answer that went well: its data (None if it has none), the answer, and the org's clock then."""

    data: Any
    answer: Answer
    at: datetime


class Api:
    """The line to one org. Safe for several threads."""

    def __init__(self, settings: SalesforceSettings, site: Site) -> None:
        self._site, self._settings = site, settings
        self.door = Door(settings, site)
        self._session: Session[Pass] = Session(lambda: (self.door.open(), None), site.now)
        self._base = f"/services/data/v{settings.version}"
        self.usage: tuple[int, int, datetime] | None = None

    def path(self, rest: str) -> str:
        """The path of a resource, as composite calls name it."""
        return f"{self._base}/{rest}"

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        writes: bool = False,
        record: str = "",
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Told:
        """One call; `path` below the version, or from the root if it begins with a slash. `raw`: CSV instead of JSON.

        Raises Rejected, Stale, Missing, Denied, Unsupported, Transient, Unanswered.
        """
        self._within_share()
        where = {"connection": self._site.connection, "path": f"{method} {path.split('?')[0]}"}
        proof = self._session.current()
        for last in (False, True):
            answer = self._once(proof, method, path, body, raw, writes, headers or {}, params)
            self._note(answer)
            if answer.status == 401 and not last:
                proof = self._session.renewed(proof)
                continue
            return Told(self._judge(answer, writes, record, where), answer, answer.made_at or self._site.now())
        raise AssertionError("two attempts either return or raise")

    def _once(
        self,
        proof: Pass,
        method: str,
        path: str,
        body: Any,
        raw: bytes | None,
        writes: bool,
        headers: Mapping[str, str],
        params: Mapping[str, str] | None,
    ) -> Answer:
        url = proof.instance + (path if path.startswith("/") else self.path(path))
        more = {"Authorization": f"Bearer {proof.token}", "Accept": "application/json"}
        content = raw
        if raw is not None:
            more["Content-Type"] = "text/csv; charset=UTF-8"
        elif body is not None:
            more["Content-Type"], content = "application/json", dumps(body)
        return self._site.http.send(
            method, url, headers={**more, **headers}, params=params, body=content, writes=writes
        )

    def _judge(self, answer: Answer, writes: bool, record: str, where: Mapping[str, Any]) -> Any:
        status = answer.status
        if 300 <= status < 400 and status != 304 and "location" in answer.headers:
            to = answer.headers["location"].split("?")[0]
            raise Unsupported("salesforce.redirected", to=to, **where)
        csv = answer.headers.get("content-type", "").startswith("text/csv")
        try:
            data = None if csv or not answer.body.strip() else loads(answer)
        except NotJson:
            if status in (403, 404, 405):
                raise Unsupported("salesforce.no_api", status=status, **where) from None
            raise _unclear(writes, status, where) from None
        if 200 <= status < 300:
            if data is None and not csv and status == 200 and not writes:
                raise _unclear(writes, status, where)
            return data
        if status == 300:
            raise of(
                {"errorCode": "MORE_THAN_ONE", "message": f"{data}"}, writes=True, status=status, record=record, **where
            )
        if status == 406 or (status >= 500 and not first(data)):
            raise _unclear(writes and status != 406, status, where)
        told = first(data)
        if status == 412:
            told = {"errorCode": "PRECONDITION_FAILED", "message": told.get("message", "-")}
        if status == 401:
            told = {"errorCode": "INVALID_SESSION_ID", "message": told.get("message", "-")}
        if status == 404 and not told:
            raise Unsupported("salesforce.no_api", status=status, **where)
        raise of(told, writes=writes, status=status, record=record, **where)

    # ---------------------------------------------------------------------- the budget

    def _note(self, answer: Answer) -> None:
        found = _USAGE.search(answer.headers.get("sforce-limit-info", ""))
        if found:
            self.usage = (int(found[1]), int(found[2]), self._site.now())

    def _within_share(self) -> None:
        """Other programs live on the same daily calls: at our share only urgent work goes on.

        Once in a while a call goes out all the same, or we would never learn that the day's calls came back.
        """
        if self.usage is None or is_urgent():
            return
        used, most, at = self.usage
        if used < most * self._settings.share or self._site.now() - at >= timedelta(seconds=QUOTA):
            return
        share = f"{(self._settings.share * 100).quantize(Decimal(1))} %"
        raise Transient(
            "salesforce.share_used", after=QUOTA, connection=self._site.connection, used=used, most=most, share=share
        )


def _unclear(writes: bool, status: int, where: Mapping[str, Any]) -> HubError:
    """A web page, half an answer, or none. After a write nobody knows what happened."""
    facts = {"said": "-", "words": "-", "status": status, **where}
    return Unanswered("salesforce.fault", **facts) if writes else Transient("salesforce.fault", **facts)
