"""Errors of the connector for message brokers."""

from hefu.core.words import Words

ERRORS = {
    "broker.absent": Words(
        "{connection}: a new {object} without '{field}' cannot be published.",
        "{connection}：新的 {object} 缺少“{field}”，无法发布。",
        "Fill the field, or take 'required' from it in the connection.",
        "请补全该字段，或在连接中取消 required。",
    ),
    "broker.busy": Words(
        "{connection}: the broker takes no more at the moment: {said}",
        "{connection}：消息系统暂时不再接收：{said}",
        "Nothing to do: it is tried again.",
        "无需处理：系统会自动重试。",
    ),
    "broker.cannot_tell": Words(
        "{connection}: whether {object} {id} is there cannot be told: a topic knows what happened, not what is.",
        "{connection}：无法得知 {object} {id} 是否存在：主题只记录发生过什么，不保存当前状态。",
        "Ask those who read the topic.",
        "请询问该主题的消费方。",
    ),
    "broker.client": Words(
        "{connection}: the client library is not installed ({needs}).",
        "{connection}：未安装客户端库（{needs}）。",
        "Install it: pip install 'hefu[{extra}]'.",
        "请安装：pip install 'hefu[{extra}]'。",
    ),
    "broker.cursor": Words(
        "{connection}: '{cursor}' is no place in this topic; perhaps the connection once named another broker.",
        "{connection}：“{cursor}”不是该主题中的位置；连接以前可能指向另一个消息系统。",
        "Read the object again from the beginning.",
        "请从头重新读取该对象。",
    ),
    "broker.denied": Words(
        "{connection}: the broker refuses user, password or right: {said}",
        "{connection}：消息系统拒绝了用户、密码或权限：{said}",
        "Correct the credentials or grant the right, then resume the connection.",
        "请更正凭据或授予权限，然后恢复该连接。",
    ),
    "broker.key": Words(
        "{connection}: '{field}' names records of {object} but is not among its fields.",
        "{connection}：“{field}”用于标识 {object}，但不在其字段中。",
        "Add it under 'fields'.",
        "请将其加入 fields。",
    ),
    "broker.lost": Words(
        "{connection}: the broker had thrown away messages before they were read: {place}.",
        "{connection}：消息在读取之前已被清除：{place}。",
        "Let the topic keep its messages longer, and compare both systems (hefu reconcile).",
        "请延长主题的保留时间，并对账（hefu reconcile）。",
    ),
    "broker.no_field": Words(
        "{connection}: {object} has no field '{field}'; it has {known}.",
        "{connection}：{object} 没有字段“{field}”，现有：{known}。",
        "Correct the mapping, or add the field to the connection.",
        "请更正映射，或在连接中添加该字段。",
    ),
    "broker.no_object": Words(
        "{connection} has no object '{object}'; it has {known}.",
        "{connection} 没有对象“{object}”，现有：{known}。",
        "Correct the name, or describe the object in the connection.",
        "请更正名称，或在连接中描述该对象。",
    ),
    "broker.no_topic": Words(
        "{connection}: nothing takes '{topic}': {said}",
        "{connection}：没有接收“{topic}”的主题、队列或 stream：{said}",
        "Create the topic, queue or stream; the hub makes none.",
        "请先创建主题、队列或 stream；本系统不会自动创建。",
    ),
    "broker.none": Words(
        "{connection} publishes nothing to a message broker.",
        "{connection} 不向消息系统发布事件。",
        "Name a connection whose connector is broker.",
        "请指定使用 broker 连接器的连接。",
    ),
    "broker.options": Words(
        "{connection}: the broker or its client refuses the settings: {said}",
        "{connection}：消息系统或客户端不接受这些设置：{said}",
        "Correct them.",
        "请更正设置。",
    ),
    "broker.refused": Words(
        "{connection}: the broker refuses the message: {said}",
        "{connection}：消息系统拒绝该消息：{said}",
        "Make the record smaller, or let the broker take larger messages.",
        "请缩小该记录，或调大消息系统的消息上限。",
    ),
    "broker.start": Words(
        "{connection}: '{start}' is no beginning.",
        "{connection}：“{start}”不是有效的起点。",
        "Write earliest, latest, or an instant with its zone, such as 2026-11-01T00:00:00Z.",
        "请写 earliest、latest 或带时区的时刻，如 2026-11-01T00:00:00Z。",
    ),
    "broker.unconfirmed": Words(
        "{connection}: the broker did not confirm an event for '{topic}': {said}",
        "{connection}：消息系统未确认发往“{topic}”的事件：{said}",
        "Nothing to do: the event is sent again with the same id.",
        "无需处理：系统会以相同 ID 重新发送该事件。",
    ),
    "broker.unreachable": Words(
        "{connection}: the broker does not answer: {said}",
        "{connection}：消息系统无响应：{said}",
        "Nothing to do: it is tried again. If it lasts, look at address, port and firewall.",
        "无需处理：系统会自动重试。若持续出现，请检查地址、端口和防火墙。",
    ),
    "broker.unreadable": Words(
        "{connection}: the message at {place} is no record: {said}",
        "{connection}：{place} 处的消息不是有效记录：{said}",
        "Correct the sender, or the description of the topic.",
        "请更正发送方，或修改主题的描述。",
    ),
}
