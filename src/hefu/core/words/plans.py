"""Errors around plans: who may agree to what, and what may be applied."""

from hefu.core.words import Words

ERRORS = {
    "plan.unknown": Words(
        "There is no plan '{id}'.",
        "没有计划“{id}”。",
        "Run 'hefu plan list'.",
        "请运行 hefu plan list。",
    ),
    "plan.expired": Words(
        "Plan {id} was valid until {at}.",
        "计划 {id} 的有效期已于 {at} 结束。",
        "Make a new one with 'hefu plan': the systems have moved on since.",
        "请用 hefu plan 重新编制，期间数据可能已变化。",
    ),
    "plan.state": Words(
        "Plan {id} is {state}; it would have to be: {wanted}.",
        "计划 {id} 的状态为 {state}，需要的状态：{wanted}。",
        "Look with 'hefu plan show {id}', or make a new one.",
        "请用 hefu plan show {id} 查看，或重新编制。",
    ),
    "plan.not_approved": Words(
        "Nobody has approved plan {id} yet.",
        "计划 {id} 尚未批准。",
        "Run 'hefu plan approve {id} --by NAME'.",
        "请运行 hefu plan approve {id} --by 姓名。",
    ),
    "plan.four_eyes": Words(
        "Plan {id} writes {writes} records: somebody other than its author {author} must approve it.",
        "计划 {id} 将写入 {writes} 条记录，须由编制人 {author} 以外的人批准。",
        "Let a colleague run 'hefu plan approve {id} --by NAME'; the size is 'four_eyes' of the flow's 'approval'.",
        "请由同事运行 hefu plan approve {id} --by 姓名；限额为流程 approval 的 four_eyes。",
    ),
    "plan.nobody": Words(
        "A plan needs the name of the person who makes or approves it.",
        "计划需要编制人或批准人的姓名。",
        "Give it after --by.",
        "请用 --by 提供姓名。",
    ),
    "plan.altered": Words(
        "Plan {id} is not what was made or signed: it was altered in the database, or signed with another key.",
        "计划 {id} 与编制或签署时不一致：数据库内容被改动，或签名密钥不同。",
        "Do not apply it. Find out who has access to the database, and make a new plan.",
        "请勿执行。请查明谁能访问数据库，并重新编制计划。",
    ),
    "plan.version": Words(
        "Plan {id} was made under version {made} of the project; now it is {now}.",
        "计划 {id} 依据项目版本 {made} 编制，现为 {now}。",
        "Make a new plan: the same records may mean other writes now.",
        "请重新编制计划：同样的记录现在可能产生不同的写入。",
    ),
    "plan.restored": Words(
        "The hub was restored from a backup and has not read {mapping} since.",
        "系统已从备份恢复，尚未重新读取 {mapping}。",
        "Let its flow run once: what happened in the systems meanwhile is merged first.",
        "请先运行一次其同步任务：期间各系统中的变化会先行合并。",
    ),
    "plan.not_read": Words(
        "{mapping} cannot be read now, so plan {id} does not go on; what was written so far stands.",
        "目前无法读取 {mapping}，计划 {id} 暂停；已写入的内容有效。",
        "'hefu status' says why. Remove the cause, then run 'hefu apply {id}' again: nothing is written twice.",
        "hefu status 会说明原因。排除后再次运行 hefu apply {id}，不会重复写入。",
    ),
    "plan.applying": Words(
        "Plan {id} is being applied; the flow goes on when that is done.",
        "正在执行计划 {id}，完成后流程自动继续。",
        "Wait. If the process that applied it died, run 'hefu apply {id}' again.",
        "请稍候。若执行进程已中断，请再次运行 hefu apply {id}。",
    ),
    "draft.unknown": Words(
        "Nothing is being drafted for mapping '{mapping}'.",
        "映射“{mapping}”没有草稿。",
        "Change it in the mapper and save, or look at GET /mapping-drafts.",
        "请在映射界面修改并保存，或查看 GET /mapping-drafts。",
    ),
    "draft.same": Words(
        "The draft of mapping '{mapping}' says what is in effect already.",
        "映射“{mapping}”的草稿与现行内容相同。",
        "Change something first, or discard the draft.",
        "请先修改，或放弃该草稿。",
    ),
    "draft.behind": Words(
        "{file} was published by somebody else since the draft of mapping '{mapping}' was begun (version {base}).",
        "自映射“{mapping}”的草稿开始（版本 {base}）以来，{file} 已被他人发布。",
        "Look at the differences, then save the draft again on top of the present version, or discard it.",
        "请查看差异，再以当前版本为基础重新保存草稿，或放弃草稿。",
    ),
    "draft.wrong": Words(
        "The draft of mapping '{mapping}' has {count} error(s), the first at {place}: {said}",
        "映射“{mapping}”的草稿有 {count} 处错误，第一处在 {place}：{said}",
        "Correct it in the mapper; the list of problems leads to each place.",
        "请在映射界面更正；问题清单会指向每一处。",
    ),
    "undo.no_writes": Words(
        "The hub wrote nothing in this scope: {scope}.",
        "此范围内没有任何写入：{scope}。",
        "Widen it; 'hefu trace' shows the writes of a record, 'hefu status --json' the last runs.",
        "请扩大范围；hefu trace 可查看记录的写入，hefu status --json 可查看最近的运行。",
    ),
    "undo.no_run": Words(
        "There is no run and no applied plan '{id}'.",
        "没有运行或已执行的计划“{id}”。",
        "Find it with 'hefu status --json' (runs) or 'hefu plan list'.",
        "请用 hefu status --json（runs）或 hefu plan list 查找。",
    ),
}

KINDS = {
    "create": ("create", "新建"),
    "update": ("update", "修改"),
    "delete": ("delete", "删除"),
    "action": ("step", "步骤"),
    "golden": ("agreed value", "统一值"),
    "restore": ("put back", "恢复原值"),
    "remove": ("remove", "移除新建"),
    "left": ("left alone", "保持不变"),
}
"""What an entry does, as people call it: (English, Chinese)."""

STATES = {
    "draft": ("draft", "草稿"),
    "approved": ("approved", "已批准"),
    "applying": ("applying", "执行中"),
    "applied": ("applied", "已执行"),
    "partly_applied": ("partly applied", "部分执行"),
    "expired": ("expired", "已过期"),
    "rejected": ("rejected", "已否决"),
    "planned": ("planned", "待执行"),
    "writing": ("under way", "写入中"),
    "written": ("written", "已写入"),
    "changed": ("changed since", "之后被修改"),
    "refused": ("refused by the system", "被系统拒绝"),
    "settled": ("nothing to do any more", "已无需写入"),
    "left": ("left alone", "保持不变"),
}
"""How a plan or an entry stands, as people call it."""


LEFT = {
    "changed": ("somebody changed it since", "之后有人修改"),
    "gone": ("its record is gone", "记录已不存在"),
    "cannot_delete": ("its system deletes nothing", "该系统不支持删除"),
    "inactive": ("its mapping is not in use", "映射未启用"),
    "outcome": ("the outcome of a write is not known yet", "有写入结果尚未确定"),
    "no_way_back": ("its system knows no way back from this step", "该系统无法撤回此步骤"),
    "moved_on": ("the document went on since", "单据状态已继续推进"),
    "still_due": ("the step would be taken again at once, for its condition holds", "条件仍成立，撤回后会立即重新执行"),
}
"""Why an undo leaves something alone, as people call it."""
