"""Settings of the ERPNext connector."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, SecretStr

from hefu.core.connector import Settings, setting


class DocTypeSettings(BaseModel):
    """One doctype, where the usual does not fit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    fields: list[str] = setting([], "More fields to offer", "额外提供的字段")
    tables: list[str] | None = setting(None, "Child tables to offer", "提供的子表")
    row_key: str | None = setting(
        None,
        "Own Data field of its rows in which their key elsewhere is kept: rows then have a 'key' that can be mapped",
        "子表行上保存其他系统行键的自有 Data 字段：设置后行有可映射的 key",
    )
    key: list[str] | None = setting(None, "Fields of the natural key", "业务键字段")
    token_field: str | None = setting(
        None, "Field for the hub's own id, if another than the connection's", "保存本系统编号的字段（与连接不同时）"
    )


class ErpNextSettings(Settings):
    """Where the site is, and who we are."""

    url: str = setting(..., "Address of the site", "站点地址", pattern=r"^https?://[^?#]+$")
    api_key: SecretStr = setting(..., "API key of the integration user", "集成用户的 API Key")
    api_secret: SecretStr = setting(..., "Its API secret", "其 API Secret")
    company: str | None = setting(
        None, "Company of new documents; only its documents are read", "新单据的公司；只读取该公司的单据"
    )
    token_field: str = setting(
        "hub_key",
        "Custom field (Data, unique, no copy) for the hub's own id",
        "保存本系统编号的自定义字段（Data、唯一、不复制）",
    )
    time_zone: str | None = setting(
        None,
        "Time zone of the site; default: what its System Settings say",
        "站点时区；默认读取其系统设置",
    )
    doctypes: dict[str, DocTypeSettings] = setting(
        {}, "Doctypes to work with; default: the usual ones of sales", "使用的单据类型；默认为常用销售单据"
    )
    page: int = setting(500, "Records in one read", "每次读取的记录数", ge=1, le=1000)
    batch: int = setting(
        200,
        "New records in one call (frappe.client.insert_many takes 200); 1: one by one",
        "每次新建的记录数（insert_many 至多 200）；1 为逐条",
        ge=1,
        le=200,
    )
