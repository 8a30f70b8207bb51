"""One line to a Kingdee site: signed calls or a log-in session, and what an answer is before its content is judged.

Sessions are seats that the customer has paid for: there is one for each connection, renewed by one thread while the
others wait. A signed call is judged by the site's clock; where ours is wrong, the site's Date header corrects it.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from hefu.connectors._kingdee_errors import Fault, Where, error_of, lost, outcome_of, status_of
from hefu.connectors._kingdee_settings import KingdeeSettings
from hefu.connectors._kingdee_sign import Identity, login_sign, signed_headers
from hefu.core.connector import Answer, Site
from hefu.core.errors import Denied, HubError, Transient, Unanswered, Unsupported

AUTH = "Kingdee.BOS.WebApi.ServicesStub.AuthService."
FORMS = "Kingdee.BOS.WebApi.ServicesStub.DynamicFormService."
CENTRES = "Kingdee.BOS.ServiceFacade.ServicesStub.Account.AccountService.GetDataCenterList"

_SKEW = 60.0
"""Seconds by which clocks may differ without anybody minding."""

_GATEWAY_CLOCK = (4006,)
_GATEWAY_API = (5001,)


class Reply(NamedTuple):
    """What a service said, and the site's clock when it said so."""

    data: Any
    at: datetime


class _Lost(Exception):
    """Nobody is logged in, as the site says; the call was not carried out."""

    def __init__(self, said: str, clock: bool = False) -> None:
        super().__init__(said)
        self.said, self.clock = said, clock


