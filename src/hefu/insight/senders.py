"""Hands a message to a channel: group robots, signed web hooks, mail; other services by the library apprise.

Everything over HTTP goes through `Egress`: only the host that the project names, never a cloud's metadata address.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from hefu.core.alerts import Channel
from hefu.core.connector import Answer
from hefu.core.env import Env, stamp
from hefu.core.errors import Rejected, Transient, Unsupported
from hefu.core.project import Limits
from hefu.core.signed_hook import signed_headers, signing_key
from hefu.insight import robots
from hefu.insight.wording import MARKS, Message, worded
from hefu.net import Egress, MailServer, admit, targets_in

PATIENCE = timedelta(seconds=10)
"""How long a channel may take to answer."""

Items = Sequence[Mapping[str, Any]]


def send(env: Env, name: str, channel: Channel, items: Items, *, to: Sequence[str], mark: str, url: str) -> None:
    """Hand it over. Raises HubError where it was not taken.

    `channel`: with its secrets filled in; `to`: readers of mail; `mark`: the same each time this is sent again;
    `url`: where people reach the console.
    """
    message = worded(items, channel.language, url)
    if channel.kind == "email":
        try:
            _server(name, channel).send(_mail(env, channel, message, to, mark), to)
        except ValueError:  # an address that no mail can carry
            raise Rejected("mail.refused", channel=name, status="-") from None
    elif channel.kind == "apprise":
        _apprise(name, channel, message)
    elif channel.kind == "webhook":
        _hook(env, name, channel, items, message, mark)
    else:
        address, headers, body = robots.request(channel, message, env.now())
        robots.judge(name, channel.kind, _post(env, name, channel, address, headers, body))


def _post(env: Env, name: str, channel: Channel, address: str, headers: Mapping[str, str], body: bytes) -> Answer:
    limits = Limits(concurrency=1, timeout=PATIENCE)
    egress = Egress(env, targets=targets_in({"url": channel.url}), connection=name, limits=limits,
                    ca_file=channel.ca_file or None, secrets=_secrets(channel))  # fmt: skip
    try:
        return egress.send("POST", address, headers=headers, body=body, writes=True)
    finally:
        egress.close()


def _secrets(channel: Channel) -> list[str]:
    """Texts that no error may repeat: of a robot's address all that makes it this robot's."""
    at = urlsplit(channel.url)
    of_robot = [value for _, value in parse_qsl(at.query)] + [part for part in at.path.split("/") if len(part) > 12]
    return [channel.secret, channel.password, *(of_robot if channel.kind != "webhook" else ())]


# ------------------------------------------------------------------ web hooks


def _hook(env: Env, name: str, channel: Channel, items: Items, message: Message, mark: str) -> None:
    """One event hefu.alert, signed as Standard Webhooks where a secret is given."""
    keys = []
    if channel.secret:
        if (key := signing_key(channel.secret)) is None:
            raise Unsupported("alert.secret", channel=name)
        keys = [key]
    told = [
        {**item, "text": line.text, "url": line.link}
        for item, line in zip((one for one in items if "more" not in one), message.lines, strict=True)
    ]
    left = sum(int(one["more"]) for one in items if "more" in one)
    event = {"type": "hefu.alert", "timestamp": stamp(env.now()),
             "data": {"title": message.title, "notices": told, "more": left}}  # fmt: skip
    body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
    headers = signed_headers(keys, f"msg_{mark}", env.now(), body)
    answer = _post(env, name, channel, channel.url, headers, body)
    if not 200 <= answer.status < 300:
        raise (Transient if answer.status >= 500 else Rejected)("alert.status", channel=name, status=answer.status)


# ------------------------------------------------------------------ mail


def _server(name: str, channel: Channel) -> MailServer:
    return MailServer(name, channel.host, channel.security, channel.port, channel.user, channel.password,
                      channel.ca_file or None, PATIENCE.total_seconds())  # fmt: skip


def _mail(env: Env, channel: Channel, message: Message, to: Sequence[str], mark: str) -> EmailMessage:
    """Text and HTML; marked as made by a machine, so that no absence note answers it."""
    made = EmailMessage()
    made["Subject"] = message.title[:200]
    made["From"] = channel.sender
    made["To"] = ", ".join(to)
    made["Date"] = format_datetime(env.now())
    made["Message-ID"] = f"<{mark}@{channel.sender.rpartition('@')[2] or 'hefu'}>"
    made["Auto-Submitted"] = "auto-generated"
    made["Precedence"] = "bulk"
    lines = [f"{MARKS[x.what]} {x.text}\n{x.about}\n{message.look}: {x.link}\n" for x in message.lines]
    made.set_content("\n".join([*lines, message.more]).strip() + "\n")
    rows = [
        f"<p>{MARKS[x.what]} <b>{escape(x.text)}</b><br>{escape(x.about)}<br>"
        f'<a href="{escape(x.link)}">{escape(message.look)}</a></p>'
        for x in message.lines
    ]
    made.add_alternative("".join([*rows, f"<p>{escape(message.more)}</p>" if message.more else ""]), subtype="html")
    return made


# ------------------------------------------------------------------ the rest

_LOCAL = frozenset(
    ("file", "syslog", "rsyslog", "dbus", "kde", "qt", "glib", "gnome", "macosx", "windows", "memory", "script")
)
"""Ways of apprise that end in this very machine."""


def _apprise(name: str, channel: Channel, message: Message) -> None:
    """Whatever apprise knows by an address. It calls by itself, and tells only whether the message was taken."""
    try:
        library: Any = importlib.import_module("apprise")
    except ImportError:
        raise Unsupported("alert.no_apprise", channel=name) from None
    teller = library.Apprise()
    if channel.url.partition(":")[0].lower() in _LOCAL or not teller.add(channel.url):
        raise Unsupported("alert.apprise_url", channel=name)
    for service in teller:
        if host := getattr(service, "host", None):
            admit(name, str(host))
    body = "\n\n".join([*(f"{x.text}\n{x.about}\n{x.link}" for x in message.lines), message.more]).strip()
    if not teller.notify(title=message.title, body=body):
        raise Transient("alert.status", channel=name, status="-")


__all__ = ["send"]
