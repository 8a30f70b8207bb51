"""The settings of the file connector: what a user may say of a folder and of the files in it."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import SecretStr, model_validator

from hefu.core.connector import Settings, setting
from hefu.core.records import FieldType

Scalar = Literal["text", "code", "decimal", "money", "date", "instant", "boolean", "reference"]


class ColumnSettings(Settings):
    """What a column holds, where looking at the file is not enough."""

    type: Scalar | None = setting(
        None, "Type of the column; otherwise inferred from the first rows", "列的类型；不填则根据前若干行推断"
    )
    format: str | None = setting(
        None, "How dates and instants are written, e.g. %d.%m.%Y or %Y%m%d", "日期或时间的写法，例如 %Y年%m月%d日"
    )
    words: tuple[str, str] | None = setting(
        None, "The words for yes and no, in this order", "表示“是”和“否”的词，按此顺序"
    )
    decimal: Literal[".", ","] = setting(".", "The decimal sign of numbers", "数字的小数点符号")
    length: int | None = setting(None, "Most characters that a reader of the file takes", "最大字符数", ge=1)
    bytes_length: int | None = setting(
        None, "Most bytes that a reader of the file takes, in the file's encoding", "按文件编码计算的最大字节数", ge=1
    )
    scale: int | None = setting(
        None, "Most decimal places that a reader of the file takes", "最多小数位数", ge=0, le=12
    )
    required: bool = setting(False, "May not be blank", "不可为空")
    writable: bool = setting(True, "Whether the hub may write it", "是否允许写入")
    label: str = setting("", "What people call it", "显示名称")
    options: tuple[str, ...] = setting((), "The allowed values", "允许的取值")
    target: str | None = setting(None, "The object that a reference points to", "引用所指向的对象")

    @property
    def kind(self) -> FieldType | None:
        """As a field type."""
        return FieldType(self.type) if self.type else None


class SheetSettings(Settings):
    """How one file, or one sheet of a workbook, is laid out."""

    encoding: str | None = setting(
        None,
        "Encoding of a CSV file (utf-8, utf-8-bom, gb18030, gbk, utf-16 ...); otherwise detected",
        "CSV 文件的编码（utf-8、utf-8-bom、gb18030、gbk、utf-16 等）；不填则自动识别",
    )
    delimiter: str | None = setting(
        None,
        "Sign between the cells of a CSV file; otherwise detected",
        "CSV 的分隔符；不填则自动识别",
        min_length=1,
        max_length=1,
    )
    quote: str | None = setting(
        None,
        "Quotation mark of a CSV file; otherwise detected",
        "CSV 的引号；不填则自动识别",
        min_length=1,
        max_length=1,
    )
    header: int | None = setting(
        None,
        "Number of the row that names the columns, 0 for none; otherwise the first with the key's names",
        "列名所在的行号，0 表示没有；不填则取第一个含有主键列名的行",
        ge=0,
    )
    sheet: str | int | None = setting(
        None,
        "Name or number (from 1) of the sheet in a workbook; otherwise the first",
        "工作簿中工作表的名称或序号（从 1 起）；不填则取第一个",
    )
    columns: dict[str, ColumnSettings] = setting(
        {},
        "Columns whose type or limits are declared; all of them, in order, for a file without a header",
        "声明类型或限制的列；文件没有表头时须按顺序列出全部列",
    )


class LinesSettings(SheetSettings):
    """The lines of a document, kept in a second file or sheet."""

    file: str | None = setting(
        None,
        "File of the lines; without it they stand in another sheet of the same workbook",
        "明细所在的文件；不填则为同一工作簿中的另一工作表",
    )
    field: str = setting("lines", "Name of the field that lists them", "明细字段的名称")
    parent: tuple[str, ...] = setting(
        ...,
        "Columns of a line that name its document, in the order of the document's key",
        "明细中指向单据的列，顺序与单据主键一致",
        min_length=1,
    )
    key: str | None = setting(None, "Column that tells the lines of one document apart", "区分同一单据各行的列")


class CompleteSettings(Settings):
    """How to tell a finished file from one that is still being written."""

    stable_seconds: float = setting(
        0, "Seconds without a change before a file counts as finished", "文件多少秒不变才视为写完", ge=0
    )
    trailer: str | None = setting(
        None,
        "Beginning of the last row, such as END; a file without it is not finished",
        "末行的开头，例如 END；没有末行的文件视为未写完",
    )
    trailer_count: int | None = setting(
        None, "Number of the trailer's cell that tells how many rows there are", "末行中记录行数的是第几格", ge=2
    )
    final_newline: bool = setting(False, "The last row must end with a line break", "末行必须以换行结束")
    checksum: Literal["md5", "sha1", "sha256"] | None = setting(
        None,
        "A file of this ending stands beside the file and holds its checksum",
        "旁边须有以此为后缀、内含校验和的文件",
    )
    marker: str | None = setting(
        None,
        "A file of this ending, such as .ok, appears beside a finished file",
        "文件写完后旁边会出现带此后缀的文件，例如 .ok",
    )


class OperationSettings(Settings):
    """The column that says what became of the row's record."""

    column: str = setting("operation", "Name of the column", "列名")
    create: str = setting("create", "Word for a new record", "新增所用的词")
    update: str = setting("update", "Word for a changed record", "修改所用的词")
    delete: str = setting("delete", "Word for a deleted record", "删除所用的词")
    changed: str = setting(
        "changed",
        "In an outbox: column that lists the columns of an update that count",
        "发件箱中列出本次修改涉及哪些列的列名",
    )


