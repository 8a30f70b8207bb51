"""What a person says about a database: where it is, which tables are meant, and how changes are found."""

from __future__ import annotations

from typing import Literal

from pydantic import SecretStr, field_validator
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from hefu.core.connector import Settings, setting


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) else value


class LineTable(Settings):
    """A table whose rows are lines of the object's records."""

    table: str = setting(..., "Table of the lines", "明细表")
    foreign_key: tuple[str, ...] = setting(..., "Columns that hold the header's id", "指向主表标识的列")
    key: str | None = setting(
        None, "Column that identifies a line; default: the primary key", "标识一行的列；默认为主键"
    )

    _lists = field_validator("foreign_key", mode="before")(_listed)


class TableSettings(Settings):
    """One object: a table or view, and what may be done with it."""

    table: str | None = setting(None, "Table or view; default: the object's name", "表或视图；默认与对象同名")
    id: tuple[str, ...] = setting((), "Columns of the id; default: the primary key", "标识列；默认为主键")
    key: tuple[str, ...] = setting((), "Columns of the natural key", "业务键列")
    modified: str | None = setting(None, "Column with the time of the last change", "最后修改时间列")
    version: str | None = setting(None, "Whole-number column that grows with every change", "每次修改递增的版本列")
    token: str | None = setting(None, "Column that keeps our token of a create", "保存新建标记的列")
    changes: Literal["auto", "full", "modified", "version", "table"] = setting(
        "auto",
        "How changes are found: by 'modified', by 'version', by a trigger-kept 'table', or 'full' comparison",
        "变更识别方式：modified 按修改时间，version 按版本列，table 按触发器变更表，full 全量比较",
    )
    create: Literal["auto", "no", "key", "token", "upsert", "blind"] = setting(
        "auto",
        "How a create is made safe to repeat; 'upsert' writes over a record that has the same key",
        "新建的防重方式；upsert 会覆盖业务键相同的记录",
    )
    update: bool = setting(True, "Whether records may be changed", "是否允许修改")
    delete: bool = setting(False, "Whether records may be deleted", "是否允许删除")
    bump: bool = setting(True, "Whether we raise the version column when we write", "写入时是否由我们递增版本列")
    touch: bool = setting(False, "Whether we set the modified column when we write", "写入时是否由我们更新修改时间列")
    lines: dict[str, LineTable] = setting({}, "Lists of lines, each from a table of its own", "明细列表及其所在的表")

    _lists = field_validator("id", "key", mode="before")(_listed)


class SqlSettings(Settings):
    """A database."""

    url: str = setting(
        ...,
        "Address without password: postgresql://user@host/db, mysql://..., sqlite:///file, mssql://..., oracle://...",
        "数据库地址（不含密码）：postgresql://user@host/db、mysql://…、sqlite:///文件、mssql://…、oracle://…",
    )
    password: SecretStr = setting(SecretStr(""), "Password of the user", "数据库用户密码")
    schema_name: str | None = setting(None, "Schema; default: the user's own", "模式（schema）；默认为用户的默认模式")
    objects: dict[str, TableSettings] = setting(
        {}, "Objects and their tables; default: every table", "对象及其表；默认为所有表"
    )
    zone: str | None = setting(
        None, "Zone of times without one; default: the connection's", "无时区时间的时区；默认取连接设置"
    )
    overlap: float | None = setting(
        None,
        "Seconds that a changed-since read reaches back; default: the connection's lateness",
        "增量读取回溯的秒数；默认取连接的 lateness",
    )
    overlap_versions: int = setting(100, "Versions that a read by version reaches back", "按版本读取时回溯的版本数")
    page: int = setting(5000, "Most records in one page", "每页最多记录数")
    batch: int = setting(5000, "Most records in one write", "每批最多写入记录数")
    connect_timeout: int = setting(10, "Seconds to wait for a connection", "连接超时（秒）")
    timeout: int = setting(60, "Seconds to wait for a statement or a lock", "语句和锁等待超时（秒）")
    pool: int = setting(4, "Most connections at once", "最大连接数")
    tls: Literal["auto", "off", "require", "verify"] = setting(
        "auto",
        "Encryption: 'verify' checks the certificate, 'require' does not; 'auto': off on this machine, else verify",
        "加密：verify 校验证书和主机名，require 仅加密；auto：本机不加密，其他校验",
    )
    tls_ca: str | None = setting(None, "File with the certificate authority", "CA 证书文件")
    tls_cert: str | None = setting(None, "File with our certificate", "客户端证书文件")
    tls_key: str | None = setting(None, "File with our certificate's key", "客户端密钥文件路径")

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
