"""One call to BottleCRM's REST API: the bearer token, exact numbers, and its answers in our errors."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from hefu.core.connector import Answer, Site
from hefu.core.errors import Denied, Missing, Rejected, Transient, Unanswered, Unsupported


class Api:
    """One token's line to one organisation. Safe for several threads."""

    def __init__(self, site: Site, url: str, token: str) -> None:
        self._site, self._url = site, url.rstrip("/")
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def get(self, path: str, **params: object) -> dict[str, Any]:
        """A read. Raises Transient, Denied, Missing, Unsupported."""
        return self.timed(path, **params)[0]

    def timed(self, path: str, **params: object) -> tuple[dict[str, Any], datetime]:
        """(what a read says, the server's clock then, in whole seconds)."""
        answer = self._site.http.send(
            "GET", self._url + path, headers=self._headers, params={k: str(v) for k, v in params.items()}
        )
        return self._judge(answer, "GET", path, False), answer.made_at or self._site.now()

    def send(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        """A write. Raises Rejected, Denied, Missing, Unsupported, Transient, Unanswered."""
        data = None if body is None else json.dumps(body, ensure_ascii=False).encode()
        answer = self._site.http.send(method, self._url + path, headers=self._headers, body=data, writes=True)
        return self._judge(answer, method, path, True)

    def _judge(self, answer: Answer, method: str, path: str, writes: bool) -> dict[str, Any]:
        where = {"connection": self._site.connection, "path": f"{method} {path}", "status": answer.status}
        data = _parsed(answer.body)
        if 200 <= answer.status < 300 and isinstance(data, dict):
            return data
        if answer.status in (401, 403):
            # A wrong token is 403 and speaks of the organisation; a missing scope is 403 too.
            raise Denied("bottlecrm.denied", words=words_of(data)[1], **where)
        if answer.status == 404:
            raise Missing("bottlecrm.missing", **where)
        if answer.status == 405:
            raise Unsupported("bottlecrm.not_allowed", **where)
        if 400 <= answer.status < 500:
            name, words = words_of(data)
            raise Rejected("bottlecrm.refused", field=name, words=words, **where)
        # A fault inside the server may come after the record was saved.
        raise Unanswered("bottlecrm.fault", **where) if writes else Transient("bottlecrm.fault", after=None, **where)


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body, parse_float=Decimal) if body else {}
    except ValueError:
        return None


def words_of(data: Any) -> tuple[str | None, str]:
    """(the field that is blamed, the server's words) of an error's body."""
    if not isinstance(data, dict):
        return None, "-"
    errors = data.get("errors", data.get("detail", data.get("message", "-")))
    if not isinstance(errors, dict):
        return None, str(errors)
    name, told = next(iter(errors.items()), (None, "-"))
    if isinstance(told, dict):  # custom_fields: {key: words}
        inner, told = next(iter(told.items()), ("", "-"))
        name = f"cf_{inner}" if name == "custom_fields" else name
    return name, " ".join(map(str, told)) if isinstance(told, list) else str(told)
