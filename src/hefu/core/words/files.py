"""Errors of the file connector: of a whole file, of one row in it, of a write, of the place where files live."""

from hefu.core.words import Words

_NOTHING = " Nothing of it was read."
_NOTHING_ZH = "该文件未读取任何内容。"
_FIX_ROW = ("Correct the row in the source.", "请在来源文件中更正该行。")
_FIX_VALUE = ("Correct the value in the other system.", "请在另一系统中更正该值。")

_PLACE = {
    "files.absent": Words(
        "{file} is not there.",
        "找不到文件 {file}。",
        "Put the file there, correct its name in the settings, or let the hub make a table's file with 'create: true'.",
        "请放入该文件，或更正设置中的文件名；若希望由本系统创建，请设置 create: true。",
    ),
    "files.no_folder": Words(
        "There is no folder {folder}.",
        "文件夹 {folder} 不存在。",
        "Make it, or correct 'location'.",
        "请创建该文件夹，或更正 location。",
    ),
    "files.denied": Words(
        "No right to read or write {file}.",
        "没有读写 {file} 的权限。",
        "Give the hub's user the right; for rows that are not taken, 'rejects' may name another folder.",
        "请授予运行本系统的用户相应权限；存放拒收行的文件夹可用 rejects 另行指定。",
    ),
    "files.disk_full": Words(
        "No space left to write {file}. The file is as before.",
        "磁盘空间不足，无法写入 {file}。原文件保持不变。",
        "Free some space; the hub tries again by itself.",
        "请清理磁盘空间，本系统会自动重试。",
    ),
    "files.io": Words(
        "{file}: {reason}.",
        "{file}：{reason}。",
        "Look at the disk or the network; the hub tries again.",
        "请检查磁盘或网络，本系统会自动重试。",
    ),
    "files.moving": Words(
        "{file} is being written by another program just now.",
        "{file} 正在被其他程序写入。",
        "Nothing to do: the hub reads it again. If this repeats, set 'complete.stable_seconds'.",
        "无需处理，本系统会再次读取；若经常出现，请设置 complete.stable_seconds。",
    ),
    "files.unsettled": Words(
        "{file} was changed less than {seconds} s ago and may not be finished.",
        "{file} 在 {seconds} 秒内刚被修改，可能尚未写完。",
        "Nothing to do: the hub waits and tries again.",
        "无需处理，本系统会稍后再试。",
    ),
    "files.changed": Words(
        "{file} was changed by another program while we wrote; its version stays.",
        "写入期间 {file} 被其他程序修改，已保留对方的版本。",
        "Nothing to do: the hub reads it and writes again.",
        "无需处理，本系统会重新读取后再写入。",
    ),
    "files.busy": Words(
        "{file} is changed by another program again and again; nothing was written.",
        "{file} 不断被其他程序修改，本次未写入。",
        "Let the other program finish; the hub tries again.",
        "请等待其他程序完成，本系统会自动重试。",
    ),
    "files.link": Words(
        "{file} is a symbolic link; replacing it would leave the file it points to untouched.",
        "{file} 是符号链接，替换它不会改动其指向的文件。",
        "Name the folder of the real file in 'location'.",
        "请在 location 中填写实际文件所在的文件夹。",
    ),
    "files.protocol": Words(
        "Files cannot be reached by '{protocol}'.",
        "不支持用“{protocol}”访问文件。",
        "Use a local folder or one of: {known}. For web addresses use the connector 'rest'.",
        "请使用本地文件夹或下列之一：{known}。网址请用 rest 连接器。",
    ),
    "files.extra": Words(
        "'{protocol}' needs the package '{needs}', which is not installed.",
        "“{protocol}”需要软件包“{needs}”，但尚未安装。",
        "Install it beside the hub; for SFTP: pip install 'hefu[sftp]'.",
        "请在本系统旁安装；SFTP 请执行 pip install 'hefu[sftp]'。",
    ),
    "files.unreachable": Words(
        "{place} does not answer: {reason}.",
        "{place} 无应答：{reason}。",
        "Look at address, network and server; the hub tries again.",
        "请检查地址、网络和服务器，本系统会自动重试。",
    ),
    "files.login": Words(
        "{place} refuses the user or the password.",
        "{place} 拒绝该用户或密码。",
        "Correct 'user', 'password' or 'key_file'.",
        "请更正 user、password 或 key_file。",
    ),
    "files.host_key": Words(
        "{place} shows a key that is not the one expected: {shown}. Someone may stand in between.",
        "{place} 的主机密钥与预期不符：{shown}。可能存在中间人。",
        "Ask the server's administrator for its key; if this one is right, set 'host_key' to it.",
        "请向服务器管理员核实密钥；若无误，请填入 host_key。",
    ),
    "files.password_in_url": Words(
        "The address of {place} holds a password.",
        "{place} 的地址中含有密码。",
        "Write it under 'password' as a reference to a secret, such as ${{env:NAME}}.",
        "请改为在 password 中引用密文，例如 ${{env:NAME}}。",
    ),
    "files.bad_host_key": Words(
        "'host_key' of {place} is no public key.",
        "{place} 的 host_key 不是公钥。",
        "Write it as in known_hosts, without the host: ssh-ed25519 AAAA...",
        "请按 known_hosts 的格式填写（不含主机名）：ssh-ed25519 AAAA...",
    ),
    "files.unanswered": Words(
        "{place} did not confirm that {file} was replaced.",
        "{place} 未确认 {file} 是否已替换。",
        "Nothing to do: the hub looks before it writes again.",
        "无需处理，本系统会先核实再写入。",
    ),
}

