"""Ready roles: for the people of screens and desks, and the three separated administrators (三员分立).

A project may use them as they are, extend them (`extends: [steward]`), or replace one by a document of its name.
"""

from __future__ import annotations

from collections.abc import Mapping

from hefu.core.project import Role, See
from hefu.core.resources import RESOURCES

_LOOK = ("cockpit", "record", "issue", "plan", "connection", "schema", "mapping", "project", "flow", "run",
         "reconciliation", "migration", "cutover", "report", "alert")  # fmt: skip
_SEPARATED = ("system_admin", "security_admin", "audit_admin")
_BUSINESS = ("business_manager", "steward", "operator", "admin", "auditor")


def _role(
    name: str, en: str, zh: str, may: dict[str, list[str]], see: Mapping[str, See] | None = None, *edit: str
) -> Role:
    others = [one for one in (*_SEPARATED, *_BUSINESS) if one != name] if name in _SEPARATED else []
    return Role(role=name, title={"en": en, "zh": zh}, may=may, see=dict(see or {}), edit=list(edit), apart=others)


def _looking(*more: tuple[str, list[str]]) -> dict[str, list[str]]:
    may: dict[str, list[str]] = {name: ["see"] for name in _LOOK} | {"token": ["own"]}
    for resource, actions in more:
        may[resource] = [*may.get(resource, []), *actions]
    return may


PRESETS: Mapping[str, Role] = {
    role.role: role
    for role in (
        _role(
            "business_manager",
            "Business manager",
            "业务负责人",
            _looking(
                ("plan", ["approve"]),
                ("reconciliation", ["run", "accept", "sign"]),
                ("cutover", ["sign"]),
                ("issue", ["assign"]),
                ("report", ["export"]),
                ("record", ["export"]),
            ),
            {"none": "seen", "contact": "seen", "financial": "seen", "identity": "masked"},
        ),
        _role(
            "steward",
            "Data steward",
            "数据管理员",
            _looking(
                ("record", ["edit", "merge", "undo", "unmask", "export"]),
                ("issue", ["decide", "assign"]),
                ("mapping", ["preview"]),
                ("plan", ["make"]),
                ("reconciliation", ["run", "accept"]),
                ("privacy", ["see", "export"]),
            ),
            {"none": "seen", "contact": "seen", "financial": "seen", "identity": "masked", "unmapped": "masked"},
            "none",
            "contact",
            "financial",
        ),
        _role(
            "operator",
            "Operator",
            "运维人员",
            _looking(
                ("connection", ["edit", "test", "pause"]),
                ("schema", ["discover"]),
                ("mapping", ["edit", "preview"]),
                ("project", ["edit", "publish"]),
                ("flow", ["run", "pause"]),
                ("plan", ["make", "apply"]),
                ("issue", ["decide", "assign"]),
                ("reconciliation", ["run"]),
                ("migration", ["run", "undo"]),
                ("cutover", ["run"]),
                ("backup", ["see", "make"]),
                ("secret", ["see", "set"]),
                ("alert", ["silence", "test"]),
            ),
            {"none": "seen", "contact": "masked", "financial": "masked", "identity": "masked", "unmapped": "masked"},
        ),
        _role(
            "admin",
            "Administrator",
            "管理员",
            {name: list(one.actions) for name, one in RESOURCES.items()},
            {
                "none": "seen",
                "contact": "seen",
                "financial": "seen",
                "identity": "seen",
                "sensitive": "seen",
                "unmapped": "seen",
            },
            "none",
            "contact",
            "financial",
            "identity",
            "sensitive",
        ),
        _role(
            "auditor",
            "Auditor",
            "审计人员",
            _looking(
                ("audit", ["see", "verify", "export"]),
                ("user", ["see"]),
                ("role", ["see"]),
                ("session", ["see"]),
                ("token", ["see"]),
                ("report", ["export"]),
            ),
            {"none": "seen", "financial": "seen", "contact": "masked", "identity": "masked"},
        ),
        _role(
            "system_admin",
            "System administrator",
            "系统管理员",
            {
                "cockpit": ["see"],
                "connection": ["see", "edit", "test", "pause"],
                "project": ["see", "edit", "publish"],
                "flow": ["see", "run", "pause"],
                "run": ["see"],
                "alert": ["see", "silence", "test"],
                "backup": ["see", "make", "restore"],
                "secret": ["see", "set", "rotate"],
                "setting": ["see", "edit"],
                "user": ["see", "edit"],
                "session": ["see", "revoke"],
            },
        ),
        _role(
            "security_admin",
            "Security administrator",
            "安全管理员",
            {
                "user": ["see"],
                "role": ["see", "edit", "grant", "approve"],
                "session": ["see", "revoke"],
                "token": ["see", "revoke"],
                "project": ["see", "edit"],
                "privacy": ["see", "erase"],
            },
        ),
        _role(
            "audit_admin",
            "Audit administrator",
            "审计管理员",
            {
                "audit": ["see", "verify", "export"],
                "user": ["see"],
                "role": ["see"],
                "session": ["see"],
                "token": ["see"],
            },
        ),
    )
}
"""Name -> ready role."""
