"""Who is told what: alert rules and the channels by which people are reached, as a project document.

A rule names what can happen, for how long it may last unsaid, and whom to tell; what it finds is a *cause*, such as
"connection erp is down". About one cause one owner hears at most once an hour.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from hefu.core.ground import Document, Duration, Name

OF_ISSUES = (
    "conflict", "rejected", "duplicate", "deleted", "delete_edit", "drift", "unreadable", "unresolved", "loss",
    "unknown_outcome",
)  # fmt: skip
"""What the issue desk holds, told by cause and system."""

On = Literal[
    "conflict", "rejected", "duplicate", "deleted", "delete_edit", "drift", "unreadable", "unresolved", "loss",
    "unknown_outcome", "flood", "paused", "connection", "late", "failed", "plan", "difference", "backup",
]  # fmt: skip

PATIENCE: Mapping[str, timedelta] = {
    "connection": timedelta(minutes=2),
    "unknown_outcome": timedelta(minutes=10),
    "late": timedelta(minutes=15),
    "backup": timedelta(hours=26),
}
"""How long something may last before it is told, where the rule does not say."""

MEETS: Mapping[str, str] = {
    **dict.fromkeys(OF_ISSUES, "connections flows"),
    "flood": "flows",
    "paused": "connections flows",
    "connection": "connections",
    "late": "flows",
    "failed": "flows",
}
"""By what a rule can be narrowed."""


class Alert(Document):
    """When to tell whom."""

    on: On = Field(description="What to tell of")
    connections: list[Name] = Field([], description="Only of these connections")
    flows: list[Name] = Field([], description="Only of these flows")
    after: Duration | None = Field(
        None,
        description="Only what lasts longer than this; of backup: no verified one younger. Not given: late 15m, "
        "connection 2m, unknown_outcome 10m, backup 26h, else at once",
    )
    at_least: int = Field(1, ge=1, description="Only from so many on: issues of one cause, failed runs")
    within: Duration = Field(timedelta(hours=1), description="Of failed: runs that began so recently")
    owner: str = Field("", max_length=100, description="Who sees to it: stands in the notice, hears once of a cause")
    to: list[Annotated[str, Field(min_length=1, max_length=254)]] = Field(
        [], description="Whom to tell: channels by name, e-mail addresses"
    )
    again: Duration | None = Field(None, description="Tell again while it lasts, each hour at most")

    @property
    def patience(self) -> timedelta:
        """How long it may last unsaid."""
        return PATIENCE.get(self.on, timedelta(0)) if self.after is None else self.after


ChannelKind = Literal["dingtalk", "feishu", "wecom", "webhook", "email", "apprise"]


class Channel(Document):
    """A way to reach people: a group robot, a web hook or a mail server."""

    kind: ChannelKind
    url: str = Field("", description="Address of the robot or web hook, its token as ${sealed:NAME}; not for email")
    secret: str = Field("", description="Signing secret of the robot or web hook, as ${sealed:NAME}")
    keyword: str = Field("", max_length=50, description="Word that the robot demands in each message")
    host: str = Field("", description="Of email: the mail server")
    port: int | None = Field(None, ge=1, le=65535, description="Of email; not given: 465 for tls, 587 for starttls, 25")
    security: Literal["tls", "starttls", "none"] = Field("tls", description="Of email; none only inside the house")
    user: str = Field("", description="Of email: login name; empty: no login")
    password: str = Field("", description="Of email: password or authorisation code, as ${sealed:NAME}")
    sender: str = Field("", description="Of email: the address it comes from")
    to: list[str] = Field([], description="Of email: who reads what a rule sends to this channel by its name")
    ca_file: str = Field("", description="PEM file with the company's own certification authority")
    language: Literal["zh", "en"] = Field("zh", description="Language of its notices")


class Alerts(Document):
    """All alert rules of a project, and the channels they use."""

    alerts: dict[Name, Alert]
    channels: dict[Name, Channel] = {}


NEEDED: Mapping[str, tuple[str, ...]] = {"email": ("host", "sender")}
"""Words that a channel of a kind must have; of the others: url."""

HIDDEN: Mapping[str, tuple[str, ...]] = {
    "dingtalk": ("url", "secret"),
    "feishu": ("url", "secret"),
    "wecom": ("url", "secret"),
    "webhook": ("secret",),
    "email": ("password",),
    "apprise": ("url",),
}
"""Words whose values are secrets: they hold a reference, never the value."""


def mail_channel(document: Alerts) -> str | None:
    """The channel that carries mail to plain addresses: the first of kind email."""
    return next((name for name, one in sorted(document.channels.items()) if one.kind == "email"), None)


__all__ = ["HIDDEN", "MEETS", "NEEDED", "OF_ISSUES", "Alert", "Alerts", "Channel", "mail_channel"]
