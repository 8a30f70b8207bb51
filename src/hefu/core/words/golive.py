"""What the checklist before switching on has found, one code per line of it, and what is still to do."""

from hefu.core.words import Words

_DONE = ("Nothing is left to do here.", "此项无需再处理。")

ERRORS = {
    "golive.connections": Words(
        "{done} of {count} systems were reached with their present settings.",
        "{count} 个系统中有 {done} 个以当前设置测试成功。",
        "Test the others; where a test fails, it says why.",
        "请测试其余系统；测试失败时会说明原因。",
    ),
    "golive.rights": Words(
        "{people} people have accounts; some duties are in nobody's hands yet.",
        "已有 {people} 个账号；部分职责尚无人承担。",
        "Give these rights to somebody by a role; who approves must be a second person where two must agree.",
        "请通过角色把这些权限授予相应人员；需要双人确认时，批准人须为另一人。",
    ),
    "golive.rights_done": Words(
        "Issues, approvals, stops and the audit log are in the hands of {people} people.",
        "异常处理、批准、暂停和审计均已有人负责（共 {people} 人）。",
        *_DONE,
    ),
    "golive.mappings": Words(
        "{done} of {count} mappings come out as their examples say.",
        "{count} 个映射中有 {done} 个与其示例一致。",
        "Add examples to the mappings that have none, and correct those that come out otherwise.",
        "请为没有示例的映射补充示例，并修正结果不符的映射。",
    ),
    "golive.rehearsal": Words(
        "The cutover {cutover} was rehearsed on the sandbox.",
        "切换方案 {cutover} 已在沙箱上演练。",
        *_DONE,
    ),
    "golive.dry_run": Words(
        "All that would be written was worked out: {writes} records.",
        "已完整试算将要写入的内容：{writes} 条记录。",
        *_DONE,
    ),
    "golive.no_rehearsal": Words(
        "Nothing was rehearsed yet with the present documents.",
        "尚未用当前文档做过试跑或演练。",
        "Make a plan, or rehearse the cutover: it works everything out and writes nothing to the real systems.",
        "请编制计划或演练切换：完整计算，但不写入真实系统。",
    ),
    "golive.plan": Words(
        "The plan was signed by {who}.",
        "计划已由 {who} 批准。",
        *_DONE,
    ),
    "golive.plan_waits": Words(
        "A plan waits for a signature: {writes} records would be written.",
        "有计划待批准：将写入 {writes} 条记录。",
        "Look at it record by record, then sign or reject it.",
        "请逐条查看后批准或驳回。",
    ),
    "golive.no_plan": Words(
        "No plan was signed yet.",
        "尚无已批准的计划。",
        "Make a plan, look at it, and let it be signed.",
        "请编制计划、查看并批准。",
    ),
    "golive.backup": Words(
        "The newest backup that was verified is whole: {what}.",
        "最近一次备份已通过校验：{what}。",
        "Make a backup and verify it; one that is older than a day does not count.",
        "请创建备份并校验；超过一天的备份不算。",
    ),
    "golive.no_backup": Words(
        "No backup was made and verified yet.",
        "尚无经过校验的备份。",
        "Make a backup and verify it.",
        "请创建备份并校验。",
    ),
    "golive.alerts": Words(
        "{count} rules say when to tell whom.",
        "已设置 {count} 条告警规则。",
        "Write rules that tell somebody of stops, refusals and conflicts.",
        "请设置规则，在暂停、拒绝和冲突时通知负责人。",
    ),
    "golive.reconciliation": Words(
        "{count} differences without an explanation.",
        "{count} 项差异无法解释。",
        "Settle or accept the differences, then compare again.",
        "请处理或说明理由接受差异，然后重新对账。",
    ),
    "golive.never_compared": Words(
        "The two books were never compared.",
        "两边账目尚未核对过。",
        "Compare now: it reads both systems again and writes nothing.",
        "请立即对账：重新读取两边数据，不做任何写入。",
    ),
}
