"""Errors of the BottleCRM connector."""

from hefu.core.words import Words

ERRORS = {
    "bottlecrm.denied": Words(
        "{connection}: BottleCRM answers {status} to {path}: {words}",
        "{connection}：BottleCRM 对 {path} 返回 {status}：{words}",
        "Check the access token, its scopes and its expiry, then resume the connection.",
        "请检查访问令牌、其权限范围和有效期，然后恢复该连接。",
    ),
    "bottlecrm.missing": Words(
        "{path} does not exist (any more) in {connection}.",
        "{connection} 中不存在 {path}（或已删除）。",
        "Decide whether the record should be created again or unlinked.",
        "请决定重新创建该记录还是解除关联。",
    ),
    "bottlecrm.not_allowed": Words(
        "{connection}: BottleCRM does not know {path}.",
        "{connection}：BottleCRM 不支持 {path}。",
        "This BottleCRM is of another version than 1.35; report it with its version.",
        "该 BottleCRM 的版本与 1.35 不同；请附上版本号反馈。",
    ),
    "bottlecrm.refused": Words(
        "BottleCRM refuses {path}: {words}",
        "BottleCRM 拒绝 {path}：{words}",
        "Correct the record, then retry.",
        "请更正该记录，然后重试。",
    ),
    "bottlecrm.fault": Words(
        "{connection}: BottleCRM failed inside while doing {path} (status {status}).",
        "{connection}：BottleCRM 执行 {path} 时内部出错（状态 {status}）。",
        "Nothing to do: it is looked up or tried again. If it stays, look at the server's log.",
        "无需处理：系统会自动核实或重试。若持续出现，请查看服务器日志。",
    ),
    "bottlecrm.no_api": Words(
        "{connection}: there is no BottleCRM at {url}.",
        "{connection}：{url} 处没有 BottleCRM。",
        "Correct 'url': the address without '/api'.",
        "请更正 url：不含 /api 的地址。",
    ),
    "bottlecrm.unknown_object": Words(
        "{connection} has no object '{object}' (there are: {known}).",
        "{connection} 没有对象“{object}”（现有：{known}）。",
        "Correct the object in the mapping.",
        "请在映射中更正对象。",
    ),
    "bottlecrm.unknown_field": Words(
        "{object} has no field '{field}'.",
        "{object} 没有字段“{field}”。",
        "Correct the mapping; a custom field is named cf_ and its key, and must be defined in BottleCRM first.",
        "请更正映射；自定义字段以 cf_ 加键名表示，且须先在 BottleCRM 中定义。",
    ),
    "bottlecrm.read_only": Words(
        "{object}: the field '{name}' cannot be written.",
        "{object}：字段“{name}”不可写。",
        "Take the field out of the mapping's writing side.",
        "请从映射的写入侧去掉该字段。",
    ),
    "bottlecrm.wrong_type": Words(
        "'{name}' takes a value of type {type}, not '{value}'.",
        "“{name}”需要 {type} 类型的值，而不是“{value}”。",
        "Correct the value, or add a transform to the mapping.",
        "请更正该值，或在映射中添加转换。",
    ),
    "bottlecrm.places": Words(
        "'{name}' takes {scale} decimal places; {value} has more.",
        "“{name}”最多 {scale} 位小数；{value} 超出。",
        "Round in the mapping, or correct the value.",
        "请在映射中取整，或更正该值。",
    ),
    "bottlecrm.negative": Words(
        "'{name}' may not be negative: {value}.",
        "“{name}”不能为负：{value}。",
        "Correct the value.",
        "请更正该值。",
    ),
    "bottlecrm.taken": Words(
        "Another product has the {name} '{value}'.",
        "已有产品的 {name} 为“{value}”。",
        "Link the two products, or correct the value.",
        "请关联这两个产品，或更正该值。",
    ),
    "bottlecrm.half_made": Words(
        "{object} {id} was created, its lines were refused, and it could not be taken back.",
        "{object} {id} 已创建，但明细被拒绝，且未能撤销。",
        "Nothing to do: it is looked up. If it stays, delete the record in BottleCRM.",
        "无需处理：系统会自动核实。若持续存在，请在 BottleCRM 中删除该记录。",
    ),
    "bottlecrm.stale": Words(
        "The field {object} of {id} was changed in BottleCRM since it was last read.",
        "{id} 的字段 {object} 在上次读取后已在 BottleCRM 中被修改。",
        "Nothing to do: the record is read and merged again.",
        "无需处理：系统会重新读取并合并该记录。",
    ),
    "bottlecrm.unknown_line": Words(
        "'{name}' has no line {line} (any more).",
        "“{name}”中没有行 {line}（或已删除）。",
        "Nothing to do: the record is read again; somebody has deleted that line.",
        "无需处理：系统会重新读取；该行已被他人删除。",
    ),
    "bottlecrm.no_webhook_secret": Words(
        "{connection}: a webhook came, but no 'webhook_secret' is set.",
        "{connection}：收到 Webhook，但未设置 webhook_secret。",
        "Make a webhook in BottleCRM that points at the hub, and enter the secret that it shows once.",
        "请在 BottleCRM 中创建指向本系统的 Webhook，并填写其仅显示一次的密钥。",
    ),
    "bottlecrm.signature": Words(
        "{connection}: a webhook's signature is wrong, or older than five minutes.",
        "{connection}：Webhook 签名错误，或早于五分钟。",
        "Enter the secret of the webhook that points at the hub; check both clocks.",
        "请填写指向本系统的 Webhook 的密钥，并检查双方时钟。",
    ),
    "bottlecrm.bad_cursor": Words(
        "'{cursor}' is not a cursor of this connector.",
        "“{cursor}”不是该连接器的游标。",
        "Reset the cursor of this mapping; everything is then read once.",
        "请重置该映射的游标，系统将完整读取一次。",
    ),
}
