"""Real brokers for the tests: each with a topic of its own, and a line to it that can be made to fall silent."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import uuid
from collections.abc import Callable, Coroutine, Mapping
from typing import Any


class Relay:
    """A TCP relay. While `mute`, what the server says is lost."""

    def __init__(self, port: int) -> None:
        self.mute, self._port = False, port
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        self._lines: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                near, _ = self._listener.accept()
            except OSError:
                return
            far = socket.create_connection(("127.0.0.1", self._port))
            self._lines += [near, far]
            threading.Thread(target=self._pump, args=(near, far, False), daemon=True).start()
            threading.Thread(target=self._pump, args=(far, near, True), daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if not (answers and self.mute):
                    sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        self._listener.close()
        for line in self._lines:
            line.close()


class World:
    """One broker with a topic. put: another program publishes. server: the settings that reach it."""

    def __init__(self, kind: str, topic: str, server: Mapping[str, Any], relay: Relay | None = None) -> None:
        self.kind, self.topic, self.server, self.relay = kind, topic, server, relay
        self.stream = False
        self.put: Callable[..., None] = lambda *_, **__: None
        self.end: Callable[[], None] = lambda: None
        self.kill: Callable[[], None] = lambda: None


def rabbitmq(*, stream: bool) -> World:
    """A queue, or a stream, of RabbitMQ."""
    import pika

    relay = Relay(5672)
    topic = f"hefu.test.{uuid.uuid4().hex[:10]}"
    made = World("rabbitmq", topic, {"type": "rabbitmq", "url": f"amqp://127.0.0.1:{relay.port}/%2F"}, relay)
    line = pika.BlockingConnection(pika.URLParameters("amqp://guest:guest@127.0.0.1:5672/%2F?heartbeat=0"))
    channel = line.channel()
    channel.confirm_delivery()
    channel.queue_declare(topic, durable=True, arguments={"x-queue-type": "stream" if stream else "quorum"})
    made.stream = stream

    def put(body: bytes, key: str = "", **headers: str) -> None:
        kind = headers.pop("content_type", "application/json")
        about = pika.BasicProperties(content_type=kind, headers={"key": key, **headers})
        channel.basic_publish("", topic, body, about)

    def end() -> None:
        channel.queue_delete(topic)
        line.close()
        relay.close()

    made.put, made.end = put, end
    return made


def nats() -> World:
    """A stream of NATS."""
    import nats as client

    relay = Relay(4222)
    name = f"hefu-test-{uuid.uuid4().hex[:10]}"
    topic = f"{name}.events"
    made = World("nats", topic, {"type": "nats", "servers": f"nats://127.0.0.1:{relay.port}"}, relay)
    loop = asyncio.new_event_loop()

    def run(work: Coroutine[Any, Any, Any]) -> Any:
        return loop.run_until_complete(work)

    line = run(client.connect("nats://127.0.0.1:4222"))
    js = line.jetstream()
    run(js.add_stream(name=name, subjects=[f"{name}.>"]))

    def put(body: bytes, key: str = "", **headers: str) -> None:
        run(js.publish(topic, body, headers={"Key": key, **headers} if key or headers else None))

    def end() -> None:
        run(js.delete_stream(name))
        run(line.close())
        loop.close()
        relay.close()

    made.put, made.end = put, end
    return made


def kafka() -> World:
    """A cluster that librdkafka imitates."""
    from confluent_kafka import Producer

    owner = Producer({"bootstrap.servers": "imitated", "test.mock.num.brokers": 1, "log_level": 0})
    brokers = owner.list_topics(timeout=10).brokers.values()
    servers = ",".join(f"{b.host}:{b.port}" for b in brokers)
    topic = f"hefu-test-{uuid.uuid4().hex[:10]}"
    owner.list_topics(topic, timeout=10)
    made = World("kafka", topic, {"type": "kafka", "servers": servers})
    held = [owner]

    def put(body: bytes, key: str = "", **headers: str) -> None:
        held[0].produce(topic, body or None, key or None, headers={**headers})
        held[0].flush(10)

    made.put, made.end, made.kill = put, held.clear, held.clear
    return made
