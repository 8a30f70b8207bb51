"""The settings of the file connector: what a user may say of a folder and of the files in it."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, JsonValue, SecretStr, model_validator

from hefu.core.connector import Settings
from hefu.core.records import FieldType

Scalar = Literal["text", "code", "decimal", "money", "date", "instant", "boolean", "reference"]


def _says(zh: str) -> dict[str, JsonValue]:
    return {"zh": zh}


class ColumnSettings(Settings):
    """What a column holds, where looking at the file is not enough."""

    type: Scalar | None = Field(
        None,
        description="Type of the column; otherwise inferred from the first rows",
        json_schema_extra=_says("列的类型；不填则根据前若干行推断"),
    )
    format: str | None = Field(
        None,
        description="How dates and instants are written, e.g. %d.%m.%Y or %Y%m%d",
        json_schema_extra=_says("日期或时间的写法，例如 %Y年%m月%d日"),
    )
    words: tuple[str, str] | None = Field(
        None,
        description="The words for yes and no, in this order",
        json_schema_extra=_says("表示“是”和“否”的词，按此顺序"),
    )
    decimal: Literal[".", ","] = Field(
        ".", description="The decimal sign of numbers", json_schema_extra=_says("数字的小数点符号")
    )
    length: int | None = Field(
        None, ge=1, description="Most characters that a reader of the file takes", json_schema_extra=_says("最大字符数")
    )
    bytes_length: int | None = Field(
        None,
        ge=1,
        description="Most bytes that a reader of the file takes, in the file's encoding",
        json_schema_extra=_says("按文件编码计算的最大字节数"),
    )
    scale: int | None = Field(
        None,
        ge=0,
        le=12,
        description="Most decimal places that a reader of the file takes",
        json_schema_extra=_says("最多小数位数"),
    )
    required: bool = Field(False, description="May not be blank", json_schema_extra=_says("不可为空"))
    writable: bool = Field(True, description="Whether the hub may write it", json_schema_extra=_says("是否允许写入"))
    label: str = Field("", description="What people call it", json_schema_extra=_says("显示名称"))
    options: tuple[str, ...] = Field((), description="The allowed values", json_schema_extra=_says("允许的取值"))
    target: str | None = Field(
        None, description="The object that a reference points to", json_schema_extra=_says("引用所指向的对象")
    )

    @property
    def kind(self) -> FieldType | None:
        """As a field type."""
        return FieldType(self.type) if self.type else None


class SheetSettings(Settings):
    """How one file, or one sheet of a workbook, is laid out."""

    encoding: str | None = Field(
        None,
        description="Encoding of a CSV file (utf-8, utf-8-bom, gb18030, gbk, utf-16 ...); otherwise detected",
        json_schema_extra=_says("CSV 文件的编码（utf-8、utf-8-bom、gb18030、gbk、utf-16 等）；不填则自动识别"),
    )
    delimiter: str | None = Field(
        None,
        min_length=1,
        max_length=1,
        description="Sign between the cells of a CSV file; otherwise detected",
        json_schema_extra=_says("CSV 的分隔符；不填则自动识别"),
    )
    quote: str | None = Field(
        None,
        min_length=1,
        max_length=1,
        description="Quotation mark of a CSV file; otherwise detected",
        json_schema_extra=_says("CSV 的引号；不填则自动识别"),
    )
    header: int | None = Field(
        None,
        ge=0,
        description="Number of the row that names the columns, 0 for none; otherwise the first with the key's names",
        json_schema_extra=_says("列名所在的行号，0 表示没有；不填则取第一个含有主键列名的行"),
    )
    sheet: str | int | None = Field(
        None,
        description="Name or number (from 1) of the sheet in a workbook; otherwise the first",
        json_schema_extra=_says("工作簿中工作表的名称或序号（从 1 起）；不填则取第一个"),
    )
    columns: dict[str, ColumnSettings] = Field(
        {},
        description="Columns whose type or limits are declared; all of them, in order, for a file without a header",
        json_schema_extra=_says("声明类型或限制的列；文件没有表头时须按顺序列出全部列"),
    )


class LinesSettings(SheetSettings):
    """The lines of a document, kept in a second file or sheet."""

    file: str | None = Field(
        None,
        description="File of the lines; without it they stand in another sheet of the same workbook",
        json_schema_extra=_says("明细所在的文件；不填则为同一工作簿中的另一工作表"),
    )
    field: str = Field(
        "lines", description="Name of the field that lists them", json_schema_extra=_says("明细字段的名称")
    )
    parent: tuple[str, ...] = Field(
        min_length=1,
        description="Columns of a line that name its document, in the order of the document's key",
        json_schema_extra=_says("明细中指向单据的列，顺序与单据主键一致"),
    )
    key: str | None = Field(
        None,
        description="Column that tells the lines of one document apart",
        json_schema_extra=_says("区分同一单据各行的列"),
    )


class CompleteSettings(Settings):
    """How to tell a finished file from one that is still being written."""

    stable_seconds: float = Field(
        0,
        ge=0,
        description="Seconds without a change before a file counts as finished",
        json_schema_extra=_says("文件多少秒不变才视为写完"),
    )
    trailer: str | None = Field(
        None,
        description="Beginning of the last row, such as END; a file without it is not finished",
        json_schema_extra=_says("末行的开头，例如 END；没有末行的文件视为未写完"),
    )
    trailer_count: int | None = Field(
        None,
        ge=2,
        description="Number of the trailer's cell that tells how many rows there are",
        json_schema_extra=_says("末行中记录行数的是第几格"),
    )
    final_newline: bool = Field(
        False,
        description="The last row must end with a line break",
        json_schema_extra=_says("末行必须以换行结束"),
    )
    checksum: Literal["md5", "sha1", "sha256"] | None = Field(
        None,
        description="A file of this ending stands beside the file and holds its checksum",
        json_schema_extra=_says("旁边须有以此为后缀、内含校验和的文件"),
    )
    marker: str | None = Field(
        None,
        description="A file of this ending, such as .ok, appears beside a finished file",
        json_schema_extra=_says("文件写完后旁边会出现带此后缀的文件，例如 .ok"),
    )


class OperationSettings(Settings):
    """The column that says what became of the row's record."""

    column: str = Field("operation", description="Name of the column", json_schema_extra=_says("列名"))
    create: str = Field("create", description="Word for a new record", json_schema_extra=_says("新增所用的词"))
    update: str = Field("update", description="Word for a changed record", json_schema_extra=_says("修改所用的词"))
    delete: str = Field("delete", description="Word for a deleted record", json_schema_extra=_says("删除所用的词"))
    changed: str = Field(
        "changed",
        description="In an outbox: column that lists the columns of an update that count",
        json_schema_extra=_says("发件箱中列出本次修改涉及哪些列的列名"),
    )


