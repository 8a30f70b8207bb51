"""What Kingdee's complaints mean to the hub: code and text of an answer, as one of our errors.

Most complaints arrive with HTTP 200; the code alone is too coarse (11 is a missing field, a taken number, a locked
bill), so known wordings decide where the code leaves it open.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hefu.core.errors import Denied, HubError, Missing, Rejected, Stale, Transient, Unsupported

CONTEXT_LOST, DATABASE, OPEN_ELSEWHERE, THROTTLED = 1, 6, 13, 14

_LOST = re.compile(r"ctx\s*==\s*null|未登录|会话|session|-10001", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Fault:
    """One complaint. `place`: which element of a batch it is about, None for the whole call."""

    code: int
    text: str
    field: str | None = None
    place: int | None = None


@dataclass(frozen=True, slots=True)
class Made:
    """One element of a batch that went through."""

    id: str
    number: str
    place: int | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """A ResponseStatus, read with its odd spellings: texts for truth values, texts for numbers."""

    good: bool
    made: Sequence[Made]
    faults: Sequence[Fault]


def _number(value: object, default: int | None = 0) -> int | None:
    try:
        return int(str(value))
    except ValueError:
        return default


def status_of(answer: object) -> Mapping[str, Any] | None:
    """The ResponseStatus inside an answer, however deep this service wraps it; None where there is none."""
    inner = answer
    while isinstance(inner, list) and len(inner) == 1:
        inner = inner[0]
    if not isinstance(inner, Mapping):
        return None
    result = inner.get("Result", inner)
    if isinstance(result, Mapping) and isinstance(result.get("ResponseStatus"), Mapping):
        return result["ResponseStatus"]  # type: ignore[no-any-return]
    return None


def outcome_of(status: Mapping[str, Any]) -> Outcome:
    """What a ResponseStatus tells."""
    good = str(status.get("IsSuccess")).lower() == "true"
    code = _number(status.get("MsgCode")) or 0
    faults = [
        Fault(code, str(e.get("Message") or "").strip(), e.get("FieldName") or None, _number(e.get("DIndex"), None))
        for e in status.get("Errors") or ()
        if isinstance(e, Mapping)
    ]
    if not good and not faults:
        faults = [Fault(code, str(status.get("Message") or status.get("ErrorCode") or ""))]
    made = [
        Made(str(e.get("Id")), str(e.get("Number") or ""), _number(e.get("DIndex"), None))
        for e in status.get("SuccessEntitys") or ()
        if isinstance(e, Mapping) and e.get("Id") not in (None, 0, "", "0")
    ]
    return Outcome(good, made, faults)


def lost(code: int, text: str) -> bool:
    """Whether a failed answer says that nobody is logged in. Never asked of an answer that carries data."""
    return code == CONTEXT_LOST or (code in (0, 4, 500) and _LOST.search(text) is not None)


@dataclass(frozen=True, slots=True)
class Where:
    """Of what an error tells: connection, form, service, and whether the call was to change something."""

    connection: str
    form: str
    service: str
    writes: bool
    throttle: float = 30.0

    def facts(self, fault: Fault) -> dict[str, object]:
        """As facts of an error."""
        return {
            "connection": self.connection,
            "form": self.form,
            "service": self.service,
            "said": fault.text[:300] or "-",
            "number": fault.code,
        }


_CODES: Mapping[int, tuple[type[HubError], str]] = {
    1: (Denied, "kingdee.login"),
    2: (Denied, "kingdee.no_right"),
    3: (Unsupported, "kingdee.bad_call"),
    5: (Unsupported, "kingdee.bad_call"),
    7: (Denied, "kingdee.licence"),
    10: (Missing, "kingdee.missing"),
    15: (Denied, "kingdee.administrator"),
}
"""Codes that say enough by themselves."""

_TEXTS: Sequence[tuple[re.Pattern[str], type[HubError], str]] = [
    (re.compile(r"网控|网络控制|正在(?:编辑|使用|操作)"), Transient, "kingdee.in_use"),
    (re.compile(r"已被其他用户修改|已经被其他用户修改"), Stale, "kingdee.stale"),
    (re.compile(r"违反字段唯一性|编码唯一|已经?被使用|已存在"), Rejected, "kingdee.taken"),
    (re.compile(r"标识为\s*(?P<name>\S+?)\s*的字段不存在"), Unsupported, "kingdee.unknown_field"),
    (re.compile(r"列名\s*'(?P<name>[^']+)'\s*无效"), Unsupported, "kingdee.unknown_field"),
    (re.compile(r"业务对象不存在|表单标识为空|表单不存在"), Unsupported, "kingdee.unknown_form"),
    (re.compile(r"权限"), Denied, "kingdee.no_right"),
    (re.compile(r"许可|licen[cs]e", re.IGNORECASE), Denied, "kingdee.licence"),
    (re.compile(r"已审核|不允许修改|审核中"), Rejected, "kingdee.approved"),
    (re.compile(r"关联数量|超过交货数量|下推数量"), Rejected, "kingdee.exhausted"),
    (re.compile(r"业务关闭|已关闭|冻结|终止"), Rejected, "kingdee.closed"),
    (re.compile(r"必录|不能为空|必填"), Rejected, "kingdee.required"),
]


def error_of(fault: Fault, where: Where) -> HubError:
    """The error for one complaint; whole-call complaints about credentials and limits included."""
    facts = where.facts(fault)
    if fault.code in _CODES:
        kind, code = _CODES[fault.code]
        return kind(code, **facts)
    if fault.code == THROTTLED:
        return Transient("kingdee.throttled", after=where.throttle, **facts)
    if fault.code == OPEN_ELSEWHERE:
        return Transient("kingdee.in_use", after=None, **facts)
    if fault.code == DATABASE:
        return Transient("kingdee.database", after=None, **facts)
    for pattern, kind, code in _TEXTS:
        found = pattern.search(fault.text)
        if found:
            return _worded(kind, code, fault, facts | found.groupdict(), where)
    if fault.code == 12:
        return Rejected("kingdee.state", field=fault.field, **facts)
    if fault.code == 9:
        return _worded(Rejected if where.writes else Unsupported, "kingdee.no_such_value", fault, facts, where)
    return _worded(Rejected if where.writes else Unsupported, "kingdee.refused", fault, facts, where)


def _worded(kind: type[HubError], code: str, fault: Fault, facts: dict[str, Any], where: Where) -> HubError:
    if kind is Transient:
        return Transient(code, after=None, **facts)
    if kind is Rejected:
        if not where.writes:  # nothing of a record is refused by a look
            return Unsupported("kingdee.refused", **facts)
        return Rejected(code, field=fault.field, **{**facts, "name": facts.get("name") or fault.field or "-"})
    return kind(code, **facts)


def concerns_all(error: HubError) -> bool:
    """Whether a complaint about one element stops the whole call (rights, limits) rather than that element."""
    return isinstance(error, Denied) or error.code in ("kingdee.throttled", "kingdee.bad_call", "kingdee.unknown_form")
