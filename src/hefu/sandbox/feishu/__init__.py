"""Feishu / Lark 飞书, imitated: the group bot and the application's messages."""

from __future__ import annotations

from hefu.sandbox.catalog import Entry
from hefu.sandbox.feishu.api import FAULTS, Feishu
from hefu.sandbox.inbox import Inbox


def open_feishu(path: str = ":memory:", empty: bool = False) -> Feishu:  # noqa: ARG001 - it begins empty always
    """The sandbox over a file."""
    return Feishu(Inbox(path))


SANDBOX = Entry("feishu", ("飞书（群机器人、应用消息）", "Feishu (bot, messages)"), 8729, open_feishu, None, FAULTS)
