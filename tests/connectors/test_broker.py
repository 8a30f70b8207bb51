"""Message brokers: the same promises on real RabbitMQ and NATS, and on the Kafka that librdkafka imitates."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import brokers
import pytest

from hefu.connectors.broker import Broker, BrokerSettings
from hefu.core.connector import Site
from hefu.core.errors import Denied, Rejected, Transient, Unanswered, Unsupported
from hefu.core.records import Page, Record, Write, Written
from hefu.sim.conformance import CHECKS, Rig, Tell, attempt, record

AT = datetime(2026, 11, 22, 8, tzinfo=UTC)
FIELDS = {
    "code": {"type": "code"},
    "name": {"required": True},
    "credit": {"type": "money"},
    "since": {"type": "date"},
    "active": {"type": "boolean"},
}


class _NoHttp:
    def send(self, *_: Any, **__: Any) -> Any:
        raise AssertionError("a broker is not reached over HTTP")


@pytest.fixture(params=["kafka", "rabbitmq queue", "rabbitmq stream", "nats"])
def world(request: pytest.FixtureRequest, needed: Callable[[str], None]) -> Iterator[brokers.World]:
    kind = request.param.split()[0]
    if kind != "kafka":
        needed(kind)
        pytest.importorskip({"rabbitmq": "pika", "nats": "nats"}[kind])
    else:
        pytest.importorskip("confluent_kafka")
    made = brokers.rabbitmq(stream="stream" in request.param) if kind == "rabbitmq" else getattr(brokers, kind)()
    yield made
    made.end()


Opened = Callable[..., Broker]


@pytest.fixture
def opened(world: brokers.World) -> Iterator[Opened]:
    """A new line: `out` publishes to the topic, `come` consumes it."""
    lines: list[Broker] = []

    def make(**more: Any) -> Broker:
        server = {**world.server, **more.pop("server", {})}
        both = {"topic": world.topic, "key": ["code"], "fields": FIELDS}
        come = {**both, "mode": "consume", "stream": world.stream, **more.pop("come", {})}
        settings = {"server": server, "objects": {"out": {**both, "mode": "publish"}, "come": come}, **more}
        site = Site(_NoHttp(), lambda: AT, lambda _: None, connection="bus")
        lines.append(Broker(BrokerSettings.model_validate(settings), site))
        return lines[-1]

    yield make
    for line in lines:
        line.close()


def _created(n: int, **values: Any) -> Write:
    return Write(None, {"code": f"C{n}", "name": f"客户{n}", **values}, token=f"t{n}")


def _all(line: Broker, since: str | None = None, obj: str = "come") -> tuple[list[Record], list[str], str | None]:
    records, gone, cursor = list[Record](), list[str](), since
    for page in line.read(obj, since):
        assert isinstance(page, Page)
        records += page.records
        gone += page.gone
        cursor = page.cursor
    return records, gone, cursor


@pytest.mark.conformance
def test_the_conformance_suite_finds_nothing(opened: Opened, world: brokers.World, record_property: Tell) -> None:
    """A topic cannot be edited, so the checks that only look are tried, on what the hub itself has published."""
    opened().write("out", [_created(n) for n in range(7)])
    title = {"rabbitmq": "RabbitMQ", "nats": "NATS JetStream", "kafka": "librdkafka's mock cluster of Kafka"}
    bypass = {"fetch_agrees_with_read": "a message that was taken cannot be asked for again"}
    rig = Rig(
        opened(page=3),
        "come",
        writes=False,
        bypass=bypass,
        against="imitation" if world.kind == "kafka" else "real",
        system=title[world.kind] + (" (stream)" if world.stream else ""),
    )
    results = [attempt(c, rig) for c in CHECKS.values()]
    assert [(r.check.name, r.note) for r in results if r.state == "failed"] == []
    for result in results:
        record(record_property, rig, result)


def test_what_is_published_is_consumed(opened: Opened) -> None:
    line = opened(page=3)
    line.check()
    sent = line.write(
        "out", [_created(n, credit=Decimal("1.10"), since=date(2026, 1, 31), active=True) for n in range(8)]
    )
    assert all(isinstance(w, Written) for w in sent), sent
    records, gone, cursor = _all(opened(page=3))
    assert {r.id for r in records} == {f"C{n}" for n in range(8)}
    assert not gone
    assert cursor
    one = next(r for r in records if r.id == "C3")
    assert one.values == {
        "code": "C3",
        "name": "客户3",
        "credit": Decimal("1.10"),
        "since": date(2026, 1, 31),
        "active": True,
    }
    assert one.modified_at == AT


def test_a_cursor_goes_on_where_it_stopped(opened: Opened, world: brokers.World) -> None:
    line = opened()
    line.write("out", [_created(1)])
    first, _, cursor = _all(line)
    assert [r.id for r in first] == ["C1"]
    assert _all(line, cursor)[0] == []
    line.write("out", [_created(2)])
    later, _, further = _all(line, cursor)
    assert [r.id for r in later] == ["C2"]
    if world.kind == "rabbitmq" and not world.stream:
        assert _all(line, further)[0] == [], "a queue gives away what was kept"
        return
    again = opened()
    assert [r.id for r in _all(again, cursor)[0]] == ["C2"], "replayed from a place"
    assert {r.id for r in _all(again)[0]} == {"C1", "C2"}, "replayed from the beginning"


def test_what_the_hub_did_not_keep_comes_again(opened: Opened) -> None:
    line = opened()
    line.write("out", [_created(1), _created(2)])
    _, _, lost = _all(line)
    assert lost
    line.close()
    records, _, cursor = _all(opened())
    assert {r.id for r in records} == {"C1", "C2"}
    fresh = opened()
    fresh.write("out", [_created(3)])
    assert cursor is not None


def test_changes_and_ends(opened: Opened) -> None:
    line = opened()
    (made,) = line.write("out", [_created(1)])
    assert isinstance(made, Written)
    _, _, cursor = _all(line)
    (changed,) = line.write("out", [Write("C1", {"name": "改名"}, version=made.version)])
    assert isinstance(changed, Written)
    records, gone, cursor = _all(line, cursor)
    assert [(r.id, r.values) for r in records] == [("C1", {"name": "改名"})]
    line.write("out", [Write("C1", None, version=changed.version)])
    records, gone, _ = _all(line, cursor)
    assert (records, gone) == ([], ["C1"])


def test_an_event_is_a_cloudevent_with_an_id_that_stays(opened: Opened) -> None:
    line = opened(source="/hefu/test")
    first, again = (line.write("out", [_created(1)])[0] for _ in range(2))
    assert isinstance(first, Written)
    assert isinstance(again, Written)
    assert first.version == again.version, "the same change is the same event"
    changes = [Write("C1", {"name": name}, version=v) for name, v in (("a", "1"), ("b", "2"), ("a", "3"))]
    ids = {w.version for w in line.write("out", changes) if isinstance(w, Written)}
    assert len(ids) == 3, "the same value told again later is another event"
    told = [
        json.loads(m.body)
        for batch in line.port.take(line.settings.objects["out"].topic, None, 10)
        for m in batch.messages
    ]
    event = told[0]
    assert (event["specversion"], event["source"], event["type"]) == ("1.0", "/hefu/test", "out.created")
    assert (event["subject"], event["partitionkey"], event["id"]) == ("C1", "C1", first.version)
    assert event["data"] == {"object": "out", "id": "C1", "values": {"code": "C1", "name": "客户1"}}
    if line.settings.server.type == "nats":
        assert len([e for e in told if e["id"] == first.version]) == 1, "the stream dropped the repetition"


def test_messages_of_others_are_understood_or_left_out(opened: Opened, world: brokers.World) -> None:
    line = opened(come={"form": "json", "values": "body.customer", "deleted": {"op": "D"}, "key": ["code"]})
    world.put(json.dumps({"op": "U", "body": {"customer": {"code": "X1", "name": "甲", "credit": 12.30}}}).encode())
    world.put(b"not json")
    world.put(json.dumps({"op": "U", "body": {"customer": {"code": "X2", "credit": "many"}}}).encode())
    world.put(json.dumps({"op": "U", "body": {"customer": {"name": "no key"}}}).encode())
    world.put(json.dumps({"op": "U", "body": 1}).encode())
    world.put(json.dumps({"op": "D", "body": {"customer": {"code": "X3"}}}).encode())
    records, gone, _ = _all(line)
    assert [(r.id, r.values["credit"]) for r in records] == [("X1", Decimal("12.30"))]
    assert gone == ["X3"]
    left = line.left_out("come")
    assert left is not None
    assert len(left) == 4
    assert {error.code for _, error in left} == {"broker.unreadable"}


def test_binary_cloudevents_and_hints(opened: Opened, world: brokers.World) -> None:
    line = opened(come={"values": ""})
    about = {"ce_specversion": "1.0", "ce_id": "1", "ce_type": "x.changed", "ce_time": "2026-11-20T00:00:00Z"}
    world.put(json.dumps({"code": "B1", "name": "乙"}).encode(), "", **about)
    hint = {"specversion": "1.0", "id": "2", "type": "x", "source": "/sap", "subject": "B2", "data": {}}
    world.put(json.dumps(hint).encode())
    records, _, _ = _all(line)
    assert {(r.id, r.values.get("name")) for r in records} == {("B1", "乙"), ("B2", None)}


def test_an_empty_message_with_a_key_is_an_end(opened: Opened, world: brokers.World) -> None:
    world.put(b"", "K1")
    assert _all(opened())[1] == ["K1"]


def test_a_first_read_may_begin_at_the_end(opened: Opened, world: brokers.World) -> None:
    if world.kind == "rabbitmq" and not world.stream:
        return  # a queue has no beginning to choose
    opened().write("out", [_created(1)])
    line = opened(come={"start": "latest"})
    records, _, cursor = _all(line)
    assert records == []
    line.write("out", [_created(2)])
    assert [r.id for r in _all(line, cursor)[0]] == ["C2"]
    by_time = opened(come={"start": "2020-01-01T00:00:00Z"})
    if world.kind != "kafka":  # the imitated cluster does not look up instants
        assert {r.id for r in _all(by_time)[0]} == {"C1", "C2"}
    with pytest.raises(Unsupported, match=r"broker\.start"):
        _all(opened(come={"start": "yesterday"}))
    with pytest.raises(Unsupported, match=r"broker\.cursor"):
        _all(line, "nonsense")


@pytest.fixture
def hasty(world: brokers.World, monkeypatch: pytest.MonkeyPatch) -> None:
    """pika ends a silent line after one or two heartbeats and five seconds more each; here without those seconds."""
    if world.kind == "rabbitmq":
        from pika.heartbeat import HeartbeatChecker

        begin = HeartbeatChecker._start_check_timer

        def at_once(checker: Any) -> None:
            checker._check_interval = checker._timeout
            begin(checker)

        monkeypatch.setattr(HeartbeatChecker, "_start_check_timer", at_once)


@pytest.mark.usefixtures("hasty")
def test_an_event_that_nobody_confirms_is_unanswered(opened: Opened, world: brokers.World) -> None:
    if world.kind == "rabbitmq" and not world.stream:
        return  # publishing is the same for both kinds of queue
    line = opened(timeout=2.0 if world.kind == "kafka" else 1.0)
    assert isinstance(line.write("out", [_created(1)])[0], Written)
    if world.relay is None:
        world.kill()
    else:
        world.relay.mute = True
    (answer,) = line.write("out", [_created(2)])
    assert isinstance(answer, Unanswered), answer
    if world.relay is None:
        return
    world.relay.mute = False
    assert isinstance(line.write("out", [_created(3)])[0], Written)
    if world.kind == "rabbitmq":
        return  # another wait for the heartbeat would tell nothing new
    world.relay.mute = True
    (answer,) = line.write("out", [Write("C1", {"name": "x"}, version="1")])
    assert isinstance(answer, Transient), "sent again it is the same event"
    world.relay.mute = False
    assert isinstance(line.write("out", [_created(2)])[0], Written), "a new line is opened"


def _event(line: Broker) -> Any:
    from hefu.connectors._broker_port import Event

    return Event(line.settings.objects["out"].topic, "id", "key", b"{}", "out.created")


def test_one_bad_row_does_not_spoil_the_others(opened: Opened) -> None:
    line = opened()
    answers = line.write("out", [_created(1), Write(None, {"code": "C2"}, token="x"), _created(3)])
    assert [type(a) for a in answers] == [Written, Rejected, Written]
    with pytest.raises(Unsupported, match=r"broker\.no_field"):
        line.write("out", [Write(None, {"nonsense": 1})])
    with pytest.raises(Unsupported, match=r"read_only"):
        line.write("come", [_created(1)])
    with pytest.raises(Rejected, match=r"cannot_tell"):
        line.fetch("out", ["C1"])
    assert line.search("out", {"code": "C1"}) == []
    assert _all(line, None, "out") == ([], [], "published")


def test_what_is_not_there_and_who_is_not_let_in(opened: Opened, world: brokers.World) -> None:
    elsewhere: dict[str, dict[str, Any]] = {
        "kafka": {"servers": "127.0.0.1:1"},
        "rabbitmq": {"url": "amqp://127.0.0.1:1/"},
        "nats": {"servers": "nats://127.0.0.1:1"},
    }
    with pytest.raises(Transient, match=r"broker\.unreachable"):
        opened(server=elsewhere[world.kind], timeout=1.0).check()
    if world.kind == "kafka":
        return  # the imitated cluster makes every topic and knows no users
    if world.kind == "rabbitmq":
        with pytest.raises(Denied):
            opened(server={"user": "guest", "password": "wrong"}).check()
    with pytest.raises(Unsupported, match=r"broker\.no_topic"):
        opened(come={"topic": "hefu.nowhere"}).check()
    line = opened()
    assert isinstance(line.port.publish([_event(line)._replace(topic="hefu.nowhere")])[0], Unsupported)


def test_abilities_say_that_nothing_is_complete(opened: Opened) -> None:
    for schema in opened().discover():
        assert not schema.abilities.complete
        assert schema.abilities.changes == "cursor+deletes"


def test_the_asyncapi_document_describes_what_is_sent(opened: Opened, world: brokers.World) -> None:
    line = opened()
    told = line.asyncapi()
    assert told["asyncapi"] == "3.0.0"
    assert told["channels"]["out"]["address"] == world.topic
    assert "come" not in told["channels"]
    payload = told["components"]["messages"]["out.created"]["payload"]
    line.write("out", [_created(1, credit=Decimal("1.5"), active=None)])
    (batch, *_) = line.port.take(world.topic, None, 10)
    _fits(payload, json.loads(batch.messages[0].body))


def _fits(schema: dict[str, Any], value: Any) -> None:
    """As much of JSON Schema as the document uses."""
    if "const" in schema:
        assert value == schema["const"]
    if "type" in schema:
        kinds = {"string": str, "boolean": bool, "null": type(None), "object": dict, "array": list}
        wanted = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        assert isinstance(value, tuple(kinds[w] for w in wanted)), (schema, value)
    for name in schema.get("required", ()):
        assert name in value
    for name, inner in schema.get("properties", {}).items():
        if name in value:
            _fits(inner, value[name])
    if schema.get("additionalProperties") is False:
        assert set(value) <= set(schema["properties"])
