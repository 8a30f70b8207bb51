"""Errors of the Salesforce connector."""

from hefu.core.words import Words

ERRORS = {
    "salesforce.login_refused": Words(
        "{connection}: Salesforce refuses the log-in ({said}): {words}",
        "{connection}：Salesforce 拒绝登录（{said}）：{words}",
        "Check client id and secret, the certificate or the refresh token, and that the user is approved for the app; "
        "then resume the connection.",
        "请检查客户端 ID 与密钥、证书或刷新令牌，以及该用户是否已授权此应用；然后恢复该连接。",
    ),
    "salesforce.login_wrong": Words(
        "{connection}: this address does not serve this kind of log-in ({said}): {words}",
        "{connection}：该地址不支持此登录方式（{said}）：{words}",
        "Correct 'url' and 'flow', or enable the flow in the connected app.",
        "请更正 url 与 flow，或在已连接应用中启用该流程。",
    ),
    "salesforce.login_down": Words(
        "{connection}: the log-in server gives no usable answer (status {status}).",
        "{connection}：登录服务器未给出可用的应答（状态 {status}）。",
        "Nothing to do: it is tried again.",
        "无需处理：系统会自动重试。",
    ),
    "salesforce.needs_my_domain": Words(
        "{connection}: client credentials do not work at {url}.",
        "{connection}：客户端凭证不能在 {url} 使用。",
        "Write the org's My Domain in 'url': https://NAME.my.salesforce.com.",
        "请在 url 中填写组织的 My Domain：https://NAME.my.salesforce.com。",
    ),
    "salesforce.bad_key": Words(
        "{connection}: 'private_key' is no RSA key in PEM form.",
        "{connection}：private_key 不是 PEM 格式的 RSA 私钥。",
        "Enter the private key of the certificate that the connected app knows, unencrypted.",
        "请填写已连接应用所用证书的私钥（未加密）。",
    ),
    "salesforce.other_host": Words(
        "{connection}: the org says that its data are at {told}, which is no host of this connection.",
        "{connection}：组织称其数据位于 {told}，该主机不属于此连接。",
        "If that is your org, write it in 'instance_url'. The token was not sent there.",
        "若确为贵组织，请填入 instance_url。令牌未发往该处。",
    ),
    "salesforce.redirected": Words(
        "{connection}: {path} leads on to {to}, another host, where the token is not sent.",
        "{connection}：{path} 跳转到另一主机 {to}，令牌不会发往该处。",
        "Write the right host in 'instance_url', or ask who redirects.",
        "请在 instance_url 中填写正确主机，或查明是谁做了跳转。",
    ),
    "salesforce.no_api": Words(
        "{connection}: there is no {path} at this address (status {status}).",
        "{connection}：该地址没有 {path}（状态 {status}）。",
        "Check 'instance_url' and 'version'; an old org may not know this version.",
        "请检查 instance_url 与 version；较旧的组织可能没有该版本。",
    ),
    "salesforce.denied": Words(
        "{connection}: Salesforce refuses {path} ({said}): {words}",
        "{connection}：Salesforce 拒绝 {path}（{said}）：{words}",
        "Check the integration user's permissions, API access and the org's storage; then resume the connection.",
        "请检查集成用户的权限、API 访问权限和组织存储空间，然后恢复该连接。",
    ),
    "salesforce.quota": Words(
        "{connection}: the org has no API calls left for now ({said}): {words}",
        "{connection}：组织的 API 调用额度暂已用完（{said}）：{words}",
        "Nothing to do: work goes on in a quarter of an hour. If it stays, see which programs use the calls (Setup, "
        "System Overview).",
        "无需处理：一刻钟后继续。若持续出现，请在“系统概览”中查看哪些程序占用了调用额度。",
    ),
    "salesforce.share_used": Words(
        "{connection}: {used} of {most} daily API calls are used up; the hub stops at {share} save for urgent work.",
        "{connection}：当日 {most} 次 API 调用已用 {used} 次；除紧急工作外，本系统在 {share} 处停止。",
        "Nothing to do: it goes on when calls come back. To go further, raise 'share'.",
        "无需处理：额度恢复后继续。如需更多，请调高 share。",
    ),
    "salesforce.busy": Words(
        "{connection}: Salesforce is busy with {path} ({said}): {words}",
        "{connection}：Salesforce 正忙于 {path}（{said}）：{words}",
        "Nothing to do: it is tried again.",
        "无需处理：系统会自动重试。",
    ),
    "salesforce.fault": Words(
        "{connection}: Salesforce gave no usable answer to {path} (status {status}, {said}): {words}",
        "{connection}：Salesforce 对 {path} 未给出可用的应答（状态 {status}，{said}）：{words}",
        "Nothing to do: it is looked up or tried again.",
        "无需处理：系统会自动核实或重试。",
    ),
    "salesforce.missing": Words(
        "The record {record} does not exist (any more) in {connection} ({said}): {words}",
        "{connection} 中不存在记录 {record}（或已删除）（{said}）：{words}",
        "Decide whether the record should be created again or unlinked.",
        "请决定重新创建该记录还是解除关联。",
    ),
    "salesforce.stale": Words(
        "{connection}: {record} was changed meanwhile ({said}).",
        "{connection}：{record} 已被他人修改（{said}）。",
        "Nothing to do: it is read, merged and written again.",
        "无需处理：系统会重新读取、合并并写入。",
    ),
    "salesforce.duplicates": Words(
        "A duplicate rule of Salesforce refuses this record; it looks like {matches}: {words}",
        "Salesforce 的重复规则拒绝该记录，疑似与 {matches} 重复：{words}",
        "Link it with the record that is there, or set 'allow_duplicates' if the rule only warns.",
        "请与已有记录关联；若该规则仅为警告，可设置 allow_duplicates。",
    ),
    "salesforce.refused": Words(
        "Salesforce refuses the record ({said}, field {name}): {words}",
        "Salesforce 拒绝该记录（{said}，字段 {name}）：{words}",
        "Correct the field, then retry.",
        "请更正该字段，然后重试。",
    ),
    "salesforce.misfit": Words(
        "{connection}: Salesforce does not take the field {field} or this request ({said}): {words}",
        "{connection}：Salesforce 不接受字段 {field} 或此请求（{said}）：{words}",
        "Was the field renamed, or the integration user's right to it taken away? Correct the mapping or the right.",
        "字段是否已改名，或集成用户的字段权限被收回？请更正映射或权限。",
    ),
    "salesforce.unknown_object": Words(
        "{connection} has no object '{object}' (there are: {known}).",
        "{connection} 没有对象“{object}”（现有：{known}）。",
        "Correct the object in the mapping, or name it in 'objects' of the connection.",
        "请在映射中更正对象，或在连接的 objects 中加入。",
    ),
    "salesforce.unknown_field": Words(
        "{object} has no field '{field}'.",
        "{object} 没有字段“{field}”。",
        "Correct the mapping; own fields end in __c. The integration user must be allowed to see the field.",
        "请更正映射；自定义字段以 __c 结尾，且集成用户须有权查看。",
    ),
    "salesforce.read_only": Words(
        "{object}: the field '{name}' cannot be written.",
        "{object}：字段“{name}”不可写。",
        "Take the field out of the mapping's writing side.",
        "请从映射的写入侧去掉该字段。",
    ),
    "salesforce.wrong_type": Words(
        "The field '{name}' takes {type}, not '{value}'.",
        "字段“{name}”需要 {type}，而不是“{value}”。",
        "Correct the value or the mapping's transform, then retry.",
        "请更正该值或映射中的转换，然后重试。",
    ),
    "salesforce.places": Words(
        "The field '{name}' keeps {scale} decimal places; {value} has more.",
        "字段“{name}”保留 {scale} 位小数，{value} 的位数更多。",
        "Round in the mapping (transform round).",
        "请在映射中取整（转换 round）。",
    ),
    "salesforce.unknown_line": Words(
        "{object}: the record has no line {line} (any more).",
        "{object}：该记录中已没有明细行 {line}。",
        "Nothing to do: the record is read again before the next try.",
        "无需处理：下次尝试前会重新读取该记录。",
    ),
    "salesforce.too_many_lines": Words(
        "{object}: a document is written whole, with {most} lines at most.",
        "{object}：单据整体写入，最多 {most} 行明细。",
        "Split the document.",
        "请拆分该单据。",
    ),
    "salesforce.no_action": Words(
        "{connection}: {object} has no step '{action}'.",
        "{connection}：{object} 没有操作“{action}”。",
        "Correct the mapping's steps; orders and contracts know 'activate'.",
        "请更正映射中的步骤；订单与合同支持 activate。",
    ),
    "salesforce.wrong_state": Words(
        "{object} is '{state}', and only a draft can be activated.",
        "{object} 的状态为“{state}”，只有草稿可以激活。",
        "Nothing to do if it is active already; else look at the document in Salesforce.",
        "若已激活则无需处理；否则请在 Salesforce 中查看该单据。",
    ),
    "salesforce.bad_cursor": Words(
        "{connection}: '{cursor}' is no position that this connector noted down.",
        "{connection}：“{cursor}”不是本连接器记录的位置。",
        "Reset the cursor of this mapping; everything is then read once.",
        "请重置该映射的游标，系统将完整读取一次。",
    ),
    "salesforce.bulk_upload": Words(
        "{connection}: a bulk job could not be handed over; nothing was written.",
        "{connection}：批量作业未能提交，未写入任何数据。",
        "Nothing to do: it is tried again.",
        "无需处理：系统会自动重试。",
    ),
    "salesforce.bulk_slow": Words(
        "{connection}: the bulk job {path} is not done after the time allowed for it.",
        "{connection}：批量作业 {path} 在允许的时间内未完成。",
        "Raise 'bulk_minutes', or see in Setup (Bulk Data Load Jobs) what holds it up.",
        "请调高 bulk_minutes，或在“批量数据加载作业”中查看原因。",
    ),
    "salesforce.bulk_lost": Words(
        "{connection}: what became of a row of the bulk job {job} is not known.",
        "{connection}：批量作业 {job} 中某些行的结果未知。",
        "Nothing to do: the records are looked up before anything is written again.",
        "无需处理：再次写入前会先核实记录。",
    ),
    "salesforce.bulk_left": Words(
        "{connection}: the bulk job ended before this row; it was not written.",
        "{connection}：批量作业在该行之前结束，该行未写入。",
        "Nothing to do: it is tried again.",
        "无需处理：系统会自动重试。",
    ),
    "salesforce.bulk_failed": Words(
        "{connection}: the bulk query failed: {words}",
        "{connection}：批量查询失败：{words}",
        "Raise 'bulk_read_above' so that this object is read page by page.",
        "请调高 bulk_read_above，使该对象改为逐页读取。",
    ),
}
