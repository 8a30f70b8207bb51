"""Tells people: one turn looks at the alert rules, writes messages down, and hands over those that are due."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from hefu.app.house import App
from hefu.core.alerts import HIDDEN, Alerts, Channel, mail_channel
from hefu.core.env import stamp
from hefu.core.errors import HubError, Missing, Transient, Unsupported
from hefu.core.project import Project
from hefu.insight import notices as watch
from hefu.insight import senders
from hefu.store import journal, notices
from hefu.store.db import instant, text

log = logging.getLogger("hefu.alerts")

EVERY = "20s"
"""How often rules are looked at: what happens is told within a minute."""

WAITS = (30.0, 60.0, 120.0, 300.0, 600.0, 1800.0)
"""Seconds between attempts; the last one again and again."""

GIVEN_UP = 24 * 3600
"""Seconds after which a message that nobody takes is given up."""

ALL = "*"
"""What the audit log and the API call all rules together."""

LEASE = 120.0
AT_MOST = 20
"""Messages of one turn, so that a slow mail server does not hold the next look."""


def turn(app: App, project: Project) -> int:
    """Look, write down, send; how many messages were taken."""
    watch.turn(app.store, project)
    taken = 0
    for _ in range(AT_MOST):
        with app.store.look() as tx:
            if not notices.is_due(tx):
                break
        with app.store.begin() as tx:
            row = notices.take(tx, LEASE)
        if row is not None:
            taken += _hand_over(app, project, row)
    return taken


def _hand_over(app: App, project: Project, row: Mapping[str, Any]) -> bool:
    try:
        tell(app, project.alerts, row["recipient"], row["told"], row["id"])
    except HubError as error:
        facts = {name: str(value) for name, value in error.facts.items()}
        again = _again_after(app, row, error)
        with app.store.begin() as tx:
            notices.not_sent(tx, row["id"], {"code": error.code, "facts": facts}, again)
        who = "a mail address" if "@" in row["recipient"] else row["recipient"]
        log.warning("a notice did not reach %s: %s", who, error.code)
        return False
    with app.store.begin() as tx:
        notices.sent(tx, row["id"])
    return True


def _again_after(app: App, row: Mapping[str, Any], error: HubError) -> float | None:
    """Seconds until the next attempt, None after a day."""
    if (app.env.now() - instant(row["made_at"])).total_seconds() > GIVEN_UP:
        return None
    told = error.after if isinstance(error, Transient) else None
    return max(told or 0.0, WAITS[min(row["attempt"], len(WAITS)) - 1])


def tell(app: App, document: Alerts | None, recipient: str, items: Sequence[Mapping[str, Any]], mark: str) -> None:
    """Hand these notices to a channel or an e-mail address. Raises HubError where they were not taken."""
    name, channel, to = channel_of(app, document, recipient)
    senders.send(app.env, name, channel, items, to=to, mark=mark, url=app.machine.url)


def test(app: App, document: Alerts | None, recipient: str) -> None:
    """Send a message that says it is a test. Raises HubError where it was not taken."""
    item = {"what": "raised", "cause": "test", "on": "test", "count": 1, "link": "/", "sent": stamp(app.env.now())}
    tell(app, document, recipient, [item], app.env.new_id())


def silence(app: App, document: Alerts | None, rule: str | None, until: datetime, who: str, reason: str) -> None:
    """Tell nobody of what this rule (None: any) finds until then. Raises Missing "alert.unknown_rule"."""
    if rule is not None:
        known = document.alerts if document is not None else {}
        if rule not in known:
            raise Missing("alert.unknown_rule", rule=rule[:64], known=", ".join(known) or "-")
    with app.store.begin() as tx:
        notices.hush(tx, rule, text(until), who, reason)
        detail = {"until": text(until), "reason": reason}
        journal.record(tx, app.journal_key, who, "alert.silenced", rule or ALL, detail)


def unsilence(app: App, rule: str | None, who: str) -> bool:
    """Let this rule (None: all that was silenced together) be told again; whether it was silenced."""
    with app.store.begin() as tx:
        was = notices.unhush(tx, rule) > 0
        if was:
            journal.record(tx, app.journal_key, who, "alert.unsilenced", rule or ALL)
    return was


def channel_of(app: App, document: Alerts | None, recipient: str) -> tuple[str, Channel, tuple[str, ...]]:
    """The channel that reaches this recipient, its secrets filled in, and who reads it where it is mail.

    Raises Unsupported "alert.unknown_channel", Denied for a secret that is not there.
    """
    channels = document.channels if document is not None else {}
    name = mail_channel(document) if document is not None and "@" in recipient else recipient
    if name is None or name not in channels:
        raise Unsupported("alert.unknown_channel", recipient=recipient[:80], known=", ".join(channels) or "-")
    found = channels[name]
    hidden = {word: getattr(found, word) for word in HIDDEN[found.kind]}
    plain = app.secrets.resolve(hidden, "alerts.yaml")
    return name, found.model_copy(update=plain), (recipient,) if "@" in recipient else tuple(found.to)


__all__ = ["ALL", "EVERY", "channel_of", "silence", "tell", "test", "turn", "unsilence"]
