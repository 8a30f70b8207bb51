"""What only the reference says: a line about each connector and each part of a document, in Chinese and English.

English about a part is its docstring in the code; a key is the class name, with the connector before it where two
connectors have parts of the same name. A test fails where one is missing.
"""

from __future__ import annotations

INTRO: dict[str, tuple[str, str]] = {
    "rights": (
        "What a role may say under `may`, and which of the ready roles say it. What no role says is denied.",
        "角色文档中 `may` 可写的权限，以及哪些内置角色具有。角色未写的一律禁止。",
    ),
    "errors": (
        (
            "What a message says and what to do next. `{name}` stands for a fact of the case. With `--json` the code "
            "stands in `error`, the facts in `facts`."
        ),
        (
            "每个错误码的说明和处理办法。`{name}` 表示具体情况中的值。使用 `--json` 时，错误码在 `error` 中，具体值在 "
            "`facts` 中。"
        ),
    ),
    "cli": (
        (
            "Texts are English or Chinese by `HEFU_LANGUAGE` (`en`, `zh`), else by the locale. `--json` gives one JSON "
            "document on standard output instead. ✱ must be given."
        ),
        (
            "文字按 `HEFU_LANGUAGE`（`en`、`zh`）显示英文或中文，否则按系统区域设置。"
            "`--json` 改为在标准输出给出一份 JSON。✱ 必填。"
        ),
    ),
    "connectors": (
        "What stands under `settings:` of a connection. ✱ must be given.",
        "写在连接文档的 `settings:` 之下。✱ 必填。",
    ),
    "documents": (
        (
            "✱ must be given. The same as JSON Schemas stand in `src/hefu/core/schemas/` and, after `hefu init`, in a "
            "project's `.hefu/schemas/`, for completion in an editor."
        ),
        (
            "✱ 必填。相同内容的 JSON Schema 位于 `src/hefu/core/schemas/`；运行 `hefu init` 后也在项目的 "
            "`.hefu/schemas/` 中，供编辑器补全。"
        ),
    ),
    "transforms": (
        (
            "Written in a mapping's `transform:` as a name, or as `{use: name, parameter: value}`. Each sample is "
            "a test. ✱ must be given."
        ),
        "写在映射的 `transform:` 中：只写名称，或写 `{use: 名称, 参数: 值}`。每个样例都是测试。✱ 必填。",
    ),
    "api": (
        (
            "`hefu serve` answers on `http://127.0.0.1:8480/api/v1` (HEFU_LISTEN, `--listen`). The whole description "
            "with all types is [openapi.json](openapi.json) (OpenAPI 3.1), also at `/api/v1/openapi.json`. "
            "Programs send `Authorization: Bearer TOKEN` (an API token of an account); browsers have a session's "
            "cookie, whose writes also carry `X-CSRF-Token` (from `GET /me`) and come from the same origin. Errors are "
            "`application/problem+json` with `code` and `parameters` ([error codes](errors.md)), in English or "
            "Chinese by `Accept-Language`. Lists come in pages of `limit` (at most 200); `next` of a page is `cursor` "
            "of the following one; an unknown filter is an error. A write may carry an `Idempotency-Key`: repeated "
            "within a day it is done once and answered the same. Documents have an `ETag`; a change names it in "
            "`If-Match`. Long work answers 202 with a job. Values are shown as the caller's roles say: seen, masked "
            "(`***`) or left out."
        ),
        (
            "运行 `hefu serve` 后，接口地址为 `http://127.0.0.1:8480/api/v1`（HEFU_LISTEN、`--listen` 可改）。"
            "完整描述见 [openapi.json](../../reference/openapi.json)（OpenAPI 3.1），也可从 `/api/v1/openapi.json` 获取。"
            "程序发送 `Authorization: Bearer 令牌`（账号的 API 令牌）；浏览器使用会话 Cookie，写请求还须携带 "
            "`X-CSRF-Token`（见 `GET /me`）且来自同一来源。错误为 `application/problem+json`，含 `code` 和 "
            "`parameters`（见[错误码](errors.md)），语言按 `Accept-Language`。列表按 `limit`（最多 200）分页，"
            "上一页的 `next` 即下一页的 `cursor`；未知的筛选参数会报错。写请求可带 `Idempotency-Key`：一天内重复发送只执行一次，"
            "应答相同。文档带 `ETag`，修改时在 `If-Match` 中给出。耗时操作返回 202 和后台任务。"
            "值按调用者的角色显示、脱敏（`***`）或不显示。"
        ),
    ),
    "entities": (
        (
            "Start from one with `extends:` in `entities/*.yaml` and say only what differs; fields of your own need no "
            "code."
        ),
        "在 `entities/*.yaml` 中用 `extends:` 以其为基础，只写不同之处；自定义字段无需编程。",
    ),
}
"""Page -> its first paragraph."""

