"""Errors about secrets. None of them ever carries a value."""

from hefu.core.words import Words

ERRORS = {
    "secret.missing": Words(
        "{document} needs {secret}, which is not set or is empty.",
        "{document} 需要 {secret}，但它未设置或为空。",
        "Provide it: {how}",
        "请提供：{how}",
    ),
    "secret.file": Words(
        "{document} names the secret file {path}, which cannot be read: {reason}.",
        "{document} 引用的密钥文件 {path} 无法读取：{reason}。",
        "Let the hub's user read it; it holds the secret alone, as UTF-8 text.",
        "请让运行合符的用户有读取权限；文件只含该密钥，UTF-8 文本。",
    ),
    "secret.keyring_name": Words(
        "{document}: {secret} does not say which entry of the keyring.",
        "{document}：{secret} 没有指明钥匙串中的哪一项。",
        "Write ${{keyring:service/name}}.",
        "请写成 ${{keyring:服务/名称}}。",
    ),
    "secret.keyring": Words(
        "{document}: the keyring could not be asked for {secret}: {reason}.",
        "{document}：无法从钥匙串读取 {secret}：{reason}。",
        "Unlock it, or use ${{env:NAME}} or ${{file:/path}} on a machine without a desktop.",
        "请解锁钥匙串；没有桌面的机器请改用 ${{env:名称}} 或 ${{file:/路径}}。",
    ),
    "secret.master_key": Words(
        "{where} does not hold a master key.",
        "{where} 中没有有效的主密钥。",
        "A master key is 32 random bytes as base64: openssl rand -base64 32",
        "主密钥是 32 个随机字节的 base64 文本：openssl rand -base64 32",
    ),
    "secret.master_key_file": Words(
        "HEFU_MASTER_KEY_FILE names {path}, which cannot be read: {reason}.",
        "HEFU_MASTER_KEY_FILE 指向的 {path} 无法读取：{reason}。",
        "Put the file there, readable by the hub's user alone: openssl rand -base64 32 > {path}",
        "请在该处放置主密钥文件，仅运行合符的用户可读：openssl rand -base64 32 > {path}",
    ),
    "secret.no_master_key": Words(
        "The sealed secret {secret} cannot be opened: no master key is set.",
        "无法打开封存的密钥 {secret}：未设置主密钥。",
        "Set HEFU_MASTER_KEY_FILE (or HEFU_MASTER_KEY) to the key that sealed it.",
        "请将 HEFU_MASTER_KEY_FILE（或 HEFU_MASTER_KEY）设为封存时所用的主密钥。",
    ),
    "secret.wrong_key": Words(
        "The sealed secret {secret} was sealed with master key {key}, which is not at hand.",
        "密钥 {secret} 由主密钥 {key} 封存，而该主密钥不在手边。",
        "Add that key after the current one, separated by a comma, then run 'hefu key rotate'.",
        "请把该主密钥加在当前主密钥之后（逗号分隔），再运行 hefu key rotate。",
    ),
    "secret.tampered": Words(
        "The sealed secret {secret} is damaged, or belongs to another hub or another name.",
        "封存的密钥 {secret} 已损坏，或属于另一个合符实例或另一个名称。",
        "Set it again: hefu secret set {secret}",
        "请重新设置：hefu secret set {secret}",
    ),
    "secret.name": Words(
        "'{secret}' cannot be the name of a sealed secret.",
        "“{secret}”不能用作封存密钥的名称。",
        "Use up to 200 letters, digits and _ . / -, beginning with a letter, a digit or _.",
        "请使用至多 200 个字母、数字和 _ . / -，以字母、数字或 _ 开头。",
    ),
    "secret.empty": Words(
        "The secret {secret} would be empty.",
        "密钥 {secret} 的值为空。",
        "Type or pipe its value: hefu secret set {secret}",
        "请输入或通过管道传入它的值：hefu secret set {secret}",
    ),
    "secret.keys_elsewhere": Words(
        "The master key comes from HEFU_MASTER_KEY, where the hub cannot put a new one.",
        "主密钥来自环境变量 HEFU_MASTER_KEY，系统无法自行更换。",
        "Put a new key (hefu key new) before the old one, separated by a comma, start the hub's processes anew, and"
        " run 'hefu key rotate --wrap-only'.",
        "请将新密钥（hefu key new）放在旧密钥之前，用逗号分隔，重启各进程后运行 hefu key rotate --wrap-only。",
    ),
    "secret.key_in_use": Words(
        "The master key {key} still seals {count} secrets.",
        "主密钥 {key} 仍封存着 {count} 个密钥。",
        "Run 'hefu key rotate' first.",
        "请先运行 hefu key rotate。",
    ),
}
