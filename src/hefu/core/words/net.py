"""Errors of the way out: addresses, TLS, time limits, the call budget."""

from hefu.core.words import Words

_SHOWN = "Nothing was changed there; it is tried again by itself."
_SHOWN_ZH = "对方没有任何改动，系统会自动重试。"

ERRORS = {
    "net.bad_url": Words(
        "{connection}: '{url}' is not a web address that the hub may call.",
        "{connection}：“{url}”不是可以访问的网址。",
        "Write it as https://host/path, without user name, spaces or backslashes.",
        "请写成 https://主机/路径，不含用户名、空格和反斜杠。",
    ),
    "net.not_listed": Words(
        "{connection} may not call {host}:{port}, since that address is not written in the connection.",
        "{connection} 不能访问 {host}:{port}，因为连接设置里没有写这个地址。",
        "If it belongs to the system, add its URL to the connection's settings.",
        "如果它属于该系统，请把它的 URL 加进连接设置。",
    ),
    "net.address_refused": Words(
        "{connection}: {url} leads to {address}, an address that is never called (link-local, cloud metadata ...).",
        "{connection}：{url} 指向 {address}，该地址一律禁止访问（链路本地、云元数据等）。",
        "Check the host name and its DNS entry.",
        "请检查主机名及其 DNS 记录。",
    ),
    "net.plain_http": Words(
        "{connection}: {url} would send data unencrypted over the public net.",
        "{connection}：{url} 会在公网上明文传输数据。",
        "Use https://; plain http is for addresses inside the company only.",
        "请使用 https://，http 只能用于公司内网地址。",
    ),
    "net.redirects": Words(
        "{connection}: {url} redirects more than three times.",
        "{connection}：{url} 重定向超过三次。",
        "Open the address in a browser and write the final one into the connection.",
        "请在浏览器中打开，把最终地址写进连接设置。",
    ),
    "net.bad_header": Words(
        "{connection}: header {header} holds a line break or another character that HTTP forbids.",
        "{connection}：请求头 {header} 含有换行等 HTTP 不允许的字符。",
        "Check the secret or setting it is made from: often a line feed at the end of a file.",
        "请检查对应的密钥或设置，常见原因是文件末尾多了换行。",
    ),
    "net.no_ca_file": Words(
        "{connection}: the CA file '{file}' does not exist.",
        "{connection}：CA 证书文件“{file}”不存在。",
        "Correct ca_file, or remove it to use the operating system's certificates.",
        "请更正 ca_file；删去则使用操作系统的证书。",
    ),
    "net.tls": Words(
        "{connection}: no trusted encrypted connection to {url}: {reason}",
        "{connection}：无法与 {url} 建立可信的加密连接：{reason}",
        "Renew the certificate there, or name the company's own CA in ca_file. Checking cannot be switched off.",
        "请更新对方证书，或用 ca_file 指定公司自己的 CA。证书校验不能关闭。",
    ),
    "net.unknown_host": Words(
        "{connection}: the name {host} cannot be found.",
        "{connection}：找不到主机 {host}。",
        "Check the spelling and this machine's DNS. " + _SHOWN,
        "请检查拼写和本机 DNS。" + _SHOWN_ZH,
    ),
    "net.unreachable": Words(
        "{connection}: {url} cannot be reached: {reason}",
        "{connection}：无法连接 {url}：{reason}",
        "Is the system running, and do firewalls let this machine through? " + _SHOWN,
        "请确认系统已启动、防火墙放行。" + _SHOWN_ZH,
    ),
    "net.no_answer": Words(
        "{connection}: {url} took the request but did not answer within {seconds} s.",
        "{connection}：{url} 收到请求，但 {seconds} 秒内没有应答。",
        "The hub looks what became of it before it writes again. If it happens often, raise limits.timeout.",
        "系统会先查明结果再决定是否重写。若经常发生，请调大 limits.timeout。",
    ),
    "net.cut": Words(
        "{connection}: the connection to {url} broke before the whole answer was here: {reason}",
        "{connection}：与 {url} 的连接在应答完成前中断：{reason}",
        "The hub looks what became of it before it writes again.",
        "系统会先查明结果再决定是否重写。",
    ),
    "net.gateway": Words(
        "{connection}: a gateway before {url} answered {status}.",
        "{connection}：{url} 前面的网关返回 {status}。",
        "The system behind it is slow or down. The hub looks what became of a write before it writes again.",
        "后面的系统过慢或已停。系统会先查明结果再决定是否重写。",
    ),
    "net.too_large": Words(
        "{connection}: the answer of {url} is larger than {most} bytes.",
        "{connection}：{url} 的应答超过 {most} 字节。",
        "Use a smaller page size, or leave out fields that are not needed.",
        "请减小每页条数，或去掉不需要的字段。",
    ),
    "net.too_many": Words(
        "{connection}: {url} says that there were too many calls.",
        "{connection}：{url} 表示调用过于频繁。",
        "The hub waits and slows down by itself. Set limits.calls_per_second to what the system allows.",
        "系统会自动等待并放慢。请把 limits.calls_per_second 设为对方允许的值。",
    ),
    "net.unavailable": Words(
        "{connection}: {url} says that it is not available now.",
        "{connection}：{url} 表示暂时不可用。",
        _SHOWN,
        _SHOWN_ZH,
    ),
    "net.told_to_wait": Words(
        "{connection}: the next call may start in {seconds} s.",
        "{connection}：下一次调用要等 {seconds} 秒。",
        _SHOWN,
        _SHOWN_ZH,
    ),
    "net.busy": Words(
        "{connection}: all its calls are taken at present.",
        "{connection}：并发调用数已满。",
        _SHOWN + " If it happens often, raise limits.concurrency.",
        _SHOWN_ZH + "若经常发生，请调大 limits.concurrency。",
    ),
    "net.daily_quota": Words(
        "{connection}: today's {calls} calls are used up.",
        "{connection}：今天的 {calls} 次调用已用完。",
        "Work goes on when the day ends in the connection's zone. Raise limits.daily_calls if the system allows more.",
        "到连接所在时区的次日自动继续。若对方允许更多，请调大 limits.daily_calls。",
    ),
    "net.closed": Words(
        "{connection}: the hub is stopping.",
        "{connection}：服务正在停止。",
        _SHOWN,
        _SHOWN_ZH,
    ),
}
