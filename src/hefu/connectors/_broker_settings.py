"""What a user says about a message broker: where it is, and which topics carry which records."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field as _Field
from pydantic import SecretStr

from hefu.core.connector import Settings, setting
from hefu.core.records import FieldType


class KafkaServer(Settings):
    """A Kafka cluster."""

    type: Literal["kafka"] = setting(..., "Apache Kafka", "Apache Kafka")
    servers: str = setting(..., "host:port of some brokers, separated by commas", "若干 broker 的 主机:端口，逗号分隔")
    security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = setting(
        "PLAINTEXT", "How the line is protected", "线路的保护方式"
    )
    mechanism: str = setting("SCRAM-SHA-512", "SASL mechanism", "SASL 机制")
    user: str = setting("", "User", "用户名")
    password: SecretStr = setting(SecretStr(""), "Password", "密码")
    tls_ca: str = setting("", "File of the certificate authority", "CA 证书文件")
    options: dict[str, str | int | bool] = setting(
        {}, "Further options of librdkafka, for clusters that want them", "librdkafka 的其他选项"
    )


class RabbitServer(Settings):
    """A RabbitMQ server."""

    type: Literal["rabbitmq"] = setting(..., "RabbitMQ (AMQP 0-9-1)", "RabbitMQ（AMQP 0-9-1）")
    url: str = setting(
        ...,
        "amqp://host:5672/vhost, or amqps:// for TLS, without user and password",
        "amqp://主机:5672/vhost，TLS 用 amqps://，不含用户名和密码",
        pattern=r"^amqps?://[^@]+$",
    )
    user: str = setting("guest", "User", "用户名")
    password: SecretStr = setting(SecretStr("guest"), "Password", "密码")
    exchange: str = setting(
        "",
        "Exchange that events go to, the topic being the routing key; empty: straight to the queue of that name",
        "事件发往的交换机，以 topic 为路由键；为空则直接发往同名队列",
    )


class NatsServer(Settings):
    """A NATS server with JetStream."""

    type: Literal["nats"] = setting(..., "NATS JetStream", "NATS JetStream")
    servers: str = setting(
        ..., "nats://host:4222 or tls://..., several by commas", "nats://主机:4222 或 tls://…，可逗号分隔多个"
    )
    user: str = setting("", "User", "用户名")
    password: SecretStr = setting(SecretStr(""), "Password", "密码")
    token: SecretStr = setting(SecretStr(""), "Token, instead of user and password", "令牌，代替用户名和密码")


Server = Annotated[KafkaServer | RabbitServer | NatsServer, _Field(discriminator="type")]


class MessageField(Settings):
    """One field of the records of a topic."""

    type: FieldType = setting(FieldType.TEXT, "Type", "类型")
    label: str = setting("", "What people call it", "显示名称")
    required: bool = setting(False, "A new record without it is refused", "新记录必须包含")
    path: str = setting(
        "", "Where it stands in a consumed message; default: its name", "在消费的消息中的路径；默认为字段名"
    )


class TopicSettings(Settings):
    """One kind of record, published to a topic or consumed from it."""

    topic: str = setting(
        ...,
        "Kafka topic, NATS subject, or RabbitMQ queue (to consume) or routing key (to publish)",
        "Kafka 主题、NATS subject，或 RabbitMQ 队列（消费）、路由键（发布）",
        min_length=1,
    )
    mode: Literal["publish", "consume"] = setting(..., "Which way the records go", "记录的流向")
    key: list[str] = setting(..., "Fields that name the record", "标识记录的字段", min_length=1)
    fields: dict[str, MessageField] = setting(..., "Fields, the key among them", "字段，含标识字段")
    label: str = setting("", "What people call it", "显示名称")
    form: Literal["cloudevents", "json"] = setting(
        "cloudevents",
        "How a consumed message is written: CloudEvents 1.0, or any JSON object",
        "消费的消息的格式：CloudEvents 1.0 或任意 JSON 对象",
    )
    values: str = setting(
        "values",
        "Path of the values: below the event's data, or in the JSON object; empty: all of it",
        "值所在的路径：在事件 data 之下或 JSON 对象之内；为空表示整个对象",
    )
    deleted: dict[str, str] = setting(
        {},
        "Path -> value that marks a deletion, besides events of a type ending in .deleted and empty messages",
        "标记删除的 路径 → 值；类型以 .deleted 结尾的事件和空消息总是删除",
    )
    start: str = setting(
        "earliest",
        "Where the first read begins: earliest, latest, or an instant such as 2026-11-01T00:00:00Z",
        "首次读取的起点：earliest、latest 或时刻（如 2026-11-01T00:00:00Z）",
    )
    stream: bool = setting(
        False, "The RabbitMQ queue is a stream, which keeps its messages", "该 RabbitMQ 队列是会保留消息的 stream"
    )


class BrokerSettings(Settings):
    """A broker, and the topics on it."""

    server: Server = setting(..., "The broker", "消息系统")
    objects: dict[str, TopicSettings] = setting(..., "Objects and their topics", "对象及其主题")
    source: str = setting(
        "",
        "CloudEvents source; default: /hefu/ and the connection's name",
        "CloudEvents source；默认为 /hefu/ 加连接名",
    )
    timeout: float = setting(10.0, "Seconds until an answer is no longer waited for", "等待应答的秒数", gt=0)
    page: int = setting(500, "Messages in one page", "每页消息数", ge=1)


__all__ = [
    "BrokerSettings",
    "KafkaServer",
    "MessageField",
    "NatsServer",
    "RabbitServer",
    "TopicSettings",
]
