"""What YonBIP's complaints mean to the hub: nearly all come with HTTP 200, a code and words.

The gateway's codes say enough by themselves; of the business codes (999, 0, 1002 ...) only the words tell.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from hefu.core.errors import Denied, HubError, Missing, Rejected, Transient, Unanswered, Unsupported

GOOD = ("200", "00000")
EXPIRED = ("310036", "310001")
DUPLICATE = ("10004", "100004")
PENDING = ("202", "310504")
"""The outcome is not known yet: the same key gives it."""
NOTHING = ("118001",)

_THROTTLED = ("310032", "310039", "310042", "310046")
_PARAMETER = ("310008", "310015", "310023", "506")
_NO_API = ("310404", "310405")
_REST = 60.0
"""Quotas are counted by the minute."""


class Refusal(NamedTuple):
    """A complaint: code as text, words, and data that came with it."""

    code: str
    words: str
    data: Any = None


class Where(NamedTuple):
    """Of what an error tells, and whether the call was to change something."""

    connection: str
    path: str
    writes: bool

    def facts(self, refusal: Refusal) -> dict[str, Any]:
        """As facts of an error."""
        return {
            "connection": self.connection,
            "path": self.path,
            "said": refusal.code,
            "words": " ".join(refusal.words.split())[:300] or "-",
        }


_WORDS: Sequence[tuple[re.Pattern[str], type[HubError], str]] = (
    (re.compile(r"(?:组织|业务单元).*(?:不存在|无权)|开票组织不允许为空"), Unsupported, "organisation"),
    (re.compile(r"字段\[?(?P<name>[\w!.]+)\]?的.*权限"), Rejected, "no_field_right"),
    (re.compile(r"权限|未授权"), Denied, "no_right"),
    (re.compile(r"已存在|重复"), Rejected, "taken"),
    (re.compile(r"已停用"), Rejected, "stopped"),
    (re.compile(r"已提交|已审核|已经关闭|不能修改|当前状态不允许|下游单据|未审核|弃审"), Rejected, "locked"),
    (re.compile(r"不能为空|不允许为空|必填|必输"), Rejected, "required"),
    (re.compile(r"不存在"), Rejected, "no_such_value"),
)


def error_of(refusal: Refusal, where: Where) -> HubError:
    """The error for a complaint."""
    code, facts = refusal.code, where.facts(refusal)
    if code in _THROTTLED:
        return Transient("yonbip.throttled", after=_REST, **facts)
    if code == "310043":
        return Transient("yonbip.circuit", after=30.0, **facts)
    if code in PENDING:
        return (
            Unanswered("yonbip.pending", **facts) if where.writes else Transient("yonbip.pending", after=5.0, **facts)
        )
    if code in EXPIRED:
        return Denied("yonbip.token", **facts)
    if code == "310037":
        return Denied("yonbip.not_ticked", **facts)
    if code in _NO_API:
        return Unsupported("yonbip.no_api", **facts)
    if code == "1002" and not where.writes:
        return Missing("yonbip.missing", **facts)
    if code in _PARAMETER:
        return Rejected("yonbip.refused", **facts) if where.writes else Unsupported("yonbip.misfit", **facts)
    return of_words(refusal, where)


def of_words(refusal: Refusal, where: Where) -> HubError:
    """The error for what is told by words alone, as of one record of a batch."""
    facts = where.facts(refusal)
    for pattern, kind, code in _WORDS:
        found = pattern.search(refusal.words)
        if found is None:
            continue
        if kind is Rejected:
            if not where.writes:
                break
            name = found.groupdict().get("name")
            return Rejected(f"yonbip.{code}", field=name, name=name or "-", **facts)
        return kind(f"yonbip.{code}", **facts)
    if where.writes:
        return Rejected("yonbip.refused", **facts)
    if re.search(r"异常|失败", refusal.words):
        return Transient("yonbip.fault", after=None, **facts)
    return Unsupported("yonbip.misfit", **facts)


def told_of(told: Any) -> Refusal:
    """Code, words and data of an answer."""
    if not isinstance(told, Mapping) or "code" not in told:
        return Refusal("", "")
    return Refusal(str(told.get("code")), str(told.get("message") or ""), told.get("data"))
