"""Errors around personal data: erasures, what was kept out, how long histories are kept."""

from hefu.core.words import Words

ERRORS = {
    "privacy.unknown": Words(
        "There is no record '{id}' to erase.",
        "没有可删除的记录“{id}”。",
        "Find the one-ID with 'hefu trace WORDS'.",
        "请用 hefu trace 关键词 查找统一编号。",
    ),
    "privacy.busy": Words(
        "A write of {id} is still under way or its outcome is not known, so what the systems hold cannot be said.",
        "{id} 的写入仍在进行或结果未知，无法确定各系统的内容。",
        "Wait until it is settled ('hefu trace {id}'), then plan the erasure again.",
        "请等待写入落定（hefu trace {id}），再重新编制删除计划。",
    ),
    "privacy.applying": Words(
        "Plan {plan} is being applied and writes {id}.",
        "计划 {plan} 正在执行并写入 {id}。",
        "Let it end ('hefu apply {plan}'), then plan the erasure again.",
        "请待其执行完毕（hefu apply {plan}），再重新编制删除计划。",
    ),
    "privacy.field": Words(
        "'{field}' is no field of {entity}.",
        "“{field}”不是 {entity} 的字段。",
        "Fields and their classes of personal data stand in the reference of entities, and in entities/{entity}.yaml.",
        "字段及其个人信息类别见实体参考文档和 entities/{entity}.yaml。",
    ),
    "privacy.nothing": Words(
        "No field of {entity} is of these classes of personal data.",
        "{entity} 没有属于这些个人信息类别的字段。",
        "Set 'pii' of its fields in entities/{entity}.yaml, or name fields with --field.",
        "请在 entities/{entity}.yaml 中为字段设置 pii，或用 --field 指定字段。",
    ),
    "privacy.suppressed": Words(
        "A record of {connection}/{object} belongs to a person who was erased; the hub takes nothing of it over.",
        "{connection}/{object} 的一条记录属于已被删除的个人，本系统不再采集。",
        "Delete it there. If the person asked to be known again: hefu privacy lift ERASURE",
        "请在该系统中删除此记录。若本人要求重新建立：hefu privacy lift 删除编号",
    ),
    "privacy.back": Words(
        "{connection}/{object} holds values that were erased ({fields}); the hub does not take them over.",
        "{connection}/{object} 中仍有已被删除的取值（{fields}），本系统不会采集。",
        "Blank them there, or delete the record. If the person asked to be known again: hefu privacy lift ERASURE",
        "请在该系统中清空或删除。若本人要求重新建立：hefu privacy lift 删除编号",
    ),
    "privacy.no_erasure": Words(
        "There is no erasure '{id}'.",
        "没有删除记录“{id}”。",
        "Run 'hefu privacy list'.",
        "请运行 hefu privacy list。",
    ),
    "privacy.altered": Words(
        "The proof of erasure {id} is not as this hub wrote it.",
        "删除证明 {id} 与本系统写入时不一致。",
        "Somebody changed the database past the hub, or the key (journal.key) is another.",
        "有人绕过系统修改了数据库，或密钥（journal.key）不同。",
    ),
    "privacy.no_rule": Words(
        "The project says of no history how long it is kept.",
        "项目未规定任何历史记录的保留期限。",
        "Write privacy.yaml, for instance 'deliveries: 365' below 'privacy:'.",
        "请编写 privacy.yaml，例如在 privacy: 下写 deliveries: 365。",
    ),
}
