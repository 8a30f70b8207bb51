"""Errors of the reference connector and its system in memory."""

from hefu.core.words import Words

ERRORS = {
    "memory.unknown_system": Words(
        "This process has no memory system '{system}' for the connection {connection} (it has: {known}).",
        "连接 {connection} 指定的内存系统“{system}”在本进程中不存在（现有：{known}）。",
        "Memory systems live in tests and demos only; correct the name or choose another connector.",
        "内存系统仅用于测试和演示；请更正名称或改用其他连接器。",
    ),
    "memory.unknown_object": Words(
        "{system} has no object '{object}' (it has: {known}).",
        "{system} 中没有对象“{object}”（现有：{known}）。",
        "Correct the object's name in the mapping.",
        "请在映射中更正对象名称。",
    ),
    "memory.unknown_field": Words(
        "{object} has no field '{field}'.",
        "{object} 没有字段“{field}”。",
        "Discover the connection again, then correct the mapping.",
        "请重新发现连接结构，然后更正映射。",
    ),
    "memory.read_only_field": Words(
        "The field '{field}' of {object} cannot be written.",
        "{object} 的字段“{field}”不可写。",
        "Take the field out of the mapping's writing side; a status is changed by an action.",
        "请从映射的写入侧去掉该字段；状态须通过操作变更。",
    ),
    "memory.wrong_type": Words(
        "{object}.{name} takes a value of type {type}, not {value!r}.",
        "{object}.{name} 需要 {type} 类型的值，而不是 {value!r}。",
        "Correct the value, or add a transform to the mapping.",
        "请更正该值，或在映射中添加转换。",
    ),
    "memory.too_long": Words(
        "{object}.{name} holds {length} characters; the value is longer.",
        "{object}.{name} 最多 {length} 个字符，该值超长。",
        "Shorten the value, or add a cut to the mapping.",
        "请缩短该值，或在映射中添加截断。",
    ),
    "memory.not_an_option": Words(
        "{object}.{name} allows only {options}, not {value!r}.",
        "{object}.{name} 只允许 {options}，不允许 {value!r}。",
        "Correct the value or the value map of the mapping.",
        "请更正该值或映射中的值对照表。",
    ),
    "memory.required": Words(
        "{object}.{name} must not be empty.",
        "{object}.{name} 不能为空。",
        "Fill the field, or give it a default in the mapping.",
        "请填写该字段，或在映射中设置默认值。",
    ),
    "memory.duplicate": Words(
        "A {object} with the same {name} exists already: {id}.",
        "已存在 {name} 相同的 {object}：{id}。",
        "Link the two records, or correct the value.",
        "请关联这两条记录，或更正该值。",
    ),
    "memory.unknown_line": Words(
        "The list {name} has no line '{line}'.",
        "明细 {name} 中没有行“{line}”。",
        "Read the record again: somebody has deleted that line.",
        "请重新读取该记录：该行已被他人删除。",
    ),
    "memory.illegal_step": Words(
        "'{action}' is not possible in the state {state}; it is in: {legal}.",
        "当前状态 {state} 不允许“{action}”；允许的状态：{legal}。",
        "Bring the document into one of these states first.",
        "请先将单据变为允许的状态。",
    ),
    "memory.locked": Words(
        "In the state {state}, {object}.{name} can no longer be changed.",
        "{object} 处于状态 {state}，{name} 已不可修改。",
        "Take the document back to an earlier state, or make a change order.",
        "请将单据退回到之前的状态，或创建变更单。",
    ),
    "memory.no_action": Words(
        "{object} has no step '{action}' (it has: {known}).",
        "{object} 没有操作“{action}”（现有：{known}）。",
        "Correct the step in the process.",
        "请在流程中更正该步骤。",
    ),
    "memory.not_able": Words(
        "{object} does not allow: {verb}.",
        "{object} 不支持：{verb}。",
        "Change the mapping so that it does not ask for this.",
        "请修改映射，避免此操作。",
    ),
    "memory.batch": Words(
        "{object} takes at most {most} records in one call, not {got}.",
        "{object} 单次最多 {most} 条记录，实际 {got} 条。",
        "Send smaller batches: the ability 'batch' says how large.",
        "请减小批量：能力“batch”给出了上限。",
    ),
    "memory.missing": Words(
        "{object} {id} does not exist (any more).",
        "{object} {id} 不存在（或已删除）。",
        "Decide whether the record should be created again or unlinked.",
        "请决定重新创建该记录还是解除关联。",
    ),
    "memory.stale": Words(
        "{object} {id} was changed since it was last read.",
        "{object} {id} 在上次读取后已被修改。",
        "Nothing to do: the record is read and merged again.",
        "无需处理：系统会重新读取并合并该记录。",
    ),
    "memory.unreachable": Words(
        "{system} does not answer.",
        "{system} 无响应。",
        "Nothing to do: it is tried again.",
        "无需处理：系统会自动重试。",
    ),
    "memory.wrong_secret": Words(
        "{system} refuses the password of {user}.",
        "{system} 拒绝了用户 {user} 的密码。",
        "Enter the right password, then resume the connection.",
        "请输入正确的密码，然后恢复该连接。",
    ),
    "memory.no_right": Words(
        "{user} has no right to {object} in {system}.",
        "用户 {user} 在 {system} 中没有 {object} 的权限。",
        "Have the right granted, then resume the connection.",
        "请授予权限，然后恢复该连接。",
    ),
    "memory.too_many_calls": Words(
        "{system} was called too often within a second.",
        "{system} 一秒内调用过于频繁。",
        "Nothing to do: it is tried again. Lower 'calls_per_second' if this happens often.",
        "无需处理：系统会自动重试。若频繁出现，请调低 calls_per_second。",
    ),
    "memory.quota": Words(
        "The daily quota of {system} is used up.",
        "{system} 的每日调用配额已用完。",
        "Nothing to do: work resumes after midnight. Raise the quota if this happens often.",
        "无需处理：零点后自动继续。若频繁出现，请提高配额。",
    ),
    "memory.bad_cursor": Words(
        "'{cursor}' is not a cursor of this connector.",
        "“{cursor}”不是该连接器的游标。",
        "Reset the cursor of this mapping; everything is then read once.",
        "请重置该映射的游标，系统将完整读取一次。",
    ),
    "memory.no_http": Words(
        "A system in memory has no network.",
        "内存系统没有网络。",
        "This is a fault in the program; report it.",
        "这是程序错误，请反馈。",
    ),
}
