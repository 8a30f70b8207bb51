"""What a U8 connection is told: the company's account at the relay, the door in its own network, and its ways."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import SecretStr, model_validator

from hefu.core.connector import Settings, setting
from hefu.core.records import FieldType


class U8Settings(Settings):
    """Where the company's U8 is, who we are, and its own ways."""

    url: str = setting(
        ...,
        "Address of the relay in the cloud: https://api.yonyouup.com",
        "云端中转地址：https://api.yonyouup.com",
        pattern=r"^https?://[^?#]+$",
    )
    from_account: str = setting(..., "Our account at the relay (from_account)", "调用方账号（from_account）")
    to_account: str = setting(
        ..., "Account of the company whose U8 it is (to_account)", "U8 所属企业的账号（to_account）"
    )
    app_key: str = setting(..., "app_key of the application", "应用的 app_key")
    app_secret: SecretStr = setting(..., "Its app_secret", "对应的 app_secret")
    data_source: str = setting(
        "1", "Number of the account set (ds_sequence)", "数据源（账套）序号（ds_sequence）", pattern=r"^\d+$"
    )
    eai: str = setting(
        "",
        "Address of the EAI door in the company's network: http://u8server/u8eai/import.asp. With it records can be "
        "deleted, which the relay cannot",
        "内网 EAI 接口地址：http://u8server/u8eai/import.asp；设置后可以删除记录（中转接口不支持删除）",
        pattern=r"^(https?://[^?#]+)?$",
    )
    sender: str = setting(
        "", "Code of the external system registered there (EAI 接口配置)", "在 EAI 接口配置中登记的外部系统编码"
    )
    writes: Literal["openapi", "eai"] = setting(
        "openapi",
        "Which way new and changed records go: openapi (one a call, through the cloud) or eai (many a message)",
        "新建和修改走哪条路：openapi（经云端，每次一条）或 eai（每个报文多条）",
    )
    wait: bool = setting(
        True,
        "Whether the relay waits for U8's answer (sync=1); else the result is asked for afterwards",
        "是否由中转同步等待 U8 的结果（sync=1）；否则稍后查询结果",
    )
    defaults: dict[str, dict[str, Any]] = setting(
        {},
        "Values of new records that no mapping gives: {entity: {name: value}}; those of lines under {entity: {lines: "
        "{name: value}}}",
        "新建记录时的默认值：{对象: {名称: 值}}；明细写在 {对象: {lines: {名称: 值}}} 下",
    )
    fields: dict[str, dict[str, FieldType]] = setting(
        {},
        "More fields: {entity: {name: type}}, of lines 'lines.name', such as {saleorder: {define1: text}}",
        "更多字段：{对象: {名称: 类型}}；明细字段写 lines.名称，如 {saleorder: {define1: text}}",
    )
    token_field: dict[str, str] = setting(
        {},
        "Free item of a bill in which the hub leaves its own id: {saleorder: define11}; without one the number is the "
        "key",
        "单据中保存本系统编号的自定义项：{saleorder: define11}；未设置时以单据号为键",
    )
    days: int = setting(
        60,
        "How many days back bills are looked at for changes; the full compare sees the older ones",
        "按单据日期回看多少天内的变更；更早的由全量比对发现",
        ge=1,
    )
    page: int = setting(1000, "Rows of one list call", "每次列表调用的行数", ge=2, le=1000)
    batch: int = setting(100, "Records in one EAI message", "每个 EAI 报文的记录数", ge=1, le=500)
    ca_file: str | None = setting(
        None, "PEM file of the company's own certification authority", "企业自有 CA 的 PEM 文件"
    )

    @model_validator(mode="after")
    def _complete(self) -> U8Settings:
        if self.eai and not self.sender:
            raise ValueError("'eai' needs 'sender'")
        if self.writes == "eai" and not self.eai:
            raise ValueError("writes: eai needs 'eai'")
        return self
