"""What a user writes to describe a JSON API: the whole vocabulary of the REST connector, each word explained.

The description is data, not a language: there are no conditions beyond "this path holds that value", and templates
have holes but no logic. An API that needs more is a Python file of its own.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import Field as _Field
from pydantic import SecretStr

from hefu.core.connector import Settings, setting
from hefu.core.ground import Duration
from hefu.core.records import FieldType

Verdict = Literal["rejected", "transient", "denied", "stale", "missing", "unsupported", "expired", "ok"]


# -------------------------------------------------------------------------- auth


class NoAuth(Settings):
    """Nothing to prove."""

    type: Literal["none"] = setting("none", "No authentication", "无需认证")


class Bearer(Settings):
    """A fixed token in the Authorization header."""

    type: Literal["bearer"] = setting(..., "A fixed token", "固定令牌")
    token: SecretStr = setting(..., "The token", "令牌")
    scheme: str = setting("Bearer", "Word before the token", "令牌前的方案名")


class Basic(Settings):
    """User and password (RFC 7617)."""

    type: Literal["basic"] = setting(..., "User and password with every call", "每次调用携带用户名和密码")
    user: str = setting(..., "User name", "用户名")
    password: SecretStr = setting(..., "Password", "密码")


class ApiKey(Settings):
    """A key in a header or a query parameter."""

    type: Literal["key"] = setting(..., "An API key", "API 密钥")
    name: str = setting("X-API-Key", "Header or parameter that carries the key", "携带密钥的请求头或参数名")
    value: SecretStr = setting(..., "The key", "密钥")
    place: Literal["header", "query"] = setting("header", "Where the key goes", "密钥放在请求头还是查询参数")


class OAuth2(Settings):
    """OAuth 2.0 client credentials, or a long-lived refresh token (RFC 6749 4.4 and 6)."""

    type: Literal["oauth2"] = setting(..., "OAuth 2.0", "OAuth 2.0")
    token_url: str = setting(..., "Where tokens are given out", "获取令牌的地址")
    client_id: str = setting(..., "Client id", "客户端 ID")
    client_secret: SecretStr = setting(..., "Client secret", "客户端密钥")
    refresh_token: SecretStr | None = setting(
        None, "Use this instead of client credentials", "用刷新令牌代替客户端凭证"
    )
    scope: str = setting("", "Scopes, separated by blanks", "权限范围，空格分隔")
    send: Literal["body", "basic"] = setting(
        "basic", "Client id and secret as Basic header or in the body", "客户端凭证放在 Basic 头还是请求体"
    )
    extra: dict[str, str] = setting({}, "More parameters, e.g. audience or resource", "其他参数，如 audience")


class Login(Settings):
    """Log in first; then a token out of the answer, or its cookies, go with every call."""

    type: Literal["login"] = setting(..., "Log in, then token or cookie", "先登录，再用令牌或 Cookie")
    url: str = setting(..., "Where to log in", "登录地址")
    method: Literal["POST", "GET", "PUT"] = setting("POST", "Method of the login", "登录请求方法")
    body: dict[str, Any] = setting(
        {"username": "{user}", "password": "{password}"},
        "Body with {user} and {password}",
        "请求体，含 {user} 和 {password}",
    )
    send: Literal["json", "form"] = setting("json", "How the body is written", "请求体格式")
    user: str = setting("", "User name", "用户名")
    password: SecretStr = setting(SecretStr(""), "Password", "密码")
    token_path: str | None = setting(
        None,
        "Path of the token (JWT) in the answer; none: use the cookies",
        "应答中令牌（JWT）的路径；不填则使用 Cookie",
    )
    token_header: str = setting("Authorization", "Header that carries the token", "携带令牌的请求头")
    scheme: str = setting("Bearer", "Word before the token; may be empty", "令牌前的方案名，可为空")
    lasts: Duration | None = setting(None, "Log in again after this time", "多久后重新登录")


Auth = Annotated[NoAuth | Bearer | Basic | ApiKey | OAuth2 | Login, _Field(discriminator="type")]


# ------------------------------------------------------------------------- errors


class Condition(Settings):
    """This path holds that value; without `equals` and `one_of`: it holds anything but nothing, null or false."""

    path: str = setting(..., "Path in the body", "应答体中的路径")
    equals: Any = setting(None, "This value", "等于此值")
    one_of: list[Any] = setting([], "One of these values", "等于其中之一")
    negate: bool = setting(False, "The opposite", "取反")


class ErrorShape(Settings):
    """How the system tells what went wrong."""

    failed: list[Condition] = setting(
        [],
        "An answer 200 that is an error after all: any of these holds",
        "状态 200 却是错误的条件，满足任一即视为错误",
    )
    code: list[str] = setting(
        ["error.code", "code", "error_code", "errorCode"],
        "Paths of the error code; the first found counts",
        "错误码的路径，取第一个存在的",
    )
    message: list[str] = setting(
        [
            "error.message",
            "message",
            "error_description",
            "detail",
            "msg",
            "title",
            "error",
            "errors[0].message",
            "errors",
        ],
        "Paths of the text; the first found counts",
        "错误说明的路径，取第一个存在的",
    )
    field: list[str] = setting(
        ["error.field", "field", "errors[0].field", "error.param"], "Paths of the field to blame", "出错字段的路径"
    )
    fields: str | None = setting(
        "errors",
        "Path of an object field -> messages; '' is the body itself",
        "“字段→说明”对象的路径；空字符串表示应答体本身",
    )
    codes: dict[str, Verdict] = setting({}, "Error code -> what it means", "错误码 → 含义")
    statuses: dict[int, Verdict] = setting(
        {}, "HTTP status -> what it means, where it differs from the usual", "与惯例不同的 HTTP 状态 → 含义"
    )
    retry_after: str | None = setting(
        None,
        "Header with the seconds, or the Unix time, until calls are allowed again",
        "多久后可重试的响应头（秒数或 Unix 时间）",
    )


# ------------------------------------------------------------------------ reading


class Paging(Settings):
    """How a list is cut into pages."""

    type: Literal["none", "offset", "page", "cursor", "link"] = setting(
        "none", "Way of paging", "分页方式：无、偏移、页码、游标、Link 头"
    )
    size: int = setting(100, "Records in a page", "每页条数", ge=1, le=100_000)
    size_param: str = setting("", "Parameter of the page size; '' sends none", "每页条数的参数名，空则不发送")
    param: str | None = setting(
        None,
        "Parameter of offset, page or cursor (default: that word); '' if the body template has the hole",
        "偏移、页码或游标的参数名（默认同名）；空表示由请求体模板携带",
    )
    first: int = setting(1, "Number of the first page", "首页的页码")
    total: str | None = setting(
        None, "Path of the number of records: lets pages be fetched ahead, side by side", "总条数的路径，用于并行预取"
    )
    total_header: str | None = setting(None, "Header with the number of records", "总条数的响应头")
    pages: str | None = setting(None, "Path of the number of pages", "总页数的路径")
    more: str | None = setting(
        None, "Path of what says that more follows (true, or anything but null)", "表示还有下一页的路径"
    )
    next: str | None = setting(None, "Path of the next cursor or of the next page's URL", "下一页游标或 URL 的路径")
    next_header: str | None = setting(None, "Header with the next cursor", "下一页游标的响应头")
    last_id: bool = setting(False, "The cursor is the id of the last record", "以最后一条记录的 ID 作为游标")


class Since(Settings):
    """How to ask for what changed after a moment."""

    param: str = setting(
        "",
        "Parameter of the moment; '' if the body template has {since}",
        "时间参数名；空表示由请求体模板的 {since} 携带",
    )
    format: str = setting(
        "iso",
        "iso, unix, unix_ms, or a pattern such as %Y-%m-%d %H:%M:%S",
        "时间格式：iso、unix、unix_ms 或 %Y-%m-%d %H:%M:%S 形式",
    )
    zone: str | None = setting(None, "Zone of the pattern; default: the connection's", "该格式的时区，默认同连接")
    params: dict[str, str] = setting(
        {}, "More parameters of such a call, e.g. sort: updated_at", "增量读取时的其他参数，如 sort: updated_at"
    )
    ordered: bool = setting(False, "These answers come oldest change first", "应答按修改时间升序")
    lateness: Duration | None = setting(None, "How far to look back; default: the connection's", "回看时长，默认同连接")


class Feed(Settings):
    """A list of what was deleted."""

    url: str = setting(..., "Its address, with {since} if it can", "删除列表地址，可含 {since}")
    params: dict[str, str] = setting({}, "Its parameters, with {since}", "参数，可含 {since}")
    records: str = setting("", "Path of the list", "列表的路径")
    id: str = setting("id", "Path of the id in one entry", "每项中 ID 的路径")
    paging: Paging = setting(Paging(), "Its pages", "分页")


class Read(Settings):
    """How to list the records of an object."""

    url: str = setting(..., "Address, relative to the connection's url", "地址，相对于连接的 url")
    method: Literal["GET", "POST"] = setting("GET", "Method", "请求方法")
    params: dict[str, str] = setting({}, "Parameters of every call", "每次调用的参数")
    body: Any = setting(
        None,
        "Body template; holes {page} {offset} {cursor} {size} {since}",
        "请求体模板，可用 {page} {offset} {cursor} {size} {since}",
    )
    records: str = setting(
        "", "Path of the list in the answer; '' is the answer itself", "应答中列表的路径，空表示应答本身"
    )
    record: str = setting("", "Path of the record in one entry of the list", "列表项中记录的路径")
    paging: Paging = setting(Paging(), "Pages", "分页")
    since: Since | None = setting(None, "Changed since", "增量读取")
    deleted: Condition | None = setting(
        None, "Where this holds, the record counts as deleted", "满足时该记录视为已删除"
    )
    deletes: Feed | None = setting(None, "List of deleted records", "已删除记录列表")


class Fetch(Settings):
    """How to read records by id."""

    url: str = setting(
        ..., "Address with {id} for one record, or with {ids} for several", "含 {id}（单条）或 {ids}（多条）的地址"
    )
    params: dict[str, str] = setting({}, "Parameters, with {ids} for several", "参数，多条时含 {ids}")
    body: Any = setting(None, "Body template with {ids}: sent as POST", "含 {ids} 的请求体模板，以 POST 发送")
    record: str = setting("", "Path of the record, or of the list for several", "记录（多条时为列表）的路径")
    join: str = setting(",", "Between several ids in a URL", "URL 中多个 ID 的分隔符")
    most: int = setting(50, "Ids in one call", "单次调用的 ID 数", ge=1, le=1000)


class By(Settings):
    """How to search by one field."""

    params: dict[str, str] = setting({}, "Parameters with {value}", "含 {value} 的参数")
    body: Any = setting(None, "Body template with {value}", "含 {value} 的请求体模板")


# ------------------------------------------------------------------------ writing


class Operation(Settings):
    """One way of writing."""

    url: str = setting(..., "Address, with {id} for an existing record", "地址，已有记录用 {id}")
    method: Literal["POST", "PUT", "PATCH", "DELETE"] | None = setting(
        None, "Method; default by what it does", "请求方法"
    )
    send: Literal["json", "form"] = setting("json", "How the body is written", "请求体格式")
    wrap: str = setting("", "Path in the body where the record goes", "记录在请求体中的路径")
    extra: dict[str, Any] = setting({}, "What else the body holds", "请求体的其他内容")
    shape: Literal["patch", "full"] = setting(
        "patch",
        "Send the changed fields, or read the record, change it and send all of it",
        "只发送修改的字段，或先读取再发送整条记录",
    )
    drop: list[str] = setting([], "Paths that a whole record must not send back", "整条发送时需去掉的路径")
    nested: Literal["merge", "whole"] = setting(
        "merge",
        "What the system does with a nested object in a patch: merge it, or replace it whole",
        "系统对嵌套对象的处理：合并，或整体替换",
    )
    record: str | None = setting(
        None,
        "Path of the stored record in the answer; none: the answer has none",
        "应答中已保存记录的路径，不填表示没有",
    )
    id: str | None = setting(None, "Path of the id in the answer, if the answer has no record", "应答中 ID 的路径")
    id_in: str | None = setting(None, "Path in the body where the id of an existing record goes", "请求体中 ID 的路径")
    version_in: str | None = setting(None, "Path in the body where the version goes", "请求体中版本号的路径")
    if_match: bool = setting(False, "Send the version as If-Match", "以 If-Match 发送版本")
    idempotency_header: str = setting("", "Header for a key that makes repeating a create safe", "幂等键的请求头")
    batch: int = setting(1, "Records in one call", "单次写入条数", ge=1, le=100_000)
    results: str | None = setting(None, "Batch: path of the list of results", "批量：结果列表的路径")
    result_record: str | None = setting(
        None, "Batch: path of the stored record in one result", "批量：单个结果中记录的路径"
    )
    result_id: str | None = setting(None, "Batch: path of the id in one result", "批量：单个结果中 ID 的路径")
    result_key: str | None = setting(
        None,
        "Batch: path in a result that says which record it is about; none: by order",
        "批量：结果中标识对应记录的路径；不填则按顺序",
    )
    sent_key: str | None = setting(
        None,
        "Batch: path in the sent record that `result_key` repeats; 'index' counts from 0",
        "批量：发送内容中与 result_key 对应的路径，index 表示从 0 计的序号",
    )
    atomic: bool = setting(
        True,
        "Batch: refused as a whole means that nothing was written (it is then sent in halves)",
        "批量：整体拒绝即完全未写入（将对半重发）",
    )
    errors: ErrorShape | None = setting(None, "Errors of this operation or of one result", "该操作或单个结果的错误形式")


class Action(Settings):
    """A status step."""

    url: str = setting(..., "Address with {id}", "含 {id} 的地址")
    method: Literal["POST", "PUT", "PATCH"] = setting("POST", "Method", "请求方法")
    body: Any = setting(None, "Body template; holes {id} and the step's arguments", "请求体模板，可用 {id} 和操作参数")
    states: list[str] = setting(["*"], "States in which it is legal; * is any", "允许的状态，* 表示任意")
    record: str | None = setting(None, "Path of the stored record in the answer", "应答中记录的路径")


class FieldSettings(Settings):
    """One field of an object."""

    path: str | None = setting(None, "Path in the record; default: the field's name", "记录中的路径，默认同字段名")
    type: FieldType = setting(FieldType.TEXT, "Type", "类型")
    label: str = setting("", "Name for people", "显示名")
    writable: bool = setting(True, "May be written", "可写")
    required: bool = setting(False, "Must be given", "必填")
    unique: bool = setting(False, "No two records have the same", "唯一")
    length: int | None = setting(None, "Most characters", "最大字符数")
    scale: int | None = setting(None, "Decimal places", "小数位数")
    options: list[str] = setting([], "Allowed codes", "可选值")
    target: str | None = setting(None, "Object that a reference points to", "引用的对象")
    format: str | None = setting(
        None, "Dates: iso, unix, unix_ms or a pattern such as %Y%m%d", "日期格式：iso、unix、unix_ms 或 %Y%m%d 形式"
    )
    zone: str | None = setting(
        None, "Zone of times that carry none; default: the connection's", "无时区时间的时区，默认同连接"
    )
    as_text: bool = setting(False, "Numbers and references are written as text", "数字和引用以文本写出")
    as_number: bool = setting(False, "A code or reference is written as a number", "编码或引用以数字写出")
    yes: Any = setting(True, "What stands for true", "表示“是”的值")
    no: Any = setting(False, "What stands for false", "表示“否”的值")
    lines: dict[str, FieldSettings] = setting({}, "Fields of one line", "明细行的字段")
    removed: dict[str, Any] = setting(
        {}, "What a keyed line says to be taken away, e.g. {delete: true}", "删除明细行时写入的内容，如 {delete: true}"
    )


class ObjectSettings(Settings):
    """One kind of record."""

    label: str = setting("", "Name for people", "显示名")
    read: Read = setting(..., "How to list", "如何列表读取")
    id: str = setting("id", "Path of the id", "ID 的路径")
    id_number: bool = setting(False, "In a body, ids are written as numbers", "请求体中 ID 以数字写出")
    version: str | None = setting(None, "Path of the version", "版本的路径")
    etag: bool = setting(False, "The version is the ETag header of a single record", "以单条记录的 ETag 头作为版本")
    modified: str | None = setting(None, "Path of the moment of the last change", "最后修改时间的路径")
    modified_format: str = setting("iso", "Its format: iso, unix, unix_ms or a pattern", "最后修改时间的格式")
    author: str | None = setting(None, "Path of who made the last change", "最后修改人的路径")
    organisation: str | None = setting(None, "Path of the organisation", "组织的路径")
    key: list[str] = setting([], "Fields that find a record", "可查到记录的业务键字段")
    state: str | None = setting(None, "Field with the status of a document", "单据状态字段")
    locked: dict[str, list[str]] = setting({}, "Status -> fields that may still be written", "状态 → 仍可写的字段")
    fields: dict[str, FieldSettings] = setting({}, "Fields; none: taken from a sample page", "字段；不填则取自样本页")
    infer: bool | None = setting(
        None,
        "Take fields that are not listed from the records; default: if none is listed",
        "未列出的字段取自记录；默认在未列任何字段时启用",
    )
    fetch: Fetch | None = setting(None, "How to read by id", "如何按 ID 读取")
    search: dict[str, str | By] = setting({}, "Field -> parameter that searches by it", "字段 → 查询参数")
    create: Operation | None = setting(None, "How to create", "如何新建")
    update: Operation | None = setting(None, "How to change", "如何修改")
    delete: Operation | None = setting(None, "How to delete", "如何删除")
    upsert: bool = setting(False, "Creating with a known key changes that record", "键已存在时新建即修改")
    token_field: str | None = setting(None, "Field that may hold our mark of a create", "可存放新建标记的字段")
    actions: dict[str, Action] = setting({}, "Status steps", "状态操作")
    lines: Literal["none", "whole", "keyed"] = setting(
        "none", "An update replaces all lines, or changes those it names", "更新时整体替换明细，或只改给出的行"
    )
    lag: Decimal = setting(Decimal(0), "Seconds until a search finds a new record", "新记录多少秒后可被查到", ge=0)


# ----------------------------------------------------------------------- webhooks


class Signature(Settings):
    """How a webhook proves where it comes from (HMAC-SHA256 over the raw body)."""

    scheme: Literal["hex", "base64", "t_v1", "standard", "token", "none"] = setting(
        ...,
        "hex or base64 of the body; t=..,v1=.. ; Standard Webhooks; a fixed token; none",
        "hex、base64（对请求体签名）、t=..,v1=..、Standard Webhooks、固定令牌或无",
    )
    header: str = setting("x-signature", "Header that carries it", "携带签名的请求头")
    prefix: str = setting("", "Text before the signature, e.g. sha256=", "签名前缀，如 sha256=")
    secret: SecretStr = setting(SecretStr(""), "Shared secret", "共享密钥")
    old_secret: SecretStr = setting(SecretStr(""), "The one before, while it changes", "更换期间的旧密钥")
    window: Duration = setting(
        "5m", "How old or early a signed time may be", "签名时间允许的偏差", validate_default=True
    )


class Webhook(Settings):
    """What a webhook says. Only hints are taken from it; values are read from the system."""

    signature: Signature = setting(..., "Signature", "签名")
    events: str | None = setting(
        None, "Path of a list of events; none: the body is one event", "事件列表的路径；不填则请求体为单个事件"
    )
    object: str = setting(..., "Path of what says which object it is", "指明对象的路径")
    objects: dict[str, str] = setting(
        {},
        "That value -> our object; a value ending in * stands for all that begin so",
        "该值 → 对象名；以 * 结尾表示前缀匹配",
    )
    id: str = setting("id", "Path of the record's id", "记录 ID 的路径")


class Check(Settings):
    """A call that tells whether address, credentials and rights are right."""

    url: str = setting(..., "Address", "地址")
    method: Literal["GET", "POST"] = setting("GET", "Method", "请求方法")
    body: Any = setting(None, "Body", "请求体")


class RestSettings(Settings):
    """A JSON API, described."""

    url: str = setting(..., "Base address, e.g. https://crm.example/api/v2", "基础地址，如 https://crm.example/api/v2")
    ca_file: str | None = setting(
        None, "PEM file of the company's own certification authority", "企业自有 CA 的 PEM 文件"
    )
    also: list[str] = setting(
        [], "Further addresses that may be called (redirected log-ins, regional hosts)", "其他允许访问的地址"
    )
    auth: Auth = setting(NoAuth(), "Authentication", "认证方式")
    headers: dict[str, str] = setting({}, "Headers of every call", "每次调用的请求头")
    params: dict[str, str] = setting({}, "Parameters of every call", "每次调用的参数")
    zone: str | None = setting(
        None, "Zone of times that carry none; default: the connection's", "无时区时间的时区，默认同连接"
    )
    check: Check | None = setting(
        None, "How to try the connection; default: one page of the first object", "如何检查连接，默认读第一个对象的一页"
    )
    errors: ErrorShape = setting(ErrorShape(), "How errors look", "错误的形式")
    webhook: Webhook | None = setting(None, "How webhooks look", "Webhook 的形式")
    ahead: int | None = setting(
        None,
        "Pages fetched side by side; default: the connection's concurrency",
        "并行预取的页数，默认同连接并发数",
        ge=1,
        le=64,
    )
    objects: dict[str, ObjectSettings] = setting(..., "Objects", "对象")


FieldSettings.model_rebuild()
