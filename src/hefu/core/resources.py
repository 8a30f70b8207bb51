"""Everything that can be allowed, by resource: rights are words "resource.action", and no others are known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Resource(NamedTuple):
    """What it is, and what can be done with it, each in both languages."""

    en: str
    zh: str
    actions: Mapping[str, tuple[str, str]]


_SEE = ("look at it", "查看")
_EDIT = ("change it", "修改")

RESOURCES: Mapping[str, Resource] = {
    "cockpit": Resource("Cockpit and figures", "驾驶舱与指标", {"see": _SEE}),
    "record": Resource(
        "Business objects with their trace",
        "主数据及其追踪",
        {
            "see": _SEE,
            "edit": _EDIT,
            "export": ("take values out in a file", "导出"),
            "unmask": ("see masked values, written into the audit log", "查看脱敏前的值（计入审计）"),
            "merge": ("merge two and part them again", "合并与拆分"),
            "undo": ("take a change back", "撤销修改"),
        },
    ),
    "issue": Resource(
        "Issues and conflicts",
        "异常与冲突",
        {
            "see": _SEE,
            "decide": ("settle, retry or skip", "处理、重试或忽略"),
            "assign": ("give it to somebody", "指派"),
        },
    ),
    "plan": Resource(
        "Plans",
        "计划",
        {
            "see": _SEE,
            "make": ("work out what would be written", "编制"),
            "approve": ("sign or reject", "批准或驳回"),
            "apply": ("write it", "执行"),
        },
    ),
    "connection": Resource(
        "Connected systems",
        "连接",
        {
            "see": _SEE,
            "edit": _EDIT,
            "test": ("try address and rights", "测试"),
            "pause": ("pause and resume", "暂停与恢复"),
        },
    ),
    "schema": Resource(
        "Objects and fields of systems", "对象与字段", {"see": _SEE, "discover": ("read them anew", "重新发现")}
    ),
    "mapping": Resource(
        "Mappings and value maps",
        "映射与值映射",
        {"see": _SEE, "edit": _EDIT, "preview": ("run it on real records", "用真实记录预览")},
    ),
    "project": Resource(
        "Project documents and their versions",
        "项目文档与版本",
        {"see": _SEE, "edit": ("change a draft", "修改草稿"), "publish": ("make a version current", "发布版本")},
    ),
    "flow": Resource(
        "Flows",
        "同步任务",
        {"see": _SEE, "run": ("run it now", "立即运行"), "pause": ("pause and resume", "暂停与恢复")},
    ),
    "run": Resource("Runs", "运行", {"see": _SEE}),
    "reconciliation": Resource(
        "Proof of agreement",
        "对账",
        {
            "see": _SEE,
            "run": ("read both systems and compare", "重读并核对"),
            "accept": ("accept a difference with a reason", "说明理由后接受差异"),
            "sign": ("sign the report", "签署报告"),
        },
    ),
    "migration": Resource(
        "Migration batches",
        "数据迁移",
        {
            "see": _SEE,
            "run": ("stage, check, load, verify", "暂存、检查、装载、核对"),
            "undo": ("take a batch back", "回退批次"),
        },
    ),
    "cutover": Resource(
        "Cutovers",
        "系统切换",
        {"see": _SEE, "run": ("carry out steps", "执行步骤"), "sign": ("sign steps and decide", "签字与决策")},
    ),
    "report": Resource("Reports", "报表", {"see": _SEE, "export": ("take it out in a file", "导出")}),
    "alert": Resource(
        "Alerts",
        "告警",
        {
            "see": _SEE,
            "silence": ("silence for a time", "静默"),
            "test": ("send a test message", "发送测试消息"),
        },
    ),
    "privacy": Resource(
        "Requests about personal data",
        "个人信息请求",
        {
            "see": _SEE,
            "export": ("hand out all about a person", "导出某人的全部信息"),
            "erase": ("erase a person", "删除某人"),
        },
    ),
    "backup": Resource(
        "Backups", "备份", {"see": _SEE, "make": ("make and verify", "创建与校验"), "restore": ("put back", "恢复")}
    ),
    "secret": Resource(
        "Sealed secrets (never their values)",
        "封存的密钥（从不显示值）",
        {
            "see": ("see their names", "查看名称"),
            "set": ("set or remove", "设置或删除"),
            "rotate": ("change the master key", "轮换主密钥"),
        },
    ),
    "setting": Resource("Settings of the hub", "系统设置", {"see": _SEE, "edit": _EDIT}),
    "user": Resource(
        "Accounts",
        "账号",
        {"see": _SEE, "edit": ("make, switch off, reset the password", "新建、停用、重置密码")},
    ),
    "session": Resource("Other people's sessions", "他人的会话", {"see": _SEE, "revoke": ("end them", "强制下线")}),
    "token": Resource(
        "API tokens",
        "API 令牌",
        {
            "own": ("make and revoke one's own", "创建与吊销自己的令牌"),
            "see": _SEE,
            "revoke": ("revoke anybody's", "吊销任何人的令牌"),
        },
    ),
    "role": Resource(
        "Roles in people's hands",
        "角色授权",
        {
            "see": _SEE,
            "edit": ("publish role documents, set the policies of accounts", "发布角色文档、设置账号策略"),
            "grant": ("give and take roles", "授予与收回"),
            "approve": ("agree to what another granted", "批准他人的授权"),
        },
    ),
    "audit": Resource(
        "Audit log",
        "审计日志",
        {"see": _SEE, "verify": ("check the chain", "校验链"), "export": ("take it out in a file", "导出")},
    ),
}

RIGHTS: frozenset[str] = frozenset(f"{name}.{action}" for name, one in RESOURCES.items() for action in one.actions)
"""Every right there is."""

HUB_WIDE: frozenset[str] = frozenset(
    right for right in RIGHTS
    if right.partition(".")[0] in ("user", "session", "role", "audit", "secret", "setting", "backup")
) | {"token.see", "token.revoke"}  # fmt: skip
"""Rights over the hub itself, which belongs to no organisation: a role held in some of them does not give these."""

DUTIES: Mapping[str, frozenset[str]] = {
    "system": frozenset(
        {
            "user.edit",
            "setting.edit",
            "backup.restore",
            "secret.set",
            "secret.rotate",
            "connection.edit",
            "project.publish",
        }
    ),
    "security": frozenset({"role.edit", "role.grant", "role.approve"}),
    "audit": frozenset({"audit.see", "audit.verify", "audit.export"}),
}
"""三员分立: duties that, once separated, no two of which may lie in one hand."""


DUTY: frozenset[str] = frozenset().union(*DUTIES.values())
"""All of them together."""


def duties(rights: frozenset[str]) -> list[str]:
    """Which of the three duties these rights touch."""
    return [name for name, part in DUTIES.items() if not part.isdisjoint(rights)]