class Session:
    """The line of one connection. Safe for several threads."""

    def __init__(self, site: Site, settings: KingdeeSettings) -> None:
        self._site, self._settings = site, settings
        self._url = settings.url.rstrip("/") + "/"
        self._who = Identity(
            settings.account,
            settings.user,
            settings.app_id,
            settings.app_secret.get_secret_value(),
            settings.language,
            settings.organisation,
        )
        self._signs = settings.login == "signature"
        self._lock, self._entering = threading.Lock(), threading.Lock()
        self._token = ""
        self._cookies: dict[str, str] = {}
        self._ahead = 0.0

    @property
    def ahead(self) -> float:
        """Seconds by which the site's clock was found to run ahead of ours."""
        return self._ahead

    # -------------------------------------------------------------------- asking

    def form(self, verb: str, form: str, data: Mapping[str, Any], *, writes: bool = False) -> Reply:
        """A verb on a form (`Save`, `Submit` ...), whose `data` stands beside the form's id."""
        return self.ask(FORMS + verb, {"formid": form, "data": data}, form=form, writes=writes)

    def ask(
        self, service: str, body: Mapping[str, Any], *, form: str = "", writes: bool = False, anonymous: bool = False
    ) -> Reply:
        """Call a service; a session that has ended is renewed once, for such a call was not carried out.

        `anonymous`: a service that is open to everybody, so that no seat is taken for it.

        Raises Denied, Transient, Unsupported, and for writes Unanswered. What the answer itself complains of, save
        for a lost session, is left to the caller.
        """
        where = Where(self._site.connection, form, service.rpartition(".")[2], writes, self._settings.throttle)
        token = "" if self._signs or anonymous else self._login("")
        try:
            return self._once(service, body, where, token)
        except _Lost as first:
            if not self._again(first, token):
                raise self._refused(first) from None
        try:
            return self._once(service, body, where, self._token)
        except _Lost as second:
            raise self._refused(second) from None

    def _again(self, error: _Lost, token: str) -> bool:
        """Whether another try has a chance: a new session, or another reading of the time."""
        if not self._signs:
            self._login(token)
            return True
        with self._lock:
            held = bool(self._cookies)
            self._cookies = {}
        return held or error.clock or abs(self._ahead) > _SKEW

    def _refused(self, error: _Lost) -> Denied:
        facts = {"connection": self._site.connection, "user": self._settings.user, "said": error.said[:300] or "-"}
        if error.clock or abs(self._ahead) > _SKEW:
            return Denied("kingdee.clock", seconds=round(self._ahead), **facts)
        return Denied("kingdee.login", **facts)

    def _once(self, service: str, body: Mapping[str, Any], where: Where, token: str) -> Reply:
        headers = {"Content-Type": "application/json", "Accept-Charset": "utf-8"}
        url = f"{self._url}{service}.common.kdsvc"
        if self._signs:
            headers |= signed_headers(self._who, url, self._seconds())
        with self._lock:
            cookies = dict(self._cookies)
        token = cookies.get("kdservice-sessionid", "") if self._signs else token
        if token:
            headers["kdservice-sessionid"] = token
            cookies["kdservice-sessionid"] = token
            headers["Cookie"] = "Theme=standard; " + "; ".join(f"{n}={v}" for n, v in cookies.items())
        answer = self._site.http.send("POST", url, headers=headers, body=wire(body), writes=where.writes)
        self._keep(answer)
        return Reply(self._data(answer, where), self._time(answer))

    def _seconds(self) -> int:
        return int(self._site.now().timestamp() + (self._ahead if abs(self._ahead) > _SKEW else 0.0))

    def _keep(self, answer: Answer) -> None:
        """Newest cookies, and the distance of the clocks."""
        pairs = (line.split(";")[0].strip().partition("=") for line in answer.headers.get("set-cookie", "").split("\n"))
        fresh = {name: value for name, _, value in pairs if name and value and value.isprintable()}
        at = answer.made_at
        with self._lock:
            self._cookies |= fresh
            if at is not None:
                self._ahead = (at - self._site.now()).total_seconds()

    def _time(self, answer: Answer) -> datetime:
        return answer.made_at or self._site.now()

    # ------------------------------------------------------------------- logging in

    def _login(self, stale: str) -> str:
        """A session token; a new one if the present one is `stale`. One thread logs in, the others wait."""
        with self._lock:
            if self._token and self._token != stale:
                return self._token
            self._cookies = {}
        with self._entering:  # not the lock of the cookies, which the log-in itself needs
            if self._token and self._token != stale:
                return self._token
            token = self._new_session()
            with self._lock:
                self._token = token
            if self._settings.organisation:
                self._enter_organisation(token)
            return token

    def _new_session(self) -> str:
        s, who = self._settings, self._who
        if s.login == "password":
            service, parts = "ValidateUser", [s.account, s.user, s.password.get_secret_value(), s.language]
        elif s.login == "app_secret":
            service, parts = "LoginByAppSecret", [s.account, s.user, s.app_id, who.app_secret, s.language]
        else:
            now = self._seconds()
            service, parts = (
                "LoginBySign",
                [s.account, s.user, s.app_id, str(now), login_sign(who, now), s.language],
            )
        where = Where(self._site.connection, "", service, False, s.throttle)
        try:
            data = self._once(AUTH + service, {"parameters": parts}, where, "").data
        except _Lost as error:
            raise self._refused(error) from None
        token = data.get("KDSVCSessionId") if isinstance(data, Mapping) else None
        if not isinstance(data, Mapping) or str(data.get("LoginResultType")) != "1" or not token:
            said = str(data.get("Message") or "") if isinstance(data, Mapping) else ""
            raise self._refused(_Lost(said, clock="时间戳" in said or "timestamp" in said.lower()))
        return str(token)

    def _enter_organisation(self, token: str) -> None:
        """Work in the organisation that the settings name; a session begins in the user's own."""
        name = self._settings.organisation
        where = Where(self._site.connection, "", "SwitchOrg", False, self._settings.throttle)
        try:
            data = self._once(FORMS + "SwitchOrg", {"data": {"OrgNumber": name}}, where, token).data
        except _Lost as error:
            raise self._refused(error) from None
        status = status_of(data)
        if status is not None and not outcome_of(status).good:
            said = " ".join(f.text for f in outcome_of(status).faults)
            raise Unsupported(
                "kingdee.organisation", connection=self._site.connection, organisation=name, said=said or "-"
            )

    # ------------------------------------------------------------------- judging

    def _data(self, answer: Answer, where: Where) -> Any:
        facts = {"connection": where.connection, "service": where.service, "status": answer.status}
        text = answer.body.decode("utf-8-sig", "replace").strip()
        if 300 <= answer.status < 400:
            to = urlsplit(answer.headers.get("location", "")).hostname or "-"
            raise Unsupported("kingdee.redirect", to=to, **facts)
        if answer.status == 401:
            raise _Lost(text[:200])
        if answer.status == 519:
            raise self._gateway(text, where, facts)
        if answer.status == 403:
            raise Denied("kingdee.forbidden", **facts)
        if answer.status == 404:
            raise Unsupported("kingdee.no_api", url=self._url, **facts)
        if answer.status not in (200, 206):
            raise self._broken(answer.status, text, where, facts)
        if text.startswith("<"):
            if not self._signs and self._token:
                raise _Lost("HTML")
            raise _unclear(where, "kingdee.login_page", facts)
        if text.startswith("response_error:"):
            raise self._said(text.removeprefix("response_error:").strip(), where, facts)
        try:
            data = json.loads(text, parse_float=Decimal)
        except (ValueError, RecursionError):
            raise _unclear(where, "kingdee.garbled", facts) from None
        self._still_there(data)
        return data

    def _still_there(self, data: object) -> None:
        """Raises _Lost where the answer is a failure that speaks of the session."""
        status = status_of(data)
        if status is None:
            return
        outcome = outcome_of(status)
        fault = next((f for f in outcome.faults if lost(f.code, f.text)), None)
        if not outcome.good and not outcome.made and fault is not None:
            raise _Lost(fault.text)

    def _gateway(self, text: str, where: Where, facts: Mapping[str, Any]) -> Exception:
        try:
            told = json.loads(text)
            number, said = int(told.get("errcode", 0)), str(told.get("description_cn") or told.get("description") or "")
        except (ValueError, TypeError, AttributeError):
            return _unclear(where, "kingdee.garbled", facts)
        if number in _GATEWAY_CLOCK:
            return _Lost(said, clock=True)
        if number in _GATEWAY_API:
            return Unsupported("kingdee.no_api", url=self._url, **facts)
        return Denied("kingdee.gateway", said=said or "-", number=number, **facts)

    def _broken(self, status: int, text: str, where: Where, facts: Mapping[str, Any]) -> Exception:
        """Any other status: what the body complains of, if it is known; else a fault that may pass."""
        known = self._known(text, where)
        if known is not None:
            return known
        if 400 <= status < 500:
            return Unsupported("kingdee.bad_call", form=where.form, said=text[:200] or "-", number=status, **facts)
        return _unclear(where, "kingdee.fault", {**facts, "said": text[:200] or "-"})

    def _said(self, text: str, where: Where, facts: Mapping[str, Any]) -> Exception:
        """An error in plain words instead of JSON."""
        if lost(0, text):
            return _Lost(text)
        return self._known(text, where) or _unclear(where, "kingdee.fault", dict(facts) | {"said": text[:200] or "-"})

    def _known(self, text: str, where: Where) -> HubError | None:
        error = error_of(Fault(0, text), where)
        return None if error.code == "kingdee.refused" else error


def _unclear(where: Where, code: str, facts: Mapping[str, Any]) -> HubError:
    """An answer that is none: a look may be repeated, of a write nobody knows what became."""
    return Unanswered(code, **facts) if where.writes else Transient(code, after=None, **facts)


def wire(value: Any) -> bytes:
    """JSON whose numbers keep every digit: a binary float would turn 0.07 into its neighbour."""
    return _written(value).encode()


def _written(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{json.dumps(str(n))}:{_written(v)}" for n, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(map(_written, value)) + "]"
    return json.dumps(value, ensure_ascii=False)