class ObjectSettings(SheetSettings):
    """One kind of record, kept in files."""

    mode: Literal["table", "inbox", "outbox"] = setting(
        "table",
        "table: one file, read and written; inbox: new files arrive; outbox: each batch makes a new file",
        "table：一个可读写的文件；inbox：不断有新文件到达；outbox：每批写入生成一个新文件",
    )
    file: str = setting(
        ...,
        "Name of the file; inbox: a pattern (orders-*.csv); outbox: a name with {time} or {number}",
        "文件名；收件箱为通配符（orders-*.csv），发件箱为含 {time} 或 {number} 的名称",
    )
    key: tuple[str, ...] = setting((), "Columns that identify a record", "标识一条记录的列")
    label: str = setting("", "What people call the object", "对象的显示名称")
    modified: str | None = setting(None, "Column with the time of the last change", "记录最后修改时间的列")
    author: str | None = setting(None, "Column with who changed it last", "记录最后修改人的列")
    lines: LinesSettings | None = setting(None, "The lines of each record, in a second file or sheet", "明细行的位置")
    complete: CompleteSettings = setting(CompleteSettings(), "How to tell a finished file", "如何判断文件已写完")
    operation: OperationSettings | None = setting(
        None, "Column that marks deletes (inbox) and what to do (outbox)", "标明新增、修改、删除的列"
    )
    create: bool = setting(
        False,
        "Make the table's file if it is not there; otherwise a missing file is an error",
        "文件不存在时是否创建；否则视为错误",
    )
    writable: bool = setting(True, "Whether the hub may write", "是否允许写入")
    keep: int = setting(1, "Former generations of a table's file to keep", "保留几份旧文件", ge=0, le=99)
    escape_formulas: bool = setting(
        True,
        "In CSV, put an apostrophe before text that a spreadsheet would run; taken off again when reading",
        "CSV 中在电子表格会当作公式的文本前加撇号，读取时再去掉",
    )
    replace_workbook: bool = setting(
        False,
        "Rewrite a workbook although formats, formulas or further sheets in it get lost",
        "即使会丢失格式、公式或其他工作表，也允许重写工作簿",
    )
    order: Literal["name", "time"] = setting(
        "name",
        "Which inbox file comes first: by name (numbers in it count as numbers) or by time of change",
        "收件箱文件的先后：按名称（其中数字按大小）或按修改时间",
    )
    done: str | None = setting(
        None,
        "Folder to move an inbox file to when it is through; otherwise it stays",
        "收件箱文件处理完后移入的文件夹；不填则留在原处",
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

    megabytes: int = setting(50, "Size of the file", "文件大小（MB）", ge=1)
    members: int = setting(1000, "Parts in it", "内部文件数", ge=1)
    unpacked_megabytes: int = setting(300, "Size unpacked", "解压后大小（MB）", ge=1)
    ratio: int = setting(100, "Unpacked size to packed size", "压缩比", ge=1)
    rows: int = setting(1_048_576, "Rows of the sheet", "行数", ge=1)
    columns: int = setting(500, "Columns of the sheet", "列数", ge=1, le=16_384)
    seconds: float = setting(120, "Time to parse", "解析时限（秒）", gt=0)
    memory_megabytes: int | None = setting(
        None,
        "Memory to parse; otherwise 256 MB and six times the unpacked size",
        "解析内存（MB）；不填则为 256 MB 加解压大小的六倍",
        ge=128,
    )


class FilesSettings(Settings):
    """A folder, here or elsewhere, and the objects in it."""

    location: str = setting(
        ".",
        "Folder, relative to the project, or an fsspec address such as sftp://erp.example.com/exchange",
        "文件夹（相对于项目），或 fsspec 地址，例如 sftp://erp.example.com/exchange",
    )
    user: str = setting("", "User for a remote location", "远程位置的用户名")
    password: SecretStr | None = setting(None, "Password for a remote location", "远程位置的密码")
    key_file: str | None = setting(None, "File with the private key for SFTP", "SFTP 私钥文件")
    host_key: str | None = setting(
        None,
        "The SFTP server's public key (ssh-ed25519 AAAA...); else ~/.ssh/known_hosts",
        "SFTP 服务器公钥，格式同 known_hosts；不填则使用 ~/.ssh/known_hosts",
    )
    options: dict[str, SecretStr] = setting(
        {},
        "Further options of the fsspec file system, e.g. key and secret of an object store",
        "fsspec 文件系统的其他选项，例如对象存储的密钥",
    )
    timeout: float = setting(30, "Seconds to wait for a remote answer", "远程等待秒数", gt=0)
    zone: str | None = setting(
        None,
        "Time zone of times that carry none; otherwise the connection's",
        "不带时区的时间所属时区；不填则用连接的时区",
    )
    rejects: str = setting(
        "rejects",
        "Folder for rows that could not be taken: inside the location, or absolute on this machine",
        "存放无法接收的行的文件夹：位于该位置之内，或本机的绝对路径",
    )
    limits: LimitSettings = setting(LimitSettings(), "What a workbook may cost", "工作簿的限制")
    objects: dict[str, ObjectSettings] = setting(..., "The kinds of record, by name", "各对象，按名称", min_length=1)


__all__ = ["ColumnSettings", "CompleteSettings", "FilesSettings", "LimitSettings", "LinesSettings", "ObjectSettings"]