CONNECTORS: dict[str, tuple[str, str]] = {
    "bottlecrm": (
        (
            "BottleCRM (PyPI package django-crm): accounts, contacts, deals with line items, products. It knows "
            "neither changed-since nor locks; the connector looks before and after every write."
        ),
        (
            "BottleCRM（PyPI 软件包 django-crm）：客户、联系人、带明细的商机、产品。"
            "它没有增量读取和锁，连接器在每次写入前后都会核对。"
        ),
    ),
    "broker": (
        (
            "Message brokers: records published as CloudEvents 1.0 to Kafka, RabbitMQ or NATS JetStream, confirmed by "
            "the broker; records and hints consumed from there, replayed from a place."
        ),
        (
            "消息系统：以 CloudEvents 1.0 向 Kafka、RabbitMQ 或 NATS JetStream 发布记录并等待确认；"
            "也可消费记录与提示，并可从指定位置重放。"
        ),
    ),
    "erpnext": (
        (
            "ERPNext (Frappe): customers, addresses, contacts, items, orders, deliveries, invoices, payments and any other "
            "doctype; changes guarded by stamps, child tables merged, deletions, follow-up documents."
        ),
        (
            "ERPNext（Frappe）：客户、地址、联系人、物料、订单、出货、发票、收付款及任意其他单据类型；"
            "以时间戳防止覆盖，合并子表，识别删除，生成后续单据。"
        ),
    ),
    "files": (
        "CSV and Excel files in a local folder or at an fsspec location (SFTP and others), read and written by row.",
        "本地目录或 fsspec 位置（SFTP 等）中的 CSV 与 Excel 文件，逐行读写。",
    ),
    "fxiaoke": (
        (
            "Fxiaoke (ShareCRM): accounts, contacts, opportunities, orders with their lines and custom objects, for "
            "self-built and open apps."
        ),
        "纷享销客：客户、联系人、商机、带明细的订单及自定义对象，支持自建应用与开放应用。",
    ),
    "jiandaoyun": (
        (
            "Jiandaoyun (abroad: Jodoo), the no-code platform: every form of a company with its subforms, through API "
            "v5, with signed data pushes as hints."
        ),
        "简道云（国际版 Jodoo）零代码平台：通过 API v5 读写企业的任意表单及子表单，数据推送经验签后作为提示。",
    ),
    "memory": (
        "A system inside this process, for tests: it shows what the contract asks of every other connector.",
        "存在于本进程内的系统，供测试使用；它示范契约对其他连接器的要求。",
    ),
    "neocrm": (
        "Neocrm (Xiaoshouyi): accounts, contacts, opportunities, orders, products and custom objects through API 2.0.",
        "销售易：通过 API 2.0 读写客户、联系人、商机、订单、产品及自定义对象。",
    ),
    "odoo": (
        (
            "Odoo: customers with contacts, products, orders with lines, transfers, invoices, payments and any other "
            "model, by JSON-2 or JSON-RPC; batches by import under external ids, status steps, several companies."
        ),
        (
            "Odoo：通过 JSON-2 或 JSON-RPC 读写客户及联系人、产品、带明细的订单、调拨、结算单、付款及任意其他模型；"
            "以外部 ID 批量导入，支持状态步骤与多公司。"
        ),
    ),
    "rest": (
        (
            "Any JSON API, described in YAML and not programmed: log-in, lists, changes, single records, writes, "
            "errors, webhooks."
        ),
        "任意 JSON API：用 YAML 描述登录、列表、变更、单条记录、写入、错误和 Webhook，无需编程。",
    ),
    "salesforce": (
        (
            "Salesforce, global and in China: any object with an external-id field, orders and opportunities with "
            "their lines; collections, graphs and Bulk API 2.0 by size; merges, deletions, and the org's calls as a budget."
        ),
        (
            "Salesforce（全球及中国）：任何带外部 ID 字段的对象，订单与商机含明细；按数量选用 Collections、Graph 与 "
            "Bulk API 2.0；识别合并与删除，并以组织调用量为预算。"
        ),
    ),
    "sap": (
        (
            "SAP S/4HANA (on premise and cloud) and Cloud for Customer by OData V2 and V4: business partners, "
            "products, sales orders, outbound deliveries, billing documents, and any other entity set that is named."
        ),
        (
            "SAP S/4HANA（本地与云）和 Cloud for Customer，使用 OData V2 与 V4：业务伙伴、产品、销售订单、外向交货、"
            "开票凭证，以及任何指定的实体集。"
        ),
    ),
    "soap": (
        (
            "SOAP and EAI interfaces: any WSDL, its operations described in YAML as reading and writing of objects; "
            "XML is taken without document types, entities or foreign schemas."
        ),
        "SOAP 与 EAI 接口：任意 WSDL，用 YAML 把操作描述为对象的读写；XML 不接受 DTD、实体和外部 schema。",
    ),
    "sql": (
        (
            "Databases: PostgreSQL, MySQL, MariaDB and SQLite (tested); SQL Server and Oracle by the same code (not "
            "tested by us). One object per table or view."
        ),
        (
            "数据库：PostgreSQL、MySQL、MariaDB、SQLite（已测试）；SQL Server 与 Oracle 使用同一代码（未经我们测试）。"
            "每个表或视图为一个对象。"
        ),
    ),
    "kingdee": (
        (
            "Kingdee Cloud Galaxy (K3Cloud WebAPI): customers, contacts, materials, prices, stock, and orders to "
            "receipts by push, from the tenant's own metadata."
        ),
        "金蝶云星空（K3Cloud WebAPI）：客户、联系人、物料、价目表、库存，以及从订单到收款的下推链，字段取自元数据。",
    ),
    "tryton": (
        (
            "Tryton, the open-source ERP (series 8): customers, products, orders, shipments, invoices and receipts as "
            "flat objects."
        ),
        "开源 ERP Tryton（8 系列）：客户、产品、订单、发货、发票、收款，均为平面对象。",
    ),
    "webhook": (
        "Webhooks that leave the hub (Standard Webhooks): each change is told, signed, until its receiver takes it.",
        "由本系统发出的 Webhook（Standard Webhooks 格式）：每次变更带签名发送，直到接收方接收为止。",
    ),
    "rpa": (
        "A system that only has pages: a recorded browser script reads its list, fills its form and confirms.",
        "只有网页的系统：由录制的浏览器脚本读取列表、填写表单并确认结果。",
    ),
    "u8": (
        (
            "Yonyou U8+ through the cloud relay's OpenAPI and the EAI door (XML) in the company's network: customers, "
            "goods, stock, orders, consignments, outbound bills, invoices, receivables, receipts."
        ),
        (
            "用友 U8+，经云端中转的 OpenAPI 与内网 EAI 接口（XML）：客户、存货、现存量、订单、发货单、出库单、"
            "发票、应收单、收款单。"
        ),
    ),
    "yonbip": (
        (
            "Yonyou YonSuite and YonBIP (public cloud): customers, materials, stock, and the chain from the sales order "
            "to the collection, under keys that make repeating harmless, with sealed events as hints."
        ),
        (
            "用友 YonSuite 与 YonBIP（公有云）：客户、物料、现存量，以及从销售订单到收款单的单据链，"
            "以幂等键保证重复无害，加密事件作为提示。"
        ),
    ),
}
"""Connector -> what it is, in English and Chinese."""

