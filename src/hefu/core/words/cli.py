"""Errors of the command line itself."""

from hefu.core.words import Words

ERRORS = {
    "cli.flow_off": Words(
        "The flow '{name}' is switched off (`enabled: false`).",
        "同步任务“{name}”已停用（`enabled: false`）。",
        "Set `enabled: true` in flows/{name}.yaml first.",
        "请先在 flows/{name}.yaml 中设置 `enabled: true`。",
    ),
    "cli.no_flow": Words(
        "The project has no flow '{name}'. It has: {known}.",
        "项目中没有流程“{name}”。现有流程：{known}。",
        "Correct the name after --flow.",
        "请更正 --flow 后的名称。",
    ),
    "cli.worker_needs_postgresql": Words(
        "The store {store} is SQLite, which one process works on alone.",
        "数据库 {store} 是 SQLite，只能由一个进程使用。",
        "Use 'hefu run', or 'hefu db move postgresql://...' first and then any number of workers.",
        "请使用 hefu run；或先用 hefu db move 迁移到 PostgreSQL，再启动多个工作进程。",
    ),
    "cli.nothing_found": Words(
        "No record fits '{what}'.",
        "没有与“{what}”匹配的记录。",
        "Try its id in either system, its credit code, or a word of its name.",
        "请尝试任一系统中的编号、统一社会信用代码或名称关键字。",
    ),
    "cli.not_one": Words(
        "'{what}' fits {count} records; one is needed.",
        "“{what}”匹配到 {count} 条记录，需要唯一一条。",
        "Run 'hefu trace {what}' and use the one-ID.",
        "请运行 hefu trace {what} 并使用统一编号。",
    ),
    "cli.undo_what": Words(
        "Say what is to be taken back: one record, or a run, a record's writes or a time window.",
        "请说明要撤销什么：一条记录，或一次运行、某记录的写入、一段时间。",
        "'hefu undo C001' takes back its last change; --run NUMBER (or --record, --since, --until) makes a plan.",
        "hefu undo C001 撤销其最近一次变更；hefu undo --run 编号（或 --record、--since、--until）编制撤销计划。",
    ),
    "cli.moment": Words(
        "'{given}' is not a moment.",
        "“{given}”不是有效的时刻。",
        "Write 2026-03-01 or 2026-03-01T08:00 (in the zone of the project's systems), with another zone as "
        "2026-03-01T08:00+08:00, or how long ago: 30m, 2h, 1d.",
        "请写 2026-03-01 或 2026-03-01T08:00（按项目各系统的时区），其他时区写作 2026-03-01T08:00+08:00，"
        "或多久之前：30m、2h、1d。",
    ),
    "cli.assignment": Words(
        "'{given}' is not field=value.",
        "“{given}”不是 字段=值 的格式。",
        "Write for example --set phone=13800000000.",
        "例如：--set phone=13800000000。",
    ),
    "cli.empty_secret": Words(
        "No value was given for the secret '{name}'.",
        "未提供密钥“{name}”的值。",
        "Type it at the prompt or pipe it in.",
        "请在提示处输入，或通过管道输入。",
    ),
    "cli.file_exists": Words(
        "{path} exists already and was left as it is.",
        "{path} 已存在，未做改动。",
        "Choose an empty folder, or remove it first.",
        "请选择空目录，或先删除它。",
    ),
    "cli.machine": Words(
        "This machine refused: {path}: {said}.",
        "本机拒绝了操作：{path}：{said}。",
        "Check that the place exists, that there is room, and that you may read and write there.",
        "请检查该位置是否存在、磁盘是否有空间，以及是否有读写权限。",
    ),
    "cli.no_mapping": Words(
        "The project has no mapping '{name}'. It has: {known}.",
        "项目中没有映射“{name}”。现有映射：{known}。",
        "Correct the name.",
        "请更正名称。",
    ),
    "web.port": Words(
        "The address {address} is taken or not allowed.",
        "地址 {address} 被占用或不可用。",
        "Choose another with --listen or HEFU_LISTEN.",
        "请用 --listen 或 HEFU_LISTEN 指定其他地址。",
    ),
    "pause.person": Words(
        "Stopped by {by}.",
        "由 {by} 暂停。",
        "'hefu resume' lets it go on.",
        "运行 hefu resume 恢复。",
    ),
    "cli.two_files": Words(
        "Both --left and --right are needed.",
        "需要同时提供 --left 和 --right。",
        "Name two files, or neither for the worked example.",
        "请指定两个文件；都不指定则生成示例项目。",
    ),
}
