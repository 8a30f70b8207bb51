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
    "Entity.on_contradiction": (
        "",
        "最可靠的键一致而较弱的键矛盾时：以最可靠的键为准（strongest），或交由人工决定（ask）",
    ),
    "Entity.on_merge": ("", "某系统中两条记录被合并时：两个对象合为一个（join），或交由人工决定（ask）"),
    "Entity.retire_when": (
        "",
        "对被合并对象取值的 CEL 条件：成立时询问其余系统中的记录是否停用，例如 balance == '0'；不写则立即询问",
    ),
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
    "EntityField.rollup": ("", "由合符根据其他记录汇总得出；任何系统都不能修改"),
    "EntityField.derive": ("", "对本对象取值的 CEL 表达式，由合符计算；任何系统都不能修改"),
    "EntityField.forward": ("", "代码：options 按生命周期排列，状态不会倒退"),
    "EntityField.may_go_back": ("", "配合 forward：对本对象的 CEL 条件，成立时允许倒退"),
    "Rollup.over": ("", "被汇总的实体"),
    "Rollup.by": ("", "该实体中指向本对象的引用字段"),
    "Rollup.value": ("", "对该实体一条记录的 CEL 表达式；不写则每条计 1"),
    "Rollup.when": ("", "对该实体一条记录的 CEL 条件：仅汇总满足条件的记录"),
    "Rollup.split": ("", "按该字段的取值分项显示为文本，例如 'X1 1200; X2 800'"),
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
    "Flow.purpose": ("", "个人信息沿此流程传递的目的，用于处理活动记录"),
    "Flow.mappings": ("The mappings that are kept in step", "保持同步的映射"),
    "Flow.schedule": ("", "多久检查一次变化：30s、5m 或 cron 表达式"),
    "Flow.full_scan": ("", "何时全量比对（用于发现删除）"),
    "Flow.priority": ("Who goes first when calls are short", "调用额度紧张时的优先级"),
    "Flow.guard": ("When to stop and ask", "何时停下来询问"),
    "Flow.approval": ("Who must agree to a plan", "计划由谁批准"),
    "Approval.four_eyes": ("", "写入记录数超过此值的计划须由编制人以外的人批准"),
    "Approval.valid": ("", "计划自编制起的有效期"),
    "Flow.enabled": ("Set false to rest", "设为 false 则暂停"),
    "Guard.records": ("", "写入不超过此数量总是允许"),
    "Guard.share": ("", "占已知记录的比例；两个限度都超过则停止并询问"),
    "Guard.creates": ("", "新建不超过此数量总是允许；不写则只受 records 限制"),
    "Guard.create_share": ("", "新建占已知记录的比例，用法同 share"),
    "Guard.changes": ("", "修改不超过此数量总是允许；不写则只受 records 限制"),
    "Guard.change_share": ("", "修改占已知记录的比例，用法同 share"),
    "Guard.blanks": ("", "有值变为空的记录不超过此数量总是允许"),
    "Guard.blank_share": ("", "有值变为空的记录占已知记录的比例，用法同 share"),
    "Guard.deletes": ("This many may always be deleted", "删除不超过此数量总是允许"),
    "Guard.delete_share": ("Of known records, like 'share'", "删除占已知记录的比例，用法同 share"),
    "Guard.movement": ("", "单个金额最多可变动的幅度，相对原值：50%，或 9 表示变为十倍"),
    "Guard.movement_total": ("", "同一币种的所有金额变动（增减绝对值之和）的上限"),
    "Guard.canary": ("", "映射的新版本先试写的记录数；回读与所写一致后才继续其余记录"),
    "Cutover.cutover": ("Name of this runbook", "切换方案的名称"),
    "Cutover.title": ("What people see, by language", "显示名称（按语言）"),
    "Cutover.start": ("", "计划开始的时刻（含时区）"),
    "Cutover.flows": ("", "切回时先双向同步的流程，以免丢失任何修改"),
    "Cutover.threshold": ("", "满分 100，达到此分才建议切换"),
    "Cutover.steps": ("The steps, in order", "步骤，按顺序"),
    "Cutover.rehearsal": ("", "连接 -> 演练时不同的设置：沙箱的地址、账号等"),
    "CutoverStep.step": ("Name of the step", "步骤名称"),
    "CutoverStep.title": ("What people see, by language", "显示名称（按语言）"),
    "CutoverStep.owner": ("", "负责人姓名"),
    "CutoverStep.lasts": ("", "计划时长"),
    "CutoverStep.after": ("", "必须先完成的步骤；不写则为上一步"),
    "CutoverStep.do": ("", "由本系统执行的动作；不写则由人完成"),
    "CutoverStep.check": ("", "如何确认已完成；不写则由指定人员签字"),
    "CutoverStep.weight": ("", "在评分中的权重"),
    "CutoverStep.must": ("", "未通过则不得切换，无论得分多少"),
    "CutoverStep.after_go": ("", "决定切换之后才执行；不计入得分"),
    "CutoverStep.back": ("", "切回时如何撤回；不写则无需撤回"),
    "CutoverDo.pause": ("", "暂停 flow:x、mapping:x 或 connection:x"),
    "CutoverDo.resume": ("", "恢复"),
    "CutoverDo.sync": ("", "全量比对此流程，并写到没有待办为止"),
    "CutoverDo.migrate": ("", "源映射和目标映射：暂存、检查、装载并核对一个批次"),
    "CutoverCheck.kind": ("What is looked at", "检查内容"),
    "CutoverCheck.of": ("", "检查对象：流程、范围或目标映射，视种类而定"),
    "CutoverCheck.at_most": ("", "仍可接受的差异数、未决问题数或被拒记录数"),
    "CutoverCheck.within": ("", "用于 lag 和 backup：最多多久以前"),
    "CutoverBack.title": ("What people see, by language", "显示名称（按语言）"),
    "CutoverBack.do": ("What the hub does", "由本系统执行的动作"),
    "CutoverBack.check": ("How it is known to be done", "如何确认已完成"),
    "CutoverBack.lasts": ("How long it may take", "计划时长"),
    "Role.role": ("Name of this role", "角色的名称"),
    "Role.title": ("What people see, by language", "显示名称（按语言）"),
    "Role.extends": ("", "以这些角色（内置或自定义）的权限为基础"),
    "Role.may": ("", "资源 -> 操作，例如 issue: [see, decide]；未写即禁止"),
    "Role.see": (
        "",
        "个人信息类别、实体或“实体.字段” -> 如何显示；先看“实体.字段”，否则取实体与类别中较严的；均未提及则隐藏",
    ),
    "Role.edit": ("", "可以修改其取值的类别、实体或“实体.字段”（须可见）"),
    "Role.within": ("Which records it is about", "涉及哪些记录"),
    "Role.apart": ("", "不得与本角色由同一人兼任的角色"),
    "Within.organisations": ("", "仅限属于这些组织的记录；不写则不限"),
    "Within.departments": ("", "仅限 department 字段为这些取值的记录；不写则不限"),
    "Alerts.alerts": ("Alert rules by name", "告警规则（按名称）"),
    "Alerts.channels": ("Ways to reach people, by name", "通知渠道（按名称）"),
    "Alert.on": ("", "告警事件"),
    "Alert.connections": ("", "仅限这些连接"),
    "Alert.flows": ("", "仅限这些同步任务"),
    "Alert.after": (
        "",
        (
            "持续超过此时间才通知；backup 为没有更新的已校验备份的时长。不写时：late 15m、connection 2m、"
            "unknown_outcome 10m、backup 26h，其余立即通知"
        ),
    ),
    "Alert.at_least": ("", "达到此数量才通知：同一原因的待处理事项数、失败的运行次数"),
    "Alert.within": ("", "用于 failed：统计最近多长时间内开始的运行"),
    "Alert.owner": ("", "负责人：写在通知中；同一原因一小时内最多通知一次"),
    "Alert.to": ("", "通知谁：渠道名称或邮箱地址"),
    "Alert.again": ("", "持续期间再次提醒的间隔，至少一小时"),
    "Channel.kind": ("What carries the notice", "渠道类型"),
    "Channel.url": ("", "机器人或 Webhook 的地址，令牌写作 ${sealed:名称}；邮件不用"),
    "Channel.secret": ("", "机器人的加签密钥或 Webhook 的签名密钥，写作 ${sealed:名称}"),
    "Channel.keyword": ("", "机器人要求每条消息包含的关键词"),
    "Channel.host": ("", "邮件服务器"),
    "Channel.port": ("", "邮件服务器端口；不写则 tls 为 465，starttls 为 587，none 为 25"),
    "Channel.security": ("", "邮件的加密方式；none 仅限内网"),
    "Channel.user": ("", "邮件登录名；为空则不登录"),
    "Channel.password": ("", "邮件密码或授权码，写作 ${sealed:名称}"),
    "Channel.sender": ("", "发件人地址"),
    "Channel.to": ("", "规则以名称指定此邮件渠道时的收件人"),
    "Channel.ca_file": ("", "企业自有证书机构的 PEM 文件"),
    "Channel.language": ("", "通知的语言"),
    "Privacy.privacy": ("", "各类历史记录的保留天数"),
    "Keep.deliveries": ("", "已完结写入的取值（写入本身仍计数）"),
    "Keep.images": ("", "写入前系统中的原值、计划中的快照、已结束迁移的记录"),
    "Keep.runs": ("", "运行及其计数"),
    "Keep.plans": ("", "已结束计划的逐条内容（规模与批准人保留）"),
    "Keep.cases": ("", "已关闭的冲突、死信等异常"),
    "Keep.jobs": ("", "后台任务及其结果"),
}
"""'Type.word' -> (English where the type itself has no description, Chinese)."""