_CONFIGURATION = {
    "files.no_object": Words(
        "There is no object '{object}' in this connection; there are: {known}.",
        "该连接没有对象“{object}”，现有：{known}。",
        "Correct the name, or describe the object under 'objects'.",
        "请更正名称，或在 objects 中补充该对象。",
    ),
    "files.zone": Words(
        "There is no time zone '{zone}'.",
        "没有时区“{zone}”。",
        "Write it like Asia/Shanghai.",
        "请写作 Asia/Shanghai 之类。",
    ),
    "files.bad_cursor": Words(
        "This is no reading position of a file: {cursor}.",
        "这不是文件的读取位置：{cursor}。",
        "Start a full read of the object.",
        "请对该对象做一次全量读取。",
    ),
    "files.unknown_encoding": Words(
        "There is no encoding '{encoding}'.",
        "没有名为“{encoding}”的编码。",
        "Use utf-8, utf-8-bom, gb18030, gbk, utf-16 or another name that Python knows.",
        "请使用 utf-8、utf-8-bom、gb18030、gbk、utf-16 等名称。",
    ),
    "files.encoding_unsure": Words(
        "The encoding of {file} is neither UTF-8, UTF-16 nor GB18030; it may be {maybe}." + _NOTHING,
        "{file} 的编码不是 UTF-8、UTF-16 或 GB18030，可能是 {maybe}。" + _NOTHING_ZH,
        "Set 'encoding' after looking whether its text reads well in that encoding.",
        "请先确认按该编码显示正常，再设置 encoding。",
    ),
    "files.no_key_column": Words(
        "{file} has no column {key}; it has: {columns}." + _NOTHING,
        "{file} 没有列 {key}；现有：{columns}。" + _NOTHING_ZH,
        "Correct 'key', or 'header', 'delimiter' or 'encoding' if the columns look wrong.",
        "请更正 key；若列名显示不正常，请设置 header、delimiter 或 encoding。",
    ),
    "files.no_declared_column": Words(
        "{file} has no column {column}, which the settings declare; it has: {columns}." + _NOTHING,
        "{file} 没有设置中声明的列 {column}；现有：{columns}。" + _NOTHING_ZH,
        "Correct 'columns', or the header of the file.",
        "请更正 columns 或文件的表头。",
    ),
    "files.no_column": Words(
        "{file} has no column {column}; it has: {columns}.",
        "{file} 没有列 {column}；现有：{columns}。",
        "Correct the mapping, or add the column to the file.",
        "请更正映射，或在文件中添加该列。",
    ),
    "files.no_sheet": Words(
        "{file} has no sheet '{sheet}'; it has: {sheets}.",
        "{file} 没有工作表“{sheet}”；现有：{sheets}。",
        "Correct 'sheet'.",
        "请更正 sheet。",
    ),
    "files.no_header": Words(
        "{file} has no row {row} to take the column names from." + _NOTHING,
        "{file} 没有作为表头的第 {row} 行。" + _NOTHING_ZH,
        "Correct 'header'.",
        "请更正 header。",
    ),
    "files.declare_columns": Words(
        "{file} is to be made, but the settings declare no columns beside the key.",
        "需要创建 {file}，但设置中除主键外没有声明任何列。",
        "List the columns under 'columns'.",
        "请在 columns 中列出各列。",
    ),
    "files.batch": Words(
        "{got} writes in one call; a file takes {most}.",
        "一次写入 {got} 条，最多 {most} 条。",
        "Send smaller batches.",
        "请分批写入。",
    ),
    "files.only_xlsx": Words(
        "{file} can be read, but only .xlsx workbooks are written.",
        "{file} 只能读取；仅支持写入 .xlsx 工作簿。",
        "Save it as .xlsx, or set 'writable: false'.",
        "请另存为 .xlsx，或设置 writable: false。",
    ),
    "files.book_rich": Words(
        "{file} holds what a rewrite would lose: {what}. Nothing was written.",
        "{file} 含有重写后会丢失的内容：{what}。未写入。",
        "Give the hub a workbook of its own, or set 'replace_workbook: true' if that may go.",
        "请为本系统单独准备一个工作簿；若允许丢失，请设置 replace_workbook: true。",
    ),
}

