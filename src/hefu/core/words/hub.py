"""Errors of the engine, the desk and the machine's own settings."""

from hefu.core.words import Words

_DECIDE = (
    (
        "Look at 'hefu plan --flow {flow}'. Agree: 'hefu resume flow:{flow} --approve' or 'hefu apply'; else correct "
        "the cause and 'hefu resume flow:{flow}'. Take back what run {run} wrote before: 'hefu undo --run {run}'."
    ),
    (
        "查看 hefu plan --flow {flow}。同意请运行 hefu resume flow:{flow} --approve 或 hefu apply；否则更正原因后运行 "
        "hefu resume flow:{flow}。撤销运行 {run} 已写入的内容：hefu undo --run {run}。"
    ),
)

ERRORS = {
    "app.no_connection": Words(
        "The project has no connection '{name}'. It has: {known}.",
        "项目中没有连接“{name}”。现有连接：{known}。",
        "Correct the name, or add connections/{name}.yaml.",
        "请更正名称，或新增 connections/{name}.yaml。",
    ),
    "app.traces": Words(
        "HEFU_TRACES is '{given}', which is no web address.",
        "HEFU_TRACES 的值“{given}”不是网址。",
        "Write the collector's address: http://collector:4318",
        "请填写采集器的地址：http://采集器:4318",
    ),
    "app.no_traces": Words(
        "HEFU_TRACES is set, and the libraries for it are not installed.",
        "已设置 HEFU_TRACES，但尚未安装所需的库。",
        "Install them: pip install 'hefu[traces]'",
        "请安装：pip install 'hefu[traces]'",
    ),
    "app.log": Words(
        "{name} is '{given}', which is not known.",
        "{name} 的值“{given}”无法识别。",
        "Known: {known}.",
        "可用：{known}。",
    ),
    "app.lease": Words(
        "HEFU_LEASE is '{given}', which is not a number of seconds from 1 to 3600.",
        "HEFU_LEASE 的值“{given}”不是 1 到 3600 之间的秒数。",
        "Correct it or leave it out; all workers of a store must use the same.",
        "请更正或取消设置；同一数据库的所有工作进程必须一致。",
    ),
    "app.settings": Words(
        "connections/{connection}.yaml: '{word}' is not right: {said}",
        "connections/{connection}.yaml 中的“{word}”不正确：{said}",
        "Run 'hefu check' to see every fault with its line.",
        "运行 hefu check 可查看所有错误及所在行。",
    ),
    "hub.no_object": Words(
        "{connection} has no object '{object}'. It has: {known}.",
        "{connection} 中没有对象“{object}”。现有对象：{known}。",
        "Run 'hefu discover {connection}' and correct the mapping's 'object'.",
        "运行 hefu discover {connection}，并更正映射中的 object。",
    ),
    "record.unstorable": Words(
        "The record's {part} {begins} is longer than {longest} characters or is no text, so it cannot be remembered.",
        "记录的 {part} {begins} 超过 {longest} 个字符或含有非法字符，无法保存。",
        "Correct it in the system, or map another field as the id; the other records go on.",
        "请在源系统中更正，或改用其他字段作为标识；其他记录不受影响。",
    ),
    "reference.unknown": Words(
        "Field '{field}' points to {entity} '{id}', which the hub does not know and the system does not show.",
        "字段“{field}”指向的 {entity}“{id}”在系统中查不到。",
        "Check that the {entity} exists, is not filtered out, and that its mapping runs.",
        "请确认该 {entity} 存在、未被过滤，且其映射已启用。",
    ),
    "reference.not_there": Words(
        "Field '{field}' points to a {entity} that {connection} does not have and is not about to get: it was deleted "
        "there, or is not meant for it.",
        "字段“{field}”指向的 {entity} 在 {connection} 中不存在，也不会被创建：它已在该系统中删除，或不应存在于该系统。",
        "Restore that {entity} in {connection}, or point the record to another one; it is then written by itself.",
        "请在 {connection} 中恢复该 {entity}，或改为指向其他记录；之后会自动写入。",
    ),
    "connector.crashed": Words(
        "The connector of {connection} failed unexpectedly: {said}. Whether the write happened is being looked up.",
        "{connection} 的连接器出现意外错误：{said}。系统正在查证写入是否成功。",
        "Nothing is repeated blindly. Report this if it comes again.",
        "不会盲目重复写入。若再次出现请反馈。",
    ),
    "drift.field_gone": Words(
        "{connection}/{object} no longer has the field '{field}' that mapping '{mapping}' uses.",
        "{connection} 的 {object} 不再有映射“{mapping}”使用的字段“{field}”。",
        "Restore the field there, or correct the mapping; it goes on by itself once they fit.",
        "请在该系统恢复字段或修改映射，匹配后自动继续。",
    ),
    "drift.type_changed": Words(
        "{connection}/{object}: the field '{field}' changed from {before} to {now}; mapping '{mapping}' is stopped.",
        "{connection} 的 {object} 字段“{field}”由 {before} 变为 {now}，映射“{mapping}”已暂停。",
        "Check the mapping's transform for this field, then run 'hefu resume mapping:{mapping}'.",
        "请检查该字段的转换，然后运行 hefu resume mapping:{mapping}。",
    ),
    "drift.newly_required": Words(
        "{connection}/{object} now demands the field '{field}', which mapping '{mapping}' does not fill.",
        "{connection} 的 {object} 新增必填字段“{field}”，映射“{mapping}”未填写。",
        "Map the field or give it a default, then run 'hefu resume mapping:{mapping}'.",
        "请映射该字段或设置默认值，然后运行 hefu resume mapping:{mapping}。",
    ),
    "document.illegal_step": Words(
        "{object}: the step '{action}' is not allowed in status '{status}' (only in: {legal}).",
        "{object}：状态“{status}”下不能执行“{action}”（允许的状态：{legal}）。",
        "Bring the document into one of these statuses, then retry.",
        "请先将单据变更到允许的状态，再重试。",
    ),
    "document.locked": Words(
        "{object}: in status '{status}' the fields {fields} cannot be changed.",
        "{object}：状态“{status}”下不能修改字段 {fields}。",
        "Legal steps from here: {route}. Un-approve or use a change order, then retry.",
        "当前可执行的操作：{route}。请反审核或走变更单后重试。",
    ),
    "document.below_floor": Words(
        "Line {line}: {wanted} is below {minimum}, which is already done.",
        "第 {line} 行：{wanted} 低于已执行数量 {minimum}。",
        "Use at least {minimum}, or enter a return.",
        "请填写不少于 {minimum}，或做退货处理。",
    ),
    "document.line_in_use": Words(
        "Line {line} cannot be removed: {minimum} of it is already done.",
        "第 {line} 行不能删除：已执行 {minimum}。",
        "Keep the line, or enter a return first.",
        "请保留该行，或先做退货处理。",
    ),
    "mapping.failed": Words(
        "The record cannot be said in the other system's terms.",
        "该记录无法转换为目标系统的格式。",
        "See the issue's details, correct the data or the mapping, then retry.",
        "请查看问题详情，更正数据或映射后重试。",
    ),
    "hub.kept_apart": Words(
        "Deleted once, alive again in several systems, and left alone in each: {records}. No edit passes between them.",
        "已删除的对象在多个系统中仍有有效记录，且均被单独保留：{records}。它们之间不再同步任何修改。",
        "'restore' joins them again, 'delete' removes this one, 'keep' leaves them apart.",
        "选择 restore 重新合为一条并恢复同步，delete 删除此条，keep 保持分离。",
    ),
    "hub.rewriting": Words(
        "{one} and {other} rewrite each other's '{field}': {times} times in turns, and nobody typed it.",
        "{one} 与 {other} 在反复改写对方的“{field}”：已交替 {times} 次，并非人工修改。",
        "Nothing is written to it until you decide. Stop the rewriting in one of them, or give the field an owner.",
        "在您裁决之前不再写入该字段。请在其中一方停用改写，或为该字段指定所有者。",
    ),
    "outcome.not_there": Words(
        "The write whose answer was lost did not happen; it is sent again.",
        "应答丢失的写入未生效，将重新发送。",
        "Nothing to do.",
        "无需处理。",
    ),
    "outcome.taken": Words(
        "The key belongs to another record that is already linked.",
        "该编码已属于另一条已关联的记录。",
        "Look at the duplicate issue.",
        "请查看重复项问题。",
    ),
    "outcome.person": Words(
        "A person looked and said that the record was not made.",
        "人工确认该记录未生成。",
        "Nothing to do.",
        "无需处理。",
    ),
    "guard.records": Words(
        "The flow would write {found} records at once, more than its limit of {limit}; it stopped.",
        "流程一次将写入 {found} 条记录，超过上限（{limit}），已在下一次写入前暂停。",
        *_DECIDE,
    ),
    "guard.creates": Words(
        "The flow would create {found} records at once, more than its limit of {limit}; it stopped.",
        "流程一次将新建 {found} 条记录，超过上限（{limit}），已在下一次写入前暂停。",
        *_DECIDE,
    ),
    "guard.changes": Words(
        "The flow would change {found} records at once, more than its limit of {limit}; it stopped.",
        "流程一次将修改 {found} 条记录，超过上限（{limit}），已在下一次写入前暂停。",
        *_DECIDE,
    ),
    "guard.blanks": Words(
        "The flow would empty values in {found} records, more than its limit of {limit}; it stopped.",
        "流程将清空 {found} 条记录中的值，超过上限（{limit}），已在下一次写入前暂停。",
        *_DECIDE,
    ),
    "guard.deletes": Words(
        "The flow would delete {found} records at once, more than its limit of {limit}; it stopped.",
        "流程一次将删除 {found} 条记录，超过上限（{limit}），已在下一次写入前暂停。",
        *_DECIDE,
    ),
    "guard.movement": Words(
        "An amount would move by {found} of what it was, more than {limit}; the flow stopped.",
        "有金额将变动为原值的 {found} 倍幅度，超过上限（{limit}），流程已在下一次写入前暂停。",
        *_DECIDE,
    ),
    "guard.movement_total": Words(
        "Amounts would move by {found} in all, more than {limit}; the flow stopped.",
        "金额变动合计 {found}，超过上限（{limit}），流程已在下一次写入前暂停。",
        *_DECIDE,
    ),
    "guard.canary": Words(
        "The new version of mapping '{mapping}' wrote {written} records; {wrong} of them do not hold what they were "
        "told ({names}), {refused} were refused. The rest was not written.",
        "映射“{mapping}”的新版本试写了 {written} 条记录，其中 {wrong} 条与所写不一致（{names}），"
        "{refused} 条被拒绝；其余未写入。",
        "Take it back: 'hefu undo --run {run}'. Correct the mapping, import it and 'hefu resume flow:{flow}'; or, if "
        "it is meant: 'hefu resume flow:{flow} --approve'.",
        "撤销：hefu undo --run {run}。更正映射并重新导入后运行 hefu resume flow:{flow}；若确属预期：hefu resume "
        "flow:{flow} --approve。",
    ),
    "guard.deleted": Words(
        "{missing} of {known} records are gone, more than the limit; no delete was passed on.",
        "{known} 条记录中有 {missing} 条消失，超过上限；未传递任何删除。",
        "If they were really deleted: 'hefu resume deletes:...'. Otherwise restore them there.",
        "若确实已删除请运行 hefu resume deletes:…，否则请在源系统恢复。",
    ),
    "guard.incomplete_read": Words(
        "{missing} of {known} records were not in the list, yet they exist: the read was incomplete.",
        "{known} 条中有 {missing} 条未出现在列表中，但实际存在：读取不完整。",
        "Nothing was deleted. The next complete read repairs it; tell the system's administrator if it repeats.",
        "没有删除任何数据。下次完整读取会自行修复；反复出现请联系该系统管理员。",
    ),
    "guard.rights": Words(
        "{missing} of {known} records may no longer be seen by our account: rights were taken away.",
        "{known} 条中有 {missing} 条账号无权查看：权限被收回。",
        "Nothing was deleted. Ask for the right back; it heals by itself.",
        "没有删除任何数据。恢复权限后会自行修复。",
    ),
    "guard.organisation": Words(
        "All {missing} missing records belong to one organisation that is no longer shown: rights, not deletes.",
        "消失的 {missing} 条记录都属于同一组织，该组织不再可见：是权限问题而非删除。",
        "Nothing was deleted. Ask for the right back; it heals by itself.",
        "没有删除任何数据。恢复权限后会自行修复。",
    ),
    "guard.filter": Words(
        "{missing} of {known} records are still there, but the mapping's filter now leaves them out.",
        "{known} 条中有 {missing} 条仍然存在，但已被映射的过滤条件排除。",
        "Nothing was deleted. If that is meant: 'hefu resume deletes:...' leaves them alone; else correct the filter.",
        "没有删除任何数据。若属预期请运行 hefu resume deletes:…（之后不再同步这些记录），否则请更正过滤条件。",
    ),
    "guard.unreachable": Words(
        "{missing} records could not be looked up one by one; nothing was deleted.",
        "有 {missing} 条记录无法逐条核实，没有删除任何数据。",
        "It is tried again.",
        "系统会再次尝试。",
    ),
    "desk.no_issue": Words(
        "There is no open issue '{id}' of kind {kinds}.",
        "没有编号为“{id}”、类型为 {kinds} 的待处理问题。",
        "Run 'hefu conflicts list' or 'hefu deadletters list' to see the numbers.",
        "运行 hefu conflicts list 或 hefu deadletters list 查看编号。",
    ),
    "desk.closed": Words(
        "Issue {id} was closed by {by} at {at}.",
        "问题 {id} 已由 {by} 于 {at} 关闭。",
        "Nothing to do.",
        "无需处理。",
    ),
    "desk.choice": Words(
        "'{given}' is not a choice here; choices: {known}.",
        "“{given}”不是可选项；可选：{known}。",
        "Use one of the choices.",
        "请使用其中之一。",
    ),
    "merge.not_two": Words(
        "Only two living objects can be merged, and these are not: {states}.",
        "只能合并两个有效的对象，而当前状态为：{states}。",
        "'hefu trace' shows what each of them is.",
        "请用 hefu trace 查看各自的状态。",
    ),
    "merge.other_entity": Words(
        "A {first} and a {second} cannot be one object.",
        "{first} 与 {second} 不能合并为一个对象。",
        "Name two objects of one kind.",
        "请指定同一类的两个对象。",
    ),
    "merge.not_merged": Words(
        "The object {id} was not merged into another one.",
        "对象 {id} 并未被合并到其他对象。",
        "Name the one that lost; 'hefu trace' of the winner shows it as merged_from.",
        "请指定被合并的一方；对胜出方运行 hefu trace 可看到 merged_from。",
    ),
    "merge.still_merged": Words(
        "{connection} does not show the record {id} any more, and the hub may not create it there.",
        "{connection} 中已看不到记录 {id}，且不允许系统在该处新建。",
        "Undo the merge there first, or allow creates in the mapping; then do this again.",
        "请先在该系统撤销合并，或在映射中允许新建，然后重试。",
    ),
    "undo.nothing": Words(
        "There is nothing to take back for record {id}.",
        "记录 {id} 没有可撤销的变更。",
        "'hefu trace {id}' shows its whole story.",
        "hefu trace {id} 可查看完整历史。",
    ),
    "load.not_upsert": Words(
        "{connection}/{object} cannot be loaded: a second load would double its records.",
        "无法装载到 {connection} 的 {object}：重复装载会产生重复记录。",
        "Give the object a key that makes creates repeatable (upsert), or keep it in step with a flow instead.",
        "请为该对象设置可重复写入的主键（upsert），或改用流程同步。",
    ),
    "load.other_entity": Words(
        "{source} and {target} map different entities.",
        "{source} 与 {target} 映射的实体不同。",
        "Name two mappings of one entity.",
        "请指定同一实体的两个映射。",
    ),
    "load.references": Words(
        "{source} or {target} holds references to other records, which a plain load cannot translate.",
        "{source} 或 {target} 含有对其他记录的引用，单纯装载无法转换。",
        "Use a flow ('hefu plan', 'hefu apply'), or leave the reference out of the mapping.",
        "请使用流程（hefu plan、hefu apply），或在映射中去掉引用字段。",
    ),
}
