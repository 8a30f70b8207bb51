"""What only the reference says: a line about each connector and each part of a document, in Chinese and English.

English about a part is its docstring in the code; a key is the class name, with the connector before it where two
connectors have parts of the same name. A test fails where one is missing.
"""

from __future__ import annotations

INTRO: dict[str, tuple[str, str]] = {
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
    "files": (
        "CSV and Excel files in a local folder or at an fsspec location (SFTP and others), read and written by row.",
        "本地目录或 fsspec 位置（SFTP 等）中的 CSV 与 Excel 文件，逐行读写。",
    ),
    "memory": (
        "A system inside this process, for tests: it shows what the contract asks of every other connector.",
        "存在于本进程内的系统，供测试使用；它示范契约对其他连接器的要求。",
    ),
    "rest": (
        (
            "Any JSON API, described in YAML and not programmed: log-in, lists, changes, single records, writes, "
            "errors, webhooks."
        ),
        "任意 JSON API：用 YAML 描述登录、列表、变更、单条记录、写入、错误和 Webhook，无需编程。",
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
    "tryton": (
        (
            "Tryton, the open-source ERP (series 8): customers, products, orders, shipments, invoices and receipts as "
            "flat objects."
        ),
        "开源 ERP Tryton（8 系列）：客户、产品、订单、发货、发票、收款，均为平面对象。",
    ),
}
"""Connector -> what it is, in English and Chinese."""

PARTS: dict[str, str] = {
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
    "Roles": "项目的全部角色。",
    "Role": "某一类人可以做什么（随控制台启用；目前只保存和校验）。",
    "Alerts": "项目的全部告警规则。",
    "Alert": "何时通知谁（以后的版本才会发送；目前只保存和校验）。",
    "bottlecrm.BottleCRMSettings": "它在哪里，我们是谁。",
    "files.FilesSettings": "一个目录（本地或远程）以及其中的对象。",
    "files.LimitSettings": "一个工作簿允许的开销；解析前检查，由子进程解析时持续监视。",
    "files.ObjectSettings": "保存在文件中的一类记录。",
    "files.ColumnSettings": "一列的内容，在仅看文件不足以判断时填写。",
    "files.LinesSettings": "单据的明细行，保存在第二个文件或工作表中。",
    "files.CompleteSettings": "如何区分已写完的文件与仍在写入的文件。",
    "files.OperationSettings": "说明该行记录发生了什么的列。",
    "memory.MemorySettings": "连接本进程内的哪个系统、以谁的身份。",
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
    "sql.SqlSettings": "一个数据库。",
    "sql.TableSettings": "一个对象：表或视图，以及允许的操作。",
    "sql.LineTable": "一张表，其行是对象记录的明细。",
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