_WHOLE_FILE = {
    "files.empty": Words(
        "{file} is empty.",
        "{file} 是空文件。",
        "Ask for a new one; a table without records still has its header.",
        "请重新获取；没有记录的表也应有表头。",
    ),
    "files.wrong_byte": Words(
        "{file} is not sound {encoding}: line {line}, position {position}, byte {byte} (byte {offset} of the file)."
        + _NOTHING,
        "{file} 不是完好的 {encoding} 文本：第 {line} 行第 {position} 个字符有错误字节 {byte}（文件第 {offset} 字节）。"
        + _NOTHING_ZH,
        "Ask for a new file; if it is in another encoding, set 'encoding'.",
        "请重新获取文件；若为其他编码，请设置 encoding。",
    ),
    "files.cut_quote": Words(
        "{file}: a quotation mark that opens in line {line} is never closed; half the file may be missing." + _NOTHING,
        "{file}：第 {line} 行开始的引号没有结束，文件可能不完整。" + _NOTHING_ZH,
        "Ask for a complete file, or correct the line.",
        "请重新获取完整文件，或更正该行。",
    ),
    "files.cut_row": Words(
        "{file} ends in the middle of row {row}; it is not complete." + _NOTHING,
        "{file} 在第 {row} 行中间结束，文件不完整。" + _NOTHING_ZH,
        "Ask for a complete file.",
        "请重新获取完整文件。",
    ),
    "files.no_trailer": Words(
        "{file} has no last row that begins with '{trailer}'; it is not complete." + _NOTHING,
        "{file} 没有以“{trailer}”开头的末行，文件不完整。" + _NOTHING_ZH,
        "Wait for the complete file, or ask for it.",
        "请等待或重新获取完整文件。",
    ),
    "files.wrong_count": Words(
        "{file} says that it has {told} rows, but has {records}." + _NOTHING,
        "{file} 声明有 {told} 行，实际有 {records} 行。" + _NOTHING_ZH,
        "Ask for a complete file.",
        "请重新获取完整文件。",
    ),
    "files.checksum": Words(
        "The checksum of {file} is not the one beside it." + _NOTHING,
        "{file} 与旁边的校验和不符。" + _NOTHING_ZH,
        "Ask for the file and its checksum again.",
        "请重新获取文件及其校验和。",
    ),
    "files.header_twice": Words(
        "{file} has the column '{column}' twice." + _NOTHING,
        "{file} 的列名“{column}”重复。" + _NOTHING_ZH,
        "Rename one of them.",
        "请重命名其中一列。",
    ),
    "files.line_unknown": Words(
        "{file}: row {row} cannot be taken, and it is unknown to which document it belongs." + _NOTHING,
        "{file}：第 {row} 行无法接收，且不知属于哪张单据。" + _NOTHING_ZH,
        *_FIX_ROW,
    ),
    "files.inbox_unknown_columns": Words(
        "No file has come as {file} yet, and the settings declare no columns.",
        "尚未收到 {file}，设置中也没有声明列。",
        "Put a first file there, or list the columns under 'columns'.",
        "请放入第一个文件，或在 columns 中列出各列。",
    ),
    "files.ledger_broken": Words(
        "The ledger of files already taken, {file}, cannot be read. Nothing was taken.",
        "已处理文件的台账 {file} 无法读取，未处理任何文件。",
        "Restore it from a backup; without it files would be taken twice.",
        "请从备份恢复；缺少台账会导致文件被重复处理。",
    ),
    "files.inbox_cannot_tell": Words(
        "No file that came as {file} has {id}; that does not mean that the record is gone.",
        "{file} 的各文件中没有 {id}，但这不表示该记录已删除。",
        "Let the sender mark deletes in an 'operation' column.",
        "请让发送方在 operation 列中标明删除。",
    ),
    "files.outbox_cannot_tell": Words(
        "{file} is an outbox: what became of {id} cannot be read from it.",
        "{file} 是发件箱，无法从中得知 {id} 的结果。",
        "Look into the program that takes the files.",
        "请在接收文件的系统中查看。",
    ),
    "files.maybe_there": Words(
        "{file}: {id} was not found, but it may stand in row {row}, which cannot be taken.",
        "{file}：未找到 {id}，但它可能在无法接收的第 {row} 行。",
        "Correct the row; until then the record does not count as deleted.",
        "请更正该行；在此之前不视为已删除。",
    ),
    "files.book_big_file": Words(
        "{file} has {megabytes} MB, at most {most}.",
        "{file} 大小为 {megabytes} MB，上限 {most} MB。",
        "Split it, use CSV, or raise 'limits.megabytes'.",
        "请拆分、改用 CSV，或调高 limits.megabytes。",
    ),
    "files.book_limit": Words(
        "{file} was not opened: {what}.",
        "未打开 {file}：{what}。",
        "If the workbook is honest, raise 'limits'.",
        "若该工作簿可信，请调高 limits。",
    ),
    "files.book_big": Words(
        "The sheet of {file} reaches to row {rows} and column {columns}, beyond the limits.",
        "{file} 的工作表延伸到第 {rows} 行、第 {columns} 列，超出上限。",
        "Delete what stands far outside the table, or raise 'limits'.",
        "请删除表格之外的内容，或调高 limits。",
    ),
    "files.book_memory": Words(
        "{file} needs more memory to parse than it may take.",
        "解析 {file} 所需内存超过上限。",
        "Use CSV, or raise 'limits.memory_megabytes' if the workbook is honest.",
        "请改用 CSV；若该工作簿可信，请调高 limits.memory_megabytes。",
    ),
    "files.book_slow": Words(
        "{file} took more than {seconds} s to parse.",
        "解析 {file} 超过 {seconds} 秒。",
        "Use CSV, or raise 'limits.seconds'.",
        "请改用 CSV，或调高 limits.seconds。",
    ),
    "files.book_broken": Words(
        "{file} is no sound workbook: {reason}.",
        "{file} 不是完好的工作簿：{reason}。",
        "Open it in Excel and save it again, or ask for a new one.",
        "请用 Excel 打开并重新保存，或重新获取。",
    ),
    "files.book_encrypted": Words(
        "{file} is protected by a password, or no .xlsx workbook.",
        "{file} 有密码保护，或不是 .xlsx 工作簿。",
        "Save it without a password as .xlsx.",
        "请去掉密码并另存为 .xlsx。",
    ),
}