CHOICES: dict[str, str] = {
    "Alert.on": (
        "conflict 冲突 | rejected: refused by a system 被系统拒绝 | duplicate 疑似重复 | deleted 被删除 | "
        "delete_edit: deleted here, edited there 一边删除一边修改 | drift: a system's fields changed 结构变化 | "
        "unreadable 无法读取 | unresolved: a reference that leads nowhere 引用找不到 | "
        "loss: a value cut short 数据截断 | unknown_outcome: written or not? 写入结果未知 | "
        "flood: stopped by a limit 超过上限而停止 | paused: anything that is stopped 已暂停 | "
        "connection: a system is down 连接中断 | late: a flow is behind 同步滞后 | failed: runs that failed 运行失败 | "
        "plan: waits for approval 计划待批准 | "
        "difference: the last reconciliation found some 对账有差异 | backup: none is young enough 备份过旧"
    ),
    "Channel.kind": (
        "dingtalk 钉钉 | feishu: Feishu or Lark 飞书 | wecom 企业微信 | webhook: signed JSON 签名的 JSON | "
        "email 邮件 | apprise: any of its addresses (extra 'apprise') 其他渠道"
    ),
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
    "CutoverCheck.kind": (
        "confirm: a person signs 人工签字 | reconciled: both sides re-read, differences counted 重读并核对 | "
        "issues: what waits for a person 待处理问题 | lag: oldest work due 最早的待办 | paused 已暂停 | "
        "running 未暂停 | migrated: newest batch loaded and verified 批次已装载并核对 | "
        "backup: a verified backup 已校验的备份"
    ),
    "Role.see": (
        "seen 可见 | masked: shown as *** 脱敏 | hidden: not there at all 隐藏; classes 类别: none, contact, identity, "
        "financial, sensitive, unmapped (fields of a system that no mapping names 未映射字段)"
    ),
    "FieldMap.direction": "both 双向 | in: read only 只读入 | out: write only 只写出",
    "FieldMap.blank": "null: no value 空值 | empty: an empty text 空文本 | ignore: says nothing 不处理",
}
"""What the choices mean."""
