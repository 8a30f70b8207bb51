"""What the REST API says when a request cannot be answered."""

from hefu.core.words import Words

ERRORS = {
    "web.not_found": Words(
        "There is nothing at {path}.",
        "{path} 不存在。",
        "See docs/reference/api.md for what there is.",
        "可用的地址见 docs/reference/api.md。",
    ),
    "web.method": Words(
        "{path} does not take {method}.",
        "{path} 不支持 {method}。",
        "It takes: {known}.",
        "可用的方法：{known}。",
    ),
    "web.unsigned": Words(
        "Nobody is signed in with this request.",
        "该请求未登录。",
        "Sign in, or send 'Authorization: Bearer TOKEN'.",
        "请先登录，或携带 Authorization: Bearer 令牌。",
    ),
    "web.foreign": Words(
        "This write did not come from the console's own page: {why}.",
        "该写请求并非来自本系统页面：{why}。",
        "Send the session's X-CSRF-Token from the same origin, or use an API token.",
        "请从同一来源携带会话的 X-CSRF-Token，或使用 API 令牌。",
    ),
    "web.unknown_parameter": Words(
        "There is no parameter '{name}' here.",
        "此处没有参数“{name}”。",
        "Known: {known}. Did you mean '{nearest}'?",
        "可用的参数：{known}。是否指“{nearest}”？",
    ),
    "web.invalid": Words(
        "{count} values of the request are not what they should be, the first at {place}: {said}.",
        "请求中有 {count} 处值不符合要求，第一处在 {place}：{said}。",
        "'errors' lists each with its place.",
        "errors 中逐一列出位置。",
    ),
    "web.bad_json": Words(
        "The body is not JSON: {said}.",
        "请求正文不是有效的 JSON：{said}。",
        "Send UTF-8 JSON with 'Content-Type: application/json'.",
        "请以 Content-Type: application/json 发送 UTF-8 编码的 JSON。",
    ),
    "web.bad_text": Words(
        "The request holds a character that no text has: U+0000.",
        "请求中含有非法字符 U+0000。",
        "Take it out.",
        "请去掉该字符。",
    ),
    "web.too_large": Words(
        "The request is larger than {limit} bytes.",
        "请求超过 {limit} 字节。",
        "Send less at a time.",
        "请分批发送。",
    ),
    "web.cursor": Words(
        "This cursor does not belong to this list with these filters.",
        "该游标不属于此列表及当前筛选条件。",
        "Begin again without a cursor.",
        "请去掉游标，从第一页开始。",
    ),
    "web.changed": Words(
        "{what} was changed since you read it.",
        "{what} 在您读取之后已被修改。",
        "Read it again, look at what changed, then send your change with the new ETag.",
        "请重新读取并查看变化，再用新的 ETag 提交。",
    ),
    "web.tag_needed": Words(
        "A change of {what} must say which state of it was seen.",
        "修改 {what} 时须说明基于哪个版本。",
        "Send 'If-Match' with the ETag of your last read; 'If-None-Match: *' makes a new one.",
        "请在 If-Match 中携带上次读取的 ETag；新建时用 If-None-Match: *。",
    ),
    "web.key_reused": Words(
        "The Idempotency-Key '{key}' was used for another request.",
        "Idempotency-Key“{key}”已用于另一个请求。",
        "Use a new key for a new request.",
        "新的请求请使用新的键。",
    ),
    "web.key_in_flight": Words(
        "The request with the Idempotency-Key '{key}' is still under way.",
        "Idempotency-Key 为“{key}”的请求仍在处理中。",
        "Repeat it in a moment for its answer.",
        "请稍后重试以获取结果。",
    ),
    "web.bad_key": Words(
        "'{key}' is no Idempotency-Key: 1 to 200 visible ASCII characters.",
        "“{key}”不是有效的 Idempotency-Key：须为 1 至 200 个可见 ASCII 字符。",
        "A random UUID is a good one.",
        "建议使用随机 UUID。",
    ),
    "web.internal": Words(
        "Something failed inside the hub; request {request}.",
        "系统内部出错；请求编号 {request}。",
        "Nothing was half done. Tell whoever runs the hub the number of the request; its log says more.",
        "没有留下半成品。请将请求编号告知系统管理员，日志中有详情。",
    ),
    "web.unknown": Words(
        "There is no {kind} '{id}'.",
        "没有编号为“{id}”的 {kind}。",
        "The list of them shows what there is.",
        "请在列表中查看现有的内容。",
    ),
    "web.job_lost": Words(
        "The process that did this ended before the work did.",
        "执行该任务的进程在任务完成前已结束。",
        "Ask for it again; what was done is not done twice.",
        "请重新发起；已完成的部分不会重复执行。",
    ),
    "web.job_failed": Words(
        "The work failed inside the hub: {said}.",
        "任务在系统内部失败：{said}。",
        "Tell whoever runs the hub; its log says more.",
        "请告知系统管理员，日志中有详情。",
    ),
    "web.too_many_jobs": Words(
        "{count} pieces of work are under way already.",
        "已有 {count} 个任务正在执行。",
        "Wait for one of them to end.",
        "请等待其中一个结束。",
    ),
    "web.too_many": Words(
        "{found} records are meant; at once there may be {limit}.",
        "涉及 {found} 条记录，一次最多 {limit} 条。",
        "Narrow the filter, or do it in several steps.",
        "请缩小筛选范围，或分多次进行。",
    ),
    "web.reason": Words(
        "This needs a reason.",
        "此操作须说明原因。",
        "Say in 'reason' why.",
        "请在 reason 中填写原因。",
    ),
    "web.session_only": Words(
        "An API token may not do this.",
        "API 令牌不能执行此操作。",
        "Sign in with your password.",
        "请使用密码登录后操作。",
    ),
    "web.past": Words(
        "{given} is over already.",
        "{given} 已经过去。",
        "Name a moment to come.",
        "请指定将来的时刻。",
    ),
}
