"""Where a company's Jiandaoyun is, and which of its forms the hub works with, under which names."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, SecretStr

from hefu.core.connector import Settings, setting


class FormSettings(BaseModel):
    """One form, as an object of the hub."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    app: str = setting(..., "Id of the app (24 hex digits)", "应用 ID（24 位十六进制）", pattern="^[0-9a-f]{24}$")
    form: str = setting(..., "Id of the form (24 hex digits)", "表单 ID（24 位十六进制）", pattern="^[0-9a-f]{24}$")
    label: str = setting("", "Name to show", "显示名称")
    fields: dict[str, str] = setting(
        {},
        "Names of your own for fields: name -> widget id, sub-fields as subform.widget id. Such a name stays when a "
        "designer changes an alias",
        "自定义字段名：名称 -> 字段 ID，子字段写作 子表单.字段 ID。设计者修改别名后该名称不变",
    )
    key: list[str] = setting(
        [],
        "Fields that find a record. The form's own uniqueness rules do not bind the API, so the hub looks before it "
        "creates",
        "能找到记录的字段。表单自身的唯一性规则对 API 无效，因此新建前先查找",
    )
    token_field: str = setting(
        "",
        "A text field for the hub's own id (the surest way to find a record again)",
        "保存本系统编号的文本字段（最可靠的找回方式）",
    )
    required: list[str] = setting(
        [], "Fields that must not be empty: the API does not check this", "不可为空的字段：API 不校验必填"
    )
    dates: list[str] = setting(
        [],
        "Date fields without a time of day; the API does not say which ones are",
        "只有日期、没有时间的日期字段；API 不说明是哪些",
    )
    references: dict[str, str] = setting(
        {}, "Linked-data field -> object that it points to", "关联数据字段 -> 所指对象"
    )


class JiandaoyunSettings(Settings):
    """Where it is, and who we are."""

    url: str = setting(
        "https://api.jiandaoyun.com/api",
        "Address of the API; international edition: https://api.jodoo.com/api; a private deployment has its own",
        "API 地址；国际版为 https://api.jodoo.com/api；私有部署为自己的地址",
        pattern=r"^https?://[^?#]+$",
    )
    api_key: SecretStr = setting(..., "API key with the apps in its scope", "API Key（授权范围须包含相关应用）")
    forms: dict[str, FormSettings] = setting(
        {},
        "Object name -> form. Empty: every form that the key can see, named APP/FORM by its ids",
        "对象名 -> 表单。为空时为密钥可见的全部表单，以“应用 ID/表单 ID”命名",
    )
    names: str = setting(
        "widget",
        "How fields without a name of yours are called: widget (by id, which never changes) or alias (the "
        "designer's alias where there is one)",
        "未自定义名称的字段如何称呼：widget（字段 ID，永不改变）或 alias（有别名时用别名）",
        pattern="^(widget|alias)$",
    )
    creator: str = setting(
        "", "User name recorded as creator; default: the company's founder", "记录为提交人的成员编号；默认为企业创建者"
    )
    start_workflow: bool = setting(False, "New records start the form's workflow", "新建记录时发起流程")
    start_trigger: bool = setting(
        False,
        "Writes start the form's automations; then every record takes a call of its own",
        "写入时触发智能助手；此时每条记录单独调用",
    )
    batch_update: bool = setting(
        True,
        "Records that get equal values are changed together, 100 a call",
        "取值相同的修改合并提交，每次 100 条",
    )
    webhook_secret: SecretStr = setting(
        SecretStr(""), "Secret of the data push that points at the hub", "指向本系统的数据推送密钥"
    )
    webhook_window: int = setting(
        300, "Oldest push that is taken, in seconds", "可接受的最早推送（秒）", ge=10, le=86400
    )
    calls_per_second: int = setting(
        50,
        "Calls a second that the company may make in all; each endpoint's own limit is kept besides",
        "企业每秒总调用上限；各接口自身的限制另行遵守",
        ge=1,
        le=50,
    )
