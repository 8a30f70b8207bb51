"""Errors about rights: what somebody may not do or see."""

from hefu.core.words import Words

ERRORS = {
    "right.missing": Words(
        "{who} has no right '{right}'.",
        "{who} 没有权限“{right}”。",
        "Ask whoever grants roles; 'hefu role list' shows which role has it.",
        "请联系授权人员；hefu role list 可查看哪些角色具有该权限。",
    ),
    "right.elsewhere": Words(
        "{who} has the right '{right}' for other organisations or departments, not for this record.",
        "{who} 的权限“{right}”仅限其他组织或部门，不包括此记录。",
        "Ask whoever grants roles to widen it, or somebody of that organisation to do it.",
        "请联系授权人员扩大范围，或由该组织的人员处理。",
    ),
    "right.field": Words(
        "{who} may not see {field} in every record, so it cannot be used to filter, sort or search.",
        "{who} 无权查看所有记录的 {field}，因此不能用它筛选、排序或搜索。",
        "Use a field that you see, or ask whoever grants roles.",
        "请改用可见的字段，或联系授权人员。",
    ),
}
