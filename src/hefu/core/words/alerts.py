"""What can go wrong when people are told: channels, robots, mail servers."""

from hefu.core.words import Words

_AGAIN = "It is tried again by itself for a day."
_AGAIN_ZH = "系统会在一天内自动重试。"

ERRORS = {
    "alert.refused": Words(
        "{channel} did not take the message: {said} (code {number}).",
        "{channel} 没有接受消息：{said}（代码 {number}）。",
        "Check its token, signing secret and keyword. " + _AGAIN,
        "请检查令牌、加签密钥和关键词。" + _AGAIN_ZH,
    ),
    "alert.later": Words(
        "{channel} takes no messages for the moment: {said} (code {number}).",
        "{channel} 暂时不接收消息：{said}（代码 {number}）。",
        _AGAIN,
        _AGAIN_ZH,
    ),
    "alert.status": Words(
        "{channel} answered with HTTP status {status}.",
        "{channel} 返回 HTTP 状态 {status}。",
        "Check the address of the channel. " + _AGAIN,
        "请检查该渠道的地址。" + _AGAIN_ZH,
    ),
    "alert.unknown_channel": Words(
        "'{recipient}' is neither a channel of the project nor an address that a mail channel could reach.",
        "“{recipient}”既不是项目中的通知渠道，也不是可送达的邮箱地址。",
        "See 'channels' in alerts.yaml; known: {known}.",
        "请查看 alerts.yaml 的 channels；可用：{known}。",
    ),
    "alert.unknown_rule": Words(
        "There is no alert rule '{rule}'.",
        "没有名为“{rule}”的告警规则。",
        "Known: {known}.",
        "可用：{known}。",
    ),
    "alert.span": Words(
        "'{given}' is no length of time.",
        "“{given}”不是时长。",
        "Write 30m, 2h or 1d.",
        "请写成 30m、2h 或 1d。",
    ),
    "alert.secret": Words(
        "The signing secret of {channel} is not whsec_ and 24 to 64 bytes in Base64.",
        "{channel} 的签名密钥不是 whsec_ 加 24 至 64 字节的 Base64。",
        "Make one: whsec_$(openssl rand -base64 32)",
        "可这样生成：whsec_$(openssl rand -base64 32)",
    ),
    "alert.no_apprise": Words(
        "{channel} needs the library apprise, which is not installed.",
        "{channel} 需要 apprise 库，尚未安装。",
        "Install it: pip install 'hefu[apprise]'",
        "请安装：pip install 'hefu[apprise]'",
    ),
    "alert.apprise_url": Words(
        "The address of {channel} is none that apprise may use.",
        "{channel} 的地址不是 apprise 可用的地址。",
        "See the list of its addresses; those that reach this very machine (file, syslog, dbus ...) are not allowed.",
        "请查看 apprise 支持的地址；访问本机的方式（file、syslog、dbus 等）不允许使用。",
    ),
    "mail.unreachable": Words(
        "{channel}: the mail server {host} cannot be reached: {reason}.",
        "{channel}：无法连接邮件服务器 {host}：{reason}。",
        "Check host, port and security of the channel. " + _AGAIN,
        "请检查该渠道的 host、port 和 security。" + _AGAIN_ZH,
    ),
    "mail.login": Words(
        "{channel}: the mail server refuses the login (status {status}).",
        "{channel}：邮件服务器拒绝登录（状态 {status}）。",
        "Check user and password; many providers want an authorisation code instead of the password.",
        "请检查用户名和密码；多数邮箱需要使用授权码而不是登录密码。",
    ),
    "mail.later": Words(
        "{channel}: the mail server takes no mail for the moment (status {status}).",
        "{channel}：邮件服务器暂时不接收邮件（状态 {status}）。",
        _AGAIN,
        _AGAIN_ZH,
    ),
    "mail.refused": Words(
        "{channel}: the mail server refuses the message (status {status}).",
        "{channel}：邮件服务器拒绝该邮件（状态 {status}）。",
        "Check the sender's and the readers' addresses.",
        "请检查发件人和收件人的地址。",
    ),
    "mail.in_clear": Words(
        "{channel}: mail to {host} would go over the public net unencrypted.",
        "{channel}：发往 {host} 的邮件会在公网上明文传输。",
        "Set security to tls or starttls.",
        "请将 security 设为 tls 或 starttls。",
    ),
}
