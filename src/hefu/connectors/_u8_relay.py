"""The cloud relay's OpenAPI: a token, one trade id or number of our own for each write, results that may come later.

A call travels from here to the cloud and on to the company's server, which may be off line: that is a normal failure.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from hefu.connectors._json import NotJson, dumps, loads
from hefu.connectors._session import Session
from hefu.connectors._u8_errors import LOST_TOKEN, PENDING, Where, error_of
from hefu.connectors._u8_settings import U8Settings
from hefu.core.connector import Answer, Site
from hefu.core.errors import Denied, HubError, Transient, Unanswered, Unsupported

_POLLS = 20
_BETWEEN = 3.0

Told = Mapping[str, Any]


class Relay:
    """One application's line to one company's U8. Safe for several threads."""

    def __init__(self, site: Site, settings: U8Settings) -> None:
        self._site, self._settings = site, settings
        self._url = settings.url.rstrip("/")
        self._session: Session[str] = Session(self._open, site.now)

    def read(self, entity: str, verb: str, **words: str) -> Told:
        """GET /api/{entity}/{verb}."""
        return self._asked("GET", f"/api/{entity}/{verb}", self._to(words), None, Where(self._name, entity, False))

    def write(self, entity: str, verb: str, body: Told, own: str = "") -> Told:
        """POST /api/{entity}/{verb} under our own number, else under a trade id that is fetched first."""
        where = Where(self._name, f"{entity}/{verb}", True)
        words = {"biz_id": own} if own else {"tradeid": self._trade()}
        words["sync"] = "1" if self._settings.wait else "0"
        told = self._asked("POST", f"/api/{entity}/{verb}", self._to(words), {entity: body}, where)
        return told if self._settings.wait else self._result(told, where)

    def sources(self) -> Told:
        """The account sets."""
        where = Where(self._name, "datasource", False)
        return self._asked("GET", "/system/datasource/batch_get", {}, None, where)

    @property
    def _name(self) -> str:
        return self._site.connection

    def _to(self, words: Mapping[str, str]) -> dict[str, str]:
        return {"to_account": self._settings.to_account, "ds_sequence": self._settings.data_source, **words}

    def _trade(self) -> str:
        told = self._asked("GET", "/system/tradeid", {}, None, Where(self._name, "tradeid", False))
        trade = told.get("trade")
        made = trade.get("id") if isinstance(trade, Mapping) else None
        if not made:
            raise Transient("u8.garbled", connection=self._name, path="tradeid", status=200)
        return str(made)

    def _result(self, told: Told, where: Where) -> Told:
        """What became of a write that was not waited for."""
        url = str(told.get("url") or "")
        ours, theirs = urlsplit(self._url), urlsplit(url)
        if (ours.scheme, ours.netloc) != (theirs.scheme, theirs.netloc):
            raise Unanswered("u8.elsewhere", connection=self._name, path=where.path, to=theirs.hostname or "-")
        for _ in range(_POLLS):
            self._site.sleep(_BETWEEN)
            answer = self._site.http.send("GET", url)
            done = self._json(answer, Where(where.connection, where.path, True))
            if _good(done):
                return done
            if not PENDING.search(str(done.get("errmsg") or "")):
                raise error_of(done.get("errcode"), str(done.get("errmsg") or ""), where)
        raise Unanswered("u8.pending", connection=self._name, path=where.path)

    # --------------------------------------------------------------------- the line

    def _asked(self, method: str, path: str, words: Mapping[str, str], body: Any, where: Where) -> Told:
        proof = self._session.current()
        for last in (False, True):
            told = self._json(self._send(method, path, {**words, "token": proof}, body, where), where)
            if _good(told):
                return told
            said = str(told.get("errmsg") or "")
            if LOST_TOKEN.search(said):
                if last:
                    raise Denied("u8.token", **where.facts(told.get("errcode"), said))
                proof = self._session.renewed(proof)  # a call whose token is refused surely had no effect
                continue
            raise error_of(told.get("errcode"), said, where, own=not where.path.endswith("/add"))
        raise AssertionError("two attempts either return or raise")

    def _send(self, method: str, path: str, words: Mapping[str, str], body: Any, where: Where) -> Answer:
        who = {"from_account": self._settings.from_account, "app_key": self._settings.app_key}
        return self._site.http.send(
            method,
            self._url + path,
            headers={"Content-Type": "application/json;charset=utf-8"},
            params={**who, **words},
            body=None if body is None else dumps(body),
            writes=where.writes,
        )

    def _json(self, answer: Answer, where: Where) -> Told:
        facts: dict[str, Any] = {"connection": where.connection, "path": where.path, "status": answer.status}
        if 300 <= answer.status < 400:
            to = urlsplit(answer.headers.get("location", "")).hostname or "-"
            raise Unsupported("u8.redirected", to=to, **facts)
        try:
            told = loads(answer)
        except NotJson:
            told = None
        if isinstance(told, Mapping) and "errcode" in told:
            return told
        if answer.status in (401, 403):
            raise Denied("u8.forbidden", **facts)
        if answer.status in (404, 405):
            raise Unsupported("u8.no_api", said=answer.status, words="-", name="-", **facts)
        raise Unanswered("u8.garbled", **facts) if where.writes else Transient("u8.garbled", **facts)

    def _open(self) -> tuple[str, datetime | None]:
        where = Where(self._name, "token", False)
        secret = {"app_secret": self._settings.app_secret.get_secret_value()}
        told = self._json(self._send("GET", "/system/token", secret, None, where), where)
        token = told.get("token")
        if _good(told) and isinstance(token, Mapping) and token.get("id"):
            life = float(str(token.get("expiresIn") or 7200))
            return str(token["id"]), self._site.now() + timedelta(seconds=0.8 * life)
        known: HubError = error_of(told.get("errcode"), str(told.get("errmsg") or ""), where)
        raise known if isinstance(known, Transient) else Denied("u8.login", **known.facts)


def _good(told: Told) -> bool:
    return str(told.get("errcode")) == "0"
