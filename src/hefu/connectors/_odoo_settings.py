"""Settings of the Odoo connector."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, SecretStr

from hefu.core.connector import Settings, setting


class ObjectSettings(BaseModel):
    """One object, where the usual does not fit."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    model: str | None = setting(None, "Its model, if the object has another name", "模型名（与对象名不同时）")
    domain: list[Any] = setting([], "Only these records: an Odoo domain", "只取这些记录：Odoo domain")
    key: list[str] | None = setting(None, "Fields of the natural key", "业务键字段")
    fields: list[str] = setting([], "More fields to offer", "额外提供的字段")
    lines: str | None = setting(None, "The one2many field that holds its lines", "保存明细的 one2many 字段")
    line_key: str | None = setting(
        None,
        "Own text field of its lines in which their key elsewhere is kept: lines then have a 'key' that can be mapped",
        "明细行上保存其他系统行键的自有文本字段：设置后明细有可映射的 key",
    )
    token_field: str | None = setting(
        None,
        "Own text field for the hub's id, instead of an external id",
        "保存本系统编号的自有文本字段（代替外部 ID）",
    )
    delete: str | None = setting(
        None,
        "How to delete: archive or unlink. Default: archive where the model has 'active'",
        "删除方式：archive（归档）或 unlink。默认：模型有 active 字段时归档",
        pattern="^(archive|unlink)$",
    )


class OdooSettings(Settings):
    """Where the database is, and who we are."""

    url: str = setting(..., "Address of the server", "服务器地址", pattern=r"^https?://[^?#]+$")
    database: str = setting(
        "",
        "Name of the database; may be empty for json2 where there is one",
        "数据库名；json2 且只有一个数据库时可为空",
    )
    api: str = setting(
        "json2",
        "json2 (series 19 and later) or jsonrpc (up to 21)",
        "json2（19 及以后）或 jsonrpc（至 21）",
        pattern="^(json2|jsonrpc)$",
    )
    user: str = setting("", "Login of the integration user; jsonrpc only", "集成用户的登录名；仅 jsonrpc 需要")
    api_key: SecretStr = setting(
        ..., "Its API key (lives three months at most: see health)", "其 API 密钥（最长三个月，见健康信息）"
    )
    key_name: str = setting(
        "",
        "Name of that key in Odoo, to warn before its end; empty: all keys of the user",
        "该密钥在 Odoo 中的名称，用于到期提醒；为空则看该用户的全部密钥",
    )
    companies: list[int] = setting(
        [], "Numbers of the companies to work in, the first one for new records", "使用的公司编号，第一个用于新记录"
    )
    language: str = setting("en_US", "Language of labels, names and messages", "标签、名称和消息的语言")
    module: str = setting(
        "hefu", "Module of the external ids that the hub gives", "本系统外部 ID 的模块名", pattern="^[a-z][a-z0-9_]*$"
    )
    objects: dict[str, ObjectSettings] = setting(
        {}, "Objects to work with; default: the usual ones of sales", "使用的对象；默认为常用销售对象"
    )
    page: int = setting(500, "Records in one read", "每次读取的记录数", ge=1, le=1000)
    batch: int = setting(200, "Records in one write", "每次写入的记录数", ge=1, le=500)
