"""Errors of the Neocrm connector."""

from hefu.core.words import Words

ERRORS = {
    "neocrm.denied": Words(
        "{connection}: Neocrm refuses {path} (code {said}): {words}",
        "{connection}：销售易拒绝 {path}（错误码 {said}）：{words}",
        "Check client id and secret, user, and password followed by the security token; then resume the connection.",
        "请检查 client_id、client_secret、用户名，以及密码后紧接的安全令牌；然后恢复该连接。",
    ),
    "neocrm.busy": Words(
        "{connection}: Neocrm was called too often at {path} (code {said}): {words}",
        "{connection}：{path} 调用过于频繁（错误码 {said}）：{words}",
        "Nothing to do: it is tried again.",
        "无需处理：系统会自动重试。",
    ),
    "neocrm.missing": Words(
        "{path} does not exist in {connection} (code {said}): {words}",
        "{connection} 中 {path} 不存在（错误码 {said}）：{words}",
        "Decide whether the record should be created again or unlinked.",
        "请决定重新创建该记录还是解除关联。",
    ),
    "neocrm.taken": Words(
        "Neocrm's duplicate check refuses {path} (code {said}): {words}",
        "销售易查重拒绝 {path}（错误码 {said}）：{words}",
        "Link the record with the one that is there.",
        "请与已有记录关联。",
    ),
    "neocrm.refused": Words(
        "Neocrm refuses {path} (code {said}): {words}",
        "销售易拒绝 {path}（错误码 {said}）：{words}",
        "Correct the record (is it locked or under review?), then retry.",
        "请更正该记录（是否已锁定或在审批中？），然后重试。",
    ),
    "neocrm.misfit": Words(
        "{connection}: Neocrm does not understand {path} (code {said}): {words}",
        "{connection}：销售易无法处理 {path}（错误码 {said}）：{words}",
        "Was a field or object renamed or removed? Correct the mapping.",
        "字段或对象是否已改名或删除？请更正映射。",
    ),
    "neocrm.fault": Words(
        "{connection}: Neocrm gave no usable answer to {path} (status {status}).",
        "{connection}：销售易对 {path} 未给出可用的应答（状态 {status}）。",
        "Nothing to do: it is looked up or tried again.",
        "无需处理：系统会自动核实或重试。",
    ),
    "neocrm.redirected": Words(
        "{connection}: {path} leads on to {to}, another host, where no token is sent.",
        "{connection}：{path} 跳转到另一主机 {to}，令牌不会发往该处。",
        "Write the address of your tenant in 'url', or ask who redirects.",
        "请在 url 中填写贵租户的地址，或查明是谁做了跳转。",
    ),
    "neocrm.no_api": Words(
        "{connection}: there is no {path} at this address (status {status}).",
        "{connection}：该地址没有 {path}（状态 {status}）。",
        "Correct 'url'.",
        "请更正 url。",
    ),
    "neocrm.unknown_object": Words(
        "{connection} has no object '{object}' (there are: {known}).",
        "{connection} 没有对象“{object}”（现有：{known}）。",
        "Correct the object in the mapping, or name it in 'objects' of the connection.",
        "请在映射中更正对象，或在连接的 objects 中加入。",
    ),
    "neocrm.unknown_field": Words(
        "{object} has no field '{field}' (there are: {known}).",
        "{object} 没有字段“{field}”（现有：{known}）。",
        "Correct the mapping; own fields end in __c.",
        "请更正映射；自定义字段以 __c 结尾。",
    ),
    "neocrm.read_only": Words(
        "{object}: the field '{name}' cannot be written.",
        "{object}：字段“{name}”不可写。",
        "Take the field out of the mapping's writing side.",
        "请从映射的写入侧去掉该字段。",
    ),
    "neocrm.wrong_type": Words(
        "The field '{name}' takes {type}, not '{value}'.",
        "字段“{name}”需要 {type}，而不是“{value}”。",
        "Correct the value or the mapping's transform, then retry.",
        "请更正该值或映射中的转换，然后重试。",
    ),
    "neocrm.no_option": Words(
        "The field '{name}' has no option '{value}' (there are: {known}).",
        "字段“{name}”没有选项“{value}”（现有：{known}）。",
        "Neocrm takes option codes, not labels: translate them with a value map.",
        "销售易只接受选项代码而非显示名：请用值映射转换。",
    ),
    "neocrm.stale": Words(
        "{object} {id} was changed meanwhile ('{field}').",
        "{object} {id} 已被他人修改（“{field}”）。",
        "Nothing to do: it is read, merged and written again.",
        "无需处理：系统会重新读取、合并并写入。",
    ),
    "neocrm.bad_cursor": Words(
        "{connection}: '{cursor}' is no position that this connector noted down.",
        "{connection}：“{cursor}”不是本连接器记录的位置。",
        "Reset the cursor of this mapping; everything is then read once.",
        "请重置该映射的游标，系统将完整读取一次。",
    ),
    "neocrm.other_host": Words(
        "{connection}: the log-in says that the data are at {told}, which is no host of this connection.",
        "{connection}：登录应答称数据位于 {told}，该主机不属于此连接。",
        "If that is your tenant, write it in 'url'. The token was not sent there.",
        "若确为贵租户，请填入 url。令牌未发往该处。",
    ),
}
