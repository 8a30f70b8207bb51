"""Errors about the audit log."""

from hefu.core.words import Words

ERRORS = {
    "audit.closed": Words(
        "The audit log is only added to; the database refused to change or delete rows of it.",
        "审计日志只能追加；数据库已拒绝修改或删除其中的行。",
        "Nothing is to be done; look who tried: hefu audit search",
        "无需处理；可查看是谁尝试：hefu audit search",
    ),
    "audit.broken": Words(
        "The audit chain is broken: row {row} does not fit, or is missing.",
        "审计链断裂：第 {row} 行不符或缺失。",
        "Somebody changed the database past the hub, or the key (journal.key) is another. Keep the database as it is,"
        " and compare with the newest backup.",
        "有人绕过系统修改了数据库，或密钥（journal.key）不同。请保持数据库原状，并与最新备份比对。",
    ),
    "audit.write": Words(
        "The history of the write {write} is gone, or says something else than the audit log.",
        "写入 {write} 的历史记录缺失，或与审计日志不符。",
        "Somebody changed the database past the hub. Keep it as it is, and compare with the newest backup.",
        "有人绕过系统修改了数据库。请保持原状，并与最新备份比对。",
    ),
    "audit.unanchored": Words(
        "The audit chain is not the one that was anchored at {at}: row {row} is missing or another.",
        "审计链与 {at} 的锚定不一致：第 {row} 行缺失或不同。",
        "The log was cut or written anew since. Keep the database as it is, and compare with the newest backup.",
        "此后日志被截断或重写。请保持数据库原状，并与最新备份比对。",
    ),
    "audit.anchor": Words(
        "{file}:{line} is no anchor of an audit chain.",
        "{file}:{line} 不是审计链的锚定记录。",
        "Give a file that 'hefu audit anchor' wrote.",
        "请提供由 hefu audit anchor 写入的文件。",
    ),
    "audit.lines": Words(
        "{file}:{line} is no row of an audit log.",
        "{file}:{line} 不是审计日志的行。",
        "Give a file that 'hefu audit export' wrote.",
        "请提供由 hefu audit export 写入的文件。",
    ),
}
