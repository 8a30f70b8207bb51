"""Errors of the declarative REST connector."""

from hefu.core.words import Words

_LOOK = "The hub looks what became of it before it writes again."
_LOOK_ZH = "系统会先查明结果再决定是否重写。"
_SAID = "{connection}, {object}: status {status}, code {said}: {message}"
_SAID_ZH = "{connection} 的 {object}：状态 {status}，错误码 {said}：{message}"

ERRORS = {
    "rest.bad_path": Words(
        "'{path}' is not a path.",
        "“{path}”不是有效的路径。",
        'Write member names with dots and list places in brackets: a.b[0].c, or a["x.y"] for a name with a dot.',
        '请用点号连接字段名、用方括号写序号：a.b[0].c；含点号的名称写作 a["x.y"]。',
    ),
    "rest.unknown_object": Words(
        "{connection} describes no object '{object}'.",
        "{connection} 没有描述对象“{object}”。",
        "Did you mean '{nearest}'? Objects are listed under settings.objects.",
        "是否想写“{nearest}”？对象列在 settings.objects 下。",
    ),
    "rest.unknown_field": Words(
        "{object} has no field '{field}'.",
        "{object} 没有字段“{field}”。",
        "Add it under the object's fields, or correct the mapping.",
        "请在该对象的 fields 中补充，或修正映射。",
    ),
    "rest.read_only_field": Words(
        "The field '{field}' of {object} is described as not writable.",
        "{object} 的字段“{field}”被描述为不可写。",
        "Set direction: in for it in the mapping, or writable: true if the system does take it.",
        "请在映射中将其设为 direction: in；若系统可写，请设 writable: true。",
    ),
    "rest.no_id_at": Words(
        "A record of {object} has no id at '{path}': {record}",
        "{object} 的一条记录在路径“{path}”处没有 ID：{record}",
        "Correct id (or read.record) in the object's description.",
        "请更正该对象描述中的 id（或 read.record）。",
    ),
    "rest.rejected": Words(
        "Refused. " + _SAID,
        "被拒绝。" + _SAID_ZH,
        "Correct the record; it is written as soon as its data changes.",
        "请修正该记录；数据更改后会自动重写。",
    ),
    "rest.transient": Words(
        "Not now. " + _SAID,
        "暂时不可。" + _SAID_ZH,
        "It is tried again by itself.",
        "系统会自动重试。",
    ),
    "rest.denied": Words(
        "No access. " + _SAID,
        "无权访问。" + _SAID_ZH,
        "Check the credentials and what the account may do; the connection is paused until then.",
        "请检查凭证和账号权限；在此之前连接暂停。",
    ),
    "rest.stale": Words(
        "The record {record} changed meanwhile. " + _SAID,
        "记录 {record} 已被他人修改。" + _SAID_ZH,
        "It is read again, merged and written by itself.",
        "系统会自动重新读取、合并并写入。",
    ),
    "rest.missing": Words(
        "The record {record} is not there. " + _SAID,
        "记录 {record} 不存在。" + _SAID_ZH,
        "Was it deleted there? The entity's rule for deletes decides what follows.",
        "是否已在对方删除？后续由实体的删除规则决定。",
    ),
    "rest.unsupported": Words(
        "The system does not know this call. " + _SAID,
        "对方不支持该调用。" + _SAID_ZH,
        "Check url and method in the object's description.",
        "请检查对象描述中的 url 和 method。",
    ),
    "rest.unanswered": Words(
        "Whether the write was carried out is unknown. " + _SAID,
        "写入结果未知。" + _SAID_ZH,
        _LOOK,
        _LOOK_ZH,
    ),
    "rest.bad_request": Words(
        "The system refuses the question. " + _SAID,
        "对方拒绝该查询。" + _SAID_ZH,
        "Check params, body and since in the object's read.",
        "请检查该对象 read 中的 params、body 和 since。",
    ),
    "rest.redirected": Words(
        "{connection} is sent on to {to}.",
        "{connection} 被重定向到 {to}。",
        "Is that a log-in page? Then check auth. Else write the final address into the description.",
        "如果是登录页，请检查 auth；否则请把最终地址写进描述。",
    ),
    "rest.html": Words(
        "{connection}, {object}: a web page came instead of data (status {status}): {start}",
        "{connection} 的 {object}：返回的是网页而不是数据（状态 {status}）：{start}",
        "Open the address in a browser: a log-in page, a maintenance notice, or not the API's address.",
        "请在浏览器中打开该地址：可能是登录页、维护公告，或不是 API 地址。",
    ),
    "rest.cut": Words(
        "{connection}, {object}: the answer breaks off in the middle: {start}",
        "{connection} 的 {object}：应答在中途断开：{start}",
        "It is asked again by itself. If it happens often, use smaller pages.",
        "系统会自动重试。若经常发生，请减小每页条数。",
    ),
    "rest.number": Words(
        "{connection}, {object}: the answer holds a number that is none: {start}",
        "{connection} 的 {object}：应答中有无效数字：{start}",
        "Tell the system's vendor: JSON has no NaN, no infinity, and no number of hundreds of digits.",
        "请联系对方厂商：JSON 不允许 NaN、无穷大或数百位的数字。",
    ),
    "rest.not_json": Words(
        "{connection}, {object}: the answer (status {status}, {type}) is no JSON: {start}",
        "{connection} 的 {object}：应答（状态 {status}，{type}）不是 JSON：{start}",
        "Check url and headers in the description; some APIs need a header or a path for JSON.",
        "请检查描述中的 url 和 headers；有的 API 需要指定 JSON 的请求头或路径。",
    ),
    "rest.no_records": Words(
        "{connection}, {object}: at '{path}' the answer holds {found}, not a list.",
        "{connection} 的 {object}：应答的“{path}”处是 {found}，不是列表。",
        "Correct records in the object's read: the path of the list.",
        "请更正该对象 read 中的 records（列表的路径）。",
    ),
    "rest.page_loop": Words(
        "{connection}, {object}: the same page came again.",
        "{connection} 的 {object}：重复返回同一页。",
        "Correct paging: the system does not know the parameter that asks for the next page.",
        "请更正 paging：对方不认识请求下一页的参数。",
    ),
    "rest.bad_cursor": Words(
        "{connection}, {object}: '{cursor}' is not a cursor of this connector.",
        "{connection} 的 {object}：“{cursor}”不是本连接器的游标。",
        "Was the connection's kind changed? Read everything once more.",
        "是否更换了连接类型？请重新全量读取。",
    ),
    "rest.no_fetch": Words(
        "{connection}, {object}: reading one record by id is not described.",
        "{connection} 的 {object}：没有描述如何按 ID 读取。",
        "Add fetch; shape: full and nested: whole need it.",
        "请补充 fetch；shape: full 和 nested: whole 需要它。",
    ),
    "rest.no_delete": Words(
        "{connection}, {object}: deleting is not described.",
        "{connection} 的 {object}：没有描述如何删除。",
        "Add delete, or choose another rule for deletes in the entity.",
        "请补充 delete，或在实体中选择其他删除规则。",
    ),
    "rest.no_new_id": Words(
        "{connection}, {object}: created, but the answer tells no id.",
        "{connection} 的 {object}：已新建，但应答中没有 ID。",
        "Name its path in create.record, create.id or create.result_id. " + _LOOK,
        "请在 create.record、create.id 或 create.result_id 中写明路径。" + _LOOK_ZH,
    ),
    "rest.results_differ": Words(
        "{connection}, {object}: {sent} records were sent, {told} results came back.",
        "{connection} 的 {object}：发送 {sent} 条，返回 {told} 个结果。",
        "Correct results, result_key and sent_key. " + _LOOK,
        "请更正 results、result_key 和 sent_key。" + _LOOK_ZH,
    ),
    "rest.no_result": Words(
        "{connection}, {object}: the answer to a batch does not speak of this record.",
        "{connection} 的 {object}：批量应答中没有该记录的结果。",
        _LOOK,
        _LOOK_ZH,
    ),
    "rest.batch_unknown": Words(
        "{connection}, {object}: a batch was refused, and parts of it may have been written.",
        "{connection} 的 {object}：批量写入被拒绝，可能已部分写入。",
        _LOOK,
        _LOOK_ZH,
    ),
    "rest.no_token": Words(
        "{connection}: the answer of the log-in has no token at '{path}'.",
        "{connection}：登录应答的“{path}”处没有令牌。",
        "Check token_url and what the answer looks like.",
        "请检查 token_url 和应答格式。",
    ),
    "rest.login_refused": Words(
        "{connection}: the log-in was refused (status {status}).",
        "{connection}：登录被拒绝（状态 {status}）。",
        "Check user and password, client id and secret, and token_path.",
        "请检查用户名和密码、客户端凭证以及 token_path。",
    ),
    "rest.login_down": Words(
        "{connection}: the log-in failed inside the system (status {status}).",
        "{connection}：登录服务出错（状态 {status}）。",
        "It is tried again by itself.",
        "系统会自动重试。",
    ),
    "rest.login_not_json": Words(
        "{connection}: the log-in did not answer with JSON: {start}",
        "{connection}：登录应答不是 JSON：{start}",
        "Check the log-in address; for cookies leave token_path out.",
        "请检查登录地址；使用 Cookie 时不要填写 token_path。",
    ),
    "rest.no_webhook_secret": Words(
        "{connection}: a webhook came, but no secret is set to check it.",
        "{connection}：收到 Webhook，但没有设置校验密钥。",
        "Set webhook.signature.secret.",
        "请设置 webhook.signature.secret。",
    ),
    "rest.bad_signature": Words(
        "{connection}: a webhook's signature is wrong or missing.",
        "{connection}：Webhook 签名错误或缺失。",
        "Check scheme, header, prefix and secret. If they are right, somebody else sends it.",
        "请检查 scheme、header、prefix 和 secret；若都正确，则可能是伪造的请求。",
    ),
    "rest.old_webhook": Words(
        "{connection}: a webhook was signed {seconds} s ago.",
        "{connection}：Webhook 的签名时间在 {seconds} 秒前。",
        "Check both clocks; a schedule finds the change anyway.",
        "请检查双方时钟；定时同步仍会发现该变化。",
    ),
    "rest.webhook_body": Words(
        "{connection}: a webhook's body is no JSON: {start}",
        "{connection}：Webhook 的内容不是 JSON：{start}",
        "Choose JSON as its format in the sending system.",
        "请在发送方系统中选择 JSON 格式。",
    ),
    "rest.lines_stay": Words(
        "A line is to be taken away, but the description of the lines ({lines}) does not say how.",
        "需要删除一行明细，但明细（{lines}）的描述没有说明如何删除。",
        "Add 'removed' to the lines' field, for example removed: {{delete: true}}.",
        "请在该明细字段加上 removed，例如 removed: {{delete: true}}。",
    ),
}
