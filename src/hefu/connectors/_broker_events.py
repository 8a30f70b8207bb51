"""Records as CloudEvents 1.0 and back, and the AsyncAPI document that tells others what is published."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from hefu.connectors._broker_port import Message
from hefu.connectors._broker_settings import BrokerSettings, MessageField, TopicSettings
from hefu.connectors._change_event import named
from hefu.core.records import FieldType, Values

_BINARY = {FieldType.DECIMAL: "string", FieldType.MONEY: "string", FieldType.BOOLEAN: "boolean"}
_FORMATS = {FieldType.DATE: "date", FieldType.INSTANT: "date-time", FieldType.DECIMAL: "decimal"}
_MARKS = "ce_", "ce-", "cloudevents:", "cloudevents_"


class Unreadable(ValueError):
    """A message that is not what its topic carries; the text says why."""


class Told(NamedTuple):
    """What a message tells of a record. values: None for its end."""

    id: str
    values: dict[str, Any] | None
    at: datetime | None
    event: str


# --------------------------------------------------------------------- going out


def body(source: str, kind: str, event_id: str, record_id: str, at: datetime, data: Mapping[str, Any]) -> bytes:
    """A CloudEvent in structured mode; `partitionkey` and `subject` name the record."""
    event = {
        "specversion": "1.0",
        "id": event_id,
        "source": source,
        "type": kind,
        "subject": record_id,
        "partitionkey": record_id,
        "time": at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "datacontenttype": "application/json",
        "data": data,
    }
    return json.dumps(event, ensure_ascii=False, separators=(",", ":")).encode()


# --------------------------------------------------------------------- coming in


def told(message: Message, topic: TopicSettings) -> Told:
    """What a message says. Raises Unreadable."""
    if not message.body.strip():  # a Kafka tombstone
        if not message.key:
            raise Unreadable("an empty message without a key")
        return Told(message.key, None, message.at, "")
    event = _json(message.body)
    kind, data, at, event_id = _event(message, event, topic)
    gone = kind.endswith(".deleted") or any(str(_at(event, path)) == wanted for path, wanted in topic.deleted.items())
    values = _at(data, topic.values) if topic.values else data
    if gone and not isinstance(values, Mapping):
        values = {}
    if not isinstance(values, Mapping):
        raise Unreadable(f"nothing stands at '{topic.values}'")
    made = {n: typed(f, found) for n, f in topic.fields.items() if (found := _at(values, f.path or n)) is not _NOTHING}
    record_id = _named(made, topic, event, message)
    return Told(record_id, None if gone else made, at, event_id)


def _named(made: Values, topic: TopicSettings, event: Any, message: Message) -> str:
    if all(made.get(k) not in (None, "") for k in topic.key):
        return named([made[k] for k in topic.key])
    subject = event.get("subject") if isinstance(event, Mapping) else None
    if topic.form == "cloudevents" and isinstance(subject, str) and subject:
        return subject
    if message.key:
        return message.key
    raise Unreadable(f"no key: {', '.join(topic.key)}")


def _event(message: Message, event: Any, topic: TopicSettings) -> tuple[str, Any, datetime | None, str]:
    """Type, data, instant and id; structured mode, else binary mode where the attributes are headers."""
    if topic.form == "json":
        return "", event, message.at, ""
    words = event if isinstance(event, Mapping) and "specversion" in event else _headers(message)
    if not words.get("specversion", "").startswith("1."):
        raise Unreadable("no CloudEvents 1.0")
    data = event.get("data") if words is event else event
    return str(words.get("type", "")), data, _instant(words.get("time")) or message.at, str(words.get("id", ""))


def _headers(message: Message) -> dict[str, str]:
    return {n[len(m) :]: v for m in _MARKS for n, v in message.headers.items() if n.startswith(m)}


def _instant(text: Any) -> datetime | None:
    try:
        at = datetime.fromisoformat(str(text))
    except ValueError:
        return None
    return at if at.tzinfo else None


def _json(text: bytes) -> Any:
    def refuse(word: str) -> Any:
        raise ValueError(word)

    try:
        return json.loads(text, parse_float=Decimal, parse_constant=refuse)
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"no JSON: {str(error)[:80]}") from None


_NOTHING = object()


def _at(found: Any, path: str) -> Any:
    """What stands at a path of names; nothing where a step is missing."""
    for name in path.split("."):
        if not isinstance(found, Mapping) or name not in found:
            return _NOTHING
        found = found[name]
    return found


def typed(field: MessageField, value: Any) -> Any:
    """A JSON value as the field's type. Raises Unreadable."""
    if value is None:
        return None
    try:
        return _typed(field.type, value)
    except (ValueError, InvalidOperation, TypeError):
        raise Unreadable(f"'{str(value)[:40]}' is no {field.type}") from None


