"""NATS JetStream by nats-py, whose event loop runs in a thread of its own: acknowledged publishes, reads by sequence.

`Nats-Msg-Id` carries the event's id, so that the stream itself drops a repetition within its window.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import TimeoutError as Late
from datetime import UTC
from typing import Any, TypeVar

import nats
from nats.errors import AuthorizationError, MaxPayloadError, NoRespondersError, NoServersError
from nats.errors import Error as NatsError
from nats.errors import TimeoutError as NatsTimeout
from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import APIError, NoStreamResponseError, NotFoundError

from hefu.connectors._broker_port import CONTENT_TYPE, Batch, Event, Message, beginning, start_of
from hefu.connectors._broker_settings import BrokerSettings, NatsServer
from hefu.core.errors import Denied, HubError, Rejected, Transient, Unanswered, Unsupported

T = TypeVar("T")


class Nats:
    """A line to one server."""

    def __init__(self, settings: BrokerSettings, connection: str) -> None:
        assert isinstance(settings.server, NatsServer)
        self.settings, self.connection, self.server = settings, connection, settings.server
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="nats", daemon=True)
        self._thread.start()
        self._line: Any = None
        self._lock = threading.Lock()
        self.lost: dict[str, HubError] = {}

    def _run(self, work: Coroutine[Any, Any, T], most: float | None = None) -> T:
        """Let the loop do it, and wait."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(most or 3 * self.settings.timeout + 5)

    def _jetstream(self) -> Any:
        with self._lock:
            if self._line is None or self._line.is_closed:
                try:
                    self._line = self._run(self._opened())
                except (NatsError, OSError, Late, ValueError) as error:
                    raise self._down(error) from error
            return self._line.jetstream(timeout=self.settings.timeout)

    def _down(self, error: BaseException) -> HubError:
        denied = isinstance(error, AuthorizationError) or "authorization" in str(error).lower()
        if denied:
            return Denied("broker.denied", **self._facts("", error))
        return Transient("broker.unreachable", **self._facts("", error))

    async def _opened(self) -> Any:
        problems: list[Exception] = []

        async def heard(problem: Exception) -> None:
            problems.append(problem)

        words = {"user": self.server.user, "password": self.server.password.get_secret_value()}
        words |= {"token": self.server.token.get_secret_value()}
        try:
            return await nats.connect(
                [s.strip() for s in self.server.servers.split(",")],
                connect_timeout=max(1, int(self.settings.timeout)),
                allow_reconnect=False,
                max_reconnect_attempts=1,  # else it tries sixty times with two seconds between, also for the first line
                reconnect_time_wait=0.1,
                error_cb=heard,
                **{name: word for name, word in words.items() if word},
            )
        except NoServersError:
            raise (problems or [NoServersError()])[-1] from None

    def _facts(self, topic: str, error: object) -> dict[str, Any]:
        return {"connection": self.connection, "topic": topic, "said": (str(error) or type(error).__name__)[:200]}

    def check(self, publish: Sequence[str], consume: Sequence[str]) -> None:
        """Every subject belongs to a stream."""
        for subject in dict.fromkeys((*publish, *consume)):
            self._stream(subject)

    def _stream(self, subject: str) -> str:
        js = self._jetstream()
        try:
            return str(self._run(js.find_stream_name_by_subject(subject)))
        except NotFoundError as error:
            raise Unsupported("broker.no_topic", **self._facts(subject, error)) from error
        except (NatsError, OSError, Late) as error:
            raise Transient("broker.unreachable", **self._facts(subject, error)) from error

    # ------------------------------------------------------------------ publish

    def publish(self, events: Sequence[Event]) -> Sequence[HubError | None]:
        """All at once; each is done when the stream has acknowledged it."""
        try:
            js = self._jetstream()
        except HubError as error:
            return [error] * len(events)
        try:
            return self._run(self._all(js, events))
        except Late as error:
            return [Unanswered("broker.unconfirmed", **self._facts(e.topic, error)) for e in events]

    async def _all(self, js: Any, events: Sequence[Event]) -> list[HubError | None]:
        # One after the other within a key would do, but a stream keeps the order of arrival: so does this.
        return [await self._sent(js, event) for event in events]

    async def _sent(self, js: Any, event: Event) -> HubError | None:
        headers = {"Nats-Msg-Id": event.id, "Content-Type": CONTENT_TYPE, "Key": event.key}
        try:
            await js.publish(event.topic, event.body, timeout=self.settings.timeout, headers=headers)
        except (NoStreamResponseError, NoRespondersError) as error:
            return Unsupported("broker.no_topic", **self._facts(event.topic, error))
        except MaxPayloadError as error:
            return Rejected("broker.refused", **self._facts(event.topic, error))
        except APIError as error:
            return Transient("broker.busy", **self._facts(event.topic, error))
        except (NatsError, NatsTimeout, OSError, TimeoutError) as error:
            return Unanswered("broker.unconfirmed", **self._facts(event.topic, error))
        return None

    # --------------------------------------------------------------------- take

    def take(self, topic: str, cursor: str | None, most: int) -> Iterator[Batch]:
        """The stream's messages of that subject from a sequence on. Cursor: the next sequence."""
        config = self._config(topic, cursor)
        stream, js = self._stream(topic), self._jetstream()
        sub, place = None, cursor or ""
        try:
            info = self._run(js.stream_info(stream)).state
            self._missed(topic, cursor, info.first_seq)
            sub = self._run(js.pull_subscribe(topic, stream=stream, config=config))
            left = int(self._run(sub.consumer_info()).num_pending)
            end = str(info.last_seq + 1)
            while left > 0:
                got = self._run(sub.fetch(min(most, left), timeout=self.settings.timeout))
                left -= len(got)
                place = str(got[-1].metadata.sequence.stream + 1)
                yield Batch([_message(topic, one) for one in got], place)
            yield Batch([], place or end)
        except (NatsError, OSError, Late) as error:
            raise Transient("broker.unreachable", **self._facts(topic, error)) from error
        finally:
            if sub is not None:
                self._let_go(js, stream, sub)

    def _let_go(self, js: Any, stream: str, sub: Any) -> None:
        try:
            info = self._run(sub.consumer_info())
            self._run(js.delete_consumer(stream, info.name))
            self._run(sub.unsubscribe())
        except (NatsError, OSError, Late):
            return  # it ends by itself after a minute

    def _missed(self, topic: str, cursor: str | None, first: int) -> None:
        if cursor and int(cursor or 0) < first:
            place = f"{topic} {cursor}-{first - 1}"
            self.lost[place] = Rejected("broker.lost", connection=self.connection, place=place)

    def _config(self, topic: str, cursor: str | None) -> Any:
        words: dict[str, Any] = {"ack_policy": AckPolicy.NONE, "inactive_threshold": 60.0, "filter_subject": topic}
        start = start_of(self.settings, topic)
        if cursor:
            if not cursor.isdecimal():
                raise Unsupported("broker.cursor", connection=self.connection, cursor=cursor[:80])
            words |= {"deliver_policy": DeliverPolicy.BY_START_SEQUENCE, "opt_start_seq": max(int(cursor), 1)}
        elif start in ("earliest", "latest"):
            words["deliver_policy"] = DeliverPolicy.ALL if start == "earliest" else DeliverPolicy.NEW
        else:
            at = beginning(start, self.connection).astimezone(UTC)
            words |= {"deliver_policy": DeliverPolicy.BY_START_TIME, "opt_start_time": at.isoformat()}
        return ConsumerConfig(**words)

    def close(self) -> None:
        """Close the line and end the loop."""
        if self._line is not None and not self._line.is_closed:
            try:
                self._run(self._line.close())
            except (NatsError, OSError, Late):
                self._line = None
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        if not self._thread.is_alive():
            self._loop.close()


def _message(topic: str, one: Any) -> Message:
    headers = {n.lower(): v for n, v in (one.headers or {}).items()}
    about = one.metadata
    return Message(f"{topic} {about.sequence.stream}", one.data, headers, headers.get("key", ""), about.timestamp)
