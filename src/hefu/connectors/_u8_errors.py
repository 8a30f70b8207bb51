"""What U8's complaints mean to the hub: neither door publishes its error numbers, so the words decide.

A complaint about the line to the company's server says nothing about a write that was under way.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

from hefu.core.errors import Denied, HubError, Missing, Rejected, Transient, Unanswered, Unsupported

LOST_TOKEN = re.compile(r"token.*(?:过期|不正确|失效|无效|expired|invalid)", re.IGNORECASE)
PENDING = re.compile(r"处理中|稍后查询")


class Where(NamedTuple):
    """Of what an error tells, and whether the call was to change something."""

    connection: str
    path: str
    writes: bool

    def facts(self, number: object, words: str) -> dict[str, Any]:
        """As facts of an error."""
        said = " ".join(words.split())[:300] or "-"
        return {"connection": self.connection, "path": self.path, "said": str(number), "words": said}


_WORDS: Sequence[tuple[re.Pattern[str], type[HubError], str]] = (
    (re.compile(r"不在线|离线|超时|offline|time.?out", re.IGNORECASE), Transient, "offline"),
    (re.compile(r"频率|次数"), Transient, "throttled"),
    (re.compile(r"app_key|app_secret|账号不正确|未授权|权限"), Denied, "denied"),
    (re.compile(r"外部系统未注册"), Denied, "sender"),
    (re.compile(r"数据源不存在|账套"), Unsupported, "data_source"),
    (re.compile(r"接口.*不存在|没有接口|未启用|不支持修改|不支持的操作"), Unsupported, "no_api"),
    (re.compile(r"没有提供的字段\((?P<name>\w+)\)"), Unsupported, "no_field"),
    (re.compile(r"已存在|重复"), Rejected, "taken"),
    (re.compile(r"已审核|未审核|不允许"), Rejected, "locked"),
    (re.compile(r"已被使用"), Rejected, "used"),
    (re.compile(r"不能为空|必输"), Rejected, "required"),
    (re.compile(r"不存在"), Missing, "missing"),
)


def error_of(number: object, words: str, where: Where, *, own: bool = False) -> HubError:
    """The error for a complaint. own: it is about the record itself, so "is not there" means that it is gone."""
    facts = where.facts(number, words)
    for pattern, kind, code in _WORDS:
        found = pattern.search(words)
        if found is None:
            continue
        if code == "offline":
            return Unanswered("u8.offline", **facts) if where.writes else Transient("u8.offline", after=None, **facts)
        if kind is Transient:
            return Transient(f"u8.{code}", after=60.0, **facts)
        if kind is Missing and where.writes and not own:
            return Rejected("u8.no_such_value", **facts)
        if kind is Rejected and not where.writes:
            break
        return kind(f"u8.{code}", **{"name": "-", **found.groupdict(), **facts})
    return Rejected("u8.refused", **facts) if where.writes else Unsupported("u8.misfit", **facts)
