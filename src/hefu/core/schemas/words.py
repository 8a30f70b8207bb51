"""What the words of the documents mean, in Chinese, and in English where the name alone says it in code.

Shown by editors beside each word (through the JSON Schemas) and by the reference.
"""

from __future__ import annotations

WORDS: dict[str, tuple[str, str]] = {
    "Connection.connection": ("Name of this connection", "连接的名称"),
    "Connection.connector": ("", "系统种类：sql、files、rest、tryton、bottlecrm、memory 等"),
    "Connection.title": ("What people see, by language", "显示名称（按语言）"),
    "Connection.settings": ("", "该连接器自己的设置；密钥写成引用，如 ${env:NAME}"),
    "Connection.limits": ("How hard the system may be worked", "对该系统的调用限制"),
    "Connection.zone": ("", "不带时区的时间按此时区理解"),
    "Connection.clock_tolerance": ("", "该系统时钟允许的误差"),
    "Connection.lateness": ("", "提交可能比其时间戳晚出现多久"),
    "Connection.organisation": ("", "账套、公司或销售组织；是每条记录主键的一部分"),
    "Limits.calls_per_second": ("", "每秒最多调用次数"),
    "Limits.concurrency": ("", "同时进行的调用数上限"),
    "Limits.daily_calls": ("", "每日调用上限（配额），从 zone 时区的零点起算"),
    "Limits.reserve_urgent": ("", "为紧急任务保留的配额比例"),
    "Limits.timeout": ("", "单次调用最长等待时间"),
    "Entity.entity": ("Name of this kind of business object", "业务实体的名称"),
    "Entity.extends": (
        "The ready entity, or one of your own, that this one starts from",
        "以哪个现成的（或自己的）实体为基础",
    ),
    "Entity.title": ("What people see, by language", "显示名称（按语言）"),
    "Entity.fields": (
        "The fields, in our terms; those of the extended entity come along",
        "字段；被继承实体的字段自动包含",
    ),
    "Entity.match": ("", "识别同一对象的精确键，最可靠的在前"),
    "Entity.on_delete": ("What becomes of it elsewhere when one system deletes it", "某一系统删除后，其他系统如何处理"),
    "Entity.deactivate": ("", "on_delete 为 deactivate 时写入的值，例如 active: false"),
    "Entity.parent": ("", "引用字段：其目标必须先存在"),
    "EntityField.type": ("Type of the value", "值的类型"),
    "EntityField.title": ("What people see, by language", "显示名称（按语言）"),
    "EntityField.pii": (
        "Class of personal data: decides who sees it and what logs show",
        "个人信息类别：决定谁可见、日志如何显示",
    ),
    "EntityField.required": ("A new object must have it", "新对象必须有值"),
    "EntityField.length": ("Most characters", "最多字符数"),
    "EntityField.scale": ("", "小数位数"),
    "EntityField.currency": ("", "金额：ISO 币种代码，或存放币种的字段名"),
    "EntityField.options": ("", "代码：允许的取值"),
    "EntityField.entity": ("", "引用：指向的实体"),
    "EntityField.lines": ("", "明细：每行的字段"),
    "EntityField.line_key": ("", "明细：用于识别一行的字段"),
    "EntityField.at_least": ("", "明细数量：不得小于该行的哪个字段，例如 shipped_quantity"),
    "EntityField.keep_while": ("", "明细：该字段大于 0 时不得删除此行"),
    "EntityField.owner": ("", "字段归属：哪个连接说了算"),
    "EntityField.on_foreign_edit": ("", "非归属方修改时：恢复或仅报告"),
    "EntityField.conflict": ("", "两个系统同时修改时的规则"),
    "EntityField.priority": ("", "规则为 priority 时：连接的先后顺序，最强的在前"),
    "OwnerWhen.owner": ("The connection that owns the field while the condition holds", "条件成立时的归属连接"),
    "OwnerWhen.when": ("", "对主数据取值的 CEL 条件，例如 status == 'confirmed'"),
    "Mapping.mapping": ("Name of this mapping", "映射的名称"),
    "Mapping.connection": ("The connection whose records are mapped", "被映射记录所在的连接"),
    "Mapping.object": (
        "The object (table, file, resource) there; 'hefu discover' lists them",
        "对方的对象（表、文件、资源）；用 hefu discover 查看",
    ),
    "Mapping.entity": ("What its records are in our terms", "对应的业务实体"),
    "Mapping.fields": ("Field by field", "逐个字段的对应关系"),
    "Mapping.create": ("", "允许在对方新建记录"),
    "Mapping.update": ("", "允许修改对方的记录"),
    "Mapping.delete": ("", "覆盖实体的 on_delete"),
    "Mapping.filter": ("", "对源记录的 CEL 条件；不符合的不处理"),
    "Mapping.out_filter": ("", "对主数据的 CEL 条件：哪些对象应存在于该系统"),
    "Mapping.token_field": ("", "对方可存放我方编号的字段，用于找回已新建的记录"),
    "Mapping.steps": ("", "写入后依次执行的状态操作（保存、提交、审核）"),
    "Mapping.reason": ("", "实体的字段：向其他系统说明本系统为何拒绝；接受后清空"),
    "Mapping.examples": ("", "示例，也是测试：hefu map test"),
    "Example.title": ("What this example shows", "示例说明"),
    "Example.record": ("A record as the system holds it", "系统中的一条记录"),
    "Example.golden": ("What it is in our terms", "转换后的取值"),
    "Example.back": ("", "写回时的取值；不写则不检查"),
    "FieldMap.field": ("", "实体的字段"),
    "FieldMap.from": ("", "系统的字段（可用点分路径）；也是写回的位置"),
    "FieldMap.direction": (
        "Read and write it, or only one of them, seen from the hub",
        "方向（从本系统看）：读写、只读入或只写出",
    ),
    "FieldMap.transform": ("", "从系统到我方的转换步骤；可逆的会自动反向"),
    "FieldMap.values": ("", "代码对照：系统的代码 -> 我方的值"),
    "FieldMap.values_default": ("", "未列出的代码取此值；不写则报错"),
    "FieldMap.expr_in": ("", "读入用的 CEL 表达式，代替 from/transform"),
    "FieldMap.expr_out": ("", "写出用的 CEL 表达式"),
    "FieldMap.blank": ("", "系统中的空文本表示什么"),
    "FieldMap.clear": ("", "我方为空时是否清空对方"),
    "FieldMap.lookup": ("", "引用：用哪个映射的对照关系翻译编号"),
    "FieldMap.lines": ("", "明细：每行的字段映射"),
    "Step.action": ("The status step, as the connector names it", "状态操作，连接器中的名称"),
    "Step.when": ("", "对主数据的 CEL 条件；成立时执行"),
    "Step.until": ("", "表示已完成的系统状态"),
    "Flow.flow": ("Name of this flow", "流程的名称"),
    "Flow.title": ("What people see, by language", "显示名称（按语言）"),
    "Flow.mappings": ("The mappings that are kept in step", "保持同步的映射"),
    "Flow.schedule": ("", "多久检查一次变化：30s、5m 或 cron 表达式"),
    "Flow.full_scan": ("", "何时全量比对（用于发现删除）"),
    "Flow.priority": ("Who goes first when calls are short", "调用额度紧张时的优先级"),
    "Flow.guard": ("When to stop and ask", "何时停下来询问"),
    "Flow.enabled": ("Set false to rest", "设为 false 则暂停"),
    "Guard.records": ("", "变更不超过此数量总是允许"),
    "Guard.share": ("", "占已知记录的比例；两个限度都超过则停止并询问"),
    "Guard.deletes": ("This many may always be deleted", "删除不超过此数量总是允许"),
    "Guard.delete_share": ("Of known records, like 'share'", "删除占已知记录的比例，用法同 share"),
    "Roles.roles": ("Roles by name", "角色（按名称）"),
    "Role.title": ("What people see, by language", "显示名称（按语言）"),
    "Role.actions": ("What it may do", "允许的操作"),
    "Role.hidden": ("", "该角色看不到的个人信息类别或“实体.字段”"),
    "Alerts.alerts": ("Alert rules by name", "告警规则（按名称）"),
    "Alert.on": ("What to tell of", "告警事件"),
    "Alert.to": ("Whom to tell: e-mail addresses or web hooks", "通知谁：邮箱或 Webhook"),
    "Alert.after": ("Only if it lasts longer than this", "持续超过此时间才通知"),
}
"""'Type.word' -> (English where the type itself has no description, Chinese)."""

CHOICES: dict[str, str] = {
    "Entity.on_delete": (
        "propagate: delete there, too 同步删除 | deactivate: set `deactivate` 停用 | ignore 忽略 | "
        "ask: a person decides 由人决定"
    ),
    "EntityField.conflict": (
        "manual: a person 人工 | latest: last change 最新 | priority: by list 按顺序 | union 合并 | "
        "max | min | append 追加"
    ),
    "EntityField.on_foreign_edit": "restore: write the owner's value back 恢复 | report: only tell 仅报告",
    "EntityField.pii": (
        "none | contact: reach someone 联系方式 | identity: papers 身份 | financial: money 财务 | sensitive 敏感"
    ),
    "FieldMap.direction": "both 双向 | in: read only 只读入 | out: write only 只写出",
    "FieldMap.blank": "null: no value 空值 | empty: an empty text 空文本 | ignore: says nothing 不处理",
}
"""What the choices mean."""
