"""Errors of the Odoo connector."""

from hefu.core.words import Words

ERRORS = {
    "odoo.denied": Words(
        "{connection}: Odoo refuses the key or login at {where}: {words}",
        "{connection}：Odoo 在 {where} 拒绝密钥或登录：{words}",
        "Check 'database', 'user' and 'api_key' (a key lives three months at most), then resume the connection.",
        "请检查 database、user 与 api_key（密钥最长三个月），然后恢复该连接。",
    ),
    "odoo.no_right": Words(
        "{connection}: the integration user lacks a right for {where}: {words}",
        "{connection}：集成用户缺少 {where} 的权限：{words}",
        "Give the user that right in Odoo, or take the field or object out of the mapping.",
        "请在 Odoo 中授予该权限，或从映射中去掉该字段或对象。",
    ),
    "odoo.company": Words(
        "{connection}: the integration user may not work in the companies asked for at {where}: {words}",
        "{connection}：集成用户不能在所设公司中工作（{where}）：{words}",
        "Correct 'companies' of the connection, or allow the user these companies in Odoo.",
        "请更正连接的 companies，或在 Odoo 中允许该用户使用这些公司。",
    ),
    "odoo.missing": Words(
        "{connection}: {where} does not exist in Odoo: {words}",
        "{connection}：Odoo 中 {where} 不存在：{words}",
        "Decide whether the record should be created again or unlinked.",
        "请决定重新创建该记录还是解除关联。",
    ),
    "odoo.busy": Words(
        "{connection}: another transaction in Odoo was quicker at {where}: {words}",
        "{connection}：Odoo 中另一事务抢先执行了 {where}：{words}",
        "Nothing to do: it is tried again.",
        "无需处理：系统会自动重试。",
    ),
    "odoo.refused": Words(
        "Odoo refuses {where}: {words}",
        "Odoo 拒绝 {where}：{words}",
        "Correct the record as Odoo says, then retry.",
        "请按 Odoo 的提示更正该记录，然后重试。",
    ),
    "odoo.misfit": Words(
        "{connection}: Odoo does not understand {where}: {words}",
        "{connection}：Odoo 无法处理 {where}：{words}",
        "Was a field, model or module renamed or removed? Run `hefu discover` and correct the mapping.",
        "字段、模型或模块是否已改名或移除？请运行 `hefu discover` 并更正映射。",
    ),
    "odoo.fault": Words(
        "{connection}: Odoo gave no usable answer to {where} (status {status}).",
        "{connection}：Odoo 对 {where} 未给出可用的应答（状态 {status}）。",
        "Nothing to do: it is looked up or tried again.",
        "无需处理：系统会自动核实或重试。",
    ),
    "odoo.redirected": Words(
        "{connection}: {where} leads on to {to}, another address, where no key is sent.",
        "{connection}：{where} 跳转到另一地址 {to}，密钥不会发往该处。",
        "Write the server's final address (https, right host) in 'url'.",
        "请在 url 中填写服务器的最终地址（https、正确的主机）。",
    ),
    "odoo.no_api": Words(
        "{connection}: there is no {api} at this address ({where}, status {status}).",
        "{connection}：该地址没有 {api}（{where}，状态 {status}）。",
        "Correct 'url', or set 'api: jsonrpc' for a series before 19.",
        "请更正 url；19 以前的版本请设 api: jsonrpc。",
    ),
    "odoo.incomplete": Words(
        "{connection}: 'api: jsonrpc' needs 'database' and 'user'.",
        "{connection}：api: jsonrpc 需要 database 和 user。",
        "Write both into the connection.",
        "请在连接中填写这两项。",
    ),
    "odoo.unknown_object": Words(
        "{connection} has no object '{object}' (there are: {known}).",
        "{connection} 没有对象“{object}”（现有：{known}）。",
        "Correct the object in the mapping, or name it with its model in 'objects' of the connection.",
        "请在映射中更正对象，或在连接的 objects 中写明该对象及其模型。",
    ),
    "odoo.unknown_field": Words(
        "{object} has no field '{field}' (there are: {known}).",
        "{object} 没有字段“{field}”（现有：{known}）。",
        "Correct the mapping, or add the field to 'fields' of the object in the connection.",
        "请更正映射，或在连接的该对象 fields 中加入此字段。",
    ),
    "odoo.read_only": Words(
        "{object}: the field '{name}' cannot be written.",
        "{object}：字段“{name}”不可写。",
        "Take the field out of the mapping's writing side.",
        "请从映射的写入侧去掉该字段。",
    ),
    "odoo.wrong_type": Words(
        "The field '{name}' takes {type}, not '{value}'.",
        "字段“{name}”需要 {type}，而不是“{value}”。",
        "Correct the value or the mapping's transform, then retry.",
        "请更正该值或映射中的转换，然后重试。",
    ),
    "odoo.no_option": Words(
        "The field '{name}' has no option '{value}' (there are: {known}).",
        "字段“{name}”没有选项“{value}”（现有：{known}）。",
        "Odoo takes option codes, not labels: translate them with a value map.",
        "Odoo 只接受选项代码而非显示名：请用值映射转换。",
    ),
    "odoo.bad_reference": Words(
        "The field '{name}' takes the number of a record, not '{value}'.",
        "字段“{name}”需要记录编号，而不是“{value}”。",
        "Map it as a reference to the other object.",
        "请将其映射为对另一对象的引用。",
    ),
    "odoo.no_name": Words(
        "{model} has {count} records named '{value}', exactly one is needed.",
        "{model} 中名为“{value}”的记录有 {count} 条，需恰好一条。",
        "Correct the name or translate it with a value map; names are those of the connection's language.",
        "请更正名称或用值映射转换；名称按连接设定的语言。",
    ),
    "odoo.uneven_lines": Words(
        "{object}: the lines of a new document must all give the same fields; only some give {names}.",
        "{object}：新单据的各明细行必须给出相同字段；仅部分行给出 {names}。",
        "Give these fields in every line (empty where there is nothing), or set 'token_field' for the object.",
        "请在每行都给出这些字段（没有值时为空），或为该对象设置 token_field。",
    ),
    "odoo.unknown_line": Words(
        "{object}: the record has no line {line} (any more).",
        "{object}：该记录中已没有明细行 {line}。",
        "Nothing to do: the record is read again before the next try.",
        "无需处理：下次尝试前会重新读取该记录。",
    ),
    "odoo.stale": Words(
        "{object} {id} was changed meanwhile ('{field}').",
        "{object} {id} 已被他人修改（“{field}”）。",
        "Nothing to do: it is read, merged and written again.",
        "无需处理：系统会重新读取、合并并写入。",
    ),
    "odoo.no_action": Words(
        "{object} has no status step '{action}' (there are: {known}).",
        "{object} 没有状态步骤“{action}”（现有：{known}）。",
        "Correct the step in the process.",
        "请在流程中更正该步骤。",
    ),
    "odoo.illegal_step": Words(
        "{object}: '{action}' is not possible in the status '{state}' (it is in: {legal}).",
        "{object}：状态“{state}”下不能执行“{action}”（可用状态：{legal}）。",
        "Look at the document in Odoo; somebody may have gone on already.",
        "请在 Odoo 中查看该单据，可能已有人推进。",
    ),
    "odoo.dialogue": Words(
        "{object}: '{action}' opened the dialogue '{dialogue}' and changed nothing.",
        "{object}：“{action}”打开了对话框“{dialogue}”而未作任何更改。",
        "A person has to answer it in Odoo.",
        "需有人在 Odoo 中处理。",
    ),
    "odoo.bad_cursor": Words(
        "{connection}: '{cursor}' is no position that this connector noted down.",
        "{connection}：“{cursor}”不是本连接器记录的位置。",
        "Reset the cursor of this mapping; everything is then read once.",
        "请重置该映射的游标，系统将完整读取一次。",
    ),
}
