"""What a user says about a SOAP service: which operations of its WSDL read and write which records."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field as _Field
from pydantic import SecretStr

from hefu.core.connector import Settings, setting
from hefu.core.records import FieldType

Verdict = Literal["rejected", "transient", "denied", "stale", "missing", "unsupported"]


class NoAuth(Settings):
    """Nothing to prove."""

    type: Literal["none"] = setting("none", "No authentication", "无需认证")


class Basic(Settings):
    """User and password (HTTP Basic)."""

    type: Literal["basic"] = setting(..., "User and password with every call", "每次调用携带用户名和密码")
    user: str = setting(..., "User", "用户名")
    password: SecretStr = setting(..., "Password", "密码")


class Wsse(Settings):
    """A UsernameToken in the header of the envelope (WS-Security)."""

    type: Literal["wsse"] = setting(..., "WS-Security UsernameToken", "WS-Security UsernameToken")
    user: str = setting(..., "User", "用户名")
    password: SecretStr = setting(..., "Password", "密码")


Auth = Annotated[NoAuth | Basic | Wsse, _Field(discriminator="type")]


class SoapField(Settings):
    """One field of an object."""

    path: str = setting("", "Path in the record; default: the field's name", "记录中的路径，默认同字段名")
    type: FieldType = setting(FieldType.TEXT, "Type", "类型")
    label: str = setting("", "Name for people", "显示名")
    writable: bool = setting(True, "May be written", "可写")
    required: bool = setting(False, "Must be given", "必填")
    zone: str = setting("", "Zone of times that carry none; default: the connection's", "无时区时间的时区，默认同连接")


class SoapRead(Settings):
    """An operation that lists records."""

    operation: str = setting(..., "Name in the WSDL", "WSDL 中的操作名")
    arguments: dict[str, Any] = setting(
        {}, "What it is given; holes {page} {size} {since}", "参数，可用 {page} {size} {since}"
    )
    records: str = setting("", "Path of the list in the answer", "应答中列表的路径")
    size: int = setting(
        0,
        "Records in a page, where {page} is used; 0: all come at once",
        "每页条数（使用 {page} 时）；0 表示一次返回",
        ge=0,
    )
    first: int = setting(1, "Number of the first page", "首页的页码")


class SoapFetch(Settings):
    """An operation that reads one record."""

    operation: str = setting(..., "Name in the WSDL", "WSDL 中的操作名")
    arguments: dict[str, Any] = setting(..., "What it is given, with {id}", "参数，含 {id}")
    record: str = setting("", "Path of the record in the answer", "应答中记录的路径")


class SoapWrite(Settings):
    """An operation that writes one record."""

    operation: str = setting(..., "Name in the WSDL", "WSDL 中的操作名")
    arguments: dict[str, Any] = setting({}, "What else it is given; holes {id} {token}", "其他参数，可用 {id} {token}")
    record: str = setting("", "Path in the arguments where the record goes", "记录在参数中的路径")
    whole: bool = setting(
        False, "It wants the whole record: read it first, change it, send all", "需要整条记录：先读取、修改后整体发送"
    )
    id: str = setting(
        "",
        "Path of the id in the answer; default: the id field that was sent",
        "应答中 ID 的路径；默认取发送的 ID 字段",
    )
    upsert: bool = setting(False, "A create with a known key changes that record", "键已存在时新建即修改")
    success: dict[str, str] = setting({}, "Path -> value of an answer that means done", "表示成功的 路径 → 值")
    message: str = setting("", "Path of the reason in an answer that does not", "失败原因的路径")


class SoapObject(Settings):
    """One kind of record."""

    label: str = setting("", "Name for people", "显示名")
    id: str = setting(..., "Field that is the id", "作为 ID 的字段")
    key: list[str] = setting([], "Fields that find a record; default: the id", "可查到记录的业务键字段；默认为 ID")
    modified: str = setting("", "Field with the instant of the last change", "最后修改时间字段")
    fields: dict[str, SoapField] = setting(..., "Fields", "字段")
    read: SoapRead = setting(..., "How to list", "如何列表读取")
    changed: SoapRead | None = setting(None, "How to list what changed since {since}", "如何读取 {since} 之后的变更")
    overlap: float = setting(60.0, "Seconds that such a read reaches back", "增量读取回看的秒数", ge=0)
    fetch: SoapFetch | None = setting(None, "How to read one", "如何读取一条")
    create: SoapWrite | None = setting(None, "How to create", "如何新建")
    update: SoapWrite | None = setting(None, "How to change", "如何修改")
    delete: SoapWrite | None = setting(None, "How to delete", "如何删除")
    lag: float = setting(0.0, "Seconds until a reading finds a new record", "新记录多少秒后可被读到", ge=0)


class SoapSettings(Settings):
    """A SOAP service, described."""

    wsdl: str = setting(..., "Address of the WSDL, or a file in the project's folder", "WSDL 地址，或项目目录中的文件")
    url: str = setting("", "Address of the service, where it is not the WSDL's", "服务地址（与 WSDL 中不同时填写）")
    service: str = setting("", "Service in the WSDL; default: the first", "WSDL 中的服务；默认第一个")
    port: str = setting("", "Port of that service; default: the first", "该服务的端口；默认第一个")
    auth: Auth = setting(NoAuth(), "Authentication", "认证方式")
    headers: dict[str, str] = setting({}, "HTTP headers of every call", "每次调用的 HTTP 请求头")
    faults: dict[str, Verdict] = setting(
        {}, "Fault code, or a part of its text -> what it means", "Fault 代码或文本片段 → 含义"
    )
    largest: int = setting(20_000_000, "Bytes of an answer that are taken at most", "应答允许的最大字节数", ge=1000)
    objects: dict[str, SoapObject] = setting(..., "Objects", "对象")
