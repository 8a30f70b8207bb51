"""RabbitMQ by pika: publisher confirms, streams that are read by offset, and queues that are acknowledged late.

A queue gives a message away once it is acknowledged, so that happens only when a read begins with a cursor behind it:
the hub keeps a cursor together with what came before it. What was not kept goes back into the queue.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, TypeVar

import pika
from pika.exceptions import (
    AMQPConnectionError,
    AMQPError,
    AuthenticationError,
    ChannelClosedByBroker,
    NackError,
    ProbableAccessDeniedError,
    ProbableAuthenticationError,
    UnroutableError,
)

from hefu.connectors._broker_port import Batch, Event, Message, beginning, start_of
from hefu.connectors._broker_settings import BrokerSettings, RabbitServer
from hefu.core.errors import Denied, HubError, Transient, Unanswered, Unsupported

T = TypeVar("T")
_NOT_FOUND, _ACCESS_REFUSED = 404, 403
_PREFETCH = 1000
_PATIENCE = 600
"""Seconds of heartbeat on a line that consumes: between two reads nobody answers, and a line given up by the server
puts back what was not acknowledged, to come again."""


class Rabbit:
    """A line to one server. pika is not for several threads, so one lock guards each of the two connections."""

    def __init__(self, settings: BrokerSettings, connection: str) -> None:
        assert isinstance(settings.server, RabbitServer)
        self.settings, self.connection, self.server = settings, connection, settings.server
        self._out: Any = None
        self._in: dict[str, _Queue] = {}
        self._out_lock, self._in_lock = threading.Lock(), threading.Lock()

    def _parameters(self, heartbeat: int) -> Any:
        made = pika.URLParameters(self.server.url)
        made.credentials = pika.PlainCredentials(self.server.user, self.server.password.get_secret_value())
        made.heartbeat = heartbeat
        made.socket_timeout = made.blocked_connection_timeout = made.stack_timeout = self.settings.timeout
        return made

    def _opened(self, heartbeat: int = _PATIENCE) -> Any:
        try:
            return pika.BlockingConnection(self._parameters(heartbeat))
        except (AuthenticationError, ProbableAuthenticationError, ProbableAccessDeniedError) as error:
            raise Denied("broker.denied", **self._facts("", error)) from error
        except (AMQPError, OSError) as error:
            raise Transient("broker.unreachable", **self._facts("", error)) from error
        except (ValueError, TypeError) as error:
            raise Unsupported("broker.options", **self._facts("", error)) from error

    def _facts(self, topic: str, error: object) -> dict[str, Any]:
        said = str(error) or type(error).__name__
        return {"connection": self.connection, "topic": topic, "said": said[:200]}

    def check(self, publish: Sequence[str], consume: Sequence[str]) -> None:
        """Look for the queues, and for the exchange."""
        line = self._opened()
        try:
            wanted = list(consume) if self.server.exchange else [*consume, *publish]
            for queue in wanted:
                self._asked(line, queue, partial(_declared, queue=queue))
            if publish and self.server.exchange:
                exchange = self.server.exchange
                self._asked(line, exchange, lambda channel: channel.exchange_declare(exchange, passive=True))
        finally:
            _closed(line)

    def _asked(self, line: Any, topic: str, ask: Callable[[Any], T]) -> T:
        try:
            return ask(line.channel())
        except ChannelClosedByBroker as error:
            raise self._meant(error, topic) from error
        except (AMQPError, OSError) as error:
            raise Transient("broker.unreachable", **self._facts(topic, error)) from error

    def _meant(self, error: ChannelClosedByBroker, topic: str) -> HubError:
        if error.reply_code == _NOT_FOUND:
            return Unsupported("broker.no_topic", **self._facts(topic, error.reply_text))
        if error.reply_code == _ACCESS_REFUSED:
            return Denied("broker.denied", **self._facts(topic, error.reply_text))
        return Unsupported("broker.options", **self._facts(topic, error.reply_text))

    # ------------------------------------------------------------------ publish

    def publish(self, events: Sequence[Event]) -> Sequence[HubError | None]:
        """One after the other, each until it is confirmed."""
        with self._out_lock:
            return [self._sent(event) for event in events]

    def _sent(self, event: Event) -> HubError | None:
        try:
            self._look()
            if self._out is None:
                # The heartbeat is what ends the wait for a confirmation that never comes.
                line = self._opened(max(1, round(self.settings.timeout)))
                channel = line.channel()
                channel.confirm_delivery()
                self._out = channel
        except HubError as error:
            return error
        return self._confirmed(event)

    def _look(self) -> None:
        """Notice that the server gave the line up while nothing was sent."""
        try:
            if self._out is not None:
                self._out.connection.process_data_events(0)
                if self._out.is_open:
                    return
        except (AMQPError, OSError):
            pass
        self._out = None

    def _confirmed(self, event: Event) -> HubError | None:
        about = pika.BasicProperties(
            content_type="application/cloudevents+json",
            content_encoding="utf-8",
            delivery_mode=2,
            message_id=event.id,
            type=event.type,
            headers={"key": event.key},
        )
        try:
            self._out.basic_publish(self.server.exchange, event.topic, event.body, about, mandatory=True)
        except UnroutableError as error:
            return Unsupported("broker.no_topic", **self._facts(event.topic, error))
        except NackError as error:
            return Transient("broker.busy", **self._facts(event.topic, error))
        except ChannelClosedByBroker as error:
            self._out = None
            return self._meant(error, event.topic)
        except (AMQPError, OSError) as error:
            self._out = None
            return Unanswered("broker.unconfirmed", **self._facts(event.topic, error))
        return None

    # --------------------------------------------------------------------- take

    def take(self, topic: str, cursor: str | None, most: int) -> Iterator[Batch]:
        """A stream from its offset on; a queue from what nobody has acknowledged."""
        stream = any(o.stream for o in self.settings.objects.values() if o.topic == topic)
        if stream:
            yield from self._streamed(topic, cursor, most)
            return
        if cursor and not cursor.rpartition(":")[2].isdecimal():  # of an older line is well: its rest came back
            raise Unsupported("broker.cursor", connection=self.connection, cursor=cursor[:80])
        with self._in_lock:
            queue = self._in.get(topic)
            if queue is None or not queue.channel.is_open:
                queue = self._in[topic] = self._queue(topic)
            try:
                queue.kept(cursor)
            except (AMQPError, OSError) as error:
                raise Transient("broker.unreachable", **self._facts(topic, error)) from error
        while True:
            with self._in_lock:
                messages = self._got(queue, topic, most)
            yield Batch(messages, queue.cursor)
            if not messages:
                return

    def _queue(self, topic: str) -> _Queue:
        line = self._opened()
        self._asked(line, topic, lambda channel: channel.queue_declare(topic, passive=True))
        channel = line.channel()
        # The server's own made-up name tells this line from every other one.
        name = channel.queue_declare("", exclusive=True, auto_delete=True).method.queue
        return _Queue(channel, name)

    def _got(self, queue: _Queue, topic: str, most: int) -> list[Message]:
        made: list[Message] = []
        try:
            while len(made) < most:
                method, about, body = queue.channel.basic_get(topic)
                if method is None:
                    break
                queue.last = method.delivery_tag
                made.append(_message(f"{topic} {method.delivery_tag}", about, body))
        except ChannelClosedByBroker as error:
            raise self._meant(error, topic) from error
        except (AMQPError, OSError) as error:
            raise Transient("broker.unreachable", **self._facts(topic, error)) from error
        return made

    def _streamed(self, topic: str, cursor: str | None, most: int) -> Iterator[Batch]:
        place = self._place(topic, cursor)
        skips = place == "last"  # a first read that begins at the end only looks where that is
        line = self._opened()
        try:
            channel = line.channel()
            self._asked(line, topic, lambda c: c.queue_declare(topic, passive=True))
            channel.basic_qos(prefetch_count=_PREFETCH)
            arguments = {"x-stream-offset": place}
            held: list[Message] = []
            last = place - 1 if isinstance(place, int) else None
            wait = 0.5  # a stream has no end to ask for: silence is the end
            for method, about, body in channel.consume(topic, inactivity_timeout=wait, arguments=arguments):
                if method is None:
                    break
                channel.basic_ack(method.delivery_tag)
                offset = int((about.headers or {}).get("x-stream-offset", 0))
                if last is not None and offset <= last:
                    continue  # a stream begins with the chunk that holds the offset
                last = offset
                if skips:
                    continue
                held.append(_message(f"{topic} {offset}", about, body))
                if len(held) >= most:
                    yield Batch(held, str(offset + 1))
                    held = []
            end = cursor or "" if last is None else str(last + 1)
            yield Batch(held, end)
        except ChannelClosedByBroker as error:
            raise self._meant(error, topic) from error
        except (AMQPError, OSError) as error:
            raise Transient("broker.unreachable", **self._facts(topic, error)) from error
        finally:
            _closed(line)

    def _place(self, topic: str, cursor: str | None) -> int | str | datetime:
        if cursor:
            if not cursor.isdecimal():
                raise Unsupported("broker.cursor", connection=self.connection, cursor=cursor[:80])
            return int(cursor)
        start = start_of(self.settings, topic)
        if start == "earliest":
            return "first"
        return "last" if start == "latest" else beginning(start, self.connection).astimezone(UTC)

    def close(self) -> None:
        """Close both connections; what was not acknowledged goes back."""
        for channel in (self._out, *(q.channel for q in self._in.values())):
            if channel is not None:
                _closed(channel.connection)


class _Queue:
    """What was got from a queue and not acknowledged yet. Cursor: name of the line, number of the last message."""

    def __init__(self, channel: Any, name: str) -> None:
        self.channel, self.name, self.last = channel, name, 0
        self._through = 0

    @property
    def cursor(self) -> str:
        """The place behind the last message."""
        return f"{self.name}:{self.last}"

    def kept(self, cursor: str | None) -> None:
        """Everything up to the cursor is safe: let go of it. The rest goes back and comes again."""
        name, _, number = (cursor or "").rpartition(":")
        if name == self.name and number.isdecimal() and self._through < int(number) <= self.last:
            self.channel.basic_ack(int(number), multiple=True)
            self._through = int(number)
        if self.last > self._through:
            self.channel.basic_nack(self.last, multiple=True, requeue=True)
            self._through = self.last


def _message(place: str, about: Any, body: bytes) -> Message:
    headers = {str(n).lower(): str(v) for n, v in (about.headers or {}).items()}
    headers["content-type"] = about.content_type or ""
    at = datetime.fromtimestamp(about.timestamp, UTC) if about.timestamp else None
    return Message(place, body, headers, headers.get("key", ""), at)


def _declared(channel: Any, queue: str) -> Any:
    return channel.queue_declare(queue, passive=True)


def _closed(line: Any) -> None:
    try:
        line.close()
    except (AMQPError, AMQPConnectionError, OSError):
        return


__all__ = ["Rabbit"]
