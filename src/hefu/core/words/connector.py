"""Errors that any connector may raise."""

from hefu.core.words import Words

ERRORS = {
    "connector.read_only": Words(
        "{connection} does not allow writing {object}.",
        "{connection} 不允许写入 {object}。",
        "Remove the fields that write to it from the mapping, or use an account that may write.",
        "请在映射中去掉写入该对象的字段，或换用有写权限的账号。",
    ),
    "connector.no_action": Words(
        "{connection} has no step '{action}' on {object}.",
        "{connection} 的 {object} 没有操作“{action}”。",
        "Run 'hefu discover {connection}' to see the steps it has.",
        "运行 hefu discover {connection} 查看可用的操作。",
    ),
    "connector.no_webhook": Words(
        "{connection} sends no webhooks that this connector understands.",
        "{connection} 不支持 Webhook 通知。",
        "Use a schedule instead.",
        "请改用定时同步。",
    ),
}
