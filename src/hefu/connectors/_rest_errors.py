"""What an API's refusals mean: from status, code and text to one of our errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hefu.connectors._json import NotJson, loads
from hefu.connectors._rest_paths import ABSENT, get, path, text
from hefu.connectors._rest_settings import Condition, ErrorShape, Verdict
from hefu.core.connector import Answer
from hefu.core.errors import Denied, HubError, Missing, Rejected, Stale, Transient, Unanswered, Unsupported


@dataclass(frozen=True, slots=True)
class Call:
    """What a call was about, for judging its answer.

    kind: list (a page), one (a record by id), write, create, action, check.  conditional: it carried a version.
    """

    kind: str
    object: str
    connection: str
    conditional: bool = False
    record: str = ""

    @property
    def writes(self) -> bool:
        """Whether it may change something."""
        return self.kind in ("write", "create", "action")


def holds(condition: Condition, body: Any) -> bool:
    """Whether a condition holds for a body or a record."""
    found = get(body, path(condition.path))
    if "equals" in condition.model_fields_set:
        true = found == condition.equals and isinstance(found, bool) == isinstance(condition.equals, bool)
    elif condition.one_of:
        true = found in condition.one_of
    else:
        true = found not in (ABSENT, None, False, "", 0)
    return true is not condition.negate


class Judge:
    """Turns answers into bodies or errors, by one error shape."""

    def __init__(self, shape: ErrorShape) -> None:
        self.shape = shape
        self._code, self._message, self._field = (
            [path(p) for p in paths] for paths in (shape.code, shape.message, shape.field)
        )
        self._fields = path(shape.fields) if shape.fields is not None else None

    def body(self, answer: Answer, call: Call, now: datetime) -> Any:
        """The body of a good answer (None if it has none), else raises what it means."""
        good = 200 <= answer.status < 300
        try:
            body = loads(answer) if answer.body.strip() else None
        except NotJson as error:
            if good or answer.status in self.shape.statuses:
                raise _not_json(error, answer, call) from None
            body = None
        verdict = self._verdict(answer, body, call, good)
        if verdict == "ok":
            return body
        raise self._error(verdict, answer, body, call, now)

    def refuses(self, result: Any) -> Verdict | None:
        """What one result of a batch says of its record; None: it was taken."""
        verdict = self.shape.codes.get(self.code(result)) if self.shape.codes else None
        if verdict is not None:
            return None if verdict == "ok" else verdict
        failed = self.shape.failed
        wrong = any(holds(c, result) for c in failed) if failed else _looks_wrong(result)
        return "rejected" if wrong else None

    def refusal(self, verdict: Verdict, result: Any, call: Call) -> HubError:
        """The error that a refusing result tells."""
        return self._error(verdict, Answer(200, {}, b""), result, call, None)

    def expired(self, error: HubError) -> bool:
        """Whether a new session may help."""
        return bool(error.facts.get("expired"))

    def code(self, body: Any) -> str:
        """The system's error code, or ''."""
        found = _first(body, self._code)
        return "" if found is None or isinstance(found, dict | list) else text(found)

    def _verdict(self, answer: Answer, body: Any, call: Call, good: bool) -> Verdict:
        by_code = self.shape.codes.get(self.code(body))
        if by_code:
            return by_code
        if good:
            return "rejected" if any(holds(c, body) for c in self.shape.failed) else "ok"
        return self.shape.statuses.get(answer.status) or _usual(answer.status, call)

    def _error(self, verdict: Verdict, answer: Answer, body: Any, call: Call, now: datetime | None) -> HubError:
        facts: dict[str, Any] = {
            "connection": call.connection,
            "object": call.object,
            "status": answer.status,
            "code": self.code(body) or "-",
            "message": self._text(body) or "-",
        }
        facts |= {"record": call.record} if call.record else {}
        told, said = {"said": facts.pop("code"), **facts}, "rest." + verdict
        if verdict == "expired":
            return Denied("rest.denied", expired=True, **told)
        if verdict == "denied":
            return Denied(said, **told)
        if verdict == "transient":
            return Transient(said, after=self._after(answer, now), **told)
        if verdict == "rejected" and call.kind in ("list", "check"):
            return Unsupported("rest.bad_request", **told)
        if verdict == "rejected":
            return Rejected(said, field=self._blamed(body), **told)
        return _PLAIN[verdict](said, **told)

    def _text(self, body: Any) -> str:
        if isinstance(body, str):
            return body[:300]
        found = _first(body, self._message)
        return "" if found is None else " ".join(text(found).split())[:300]

    def _blamed(self, body: Any) -> str | None:
        found = _first(body, self._field)
        if isinstance(found, str):
            return found
        if isinstance(found, list) and found and all(isinstance(step, str | int) for step in found):
            return ".".join(map(str, found))
        by_field = get(body, self._fields, None) if self._fields is not None else None
        return next(iter(by_field), None) if isinstance(by_field, Mapping) else None

    def _after(self, answer: Answer, now: datetime | None) -> float | None:
        name = self.shape.retry_after
        try:
            seconds = float(answer.headers.get((name or "retry-after").lower(), ""))
        except ValueError:
            return None
        if now is not None and seconds > 1e9:  # a moment, not a wait
            seconds -= now.timestamp()
        return min(max(0.0, seconds), 86400.0)


_PLAIN: dict[str, type[HubError]] = {
    "stale": Stale,
    "missing": Missing,
    "unsupported": Unsupported,
    "unanswered": Unanswered,
}


def _usual(status: int, call: Call) -> Any:
    """What a status means where the description says nothing."""
    if status == 401:
        return "expired"
    if status == 403:
        return "denied"
    if status in (404, 410):
        return "missing" if call.record else "unsupported"
    if status == 412 or (status == 409 and call.conditional):
        return "stale"
    if status in (408, 423, 425):
        return "transient"
    if status in (405, 406, 415, 428, 501, 505) or status < 400:
        return "unsupported"
    if status >= 500:
        return "unanswered" if call.writes else "transient"
    return "rejected"


def _looks_wrong(result: Any) -> bool:
    """One result of a batch, in the ways most systems mark a failed one."""
    if not isinstance(result, Mapping):
        return False
    status = result.get("status")
    return bool(
        result.get("success") is False
        or result.get("ok") is False
        or result.get("error")
        or result.get("errors")
        or (isinstance(status, int) and status >= 400)
    )


def _not_json(error: NotJson, answer: Answer, call: Call) -> HubError:
    """No JSON where some should be. After a write nobody knows what happened."""
    facts = {
        "connection": call.connection,
        "object": call.object,
        "status": answer.status,
        "type": answer.headers.get("content-type", "-"),
        "start": error.start,
    }
    code = {"html": "rest.html", "cut": "rest.cut", "number": "rest.number"}.get(error.what, "rest.not_json")
    if call.writes:
        return Unanswered(code, **facts)
    if call.kind == "check" and error.what != "cut":
        return Unsupported(code, **facts)
    return Transient(code, after=None, **facts)


def _first(body: Any, paths: list[Any]) -> Any:
    for steps in paths:
        found = get(body, steps, None)
        if found not in (None, "", [], {}):
            return found
    return None
