"""Errors of looking a connector up by its name."""

from hefu.core.words import Words

ERRORS = {
    "connectors.unknown": Words(
        "There is no connector '{name}'; did you mean '{nearest}'? (There are: {known}.)",
        "没有名为“{name}”的连接器；您是否想用“{nearest}”？（现有：{known}）",
        "Correct the word after 'connector:', or install the package that brings it.",
        "请更正 connector: 后的名称，或安装提供该连接器的软件包。",
    ),
    "connectors.needs": Words(
        "The connector '{name}' needs '{needs}', which is not installed.",
        "连接器“{name}”需要“{needs}”，但尚未安装。",
        "Install it beside the hub; the manual's page of the connector names the extra.",
        "请在本系统旁安装；该连接器的手册页列出了所需的附加组件。",
    ),
    "connectors.none_inside": Words(
        "What is installed under the name '{name}' is no connector.",
        "以“{name}”为名安装的内容不是连接器。",
        "A module needs CONNECTOR, an entry point must name a class derived from Connector.",
        "模块须有 CONNECTOR，入口点须指向 Connector 的子类。",
    ),
}
