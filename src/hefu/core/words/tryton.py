"""Errors of the Tryton connector."""

from hefu.core.words import Words

ERRORS = {
    "tryton.login": Words(
        "{connection}: Tryton refuses the login or password of {user}.",
        "{connection}：Tryton 拒绝了用户 {user} 的登录名或密码。",
        "Enter the right login and password, then resume the connection.",
        "请输入正确的登录名和密码，然后恢复该连接。",
    ),
    "tryton.second_factor": Words(
        "{connection}: Tryton asks {user} for a second factor, which a hub cannot give.",
        "{connection}：Tryton 要求用户 {user} 进行二次验证，本系统无法提供。",
        "Use an integration user that logs in by password alone.",
        "请改用仅凭密码登录的集成用户。",
    ),
    "tryton.forbidden": Words(
        "{connection}: Tryton answers {status} to {method}.",
        "{connection}：Tryton 对 {method} 返回 {status}。",
        "Check the user's groups and what stands between the hub and Tryton, then resume the connection.",
        "请检查该用户的权限组以及中间的代理，然后恢复该连接。",
    ),
    "tryton.no_database": Words(
        "{connection}: there is no Tryton database at {url}.",
        "{connection}：{url} 处没有 Tryton 数据库。",
        "Correct 'url': the server's address, a slash, and the name of the database.",
        "请更正 url：服务器地址、斜杠、数据库名。",
    ),
    "tryton.bad_request": Words(
        "{connection}: Tryton cannot take the request {method} (status {status}).",
        "{connection}：Tryton 无法处理请求 {method}（状态 {status}）。",
        "Lower 'page' and 'batch' if the server limits sizes; otherwise this Tryton is of another series than 8.",
        "若服务器限制大小，请调小 page 和 batch；否则该 Tryton 可能不是 8 系列。",
    ),
    "tryton.garbled": Words(
        "{connection}: the answer to {method} is none of Tryton's (status {status}).",
        "{connection}：{method} 的应答不是 Tryton 的格式（状态 {status}）。",
        "Nothing to do: it is tried again. If it stays, look at the server's log and the proxy before it.",
        "无需处理：系统会自动重试。若持续出现，请查看服务器日志和前置代理。",
    ),
    "tryton.warnings": Words(
        "{connection}: {method} met more than {most} warnings.",
        "{connection}：{method} 触发的警告超过 {most} 个。",
        "Carry the step out by hand in Tryton and read the warnings.",
        "请在 Tryton 中手工执行该操作并查看警告。",
    ),
    "tryton.warning": Words(
        "Tryton warns: {words} ({warning})",
        "Tryton 警告：{words}（{warning}）",
        "Settle it in Tryton, or name the warning in 'accept_warnings' if the hub may go on by itself.",
        "请在 Tryton 中处理；若允许系统自动确认，请将该警告加入 accept_warnings。",
    ),
    "tryton.refused": Words(
        "Tryton refuses: {words}",
        "Tryton 拒绝：{words}",
        "Correct the record (or the user's rights in Tryton), then retry.",
        "请更正该记录（或在 Tryton 中调整用户权限），然后重试。",
    ),
    "tryton.fault": Words(
        "Tryton failed inside while doing {method}: {words}",
        "Tryton 执行 {method} 时内部出错：{words}",
        "Discover the connection again and correct the mapping; the server's log tells more.",
        "请重新发现连接结构并更正映射；详情见服务器日志。",
    ),
    "tryton.stale": Words(
        "{connection}: a record was changed in Tryton since it was last read ({method}).",
        "{connection}：记录在上次读取后已在 Tryton 中被修改（{method}）。",
        "Nothing to do: the record is read and merged again.",
        "无需处理：系统会重新读取并合并该记录。",
    ),
    "tryton.missing": Words(
        "{object} {id} does not exist (any more) in Tryton.",
        "Tryton 中不存在 {object} {id}（或已删除）。",
        "Decide whether the record should be created again or unlinked.",
        "请决定重新创建该记录还是解除关联。",
    ),
    "tryton.unknown_object": Words(
        "{connection} has no object '{object}' (there are: {known}).",
        "{connection} 没有对象“{object}”（现有：{known}）。",
        "Correct the object in the mapping, or add the model to the setting 'models'.",
        "请在映射中更正对象，或在设置 models 中加入该模型。",
    ),
    "tryton.unknown_field": Words(
        "{object} has no field '{field}'.",
        "{object} 没有字段“{field}”。",
        "Correct the mapping, or add the field to the setting 'fields'.",
        "请更正映射，或在设置 fields 中加入该字段。",
    ),
    "tryton.read_only": Words(
        "The field '{name}' cannot be written.",
        "字段“{name}”不可写。",
        "Take the field out of the mapping's writing side; a status is changed by a step.",
        "请从映射的写入侧去掉该字段；状态须通过操作变更。",
    ),
    "tryton.not_able": Words(
        "{object} does not allow: {verb}.",
        "{object} 不支持：{verb}。",
        "Change the mapping so that it does not ask for this.",
        "请修改映射，避免此操作。",
    ),
    "tryton.no_search": Words(
        "Records cannot be searched by '{name}'.",
        "不能按“{name}”搜索记录。",
        "Match by another field.",
        "请改用其他字段匹配。",
    ),
    "tryton.batch": Words(
        "{object} takes at most {most} records in one call, not {got}.",
        "{object} 单次最多 {most} 条记录，实际 {got} 条。",
        "Send smaller batches: the ability 'batch' says how large.",
        "请减小批量：能力“batch”给出了上限。",
    ),
    "tryton.wrong_type": Words(
        "'{name}' takes a value of type {type}, not '{value}'.",
        "“{name}”需要 {type} 类型的值，而不是“{value}”。",
        "Correct the value, or add a transform to the mapping.",
        "请更正该值，或在映射中添加转换。",
    ),
    "tryton.bad_reference": Words(
        "'{name}' takes the number of a Tryton record, not '{value}'.",
        "“{name}”需要 Tryton 记录的编号，而不是“{value}”。",
        "Give the field a 'lookup' in the mapping, so that ids are translated.",
        "请在映射中为该字段设置 lookup，以便转换编号。",
    ),
    "tryton.not_found": Words(
        "There are {count} active records of {model} whose {by} is '{value}'; one is needed.",
        "{model} 中 {by} 为“{value}”的有效记录有 {count} 条，须恰好一条。",
        "Correct the value or its value map; where a name is used twice, map the number instead.",
        "请更正该值或值对照表；名称重复时请改为映射编号。",
    ),
    "tryton.unknown_line": Words(
        "'{name}' has no line {line} (any more).",
        "“{name}”中没有行 {line}（或已删除）。",
        "Nothing to do: the record is read again; somebody has deleted that line.",
        "无需处理：系统会重新读取；该行已被他人删除。",
    ),
    "tryton.no_action": Words(
        "{object} has no step '{action}' (it has: {known}).",
        "{object} 没有操作“{action}”（现有：{known}）。",
        "Correct the step in the mapping.",
        "请在映射中更正该操作。",
    ),
    "tryton.illegal_step": Words(
        "'{action}' is not possible in the state {state}; it is in: {legal}.",
        "当前状态 {state} 不允许“{action}”；允许的状态：{legal}。",
        "Bring the document into one of these states first.",
        "请先将单据变为允许的状态。",
    ),
    "tryton.stuck": Words(
        "After '{action}' the {object} is still in the state {state}: stock does not suffice.",
        "执行“{action}”后 {object} 仍为 {state}：库存不足。",
        "Receive goods, or lower the quantity to pick; then retry.",
        "请补货或减少拣货数量，然后重试。",
    ),
    "tryton.unknown_argument": Words(
        "A payment has no argument '{name}' (it has: {known}).",
        "收款没有参数“{name}”（现有：{known}）。",
        "Correct the step's arguments.",
        "请更正该操作的参数。",
    ),
    "tryton.payment_method": Words(
        "There are {count} or more payment methods named '{method}'; one is needed.",
        "名为“{method}”的付款方式有 {count} 个，须恰好一个。",
        "Name the payment method in the step's argument 'method'.",
        "请在操作参数 method 中指定付款方式。",
    ),
    "tryton.bad_cursor": Words(
        "'{cursor}' is not a cursor of this connector.",
        "“{cursor}”不是该连接器的游标。",
        "Reset the cursor of this mapping; everything is then read once.",
        "请重置该映射的游标，系统将完整读取一次。",
    ),
}
