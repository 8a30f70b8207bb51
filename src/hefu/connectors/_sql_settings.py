"""What a person says about a database: where it is, which tables are meant, and how changes are found."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, SecretStr, field_validator
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from hefu.core.connector import Settings


def _said(en: str, zh: str, default: Any = ...) -> Any:
    return Field(default, description=en, json_schema_extra={"zh": zh})


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


class LineTable(Settings):
    """A table whose rows are lines of the object's records."""

    table: str = _said("Table of the lines", "明细表")
    foreign_key: tuple[str, ...] = _said("Columns that hold the header's id", "指向主表标识的列")
    key: str | None = _said("Column that identifies a line; default: the primary key", "标识一行的列；默认为主键", None)

    _lists = field_validator("foreign_key", mode="before")(_listed)


class TableSettings(Settings):
    """One object: a table or view, and what may be done with it."""

    table: str | None = _said("Table or view; default: the object's name", "表或视图；默认与对象同名", None)
    id: tuple[str, ...] = _said("Columns of the id; default: the primary key", "标识列；默认为主键", ())
    key: tuple[str, ...] = _said("Columns of the natural key", "业务键列", ())
    modified: str | None = _said("Column with the time of the last change", "最后修改时间列", None)
    version: str | None = _said("Whole-number column that grows with every change", "每次修改递增的版本列", None)
    token: str | None = _said("Column that keeps our token of a create", "保存新建标记的列", None)
    changes: Literal["auto", "full", "modified", "version", "table"] = _said(
        "How changes are found: by 'modified', by 'version', by a trigger-kept 'table', or 'full' comparison",
        "变更识别方式：modified 按修改时间，version 按版本列，table 按触发器变更表，full 全量比较",
        "auto",
    )
    create: Literal["auto", "no", "key", "token", "upsert", "blind"] = _said(
        "How a create is made safe to repeat; 'upsert' writes over a record that has the same key",
        "新建的防重方式；upsert 会覆盖业务键相同的记录",
        "auto",
    )
    update: bool = _said("Whether records may be changed", "是否允许修改", True)
    delete: bool = _said("Whether records may be deleted", "是否允许删除", False)
    bump: bool = _said("Whether we raise the version column when we write", "写入时是否由我们递增版本列", True)
    touch: bool = _said("Whether we set the modified column when we write", "写入时是否由我们更新修改时间列", False)
    lines: dict[str, LineTable] = _said("Lists of lines, each from a table of its own", "明细列表及其所在的表", {})

    _lists = field_validator("id", "key", mode="before")(_listed)


class SqlSettings(Settings):
    """A database."""

    url: str = _said(
        "Address without password: postgresql://user@host/db, mysql://..., sqlite:///file, mssql://..., oracle://...",
        "数据库地址（不含密码）：postgresql://user@host/db、mysql://…、sqlite:///文件、mssql://…、oracle://…",
    )
    password: SecretStr = _said("Password of the user", "数据库用户密码", SecretStr(""))
    schema_name: str | None = _said("Schema; default: the user's own", "模式（schema）；默认为用户的默认模式", None)
    objects: dict[str, TableSettings] = _said(
        "Objects and their tables; default: every table", "对象及其表；默认为所有表", {}
    )
    zone: str | None = _said(
        "Zone of times without one; default: the connection's", "无时区时间的时区；默认取连接设置", None
    )
    overlap: float | None = _said(
        "Seconds that a changed-since read reaches back; default: the connection's lateness",
        "增量读取回溯的秒数；默认取连接的 lateness",
        None,
    )
    overlap_versions: int = _said("Versions that a read by version reaches back", "按版本读取时回溯的版本数", 100)
    page: int = _said("Most records in one page", "每页最多记录数", 5000)
    batch: int = _said("Most records in one write", "每批最多写入记录数", 5000)
    connect_timeout: int = _said("Seconds to wait for a connection", "连接超时（秒）", 10)
    timeout: int = _said("Seconds to wait for a statement or a lock", "语句和锁等待超时（秒）", 60)
    pool: int = _said("Most connections at once", "最大连接数", 4)
    tls: Literal["auto", "off", "require", "verify"] = _said(
        "Encryption: 'verify' checks the certificate, 'require' does not; 'auto': off on this machine, else verify",
        "加密：verify 校验证书和主机名，require 仅加密；auto：本机不加密，其他校验",
        "auto",
    )
    tls_ca: str | None = _said("File with the certificate authority", "CA 证书文件", None)
    tls_cert: str | None = _said("File with our certificate", "客户端证书文件", None)
    tls_key: str | None = _said("File with our certificate's key", "客户端密钥文件路径", None)

    @field_validator("url")
    @classmethod
    def _no_password(cls, url: str) -> str:
        try:
            parsed = make_url(url)
        except ArgumentError as error:
            raise ValueError("not a database address, e.g. postgresql://user@host/db") from error
        if parsed.password:
            raise ValueError("put the password under 'password', not into the address")
        return url
