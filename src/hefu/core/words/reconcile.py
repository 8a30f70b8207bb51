"""Errors of a reconciliation and its reports, and the words for why two records differ."""

from hefu.core.words import Words

ERRORS = {
    "reconcile.no_pair": Words(
        "Nothing can be compared: of {mappings} no two map one entity.",
        "没有可比对的内容：{mappings} 中没有两个映射对应同一实体。",
        "Name two mappings of one entity, or put both into enabled flows.",
        "请指定同一实体的两个映射，或将两者加入已启用的流程。",
    ),
    "reconcile.nothing_shared": Words(
        "{left} and {right} have no field that both can be read for.",
        "{left} 与 {right} 没有双方都能读取的字段。",
        "Map at least one field of the entity in both, not only outwards.",
        "请在两个映射中至少映射一个可读取的共同字段。",
    ),
    "reconcile.not_ordered": Words(
        "{connection}/{object} cannot be read in the order of a key that both sides share.",
        "无法按双方共有的键顺序读取 {connection} 的 {object}。",
        "Leave --how out: then every record is read and compared.",
        "请去掉 --how：系统将逐条读取并比对。",
    ),
    "reconcile.not_joined": Words(
        "{left} and {right} are not tables of one database that one login may see, of equal types.",
        "{left} 与 {right} 不是同一数据库中同一账号可见、类型一致的表。",
        "Use --how walk, or leave it out.",
        "请使用 --how walk，或去掉该选项。",
    ),
    "reconcile.nothing_linked": Words(
        "No record of {mapping} is linked yet, so there is nothing to take a sample of.",
        "{mapping} 尚无已关联的记录，无法抽样。",
        "Compare everything, or run a first synchronisation.",
        "请做全量对账，或先完成首次同步。",
    ),
    "reconcile.choice": Words(
        "'{given}' is not a choice here; choices: {known}.",
        "“{given}”不是可选项；可选：{known}。",
        "Use one of the choices.",
        "请使用其中之一。",
    ),
    "reconcile.worker": Words(
        "A worker ended before its part was compared: {said}.",
        "一个工作进程未完成其部分即结束：{said}。",
        "Run it again; nothing was written anywhere.",
        "请重新运行；没有写入任何数据。",
    ),
    "report.format": Words(
        "'{path}' is no report that can be made; its name must end in .html, .xlsx or .pdf.",
        "无法生成“{path}”；文件名须以 .html、.xlsx 或 .pdf 结尾。",
        "Correct the ending.",
        "请更正扩展名。",
    ),
    "report.needs": Words(
        "PDF reports need a library that is not installed: {needs}.",
        "生成 PDF 报告需要尚未安装的库：{needs}。",
        "Install it with: pip install 'hefu[reports]'. HTML and Excel need nothing.",
        "请运行 pip install 'hefu[reports]' 安装。HTML 与 Excel 无需额外安装。",
    ),
    "report.unsigned": Words(
        "{path} carries no signature of a hub.",
        "{path} 没有签名。",
        "Ask for the file as the hub wrote it; opening and saving it in another program takes the signature away.",
        "请使用系统导出的原始文件；用其他程序另存会丢失签名。",
    ),
    "report.altered": Words(
        "{path} was altered after it was signed.",
        "{path} 在签名后被修改过。",
        "Do not rely on it; ask for the file as the hub wrote it.",
        "请勿采信，并索取系统导出的原始文件。",
    ),
    "report.stranger": Words(
        "{path} is whole, but it was signed by another key: {key}.",
        "{path} 内容完整，但由其他密钥签署：{key}。",
        "If you trust that hub, name its key with --key.",
        "若信任该系统，请用 --key 指定其公钥。",
    ),
}

KINDS = {
    "in_flight": ("in flight", "在途"),
    "conflict": ("waits for a person", "待人工处理"),
    "filtered": ("filtered", "已过滤"),
    "transformed": ("transformed", "转换差异"),
    "rounding": ("rounding", "舍入差异"),
    "drift": ("drift", "漂移"),
    "missing_left": ("missing on the left", "左侧缺失"),
    "missing_right": ("missing on the right", "右侧缺失"),
    "duplicate": ("duplicate", "重复"),
    "unexplained": ("unexplained", "无法解释"),
}
"""Class of a difference -> as shown."""

WHY = {
    "waits_for_person": ("a case about it is open", "有未结问题"),
    "refused": ("the system refused our write; it is parked", "系统拒绝写入，已搁置"),
    "owed": ("to be written by the hub", "系统即将写入"),
    "not_read_yet": ("changed just now; the next look takes it", "刚刚修改，下次读取即处理"),
    "mapping_changed": ("the mapping changed; it is read again next", "映射已变更，将重新读取"),
    "edited_unseen": ("edited in one system without the hub having seen it", "在某一系统中被修改而未被察觉"),
    "fewer_places": ("kept with fewer decimal places", "小数位较少"),
    "mapping": ("the mapping cannot say it exactly", "映射无法精确表达"),
    "rewritten": ("kept in the system's own way (case, width, length)", "按系统自身规则保存（大小写、全半角、长度）"),
    "line_numbers": ("the same line under another number", "同一行，行号不同"),
    "nothing_known": ("nothing that the hub knows explains it", "没有任何已知原因"),
    "filter_left": ("the left mapping's filter leaves it out", "被左侧映射的过滤条件排除"),
    "filter_right": ("the right mapping's filter leaves it out", "被右侧映射的过滤条件排除"),
    "not_wanted_there": ("the other mapping does not want it", "对方映射不需要该记录"),
    "to_be_created": ("to be created by the hub", "系统即将新建"),
    "to_be_deleted": ("to be deleted by the hub", "系统即将删除"),
    "delete_noticed": ("its deletion was noticed and is being looked into", "已发现删除，正在核实"),
    "no_counterpart": ("it has no counterpart there", "对方没有对应记录"),
    "same_key": ("another record of the same system has its key", "同一系统中有相同键的记录"),
    "unreadable": ("its values cannot be understood", "值无法识别"),
}
"""Why a difference has its class -> as shown."""

MEASURES = {
    "ordered": ("ordered", "订单"),
    "shipped": ("shipped", "发货"),
    "invoiced": ("invoiced", "开票"),
    "collected": ("collected", "收款"),
    "open": ("open", "未收"),
}
"""Measure of money -> as shown."""
