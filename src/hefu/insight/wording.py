"""Notices in words, Chinese and English: what happened, how often, where, since when, and the link to look."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any

from hefu.core.words import ERRORS, spoken
from hefu.store.db import instant

Two = tuple[str, str]

ON: Mapping[str, Two] = {
    "conflict": ("{count} conflict(s) wait for a decision", "{count} 个冲突等待裁决"),
    "rejected": ("{count} record(s) were refused", "{count} 条记录被拒绝"),
    "duplicate": ("{count} possible duplicate(s) wait for a decision", "{count} 组疑似重复等待处理"),
    "deleted": ("{count} record(s) were deleted on one side", "{count} 条记录在一边被删除"),
    "delete_edit": ("{count} record(s) were deleted here and edited there", "{count} 条记录一边被删除、一边被修改"),
    "drift": ("{count} change(s) of a system's fields", "{count} 处系统字段发生变化"),
    "unreadable": ("{count} record(s) cannot be read", "{count} 条记录无法读取"),
    "unresolved": ("{count} reference(s) lead nowhere", "{count} 处引用找不到对象"),
    "loss": ("{count} value(s) would be cut short", "{count} 处数据会被截断"),
    "unknown_outcome": ("{count} write(s) of unknown outcome", "{count} 次写入结果未知"),
    "flood": ("Flow {flow} was stopped by its limit", "同步任务 {flow} 超过上限，已停止"),
    "paused": ("{scope} is paused", "{scope} 已暂停"),
    "connection": ("Connection {connection} is down", "连接 {connection} 中断"),
    "late": ("Flow {flow} is behind", "同步任务 {flow} 滞后"),
    "failed": ("{count} run(s) of {scope} failed", "{scope} 有 {count} 次运行失败"),
    "plan": ("A plan of {author} waits for approval: {writes} writes", "{author} 的计划等待批准：{writes} 次写入"),
    "difference": ("{count} unexplained difference(s) in the reconciliation", "对账有 {count} 处未解释的差异"),
    "backup": ("No verified backup is young enough", "没有足够新的已校验备份"),
    "test": ("This is a test; nothing happened", "这是一条测试消息，没有发生任何问题"),
}
WHAT: Mapping[str, Two] = {"raised": ("", ""), "again": ("Still: ", "仍未解决："), "over": ("Over: ", "已恢复：")}
MARKS: Mapping[str, str] = {"raised": "🔴", "again": "🟠", "over": "🟢"}

_UNSAFE = re.compile(r"[<>`\[\]\\\x00-\x1f\x7f\u2028\u2029]")


@dataclass(frozen=True)
class Line:
    """One notice in words. `link`: where it is looked at."""

    what: str
    text: str
    about: str
    link: str


@dataclass(frozen=True)
class Message:
    """What one recipient is told at once. `worst`: raised, again or over."""

    title: str
    lines: tuple[Line, ...]
    more: str
    worst: str
    look: str


def worded(items: Sequence[Mapping[str, Any]], language: str, url: str) -> Message:
    """A message in "zh" or "en". `url`: where people reach the console, without a slash at its end."""
    zh = language == "zh"
    told = [one for one in items if "more" not in one]
    left = sum(int(one["more"]) for one in items if "more" in one)
    lines = tuple(_line(one, zh, url) for one in told)
    worst = next((what for what in ("raised", "again", "over") if any(x.what == what for x in lines)), "raised")
    first = lines[0].text if lines else ""
    rest = len(lines) + left - 1
    title = (
        ("合符：" if zh else "Hefu: ") + first + ((f" 等 {rest + 1} 项" if zh else f" and {rest} more") if rest else "")
    )
    more = (f"另有 {left} 项，请在控制台查看。" if zh else f"{left} more; see the console.") if left else ""
    return Message(title, lines, more, worst, "查看" if zh else "Look")


def _line(item: Mapping[str, Any], zh: bool, url: str) -> Line:
    facts = {name: plain(value) for name, value in item.items()}
    text = WHAT[item["what"]][zh] + ON[item["on"]][zh].format_map(_Known(facts))
    if (where := item.get("connection")) and item["on"] != "connection":
        text += f"（{where}）" if zh else f" ({where})"
    return Line(item["what"], text, _about(item, facts, zh), url + "/ui" + item.get("link", "/"))


def _about(item: Mapping[str, Any], facts: Mapping[str, Any], zh: bool) -> str:
    """Since when, why, who sees to it."""
    parts = []
    if item.get("since"):
        at = instant(item["since"]).astimezone()
        zone = at.strftime("%z") if at.tzinfo is not UTC else "+0000"
        told = f"{at:%Y-%m-%d %H:%M} (UTC{zone[:3]}:{zone[3:]})"
        parts.append(f"自 {told}" if zh else f"since {told}")
    code = item.get("code")
    if code and code != item["on"]:
        parts.append(f"{_why(code, facts, zh)}[{code}]")
    if item.get("owner"):
        parts.append(f"负责人：{plain(item['owner'])}" if zh else f"owner: {plain(item['owner'])}")
    return ("；" if zh else "; ").join(parts)


def _why(code: str, facts: Mapping[str, Any], zh: bool) -> str:
    """The sentence of an error code, where the notice knows every fact in it: others may be values of a record."""
    words = ERRORS.get(code)
    if words is None or not set(re.findall(r"{(\w+)}", words.zh if zh else words.en)) <= facts.keys():
        return ""
    return spoken(code, facts, "zh" if zh else "en")[0] + " "


def plain(value: object) -> str:
    """A text that no chat takes for markup, and nobody for a call to all."""
    return _UNSAFE.sub(" ", str(value)).replace("@", "＠")[:200]


class _Known(dict[str, Any]):
    def __missing__(self, key: str) -> str:
        return "-"


__all__ = ["MARKS", "ON", "Line", "Message", "plain", "worded"]
