"""Errors of migration batches, and the reasons why a record of one cannot be taken."""

from hefu.core.words import Words

ERRORS = {
    "migrate.unknown": Words(
        "There is no batch '{id}'.",
        "没有批次“{id}”。",
        "'hefu migrate status' lists them.",
        "运行 hefu migrate status 查看。",
    ),
    "migrate.state": Words(
        "Batch {id} is '{state}'; this needs: {wanted}.",
        "批次 {id} 的状态为“{state}”，此操作需要：{wanted}。",
        "The order is stage, check, load, verify; 'hefu migrate status {id}' shows where it stands.",
        "顺序为 stage、check、load、verify；运行 hefu migrate status {id} 查看进度。",
    ),
    "migrate.no_target": Words(
        "Nothing can be moved from {source} to {target}: it is the same object, or may be neither created nor changed.",
        "无法从 {source} 迁移到 {target}：两者是同一对象，或目标既不允许新建也不允许修改。",
        "Name two objects, and set 'create: true' in the target's mapping if the hub may create records there.",
        "请指定两个不同的对象；若允许新建，请在目标映射中设置 create: true。",
    ),
    "migrate.meaning": Words(
        "A mapping means something else than when batch {id} was checked.",
        "映射的含义与检查批次 {id} 时不同。",
        "Run 'hefu migrate check {id}' again, then load.",
        "请重新运行 hefu migrate check {id}，再装载。",
    ),
    "migrate.not_read": Words(
        "The source could not be read to the end; nothing was kept.",
        "源系统未能读完，没有保留任何数据。",
        "Stage again once the source answers.",
        "源系统恢复后请重新暂存。",
    ),
    "migrate.not_taken": Words(
        "The hub could not take the record {id}.",
        "系统无法接收记录 {id}。",
        "See 'hefu status' for its case, correct it in the source and stage a new batch.",
        "请用 hefu status 查看对应问题，在源系统更正后重新暂存。",
    ),
    "migrate.unknown_outcome": Words(
        "Whether the target made this record is not known, and it cannot be searched for.",
        "无法确定目标是否已生成该记录，也无法查找。",
        "Look there, then settle the case ('hefu deadletters list').",
        "请到目标系统查看，再处理该问题（hefu deadletters list）。",
    ),
    "migrate.duplicate": Words(
        "The object has another record already, in the source or in the target.",
        "该对象在源或目标中已有另一条记录。",
        "Merge the two where they are, or correct their keys, then check again.",
        "请在相应系统中合并，或更正识别键后重新检查。",
    ),
    "migrate.double": Words(
        "The same {field} '{value}' stands in record {first} of this batch.",
        "本批次的记录 {first} 有相同的 {field}“{value}”。",
        "Merge the two in the source, or correct one of the keys.",
        "请在源系统合并两条记录，或更正其中一个键。",
    ),
    "migrate.parent_unknown": Words(
        "Field '{field}' points to {entity} '{record}', which the hub does not know.",
        "字段“{field}”指向的 {entity}“{record}”尚不为系统所知。",
        "Load the batch of {entity} first, or correct the reference.",
        "请先装载 {entity} 的批次，或更正引用。",
    ),
    "migrate.parent_not_there": Words(
        "Its {entity} is not in {connection} yet.",
        "其 {entity} 尚不在 {connection} 中。",
        "Load the batch of {entity} first.",
        "请先装载 {entity} 的批次。",
    ),
    "migrate.required": Words(
        "'{field}' has no value, and the entity demands one.",
        "“{field}”没有值，而实体要求必填。",
        "Fill it in the source, or give the mapping a default.",
        "请在源系统补齐，或在映射中设置默认值。",
    ),
    "migrate.required_there": Words(
        "{connection} demands '{field}', and the mapping fills it with nothing here.",
        "{connection} 要求填写“{field}”，而此记录映射后为空。",
        "Fill it in the source, or give the mapping a default.",
        "请在源系统补齐，或在映射中设置默认值。",
    ),
    "migrate.length": Words(
        "'{field}' has {actual} characters, and the target takes {most}.",
        "“{field}”有 {actual} 个字符，目标最多 {most} 个。",
        "Shorten it in the source, or let the mapping cut it.",
        "请在源系统缩短，或在映射中截断。",
    ),
    "migrate.bytes": Words(
        "'{field}' takes {actual} bytes, and the target has room for {most} (a Chinese character takes three).",
        "“{field}”占 {actual} 字节，目标最多 {most} 字节（一个汉字占三字节）。",
        "Shorten it in the source, or let the mapping cut it.",
        "请在源系统缩短，或在映射中截断。",
    ),
    "migrate.scale": Words(
        "'{field}' has {actual} decimal places, and the target keeps {most}.",
        "“{field}”有 {actual} 位小数，目标只保留 {most} 位。",
        "Round it in the source, or let the mapping round it.",
        "请在源系统取整，或在映射中舍入。",
    ),
    "migrate.option": Words(
        "'{field}' may not be '{value}' in the target; it takes: {known}.",
        "目标的“{field}”不能是“{value}”，可选：{known}。",
        "Add the code to the mapping's 'values', or correct it in the source.",
        "请在映射的 values 中补充该代码，或在源系统更正。",
    ),
    "migrate.differs": Words(
        "After loading, '{field}' is {left} in the source and {right} in the target ({kind}).",
        "装载后“{field}”在源中为 {left}，在目标中为 {right}（{kind}）。",
        "See why ('hefu reconcile'), correct it, then verify again.",
        "请查明原因（hefu reconcile），更正后重新核对。",
    ),
    "migrate.gone": Words(
        "Neither the source nor the target has the record {id} any more.",
        "源和目标都已没有记录 {id}。",
        "Find out who deleted it; 'hefu trace {id}' tells its story.",
        "请查明由谁删除；hefu trace {id} 可查看经过。",
    ),
    "migrate.edited": Words(
        "'{field}' was taken over as {expected} and is {found} by now; it was left alone.",
        "“{field}”迁移时为 {expected}，现为 {found}，保持不变。",
        "Decide by hand which value holds.",
        "请人工决定保留哪个值。",
    ),
    "migrate.stays": Words(
        "The record was not taken back: {why}.",
        "该记录未能撤回：{why}。",
        "Remove the cause and roll back again, or settle it there by hand.",
        "请排除原因后再次回滚，或在目标系统人工处理。",
    ),
    "migrate.depends": Words(
        "Batch {other} ({entity}) was loaded on top of this one.",
        "批次 {other}（{entity}）是在本批次之上装载的。",
        "Roll that one back first.",
        "请先回滚该批次。",
    ),
    "migrate.rejects_file": Words(
        "'{path}' must end in .csv or .xlsx.",
        "“{path}”须以 .csv 或 .xlsx 结尾。",
        "Correct the ending.",
        "请更正扩展名。",
    ),
}