class ObjectSettings(SheetSettings):
    """One kind of record, kept in files."""

    mode: Literal["table", "inbox", "outbox"] = Field(
        "table",
        description="table: one file, read and written; inbox: new files arrive; outbox: each batch makes a new file",
        json_schema_extra=_says("table：一个可读写的文件；inbox：不断有新文件到达；outbox：每批写入生成一个新文件"),
    )
    file: str = Field(
        description="Name of the file; inbox: a pattern (orders-*.csv); outbox: a name with {time} or {number}",
        json_schema_extra=_says("文件名；收件箱为通配符（orders-*.csv），发件箱为含 {time} 或 {number} 的名称"),
    )
    key: tuple[str, ...] = Field(
        (), description="Columns that identify a record", json_schema_extra=_says("标识一条记录的列")
    )
    label: str = Field("", description="What people call the object", json_schema_extra=_says("对象的显示名称"))
    modified: str | None = Field(
        None, description="Column with the time of the last change", json_schema_extra=_says("记录最后修改时间的列")
    )
    author: str | None = Field(
        None, description="Column with who changed it last", json_schema_extra=_says("记录最后修改人的列")
    )
    lines: LinesSettings | None = Field(
        None, description="The lines of each record, in a second file or sheet", json_schema_extra=_says("明细行的位置")
    )
    complete: CompleteSettings = Field(
        CompleteSettings(), description="How to tell a finished file", json_schema_extra=_says("如何判断文件已写完")
    )
    operation: OperationSettings | None = Field(
        None,
        description="Column that marks deletes (inbox) and what to do (outbox)",
        json_schema_extra=_says("标明新增、修改、删除的列"),
    )
    create: bool = Field(
        False,
        description="Make the table's file if it is not there; otherwise a missing file is an error",
        json_schema_extra=_says("文件不存在时是否创建；否则视为错误"),
    )
    writable: bool = Field(True, description="Whether the hub may write", json_schema_extra=_says("是否允许写入"))
    keep: int = Field(
        1,
        ge=0,
        le=99,
        description="Former generations of a table's file to keep",
        json_schema_extra=_says("保留几份旧文件"),
    )
    escape_formulas: bool = Field(
        True,
        description="In CSV, put an apostrophe before text that a spreadsheet would run; taken off again when reading",
        json_schema_extra=_says("CSV 中在电子表格会当作公式的文本前加撇号，读取时再去掉"),
    )
    replace_workbook: bool = Field(
        False,
        description="Rewrite a workbook although formats, formulas or further sheets in it get lost",
        json_schema_extra=_says("即使会丢失格式、公式或其他工作表，也允许重写工作簿"),
    )
    order: Literal["name", "time"] = Field(
        "name",
        description="Which inbox file comes first: by name (numbers in it count as numbers) or by time of change",
        json_schema_extra=_says("收件箱文件的先后：按名称（其中数字按大小）或按修改时间"),
    )
    done: str | None = Field(
        None,
        description="Folder to move an inbox file to when it is through; otherwise it stays",
        json_schema_extra=_says("收件箱文件处理完后移入的文件夹；不填则留在原处"),
    )

    @model_validator(mode="after")
    def _fits(self) -> ObjectSettings:
        for name in (self.file, self.done, self.lines.file if self.lines else None):
            if name is not None and (name.startswith(("/", "~", ".hefu")) or ".." in name.split("/") or "\\" in name):
                raise ValueError(f"'{name}' must stand inside the location: a relative path without '..'")
        if self.mode == "outbox" and not ({"{time}", "{number}"} & set(re.findall(r"\{\w+\}", self.file))):
            raise ValueError("an outbox's 'file' needs {time} or {number}, so that each batch has a name of its own")
        if self.mode == "outbox" and not self.columns:
            raise ValueError("an outbox needs 'columns': those that its files shall have")
        if self.mode != "inbox" and not self.key:
            raise ValueError(f"a {self.mode} needs 'key': the columns that identify a record")
        if self.lines and len(self.lines.parent) != len(self.key):
            raise ValueError("'lines.parent' needs as many columns as 'key'")
        if self.lines and self.mode != "table":
            raise ValueError("'lines' go with mode 'table' only")
        return self


