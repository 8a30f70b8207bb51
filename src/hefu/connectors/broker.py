"""Message brokers: records are published as CloudEvents to Kafka, RabbitMQ or NATS, or consumed from there.

connector: broker, settings: {server: {type: nats, servers: nats://127.0.0.1:4222}, objects: {customer: {mode: publish,
topic: crm.customer, key: [code], fields: {code: {}, name: {}}}}}

What was published belongs to whoever reads it, and what comes is passed on and not kept: no object is complete.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from hefu.connectors import _broker_events as events
from hefu.connectors._broker_port import Batch, Event, Message, Port
from hefu.connectors._broker_settings import BrokerSettings, KafkaServer, RabbitServer, TopicSettings
from hefu.connectors._change_event import change_of, schema_of
from hefu.core.connector import Connector, Settings, Site
from hefu.core.errors import HubError, Rejected, Transient, Unanswered, Unsupported
from hefu.core.records import Abilities, ObjectSchema, Page, Record, Values, Write, Written

BATCH = 500
_PUBLISHED = "published"
_KEPT = 100


class Broker(Connector):
    """A line to one broker."""

    name = "broker"
    settings_type = BrokerSettings

    def __init__(self, settings: Settings, site: Site) -> None:
        super().__init__(settings, site)
        self.source = self.settings.source or f"/hefu/{site.connection}"
        for name, topic in self.settings.objects.items():
            if unknown := [k for k in topic.key if k not in topic.fields]:
                raise Unsupported("broker.key", connection=site.connection, object=name, field=unknown[0])
        self._port: Port | None = None
        self._left: dict[str, list[tuple[str, HubError]]] = {}

    @property
    def port(self) -> Port:
        """The line, opened when it is first needed."""
        if self._port is None:
            self._port = _opened(self.settings, self.site.connection)
        return self._port

    def check(self) -> None:
        """The broker answers and knows the topics."""
        topics = self.settings.objects.values()
        publish = [t.topic for t in topics if t.mode == "publish"]
        self.port.check(publish, [t.topic for t in topics if t.mode == "consume"])

    def discover(self) -> Sequence[ObjectSchema]:
        """As the settings declare."""
        out = Abilities(
            create="upsert",
            update=True,
            delete=True,
            changes="cursor+deletes",
            complete=False,
            returns=True,
            batch=BATCH,
        )
        come = Abilities(changes="cursor+deletes", complete=False, page=self.settings.page)
        made = []
        for name, topic in self.settings.objects.items():
            writable = topic.mode == "publish"
            made.append(schema_of(name, topic, out if writable else come, writable=writable))
        return made

    # ------------------------------------------------------------------ reading

    def read(self, obj: str, since: str | None = None) -> Iterator[Page]:
        """What came behind the cursor. Messages that cannot be read are left out and told by `left_out`."""
        topic = self._topic(obj)
        if topic.mode == "publish":
            if since not in (None, _PUBLISHED):
                raise Unsupported("broker.cursor", connection=self.site.connection, cursor=str(since)[:80])
            yield Page([], _PUBLISHED)
            return
        self._left[obj] = []
        cursor = since
        for batch in self.port.take(topic.topic, since, self.settings.page):
            cursor = batch.cursor or cursor
            yield self._page(obj, topic, batch, cursor)
        lost: Mapping[str, HubError] = getattr(self.port, "lost", {})
        self._left[obj] += [(place, error) for place, error in lost.items() if place.startswith(topic.topic)]

    def _page(self, obj: str, topic: TopicSettings, batch: Batch, cursor: str | None) -> Page:
        """The latest of each record; a record that came and went in one page is gone."""
        records: dict[str, Record] = {}
        gone: dict[str, None] = {}
        for message in batch.messages:
            try:
                told = events.told(message, topic)
            except events.Unreadable as why:
                self._leave(obj, message, why)
                continue
            before = records.pop(told.id, None)
            if told.values is None:
                gone[told.id] = None
                continue
            gone.pop(told.id, None)
            values = {**(before.values if before else {}), **told.values}
            records[told.id] = Record(told.id, values, told.event or None, told.at)
        return Page(list(records.values()), cursor, list(gone))

    def _leave(self, obj: str, message: Message, why: events.Unreadable) -> None:
        if len(self._left[obj]) < _KEPT:
            facts = {"connection": self.site.connection, "place": message.place, "said": str(why)}
            self._left[obj].append((message.place, Rejected("broker.unreadable", **facts)))

    def fetch(self, obj: str, ids: Sequence[str]) -> Sequence[Record]:
        """Cannot be told: a topic knows what happened, not what is. Raises Rejected where something is asked for."""
        self._topic(obj)
        if ids:
            raise Rejected("broker.cannot_tell", connection=self.site.connection, object=obj, id=ids[0])
        return []

    def search(self, obj: str, by: Values) -> Sequence[Record]:
        """Nothing can be found in what was passed on."""
        del by
        self._topic(obj)
        return []

    def left_out(self, obj: str) -> Sequence[tuple[str, HubError]] | None:
        """Messages that are no record of the topic, and places that the broker had thrown away before we came."""
        return self._left.get(obj)

    # ------------------------------------------------------------------ writing

    def write(self, obj: str, writes: Sequence[Write]) -> Sequence[Written | HubError]:
        """One event each, and only what the broker confirmed is written.

        A create without a confirmation is Unanswered: the hub looks, finds nothing and sends the same event again.
        A change without one is Transient for the same reason: sent again it is the same event, with the same id.
        """
        topic = self._topic(obj)
        if topic.mode != "publish":
            raise Unsupported("connector.read_only", connection=self.site.connection, object=obj)
        made: list[tuple[Event, Written] | HubError] = []
        for one in writes:
            try:
                made.append(self._event(obj, topic, one))
            except Rejected as error:
                made.append(error)
        ready = [m for m in made if isinstance(m, tuple)]
        said = iter(self.port.publish([event for event, _ in ready]) if ready else ())
        answers: list[Written | HubError] = []
        for one, each in zip(writes, made, strict=True):
            problem = each if isinstance(each, HubError) else next(said)
            if isinstance(problem, Unanswered) and one.id is not None:
                facts: dict[str, Any] = dict(problem.facts)
                problem = Transient(problem.code, **facts)
            answers.append(problem if problem is not None or isinstance(each, HubError) else each[1])  # type: ignore[arg-type]
        return answers

    def _event(self, obj: str, topic: TopicSettings, one: Write) -> tuple[Event, Written]:
        connection = self.site.connection
        change = change_of(obj, topic, one, connection, no_field="broker.no_field", absent="broker.absent")
        event_id, kind = change.digest(self.source), f"{obj}.{change.verb}"
        body = events.body(self.source, kind, event_id, change.id, self.site.now(), change.data)
        return Event(topic.topic, event_id, change.id, body, kind), Written(change.id, one.values, event_id)

    # -------------------------------------------------------------------- hints

    def parse(self, headers: Mapping[str, str], body: bytes) -> Sequence[tuple[str, str]]:
        """A CloudEvent that a broker pushes over HTTP, as a hint that there is something to take."""
        del headers, body
        return [(name, "") for name, topic in self.settings.objects.items() if topic.mode == "consume"]

    def asyncapi(self) -> Mapping[str, Any]:
        """What is published, for those who read it."""
        return events.asyncapi(self.settings, self.site.connection, self.source)

    def close(self) -> None:
        """Close the line."""
        port, self._port = self._port, None
        if port is not None:
            port.close()

    def _topic(self, obj: str) -> TopicSettings:
        found: TopicSettings | None = self.settings.objects.get(obj)
        if found is None:
            known = ", ".join(self.settings.objects)
            raise Unsupported("broker.no_object", connection=self.site.connection, object=obj, known=known)
        return found


def _opened(settings: BrokerSettings, connection: str) -> Port:
    """The broker's client is loaded only where it is used: each is an extra of its own."""
    try:
        if isinstance(settings.server, KafkaServer):
            from hefu.connectors._broker_kafka import Kafka

            return Kafka(settings, connection)
        if isinstance(settings.server, RabbitServer):
            from hefu.connectors._broker_rabbitmq import Rabbit

            return Rabbit(settings, connection)
        from hefu.connectors._broker_nats import Nats

        return Nats(settings, connection)
    except ImportError as error:
        extra = settings.server.type
        raise Unsupported("broker.client", connection=connection, extra=extra, needs=error.name or "") from error


CONNECTOR = Broker

__all__ = ["CONNECTOR", "Broker", "BrokerSettings"]
