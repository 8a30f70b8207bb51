"""What each connector is proven to do: the results of the last `make conformance`, and what its abilities mean.

The figures come from runs; no figure is written by hand.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import orjson

RESULTS = Path(__file__).with_name("proven.json")

AGAINST = {
    "real": ("real system", "真实系统"),
    "vendor": ("a server of the vendor's for developers", "厂商的开发用服务器"),
    "sandbox": ("our sandbox", "本项目沙盒"),
    "imitation": ("an imitation inside the test", "测试内的模拟"),
}
MEANS = {
    "access": ("log-in, wrong secret, unreachable", "登录、密钥错误、无法连接"),
    "discover": ("objects and fields", "对象与字段"),
    "read": ("single records and search", "单条记录与查找"),
    "page": ("pages, without gap or repeat, in bounded memory", "分页，不漏不重，内存有界"),
    "changes": ("what changed since, deletions", "变更与删除"),
    "types": ("values come back as written", "写入的值原样读回"),
    "create": ("created once, found again after a lost answer", "只建一次，应答丢失后可找回"),
    "update": ("only the named fields change", "只改所列字段"),
    "conditional": ("what a colleague has changed since is not written over", "不覆盖他人刚做的修改"),
    "delete": ("deletes", "删除"),
    "lines": ("lines of documents", "单据明细"),
    "actions": ("status steps", "状态操作"),
    "batch": ("one bad record spoils no other", "一条出错不影响其他"),
    "returns": ("the answer shows the record", "应答即最新记录"),
    "faults": ("throttling, broken lines, expiry, lost answers", "限流、断线、过期、应答丢失"),
}
"""Ability -> what the checks of it prove, in both languages."""


@cache
def results() -> Mapping[str, Any]:
    """The last run's results, as `pytest --hefu-sheet-file` wrote them."""
    told: Mapping[str, Any] = orjson.loads(RESULTS.read_bytes())
    return told


def suites_of(connector: str) -> list[Mapping[str, Any]]:
    """How a connector was met, and what it passed there; what is nearest to the real system first."""
    order = list(AGAINST)
    mine = [row for row in results()["suites"] if row["connector"] == connector and row["abilities"]]
    return sorted(mine, key=lambda row: (order.index(row["against"]), row["system"], row["object"]))


__all__ = ["AGAINST", "MEANS", "RESULTS", "results", "suites_of"]
