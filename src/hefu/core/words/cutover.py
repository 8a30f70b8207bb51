"""Errors of cutovers, and what their checks have seen."""

from hefu.core.words import Words

_FOUND = ("Mend the cause, then take the step again.", "请排除原因后重新执行该步骤。")

ERRORS = {
    "cutover.unknown": Words(
        "The project has no cutover '{name}'. It has: {known}.",
        "项目中没有切换方案“{name}”。现有：{known}。",
        "Correct the name, or add cutovers/{name}.yaml and import the project.",
        "请更正名称，或新增 cutovers/{name}.yaml 并导入项目。",
    ),
    "cutover.none": Words(
        "No cutover is under way ({mode}).",
        "没有进行中的切换（{mode}）。",
        "Begin with 'hefu cutover rehearse' or 'hefu cutover start'.",
        "请先运行 hefu cutover rehearse 或 hefu cutover start。",
    ),
    "cutover.under_way": Words(
        "The cutover {name} ({mode}) is under way since {at}.",
        "切换 {name}（{mode}）自 {at} 起正在进行。",
        "Finish it or switch back first; 'hefu cutover status' shows it.",
        "请先完成或切回；运行 hefu cutover status 查看。",
    ),
    "cutover.not_due": Words(
        "The step '{step}' cannot be taken now. Due: {due}.",
        "步骤“{step}”现在不能执行。当前应执行：{due}。",
        "Finish what stands before it, or take the decision it waits for.",
        "请先完成前面的步骤，或先作出它所等待的决定。",
    ),
    "cutover.reason": Words(
        "'{step}' needs a reason.",
        "“{step}”需要说明原因。",
        "Give it with --note.",
        "请用 --note 说明。",
    ),
    "cutover.nobody": Words(
        "A decision needs the name of a person.",
        "决定须由具名人员作出。",
        "Give it with --by.",
        "请用 --by 指定。",
    ),
    "cutover.decided": Words(
        "The cutover {name} is '{state}' already.",
        "切换 {name} 已处于“{state}”状态。",
        "'hefu cutover status' shows what can be done.",
        "运行 hefu cutover status 查看可执行的操作。",
    ),
    "cutover.missing": Words(
        "There is no go without these steps: {steps}.",
        "以下步骤未通过，不得切换：{steps}。",
        "Take them until they pass, or decide no-go ('hefu cutover go --no').",
        "请执行到通过为止，或决定不切换（hefu cutover go --no）。",
    ),
    "cutover.against": Words(
        "The score is {points} of 100 and the threshold {threshold}: the decision is against the score.",
        "得分 {points}（满分 100），阈值 {threshold}：该决定与得分相反。",
        "Give the reason with --note; it goes to the journal.",
        "请用 --note 说明原因，将记入审计日志。",
    ),
    "cutover.not_sandboxed": Words(
        "A rehearsal of {name} would touch {connection}, which has no settings under 'rehearsal'.",
        "演练 {name} 会触及 {connection}，而方案的 rehearsal 中没有它的设置。",
        "Add rehearsal: {connection}: with the settings of its sandbox to cutovers/{name}.yaml.",
        "请在 cutovers/{name}.yaml 的 rehearsal 下为 {connection} 填写沙箱的设置。",
    ),
    "cutover.flow_stopped": Words(
        "The flow {flow} stands still: {why}.",
        "流程 {flow} 已停止：{why}。",
        "See 'hefu status'; resume it or agree to what it wants to do, then take the step again.",
        "请查看 hefu status，恢复流程或同意其变更，再重新执行该步骤。",
    ),
    "cutover.still_due": Words(
        "{count} records are still to be written.",
        "仍有 {count} 条记录待写入。",
        "See 'hefu status' for what they wait for, then take the step again.",
        "请查看 hefu status 了解原因，再重新执行该步骤。",
    ),
    "cutover.saw_reconciled": Words(
        "{pairs} pairs compared: {unexplained} unexplained differences (allowed {at_most}).",
        "比对 {pairs} 对：{unexplained} 处无法解释的差异（允许 {at_most}）。",
        *_FOUND,
    ),
    "cutover.saw_issues": Words(
        "{count} cases wait for a person (allowed {at_most}).", "{count} 个问题等待人工（允许 {at_most}）。", *_FOUND
    ),
    "cutover.saw_lag": Words(
        "{count} records due, the oldest for {seconds} s (allowed {within} s).",
        "{count} 条待写入，最早的已等待 {seconds} 秒（允许 {within} 秒）。",
        *_FOUND,
    ),
    "cutover.saw_paused": Words(
        "Stopped: {stopped}; still moving: {moving}.", "已暂停：{stopped}；仍在运行：{moving}。", *_FOUND
    ),
    "cutover.saw_running": Words(
        "Moving: {moving}; still stopped: {stopped}.", "运行中：{moving}；仍处于暂停：{stopped}。", *_FOUND
    ),
    "cutover.saw_migrated": Words(
        "{states}; {missing} records not loaded or different (allowed {at_most}).",
        "{states}；{missing} 条未装载或有差异（允许 {at_most}）。",
        *_FOUND,
    ),
    "cutover.saw_backup": Words(
        "Newest verified backup: {what} at {at} (at most {within} s old).",
        "最近一次已校验的备份：{what}，{at}（不得早于 {within} 秒前）。",
        *_FOUND,
    ),
}
