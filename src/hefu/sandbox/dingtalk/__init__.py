"""DingTalk 钉钉, imitated: the group robot and the application's messages."""

from __future__ import annotations

from hefu.sandbox.catalog import Entry
from hefu.sandbox.dingtalk.api import FAULTS, DingTalk
from hefu.sandbox.inbox import Inbox


def open_dingtalk(path: str = ":memory:", empty: bool = False) -> DingTalk:  # noqa: ARG001 - it begins empty always
    """The sandbox over a file."""
    return DingTalk(Inbox(path))


SANDBOX = Entry(
    "dingtalk", ("钉钉（群机器人、应用消息）", "DingTalk (robot, messages)"), 8728, open_dingtalk, None, FAULTS
)