_ROWS = {
    "files.too_many_columns": Words(
        "Row {row} has {columns} cells instead of {expected}.",
        "第 {row} 行有 {columns} 格，应为 {expected} 格。",
        "Put text that contains the delimiter into quotation marks.",
        "含有分隔符的文本请加引号。",
    ),
    "files.too_few_columns": Words(
        "Row {row} has {columns} cells instead of {expected}.",
        "第 {row} 行只有 {columns} 格，应为 {expected} 格。",
        *_FIX_ROW,
    ),
    "files.wrong_quote": Words(
        "Row {row}: text goes on behind a closing quotation mark.",
        "第 {row} 行：结束引号后还有文本。",
        "Double the quotation marks inside of the text.",
        "文本内的引号请写成两个。",
    ),
    "files.control": Words(
        "Row {row}, column {column}: the control character {sign} at position {position}.",
        "第 {row} 行“{column}”列第 {position} 个字符是控制字符 {sign}。",
        "Remove it in the source.",
        "请在来源中删除该字符。",
    ),
    "files.odd_cell": Words(
        "Row {row}, column {column}: an error (#N/A and such), or a number of more than 15 digits: {value}.",
        "第 {row} 行“{column}”列是错误值（如 #N/A）或超过 15 位的数字：{value}。",
        "Correct the formula; format columns of long numbers as text before typing.",
        "请更正公式；长号码所在列请先设为文本格式再输入。",
    ),
    "files.no_key": Words("Row {row} has no {column}.", "第 {row} 行缺少 {column}。", *_FIX_ROW),
    "files.key_twice": Words(
        "Row {row}: {column} {key} occurs more than once; none of these rows is taken.",
        "第 {row} 行：{column} {key} 重复，这些行均未接收。",
        "Keep one row of each key.",
        "每个主键请只保留一行。",
    ),
    "files.bad_cell": Words(
        "Row {row}, column {column}: '{value}' is no {type}.",
        "第 {row} 行“{column}”列：“{value}”不是 {type}。",
        *_FIX_ROW,
    ),
    "files.not_as_inferred": Words(
        "Row {row}, column {column}: '{value}' is no {type}, which the first rows made the column look like.",
        "第 {row} 行“{column}”列：“{value}”不是 {type}（类型由前若干行推断）。",
        "Correct the row, or declare the column's type under 'columns', such as text.",
        "请更正该行，或在 columns 中声明该列类型，例如 text。",
    ),
    "files.bad_row": Words("Row {row} cannot be taken.", "第 {row} 行无法接收。", *_FIX_ROW),
    "files.orphan": Words(
        "Row {row} is a line of {parent}, which is not there.",
        "第 {row} 行是 {parent} 的明细，但没有该单据。",
        "Add the document, or remove the line.",
        "请补上单据，或删除该明细。",
    ),
    "files.line_bad": Words(
        "A line of this document cannot be taken: row {row} of {file}.",
        "该单据有一行明细无法接收：{file} 第 {row} 行。",
        *_FIX_ROW,
    ),
    "files.no_operation": Words(
        "Row {row}: '{value}' in column {column} is no word for create, update or delete.",
        "第 {row} 行“{column}”列：“{value}”不是新增、修改、删除所用的词。",
        "Correct the row, or the words under 'operation'.",
        "请更正该行，或 operation 中的用词。",
    ),
}

