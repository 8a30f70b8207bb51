"""Where a Salesforce org is, how the hub logs in, and which objects it works with."""

from __future__ import annotations

from decimal import Decimal

from pydantic import BaseModel, ConfigDict, SecretStr

from hefu.core.connector import Settings, setting

COMMON = [
    "Account",
    "Contact",
    "Product2",
    "Pricebook2",
    "PricebookEntry",
    "Opportunity",
    "Order",
    "Contract",
]
"""Objects that are discovered where the settings name none."""

LINES = {
    "Order": "OrderItem.OrderId",
    "Opportunity": "OpportunityLineItem.OpportunityId",
}
"""Object -> object of its lines, and the field of these that names the header."""


class ObjectSettings(BaseModel):
    """One object, where the usual does not fit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    external_id: str = setting(
        "",
        "External-id field (unique) that carries a number of your own, such as the ERP's customer number: then a "
        "create with the same number is the same record",
        "承载贵方编号（如 ERP 客户编号）的外部 ID 字段（唯一）：相同编号的新建即为同一条记录",
    )
    lines: str | None = setting(
        None,
        "Lines, as OBJECT.FIELD (OrderItem.OrderId); empty: none. Default: those of Order and Opportunity",
        "明细，写作 对象.字段（OrderItem.OrderId）；为空则无。默认 Order 与 Opportunity 自带",
    )
    fields: list[str] = setting([], "Only these fields; default: all", "仅使用这些字段；默认全部")
    leave_out: list[str] = setting([], "All fields but these", "不使用这些字段")
    where: str = setting("", "Only records for which this SOQL condition holds", "仅限满足此 SOQL 条件的记录")


class SalesforceSettings(Settings):
    """Where it is, who we are, and how much we may ask."""

    url: str = setting(
        "https://login.salesforce.com",
        "Where to log in: the org's My Domain, login.salesforce.com or test.salesforce.com (not for client "
        "credentials), or the login host of an org in China",
        "登录地址：组织的 My Domain，或 login.salesforce.com、test.salesforce.com（客户端凭证除外），"
        "或中国区组织的登录地址",
        pattern=r"^https?://[^/?#]+/?$",
    )
    instance_url: str = setting(
        "",
        "Where the data are, if elsewhere than 'url': https://NAME.my.salesforce.com. Tokens are sent nowhere else",
        "数据所在地址（与 url 不同时填写）：https://NAME.my.salesforce.com。令牌不会发往其他主机",
        pattern=r"^(https?://[^/?#]+/?)?$",
    )
    version: str = setting("60.0", "API version", "API 版本", pattern=r"^\d{2,3}\.0$")
    flow: str = setting(
        "client_credentials",
        "How to log in: client_credentials, jwt or refresh_token",
        "登录方式：client_credentials、jwt 或 refresh_token",
        pattern="^(client_credentials|jwt|refresh_token)$",
    )
    client_id: str = setting(..., "Consumer key of the connected app", "已连接应用的 Consumer Key")
    client_secret: SecretStr = setting(SecretStr(""), "Consumer secret", "Consumer Secret")
    username: str = setting("", "User to act as (jwt)", "代表的用户（jwt）")
    private_key: SecretStr = setting(
        SecretStr(""), "Private key of the app's certificate, PEM (jwt)", "应用证书的私钥，PEM（jwt）"
    )
    audience: str = setting(
        "",
        "Audience of the JWT; default: 'url' where it is login or test, else https://login.salesforce.com",
        "JWT 的 aud；默认：url 为 login 或 test 时用 url，否则 https://login.salesforce.com",
    )
    refresh_token: SecretStr = setting(
        SecretStr(""),
        "Refresh token (refresh_token); rotation must be off in the app",
        "刷新令牌（refresh_token）；应用须关闭令牌轮换",
    )
    token_field: str = setting(
        "HubKey__c",
        "Custom text field, External ID and Unique, for the hub's own id; objects without it need 'external_id'",
        "保存本系统编号的自定义文本字段（外部 ID、唯一）；没有该字段的对象须设 external_id",
    )
    objects: dict[str, ObjectSettings] = setting(
        {}, "Objects to work with; default: the usual ones of sales", "使用的对象；默认为常用销售对象"
    )
    page: int = setting(2000, "Records in one page of a query", "查询每页记录数", ge=200, le=2000)
    overlap: int = setting(
        600,
        "Seconds that a reading of changes looks back: transactions commit later than their stamp",
        "读取变更时回看的秒数：事务提交晚于其时间戳",
        ge=0,
        le=86400,
    )
    bulk_above: int = setting(
        2000, "Writes in one go from which Bulk API 2.0 is used", "一次写入达到该条数时使用 Bulk API 2.0", ge=1
    )
    bulk_read_above: int = setting(
        20000, "Records from which a full read uses Bulk API 2.0", "全量读取达到该条数时使用 Bulk API 2.0", ge=1
    )
    bulk_minutes: int = setting(30, "Longest wait for a bulk job", "批量作业最长等待（分钟）", ge=1, le=720)
    share: Decimal = setting(
        Decimal("0.8"),
        "Share of the org's daily calls (all programs together) after which only urgent work goes on",
        "组织当日调用量（所有程序合计）达到该比例后，仅处理紧急工作",
        gt=0,
        le=1,
    )
    allow_duplicates: bool = setting(
        False,
        "Save although a duplicate rule of the kind 'alert' warns",
        "即使“警告”类重复规则提示也保存",
    )
    assignment_rules: bool = setting(True, "New records run the org's assignment rules", "新记录执行组织的分配规则")
    activated: str = setting("Activated", "Status value that activates an order or contract", "激活订单或合同的状态值")
