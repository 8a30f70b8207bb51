"""The firm's members and departments, as records show them in a member or department widget."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

CREATOR = "admin"
"""The enterprise's creator: who a record is from when a call names nobody."""

MEMBERS = {
    CREATOR: "系统管理员",
    "chensiqi": "陈思琪",
    "liuyang": "刘洋",
    "wangting": "王婷",
    "zhaojianguo": "赵建国",
    "zhouhaoran": "周浩然",
    "sunxuemei": "孙雪梅",
    "zhangmin": "张敏",
}
DEPARTMENTS = {1: "销售一部", 2: "销售二部", 3: "商务部"}
_NAMES = {name: username for username, name in MEMBERS.items()}


def username_of(name: str) -> str:
    """The user name of somebody who is named as people are, or by user name; unknown ones keep their name."""
    return name if name in MEMBERS else _NAMES.get(name, name)


def member(username: str) -> Mapping[str, Any] | None:
    """A member as reads show one."""
    if username not in MEMBERS:
        return None
    return {**somebody(username), "departments": [1 + sum(username.encode()) % len(DEPARTMENTS)]}


def somebody(username: str) -> Mapping[str, Any]:
    """The short form that system fields have; also for somebody who left, whose name is all that is known."""
    return {
        "_id": _id("member", username),
        "username": username,
        "name": MEMBERS.get(username, username),
        "status": 1 if username in MEMBERS else 0,
        "type": 0,
    }


def department(number: int) -> Mapping[str, Any] | None:
    """A department as reads show one."""
    if number not in DEPARTMENTS:
        return None
    return {"_id": _id("dept", str(number)), "dept_no": number, "name": DEPARTMENTS[number], "status": 1, "type": 0}


def _id(kind: str, key: str) -> str:
    return hashlib.sha256(f"{kind}/{key}".encode()).hexdigest()[:24]