_WRITES = {
    "files.gone": Words(
        "{file} has no record {id} any more.",
        "{file} 中已没有记录 {id}。",
        "Nothing to do: the hub reads again.",
        "无需处理，本系统会重新读取。",
    ),
    "files.row_changed": Words(
        "{column} of {id} in {file} was changed since we read it.",
        "{file} 中 {id} 的 {column} 在读取后已被修改。",
        "Nothing to do: the hub reads, merges and writes again.",
        "无需处理，本系统会读取、合并后再写入。",
    ),
    "files.row_broken": Words(
        "The row of {id} in {file} cannot be read, so it is not written either.",
        "{file} 中 {id} 所在的行无法读取，因此也不写入。",
        *_FIX_ROW,
    ),
    "files.key_missing": Words(
        "A new record of {file} needs {column}.", "{file} 的新记录必须有 {column}。", *_FIX_VALUE
    ),
    "files.key_change": Words(
        "{column} identifies the record and cannot be changed.",
        "{column} 用于标识记录，不能修改。",
        "Make a new record, or leave the field out of the mapping's way out.",
        "请新建记录，或在映射中不写出该字段。",
    ),
    "files.not_writable": Words(
        "{column} may not be written.",
        "不允许写入 {column}。",
        "Leave it out, or set 'writable: true'.",
        "请不写该列，或设置 writable: true。",
    ),
    "files.bad_value": Words("{column}: '{value}' is no {type}.", "{column}：“{value}”不是 {type}。", *_FIX_VALUE),
    "files.control_out": Words(
        "{column}: the control character {sign} at position {position} would break the file.",
        "{column} 第 {position} 个字符是控制字符 {sign}，会破坏文件。",
        "Remove it in the other system, or use the transform 'clean'.",
        "请在另一系统中删除，或使用转换 clean。",
    ),
    "files.blank": Words("{column} may not be blank.", "{column} 不可为空。", *_FIX_VALUE),
    "files.too_long": Words(
        "{column}: {length} characters, at most {most}.",
        "{column} 有 {length} 个字符，最多 {most} 个。",
        "Shorten it in the other system, or cut it by a transform.",
        "请在另一系统中缩短，或用转换截短。",
    ),
    "files.too_long_bytes": Words(
        "{column}: {length} bytes in the file's encoding, at most {most}.",
        "{column} 按文件编码为 {length} 字节，最多 {most} 字节。",
        "Shorten it in the other system, or cut it by a transform.",
        "请在另一系统中缩短，或用转换截短。",
    ),
    "files.too_precise": Words(
        "{column}: {value} has more than {scale} decimal places.",
        "{column}：{value} 的小数超过 {scale} 位。",
        "Round it by a transform.",
        "请用转换四舍五入。",
    ),
    "files.unencodable": Words(
        "{column}: the character '{character}' does not exist in {encoding}.",
        "{column}：字符“{character}”在 {encoding} 中不存在。",
        "Replace the character, or keep the file in utf-8 or gb18030.",
        "请替换该字符，或将文件改为 utf-8 或 gb18030。",
    ),
    "files.not_an_option": Words(
        "{column}: '{value}' is none of: {options}.", "{column}：“{value}”不在允许的取值中：{options}。", *_FIX_VALUE
    ),
    "files.sheet_full": Words(
        "A sheet holds {most} rows; {file} is full. Nothing was written.",
        "工作表最多 {most} 行，{file} 已满，未写入。",
        "Use CSV.",
        "请改用 CSV。",
    ),
}

ERRORS = _PLACE | _CONFIGURATION | _WHOLE_FILE | _ROWS | _WRITES