class LimitSettings(Settings):
    """What a workbook may cost. It is checked before parsing and watched while a child process parses."""

    megabytes: int = Field(50, ge=1, description="Size of the file", json_schema_extra=_says("文件大小（MB）"))
    members: int = Field(1000, ge=1, description="Parts in it", json_schema_extra=_says("内部文件数"))
    unpacked_megabytes: int = Field(300, ge=1, description="Size unpacked", json_schema_extra=_says("解压后大小（MB）"))
    ratio: int = Field(100, ge=1, description="Unpacked size to packed size", json_schema_extra=_says("压缩比"))
    rows: int = Field(1_048_576, ge=1, description="Rows of the sheet", json_schema_extra=_says("行数"))
    columns: int = Field(500, ge=1, le=16_384, description="Columns of the sheet", json_schema_extra=_says("列数"))
    seconds: float = Field(120, gt=0, description="Time to parse", json_schema_extra=_says("解析时限（秒）"))
    memory_megabytes: int | None = Field(
        None,
        ge=128,
        description="Memory to parse; otherwise 256 MB and six times the unpacked size",
        json_schema_extra=_says("解析内存（MB）；不填则为 256 MB 加解压大小的六倍"),
    )


class FilesSettings(Settings):
    """A folder, here or elsewhere, and the objects in it."""

    location: str = Field(
        ".",
        description="Folder, relative to the project, or an fsspec address such as sftp://erp.example.com/exchange",
        json_schema_extra=_says("文件夹（相对于项目），或 fsspec 地址，例如 sftp://erp.example.com/exchange"),
    )
    user: str = Field("", description="User for a remote location", json_schema_extra=_says("远程位置的用户名"))
    password: SecretStr | None = Field(
        None, description="Password for a remote location", json_schema_extra=_says("远程位置的密码")
    )
    key_file: str | None = Field(
        None, description="File with the private key for SFTP", json_schema_extra=_says("SFTP 私钥文件")
    )
    host_key: str | None = Field(
        None,
        description="The SFTP server's public key (ssh-ed25519 AAAA...); else ~/.ssh/known_hosts",
        json_schema_extra=_says("SFTP 服务器公钥，格式同 known_hosts；不填则使用 ~/.ssh/known_hosts"),
    )
    options: dict[str, SecretStr] = Field(
        {},
        description="Further options of the fsspec file system, e.g. key and secret of an object store",
        json_schema_extra=_says("fsspec 文件系统的其他选项，例如对象存储的密钥"),
    )
    timeout: float = Field(
        30, gt=0, description="Seconds to wait for a remote answer", json_schema_extra=_says("远程等待秒数")
    )
    zone: str | None = Field(
        None,
        description="Time zone of times that carry none; otherwise the connection's",
        json_schema_extra=_says("不带时区的时间所属时区；不填则用连接的时区"),
    )
    rejects: str = Field(
        "rejects",
        description="Folder for rows that could not be taken: inside the location, or absolute on this machine",
        json_schema_extra=_says("存放无法接收的行的文件夹：位于该位置之内，或本机的绝对路径"),
    )
    limits: LimitSettings = Field(
        LimitSettings(), description="What a workbook may cost", json_schema_extra=_says("工作簿的限制")
    )
    objects: dict[str, ObjectSettings] = Field(
        min_length=1, description="The kinds of record, by name", json_schema_extra=_says("各对象，按名称")
    )


__all__ = ["ColumnSettings", "CompleteSettings", "FilesSettings", "LimitSettings", "LinesSettings", "ObjectSettings"]
