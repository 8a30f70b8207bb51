"""What a YonBIP connection is told: which tenant, which application, and what differs from one tenant to the next.

The vendor's facts leave some names and limits open; each of those is a setting whose default is the likelier reading.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import SecretStr

from hefu.core.connector import Settings, setting
from hefu.core.records import FieldType


class YonbipSettings(Settings):
    """Where the tenant is, who we are, and the tenant's own ways."""

    discovery: str = setting(
        ...,
        "Where the tenant's data centre is asked for: https://apigateway.yonyoucloud.com",
        "查询租户所在数据中心的地址：https://apigateway.yonyoucloud.com",
        pattern=r"^https?://[^?#]+$",
    )
    gateway: str = setting(
        "",
        "Address of the tenant's data centre, such as https://c2.yonyoucloud.com; `hefu check` says which it is, and "
        "nothing is sent to any other host. Empty: the host of 'discovery'",
        "租户所在数据中心的地址，如 https://c2.yonyoucloud.com（hefu check 会给出），"
        "不会向其他主机发送任何内容。留空为 discovery 的主机",
    )
    tenant: str = setting(..., "Tenant id", "租户 ID")
    app_key: str = setting(..., "appKey of the self-built application", "自建应用的 appKey")
    app_secret: SecretStr = setting(..., "Its appSecret; also opens the events", "对应的 appSecret，也用于事件解密")
    organisation: str = setting(
        "",
        "Code of the organisation (business unit) in which new records are made",
        "新建记录所属的组织（业务单元）编码",
    )
    defaults: dict[str, dict[str, Any]] = setting(
        {},
        "Values of new records that no mapping gives, also such that are only sent and never read: {object: {name: "
        "value}}; those of order lines under {voucherorder: {lines: {name: value}}}",
        "新建记录时的默认值，也可为只写不读的项：{对象: {名称: 值}}；"
        "订单明细写在 {voucherorder: {lines: {名称: 值}}} 下",
    )
    fields: dict[str, dict[str, FieldType]] = setting(
        {},
        "More fields: {object: {name: type}}, of lines 'lines.name', of a part with '!': {voucherorder: "
        "{headItem!define2: text}}",
        "更多字段：{对象: {名称: 类型}}；明细字段写 lines.名称，子结构用 !：{voucherorder: {headItem!define2: text}}",
    )
    token_field: dict[str, str] = setting(
        {},
        "Text field of orders in which the hub leaves its own id: {voucherorder: headItem!define1}; without one the "
        "number is the key",
        "订单中保存本系统编号的文本字段：{voucherorder: headItem!define1}；未设置时以单据编号为键",
    )
    line_field: str = setting(
        "lineno",
        "Where the key of an order line stands: lineno (numbers only), or a text field of your own such as "
        "bodyItem!define1 (needed where the tenant numbers lines by itself)",
        "订单明细行键所在字段：lineno（仅数字），或自定义文本字段如 bodyItem!define1（租户自动编行号时需要）",
    )
    taxes: dict[str, str] = setting(
        {"13": "VAT13", "9": "VAT9", "6": "VAT6", "3": "VAT3", "0": "VAT0"},
        "Code of the tax item by rate in per cent",
        "各税率（百分比）对应的税目编码",
    )
    tax_rate: str = setting(
        "13", "Rate of a new order line that gives none", "新订单明细未给税率时采用的税率", pattern=r"^\d+$"
    )
    system_code: str = setting(
        "HEFU",
        "extSystemCode of the collections that the hub makes",
        "本系统新建收款单时的外部系统编码（extSystemCode）",
        min_length=1,
    )
    batch_names: dict[str, str] = setting(
        {"createOrgCode": "org_code", "customerClassCode": "customerClass_code"},
        "Names that the batch save of customers has for fields which the list spells otherwise",
        "客户批量保存接口中与列表不同的字段名",
    )
    invoice_lines: str = setting(
        "saleInvoiceDetails",
        "Name of the lines in saveForSalesOut",
        "saveForSalesOut 接口中明细的名称",
    )
    per_minute: int = setting(40, "Calls of one API in a minute", "每个接口每分钟的调用次数", ge=1)
    quotas: dict[str, int] = setting(
        {
            "/yonbip/sd/voucherorder/list": 60,
            "/yonbip/sd/voucherorder/detail": 60,
            "/yonbip/sd/voucherorder/singleSave": 60,
            "/yonbip/scm/salesout/list": 60,
        },
        "APIs with another quota: {path: calls a minute}; twice as many with the paid accelerator",
        "配额不同的接口：{路径: 每分钟次数}；购买加速包后翻倍",
    )
    page: int = setting(500, "Rows of one list call", "每次列表调用的行数", ge=2, le=500)
    customer_page: int = setting(5000, "Customers of one list call", "每次客户列表调用的行数", ge=2, le=5000)
    batch: int = setting(
        100, "Customers in one batch save (50 where the tenant refuses more)", "每次批量保存的客户数", ge=1, le=100
    )
    event_signature: Literal["hmac", "sha256", "sha1"] = setting(
        "hmac",
        "How pushed events are signed: hmac as the vendor's SDK does; sha256, sha1 as other pages of it say",
        "推送事件的签名方式：hmac 与官方 SDK 一致；sha256、sha1 为其他文档中的写法",
    )
    event_window: int = setting(
        90_000,
        "Seconds for which a signed event is accepted; the vendor repeats one for up to a day",
        "接受已签名事件的秒数；厂商最长重推一天",
        ge=1,
    )
    ca_file: str | None = setting(
        None, "PEM file of the company's own certification authority", "企业自有 CA 的 PEM 文件"
    )
