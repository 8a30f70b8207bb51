"""Kafka by librdkafka: an idempotent producer whose delivery reports are waited for, and offsets that the hub keeps.

No consumer group is used: the cursor is the hub's, so that it is committed together with what was read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

from confluent_kafka import TIMESTAMP_NOT_AVAILABLE, Consumer, KafkaError, KafkaException, Producer, TopicPartition

from hefu.connectors._broker_port import CONTENT_TYPE, Batch, Event, Message, beginning, start_of
from hefu.connectors._broker_settings import BrokerSettings, KafkaServer
from hefu.core.errors import Denied, HubError, Rejected, Transient, Unanswered, Unsupported

_DENIED = {
    KafkaError.TOPIC_AUTHORIZATION_FAILED,
    KafkaError.CLUSTER_AUTHORIZATION_FAILED,
    KafkaError.GROUP_AUTHORIZATION_FAILED,
    KafkaError.SASL_AUTHENTICATION_FAILED,
    KafkaError._AUTHENTICATION,
}
_NO_TOPIC = {
    KafkaError.UNKNOWN_TOPIC_OR_PART,
    KafkaError._UNKNOWN_TOPIC,
    KafkaError._UNKNOWN_PARTITION,
}
_REFUSED = {KafkaError.MSG_SIZE_TOO_LARGE, KafkaError.INVALID_MSG, KafkaError.RECORD_LIST_TOO_LARGE}
_MOMENT = 0.05
_END = KafkaError._PARTITION_EOF


class Kafka:
    """A line to one cluster."""

    def __init__(self, settings: BrokerSettings, connection: str) -> None:
        assert isinstance(settings.server, KafkaServer)
        self.settings, self.connection = settings, connection
        self._producer: Any = None
        self.lost: dict[str, HubError] = {}

    def _options(self) -> dict[str, Any]:
        server = self.settings.server
        assert isinstance(server, KafkaServer)
        made: dict[str, Any] = {"bootstrap.servers": server.servers, "security.protocol": server.security}
        if server.user:
            made["sasl.mechanisms"] = server.mechanism
            made |= {"sasl.username": server.user, "sasl.password": server.password.get_secret_value()}
        if server.tls_ca:
            made["ssl.ca.location"] = server.tls_ca
        return made | {"log_level": 2} | server.options

    def _consumer(self) -> Any:
        own = {"group.id": "hefu", "enable.auto.commit": False, "enable.partition.eof": True}
        return self._made(Consumer, own | {"auto.offset.reset": "error"})

    def _made(self, kind: Any, own: dict[str, Any]) -> Any:
        try:
            return kind(self._options() | own)
        except (KafkaException, ValueError, TypeError) as error:
            raise Unsupported("broker.options", connection=self.connection, said=str(error)[:200]) from error

    def check(self, publish: Sequence[str], consume: Sequence[str]) -> None:
        """Ask for the topics."""
        consumer = self._consumer()
        try:
            for topic in {*publish, *consume}:
                self._partitions(consumer, topic)
        finally:
            consumer.close()

    def _partitions(self, consumer: Any, topic: str) -> list[int]:
        try:
            found = consumer.list_topics(topic, timeout=self.settings.timeout).topics[topic]
        except KafkaException as error:
            raise self._meant(error.args[0], topic, sent=False) from error
        if found.error is not None:
            raise self._meant(found.error, topic, sent=False)
        return sorted(found.partitions)

    # ------------------------------------------------------------------ publish

    def publish(self, events: Sequence[Event]) -> Sequence[HubError | None]:
        """All at once; each is done when its delivery report came."""
        if self._producer is None:
            wait = int(self.settings.timeout * 1000)
            own = {"enable.idempotence": True, "acks": "all", "delivery.timeout.ms": wait, "linger.ms": 5}
            self._producer = self._made(Producer, own)
        answers: dict[int, HubError | None] = {}
        for at, event in enumerate(events):
            headers = [("content-type", CONTENT_TYPE.encode()), ("id", event.id.encode())]

            def told(problem: Any, _: Any, at: int = at, topic: str = event.topic) -> None:
                answers[at] = None if problem is None else self._meant(problem, topic, sent=True)

            try:
                self._producer.produce(event.topic, event.body, event.key.encode(), headers=headers, on_delivery=told)
            except BufferError:
                answers[at] = Transient("broker.busy", connection=self.connection)
            except KafkaException as error:
                answers[at] = self._meant(error.args[0], event.topic, sent=False)
        self._producer.flush(self.settings.timeout + 1)
        if len(answers) < len(events):
            self._producer.purge()  # what nobody confirmed must not go out behind our back
            self._producer.flush(1)
        silent = Unanswered("broker.unconfirmed", connection=self.connection, topic=events[0].topic if events else "")
        return [answers.get(at, silent) for at in range(len(events))]

    def _meant(self, problem: Any, topic: str, *, sent: bool) -> HubError:
        facts = {"connection": self.connection, "topic": topic, "said": problem.str()[:200]}
        if problem.code() in _DENIED:
            return Denied("broker.denied", **facts)
        if problem.code() in _NO_TOPIC:
            return Unsupported("broker.no_topic", **facts)
        if problem.code() in _REFUSED:
            return Rejected("broker.refused", **facts)
        return Unanswered("broker.unconfirmed", **facts) if sent else Transient("broker.unreachable", **facts)

    # --------------------------------------------------------------------- take

    def take(self, topic: str, cursor: str | None, most: int) -> Iterator[Batch]:
        """Every partition from its offset to what is its end now. Cursor: {"partition": next offset}."""
        consumer = self._consumer()
        try:
            ends: dict[int, int] = {}
            places: dict[int, int] = {}
            for number in self._partitions(consumer, topic):
                low, high = self._range(consumer, topic, number)
                ends[number] = high
                places[number] = self._begin(consumer, topic, number, cursor, low, high)
            consumer.assign([TopicPartition(topic, n, at) for n, at in places.items() if at < ends[n]])
            while any(at < ends[n] for n, at in places.items()):
                got = self._polled(consumer, topic, most)
                messages = []
                for one in got:
                    if one.offset() < ends[one.partition()]:
                        messages.append(_message(one))
                    places[one.partition()] = max(places[one.partition()], one.offset() + 1)
                if messages:
                    yield Batch(messages, json.dumps(places))
            yield Batch([], json.dumps(places))
        finally:
            consumer.close()

    def _polled(self, consumer: Any, topic: str, most: int) -> list[Any]:
        """What came within a moment; it waits for the whole of `most` otherwise."""
        got: list[Any] = []
        for _ in range(int(self.settings.timeout / _MOMENT) + 1):
            got = consumer.consume(most, _MOMENT)
            if got:
                break
        good = []
        for one in got:
            if one.error() is None:
                good.append(one)
            elif one.error().code() != _END:
                raise self._meant(one.error(), topic, sent=False)
        if not got:
            raise Transient("broker.unreachable", connection=self.connection, topic=topic, said="no answer")
        return good

    def _range(self, consumer: Any, topic: str, number: int) -> tuple[int, int]:
        try:
            low, high = consumer.get_watermark_offsets(TopicPartition(topic, number), timeout=self.settings.timeout)
        except KafkaException as error:
            raise self._meant(error.args[0], topic, sent=False) from error
        return int(low), int(high)

    def _begin(self, consumer: Any, topic: str, number: int, cursor: str | None, low: int, high: int) -> int:
        if cursor is None:
            return self._first(consumer, topic, number, low, high)
        at = int(_places(cursor, self.connection).get(number, low))
        if at < low:  # the cluster has thrown away what we had not read
            place = f"{topic}/{number} {at}-{low - 1}"
            self.lost[place] = Rejected("broker.lost", connection=self.connection, place=place)
            return low
        return min(at, high)

    def _first(self, consumer: Any, topic: str, number: int, low: int, high: int) -> int:
        start = start_of(self.settings, topic)
        if start in ("earliest", "latest"):
            return low if start == "earliest" else high
        moment = int(beginning(start, self.connection).timestamp() * 1000)
        try:
            (found,) = consumer.offsets_for_times([TopicPartition(topic, number, moment)], self.settings.timeout)
        except KafkaException as error:
            raise self._meant(error.args[0], topic, sent=False) from error
        return high if found.offset < 0 else max(low, int(found.offset))

    def close(self) -> None:
        """Forget the producer; everything it had was waited for."""
        self._producer = None


def _message(one: Any) -> Message:
    kind, millis = one.timestamp()
    at = None if kind == TIMESTAMP_NOT_AVAILABLE else datetime.fromtimestamp(millis / 1000, UTC)
    headers = {n.lower(): (v or b"").decode("utf-8", "replace") for n, v in one.headers() or ()}
    place = f"{one.topic()}/{one.partition()} {one.offset()}"
    return Message(place, one.value() or b"", headers, (one.key() or b"").decode("utf-8", "replace"), at)


def _places(cursor: str, connection: str) -> dict[int, int]:
    try:
        return {int(n): int(at) for n, at in json.loads(cursor).items()}
    except (ValueError, AttributeError, TypeError):
        raise Unsupported("broker.cursor", connection=connection, cursor=cursor[:80]) from None
