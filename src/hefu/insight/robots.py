"""What the group robots of DingTalk, Feishu and WeCom want: signature, shape of a message, what an answer means.

All three answer HTTP 200 to a refused message and say so in the body. Facts: shared vendor notes; the vendors' pages
on custom robots (open.dingtalk.com, open.feishu.cn, developer.work.weixin.qq.com).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from hefu.core.alerts import Channel
from hefu.core.connector import Answer
from hefu.core.errors import Rejected, Transient
from hefu.insight.wording import MARKS, Message

WECOM_BYTES, DINGTALK_BYTES, FEISHU_BYTES = 4096, 20_000, 20 * 1024
_HEAD = {"content-type": "application/json; charset=utf-8"}
_COLOURS = {"raised": "red", "again": "orange", "over": "green"}

Request = tuple[str, dict[str, str], bytes]
"""Address, headers, body of a POST."""


def dingtalk_sign(secret: str, millis: str) -> str:
    """The sign of a message, before it is escaped for the address."""
    made = hmac.new(secret.encode(), f"{millis}\n{secret}".encode(), hashlib.sha256).digest()
    return base64.b64encode(made).decode()


def feishu_sign(secret: str, seconds: str) -> str:
    """The sign of a message: the key is the text, and what is signed is empty."""
    return base64.b64encode(hmac.new(f"{seconds}\n{secret}".encode(), b"", hashlib.sha256).digest()).decode()


def request(channel: Channel, message: Message, now: datetime) -> Request:
    """The call that hands a message to this robot. `channel`: with its secrets filled in."""
    return _MAKE[channel.kind](channel, message, now)


def judge(name: str, kind: str, answer: Answer) -> None:
    """Raises Transient for "not now", Rejected for any other refusal; nothing when the message was taken."""
    if answer.status != 200:
        raise (Transient if answer.status >= 500 else Rejected)("alert.status", channel=name, status=answer.status)
    try:
        said = json.loads(answer.body)
        code = int(said.get("code", said.get("StatusCode", 0)) if kind == "feishu" else said.get("errcode", 0))
    except (ValueError, TypeError, AttributeError):
        raise Rejected("alert.status", channel=name, status=answer.status) from None
    if code == 0:
        return
    words = str(said.get("msg") or said.get("errmsg") or "-")[:200]
    wait = _LATER[kind].get(code)
    if wait is not None:
        raise Transient("alert.later", after=wait, channel=name, number=code, said=words)
    raise Rejected("alert.refused", channel=name, number=code, said=words)


_LATER: Mapping[str, Mapping[int, float]] = {
    "dingtalk": {130101: 600.0, -1: 30.0},
    "feishu": {11232: 60.0, 9499: 60.0},
    "wecom": {45009: 60.0, -1: 30.0},
}
"""Kind -> code of "not now" -> seconds to wait. A DingTalk robot that was too quick is shut out for ten minutes."""


def _dingtalk(channel: Channel, message: Message, now: datetime) -> Request:
    url = channel.url
    if channel.secret:
        millis = str(int(now.timestamp() * 1000))
        sign = urlencode({"timestamp": millis, "sign": dingtalk_sign(channel.secret, millis)})
        url += ("&" if "?" in url else "?") + sign
    title = _titled(channel, message)
    text = _fit(f"### {title}\n", _listed(message, "\n\n"), DINGTALK_BYTES - 2000)
    return url, _HEAD, _json({"msgtype": "markdown", "markdown": {"title": title, "text": text}})


def _wecom(channel: Channel, message: Message, _now: datetime) -> Request:
    text = _fit(f"### {_titled(channel, message)}\n", _listed(message, "\n> "), WECOM_BYTES)
    return channel.url, _HEAD, _json({"msgtype": "markdown", "markdown": {"content": text}})


def _feishu(channel: Channel, message: Message, now: datetime) -> Request:
    title = {"tag": "plain_text", "content": _titled(channel, message)}
    elements: list[dict[str, Any]] = [
        {"tag": "markdown", "content": _fit("", _listed(message, "\n"), FEISHU_BYTES - 4000)}
    ]
    if len(message.lines) == 1:
        button = {"tag": "button", "text": {"tag": "plain_text", "content": message.look}, "type": "primary"}
        elements.append({"tag": "action", "actions": [{**button, "url": message.lines[0].link}]})
    header = {"title": title, "template": _COLOURS[message.worst]}
    card = {"config": {"wide_screen_mode": True}, "header": header, "elements": elements}
    signed = {}
    if channel.secret:
        seconds = str(int(now.timestamp()))
        signed = {"timestamp": seconds, "sign": feishu_sign(channel.secret, seconds)}
    return channel.url, _HEAD, _json({**signed, "msg_type": "interactive", "card": card})


_MAKE: Mapping[str, Callable[[Channel, Message, datetime], Request]] = {
    "dingtalk": _dingtalk,
    "feishu": _feishu,
    "wecom": _wecom,
}


def _titled(channel: Channel, message: Message) -> str:
    """The title, with the word that the robot demands."""
    lacks = channel.keyword and channel.keyword not in message.title
    return f"{channel.keyword} {message.title}" if lacks else message.title


def _listed(message: Message, between: str) -> list[str]:
    """Each notice as a piece of Markdown."""
    out = [
        f"{MARKS[line.what]} {line.text}{between if line.about else ''}{line.about} [{message.look}]({line.link})"
        for line in message.lines
    ]
    return [*out, message.more] if message.more else out


def _fit(head: str, pieces: list[str], most: int) -> str:
    """As many whole pieces as the robot takes."""
    text = head
    for at, piece in enumerate(pieces):
        longer = f"{text}\n\n{piece}" if text.strip() else piece
        if len(longer.encode()) > most - 20:
            return f"{text}\n\n… +{len(pieces) - at}"
        text = longer
    return text


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()


__all__ = ["dingtalk_sign", "feishu_sign", "judge", "request"]
