"""What a user says of an SAP system: which product, where, who we are, and what differs from the usual customising."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import SecretStr, model_validator

from hefu.core.connector import Settings, setting


class SapOAuth(Settings):
    """OAuth 2.0 client credentials of a communication arrangement."""

    token_url: str = setting(..., "Address that gives tokens", "获取令牌的地址", pattern=r"^https?://[^?#]+$")
    client_id: str = setting(..., "Client id", "客户端 ID")
    client_secret: SecretStr = setting(..., "Client secret", "客户端密钥")
    scope: str = setting("", "Scope to ask for, if the server wants one", "申请的 scope（如需要）")


class SapSettings(Settings):
    """One client of an SAP system, or one C4C tenant."""

    url: str = setting(
        ...,
        "Address without path: https://my300000-api.s4hana.cloud.sap",
        "不含路径的地址：https://my300000-api.s4hana.cloud.sap",
        pattern=r"^https?://[^/?#]+/?$",
    )
    product: Literal["s4", "c4c"] = setting(
        "s4",
        "s4: S/4HANA, on premise or cloud; c4c: SAP Cloud for Customer (Sales Cloud V1)",
        "s4：S/4HANA（本地或云）；c4c：SAP Cloud for Customer（Sales Cloud V1）",
    )
    odata: Literal["v2", "v4"] = setting(
        "v2",
        "v4: orders, billing documents and products by their OData V4 services, the rest by V2",
        "v4：订单、开票凭证和产品使用 OData V4 服务，其余使用 V2",
    )
    user: str = setting("", "Communication user", "通信用户")
    password: SecretStr = setting(SecretStr(""), "Its password", "通信用户的密码")
    oauth: SapOAuth | None = setting(
        None, "OAuth 2.0 client credentials instead of user and password", "以 OAuth 2.0 客户端凭证代替用户名和密码"
    )
    client: str = setting(
        "", "Client of an on-premise system, three digits", "本地系统的集团（三位数字）", pattern=r"^(\d{3})?$"
    )
    language: str = setting(
        "EN",
        "Language of SAP's messages, labels and units: EN, ZH",
        "SAP 消息、标签和单位的语言：EN、ZH",
        pattern=r"^[A-Z]{2}$",
    )
    zone: str = setting(
        "",
        "SAP's system time zone, in which its date and time pairs stand; empty: the connection's zone",
        "SAP 系统时区（日期与时间字段所用）；为空时使用连接的时区",
    )
    services: dict[str, list[str]] = setting(
        {},
        "Services to use instead of the usual ones, each with its entity sets: {name or /path: [set]}",
        "代替默认的服务及其实体集：{服务名或以 / 开头的路径: [实体集]}",
    )
    fields: dict[str, list[str]] = setting(
        {},
        "Only these fields of an object's header, to read less: {entity set: [property]}",
        "仅读取对象抬头的这些字段：{实体集: [属性]}",
    )
    lines: dict[str, list[str]] = setting(
        {},
        "More navigations to offer as lists of lines: {entity set: [navigation property]}",
        "额外作为明细行提供的导航属性：{实体集: [导航属性]}",
    )
    line_keys: dict[str, str] = setting(
        {},
        "Field of a line that holds the other system's line key; else SAP's item number: {set: property}",
        "明细行中保存对方行号的字段，默认使用 SAP 行项目号：{实体集: 属性}",
    )
    hub_id_fields: dict[str, str] = setting(
        {},
        "Field in which the hub leaves its own id, if another than usual; empty: none ({set: property})",
        "保存本系统编号的字段（与默认不同时填写）；为空表示不保存：{实体集: 属性}",
    )
    changed: dict[str, list[str]] = setting(
        {},
        "Fields that say when a record changed, if others than usual: {set: [Date+Time or DateTime]}",
        "表示变更时间的字段（与默认不同时填写）：{实体集: [日期+时间 或 日期时间]}",
    )
    defaults: dict[str, dict[str, Any]] = setting(
        {},
        "Parts of a new record that no mapping gives, as SAP takes them: {set: {property: value}}",
        "新建记录时由系统补充的内容（按 SAP 格式）：{实体集: {属性: 值}}",
    )
    tax_type: str = setting(
        "CN5",
        "Tax number type of the unified social credit code (depends on customising)",
        "统一社会信用代码的税号类别（取决于系统配置）",
    )
    price_condition: str = setting(
        "PPR0",
        "Condition type of a manual price of an order item; empty: prices are not offered",
        "订单行手工价格的条件类型；为空则不提供价格",
    )
    text_language: str = setting(
        "", "Language of product texts; empty: the language above", "产品描述的语言；为空时同上面的语言"
    )
    patch: Literal["PATCH", "MERGE"] = setting(
        "PATCH", "MERGE for Gateways that do not know PATCH yet (V2 only)", "旧版网关不支持 PATCH 时填 MERGE（仅 V2）"
    )
    paging: Literal["keys", "links", "skip"] = setting(
        "keys",
        "keys: go on after the last key (safe); links: follow the server's links; skip: count rows",
        "keys：从上一主键继续（安全）；links：跟随服务器链接；skip：按行数跳过",
    )
    batch_format: Literal["multipart", "json"] = setting(
        "multipart",
        "Form of $batch in OData V4; V2 knows multipart only",
        "OData V4 的 $batch 格式；V2 仅支持 multipart",
    )
    batch: int = setting(50, "Records in one $batch", "每个 $batch 的记录数", ge=1, le=100)
    page: int = setting(500, "Records in one read", "每次读取的记录数", ge=1, le=5000)

    @model_validator(mode="after")
    def _one_way_in(self) -> SapSettings:
        if self.oauth is None and not self.user:
            raise ValueError("give user and password, or oauth")
        return self
