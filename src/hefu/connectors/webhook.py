"""Webhooks that leave the hub: whoever wants to hear of changes gets each one as a signed call, until it is taken.

The wire format is Standard Webhooks (standardwebhooks.com): an event's id stays the same however often it is sent, so
that a receiver can tell a repetition from a second change. Nothing is ever read back: what was sent belongs to its
receiver.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from typing import Any

from pydantic import SecretStr

from hefu.connectors._change_event import change_of, digest, schema_of
from hefu.core.connector import Answer, Connector, Settings, Site, setting
from hefu.core.env import stamp
from hefu.core.errors import Denied, HubError, Rejected, Transient, Unanswered, Unsupported
from hefu.core.records import Abilities, FieldType, ObjectSchema, Page, Record, Values, Write, Written
from hefu.core.signed_hook import signed_headers, signing_key

_CURSOR = "sent"


class WebhookField(Settings):
    """One field of the events of an object."""

    type: FieldType = setting(FieldType.TEXT, "Type", "类型")
    label: str = setting("", "What people call it", "显示名称")
    required: bool = setting(False, "An event of a new record without it is refused", "新建事件必须包含")


class WebhookObject(Settings):
    """What is told of one kind of record; its events are OBJECT.created, .updated and .deleted."""

    key: list[str] = setting(..., "Fields that name the record", "标识记录的字段", min_length=1)
    fields: dict[str, WebhookField] = setting(
        ..., "Fields an event may carry, the key among them", "事件可包含的字段，含标识字段"
    )
    label: str = setting("", "What people call it", "显示名称")


class WebhookSettings(Settings):
    """Where events go, and how they are signed."""

    url: str = setting(..., "Address that takes the events", "接收事件的地址", pattern=r"^https?://[^#]+$")
    secret: SecretStr = setting(
        ..., "Signing secret: whsec_ and 24 to 64 bytes in Base64", "签名密钥：whsec_ 加上 24 至 64 字节的 Base64"
    )
    old_secret: SecretStr = setting(
        SecretStr(""),
        "The secret before it, while receivers change over: events carry both signatures",
        "更换密钥期间的旧密钥：事件同时携带两个签名",
    )
    headers: dict[str, str] = setting({}, "Further headers of every event", "每个事件附加的请求头")
    test_event: bool = setting(
        True,
        "'hefu check' sends an event of type hefu.test; false: the address is only trusted",
        "hefu check 时发送类型为 hefu.test 的事件；false 表示不试发",
    )
    objects: dict[str, WebhookObject] = setting(..., "Objects", "对象")


class Webhook(Connector):
    """A line to one receiver."""

    name = "webhook"
    settings_type = WebhookSettings

    def __init__(self, settings: Settings, site: Site) -> None:
        super().__init__(settings, site)
        given = (self.settings.secret.get_secret_value(), self.settings.old_secret.get_secret_value())
        self._keys = [_key(text, site.connection) for n, text in enumerate(given) if text or n == 0]
        for name, obj in self.settings.objects.items():
            if unknown := [k for k in obj.key if k not in obj.fields]:
                raise Unsupported("webhook.key", connection=site.connection, object=name, field=unknown[0])

    def check(self) -> None:
        """Send a test event, unless the settings forbid it."""
        if self.settings.test_event:
            at = stamp(self.site.now())
            self._send("hefu.test", {"connection": self.site.connection}, f"msg_{digest('hefu.test', at)}")

    def discover(self) -> Sequence[ObjectSchema]:
        """As the settings declare."""
        able = Abilities(
            create="upsert", update=True, delete=True, changes="cursor+deletes", complete=False, returns=True
        )
        return [schema_of(name, obj, able) for name, obj in self.settings.objects.items()]

    def read(self, obj: str, since: str | None = None) -> Iterator[Page]:
        """Nothing: what was sent belongs to its receiver."""
        self._object(obj)
        if since not in (None, _CURSOR):
            raise Unsupported("webhook.cursor", connection=self.site.connection, cursor=str(since)[:80])
        yield Page([], _CURSOR)

    def fetch(self, obj: str, ids: Sequence[str]) -> Sequence[Record]:
        """Cannot be told. Raises Rejected where something is asked for."""
        if ids:
            raise Rejected("webhook.cannot_tell", connection=self.site.connection, object=obj, id=ids[0])
        return []

    def search(self, obj: str, by: Values) -> Sequence[Record]:
        """Nothing can be found in what was sent."""
        self._object(obj)
        return []

    def write(self, obj: str, writes: Sequence[Write]) -> Sequence[Written | HubError]:
        """One event each. A write that got no answer may be repeated: it is the same event, with the same id."""
        answers: list[Written | HubError] = []
        for one in writes:
            try:
                answers.append(self._tell(obj, one))
            except (Rejected, Transient) as error:
                answers.append(error)
        return answers

    def _tell(self, obj: str, one: Write) -> Written:
        known, connection = self._object(obj), self.site.connection
        change = change_of(obj, known, one, connection, no_field="webhook.no_field", absent="webhook.absent")
        event_id = f"msg_{change.digest()}"
        self._send(f"{obj}.{change.verb}", change.data, event_id)
        return Written(change.id, one.values, event_id)

    def _send(self, kind: str, data: Mapping[str, Any], event_id: str) -> None:
        at = self.site.now()
        event = {"type": kind, "timestamp": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"), "data": data}
        body = json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {**self.settings.headers, **signed_headers(self._keys, event_id, at, body)}
        try:
            answer = self.site.http.send("POST", self.settings.url, headers=headers, body=body, writes=True)
        except Unanswered as error:
            facts: dict[str, Any] = {**error.facts}
            raise Transient(error.code, **facts) from error
        self._judge(answer, kind)

    def _judge(self, answer: Answer, kind: str) -> None:
        """Raises what an answer other than 2xx calls for; 410 says that nobody listens any more."""
        if 200 <= answer.status < 300:
            return
        said = answer.body[:200].decode("utf-8", "replace")
        facts: dict[str, Any] = {
            "connection": self.site.connection,
            "event": kind,
            "status": answer.status,
            "said": said,
        }
        if answer.status in (401, 403, 410):
            raise Denied("webhook.denied", **facts)
        if answer.status >= 500 or answer.status in (408, 425):
            raise Transient("webhook.later", **facts)
        if answer.status in (400, 409, 413, 422):
            raise Rejected("webhook.refused", **facts)
        raise Unsupported("webhook.unexpected", **facts)

    def _object(self, obj: str) -> WebhookObject:
        found: WebhookObject | None = self.settings.objects.get(obj)
        if found is None:
            known = ", ".join(self.settings.objects)
            raise Unsupported("webhook.no_object", connection=self.site.connection, object=obj, known=known)
        return found


def _key(secret: str, connection: str) -> bytes:
    key = signing_key(secret)
    if key is None:
        raise Unsupported("webhook.secret", connection=connection)
    return key


CONNECTOR = Webhook

__all__ = ["CONNECTOR", "Webhook", "WebhookSettings"]