PARTS: dict[str, str] = {
    "rpa.RpaSettings": "一个只有网页的系统。",
    "rpa.Step": "一个操作；{字段} 代表当前记录的标识字段。",
    "rpa.Login": "如何登录；会话结束后会重新登录。",
    "rpa.RpaField": "一个字段：列表在哪里显示，表单在哪里填写。",
    "rpa.Grid": "全部记录的列表。",
    "rpa.Form": "修改或新建记录的页面。",
    "rpa.RpaObject": "一类记录。",
    "u8.U8Settings": "企业的 U8 所在之处、我们的身份，以及其特殊之处。",
    "yonbip.YonbipSettings": "租户所在之处、我们的身份，以及租户的特殊之处。",
    "webhook.WebhookSettings": "事件发往何处、如何签名。",
    "webhook.WebhookObject": "就一类记录通知什么；事件为 对象.created、.updated、.deleted。",
    "webhook.WebhookField": "对象事件中的一个字段。",
    "Connection": "一个已配置的系统。",
    "Limits": "可以向一个系统提出的要求，由所有流程共用。",
    "Entity": "一类业务对象；extends 表示以现成的实体为基础。",
    "EntityField": "业务对象的一个字段，以我们的说法表示。",
    "Rollup": "对指向本对象的记录求和：例如订单的已收款是其收款单之和。",
    "OwnerWhen": "随记录所处阶段而变的归属：取第一条条件成立的规则。",
    "Mapping": "某个连接的一种对象与一个实体的对应。",
    "FieldMap": "实体的一个字段与系统的一个字段。",
    "Transform": "目录中的一个具名转换及其参数。",
    "Step": "当条件（基于统一记录）成立时，在系统中执行的状态步骤。",
    "Example": "系统中的一条记录，以及它在我们这里的样子。",
    "Flow": "哪些映射保持一致、何时进行、不经询问最多可改多少。",
    "Guard": "一个流程的洪水限度：超过后在下一次写入之前停下。",
    "Cutover": "切换方案：公司如何从一个系统换到另一个，必要时如何切回。",
    "CutoverStep": "切换方案中的一个步骤。",
    "CutoverDo": "步骤中由本系统执行的动作，只写一种。",
    "CutoverCheck": "如何确认步骤已完成：由本系统核实，或由指定人员签字。",
    "CutoverBack": "旧系统必须继续使用时，如何撤回该步骤。",
    "Approval": "流程的计划由谁批准、批准的有效期。",
    "Role": "某一类人可以做什么；未写即禁止。",
    "Within": "角色涉及哪些记录；不写则不限。",
    "Alerts": "项目的全部告警规则，以及所用的通知渠道。",
    "Alert": "何时通知谁。",
    "Channel": "通知的途径：群机器人、Webhook 或邮件服务器。",
    "Privacy": "项目对个人信息的总体规定；类别写在字段上，目的写在流程上。",
    "Keep": "各类历史记录保留多少天；未写的永久保留。审计日志始终保留。",
    "bottlecrm.BottleCRMSettings": "它在哪里，我们是谁。",
    "broker.BrokerSettings": "一个消息系统及其主题。",
    "broker.KafkaServer": "一个 Kafka 集群。",
    "broker.RabbitServer": "一个 RabbitMQ 服务器。",
    "broker.NatsServer": "启用 JetStream 的 NATS 服务器。",
    "broker.TopicSettings": "发布到主题或从主题消费的一类记录。",
    "broker.MessageField": "主题记录的一个字段。",
    "erpnext.ErpNextSettings": "站点在哪里，我们是谁。",
    "erpnext.DocTypeSettings": "一个与惯例不同的单据类型。",
    "files.FilesSettings": "一个目录（本地或远程）以及其中的对象。",
    "files.LimitSettings": "一个工作簿允许的开销；解析前检查，由子进程解析时持续监视。",
    "files.ObjectSettings": "保存在文件中的一类记录。",
    "files.ColumnSettings": "一列的内容，在仅看文件不足以判断时填写。",
    "files.LinesSettings": "单据的明细行，保存在第二个文件或工作表中。",
    "files.CompleteSettings": "如何区分已写完的文件与仍在写入的文件。",
    "files.OperationSettings": "说明该行记录发生了什么的列。",
    "fxiaoke.FxiaokeSettings": "它在哪里，我们是谁。",
    "fxiaoke.ObjectSettings": "一个与惯例不同的对象。",
    "jiandaoyun.JiandaoyunSettings": "它在哪里，我们是谁。",
    "jiandaoyun.FormSettings": "一个表单，作为本系统的一个对象。",
    "memory.MemorySettings": "连接本进程内的哪个系统、以谁的身份。",
    "neocrm.NeocrmSettings": "它在哪里，我们是谁。",
    "neocrm.ObjectSettings": "一个对象。",
    "odoo.OdooSettings": "数据库在哪里，我们是谁。",
    "odoo.ObjectSettings": "一个与惯例不同的对象。",
    "rest.RestSettings": "一个 JSON API 的描述。",
    "rest.NoAuth": "无需认证。",
    "rest.Bearer": "Authorization 请求头中的固定令牌。",
    "rest.Basic": "用户名和密码（RFC 7617）。",
    "rest.ApiKey": "请求头或查询参数中的密钥。",
    "rest.OAuth2": "OAuth 2.0 客户端凭证，或长期有效的刷新令牌（RFC 6749 第 4.4、6 节）。",
    "rest.Login": "先登录；之后每次调用携带应答中的令牌或 Cookie。",
    "rest.Check": "用于检验地址、凭据和权限的一次调用。",
    "rest.ErrorShape": "系统如何说明出错原因。",
    "rest.Condition": "该路径的值满足条件；不写 equals 和 one_of 时：存在且不为 null、不为 false。",
    "rest.Webhook": "Webhook 的内容。只从中取得提示，值从系统读取。",
    "rest.Signature": "Webhook 如何证明来源（对原始请求体做 HMAC-SHA256）。",
    "rest.ObjectSettings": "一类记录。",
    "rest.Read": "如何列出一类对象的记录。",
    "rest.Paging": "列表如何分页。",
    "rest.Since": "如何查询某时刻之后的变更。",
    "rest.Feed": "已删除记录的列表。",
    "rest.FieldSettings": "对象的一个字段。",
    "rest.Fetch": "如何按 ID 读取记录。",
    "rest.By": "如何按一个字段查找。",
    "rest.Operation": "一种写入方式。",
    "rest.Action": "一个状态步骤。",
    "salesforce.SalesforceSettings": "它在哪里，我们是谁，可以调用多少。",
    "salesforce.ObjectSettings": "一个与惯例不同的对象。",
    "sap.SapSettings": "一个 SAP 系统的集团，或一个 C4C 租户。",
    "sap.SapOAuth": "通信协议的 OAuth 2.0 客户端凭证。",
    "soap.SoapSettings": "一个 SOAP 服务的描述。",
    "soap.NoAuth": "无需认证。",
    "soap.Basic": "HTTP Basic 用户名和密码。",
    "soap.Wsse": "信封头中的 UsernameToken（WS-Security）。",
    "soap.SoapObject": "一类记录。",
    "soap.SoapField": "对象的一个字段。",
    "soap.SoapRead": "列出记录的操作。",
    "soap.SoapFetch": "读取一条记录的操作。",
    "soap.SoapWrite": "写入一条记录的操作。",
    "sql.SqlSettings": "一个数据库。",
    "sql.TableSettings": "一个对象：表或视图，以及允许的操作。",
    "sql.LineTable": "一张表，其行是对象记录的明细。",
    "kingdee.KingdeeSettings": "站点在哪里、我们是谁、该租户的特点。",
    "kingdee.KingdeeForm": "额外提供的一个业务对象。",
    "tryton.TrytonSettings": "数据库在哪里、我们是谁、一次处理多少。",
}
"""Part of a document or of a connector's settings -> what it is, in Chinese."""

PII: dict[str, tuple[str, str]] = {
    "none": ("", ""),
    "contact": ("contact", "联系方式"),
    "identity": ("identity papers", "身份"),
    "financial": ("financial", "财务"),
    "sensitive": ("sensitive", "敏感"),
}
"""Class of personal data -> as shown, in English and Chinese."""

TYPES: dict[str, tuple[str, str]] = {
    "str": ("text", "文本"),
    "int": ("whole number", "整数"),
    "float": ("number", "数"),
    "Decimal": ("number", "数"),
    "bool": ("true, false", "true、false"),
    "timedelta": ("duration (`30s`, `10m`, `2h`, `1d`)", "时长（`30s`、`10m`、`2h`、`1d`）"),
    "SecretStr": ("secret (reference)", "密钥（引用）"),
    "datetime": ("instant", "时刻"),
    "Any": ("any value", "任意值"),
}
"""Type in the code -> what a user writes, in English and Chinese."""

SEE: dict[str, tuple[str, str]] = {"seen": ("seen", "可见"), "masked": ("masked", "脱敏"), "hidden": ("hidden", "隐藏")}
"""How values are shown."""