def _typed(kind: FieldType, value: Any) -> Any:
    if kind in (FieldType.DECIMAL, FieldType.MONEY):
        made = Decimal(str(value))
        if isinstance(value, bool) or not made.is_finite():
            raise ValueError
        return made
    if kind is FieldType.BOOLEAN:
        if not isinstance(value, bool):
            raise ValueError
        return value
    if kind is FieldType.DATE:
        return date.fromisoformat(str(value)[:10])
    if kind is FieldType.INSTANT:
        at = datetime.fromisoformat(str(value))
        if at.tzinfo is None:
            raise ValueError
        return at
    if kind is FieldType.LINES:
        if not isinstance(value, list) or not all(isinstance(line, dict) for line in value):
            raise ValueError
        return value
    if isinstance(value, dict | list):
        raise TypeError
    return format(value, "f") if isinstance(value, Decimal) else str(value)


# ---------------------------------------------------------------------- AsyncAPI


def asyncapi(settings: BrokerSettings, connection: str, source: str) -> dict[str, Any]:
    """What is published, as AsyncAPI 3.0: a channel and three messages for each object."""
    published = {n: o for n, o in settings.objects.items() if o.mode == "publish"}
    return {
        "asyncapi": "3.0.0",
        "info": {"title": f"Hefu: {connection}", "version": "1.0.0", "description": f"CloudEvents 1.0 of {source}"},
        "defaultContentType": "application/cloudevents+json",
        "channels": {
            name: {
                "address": topic.topic,
                "title": topic.label or name,
                "messages": {v: {"$ref": f"#/components/messages/{name}.{v}"} for v in VERBS},
            }
            for name, topic in published.items()
        },
        "operations": {name: {"action": "send", "channel": {"$ref": f"#/channels/{name}"}} for name in published},
        "components": {
            "messages": {
                f"{name}.{verb}": {
                    "name": f"{name}.{verb}",
                    "contentType": "application/cloudevents+json",
                    "payload": _envelope(name, topic, verb, source),
                }
                for name, topic in published.items()
                for verb in VERBS
            }
        },
    }


VERBS = ("created", "updated", "deleted")


def _envelope(name: str, topic: TopicSettings, verb: str, source: str) -> dict[str, Any]:
    text = {"type": "string"}
    data: dict[str, Any] = {
        "type": "object",
        "required": ["object", "id"] + (["values"] if verb != "deleted" else []),
        "properties": {"object": {"const": name}, "id": text},
    }
    if verb != "deleted":
        data["properties"]["values"] = {
            "type": "object",
            "description": "all fields that are known" if verb == "created" else "the fields that changed",
            "properties": {n: _schema(f) for n, f in topic.fields.items()},
            "required": [n for n, f in topic.fields.items() if verb == "created" and (f.required or n in topic.key)],
            "additionalProperties": False,
        }
    return {
        "type": "object",
        "required": ["specversion", "id", "source", "type", "subject", "data"],
        "properties": {
            "specversion": {"const": "1.0"},
            "id": {**text, "description": "the same however often the event is sent"},
            "source": {"const": source},
            "type": {"const": f"{name}.{verb}"},
            "subject": {**text, "description": "the record"},
            "partitionkey": text,
            "time": {**text, "format": "date-time"},
            "datacontenttype": {"const": "application/json"},
            "data": data,
        },
    }


def _schema(field: MessageField) -> dict[str, Any]:
    if field.type is FieldType.LINES:
        return {"type": ["array", "null"], "items": {"type": "object"}}
    made: dict[str, Any] = {"type": [_BINARY.get(field.type, "string"), "null"]}
    if field.type in _FORMATS:
        made["format"] = _FORMATS[field.type]
    if field.label:
        made["title"] = field.label
    return made
