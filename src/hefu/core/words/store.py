"""Errors of the hub's own database."""

from hefu.core.words import Words

ERRORS = {
    "store.in_use": Words(
        "Another hub (process {pid}) works on {store}.",
        "另一个合符进程（{pid}）正在使用 {store}。",
        "Stop it first, or move to PostgreSQL ('hefu db move') to run several workers.",
        "请先停止它；需要多个进程时请用 hefu db move 迁移到 PostgreSQL。",
    ),
    "store.wrong_url": Words(
        "The store's address {url} is neither SQLite nor PostgreSQL.",
        "数据库地址 {url} 既不是 SQLite 也不是 PostgreSQL。",
        "Set HEFU_STORE to sqlite:///path/hub.sqlite or postgresql+psycopg://user@host/name.",
        "请将 HEFU_STORE 设为 sqlite:///路径/hub.sqlite 或 postgresql+psycopg://用户@主机/库名。",
    ),
    "store.full": Words(
        "The disk of the hub's database is full: {said}. Nothing half-done was kept.",
        "合符数据库所在磁盘已满：{said}。没有保留任何半成品数据。",
        "Free some space; the hub continues where it was.",
        "请清理磁盘空间，之后会从原处继续。",
    ),
    "store.locked": Words(
        "The hub's database is locked by another program: {said}.",
        "合符数据库被其他程序锁定：{said}。",
        "Close the program that holds it; the hub tries again by itself.",
        "请关闭占用它的程序；系统会自动重试。",
    ),
    "store.raced": Words(
        "Two workers stored the same thing at the same moment: {said}. One of them was rolled back.",
        "两个工作进程同时写入了同一内容：{said}。其中一个已回滚。",
        "Nothing: it is done again by itself.",
        "无需处理：系统会自动重做。",
    ),
    "store.moved": Words(
        "This hub was moved to {to}; {store} is only the old copy.",
        "系统数据已迁移到 {to}；{store} 只是旧副本。",
        "Set HEFU_STORE to the new address. (To go back, remove the old copy and move the other way.)",
        "请将 HEFU_STORE 设为新地址。（如需迁回，请先删除旧副本再反向迁移。）",
    ),
    "store.busy": Words(
        "{workers} workers are at work on this store.",
        "有 {workers} 个工作进程正在使用该数据库。",
        "Stop them ('hefu run', 'hefu worker'), wait half a minute, then move.",
        "请先停止 hefu run 和 hefu worker，等待半分钟后再迁移。",
    ),
    "store.denied": Words(
        "The hub's database refuses us: {said}.",
        "合符数据库拒绝访问：{said}。",
        "Check user, password and rights in HEFU_STORE (it needs to create tables in its own database).",
        "请检查 HEFU_STORE 中的用户、密码和权限（需要在自己的库中建表）。",
    ),
    "store.unreadable": Words(
        "The hub's database cannot be opened: {said}.",
        "无法打开合符数据库：{said}。",
        "Check that the path exists and is a Hefu store; restore a backup if the file is damaged.",
        "请检查路径是否存在且为合符数据库；文件损坏时请恢复备份。",
    ),
    "store.unreachable": Words(
        "The hub's database cannot be reached: {said}.",
        "无法连接合符数据库：{said}。",
        "Start the database server or correct HEFU_STORE; the hub tries again by itself.",
        "请启动数据库服务或更正 HEFU_STORE；系统会自动重试。",
    ),
    "store.broken": Words(
        "The hub's database answered unexpectedly: {said}.",
        "合符数据库返回了意外错误：{said}。",
        "Run 'hefu db check' and report this with its output.",
        "请运行 hefu db check 并附上输出报告此问题。",
    ),
    "store.newer": Words(
        "The store {store} was written by a newer version of Hefu (revision {revision}).",
        "数据库 {store} 由更新版本的合符写入（版本 {revision}）。",
        "Install that version or newer; this one did not touch the store.",
        "请安装该版本或更新版本；当前版本没有改动数据库。",
    ),
    "store.no_project": Words(
        "The hub has no project yet.",
        "系统中还没有项目。",
        "Run 'hefu init' and then 'hefu project import'.",
        "请先运行 hefu init，再运行 hefu project import。",
    ),
    "store.lost_lease": Words(
        "Worker {worker} lost its lease on the work it was doing; another one continues.",
        "工作进程 {worker} 已失去租约，其他进程会接手。",
        "Nothing: open writes are looked up before they are repeated. If it happens often, lengthen the lease.",
        "无需处理：未确认的写入会先查证再重试。若经常出现请延长租约。",
    ),
    "store.not_empty": Words(
        "The target database already holds rows in '{table}'.",
        "目标数据库的表“{table}”中已有数据。",
        "Use an empty database; 'hefu backup restore --replace' gives up what is there.",
        "请使用空数据库；hefu backup restore --replace 会覆盖现有数据。",
    ),
    "backup.exists": Words(
        "{file} exists already and was left as it is.",
        "{file} 已存在，未做改动。",
        "Choose another name.",
        "请换一个文件名。",
    ),
    "backup.unwritable": Words(
        "The backup {file} cannot be written: {said}. Nothing of it was left behind.",
        "无法写入备份 {file}：{said}。没有留下任何半成品文件。",
        "Free some space or choose another place, and make it again.",
        "请清理磁盘空间或换一个位置，然后重新备份。",
    ),
    "backup.unreadable": Words(
        "The backup {file} cannot be read: {said}.",
        "无法读取备份 {file}：{said}。",
        "Check the path and your rights.",
        "请检查路径和权限。",
    ),
    "backup.no_key": Words(
        "There is no key to encrypt with.",
        "没有可用的加密密钥。",
        "Set HEFU_MASTER_KEY, or name a passphrase: --passphrase '${{env:NAME}}'.",
        "请设置 HEFU_MASTER_KEY，或使用 --passphrase '${{env:NAME}}' 指定口令。",
    ),
    "backup.not_one": Words(
        "{file} is not a backup of Hefu.",
        "{file} 不是合符的备份文件。",
        "Name a file that 'hefu backup create' wrote.",
        "请指定由 hefu backup create 生成的文件。",
    ),
    "backup.truncated": Words(
        "The backup {file} is cut off: its end is missing. Nothing was changed.",
        "备份 {file} 不完整，缺少结尾。未做任何更改。",
        "Copy it again in full, or use another backup.",
        "请重新完整复制，或使用其他备份。",
    ),
    "backup.damaged": Words(
        "The backup {file} was altered or damaged after it was written. Nothing was changed.",
        "备份 {file} 在生成后被改动或损坏。未做任何更改。",
        "Copy it again from where it was made, or use another backup.",
        "请从原处重新复制，或使用其他备份。",
    ),
    "backup.wrong_key": Words(
        "The backup {file} was sealed with the master key {key}, which is not at hand.",
        "备份 {file} 使用主密钥 {key} 加密，本机没有该密钥。",
        "Put that key into HEFU_MASTER_KEY or master.key (several keys may stand there, separated by commas).",
        "请将该密钥放入 HEFU_MASTER_KEY 或 master.key（可用逗号分隔多个密钥）。",
    ),
    "backup.wants_passphrase": Words(
        "The backup {file} was sealed with a passphrase.",
        "备份 {file} 使用口令加密。",
        "Name where it stands: --passphrase '${{env:NAME}}'.",
        "请指定口令所在位置：--passphrase '${{env:NAME}}'。",
    ),
    "backup.wrong_passphrase": Words(
        "The passphrase does not open the backup {file}, or the file's head is damaged.",
        "口令无法打开备份 {file}，或文件头已损坏。",
        "Check the passphrase; then copy the file again.",
        "请检查口令；仍不行请重新复制文件。",
    ),
    "backup.newer": Words(
        "The backup {file} is of a newer version of Hefu (revision {revision}).",
        "备份 {file} 由更新版本的合符生成（版本 {revision}）。",
        "Install that version or newer, then restore.",
        "请安装该版本或更新版本后再恢复。",
    ),
}
