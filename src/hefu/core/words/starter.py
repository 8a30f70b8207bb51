"""Errors of making a new project."""

from hefu.core.words import Words

ERRORS = {
    "starter.exists": Words(
        "{folder} already holds {files} ({count} file(s) in the way). Nothing was written.",
        "{folder} 中已有 {files}（共 {count} 个文件冲突）。没有写入任何内容。",
        "Choose a new or empty folder.",
        "请换一个新的或空的文件夹。",
    ),
    "starter.unwritable": Words(
        "{folder} cannot be written: {reason}.",
        "无法写入 {folder}：{reason}。",
        "Check the rights and the free space.",
        "请检查权限和剩余空间。",
    ),
    "starter.no_file": Words(
        "There is no file {path}.",
        "文件 {path} 不存在。",
        "Name a CSV or Excel file (.csv, .xlsx, .xls).",
        "请指定一个 CSV 或 Excel 文件（.csv、.xlsx、.xls）。",
    ),
    "starter.empty": Words(
        "{path} has no rows below its header.",
        "{path} 的表头下没有数据行。",
        "Use a file with some rows: the proposals are made from them.",
        "请使用有数据的文件：映射建议来自这些数据。",
    ),
    "starter.no_key": Words(
        "{path}: no column is filled and different in every row, so rows cannot be told apart.",
        "{path}：没有任何一列既无空值又不重复，无法区分各行。",
        "Add a column with a number per row, or clean one of: {columns}.",
        "请增加一列编号，或整理其中一列：{columns}。",
    ),
}
