"""Errors of webhooks that leave the hub."""

from hefu.core.words import Words

_SAID = "{connection}, {event}: status {status}: {said}"

ERRORS = {
    "webhook.secret": Words(
        "The signing secret of {connection} is too short, too long or no Base64.",
        "{connection} 的签名密钥长度不符，或不是 Base64。",
        "It is whsec_ and 24 to 64 random bytes in Base64, for instance from: openssl rand -base64 32.",
        "格式为 whsec_ 加 24 至 64 个随机字节的 Base64，可用 openssl rand -base64 32 生成。",
    ),
    "webhook.key": Words(
        "The key field '{field}' of {object} in {connection} is not among its fields.",
        "{connection} 中 {object} 的标识字段“{field}”不在 fields 中。",
        "Add it under fields.",
        "请在 fields 中补充。",
    ),
    "webhook.no_object": Words(
        "{connection} sends no events of '{object}'. There are: {known}.",
        "{connection} 不发送“{object}”的事件。现有：{known}。",
        "Add it under settings.objects, or correct the mapping.",
        "请在 settings.objects 中补充，或修正映射。",
    ),
    "webhook.no_field": Words(
        "Events of {object} in {connection} have no field '{field}'. There are: {known}.",
        "{connection} 中 {object} 的事件没有字段“{field}”。现有：{known}。",
        "Add it under the object's fields, or take it out of the mapping.",
        "请在该对象的 fields 中补充，或从映射中移除。",
    ),
    "webhook.absent": Words(
        "An event of a new {object} for {connection} needs '{field}', which is empty.",
        "{connection} 的 {object} 新建事件缺少必填字段“{field}”。",
        "Fill it in the record, or do not demand it.",
        "请补全该记录，或取消此必填要求。",
    ),
    "webhook.cannot_tell": Words(
        "{connection} cannot tell what became of {object} {id}: events are only sent.",
        "{connection} 无法说明 {object} {id} 的现状：事件只发送、不可查询。",
        "Nothing to do; the receiver knows a repeated event by its id.",
        "无需处理；接收方可凭事件 ID 识别重复事件。",
    ),
    "webhook.cursor": Words(
        "'{cursor}' is no cursor of {connection}: nothing is read from it.",
        "“{cursor}”不是 {connection} 的游标：该连接不可读取。",
        "Remove it; this happens when a connection is pointed at another connector.",
        "请删除该游标；更换连接器后可能出现此情况。",
    ),
    "webhook.denied": Words(
        "The receiver does not take our events (any more). " + _SAID,
        "接收方不（再）接受事件。" + _SAID,
        "Check address and secret with the receiver, then 'hefu resume connection:{connection}'.",
        "请与接收方核对地址和密钥，然后运行 hefu resume connection:{connection}。",
    ),
    "webhook.later": Words(
        "The receiver could not take the event now. " + _SAID,
        "接收方暂时无法接收事件。" + _SAID,
        "It is sent again by itself, with the same id.",
        "系统会以相同的事件 ID 自动重发。",
    ),
    "webhook.refused": Words(
        "The receiver refuses this event. " + _SAID,
        "接收方拒绝了该事件。" + _SAID,
        "Correct the record; it is told as soon as its data changes.",
        "请修正该记录；数据更改后会重新发送。",
    ),
    "webhook.unexpected": Words(
        "The receiver's address does not take webhooks. " + _SAID,
        "该地址不接收 Webhook。" + _SAID,
        "Check the address; redirects are not followed.",
        "请检查地址；系统不跟随重定向。",
    ),
}
