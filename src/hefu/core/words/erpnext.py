"""Errors of the ERPNext connector."""

from hefu.core.words import Words

ERRORS = {
    "erpnext.denied": Words(
        "{connection}: ERPNext refuses key and secret at {where}: {words}",
        "{connection}：ERPNext 在 {where} 拒绝密钥：{words}",
        "Check 'api_key' and 'api_secret' and whether the user is enabled, then resume the connection.",
        "请检查 api_key 与 api_secret 以及该用户是否启用，然后恢复该连接。",
    ),
    "erpnext.no_right": Words(
        "{connection}: the integration user lacks a right for {where}: {words}",
        "{connection}：集成用户缺少 {where} 的权限：{words}",
        "Give the user a role with that right in ERPNext, or take the field or doctype out of the mapping.",
        "请在 ERPNext 中授予相应角色，或从映射中去掉该字段或单据类型。",
    ),
    "erpnext.missing": Words(
        "{connection}: {where} does not exist in ERPNext: {words}",
        "{connection}：ERPNext 中 {where} 不存在：{words}",
        "Decide whether the record should be created again or unlinked; it may have been renamed.",
        "请决定重新创建该记录还是解除关联；它也可能已被改名。",
    ),
    "erpnext.stale": Words(
        "{connection}: {where} was changed meanwhile: {words}",
        "{connection}：{where} 已被他人修改：{words}",
        "Nothing to do: it is read, merged and written again.",
        "无需处理：系统会重新读取、合并并写入。",
    ),
    "erpnext.busy": Words(
        "{connection}: ERPNext asks to come back later at {where} ({kind}): {words}",
        "{connection}：ERPNext 请求稍后重试 {where}（{kind}）：{words}",
        "Nothing to do: it is tried again.",
        "无需处理：系统会自动重试。",
    ),
    "erpnext.taken": Words(
        "{connection}: a document of that name or unique value is there already ({where}): {words}",
        "{connection}：该名称或唯一值已存在（{where}）：{words}",
        "Link the record with the one that is there.",
        "请与已有记录关联。",
    ),
    "erpnext.refused": Words(
        "ERPNext refuses {where} ({kind}): {words}",
        "ERPNext 拒绝 {where}（{kind}）：{words}",
        "Correct the record as ERPNext says, then retry.",
        "请按 ERPNext 的提示更正该记录，然后重试。",
    ),
    "erpnext.misfit": Words(
        "{connection}: ERPNext does not understand {where} ({kind}): {words}",
        "{connection}：ERPNext 无法处理 {where}（{kind}）：{words}",
        "Was a field or doctype renamed or removed? Run `hefu discover` and correct the mapping.",
        "字段或单据类型是否已改名或移除？请运行 `hefu discover` 并更正映射。",
    ),
    "erpnext.fault": Words(
        "{connection}: ERPNext gave no usable answer to {where} (status {status}).",
        "{connection}：ERPNext 对 {where} 未给出可用的应答（状态 {status}）。",
        "Nothing to do: it is looked up or tried again.",
        "无需处理：系统会自动核实或重试。",
    ),
    "erpnext.redirected": Words(
        "{connection}: {where} leads on to {to}, another address, where no key is sent.",
        "{connection}：{where} 跳转到另一地址 {to}，密钥不会发往该处。",
        "Write the site's final address (https, right host) in 'url'.",
        "请在 url 中填写站点的最终地址（https、正确的主机）。",
    ),
    "erpnext.no_api": Words(
        "{connection}: there is no Frappe site at this address ({where}, status {status}).",
        "{connection}：该地址没有 Frappe 站点（{where}，状态 {status}）。",
        "Correct 'url'.",
        "请更正 url。",
    ),
    "erpnext.no_company": Words(
        "{connection}: the site has no company '{company}' that this user may see.",
        "{connection}：站点中没有该用户可见的公司“{company}”。",
        "Correct 'company', or give the user the right.",
        "请更正 company，或授予该用户权限。",
    ),
    "erpnext.no_zone": Words(
        "{connection}: '{zone}' is no known time zone.",
        "{connection}：“{zone}”不是已知时区。",
        "Write a name such as Asia/Shanghai in 'time_zone'.",
        "请在 time_zone 中填写如 Asia/Shanghai 的名称。",
    ),
    "erpnext.unknown_object": Words(
        "{connection} has no doctype '{object}' (there are: {known}).",
        "{connection} 没有单据类型“{object}”（现有：{known}）。",
        "Correct the object in the mapping, or name it in 'doctypes' of the connection.",
        "请在映射中更正对象，或在连接的 doctypes 中加入。",
    ),
    "erpnext.unknown_field": Words(
        "{object} has no field '{field}' (there are: {known}).",
        "{object} 没有字段“{field}”（现有：{known}）。",
        "Correct the mapping, or add the field to 'fields' of the doctype in the connection.",
        "请更正映射，或在连接的该单据类型 fields 中加入此字段。",
    ),
    "erpnext.read_only": Words(
        "{object}: the field '{name}' cannot be written.",
        "{object}：字段“{name}”不可写。",
        "Take the field out of the mapping's writing side.",
        "请从映射的写入侧去掉该字段。",
    ),
    "erpnext.wrong_type": Words(
        "The field '{name}' takes {type}, not '{value}'.",
        "字段“{name}”需要 {type}，而不是“{value}”。",
        "Correct the value or the mapping's transform, then retry.",
        "请更正该值或映射中的转换，然后重试。",
    ),
    "erpnext.no_option": Words(
        "The field '{name}' has no option '{value}' (there are: {known}).",
        "字段“{name}”没有选项“{value}”（现有：{known}）。",
        "Translate it with a value map.",
        "请用值映射转换。",
    ),
    "erpnext.unknown_line": Words(
        "{object}: the document has no row {line} (any more).",
        "{object}：该单据中已没有行 {line}。",
        "Nothing to do: the record is read again before the next try.",
        "无需处理：下次尝试前会重新读取该记录。",
    ),
    "erpnext.no_action": Words(
        "{object} has no status step '{action}' (there are: {known}).",
        "{object} 没有状态步骤“{action}”（现有：{known}）。",
        "Correct the step in the process.",
        "请在流程中更正该步骤。",
    ),
    "erpnext.illegal_step": Words(
        "{object}: '{action}' is not possible in the status '{state}' (it is in: {legal}).",
        "{object}：状态“{state}”下不能执行“{action}”（可用状态：{legal}）。",
        "Look at the document in ERPNext; somebody may have gone on already.",
        "请在 ERPNext 中查看该单据，可能已有人推进。",
    ),
    "erpnext.bad_cursor": Words(
        "{connection}: '{cursor}' is no position that this connector noted down.",
        "{connection}：“{cursor}”不是本连接器记录的位置。",
        "Reset the cursor of this mapping; everything is then read once.",
        "请重置该映射的游标，系统将完整读取一次。",
    ),
}
