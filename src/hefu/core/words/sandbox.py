"""Errors of the sandboxes' commands."""

from hefu.core.words import Words

ERRORS = {
    "demo.pair": Words(
        "There is no pair '{given}' to show. There are: {known}.",
        "没有可演示的系统组合“{given}”。现有：{known}。",
        "Without --pair the first one is shown.",
        "不指定 --pair 时演示第一个组合。",
    ),
    "sandbox.unknown": Words(
        "There is no sandbox '{name}'. There are: {known}.",
        "没有名为“{name}”的沙盒。现有：{known}。",
        "'hefu sandbox list' tells what each one imitates.",
        "运行 hefu sandbox list 查看各沙盒模拟的系统。",
    ),
    "sandbox.port": Words(
        "The sandbox '{name}' does not get its port: {said}.",
        "沙盒“{name}”无法使用端口：{said}。",
        "Stop what listens there, or give another one: --port {name}=0 takes any free one.",
        "请停止占用该端口的程序，或另选端口：--port {name}=0 表示任意空闲端口。",
    ),
    "sandbox.port_words": Words(
        "'{given}' is no port for a sandbox.",
        "“{given}”不是有效的沙盒端口写法。",
        "Write NAME=PORT, for instance --port kingdee=8801.",
        "请写作 名称=端口，例如 --port kingdee=8801。",
    ),
    "sandbox.refused": Words(
        "The sandbox at {url} did not do that: {said}",
        "位于 {url} 的沙盒未执行该操作：{said}",
        "Is the address right, and is the sandbox up? 'hefu sandbox list' names the kinds of fault.",
        "请检查地址以及沙盒是否已启动；hefu sandbox list 会列出可用的故障类型。",
    ),
}
