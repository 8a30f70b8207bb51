"""What a Kingdee connection is told: where the site is, who asks, and what differs from one tenant to the next."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import SecretStr, model_validator

from hefu.core.connector import Settings, setting


class KingdeeForm(Settings):
    """One more form to offer."""

    key: str = setting(
        "FNumber",
        "Field with the number that finds a record: FNumber, or FBillNo for a bill",
        "用于查找记录的编码字段：FNumber，单据为 FBillNo",
    )
    primary: str = setting(
        "",
        "Field with the internal id, where it is not the one that the metadata name",
        "内码字段；留空则采用元数据中的主键",
    )
    lines: str = setting("", "Key of the entity that holds the lines", "明细所在单据体的标识")
    fields: list[str] = setting(
        [],
        "Fields to offer; empty: number, name, status, dates and the tenant's own (F_...)",
        "提供的字段；留空则为编码、名称、状态、日期和自定义字段（F_…）",
    )


class KingdeeSettings(Settings):
    """Where the site is, who we are, and the tenant's own ways."""

    url: str = setting(
        ...,
        "Address of the site, as in the browser: https://erp.example.com/k3cloud/",
        "站点地址，与浏览器中相同：https://erp.example.com/k3cloud/",
        pattern=r"^https?://[^?#]+$",
    )
    account: str = setting(..., "Id of the data centre", "数据中心（账套）ID")
    user: str = setting(..., "Name of the integration user", "集成用户名")
    login: Literal["signature", "signed", "app_secret", "password"] = setting(
        "signature",
        "signature: every call is signed, no session; the others log in and hold a session",
        "signature：每次调用签名，不占会话；其余方式先登录并保持会话",
    )
    app_id: str = setting(
        "",
        "AppID of the registered integration (not for login: password)",
        "第三方系统登录授权的 AppID（password 方式不需要）",
    )
    app_secret: SecretStr = setting(SecretStr(""), "Its AppSecret", "对应的 AppSecret")
    password: SecretStr = setting(
        SecretStr(""), "The user's password, for login: password alone", "用户密码，仅用于 password 方式"
    )
    language: Literal[2052, 1033, 3076] = setting(
        2052,
        "Language of names and messages: 2052, 1033 (English), 3076 (traditional Chinese)",
        "名称和信息的语言：2052 简体、1033 英文、3076 繁体",
    )
    organisation: str = setting(
        "",
        "Number of the organisation to work in and to make new records in; empty: the user's own",
        "集成用户工作及新建记录所属的组织编码；留空为用户默认组织",
    )
    forms: dict[str, KingdeeForm] = setting(
        {}, "More forms to offer: {FormId: ...}", "额外提供的业务对象：{FormId: ...}"
    )
    fields: dict[str, list[str]] = setting(
        {},
        "More fields of the ready forms: {FormId: [field]}; the tenant's own (F_...) are there already",
        "现成对象的更多字段：{FormId: [字段]}；自定义字段（F_…）已自动包含",
    )
    defaults: dict[str, dict[str, Any]] = setting(
        {},
        "Values of new records that no mapping gives: {FormId: {field: value}}",
        "新建记录时的默认值：{FormId: {字段: 值}}",
    )
    token_field: dict[str, str] = setting(
        {"AR_RECEIVEBILL": "FTHIRDBILLNO"},
        "Text field in which the hub leaves its own id: {FormId: field}; without one the number is the key",
        "保存本系统编号的文本字段：{FormId: 字段}；未设置时以编码为键",
    )
    line_field: dict[str, str] = setting(
        {"SAL_SaleOrder": "FEntryNote"},
        "Text field of a line in which the other system's line key is kept: {FormId: field}",
        "明细行中保存对方行号的文本字段：{FormId: 字段}",
    )
    number_keys: dict[str, str] = setting(
        {"BOS_BillType": "FNUMBER"},
        "Spelling of the number inside a reference, by the form that it points to; others: FNumber",
        "引用值中编码键的写法（按所引用的对象）；其余为 FNumber",
    )
    reopen: list[str] = setting(
        [],
        "Forms whose approved records the hub may reopen, change and approve again",
        "允许系统反审核、修改后再审核的对象",
    )
    rules: dict[str, str] = setting(
        {},
        "Conversion rule by step, where the tenant's default is not wanted: {FormId.step: RuleId}",
        "下推所用的转换规则：{FormId.操作: RuleId}；未设置时用系统默认规则",
    )
    after_push: Literal["stop", "submit", "approve"] = setting(
        "stop", "What becomes of a document made by a push", "下推生成的单据如何处理：停留、提交、审核"
    )
    allocate: dict[str, list[str]] = setting(
        {},
        "Organisations (numbers) to which the step `allocate` distributes base data: {FormId: [number]}",
        "allocate 操作分配到的组织编码：{FormId: [编码]}",
    )
    prompts: list[str] = setting(
        [],
        "Prompts that the hub may confirm by itself, such as STK_InvCheckResult (negative stock)",
        "允许系统自动确认的交互提示，如 STK_InvCheckResult（负库存）",
    )
    follow: bool = setting(
        True,
        "A document counts as changed when one made from it has changed (its progress figures move unseen)",
        "下游单据变化时，上游单据视为已变化（其执行数量变化不更新修改日期）",
    )
    text_length: int = setting(
        255,
        "Longest text that a field takes (the metadata do not tell); a longer one is reported",
        "文本字段的最大长度（元数据中没有）；超长的值在调用前即报告",
        ge=1,
    )
    page: int = setting(2000, "Rows in one query", "每次查询的行数", ge=10, le=10000)
    batch: int = setting(100, "Records in one BatchSave", "每次批量保存的记录数", ge=1, le=500)
    throttle: float = setting(
        30.0,
        "Seconds to rest when the site says that its call limit is reached",
        "站点提示达到调用上限时等待的秒数",
        gt=0,
    )
    ca_file: str | None = setting(
        None, "PEM file of the company's own certification authority", "企业自有 CA 的 PEM 文件"
    )

    @model_validator(mode="after")
    def _complete(self) -> KingdeeSettings:
        if self.login == "password":
            if not self.password.get_secret_value():
                raise ValueError("login: password needs 'password'")
        elif not (self.app_id and self.app_secret.get_secret_value()):
            raise ValueError(f"login: {self.login} needs 'app_id' and 'app_secret'")
        return self
