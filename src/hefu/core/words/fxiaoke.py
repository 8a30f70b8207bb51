"""Errors of the Fxiaoke connector."""

from hefu.core.words import Words

ERRORS = {
    "fxiaoke.denied": Words(
        "{connection}: Fxiaoke refuses {path} (code {said}): {words}",
        "{connection}：纷享销客拒绝 {path}（错误码 {said}）：{words}",
        "Check app id, secret, permanent code and the rights of the acting user; then resume the connection.",
        "请检查应用 ID、密钥、永久授权码以及代表用户的权限，然后恢复该连接。",
    ),
    "fxiaoke.busy": Words(
        "{connection}: Fxiaoke was called too often at {path} (code {said}): {words}",
        "{connection}：{path} 调用过于频繁（错误码 {said}）：{words}",
        "Nothing to do: it is tried again.",
        "无需处理：系统会自动重试。",
    ),
    "fxiaoke.quota": Words(
        "{connection}: the day's calls are used up (code {said}): {words}",
        "{connection}：当日调用次数已用完（错误码 {said}）：{words}",
        "Nothing to do: work goes on after midnight. To prevent it, set 'limits: daily_calls' or buy more calls.",
        "无需处理：零点后继续。如需避免，请设置 limits 的 daily_calls 或购买更多次数。",
    ),
    "fxiaoke.missing": Words(
        "{path} does not exist or was made invalid in {connection} (code {said}): {words}",
        "{connection} 中 {path} 不存在或已作废（错误码 {said}）：{words}",
        "Decide whether the record should be created again or unlinked.",
        "请决定重新创建该记录还是解除关联。",
    ),
    "fxiaoke.taken": Words(
        "Fxiaoke's duplicate check refuses {path} (code {said}): {words}",
        "纷享销客查重拒绝 {path}（错误码 {said}）：{words}",
        "Link the record with the one that is there.",
        "请与已有记录关联。",
    ),
    "fxiaoke.refused": Words(
        "Fxiaoke refuses {path} (code {said}): {words}",
        "纷享销客拒绝 {path}（错误码 {said}）：{words}",
        "Correct the record (is it locked or under review?), then retry.",
        "请更正该记录（是否已锁定或在审批中？），然后重试。",
    ),
    "fxiaoke.misfit": Words(
        "{connection}: Fxiaoke does not understand {path} (code {said}): {words}",
        "{connection}：纷享销客无法处理 {path}（错误码 {said}）：{words}",
        "Was a field or object renamed or removed? Correct the mapping.",
        "字段或对象是否已改名或删除？请更正映射。",
    ),
    "fxiaoke.fault": Words(
        "{connection}: Fxiaoke gave no usable answer to {path} (status {status}).",
        "{connection}：纷享销客对 {path} 未给出可用的应答（状态 {status}）。",
        "Nothing to do: it is looked up or tried again.",
        "无需处理：系统会自动核实或重试。",
    ),
    "fxiaoke.redirected": Words(
        "{connection}: {path} leads on to {to}, another host, where no token is sent.",
        "{connection}：{path} 跳转到另一主机 {to}，令牌不会发往该处。",
        "Write the address of your cloud in 'url', or ask who redirects.",
        "请在 url 中填写贵公司所在云的地址，或查明是谁做了跳转。",
    ),
    "fxiaoke.no_api": Words(
        "{connection}: there is no {path} at this address (status {status}).",
        "{connection}：该地址没有 {path}（状态 {status}）。",
        "Correct 'url'.",
        "请更正 url。",
    ),
    "fxiaoke.no_user": Words(
        "{connection}: nobody in the company has the mobile number {user}.",
        "{connection}：企业中没有手机号为 {user} 的员工。",
        "Correct 'user': a FSUID_... or the mobile number of the integration user.",
        "请更正 user：FSUID_… 或集成用户的手机号。",
    ),
    "fxiaoke.unknown_object": Words(
        "{connection} has no object '{object}' (there are: {known}).",
        "{connection} 没有对象“{object}”（现有：{known}）。",
        "Correct the object in the mapping, or name it in 'objects' of the connection.",
        "请在映射中更正对象，或在连接的 objects 中加入。",
    ),
    "fxiaoke.unknown_field": Words(
        "{object} has no field '{field}' (there are: {known}).",
        "{object} 没有字段“{field}”（现有：{known}）。",
        "Correct the mapping; own fields end in __c.",
        "请更正映射；自定义字段以 __c 结尾。",
    ),
    "fxiaoke.read_only": Words(
        "{object}: the field '{name}' cannot be written.",
        "{object}：字段“{name}”不可写。",
        "Take the field out of the mapping's writing side.",
        "请从映射的写入侧去掉该字段。",
    ),
    "fxiaoke.wrong_type": Words(
        "The field '{name}' takes {type}, not '{value}'.",
        "字段“{name}”需要 {type}，而不是“{value}”。",
        "Correct the value or the mapping's transform, then retry.",
        "请更正该值或映射中的转换，然后重试。",
    ),
    "fxiaoke.no_option": Words(
        "The field '{name}' has no option '{value}' (there are: {known}).",
        "字段“{name}”没有选项“{value}”（现有：{known}）。",
        "Fxiaoke takes option codes, not labels: translate them with a value map.",
        "纷享销客只接受选项代码而非显示名：请用值映射转换。",
    ),
    "fxiaoke.unknown_line": Words(
        "{object}: the record has no line {line} (any more).",
        "{object}：该记录中已没有明细行 {line}。",
        "Nothing to do: the record is read again before the next try.",
        "无需处理：下次尝试前会重新读取该记录。",
    ),
    "fxiaoke.stale": Words(
        "{object} {id} was changed meanwhile ('{field}').",
        "{object} {id} 已被他人修改（“{field}”）。",
        "Nothing to do: it is read, merged and written again.",
        "无需处理：系统会重新读取、合并并写入。",
    ),
    "fxiaoke.bad_cursor": Words(
        "{connection}: '{cursor}' is no position that this connector noted down.",
        "{connection}：“{cursor}”不是本连接器记录的位置。",
        "Reset the cursor of this mapping; everything is then read once.",
        "请重置该映射的游标，系统将完整读取一次。",
    ),
}
