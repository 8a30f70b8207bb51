"""One call to the API: address, proof, body, judgement; with one new session where the old one has ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode, urljoin

from hefu.connectors._json import dumps
from hefu.connectors._rest_auth import Fixed, Pass, Session, prover
from hefu.connectors._rest_errors import Call, Judge
from hefu.connectors._rest_paths import ABSENT, fill, text
from hefu.connectors._rest_settings import RestSettings
from hefu.core.connector import Answer, Site
from hefu.core.errors import Denied, HubError, Transient, Unsupported


class Line:
    """The way to one API. Safe for several threads."""

    def __init__(self, settings: RestSettings, site: Site) -> None:
        self._settings, self._site = settings, site
        self._prover: Fixed | Session = prover(settings.auth, self.address, site)
        self._judge = Judge(settings.errors)
        self.told: dict[str, str] = {}

    def address(self, url: str, facts: Mapping[str, Any] | None = None) -> str:
        """A full address of one that is relative to the connection's, its {holes} filled and quoted."""
        if facts:
            url = fill(url, facts, lambda value: quote(text(value), safe=""))
            url = url if isinstance(url, str) else text(url)
        if url.startswith(("http://", "https://")):
            return url
        return self._settings.url.rstrip("/") + "/" + url.lstrip("/") if url else self._settings.url

    def follow(self, url: str) -> str:
        """A full address of a link that the system gave."""
        return urljoin(self._settings.url.rstrip("/") + "/", url)

    def send(
        self,
        call: Call,
        method: str,
        url: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: Any = ABSENT,
        form: bool = False,
        headers: Mapping[str, str] | None = None,
        judge: Judge | None = None,
    ) -> tuple[Any, Answer]:
        """Body and answer of a call that went well. `body` ABSENT sends none. Raises HubError."""
        more = {**self._settings.headers, "Accept": "application/json", **(headers or {})}
        sent = None
        if body is not ABSENT:
            sent = urlencode({n: text(v) for n, v in body.items()}).encode() if form else dumps(body)
            more["Content-Type"] = "application/x-www-form-urlencoded" if form else "application/json"
        elif method in ("POST", "PUT", "PATCH"):
            sent = b""
        query = {n: text(v) for n, v in {**self._settings.params, **(params or {})}.items()}
        proof = self._prover.current()
        for again in (True, False):
            try:
                return self._once(call, method, url, query, sent, more, proof, judge or self._judge)
            except HubError as error:
                newer = self._prover.renewed(proof) if again and self._may_be_session(error) else None
                if newer is None:
                    raise
                proof = newer
        raise AssertionError("two attempts either return or raise")

    def _once(
        self,
        call: Call,
        method: str,
        url: str,
        query: Mapping[str, str],
        sent: bytes | None,
        headers: Mapping[str, str],
        proof: Pass,
        judge: Judge,
    ) -> tuple[Any, Answer]:
        answer = self._site.http.send(
            method,
            url,
            headers={**headers, **proof.headers},
            params={**query, **proof.params} or None,
            body=sent,
            writes=call.writes,
        )
        self._note(answer)
        if 300 <= answer.status < 400 and answer.status != 304:
            to = answer.headers.get("location", "-").split("?")[0]
            raise Unsupported("rest.redirected", connection=call.connection, to=to, expired=True)
        return judge.body(answer, call, self._site.now()), answer

    def _may_be_session(self, error: HubError) -> bool:
        """Whether a new session may help: the system says so, or shows its log-in page to a reader."""
        if isinstance(error, Denied | Unsupported):
            return bool(error.facts.get("expired"))
        return isinstance(error, Transient) and error.code == "rest.html"

    def _note(self, answer: Answer) -> None:
        for name in ("x-ratelimit-remaining", "x-rate-limit-remaining", "ratelimit-remaining"):
            if name in answer.headers:
                self.told["remaining_calls"] = answer.headers[name]
        if "server" in answer.headers:
            self.told["server"] = answer.headers["server"]
