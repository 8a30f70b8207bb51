"""What every broker looks like from here: events go out and are confirmed, messages come in from a place on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from hefu.connectors._broker_settings import BrokerSettings
from hefu.core.errors import HubError, Unsupported


class Event(NamedTuple):
    """Something to publish. `id` is the same however often it is sent."""

    topic: str
    id: str
    key: str
    body: bytes
    type: str


class Message(NamedTuple):
    """Something that came. `place` names it to a person."""

    place: str
    body: bytes
    headers: Mapping[str, str]
    key: str = ""
    at: datetime | None = None


class Batch(NamedTuple):
    """Some messages, and the place behind them."""

    messages: Sequence[Message]
    cursor: str


class Port(Protocol):
    """An open line to one broker."""

    def check(self, publish: Sequence[str], consume: Sequence[str]) -> None:
        """These topics are there. Raises Transient, Denied or Unsupported."""
        ...

    def publish(self, events: Sequence[Event]) -> Sequence[HubError | None]:
        """One outcome each: None once the broker has confirmed it, Unanswered where it did not say."""
        ...

    def take(self, topic: str, cursor: str | None, most: int) -> Iterator[Batch]:
        """What is there behind the place, at most so many at once. Ends when no more is there; does not wait."""
        ...

    def close(self) -> None:
        """Give back sockets and threads."""
        ...


CONTENT_TYPE = "application/cloudevents+json; charset=utf-8"


def start_of(settings: BrokerSettings, topic: str) -> str:
    """Where the first read of a topic begins, in the user's words."""
    return next((o.start for o in settings.objects.values() if o.topic == topic and o.mode == "consume"), "earliest")


def beginning(start: str, connection: str) -> datetime:
    """The instant at which a first read begins. Raises Unsupported."""
    try:
        at = datetime.fromisoformat(start)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise Unsupported("broker.start", connection=connection, start=start)
    return at
