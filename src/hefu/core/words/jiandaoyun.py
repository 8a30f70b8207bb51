"""Errors of the Jiandaoyun connector."""

from hefu.core.words import Words

ERRORS = {
    "jiandaoyun.denied": Words(
        "{connection}: Jiandaoyun refuses {path} (code {said}): {words}",
        "{connection}：简道云拒绝 {path}（错误码 {said}）：{words}",
        "Check in the open platform that the API key is enabled and that this app, this API and this server's address "
        "are in its scope; then resume the connection.",
        "请在开放平台检查 API Key 是否启用，且授权范围包含该应用、该接口和本服务器的 IP；然后恢复该连接。",
    ),
    "jiandaoyun.used_up": Words(
        "{connection}: the company's plan at Jiandaoyun is used up (code {said}): {words}",
        "{connection}：该企业的简道云套餐用量已满（错误码 {said}）：{words}",
        "Have the plan extended, or wait for the next period; then resume the connection.",
        "请升级套餐或等待下一周期，然后恢复该连接。",
    ),
    "jiandaoyun.busy": Words(
        "{connection}: Jiandaoyun is busy or was called too often at {path} (code {said}): {words}",
        "{connection}：简道云繁忙或 {path} 调用过于频繁（错误码 {said}）：{words}",
        "Nothing to do: it is tried again. If it stays, other programs use up the company's limit; lower "
        "'calls_per_second'.",
        "无需处理：系统会自动重试。若持续出现，说明其他程序占用了企业的调用额度；请调低 calls_per_second。",
    ),
    "jiandaoyun.missing": Words(
        "The record {path} does not exist (any more) in {connection}: {words}",
        "{connection} 中不存在记录 {path}（或已删除）：{words}",
        "Decide whether the record should be created again or unlinked.",
        "请决定重新创建该记录还是解除关联。",
    ),
    "jiandaoyun.no_form": Words(
        "{connection}: the app or form is archived, deleted or out of reach (code {said}): {words}",
        "{connection}：应用或表单已归档、删除或不可用（错误码 {said}）：{words}",
        "Restore the form, or correct 'app' and 'form' in the connection's settings.",
        "请恢复该表单，或更正连接设置中的 app 与 form。",
    ),
    "jiandaoyun.misfit": Words(
        "{connection}: Jiandaoyun does not understand {path} (code {said}): {words}",
        "{connection}：简道云无法处理 {path}（错误码 {said}）：{words}",
        "A field of the mapping is of a kind that the API does not serve; report it with this text if it is not.",
        "映射中的某个字段类型不受 API 支持；若并非如此，请附上此文字反馈。",
    ),
    "jiandaoyun.refused": Words(
        "Jiandaoyun refuses {path} (code {said}): {words}",
        "简道云拒绝 {path}（错误码 {said}）：{words}",
        "Correct the record, then retry.",
        "请更正该记录，然后重试。",
    ),
    "jiandaoyun.fault": Words(
        "{connection}: Jiandaoyun gave no usable answer to {path} (status {status}).",
        "{connection}：简道云对 {path} 未给出可用的应答（状态 {status}）。",
        "Nothing to do: it is looked up or tried again. If it stays, look whether a proxy answers in its place.",
        "无需处理：系统会自动核实或重试。若持续出现，请检查是否有代理服务器代为应答。",
    ),
    "jiandaoyun.redirected": Words(
        "{connection}: {path} leads on to {to}, another host, where the API key is not sent.",
        "{connection}：{path} 跳转到另一主机 {to}，API Key 不会发往该处。",
        "Write the right address in 'url' if the API has moved; otherwise ask who redirects it.",
        "若 API 地址已变更，请在 url 中填写正确地址；否则请查明是谁做了跳转。",
    ),
    "jiandaoyun.no_api": Words(
        "{connection}: there is no Jiandaoyun API at this address ({path}, status {status}).",
        "{connection}：该地址没有简道云 API（{path}，状态 {status}）。",
        "Correct 'url': the address up to and with '/api'.",
        "请更正 url：填写到 /api 为止的地址。",
    ),
    "jiandaoyun.unknown_object": Words(
        "{connection} has no object '{object}' (there are: {known}).",
        "{connection} 没有对象“{object}”（现有：{known}）。",
        "Correct the object in the mapping, or name the form in 'forms' of the connection.",
        "请在映射中更正对象，或在连接的 forms 中加入该表单。",
    ),
    "jiandaoyun.unknown_field": Words(
        "{object} has no field '{field}' (there are: {known}).",
        "{object} 没有字段“{field}”（现有：{known}）。",
        "It was deleted, or its alias was changed. Name fields by their widget ids or in 'fields' of the form: these "
        "never change.",
        "该字段已删除，或其别名已更改。请用字段 ID 或在表单的 fields 中命名：它们不会改变。",
    ),
    "jiandaoyun.read_only": Words(
        "{object}: the field '{name}' cannot be written through the API.",
        "{object}：字段“{name}”不能通过 API 写入。",
        "Take the field out of the mapping's writing side.",
        "请从映射的写入侧去掉该字段。",
    ),
    "jiandaoyun.wrong_type": Words(
        "The field '{name}' takes {type}, not '{value}'.",
        "字段“{name}”需要 {type}，而不是“{value}”。",
        "Correct the value or the mapping's transform, then retry.",
        "请更正该值或映射中的转换，然后重试。",
    ),
    "jiandaoyun.too_exact": Words(
        "The field '{name}' cannot hold {value} exactly: Jiandaoyun keeps 15 digits.",
        "字段“{name}”无法精确保存 {value}：简道云只保留 15 位有效数字。",
        "Round in the mapping (transform round), or use a text field.",
        "请在映射中取整（转换 round），或改用文本字段。",
    ),
    "jiandaoyun.required": Words(
        "{object}: '{name}' must not be empty.",
        "{object}：“{name}”不能为空。",
        "Fill the field in the other system, then retry.",
        "请在对方系统中补全该字段，然后重试。",
    ),
    "jiandaoyun.taken": Words(
        "There is a record with '{name}' {value} already ({id}).",
        "已存在“{name}”为 {value} 的记录（{id}）。",
        "Link the two, or correct the number.",
        "请关联这两条记录，或更正编号。",
    ),
    "jiandaoyun.unknown_line": Words(
        "The record has no line {line} in '{name}' (any more).",
        "该记录的“{name}”中已没有明细行 {line}。",
        "Nothing to do: the record is read again before the next try.",
        "无需处理：下次尝试前会重新读取该记录。",
    ),
    "jiandaoyun.files_in_line": Words(
        "Line {line} of '{name}' holds files, which Jiandaoyun would drop if the line were sent back.",
        "“{name}”的明细行 {line} 含有附件，回写会使附件丢失。",
        "Change this line by hand, or move the files out of the subform.",
        "请手工修改该行，或将附件移出子表单。",
    ),
    "jiandaoyun.stale": Words(
        "{object} {id} was changed meanwhile ('{field}').",
        "{object} {id} 已被他人修改（“{field}”）。",
        "Nothing to do: it is read, merged and written again.",
        "无需处理：系统会重新读取、合并并写入。",
    ),
    "jiandaoyun.not_read_back": Words(
        "{count} new records could not be read back ({connection}).",
        "{count} 条新记录未能回读（{connection}）。",
        "Nothing to do: they are looked up before anything is written again.",
        "无需处理：再次写入前会先查找。",
    ),
    "jiandaoyun.unsure": Words(
        "{object}: it is not certain which new record belongs to which of ours ({count} in question).",
        "{object}：无法确定新记录与本系统记录的对应关系（{count} 条存疑）。",
        "Name a 'token_field' in the form's settings; then the hub finds its records again.",
        "请在表单设置中指定 token_field，之后即可找回记录。",
    ),
    "jiandaoyun.left_out": Words(
        "{object}: Jiandaoyun left this record out of a batch and does not say why.",
        "{object}：简道云在批量处理中漏掉了该记录，且未说明原因。",
        "Look at the record in Jiandaoyun (locked? in a workflow?), then retry.",
        "请在简道云中查看该记录（是否锁定或在流程中），然后重试。",
    ),
    "jiandaoyun.bad_cursor": Words(
        "{connection}: '{cursor}' is no position that this connector noted down.",
        "{connection}：“{cursor}”不是本连接器记录的位置。",
        "Reset the cursor of this mapping; everything is then read once.",
        "请重置该映射的游标，系统将完整读取一次。",
    ),
    "jiandaoyun.no_webhook_secret": Words(
        "{connection}: a data push came, but no 'webhook_secret' is set.",
        "{connection}：收到数据推送，但未设置 webhook_secret。",
        "Enter the push's secret in the connection, or stop the push in Jiandaoyun.",
        "请在连接中填写推送密钥，或在简道云中停用推送。",
    ),
    "jiandaoyun.signature": Words(
        "{connection}: a data push is not signed with our secret.",
        "{connection}：数据推送的签名不正确。",
        "Enter the same secret on both sides. If it stays, somebody else is sending.",
        "请在两侧填写相同的密钥。若仍出现，则有他人在冒充推送。",
    ),
    "jiandaoyun.old_push": Words(
        "{connection}: a data push is older than {seconds} seconds, or comes from a wrong clock.",
        "{connection}：数据推送已超过 {seconds} 秒，或时钟不准。",
        "Check this machine's clock. A pushed record is found by the next poll in any case.",
        "请检查本机时钟。下一次轮询仍会读到该记录。",
    ),
    "jiandaoyun.push_body": Words(
        "{connection}: a signed data push has no usable body ({start}).",
        "{connection}：已签名的数据推送内容无法解析（{start}）。",
        "Report it with this text; polling goes on.",
        "请附上此文字反馈；轮询不受影响。",
    ),
}
